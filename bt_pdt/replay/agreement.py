"""A replayed variant beside its full run: the first thing in which they differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..decisions import Rejected
from ..journal import FillEntry, OrderEntry
from ..money import dollars, shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..report import Result
    from .replay import Replay, Replayed

#: Numbers nearer than this share of each other are the same: sums may be added up in another order.
SAME = 1e-9


def difference(full: Result, replayed: Replayed, replay: Replay) -> str:
    """Where the orders, the answers, the executions or the equity of the full run are others; empty if they are not."""
    times = full.times
    asked = [entry for entry in full.journal if isinstance(entry, OrderEntry)]
    for entry, (bar, qty, reason) in zip(asked, replayed.orders, strict=False):
        request, decision = entry.request, entry.decision
        signed = request.sign * request.qty
        mine, theirs = _order(replayed, replay, bar, qty), f"{request.side} {shares(request.qty)} {request.symbol}"
        if entry.at != times[bar].astype("datetime64[us]").astype(object) or not _same(signed, qty):
            return f"the full run sends {theirs} at {entry.at}, the replay {mine} at {times[bar].astype('datetime64[s]').astype(object)}"
        answer = str(decision.reason) if isinstance(decision, Rejected) else ""
        if answer != reason:
            return f"{theirs} at {entry.at} is {answer or 'accepted'} in the full run and {reason or 'accepted'} in the replay"
    if len(asked) != len(replayed.orders):
        return f"the full run sends {len(asked):,} orders, the replay {len(replayed.orders):,}"
    fills = [entry.fill for entry in full.journal if isinstance(entry, FillEntry)]
    if len(fills) != len(replayed.fills):
        return f"the full run has {len(fills):,} executions, the replay {len(replayed.fills):,}"
    for fill, (_, feed, qty, price) in zip(fills, replayed.fills, strict=True):
        if fill.symbol != replay.symbols[feed] or not _same(fill.sign * fill.qty, qty) or not _same(fill.price, price):
            return (
                f"the full run fills {fill.side} {shares(fill.qty)} {fill.symbol} at {fill.price:g} ({fill.at}), the replay another order"
            )
    if replayed.values is not None:
        for at, one, other in zip(times, full.values.tolist(), replayed.values.tolist(), strict=True):
            if not _same(one, other):
                return f"equity at {at.astype('datetime64[s]')} is {dollars(one)} in the full run and {dollars(other)} in the replay"
    return ""


def _order(replayed: Replayed, replay: Replay, bar: int, qty: float) -> str:
    return f"{'buy' if qty > 0 else 'sell'} {shares(abs(qty))}"


def other_numbers(full: Mapping[str, Any], replayed: Mapping[str, Any]) -> list[str]:
    """The names of the numbers that differ; a count that did not occur is 0."""
    names = [*full, *(name for name in replayed if name not in full)]
    return [name for name in names if not _same(full.get(name, 0), replayed.get(name, 0))]


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
