"""``bt-pdt compare``: one strategy under several modes, brokerages, laws and sizes of account, or saved runs, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput, known_name
from .common import LOAD_OPTIONS, a_day, every_run_options, load_options, loading, pairs, print_json
from .run import ANSWERS, console, money, progress_bar, read_asset, read_deposit, share

if TYPE_CHECKING:
    from ..comparison import Comparison, SmallestAccount
    from ..comparison.divergence import FirstDivergence
    from ..comparison.firms import Firm

MODES = ("off", "entry", "exit", "both", "default")
#: Rows of the table: column, words, how a value is written.
ROWS = (
    ("profit", "profit", money),
    ("return", "return", share),
    ("max_drawdown", "max drawdown", share),
    ("sharpe", "Sharpe (daily, 252)", lambda value: "-" if value is None else f"{value:.2f}"),
    ("orders", "orders", lambda value: f"{value:,}"),
    ("refused", "refused", lambda value: f"{value:,}"),
    ("entries_refused", "  of them to open", lambda value: f"{value:,}"),
    ("exits_refused", "  of them to close", lambda value: f"{value:,}"),
    ("stuck_overnight", "stuck overnight, exit refused", lambda value: f"{value:,}"),
    ("stuck_pnl", "  what those nights made", money),
    ("day_trades", "day trades", lambda value: f"{value:,}"),
    ("peak_dtbp_use", "peak DTBP use", lambda value: share(value, 1)),
    ("calls", "margin calls", lambda value: f"{value:,}"),
    ("forced_fills", "forced sales", lambda value: f"{value:,}"),
    ("days_restricted", "days restricted", lambda value: f"{value:,}"),
    ("interest", "margin interest paid", money),
    ("borrow_fees", "borrow fees paid", money),
    ("unknown", "parameters unknown", lambda value: f"{value:,}"),
)
#: Columns of the table of firms, a row for each: column, words, how a value is written.
FIRM_COLUMNS = (
    ("profit", "profit", money),
    ("return", "return", share),
    ("refused", "refused", lambda value: f"{value:,}"),
    ("calls", "calls", lambda value: f"{value:,}"),
    ("forced_fills", "forced", lambda value: f"{value:,}"),
    ("cost", "rules cost", money),
    ("unknown", "unknown", lambda value: f"{value:,}"),
)
#: A terminal of fewer columns than this shows that table without these.
WIDE, IN_WIDE_ONLY = 110, ("return", "calls", "forced_fills")
#: Rows that are left out where no variant has anything in them.
QUIET = ("stuck_overnight", "stuck_pnl", "peak_dtbp_use", "calls", "forced_fills", "days_restricted", "interest", "borrow_fees", "unknown")


@click.command()
@click.argument("what", metavar="STRATEGY.py[:Class] | RUN_DIR RUN_DIR...", nargs=-1, required=True)
@click.option("--data", "files", multiple=True, metavar="FILE", help="Bars in any usual format; several times for several files.")
@click.option(
    "--modes",
    metavar="A,B",
    help="Of off, entry, exit, both, and default: each firm's own checks.  [default: off,entry,exit,both; of all firms off,default]",
)
@click.option("--brokerages", default="alpaca", show_default=True, metavar="A,B", help="Brokerages to compare; all is every one of them.")
@click.option("--rules", default="as_of", show_default=True, metavar="D1,D2", help="as_of, or days whose law holds throughout.")
@click.option("--cash", type=float, metavar="DOLLARS", help="Dollars at the start (100,000 if nothing is said).")
@click.option("--cash-levels", metavar="A,B", help="Several sizes of account instead.")
@click.option("--set", "overrides", metavar="NAME=VALUE", multiple=True, help="Overrides a parameter of the law.")
@click.option("--param", "params", metavar="NAME=VALUE", multiple=True, help="A parameter of the strategy.")
@click.option("--sizer", metavar="TEXT", help="Answers where an order has no size, like 'PercentOfEquity(percent=50)'.")
@every_run_options
@click.option("--from", "fromdate", metavar="DATE", callback=a_day, help="First day.")
@click.option("--to", "todate", metavar="DATE", callback=a_day, help="Last day, included.")
@load_options
@click.option("--smallest", is_flag=True, help="Also the smallest account that each mode never refuses an order.")
@click.option("--tolerance", type=float, default=100.0, show_default=True, metavar="DOLLARS", help="How exact --smallest is.")
@click.option("--jobs", type=int, metavar="N", help="Runs at once (default: every core where that pays).")
@click.option("--out", metavar="DIR", help="Writes each run's folder, report.html, compare.json, compare.csv and compare.png.")
@click.option("--html", "page", metavar="FILE", help="Writes the comparison as one page: the answer, what the rules cost, every run.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def compare(what: tuple[str, ...], as_json: bool, out: str | None, page: str | None, **options: Any) -> None:
    """Runs a strategy under several modes, brokerages, laws and sizes of account, and says what the rules cost and where the runs part.

    --brokerages all holds every firm against the bare law, and says how much of that rests on what no firm publishes.

    Folders that 'bt-pdt run --out' wrote are compared as they are; with --data, the bars they ran over, also what the rules cost.
    """
    if out is not None:
        from ..comparison.saving import require_place

        require_place(out)
    if page is not None:
        from ..results.page.page import require_file

        require_file(page)
    from ..comparison import compare_folders

    smallest: dict[str, SmallestAccount] = {}
    if len(what) > 1 or Path(what[0]).is_dir():
        _only_folders(options)
        found = compare_folders(what, options["files"] or None)
    else:
        found, smallest = _run(what[0], options)
    folder = found.save(out) if out is not None else None
    if page is not None:
        found.to_html(page)
    if as_json:
        from ..results.folder import plain

        more = {"smallest": smallest} if options["smallest"] else {}
        print_json(found.to_dict() | plain(more) | {"out": str(folder) if folder else None, "html": page})
        return
    show(found, smallest)
    if folder is not None:
        click.echo(f"wrote {out}: report.html, compare.json, compare.csv, compare.png and the run folders")
    if page is not None:
        click.echo(f"wrote {page}")


def _only_folders(options: dict[str, Any]) -> None:
    """Saved runs are what they are: options that would run them anew are slips."""
    named = {"overrides": "set", "params": "param", "assets": "asset", "deposits": "deposit", "fromdate": "from", "todate": "to"}
    same = ("sizer", "cash", "cash_levels", "symbols", "smallest", "jobs", "on_call", "worst_price", "no_costs", *LOAD_OPTIONS)
    wrong = [f"--{word.replace('_', '-')}" for name, word in [*named.items(), *zip(same, same, strict=True)] if options[name]]
    if wrong:
        raise BadInput(f"{', '.join(wrong)}: saved runs are compared as they are; give a strategy to run it anew.")


def _words(option: str, text: str) -> list[str]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found:
        raise BadInput(f"{option} takes words with commas between, got {text!r}.")
    return found


def _run(strategy: str, options: dict[str, Any]) -> tuple[Comparison, dict[str, SmallestAccount]]:
    """The comparison that the options ask for, and the smallest accounts if they do."""
    from ..comparison import compare as run_compare
    from ..comparison import smallest_account
    from ..runs import study

    if not options["files"]:
        raise BadInput("--data FILE is missing: the bars to run over.")
    modes = None if options["modes"] is None else _words("--modes", options["modes"])
    for mode in modes or ():
        known_name("--modes", mode, MODES)
    if options["cash"] is not None and options["cash_levels"] is not None:
        raise BadInput("--cash is one size and --cash-levels several; give one of them.")
    cash = [options["cash"] if options["cash"] is not None else 100_000.0]
    if options["cash_levels"] is not None:
        cash = [_dollars(word) for word in _words("--cash-levels", options["cash_levels"])]
    rules = _words("--rules", options["rules"])
    brokerages = _words("--brokerages", options["brokerages"])
    if options["smallest"] and "all" in brokerages:
        raise BadInput("--smallest searches at one brokerage; give its name to --brokerages.")
    chosen = study.load_strategy(strategy)
    common: dict[str, Any] = {
        "set": pairs("--set", options["overrides"]),
        "params": study.read_params(chosen, pairs("--param", options["params"])),
        "sizer": options["sizer"],
        "assets": [read_asset(text) for text in options["assets"]],
        "deposits": [read_deposit(text) for text in options["deposits"]],
        "worst_price": options["worst_price"],
        "charge_costs": not options["no_costs"],
        "symbols": None if options["symbols"] is None else _words("--symbols", options["symbols"]),
        "jobs": options["jobs"],
    }
    if options["on_call"] is not None:
        common["on_call"] = known_name("--on-call", options["on_call"], ANSWERS)
    days = {"symbols": common["symbols"], "fromdate": options["fromdate"], "todate": options["todate"]}
    bars = study.load_bars(options["files"], **loading(options), **days)
    asked: dict[str, Any] = {"brokerages": brokerages, "rules": rules, "cash_levels": cash} | ({} if modes is None else {"modes": modes})
    with progress_bar("variants") as report:
        found = run_compare(chosen, bars, progress=report, **asked, **common)
    if not options["smallest"]:
        return found, {}
    sizes = {}
    for mode in (mode for mode in modes or MODES[:4] if mode != "off"):
        with progress_bar(f"smallest account, {mode}") as report:
            sizes[mode] = smallest_account(
                chosen, bars, mode=mode, brokerage=brokerages[0], rules=rules[0], tolerance=options["tolerance"], progress=report, **common
            )
    return found, sizes


def _dollars(word: str) -> float:
    try:
        return float(word.replace("_", "").removeprefix("$"))
    except ValueError:
        raise BadInput(f"--cash-levels takes dollars like 10000,25000, got {word!r}.") from None


def show(found: Comparison, smallest: dict[str, SmallestAccount] | None = None) -> None:
    """The table, the cost in parts, what it all says, and where the runs part first."""
    from rich.table import Table

    out = console()
    for warning in found.warnings:
        out.print(f"! {warning}", soft_wrap=True)
    if found.firm_lines:
        show_firms(out, found)
        for name, answer in (smallest or {}).items():
            out.print(f"- {name}: {answer.sentence}", soft_wrap=True)
        return
    table = Table(title=found.title, title_justify="left", title_style="bold")
    table.add_column("")
    for name in found.names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in table_rows(found):
        table.add_row(*row)
    out.print(table)
    if found.conclusions:
        out.print()
    for sentence in found.conclusions:
        out.print(f"- {sentence}", soft_wrap=True)
    for name, answer in (smallest or {}).items():
        out.print(f"- {name}: {answer.sentence}", soft_wrap=True)
    base = next((run.name for run in found.runs if run.off), found.names[0])
    for name in found.names:
        first = found.first_divergence(base, name) if name != base else None
        if first is not None:
            show_divergence(out, first)


def show_firms(out: Any, found: Comparison) -> None:
    """Every firm in a row of one table, the cheapest rules first; what it says; and where each outcome parts from the bare law's."""
    from rich import box
    from rich.table import Table

    from ..comparison.firms import by_cost, comes_out, law_name
    from ..comparison.words import listed

    lines = {line.variant: line for line in found.firm_lines}
    table = Table(
        title=f"{found.title}, firm by firm",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    quiet = {name for name in ("calls", "forced_fills") if not any(row[name] for row in found.rows)}
    quiet |= set(IN_WIDE_ONLY) if out.width < WIDE else set()
    shown = [column for column in FIRM_COLUMNS if column[0] not in quiet]
    for _, words, _ in shown:
        table.add_column(words, justify="right", no_wrap=True)
    table.add_column("comes out")
    for row in by_cost(found):
        line = lines.get(row["variant"])
        cells = ["-" if column == "unknown" and line is None else written(row[column]) for column, _, written in shown]
        table.add_row(row["variant"], *cells, "" if line is None else comes_out(found, line))
    out.print(table)
    sentence = (
        "finra is the bare law, no firm. unknown: parameters in force on these days of which the firm publishes nothing that was found; the "
        "bare law answers for them, so a firm that comes out as it does is no finding. A negative cost was spared."
    )
    out.print(sentence)
    shared: dict[str, list[Firm]] = {}
    for line in found.firm_lines:
        if line.shares:
            shared.setdefault(line.shares, []).append(line)
    several = len({line.bare for line in found.firm_lines}) > 1
    for run, sharing in shared.items():
        names = listed([line.brokerage for line in sharing])
        law = f"{law_name(sharing[0])}: " if several else ""
        out.print(f"{law}{names}: the run of {lines[run].brokerage}, whose law is theirs on all of these days.")
    out.print()
    for sentence in found.conclusions:
        out.print(f"- {sentence}", soft_wrap=True)
    pairs = [(line.bare, line.variant) for line in found.firm_lines if line.same_as == line.variant != line.bare]
    if pairs:
        out.print("\nWhere they part from the bare law first:")
    for bare, name in pairs:
        first = found.first_divergence(bare, name)
        if first is not None:
            out.print(f"- {first.sentence}", soft_wrap=True)


def table_rows(found: Comparison) -> list[tuple[str, ...]]:
    """The table without its frame: one row for each number, one column for each variant after the first."""
    data = found.rows
    rows = []
    for column, words, written in ROWS:
        values = [row[column] for row in data]
        if column in QUIET and not any(values):
            continue
        rows.append((words, *(written(value) for value in values)))
        if column == "refused":
            reasons = [name for name in data[0] if name.startswith("refused_")]
            rows += [(f"  {name.removeprefix('refused_')}", *(f"{row[name]:,}" for row in data)) for name in reasons]
    if found.cost_of:
        from ..comparison.words import PART_WORDS

        costs = [found.cost_of.get(name) for name in found.names]
        rows.append(("cost of the rules", *("-" if cost is None else money(cost.whole) for cost in costs)))
        for part, words in PART_WORDS.items():
            if any(cost is not None and cost.parts[part] for cost in costs):
                rows.append((f"  {words}", *("-" if cost is None else money(cost.parts[part]) for cost in costs)))
    return rows


def show_divergence(out: Any, first: FirstDivergence) -> None:
    """Where two runs part first, with both accounts side by side where they differ."""
    out.print(f"\n{first.a} and {first.b} part first: {first.sentence}", soft_wrap=True)
    differing = [name for name in first.state_a if first.state_a[name] != first.state_b[name]]
    same = ", ".join(f"{name} {_written(value)}" for name, value in first.state_a.items() if name not in differing and value is not None)
    if same:
        out.print(f"  alike: {same}", soft_wrap=True)
    for name in differing:
        out.print(f"  {name}: {first.a} {_written(first.state_a[name])}, {first.b} {_written(first.state_b[name])}", soft_wrap=True)


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{qty:g} {symbol}" for symbol, qty in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,}" if isinstance(value, int) else money(value)
