"""Exact or silent: a replay's orders, answers, executions, equity, sessions and numbers are those of the full run."""

import random
from collections import Counter

import backtrader as bt
import pytest

pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")

from wild import Wild, accounts, bars, beside, recording, story

from bt_pdt.law.brokerages import NAMES
from bt_pdt.runs import study
from bt_pdt.whatif import Replay, Unsupported, difference, record_of


def told(seed):
    made, params, variants = story(seed)
    replay, seen = recording(Wild, made, params=params), Counter()
    for arguments in variants:
        differs, one, _ = beside(replay, made, arguments, params=params)
        assert not differs, (seed, arguments, differs)
        seen[one.left or "replayed"] += 1
        seen.update(name for name in one.metrics if name.startswith(("refused_", "calls_")))
        seen["flagged"] += any(row["pattern_day_trader"] for row in one.rows)
        seen["restricted"] += bool(one.metrics and one.metrics["restrictions"])
        seen["paid"] += bool(one.metrics and one.metrics["interest"])
        seen["stuck"] += bool(one.metrics and one.metrics["held_overnight"])
    return seen


@pytest.mark.parametrize("seed", [s if s < 4 else pytest.param(s, marks=pytest.mark.long) for s in range(8)])
def test_random_intents_under_random_accounts(seed):
    assert told(seed)["replayed"] >= 3


@pytest.mark.long
def test_many_random_intents_meet_every_rule():
    seen = sum((told(seed) for seed in range(8, 72)), Counter())
    reasons = (
        "PRICE",
        "LIQUIDATION_ONLY",
        "PDT_RESTRICTED_DAYTRADE",
        "NO_SHORT",
        "QTY",
        "WASH",
        "BUYING_POWER",
        "DTBP",
        "PDT_COUNT",
    )
    wanted = [f"refused_{reason}" for reason in reasons]
    wanted += [f"calls_{kind}" for kind in ("day_trade", "fed", "maintenance", "minimum_equity", "intraday_margin")]
    wanted += ["flagged", "restricted", "paid", "stuck", "replayed"]
    assert not [name for name in wanted if not seen[name]], seen
    assert seen["replayed"] > 0.9 * 6 * 64, "what is left to full runs is the exception"


#: Days under the old rules, under the new ones, and what of a brokerage's default rules is left to full runs on them.
ERAS = {
    "2026-05-18": {"fidelity": "the parameter pdt_under_25k at cash_available"},
    "2027-11-01": {"sofi": "the parameter imd_valuation at cost"},
}


@pytest.mark.parametrize("start", ERAS)
def test_the_default_rules_of_every_brokerage_are_replayed(start):
    made = bars(21, symbols=2, days=4, start=start, price=(20, 60))
    params = {"seed": 21, "rate": 0.02, "rest": 0.2, "scale": 3}
    replay, left = recording(Wild, made, params=params), {}
    for firm in NAMES:
        for cash, percent in ((24_000.0, 60), (60_000.0, 150)):
            arguments = {"cash": cash, "brokerage": firm, "sizer": f"PercentOfEquity(percent={percent})"}
            differs, one, _ = beside(replay, made, arguments, params=params)
            assert not differs, (arguments, differs)
            if one.left.startswith("the parameter"):
                left[firm] = one.left
    assert left == ERAS[start]


def test_a_restriction_ends_with_the_session_before_also_over_a_holiday():
    """Flagged, and at $25,000 again with the close of the day before Thanksgiving."""
    made = bars(3, symbols=1, days=4, start="2019-11-27", price=(40, 60))
    account = {"pattern_day_trader": True, "last_equity": 24_000.0}
    differs, one, _ = beside(recording(Holder, made), made, {"cash": 60_000.0, "brokerage": "finra", "account": account})
    assert not differs
    assert [(each.kind, f"{each.until}") for each in one.restrictions] == [("no_day_trades", "2019-11-27")]


def test_a_month_ends_and_costs_are_charged():
    """Interest of November is taken in December, from cash and from equity."""
    made = bars(3, symbols=2, days=9, start="2019-11-22", price=(40, 60))
    replay = recording(Holder, made)
    differs, one, full = beside(replay, made, {"cash": 10_000.0, "sizer": "PercentOfEquity(percent=90)"})
    assert not differs
    assert one.metrics["interest"] == full.summary["interest"] > 0


class Holder(bt.Strategy):
    """Buys every feed on its first bar and holds."""

    def next(self):
        if len(self) == 1:
            for data in self.datas:
                self.buy(data=data)


def test_what_is_left_to_a_full_run_says_why():
    made = bars(5, symbols=1, days=9, start="2019-02-04", price=(40, 60))
    replay = recording(Holder, made)
    sized = {"cash": 10_000.0, "sizer": "PercentOfEquity(percent=190)"}
    for more, why in (
        ({"deposits": [("2019-02-05", 100.0)]}, "deposits"),
        ({"account": {"account_type": "cash"}}, "a cash account"),
        ({"account": {"positions": [("S0", 1.0, 50.0)]}}, "an account with positions"),
        ({"trade_from": "2019-02-06"}, "the argument trade_from"),
        ({"sizer": "FixedRisk()"}, "the sizer FixedRisk()"),
        ({"set": {"imd_valuation": "cost"}, "rules": "2026-07-01"}, "the parameter imd_valuation at cost"),
    ):
        (one,) = replay.run([sized | more])
        assert (one.left, one.metrics) == (why, {}), more


def test_a_call_that_falls_due_is_left_to_a_full_run():
    """A Fed call is due four business days after the trade (rulebook: T+2 and two more in 2019); until then the replay answers."""
    rising = {"cash": 10_000.0, "sizer": "PercentOfEquity(percent=250)", "account": {"pattern_day_trader": True, "last_equity": 30_000.0}}
    for days, left in ((4, ""), (5, "a margin call fell due and the brokerage sells")):
        made = bars(5, symbols=1, days=days, start="2019-02-04", price=(40, 60))
        differs, one, _ = beside(recording(Holder, made), made, rising)
        assert not differs
        assert one.left == left, days
        if not left:
            assert one.metrics["calls_fed"] == 1


@pytest.mark.parametrize(
    ("asks", "why"),
    [
        ({"exectype": bt.Order.StopTrail, "trailamount": 0.5}, "an order with trailamount="),
        ({"exectype": bt.Order.Close}, "an order of the type Close"),
        ({"transmit": False}, "an order in parts (transmit, tradeid)"),
        ({"tradeid": 3}, "an order in parts (transmit, tradeid)"),
    ],
)
def test_orders_that_a_replay_does_not_know(asks, why):
    class Asks(bt.Strategy):
        def next(self):
            if len(self) == 5:
                self.buy(size=1, **asks)

    made = bars(1, symbols=1, days=2)
    with pytest.raises(Unsupported) as error:
        recording(Asks, made)
    assert str(error.value) == why


def test_daily_bars_are_not_replayed():
    frame = bars(1, symbols=1, days=3).frame("S0")
    daily = frame.resample("D").agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}).dropna().reset_index()
    made = study.load_bars(daily.assign(symbol="S0"))
    with pytest.raises(Unsupported, match="daily bars"):
        recording(Holder, made)


class Insists(bt.Strategy):
    """Buys until it has a position: what it asks for hangs on the answers."""

    def next(self):
        if not self.position and len(self) % 7 == 0:
            self.buy(size=400)
        elif self.position and len(self) % 11 == 0:
            self.close()


def test_a_strategy_that_insists_differs_from_its_replay():
    made = bars(2, symbols=1, days=3, price=(90, 110))
    replay = recording(Insists, made)
    (one,) = replay.run([{"cash": 24_000.0, "block_on": "entry"}], whole=True)
    full = study.run(Insists, made, cash=24_000.0, block_on="entry")
    assert full.summary["refused"] > 3
    assert difference(full, one, replay)


def test_the_first_difference_is_told_with_both_values():
    made, params, _ = story(3)
    replay = recording(Wild, made, params=params)
    arguments = {"cash": 60_000.0, "sizer": "PercentOfEquity(percent=100)", "account": {"pattern_day_trader": True}}
    (one,) = replay.run([arguments | {"params": params}], whole=True)
    full = study.run(Wild, made, params=params, **arguments)
    assert not difference(full, one, replay)
    assert one.calls and one.restrictions
    order, fill, values = one.orders[0], one.fills[0], one.values.copy()
    values[-1] += 1.0
    for other, words in (
        ({"orders": [order._replace(qty=order.qty + 1), *one.orders[1:]]}, "the full run sends "),
        ({"orders": [order._replace(feed=1 - order.feed), *one.orders[1:]]}, "the full run sends "),
        ({"orders": [order._replace(reason="WASH"), *one.orders[1:]]}, " is accepted in the full run and WASH in the replay"),
        ({"orders": one.orders[:-1]}, ", the replay nothing more"),
        ({"fills": [fill._replace(price=fill.price + 0.01), *one.fills[1:]]}, f", the replay {'buy' if fill.qty > 0 else 'sell'} "),
        ({"fills": [*one.fills, fill]}, "the full run fills nothing more, the replay "),
        ({"values": values}, " in the full run and $"),
        ({"calls": one.calls[:-1]}, ", the replay nothing more"),
        ({"calls": [*one.calls[:-1], one.calls[-1]._replace(amount=1.0)]}, " $1 issued on "),
        ({"restrictions": one.restrictions[1:]}, "the full run sets "),
    ):
        said = difference(full, one._replace(**other), replay)
        assert words in said and said.startswith(("the full run ", "equity at ", "buy ", "sell ")), (other, said)


def test_extended_hours_are_valued_and_orders_in_them_left():
    made = bars(4, symbols=1, days=3, price=(40, 60), last_hour=18)

    class AtTheClose(bt.Strategy):
        params = (("after", 6.0),)

        def next(self):
            now = self.data.datetime.time(0)
            if (now.hour, now.minute) == (10, 0):
                self.buy(size=20)
            if now.hour == 16 and now.minute == self.p.after:
                self.close()

    for after, left in ((70, ""), (5, "an order was sent or filled after the close")):
        params = {"after": after}
        differs, one, _ = beside(recording(AtTheClose, made, params=params), made, {"cash": 9_000.0}, params=params)
        assert (differs, one.left) == ("", left)


def test_one_core_or_several_and_in_any_order_the_same():
    made, params, _ = story(3)
    replay, variants = recording(Wild, made, params=params), accounts(random.Random(9), 24)
    forward = replay.run(variants, jobs=1)
    assert [one.metrics for one in replay.run(variants, jobs=4)] == [one.metrics for one in forward]
    assert [one.metrics for one in reversed(replay.run(variants[::-1], jobs=2))] == [one.metrics for one in forward]


def test_recording_changes_nothing():
    made, params, _ = story(1)
    record, result = record_of(study.run, Wild, made, {"cash": 100_000.0, "params": params})
    plain = study.run(Wild, made, cash=100_000.0, params=params, rules="off")
    assert result.values.tolist() == plain.values.tolist()
    assert len(record.intents) >= result.summary["orders"] > 0
    assert isinstance(Replay(Wild, made, made.symbols, record, len(result.times)), Replay)
