"""The book before the first event, worked out backwards from everything the files know of a symbol: executions, splits, share moves and
the positions at the end. Nothing is guessed from executions where a better fact is there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.money import SHARE_DUST

#: Shares within which two sums of executions are the same.
SAME = 1e-6
LONG, SHORT, EITHER = "long", "short", "either"
#: What an order that only opens finds: nothing held on the other side.
OPENS_LONG, OPENS_SHORT = "opens long", "opens short"


@dataclass
class Move:
    """One thing that changes the shares of a symbol: an execution or a transfer (``qty``), or a split (``added``, ``removed``).

    ``closes`` says what it must close: shares held long (``long``), a short position (``short``), that it closes nothing, or that it is not known (``either``).
    """

    qty: float = 0.0
    closes: str = EITHER
    split: bool = False
    removed: float = 0.0  # of a split in two rows: the shares taken away
    #: filled in by :func:`opening`: new shares for each old one; None where the holding at a split is not known
    ratio: float | None = None


@dataclass
class Opening:
    """Shares before the first event, how they are known, and what does not fit."""

    qty: float = 0.0
    source: str = ""  # "", "positions", "split" or "sales"
    contradiction: str = ""
    unknown_splits: int = field(default=0)


def opening(moves: Sequence[Move], closing: float | None) -> Opening:
    """Shares that must have been held before ``moves``; writes the ratio of each split. ``closing`` is the position at the end, if known."""
    found = Opening()
    if closing is not None:
        start = _from_closing(moves, closing)
        if _fits(moves, start):
            found.qty, found.source = _clean(start), "positions" if abs(start) > SAME else ""
        else:
            found.contradiction = "the positions at the end do not follow from these executions"
            closing = None
    if closing is None:
        found.qty, found.source = _from_moves(moves)
    held = found.qty
    for move in moves:
        if move.split:
            move.ratio = _ratio(move, held)
            found.unknown_splits += move.ratio is None
        held = _after(move, held)
    return found


def _clean(qty: float) -> float:
    return 0.0 if abs(qty) <= SAME else round(qty, 9)


def _known_ratio(move: Move) -> float | None:
    """A split in two rows says its ratio by itself."""
    return (move.qty + move.removed) / move.removed if move.split and move.removed else None


def _ratio(move: Move, held: float) -> float | None:
    known = _known_ratio(move)
    if known is not None:
        return known
    if abs(held) <= SAME:
        return None
    for change in (move.qty, -move.qty):  # the shares that a split takes from a short position come with either sign
        ratio = (held + change) / held
        if ratio > SAME:
            return ratio
    return None


def _after(move: Move, held: float) -> float:
    if not move.split:
        return held + move.qty
    ratio = _ratio(move, held)
    return held * ratio if ratio is not None else held + move.qty


def _line(moves: Sequence[Move]) -> list[tuple[Move, float, float]]:
    """Each move with what is held before it as ``times x start + plus``: a split in one row adds, one in two rows multiplies."""
    times, plus, found = 1.0, 0.0, []
    for move in moves:
        found.append((move, times, plus))
        known = _known_ratio(move)
        if known is not None:
            times, plus = times * known, plus * known
        else:
            plus += move.qty
    found.append((Move(), times, plus))
    return found


def _from_closing(moves: Sequence[Move], closing: float) -> float:
    _, times, plus = _line(moves)[-1]
    return (closing - plus) / times


def _fits(moves: Sequence[Move], start: float) -> bool:
    """Does every execution find what it closes, every split what it divides?"""
    held = start
    for move in moves:
        after = _after(move, held)
        if move.closes == LONG and (after < -SAME or held < -SAME):
            return False
        if move.closes == SHORT and (after > SAME or held > SAME):
            return False
        if (move.closes == OPENS_LONG and held < -SAME) or (move.closes == OPENS_SHORT and held > SAME):
            return False
        if move.split and move.removed and abs(abs(held) - move.removed) > max(SAME, 1e-6 * move.removed):
            return False
        if move.split and not move.removed and _ratio(move, held) is None:
            return False
        held = after
    return True


def _from_moves(moves: Sequence[Move]) -> tuple[float, str]:
    line = _line(moves)
    for move, times, plus in line:
        if move.split and move.removed:  # it says how many were held
            starts = [(sign * move.removed - plus) / times for sign in (1.0, -1.0)]
            nearest = min(starts, key=abs)
            if abs(nearest) <= SAME:
                return 0.0, ""
            if starts[0] > 0 and _fits(moves, starts[0]):
                return _clean(starts[0]), "split"
    least, most = 0.0, math.inf
    for i, move in enumerate(moves):
        _, times, plus = line[i + 1]
        if move.closes == LONG and plus < -SAME:
            least = max(least, -plus / times)
        elif move.closes == SHORT and plus > SAME:
            most = min(most, -plus / times)
    if least > SAME:
        return _clean(least), "sales"
    if most < -SAME:
        return _clean(most), "sales"
    return 0.0, ""


def dust(qty: float) -> bool:
    """True for no share at all."""
    return abs(qty) <= SHARE_DUST
