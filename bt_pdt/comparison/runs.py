"""One run as a comparison reads it: orders, executions and money by name, and the nights on which a position was stuck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.decisions import Rejected
from ..core.journal import CashEntry
from ..core.money import SHARE_DUST
from ..results import Result, tables
from ..results.metrics import Array
from ..results.result import bar_sessions

if TYPE_CHECKING:
    from ..bars import Bars


#: The first fields of an order, by the names of the table of orders.
_ASKED = ("order", "at", "session", "symbol", "side", "qty", "type", "accepted", "reason")


class Order(NamedTuple):
    """An order and its answer; ``closing`` is True if it was refused and would have reduced a position."""

    id: str
    at: datetime
    session: date
    symbol: str
    side: str
    qty: float
    type: str
    accepted: bool
    reason: str | None
    rule: str | None
    why: str | None
    closing: bool

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.side == "buy" else -1


class Trade(NamedTuple):
    """An execution, ``qty`` signed; ``order`` is the id of the order it belongs to (legs under their parent's)."""

    at: datetime
    session: date
    symbol: str
    qty: float
    price: float
    commission: float
    order: str
    forced: str | None


class Move(NamedTuple):
    """Money that moved other than by trading, with its sign: deposit, withdraw, interest, fee, dividend."""

    at: datetime
    session: date
    kind: str
    amount: float


class Stuck(NamedTuple):
    """A position kept over a night although an order to close it was refused that day, and what the night made of it."""

    session: date
    symbol: str
    qty: float
    refused: int
    reason: str
    close: float | None
    next_open: float | None
    pnl: float | None


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """One variant of a comparison: its name and its :class:`~bt_pdt.results.Result`.

    ``shares`` names the variant whose run this is too, because another ``brokerage`` is under the same law on all days of the data.
    """

    name: str
    result: Result
    brokerage: str | None = None
    shares: str = ""

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.summary['orders']} orders, {self.summary['refused']} refused>"

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers of the result."""
        return self.result.summary

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The arguments of the run; of a shared one with this variant's brokerage."""
        found: Mapping[str, Any] = self.result.manifest["parameters"]
        return found if self.brokerage is None else {**found, "brokerage": self.brokerage}

    @property
    def off(self) -> bool:
        """True if the rules were off: everything is measured, nothing refused or charged."""
        return bool(self.parameters["rules"] == "off")

    @property
    def mode(self) -> str:
        """off, entry, exit or both; ``default`` where the checks were left to the brokerage."""
        p = self.parameters
        if self.off:
            return "off"
        return str(p["block_on"] or ("default" if p["pdt_check"] is None else p["pdt_check"]))

    @property
    def priced(self) -> bool:
        """False for a saved run without its bars: a folder keeps no prices."""
        return all(fill.symbol in self.result.closes for fill in self.fills)

    @cached_property
    def profit(self) -> float:
        """Dollars made: equity at the end less equity at the start less what came in (and left)."""
        end = float(self.result.values[-1]) if len(self.result.values) else self.result.equity_start
        return end - self.result.equity_start - sum(move.amount for move in self.moves if move.kind in ("deposit", "withdraw"))

    @cached_property
    def returns(self) -> dict[str, float]:
        """Daily returns, without what came in or left, by session."""
        table = self.result.returns
        values = table["return"] if hasattr(table, "columns") else table
        return {day.date().isoformat(): float(value) for day, value in values.items()}

    @cached_property
    def days_restricted(self) -> int:
        """Sessions of the run on which a restriction was in force."""
        spans = [(r["from"], r["until"] or "9999") for r in self.result.restriction_rows]
        return sum(any(first <= row["session"] <= last for first, last in spans) for row in self.result.rows)

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """Orders as a customer sent them: one that the account books anew under its old id is not a new one."""
        journal = self.result.journal
        answers = {row["order"]: row for row in tables.refusal_rows(journal, carried=dict(self.result.carried))}
        found: dict[str, Order] = {}
        for row in tables.order_rows(journal):
            answer = answers.get(row["order"], {}) if not row["accepted"] else {}
            answered: tuple[Any, ...] = (answer.get("rule"), answer.get("why"), bool(answer.get("closing", False)))
            found.setdefault(row["order"], Order(*[*(row[name] for name in _ASKED), *answered]))
        return tuple(found.values())

    @cached_property
    def fills(self) -> tuple[Trade, ...]:
        """Every execution."""
        return tuple(
            Trade(
                row["at"],
                row["session"],
                row["symbol"],
                row["qty"] if row["side"] == "buy" else -row["qty"],
                row["price"],
                row["commission"],
                (row["order"] or "").split(".")[0],
                row["forced"],
            )
            for row in tables.fill_rows(self.result.journal)
        )

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """Money that moved; a refused withdrawal moved nothing."""
        made = [e for e in self.result.journal if isinstance(e, CashEntry) and not isinstance(e.decision, Rejected)]
        return tuple(Move(e.at, e.session, e.kind, -e.amount if e.kind == "withdraw" else e.amount) for e in made)

    def refused(self, *, closing: bool) -> list[Order]:
        """Refused orders that would have reduced a position (``closing``), or those that would not."""
        return [order for order in self.orders if not order.accepted and order.closing == closing]

    def stuck(self, bars: Bars | None) -> list[Stuck]:
        """Positions still held at the end of a day on which an order to close them was refused, in the order of days."""
        asked: dict[tuple[date, str], list[Order]] = {}
        for order in self.refused(closing=True):
            asked.setdefault((order.session, order.symbol), []).append(order)
        nights = {symbol: Nights(bars, symbol) for symbol in {s for _, s in asked}} if bars is not None else {}
        found = []
        for (day, symbol), orders in sorted(asked.items()):
            held = self.result.carried.get(symbol, 0.0) + sum(f.qty for f in self.fills if f.symbol == symbol and f.session <= day)
            if held * orders[-1].sign < -SHARE_DUST:
                close, opened = nights[symbol].around(day) if symbol in nights else (None, None)
                pnl = held * (opened - close) if close is not None and opened is not None else None
                found.append(Stuck(day, symbol, held, len(orders), str(orders[-1].reason), close, opened, pnl))
        return found


class Nights:
    """The last close of each session of one symbol and the first open of the next."""

    def __init__(self, bars: Bars, symbol: str) -> None:
        arrays = bars.arrays(symbol)
        days, firsts = np.unique(bar_sessions(arrays.datetimes), return_index=True)
        self._at = {day.item(): i for i, day in enumerate(days)}
        self._opens: Array = arrays.open[firsts]
        self._closes: Array = arrays.close[np.r_[firsts[1:], len(arrays.close)] - 1]

    def around(self, day: date) -> tuple[float | None, float | None]:
        """(last close of ``day``, first open after it); None where there is no bar."""
        i = self._at.get(day)
        if i is None:
            return None, None
        return float(self._closes[i]), float(self._opens[i + 1]) if i + 1 < len(self._opens) else None
