"""Searching the parameters of a strategy and of its account under the law: objectives, constraints, and whether to believe the winner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..comparison.variants import HANDED_ON
from ..core.errors import BadInput, UnknownName, known_name
from ..runs import study
from ..runs.progress import progress_bar
from . import screening
from .objectives import METRICS, read_constraints, read_objectives
from .robustness import Deflated, Neighbours
from .search import METHODS, search_for
from .shared import sweep_shared
from .space import ACCOUNT, read_space
from .sweep import Plan, Progress, sweep
from .tuning import COLUMNS, Best, Tuning
from .walking import WalkForward

if TYPE_CHECKING:
    from ..results import Result
    from ..runs.study import Source

__all__ = ["COLUMNS", "METHODS", "METRICS", "Best", "Deflated", "Neighbours", "Tuning", "WalkForward", "tune"]

#: The arguments that ``tune`` has besides those of ``bt_pdt.run``.
OWN = (
    "space",
    "objective",
    "constraints",
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
    "symbols",
    "fromdate",
    "todate",
    "progress",
)


def tune(
    strategy: type | str | Path,
    data: Source | Iterable[Source],
    space: Mapping[str, Any],
    *,
    objective: str | Callable[[Result], float] | Iterable[str | Callable[[Result], float]] = "sharpe",
    constraints: str | Callable[[Result], Any] | Iterable[str | Callable[[Result], Any]] | None = None,
    method: str = "random",
    trials: int | None = None,
    seed: int = 0,
    batch: int | None = None,
    jobs: int | None = None,
    scheduler: Any = None,
    storage: str | Path | None = None,
    study_name: str | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    replay: bool = False,
    verify: int = 5,
    symbols: Iterable[str] | None = None,
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    progress: Progress | bool | None = None,
    **arguments: Any,
) -> Tuning:
    """Searches ``space`` for what is best under margin law, and gives every trial, the winner, and whether to believe it.

    ``space`` maps a parameter of the strategy, an argument of the account (``cash``, ``brokerage``, ``rules``, ``block_on``, ``pdt_check``,
    ``dtbp_check``, ``on_call``, ``worst_price``, ``charge_costs``, ``sizer``), what the account is (``account_type``, ``pattern_day_trader``,
    ``multiplier``), ``set.NAME`` or ``sizer.NAME`` (a parameter of the sizer) to a list of values or to (low, high, step).
    ``objective`` is a number of the run by name, best in its own direction (``sharpe``, ``max_drawdown``, ``cost_of_rules``;
    ``minimize orders`` says it), or a function of the result, which is maximized; or several of them. ``constraints`` are sentences
    like ``calls == 0`` and functions that answer True, or a number of 0 or less, where they are kept.

    ``method`` is ``grid`` (every point), ``random`` (different points), ``tpe`` or ``nsga2`` (optuna's); ``trials`` says how many, 100
    where nothing is said. Tpe and nsga2 ask for ``batch`` points at once and learn between batches. The same ``seed`` gives the same
    trials whatever ``jobs`` is, and on any ``scheduler``: the address of a Dask scheduler (``tcp://host:8786``), a ``distributed.Client``,
    ``"ray"`` or ``ray://host:10001``, whose workers make the runs. ``storage`` (``sqlite:///FILE``) keeps each trial as it ends;
    ``resume`` goes on from there, and with ``retry_failed`` runs again what failed. With ``study_name`` too, any number of processes and
    machines that are started with the same call make one search together: an optuna study in ``storage`` (``sqlite:///FILE``,
    ``postgresql://...``). A trial that raises is kept with its error; Ctrl-C
    gives what is finished. Everything else goes to :func:`bt_pdt.run` in every trial.

    ``replay`` records what the strategy asks for once for each set of its parameters and puts that before every account and sizer, compiled
    (extra ``fast``): the same numbers in a thousandth of the time. Where a full run of the hardest variant says something else, and for what
    a replay does not know, trials are full runs; the best ``verify`` always are. Objectives and constraints are then numbers by name.
    ``progress=True`` shows a bar, in notebooks too; a function is called with (done, total). Raises :class:`BadInput` for what cannot be used.
    """
    for name in arguments:
        if name not in HANDED_ON and name not in ACCOUNT:
            raise UnknownName("tune argument", name, (*HANDED_ON, *ACCOUNT, *OWN))
    criteria, kept = read_objectives(objective), read_constraints(constraints)
    chosen = study.load_strategy(strategy)
    arguments["sizer"] = study.sizer_for(chosen, arguments.pop("sizer", None))
    if arguments["sizer"] is None:
        del arguments["sizer"]
    where = read_space(space, chosen, arguments, (*METRICS, *COLUMNS, "profit_off", *(goal.name for goal in criteria)))
    names = None if symbols is None else [symbols] if isinstance(symbols, str) else list(symbols)
    if isinstance(verify, bool) or not isinstance(verify, int) or verify < 1:
        raise BadInput(f"verify takes a whole number of trials from 1 up, got {verify!r}.")
    if replay:
        screening.require((*criteria, *kept))
    search_for(method, where, criteria, trials, seed, batch, bool(kept))
    bars = study.load_bars(data, symbols=names, fromdate=fromdate, todate=todate)
    if "deposits" in arguments:
        arguments["deposits"] = list(arguments["deposits"])
    common = {**arguments, "symbols": names}
    plan = Plan(chosen, bars, common, where, criteria, kept, method, trials, seed, batch, jobs, scheduler, bool(replay), verify)
    _require_account(plan)
    for name, given in (("retry_failed", retry_failed), ("replay", replay)):
        if given and study_name is not None:
            raise BadInput(f"{name} is for a search of one process; leave it out, or study_name.")
    with progress_bar(progress, f"{chosen.__name__}: trials") as report:
        if study_name is not None:
            return Tuning(plan, sweep_shared(plan, storage, study_name, report))
        return Tuning(plan, sweep(plan, storage=storage, resume=resume, retry_failed=retry_failed, progress=report))


def _require_account(plan: Plan) -> None:
    """Asks for the account of the first point, and of each law in the space: a slip in what every trial shares is said once, here."""
    from ..host.broker import MarginBroker

    for name in plan.common.get("params") or {}:
        known_name(f"parameter of {plan.strategy.__name__}", name, study.defaults_of(plan.strategy))
    shared = ("cash", "brokerage", "rules", "block_on", "pdt_check", "dtbp_check", "set", "account", "deposits", "on_call")
    first = tuple(0 for _ in plan.space.dimensions)
    points = [first, *(p for p in plan.space.beside(first) if "rules" in _differing(plan, first, p))]
    for point in points:
        found = plan.space.arguments(point, plan.common)
        study.require_cash(found.get("cash", 100_000.0), found.get("account"))
        MarginBroker(**{name: found[name] for name in shared if name in found})


def _differing(plan: Plan, a: tuple[int, ...], b: tuple[int, ...]) -> list[str]:
    return [d.name for d, i, k in zip(plan.space.dimensions, a, b, strict=True) if i != k and d.kind == "account"]
