"""Law as dated, sourced data: a parameter is a history of (day, value, source); a rulebook reads them on a day.

Old law stays: a change is a new entry beside the old one. Where there is no law there is no answer: a day before a
parameter's first entry raises :class:`NotInForce` with the first known day, and a value that a regime does not have is
``None``, never 0.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput, NotInForce, UnknownName
from .values import Values

PDT = "pattern_day_trader"
#: The first day of the day-trading rules, and of this rulebook.
RULEBOOK_BEGINS = date(2001, 9, 28)
INTRADAY = "intraday_margin"


#: How a source was read: on the page itself, in a stored copy of it, in a text of someone else's that quotes or transcribes it, not at all
#: (a reading of ours, where no page settles the point), or set by the user.
HOW = {
    "page": "read on the page",
    "copy": "read in a copy",
    "quotation": "read in a quotation",
    "reading": "our reading",
    "user": "set by the user",
}


class Source(NamedTuple):
    """Where a value was read: title, address (empty where none is known), the day it was read, and how (a key of :data:`HOW`).

    The address is that of the page itself, also where only a copy of it was read.
    """

    title: str
    href: str
    read_on: date
    how: str = "page"


class Since(NamedTuple):
    """One entry of a history. ``extended`` marks a house value carried back before its first known day.

    Where only a span is known, ``day`` is the first day on which the value was seen, and ``not_before`` the last one on which it was not:
    it began on some day between them, and is used from ``day`` on.
    """

    day: date
    value: Any
    source: Source
    extended: bool = False
    not_before: date | None = None

    def began(self) -> str:
        """``2026-06-04``, or ``known by 2026-06-04, not before 2023-05-02``."""
        return str(self.day) if self.not_before is None else f"known by {self.day}, not before {self.not_before}"


@dataclass(frozen=True)
class Parameter:
    """A legal or house number with its unit, meaning and history.

    ``regime`` names the regime that has it (None: both). ``house`` parameters are a brokerage's own and extend backwards
    before their first known day; the law does not. ``kind`` is the type a user may set: bool, int, float, str, date, or None
    for tables that only a brokerage file sets. ``choices`` closes the list of a str, ``lowest`` and ``highest`` (both included)
    bound a number to what an account can use. ``inert`` says, for a parameter that changes nothing, why and what to set instead.
    """

    name: str
    unit: str
    meaning: str
    history: tuple[Since, ...]
    kind: type | None = None
    choices: tuple[str, ...] = ()
    regime: str | None = None
    house: bool = False
    lowest: float = 0.0
    highest: float = inf
    inert: str = ""

    def since(self, day: date) -> Since:
        """The entry in force on ``day``; raises :class:`NotInForce` before the first one of a law."""
        i = bisect_right(self.history, day, key=lambda s: s.day) - 1
        if i >= 0:
            return self.history[i]
        first = self.history[0]
        if self.house:
            return first._replace(extended=True)
        raise NotInForce(f"{self.name} is not known before {first.day}; choose a day from {first.day} on, got {day}.")

    def on(self, day: date) -> Any:
        """The value in force on ``day``."""
        return self.since(day).value

    def parse(self, value: object) -> Any:
        """``value`` (text from a command line, or a typed value) as this parameter's type; raises :class:`BadInput`."""
        if self.kind is None:
            raise BadInput(f"parameter {self.name} is a table or a date of the law and cannot be set; see 'bt-pdt rules --parameters'.")
        if self.inert:
            raise BadInput(f"parameter {self.name} changes nothing, so it cannot be set: {self.inert}")
        bad = BadInput(f"parameter {self.name} takes {self._allowed()}, got {value!r}.")
        if self.kind is bool:
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value.lower() in ("true", "false"):
                return value.lower() == "true"
            raise bad
        if self.kind is str:
            if not isinstance(value, str):
                raise bad
            if self.choices and value not in self.choices:
                raise UnknownName(f"value of {self.name}", value, self.choices)
            return value
        if self.kind is date:
            try:
                return value if isinstance(value, date) else date.fromisoformat(str(value))
            except ValueError:
                raise bad from None
        if isinstance(value, bool):
            raise bad
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise bad from None
        if not self.lowest <= number <= self.highest or number == inf:
            raise bad
        if self.kind is int:
            if number != int(number):
                raise bad
            return int(number)
        return number

    def _allowed(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        span = f"of {self.lowest:,g} or more" if self.highest == inf else f"from {self.lowest:,g} to {self.highest:,.12g}"
        takes: dict[type | None, str] = {
            bool: "true or false",
            int: f"a whole number {span} ({self.unit})",
            float: f"a number {span} ({self.unit})",
            date: "a date like 2026-06-04",
        }
        return takes.get(self.kind, "text")


class Change(NamedTuple):
    """One difference between two days: the parameter and what it was and became (None: not in that regime)."""

    name: str
    before: Any
    after: Any
    since: Since | None


class Rules(Values):
    """The rules of one day, read as attributes: ``rules.pdt_min_equity``. A value is resolved once, then it is a plain attribute.

    Each attribute has its type and meaning in :class:`Values`, so a checker of types finds a parameter that does not exist.
    """

    def __init__(self, book: Rulebook, day: date) -> None:
        self._book = book
        self.day = day
        self.regime: str = book.regime_on(day)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # asked only for what is not an attribute yet: an order reads some thirty rules
            if name.startswith("_"):
                raise AttributeError(name)
            self.__dict__[name] = value = self._book.value(name, self.day)
            return value

    def __reduce__(self) -> tuple[Any, ...]:
        return Rulebook.on, (self._book, self.day)  # asked of the copy's own book, whose answer is the same object each time

    def since(self, name: str) -> Since | None:
        """The entry in force, None where this day's regime does not have the parameter."""
        return self._book.since(name, self.day)

    def cite(self, name: str) -> str:
        """``name (in force since DAY)``: how a refusal names its rule.

        The rulebook begins on 2001-09-28: of a law entered there that is no day-trading rule only "or earlier" is known, of a house
        value carried back the first day on which it was seen.
        """
        entry = self.since(name)
        if entry is None:
            return name
        if entry.extended and entry.source.how == "user":
            return f"{name} (set by the user)"
        if entry.extended:
            return f"{name} (house value, first seen on {entry.day})"
        if entry.not_before is not None:
            return f"{name} ({entry.began()})"
        parameter = self._book.parameter(name)
        earlier = " or earlier" if entry.day == RULEBOOK_BEGINS and parameter.regime is None and not parameter.house else ""
        return f"{name} (in force since {entry.day}{earlier})"

    def __iter__(self) -> Iterator[str]:
        return iter(self._book.parameters)


class Rulebook:
    """Parameters by name, read on a day under the regime of that day.

    The regime changes on ``switch_day`` (a parameter, since a brokerage may switch later than the law's first day).
    """

    def __init__(self, parameters: Iterable[Parameter], *, frozen_on: date | None = None, reaches_back: bool = False) -> None:
        self.parameters: dict[str, Parameter] = {p.name: p for p in parameters}
        self.frozen_on = frozen_on
        self.reaches_back = reaches_back
        self._rules: dict[date, Rules] = {}
        self._back: Rulebook | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_rules": {}, "_back": None}  # worked out again when asked: they hold the book that holds them

    def _day(self, day: date) -> date:
        """The day whose rules answer for ``day``."""
        if self.frozen_on is not None:
            return self.frozen_on
        return RULEBOOK_BEGINS if self.reaches_back and day < RULEBOOK_BEGINS else day

    def parameter(self, name: str) -> Parameter:
        """The parameter called ``name``; raises :class:`UnknownName` with the nearest."""
        try:
            return self.parameters[name]
        except KeyError:
            raise UnknownName("parameter", name, self.parameters) from None

    def regime_on(self, day: date) -> str:
        """``pattern_day_trader`` or ``intraday_margin``; raises :class:`NotInForce` before 2001-09-28."""
        day = self._day(day)
        if day >= self.parameter("switch_day").on(day):
            return INTRADAY
        self.parameter("regime").on(day)
        return PDT

    def since(self, name: str, day: date) -> Since | None:
        """The entry of ``name`` in force on ``day``, None where that day's regime has none."""
        day = self._day(day)
        parameter = self.parameter(name)
        if name == "regime":
            began = self.parameter("switch_day").since(day)
            if day >= began.value:
                return Since(began.value, INTRADAY, began.source)
            return parameter.since(day)._replace(value=PDT)
        if parameter.regime is not None and parameter.regime != self.regime_on(day):
            return None
        entry = parameter.since(day) if parameter.regime != INTRADAY else parameter.since(max(day, parameter.history[0].day))
        switch = self.parameter("switch_day").on(day)
        if parameter.regime == INTRADAY and entry.day < switch:
            entry = entry._replace(day=switch, not_before=None)
        return entry

    def value(self, name: str, day: date) -> Any:
        """The value of ``name`` on ``day``, None where that day's regime has none."""
        entry = self.since(name, day)
        return None if entry is None else entry.value

    def on(self, day: date) -> Rules:
        """The rules of ``day`` (the same object each time: ask as often as you like)."""
        day = self._day(day)
        rules = self._rules.get(day)
        if rules is None:
            rules = self._rules[day] = Rules(self, day)
        return rules

    def override(self, values: Mapping[str, Any], source: Source | None = None) -> Rulebook:
        """A copy in which each named parameter has this one value on every day."""
        source = source or Source("set by the user", "", date.min, "user")
        changed = dict(self.parameters)
        for name, raw in values.items():
            parameter = self.parameter(name)
            value = parameter.parse(raw)
            if name == "switch_day":
                self._judge_switch(value)
            changed[name] = replace(parameter, history=(Since(parameter.history[0].day, value, source),))
        return Rulebook(changed.values(), frozen_on=self.frozen_on, reaches_back=self.reaches_back)

    def _judge_switch(self, day: date) -> None:
        first, last = (self.parameter(n).history[0].value for n in ("imd_effective", "imd_phase_in_end"))
        if not first <= day <= last:
            raise BadInput(f"switch_day must be from {first} (the rule's first day) to {last} (the end of its phase-in), got {day}.")

    def frozen(self, day: date) -> Rulebook:
        """A copy that answers every day with the rules of ``day`` (a what-if)."""
        self.regime_on(day)
        return Rulebook(self.parameters.values(), frozen_on=day)

    def reaching_back(self) -> Rulebook:
        """A copy that measures days before the rulebook by its first day: for an account that refuses nothing and so needs no law."""
        if self._back is None:
            self._back = Rulebook(self.parameters.values(), frozen_on=self.frozen_on, reaches_back=True)
        return self._back

    def changes(self, day1: date, day2: date) -> list[Change]:
        """What changed from ``day1`` to ``day2``, by name."""
        found = []
        for name in self.parameters:
            try:
                before = self.value(name, day1)
            except NotInForce:
                before = None
            entry = self.since(name, day2)
            after = None if entry is None else entry.value
            if before != after:
                found.append(Change(name, before, after, entry))
        return found
