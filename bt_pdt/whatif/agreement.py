"""A replayed variant beside its full run: the first thing in which they differ, and whether the strategy asked for other things."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ..core.decisions import Rejected
from ..core.journal import FillEntry, OrderEntry
from ..core.money import dollars, shares

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ..results import Result
    from .recording import Intent, Record
    from .replay import Replay, Replayed

#: Numbers nearer than this share of each other are the same: sums may be added up in another order.
SAME = 1e-9


def difference(full: Result, replayed: Replayed, replay: Replay) -> str:
    """Where orders, answers, executions, equity, calls or restrictions of the full run are others; empty if they are not."""
    return (
        _other_order(full, replayed, replay)
        or _other_fill(full, replayed, replay)
        or _other_equity(full, replayed)
        or _other_call(full, replayed)
        or _other_restriction(full, replayed)
    )


def _moment(at: Any) -> str:
    return str(at.astype("datetime64[s]").astype(object))


def _what(symbol: str, qty: float) -> str:
    return f"{'buy' if qty > 0 else 'sell'} {shares(abs(qty))} {symbol}"


def _other_order(full: Result, replayed: Replayed, replay: Replay) -> str:
    asked = [entry for entry in full.journal if isinstance(entry, OrderEntry)]
    for entry, sent in zip_longest(asked, replayed.orders):
        theirs = "nothing more" if entry is None else f"{_what(entry.request.symbol, entry.request.sign * entry.request.qty)} at {entry.at}"
        if sent is None:
            return f"the full run sends {theirs}, the replay nothing more"
        at = full.times[sent.bar]
        mine = f"{_what(replay.symbols[sent.feed], sent.qty)} at {_moment(at)}"
        if entry is None:
            return f"the full run sends nothing more, the replay {mine}"
        request, decision = entry.request, entry.decision
        same_size = _same(request.sign * request.qty, sent.qty)
        if entry.at != at.astype("datetime64[us]").astype(object) or request.symbol != replay.symbols[sent.feed] or not same_size:
            return f"the full run sends {theirs}, the replay {mine}"
        answer = str(decision.reason) if isinstance(decision, Rejected) else ""
        if answer != sent.reason:
            return f"{theirs} is {answer or 'accepted'} in the full run and {sent.reason or 'accepted'} in the replay"
    return ""


def _other_fill(full: Result, replayed: Replayed, replay: Replay) -> str:
    fills = [entry.fill for entry in full.journal if isinstance(entry, FillEntry)]
    for fill, filled in zip_longest(fills, replayed.fills):
        theirs = mine = "nothing more"
        if fill is not None:
            theirs = f"{_what(fill.symbol, fill.sign * fill.qty)} at {fill.price:g} ({fill.at})"
        if filled is not None:
            symbol = replay.symbols[filled.feed]
            mine = f"{_what(symbol, filled.qty)} at {filled.price:g} ({_moment(full.times[filled.bar])})"
            if fill is not None and fill.symbol == symbol and _same(fill.sign * fill.qty, filled.qty) and _same(fill.price, filled.price):
                continue
        return f"the full run fills {theirs}, the replay {mine}"
    return ""


def _other_equity(full: Result, replayed: Replayed) -> str:
    if replayed.values is None:
        return ""
    for at, one, other in zip(full.times, full.values.tolist(), replayed.values.tolist(), strict=True):
        if not _same(one, other):
            return f"equity at {_moment(at)} is {dollars(one)} in the full run and {dollars(other)} in the replay"
    return ""


def _other_call(full: Result, replayed: Replayed) -> str:
    for call, owed in zip_longest(full.issued, replayed.calls):
        theirs = "nothing more" if call is None else _call(call.kind, call.amount, call.issued_on, call.due_on, call.status)
        mine = "nothing more" if owed is None else _call(*owed)
        if call is not None and owed is not None and _same(call.amount, owed.amount):
            mine = _call(*owed._replace(amount=call.amount))
        if theirs != mine:
            return f"the full run calls {theirs}, the replay {mine}"
    return ""


def _call(kind: str, amount: float, issued: date, due: date | None, status: str) -> str:
    return f"{kind} {dollars(amount)} issued on {issued}, due {f'on {due}' if due else 'on no set day'}, {status}"


def _other_restriction(full: Result, replayed: Replayed) -> str:
    for one, other in zip_longest(full.restricted, replayed.restrictions):
        theirs = "nothing more" if one is None else f"{one.kind} from {one.start} until {one.until or 'further notice'}"
        mine = "nothing more" if other is None else f"{other.kind} from {other.start} until {other.until or 'further notice'}"
        if theirs != mine:
            return f"the full run sets {theirs}, the replay {mine}"
    return ""


def other_numbers(full: Mapping[str, Any], replayed: Mapping[str, Any]) -> list[str]:
    """The numbers that differ, by name; a count that did not occur is 0."""
    names = [*full, *(name for name in replayed if name not in full)]
    return [name for name in names if not _same(full.get(name, 0), replayed.get(name, 0))]


def number_in_both(name: str, full: Mapping[str, Any], replayed: Mapping[str, Any]) -> str:
    """A number with both of its values."""
    return f"{name} is {full.get(name, 0)} in the full run and {replayed.get(name, 0)} in the replay"


def other_intent(record: Record, full: Record, replay: Replay) -> str:
    """The first thing that the strategy asks for in a full run and not in the recorded one, or the other way round; empty if there is none."""
    for one, other in zip_longest(full.intents, record.intents):
        if one is None or other is None or not _same_intent(one, other):
            return f"in the full run {_asked(one, replay)}, when it was recorded {_asked(other, replay)}"
    return ""


def _same_intent(one: Intent, other: Intent) -> bool:
    sent = one.sent != 0.0 and other.sent != 0.0  # of an intent of which no order came, type and prices are not known
    return (one.bar, one.feed, one.action, one.size, one.order) == (other.bar, other.feed, other.action, other.size, other.order) and (
        not sent or (one.type, one.price, one.limit, one.valid) == (other.type, other.price, other.limit, other.valid)
    )


def _asked(intent: Intent | None, replay: Replay) -> str:
    if intent is None:
        return "nothing more"
    size = "" if intent.size is None else f" {shares(intent.size)}"
    price = f" {intent.type} {intent.price:g}" if intent.price else ""
    at = replay.tape.now[intent.bar].astype("datetime64[us]")
    return f"{intent.action}{size} {replay.symbols[intent.feed]}{price} at {_moment(at)}"


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
