"""A strategy's intents: what it asks for, when, whether or not an order comes of it. Recorded in one run, for a replay under other accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import backtrader as bt

Order = bt.Order
_TYPES = {Order.Market: "market", Order.Limit: "limit", Order.Stop: "stop", Order.StopLimit: "stop_limit"}
#: Backtrader's own sizer, which a strategy has where none is given.
FIXED_SIZE = bt.sizers.FixedSize
#: Arguments of ``buy``, ``sell`` and ``close`` that a replay does not know, where they are not left at nothing.
_ARGUMENTS = ("data", "size", "price", "plimit", "exectype", "valid", "tradeid", "oco", "trailamount", "trailpercent", "parent", "transmit")
_UNKNOWN = ("parent", "oco", "trailamount", "trailpercent")


@dataclass(frozen=True)
class Intent:
    """One request of a strategy: at which bar of the broker's record, for which feed, and what. ``size`` is None where the sizer is asked.

    ``order`` is the number of the intent that a cancel means; ``sent`` the signed shares of the order that came of it in the recorded run.
    """

    bar: int
    feed: int
    action: str  # buy, sell, close, cancel
    size: float | None = None
    type: str = "market"
    price: float = 0.0
    limit: float = 0.0
    valid: float = 0.0
    order: int = -1
    sent: float = 0.0


@dataclass
class Record:
    """What one run asked for; ``why_not`` says what of it cannot be replayed, empty if all can."""

    intents: list[Intent] = field(default_factory=list)
    why_not: str = ""
    sized: bool = False  # the sizer was asked
    order: list[int] = field(default_factory=list)  # feeds in the order in which the broker adds up what they hold


def recorded(strategy: type, record: Record) -> type:
    """``strategy`` with every request written into ``record``; it does what it does."""
    inside: list[bool] = []
    started: list[bool] = []
    numbers: dict[int, int] = {}

    def place(self: Any, data: Any) -> int:
        return next(i for i, each in enumerate(self.datas) if each is data)  # to compare feeds compares prices

    def ask(self: Any, action: str, base: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        named = dict(zip(_ARGUMENTS, args, strict=False)) | kwargs
        if inside:  # close() sells, a bracket buys: the outer request is the intent
            return base(**named)
        inside.append(True)
        try:
            order = base(**named)
        finally:
            inside.pop()
        note(self, action, order, named)
        return order

    def note(self: Any, action: str, order: Any, kwargs: dict[str, Any]) -> None:
        data, size = kwargs.get("data"), kwargs.get("size")
        data = self.datas[0] if data is None else self.getdatabyname(data) if isinstance(data, str) else data
        for name in _UNKNOWN:
            if kwargs.get(name) is not None:
                record.why_not = record.why_not or f"an order with {name}="
        if kwargs.get("transmit") is False or kwargs.get("tradeid"):
            record.why_not = record.why_not or "an order in parts (transmit, tradeid)"
        kind, price, limit, valid = "market", 0.0, 0.0, 0.0
        if order is not None:
            if order.exectype not in _TYPES:
                record.why_not = record.why_not or f"an order of the type {Order.ExecTypes[order.exectype]}"
                return
            kind = _TYPES[order.exectype]
            if kind != "market":
                price, limit = float(order.created.price or 0.0), float(order.created.pricelimit or 0.0) if kind == "stop_limit" else 0.0
                valid = float(order.valid or 0.0)
                if not price > 0 or (kind == "stop_limit" and not limit > 0):
                    record.why_not = record.why_not or "an order without a price above 0"
            numbers[order.ref] = len(record.intents)
        elif kwargs.get("exectype") not in (None, Order.Market):
            record.why_not = record.why_not or "an order of another type than market for which nothing was sent"
        record.sized |= size is None and action != "close"
        asked = None if size is None else float(abs(size))
        sent = 0.0 if order is None else float(order.size)
        bar = len(self.broker.times) - 1
        record.intents.append(Intent(bar, place(self, data), action, asked, kind, price, limit, valid, sent=sent))

    def buy(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ask(self, "buy", super(kind, self).buy, args, kwargs)

    def sell(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ask(self, "sell", super(kind, self).sell, args, kwargs)

    def close(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ask(self, "close", super(kind, self).close, args, kwargs)

    def cancel(self: Any, order: Any) -> Any:
        found = super(kind, self).cancel(order)
        if order is not None and order.ref in numbers:
            bar = len(self.broker.times) - 1
            record.intents.append(Intent(bar, place(self, order.data), "cancel", order=numbers[order.ref]))
        else:
            record.why_not = record.why_not or "the cancelling of an order that the strategy did not send"
        return found

    def start(self: Any) -> None:
        started.append(True)
        super(kind, self).start()

    def setsizer(self: Any, sizer: Any) -> Any:
        if started:
            record.why_not = record.why_not or "a sizer that the strategy sets itself"
        return super(kind, self).setsizer(sizer)

    def stop(self: Any) -> None:
        record.order = [place(self, data) for data in self.broker.positions]
        super(kind, self).stop()

    own = {"buy": buy, "sell": sell, "close": close, "cancel": cancel, "start": start, "setsizer": setsizer, "stop": stop}
    kind: Any = type(strategy.__name__, (strategy,), own)
    kind.__module__ = strategy.__module__
    return kind  # type: ignore[no-any-return]
