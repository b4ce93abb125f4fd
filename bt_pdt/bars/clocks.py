"""Which columns say when a bar was: one with day and time, a day and a clock apart, or a clock alone and the day in the file's name.

Of several columns the one that states a zone (an offset, epoch numbers) outranks one that does not, and one with a clock outranks plain dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput
from .columns import CLOCKS, TIMES, role_of, zone_in_name
from .times import Place, Times, clock_of, parse_times

if TYPE_CHECKING:
    import pandas as pd

    from .formats import Raw

SOME = 64


@dataclass
class When:
    """The times and the columns they come from; ``zone`` is what the name of the column states."""

    times: Times
    columns: tuple[Any, ...]
    zone: str | None = None


def choose(raw: Raw, plain: dict[Any, str], given: dict[str, str], taken: set[Any]) -> When | None:
    """The times of the rows; None if no column says them."""
    frame = raw.frame
    place = Place(raw.source, raw.row_word, raw.first_row, raw.day if raw.guess is not None and raw.guess.time == "milliseconds" else None)
    free = {column: name for column, name in plain.items() if column not in taken}
    named = (
        [given["time"]] if "time" in given else sorted((c for c, name in free.items() if name in TIMES), key=lambda c: TIMES.index(free[c]))
    )
    if raw.guess is not None and raw.guess.time == "milliseconds" and raw.day is None:
        raise BadInput(
            f"{raw.source}: its times are milliseconds after midnight and its name carries no day; keep LEAN's name (20240102_...)."
        )
    if not named:  # no name says it: a column whose values are times
        ranks = {column: _rank(frame[column], place) for column, name in free.items() if name not in CLOCKS and role_of(name) is None}
        named = [column for column in ranks if ranks[column] > 0]
    ranked = sorted(named, key=lambda column: -_rank(frame[column], place))  # stable: the better known name first
    best = ranked[0] if ranked and (_rank(frame[ranked[0]], place) > 0 or len(named) == 1) else None
    clock_columns = [given["clock"]] if "clock" in given else [c for c, name in free.items() if name in CLOCKS and c != best]
    if best is None or (free.get(best) in CLOCKS and _rank(frame[best], place) == 0):
        clock = _clock(frame, [c for c in [*clock_columns, *named] if free.get(c) in CLOCKS], plain)
        if clock is not None:
            return _day_from_name(raw, clock)
        if not named:
            return None
        best = best or _least_bad(frame, named, free)
    times = parse_times(frame[best], place)
    used: tuple[Any, ...] = (best,)
    zone = zone_in_name(best)
    if times.dates and clock_columns:
        clock = _clock(frame, clock_columns, plain)
        if clock is not None:
            values, columns = clock
            if (values < 0).any():
                at = int((values < 0).argmax())
                place.stop(
                    at, f"the time of day {str(frame[columns[0]].iloc[at])[:40]!r} is missing or cannot be read; write it like 09:31."
                )
            if values.any():
                times = Times(
                    times.clock.astype("datetime64[D]").astype("datetime64[us]") + values.astype("timedelta64[us]"),
                    day_or_month=times.day_or_month, notes=times.notes,
                )  # fmt: skip
                zone = zone or zone_in_name(columns[0])
            used += columns
    return When(times, used, zone)


def _least_bad(frame: pd.DataFrame, named: list[Any], free: dict[Any, str]) -> Any:
    """The column whose failure is worth telling: not the row numbers."""
    return next((column for column in named if free[column] not in ("unnamed", "index")), named[0])


def _rank(column: pd.Series, place: Place) -> int:
    """3 a zone is stated, 2 a clock, 1 plain dates, 0 no times."""
    import pandas as pd

    some = column.iloc[:SOME]
    if (
        pd.api.types.is_numeric_dtype(column)
        and not pd.api.types.is_bool_dtype(column)
        and column.notna().all()
        and column.iloc[0] < 100_000
    ):
        some = column.iloc[[0, -1]]  # row numbers grow; Excel's days do not reach them
        if column.min() < 20_000 and place.day is None:
            return 0
    try:
        times = parse_times(some, place)
    except BadInput:
        return 0
    return 3 if times.stated else 1 if times.dates else 2


def _clock(frame: pd.DataFrame, columns: list[Any], plain: dict[Any, str]) -> tuple[np.ndarray[Any, Any], tuple[Any, ...]] | None:
    """Microseconds after midnight (-1: none), and the columns they come from; None if no column is a clock."""
    by_name = {plain[column]: column for column in columns}
    if {"hour", "minute"} <= set(by_name):
        hours, minutes = (_whole(frame[by_name[name]]) for name in ("hour", "minute"))
        if hours is not None and minutes is not None and hours.max() < 24 and minutes.max() < 60:
            return np.asarray((hours * 60 + minutes) * 60_000_000), (by_name["hour"], by_name["minute"])
    for column in columns:
        values = _one_clock(frame[column], plain[column])
        if values is not None:
            return values, (column,)
    return None


def _whole(column: pd.Series) -> np.ndarray[Any, Any] | None:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any() or (numbers < 0).any() or (numbers != numbers.round()).any():
        return None
    return numbers.to_numpy(dtype=np.int64)  # type: ignore[no-any-return]


def _one_clock(column: pd.Series, name: str) -> np.ndarray[Any, Any] | None:
    import datetime

    import pandas as pd

    numbers = _whole(column) if not pd.api.types.is_datetime64_any_dtype(column) else None
    if numbers is not None:
        if name == "hour" and numbers.max() < 24:
            return np.asarray(numbers * 3_600_000_000)
        if numbers.max() < (1 if name == "minute" else 100) and numbers.any():
            return None
        digits = column.astype(str).str.strip().str.replace(r"\.0$", "", regex=True).str.len().max()
        wide = numbers if digits > 4 else numbers * 100
        if (wide % 100 > 59).any() or (wide // 100 % 100 > 59).any() or wide.max() >= 240_000:
            if name == "minute" and numbers.max() < 1440:
                return np.asarray(numbers * 60_000_000)
            return None
        return np.asarray(((wide // 10_000) * 3600 + (wide // 100 % 100) * 60 + wide % 100) * 1_000_000)
    codes, unique = pd.factorize(column)
    read = []
    for value in unique:
        text = value.strftime("%H:%M:%S") if isinstance(value, datetime.time) else str(value)
        read.append(clock_of(text))
    if not read or sum(one is not None for one in read) < 0.5 * len(read):
        return None
    table = np.array([-1 if one is None else one for one in read], dtype=np.int64)
    return np.where(codes < 0, -1, table[codes])


def _day_from_name(raw: Raw, clock: tuple[np.ndarray[Any, Any], tuple[Any, ...]]) -> When:
    values, columns = clock
    place = Place(raw.source, raw.row_word, raw.first_row)
    if raw.day is None:
        raise BadInput(
            f"{raw.source} has times of day and no date; add a date column, or put the day into the file's name (SPY_2024-01-02.csv)."
        )
    if (values < 0).any():
        place.stop(int((values < 0).argmax()), "the time of day is missing or cannot be read; write it like 09:31.")
    day = np.datetime64(f"{raw.day[:4]}-{raw.day[4:6]}-{raw.day[6:]}", "us")
    raw.notes.append(f"the day {raw.day[:4]}-{raw.day[4:6]}-{raw.day[6:]} taken from the file's name")
    return When(Times(day + values.astype("timedelta64[us]")), columns, zone_in_name(columns[0]))
