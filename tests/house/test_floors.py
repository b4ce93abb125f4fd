"""What the account needs stays light. That imports only go down is a contract in pyproject.toml, which ``lint-imports`` checks."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bt_pdt"

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


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_host_and_what_starts_it_import_backtrader(path: Path) -> None:
    heads = {name.split(".")[0] for name in imported(path, deep=False)}
    floor = path.relative_to(PACKAGE).parts[0]
    assert floor in ("host", "whatif") or "backtrader" not in heads
    if floor in ("core", "law", "account", "audits"):
        assert not heads & HEAVY, "import it where it is used"


def loaded_by(statement: str) -> set[str]:
    """The modules in a fresh interpreter after ``statement``."""
    program = f"{statement}\nimport sys, json\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    found: list[str] = json.loads(done.stdout)
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize(
    "module", ["bt_pdt", "bt_pdt.account.account", "bt_pdt.audits.history", "bt_pdt.audits.alpaca_files", "bt_pdt.audits.snapshot"]
)
def test_the_account_is_light(module: str) -> None:
    assert not loaded_by(f"import {module}") & (HEAVY | {"numpy"})


def test_help_is_light() -> None:
    """The command line imports nothing heavy until a verb runs; --help shows the verbs without importing one."""
    assert not loaded_by("import bt_pdt.cli") & (HEAVY | {"numpy", "rich"})
    shown = loaded_by(
        "import contextlib, io\nfrom bt_pdt.cli import cli\nwith contextlib.redirect_stdout(io.StringIO()):\n    cli(['--help'], standalone_mode=False)"
    )
    assert not shown & (HEAVY | {"numpy", "rich"})
