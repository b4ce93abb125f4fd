"""Where a replay and a full run could part: found by looking for it, kept so that they do not part again."""

import datetime
import random

import backtrader as bt
import pandas as pd
import pytest

pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")

import numba
from wild import bars, beside, days_from, recording

from bt_pdt.core.errors import BadInput
from bt_pdt.core.orders import Asset
from bt_pdt.runs import study
from bt_pdt.whatif.kernel import worth


@numba.njit
def cents(amount):
    """The compiled function has no way in from Python of its own."""
    return worth.cents(amount)


@numba.njit
def plus(total, lost, more):
    return worth.plus(total, lost, more)


def asks(at):
    """A strategy that asks once at each of the times of ``at``: ``{"2019-02-04 10:00": (action, arguments)}``."""

    class Asks(bt.Strategy):
        def next(self):
            now = f"{max(data.datetime.datetime(0) for data in self.datas if len(data)):%Y-%m-%d %H:%M}"
            for action, arguments in at.get(now, ()):
                words = dict(arguments)
                words["data"] = self.datas[words.pop("feed", 0)]
                getattr(self, action)(**words)

    return Asks


def minutes(**symbols):
    """Bars of a minute: ``S0={"2019-02-04 09:31": 50.0}`` is one at 50, ``(open, high, low, close)`` another."""
    rows = []
    for symbol, given in symbols.items():
        for at, prices in given.items():
            begin, high, low, end = prices if isinstance(prices, tuple) else (prices,) * 4
            rows.append((pd.Timestamp(at), symbol, begin, high, low, end, 1000))
    frame = pd.DataFrame(rows, columns=["datetime", "symbol", "open", "high", "low", "close", "volume"])
    return study.load_bars(frame.sort_values(["symbol", "datetime"]))


def steady(*days, price=50.0, until="16:00", but=()):
    """A bar a minute from 09:31 to ``until``; ``but`` are others by time."""
    found = {}
    for day in days:
        for at in pd.date_range(f"{day} 09:31", f"{day} {until}", freq="min"):
            found[f"{at:%Y-%m-%d %H:%M}"] = price
    return dict(sorted((found | dict(but)).items()))


def same(made, strategy, arguments, **common):
    """The replayed variant, which differs in nothing from the full run."""
    differs, one, full = beside(recording(strategy, made, **common), made, arguments, **common)
    assert not differs, differs
    assert not one.left
    return one, full


def left(made, strategy, arguments, **common):
    (one,) = recording(strategy, made, **common).run([common | arguments])
    return one.left


def test_a_wrapper_of_fractions_around_a_sizer_of_whole_shares():
    """Whole shares are trimmed to a fraction, but never become one where all of them are accepted."""
    made = bars(5, symbols=1, days=2, price=(300, 310))
    strategy = asks({"2019-02-04 10:00": [("buy", {})]})
    for percent, whole in ((30, True), (390, False)):
        sizer = f"Trimmed(PercentOfEquity(percent={percent}), fractional=True)"
        one, _ = same(made, strategy, {"cash": 5_000.0, "brokerage": "finra", "sizer": sizer})
        assert (one.orders[0].qty % 1 == 0) is whole


def test_fractions_of_a_share_at_a_brokerage_that_takes_them_in_day_orders_only():
    """Alpaca: a market order for a fraction is sent as a day order; a limit without an end, and what is sold short, is refused."""
    made = minutes(S0=steady("2026-06-08", price=300.0), S1=steady("2026-06-08", price=60.0))
    limit = {"exectype": bt.Order.Limit, "size": 1.5, "price": 60.0, "feed": 1}
    until = limit | {"valid": datetime.datetime(2026, 6, 8, 15)}
    strategy = asks(
        {
            "2026-06-08 10:00": [("buy", {})],
            "2026-06-08 10:10": [("buy", limit), ("buy", until)],
            "2026-06-08 10:20": [("sell", until)],
            "2026-06-08 10:30": [("sell", until)],
            "2026-06-08 10:40": [("sell", {"feed": 1})],
        }
    )
    for sizer, first, short, reason in (
        ("PercentOfEquity(percent=31)", 5.0, -25.0, ""),
        ("PercentOfEquity(percent=31, fractional=True)", 1_550 / 300, -1_550 / 60, "INVALID_ORDER"),
        ("Trimmed(PercentOfEquity(percent=31), fractional=True)", 5.0, -25.0, ""),
        ("Trimmed(PercentOfEquity(percent=31, fractional=True))", 1_550 / 300, -25.0, ""),
    ):
        one, _ = same(made, strategy, {"cash": 5_000.0, "sizer": sizer})
        assert [order.qty for order in one.orders] == pytest.approx([first, 1.5, 1.5, -1.5, -1.5, short]), sizer
        assert [order.reason for order in one.orders] == ["", "INVALID_ORDER", "", "", "INVALID_ORDER", reason], sizer


def test_available_cash_only_after_a_day_trade_call_that_was_not_met():
    """The bare rule: beyond four times the excess on the first day, called, unmet on its due day; from then on the day's cash, and no shorts."""
    days = [f"{day}" for day in days_from("2019-02-04", 4)]
    made = minutes(S0=steady(*days))
    asked = {f"{days[0]} 10:00": [("buy", {"size": 2_300})], f"{days[0]} 11:00": [("close", {})]}
    for day in days[2:]:
        asked |= {f"{day} 10:00": [("buy", {"size": 1_300})], f"{day} 10:10": [("buy", {"size": 900})], f"{day} 10:20": [("close", {})]}
        asked |= {f"{day} 10:30": [("buy", {"size": 400})], f"{day} 10:40": [("close", {})], f"{day} 10:50": [("sell", {"size": 10})]}
    account = {"pattern_day_trader": True, "last_equity": 26_000.0}
    rules = {"dtbp_check": "off", "dt_call_days": 1}
    one, _ = same(made, asks(asked), {"cash": 60_000.0, "brokerage": "finra", "account": account, "set": rules})
    assert [each.kind for each in one.restrictions] == ["buying_power_2x", "cash_available"]
    reasons = [order.reason for order in one.orders[2:]]
    assert reasons == ["CASH_AVAILABLE", "", "", "CASH_AVAILABLE", "CASH_AVAILABLE"] * 2


def test_orders_that_are_good_till_cancelled_end_at_the_brokerage():
    """Alpaca keeps them 90 days: of 2026-06-08 to 2026-09-04, the last session up to 2026-09-06. The host keeps its own, and fills it after."""
    days = [f"{day}" for day in days_from("2026-06-08", 65)]
    prices = {f"{day} {at}": 50.0 for day in days for at in ("10:00", "10:01", "10:02")} | {f"{days[-1]} 10:02": 39.0}

    class Asks(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.buy(size=100, exectype=bt.Order.Limit, price=40.0)

    one, _ = same(minutes(S0=prices), Asks, {"cash": 10_000.0})
    held = [row["session"] for row in one.rows if row["regt_buying_power"] == 16_000.0]
    assert (held[0], held[-1], days[-1]) == ("2026-06-08", "2026-09-03", "2026-09-09")
    assert one.rows[-2]["regt_buying_power"] == 20_000.0 and len(one.fills) == 1


def test_an_order_that_expires_after_the_close_is_held_back_at_the_close():
    made = minutes(S0=steady("2019-02-04") | {"2019-02-04 16:05": 50.0} | steady("2019-02-05"))
    valid = datetime.datetime(2019, 2, 4, 16, 3)
    strategy = asks({"2019-02-04 10:00": [("buy", {"size": 100, "exectype": bt.Order.Limit, "price": 40.0, "valid": valid})]})
    one, _ = same(made, strategy, {"cash": 10_000.0})
    assert [row["regt_buying_power"] for row in one.rows] == [16_000.0, 20_000.0]  # 2 x $10,000, less $4,000 that the order may cost


def test_a_session_with_bars_after_its_close_only_closes_at_the_prices_before():
    late = {"2019-02-05 16:30": 60.0, "2019-02-05 16:31": 61.0}
    made = minutes(S0=steady("2019-02-04") | late | steady("2019-02-06"))
    one, _ = same(made, asks({"2019-02-04 10:00": [("buy", {"size": 100})]}), {"cash": 10_000.0})
    assert [row["maintenance_margin"] for row in one.rows] == [1_500.0] * 3  # 30 % of 100 at 50


def test_a_stop_limit_filled_on_a_bar_of_yesterday_is_left():
    """Triggered on the last bar of its feed, filled when another feed has one: booked at its own time, before that session's close."""
    yesterday = steady("2019-02-04", but={"2019-02-04 16:00": (50.0, 51.0, 49.5, 50.6)})
    other = steady("2019-02-04", "2019-02-05") | {"2019-02-05 08:00": 70.0}
    made = minutes(S0=yesterday | {"2019-02-05 10:00": 50.0}, S1=dict(sorted(other.items())))
    order = {"size": 10, "exectype": bt.Order.StopLimit, "price": 50.8, "plimit": 50.5}
    strategy = asks({"2019-02-04 15:59": [("buy", order)]})
    full = study.run(strategy, made, cash=10_000.0)
    assert full.summary["fills"] == 1
    assert left(made, strategy, {"cash": 10_000.0}) == "an order was filled on a bar that had ended before"


def test_a_position_that_ends_in_rounding_is_left():
    """0.1 + 0.2 - 0.3 is not 0: the host still holds it, and closes it."""
    made = minutes(S0=steady("2019-02-04"))
    times = ("10:00", "10:10", "10:20", "10:30")
    orders = [("buy", {"size": 0.1}), ("buy", {"size": 0.2}), ("sell", {"size": 0.3}), ("close", {})]
    strategy = asks({f"2019-02-04 {at}": [order] for at, order in zip(times, orders, strict=True)})
    assert left(made, strategy, {"cash": 10_000.0, "brokerage": "finra"}) == "a position ended in a fraction of a share that is rounding"


@pytest.mark.parametrize(("minute", "filled"), [(31, False), (33, True), (34, False), (36, True)])
def test_valid_as_a_float_ends_where_the_host_ends_it(minute, filled):
    """Time added up as a float lies a hair before the bar that it means, or on it."""
    at = datetime.datetime(2019, 2, 4, 9, minute) + datetime.timedelta(minutes=7)
    made = minutes(S0=steady("2019-02-04", but={f"{at:%Y-%m-%d %H:%M}": (50.0, 50.0, 39.0, 50.0)}))

    class Asks(bt.Strategy):
        def next(self):
            if len(self) == minute - 30:
                self.buy(size=100, exectype=bt.Order.Limit, price=40.0, valid=self.data.datetime[0] + 7 / 1440)

    one, _ = same(made, Asks, {"cash": 10_000.0})
    assert (len(one.orders), bool(one.fills)) == (1, filled)


def test_valid_as_a_part_of_a_day_is_long_over():
    """Backtrader takes a number for a date since year 1: the order ends with the next bar, and is a day order at the brokerage."""
    made = minutes(S0=steady("2019-02-04", "2019-02-05"))
    order = {"size": 100, "exectype": bt.Order.Limit, "price": 40.0, "valid": 5 / 1440}
    one, _ = same(made, asks({"2019-02-04 10:00": [("buy", order)], "2019-02-04 16:00": [("buy", order)]}), {"cash": 10_000.0})
    assert [row["regt_buying_power"] for row in one.rows] == [20_000.0, 20_000.0]


def test_cancelling_an_order_that_was_never_made_is_left():
    """The recorded run has an order where the variant's sizer gives nothing: to cancel that is an error of the strategy, or it has looked."""

    class Cancels(bt.Strategy):
        def next(self):
            if len(self) == 5:
                self.order = self.buy(exectype=bt.Order.Limit, price=10.0)
            if len(self) == 9:
                self.cancel(self.order)

    made = minutes(S0=steady("2019-02-04"))
    replay = recording(Cancels, made)
    one, none = replay.run([{"cash": 10_000.0}, {"cash": 10_000.0, "sizer": "PercentOfEquity(percent=0.01)"}])
    assert (one.left, none.left) == ("", "an order was cancelled that was never made")


def test_a_watching_brokerage_sees_the_add_on_of_a_concentrated_position():
    """Alpaca from 2026-06-04: 50 % where one stock is 70 % of all long and $100,000 are lent. $250,000 on $125,000, and a fall."""
    days = ("2026-06-08", "2026-06-09")
    fall = {f"2026-06-08 11:{minute:02}": 49.0 for minute in range(60)}
    made = minutes(S0=steady(*days, but=fall))
    strategy = asks({"2026-06-08 10:00": [("buy", {"size": 5_000})]})
    arguments = {"cash": 126_000.0, "set": {"maintenance_real_time": True}}
    assert study.run(strategy, made, **arguments).summary["forced_fills"]
    assert left(made, strategy, arguments).startswith("a requirement was broken during the session")


@pytest.mark.parametrize(
    ("override", "rules", "why"),
    [
        ({"settlement_days": 8}, "as_of", "a settlement in more than 7 days"),
        ({"fed_call_window_months": 25}, "as_of", "a window of more than 24 months"),
        ({"pdt_window_business_days": 10}, "as_of", "day trades counted over more than 9 business days"),
        ({"dt_call_days": 51}, "as_of", "a day-trade call due in more than 50 business days"),
        ({"imd_expiry_days": 1}, "2026-07-01", "an intraday margin call that expires before it is due"),
        ({"concentration_share": 0.5}, "2026-07-01", "a concentration that two positions can have at once"),
        ({"concentration_share": 0.7}, "as_of", "arguments that a run does not take"),
    ],
)
def test_a_law_beyond_what_a_replay_holds_is_left(override, rules, why):
    made = minutes(S0=steady("2019-02-04"))
    assert left(made, asks({"2019-02-04 10:00": [("buy", {"size": 1})]}), {"set": override, "rules": rules}) == why


@pytest.mark.parametrize(
    "wrong",
    [
        {"cash": -1.0},
        {"cash": "much"},
        {"block_on": "entry", "pdt_check": "exit"},
        {"pdt_check": "warn"},
        {"brokerage": "nobody"},
        {"rules": "yesterday"},
        {"set": {"pdt_minimum": 1}},
        {"set": {"pdt_min_equity": -5}},
        {"account": {"last_equity": float("inf")}},
        {"sizer": "PercentOfEquity(percent=-1)"},
    ],
)
def test_what_a_run_does_not_take_is_left_to_it(wrong):
    made = minutes(S0=steady("2019-02-04"))
    strategy = asks({"2019-02-04 10:00": [("buy", {})]})
    assert left(made, strategy, wrong) == "arguments that a run does not take"
    with pytest.raises(BadInput):
        study.run(strategy, made, **wrong)


def test_a_variant_is_on_the_recorded_bars():
    made = minutes(S0=steady("2019-02-04", "2019-02-05"), S1=steady("2019-02-04"))
    replay = recording(asks({"2019-02-04 10:00": [("buy", {})]}), made)
    for other, why in (
        ({"symbols": ["S1", "S0"]}, "other symbols than the recorded ones"),
        ({"assets": [Asset("S0", leverage=3)]}, "other facts about securities than the recorded ones"),
        ({"fromdate": "2019-02-05"}, "other dates than the recorded ones"),
        ({"todate": "2019-02-04"}, "other dates than the recorded ones"),
        ({"symbols": ["S0", "S1"], "assets": [], "fromdate": "2019-02-01", "todate": "2019-02-05"}, ""),
    ):
        (one,) = replay.run([other])
        assert one.left == why


def test_cents_are_rounded_as_python_rounds():
    rng = random.Random(5)
    for _ in range(20_000):
        half = (rng.randrange(-(10**7), 10**7) + 0.5) / 100
        assert cents(half) == round(half, 2)
        other = rng.uniform(-1e5, 1e5)
        assert cents(other) == round(other, 2)


def test_sums_are_taken_as_python_takes_them():
    """Its own ``sum`` keeps what rounding leaves out from 3.12 on: half a cent is rounded up or down by it."""
    rng = random.Random(7)
    for _ in range(2_000):
        amounts = [rng.randrange(-(10**7), 10**7) * 0.005 for _ in range(rng.randrange(1, 9))]
        total = lost = 0.0
        for amount in amounts:
            total, lost = plus(total, lost, amount)
        assert total + lost == sum(amounts)
