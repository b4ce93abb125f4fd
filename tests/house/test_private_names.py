"""Nobody uses another module's private names: what begins with an underscore belongs to the class or the module that has it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bt_pdt"
#: Of named tuples: public methods under names that no field can have.
TUPLES = {"_replace", "_asdict", "_fields", "_field_defaults", "_make"}
#: Names for one's own object: the instance, the class, and in a method that copies, the twin of its own class.
OWN = {"self", "cls", "twin"}


def reach_ins(path: Path) -> Iterator[str]:
    """Each private name of somebody else in a file, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            if node.attr not in TUPLES and not (isinstance(node.value, ast.Name) and node.value.id in OWN):
                yield f"{path.name}, line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{path.name}, line {node.lineno}: {a.name}" for a in node.names if a.name.startswith("_") and a.name[:2] != "__")


@pytest.mark.parametrize("path", sorted((PACKAGE / "account").glob("*.py")), ids=lambda path: path.name)
def test_no_module_of_the_account_knows_a_private_name_of_another(path: Path) -> None:
    assert list(reach_ins(path)) == []
