"""The clocks that start on a day: when a trade settles, a call is due, a deposit may leave, a restriction ends.

Business days are exchange sessions and count from the next one; a deadline is the close of its day. The 90-day periods are calendar
days: those that follow a missed deadline or a sale begin on the day after it, the one of Fed calls on the issue day itself.
A clock keeps the law of the day it starts on, also where the regime changes before it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from ..core import sessions
from ..core.errors import BadInput, NotInForce
from ..core.money import dollars
from ..law.rulebook import INTRADAY, PDT, RULEBOOK_BEGINS, Rulebook, Rules, Source
from ..law.sources import cited, reading
from .call_book import UNDER_MINIMUM

EXCHANGE = "exchange calendar"
XNYS = cited("New York Stock Exchange calendar, XNYS of exchange_calendars", "https://github.com/gerrymanoim/exchange_calendars")
NEXT_SESSION = reading("what happens on a day that is no session belongs to the next one")


class Clock(NamedTuple):
    """A ``day``, several ``days``, or a ``span``: the first and the last day of a period, both included, or none if it has no
    length (``shape`` says which).

    ``rule`` is the parameter with the day it began, ``source`` the page behind it.
    """

    name: str
    label: str
    days: tuple[date, ...]
    rule: str
    source: Source
    shape: str = "day"


class CallTerms(NamedTuple):
    """A kind of margin call in words: its amount, its due day, what meets it, what follows. ``business_days`` is None without a due day."""

    kind: str
    measured_by: str
    business_days: int | None
    due: str
    met_by: str
    follows: str


def session_from(day: date) -> date:
    """``day`` itself if it is a session, else the next one."""
    return day if sessions.is_session(day) else sessions.next_session(day)


def regime_or_none(book: Rulebook, day: date) -> str | None:
    """The regime of ``day``, None before the day-trading rules began."""
    try:
        return book.regime_on(day)
    except NotInForce:
        return None


def clocks(book: Rulebook, day: date) -> list[Clock]:
    """Every clock that something of ``day`` starts under the rules of its session; those of the other regime are left out.

    Raises :class:`NotInForce` before the first known settlement cycle, :class:`BadInput` where the exchange calendar ends.
    """
    try:
        start = _Start(book, session_from(day))
        found = [*_trade(start)]
        if start.regime is not None:
            found += [*_day_trading(start), *_calls(start), *_intraday(start), *_cash_account(start)]
        return [*_sessions(start, day), *found, *_on_the_way(day, found)]
    except (IndexError, OverflowError):
        raise BadInput(f"a due day that counts from {day} lies beyond the exchange calendar, which ends on {sessions.LAST_DAY}.") from None


def absent_clocks(book: Rulebook, day: date) -> str:
    """One sentence on the clocks that the session of ``day`` does not have."""
    session = session_from(day)
    regime = regime_or_none(book, session)
    if regime is None:
        return f"The rulebook begins on {RULEBOOK_BEGINS}: of earlier days only settlement and the Reg T payment period are known."
    if regime == PDT:
        return f"Left out: intraday margin deficits, which the rules know from {book.value('switch_day', session)} on."
    began = book.value("switch_day", session)
    return f"Left out: day-trade windows, day-trade calls and deposit holds, which ended when the intraday margin rules began on {began}."


class _Start:
    """A session and its law: reads parameters, counts days, and puts the rule behind a clock."""

    def __init__(self, book: Rulebook, session: date) -> None:
        self.book, self.session, self.regime = book, session, regime_or_none(book, session)

    def __getitem__(self, parameter: str) -> Any:
        return self.book.value(parameter, self.session)

    def business_day(self, n: int) -> date:
        return sessions.add_business_days(self.session, n)

    def clock(self, name: str, label: str, parameter: str, *days: date, shape: str = "day") -> Clock:
        entry = self.book.since(parameter, self.session)
        assert entry is not None, parameter
        if entry.source.read_on == date.min:
            rule = f"{parameter} ({entry.source.title})"
        elif self.regime is None:
            rule = f"{parameter} (in force since {entry.day})"
        else:
            rule = self.book.on(self.session).cite(parameter)
        if shape == "span" and days[0] > days[-1]:
            days = ()
        return Clock(name, label, days, rule, entry.source, shape)


def _sessions(start: _Start, day: date) -> Iterator[Clock]:
    if day == start.session:
        yield Clock("session", "session it belongs to", (day,), EXCHANGE, XNYS)
    else:
        yield Clock("session", f"session it belongs to: {day:%a} {day} is none, so the next one", (start.session,), EXCHANGE, NEXT_SESSION)
    yield Clock("next_session", "next session, when calls are issued", (start.business_day(1),), EXCHANGE, XNYS)


def _trade(start: _Start) -> Iterator[Clock]:
    cycle, payment = start["settlement_days"], start["regt_payment_days"]
    yield start.clock("settlement", f"a trade settles, T+{cycle}", "settlement_days", sessions.settlement_date(start.session, cycle))
    yield start.clock("fed_call_due", f"Fed call due ({_day(payment)})", "regt_payment_days", start.business_day(payment))


def _day_trading(start: _Start) -> Iterator[Clock]:
    if start.regime != PDT:
        return
    length, hold, days = (start[name] for name in ("pdt_window_business_days", "dt_deposit_hold_days", "dt_call_days"))
    window = sessions.window(start.session, length)
    out = [sessions.add_business_days(session, length) for session in window]
    label = f"day trades add up over these {_count(length, 'business day')}"
    yield start.clock("day_trade_window", label, "pdt_window_business_days", *window, shape="days")
    yield start.clock("day_trades_drop_out", "they drop out on, in the same order", "pdt_window_business_days", *out, shape="days")
    label = f"a day-trading deposit may leave ({_count(hold, 'full day')} stayed)"
    yield start.clock("deposit_hold", label, "dt_deposit_hold_days", start.business_day(hold + 1))
    if start["pdt_flag_days"] is not None:
        label = f"a designation set on this day lasts ({_count(start['pdt_flag_days'], 'calendar day')} after it)"
        last = start.session + timedelta(days=start["pdt_flag_days"])
        yield start.clock("designation", label, "pdt_flag_days", start.session, last, shape="span")
    issued, due = start.business_day(1), start.business_day(days)
    yield start.clock("day_trade_call_due", f"day-trade call due ({_day(days)})", "dt_call_days", due)
    if start["dt_open_call_restriction"] == "liquidation_only":
        yield start.clock("liquidation_only_from", "liquidation only, from its issue until met", "dt_open_call_restriction", issued)
        return
    kind = start["dt_open_call_restriction"]
    if kind == "buying_power_2x":
        label = f"until then {start['dt_multiple_under_call']:g}x the excess, day trades summed up"
        yield start.clock(kind, label, "dt_multiple_under_call", issued, due, shape="span")
    else:
        label = f"until then {_MAY[kind]}"
        yield start.clock(f"open_call_{kind}", label, "dt_open_call_restriction", issued, due, shape="span")
    length, kind = start["dt_cash_basis_days"], start["dt_unmet_restriction"]
    rule = "dt_cash_basis_days" if kind == "cash_available" else "dt_unmet_restriction"
    label = f"unmet: {_MAY[kind]} ({_count(length, 'calendar day')})"
    yield start.clock(kind, label, rule, *_after(due, length), shape="span")
    label = "the same if a call due on this day is not met"
    yield start.clock(f"{kind}_if_due_now", label, rule, *_after(start.session, length), shape="span")


def _calls(start: _Start) -> Iterator[Clock]:
    issued, length = start.business_day(1), start["fed_restriction_days"]
    which = f"{ordinal(start['fed_calls_before_restriction'])} Fed call in {start['fed_call_window_months']} months"
    label = f"{which}: liquidation only ({_count(length, 'calendar day')} from its issue)"
    yield start.clock("fed_restriction", label, "fed_restriction_days", issued, issued + timedelta(days=length - 1), shape="span")
    days, outer = start["maintenance_call_days"], start["maintenance_call_outer_days"]
    if start["maintenance_real_time"]:
        label = "maintenance call: positions are sold at once"
        yield start.clock("maintenance_call_due", label, "maintenance_real_time", start.session)
    else:
        days, rule = min((days, "maintenance_call_days"), (outer, "maintenance_call_outer_days"))
        yield start.clock("maintenance_call_due", f"maintenance call due ({_day(days)})", rule, start.business_day(days))
    label = f"its outer limit ({_day(outer)})"
    yield start.clock("maintenance_call_limit", label, "maintenance_call_outer_days", start.business_day(outer))


def _intraday(start: _Start) -> Iterator[Clock]:
    if start.regime != INTRADAY:
        return
    days, prompt, expiry = (start[name] for name in ("imd_call_days", "imd_prompt_days", "imd_expiry_days"))
    yield start.clock("intraday_call_due", f"intraday margin call due ({_day(days)})", "imd_call_days", start.business_day(days))
    failure = start.business_day(prompt)
    yield start.clock("intraday_failure", f"deficit unmet: a failure ({_day(prompt)})", "imd_prompt_days", failure)
    yield start.clock("intraday_expiry", f"deficit unmet: it expires ({_day(expiry)})", "imd_expiry_days", start.business_day(expiry))
    length, kind = start["imd_freeze_days"], start["imd_freeze_restriction"]
    rule, what = ("imd_freeze_days", "frozen") if kind == "ninety_day_freeze" else ("imd_freeze_restriction", _MAY[kind])
    label = f"{_failures(start['practice_failures'], start['practice_months'])}: {what} ({_count(length, 'calendar day')})"
    yield start.clock(kind, label, rule, *_after(failure, length), shape="span")
    label = "the same if the failure is on this day"
    yield start.clock(f"{kind}_if_failed_now", label, rule, *_after(start.session, length), shape="span")


def _cash_account(start: _Start) -> Iterator[Clock]:
    length = start["regt_cash_freeze_days"]
    label = f"cash account, sold before paid: funds on hand only ({_count(length, 'calendar day')})"
    yield start.clock("cash_account_freeze", label, "regt_cash_freeze_days", *_after(start.session, length), shape="span")


def _on_the_way(day: date, found: list[Clock]) -> Iterator[Clock]:
    """What the business days of these clocks pass over, from the first to the last."""
    counted = [day, *(d for clock in found if clock.shape != "span" for d in clock.days)]
    first, last = min(counted), max(counted)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    closed = [d for d in days if d.weekday() < 5 and not sessions.is_session(d)]
    met = [d for d in days if sessions.is_session(d)]
    early = [d for d in met if sessions.close_of(d).time() < sessions.REGULAR_CLOSE]
    banks = [d for d in met if not sessions.is_settlement_day(d)]
    yield Clock("holidays", "exchange closed on the way", tuple(closed), EXCHANGE, XNYS, "days")
    yield Clock("early_closes", "early closes on the way (full business days)", tuple(early), EXCHANGE, XNYS, "days")
    yield Clock("bank_holidays", "banks closed on the way (nothing settles)", tuple(banks), EXCHANGE, XNYS, "days")


def call_terms(rules: Rules) -> list[CallTerms]:
    """What each kind of call of a day is, in words, from its parameters."""
    terms = []
    if rules.regime == PDT:
        terms.append(_day_trade_terms(rules))
    third = f"the {ordinal(rules.fed_calls_before_restriction)} in {rules.fed_call_window_months} months"
    terms.append(
        CallTerms(
            "fed",
            f"the initial margin above equity that the day's trades made, if over {dollars(rules.regt_de_minimis)}",
            rules.regt_payment_days,
            f"by the {_close(rules.regt_payment_days)}",
            "deposits and half of net sales",
            f"unmet, positions are sold; {third}: liquidation only for {_count(rules.fed_restriction_days, 'calendar day')} from its issue",
        )
    )
    days = 0 if rules.maintenance_real_time else min(rules.maintenance_call_days, rules.maintenance_call_outer_days)
    terms.append(
        CallTerms(
            "maintenance",
            "maintenance margin above equity",
            days,
            "at once, during the session" if rules.maintenance_real_time else f"by the {_close(days)}",
            "deposits, sales or a rise in price",
            "unmet, positions are sold, " + {"largest": "the largest", "losers": "the largest loss"}[rules.liquidation_order] + " first",
        )
    )
    terms += _minimum_equity_terms(rules)
    if rules.regime == INTRADAY:
        terms.append(_intraday_terms(rules))
    return terms


#: A restriction in words: all that an account may still do.
_MAY = {
    "liquidation_only": "liquidation only",
    "closing_only": "closing trades only",
    "no_day_trades": "no day trades",
    "cash_available": "cash available only",
}


def _day_trade_terms(rules: Rules) -> CallTerms:
    share = "what" if rules.dt_call_ratio == 1 else f"{100 * rules.dt_call_ratio:g} % of what"
    whom = "" if rules.dt_unflagged_call else f" (only with the multiple of {rules.dt_buying_power_multiple:g})"
    if rules.dt_open_call_restriction == "liquidation_only":
        follows = "liquidation only from its issue until it is met"
    else:
        kind, unmet = rules.dt_open_call_restriction, rules.dt_unmet_restriction
        stepped = f"a pattern day trader has {rules.dt_multiple_under_call:g} times the excess"
        ends = "whatever is paid" if unmet == "no_day_trades" else "or until met"
        first = stepped if kind == "buying_power_2x" else _MAY[kind]
        follows = f"{first} until then, and after it {_MAY[unmet]} for {_count(rules.dt_cash_basis_days, 'calendar day')} {ends}"
    measured = f"{share} the day's highest exposure exceeds day-trading buying power by{whom}"
    return CallTerms("day_trade", measured, rules.dt_call_days, f"by the {_close(rules.dt_call_days)}", "deposits", follows)


def _minimum_equity_terms(rules: Rules) -> Iterator[CallTerms]:
    if rules.regime == PDT and rules.minimum_equity_call:
        missing = f"a pattern day trader's equity under {dollars(rules.pdt_min_equity)} at a close"
        follows = " and ".join(_MAY[kind] for kind in UNDER_MINIMUM[rules.pdt_under_25k]) + " until met"
        yield CallTerms("minimum_equity", missing, None, "on no set day", "a close with that equity", follows)
    if rules.margin_min_equity_call:
        missing = f"equity under {dollars(rules.margin_min_equity)} at a close with a debit or a short position"
        met = "a close with that equity, or without debit and short position"
        yield CallTerms("minimum_equity", missing, None, "on no set day", met, "no new debit and no short sale until met")


def _intraday_terms(rules: Rules) -> CallTerms:
    minor = f"the lesser of {100 * rules.imd_minor_ratio:g} % of equity and {dollars(rules.imd_minor_limit)}"
    level = "a rise of the margin level from close to close" if rules.imd_gains_count else "deposits and closing trades"
    failure = _failures(rules.practice_failures, rules.practice_months)
    kind = rules.imd_freeze_restriction
    frozen = "no new debit and no short sale" if kind == "ninety_day_freeze" else _MAY[kind]
    return CallTerms(
        "intraday_margin",
        "the day's largest deficit" + ("" if rules.imd_call_minor else f", if over {minor}"),
        rules.imd_call_days,
        f"by the {_close(rules.imd_call_days)}",
        level,
        f"unmet, a failure at the {_close(rules.imd_prompt_days)}; {failure}: {frozen} for "
        f"{_count(rules.imd_freeze_days, 'calendar day')} or until met; it expires at the {_close(rules.imd_expiry_days)}",
    )


def ordinal(n: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``15th``."""
    ending = "th" if 11 <= n % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _after(day: date, length: int) -> tuple[date, date]:
    """The ``length`` calendar days that follow ``day``: the first and the last."""
    return day + timedelta(days=1), day + timedelta(days=length)


def _day(n: int) -> str:
    return f"{ordinal(n)} business day" if n else "the same day"


def _close(n: int) -> str:
    return f"close of the {ordinal(n)} business day" if n else "close of the same day"


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def _failures(number: int, months: int) -> str:
    return "one failure" if number == 1 else f"{ordinal(number)} failure in {months} months"
