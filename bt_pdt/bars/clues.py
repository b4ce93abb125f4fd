"""Days and minutes of times that are New York's. The regular session is 09:30 to 16:00."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

OPEN, CLOSE = 570, 960
#: When extended trading begins and ends.
PRE_MARKET, AFTER_HOURS_END = 240, 1200
MINUTE = np.timedelta64(1, "m")


def day_of(times: Array) -> Array:
    """The calendar day of each time, as ``datetime64[D]``."""
    return times.astype("datetime64[D]")


def minute_of_day(times: Array) -> Array:
    """Whole minutes after midnight of each time."""
    return ((times - day_of(times)) // MINUTE).astype(np.int64)
