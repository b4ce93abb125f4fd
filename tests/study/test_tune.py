"""A search over bars typed by hand: the optimum is known, constraints bind, failures are kept, pictures and folders are made."""

from __future__ import annotations

import json
import math
from datetime import date, time

import backtrader as bt
import matplotlib
import numpy as np
import pytest
from made_bars import days, minutes

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.tuning import COLUMNS, METRICS
from bt_pdt.tuning.objectives import read_constraints, read_objectives
from bt_pdt.tuning.pictures import heatmap_data
from bt_pdt.tuning.robustness import best_by_luck, deflated_probability
from bt_pdt.tuning.space import read_space, space_from_text

#: A market order sent after bar k (from 1) is filled at PRICES[k].
PRICES = [100.0, 100.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0, 109.0, 109.0]
BARS = days("X", "2025-03-03", PRICES)


class Hold(bt.Strategy):
    """Buys ``size`` shares after the bar ``buy`` and sells them ``hold`` bars later; with ``hold`` equal to ``fail`` it raises."""

    params = (("buy", 1), ("hold", 1), ("size", 10), ("fail", 0), ("cash", 0), ("at", time(15, 30)))

    def next(self):
        if self.p.hold == self.p.fail:
            raise ValueError("this hold is not for me")
        if len(self) == self.p.buy:
            self.buy(size=self.p.size)
        if len(self) == self.p.buy + self.p.hold and self.position:
            self.close()


def made(buy, hold):
    """Ten shares bought at PRICES[buy] and sold at PRICES[buy + hold]."""
    return 10 * (PRICES[buy + hold] - PRICES[buy])


@pytest.fixture(scope="module")
def grid():
    space = {"buy": [4, 3, 2, 1], "hold": (1, 5)}
    return bt_pdt.tune(Hold, BARS, space, objective=["profit", "minimize orders"], constraints="max_drawdown > -0.5%", method="grid")


def test_the_optimum_is_found(grid):
    """From 100 to 110 is +100; 104 to 112 is +80, 108 to 112 is +40. Numbers of the space are in rising order, the last varies fastest."""
    assert [(row["buy"], row["hold"]) for row in grid.rows] == [(buy, hold) for buy in (1, 2, 3, 4) for hold in (1, 2, 3, 4, 5)]
    assert [row["profit"] for row in grid.rows] == [pytest.approx(made(row["buy"], row["hold"])) for row in grid.rows]
    best = grid.best
    assert (best.trial, best.parameters, best.values) == (1, {"buy": 1, "hold": 2}, {"profit": 100.0, "orders": 2.0})
    assert best.result.summary["equity_end"] == 100_100.0 and best.arguments["params"] == {"buy": 1, "hold": 2}
    assert grid.conclusions[1] == "Best is buy 1, hold 2 (trial 1): profit 100, orders 2."


def test_trials_are_tidy(grid):
    table = grid.trials
    assert list(table)[:5] == ["trial", "buy", "hold", "profit", "orders"] and set(COLUMNS) <= set(table)
    assert set(table.state) == {"complete"} and table.trial.tolist() == list(range(20)) and (table.seconds > 0).all()
    assert set(grid.best.result.summary) <= set(METRICS)


def test_neighbours(grid):
    """Beside buy 1, hold 2 (+100) lie buy 2 (+40), hold 1 (+40) and hold 3 (+80)."""
    near = grid.neighbours()
    assert [(row["buy"], row["hold"], row["profit"]) for row in near.table.to_dict("records")] == [
        (1, 2, 100.0),
        (2, 2, 40.0),
        (1, 1, 40.0),
        (1, 3, 80.0),
    ]
    # all twenty in order: -70 -50 -30 -20 -10 -10 -10 10 10 20 | 30 30 40 40 40 60 70 80 80 100
    assert near.kept == pytest.approx((40 - 25) / (100 - 25)) and near.plateau is False
    assert near.sentence.startswith("A spike: profit is 100 there, 40 at the median of its neighbours and 25 at the median of all")


def test_what_matters_and_pictures(grid):
    backend = matplotlib.get_backend()
    shares = grid.importance()
    assert sorted(shares.index) == ["buy", "hold"] and shares.sum() == pytest.approx(1.0)
    best, crossed = heatmap_data(grid, "hold", "buy")
    assert best[0].tolist() == [40.0, 100.0, 80.0, 30.0, 70.0] and not crossed.any()
    assert len(grid.heatmap("hold", "buy").axes) == 2 and len(grid.parallel().axes[0].lines) == 20 + 4
    assert grid.pareto_figure().axes[0].get_xlabel() == "profit" and matplotlib.get_backend() == backend
    with pytest.raises(BadInput, match="did you mean 'hold'"):
        grid.heatmap("hlod", "buy")


def test_the_folder_and_the_notebook(grid, tmp_path):
    folder = grid.save(tmp_path / "t")
    assert sorted(path.name for path in folder.iterdir()) == [
        "best",
        "heatmap.png",
        "parallel.png",
        "pareto.png",
        "trials.csv",
        "tuning.json",
    ]
    told = json.loads((folder / "tuning.json").read_text())
    assert told["best"] == {"trial": 1, "parameters": {"buy": 1, "hold": 2}} and len(told["trials"]) == 20
    assert bt_pdt.load(folder / "best").summary["equity_end"] == 100_100.0
    grid.save(folder)
    (folder / "mine.txt").touch()
    with pytest.raises(BadInput, match="holds other things"):
        grid.save(folder)
    assert "Best is buy 1, hold 2" in grid._repr_html_() and repr(grid).startswith("<Tuning of Hold: 20 trials")


# -- the law

#: Three day trades are used up; bars 1 to 4 are the first day, 5 to 7 the second.
USED_UP = {"daytrades": [(date(2025, 2, 28), "Z", 3)]}
TWO_DAYS = minutes(
    X={"2025-03-03": [(100, 100), (101, 102), (102, 105), (104, 106)], "2025-03-04": [(90, 91), (92, 93), (93, 93)]},
)


def law(**more):
    return bt_pdt.tune(Hold, TWO_DAYS, {"hold": [2, 4], "block_on": ["entry", "exit"]}, cash=10_000, account=USED_UP, method="grid", **more)


def test_constraints_bind():
    """Bought at 101. Sold the same day at 104 (+30) with the rules off; Block on Entry never buys; Block on Exit keeps it to 93 (-80).
    Held to the second day it is sold at 92 (-90), a day trade under no mode but expected by none: Block on Entry still never buys."""
    found = law(objective=["profit", "cost_of_rules"], constraints=["refused_exits == 0", "refusals <= 0"])
    assert [(r["hold"], r["block_on"], r["profit"], r["profit_off"], r["cost_of_rules"]) for r in found.rows] == [
        (2, "entry", 0.0, 30.0, 30.0),
        (2, "exit", -80.0, 30.0, 110.0),
        (4, "entry", 0.0, -90.0, -90.0),
        (4, "exit", -90.0, -90.0, 0.0),
    ]
    assert found.trials.feasible.tolist() == [False, False, False, True]
    assert found.trials.violated.tolist() == ["refused <= 0", "refused_exits == 0; refused <= 0", "refused <= 0", ""]
    assert found.trials.refused_PDT_COUNT.tolist() == [1, 1, 1, 0] and found.trials.refused_exits.tolist() == [0, 1, 0, 0]
    assert found.best.parameters == {"hold": 4, "block_on": "exit"} and len(found.pareto) == 1
    assert found.neighbours().sentence.startswith("A spike: none of the winner's 2 neighbours is feasible")


def test_functions_are_objectives_and_constraints():
    def shares(result):
        return float(result.fills["qty"].abs().sum())

    found = law(objective=shares, constraints=[lambda result: result.summary["refused"] <= 1, lambda result: result.summary["fills"] - 1])
    assert found.trials["shares"].tolist() == [0.0, 10.0, 0.0, 20.0]
    assert found.trials.feasible.tolist() == [True, True, True, False] and found.best.parameters == {"hold": 2, "block_on": "exit"}


def test_no_trial_is_feasible():
    found = law(objective="profit", constraints="calls >= 1")
    assert (
        found.winner is None and len(found.pareto) == 0 and found.conclusions[1].startswith("No trial is feasible (4 trials, 4 infeasible)")
    )
    with pytest.raises(BadInput, match="no trial is feasible"):
        _ = found.best
    found.parallel()


def test_a_trial_that_raises_is_kept():
    found = bt_pdt.tune(Hold, BARS, {"hold": [1, 2, 3]}, objective="profit", params={"fail": 2}, method="grid")
    assert found.trials.state.tolist() == ["complete", "failed", "complete"] and found.best.parameters == {"hold": 3}
    assert found.trials.error.tolist() == ["", "ValueError: this hold is not for me", ""] and math.isnan(found.trials["profit"][1])
    with pytest.raises(BadInput, match="every trial failed, the first with: ValueError: this hold is not for me"):
        _ = bt_pdt.tune(Hold, BARS, {"hold": [2]}, objective="profit", params={"fail": 2}, method="grid").best


def test_an_objective_that_does_not_exist_is_infeasible():
    """Without a trade there is no deviation and no Sharpe ratio."""
    found = bt_pdt.tune(Hold, BARS, {"size": [0, 10]}, objective="sharpe", method="grid", params={"buy": 99})
    assert found.trials.violated.tolist() == ["no sharpe", "no sharpe"] and found.winner is None


def test_a_strategy_that_does_not_do_the_same_twice_is_told():
    found = bt_pdt.tune(Erratic, BARS, {"size": [1]}, objective="profit", method="grid")
    with pytest.raises(BadInput, match="does not do the same twice"):
        _ = found.best


class Erratic(bt.Strategy):
    params = (("size", 1),)
    runs = 0

    def __init__(self):
        Erratic.runs += 1

    def next(self):
        if len(self) == 1:
            self.buy(size=Erratic.runs)


# -- out of sample


class Knows(bt.Strategy):
    """Keeps the closes it was shown."""

    params = (("size", 1),)
    seen: list[tuple[int, float, float]] = []  # noqa: RUF012

    def next(self):
        Knows.seen.append((self.p.size, self.data.datetime[0], self.data.close[0]))
        if len(self) == 1:
            self.buy(size=self.p.size)


def test_walk_forward_tests_on_what_was_not_searched():
    """Twelve sessions, three parts of four: searched on 1-4, tested on 5-8; searched on 1-8, tested on 9-12."""
    bars = days("X", "2025-03-03", [100.0, 101, 102, 103, 100, 99, 98, 97, 100, 101, 102, 103])
    walked = bt_pdt.tune(Knows, bars, {"size": [1, 2]}, objective="profit", method="grid").walk_forward(folds=2)
    assert [tuple(f"{day:%m-%d}" for day in fold.window) for fold in walked.folds] == [
        ("03-03", "03-06", "03-07", "03-12"),
        ("03-03", "03-12", "03-13", "03-18"),
    ]
    table = walked.table
    # filled on the second bar: 101 to 103 is +2 a share, 99 to 97 -2; over the first eight 101 to 97 -4, so one share loses less
    assert table["size"].tolist() == [2, 1]
    assert table.train_profit.tolist() == [4.0, -4.0] and table.test_profit.tolist() == [-4.0, 2.0]
    assert [str(day.date()) for day in walked.returns.index] == [
        *(f"2025-03-{day:02}" for day in (7, 10, 11, 12)),
        *(f"2025-03-{day}" for day in (13, 14, 17, 18)),
    ]
    assert walked.sentence.startswith("Over 2 folds profit is 0 on average where it was searched and -1 where it was tested")
    assert [fold.tuning.plan.bars.last.day for fold in walked.folds] == [6, 12]


def test_a_search_sees_nothing_of_its_test():
    """Other prices after the train sessions change nothing of the first fold's search; rolling windows forget the first part."""
    prices = [100.0, 101, 102, 103, 104, 105]
    a, b = (
        bt_pdt.tune(Knows, days("X", "2025-03-03", prices + end), {"size": [1, 2]}, objective="profit", method="grid")
        for end in ([106.0, 107, 108, 109, 110, 111], [6.0, 5, 4, 3, 2, 1])
    )
    Knows.seen.clear()
    first = [tuning.walk_forward(1).folds[0] for tuning in (a, b)]
    assert first[0].tuning.rows[0]["profit"] == first[1].tuning.rows[0]["profit"] == 4.0 and first[0].values != first[1].values
    rolling = a.walk_forward(2, anchored=False).folds[1].window
    assert (rolling.train_from.day, rolling.train_to.day, rolling.test_from.day) == (7, 12, 13)
    with pytest.raises(BadInput, match="folds take 14 sessions at least, and there are 12"):
        a.walk_forward(6)


def test_bars_after_eight_belong_to_the_next_session():
    from bt_pdt.bars.model import Bars, SymbolBars
    from bt_pdt.tuning.walking import _within, sessions_of

    stamps = np.array([f"2025-03-0{d}T{h}" for d in (3, 4, 5, 6) for h in ("10:00", "20:00", "20:30")], dtype="datetime64[us]")
    bars = Bars({"X": SymbolBars(stamps, *([np.full(12, 5.0)] * 5))}, timeframe="minutes", compression=30)
    plan = bt_pdt.tune(Knows, bars.between("2025-03-03", "2025-03-05"), {"size": [1]}, objective="profit", method="grid").plan
    listed = sessions_of(bars.between("2025-03-03", "2025-03-05"))
    parts = [_within(plan, listed, day, day).bars.arrays("X").datetimes.astype(str).tolist() for day in listed[:3]]
    assert [[stamp[8:16] for stamp in part] for part in parts[:2]] == [["03T10:00", "03T20:00"], ["03T20:30", "04T10:00", "04T20:00"]]


def test_the_deflated_sharpe_ratio():
    """Of 2 trials whose ratios are 0.1 and 0.3 (deviation 0.1414): Z(1/2) is 0 and Z(1 - 1/(2 e)) = Z(0.81606) is 0.9004, times 0.5772."""
    luck = best_by_luck([0.1, 0.3])
    assert luck == pytest.approx(0.141421 * 0.577216 * 0.90040, rel=1e-3)
    # returns -1, 0, 0, 1 (hundredths): skewness 0, kurtosis 2; (0.3 - 0.1) sqrt 3 / sqrt(1 + 0.25 x 0.09) = 0.34258: N is 0.63404
    returns = np.array([-0.01, 0.0, 0.0, 0.01])
    assert deflated_probability(0.3, 0.1, returns) == pytest.approx(0.63404, abs=1e-4)
    assert deflated_probability(0.3, 0.3, returns) == 0.5


# -- what is asked for


def test_a_space_in_words(tmp_path):
    assert space_from_text(
        ["buy=1:9:4", "hold=3,1", "at=15:30,15:45", "block_on=entry,both", "set.pdt_min_equity=0:25000:25000"], Hold
    ) == {
        "buy": (1, 9, 4),
        "hold": [3, 1],
        "at": [time(15, 30), time(15, 45)],
        "block_on": ["entry", "both"],
        "set.pdt_min_equity": (0, 25000, 25000),
    }
    (tmp_path / "s.toml").write_text("buy = {low = 1, high = 3}\nat = [15:30:00]\n[set]\npdt_min_equity = [0, 25000]\n")
    told = space_from_text([str(tmp_path / "s.toml")], Hold)
    space = read_space(told, Hold, {}, ())
    assert [(d.label, d.kind, d.values) for d in space.dimensions] == [
        ("buy", "params", (1, 2, 3)),
        ("at", "params", (time(15, 30),)),
        ("set.pdt_min_equity", "set", (0, 25000)),
    ]
    assert space.arguments((2, 0, 1), {"params": {"size": 5}, "rules": "off"}) == {
        "params": {"size": 5, "buy": 3, "at": time(15, 30)},
        "set": {"pdt_min_equity": 25000},
        "rules": "off",
    }
    assert read_space({"size": (0.1, 0.4, 0.1)}, Hold, {}, ()).dimensions[0].values == (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({}, "with at least one entry"),
        ({"hodl": [1]}, "did you mean 'hold'"),
        ({"cash": [1]}, "write params.cash or account.cash"),
        ({"account.cahs": [1]}, "did you mean 'cash'"),
        ({"set.pdt_min_equty": [1]}, "did you mean 'pdt_min_equity'"),
        ({"hold": 5}, "hold takes a list of values"),
        ({"hold": []}, "at least one, got none"),
        ({"hold": [1, 1]}, "each value once"),
        ({"hold": (5, 1, 1)}, "low up to high by a step above 0"),
        ({"hold": (0.5, 1.5)}, "hold needs a step"),
        ({"hold": {"low": 1, "hihg": 2}}, "takes low, high and step"),
        ({"brokerage": ["alpacca"]}, "did you mean 'alpaca'"),
        ({"block_on": ["exti"]}, "did you mean 'exit'"),
        ({"rules": ["as_of", "yesterday"]}, "rules takes as_of, off or a date"),
        ({"account.cash": [-5]}, "cash must be above 0"),
        ({"block_on": ["exit"], "pdt_check": ["exit"]}, "but not both"),
        ({"size": [5]}, "size is in the space, so it cannot be fixed too"),
    ],
)
def test_a_slip_in_the_space_is_told(space, said):
    with pytest.raises(BadInput, match=said):
        bt_pdt.tune(Hold, BARS, space, params={"size": 5})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"objective": "shrpe"}, "did you mean 'sharpe'"),
        ({"objective": "orders"}, "say 'maximize orders' or 'minimize orders'"),
        ({"objective": ["profit", "profit"]}, "each name once"),
        ({"constraints": "cals == 0"}, "did you mean 'calls'"),
        ({"constraints": "__import__('os')"}, "a constraint reads like"),
        ({"constraints": "calls == many"}, "compares with a number"),
        ({"method": "tep"}, "did you mean 'tpe'"),
        ({"method": "grid", "trials": 2}, "the grid has 3 points"),
        ({"trials": 0}, "trials takes a whole number from 1 up"),
        ({"jobs": 0}, "jobs takes a whole number of cores from 1 up"),
        ({"batch": 3}, "batch goes with the methods tpe and nsga2"),
        ({"resume": True}, "resume needs the storage"),
        ({"storage": "redis://here"}, "storage takes sqlite:///FILE"),
        ({"strage": "x"}, "did you mean 'storage'"),
        ({"brokerage": "alpacca"}, "did you mean 'alpaca'"),
        ({"params": {"bye": 1}}, "did you mean 'buy'"),
    ],
)
def test_a_slip_is_told(arguments, said):
    with pytest.raises(BadInput, match=said):
        bt_pdt.tune(Hold, BARS, {"hold": [1, 2, 3]}, **arguments)


def test_how_far_off_a_constraint_is():
    metrics = {"calls": 2, "max_drawdown": -0.2, "sharpe": None}
    texts = ["calls == 0", "calls <= 1", "calls < 2", "calls != 2", "calls >= 2", "max_drawdown > -15%", "sharpe > 0", "refused_DTBP == 0"]
    assert [one.excess(metrics, None) for one in read_constraints(texts)] == [2, 1, 1e-12, 1, 0, pytest.approx(0.05), 1e9, 0]
    assert [one.direction for one in read_objectives(["max_drawdown", "refusals", "maximize orders"])] == [
        "maximize",
        "minimize",
        "maximize",
    ]
