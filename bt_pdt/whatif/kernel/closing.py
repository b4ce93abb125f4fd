"""Compiled: what follows an event, and how a session ends and the next begins. As ``events`` and ``session_close`` have it."""

from __future__ import annotations

import math
from typing import Any

from . import owing
from .books import peak, reserved, touch
from .compiled import compiled
from .refusing import dtbp_left, regt_left
from .shapes import BY_EQUITY, Book, Law, Tape
from .worth import DUST, below, concentrated, level, margins, multiplier, plus, required, sums


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
def reprice(book: Book, s: int, price: float) -> bool:
    """The last price of a symbol becomes ``price``; False if it is that already, which is no event."""
    changed = book.marks[s] != price
    book.marks[s] = price
    return changed


@compiled
def mark_held(book: Book, tape: Tape, t: int) -> bool:
    """What is held, at the newest closes; False if nothing changed."""
    changed = False
    for i in range(book.state[0].held):
        s = book.held[i]
        changed |= reprice(book, s, tape.closes[t, s])
    return changed


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
        for k in range(max(0, d - law.pdt_window_business_days + 1), d):
            state.earlier += book.made[k]
    state.today = 0
    if law.pdt and not owing.designated(book, law, tape.ordinal[d]):
        if state.flagged:
            owing.drop_minimum_equity(book)
        state.flagged = False
    kind = -1
    if law.pdt:
        enough = not below(state.last_equity, law.pdt_min_equity)
        if below(state.last_equity, law.margin_min_equity):
            state.multiplier = 1
        elif enough and (state.flagged or law.multiplier_policy == BY_EQUITY):
            state.multiplier = int(law.dt_buying_power_multiple)
        else:
            state.multiplier = 2
        if state.flagged and not enough:
            kind = law.pdt_under_25k
    else:
        state.multiplier = 0
    owing.restrict_flagged(book, kind, tape.ordinal[max(0, d - 1)], tape.ordinal[d])
    owing.renew(book, tape)
    owing.grant(book, law)


@compiled
def _release(book: Book, law: Any, shares: Any) -> float:
    """What all transactions since the last close set free of initial margin, combined: lots of today that are kept need theirs."""
    total = 0.0
    for i in range(book.state[0].movers):
        s = book.movers[i]
        run = book.runs[s]
        needed = lost = 0.0
        for k in range(run.lots):
            lot = book.lots[s, k]
            if lot.qty > 0.0:
                needed, lost = plus(needed, lost, required(law, shares[s], lot.qty if run.opened > 0 else -lot.qty, lot.price)[0])
        total += needed + lost
    return float(book.state[0].released - total)


@compiled
def _held_before(book: Book, i: int) -> tuple[int, float]:
    """(symbol, shares) at place ``i`` had nothing been traded: of what is held, then of what was traded away."""
    state = book.state[0]
    s = book.held[i] if i < state.held else book.movers[i - state.held]
    if i >= state.held and book.pos[s] != 0.0:
        return s, 0.0  # had its place already
    before = book.pos[s]
    for k in range(state.movers):
        if book.movers[k] == s:
            before -= book.net[s]
    return s, (before if abs(before) > DUST else 0.0)


@compiled
def _excess_without(book: Book, law: Any, shares: Any) -> float:
    """Equity over initial margin at the marks, had nothing been traded since the last close."""
    state = book.state[0]
    if state.movers == 0:
        equity, initial, _ = margins(book, law, shares)
        return equity - initial
    cash = state.cash - state.traded
    equity, initial, lost, longs, missed = cash, 0.0, 0.0, 0.0, 0.0
    for i in range(state.held + state.movers):
        s, qty = _held_before(book, i)
        if qty != 0.0:
            equity += qty * book.marks[s]
            initial, lost = plus(initial, lost, required(law, shares[s], qty, book.marks[s])[0])
            if qty > 0.0:
                longs, missed = plus(longs, missed, qty * book.marks[s])
    initial, longs = initial + lost, longs + missed
    for i in range(state.held + state.movers):
        s, qty = _held_before(book, i)
        if qty != 0.0:
            first, held = required(law, shares[s], qty, book.marks[s])
            more, _, found = concentrated(law, cash, longs, qty * book.marks[s], first, held)
            if found:
                return equity - max(initial, initial + more)
    return equity - initial


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
    release = _release(book, law, shares)
    met = owing.fed_close(book, max(0.0, release))
    available = max(0.0, state.sma + state.other, _excess_without(book, law, shares))
    times = multiplier(book, law, shares)
    state.sma = max(0.0, available + release - met)
    row.equity, row.maintenance_margin, row.initial_margin = equity, maintenance, initial
    row.bod_dtbp, row.lowest_dtbp = state.bod, state.lowest_dtbp
    row.regt_buying_power = regt_left(book, law, shares, reserved(book)[1])
    row.sma, row.lowest_level, row.deficit = state.sma, state.lowest_level, state.deficit
    row.multiplier, row.old = times, law.pdt
    row.daytrade_count, row.pattern_day_trader = state.earlier + state.today, state.flagged
    row.interest = row.borrow_fee = 0.0
    if not math.isnan(law.margin_interest_rate) and law.margin_interest_rate != 0.0:
        settled = 0.0
        for k in range(state.unsettled):
            if book.unsettled_due[k] > tape.ordinal[d]:
                settled += book.unsettled[k]
        row.interest = max(0.0, -(state.cash - settled)) * law.margin_interest_rate / law.interest_day_count * tape.gap[d]
    if not math.isnan(law.borrow_fee_rate) and law.borrow_fee_rate != 0.0:
        row.borrow_fee = sums(book, law, shares)[1] * law.borrow_fee_rate / law.interest_day_count * tape.gap[d]
    state.measured = True
    state.other = state.released = state.traded = 0.0
    state.movers = 0
    exposure, traded = peak(book, False), peak(book, True)
    owing.close(book, laws, which, tape, d, times, exposure, traded, -release - available, answers)
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
    state.runs = state.lots_done = state.executions = 0
    state.used_today = state.opened_today = state.cost_today = 0.0
    law = laws.rules[laws.epoch[which, d]]
    if law.pdt != old:
        owing.drop_minimum_equity(book)
    start_session(book, law, tape)


@compiled
def reach(book: Book, laws: Law, which: int, tape: Tape, d: int, rows: Any, answers: bool) -> None:
    """Closes sessions until ``d`` is the current one."""
    state = book.state[0]
    while state.session < d and state.fallback == 0:
        now = state.session
        if not state.measured:
            last = tape.last_step[now]
            if last >= 0:
                mark_held(book, tape, last)
            measure(book, laws, which, tape, rows[now], answers)
        next_session(book, laws, which, tape, rows[now])


@compiled
def close_late(book: Book, laws: Law, which: int, tape: Tape, t: int, rows: Any, answers: bool) -> None:
    """The first bar after a close: the session is measured, at the last prices before."""
    state = book.state[0]
    d = tape.day[t]
    if not tape.late[t] or state.measured or state.fallback != 0:
        return
    last = tape.last_step[d] if tape.last_step[d] >= 0 else t - 1
    if last >= 0:
        mark_held(book, tape, last)
    measure(book, laws, which, tape, rows[d], answers)
