"""Orders at work: sent, replaced, cancelled. What is accepted works in the ledger until it is filled or released."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from ..core import sessions
from ..core.decisions import Accepted, Decision
from ..core.errors import BadInput
from ..core.journal import OrderEntry
from ..core.money import SHARE_DUST
from ..core.orders import OrderRequest, positive
from .checks import OrderContext
from .events import after_event
from .ledger import Leg, WorkingOrder
from .session_close import release
from .session_state import SessionState
from .submission import evaluate, require_price


def submit(account: SessionState, request: OrderRequest, *, checked: bool = True) -> Decision:
    """Sends the order: the decision is journalled, and an accepted one works. Not ``checked``: the brokerage has accepted it already."""
    account.current.untouched = False
    if request.id is not None and account.ledger.orders and account.ledger.group(request.id):
        raise BadInput(f"an order with the id {request.id!r} is working already; give this one another id.")
    if request.id is None:
        request = replace(request, id=account.ledger.new_id())
    context, decision = _answer(account, request, checked=checked)
    account.record.write(OrderEntry(account.now, account.session, request, decision))
    if decision.accepted:
        _work(account, request, context)
    after_event(account)
    return decision


def change(
    account: SessionState,
    order_id: str,
    *,
    qty: float | None = None,
    limit_price: float | None = None,
    stop_price: float | None = None,
    checked: bool = True,
) -> Decision:
    """Replaces a working order, evaluated like a new one in its place; refused, the old one stays."""
    old = account.ledger.orders.get(order_id)
    if old is None:
        raise BadInput(f"order {order_id!r} is not working, so it cannot be replaced.")
    total = old.qty if qty is None else positive("qty", qty)
    left = total - old.filled
    if left <= SHARE_DUST:
        raise BadInput(f"order {order_id!r} has {old.filled:g} filled; its new qty must be more than that, got {total:g}.")
    changes: dict[str, Any] = {"qty": left, "at": None}
    request = _leg_request(old) if old.leg else old.request
    for name, value in (("limit_price", limit_price), ("stop_price", stop_price)):
        if value is not None:
            if getattr(request, name) is None:
                raise BadInput(f"order {order_id!r} is a {request.type} order and has no {name} to replace.")
            changes[name] = value
    request = replace(request, **changes)
    context, decision = _answer(account, request, old.root, whole=total == int(total), checked=checked)
    account.record.write(OrderEntry(account.now, account.session, replace(request, id=order_id), decision, replaces=order_id))
    if decision.accepted:
        _put_in_place(account, old, request, context, total, left)
    account.current.untouched = False
    after_event(account)
    return decision


def cancel(account: SessionState, order_id: str, cause: str) -> None:
    """A working order is cancelled or expires: what it held is free again. A parent takes its children along."""
    order = account.ledger.orders.get(order_id)
    group = [order] if order is not None and order.leg else account.ledger.group(order_id)
    if not group:
        raise BadInput(f"order {order_id!r} is not working, so it cannot be released.")
    for each in group:
        release(account, each, cause)
    after_event(account)


def _answer(
    account: SessionState, request: OrderRequest, replaces: str | None = None, *, whole: bool | None = None, checked: bool
) -> tuple[OrderContext, Decision]:
    if checked:
        return evaluate(account, request, replaces, whole=whole)
    require_price(account, request)
    return OrderContext(account, request, replaces), Accepted()


def _work(account: SessionState, request: OrderRequest, context: OrderContext) -> None:
    order_id = request.id or ""
    waits = account.after_close() and not request.extended_hours
    ends_on: date | None
    if request.time_in_force == "day":
        ends_on = sessions.next_session(account.session) if waits else account.session
    else:
        ends_on = _gtc_ends(account)
    made = []
    if request.order_class != "oco":
        order = WorkingOrder(request, order_id, order_id)
        context.reserve(order)
        made.append(order)
    if request.order_class != "simple":
        active = request.order_class == "oco"
        legs: tuple[tuple[Leg, float | None], ...] = (("tp", request.take_profit), ("sl", request.stop_loss))
        for leg, wanted in legs:
            if wanted is not None:
                made.append(WorkingOrder(request, f"{order_id}.{leg}", order_id, leg, active=active))
    for order in made:
        order.placed, order.ends_on, order.unfillable_today = account.now, ends_on, waits
        account.ledger.add(order)
        account.filled_orders.forget(order.id)


def _gtc_ends(account: SessionState) -> date | None:
    """The last session of an order that is good till cancelled and made now; None where it works until it is cancelled."""
    days = account.rules.gtc_calendar_days
    return None if days is None else sessions.session_on_or_before(account.now.date() + timedelta(days=days))


def _leg_request(order: WorkingOrder) -> OrderRequest:
    """A leg as an order of its own: a take-profit is a limit, a stop-loss a stop."""
    parent = order.request
    price = parent.take_profit if order.leg == "tp" else parent.stop_loss
    kind = {"type": "limit", "limit_price": price} if order.leg == "tp" else {"type": "stop", "stop_price": price}
    plain: dict[str, Any] = {"limit_price": None, "stop_price": None, "trail_price": None, "trail_percent": None}
    return replace(parent, side=order.side, order_class="simple", take_profit=None, stop_loss=None, **(plain | kind))


def _put_in_place(
    account: SessionState, old: WorkingOrder, request: OrderRequest, context: OrderContext, total: float, left: float
) -> None:
    if old.leg:
        price = {"take_profit": request.limit_price} if old.leg == "tp" else {"stop_loss": request.stop_price}
        old.request = replace(old.request, **price)  # type: ignore[arg-type]
    else:
        old.request = replace(request, id=old.id, qty=total)
        context.reserve(old)
        for leg in account.ledger.group(old.root):
            if leg is not old:
                leg.request, leg.qty, leg.left = old.request, total, total
    old.qty, old.left = total, left
    account.ledger.touched(old.symbol)
