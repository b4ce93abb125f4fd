"""What follows every event: calls that are met, restrictions that begin or end, the lows of the day."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.journal import CallEntry, RestrictionEntry, ViolationEntry
from ..law.rulebook import PDT
from .cash_account import Violation, freeze
from .session_state import SessionState


def after_event(account: SessionState) -> None:
    """Calls that are met now, and the day's lows."""
    current = account.current
    book = account.call_book
    if book.owing and book.meet(current.session, account.valuation.excess, after_close=current.measured is not None):
        renew(account)
        grant(account)
    if current.rules.regime == PDT:
        if current.measured is None and current.lowest_dtbp != 0.0:
            left = account.daytrading_buying_power() if current.bod_dtbp else 0.0
            if current.lowest_dtbp is None or left < current.lowest_dtbp:
                current.lowest_dtbp = left
    else:
        account.intraday.note_lowest()


def renew(account: SessionState) -> None:
    """What binds now, after calls or days have changed; the journal has it, and the listener is notified."""
    now, session = account.now, account.session
    events, changed = account.call_book.renew(session)
    for event, call in events:
        account.record.notify(CallEntry(now, session, event, call))
    for r, on in changed:
        account.record.notify(RestrictionEntry(now, session, r.kind, on, r.because, r.why))


def grant(account: SessionState) -> None:
    """Day-trading buying power at the start of the day: four times the previous close's excess, twice while a day-trade call steps it down."""
    current, rules = account.current, account.rules
    if rules.regime != PDT or current.fixed_multiplier < rules.dt_buying_power_multiple:
        current.bod_dtbp = 0.0
        return
    times = rules.dt_multiple_under_call if account.stepped_down() else rules.dt_buying_power_multiple
    current.bod_dtbp = times * max(0.0, current.excess_at_start)


def violated(account: SessionState, found: Iterable[Violation]) -> None:
    """Violations of a cash account are journalled, and enough of them freeze it."""
    assert account.cashbook is not None
    for violation in found:
        account.record.write(ViolationEntry(account.now, account.session, violation))
        restriction = freeze(account.cashbook.violations, violation, account.rules)
        if restriction is not None:
            account.call_book.restrict(restriction)
        renew(account)
