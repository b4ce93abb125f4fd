"""Where two runs of one strategy part: the orders asked by one only, answered differently or filled differently, and the forced sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from ..core.money import SHARE_DUST, cents, dollars, shares
from .costs import pairs
from .moments import account_before
from .runs import Order, Run, Trade

#: What of an account is laid side by side, by the names of :class:`~bt_pdt.AccountState`.
STATE = (
    "equity",
    "last_equity",
    "cash",
    "daytrade_count",
    "bod_dtbp",
    "daytrading_buying_power",
    "buying_power",
    "maintenance_excess",
    "pattern_day_trader",
    "restrictions",
    "positions",
)


class Divergence(NamedTuple):
    """One order on which two runs part. ``what`` says how; ``rule`` and ``why`` are of the refusal (or the call), None without one."""

    at: datetime
    session: date
    symbol: str
    side: str
    what: str
    qty_a: float | None
    qty_b: float | None
    answer_a: str
    answer_b: str
    filled_a: float
    filled_b: float
    price_a: float | None
    price_b: float | None
    rule: str | None
    why: str | None
    order_a: str | None
    order_b: str | None


class Fills(NamedTuple):
    """What became of an order: shares, average price, first execution."""

    qty: float
    price: float | None
    first: datetime | None


class Made(NamedTuple):
    """The executions of an order and, of a bracket, those of its exits."""

    own: Fills
    exits: Fills


def divergences(a: Run, b: Run) -> list[Divergence]:
    """Every order on which ``a`` and ``b`` part, in time."""
    filled_a, filled_b = _fills(a.fills), _fills(b.fills)
    found = []
    for one, other in pairs(a.orders, b.orders):
        made_a = filled_a.get(one.id, _NONE) if one else _NONE
        made_b = filled_b.get(other.id, _NONE) if other else _NONE
        what = _what(a.name, b.name, one, other, made_a, made_b)
        if what is not None:
            found.append(_row(what, one, other, made_a, made_b))
    found += _forced(a, b)
    return sorted(found, key=lambda d: (d.at, d.symbol))


def _what(a: str, b: str, one: Order | None, other: Order | None, made_a: Made, made_b: Made) -> str | None:
    """How an order parts the runs; None if it does not."""
    if one is None or other is None:
        return f"asked by {a if other is None else b} only"
    if one.accepted != other.accepted or one.reason != other.reason:
        return "answered differently"
    if one.accepted and abs(one.qty - other.qty) > SHARE_DUST:
        return "another size"
    if not (_same(made_a.own, made_b.own) and _same(made_a.exits, made_b.exits)):
        return "filled differently"
    return None


def _same(a: Fills, b: Fills) -> bool:
    return abs(a.qty - b.qty) <= SHARE_DUST and a.first == b.first and (a.price or 0.0) == (b.price or 0.0)


def _row(what: str, one: Order | None, other: Order | None, both_a: Made, both_b: Made) -> Divergence:
    order = one or other
    assert order is not None
    at, session, side = order.at, order.session, order.side
    made_a, made_b = both_a.own, both_b.own
    if what == "filled differently":
        if _same(made_a, made_b):  # the entries are alike, the exits of the bracket are not
            made_a, made_b = both_a.exits, both_b.exits
            side = "sell" if side == "buy" else "buy"
        at = min(first for first in (made_a.first, made_b.first) if first is not None)
        session = at.date()
    refused = next((o for o in (other, one) if o is not None and not o.accepted), None)
    return Divergence(
        at,
        session,
        order.symbol,
        side,
        what,
        one.qty if one else None,
        other.qty if other else None,
        _answer(one),
        _answer(other),
        made_a.qty,
        made_b.qty,
        made_a.price,
        made_b.price,
        refused.rule if refused else None,
        refused.why if refused else None,
        one.id if one else None,
        other.id if other else None,
    )


def _answer(order: Order | None) -> str:
    return "not asked" if order is None else "accepted" if order.accepted else str(order.reason)


_NOTHING = Fills(0.0, None, None)
_NONE = Made(_NOTHING, _NOTHING)


def _fills(fills: Sequence[Trade]) -> dict[str, Made]:
    """What became of each order, the exits of a bracket apart."""
    by_order: dict[str, list[Trade]] = defaultdict(list)
    for fill in fills:
        if fill.order:
            by_order[fill.order].append(fill)
    return {order: _made(made) for order, made in by_order.items()}


def _made(fills: Sequence[Trade]) -> Made:
    """The first execution is the order's own; those the other way are its exits'."""
    long = fills[0].qty > 0
    return Made(_together([f for f in fills if (f.qty > 0) == long]), _together([f for f in fills if (f.qty > 0) != long]))


def _together(made: Sequence[Trade]) -> Fills:
    if not made:
        return _NOTHING
    qty = sum(abs(fill.qty) for fill in made)
    return Fills(qty, sum(abs(fill.qty) * fill.price for fill in made) / qty, min(fill.at for fill in made))


def _forced(a: Run, b: Run) -> list[Divergence]:
    """Sales (and covers) of the brokerage's own that only one of the two met."""
    found = []
    sold = [{(f.at, f.symbol, f.qty, f.price): f for f in run.fills if f.forced is not None} for run in (a, b)]
    for k, (run, mine, others) in enumerate(((a, sold[0], sold[1]), (b, sold[1], sold[0]))):
        for key, fill in mine.items():
            if key not in others:
                made, call = abs(fill.qty), next((row for row in run.result.call_rows if row["id"] == fill.forced), None)
                ours, theirs = (made, fill.price), (0.0, None)
                left, right = (ours, theirs) if k == 0 else (theirs, ours)
                answers = ("sold by the brokerage", "not sold")
                found.append(
                    Divergence(
                        fill.at,
                        fill.session,
                        fill.symbol,
                        "buy" if fill.qty > 0 else "sell",
                        f"forced sale in {run.name}",
                        None,
                        None,
                        answers[k],
                        answers[1 - k],
                        left[0],
                        right[0],
                        left[1],
                        right[1],
                        call["rule"] if call else None,
                        f"{call['kind']} call {call['id']}: {call['how']}" if call else "equity was gone",
                        None,
                        None,
                    )
                )
    return found


class FirstDivergence(NamedTuple):
    """The order on which two runs part first, and both accounts just before it, by the names of :data:`STATE`.

    None in a state is not known (a saved run without its bars).
    """

    a: str
    b: str
    order: Divergence
    state_a: dict[str, Any]
    state_b: dict[str, Any]

    @property
    def sentence(self) -> str:
        """What happened, in one sentence."""
        d = self.order
        qty = d.qty_a if d.qty_a is not None else d.qty_b
        what = f"{d.side} {shares(qty if qty is not None else max(d.filled_a, d.filled_b))} {d.symbol}"
        if d.what == "another size" and d.qty_a is not None and d.qty_b is not None:
            difference = f"{self.a} asked for {shares(d.qty_a)} shares, {self.b} for {shares(d.qty_b)}"
        elif d.what == "filled differently":
            difference = f"{self.a} got {_got(d.filled_a, d.price_a)}, {self.b} got {_got(d.filled_b, d.price_b)}"
        else:
            difference = f"{self.a}: {_said(d.answer_a)}, {self.b}: {_said(d.answer_b)}"
        rule = f" Rule: {d.rule}." if d.rule else ""
        why = f" {d.why.rstrip('.')}." if d.why else ""
        return f"{d.at:%Y-%m-%d %H:%M} {what}: {difference}.{why}{rule}"


def _said(answer: str) -> str:
    return answer if answer in ("accepted", "not asked", "not sold", "sold by the brokerage") else f"refused ({answer})"


def _got(qty: float, price: float | None) -> str:
    return f"{shares(qty)} at {dollars(price)}" if price is not None else "nothing"


def first_divergence(a: Run, b: Run) -> FirstDivergence | None:
    """The first of :func:`divergences` with the state of both accounts just before; None if the runs never part."""
    found = divergences(a, b)
    if not found:
        return None
    first = found[0]
    asked = first.what != "filled differently" and not first.what.startswith("forced sale")
    state_a, state_b = (_state(run, first.at, order, asked) for run, order in ((a, first.order_a), (b, first.order_b)))
    return FirstDivergence(a.name, b.name, first, state_a, state_b)


def _state(run: Run, at: datetime, order: str | None, asked: bool) -> dict[str, Any]:
    if not run.priced:
        return _from_tables(run, at, asked)
    state = account_before(run.result, at, order, asked=asked).state.to_dict()
    return {name: state[name] for name in STATE}


def _from_tables(run: Run, at: datetime, asked: bool) -> dict[str, Any]:
    """What a saved run tells of its account without its bars; None for what hangs on prices of the moment."""
    result, day = run.result, at.date().isoformat()
    i = int(np.searchsorted(result.times, np.datetime64(at, "us"), "right" if asked else "left"))
    earlier = [row["equity"] for row in result.rows if row["session"] < day]
    today = [row["bod_dtbp"] for row in result.rows if row["session"] == day]
    held: dict[str, float] = defaultdict(float, result.carried)
    for fill in run.fills:
        if fill.at < at or (asked and fill.at == at):
            held[fill.symbol] += fill.qty
    return dict.fromkeys(STATE) | {
        "equity": cents(float(result.values[i - 1]) if i else result.equity_start),
        "last_equity": cents(earlier[-1] if earlier else result.equity_start),
        "bod_dtbp": today[0] if today else None,
        "restrictions": [r["kind"] for r in result.restriction_rows if r["from"] <= day <= (r["until"] or "9999")],
        "positions": {symbol: qty for symbol, qty in held.items() if abs(qty) > SHARE_DUST},
    }
