"""One search from beginning to end: asks for points, runs what was not run before, keeps every trial as it ends."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput
from ..host.outcome import about as about_strategy
from . import executors, serialization
from .objectives import COST, Constraint, Objective, answered, number, with_cost
from .screening import REPLAYED, Screen
from .search import Verdict, search_for
from .space import OF_THE_LAW, Point, Space
from .storage import Storage, opened
from .work import Outcome, Task, Workers

if TYPE_CHECKING:
    from ..bars import Bars

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a search is: what runs, over what, where it looks, and what it looks for. ``common`` goes to every run."""

    strategy: type
    bars: Bars
    common: Mapping[str, Any]
    space: Space
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    method: str
    trials: int | None
    seed: int
    batch: int | None
    jobs: int | None
    scheduler: Any = None
    replay: bool = False
    verify: int = 5

    def __getstate__(self) -> dict[str, Any]:
        """For ``pickle`` and ``copy.deepcopy``: a scheduler stays where it is (a copy runs in processes), a strategy of a file takes it along."""
        return vars(self) | {"strategy": serialization.carried(self.strategy), "scheduler": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, strategy=serialization.arrived(state["strategy"]))

    @property
    def criteria(self) -> list[Objective | Constraint]:
        """Objectives, then constraints."""
        return [*self.objectives, *self.constraints]

    @property
    def costed(self) -> bool:
        """True if every point is to be run with the rules off too."""
        return COST in {one.name for one in self.criteria if one.function is None}

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions of objectives and constraints, which answer where the result is."""
        asked = [one.function for one in self.objectives if one.function is not None]
        return (*asked, *(partial(answered, one.function) for one in self.constraints if one.function is not None))

    def task(self, point: Point) -> Task:
        """The run of a point."""
        return Task((False, point), self.space.arguments(point, self.common), self.functions)

    def task_off(self, point: Point) -> Task:
        """The run of a point with the rules off."""
        arguments = self.space.arguments(point, self.common)
        kept = {name: value for name, value in arguments.items() if name not in OF_THE_LAW or name == "set"}
        return Task((True, point), kept | {"rules": "off"})

    def evaluate(self, outcome: Outcome) -> Verdict:
        """The objectives' values (NaN where one does not exist) and how far each constraint is from being kept."""
        answers = iter(outcome.answers)

        def value(objective: Objective) -> float:
            return next(answers, math.nan) if objective.function is not None else number(outcome.metrics, objective.name)

        values = tuple(value(objective) for objective in self.objectives)
        excess = tuple(c.excess(outcome.metrics, next(answers, None) if c.function is not None else None) for c in self.constraints)
        if outcome.error is not None:
            return Verdict(tuple(math.nan for _ in values), tuple(math.inf for _ in excess))
        return Verdict(tuple(v if math.isfinite(v) else math.nan for v in values), excess)

    def workers(self, points: int) -> Workers:
        """Where so many points are run."""
        runs = points * 2 if self.costed else points
        shared = (dict(self.common), self.functions)
        return executors.workers(self.strategy, self.bars, shared, runs, jobs=self.jobs, scheduler=self.scheduler)

    def settings(self) -> dict[str, Any]:
        """What makes it this search: one that is resumed must have the same."""
        about = about_strategy(self.strategy, {})
        return {
            "strategy": [about["class"], about["sha256"]],
            "data": self.bars.sha256,
            "space": [[d.label, d.kind, d.name, [repr(value) for value in d.values]] for d in self.space.dimensions],
            "objective": [[one.direction, one.name, _code(one.function)] for one in self.objectives],
            "constraints": [[one.text, _code(one.function)] for one in self.constraints],
            "method": self.method,
            "seed": self.seed,
            "batch": self.batch,
            "arguments": {name: repr(value) for name, value in sorted(self.common.items()) if name != "on_call" or isinstance(value, str)},
        }


def _code(function: Any) -> str | None:
    """What a function does, as far as its code says it."""
    code = getattr(function, "__code__", None)
    return hashlib.sha256(code.co_code + repr(code.co_names).encode()).hexdigest()[:16] if code is not None else None


class Trial(NamedTuple):
    """One finished trial."""

    number: int
    point: Point
    outcome: Outcome
    verdict: Verdict

    @property
    def feasible(self) -> bool:
        """True if every objective has a value and every constraint is kept."""
        return not any(math.isnan(value) for value in self.verdict.values) and all(excess <= 0 for excess in self.verdict.excess)


class SearchResult(NamedTuple):
    """What a search left: its finished trials in their order, how many there were to be, and whether it was stopped."""

    trials: tuple[Trial, ...]
    wanted: int
    stopped: bool
    notes: tuple[str, ...] = ()


def front(plan: Plan, trials: Iterable[Trial]) -> list[Trial]:
    """Feasible trials that no other beats in one objective without losing in another, each point once, best first objective first."""
    seen: dict[Point, Trial] = {}
    for trial in trials:
        if trial.feasible:
            seen.setdefault(trial.point, trial)

    def score(trial: Trial) -> tuple[float, ...]:
        return tuple(o.sign * v for o, v in zip(plan.objectives, trial.verdict.values, strict=True))

    kept: list[tuple[tuple[float, ...], Trial]] = []
    for own, trial in sorted(((score(t), t) for t in seen.values()), key=lambda one: (*[-value for value in one[0]], one[1].number)):
        # whoever beats it is better in the first objective in which they differ, so stands before it; and so does one that nobody beats
        if not any(other != own and all(a >= b for a, b in zip(other, own, strict=True)) for other, _ in kept):
            kept.append((own, trial))
    return [trial for _, trial in kept]


def evaluate(
    plan: Plan,
    points: Iterable[Point],
    record: Callable[[Point, Outcome], None],
    offs: dict[Point, float] | None = None,
    workers: Workers | None = None,
) -> None:
    """Runs each point once and tells its outcome as it ends; with the rules off too, once for all points that differ in the law alone.

    A point is taken from ``points`` when there is room for its run. Without ``workers`` a place is found for these points alone.
    """
    offs = {} if offs is None else offs
    if workers is None:
        listed = list(points)
        with plan.workers(max(len(listed), 1)) as found:
            evaluate(plan, listed, record, offs, found)
        return
    begun: set[Point] = set()

    def tasks() -> Iterator[Task]:
        for point in points:
            off = plan.space.without_law(point)
            if plan.costed and off not in offs and off not in begun:
                begun.add(off)
                yield plan.task_off(off)
            yield plan.task(point)

    ran: dict[Point, Outcome] = {}
    errors: dict[Point, str] = {}

    def ready() -> None:
        for point in list(ran):
            off = plan.space.without_law(point)
            if not plan.costed:
                record(point, ran.pop(point))
            elif off in offs or off in errors:
                record(point, _with_cost(ran.pop(point), offs.get(off), errors.get(off)))

    with closing(workers.run(tasks())) as outcomes:
        for (is_off, point), outcome in outcomes:
            if not is_off:
                ran[point] = outcome
            elif outcome.error is not None:
                errors[point] = outcome.error
            else:
                offs[point] = outcome.metrics["profit"]
            ready()


def _with_cost(outcome: Outcome, off: float | None, error: str | None) -> Outcome:
    """The outcome with what the rules cost: profit with the rules off less profit."""
    if outcome.error is not None:
        return outcome
    if off is None:
        return replace(outcome, error=f"with the rules off: {error}")
    return replace(outcome, metrics=with_cost(outcome.metrics, off))


def sweep(
    plan: Plan,
    *,
    storage: str | Path | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> SearchResult:
    """The whole search. Ctrl-C ends it early with the trials that are finished."""
    if retry_failed and not resume:
        raise BadInput("retry_failed runs again what failed before, so it goes with resume.")
    search, wanted, _ = search_for(plan.method, plan.space, plan.objectives, plan.trials, plan.seed, plan.batch, bool(plan.constraints))
    executors.require_place(plan.jobs, plan.scheduler)
    done: dict[int, Trial] = {}
    known: dict[Point, Outcome] = {}
    offs: dict[Point, float] = {}
    stopped = False
    workers: Workers | None = None
    told_of = 0

    def report(count: int) -> None:
        """So many trials are done, or replayed and to be checked; a bar goes forward only."""
        nonlocal told_of
        if progress is not None and count > told_of:
            told_of = count
            progress(count, wanted)

    screen = Screen(plan, lambda count: report(len(done) + count)) if plan.replay else None
    with opened(storage, plan.settings(), resume=resume) as store, ExitStack() as places_taken:
        if retry_failed:
            store.retry_failed()
        for point, outcome in store.finished.values():
            known[point] = outcome
            if "profit_off" in outcome.metrics:
                offs[plan.space.without_law(point)] = outcome.metrics["profit_off"]
        asked = 0
        try:
            while asked < wanted:
                points = search.ask(wanted - asked)
                if not points:
                    break
                numbers: dict[Point, list[int]] = {}
                for n, point in enumerate(points, asked):
                    if n in store.finished and store.finished[n][0] != point:
                        raise BadInput(f"{storage}: trial {n} was another one; it was made with another version of optuna or of bt_pdt.")
                    numbers.setdefault(point, []).append(n)

                def record(point: Point, outcome: Outcome, numbers: dict[Point, list[int]] = numbers) -> None:
                    known[point] = outcome
                    for n in numbers[point]:
                        if n in store.finished:
                            outcome = store.finished[n][1]
                        else:
                            store.keep(n, point, plan.space.values(point), outcome)
                        done[n] = Trial(n, point, outcome, plan.evaluate(outcome))
                        outcome = replace(outcome, seconds=0.0)  # another trial of the same point is not run again
                    report(len(done))

                for point in [point for point in numbers if point in known]:
                    record(point, known[point] if numbers[point][0] in store.finished else replace(known[point], seconds=0.0))
                fresh = [point for point in numbers if point not in known]
                if screen is not None:
                    with store.at_once():
                        for point, outcome in screen.outcomes(fresh, offs).items():
                            record(point, outcome)
                    fresh = [point for point in numbers if point not in known]
                if fresh and workers is None:
                    workers = places_taken.enter_context(plan.workers(len(fresh) + wanted - asked - len(points)))
                evaluate(plan, fresh, record, offs, workers)
                failed = plan.evaluate(Outcome({}, error="failed"))
                search.tell([failed if n in store.retried else done[n].verdict for n in range(asked, asked + len(points))])
                asked += len(points)
            if screen is not None:
                _confirm(plan, screen, store, done, offs)
        except KeyboardInterrupt:
            stopped = True
    trials = tuple(done[n] for n in sorted(done))
    replayed = sum(REPLAYED in trial.outcome.metrics for trial in trials)
    return SearchResult(trials, wanted, stopped, () if screen is None else tuple(screen.notes(replayed, len(trials) - replayed)))


def _confirm(plan: Plan, screen: Screen, store: Storage, done: dict[int, Trial], offs: dict[Point, float]) -> None:
    """Runs the best replayed trials in full, until the best are; all of them, once one full run says something else."""

    def record(point: Point, outcome: Outcome) -> None:
        for trial in [trial for trial in done.values() if trial.point == point]:
            if outcome.error is None and trial.outcome.error is None:
                screen.confirmed(trial.number, point, trial.outcome, outcome)
            store.keep(trial.number, point, plan.space.values(point), outcome)
            done[trial.number] = Trial(trial.number, point, outcome, plan.evaluate(outcome))

    while True:
        replayed = {trial.point for trial in done.values() if REPLAYED in trial.outcome.metrics}
        if not screen.unstable:
            best = {trial.point for trial in _ranked(plan, done.values())[: plan.verify]}
            replayed &= best
        if not replayed:
            return
        evaluate(plan, [point for point in dict.fromkeys(t.point for t in done.values()) if point in replayed], record, offs)


def _ranked(plan: Plan, trials: Iterable[Trial]) -> list[Trial]:
    """Each point once: the Pareto front, other feasible trials, then the rest; within them best first objective first."""
    once = list({trial.point: trial for trial in sorted(trials, key=lambda trial: -trial.number)}.values())
    best = {trial.number: place for place, trial in enumerate(front(plan, once))}
    sign = plan.objectives[0].sign

    def rank(trial: Trial) -> tuple[float, ...]:
        value = trial.verdict.values[0]
        return (best.get(trial.number, math.inf), not trial.feasible, math.inf if math.isnan(value) else -sign * value, trial.number)

    return sorted(once, key=rank)
