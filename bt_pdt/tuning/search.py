"""Which points are tried: all of them, some at random, or those that optuna's samplers ask for.

A search is asked for points in batches and told what became of them, both in the parent process and in order. What it asks for
hangs on the seed and on what it was told, never on how many processes work or on which of them is done first.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..core.errors import BadInput, known_name
from .objectives import Objective
from .space import Point, Space

#: Methods, and how many points each asks for at once where nothing is said; 0 is all of them.
METHODS = {"grid": 0, "random": 0, "tpe": 8, "nsga2": 20}
#: How many trials are made where nothing is said (a grid is tried whole).
TRIALS = 100
LARGEST_GRID = 1_000_000


class Verdict(NamedTuple):
    """What is told of a trial: a value for each objective (NaN where there is none), and how far each constraint is from being kept."""

    values: tuple[float, ...]
    excess: tuple[float, ...]


class Search(Protocol):
    """Asks for points and is told what became of them."""

    def ask(self, most: int) -> list[Point]:
        """The next points, at most so many; none where there are no more."""

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """What became of the points last asked for, in their order."""


class Listed:
    """Points that hang on nothing but the seed."""

    def __init__(self, points: Iterator[Point]) -> None:
        self._points = points

    def ask(self, most: int) -> list[Point]:
        """The next ``most``."""
        return list(itertools.islice(self._points, most))

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """Nothing is learnt."""


def at_random(space: Space, seed: int) -> Iterator[Point]:
    """Every point once, in a random order."""
    generator = np.random.default_rng(seed)
    sizes = [len(dimension.values) for dimension in space.dimensions]
    if space.size <= LARGEST_GRID:
        for k in generator.permutation(space.size):
            yield tuple(int(place) for place in np.unravel_index(k, sizes))
        return
    seen: set[Point] = set()
    while True:
        point = tuple(int(generator.integers(size)) for size in sizes)
        if point not in seen:
            seen.add(point)
            yield point


class Learned:
    """Optuna's TPE or NSGA-II over the places of the values, asked in batches. Each batch has a sampler of its own with its own seed,
    so that a search that is replayed from what was told before goes on as if it had never stopped."""

    def __init__(self, space: Space, objectives: Sequence[Objective], method: str, seed: int, batch: int, constrained: bool) -> None:
        optuna = optuna_or_sentence(f"method={method!r}")
        self._space, self._method, self._seed, self._size = space, method, seed, batch
        self._constrained, self._batch, self._asked = constrained, 0, []
        with quiet():
            self._study = optuna.create_study(directions=[objective.direction for objective in objectives], sampler=self._sampler())

    _asked: list[Any]

    def _sampler(self) -> Any:
        return sampler(self._method, [self._seed, self._batch], self._size, self._constrained)

    def ask(self, most: int) -> list[Point]:
        """The next batch."""
        with quiet():
            self._study.sampler = self._sampler()
            self._batch += 1
            points = []
            for _ in range(min(self._size, most)):
                trial = self._study.ask()
                self._asked.append(trial)
                points.append(suggested(trial, self._space))
        return points

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """A trial without a value has failed; one that breaks a constraint is told with how far off it is."""
        with quiet():
            for trial, verdict in zip(self._asked, verdicts, strict=True):
                tell(self._study, trial, verdict)
        self._asked = []


def sampler(method: str, seeds: Sequence[int], population: int, constrained: bool) -> Any:
    """Optuna's sampler for a method; constraints are read from what ``tell`` left."""
    from optuna.samplers import NSGAIISampler, TPESampler

    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    told: Callable[[Any], Any] | None = (lambda trial: trial.user_attrs["excess"]) if constrained else None
    if method == "nsga2":
        return NSGAIISampler(seed=seed, population_size=population, constraints_func=told)
    return TPESampler(seed=seed, constant_liar=True, constraints_func=told)


def suggested(trial: Any, space: Space) -> Point:
    """The point that an optuna trial stands for: the places of its values."""
    return tuple(trial.suggest_int(d.label, 0, len(d.values) - 1) if d.ordered else _choice(trial, d) for d in space.dimensions)


def tell(study: Any, trial: Any, verdict: Verdict) -> None:
    """Tells an optuna study what became of a trial of its own."""
    from optuna.trial import TrialState

    if verdict.excess:
        trial.set_user_attr("excess", list(verdict.excess))
    if any(math.isnan(value) for value in verdict.values):
        study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
    else:
        study.tell(trial, list(verdict.values), skip_if_finished=True)


def _choice(trial: Any, dimension: Any) -> int:
    return int(trial.suggest_categorical(dimension.label, list(range(len(dimension.values)))))


def optuna_or_sentence(what: str) -> Any:
    """The optuna package; raises :class:`BadInput` with how to install it."""
    try:
        import optuna
    except ImportError:
        raise BadInput(f'{what} needs optuna: pip install "bt_pdt[tune]"; the methods grid and random do without.') from None
    return optuna


@contextmanager
def quiet() -> Iterator[None]:
    """Without optuna's lines about every trial and its notes that something is experimental."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)


def search_for(
    method: str, space: Space, objectives: Sequence[Objective], trials: int | None, seed: int, batch: int | None, constrained: bool
) -> tuple[Search, int, int]:
    """The search, how many trials it will make, and how many it asks for at once (0: all)."""
    known_name("method", method, METHODS)
    for name, value, least in (("trials", trials, 1), ("seed", seed, 0), ("batch", batch, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise BadInput(f"{name} takes a whole number from {least} up, got {value!r}.")
    if batch is not None and METHODS[method] == 0:
        raise BadInput(f"batch goes with the methods tpe and nsga2; {method} does not learn from what it has tried.")
    if method == "grid":
        if trials is not None and trials < space.size:
            raise BadInput(f"the grid has {space.size:,} points; leave trials out, or take method='random' for {trials:,} of them.")
        if space.size > LARGEST_GRID:
            raise BadInput(f"the grid has {space.size:,} points; take fewer values, or another method.")
        return Listed(space.points()), space.size, 0
    wanted = trials if trials is not None else TRIALS
    if method == "random":
        return Listed(at_random(space, seed)), min(wanted, space.size), 0
    size = batch if batch is not None else METHODS[method]
    if method == "nsga2" and size < 2:
        raise BadInput(f"batch is the population of nsga2 and at least 2, got {size}.")
    return Learned(space, objectives, method, seed, size, constrained), wanted, size
