"""What a killed search leaves in the temporary directory is removed by the next one, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from made_bars import days

import bt_pdt
from bt_pdt.tuning.folders import Folder

pytest.importorskip("fcntl", reason="without file locks leftovers are not looked for")

BARS = days("X", "2025-03-03", [100.0, 100, 104, 110, 108, 103])
SOURCE = """
import time
import backtrader as bt

class Slow(bt.Strategy):
    params = (("size", 1), ("seconds", 0.0))

    def next(self):
        time.sleep(self.p.seconds)
        if len(self) == 1:
            self.buy(size=self.p.size)
"""
PROGRAM = """
import sys, pandas as pd, bt_pdt
bars = bt_pdt.load(pd.read_csv(sys.argv[2]))
bt_pdt.tune(sys.argv[1], bars, {"size": [1, 2, 3, 4]}, objective="profit", method="grid", jobs=2, params={"seconds": 0.2})
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A strategy, bars, and a temporary directory of its own."""
    (tmp_path / "slow.py").write_text(SOURCE)
    (tmp_path / "tmp").mkdir()
    BARS.tidy().to_csv(tmp_path / "X.csv", index=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def left(place):
    return sorted(folder for folder in (place / "tmp").glob("bt_pdt_tune_*") if (folder / "bars").exists())


def killed_search(place):
    """What another process, killed while it searched, has left."""
    command = [sys.executable, "-c", PROGRAM, str(place / "slow.py"), str(place / "X.csv")]
    child = subprocess.Popen(command, cwd=Path(bt_pdt.__file__).parents[1], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while not left(place) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    (folder,) = left(place)
    assert f"_{child.pid}_" in folder.name
    return folder


@pytest.mark.long
def test_what_a_killed_search_left_is_removed_by_the_next(place):
    gone = killed_search(place)
    other = place / "tmp" / "bt_pdt_tune_of_mine"
    other.mkdir()
    (place / "tmp" / "bt_pdt_tune_link").symlink_to(other, target_is_directory=True)
    works = Folder()  # of a search that goes on
    assert not gone.exists()
    (works.path / "bars").touch()
    found = bt_pdt.tune(place / "slow.py", BARS, {"size": [1, 2]}, objective="profit", method="grid", jobs=2)
    assert found.trials["profit"].tolist() == [3, 6]
    assert left(place) == [works.path], "the search's own is gone, the one in use stays"
    assert other.is_dir() and (place / "tmp" / "bt_pdt_tune_link").is_symlink(), "what no search has made stays"
    works.remove()
    assert left(place) == []
