"""What holds from the first event of a session: window, designation, multiplier, buying power, restrictions."""

from __future__ import annotations

from datetime import date

from ..core import sessions
from ..core.errors import BadInput, NotInForce
from ..core.journal import FlagEntry
from ..core.money import below, dollars
from ..law.rulebook import PDT
from .call_book import UNDER_MINIMUM, CallBook, Restriction, RestrictionKind
from .events import after_event, grant, renew
from .intraday_margin import IntradayMargin
from .regulation_t import RegulationT
from .session_state import SessionState
from .valuation import Valuation


def open_account(account: SessionState, last_equity: float | None, last_maintenance_margin: float | None) -> None:
    """The first session of an account whose ledger is filled: ``last_*`` as given, else from cash and carried positions.

    Asked again when facts about a security arrive before anything has happened.
    """
    current, ledger, rules = account.current, account.ledger, account.rules
    current.untouched = True
    ledger.counting_method = rules.counting_method or "direction"
    maintenance = _carried_maintenance(account)
    account.valuation = Valuation(ledger, rules)
    account.intraday = IntradayMargin(account.valuation, ledger.marks)
    account.call_book = CallBook(account.rulebook.on, binding=account.refuses)
    equity, initial, _ = account.margins()
    current.last_equity = equity if last_equity is None else last_equity
    current.last_maintenance_margin = maintenance if last_maintenance_margin is None else last_maintenance_margin
    account.regulation_t = RegulationT(account.valuation, account.call_book, account.intraday.new_meter(), max(0.0, equity - initial))
    start_session(account)
    after_event(account)


def _carried_maintenance(account: SessionState) -> float:
    """Maintenance of what was carried in, by the rules of the session at whose close it was priced."""
    try:
        rules = account.rulebook.on(sessions.add_business_days(account.session, -1))
    except NotInForce:
        rules = account.rules
    return Valuation(account.ledger, rules).maintenance_margin()


def start_session(account: SessionState) -> None:
    """The current session begins: the clock, the ledger and the rules are there already."""
    current, session, rules = account.current, account.session, account.rules
    current.start(sessions.close_of(session), account.cash)
    account.costs.start_session(session)
    if account.cashbook is not None:
        account.cashbook.start(session)
    account.intraday.lowest_level = None
    designation = account.designation
    designation.start_session(session, rules)
    if designation.pattern_day_trader and not designation.lasts(session, rules):
        designation.lift()
        cause = f"{rules.pdt_flag_days} calendar days after it was set"
        account.record.write(FlagEntry(account.now, session, False, cause))
        account.call_book.drop_minimum_equity(session, "pdt_min_equity")
    _designate(account, lifted_on=sessions.add_business_days(session, -1))


def _designate(account: SessionState, lifted_on: date) -> None:
    """Multiplier, start-of-day DTBP and the restriction of a flagged account under $25,000, from the previous close."""
    current, rules = account.current, account.rules
    if rules.regime != PDT:
        current.fixed_multiplier = 0
        _restrict_flagged(account, (), lifted_on)
        grant(account)
        return
    enough = not below(current.last_equity, rules.pdt_min_equity)
    if account.account_type == "cash" or below(current.last_equity, rules.margin_min_equity):
        current.fixed_multiplier = 1
    elif enough and (account.pattern_day_trader or rules.multiplier_policy == "equity"):
        current.fixed_multiplier = int(rules.dt_buying_power_multiple)
    else:
        current.fixed_multiplier = 2
    bound = account.pattern_day_trader and not enough and account.account_type == "margin"
    _restrict_flagged(account, UNDER_MINIMUM[rules.pdt_under_25k] if bound else (), lifted_on)
    grant(account)


def set_flag(account: SessionState, pattern_day_trader: bool, *, one_time_removal: bool) -> None:
    """The brokerage sets or lifts the designation; it holds at once. A regime without designations keeps its own."""
    account.current.untouched = False
    designation = account.designation
    if one_time_removal:
        if pattern_day_trader:
            raise BadInput("one_time_removal lifts the designation, so pattern_day_trader must be false with it.")
        if designation.one_time_removal_used:
            raise BadInput("the one-time removal of the designation was already used; lift the flag without one_time_removal.")
        designation.one_time_removal_used = True
    if account.rules.regime == PDT:
        cause = "one-time removal" if one_time_removal else "set by the brokerage"
        account.record.write(FlagEntry(account.now, account.session, pattern_day_trader, cause))
        if pattern_day_trader:
            designation.flag(account.session)
        else:
            designation.lift()
            if account.current.measured is not None:
                account.current.measured = account.current.measured.without_designation()
            account.call_book.drop_minimum_equity(account.session, "pdt_min_equity")
        _designate(account, lifted_on=account.session)
    after_event(account)


def _restrict_flagged(account: SessionState, kinds: tuple[RestrictionKind, ...], lifted_on: date) -> None:
    """The restrictions of a flagged account under $25,000 begin, change their kinds, or end with ``lifted_on``."""
    book = account.call_book
    current = [r for r in book.restrictions if r.rule == "pdt_min_equity" and r.until is None]
    for each in current:
        if each.kind not in kinds:
            book.end(each, lifted_on)
    for kind in kinds:
        if any(each.kind == kind for each in current):
            continue
        because = f"pattern day trader at {dollars(account.last_equity)}, under {dollars(account.rules.pdt_min_equity)}"
        behind = [call.id for call in book.open("minimum_equity")]
        why = behind[-1] if behind else "minimum_equity"
        book.restrict(Restriction(kind, account.session, None, why, "pdt_min_equity", because))
    renew(account)
