"""``load``: any usual file or frame of bars to New York time, END-stamped, checked row by row."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput, known_name
from . import stamps
from .formats import NEW_YORK, Raw, Taken, recognise
from .model import COLUMNS, Bars, SymbolBars, length_in_words
from .reading import read
from .rows import check_values, in_time_order, in_words, symbols_of
from .times import in_new_york

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
    source: str | None = None,
) -> Bars:
    """Bars from a file or a pandas frame, whatever the usual source: see ``Bars.detected_format`` for what it was recognised as.

    ``symbol`` names the symbol of bars that carry none, and picks one from bars that carry several. ``stamp`` ("start" or "end": the side
    of the bar its time marks), ``tz`` (zone of times that carry none) and ``timeframe`` ("1 minute", "15 minutes", "1 hour", "1 day")
    overrule what the format or the bars themselves say. A bad row (no number, price of zero or less, high below low, duplicate) stops
    with its place and reason; ``drop_bad=True`` leaves such rows out and counts them. ``source`` is the name used in messages.
    """
    if stamp is not None:
        known_name("stamp", stamp, ("start", "end"))
    forced = None if timeframe is None else stamps.length_from_words(timeframe)
    raw = read(path_or_frame, source)
    taken = recognise(raw)
    frame, aware = taken.frame, taken.frame["time"].dt.tz is not None
    if tz is not None and aware:
        raise BadInput(f"{raw.source}: its times carry their own zone; leave tz={tz!r} out.")
    utc = (
        frame["time"].to_numpy(dtype="datetime64[us]") if not aware else frame["time"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    )
    local = in_new_york(frame["time"], tz or taken.zone, raw.source).to_numpy(dtype="datetime64[us]")
    values = frame[list(COLUMNS)].to_numpy(dtype=np.float64)
    rows = frame["row"].to_numpy()

    codes, names = symbols_of(raw, frame, symbol)
    keep, dropped = check_values(raw, local, values, rows, drop_bad)
    if symbol is not None and symbol in names and len(names) > 1:
        keep &= codes == names.index(symbol)
    order = np.argsort(codes, kind="stable")
    order = order[keep[order]]
    order = in_time_order(raw, codes, local, utc, rows, order, dropped, drop_bad)
    if not len(order):
        raise BadInput(f"{raw.source} has no good bars left: {len(rows)} rows, all dropped.")
    codes, local, utc, values = codes[order], local[order], utc[order], values[order]

    first_of_symbol = np.r_[True, codes[1:] != codes[:-1]]
    minutes = stamps.length(raw, taken, forced, local, utc if aware else None, first_of_symbol)
    if minutes == stamps.DAY:
        side, days = "daily", stamps.days_of(local, utc if aware else None)
        stamps.refuse_odd_days(raw, days, first_of_symbol)
        ends = stamps.session_closes(days)
    else:
        side, ends = stamps.side(taken, stamp, local, values[:, 4], minutes), local
        if side.startswith("start"):
            ends = stamps.ends(local, minutes, first_of_symbol)
    bounds = np.r_[np.flatnonzero(first_of_symbol), len(codes)]
    data = {
        names[int(codes[a])]: SymbolBars(ends[a:b], *(values[a:b, k] for k in range(5)))
        for a, b in pairwise(bounds)
    }  # fmt: skip
    said = _said(raw, taken, len(rows), list(data), "UTC" if aware else tz or taken.zone, side, minutes, dropped)
    return Bars(data, timeframe="minutes" if minutes else "days", compression=minutes or 1, detected_format=said, dropped=dropped)


def _said(raw: Raw, taken: Taken, rows: int, symbols: list[str], zone: str, side: str, minutes: int, dropped: dict[str, int]) -> str:
    """The one line that tells the user the detected format of a file."""
    zone = "New York time" if zone == NEW_YORK else zone
    who = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
    words = [f"{raw.source}: {taken.name} ({raw.kind})", f"{rows:,} rows", who]
    if minutes == stamps.DAY:
        said = ", ".join([*words, "1 day"]) + " -> New York time, stamped at each session's close"
    else:
        said = ", ".join([*words, zone, side, length_in_words(minutes)]) + " -> New York time, end-stamped"
    notes = raw.notes + [f"{n:,} dropped ({reason})" for reason, n in dropped.items()]
    return said + "".join(f"; {note}" for note in notes)


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
    for bars in loaded:
        if (bars.timeframe, bars.compression) != (first.timeframe, first.compression):
            raise BadInput(
                f"bars of two lengths do not go together: {_name(first)} has {first.bar_length}, {_name(bars)} has {bars.bar_length}."
            )
        for symbol in bars.symbols:
            pieces.setdefault(symbol, []).append(bars.arrays(symbol))
        for reason, n in bars.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + n
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
    return Bars(data, timeframe=first.timeframe, compression=first.compression, detected_format=said, dropped=dropped)


def _name(bars: Bars) -> str:
    return bars.detected_format.split(":")[0]
