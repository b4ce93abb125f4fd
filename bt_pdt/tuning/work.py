"""The runs behind the trials, and what every place where they can be made has in common: this process, other processes, other machines."""

from __future__ import annotations

import itertools
import pickle
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..core.errors import BadInput
from ..host.strategy_files import sentence
from ..results.folder import plain
from ..runs import study
from .objectives import measure
from .serialization import Parcel, pack, strategy_of

if TYPE_CHECKING:
    from ..bars import Bars
    from ..results import Result

Function = Callable[["Result"], Any]
DIED = "the process of this run died (memory, or a crash in compiled code)."


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


class Unfit(NamedTuple):
    """A process that cannot make these runs at all, in one sentence."""

    why: str


def perform(strategy: type, bars: Bars, arguments: Mapping[str, Any], functions: Sequence[Function]) -> Outcome:
    """Runs once. Whatever is raised is told: the search goes on."""
    began = time.perf_counter()
    try:
        result = study.run(strategy, bars, **arguments)
        metrics, answers = plain(measure(result)), tuple(float(function(result)) for function in functions)
    except Exception as error:
        said = str(error) if isinstance(error, BadInput) else sentence(error)
        return Outcome({}, error=said, seconds=time.perf_counter() - began)
    return Outcome(metrics, answers, seconds=time.perf_counter() - began)


class Workers(Protocol):
    """Where runs are made: ``with ... as workers: workers.run(tasks)``."""

    def __enter__(self) -> Workers: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Any, Outcome], None, None]:
        """Keys and outcomes as they come; a task is taken from ``tasks`` when there is room for it, not before."""


class Here:
    """This process, one run after the other, in the order of the tasks."""

    def __init__(self, strategy: type, bars: Bars) -> None:
        self._strategy, self._bars = strategy, bars

    def __enter__(self) -> Here:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing is held."""

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Any, Outcome], None, None]:
        """One at a time."""
        for task in tasks:
            yield task.key, perform(self._strategy, self._bars, task.arguments, task.functions)


# -- elsewhere

#: Backtrader keeps what all runs of a process share: a worker of several threads makes one run at a time.
_ONE = threading.Lock()


def versions() -> dict[str, str | None]:
    """What must be the same wherever runs are made. Needs nothing of this package, so that it can be asked where that is missing."""
    import importlib
    import importlib.metadata
    import sys

    found: dict[str, str | None] = {"Python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    for name in ("bt_pdt", "backtrader"):
        try:
            module = importlib.import_module(name)
            found[name] = str(getattr(module, "__version__", ""))
        except ImportError:
            found[name] = None
    return found


def differing(there: Mapping[str, str | None], here: Mapping[str, str | None]) -> str | None:
    """What is not the same there, in words; None if all of it is."""
    for name, own in here.items():
        if there.get(name) is None:
            return f"has no {name}; install {name} {own} there"
        if there[name] != own:
            return f"has {name} {there[name]}, and this search {own}; install the same there"
    return None


def perform_there(parcel: Parcel, bars: Bars, packed: bytes, needed: Mapping[str, str | None]) -> Outcome | Unfit:
    """In a worker: the run of a packed (arguments, functions)."""
    unlike = differing(versions(), needed)
    if unlike is not None:
        return Unfit(unlike)
    with _ONE:
        try:
            strategy = strategy_of(parcel)
            arguments, functions = pickle.loads(packed)
        except Exception as error:
            return Unfit(f"cannot load what the search needs ({sentence(error)}); what a strategy imports must be there too")
        return perform(strategy, bars, arguments, functions)


class Elsewhere(ABC):
    """Other processes: a few runs wait there at a time, and a run whose process dies is made once more, alone, to know whether it did it."""

    def __init__(self, parcel: Parcel, bars: Bars) -> None:
        self._parcel, self._bars, self._needed = parcel, bars, versions()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @abstractmethod
    def room(self) -> int:
        """How many runs may be under way or wait there, this moment."""

    @abstractmethod
    def submit(self, packed: bytes) -> Any:
        """Begins a run; returns what stands for it."""

    @abstractmethod
    def ready(self, asked: Sequence[Any]) -> Iterable[Any]:
        """Waits for the first of those asked; raises :class:`BadInput` if none can come any more."""

    @abstractmethod
    def answer(self, one: Any) -> Outcome | Unfit | None:
        """What a run that is ready came to; None if its process died."""

    @abstractmethod
    def abandon(self, asked: Sequence[Any]) -> None:
        """Those that wait are not to begin."""

    @abstractmethod
    def close(self) -> None:
        """Gives back what was taken."""

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Any, Outcome], None, None]:
        """In the order in which they end."""
        died: list[Task] = []
        yield from self._several(tasks, None, died)
        for task in died:
            again: list[Task] = []
            yield from self._several([task], 1, again)
            if again:
                yield task.key, Outcome({}, error=DIED)

    def _several(self, tasks: Iterable[Task], most: int | None, died: list[Task]) -> Generator[tuple[Any, Outcome], None, None]:
        waiting, asked = iter(tasks), dict[Any, Task]()
        try:
            while True:
                for task in itertools.islice(waiting, max(0, (most or self.room()) - len(asked))):
                    asked[self.submit(pack((dict(task.arguments), tuple(task.functions)), "an argument or a function"))] = task
                if not asked:
                    return
                for one in self.ready(list(asked)):
                    task, answer = asked.pop(one), self.answer(one)
                    if isinstance(answer, Unfit):
                        raise BadInput(f"a worker {answer.why}.")
                    if answer is None:
                        died.append(task)
                    else:
                        yield task.key, answer
        finally:
            if asked:
                self.abandon(list(asked))
