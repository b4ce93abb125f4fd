"""Writes the tables of the documentation from the rulebook and the brokerages; nothing in them is typed by hand.

A page marks a table with two comments::

    <!-- table: parameters pdt_min_equity -->
    <!-- /table -->

and this script fills in what stands between them. ``python docs/make_tables.py`` writes, ``--check`` only says which pages are stale.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from bt_pdt.commands.rules import in_words
from bt_pdt.core.decisions import AdviceCode, Reason
from bt_pdt.law import INTRADAY, PDT, Parameter, Rulebook, Since, Source, law
from bt_pdt.law.brokerages import NAMES, brokerage, rulebook_for
from bt_pdt.law.rulebook import HOW
from bt_pdt.results.tables import columns as result_columns

DOCS = Path(__file__).resolve().parent
READINGS = "docs/readings.md"
READING = "bt_pdt reading: "
TABLE = re.compile(r"(<!-- table: (\w+) ?([^\n]*?) -->\n).*?(<!-- /table -->)", re.DOTALL)

#: The page of docs/rules on which a reason is explained.
PAGE_OF: dict[Reason, str] = {
    Reason.INVALID_ORDER: "prices.md",
    Reason.PRICE: "prices.md",
    Reason.TRADING_BLOCKED: "index.md",
    Reason.LIQUIDATION_ONLY: "pattern-day-trader.md",
    Reason.CLOSING_ONLY: "position-limit.md",
    Reason.CASH_AVAILABLE: "day-trading-buying-power.md",
    Reason.FROZEN_90_DAYS: "intraday-margin.md",
    Reason.PDT_RESTRICTED_DAYTRADE: "pattern-day-trader.md",
    Reason.NOT_SHORTABLE: "interest-and-borrow.md",
    Reason.NO_SHORT: "minimum-equity.md",
    Reason.MINIMUM_EQUITY: "minimum-equity.md",
    Reason.QTY: "quantity-and-wash.md",
    Reason.WASH: "quantity-and-wash.md",
    Reason.NON_MARGINABLE_BUYING_POWER: "regulation-t.md",
    Reason.BUYING_POWER: "regulation-t.md",
    Reason.DTBP: "day-trading-buying-power.md",
    Reason.PDT_COUNT: "day-trades.md",
    Reason.WITHDRAWAL: "minimum-equity.md",
}


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


def filled(page: Path) -> str:
    """The text of ``page`` with its tables as the rulebook has them now."""

    def table(found: re.Match[str]) -> str:
        begin, kind, names, end = found.groups()
        if kind not in KINDS:
            raise SystemExit(f"{page.relative_to(DOCS)}: there is no table {kind!r}; there are {', '.join(KINDS)}.")
        return "\n".join([begin, *KINDS[kind](page, names.split()), "", end])

    return TABLE.sub(table, page.read_text(encoding="utf-8"))


def named(kind: str) -> dict[str, list[str]]:
    """For each name that tables of ``kind`` are given: the pages that give it, relative to docs."""
    found: dict[str, list[str]] = {}
    for page in pages():
        for match in TABLE.finditer(page.read_text(encoding="utf-8")):
            if match[2] == kind:
                for name in match[3].split():
                    found.setdefault(name, []).append(page.relative_to(DOCS).as_posix())
    return found


# -- cells


def rows(*table: Iterable[str]) -> Iterator[str]:
    """A Markdown table; the first row is its head."""
    for i, row in enumerate(table):
        cells = [cell.replace("|", "\\|") for cell in row]
        yield f"| {' | '.join(cells)} |"
        if i == 0:
            yield "|" + "---|" * len(cells)


def relative(page: Path, target: str) -> str:
    """The link from ``page`` to ``target``, a path inside docs."""
    return os.path.relpath(DOCS / target, page.parent).replace(os.sep, "/")


def link(page: Path, source: Source) -> str:
    """A source with its address; a reading of ours leads to the page that says so."""
    title = source.title.replace("[", "(").replace("]", ")")
    if READING in title:
        before, sentence = title.split(READING)
        how = f"[reading]({relative(page, 'readings.md')}): {sentence}"
        if not before:
            return how
        title = before.rstrip("; ")
        return f"[{title}]({source.href}); {how}"
    title = f"[{title}]({source.href})" if source.href and source.href != READINGS else title
    return title if source.how == "page" else f"{title} ({HOW[source.how]})"


def first_day(book: Rulebook, parameter: Parameter, entry: Since) -> str:
    """The day an entry begins, with "or earlier" as far as that is known to be so."""
    if parameter.unit == "date":
        return ""
    if entry.value is None and entry is parameter.history[0]:
        return "before"
    begins = book.since("regime", date(2001, 9, 28))
    assert begins is not None
    if entry.not_before is not None:
        return entry.began()
    if parameter.house and entry is parameter.history[0] and entry.day > begins.day and parameter.regime != INTRADAY:
        return f"known by {entry.day}, carried back"
    earlier = entry.day == begins.day and parameter.regime is None and not parameter.house
    return f"{entry.day} or earlier" if earlier else str(entry.day)


def last_day(book: Rulebook, parameter: Parameter, i: int) -> str:
    """The last day of the ``i``-th entry: the eve of the next one, of the intraday margin rules, or none."""
    if i + 1 < len(parameter.history):
        after = parameter.history[i + 1]
        return f"{after.day - timedelta(days=1)}{'' if after.not_before is None else ' at the latest'}"
    if parameter.regime == PDT:
        return str(book.value("switch_day", date(2026, 6, 4)) - timedelta(days=1))
    return ""


def value_of(parameter: Parameter, entry: Since) -> str:
    """The value as a reader says it."""
    return in_words(parameter, entry.value)


# -- tables


def parameters(page: Path, names: list[str]) -> Iterator[str]:
    """Every value of these parameters by day: the law's or the neutral one, then each brokerage's that differs in value or in day."""
    table: list[tuple[str, ...]] = [("parameter", "at", "value", "from", "until", "source")]
    book = law()
    for name in names:
        if name == "regime":
            table += _regimes(page, book)
            continue
        parameter = book.parameter(name)
        who = "no brokerage" if parameter.house else "law"
        label = f"`{name}`<br>{parameter.meaning}"
        for i, entry in enumerate(parameter.history):
            day = (first_day(book, parameter, entry), last_day(book, parameter, i))
            table.append((label, who, value_of(parameter, entry), *day, link(page, entry.source)))
            label, who = "", ""
        for firm in NAMES:
            if name in brokerage(firm).overrides:
                table += _of_brokerage(page, firm, name)
    yield from rows(*table)


def _regimes(page: Path, book: Rulebook) -> Iterator[tuple[str, ...]]:
    """The two regimes under the law: the second one is no entry of its own, it follows from the day of the switch."""
    parameter = book.parameter("regime")
    switch = book.parameter("switch_day").history[0]
    first, second = parameter.history[0], Since(switch.value, INTRADAY, switch.source)
    label = f"`regime`<br>{parameter.meaning}"
    yield (label, "law", first.value, str(first.day), str(second.day - timedelta(days=1)), link(page, first.source))
    yield ("", "", second.value, str(second.day), "", link(page, second.source))


def _of_brokerage(page: Path, firm: str, name: str) -> Iterator[tuple[str, ...]]:
    book = rulebook_for(firm)
    parameter = book.parameter(name)
    who = f"[{brokerage(firm).name}]({relative(page, f'brokerages/{firm}.md')})"
    for i, entry in enumerate(parameter.history):
        day = (first_day(book, parameter, entry), last_day(book, parameter, i))
        yield ("", who, value_of(parameter, entry), *day, link(page, entry.source))
        who = ""


def overrides(page: Path, names: list[str]) -> Iterator[str]:
    """What a brokerage sets in the place of the law's values."""
    (firm,) = names
    own = brokerage(firm).overrides
    if not own:
        yield "None: every value is the rule's own, or the neutral one of a value that only a brokerage sets."
        return
    table: list[tuple[str, ...]] = [("parameter", "value", "from", "until", "instead of", "source")]
    book = rulebook_for(firm)
    for name in own:
        parameter = book.parameter(name)
        plain = law().parameter(name)
        label = f"`{name}`<br>{parameter.meaning}"
        for i, entry in enumerate(parameter.history):
            lawful = plain.on(max(entry.day, plain.history[0].day))
            day = (first_day(book, parameter, entry), last_day(book, parameter, i))
            table.append((label, value_of(parameter, entry), *day, in_words(plain, lawful), link(page, entry.source)))
            label = ""
    yield from rows(*table)


def wire(page: Path, names: list[str]) -> Iterator[str]:
    """The words of a brokerage's refusals."""
    (firm,) = names
    head = ("reason", "http", "code", "message", "further keys", "words from")
    table: list[tuple[str, ...]] = [head]
    for reason in Reason:
        said = brokerage(firm).wire[reason]
        keys = ", ".join(f"`{key}`" for key in said.extra_keys)
        where = relative(page, f"rules/{PAGE_OF[reason]}")
        code = "" if said.code is None else str(said.code)
        table.append((f"[`{reason}`]({where})", str(said.http_status), code, f"`{said.message}`", keys, link(page, said.source)))
    yield from rows(*table)


def notes(page: Path, names: list[str]) -> Iterator[str]:
    """What is not sourced or not simulated of a brokerage, in its own notes."""
    (firm,) = names
    for note in brokerage(firm).notes:
        yield f"- {note}"


def unknown(page: Path, names: list[str]) -> Iterator[str]:
    """What a brokerage publishes nothing about, with the bare law's answer."""
    (firm,) = names
    if not brokerage(firm).unknown:
        yield "Nothing is listed: the notes say what is missing."
        return
    table: list[tuple[str, ...]] = [("unknown", "answered by the bare law")]
    book = rulebook_for(firm)
    for name in brokerage(firm).unknown:
        parameter = book.parameter(name)
        table.append((f"`{name}`<br>{parameter.meaning}", value_of(parameter, parameter.history[-1])))
    yield from rows(*table)


def reasons(page: Path, names: list[str]) -> Iterator[str]:
    """Every reason in the order in which a brokerage looks, with its page and Alpaca's words."""
    table: list[tuple[str, ...]] = [("reason", "Alpaca says", "bt_pdt explains it in")]
    for reason in Reason:
        said = brokerage("alpaca").wire[reason]
        where = PAGE_OF[reason]
        title = heading(DOCS / "rules" / where)
        code = f" {said.code}" if said.code else ""
        table.append((f"`{reason}`", f"{said.http_status}{code}: {said.message}", f"[{title}]({relative(page, f'rules/{where}')})"))
    yield from rows(*table)


def firms(page: Path, names: list[str]) -> Iterator[str]:
    """The brokerages side by side: what decides whether an order is refused."""
    chosen = ("pdt_check", "dtbp_check", "pdt_under_25k", "switch_day", "imd_call_days", "practice_failures")
    table: list[tuple[str, ...]] = [("", *(f"`{name}`" for name in chosen), "sets", "unknown", "own words")]
    for firm in NAMES:
        book, own = rulebook_for(firm), brokerage(firm)
        cells = [_marked(book, name, name in own.overrides, name in own.unknown) for name in chosen]
        where = relative(page, f"brokerages/{firm}.md")
        table.append((f"[{firm}]({where})", *cells, f"{len(own.overrides)} values", str(len(own.unknown)), "yes" if own.speaks else "no"))
    yield from rows(*table)


def _marked(book: Rulebook, name: str, own: bool, unknown: bool) -> str:
    parameter = book.parameter(name)
    shown = in_words(parameter, parameter.history[-1].value)
    return f"**{shown}**" if own else f"{shown} (?)" if unknown else shown


def changes(page: Path, names: list[str]) -> Iterator[str]:
    """What changed at a brokerage from one day to another."""
    firm, first, second = names
    book = rulebook_for(firm)
    table: list[tuple[str, ...]] = [("parameter", first, second)]
    ended: list[str] = []
    came: list[str] = []
    for change in book.changes(date.fromisoformat(first), date.fromisoformat(second)):
        parameter = book.parameter(change.name)
        before, after = (book.since(change.name, date.fromisoformat(day)) for day in (first, second))
        if before is None or after is None:
            (came if before is None else ended).append(f"`{change.name}`")
        else:
            table.append((f"`{change.name}`", in_words(parameter, before.value), in_words(parameter, after.value)))
    yield from rows(*table)
    yield f"\nUp to {first} only: {', '.join(ended)}.\n"
    yield f"From {second} on: {', '.join(came)}."


def advice(page: Path, names: list[str]) -> Iterator[str]:
    """The codes of advice."""
    yield ", ".join(f"`{code}`" for code in AdviceCode)


def columns(page: Path, names: list[str]) -> Iterator[str]:
    """The columns of a table of a result."""
    (name,) = names
    yield from rows(
        ("column", "unit", "meaning"), *((f"`{column}`", about.unit, about.meaning) for column, about in result_columns(name).items())
    )


def heading(page: Path) -> str:
    """The title of a page."""
    return next(line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("# "))[2:]


KINDS: dict[str, Callable[[Path, list[str]], Iterator[str]]] = {
    "parameters": parameters,
    "overrides": overrides,
    "wire": wire,
    "notes": notes,
    "unknown": unknown,
    "reasons": reasons,
    "firms": firms,
    "changes": changes,
    "advice": advice,
    "columns": columns,
}


# -- what is outside the pages of the documentation, and pages that are not there yet


def readme(text: str) -> str:
    """The README with its list of brokerages."""
    listed = ", ".join(f"[{brokerage(name).title}](docs/brokerages/{name}.md) `{name}`" for name in NAMES)
    return re.sub(r"(<!-- brokerages -->\n).*?(\n<!-- /brokerages -->)", rf"\1Brokerages: {listed}.\2", text, flags=re.S)


def navigation(text: str) -> str:
    """The site's navigation with a line for each brokerage: Alpaca and the bare law first."""
    ordered = sorted(NAMES, key=lambda name: (name not in ("alpaca", "finra"), name))
    lines = "".join(f"      - brokerages/{name}.md\n" for name in ordered)
    return re.sub(r"(      # written by docs/make_tables.py\n).*?(      # that is all\n)", rf"\1{lines}\2", text, flags=re.S)


OUTSIDE: dict[Path, Callable[[str], str]] = {DOCS.parent / "README.md": readme, DOCS.parent / "mkdocs.yml": navigation}

_SKELETON = """# {title}

`brokerage="{name}"`

## What it sets

<!-- table: overrides {name} -->

<!-- /table -->

Every other parameter is the rule's own; `bt-pdt rules --brokerage {name}` prints all of them.

## What is unknown

<!-- table: unknown {name} -->

<!-- /table -->

## Words of its refusals

<!-- table: wire {name} -->

<!-- /table -->

## Notes

<!-- table: notes {name} -->

<!-- /table -->
"""


def missing() -> dict[Path, str]:
    """Pages of brokerages that nobody has written yet, as they begin."""
    homes = {name: DOCS / "brokerages" / f"{name}.md" for name in NAMES}
    return {page: _SKELETON.format(name=name, title=brokerage(name).title) for name, page in homes.items() if not page.exists()}


def main(arguments: list[str]) -> int:
    """Writes the stale pages, or with ``--check`` names them and answers 1."""
    only_say = "--check" in arguments
    unwritten = missing()
    stale = list(unwritten)
    for page, text in unwritten.items():
        if not only_say:
            page.write_text(text, encoding="utf-8")
    wanted: dict[Path, Callable[[], str]] = {path: (lambda path=path: OUTSIDE[path](path.read_text(encoding="utf-8"))) for path in OUTSIDE}  # type: ignore[misc]
    wanted |= {page: (lambda page=page: filled(page)) for page in pages()}  # type: ignore[misc]
    for page, made in wanted.items():
        text = made()
        if text != page.read_text(encoding="utf-8"):
            stale.append(page)
            if not only_say:
                page.write_text(text, encoding="utf-8")
    for page in dict.fromkeys(stale):
        print(page.relative_to(DOCS.parent))
    return int(bool(stale) and only_say)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
