"""Times as files write them: ISO text with or without a zone, American dates, epoch numbers, Interactive Brokers' and LEAN's own."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, NoReturn

from ..core.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

_AWARE = r":\d\d(?:\.\d+)?\s*(?:Z|UTC|[+-]\d\d:?(?:\d\d)?)$"
_FORMATS = (
    "ISO8601",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%Y%m%d %H%M%S",
    "%Y%m%d %H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
)
_EPOCH_UNITS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"))
_MS_PER_DAY = 86_400_000


def looks_newest_first(frame: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    """True if the first two rows of the time column are text without a zone and run backwards in time."""
    column = next((name for name in columns if name in frame.columns), None)
    if column is None or len(frame) < 2:
        return False
    first, second = (str(value) for value in frame[column].iloc[:2])
    return len(first) == len(second) and first > second and first[:4].isdigit()


def parse_times(column: pd.Series, source: str, row_word: str, first_row: int, day: str | None) -> pd.Series:
    """The column as times: aware in UTC if it carries a zone, naive if not. ``day`` is LEAN's, for milliseconds after midnight."""
    import pandas as pd

    column = column.reset_index(drop=True)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC")
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return column
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _from_numbers(column, source, row_word, first_row, day)
    quick = _from_iso(column)
    if quick is not None:
        return quick
    text = column.astype(str).str.strip()
    if text.str.fullmatch(r"\d{9,}").all():
        return _from_numbers(text.astype("int64"), source, row_word, first_row, day)
    return _from_text(text, source, row_word, first_row)


def _from_iso(column: pd.Series) -> pd.Series | None:
    """The column if it is ISO text through and through, all of one zone or all of none; else None, and the slow road finds out why."""
    import pandas as pd

    if not len(column) or not re.match(r"\d{4}-\d\d-\d\d", str(column.iloc[0])):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas 2 warns of mixed zones where pandas 3 raises
            parsed = pd.to_datetime(column, format="ISO8601")
    except (ValueError, TypeError):
        return None
    if parsed.dtype == object or parsed.isna().any():
        return None
    if parsed.dt.tz is None:
        return parsed
    text = column.astype(str)  # pandas 2 reads a time without a zone after one with it as if it had it
    if not (text.str.endswith("Z") | text.str.slice(-6, -5).isin(("+", "-"))).all():
        return None
    return parsed.dt.tz_convert("UTC")


def _stop(source: str, row_word: str, row: int, what: str) -> NoReturn:
    raise BadInput(f"{source} {row_word} {row}: {what}")


def _from_numbers(column: pd.Series, source: str, row_word: str, first_row: int, day: str | None) -> pd.Series:
    import pandas as pd

    if column.isna().any():
        _stop(
            source, row_word, int(column.isna().to_numpy().argmax()) + first_row, "the time is missing; remove the row or fill the time in."
        )
    low, high = column.min(), column.max()
    if day is not None and low >= 0 and high < _MS_PER_DAY:
        return pd.Timestamp(day) + pd.to_timedelta(column, unit="ms")
    if low >= 19_000_101 and high <= 21_001_231:
        return _from_text(column.astype("int64").astype(str), source, row_word, first_row)
    unit = next((unit for bound, unit in _EPOCH_UNITS if low >= bound), None)
    if unit is None:
        _stop(
            source, row_word, first_row, f"the time {column.iloc[0]} is neither a date nor an epoch number; write it like 2024-01-02 09:31."
        )
    if unit == "s":
        column = (column * 1000).round()
        unit = "ms"
    return pd.to_datetime(column.astype("int64"), unit=unit, utc=True)


def _from_text(text: pd.Series, source: str, row_word: str, first_row: int) -> pd.Series:
    import pandas as pd

    zone = None
    if len(text) and text.iloc[0].count(" ") >= 1 and "/" in text.iloc[0].rsplit(" ", 1)[1] and ":" in text.iloc[0]:
        parts = text.str.rsplit(" ", n=1)
        zones = parts.str[1].unique()
        if len(zones) > 1:
            _stop(
                source, row_word, first_row, f"the times are in several zones ({', '.join(map(str, zones[:3]))}); give one zone per file."
            )
        text, zone = parts.str[0].str.strip(), str(zones[0])
    text = text.str.replace(r"\s+", " ", regex=True)
    aware = text.str.contains(_AWARE, regex=True)
    if aware.any() and not aware.all():
        odd = aware if not aware.iloc[0] else ~aware
        at = int(odd.to_numpy().argmax())
        _stop(
            source, row_word, at + first_row,
            f"time {text.iloc[at]!r} {'carries' if aware.iloc[at] else 'lacks'} a time zone"
            f" and the rows above do {'not' if aware.iloc[at] else 'carry one'};"
            " write all times with a zone, or all without.",
        )  # fmt: skip
    best, best_bad = None, len(text) + 1
    for form in ("ISO8601",) if aware.any() else _FORMATS:
        parsed = pd.to_datetime(text, format=form, errors="coerce", utc=bool(aware.any()))
        bad = int(parsed.isna().sum())
        if bad < best_bad:
            best, best_bad = parsed, bad
        if not bad:
            break
    assert best is not None
    if best_bad:
        at = int(best.isna().to_numpy().argmax())
        _stop(
            source, row_word, at + first_row, f"cannot read the time {text.iloc[at]!r}; write it like 2024-01-02 09:31 (month before day)."
        )
    if zone is not None:
        return _localize(best, zone, source)
    return best


def _localize(times: pd.Series, zone: str, source: str) -> pd.Series:
    """Naive ``times`` of ``zone`` as UTC; a zone nobody knows, or an hour that a clock change makes unclear, stops."""
    try:
        return times.dt.tz_localize(zone).dt.tz_convert("UTC")
    except KeyError:
        raise BadInput(f"{source}: time zone {zone!r} is not known; give a name such as America/New_York or UTC.") from None
    except Exception as error:  # pandas 3 raises ValueError, pandas 2 an error of pytz, which bt_pdt does not know
        reason = str(error).split(",")[0].split(". ")[0]
        raise BadInput(f"{source}: the clock change of {zone} makes a time unclear ({reason}); export the bars in UTC.") from None


def in_new_york(times: pd.Series, zone: str, source: str) -> pd.Series:
    """Aware or naive ``times`` as naive New York time; naive ones are read in ``zone``."""
    if times.dt.tz is None:
        if zone == "America/New_York":
            return times
        times = _localize(times, zone, source)
    return times.dt.tz_convert("America/New_York").dt.tz_localize(None)
