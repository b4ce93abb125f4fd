"""What a file or frame is: one small recogniser per format, chosen by the columns and the first rows, never by the file's name.

Each yields a :class:`Taken`: rows with a time (aware UTC or naive), prices in dollars and volume, and what the format promises
about zone and stamp. Cleaning, time zones and stamps are the loader's work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.errors import BadInput
from .model import COLUMNS, PRICES
from .times import looks_newest_first, parse_times

if TYPE_CHECKING:
    import pandas as pd

NEW_YORK, UTC = "America/New_York", "UTC"


@dataclass
class Raw:
    """A table as read, before anyone knows what it is."""

    frame: pd.DataFrame
    source: str
    kind: str
    #: what a row is called in messages, and the number of the first one
    row_word: str = "row"
    first_row: int = 1
    #: what the file's name or place says
    symbol: str | None = None
    day: str | None = None
    #: named already by the way it was read (LEAN zips, JSON)
    name: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Taken:
    """A table taken for one format."""

    name: str
    #: columns: symbol (may be missing), time, open, high, low, close, volume, row (number in the source, for messages)
    frame: pd.DataFrame
    #: zone of times that carry none
    zone: str = NEW_YORK
    #: the side the format stamps, or None to look at the bars; then ``fallback`` if they do not tell
    stamp: str | None = None
    fallback: str = "start"
    #: length of a bar in minutes where the format says it; 0 = a day
    minutes: int | None = None


def recognise(raw: Raw) -> Taken:
    """Find out what ``raw`` is; raises :class:`BadInput` with the columns seen if it is no table of bars."""
    if raw.frame.columns.nlevels > 1:
        return _yfinance_wide(raw)
    names = {column: _plain_name(column) for column in raw.frame.columns}
    frame = raw.frame.rename(columns=names)
    if frame.columns.has_duplicates:
        frame = frame.loc[:, ~frame.columns.duplicated()]
    have = set(frame.columns)
    for spoken, test, zone, stamp in _KNOWN:
        if test <= have:
            return _take(raw, frame, raw.name or spoken, zone, stamp)
    if {"symbol", "timestamp"} <= have:
        return _take(raw, frame, "tidy bars", UTC, None)
    if "adj_close" in have or set(map(str, raw.frame.columns)) >= _YFINANCE_STYLE:
        return _take(raw, frame, "yfinance bars", NEW_YORK, "start")
    if "time" in have and "date" not in have:
        return _take(raw, frame, raw.name or "TradingView export", NEW_YORK, "start")
    if raw.name is None and looks_newest_first(frame, ("timestamp", "datetime")):
        return _take(raw, frame, "Alpha Vantage bars", NEW_YORK, None, fallback="end")
    return _take(raw, frame, raw.name or "plain OHLCV bars", NEW_YORK, None)


#: format, columns that give it away, zone of its naive times, the side it stamps
_KNOWN: tuple[tuple[str, set[str], str, str | None], ...] = (
    ("Polygon flat file", {"window_start"}, UTC, "start"),
    ("Databento OHLCV", {"ts_event"}, UTC, "start"),
    ("Alpaca bars", {"symbol", "timestamp", "trade_count", "vwap"}, UTC, "start"),
    ("Alpaca bars", {"t", "o", "h", "l", "c"}, UTC, "start"),
    ("IBKR bars", {"date", "average", "barcount"}, NEW_YORK, "start"),
    ("IBKR bars", {"date", "wap", "barcount"}, NEW_YORK, "start"),
    ("Stooq bars", {"ticker", "per", "date"}, NEW_YORK, "end"),
    ("NinjaTrader bars", {"ninja"}, UTC, "end"),
)

#: One ticker of yfinance: its capital letters; the time is called Datetime (daily bars, Date, look like anyone's).
_YFINANCE_STYLE = {"Datetime", "Open", "High", "Low", "Close"}

_ALIASES = {
    "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vol": "volume", "ticker": "symbol",
    "last": "close", "bar_count": "barcount",
}  # fmt: skip
_TIME_COLUMNS = ("window_start", "ts_event", "timestamp", "datetime", "date_time", "date", "time", "t", "ninja")


def _plain_name(column: object) -> str:
    name = re.sub(r"^\d+\.\s*", "", str(column).strip().strip("<>").strip().lower())
    return re.sub(r"\s+", "_", name)


def _take(raw: Raw, frame: pd.DataFrame, name: str, zone: str, stamp: str | None, fallback: str = "start") -> Taken:
    import pandas as pd

    have = set(frame.columns)
    frame = frame.rename(columns={old: new for old, new in _ALIASES.items() if old in have and new not in have})
    time_column = next((column for column in _TIME_COLUMNS if column in frame.columns), None)
    missing = [column for column in PRICES if column not in frame.columns]
    if time_column is None or missing:
        lacks = ([] if time_column else ["a time column (timestamp, datetime, date or time)"]) + missing
        seen = ", ".join(str(column) for column in raw.frame.columns[:14])
        raise BadInput(f"{raw.source} is no table of bars bt_pdt knows: it lacks {', '.join(lacks)}; its columns are {seen}.")
    if "volume" not in frame.columns:
        frame = frame.assign(volume=0.0)
        raw.notes.append("no volume column, volume is 0")
    stamps = frame[time_column]
    if time_column == "date" and "time" in frame.columns:
        stamps = _join_date_and_time(frame)
    out = pd.DataFrame({"time": parse_times(stamps, raw.source, raw.row_word, raw.first_row, raw.day)})
    if "symbol" in frame.columns:
        out.insert(0, "symbol", frame["symbol"].to_numpy())
    for column in COLUMNS:
        out[column] = _numbers(frame[column], column, raw)
    out["row"] = range(raw.first_row, raw.first_row + len(out))
    taken = Taken(name, out, zone, stamp, fallback)
    if name.startswith("Databento"):
        _databento(frame, taken)
    elif name.startswith("LEAN"):
        out[list(PRICES)] /= 10_000.0
    elif name.startswith("Stooq"):
        out["symbol"] = out["symbol"].str.removesuffix(".US")
    elif "adj_close" in have:
        raw.notes.append("Adj Close ignored")
    return taken


def _join_date_and_time(frame: pd.DataFrame) -> pd.Series:
    """One text column from a date and a time column; Stooq's 93000 is 09:30:00."""
    day, clock = frame["date"].astype(str).str.strip(), frame["time"].astype(str).str.strip().str.replace(r"\.0$", "", regex=True)
    if clock.str.fullmatch(r"\d{1,6}").all():
        clock = clock.str.zfill(4 if clock.str.len().max() <= 4 else 6)
        clock = clock.str.replace(r"^(\d\d)(\d\d)(\d\d)?$", r"\1:\2:\3", regex=True).str.rstrip(":")
    if day.str.fullmatch(r"\d{8}").all():
        day = day.str.replace(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", regex=True)
    return day + " " + clock


def _numbers(column: pd.Series, name: str, raw: Raw) -> pd.Series:
    """The column as floats; a word where a number belongs stops with its row."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        parsed = pd.to_numeric(column, errors="coerce")
        wrong = parsed.isna() & column.notna() & ~column.astype(str).str.strip().str.lower().isin(("", "nan", "none", "null"))
        if wrong.any():
            at = int(wrong.to_numpy().argmax())
            raise BadInput(
                f"{raw.source} {raw.row_word} {at + raw.first_row}: {name} is {str(column.iloc[at])!r}, not a number;"
                " correct that row and load again."
            )
        column = parsed
    return column.astype("float64").reset_index(drop=True)


_RTYPE_MINUTES = {33: 1, 34: 60, 35: 0, 36: 0}


def _databento(frame: pd.DataFrame, taken: Taken) -> None:
    """Databento's raw prices are integers of a billionth of a dollar; ``rtype`` says how long a bar is."""
    import pandas as pd

    if all(pd.api.types.is_integer_dtype(frame[column]) for column in PRICES):
        for column in PRICES:
            prices = taken.frame[column]
            taken.frame[column] = (prices / 1e9).where(prices < 9.2e18)
    if "rtype" in frame.columns and frame["rtype"].nunique() == 1:
        taken.minutes = _RTYPE_MINUTES.get(int(frame["rtype"].iloc[0]))


def _yfinance_wide(raw: Raw) -> Taken:
    """yfinance's default: two levels of columns, (Price, Ticker) or with group_by="ticker" (Ticker, Price)."""
    import pandas as pd

    frame = raw.frame
    levels = [{_plain_name(value) for value in frame.columns.get_level_values(k)} for k in range(frame.columns.nlevels)]
    price_level = next((k for k, values in enumerate(levels) if set(PRICES) <= values), None)
    if frame.columns.nlevels != 2 or price_level is None:
        raise BadInput(
            f"{raw.source} has {frame.columns.nlevels} levels of columns but no open, high, low, close in any; give one row per bar."
        )
    times = parse_times(frame.index.to_series().reset_index(drop=True), raw.source, raw.row_word, raw.first_row, None)
    parts = []
    for ticker in dict.fromkeys(frame.columns.get_level_values(1 - price_level)):
        part = frame.xs(ticker, axis=1, level=1 - price_level)
        part = part.rename(columns={column: _plain_name(column) for column in part.columns}).reset_index(drop=True)
        if not set(COLUMNS) <= set(part.columns):
            continue
        one = pd.DataFrame({"symbol": str(ticker), "time": times})
        for column in COLUMNS:
            one[column] = _numbers(part[column], column, raw)
        one["row"] = range(raw.first_row, raw.first_row + len(one))
        parts.append(one[one[list(PRICES)].notna().any(axis=1)])
    if not parts:
        raise BadInput(f"{raw.source} has no symbol with open, high, low, close and volume.")
    return Taken("yfinance bars (wide)", pd.concat(parts, ignore_index=True), NEW_YORK, "start")
