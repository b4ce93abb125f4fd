"""What the rules cost: every number here is computed by hand from the bars."""

from datetime import date, datetime

import backtrader as bt
import pandas as pd
import pytest
from made_bars import Plan, days, minutes

from bt_pdt.comparison import COLUMNS, compare
from bt_pdt.comparison.costs import PARTS, in_cents

#: Three day trades made on the Friday before: the next one is the fourth, until 2025-03-07.
USED_UP = {"daytrades": [(date(2025, 2, 28), "Z", 3)]}
#: In at 101 and out at 104 on Monday; a fall over the night.
X = {
    "2025-03-03": [(100, 100), (101, 102), (102, 105), (104, 106)],
    "2025-03-04": [(90, 91), (92, 93), (93, 93)],
}
#: Daily prices of a share that loses half of its value.
FALL = [100, 100, 100, 75, 70, 66, 60, 60, 58, 57, 50]
ROUND_TRIP = {"03-03 09:31": {"X": 10}, "03-03 09:33": {"X": "close"}}


def parts(found, variant):
    """(whole, the parts that are not 0) of a variant."""
    row = found.costs.loc[variant]
    return row.cost, {part: row[part] for part in PARTS if row[part]}


def events(found, variant):
    table = found.cost_events[found.cost_events.variant == variant]
    return [tuple(row) for row in table[["part", "symbol", "order", "direct", "knock_on"]].itertuples(index=False)]


@pytest.fixture(scope="module")
def trip():
    return compare(Plan, minutes(X=X), cash=10_000, account=USED_UP, params={"plan": ROUND_TRIP, "insist": True})


def test_a_trade_never_opened(trip):
    """Off buys 10 at 101 and sells at 104: 30 dollars that entry does not make."""
    assert trip["off"].profit == pytest.approx(30) and trip["entry"].profit == 0
    assert parts(trip, "entry") == (30.0, {"never_opened": 30.0})
    assert events(trip, "entry") == [("never_opened", "X", "1", 30.0, 0.0)]


def test_an_exit_delayed_over_the_night(trip):
    """Exit keeps the 10 shares and sells at 92 the next day: 10 x (92 - 101) = -90, so 30 - -90 = 120."""
    assert trip["exit"].profit == pytest.approx(-90)
    assert parts(trip, "exit") == (120.0, {"exits_delayed": 120.0})
    ((part, symbol, order, direct, knock_on),) = events(trip, "exit")
    assert (part, symbol, order, direct, knock_on) == ("exits_delayed", "X", "2", 120.0, 0.0)
    cause = trip.cost_events[trip.cost_events.variant == "exit"].iloc[0]
    assert cause["at"] == pd.Timestamp("2025-03-03 09:33") and cause.reason == "PDT_COUNT" and "day trade" in cause.why


def test_what_being_stuck_cost(trip):
    """10 shares over the night from the close of 106 to the open of 90."""
    (night,) = trip.stuck.to_dict("records")
    assert (night["variant"], night["symbol"], night["session"]) == ("exit", "X", pd.Timestamp("2025-03-03"))
    assert (night["qty"], night["close"], night["next_open"], night["pnl"]) == (10, 106, 90, -160)
    assert night["refused"] == 2 and night["reason"] == "PDT_COUNT"
    assert trip.table.stuck_pnl.to_dict() == {"off": 0, "entry": 0, "exit": -160, "both": 0}
    assert trip.table.stuck_overnight.to_dict() == {"off": 0, "entry": 0, "exit": 1, "both": 0}


def test_the_table(trip):
    table = trip.table
    assert list(table.index) == ["off", "entry", "exit", "both"]
    assert [column for column in table.reset_index() if not column.startswith("refused_")] == list(COLUMNS["table"])
    assert table.refused_PDT_COUNT.to_dict() == {"off": 0, "entry": 1, "exit": 2, "both": 1}
    assert table.entries_refused.to_dict() == {"off": 0, "entry": 1, "exit": 0, "both": 1}
    assert table.exits_refused.to_dict() == {"off": 0, "entry": 0, "exit": 2, "both": 0}
    assert table.day_trades.to_dict() == {"off": 1, "entry": 0, "exit": 0, "both": 0}
    assert table["return"].round(6).to_dict() == {"off": 0.003, "entry": 0, "exit": -0.009, "both": 0}
    assert table.cost.iloc[1:].to_dict() == {"entry": 30, "exit": 120, "both": 30}
    for name in ("costs", "cost_events", "stuck"):
        shown = getattr(trip, name)
        assert list(shown.reset_index() if name == "costs" else shown) == list(COLUMNS[name])


def test_a_stuck_short_gains_when_the_price_falls():
    """Sold short at 101, cover asked at 09:33: off covers at 104 (-30); exit holds -10 over the night and covers at 92 (+90)."""
    plan = {"03-03 09:31": {"X": -10}, "03-03 09:33": {"X": "close"}}
    found = compare(Plan, minutes(X=X), modes=["off", "exit"], cash=10_000, account=USED_UP, params={"plan": plan, "insist": True})
    assert parts(found, "exit") == (-120.0, {"exits_delayed": -120.0})
    assert found.stuck.pnl.tolist() == [160]


def test_no_next_session_no_gap():
    bars = minutes(X={"2025-03-03": X["2025-03-03"]})
    found = compare(Plan, bars, modes=["off", "exit"], cash=10_000, account=USED_UP, params={"plan": ROUND_TRIP, "insist": True})
    assert found.stuck.next_open.isna().all() and found.table.stuck_pnl["exit"] == 0 and found.table.stuck_overnight["exit"] == 1
    assert parts(found, "exit") == (-20.0, {"exits_delayed": -20.0})  # still held at 106: 50 on paper against 30


def test_another_size_is_a_knock_on():
    """On Friday a tenth of equity in shares at 10: 1,003 against 1,000, and a dollar up until Monday makes 3 dollars of difference."""
    flat = {"2025-03-03": [(10, 10)], "2025-03-07": [(10, 10), (10, 10), (10, 10)], "2025-03-10": [(11, 11), (11, 11)]}
    plan = {**ROUND_TRIP, "03-07 09:31": {"Y": lambda equity: int(equity / 10)}}
    found = compare(Plan, minutes(X=X, Y=flat), modes=["off", "entry"], cash=10_000, account=USED_UP, params={"plan": plan}, jobs=1)
    assert (found["off"].profit, found["entry"].profit) == (pytest.approx(1_033), pytest.approx(1_000))
    assert parts(found, "entry") == (33.0, {"never_opened": 33.0})
    assert events(found, "entry") == [("never_opened", "X", "1", 30.0, 3.0)]
    first, second = found.divergence_list("off", "entry")[0], found.divergence_list("off", "entry")[-1]
    assert (first.what, second.what) == ("answered differently", "another size")
    assert (second.symbol, second.qty_a, second.qty_b) == ("Y", 1_003, 1_000)


def test_entry_and_exit_in_one_run():
    """Both ways at once under both: the short of Y is refused at entry, X carried in may be sold but not bought back."""
    y = {"2025-03-03": [(50, 50), (50, 51), (49, 48), (47, 46)], "2025-03-04": [(46, 46), (46, 46), (46, 46)]}
    plan = {"03-03 09:31": {"X": 10, "Y": -20}, "03-03 09:33": {"X": "close", "Y": "close"}}
    found = compare(Plan, minutes(X=X, Y=y), cash=10_000, account=USED_UP, params={"plan": plan, "insist": True})
    # off: X +30, Y short 20 at 50 covered at 47: +60
    assert found["off"].profit == pytest.approx(90)
    assert parts(found, "entry") == (90.0, {"never_opened": 90.0})
    assert sorted(events(found, "entry")) == [("never_opened", "X", "1", 30.0, 0.0), ("never_opened", "Y", "2", 60.0, 0.0)]
    # exit: X sold at 92 (-90), Y covered at 46 (+80)
    assert found["exit"].profit == pytest.approx(-10)
    assert parts(found, "exit") == (100.0, {"exits_delayed": 100.0})
    assert sorted(event[1:] for event in events(found, "exit")) == [("X", "3", 120.0, 0.0), ("Y", "4", -20.0, 0.0)]


class Smaller(bt.Strategy):
    """Wants 300 shares, takes 10 where that is refused; sends its close after every bar from 09:33 on."""

    def __init__(self):
        self.refused = False

    def notify_order(self, order):
        self.refused = self.refused or (order.status == order.Rejected and order.isbuy())

    def next(self):
        if len(self) == 1:
            self.buy(size=300)
        elif len(self) == 2 and self.refused:
            self.buy(size=10)
        elif len(self) >= 3 and self.position:
            self.close()


def test_an_exit_of_another_size_takes_its_own_shares_only():
    """30,000 of X is over the 20,000 that 10,000 buy, so exit takes 10 at 102 instead and cannot sell them on Monday.

    Off makes 300 x (104 - 101) = 900. Had the exit passed, the ten would have made 10 x (104 - 102) = 20: 880 were never opened. They are
    sold at 92 and lose 100: the exit cost 120.
    """
    found = compare(Smaller, minutes(X=X), modes=["off", "exit"], cash=10_000, account=USED_UP)
    assert (found["off"].profit, found["exit"].profit) == (pytest.approx(900), pytest.approx(-100))
    assert parts(found, "exit") == (1_000.0, {"never_opened": 880.0, "exits_delayed": 120.0})
    assert [event[:4] for event in events(found, "exit")] == [("never_opened", "X", "1", 880.0), ("exits_delayed", "X", "3", 120.0)]


def test_a_refused_exit_takes_over_what_only_the_variant_holds():
    """Exit takes its ten at 104, when off is out already: they stand at 106 (20 gained) when their exit is refused, and are sold at 92."""

    class Later(Smaller):
        def next(self):
            if len(self) == 1:
                self.buy(size=300)
            elif len(self) == 3 and self.refused:
                self.buy(size=10)
            elif len(self) >= 3 and self.position:
                self.close()

    found = compare(Later, minutes(X=X), modes=["off", "exit"], cash=10_000, account=USED_UP)
    assert (found["off"].profit, found["exit"].profit) == (pytest.approx(900), pytest.approx(-120))
    assert parts(found, "exit") == (1_020.0, {"never_opened": 880.0, "exits_delayed": 140.0})


def test_commission_goes_with_the_trade():
    """30 dollars less 0.10 a share both ways: off makes 30 - 2, and that is what the refused entry cost."""

    class Paid(Plan):
        def start(self):
            self.broker.setcommission(commission=0.1, commtype=bt.CommInfoBase.COMM_FIXED, stocklike=True)

    found = compare(Paid, minutes(X=X), modes=["off", "entry"], cash=10_000, account=USED_UP, params={"plan": ROUND_TRIP}, jobs=1)
    assert parts(found, "entry") == (28.0, {"never_opened": 28.0})


def test_forced_sales(fall_compared):
    """Of 195 shares from 100 down to 50, 73 are sold at 60 for the first call and 58 at 50 for the second: 73 x (60 - 50) spared."""
    found = fall_compared
    interest = found["entry"].summary["interest"]
    assert found["off"].profit == pytest.approx(-9_750) and found["entry"].profit == pytest.approx(-9_020 - interest, abs=0.005)
    assert found.costs.forced_sales.tolist() == [-730] * 3 and found.costs.other.tolist() == [0] * 3
    assert found.costs.interest_and_fees.tolist() == pytest.approx([interest] * 3)
    sold = [event for event in events(found, "entry") if event[0] == "forced_sales"]
    assert [event[3:] for event in sold] == [(-730.0, 0.0)]  # the second sale was at the price that then stood
    first = found.first_divergence("off", "entry")
    assert first.order.what == "forced sale in entry" and first.order.at == datetime(2025, 2, 27, 9, 30)
    assert first.order.answer_b == "sold by the brokerage" and first.order.filled_b == 73 and first.order.price_b == 60
    assert "maintenance call c1" in first.order.why and first.order.rule is not None
    assert first.state_a["positions"] == first.state_b["positions"] == {"DLY": 195}
    assert first.state_a["equity"] == 195 * 60 - 9_500 == 2_200  # at the close before


class Leveraged(bt.Strategy):
    def next(self):
        if len(self) == 1:
            self.buy(size=195)


@pytest.fixture(scope="module")
def fall_compared():
    return compare(Leveraged, days("DLY", "2025-02-18", FALL + [50] * 18), cash=10_000)


def test_interest():
    """195 shares at 100 on 10,000: a debit of 9,500, settled from 2025-02-20, 7.2 % / 360 is 1.90 a day, 11 days until March."""
    bars = days("DLY", "2025-02-18", [100] * 13)
    found = compare(Leveraged, bars, modes=["off", "both"], cash=10_000, set={"margin_interest_rate": 0.072})
    assert parts(found, "both") == (20.9, {"interest_and_fees": 20.9})
    assert events(found, "both") == [("interest_and_fees", None, None, 20.9, 0.0)]
    assert found.table.interest.to_dict() == {"off": 0, "both": 20.9}


def test_deposits_are_no_profit():
    """5,000 come in by the calendar in both runs: the profits and their difference stay."""
    found = compare(
        Plan,
        minutes(X=X),
        modes=["off", "entry"],
        cash=10_000,
        account=USED_UP,
        deposits=[("2025-03-04", 5_000)],
        params={"plan": ROUND_TRIP},
    )
    assert found.table.profit.to_dict() == {"off": 30, "entry": 0} and parts(found, "entry") == (30.0, {"never_opened": 30.0})


def test_nothing_refused_costs_nothing():
    found = compare(Plan, minutes(X=X), cash=30_000, params={"plan": ROUND_TRIP})
    assert found.costs.cost.tolist() == [0, 0, 0] and len(found.cost_events) == 0
    assert found.first_divergence("off", "exit") is None and len(found.divergences("off", "exit")) == 0
    assert "the rules cost nothing" in found.conclusions[0] and "come to the same" in " ".join(found.conclusions)


@pytest.mark.parametrize(
    ("amounts", "total", "rounded"),
    [
        ([0.333333, 0.333333, 0.333333], 1.00, [0.34, 0.33, 0.33]),
        ([0.004, 5.0, 0.004], 5.01, [0.01, 5.0, 0.0]),
        ([1.006, -1.006], 0.0, [1.01, -1.01]),
        ([2.0], 2.0, [2.0]),
        ([], 0.0, []),
    ],
)
def test_odd_cents_go_where_rounding_took_most(amounts, total, rounded):
    assert in_cents(amounts, total) == rounded
