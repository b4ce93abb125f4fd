"""What a column is by its name: open, close, the time, the symbol, a split. Names propose; the values of the column decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: role of a column -> the names it goes by, as :func:`plain_name` writes them; the first that is there wins
NAMES: dict[str, tuple[str, ...]] = {
    "open": ("open", "o", "open_price", "openprc", "openprice", "opening_price", "first"),
    "high": ("high", "h", "high_price", "highprice", "askhi", "max"),
    "low": ("low", "l", "low_price", "lowprice", "bidlo", "min"),
    "close": ("close", "c", "close_last", "close_price", "closeprice", "closing_price", "last", "latest", "last_price", "prc", "price"),
    "volume": ("volume", "v", "vol", "totalvolume", "total_volume", "trade_volume", "volume_shares", "shares", "tickvol", "tick_volume", "qty"),
    "symbol": ("symbol", "ticker", "sym", "tic", "act_symbol", "stock_symbol", "instrument", "code", "name", "stock"),
    "adj_close": ("adj_close", "adjclose", "adjusted_close", "close_adj", "closeadj", "adj_close_price"),
    "raw_close": ("closeunadj", "close_unadj", "unadjusted_close", "close_unadjusted", "unadj_close", "rawclose", "raw_close"),
    "split": ("stock_splits", "splits", "split", "splitfactor", "split_factor", "split_coefficient", "split_ratio"),
    "dividend": ("dividends", "dividend", "divcash", "div_cash", "dividend_amount", "ex_dividend", "cash_dividend"),
    "up": ("up", "up_volume", "upvol", "uvol"),
    "down": ("down", "down_volume", "downvol", "dvol"),
    "average": ("average", "wap", "vwap", "vw"),
    "trades": ("barcount", "bar_count", "trade_count", "transactions", "n", "number_of_trades", "numberoftrades"),
}  # fmt: skip
#: a day and a time in one cell, the likeliest first
TIMES = (
    "window_start", "ts_event", "timestamp", "datetime", "date_time", "time_stamp", "gmt_time", "local_time", "begins_at", "start_time",
    "bar_start", "start", "date", "day", "trade_date", "trading_date", "tradedate", "time", "end_time", "bar_end", "t", "dt", "index", "unnamed",
)  # fmt: skip
#: the time of day beside a column of days
CLOCKS = ("time", "minute", "hour", "time_of_day", "clock", "hhmm", "bar_time", "tod")
PRICES = ("open", "high", "low", "close")

_KNOWN = {name: role for role, names in reversed(NAMES.items()) for name in reversed(names)}
_ZONES = (
    (r"utc|gmt|zulu", "UTC"),
    (r"et|est|edt|eastern|new_york|newyork|nyc|ny|exchange_time", "America/New_York"),
    (r"ct|cst|cdt|central|chicago", "America/Chicago"),
    (r"pt|pst|pdt|pacific", "America/Los_Angeles"),
)


def plain_name(column: object) -> str:
    """``<CLOSE>``, ``4. close`` and ``Close `` are ``close``; a column without a name is ``unnamed``."""
    text = str(column).strip().strip("<>\"'").strip().lower()
    text = re.sub(r"^\d+[a-z]?\.\s*", "", text)
    text = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    return "unnamed" if not text or re.fullmatch(r"unnamed(_\d+)?(_level_\d+)?", text) else text


def role_of(name: str) -> str | None:
    """The role a plain name stands for by itself."""
    return _KNOWN.get(name)


def roles_of(columns: Iterable[object]) -> dict[str, str]:
    """Role of each column that has one, as ``{role: column}``; of two names for one role the better known wins."""
    found: dict[str, tuple[int, str]] = {}
    columns = list(columns)
    both = {"t", "T"} <= {str(column) for column in columns}
    for column in columns:
        name = plain_name(column)
        role = "symbol" if both and str(column) == "T" else role_of(name)
        if role is None:
            continue
        rank = 0 if both and str(column) == "T" else NAMES[role].index(name)
        if role not in found or rank < found[role][0]:
            found[role] = (rank, column)  # type: ignore[assignment]
    return {role: column for role, (_, column) in found.items()}


def looks_like_header(cells: Iterable[str]) -> bool:
    """True if at least three of open, high, low, close are named among the cells of a line."""
    return sum(role in PRICES for role in roles_of(cells)) >= 3


def zone_in_name(column: object) -> str | None:
    """The zone that the name of a time column states: ``Gmt time``, ``timestamp_utc``, ``Date (US/Eastern)``."""
    written = re.search(r"\b(?:America|US|Europe|Asia|Etc|Australia)/[A-Za-z_]+", str(column))
    if written:
        return written[0]
    words = "_" + plain_name(column) + "_"
    return next((zone for pattern, zone in _ZONES if re.search(rf"_(?:{pattern})_", words)), None)


def told(columns: Mapping[str, str], have: Iterable[object]) -> dict[str, str]:
    """Columns named by the user (``{"close": "Last"}``), checked against those that are there."""
    from ..core.errors import BadInput, known_name

    names = {str(column).strip(): column for column in have}
    found = {}
    for role, column in columns.items():
        known_name("columns", role, (*PRICES, "volume", "symbol", "time", "clock", "adj_close", "raw_close", "split", "dividend"))
        if str(column) not in names:
            raise BadInput(f"columns: {role}={column}: there is no such column; there are {', '.join(list(names)[:20])}.")
        found[role] = names[str(column)]
    return found  # type: ignore[return-value]
