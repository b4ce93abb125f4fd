"""Short stories in which rules bind: what an account does depends on the parameter that a test sets."""

import random

from wide import bars

from bt_pdt.core.journal import FillEntry, OrderEntry
from bt_pdt.tuning.objectives import measure


def story(seed, start, *, days=4, every=30, prices=(40, 60), symbols=2, extended=False, assets=(), move=0.002, **params):
    """(bars, what all runs have in common) of a seed."""
    made = bars(
        random.Random(seed),
        symbols=symbols,
        days=days,
        start=start,
        missing=0,
        prices=prices,
        extended=extended,
        every=every,
        move=move,
        ragged="",
    )
    common = {"params": {"seed": seed, "rate": 0.15, "sized": 0.7, "rest": 0.3, "scale": 1} | params}
    return made, common | ({"assets": list(assets)} if assets else {})


def outcome(result):
    """What a run came to: numbers, sessions, orders with their answers, executions, calls, restrictions."""
    orders = [(e.request.symbol, e.request.sign * e.request.qty, str(getattr(e.decision, "reason", ""))) for e in of(result, OrderEntry)]
    fills = [(e.fill.symbol, e.fill.sign * e.fill.qty, e.fill.price, e.fill.at) for e in of(result, FillEntry)]
    owed = [call.to_dict() for call in result.issued], [restriction.to_dict() for restriction in result.restricted]
    return measure(result), [dict(row) for row in result.rows], orders, fills, owed


def of(result, kind):
    return [entry for entry in result.journal if isinstance(entry, kind)]
