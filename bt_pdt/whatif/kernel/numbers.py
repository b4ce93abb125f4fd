"""The numbers of a replayed variant: those of ``Result.summary`` and of a search, worked out by the same functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from ...core.money import cents
from ...results import cash, metrics
from .shapes import CALLS, REASONS, Array, Book


def session_rows(rows: Array, days: Sequence[date]) -> list[dict[str, Any]]:
    """The sessions table."""
    found = []
    for row, day in zip(rows.tolist(), days, strict=True):
        one = dict(zip(rows.dtype.names or (), row, strict=True))
        old = one["old"]
        found.append(
            {
                "session": day.isoformat(),
                "equity": cents(one["equity"]),
                "maintenance_margin": cents(one["maintenance_margin"]),
                "initial_margin": cents(one["initial_margin"]),
                "daytrade_count": one["daytrade_count"] if old else None,
                "pattern_day_trader": one["pattern_day_trader"] if old else None,
                "multiplier": one["multiplier"],
                "bod_dtbp": cents(one["bod_dtbp"]) if old else None,
                "lowest_daytrading_buying_power": cents(one["lowest_dtbp"]) if old else None,
                "regt_buying_power": cents(one["regt_buying_power"]),
                "sma": cents(one["sma"]),
                "lowest_intraday_margin_level": None if old else cents(one["lowest_level"]),
                "intraday_margin_deficit": cents(one["deficit"]),
                "interest": cents(one["interest"]),
                "borrow_fee": cents(one["borrow_fee"]),
            }
        )
    return found


def numbers(book: Book, rows: Sequence[dict[str, Any]], seen: Sequence[int], start: float) -> dict[str, Any]:
    """Every number of the variant; counts that did not occur are left out. ``seen`` are the places of the sessions that have bars."""
    state = book.state[0]
    end = float(state["value"])
    returns = metrics.daily_returns(start, [rows[d]["equity"] for d in seen])
    used, lowest = metrics.dtbp_use(rows)
    orders, refused, exits = int(state["orders"]), int(state["refused"]), int(state["refused_exits"])
    found: dict[str, Any] = {
        "equity_start": cents(start),
        "equity_end": cents(end),
        "total_return": cash.total_return((), rows, start, end),
        "time_weighted_return": cash.time_weighted_return((), rows, start, end),
        "money_weighted_return": cash.money_weighted_return((), rows, start, end),
        "max_drawdown": float(state["drawdown"]),
        "closing_drawdown": metrics.closing_drawdown(returns),
        "cagr": metrics.cagr(returns),
        "worst_day": metrics.worst_day(returns),
        "volatility": metrics.volatility(returns),
        "sharpe": metrics.sharpe(returns),
        "sortino": metrics.sortino(returns),
        "calmar": metrics.calmar(returns),
        "sessions": len(rows),
        "sessions_with_bars": len(seen),
        "orders": orders,
        "accepted": orders - refused,
        "refused": refused,
        "fills": int(state["fills"]),
        "day_trades": int(state["day_trades"]),
        "peak_dtbp_use": used,
        "lowest_dtbp": lowest,
        "calls": int(state["calls"]),
        "restrictions": int(state["restrictions"]),
        "forced_fills": 0,
        "deposits": 0.0,
        "withdrawals": 0.0,
        "interest": cents(float(state["paid_interest"])),
        "borrow_fees": cents(float(state["paid_borrow"])),
        "held_overnight": int(state["overnight"]),
    }
    kinds = Counter(int(kind) for kind in book.calls["kind"][: int(state["calls"])])
    found |= {f"calls_{CALLS[kind]}": count for kind, count in kinds.most_common()}
    found |= {f"refused_{REASONS[k]}": int(book.reasons[k]) for k in np.flatnonzero(book.reasons)}
    found["profit"] = cents(found["equity_end"] - found["equity_start"])
    found["refused_exits"], found["refused_entries"] = exits, refused - exits
    return found
