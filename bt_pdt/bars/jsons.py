"""JSON by one rule: the first list, or dict by time, of objects or rows that hold open, high, low and close.

Whatever lies around it is looked at for what it states: the symbol, the zone, whether prices are adjusted, whether more pages follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from .columns import PRICES, plain_name, roles_of
from .formats import Raw

if TYPE_CHECKING:
    import pandas as pd

DEPTH, WIDTH = 8, 50_000
_HOLDERS = ("bars", "results", "candles", "values", "data", "history", "historical", "day", "quotes")


@dataclass
class _Found:
    """Rows, the path of keys to them, and the dicts passed on the way."""

    rows: list[dict[str, Any]]
    path: tuple[str, ...]
    around: list[dict[str, Any]] = field(default_factory=list)
    symbol: str | None = None


def read_json(text: str, source: str) -> Raw:
    """The bars in a JSON text; raises :class:`BadInput` in the words of the file's own shape."""
    body, lines = _body(text, source)
    found = list(_search(body, (), []))
    if not found:
        raise BadInput(_no_bars(body, source))
    head = found[0]
    group = [one for one in found if one.path[:-1] == head.path[:-1] and len(one.path) == len(head.path)] if head.path else [head]
    if not _are_symbols([one.path[-1] for one in group if one.path], group):
        group = [head]
    rows: list[dict[str, Any]] = []
    for one in group:
        name = _symbol(one, keyed=len(group) > 1 or _keyed(one))
        rows += [row if name is None or "symbol" in roles_of(row) else {"symbol": name} | row for row in one.rows]
    frame = _frame(rows, source)
    raw = Raw(frame, source, "JSON lines" if lines else "JSON", "bar", 1, name=_name(body, head, frame))
    stated = head.around
    raw.zone = _zone(stated)
    adjusted = next((one["adjusted"] for one in stated if isinstance(one.get("adjusted"), bool)), None)
    raw.adjusted = adjusted
    token = next((key for one in stated for key in ("next_page_token", "next_url", "nextPageToken") if one.get(key)), None)
    if token:
        raw.notes.append(f"not all of it: {token} says more pages follow")
    return raw


def _body(text: str, source: str) -> tuple[Any, bool]:
    try:
        return json.loads(text), False
    except RecursionError:
        raise BadInput(f"{source}: not valid JSON (nested too deeply).") from None
    except ValueError as error:
        problem = error
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].strip().startswith("{") and lines[0].strip().endswith("}"):
        rows = []
        for number, line in enumerate(lines, 1):
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise BadInput(f"{source} line {number}: not valid JSON ({_short(error)}).") from None
        return rows, True
    raise BadInput(f"{source} line {getattr(problem, 'lineno', 1)}: not valid JSON ({_short(problem)}).")


def _short(error: Exception) -> str:
    return str(getattr(error, "msg", error)).split("\n")[0][:120]


def _is_bar(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) >= 200:
        return False
    roles = roles_of(value)
    return set(PRICES) <= set(roles) and not any(isinstance(value[roles[role]], list) and len(value[roles[role]]) != 1 for role in PRICES)


def _is_moment(key: str) -> bool:
    return bool(re.match(r"\d{4}-?\d\d-?\d\d|\d{9,19}$", key))


def _search(value: Any, path: tuple[str, ...], around: list[dict[str, Any]]) -> Iterator[_Found]:
    """Every place that holds bars, in the order of the file."""
    if len(path) > DEPTH:
        return
    if isinstance(value, list):
        if value and _is_bar(value[0]):
            yield _Found(
                [row for row in value if isinstance(row, dict)] if all(map(_is_bar, value)) else _only_bars(value, path), path, around
            )
            return
        if value and all(isinstance(row, list) for row in value[:50]) and around:
            names = next(
                (v for k, v in around[-1].items() if plain_name(k) in ("columns", "column_names", "fields", "headers", "schema")), None
            )
            if isinstance(names, list) and names and set(PRICES) <= set(roles_of(map(_label, names))):
                index = around[-1].get("index")
                labels = [_label(name) for name in names]
                rows = [dict(zip(labels, row, strict=False)) for row in value]
                if isinstance(index, list) and len(index) == len(rows):
                    rows = [{"index": moment} | row for moment, row in zip(index, rows, strict=True)]
                yield _Found(rows, path, around)
                return
        for k, one in enumerate(value[:50]):
            yield from _search(one, (*path, str(k)), around)
        return
    if not isinstance(value, dict):
        return
    if columns := _by_columns(value, around):
        yield _Found(columns, path, [*around, value])
        return
    keys = list(value)
    if keys and all(_is_moment(str(key)) for key in keys[:50]) and all(_is_bar(value[key]) for key in keys[:50]):
        yield _Found([{"timestamp": key} | bar for key, bar in value.items() if isinstance(bar, dict)], path, around)
        return
    if keys and not _is_bar(value) and all(_is_bar(value[key]) for key in keys[:50]) and not any(_is_moment(str(key)) for key in keys[:5]):
        for key in keys:  # one bar of each symbol
            yield _Found([value[key]] if _is_bar(value[key]) else [], (*path, str(key)), [*around, value])
        return
    for key in keys[:WIDTH]:
        yield from _search(value[key], (*path, str(key)), [*around, value])


def _label(name: Any) -> str:
    return str(name.get("name", name)) if isinstance(name, dict) else str(name)


def _only_bars(value: list[Any], path: tuple[str, ...]) -> list[dict[str, Any]]:
    at = next(k for k, row in enumerate(value) if not _is_bar(row))
    where = ".".join(path) or "the list"
    raise BadInput(
        f"bar {at + 1} of {where} is {json.dumps(value[at])[:60]}: no object with open, high, low and close; correct or remove it."
    )


def _by_columns(value: dict[str, Any], around: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Rows of a dict of columns: lists (Yahoo's chart, whose times lie beside it) or dicts by row (pandas)."""
    roles = roles_of(value)
    if not set(PRICES) <= set(roles):
        return None
    columns = [value[roles[role]] for role in PRICES]
    if all(isinstance(column, list) for column in columns):
        n = len(columns[0])
        table = {key: column for key, column in value.items() if isinstance(column, list) and len(column) == n}
        if not any(plain_name(key) in ("t", "timestamp", "time", "date", "datetime") for key in table):
            beside = next(
                (one["timestamp"] for one in reversed(around) if isinstance(one.get("timestamp"), list) and len(one["timestamp"]) == n),
                None,
            )
            if beside is None:
                return None
            table = {"timestamp": beside} | table
        return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    if all(isinstance(column, dict) for column in columns):
        keys = list(columns[0])
        named = {key: column for key, column in value.items() if isinstance(column, dict)}
        moments = all(_is_moment(key) for key in keys[:50])
        return [({"timestamp": key} if moments else {}) | {name: column.get(key) for name, column in named.items()} for key in keys]
    return None


def _keyed(one: _Found) -> bool:
    """True if the key above the bars is a symbol: capitals, or anything in a dict of bars that names none."""
    return bool(one.path) and bool(re.fullmatch(r"[A-Z][A-Z0-9.\-/]{0,9}", one.path[-1]))


def _are_symbols(keys: list[str], group: list[_Found]) -> bool:
    if len(group) < 2:
        return True
    holders = {key.lower() for key in keys} & set(_HOLDERS)
    return not holders and not all(key.isdigit() for key in keys)


def _symbol(one: _Found, keyed: bool) -> str | None:
    if keyed and not one.path[-1].isdigit():
        return one.path[-1]
    for level in reversed(one.around):
        for holder in (level, *(v for v in level.values() if isinstance(v, dict) and len(v) < 40)):
            for key, value in holder.items():
                if plain_name(key) not in ("symbol", "ticker", "dataset_code"):
                    continue
                if (
                    isinstance(value, dict | list)
                    and not isinstance(holder.get("bars", value), dict)
                    and holder is level
                    and not _holds_bars(value)
                ):
                    raise BadInput(f"{key} is {json.dumps(value)[:60]}, no symbol; correct it.")
                if isinstance(value, str) and value.strip():
                    return value.strip()
    return None


def _holds_bars(value: Any) -> bool:
    return bool(list(_search(value, (), [])))


def _zone(around: list[dict[str, Any]]) -> str | None:
    names = ("exchange_timezone", "time_zone", "timezone", "exchangetimezonename", "exchange_timezone_name", "tz")
    for level in reversed(around):
        for holder in (level, *(v for v in level.values() if isinstance(v, dict) and len(v) < 40)):
            for key, value in holder.items():
                if plain_name(key) in names and isinstance(value, str) and ("/" in value or value in ("UTC", "GMT")):
                    return value
    return None


def _frame(rows: list[dict[str, Any]], source: str) -> pd.DataFrame:
    import pandas as pd

    if not rows:
        raise BadInput(f"{source} has no bars in it.")
    for k, row in enumerate(rows):
        odd = next(
            (key for key, value in row.items() if isinstance(value, dict | list) and (plain_name(key) in _MATTERS or key in ("T", "S"))),
            None,
        )
        if odd is not None:
            raise BadInput(f"{source} bar {k + 1}: {odd} is {json.dumps(row[odd])[:60]}, not one value; correct that bar.")
    try:
        frame = pd.DataFrame(rows)
    except (ValueError, OverflowError, TypeError) as error:
        raise BadInput(f"{source} has bars that make no table ({_short(error)}).") from None
    return frame


_MATTERS = {"symbol", "ticker", "t", "time", "timestamp", "date", "datetime", "o", "h", "l", "c", "v", *PRICES, "volume"}


def _name(body: Any, head: _Found, frame: pd.DataFrame) -> str | None:
    """Whose answer it looks like; only a word for the user."""
    path, keys = set(head.path), set(body) if isinstance(body, dict) else set()
    have = set(map(str, frame.columns))
    if "chart" in path:
        return "Yahoo chart"
    if "candles" in path:
        return "Schwab price history"
    if path & {"series", "history"}:
        return "Tradier bars"
    if "results" in path and {"o", "h", "l", "c"} <= have:
        return "Polygon aggregates"
    if any(str(key).startswith("Time Series") for key in keys):
        return "Alpha Vantage bars"
    if {"meta", "values"} <= keys:
        return "Twelve Data bars"
    if "dataset" in keys or "dataset_data" in keys:
        return "Quandl data"
    if "gmtoffset" in have:
        return "EODHD bars"
    if {"adjClose", "splitFactor"} <= have:
        return "Tiingo bars"
    if "bars" in keys or {"t", "o", "h", "l", "c"} <= have or {"trade_count", "vwap"} <= have:
        return "Alpaca bars"
    return None


def _no_bars(body: Any, source: str) -> str:
    """The sentence for JSON without bars, in the file's own words."""
    if isinstance(body, dict):
        empty = next((key for key in (*_HOLDERS, *body) if key in body and body[key] in ([], {})), None)
        if empty is not None:
            return f"{source} has no bars in it: {str(empty)[:40]!r} is empty."
        keys = ", ".join(str(key)[:40] for key in list(body)[:8])
        odd = next((key for key in _HOLDERS if key in body), None)
        if odd is not None:
            return f"{source}: {odd!r} holds {json.dumps(body[odd])[:60]}, no list of objects with a time, open, high, low and close."
        return f'{source} is JSON without "bars": nothing in it is a list of objects with a time, open, high, low and close; its keys are {keys}.'
    shown = json.dumps(body)[:60]
    return f"{source} is JSON without bars: {shown} is no list of objects with a time, open, high, low and close."
