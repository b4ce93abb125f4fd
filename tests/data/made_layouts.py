"""Files of bars in many layouts, made from invented bars whose truth is known: what a loader must find again.

A made day has a loud open and close and thin trading before and after; a layout is a zone, a side of the bar, a length, an order of rows, a
way to write times and numbers, names of columns, and what stands above and below the rows.
"""

from __future__ import annotations

import dataclasses
import datetime
import random

import numpy as np
import pandas as pd

from bt_pdt.core.sessions import close_of, sessions_between

OPEN = 570


@dataclasses.dataclass
class Made:
    """Bars with the truth: START and END in New York, prices, volumes."""

    start: np.ndarray
    end: np.ndarray
    values: np.ndarray
    minutes: int


def minutes_of(seed: int, first: datetime.date, sessions: int, extended: bool) -> Made:
    """Minute bars of some sessions."""
    rng = np.random.default_rng(seed)
    days = sessions_between(first, first + datetime.timedelta(days=sessions * 2 + 10))[:sessions]
    starts, regular, edge = [], [], []
    for day in days:
        close = close_of(day)
        close_minute = close.hour * 60 + close.minute
        span = np.arange(240, 1200) if extended else np.arange(OPEN, close_minute)
        if close_minute < 960 and extended:
            span = np.arange(240, 1020)  # early closes: 17:00
        inside = (span >= OPEN) & (span < close_minute)
        there = inside | (rng.random(len(span)) < 0.6)
        if extended:
            there[[0, -1]] = True
        span, inside = span[there], inside[there]
        starts.append(np.datetime64(day, "us") + span.astype("timedelta64[m]"))
        regular.append(inside)
        edge.append((span == OPEN) | (span == close_minute - 1))
    start, inside, loud = (np.concatenate(some) for some in (starts, regular, edge))
    n = len(start)
    level = float(rng.choice([8.0, 35.0, 170.0, 420.0]))
    close = np.round(level * np.exp(np.cumsum(rng.normal(0, 0.0004, n))), 2)
    open_ = np.r_[close[0], close[:-1]]
    high = np.round(np.maximum(open_, close) + np.abs(rng.normal(0, 0.0003, n)) * level, 2)
    low = np.round(np.minimum(open_, close) - np.abs(rng.normal(0, 0.0003, n)) * level, 2)
    volume = np.rint(np.where(inside, rng.lognormal(8.8, 0.35, n), rng.lognormal(4.3, 0.5, n)) * np.where(loud, 6.0, 1.0)) + 1
    return Made(start, start + np.timedelta64(1, "m"), np.stack([open_, high, low, close, volume], axis=1), 1)


def longer(made: Made, minutes: int, clock_grid: bool = False) -> Made:
    """The bars put together to a length; hours from 09:30, or on the full hour (``clock_grid``); none passes the close."""
    if minutes == 1:
        return made
    day = made.start.astype("datetime64[D]")
    minute = ((made.start - day) // np.timedelta64(1, "m")).astype(int)
    close = np.array([close_of(d.item()).hour * 60 for d in np.unique(day)])[np.searchsorted(np.unique(day), day)]
    offset = 0 if 30 % minutes == 0 or clock_grid else OPEN % minutes
    slot = (minute - offset) // minutes * minutes + offset
    cut = np.where(minute >= close, 1, 0) if offset else np.zeros(len(slot), dtype=int)
    key = pd.MultiIndex.from_arrays([day, slot, cut])
    frame = pd.DataFrame(made.values, columns=list("ohlcv")).assign(day=day, slot=slot, cut=cut, close=close)
    out = frame.groupby(key, sort=True).agg(
        o=("o", "first"), h=("h", "max"), l=("l", "min"), c=("c", "last"), v=("v", "sum"), day=("day", "first"), slot=("slot", "first"),
        cut=("cut", "first"), close=("close", "first"),
    )  # fmt: skip
    start = np.where(out.cut == 1, np.maximum(out.slot, out.close), out.slot)
    end = np.where(
        (out.cut == 0) & (out.slot < out.close), np.minimum(out.slot + minutes, np.where(offset, out.close, 9999)), out.slot + minutes
    )
    base = out.day.to_numpy().astype("datetime64[us]")
    return Made(
        base + start.astype("timedelta64[m]"), base + end.astype("timedelta64[m]"), out[list("ohlcv")].to_numpy(dtype=float), minutes
    )


def days_of(seed: int, first: datetime.date, sessions: int) -> Made:
    """Daily bars; START and END are the close."""
    rng = np.random.default_rng(seed)
    days = sessions_between(first, first + datetime.timedelta(days=sessions * 2 + 10))[:sessions]
    level = float(rng.choice([8.0, 35.0, 170.0, 420.0]))
    close = np.round(level * np.exp(np.cumsum(rng.normal(0, 0.012, sessions))), 2)
    open_ = np.round(np.r_[close[0], close[:-1]] * np.exp(rng.normal(0, 0.004, sessions)), 2)
    high = np.round(np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 0.006, sessions))), 2)
    low = np.round(np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 0.006, sessions))), 2)
    end = np.array([close_of(day) for day in days], dtype="datetime64[us]")
    return Made(end, end, np.stack([open_, high, low, close, np.rint(rng.lognormal(14, 0.3, sessions))], axis=1), 0)


ZONES = (
    "America/New_York",
    "UTC",
    "America/Chicago",
    "Europe/Warsaw",
    "Etc/GMT+5",
    "America/Los_Angeles",
    "America/New_York+7",
    "Asia/Kolkata",
)


def in_zone(local: np.ndarray, zone: str) -> pd.DatetimeIndex:
    """New York times as the clock of ``zone``."""
    index = pd.DatetimeIndex(local)
    if zone == "America/New_York":
        return index
    if zone == "America/New_York+7":
        return index + pd.Timedelta(hours=7)
    return index.tz_localize("America/New_York").tz_convert(zone).tz_localize(None)


def aware(local: np.ndarray) -> pd.DatetimeIndex:
    """New York times with their zone."""
    return pd.DatetimeIndex(local).tz_localize("America/New_York")


HEADERS = (
    ("timestamp", "open", "high", "low", "close", "volume"),
    ("Datetime", "Open", "High", "Low", "Close", "Volume"),
    ("time", "open", "high", "low", "close", "Volume"),
    ("date", "o", "h", "l", "c", "v"),
    ("", "open", "high", "low", "close", "volume"),
    ("Date/Time", "Open Price", "High Price", "Low Price", "Last", "Vol."),
    ("<DATETIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
    ("DateTime", "OPEN", "HIGH", "LOW", "CLOSE", "TOTAL VOLUME"),
)
FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d %H:%M", "%Y%m%d %H%M%S", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M:%S", "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p", "%Y.%m.%d %H:%M", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%d/%m/%Y %H:%M", "%b %d, %Y %H:%M", "%d-%b-%Y %H:%M:%S",
    "%Y/%m/%d %H:%M",
)  # fmt: skip
DAY_FORMATS = (
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "%b %d, %Y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%Y/%m/%d",
    "%Y-%m-%d 00:00:00",
)


@dataclasses.dataclass
class Layout:
    """One file: its text, the END stamps and closes it must give, and what it is."""

    text: str
    ends: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    about: str


def any_layout(seed: int) -> Layout:
    """A file by a seed."""
    rng = random.Random(seed)
    first = datetime.date(rng.choice([2012, 2016, 2019, 2021, 2023, 2024]), rng.choice([1, 2, 3, 6, 7, 10, 11, 12]), rng.randint(1, 25))
    if rng.random() < 0.2:
        made, zone, stamp, words = days_of(seed, first, rng.randint(6, 60)), "date", "", "daily"
    else:
        extended = rng.random() < 0.4
        minutes = rng.choice([1, 1, 5, 15, 30, 60, 60])
        sessions = rng.randint(1, 3) if minutes == 1 else rng.randint(2, 6) if minutes < 60 else rng.randint(4, 9)
        grid = minutes == 60 and (extended or rng.random() < 0.5)
        made = longer(minutes_of(seed, first, sessions, extended), minutes, grid)
        zone, stamp = rng.choice(ZONES if rng.random() < 0.6 else ZONES[:1]), rng.choice(["start", "end"])
        words = f"{minutes} min {'extended' if extended else 'regular'}{' clock grid' if grid else ''} {sessions} sessions"
    return _write(rng, made, zone, stamp, f"{seed}: {first} {words} {zone} {stamp}")


def _write(rng: random.Random, made: Made, zone: str, stamp: str, about: str) -> Layout:
    local = made.start if stamp == "start" else made.end
    style = rng.choice(["naive", "naive", "naive", "offset", "epoch s", "epoch ms", "utc z", "two columns"]) if stamp else "day"
    if style == "day":
        form = rng.choice(DAY_FORMATS)
        times = [[moment.strftime(form)] for moment in pd.DatetimeIndex(local)]
    elif style == "offset":
        form, times = style, [[str(moment)] for moment in aware(local)]
    elif style == "utc z":
        form, times = style, [[moment.strftime("%Y-%m-%dT%H:%M:%SZ")] for moment in aware(local).tz_convert("UTC")]
    elif style.startswith("epoch"):
        scale = 1 if style.endswith(" s") else 1000
        form, times = style, [[str(int(moment.timestamp()) * scale)] for moment in aware(local)]
    elif style == "two columns":
        day, clock = rng.choice([("%Y-%m-%d", "%H:%M"), ("%m/%d/%Y", "%H:%M:%S"), ("%Y%m%d", "%H%M%S"), ("%Y-%m-%d", "%I:%M %p")])
        form, times = f"{day} {clock}", [[moment.strftime(day), moment.strftime(clock)] for moment in in_zone(local, zone)]
    else:
        form = rng.choice(FORMATS)
        times = [[moment.strftime(form)] for moment in in_zone(local, zone)]
    header = list(rng.choice(HEADERS))
    if style == "two columns":
        header[0:1] = ["Date", "Time"]
    delimiter = rng.choice([",", ",", ",", ";", "\t"])
    comma = delimiter == ";" and rng.random() < 0.5
    money = "$" if rng.random() < 0.05 else ""
    prices = [[f"{money}{value:.2f}".replace(".", "," if comma else ".") for value in row[:4]] for row in made.values]
    thousands = rng.random() < 0.1 and not comma
    volumes = [f'"{int(row[4]):,}"' if thousands else str(int(row[4])) for row in made.values]
    quote = '"' if delimiter in ",;" and ("," in form or (comma and delimiter == ",")) else ""
    rows = [[*(f"{quote}{cell}{quote}" for cell in when), *price, size] for when, price, size in zip(times, prices, volumes, strict=True)]
    order = list(range(len(times[0]) + 5))
    if rng.random() < 0.25:
        tail = order[len(times[0]) :]
        rng.shuffle(tail)
        order = order[: len(times[0])] + tail
    bare = rng.random() < 0.15 and order == sorted(order) and not thousands and not money and header[0] != ""
    lines = [delimiter.join(row[k] for k in order) for row in rows]
    newest = rng.random() < 0.3
    if newest:
        lines.reverse()
    if not bare:
        lines.insert(0, delimiter.join(header[k] for k in order))
    above = rng.choice([[], [], [], ["# made by hand", "# source: none"], ["XYZ prices"], ["Symbol: XYZ", ""]])
    below = rng.choice([[], [], [], ["Total"], ['"Downloaded at noon"'], [""]])
    text = "\n".join([*above, *lines, *below]) + rng.choice(["", "\n", "\n\n"])
    what = (
        f"{about} {form!r} {delimiter!r}{' comma' if comma else ''}{' bare' if bare else f' {header}'}{' newest first' if newest else ''}"
    )
    return Layout(text, made.end, made.values[:, 3], made.values[:, 4], f"{what} above={above} below={below}")
