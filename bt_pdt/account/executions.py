"""An execution is booked: cash, positions, day trades, buying power, and what follows for the order that it fills."""

from __future__ import annotations

import math
from collections.abc import Hashable

from ..core.errors import BadInput
from ..core.journal import FillEntry, FlagEntry
from ..core.money import SHARE_DUST, below, dollars, exceeds
from ..core.orders import Asset, Fill
from ..law.rulebook import PDT, Rules
from .call_book import Restriction
from .events import after_event, renew, violated
from .ledger import Posted, WorkingOrder
from .requirements import power_used, requirement
from .session_close import release
from .session_state import SessionState

OTHER_LEG_FILLED = "the other leg was filled"
#: Shares by which an execution may exceed what is left of its order: rounding of the one who sends it.
_ROUNDING = 1e-6


def is_new(account: SessionState, fill: Fill) -> bool:
    """False for an execution that was booked before; raises :class:`BadInput` for one that cannot be its order's. Changes nothing."""
    if fill.execution_id is not None and fill.execution_id in account.executed:
        return False
    if fill.order_id is None:
        return True
    order = account.ledger.orders.get(fill.order_id)
    if order is None:
        if fill.order_id in account.filled_orders:
            raise BadInput(
                f"order {fill.order_id!r} is filled in full already, got an execution of {fill.qty:g} more; if it is another one, give it without "
                "order_id."
            )
        return True
    if fill.symbol != order.symbol or fill.side != order.side:
        raise BadInput(f"order {order.id!r} is a {order.side} of {order.symbol}, got a {fill.side} of {fill.symbol}.")
    return True


def post(account: SessionState, fill: Fill, *, forced: str | None = None) -> None:
    """Books ``fill`` at the account's time. A refused order's execution is booked all the same; ``forced`` is the call that made the sale."""
    account.current.untouched = False
    ledger, rules, valuation = account.ledger, account.rules, account.valuation
    order = ledger.orders.get(fill.order_id) if fill.order_id is not None else None
    unknown = None if order is not None or fill.order_id is None or forced else f"order {fill.order_id!r} is not working"
    if order is not None:
        _reduce(account, order, fill.qty)
    symbol, qty, price = fill.symbol, fill.sign * fill.qty, fill.price
    valuation.reprice(symbol, price)  # the execution is a mark of its own: what it moves is no doing of the customer's
    before = account.margin_level()
    asset = ledger.asset(symbol)
    charge = price * power_used(rules, asset, qty, price) if rules.regime == PDT else None
    key = fill.order_id if order is None else order.root if not order.leg else order.id
    done = ledger.post(symbol, qty, price, fill.commission, order=key if key is not None else object(), charge=charge)
    valuation.resized(symbol)
    account.costs.traded(-qty * price - fill.commission, account.session, rules)
    if account.cashbook is not None:
        _book_cash(account, fill)
    level = account.margin_level()
    reducing = below(level, before) if rules.imd_valuation == "cost" else done.opened > SHARE_DUST
    for since in account.regulation_t.since:
        since.trade(symbol, qty, -qty * price - fill.commission)
        since.released += _released_by(rules, done, asset, qty, price, since.first)
        since.other -= fill.commission
        since.level += level - before
        since.meter.keep_fill(symbol, qty, price, fill.commission, done.opened, done.carried)
        account.intraday.note(since.meter, level, reducing=reducing)
    if account.call_book.owing:
        account.call_book.level_moved(level - before)
    account.record.write(FillEntry(account.now, account.session, fill, done.day_trades, forced, unknown))
    count(account, symbol, done.day_trades, key if key is not None else ledger.executions)
    _too_large(account, symbol)
    after_event(account)
    if fill.execution_id is not None:
        account.executed.add(fill.execution_id)


def _released_by(rules: Rules, done: Posted, asset: Asset, qty: float, price: float, first: int) -> float:
    """Initial margin that an execution sets free: that of carried shares, at the price of the sale; the profit of what was opened today,
    and the margin that an earlier close of today had measured for it."""
    side = -qty
    released = 0.0
    if done.carried > SHARE_DUST:
        released += requirement(rules, asset, math.copysign(done.carried, side), price).initial
    for lot in done.lots:
        released += lot.qty * price - lot.cost if qty < 0 else lot.cost - lot.qty * price
        if lot.opened < first:
            released += requirement(rules, asset, math.copysign(lot.qty, side), lot.cost / lot.qty).initial
    return released


def _book_cash(account: SessionState, fill: Fill) -> None:
    """A cash account's purchase is paid with settled money first; its sale may come before that."""
    book, session, rules = account.cashbook, account.session, account.rules
    assert book is not None
    if fill.side == "buy":
        book.bought(session, fill.symbol, fill.qty, fill.qty * fill.price + fill.commission, rules)
    else:
        violated(account, book.sold(session, fill.symbol, fill.qty, fill.qty * fill.price - fill.commission, rules))


def _reduce(account: SessionState, order: WorkingOrder, qty: float) -> None:
    """What is left of the order, and what its execution means for the others of its group."""
    if qty > order.left + _ROUNDING:
        raise BadInput(f"order {order.id!r} has {order.left:g} left to fill, got a fill of {qty:g}.")
    if order.leg and not order.active:
        raise BadInput(f"order {order.id!r} starts when its entry is filled in full, got a fill of {qty:g} before.")
    order.left -= qty
    done = order.left <= SHARE_DUST
    for other in account.ledger.group(order.root) if order.request.order_class != "simple" else ():
        if other is order:
            continue
        if order.leg and done:
            release(account, other, OTHER_LEG_FILLED)
        elif order.leg:
            other.left = min(other.left, order.left)
        elif done:
            other.active = True
    if done:
        account.ledger.drop(order.id)
        account.filled_orders.add(order.id)
    account.ledger.touched(order.symbol)


def count(account: SessionState, symbol: str, completed: int, order: Hashable) -> None:
    """Day trades completed, and the designation that one too many brings."""
    designation, rules = account.designation, account.rules
    designation.executed(account.session, symbol, completed, order)
    if not completed or rules.regime != PDT or designation.pattern_day_trader or account.account_type == "cash":
        return
    made = designation.daytrade_count()
    if made >= rules.pdt_day_trades_threshold and not designation.exempt_by_ratio(rules):
        designation.flag(account.session)
        cause = f"{made} day trades in {rules.pdt_window_business_days} business days"
        account.record.write(FlagEntry(account.now, account.session, True, cause))


def _too_large(account: SessionState, symbol: str) -> None:
    """One position over six times equity: closing only until the brokerage has looked at it."""
    ratio = account.rules.position_equity_ratio
    qty = account.ledger.positions.get(symbol)
    rule = "position_equity_ratio"
    if ratio is None or qty is None or any(r.rule == rule for r in account.call_book.restrictions_now):
        return
    value = abs(qty) * account.ledger.marks[symbol]
    if exceeds(value, ratio * max(0.0, account.equity())):
        because = f"{symbol} at {dollars(value)} is over {ratio:g} times the equity of {dollars(account.equity())}"
        account.call_book.restrict(Restriction("closing_only", account.session, None, rule, rule, because))
        renew(account)
