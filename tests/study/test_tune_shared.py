"""Several processes make one search together: an optuna study in a database. What one of them leaves unfinished another takes over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_bars import days

import bt_pdt
from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput
from bt_pdt.tuning import shared

optuna = pytest.importorskip("optuna")
POSTGRES = os.environ.get("BT_PDT_TEST_POSTGRES")

#: Writes down each run it begins. Where DIE_AT is set, that run of the process ends it as ``kill -9`` does.
STRATEGY = """
import os, signal, time
import backtrader as bt

RUNS = []

class Holds(bt.Strategy):
    params = (("hold", 1), ("seconds", 0.0), ("stop", 0))

    def __init__(self):
        RUNS.append(self.p.hold)
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "log"), "a") as log:
            log.write(f"{os.getpid()} {self.p.hold}\\n")
        time.sleep(self.p.seconds)
        if len(RUNS) == int(os.environ.get("DIE_AT", "0")):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.p.hold == self.p.stop:
            raise KeyboardInterrupt

    def next(self):
        if len(self) == 1:
            self.buy(size=10)
        if len(self) == 1 + self.p.hold:
            self.close()
"""
PROGRAM = """
import json, sys
sys.path.insert(0, {tests!r})
from test_tune_shared import same, search
from bt_pdt.tuning import shared
shared.BEAT_SECONDS, shared.GRACE_SECONDS, shared.POLL_SECONDS = 0.1, 1.0, 0.05
print(same(search(sys.argv[1], **json.loads(sys.argv[2]))), end="")
"""
PRICES = [100.0, 100.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0, 109.0, 111.0, 101.0, 99.0]
HOLDS = list(range(1, 11))
PROFITS = [10 * (PRICES[1 + hold] - 100.0) for hold in HOLDS]


def search(file, **more):
    bars = days("X", "2025-03-03", PRICES)
    return bt_pdt.tune(
        Path(file), bars, more.pop("space", {"hold": HOLDS}), **({"objective": "profit", "method": "grid", "jobs": 1} | more)
    )


def same(found):
    """Every number of every trial as it is written, but what it took."""
    return found.trials.drop(columns="seconds").map(lambda value: value.hex() if isinstance(value, float) else value).to_csv()


def begun(file):
    """The runs that were begun: (process, hold)."""
    return [tuple(map(int, line.split())) for line in (file.parent / "log").read_text().splitlines()]


def process(file, arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(tests=str(Path(__file__).parent)), str(file), json.dumps(arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
        cwd=Path(bt_pdt.__file__).parents[1],
    )


def told(*children):
    """What each printed, and how each ended."""
    try:
        return [(child.communicate(timeout=60)[0], child.returncode) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "holds.py").write_text(STRATEGY)
    return tmp_path / "holds.py"


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(POSTGRES is None, reason="BT_PDT_TEST_POSTGRES names no server"))]
)
def database(request, tmp_path):
    """The arguments of ``tune`` for a new study, in a file and on a server."""
    name = f"test {uuid.uuid4().hex}"
    if request.param == "sqlite":
        yield {"storage": f"sqlite:///{tmp_path}/shared.db", "study_name": name}
        return
    yield {"storage": POSTGRES, "study_name": name}
    server = shared._database(POSTGRES)
    optuna.delete_study(study_name=name, storage=server)
    server.remove_session()
    server.engine.dispose()


@pytest.mark.long
def test_two_processes_make_one_search(file, database):
    """Random points: together they run each once; both give all of them, and it is the search of one process to the last bit."""
    arguments = {"method": "random", "trials": 20, "space": {"hold": HOLDS, "cash": [2_000, 30_000, 40_000]}, "seed": 4}
    (a, _), (b, _) = told(*(process(file, arguments | database | {"params": {"seconds": 0.05}}) for _ in range(2)))
    ran = begun(file)
    assert len(ran) == 20 and len({pid for pid, _ in ran}) == 2
    assert a == b == same(search(file, **arguments, params={"seconds": 0.05}))


@pytest.mark.long
def test_what_a_killed_process_had_is_made_by_the_other(file, database):
    """Two of them; one is killed in its third trial. The other gives the whole grid; that trial alone was begun twice."""
    left, killed = (
        process(file, database | {"params": {"seconds": 0.05}}),
        process(file, database | {"params": {"seconds": 0.05}}, DIE_AT="3"),
    )
    (found, code), (nothing, died) = told(left, killed)
    ran = begun(file)
    assert (code, died, nothing) == (0, -9, "") and Counter(pid for pid, _ in ran)[killed.pid] == 3
    assert found == same(search(file, params={"seconds": 0.05}))
    lost = [hold for pid, hold in ran if pid == killed.pid][-1]
    assert sorted(hold for _, hold in ran[:11]) == sorted([*HOLDS, lost])


@pytest.mark.long
def test_tpe_of_two_processes_makes_so_many_trials(file, database):
    arguments = {"method": "tpe", "trials": 24, "space": {"hold": HOLDS, "cash": (2_000, 30_000, 500)}, "constraints": "orders <= 2"}
    (a, _), (b, _) = told(*(process(file, arguments | database) for _ in range(2)))
    assert a == b and a.count("complete") == 24 and len({pid for pid, _ in begun(file)}) == 2


# -- one process: the same as without a study


def test_alone_it_is_the_same_search(file, database):
    """The rules' cost, constraints and functions too; again, it runs nothing; with more trials it goes on."""
    more = {
        "objective": ["profit", "cost_of_rules"],
        "space": {"hold": [1, 2, 3], "block_on": ["entry", "exit"]},
        "constraints": "orders < 3",
    }
    found, plain = search(file, **more, **database), search(file, **more)
    assert same(found) == same(plain)
    count = len(begun(file))
    assert same(search(file, **more, **database)) == same(plain) and len(begun(file)) == count
    assert len(found.study().trials) == 6


def test_trials_are_added(file, tmp_path):
    arguments = {"method": "random", "storage": tmp_path / "s.db", "study_name": "s"}
    assert search(file, trials=4, **arguments).trials.trial.tolist() == [0, 1, 2, 3]
    assert same(search(file, trials=7, **arguments)) == same(search(file, method="random", trials=7))
    assert len(search(file, trials=4, **arguments).trials) == 7


@pytest.mark.long
def test_on_several_cores_it_is_the_same(file, tmp_path):
    assert same(search(file, storage=tmp_path / "s.db", study_name="s", jobs=2)) == same(search(file))


@pytest.mark.long
def test_tpe_alone_is_repeated_by_its_seed(file, tmp_path):
    arguments = {"method": "tpe", "trials": 15, "space": {"hold": HOLDS, "cash": (2_000, 30_000, 500)}, "storage": tmp_path / "s.db"}
    one, two = (same(search(file, study_name=name, seed=3, **arguments)) for name in ("a", "b"))
    assert one == two != same(search(file, study_name="c", seed=4, **arguments))


def test_failed_trials_are_kept_and_ctrl_c_leaves_the_rest_to_others(file, tmp_path):
    arguments = {"storage": tmp_path / "s.db", "study_name": "s", "space": {"hold": [1, 2, 3]}}
    stopped = search(file, params={"stop": 2}, **arguments)
    assert stopped.stopped and stopped.trials["profit"].tolist() == PROFITS[:1]
    states = [trial.state.name for trial in optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path}/s.db").trials]
    assert states == ["COMPLETE", "WAITING"]
    (file.parent / "holds.py").write_text(STRATEGY.replace("raise KeyboardInterrupt", "raise ValueError('no')"))
    failed = search(file, params={"stop": 2}, **(arguments | {"study_name": "t"})).trials
    assert failed.state.tolist() == ["complete", "failed", "complete"] and "no" in failed.error[1]


def test_a_trial_that_another_program_failed_is_told(file, tmp_path):
    arguments = {"storage": tmp_path / "s.db", "study_name": "s", "method": "random"}
    search(file, trials=2, **arguments)
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path}/s.db")
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    found = search(file, trials=4, **arguments).trials
    assert found.state.tolist() == ["complete", "complete", "failed", "complete"] and "another program" in found.error[2]


def test_on_the_command_line(file, tmp_path):
    (tmp_path / "X.csv").write_text(
        "date,open,high,low,close,volume\n" + "".join(f"2025-03-{3 + k:02},{p},{p},{p},{p},1000000\n" for k, p in enumerate(PRICES[:5]))
    )
    asked = [
        "tune",
        str(file),
        "--data",
        str(tmp_path / "X.csv"),
        "--space",
        "hold=1,2",
        "--method",
        "grid",
        "--objective",
        "profit",
        "--json",
    ]
    asked += ["--storage", f"sqlite:///{tmp_path}/s.db", "--study-name", "s"]
    answers = [CliRunner().invoke(cli, asked) for _ in range(2)]
    assert [answer.exit_code for answer in answers] == [0, 0], [answer.output for answer in answers]
    first, second = (json.loads(answer.output) for answer in answers)
    assert (
        [row["profit"] for row in first["trials"]] == PROFITS[:2]
        and first["trials"] == second["trials"]
        and [h for _, h in begun(file)] == [1, 2, 2, 2]
    )  # the best again, for its result


def test_a_bar_with_the_time_that_is_left(file, capsys):
    found = search(file, progress=True, space={"hold": [1, 2, 3]})
    assert "Holds: trials" in (shown := capsys.readouterr().err) and "3/3" in shown and "left" in shown
    found.walk_forward(2, progress=True)
    assert "Holds: walk forward" in (shown := capsys.readouterr().err) and "6/6" in shown
    with pytest.raises(BadInput, match="progress takes True or a function"):
        search(file, progress="yes")


# -- slips


def test_another_search_of_the_name_is_refused(file, tmp_path):
    arguments = {"storage": tmp_path / "s.db", "study_name": "s", "space": {"hold": [1, 2]}}
    search(file, **arguments)
    with pytest.raises(BadInput, match=r"its study s is a search with another space .*; take another study_name"):
        search(file, **(arguments | {"space": {"hold": [1, 3]}}))
    optuna.create_study(study_name="theirs", storage=f"sqlite:///{tmp_path}/s.db").add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(BadInput, match="its study theirs was not made by bt_pdt"):
        search(file, **(arguments | {"study_name": "theirs"}))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"storage": None}, "give storage too"),
        ({"study_name": ""}, "study_name takes a name, got ''"),
        ({"method": "tpe", "batch": 4}, "ask for one trial at a time; leave it out"),
        ({"resume": True, "retry_failed": True}, "retry_failed is for a search of one process"),
        ({"replay": True}, "replay is for a search of one process"),
        ({"storage": "sqlite:////no/such/folder/s.db"}, "a file in a folder that exists"),
        ({"storage": "postgresql://me:secret@host/db", "study_name": None}, "got postgresql://...; a database goes with study_name"),
        ({"storage": "nonsense://here"}, "nonsense://here"),
        ({"storage": "postgresql+psycopg2://me:secret@127.0.0.1:1/db"}, r"postgresql\+psycopg2://me:\*\*\*@127.0.0.1:1/db"),
    ],
)
def test_a_slip_is_told(file, tmp_path, arguments, said):
    with pytest.raises(BadInput, match=said) as slip:
        search(file, **({"storage": tmp_path / "s.db", "study_name": "s"} | arguments))
    assert "secret" not in str(slip.value)
