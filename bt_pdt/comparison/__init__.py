"""One strategy under several laws: what each mode, brokerage, day's law or size of account does to it, and what the rules cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from ..results import Result
from ..runs import study
from .comparison import COLUMNS, Comparison
from .runs import Run
from .smallest import SmallestAccount, smallest_account
from .variants import MODES, Progress, handed_on, run_all, shared_runs, variants

if TYPE_CHECKING:
    from ..runs.study import Source

__all__ = ["COLUMNS", "Comparison", "SmallestAccount", "compare", "compare_folders", "smallest_account"]

#: The arguments that ``compare`` has besides those of ``bt_pdt.run``.
OWN = ("modes", "brokerages", "rules", "cash_levels", "cash", "symbols", "fromdate", "todate", "jobs", "progress")


def compare(
    strategy: type | str | Path,
    data: Source | Iterable[Source],
    *,
    cash: float = 100_000.0,
    modes: str | Iterable[str] = MODES,
    brokerages: str | Iterable[str] = ("alpaca",),
    rules: str | date | Iterable[str | date] = ("as_of",),
    cash_levels: float | Iterable[float] | None = None,
    jobs: int | None = None,
    progress: Progress | bool | None = None,
    symbols: Iterable[str] | None = None,
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    **arguments: Any,
) -> Comparison:
    """Runs a strategy over the same bars in every combination of modes, brokerages, laws and cash, and lays the runs side by side.

    ``modes`` are ``off`` (measure, refuse nothing), ``entry``, ``exit``, ``both``, the default, or ``default``: each firm's own checks.
    ``brokerages`` are names, or ``"all"``: every firm, the bare law (``finra``) first, under its own checks unless modes are given; firms
    under one law on all days of the data share one run, and what of a firm is unknown is told (``Comparison.firms``). ``rules`` are
    ``as_of`` or days whose law holds throughout; ``cash_levels`` replaces ``cash``. ``off`` is run once for each cash level: what the rules
    cost is measured against it.
    ``jobs`` processes work at once (default: every core where that pays; the results are the same as with 1): a strategy of a file or a
    module travels to them, a class of a notebook or of the running script is run here. ``progress(done, total)`` counts variants, and ``progress=True`` shows a bar.
    Everything else is handed on to :func:`bt_pdt.run`. Raises :class:`BadInput` with the variant's name for what cannot be used.
    """
    if not isinstance(brokerages, str) and isinstance(brokerages, Iterable):
        brokerages = list(brokerages)
    wanted = variants(modes, brokerages, rules, [cash] if cash_levels is None else cash_levels)
    common = handed_on("compare", OWN, arguments)
    names = None if symbols is None else [symbols] if isinstance(symbols, str) else list(symbols)
    bars = study.load_bars(data, symbols=names, fromdate=fromdate, todate=todate)
    chosen = study.load_strategy(strategy)
    from ..runs.progress import progress_bar

    runs_of = shared_runs(wanted, common, bars, brokerages)
    made = sorted(set(runs_of))
    with progress_bar(progress, f"{chosen.__name__}: variants") as tell:
        done = run_all(chosen, bars, [wanted[k] for k in made], common | {"symbols": names}, jobs=jobs, progress=tell)
    results = dict(zip(made, done, strict=True))
    runs = []
    for k, (variant, of) in enumerate(zip(wanted, runs_of, strict=True)):
        shared = {} if of == k else {"brokerage": variant.arguments["brokerage"], "shares": wanted[of].name}
        runs.append(Run(variant.name, results[of], **shared))
    return Comparison(tuple(runs), bars)


def compare_folders(folders: Iterable[str | Path], data: Source | Iterable[Source] | None = None) -> Comparison:
    """Saved runs side by side, named by their folders; with their bars (``data``) also what the rules cost and stuck nights made."""
    paths = [Path(folder) for folder in folders]
    if len(paths) < 2:
        raise BadInput("give two run folders at least.")
    short = [path.resolve().name for path in paths]
    names = short if len(set(short)) == len(short) else [str(path) for path in paths]
    runs = tuple(Run(name, Result.load(path)) for path, name in zip(paths, names, strict=True))
    about = runs[0].result.manifest["data"]
    different = [run.name for run in runs if run.result.manifest["data"]["sha256"] != about["sha256"]]
    if different:
        raise BadInput(f"{names[0]} and {different[0]} are not over the same bars, so they do not compare.")
    bars = None
    if data is not None:
        bars = study.load_bars(data, symbols=about["symbols"], fromdate=_day(about["first"]), todate=_day(about["last"]))
        if bars.sha256 != about["sha256"]:
            raise BadInput("the bars given are not those that the runs were over; give the same files.")
        closes = {symbol: (bars.arrays(symbol).datetimes, bars.arrays(symbol).close) for symbol in bars.symbols}
        runs = tuple(Run(run.name, replace(run.result, closes=closes)) for run in runs)
    return Comparison(runs, bars)


def _day(moment: Any) -> str:
    return str(moment)[:10]
