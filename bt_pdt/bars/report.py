"""What is missing from a user's bars or looks wrong with them: computed here, printed by ``str``.

A report accuses nobody: a finding says what was seen, what it usually means and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from ..core.sessions import sessions_between
from . import clues
from .model import Array, Bars, SymbolBars
from .stamps import session_closes

#: Ratios of common splits, old shares to new; the way back (1:10) is a reverse split.
SPLITS = {
    "2:1": 2.0,
    "3:1": 3.0,
    "4:1": 4.0,
    "5:1": 5.0,
    "6:1": 6.0,
    "7:1": 7.0,
    "8:1": 8.0,
    "10:1": 10.0,
    "15:1": 15.0,
    "20:1": 20.0,
    "3:2": 1.5,
}
SPLIT_NEARNESS = 0.03
#: Stray bars up to this part of all are counted in the table and not complained of.
FEW = 0.001
PRE_MARKET, AFTER_HOURS_END = 240, 1200


#: Sessions in a row without a bar that are worth a word (a single one may be a day without trades).
GAP_SESSIONS = 3


class Finding(NamedTuple):
    """One thing that looks wrong: ``kind`` (zone, stamp, gap, split, adjusted, off_session, off_hours, dropped), the symbol, a sentence."""

    kind: str
    symbol: str
    text: str


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
    findings: list[Finding] = []
    for symbol in bars.symbols:
        arrays = bars.arrays(symbol)
        one = _count(symbol, arrays, sessions, closes, minutes)
        symbols.append(one)
        findings += _misplaced(one)
        if minutes is not None:
            findings += _clock(symbol, arrays, minutes)
        findings += _gap(symbol, arrays, sessions)
        findings += _splits(symbol, arrays)
        findings += _adjusted(symbol, arrays)
    if bars.dropped:
        what = ", ".join(f"{n:,} {reason}" for reason, n in bars.dropped.items())
        findings.append(Finding("dropped", "", f"bad rows were dropped on loading: {what}."))
    return DataReport(bars.bar_length, tuple(symbols), tuple(findings), dict(bars.dropped))


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
        off_hours = int(((clock <= PRE_MARKET) | (clock > AFTER_HOURS_END)).sum())
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


def _clock(symbol: str, arrays: SymbolBars, minutes: int) -> Iterator[Finding]:
    """A wrong zone first; only right zones can tell on the stamp."""
    hours = clues.hours_off(arrays.datetimes, arrays.volume)
    if hours:
        way = "ahead of" if hours > 0 else "behind"
        guess = {4: ' like UTC: try tz="UTC"', 5: ' like UTC: try tz="UTC"', -1: ' like Chicago: try tz="America/Chicago"'}.get(
            hours, "; give tz="
        )
        yield Finding("zone", symbol, f"{symbol}: most volume trades {abs(hours)} hours {way} the New York session{guess}.")
        return
    steps = clues.opening_stamp(arrays.datetimes, arrays.volume, minutes)
    if steps == 0:
        yield Finding(
            "stamp",
            symbol,
            f'{symbol}: the opening bar ends at 09:30, before the open: these stamps mark the START of the bar; load with stamp="start".',
        )
    elif steps == 2:
        yield Finding(
            "stamp",
            symbol,
            f'{symbol}: the opening bar ends one bar too late: these stamps mark the END of the bar already; load with stamp="end".',
        )


def _splits(symbol: str, arrays: SymbolBars) -> Iterator[Finding]:
    """Jumps from one day's last close to the next day's first open that look like a split; regular hours, if there are any.

    The first prints before the open may still be at the old price.
    """
    clock = clues.minute_of_day(arrays.datetimes)
    regular = (clock > clues.OPEN) & (clock <= clues.CLOSE)
    if regular.any():
        arrays = SymbolBars(*(column[regular] for column in arrays))
    days = clues.day_of(arrays.datetimes)
    nights = np.flatnonzero(days[1:] != days[:-1])
    ratios = arrays.close[nights] / arrays.open[nights + 1]
    for night, ratio in zip(nights, ratios, strict=True):
        for name, size in SPLITS.items():
            forward = abs(ratio / size - 1) <= SPLIT_NEARNESS
            if forward or abs(ratio * size - 1) <= SPLIT_NEARNESS:
                shown = name if forward else ":".join(reversed(name.split(":")))
                day = days[night + 1].item()
                yield Finding(
                    "split",
                    symbol,
                    f"{symbol}: opened {day} at {arrays.open[night + 1]:g} after a close of {arrays.close[night]:g}, near a {shown} split;"
                    " a position held that night would book a false gain or loss.",
                )
                break


def _adjusted(symbol: str, arrays: SymbolBars) -> Iterator[Finding]:
    """Traded prices have at most four decimals; dividends and splits worked in afterwards leave more."""
    whole = np.rint(arrays.close * 10_000) / 10_000
    single = whole.astype(np.float32).astype(np.float64)  # files in single precision carry its rounding
    odd = (np.abs(arrays.close - whole) > 1e-7 + 1e-12 * whole) & (arrays.close != single)
    if odd.mean() > 0.05:
        yield Finding(
            "adjusted",
            symbol,
            f"{symbol}: {odd.mean():.0%} of the closes have more than four decimals: adjusted prices; margin rules such as the $2.50"
            " a share of a short sale need the raw prices of the day.",
        )
