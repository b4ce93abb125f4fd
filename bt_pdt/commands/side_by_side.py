"""``bt-pdt rules --compare``: brokerages side by side on one day, by default only where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import click

from ..core.errors import BadInput, known_name
from ..law import Parameter, Rulebook, Since, Source
from ..law.brokerages import NAMES, brokerage, rulebook_for
from ..law.words import in_words
from .rules import SECTIONS, console_of_width, plain, print_footnotes, print_json, print_table, since_of, source_of, words, wrapped


class Cell(NamedTuple):
    """A brokerage's value of one parameter: ``entry`` in force (None: not in this regime), ``own`` or the bare law's, ``unknown``."""

    entry: Since | None
    own: bool
    unknown: bool


def compare_firms(text: str, day: date, everything: bool, as_json: bool) -> None:
    """Prints the brokerages of ``text`` (names with commas between them) side by side on ``day``."""
    names = _named(text, as_json)
    books = {name: rulebook_for(name) for name in names}
    every = list(_cells(books, day))
    found = [(p, cells) for p, cells in every if everything or _differ(cells)]
    if as_json:
        print_json(_json(books, day, everything, found))
        return
    footnotes: dict[Source, int] = {}
    console = console_of_width()
    regimes = {name: words(book.regime_on(day)) for name, book in books.items()}
    one = len(set(regimes.values())) == 1
    console.print(f"{', '.join(brokerage(name).title for name in names)}, {day}{f': {regimes[names[0]]} regime' if one else ''}\n")
    head = ("parameter", *(name if one else f"{name}\n({regime})" for name, regime in regimes.items()))
    for title, parameters in SECTIONS:
        mine = {p.name for p in parameters}
        rows = [(p.name, *(_cell(p, cell, footnotes) for cell in cells.values())) for p, cells in found if p.name in mine]
        if rows:
            print_table(console, title, head, rows)
    if not found:
        click.echo("They differ in nothing on this day; --all lists what they share.\n")
    wrapped(
        "[n]: the brokerage's own value and its source. Without a number it is the bare law's, which nothing known of the firm replaces."
    )
    wrapped("unknown: the firm publishes nothing on it that was found; the bare law answers." + ("" if one else " -: not in its regime."))
    counts = {name: sum(cells[name].unknown and cells[name].entry is not None for _, cells in every) for name in names}
    if any(counts.values()):
        counted = [f"{name} {count}" for name, count in counts.items()]
        wrapped(
            f"Unknown of {len(every)} parameters in force on this day: {', '.join(counted)}. Where two firms agree in those, it is the bare law."
        )
    wrapped("What a parameter means: 'bt-pdt rules --compare ... --json', and 'bt-pdt rules --parameters' for those that --set takes.")
    if footnotes:
        click.echo("\nSources")
        print_footnotes(footnotes)


def _named(text: str, as_json: bool) -> list[str]:
    words_of = [name.strip() for name in text.split(",")]
    if words_of == ["all"]:
        if as_json:
            return list(NAMES)
        raise BadInput(f"--compare all does not fit side by side; give it with --json, or some of {', '.join(NAMES)}.")
    names = [known_name("brokerage", name, NAMES) for name in words_of if name]
    if len(names) < 2 or len(set(names)) < len(words_of):
        raise BadInput(f"--compare takes two brokerages or more, each once, like alpaca,schwab, got {text!r}.")
    return names


def _cells(books: dict[str, Rulebook], day: date) -> Iterator[tuple[Parameter, dict[str, Cell]]]:
    first = next(iter(books.values()))
    for name, parameter in first.parameters.items():
        cells = {}
        for firm, book in books.items():
            about = brokerage(firm)
            cells[firm] = Cell(book.since(name, day), name in about.overrides, name in about.unknown)
        if any(cell.entry is not None for cell in cells.values()):
            yield parameter, cells


def _differ(cells: dict[str, Cell]) -> bool:
    first, *rest = (None if cell.entry is None else cell.entry.value for cell in cells.values())
    return any(value != first for value in rest)


def _cell(parameter: Parameter, cell: Cell, footnotes: dict[Source, int]) -> str:
    if cell.entry is None:
        return "-"
    value = in_words(parameter, cell.entry.value)
    if cell.unknown:
        return f"unknown (bare law: {value})"
    return f"{value} [{footnotes.setdefault(cell.entry.source, len(footnotes) + 1)}]" if cell.own else value


def _json(books: dict[str, Rulebook], day: date, everything: bool, found: list[tuple[Parameter, dict[str, Cell]]]) -> dict[str, Any]:
    firms = []
    for name, book in books.items():
        about = brokerage(name)
        said = {"notes": list(about.notes), "unknown": list(about.unknown)}
        firms.append({"name": name, "title": about.title, "regime": book.regime_on(day), **said})
    listed = []
    for p, cells in found:
        values = {
            firm: {
                "value": None if entry is None else plain(entry.value),
                "in_force": entry is not None,
                **({"since": None, "not_before": None} if entry is None else since_of(entry)),
                "own": own,
                "extended": entry is not None and entry.extended,
                "unknown": unknown,
                "source": None if entry is None else source_of(entry.source),
            }
            for firm, (entry, own, unknown) in cells.items()
        }
        listed.append({"name": p.name, "unit": p.unit, "meaning": p.meaning, "values": values})
    return {"on": str(day), "all": everything, "brokerages": firms, "parameters": listed}
