"""The run folder: manifest, tables and picture, written beside its place and moved there whole, so that nothing is ever half-written."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from .result import Result

MANIFEST = "manifest.json"
MADE_BY = "bt_pdt run"
PARQUET = ("orders", "refusals", "fills", "day_trades", "sessions", "calls", "restrictions", "equity")
CSV = ("refusals", "sessions", "calls", "restrictions")
PICTURE = "run.png"
#: What a former run folder may hold; it is replaced as a whole.
KNOWN = {MANIFEST, PICTURE, "report.html", "breaches.parquet", *(f"{name}.parquet" for name in PARQUET), *(f"{name}.csv" for name in CSV)}


def require_place(folder: str | Path) -> Path:
    """The absolute path of a folder that may be written: new, empty, or a former run folder. Raises :class:`BadInput` otherwise."""
    target = Path(folder).expanduser().resolve()
    if target.is_dir():
        if target == Path.cwd():
            raise BadInput(f"{folder}: is the current folder; name a folder of its own for the run.")
        names = {entry.name for entry in target.iterdir()}
        if names and not _former_run(target):
            raise BadInput(f"{folder}: holds other things ({_few(names)}); name a new folder, or a former run's.")
        if names - KNOWN:
            raise BadInput(f"{folder}: a former run's folder, but it also holds {_few(names - KNOWN)}; move that away or name another.")
    elif target.exists():
        raise BadInput(f"{folder}: is a file; name a folder.")
    parent = next(up for up in target.parents if up.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BadInput(f"{folder}: cannot be made, {parent} is not a folder that can be written to.")
    return target


def _former_run(target: Path) -> bool:
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY


def _few(names: set[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def write(result: Result, folder: str | Path) -> Path:
    """Writes the folder whole or not at all; returns its path."""
    target = require_place(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        _fill(result, new)
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


def _fill(result: Result, folder: Path) -> None:
    for name in PARQUET:
        _flat(getattr(result, name)).to_parquet(folder / f"{name}.parquet", index=False)
    for name in CSV:
        _flat(getattr(result, name)).to_csv(folder / f"{name}.csv", index=False)
    result.figure().savefig(folder / PICTURE)
    files = sorted([MANIFEST, PICTURE, *(f"{n}.parquet" for n in PARQUET), *(f"{n}.csv" for n in CSV)])
    manifest = {"made_by": MADE_BY} | dict(result.manifest) | {"summary": result.summary, "warnings": list(result.warnings), "files": files}
    (folder / MANIFEST).write_text(json.dumps(plain(manifest), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its dicts as JSON text and its words as text even where there are none."""
    table = table.copy()
    if "facts" in table:
        table["facts"] = [json.dumps(plain(facts)) for facts in table["facts"]]
    for column in table.columns[table.isna().all()]:
        if table[column].dtype == object:
            table[column] = table[column].astype("string")
    return table


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: dates as ISO text, tuples as lists, named tuples as objects, no NaN."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "item"):
        return plain(value.item())
    return str(value)
