"""How the law's files write a source down, and the day with which the rulebook begins."""

from __future__ import annotations

from datetime import date
from typing import Any

from .rulebook import RULEBOOK_BEGINS, Since, Source

#: The day on which every page was last read.
READ_ON = date(2026, 11, 21)
#: The first day of the day-trading rules. What was already in force then starts here: the rulebook says nothing of earlier days.
FIRST_DAY = RULEBOOK_BEGINS


def cited(title: str, href: str = "") -> Source:
    """A page, or a paper read in transcription (then without an address)."""
    return Source(title, href, READ_ON)


def reading(sentence: str) -> Source:
    """How bt_pdt reads a point that no page settles."""
    return Source(f"bt_pdt reading: {sentence}", "docs/readings.md", READ_ON)


def always(value: Any, source: Source) -> tuple[Since, ...]:
    """A history of one value, in force from the rulebook's first day."""
    return (Since(FIRST_DAY, value, source),)
