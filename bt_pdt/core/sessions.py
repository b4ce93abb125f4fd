"""The exchange day: which session a moment belongs to, the n-th business day after, the day a trade settles.

All moments are naive New York time. The calendar is XNYS from ``exchange_calendars``, read once into plain arrays on first
use: a look-up here is a bisect. Columbus Day and Veterans Day are business days (exchanges open) but not settlement days
(banks closed). Extended hours belong to the same date; from 20:00 on, the next session (rulebook: trade date).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from .errors import BadInput

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


@lru_cache(maxsize=1)
def _table() -> _Table:
    import warnings

    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the calendar library's own business with newer pandas
        schedule = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat()).schedule
        closes = [stamp.time() for stamp in schedule["close"].dt.tz_convert("America/New_York")]
    days = [stamp.date() for stamp in schedule.index]
    early = {day: close for day, close in zip(days, closes, strict=True) if close != REGULAR_CLOSE}
    return _Table(days, early)


def _days_around(day: date) -> list[date]:
    days = _table().days
    if not days[0] <= day <= days[-1]:
        raise BadInput(f"the exchange calendar is read from {days[0]} to {days[-1]}; got {day}.")
    return days


@lru_cache(maxsize=4096)
def is_session(day: date) -> bool:
    """True if the exchange is open on ``day`` (an early close is a full day)."""
    days = _days_around(day)
    i = bisect_left(days, day)
    return i < len(days) and days[i] == day


def sessions_between(first: date, last: date) -> list[date]:
    """All sessions from ``first`` to ``last``, both included."""
    days = _days_around(first)
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


@lru_cache(maxsize=4096)
def close_of(day: date) -> datetime:
    """The scheduled end of the regular session of ``day``: 16:00, 13:00 on early closes."""
    return datetime.combine(day, _table().early.get(day, REGULAR_CLOSE))


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
    if day in DAYS_OF_MOURNING:
        return True
    if not is_session(day):
        return False
    if day.month == 10 and day.weekday() == 0 and 8 <= day.day <= 14:
        return False
    veterans = date(day.year, 11, 11)
    observed = veterans + timedelta(days=1) if veterans.weekday() == 6 else veterans
    return day != observed


@lru_cache(maxsize=1)
def _settlement_days() -> list[date]:
    return sorted(DAYS_OF_MOURNING.union(filter(is_settlement_day, _table().days)))


@lru_cache(maxsize=4096)
def settlement_date(day: date, cycle: int) -> date:
    """The day a trade of ``day`` settles, ``cycle`` settlement days later."""
    days = _settlement_days()
    return days[bisect_right(days, day) - 1 + cycle] if cycle else day
