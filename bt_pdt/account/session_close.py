"""How a session ends and the next begins: the close is measured, calls are issued and aged, figures roll, costs accrue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from ..core import sessions
from ..core.errors import BadInput
from ..core.journal import CallEntry, CloseEntry, ReleaseEntry
from ..core.orders import positive
from ..core.sessions import new_york
from ..law.brokerages import rulebook_for
from .calls import Closing, MarginCall, maintenance
from .current_session import MeasuredClose
from .events import after_event, renew, violated
from .ledger import WorkingOrder
from .requirements import maintenance_rule, requirement
from .session_start import start_session
from .session_state import SessionState

ENDED_AT_THE_CLOSE = "day order ended at the close"


def advance(account: SessionState, at: datetime) -> None:
    """Moves the clock to ``at``; sessions passed over are closed at the last marks. Raises :class:`BadInput` if time goes back."""
    current = account.current
    at = new_york("at", at)
    if at < current.now:
        raise BadInput(f"time goes backwards: {at.isoformat()} comes after {current.now.isoformat()}.")
    if at > current.close:  # before it nothing about the session can change
        roll_to(account, sessions.session_of(at))
        if current.measured is None and at > current.close:
            _measure(account)
    current.now = at


def roll_to(account: SessionState, day: date) -> None:
    """Closes sessions at the last marks until ``day`` is the current one; nothing if it is."""
    while account.session < day:
        if account.current.measured is None:
            _measure(account)
        _end_session(account)
        _next_session(account)


def close_session(account: SessionState, day: date, marks: Mapping[str, float], at: datetime | None = None) -> None:
    """The regular session of ``day`` ends at ``marks`` (reported at ``at``): equity and margins are measured, day orders released."""
    current = account.current
    if not sessions.is_session(day):
        raise BadInput(f"{day} is not a session of the exchange, so it cannot close.")
    if day < current.session or (day == current.session and current.closed_explicitly):
        raise BadInput(f"the session of {day} is already closed.")
    roll_to(account, day)
    if marks:
        mark(account, marks)
    _measure(account)
    current.closed_explicitly = True
    current.now = max(current.now, sessions.close_of(day), at or current.now)


def mark(account: SessionState, prices: Mapping[str, float]) -> None:
    """Last prices by symbol. The same prices again are no event."""
    for symbol, price in prices.items():  # all of them or none
        positive(f"the price of {symbol}", price)
    changed = False
    for symbol, price in prices.items():
        changed |= account.valuation.reprice(symbol, price)
    if changed:
        account.current.untouched = False
        after_event(account)


def release(account: SessionState, order: WorkingOrder, cause: str) -> None:
    """Takes an order out of the working set."""
    if account.ledger.drop(order.id) is not None:
        account.record.write(ReleaseEntry(account.now, account.session, order.id, cause))


# -- the end


def _measure(account: SessionState) -> None:
    """The numbers of the regular close and the end of the day orders. Asked again when a close line follows an implied close."""
    after_event(account)
    current, ledger, session, rules = account.current, account.ledger, account.session, account.rules
    equity, initial, _ = account.margins()
    for order in [o for o in ledger.orders.values() if o.ends_on == session]:
        if order.request.time_in_force == "gtc":
            release(account, order, "expired")
        elif not order.request.extended_hours:
            release(account, order, ENDED_AT_THE_CLOSE)
    fed_release, available = account.regulation_t.measure_close()
    closing = _closing(account, fed_release, available)
    current.measured = MeasuredClose(
        closing=closing if account.account_type == "margin" else None,
        equity=equity,
        maintenance_margin=closing.maintenance_margin,
        initial_margin=initial,
        multiplier=closing.multiplier,
        regt_buying_power=account.regt_buying_power(),
        bod_dtbp=account.bod_dtbp,
        sma=account.regulation_t.sma_at_close,
        deficit=closing.intraday_margin_deficit,
        lowest_dtbp=current.lowest_dtbp,
        interest=account.costs.interest(ledger.cash, session, rules),
        borrow_fee=account.costs.borrow_fee(account.valuation.sums().short_value, session, rules),
        marks=dict(ledger.marks),
    )
    account.regulation_t.begin_evening(account.intraday.new_meter(), ledger.executions)
    after_event(account)  # what the day's sales have met


def _closing(account: SessionState, fed_release: float, fed_available: float) -> Closing:
    """The close as the calls read it."""
    equity, initial, maintenance = account.margins()
    deficit, equity_then = account.deficit()
    sums, ledger = account.valuation.sums(), account.ledger
    return Closing(
        session=account.session,
        equity=equity,
        cash=ledger.cash,
        short=sums.short_value > 0,
        initial_margin=initial,
        maintenance_margin=maintenance,
        exchange_maintenance_margin=_exchange_maintenance(account) if maintenance > equity else 0.0,
        maintenance_rule=_largest_rule(account) if maintenance > equity else "",
        market_value=sums.long_value + sums.short_value,
        pattern_day_trader=account.pattern_day_trader and account.designation.lasts(sessions.next_session(account.session), account.rules),
        multiplier=account.multiplier,
        bod_dtbp=account.bod_dtbp,
        day_trade_exposure=ledger.peak_exposure(),
        day_traded=ledger.peak_exposure(aggregate=True),
        stepped_down=account.stepped_down(),
        excess_at_start=account.current.excess_at_start,
        fed_release=fed_release,
        fed_available=fed_available,
        intraday_margin_deficit=deficit,
        equity_at_deficit=equity_then,
        margin_level=account.margin_level(),
        open_kinds=tuple(call.kind for call in account.open_calls()),
    )


def call_maintenance_now(account: SessionState) -> MarginCall | None:
    """The brokerage calls during the session, due at once: the maintenance call that is open, or a new one; None if there is no deficiency."""
    found = account.open_calls("maintenance")
    if found:
        return found[-1]
    closing = _closing(account, 0.0, 0.0)  # no Fed call is made before the close
    breach = maintenance(account.rules, closing)
    if breach is None:
        return None
    call = account.call_book.issue_at_once(breach, account.rules, closing)
    renew(account)
    return call


def _exchange_maintenance(account: SessionState) -> float:
    """The rule's own maintenance margin, without house rates."""
    law, ledger = rulebook_for("finra").on(account.rules.day), account.ledger
    return sum(requirement(law, ledger.asset(s), qty, ledger.marks[s]).maintenance for s, qty in ledger.positions.items())


def _largest_rule(account: SessionState) -> str:
    """The parameter behind the position that requires the most maintenance margin."""
    ledger = account.ledger
    if not ledger.positions:
        return "maintenance_long_bands"  # a debt without a position
    asset, qty, price = max(
        ((ledger.asset(s), qty, ledger.marks[s]) for s, qty in ledger.positions.items()),
        key=lambda held: requirement(account.rules, *held).maintenance,
    )
    return maintenance_rule(account.rules, asset, qty, price)


# -- the next session


def _end_session(account: SessionState) -> None:
    """The measured session is over: its row is written, calls are issued and aged, what it closed with is what the next begins with."""
    current, measured = account.current, account.current.measured
    assert measured is not None
    row = account.session_row()
    current.rows.append(row)
    account.costs.accrue(measured.interest, measured.borrow_fee)
    account.record.write(CloseEntry(account.session, row))
    current.untouched = False
    if measured.closing is not None:
        account.call_book.close(account.rules, measured.closing, **account.since_measured())
    if account.cashbook is not None:
        violated(account, account.cashbook.close(account.session, account.rules))
    current.last_equity = measured.equity
    current.last_maintenance_margin = measured.maintenance_margin
    account.intraday.closing_marks = dict(measured.marks)


def _next_session(account: SessionState) -> None:
    """The clock stands at the first moment of the next session."""
    current, ledger = account.current, account.ledger
    current.session = sessions.next_session(current.session)
    current.now = max(current.now, datetime.combine(current.session, datetime.min.time()))
    for order in [o for o in ledger.orders.values() if o.ends_on is not None and o.ends_on < current.session]:
        release(account, order, "expired")
    for order in ledger.orders.values():
        order.unfillable_today = False
    account.regulation_t.next_session()
    ledger.new_day()
    _change_rules(account)
    start_session(account)
    for call in account.call_book.due_on(sessions.next_session(current.session)) if account.call_book.owing else ():
        account.record.notify(CallEntry(current.now, current.session, "due_tomorrow", call))


def _change_rules(account: SessionState) -> None:
    """The law of the new session, if it is another one."""
    current, rules = account.current, account.rulebook.on(account.session)
    if rules is current.rules:
        return
    new_regime = rules.regime != current.rules.regime
    if new_regime:
        account.call_book.drop_minimum_equity(account.session, "pdt_min_equity")
    current.rules = rules
    account.valuation.use(rules)
    account.ledger.counting_method = rules.counting_method or "direction"
    if new_regime:
        account.regulation_t.day.meter = account.intraday.new_meter()
