"""The page on how bt_pdt is built names what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from bt_pdt.account.session_state import SessionState

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "bt_pdt"


def test_every_module_that_it_names_is_there() -> None:
    named = re.findall(r"`([a-z_/]+(?:\.py|/))`", PAGE)
    assert len(named) > 30
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_the_tree_is_the_tree_and_that_of_the_contracts() -> None:
    drawn = re.findall(r"^  ([a-z_]+)/ ", PAGE, re.M)
    folders = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    floors = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]["layers"]
    listed = [name.strip() for floor in floors for name in floor.split("|")]
    assert sorted(drawn) == folders == sorted(set(listed) - {"cli"})


def test_every_part_of_the_account_is_in_the_table() -> None:
    parts = {
        name
        for name, kind in SessionState.__annotations__.items()
        if not kind.startswith(("AccountType", "bool", "list", "Rulebook", "Brokerage"))
    }
    assert parts == set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.M))
