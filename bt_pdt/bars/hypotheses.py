"""A reading of the times (zone, side of the bar) is a hypothesis; here each is scored against the bars themselves.

What speaks: bars lie on sessions between 04:00 and 20:00; the first bar of a day begins at the open or volume jumps there; the last ends at
the close, also where that is 13:00. Names and vendors' habits only decide between readings that the bars leave equal. All of it looks at a
sample: the stretches of trading (a night lies between two) of the busiest symbols, spread over the file, so both sides of a clock change
are in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..core.sessions import FIRST_DAY, LAST_DAY, close_of, sessions_between
from . import times
from .clues import AFTER_HOURS_END, CLOSE, MINUTE, OPEN, PRE_MARKET, minute_of_day

Array = np.ndarray[Any, np.dtype[Any]]

NEW_YORK, UTC = "America/New_York", "UTC"
#: Clocks that files of American bars are written in; the likelier first, which decides between names for one and the same reading.
ZONES = (
    NEW_YORK, UTC, "America/Chicago", "Etc/GMT+5", "America/New_York+7", "Europe/Warsaw", "Europe/London", "America/Los_Angeles",
    "America/Denver", "Europe/Athens", "Europe/Moscow", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
#: A night: more than this between two bars of one symbol.
NIGHT = np.timedelta64(5, "h")
STRETCHES, SYMBOLS = 60, 4
ENOUGH = 12
#: By so many points a reading must be better before it outranks what is usual, and before it is called seen at all.
CLEARLY, BETTER = 2.5, 1.0
#: Volume of the half hour after the open, at least, as a multiple of that before it.
LEVEL = 2.0


@dataclass(frozen=True)
class Reading:
    """One hypothesis and how well the bars fit it."""

    zone: str
    stamp: str
    points: float
    #: the open, and the close, are where the reading puts them
    open_seen: bool
    close_seen: bool
    #: the moments it makes of the sample: two readings with the same ones do not differ
    ends: bytes
    #: hours that the clock runs ahead of New York under it
    ahead: float


@dataclass
class Sample:
    """The rows looked at: times as written, where a stretch of trading begins, volumes, minutes of a bar."""

    clock: Array
    begins: Array
    volume: Array
    minutes: int

    def shows(self, reading: Reading) -> bool:
        """True if these bars are enough to call the reading seen: more than a few, or a day from the open to the close."""
        return reading.open_seen and (len(self.clock) >= ENOUGH or reading.close_seen)


def sample(clock: Array, first_of_symbol: Array, volume: Array, minutes: int) -> Sample:
    """Stretches of the busiest symbols, spread evenly over the file; ``clock`` is sorted within each symbol."""
    bounds = np.r_[np.flatnonzero(first_of_symbol), len(clock)]
    busiest = np.argsort(-np.diff(bounds), kind="stable")[:SYMBOLS]
    rows = np.concatenate([np.arange(bounds[k], bounds[k + 1]) for k in sorted(busiest.tolist())])
    times_, begins = clock[rows], first_of_symbol[rows].copy()
    begins[1:] |= (times_[1:] - times_[:-1]) > NIGHT
    stretch = np.cumsum(begins) - 1
    n = int(stretch[-1]) + 1
    if n > STRETCHES:
        kept = np.isin(stretch, np.unique(np.linspace(0, n - 1, STRETCHES).round().astype(np.int64)))
        rows, begins = rows[kept], begins[kept]
    return Sample(clock[rows], begins, volume[rows], minutes)


def bar_minutes(clock: Array, first_of_symbol: Array) -> tuple[int | None, bool]:
    """The length of intraday bars in minutes and whether two lengths are mixed; None if no stretch holds two bars of one symbol.

    The commonest distance wins. One short distance a day is a cut bar (09:30 to 10:00 of hourly bars); more are bars of another length, or
    of a stock that trades seldom, whose distances are all multiples of a bar.
    """
    steps = np.diff(clock)
    same = ~first_of_symbol[1:] & (steps <= NIGHT)
    if not same.any():
        return None, False
    steps = steps[same]
    minutes = (steps // MINUTE).astype(np.int64)
    if (steps % MINUTE != np.timedelta64(0, "m")).any() and _mode(minutes) == 0:
        return 0, False
    length = _mode(minutes)
    short = minutes < length
    if not short.any():
        return length, False
    stretch = np.cumsum(first_of_symbol[1:] | (np.diff(clock) > NIGHT))[same]
    _, counts = np.unique(stretch[short], return_counts=True)
    if not (counts > 2).any():
        return length, False
    least = int(minutes.min())
    thin = length <= 4 * least and not (minutes % least).any() and (minutes == least).mean() > 0.1 and (minutes > length).mean() > 0.05
    return (least, False) if thin else (length, True)


def _mode(values: Array) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])


# -- the days


def _calendar(first: Any, last: Any) -> tuple[Array, Array]:
    """Sessions and the minute each closes at, a few days wider than asked."""
    week = np.timedelta64(7, "D")
    low = max((first - week), np.datetime64(FIRST_DAY, "D"))
    high = min((last + week), np.datetime64(LAST_DAY, "D"))
    if low > high:
        return np.zeros(0, dtype="datetime64[D]"), np.zeros(0, dtype=np.int64)
    sessions = sessions_between(low.item(), high.item())
    closes = [close_of(day) for day in sessions]
    return np.array(sessions, dtype="datetime64[D]"), np.array([close.hour * 60 + close.minute for close in closes], dtype=np.int64)


def calendar_of(local: Array) -> tuple[Array, Array]:
    """The sessions around these times and the minute each closes at."""
    return _calendar(local.min().astype("datetime64[D]"), local.max().astype("datetime64[D]"))


def closes_of(days: Array, calendar: tuple[Array, Array]) -> tuple[Array, Array]:
    """The minute each day closes at, and whether it is a session; 16:00 where it is none."""
    sessions, closes = calendar
    if not len(sessions):
        return np.full(len(days), CLOSE), np.zeros(len(days), dtype=bool)
    at = np.minimum(np.searchsorted(sessions, days), len(sessions) - 1)
    on = sessions[at] == days
    return np.where(on, closes[at], CLOSE), on


# -- the scores


def score(some: Sample, zone: str, calendar: tuple[Array, Array] | None = None) -> list[Reading]:
    """Both sides of the bar in ``zone``; none if the zone does not allow these times."""
    try:
        local = times.in_new_york(some.clock, zone, "")
    except BadInput:
        return []
    if calendar is None:
        calendar = _calendar(some.clock.min().astype("datetime64[D]"), some.clock.max().astype("datetime64[D]"))
    ahead = float(np.median((some.clock - local) / np.timedelta64(1, "h")))
    return [_one(some, local, zone, stamp, calendar, ahead) for stamp in ("start", "end")]


def spans(local: Array, begins: Array, stamp: str, minutes: int, calendar: tuple[Array, Array]) -> tuple[Array, Array]:
    """Where bars begin and end if their times mark the ``stamp``.

    A bar on a grid that does not meet the session's (an hour from 15:30, or 09:30 to 10:00) ends where the next one of that day begins
    or at the close, and begins where the one before ended.
    """
    length = np.timedelta64(minutes, "m")
    if stamp == "end":
        starts = local - length
        cut = ~begins[1:] & (starts[1:] < local[:-1])
        starts[1:] = np.where(cut, local[:-1], starts[1:])
        return starts, local
    ends = local + length
    if 30 % minutes:
        days = local.astype("datetime64[D]")
        minute, _ = closes_of(days, calendar)
        closes = days.astype("datetime64[us]") + minute.astype("timedelta64[m]")
        ends = np.where((local < closes) & (ends > closes), closes, ends)
        cut = ~begins[1:] & (local[1:] < ends[:-1])
        ends[:-1] = np.where(cut, local[1:], ends[:-1])
    return local, ends


def _one(some: Sample, local: Array, zone: str, stamp: str, calendar: tuple[Array, Array], ahead: float) -> Reading:
    starts, ends = spans(local, some.begins, stamp, some.minutes, calendar)
    days = starts.astype("datetime64[D]")
    begin = minute_of_day(starts)
    end = ((ends - days) // MINUTE).astype(np.int64)
    close, on = closes_of(days, calendar)
    inside = on & (begin >= PRE_MARKET) & (end <= AFTER_HOURS_END)
    regular = on & (end > OPEN) & (begin < close)
    opening = _opening_slot(begin, some.minutes)
    firsts = np.flatnonzero(some.begins)
    lasts = np.r_[firsts[1:], len(begin)] - 1
    first_at_open = float((begin[firsts] == opening).mean()) if opening is not None else 0.0
    last_at_close = float(((end[lasts] == close[lasts]) & on[lasts]).mean())
    only = float(regular.mean())
    stretch = np.cumsum(some.begins) - 1
    jump, spike = _at_open(some, begin, opening, stretch, firsts)
    drop = _at_close(some, begin - close, stretch, len(firsts))
    points = 8 * float(inside.mean()) + 3 * first_at_open + 2 * last_at_close
    weights = some.volume if some.volume.sum() > 0 else np.ones(len(begin))
    volume = float(weights[regular].sum() / weights.sum())
    points += 2 * max(only - 0.9, 0.0) / 0.1 + 2 * max(volume - 0.7, 0.0) / 0.3
    points += 3 * jump + 2 * spike + drop
    points += 0.5 * float((begin[firsts] == PRE_MARKET).mean()) + 0.5 * float((end[lasts] == AFTER_HOURS_END).mean())
    if opening is None:
        points -= 2
    cut = ends - starts < np.timedelta64(some.minutes, "m")
    points -= 3 * float((cut & (begin != OPEN) & (end != close)).sum() / len(firsts))  # short bars belong to the open or the close
    open_seen = jump >= 0.5 or (first_at_open >= 0.5 and (spike >= 0.5 or last_at_close >= 0.5))
    return Reading(zone, stamp, points, open_seen, last_at_close >= 0.5 or drop >= 0.5, ends.tobytes(), ahead)


def _opening_slot(begin: Array, minutes: int) -> int | None:
    """The minute at which the bar that holds 09:30 begins on the grid of these bars; None if no bar of half an hour or less can."""
    grid = _mode(begin % minutes)
    late = (OPEN - grid) % minutes
    if late and minutes <= 30:
        return None
    return OPEN - late


def _slots(volume: Array, slot: Array, stretch: Array, stretches: int) -> Array:
    """Volume of each stretch in the seven bars from three before to three after a moment; a bar that is not there holds none."""
    near = (slot >= -3) & (slot <= 3)
    table = np.zeros((stretches, 7))
    np.add.at(table, (stretch[near], slot[near] + 3), volume[near])
    return table


def _at_open(some: Sample, begin: Array, opening: int | None, stretch: Array, firsts: Array) -> tuple[float, float]:
    """Of all stretches the part in which volume jumps at the open from trading before it, and in which the first bar is the opening one and
    stands out from those after it.

    The half hours before and after show the level (before the open it is a fraction), the bars around it the place. Each stretch is asked by
    itself, so a reading cannot gain by putting some days elsewhere.
    """
    if opening is None or some.volume.sum() <= 0:
        return 0.0, 0.0
    n, stretches = some.minutes, len(firsts)
    table = _slots(some.volume, (begin - opening) // n, stretch, stretches)
    wide = max(30, n)
    early = np.bincount(stretch, weights=some.volume * ((begin >= opening - wide) & (begin < opening)), minlength=stretches)
    late = np.bincount(stretch, weights=some.volume * ((begin >= opening) & (begin < opening + wide)), minlength=stretches)
    before = np.bincount(stretch[begin < opening], minlength=stretches) > 0
    jump = before & (late > LEVEL * early) & (table[:, 3] > 2.5 * table[:, 2]) & (np.argmax(np.diff(table[:, :6]), axis=1) == 2)
    after = table[:, 4:]
    spike = (
        (begin[firsts] == opening)
        & (table[:, 3] > 1.4 * after.sum(axis=1) / np.maximum((after > 0).sum(axis=1), 1))
        & (after > 0).any(axis=1)
    )
    return float(jump.mean()), float(spike.mean())


def _at_close(some: Sample, late: Array, stretch: Array, stretches: int) -> float:
    """Of all stretches the part in which volume falls off at the close, with trading after it."""
    if some.volume.sum() <= 0:
        return 0.0
    table = _slots(some.volume, late // some.minutes, stretch, stretches)
    drop = (table[:, 3:].sum(axis=1) > 0) & (table[:, 2] > 2.5 * table[:, 3]) & (np.argmin(np.diff(table), axis=1) == 2)
    return float(drop.mean())


# -- the decision


@dataclass
class Choice:
    """The reading taken, how each part of it is known (stated, seen, assumed), and what the bars say against it."""

    zone: str
    stamp: str
    zone_how: str
    stamp_how: str
    reading: Reading | None = None
    #: a reading that fits the bars clearly better than what was stated or told
    better_zone: Reading | None = None
    better_stamp: Reading | None = None
    #: other names of zones that make the same of these bars
    same_as: tuple[str, ...] = ()
    #: a reading that fits as well and makes other bars
    rival: Reading | None = None


def choose(
    some: Sample, *, stated: str | None, zone_told: str | None, zone_hint: str | None, stamp_told: str | None, stamp_hint: str | None
) -> Choice:
    """The reading of the sample. ``stated``: by the file; ``told``: by the user; ``hint``: by the vendor's habit."""
    calendar = _calendar(some.clock.min().astype("datetime64[D]"), some.clock.max().astype("datetime64[D]"))
    fixed = zone_told or stated
    usual = fixed or zone_hint or NEW_YORK
    found: dict[str, list[Reading]] = {}
    either_side: list[Reading] = []
    for zone in dict.fromkeys((usual, *ZONES)):
        scored = score(some, zone, calendar)
        either_side += scored
        found[zone] = [one for one in scored if stamp_told in (None, one.stamp)]
    if not found[usual]:
        times.in_new_york(some.clock, usual, "the times")  # says what is wrong with it
        return Choice(
            usual, stamp_told or stamp_hint or "start", _how(zone_told, stated, "assumed"), _how(stamp_told, stamp_hint, "assumed")
        )
    mine = _best(found[usual], stamp_told or stamp_hint)
    every = [one for zone, readings in found.items() for one in readings]
    # zone and side may both have been told wrong: against a zone that is told or stated the bars may speak for either side
    top = max(either_side if fixed else every, key=lambda one: (round(one.points, 6), one.stamp == mine.stamp))
    moved = some.shows(top) and top.points - mine.points >= CLEARLY and top.ends != mine.ends and top.zone != usual
    better_zone = top if moved and fixed else None
    zone = top.zone if moved and not fixed else usual
    if moved and not fixed:
        how = "seen"
    elif fixed:
        how = "stated"
    else:
        how = "seen" if some.shows(mine) else "assumed"
    chosen, stamp_how, better_stamp = _side(some, found[zone], stamp_told, stamp_hint, zone)
    if better_zone is not None and better_stamp is not None:
        better_stamp = None  # the zone first: only right zones can tell on the stamp
    same = tuple(name for name, readings in found.items() if name != zone and any(one.ends == chosen.ends for one in readings))
    rivals = [one for one in every if one.ends != chosen.ends and one.open_seen and one.zone != zone and chosen.points - one.points < 0.25]
    rival = rivals[0] if rivals and how == "seen" and not fixed else None
    return Choice(
        zone, chosen.stamp, how, stamp_how, chosen, better_zone, better_stamp, same if how == "seen" and zone != NEW_YORK else (), rival
    )


def _how(*marks: str | None) -> str:
    return "stated" if any(marks[:-1]) else str(marks[-1])


def _best(readings: list[Reading], stamp: str | None) -> Reading:
    return max(readings, key=lambda one: (round(one.points, 6) + (BETTER if one.stamp == stamp else 0), one.stamp == "start"))


def _side(some: Sample, readings: list[Reading], told: str | None, hint: str | None, zone: str) -> tuple[Reading, str, Reading | None]:
    """The side of the bar: told, seen, the vendor's, or assumed; and the other one if the bars speak clearly for it against what was told."""
    if told is not None:
        mine = readings[0]
        other = next((one for one in score(some, zone) if one.stamp != told), None)
        against = other is not None and other.points - mine.points >= CLEARLY and some.shows(other)
        return mine, "stated", other if against else None
    by = {one.stamp: one for one in readings}
    if hint is not None:
        mine, other = by[hint], by["end" if hint == "start" else "start"]
        if other.points - mine.points >= CLEARLY and some.shows(other):
            return other, "seen", None
        return mine, "stated", None
    best = max(readings, key=lambda one: (round(one.points, 6), one.stamp == "start"))
    other = by["end" if best.stamp == "start" else "start"]
    if best.points - other.points >= BETTER and (some.shows(best) or len(some.clock) >= ENOUGH):
        return best, "seen" if some.shows(best) or best.close_seen else "assumed", None
    return by["start"], "assumed", None
