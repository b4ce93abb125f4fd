"""A result as lines of text and back, exactly: what a run folder holds beside its tables.

A number, text, true, false and null stand for themselves, an array for a tuple; anything else is an object of one key, its kind. Only the
kinds listed here are read, so that a folder from elsewhere runs nothing.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Any

from ..account.call_book import Restriction
from ..account.calls import MarginCall
from ..account.cash_account import Violation
from ..core.decisions import Accepted, Advice, AdviceCode, Reason, Rejected, WouldPass
from ..core.errors import BadInput
from ..core.journal import (
    AdoptEntry,
    CallEntry,
    CashEntry,
    CloseEntry,
    FillEntry,
    FlagEntry,
    OrderEntry,
    ReleaseEntry,
    RestrictionEntry,
    SizeEntry,
    ViolationEntry,
)
from ..core.orders import Fill, OrderRequest
from ..law import Band, ShortBand
from .tables import UnsupportedOrder

_RECORDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(
            OrderEntry,
            FillEntry,
            AdoptEntry,
            ReleaseEntry,
            CashEntry,
            FlagEntry,
            RestrictionEntry,
            CallEntry,
            ViolationEntry,
            SizeEntry,
            CloseEntry,
        ),
        *(OrderRequest, Fill, Accepted, Rejected, Advice, WouldPass, MarginCall, Restriction, Violation, UnsupportedOrder, Band, ShortBand),
    )
}
_RECORDS["Unreadable"] = UnsupportedOrder  # its name in folders of format 1
_WORDS: dict[str, Any] = {
    **{kind.__name__: kind for kind in (Reason, AdviceCode)},
    **{kind.__name__: kind.fromisoformat for kind in (datetime, date, time)},
    "float": float,
}


def _defaults(kind: Any) -> dict[str, Any]:
    """The names of a record's fields with their defaults; MISSING where one must be given."""
    if is_dataclass(kind):
        return {f.name: f.default for f in fields(kind) if f.init}
    return {name: getattr(kind, "_field_defaults", {}).get(name, MISSING) for name in kind._fields}


_FIELDS = {name: _defaults(kind) for name, kind in _RECORDS.items()}


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """One value a line, compressed; the same values give the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        for value in values:
            file.write(json.dumps(_encoded(value), allow_nan=False, separators=(",", ":")).encode() + b"\n")


def read_lines(path: Path) -> Iterator[Any]:
    """The values of :func:`write_lines`; raises :class:`BadInput` for what was not written by it whole."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield _decoded(json.loads(line))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({(error.strerror or str(error)).lower().rstrip('.')}).") from None
    except (EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: is damaged ({' '.join(str(error).split()).rstrip('.') or type(error).__name__}).") from None


def _encoded(value: Any) -> Any:
    if isinstance(value, Enum):
        return {type(value).__name__: str(value)}
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    name = type(value).__name__
    if _RECORDS.get(name) is type(value):
        given = {field: getattr(value, field) for field in _FIELDS[name]}
        return {name: {field: _encoded(v) for field, v in given.items() if v is None or v != _FIELDS[name][field]}}
    if isinstance(value, tuple):
        return [_encoded(entry) for entry in value]
    if isinstance(value, list):
        return {"list": [_encoded(entry) for entry in value]}
    if isinstance(value, Mapping):
        return {"dict": {str(key): _encoded(entry) for key, entry in value.items()}}
    if isinstance(value, datetime | date | time):
        return {name: value.isoformat()}
    return _encoded(value.item()) if hasattr(value, "item") else str(value)


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(entry) for entry in value)
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "list":
        return [_decoded(entry) for entry in inner]
    if kind == "dict":
        return {key: _decoded(entry) for key, entry in inner.items()}
    if kind in _WORDS:
        return _WORDS[kind](inner)
    if kind not in _RECORDS:
        raise ValueError(f"unknown kind {kind!r}")
    return _RECORDS[kind](**{name: _decoded(entry) for name, entry in inner.items()})
