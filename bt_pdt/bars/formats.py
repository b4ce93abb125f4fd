"""What a file or frame is: which column is which, what the file states about itself, and what the vendor it looks like is known to do.

Each yields a :class:`Taken`: rows with their times as written, prices in dollars and volume, the facts that the file states, and the vendor's
habits, which are hints. Zones, stamps and days are decided by the bars (:mod:`.hypotheses`), never here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput
from . import clocks
from .columns import CLOCKS, NAMES, PRICES, TIMES, plain_name, roles_of, told
from .model import COLUMNS
from .times import Place, Times, parse_times

if TYPE_CHECKING:
    import pandas as pd

    from .headless import Guess

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
    #: the decimal mark of numbers that came as text
    decimal: str = "."
    #: a text without a header: what its values said
    guess: Guess | None = None
    #: stated beside the rows (JSON): zone of times that carry none; prices adjusted or not
    zone: str | None = None
    adjusted: bool | None = None
    #: stated by the file's name
    adjusted_by_name: bool | None = None


@dataclass
class Taken:
    """A table taken for one format."""

    name: str
    #: columns: symbol (may be missing), open, high, low, close, volume, row (number in the source, for messages), and, where the file has
    #: them, split, dividend, raw_close, adj_close
    frame: pd.DataFrame
    times: Times
    #: the vendor's habit: zone of times that carry none, and the side of the bar
    zone_hint: str | None = None
    stamp_hint: str | None = None
    #: length of a bar in minutes where the format says it; 0 = a day
    minutes: int | None = None
    #: the zone the file states for times that carry none, and where it states it
    zone_stated: str | None = None
    #: columns that play no part, to tell apart rows of one time
    rest: pd.DataFrame | None = None
    #: this vendor's prices are adjusted for splits, by its own words
    vendor_adjusts: str | None = None


def recognise(raw: Raw, columns: dict[str, str] | None = None) -> Taken:
    """Find out what ``raw`` is; raises :class:`BadInput` with the columns seen if it is no table of bars."""
    if raw.frame.columns.nlevels > 1:
        return _yfinance_wide(raw)
    given = told(columns, raw.frame.columns) if columns else {}
    roles = roles_of(raw.frame.columns) | {role: column for role, column in given.items() if role not in ("time", "clock")}
    plain = {column: plain_name(column) for column in raw.frame.columns}
    have = set(plain.values()) | set(roles)
    vendor = next((one for one in _VENDORS if one.columns <= have), None)
    when = clocks.choose(raw, plain, given, taken=set(roles.values()) - {roles.get("symbol")})
    missing = [column for column in PRICES if column not in roles]
    if when is None or missing:
        lacks = ([] if when else ["a time column (timestamp, datetime, date or time)"]) + missing
        seen = ", ".join(str(column)[:40] for column in raw.frame.columns[:14])
        raise BadInput(
            f"{raw.source} is no table of bars bt_pdt knows: it lacks {', '.join(lacks)}; its columns are {seen}."
            + (" Name them with columns= (--columns close=NAME)." if len(missing) < 4 else "")
        )
    times = when.times
    out = _frame(raw, roles)
    name, zone, stamp = raw.name or "plain OHLCV bars", None, None
    if vendor is not None:
        name, zone, stamp = raw.name or vendor.name, vendor.zone, vendor.stamp
    elif raw.guess is not None and raw.name is None:
        name, zone, stamp = _headless_vendor(raw)
    elif "symbol" in roles and "timestamp" in have:
        name, zone = raw.name or "tidy bars", UTC
    elif "time" in have and "date" not in have and times.stated:
        name, stamp = raw.name or "TradingView export", "start"
    elif "adj_close" in roles or set(map(str, raw.frame.columns)) >= _YFINANCE_STYLE or "stock_splits" in have:
        name, stamp = raw.name or "yfinance bars", "start" if times.stated or "adj_close" in roles else None
    used = set(roles.values()) | set(when.columns)
    taken = Taken(name, out, times, zone, stamp, zone_stated=None if times.stated else when.zone or raw.zone)
    taken.rest = raw.frame[[column for column in raw.frame.columns if column not in used]]
    taken.minutes = _length_stated(raw, plain)
    if name.startswith("Databento"):
        _databento(raw, roles, taken)
    elif raw.guess is not None and raw.guess.unit != "dollars":
        _lean(raw, taken)
    if "symbol" in out.columns and _all_end_in_us(out["symbol"]):
        out["symbol"] = out["symbol"].astype(str).str.removesuffix(".US")
    if "adj_close" in roles and "raw_close" not in roles:
        raw.notes.append("Adj Close ignored")
    if name.startswith(("yfinance", "Yahoo")) or "stock_splits" in have:
        taken.vendor_adjusts = "Yahoo"
    return taken


@dataclass(frozen=True)
class _Vendor:
    name: str
    #: plain names or roles that give it away
    columns: frozenset[str]
    zone: str | None
    stamp: str | None


def _vendor(name: str, columns: str, zone: str | None, stamp: str | None) -> _Vendor:
    return _Vendor(name, frozenset(columns.split()), zone, stamp)


#: columns that give a vendor away, the zone of its times that carry none and the side of the bar it is known to stamp: hints, no more
_VENDORS = (
    _vendor("Polygon flat file", "window_start", UTC, "start"),
    _vendor("Databento OHLCV", "ts_event", UTC, "start"),
    _vendor("Alpaca bars", "symbol timestamp trade_count vwap", UTC, "start"),
    _vendor("Alpaca bars", "t o h l c", UTC, "start"),
    _vendor("IBKR bars", "date average barcount", NEW_YORK, "start"),
    _vendor("IBKR bars", "date wap barcount", NEW_YORK, "start"),
    _vendor("IEX bars", "date minute label", NEW_YORK, "start"),
    _vendor("Stooq bars", "ticker per date", "Europe/Warsaw", "start"),
    _vendor("TradeStation bars", "date time up down", NEW_YORK, "end"),
    _vendor("MultiCharts bars", "date time totalvolume", NEW_YORK, "end"),
    _vendor("MetaTrader bars", "date time tickvol spread", "America/New_York+7", "start"),
    _vendor("MetaTrader bars", "date tickvol spread", "America/New_York+7", "start"),
    _vendor("Barchart bars", "latest change", "America/Chicago", "start"),
    _vendor("Dukascopy bars", "gmt_time", UTC, "start"),
    _vendor("Sharadar prices", "ticker date closeunadj", NEW_YORK, None),
    _vendor("Tiingo bars", "date adjclose splitfactor", UTC, "start"),
    _vendor("Alpha Vantage adjusted bars", "timestamp adjusted_close split_coefficient", NEW_YORK, None),
    _vendor("Quandl WIKI prices", "date split_ratio adj_close", NEW_YORK, None),
    _vendor("CRSP bars", "permno prc", NEW_YORK, None),
    _vendor("EODHD bars", "timestamp gmtoffset", UTC, "start"),
)

#: One ticker of yfinance: its capital letters; the time is called Datetime (daily bars, Date, look like anyone's).
_YFINANCE_STYLE = {"Datetime", "Open", "High", "Low", "Close"}


def _headless_vendor(raw: Raw) -> tuple[str, str | None, str | None]:
    """Name and habits of a text without a header, by the look of its first cells."""
    guess = raw.guess
    assert guess is not None
    if raw.kind.endswith("semicolons") and re.fullmatch(r"\d{8}( \d{6})?", str(raw.frame.iloc[0, 0])):
        raw.kind = raw.kind.removesuffix(", semicolons")
        return "NinjaTrader bars", UTC, "end"
    raw.kind = raw.kind.removesuffix(", semicolons")
    if guess.unit == "lean":
        return "LEAN bars", NEW_YORK, "start"
    first = str(raw.frame.iloc[0, 0])
    if re.match(r"\d{4}\.\d\d\.\d\d", first) and guess.clock:
        return "MetaTrader bars", "America/New_York+7", "start"
    if guess.slashes:
        return "Kibot bars", NEW_YORK, None
    if re.match(r"\d{4}-\d\d-\d\d", first):
        return "FirstRate bars", NEW_YORK, None
    return "bars without a header", None, None


def _frame(raw: Raw, roles: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frame = raw.frame
    out: dict[str, Any] = {}
    if "symbol" in roles and _are_tickers(frame[roles["symbol"]]):
        out["symbol"] = frame[roles["symbol"]].reset_index(drop=True)
    for column in COLUMNS:
        if column in roles:
            out[column] = numbers(frame[roles[column]], column, raw)
        elif column == "volume" and {"up", "down"} <= set(roles):
            out[column] = numbers(frame[roles["up"]], "up", raw) + numbers(frame[roles["down"]], "down", raw)
        elif column == "volume":
            out[column] = np.zeros(len(frame))
            raw.notes.append("no volume column, volume is 0")
    for column in ("split", "dividend", "raw_close", "adj_close"):
        if column in roles:
            values = numbers(frame[roles[column]], column, raw, strict=False)
            if values.notna().any():
                out[column] = values
    result = pd.DataFrame(out)
    result["row"] = np.arange(raw.first_row, raw.first_row + len(result))
    return result


def _are_tickers(column: pd.Series) -> bool:
    """False for a column of names or numbers that only shares the name of a symbol's column."""
    import pandas as pd

    if plain_name(column.name) in NAMES["symbol"][:5] or str(column.name) == "T":
        return True
    values = column.dropna()
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.cat.remove_unused_categories().cat.categories.to_series()
    some = values.astype(str).str.strip().unique()[:2000]
    return bool(len(some)) and all(re.fullmatch(r"[A-Za-z][A-Za-z0-9.\-/]{0,9}", one) for one in some)


def _all_end_in_us(column: pd.Series) -> bool:
    import pandas as pd

    values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna().astype(str).unique()
    return bool(len(values)) and all(str(one).endswith(".US") for one in values)


_EMPTY = ("", "nan", "none", "null", "na", "n/a", "<na>", "-", "--")


def numbers(column: pd.Series, name: str, raw: Raw, strict: bool = True) -> pd.Series:
    """The column as floats: ``$1,234.50``, ``1.234,50`` and ``1.38M`` are numbers; a word where a number belongs stops with its row."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.astype("float64").reset_index(drop=True)
    column = column.reset_index(drop=True)
    try:
        text = column.astype(str).str.strip()
    except UnicodeDecodeError:
        raise BadInput(f"{raw.source}: {name} holds bytes, not numbers; write it as numbers.") from None
    parsed = pd.to_numeric(text, errors="coerce") if raw.decimal == "." else pd.Series(np.nan, index=text.index)
    left = parsed.isna() & column.notna() & ~text.str.lower().isin(_EMPTY)
    if left.any():
        parsed = parsed.where(~left, _written(text[left], raw.decimal).reindex(text.index))
        wrong = parsed.isna() & left
        if wrong.any() and strict:
            at = int(wrong.to_numpy().argmax())
            raise BadInput(
                f"{raw.source} {raw.row_word} {at + raw.first_row}: {name} is {str(column.iloc[at])[:60]!r}, not a number;"
                " correct that row and load again."
            )
    return parsed.astype("float64")


_SIZES = {"K": 1e3, "M": 1e6, "B": 1e9}


def _written(text: pd.Series, decimal: str) -> pd.Series:
    """Numbers as people write them: currency signs, thousands, a decimal comma, K, M and B."""
    import pandas as pd

    text = text.str.replace(r"[$€£\s']", "", regex=True)
    size = text.str[-1:].str.upper().map(_SIZES)
    text = text.where(size.isna(), text.str[:-1])
    if decimal == ",":
        good = text.str.fullmatch(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
        text = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    else:
        good = text.str.fullmatch(r"[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?|[-+]?\.\d+")
        text = text.str.replace(",", "", regex=False)
    return pd.to_numeric(text.where(good), errors="coerce") * size.fillna(1.0)


def _length_stated(raw: Raw, plain: dict[Any, str]) -> int | None:
    """Stooq's PER and Databento's rtype say how long a bar is."""
    for column, name in plain.items():
        if name not in ("per", "rtype") or raw.frame[column].nunique() != 1:
            continue
        value = str(raw.frame[column].iloc[0]).strip().upper()
        if name == "per":
            return 0 if value == "D" else int(value) if value.isdigit() and int(value) else None
        return _RTYPE_MINUTES.get(int(float(value))) if re.fullmatch(r"[\d.]+", value) else None
    return None


_RTYPE_MINUTES = {33: 1, 34: 60, 35: 0, 36: 0}


def _databento(raw: Raw, roles: dict[str, str], taken: Taken) -> None:
    """Databento's raw prices are integers of a billionth of a dollar."""
    import pandas as pd

    if all(pd.api.types.is_integer_dtype(raw.frame[roles[column]]) for column in PRICES):
        for column in PRICES:
            prices = taken.frame[column]
            taken.frame[column] = (prices / 1e9).where(prices < 9.2e18)


def _lean(raw: Raw, taken: Taken) -> None:
    """LEAN's whole numbers are ten-thousandths of a dollar; outside of its zips small ones could be dollars as well."""
    guess = raw.guess
    assert guess is not None
    if guess.unit == "whole" and raw.name != "LEAN bars":
        shown = ", ".join(f"{taken.frame[column].iloc[0]:g}" for column in PRICES)
        raise BadInput(
            f"{raw.source} has no header and whole numbers for prices ({shown}): dollars, or LEAN's ten-thousandths of one;"
            " add a header (date,open,high,low,close,volume) if they are dollars, or give LEAN's own zip."
        )
    taken.frame[list(PRICES)] /= 10_000.0


def _yfinance_wide(raw: Raw) -> Taken:
    """yfinance's default: two levels of columns, (Price, Ticker) or with group_by="ticker" (Ticker, Price)."""
    import pandas as pd

    frame = raw.frame
    levels = [{plain_name(value) for value in frame.columns.get_level_values(k)} for k in range(frame.columns.nlevels)]
    price_level = next((k for k, values in enumerate(levels) if set(PRICES) <= values), None)
    if frame.columns.nlevels != 2 or price_level is None:
        raise BadInput(
            f"{raw.source} has {frame.columns.nlevels} levels of columns but no open, high, low, close in any; give one row per bar."
        )
    place = Place(raw.source, raw.row_word, raw.first_row)
    times = parse_times(frame.index.to_series().reset_index(drop=True), place)
    parts, rows = [], []
    for ticker in dict.fromkeys(frame.columns.get_level_values(1 - price_level)):
        part = frame.xs(ticker, axis=1, level=1 - price_level)
        part = part.rename(columns={column: plain_name(column) for column in part.columns}).reset_index(drop=True)
        if not set(COLUMNS) <= set(part.columns):
            continue
        one = pd.DataFrame({"symbol": str(ticker)}, index=part.index)
        for column in COLUMNS:
            one[column] = numbers(part[column], column, raw)
        for column, role in (("stock_splits", "split"), ("dividends", "dividend"), ("adj_close", "adj_close")):
            if column in part.columns:
                one[role] = numbers(part[column], role, raw, strict=False)
        one["row"] = range(raw.first_row, raw.first_row + len(one))
        there = one[list(PRICES)].notna().any(axis=1).to_numpy()
        parts.append(one[there])
        rows.append(np.flatnonzero(there))
    if not parts:
        raise BadInput(f"{raw.source} has no symbol with open, high, low, close and volume.")
    times.clock = times.clock[np.concatenate(rows)]
    taken = Taken("yfinance bars (wide)", pd.concat(parts, ignore_index=True), times, NEW_YORK, "start" if times.stated else None)
    taken.vendor_adjusts = "Yahoo"
    return taken


__all__ = ["CLOCKS", "TIMES", "Raw", "Taken", "numbers", "recognise"]
