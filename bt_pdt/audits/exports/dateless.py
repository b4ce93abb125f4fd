"""Executions of a file that has days and no times: of all orders in which a day's could have fallen, the one with the most day trades."""

from __future__ import annotations

from collections.abc import Sequence

from ...account.daytrades import DayRun
from .holdings import LONG, SAME, SHORT

#: More executions of one symbol on one day than this are ordered step by step, not by trying every order.
_TRY_ALL = 8

Trade = tuple[float, str]  # (signed shares, what it must close)


def worst(trades: Sequence[Trade], held: float) -> list[int]:
    """The order (indices of ``trades``, which are as the file has them) that makes the most day trades from ``held`` shares on.

    An execution finds what it closes. Of equal orders the one nearest to the file's is taken; the file's own where none is possible.
    """
    found = _best(trades, held) if len(trades) <= _TRY_ALL else _greedy(trades, held)
    return found if found is not None else list(range(len(trades)))


def _possible(trade: Trade, held: float) -> bool:
    qty, closes = trade
    if closes == LONG:
        return held + qty >= -SAME
    if closes == SHORT:
        return held + qty <= SAME
    return True


def _best(trades: Sequence[Trade], held: float) -> list[int] | None:
    most, found = -1, None

    def go(left: tuple[int, ...], now: float, run: DayRun, taken: list[int]) -> None:
        nonlocal most, found
        if not left:
            if run.count > most:
                most, found = run.count, taken
            return
        if run.count + len(left) <= most:
            return
        tried = set()
        for i in left:
            if trades[i] in tried or not _possible(trades[i], now):
                continue
            tried.add(trades[i])
            twin = run.copy()
            twin.post(trades[i][0])
            go(tuple(j for j in left if j != i), now + trades[i][0], twin, [*taken, i])

    go(tuple(range(len(trades))), held, DayRun(held), [])
    return found


def _greedy(trades: Sequence[Trade], held: float) -> list[int] | None:
    """One at a time: what completes a day trade now, else the smallest that opens one, else what is possible at all."""
    left, now, run, taken = list(range(len(trades))), held, DayRun(held), []
    while left:
        choices = []
        for i in left:
            if _possible(trades[i], now):
                twin = run.copy()
                twin.post(trades[i][0])
                choices.append((-(twin.count - run.count), run.phase_open and not twin.count > run.count, abs(trades[i][0]), i))
        if not choices:
            return None
        i = min(choices)[3]
        run.post(trades[i][0])
        now += trades[i][0]
        left.remove(i)
        taken.append(i)
    return taken
