"""How long a bar is, which side of it is stamped, and where it therefore ends."""

from __future__ import annotations

import re

import numpy as np

from ..core.errors import BadInput
from ..core.sessions import close_of
from . import clues
from .formats import Raw, Taken
from .model import Array
from .rows import in_words

DAY = 0


def length_from_words(timeframe: str) -> int:
    """A bar length in words as minutes; 0 is a day."""
    found = re.fullmatch(r"(\d*)\s*-?\s*(m|min|minutes?|t|h|hours?|hourly|d|days?|daily)", str(timeframe).strip().lower())
    if not found or found[1] == "0" or (found[2][0] == "d" and found[1] not in ("", "1")):
        raise BadInput(f"timeframe {timeframe!r} is not a bar length; write 1 minute, 15 minutes, 1 hour or 1 day.")
    n = int(found[1] or 1)
    return DAY if found[2][0] == "d" else 60 * n if found[2][0] == "h" else n


def length(raw: Raw, taken: Taken, forced: int | None, local: Array, utc: Array | None, first_of_symbol: Array) -> int:
    """Minutes of a bar, 0 for a day: as told, as the format says, or as the distances between the times show."""
    if forced is not None:
        return forced
    seen, mixed = clues.bar_minutes(local, first_of_symbol)
    if mixed:
        raise BadInput(f"{raw.source} mixes bars of {seen} minutes with shorter ones; give one length per file.")
    if taken.minutes is not None:
        return taken.minutes
    if seen is not None:
        if seen < 1:
            raise BadInput(f"{raw.source} has bars of less than a minute; resample them to a minute or more.")
        return seen
    clocks = np.unique(local - clues.day_of(local))
    if utc is not None and (utc == clues.day_of(utc)).all():
        return DAY
    closes = [np.timedelta64(h, "h") for h in (0, 13, 16)]
    if np.isin(clocks, closes).all():
        return DAY
    shown = in_words(local[0])
    raise BadInput(
        f"{raw.source} has no two bars of one symbol on one day (first {shown} New York time), so the length of a bar cannot be seen;"
        " give timeframe=, for example '1 minute' or '1 day'."
    )


def days_of(local: Array, utc: Array | None) -> Array:
    """The session day of daily bars: the New York date, but the UTC date where all times are midnight UTC."""
    if utc is not None and (utc == clues.day_of(utc)).all():
        return clues.day_of(utc)
    return clues.day_of(local)


def session_closes(days: Array) -> Array:
    """16:00 of each day, 13:00 on an early close, as ``datetime64[us]``."""
    unique, inverse = np.unique(days, return_inverse=True)
    closes = np.array([close_of(day.item()) for day in unique], dtype="datetime64[us]")
    return closes[inverse]


def ends(local: Array, minutes: int, first_of_symbol: Array) -> Array:
    """END stamps of START-stamped bars.

    A bar ends ``minutes`` later. One whose grid does not meet the session's (an hour from 15:30, or 09:30 to 10:00) ends where the next
    one of that day begins or at the close.
    """
    out = local + np.timedelta64(minutes, "m")
    if 30 % minutes == 0:
        return out
    closes = session_closes(clues.day_of(local))
    out = np.where((local < closes) & (out > closes), closes, out)
    following = ~first_of_symbol[1:] & (local[1:] < out[:-1])
    out[:-1][following] = local[1:][following]
    return out


def side(taken: Taken, told: str | None, local: Array, volume: Array, minutes: int) -> str:
    """``start-stamped`` or ``end-stamped``, with "(seen)" or "(assumed)" where nobody said it."""
    if told or taken.stamp:
        return f"{told or taken.stamp}-stamped"
    steps = clues.opening_stamp(local, volume, minutes)
    if steps in (0, 1):
        return f"{'end' if steps else 'start'}-stamped (seen at the open)"
    return f"{taken.fallback}-stamped (assumed)"


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
