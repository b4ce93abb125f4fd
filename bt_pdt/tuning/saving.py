"""The folder of a search: tuning.json, trials.csv, pictures, and the winner's run folder; whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInput

if TYPE_CHECKING:
    from .tuning import Tuning

MADE_BY = "bt_pdt tune"
JSON, CSV, BEST = "tuning.json", "trials.csv", "best"
PARALLEL, HEATMAP, PARETO = "parallel.png", "heatmap.png", "pareto.png"
_OURS = {JSON, CSV, BEST, PARALLEL, HEATMAP, PARETO}


def require_place(folder: str | Path) -> Path:
    """The absolute path of a folder that may be written: new, empty, or a former search's. Raises :class:`BadInput` otherwise."""
    target = Path(folder).expanduser().resolve()
    if target.exists() and not target.is_dir():
        raise BadInput(f"{folder}: is a file; name a folder.")
    if target == Path.cwd():
        raise BadInput(f"{folder}: is the current folder; name a folder of its own for the search.")
    if target.is_dir() and any(target.iterdir()) and not _former(target):
        raise BadInput(f"{folder}: holds other things; name a new folder, or a former search's.")
    parent = next(up for up in target.parents if up.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BadInput(f"{folder}: cannot be made, {parent} is not a folder that can be written to.")
    return target


def _former(target: Path) -> bool:
    try:
        made = json.loads((target / JSON).read_text(encoding="utf-8"))["made_by"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(made == MADE_BY) and all(entry.name in _OURS for entry in target.iterdir())


def write(tuning: Tuning, folder: str | Path) -> Path:
    """Writes the folder beside its place and moves it there; returns its path."""
    target = require_place(folder)
    work = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        new, old = work / "new", work / "old"
        new.mkdir()
        _fill(tuning, new)
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(new, target)
        except BaseException:
            if old.exists():
                os.rename(old, target)
            raise
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
    return target


def _fill(tuning: Tuning, folder: Path) -> None:
    told = {"made_by": MADE_BY} | tuning.to_dict()
    (folder / JSON).write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    tuning.trials.to_csv(folder / CSV, index=False)
    tuning.parallel().savefig(folder / PARALLEL)
    varying = [d.label for d in tuning.plan.space.dimensions if len(d.values) > 1]
    if len(varying) > 1:
        tuning.heatmap(varying[0], varying[1]).savefig(folder / HEATMAP)
    if len(tuning.names) > 1:
        tuning.pareto_figure().savefig(folder / PARETO)
    if tuning.winner is not None:
        tuning.best.result.save(folder / BEST)
