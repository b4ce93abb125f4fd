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
            own = isinstance(node.value, ast.Name) and node.value.id in OWN
            base = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "super"
            if node.attr not in TUPLES and not own and not base:
                yield f"{path.name}, line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{path.name}, line {node.lineno}: {a.name}" for a in node.names if a.name.startswith("_") and a.name[:2] != "__")


#: Backtrader keeps these where only a leading underscore reaches them; only what stands on it may use them.
BACKTRADERS = {
    *("_name", "_timeframe", "_compression", "_compensate", "_tz", "_trades", "_exactbars", "_dooptimize", "_notify_store"),
    *("_getkeys", "_getkwargs", "_getitems", "_getpairs", "_getlines", "_getlinesbase", "_getlinesextra", "_getlinesextrabase"),
}
HOSTS = ("host", "whatif", "runs/study.py", "tuning/serialization.py")
#: Names that other people's protocols ask for.
PROTOCOLS = {"sys._getframe", "result._repr_html_", "self.view._repr_mimebundle_"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_uses_a_private_name_of_another(path: Path) -> None:
    inside = path.relative_to(PACKAGE).as_posix()
    if inside.startswith("host/fast/"):
        pytest.skip("it is backtrader's own loop, written again on backtrader's own parts")
    allowed = BACKTRADERS if inside.startswith(HOSTS) else set()
    found = [name for name in reach_ins(path) if name.rpartition(".")[2] not in allowed and name.rpartition(": ")[2] not in PROTOCOLS]
    assert found == []
