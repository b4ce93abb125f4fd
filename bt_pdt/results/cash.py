"""What came into an account and left it other than by trading, from its journal."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from ..core import sessions
from ..core.decisions import Rejected
from ..core.journal import CashEntry, Entry
from . import metrics
from .metrics import Array

Rows = Sequence[Mapping[str, Any]]


class Totals(NamedTuple):
    """Dollars over a whole journal, each at least 0: what came in, what went out, and what the brokerage charged."""

    deposits: float
    withdrawals: float
    interest: float
    borrow_fees: float


class Flows(NamedTuple):
    """Deposits less withdrawals by session, dollars; ``at_work`` is each times the share of its regular session that was left."""

    moved: Array
    at_work: Array


def totals(journal: Iterable[Entry]) -> Totals:
    """Deposits, withdrawals, margin interest and fees paid; refused withdrawals moved nothing, and credits are no payment."""
    found = dict.fromkeys(("deposit", "withdraw", "interest", "fee"), 0.0)
    for entry in _moved(journal):
        if entry.kind in ("deposit", "withdraw"):
            found[entry.kind] += entry.amount
        elif entry.kind in ("interest", "fee"):
            found[entry.kind] += max(0.0, -entry.amount)
    return Totals(*found.values())


def flows(journal: Iterable[Entry], days: Sequence[str]) -> Flows:
    """Deposits less withdrawals by session of ``days`` (ISO text, ascending); last, what came after the close of all of them."""
    moved, at_work = np.zeros(len(days) + 1), np.zeros(len(days) + 1)
    for entry in _moved(journal):
        if entry.kind not in ("deposit", "withdraw"):
            continue
        day = entry.session
        if entry.at > sessions.close_of(day):
            day = sessions.next_session(day)
        opens, closes = datetime.combine(day, sessions.REGULAR_OPEN), sessions.close_of(day)
        left = min(1.0, (closes - entry.at) / (closes - opens))
        amount = entry.amount if entry.kind == "deposit" else -entry.amount
        i = bisect_left(days, day.isoformat())
        moved[i] += amount
        at_work[i] += amount * left
    return Flows(moved, at_work)


def bar_flows(journal: Iterable[Entry], times: Array) -> Array:
    """Deposits less withdrawals by bar, dollars: each counts for the first bar that ends at or after it; what comes after the last is left out."""
    moved = np.zeros(len(times) + 1)
    ends = times.astype("datetime64[ms]")
    for entry in _moved(journal):
        if entry.kind in ("deposit", "withdraw"):
            i = int(np.searchsorted(ends, np.datetime64(entry.at, "ms"), "left"))
            moved[i] += entry.amount if entry.kind == "deposit" else -entry.amount
    return moved[:-1]


def time_weighted_return(journal: Iterable[Entry], rows: Rows, start: float, end: float) -> float | None:
    """The daily returns of the sessions table from ``start`` equity to its ``end``, one after the other, without what came in or left."""
    return metrics.chained(
        metrics.daily_returns(start, [*(row["equity"] for row in rows), end], *flows(journal, [r["session"] for r in rows]))
    )


def money_weighted_return(journal: Iterable[Entry], rows: Rows, start: float, end: float) -> float | None:
    """The internal rate of return from the close before the first session to the last one.

    What comes at an open has been there since the close before, what comes at a close since then, in between in proportion.
    """
    if not rows or start <= 0:
        return None
    days = [row["session"] for row in rows]
    begin = _begin(rows)
    ages = [0.0, *(float((date.fromisoformat(day) - begin).days) for day in days)]
    ages.append(ages[-1])
    moved, at_work = flows(journal, days)
    found = [*zip(ages[:-1], at_work.tolist(), strict=True), *zip(ages[1:], (moved - at_work).tolist(), strict=True)]
    return metrics.money_weighted_return(start, [(age, amount) for age, amount in found if amount], end, ages[-1])


def is_a_years(rows: Rows) -> bool:
    """True if the money-weighted return over these sessions is a year's: they last one or longer."""
    return bool(rows) and (date.fromisoformat(rows[-1]["session"]) - _begin(rows)).days >= metrics.YEAR


def _begin(rows: Rows) -> date:
    """The session before the first, at whose close a run has what it starts with."""
    return sessions.add_business_days(date.fromisoformat(rows[0]["session"]), -1)


def total_return(journal: Sequence[Entry], rows: Rows, start: float, end: float) -> float | None:
    """The end over the start where no money came or left, else the time-weighted return; None without equity at the start."""
    if start <= 0:
        return None
    money = totals(journal)
    return time_weighted_return(journal, rows, start, end) if money.deposits or money.withdrawals else end / start - 1.0


def _moved(journal: Iterable[Entry]) -> Iterator[CashEntry]:
    for entry in journal:
        if isinstance(entry, CashEntry) and not isinstance(entry.decision, Rejected):
            yield entry
