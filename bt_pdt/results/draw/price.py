"""The price of one symbol with what was done at it: fills, in red the orders that the brokerage refused, and nights on which it was stuck.

Numbers here, drawn in ``drawing`` (matplotlib) and ``interactive`` (plotly).
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core.decisions import Rejected
from ...core.errors import BadInput, known_name
from ...core.journal import FillEntry, OrderEntry
from ...core.sessions import close_of
from .. import tables
from ..metrics import Array

if TYPE_CHECKING:
    from ..result import Result


class Marks(NamedTuple):
    """Things that happened: the place of each on the axis of bars, its price, and what it says when it is pointed at."""

    at: Array
    price: Array
    words: tuple[str, ...]


class PriceData(NamedTuple):
    """The closes of one symbol, bar by bar (their ends are ``times``), and its marks. ``bars`` is False where only prices of fills are known."""

    symbol: str
    day: date | None
    times: Array
    close: Array
    bought: Marks
    sold: Marks
    refused: Marks
    stuck: Marks
    bars: bool

    @property
    def title(self) -> str:
        """``SPY: 12 fills, 7 refused, 2 nights stuck``."""
        fills = len(self.bought.at) + len(self.sold.at)
        parts = [f"{fills:,} fills", f"{len(self.refused.at):,} refused"]
        if len(self.stuck.at):
            parts.append(f"stuck over {len(self.stuck.at):,} night{'s' if len(self.stuck.at) > 1 else ''}")
        when = f" on {self.day}" if self.day is not None else ""
        return f"{self.symbol}{when}: {', '.join(parts)}{'' if self.bars else ' (prices of fills: the bars are not kept)'}"


def price_data(result: Result, symbol: str | None = None, day: date | str | None = None) -> PriceData:
    """The price of ``symbol`` (default: the one most refused, else most traded) over the run, or over the session ``day``."""
    from ..result import bar_sessions

    asked = [e for e in result.journal if isinstance(e, OrderEntry)]
    fills = [e for e in result.journal if isinstance(e, FillEntry)]
    refusals = [e for e in asked if isinstance(e.decision, Rejected)]
    seen = dict.fromkeys([e.request.symbol for e in asked] + [e.fill.symbol for e in fills] + list(result.closes))
    if symbol is None:
        counts = Counter(e.request.symbol for e in refusals) or Counter(e.fill.symbol for e in fills)
        symbol = counts.most_common(1)[0][0] if counts else next(iter(seen), "")
    elif seen:
        known_name("symbol", symbol, list(seen))
    times, close, bars = _closes(result, symbol, fills)
    chosen = _day(day)
    if chosen is not None:
        inside = bar_sessions(times) == np.datetime64(chosen) if len(times) else np.zeros(0, dtype=bool)
        if not inside.any():
            raise BadInput(f"day takes a session on which {symbol} has bars, got {chosen}.")
        times, close = times[inside], close[inside]
    mine = [e for e in fills if e.fill.symbol == symbol]
    stuck = [row for row in tables.held_overnight_rows(result.journal, dict(result.carried)) if row["symbol"] == symbol]
    return PriceData(
        symbol,
        chosen,
        times,
        close,
        _marks(times, [(e.at, e.fill.price, _filled(e)) for e in mine if e.fill.side == "buy"], chosen, close),
        _marks(times, [(e.at, e.fill.price, _filled(e)) for e in mine if e.fill.side == "sell"], chosen, close),
        _marks(times, [(e.at, None, _refused(e)) for e in refusals if e.request.symbol == symbol], chosen, close),
        _marks(times, [(close_of(_day(row["session"])), None, _stuck(row)) for row in stuck], chosen, close),  # type: ignore[arg-type]
        bars,
    )


def _closes(result: Result, symbol: str, fills: list[FillEntry]) -> tuple[Array, Array, bool]:
    if symbol in result.closes:
        times, close = result.closes[symbol]
        return np.asarray(times).astype("datetime64[us]"), np.asarray(close, dtype=np.float64), True
    own = [e for e in fills if e.fill.symbol == symbol]
    return np.array([e.at for e in own], dtype="datetime64[us]"), np.array([e.fill.price for e in own], dtype=np.float64), False


def _day(given: Any) -> date | None:
    if given is None or isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise BadInput(f"day takes a date like 2026-05-11, got {given!r}.") from None


def _marks(times: Array, found: list[tuple[Any, float | None, str]], day: date | None, close: Array) -> Marks:
    """Marks on the axis of bars: each at the first bar that ends at or after it; without a price of its own at that bar's close."""
    if not len(times) or not found:
        return Marks(np.zeros(0), np.zeros(0), ())
    stamps = np.array([at for at, _, _ in found], dtype="datetime64[us]")
    inside = np.ones(len(stamps), dtype=bool)
    if day is not None:
        from ..result import bar_sessions

        inside = bar_sessions(stamps) == np.datetime64(day)
    places = np.minimum(np.searchsorted(times, stamps, "left"), len(times) - 1)
    prices = np.array([close[place] if price is None else price for place, (_, price, _) in zip(places, found, strict=True)])
    words = tuple(text for keep, (_, _, text) in zip(inside, found, strict=True) if keep)
    return Marks(places[inside].astype(np.float64), prices[inside], words)


def _filled(entry: FillEntry) -> str:
    fill = entry.fill
    forced = f", sold for the call {entry.forced}" if entry.forced else ""
    return f"{entry.at:%Y-%m-%d %H:%M}: {'bought' if fill.side == 'buy' else 'sold'} {fill.qty:g} at ${fill.price:,.2f}{forced}"


def _refused(entry: OrderEntry) -> str:
    decision = entry.decision
    assert isinstance(decision, Rejected)
    return f"{entry.at:%Y-%m-%d %H:%M}: {entry.request.side} {entry.request.qty:g} refused, {decision.reason}: {decision.why}"


def _stuck(row: dict[str, Any]) -> str:
    return f"{row['session']}: {row['qty']:g} kept over the night, the exit was refused ({row['reason']})"
