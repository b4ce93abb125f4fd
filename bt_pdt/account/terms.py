"""The terms of an account: its brokerage's rulebook under the user's overrides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, get_args

from ..core.errors import BadInput
from ..law.brokerages import rulebook_for
from ..law.rulebook import Rulebook

CHECK_MODES = ("entry", "exit", "both")
AccountType = Literal["margin", "cash"]
ACCOUNT_TYPES: tuple[AccountType, ...] = get_args(AccountType)
#: The parts of one rule: none of them is anything without the others.
CONCENTRATION = ("concentration_share", "concentration_debit", "concentration_rate")


def rulebook_as(brokerage: str, rules: str | date, overrides: Mapping[str, Any]) -> Rulebook:
    """The brokerage's rulebook with ``overrides``, frozen on a day if ``rules`` is one (a date or its ISO text)."""
    book = rulebook_for(brokerage)
    if overrides:
        book = book.override(overrides)
    if isinstance(rules, date) or rules not in ("as_of", "off"):
        book = book.frozen(_day(rules))
    elif rules == "off":
        book = book.reaching_back()
    _require_whole(book, overrides)
    return book


def _day(rules: str | date) -> date:
    if isinstance(rules, date):
        return rules
    try:
        return date.fromisoformat(rules)
    except (TypeError, ValueError):
        raise BadInput(f"rules takes as_of, off or a date like 2026-06-03, got {rules!r}.") from None


def _require_whole(book: Rulebook, overrides: Mapping[str, Any]) -> None:
    """Raises :class:`BadInput` for a part of a rule whose other parts the brokerage does not have on every day."""
    given = [name for name in CONCENTRATION if name in overrides]
    missing = [name for name in CONCENTRATION if any(book.value(name, entry.day) is None for entry in book.parameters[name].history)]
    if given and missing:
        raise BadInput(f"set {given[0]} goes with {' and '.join(missing)}, which this brokerage does not have on every day; set them too.")
