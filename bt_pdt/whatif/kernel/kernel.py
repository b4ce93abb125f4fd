"""Compiled: one variant from the first bar to the last."""

from __future__ import annotations

from typing import Any

from . import owing
from .closing import after_event, close_late, mark_held, measure, reach, start_session
from .compiled import called_from_python, compiled
from .filling import match
from .sending import send
from .shapes import FED, L_EQUITY, L_LATE, L_SOLD, L_WATCHED, MAINTENANCE, Book, Intents, Law, Log, Tape
from .worth import below, cents, concentrated, required


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
                    state.other -= paid
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
            state.fallback = L_SOLD


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
        kept += required(law, shares[s], book.pos[s], price)[1]
    for i in range(book.state[0].held):
        s = book.held[i]
        price = _watched_price(book, tape, t, s, worst)
        held = required(law, shares[s], book.pos[s], price)[1]
        _, more, found = concentrated(law, cash, longs, book.pos[s] * price, 0.0, held)
        if found:
            kept += more
            break
    equity = cash + longs - shorts
    return equity <= 0.0 or (law.maintenance_real_time and below(equity - kept, 0.0))


@compiled
def _open_call(book: Book) -> bool:
    for i in range(book.state[0].calls):
        if book.calls[i].kind == MAINTENANCE and owing.is_open(book.calls[i]) and book.calls[i].issued <= book.state[0].session:
            return True
    return False


@called_from_python
def replay(book: Book, laws: Law, tape: Tape, intents: Intents, variant: Any, rows: Any, marked: Any, log: Log) -> None:
    """Runs one variant on empty books. What is left is in ``book`` and ``rows``; ``state.fallback`` says that a full run is needed."""
    state = book.state[0]
    which, answers = variant.law, variant.ignores_calls
    state.cash = state.host_cash = state.value = state.high = variant.cash
    state.last_equity, state.last_maintenance = variant.last_equity, variant.last_maintenance
    state.flagged, state.binding = variant.flagged, variant.refuses
    state.flagged_on = tape.ordinal[tape.day[0]]
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
            state.fallback = L_EQUITY
        if variant.refuses and state.held and not tape.late[t] and tape.regular[t]:
            epoch = laws.epoch[which, d]
            law = laws.rules[epoch]
            if (law.maintenance_real_time or variant.worst_price) and _watched(
                book, law, laws.securities[epoch], tape, t, variant.worst_price
            ):
                state.fallback = L_WATCHED
        if tape.late[t] and state.owing:
            state.fallback = L_LATE
        if state.owing and _open_call(book):
            epoch = laws.epoch[which, d]
            if mark_held(book, tape, t):
                after_event(book, laws.rules[epoch], laws.securities[epoch], tape)
        if i < wanted and intents.step[i] == t:
            for k in range(len(marked)):
                marked[k] = False
            while i < wanted and intents.step[i] == t and state.fallback == 0:
                send(book, laws, which, tape, intents, variant, i, t, marked, log)
                i += 1
        if state.fallback:
            return
    if not state.measured:
        mark_held(book, tape, len(tape.day) - 1)
        measure(book, laws, which, tape, rows[state.session], answers)
    if state.owing:
        owing.renew(book, tape)
