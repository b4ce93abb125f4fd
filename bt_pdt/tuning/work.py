"""The runs behind the trials: one after the other here, or on several cores in processes that stay warm and read the bars once."""

from __future__ import annotations

import inspect
import itertools
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import study
from ..comparison.variants import _portable
from ..errors import BadInput
from ..report.folder import plain
from .folders import Folder
from .goals import measure

if TYPE_CHECKING:
    from ..bars import Bars
    from ..report import Result

Function = Callable[["Result"], Any]
IDLE_SECONDS = 60


class Task(NamedTuple):
    """One run to make. ``key`` comes back with its outcome; ``functions`` are asked about its result."""

    key: Any
    arguments: Mapping[str, Any]
    functions: Sequence[Function] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its numbers and what the functions said, or the error that ended it."""

    metrics: Mapping[str, Any]
    answers: tuple[float, ...] = ()
    error: str | None = None
    seconds: float = 0.0


def perform(strategy: type | str | Path, bars: Bars, arguments: Mapping[str, Any], functions: Sequence[Function]) -> Outcome:
    """Runs once. Whatever is raised is told: the search goes on."""
    began = time.perf_counter()
    try:
        result = study.run(strategy, bars, **arguments)
        metrics, answers = plain(measure(result)), tuple(float(function(result)) for function in functions)
    except Exception as error:
        said = str(error) if isinstance(error, BadInput) else study._sentence(error)
        return Outcome({}, error=said, seconds=time.perf_counter() - began)
    return Outcome(metrics, answers, seconds=time.perf_counter() - began)


@lru_cache(maxsize=1)
def _bars(file: str) -> Bars:
    import joblib

    bars: Bars = joblib.load(file, mmap_mode="r")
    return bars


@lru_cache(maxsize=1)
def _strategy(text: str, sha256: str) -> type:
    """``sha256`` is the file's: warm workers read an edited file anew."""
    return study.load_strategy(text)


def _perform_there(
    strategy: type | str | Path, sha256: str, file: str, arguments: Mapping[str, Any], functions: Sequence[Function]
) -> Outcome:
    """In a worker: the bars are one file for all workers, mapped into memory by each of them once."""
    return perform(strategy if inspect.isclass(strategy) else _strategy(str(strategy), sha256), _bars(file), arguments, functions)


def _deaf() -> None:
    """Ctrl-C is for the process that waits for the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Workers:
    """Where runs are made: ``with Workers(...) as workers: workers.run(tasks)``. One core, or a class that cannot travel, works here."""

    def __init__(self, strategy: type, bars: Bars, cores: int) -> None:
        self._strategy, self._given = strategy, bars
        self._portable = _portable(strategy) if cores > 1 else None
        self.cores = cores if self._portable is not None else 1
        self._sha256 = str(study._about(strategy, {})["sha256"])
        self._folder: Folder | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Any, Outcome]]:
        """Keys and outcomes as they come; the order is that of the tasks with one core only."""
        if self.cores > 1 and len(tasks) > 1:
            yield from self._spread(tasks)
            return
        for task in tasks:
            yield task.key, perform(self._strategy, self._given, task.arguments, task.functions)

    def _spread(self, tasks: Sequence[Task]) -> Iterator[tuple[Any, Outcome]]:
        left = dict(enumerate(tasks))
        for n, outcome in self._pooled(left, self.cores):
            yield left.pop(n).key, outcome
        for n, task in left.items():  # a worker died: one at a time, to know whose run it is
            answered = list(self._pooled({n: task}, 1))
            yield (
                task.key,
                answered[0][1] if answered else Outcome({}, error="the process of this run died (memory, or a crash in compiled code)."),
            )

    def _pooled(self, tasks: Mapping[int, Task], cores: int) -> Iterator[tuple[int, Outcome]]:
        """What processes answer, until all have answered or one of them dies."""
        from concurrent.futures import FIRST_COMPLETED, Future, wait

        from joblib.executor import get_memmapping_executor
        from joblib.externals.loky.process_executor import BrokenProcessPool

        pool = get_memmapping_executor(cores, timeout=IDLE_SECONDS, initializer=_deaf)  # joblib's own, which Parallel may find in use
        file, left, asked = self._file(), iter(list(tasks.items())), dict[Future[Outcome], int]()
        stopped = True
        try:
            while True:
                for n, task in itertools.islice(left, cores + 1 - len(asked)):  # few wait there, so that it stops at once
                    asked[pool.submit(_perform_there, self._portable, self._sha256, file, task.arguments, task.functions)] = n
                if not asked:
                    break
                for future in wait(asked, return_when=FIRST_COMPLETED).done:
                    n, error = asked.pop(future), future.exception()
                    if isinstance(error, BrokenProcessPool):
                        raise error
                    yield n, Outcome({}, error=study._sentence(error)) if error is not None else future.result()
            stopped = False
        except BrokenProcessPool:
            stopped = False
        finally:
            if stopped:
                pool.shutdown(wait=True, kill_workers=True)

    def _file(self) -> str:
        import joblib

        if self._folder is None:
            self._folder = Folder()
            joblib.dump(self._given, self._folder.path / "bars")
        return str(self._folder.path / "bars")
