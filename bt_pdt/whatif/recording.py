"""A strategy's intents: what it asks for, when, whether or not an order comes of it. Recorded in one run, for a replay under other accounts."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
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
#: What the recorder has to see as the strategy calls it, and what tells a strategy about its account.
_OWN = ("buy", "sell", "close", "cancel", "getsizing", "getposition")
_TOLD = {"notify_cashvalue": "its cash and value", "notify_fund": "its cash and value", "notify_store": "margin calls"}
#: Where a broker says what the account is worth.
_WORTH = ("getcash", "get_cash", "getvalue", "get_value", "get_fundvalue", "get_fundshares")
_NOT_THEIRS = ("backtrader", "bt_pdt")


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

    def leave(self, why: str) -> None:
        """It cannot be replayed; the first reason is kept."""
        self.why_not = self.why_not or why


def _asked_by(kind: type) -> bool:
    """Does a method of the strategy itself, and not backtrader in its name, stand behind the call?"""
    frame: Any = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_argcount and isinstance(frame.f_locals.get(code.co_varnames[0]), kind):
            return frame.f_globals.get("__name__", "").split(".")[0] not in _NOT_THEIRS
        frame = frame.f_back
    return False


def _watched(broker: type, strategy: Callable[[], type], record: Record) -> type:
    """The class of a broker that notes when a strategy asks what its account is worth: what it does then may hang on the account."""

    def note() -> None:
        if not record.why_not and _asked_by(strategy()):
            record.leave("a strategy that asks for its cash, its value or its account")

    def reading(name: str) -> Any:
        def read(self: Any, *args: Any, **kwargs: Any) -> Any:
            note()
            return getattr(super(kind, self), name)(*args, **kwargs)

        return read

    def account(self: Any) -> Any:
        note()
        return super(kind, self).account

    own = {name: reading(name) for name in _WORTH if hasattr(broker, name)}
    kind: Any = type(broker.__name__, (broker,), {**own, "account": property(account), "__module__": broker.__module__})
    return kind  # type: ignore[no-any-return]


def recorded(strategy: type, record: Record) -> type:
    """``strategy`` with every request written into ``record``; it does what it does."""
    inside: list[bool] = []
    numbers: dict[int, int] = {}
    given: list[Any] = []  # the sizer that the run has put in
    brokers: list[tuple[Any, type]] = []  # watched, and the class that each had

    def place(self: Any, data: Any) -> int:
        found = next((i for i, each in enumerate(self.datas) if each is data), None)  # to compare feeds compares prices
        if found is None:
            record.leave("an order for a feed that is not one of the bars")
        return found or 0

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
                record.leave(f"an order with {name}=")
        if kwargs.get("transmit") is False or kwargs.get("tradeid"):
            record.leave("an order in parts (transmit, tradeid)")
        if len(data) and data.datetime[0] > self.broker.seen:
            record.leave("an order on a bar that has only begun")
        if size is not None and not math.isfinite(size):
            record.leave("an order without a finite size")
        if size is None and action != "close" and self._sizer is not (given[-1] if given else self._sizer):
            record.leave("a sizer that the strategy sets itself")
        kind, price, limit, valid = "market", 0.0, 0.0, 0.0
        if order is not None:
            if order.exectype not in _TYPES:
                record.leave(f"an order of the type {Order.ExecTypes[order.exectype]}")
                return
            kind = _TYPES[order.exectype]
            if kind != "market":
                price, limit = float(order.created.price or 0.0), float(order.created.pricelimit or 0.0) if kind == "stop_limit" else 0.0
                valid = float(order.valid or 0.0)
                if not price > 0 or (kind == "stop_limit" and not limit > 0):
                    record.leave("an order without a price above 0")
            numbers[order.ref] = len(record.intents)
        elif kwargs.get("exectype") not in (None, Order.Market):
            record.leave("an order of another type than market for which nothing was sent")
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
            record.leave("the cancelling of an order that the strategy did not send")
        return found

    def by_value(name: str) -> Any:
        def to_target(self: Any, *args: Any, **kwargs: Any) -> Any:
            record.leave("an order to a share of equity or to a value")
            return getattr(super(kind, self), name)(*args, **kwargs)

        return to_target

    def getsizing(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not inside:
            record.leave("a strategy that asks its sizer itself")
        return super(kind, self).getsizing(*args, **kwargs)

    def _addsizer(self: Any, *args: Any, **kwargs: Any) -> None:
        super(kind, self)._addsizer(*args, **kwargs)
        given.append(self._sizer)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        given.append(self._sizer)  # backtrader's own, until the run puts in another
        brokers.append((self.broker, type(self.broker)))
        self.broker.__class__ = _watched(type(self.broker), lambda: kind, record)
        super(kind, self).__init__(*args, **kwargs)
        if self._sizer is not given[0]:
            record.leave("a sizer that the strategy sets itself")

    def stop(self: Any) -> None:
        record.order = [place(self, data) for data in self.broker.positions]
        for broker, before in brokers:  # what is printed at the end hangs on nothing
            broker.__class__ = before
        super(kind, self).stop()

    for name in _OWN:
        if getattr(strategy, name) is not getattr(bt.Strategy, name):
            record.leave(f"a strategy with a {name}() of its own")
    for name, what in _TOLD.items():
        if getattr(strategy, name) is not getattr(bt.Strategy, name):
            record.leave(f"a strategy that is told of {what} ({name})")
    own: dict[str, Any] = {"buy": buy, "sell": sell, "close": close, "cancel": cancel, "getsizing": getsizing}
    own |= {"_addsizer": _addsizer, "__init__": __init__, "stop": stop}
    own |= {name: by_value(name) for name in ("order_target_value", "order_target_percent")}
    kind: Any = type(strategy)(strategy.__name__, (strategy,), own)
    kind.__module__ = strategy.__module__
    return kind  # type: ignore[no-any-return]
