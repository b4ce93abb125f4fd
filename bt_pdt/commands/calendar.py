"""``bt-pdt calendar``: every due day that something of a day starts, with the rule and its source.

``--json`` prints one object. Its keys are stable: ``from``, ``session``, ``brokerage``, ``regime`` (null before the day-trading rules),
``clocks`` and ``left_out``, a sentence. A clock has ``name``, ``label``, ``shape``, ``on`` (of the shape ``day``) or ``days`` (of the
shapes ``days`` and ``span``, the first and the last day of a period), ``rule``, and ``source`` (``title``, ``href``, ``how``, and ``read_on``,
which is null where --set gave the value).
"""

from __future__ import annotations

import textwrap
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from ..law.brokerages import NAMES, brokerage, rulebook_for
from .common import pairs, print_json
from .rules import day_of, source_of, words

if TYPE_CHECKING:
    from ..account.deadlines import Clock
    from ..law import Source

WIDTH = 80


@click.command()
@click.option("--from", "day", metavar="DATE", required=True, help="The day on which it happens.")
@click.option(
    "--brokerage", "firm", default="alpaca", show_default=True, metavar="NAME", help=f"One of {', '.join(NAMES)}; finra is the bare law."
)
@click.option(
    "--set", "overrides", metavar="NAME=VALUE", multiple=True, help="Overrides a parameter; 'bt-pdt rules --parameters' lists them."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def calendar(day: str, firm: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Due days of what happens on a day.

    A trade, a deficit measured at its close, a deposit, a missed deadline: when it settles, when a call is due,
    when a restriction ends.

    \b
    bt-pdt calendar --from 2026-06-15
    bt-pdt calendar --from 2025-12-18 --brokerage finra
    """
    from ..account.deadlines import absent_clocks, clocks, regime_or_none

    start = day_of("--from", day)
    book = rulebook_for(firm).override(pairs("--set", overrides))
    found = clocks(book, start)
    session = found[0].days[0]
    regime, rest = regime_or_none(book, session), absent_clocks(book, start)
    if as_json:
        head = {"from": str(start), "session": str(session), "brokerage": firm, "regime": regime}
        print_json({**head, "clocks": [_plain(clock) for clock in found], "left_out": rest})
        return
    title = f"{brokerage(firm).title}, {_weekday(start)}"
    click.echo(_filled(f"{title}: {words(regime)} regime" if regime else title) + "\n")
    numbers: dict[tuple[str, Source], int] = {}
    _table([(clock, numbers.setdefault((clock.rule, clock.source), len(numbers) + 1)) for clock in found])
    click.echo("\n" + _filled("A deadline is the close of its day. What follows an unmet call ends sooner if the call is met."))
    click.echo(_filled(rest) + "\n")
    for (rule, source), number in numbers.items():
        click.echo(_filled(f"[{number}] {rule}" + ("" if source.title in rule else f": {source.title}"), "     "))
        if source.href:
            click.echo(f"     {source.href}")


def _plain(clock: Clock) -> dict[str, Any]:
    """A clock as JSON holds it."""
    when = {"on": str(clock.days[0])} if clock.shape == "day" else {"days": [str(day) for day in clock.days]}
    source = source_of(clock.source) | ({"read_on": None} if clock.source.read_on == date.min else {})
    return {"name": clock.name, "label": clock.label, "shape": clock.shape, **when, "rule": clock.rule, "source": source}


def _table(rows: list[tuple[Clock, int]]) -> None:
    """What, when, and the number of its rule."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("what")
    table.add_column("when", max_width=23)
    table.add_column("rule", no_wrap=True)
    for clock, number in rows:
        table.add_row(Text(clock.label), Text(_when(clock)), Text(f"[{number}]"))
    console = Console(highlight=False, markup=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    console.print(table)


def _when(clock: Clock) -> str:
    if clock.shape == "day":
        return _weekday(clock.days[0])
    return (" - " if clock.shape == "span" else ", ").join(map(str, clock.days)) or "none"


def _weekday(day: date) -> str:
    return f"{day:%a} {day}"


def _filled(sentence: str, indent: str = "") -> str:
    return textwrap.fill(sentence, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
