"""``bt-pdt demo``: the bundled bars, one strategy, four ways to be judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput
from . import compare
from .common import print_json
from .run import console, moment, progress_bar

if TYPE_CHECKING:
    from ..comparison import Comparison
    from ..results import Result

SAMPLE = "synthetic_1min_2026-05-07_2026-07-06.parquet"
STRATEGY = "opening_range_breakout.py"
SYMBOLS = ("IDXE", "LRGE", "IDX3")
CASH = 24_500.0
PER_TRADE = 12_000.0
#: The heading of each way and its mode.
WAYS = {"Rules off": "off", "Block on Entry": "entry", "Block on Exit": "exit", "Both": "both"}
#: The way whose picture is written: the one in which positions get stuck.
PICTURED = "Block on Exit"
PAGE = "report.html"
TITLE = "An opening range breakout, judged four ways"


@click.command()
@click.option(
    "--out", metavar="DIR", help="Writes the page, the picture and the folder of each run there (default: report.html and demo.png here)."
)
@click.option("--json", "as_json", is_flag=True, help="The four summaries as one JSON object.")
def demo(out: str | None, as_json: bool) -> None:
    """Runs one strategy with the rules off, Block on Entry, Block on Exit and Both, on bundled synthetic bars. Needs no network.

    An opening range breakout trades three symbols with $24,500: under $25,000, so three day trades in five business days are all it gets,
    until the intraday margin rules of 2026-06-04 do away with the count.
    """
    picture = place(out)
    page = picture.with_name(PAGE)
    with progress_bar("four runs") as progress:
        found = compared(progress)
    results = {run.name: run.result for run in found.runs}
    shown = results[PICTURED]
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        shown.figure().savefig(picture)
        found.to_html(page, title=TITLE)
    except OSError as error:
        raise BadInput(f"{picture}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    folders = {}
    if out is not None:
        folders = {name: str(result.save(Path(out) / folder_name(name))) for name, result in results.items()}
    if as_json:
        from ..results.folder import plain

        said = {"costs": found.cost_rows, "conclusions": found.conclusions, "page": str(page), "picture": str(picture), "folders": folders}
        print_json(plain({"runs": {n: r.summary for n, r in results.items()}} | said))
        return
    show(found)
    click.echo(f"\nwrote {page}: open it in a browser. The answer is on top, then what the rules cost, which orders were refused and why,")
    click.echo("and where the runs part; the buttons at its end show each run by itself.")
    click.echo(
        f"wrote {picture}: the run of {PICTURED}, a mark at each refusal" + (f"; the four run folders are in {out}" if folders else "")
    )


def place(out: str | None) -> Path:
    """Where the picture goes; raises :class:`BadInput` before anything runs if it cannot."""
    if out is None:
        page = Path(PAGE)
        if page.exists() and not (page.is_file() and b"Made by bt_pdt" in page.read_bytes()):
            raise BadInput(f"{PAGE}: is here already and was not made by bt_pdt; name a folder with --out.")
        return Path("demo.png")
    from ..results.folder import require_place

    if Path(out).exists() and not Path(out).is_dir():
        raise BadInput(f"--out {out}: is a file; name a folder.")
    for name in WAYS:
        require_place(Path(out) / folder_name(name))
    return Path(out) / "demo.png"


def folder_name(way: str) -> str:
    """``Block on Entry`` -> ``block_on_entry``."""
    return way.lower().replace(" ", "_")


def run_all(progress: Any = None) -> dict[str, Result]:
    """The four runs, by heading."""
    return {run.name: run.result for run in compared(progress).runs}


def compared(progress: Any = None) -> Comparison:
    """The four runs side by side, named by their headings."""
    from ..comparison import Comparison
    from ..comparison import compare as compare_runs
    from ..comparison.runs import Run
    from ..core.orders import Asset
    from ..runs import study

    samples = study.samples()
    found = compare_runs(
        samples.strategies / STRATEGY,
        samples.data / SAMPLE,
        cash=CASH,
        modes=WAYS.values(),
        symbols=SYMBOLS,
        params={"cash_per_trade": PER_TRADE},
        assets=[Asset("IDX3", leverage=3)],
        progress=progress,
    )
    return Comparison(tuple(Run(way, run.result) for way, run in zip(WAYS, found.runs, strict=True)), found.bars)


def table_rows(found: Comparison) -> list[tuple[str, ...]]:
    """The table without its frame: one row for each number, one column for each way after the first."""
    results = [run.result for run in found.runs]
    switch = next((e["day"].isoformat() for e in results[0].manifest["rules_by_day"] if e["regime"] == "intraday_margin"), "")
    rows = []
    for row in compare.table_rows(found):
        rows.append(row)
        if switch and row[0] == "refused":
            rows.append((f"  from {switch} on", *(f"{int((r.refusals['session'] >= switch).sum()):,}" for r in results)))
        elif switch and row[0] == "day trades":
            made = [r.day_trades.loc[r.day_trades["session"] < switch, "count"].sum() for r in results]
            rows.append((f"  before {switch}", *(f"{int(count):,}" for count in made)))
    return rows


def show(found: Comparison) -> None:
    """The four runs side by side, what the rules cost, and the first refusal of each."""
    from rich.table import Table

    out = console()
    first = found.runs[0].result
    days = [row["session"] for row in first.rows]
    for warning in first.warnings:
        out.print(f"! {warning}", soft_wrap=True)
    title = f"{found.title}, {', '.join(SYMBOLS)}, ${CASH:,.0f} at alpaca, {days[0]} to {days[-1]}"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for name in found.names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in table_rows(found):
        table.add_row(*row)
    out.print(table)
    for sentence in found.conclusions:
        out.print(f"- {sentence}", soft_wrap=True)
    for run in found.runs:
        refusals = run.result.refusals
        if len(refusals):
            out.print(f"{run.name}, first refusal, {moment(refusals['at'].iloc[0])}: {refusals['why'].iloc[0]}", soft_wrap=True)
