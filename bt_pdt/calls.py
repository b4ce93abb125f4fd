"""What is owed at the close of a session: one pure function for each kind of margin call, measured, not yet issued."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from .money import below, exceeds
from .rules.rulebook import PDT


class Restriction(NamedTuple):
    """What an account may not do: ``kind`` from ``start`` to ``until`` (the last restricted day, None while open-ended)."""

    kind: str
    start: date
    until: date | None
    why: str
    rule: str
    because: str


class Breach(NamedTuple):
    """A requirement that the closed session missed: the kind of call it makes, its dollars, the parameter behind it."""

    kind: str
    amount: float
    rule: str
    facts: dict[str, Any]


class Closing(NamedTuple):
    """The numbers of an account at the regular close, as the calls read them."""

    session: date
    equity: float
    initial_margin: float
    maintenance_margin: float
    pattern_day_trader: bool
    multiplier: int
    bod_dtbp: float
    day_trade_exposure: float
    excess_at_start: float
    reg_t_created: float
    intraday_margin_deficit: float
    equity_at_deficit: float


def day_trade(rules: Any, closing: Closing) -> Breach | None:
    """Day-trade call: peak same-day exposure over day-trading buying power at the start of the day, in the brokerage's proportion."""
    if rules.regime != PDT:
        return None
    start = closing.bod_dtbp
    if closing.multiplier < 4:
        if rules.dt_unflagged_call is not True:
            return None
        start = rules.dt_buying_power_multiple * max(0.0, closing.excess_at_start)
    over = closing.day_trade_exposure - start
    if not exceeds(over, 0.0):
        return None
    facts = {"day_trade_exposure": closing.day_trade_exposure, "bod_dtbp": start}
    return Breach("day_trade", over * rules.dt_call_ratio, "dt_buying_power_multiple", facts)


def fed(rules: Any, closing: Closing) -> Breach | None:
    """Fed (Reg T) call: what the day's trades created or increased of initial margin over equity; never from a fall; over $1,000."""
    amount = min(closing.reg_t_created, closing.initial_margin - closing.equity)
    if not exceeds(amount, rules.regt_de_minimis):
        return None
    return Breach("fed", amount, "regt_initial_long", {"initial_margin": closing.initial_margin, "equity": closing.equity})


def maintenance(rules: Any, closing: Closing) -> Breach | None:
    """Maintenance call: maintenance margin over equity at the close."""
    amount = closing.maintenance_margin - closing.equity
    if not exceeds(amount, 0.0):
        return None
    return Breach(
        "maintenance", amount, "maintenance_long_bands", {"maintenance_margin": closing.maintenance_margin, "equity": closing.equity}
    )


def minimum_equity(rules: Any, closing: Closing) -> Breach | None:
    """Minimum-equity call: a pattern day trader's equity under $25,000 at the close."""
    if rules.regime != PDT or not closing.pattern_day_trader or not below(closing.equity, rules.pdt_min_equity):
        return None
    facts = {"equity": closing.equity, "required": rules.pdt_min_equity}
    return Breach("minimum_equity", rules.pdt_min_equity - closing.equity, "pdt_min_equity", facts)


def intraday_margin(rules: Any, closing: Closing) -> Breach | None:
    """Intraday-margin call: the day's deficit; at a brokerage that lets minor ones pass, only above min(5 % of equity, $1,000)."""
    amount = closing.intraday_margin_deficit
    if rules.regime == PDT or not exceeds(amount, 0.0):
        return None
    minor = min(rules.imd_minor_ratio * max(0.0, closing.equity_at_deficit), rules.imd_minor_limit)
    if not rules.imd_call_minor and not exceeds(amount, minor):
        return None
    return Breach("intraday_margin", amount, "imd_prompt_days", {"intraday_margin_deficit": amount, "minor_limit": minor})


MEASURES = (day_trade, fed, maintenance, minimum_equity, intraday_margin)


def breaches(rules: Any, closing: Closing) -> list[Breach]:
    """Every call that this close makes due."""
    return [found for measure in MEASURES if (found := measure(rules, closing)) is not None]
