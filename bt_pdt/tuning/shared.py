"""One search by several processes or machines: an optuna study in a database, which each of them asks for trials and tells what became of them.

A trial is claimed by its number, which the database gives out once. Of ``grid`` and ``random`` number n is the n-th point of a list that
all have, so that the trials are the same whoever makes them. Whoever makes a trial leaves a sign of life every few seconds; one whose sign
has not changed for a minute, by the clock of the one who watches, is put back and claimed by another under its number and with its point.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..core.errors import BadInput
from . import executors
from .search import METHODS, optuna_or_sentence, quiet, sampler, search_for, suggested, tell
from .space import Point
from .storage import PREFIX, difference, file_of
from .sweep import Plan, Progress, SearchResult, Trial, evaluate
from .work import Outcome, Workers

#: A sign of life; how long one may stand still; how long to wait where all trials that are left are made by others.
BEAT_SECONDS, GRACE_SECONDS, POLL_SECONDS = 10.0, 60.0, 1.0
_SETTINGS, _BEAT, _OUTCOME = "bt_pdt", "beat", "outcome"


class Shared:
    """This process's part in the study: what it has claimed, and what it knows of the rest."""

    def __init__(self, plan: Plan, storage: Any, shown: str, name: str, wanted: int, points: list[Point] | None, population: int) -> None:
        import optuna

        self._plan, self._wanted, self._name, self._storage = plan, wanted, name, storage
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=name,
            directions=[str(objective.direction) for objective in plan.objectives],  # type: ignore[misc]
            load_if_exists=True,
            sampler=_sampler(plan, points, population),
        )
        self._require_same(shown)
        self.finished: dict[int, tuple[Point, Outcome]] = {}
        self.news: list[tuple[Point, Outcome]] = []
        self._mine: dict[int, Any] = {}
        self._seen: dict[int, tuple[Any, float]] = {}
        self._sign, self._beats, self._over = uuid.uuid4().hex, itertools.count(), threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    def _require_same(self, shown: str) -> None:
        now = json.loads(json.dumps(self._plan.settings()))
        before = self._study.user_attrs.get(_SETTINGS)
        if before is None:
            if self._study.get_trials(deepcopy=False):
                raise BadInput(f"{shown}: its study {self._name} was not made by bt_pdt; take another study_name.")
            self._study.set_user_attr(_SETTINGS, now)
        else:
            unlike = difference(before, now)
            if unlike is not None:
                raise BadInput(f"{shown}: its study {self._name} is a search with another {unlike}; take another study_name.")

    def close(self) -> None:
        """What was claimed and not finished is there for others at once."""
        self._over.set()
        self._heart.join()
        for number in list(self._mine):
            with suppress(RuntimeError):
                self._put_back(number)

    # -- what others do

    def look(self) -> list[Any]:
        """All trials as they are; what is finished is read once."""
        from optuna.trial import TrialState

        trials: list[Any] = self._study.get_trials(deepcopy=False)
        for trial in trials:
            if trial.state.is_finished() and trial.number not in self.finished:
                self.finished[trial.number] = self._read(trial)
                self.news.append(self.finished[trial.number])
            if trial.state == TrialState.RUNNING and trial.number not in self._mine:
                self._watch(trial)
        return trials

    def _read(self, trial: Any) -> tuple[Point, Outcome]:
        point = tuple(int(trial.params.get(label, 0)) for label in self._plan.space.labels)
        record: Mapping[str, Any] | None = trial.user_attrs.get(_OUTCOME)
        if record is None:
            return point, Outcome({}, error="another program ended this trial in the study.")
        return point, Outcome(record["metrics"], tuple(record["answers"]), record["error"], record["seconds"])

    def _watch(self, trial: Any) -> None:
        """Puts back what nobody makes any more. No clock is compared with another's."""
        sign, now = trial.user_attrs.get(_BEAT), time.monotonic()
        before, since = self._seen.get(trial.number, (None, now))
        if trial.number not in self._seen or sign != before:
            self._seen[trial.number] = (sign, now)
        elif now - since > GRACE_SECONDS:
            del self._seen[trial.number]
            with suppress(RuntimeError):  # it was finished this moment
                self._put_back(trial.number)

    def _put_back(self, number: int) -> None:
        from optuna.trial import TrialState

        self._storage.set_trial_state_values(self._id(number), state=TrialState.WAITING)

    def _id(self, number: int) -> int:
        own = self._storage.get_study_id_from_name(self._name)
        return int(self._storage.get_trial_id_from_study_id_trial_number(own, number))

    # -- what this process does

    def claim(self) -> tuple[int, Point] | None:
        """A trial for this process, or None where none is to be had at the moment."""
        from optuna.trial import TrialState

        with quiet():
            trials = self.look()
            put_back = any(trial.state == TrialState.WAITING and trial.number < self._wanted for trial in trials)
            if not put_back and len(trials) >= self._wanted:
                return None
            trial = self._study.ask()
            if trial.number >= self._wanted:  # others were quicker; a search of more trials will have it
                self._put_back(trial.number)
                return None
            self._mine[trial.number] = trial
            trial.set_user_attr(_BEAT, self._next_sign())
            return trial.number, suggested(trial, self._plan.space)

    def keep(self, number: int, point: Point, outcome: Outcome) -> None:
        """Commits a finished trial. Where another has made it meanwhile, its outcome is the same."""
        trial = self._mine.pop(number)
        with quiet(), suppress(RuntimeError):  # it is finished already
            trial.set_user_attr("parameters", {label: str(value) for label, value in self._plan.space.values(point).items()})
            trial.set_user_attr(_OUTCOME, asdict(outcome))
            tell(self._study, trial, self._plan.evaluate(outcome))
        self.finished[number] = (point, outcome)

    def _next_sign(self) -> str:
        return f"{self._sign} {next(self._beats)}"

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            for number in list(self._mine):
                with suppress(Exception):  # a database that does not answer now is asked again; what is finished needs no sign
                    self._storage.set_trial_user_attr(self._id(number), _BEAT, self._next_sign())
        self._storage.remove_session()  # this thread's own


def sweep_shared(plan: Plan, storage: str | Path | None, name: str, progress: Progress | None = None) -> SearchResult:
    """This process's part of a search, until the study has all its trials; gives all of them. Ctrl-C ends this process's part."""
    if not isinstance(name, str) or not name:
        raise BadInput(f"study_name takes a name, got {name!r}.")
    if storage is None:
        raise BadInput("study_name names a study in a storage that several processes share; give storage too.")
    if plan.batch is not None and plan.method == "tpe":
        raise BadInput("batch: processes that share a study ask for one trial at a time; leave it out.")
    executors.require_place(plan.jobs, plan.scheduler)
    search, wanted, size = search_for(plan.method, plan.space, plan.objectives, plan.trials, plan.seed, plan.batch, bool(plan.constraints))
    points = search.ask(wanted) if METHODS[plan.method] == 0 else None
    stopped = False
    offs: dict[Point, float] = {}
    with _opened(plan, str(storage), name, wanted, points, size) as shared, ExitStack() as taken:
        workers: Workers | None = None
        known: dict[Point, Outcome] = {}
        under_way: dict[Point, list[int]] = {}

        def done() -> int:
            return sum(number < wanted for number in shared.finished)

        def learn() -> None:
            while shared.news:
                point, outcome = shared.news.pop()
                known.setdefault(point, outcome)
                if "profit_off" in outcome.metrics:
                    offs[plan.space.without_law(point)] = outcome.metrics["profit_off"]

        def record(point: Point, outcome: Outcome) -> None:
            known[point] = outcome
            for number in under_way.pop(point):
                shared.keep(number, point, outcome)
                outcome = replace(outcome, seconds=0.0)  # another trial of the same point is not run again
            if progress is not None:
                progress(done(), wanted)

        def claimed() -> Iterator[Point]:
            while (one := shared.claim()) is not None:
                number, point = one
                learn()
                under_way.setdefault(point, []).append(number)
                if point in known:
                    record(point, replace(known[point], seconds=0.0))
                elif len(under_way[point]) == 1:
                    yield point

        try:
            while True:
                first = next(claimed(), None)
                if first is not None:
                    if workers is None:
                        workers = taken.enter_context(plan.workers(wanted - done()))
                    evaluate(plan, itertools.chain([first], claimed()), record, offs, workers)
                elif done() >= wanted:
                    break
                else:
                    time.sleep(POLL_SECONDS)
                    if progress is not None:
                        progress(done(), wanted)
        except KeyboardInterrupt:
            stopped = True
        found = [Trial(n, point, outcome, plan.evaluate(outcome)) for n, (point, outcome) in sorted(shared.finished.items())]
    return SearchResult(tuple(found), max(wanted, len(found)), stopped)


@contextmanager
def _opened(plan: Plan, storage: str, name: str, wanted: int, points: list[Point] | None, population: int) -> Iterator[Shared]:
    optuna = optuna_or_sentence("study_name")
    database, shared = _database(storage), None
    try:
        with quiet():
            shared = Shared(plan, database, _shown(storage), name, wanted, points, population)
        yield shared
    except optuna.exceptions.StorageInternalError as error:
        raise BadInput(f"{_shown(storage)}: cannot be used ({_first_line(error.__cause__ or error)}).") from None
    finally:
        if shared is not None:
            shared.close()
        database.remove_session()
        database.engine.dispose()


def _sampler(plan: Plan, points: list[Point] | None, population: int) -> Any:
    """A sampler that hangs on the seed and the number of the trial: the listed point, or optuna's own choice."""
    from optuna.samplers import BaseSampler

    labels = plan.space.labels

    class Listed(BaseSampler):  # type: ignore[misc]
        """Number n is the n-th point."""

        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> int:
            assert points is not None
            place: int = points[trial.number][labels.index(param_name)]
            return place

    class Seeded(BaseSampler):  # type: ignore[misc]
        """One of optuna's, anew for each trial: processes with the same seed do not ask for the same points."""

        def __init__(self) -> None:
            self._own = self._made(0)

        def _made(self, number: int) -> Any:
            return sampler(plan.method, [plan.seed, number], population, bool(plan.constraints))

        def before_trial(self, study: Any, trial: Any) -> None:
            self._own = self._made(trial.number)
            self._own.before_trial(study, trial)

        def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
            return self._own.infer_relative_search_space(study, trial)

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
            return self._own.sample_relative(study, trial, search_space)

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
            return self._own.sample_independent(study, trial, param_name, param_distribution)

        def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
            self._own.after_trial(study, trial, state, values)

    return Listed() if points is not None else Seeded()


# -- the database


def _database(storage: str) -> Any:
    """Optuna's storage behind a URL or a file; raises :class:`BadInput`. Two processes may make its tables at the same moment."""
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import DBAPIError

    plain = "://" not in storage or storage.startswith(PREFIX)
    url = f"{PREFIX}{file_of(storage).absolute()}" if plain else storage
    if url.startswith("postgresql://") and find_spec("psycopg") is not None:
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)  # whichever driver SQLAlchemy of this version would take
    options: dict[str, Any] = {"connect_args": {"timeout": 60}} if plain else {"pool_pre_ping": True}
    for left in reversed(range(5)):
        try:
            return RDBStorage(url, engine_kwargs=options)
        except ImportError:
            raise BadInput(f'{_shown(storage)} needs a driver: pip install "bt_pdt[postgres]" has the one of PostgreSQL.') from None
        except DBAPIError as error:
            if not left:
                raise BadInput(f"{_shown(storage)}: cannot be used ({_first_line(error)}).") from None
            time.sleep(random.uniform(0.05, 0.3))
        except Exception as error:
            raise BadInput(f"{_shown(storage)}: cannot be used ({_first_line(error)}).") from None
    raise AssertionError


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0].rstrip(".")


def _shown(storage: str) -> str:
    """Without the password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(storage).render_as_string(hide_password=True)
    except ArgumentError:
        return storage
