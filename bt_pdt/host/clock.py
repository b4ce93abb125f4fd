"""What the feeds say about time and price: the broker's clock, the ticker behind each feed, closing marks.

Backtrader keeps times as floats (days) and stamps a bar with its END. Numbers are compared as they are; a ``datetime`` is made
only at an order, a fill or a session's end. Times are naive New York time (a feed with ``tz`` is read in that zone).

A *daily* bar is one of a feed declared as Days or longer whose stamp is no time of day (midnight, 23:59:59.99 or the feed's own
``sessionend``). Minute bars whose feed was left at backtrader's default timeframe Days are therefore still read as minute bars.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import PureWindowsPath
from typing import Any

import backtrader as bt

from ..core import sessions
from ..core.errors import BadInput
from ..core.sessions import NEW_YORK

#: Times in floats are good to about a tenth of a millisecond; a millisecond decides.
MILLISECOND = 1.0 / 86_400_000.0
DAY_STAMP = 86_399.0 / 86_400.0
_FILES = {".csv", ".txt", ".parquet", ".feather", ".gz", ".zip", ".json"}


def ticker(data: Any, names: Mapping[Any, str], position: int = 0) -> str:
    """The symbol a feed trades: that of the feed it was cloned from (``resampledata``), else its name, else ``DATA<n>``.

    ``names`` renames feeds by their backtrader name. A file name (it ends in .csv, .parquet ...) loses folder and ending: ``bars/SPY.csv``
    is ``SPY``. Anything else stays what it is: ``BRK/B`` and ``BF.B`` are symbols.
    """
    root = data
    while getattr(root, "_clone", False):
        root = root.data
    name = root._name or data._name
    if name in names:
        return names[name]
    if data._name in names:
        return names[data._name]
    if not isinstance(name, str) or not name:
        return f"DATA{position}"
    path = PureWindowsPath(name)  # takes both kinds of slashes
    if path.suffix.lower() not in _FILES:
        return name
    while path.suffix.lower() in _FILES:
        path = path.with_suffix("")
    return path.name


_TRADED = ("open", "high", "low", "close")


class Feed:
    """One data feed as the broker reads it: its ticker and the lines it needs, without backtrader's attribute look-ups."""

    __slots__ = ("close", "data", "high", "lacks", "long_bars", "low", "open", "session_end", "symbol", "ticking", "times")

    def __init__(self, data: Any, symbol: str) -> None:
        self.data, self.symbol = data, symbol
        lines = data.lines
        self.times = lines.datetime
        #: Lines that a bar needs to be traded on and this feed has not: it carries figures (bid and ask, a signal), and only they are read.
        self.lacks = [name for name in _TRADED if not hasattr(lines, name)]
        if not self.lacks:
            self.open, self.high, self.low, self.close = lines.open, lines.high, lines.low, lines.close
        #: A replayed or live bar changes while it lasts: the tick at hand is not in its lines.
        self.ticking = bool(data.replaying or data.islive())
        self.long_bars = data._timeframe >= bt.TimeFrame.Days
        end: time | None = data.p.sessionend if isinstance(data.p.sessionend, time) else None
        self.session_end = None if end is None else bt.utils.date.time2num(end)

    @property
    def started(self) -> bool:
        i: int = self.times.idx
        return i >= 0

    def stamp(self) -> float:
        """When the current bar ended, as backtrader's float; 0 before the first bar."""
        i: int = self.times.idx
        stamp: float = self.times.array[i] if i >= 0 else 0.0
        return stamp

    def is_daily(self, stamp: float) -> bool:
        """Is a bar with this stamp a whole day (or longer)?"""
        if not self.long_bars:
            return False
        part = stamp % 1.0
        return part == 0.0 or part >= DAY_STAMP or (self.session_end is not None and abs(part - self.session_end) < MILLISECOND)

    def price(self, *, at_open: bool = False) -> float:
        """The current bar's close (its open before the broker has seen the bar: the close is still the future)."""
        line = self.open if at_open else self.close
        price: float = line.array[line.idx]
        return price

    def close_until(self, stamp: float, day: date, zoned: bool = False) -> tuple[float, float] | None:
        """(stamp, close) of the last bar that ended at or before ``stamp``, a daily bar of ``day`` included; None if there is none."""
        if not self.started:
            return None
        if self.is_daily(self.stamp()):
            # a day kept in UTC may end in the night after it, and the next one ends a day later
            stamp = day.toordinal() + (1.5 if zoned else 1.0) - MILLISECOND / 2
        times, closes = self.times.array, self.close.array
        i = bisect_right(times, stamp + MILLISECOND / 2, 0, self.times.idx + 1) - 1
        return (times[i], closes[i]) if i >= 0 else None


def _root(data: Any) -> Any:
    """The feed behind one that was resampled, replayed or copied."""
    while getattr(data, "_clone", False):
        data = data.data
    return data


def _require_one_security(feed: Feed, other: Feed, names: Mapping[Any, str]) -> None:
    """Two feeds under one ticker are one position: only where they surely are one security, or the user said so."""
    one, two = _root(feed.data), _root(other.data)
    if one is two or one._name in names or two._name in names:
        return
    if one._name == two._name and (feed.data._timeframe, feed.data._compression) != (other.data._timeframe, other.data._compression):
        return  # one name for two timeframes of one security
    source = one.p.dataname
    if one._name == two._name and (source is two.p.dataname or (isinstance(source, str) and source == two.p.dataname)):
        return  # the same bars twice
    said = " and ".join(dict.fromkeys(repr(str(data._name)) for data in (two, one)))
    raise BadInput(
        f"the ticker {feed.symbol} stands twice: for two feeds named {said}. Give each security a name of its own, "
        "adddata(feed, name='...'), or, if both are one security and so one position, say so: "
        f"symbols={ {str(data._name): feed.symbol for data in (two, one)} }."
    )


class Clock:
    """All feeds of one run, the time of the newest bar, and where the session they are in ends."""

    def __init__(self, datas: Iterable[Any], names: Mapping[Any, str], zoned: bool = False) -> None:
        #: The feeds keep UTC and are shown in a zone: one of their own (``tz``), or the whole run's (``cerebro.run(tz=...)``).
        self.zoned = zoned
        self.feeds: dict[Any, Feed] = {}
        self.by_symbol: dict[str, list[Feed]] = {}
        for i, data in enumerate(datas):
            if data not in self.feeds:
                self.add(data, names, i)
        if not self.by_symbol:
            raise BadInput("bt_pdt needs at least one data feed; add one with cerebro.adddata() before run().")
        finest = sorted(self.feeds.values(), key=lambda f: (f.data._timeframe, f.data._compression))
        self._times = [f.times for f in finest]
        # Bars that backtrader makes itself may arrive late with an old stamp: then every feed is asked.
        self._plain = not any(d.resampling or d.replaying for d in self.feeds)
        self.has_long_bars = any(f.long_bars for f in finest)
        self.all_long_bars = all(f.long_bars for f in finest)
        self._session_ends = {f.session_end for f in finest if f.session_end is not None}
        self._last_moment: tuple[float, datetime] = (-1.0, datetime.min)
        self._last_datetime: tuple[float, datetime] = (-1.0, datetime.min)
        self._last_number: tuple[float, float] = (-1.0, 0.0)
        #: exactbars keeps no past bars: the last mark has to be noted as it passes.
        self.forgets = False
        self.now = 0.0

    def add(self, data: Any, names: Mapping[Any, str], position: int) -> None:
        feed = Feed(data, ticker(data, names, position))
        self.feeds[data] = feed
        if feed.lacks:
            return
        others = self.by_symbol.setdefault(feed.symbol, [])
        for other in others:
            _require_one_security(feed, other, names)
        others.append(feed)

    def read(self) -> float:
        """The stamp of the newest bar of any feed; it never goes back."""
        now = self.now
        for line in self._times:
            i = line.idx
            if i >= 0:
                stamp: float = line.array[i]
                if stamp > now:
                    if self._plain:
                        self.now = stamp
                        return stamp
                    now = stamp
        self.now = now
        return now

    def is_daily(self, stamp: float) -> bool:
        """Is a bar with this stamp a whole day? Beside intraday feeds only a stamp that is no time of day says so."""
        if not self.has_long_bars:
            return False
        part = self.day_number(stamp) % 1.0
        if part >= DAY_STAMP:
            return True
        if not self.all_long_bars:
            return False
        return part == 0.0 or any(abs(part - end) < MILLISECOND for end in self._session_ends) or self._is_early_close(stamp)

    def _is_early_close(self, stamp: float) -> bool:
        """13:00 on an early close, of a feed that stamps its days at the session's end."""
        if all(end >= DAY_STAMP for end in self._session_ends):
            return False
        close = sessions.close_of(date.fromordinal(int(self.day_number(stamp))))
        return close.time() != sessions.REGULAR_CLOSE and abs(self.stamp(close) - stamp) < MILLISECOND

    def moment(self, stamp: float) -> datetime:
        """A stamp as naive New York time. Exactly 20:00 is the end of a bar of that date, so a hair before it."""
        if stamp == self._last_moment[0]:
            return self._last_moment[1]
        at: datetime = bt.num2date(stamp)
        if self.zoned:
            at = at.replace(tzinfo=UTC).astimezone(NEW_YORK).replace(tzinfo=None)
        exact = at + timedelta(microseconds=round(at.microsecond, -3) - at.microsecond)  # float noise of a few microseconds
        if exact.date() == at.date():  # 23:59:59.99999 stays on its date
            at = exact
        if at.time() == sessions.DATE_ENDS:
            at -= timedelta(milliseconds=1)
        self._last_moment = (stamp, at)
        return at

    def datetime_of(self, data: Any) -> datetime:
        """``data.datetime.datetime()``, worked out once for all feeds with a bar at that time."""
        line = data.lines.datetime
        if line._tz is None and line[0] == self._last_datetime[0]:
            return self._last_datetime[1]
        at: datetime = line.datetime()
        if line._tz is None:
            self._last_datetime = line[0], at
        return at

    def stamp(self, at: datetime) -> float:
        """A New York time as the feeds write it."""
        if self.zoned:
            at = at.replace(tzinfo=NEW_YORK).astimezone(UTC).replace(tzinfo=None)
        stamp: float = bt.date2num(at)
        return stamp

    def day_number(self, stamp: float) -> float:
        """A stamp as days and a part of a day in New York."""
        if not self.zoned:
            return stamp
        if stamp != self._last_number[0]:
            self._last_number = stamp, bt.date2num(bt.num2date(stamp).replace(tzinfo=UTC).astimezone(NEW_YORK).replace(tzinfo=None))
        return self._last_number[1]

    def marks_until(self, stamp: float, day: date, symbols: Iterable[str]) -> dict[str, float]:
        """The last close of each symbol up to ``stamp``, from whichever of its feeds has the newest bar."""
        marks: dict[str, float] = {}
        for symbol in symbols:
            best: tuple[float, float] | None = None
            for feed in self.by_symbol.get(symbol, ()):
                seen = feed.close_until(stamp, day, self.zoned)
                if seen is not None and (best is None or seen[0] > best[0]):
                    best = seen
            if best is not None and math.isfinite(best[1]) and best[1] > 0.0:
                marks[symbol] = best[1]
        return marks
