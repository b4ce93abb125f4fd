"""A search on other processes and machines: the same to the last bit wherever it runs, and nothing is lost when something there dies.

The Dask cluster is a real one, a scheduler and two workers on loopback. Ray is tried where it is installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from made_bars import days

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.tuning import on_dask
from bt_pdt.tuning.serialization import strategy_of, strategy_parcel

CHECKOUT = Path(bt_pdt.__file__).parents[1]
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="distributed is not installed")
needs_optuna = pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="optuna is not installed")
ON_DASK = pytest.param("dask", marks=needs_dask)
LONG_ON_DASK, LONG_ON_LOKY = pytest.param("dask", marks=[needs_dask, pytest.mark.long]), pytest.param("loky", marks=pytest.mark.long)
ON_RAY = pytest.param(
    "ray",
    marks=[
        pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
        pytest.mark.filterwarnings("ignore"),
    ],
)
#: Holds for ``hold`` days; a hold equal to ``die`` ends its process.
STRATEGY = """
import os, time
import backtrader as bt

class Holds(bt.Strategy):
    params = (("hold", 1), ("seconds", 0.0), ("die", 0))

    def __init__(self):
        time.sleep(self.p.seconds)

    def next(self):
        if self.p.hold == self.p.die:
            os._exit(1)
        if len(self) == 1:
            self.buy(size=10)
        if len(self) == 1 + self.p.hold:
            self.close()
"""
PRICES = [100.0, 100.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0, 109.0, 111.0, 101.0, 99.0]
BARS = days("X", "2025-03-03", PRICES)
HOLDS = list(range(1, 11))
PROFITS = [10 * (PRICES[1 + hold] - 100.0) for hold in HOLDS]


def where_it_runs():
    """An objective that travels by value: the process of the run."""

    def process(result):
        return os.getpid()

    return process


@pytest.fixture
def file(tmp_path):
    (tmp_path / "holds.py").write_text(STRATEGY)
    return tmp_path / "holds.py"


def search(file, **more):
    return bt_pdt.tune(file, BARS, more.pop("space", {"hold": HOLDS}), **({"objective": "profit", "method": "grid"} | more))


def same(found):
    """Every number of every trial as it is written, but what it took."""
    return found.trials.drop(columns="seconds").map(lambda value: value.hex() if isinstance(value, float) else value).to_csv()


# -- a real cluster


def dask(*arguments, **environment):
    """A process of Dask's command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments), "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
        cwd=Path(__file__).parent,
        start_new_session=True,
    )


@contextmanager
def running(child):
    """Ended with everything it started, whatever happens."""
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextmanager
def scheduler(folder, **environment):
    """The address of a scheduler."""
    told = folder / "scheduler.json"
    child = dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", told, **environment)
    with running(child):
        until = time.monotonic() + 30
        while not told.exists() or not told.read_text().endswith("}"):
            assert child.poll() is None and time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.02)
        yield json.loads(told.read_text())["address"]


def worker(address, *more, **environment):
    """One more worker, of one thread."""
    return running(dask("worker", address, "--host", "127.0.0.1", "--nthreads", "1", *more, **environment))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers."""
    pytest.importorskip("distributed")
    with scheduler(tmp_path_factory.mktemp("dask")) as address, worker(address, "--no-nanny"), worker(address, "--no-nanny"):
        wait_for_workers(address, 2)
        yield address


def wait_for_workers(address, count):
    from distributed import Client

    with Client(address, timeout=30, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=30)


@pytest.fixture
def place(request):
    """The arguments of ``tune`` for a place by name."""
    if request.param == "dask":
        return {"scheduler": request.getfixturevalue("cluster")}
    if request.param == "ray":
        return {"scheduler": request.getfixturevalue("ray_here")}
    return {"jobs": 2}


@pytest.fixture(scope="module")
def ray_here():
    """A Ray of two processes on this machine, ended with the tests."""
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield "ray"
    ray.shutdown()


@needs_optuna
@pytest.mark.parametrize("place", [LONG_ON_LOKY, ON_DASK, ON_RAY], indirect=True)
def test_the_same_wherever_it_runs(file, place):
    """To the last bit, with every method; functions and strategy travel, and the runs are made there."""
    for more in (
        {"objective": ["profit", "cost_of_rules"], "space": {"hold": HOLDS, "block_on": ["entry", "exit"]}},
        {"method": "random", "trials": 7, "objective": "sharpe", "seed": 5},
        {"method": "tpe", "trials": 16, "constraints": [lambda result: result.summary["total_return"] < 0.001], "seed": 2},
        {"method": "nsga2", "trials": 12, "batch": 6, "objective": ["profit", "max_drawdown"]},
    ):
        assert same(search(file, **more, **place)) == same(search(file, **more, jobs=1))
    there = search(file, objective=["profit", where_it_runs()], **place).trials
    assert there["profit"].tolist() == PROFITS and os.getpid() not in set(there["process"])


@pytest.mark.parametrize("place", [ON_DASK, LONG_ON_LOKY, ON_RAY], indirect=True)
def test_a_stopped_search_keeps_what_is_finished(file, place, tmp_path):
    """Ctrl-C after the third trial; what waits does not begin, and the place takes the next search."""

    def told(done, total):
        if done == 3:
            raise KeyboardInterrupt

    database = tmp_path / "t.db"
    found = search(file, progress=told, storage=database, params={"seconds": 0.05}, **place)
    assert found.stopped and len(found.trials) == 3 and set(found.trials["profit"]) <= set(PROFITS)
    whole = search(file, storage=database, resume=True, params={"seconds": 0.05}, **place)
    assert whole.trials["profit"].tolist() == PROFITS and not whole.stopped


# -- what dies there


@needs_dask
@pytest.mark.long
def test_a_killed_worker_loses_nothing(file, tmp_path):
    """One of two is killed, with runs on it, as it has made the seventh trial of twenty: the other makes the rest."""
    database = tmp_path / "t.db"
    with scheduler(tmp_path) as address, worker(address, "--no-nanny") as one, worker(address, "--no-nanny") as two:
        wait_for_workers(address, 2)

        def told(done, total):
            if done == 7:
                with closing(sqlite3.connect(database)) as kept:
                    ((answers,),) = kept.execute("SELECT answers FROM bt_pdt_trials ORDER BY rowid DESC LIMIT 1")
                os.kill(int(json.loads(answers)[0]), signal.SIGKILL)

        more = {"params": {"seconds": 0.03}, "space": {"hold": HOLDS, "cash": [2_000, 30_000]}}
        there = {"scheduler": address, "storage": database, "progress": told}
        found = search(file, objective=["profit", where_it_runs()], **there, **more).trials
        serial = search(file, jobs=1, **more).trials
        assert found["profit"].tolist() == serial["profit"].tolist() and set(found.state) == {"complete"}
        assert set(found["process"]) == {one.pid, two.pid}


@needs_dask
@pytest.mark.long
def test_a_worker_that_comes_when_all_are_gone_goes_on(file, tmp_path, monkeypatch):
    """The only worker is killed and another starts: it has never seen the bars. Where none comes, a sentence, and nothing is lost."""
    with scheduler(tmp_path) as address, ExitStack() as later:
        first = later.enter_context(worker(address, "--no-nanny"))

        def told(done, total):
            if done == 4:
                first.kill()
                later.enter_context(worker(address, "--no-nanny"))

        found = search(file, scheduler=address, progress=told, params={"seconds": 0.03})
        assert found.trials["profit"].tolist() == PROFITS
        monkeypatch.setattr(on_dask, "PATIENCE_SECONDS", 2.0)
        database = tmp_path / "t.db"

        def all_gone(done, total):
            if done == 4:
                later.close()

        with pytest.raises(BadInput, match="has had no worker for 2 seconds; what is finished is kept"):
            search(file, scheduler=address, storage=database, progress=all_gone)
        assert search(file, storage=database, resume=True).trials["profit"].tolist() == PROFITS


@needs_dask
@pytest.mark.long
def test_a_run_that_kills_its_workers_fails_alone(file, tmp_path):
    """The worker is started again by its nanny, as on a cluster; all the other trials are made."""
    with scheduler(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as address, worker(address):
        found = search(file, scheduler=address, params={"die": 3}).trials
    assert found.state.tolist() == ["complete"] * 2 + ["failed"] + ["complete"] * 7 and "died" in found.error[2]
    assert found["profit"].drop(2).tolist() == PROFITS[:2] + PROFITS[3:]


@pytest.mark.parametrize("place", [ON_RAY], indirect=True)
def test_a_run_that_kills_its_processes_fails_alone(file, place):
    found = search(file, params={"die": 3}, **place).trials
    assert found.state.tolist() == ["complete"] * 2 + ["failed"] + ["complete"] * 7 and "died" in found.error[2]


# -- what travels

#: A script, like a notebook, has its classes in ``__main__``.
SCRIPT = """
import os
import backtrader as bt, bt_pdt
from made_bars import days

class Twice(bt.Indicator):
    lines = ("twice", "plain")
    params = (("by", 2),)

    def next(self):
        self.lines.twice[0], self.lines.plain[0] = self.data[0] * self.p.by, self.data[0]

class Thrice(Twice):
    lines = ("more",)

    def next(self):
        super().next()
        self.lines.more[0] = 1 + self.lines.twice[0]

class Base(bt.Strategy):
    params = (("hold", 1), ("size", 10))

    def next(self):
        if len(self) == 1:
            self.buy(size=self.p.size)
        if len(self) == 1 + self.p.hold:
            self.close()

class Mine(Base):
    params = (("size", 20), ("by", 3))

    def __init__(self):
        self.seen = Thrice(self.data, by=self.p.by)

    def next(self):
        assert (self.seen.twice[0], self.seen.plain[0], self.seen.more[0]) == (3 * self.data[0], self.data[0], 1 + 3 * self.data[0])
        super().next()

def where(result):
    return os.getpid()

if __name__ == "__main__":
    found = bt_pdt.tune(Mine, days("X", "2025-03-03", PRICES), {"hold": [1, 2, 3]}, objective=["profit", where], method="grid", **PLACE)
    print(found.trials["profit"].tolist(), os.getpid() in set(found.trials["where"]), set(found.trials.error))
"""


@pytest.mark.parametrize("place", ["loky", LONG_ON_DASK, ON_RAY], indirect=True)
@pytest.mark.long
def test_a_class_of_the_running_script_travels_whole(place, tmp_path):
    """Twenty shares at 100; parameters, inherited ones too, lines and ``super()`` are there where it runs."""
    (tmp_path / "script.py").write_text(SCRIPT.replace("PRICES", repr(PRICES)).replace("PLACE", repr(place)))
    environment = os.environ | {"PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{CHECKOUT}"}
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout == "[80.0, 200.0, 160.0] False {''}\n", done.stderr


def test_a_file_travels_by_its_text(file):
    parcel = strategy_parcel(bt_pdt.runs.study.load_strategy(file))
    file.unlink()
    assert search(strategy_of(parcel)).trials["profit"].tolist() == PROFITS


def test_what_cannot_travel_is_told(file):
    import threading

    lock = threading.Lock()
    with pytest.raises(
        BadInput, match=r"an argument or a function of the search cannot travel to another process .*jobs=1 runs it in this"
    ):
        search(file, objective=lambda result: float(lock.locked()), jobs=2)
    assert search(file, objective=lambda result: float(lock.locked())).best.trial == 0


# -- a cluster that will not do


@needs_dask
@pytest.mark.long
def test_a_cluster_that_will_not_do_is_told(file, tmp_path, monkeypatch):
    monkeypatch.setattr(on_dask, "ANSWER_SECONDS", 1.0)
    with pytest.raises(BadInput, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 within 1 seconds"):
        search(file, scheduler="tcp://127.0.0.1:9")
    other = tmp_path / "bt_pdt"
    other.mkdir()
    with scheduler(tmp_path) as address:
        with pytest.raises(BadInput, match="has no workers; start one with: dask worker tcp://"):
            search(file, scheduler=address)
        monkeypatch.setattr(on_dask, "ANSWER_SECONDS", 30.0)
        for said, found in (
            (
                '__version__ = "0.0.1"',
                rf"the worker tcp://.* has bt_pdt 0.0.1, and this search {bt_pdt.__version__}; install the same there",
            ),
            ("raise ImportError", r"the worker tcp://.* has no bt_pdt; install bt_pdt"),
        ):
            (other / "__init__.py").write_text(said)
            with worker(address, "--no-nanny", PYTHONPATH=str(tmp_path)), pytest.raises(BadInput, match=found):
                search(file, scheduler=address)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"scheduler": "nowhere"},
            r"scheduler takes the address of a Dask scheduler like tcp://host:8786, 'ray' or ray://host:10001, got 'nowhere'",
        ),
        ({"scheduler": "redis://x"}, "scheduler takes the address"),
        ({"scheduler": 5}, "scheduler takes the address"),
        ({"scheduler": "tcp://127.0.0.1:1", "jobs": 2}, "with a scheduler its workers say how many, so leave jobs out"),
    ],
)
def test_a_slip_is_told(file, arguments, said):
    with pytest.raises(BadInput, match=said):
        search(file, **arguments)


def test_without_the_packages_a_sentence(file, monkeypatch):
    for package, address, extra in (("distributed", "tcp://127.0.0.1:1", "dask"), ("ray", "ray", "ray")):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(BadInput, match=rf'pip install "bt_pdt\[{extra}\]"'):
            search(file, scheduler=address)
