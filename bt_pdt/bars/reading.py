"""From a path or a frame to a table: CSV of any kind, JSON, parquet, feather, LEAN zips, frames of pandas, polars and Arrow, Databento's DBN.

A pickle is never opened: it can run anything.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from . import names
from .formats import Raw
from .jsons import read_json
from .tables import not_text, read_csv

if TYPE_CHECKING:
    import pandas as pd

#: Unpacked, a file of bars may be this large: a few kilobytes that unpack to more are no bars.
LARGEST = 8 << 30
#: Bars pack to a tenth or so; what unpacks to this many times its size, and to more than a few, is made to fill a memory.
DENSEST, FEW = 100, 64 << 20
_DOORS = {
    (".xlsx", ".xls", ".xlsm", ".ods"): "a spreadsheet; save the sheet as CSV and load that.",
    (".pkl", ".pickle", ".joblib"): (
        "a pickle, which bt_pdt never opens (a pickle can run anything); write the frame with to_parquet() or to_csv() and load that."
    ),
    (".h5", ".hdf", ".hdf5"): "an HDF5 file; read it with pandas.read_hdf and hand the frame over, or write parquet.",
    (".hst", ".bin", ".ncd", ".nrd"): "a program's own format; export the bars as text (CSV).",
    (".rar", ".7z", ".tar", ".tgz"): "an archive; unpack it and give the files.",
}


def read(path_or_frame: Any, source: str | None = None) -> Raw:
    """The table behind ``path_or_frame`` as it stands; raises :class:`BadInput` if there is none."""
    if not isinstance(path_or_frame, str | Path):
        return _read_frame(_to_pandas(path_or_frame), source or "the frame")
    path = Path(path_or_frame)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}; check the path.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"there is no file {str(path)[:120]} ({getattr(error, 'strerror', None) or 'the name cannot be one'}).") from None
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the files in it.")
    if size == 0:
        raise BadInput(f"{path} is empty.")
    raw = _read_path(path, source or path.name)
    raw.symbol = raw.symbol or names.symbol_of(path.name)
    raw.day = raw.day or names.day_of(path.name)
    raw.adjusted_by_name = names.adjusted_by(path.name)
    return raw


def _to_pandas(frame: Any) -> pd.DataFrame:
    """A frame of pandas as it is; of polars, Arrow and all that speak Arrow's stream as pandas."""
    if hasattr(frame, "columns") and hasattr(frame, "iloc"):
        return frame
    if hasattr(frame, "collect") and hasattr(frame, "lazy"):  # a lazy frame of polars
        frame = frame.collect()
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__dataframe__") or hasattr(frame, "to_pandas"):
        import pyarrow as pa

        try:
            table = frame if isinstance(frame, pa.Table) else pa.table(frame) if hasattr(frame, "__arrow_c_stream__") else None
            return table.to_pandas(date_as_object=False) if table is not None else frame.to_pandas()
        except (pa.ArrowException, TypeError, ValueError, ImportError) as error:
            raise BadInput(f"the frame of type {type(frame).__name__} cannot be read: {_reason(error)}") from None
    raise BadInput(f"load() takes a path or a pandas DataFrame; got {type(frame).__name__}.")


def _read_path(path: Path, source: str) -> Raw:
    suffix = path.suffix.lower()
    for endings, words in _DOORS.items():
        if suffix in endings:
            raise BadInput(f"{source} is {words} bt_pdt reads CSV, JSON, parquet and feather.")
    if path.name.lower().endswith((".dbn", ".dbn.zst")):
        return _read_dbn(path, source)
    try:
        if suffix in (".parquet", ".pq"):
            return _read_parquet(path, source)
        if suffix in (".feather", ".arrow", ".ipc"):
            return _read_feather(path, source)
        if suffix == ".zip":
            return _read_zip(path, source)
        blob = _unpacked(path, suffix)
    except MemoryError:
        raise BadInput(f"{source} does not fit into memory; split it, by year or by symbol.") from None
    except (OSError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError) as error:
        raise BadInput(f"{source} cannot be read as {suffix or 'a file'}: {_reason(error)}") from None
    return _read_blob(blob, source)


def _unpacked(path: Path, suffix: str) -> bytes:
    opener: Any = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}.get(suffix)
    if opener is None:
        return path.read_bytes()
    with opener(path, "rb") as stream:
        return _limited(stream, path.stat().st_size)


def _limited(stream: Any, packed: int) -> bytes:
    """All of a packed stream, but no more than bars can be."""
    most = min(LARGEST, max(FEW, DENSEST * packed))
    pieces, size = [], 0
    while piece := stream.read(1 << 22):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise OSError(f"it unpacks to more than {most >> 20:,} MB, over {DENSEST} times its size: no bars do")
    return b"".join(pieces)


def _read_blob(blob: bytes, source: str) -> Raw:
    blob = _to_utf8(blob, source)
    first = blob[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not first:
        raise BadInput(f"{source} is empty.")
    if first in (b"{", b"["):
        try:
            return read_json(blob.decode("utf-8-sig"), source)
        except UnicodeDecodeError:
            raise BadInput(not_text(source)) from None
        except BadInput as error:
            text = str(error)
            raise error if text.startswith(source) else BadInput(f"{source}: {text}") from None
    if blob[:2] == b"PK":
        raise BadInput(f"{source} is a zip or a spreadsheet by its content; name it .zip, or save the sheet as CSV.")
    table = read_csv(blob, source)
    kind = "CSV" if table.header else "CSV without header"
    raw = Raw(table.frame, source, kind, "line", table.first_row, notes=table.notes, decimal=table.decimal, guess=table.guessed)
    if table.guessed is not None and b";" in blob[:400]:
        raw.kind = "CSV without header, semicolons"
    return raw


def _to_utf8(blob: bytes, source: str) -> bytes:
    """Bytes of UTF-16 as UTF-8; other bytes as they are."""
    if blob[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return blob.decode("utf-16").encode("utf-8")
        except UnicodeError:
            raise BadInput(not_text(source)) from None
    if b"\x00" in blob[:1024]:
        if len(blob) > 8 and blob[1:8:2] == b"\x00" * 4 and b"\x00" not in blob[0:8:2]:
            try:
                return blob.decode("utf-16-le").encode("utf-8")
            except UnicodeError:
                pass
        raise BadInput(not_text(source))
    return blob


def _read_frame(frame: pd.DataFrame, source: str) -> Raw:
    import pandas as pd

    if frame.empty:
        raise BadInput(f"{source} has no rows.")
    if frame.columns.nlevels > 1:
        return Raw(frame, source, "DataFrame")
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
        levels = [name for name in frame.index.names if name in frame.columns]
        frame = frame.reset_index(levels, drop=True).reset_index() if levels else frame.reset_index()
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
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError, NotImplementedError, MemoryError) as error:
        raise BadInput(f"{source} cannot be read as parquet: {_reason(error)}") from None
    raw = _read_frame(frame, source)
    raw.kind = "parquet"
    return raw


def _read_feather(path: Path, source: str) -> Raw:
    import pandas as pd
    import pyarrow

    try:
        frame = pd.read_feather(path)
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise BadInput(f"{source} cannot be read as feather: {_reason(error)}") from None
    raw = _read_frame(frame, source)
    raw.kind = "feather"
    return raw


def _read_dbn(path: Path, source: str) -> Raw:
    try:
        import databento
    except ImportError:
        raise BadInput(
            f"{source} is Databento's DBN, which Databento's own package reads: pip install 'bt_pdt[databento]',"
            " or write it as CSV or parquet and load that."
        ) from None
    try:
        frame = databento.DBNStore.from_file(path).to_df()
    except Exception as error:  # its own package has its own errors
        raise BadInput(f"{source} cannot be read as DBN: {_reason(error)}") from None
    raw = _read_frame(frame, source)
    raw.kind = "DBN"
    return raw


def _read_zip(path: Path, source: str) -> Raw:
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if not name.endswith("/")]
        if any(name.startswith(("xl/", "word/")) for name in inside):
            raise BadInput(f"{source} is a spreadsheet; save the sheet as CSV and load that.")
        if len(inside) != 1:
            raise BadInput(f"{source} holds {len(inside)} files; bt_pdt reads zips with one CSV in them.")
        inner = inside[0]
        if re.search(r"_(quote|openinterest)\b|_(tick|second)_", inner.lower()):
            raise BadInput(f"{source} holds {inner}: quotes or bars below a minute; give LEAN trade bars of a minute, an hour or a day.")
        if archive.getinfo(inner).file_size > LARGEST:
            raise BadInput(f"{source} unpacks to more than {LARGEST >> 30} GB.")
        with archive.open(inner) as stream:
            blob = _limited(stream, archive.getinfo(inner).compress_size)
    raw = _read_blob(blob, inner)
    raw.source, raw.kind = source, f"zip, {raw.kind}"
    if raw.guess is not None and raw.guess.unit != "dollars":
        raw.name, raw.kind = "LEAN bars", "zip"
        found = re.search(r"(\d{8})_([a-z.]+)_minute_trade", inner.lower())
        raw.day = found[1] if found else None
        raw.symbol = found[2].upper() if found else Path(inner).stem.split("_")[0].upper()
    else:
        raw.symbol = names.symbol_of(inner)
        raw.day = names.day_of(inner)
    return raw


def _reason(error: Exception) -> str:
    """The first line of another library's message as the end of a sentence."""
    return (str(error).splitlines() or ["no reason given"])[0].rstrip(". ")[:300] + "."
