"""How the law's files write a source down, and the day with which the rulebook begins."""

from __future__ import annotations

from datetime import date
from typing import Any

from .rulebook import RULEBOOK_BEGINS, Since, Source

#: The day on which the law's pages were last read, and the brokerages'.
READ_ON, FIRMS_READ_ON = date(2026, 11, 21), date(2026, 11, 30)
#: The first day of the day-trading rules. What was already in force then starts here: the rulebook says nothing of earlier days.
FIRST_DAY = RULEBOOK_BEGINS
#: The last day on which the day-trading rules bound every brokerage: a page of theirs without a day was seen by then.
LAST_OLD_DAY = date(2026, 6, 3)


def cited(title: str, href: str = "", how: str | None = None, read_on: date = READ_ON) -> Source:
    """A page, read as ``how`` says: the page itself by default, or in a quotation if it has no address."""
    return Source(title, href, read_on, how or ("page" if href else "quotation"))


def firm_page(title: str, href: str = "", how: str = "page") -> Source:
    """A brokerage's own page: ``href`` is empty where only its title is known."""
    return Source(title, href, FIRMS_READ_ON, how)


def reading(sentence: str) -> Source:
    """How bt_pdt reads a point that no page settles."""
    return Source(f"bt_pdt reading: {sentence}", "docs/readings.md", READ_ON, "reading")


def always(value: Any, source: Source) -> tuple[Since, ...]:
    """A history of one value, in force from the rulebook's first day."""
    return (Since(FIRST_DAY, value, source),)


def known_by(day: date, value: Any, source: Source, not_before: date | None = None) -> Since:
    """A value first seen on ``day``; ``not_before`` is the last day on which another one was seen, if there is one."""
    return Since(day, value, source, not_before=not_before)


def undated(value: Any, source: Source, by: date = LAST_OLD_DAY) -> tuple[Since, ...]:
    """A house value of a page without a day, known by ``by`` and carried back from there."""
    return (Since(by, value, source),)


def not_carried_back(unknown: Any, why: str, *entries: Since) -> tuple[Since, ...]:
    """A house history that is ``unknown`` (the neutral value) before its first known day, since ``why``."""
    return (Since(FIRST_DAY, unknown, reading(why)), *entries)
