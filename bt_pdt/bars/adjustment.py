"""Raw or adjusted prices: jumps overnight that look like splits, and decimals that no trade prints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import clues
from .model import Action, Array, SymbolBars

#: Ratios of shares, new to old, that companies choose; the way back (1:25) is a reverse split.
USUAL = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 75, 80, 90, 100, 120, 125, 150, 200, 250, 300, 400, 500, 1000)  # fmt: skip
SMALL = ((3, 2), (5, 3), (5, 2), (7, 2))
#: So near a fraction must be to be called one (a stock moves by as much in a night) ...
NEAR = 0.03
#: ... and a whole number: cheap stocks are rounded to the cent besides.
NEAR_WHOLE = 0.06
#: Any night beyond this factor is a finding, ratio or not.
LARGE = 1.8
#: Decimals of a cent that no file of raw daily prices has in more than so many of its prices.
ODD_DAYS, ODD_MINUTES, ODD_DIGITS = 0.2, 0.6, 0.05
#: More days without a bar are no night but a gap.
LONGEST = np.timedelta64(14, "D")
SOME = 50_000
DECIMAL_DAY = np.datetime64("2001-04-09")


class Jump(NamedTuple):
    """One night: the day it opened on, the prices, and the ratio it is near (``7:1``, ``1:25``), or None."""

    day: np.datetime64
    close: float
    open: float
    ratio: str | None


def ratio_near(factor: float) -> str | None:
    """``7:1`` for 6.93 (a price seven times smaller than before), ``1:25`` for 0.0398; None if no ratio is near."""
    size = max(factor, 1 / factor)
    found: tuple[float, str, str] | None = None
    for a, b in SMALL:
        off = abs(np.log(size / (a / b)))
        if off <= NEAR and (found is None or off < found[0]):
            found = (off, str(a), str(b))
    for n in USUAL:
        off = abs(np.log(size / n))
        if off <= (NEAR if n < 3 and size < LARGE else NEAR_WHOLE) and (found is None or off < found[0]):
            found = (off, str(n), "1")
    if found is None and size > 9.5 and abs(np.log(size / round(size))) <= NEAR:
        found = (0.0, str(round(size)), "1")
    if found is None:
        return None
    return f"{found[1]}:{found[2]}" if factor > 1 else f"{found[2]}:{found[1]}"


def nights(arrays: SymbolBars) -> tuple[Array, Array, Array]:
    """Of each night: the day it ends on, the close before it and the open after it; of regular hours, if there are any.

    The first prints before the open may still be at the old price.
    """
    clock = clues.minute_of_day(arrays.datetimes)
    regular = (clock > clues.OPEN) & (clock <= clues.CLOSE)
    if regular.any():
        arrays = SymbolBars(*(column[regular] for column in arrays))
    days = clues.day_of(arrays.datetimes)
    at = np.flatnonzero((days[1:] != days[:-1]) & (days[1:] - days[:-1] <= LONGEST))
    return days[at + 1], arrays.close[at], arrays.open[at + 1]


def jumps(arrays: SymbolBars) -> list[Jump]:
    """The nights that look like a split, or moved by more than any night should."""
    days, closes, opens = nights(arrays)
    factors = closes / opens
    sizes = np.maximum(factors, 1 / factors)
    found = []
    for k in np.flatnonzero(sizes > 1.4):
        ratio = ratio_near(float(factors[k]))
        if ratio is not None or sizes[k] > LARGE:
            found.append(Jump(days[k], float(closes[k]), float(opens[k]), ratio))
    return found


def stated_ratio(split: float) -> str:
    """A split as a column states it (4.0, 0.02, 1.5) as ``4:1``, ``1:50``, ``3:2``."""
    size = split if split >= 1 else 1 / split
    for b in range(1, 21):
        if abs(size * b - round(size * b)) < 0.002 * b:
            a = round(size * b)
            return f"{a}:{b}" if split >= 1 else f"{b}:{a}"
    return f"{split:g}:1"


def jumped_with(action: Action, arrays: SymbolBars) -> bool | None:
    """True if prices jump with a stated split (they are raw), False if not (they are adjusted); None if its night is not in the bars."""
    days, closes, opens = nights(arrays)
    at = int(np.searchsorted(days, np.datetime64(action.day)))
    if at >= len(days) or (days[at] - np.datetime64(action.day)).astype(int) > 4:
        return None
    return bool(abs(np.log(closes[at] / opens[at] / action.split)) < abs(np.log(closes[at] / opens[at])))


def odd_decimals(arrays: SymbolBars, daily: bool) -> str | None:
    """What decimals show that prices were worked on afterwards; None if they could be raw.

    A quarter of cents, or less, is no price of a day since April 2001 (of stocks at a dollar or more); the rounding of single precision and
    of six printed decimals is none either. Bars of minutes hold off-exchange prints at fractions of a cent: of them more is asked.
    """
    every = max(1, len(arrays.close) // SOME)  # of many bars some say it
    prices = np.concatenate([column[::every] for column in (arrays.open, arrays.high, arrays.low, arrays.close)])
    days = np.tile(arrays.datetimes[::every], 4)
    dear = (prices >= 1.0) & (prices < 100_000.0)
    prices, days = prices[dear], days[dear]
    if not len(prices):
        return None
    dust = 6e-8 * prices + 6e-7
    fine = np.abs(prices - np.rint(prices * 10_000) / 10_000) > dust
    early = days < DECIMAL_DAY
    fine &= ~(early & (np.abs(prices - np.rint(prices * 256) / 256) <= dust))
    if fine.mean() > ODD_DIGITS:
        return f"{fine.mean():.0%} of the prices have more than four decimals"
    late = ~early
    if late.sum() < 20:
        return None
    grid = 100 if daily else 200  # minutes: half a cent is the middle of bid and ask
    odd = np.abs(prices - np.rint(prices * grid) / grid) > dust
    share = odd[late].mean()
    if share > (ODD_DAYS if daily else ODD_MINUTES):
        return f"{share:.0%} of the prices are no whole cents"
    return None
