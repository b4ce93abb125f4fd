"""The typed attributes of the rules are those of the rulebook."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

import bt_pdt
from bt_pdt.law import law
from bt_pdt.law.brokerages import NAMES, rulebook_for
from bt_pdt.law.values import Values


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))


def test_they_are_written_from_the_rulebook() -> None:
    import make_rules

    assert make_rules.MODULE.read_text(encoding="utf-8") == make_rules.written(), "run python docs/make_rules.py"


def test_every_parameter_has_one() -> None:
    assert set(Values.__annotations__) == set(law().parameters) - {"regime"}
    for name in NAMES:
        assert set(rulebook_for(name).parameters) - {"regime"} == set(Values.__annotations__)


def test_a_value_of_another_type_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import make_rules

    book = rulebook_for("finra").override({"pdt_min_equity": 30_000.0})
    parameter = book.parameters["pdt_min_equity"]
    odd = parameter.__class__(**vars(parameter) | {"history": (parameter.history[0]._replace(value="a lot"),)})
    monkeypatch.setitem(book.parameters, "pdt_min_equity", odd)
    monkeypatch.setattr(make_rules, "rulebook_for", lambda name: book)
    with pytest.raises(TypeError, match="pdt_min_equity is 'a lot', which is no float"):
        make_rules.type_of(odd)


def test_reading_one_is_reading_the_rulebook() -> None:
    rules = rulebook_for("alpaca").on(date(2026, 6, 3))
    assert rules.pdt_min_equity == rulebook_for("alpaca").value("pdt_min_equity", date(2026, 6, 3)) == 25_000.0
    with pytest.raises(ValueError, match="did you mean 'pdt_min_equity'"):
        rules.pdt_min_equty  # noqa: B018


def test_every_public_name_is_there_for_a_checker_of_types() -> None:
    """What is loaded on first use is written twice: by its home for the program, and as an import for the checker. Both say the same."""
    tree = ast.parse(Path(bt_pdt.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.asname: f"bt_pdt.{node.module}" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == bt_pdt._HOMES
