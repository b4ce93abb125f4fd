"""Compiled: one variant from the first bar to the last: the host's fills, the account's rules, the close of every session."""

from __future__ import annotations

import math
from typing import Any

from . import owing
from .books import drop, execute, peak, reserved, touch
from .compiled import compiled
from .refusing import cash_available, dtbp_left, intraday_power, largest, parts, refusal, regt_left, valued
from .shapes import (
    BINDING,
    BUY,
    CANCEL,
    CASH_AVAILABLE,
    CLOSE,
    CLOSING_ONLY,
    DAY_TRADING,
    FED,
    FIXED,
    FREEZE,
    L_EQUITY,
    L_LATE,
    L_MANY,
    L_PRICE,
    L_SOLD,
    L_STALE,
    L_UNMADE,
    L_WATCHED,
    LIMIT,
    LIQUIDATION_ONLY,
    MAINTENANCE,
    MARKET,
    NEVER,
    OF_EQUITY,
    STOP,
    Book,
    Intents,
    Law,
    Log,
    Tape,
)
from .worth import DUST, below, cents, concentrated, exceeds, level, margins, multiplier, required, sums

FRACTION = 1e-9


# -- events


@compiled
def after_event(book: Book, law: Any, shares: Any, tape: Tape) -> None:
    """Calls that are met now, the day's lowest DTBP and margin level."""
    state = book.state[0]
    if state.owing and owing.look(book, law, shares, tape, state.session):
        owing.renew(book, tape)
        owing.grant(book, law)
    if law.pdt:
        if not state.measured and (state.no_dtbp_yet or state.lowest_dtbp != 0.0):
            left = 0.0
            if state.bod != 0.0:
                left = dtbp_left(book, law, reserved(book)[2])
            if state.no_dtbp_yet or left < state.lowest_dtbp:
                state.lowest_dtbp = left
                state.no_dtbp_yet = False
    else:
        now = level(book, law, shares)
        if state.no_level_yet or now < state.lowest_level:
            state.lowest_level = now
            state.no_level_yet = False


@compiled
def mark_held(book: Book, tape: Tape, t: int) -> None:
    """What is held, at the newest closes."""
    for i in range(book.state[0].held):
        s = book.held[i]
        book.marks[s] = tape.closes[t, s]


@compiled
def start_session(book: Book, law: Any, tape: Tape) -> None:
    state = book.state[0]
    d = state.session
    state.measured = False
    state.no_dtbp_yet = state.no_level_yet = True
    state.lowest_dtbp = state.lowest_level = 0.0
    state.deficit = state.deficit_equity = 0.0
    state.cash_at_start = state.cash
    state.excess_at_start = state.last_equity - state.last_maintenance
    state.earlier = 0
    if law.pdt:
        for k in range(max(0, d - law.window + 1), d):
            state.earlier += book.made[k]
    state.today = 0
    kind = -1
    if law.pdt:
        enough = not below(state.last_equity, law.pdt_min)
        if below(state.last_equity, law.margin_min):
            state.multiplier = 1
        elif enough and (state.flagged or law.policy_equity):
            state.multiplier = int(law.dt_multiple)
        else:
            state.multiplier = 2
        if state.flagged and not enough:
            kind = law.under_25k
    else:
        state.multiplier = 0
    owing.restrict_flagged(book, kind, tape.ordinal[d] - 1, tape.ordinal[d])
    owing.renew(book, tape)
    owing.grant(book, law)


@compiled
def _kept_initial(book: Book, law: Any, shares: Any) -> float:
    """Initial margin of today's lots that are still held, at trade price."""
    total = 0.0
    for i in range(book.state[0].held):
        s = book.held[i]
        run = book.runs[s]
        for k in range(run.lots if run.begun else 0):
            lot = book.lots[s, k]
            if lot.qty > 0.0:
                total += required(law, shares[s], lot.qty if run.opened > 0 else -lot.qty, lot.price, lot.price)[0]
    return total


@compiled
def _deficiency(book: Book, law: Any, shares: Any) -> float:
    """Initial margin less equity with today's kept lots at trade price."""
    equity, initial, _ = margins(book, law, shares)
    for i in range(book.state[0].held):
        s = book.held[i]
        run = book.runs[s]
        for k in range(run.lots if run.begun else 0):
            lot = book.lots[s, k]
            if lot.qty > 0.0:
                qty = lot.qty if run.opened > 0 else -lot.qty
                mark = book.marks[s]
                initial += required(law, shares[s], qty, lot.price, lot.price)[0] - required(law, shares[s], qty, mark, mark)[0]
                equity -= qty * (mark - lot.price)
    return initial - equity


@compiled
def measure(book: Book, laws: Law, which: int, tape: Tape, row: Any, answers: bool) -> None:
    """The regular close of the session at the marks: its row, its calls."""
    state = book.state[0]
    d = state.session
    epoch = laws.epoch[which, d]
    law, shares = laws.rules[epoch], laws.securities[epoch]
    after_event(book, law, shares, tape)
    equity, initial, maintenance = margins(book, law, shares)
    for i in range(state.working):
        if book.orders[i].ends == d and book.orders[i].works:
            book.orders[i].works = False
            touch(book, book.orders[i].symbol)
    created = _kept_initial(book, law, shares) + state.flow + state.cured - state.sma
    short_by = _deficiency(book, law, shares)
    times = multiplier(book, law, shares)
    state.sma = max(0.0, -created, equity - initial)
    row.equity, row.maintenance_margin, row.initial_margin = equity, maintenance, initial
    row.bod_dtbp, row.lowest_dtbp = state.bod, state.lowest_dtbp
    row.regt_buying_power = regt_left(book, law, shares, reserved(book)[1])
    row.sma, row.lowest_level, row.deficit = state.sma, state.lowest_level, state.deficit
    row.multiplier, row.old = times, law.pdt
    row.daytrade_count, row.pattern_day_trader = state.earlier + state.today, state.flagged
    row.interest = row.borrow_fee = 0.0
    if not math.isnan(law.interest) and law.interest != 0.0:
        settled = 0.0
        for k in range(state.unsettled):
            if book.unsettled_due[k] > tape.ordinal[d]:
                settled += book.unsettled[k]
        row.interest = max(0.0, -(state.cash - settled)) * law.interest / law.day_count * tape.gap[d]
    if not math.isnan(law.borrow) and law.borrow != 0.0:
        row.borrow_fee = sums(book, law, shares)[1] * law.borrow / law.day_count * tape.gap[d]
    state.measured = True
    state.flow = state.cured = 0.0
    exposure, traded = peak(book, False), peak(book, True)
    owing.close(book, laws, which, tape, d, times, exposure, traded, created, short_by, answers)
    for i in range(state.held):
        s = book.held[i]
        if book.runs[s].stuck:
            state.overnight += 1
    for s in range(len(book.pos)):
        book.runs[s].stuck = False


@compiled
def next_session(book: Book, laws: Law, which: int, tape: Tape, row: Any) -> None:
    """Figures roll into the next session."""
    state = book.state[0]
    old = laws.rules[laws.epoch[which, state.session]].pdt
    state.interest += row.interest
    state.borrow += row.borrow_fee
    state.last_equity, state.last_maintenance = row.equity, row.maintenance_margin
    state.session += 1
    d = state.session
    k = 0
    for i in range(state.unsettled):
        if book.unsettled_due[i] >= tape.ordinal[d]:
            book.unsettled_due[k], book.unsettled[k] = book.unsettled_due[i], book.unsettled[i]
            k += 1
    state.unsettled = k
    for i in range(state.runs):
        book.runs[book.touched[i]].begun = False
    state.runs = state.lots_done = state.executions = state.filled_today = 0
    state.used_today = state.opened_today = state.cost_today = 0.0
    law = laws.rules[laws.epoch[which, d]]
    if law.pdt != old:
        owing.drop_minimum_equity(book)
    start_session(book, law, tape)


@compiled
def reach(book: Book, laws: Law, which: int, tape: Tape, d: int, rows: Any, answers: bool) -> None:
    """Closes sessions until ``d`` is the current one."""
    state = book.state[0]
    while state.session < d and state.left_out == 0:
        now = state.session
        if not state.measured:
            last = tape.last_step[now]
            if last >= 0:
                epoch = laws.epoch[which, now]
                mark_held(book, tape, last)
                after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
            measure(book, laws, which, tape, rows[now], answers)
        next_session(book, laws, which, tape, rows[now])


@compiled
def close_late(book: Book, laws: Law, which: int, tape: Tape, t: int, rows: Any, answers: bool) -> None:
    """The first bar after a close: the session is measured, at the last prices before."""
    state = book.state[0]
    d = tape.day[t]
    if not tape.late[t] or state.measured or state.left_out != 0:
        return
    epoch = laws.epoch[which, d]
    last = tape.last_step[d] if tape.last_step[d] >= 0 else t - 1
    if last >= 0:
        mark_held(book, tape, last)
    after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
    measure(book, laws, which, tape, rows[d], answers)


# -- executions


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
def post(book: Book, law: Any, shares: Any, tape: Tape, s: int, size: float, price: float) -> None:
    """One execution on the account's books."""
    state = book.state[0]
    d = state.session
    before = level(book, law, shares)
    charge = price
    if law.by_requirement and law.pdt:
        maintenance = required(law, shares[s], size, price, price)[1]
        charge = price * max(1.0, maintenance / (abs(size) * price) / law.law_rate)
    count, opened, carried, profit = execute(book, law, s, size, price, charge)
    state.flow += 0.0 - profit - carried * price * law.regt_long
    if not math.isnan(law.interest) and law.interest != 0.0:
        book.unsettled_due[state.unsettled] = tape.settles[law.settlement_days, d]
        book.unsettled[state.unsettled] = -size * price
        state.unsettled += 1
    if not law.pdt:
        now = level(book, law, shares)
        if opened > DUST and exceeds(-now, state.deficit):
            state.deficit = -now
            state.deficit_equity = margins(book, law, shares)[0]
    if state.owing:
        owing.sold(book, (abs(size) - 2.0 * opened) * price * law.regt_long)
        owing.level_moved(book, level(book, law, shares) - before)
    state.fills += 1
    state.day_trades += count
    book.filled[d] += 1
    if count:
        book.made[d] += count
        state.today += count
        if law.pdt and not state.flagged and state.earlier + state.today >= law.threshold:
            made = state.earlier + state.today
            trades = 0
            for k in range(max(0, d - law.window + 1), d + 1):
                trades += book.filled[k]
            if not (law.six_percent and made <= law.exempt_ratio * trades + 1e-9):
                state.flagged = True
    if not math.isnan(law.position_ratio) and book.pos[s] != 0.0 and state.in_force[CLOSING_ONLY] == 0:
        if exceeds(abs(book.pos[s]) * book.marks[s], law.position_ratio * max(0.0, margins(book, law, shares)[0])):
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
    while i < state.working and state.left_out == 0:
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
            state.left_out = L_LATE
            return
        if now < tape.now[t]:  # a stop limit, triggered before: executions of a bar are booked in the order of their own times
            state.left_out = L_STALE
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


# -- orders


@compiled
def look_at(book: Book, tape: Tape, t: int) -> None:
    """A strategy or a sizer has looked at the account: it stands at the newest closes."""
    for s in range(len(book.pos)):
        if tape.ends[t, s] > 0:
            book.marks[s] = tape.closes[t, s]


@compiled
def rounded(qty: float, price: float, fractional: bool) -> float:
    """Down to whole shares, or to nine decimals; a fraction not worth a cent is nothing."""
    if fractional and qty * price < 0.01:
        return 0.0
    units = max(0.0, qty) * (1e9 if fractional else 1.0)
    if units < 2.0**33:  # from there on floats lie farther apart than a millionth
        units = round(units * 1e6) / 1e6  # rounding noise left out
    return math.floor(units) / (1e9 if fractional else 1.0)


@compiled
def _of_power(book: Book, law: Any, shares: Any, variant: Any, s: int, sign: int) -> float:
    """Shares that a percentage of a buying power is."""
    state = book.state[0]
    held_value, held_regt, held_dtbp, _ = reserved(book)
    if state.in_force[LIQUIDATION_ONLY] != 0 or state.in_force[CLOSING_ONLY] != 0:
        return 0.0
    if sign < 0 and (state.in_force[CASH_AVAILABLE] != 0 or state.in_force[FREEZE] != 0):
        return 0.0
    value, regt, scale = valued(law, shares[s], sign, MARKET, 0.0, 0.0, book.marks[s])
    times = multiplier(book, law, shares)
    if state.in_force[CASH_AVAILABLE] != 0:
        room, each = cash_available(book, held_value), value
    elif state.in_force[FREEZE] != 0:
        room, each = max(0.0, max(0.0, state.cash) - held_value), value
    elif times == 1:
        room, each = (max(0.0, state.cash - held_value) if sign > 0 else 0.0), value
    else:
        room, each = regt_left(book, law, shares, held_regt), regt
        if law.pdt:
            day, day_each = dtbp_left(book, law, held_dtbp), value * scale
        else:
            day, day_each = intraday_power(book, law, shares) - max(held_value, held_dtbp), value * scale
        kind = int(variant.sizer_b)
        if kind == DAY_TRADING or (kind == BINDING and not law.pdt):
            room, each = day, day_each
        elif kind == BINDING and times >= 4:
            mine = max(0.0, room) / each if each > 0 else 0.0
            other = max(0.0, day) / day_each if day_each > 0 else 0.0
            if other < mine:
                room, each = day, day_each
    return variant.sizer_a / 100.0 * (max(0.0, room) / each if each > 0 else 0.0)


@compiled
def sized(book: Book, law: Any, shares: Any, tape: Tape, variant: Any, t: int, s: int, sign: int) -> float:
    """What the variant's sizer answers."""
    if variant.sizer == FIXED and not variant.trimmed:
        return float(variant.sizer_a)
    held = book.pos[s]
    if held * sign < 0:
        return abs(held)
    price = tape.closes[t, s]
    if variant.sizer == FIXED:
        qty = variant.sizer_a
    elif variant.sizer == OF_EQUITY:
        asked = variant.sizer_a / 100.0 * max(0.0, book.state[0].value) / price
        qty = rounded(asked, price, variant.fractional)
        if qty == 0.0:
            look_at(book, tape, t)  # the journal is told why
    else:
        look_at(book, tape, t)
        qty = rounded(_of_power(book, law, shares, variant, s, sign), price, variant.fractional)
    if not variant.trimmed:
        return qty
    look_at(book, tape, t)
    if qty == 0.0:
        return 0.0
    reserved(book)
    state = book.state[0]
    barred = state.in_force[LIQUIDATION_ONLY] != 0 or state.in_force[CLOSING_ONLY] != 0
    if barred or (sign < 0 and (state.in_force[CASH_AVAILABLE] != 0 or state.in_force[FREEZE] != 0)):
        return 0.0
    if not variant.refuses:
        return qty
    most = largest(book, law, shares, s, sign, qty, FRACTION if variant.trimmed_fractional else 1.0)
    return qty if most >= qty else rounded(most, price, variant.trimmed_fractional)


@compiled
def send(book: Book, laws: Law, which: int, tape: Tape, intents: Intents, variant: Any, i: int, t: int, marked: Any, log: Log) -> None:
    """One intent: the order it makes is put before the account; accepted, it works."""
    state = book.state[0]
    s, action = intents.symbol[i], intents.action[i]
    epoch = laws.epoch[which, state.session]
    law, shares = laws.rules[epoch], laws.securities[epoch]
    if action == CANCEL:
        if not book.sent[intents.target[i]]:  # to cancel nothing is an error, unless the strategy has looked: not for a replay to say
            state.left_out = L_UNMADE
        for k in range(state.working):
            if book.orders[k].intent == intents.target[i]:
                works = book.orders[k].works
                drop(book, k)
                if works:
                    after_event(book, law, shares, tape)
                break
        return
    qty = intents.size[i]
    if action == CLOSE:
        held = book.pos[s]
        sign = -1 if held > 0 else 1
        if held == 0.0:
            return
        if math.isnan(qty):
            qty = abs(held)
    else:
        sign = 1 if action == BUY else -1
        if math.isnan(qty):
            if tape.late[t]:  # a sizer that looks at the account leaves it at these prices
                state.left_out = L_LATE
                return
            qty = sized(book, law, shares, tape, variant, t, s, sign)
    if qty == 0.0:
        return
    if tape.late[t]:
        state.left_out = L_LATE
        return
    if tape.ends[t, s] <= 0 or not tape.closes[t, s] > 0.0:
        state.left_out = L_PRICE
        return
    qty = abs(qty)
    book.sent[i] = True
    if not marked[0]:
        mark_held(book, tape, t)
    if not marked[0] or not marked[1 + s]:
        if not marked[0]:
            for k in range(len(book.pos)):
                marked[1 + k] = book.pos[k] != 0.0
        marked[0] = marked[1 + s] = True
        book.marks[s] = tape.closes[t, s]
        after_event(book, law, shares, tape)
    kind, price, limit = intents.type[i], intents.price[i], intents.limit[i]
    reserved(book)
    answer = refusal(book, law, shares, s, sign, qty, kind, price, limit) if variant.refuses else 0
    state.orders += 1
    if len(log.qty):
        log.qty[i], log.answer[i] = sign * qty, answer
    if answer != 0:
        state.refused += 1
        book.reasons[answer] += 1
        if book.pos[s] * sign < -DUST:
            state.refused_exits += 1
            book.runs[s].stuck = True
        after_event(book, law, shares, tape)
        return
    if state.working >= len(book.orders):
        state.left_out = L_MANY
        return
    order = book.orders[state.working]
    order.intent, order.symbol, order.sign, order.type = i, s, sign, kind
    order.qty, order.price, order.limit = qty, price, limit
    order.expires = intents.expires[i]
    order.made = tape.ends[t, s]
    order.triggered, order.works = False, True
    ends_today = kind != MARKET and 0 < intents.valid[i] <= tape.close_at[state.session]
    order.ends = state.session if ends_today else -1
    order.value = order.regt = order.dtbp = 0.0
    opening = parts(book, law, s, sign, qty)[0]
    if opening > 0.0 or law.flip:
        each, regt, scale = valued(law, shares[s], sign, kind, price, limit, book.marks[s])
        if opening > 0.0:  # as the account has it: of the whole opening part, a share
            each, regt = opening * each / opening, opening * regt / opening
        order.value, order.regt, order.dtbp = each, regt, each * scale
    state.working += 1
    touch(book, s)
    after_event(book, law, shares, tape)


# -- the whole


@compiled
def _morning(book: Book, laws: Law, which: int, tape: Tape, d: int, variant: Any) -> None:
    """The first regular bar of a session: last month's costs, and calls that the brokerage would sell for."""
    state = book.state[0]
    if not variant.refuses:
        return
    if variant.charges:
        month = tape.month[d]
        if state.month >= 0 and month != state.month:
            for amount in (state.interest, state.borrow):
                paid = cents(amount)
                if paid != 0.0:
                    state.cash -= paid
                    state.sma -= paid
                    epoch = laws.epoch[which, d]
                    after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
            interest, borrow = cents(state.interest), cents(state.borrow)
            state.host_cash -= interest + borrow
            state.paid_interest += max(0.0, interest)
            state.paid_borrow += max(0.0, borrow)
            state.interest = state.borrow = 0.0
        state.month = month
    for i in range(state.calls):
        call = book.calls[i]
        if (call.kind == FED or call.kind == MAINTENANCE) and owing.is_open(call) and call.due <= d:
            state.left_out = L_SOLD


@compiled
def _watched_price(book: Book, tape: Tape, t: int, s: int, worst: bool) -> float:
    """The newest close; the low of a long position, the high of a short one, where this bar is its own and the worst counts."""
    if worst and tape.ends[t, s] == tape.now[t]:
        return float(tape.lows[t, s] if book.pos[s] > 0 else tape.highs[t, s])
    return float(tape.closes[t, s])


@compiled
def _watched(book: Book, law: Any, shares: Any, tape: Tape, t: int, worst: bool) -> bool:
    """Would a brokerage that watches see a requirement broken at this bar's prices?"""
    cash, longs, shorts, kept = book.state[0].cash, 0.0, 0.0, 0.0
    for i in range(book.state[0].held):
        s = book.held[i]
        price = _watched_price(book, tape, t, s, worst)
        value = book.pos[s] * price
        if value >= 0:
            longs += value
        else:
            shorts -= value
        kept += required(law, shares[s], book.pos[s], price, price)[1]
    for i in range(book.state[0].held):
        s = book.held[i]
        price = _watched_price(book, tape, t, s, worst)
        held = required(law, shares[s], book.pos[s], price, price)[1]
        _, more, found = concentrated(law, cash, longs, book.pos[s] * price, 0.0, held)
        if found:
            kept += more
            break
    equity = cash + longs - shorts
    return equity <= 0.0 or (law.real_time and below(equity - kept, 0.0))


@compiled
def _open_call(book: Book) -> bool:
    for i in range(book.state[0].calls):
        if book.calls[i].kind == MAINTENANCE and owing.is_open(book.calls[i]) and book.calls[i].issued <= book.state[0].session:
            return True
    return False


@compiled
def replay(book: Book, laws: Law, tape: Tape, intents: Intents, variant: Any, rows: Any, marked: Any, log: Log) -> None:
    """Runs one variant on empty books. What is left is in ``book`` and ``rows``; ``state.left_out`` says that a full run is needed."""
    state = book.state[0]
    which, answers = variant.law, variant.ignores_calls
    state.cash = state.host_cash = state.value = state.high = variant.cash
    state.last_equity, state.last_maintenance = variant.last_equity, variant.last_maintenance
    state.flagged, state.binding = variant.flagged, variant.refuses
    state.sma = max(0.0, variant.cash)
    state.month = begun = -1
    state.session = tape.day[0]
    first = laws.rules[laws.epoch[which, state.session]]
    start_session(book, first, tape)
    after_event(book, first, laws.securities[laws.epoch[which, state.session]], tape)
    i, wanted = 0, len(intents.step)
    for t in range(len(tape.day)):
        d = tape.day[t]
        if tape.regular[t] and begun != d:
            reach(book, laws, which, tape, d, rows, answers)
            begun = d
            _morning(book, laws, which, tape, d, variant)
        if state.working:
            match(book, laws, which, tape, t, rows, log, answers)
        if state.session != d:
            reach(book, laws, which, tape, d, rows, answers)
        if tape.late[t] and not state.measured:  # asked here: a call for each bar would double the time of a replay
            close_late(book, laws, which, tape, t, rows, answers)
        worth = 0.0
        for k in range(len(tape.order)):
            s = tape.order[k]
            if book.pos[s] != 0.0:
                value = book.pos[s] * tape.closes[t, s]
                profit = book.pos[s] * (tape.closes[t, s] - book.cost[s])
                if value > 0:
                    worth += value - profit
                    worth += profit
                else:
                    worth += value
        state.value = state.host_cash + worth
        if state.value > state.high:
            state.high = state.value
        if state.high > 0 and state.value / state.high - 1.0 < state.drawdown:
            state.drawdown = state.value / state.high - 1.0
        if len(log.values):
            log.values[t] = state.value
        if state.value <= 0.0 and variant.refuses:
            state.left_out = L_EQUITY
        if variant.refuses and state.held and not tape.late[t] and tape.regular[t]:
            epoch = laws.epoch[which, d]
            law = laws.rules[epoch]
            if (law.real_time or variant.worst_price) and _watched(book, law, laws.securities[epoch], tape, t, variant.worst_price):
                state.left_out = L_WATCHED
        if tape.late[t] and state.owing:
            state.left_out = L_LATE
        if state.owing and _open_call(book):
            epoch = laws.epoch[which, d]
            mark_held(book, tape, t)
            after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
        if i < wanted and intents.step[i] == t:
            for k in range(len(marked)):
                marked[k] = False
            while i < wanted and intents.step[i] == t and state.left_out == 0:
                send(book, laws, which, tape, intents, variant, i, t, marked, log)
                i += 1
        if state.left_out:
            return
    if not state.measured:
        epoch = laws.epoch[which, state.session]
        mark_held(book, tape, len(tape.day) - 1)
        after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
        measure(book, laws, which, tape, rows[state.session], answers)
    if state.owing:
        owing.renew(book, tape)
