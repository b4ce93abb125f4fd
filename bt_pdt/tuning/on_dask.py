"""A Dask cluster: the same runs on its workers. Distributed's own client, so that every run is known as it ends and a lost worker is noticed."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from ..host.strategy_files import sentence
from .serialization import Parcel
from .work import Elsewhere, Outcome, Unfit, differing, perform_there

if TYPE_CHECKING:
    from ..bars import Bars

#: So long a scheduler may take to answer, and so long a search waits where no worker is left.
ANSWER_SECONDS, PATIENCE_SECONDS = 5.0, 60.0
POLL_SECONDS = 1.0
#: So often a run is begun that is lost with the worker that had its bars or its answer.
MOST_BEGUN = 3
_LOST = object()


@dataclass(eq=False)
class _Run:
    """A run that was asked for: what stands for it at the scheduler now, the bars it was given, how often it was begun, what was heard."""

    packed: bytes
    future: Any = None
    there: Any = None
    begun: int = 0
    answer: Any = None


class OnDask(Elsewhere):
    """The workers of a scheduler, named by its address or by a ``distributed.Client`` of the caller's.

    The bars are scattered to every worker once; one that comes later has them from another. Runs of a worker that dies are made
    elsewhere; one that has killed several (the scheduler's ``allowed-failures``) is made once more, alone.
    """

    def __init__(self, parcel: Parcel, bars: Bars, scheduler: Any) -> None:
        super().__init__(parcel, bars)
        self._given, self._own, self._there = scheduler, isinstance(scheduler, str), None
        self._client: Any = None
        self._over: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __enter__(self) -> OnDask:
        distributed = _distributed()
        self._client = self._connected(distributed) if self._own else self._given
        try:
            self._require_same()
        except BaseException:
            self.close()
            raise
        return self

    def _connected(self, distributed: Any) -> Any:
        try:
            with _hushed():
                return distributed.Client(self._given, timeout=ANSWER_SECONDS, set_as_default=False, name="bt_pdt")
        except (OSError, ValueError, TimeoutError) as error:
            raise BadInput(
                f"scheduler: no Dask scheduler answers at {self._given} within {ANSWER_SECONDS:g} seconds "
                f"({sentence(error)}); start one with: dask scheduler."
            ) from None

    def _require_same(self) -> None:
        """The scheduler, and every worker it has now, must have what this process has; a later worker says so with its first run."""
        asked = _by_value()
        self._require_workers()
        found = {"the scheduler": self._client.run_on_scheduler(asked)}
        found |= {f"the worker {address}": there for address, there in self._client.run(asked).items()}
        for who, there in found.items():
            unlike = differing(there, self._needed)
            if unlike is not None:
                raise BadInput(f"{who} at {self._address} {unlike}." if who == "the scheduler" else f"{who} {unlike}.")

    @property
    def _address(self) -> str:
        return str(self._given if self._own else self._client.scheduler.address)

    def _require_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=ANSWER_SECONDS)
        except TimeoutError:
            raise BadInput(f"the Dask scheduler at {self._address} has no workers; start one with: dask worker {self._address}.") from None

    def close(self) -> None:
        """The workers forget the bars."""
        self._there = None
        if self._own and self._client is not None:
            with _hushed():
                self._client.close()

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def room(self) -> int:
        """Two runs for each thread there is this moment: one waits where another ends."""
        return max(2, 2 * self._threads())

    def submit(self, packed: bytes) -> _Run:
        """Begins a run."""
        return self._begun(_Run(packed))

    def _begun(self, run: _Run) -> _Run:
        """The bars go first, again if every worker that had them is gone."""
        if self._there is None or self._there.status != "finished":
            self._there = self._scattered()
        run.there, run.begun = self._there, run.begun + 1
        run.future = self._client.submit(perform_there, self._parcel, self._there, run.packed, self._needed, pure=False)
        run.future.add_done_callback(lambda future: self._over.put((run, future)))
        return run

    def _scattered(self) -> Any:
        for _ in range(MOST_BEGUN):
            with suppress(OSError):  # a worker that went while it was given them
                try:
                    return self._client.scatter([self._bars], broadcast=True, hash=False, timeout=PATIENCE_SECONDS)[0]
                except TimeoutError:
                    break
        raise self._alone()

    def ready(self, asked: Sequence[Any]) -> Iterable[Any]:
        """Waits for the first, as long as there is somebody to wait for."""
        last = time.monotonic()
        while True:
            try:
                run, future = self._over.get(timeout=POLL_SECONDS)
            except queue.Empty:
                self._require_scheduler()
                if self._threads():
                    last = time.monotonic()
                elif time.monotonic() - last > PATIENCE_SECONDS:
                    raise self._alone() from None
                continue
            if run in asked and run.future is future:
                run.answer = self._heard(run)
                if run.answer is not _LOST or run.begun >= MOST_BEGUN:
                    return [run]
                self._there = None if self._there is run.there else self._there
                self._begun(run)

    def _heard(self, run: _Run) -> Any:
        """What a run came to; None if it killed its workers, ``_LOST`` if its bars or its answer went with one."""
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        try:
            return run.future.result(timeout=PATIENCE_SECONDS)
        except (FutureCancelledError, TimeoutError):
            self._require_scheduler()
            return _LOST
        except KilledWorker:
            return None
        except ModuleNotFoundError as error:
            return Unfit(f"cannot load bt_pdt ({sentence(error)}); install the same there")
        except Exception as error:
            return Outcome({}, error=sentence(error))

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise BadInput(f"the Dask scheduler at {self._address} is gone; what is finished is kept.")

    def _alone(self) -> BadInput:
        return BadInput(
            f"the Dask scheduler at {self._address} has had no worker for {PATIENCE_SECONDS:g} seconds; what is finished is kept."
        )

    def answer(self, one: _Run) -> Outcome | Unfit | None:
        """What was heard of it."""
        found: Outcome | Unfit | None = None if one.answer is _LOST else one.answer
        return found

    def abandon(self, asked: Sequence[Any]) -> None:
        """What waits there does not begin; what is under way ends unheard."""
        with _hushed():
            self._client.cancel([run.future for run in asked])


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise BadInput('scheduler needs Dask: pip install "bt_pdt[dask]".') from None
    return distributed


def _by_value() -> Callable[[], Mapping[str, str | None]]:
    """``versions``, without this package's name on it: it is asked where this package may be missing."""
    from types import FunctionType

    from .work import versions

    return FunctionType(versions.__code__, {"__builtins__": __builtins__}, "<locals>.versions")


@contextmanager
def _hushed() -> Iterator[None]:
    """Without distributed's own lines about connections."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
