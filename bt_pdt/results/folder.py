"""The run folder: manifest, tables and picture, written beside its place and moved there whole, so that nothing is ever half-written.

The tables are for people and their tools; ``journal.jsonl.gz`` and the tables of bars are what :func:`read` makes the result from again.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from . import place, saved, tables

if TYPE_CHECKING:
    import pandas as pd

    from .result import Result

MANIFEST = "manifest.json"
MADE_BY = "bt_pdt run"
#: Of what :func:`read` reads; a folder of a higher number was written by a later version.
FORMAT = 2
PARQUET = ("orders", "refusals", "fills", "trades", "day_trades", "sessions", "calls", "restrictions", "sizes", "account", "equity")
CSV = ("refusals", "sessions", "calls", "restrictions")
PICTURE = "run.png"
PAGE = "report.html"
JOURNAL = "journal.jsonl.gz"
#: What a former run folder may hold; it is replaced as a whole.
KNOWN = {
    MANIFEST,
    PICTURE,
    JOURNAL,
    PAGE,
    "breaches.parquet",
    *(f"{name}.parquet" for name in PARQUET),
    *(f"{name}.csv" for name in CSV),
}


#: What the first line of the journal file holds: the other parts of a result, and how many entries follow.
_REST = ("entries", "rows", "equity_start", "unsupported", "carried", "issued", "restricted", "manifest", "warnings")


def require_place(folder: str | Path) -> Path:
    """The absolute path of a folder that may be written: new, empty, or a former run folder. Raises :class:`BadInput` otherwise."""
    target = place.require_place(folder, "run", _former_run)
    others = {entry.name for entry in target.iterdir()} - KNOWN if target.is_dir() else set()
    if others:
        raise BadInput(f"{folder}: a former run's folder, but it also holds {place.few(others)}; move that away or name another.")
    return target


def read(folder: str | Path) -> Result:
    """The result that was saved to a folder, equal to the one that was; raises :class:`BadInput` with a sentence if there is none."""
    import pandas as pd

    from .result import Result

    source = Path(folder).expanduser()
    manifest = _manifest(source, str(folder))
    made, wrote = manifest.get("format", 0), (manifest.get("versions") or {}).get("bt_pdt", "unknown")
    if made == 0:
        raise BadInput(f"{folder}: was saved by a version of bt_pdt that kept no journal, so it cannot be read back; run it again.")
    if made not in (1, FORMAT):
        raise BadInput(
            f"{folder}: was saved by a later version of bt_pdt ({wrote}, format {made}; this one reads {FORMAT}); install that one."
        )
    missing = next((name for name in (JOURNAL, "equity.parquet", "account.parquet") if not (source / name).is_file()), None)
    if missing is not None:
        raise BadInput(f"{folder}: {missing} is missing from it; it was not copied whole.")
    lines = saved.read_lines(source / JOURNAL)
    rest = next(lines, None)
    if made == 1 and isinstance(rest, dict):
        _rename(rest)
    if not isinstance(rest, dict) or rest.keys() != set(_REST):
        raise BadInput(f"{source / JOURNAL}: is damaged (it does not begin as a run does).")
    journal = tuple(lines)
    if len(journal) != rest.pop("entries"):
        raise BadInput(f"{source / JOURNAL}: is damaged (it ends too soon).")
    try:
        bars, account = (pd.read_parquet(source / f"{name}.parquet") for name in ("equity", "account"))
        times, values = bars["at"].to_numpy(dtype="datetime64[us]"), bars["equity"].to_numpy(dtype="float64")
        account = tables.frame("account", account[list(tables.COLUMNS["account"])])
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{folder}: its tables cannot be read ({str(error).splitlines()[0].rstrip('.')}).") from None
    result = Result(journal=journal, times=times, values=values, **rest)
    result.__dict__["account"] = account  # as the run's own, which was found from bars that are not kept
    return result


def near_name(path: Path, otherwise: str) -> str:
    """ "did you mean ...?" with the nearest name that lies where ``path`` would; ``otherwise`` where none is near."""
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.parent / near[0]}?" if near else otherwise


def _manifest(source: Path, name: str) -> dict[str, Any]:
    if source.is_file():
        raise BadInput(f"{name}: is a file; name the folder of a run.")
    if not source.is_dir():
        raise BadInput(f"{name}: there is no such folder; {near_name(source, 'check the path.')}")
    if not (source / MANIFEST).is_file():
        inside = sorted(entry.name for entry in source.iterdir() if entry.is_dir() and _former_run(entry))
        hint = f"; it holds the runs {', '.join(inside[:5])}, name one, like {source / inside[0]}." if inside else "."
        raise BadInput(f"{name}: is not a run folder, there is no {MANIFEST} in it{hint}")
    try:
        manifest = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInput(f"{name}: its {MANIFEST} cannot be read.") from None
    if not isinstance(manifest, dict) or manifest.get("made_by") != MADE_BY:
        raise BadInput(f"{name}: is not a run folder, its {MANIFEST} was not written by {MADE_BY}.")
    return manifest


def _former_run(target: Path) -> bool:
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("made_by") == MADE_BY


def write(result: Result, folder: str | Path) -> Path:
    """Writes the folder whole or not at all; returns its path."""
    return place.write_whole(folder, require_place(folder), lambda new: _fill(result, new))


def _fill(result: Result, folder: Path) -> None:
    for name in PARQUET:
        _flat(getattr(result, name)).to_parquet(folder / f"{name}.parquet", index=False)
    for name in CSV:
        _flat(getattr(result, name)).to_csv(folder / f"{name}.csv", index=False)
    result.figure().savefig(folder / PICTURE)
    result.to_html(folder / PAGE)
    rest = {name: getattr(result, name) for name in _REST if name != "entries"} | {"entries": len(result.journal)}
    saved.write_lines(folder / JOURNAL, [rest, *result.journal])
    files = sorted([MANIFEST, PICTURE, PAGE, JOURNAL, *(f"{n}.parquet" for n in PARQUET), *(f"{n}.csv" for n in CSV)])
    manifest = {"made_by": MADE_BY, "format": FORMAT} | dict(result.manifest)
    manifest |= {"summary": result.summary, "warnings": list(result.warnings), "files": files}
    (folder / MANIFEST).write_text(json.dumps(plain(manifest), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _rename(rest: dict[str, Any]) -> None:
    """What a folder of format 1 calls by other names."""
    if "unreadable" in rest:
        rest["unsupported"] = rest.pop("unreadable")
    data = (rest.get("manifest") or {}).get("data") or {}
    if "taken_for" in data:
        data["detected_format"] = data.pop("taken_for")


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
