"""Where a search runs: here, on the cores of this machine, or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..comparison.variants import WORTH_IT, usable_cores
from ..core.errors import BadInput
from .serialization import pack, strategy_parcel
from .work import Here, Workers

if TYPE_CHECKING:
    from ..bars import Bars


def require_place(jobs: Any, scheduler: Any) -> None:
    """Raises :class:`BadInput` for what names no place."""
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise BadInput(f"jobs takes a whole number of cores from 1 up, got {jobs!r}.")
    if scheduler is None:
        return
    if jobs is not None:
        raise BadInput("jobs is how many cores of this machine work; with a scheduler its workers say how many, so leave jobs out.")
    if not hasattr(scheduler, "submit") and not (isinstance(scheduler, str) and _kind(scheduler)):
        raise BadInput(
            f"scheduler takes the address of a Dask scheduler like tcp://host:8786, 'ray' or ray://host:10001, got {scheduler!r}."
        )


def _kind(scheduler: str) -> str:
    """dask or ray; empty for what is neither."""
    protocol, separator, place = scheduler.partition("://")
    if scheduler == "ray" or (protocol == "ray" and place):
        return "ray"
    return "dask" if separator and place and protocol in ("tcp", "tls", "ws", "wss", "ucx", "inproc") else ""


def workers(strategy: type, bars: Bars, shared: Any, runs: int, *, jobs: int | None = None, scheduler: Any = None) -> Workers:
    """The place for so many runs. ``shared`` is what goes to every run besides strategy and bars: it must be able to travel."""
    require_place(jobs, scheduler)
    cores = jobs if jobs is not None else 1 if len(bars) * runs < WORTH_IT else usable_cores()
    if scheduler is None and min(cores, runs) <= 1:
        return Here(strategy, bars)
    try:
        parcel = strategy_parcel(strategy)
        pack(shared, "an argument or a function of the search")
    except BadInput:
        if scheduler is None and jobs is None:
            return Here(strategy, bars)
        raise
    if scheduler is None:
        from .cores import Cores

        return Cores(parcel, bars, min(cores, runs))
    if isinstance(scheduler, str) and _kind(scheduler) == "ray":
        from .on_ray import OnRay

        return OnRay(parcel, bars, scheduler)
    from .on_dask import OnDask

    return OnDask(parcel, bars, scheduler)
