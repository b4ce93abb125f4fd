"""What the rules cost: the difference between a run with the rules off and one under them, dollar by dollar, event by event.

For each symbol the two accounts hold ``d = shares(off) - shares(variant)``. Between two closes the difference of their profits grows by
``d x change of the close``; on a bar with an execution of ``q`` shares it grows by ``q x (close - price) - commission`` for the account
that made it. Summed over symbols and bars, with interest and fees, this IS the difference of the profits: nothing is estimated.

Every term goes to one event, by these rules:

- An execution of the off account whose counterpart (same moment, symbol, side and kind of order) was refused to the variant parts the two:
  the refusal is the cause, ``never_opened`` or, if the order would have reduced a position, ``exits_delayed``: of as many shares as the
  refused order asked for, and of the exits that hang on it.
- A forced sale parts them: ``forced_sales``.
- Every other execution that only one of the two makes follows from what was before: from the cause that holds in its symbol while the
  two differ there, else from the last refusal of that symbol since its last execution, else from the last event anywhere (a knock-on:
  another size because equity differs, another decision because an earlier one was barred).
- A refused order that would have closed what only the variant holds takes over from a cause of another kind.
- The difference held is charged to the cause that holds, until the two hold the same again.

Interest and fees are events of their own; deposits and withdrawals are no profit. What no event precedes is ``other``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from ..core.money import HALF_CENT, SHARE_DUST, cents
from ..results.metrics import Array
from .runs import Order, Run, Trade

NEVER_OPENED, EXITS_DELAYED, FORCED_SALES = "never_opened", "exits_delayed", "forced_sales"
INTEREST_AND_FEES, OTHER = "interest_and_fees", "other"
PARTS = (NEVER_OPENED, EXITS_DELAYED, FORCED_SALES, INTEREST_AND_FEES, OTHER)


class Event(NamedTuple):
    """What parted the two accounts: a refusal, a forced sale, money that moved. ``symbol`` and ``order`` are None where there is none."""

    part: str
    at: datetime | None
    session: date | None
    symbol: str | None
    order: str | None
    reason: str
    why: str


class EventCost(NamedTuple):
    """Dollars that one event cost (negative: spared), ``direct`` and by what followed from it elsewhere (``knock_on``)."""

    event: Event
    direct: float
    knock_on: float

    @property
    def cost(self) -> float:
        """Both together."""
        return cents(self.direct + self.knock_on)


class Costs(NamedTuple):
    """Dollars, in cents: ``whole`` is off's profit less the variant's; ``events`` add up to ``parts``, ``parts`` to ``whole``."""

    whole: float
    parts: dict[str, float]
    events: tuple[EventCost, ...]


#: A host's clock may be off by less than this.
_TICK = np.timedelta64(500, "us")
#: an event, and whether what it causes is a knock-on
Cause = tuple[Event, bool]
NO_EVENT = Event(OTHER, None, None, None, None, "", "the runs differ before any refusal, forced sale or charge")
UNEXPLAINED = Event(OTHER, None, None, None, None, "", "the bars do not explain it")


def pairs(base: Sequence[Order], variant: Sequence[Order]) -> list[tuple[Order | None, Order | None]]:
    """Orders of two runs side by side, by moment, symbol, side and kind of order; None where only one of the two asked."""

    def keyed(orders: Sequence[Order]) -> dict[Any, Order]:
        seen: Counter[Any] = Counter()
        found = {}
        for order in orders:
            key = (order.at, order.symbol, order.side, order.type)
            found[(*key, seen[key])] = order
            seen[key] += 1
        return found

    left, right = keyed(base), keyed(variant)
    matched = [(order, right.get(key)) for key, order in left.items()]
    return matched + [(None, order) for key, order in right.items() if key not in left]


def costs(base: Run, variant: Run) -> Costs:
    """The cost of the variant's rules against ``base``, a run with the rules off over the same bars with the same cash."""
    prices = {**base.result.closes, **variant.result.closes}
    events = _Events(base, variant)
    cells: dict[Cause, float] = defaultdict(float)
    for move, sign in [*((m, 1.0) for m in base.moves), *((m, -1.0) for m in variant.moves)]:
        if move.kind not in ("deposit", "withdraw"):
            cells[(events.of_move(move.kind, move.at, move.session), False)] += sign * move.amount
    for symbol in sorted({fill.symbol for fill in (*base.fills, *variant.fills)}):
        _walk(symbol, base, variant, *prices[symbol], events, cells)
    whole = cents(base.profit) - cents(variant.profit)
    missing = base.profit - variant.profit - sum(cells.values())
    if abs(missing) > HALF_CENT:
        cells[(UNEXPLAINED, False)] += missing
    kept = [cause for cause, amount in cells.items() if abs(amount) > 1e-9]
    rounded = dict(zip(kept, in_cents([cells[cause] for cause in kept], whole), strict=True))
    order = sorted({event for event, _ in kept}, key=lambda e: (e.at or datetime.min, PARTS.index(e.part), e.symbol or "", e.order or ""))
    lines = tuple(EventCost(event, rounded.get((event, False), 0.0), rounded.get((event, True), 0.0)) for event in order)
    sums = {part: cents(sum(line.cost for line in lines if line.event.part == part)) for part in PARTS}
    if not lines:
        sums[OTHER] = cents(whole)  # a cent of rounding, and nothing to put it to
    return Costs(cents(whole), sums, lines)


def in_cents(amounts: Sequence[float], total: float) -> list[float]:
    """``amounts`` rounded to cents so that they add up to ``total``: the odd cents go where rounding took most."""
    exact = [amount * 100.0 for amount in amounts]
    whole = [round(amount) for amount in exact]
    odd = round(total * 100.0) - sum(whole)
    step = 1 if odd > 0 else -1
    for i in sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i]) * step)[: abs(odd)]:
        whole[i] += step
    return [amount / 100.0 for amount in whole]


class _Events:
    """Everything that parts two runs, in time."""

    def __init__(self, base: Run, variant: Run) -> None:
        self.explains: dict[str, tuple[Event, Order]] = {}  # id of an order of the base -> the refusal of its counterpart, and that
        self.left: dict[str, float] = {}  # shares of that counterpart that would still have filled
        self.alone: dict[str, list[tuple[Order, Event]]] = defaultdict(list)  # symbol -> refusals of what the base did not ask
        self.forced = {(f.forced, f.symbol): _forced(f) for f in reversed(variant.fills) if f.forced is not None}
        self._moves: dict[Any, Event] = {}
        refused: list[Event] = []
        idle: list[Event] = []
        filled = {fill.order for fill in base.fills}
        for one, other in pairs(base.orders, variant.orders):
            if other is None or other.accepted:
                continue
            event = _refusal(other)
            if one is None:
                self.alone[other.symbol].append((other, event))
            elif one.accepted:
                self.explains[one.id], self.left[one.id] = (event, other), other.qty
            (idle if one is not None and one.id not in filled else refused).append(event)
        same = Counter((m.at, m.kind, round(m.amount, 6)) for m in base.moves)
        for move in variant.moves:
            key = (move.at, move.kind, round(move.amount, 6))
            if same[key]:
                same[key] -= 1
            else:
                self.of_move(move.kind, move.at, move.session)
        #: what had a consequence at once, and what had none (the base's own order did not fill either)
        self._told = [_in_time([*refused, *self.forced.values(), *self._moves.values()]), _in_time(idle)]

    def of_move(self, kind: str, at: datetime, session: date) -> Event:
        """The event of money that moved."""
        part = OTHER if kind in ("deposit", "withdraw") else INTEREST_AND_FEES
        return self._moves.setdefault((kind, at), Event(part, at, session, None, None, kind, f"{kind} of {session}"))

    def before(self, symbol: str, at: datetime, since: datetime) -> Cause:
        """What a difference that nothing explains follows from: a refusal in the symbol since ``since``, else the last event anywhere."""
        own = [event for order, event in self.alone.get(symbol, ()) if since <= order.at < at]
        if own:
            return own[-1], False
        for times, events in self._told:
            if i := bisect_left(times, at):
                return events[i - 1], True
        return NO_EVENT, False


def _in_time(events: list[Event]) -> tuple[list[datetime], list[Event]]:
    ordered = sorted(events, key=lambda event: event.at or datetime.min)
    return [event.at or datetime.min for event in ordered], ordered


def _refusal(order: Order) -> Event:
    part = EXITS_DELAYED if order.closing else NEVER_OPENED
    return Event(part, order.at, order.session, order.symbol, order.id, str(order.reason), order.why or "")


def _forced(fill: Trade) -> Event:
    return Event(FORCED_SALES, fill.at, fill.session, fill.symbol, None, str(fill.forced), f"sold by the brokerage for {fill.forced}")


def _walk(symbol: str, base: Run, variant: Run, stamps: Array, closes: Array, events: _Events, cells: dict[Cause, float]) -> None:
    """Walks one symbol from event to event and puts every dollar of the difference to its cause; ``stamps`` are the ends of bars."""
    last = len(closes) - 1
    by_bar: dict[int, list[tuple[float, Trade]]] = defaultdict(list)
    for side, run in ((1.0, base), (-1.0, variant)):
        for fill in run.fills:
            if fill.symbol == symbol:
                by_bar[min(int(np.searchsorted(stamps, np.datetime64(fill.at, "us") - _TICK, "left")), last)].append((side, fill))
    alone: dict[int, list[tuple[Order, Event]]] = defaultdict(list)
    for order, event in events.alone.get(symbol, ()):
        if order.closing:
            alone[max(int(np.searchsorted(stamps, np.datetime64(order.at, "us") + _TICK, "right")) - 1, 0)].append((order, event))

    parted, cause, at_bar, traded = 0.0, (NO_EVENT, False), 0, datetime.min
    for bar in sorted(by_bar.keys() | alone.keys()):
        if parted:
            cells[cause] += parted * float(closes[bar] - closes[at_bar])
        at_bar, before = bar, parted
        for side, fill, known in _pieces(_differing(by_bar.get(bar, ())), events):
            cause = (known, False) if known is not None else cause if before else events.before(symbol, fill.at, traded)
            cells[cause] += side * (fill.qty * (float(closes[bar]) - fill.price) - fill.commission)
            parted += side * fill.qty
            before = before or parted
        traded = max([traded, *(fill.at for _, fill in by_bar.get(bar, ()))])
        if abs(parted) <= SHARE_DUST:
            parted = 0.0
        for order, refusal in alone.get(bar, ()):
            if parted * order.sign > 0 and cause[0].part != EXITS_DELAYED:
                cause = (refusal, False)
    if parted:
        cells[cause] += parted * float(closes[last] - closes[at_bar])


def _differing(fills: Iterable[tuple[float, Trade]]) -> list[tuple[float, Trade]]:
    """The executions of one bar that the other account did not make just so."""
    both: dict[Any, list[tuple[float, Trade]]] = defaultdict(list)
    for side, fill in fills:
        twins = both[(fill.qty, fill.price, fill.commission)]
        if twins and twins[-1][0] == -side:
            twins.pop()
        else:
            twins.append((side, fill))
    return [pair for left in both.values() for pair in left]


def _pieces(fills: Iterable[tuple[float, Trade]], events: _Events) -> list[tuple[float, Trade, Event | None]]:
    """Executions with the event that explains them, those that nothing does first.

    Of an order whose counterpart was refused the refusal explains as many shares as that asked for, and its exits.
    """
    found: list[tuple[float, Trade, Event | None]] = []
    for side, fill in fills:
        if side < 0 or fill.order not in events.explains:
            forced = events.forced[fill.forced, fill.symbol] if side < 0 and fill.forced is not None else None
            found.append((side, fill, forced))
            continue
        event, refused = events.explains[fill.order]
        share = 1.0
        if fill.qty * refused.sign > 0:
            share = min(1.0, events.left[fill.order] / abs(fill.qty))
            events.left[fill.order] -= share * abs(fill.qty)
        for part, cause in ((share, event), (1.0 - share, None)):
            if part * abs(fill.qty) > SHARE_DUST:
                found.append((side, fill._replace(qty=part * fill.qty, commission=part * fill.commission), cause))
    return sorted(found, key=lambda piece: piece[2] is not None)


def event_row(line: EventCost) -> dict[str, Any]:
    """One event as a plain row."""
    event = line.event
    return {
        "at": event.at,
        "session": event.session,
        "symbol": event.symbol,
        "order": event.order,
        "part": event.part,
        "reason": event.reason,
        "cost": line.cost,
        "direct": line.direct,
        "knock_on": line.knock_on,
        "why": event.why,
    }
