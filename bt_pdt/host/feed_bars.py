"""The bars of a run's own feeds, whatever they are made of, as :class:`~bt_pdt.bars.Bars`: for the checks of bars and for a result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..bars import Bars, SymbolBars
from ..core.sessions import close_of, is_session
from .clock import Clock, Feed
from .fast.feeds import EPOCH_DAY

Array = np.ndarray[Any, np.dtype[Any]]


def times_of(stamps: Array, clock: Clock) -> Array:
    """Backtrader's stamps as naive New York times (``datetime64[us]``)."""
    millis = np.round((stamps - EPOCH_DAY) * 86_400_000.0).astype("datetime64[ms]")
    if not clock.zoned:
        return millis.astype("datetime64[us]")
    import pandas as pd

    local = pd.DatetimeIndex(millis).tz_localize("UTC").tz_convert("America/New_York").tz_localize(None)
    return np.asarray(local.values.astype("datetime64[us]"))


def stamped(stamps: Any, clock: Clock) -> Array:
    """The broker's record of bars as New York times; days at the close of their session."""
    given = np.array(stamps, dtype=np.float64)
    if clock.all_long_bars and all(map(clock.is_daily, given[-3:].tolist())):
        return _closes(given, clock)
    return times_of(given, clock)


def own_feeds(clock: Clock) -> list[Feed]:
    """The feeds that carry bars of their own: what backtrader makes of them (resampled, replayed, copied) says nothing new."""
    traded = [feed for feeds in clock.by_symbol.values() for feed in feeds]
    return [feed for feed in traded if not getattr(feed.data, "_clone", False)]


def loaded(feed: Feed) -> bool:
    """Are all bars of the feed there already, before the first one is played?"""
    held = len(feed.times.array)
    return held > len(feed.data) and held > 1 and not feed.data.resampling and not feed.data.replaying


def whole(feed: Feed) -> bool:
    """Does the feed keep the bars that have passed?"""
    return not hasattr(feed.times.array, "maxlen")


def _column(feed: Feed, name: str, size: int) -> Array:
    line = getattr(feed.data.lines, name, None)
    if line is None:
        return np.zeros(size)
    column = np.array(line.array[:size], dtype=np.float64)
    return column if len(column) == size else np.zeros(size)


def _size(feed: Feed) -> int:
    """Bars in the lines without the room that indicators asked for past the end."""
    return max(0, len(feed.times.array) - getattr(feed.times, "extension", 0))


def stamps_of(feed: Feed) -> Array:
    """The stamps of every bar that is there, as backtrader's floats, in the feed's order."""
    return np.array(feed.times.array[: _size(feed)], dtype=np.float64)


def length_of(feed: Feed, stamps: Array) -> int | None:
    """Minutes of a bar as the bars themselves have it; None for days and longer."""
    if len(stamps) < 2:
        return None if feed.long_bars else max(1, int(feed.data._compression))
    parts = stamps % 1.0
    if feed.long_bars and (np.diff(np.floor(stamps)) >= 1).all():
        return None
    steps = np.round(np.diff(stamps) * 1440.0).astype(np.int64)[np.diff(np.floor(stamps)) == 0]
    if not len(steps) or (parts == parts[0]).all():
        return None
    lengths, counts = np.unique(steps[steps > 0], return_counts=True)
    return int(lengths[np.argmax(counts)]) if len(lengths) else 1


def arrays_of(feed: Feed, clock: Clock) -> tuple[int | None, SymbolBars]:
    """Minutes of a bar (None: days) and the bars of a feed, oldest first, each time once, without those that have no price."""
    stamps = stamps_of(feed)
    length = length_of(feed, stamps)
    columns = [_column(feed, name, len(stamps)) for name in ("open", "high", "low", "close", "volume")]
    good = np.isfinite(stamps) & np.isfinite(columns[3]) & (columns[3] > 0.0) & np.isfinite(columns[0]) & (columns[0] > 0.0)
    order = np.flatnonzero(good)[np.argsort(stamps[good], kind="stable")]
    order = order[np.append(np.diff(stamps[order]) > 0, True)] if len(order) else order
    times = times_of(stamps[order], clock) if length is not None else _closes(stamps[order], clock)
    columns[4] = np.where(np.isfinite(columns[4]), columns[4], 0.0)
    return length, SymbolBars(times, *(column[order] for column in columns))


def _closes(stamps: Array, clock: Clock) -> Array:
    """Daily bars at the close of their session; a stamp just before midnight is of that day."""
    days = times_of(np.floor(stamps), clock) if not clock.zoned else times_of(stamps, clock)
    days = days.astype("datetime64[D]").astype(object)
    return np.array([close_of(day) if is_session(day) else day for day in days], dtype="datetime64[us]")


def groups(feeds: Iterable[Feed], clock: Clock) -> Iterator[Bars]:
    """The bars of these feeds, those of one length together; of a symbol with several feeds the finest."""
    found: dict[int | None, dict[str, SymbolBars]] = {}
    seen: set[str] = set()
    for feed in sorted(feeds, key=lambda f: (f.data._timeframe, f.data._compression)):
        if feed.symbol in seen or not whole(feed):
            continue
        length, arrays = arrays_of(feed, clock)
        if len(arrays.close):
            seen.add(feed.symbol)
            found.setdefault(length, {})[feed.symbol] = arrays
    for length, data in found.items():
        yield Bars(data, timeframe="days" if length is None else "minutes", compression=length or 1)


def bars_of(clock: Clock) -> Bars | None:
    """All bars of the run's feeds under one roof; of a symbol with several feeds the finest. None where no bars were kept."""
    found = list(groups(own_feeds(clock), clock)) or list(groups((f for fs in clock.by_symbol.values() for f in fs), clock))
    if not found:
        return None
    finest = min(found, key=lambda bars: bars.compression if bars.timeframe == "minutes" else 1e9)
    data = {symbol: bars.arrays(symbol) for bars in found for symbol in bars.symbols}
    kinds = sorted({type(feed.data).__name__ for feed in own_feeds(clock)})
    return Bars(data, timeframe=finest.timeframe, compression=finest.compression, detected_format=f"backtrader feeds ({', '.join(kinds)})")
