"""Trials that failed for a reason that has gone are run again on request: same number, same point, and the search stays one search."""

from __future__ import annotations

import importlib.util
import json

import pytest
from click.testing import CliRunner
from made_bars import days

import bt_pdt
from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput

needs_optuna = pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="optuna is not installed")

#: Bought at the second price; a hold of k days sells at the price k days later.
PRICES = [100.0, 100.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0, 109.0, 111.0, 101.0, 99.0]
BARS = days("X", "2025-03-03", PRICES)
HOLDS = list(range(1, 11))
PROFITS = [10 * (PRICES[1 + hold] - 100.0) for hold in HOLDS]

#: Fails for odd holds while the file ``outage`` is there; writes a line for every run it begins.
SOURCE = """
import pathlib
import backtrader as bt

class Hold(bt.Strategy):
    params = (("hold", 1), ("outage", ""), ("log", ""))

    def __init__(self):
        with open(self.p.log, "a") as log:
            log.write(f"{self.p.hold}\\n")
        if self.p.hold % 2 and pathlib.Path(self.p.outage).exists():
            raise OSError("the disk is full")

    def next(self):
        if len(self) == 1:
            self.buy(size=10)
        if len(self) == 1 + self.p.hold:
            self.close()
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "hold.py").write_text(SOURCE)
    (tmp_path / "outage").touch()
    return tmp_path


def search(place, **more):
    params = {"outage": str(place / "outage"), "log": str(place / "log")}
    given = {"objective": "profit", "method": "grid", "storage": place / "t.db", "params": params, "jobs": 1} | more
    return bt_pdt.tune(place / "hold.py", BARS, given.pop("space", {"hold": HOLDS}), **given)


def begun(place):
    return [int(line) for line in (place / "log").read_text().split()]


def test_what_failed_is_run_again_only_where_it_is_asked_for(place):
    first = search(place)
    assert first.trials.state.tolist() == ["failed", "complete"] * 5 and "the disk is full" in first.trials.error[0]
    (place / "outage").unlink()
    assert search(place, resume=True).trials.state.tolist() == ["failed", "complete"] * 5 and len(begun(place)) == 10
    found = search(place, resume=True, retry_failed=True)
    assert found.trials["profit"].tolist() == PROFITS and set(found.trials.state) == {"complete"}
    assert begun(place)[10:] == [1, 3, 5, 7, 9] and found.trials["hold"].tolist() == HOLDS
    assert search(place, resume=True).trials["profit"].tolist() == PROFITS
    assert search(place, resume=True, retry_failed=True).trials["profit"].tolist() == PROFITS and len(begun(place)) == 15


def test_what_fails_again_is_kept_with_its_error(place):
    search(place)
    again = search(place, resume=True, retry_failed=True)
    assert again.trials.state.tolist() == ["failed", "complete"] * 5 and len(begun(place)) == 15


def test_retrying_needs_something_to_resume(place):
    with pytest.raises(BadInput, match="retry_failed runs again what failed before, so it goes with resume"):
        search(place, retry_failed=True)


@needs_optuna
def test_a_method_that_learns_goes_on_from_the_failures(place):
    """Every later point hangs on what the method was told, so it is told the failures again: the points stay what they were."""
    options = {"method": "tpe", "seed": 3, "batch": 4, "space": {"hold": HOLDS, "cash": (2_000, 30_000, 500)}}
    first = search(place, trials=28, **options)
    failed = first.trials.state == "failed"
    assert 0 < failed.sum() < 28
    (place / "outage").unlink()
    retried = search(place, trials=28, resume=True, retry_failed=True, **options)
    points = ["hold", "cash"]
    assert retried.trials[points].equals(first.trials[points]) and set(retried.trials.state) == {"complete"}
    # whole multiples of what ten shares make at that hold, or nothing where 10 shares were too many for the cash
    assert all(row["profit"] in (0.0, PROFITS[row["hold"] - 1]) for row in retried.rows)
    more = search(place, trials=36, resume=True, **options)
    assert more.trials[points][:28].equals(first.trials[points]) and len(more.trials) == 36
    assert more.trials["profit"][:28].tolist() == retried.trials["profit"].tolist()
    again = search(place, trials=36, resume=True, **options)
    assert again.trials.drop(columns="seconds").equals(more.trials.drop(columns="seconds"))


def test_on_the_command_line(place):
    BARS.tidy().to_csv(place / "X.csv", index=False)
    asked = ["tune", str(place / "hold.py"), "--data", str(place / "X.csv"), "--space", "hold=1:10:1", "--method", "grid", "--json"]
    asked += ["--param", f"outage={place / 'outage'}", "--param", f"log={place / 'log'}", "--objective", "profit", "--jobs", "1"]
    asked += ["--storage", f"sqlite:///{place}/c.db"]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    (place / "outage").unlink()
    told = CliRunner().invoke(cli, [*asked, "--resume", "--retry-failed"])
    assert [row["profit"] for row in json.loads(told.output)["trials"]] == PROFITS
