"""Compiled: margin calls and what hangs on them, as ``calls`` and ``call_book`` have it, for an account that moves no money."""

from __future__ import annotations

from typing import Any

from .compiled import compiled
from .shapes import (
    CASH_AVAILABLE,
    CLOSED,
    CLOSING_ONLY,
    DAY_TRADE,
    EXPIRED,
    FED,
    INTRADAY,
    L_ANSWER,
    L_MANY,
    LIQUIDATION_ONLY,
    MAINTENANCE,
    MET,
    MET_LATE,
    MINIMUM_EQUITY,
    MOST_CALLS,
    NEVER,
    NO_DAY_TRADES,
    OPEN,
    PAST_DUE,
    POWER_2X,
    RESTRICTIONS,
    Book,
    Law,
    Tape,
)
from .worth import below, exceeds, level, margins


@compiled
def renew(book: Book, tape: Tape) -> None:
    """What binds now."""
    state = book.state[0]
    today = tape.ordinal[state.session]
    for kind in range(RESTRICTIONS):
        state.in_force[kind] = 0
    for i in range(state.restrictions):
        r = book.restrictions[i]
        if not r.lifted and r.start <= today <= r.until:
            state.in_force[r.kind] = 1
    state.owing = False
    for i in range(state.calls):
        if book.calls[i].satisfied < 0 and book.calls[i].status != CLOSED:
            state.owing = True


@compiled
def grant(book: Book, law: Any) -> None:
    """Day-trading buying power at the start of the day."""
    state = book.state[0]
    if not law.pdt or state.multiplier < law.dt_buying_power_multiple:
        state.bod = 0.0
        return
    times = law.dt_multiple_under_call if state.in_force[POWER_2X] != 0 else law.dt_buying_power_multiple
    state.bod = times * max(0.0, state.excess_at_start)


@compiled
def restrict(book: Book, kind: int, start: int, until: int, why: int, by_flag: bool) -> None:
    """Sets a restriction, unless nothing is refused at all."""
    state = book.state[0]
    if not state.binding:
        return
    if state.restrictions >= MOST_CALLS:
        state.fallback = L_MANY
        return
    r = book.restrictions[state.restrictions]
    r.kind, r.start, r.until, r.why, r.by_flag, r.lifted = kind, start, until, why, by_flag, False
    state.restrictions += 1


@compiled
def _restrict_for_call(book: Book, law: Any, kind: int, start: int, until: int, why: int) -> None:
    """What a day-trade call brings; day trades are barred no longer than there are rules of day trades."""
    last = min(until, law.last_day) if kind == NO_DAY_TRADES else until
    if last >= start or kind != NO_DAY_TRADES:
        restrict(book, kind, start, last, why, False)


@compiled
def too_large(book: Book, today: int) -> bool:
    """Does a position that is too large hold the account to closing trades already?"""
    for i in range(book.state[0].restrictions):
        r = book.restrictions[i]
        if r.kind == CLOSING_ONLY and r.why < 0 and not r.by_flag and not r.lifted and r.start <= today <= r.until:
            return True
    return False


@compiled
def designated(book: Book, law: Any, day: int) -> bool:
    """Would a designation made when it was last on ``day``?"""
    return bool(law.flag_days < 0 or day <= book.state[0].flagged_on + law.flag_days)


@compiled
def end_restriction(book: Book, i: int, until: int) -> None:
    """``until`` becomes the last restricted day; a restriction that never came into force is taken out."""
    state = book.state[0]
    if until < book.restrictions[i].start:
        for k in range(i, state.restrictions - 1):
            book.restrictions[k] = book.restrictions[k + 1]
        state.restrictions -= 1
    else:
        book.restrictions[i].until = until
        book.restrictions[i].lifted = True


@compiled
def is_open(call: Any) -> bool:
    return bool(call.status == OPEN or call.status == PAST_DUE)


@compiled
def _meet(book: Book, tape: Tape, i: int, d: int) -> None:
    call = book.calls[i]
    if call.status == OPEN:
        call.status = MET
    elif call.status == PAST_DUE:
        call.status = MET_LATE
    call.satisfied = d
    if call.kind == FED:
        return
    today = tape.ordinal[d]
    k = 0
    while k < book.state[0].restrictions:
        r = book.restrictions[k]
        before = book.state[0].restrictions
        if r.why == i and r.until >= today:
            end_restriction(book, k, today)
        if book.state[0].restrictions == before:
            k += 1


@compiled
def look(book: Book, law: Any, shares: Any, tape: Tape, d: int) -> bool:
    """Calls that are met now. True if any was."""
    found = False
    for i in range(book.state[0].calls):
        call = book.calls[i]
        if call.satisfied >= 0 or d < call.issued or not is_open(call):
            continue
        met = False
        if call.kind == FED or call.kind == DAY_TRADE:
            met = not below(call.received, call.amount)
        elif call.kind == MAINTENANCE:
            equity, _, maintenance = margins(book, law, shares)
            met = not below(equity - maintenance, 0.0)
        if met:
            _meet(book, tape, i, d)
            found = True
    return found


@compiled
def fed_close(book: Book, release: float) -> float:
    """The initial margin that the day's transactions set free together meets Fed calls, the oldest first: the dollars that they take."""
    taken = 0.0
    for i in range(book.state[0].calls):
        call = book.calls[i]
        if call.kind == FED and call.satisfied < 0:
            before = call.received
            share = min(release, max(0.0, call.amount - before))
            release -= share
            call.received += share
            taken += call.received - before
    return taken


@compiled
def level_moved(book: Book, rise: float) -> None:
    for i in range(book.state[0].calls):
        call = book.calls[i]
        if call.kind == INTRADAY and call.satisfied < 0:
            call.received += rise


@compiled
def _meet_at_close(book: Book, laws: Law, which: int, tape: Tape, d: int, equity: float, level: float, short: bool) -> None:
    state = book.state[0]
    for i in range(state.calls):
        call = book.calls[i]
        if call.satisfied >= 0 or d < call.issued or call.status == CLOSED:
            continue
        if call.kind == INTRADAY:
            gains = laws.rules[laws.epoch[which, call.measured]].imd_gains_count
            met = not below(level - call.level if gains else call.received, call.amount)
        elif call.kind == MINIMUM_EQUITY:
            unlevered = call.parameter == 1 and not below(state.cash, 0.0) and not short
            met = unlevered or not below(equity, call.required)
        else:
            continue
        if met:
            _meet(book, tape, i, d)


@compiled
def _pass_deadlines(book: Book, laws: Law, which: int, tape: Tape, d: int) -> None:
    """Deadlines that pass with the close of session ``d``: a call keeps the clocks of the day it was measured on."""
    state = book.state[0]
    today = tape.ordinal[d]
    for i in range(state.calls):
        call = book.calls[i]
        law = laws.rules[laws.epoch[which, call.measured]]
        if call.status == OPEN and d >= call.due:
            call.status = PAST_DUE
            if call.kind == DAY_TRADE and law.dt_open_call_restriction != LIQUIDATION_ONLY:
                asked = law.dt_unmet_restriction != CASH_AVAILABLE  # that is for those whom the open call restricted
                for k in range(state.restrictions):
                    asked |= book.restrictions[k].why == i
                if asked:
                    due = tape.ordinal[call.due]
                    _restrict_for_call(book, law, law.dt_unmet_restriction, due + 1, due + law.dt_cash_basis_days, i)
        if call.kind != INTRADAY or call.satisfied >= 0:
            continue
        if d == call.measured + law.imd_prompt_days:
            call.failed = d
            since = tape.since[law.practice_months, d]
            failures = 0
            for k in range(state.calls):
                other = book.calls[k]
                if other.failed >= 0 and tape.ordinal[other.failed] > since and not other.minor:
                    failures += 1
            if failures >= law.practice_failures:
                restrict(book, law.imd_freeze_restriction, today + 1, today + law.imd_freeze_days, i, False)
        if is_open(call) and d >= call.measured + law.imd_expiry_days:
            call.status = EXPIRED


@compiled
def issue(book: Book, law: Any, tape: Tape, kind: int, amount: float, d: int, level: float, answers: bool) -> int:
    """A call that the close of session ``d`` makes; returns its place."""
    state = book.state[0]
    if not answers:
        state.fallback = L_ANSWER
    if state.calls >= MOST_CALLS:
        state.fallback = L_MANY
        return 0
    i = state.calls
    state.calls += 1
    call = book.calls[i]
    days = -1
    if kind == DAY_TRADE:
        days = law.dt_call_days
    elif kind == FED:
        days = law.regt_payment_days
    elif kind == MAINTENANCE:
        days = law.maintenance_days
    elif kind == INTRADAY:
        days = law.imd_call_days
    call.kind, call.amount, call.measured, call.issued = kind, amount, d, d + 1
    call.due = NEVER if days < 0 else max(d + days, d + 1)
    call.status, call.satisfied, call.failed, call.parameter = OPEN, -1, -1, 0
    call.received, call.level, call.required, call.minor = 0.0, level, 0.0, False
    if kind == DAY_TRADE:
        brings = law.dt_open_call_restriction
        if brings != POWER_2X or (state.flagged and designated(book, law, tape.ordinal[d + 1])):
            last = NEVER if brings == LIQUIDATION_ONLY else tape.ordinal[call.due]
            _restrict_for_call(book, law, brings, tape.ordinal[d + 1], last, i)
    elif kind == FED:
        issued = tape.ordinal[d + 1]
        recent = 0
        for k in range(state.calls):
            if book.calls[k].kind == FED and tape.ordinal[book.calls[k].issued] > tape.since[law.fed_call_window_months, d + 1]:
                recent += 1
        if recent >= law.fed_calls_before_restriction:
            restrict(book, LIQUIDATION_ONLY, issued, issued + law.fed_restriction_days - 1, i, False)
    return i


@compiled
def close(
    book: Book,
    laws: Law,
    which: int,
    tape: Tape,
    d: int,
    times: int,
    exposure: float,
    traded: float,
    missing: float,
    answers: bool,
) -> None:
    """The close of session ``d``: what it meets, deadlines that pass with it, and the calls that it makes.

    ``times`` is the multiplier, ``exposure`` and ``traded`` the peak and the sum of day-traded dollars, ``missing`` the initial
    margin that the day's transactions need beyond SMA.
    """
    state = book.state[0]
    law, shares = laws.rules[laws.epoch[which, d]], laws.securities[laws.epoch[which, d]]
    equity, _, maintenance = margins(book, law, shares)
    short = False
    for i in range(state.held):
        if book.pos[book.held[i]] < 0:
            short = True
    now = level(book, law, shares)
    has_maintenance = has_minimum = False
    for i in range(state.calls):
        if is_open(book.calls[i]):
            has_maintenance |= book.calls[i].kind == MAINTENANCE
            has_minimum |= book.calls[i].kind == MINIMUM_EQUITY
    stepped_down = state.in_force[POWER_2X] != 0
    look(book, law, shares, tape, d)
    _meet_at_close(book, laws, which, tape, d, equity, now, short)
    _pass_deadlines(book, laws, which, tape, d)
    if law.pdt:
        if stepped_down:
            start = law.dt_multiple_under_call * max(0.0, state.excess_at_start)
            over = (traded if law.dt_aggregate_under_call else exposure) - start
            if exceeds(over, 0.0):
                issue(book, law, tape, DAY_TRADE, over * (1.0 / law.dt_multiple_under_call), d, now, answers)
        else:
            start, asked = state.bod, True
            if times < law.dt_buying_power_multiple:
                asked = law.dt_unflagged_call
                start = law.dt_buying_power_multiple * max(0.0, state.excess_at_start)
            if asked and exceeds(exposure - start, 0.0):
                issue(book, law, tape, DAY_TRADE, (exposure - start) * law.dt_call_ratio, d, now, answers)
    if exceeds(missing, law.regt_de_minimis):
        issue(book, law, tape, FED, missing, d, now, answers)
    if exceeds(maintenance - equity, 0.0) and not has_maintenance:
        issue(book, law, tape, MAINTENANCE, maintenance - equity, d, now, answers)
    needed, parameter = 0.0, -1
    if law.pdt and state.flagged and designated(book, law, tape.ordinal[d + 1]) and law.minimum_equity_call:
        needed, parameter = law.pdt_min_equity, 0
    elif law.margin_min_equity_call and (below(state.cash, 0.0) or short):
        needed, parameter = law.margin_min_equity, 1
    if parameter >= 0 and below(equity, needed) and not has_minimum:
        i = issue(book, law, tape, MINIMUM_EQUITY, needed - equity, d, now, answers)
        book.calls[i].parameter, book.calls[i].required = parameter, needed
    if not law.pdt and exceeds(state.deficit, 0.0):
        minor = not exceeds(state.deficit, min(law.imd_minor_ratio * max(0.0, state.deficit_equity), law.imd_minor_limit))
        if not minor or law.imd_call_minor:
            i = issue(book, law, tape, INTRADAY, state.deficit, d, now, answers)
            book.calls[i].minor = minor


@compiled
def drop_minimum_equity(book: Book) -> None:
    """The regime ended: an open $25,000 call is closed."""
    for i in range(book.state[0].calls):
        call = book.calls[i]
        if call.kind == MINIMUM_EQUITY and is_open(call) and call.parameter == 0:
            call.status = CLOSED


@compiled
def restrict_flagged(book: Book, kind: int, lifted: int, today: int) -> None:
    """The restriction of a flagged account under $25,000 begins, changes its kind, or ends with ``lifted``; ``kind`` -1 is none."""
    state = book.state[0]
    current = -1
    for i in range(state.restrictions):
        r = book.restrictions[i]
        if r.by_flag and r.until == NEVER:
            current = i
            break
    was = book.restrictions[current].kind if current >= 0 else -1
    if current >= 0 and kind != was:
        end_restriction(book, current, lifted)
    if kind >= 0 and (current < 0 or was != kind):
        behind = -1
        for i in range(state.calls):
            if is_open(book.calls[i]) and book.calls[i].kind == MINIMUM_EQUITY:
                behind = i
        restrict(book, kind, today, NEVER, behind, True)
