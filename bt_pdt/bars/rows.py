"""Row by row: whose bar it is, whether its numbers can be a bar, whether its time follows the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput, known_name
from .formats import Raw
from .model import COLUMNS, Array

if TYPE_CHECKING:
    import pandas as pd

#: A high may lie this far (relative) below the open before a row is called wrong: adjusted prices carry rounding dust.
DUST = 1e-6
#: A larger part of bad rows is no slip of a few: they are not dropped.
MOST = 0.5


def symbols_of(raw: Raw, frame: pd.DataFrame, symbol: str | None) -> tuple[Array, list[str]]:
    """A number per row and the symbols they stand for."""
    import pandas as pd

    if "symbol" not in frame.columns:
        name = symbol or raw.symbol
        if not name:
            raise BadInput(f"{raw.source} does not say which symbol its bars are of; give symbol=, for example symbol='SPY'.")
        if symbol is None:
            raw.notes.append(f"symbol {name} taken from the file's name")
        return np.zeros(len(frame), dtype=np.int64), [name]
    try:
        codes, unique = pd.factorize(frame["symbol"])
    except TypeError:
        raise BadInput(f"{raw.source}: its column of symbols holds {type(frame['symbol'].iloc[0]).__name__}s; symbols are text.") from None
    names = [str(name).strip() for name in unique]
    blank = codes < 0
    for k, name in enumerate(names):
        if not name:
            blank |= codes == k
    if blank.any():
        raise BadInput(
            f"{raw.source} {raw.row_word} {frame['row'].iloc[int(blank.argmax())]}: the symbol is missing; fill it in or remove the row."
        )
    if symbol is not None:
        known_name(f"{raw.source}: symbol", symbol, names)
    return codes, names


def check_values(
    raw: Raw, clock: Array, values: Array, rows: Array, drop_bad: bool, when: Callable[[int], str]
) -> tuple[Array, dict[str, int]]:
    """The rows to keep; the first bad one stops unless ``drop_bad``. ``when`` says the time of a row in words."""
    o, h, low, c, v = values.T
    dust = DUST * np.abs(c)
    with np.errstate(invalid="ignore"):
        tests: tuple[tuple[str, Any], ...] = (
            ("no time", np.isnat(clock)),
            ("not a number", ~np.isfinite(values).all(axis=1)),
            ("price of zero or less", (values[:, :4] <= 0).any(axis=1)),
            ("high below low", h < low),
            ("high below open or close", (h < o - dust) | (h < c - dust)),
            ("low above open or close", (low > o + dust) | (low > c + dust)),
            ("volume below zero", v < 0),
        )
    bad: Any = tests[0][1].copy()
    for _, mask in tests[1:]:
        bad |= mask
    if not bad.any():
        return np.ones(len(rows), dtype=bool), {}
    at, dropped, seen = int(bad.argmax()), {}, np.zeros(len(rows), dtype=bool)
    for reason, mask in tests:
        if n := int((mask & ~seen).sum()):
            dropped[reason] = n
        seen |= mask
    if drop_bad:
        if bad.mean() > MOST and len(rows) > 20:
            raise BadInput(
                f"{raw.source}: {int(bad.sum()):,} of {len(rows):,} rows are bad ({', '.join(dropped)}), too many to drop;"
                " the columns may not be what they are called: name them with columns= (--columns)."
            )
        return ~bad, dropped
    reason = next(reason for reason, mask in tests if mask[at])
    numbers = ", ".join(f"{name} {value:g}" for name, value in zip(COLUMNS, values[at], strict=True))
    moment = "" if np.isnat(clock[at]) else f" ({when(at)} New York time)"
    raise BadInput(
        f"{raw.source} {raw.row_word} {rows[at]}{moment}: {reason} ({numbers}); {_rows(int(bad.sum()))};"
        " correct the file, or drop and count such rows with drop_bad=True (--drop-bad)."
    )


def _rows(n: int) -> str:
    return "1 bad row in all" if n == 1 else f"{n:,} bad rows in all"


def in_time_order(
    raw: Raw,
    codes: Array,
    clock: Array,
    rows: Array,
    order: Array,
    dropped: dict[str, int],
    drop_bad: bool,
    when: Callable[[int], str],
    values: Array,
    rest: pd.DataFrame | None,
) -> Array:
    """The row positions ``order`` (sorted by symbol), made oldest first. Newest-first bars are turned round; disorder and duplicates stop.

    ``clock`` is UTC where the file states a zone, so the hour that repeats in autumn does not disturb.
    """
    if len(order) < 2:
        return order
    steps, same = np.diff(clock[order]).astype(np.int64), np.diff(codes[order]) == 0
    if (steps[same] < 0).any() and (steps[same] <= 0).all():
        raw.notes.append("newest first, sorted")
        order = order[np.lexsort((-np.arange(len(order)), codes[order]))]
        steps, same = np.diff(clock[order]).astype(np.int64), np.diff(codes[order]) == 0
    twice = same & (steps == 0)
    if twice.any() or (same & (steps < 0)).any():
        _told_apart(raw, codes, clock, order, rest)
    back = same & (steps < 0)
    if back.any():
        at, n = order[int(back.argmax()) + 1], int(back.sum())
        raise BadInput(
            f"{raw.source} {raw.row_word} {rows[at]} ({when(int(at))} New York time): earlier than the row of that symbol before it,"
            f" and so {_times(n)}; sort the file by time."
        )
    if not twice.any():
        return order
    if not drop_bad:
        at, n = order[int(twice.argmax()) + 1], int(twice.sum())
        raise BadInput(
            f"{raw.source} {raw.row_word} {rows[at]} ({when(int(at))} New York time): duplicate of an earlier row; {_rows(n)};"
            " correct the file, or keep the first of each with drop_bad=True (--drop-bad)."
        )
    second = order[1:][twice]
    differ = (values[second] != values[order[:-1][twice]]).any(axis=1)
    if differ.sum() > max(2, 0.02 * len(order)):
        raise BadInput(
            f"{raw.source}: {int(differ.sum()):,} of {len(order):,} rows have the time of another row and other prices: these are no slips"
            " to drop but bars of several things in one; keep one of them in the file."
        )
    dropped["duplicate"] = int(twice.sum())
    return order[np.r_[True, ~twice]]


def _told_apart(raw: Raw, codes: Array, clock: Array, order: Array, rest: pd.DataFrame | None) -> None:
    """Rows of one time that a column tells apart are no duplicates: publishers, exchanges, names. That column is named, and nothing dropped."""
    import pandas as pd

    if rest is None or len(rest) != len(clock):
        return
    keys = pd.DataFrame({"codes": codes[order], "clock": clock[order]})
    shared = keys.duplicated(keep=False).to_numpy()
    if shared.sum() <= max(2, 0.02 * len(order)):
        return
    for column in rest.columns:
        values = rest[column].iloc[order]
        try:
            kinds = values.nunique()
            if not 1 < kinds <= max(2, len(order) // 2) or pd.api.types.is_float_dtype(values):
                continue
            if keys.assign(kind=values.to_numpy()).duplicated().sum() > 0.01 * len(order):
                continue
        except TypeError:  # lists in a column
            continue
        some = ", ".join(str(value)[:20] for value in list(dict.fromkeys(values))[:3])
        raise BadInput(
            f"{raw.source}: rows share their times and differ in the column {str(column)!r} ({some}{', ...' if kinds > 3 else ''}): bars of several"
            f" things in one file, no duplicates; keep one value of {column}, or, if it names the symbol or the time of day, say so with"
            f" columns= (--columns symbol={column})."
        )


def in_words(moment: np.datetime64) -> str:
    """``2024-01-02 09:31``."""
    return f"{moment.astype('datetime64[s]').item():%Y-%m-%d %H:%M}"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"
