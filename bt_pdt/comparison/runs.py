"""One run as a comparison reads it: orders, executions, money, equity. A live :class:`~bt_pdt.report.Result` or a saved run folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..decisions import Rejected
from ..errors import BadInput
from ..journal import CashEntry
from ..money import SHARE_DUST
from ..report import metrics, tables
from ..report.folder import MADE_BY, MANIFEST
from ..report.metrics import Array
from ..report.result import bar_sessions

if TYPE_CHECKING:
    from ..bars import Bars
    from ..report import Result

#: What a run folder must hold to be compared.
NEEDED = ("orders", "refusals", "fills", "sessions", "calls", "restrictions", "equity")


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
    """One variant of a comparison. ``result`` is None where the run was read from a folder."""

    name: str
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    orders: Sequence[Order]
    fills: Sequence[Trade]
    moves: Sequence[Move]
    rows: Sequence[Mapping[str, Any]]
    call_rows: Sequence[Mapping[str, Any]]
    restriction_rows: Sequence[Mapping[str, Any]]
    times: Array
    values: Array
    equity_start: float
    returns: Mapping[str, float]
    unreadable: int = 0
    result: Result | None = field(default=None)

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.summary['orders']} orders, {self.summary['refused']} refused>"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The arguments of the run."""
        found: Mapping[str, Any] = self.manifest["parameters"]
        return found

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
    def flows(self) -> float:
        """Deposits less withdrawals, dollars."""
        return float(self.summary["deposits"] - self.summary["withdrawals"])

    @property
    def equity_end(self) -> float:
        """Equity at the end of the last bar."""
        return float(self.values[-1]) if len(self.values) else self.equity_start

    @property
    def profit(self) -> float:
        """Dollars made: equity at the end less equity at the start less what came in (and left)."""
        return self.equity_end - self.equity_start - self.flows

    @cached_property
    def carried(self) -> dict[str, float]:
        """Signed shares held before the first bar."""
        return {symbol: float(qty) for symbol, qty, _ in self.parameters["account"].get("positions", ())}

    @cached_property
    def days_restricted(self) -> int:
        """Sessions of the run on which a restriction was in force."""
        spans = [(r["from"], r["until"] or "9999") for r in self.restriction_rows]
        return sum(any(first <= row["session"] <= last for first, last in spans) for row in self.rows)

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
            held = self.carried.get(symbol, 0.0) + sum(f.qty for f in self.fills if f.symbol == symbol and f.session <= day)
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
        self._opens = arrays.open[firsts]
        self._closes = arrays.close[np.r_[firsts[1:], len(arrays.close)] - 1]

    def around(self, day: date) -> tuple[float | None, float | None]:
        """(last close of ``day``, first open after it); None where there is no bar."""
        i = self._at.get(day)
        if i is None:
            return None, None
        return float(self._closes[i]), float(self._opens[i + 1]) if i + 1 < len(self._opens) else None


def of_result(name: str, result: Result) -> Run:
    """A run that is in memory."""
    returns = result.returns
    return Run(
        name=name,
        manifest=result.manifest,
        summary=result.summary,
        orders=_orders(tables.order_rows(result.journal), tables.refusal_rows(result.journal, carried=dict(result.carried))),
        fills=_trades(tables.fill_rows(result.journal)),
        moves=_moves(result),
        rows=result.rows,
        call_rows=result.call_rows,
        restriction_rows=result.restriction_rows,
        times=result.times,
        values=result.values,
        equity_start=result.equity_start,
        returns={day.date().isoformat(): float(value) for day, value in returns.items()},
        unreadable=len(result.unreadable),
        result=result,
    )


def _moves(result: Result) -> tuple[Move, ...]:
    """Money moved, signed; a refused withdrawal moved nothing."""
    made = [e for e in result.journal if isinstance(e, CashEntry) and not isinstance(e.decision, Rejected)]
    return tuple(Move(e.at, e.session, e.kind, -e.amount if e.kind == "withdraw" else e.amount) for e in made)


def of_folder(path: str | Path, name: str | None = None) -> Run:
    """A run that was saved. Raises :class:`BadInput` if the folder is none."""
    folder = Path(path)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: is not a run folder, there is no {MANIFEST} in it.") from None
    except (OSError, ValueError):
        raise BadInput(f"{path}: its {MANIFEST} cannot be read.") from None
    if not isinstance(manifest, dict) or manifest.get("made_by") != MADE_BY:
        raise BadInput(f"{path}: is not a run folder, its {MANIFEST} was not written by {MADE_BY}.")
    found = {table: list(_read(folder / f"{table}.parquet")) for table in NEEDED}
    summary, equity = manifest["summary"], found["equity"]
    values = np.array([row["equity"] for row in equity], dtype=np.float64)
    times = np.array([row["at"] for row in equity], dtype="datetime64[us]")
    seen = {row["session"].isoformat() for row in equity}
    rows = [row | {"session": row["session"].isoformat()} for row in found["sessions"]]
    closes = [row for row in rows if row["session"] in seen]
    last = (times[-1].item(), found["sessions"][-1]["session"]) if len(times) and rows else None
    moves = [Move(*last, kind, -float(summary[total])) for kind, total in (("interest", "interest"), ("fee", "borrow_fees")) if last]
    return Run(
        name=name or folder.resolve().name,
        manifest=manifest,
        summary=summary,
        orders=_orders([row for row in found["orders"] if row["symbol"]], [row for row in found["refusals"] if row["symbol"]]),
        fills=_trades(found["fills"]),
        moves=tuple(move for move in moves if move.amount),
        rows=rows,
        call_rows=found["calls"],
        restriction_rows=[
            row | {side: row[side].isoformat() if row[side] else None for side in ("from", "until")} for row in found["restrictions"]
        ],
        times=times,
        values=values,
        equity_start=float(summary["equity_start"]),
        returns=dict(
            zip(
                [row["session"] for row in closes],
                metrics.daily_returns(float(summary["equity_start"]), [row["equity"] for row in closes]).tolist(),
                strict=True,
            )
        ),
        unreadable=sum(not row["symbol"] for row in found["orders"]),
    )


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a saved table as plain values: days as dates, times as datetimes, None for what is not there."""
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read ({str(error).splitlines()[0].rstrip('.')}).") from None
    days = {column for column in table if column in tables._DAYS}
    for row in table.to_dict("records"):
        yield {str(name): _plain(value, day=name in days) for name, value in row.items()}


def _plain(value: Any, *, day: bool) -> Any:
    """A cell as a plain value."""
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.date() if day else value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _orders(rows: Iterable[Mapping[str, Any]], refusals: Iterable[Mapping[str, Any]]) -> tuple[Order, ...]:
    """Orders as a customer sent them: one that the account books anew under its old id is not a new one."""
    answers = {row["order"]: row for row in refusals}
    found: dict[str, Order] = {}
    for row in rows:
        answer = answers.get(row["order"], {}) if not row["accepted"] else {}
        found.setdefault(
            row["order"],
            Order(
                row["order"],
                row["at"],
                row["session"],
                row["symbol"],
                row["side"],
                row["qty"],
                row["type"],
                bool(row["accepted"]),
                row["reason"],
                answer.get("rule"),
                answer.get("why"),
                bool(answer.get("closing", False)),
            ),
        )
    return tuple(found.values())


def _trades(rows: Iterable[Mapping[str, Any]]) -> tuple[Trade, ...]:
    return tuple(
        Trade(
            row["at"],
            row["session"],
            row["symbol"],
            row["qty"] if row["side"] == "buy" else -row["qty"],
            row["price"],
            row["commission"],
            str(row["order"] or "").split(".")[0],
            row["forced"],
        )
        for row in rows
    )


def flows_known(run: Run) -> bool:
    """False for a saved run with deposits or withdrawals: the folder tells their sum, not their days."""
    return run.result is not None or not run.flows
