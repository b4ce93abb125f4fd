"""Compiled: from an intent to an order: the sizer's answer, the account's, and what works from then on."""

from __future__ import annotations

import math
from typing import Any

from .books import drop, reserved, touch
from .closing import after_event, mark_held, reprice
from .compiled import compiled
from .refusing import cash_available, dtbp_left, intraday_left, largest, parts, refusal, regt_left, valued
from .shapes import (
    BINDING,
    BUY,
    CANCEL,
    CASH_AVAILABLE,
    CLOSE,
    CLOSING_ONLY,
    DAY_TRADING,
    FIXED,
    FREEZE,
    L_LATE,
    L_MANY,
    L_PRICE,
    L_UNMADE,
    LIQUIDATION_ONLY,
    MARKET,
    OF_EQUITY,
    Book,
    Intents,
    Law,
    Log,
    Tape,
)
from .worth import DUST, multiplier


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
            day, day_each = intraday_left(book, law, shares, held_dtbp), value * scale
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
    most = largest(book, law, shares, s, sign, qty, variant.trimmed_fractional)
    return qty if most >= qty else rounded(most, price, variant.trimmed_fractional)


@compiled
def _gtc_ends(law: Any, tape: Tape, d: int) -> int:
    """The last session of an order that is good till cancelled and made in session ``d``; -1 where it works until it is cancelled."""
    if law.gtc_days < 0:
        return -1
    last = tape.ordinal[d] + law.gtc_days
    while d + 1 < len(tape.ordinal) and tape.ordinal[d + 1] <= last:
        d += 1
    return d


@compiled
def send(book: Book, laws: Law, which: int, tape: Tape, intents: Intents, variant: Any, i: int, t: int, marked: Any, log: Log) -> None:
    """One intent: the order it makes is put before the account; accepted, it works."""
    state = book.state[0]
    s, action = intents.symbol[i], intents.action[i]
    epoch = laws.epoch[which, state.session]
    law, shares = laws.rules[epoch], laws.securities[epoch]
    if action == CANCEL:
        if not book.sent[intents.target[i]]:  # to cancel nothing is an error, unless the strategy has looked: not for a replay to say
            state.fallback = L_UNMADE
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
                state.fallback = L_LATE
                return
            qty = sized(book, law, shares, tape, variant, t, s, sign)
    if qty == 0.0:
        return
    if tape.late[t]:
        state.fallback = L_LATE
        return
    if tape.ends[t, s] <= 0 or not tape.closes[t, s] > 0.0:
        state.fallback = L_PRICE
        return
    qty = abs(qty)
    book.sent[i] = True
    changed = not marked[0] and mark_held(book, tape, t)
    if not marked[0]:
        for k in range(len(book.pos)):
            marked[1 + k] = book.pos[k] != 0.0
    if not marked[1 + s]:
        changed |= reprice(book, s, tape.closes[t, s])
    marked[0] = marked[1 + s] = True
    if changed:
        after_event(book, law, shares, tape)
    kind, price, limit = intents.type[i], intents.price[i], intents.limit[i]
    reserved(book)
    ends_today = qty % 1.0 != 0.0  # a market order for a fraction is a day order
    if kind != MARKET:
        ends_today = 0 < intents.valid[i] <= tape.close_at[state.session]
    answer = refusal(book, law, shares, s, sign, qty, kind, price, limit, ends_today) if variant.refuses else 0
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
        state.fallback = L_MANY
        return
    order = book.orders[state.working]
    order.intent, order.symbol, order.sign, order.type = i, s, sign, kind
    order.qty, order.price, order.limit = qty, price, limit
    order.expires = intents.expires[i]
    order.made = tape.ends[t, s]
    order.triggered, order.works = False, True
    order.ends = state.session if ends_today else _gtc_ends(law, tape, state.session)
    order.value = order.regt = order.dtbp = 0.0
    if parts(book, law, s, sign, qty)[0] > 0.0 or law.flip_through_zero:
        each, regt, scale = valued(law, shares[s], sign, kind, price, limit, book.marks[s])
        order.value, order.regt, order.dtbp = each, regt, each * scale
    state.working += 1
    touch(book, s)
    after_event(book, law, shares, tape)
