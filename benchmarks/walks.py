"""Seeded minute bars of any length: a random walk for each symbol, in whole cents, each bar opening where the one before closed.

So a package that fills at the close of the bar that decided pays what one that fills at the next open does.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from bt_pdt import Bars
from bt_pdt.bars import SymbolBars
from bt_pdt.core.sessions import sessions_between

MINUTES = 390


def walks(symbols: int, sessions: int, first: date = date(2024, 1, 2)) -> Bars:
    """One-minute bars of whole regular sessions (early closes too: these are made bars), stamped at their end."""
    days = sessions_between(first, date(first.year + 2 + sessions // 245, 1, 1))[:sessions]
    opening = np.array(days, "datetime64[D]").astype("datetime64[us]") + np.timedelta64(9 * 60 + 31, "m")
    times = (opening[:, None] + np.arange(MINUTES) * np.timedelta64(1, "m")).ravel()
    return Bars({f"S{k:03d}": _walk(k, times) for k in range(symbols)}, timeframe="minutes", compression=1)


def _walk(seed: int, times: np.ndarray[Any, Any]) -> SymbolBars:
    rng = np.random.default_rng(seed)
    # pulled back to 100, so that a walk of years neither falls to nothing nor grows beyond the account
    drift, shocks = np.empty(len(times)), rng.normal(0, 0.0005, len(times))
    value = 0.0
    for i, shock in enumerate(shocks.tolist()):
        value += shock - 0.00002 * value
        drift[i] = value
    close = np.round(100 * np.exp(drift), 2)
    open_ = np.concatenate([[100.0], close[:-1]])
    high = np.round(np.maximum(open_, close) + rng.integers(0, 10, len(times)) / 100, 2)
    low = np.round(np.minimum(open_, close) - rng.integers(0, 10, len(times)) / 100, 2)
    return SymbolBars(times, open_, high, low, close, np.full(len(times), 1e5))
