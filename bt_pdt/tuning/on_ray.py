"""A Ray cluster: the same runs as Ray's tasks, the bars once in its object store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from ..host.strategy_files import sentence
from .serialization import Parcel
from .work import Elsewhere, Outcome, Unfit, perform_there

if TYPE_CHECKING:
    from ..bars import Bars


class OnRay(Elsewhere):
    """``ray``: the cluster of this machine or of RAY_ADDRESS, else one that is started for the search; ``ray://host:10001``: that one."""

    def __init__(self, parcel: Parcel, bars: Bars, scheduler: str) -> None:
        super().__init__(parcel, bars)
        self._scheduler, self._own = scheduler, False
        self._ray: Any = None
        self._there: Any = None
        self._parcel_there: Any = None

    def __enter__(self) -> OnRay:
        try:
            import ray
        except ImportError:
            raise BadInput(f'scheduler={self._scheduler!r} needs Ray: pip install "bt_pdt[ray]".') from None
        self._ray, self._own = ray, not ray.is_initialized()
        if self._own:
            try:
                self._ray.init(address=self._scheduler if "://" in self._scheduler else None, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                raise BadInput(f"scheduler: no Ray cluster answers at {self._scheduler} ({sentence(error)}).") from None
        self._there, self._parcel_there = self._ray.put(self._bars), self._ray.put(self._parcel)
        self._perform = self._ray.remote(perform_there).options(max_retries=2)
        return self

    def close(self) -> None:
        """A cluster that was joined or started for this search is left."""
        self._there = self._parcel_there = None
        if self._own:
            self._ray.shutdown()

    def room(self) -> int:
        """Two runs for each core there is this moment: one waits where another ends."""
        return max(2, 2 * int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, packed: bytes) -> Any:
        """A run that loses its process is begun again, twice."""
        return self._perform.remote(self._parcel_there, self._there, packed, self._needed)

    def ready(self, asked: Sequence[Any]) -> Iterable[Any]:
        """Waits for the first."""
        return list(self._ray.wait(list(asked), num_returns=1)[0])

    def answer(self, one: Any) -> Outcome | Unfit | None:
        """A run that killed its processes has no answer."""
        from ray import exceptions

        try:
            found: Outcome | Unfit = self._ray.get(one)
        except (exceptions.WorkerCrashedError, exceptions.OutOfMemoryError, exceptions.ObjectLostError, exceptions.NodeDiedError):
            return None
        except Exception as error:
            if "No module named 'bt_pdt'" in str(error):
                return Unfit("has no bt_pdt; install the same there")
            return Outcome({}, error=sentence(error))
        return found

    def abandon(self, asked: Sequence[Any]) -> None:
        """What waits there does not begin, and what is under way is stopped."""
        for one in asked:
            self._ray.cancel(one, force=True)
