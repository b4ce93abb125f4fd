"""``Tuning``: what a search found, whether to believe it, and its pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput, known_name
from ..results.folder import plain
from ..runs import study
from .objectives import COST, measure
from .robustness import Deflated, Neighbours, deflated, neighbours
from .screening import REPLAYED
from .sweep import Plan, SearchResult, Trial, front

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..results import Result
    from .walking import WalkForward

#: Columns of ``trials`` besides the space, the objectives and the numbers of the run, which ``bt_pdt.tuning.objectives.METRICS`` lists.
COLUMNS = {
    "trial": "its number, from 0",
    "feasible": "every objective has a value and every constraint is kept",
    "violated": "the constraints that are not kept, and objectives without a value",
    "state": "complete or failed",
    "error": "what ended a failed trial",
    "replayed": "worked out by replay instead of a full run",
    "seconds": "what the run took; 0 where an earlier trial had the same parameters",
}
SHOWN = 10
FIRST = ("total_return", "sharpe", "max_drawdown", "orders", "refused", "refused_exits", "calls", "forced_fills", "day_trades")


class Best(NamedTuple):
    """The winner: its trial's number, its parameters by label, the arguments of ``bt_pdt.run``, the objectives, the whole result."""

    trial: int
    parameters: dict[str, Any]
    arguments: dict[str, Any]
    values: dict[str, float]
    result: Result


@dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """The trials of a search. ``stopped`` is True if Ctrl-C ended it early.

    ``trials`` (a frame, one row each), ``best``, ``pareto``, ``neighbours()``, ``deflated_sharpe``, ``importance()``, ``walk_forward()``,
    ``only(cash=25_500)``, ``heatmap(x, y)``, ``parallel()``, ``pareto_figure()``, ``conclusions`` (sentences), ``save(folder)``,
    ``to_dict()``, ``study()``. ``whole`` is the search that this is a part of, ``part`` says which.
    """

    plan: Plan
    swept: SearchResult
    whole: Tuning | None = None
    part: str = ""

    def __repr__(self) -> str:
        return f"<Tuning of {self.heading}: {self._counted}{'; ' + self._won if self.winner is not None else ''}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<div>{escape(text)}</div>" for text in self.conclusions)
        import pandas as pd

        columns = ["trial", *self.plan.space.labels, *self.names, "feasible", "violated"]
        shown = pd.DataFrame(self.ranked[:SHOWN], columns=columns)
        return f'<div class="tex2jax_ignore mathjax_ignore"><b>{escape(self.heading)}</b>{rows}{shown.to_html(index=False, border=0)}</div>'

    @property
    def title(self) -> str:
        """The strategy's name."""
        return self.plan.strategy.__name__

    @property
    def heading(self) -> str:
        """The strategy's name, and which part of a search this is."""
        return f"{self.title}, {self.part}" if self.part else self.title

    @property
    def names(self) -> list[str]:
        """The objectives' names."""
        return [objective.name for objective in self.plan.objectives]

    @property
    def stopped(self) -> bool:
        """True if the search was ended before all its trials were made."""
        return self.swept.stopped

    @property
    def warnings(self) -> list[str]:
        """What a reader must know about the bars."""
        return study.bar_warnings(self.plan.bars)

    # -- the trials

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """``trials`` as plain rows."""
        known = {name for trial in self.swept.trials for name in trial.outcome.metrics} - {REPLAYED}
        metrics = [*[name for name in FIRST if name in known], *sorted(known.difference(FIRST))]
        return [self._row(trial, metrics) for trial in self.swept.trials]

    def _row(self, trial: Trial, metrics: Iterable[str]) -> dict[str, Any]:
        outcome, verdict = trial.outcome, trial.verdict
        failed = outcome.error is not None
        violated = [c.text for c, off in zip(self.plan.constraints, verdict.excess, strict=True) if off > 0 and not failed]
        violated += [f"no {name}" for name, value in zip(self.names, verdict.values, strict=True) if math.isnan(value) and not failed]
        found: dict[str, Any] = {"trial": trial.number, **self.plan.space.values(trial.point)}
        found |= {name: None if math.isnan(value) else value for name, value in zip(self.names, verdict.values, strict=True)}
        zero = 0 if not failed else None
        for name in metrics:
            if name not in found:
                found[name] = outcome.metrics.get(name, zero if name.startswith(("refused_", "calls_")) else None)
        return found | {
            "feasible": trial.feasible,
            "violated": "; ".join(violated),
            "state": "failed" if failed else "complete",
            "error": outcome.error or "",
            "replayed": REPLAYED in outcome.metrics,
            "seconds": round(outcome.seconds, 3),
        }

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row a trial: parameters, objectives, numbers of the run, refusals by reason, feasible, violated, state, error, seconds."""
        import pandas as pd

        if self.rows:
            table = pd.DataFrame(self.rows)
            missing = [name for name in table if table[name].dtype == object and name not in (*self.plan.space.labels, *COLUMNS)]
            return table.astype(dict.fromkeys(missing, float))
        return pd.DataFrame(columns=["trial", *self.plan.space.labels, *self.names, *list(COLUMNS)[1:]])

    def only(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Tuning:
        """The trials with these values of some dimensions (one value or a list each) as a search of their own: ``only(cash=25_500)``,
        ``only({"sizer.percent": [20, 40]})``. Nothing is run; the deflated Sharpe ratio still counts every trial of the whole search."""
        from .slices import part

        return part(self, {**(values or {}), **named})

    @property
    def ranked(self) -> list[dict[str, Any]]:
        """The rows, the same parameters once, best first objective first: feasible, then infeasible, then without a value."""
        name, sign = self.names[0], self.plan.objectives[0].sign
        once = {trial.point: row for trial, row in reversed(list(zip(self.swept.trials, self.rows, strict=True)))}
        return sorted(once.values(), key=lambda row: (not row["feasible"], row[name] is None, -sign * (row[name] or 0.0), row["trial"]))

    @property
    def _counted(self) -> str:
        done, failed = len(self.swept.trials), sum(trial.outcome.error is not None for trial in self.swept.trials)
        broken = sum(trial.outcome.error is None and not trial.feasible for trial in self.swept.trials)
        words = [
            f"{done:,} of {self.swept.wanted:,} trials" if done < self.swept.wanted else f"{done:,} {'trial' if done == 1 else 'trials'}"
        ]
        words += [f"{broken:,} infeasible"] if broken else []
        words += [f"{failed:,} failed"] if failed else []
        return ", ".join(words)

    # -- the winner

    @cached_property
    def front(self) -> list[Trial]:
        """Feasible trials that no other beats in one objective without losing in another, each point once, best first objective first."""
        return front(self.plan, self.swept.trials)

    @property
    def winner(self) -> Trial | None:
        """The best feasible trial (of the Pareto front the one first in the first objective; of equals the earliest), or None."""
        return self.front[0] if self.front else None

    @cached_property
    def pareto(self) -> pd.DataFrame:
        """The rows of the feasible trials that none beats in every objective; with one objective, the best."""
        wanted = [trial.number for trial in self.front]
        return self.trials.set_index("trial", drop=False).rename_axis(None).loc[wanted].reset_index(drop=True)

    @cached_property
    def best(self) -> Best:
        """The winner, run here in full: its result is whole, and its numbers are those of the trial. Raises :class:`BadInput` without one."""
        trial = self._require_winner()
        arguments = self.plan.space.arguments(trial.point, self.plan.common)
        result = study.run(self.plan.strategy, self.plan.bars, **arguments)
        again, before = plain(measure(result)), trial.outcome.metrics
        if REPLAYED in before:
            from ..whatif import other_numbers

            other = other_numbers(again, {name: value for name, value in before.items() if name not in (REPLAYED, "profit_off", COST)})
            why = "run in full", "the replay does not know something of the strategy; search without it."
        else:
            other = [name for name in again if again[name] != before.get(name)]
            why = "run again", "the strategy does not do the same twice."
        if other:
            raise BadInput(f"{why[0]}, trial {trial.number} has {other[0]} {again.get(other[0])}, not {before.get(other[0])}: {why[1]}")
        return Best(
            trial.number, self.plan.space.values(trial.point), arguments, dict(zip(self.names, trial.verdict.values, strict=True)), result
        )

    def _require_winner(self) -> Trial:
        if self.winner is None:
            failed = [trial for trial in self.swept.trials if trial.outcome.error is not None]
            if failed and len(failed) == len(self.swept.trials):
                raise BadInput(f"every trial failed, the first with: {failed[0].outcome.error}")
            raise BadInput(f"no trial is feasible ({self._counted}); the column violated of trials says which constraints were broken.")
        return self.winner

    # -- whether to believe it

    def neighbours(self) -> Neighbours:
        """The winner against the points one step away, run if they were not yet: does it stand on a plateau or on a spike?"""
        return self._neighbours

    @cached_property
    def _neighbours(self) -> Neighbours:
        return neighbours(self.plan, self.swept.trials, self._require_winner())

    @cached_property
    def deflated_sharpe(self) -> Deflated | None:
        """How likely the winner's Sharpe ratio is more than the luck of the best of so many trials; None where that has no answer."""
        return deflated((self.whole or self).swept.trials, self.best.result) if self.winner is not None else None

    def importance(self, objective: str | None = None) -> pd.Series[float]:
        """How much each dimension matters to an objective, largest first, 1 in all.

        Optuna's fANOVA if it and scikit-learn are installed, else the absolute rank correlation.
        """
        from .robustness import importance

        name = self.names[0] if objective is None else known_name("objective", objective, self.names)
        return importance(self, self.names.index(name))

    def walk_forward(self, folds: int = 4, *, anchored: bool = True, warm_up: int = 0, progress: Any = None) -> WalkForward:
        """Tunes again on the sessions before, tests the winner on the sessions after, ``folds`` times.

        The sessions are cut into ``folds + 1`` parts of equal length; part k is tested with what won on all parts before it
        (``anchored``) or on the one before it: nothing of a test is known before it. Every test starts flat with the cash of the search;
        its strategy is shown the ``warm_up`` sessions before it and does not trade on them, so that indicators are ready.
        """
        from .walking import walk_forward

        return walk_forward(self.plan, folds, anchored=anchored, warm_up=warm_up, progress=progress)

    @property
    def _won(self) -> str:
        trial = self._require_winner()
        values = ", ".join(f"{name} {value:.6g}" for name, value in zip(self.names, trial.verdict.values, strict=True))
        return f"best is {_listed(self.plan.space.values(trial.point))} (trial {trial.number}): {values}"

    @cached_property
    def conclusions(self) -> list[str]:
        """What was found, in sentences."""
        of = f": those with {self.part}, of a search of {len(self.whole.swept.trials):,}" if self.whole is not None else ""
        said = [f"{self._counted[0].upper()}{self._counted[1:]}{of}{', stopped early' if self.stopped else ''}."]
        said += self.swept.notes
        if self.winner is None:
            try:
                self._require_winner()
            except BadInput as error:
                text = str(error)
                return [*said, text[0].upper() + text[1:]]
        said.append(f"{self._won[0].upper()}{self._won[1:]}.")
        if len(self.names) > 1:
            are = "1 trial is" if len(self.front) == 1 else f"{len(self.front)} trials are"
            said.append(f"{are} on the Pareto front; best is the one first in {self.names[0]}.")
        if self.best.result.manifest["strategy"]["asks_sizer"] is False and self.best.result.summary["orders"]:
            said.append(f"The winner's run never asked the sizer: {self.title} gives each order a size, so sizers make no difference.")
        return said + ([self.deflated_sharpe.sentence] if self.deflated_sharpe is not None else [])

    # -- pictures, folders, other programs

    def heatmap(self, x: str, y: str, objective: str | None = None) -> Figure:
        """The best value of an objective for every pair of two dimensions' values; crossed out where all were infeasible."""
        from .pictures import heatmap

        return heatmap(self, x, y, objective)

    def parallel(self) -> Figure:
        """Every trial as a line over all dimensions and objectives."""
        from .pictures import parallel

        return parallel(self)

    def pareto_figure(self) -> Figure:
        """The first two objectives against each other: feasible, infeasible, and the Pareto front."""
        from .pictures import pareto

        return pareto(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        winner = self.winner
        return {
            "strategy": self.title,
            "settings": self.plan.settings(),
            "trials": plain(self.rows),
            "wanted": self.swept.wanted,
            "stopped": self.stopped,
            "best": None if winner is None else plain({"trial": winner.number, "parameters": self.plan.space.values(winner.point)}),
            "pareto": [trial.number for trial in self.front],
            "deflated_sharpe": plain(self.deflated_sharpe),
            "conclusions": self.conclusions,
            "warnings": self.warnings,
        }

    def save(self, folder: str | Path) -> Path:
        """Writes tuning.json, trials.csv, parallel.png, pictures of what varies, and the winner's run folder; whole or not at all."""
        from .saving import write

        return write(self, folder)

    def study(self, storage: str | None = None) -> Any:
        """The trials as an optuna Study for its own pictures and dashboard; ``storage`` (a URL of optuna's) keeps it there."""
        from .robustness import optuna_study

        return optuna_study(self, storage)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items())
