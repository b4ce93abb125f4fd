"""Is the difference of two runs more than chance? Their daily returns, paired, and a stationary bootstrap of the mean difference."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..core.errors import BadInput
from ..results.metrics import Array
from .runs import Run

#: Fewer sessions than this say nothing.
FEWEST = 10
DRAWS = 10_000
CONFIDENCE = 0.95


class Paired(NamedTuple):
    """The mean of ``a``'s daily return less ``b``'s (fractions of 1), its interval, and what that says.

    ``apart`` is True if the interval leaves 0 out, None where the sessions are too few to tell.
    """

    a: str
    b: str
    sessions: int
    mean: float
    low: float | None
    high: float | None
    apart: bool | None
    sentence: str


def paired(a: Run, b: Run, *, draws: int = DRAWS, confidence: float = CONFIDENCE, seed: int = 0) -> Paired:
    """Compares the daily returns of two runs on the sessions that both saw.

    Stationary bootstrap (Politis and Romano 1994): blocks of consecutive sessions, of geometric length with mean ``n ** (1/3)``, so that
    what lasts a few days stays together; ``draws`` resamples, percentile interval, ``seed`` fixed so that the answer is always the same.
    """
    if not 0.0 < confidence < 1.0:
        raise BadInput(f"confidence takes a number between 0 and 1, like 0.95, got {confidence!r}.")
    both = [day for day in a.returns if day in b.returns]
    difference = np.array([a.returns[day] - b.returns[day] for day in both], dtype=np.float64)
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    mean = float(difference.mean()) if n else 0.0
    if not n or np.abs(difference).max() < 1e-12:
        return Paired(a.name, b.name, n, 0.0, 0.0, 0.0, False, f"{a.name} and {b.name} are the same on every day.")
    ahead, behind = (a.name, b.name) if mean > 0 else (b.name, a.name)
    sentence = f"{ahead} made {abs(mean):.3%} a day more than {behind} on average over {n} sessions"
    if n < FEWEST:
        return Paired(a.name, b.name, n, mean, None, None, None, f"{sentence}: fewer than {FEWEST} sessions cannot tell the two apart.")
    means = resampled_means(difference, draws, seed)
    low, high = (float(q) for q in np.quantile(means, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]))
    apart = low > 0.0 or high < 0.0
    ends = (low, high) if mean > 0 else (-high, -low)
    sentence += f" ({confidence:.0%} interval {ends[0]:.3%} to {ends[1]:.3%})"
    said = f"{sentence}: the data tell the two apart." if apart else f"{sentence}: the data cannot tell the two apart."
    return Paired(a.name, b.name, n, mean, low, high, apart, said)


def resampled_means(values: Array, draws: int, seed: int) -> Array:
    """Means of ``draws`` resamples: at each place either the next value of the block (around the end to the start) or a new block."""
    n = len(values)
    generator = np.random.default_rng(seed)
    at = generator.integers(0, n, size=draws)
    total = values[at].copy()
    for _ in range(n - 1):
        fresh = generator.random(draws) < n ** (-1.0 / 3.0)
        at = np.where(fresh, generator.integers(0, n, size=draws), (at + 1) % n)
        total += values[at]
    return np.asarray(total / n, dtype=np.float64)
