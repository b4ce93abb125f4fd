"""The variants of a comparison and how they are run: one after the other, or on all cores."""

from __future__ import annotations

import inspect
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput, UnknownName, known_name
from ..core.money import dollars
from ..host import strategy_files
from ..runs import study
from .laws import ALL, firms_named, one_law

if TYPE_CHECKING:
    from ..bars import Bars
    from ..results import Result

MODES = ("off", "entry", "exit", "both")
#: The mode that leaves the checks to each brokerage, and what is compared if every brokerage is.
OWN_CHECKS = "default"
MODES_OF_ALL = ("off", OWN_CHECKS)
#: What the variants themselves set.
SET_HERE = ("cash", "brokerage", "rules", "block_on")
#: The further arguments of ``bt_pdt.run`` that a comparison hands on.
HANDED_ON = tuple(
    name
    for name, parameter in inspect.signature(study.run).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY
    and name not in (*SET_HERE, "pdt_check", "dtbp_check", "symbols", "fromdate", "todate", "progress")
)
#: Fewer bars than this to work through are done sooner than other processes are started.
WORTH_IT = 300_000
Progress = Callable[..., None]


class Variant(NamedTuple):
    """One run to make: its name and the arguments of ``bt_pdt.run`` that set it apart."""

    name: str
    arguments: Mapping[str, Any]


def variants(modes: Any, brokerages: Any, rules: Any, cash_levels: Any) -> list[Variant]:
    """Every combination, named by what differs; ``off`` once for each cash level, because it refuses nothing wherever it is held.

    ``MODES`` itself, the default, is ``off`` and each firm's own checks where ``brokerages`` is ``all``; the same words typed are themselves.
    """
    named_firms = _several("brokerages", brokerages)
    chosen = _several("modes", MODES_OF_ALL if modes is MODES and every_firm(named_firms) else modes)
    for mode in chosen:
        known_name("mode", mode, (*MODES, OWN_CHECKS))
    firms = firms_named(named_firms)
    laws, cash = _several("rules", rules), _several("cash_levels", cash_levels)
    if "off" in laws:
        raise BadInput('rules takes as_of or dates; the run with the rules off is the mode "off".')
    found = []
    for level, mode in itertools.product(cash, chosen):
        money = [_cash_name(level)] if len(cash) > 1 else []
        if mode == "off":
            found.append(Variant(" ".join(["off", *money]), {"cash": level, "brokerage": firms[0], "rules": "off"}))
            continue
        for firm, law in itertools.product(firms, laws):
            own = mode == OWN_CHECKS
            named = [*([] if own and len(firms) > 1 else [mode]), *([str(firm)] if len(firms) > 1 else [])]
            named += [*([str(law)] if len(laws) > 1 else []), *money]
            found.append(Variant(" ".join(named), {"cash": level, "brokerage": firm, "rules": law, "block_on": None if own else mode}))
    return found


def every_firm(brokerages: Any) -> bool:
    """True where ``brokerages`` is the word for all of them."""
    return bool(brokerages == ALL or brokerages == [ALL])


def shared_runs(wanted: Sequence[Variant], common: Mapping[str, Any], bars: Bars, brokerages: Any) -> list[int]:
    """For each variant the place of the one whose run it is: its own, or, among all firms, the first that is judged by the same law."""
    return one_law(wanted, common, bars) if every_firm(brokerages) else list(range(len(wanted)))


def _cash_name(level: Any) -> str:
    return dollars(level) if isinstance(level, int | float) else str(level)


def _several(name: str, given: Any) -> list[Any]:
    """One thing or several as a list; raises :class:`BadInput` for none or for one given twice."""
    one = isinstance(given, str | date | int | float)
    if not one and not isinstance(given, Iterable):
        raise BadInput(f"{name} takes a list, got {given!r}.")
    found = [given] if one else list(given)
    if not found or len({str(value) for value in found}) < len(found):
        raise BadInput(f"{name} takes each value once, and at least one, got {', '.join(map(str, found)) or 'none'}.")
    return found


def handed_on(caller: str, own: Iterable[str], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Further arguments of ``bt_pdt.run``; raises :class:`BadInput` for those that the variants set and for unknown ones."""
    for name in arguments:
        if name in ("block_on", "pdt_check", "dtbp_check"):
            raise BadInput(f"{name} is what the modes off, entry, exit and both set; give {caller} those.")
        if name not in HANDED_ON:
            raise UnknownName(f"{caller} argument", name, (*HANDED_ON, *own))
    return dict(arguments)


def run_all(
    strategy: type | str | Path,
    bars: Bars,
    wanted: Sequence[Variant],
    common: Mapping[str, Any],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """The results of ``wanted`` in their order, the same on one core and on many. Raises what a variant raises, with the variant's name."""
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise BadInput(f"jobs takes a whole number of cores from 1 up, got {jobs!r}.")
    few = len(bars) * len(wanted) < WORTH_IT
    cores = min(jobs if jobs is not None else 1 if few else usable_cores(), len(wanted))
    common = {**common, "sizer": study.sizer_for(strategy, common.get("sizer"))}
    if cores > 1 and (common["sizer"] is None or isinstance(common["sizer"], str)):  # a sizer of the running script stays here
        found = _in_parallel(_portable(strategy), bars, wanted, common, cores, progress)
        if found is not None:
            return [_unwrapped(variant, answer) for variant, answer in zip(wanted, found, strict=True)]
    results = []
    for k, variant in enumerate(wanted):

        def report(done: int, total: int, k: int = k) -> None:
            if progress is not None:
                progress(k + done / max(total, 1), len(wanted))

        answer = attempt(strategy, bars, {**common, **variant.arguments}, report if progress is not None else None)
        results.append(_unwrapped(variant, answer))
    return results


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def attempt(
    strategy: type | str | Path, bars: Bars, arguments: Mapping[str, Any], progress: Callable[[int, int], None] | None = None
) -> Result | Exception:
    """A run's result, or the exception that ended it: it may have to travel from another process."""
    try:
        return study.run(strategy, bars, progress=progress, **arguments)
    except Exception as error:
        return error if isinstance(error, BadInput) else RuntimeError(f"{type(error).__name__}: {error}")


def _unwrapped(variant: Variant, answer: Result | Exception) -> Result:
    if isinstance(answer, BadInput):
        raise BadInput(f"{variant.name}: {answer}") from answer
    if isinstance(answer, Exception):
        raise RuntimeError(f"{variant.name}: {answer}") from answer
    return answer


def _portable(strategy: type | str | Path) -> type | str | Path | None:
    """What another process can load: a strategy file or a class of a module.

    None for a class made in a function, a notebook or the script that runs: sent by value, backtrader's classes lose their parameters.
    """
    if not inspect.isclass(strategy):
        return strategy
    if strategy.__module__.startswith(strategy_files.MODULE):
        return f"{inspect.getfile(strategy)}:{strategy.__name__}"
    home = None if strategy.__module__ == "__main__" else sys.modules.get(strategy.__module__)
    return strategy if getattr(home, strategy.__name__, None) is strategy else None


def _in_parallel(
    strategy: type | str | Path | None,
    bars: Bars,
    wanted: Sequence[Variant],
    common: Mapping[str, Any],
    cores: int,
    progress: Progress | None,
) -> list[Result | Exception] | None:
    """The answers from other processes; None where the strategy (or an argument) cannot travel there."""
    if strategy is None:
        return None
    from pickle import PicklingError

    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    tasks = (delayed(attempt)(strategy, bars, {**common, **variant.arguments}) for variant in wanted)
    found: list[Result | Exception] = []
    try:
        for answer in Parallel(n_jobs=cores, backend="loky", return_as="generator")(tasks):
            found.append(answer)
            if progress is not None:
                progress(len(found), len(wanted))
    except (PicklingError, BrokenProcessPool):
        return None
    return found
