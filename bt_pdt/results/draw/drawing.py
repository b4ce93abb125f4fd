"""Every picture of a run on matplotlib's own Figure: nothing is shown, pyplot is not loaded, no backend is chosen or changed.

``figure(result, name)`` draws one by its name; the functions draw one each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import known_name
from ..metrics import Array
from . import figures, picture
from .picture import COLOURS, EQUITY, OTHER, USED
from .price import price_data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..result import Result

GREY = "#8a8a8a"
#: The calendar has a number in each field up to so many sessions.
NUMBERED = 60
#: Symbols of the calendar with a row of their own; the rest share the last.
MOST_SYMBOLS = 40


def signature(result: Result, *, width: float = 11.0) -> Figure:
    """The picture of a run: equity and refusals, buying power, day trades, calls and restrictions."""
    return picture.draw(picture.picture_data(result), width=width)


def day_trade_calendar(result: Result, *, width: float = 11.0) -> Figure:
    """Day trades by session and symbol: the darker, the more."""
    from matplotlib.colors import LinearSegmentedColormap

    data = figures.calendar_data(result)
    title = f"Day trades by session and symbol: {int(data.counts.sum()):,}"
    if not len(data.symbols):
        return _nothing("Day trades by session and symbol", "no day trades", width)
    symbols, counts = list(data.symbols), data.counts
    if len(symbols) > MOST_SYMBOLS:
        left = len(symbols) - MOST_SYMBOLS + 1
        symbols = [*symbols[: MOST_SYMBOLS - 1], f"{left} others"]
        counts = np.vstack([counts[: MOST_SYMBOLS - 1], counts[MOST_SYMBOLS - 1 :].sum(axis=0)])
    figure, axis = _empty(title, width, 1.4 + 0.3 * len(symbols))
    colours = LinearSegmentedColormap.from_list("day trades", ["#ffffff", "#cfdfec", USED, EQUITY])
    axis.imshow(counts, aspect="auto", cmap=colours, vmin=0, vmax=max(3, counts.max()), interpolation="nearest")
    axis.set_yticks(range(len(symbols)), symbols, parse_math=False)
    axis.set_xticks(np.arange(len(data.days) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(symbols) + 1) - 0.5, minor=True)
    if len(data.days) <= 4 * NUMBERED:
        axis.grid(which="minor", color="#eeeeee", linewidth=0.7)
    axis.tick_params(which="minor", length=0)
    if len(data.days) <= NUMBERED:
        for (y, x), count in np.ndenumerate(counts):
            if count:
                axis.text(x, y, str(count), ha="center", va="center", fontsize=8, color="white" if count >= 2 else EQUITY)
    _days(axis, data.days, np.arange(len(data.days)))
    return figure


def refusals_by_hour(result: Result, *, width: float = 11.0) -> Figure:
    """Refusals by the hour in which the order was sent, one colour for each reason."""
    from matplotlib.ticker import MaxNLocator

    data = figures.hours_data(result)
    title = "Refusals by hour (New York) and reason"
    if not len(data.reasons):
        return _nothing(title, "no order was refused", width)
    figure, axis = _empty(title, width, 3.6)
    floor = np.zeros(len(data.hours))
    for reason, row in zip(data.reasons, data.counts, strict=True):
        axis.bar(data.hours, row, bottom=floor, width=0.8, color=COLOURS.get(reason, OTHER), label=f"{reason} ({row.sum():,})")
        floor += row
    axis.set_xticks(data.hours, [f"{hour}:00" for hour in data.hours])
    axis.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axis.set_ylabel("refusals", fontsize=9)
    axis.legend(fontsize=8, frameon=False)
    return figure


def session_power(result: Result, session: date | str | None = None, *, width: float = 11.0) -> Figure:
    """Buying power used over one session, by default the one that used the largest share, with a mark at each refusal."""
    data = figures.session_power_data(result, session)
    words = "Day-trading buying power" if data.regime == "pattern day trader" else "Intraday buying power"
    if data.day is None:
        return _nothing(words, "no session had any to use", width)
    figure, axis = _empty(f"{words} used by the day's positions, {data.day}", width, 3.6)
    close = max(data.times[-1], np.datetime64(data.day) + np.timedelta64(16 * 60, "m"))
    minutes = _minutes(np.r_[data.times, close])
    axis.fill_between(minutes, np.r_[data.used, data.used[-1]], step="post", color=USED, linewidth=0, label="used")
    axis.axhline(data.start, color=EQUITY, linewidth=1.2, label=f"start of day: ${data.start:,.0f}")
    for reason, times in data.refusals.items():
        at = _minutes(times)
        height = data.used[np.maximum(0, np.searchsorted(data.times, times, "right") - 1)]
        axis.scatter(at, height, s=22, marker="v", color=COLOURS.get(reason, OTHER), zorder=3, label=f"refused: {reason} ({len(at):,})")
    axis.set_ylim(0, max(data.start, float(data.used.max())) * 1.3 or 1.0)
    hours = range(int(minutes.min()) // 60, math.ceil(float(minutes.max()) / 60) + 1)
    axis.set_xticks([60 * hour for hour in hours], [f"{hour}:00" for hour in hours])
    picture.dollars_axis(axis)
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=3)
    return figure


def distance_to_call(result: Result, *, width: float = 11.0) -> Figure:
    """How far equity may fall until the maintenance call, at each close."""
    data = figures.distance_data(result)
    title = "Fall of equity that brings a maintenance call, at each close"
    if not np.isfinite(data.fall).any():
        return _nothing(title, "nothing was held at any close", width)
    figure, axis = _empty(title, width, 3.4)
    at = np.arange(len(data.days))
    axis.axhspan(0.0, 0.1, color=COLOURS["PDT_COUNT"], alpha=0.08, linewidth=0)
    axis.plot(at, data.fall, color=EQUITY, linewidth=1.2, marker="o", markersize=3 if len(at) <= 120 else 0)
    axis.set_ylim(0, max(0.12, float(np.nanmax(data.fall)) * 1.15))
    axis.yaxis.set_major_formatter(_percent)
    axis.set_xlim(-0.5, max(0.5, len(at) - 0.5))
    formula = "(equity - maintenance margin) / equity, maintenance margin held as it is; a gap where nothing was held"
    axis.set_title(formula, loc="left", fontsize=8.5, color="#444444")
    _days(axis, data.days, at)
    return figure


def drawdown(result: Result, *, width: float = 11.0) -> Figure:
    """Growth below its highest so far, bar by bar, without what came in or went out."""
    data = figures.drawdown_data(result)
    figure, axis = _empty(f"Drawdown: {-data.fall.min():.1%} at the deepest" if len(data.fall) else "Drawdown", width, 3.0)
    step = max(1, len(data.fall) // picture.MOST_POINTS)
    at = np.arange(0, len(data.fall), step)
    lowest = np.minimum.reduceat(data.fall, at) if len(at) else data.fall
    axis.fill_between(at, lowest, color=COLOURS["PDT_COUNT"], alpha=0.35, linewidth=0)
    axis.plot(at, lowest, color=COLOURS["PDT_COUNT"], linewidth=0.8)
    axis.set_xlim(-0.5, max(0.5, len(data.fall) - 0.5))
    axis.yaxis.set_major_formatter(_percent)
    _days(axis, data.days, data.begins)
    return figure


def price(result: Result, symbol: str | None = None, day: date | str | None = None, *, width: float = 11.0) -> Figure:
    """The price of one symbol with its fills and, in red, the orders that were refused; a square where a position was stuck over the night."""
    from ..result import bar_sessions

    data = price_data(result, symbol, day)
    if not len(data.times):
        return _nothing("Price, fills and refused orders", "nothing was traded", width)
    figure, axis = _empty(data.title, width, 4.2)
    step = max(1, len(data.close) // picture.MOST_POINTS)
    at = np.arange(0, len(data.close), step)
    axis.plot(at, data.close[at], color=GREY, linewidth=0.9, label="close")
    for marks, shape, colour, size, words in (
        (data.bought, "^", USED, 26, "bought"),
        (data.sold, "v", EQUITY, 26, "sold"),
        (data.refused, "x", COLOURS["PDT_COUNT"], 24, "refused"),
        (data.stuck, "s", COLOURS["PDT_COUNT"], 46, "stuck over the night"),
    ):
        if len(marks.at):
            hollow: dict[str, Any] = {"facecolors": "none", "edgecolors": colour} if shape == "s" else {"color": colour}
            axis.scatter(marks.at, marks.price, s=size, marker=shape, zorder=3, label=f"{words} ({len(marks.at):,})", **hollow)
    axis.set_xlim(-0.5, max(0.5, len(data.close) - 0.5))
    picture.dollars_axis(axis)
    axis.yaxis.set_major_formatter(_cents)
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=5)
    if data.day is None:
        sessions = bar_sessions(data.times)
        days, begins = np.unique(sessions, return_index=True)
        _days(axis, days.tolist(), begins)
    else:
        hours = np.flatnonzero(np.r_[True, np.diff(data.times.astype("datetime64[h]")) > np.timedelta64(0, "h")])
        axis.set_xticks(hours.astype(float), [f"{data.times[k].item():%H:%M}" for k in hours])
    return figure


def _cents(value: float, _: Any = None) -> str:
    return f"${value:,.2f}"


#: The pictures by name, as ``Result.figure`` takes them.
FIGURES: dict[str, Callable[..., Figure]] = {
    "run": signature,
    "day_trade_calendar": day_trade_calendar,
    "refusals_by_hour": refusals_by_hour,
    "session_power": session_power,
    "distance_to_call": distance_to_call,
    "drawdown": drawdown,
    "price": price,
}


def figure(result: Result, name: str = "run", **options: Any) -> Figure:
    """The picture ``name`` (one of :data:`FIGURES`); raises with the nearest name if there is none. ``options`` go to its function."""
    return FIGURES[known_name("figure", name, FIGURES)](result, **options)


def _empty(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", parse_math=False)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8.5)
    return figure, axis


def _nothing(title: str, words: str, width: float) -> Figure:
    """A picture of which there is nothing to draw says so."""
    figure, axis = _empty(title, width, 1.6)
    axis.set_axis_off()
    axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", fontsize=10, color=GREY, style="italic")
    return figure


def _days(axis: Axes, days: Sequence[date], places: Array) -> None:
    chosen = range(0, len(days), max(1, math.ceil(len(days) / 12)))
    axis.set_xticks([float(places[k]) for k in chosen], picture.day_labels([days[k] for k in chosen]))


def _minutes(times: Array) -> Array:
    """Minutes since midnight of the first of ``times``' days."""
    if not len(times):
        return np.zeros(0)
    midnight = times.astype("datetime64[D]")
    return np.asarray((times - midnight) / np.timedelta64(1, "m"), dtype=np.float64)


def _percent(value: float, _: Any = None) -> str:
    return f"{value:.0%}"
