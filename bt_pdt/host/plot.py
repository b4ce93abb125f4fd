"""backtrader's own chart as matplotlib figures, without its two surprises.

``cerebro.plot()`` switches matplotlib to TkAgg when it is first used (and so fails without a display, whatever ``MPLBACKEND`` says), and
in a notebook switches the kernel to nbagg for good. ``plot`` here uses the backend that is set and leaves it as it is.
"""

from __future__ import annotations

from typing import Any

from ..core.errors import BadInput


def plot(
    cerebro: Any, *, numfigs: int = 1, start: Any = None, end: Any = None, width: float = 16.0, height: float = 9.0, **style: Any
) -> list[Any]:
    """Draws the strategies of a finished run; returns their matplotlib Figures and shows nothing.

    ``start`` and ``end`` are dates or bar numbers, ``numfigs`` splits a long run, ``width`` and ``height`` are inches; ``style`` takes
    backtrader's plot options (``style="candle"``, ``volume=False`` ...). Save one with ``plot(cerebro)[0].savefig("run.png")``; a notebook
    shows them by itself.
    """
    runs = [strategy for run in getattr(cerebro, "runstrats", []) for strategy in (run if isinstance(run, list) else [run])]
    if not runs:
        raise BadInput("nothing to plot: call cerebro.run() first.")
    if any(not hasattr(strategy, "datas") for strategy in runs):
        raise BadInput("the runs of optstrategy keep no bars to plot; run the chosen parameters once with addstrategy.")
    if cerebro._exactbars > 0:
        raise BadInput("a run with exactbars keeps no bars to plot; run it with exactbars=False.")
    plotter = _plotter_class(cerebro)(**style)
    from matplotlib import pyplot

    figures: list[Any] = []
    for strategy in runs:
        # a number of its own: backtrader would draw over a figure that has it
        free = max(pyplot.get_fignums(), default=-1) + 1
        figures += plotter.plot(strategy, figid=free, numfigs=numfigs, iplot=False, start=start, end=end) or []
    for figure in figures:
        figure.set_size_inches(width, height)
    return figures


def _plotter_class(cerebro: Any) -> Any:
    """backtrader's plotter, imported so that the matplotlib backend survives."""
    import matplotlib
    import matplotlib.pyplot  # settles the backend before backtrader asks for another

    backend = matplotlib.get_backend()
    from backtrader import plot as host

    if matplotlib.get_backend().lower() != backend.lower():
        matplotlib.use(backend, force=True)
    return host.Plot_OldSync if cerebro.p.oldsync else host.Plot
