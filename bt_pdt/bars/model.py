"""``Bars``: what the loader gives and everything else reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.errors import BadInput, known_name

if TYPE_CHECKING:
    import pandas as pd

    from .findings import Finding
    from .report import DataReport

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")

Array = np.ndarray[Any, np.dtype[Any]]


class SymbolBars(NamedTuple):
    """The bars of one symbol, oldest first; all arrays have one length and cannot be written to.

    ``datetimes`` is naive New York time at the END of the bar (daily bars: the close of that session, 16:00 or 13:00) as
    ``datetime64[us]``; prices are dollars, ``volume`` is shares, both ``float64``.
    """

    datetimes: Array
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array


class Action(NamedTuple):
    """What the bars' own columns state of a day: a split (4.0 for four new shares of one, 1.0 for none) and a dividend in dollars a share."""

    day: date
    split: float
    dividend: float


class Bars:
    """Bars of one or more symbols, all of one length: 1 minute, 15 minutes, 60 minutes, or 1 day. Not changed once made.

    ``timeframe`` is ``"minutes"`` or ``"days"`` and ``compression`` how many of them one bar holds; ``detected_format`` says in one line
    per file what the loader took it for; ``dropped`` counts the bad rows left out, by reason. ``reading`` says of each part of that reading
    whether it was stated, seen in the bars, or assumed; ``actions`` are the splits and dividends that the bars' own columns state.
    """

    def __init__(
        self,
        data: Mapping[str, SymbolBars],
        *,
        timeframe: str,
        compression: int,
        detected_format: str = "",
        dropped: Mapping[str, int] | None = None,
        reading: Mapping[str, str] | None = None,
        notices: Iterable[Finding] = (),
        actions: Mapping[str, Iterable[Action]] | None = None,
    ) -> None:
        known_name("timeframe", timeframe, ("minutes", "days"))
        if not data:
            raise BadInput("there are no bars: give at least one symbol.")
        frozen = {}
        for symbol in sorted(data):
            arrays = [np.array(data[symbol].datetimes, dtype="datetime64[us]")]
            arrays += [np.array(column, dtype=np.float64) for column in data[symbol][1:]]
            for array in arrays:
                array.flags.writeable = False
            frozen[symbol] = SymbolBars(*arrays)
        self._data = frozen
        self.timeframe = timeframe
        self.compression = compression
        self.detected_format = detected_format
        self.dropped: Mapping[str, int] = MappingProxyType(dict(dropped or {}))
        self.reading: Mapping[str, str] = MappingProxyType(dict(reading or {}))
        self.notices = tuple(notices)
        self.actions: Mapping[str, tuple[Action, ...]] = MappingProxyType(
            {symbol: tuple(some) for symbol, some in (actions or {}).items() if symbol in frozen}
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in alphabetical order."""
        return tuple(self._data)

    def __len__(self) -> int:
        """Bars of all symbols together."""
        return sum(len(arrays.close) for arrays in self._data.values())

    def __repr__(self) -> str:
        names = ", ".join(self.symbols[:6]) + (", ..." if len(self.symbols) > 6 else "")
        return (
            f"<Bars {len(self):,} bars of {self.bar_length}: {names}; {self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M} New York>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in self.__dict__.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        views = {name: MappingProxyType(state.get(name, {})) for name in ("dropped", "reading", "actions")}
        self.__dict__.update({"notices": ()} | state | views)
        for arrays in self._data.values():
            for array in arrays:
                array.flags.writeable = False  # which numpy does not pickle

    @property
    def bar_length(self) -> str:
        """The length of a bar in words: ``1 minute``, ``15 minutes``, ``1 hour``, ``1 day``."""
        return length_in_words(None if self.timeframe == "days" else self.compression)

    @property
    def first(self) -> datetime:
        """End of the earliest bar, New York time."""
        return min(a.datetimes[0] for a in self._data.values()).item()  # type: ignore[no-any-return]

    @property
    def last(self) -> datetime:
        """End of the latest bar, New York time."""
        return max(a.datetimes[-1] for a in self._data.values()).item()  # type: ignore[no-any-return]

    def arrays(self, symbol: str) -> SymbolBars:
        """The bars of ``symbol`` as numpy arrays."""
        return self._data[known_name("symbol", symbol, self._data)]

    def frame(self, symbol: str) -> pd.DataFrame:
        """The bars of ``symbol`` as a pandas frame indexed by the END of the bar in New York time."""
        import pandas as pd

        arrays = self.arrays(symbol)
        return pd.DataFrame(
            {name: column.copy() for name, column in zip(COLUMNS, arrays[1:], strict=True)},
            index=pd.DatetimeIndex(arrays.datetimes, name="datetime"),
        )

    def only(self, symbols: Iterable[str]) -> Bars:
        """The same bars of these symbols alone."""
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        return self._with({name: self.arrays(name) for name in names})

    def between(self, start: date | datetime | str | None = None, end: date | datetime | str | None = None) -> Bars:
        """The bars that end from ``start`` to ``end``, both included; a date means that whole day. Symbols left without bars go."""
        low = _moment("start", start, np.datetime64("0001-01-01", "us"), last_of_day=False)
        high = _moment("end", end, np.datetime64("9999-12-31", "us"), last_of_day=True)
        kept = {}
        for symbol, arrays in self._data.items():
            at = slice(np.searchsorted(arrays.datetimes, low, "left"), np.searchsorted(arrays.datetimes, high, "right"))
            if len(arrays.datetimes[at]):
                kept[symbol] = SymbolBars(*(column[at] for column in arrays))
        if not kept:
            raise BadInput(f"no bars from {start} to {end}; these bars go from {self.first} to {self.last} New York time.")
        return self._with(kept)

    def _with(self, data: Mapping[str, SymbolBars]) -> Bars:
        notices = [one for one in self.notices if not one.symbol or one.symbol in data]
        return Bars(
            data, timeframe=self.timeframe, compression=self.compression, detected_format=self.detected_format, dropped=self.dropped,
            reading=self.reading, notices=notices, actions=self.actions,
        )  # fmt: skip

    @cached_property
    def sha256(self) -> str:
        """Hash of symbols, bar length and every number: two runs with one hash saw the same bars."""
        digest = hashlib.sha256(f"{self.timeframe} {self.compression}".encode())
        for symbol, arrays in self._data.items():
            digest.update(f"\n{symbol} {len(arrays.close)}\n".encode())
            digest.update(arrays.datetimes.astype("<i8").tobytes())
            for column in arrays[1:]:
                digest.update(column.astype("<f8").tobytes())
        return digest.hexdigest()

    @cached_property
    def report(self) -> DataReport:
        """What is missing from these bars or looks wrong with them; made on first use."""
        from .report import examine

        return examine(self)

    def tidy(self) -> pd.DataFrame:
        """All bars as tidy rows: ``symbol``, ``timestamp`` (UTC, START of the bar; daily: midnight New York), prices, volume."""
        import pandas as pd

        frames = []
        for symbol in self.symbols:
            frame = self.frame(symbol).reset_index(names="timestamp")
            if self.timeframe == "days":
                frame["timestamp"] = frame["timestamp"].dt.normalize()
            else:
                before = frame["timestamp"].shift().where(lambda s, own=frame["timestamp"]: s.dt.normalize() == own.dt.normalize())
                start = frame["timestamp"] - pd.Timedelta(minutes=self.compression)
                frame["timestamp"] = start.where(before.isna() | (start >= before), before)
            zoned = frame["timestamp"].dt.tz_localize("America/New_York", ambiguous=True, nonexistent="shift_forward")
            frame["timestamp"] = zoned.dt.tz_convert("UTC")
            frame.insert(0, "symbol", symbol)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def _moment(what: str, value: date | datetime | str | None, default: np.datetime64, *, last_of_day: bool) -> np.datetime64:
    if value is None:
        return default
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise BadInput(f"{what} {value!r} is not a day; write it like 2026-06-04 or 2026-06-04 09:31.") from None
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise BadInput(f"{what} {value} carries a time zone; bars are in naive New York time, give a moment without a zone.")
        return np.datetime64(value, "us")
    moment = np.datetime64(value, "us")
    return moment + np.timedelta64(86_399_999_999, "us") if last_of_day else moment


def length_in_words(minutes: int | None) -> str:
    """``1 minute``, ``15 minutes``, ``1 hour``, ``4 hours``; None is ``1 day``."""
    if minutes is None:
        return "1 day"
    if minutes % 60 == 0:
        return "1 hour" if minutes == 60 else f"{minutes // 60} hours"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
