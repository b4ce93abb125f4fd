"""Bars as backtrader feeds: each line buffer is filled from its array in one copy, not cell by cell, and once for all feeds and runs.

The feeds carry naive New York time at the END of the bar, the right timeframe and compression (backtrader's default is days), the
symbol as ``_name`` and the session's hours, so that timers, resampling and ``Order.DAY`` end with the session.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NoReturn

import backtrader as bt
import numpy as np
from backtrader.linebuffer import LineBuffer

from ...bars import Bars, SymbolBars
from ...core.errors import BadInput
from ...core.sessions import DATE_ENDS, PRE_MARKET_OPEN, REGULAR_CLOSE, REGULAR_OPEN
from .cells import BarLine, Cells, cells_of

_TIMEFRAMES = {"minutes": bt.TimeFrame.Minutes, "days": bt.TimeFrame.Days}
_LENGTH = re.compile(r"(\d*) ?([a-z]+)")
_MICROSECONDS_PER_DAY = 86_400_000_000
#: 1970-01-01 as backtrader counts days (1 is 0001-01-01).
EPOCH_DAY = 719_163
#: So many times are worked on at once: what is needed for it stays small beside the bars.
_PIECE = 1 << 18
_LINES = ("datetime", "open", "high", "low", "close", "volume")


def feeds(bars: Bars, symbols: Iterable[str] | None = None, **params: Any) -> list[ArrayFeed]:
    """One feed per symbol, in the order of ``symbols`` (default: all, alphabetically); ``params`` go to every feed (``fromdate`` ...)."""
    if isinstance(symbols, str):
        symbols = [symbols]
    feed: Any = ArrayFeed  # backtrader's metaclass takes the parameters
    return [feed(**params, dataname=bars, name=symbol) for symbol in (bars.symbols if symbols is None else symbols)]


def date_numbers(datetimes: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The same floats as ``bt.date2num`` gives for each ``datetime64``, all at once.

    A float of the years 1436 to 2871 has steps of 2**-33 days whatever the day, so the exactly rounded part of the day is one and
    the same for every date: it is worked out once per clock time and added to the day without rounding.
    """
    found = np.empty(len(datetimes))
    for begin in range(0, len(datetimes), _PIECE):
        found[begin : begin + _PIECE] = _date_numbers(datetimes[begin : begin + _PIECE])
    return found


def _date_numbers(datetimes: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    micros = datetimes.astype("datetime64[us]").astype(np.int64)
    days, rest = np.divmod(micros, _MICROSECONDS_PER_DAY)
    minutes, seconds = np.divmod(rest, 60_000_000)
    if seconds.any():
        clocks, inverse = np.unique(rest, return_inverse=True)
        fractions = np.array([_fraction(int(clock)) for clock in clocks])[inverse]
    else:
        fractions = _minute_fractions()[minutes]
    return np.asarray(days + EPOCH_DAY + fractions, dtype=np.float64)


def _fraction(micros: int) -> float:
    """A clock time, in microseconds after midnight, as part of a day, rounded as ``bt.date2num`` rounds it together with the day."""
    base = float(EPOCH_DAY)
    seconds, micro = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return math.fsum((base, hour / 24.0, minute / 1440.0, second / 86400.0, micro / 86_400e6)) - base


@lru_cache(maxsize=1)
def _minute_fractions() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([_fraction(minute * 60_000_000) for minute in range(1440)])


class SharedLine(LineBuffer):
    """A line that stands where a cursor stands which it shares with others: one step of the cursor (``at``) is a step of them all.

    Lines take this class for the length of a run of :class:`~bt_pdt.host.fast.cerebro.Cerebro`, which alone moves the cursor.
    """

    def _moved(self, *_: Any, **__: Any) -> NoReturn:
        raise BadInput("bt_pdt.Cerebro moves the lines of a run itself; a strategy that moves or resizes them needs backtrader's Cerebro.")

    at: list[int]
    idx = _idx = property(lambda self: self.at[0], _moved)
    lencount = property(lambda self: self.at[0] + 1, _moved)
    home = reset = forward = backwards = advance = rewind = extend = set_idx = qbuffer = _moved

    def __len__(self) -> int:
        return self.at[0] + 1

    def __getitem__(self, ago: int) -> Any:
        return self.array[self.at[0] + ago]


class Tick:
    """``data.tick_close`` and so on of a feed whose lines share a cursor; elsewhere backtrader writes them into the feed bar by bar."""

    def __init__(self, line: str) -> None:
        self.line = line

    def __get__(self, feed: Any, owner: type | None = None) -> Any:
        line = None if feed is None else getattr(feed.lines, self.line)
        if not isinstance(line, SharedLine) or line.at[0] < 0:
            raise AttributeError(f"no tick_{self.line} yet")
        at = line.at[0]
        return line.array[at] if at + 1 < line.buflen() else None  # of the last bar backtrader has none


_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "t"), (bt.TimeFrame.Minutes, 1)),
    **dict.fromkeys(("h", "hour", "hours"), (bt.TimeFrame.Minutes, 60)),
    **dict.fromkeys(("d", "day", "days"), (bt.TimeFrame.Days, 1)),
    **dict.fromkeys(("w", "week", "weeks"), (bt.TimeFrame.Weeks, 1)),
    **dict.fromkeys(("mo", "month", "months"), (bt.TimeFrame.Months, 1)),
}


def lengths(texts: Iterable[str], bars: Bars) -> list[tuple[int, int]]:
    """``15min``, ``1h``, ``1d`` as backtrader's timeframe and compression; raises :class:`BadInput` for what these bars do not make."""
    found = []
    for text in texts:
        told = _LENGTH.fullmatch(str(text).lower())
        unit = None if told is None else _UNITS.get(told[2])
        if told is None or unit is None or int(told[1] or 1) < 1:
            raise BadInput(f"resample takes lengths like 15min, 1h, 1d or 1w, got {text!r}.")
        timeframe, compression = unit[0], unit[1] * int(told[1] or 1)
        own = (_TIMEFRAMES[bars.timeframe], bars.compression)
        if (timeframe, compression) <= own or (timeframe == own[0] and compression % own[1]):
            raise BadInput(f"resample {text}: bars of {bars.bar_length} do not make it; give a longer length that is a multiple of theirs.")
        found.append((timeframe, compression))
    return found


class ArrayFeed(bt.feed.DataBase):
    """The bars of one symbol as a feed; ``dataname`` is a :class:`Bars` (``name`` picks the symbol if it holds several).

    With ``preload`` and no filter every line buffer is filled at once, from one copy of the bars that all feeds and runs of them share.
    Resampling, replaying, ``exactbars`` and ``preload=False`` take backtrader's own road, bar by bar; the bars are the same.
    """

    tick_open, tick_high, tick_low, tick_close, tick_volume = (Tick(name) for name in _LINES[1:])
    tick_openinterest, tick_last = Tick("openinterest"), Tick("close")

    def __init__(self) -> None:
        super().__init__()
        bars = self.p.dataname
        if not isinstance(bars, Bars):
            raise BadInput(f"ArrayFeed takes dataname=bt_pdt.load(...), got {type(bars).__name__}.")
        symbol = self.p.name or (bars.symbols[0] if len(bars.symbols) == 1 else "")
        if not symbol:
            raise BadInput(
                f"these bars hold {len(bars.symbols)} symbols ({', '.join(bars.symbols[:8])}); give ArrayFeed name= one of them."
            )
        arrays = bars.arrays(symbol)
        # The symbol's own arrays alone travel with the feed when optstrategy pickles it.
        self.p.dataname = self._dataname = self.p.name = self._name = symbol
        self.p.timeframe, self.p.compression = _TIMEFRAMES[bars.timeframe], bars.compression
        self._cells = cells_of(bars)
        self._columns = [self._cells.clock(arrays.datetimes, date_numbers), *arrays[1:]]
        for name in (*_LINES, "openinterest"):
            line = getattr(self.lines, name)
            if type(line) is LineBuffer:
                line.__class__ = BarLine
        self._set_session(arrays)
        self._at = 0

    def _set_session(self, arrays: SymbolBars) -> None:
        """The session's hours, 09:30 to 16:00 unless told, or 04:00 to 20:00 if there are bars outside the regular session."""
        late = early = False
        for begin in range(0, len(arrays.datetimes), _PIECE):
            piece = arrays.datetimes[begin : begin + _PIECE]
            clocks = piece - piece.astype("datetime64[D]")
            late = late or bool((clocks > np.timedelta64(16, "h")).any())
            early = early or bool((clocks <= np.timedelta64(570, "m")).any())
        if self.p.sessionstart is None:
            self.p.sessionstart = PRE_MARKET_OPEN if early else REGULAR_OPEN
        if self.p.sessionend is None:
            self.p.sessionend = DATE_ENDS if late else REGULAR_CLOSE

    def start(self) -> None:
        super().start()
        self._at = 0

    def preload(self) -> None:
        kept = [getattr(self.lines, name) for name in (*_LINES, "openinterest")]
        plain = all(isinstance(line, BarLine) and line.mode == LineBuffer.UnBounded for line in kept)
        own = len(self.lines.lines) > len(kept) or type(self)._load is not ArrayFeed._load
        if self._filters or self._tzinput or not plain or own:
            super().preload()
            return
        dates = self._columns[0]
        first, end = np.searchsorted(dates, self.fromdate, "left"), np.searchsorted(dates, self.todate, "right")
        rows = slice(int(first), max(int(first), int(end)))
        for line, column in zip(kept, (*self._columns, self._cells.zeros(len(dates))), strict=True):
            line.share(self._cells.of(column, rows, line.extension))
        # feed.next() asks load() again at the end of the buffer: from now on there is nothing left to load.
        self._at = len(dates)
        self.home()

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self) | {"_cells": None}
        if all(getattr(getattr(self.lines, name), "shared", False) for name in _LINES):
            state["_columns"] = None  # the lines travel too, and hold all that a run of this feed reads
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _cells=Cells())
        if self._columns is None:
            size = self.lines.datetime.buflen()
            self._columns = [np.array(getattr(self.lines, name).array[:size]) for name in _LINES]
            self._at = size

    def _load(self) -> bool:
        at = self._at
        if at >= len(self._columns[0]):
            return False
        lines = self.lines
        for name, column in zip(_LINES, self._columns, strict=True):
            getattr(lines, name)[0] = float(column[at])
        lines.openinterest[0] = 0.0
        self._at = at + 1
        return True
