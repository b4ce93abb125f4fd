"""The folder of a comparison: each run's folder (one for firms that share it), compare.json, compare.csv, compare.png, report.html; whole or not at all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..results import place

if TYPE_CHECKING:
    from .comparison import Comparison

MADE_BY = "bt_pdt compare"
JSON, CSV, PICTURE, PAGE = "compare.json", "compare.csv", "compare.png", "report.html"


def folder_name(variant: str) -> str:
    """``both $25,000`` -> ``both_25000``."""
    return re.sub(r"[^\w.-]+", "_", variant.replace(",", "").replace("$", "")).strip("_.") or "run"


def require_place(folder: str | Path) -> Path:
    """The absolute path of a folder that may be written: new, empty, or a former comparison's. Raises :class:`BadInput` otherwise."""
    return place.require_place(folder, "comparison", _former)


def _former(target: Path) -> bool:
    """True if the folder holds a comparison and nothing that a comparison did not put there."""
    try:
        made = json.loads((target / JSON).read_text(encoding="utf-8"))
        known = {JSON, CSV, PICTURE, PAGE, *made["folders"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return made.get("made_by") == MADE_BY and all(entry.name in known for entry in target.iterdir())


def write(comparison: Comparison, folder: str | Path) -> Path:
    """Writes the folder beside its place and moves it there; returns its path."""
    return place.write_whole(folder, require_place(folder), lambda new: _fill(comparison, new))


def _fill(comparison: Comparison, folder: Path) -> None:
    folders = []
    for run in (run for run in comparison.runs if not run.shares):
        run.result.save(folder / folder_name(run.name))
        folders.append(folder_name(run.name))
    content = {"made_by": MADE_BY, "folders": folders} | comparison.to_dict()
    (folder / JSON).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    comparison.table.to_csv(folder / CSV)
    comparison.figure().savefig(folder / PICTURE)
    comparison.to_html(folder / PAGE)
