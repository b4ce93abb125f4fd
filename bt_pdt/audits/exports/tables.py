"""One reader for every export: finds the tables of a file by their columns, through preambles, sections and footers, and names their fields."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import BadInput
from .layouts import LAYOUTS, NAMES, Layout
from .rows import plain_value, read_text

Row = dict[str, Any]
#: Longer than any line of an export.
_LONGEST = 1_000_000


@dataclass
class Table:
    """The rows of one table of one file, by the columns' plain names, and where each stands."""

    layout: Layout
    path: str
    rows: list[tuple[str, Row]]


def plain(name: object) -> str:
    """A column's name in lower case without anything but letters and digits."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def read_tables(path: str, name: str) -> list[Table]:
    """The tables of a file that a layout called ``name`` (or, for ``auto``, any layout) knows; raises :class:`BadInput` if there is none."""
    text = read_text(path)
    wanted = LAYOUTS if name == "auto" else NAMES[name]
    head = text.lstrip()[:1]
    if head == "<":
        found, seen = _xml(path, text, wanted)
    elif head in ("[", "{"):
        found, seen = _json(path, text, wanted)
    else:
        found, seen = _csv(path, text, wanted)
    if not found:
        raise BadInput(unknown(path, name, seen))
    return found


def unknown(path: str, name: str, columns: Iterable[str]) -> str:
    """The sentence about a file that no layout knows: the nearest layouts, what they lack, and the way that is always open."""
    have = {plain(c) for c in columns}
    scores = []
    for layout in LAYOUTS if name == "auto" else NAMES[name]:
        lacking = [need for need in layout.need if not have & set(need.split("|"))]
        scores.append((len(lacking) / len(layout.need), layout.title, lacking))
    scores.sort(key=lambda s: (s[0], s[1]))
    near = [f"{title} (lacks {', '.join(lacking[:4])})" for share, title, lacking in scores[:3] if share < 1.0]
    what = "no layout that bt_pdt knows" if name == "auto" else f"no layout of {name}"
    nearest = f"; nearest: {'; '.join(near)}" if near else ""
    return (
        f"{path}: {what} fits its columns ({', '.join(list(columns)[:8]) or 'none'}){nearest}. Names of --from: alpaca, auto, {', '.join(NAMES)}; any "
        "history can be written as JSON Lines (docs/audit.md, The format)."
    )


def _fits(layout: Layout, columns: Sequence[str]) -> bool:
    have = set(columns)
    return all(have & set(need.split("|")) for need in layout.need)


# -- CSV


def _csv(path: str, text: str, wanted: Sequence[Layout]) -> tuple[list[Table], list[str]]:
    lines = text.splitlines()
    if any(len(line) > _LONGEST for line in lines[:1000]):
        raise BadInput(f"{path}: has a line of over {_LONGEST:,} characters, so it is no table.")
    best: tuple[list[Table], list[str]] = ([], [])
    for mark in (",", "\t", ";", "|"):
        if mark not in text:
            continue
        try:
            rows = [(number, values) for number, values in _numbered(text, mark)]
        except csv.Error as error:
            raise BadInput(f"{path}: is not CSV ({error}).") from None
        found, seen = _tables(path, rows, wanted)
        if found:
            return found, seen
        if len(seen) > len(best[1]):
            best = (found, seen)
    return best


def _numbered(text: str, mark: str) -> Iterable[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), delimiter=mark, skipinitialspace=True)
    for values in reader:
        yield reader.line_num, [v.strip() for v in values]


def _tables(path: str, rows: Sequence[tuple[int, list[str]]], wanted: Sequence[Layout]) -> tuple[list[Table], list[str]]:
    """Every header that a layout knows begins a table; a blank line, another header or another section ends it."""
    found: list[Table] = []
    seen: list[str] = []
    table: Table | None = None
    names: list[str] = []
    sectioned = any(len(values) > 2 and values[1] == "Header" for _, values in rows)
    for number, values in rows:
        if not any(values):
            table = None if table is not None and table.rows else table
            continue
        section = values[0] if sectioned and len(values) > 2 and values[1] in ("Header", "Data", "SubTotal", "Total") else ""
        if section:
            if values[1] == "Header":
                names = ["section", "discriminator", *(plain(v) for v in values[2:])]
                layout = _known([lay for lay in wanted if lay.section == section], names)
                table = Table(layout, path, []) if layout is not None else None
                found += [table] if table is not None else []
                seen = seen or values[2:]
            elif table is not None and values[1] == "Data" and table.layout.section == section:
                table.rows.append((f"{path}:{number}", dict(zip(names, values, strict=False)) | {"section": section}))
            continue
        columns = [plain(v) for v in values]
        layout = _known([lay for lay in wanted if not lay.section and not lay.path and not lay.tag and lay.path is None], columns)
        if layout is not None and not any(_numeric(v) for v in values):
            names, table = columns, Table(layout, path, [])
            found.append(table)
            continue
        if len(values) > len(seen) and not any(_numeric(v) for v in values):
            seen = values
        if table is not None:
            table.rows.append((f"{path}:{number}", _named(names, values)))
    return found, seen


def _named(names: Sequence[str], values: Sequence[str]) -> Row:
    """Cells by column; of two columns of one name the first that has something counts."""
    row: Row = {}
    for name, value in zip(names, values, strict=False):
        if not row.get(name):
            row[name] = value
    return row


def _numeric(text: str) -> bool:
    return bool(re.fullmatch(r"[-+$(]*\d[\d,.]*\)?", text))


def _known(layouts: Sequence[Layout], columns: Sequence[str]) -> Layout | None:
    """The layout that asks for the most of these columns and has them all."""
    fitting = [lay for lay in layouts if _fits(lay, columns) and _has(lay.more.get("wanted"), columns)]
    return max(fitting, key=lambda lay: (len(lay.need), -LAYOUTS.index(lay)), default=None)


def _has(wanted: str | None, columns: Sequence[str]) -> bool:
    return wanted is None or bool(set(wanted.split("|")) & set(columns))


# -- JSON


def _json(path: str, text: str, wanted: Sequence[Layout]) -> tuple[list[Table], list[str]]:
    try:
        value = plain_value(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: is not JSON ({error}).") from None
    best: tuple[Layout, list[Row]] | None = None
    seen: list[str] = []
    for layout in wanted:
        if layout.path is None:
            continue
        items = _at(value, layout.path)
        if not items:
            continue
        rows = [row for item in items for row in _flat_rows(item, layout.more.get("items"))]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        seen = seen or columns
        if _fits(layout, columns) and (best is None or len(layout.need) > len(best[0].need)):
            best = (layout, rows)
    if best is None:
        first = value[0] if isinstance(value, list) and value else value
        return [], seen or (list(first) if isinstance(first, dict) else [])
    layout, rows = best
    return [Table(layout, path, [(f"{path}: item {i}", row) for i, row in enumerate(rows, 1)])], []


def _at(value: Any, path: Sequence[str]) -> list[Row]:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict) and path:
        value = [value]  # a list of one is written as its item
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _flat_rows(item: Row, items: str | None) -> list[Row]:
    """One row of plain names; an object with a list of items gives one row for each that is a security, or one without any."""
    base = _flat({k: v for k, v in item.items() if k != items})
    parts = [part for part in item.get(items) or [] if isinstance(part, dict)] if items else []
    kept = [flat for part in parts if (flat := _flat(part, "item")).get("iteminstrumentassettype") != "CURRENCY"]
    return [base | flat for flat in kept] or [base]


def _flat(item: Row, before: str = "") -> Row:
    found: Row = {}
    for name, value in item.items():
        if isinstance(value, dict):
            found |= _flat(value, before + plain(name))
        elif not isinstance(value, list):
            found[before + plain(name)] = value
    return found


# -- XML


def _xml(path: str, text: str, wanted: Sequence[Layout]) -> tuple[list[Table], list[str]]:
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadInput(f"{path}: has a document type of its own, which no brokerage's export has; it is not read.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadInput(f"{path}: is not XML ({error}).") from None
    found: list[Table] = []
    seen: list[str] = []
    for layout in wanted:
        rows = [_flat(dict(element.attrib)) for element in root.iter(layout.tag)] if layout.tag else []
        seen = seen or (list(rows[0]) if rows else [])
        if rows and _fits(layout, list(dict.fromkeys(name for row in rows for name in row))):
            found.append(Table(layout, path, [(f"{path}: {layout.tag} {i}", row) for i, row in enumerate(rows, 1)]))
    return found, seen
