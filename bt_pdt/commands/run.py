"""``bt-pdt run``: a strategy file over bar files, under the rules."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput, known_name
from .common import a_day, account_options, load_options, loading, pairs, print_json, run_json
from .owed import show_owed

if TYPE_CHECKING:
    from rich.console import Console

    from ..core.orders import Asset
    from ..results import Result

CHECKS = ("entry", "exit", "both")
ANSWERS = ("ignore", "deposit", "liquidate")
ASSET_FACTS = ("leverage", "marginable", "shortable", "easy_to_borrow", "maintenance")


@click.command()
@click.argument("strategy", metavar="STRATEGY.py[:Class]")
@click.argument("script_arguments", metavar="[-- ARGUMENTS]", nargs=-1, type=click.UNPROCESSED)
@click.option("--data", "files", multiple=True, metavar="FILE", help="Bars in any usual format; several times for several files.")
@click.option(
    "--script",
    is_flag=True,
    help="Runs a whole script that builds its own cerebro, as it is, with the law under it; its arguments follow --.",
)
@click.option("--cash", type=float, default=None, help="Dollars at the start (default 100000; of a script: its own).")
@account_options
@click.option("--block-on", metavar="MODE", help="entry, exit or both: sets --pdt-check and --dtbp-check at once.")
@click.option("--param", "params", metavar="NAME=VALUE", multiple=True, help="A parameter of the strategy.")
@click.option("--sizer", metavar="TEXT", help="Answers where an order has no size, like 'PercentOfEquity(percent=50)'.")
@click.option(
    "--asset", "assets", metavar="SYM:FACT=VALUE,...", multiple=True, help="Facts of a security, like TQQQ:leverage=3,marginable=false."
)
@click.option(
    "--deposit",
    "deposits",
    metavar="DAY=DOLLARS",
    multiple=True,
    help="Comes in at the open of that session, negative goes out; several times for several.",
)
@click.option("--on-call", metavar="WORD", help="The customer's answer to a margin call: ignore (default), deposit or liquidate.")
@click.option("--worst-price", is_flag=True, help="Tests equity at each bar's low (of shorts: high) too, not at its close alone.")
@click.option("--no-costs", is_flag=True, help="Charges neither margin interest nor borrow fees.")
@click.option("--symbols", metavar="A,B", help="Only these symbols; the strategy sees them in this order.")
@click.option(
    "--resample", "resample", metavar="LENGTH", multiple=True, help="Adds feeds of longer bars, like 15min or 1d, in the order given."
)
@click.option("--from", "fromdate", metavar="DATE", callback=a_day, help="First day.")
@click.option("--to", "todate", metavar="DATE", callback=a_day, help="Last day, included.")
@click.option(
    "--trade-from", metavar="DATE", callback=a_day, help="On bars before it the strategy's indicators work, and it does not trade."
)
@load_options
@click.option("--out", metavar="DIR", help="Writes the run folder: manifest, tables, picture, page.")
@click.option("--html", "page", metavar="FILE", help="Writes the run as one page: interactive picture, refusals explained, calls, rules.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def run(
    strategy: str,
    script_arguments: tuple[str, ...],
    files: tuple[str, ...],
    script: bool,
    cash: float | None,
    brokerage: str | None,
    rules: str | None,
    pdt_check: str | None,
    dtbp_check: str | None,
    overrides: tuple[str, ...],
    block_on: str | None,
    params: tuple[str, ...],
    sizer: str | None,
    assets: tuple[str, ...],
    deposits: tuple[str, ...],
    on_call: str | None,
    worst_price: bool,
    no_costs: bool,
    symbols: str | None,
    resample: tuple[str, ...],
    fromdate: str | None,
    todate: str | None,
    trade_from: str | None,
    out: str | None,
    page: str | None,
    as_json: bool,
    **about_data: Any,
) -> None:
    """Runs a backtrader strategy as it is over bars, with a margin account behind it that obeys the law of each day.

    Without --block-on a brokerage's own checks hold: at Alpaca the day-trade count refuses on exit, day-trading buying power on entry.
    """
    for option, mode in (("--block-on", block_on), ("--pdt-check", pdt_check), ("--dtbp-check", dtbp_check)):
        if mode is not None:
            known_name(option, mode, CHECKS)
    if block_on is not None and (pdt_check is not None or dtbp_check is not None):
        raise BadInput("--block-on sets --pdt-check and --dtbp-check; give it, or them, but not both.")
    texts = pairs("--param", params)
    settings = pairs("--set", overrides)
    facts = [read_asset(text) for text in assets]
    flows = [read_deposit(text) for text in deposits]
    if on_call is not None:
        known_name("--on-call", on_call, ANSWERS)
    if out is not None:
        from ..results.folder import require_place

        require_place(out)
    if page is not None:
        from ..results.page.page import require_file

        require_file(page)

    if script:
        own: dict[str, Any] = {
            "--data": files,
            "--param": params,
            "--sizer": sizer,
            "--symbols": symbols,
            "--resample": resample,
            "--from": fromdate,
        }
        own |= {"--to": todate, "--trade-from": trade_from}
        own |= {f"--{name.replace('_', '-')}": given for name, given in about_data.items()}
        for option, given in own.items():
            if given:
                raise BadInput(f"{option} does not go with --script: the script builds its own feeds and strategies.")
        law: dict[str, Any] = {"brokerage": brokerage or "alpaca", "rules": rules or "as_of", "block_on": block_on, "pdt_check": pdt_check}
        law |= {"dtbp_check": dtbp_check, "set": settings, "assets": facts, "deposits": flows, "on_call": on_call or "ignore"}
        law |= {"worst_price": worst_price, "charge_costs": not no_costs, "cash": cash}
        _script(strategy, script_arguments, law, out, page, as_json)
        return
    if script_arguments:
        raise BadInput(f"got an unexpected argument {script_arguments[0]!r}; arguments after the file are a script's, with --script.")
    if not files:
        raise BadInput("give the bars with --data FILE, or --script if the file builds its own cerebro.")

    from ..runs import study

    chosen = study.load_strategy(strategy)
    values = study.read_params(chosen, texts)
    names = None if symbols is None else [name.strip() for name in symbols.split(",") if name.strip()]
    with progress_bar("running") as report:
        bars = study.load_bars(files, symbols=names, fromdate=fromdate, todate=todate, **loading(about_data))
        result = study.run(
            chosen,
            bars,
            cash=100_000.0 if cash is None else cash,
            brokerage=brokerage or "alpaca",
            rules=rules or "as_of",
            block_on=block_on,
            pdt_check=pdt_check,
            dtbp_check=dtbp_check,
            set=settings,
            params=values,
            sizer=sizer,
            assets=facts,
            deposits=flows,
            on_call=on_call or "ignore",
            worst_price=worst_price,
            charge_costs=not no_costs,
            symbols=names,
            resample=resample,
            trade_from=trade_from,
            progress=report,
        )
    folder = result.save(out) if out is not None else None
    if page is not None:
        result.to_html(page)
    if as_json:
        print_json(run_json(result, folder) | {"html": page})
        return
    show(result, out)
    if folder is not None:
        click.echo(f"wrote {out}: manifest.json, report.html, run.png and the tables")
    if page is not None:
        click.echo(f"wrote {page}")


def _script(file: str, arguments: tuple[str, ...], law: dict[str, Any], out: str | None, page: str | None, as_json: bool) -> None:
    """A whole script under the law: one answer for each run of a cerebro in it."""
    import contextlib
    import warnings
    from pathlib import Path

    from ..host.scripts import run_script
    from ..results.page.page import write

    printed = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with printed, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"bt_pdt\.")  # they are in the results, and printed from there
        results = run_script(file, arguments, **law)
    several = len(results) > 1
    folders = {}
    for k, (name, result) in enumerate(results.items(), 1):
        if out is not None:
            folders[name] = result.save(Path(out) / str(k) if several else out)
    if page is not None:
        write(page, list(results.items()))
    if as_json:
        told = {name: run_json(result, folders.get(name)) | {"html": page} for name, result in results.items()}
        print_json(told if several else next(iter(told.values())))
        return
    for name, result in results.items():
        if several:
            click.echo(f"\n== {name}")
        show(result, out)
        if name in folders:
            click.echo(f"wrote {folders[name]}: manifest.json, report.html, run.png and the tables")
    if page is not None:
        click.echo(f"wrote {page}")


def read_deposit(text: str) -> tuple[date, float]:
    """``2020-03-16=5000`` as (day, dollars); raises :class:`BadInput`."""
    day, _, amount = text.partition("=")
    try:
        dollars = float(amount)
        found = date.fromisoformat(day.strip()), dollars
    except ValueError:
        found = None
    if found is None or not math.isfinite(dollars) or not dollars:
        raise BadInput(f"--deposit takes DAY=DOLLARS, like 2020-03-16=5000 (negative to withdraw), got {text!r}.")
    return found


def read_asset(text: str) -> Asset:
    """``SYM:leverage=3,marginable=false`` as an :class:`Asset`; raises :class:`BadInput`."""
    from ..core.orders import Asset

    symbol, colon, rest = text.partition(":")
    if not colon or not symbol or not rest:
        raise BadInput(f"--asset takes SYMBOL:FACT=VALUE,..., like TQQQ:leverage=3, got {text!r}.")
    found: dict[str, Any] = {}
    for name, value in pairs("--asset", tuple(rest.split(","))).items():
        known_name("asset fact", name, ASSET_FACTS)
        if name in ("leverage", "maintenance"):
            try:
                found[name] = float(value)
            except ValueError:
                raise BadInput(f"--asset {symbol}: {name} takes a number, got {value!r}.") from None
        elif value.lower() in ("true", "false"):
            found[name] = value.lower() == "true"
        else:
            raise BadInput(f"--asset {symbol}: {name} takes true or false, got {value!r}.")
    return Asset(symbol, **found)


@contextmanager
def progress_bar(words: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the error stream, on a terminal only; it goes when the work is done."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn(words), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def console() -> Console:
    """Standard output for tables: plain words, at least 100 columns where nobody looks at a terminal."""
    from rich.console import Console

    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 120)


def show(result: Result, folder: str | None = None) -> None:
    """The summary for people: the detected format of the data, warnings, the numbers, refusals by reason with an example each, calls."""
    from rich.table import Table

    out = console()
    for line in result.manifest["data"]["detected_format"]:
        out.print(line, soft_wrap=True)
    for warning in result.warnings:
        out.print(f"! {warning}", soft_wrap=True)
    out.print()
    about, parameters = result.manifest["strategy"], result.manifest["parameters"]
    table = Table(title=f"{about['class']} at {parameters['brokerage']}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in summary_lines(result):
        table.add_row(name, value)
    out.print(table)
    refusals = result.refusals
    if len(refusals):
        out.print("\nRefused")
        for reason, count in refusals["reason"].value_counts().items():
            first = refusals[refusals["reason"] == reason].iloc[0]
            out.print(f"{count:>6,}  {reason}: {moment(first['at'])}: {first['why']}", soft_wrap=True)
    if result.issued or result.restricted or result.account_closed:
        rest = "calls.csv" if folder is not None else "calls.csv (--out DIR writes it)"
        out.print()
        show_owed(out, result.call_rows, result.restriction_rows, result.account_closed, rest)


def moment(at: Any) -> str:
    """A time of the journal to the minute; an order may come before the first bar."""
    return "before the first bar" if at != at else f"{at:%Y-%m-%d %H:%M}"


def share(value: float | None, digits: int = 2) -> str:
    """A fraction as percent; ``-`` where there is none."""
    return "-" if value is None else f"{value:.{digits}%}"


def money(value: float | None) -> str:
    """Dollars with cents; ``-`` where there are none."""
    return "-" if value is None else f"${value:,.2f}" if value >= 0 else f"-${-value:,.2f}"


def summary_lines(result: Result) -> Iterator[tuple[str, str]]:
    """The summary as (name, value) in words."""
    from ..results.cash import is_a_years

    s = result.summary
    rows = result.rows
    seen = f", {s['sessions_with_bars']:,} of them with bars" if s["sessions_with_bars"] < s["sessions"] else ""
    yield "sessions", f"{rows[0]['session']} to {rows[-1]['session']} ({s['sessions']:,}{seen})" if rows else "0"
    if result.manifest["parameters"].get("sizer"):
        yield "sizer", result.manifest["parameters"]["sizer"]
    yield "equity", f"{money(s['equity_start'])} to {money(s['equity_end'])}"
    if s["deposits"] or s["withdrawals"]:
        yield "deposits", money(s["deposits"])
        yield "withdrawals", money(s["withdrawals"])
        yield "return, time-weighted", share(s["time_weighted_return"])
        yield "return, money-weighted", share(s["money_weighted_return"]) + (" a year" if is_a_years(result.rows) else "")
    else:
        yield "return", share(s["total_return"])
    for name, words in (("interest", "margin interest paid"), ("borrow_fees", "borrow fees paid")):
        if s[name]:
            yield words, money(s[name])
    yield "max drawdown", share(s["max_drawdown"])
    yield "Sharpe (daily, 252)", "-" if s["sharpe"] is None else f"{s['sharpe']:.2f}"
    yield "orders", f"{s['orders']:,}"
    yield "accepted", f"{s['accepted']:,}"
    yield "refused", f"{s['refused']:,}"
    for name, value in s.items():
        if name.startswith("refused_"):
            yield f"  {name.removeprefix('refused_')}", f"{value:,}"
    yield "fills", f"{s['fills']:,}"
    yield "day trades", f"{s['day_trades']:,}"
    yield "held overnight, exit refused", f"{s['held_overnight']:,}"
    yield "peak DTBP use", share(s["peak_dtbp_use"], 1)
    yield "lowest DTBP", money(s["lowest_dtbp"])
    if s["calls"]:
        yield "margin calls", f"{s['calls']:,}"
        yield "forced sales", f"{s['forced_fills']:,}"
