"""``bt-pdt demo``: the bundled bars, one strategy, four ways to be judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import BadInput
from .common import print_json
from .run import console, moment, money, progress_bar, share

if TYPE_CHECKING:
    from ..report import Result

SAMPLE = "synthetic_1min_2026-05-07_2026-07-06.parquet"
STRATEGY = "opening_range_breakout.py"
SYMBOLS = ("IDXE", "LRGE", "IDX3")
CASH = 24_500.0
PER_TRADE = 12_000.0
#: The heading of each way and the arguments of ``bt_pdt.run`` behind it.
WAYS: dict[str, dict[str, Any]] = {
    "Rules off": {"rules": "off"},
    "Block on Entry": {"block_on": "entry"},
    "Block on Exit": {"block_on": "exit"},
    "Both": {"block_on": "both"},
}
#: The way whose picture is written: the one in which positions get stuck.
PICTURED = "Block on Exit"


@click.command()
@click.option("--out", metavar="DIR", help="Writes the picture and the folder of each of the four runs there (default: demo.png here).")
@click.option("--json", "as_json", is_flag=True, help="The four summaries as one JSON object.")
def demo(out: str | None, as_json: bool) -> None:
    """Runs one strategy with the rules off, Block on Entry, Block on Exit and Both, on bundled synthetic bars. Needs no network.

    An opening range breakout trades three symbols with $24,500: under $25,000, so three day trades in five business days are all it gets,
    until the intraday margin rules of 2026-06-04 do away with the count.
    """
    picture = place(out)
    with progress_bar("four runs") as tell:
        results = run_all(tell)
    shown = results[PICTURED]
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        shown.figure().savefig(picture)
    except OSError as error:
        raise BadInput(f"{picture}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    folders = {}
    if out is not None:
        folders = {name: str(result.save(Path(out) / folder_name(name))) for name, result in results.items()}
    if as_json:
        from ..report.folder import plain

        print_json(plain({"runs": {n: r.summary for n, r in results.items()}, "picture": str(picture), "folders": folders}))
        return
    show(results)
    click.echo(f"\nwrote {picture} ({PICTURED})" + (f" and the four run folders in {out}" if folders else ""))


def place(out: str | None) -> Path:
    """Where the picture goes; raises :class:`BadInput` before anything runs if it cannot."""
    if out is None:
        return Path("demo.png")
    from ..report.folder import require_place

    if Path(out).exists() and not Path(out).is_dir():
        raise BadInput(f"--out {out}: is a file; name a folder.")
    for name in WAYS:
        require_place(Path(out) / folder_name(name))
    return Path(out) / "demo.png"


def folder_name(way: str) -> str:
    """``Block on Entry`` -> ``block_on_entry``."""
    return way.lower().replace(" ", "_")


def run_all(tell: Any = None) -> dict[str, Result]:
    """The four runs, by heading."""
    from .. import study
    from ..orders import Asset

    found = study.samples()
    bars = study.load_bars(found.data / SAMPLE, symbols=SYMBOLS)
    results = {}
    for k, (name, way) in enumerate(WAYS.items()):

        def told(done: int, total: int, k: int = k) -> None:
            tell(k * total + done, len(WAYS) * total)

        results[name] = study.run(
            found.strategies / STRATEGY,
            bars,
            cash=CASH,
            symbols=SYMBOLS,
            params={"cash_per_trade": PER_TRADE},
            assets=[Asset("IDX3", leverage=3)],
            progress=told if tell is not None else None,
            **way,
        )
    return results


def table_rows(results: dict[str, Result]) -> list[tuple[str, ...]]:
    """The table without its frame: one row for each number, one column for each way after the first."""
    summaries = [result.summary for result in results.values()]
    switch = next(
        (e["day"].isoformat() for e in next(iter(results.values())).manifest["rules_by_day"] if e["regime"] == "intraday_margin"), ""
    )
    reasons = sorted({n for s in summaries for n in s if n.startswith("refused_")}, key=lambda n: -max(s.get(n, 0) for s in summaries))
    rows: list[tuple[str, ...]] = [
        ("equity at the end", *(money(s["equity_end"]) for s in summaries)),
        ("return", *(share(s["total_return"]) for s in summaries)),
        ("max drawdown", *(share(s["max_drawdown"]) for s in summaries)),
        ("Sharpe (daily, 252)", *("-" if s["sharpe"] is None else f"{s['sharpe']:.2f}" for s in summaries)),
        ("orders", *(f"{s['orders']:,}" for s in summaries)),
        ("refused", *(f"{s['refused']:,}" for s in summaries)),
    ]
    rows += [(f"  {name.removeprefix('refused_')}", *(f"{s.get(name, 0):,}" for s in summaries)) for name in reasons]
    if switch:
        late = [int((r.refusals["session"] >= switch).sum()) for r in results.values()]
        rows.append((f"  from {switch} on", *(f"{count:,}" for count in late)))
    rows += [
        ("  of orders to close", *(f"{int(r.refusals['closing'].sum()):,}" for r in results.values())),
        ("held overnight, exit refused", *(f"{s['held_overnight']:,}" for s in summaries)),
        ("day trades", *(f"{s['day_trades']:,}" for s in summaries)),
    ]
    if switch:
        early = [int(r.day_trades.loc[r.day_trades["session"] < switch, "count"].sum()) for r in results.values()]
        rows.append((f"  before {switch}", *(f"{count:,}" for count in early)))
    for name, words in (("calls", "margin calls"), ("forced_fills", "forced sales")):
        if any(s[name] for s in summaries):
            rows.append((words, *(f"{s[name]:,}" for s in summaries)))
    return rows


def show(results: dict[str, Result]) -> None:
    """The four runs side by side, and what the difference is."""
    from rich.table import Table

    out = console()
    first = next(iter(results.values()))
    days = [row["session"] for row in first.rows]
    for warning in first.warnings:
        out.print(f"! {warning}", soft_wrap=True)
    title = f"{first.manifest['strategy']['class']}, {', '.join(SYMBOLS)}, ${CASH:,.0f} at alpaca, {days[0]} to {days[-1]}"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for name in results:
        table.add_column(name, justify="right", no_wrap=True)
    for row in table_rows(results):
        table.add_row(*row)
    out.print(table)
    for name, result in results.items():
        refusals = result.refusals
        if len(refusals):
            out.print(f"{name}, first refusal, {moment(refusals['at'].iloc[0])}: {refusals['why'].iloc[0]}", soft_wrap=True)
