"""A text without a header: what its columns are, by their values alone.

A time column or two comes first. Of the numbers, one is never below the others (the high) and one never above (the low); of the two
between, the one that lies nearer to the last bar's other is the open. A column that follows the close at a slowly moving ratio is an
adjusted close, not the volume.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..core.errors import BadInput
from . import times

_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?")
_EPOCH = re.compile(r"\d{9,10}|\d{13}|\d{16}|\d{19}|\d{9,10}\.\d+")


@dataclass
class Guess:
    """Names for the columns, and what the values say beside."""

    names: list[str]
    #: ``lean`` = whole numbers of a ten-thousandth of a dollar
    unit: str = "dollars"
    #: the form of the first cell: date, moment, epoch, milliseconds (after midnight, as LEAN writes)
    time: str = "moment"
    clock: bool = False
    slashes: bool = False


def is_row(cells: list[str]) -> bool:
    """True if a line can be a bar: a time, and at least four numbers."""
    return _time_form(cells) is not None and sum(_number(cell) is not None for cell in cells[1:]) >= 4


def no_row(source: str, cells: list[str]) -> str:
    """The sentence for a text whose first row is none."""
    return f"{source} has no header and its first row ({', '.join(cells[:7])[:120]}) is not date, [time,] open, high, low, close, volume; add a header."


def _number(cell: str, decimal: str = ".") -> float | None:
    text = cell.strip().lstrip("$€")
    text = text.replace(".", "").replace(",", ".") if decimal == "," else text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None


def _time_form(cells: list[str]) -> str | None:
    at = 1 if len(cells) > 6 and re.fullmatch(r"[A-Za-z][A-Za-z.\-]{0,9}", cells[0].strip()) else 0
    first = cells[at].strip()
    if first.isdigit() and len(first) == 8 and not _is_compact_day(first):
        return "milliseconds" if int(first) < 86_400_000 else None
    if _EPOCH.fullmatch(first):
        return "epoch"
    read = times.date_and_clock(times.without_zone(first))
    if read is not None:
        return "date" if read[2] is None else "moment"
    if re.fullmatch(r"\d{1,7}", first):
        return "milliseconds"
    return None


def _is_compact_day(text: str) -> bool:
    """``20240102``, and not 34200000 milliseconds after midnight."""
    return 1900 <= int(text[:4]) <= 2100 and 1 <= int(text[4:6]) <= 12 and 1 <= int(text[6:]) <= 31


def names_of(rows: list[list[str]], source: str, delimiter: str, decimal: str) -> Guess:
    """Names for the columns of ``rows``; raises :class:`BadInput` if open, high, low and close cannot be told."""
    first, n = rows[0], len(rows[0])
    names = [""] * n
    at = 0
    if re.fullmatch(r"[A-Za-z][A-Za-z.\-]{0,9}", first[0].strip()):
        names[0], at = "symbol", 1
    form = _time_form(first)
    assert form is not None
    guess = Guess(names, time=form, slashes="/" in first[at])
    names[at], at = ("date" if form == "date" else "datetime"), at + 1
    if form == "date" and at < n:
        second = [row[at].strip() for row in rows]
        if all(_CLOCK.fullmatch(cell) for cell in second) or _compact_clock(second, rows, at):
            names[at], at, guess.clock = "time", at + 1, True
    columns = [[_number(row[k], decimal) for row in rows] for k in range(at, n)]
    numeric = [k + at for k, column in enumerate(columns) if all(value is not None for value in column)]
    values = {k: np.array(columns[k - at], dtype=np.float64) for k in numeric}
    four = numeric[:4]
    if len(four) < 4:
        raise BadInput(no_row(source, first))
    order = _order([values[k] for k in four])
    if order is None:
        raise BadInput(
            f"{source} has no header and of its first four numbers ({', '.join(first[k] for k in four)}) none is the high and none the low of"
            " the others throughout; add a header, or name the columns with columns= (--columns)."
        )
    for k, name in zip(four, order, strict=True):
        names[k] = name
    close = values[four[order.index("close")]]
    for k in numeric[4:]:
        if "adj_close" not in names and _follows(values[k], close):
            names[k] = "adj_close"
        elif "volume" not in names:
            names[k] = "volume"
    for k in range(n):
        names[k] = names[k] or f"extra{k}"
    guess.unit = _unit(rows, [first[k] for k in four], np.concatenate([values[k] for k in four]), form, source)
    if form == "milliseconds" and guess.unit != "lean":
        raise BadInput(no_row(source, first))
    return guess


def _compact_clock(cells: list[str], rows: list[list[str]], at: int) -> bool:
    """``930`` or ``093000`` as a time of day: whole numbers that are clock times, while the column after next is a price beside them."""
    if not all(re.fullmatch(r"\d{1,6}", cell) for cell in cells):
        return False
    digits = max(map(len, cells))
    numbers = [int(cell) if digits > 4 else int(cell) * 100 for cell in cells]
    if any(value % 100 > 59 or value // 100 % 100 > 59 or value >= 240_000 for value in numbers):
        return False
    daily = len({row[at - 1] for row in rows}) == len(rows)
    if not daily:
        return True
    return digits == 6 and len(set(cells)) == 1  # Stooq's days: 000000 throughout


def _order(columns: list[np.ndarray]) -> list[str] | None:  # type: ignore[type-arg]
    """What each of four price columns is; None if no order fits."""
    table = np.stack(columns)
    with np.errstate(invalid="ignore"):
        near = 1e-9 * np.abs(table).max(axis=0)
        high = (table >= table.max(axis=0) - near).mean(axis=1)
        low = (table <= table.min(axis=0) + near).mean(axis=1)
        apart = (table.max(axis=0) > 5 * np.abs(table).min(axis=0)).mean()
    if apart > 0.05:  # a size or a volume is among them
        return None
    usual = ["open", "high", "low", "close"]
    if high[1] > 0.9 and low[2] > 0.9:
        tops, bottoms = 1, 2
    else:
        tops, bottoms = int(high.argmax()), int(low.argmax())
        if high[tops] < 0.9 or low[bottoms] < 0.9 or tops == bottoms:
            return None
    rest = [k for k in range(4) if k not in (tops, bottoms)]
    first, second = rest
    one = np.abs(table[first, 1:] - table[second, :-1]).sum()
    other = np.abs(table[second, 1:] - table[first, :-1]).sum()
    if (tops, bottoms) == (1, 2) and other >= 0.7 * one:  # newest first looks the other way round; the usual order needs a reason to go
        return usual
    backwards = (tops, bottoms) != (1, 2) and other < one
    names = [""] * 4
    names[tops], names[bottoms] = "high", "low"
    names[first], names[second] = ("close", "open") if backwards else ("open", "close")
    return names if (tops, bottoms) != (1, 2) else usual


def _follows(column: np.ndarray, close: np.ndarray) -> bool:  # type: ignore[type-arg]
    """True if the column is the close times a ratio that hardly moves: adjusted prices."""
    if (column <= 0).any() or (close <= 0).any():
        return False
    ratio = np.log(column / close)
    if len(ratio) < 2:
        return bool(abs(ratio[0]) < 1.0 and column[0] != int(column[0]))
    return bool(np.median(np.abs(np.diff(ratio))) < 0.002 and np.abs(ratio).max() < 7)


def _unit(rows: list[list[str]], shown: list[str], prices: np.ndarray, form: str, source: str) -> str:  # type: ignore[type-arg]
    """LEAN writes prices as whole ten-thousandths of a dollar; a decimal point anywhere says dollars."""
    if form not in ("milliseconds", "date", "moment") or len(rows[0]) != 6 or (prices != np.rint(prices)).any():
        return "dollars"
    if form == "milliseconds":
        return "lean"
    if not re.fullmatch(r"\d{8}( \d\d:\d\d)?", rows[0][0].strip()) or any("." in cell for cell in shown):
        return "dollars"
    return "lean" if float(np.median(prices)) >= 10_000 or len(rows) < 3 else "whole"
