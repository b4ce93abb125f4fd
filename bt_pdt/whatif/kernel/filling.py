"""Compiled: the host's pass over the live orders, its executions, and the account's booking of them."""

from __future__ import annotations

import math
from typing import Any

from . import owing
from .books import drop, execute
from .closing import after_event, close_late, reach
from .compiled import compiled
from .shapes import CLOSING_ONLY, L_LATE, L_STALE, LIMIT, MARKET, NEVER, STOP, Book, Law, Log, Tape
from .worth import DUST, exceeds, level, margins, power_used, required


@compiled
def host_execute(book: Book, s: int, size: float, price: float) -> None:
    """The host's cash and average price, as backtrader's broker works them out."""
    state = book.state[0]
    old, average = book.pos[s], book.cost[s]
    new = old + size
    # a reversal that cash does not cover: lent for the moment of the execution, and rounded with it, as the host does
    need = (size * price if size > 0 else 0.0) - state.host_cash
    loan = math.ldexp(1.0, math.frexp(need)[1] + 1) if old * new < 0 and need >= 0.0 else 0.0
    if loan != 0.0:
        state.host_cash += loan
    if new == 0.0:
        opened, closed, price_now = 0.0, size, 0.0
    elif old == 0.0:
        opened, closed, price_now = size, 0.0, price
    elif old * size > 0:
        opened, closed, price_now = size, 0.0, (average * old + size * price) / new
    elif old * new > 0:
        opened, closed, price_now = 0.0, size, average
    else:
        opened, closed, price_now = new, -old, price
    if closed != 0.0:
        state.host_cash += -closed * average + -closed * (price - average)
    if opened != 0.0:
        state.host_cash -= opened * price
    if loan != 0.0:
        state.host_cash -= loan
    book.cost[s] = price_now


@compiled
def _count_trade(book: Book, s: int, size: float, price: float) -> None:
    """What an execution did to the books since the last close."""
    state = book.state[0]
    new = True
    for i in range(state.movers):
        new &= book.movers[i] != s
    if new:
        book.movers[state.movers], book.net[s] = s, 0.0
        state.movers += 1
    book.net[s] += size
    state.traded += -size * price


@compiled
def post(book: Book, law: Any, shares: Any, tape: Tape, s: int, size: float, price: float) -> None:
    """One execution on the account's books."""
    state = book.state[0]
    d = state.session
    book.marks[s] = price  # a mark of its own: what it moves is no doing of the customer's
    before = level(book, law, shares)
    charge = price * power_used(law, shares[s], size, price) if law.pdt else price
    closed = state.lots_done
    count, opened, carried = execute(book, law, s, size, price, charge)
    _count_trade(book, s, size, price)
    released = 0.0
    if carried > DUST:
        released += required(law, shares[s], math.copysign(carried, -size), price)[0]
    for k in range(closed, state.lots_done):
        released += book.done[k].profit
    state.released += released
    if not math.isnan(law.margin_interest_rate) and law.margin_interest_rate != 0.0:
        book.unsettled_due[state.unsettled] = tape.settles[law.settlement_days, d]
        book.unsettled[state.unsettled] = -size * price
        state.unsettled += 1
    if not law.pdt:
        now = level(book, law, shares)
        if opened > DUST and exceeds(-now, state.deficit):
            state.deficit = -now
            state.deficit_equity = margins(book, law, shares)[0]
    if state.owing:
        owing.level_moved(book, level(book, law, shares) - before)
    state.fills += 1
    state.day_trades += count
    book.filled[d] += 1
    if count:
        book.made[d] += count
        state.today += count
        if law.pdt and not state.flagged and state.earlier + state.today >= law.pdt_day_trades_threshold:
            made = state.earlier + state.today
            trades = 0
            for k in range(max(0, d - law.pdt_window_business_days + 1), d + 1):
                trades += book.filled[k]
            if not (law.six_percent_clause and made <= law.pdt_exempt_ratio * trades + 1e-9):
                state.flagged, state.flagged_on = True, tape.ordinal[d]
    if not math.isnan(law.position_equity_ratio) and book.pos[s] != 0.0 and not owing.too_large(book, tape.ordinal[d]):
        if exceeds(abs(book.pos[s]) * book.marks[s], law.position_equity_ratio * max(0.0, margins(book, law, shares)[0])):
            owing.restrict(book, CLOSING_ONLY, tape.ordinal[d], NEVER, -1, False)
            owing.renew(book, tape)
    after_event(book, law, shares, tape)


@compiled
def _limit_price(sign: int, limit: float, begin: float, high: float, low: float) -> float:
    """At what a limit order fills on a bar; 0 if it does not."""
    if sign > 0:
        return begin if limit >= begin else limit if limit >= low else 0.0
    return begin if limit <= begin else limit if limit <= high else 0.0


@compiled
def fill_price(order: Any, begin: float, high: float, low: float, end: float) -> float:
    """At what a working order fills on a bar, as backtrader decides it; 0 if it does not."""
    sign, stop, limit = order.sign, order.price, order.limit
    if order.type == MARKET:
        return begin
    if order.type == LIMIT:
        return _limit_price(sign, stop, begin, high, low)
    if order.type == STOP:
        if sign > 0:
            return begin if begin >= stop else stop if high >= stop else 0.0
        return begin if begin <= stop else stop if low <= stop else 0.0
    if order.triggered:
        return _limit_price(sign, limit, begin, high, low)
    if (begin - stop) * sign >= 0:
        order.triggered = True
        return _limit_price(sign, limit, begin, high, low)
    if sign > 0 and high >= stop:
        order.triggered = True
        if limit >= stop:
            return stop
        return limit if begin > end and limit >= end else 0.0
    if sign < 0 and low <= stop:
        order.triggered = True
        if limit <= stop:
            return stop
        return limit if begin <= end and limit <= end else 0.0
    return 0.0


@compiled
def match(book: Book, laws: Law, which: int, tape: Tape, t: int, rows: Any, log: Log, answers: bool) -> None:
    """The host's pass over the live orders, in their order; what happens is booked in the session of the bar."""
    state = book.state[0]
    d = tape.day[t]
    i = 0
    while i < state.working and state.fallback == 0:
        order = book.orders[i]
        s = order.symbol
        now = tape.ends[t, s]
        if order.type != MARKET and order.expires > 0 and now > order.expires:
            reach(book, laws, which, tape, d, rows, answers)
            close_late(book, laws, which, tape, t, rows, answers)
            worked = order.works
            drop(book, i)
            if worked:
                epoch = laws.epoch[which, d]
                after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
            continue
        price = 0.0
        if now > order.made:
            price = fill_price(order, tape.opens[t, s], tape.highs[t, s], tape.lows[t, s], tape.closes[t, s])
        if price <= 0.0:
            i += 1
            continue
        if tape.late[t]:
            state.fallback = L_LATE
            return
        if now < tape.now[t]:  # a stop limit, triggered before: executions of a bar are booked in the order of their own times
            state.fallback = L_STALE
            return
        reach(book, laws, which, tape, d, rows, answers)
        size = order.sign * order.qty
        if len(log.fill_intent):
            log.fill_intent[state.fills], log.fill_step[state.fills] = order.intent, t
            log.fill_price[state.fills], log.fill_qty[state.fills] = price, size
        drop(book, i)
        epoch = laws.epoch[which, d]
        host_execute(book, s, size, price)
        post(book, laws.rules[epoch], laws.securities[epoch], tape, s, size, price)
