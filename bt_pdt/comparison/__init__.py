"""One strategy under several laws: what each mode, brokerage, day's law or size of account does to it, and what the rules cost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import study
from ..errors import BadInput
from .comparison import COLUMNS, Comparison
from .runs import of_folder, of_result
from .smallest import SmallestAccount, smallest_account
from .variants import MODES, Progress, handed_on, run_all, variants

if TYPE_CHECKING:
    from ..study import Source

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
    progress: Progress | None = None,
    symbols: Iterable[str] | None = None,
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    **arguments: Any,
) -> Comparison:
    """Runs a strategy over the same bars in every combination of modes, brokerages, laws and cash, and lays the runs side by side.

    ``modes`` are ``off`` (measure, refuse nothing), ``entry``, ``exit``, ``both``; ``rules`` are ``as_of`` or days whose law holds
    throughout; ``cash_levels`` replaces ``cash``. ``off`` is run once for each cash level: what the rules cost is measured against it.
    ``jobs`` processes work at once (default: every core where that pays; the results are the same as with 1): a strategy of a file or a
    module travels to them, a class of a notebook or of the running script is run here. ``progress(done, total)`` counts variants.
    Everything else is handed on to :func:`bt_pdt.run`. Raises :class:`BadInput` with the variant's name for what cannot be used.
    """
    wanted = variants(modes, brokerages, rules, [cash] if cash_levels is None else cash_levels)
    common = handed_on("compare", OWN, arguments)
    names = None if symbols is None else [symbols] if isinstance(symbols, str) else list(symbols)
    bars = study.load_bars(data, symbols=names, fromdate=fromdate, todate=todate)
    chosen = study.load_strategy(strategy)
    results = run_all(chosen, bars, wanted, common | {"symbols": names}, jobs=jobs, progress=progress)
    return Comparison(tuple(of_result(variant.name, result) for variant, result in zip(wanted, results, strict=True)), bars)


def compare_folders(folders: Iterable[str | Path], data: Source | Iterable[Source] | None = None) -> Comparison:
    """Saved runs side by side, named by their folders. With the bars they ran over (``data``) also what the rules cost and nights."""
    paths = [Path(folder) for folder in folders]
    if len(paths) < 2:
        raise BadInput("give two run folders at least.")
    short = [path.resolve().name for path in paths]
    names = short if len(set(short)) == len(short) else [str(path) for path in paths]
    runs = tuple(of_folder(path, name) for path, name in zip(paths, names, strict=True))
    hashes = {run.manifest["data"]["sha256"] for run in runs}
    bars = None
    if data is not None:
        about = runs[0].manifest["data"]
        days = {"fromdate": about["first"][:10], "todate": about["last"][:10]}
        bars = study.load_bars(data, symbols=about["symbols"], **days)
        hashes.add(bars.sha256)
    if len(hashes) > 1:
        raise BadInput(f"{' and '.join(map(str, names))}: the runs (or the bars given) are not over the same bars, so they do not compare.")
    return Comparison(runs, bars)
