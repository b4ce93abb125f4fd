"""A text of bars as a table: its delimiter, decimal mark, header or none, what stands above and below the rows, and then the rows.

The text stays in bytes; only its first and last lines are looked at here, the rows are read by Arrow.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from . import headless
from .columns import looks_like_header, plain_name, role_of, roles_of

if TYPE_CHECKING:
    import pandas as pd

HEAD, TAIL = 65_536, 4_096
NOT_A_NUMBER = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "<NA>", "-", "--"]
_NUMBER = re.compile(r"[-+]?\$?\s?[\d.,']*\d[\d.,']*(?:[eE][-+]?\d+)?\s?[KMB]?%?")


@dataclass
class Table:
    """The rows as read, and what was seen of the text around them."""

    frame: pd.DataFrame
    header: bool
    #: line of the first row, counted from 1
    first_row: int
    #: names found by the values of a text without a header (:mod:`.headless`)
    guessed: headless.Guess | None = None
    decimal: str = "."
    notes: list[str] = field(default_factory=list)
    #: words that stood above the header: titles and comments
    preamble: list[str] = field(default_factory=list)


@dataclass
class _Line:
    start: int
    number: int
    text: str


def _lines(head: bytes) -> list[_Line]:
    """The lines of the head that are not blank, with where they start."""
    out, at, number = [], 0, 1
    for piece in head.splitlines(keepends=True):
        text = piece.decode("utf-8").rstrip("\r\n")
        if text.strip():
            out.append(_Line(at, number, text))
        at, number = at + len(piece), number + 1
    return out


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _delimiter(lines: list[_Line]) -> str:
    """The delimiter that gives most lines one same number of cells, at least five."""
    best, score = ",", (0, 0)
    texts = [line.text for line in lines[:40]]
    for mark in (";", "\t", "|", ","):
        counts = [len(cells_of(text, mark)) for text in texts]
        widest = max(set(counts), key=lambda n: (counts.count(n), n))
        found = (counts.count(widest) if widest >= 5 else 0, widest)
        if found > score:
            best, score = mark, found
    if not score[0] and min(len(text.split()) for text in texts) >= 5:
        return " "
    return best


def is_wide(head: list[list[str]]) -> bool:
    """yfinance's two or three header rows."""
    return len(head) > 1 and {head[0][0].strip(), head[1][0].strip()} == {"Price", "Ticker"}


def read_csv(data: bytes, source: str) -> Table:
    """The table in ``data`` (UTF-8); raises :class:`BadInput` if there is none."""
    start = 3 if data[:3] == b"\xef\xbb\xbf" else 0
    cut = data[start : start + HEAD]
    if len(data) - start > HEAD:
        cut = cut[: cut.rfind(b"\n") + 1] or cut
    try:
        lines = _lines(cut)
    except UnicodeDecodeError:
        raise BadInput(not_text(source)) from None
    if not lines:
        raise BadInput(f"{source} is empty.")
    delimiter = _delimiter(lines)
    head = [cells_of(line.text, delimiter) for line in lines]
    if is_wide(head):
        return _wide(data[start:], source, delimiter)
    at = next((k for k, cells in enumerate(head[:40]) if looks_like_header(cells)), None)
    if at is not None:
        return _with_header(data, start, source, delimiter, lines, head, at)
    for k in range(min(len(head), 40)):
        rows = [row for row in head[k : k + 400] if len(row) == len(head[k])]
        if len(head[k]) >= 5 and headless.is_row(head[k]):
            if k and _is_header_of_something(head[k - 1], len(head[k])):
                return _with_header(data, start, source, delimiter, lines, head, k - 1)
            return _without_header(data, start, source, delimiter, lines, rows, k)
    if any(re.search("[A-Za-z]", cell) for cell in head[0]) and not re.search(r"\d{4}", head[0][0]):
        return _with_header(
            data, start, source, delimiter, lines, head, 0
        )  # a table of something else: its columns are named in the refusal
    raise BadInput(headless.no_row(source, head[0]))


def _is_header_of_something(cells: list[str], width: int) -> bool:
    """A line of words above the rows names their columns, also by names nobody knows: they are not guessed over."""
    words = [cell.strip() for cell in cells]
    return len(words) == width and sum(bool(re.search("[A-Za-z]", word)) for word in words) >= width - 1 and len(set(words)) == width


def not_text(source: str) -> str:
    """The sentence for bytes that are no text."""
    return (
        f"{source} is not text; bt_pdt reads CSV, CSV.gz, JSON, parquet and LEAN zip files (text in UTF-8 or UTF-16: save it as CSV UTF-8)."
    )


def _with_header(data: bytes, start: int, source: str, delimiter: str, lines: list[_Line], head: list[list[str]], at: int) -> Table:
    names = [cell.strip() for cell in head[at]]
    body = lines[at + 1 :]
    if not body:
        raise BadInput(f"{source} has a header and no rows.")
    widths = [len(cells) for cells in head[at + 1 : at + 41]]
    notes = []
    if min(widths) == len(names) + 1 == max(widths):  # every row has one cell more than the header
        ends_bare = all(not cells[-1].strip() for cells in head[at + 1 : at + 41])
        names = [*names, "extra"] if ends_bare else ["", *names]
    rows = head[at + 1 :]
    ticker = _second_header(names, rows[0]) if len(names) > 1 and len(rows[0]) == len(names) else None
    if ticker is not None:
        body, rows = body[1:], rows[1:]
        if not body:
            raise BadInput(f"{source} has a header and no rows.")
    preamble = [line.text for line in lines[:at]]
    if preamble:
        notes.append(f"{len(preamble)} line{'s' if len(preamble) > 1 else ''} above the header left out")
    price_at = [k for k, name in enumerate(names) if role_of(plain_name(name)) in ("open", "high", "low", "close")]
    end, said = _footer(data, start + body[0].start, source, delimiter, len(names))
    decimal = _decimal([row[k] for row in rows[:200] for k in price_at if k < len(row)], delimiter)
    frame = _read(data, start + body[0].start, end, source, delimiter, names, rows[:200])
    if ticker is not None and "symbol" not in roles_of(frame.columns):
        frame = frame.assign(symbol=ticker)
    return Table(frame, True, body[0].number, None, decimal, notes + said, preamble)


def _second_header(names: list[str], row: list[str]) -> str | None:
    """The ticker that a line below the header repeats in every price column (yfinance's frame, flattened); None if it is no such line."""
    words = {row[k].strip() for k, name in enumerate(names) if role_of(plain_name(name)) in ("open", "high", "low", "close", "volume")}
    one = next(iter(words), "")
    return one if len(words) == 1 and re.fullmatch(r"[A-Za-z][A-Za-z.\-]{0,7}", one) else None


def _without_header(data: bytes, start: int, source: str, delimiter: str, lines: list[_Line], rows: list[list[str]], at: int) -> Table:
    decimal = _decimal([cell for row in rows[:200] for cell in row[1:] if ":" not in cell and len(cell) < 12], delimiter)
    guess = headless.names_of(rows, source, delimiter, decimal)
    end, said = _footer(data, start + lines[at].start, source, delimiter, len(guess.names))
    frame = _read(data, start + lines[at].start, end, source, delimiter, guess.names, rows[:200])
    if at:
        said.append(f"{at} line{'s' if at > 1 else ''} above the rows left out")
    return Table(frame, False, lines[at].number, guess, decimal, said, [line.text for line in lines[:at]])


def _footer(data: bytes, first: int, source: str, delimiter: str, width: int) -> tuple[int, list[str]]:
    """Where the rows end: totals and remarks below them are left out, and said."""
    stripped = len(data.rstrip()) if len(data) < 10_000_000 else len(data)
    begin = max(first, stripped - TAIL)
    piece = data[begin:stripped]
    if begin > first:
        piece = piece[piece.find(b"\n") + 1 :]
    try:
        lines = [line for line in piece.decode("utf-8", "strict").splitlines() if line.strip()]
    except UnicodeDecodeError:
        return len(data), []
    out: list[str] = []
    while len(lines) > 1 and len(out) < 5 and not _is_row(lines[-1], delimiter, width):
        out.append(lines.pop())
    if not out or not lines or not _is_row(lines[-1], delimiter, width):
        return len(data), []
    end = data.rfind(out[-1].encode("utf-8"))
    shown = cells_of(out[-1], delimiter)[0].strip()[:40]
    return end, [f"{len(out)} line{'s' if len(out) > 1 else ''} below the rows left out ({shown!r})"]


def _is_row(line: str, delimiter: str, width: int) -> bool:
    """A line counts as a row unless it is a remark: a word that is no ticker first, and next to no numbers after it."""
    cells = cells_of(line, delimiter)
    if len(cells) == 1 and width > 1:
        return bool(re.fullmatch(r"[\d\W]+", cells[0]))
    numbers = sum(bool(_NUMBER.fullmatch(cell.strip())) for cell in cells[1:])
    return numbers >= 3 or not re.match(r"\W*[A-Za-z]{3,}", cells[0])


def _decimal(cells: list[str], delimiter: str) -> str:
    """``,`` if the prices are written with a decimal comma."""
    seen = [cell.strip().lstrip("$€").strip() for cell in cells if re.fullmatch(r"[-+$€ ]*\d[\d.,]*", cell.strip())]
    comma = [cell for cell in seen if "," in cell]
    if not comma or any(re.search(r",\d{3}\.\d", cell) or re.fullmatch(r"\d+\.\d{1,2}", cell) for cell in seen):
        return "."
    if any(not re.search(r",\d{3}$", cell) or (cell.count(",") == 1 and "." in cell) for cell in comma):
        return ","
    return "," if delimiter == ";" else "."


def _read(data: bytes, first: int, end: int, source: str, delimiter: str, names: list[str], rows: list[list[str]]) -> pd.DataFrame:
    """The rows between two places of the text, by Arrow: numbers as numbers, plain ISO times as times, all else as text."""
    import pyarrow as pa
    import pyarrow.csv as arrow

    unique, types = _unique(names), {}
    for k, name in enumerate(unique):
        plain = plain_name(name)
        cells = [row[k].strip() for row in rows if k < len(row)]
        if role_of(plain) == "symbol" and not all(re.fullmatch(r"[\d.]*", cell) for cell in cells):
            types[name] = pa.dictionary(pa.int32(), pa.string())
        elif any(re.search(r"[A-Za-z/:]|\d-\d|^0\d|\d\.\d+\.", cell) for cell in cells) and not all(
            re.match(r"\d{4}-\d\d-\d\d", cell) for cell in cells
        ):
            types[name] = pa.string()
    broken: list[Any] = []

    def spoiled(row: Any) -> str:
        broken.append(row)
        return "skip"

    options: dict[str, Any] = {
        "read_options": arrow.ReadOptions(column_names=unique, use_threads=True),
        "parse_options": arrow.ParseOptions(delimiter=delimiter, invalid_row_handler=spoiled),
        "convert_options": arrow.ConvertOptions(column_types=types, null_values=NOT_A_NUMBER, strings_can_be_null=False),
    }
    try:
        table = arrow.read_csv(pa.BufferReader(pa.py_buffer(data)[first:end]), **options)
    except (pa.ArrowException, ValueError, OSError) as error:
        said = (str(error).splitlines() or ["no reason given"])[0].rstrip(". ")[:300]
        if "UTF8" in said or "utf-8" in said.lower():
            raise BadInput(not_text(source)) from None
        if "conversion error" not in said:
            raise BadInput(f"{source} cannot be read as CSV: {said}.") from None
        types |= {name: pa.string() for name in unique}  # a cell that is not like those above it: the slow road finds and names it
        options["convert_options"] = arrow.ConvertOptions(column_types=types, strings_can_be_null=False)
        try:
            table = arrow.read_csv(pa.BufferReader(pa.py_buffer(data)[first:end]), **options)
        except (pa.ArrowException, ValueError, OSError):
            raise BadInput(not_text(source)) from None
    if broken:
        odd = broken[0]
        raise BadInput(
            f"{source} cannot be read as CSV: {len(broken):,} line{'s have' if len(broken) > 1 else ' has'} another number of cells than the"
            f" first (expected {odd.expected_columns}, got {odd.actual_columns}: {str(odd.text)[:60]!r}); correct the file."
        )
    if not table.num_rows:
        raise BadInput(f"{source} has a header and no rows.")
    return table.to_pandas(split_blocks=True, self_destruct=True, date_as_object=False)


def _unique(names: list[str]) -> list[str]:
    """Names without a double: the second ``close`` is ``close.1``."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        n = seen.get(name, 0)
        seen[name] = n + 1
        out.append(f"{name}.{n}" if n else name)
    return out


def _wide(data: bytes, source: str, delimiter: str) -> Table:
    import io

    import pandas as pd

    try:
        frame = pd.read_csv(io.BytesIO(data), header=[0, 1], index_col=0, sep=delimiter, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise BadInput(f"{source} cannot be read as CSV: {(str(error).splitlines() or ['no reason'])[0]}.") from None
    if frame.empty:
        raise BadInput(f"{source} has a header and no rows.")
    return Table(frame, True, 4)
