"""``bt-pdt rules``: the law in force on a day, what changed between two days, and every parameter that ``--set`` takes.

``--json`` prints one object. Its keys are stable:

- the law of a day: ``on``, ``brokerage``, ``title``, ``notes``, ``unknown``, ``regime``, ``parameters``: a list of ``name``, ``value``,
  ``unit``, ``meaning``, ``since``, ``not_before``, ``house``, ``extended``, ``unknown``, ``source`` (``title``, ``href``, ``read_on``,
  ``how``: ``page``, ``copy``, ``quotation``, ``reading`` or ``user``); ``not_in_force``: the names that this day's regime does not have;
  and ``calls``: a list of ``kind``, ``measured_by``, ``business_days`` (null without a due day), ``due``, ``met_by``, ``follows``.
- ``--diff``: ``from``, ``to``, ``brokerage``, ``changes``: a list of ``name``, ``before``, ``after``, ``unit``, ``meaning``, ``since``,
  ``not_before``, ``source`` (the last three null where the parameter ended).
- ``--parameters``: ``brokerage``, ``parameters``: a list of ``name``, ``type``, ``choices``, ``lowest``, ``highest``, ``default``, ``unit``,
  ``regime``, ``house``, ``meaning``.
- ``--compare``: ``on``, ``all``, ``brokerages``: a list of ``name``, ``title``, ``regime``, ``notes``, ``unknown``; ``parameters``: a list of
  ``name``, ``unit``, ``meaning`` and ``values``: by brokerage ``value``, ``in_force``, ``since``, ``not_before``, ``own``, ``extended``,
  ``unknown``, ``source``. ``value`` is the bare law's where ``unknown`` is true.

``not_before`` is null unless only a span is known: the value was first seen on ``since`` and began after ``not_before``.

Days are ISO dates. A table of price bands is a list of objects; ``below`` is null in the last one, which has no upper end. A value
that does not exist is null.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Any

import click

from ..account.deadlines import call_terms
from ..core.errors import BadInput, NotInForce
from ..law import PDT, Band, Parameter, Rulebook, ShortBand, Since, Source
from ..law.brokerages import NAMES, brokerage, rulebook_for
from ..law.parameters import finra, house, regt
from ..law.rulebook import HOW
from ..law.words import in_words as in_words

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
SECTIONS: tuple[tuple[str, tuple[Parameter, ...]], ...] = (
    ("Regulation T, settlement, cash account", regt.PARAMETERS),
    ("FINRA Rule 4210", finra.PARAMETERS),
    ("Set by the brokerage", house.PARAMETERS),
)


@click.command()
@click.option("--on", "day", metavar="DATE", help="The day whose law is shown (default: today).")
@click.option("--brokerage", "firm", metavar="NAME", help=f"One of {', '.join(NAMES)}; finra is the bare law.  [default: alpaca]")
@click.option("--compare", "firms", metavar="NAME,NAME...", help="These brokerages side by side: the parameters in which they differ.")
@click.option("--all", "everything", is_flag=True, help="With --compare: every parameter, also where they agree.")
@click.option("--diff", nargs=2, metavar="DAY1 DAY2", help="What changed from the first day to the second.")
@click.option("--parameters", "list_parameters", is_flag=True, help="Every parameter that --set NAME=VALUE takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def rules(
    day: str | None,
    firm: str | None,
    firms: str | None,
    everything: bool,
    diff: tuple[str, str] | None,
    list_parameters: bool,
    as_json: bool,
) -> None:
    """The margin law in force on a day, with its sources."""
    if diff and (day or list_parameters):
        raise BadInput("--diff already names its two days; give it without --on and without --parameters.")
    if everything and firms is None:
        raise BadInput("--all goes with --compare; without it every parameter is listed.")
    if firms is not None:
        from .side_by_side import compare_firms

        if firm or diff or list_parameters:
            raise BadInput("--compare already names its brokerages; give it without --brokerage, --diff and --parameters.")
        compare_firms(firms, day_of("--on", day) if day else date.today(), everything, as_json)
        return
    firm = firm or "alpaca"
    book = rulebook_for(firm)
    on = day_of("--on", day) if day else None
    if diff:
        _diff(firm, book, day_of("--diff", diff[0]), day_of("--diff", diff[1]), as_json)
    elif list_parameters:
        _parameters(firm, book, on, as_json)
    else:
        _law(firm, book, on or date.today(), as_json)


def day_of(option: str, text: str) -> date:
    """The date that ``option`` was given; raises :class:`BadInput` naming it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option} takes a date like 2026-06-04, got {text!r}.") from None


def _law(firm: str, book: Rulebook, day: date, as_json: bool) -> None:
    regime = book.regime_on(day)
    entries = {name: book.since(name, day) for name in book.parameters}
    absent = [name for name, entry in entries.items() if entry is None]
    house_of = brokerage(firm)
    if as_json:
        listed = [
            {
                **_names(book.parameter(name), entry.value),
                **since_of(entry),
                "house": book.parameter(name).house,
                "extended": entry.extended,
                "unknown": name in house_of.unknown,
                "source": source_of(entry.source),
            }
            for name, entry in entries.items()
            if entry is not None
        ]
        said = {"notes": list(house_of.notes), "unknown": list(house_of.unknown)}
        head = {"on": str(day), "brokerage": firm, "title": house_of.title, **said, "regime": regime}
        print_json({**head, "parameters": listed, "not_in_force": absent, "calls": [terms._asdict() for terms in call_terms(book.on(day))]})
        return
    console = console_of_width()
    console.print(f"{house_of.title}, {day}: {words(regime)} regime\n")
    footnotes: dict[Source, int] = {}
    for title, parameters in SECTIONS:
        rows = []
        for p in parameters:
            entry = entries[p.name]
            if entry is None:
                continue
            mark = "own" if p.name in house_of.overrides else "house" if book.parameter(p.name).house else ""
            mark = "extended" if entry.extended else mark
            mark = "unknown" if p.name in house_of.unknown else mark
            number = footnotes.setdefault(entry.source, len(footnotes) + 1)
            rows.append((p.name, in_words(p, entry.value), began_in_lines(entry), mark, f"[{number}]"))
        print_table(console, title, ("parameter", "value", "since", "", "source"), rows)
    click.echo("Margin calls: measured at a close, issued on the next session; days count from the measured one")
    for terms in call_terms(book.on(day)):
        wrapped(f"- {words(terms.kind)}: {terms.measured_by}; due {terms.due}; met by {terms.met_by}; {terms.follows}.")
    click.echo()
    other = "intraday margin" if regime == PDT else "pattern day trader"
    wrapped(f"{'own: a value of its own. ' if house_of.overrides else ''}house: left to brokerages by the law, at its neutral value.")
    wrapped("extended: the brokerage's first known value, carried back before its day. The law is never carried back.")
    if house_of.unknown:
        wrapped(f"unknown: {house_of.title} publishes nothing on it that was found; the value is the bare law's.")
    wrapped(f"{len(absent)} parameters of the {other} regime are not in force on this day (see --parameters).")
    for note in house_of.notes:
        wrapped(f"note: {note}")
    click.echo("\nSources")
    print_footnotes(footnotes)


def _diff(firm: str, book: Rulebook, first: date, second: date, as_json: bool) -> None:
    for day in (first, second):
        book.regime_on(day)
    changes = book.changes(first, second)
    if as_json:
        listed = [
            {
                "name": c.name,
                "before": plain(c.before),
                "after": plain(c.after),
                "unit": book.parameter(c.name).unit,
                "meaning": book.parameter(c.name).meaning,
                **({"since": None, "not_before": None} if c.since is None else since_of(c.since)),
                "source": None if c.since is None else source_of(c.since.source),
            }
            for c in changes
        ]
        print_json({"from": str(first), "to": str(second), "brokerage": firm, "changes": listed})
        return
    title = f"{brokerage(firm).title}, from {first} to {second}"
    if not changes:
        click.echo(f"{title}: nothing changed.")
        return
    console = console_of_width()
    footnotes: dict[Source, int] = {}
    rows = []
    for c in changes:
        p = book.parameter(c.name)
        number = "" if c.since is None else f"[{footnotes.setdefault(c.since.source, len(footnotes) + 1)}]"
        since = "" if c.since is None else began_in_lines(c.since)
        rows.append((c.name, in_words(p, c.before), "ended" if c.since is None else in_words(p, c.after), since, number))
    print_table(console, title, ("parameter", "before", "after", "since", "source"), rows)
    click.echo("Sources")
    print_footnotes(footnotes)


def _parameters(firm: str, book: Rulebook, day: date | None, as_json: bool) -> None:
    settable = [p for p in book.parameters.values() if p.kind is not None and not p.inert]
    if as_json:
        listed = [
            {
                "name": p.name,
                "type": _type(p),
                "choices": list(p.choices),
                "lowest": p.lowest if p.kind in (int, float) else None,
                "highest": p.highest if p.kind in (int, float) and p.highest != inf else None,
                "default": plain(_default(p, day)),
                "unit": p.unit,
                "regime": p.regime,
                "house": p.house,
                "meaning": p.meaning,
            }
            for p in settable
        ]
        print_json({"brokerage": firm, "parameters": listed})
        return
    click.echo(f"--set NAME=VALUE takes these names ({brokerage(firm).title}):\n")
    for p in settable:
        default = _default(p, day)
        shown = (
            "none"
            if default is None
            else str(default).lower()
            if isinstance(default, bool)
            else f"{default:g}"
            if p.kind is float
            else default
        )
        kind = " | ".join(p.choices) or _type(p)
        scope = f"; {words(p.regime)} regime only" if p.regime else ""
        click.echo(f"{p.name}={shown}")
        bounds = f"from {p.lowest:,g} to {p.highest:,.12g}" if p.highest != inf else f"{p.lowest:,g} or more"
        wrapped(f"{kind} {bounds} ({p.unit}){scope}" if p.kind in (int, float) else f"{kind}{scope}", "    ")
        wrapped(p.meaning, "    ")


def _default(parameter: Parameter, day: date | None) -> Any:
    """The value on ``day``, whatever the regime; without a day, or before the first one, the value in force last."""
    if day is None:
        return parameter.history[-1].value
    try:
        return parameter.on(day)
    except NotInForce:
        return parameter.history[0].value


def _type(parameter: Parameter) -> str:
    return (parameter.kind or str).__name__


def words(name: str) -> str:
    """A name as it is said."""
    return name.replace("_", " ")


def _names(parameter: Parameter, value: Any) -> dict[str, Any]:
    return {"name": parameter.name, "value": plain(value), "unit": parameter.unit, "meaning": parameter.meaning}


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, date):
        return str(value)
    if isinstance(value, Band | ShortBand):
        return {k: None if v == inf else v for k, v in value._asdict().items()}
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    return value


def source_of(source: Source) -> dict[str, str]:
    """A source as JSON holds it."""
    return {"title": source.title, "href": source.href, "read_on": str(source.read_on), "how": source.how}


def since_of(entry: Since) -> dict[str, str | None]:
    """The beginning of an entry as JSON holds it."""
    return {"since": str(entry.day), "not_before": None if entry.not_before is None else str(entry.not_before)}


def began_in_lines(entry: Since) -> str:
    """The beginning of an entry in a narrow column."""
    return entry.began().replace(", not before", ",\nnot before")


def print_json(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, indent=1, ensure_ascii=False))


def console_of_width() -> Console:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def print_table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, no_wrap=i == 0 or column in ("since", "source", ""))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def wrapped(sentence: str, indent: str = "") -> None:
    click.echo(textwrap.fill(sentence, WIDTH, initial_indent=indent, subsequent_indent=indent or "  "))


def print_footnotes(footnotes: dict[Source, int]) -> None:
    for source, number in footnotes.items():
        how = "" if source.how in ("reading", "user") else f" ({HOW[source.how]}, {source.read_on})"
        click.echo(textwrap.fill(f"[{number}] {source.title}{how}", WIDTH, subsequent_indent="     "))
        if source.href:
            click.echo(f"     {source.href}")
