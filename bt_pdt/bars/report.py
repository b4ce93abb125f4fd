"""What is missing from a user's bars or looks wrong with them: computed here, printed by ``str``.

A report accuses nobody: a finding says what was seen, what it usually means and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from ..core.sessions import sessions_between
from . import adjustment, clues, findings, hypotheses
from .findings import Finding
from .model import Action, Array, Bars, SymbolBars
from .stamps import session_closes

#: Stray bars up to this part of all are counted in the table and not complained of.
FEW = 0.001
#: Sessions in a row without a bar that are worth a word (a single one may be a day without trades).
GAP_SESSIONS = 3


class SymbolReport(NamedTuple):
    """The bars of one symbol in numbers. Times are New York, at the END of the bar."""

    symbol: str
    bars: int
    first: datetime
    last: datetime
    #: sessions with at least one bar, and sessions from first to last without any
    sessions: int
    sessions_missing: int
    #: bars the regular sessions seen should hold, and how many of them are not there
    expected: int
    missing: int
    #: the session that lacks most, with how many
    worst_session: date | None
    worst_missing: int
    #: bars on days the exchange is closed, and outside 04:00 to 20:00
    off_session: int
    off_hours: int
    #: part of the volume that traded between 09:30 and the close (of the bars, where volume is zero)
    regular_share: float


class DataReport(NamedTuple):
    """Counts per symbol and everything that looks wrong."""

    bar_length: str
    symbols: tuple[SymbolReport, ...]
    findings: tuple[Finding, ...]
    dropped: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, dates as ISO text, for JSON."""
        return {
            "bar_length": self.bar_length,
            "symbols": [{name: _plain(value) for name, value in one._asdict().items()} for one in self.symbols],
            "findings": [finding._asdict() for finding in self.findings],
            "dropped": dict(self.dropped),
        }

    def __str__(self) -> str:
        """One table, then the findings."""
        head = ("symbol", "bars", "first", "last", "sessions", "no bars", "missing", "worst session", "off session", "off hours", "regular")
        rows = [head, *(_row(one) for one in self.symbols)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        lines = [
            "  ".join(cell.ljust(w) if k in (0, 2, 3, 7) else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True)))
            for row in rows
        ]
        lines.insert(1, "  ".join("-" * w for w in widths))
        findings = [f"! {finding.text}" for finding in self.findings] or ["Nothing looks wrong."]
        return "\n".join(
            [f"Bars of {self.bar_length}, New York time at the end of the bar", *(line.rstrip() for line in lines), "", *findings]
        )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _row(one: SymbolReport) -> tuple[str, ...]:
    worst = f"{one.worst_session} ({one.worst_missing:,})" if one.worst_session else "-"
    return (
        one.symbol,
        f"{one.bars:,}",
        f"{one.first:%Y-%m-%d %H:%M}",
        f"{one.last:%Y-%m-%d %H:%M}",
        f"{one.sessions:,}",
        f"{one.sessions_missing:,}",
        f"{one.missing:,} of {one.expected:,}",
        worst,
        f"{one.off_session:,}",
        f"{one.off_hours:,}",
        f"{one.regular_share:.1%}",
    )


def examine(bars: Bars) -> DataReport:
    """Look through all bars once."""
    first, last = bars.first.date(), bars.last.date()
    sessions = np.array(sessions_between(first, last), dtype="datetime64[D]")
    closes = session_closes(sessions)
    minutes = bars.compression if bars.timeframe == "minutes" else None
    symbols: list[SymbolReport] = []
    found: list[Finding] = list(bars.notices) if bars.reading else list(_clock(bars))
    stated = str(bars.reading.get("prices", "")).startswith("stated")
    for symbol in bars.symbols:
        arrays = bars.arrays(symbol)
        one = _count(symbol, arrays, sessions, closes, minutes)
        symbols.append(one)
        found += _misplaced(one)
        found += _gap(symbol, arrays, sessions)
        found += _splits(symbol, arrays, bars.actions.get(symbol, ()))
        if not stated:
            found += _adjusted(symbol, arrays, daily=minutes is None)
    if bars.dropped:
        what = ", ".join(f"{n:,} {reason}" for reason, n in bars.dropped.items())
        found.append(Finding("dropped", "", f"bad rows were dropped on loading: {what}."))
    return DataReport(bars.bar_length, tuple(symbols), tuple(_said_once(found)), dict(bars.dropped))


def _said_once(found: list[Finding]) -> Iterator[Finding]:
    """The same thing of many symbols is one finding with their number; of one symbol it stays as it is."""
    groups: dict[str, list[Finding]] = {}
    for one in found:
        key = (
            f"{one.kind}" if one.kind in ("off_session", "off_hours", "adjusted") and one.symbol else f"{one.kind} {one.symbol} {one.text}"
        )
        groups.setdefault(key, []).append(one)
    for some in groups.values():
        if len(some) == 1:
            yield some[0]
            continue
        names = ", ".join(one.symbol for one in some[:4]) + (", ..." if len(some) > 4 else "")
        first = some[0]
        yield Finding(first.kind, "", f"{len(some)} symbols ({names}), such as {first.text}")


def _count(symbol: str, arrays: SymbolBars, sessions: Array, closes: Array, minutes: int | None) -> SymbolReport:
    ends = arrays.datetimes
    days, clock = clues.day_of(ends), clues.minute_of_day(ends)
    at = np.minimum(np.searchsorted(sessions, days), max(len(sessions) - 1, 0))
    on_session = (sessions[at] == days) if len(sessions) else np.zeros(len(days), dtype=bool)
    if minutes is None:
        regular, off_hours = on_session, 0
    else:
        close_clock = clues.minute_of_day(closes)[at] if len(closes) else np.full(len(days), clues.CLOSE)
        regular = on_session & (clock > clues.OPEN) & (clock <= close_clock)
        off_hours = int(((clock <= clues.PRE_MARKET) | (clock > clues.AFTER_HOURS_END)).sum())
    span = np.unique(at[on_session])
    inside = sessions[span[0] : span[-1] + 1] if len(span) else sessions[:0]
    per_session = np.bincount(at[regular], minlength=len(sessions))[span] if len(span) else np.zeros(0, dtype=np.int64)
    expected = np.ones(len(span), dtype=np.int64)
    if minutes is not None:
        expected = -(-(clues.minute_of_day(closes[span]) - clues.OPEN) // minutes)
    lacking = np.maximum(expected - per_session, 0)
    worst = int(np.argmax(lacking)) if len(lacking) else 0
    weights = arrays.volume if arrays.volume.sum() > 0 else np.ones(len(ends))
    return SymbolReport(
        symbol=symbol,
        bars=len(ends),
        first=ends[0].item(),
        last=ends[-1].item(),
        sessions=len(span),
        sessions_missing=len(inside) - len(span),
        expected=int(expected.sum()),
        missing=int(lacking.sum()),
        worst_session=sessions[span[worst]].item() if len(lacking) and lacking[worst] else None,
        worst_missing=int(lacking[worst]) if len(lacking) else 0,
        off_session=int((~on_session).sum()),
        off_hours=off_hours,
        regular_share=float(weights[regular].sum() / weights.sum()),
    )


def _gap(symbol: str, arrays: SymbolBars, sessions: Array) -> Iterator[Finding]:
    """The longest run of sessions without a bar: what was held across it is booked as one jump."""
    with_bars = np.flatnonzero(np.isin(sessions, clues.day_of(arrays.datetimes)))
    lacking = np.diff(with_bars) - 1
    if len(lacking) and lacking.max() >= GAP_SESSIONS:
        before = int(np.argmax(lacking))
        first, last = sessions[with_bars[before] + 1], sessions[with_bars[before + 1] - 1]
        yield Finding(
            "gap",
            symbol,
            f"{symbol}: {lacking.max()} sessions in a row have no bar, {first} to {last}; what is held across them moves in one jump.",
        )


def _misplaced(one: SymbolReport) -> Iterator[Finding]:
    if one.off_session:
        yield Finding(
            "off_session",
            one.symbol,
            f"{one.symbol}: {one.off_session:,} bars lie on days the exchange is closed: wrong time zone or wrong dates.",
        )
    if one.off_hours > FEW * one.bars:
        yield Finding(
            "off_hours",
            one.symbol,
            f"{one.symbol}: {one.off_hours:,} bars end outside 04:00 to 20:00, when nothing trades; check the zone (tz=).",
        )


def _clock(bars: Bars) -> Iterator[Finding]:
    """Bars that were not loaded from a file carry no reading: their END stamps in New York are taken as told and held against the bars."""
    if bars.timeframe != "minutes":
        return
    arrays = [bars.arrays(symbol) for symbol in bars.symbols]
    clock = np.concatenate([one.datetimes for one in arrays])
    firsts = np.zeros(len(clock), dtype=bool)
    firsts[np.cumsum([0] + [len(one.close) for one in arrays[:-1]])] = True
    some = hypotheses.sample(clock, firsts, np.concatenate([one.volume for one in arrays]), bars.compression)
    choice = hypotheses.choose(some, stated=None, zone_told=hypotheses.NEW_YORK, zone_hint=None, stamp_told="end", stamp_hint=None)
    yield from findings.of_reading(", ".join(bars.symbols[:3]), choice, stated=False)


def _splits(symbol: str, arrays: SymbolBars, actions: tuple[Action, ...]) -> Iterator[Finding]:
    """Splits that the bars' own columns state, and jumps overnight that look like one, or are too large for a night."""
    told = set()
    for action in actions:
        if action.split == 1.0:
            continue
        jumped = adjustment.jumped_with(action, arrays)
        if jumped is None:
            continue
        told.add(np.datetime64(action.day))
        ratio = adjustment.stated_ratio(action.split)
        if jumped:
            text = (
                f"{symbol}: its own column states a {ratio} split on {action.day}, and prices jump with it: they are raw; a position held"
                " that night would book a false gain or loss."
            )
            yield Finding("split", symbol, text)
        else:
            text = (
                f"{symbol}: its own column states a {ratio} split on {action.day}, and prices do not jump: they are adjusted for it, and lie off"
                ' the raw prices of the days before, which margin law needs; load with unadjust="own" (--unadjust own).'
            )
            yield Finding("adjusted", symbol, text)
    for jump in adjustment.jumps(arrays):
        if jump.day in told:
            continue
        factor = max(jump.close / jump.open, jump.open / jump.close)
        what = f"near a {jump.ratio} split" if jump.ratio else f"a factor of {factor:.2f}, near no usual split"
        yield Finding(
            "split" if jump.ratio else "jump",
            symbol,
            f"{symbol}: opened {jump.day.item()} at {jump.open:g} after a close of {jump.close:g}, {what};"
            " a position held that night would book a false gain or loss.",
        )


def _adjusted(symbol: str, arrays: SymbolBars, daily: bool) -> Iterator[Finding]:
    """Traded prices are whole cents, or have at most four decimals; dividends and splits worked in afterwards leave more."""
    seen = adjustment.odd_decimals(arrays, daily)
    if seen is not None:
        yield Finding(
            "adjusted",
            symbol,
            f"{symbol}: {seen}: adjusted prices; margin rules such as the $2.50 a share of a short sale need the raw prices of the day"
            " (with a file of its splits: unadjust=, --unadjust).",
        )
