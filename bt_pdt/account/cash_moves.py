"""Money that comes and goes: deposits, withdrawals, interest, fees and dividends, and what may leave."""

from __future__ import annotations

from typing import NamedTuple

from ..core import sessions
from ..core.decisions import Accepted, Decision, Reason, Refusal, WouldPass
from ..core.errors import known_name
from ..core.journal import CashEntry
from ..core.money import below, cents, dollars, exceeds
from ..law.rulebook import PDT
from .events import after_event
from .requirements import concentration
from .session_state import SessionState
from .wire import reject

#: Of :func:`move`: what the brokerage pays or takes that is no deposit and no withdrawal.
KINDS = ("interest", "fee", "dividend")


def deposit(account: SessionState, amount: float, for_call: str | None = None) -> None:
    """Cash comes in. While a day-trade or $25,000 deficiency is open it stays two full business days after the day of deposit."""
    hold = account.rules.dt_deposit_hold_days
    if hold and _deficiency_open(account):
        account.deposits_on_hold.append((sessions.add_business_days(account.session, hold), amount))
    if for_call is not None:
        known_name("for_call", for_call, [call.id for call in account.call_book.calls])
    account.record.write(CashEntry(account.now, account.session, "deposit", amount, None, for_call))
    account.call_book.deposited(account.session, amount)
    _flow(account, amount)
    _add(account, amount)


def withdraw(account: SessionState, amount: float, *, checked: bool = True) -> Decision:
    """Cash goes out if it may; a refused withdrawal moves nothing. Not ``checked``: the brokerage has let it go."""
    decision = evaluate_withdrawal(account, amount) if checked else Accepted()
    if decision.accepted:
        _flow(account, -amount)
        _add(account, -amount)
        level = account.margin_level()
        for since in account.regulation_t.since:
            account.intraday.note(since.meter, level, reducing=True)
    after_event(account)
    account.record.write(CashEntry(account.now, account.session, "withdraw", amount, decision))
    return decision


def move(account: SessionState, kind: str, amount: float) -> None:
    """Interest, a fee or a dividend, sign included."""
    for since in account.regulation_t.since:
        since.other += amount
    _add(account, amount, charge=True)
    account.record.write(CashEntry(account.now, account.session, kind, amount))


def adopt(account: SessionState, amount: float) -> None:
    """Cash is what the brokerage says: the difference moves without a name."""
    _add(account, amount)


def charge_costs(account: SessionState) -> float:
    """Takes the accrued interest and borrow fees from cash; returns the dollars."""
    interest, fees = account.costs.take()
    for kind, amount in (("interest", cents(interest)), ("fee", cents(fees))):
        if amount:
            move(account, kind, -amount)
    return cents(interest) + cents(fees)


def _flow(account: SessionState, amount: float) -> None:
    """A deposit or (negative) a withdrawal: it moves the intraday margin level, SMA and what has come in for Fed calls."""
    moved = 0.0 if account.rules.regime == PDT else amount
    for since in account.regulation_t.since:
        since.deposits += amount
        since.level += moved
        since.meter.keep_flow(amount)
    account.call_book.level_moved(moved)
    account.call_book.fed_deposits(account.regulation_t.current.deposits)


def _add(account: SessionState, amount: float, *, charge: bool = False) -> None:
    account.current.untouched = False
    account.ledger.cash += amount
    if account.cashbook is not None:
        account.cashbook.moved(account.session, amount, charge=charge)
    account.valuation.cash_moved()
    after_event(account)


def _deficiency_open(account: SessionState) -> bool:
    under = account.pattern_day_trader and below(account.last_equity, account.rules.pdt_min_equity)
    return under or bool(account.open_calls("day_trade", "minimum_equity"))


class _Room(NamedTuple):
    """What may leave, dollars: what must stay, what that leaves, what $2,000 with a debit or short leaves, the most that can go."""

    must_stay: float
    free: float
    with_minimum: float
    most: float


def evaluate_withdrawal(account: SessionState, amount: float) -> Decision:
    """May ``amount`` leave? Maintenance, the $2,000 minimum with a debit or short, and deposits on hold must stay."""
    if not account.refuses:
        return Accepted()
    rules = account.rules
    equity, _, maintenance = account.margins()
    held = sum(a for until, a in account.deposits_on_hold if until >= account.session) if rules.dt_deposit_hold_days else 0.0
    minimum = rules.margin_min_equity
    unlevered = max(0.0, account.cash) if not account.valuation.sums().short_value else 0.0

    def room(must_stay: float) -> _Room:
        free, with_minimum = max(0.0, equity - must_stay), max(0.0, equity - max(must_stay, minimum))
        return _Room(must_stay, free, with_minimum, min(free, max(with_minimum, unlevered)))

    must_stay, free, with_minimum, most = room(maintenance + held)
    add_on = concentration(rules)
    if add_on is not None and (edge := account.cash + add_on.debit) > 0.0 and not below(most, edge):
        # from ``edge`` on the debit is large enough for the house add-on, and that must stay too
        must_stay, free, with_minimum, then = room(account.valuation.maintenance_with(-add_on.debit) + held)
        most = edge - 0.01 if below(then, edge) else then
    if not exceeds(amount, most):
        return Accepted()
    facts = {"equity": equity, "maintenance_margin": maintenance, "deposits_on_hold": held, "withdrawable": most}
    by_minimum = exceeds(amount, max(with_minimum, unlevered)) and not exceeds(amount, free)
    rule = "margin_min_equity" if by_minimum else "maintenance_long_bands"
    why = f"{dollars(amount)} cannot leave: equity {dollars(equity)}, {dollars(must_stay)} must stay for maintenance"
    why += f" and deposits on hold ({dollars(held)})" if held else ""
    why += f", at least {dollars(minimum)} with a debit or short" if by_minimum else ""
    refusal = Refusal(Reason.WITHDRAWAL, rule, facts, f"{why}; {dollars(most)} can be withdrawn.")
    return reject(account, refusal, (), WouldPass(int(most * 100 + 1e-6) / 100, None), amount, "USD")
