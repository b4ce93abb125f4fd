"""Rows of a brokerage's file: JSON, JSON lines, CSV, and what alpaca-py's objects look like once pandas or ``str`` has written them."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core.errors import BadInput

Row = dict[str, Any]

#: What pandas and others write where there is no value.
NOTHING = {"nan", "nat", "none", "null", "<na>", "n/a"}
#: ``OrderSide.BUY``: a member of an enumeration by its own name.
_ENUM = re.compile(r"([A-Z][A-Za-z]*)\.([A-Z][A-Z0-9_]*)")
#: ``<OrderSide.BUY: 'buy'>``: the same as Python shows it.
_SHOWN_ENUM = re.compile(r"<[A-Z][A-Za-z]*\.[A-Z0-9_]+: '([^']*)'>")
_CALLS = re.compile(r"(?:UUID|Decimal)\(('[^']*')\)")
_DATETIME = re.compile(r"datetime\.datetime\((\d[\d, ]*)(?:, tzinfo=[^()]*(?:\([^()]*\))?)?\)")
_PAIRS = re.compile(r"(\w+)=((?:'[^']*'|\"[^\"]*\"|\[.*?\](?= \w+=|$)|[^ ]+)(?=\s|$))")


def read_text(path: str) -> str:
    """A file's text; raises :class:`BadInput` naming it."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({(error.strerror or 'unknown').lower()}).") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text.") from None


def json_rows(path: str, text: str) -> list[Row]:
    """The objects of a JSON file: a list, one object, a table by columns as pandas writes it, or one object a line."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise BadInput(f"{path}: is not JSON (nested too deep).") from None
    except json.JSONDecodeError as error:
        value = _json_lines(text)
        if value is None:
            raise BadInput(f"{path}: is not JSON ({error}).") from None
    return [plain_row(path, i, row) for i, row in enumerate(_listed(value), 1)]


def _json_lines(text: str) -> list[Any] | None:
    found = []
    for line in text.splitlines():
        if line.strip():
            try:
                found.append(json.loads(line))
            except (json.JSONDecodeError, RecursionError):
                return None
    return found if len(found) > 1 else None


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and "id" in value and all(isinstance(v, dict) for v in value.values()):
        names = list(value)  # columns of a table, each from row to value
        return [{name: value[name].get(key) for name in names} for key in value["id"]]
    if isinstance(value, dict) and {"columns", "data"} <= value.keys() and isinstance(value["data"], list):
        return [dict(zip(value["columns"], row, strict=False)) for row in value["data"]]
    if isinstance(value, dict) and len(value) == 1:
        only = next(iter(value.values()))
        if isinstance(only, list) and only and all(isinstance(row, dict) for row in only):
            return only
    return [value]


def plain_row(path: str, number: int, row: Any) -> Row:
    """One row with plain values; a row that is the text of a Python object is read as what it shows."""
    if isinstance(row, str):
        shown = shown_object(row)
        if shown is None:
            raise BadInput(
                f"{path}: item {number} is text, so it is neither an order nor an activity; write alpaca-py's objects with "
                "json.dumps([each.model_dump(mode='json') for each in objects])."
            )
        row = shown
    if not isinstance(row, dict):
        raise BadInput(f"{path}: item {number} is not an object, so it is neither an order nor an activity.")
    return {str(name): plain_value(value) for name, value in row.items()}


def plain_value(value: Any, table: bool = False) -> Any:
    """A value without the traces of Python: members of enumerations by their value, NaN and NaT as nothing."""
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, list):
        return [plain_value(v) for v in value]
    if isinstance(value, dict):
        return {k: plain_value(v) for k, v in value.items()}
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() in NOTHING and (table or text.lower() != "nan"):
        return None
    member = _ENUM.fullmatch(text)
    if member is not None and member.group(1) not in ("BRK", "BF"):
        return member.group(2).lower() if member.group(1) not in ("ActivityType", "AccountStatus", "AssetExchange") else member.group(2)
    shown = _SHOWN_ENUM.fullmatch(text) or re.fullmatch(r"UUID\('([^']*)'\)", text)
    return shown.group(1) if shown is not None else value


def shown_object(text: str) -> Any:
    """What ``str`` or ``repr`` of alpaca-py's objects shows, as plain values; None where it is not that."""
    plain = _SHOWN_ENUM.sub(r"'\1'", text)
    plain = _DATETIME.sub(_iso, _CALLS.sub(r"\1", plain))
    if plain.lstrip()[:1] in ("{", "["):
        try:
            return ast.literal_eval(plain.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    found: Row = {}
    for name, shown in _PAIRS.findall(plain):
        try:
            found[name] = ast.literal_eval(shown)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            found[name] = shown
    return found if len(found) > 2 else None


def _iso(match: re.Match[str]) -> str:
    numbers = [int(n) for n in match.group(1).split(",") if n.strip()]
    try:
        return repr(datetime(*numbers, tzinfo=UTC).isoformat())  # type: ignore[misc,arg-type]
    except (TypeError, ValueError):
        return repr("")


def csv_rows(path: str, text: str, column: Any) -> list[Row]:
    """The rows of a CSV file with a header line, columns renamed by ``column``; a file of a header alone gives one row of nothing."""
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise BadInput(f"{path}: is not CSV ({error}).") from None
    if not rows or len(rows[0]) < 2:
        raise BadInput(f"{path}: is neither JSON nor CSV with a header line.")
    names = [column(name) for name in rows[0]]
    found = []
    for number, values in enumerate(rows[1:], 2):
        if not any(v.strip() for v in values):
            continue
        if len(values) != len(names):
            raise BadInput(f"{path}:{number}: has {len(values)} fields, the header has {len(names)}.")
        row = {name: plain_value(value.strip(), table=True) or None for name, value in zip(names, values, strict=True)}
        legs = row.get("legs")
        if isinstance(legs, str):
            row["legs"] = _legs(legs)
        found.append(row)
    return found or [dict.fromkeys(names)]


def _legs(text: str) -> Any:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = shown_object(text)
    return plain_value(value) if isinstance(value, list) else None


def full_pages(counts: Iterable[int], sizes: Iterable[int]) -> int | None:
    """The size of a page if every one of these files is exactly one: then older rows are very likely missing."""
    listed, known = list(counts), set(sizes)
    return listed[-1] if listed and all(n in known for n in listed) else None
