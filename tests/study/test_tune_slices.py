"""Parts of a search, its neighbours in name only, and the pictures of large grids. Bars typed by hand: every profit is a subtraction."""

from __future__ import annotations

from dataclasses import replace

import backtrader as bt
import pytest
from made_bars import days, minutes

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.tuning.pictures import MOST_TICKS, ticks

#: A market order sent after bar k (from 1) is filled at PRICES[k].
PRICES = [100.0, 100.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0, 109.0, 109.0]
BARS = days("X", "2025-03-03", PRICES)


class Hold(bt.Strategy):
    """Buys after the bar ``buy`` and sells ``hold`` bars later; the sizer says how many."""

    params = (("buy", 1), ("hold", 1))

    def next(self):
        if len(self) == self.p.buy:
            self.buy()
        if len(self) == self.p.buy + self.p.hold:
            self.close()


SPACE = {"buy": [1, 2, 3, 4], "hold": (1, 5), "sizer.stake": [10, 20], "block_on": ["entry", "exit", "both"]}


@pytest.fixture(scope="module")
def found():
    return bt_pdt.tune(
        Hold, BARS, SPACE, sizer="FixedSize()", objective=["profit", "max_drawdown"], constraints="profit < 180", method="grid", jobs=1
    )


def test_a_slice_is_a_search_of_its_trials(found):
    """Bought at 104 (bar 2), sold at 110, 108, 103, 107, 112: +6, +4, -1, +3, +8 a share; ten shares."""
    part = found.only({"sizer.stake": 10}, buy=2, block_on="exit")
    assert [(row["hold"], row["profit"]) for row in part.rows] == [(1, 60.0), (2, 40.0), (3, -10.0), (4, 30.0), (5, 80.0)]
    assert part.trials.trial.tolist() == [31, 37, 43, 49, 55], "numbers of the whole search: 30 trials a buy, 6 a hold, 3 a stake"
    assert part.best.parameters == {"buy": 2, "hold": 5, "sizer.stake": 10, "block_on": "exit"}
    assert part.best.result.summary["equity_end"] == 100_080.0
    assert part.conclusions[0] == "5 trials: those with buy 2, sizer.stake 10, block_on exit, of a search of 120."
    assert part.heading == "Hold, buy 2, sizer.stake 10, block_on exit"
    assert part.heatmap("hold", "buy").axes[0].get_title(loc="left") == part.part
    near = part.neighbours()
    assert near.table["profit"].tolist() == [80.0, 30.0], "of a dimension with one value there is no neighbour"
    assert near.kept == pytest.approx((30 - 40) / (80 - 40))


def test_constraints_and_luck_are_those_of_the_whole_search(found):
    """Twenty shares from 100 to 110 are +200: over the bound, so the slice of twenty has another winner, 104 to 112."""
    part = found.only({"sizer.stake": 20})
    assert part.best.values["profit"] == 160.0 and part.trials.feasible.sum() < len(part.trials) == 60
    assert part.deflated_sharpe.trials == found.deflated_sharpe.trials > 60
    assert part.deflated_sharpe.by_luck == found.deflated_sharpe.by_luck
    assert part.only(buy=2).whole is found and part.only(buy=2).part == "sizer.stake 20, buy 2"


def test_several_values_and_a_sizer_by_its_text():
    sizers = ["FixedSize(stake=10)", "FixedSize(stake=30)"]
    found = bt_pdt.tune(Hold, BARS, {"sizer": sizers, "hold": (1, 5)}, objective="profit", method="grid", jobs=1)
    part = found.only(sizer="FixedSize(stake=30)", hold=(2, 3, 4))
    assert part.trials.profit.tolist() == [300.0, 240.0, 90.0]
    assert part.part == "sizer FixedSize(stake=30), hold one of 3 values"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "only takes at least one dimension with its value, like cash=25_500"),
        ({"hodl": 2}, "dimension 'hodl' is not known; did you mean 'hold'"),
        ({"buy": 7}, "buy has no value 7 in this search; it has 1, 2, 3, 4"),
        ({"buy": 1, "hold": 5}, "none of the 3 trials has buy 1, hold 5"),
    ],
)
def test_what_a_slice_cannot_be(given, words):
    few = bt_pdt.tune(Hold, BARS, {"buy": [1, 2, 3, 4], "hold": (1, 5)}, objective="profit", method="random", trials=3, seed=1, jobs=1)
    assert (1, 5) not in {(row["buy"], row["hold"]) for row in few.rows}
    with pytest.raises(BadInput, match=words):
        few.only(given)


def test_a_mode_that_changes_nothing_is_no_plateau(found):
    """100 to 110, 104 to 112, ... with ten shares: the winner's run is the same in all modes, which says nothing about another ``hold``."""
    part = found.only({"sizer.stake": 10})
    near = part.neighbours()
    assert part.best.values["profit"] == 100.0 and len(near.table) == 1 + 1 + 2 + 2
    # beside 100: hold 1 is +40, hold 3 is +80, buy 2 is +40; the median of all twenty is 25
    assert near.kept == pytest.approx((40 - 25) / (100 - 25)) and near.plateau is False
    assert near.sentence.endswith("Not counted: 2 more that differ by a word which changes nothing.")


MORNING = minutes(X={"2025-03-03": [(100, 100), (101, 102), (102, 105), (104, 106), (105, 105)]})


def test_the_winner_of_a_slice_is_run_in_full_beside_its_replay():
    pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")
    found = bt_pdt.tune(
        Hold,
        MORNING,
        {"sizer.stake": [10, 20, 30, 40], "cash": [50_000.0, 60_000.0]},
        sizer="FixedSize()",
        objective="profit",
        method="grid",
        replay=True,
        verify=1,
        jobs=1,
    )
    part = found.only({"sizer.stake": 20})
    assert part.trials.replayed.all() and part.best.result.summary["equity_end"] == 50_000 + 20 * (102 - 101)
    wrong = part.swept.trials[0]
    wrong = wrong._replace(outcome=replace(wrong.outcome, metrics={**wrong.outcome.metrics, "profit": 21.0}))
    told = replace(part, swept=part.swept._replace(trials=(wrong, *part.swept.trials[1:])))
    with pytest.raises(BadInput, match=r"run in full, trial 2 has profit 20\.0, not 21\.0: the replay does not know something"):
        _ = told.best


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (range(2, 101), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        ([24_000.0 + 250 * k for k in range(17)], [24_000, 24_500, 25_000, 25_500, 26_000, 26_500, 27_000, 27_500, 28_000]),
        ([0.01 * k for k in range(1, 41)], [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]),
        ([3, 5, 8], [3, 5, 8]),
        ([2**k for k in range(14)], [1, 4, 16, 64, 256, 1024, 4096]),
        (list("abcdefghijklmnopqrstuvwxyz"), list("adgjmpsvy")),
    ],
)
def test_ticks_of_long_axes_are_round(values, written):
    chosen = [values[place] for place in ticks(values)]
    assert chosen == pytest.approx(written) if isinstance(written[0], int | float) else chosen == written
    assert len(chosen) <= MOST_TICKS


@pytest.mark.long
def test_a_large_heatmap_has_no_crosses_but_a_legend(found):
    """More cells than can be written into: infeasible ones are pale, and the legend says so."""
    large = bt_pdt.tune(
        Hold, BARS, {"sizer.stake": (1, 99), "buy": [1, 2]}, sizer="FixedSize()", objective="total_return", constraints="profit <= 200",
        method="grid", params={"hold": 2}, jobs=1,
    )  # fmt: skip
    figure = large.heatmap("sizer.stake", "buy")
    axis = figure.axes[0]
    assert not axis.texts and not axis.lines
    pale = axis.images[0].get_array()
    # bought at 100, sold at 110: 20 shares make 200; bought at 104, sold at 108: 50 shares do
    assert [int((~row.mask).sum()) for row in pale] == [99 - 20, 99 - 50]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["tried, infeasible", "best"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["10", "20", "30", "40", "50", "60", "70", "80", "90"]
