"""Compiled: may this order be sent? The checks of ``checks`` for simple orders, in their order; the first that fails names the refusal."""

from __future__ import annotations

import math
from typing import Any

from ...core.money import SMALLEST_QTY
from .books import opening_part, pending, potential, promised, reserved, run_of, works_in, would_day_trade
from .books import peak as peak_exposure
from .compiled import compiled
from .shapes import (
    CASH_AVAILABLE,
    CLOSING_ONLY,
    CURRENT,
    ENTRY,
    EXIT,
    FREEZE,
    LIMIT,
    LIQUIDATION_ONLY,
    MARKET,
    NO_DAY_TRADES,
    NO_DEFICIT,
    POWER_2X,
    R_CASH,
    R_CLOSING,
    R_COUNT,
    R_DTBP,
    R_FROZEN,
    R_LIQUIDATION,
    R_NO_SHORT,
    R_NOT_SHORTABLE,
    R_POWER,
    R_PRICE,
    R_QTY,
    R_RESTRICTED,
    R_SHAPE,
    R_WASH,
    STOP,
    STOP_LIMIT,
    UNBLOCKED,
    Book,
)
from .worth import DUST, below, exceeds, margins, multiplier, order_price, power_used, required


@compiled
def _dtbp_used(book: Book, law: Any) -> float:
    """What today's openings use: those still held, or all of them where the sum of the day counts."""
    state = book.state[0]
    return float(state.opened_today if state.in_force[POWER_2X] != 0 and law.dt_aggregate_under_call else state.used_today)


@compiled
def dtbp_left(book: Book, law: Any, held_back: float) -> float:
    """Day-trading buying power net of today's open lots and of working opening orders."""
    state = book.state[0]
    return max(0.0, min(state.bod, state.bod - _dtbp_used(book, law) - held_back))


@compiled
def _under_call(book: Book, law: Any, held_back: float) -> float:
    """Buying power while an open day-trade call steps it down."""
    start = law.dt_multiple_under_call * max(0.0, book.state[0].excess_at_start)
    return max(0.0, start - _dtbp_used(book, law) - held_back)


@compiled
def regt_left(book: Book, law: Any, shares: Any, held_back: float) -> float:
    """Reg T buying power net of working opening orders."""
    equity, initial, _ = margins(book, law, shares)
    return max(0.0, max(0.0, equity - initial) * law.regt_buying_power_multiple - held_back)


@compiled
def intraday_left(book: Book, law: Any, shares: Any, held_back: float) -> float:
    """Four times the current excess, net of working opening orders."""
    equity, _, maintenance = margins(book, law, shares)
    return max(0.0, law.intraday_multiple * max(0.0, equity - maintenance) - held_back)


@compiled
def cash_available(book: Book, held_back: float) -> float:
    """The cash that the day began with, less all of today's openings, and no more than there is now."""
    state = book.state[0]
    begin = max(0.0, state.cash_at_start) - state.cost_today
    return max(0.0, min(begin, state.cash) - held_back)


@compiled
def off_tick(asked: float) -> bool:
    step = 0.01 if asked >= 1 else 0.0001
    return abs(asked / step - round(asked / step)) > 1e-6 * max(1.0, asked / step)


@compiled
def valued(law: Any, share: Any, sign: int, kind: int, price: float, limit: float, last: float) -> tuple[float, float, float]:
    """What one opening share is valued at: (order value, Reg T charge, what a dollar of it uses of day-trading buying power)."""
    each = order_price(law, sign, kind, price, limit, last)
    if each == 0.0:
        return 0.0, 0.0, 1.0
    initial = required(law, share, float(sign), each)[0]
    return each, initial * law.regt_buying_power_multiple, power_used(law, share, float(sign), each)


@compiled
def parts(book: Book, law: Any, s: int, sign: int, qty: float) -> tuple[float, float, float]:
    """(shares opened, shares closed, shares that may be closed) by an order."""
    position = book.pos[s]
    if position * sign >= 0:
        return (qty if qty > DUST else 0.0), 0.0, 0.0
    available = max(0.0, abs(position) - promised(book, s, sign))
    closing = min(qty, available) if law.flip_through_zero else qty
    opening = qty - closing
    return (opening if opening > DUST else 0.0), closing, available


@compiled
def completes_day_trade(book: Book, law: Any, s: int, sign: int, qty: float) -> bool:
    buys, sells = pending(book, s)
    run_of(book, s)
    before = would_day_trade(book, law, s, buys, sells)
    if sign > 0:
        buys += qty
    else:
        sells += qty
    return would_day_trade(book, law, s, buys, sells) and not before


@compiled
def _exit_exposure(book: Book, law: Any, s: int, sign: int, opening: float, closing: float, charge: float, with_order: bool) -> float:
    """Peak day-traded dollars if every entry and then every resting exit fills, with or without this order."""
    state = book.state[0]
    aggregate = state.in_force[POWER_2X] != 0 and law.dt_aggregate_under_call
    extra = 0.0
    for each in range(len(book.pos)):
        for side in (1, -1):  # purchases close what was sold short, sales what was bought
            left = 0.0
            for i in range(state.working):
                order = book.orders[i]
                if order.works and order.symbol == each and order.sign == side:
                    part = order.qty - opening_part(book, i)
                    if part > DUST:
                        left += part
            if with_order and each == s and sign == side and closing > 0.0:
                left += closing
            if left == 0.0:
                continue
            run = book.runs[each]
            if run.begun and run.opened * side < 0:
                for k in range(run.lots):
                    lot = book.lots[each, k]
                    piece = min(left, lot.qty)
                    book.steps[lot.moment] += piece * lot.charge
                    extra += piece * lot.charge
                    left -= piece
            for i in range(state.working):
                order = book.orders[i]
                if order.works and order.symbol == each and order.sign != side:
                    part = opening_part(book, i)
                    if part > DUST:
                        piece = min(left, part)
                        book.steps[state.executions] += piece * order.dtbp
                        extra += piece * order.dtbp
                        left -= piece
            if with_order and each == s and sign != side and opening > 0.0:
                piece = min(left, opening)
                book.steps[state.executions] += piece * charge
                extra += piece * charge
                left -= piece
    found = peak_exposure(book, aggregate)
    return found + extra if aggregate else found


@compiled
def _quantity(book: Book, law: Any, s: int, sign: int, qty: float, available: float) -> bool:
    """More than can be closed, or against an order that works in a flat symbol."""
    if law.flip_through_zero:
        return False
    if book.pos[s] * sign < 0 and qty > available + DUST:
        return True
    return False


@compiled
def _washes(book: Book, s: int, sign: int, kind: int, price: float, limit: float) -> bool:
    """An opposite order works: a market or stop order, or a limit that this one would cross."""
    mine = price if kind == LIMIT else limit
    for i in range(book.state[0].working):
        order = book.orders[i]
        if not order.works or order.symbol != s or order.sign == sign:
            continue
        if (kind == LIMIT or kind == STOP_LIMIT) and (order.type == LIMIT or order.type == STOP_LIMIT):
            theirs = order.price if order.type == LIMIT else order.limit
            buy, sell = (mine, theirs) if sign > 0 else (theirs, mine)
            if buy < sell:
                continue
        return True
    return False


@compiled
def _opposed(book: Book, s: int, sign: int) -> bool:
    for i in range(book.state[0].working):
        order = book.orders[i]
        if order.works and order.symbol == s and order.sign == -sign:
            return True
    return False


@compiled
def _over(book: Book, law: Any, shares: Any, times: int, value: float, regt: float, charge: float) -> bool:
    """Does an opening order exceed its limit? Where two would do, both."""
    held_value, held_regt, held_dtbp, _ = reserved(book)
    if times == 1:
        return exceeds(value, max(0.0, book.state[0].cash - held_value))
    if law.pdt and book.state[0].in_force[POWER_2X] != 0:
        return exceeds(charge, _under_call(book, law, held_dtbp))
    if times >= 4 and not law.pdt:
        if law.intraday_block == UNBLOCKED:
            return False
        if law.intraday_block == NO_DEFICIT:
            return exceeds(charge, intraday_left(book, law, shares, held_dtbp))
    if not exceeds(regt, regt_left(book, law, shares, held_regt)):
        return False
    if times < 4:
        return True
    return exceeds(charge, dtbp_left(book, law, held_dtbp) if law.pdt else intraday_left(book, law, shares, held_dtbp))


@compiled
def _count(book: Book, law: Any, shares: Any, s: int, sign: int, qty: float, opening: float) -> bool:
    """The count of day trades refuses: on exit the order that could make one too many, on entry any opening with all used."""
    state = book.state[0]
    if not law.pdt or law.pdt_check == 0:
        return False
    tested = state.last_equity
    if law.equity_test == CURRENT:
        tested, _, _ = margins(book, law, shares)
    if not below(tested, law.pdt_min_equity):
        return False
    allowed = law.pdt_day_trades_threshold - 1
    executed = state.earlier + state.today
    if law.pdt_check & EXIT and completes_day_trade(book, law, s, sign, qty) and executed + potential(book, law) + 1 > allowed:
        return True
    if law.pdt_check & ENTRY and opening > 0.0:
        counted = potential(book, law)
        if law.strict_entry:
            for i in range(state.runs):
                each = book.touched[i]
                run = book.runs[each]
                if run.opened != 0.0 and run.phase_open:
                    buys, sells = pending(book, each)
                    counted += not would_day_trade(book, law, each, buys, sells)
        return executed + counted >= allowed
    return False


@compiled
def refusal(book: Book, law: Any, shares: Any, s: int, sign: int, qty: float, kind: int, price: float, limit: float, day: bool) -> int:
    """0 if the order is accepted, else the place of the reason; ``day``: it ends with the close."""
    state = book.state[0]
    last = book.marks[s]
    if law.order_shape_check and qty % 1.0 != 0.0 and (not day or (sign < 0 and book.pos[s] <= 0.0)):
        return R_SHAPE
    if law.price_check:
        if (kind == LIMIT or kind == STOP or kind == STOP_LIMIT) and off_tick(price):
            return R_PRICE
        if kind == STOP_LIMIT and off_tick(limit):
            return R_PRICE
        if (kind == STOP or kind == STOP_LIMIT) and (price - last) * sign <= 0:
            return R_PRICE
    opening, closing, available = parts(book, law, s, sign, qty)
    each = regt_each = 0.0
    scale = 1.0
    if opening > 0.0 or law.flip_through_zero:
        each, regt_each, scale = valued(law, shares[s], sign, kind, price, limit, last)
    value, regt, charge = opening * each, opening * regt_each, opening * each * scale
    held_value, _, held_dtbp, _ = reserved(book)
    if opening > 0.0:
        if state.in_force[LIQUIDATION_ONLY] != 0:
            return R_LIQUIDATION
        if state.in_force[CLOSING_ONLY] != 0:
            return R_CLOSING
        if state.in_force[CASH_AVAILABLE] != 0 and (sign < 0 or exceeds(value, cash_available(book, held_value))):
            return R_CASH
        if state.in_force[FREEZE] != 0 and (sign < 0 or exceeds(value, max(0.0, max(0.0, state.cash) - held_value))):
            return R_FROZEN
    if state.in_force[NO_DAY_TRADES] != 0 and completes_day_trade(book, law, s, sign, qty):
        return R_RESTRICTED
    times = multiplier(book, law, shares)
    if sign < 0 and opening > 0.0 and (law.flip_through_zero or book.pos[s] * sign >= 0):
        if shares[s].barred_short:
            return R_NOT_SHORTABLE
        if times == 1 or not law.short_selling:
            return R_NO_SHORT
    if _quantity(book, law, s, sign, qty, available):
        return R_QTY
    washes = law.wash_check and works_in(book, s) and _washes(book, s, sign, kind, price, limit)
    if not law.flip_through_zero and book.pos[s] == 0.0 and not washes and _opposed(book, s, sign):
        return R_QTY
    if washes:
        return R_WASH
    if opening > 0.0 and _over(book, law, shares, times, value, regt, charge):
        return R_POWER
    if law.pdt and times >= 4:
        entry = opening > 0.0 and law.dtbp_check & ENTRY and state.in_force[POWER_2X] == 0
        if entry and exceeds(charge, dtbp_left(book, law, held_dtbp)):
            return R_DTBP
        if law.dtbp_check & EXIT and exceeds(state.opened_today + held_dtbp + charge, state.bod):
            after = _exit_exposure(book, law, s, sign, opening, closing, each * scale, True)
            if exceeds(after, state.bod):
                before = _exit_exposure(book, law, s, sign, opening, closing, each * scale, False)
                if exceeds(after, before):
                    return R_DTBP
    if _count(book, law, shares, s, sign, qty, opening):
        return R_COUNT
    return 0


@compiled
def largest(book: Book, law: Any, shares: Any, s: int, sign: int, qty: float, fractional: bool) -> float:
    """The largest quantity of a market order up to ``qty`` that passes: nine decimals or whole shares where ``qty`` does not."""
    unit = SMALLEST_QTY if fractional else 1.0
    why = refusal(book, law, shares, s, sign, qty, MARKET, 0.0, 0.0, fractional)
    if why == 0:
        return qty
    if why == R_SHAPE:  # what is wrong with the shape of a fraction may be right with whole shares
        unit = 1.0
    units = math.ceil(qty / unit - 1e-9)
    if qty < unit or refusal(book, law, shares, s, sign, unit, MARKET, 0.0, 0.0, fractional) != 0:
        return 0.0
    passes, fails = 1, units
    while fails - passes > 1:
        middle = (passes + fails) // 2
        if refusal(book, law, shares, s, sign, middle * unit, MARKET, 0.0, 0.0, fractional) == 0:
            passes = middle
        else:
            fails = middle
    return passes / 1e9 if unit < 1.0 else passes * unit  # to nine decimals
