"""Clues in the clock times of bars: which side of the bar is stamped, which zone the times are in, how long a bar is.

All of them read minutes after midnight in (supposed) New York time. The regular session is 09:30 to 16:00.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

OPEN, CLOSE = 570, 960
MINUTE = np.timedelta64(1, "m")


def day_of(times: Array) -> Array:
    """The calendar day of each time, as ``datetime64[D]``."""
    return times.astype("datetime64[D]")


def minute_of_day(times: Array) -> Array:
    """Whole minutes after midnight of each time."""
    return ((times - day_of(times)) // MINUTE).astype(np.int64)


def _usual(values: Array, days: int) -> float:
    """The median volume of one minute of the day, a day without a trade in it counting as zero: one odd print changes nothing."""
    return float(np.median(np.r_[values, np.zeros(max(days - len(values), 0))]))


def _mode(values: Array) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])


def opening_stamp(times: Array, volume: Array, length: int) -> int | None:
    """How many bars after 09:30 the opening bar is stamped: 0 = START stamps, 1 = END stamps, 2 = moved once too often; None = no clue.

    Bars of the regular session alone show it by the first and the last time of most days; bars with pre-market trades by the jump
    of volume at the open.
    """
    if len(times) == 0 or 30 % length:
        return None
    days, minutes = day_of(times), minute_of_day(times)
    order = np.argsort(times, kind="stable")
    days, minutes, volume = days[order], minutes[order], volume[order]
    edges = np.flatnonzero(days[1:] != days[:-1])
    first, last = _mode(minutes[np.r_[0, edges + 1]]), _mode(minutes[np.r_[edges, len(days) - 1]])
    steps, rest = divmod(first - OPEN, length)
    if not rest and steps in (0, 1, 2):
        return steps if last == CLOSE + (steps - 1) * length else None
    if first > OPEN:
        return None
    sizes = [_usual(volume[minutes == OPEN + k * length], len(edges) + 1) for k in range(-1, 3)]
    best = int(np.argmax(np.diff(sizes)))
    return best if sizes[best + 1] > 2.5 * sizes[best] else None


def hours_off(times: Array, volume: Array) -> int:
    """By how many hours the clock times seem to run ahead of New York (behind: negative); 0 if they look right.

    The regular session holds nearly all volume; the shift that puts most of it between 09:30 and 16:00 is the likely one.
    """
    minutes = minute_of_day(times)
    weights = np.bincount(minutes, weights=volume, minlength=1440)
    if weights.sum() <= 0:
        weights = np.bincount(minutes, minlength=1440).astype(np.float64)
    total = weights.sum()
    shares = {h: float(np.roll(weights, -60 * h)[OPEN : CLOSE + 1].sum() / total) for h in range(-12, 15)}
    best = max(shares, key=lambda h: (round(shares[h], 6), -abs(h)))
    return best if shares[best] > 0.85 and shares[best] - shares[0] > 0.08 else 0


def bar_minutes(times: Array, starts_symbol: Array) -> tuple[int | None, bool]:
    """The length of intraday bars in minutes and whether two lengths are mixed; None if no day holds two bars of one symbol.

    ``times`` are sorted within each symbol; ``starts_symbol`` is True at the first row of each. The commonest distance wins. One
    short distance a day is a cut bar (09:30 to 10:00 of hourly bars); more are bars of another length.
    """
    days = day_of(times)
    same = ~starts_symbol[1:] & (days[1:] == days[:-1])
    if not same.any():
        return None, False
    steps = (times[1:] - times[:-1])[same]
    minutes = (steps // MINUTE).astype(np.int64)
    if (steps % MINUTE != np.timedelta64(0, "m")).any() and _mode(minutes) == 0:
        return 0, False
    length = _mode(minutes)
    short = minutes < length
    if not short.any():
        return length, False
    key = days[1:][same].astype(np.int64) + np.cumsum(starts_symbol)[1:][same] * 1_000_000
    _, counts = np.unique(key[short], return_counts=True)
    return length, bool((counts > 2).any())
