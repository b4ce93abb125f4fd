"""From a path or a frame to a table: parquet, CSV (also gzipped, also without a header), JSON, LEAN zips."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from .formats import Raw

if TYPE_CHECKING:
    import pandas as pd

_TICKER = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,7}")
_NOT_A_NUMBER = ["", "nan", "NaN", "NAN", "NA", "N/A", "null", "None", "<NA>"]


def read(path_or_frame: Any, source: str | None = None) -> Raw:
    """The table behind ``path_or_frame`` as it stands; raises :class:`BadInput` if there is none."""
    if hasattr(path_or_frame, "columns") and hasattr(path_or_frame, "iloc"):
        return _read_frame(path_or_frame, source or "the frame")
    if not isinstance(path_or_frame, str | Path):
        raise BadInput(f"load() takes a path or a pandas DataFrame; got {type(path_or_frame).__name__}.")
    path = Path(path_or_frame)
    if not path.exists():
        raise BadInput(f"there is no file {path}; check the path.")
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the files in it.")
    if path.stat().st_size == 0:
        raise BadInput(f"{path} is empty.")
    raw = _read_path(path, source or path.name)
    raw.symbol = raw.symbol or _symbol_of(path.name)
    return raw


def _read_path(path: Path, source: str) -> Raw:
    suffix = path.suffix.lower()
    try:
        if suffix in (".parquet", ".pq"):
            return _read_parquet(path, source)
        if suffix == ".zip":
            return _read_zip(path, source)
        blob = gzip.decompress(path.read_bytes()) if suffix == ".gz" else path.read_bytes()
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise BadInput(f"{source} cannot be read as {suffix or 'a file'}: {_reason(error)}") from None
    return _read_blob(blob, source)


def _read_blob(blob: bytes, source: str) -> Raw:
    try:
        text = blob.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{source} is not text; bt_pdt reads CSV, CSV.gz, JSON, parquet and LEAN zip files.") from None
    if text.lstrip()[:1] in "{[" and text.strip():
        return _read_json(text, source)
    return _read_csv(text, source)


def _read_frame(frame: pd.DataFrame, source: str) -> Raw:
    import pandas as pd

    if frame.empty:
        raise BadInput(f"{source} has no rows.")
    if frame.columns.nlevels > 1:
        return Raw(frame, source, "DataFrame")
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
        names = [name for name in frame.index.names if name in frame.columns]
        frame = frame.reset_index(names, drop=True).reset_index() if names else frame.reset_index()
    elif isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index(names="datetime")
    else:
        frame = frame.reset_index(drop=True)
    return Raw(frame, source, "DataFrame")


def _read_parquet(path: Path, source: str) -> Raw:
    import pandas as pd
    import pyarrow

    try:
        frame = pd.read_parquet(path)
    except pyarrow.ArrowException as error:
        raise BadInput(f"{source} cannot be read as parquet: {_reason(error)}") from None
    raw = _read_frame(frame, source)
    raw.kind = "parquet"
    return raw


def _read_csv(text: str, source: str) -> Raw:
    import pandas as pd

    head = [line for line in text[:4000].splitlines() if line.strip()][:3]
    if not head:
        raise BadInput(f"{source} is empty.")
    comma = max(",;\t", key=head[0].count)
    cells = [next(csv.reader([line], delimiter=comma)) for line in head]
    options: dict[str, Any] = {"sep": comma, "low_memory": False}
    try:
        if len(cells) > 1 and {cells[0][0].strip(), cells[1][0].strip()} == {"Price", "Ticker"}:
            wide = pd.read_csv(io.StringIO(text), header=[0, 1], index_col=0, **options)
            return Raw(wide, source, "CSV", "line", 4)
        header = bool(re.search("[A-Za-z]", cells[0][0])) and not re.search(r"\d{4}", cells[0][0])
        names = [cell.strip() for cell in cells[0]] if header else _names_without_header(cells[0], comma, source)
        words = {name: "str" for name in names if name.lower().strip("<>") in ("symbol", "ticker")}
        frame = pd.read_csv(
            io.StringIO(text), header=0 if header else None, names=None if header else names, index_col=False, dtype=words or None,
            keep_default_na=False, na_values={name: _NOT_A_NUMBER for name in names if name not in words}, skipinitialspace=True, **options,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise BadInput(f"{source} cannot be read as CSV: {_reason(error)}") from None
    if frame.empty:
        raise BadInput(f"{source} has a header and no rows.")
    raw = Raw(frame, source, "CSV" if header else "CSV without header", "line", 2 if header else 1)
    if not header and names[0] != "ninja":
        raw.name = "LEAN bars" if names[0] == "lean" else "Kibot bars" if "/" in cells[0][0] else "FirstRate bars"
        raw.frame = frame.rename(columns={"lean": "datetime"})
        found = re.search(r"(\d{8})_([a-z.]+)_minute_trade", source.lower())
        if found:
            raw.day, raw.symbol = found[1], found[2].upper()
    return raw


def _names_without_header(cells: list[str], comma: str, source: str) -> list[str]:
    """Column names of a CSV without header, by the look of its first row."""
    first, n = cells[0].strip(), len(cells)
    prices = ["open", "high", "low", "close", "volume"]
    if comma == ";" and re.fullmatch(r"\d{8}( \d{6})?", first) and n == 6:
        return ["ninja", *prices]
    if (re.fullmatch(r"\d{1,8}", first) or re.fullmatch(r"\d{8} \d\d:\d\d", first)) and n == 6:
        return ["lean", *prices]
    if re.fullmatch(r"[\d/.-]{8,10}", first) and n >= 7 and ":" in cells[1]:
        return ["date", "time", *prices, *(f"extra{k}" for k in range(n - 7))]
    if re.match(r"\d{1,4}[/-]\d{1,2}[/-]\d{2,4}", first) and n >= 6:
        return ["datetime", *prices, *(f"extra{k}" for k in range(n - 6))]
    raise BadInput(
        f"{source} has no header and its first row ({', '.join(cells[:7])}) is not"
        " date, [time,] open, high, low, close, volume; add a header."
    )


def _read_json(text: str, source: str) -> Raw:
    """Alpaca's REST answer, ``{"bars": {"SPY": [...]}}`` or ``{"bars": [...], "symbol": "SPY"}``, and Polygon's ``{"results": [...]}``."""
    import pandas as pd

    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{source} line {error.lineno}: not valid JSON ({error.msg}).") from None
    name, bars = "Alpaca bars", body.get("bars") if isinstance(body, dict) else None
    if isinstance(body, dict) and isinstance(body.get("results"), list):
        name, bars = "Polygon aggregates", body["results"]
    symbol = (body.get("symbol") or body.get("ticker")) if isinstance(body, dict) else None
    if isinstance(bars, dict):
        rows = [{"symbol": key} | bar for key, some in bars.items() for bar in (some if isinstance(some, list) else [some])]
    elif isinstance(bars, list):
        rows = [{"symbol": symbol} | bar if symbol else dict(bar) for bar in bars]
    else:
        raise BadInput(f'{source} is JSON without "bars"; bt_pdt reads Alpaca\'s answer {{"bars": {{"SPY": [{{"t": ..., "o": ...}}]}}}}.')
    if not rows:
        raise BadInput(f"{source} has no bars in it.")
    raw = Raw(pd.DataFrame(rows), source, "JSON", "bar", 1, name=name)
    if body.get("next_page_token"):
        raw.notes.append("not all of it: next_page_token says more pages follow")
    return raw


def _read_zip(path: Path, source: str) -> Raw:
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if not name.endswith("/")]
        if len(inside) != 1:
            raise BadInput(f"{source} holds {len(inside)} files; bt_pdt reads zips with one CSV in them.")
        inner = inside[0]
        if re.search(r"_(quote|openinterest)\b|_(tick|second)_", inner.lower()):
            raise BadInput(f"{source} holds {inner}: quotes or bars below a minute; give LEAN trade bars of a minute, an hour or a day.")
        raw = _read_blob(archive.read(inner), inner)
    raw.source, raw.kind = source, f"zip, {raw.kind}"
    if raw.name == "LEAN bars":
        raw.kind = "zip"
        raw.symbol = raw.symbol or Path(inner).stem.split("_")[0].upper()
    elif raw.symbol is None:
        raw.symbol = _symbol_of(inner)
    return raw


def _reason(error: Exception) -> str:
    """The first line of another library's message as the end of a sentence."""
    return (str(error).splitlines() or ["no reason given"])[0].rstrip(". ") + "."


def _symbol_of(name: str) -> str | None:
    """The ticker a file's name starts with: ``SPY_1min.csv``, ``spy.us.txt``, ``SPY.Last.txt``, TradingView's ``BATS_SPY, 1.csv``."""
    stem = re.sub(r"(\.(csv|txt|gz|zip|json|parquet|pq))+$", "", name, flags=re.IGNORECASE)
    exchange = re.fullmatch(r"[A-Z]+_([A-Z.]+)(, .*)?", stem)
    if exchange and ", " in stem:
        return exchange[1]
    first = re.split(r"[_\-, ]", stem)[0]
    first = re.sub(r"\.(us|last|bid|ask)$", "", first, flags=re.IGNORECASE)
    return first.upper() if _TICKER.fullmatch(first) else None
