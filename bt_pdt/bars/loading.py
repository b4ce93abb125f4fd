"""``load``: any usual file or frame of bars to New York time, END-stamped, checked row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput, known_name
from . import findings, hypotheses, stamps, times
from .findings import Finding
from .formats import NEW_YORK, UTC, Raw, Taken, recognise
from .model import COLUMNS, Action, Array, Bars, SymbolBars, length_in_words
from .reading import read
from .rows import check_values, in_time_order, in_words, symbols_of

if TYPE_CHECKING:
    import pandas as pd


def load(
    path_or_frame: str | Path | pd.DataFrame,
    *,
    symbol: str | None = None,
    stamp: str | None = None,
    tz: str | None = None,
    timeframe: str | None = None,
    drop_bad: bool = False,
    columns: Mapping[str, str] | None = None,
    unadjust: str | Path | pd.DataFrame | None = None,
    source: str | None = None,
) -> Bars:
    """Bars from a file or a frame, whatever the usual source: see ``Bars.detected_format`` for what it was recognised as, and
    ``Bars.reading`` for which parts of that were stated, seen in the bars, or assumed.

    ``symbol`` names the symbol of bars that carry none, and picks one from bars that carry several. ``stamp`` ("start" or "end": the side
    of the bar its time marks), ``tz`` (zone of times that carry none) and ``timeframe`` ("1 minute", "15 minutes", "1 hour", "1 day")
    overrule what the format or the bars themselves say; bars that contradict them are a finding of the report. ``columns`` names columns
    by what they are (``{"close": "Last"}``). A bad row (no number, price of zero or less, high below low, duplicate) stops with its place
    and reason; ``drop_bad=True`` leaves such rows out and counts them. ``unadjust`` turns adjusted prices back into raw ones by a file of
    splits and dividends (:mod:`bt_pdt.bars.unadjust`), or by the file's own columns (``"own"``). ``source`` is the name used in messages.
    """
    if stamp is not None:
        known_name("stamp", stamp, ("start", "end"))
    forced = None if timeframe is None else stamps.length_from_words(timeframe)
    raw = read(path_or_frame, source)
    if tz is not None:
        times.localize(np.array(["2024-01-02T12:00"], dtype="datetime64[us]"), tz, raw.source)
    taken = recognise(raw, dict(columns) if columns else None)
    clock, aware, zone_told = _clock(raw, taken, tz)
    frame = taken.frame
    values = frame[list(COLUMNS)].to_numpy(dtype=np.float64)
    rows = frame["row"].to_numpy()
    raw.frame = raw.frame.iloc[:0]  # large files: what was read is not kept beside what was taken from it
    if "raw_close" not in frame.columns:
        frame = taken.frame = frame.drop(columns=list(COLUMNS))

    def when(at: int) -> str:
        try:
            return in_words(times.in_new_york(clock[at : at + 1], UTC if aware else tz or taken.zone_hint or NEW_YORK, raw.source)[0])
        except BadInput:
            return in_words(clock[at])

    codes, names = symbols_of(raw, frame, symbol)
    keep, dropped = check_values(raw, clock, values, rows, drop_bad, when)
    if symbol is not None and symbol in names and len(names) > 1:
        keep &= codes == names.index(symbol)
    order = np.argsort(codes, kind="stable")
    order = order[keep[order]]
    order = in_time_order(raw, codes, clock, rows, order, dropped, drop_bad, when, values, taken.rest)
    if not len(order):
        raise BadInput(f"{raw.source} has no good bars left: {len(rows)} rows, all dropped.")
    _in_calendar(raw, clock[order], rows[order])
    taken.rest = None
    if len(order) != len(clock) or (np.diff(order) != 1).any():
        codes, clock, values = codes[order], clock[order], values[order]
    first_of_symbol = np.r_[True, codes[1:] != codes[:-1]]
    minutes, length_how = stamps.length(raw, taken, forced, clock, aware, first_of_symbol, values)
    said = _Said(reading={"length": length_how, "symbol": _symbol_how(raw, frame, symbol)})
    said.found += findings.of_dates(raw.source, taken.times.day_or_month)
    if minutes == stamps.DAY:
        ends, days = _daily(raw, clock, aware, zone_told, tz, first_of_symbol)
    else:
        ends = _intraday(raw, taken, said, _Told(aware, zone_told, tz, stamp), clock, values, minutes, first_of_symbol)
        days = ends.astype("datetime64[D]")
    prices_how, more = findings.of_prices(raw, taken, order)
    said.found += more
    said.reading["prices"] = prices_how or "assumed raw"
    bounds = np.r_[np.flatnonzero(first_of_symbol), len(codes)]
    data = {
        names[int(codes[a])]: SymbolBars(ends[a:b], *(values[a:b, k] for k in range(5)))
        for a, b in pairwise(bounds)
    }  # fmt: skip
    actions = _actions(frame, order, days, bounds, [names[int(codes[a])] for a in bounds[:-1]])
    bars = Bars(
        data,
        timeframe="minutes" if minutes else "days",
        compression=minutes or 1,
        detected_format=_line(raw, taken, len(rows), list(data), said, minutes, dropped),
        dropped=dropped,
        reading=said.reading,
        notices=said.found,
        actions=actions,
    )
    if unadjust is None:
        return bars
    from . import unadjust as back

    own = back.own_factors(frame, order, bounds, list(data), bars) if isinstance(unadjust, str) and unadjust == "own" else None
    return back.unadjusted(
        bars, own if own is not None else back.read_actions(unadjust, bars), "the file's own columns" if own else str(unadjust)
    )


@dataclass
class _Said:
    """What goes into the line, the reading and the findings."""

    reading: dict[str, str]
    found: list[Finding] = field(default_factory=list)
    zone: str = ""
    side: str = ""


@dataclass
class _Told:
    aware: bool
    #: tz, where it overrules what the file states
    zone: str | None
    tz: str | None
    stamp: str | None


def _clock(raw: Raw, taken: Taken, tz: str | None) -> tuple[Array, bool, str | None]:
    """The times as a clock, whether that clock is UTC because the file states its zone, and the zone told for others."""
    clock = taken.times.clock
    raw.notes += taken.times.notes
    if taken.times.stated:
        return clock, True, None
    if taken.zone_stated and tz is None and not taken.times.dates:
        return times.localize(clock, taken.zone_stated, raw.source), True, None
    return clock, False, tz


def _in_calendar(raw: Raw, clock: Array, rows: Array) -> None:
    """Years that the exchange calendar knows."""
    from ..core.sessions import FIRST_DAY, LAST_DAY

    odd = (clock < np.datetime64(FIRST_DAY, "us")) | (clock > np.datetime64(LAST_DAY, "us"))
    if odd.any():
        at = int(odd.argmax())
        raise BadInput(
            f"{raw.source} {raw.row_word} {rows[at]}: {in_words(clock[at])} lies outside the exchange calendar, {FIRST_DAY} to {LAST_DAY};"
            " correct the dates, or leave these rows out."
        )


def _symbol_how(raw: Raw, frame: pd.DataFrame, symbol: str | None) -> str:
    return "stated" if symbol is not None or "symbol" in frame.columns else "assumed"


def _daily(raw: Raw, clock: Array, aware: bool, told: str | None, tz: str | None, first_of_symbol: Array) -> tuple[Array, Array]:
    if aware and tz is not None:
        raise BadInput(f"{raw.source}: its times carry their own zone; leave tz={tz!r} out.")
    days = stamps.days_of(clock, aware)
    stamps.refuse_odd_days(raw, days, first_of_symbol)
    return stamps.session_closes(days), days


def _intraday(raw: Raw, taken: Taken, said: _Said, told: _Told, clock: Array, values: Array, minutes: int, first_of_symbol: Array) -> Array:
    """Where intraday bars end in New York, under the reading that the bars fit best."""
    some = hypotheses.sample(clock, first_of_symbol, values[:, 4], minutes)
    stated, zone_told = (UTC, None) if told.aware else (None, told.zone)
    if told.aware and told.tz is not None:
        _require_reason(raw, some, told.tz)
        stated, zone_told = None, told.tz
        raw.notes.append(f"times read as {told.tz}'s clock against the zone they state")
    choice = hypotheses.choose(
        some, stated=stated, zone_told=zone_told, zone_hint=taken.zone_hint, stamp_told=told.stamp, stamp_hint=taken.stamp_hint
    )
    local = times.in_new_york(clock, choice.zone, raw.source)
    calendar = hypotheses.calendar_of(local)
    ends = hypotheses.spans(local, first_of_symbol, choice.stamp, minutes, calendar)[1]
    said.found += findings.of_reading(raw.source, choice, stated is not None)
    said.reading |= {"zone": choice.zone_how, "stamp": choice.stamp_how}
    also = f", as {', '.join(choice.same_as[:2])} would be" if choice.same_as else ""
    said.zone = findings.zone_said(choice.zone) + (f" (seen{also})" if choice.zone_how == "seen" and choice.zone != NEW_YORK else "")
    how = {"seen": " (seen at the open)" if choice.reading and choice.reading.open_seen else " (seen)", "assumed": " (assumed)"}
    said.side = f"{choice.stamp}-stamped{how.get(choice.stamp_how, '')}"
    return ends


def _require_reason(raw: Raw, some: hypotheses.Sample, tz: str) -> None:
    """Against a zone that the file states another one is taken only if the bars speak for it."""
    stated = max((one.points for one in hypotheses.score(some, UTC)), default=-99.0)
    mine = max(hypotheses.score(some, tz), key=lambda one: one.points, default=None)
    if mine is None or not mine.open_seen or mine.points - stated < hypotheses.CLEARLY:
        raise BadInput(f"{raw.source}: its times carry their own zone; leave tz={tz!r} out.")


def _actions(frame: pd.DataFrame, order: Array, days: Array, bounds: Array, symbols: list[str]) -> dict[str, list[Action]]:
    """Splits and dividends that the bars' own columns state, once a day."""
    found: dict[str, list[Action]] = {}
    if not {"split", "dividend"} & set(frame.columns):
        return found
    split = frame["split"].to_numpy()[order] if "split" in frame.columns else np.ones(len(order))
    cash = frame["dividend"].to_numpy()[order] if "dividend" in frame.columns else np.zeros(len(order))
    split = np.where(np.isfinite(split) & (split > 0), split, 1.0)
    cash = np.where(np.isfinite(cash), cash, 0.0)
    for (a, b), symbol in zip(pairwise(bounds), symbols, strict=True):
        seen: dict[Any, Action] = {}
        for at in np.flatnonzero((split[a:b] != 1.0) | (cash[a:b] != 0.0)) + a:
            day = days[at].item()
            seen.setdefault(day, Action(day, float(split[at]), float(cash[at])))
        if 0 < len(seen) < max(0.5 * len(np.unique(days[a:b])), 2):  # a factor on every day is no event
            found[symbol] = list(seen.values())
    return found


def _line(raw: Raw, taken: Taken, rows: int, symbols: list[str], said: _Said, minutes: int, dropped: dict[str, int]) -> str:
    """The one line that tells the user the detected format of a file, and how each part of it is known."""
    who = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
    words = [f"{raw.source}: {taken.name} ({raw.kind})", f"{rows:,} rows", who]
    if minutes == stamps.DAY:
        line = ", ".join([*words, "1 day"]) + " -> New York time, stamped at each session's close"
    else:
        line = ", ".join([*words, said.zone, said.side, length_in_words(minutes)]) + " -> New York time, end-stamped"
    notes = raw.notes + [f"{n:,} dropped ({reason})" for reason, n in dropped.items()]
    if taken.vendor_adjusts:
        notes.append(f"{taken.vendor_adjusts} works splits into its prices")
    by = {how: [part for part, known in said.reading.items() if known.split()[0] == how] for how in ("stated", "seen", "assumed")}
    parts = "; ".join(f"{how}: {', '.join(some)}" for how, some in by.items() if some)
    return line + "".join(f"; {note}" for note in notes) + f" [{parts}]"


def load_many(paths: Iterable[str | Path | pd.DataFrame], **options: Any) -> Bars:
    """Bars of several files as one; the options are those of :func:`load`.

    One symbol may come in several files if they do not overlap in time; all files hold bars of one length.
    """
    if isinstance(paths, str | Path) or hasattr(paths, "iloc"):
        paths = [paths]  # type: ignore[list-item]
    loaded = [load(path, **options) for path in paths]
    if not loaded:
        raise BadInput("no files of bars were given.")
    first = loaded[0]
    if len(loaded) == 1:
        return first
    pieces: dict[str, list[SymbolBars]] = {}
    dropped: dict[str, int] = {}
    notices: list[Finding] = []
    actions: dict[str, tuple[Action, ...]] = {}
    for bars in loaded:
        if (bars.timeframe, bars.compression) != (first.timeframe, first.compression):
            raise BadInput(
                f"bars of two lengths do not go together: {_name(first)} has {first.bar_length}, {_name(bars)} has {bars.bar_length}."
            )
        for symbol in bars.symbols:
            pieces.setdefault(symbol, []).append(bars.arrays(symbol))
        for reason, n in bars.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + n
        notices += bars.notices
        for symbol, some in bars.actions.items():
            actions[symbol] = tuple(sorted({*actions.get(symbol, ()), *some}))
    data = {}
    for symbol, parts in pieces.items():
        parts = sorted(parts, key=lambda part: part.datetimes[0])
        for earlier, later in pairwise(parts):
            if later.datetimes[0] <= earlier.datetimes[-1]:
                raise BadInput(
                    f"{symbol} is in two files that overlap, {in_words(later.datetimes[0])} to {in_words(earlier.datetimes[-1])};"
                    " leave one of them out."
                )
        data[symbol] = SymbolBars(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    said = "\n".join(bars.detected_format for bars in loaded)
    reading = {
        part: _weakest(bars.reading.get(part, "") for bars in loaded) for part in dict.fromkeys(p for b in loaded for p in b.reading)
    }
    return Bars(
        data, timeframe=first.timeframe, compression=first.compression, detected_format=said, dropped=dropped, reading=reading,
        notices=_once(notices, [_name(bars) for bars in loaded]), actions=actions,
    )  # fmt: skip


def _weakest(hows: Iterable[str]) -> str:
    """Of what is known of several files the least certain."""
    found = set(hows)
    return next((how for how in ("assumed", "seen") if how in found), next(iter(sorted(found))))


def _once(notices: list[Finding], files: list[str]) -> list[Finding]:
    """A finding of many files is said once, with their number."""
    groups: dict[tuple[str, str], list[tuple[str, Finding]]] = {}
    for one in notices:
        file = next((name for name in files if one.text.startswith(f"{name}: ")), "")
        groups.setdefault((one.kind, one.text.removeprefix(f"{file}: ")), []).append((file, one))
    found = []
    for (kind, text), some in groups.items():
        if len(some) == 1:
            found.append(some[0][1])
        else:
            found.append(
                Finding(
                    kind, some[0][1].symbol, f"{len(some)} files ({some[0][0]}, {some[1][0]}{', ...' if len(some) > 2 else ''}): {text}"
                )
            )
    return found


def _name(bars: Bars) -> str:
    return bars.detected_format.split(":")[0]
