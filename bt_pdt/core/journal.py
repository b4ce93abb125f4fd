"""The journal: what happened to an account, entry by entry, as values. Reports read this and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from .decisions import Decision
from .orders import Fill, OrderRequest


class OrderEntry(NamedTuple):
    """An order (or its replacement) and the brokerage's answer."""

    at: datetime
    session: date
    request: OrderRequest
    decision: Decision
    replaces: str | None = None


class FillEntry(NamedTuple):
    """An execution, and how many day trades it completed; ``forced`` names the call behind a liquidation."""

    at: datetime
    session: date
    fill: Fill
    day_trades: int
    forced: str | None = None
    #: what was odd about it: an execution of an order that does not work
    note: str | None = None


class AdoptEntry(NamedTuple):
    """A figure of the brokerage's that the account took over in the place of its own: ``name``, theirs, ours, the likely cause."""

    at: datetime
    session: date
    name: str
    theirs: float
    ours: float
    cause: str


class ReleaseEntry(NamedTuple):
    """A working order that ended without (further) execution."""

    at: datetime
    session: date
    order_id: str
    cause: str


class CashEntry(NamedTuple):
    """A deposit, withdrawal, interest, fee or dividend; a refused withdrawal carries its decision and moved nothing.

    ``for_call`` is the id of the margin call that a deposit is made for.
    """

    at: datetime
    session: date
    kind: str
    amount: float
    decision: Decision | None = None
    for_call: str | None = None


class FlagEntry(NamedTuple):
    """The pattern-day-trader designation was set or lifted, and why."""

    at: datetime
    session: date
    pattern_day_trader: bool
    cause: str


class RestrictionEntry(NamedTuple):
    """A restriction begins to bind (``on``) or has ended; ``why`` is the call id or the rule behind it."""

    at: datetime
    session: date
    kind: str
    on: bool
    because: str
    why: str


class CallEntry(NamedTuple):
    """A margin call was issued, met, met_late, past_due, expired or closed: ``event``; ``call`` is the :class:`~bt_pdt.account.calls.MarginCall` since."""

    at: datetime
    session: date
    event: str
    call: Any


class ViolationEntry(NamedTuple):
    """A cash account bought or sold what it should not have; ``violation`` is the :class:`~bt_pdt.account.cash_account.Violation`."""

    at: datetime
    session: date
    violation: Any


class SizeEntry(NamedTuple):
    """A sizer gave ``given`` shares where ``asked`` were asked for, and why: one sentence and the rule or parameter behind it."""

    at: datetime
    session: date
    symbol: str
    asked: float
    given: float
    why: str


class CloseEntry(NamedTuple):
    """A regular session ended; ``row`` is its line of the sessions table."""

    session: date
    row: dict[str, Any]


Entry = (
    OrderEntry
    | FillEntry
    | AdoptEntry
    | ReleaseEntry
    | CashEntry
    | FlagEntry
    | RestrictionEntry
    | CallEntry
    | ViolationEntry
    | SizeEntry
    | CloseEntry
)
