"""The other pictures of a run, as numbers: computed here, drawn in ``drawing`` (matplotlib) and ``interactive`` (plotly).

Each function takes a :class:`~bt_pdt.results.Result` and returns a named tuple; nothing here draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...account.ledger import Ledger
from ...account.requirements import requirement
from ...core.errors import BadInput
from ...core.journal import FillEntry
from ...core.orders import Asset
from ...core.sessions import REGULAR_OPEN
from ...law.brokerages import brokerage, rulebook_for
from ...law.rulebook import INTRADAY, Rules
from ..metrics import Array
from .picture import PictureData, picture_data

if TYPE_CHECKING:
    from ...law import Rulebook
    from ..result import Result


class CalendarData(NamedTuple):
    """Day trades by symbol (rows, most day trades first) and session (columns, all sessions with bars)."""

    days: tuple[date, ...]
    symbols: tuple[str, ...]
    counts: Array


class HoursData(NamedTuple):
    """Refusals by hour of New York (columns) and reason (rows, most frequent first). 16:00 belongs to the hour from 15:00."""

    hours: tuple[int, ...]
    reasons: tuple[str, ...]
    counts: Array


class SessionPowerData(NamedTuple):
    """Day-trading (or intraday) buying power over one session: ``start`` of day, and what today's positions use after each execution.

    ``times`` begin at 09:30 with nothing used. ``refusals`` are reason -> times. ``day`` is None where no session had any to use.
    """

    day: date | None
    regime: str
    start: float
    times: Array
    used: Array
    refusals: dict[str, Array]


class DistanceData(NamedTuple):
    """How far equity may fall until the maintenance call, by session: (equity - maintenance margin) / equity at the close.

    Maintenance margin is held as it is. 0 where the call is due, NaN where nothing was held.
    """

    days: tuple[date, ...]
    fall: Array


class DrawdownData(NamedTuple):
    """What the start grew to at the end of each bar over the highest so far, less 1: -0.08 is 8 % below it."""

    fall: Array
    days: tuple[date, ...]
    begins: Array


def calendar_data(result: Result) -> CalendarData:
    """Day trades by session and symbol."""
    days = picture_data(result).days
    table = result.day_trades
    made: dict[str, dict[date, int]] = {}
    for day, symbol, count in zip(table["session"], table["symbol"], table["count"], strict=True):
        made.setdefault(str(symbol), {})[day.date()] = int(count)
    symbols = tuple(sorted(made, key=lambda symbol: (-sum(made[symbol].values()), symbol)))
    counts = np.array([[made[symbol].get(day, 0) for day in days] for symbol in symbols], dtype=np.int64)
    return CalendarData(days, symbols, counts.reshape(len(symbols), len(days)))


def hours_data(result: Result) -> HoursData:
    """Refusals by the hour in which the order was sent, and by reason. A bar of 16:00 ended with the hour from 15:00."""
    table = result.refusals.dropna(subset=["at"])
    if not len(table):
        return HoursData((), (), np.zeros((0, 0), dtype=np.int64))
    at = table["at"].to_numpy(dtype="datetime64[us]") - np.timedelta64(1, "us")
    hour = (at - at.astype("datetime64[D]")).astype("timedelta64[h]").astype(np.int64)
    hours = tuple(range(int(hour.min()), int(hour.max()) + 1))
    reasons = tuple(str(reason) for reason in table["reason"].value_counts().index)
    own = table["reason"].to_numpy()
    counts = np.array([[int(((own == r) & (hour == h)).sum()) for h in hours] for r in reasons], dtype=np.int64)
    return HoursData(hours, reasons, counts)


def session_power_data(result: Result, session: date | str | None = None) -> SessionPowerData:
    """Buying power used over one session: the given one, else the one that used the largest share of its own.

    A share opened today uses its price of DTBP until it is closed; in the intraday-margin regime its maintenance margin times the
    multiple. Working orders, which hold some too, are left out.
    """
    data = picture_data(result)
    replayed = _replayed(result)
    share = {day: max(replayed[day][1]) / power for day, power in zip(data.days, data.power, strict=True) if power > 0 and day in replayed}
    if session is not None:
        day = _session_with_bars(data, session)
    elif share:
        day = max(share, key=lambda day: share[day])
    else:
        return SessionPowerData(None, data.regimes[0] if data.regimes else "", 0.0, np.zeros(0, "datetime64[us]"), np.zeros(0), {})
    at = data.days.index(day)
    opening = datetime.combine(day, REGULAR_OPEN)
    times, used = replayed.get(day, ([opening], [0.0]))
    refused = result.refusals
    refused = refused[(refused["session"] == np.datetime64(day)) & refused["at"].notna()]
    marks = {str(r): refused.loc[refused["reason"] == r, "at"].to_numpy(dtype="datetime64[us]") for r in refused["reason"].unique()}
    regime = data.regimes[-1] if data.switch is not None and at >= data.switch else data.regimes[0]
    return SessionPowerData(
        day, regime, float(np.nan_to_num(data.power[at])), np.array(times, dtype="datetime64[us]"), np.array(used), marks
    )


def _session_with_bars(data: PictureData, session: date | str) -> date:
    try:
        day = date.fromisoformat(str(session)[:10])
    except ValueError:
        raise BadInput(f"session takes a date like 2026-06-04, got {session!r}.") from None
    if day not in data.days:
        between = f" ({data.days[0]} to {data.days[-1]})" if data.days else ""
        raise BadInput(f"session takes a session with bars{between}, got {day}.")
    return day


def _replayed(result: Result) -> dict[date, tuple[list[datetime], list[float]]]:
    """By session with executions: 09:30 and the times of them, and the buying power that the day's openings use from then on."""
    book = rulebook(result.manifest)
    assets = {name: Asset(name, **facts) for name, facts in _assets(result.manifest).items()}
    books = Ledger(0.0)
    books.positions.update(result.carried)
    found: dict[date, tuple[list[datetime], list[float]]] = {}
    for entry in result.journal:
        if not isinstance(entry, FillEntry):
            continue
        opening = datetime.combine(entry.session, REGULAR_OPEN)
        if entry.session not in found:
            found[entry.session] = ([opening], [0.0])
            books.new_day()
        fill = entry.fill
        qty = fill.sign * fill.qty
        charge = _charge(book.on(entry.session), assets.get(fill.symbol, Asset(fill.symbol)), qty, fill.price)
        books.post(fill.symbol, qty, fill.price, order=fill.order_id or object(), charge=charge)
        times, used = found[entry.session]
        times.append(max(entry.at, opening))
        used.append(books.used_today)
    return found


def _charge(rules: Rules, asset: Asset, qty: float, price: float) -> float | None:
    """What a share opened uses of the day's buying power; None for its price."""
    if not asset.marginable:
        return 0.0
    if rules.regime != INTRADAY:
        return None
    return float(rules.intraday_multiple * requirement(rules, asset, qty, price).maintenance / abs(qty))


def _assets(manifest: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return (manifest.get("parameters") or {}).get("assets") or {}


def rulebook(manifest: Mapping[str, Any]) -> Rulebook:
    """The rulebook a run was made under: its brokerage's, with what ``set`` and the checks changed, frozen where ``rules`` was a day."""
    parameters = manifest.get("parameters") or {}
    firm = brokerage(parameters.get("brokerage") or "alpaca")
    book = rulebook_for(firm.name)
    checks = {name: parameters.get(name) or parameters.get("block_on") for name in ("pdt_check", "dtbp_check")}
    values = {name: value for name, value in checks.items() if value and firm.has(name)} | dict(parameters.get("set") or {})
    if values:
        book = book.override(values)
    rules = str(parameters.get("rules") or "as_of")
    return book if rules in ("as_of", "off") else book.frozen(date.fromisoformat(rules[:10]))


def distance_data(result: Result) -> DistanceData:
    """(equity - maintenance margin) / equity at each close of a session with bars: the fall of equity that brings the maintenance call."""
    days = picture_data(result).days
    rows = {row["session"]: row for row in result.rows}
    fall = []
    for day in days:
        equity, needed = (rows[day.isoformat()][name] for name in ("equity", "maintenance_margin"))
        fall.append(np.nan if needed <= 0 else max(0.0, (equity - needed) / equity) if equity > 0 else 0.0)
    return DistanceData(days, np.array(fall, dtype=np.float64))


def drawdown_data(result: Result) -> DrawdownData:
    """What the start grew to below its highest so far, bar by bar, without what came in or went out, as in ``summary["max_drawdown"]``."""
    data = picture_data(result)
    grown = np.asarray(result.time_weighted_index, dtype=np.float64)
    highs = np.maximum.accumulate(grown)
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.where(highs > 0, grown / highs - 1.0, 0.0)[1:]
    return DrawdownData(np.asarray(fall), data.days, data.begins)
