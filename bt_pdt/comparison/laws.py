"""The laws of a comparison's variants: which of them are one law, what is a firm's own in them, and what of it is unknown."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ..account.terms import CHECK_MODES, rulebook_as
from ..core import sessions
from ..core.errors import BadInput, known_name
from ..law.brokerages import NAMES, brokerage
from ..law.rulebook import Rulebook

if TYPE_CHECKING:
    from ..bars import Bars
    from .variants import Variant

#: The word for every brokerage, and the one without house rules that the others are held against.
ALL, BARE = "all", "finra"
#: Parameters that are asked of cash accounts alone.
CASH_ONLY = frozenset(
    (
        *("freeride_strikes", "freeride_cured_is_gfv", "gfv_strikes", "gfv_same_day_strikes", "gfv_settled_strikes", "gfv_closing_strikes"),
        *("gfv_window_months", "cash_liquidation_strikes", "cash_restriction_days", "cash_restriction_from", "regt_cash_freeze_days"),
    )
)
#: What a law does through other words: its effect is the regime of each day.
ELSEWHERE = frozenset(("regime", "switch_day"))
#: A refusal tells the first session on which its order would pass: days ahead that such an answer can reach.
AHEAD = {"margin": 120, "cash": 400}
#: How long the history of a parameter is, not what it says, is asked of these.
LENGTHS = ("flip_through_zero", "wash_check")


class LawSource(NamedTuple):
    """What a variant's law is made of: ``own`` parameters differ from the bare law's on some of the days, of ``unknown`` ones the firm
    publishes nothing that was found, so that the bare law's values answer for them."""

    own: tuple[str, ...]
    unknown: tuple[str, ...]


def firms_named(given: Any) -> list[Any]:
    """The brokerages that ``given`` names: a list of names, one, or ``all`` (every one, the bare law first). Raises :class:`BadInput`."""
    found = [given] if isinstance(given, str) else list(given)
    if ALL in found:
        if len(found) > 1:
            others = ", ".join(str(name) for name in found if name != ALL) or ALL
            raise BadInput(f'brokerages takes "all" alone, or names; got all together with {others}.')
        return [BARE, *(name for name in NAMES if name != BARE)]
    for firm in found:
        known_name("brokerage", firm, NAMES if firm in NAMES else (*NAMES, ALL))
    return found


def book_of(arguments: Mapping[str, Any]) -> Rulebook:
    """The rulebook under which a run with these arguments is judged."""
    firm = str(arguments.get("brokerage") or "alpaca")
    overrides = dict(arguments.get("set") or {})
    for name in _set_by_mode(arguments):
        overrides[name] = arguments.get(name) or arguments.get("block_on")
    return rulebook_as(firm, arguments.get("rules") or "as_of", overrides)


def _set_by_mode(arguments: Mapping[str, Any]) -> list[str]:
    """The checks that a mode moves; the bare rule has no check of the day-trade count to move."""
    firm = brokerage(str(arguments.get("brokerage") or "alpaca"))
    asked = {name: arguments.get(name) or arguments.get("block_on") for name in ("pdt_check", "dtbp_check")}
    return [name for name, mode in asked.items() if mode in CHECK_MODES and firm.has(name)]


def law_source(arguments: Mapping[str, Any], days: Sequence[date]) -> LawSource:
    """What the law of a run with these arguments is made of on ``days``."""
    firm = str(arguments.get("brokerage") or "alpaca")
    if not days or arguments.get("rules") == "off":
        return LawSource((), ())
    book, bare = book_of(arguments), book_of({**arguments, "brokerage": BARE})
    steps = _steps((book, bare), days[0], days[-1])
    chosen = {*(arguments.get("set") or {}), *_set_by_mode(arguments)}
    there = [name for name in brokerage(firm).unknown if name not in chosen and any(book.since(name, day) is not None for day in steps)]
    asked = [name for name in book.parameters if name not in ELSEWHERE | _never_asked(arguments)]
    own = [name for name in asked if any(_differs(book, bare, name, day) for day in steps)]
    if any(book.regime_on(day) != bare.regime_on(day) for day in steps):
        own.insert(0, "switch_day")
    return LawSource(tuple(own), tuple(there))


def _differs(book: Rulebook, bare: Rulebook, name: str, day: date) -> bool:
    """True if the two differ in a value; not where one is in the other regime, because that is the switch's doing."""
    return book.regime_on(day) == bare.regime_on(day) and bool(book.value(name, day) != bare.value(name, day))


def _never_asked(arguments: Mapping[str, Any]) -> frozenset[str]:
    return frozenset() if _account_type(arguments) == "cash" else CASH_ONLY


def _account_type(arguments: Mapping[str, Any]) -> str:
    return str((arguments.get("account") or {}).get("account_type") or "margin")


def one_law(wanted: Sequence[Variant], common: Mapping[str, Any], bars: Bars) -> list[int]:
    """For each variant the first one (its place) that is judged by the same law throughout: itself, or one whose run it can share.

    The same law is the same value of every parameter that this kind of account is asked for, the same regime, checks and words, on every
    day from the session before the bars to the furthest that a refusal speaks of.
    """
    kind = _account_type(common)
    first = sessions.add_business_days(bars.first.date(), -1)
    last = bars.last.date() + timedelta(days=AHEAD.get(kind, AHEAD["cash"]))
    books: dict[int, Rulebook] = {}
    for k, variant in enumerate(wanted):
        try:
            books[k] = book_of({**common, **variant.arguments})
            books[k].regime_on(first)
        except BadInput:  # its run will say why
            books.pop(k, None)
    steps = _steps(books.values(), first, last)
    found: list[int] = []
    seen: dict[Hashable, int] = {}
    for k, variant in enumerate(wanted):
        if k not in books:
            found.append(k)
            continue
        arguments = {**common, **variant.arguments}
        rest = tuple(sorted((name, repr(value)) for name, value in variant.arguments.items() if name not in ("brokerage", "block_on")))
        found.append(seen.setdefault((rest, _law(books[k], steps, arguments)), k))
    return found


def _law(book: Rulebook, steps: Sequence[date], arguments: Mapping[str, Any]) -> Hashable:
    skipped = ELSEWHERE | _never_asked(arguments)
    asked = [name for name in book.parameters if name not in skipped]
    values = tuple((book.regime_on(day), *(book.value(name, day) for name in asked)) for day in steps)
    wire = brokerage(str(arguments.get("brokerage") or "alpaca")).wire
    lengths = tuple(len(book.parameters[name].history) == 1 for name in LENGTHS)
    return values, lengths, tuple(sorted((str(reason), words) for reason, words in wire.items()))


def _steps(books: Iterable[Rulebook], first: date, last: date) -> list[date]:
    """The days from ``first`` to ``last`` on which a value of some book may become another one; between them all stay as they are."""
    found = {first}
    for book in books:
        if book.frozen_on is None:
            found |= {entry.day for parameter in book.parameters.values() for entry in parameter.history}
            found |= {entry.value for entry in book.parameters["switch_day"].history if isinstance(entry.value, date)}
    return sorted(day for day in found if first <= day <= last)
