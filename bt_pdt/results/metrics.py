"""The few numbers of a run, from equity and from the sessions. None where a number does not exist, never 0 in its place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

SESSIONS_PER_YEAR = 252
YEAR = 365.0
#: The search for a rate of return looks at growth from a trillionth to a trillion times.
_FAR = math.log(1e12)

Array = np.ndarray[Any, np.dtype[Any]]


def max_drawdown(values: Sequence[float] | Array) -> float:
    """The deepest fall from an earlier high as a share of that high: -0.08 is 8 % below it, 0 if there was no fall."""
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return 0.0
    highs = np.maximum.accumulate(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        falls = np.where(highs > 0, values / highs - 1.0, 0.0)
    return float(falls.min())


def time_weighted_index(start: float, equity: Sequence[float] | Array, flows: Sequence[float] | Array) -> Array:
    """What ``start`` grows to by the end of each bar without what came in or left: each bar earns equity / (equity before + flows).

    ``flows`` are deposits less withdrawals, each there from the beginning of its bar. Without flows it is equity itself; where there is
    nothing to earn on (no equity) the index stays where it is. ``start`` is its first value.
    """
    values, moved = np.asarray(equity, dtype=np.float64), np.asarray(flows, dtype=np.float64)
    if not moved.any():
        return np.concatenate([[start], values])
    base = np.r_[start, values[:-1]] + moved
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(base > 0, values / base, 1.0)
    return start * np.concatenate([[1.0], np.cumprod(growth)])


def daily_returns(
    start: float,
    equity: Sequence[float] | Array,
    flows: Sequence[float] | Array | None = None,
    at_work: Sequence[float] | Array | None = None,
) -> Array:
    """Return of each session on the close before it (the first on ``start``): (close - before - flows) / (before + at work).

    ``flows`` are deposits less withdrawals of the session, ``at_work`` each times the share of the session that was left: all of what
    comes at the open, nothing of what comes at the close (the default).
    """
    closes = np.asarray(equity, dtype=np.float64)
    before = np.r_[start, closes[:-1]] if len(closes) else closes
    moved = np.zeros(len(closes)) if flows is None else np.asarray(flows, dtype=np.float64)
    base = before if at_work is None else before + np.asarray(at_work, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where((before > 0) & (base > 0), (closes - before - moved) / base, np.nan), dtype=np.float64)


def chained(returns: Sequence[float] | Array) -> float | None:
    """The return over all of ``returns`` one after the other (time-weighted, where those leave flows out); None if one does not exist."""
    grown = float(np.prod(1.0 + np.asarray(returns, dtype=np.float64)))
    return grown - 1.0 if math.isfinite(grown) else None


def money_weighted_return(start: float, flows: Iterable[tuple[float, float]], end: float, days: float) -> float | None:
    """The internal rate of return: at which ``start`` and every flow (day, dollars in), invested until day ``days``, grow to ``end``.

    Over the whole period if that is under a year, else a year's (365 days). None where no rate does it, or more than one.
    """
    moved = [(max(0.0, 1.0 - day / days) if days > 0 else 0.0, amount) for day, amount in flows]
    if not moved:  # nothing to search for
        growth = math.log(end / start) if start > 0 and end > 0 else math.inf
        return math.expm1(growth * min(1.0, YEAR / days)) if abs(growth) <= _FAR and days > 0 else None

    def missing(log_growth: float) -> float:
        return start * math.exp(log_growth) + sum(amount * math.exp(share * log_growth) for share, amount in moved) - end

    steps = [k * _FAR / 400 for k in range(-400, 401)]
    signs = [missing(step) > 0 for step in steps]
    turns = [k for k in range(400 * 2) if signs[k] != signs[k + 1]]
    if len(turns) != 1:
        return None
    low, high = steps[turns[0]], steps[turns[0] + 1]
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if (missing(middle) > 0) == signs[turns[0]] else (low, middle)
    return math.expm1((low + high) / 2 * min(1.0, YEAR / days)) if days > 0 else None


def sharpe(returns: Sequence[float] | Array) -> float | None:
    """Mean over sample deviation of daily returns times the root of 252, no risk-free rate; None under two sessions or without change."""
    values = _finite(returns)
    if len(values) < 2:
        return None
    deviation = float(values.std(ddof=1))
    return float(values.mean()) / deviation * math.sqrt(SESSIONS_PER_YEAR) if deviation > 1e-15 else None


def sortino(returns: Sequence[float] | Array) -> float | None:
    """As :func:`sharpe`, over the root of the mean squared loss of all sessions (a gain counts 0); None under two sessions or without a loss."""
    values = _finite(returns)
    if len(values) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.minimum(values, 0.0) ** 2)))
    return float(values.mean()) / downside * math.sqrt(SESSIONS_PER_YEAR) if downside > 1e-15 else None


def volatility(returns: Sequence[float] | Array) -> float | None:
    """Sample deviation of daily returns times the root of 252; None under two sessions."""
    values = _finite(returns)
    return float(values.std(ddof=1)) * math.sqrt(SESSIONS_PER_YEAR) if len(values) > 1 else None


def worst_day(returns: Sequence[float] | Array) -> float | None:
    """The lowest daily return: -0.03 is a day that lost 3 %; None without a session."""
    values = _finite(returns)
    return float(values.min()) if len(values) else None


def cagr(returns: Sequence[float] | Array) -> float | None:
    """A year's growth at the pace of ``returns``: (1 + the return over all) to the power of 252 / sessions, less 1. None if one is missing."""
    total = chained(returns)
    if total is None or total < -1.0 or not len(returns):
        return None
    return float((1.0 + total) ** (SESSIONS_PER_YEAR / len(returns))) - 1.0


def calmar(returns: Sequence[float] | Array) -> float | None:
    """:func:`cagr` over the deepest fall between closes; None without a fall."""
    growth, fall = cagr(returns), closing_drawdown(returns)
    return None if growth is None or not fall else growth / -fall


def closing_drawdown(returns: Sequence[float] | Array) -> float | None:
    """:func:`max_drawdown` of daily returns chained: measured at closes only; None if a return is missing."""
    if chained(returns) is None:
        return None
    return max_drawdown(np.r_[1.0, np.cumprod(1.0 + np.asarray(returns, dtype=np.float64))])


def _finite(returns: Sequence[float] | Array) -> Array:
    values = np.asarray(returns, dtype=np.float64)
    return values[np.isfinite(values)]


def dtbp_use(rows: Iterable[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    """(largest share of a day's DTBP used, fewest dollars of it left); None and None where no session began with any."""
    used: float | None = None
    lowest: float | None = None
    for row in rows:
        begin = row["bod_dtbp"]
        if begin:
            left = row["lowest_daytrading_buying_power"]
            share = 1.0 - left / begin
            used = share if used is None else max(used, share)
            lowest = left if lowest is None else min(lowest, left)
    return used, lowest
