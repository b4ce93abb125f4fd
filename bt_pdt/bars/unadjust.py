"""Adjusted prices back to raw ones: splits and dividends worked out again, from a file that states them or from the bars' own columns.

``unadjust`` takes a LEAN factor file, yfinance's ``Ticker.actions``, Sharadar's ACTIONS or SEP, Tiingo's or Alpha Vantage's daily files, or a plain
CSV of ``date, ratio, dividend`` (a ratio is ``4``, ``4:1`` or ``1:25``). Whether prices are adjusted for splits alone or for dividends too, and whether
dividends are stated as paid or adjusted for later splits, is decided by the prices: traded prices are whole cents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput
from . import adjustment, clues
from .columns import plain_name, roles_of
from .findings import Finding
from .model import Action, Array, Bars, SymbolBars
from .times import Place, parse_times

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Steps:
    """Factors by day: adjusted price = raw price x price x split, of days up to and with each of ``until``; 1 after the last."""

    until: Array
    price: Array
    split: Array

    def of(self, days: Array) -> tuple[Array, Array]:
        at = np.searchsorted(self.until, days, side="left")
        return np.r_[self.price, 1.0][at], np.r_[self.split, 1.0][at]


#: what is stated of one symbol: factors, or events
Stated = Steps | tuple[Action, ...]


def unadjusted(bars: Bars, stated: Mapping[str, Stated], source: str) -> Bars:
    """``bars`` with raw prices and volumes; raises :class:`BadInput` if they are raw already or a symbol is not stated."""
    lacking = [symbol for symbol in bars.symbols if symbol not in stated]
    if lacking:
        raise BadInput(
            f"unadjust: {source} says nothing of {', '.join(lacking[:5])}; it knows {', '.join(list(stated)[:8]) or 'no symbol'}."
        )
    data, words, notices = {}, [], [one for one in bars.notices if one.kind != "adjusted"]
    for symbol in bars.symbols:
        arrays = bars.arrays(symbol)
        _refuse_raw(symbol, arrays, stated[symbol], source)
        readings = dict(_readings(arrays, stated[symbol]))
        name = max(readings, key=lambda key: (round(_whole_cents(arrays, *readings[key]), 2), -list(readings).index(key)))
        price, split = readings[name]
        share = _whole_cents(arrays, price, split)
        data[symbol] = _raw(arrays, price, split)
        words.append(f"{symbol} {name}")
        if share < 0.8:
            notices.append(
                Finding(
                    "adjusted", symbol,
                    f"{symbol}: with the {name} of {source} worked out again only {share:.0%} of its prices are whole cents: that file does not fit"
                    " these prices.",
                )
            )  # fmt: skip
    shown = "; ".join(words[:4]) + ("; ..." if len(words) > 4 else "")
    line = f"{bars.detected_format}; made raw again by {source} ({shown})"
    return Bars(
        data, timeframe=bars.timeframe, compression=bars.compression, detected_format=line, dropped=bars.dropped,
        reading=dict(bars.reading) | {"prices": "stated raw"}, notices=notices, actions=bars.actions,
    )  # fmt: skip


def _refuse_raw(symbol: str, arrays: SymbolBars, stated: Stated, source: str) -> None:
    events = stated if isinstance(stated, tuple) else _splits_of(stated)
    raw = [event for event in events if event.split != 1.0 and adjustment.jumped_with(event, arrays)]
    if raw:
        ratio = adjustment.stated_ratio(raw[0].split)
        raise BadInput(
            f"unadjust: the prices of {symbol} jump with the {ratio} split of {raw[0].day} that {source} states: they are raw already;"
            " leave unadjust= (--unadjust) out."
        )


def _splits_of(steps: Steps) -> list[Action]:
    """The splits in a table of factors; each is effective on the day after its row."""
    split = np.r_[steps.split, 1.0]
    found = []
    for k in range(len(steps.until)):
        ratio = split[k + 1] / split[k]
        if abs(ratio - 1) > 0.01:
            found.append(Action((steps.until[k] + np.timedelta64(1, "D")).item(), float(ratio), 0.0))
    return found


def _readings(arrays: SymbolBars, stated: Stated) -> Iterable[tuple[str, tuple[Array, Array]]]:
    """What the prices may have been adjusted for: (name, (price factor, split factor) of each bar)."""
    days = clues.day_of(arrays.datetimes)
    if isinstance(stated, Steps):
        price, split = stated.of(days)
        yield "splits", (np.ones(len(days)), split)
        if (price != 1.0).any():
            yield "splits and dividends", (price, split)
        return
    events = sorted(stated)
    yield "splits", _from_events(arrays, days, [event._replace(dividend=0.0) for event in events])
    if any(event.dividend for event in events):
        yield "splits and dividends", _from_events(arrays, days, events)
        if any(event.split != 1.0 for event in events):
            later, restated = 1.0, []
            for event in reversed(events):
                restated.append(event._replace(dividend=event.dividend * later))
                later *= event.split
            yield "splits and dividends (stated per share of today)", _from_events(arrays, days, restated[::-1])


def _from_events(arrays: SymbolBars, days: Array, events: list[Action]) -> tuple[Array, Array]:
    """Factors of each bar from splits and dividends, the latest first: the raw close before each is what the factors after it leave."""
    price, split = np.ones(len(days)), np.ones(len(days))
    by_price, by_split = 1.0, 1.0
    for event in reversed(events):
        before = int(np.searchsorted(days, np.datetime64(event.day), side="left"))
        if before == 0:
            break
        by_split /= event.split
        if event.dividend:
            raw = arrays.close[before - 1] / (by_price * by_split) + event.dividend / event.split
            by_price *= 1 - event.dividend / event.split / raw
        price[:before], split[:before] = by_price, by_split
    return price, split


def _dust(adjusted: Array, factor: Array) -> Array:
    """How far a raw price may lie off its cent by the rounding of the adjusted one."""
    for digits in range(2, 9):
        if (np.abs(adjusted - np.round(adjusted, digits)) < 1e-9 + 1e-12 * adjusted).all():
            return np.minimum(0.55 * 10.0**-digits / factor + 3e-7 * adjusted / factor, 0.0049)  # type: ignore[no-any-return]
    return np.minimum(1e-4 + 4e-7 * adjusted / factor, 0.0049)  # type: ignore[no-any-return]


def _whole_cents(arrays: SymbolBars, price: Array, split: Array) -> float:
    """The part of the prices that are whole cents when the factors are taken out, less what chance would give."""
    factor = price * split
    hits, chance = [], []
    for column in (arrays.open, arrays.high, arrays.low, arrays.close):
        raw, dust = column / factor, _dust(column, factor)
        some = (raw >= 1.0) & (dust < 0.004)
        hits.append((np.abs(raw - np.round(raw, 2)) <= dust)[some])
        chance.append((dust / 0.005)[some])
    hit, luck = np.concatenate(hits), np.concatenate(chance)
    if not len(hit):
        return 0.0
    return float(max(hit.mean() - luck.mean(), 0.0) / max(1 - luck.mean(), 1e-9))


def _raw(arrays: SymbolBars, price: Array, split: Array) -> SymbolBars:
    """Raw prices, on the cent where they lie on it but for rounding, and raw volumes."""
    factor = price * split
    columns = []
    for column in (arrays.open, arrays.high, arrays.low, arrays.close):
        raw, dust = column / factor, _dust(column, factor)
        cents = np.round(raw, 2)
        columns.append(np.where(np.abs(raw - cents) <= dust, cents, np.round(raw, 4)))
    o, h, low, c = columns
    h, low = np.maximum.reduce([o, h, c]), np.minimum.reduce([o, low, c])
    return SymbolBars(arrays.datetimes, o, h, low, c, np.rint(arrays.volume * split))


# -- what is stated


def own_factors(frame: pd.DataFrame, order: Array, bounds: Array, symbols: list[str], bars: Bars) -> dict[str, Stated]:
    """From the bars' own columns: unadjusted closes beside the adjusted ones, or splits and dividends; raises :class:`BadInput` without."""
    found: dict[str, Stated] = {}
    if "raw_close" in frame.columns:
        raw, close = frame["raw_close"].to_numpy()[order], frame["close"].to_numpy()[order]
        for (a, b), symbol in zip(pairwise(bounds), symbols, strict=True):
            found[symbol] = _from_closes(clues.day_of(bars.arrays(symbol).datetimes), close[a:b], raw[a:b])
        return found
    for symbol in symbols:
        if not bars.actions.get(symbol):
            raise BadInput(
                f'unadjust="own": the columns of {symbol} state no splits, dividends or unadjusted closes; give a file that does.'
            )
        found[symbol] = bars.actions[symbol]
    return found


def _from_closes(days: Array, close: Array, raw: Array) -> Steps:
    """Steps of one factor from closes and unadjusted closes side by side; runs of one ratio are taken together, for both are rounded."""
    ratio = close / raw
    if not np.isfinite(ratio).all() or (ratio <= 0).any():
        raise BadInput('unadjust="own": some unadjusted closes are missing or zero; fill them in.')
    changes = np.flatnonzero(np.abs(np.diff(np.log(ratio))) > 0.004) + 1
    edges = np.r_[0, changes, len(ratio)]
    factors = np.array([_clean(float(np.median(ratio[a:b]))) for a, b in pairwise(edges)])
    return Steps(days[edges[1:] - 1], np.ones(len(factors)), factors)


def _clean(ratio: float) -> float:
    """A median of rounded quotients as the ratio of small numbers that it is, if it is."""
    size = 1 / ratio if ratio < 1 else ratio
    for b in range(1, 61):
        if abs(size * b - round(size * b)) < 2e-5 * size * b:
            size = round(size * b) / b
            break
    return 1 / size if ratio < 1 else size


def read_actions(source: Any, bars: Bars) -> dict[str, Stated]:
    """What a file or frame states, by symbol."""
    name = Path(source).name if isinstance(source, str | Path) else "the frame"
    table = _table(source, name)
    if table.shape[1] in (3, 4) and all(re.fullmatch(r"\d{8}", str(cell)) for cell in table.iloc[:, 0]):
        if len(bars.symbols) > 1:
            raise BadInput(
                f"unadjust: {name} is a LEAN factor file of one symbol and these bars have {len(bars.symbols)}; load them one by one."
            )
        return {bars.symbols[0]: _lean(table, name)}
    roles = roles_of(table.columns)
    plain = {plain_name(column): column for column in table.columns}
    day = next(
        (
            plain[one]
            for one in ("date", "exdate", "ex_date", "ex_dividend_date", "timestamp", "datetime", "day", "unnamed")
            if one in plain
        ),
        None,
    )
    if day is None:
        raise BadInput(
            f"unadjust: {name} has no column of dates; its columns are {', '.join(map(str, table.columns[:10]))}. Write date, ratio, dividend."
        )
    days = _days(table[day], name)
    groups = [(None, np.arange(len(table)))] if "symbol" not in roles else [
        (str(key), np.flatnonzero(table[roles["symbol"]].to_numpy() == key)) for key in dict.fromkeys(table[roles["symbol"]])
    ]  # fmt: skip
    found: dict[str, Stated] = {}
    for symbol, rows in groups:
        if symbol is None and len(bars.symbols) > 1:
            raise BadInput(f"unadjust: {name} names no symbol and these bars have {len(bars.symbols)}; add a column symbol.")
        found[symbol or bars.symbols[0]] = _stated(table.iloc[rows], days[rows], roles, plain, name)
    return found


def _table(source: Any, name: str) -> pd.DataFrame:
    import pandas as pd

    if hasattr(source, "iloc"):
        frame = source.reset_index() if source.index.name is not None or isinstance(source.index, pd.DatetimeIndex) else source
        return frame.astype(str)
    path = Path(source)
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pd.read_parquet(path).reset_index().astype(str)
        if path.suffix.lower() == ".json":
            return pd.read_json(path, dtype=False, convert_dates=False).astype(str)
        with path.open(encoding="utf-8-sig") as stream:
            first = stream.readline()
        header = None if re.match(r"\d{8},", first) else 0
        return pd.read_csv(path, header=header, dtype=str, keep_default_na=False, encoding="utf-8-sig", sep=None, engine="python")
    except FileNotFoundError:
        raise BadInput(f'unadjust: there is no file {source}; give a file of splits, or "own" for the bars\' own columns.') from None
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"unadjust: {name} cannot be read ({str(error).splitlines()[0][:120]}).") from None


def _lean(table: pd.DataFrame, name: str) -> Steps:
    import pandas as pd

    numbers = table.iloc[:, 1:3].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    days = _days(table.iloc[:, 0], name)
    if not np.isfinite(numbers).all() or (numbers <= 0).any():
        at = int((~np.isfinite(numbers) | (numbers <= 0)).any(axis=1).argmax())
        raise BadInput(f"unadjust: {name} line {at + 1}: the factors are no numbers above zero; it is no LEAN factor file.")
    order = np.argsort(days)
    return Steps(days[order], numbers[order, 0], numbers[order, 1])


def _days(column: pd.Series, name: str) -> Array:
    text = column.astype(str).str.strip().str.replace(r"^(\d{4}-\d\d-\d\d)[T ].*$", r"\1", regex=True)
    try:
        return parse_times(text, Place(f"unadjust: {name}", "line", 2)).clock.astype("datetime64[D]")
    except BadInput as error:
        raise BadInput(str(error)) from None


def _stated(table: pd.DataFrame, days: Array, roles: Mapping[str, str], plain: Mapping[str, str], name: str) -> Stated:
    order = np.argsort(days, kind="stable")
    table, days = table.iloc[order], days[order]
    if "raw_close" in roles and "close" in roles:
        return _from_closes(days, _floats(table[roles["close"]]), _floats(table[roles["raw_close"]]))
    ratios, cash = np.ones(len(days)), np.zeros(len(days))
    if {"action", "value"} <= set(plain):  # Sharadar's ACTIONS
        kinds, values = table[plain["action"]].astype(str).str.lower().to_numpy(), _floats(table[plain["value"]])
        is_split, is_cash = np.char.find(kinds.astype(str), "split") >= 0, kinds == "dividend"
        ratios, cash = np.where(is_split, values, 1.0), np.where(is_cash, values, 0.0)
    else:
        ratio = roles.get("split") or next((plain[one] for one in ("ratio", "stock_split") if one in plain), None)
        money = roles.get("dividend") or next((plain[one] for one in ("amount", "cash") if one in plain), None)
        if ratio is None and money is None:
            raise BadInput(
                f"unadjust: {name} has neither splits nor dividends; its columns are {', '.join(map(str, table.columns[:10]))}."
                " Write date, ratio, dividend."
            )
        if ratio is not None:
            ratios = np.array([_ratio(str(cell), name) for cell in table[ratio]])
        if money is not None:
            cash = np.nan_to_num(_floats(table[money]))
    events: dict[date, Action] = {}
    for day, split, dividend in zip(days, ratios, cash, strict=True):
        if split == 1.0 and not dividend:
            continue
        before = events.get(day.item(), Action(day.item(), 1.0, 0.0))
        events[day.item()] = Action(day.item(), before.split * float(split), before.dividend + float(dividend))
    return tuple(sorted(events.values()))


def _floats(column: pd.Series) -> Array:
    import pandas as pd

    return pd.to_numeric(column.astype(str).str.strip().str.lstrip("$"), errors="coerce").to_numpy(dtype=np.float64)  # type: ignore[no-any-return]


def _ratio(cell: str, name: str) -> float:
    """``4``, ``4:1``, ``4-for-1``, ``1/25`` as new shares for one old; nothing, 0 and 1 are no split."""
    text = cell.strip().lower()
    if text in ("", "nan", "none", "-", "0", "0.0"):
        return 1.0
    found = re.fullmatch(r"([\d.]+)\s*(?::|/|-?\s*for\s*-?|to)\s*([\d.]+)", text)
    try:
        value = float(found[1]) / float(found[2]) if found else float(text)
    except (ValueError, ZeroDivisionError):
        value = -1.0
    if value == 0:
        return 1.0
    if not 0 < value < 100_000:
        raise BadInput(f"unadjust: {name}: {cell!r} is no split; write 4, 4:1 or 1:25.")
    return value
