"""What a brokerage answers: a closed set of reasons and the two shapes of an answer.

A refusal is a value. Its ``reason`` is ours and stable; ``code`` and ``message`` are the brokerage's own words,
kept verbatim and never branched on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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


class WouldPass:
    """What would have passed: the largest ``qty`` of this very order then, and the first session ``on`` which it passes whole (None where
    waiting does not help).

    It takes longer to find than the refusal itself, so it is worked out when it is first read, or before the account changes.
    """

    __slots__ = ("__weakref__", "_answer", "_work")
    _fields = ("qty", "on")

    def __init__(self, qty: float, on: date | None) -> None:
        self._answer: tuple[float, date | None] | None = (qty, on)
        self._work: Callable[[], tuple[float, date | None]] | None = None

    @classmethod
    def when_read(cls, work: Callable[[], tuple[float, date | None]]) -> WouldPass:
        """The answer of ``work()``, once it is wanted."""
        twin = cls.__new__(cls)
        twin._answer, twin._work = None, work
        return twin

    def worked_out(self) -> tuple[float, date | None]:
        """(qty, on)."""
        if self._answer is None:
            assert self._work is not None
            self._answer, self._work = self._work(), None
        return self._answer

    @property
    def qty(self) -> float:
        """The largest quantity that would have passed, shares."""
        return self.worked_out()[0]

    @property
    def on(self) -> date | None:
        """The first session on which the whole order would pass."""
        return self.worked_out()[1]

    def __iter__(self) -> Iterator[float | date | None]:
        return iter(self.worked_out())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WouldPass) and self.worked_out() == other.worked_out()

    def __hash__(self) -> int:
        return hash(self.worked_out())

    def __repr__(self) -> str:
        return f"WouldPass(qty={self.qty!r}, on={self.on!r})"

    def __getstate__(self) -> tuple[float, date | None]:
        """What a copy, a pickle or a saved account takes: the answer, not the account that it is worked out from."""
        return self.worked_out()

    def __setstate__(self, answer: tuple[float, date | None]) -> None:
        self._answer, self._work = answer, None


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
