"""``bt-pdt tune``: searches the parameters of a strategy and of its account under the law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput, known_name
from .common import account_options, every_run_options, load_options, loading, pairs, print_json
from .run import ANSWERS, console, progress_bar, read_asset, read_deposit

if TYPE_CHECKING:
    from ..tuning import Tuning, WalkForward

#: So many of the best trials are shown.
FEW = 10


@click.command()
@click.argument("strategy", metavar="STRATEGY.py[:Class]")
@click.option(
    "--data", "files", multiple=True, required=True, metavar="FILE", help="Bars in any usual format; several times for several files."
)
@click.option(
    "--space",
    "spaces",
    multiple=True,
    required=True,
    metavar="NAME=...",
    help="NAME=LOW:HIGH:STEP, NAME=A,B,C or a FILE.toml: a parameter of the strategy, of the account (cash, block_on ...) or set.NAME.",
)
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    metavar="NAME",
    help="A number of the run (sharpe if nothing is said), or 'minimize orders'; several times for several.",
)
@click.option(
    "--constraint", "constraints", multiple=True, metavar="SENTENCE", help="Like 'calls == 0' or 'max_drawdown > -0.15'; several times."
)
@click.option("--method", default="random", show_default=True, metavar="NAME", help="grid, random, tpe or nsga2 (optuna's).")
@click.option("--trials", type=int, metavar="N", help="How many trials (100 if nothing is said; a grid is tried whole).")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="The same seed gives the same trials.")
@click.option("--batch", type=int, metavar="N", help="How many points tpe (8) and nsga2 (20) ask for at once.")
@click.option("--jobs", type=int, metavar="N", help="Runs at once (default: every core where that pays).")
@click.option("--scheduler", metavar="ADDRESS", help="Runs on a cluster: a Dask scheduler's tcp://HOST:8786, ray, or ray://HOST:10001.")
@click.option("--storage", metavar="sqlite:///FILE", help="Keeps every trial there as it ends.")
@click.option("--study-name", metavar="NAME", help="Shares the search of this name in --storage with whoever starts the same call.")
@click.option("--resume", is_flag=True, help="Goes on with what --storage holds.")
@click.option("--retry-failed", is_flag=True, help="With --resume: runs the trials that failed again.")
@click.option("--replay", is_flag=True, help="Works trials out from one recorded run where that is exact; needs bt_pdt[fast].")
@click.option("--verify", type=int, default=5, show_default=True, metavar="N", help="How many of the best replayed trials are run in full.")
@click.option("--walk-forward", "folds", type=int, metavar="FOLDS", help="Also searches on earlier sessions and tests on later ones.")
@click.option("--warm-up", type=int, default=0, metavar="N", help="Sessions that indicators see before each test of --walk-forward.")
@click.option("--cash", type=float, metavar="DOLLARS", help="Dollars at the start (100,000 if nothing is said).")
@account_options
@click.option("--block-on", metavar="MODE", help="entry, exit or both: sets --pdt-check and --dtbp-check at once.")
@click.option("--param", "params", metavar="NAME=VALUE", multiple=True, help="A parameter of the strategy that stays as it is.")
@click.option("--sizer", metavar="TEXT", help="Answers where an order has no size, like 'PercentOfEquity'; --space sizer.percent=10:50:10.")
@every_run_options
@click.option("--from", "fromdate", metavar="DATE", help="First day.")
@click.option("--to", "todate", metavar="DATE", help="Last day, included.")
@load_options
@click.option("--out", metavar="DIR", help="Writes tuning.json, trials.csv, pictures and the winner's run folder.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def tune(strategy: str, out: str | None, as_json: bool, **options: Any) -> None:
    """Searches parameters of a strategy and of its account for what is best under margin law, and says whether to believe it."""
    from ..tuning import METHODS

    known_name("--method", options["method"], METHODS)
    if out is not None:
        from ..tuning.saving import require_place

        require_place(out)
    found, walked = _run(strategy, options)
    if found.swept.trials and all(trial.outcome.error is not None for trial in found.swept.trials):
        raise BadInput(f"every trial failed, the first with: {found.swept.trials[0].outcome.error}")
    folder = found.save(out) if out is not None else None
    if as_json:
        from ..results.folder import plain

        near = None if found.winner is None or found.stopped else found.neighbours()
        more = {
            "neighbours": None if near is None else {"kept": near.kept, "plateau": near.plateau, "sentence": near.sentence},
            "walk_forward": None if walked is None else plain({"folds": walked.rows, "sentence": walked.sentence}),
            "out": str(folder) if folder else None,
        }
        print_json(found.to_dict() | more)
    else:
        show(found, walked)
    if folder is not None and not as_json:
        click.echo(f"wrote {out}: tuning.json, trials.csv, pictures{' and the run folder best' if found.winner is not None else ''}")
    if found.stopped:
        click.echo("stopped.", err=True)
        raise SystemExit(130)  # what follows with && goes on with a whole search only


def _run(strategy: str, options: dict[str, Any]) -> tuple[Tuning, WalkForward | None]:
    """The search that the options ask for, and the walk forward if they do."""
    from ..runs import study
    from ..tuning import tune as search
    from ..tuning.space import space_from_text
    from ..tuning.walking import require_warm_up, sessions_of, windows

    chosen = study.load_strategy(strategy)
    symbols = options["symbols"]
    names = None if symbols is None else [name.strip() for name in symbols.split(",") if name.strip()]
    named = ("cash", "brokerage", "rules", "block_on", "pdt_check", "dtbp_check", "sizer")
    fixed: dict[str, Any] = {name: options[name] for name in named}
    if options["on_call"] is not None:
        fixed["on_call"] = known_name("--on-call", options["on_call"], ANSWERS)
    fixed |= {"worst_price": options["worst_price"] or None, "charge_costs": False if options["no_costs"] else None}
    fixed |= {"set": pairs("--set", options["overrides"]) or None, "assets": [read_asset(text) for text in options["assets"]] or None}
    fixed |= {"params": study.read_params(chosen, pairs("--param", options["params"])) or None}
    fixed |= {"deposits": [read_deposit(text) for text in options["deposits"]] or None}
    bars = study.load_bars(options["files"], symbols=names, fromdate=options["fromdate"], todate=options["todate"], **loading(options))
    if options["folds"] is not None:
        listed = sessions_of(bars)
        first = windows(listed, options["folds"], anchored=True)[0].test_from
        require_warm_up(options["warm_up"], listed.index(first))
    elif options["warm_up"]:
        raise BadInput("--warm-up goes with --walk-forward: it is shown before each of its tests.")
    with progress_bar("trials") as report:
        found = search(
            chosen,
            bars,
            space_from_text(options["spaces"], chosen),
            objective=options["objectives"] or "sharpe",
            constraints=options["constraints"],
            symbols=names,
            progress=report,
            **{
                name: options[name]
                for name in (
                    "method",
                    "trials",
                    "seed",
                    "batch",
                    "jobs",
                    "scheduler",
                    "storage",
                    "study_name",
                    "resume",
                    "retry_failed",
                    "replay",
                    "verify",
                )
            },
            **{name: value for name, value in fixed.items() if value is not None},
        )
    if options["folds"] is None or found.stopped:
        return found, None
    with progress_bar("walk forward") as report:
        return found, found.walk_forward(options["folds"], warm_up=options["warm_up"], progress=report)


def show(found: Tuning, walked: WalkForward | None) -> None:
    """The best trials, what was found in sentences, the winner among its neighbours, what matters, and the folds."""
    out = console()
    for warning in found.warnings:
        out.print(f"! {warning}", soft_wrap=True)
    out.print(_table(found.title, [*found.plan.space.labels, *found.names, "refused", "calls", "feasible"], found.ranked[:FEW]))
    for sentence in found.conclusions:
        out.print(f"- {sentence}", soft_wrap=True)
    if found.winner is not None and not found.stopped:
        out.print(f"- {found.neighbours().sentence}", soft_wrap=True)
        shares = ", ".join(f"{name} {share:.0%}" for name, share in found.importance().items())
        out.print(f"- What matters to {found.names[0]}: {shares}.", soft_wrap=True)
    failed = [row for row in found.rows if row["error"]]
    if failed:
        out.print(f"- Trial {failed[0]['trial']} failed: {failed[0]['error']}", soft_wrap=True)
    if walked is not None:
        name = found.names[0]
        columns = ["fold", "train_to", "test_from", "test_to", *found.plan.space.labels, f"train_{name}", f"test_{name}", "test_refused"]
        out.print(_table("walk forward", columns, walked.rows))
        out.print(f"- {walked.sentence}", soft_wrap=True)
    if found.stopped:
        out.print("- Stopped early; with --storage, --resume goes on.", soft_wrap=True)


def _table(title: str, columns: list[str], rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(_written(row.get(name)) for name in columns))
    return table


def _written(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
