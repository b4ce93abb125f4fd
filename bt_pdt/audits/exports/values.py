"""Numbers, days and times as brokerages write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from ...core.errors import BadInput
from ...core.sessions import NEW_YORK
from .building import since_1970

_EMPTY = {"", "-", "--", "n/a", "nan", "none", "null"}
_DAY_FORMS = (
    *("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%Y%m%d", "%Y/%m/%d", "%m-%d-%Y", "%m-%d-%y", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%d %b %Y"),
    *("%b-%d-%Y", "%B %d %Y", "%Y.%m.%d", "%m.%d.%Y"),
)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp]\.?[Mm]\.?)?")
_COMPACT = re.compile(r"(\d{2})(\d{2})(\d{2})$")
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
_ZONES = {"EST": None, "EDT": None, "ET": None, "CST": "America/Chicago", "CDT": "America/Chicago", "CT": "America/Chicago"}
_ZONES |= {"PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles", "UTC": "UTC", "GMT": "UTC"}
_ZONES |= {"MST": "America/Denver", "MDT": "America/Denver", "MT": "America/Denver"}
_AS_OF = re.compile(r"^(.*?)\s+as of\s+(.*)$", re.IGNORECASE)


class Moment(NamedTuple):
    """When something happened. ``timed`` is False where the file says the day alone, ``zoned`` False where it names no time zone."""

    at: datetime
    timed: bool
    zoned: bool


def amount(where: str, name: str, text: object) -> float | None:
    """A number with its currency sign, thousands, brackets or a trailing minus; None where there is none."""
    if text is None or isinstance(text, bool):
        return None
    if isinstance(text, (int, float)):
        value = float(text)
        return value if math.isfinite(value) else None
    plain = str(text).strip()
    if plain.lower() in _EMPTY:
        return None
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain.strip("()").replace("$", "").replace(",", "").replace("@", "").replace("USD", "").replace(" ", "").replace("\u2212", "-")
    if plain.endswith("-"):
        negative, plain = True, plain[:-1]
    try:
        value = float(plain)
    except ValueError:
        raise BadInput(f"{where}: {name} must be a number, got {str(text)!r}.") from None
    if not math.isfinite(value):
        raise BadInput(f"{where}: {name} must be a finite number, got {str(text)!r}.")
    return -value if negative else value


def is_amount(text: str) -> bool:
    """True for the text of a number."""
    try:
        return amount("", "", text) is not None
    except BadInput:
        return False


def a_day(text: str) -> date | None:
    """A day in any of the forms that brokerages use; None where it is none."""
    plain = text.strip().strip(",").replace(", ", " ").replace(",", " ")
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    return None


def _a_time(text: str) -> time | None:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        compact = _COMPACT.fullmatch(text.strip())
        if compact is None:
            return None
        hour, minute, second = (int(n) for n in compact.groups())
        fraction, half = "", None
    else:
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        fraction, half = found[4] or "", found[5]
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0].lower() == "p" else 0)
    try:
        return time(hour, minute, second, int((fraction + "000000")[:6]) if fraction else 0)
    except ValueError:
        return None


def moment(text: object, clock: object = None, *, dated: bool = False) -> Moment | None:
    """A day with or without its time, perhaps in two cells, in New York time unless it says another; None where the text is no time.

    ``dated``: midnight is no time but a day alone, whatever stands behind it.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        value = float(text)
        if not math.isfinite(value) or value < 1e9:
            text = str(int(value)) if math.isfinite(value) else ""
        else:
            return Moment(since_1970(value), True, True)
    plain = str(text or "").strip()
    as_of = _AS_OF.match(plain)
    if as_of is not None:
        plain = as_of[2].strip()
    if clock is not None and str(clock).strip():
        plain = f"{plain} {str(clock).strip()}"
    if not plain:
        return None
    zone, zoned = None, False
    for word in plain.split()[1:]:
        if word.upper().strip("()") in _ZONES:
            name = _ZONES[word.upper().strip("()")]
            zone, zoned = name, True
            plain = plain.replace(word, "").strip()
    offset = _OFFSET.search(plain) if ":" in plain or "T" in plain else None
    if offset is not None and offset.start() > 8:
        return _with_offset(plain, dated)
    day, clock_text = _parts(plain)
    if day is None:
        return None
    if clock_text is None:
        return Moment(datetime.combine(day, time(), NEW_YORK).astimezone(UTC), False, zoned)
    from zoneinfo import ZoneInfo

    local = datetime.combine(day, clock_text, NEW_YORK if zone is None else ZoneInfo(zone))
    return Moment(local.astimezone(UTC), not (dated and clock_text == time()), zoned)


def _with_offset(plain: str, dated: bool) -> Moment | None:
    try:
        at = datetime.fromisoformat(plain.replace(" ", "T", 1) if "T" not in plain else plain)
    except ValueError:
        return None
    if dated and at.timetz().replace(tzinfo=None) == time():
        return Moment(datetime.combine(at.date(), time(), NEW_YORK).astimezone(UTC), False, True)
    return Moment(at.astimezone(UTC), True, True)


def _parts(plain: str) -> tuple[date | None, time | None]:
    """The day and the time in one text, whatever stands between them."""
    for mark in ("T", ";", ", ", " ", ","):
        head, found, tail = plain.partition(mark)
        if found and (day := a_day(head)) is not None:
            clock = _a_time(tail)
            if clock is not None:
                return day, clock
    head, _, tail = plain.rpartition(" ")
    if tail.upper().rstrip(".") in ("AM", "PM"):  # Mar 3, 2025 9:31 AM
        head, _, before = head.rpartition(" ")
        tail = f"{before} {tail}"
    if head and (day := a_day(head)) is not None:
        return day, _a_time(tail)
    return a_day(plain), None


_DAY_IN_NAME = re.compile(r"(?<!\d)(?:(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})|(\d{1,2})[-_.](\d{1,2})[-_.](\d{4}|\d{2}))(?!\d)")


def day_in_name(name: str) -> date | None:
    """The day that a file's name says (``trades_2025-03-04.csv``, ``03-04-2025``); None where it says none, or two."""
    found = set()
    for match in _DAY_IN_NAME.finditer(name):
        try:
            if match[1]:
                found.add(date(int(match[1]), int(match[2]), int(match[3])))
            else:
                year = int(match[6])
                found.add(date(year if year > 99 else 2000 + year, int(match[4]), int(match[5])))
        except ValueError:
            continue
    return found.pop() if len(found) == 1 else None
