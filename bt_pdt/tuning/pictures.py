"""Pictures of a search, drawn on matplotlib's own Figure: no pyplot, no backend is changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput, known_name
from ..results.metrics import Array
from .slices import text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .tuning import Tuning

FEASIBLE, INFEASIBLE, BEST, MAP = "#1f6fc4", "#b8b8b8", "#d62728", "viridis"
#: Behind infeasible cells and lines.
PALE = "#ececec"
#: Numbers are written into the cells of a heatmap up to so many.
FEW_CELLS = 150
#: An axis has no more ticks than these.
MOST_TICKS = 12
#: Numbers of a run that are shares, shown in percent.
SHARES = {
    *("total_return", "time_weighted_return", "money_weighted_return", "cagr", "max_drawdown", "closing_drawdown", "volatility"),
    "peak_dtbp_use",
}


def _figure(width: float, height: float, tuning: Tuning, title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{tuning.title}: {title}", x=0.01, ha="left", fontsize=12, fontweight="bold", parse_math=False)
    return figure


def _axis(figure: Figure, tuning: Tuning) -> Axes:
    """The one axis; above it which part of a search it is."""
    axis = figure.subplots()
    if tuning.part:
        axis.set_title(tuning.part, loc="left", fontsize=9.5, parse_math=False)
    return axis


def _bare(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8.5)


def _text(value: Any) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    return text(round(value)) if isinstance(value, float) else text(value)


def _number(name: str, value: float) -> str:
    """A number of a run by its name."""
    return f"{value:.2%}" if name in SHARES else _text(float(f"{value:.4g}"))


def _format(axis: Any, name: str) -> None:
    """Shares in percent, thousands with a comma."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%" if name in SHARES else f"{value:,.6g}"))


def ticks(values: Sequence[Any]) -> list[int]:
    """The places of an axis that are written: all if they are few, else those of round numbers, else every so many."""
    if len(values) <= MOST_TICKS:
        return list(range(len(values)))
    if all(isinstance(value, int | float) for value in values):
        size = 10.0 ** math.floor(math.log10((values[-1] - values[0]) / MOST_TICKS))
        for step in (size * k for k in (1, 2, 2.5, 5, 10, 20)):
            found = [place for place, value in enumerate(values) if abs(value / step - round(value / step)) < 1e-9]
            if MOST_TICKS / 4 <= len(found) <= MOST_TICKS:
                return found
    return list(range(0, len(values), math.ceil(len(values) / MOST_TICKS)))


def heatmap_data(tuning: Tuning, x: str, y: str, objective: str | None = None) -> tuple[Array, Array]:
    """(best value, crossed) by the places of ``y`` and of ``x``: NaN where nothing feasible was tried, crossed where other was."""
    labels = tuning.plan.space.labels
    for name in (x, y):
        known_name("dimension", name, labels)
    if x == y:
        raise BadInput(f"a heatmap takes two dimensions, got {x} twice.")
    k = 0 if objective is None else tuning.names.index(known_name("objective", objective, tuning.names))
    i, j, sign = labels.index(x), labels.index(y), tuning.plan.objectives[k].sign
    across, up = (len(tuning.plan.space.dimensions[n].values) for n in (i, j))
    best, tried = np.full((up, across), np.nan), np.zeros((up, across), dtype=bool)
    for trial in tuning.swept.trials:
        cell = trial.point[j], trial.point[i]
        tried[cell] = True
        if trial.feasible and not best[cell] * sign >= trial.verdict.values[k] * sign:
            best[cell] = trial.verdict.values[k]
    return best, tried & np.isnan(best)


def heatmap(tuning: Tuning, x: str, y: str, objective: str | None = None) -> Figure:
    """Draws :func:`heatmap_data`: infeasible cells are pale, those that were not tried white, and the winner is framed."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch, Rectangle

    best, crossed = heatmap_data(tuning, x, y, objective)
    name = tuning.names[0] if objective is None else objective
    goal = tuning.plan.objectives[tuning.names.index(name)]
    labels = tuning.plan.space.labels
    columns, rows = (tuning.plan.space.dimensions[labels.index(label)].shown for label in (x, y))
    figure = _figure(min(max(3.0 + 0.55 * len(columns), 6.0), 11.0), min(max(2.2 + 0.4 * len(rows), 3.0), 9.0), tuning, f"best {name}")
    axis = _axis(figure, tuning)
    axis.imshow(np.ma.masked_equal(crossed, False), origin="lower", aspect="auto", cmap=ListedColormap([PALE]))
    colours = colormaps[MAP] if goal.sign > 0 else colormaps[f"{MAP}_r"]
    drawn = axis.imshow(np.ma.masked_invalid(best), origin="lower", aspect="auto", cmap=colours)
    bar = figure.colorbar(drawn, ax=axis, pad=0.015)
    bar.ax.tick_params(labelsize=8.5)
    _format(bar.ax.yaxis, name)
    if best.size <= FEW_CELLS:
        low, high = (float(np.nanmin(best)), float(np.nanmax(best))) if np.isfinite(best).any() else (0.0, 0.0)
        for row, column in zip(*np.nonzero(crossed), strict=True):
            axis.plot(column, row, marker="x", color=INFEASIBLE, markersize=9)
        for row, column in zip(*np.nonzero(np.isfinite(best)), strict=True):
            light = (best[row, column] - low) * goal.sign > (0.6 if goal.sign > 0 else -0.4) * (high - low)
            said = f"{best[row, column]:.1%}" if name in SHARES else f"{best[row, column]:.3g}"
            axis.text(column, row, said, ha="center", va="center", fontsize=7.5, color="black" if light else "white")
    legend = [Patch(facecolor=PALE, edgecolor=INFEASIBLE, label="tried, infeasible")] if crossed.any() else []
    if tuning.winner is not None:
        at = tuning.winner.point[labels.index(x)], tuning.winner.point[labels.index(y)]
        axis.add_patch(Rectangle((at[0] - 0.5, at[1] - 0.5), 1, 1, fill=False, edgecolor=BEST, linewidth=2.2, clip_on=False, zorder=5))
        legend.append(Patch(facecolor="none", edgecolor=BEST, linewidth=1.8, label="best"))
    if legend:
        figure.legend(handles=legend, loc="outside lower right", ncols=len(legend), fontsize=8.5, frameon=False)
    for side, values in ((axis.xaxis, columns), (axis.yaxis, rows)):
        places = ticks(values)
        side.set_ticks(places, [_text(values[place]) for place in places])
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    axis.tick_params(labelsize=8.5)
    return figure


def parallel(tuning: Tuning) -> Figure:
    """One line a trial over every dimension that varies and every objective, the better the brighter; infeasible ones grey, the winner red."""
    from matplotlib import colormaps

    plan = tuning.plan
    varying = [i for i, dimension in enumerate(plan.space.dimensions) if len(dimension.values) > 1]
    dimensions = [plan.space.dimensions[i] for i in varying]
    axes = [*(dimension.label for dimension in dimensions), *tuning.names]
    figure = _figure(min(3.0 + 1.5 * len(axes), 16.0), 4.6, tuning, "every trial")
    axis = _axis(figure, tuning)
    shown = [trial for trial in tuning.swept.trials if not any(math.isnan(value) for value in trial.verdict.values)]
    values = np.array([trial.verdict.values for trial in shown]).reshape(len(shown), len(tuning.names))
    low, high = (values.min(axis=0), values.max(axis=0)) if len(shown) else (np.zeros(len(tuning.names)), np.ones(len(tuning.names)))
    widths = [len(d.values) - 1 for d in dimensions]
    faint = min(0.6, max(0.08, 60 / max(len(shown), 1)))
    for trial, value in zip(shown, values, strict=True):
        height = [trial.point[i] / width for i, width in zip(varying, widths, strict=True)]
        height += [float(h) for h in (value - low) / np.where(high > low, high - low, 1.0)]
        share = height[len(widths)] if plan.objectives[0].sign > 0 else 1 - height[len(widths)]
        winner = tuning.winner is not None and trial.number == tuning.winner.number
        colour = BEST if winner else colormaps[MAP](share) if trial.feasible else INFEASIBLE
        axis.plot(
            range(len(axes)),
            height,
            color=colour,
            linewidth=2.2 if winner else 0.9,
            alpha=1.0 if winner else faint,
            zorder=4 if winner else 2 + share if trial.feasible else 1.5,  # the better over the worse
        )
    for i in range(len(axes)):
        axis.axvline(i, color="#d0d0d0", linewidth=0.8, zorder=1)
        if i < len(widths):
            dimension = dimensions[i]
            few = not dimension.ordered and len(dimension.values) <= MOST_TICKS
            places = range(len(dimension.values)) if few else (0, widths[i])
            marks = {place / widths[i]: _text(dimension.shown[place]) for place in places}
        else:
            marks = {at: _number(axes[i], float(end[i - len(widths)])) for at, end in ((0.0, low), (1.0, high))}
        for at, said in marks.items():
            axis.annotate(said, (i, at), xytext=(3, -9 if not at else 3), textcoords="offset points", fontsize=8, zorder=5)
    axis.set_xticks(range(len(axes)), axes)
    axis.set_yticks([])
    axis.set_ylim(-0.09, 1.09)
    axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axis.tick_params(labelsize=9, length=0)
    return figure


def pareto(tuning: Tuning) -> Figure:
    """The first two objectives of every trial."""
    if len(tuning.names) < 2:
        raise BadInput("a Pareto front takes two objectives; this search has one.")
    figure = _figure(7.0, 5.0, tuning, f"{tuning.names[0]} and {tuning.names[1]}")
    axis = _axis(figure, tuning)
    size = 18 if len(tuning.swept.trials) <= 300 else 9
    for feasible, colour, label in ((False, INFEASIBLE, "infeasible"), (True, FEASIBLE, "feasible")):
        values = [trial.verdict.values[:2] for trial in tuning.swept.trials if trial.feasible is feasible]
        if values:
            axis.scatter(
                [x for x, _ in values],
                [y for _, y in values],
                s=size,
                color=colour,
                alpha=0.55 if not feasible else 0.9,
                linewidths=0,
                label=label,
                zorder=2 + feasible,
            )
    front = sorted(trial.verdict.values[:2] for trial in tuning.front)
    if front:
        axis.plot(
            [x for x, _ in front],
            [y for _, y in front],
            color=BEST,
            marker="o",
            markersize=5,
            linewidth=1.2,
            label="Pareto front",
            zorder=4,
        )
    for side, label in ((axis.xaxis, tuning.names[0]), (axis.yaxis, tuning.names[1])):
        side.set_label_text(label, fontsize=9)
        _format(side, label)
    axis.grid(color="#e6e6e6", linewidth=0.7)
    axis.set_axisbelow(True)
    if tuning.swept.trials:
        figure.legend(loc="outside lower right", ncols=3, fontsize=8.5, frameon=False)
    _bare(axis)
    return figure
