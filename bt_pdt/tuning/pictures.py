"""Pictures of a search, drawn on matplotlib's own Figure: no pyplot, no backend is changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInput, known_name
from ..report.metrics import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .tuning import Tuning

FEASIBLE, INFEASIBLE, BEST, MAP = "#1f6fc4", "#b8b8b8", "#d62728", "viridis"
#: Numbers are written into the cells of a heatmap up to so many.
FEW_CELLS = 150


def _figure(width: float, height: float, title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", parse_math=False)
    return figure


def _bare(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8.5)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
    """Draws :func:`heatmap_data`; the winner is framed."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    best, crossed = heatmap_data(tuning, x, y, objective)
    name = tuning.names[0] if objective is None else objective
    goal = tuning.plan.objectives[tuning.names.index(name)]
    labels = tuning.plan.space.labels
    columns, rows = (tuning.plan.space.dimensions[labels.index(label)].values for label in (x, y))
    figure = _figure(min(3.0 + 0.55 * len(columns), 14.0), min(2.2 + 0.4 * len(rows), 12.0), f"{tuning.title}: best {name}")
    axis = figure.subplots()
    colours = colormaps[MAP] if goal.sign > 0 else colormaps[f"{MAP}_r"]
    drawn = axis.imshow(np.ma.masked_invalid(best), origin="lower", aspect="auto", cmap=colours)
    figure.colorbar(drawn, ax=axis).ax.tick_params(labelsize=8.5)
    for row, column in zip(*np.nonzero(crossed), strict=True):
        axis.plot(column, row, marker="x", color=INFEASIBLE, markersize=9)
    if best.size <= FEW_CELLS:
        low, high = (float(np.nanmin(best)), float(np.nanmax(best))) if np.isfinite(best).any() else (0.0, 0.0)
        for row, column in zip(*np.nonzero(np.isfinite(best)), strict=True):
            light = (best[row, column] - low) * goal.sign > (0.6 if goal.sign > 0 else -0.4) * (high - low)
            axis.text(column, row, f"{best[row, column]:.3g}", ha="center", va="center", fontsize=7.5, color="black" if light else "white")
    if tuning.winner is not None:
        at = tuning.winner.point[labels.index(x)], tuning.winner.point[labels.index(y)]
        axis.add_patch(Rectangle((at[0] - 0.5, at[1] - 0.5), 1, 1, fill=False, edgecolor=BEST, linewidth=2.2))
    for side, values in ((axis.xaxis, columns), (axis.yaxis, rows)):
        step = max(1, math.ceil(len(values) / 15))
        side.set_ticks(range(0, len(values), step), [_text(value) for value in values[::step]])
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    axis.tick_params(labelsize=8.5)
    return figure


def parallel(tuning: Tuning) -> Figure:
    """One line a trial over every dimension and objective, the better the brighter; infeasible ones grey, the winner red."""
    from matplotlib import colormaps

    plan = tuning.plan
    axes = [*plan.space.labels, *tuning.names]
    figure = _figure(min(3.0 + 1.5 * len(axes), 16.0), 4.6, f"{tuning.title}: every trial")
    axis = figure.subplots()
    shown = [trial for trial in tuning.swept.trials if not any(math.isnan(value) for value in trial.verdict.values)]
    values = np.array([trial.verdict.values for trial in shown]).reshape(len(shown), len(tuning.names))
    low, high = (values.min(axis=0), values.max(axis=0)) if len(shown) else (np.zeros(len(tuning.names)), np.ones(len(tuning.names)))
    widths = [max(len(d.values) - 1, 1) for d in plan.space.dimensions]
    for trial, value in zip(shown, values, strict=True):
        height = [k / width for k, width in zip(trial.point, widths, strict=True)]
        height += [float(h) for h in (value - low) / np.where(high > low, high - low, 1.0)]
        share = height[len(widths)] if plan.objectives[0].sign > 0 else 1 - height[len(widths)]
        winner = tuning.winner is not None and trial.number == tuning.winner.number
        colour = BEST if winner else colormaps[MAP](share) if trial.feasible else INFEASIBLE
        axis.plot(
            range(len(axes)),
            height,
            color=colour,
            linewidth=2.2 if winner else 0.9,
            alpha=1.0 if winner else 0.6,
            zorder=3 if winner else 2,
        )
    for i in range(len(axes)):
        axis.axvline(i, color="#d0d0d0", linewidth=0.8, zorder=1)
        if i < len(widths):
            ends = [(0.0, plan.space.dimensions[i].values[0]), (1.0, plan.space.dimensions[i].values[-1])]
        else:
            ends = [(0.0, float(low[i - len(widths)])), (1.0, float(high[i - len(widths)]))]
        for at, value in ends:
            axis.annotate(_text(value), (i, at), xytext=(3, -9 if not at else 3), textcoords="offset points", fontsize=8)
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
    figure = _figure(7.0, 5.0, f"{tuning.title}: {tuning.names[0]} and {tuning.names[1]}")
    axis = figure.subplots()
    for feasible, colour, label in ((False, INFEASIBLE, "infeasible"), (True, FEASIBLE, "feasible")):
        values = [trial.verdict.values[:2] for trial in tuning.swept.trials if trial.feasible is feasible]
        if values:
            axis.scatter([x for x, _ in values], [y for _, y in values], s=18, color=colour, label=label, zorder=2 + feasible)
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
    axis.set_xlabel(tuning.names[0], fontsize=9)
    axis.set_ylabel(tuning.names[1], fontsize=9)
    axis.grid(color="#e6e6e6", linewidth=0.7)
    axis.set_axisbelow(True)
    if tuning.swept.trials:
        axis.legend(loc="best", fontsize=8.5, frameon=False)
    _bare(axis)
    return figure
