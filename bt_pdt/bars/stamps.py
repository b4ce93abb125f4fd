"""How long a bar is, and the session day of daily bars."""

from __future__ import annotations

import re

import numpy as np

from ..core.errors import BadInput
from ..core.sessions import close_of
from . import hypotheses, times
from .formats import Raw, Taken
from .model import Array, length_in_words
from .rows import in_words

DAY = 0
#: So many bars, one a day at one time of day, are daily bars if their ranges are those of days.
ENOUGH = 4


def length_from_words(timeframe: str) -> int:
    """A bar length in words as minutes; 0 is a day."""
    found = re.fullmatch(r"(\d*)\s*-?\s*(m|min|minutes?|t|h|hours?|hourly|d|days?|daily)", str(timeframe).strip().lower())
    if not found or found[1] == "0" or len(found[1]) > 4 or (found[2][0] == "d" and found[1] not in ("", "1")):
        raise BadInput(f"timeframe {timeframe!r} is not a bar length; write 1 minute, 15 minutes, 1 hour or 1 day.")
    n = int(found[1] or 1)
    return DAY if found[2][0] == "d" else 60 * n if found[2][0] == "h" else n


def length(raw: Raw, taken: Taken, forced: int | None, clock: Array, aware: bool, first_of_symbol: Array, values: Array) -> tuple[int, str]:
    """Minutes of a bar, 0 for a day, and how that is known: stated (told, or by the format) or seen in the distances between the times."""
    seen, mixed = hypotheses.bar_minutes(clock, first_of_symbol)
    if forced is not None:
        _require_fit(raw, taken, forced, seen)
        return forced, "stated"
    if mixed:
        raise BadInput(f"{raw.source} mixes bars of {seen} minutes with shorter ones; give one length per file.")
    if taken.minutes is not None:
        return taken.minutes, "stated"
    if seen is not None and not taken.times.dates:
        if seen < 1:
            raise BadInput(f"{raw.source} has bars of less than a minute; resample them to a minute or more.")
        return seen, "seen"
    local = _local(clock, aware)
    if taken.times.dates or (aware and (clock == clock.astype("datetime64[D]")).all()):
        return DAY, "seen"
    clocks = np.unique(local - local.astype("datetime64[D]"))
    if np.isin(clocks, [np.timedelta64(h, "h") for h in (0, 13, 16)]).all() or _looks_daily(clock, local, first_of_symbol, values):
        return DAY, "seen"
    shown = in_words(local[0])
    raise BadInput(
        f"{raw.source} has no two bars of one symbol on one day (first {shown} New York time), so the length of a bar cannot be seen;"
        " give timeframe= (--timeframe), for example '1 minute' or '1 day'."
    )


def _require_fit(raw: Raw, taken: Taken, forced: int, seen: int | None) -> None:
    """A length told by hand that the times rule out stops: plain dates are days, and bars do not overlap."""
    words = length_in_words(forced or None)
    if forced and taken.times.dates and seen is None:
        raise BadInput(f"{raw.source}: timeframe={words!r}, but its times are plain dates: these are daily bars; leave timeframe out.")
    if forced and seen is not None and 0 < seen < forced:
        shown = length_in_words(seen)
        raise BadInput(
            f"{raw.source}: timeframe={words!r}, but its bars are {shown} apart and would overlap; leave timeframe out, or resample them."
        )


def _local(clock: Array, aware: bool) -> Array:
    return times.to_new_york(clock) if aware else clock


def _looks_daily(clock: Array, local: Array, first_of_symbol: Array, values: Array) -> bool:
    """One bar a session at one time of day (TradingView stamps days 09:30, Schwab midnight in Chicago), as wide as days are."""
    one_time = any(len(np.unique(some - some.astype("datetime64[D]"))) == 1 for some in (clock, local))
    inner = ~first_of_symbol[1:]
    if not one_time or inner.sum() < ENOUGH:
        return False
    steps = np.diff(local.astype("datetime64[D]")).astype(np.int64)[inner]
    if np.median(steps) > 1 or (steps == 0).any():
        return False
    width = np.median(values[:, 1] - values[:, 2])
    moves = np.median(np.abs(np.diff(values[:, 3]))[inner])
    return bool(width >= 0.5 * moves)


def days_of(clock: Array, aware: bool) -> Array:
    """The session day of daily bars: the date as written; of times with a zone, the date (in UTC or in New York) that is a session."""
    written = clock.astype("datetime64[D]")
    if not aware:
        return written
    if (clock == written).all():
        return written
    return _local(clock, aware).astype("datetime64[D]")


def session_closes(days: Array) -> Array:
    """16:00 of each day, 13:00 on an early close, as ``datetime64[us]``."""
    unique, inverse = np.unique(days, return_inverse=True)
    closes = np.array([close_of(day.item()) for day in unique], dtype="datetime64[us]")
    return closes[inverse]


def refuse_odd_days(raw: Raw, days: Array, first_of_symbol: Array) -> None:
    """Weekly and monthly bars, and two daily bars of one symbol on one day, stop."""
    steps = np.diff(days).astype("timedelta64[D]").astype(np.int64)
    steps, later = steps[~first_of_symbol[1:]], days[1:][~first_of_symbol[1:]]
    if not len(steps):
        return
    if (steps == 0).any():
        raise BadInput(f"{raw.source} has two daily bars of one symbol on {later[int((steps == 0).argmax())]}; keep one per day.")
    if np.median(steps) >= 5:
        raise BadInput(
            f"{raw.source} holds bars {int(np.median(steps))} days apart (weekly or monthly);"
            " margin law counts sessions, give daily or minute bars."
        )
