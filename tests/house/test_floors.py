"""The floors: imports only go down, and what the account needs stays light. A new module is given a floor here."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bt_pdt"

#: module or folder -> floor: words, law and facts, judgement, account, host, doors
FLOORS = {
    **dict.fromkeys(("decisions", "orders", "journal", "sessions", "errors", "money", "state"), 0),
    **dict.fromkeys(("rules", "brokerages", "ledger", "daytrades"), 1),
    **dict.fromkeys(("margin", "checks", "calls", "clocks", "obligations", "deficit", "since_close", "standing", "advice", "valuation", "judgement"), 2),
    **dict.fromkeys(("cashbook", "distance", "liquidation"), 2),
    **dict.fromkeys(("account", "trading_day", "report"), 3),
    **dict.fromkeys(("adapter", "bars", "replay", "synthetic"), 4),
    **dict.fromkeys(("comparison", "explorer", "history", "importers", "reenact", "snapshot", "study", "tuning"), 5),
    **dict.fromkeys(("commands", "cli", "__init__"), 5),
}
LAW, FACTS = {"rules", "brokerages"}, {"ledger", "daytrades"}
HEAVY = {"backtrader", "pandas", "matplotlib", "exchange_calendars", "pyarrow"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """The floor's name for a file: its own at the top, its folder's below."""
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def _statements(body: list[ast.stmt], *, deep: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _statements(node.orelse, deep=deep)
        elif deep or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for name in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, name, []), deep=deep)
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body, deep=deep)


def imported(path: Path, *, deep: bool) -> set[str]:
    """Full names of what a file imports: at module level, or (``deep``) anywhere; names only for type checkers left out."""
    package = ["bt_pdt", *path.relative_to(PACKAGE).parent.parts]
    found: set[str] = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")).body, deep=deep):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.level:
            base = ".".join(package[: len(package) - node.level + 1] + ([node.module] if node.module else []))
            found |= {base if node.module and base != "bt_pdt" else f"{base}.{alias.name}" for alias in node.names}
        else:
            found.add(node.module or "")
    return found


def ours(path: Path) -> set[str]:
    """The parts of this package that a file imports, wherever in the file."""
    parts = {name.split(".")[1] for name in imported(path, deep=True) if name.startswith("bt_pdt.")}
    return {name for name in parts if not name.startswith("__version")}


def test_every_module_has_a_floor() -> None:
    missing = sorted({part(path) for path in MODULES} - FLOORS.keys())
    assert not missing, f"give these modules a floor in FLOORS: {missing}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_go_down(path: Path) -> None:
    here = FLOORS[part(path)]
    up = {name for name in ours(path) if FLOORS.get(name, 5) > here}
    assert not up, f"{path.name} is on floor {here} and imports from above: {sorted(up)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_facts_and_law_do_not_know_each_other(path: Path) -> None:
    known = ours(path)
    assert not (part(path) in LAW and known & FACTS)
    assert not (part(path) in FACTS and known & LAW)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_adapter_imports_backtrader(path: Path) -> None:
    heads = {name.split(".")[0] for name in imported(path, deep=False)}
    assert part(path) == "adapter" or "backtrader" not in heads
    if FLOORS[part(path)] <= 3:
        assert not heads & HEAVY, "import it where it is used"


def loaded_by(statement: str) -> set[str]:
    """The modules in a fresh interpreter after ``statement``."""
    program = f"{statement}\nimport sys, json\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    found: list[str] = json.loads(done.stdout)
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize("module", ["bt_pdt", "bt_pdt.account", "bt_pdt.history", "bt_pdt.importers", "bt_pdt.snapshot"])
def test_the_account_is_light(module: str) -> None:
    assert not loaded_by(f"import {module}") & (HEAVY | {"numpy"})


def test_help_is_light() -> None:
    """The command line imports nothing heavy until a verb runs; --help shows the verbs without importing one."""
    assert not loaded_by("import bt_pdt.cli") & (HEAVY | {"numpy", "rich"})
    shown = loaded_by(
        "import contextlib, io\nfrom bt_pdt.cli import cli\nwith contextlib.redirect_stdout(io.StringIO()):\n    cli(['--help'], standalone_mode=False)"
    )
    assert not shown & (HEAVY | {"numpy", "rich"})
