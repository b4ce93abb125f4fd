"""``bt-pdt new``: what it writes passes its own test and the linter, and handles refusals; it overwrites nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import backtrader as bt
import pytest
from click.testing import CliRunner

import bt_pdt
from bt_pdt.commands.new import class_name, new
from bt_pdt.runs.study import load_bars, load_strategy, samples

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def said(*arguments: str) -> str:
    done = CliRunner().invoke(new, arguments, catch_exceptions=False, standalone_mode=False)
    return str(done.output)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "ideas"
    assert "wrote" in said("my_idea", "--dir", str(folder))
    return folder


def test_its_test_passes(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir() if path.is_file()) == ["my_idea.py", "test_my_idea.py"]
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_idea.py", cwd=made)
    assert done.returncode == 0 and "5 passed" in done.stdout, done.stdout


@pytest.mark.long
def test_its_test_fails_for_a_strategy_that_asks_on_every_bar(made: Path, tmp_path: Path) -> None:
    text = (made / "my_idea.py").read_text()
    waits = "        self.wait[data, way] = again\n"
    assert text.count(waits) == 1
    (tmp_path / "my_idea.py").write_text(text.replace(waits, ""))
    (tmp_path / "test_my_idea.py").write_text((made / "test_my_idea.py").read_text())
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_idea.py", cwd=tmp_path)
    assert done.returncode == 1 and "test_what_is_refused_is_not_asked_again_that_day[exit]" in done.stdout


def test_it_needs_no_bt_pdt(made: Path) -> None:
    program = "import sys; sys.modules['bt_pdt'] = None\nimport my_idea; print(my_idea.MyIdea.__name__)"
    assert python("-c", program, cwd=made).stdout == "MyIdea\n"


def test_bt_pdt_run_takes_it(made: Path, tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "data" / "synthetic_1min_2025-12-22_2025-12-30.parquet"
    done = python("-m", "bt_pdt.cli", "run", "my_idea.py", "--data", str(sample), "--cash", "30000", "--json", cwd=made)
    assert done.returncode == 0 and json.loads(done.stdout)["orders"] > 0, done.stderr


def test_no_entry_while_a_margin_call_is_open(made: Path) -> None:
    cerebro = bt.Cerebro(stdstats=False)
    for feed in bt_pdt.feeds(load_bars(samples().data / "synthetic_1min_2025-12-22_2025-12-30.parquet", todate="2025-12-22")):
        cerebro.adddata(feed)
    cerebro.addstrategy(load_strategy(made / "my_idea.py"))
    strategy, day = cerebro.run()[0], date(2025, 12, 23)

    def may_ask(way: str) -> bool:
        return bool(strategy.may_ask(strategy.data, way, day))

    for number, end in enumerate(("call_met", "call_expired", "call_closed")):
        call = SimpleNamespace(id=f"c{number}")
        strategy.notify_store("call_issued", call=call, session=day)
        assert not may_ask("in") and may_ask("out")
        strategy.notify_store("restriction_set", kind="liquidation_only", session=day)
        strategy.notify_store(end, call=call, session=day)
        assert may_ask("in")


@pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")
def test_the_linter_has_nothing_to_say(made: Path) -> None:
    for arguments in (("check", "--isolated", "--select", "E,F,I,B,UP,SIM,RUF"), ("format", "--isolated", "--check")):
        done = python("-m", "ruff", *arguments, "--no-cache", ".", cwd=made)
        assert done.returncode == 0, done.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("mine")
    with pytest.raises(ValueError, match=r"test_mine.py: is there already and is not overwritten"):
        said("mine", "--dir", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["test_mine.py"] and (tmp_path / "test_mine.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my-idea", "must be a Python name like my_idea, got 'my-idea'; how about 'my_idea'?"),
        ("idea.py", "how about 'idea'?"),
        ("../idea", "how about 'idea'?"),
        ("class", "how about 'strategy_class'?"),
        ("2fast", "how about 'strategy_2fast'?"),
        ("", "how about 'my_idea'?"),
        ("_", "how about 'my_idea'?"),
        ("idée", "how about 'id_e'?"),
        ("backtrader", "would hide the Python module of that name; how about 'strategy_backtrader'?"),
        ("datetime", "would hide the Python module"),
        ("test_idea", "pytest would take the strategy for a test; how about 'idea'?"),
    ],
)
def test_names_that_cannot_be(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        said(name, "--dir", str(tmp_path))
    assert words in str(error.value) and not list(tmp_path.iterdir())


def test_class_names() -> None:
    assert [class_name(name) for name in ("my_idea", "idea", "MyIdea", "orb2")] == ["MyIdea", "Idea", "MyIdea", "Orb2"]


def test_json_and_a_place_that_cannot_be(tmp_path: Path) -> None:
    found = json.loads(said("idea", "--dir", str(tmp_path), "--json"))
    assert found == {"class": "Idea", "strategy": str(tmp_path / "idea.py"), "test": str(tmp_path / "test_idea.py")}
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="cannot be written to"):
        said("other", "--dir", str(tmp_path / "file"))
