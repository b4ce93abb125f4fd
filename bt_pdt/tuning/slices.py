"""A part of a search: the trials in which some dimensions have given values, as a search of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput, known_name
from .space import Dimension
from .sweep import SearchResult

if TYPE_CHECKING:
    from .tuning import Tuning


def part(tuning: Tuning, wanted: Mapping[str, Any]) -> Tuning:
    """The trials with one of the ``wanted`` values (one, or a list) in every dimension that is named. No trial is run."""
    from .tuning import Tuning

    if not wanted:
        raise BadInput("only takes at least one dimension with its value, like cash=25_500.")
    space = tuning.plan.space
    for label in wanted:
        known_name("dimension", label, space.labels)
    kept = [_places(d, wanted[d.label]) if d.label in wanted else tuple(range(len(d.values))) for d in space.dimensions]
    trials = tuple(
        trial._replace(point=tuple(places.index(k) for k, places in zip(trial.point, kept, strict=True)))
        for trial in tuning.swept.trials
        if all(k in places for k, places in zip(trial.point, kept, strict=True))
    )
    named = _said([(d, places) for d, places in zip(space.dimensions, kept, strict=True) if d.label in wanted])
    if not trials:
        raise BadInput(f"none of the {len(tuning.swept.trials):,} trials has {named}.")
    narrow = tuple(replace(d, values=tuple(d.values[k] for k in places)) for d, places in zip(space.dimensions, kept, strict=True))
    plan = replace(tuning.plan, space=replace(space, dimensions=narrow))
    swept = SearchResult(trials, len(trials), tuning.stopped)
    return Tuning(plan, swept, tuning.whole or tuning, f"{tuning.part}, {named}" if tuning.part else named)


def _places(dimension: Dimension, given: Any) -> tuple[int, ...]:
    """Where the values stand; of a sizer its text does too."""
    values = list(given) if isinstance(given, list | tuple | set | frozenset | range) else [given]
    found = set()
    for value in values:
        same = [k for k, (own, shown) in enumerate(zip(dimension.values, dimension.shown, strict=True)) if value in (own, shown)]
        if not same:
            raise BadInput(f"{dimension.label} has no value {value!r} in this search; it has {_listed(dimension)}.")
        found.update(same)
    return tuple(sorted(found))


def _listed(dimension: Dimension) -> str:
    shown = [text(value) for value in dimension.shown]
    return ", ".join(shown) if len(shown) <= 12 else f"{len(shown)} from {shown[0]} to {shown[-1]}"


def _said(named: list[tuple[Dimension, tuple[int, ...]]]) -> str:
    def one(d: Dimension, places: tuple[int, ...]) -> str:
        values = [text(d.shown[k]) for k in places]
        return f"{d.label} {' or '.join(values)}" if len(values) <= 2 else f"{d.label} one of {len(values)} values"

    return ", ".join(one(d, places) for d, places in named)


def text(value: Any) -> str:
    """A value of a dimension as people write it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.10g}"
