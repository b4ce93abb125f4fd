"""Values of the law as a reader says them."""

from __future__ import annotations

from math import inf
from typing import Any

from ..core.money import dollars
from .bands import Band, ShortBand
from .rulebook import Parameter


def in_words(parameter: Parameter, value: Any) -> str:
    """A value as a reader of the law says it: ``25 %``, ``$25,000``, ``5 business days``, ``yes``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(_row_in_words(row) for row in value).removesuffix(" above" if len(value) == 1 else "")
    if parameter.unit.startswith("ratio"):
        return percent(value) + parameter.unit.removeprefix("ratio")
    if parameter.unit == "dollars":
        return dollars(value)
    if isinstance(value, int | float):
        return f"{value:g} {parameter.unit.removesuffix('s') if value == 1 else parameter.unit}"
    return str(value)


def _row_in_words(row: tuple[Any, ...]) -> str:
    if isinstance(row, Band):
        end = "above" if row.below == inf else f"{'to' if row.inclusive else 'under'} ${row.below:.2f}"
        return f"{percent(row.rate)} {end}"
    if isinstance(row, ShortBand):
        end = "above" if row.below == inf else f"under ${row.below:.2f}"
        return f"${row.per_share:.2f} a share or {percent(row.rate)} {end}"
    leverage, rate = row
    return f"{leverage}x {percent(rate)}"


def percent(ratio: float) -> str:
    return f"{ratio * 100:.6g} %"
