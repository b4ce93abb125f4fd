"""Bars as backtrader feeds: each line buffer is filled from its array in one copy, not cell by cell.

The feeds carry naive New York time at the END of the bar, the right timeframe and compression (backtrader's default is days), the
symbol as ``_name`` and the session's hours, so that timers, resampling and ``Order.DAY`` end with the session.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import backtrader as bt
import numpy as np

from ..bars import Bars, SymbolBars
from ..errors import BadInput
from ..sessions import DATE_ENDS, PRE_MARKET_OPEN, REGULAR_CLOSE, REGULAR_OPEN

_TIMEFRAMES = {"minutes": bt.TimeFrame.Minutes, "days": bt.TimeFrame.Days}
_MICROSECONDS_PER_DAY = 86_400_000_000
#: 1970-01-01 as backtrader counts days (1 is 0001-01-01).
_EPOCH_DAY = 719_163
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
    micros = datetimes.astype("datetime64[us]").astype(np.int64)
    days, rest = np.divmod(micros, _MICROSECONDS_PER_DAY)
    minutes, seconds = np.divmod(rest, 60_000_000)
    if seconds.any():
        clocks, inverse = np.unique(rest, return_inverse=True)
        fractions = np.array([_fraction(int(clock)) for clock in clocks])[inverse]
    else:
        fractions = _minute_fractions()[minutes]
    return np.asarray(days + _EPOCH_DAY + fractions, dtype=np.float64)


def _fraction(micros: int) -> float:
    """A clock time, in microseconds after midnight, as part of a day, rounded as ``bt.date2num`` rounds it together with the day."""
    base = float(_EPOCH_DAY)
    seconds, micro = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return math.fsum((base, hour / 24.0, minute / 1440.0, second / 86400.0, micro / 86_400e6)) - base


@lru_cache(maxsize=1)
def _minute_fractions() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([_fraction(minute * 60_000_000) for minute in range(1440)])


class ArrayFeed(bt.feed.DataBase):
    """The bars of one symbol as a feed; ``dataname`` is a :class:`Bars` (``name`` picks the symbol if it holds several).

    With ``preload`` and no filter every line buffer is filled at once. Resampling, replaying, ``exactbars`` and ``preload=False`` take
    backtrader's own road, bar by bar; the bars are the same.
    """

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
        self._columns = [date_numbers(arrays.datetimes), *arrays[1:]]
        self._set_session(arrays)
        self._at = 0

    def _set_session(self, arrays: SymbolBars) -> None:
        """The session's hours, 09:30 to 16:00 unless told, or 04:00 to 20:00 if there are bars outside the regular session."""
        clocks = arrays.datetimes - arrays.datetimes.astype("datetime64[D]")
        late = bool((clocks > np.timedelta64(16, "h")).any())
        early = bool((clocks <= np.timedelta64(570, "m")).any())
        if self.p.sessionstart is None:
            self.p.sessionstart = PRE_MARKET_OPEN if early else REGULAR_OPEN
        if self.p.sessionend is None:
            self.p.sessionend = DATE_ENDS if late else REGULAR_CLOSE

    def start(self) -> None:
        super().start()
        self._at = 0

    def preload(self) -> None:
        if self._filters or self._tzinput or self.lines.datetime.mode != bt.linebuffer.LineBuffer.UnBounded:
            super().preload()
            return
        dates = self._columns[0]
        rows = slice(np.searchsorted(dates, self.fromdate, "left"), np.searchsorted(dates, self.todate, "right"))
        for name, column in zip(_LINES, self._columns, strict=True):
            self._fill(getattr(self.lines, name), column[rows].tobytes())
        count = len(dates[rows])
        self._fill(self.lines.openinterest, bytes(8 * count))
        # feed.next() asks load() again at the end of the buffer: from now on there is nothing left to load.
        self._at = len(dates)
        self.home()

    @staticmethod
    def _fill(line: Any, values: bytes) -> None:
        buffer = array("d", values)
        buffer.extend([math.nan] * line.extension)
        line.array = buffer

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
