"""The exchange day: which session a moment belongs to, the n-th business day after, the day a trade settles.

All moments are naive New York time. The calendar is XNYS from ``exchange_calendars``, shipped as a table up to a day that
:mod:`bt_pdt.core.exchange_days` names, and read from the library itself for later ones; a look-up here is a bisect. Columbus Day and Veterans Day
are business days (exchanges open) but not settlement days (banks closed). Extended hours belong to the same date; from 20:00 on, the next
session (rulebook: trade date).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from . import exchange_days
from .errors import BadInput

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2045, 12, 31)
REGULAR_OPEN = time(9, 30)
REGULAR_CLOSE = time(16, 0)
PRE_MARKET_OPEN = time(4, 0)
#: The exchange was closed to mourn a president, the clearing house and the banks were open: trades settled.
DAYS_OF_MOURNING = frozenset({date(2004, 6, 11), date(2007, 1, 2), date(2018, 12, 5), date(2025, 1, 9)})
#: The trade date ends at 20:00; later executions carry the next session's date.
DATE_ENDS = time(20, 0)


class _Table(NamedTuple):
    days: list[date]
    early: dict[date, time]


#: So many days before the end of the shipped table the library is asked instead: what is due falls inside what is known.
_MARGIN = timedelta(days=400)


@lru_cache(maxsize=1)
def shipped() -> _Table:
    """The calendar that comes with the package (:mod:`bt_pdt.core.exchange_days`, written from the library): it costs no import of pandas."""
    closed = {_day(text) for text in exchange_days.CLOSED.split()}
    early = {_day(text[:8]): time(int(text[9:11]), int(text[11:])) for text in exchange_days.EARLY.split()}
    span = (FIRST_DAY + timedelta(days=k) for k in range((exchange_days.LAST - FIRST_DAY).days + 1))
    return _Table([day for day in span if day.weekday() < 5 and day not in closed], early)


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


@lru_cache(maxsize=1)
def from_library() -> _Table:
    """The calendar of ``exchange_calendars``, to :data:`LAST_DAY`."""
    import warnings

    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the calendar library's own business with newer pandas
        schedule = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat()).schedule
        closes = [stamp.time() for stamp in schedule["close"].dt.tz_convert("America/New_York")]
    days = [stamp.date() for stamp in schedule.index]
    early = {day: close for day, close in zip(days, closes, strict=True) if close != REGULAR_CLOSE}
    return _Table(days, early)


def _table(day: date) -> _Table:
    """The calendar that knows ``day`` and what falls due after it."""
    return shipped() if day <= exchange_days.LAST - _MARGIN else from_library()


def _days_around(day: date) -> list[date]:
    days = _table(day).days
    if not days[0] <= day <= days[-1]:
        raise BadInput(f"the exchange calendar is read from {days[0]} to {LAST_DAY}; got {day}.")
    return days


@lru_cache(maxsize=4096)
def is_session(day: date) -> bool:
    """True if the exchange is open on ``day`` (an early close is a full day)."""
    days = _days_around(day)
    i = bisect_left(days, day)
    return i < len(days) and days[i] == day


def sessions_between(first: date, last: date) -> list[date]:
    """All sessions from ``first`` to ``last``, both included."""
    days = _days_around(max(first, min(last, LAST_DAY)))
    if first < days[0]:
        _days_around(first)
    return days[bisect_left(days, first) : bisect_right(days, last)]


@lru_cache(maxsize=4096)
def next_session(day: date) -> date:
    """The first session after ``day``."""
    days = _days_around(day)
    return days[bisect_right(days, day)]


@lru_cache(maxsize=4096)
def add_business_days(day: date, n: int) -> date:
    """The ``n``-th business day after ``day`` (day 1 is the first session after it); negative ``n`` counts back."""
    days = _days_around(day)
    if n > 0:
        return days[bisect_right(days, day) - 1 + n]
    return days[bisect_left(days, day) + n] if n else day


@lru_cache(maxsize=4096)
def window(day: date, n: int) -> tuple[date, ...]:
    """The ``n`` business days that end on ``day``, ``day`` included if it is a session."""
    days = _days_around(day)
    end = bisect_right(days, day)
    return tuple(days[max(0, end - n) : end])


def new_york(name: str, at: object) -> datetime:
    """``at`` itself, a moment in naive New York time; raises :class:`BadInput` naming the argument for text and for a time with a zone."""
    if not isinstance(at, datetime):
        raise BadInput(f"{name} takes a datetime in New York time, got {at!r}.")
    if at.tzinfo is not None:
        raise BadInput(
            f'{name} takes New York time without a zone, got {at.isoformat()}; convert it: at.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None).'
        )
    return at


@lru_cache(maxsize=4096)
def close_of(day: date) -> datetime:
    """The scheduled end of the regular session of ``day``: 16:00, 13:00 on early closes."""
    return datetime.combine(day, _table(day).early.get(day, REGULAR_CLOSE))


def end_of_date(day: date) -> datetime:
    """20:00 of ``day``: executions from then on carry the next session's trade date."""
    return datetime.combine(day, DATE_ENDS)


def session_of(at: datetime) -> date:
    """The session a moment belongs to: its own date before 20:00 if that is a session, else the next session."""
    day = at.date()
    return day if at.hour < DATE_ENDS.hour and is_session(day) else next_session(day)


@lru_cache(maxsize=4096)
def session_on_or_before(day: date) -> date:
    """``day`` itself if the exchange is open, else the last session before it."""
    days = _days_around(day)
    return days[bisect_right(days, day) - 1]


def is_settlement_day(day: date) -> bool:
    """A day on which the banks and the clearing house are open: sessions but for bank holidays, and the days of mourning."""
    return day in DAYS_OF_MOURNING or (is_session(day) and not _bank_holiday(day))


def _bank_holiday(day: date) -> bool:
    """Columbus Day and Veterans Day, on which the exchange is open."""
    if day.month == 10 and day.weekday() == 0 and 8 <= day.day <= 14:
        return True
    veterans = date(day.year, 11, 11)
    return day == (veterans + timedelta(days=1) if veterans.weekday() == 6 else veterans)


@lru_cache(maxsize=2)
def _settlement_days(far: bool) -> list[date]:
    return sorted(DAYS_OF_MOURNING.union(day for day in (from_library() if far else shipped()).days if not _bank_holiday(day)))


@lru_cache(maxsize=4096)
def settlement_date(day: date, cycle: int) -> date:
    """The day a trade of ``day`` settles, ``cycle`` settlement days later."""
    days = _settlement_days(day > exchange_days.LAST - _MARGIN)
    return days[bisect_right(days, day) - 1 + cycle] if cycle else day
