"""The cores of this machine: loky's processes, which stay warm from one search to the next and read the bars once."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..host.strategy_files import sentence
from .folders import Folder
from .serialization import Parcel
from .work import Elsewhere, Outcome, Unfit, perform_there

if TYPE_CHECKING:
    from ..bars import Bars

IDLE_SECONDS = 60


@lru_cache(maxsize=1)
def _bars(file: str) -> Bars:
    import joblib

    bars: Bars = joblib.load(file, mmap_mode="r")
    return bars


def _perform(parcel: Parcel, file: str, packed: bytes, needed: Mapping[str, str | None]) -> Outcome | Unfit:
    """In a worker: the bars are one file for all workers, mapped into memory by each of them once."""
    return perform_there(parcel, _bars(file), packed, needed)


def _deaf() -> None:
    """Ctrl-C is for the process that waits for the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Cores(Elsewhere):
    """So many processes of this machine."""

    def __init__(self, parcel: Parcel, bars: Bars, cores: int) -> None:
        super().__init__(parcel, bars)
        self._cores = cores
        self._folder: Folder | None = None
        self._file = ""

    def __enter__(self) -> Cores:
        import joblib

        self._folder = Folder()
        self._file = str(self._folder.path / "bars")
        joblib.dump(self._bars, self._file)
        return self

    def close(self) -> None:
        """The file of the bars goes; the processes wait a while for another search."""
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _pool(self) -> Any:
        from joblib.executor import get_memmapping_executor

        return get_memmapping_executor(self._cores, timeout=IDLE_SECONDS, initializer=_deaf)  # joblib's own, which Parallel may find in use

    def room(self) -> int:
        """One waits while every core works."""
        return self._cores + 1

    def submit(self, packed: bytes) -> Any:
        """A pool that has lost a process takes nothing more; the next one is another."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        wanted = (_perform, self._parcel, self._file, packed, self._needed)
        try:
            return self._pool().submit(*wanted)
        except BrokenProcessPool:
            return self._pool().submit(*wanted)

    def ready(self, asked: Sequence[Any]) -> Iterable[Any]:
        """Waits for the first."""
        from concurrent.futures import FIRST_COMPLETED, wait

        return wait(asked, return_when=FIRST_COMPLETED).done

    def answer(self, one: Any) -> Outcome | Unfit | None:
        """One process that dies takes all runs that were under way with it."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        error = one.exception()
        if isinstance(error, BrokenProcessPool):
            return None
        if error is not None:
            return Outcome({}, error=sentence(error))
        answer: Outcome | Unfit = one.result()
        return answer

    def abandon(self, asked: Sequence[Any]) -> None:
        """Stops the processes at once: nothing is under way any more when the search has ended."""
        self._pool().shutdown(wait=True, kill_workers=True)
