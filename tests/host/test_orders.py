"""Orders through cerebro: refusals on the order, brackets and OCO as one, cancels, what the host alone gets wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import backtrader as bt
import pytest
from made import RICH, TUESDAY, Agreeing, agree, bars, feed, flat, run, scripted, walk

from bt_pdt.core.decisions import Reason, Rejected
from bt_pdt.core.journal import FillEntry, OrderEntry, ReleaseEntry

MARKET, LIMIT, STOP = bt.Order.Market, bt.Order.Limit, bt.Order.Stop


def requests(broker: Any) -> list[Any]:
    return [e.request for e in broker.account.journal if isinstance(e, OrderEntry)]


def fills(broker: Any) -> list[Any]:
    return [e.fill for e in broker.account.journal if isinstance(e, FillEntry)]


def test_a_refused_order_is_rejected_at_once_and_says_why() -> None:
    def too_much(s: Any) -> None:
        s.kept["order"] = s.buy(size=10_000)
        s.kept["status"] = s.kept["order"].status

    s = run(scripted({2: too_much}), [feed(flat(100, 5))], Agreeing(cash=10_000.0))
    order = s.kept["order"]
    assert s.kept["status"] == bt.Order.Rejected and not order.alive()
    assert s.seen == [(3, "Rejected", 0, 0.0)]
    info = order.info
    assert info["reason"] is Reason.BUYING_POWER and info["reason"] == "BUYING_POWER"
    assert info["http_status"] == 403 and isinstance(info["code"], int) and "buying power" in info["message"]
    assert "regt" in info["rule"] or "in force since" in info["rule"]
    assert isinstance(info["decision"], Rejected) and 0 < info["decision"].would_pass.qty < 10_000
    assert s.position.size == 0 and s.broker.getcash() == 10_000.0


def test_an_accepted_order_may_carry_advice_and_nothing_else() -> None:
    def act(s: Any) -> None:
        s.kept[len(s)] = s.buy(size=10)

    s = run(scripted({1: act}), [feed(flat(100, 3))], Agreeing(cash=100_000.0))
    assert dict(s.kept[1].info) == {}
    rich = Agreeing(cash=50_000.0, account=RICH)
    s = run(scripted({1: lambda s: s.kept.update(o=s.buy(size=1_200))}), [feed(flat(100, 3))], rich)
    assert [a.code for a in s.kept["o"].info["advice"]] == ["ABOVE_OVERNIGHT"]
    assert s.statuses() == ["Submitted", "Accepted", "Completed"]


def test_the_day_trade_that_would_complete_the_violation_stays_open_until_tomorrow() -> None:
    def buy(s: Any) -> None:
        s.buy(size=10)

    def close(s: Any) -> None:
        s.kept[len(s)] = s.close()

    rows = flat(100, 30) + flat(100, 5, TUESDAY + timedelta(days=1))
    script = {n: (buy if i % 2 == 0 else close) for i, n in enumerate(range(1, 17, 2))} | {31: close}
    s = run(scripted(script), [feed(rows)], Agreeing(cash=20_000.0, block_on="exit"))
    assert s.kept[15].info["reason"] is Reason.PDT_COUNT
    assert s.kept[31].status == bt.Order.Completed
    assert [count for _, _, count in s.broker.account.day_trades] == [3]
    entry = run(scripted(script), [feed(rows)], Agreeing(cash=20_000.0, block_on="entry")).broker
    refused = [e.decision.reason for e in entry.account.journal if isinstance(e, OrderEntry) and not e.decision.accepted]
    assert refused == [Reason.PDT_COUNT] and entry.account.positions == {}


def test_cash_becomes_a_debit_and_equity_stays_right() -> None:
    s = run(
        scripted({1: lambda s: s.buy(size=150)}),
        [feed(bars(("2024-01-02 09:31", 100), ("2024-01-02 09:32", 100, 102)))],
        Agreeing(cash=10_000.0),
    )
    assert s.broker.getcash() == -5_000.0
    assert s.broker.getvalue() == 10_300.0
    assert s.statuses() == ["Submitted", "Accepted", "Completed"]


def test_order_target_percent_buys_half_of_equity_although_cash_is_gone() -> None:
    rows = flat(100, 6)
    s = run(
        scripted({1: lambda s: s.buy(data=s.datas[1], size=150), 3: lambda s: s.order_target_percent(target=0.5)}),
        [feed(rows, "A"), feed(rows, "B")],
        Agreeing(cash=10_000.0, rules="off"),
    )
    assert s.getposition(s.datas[0]).size == 50


def test_covering_a_losing_short_is_never_refused_for_money() -> None:
    """Short 100 at 100 with 10,000: at 190 equity is 1,000, far under maintenance, and it may be covered."""
    rows = bars(
        ("2024-01-02 09:31", 100),
        ("2024-01-02 09:32", 100),
        ("2024-01-02 09:33", 190),
        ("2024-01-02 09:34", 190),
        ("2024-01-02 09:35", 190),
    )
    script = {1: lambda s: s.sell(size=100), 3: lambda s: s.close()}
    s = run(scripted(script), [feed(rows)], Agreeing(cash=10_000.0))
    assert s.statuses()[-1] == "Completed" and s.position.size == 0
    assert s.broker.getcash() == s.broker.getvalue() == 1_000.0


def test_a_short_beyond_the_account_is_refused() -> None:
    s = run(scripted({1: lambda s: s.kept.update(o=s.sell(size=1_000))}), [feed(flat(100, 4))], Agreeing(cash=10_000.0))
    assert s.kept["o"].info["reason"] is Reason.BUYING_POWER


def test_reversal_through_zero_fills_whole_where_the_brokerage_allows_it() -> None:
    script = {1: lambda s: s.buy(size=50), 3: lambda s: s.kept.update(o=s.sell(size=120))}
    s = run(scripted(script), [feed(flat(100, 6))], Agreeing(cash=10_000.0, brokerage="finra"))
    assert s.position.size == -70 and s.broker.account.position("SPY") == -70
    s = run(scripted(script), [feed(flat(100, 6))], Agreeing(cash=10_000.0))
    assert s.kept["o"].info["reason"] is Reason.QTY and s.position.size == 50


# -- brackets


def bracket(s: Any, **words: Any) -> None:
    s.kept["orders"] = s.buy_bracket(**({"size": 10, "exectype": MARKET, "limitprice": 102.0, "stopprice": 98.0} | words))


@pytest.mark.parametrize(("price", "winner", "loser"), ((103.0, "tp", "sl"), (97.0, "sl", "tp")))
def test_a_bracket_is_one_request_whose_legs_are_its_exits(price: float, winner: str, loser: str) -> None:
    rows = flat(100, 4) + bars(("2024-01-02 09:35", price), ("2024-01-02 09:36", price))
    s = run(scripted({1: bracket}), [feed(rows)], Agreeing(cash=30_000.0))
    (request,) = requests(s.broker)
    assert (request.order_class, request.take_profit, request.stop_loss) == ("bracket", 102.0, 98.0)
    assert [f.order_id for f in fills(s.broker)] == ["1", f"1.{winner}"]
    assert s.position.size == 0 and s.broker.account.ledger.orders == {}
    assert [e.order_id for e in s.broker.account.journal if isinstance(e, ReleaseEntry)] == [f"1.{loser}"]
    assert len(s.broker.account.day_trades) == 1


def test_a_refused_bracket_takes_its_exits_along_with_the_same_answer() -> None:
    s = run(scripted({1: lambda s: bracket(s, size=1_000)}), [feed(flat(100, 5))], Agreeing(cash=10_000.0))
    decisions = {id(o.info["decision"]) for o in s.kept["orders"]}
    assert len(decisions) == 1
    assert [o.status for o in s.kept["orders"]] == [bt.Order.Rejected] * 3
    assert s.statuses() == ["Rejected"] * 3
    assert len(requests(s.broker)) == 1
    assert not any(s.broker._pchildren.values()) and s.broker.pending == s.broker.submitted == type(s.broker.pending)()


def test_a_child_sent_after_its_parent_was_refused_carries_the_parents_answer() -> None:
    def act(s: Any) -> None:
        s.kept["parent"] = s.buy(size=10_000)
        s.kept["child"] = s.sell(size=10_000, exectype=STOP, price=90.0, parent=s.kept["parent"])

    s = run(scripted({1: act}), [feed(flat(100, 4))], Agreeing(cash=10_000.0))
    assert s.kept["child"].status == bt.Order.Rejected
    assert s.kept["child"].info["decision"] is s.kept["parent"].info["decision"]


def test_one_exit_alone_is_an_oto() -> None:
    for words, exits in (({"limitexec": None}, (None, 98.0)), ({"stopexec": None}, (102.0, None))):
        s = run(scripted({1: lambda s, w=words: bracket(s, **w)}), [feed(flat(100, 5))], Agreeing(cash=30_000.0))
        (request,) = requests(s.broker)
        assert (request.order_class, request.take_profit, request.stop_loss) == ("oto", *exits)
        assert s.position.size == 10


def test_a_trailing_exit_is_a_stop_loss_where_it_stands() -> None:
    words = {"stopexec": bt.Order.StopTrail, "stopprice": None, "stopargs": {"trailamount": 1.5}}
    s = run(scripted({1: lambda s: bracket(s, **words)}), [feed(flat(100, 6))], Agreeing(cash=30_000.0))
    assert requests(s.broker)[0].stop_loss == 98.5
    assert s.position.size == 10


def test_cancelling_a_bracket_parent_cancels_all_and_frees_all() -> None:
    def cancel(s: Any) -> None:
        s.cancel(s.kept["orders"][0])

    words = {"exectype": LIMIT, "price": 90.0}
    s = run(scripted({1: lambda s: bracket(s, **words), 3: cancel}), [feed(flat(100, 6))], Agreeing(cash=30_000.0))
    assert s.statuses().count("Canceled") == 3 and s.broker.account.ledger.orders == {}


def test_a_group_no_brokerage_knows_is_judged_by_its_parts() -> None:
    def act(s: Any) -> None:
        parent = s.buy(size=10, transmit=False)
        s.kept["exits"] = [
            s.sell(size=5, exectype=LIMIT, price=103.0, parent=parent, transmit=False),
            s.sell(size=5, exectype=LIMIT, price=104.0, parent=parent, transmit=True),
        ]

    rows = flat(100, 4) + bars(("2024-01-02 09:35", 103.5), ("2024-01-02 09:36", 104.5), ("2024-01-02 09:37", 104.5))
    s = run(scripted({1: act}), [feed(rows)], Agreeing(cash=30_000.0))
    asked = requests(s.broker)
    assert [(r.order_class, r.side, r.type) for r in asked] == [
        ("simple", "buy", "market"),
        ("simple", "sell", "limit"),
        ("simple", "sell", "limit"),
    ]
    assert asked[1].at == TUESDAY + timedelta(minutes=2)  # when the host activates them, the bar after the parent's fill
    # backtrader cancels the second exit when the first is filled
    assert s.position.size == 5


def test_a_part_refused_when_its_turn_comes_is_rejected_then() -> None:
    def act(s: Any) -> None:
        parent = s.buy(size=10, transmit=False)
        s.sell(size=10, exectype=LIMIT, price=103.0, parent=parent, transmit=False)
        s.kept["second"] = s.sell(size=10, exectype=LIMIT, price=104.0, parent=parent, transmit=True)

    s = run(scripted({1: act}), [feed(flat(100, 6))], Agreeing(cash=30_000.0))
    assert s.kept["second"].status == bt.Order.Rejected and s.kept["second"].info["reason"] is Reason.QTY
    assert s.position.size == 10


# -- OCO


def protect(s: Any) -> None:
    first = s.kept["stop"] = s.sell(size=10, exectype=STOP, price=98.0)
    s.kept["limit"] = s.sell(size=10, exectype=LIMIT, price=102.0, oco=first)


@pytest.mark.parametrize(("price", "winner"), ((103.0, "tp"), (97.0, "sl")))
def test_two_exits_that_cancel_each_other_hold_the_shares_once(price: float, winner: str) -> None:
    rows = flat(100, 6) + bars(("2024-01-02 09:37", price), ("2024-01-02 09:38", price))
    s = run(scripted({1: lambda s: s.buy(size=10), 3: protect}), [feed(rows)], Agreeing(cash=30_000.0))
    assert [r.order_class for r in requests(s.broker)] == ["simple", "simple", "oco"]
    assert [f.order_id for f in fills(s.broker)] == ["1", f"3.{winner}"]
    assert s.position.size == 0 and s.broker.account.ledger.orders == {}


def test_without_oco_the_second_exit_finds_the_shares_held() -> None:
    def two(s: Any) -> None:
        s.sell(size=10, exectype=STOP, price=98.0)
        s.kept["second"] = s.sell(size=10, exectype=LIMIT, price=102.0)

    s = run(scripted({1: lambda s: s.buy(size=10), 3: two}), [feed(flat(100, 6))], Agreeing(cash=30_000.0))
    assert s.kept["second"].info["reason"] is Reason.QTY


def test_a_refused_second_end_leaves_the_first_as_it_was() -> None:
    def bad(s: Any) -> None:
        first = s.sell(size=10, exectype=STOP, price=98.0)
        s.kept["limit"] = s.sell(size=10, exectype=LIMIT, price=102.00123, oco=first)

    s = run(scripted({1: lambda s: s.buy(size=10), 3: bad}), [feed(flat(100, 6))], Agreeing(cash=30_000.0))
    assert s.kept["limit"].info["reason"] is Reason.PRICE
    assert list(s.broker.account.ledger.orders) == ["2"]


def test_two_entries_of_one_oco_are_judged_alone_and_die_together() -> None:
    def entries(s: Any) -> None:
        low = s.buy(size=10, exectype=LIMIT, price=97.0)
        s.buy(size=10, exectype=STOP, price=103.0, oco=low)

    rows = flat(100, 4) + bars(("2024-01-02 09:35", 97.0), ("2024-01-02 09:36", 97.0))
    s = run(scripted({1: entries}), [feed(rows)], Agreeing(cash=30_000.0))
    assert [r.order_class for r in requests(s.broker)] == ["simple", "simple"]
    assert s.position.size == 10 and s.broker.account.ledger.orders == {}


# -- ends and traps


def test_cancel_in_the_bar_of_sending_works() -> None:
    def act(s: Any) -> None:
        s.kept["done"] = s.broker.cancel(s.buy(size=10))

    s = run(scripted({1: act}), [feed(flat(100, 4))], Agreeing(cash=30_000.0))
    assert s.kept["done"] is True and s.statuses() == ["Submitted", "Canceled"]
    assert s.position.size == 0 and s.broker.account.ledger.orders == {}


def test_cancelling_nothing_is_false() -> None:
    def act(s: Any) -> None:
        s.kept["done"] = s.broker.cancel(s.kept["order"])

    s = run(scripted({1: lambda s: s.kept.update(order=s.buy(size=10)), 3: act}), [feed(flat(100, 4))], Agreeing(cash=30_000.0))
    assert s.kept["done"] is False


def test_an_expired_order_frees_what_it_held() -> None:
    valid = datetime(2024, 1, 2, 9, 33)
    act = {1: lambda s: s.buy(size=10, exectype=LIMIT, price=50.0, valid=valid)}
    s = run(scripted(act), [feed(flat(100, 6))], Agreeing(cash=30_000.0))
    assert s.statuses()[-1] == "Expired" and s.broker.account.ledger.orders == {}
    assert requests(s.broker)[0].time_in_force == "day"


def test_time_in_force_is_what_the_host_will_do() -> None:
    def act(s: Any) -> None:
        for valid in (None, bt.Order.DAY, datetime(2024, 1, 2, 16, 0), datetime(2024, 1, 5), 0):
            s.buy(size=1, exectype=LIMIT, price=50.0, valid=valid)

    s = run(scripted({1: act}), [feed(flat(100, 3))], Agreeing(cash=30_000.0))
    assert [r.time_in_force for r in requests(s.broker)] == ["gtc", "gtc", "day", "gtc", "gtc"]


def test_an_order_on_a_feed_without_bars_is_refused_with_a_sentence() -> None:
    def early(s: Any) -> None:
        s.kept["order"] = s.buy(data=s.datas[1], size=1)

    late = feed(flat(50, 4, TUESDAY + timedelta(minutes=10)), "LATE")
    s = run(scripted({2: early}), [feed(flat(100, 20)), late], Agreeing(cash=30_000.0))
    order = s.kept["order"]
    assert order.status == bt.Order.Rejected and order.info["reason"] is Reason.PRICE
    assert "LATE has no bar yet" in order.info["message"]
    assert s.broker.unsupported[0][1] == order.ref


def test_a_resting_order_never_fills_on_a_bar_from_before_it_was_sent() -> None:
    slow = bars(("2024-01-02 09:31", 100), ("2024-01-02 09:41", 100, 100), spread=10.0)[:1] + bars(("2024-01-02 09:41", 100), spread=0.5)

    def act(s: Any) -> None:
        s.buy(data=s.datas[1], size=1, exectype=LIMIT, price=95.0)

    datas = lambda: [feed(flat(100, 20)), feed(slow, "SLOW")]  # noqa: E731
    stock = run(scripted({5: act}), datas(), bt.brokers.BackBroker(cash=30_000.0))
    assert "Completed" in stock.statuses()  # the host's bug: the 09:31 bar had a low of 90
    ours = run(scripted({5: act}), datas(), Agreeing(cash=30_000.0, rules="off"))
    assert "Completed" not in ours.statuses()


def test_what_is_no_order_is_refused_not_raised() -> None:
    act = {1: lambda s: s.kept.update(order=s.buy(size=1, exectype=LIMIT, price=-5.0))}
    s = run(scripted(act), [feed(flat(100, 3))], Agreeing(cash=30_000.0))
    assert s.kept["order"].info["reason"] is Reason.PRICE and "limit_price" in s.kept["order"].info["message"]


def test_partial_fills_are_posted_bit_by_bit() -> None:
    filler = bt.fillers.FixedSize(size=4)
    s = run(scripted({1: lambda s: s.buy(size=10)}), [feed(flat(100, 6))], Agreeing(cash=30_000.0, filler=filler))
    assert [f.qty for f in fills(s.broker)] == [4, 4, 2] and {f.order_id for f in fills(s.broker)} == {"1"}
    assert s.statuses() == ["Submitted", "Accepted", "Partial", "Partial", "Completed"]


def test_fractions_and_commission_reach_the_account() -> None:
    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.broker.setcommission(commission=0.001)

    s = run(scripted({1: lambda s: s.buy(size=0.25)}), [feed(flat(100, 4))], Agreeing(cash=30_000.0), setup)
    (fill,) = fills(s.broker)
    assert fill.qty == 0.25 and fill.commission == pytest.approx(0.025)
    assert s.broker.account.cash == pytest.approx(30_000 - 25 - 0.025)


def test_backtraders_own_interest_is_a_cash_move_not_a_commission() -> None:
    rows = [row for day in range(4) for row in flat(100, 3, TUESDAY + timedelta(days=day))]

    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.broker.setcommission(commission=0.0, interest=0.365)

    s = run(scripted({1: lambda s: s.sell(size=100), 10: lambda s: s.close()}), [feed(rows)], Agreeing(cash=50_000.0), setup)
    moves = [e.amount for e in s.broker.account.journal if type(e).__name__ == "CashEntry"]
    assert moves == pytest.approx([-10.0, -10.0, -10.0])
    assert [f.commission for f in fills(s.broker)] == [0.0, 0.0]


def test_forced_orders_and_histories_are_not_asked_about() -> None:
    def force(s: Any) -> None:
        s.sell(size=5_000, _checksubmit=False, liquidation="c1")

    s = run(scripted({2: force}), [feed(flat(100, 5))], Agreeing(cash=10_000.0))
    assert s.position.size == -5_000
    assert [e.forced for e in s.broker.account.journal if isinstance(e, FillEntry)] == ["c1"]

    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.add_order_history([(datetime(2024, 1, 2, 9, 32), 700, 100.0)], notify=True)

    s = run(scripted({}), [feed(flat(100, 5))], Agreeing(cash=10_000.0), setup)
    assert s.position.size == 700 and requests(s.broker) == []


def test_add_cash_is_a_deposit_or_a_judged_withdrawal() -> None:
    script = {2: lambda s: s.broker.add_cash(500.0), 4: lambda s: s.broker.add_cash(-200.0), 6: lambda s: s.broker.add_cash(-1e6)}
    s = run(scripted(script), [feed(flat(100, 9))], Agreeing(cash=10_000.0))
    assert s.broker.getcash() == s.broker.account.cash == 10_300.0
    kinds = [(e.kind, e.amount) for e in s.broker.account.journal if type(e).__name__ == "CashEntry"]
    assert kinds == [("deposit", 500.0), ("withdraw", 200.0), ("withdraw", 1e6)]


def test_compensated_feeds_trade_one_symbol() -> None:
    a, b = feed(flat(100, 6), "A"), feed(flat(100, 6), "B")
    b.compensate(a)
    s = run(
        scripted({1: lambda s: s.buy(data=s.datas[0], size=10), 3: lambda s: s.sell(data=s.datas[1], size=10)}),
        [a, b],
        Agreeing(cash=30_000.0),
    )
    assert s.broker.account.positions == {} and [f.symbol for f in fills(s.broker)] == ["A", "A"]


def test_gaps_and_clocks_of_many_feeds() -> None:
    class Often(bt.Strategy):
        def next(self) -> None:
            for i, data in enumerate(self.datas):
                if len(data) and (len(self) + i) % 7 == 0:
                    (self.close if self.getposition(data).size else self.buy)(data=data, size=5)

        prenext = next

    datas = [feed(walk(k, gaps=0.3 if k else 0.0), f"S{k}") for k in range(5)]
    s = run(Often, datas, Agreeing(cash=100_000.0, account=RICH))
    agree(s.broker)
    assert len(fills(s.broker)) > 50
