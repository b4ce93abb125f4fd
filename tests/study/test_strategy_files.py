"""Strategy files as people have them: helpers beside them, packages, several classes, scripts without a guard, whole scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import bt_pdt
from bt_pdt.cli import cli
from bt_pdt.host.scripts import run_script
from bt_pdt.runs.study import load_strategy
from bt_pdt.tuning.serialization import strategy_of, strategy_parcel

HEAD = "import backtrader as bt\n"
BUYS = "    def next(self):\n        if len(self) == 2: self.buy(size={})\n"


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def bars() -> Any:
    close = np.round(30.0 + 0.02 * np.arange(50), 2)
    frame = pd.DataFrame({"datetime": pd.date_range("2025-09-08 09:31", periods=50, freq="1min"), "symbol": "SPY"})
    for name in ("open", "high", "low", "close"):
        frame[name] = close
    return bt_pdt.load(frame.assign(volume=500.0), stamp="end", timeframe="1 minute")


def bought(strategy: str, bars: Any) -> int:
    return int(bt_pdt.run(strategy, bars).orders["qty"].iloc[0])


# -- what lies beside


@pytest.mark.parametrize(
    "imported", ["from tools import N", "import tools\nN = tools.N", "from tools import *", "import tools as t\nN = t.N"]
)
def test_each_folder_has_its_own_helpers(tmp_path: Path, bars: Any, imported: str) -> None:
    before = list(sys.path), "tools" in sys.modules
    files = []
    for name, size in (("one", 3), ("two", 11)):
        write(tmp_path / name, "tools.py", f"N = {size}\n")
        files.append(write(tmp_path / name, "s.py", f"{HEAD}{imported}\nclass S(bt.Strategy):\n{BUYS.format('N')}"))
    assert [bought(file, bars) for file in (*files, files[0])] == [3, 11, 3]
    assert (list(sys.path), "tools" in sys.modules) == before


def test_both_loaded_at_once_keep_their_own_also_when_they_import_late(tmp_path: Path, bars: Any) -> None:
    classes = []
    for name, size in (("one", 3), ("two", 11)):
        write(tmp_path / name, "late.py", f"N = {size}\n")
        how = "from late import N" if name == "one" else "import importlib; N = importlib.import_module('late').N"
        text = f"{HEAD}class S(bt.Strategy):\n    def next(self):\n        {how}\n        if len(self) == 2: self.buy(size=N)\n"
        classes.append(load_strategy(write(tmp_path / name, "s.py", text)))
    found = [bt_pdt.run(kind, bars) for kind in classes]
    assert [int(one.orders["qty"].iloc[0]) for one in found] == [3, 11]
    assert list(found[0].manifest["strategy"]["beside"]) == [str(tmp_path / "one" / "late.py")] and "late" not in sys.modules


def test_what_is_edited_is_read_anew_even_in_the_same_second(tmp_path: Path, bars: Any) -> None:
    file = write(tmp_path, "s.py", f"{HEAD}from deep.er import N\nclass S(bt.Strategy):\n{BUYS.format('N')}")
    hashes = set()
    for size in (4, 5):
        write(tmp_path, "deep/er.py", f"N = {size}\n")
        found = bt_pdt.run(file, bars)
        assert int(found.orders["qty"].iloc[0]) == size
        hashes |= set(found.manifest["strategy"]["beside"].values())
    assert len(hashes) == 2 and not list(tmp_path.rglob("*.pyc"))


def test_files_in_packages(tmp_path: Path, bars: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "pyproject.toml", "")
    for folder in ("mine", "mine/kinds"):
        write(tmp_path / folder, "__init__.py", "")
    write(tmp_path, "mine/base.py", f"{HEAD}class Base(bt.Strategy):\n{BUYS.format('self.n')}")
    write(tmp_path, "shared/numbers_of_mine.py", "SEVEN = 7\n")
    texts = {
        "mine/kinds/rel.py": "from ..base import Base\nfrom . import sib\nclass Rel(Base): n = sib.N\n",
        "mine/kinds/sib.py": "N = 6\n",
        "mine/kinds/absolute.py": "from mine.base import Base\nimport mine.kinds.sib\nclass Abs(Base): n = mine.kinds.sib.N + 2\n",
        "loose/strat.py": f"{HEAD}from shared.numbers_of_mine import SEVEN\nclass Loose(bt.Strategy):\n{BUYS.format('SEVEN')}",
    }
    for name, text in texts.items():
        write(tmp_path, name, text)
    found = [bought(str(tmp_path / name), bars) for name in texts if "sib" not in name]
    assert found == [6, 8, 7]
    (tmp_path / "pyproject.toml").unlink()  # without a project's mark: the working directory, as python -m
    monkeypatch.chdir(tmp_path)
    assert bought("loose/strat.py", bars) == 7


def test_a_strategy_with_helpers_travels(tmp_path: Path) -> None:
    write(tmp_path, "tools.py", "N = 9\n")
    kind = load_strategy(write(tmp_path, "s.py", f"{HEAD}from tools import N\nclass S(bt.Strategy):\n    n = N\n"))
    assert strategy_of(strategy_parcel(kind)).n == 9  # type: ignore[attr-defined]


def test_an_error_beside_the_strategy_names_that_file(tmp_path: Path, bars: Any) -> None:
    write(tmp_path, "tools.py", "def size():\n    return 1 // 0\n")
    file = write(tmp_path, "s.py", f"{HEAD}import tools\nclass S(bt.Strategy):\n    def next(self): self.buy(size=tools.size())\n")
    with pytest.raises(bt_pdt.BadInput, match=r"tools.py, line 2: S stopped with ZeroDivisionError"):
        bt_pdt.run(file, bars)
    indicator = "class I(bt.Indicator):\n    lines = ('x',)\n    def next(self):\n        self.lines.x[0] = {}['a']\n"
    broken = write(tmp_path, "broken.py", f"{HEAD}{indicator}class S(bt.Strategy):\n    def __init__(self): self.i = I()\n")
    with pytest.raises(bt_pdt.BadInput, match=r"broken.py, line 5: S stopped with KeyError: 'a'"):
        bt_pdt.run(broken, bars)


# -- several classes, scripts, screens


def test_the_derived_class_is_proposed(tmp_path: Path) -> None:
    file = write(tmp_path, "s.py", f"{HEAD}class Basis(bt.Strategy): pass\nclass Mine(Basis): pass\nclass Yours(Mine): pass\n")
    with pytest.raises(bt_pdt.BadInput, match=r"\(Basis, Mine, Yours\); name one, like .*s.py:Yours\."):
        load_strategy(file)


@pytest.mark.parametrize(
    "rest",
    [
        "c = bt.Cerebro()\nc.addstrategy(S)\nc.adddata(bt.feeds.GenericCSVData(dataname='none.csv'))\nc.run()\n",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--fast', required=True)\nargs = p.parse_args()\n",
        "frame = open('prices_that_are_not_there.csv')\n",
        "import sys\nfast = sys.argv[1]\n",
    ],
)
def test_a_file_that_acts_when_it_is_read_is_told_of_the_guard(tmp_path: Path, rest: str, capsys: pytest.CaptureFixture[str]) -> None:
    run, argv = bt.Cerebro.run, list(sys.argv)
    file = write(tmp_path, "s.py", f"{HEAD}class S(bt.Strategy):\n    pass\n{rest}")
    with pytest.raises(bt_pdt.BadInput, match=r'line \d+\).* if __name__ == "__main__":.*--script'):
        load_strategy(file)
    assert bt.Cerebro.run is run and sys.argv == argv


def test_the_arguments_of_a_file_are_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pytest", "--not", "the", "file's"])
    text = f"{HEAD}import argparse\np = argparse.ArgumentParser()\np.add_argument('--fast', default=3)\nargs = p.parse_args()\nclass S(bt.Strategy): n = args.fast\n"
    assert load_strategy(write(tmp_path, "s.py", text)).n == 3  # type: ignore[attr-defined]


def test_a_window_that_cannot_be_opened_stops_no_file(tmp_path: Path) -> None:
    text = f"{HEAD}import matplotlib\nimport matplotlib.pyplot\nmatplotlib.use('GTK4Cairo')\nclass S(bt.Strategy): pass\n"
    assert load_strategy(write(tmp_path, "s.py", text)).__name__ == "S"


# -- whole scripts

SCRIPT = """
import argparse
import backtrader as bt, numpy as np, pandas as pd
import matplotlib.pyplot as plt
from sized import SIZE

class Crossing(bt.Strategy):
    params = (("every", 9),)
    def next(self):
        if len(self) % self.p.every == 2: self.buy(size=SIZE)
        elif len(self) % self.p.every == 6: self.close()

p = argparse.ArgumentParser()
p.add_argument("--every", type=int, required=True)
p.add_argument("--many", action="store_true")
args = p.parse_args()
close = 50 + np.arange(1170) % 7 * 0.05
index = pd.DatetimeIndex(np.concatenate([pd.date_range(f"2025-09-{d} 09:31", periods=390, freq="1min") for d in ("08", "09", "10")]))
frame = pd.DataFrame(dict(open=close, high=close + .1, low=close - .1, close=close, volume=1e4), index=index)
for cash in (24_000.0, 60_000.0):
    cerebro = bt.Cerebro()
    cerebro.adddata(bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes, name="SPY"))
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(commission=0.0002)
    if args.many:
        cerebro.optstrategy(Crossing, every=range(args.every, args.every + 2))
        cerebro.run(maxcpus=1)
        break
    cerebro.addstrategy(Crossing, every=args.every)
    cerebro.run()
    print("left with", round(cerebro.broker.getvalue(), 2))
    cerebro.plot()
    plt.show()
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    write(tmp_path, "sized.py", "SIZE = 40\n")
    return write(tmp_path, "whole.py", SCRIPT)


def test_a_whole_script_is_judged_as_it_is(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    run, argv, path = bt.Cerebro.run, list(sys.argv), list(sys.path)
    found = run_script(script, ["--every", "9"], rules="as_of")
    assert bt.Cerebro.run is run and sys.argv == argv and sys.path == path and "sized" not in sys.modules
    assert list(found) == ["Crossing", "Crossing (2)"]
    assert [one.equity_start for one in found.values()] == [24_000.0, 60_000.0]
    small, large = found.values()
    assert small.summary["refused_PDT_COUNT"] > 0 and "refused_PDT_COUNT" not in large.summary
    said = capsys.readouterr().out.split()
    assert [float(said[2]), float(said[5])] == pytest.approx([small.values[-1], large.values[-1]], abs=0.01)
    off = run_script(script, ["--every", "9"], rules="off", charge_costs=False, cash=24_000.0)
    assert all(one.summary["refused"] == 0 and one.equity_start == 24_000.0 for one in off.values())


def test_each_variant_of_a_script_s_optimisation(script: str) -> None:
    found = run_script(script, ["--every", "9", "--many"])
    assert list(found) == ["every=9", "every=10"] and all(one.summary["refused"] > 0 for one in found.values())


def test_the_verb_runs_a_script(script: str, tmp_path: Path) -> None:
    runner = CliRunner()
    page, out = str(tmp_path / "p.html"), str(tmp_path / "out")
    done = runner.invoke(
        cli, ["run", script, "--script", "--json", "--html", page, "--out", out, "--", "--every", "9"], catch_exceptions=False
    )
    told = json.loads(done.stdout)
    assert set(told) == {"Crossing", "Crossing (2)"} and told["Crossing"]["refused"] > 0 and told["Crossing"]["html"] == page
    assert bt_pdt.load(f"{out}/1").summary["refused"] == told["Crossing"]["refused"] and Path(page).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--script"], "its arguments follow --"),
        (["--script", "--data", "x.csv"], "--data does not go with --script"),
        (["--", "--every", "9"], "with --script"),
        ([], "--data FILE, or --script"),
    ],
)
def test_what_does_not_go_with_a_script(script: str, arguments: list[str], words: str) -> None:
    with pytest.raises(bt_pdt.BadInput, match=words):
        CliRunner().invoke(cli, ["run", script, *arguments], catch_exceptions=False, standalone_mode=False)


def test_a_script_that_runs_nothing_or_stops(tmp_path: Path) -> None:
    with pytest.raises(bt_pdt.BadInput, match="ran no cerebro"):
        run_script(write(tmp_path, "nothing.py", "x = 1\n"))
    with pytest.raises(bt_pdt.BadInput, match=r"stops.py, line 2: stopped with ValueError: no"):
        run_script(write(tmp_path, "stops.py", "x = 1\nraise ValueError('no')\n"))


# -- longer bars


def test_longer_bars_are_added_in_order(bars: Any) -> None:
    seen: list[Any] = []

    class Looks(bt.Strategy):
        def stop(self) -> None:
            seen.extend((len(d), d._timeframe, d._compression) for d in self.datas)

        def next(self) -> None:
            if len(self) == 20:
                self.buy(data=self.datas[1], size=5)

    found = bt_pdt.run(Looks, bars, resample=["5min", "15min"])
    assert [one[1:] for one in seen] == [(4, 1), (4, 5), (4, 15)] and [one[0] for one in seen[1:]] == [10, 4]
    assert found.manifest["parameters"]["resample"] == ["5min", "15min"] and set(found.orders["symbol"]) == {"SPY"}
    for bad, words in (("1min", "do not make it"), ("15 parsecs", "takes lengths like 15min"), ("0d", "takes lengths")):
        with pytest.raises(bt_pdt.BadInput, match=words):
            bt_pdt.run(Looks, bars, resample=bad)
