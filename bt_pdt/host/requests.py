"""Backtrader orders in the brokerage's words.

=================  ===========================================================================================
host               request
=================  ===========================================================================================
Market, Close      market (a close order is judged as a market order at the last price)
Limit              limit
Stop               stop
StopLimit          stop_limit
StopTrail          trailing_stop, its distance in dollars at the moment of sending
StopTrailLimit     stop_limit at the stop and limit it starts with
parent + limit +   one bracket: the limit child is ``ID.tp``, the stop child (also StopLimit, StopTrail at its current
stop child         stop) ``ID.sl``; with one child an OTO. Children must be exits of the parent's full size
``oco=`` exit      one OCO when a limit and a stop of the same side and size close the same position: ``ID.tp``, ``ID.sl``
=================  ===========================================================================================

A group of any other shape (two limits, children of other sizes) is judged by its parts: the parent when it is sent, each child
as an order of its own when the host makes it active, that is once the parent is filled. Of an OCO group of another shape
(two entries, three orders) each order is judged on its own and holds what it needs until it dies.

An order is ``day`` only where the host surely ends it by the scheduled close, and a market order for a fraction of a share, which could
not be sent otherwise; everything else is ``gtc``, because the host keeps it working (``bt.Order.DAY`` lives until midnight and may fill
after hours). When it dies, the broker says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import backtrader as bt

from ..core.orders import OrderRequest

Order = bt.Order
_STOPS = (Order.Stop, Order.StopLimit, Order.StopTrail, Order.StopTrailLimit)
_KINDS = {Order.Stop: "stop", Order.Limit: "limit", Order.StopLimit: "stop_limit", Order.StopTrailLimit: "stop_limit"}


class Exits(NamedTuple):
    """The children of a bracket or OTO by what they do; None where there is none."""

    take_profit: Any
    stop_loss: Any


def on_tick(price: float) -> float:
    """A price the host computed from a distance, on the exchange's tick: cents, hundredths of a cent under a dollar."""
    return round(price, 2 if abs(price) >= 1.0 else 4)


def _trail(order: Any) -> float:
    if order.trailamount:
        return float(order.trailamount)
    return on_tick(float(order.created.pclose) * float(order.trailpercent)) if order.trailpercent else 0.0


def exit_price(child: Any) -> float:
    """The price a bracket leg asks for: its limit, or its stop where it stands now."""
    price = float(child.created.price)
    return on_tick(price) if child.exectype in (Order.StopTrail, Order.StopTrailLimit) else price


def pair(first: Any, second: Any) -> Exits | None:
    """Two orders as take-profit and stop-loss, whichever came first; None if they are not one limit and one stop."""
    for limit, stop in ((first, second), (second, first)):
        if limit.exectype == Order.Limit and stop.exectype in _STOPS:
            return Exits(limit, stop)
    return None


def exits_of(parent: Any, children: Sequence[Any]) -> Exits | None:
    """The children as the exits of one bracket or OTO; None if the group has a shape no brokerage knows."""
    for child in children:
        if child.data is not parent.data or child.isbuy() == parent.isbuy() or abs(child.size) != abs(parent.size):
            return None
    if len(children) == 2:
        return pair(*children)
    if len(children) == 1:
        (child,) = children
        if child.exectype == Order.Limit:
            return Exits(child, None)
        if child.exectype in _STOPS:
            return Exits(None, child)
    return None


def same_exit(first: Any, second: Any) -> Exits | None:
    """Two OCO orders as the two ends of one exit; None if they differ in symbol, side or size, or are not a limit and a stop."""
    if first.data is not second.data or first.isbuy() != second.isbuy() or first.executed.remsize != second.executed.remsize:
        return None
    return pair(first, second)


def time_in_force(order: Any, close: float) -> str:
    """``day`` if the host ends the order by the scheduled close (a stamp), else ``gtc``."""
    return "day" if order.valid and order.exectype != Order.Market and order.valid <= close else "gtc"


def to_request(order: Any, symbol: str, at: datetime, order_id: str, close: float, exits: Exits | None = None) -> OrderRequest:
    """What ``order`` asks of the brokerage, with ``exits`` as one bracket or OTO. Raises ``BadInput`` if it is no order at all."""
    kind = order.exectype
    side, qty = ("buy" if order.ordtype == Order.Buy else "sell"), float(abs(order.executed.remsize))
    if kind == Order.Market and exits is None:
        # brokerages take fractions of a share as day orders only; a market order fills on its next bar anyway
        return OrderRequest(symbol, side, qty, time_in_force="gtc" if qty == int(qty) else "day", id=order_id, at=at)
    words: dict[str, Any] = {"type": _KINDS.get(kind, "market")}
    if kind == Order.Limit:
        words["limit_price"] = float(order.created.price)
    elif kind == Order.Stop:
        words["stop_price"] = float(order.created.price)
    elif kind == Order.StopLimit:
        words["stop_price"], words["limit_price"] = float(order.created.price), float(order.created.pricelimit)
    elif kind == Order.StopTrailLimit:
        words["stop_price"], words["limit_price"] = on_tick(order.created.price), on_tick(order.created.pricelimit)
    elif kind == Order.StopTrail:
        trail = _trail(order)
        if trail > 0:
            words |= {"type": "trailing_stop", "trail_price": trail}
        else:
            words |= {"type": "stop", "stop_price": on_tick(order.created.price)}
    if exits is not None:
        words["order_class"] = "oto" if exits.take_profit is None or exits.stop_loss is None else "bracket"
        if exits.take_profit is not None:
            words["take_profit"] = exit_price(exits.take_profit)
        if exits.stop_loss is not None:
            words["stop_loss"] = exit_price(exits.stop_loss)
    return OrderRequest(
        symbol,
        side,
        qty,
        time_in_force=time_in_force(order, close),
        id=order_id,
        at=at,
        **words,
    )


def to_oco(exits: Exits, symbol: str, at: datetime, order_id: str, close: float) -> OrderRequest:
    """Two live host orders, of which one cancels the other, as one OCO exit."""
    first = exits.take_profit
    return OrderRequest(
        symbol,
        "buy" if first.isbuy() else "sell",
        float(abs(first.executed.remsize)),
        type="limit",
        order_class="oco",
        take_profit=exit_price(first),
        stop_loss=exit_price(exits.stop_loss),
        time_in_force=time_in_force(first, close),
        id=order_id,
        at=at,
    )
