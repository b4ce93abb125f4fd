"""Sample bars made by the project itself: four invented symbols, one minute apart, regular hours only.

Nothing here is a real price. The same seed gives the same bars on every machine: the randomness is the raw 64-bit stream of
``PCG64`` (which numpy promises never to change), and everything after it is ``+ - * /`` on doubles, rounded to whole cents;
no ``exp``, ``log`` or ``pow``, whose last digit differs between machines.

========  ====================================================================================================
``IDXE``  an ETF on a broad index, about $500
``IDX3``  the 3x daily leveraged ETF on it: each day three times the return of ``IDXE`` since the last close
``LRGE``  a large company's stock, about $180, moves 1.2 times the market
``FALL``  a stock that falls from $9.40 to about $1.95, through $6.00 and through $2.50
========  ====================================================================================================

One market day is a crash of about -8%. Volatility comes in clusters, mornings open with gaps, volume is U-shaped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.errors import BadInput, known_name
from ..core.sessions import close_of, sessions_between

if TYPE_CHECKING:
    import pandas as pd

    from . import Bars

SEED = 7
SYMBOLS = ("IDXE", "IDX3", "LRGE", "FALL")
FIRST_DAY, LAST_DAY = date(2026, 5, 7), date(2026, 7, 6)
CRASH_DAY = date(2026, 6, 17)
EARLY_FIRST_DAY, EARLY_LAST_DAY = date(2025, 12, 22), date(2025, 12, 30)
EARLY_SYMBOLS = ("IDXE", "LRGE")

SAMPLE_FILE = "synthetic_1min_2026-05-07_2026-07-06.parquet"
EARLY_CLOSE_FILE = "synthetic_1min_2025-12-22_2025-12-30.parquet"

#: How far the market has moved by the close of the crash day, and how much of that is the opening gap.
CRASH_GAP, CRASH_RETURN = -0.022, -0.082

#: Minutes from 09:30 to the close of a full day.
FULL_DAY = 390

Floats = np.ndarray[Any, np.dtype[np.float64]]


class _Path(NamedTuple):
    """One symbol's prices in dollars, minute by minute, before rounding; ``before`` is the close of the day before each minute."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    before: Floats


class _Day(NamedTuple):
    at: slice
    minutes: int
    crash: bool


def _raw(seed: int, stream: int, n: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    return np.random.PCG64(np.random.SeedSequence([seed, stream])).random_raw(n)


def _normal(seed: int, stream: int, n: int) -> Floats:
    """``n`` draws of mean 0 and deviation about 1 with slightly fat tails (a sum of twelve uniforms, bent outwards)."""
    parts = _raw(seed, stream, 3 * n).astype("<u8").view("<u2").reshape(n, 12)
    z = (parts.astype(np.int64).sum(axis=1) - 393_210) / 65_536.0
    return np.asarray(z * (0.75 + 0.08 * z * z), dtype=np.float64)


def _u_shape(minutes: int) -> Floats:
    """How busy each minute of a session is: 1 at the quietest, about 3 at the open, 2.5 into the close."""
    x = np.arange(minutes) / (minutes - 1)
    morning, evening = (1 - x) * (1 - x) * (1 - x), x * x * x
    return 1 + 2 * morning * morning + 1.5 * evening * evening * evening


def _day_volatility(seed: int, days: list[_Day]) -> Floats:
    """Volatility of each day as a multiple of the usual: it drifts, jumps on the crash day and calms down over two weeks."""
    noise = _normal(seed, 2, len(days))
    level, fear, out = 1.0, 0.0, []
    for i, day in enumerate(days):
        level = min(1.8, max(0.6, 1 + 0.8 * (level - 1) + 0.15 * float(noise[i])))
        fear = 1.5 if day.crash else 0.78 * fear
        out.append(level + fear)
    return np.array(out)


def _minute_returns(seed: int, stream: int, days: list[_Day], daily: float, volatility: Floats) -> Floats:
    """Returns of each minute; ``daily`` is the usual deviation of a day, the day's ``volatility`` a multiple of it."""
    n = days[-1].at.stop
    z = _normal(seed, stream, n)
    out = np.empty(n)
    for day, multiple in zip(days, volatility, strict=True):
        shape = _u_shape(day.minutes)
        out[day.at] = z[day.at] * (daily * multiple / np.sqrt(float(FULL_DAY))) * (0.55 + 0.3 * shape)
    return out


def _set_return(returns: Floats, day: _Day, target: float) -> None:
    """Shift the minutes of ``day`` evenly so that together they return ``target``."""
    for _ in range(4):
        total = float(np.cumprod(1 + returns[day.at])[-1]) - 1
        returns[day.at] += (target - total) / day.minutes


def _path(seed: int, stream: int, start: float, days: list[_Day], gaps: Floats, returns: Floats) -> _Path:
    """Prices from the night's ``gaps`` and the minutes' ``returns``."""
    n = len(returns)
    opens, closes, before = np.empty(n), np.empty(n), np.empty(n)
    last = start
    for day, gap in zip(days, gaps, strict=True):
        first = last * (1 + float(gap))
        path = first * np.cumprod(1 + returns[day.at])
        before[day.at] = last
        closes[day.at] = path
        opens[day.at] = np.concatenate([[first], path[:-1]])
        last = float(path[-1])
    wick = np.abs(_normal(seed, stream, 2 * n).reshape(2, n)) * (0.35 * np.abs(returns) + 0.00008)
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    return _Path(opens, top * (1 + wick[0]), bottom * (1 - wick[1]), closes, before)


def _three_times(index: _Path, days: list[_Day], start: float) -> _Path:
    """The leveraged ETF: its last close times one plus three times what the index did since its last close."""
    columns = [np.empty(len(index.close)) for _ in range(5)]
    last = start
    for day in days:
        base = index.before[day.at]
        for column, source in zip(columns[:4], index[:4], strict=True):
            column[day.at] = last * (1 + 3 * (source[day.at] / base - 1))
        columns[4][day.at] = last
        last = float(columns[3][day.at.stop - 1])
    return _Path(*columns)


def _falling(seed: int, days: list[_Day], returns: Floats, gaps: Floats) -> None:
    """Bend ``returns`` and ``gaps`` in place: from $9.40 to about $5.5, an ugly stretch, a night of -16% through $2.50, then slowly on."""
    noise, n = _normal(seed, 41, len(days)), len(days)
    for i, day in enumerate(days):
        part = i / n
        drift = -0.034 if part < 0.4 else -0.047 if part < 0.725 else -0.022
        gap = float(gaps[i])
        if i and int(0.725 * n) == i:
            gap = gaps[i] = -0.16
            drift -= 0.16
        _set_return(returns, day, (1 + drift * 40 / n + 0.018 * float(noise[i])) / (1 + gap) - 1)


def _volumes(seed: int, stream: int, days: list[_Day], volatility: Floats, shares_per_day: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Shares per minute: U-shaped, with the opening and closing auction on top, more on wild days."""
    n = days[-1].at.stop
    noise = _normal(seed, stream, n)
    out = np.empty(n)
    for day, multiple in zip(days, volatility, strict=True):
        shape = _u_shape(day.minutes)
        shape[0] *= 2.5
        shape[-1] *= 4.0
        out[day.at] = shape * (shares_per_day * (0.4 + 0.6 * multiple) / (1.5 * FULL_DAY))
    return np.rint(np.maximum(out * (1 + 0.35 * noise), 100.0)).astype(np.int64)


def _cents(path: _Path) -> dict[str, Floats]:
    """Prices in whole cents, high and low always around open and close."""
    o, h, low, c = (np.maximum(np.rint(column * 100), 1).astype(np.int64) for column in path[:4])
    h, low = np.maximum(h, np.maximum(o, c)), np.minimum(low, np.minimum(o, c))
    return {name: cents / 100 for name, cents in (("open", o), ("high", h), ("low", low), ("close", c))}


def generate(
    seed: int = SEED,
    first: date = FIRST_DAY,
    last: date = LAST_DAY,
    *,
    symbols: tuple[str, ...] = SYMBOLS,
    crash_day: date | None = CRASH_DAY,
) -> pd.DataFrame:
    """Invented minute bars of every session from ``first`` to ``last`` in the tidy layout.

    Columns: ``symbol``, ``timestamp`` (UTC, START of the minute), ``open high low close`` (dollars, whole cents), ``volume``
    (shares); sorted by symbol and time. ``crash_day`` outside the range, or None, gives no crash.
    """
    import pandas as pd

    for symbol in symbols:
        known_name("synthetic symbol", symbol, SYMBOLS)
    sessions = sessions_between(first, last)
    if not sessions or not symbols:
        raise BadInput(f"there is nothing to generate: {len(symbols)} symbols, {len(sessions)} sessions from {first} to {last}.")
    days, at = [], 0
    for session in sessions:
        minutes = int((close_of(session) - datetime.combine(session, datetime.min.time())).total_seconds()) // 60 - 570
        days.append(_Day(slice(at, at + minutes), minutes, session == crash_day))
        at += minutes

    calm = np.ones(len(days))
    volatility = _day_volatility(seed, days)
    market = _minute_returns(seed, 1, days, 0.008, volatility)
    market_gaps = 0.0035 * _normal(seed, 3, len(days)) * volatility
    for i, day in enumerate(days):
        if day.crash:
            market_gaps[i] = CRASH_GAP
            _set_return(market, day, (1 + CRASH_RETURN) / (1 + CRASH_GAP) - 1)
    index = _path(seed, 11, 500.0, days, market_gaps, market)

    def large() -> _Path:
        own = _minute_returns(seed, 31, days, 0.009, calm)
        return _path(seed, 32, 180.0, days, 1.2 * market_gaps + 0.004 * _normal(seed, 33, len(days)), 1.2 * market + own)

    def fall() -> _Path:
        returns = _minute_returns(seed, 42, days, 0.035, volatility) + 0.5 * market
        gaps = 0.012 * _normal(seed, 43, len(days))
        _falling(seed, days, returns, gaps)
        return _path(seed, 44, 9.40, days, gaps, returns)

    makers: dict[str, tuple[Callable[[], _Path], int, float]] = {
        "IDXE": (lambda: index, 12, 60e6),
        "IDX3": (lambda: _three_times(index, days, 60.0), 22, 15e6),
        "LRGE": (large, 34, 25e6),
        "FALL": (fall, 45, 6e6),
    }
    starts = np.concatenate(
        [np.datetime64(session, "m") + np.arange(570, 570 + day.minutes) for session, day in zip(sessions, days, strict=True)]
    )
    stamps = pd.DatetimeIndex(starts.astype("datetime64[us]")).tz_localize("America/New_York").tz_convert("UTC")
    frames = []
    for symbol in sorted(symbols):
        make, stream, shares = makers[symbol]
        columns = _cents(make()) | {"volume": _volumes(seed, stream, days, volatility, shares)}
        frames.append(pd.DataFrame({"symbol": symbol, "timestamp": stamps} | columns))
    return pd.concat(frames, ignore_index=True)


def generate_early_close(seed: int = SEED) -> pd.DataFrame:
    """Six sessions around Christmas 2025, with the 13:00 close of December 24 (no early close lies near June 2026)."""
    return generate(seed + 1000, EARLY_FIRST_DAY, EARLY_LAST_DAY, symbols=EARLY_SYMBOLS, crash_day=None)


def sample_bars(seed: int = SEED) -> Bars:
    """The sample of ``data/`` as :class:`Bars`, made on the spot: no file and no network needed."""
    from . import load

    return load(generate(seed), source=f"synthetic sample, seed {seed}")


def write_sample(folder: str | Path, seed: int = SEED) -> list[Path]:
    """Write the two sample files and their README into ``folder``; returns the paths written."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file; give a folder to write the sample bars into.")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in ((SAMPLE_FILE, generate(seed)), (EARLY_CLOSE_FILE, generate_early_close(seed))):
        frame.to_parquet(folder / name, compression="zstd", index=False)
        written.append(folder / name)
    readme = folder / "README.md"
    readme.write_text(_README.format(seed=seed, main=SAMPLE_FILE, early=EARLY_CLOSE_FILE), encoding="utf-8")
    return [*written, readme]


_README = """# Sample bars: SYNTHETIC

Every price in this folder is invented. The bars come from the project's own seeded generator (`bt_pdt/bars/synthetic.py`); they
describe no real security and nothing can be learnt from them about any market.

Made by `bt-pdt data generate --seed {seed} --out data`.
The same seed gives the same bars on every machine; a test makes them anew and compares.

| file | what |
|---|---|
| `{main}` | 40 sessions across 2026-06-04, the day the intraday margin rules begin; four symbols; the market falls 8% on 2026-06-17 |
| `{early}` | 6 sessions around the early close (13:00) of 2025-12-24; two symbols. The 2026 calendar has no early close near June |

One-minute bars, regular hours only (390 a day, 210 on the early close), sorted by symbol and time. Columns:

| column | meaning |
|---|---|
| `symbol` | `IDXE` index ETF near $500; `IDX3` its 3x daily leveraged ETF; `LRGE` a stock near $180; `FALL` falls through $6.00, $2.50 |
| `timestamp` | UTC, the START of the minute (as Alpaca stamps it). `bt_pdt` turns it into New York time at the END of the minute |
| `open` `high` `low` `close` | US dollars, whole cents |
| `volume` | shares traded in the minute |
"""
