"""What a checker of types says of a user's file: right code passes, and a name that does not exist is found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import bt_pdt

pytest.importorskip("mypy", reason="mypy is not installed")

FINE = """
from datetime import date, datetime

import backtrader as bt

import bt_pdt
from bt_pdt import Account, Fill, MarginBroker, OrderRequest, Result, tune

account: Account = Account(24_000.0, at=datetime(2026, 6, 8, 10), brokerage="alpaca")
decision = account.check(OrderRequest("SPY", "buy", 10.0, type="limit", limit_price=500.0))
if not decision.accepted:
    print(decision.reason.value, decision.would_pass.qty + 1.0)
account.post(Fill("SPY", "buy", 10.0, 500.0))
rules = bt_pdt.rulebook_for("alpaca").on(date(2026, 6, 3))
least: float = rules.pdt_min_equity * 2.0
result: Result = bt_pdt.run("strategy.py", "bars.csv", cash=24_000)
found = bt_pdt.compare("strategy.py", "bars.csv", cash=24_000)
print(found.conclusions[0].upper(), result.summary["orders"], least)
cerebro = bt.Cerebro()
cerebro.setbroker(MarginBroker(cash=24_000))
"""

WRONG = {
    "bt_pdt.rulebook_for('alpaca').on(date(2026, 6, 3)).pdt_min_equty": '"Rules" has no attribute "pdt_min_equty"',
    "bt_pdt.rulebook_for('alpaca').on(date(2026, 6, 3)).pdt_check == 'exti'": "Non-overlapping equality check",
    "bt_pdt.Account(1.0, at=datetime(2026, 6, 3, 9, 30)).calls[0].kind == 'fedd'": "Non-overlapping equality check",
    "bt_pdt.Account(1.0, at=datetime(2026, 6, 3, 9, 30)).restriction('closing')": 'incompatible type "Literal[',
    "bt_pdt.MarginBrokr": 'has no attribute "MarginBrokr"',
    "bt_pdt.rulebook_for(7)": 'incompatible type "int"',
    "bt_pdt.run('s.py', 'bars.csv', cash=1).summry": '"Result" has no attribute "summry"',
    "bt_pdt.OrderRequest('SPY', 'buy')": 'Missing positional argument "qty"',
}


def checked(folder: Path, text: str) -> str:
    """What mypy says of a user's file."""
    file = folder / "users_own.py"
    file.write_text(text, encoding="utf-8")
    settings = folder / "none.ini"
    settings.write_text("[mypy]\n[mypy-backtrader.*]\nignore_missing_imports = True\n")
    cache = folder.parent / "mypy"  # what bt_pdt imports is read once for all of these tests
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "--config-file", str(settings), str(file)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_a_users_file_is_checked(tmp_path: Path) -> None:
    assert checked(tmp_path, FINE).startswith("Success")


def test_what_does_not_exist_is_found(tmp_path: Path) -> None:
    head = "from datetime import date\n\nimport bt_pdt\n"
    said = checked(tmp_path, head + "".join(f"print({line})\n" for line in WRONG)).splitlines()
    for n, words in enumerate(WRONG.values(), start=4):
        assert any(re.match(rf"users_own.py:{n}: ", line) and words in line for line in said), (words, said)


def test_every_public_name_has_a_type(tmp_path: Path) -> None:
    """A name whose type is Any takes anything, so a checker would find nothing."""
    names = [name for name in bt_pdt.__all__ if name != "__version__"]
    said = checked(tmp_path, "import bt_pdt\n" + "".join(f"reveal_type(bt_pdt.{name})\n" for name in names))
    revealed = re.findall(r'Revealed type is "(.*)"', said)
    assert len(revealed) == len(names)
    assert [name for name, found in zip(names, revealed, strict=True) if found == "Any"] == []
