"""The folder of a comparison: each run's folder, compare.json, compare.csv, compare.png, report.html; whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInput

if TYPE_CHECKING:
    from .comparison import Comparison

MADE_BY = "bt_pdt compare"
JSON, CSV, PICTURE, PAGE = "compare.json", "compare.csv", "compare.png", "report.html"


def folder_name(variant: str) -> str:
    """``both $25,000`` -> ``both_25000``."""
    return re.sub(r"[^\w.-]+", "_", variant.replace(",", "").replace("$", "")).strip("_.") or "run"


def require_place(folder: str | Path) -> Path:
    """The absolute path of a folder that may be written: new, empty, or a former comparison's. Raises :class:`BadInput` otherwise."""
    target = Path(folder).expanduser().resolve()
    if target.exists() and not target.is_dir():
        raise BadInput(f"{folder}: is a file; name a folder.")
    if target == Path.cwd():
        raise BadInput(f"{folder}: is the current folder; name a folder of its own for the comparison.")
    if target.is_dir() and any(target.iterdir()) and not _former(target):
        raise BadInput(f"{folder}: holds other things; name a new folder, or a former comparison's.")
    parent = next(up for up in target.parents if up.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BadInput(f"{folder}: cannot be made, {parent} is not a folder that can be written to.")
    return target


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
    target = require_place(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        _fill(comparison, new)
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
        shutil.rmtree(work, ignore_errors=True)
    return target


def _fill(comparison: Comparison, folder: Path) -> None:
    folders = []
    for run in comparison.runs:
        run.result.save(folder / folder_name(run.name))
        folders.append(folder_name(run.name))
    told = {"made_by": MADE_BY, "folders": folders} | comparison.to_dict()
    (folder / JSON).write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    comparison.table.to_csv(folder / CSV)
    comparison.figure().savefig(folder / PICTURE)
    comparison.to_html(folder / PAGE)
