"""Walk forward: what won on the sessions before is tested on the sessions after."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.errors import BadInput
from ..results.result import bar_sessions
from ..runs import study
from ..runs.progress import progress_bar
from .space import Point
from .sweep import Plan, Progress, evaluate, sweep
from .tuning import Tuning
from .work import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from ..bars import Bars
    from ..results import Result


class Window(NamedTuple):
    """Sessions, both included, to search on, and those after them to test on."""

    train_from: date
    train_to: date
    test_from: date
    test_to: date


class Fold(NamedTuple):
    """One step: its window, the search on its train sessions, the winner's run over its test sessions, and why there is none."""

    window: Window
    tuning: Tuning
    test: Result | None
    values: dict[str, float]
    error: str


@dataclass(frozen=True, eq=False, repr=False)
class WalkForward:
    """The folds; ``table`` has one row each, ``returns`` the daily ones of the tests one after the other, ``sentence`` the outcome."""

    folds: tuple[Fold, ...]

    def __repr__(self) -> str:
        return f"<WalkForward: {self.sentence}>"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """``table`` as plain rows."""
        rows = []
        for k, fold in enumerate(self.folds, 1):
            winner = fold.tuning.winner
            row: dict[str, Any] = {"fold": k, **fold.window._asdict()}
            row |= fold.tuning.plan.space.values(winner.point) if winner is not None else dict.fromkeys(fold.tuning.plan.space.labels)
            for i, name in enumerate(fold.tuning.names):
                row |= {f"train_{name}": winner.verdict.values[i] if winner is not None else None, f"test_{name}": fold.values.get(name)}
            tested = fold.test.summary if fold.test is not None else {}
            rows.append(
                row
                | {f"test_{name}": tested.get(name) for name in ("total_return", "max_drawdown", "refused", "calls")}
                | {"error": fold.error}
            )
        return rows

    @property
    def table(self) -> pd.DataFrame:
        """Windows, the winner's parameters, objectives in the search (``train_``) and out of it (``test_``), refusals of the test."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def returns(self) -> pd.Series[float]:
        """Out-of-sample daily returns; sessions of a fold without a winner are left out."""
        import pandas as pd

        found = [fold.test.returns for fold in self.folds if fold.test is not None]
        return pd.concat(found) if found else pd.Series(dtype=float, name="return")

    @property
    def sentence(self) -> str:
        """How the objective fared out of the search."""
        name, objective = self.folds[0].tuning.names[0], self.folds[0].tuning.plan.objectives[0]
        pairs = [
            (fold.tuning.winner.verdict.values[0], fold.values[name])
            for fold in self.folds
            if fold.tuning.winner is not None and not math.isnan(fold.values.get(name, math.nan))
        ]
        lost = len(self.folds) - len(pairs)
        also = f"; {lost} of {len(self.folds)} folds had no winner, or no {name} in their test" if lost else ""
        if not pairs:
            return f"No fold has both a winner and a {name} in its test."
        inside, outside = (statistics.mean(side) for side in zip(*pairs, strict=True))
        kept = sum(objective.sign * test >= objective.sign * train for train, test in pairs)
        return (
            f"Over {len(pairs)} {'fold' if len(pairs) == 1 else 'folds'} {name} is {inside:.6g} on average where it was searched "
            f"and {outside:.6g} where it was tested; the test was no worse in {kept}{also}."
        )


def windows(days: list[date], folds: int, *, anchored: bool) -> list[Window]:
    """``folds + 1`` parts of (nearly) equal length: each part after the first is tested with what came before it."""
    if isinstance(folds, bool) or not isinstance(folds, int) or folds < 1:
        raise BadInput(f"folds takes a whole number from 1 up, got {folds!r}.")
    if len(days) < 2 * (folds + 1):
        raise BadInput(f"{folds} folds take {2 * (folds + 1)} sessions at least, and there are {len(days)}.")
    cuts = [round(k * len(days) / (folds + 1)) for k in range(folds + 2)]
    return [Window(days[0 if anchored else cuts[k]], days[cuts[k + 1] - 1], days[cuts[k + 1]], days[cuts[k + 2] - 1]) for k in range(folds)]


def sessions_of(bars: Bars) -> list[date]:
    """The sessions that have bars."""
    found = {day for symbol in bars.symbols for day in np.unique(bar_sessions(bars.arrays(symbol).datetimes)).astype(object)}
    return sorted(found)


def walk_forward(
    plan: Plan, folds: int, *, anchored: bool = True, warm_up: int = 0, progress: Progress | bool | None = None
) -> WalkForward:
    """Searches on each train window and runs the winner over the test window, which begins after it. Nothing is carried across.

    In a test the strategy is progress_bar the ``warm_up`` sessions before it, so that its indicators are ready when it begins.
    """
    days = sessions_of(plan.bars)
    cut = windows(days, folds, anchored=anchored)
    require_warm_up(warm_up, days.index(cut[0].test_from))
    if plan.common.get("trade_from") is not None:
        raise BadInput("trade_from is one day for all, and each test has its own; leave it out and give walk_forward a warm_up.")
    found = []
    with progress_bar(progress, f"{plan.strategy.__name__}: walk forward") as report:
        for k, window in enumerate(cut):

            def within_fold(done: int, total: int, k: int = k) -> None:
                if report is not None:
                    report(k * total + done, len(cut) * total)

            own = _within(plan, days, window.train_from, window.train_to)
            tuning = Tuning(own, sweep(own, progress=within_fold))
            if tuning.stopped:
                raise KeyboardInterrupt
            found.append(_tested(_within(plan, days, window.test_from, window.test_to, warm_up), window, tuning))
    return WalkForward(tuple(found))


def require_warm_up(warm_up: Any, most: int) -> None:
    """Raises :class:`BadInput` for a number of sessions that are not there before the first test."""
    if isinstance(warm_up, bool) or not isinstance(warm_up, int) or not 0 <= warm_up <= most:
        raise BadInput(f"warm_up takes a whole number of sessions up to the {most} before the first test, got {warm_up!r}.")


def _within(plan: Plan, days: list[date], first: date, last: date, warm_up: int = 0) -> Plan:
    """The plan over the sessions from ``first`` to ``last``: bars (a session begins at 20:00 of the one before), deposits, symbols.

    The bars of so many sessions before are progress_bar to the strategy too.
    """
    evening = time(20)
    begin = days.index(first) - warm_up
    start = datetime.combine(days[begin - 1], evening) + timedelta(microseconds=1) if begin else None
    bars = plan.bars.between(start, datetime.combine(last, evening))
    common: dict[str, Any] = dict(plan.common)
    if warm_up:
        common["trade_from"] = first
    if common.get("deposits"):
        common["deposits"] = [(day, dollars) for day, dollars in common["deposits"] if first <= date.fromisoformat(str(day)) <= last]
    if common.get("symbols"):
        common["symbols"] = [symbol for symbol in common["symbols"] if symbol in bars.symbols]
    return replace(plan, bars=bars, common=common)


def _tested(plan: Plan, window: Window, tuning: Tuning) -> Fold:
    """The winner over the test window, if there is one."""
    winner = tuning.winner
    if winner is None:
        return Fold(window, tuning, None, {}, "the search has no winner")
    found: dict[Point, Outcome] = {}
    evaluate(plan, [winner.point], found.__setitem__)
    outcome = found[winner.point]
    if outcome.error is not None:
        return Fold(window, tuning, None, {}, outcome.error)
    result = study.run(plan.strategy, plan.bars, **plan.space.arguments(winner.point, plan.common))
    return Fold(window, tuning, result, dict(zip(tuning.names, plan.evaluate(outcome).values, strict=True)), "")
