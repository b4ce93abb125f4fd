"""Margin calls: what a close makes owed, by when, and the one table of how a call can move.

A measure is a pure function of (rules, the close) and answers with a :class:`Breach` or None. A breach is issued as a
:class:`MarginCall` on the next session; :func:`move` is the only way to another status.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, NamedTuple, get_args

from ..core import sessions
from ..core.money import below, cents, exceeds
from ..law.rulebook import PDT, Rules

#: Literal types, so that a checker of types finds a misspelt kind, and plain text everywhere else.
CallKind = Literal["day_trade", "fed", "maintenance", "minimum_equity", "intraday_margin"]
CallStatus = Literal["open", "met", "past_due", "met_late", "expired", "closed"]
CallEvent = Literal["met", "past_due", "expired", "closed"]
KINDS: tuple[CallKind, ...] = get_args(CallKind)
#: Kinds whose unmet call a brokerage cures by selling, and those that a deposit can meet.
LIQUIDATED: tuple[CallKind, ...] = ("fed", "maintenance")

#: (status, what happens) -> status. What is met after it expired stays expired: it only frees what hangs on it.
MOVES: dict[tuple[CallStatus, CallEvent], CallStatus] = {
    ("open", "met"): "met",
    ("open", "past_due"): "past_due",
    ("open", "closed"): "closed",
    ("past_due", "met"): "met_late",
    ("past_due", "expired"): "expired",
    ("past_due", "closed"): "closed",
    ("expired", "met"): "expired",
}


class Breach(NamedTuple):
    """A requirement that the closed session missed: the kind of call it makes, its dollars, the parameter behind it."""

    kind: CallKind
    amount: float
    parameter: str
    facts: dict[str, Any]
    minor: bool = False


class Closing(NamedTuple):
    """The numbers of an account at the regular close, as the calls read them. ``margin_level`` is on the basis of the intraday margin rule."""

    session: date
    equity: float
    cash: float
    short: bool
    initial_margin: float
    maintenance_margin: float
    exchange_maintenance_margin: float  # the rule's own; this and the next only where maintenance margin exceeds equity
    maintenance_rule: str  # the parameter behind the largest requirement
    market_value: float  # of all positions, long and short
    pattern_day_trader: bool  # on the session after it too
    multiplier: int
    bod_dtbp: float
    day_trade_exposure: float
    day_traded: float
    stepped_down: bool
    excess_at_start: float
    fed_release: float  # initial margin that the day's transactions set free, all combined; negative: what they need
    fed_available: float  # SMA that can pay for it
    intraday_margin_deficit: float
    equity_at_deficit: float
    margin_level: float
    open_kinds: tuple[CallKind, ...] = ()  # of the calls open at the close


@dataclass(frozen=True, slots=True)
class MarginCall:
    """Money owed: ``amount`` dollars, measured at the close of ``measured_on``, issued on the next session, due at the close of ``due_on``.

    ``kind`` is one of :data:`KINDS`; ``parameter`` the rule behind it, ``rule`` the same with the day it began, ``facts`` the numbers.
    ``due_on`` is None where no day is set (minimum equity). ``status`` moves by :data:`MOVES`; ``ended_on`` is the day on which it was
    met or expired. ``received`` counts what came in towards it: deposits, and for a Fed call what a day's transactions release.
    """

    id: str
    kind: CallKind
    amount: float
    measured_on: date
    issued_on: date
    due_on: date | None
    rule: str
    parameter: str
    facts: dict[str, Any] = field(default_factory=dict, compare=False)
    status: CallStatus = "open"
    ended_on: date | None = None
    received: float = 0.0
    margin_level: float = 0.0  # at the close it was measured at: an intraday margin call is met when a later close is higher by the amount
    minor: bool = False
    satisfied_on: date | None = None  # also after it expired
    failed_on: date | None = None  # the close of the fifth business day, for an intraday margin call unmet then

    @property
    def is_open(self) -> bool:
        """Neither met nor expired nor closed."""
        return self.status in ("open", "past_due")

    @property
    def missing(self) -> float:
        """Dollars that have not come in yet."""
        return max(0.0, self.amount - self.received)

    def to_dict(self) -> dict[str, Any]:
        """The call's line in a report: days as text, dollars in cents."""
        return {
            "id": self.id,
            "kind": self.kind,
            "amount": cents(self.amount),
            "issued_on": self.issued_on.isoformat(),
            "due_on": self.due_on.isoformat() if self.due_on else None,
            "status": self.status,
            "ended_on": self.ended_on.isoformat() if self.ended_on else None,
            "rule": self.rule,
        }


def move(call: MarginCall, event: CallEvent, day: date) -> MarginCall:
    """The call after ``event`` (met, past_due, expired, closed) of ``day``. Raises ValueError for a move that is not in :data:`MOVES`."""
    try:
        status = MOVES[call.status, event]
    except KeyError:
        raise ValueError(f"call {call.id} is {call.status}, so it cannot become {event}.") from None
    ended = day if status in ("met", "met_late", "expired") and call.ended_on is None else call.ended_on
    return replace(call, status=status, ended_on=ended, satisfied_on=day if event == "met" else call.satisfied_on)


def due_day(rules: Rules, kind: CallKind, measured: date) -> date | None:
    """The session by whose close a call of ``kind`` measured at the close of ``measured`` is to be met; None where no day is set."""
    days = {
        "day_trade": rules.dt_call_days,
        "fed": rules.regt_payment_days,
        "maintenance": 0 if rules.maintenance_real_time else min(rules.maintenance_call_days, rules.maintenance_call_outer_days),
        "minimum_equity": None,
        "intraday_margin": rules.imd_call_days,
    }[kind]
    return None if days is None else sessions.add_business_days(measured, days)


def issued(call_id: str, breach: Breach, rules: Rules, closing: Closing) -> MarginCall:
    """The call that ``breach`` makes on the session after it."""
    issue, due = sessions.next_session(closing.session), due_day(rules, breach.kind, closing.session)
    return MarginCall(
        call_id,
        breach.kind,
        breach.amount,
        closing.session,
        issue,
        None if due is None else max(due, issue),
        rules.cite(breach.parameter),
        breach.parameter,
        breach.facts,
        margin_level=closing.margin_level,
        minor=breach.minor,
    )


# -- the measures


def day_trade(rules: Rules, closing: Closing) -> Breach | None:
    """Day-trade call: peak same-day exposure over day-trading buying power at the start of the day, in the brokerage's proportion.

    While an earlier call holds the account to twice the excess, the sum of the day's day trades counts, and half of what it exceeds
    that by is called for.
    """
    if rules.regime != PDT:
        return None
    if closing.stepped_down:
        times = rules.dt_multiple_under_call
        start = times * max(0.0, closing.excess_at_start)
        used = closing.day_traded if rules.dt_aggregate_under_call else closing.day_trade_exposure
        over, ratio = used - start, 1.0 / times
    else:
        start, used, ratio = closing.bod_dtbp, closing.day_trade_exposure, rules.dt_call_ratio
        if closing.multiplier < rules.dt_buying_power_multiple:
            if rules.dt_unflagged_call is not True:
                return None
            start = rules.dt_buying_power_multiple * max(0.0, closing.excess_at_start)
        over = used - start
    if not exceeds(over, 0.0):
        return None
    return Breach("day_trade", over * ratio, "dt_buying_power_multiple", {"day_trade_exposure": used, "bod_dtbp": start})


def fed(rules: Rules, closing: Closing) -> Breach | None:
    """Fed (Reg T) call: what all of the day's transactions together need of initial margin beyond SMA, if over $1,000.

    12 CFR 220.4(c)(1) combines a day's transactions, so a flat day trade or a swap of equal value needs nothing, and a fall in price
    never makes a call.
    """
    amount = -closing.fed_release - closing.fed_available
    if not exceeds(amount, rules.regt_de_minimis):
        return None
    facts = {
        "initial_margin": closing.initial_margin,
        "equity": closing.equity,
        "needed_by_trades": -closing.fed_release,
        "sma": closing.fed_available,
    }
    return Breach("fed", amount, "regt_initial_long", facts)


def maintenance(rules: Rules, closing: Closing) -> Breach | None:
    """Maintenance call: maintenance margin over equity at the close."""
    amount = closing.maintenance_margin - closing.equity
    if not exceeds(amount, 0.0):
        return None
    exchange = max(0.0, closing.exchange_maintenance_margin - closing.equity)
    facts = {
        "market_value": closing.market_value,
        "maintenance_margin": closing.maintenance_margin,
        "equity": closing.equity,
        "exchange_maintenance_margin": closing.exchange_maintenance_margin,
        "exchange_call": exchange,
    }
    return Breach("maintenance", amount, closing.maintenance_rule, facts)


def minimum_equity(rules: Rules, closing: Closing) -> Breach | None:
    """Minimum-equity call: a pattern day trader's equity under $25,000 at the close; at some brokerages $2,000 with a debit or short."""
    required, parameter = 0.0, ""
    if rules.regime == PDT and closing.pattern_day_trader and rules.minimum_equity_call:
        required, parameter = rules.pdt_min_equity, "pdt_min_equity"
    elif rules.margin_min_equity_call and (below(closing.cash, 0.0) or closing.short):
        required, parameter = rules.margin_min_equity, "margin_min_equity"
    if not parameter or not below(closing.equity, required):
        return None
    return Breach("minimum_equity", required - closing.equity, parameter, {"equity": closing.equity, "required": required})


def minor_limit(rules: Rules, equity: float) -> float:
    """A deficit up to this many dollars is minor: the lesser of 5 % of equity (at the deficit) and $1,000, boundary included."""
    return float(min(rules.imd_minor_ratio * max(0.0, equity), rules.imd_minor_limit))


def intraday_margin(rules: Rules, closing: Closing) -> Breach | None:
    """Intraday-margin call: the day's deficit; at a brokerage that lets minor ones pass, only above min(5 % of equity, $1,000)."""
    amount = closing.intraday_margin_deficit
    if rules.regime == PDT or not exceeds(amount, 0.0):
        return None
    limit = minor_limit(rules, closing.equity_at_deficit)
    minor = not exceeds(amount, limit)
    if minor and not rules.imd_call_minor:
        return None
    facts = {"intraday_margin_deficit": amount, "minor_limit": limit, "equity": closing.equity_at_deficit}
    return Breach("intraday_margin", amount, "imd_prompt_days", facts, minor)


MEASURES = (day_trade, fed, maintenance, minimum_equity, intraday_margin)


def breaches(rules: Rules, closing: Closing) -> list[Breach]:
    """Every call that this close makes due."""
    return [found for measure in MEASURES if (found := measure(rules, closing)) is not None]
