"""``btrun``, backtrader's own command line: a hook file of one line puts its run under the rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STRATEGY = """
import backtrader as bt


class InAndOut(bt.Strategy):
    def next(self):
        if len(self) % 4 == 1:
            self.buy(size=10)
        elif len(self) % 4 == 3 and self.position:
            self.close()
"""


def btrun(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    lines = ["datetime,time,open,high,low,close,volume,openinterest"]
    lines += [f"2024-01-02,{9 + (30 + i) // 60:02}:{(30 + i) % 60:02}:00,100,101,99,100,1000000,0" for i in range(1, 40)]
    (folder / "X.csv").write_text("\n".join(lines) + "\n")
    (folder / "idea.py").write_text(STRATEGY)
    (folder / "margin.py").write_text("from bt_pdt import install\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    arguments = ["--csvformat", "btcsv", "--data", "X.csv", "--timeframe", "minutes", "--strategy", "idea.py:InAndOut", "--cash", "20000"]
    command = [sys.executable, "-c", "from backtrader.btrun import btrun; btrun()", *arguments, *more]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_hook(tmp_path: Path) -> None:
    """Ten round trips are tried, three a day are allowed under $25,000: 6 orders, then 7 refused; the cash is btrun's."""
    done = btrun(tmp_path, "--hook", 'margin.py:install:brokerage="alpaca",block_on="entry",observers=False', "--pranalyzer")
    assert done.returncode == 0, done.stderr
    assert "- orders: 13\n" in done.stdout and "- refused_PDT_COUNT: 7\n" in done.stdout and "- equity_start: 20000.0\n" in done.stdout


def test_a_slip_in_the_hook_names_the_nearest(tmp_path: Path) -> None:
    done = btrun(tmp_path, "--hook", 'margin.py:install:brokerage="alpacca"')
    assert done.returncode != 0 and "did you mean 'alpaca'?" in done.stderr
