"""What a brokerage answers: a closed set of reasons and the two shapes of an answer.

A refusal is a value. Its ``reason`` is ours and stable; ``code`` and ``message`` are the brokerage's own words,
kept verbatim and never branched on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal, NamedTuple


class Reason(StrEnum):
    """Why an order or a withdrawal is refused, in the order in which a brokerage looks (the first one names it)."""

    INVALID_ORDER = "INVALID_ORDER"
    PRICE = "PRICE"
    TRADING_BLOCKED = "TRADING_BLOCKED"
    LIQUIDATION_ONLY = "LIQUIDATION_ONLY"
    CLOSING_ONLY = "CLOSING_ONLY"
    CASH_AVAILABLE = "CASH_AVAILABLE"
    FROZEN_90_DAYS = "FROZEN_90_DAYS"
    PDT_RESTRICTED_DAYTRADE = "PDT_RESTRICTED_DAYTRADE"
    NOT_SHORTABLE = "NOT_SHORTABLE"
    NO_SHORT = "NO_SHORT"
    MINIMUM_EQUITY = "MINIMUM_EQUITY"
    QTY = "QTY"
    WASH = "WASH"
    NON_MARGINABLE_BUYING_POWER = "NON_MARGINABLE_BUYING_POWER"
    BUYING_POWER = "BUYING_POWER"
    DTBP = "DTBP"
    PDT_COUNT = "PDT_COUNT"
    WITHDRAWAL = "WITHDRAWAL"


class AdviceCode(StrEnum):
    """What a careful trader would want to know about an order that is accepted."""

    LAST_DAY_TRADE = "LAST_DAY_TRADE"
    EXIT_WOULD_BE_REFUSED = "EXIT_WOULD_BE_REFUSED"
    ABOVE_OVERNIGHT = "ABOVE_OVERNIGHT"
    DEFICIT_WOULD_FOLLOW = "DEFICIT_WOULD_FOLLOW"
    NEAR_MAINTENANCE = "NEAR_MAINTENANCE"


class Advice(NamedTuple):
    """One sentence about an accepted order; never a refusal, never about a rule that does not bind."""

    code: AdviceCode
    sentence: str


class WouldPass(NamedTuple):
    """What would have passed: the largest ``qty`` of this very order now, and the first session ``on`` which it passes whole."""

    qty: float
    on: date | None


class Refusal(NamedTuple):
    """One failing check: the reason, the parameter that refuses, the numbers compared, extra keys of the wire body."""

    reason: Reason
    rule: str
    facts: dict[str, Any]
    why: str
    wire: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order may work. ``advice`` is empty unless something about this account makes it worth a word."""

    advice: tuple[Advice, ...] = ()
    accepted: Literal[True] = field(default=True, init=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The brokerage's refusal and what is behind it.

    ``http_status``, ``code``, ``message`` and ``body`` are the brokerage's words. ``rule`` names the parameter and the
    day it began, ``facts`` the numbers compared, ``also`` every other reason that fails too, ``would_pass`` what would
    have been accepted, ``why`` one plain sentence.
    """

    reason: Reason
    http_status: int
    code: int | None
    message: str
    body: Mapping[str, Any]
    rule: str
    facts: dict[str, Any]
    also: tuple[Reason, ...]
    would_pass: WouldPass
    why: str
    accepted: Literal[False] = field(default=False, init=False)


Decision = Accepted | Rejected
