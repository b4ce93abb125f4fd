"""The folder of a search: tuning.json, trials.csv, pictures, and the winner's run folder; whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..results import place

if TYPE_CHECKING:
    from .tuning import Tuning

MADE_BY = "bt_pdt tune"
JSON, CSV, BEST = "tuning.json", "trials.csv", "best"
PARALLEL, HEATMAP, PARETO = "parallel.png", "heatmap.png", "pareto.png"
_OURS = {JSON, CSV, BEST, PARALLEL, HEATMAP, PARETO}


def require_place(folder: str | Path) -> Path:
    """The absolute path of a folder that may be written: new, empty, or a former search's. Raises :class:`BadInput` otherwise."""
    return place.require_place(folder, "search", _former)


def _former(target: Path) -> bool:
    try:
        made = json.loads((target / JSON).read_text(encoding="utf-8"))["made_by"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(made == MADE_BY) and all(entry.name in _OURS for entry in target.iterdir())


def write(tuning: Tuning, folder: str | Path) -> Path:
    """Writes the folder beside its place and moves it there; returns its path."""
    return place.write_whole(folder, require_place(folder), lambda new: _fill(tuning, new))


def _fill(tuning: Tuning, folder: Path) -> None:
    content = {"made_by": MADE_BY} | tuning.to_dict()
    (folder / JSON).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    tuning.trials.to_csv(folder / CSV, index=False)
    tuning.parallel().savefig(folder / PARALLEL)
    varying = [d.label for d in tuning.plan.space.dimensions if len(d.values) > 1]
    if len(varying) > 1:
        tuning.heatmap(varying[0], varying[1]).savefig(folder / HEATMAP)
    if len(tuning.names) > 1:
        tuning.pareto_figure().savefig(folder / PARETO)
    if tuning.winner is not None:
        tuning.best.result.save(folder / BEST)
