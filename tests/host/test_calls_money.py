"""Money that comes and goes in a backtest: deposits, the customer's answer to a call, interest and fees; and what ``rules="off"`` leaves alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import backtrader as bt
import pytest
from made import Agreeing, bars, feed, flat, run, scripted
from owing import UP_TO_THURSDAY, Told, buys, fills, minutes, money, sells, statuses, story, told

from bt_pdt.core.errors import BadInput
from bt_pdt.core.journal import CashEntry
from bt_pdt.host.analyzer import ComplianceAnalyzer
from bt_pdt.host.broker import MarginBroker

SOLD = [("2024-01-05 09:31", "SPY", -25, 64.0, "c1")]


def law(cash: float = 10_000.0, **words: Any) -> Agreeing:
    return Agreeing(cash=cash, brokerage="finra", **words)


# -- deposits on their days


def test_deposits_come_in_at_the_open_of_their_session_or_the_next() -> None:
    rows = minutes(("2024-01-04", 100, 100), ("2024-01-05", 100, 100), ("2024-01-08", 100, 100))
    given = [("2024-01-06", 500), (date(2023, 12, 1), 250.0), (datetime(2024, 1, 5, 12, 0), 100)]
    s = run(told({}), [feed(rows)], law(deposits=given))
    assert money(s.broker) == [
        ("2024-01-04", "deposit", 250.0, None),
        ("2024-01-05", "deposit", 100.0, None),
        ("2024-01-08", "deposit", 500.0, None),
    ]
    assert [cash for cash, _ in s.curve] == [10_250.0] * 3 + [10_350.0] * 3 + [10_850.0] * 3


def test_deposits_do_not_come_before_half_past_nine() -> None:
    rows = bars(("2024-01-04 08:00", 100), ("2024-01-04 09:30", 100), ("2024-01-04 09:31", 100))
    s = run(told({}), [feed(rows)], law(deposits=[("2024-01-04", 500.0)]))
    assert [cash for cash, _ in s.curve] == [10_000.0, 10_000.0, 10_500.0]


def test_a_deposit_of_a_daily_bars_date_is_there_on_that_bar() -> None:
    rows = [(datetime.combine(date(2024, 1, d), time(23, 59, 59, 999990)), 100.0, 100.0, 100.0, 100.0, 1e6) for d in (2, 3, 4)]
    s = run(told({}), [feed(rows, timeframe=bt.TimeFrame.Days)], law(deposits=[("2024-01-02", 100.0), ("2024-01-03", 200.0)]))
    assert [cash for cash, _ in s.curve] == [10_100.0, 10_300.0, 10_300.0]
    assert [row[0] for row in money(s.broker)] == ["2024-01-02", "2024-01-03"]


def test_a_negative_deposit_is_a_withdrawal_that_the_account_may_refuse() -> None:
    """200 at 100 with 10,000: 5,000 must stay for maintenance, so 6,000 may not leave and 2,000 may."""
    rows = minutes(("2024-01-02", 100, 100), ("2024-01-03", 100, 100), ("2024-01-04", 100, 100))
    s = run(told({1: buys()}), [feed(rows)], law(deposits=[("2024-01-03", -6_000.0), ("2024-01-04", -2_000.0)]))
    assert money(s.broker) == [("2024-01-04", "withdraw", 2_000.0, None)]
    refused = [e for e in s.broker.account.journal if isinstance(e, CashEntry) and e.decision is not None and not e.decision.accepted]
    assert [(e.session, e.amount) for e in refused] == [(date(2024, 1, 3), 6_000.0)]
    assert s.broker.getcash() == -12_000.0


def test_a_deposit_in_time_meets_the_call() -> None:
    s = run(told({1: buys()}), [feed(story())], law(deposits=[("2024-01-05", 400.0)]))
    assert s.forced == [] and statuses(s.broker)["c1"] == ("maintenance", "met")
    s = run(told({1: buys()}), [feed(story())], law(deposits=[("2024-01-05", 399.0)]))
    assert [row[2] for row in s.forced] == [-1]  # a dollar short: one share, 16 dollars


def test_deposits_do_not_change_the_value_of_a_fund_share() -> None:
    """As with backtrader's own add_cash: money in and out is no performance."""
    rows = minutes(("2024-01-02", 100, 100), ("2024-01-03", 110, 110))
    s = run(told({1: buys(50)}), [feed(rows)], law(deposits=[("2024-01-02", 10_000.0)]))
    assert s.broker.getvalue() == 20_500.0 and s.broker.get_fundvalue() == pytest.approx(102.5)


@pytest.mark.parametrize(
    "given",
    (
        [("2024-01-02",)],
        [("soon", 5.0)],
        [("2024-01-02", "much")],
        [("2024-01-02", 0)],
        [(None, 5.0)],
        [("2024-01-02", math.nan)],
        5,
        "2024",
    ),
)
def test_deposits_that_cannot_be_meant_are_refused_before_the_run(given: Any) -> None:
    with pytest.raises(BadInput, match=r"^deposits takes .*\.$"):
        MarginBroker(deposits=given)


# -- backtrader's own add_cash


def test_add_cash_is_a_deposit() -> None:
    s = run(told({1: buys(), 7: lambda s: s.broker.add_cash(400.0)}), [feed(story())], law())
    assert money(s.broker) == [("2024-01-04", "deposit", 400.0, None)]
    assert s.forced == [] and s.broker.account.calls[0].ended_on == date(2024, 1, 4)


def test_add_cash_below_zero_is_a_withdrawal() -> None:
    s = run(told({2: lambda s: s.broker.add_cash(-3_000.0)}), [feed(story())], law())
    assert money(s.broker) == [("2024-01-02", "withdraw", 3_000.0, None)] and s.broker.getcash() == 7_000.0


def test_cash_just_added_is_on_both_books_when_the_value_of_a_feed_is_asked() -> None:
    def add(s: Any) -> None:
        s.broker.add_cash(400.0)
        s.kept["worth"] = s.broker.getvalue([s.data])

    s = run(told({1: buys(), 7: add}), [feed(story())], law())
    assert s.kept == {"worth": 12_800.0} and money(s.broker) == [("2024-01-04", "deposit", 400.0, None)]


@pytest.mark.parametrize("morning", ("2024-01-04 08:00", "2024-01-04 09:31"))
def test_cash_added_after_the_close_does_not_undo_the_call_of_that_close(morning: str) -> None:
    rows = minutes(*UP_TO_THURSDAY[:2]) + bars((morning, 64), ("2024-01-04 10:00", 64), ("2024-01-05 09:31", 64))
    s = run(told({1: buys(), 6: lambda s: s.broker.add_cash(400.0)}), [feed(rows)], law())
    assert [(c.kind, c.status, c.ended_on) for c in s.broker.account.calls] == [("maintenance", "met", date(2024, 1, 4))]
    assert s.broker.account.sessions[1]["equity"] == 2_800.0 and s.forced == []


# -- the customer's answer


def test_ignore_leaves_it_to_the_brokerage() -> None:
    assert run(told({1: buys()}), [feed(story())], law(on_call="ignore")).forced == SOLD


def test_deposit_brings_what_is_missing_on_the_day_of_issue() -> None:
    s = run(told({1: buys()}), [feed(story())], law(on_call="deposit"))
    assert money(s.broker) == [("2024-01-04", "deposit", 400.0, "c1")]
    assert s.forced == [] and [row[1] for row in s.told] == ["call_issued", "call_due_tomorrow", "call_met"]


def test_deposits_for_several_calls_add_up_to_what_all_of_them_miss() -> None:
    """A pattern day trader's 30,000 buy 800 at 100 that close at 80: 14,000. Fed 10,000; then 24,000 cover 16,000, and 1,000 miss of 25,000."""
    rows = minutes(("2024-06-03", 100, 80), ("2024-06-04", 80, 80), ("2024-06-05", 80, 80))
    s = run(told({1: buys(800)}), [feed(rows)], law(30_000.0, account={"pattern_day_trader": True}, on_call="deposit"))
    assert [c.kind for c in s.broker.account.calls] == ["fed", "maintenance", "minimum_equity"]
    assert money(s.broker) == [("2024-06-04", "deposit", 10_000.0, "c1"), ("2024-06-04", "deposit", 1_000.0, "c3")]
    assert {c.status for c in s.broker.account.calls} == {"met"} and s.forced == []


def test_liquidate_sells_on_the_day_of_issue() -> None:
    s = run(told({1: buys()}), [feed(story())], law(on_call="liquidate"))
    assert s.forced == [("2024-01-04 09:31", "SPY", -25, 64.0, "c1")] and statuses(s.broker)["c1"][1] == "met"


def test_liquidate_and_a_call_that_is_due_make_one_plan() -> None:
    """Fed 10,000 of Monday, ignored, due on Thursday; the maintenance call of Wednesday's fall to 80 (2,000), issued that day, asks for a sale."""
    days = ("2024-06-03", "2024-06-04", "2024-06-05", "2024-06-06", "2024-06-07")
    rows = minutes(*[(day, first, last) for day, first, last in zip(days, (100, 100, 100, 80, 80), (100, 100, 80, 80, 80), strict=True)])
    answers = {"fed": None, "maintenance": "liquidate"}
    broker = law(30_000.0, account={"pattern_day_trader": True}, on_call=lambda call, account: answers.get(call.kind))
    s = run(told({1: buys(800)}), [feed(rows)], broker)
    assert [row[:3] for row in s.forced] == [("2024-06-06 09:31", "SPY", -250)]


@pytest.mark.parametrize(
    ("answer", "deposited", "sold"),
    (
        (lambda call, account: call.amount, [400.0], 0),
        (lambda call, account: 100, [100.0], -19),  # 300 / 16 = 18.75
        (lambda call, account: 0, [], -25),
        (lambda call, account: None, [], -25),
        (lambda call, account: "ignore", [], -25),
        (lambda call, account: "deposit" if account.equity() > 0 else None, [400.0], 0),
        (lambda call, account: "liquidate", [], -25),
    ),
)
def test_a_function_answers_with_dollars_a_word_or_nothing(answer: Callable[..., Any], deposited: list[float], sold: int) -> None:
    s = run(told({1: buys()}), [feed(story())], law(on_call=answer))
    assert [(amount, call) for _, _, amount, call in money(s.broker)] == [(amount, "c1") for amount in deposited]
    assert sum(row[2] for row in s.forced) == sold


@pytest.mark.parametrize("nonsense", (-5.0, math.inf, math.nan, "sell", True, [400], {}))
def test_a_function_that_answers_nonsense_is_a_sentence(nonsense: Any) -> None:
    with pytest.raises(BadInput, match="on_call"):
        run(told({1: buys()}), [feed(story())], law(on_call=lambda call, account: nonsense))


@pytest.mark.parametrize("word", ("sell", "deposits", 5, None, True))
def test_on_call_takes_three_words_or_a_function(word: Any) -> None:
    with pytest.raises(BadInput, match="on_call"):
        MarginBroker(on_call=word)


# -- interest and borrow fees


def january(price: float = 100.0) -> list[Any]:
    """Daily bars from 2 January to 2 February 2024, Martin Luther King's day (the 15th) left out."""
    dates = [date(2024, 1, d) for d in range(2, 32) if date(2024, 1, d).weekday() < 5 and d != 15] + [date(2024, 2, 1), date(2024, 2, 2)]
    return [(datetime.combine(day, time(23, 59, 59, 999990)), price, price, price, price, 1e6) for day in dates]


def test_interest_is_charged_on_the_first_session_of_the_next_month() -> None:
    """180 bought on Wednesday the 3rd settle on the 5th: 8,000 x 8.50 % / 360 x 27 days to 1 February = 51.00."""
    s = run(told({1: buys(180)}), [feed(january(), timeframe=bt.TimeFrame.Days)], Agreeing(cash=10_000.0))
    assert money(s.broker) == [("2024-02-01", "interest", -51.0, None)]
    assert [cash for cash, _ in s.curve[-3:]] == [-8_000.0, -8_051.0, -8_051.0]
    assert s.broker.getvalue() == 9_949.0


def test_borrow_fees_of_a_short_are_charged_with_it() -> None:
    """100 short at 100 from the 3rd: 10,000 x 3.6 % / 360 = 1 dollar for each of 29 days."""
    broker = Agreeing(cash=10_000.0, set={"borrow_fee_rate": 0.036})
    s = run(told({1: sells(100)}), [feed(january(), timeframe=bt.TimeFrame.Days)], broker)
    assert money(s.broker) == [("2024-02-01", "fee", -29.0, None)]


@pytest.mark.parametrize("words", ({"charge_costs": False}, {"rules": "off"}, {"brokerage": "finra"}))
def test_no_costs_where_none_are_wanted_or_known(words: dict[str, Any]) -> None:
    s = run(told({1: buys(180)}), [feed(january(), timeframe=bt.TimeFrame.Days)], Agreeing(cash=10_000.0, **words))
    assert money(s.broker) == [] and s.broker.getvalue() == 10_000.0


# -- rules off


@pytest.mark.parametrize(
    "words", ({}, {"worst_price": True, "on_call": "liquidate"}, {"on_call": "deposit"}, {"brokerage": "ibkr"}), ids=str
)
def test_rules_off_lists_calls_and_does_nothing(words: dict[str, Any]) -> None:
    broker = Agreeing(cash=10_000.0, rules="off", **({"brokerage": "finra"} | words))
    s = run(told({1: buys()}), [feed(story(40.0))], broker)
    assert s.forced == [] and s.position.size == 200 and s.broker.getvalue() == -2_000.0 and money(s.broker) == []
    assert statuses(s.broker)["c1"] == ("maintenance", "past_due") and not s.broker.account.state.trading_blocked
    assert {row[1] for row in s.told} <= {"call_issued", "call_due_tomorrow", "call_past_due"}


def test_rules_off_is_stock_backtrader_also_where_equity_is_gone() -> None:
    """A short on stock backtrader knows no bounds: 100 at 100 with 10,000, covered at 250."""
    rows = minutes(("2024-01-02", 100, 100.5), ("2024-01-03", 250, 250.25), ("2024-01-04", 250.1, 249.9), ("2024-02-01", 120.3, 119.7))
    script = {1: sells(100), 10: lambda s: s.buy(size=40), 11: sells(3)}
    ours = run(told(script), [feed(rows)], Agreeing(cash=10_000.0, rules="off", worst_price=True, on_call="deposit"))
    stock = run(told(script), [feed(rows)], bt.brokers.BackBroker(cash=10_000.0))
    assert ours.curve == stock.curve and ours.seen == stock.seen


# -- what is told


def test_messages_carry_the_call_and_the_restriction() -> None:
    s = run(told({1: buys()}), [feed(story())], law())
    about = s.abouts[0]
    assert set(about) == {"session", "call"} and about["call"].missing == pytest.approx(400.0)
    broker = law(20_000.0, account={"pattern_day_trader": True}, set={"minimum_equity_call": False})
    s = run(told({}), [feed(minutes(("2024-01-02", 100, 100), ("2024-01-03", 100, 100)))], broker)
    assert [set(about) for about in s.abouts] == [{"session", "kind", "because", "why"}]
    assert "20,000" in s.abouts[0]["because"] and s.told[0][1] == "restriction_set"


def test_cerebros_own_callback_hears_them_too() -> None:
    heard: list[str] = []
    broker = law()
    run(told({1: buys()}), [feed(story())], broker, setup=lambda c: c.addstorecb(lambda message, *args, **about: heard.append(message)))
    assert heard == ["call_issued", "call_due_tomorrow", "call_met"]


def test_a_strategy_may_ask_the_account_when_it_is_told() -> None:
    class Asking(Told):
        def notify_store(self, message: str, *args: Any, **about: Any) -> None:
            super().notify_store(message, **about)
            if message == "call_issued":
                account = self.broker.account
                self.kept["open"] = [call.id for call in account.open_calls()]
                self.kept["excess"] = account.state.maintenance_excess

    s = run(told({1: buys()}, Asking), [feed(story())], law())
    assert s.kept == {"open": ["c1"], "excess": -400.0}


def test_a_broker_used_again_starts_anew() -> None:
    broker = law(deposits=[("2024-01-02", 100.0)])
    first = run(told({1: buys()}), [feed(story())], broker)
    second = run(told({1: buys()}), [feed(story())], broker)
    assert first.forced == second.forced == [("2024-01-05 09:31", "SPY", -19, 64.0, "c1")]  # 300 / 16 = 18.75
    assert fills(second.broker) == [("2024-01-02", "buy", 200, 100.0, None), ("2024-01-05", "sell", 19, 64.0, "c1")]


def test_money_that_does_not_move_is_told() -> None:
    """150 shares at 100 need 4,500 (30 %) of the 10,000 equity, so 5,500 may leave and 8,000 may not; 1,000 comes after the last bar."""
    s = run(
        scripted({1: lambda s: s.buy(size=150)}),
        [feed(flat(100, 5) + flat(100, 5, datetime(2024, 1, 3, 9, 31)))],
        Agreeing(cash=10_000.0, deposits=[("2024-01-03", -8_000), ("2024-02-01", 1_000)]),
        setup=lambda cerebro: cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance"),
    )
    told = s.analyzers.compliance.get_analysis()["warning_list"]
    assert any("withdrawal of $8,000 on 2024-01-03 did not move" in sentence for sentence in told)
    assert any("deposit of $1,000 on 2024-02-01 did not move" in sentence for sentence in told)
    assert s.broker.account.cash == -5_000.0
