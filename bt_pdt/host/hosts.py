"""Which backtrader is there: the one that everything here is built on and tested with, one like it, or one that would not ask the broker."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec

from ..core.errors import BadInput

#: What the adapter stands on, by module: a backtrader without one of these works in another way inside.
NEEDS = {
    "backtrader": ("Cerebro", "Strategy", "Analyzer", "Observer", "Order", "TimeFrame", "CommInfoBase", "num2date", "date2num"),
    "backtrader.brokers": ("BackBroker",),
    "backtrader.feed": ("DataBase",),
    "backtrader.linebuffer": ("LineBuffer", "LineActions"),
    "backtrader.lineiterator": ("LineIterator",),
    "backtrader.lineseries": ("LineSeriesStub",),
    "backtrader.order": ("BuyOrder", "SellOrder", "OrderData"),
    "backtrader.position": ("Position",),
    "backtrader.utils": ("AutoOrderedDict",),
}
#: Hooks of backtrader's broker that must be called as Python methods; an engine without them would trade uncounted.
HOOKS = ("init", "start", "stop", "next", "submit", "transmit", "submit_accept", "check_submitted", "notify", "_execute", "_get_value")
_RENAMED = ("backtrader_next", "back_trader", "backtrader2")
CURE = "use backtrader 1.9.78.123 (pip install backtrader==1.9.78.123) or slim-backtrader, in an environment without the other"


@cache
def require_host() -> None:
    """Raises :class:`BadInput`, before anything is touched, for a backtrader that the law cannot be put under."""
    if find_spec("backtrader") is None:
        other = next((name for name in _RENAMED if find_spec(name) is not None), None)
        there = f"; {other} is, but it calls a broker in its own way, so orders would go past the law" if other else ""
        raise BadInput(f"backtrader is not installed{there}; {CURE}.")
    why = _why_not()
    if why:
        raise BadInput(f"{_named()} {why}, so orders would not be judged; {CURE}.")


def _why_not() -> str:
    for name, wanted in NEEDS.items():
        try:
            module = import_module(name)
        except Exception as error:
            return f"has no {name} that can be imported ({type(error).__name__})"
        missing = [each for each in wanted if not hasattr(module, each)]
        if missing:
            return f"has no {name}.{missing[0]}"
    import backtrader as bt

    kinds = (bt.Strategy, bt.brokers.BackBroker, bt.feed.DataBase, bt.Analyzer)
    if not all(hasattr(type(kind), "donew") for kind in kinds):
        return "makes strategies, brokers and feeds without backtrader's metaclasses"
    broker = bt.brokers.BackBroker
    unasked = [name for name in HOOKS if not inspect.isfunction(inspect.getattr_static(broker, name, None))]
    return f"runs its broker outside Python ({unasked[0]} cannot be overridden)" if unasked else ""


def _named() -> str:
    """The distribution that put ``backtrader`` there, with its version."""
    for name in metadata.packages_distributions().get("backtrader", []):
        return f"{name} {metadata.version(name)}"
    return "this backtrader"
