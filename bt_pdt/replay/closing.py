"""Compiled: what follows an event, and how a session ends and the next begins. As ``standing`` and ``trading_day`` have it."""

from __future__ import annotations

import math
from typing import Any

from . import owing
from .books import peak, reserved, touch
from .compiled import compiled
from .refusing import dtbp_left, regt_left
from .shapes import BY_EQUITY, Book, Law, Tape
from .worth import below, level, margins, multiplier, required, sums


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
        for k in range(max(0, d - law.pdt_window_business_days + 1), d):
            state.earlier += book.made[k]
    state.today = 0
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
    if not math.isnan(law.margin_interest_rate) and law.margin_interest_rate != 0.0:
        settled = 0.0
        for k in range(state.unsettled):
            if book.unsettled_due[k] > tape.ordinal[d]:
                settled += book.unsettled[k]
        row.interest = max(0.0, -(state.cash - settled)) * law.margin_interest_rate / law.interest_day_count * tape.gap[d]
    if not math.isnan(law.borrow_fee_rate) and law.borrow_fee_rate != 0.0:
        row.borrow_fee = sums(book, law, shares)[1] * law.borrow_fee_rate / law.interest_day_count * tape.gap[d]
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
