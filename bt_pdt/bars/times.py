"""Times as files write them, read as what stands there: a clock, the zone it states if it states one, and whether it is a plain date.

No zone is guessed here and no day is moved: that is decided by the bars (:mod:`.hypotheses`). Whether ``02/03`` is in March or in February
is decided by the days themselves: sessions of the exchange that follow each other.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..core.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

_OFFSET = r"(?:Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?|(?:UTC|GMT)[+-]\d{1,2}:?(?:\d\d)?)"
_LETTERS = {
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "BST": 60, "CET": 60, "CEST": 120,
    "EET": 120, "EEST": 180,
}  # fmt: skip
_REGIONS = {"ET": "America/New_York", "CT": "America/Chicago", "PT": "America/Los_Angeles"}
_ZONE = re.compile(
    rf"(?<=[\d.APMapm])\s*(?P<zone>{_OFFSET}|\(?(?:{'|'.join([*_LETTERS, *_REGIONS])})\)?|\[?(?:America|US|Europe|Asia|Etc|Australia|Canada)/[A-Za-z_]+(?:[+-]\d+)?\]?)$"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,:](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?")
_COMPACT_CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d)?")
_MONTHS = {m: k + 1 for k, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))}
_NUMERIC = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d\d)")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_DAY_MONTH = re.compile(r"(?:[A-Za-z]{3,9},? )?(\d{1,2})[ \-/]([A-Za-z]{3,9})\.?[ \-/,]+(\d{4}|\d\d)")
_MONTH_DAY = re.compile(r"(?:[A-Za-z]{3,9},? )?([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_EPOCH_UNITS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"))
_MS_PER_DAY = 86_400_000
#: Excel counts days from here
_EXCEL = np.datetime64("1899-12-30", "us")


@dataclass
class Times:
    """The times of the rows: ``clock`` is as written, or UTC where the file states a zone (``stated``)."""

    clock: Array
    #: the zone that the file states; ``clock`` is UTC then
    stated: str | None = None
    #: plain dates: no clock, no zone applies to them
    dates: bool = False
    #: epoch numbers, which are UTC by definition and by habit not always
    epoch: bool = False
    #: the same text with day and month changed round fits as well
    day_or_month: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Place:
    """Where a column stands, for messages."""

    source: str
    row_word: str
    first_row: int
    #: LEAN's day, for milliseconds after midnight
    day: str | None = None

    def stop(self, row: int, what: str) -> NoReturn:
        raise BadInput(f"{self.source} {self.row_word} {row + self.first_row}: {what}")


def _us(values: Any) -> Array:
    found: Array = np.asarray(values).astype("datetime64[us]")
    return found


def parse_times(column: pd.Series, place: Place) -> Times:
    """The column as :class:`Times`."""
    import pandas as pd

    column = column.reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(str)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return Times(_us(column.dt.tz_convert("UTC").dt.tz_localize(None)), stated="UTC")
    if pd.api.types.is_datetime64_dtype(column.dtype):
        clock = _us(column)
        return Times(clock, dates=bool((clock == clock.astype("datetime64[D]")).all()))
    if pd.api.types.is_bool_dtype(column.dtype):
        place.stop(0, f"the time is {column.iloc[0]}; write it like 2024-01-02 09:31.")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _from_numbers(column, place)
    quick = _from_iso(column)
    if quick is not None:
        return quick
    if column.isna().any():
        place.stop(int(column.isna().to_numpy().argmax()), "cannot read the time ''; write it like 2024-01-02 09:31 (month before day).")
    text = column.astype(str).str.strip()
    if text.str.fullmatch(r"\d+(\.\d+)?").all():
        if text.str.len().max() > 25:
            place.stop(0, f"the time {text.iloc[0][:30]}... is neither a date nor an epoch number; write it like 2024-01-02 09:31.")
        whole = text.str.fullmatch(r"\d{1,18}").all()
        return _from_numbers(text.astype("int64") if whole else text.astype("float64"), place)
    return _from_text(text, place)


def _from_iso(column: pd.Series) -> Times | None:
    """The column if it is ISO text through and through, all of one zone or all of none; else None, and the slow road finds out why."""
    import pandas as pd

    if not len(column) or not re.match(r"\d{4}-\d\d-\d\d", str(column.iloc[0])):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas 2 warns of mixed zones where pandas 3 raises
            parsed = pd.to_datetime(column, format="ISO8601")
    except (ValueError, TypeError, OverflowError):
        return None
    if parsed.dtype == object or parsed.isna().any():
        return None
    if parsed.dt.tz is None:
        clock = _us(parsed)
        return Times(clock, dates=len(str(column.iloc[0])) <= 10 or bool((clock == clock.astype("datetime64[D]")).all()))
    text = column.astype(str)  # pandas 2 reads a time without a zone after one with it as if it had it
    if not (text.str.endswith("Z") | text.str.slice(-6, -5).isin(("+", "-"))).all():
        return None
    return Times(_us(parsed.dt.tz_convert("UTC").dt.tz_localize(None)), stated="UTC")


def _from_numbers(column: pd.Series, place: Place) -> Times:
    import pandas as pd

    if column.isna().any():
        place.stop(int(column.isna().to_numpy().argmax()), "the time is missing; remove the row or fill the time in.")
    values = column.to_numpy(dtype=np.float64)
    low, high = values.min(), values.max()
    if place.day is not None and low >= 0 and high < _MS_PER_DAY:
        return Times(
            _us(np.datetime64(place.day[:4] + "-" + place.day[4:6] + "-" + place.day[6:], "us") + (values * 1000).astype("timedelta64[us]"))
        )
    if low >= 19_000_101 and high <= 21_001_231:
        return _from_text(column.astype("int64").astype(str), place)
    if low >= 190_001_010_000 and high <= 210_012_312_359:
        return _from_text(column.astype("int64").astype(str), place)
    if low >= 19_000_101_000_000 and high <= 21_001_231_235_959:
        return _from_text(column.astype("int64").astype(str), place)
    if low >= 20_000 and high < 80_000:
        clock = _EXCEL + np.rint(values * 86_400).astype("int64").astype("timedelta64[s]")
        return Times(_us(clock), dates=bool((values == np.rint(values)).all()), notes=["times are serial numbers of Excel"])
    unit = next((unit for bound, unit in _EPOCH_UNITS if low >= bound), None)
    if unit is None or high >= 4.2e18 or high > 50 * low:
        shown = str(column.iloc[0])[:30]
        place.stop(0, f"the time {shown} is neither a date nor an epoch number; write it like 2024-01-02 09:31.")
    if unit == "s":
        clock = _us((values * 1000).round().astype("int64").astype("datetime64[ms]"))
    else:
        clock = _us(pd.to_datetime(column.astype("int64"), unit=unit))
    if clock.max() > np.datetime64("2200-01-01"):
        place.stop(0, f"the time {column.iloc[0]} is neither a date nor an epoch number; write it like 2024-01-02 09:31.")
    return Times(clock, stated="UTC", epoch=True)


# -- text that is not ISO


def _from_text(text: pd.Series, place: Place) -> Times:
    """Date, clock and zone taken apart and read by their own forms; a column has one form."""
    import pandas as pd

    codes, unique = pd.factorize(text)
    words = [str(value) for value in unique]
    rows = np.zeros(len(words), dtype=np.int64)
    rows[codes[::-1]] = np.arange(len(codes))[::-1]  # the first row of each
    zones, rest = _split_zone(words)
    with_zone = np.array([zone is not None for zone in zones])
    if with_zone.any() and not with_zone.all():
        _mixed_zones(words, with_zone, codes, rows, place)
    parts = [date_and_clock(word) for word in rest]
    unread = [k for k, part in enumerate(parts) if part is None]
    if unread:
        _cannot_read(words, unread, rows, place)
    forms = [part[0] for part in parts]  # type: ignore[index]
    usual = max(sorted(set(forms)), key=lambda form: (forms.count(form), form == "iso"))
    odd = [k for k, form in enumerate(forms) if form != usual]
    if odd:
        _cannot_read(words, odd, rows, place)
    days, doubt, note = _dates([part[1] for part in parts], usual, rows, words, place)  # type: ignore[index]
    clocks = np.array([-1 if part[2] is None else part[2] for part in parts], dtype=np.int64)  # type: ignore[index]
    if (clocks < 0).any() and not (clocks < 0).all():
        _cannot_read(words, [int((clocks < 0).argmax())], rows, place)
    dates = bool((clocks < 0).all()) or (not with_zone.any() and bool((clocks == 0).all()))
    clock = days.astype("datetime64[us]") + np.maximum(clocks, 0).astype("timedelta64[us]")
    stated = None
    if with_zone.all() and len(words):
        clock, stated = _to_utc(clock, zones, place)
        dates = False
    return Times(clock[codes], stated=stated, dates=dates, day_or_month=doubt, notes=[note] if note else [])


def _cannot_read(words: list[str], which: list[int], rows: Array, place: Place) -> NoReturn:
    at = min(which, key=lambda k: int(rows[k]))
    word = words[at] if words[at] not in ("nan", "None", "NaT", "<NA>") else ""
    place.stop(int(rows[at]), f"cannot read the time {word[:80]!r}; write it like 2024-01-02 09:31 (month before day).")


def _mixed_zones(words: list[str], with_zone: Array, codes: Array, rows: Array, place: Place) -> NoReturn:
    """The first row whose zone differs from the first row's."""
    first = bool(with_zone[codes[0]])
    odd = [k for k in range(len(words)) if bool(with_zone[k]) != first]
    at = min(odd, key=lambda k: int(rows[k]))
    if date_and_clock(words[at]) is None and not with_zone[at]:
        _cannot_read(words, odd, rows, place)
    place.stop(
        int(rows[at]),
        f"time {words[at]!r} {'carries' if with_zone[at] else 'lacks'} a time zone"
        f" and the rows above do {'not' if with_zone[at] else 'carry one'};"
        " write all times with a zone, or all without.",
    )


def _split_zone(words: list[str]) -> tuple[list[str | None], list[str]]:
    zones: list[str | None] = []
    rest = []
    for word in words:
        found = _ZONE.search(word) if ":" in word or "/" in word else None
        if found and (":" in word[: found.start()] or found["zone"][0].isalpha()) and not _DAY_MONTH.fullmatch(word):
            zones.append(found["zone"].strip("[]()"))
            rest.append(word[: found.start()].strip())
        else:
            zones.append(None)
            rest.append(word)
    return zones, rest


def without_zone(word: str) -> str:
    """One time without the zone it may state."""
    return _split_zone([word])[1][0]


def _to_utc(clock: Array, zones: list[str | None], place: Place) -> tuple[Array, str]:
    """Clock times with their zones as UTC, and the name of the zone if it is one region's throughout."""
    names = list(dict.fromkeys(str(zone) for zone in zones))
    regions = {_REGIONS.get(name, name) for name in names if "/" in name or name in _REGIONS}
    if regions:
        if len(names) > 1:
            place.stop(0, f"the times are in several zones ({', '.join(names[:3])}); give one zone per file.")
        zone = regions.pop()
        return localize(clock, zone, place.source), "UTC"
    minutes = np.array([_offset(str(zone)) for zone in zones], dtype=np.int64)
    return clock - minutes.astype("timedelta64[m]").astype("timedelta64[us]"), "UTC"


def _offset(zone: str) -> int:
    if zone in _LETTERS:
        return _LETTERS[zone]
    found = re.search(r"([+-])(\d{1,2}):?(\d\d)?$", zone)
    if not found:
        return 0
    return (1 if found[1] == "+" else -1) * (60 * int(found[2]) + int(found[3] or 0))


def date_and_clock(word: str) -> tuple[str, tuple[str, ...], int | None] | None:
    """(form of the date, its parts, microseconds after midnight or None) of one time; None if it is none."""
    word = re.sub(r"\s+", " ", word.strip())
    digits = re.fullmatch(r"(\d{8})(\d{4}|\d{6})", word)
    if digits:
        day, clock = _COMPACT.fullmatch(digits[1]), clock_of(digits[2])
        return None if day is None or clock is None else ("compact", day.groups(), clock)
    for form, pattern in (
        ("iso", _YEAR_FIRST), ("compact", _COMPACT), ("numbers", _NUMERIC), ("day month", _DAY_MONTH), ("month day", _MONTH_DAY),
    ):  # fmt: skip
        found = pattern.match(word)
        if not found:
            continue
        tail = word[found.end() :].lstrip("T, ").removeprefix("at ")
        if not tail:
            return form, found.groups(), None
        if word[found.end()] not in "T, ;":
            continue
        clock = clock_of(tail)
        return None if clock is None else (form, found.groups(), clock)
    return None


def clock_of(text: str) -> int | None:
    """``9:31``, ``09:31:00.000``, ``9:31 PM``, ``0931``, ``093100`` as microseconds after midnight; None if it is no time of day."""
    text = text.strip()
    found = _CLOCK.fullmatch(text)
    if found is None:
        compact = _COMPACT_CLOCK.fullmatch(text)
        if compact is None:
            return None
        hour, minute, second, fraction, half = int(compact[1]), int(compact[2]), int(compact[3] or 0), None, None
    else:
        hour, minute, second, fraction, half = int(found[1]), int(found[2]), int(found[3] or 0), found[4], found[5]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + (int(fraction.ljust(6, "0")[:6]) if fraction else 0)


def _dates(parts: list[tuple[str, ...]], form: str, rows: Array, words: list[str], place: Place) -> tuple[Array, str | None, str | None]:
    """The days of the parts; for numbers like 02/03/2024 by the order that the days speak for."""
    if form in ("iso", "compact"):
        return _days([(int(p[0]), int(p[1]), int(p[2])) for p in parts], rows, words, place), None, None
    if form == "day month":
        return _days([(_year(p[2]), _MONTHS.get(p[1][:3].lower(), 0), int(p[0])) for p in parts], rows, words, place), None, None
    if form == "month day":
        return _days([(_year(p[2]), _MONTHS.get(p[0][:3].lower(), 0), int(p[1])) for p in parts], rows, words, place), None, None
    first, second, years = np.array([int(p[0]) for p in parts]), np.array([int(p[2]) for p in parts]), [_year(p[3]) for p in parts]
    month_first = [(y, a, b) for y, a, b in zip(years, first.tolist(), second.tolist(), strict=True)]
    day_first = [(y, b, a) for y, a, b in zip(years, first.tolist(), second.tolist(), strict=True)]
    if (first > 12).any() or (second > 12).any():
        chosen = month_first if (first <= 12).all() else day_first
        return _days(chosen, rows, words, place), None, "day before month (seen)" if chosen is day_first else None
    readings = {"month before day": _days(month_first, rows, words, place), "day before month": _days(day_first, rows, words, place)}
    usual = "day before month" if parts[0][1] == "." else "month before day"
    scores = {name: _calendar_score(days) for name, days in readings.items()}
    other = next(name for name in readings if name != usual)
    if np.array_equal(readings[usual], readings[other]):
        return readings[usual], None, None
    if scores[other] > scores[usual] + 0.2:
        return readings[other], None, f"{other} (seen: the days follow each other)"
    doubt = other if abs(scores[other] - scores[usual]) <= 0.2 else None
    return readings[usual], doubt, f"{usual} ({'assumed' if doubt else 'seen'})" if usual != "month before day" or doubt else None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _days(parts: list[tuple[int, int, int]], rows: Array, words: list[str], place: Place) -> Array:
    text = [f"{y:04}-{m:02}-{d:02}" for y, m, d in parts]
    try:
        return np.array(text, dtype="datetime64[D]")
    except ValueError:
        bad = [k for k, one in enumerate(text) if not _is_day(one)]
        _cannot_read(words, bad, rows, place)


def _is_day(text: str) -> bool:
    try:
        np.datetime64(text, "D")
    except ValueError:
        return False
    return True


def _calendar_score(days: Array) -> float:
    """How well days fit the exchange's calendar: the part of them that are sessions, and of sessions that follow each other."""
    from ..core.sessions import FIRST_DAY, LAST_DAY, sessions_between

    unique = np.unique(days)
    low, high = unique[0], unique[-1]
    if low < np.datetime64(FIRST_DAY) or high > np.datetime64(LAST_DAY):
        return 0.0
    sessions = np.array(sessions_between(low.item(), high.item()), dtype="datetime64[D]")
    on = np.isin(unique, sessions)
    places = np.searchsorted(sessions, unique[on])
    steps = np.diff(places)
    follow = float((steps == 1).mean()) if len(steps) else 1.0
    ordered = np.diff(days.astype(np.int64))
    turns = float(max((ordered >= 0).mean(), (ordered <= 0).mean())) if len(ordered) else 1.0
    return float(on.mean()) + follow + turns


# -- zones


def localize(clock: Array, zone: str, source: str) -> Array:
    """``clock`` of ``zone`` as UTC; a zone nobody knows, or an hour that a clock change makes unclear, stops.

    ``America/New_York+7`` is a clock seven hours ahead of New York all year, as many MetaTrader servers keep.
    """
    import pandas as pd

    if zone in ("UTC", "GMT"):
        return clock
    ahead = re.fullmatch(r"(America/New_York|US/Eastern)([+-]\d{1,2})", zone)
    if ahead:
        zone, clock = ahead[1], clock - np.timedelta64(int(ahead[2]), "h").astype("timedelta64[us]")
    if zone in _LETTERS or zone in _REGIONS:
        zone = _REGIONS.get(zone, zone)
    if zone in _LETTERS:
        return _us(clock - np.timedelta64(_LETTERS[zone], "m").astype("timedelta64[us]"))
    try:
        return _us(pd.DatetimeIndex(clock).tz_localize(zone).tz_convert("UTC").tz_localize(None))
    except (KeyError, ModuleNotFoundError, IsADirectoryError, PermissionError):
        raise BadInput(f"{source}: time zone {zone!r} is not known; give a name such as America/New_York or UTC.") from None
    except Exception as error:  # pandas 3 raises ValueError, pandas 2 an error of pytz, which bt_pdt does not know
        reason = str(error).split(",")[0].split(". ")[0]
        if "No time zone found" in reason or "unknown" in reason.lower() or "not normalized" in reason.lower():
            raise BadInput(f"{source}: time zone {zone!r} is not known; give a name such as America/New_York or UTC.") from None
        raise BadInput(f"{source}: the clock change of {zone} makes a time unclear ({reason}); export the bars in UTC.") from None


def to_new_york(utc: Array) -> Array:
    """UTC as naive New York time."""
    import pandas as pd

    return _us(pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert("America/New_York").tz_localize(None))


def in_new_york(clock: Array, zone: str, source: str) -> Array:
    """``clock`` of ``zone`` as naive New York time."""
    if zone == "America/New_York":
        return clock
    return to_new_york(localize(clock, zone, source))
