"""A search by replay gives what the search by full runs gives, or is one."""

import re
import sys

import backtrader as bt
import pandas as pd
import pytest

pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")

from click.testing import CliRunner
from wild import Wild, bars

import bt_pdt
from bt_pdt import Asset
from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput
from bt_pdt.runs import study
from bt_pdt.whatif import Replay
from bt_pdt.whatif import replay as replaying

SPACE = {
    "sizer.percent": [5, 90, 180],
    "cash": [24_000.0, 60_000.0],
    "block_on": ["entry", "both"],
    "brokerage": ["alpaca", "finra"],
}
GOALS = {"objective": ["total_return", "cost_of_rules"], "constraints": ["refused_exits == 0", "calls == 0"]}


@pytest.fixture(scope="module")
def made():
    return bars(11, symbols=2, days=3, start="2019-02-04", price=(20, 60))


def searched(made, strategy=Wild, space=SPACE, **more):
    wanted = {"sizer": "PercentOfEquity()", "method": "grid", "params": {"rate": 0.03}, "jobs": 1} | GOALS
    return bt_pdt.tune(strategy, made, space, **wanted | more)


def same(one, other):
    left, right = (found.trials.drop(columns=["seconds", "replayed"]) for found in (one, other))
    pd.testing.assert_frame_equal(left, right, rtol=1e-9, check_like=True, check_dtype=False)


def test_a_replayed_grid_is_the_grid(made):
    full, replayed = searched(made), searched(made, replay=True)
    same(replayed, full)
    assert not full.trials.replayed.any()
    assert replayed.trials.replayed.sum() > 0.7 * len(replayed.trials)
    assert replayed.trials.refused.max() > 5
    assert replayed.best.parameters == full.best.parameters
    assert not replayed.trials.loc[replayed.best.trial, "replayed"], "the winner is a full run"
    assert any("replays of 1 recorded run" in text and "without a difference" in text for text in replayed.conclusions)


def test_a_recording_for_each_set_of_parameters(made):
    space = {"sizer.percent": [20, 90], "block_on": ["entry", "exit"], "cash": [24_000.0], "rate": [0.01, 0.05]}
    replayed = searched(made, space=space, replay=True, params={})
    same(replayed, searched(made, space=space, params={}))
    assert any("replays of 2 recorded runs" in text for text in replayed.conclusions)


def test_the_best_are_run_in_full(made):
    found = searched(made, replay=True, verify=9, constraints=(), objective="total_return")
    best = found.trials.sort_values("total_return", ascending=False, kind="stable").drop_duplicates([*SPACE]).head(9)
    assert not best.replayed.any()


class Insists(bt.Strategy):
    """Asks again until it has what it wants."""

    def next(self):
        if not self.position and len(self) % 7 == 0:
            self.buy()
        elif self.position and len(self) % 11 == 0:
            self.close()


def test_a_strategy_that_listens_is_run_in_full_and_told(made):
    space = {"sizer.percent": [20, 90], "block_on": ["entry", "exit"], "cash": [24_000.0]}
    replayed, full = (searched(made, Insists, space, params={}, replay=replay) for replay in (True, False))
    same(replayed, full)
    assert not replayed.trials.replayed.any()
    (told,) = (text for text in replayed.conclusions if text.startswith("Not replayed"))
    assert told.startswith("Not replayed: the strategy asks for other things when it is refused (in the full run ")
    assert ", when it was recorded " in told


def test_what_the_replay_does_not_know_is_run_in_full(made):
    space = {"sizer": ["PercentOfEquity(percent=40)", "FixedRisk(risk=0.02)"], "cash": [24_000.0, 30_000.0, 60_000.0]}
    replayed, full = (searched(made, space=space, sizer=None, replay=replay, verify=1) for replay in (True, False))
    same(replayed, full)
    assert not replayed.trials[replayed.trials.sizer.str.startswith("FixedRisk")].replayed.any()
    assert any("the sizer FixedRisk(risk=0.02) (3)" in text for text in replayed.conclusions)


def test_a_wrong_replay_is_found_by_the_full_runs_of_the_best(made, monkeypatch):
    """As if the compiled code were wrong for all but the hardest variant, which is checked first."""
    right = Replay.run

    def wrong(self, variants, **options):
        found = right(self, variants, **options)
        hardest = max((one for one in found if one.metrics), key=lambda one: one.metrics["refused"], default=None)
        for one in found:
            if one is not hardest and one.metrics and not options.get("whole"):
                one.metrics["total_return"] += 0.01
        return found

    monkeypatch.setattr(Replay, "run", wrong)
    replayed = searched(made, replay=True)
    same(replayed, searched(made))
    assert not replayed.trials.replayed.any()
    assert any("replay disagreed with a full run (of trial" in text and "total_return is" in text for text in replayed.conclusions)
    assert not any("asks for other things" in text for text in replayed.conclusions)


def test_a_wrong_replay_is_not_blamed_on_the_strategy(made, monkeypatch):
    """As if the compiled code filled at another price: the strategy asks for the same in both runs, and the sentence has both fills."""
    right = Replay.run

    def wrong(self, variants, **options):
        found = right(self, variants, **options)
        return [one._replace(fills=[fill._replace(price=fill.price + 1.0) for fill in one.fills]) for one in found]

    monkeypatch.setattr(Replay, "run", wrong)
    monkeypatch.setattr(replaying, "_require_the_same", lambda *_: None)
    replayed = searched(made, replay=True)
    assert not replayed.trials.replayed.any()
    (told,) = (text for text in replayed.conclusions if text.startswith("Not replayed"))
    assert re.match(
        r"Not replayed: the replay disagreed with a full run \(the full run fills (.+) at (\S+) (\(.+\)), the replay \1 at (\S+) \3\)", told
    )


def test_a_learning_search_learns_the_same(made):
    pytest.importorskip("optuna")
    space = {"sizer.percent": (5, 180, 5), "cash": [24_000.0, 60_000.0], "block_on": ["entry", "exit"]}
    one, other = (searched(made, space=space, method="tpe", trials=24, seed=4, replay=replay) for replay in (True, False))
    same(one, other)
    assert one.trials.replayed.any()


def test_what_was_replayed_is_kept_and_resumed(made, tmp_path):
    kept = {"storage": f"sqlite:///{tmp_path / 's.db'}", "replay": True}
    first = searched(made, **kept)
    again = searched(made, resume=True, **kept)
    pd.testing.assert_frame_equal(first.trials, again.trials)
    same(searched(made, resume=True, storage=kept["storage"]), first)


def test_functions_of_the_whole_result_are_refused(made):
    for goals in ({"objective": lambda result: result.summary["fills"]}, {"constraints": lambda result: True}):
        with pytest.raises(
            BadInput, match=r"a replay gives the numbers of a run by name, and .* asks for its whole result; leave replay out"
        ):
            searched(made, replay=True, **goals)
    with pytest.raises(BadInput, match="verify takes a whole number of trials from 1 up, got 0"):
        searched(made, replay=True, verify=0)


def test_without_numba_a_sentence(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(BadInput, match=r'pip install "bt_pdt\[fast\]"'):
        searched(made, replay=True)


def test_the_command():
    data, strategies = study.samples()
    short = data / "synthetic_1min_2025-12-22_2025-12-30.parquet"
    asked = ["tune", str(strategies / "signal_follower.py"), "--data", str(short), "--sizer", "PercentOfEquity", "--method", "grid"]
    asked += ["--space", "sizer.percent=10:90:10", "--space", "block_on=entry,exit", "--cash", "24000", "--replay", "--verify", "3"]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    assert "trials are replays of 1 recorded run" in " ".join(done.output.split())


def test_a_thousand_variants_are_told_as_they_come(made):
    told = []
    space = {"sizer.percent": (1, 125, 1), "cash": [24_000.0, 26_000.0, 60_000.0, 90_000.0], "block_on": ["entry", "exit"]}
    found = searched(made, space=space, replay=True, objective="total_return", progress=lambda done, wanted: told.append((done, wanted)))
    assert len(found.trials) == 1_000
    assert told == [(done, 1_000) for done in range(1, 1_001)]
    assert found.trials.replayed.sum() > 900


def test_securities_and_strategies_that_cannot_be_replayed_are_run_in_full(made):
    space = {"cash": [24_000.0, 26_000.0, 28_000.0, 30_000.0]}
    replayed, full = (
        searched(made, space=space, assets=[Asset("S0", marginable=False)], replay=replay, verify=1, objective="total_return")
        for replay in (True, False)
    )
    same(replayed, full)
    assert any("S0 has no loan value (4)" in text for text in replayed.conclusions)


class Sulks(bt.Strategy):
    """Gives up when it is refused."""

    def next(self):
        if len(self) % 9 == 0:
            self.buy()

    def notify_order(self, order):
        if order.status == order.Rejected:
            raise RuntimeError("refused")


def test_a_strategy_that_ends_with_an_error_when_it_is_refused(made):
    space = {"sizer.percent": [1, 60, 120], "cash": [24_000.0, 26_000.0]}
    replayed, full = (
        searched(made, Sulks, space, params={}, replay=replay, objective="total_return", constraints=()) for replay in (True, False)
    )
    same(replayed, full)
    assert (full.trials.state == "failed").any()
    assert any("a full run ends with RuntimeError: refused" in text for text in replayed.conclusions)
