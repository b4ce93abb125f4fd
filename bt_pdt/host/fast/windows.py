"""Sums and extremes over a moving window, a whole column at once, with the bits that Python's ``fsum``, ``max`` and ``min`` give."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Floats = np.ndarray[Any, np.dtype[np.float64]]

#: Bits of a float's fraction, and how many of an integer's lower bits are summed apart from the upper ones.
_FRACTION, _LOWER = 53, 26


def sums(values: Floats, period: int) -> Floats | None:
    """``math.fsum`` of every ``period`` neighbours; None where the numbers lie too far apart for it (or are not finite).

    Floats are whole numbers of some power of two. As such they are added up without rounding, in two halves of 64-bit integers; the
    sum over a window is the difference of two running totals, rounded once, as ``fsum`` rounds it.
    """
    if len(values) < period or not np.isfinite(values).all() or (np.signbit(values) & (values == 0.0)).any():
        return None
    fractions, exponents = np.frexp(values)
    whole = np.ldexp(fractions, _FRACTION).astype(np.int64)
    used = whole != 0
    if not used.any():
        return np.zeros(len(values) - period + 1)
    lowest = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # place of the last bit that is set
    shift = int((_FRACTION - exponents - lowest)[used].max())  # times 2**shift, every value is whole
    width = int(exponents[used].max()) + shift - _LOWER  # bits of the upper halves
    if width + math.log2(period) > _FRACTION or width + math.log2(len(values)) > 62 or abs(shift) > 900:
        return None
    scaled = np.ldexp(values, shift - _LOWER)
    upper = np.floor(scaled)
    lower = np.ldexp(scaled - upper, _LOWER)
    total: Floats = np.ldexp(np.ldexp(_of_windows(upper, period), _LOWER) + _of_windows(lower, period), -shift)
    return total


def _of_windows(halves: Floats, period: int) -> Floats:
    running = np.concatenate([[0], np.cumsum(halves.astype(np.int64))])
    windows: Floats = (running[period:] - running[:-period]).astype(np.float64)
    return windows


def extremes(values: Floats, period: int, *, highest: bool) -> Floats | None:
    """``max`` or ``min`` of every ``period`` neighbours; None where the order of equal or incomparable numbers would decide."""
    if len(values) < period or np.isnan(values).any() or (np.signbit(values) & (values == 0.0)).any():
        return None
    windows = sliding_window_view(values, period)
    found: Floats = windows.max(axis=1) if highest else windows.min(axis=1)
    return found
