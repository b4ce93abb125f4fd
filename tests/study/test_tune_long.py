"""Long searches: any number of jobs is the same, what is killed goes on, what is stopped gives what it has."""

from __future__ import annotations

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bt_pdt
from bt_pdt.core.errors import BadInput

needs_optuna = pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="optuna is not installed")

#: Writes a line for every run it begins; stops the process at the hold ``stop``, dies at ``die``.
STRATEGY = """
import os, signal, time
import backtrader as bt

class Slow(bt.Strategy):
    params = (("hold", 1), ("seconds", 0.0), ("log", ""), ("stop", 0), ("die", 0))

    def __init__(self):
        if self.p.log:
            with open(self.p.log, "a") as log:
                log.write(f"{self.p.hold}\\n")
        time.sleep(self.p.seconds)

    def next(self):
        if self.p.hold == self.p.die:
            os._exit(1)
        if self.p.hold == self.p.stop:
            raise KeyboardInterrupt
        if len(self) == 1:
            self.buy(size=10)
        if len(self) == 1 + self.p.hold:
            self.close()
"""
#: Bought at the second price; a hold of k days sells at the price k days later.
PRICES = [100.0, 100.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0, 109.0, 111.0, 101.0, 99.0]
HOLDS = list(range(1, 11))
PROFITS = [10 * (PRICES[1 + hold] - 100.0) for hold in HOLDS]


@pytest.fixture
def place(tmp_path):
    """The strategy's file and the bars' file."""
    (tmp_path / "slow.py").write_text(STRATEGY)
    days = [f"2025-03-{day:02}" for day in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 17, 18)]
    lines = [f"{day},{p},{p},{p},{p},1000000" for day, p in zip(days, PRICES, strict=True)]
    (tmp_path / "X.csv").write_text("date,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    return tmp_path


def search(place: Path, **more):
    given = {"objective": "profit", "method": "grid"} | more
    return bt_pdt.tune(place / "slow.py", place / "X.csv", given.pop("space", {"hold": HOLDS}), **given)


def same(found):
    return found.trials.drop(columns="seconds").to_csv()


@pytest.mark.long
def test_a_killed_search_goes_on(place):
    """Killed after three trials or more: what was finished is not run again, and all of it is as if it had never been killed."""
    log, database = place / "log", place / "t.db"
    fixed = {"seconds": 0.15, "log": str(log)}
    program = (
        "import sys, bt_pdt\nhere = sys.argv[1]\n"
        f"bt_pdt.tune(here + '/slow.py', here + '/X.csv', {{'hold': {HOLDS}}}, objective='profit', method='grid', jobs=1, "
        f"params={fixed!r}, storage='sqlite:///' + here + '/t.db')"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(place)], cwd=Path(bt_pdt.__file__).parents[1])
    until = time.monotonic() + 30
    while _kept(database) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    kept, begun = _kept(database), len(log.read_text().split())
    assert 3 <= kept < 10 and begun - kept <= 1
    with pytest.raises(BadInput, match=f"holds a search of {kept} trials; resume it, or name another file"):
        search(place, params=fixed, storage=f"sqlite:///{database}")
    found = search(place, params=fixed, storage=f"sqlite:///{database}", resume=True)
    assert found.trials["profit"].tolist() == PROFITS and _kept(database) == 10
    assert len(log.read_text().split()) == begun + 10 - kept
    again = search(place, params=fixed, storage=database, resume=True)
    assert same(again) == same(found) and len(log.read_text().split()) == begun + 10 - kept
    with pytest.raises(BadInput, match="holds a search with another space"):
        search(place, params=fixed, storage=database, resume=True, space={"hold": [1, 2]})
    with (place / "slow.py").open("a") as file:
        file.write("# edited\n")
    with pytest.raises(BadInput, match="holds a search with another strategy"):
        search(place, params=fixed, storage=database, resume=True)
    with pytest.raises(BadInput, match="is not a storage of trials"):
        search(place, storage=place / "slow.py")


def _kept(database: Path) -> int:
    if not database.exists():
        return 0
    with sqlite3.connect(database) as connection:
        try:
            count = int(connection.execute("SELECT count(*) FROM bt_pdt_trials").fetchone()[0])
        except sqlite3.OperationalError:
            count = 0
    connection.close()
    return count


def test_a_stopped_search_gives_what_is_finished(place):
    found = search(place, params={"stop": 4}, jobs=1)
    assert found.stopped and found.trials["profit"].tolist() == PROFITS[:3] and found.best.parameters == {"hold": 2}
    assert found.conclusions[0] == "3 of 10 trials, stopped early."


@needs_optuna
@pytest.mark.parametrize(
    ("method", "more"), [("tpe", {}), ("nsga2", {"objective": ["profit", "max_drawdown"], "batch": 6}), ("random", {})]
)
def test_a_search_that_is_cut_and_resumed_is_the_same(place, method, more):
    """Twenty trials at once, and eleven first: one sequence, whatever the method has to remember."""
    options = {"method": method, "seed": 3, "space": {"hold": HOLDS, "cash": (2_000, 30_000, 500)}, "constraints": "refused == 0", **more}
    whole = search(place, trials=20, **options)
    search(place, trials=11, storage=place / "t.db", **options)
    assert same(search(place, trials=20, storage=place / "t.db", resume=True, **options)) == same(whole)
    assert same(search(place, trials=20, **(options | {"seed": 4}))) != same(whole)
    assert len(whole.trials) == 20 and len(whole.ranked) > 10


@needs_optuna
@pytest.mark.long
def test_any_number_of_jobs_is_the_same(place):
    space = {"hold": HOLDS, "block_on": ["entry", "exit"]}
    for more in (
        {"method": "grid", "objective": ["profit", "cost_of_rules"]},
        {"method": "tpe", "trials": 16, "constraints": [lambda result: result.summary["orders"] <= 2]},
    ):
        one, two = (search(place, space=space, jobs=jobs, params={}, **more) for jobs in (1, 2))
        assert same(one) == same(two)


def test_an_edited_strategy_is_read_anew(place):
    """The processes are still warm from the search before."""
    first = search(place, space={"hold": [1, 2]}, jobs=2)
    (place / "slow.py").write_text(STRATEGY.replace("size=10", "size=20"))
    second = search(place, space={"hold": [1, 2]}, jobs=2)
    assert (first.trials["profit"].tolist(), second.trials["profit"].tolist()) == (PROFITS[:2], [2 * profit for profit in PROFITS[:2]])


@pytest.mark.long
def test_a_process_that_dies_fails_its_own_trial_alone(place):
    found = search(place, space={"hold": [1, 2, 3, 4]}, params={"die": 2}, jobs=2)
    assert found.trials.state.tolist() == ["complete", "failed", "complete", "complete"] and "died" in found.trials.error[1]


@needs_optuna
def test_tpe_keeps_to_constraints_and_goes_to_optuna(place):
    """Of the holds that keep profit under 100, four are best at 90: 109 less 100."""
    found = search(place, method="tpe", trials=30, constraints=["profit < 100"])
    assert found.best.parameters == {"hold": 7} and found.best.values == {"profit": 90.0}
    assert [row["profit"] for row in found.rows if not row["feasible"]] and len(found.study().trials) == 30


def test_without_optuna_a_sentence(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(BadInput, match=r'needs optuna: pip install "bt_pdt\[tune\]"; the methods grid and random do without'):
        search(place, method="tpe")
    assert search(place).importance().tolist() == [1.0]
