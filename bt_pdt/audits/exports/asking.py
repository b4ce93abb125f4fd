"""Executions whose order a file does not have, asked as the orders that they must have been."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from ...core.sessions import NEW_YORK, session_of
from .building import RANK, Event, Notes, Row, plain_number


@dataclass
class Trade:
    """One execution of a stock."""

    where: str
    at: datetime
    timed: bool
    symbol: str
    side: str
    qty: float
    price: float
    commission: float
    closes: str
    order: str = ""
    placed: datetime | None = None
    name: str = ""  # the execution's own id
    told: bool = True  # the file says what it opens or closes

    @property
    def signed(self) -> float:
        return self.qty if self.side == "buy" else -self.qty


def lasting(keys: Row, sent: datetime, done: datetime) -> None:
    """An order that was filled on a later session than it was sent in did not end with its day."""
    first, last = (session_of(at.astimezone(NEW_YORK).replace(tzinfo=None)) for at in (sent, done))
    if last > first and keys["qty"] == int(keys["qty"]):
        keys["time_in_force"] = "gtc"


def in_regular_hours(at: datetime) -> bool:
    local = at.astimezone(NEW_YORK).time()
    return time(9, 30) <= local < time(16, 0)


def executions_as_orders(trades: Sequence[Trade], known: set[str], notes: Notes) -> list[Event]:
    """Each execution as a fill, and those whose order the file does not have as the order that they must have been: a limit at their price."""
    events: list[Event] = []
    groups: dict[tuple[str, str, str], list[Trade]] = {}
    for n, trade in enumerate(trades, 1):
        if trade.order in known:
            events.append(_fill(trade, trade.order))
        else:
            groups.setdefault((trade.order or f"#{n}", trade.symbol, trade.side), []).append(trade)
    for n, ((name, symbol, side), own) in enumerate(groups.items(), 1):
        first = own[0]
        order = f"execution-{n}" if name.startswith("#") else f"executed-{name}" if _unique(name, groups) else f"executed-{name}-{n}"
        sent = min([first.placed or first.at, first.at])
        qty = plain_number(round(sum(t.qty for t in own), 9))
        keys: Row = {"event": "order", "id": order, "symbol": symbol, "side": side, "qty": qty, "type": "limit"}
        keys |= {
            "limit_price": _outward(max(t.price for t in own) if side == "buy" else min(t.price for t in own), side),
            "time_in_force": "day",
        }
        last = max(t.at for t in own)
        lasting(keys, sent, last)
        if keys["time_in_force"] == "day" and not (in_regular_hours(sent) and in_regular_hours(last)) and qty == int(qty):
            keys["extended_hours"] = True
        events.append(Event(sent, RANK["order"], keys, first.where))
        notes.add(
            "an execution without its order is asked as the order that it must have been (execution-N or executed-ID, a limit at its price)."
        )
        events += [_fill(trade, order) for trade in own]
    return events


def _unique(name: str, groups: Iterable[tuple[str, str, str]]) -> bool:
    return sum(key[0] == name for key in groups) == 1


def _outward(price: float, side: str) -> float:
    """A price in whole increments at which it could have been executed: up for a purchase, down for a sale."""
    step = 100.0 if price >= 1 else 10_000.0
    units = round(price * step, 6)
    return max(1.0, math.ceil(units) if side == "buy" else math.floor(units)) / step


def _fill(trade: Trade, order: str) -> Event:
    keys: Row = {
        "event": "fill",
        "order": order,
        "symbol": trade.symbol,
        "side": trade.side,
        "qty": plain_number(trade.qty),
        "price": trade.price,
    }
    if trade.commission:
        keys["commission"] = trade.commission
    keys["closes"] = trade.closes
    return Event(trade.at, RANK["fill"], keys, trade.where)
