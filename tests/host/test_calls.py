"""What the brokerage sells for margin calls in a backtest: when, how much, whose shares, and beside which orders of the strategy's.

Numbers are worked out in ``owing`` and in the tests, never taken from the code.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import backtrader as bt
import pytest
from made import Agreeing, agree, bars, feed, run
from owing import UP_TO_THURSDAY, Told, buys, fills, minutes, sells, statuses, story, told

from bt_pdt.core.decisions import Reason

DAYS = bt.TimeFrame.Days
FRIDAY = ("2024-01-05 09:31", "SPY", -25, 64.0, "c1")


def law(cash: float = 10_000.0, **words: Any) -> Agreeing:
    return Agreeing(cash=cash, brokerage="finra", **words)


def daily(*bars_: tuple[str, float, float]) -> list[Any]:
    """Daily bars (day, open, close)."""
    last = time(23, 59, 59, 999990)
    return [(datetime.combine(date.fromisoformat(d), last), o, max(o, c), min(o, c), c, 1e6) for d, o, c in bars_]


# -- when


@pytest.mark.parametrize("engine", ({}, {"runonce": False}, {"exactbars": 1}, {"preload": False}), ids=str)
def test_a_maintenance_call_is_sold_for_at_the_open_of_its_due_session(engine: dict[str, Any]) -> None:
    s = run(told({1: buys()}), [feed(story())], law(), **engine)
    assert s.forced == [FRIDAY]
    assert s.told == [("2024-01-04", "call_issued", "c1"), ("2024-01-04", "call_due_tomorrow", "c1"), ("2024-01-05", "call_met", "c1")]
    (call,) = s.broker.account.calls
    assert (call.kind, call.amount, call.status) == ("maintenance", pytest.approx(400), "met")
    assert (call.issued_on, call.due_on, call.ended_on) == (date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 5))
    # 175 x 64 = 11,200 against a debit of 10,000 - 1,600: equity 2,800 = 25 %
    assert s.position.size == 175 and s.broker.getcash() == -8_400.0 and s.broker.getvalue() == 2_800.0
    assert fills(s.broker)[-1] == ("2024-01-05", "sell", 25, 64.0, "c1")
    assert (
        s.seen[-3:] == [(10, "Submitted", 0, 0.0), (10, "Accepted", 0, 0.0), (10, "Completed", -25, 64.0)] or s.seen[-1][1] == "Completed"
    )


def test_nothing_is_sold_before_half_past_nine() -> None:
    rows = minutes(*UP_TO_THURSDAY) + bars(
        ("2024-01-04 17:00", 60), ("2024-01-05 08:00", 60), ("2024-01-05 09:30", 60), ("2024-01-05 09:31", 64), ("2024-01-05 09:32", 64)
    )
    s = run(told({1: buys()}), [feed(rows)], law())
    assert s.forced == [FRIDAY]


def test_the_call_is_told_on_the_first_bar_of_the_day_also_before_the_open() -> None:
    rows = minutes(*UP_TO_THURSDAY[:2]) + bars(("2024-01-04 08:00", 64), ("2024-01-04 09:31", 64), ("2024-01-04 16:00", 64))
    heard: list[int] = []

    class Listener(Told):
        def notify_store(self, message: str, *args: Any, **about: Any) -> None:
            super().notify_store(message, **about)
            heard.append(len(self))

    s = run(told({1: buys()}, Listener), [feed(rows)], law())
    assert [row[1] for row in s.told] == ["call_issued", "call_due_tomorrow"]
    assert heard == [6, 6]  # the seventh bar is at hand, next() has run six times


@pytest.mark.parametrize(("opening", "sold"), ((60.0, 67), (64.0, 25), (63.99, 26), (66.66, 1), (66.67, 0), (70.0, 0)))
def test_what_is_sold_follows_the_opening_price(opening: float, sold: int) -> None:
    """At 60: equity 2,000, maintenance margin 3,000; 1,000 / 15 = 66.7. At 66.67 equity 3,334 covers 3,333.50: met, as 200/3 x 100 says."""
    s = run(told({1: buys()}), [feed(story(opening))], law())
    assert [row[2] for row in s.forced] == ([-sold] if sold else [])
    assert statuses(s.broker)["c1"] == ("maintenance", "met")


def test_daily_bars() -> None:
    rows = daily(("2024-01-02", 100, 100), ("2024-01-03", 100, 64), ("2024-01-04", 64, 64), ("2024-01-05", 60, 60), ("2024-01-08", 60, 60))
    s = run(told({1: buys()}), [feed(rows, timeframe=DAYS)], law())
    assert fills(s.broker) == [("2024-01-03", "buy", 200, 100.0, None), ("2024-01-05", "sell", 67, 60.0, "c1")]
    assert [row[:2] for row in s.told] == [("2024-01-04", "call_issued"), ("2024-01-04", "call_due_tomorrow"), ("2024-01-05", "call_met")]


def test_hourly_bars() -> None:
    rows = []
    for day, first, last in (*UP_TO_THURSDAY, ("2024-01-05", 64.0, 64.0)):
        rows += bars(*[(f"{day} {h:02d}:00", first, last if h == 16 else first) for h in range(9, 17)])
    s = run(told({2: buys()}), [feed(rows, compression=60)], law())
    assert s.forced == [("2024-01-05 10:00", "SPY", -25, 64.0, "c1")]


def test_a_symbol_without_a_bar_at_the_open_is_sold_at_its_next_one_and_what_is_left_next_morning() -> None:
    """25 shares are sold at 63 at 10:15: equity 175 x 63 - 8,425 = 2,600, maintenance margin 2,756.25; Monday 156.25 / 15.75 = 10 more."""
    late = minutes(*UP_TO_THURSDAY) + bars(("2024-01-05 10:15", 63), ("2024-01-05 10:16", 63)) + minutes(("2024-01-08", 63.0, 63.0))
    clock = story(64.0, ("2024-01-08", 64.0, 64.0))
    s = run(told({1: buys()}), [feed(late, "A"), feed(clock, "B")], law())
    assert s.forced == [("2024-01-05 10:15", "A", -25, 63.0, "c1"), ("2024-01-08 09:31", "A", -10, 63.0, "c1")]
    assert [row[1] for row in s.told] == ["call_issued", "call_due_tomorrow", "call_past_due", "call_met"]
    assert statuses(s.broker)["c1"] == ("maintenance", "met_late")


def test_a_sale_that_waits_for_a_bar_is_planned_anew_next_morning_not_sent_twice() -> None:
    late = minutes(*UP_TO_THURSDAY) + minutes(("2024-01-08", 60.0, 60.0))
    s = run(told({1: buys()}), [feed(late, "A"), feed(story(64.0, ("2024-01-08", 64.0, 64.0)), "B")], law())
    assert s.forced == [("2024-01-08 09:31", "A", -67, 60.0, "c1")]
    assert s.getposition(s.datas[0]).size == 133


def test_a_due_session_without_any_bar_is_sold_for_on_the_next_bar() -> None:
    rows = minutes(*UP_TO_THURSDAY, ("2024-01-10", 64.0, 64.0))
    s = run(told({1: buys()}), [feed(rows)], law())
    assert s.forced == [("2024-01-10 09:31", "SPY", -25, 64.0, "c1")]


# -- how much


def test_commission_is_part_of_the_size() -> None:
    """1 % each way: debit 10,200, equity 2,600, 600 short; a share sold releases 16 and costs 0.64: 600 / 15.36 = 39.06."""
    broker = law()
    broker.setcommission(commission=0.01)
    s = run(told({1: buys()}), [feed(story())], broker)
    assert s.forced == [("2024-01-05 09:31", "SPY", -40, 64.0, "c1")]
    assert statuses(s.broker)["c1"][1] == "met"


@pytest.mark.parametrize(
    ("words", "size", "price"),
    (
        ({"slip_perc": 0.01, "slip_open": True}, -40, 63.36),  # bought at 101: 600 short, a share loses 0.64
        ({"slip_fixed": 0.5, "slip_open": True}, -33, 63.5),  # bought at 100.50: 500 short, 500 / 15.50 = 32.3
        ({"slip_fixed": 0.5}, -25, 64.0),  # without slip_open the host fills at the open itself
    ),
)
def test_slippage_is_part_of_the_size(words: dict[str, Any], size: int, price: float) -> None:
    s = run(told({1: buys()}), [feed(story(spread=2.0))], law(**words))
    assert s.forced == [("2024-01-05 09:31", "SPY", size, price, "c1")]
    assert statuses(s.broker)["c1"][1] == "met"


def test_a_fraction_of_a_share_is_left_alone() -> None:
    """200.5 shares: 12,832 against 10,025; 401 short, 401 / 16 = 25.06."""
    s = run(told({1: buys(200.5)}), [feed(story())], law(10_025.0))
    assert s.forced == [("2024-01-05 09:31", "SPY", -26, 64.0, "c1")] and s.position.size == 174.5


def test_a_short_is_covered() -> None:
    """Short 100 at 100: cash 20,000. At 160 equity is 4,000, 30 % is 4,800; a share covered releases 48: 800 / 48 = 16.7."""
    rows = minutes(("2024-01-02", 100, 100), ("2024-01-03", 100, 160), ("2024-01-04", 160, 160), ("2024-01-05", 160, 160))
    s = run(told({1: sells(100)}), [feed(rows)], law())
    assert s.forced == [("2024-01-05 09:31", "SPY", 17, 160.0, "c1")] and s.position.size == -83


def test_the_whole_position_at_most() -> None:
    """Two stocks, 120 and 80 shares at 100; A falls to 30: 3,600 + 8,000 - 10,000 = 1,600 against 2,900. The largest is B: 1,300 / 25 = 52."""
    a = minutes(("2024-01-02", 100, 100), ("2024-01-03", 100, 30), ("2024-01-04", 30, 30), ("2024-01-05", 30, 30))
    b = minutes(*[(day, 100.0, 100.0) for day, _, _ in (*UP_TO_THURSDAY, ("2024-01-05", 0, 0))])
    script = {1: lambda s: (s.buy(data=s.datas[0], size=120), s.buy(data=s.datas[1], size=80))}
    s = run(told(script), [feed(a, "A"), feed(b, "B")], law())
    assert s.forced == [("2024-01-05 09:31", "B", -52, 100.0, "c1")]
    # losers first: all of A (120 x 7.50 = 900), then 400 / 25 = 16 of B
    s = run(told(script), [feed(a, "A"), feed(b, "B")], law(set={"liquidation_order": "losers"}))
    assert s.forced == [("2024-01-05 09:31", "A", -120, 30.0, "c1"), ("2024-01-05 09:31", "B", -16, 100.0, "c1")]


def two_stocks(script: dict[int, Any], **words: Any) -> Any:
    """A: 120 shares, 100 to 80; B: 80 shares, 100 to 40: 12,800 against 10,000, as in the story."""
    a = minutes(("2024-01-02", 100, 100), ("2024-01-03", 100, 80), ("2024-01-04", 80, 80), ("2024-01-05", 80, 80))
    b = minutes(("2024-01-02", 100, 100), ("2024-01-03", 100, 40), ("2024-01-04", 40, 40), ("2024-01-05", 40, 40))
    first = {1: lambda s: (s.buy(data=s.datas[0], size=120), s.buy(data=s.datas[1], size=80))}
    return run(told(first | script), [feed(a, "A"), feed(b, "B")], law(**words))


@pytest.mark.parametrize(("order", "name", "size", "price"), (("largest", "A", -20, 80.0), ("losers", "B", -40, 40.0)))
def test_which_position_goes_first_is_a_parameter(order: str, name: str, size: int, price: float) -> None:
    """A share of A releases 20, one of B 10. B lost 4,800, A 2,400."""
    assert two_stocks({}, set={"liquidation_order": order}).forced == [("2024-01-05 09:31", name, size, price, "c1")]


def test_two_feeds_of_one_symbol_are_one_position() -> None:
    """120 and 80 shares; at 55: 1,000 against 2,750: 1,750 / 13.75 = 127.3."""
    script = {1: lambda s: (s.buy(data=s.datas[0], size=120), s.buy(data=s.datas[1], size=80))}
    s = run(told(script), [feed(story(55.0), "SPY"), feed(story(55.0), "SPY2")], law(symbols={"SPY2": "SPY"}))
    assert s.forced == [("2024-01-05 09:31", "SPY", -120, 55.0, "c1"), ("2024-01-05 09:31", "SPY2", -8, 55.0, "c1")]


def test_long_on_one_feed_and_short_on_the_other_nets() -> None:
    """Short 40 on one, long 240 on the other: 200 net, as in the story."""
    script = {1: buys(200), 2: sells(40, 1), 4: buys(40)}
    s = run(told(script), [feed(story(), "SPY"), feed(story(), "SPY2")], law(symbols={"SPY2": "SPY"}))
    assert s.forced == [FRIDAY]
    assert [s.getposition(data).size for data in s.datas] == [215, -40]


# -- whose shares


def test_tradeids_give_what_they_hold() -> None:
    closed: list[tuple[int, float]] = []

    class Trader(Told):
        def notify_trade(self, trade: Any) -> None:
            if trade.isclosed:
                closed.append((trade.tradeid, trade.pnl))

    script = {1: lambda s: (s.buy(size=120, tradeid=7), s.buy(size=80, tradeid=8))}
    s = run(told(script, Trader), [feed(story(55.0))], law())
    assert [row[2] for row in s.forced] == [-120, -8]
    assert closed == [(7, -5_400.0)]


def test_two_strategies_are_told_of_their_own_shares() -> None:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(law())
    cerebro.adddata(feed(story(55.0)))
    cerebro.addstrategy(told({1: buys(120)}))
    cerebro.addstrategy(told({1: buys(80)}))
    first, second = cerebro.run()
    assert [row[2] for row in first.forced] == [-120] and [row[2] for row in second.forced] == [-8]
    assert first.told == second.told and len(first.told) == 3


def test_shares_carried_in_are_sold_too() -> None:
    rows = minutes(("2024-01-04", 64.0, 64.0), ("2024-01-05", 64.0, 64.0), ("2024-01-08", 64.0, 64.0))
    broker = law(-10_000.0, account={"positions": [("SPY", 200, 64.0)]})
    s = run(told({}), [feed(rows)], broker)
    assert s.forced == [("2024-01-08 09:31", "SPY", -25, 64.0, "c1")]


def test_optstrategy_runs_do_not_touch_each_other() -> None:
    class Sized(Told):
        params = (("size", 200),)
        script = {1: lambda s: s.buy(size=s.p.size)}  # noqa: RUF012

    cerebro = bt.Cerebro(stdstats=False, maxcpus=1, optreturn=False)
    cerebro.setbroker(law())
    cerebro.adddata(feed(story()))
    cerebro.optstrategy(Sized, size=(200, 100, 200))
    assert [[row[2] for row in s.forced] for (s,) in cerebro.run()] == [[-25], [], [-25]]


# -- beside the strategy's own orders


@pytest.mark.parametrize(
    "rest",
    (
        sells(200, exectype=bt.Order.Stop, price=50.0),
        sells(200, exectype=bt.Order.Limit, price=150.0),
        sells(200, exectype=bt.Order.StopTrail, trailamount=60.0),
        lambda s: s.sell(size=200, exectype=bt.Order.Limit, price=150.0, oco=s.sell(size=200, exectype=bt.Order.Stop, price=50.0)),
    ),
    ids=("stop", "limit", "trail", "oco"),
)
def test_resting_orders_on_the_symbol_are_cancelled_first(rest: Any) -> None:
    s = run(told({1: buys(), 3: rest}), [feed(story())], law())
    assert s.forced == [FRIDAY] and s.position.size == 175
    assert s.cancelled and not s.broker.pending and s.broker.account.ledger.orders == {}


def test_a_bracket_on_the_symbol_is_cancelled_whole() -> None:
    script = {1: lambda s: s.buy_bracket(size=200, exectype=bt.Order.Market, limitprice=150.0, stopprice=50.0)}
    s = run(told(script), [feed(story())], law())
    assert s.forced == [FRIDAY] and len(s.cancelled) == 2 and s.broker.account.ledger.orders == {}


def test_resting_orders_on_other_symbols_stay() -> None:
    s = two_stocks({3: lambda s: s.sell(data=s.datas[1], size=80, exectype=bt.Order.Stop, price=10.0)})
    assert s.forced == [("2024-01-05 09:31", "A", -20, 80.0, "c1")] and s.cancelled == [] and len(s.broker.pending) == 1


def test_a_stop_that_would_trade_on_that_bar_does_not_sell_through_zero() -> None:
    s = run(told({1: buys(), 3: sells(200, exectype=bt.Order.Stop, price=62.0)}), [feed(story(60.0))], law())
    assert [row[2] for row in s.forced] == [-67] and s.position.size == 133


def test_a_market_close_sent_the_evening_before_meets_the_call_by_itself() -> None:
    s = run(told({1: buys(), 9: lambda s: s.close()}), [feed(story())], law())
    assert s.forced == [] and s.position.size == 0 and statuses(s.broker)["c1"] == ("maintenance", "met")


def test_a_market_sale_sent_the_evening_before_counts_and_the_rest_is_forced() -> None:
    s = run(told({1: buys(), 9: sells(10)}), [feed(story())], law())
    assert [row[2] for row in s.forced] == [-15] and s.position.size == 175
    s = two_stocks({9: sells(10, 1)})  # 10 of B release 100; 300 / 20 of A
    assert s.forced == [("2024-01-05 09:31", "A", -15, 80.0, "c1")]


def test_a_strategys_order_of_the_same_bar_comes_after() -> None:
    s = run(told({1: buys(), 10: lambda s: s.close()}), [feed(story())], law())
    assert fills(s.broker)[-2:] == [("2024-01-05", "sell", 25, 64.0, "c1"), ("2024-01-05", "sell", 175, 64.0, None)]


def test_a_strategy_cannot_cancel_the_brokerages_order() -> None:
    class Stubborn(Told):
        def notify_order(self, order: Any) -> None:
            super().notify_order(order)
            if order.info.get("liquidation"):
                for live in [entry.order for entry in self.broker._live.values()]:
                    assert not self.broker.cancel(live)

    late = minutes(*UP_TO_THURSDAY) + bars(("2024-01-05 10:15", 64), ("2024-01-05 10:16", 64))
    s = run(told({1: buys()}, Stubborn), [feed(late, "A"), feed(story(), "B")], law())
    assert s.forced == [("2024-01-05 10:15", "A", -25, 64.0, "c1")]


def test_a_liquidation_of_the_strategys_own_is_left_to_it() -> None:
    """Sent past every check and marked by the strategy, it rests over night and stays its own."""
    own = sells(200, exectype=bt.Order.Limit, price=150.0, _checksubmit=False, liquidation="mine")
    s = run(told({1: buys(50), 3: own}), [feed(story())], law())
    assert s.forced == [] and s.cancelled == [] and [order.info["liquidation"] for order in s.broker.pending] == ["mine"]


def test_closings_of_a_symbol_that_nets_to_nothing_bring_nothing() -> None:
    """The call on A stays while 5 long and 5 short of B are closed at the same open."""
    script = {
        1: buys(),
        4: lambda s: s.buy(data=s.datas[1], size=5, _checksubmit=False),
        5: lambda s: s.sell(data=s.datas[2], size=5, _checksubmit=False),
        9: lambda s: (s.sell(data=s.datas[1], size=5), s.buy(data=s.datas[2], size=5)),
    }
    b = minutes(*[(day, 10.0, 10.0) for day in ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")])
    s = run(told(script), [feed(story(), "A"), feed(b, "B"), feed(b, "B2")], law(symbols={"B2": "B"}))
    assert s.forced == [("2024-01-05 09:31", "A", -25, 64.0, "c1")]


def test_cheat_on_open_orders_of_the_due_morning_count() -> None:
    class Early(Told):
        def next_open(self) -> None:
            if len(self.data) == 10:
                self.sell(size=10)

    s = run(told({1: buys()}, Early), [feed(story())], law(), cheat_on_open=True)
    assert sum(row[2] for row in s.seen if row[1] == "Completed") == 200 - 25
    assert [row[2] for row in s.forced] == [-15]


@pytest.mark.parametrize("rows", (story(), story(60.0)), ids=("64", "60"))
def test_cheat_on_close(rows: Any) -> None:
    s = run(told({1: buys()}), [feed(rows)], law(coc=True))
    assert s.forced == [FRIDAY if rows == story() else ("2024-01-05 09:31", "SPY", -67, 60.0, "c1")]
    assert fills(s.broker)[-1][0] == "2024-01-05"
    # an order at Thursday's close is of Thursday: it meets the call, and on Friday nothing is sold
    s = run(told({1: buys(), 9: sells(25)}), [feed(rows)], law(coc=True))
    assert fills(s.broker)[1:] == [("2024-01-04", "sell", 25, 64.0, None)] and statuses(s.broker)["c1"][1] == "met"


def test_cheat_on_close_with_daily_bars() -> None:
    rows = daily(("2024-01-02", 100, 100), ("2024-01-03", 100, 64), ("2024-01-04", 64, 64), ("2024-01-05", 60, 60), ("2024-01-08", 60, 60))
    s = run(told({1: buys()}), [feed(rows, timeframe=DAYS)], law(coc=True))
    assert fills(s.broker) == [("2024-01-02", "buy", 200, 100.0, None), ("2024-01-05", "sell", 67, 60.0, "c1")]


def test_a_close_order_pending_over_night() -> None:
    s = run(told({1: buys(), 8: sells(10, exectype=bt.Order.Close)}), [feed(story())], law())
    # filled a bar late with Thursday's close: it is Thursday's sale, so 400 - 160 = 240 are left for Friday's open
    assert fills(s.broker)[1:] == [("2024-01-04", "sell", 10, 64.0, None), ("2024-01-05", "sell", 15, 64.0, "c1")]


# -- met before it is due


def test_appreciation_meets_a_maintenance_call() -> None:
    rows = minutes(*UP_TO_THURSDAY[:2], ("2024-01-04", 64.0, 80.0), ("2024-01-05", 64.0, 64.0), ("2024-01-08", 64.0, 64.0))
    s = run(told({1: buys()}), [feed(rows)], law())
    assert s.forced == [] and s.broker.account.calls[0].ended_on == date(2024, 1, 4)
    assert statuses(s.broker)["c2"] == ("maintenance", "open")  # Friday's close makes a new one


def test_the_strategys_own_sale_meets_a_maintenance_call() -> None:
    class Seller(Told):
        def notify_store(self, message: str, *args: Any, **about: Any) -> None:
            super().notify_store(message, **about)
            if message == "call_issued":
                self.sell(size=25)

    s = run(told({1: buys()}, Seller), [feed(story())], law())
    assert s.forced == [] and fills(s.broker)[-1] == ("2024-01-04", "sell", 25, 64.0, None)
    assert s.broker.account.calls[0].ended_on == date(2024, 1, 4)


# -- several calls: 30,000 dollars of a pattern day trader buy 800 at 100: initial margin 40,000, a Fed call of 10,000, due on the third day


def june(*prices: float) -> list[Any]:
    """Sessions from Monday 2024-06-03, opening at the last close."""
    days = ["2024-06-03", "2024-06-04", "2024-06-05", "2024-06-06", "2024-06-07", "2024-06-10"]
    return minutes(*[(day, first, last) for day, first, last in zip(days, (100.0, *prices), prices, strict=False)])


def trader(**words: Any) -> Agreeing:
    return law(30_000.0, account={"pattern_day_trader": True}, **words)


def test_one_sale_cures_a_fed_call_and_a_maintenance_call_due_the_same_day() -> None:
    """Tuesday closes at 80: 14,000 against 16,000. Thursday: 10,000 of half proceeds are 250 shares; 2,000 / 20 = 100 would do for the other."""
    s = run(told({1: buys(800)}), [feed(june(100, 80, 80, 80, 80))], trader())
    assert s.forced == [("2024-06-06 09:31", "SPY", -250, 80.0, "c1")]
    found = statuses(s.broker)
    assert found["c1"] == ("fed", "met") and ("maintenance", "met") in found.values()


def test_a_fed_call_due_cures_a_maintenance_call_that_is_not() -> None:
    """Wednesday falls to 80: the maintenance call is due on Friday; Thursday's 250 shares leave 14,000 against 11,000."""
    s = run(told({1: buys(800)}), [feed(june(100, 100, 80, 80, 80))], trader())
    assert [row[:3] for row in s.forced] == [("2024-06-06 09:31", "SPY", -250)]
    assert ("maintenance", "met") in statuses(s.broker).values()


def test_a_maintenance_call_due_before_a_fed_call_brings_half_its_sale_towards_it() -> None:
    """Due after one day: on Wednesday 100 shares at 80 bring 4,000; on Thursday 6,000 x 2 / 80 = 150."""
    s = run(told({1: buys(800)}), [feed(june(100, 80, 80, 80, 80))], trader(set={"maintenance_call_days": 1}))
    assert [row[:3] for row in s.forced] == [("2024-06-05 09:31", "SPY", -100), ("2024-06-06 09:31", "SPY", -150)]
    assert s.forced[0][4] != s.forced[1][4] == "c1"


def test_the_third_fed_call_leaves_closing_trades_only_for_90_days() -> None:
    """700, 100 and 100 at 100 on three days: 5,000 each, due one after the other: 100 shares on Thursday, 99 on Friday, as one was sold."""
    script = {
        1: buys(700),
        4: buys(100),
        7: buys(100),
        11: lambda s: s.kept.update(o=s.buy(size=1)),
        12: lambda s: s.kept.update(c=s.sell(size=1)),
    }
    s = run(told(script), [feed(june(100, 100, 100, 100, 100))], trader())
    assert [(c.kind, c.amount) for c in s.broker.account.calls] == [("fed", 5_000.0)] * 3
    assert s.forced == [("2024-06-06 09:31", "SPY", -100, 100.0, "c1"), ("2024-06-07 09:31", "SPY", -99, 100.0, "c2")]
    assert ("2024-06-06", "restriction_set", "liquidation_only") in s.told
    assert s.kept["o"].info["reason"] is Reason.LIQUIDATION_ONLY and s.kept["c"].status == bt.Order.Completed
    (held,) = [r for r in s.broker.account.restrictions if r.kind == "liquidation_only"]
    assert held.until == date(2024, 6, 6) + timedelta(days=89)


def test_a_day_trade_call_at_alpaca_bars_openings_until_a_deposit() -> None:
    """1,100 ordered at 100 (112,750 with the collar, of 120,000) fill at 115: 126,500, closed the same day. The call is 6,500."""
    rows = bars(
        ("2024-06-03 09:31", 100), ("2024-06-03 09:32", 115), ("2024-06-03 09:33", 115), ("2024-06-03 16:00", 115),
        ("2024-06-04 09:31", 115), ("2024-06-04 09:32", 115), ("2024-06-04 16:00", 115),
        ("2024-06-05 09:31", 115), ("2024-06-05 09:32", 115), ("2024-06-05 16:00", 115),
    )  # fmt: skip
    script = {
        1: buys(1_100),
        2: lambda s: s.close(),
        5: lambda s: s.kept.update(no=s.buy(size=1)),
        8: lambda s: s.kept.update(yes=s.buy(size=1)),
    }
    broker = Agreeing(cash=30_000.0, account={"pattern_day_trader": True}, deposits=[("2024-06-05", 6_500.0)])
    s = run(told(script), [feed(rows)], broker)
    assert [(c.kind, c.amount, c.status) for c in s.broker.account.calls] == [("day_trade", 6_500.0, "met")]
    assert s.kept["no"].info["reason"] is Reason.LIQUIDATION_ONLY and s.kept["yes"].status == bt.Order.Completed
    kinds = [row[1] for row in s.told]
    assert kinds == ["call_issued", "restriction_set", "call_met", "restriction_lifted"] and s.forced == []


def test_an_intraday_deficit_left_unmet_freezes_the_account() -> None:
    """390 at 100 need 11,700 of 10,000: a deficit of 1,700 on Monday 8 June 2026. Unmet at the close of Monday 15 June."""
    days = ["2026-06-08", "2026-06-09", "2026-06-10", "2026-06-11", "2026-06-12", "2026-06-15", "2026-06-16", "2026-06-17"]
    script = {
        1: buys(390), 2: lambda s: s.close(),
        17: lambda s: s.kept.update(before=s.buy(size=101)), 18: lambda s: s.close(),
        20: lambda s: s.kept.update(debt=s.buy(size=101)), 21: lambda s: s.kept.update(paid=s.buy(size=90)),
    }  # fmt: skip
    lets = {"intraday_block": "buying_power", "imd_basis": "house"}  # else Alpaca would refuse the order
    s = run(told(script), [feed(minutes(*[(day, 100.0, 100.0) for day in days]))], Agreeing(cash=10_000.0, set=lets))
    (call,) = [c for c in s.broker.account.calls if c.kind == "intraday_margin"]
    assert (call.amount, call.issued_on, call.due_on, call.status) == (1_700.0, date(2026, 6, 9), date(2026, 6, 10), "past_due")
    told_ = [row for row in s.told if row[1].startswith("restriction")]
    assert told_ == [("2026-06-16", "restriction_set", "ninety_day_freeze")]
    assert s.kept["before"].status == bt.Order.Completed
    assert s.kept["debt"].info["reason"] is Reason.FROZEN_90_DAYS and s.kept["paid"].status == bt.Order.Completed
    assert s.forced == []


# -- equity gone


def test_equity_gone_is_sold_out_on_the_next_bar_and_shown_as_a_debt() -> None:
    """At 45 equity is -1,000; sold at 44: 8,800 - 10,000."""
    rows = minutes(UP_TO_THURSDAY[0]) + bars(
        ("2024-01-03 09:31", 45), ("2024-01-03 09:32", 44), ("2024-01-03 09:33", 44), ("2024-01-03 16:00", 44), ("2024-01-04 09:31", 44)
    )
    script = {1: buys(), 3: sells(200, exectype=bt.Order.Stop, price=10.0), 6: lambda s: s.kept.update(o=s.buy(size=1))}
    s = run(told(script), [feed(rows)], law())
    assert s.forced == [("2024-01-03 09:32", "SPY", -200, 44.0, "c1")] and len(s.cancelled) == 1
    assert s.broker.getcash() == s.broker.getvalue() == -1_200.0 and s.broker.account.state.equity == -1_200.0
    assert s.kept["o"].status == bt.Order.Rejected and s.kept["o"].info["reason"] is Reason.TRADING_BLOCKED
    assert len(s) == 8 and s.broker.account.state.trading_blocked
    closed = [about for (_, message, _), about in zip(s.told, s.abouts, strict=True) if message == "account_closed"]
    assert closed == [{"equity": -1_000.0, "call": "c1"}]
    assert [row[1] for row in s.told][:2] == ["call_issued", "account_closed"]


def test_equity_gone_with_daily_bars() -> None:
    rows = daily(("2024-01-02", 100, 100), ("2024-01-03", 100, 45), ("2024-01-04", 40, 60), ("2024-01-05", 60, 60))
    s = run(told({1: buys()}), [feed(rows, timeframe=DAYS)], law())
    assert fills(s.broker)[1:] == [("2024-01-04", "sell", 200, 40.0, "c1")]
    assert s.broker.getvalue() == -2_000.0 and [row[1] for row in s.told].count("account_closed") == 1
    assert [c.kind for c in s.broker.account.calls] == ["maintenance"]


def test_equity_gone_at_the_close_waits_for_the_regular_open() -> None:
    rows = minutes(UP_TO_THURSDAY[0], ("2024-01-03", 100.0, 45.0)) + bars(("2024-01-03 17:00", 45), ("2024-01-04 08:00", 45))
    s = run(told({1: buys()}), [feed(rows + minutes(("2024-01-04", 46.0, 46.0)))], law())
    assert s.forced == [("2024-01-04 09:31", "SPY", -200, 46.0, "c1")]
    assert s.broker.getvalue() == -800.0


def test_a_short_squeeze_is_a_debt_too() -> None:
    rows = minutes(("2024-01-02", 100, 100), ("2024-01-03", 250, 250), ("2024-01-04", 250, 250))
    s = run(told({1: sells(100)}), [feed(rows)], law())
    assert s.forced == [("2024-01-03 09:32", "SPY", 100, 250.0, "c1")] and s.broker.getvalue() == -5_000.0


# -- in real time


def wednesday(*prices: tuple[str, float, float]) -> list[Any]:
    return minutes(UP_TO_THURSDAY[0]) + bars(*[(f"2024-01-03 {at}", first, last) for at, first, last in prices])


def real_time(**words: Any) -> Agreeing:
    return Agreeing(cash=10_000.0, brokerage="ibkr", **words)


def test_a_brokerage_that_watches_in_real_time_sells_on_the_next_bar() -> None:
    rows = wednesday(("09:31", 100, 100), ("10:00", 100, 64), ("10:01", 64, 64), ("10:02", 64, 64), ("16:00", 64, 64))
    s = run(told({1: buys()}), [feed(rows)], real_time())
    assert s.forced == [("2024-01-03 10:01", "SPY", -25, 64.0, "c1")]
    assert s.told == [("2024-01-03", "call_issued", "c1"), ("2024-01-03", "call_met", "c1")]


@pytest.mark.parametrize(("opening", "size"), ((60, -67), (70, -25)))
def test_its_sale_is_sized_at_the_breach_or_at_a_worse_open(opening: float, size: int) -> None:
    """At 60: 2,000 against 3,000; 1,000 / 15 = 66.7."""
    rows = wednesday(
        ("09:31", 100, 100), ("10:00", 100, 64), ("10:01", opening, opening), ("10:02", opening, opening), ("16:00", opening, opening)
    )
    s = run(told({1: buys()}), [feed(rows)], real_time())
    assert s.forced == [("2024-01-03 10:01", "SPY", size, opening, "c1")]
    assert statuses(s.broker) == {"c1": ("maintenance", "met")}


@pytest.mark.parametrize(("own", "sold"), ((200, 0), (10, -15), (190, 0)))
def test_a_close_sent_after_the_breach_counts_and_nothing_goes_through_zero(own: int, sold: int) -> None:
    rows = wednesday(("09:31", 100, 100), ("10:00", 100, 64), ("10:01", 64, 64), ("10:02", 64, 64), ("16:00", 64, 64))
    s = run(told({1: buys(), 5: sells(own)}), [feed(rows)], real_time())
    assert sum(row[2] for row in s.forced) == sold and s.position.size == 200 - own + sold


def test_a_close_sent_while_a_sale_waits_for_its_bar_is_not_doubled() -> None:
    late = minutes(*UP_TO_THURSDAY) + bars(("2024-01-05 10:15", 64), ("2024-01-05 10:16", 64))
    s = run(told({1: buys(), 10: lambda s: s.close(data=s.datas[0])}), [feed(late, "A"), feed(story(), "B")], law())
    assert s.forced == [] and s.getposition(s.datas[0]).size == 0


def test_a_forced_order_that_fills_in_parts_goes_on_in_regular_hours_only() -> None:
    """Ten shares a bar. Of 25, the evening's and the morning's bars outside regular hours bring none."""
    rows = minutes(*UP_TO_THURSDAY) + bars(
        ("2024-01-05 09:31", 64), ("2024-01-05 16:00", 64), ("2024-01-05 16:01", 64), ("2024-01-08 08:00", 64)
    )
    rows += minutes(("2024-01-08", 64.0, 64.0))
    broker = law(filler=lambda order, price, ago: min(abs(order.executed.remsize), 10.0 if order.info.get("liquidation") else 1e6))
    s = run(told({1: buys()}), [feed(rows)], broker)
    parts = [(e[0], e[2]) for e in fills(s.broker)[1:]]
    assert parts == [("2024-01-05", 10.0), ("2024-01-05", 10.0), ("2024-01-08", 5.0)]


def test_a_deficiency_at_the_close_is_sold_for_at_the_next_regular_open_once() -> None:
    rows = wednesday(("09:31", 100, 100), ("16:00", 100, 64), ("16:30", 64, 64)) + bars(("2024-01-04 08:00", 64))
    s = run(told({1: buys()}), [feed(rows + minutes(("2024-01-04", 64.0, 64.0)))], real_time())
    assert s.forced == [("2024-01-04 09:31", "SPY", -25, 64.0, "c1")] and list(statuses(s.broker)) == ["c1"]


def test_real_time_with_daily_bars_sells_at_the_next_open() -> None:
    rows = daily(("2024-01-02", 100, 100), ("2024-01-03", 100, 64), ("2024-01-04", 64, 64), ("2024-01-05", 64, 64))
    s = run(told({1: buys()}), [feed(rows, timeframe=DAYS)], real_time())
    assert fills(s.broker)[1:] == [("2024-01-04", "sell", 25, 64.0, "c1")] and list(statuses(s.broker)) == ["c1"]


def test_a_forced_sale_is_a_day_trade_that_nothing_blocks() -> None:
    rows = bars(("2024-01-02 09:31", 100), ("2024-01-02 09:32", 100, 64), ("2024-01-02 09:33", 64), ("2024-01-02 09:34", 64))
    made = [(date(2023, 12, 29), "X", 3)]
    s = run(told({1: buys()}), [feed(rows)], real_time(account={"daytrades": made}, pdt_check="exit"))
    assert [row[2] for row in s.forced] == [-25]
    assert s.broker.account.day_trades == [(date(2024, 1, 2), "SPY", 1)] and s.broker.account.daytrade_count() == 4
    assert s.broker.account.pattern_day_trader


# -- the bar's worst price


def dip(low: float) -> list[Any]:
    """Wednesday at 80 throughout, but for the low of the 10:00 bar."""
    rows = wednesday(("09:31", 80, 80), ("10:00", 80, 80), ("10:01", 80, 80), ("16:00", 80, 80))
    at = next(i for i, row in enumerate(rows) if row[0] == datetime(2024, 1, 3, 10, 0))
    rows[at] = (*rows[at][:3], low, *rows[at][4:])
    return rows


@pytest.mark.parametrize(("worst", "sold"), ((True, [("2024-01-03 10:01", "SPY", -25, 80.0, "c1")]), (False, [])))
def test_a_breach_inside_the_bar_is_seen_with_worst_price(worst: bool, sold: list[Any]) -> None:
    s = run(told({1: buys()}), [feed(dip(64.0))], real_time(worst_price=worst))
    assert s.forced == sold


@pytest.mark.parametrize(("worst", "value"), ((True, 6_000.0), (False, 6_000.0)))
def test_equity_gone_inside_the_bar(worst: bool, value: float) -> None:
    """At 49 equity is -200; the next bar opens at 80, so the account that was closed keeps 6,000."""
    s = run(told({1: buys()}), [feed(dip(49.0))], law(worst_price=worst))
    assert bool(s.forced) is worst is s.broker.account.state.trading_blocked
    assert s.position.size == (0 if worst else 200) and s.broker.getvalue() == value
    agree(s.broker)


def test_the_worst_price_of_a_short_is_the_high_and_of_a_daily_bar_its_own() -> None:
    rows = daily(("2024-01-02", 100, 100), ("2024-01-03", 100, 100), ("2024-01-04", 100, 100), ("2024-01-05", 100, 100))
    rows[2] = (*rows[2][:2], 160.0, *rows[2][3:])  # Thursday's high
    s = run(told({1: sells(100)}), [feed(rows, timeframe=DAYS)], real_time(worst_price=True))
    assert [about["call"].amount for about in s.abouts if "call" in about][:1] == [pytest.approx(800.0)]
    assert [row[2:] for row in s.forced] == [(17, 100.0, "c1")]  # 800 / 48 at the price of the breach, bought back at Friday's open
    assert statuses(s.broker) == {"c1": ("maintenance", "met")}
