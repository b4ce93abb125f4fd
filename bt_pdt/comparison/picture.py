"""The picture of a comparison: equity of every run, and below it the distance of each from the first with the rules off.

The axis counts bars, so that nights and weekends take no room. Drawn on matplotlib's own Figure: no pyplot, no backend is changed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..results.metrics import Array
from ..results.result import bar_sessions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .comparison import Comparison

COLOURS = ("#1f6fc4", "#2a7f3f", "#d62728", "#ff7f0e", "#9467bd", "#17a0b5", "#8c564b", "#e377c2", "#bcbd22", "#7f7f7f")
OFF = "#9a9a9a"
MOST_POINTS = 5_000


class Line(NamedTuple):
    """One run: bar numbers, equity there, and dollars above (below) the run with the rules off; None without one."""

    label: str
    at: Array
    equity: Array
    distance: Array | None
    off: bool


def lines(comparison: Comparison) -> tuple[list[Line], Array]:
    """What is drawn, and the end of every bar of the longest run."""
    longest = max((run.result.times for run in comparison.runs), key=len).astype("datetime64[us]")
    step = max(1, math.ceil(len(longest) / MOST_POINTS))
    found = []
    for run, row in zip(comparison.runs, comparison.rows, strict=True):
        at = np.searchsorted(longest, run.result.times.astype("datetime64[us]"))
        kept = np.unique(np.r_[np.arange(0, len(at), step), max(len(at) - 1, 0)]) if len(at) else np.zeros(0, dtype=np.int64)
        off = comparison.off(run)
        distance = None
        if off is not None and len(off.result.values) == len(run.result.values):
            distance = (run.result.values - off.result.values)[kept]
        label = run.name if row["return"] is None else f"{run.name} ({row['return']:+.1%})"
        found.append(Line(label, at[kept], run.result.values[kept], distance, run.off))
    return found, longest


def draw(comparison: Comparison, *, width: float = 11.0) -> Figure:
    """The figure; ``figure.savefig("compare.png")`` writes it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn, times = lines(comparison.distinct)
    below = any(line.distance is not None for line in drawn)
    figure = Figure(figsize=(width, 6.2 if below else 4.4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1 + below, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": [3.0, 1.4][: 1 + below]})[:, 0]
    figure.suptitle(comparison.title, x=0.01, ha="left", fontsize=13, fontweight="bold", parse_math=False)
    colours = iter(COLOURS * (1 + len(drawn) // len(COLOURS)))
    for line in drawn:
        colour = OFF if line.off else next(colours)
        axes[0].plot(line.at, line.equity, color=colour, linewidth=1.4 if line.off else 1.2, label=line.label, zorder=2 if line.off else 3)
        if line.distance is not None:
            axes[1].plot(line.at, line.distance, color=colour, linewidth=1.1)
    axes[0].set_ylabel("equity", fontsize=9)
    axes[0].legend(loc="best", fontsize=8.5, frameon=False)
    if below:
        axes[1].axhline(0.0, color=OFF, linewidth=1.4)
        axes[1].set_ylabel("above (below)\nthe rules off", fontsize=9)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#e6e6e6", linewidth=0.7)
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=8.5)
        axis.yaxis.set_major_formatter(_money)
    _ticks(axes[-1], times)
    return figure


def _money(value: float, _: Any = None) -> str:
    return f"${value:,.0f}" if value >= 0 else f"-${-value:,.0f}"


def _ticks(axis: Axes, times: Array) -> None:
    """At most a dozen dates, each at the first bar of its session; the year where it changes."""
    if not len(times):
        return
    days, firsts = np.unique(bar_sessions(times), return_index=True)
    chosen = range(0, len(days), max(1, math.ceil(len(days) / 12)))
    labels, year = [], None
    for k in chosen:
        day = days[k].item()
        labels.append(f"{day:%b} {day.day}" + (f"\n{day.year}" if day.year != year else ""))
        year = day.year
    axis.set_xticks([float(firsts[k]) for k in chosen], labels)
