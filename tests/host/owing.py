"""A strategy that writes down what it is told, and the one story that most tests of margin calls tell.

The story, at ``finra`` (maintenance 25 %): 10,000 dollars buy 200 shares at 100 on Tuesday 2 January 2024, so 10,000 are borrowed. Wednesday
closes at 64: equity 12,800 - 10,000 = 2,800, maintenance margin 3,200, a call of 400. It is issued on Thursday and due on Friday 5 January;
a share sold at 64 releases 16 dollars, so 25 shares cure it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backtrader as bt
from made import Row, Scripted, bars

from bt_pdt.core.journal import CashEntry, FillEntry


class Told(Scripted):
    """Notes messages as (day, message, call or restriction), and the brokerage's executions as (time, feed, size, price, call)."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, str]] = []
        self.abouts: list[dict[str, Any]] = []
        self.forced: list[tuple[str, str, float, float, str]] = []
        self.cancelled: list[int] = []
        self.curve: list[tuple[float, float]] = []

    def notify_store(self, message: str, *args: Any, **about: Any) -> None:
        what = about["call"].id if message.startswith("call_") else about.get("kind", about.get("call", ""))
        day = about["session"].isoformat() if "session" in about else ""
        self.told.append((day, message, what))
        self.abouts.append(about)

    def notify_order(self, order: Any) -> None:
        super().notify_order(order)
        call = order.info.get("liquidation")
        if order.status == order.Canceled:
            self.cancelled.append(order.ref)
        if call and order.status == order.Completed:
            at = bt.num2date(order.executed.dt).isoformat(sep=" ", timespec="minutes")
            self.forced.append((at, order.data._name, order.executed.size, round(order.executed.price, 4), call))

    def next(self) -> None:
        super().next()
        self.curve.append((self.broker.getcash(), self.broker.getvalue()))

    prenext = next


def told(script: dict[int, Callable[[Any], Any]], base: type[Told] = Told) -> type[Told]:
    return type("Story", (base,), {"script": script, "__module__": __name__})


def buys(size: float = 200, data: int = 0, **words: Any) -> Callable[[Any], Any]:
    return lambda s: s.buy(data=s.datas[data], size=size, **words)


def sells(size: float, data: int = 0, **words: Any) -> Callable[[Any], Any]:
    return lambda s: s.sell(data=s.datas[data], size=size, **words)


def minutes(*days: tuple[str, float, float], spread: float = 0.0) -> list[Row]:
    """Three bars a day: 09:31 and 09:32 at the opening price, 16:00 from there to the closing price."""
    rows: list[tuple[str, float, float]] = []
    for day, first, last in days:
        rows += [(f"{day} 09:31", first, first), (f"{day} 09:32", first, first), (f"{day} 16:00", first, last)]
    return bars(*rows, spread=spread)


#: Bars 1-3 Tuesday, 4-6 Wednesday (falls to 64 at its end), 7-9 Thursday.
UP_TO_THURSDAY = (("2024-01-02", 100.0, 100.0), ("2024-01-03", 100.0, 64.0), ("2024-01-04", 64.0, 64.0))


def story(friday: float = 64.0, *later: tuple[str, float, float], spread: float = 0.0) -> list[Row]:
    """The bars of the story; Friday's are 10-12."""
    return minutes(*UP_TO_THURSDAY, ("2024-01-05", friday, friday), *later, spread=spread)


def statuses(broker: Any) -> dict[str, tuple[str, str]]:
    """(kind, status) of every call by id."""
    return {call.id: (call.kind, call.status) for call in broker.account.calls}


def fills(broker: Any) -> list[tuple[str, str, float, float, str | None]]:
    """(session, side, qty, price, call) of every execution in the account's journal."""
    return [
        (e.session.isoformat(), e.fill.side, e.fill.qty, round(e.fill.price, 4), e.forced)
        for e in broker.account.journal
        if isinstance(e, FillEntry)
    ]


def money(broker: Any) -> list[tuple[str, str, float, str | None]]:
    """(session, kind, dollars, call) of what came and went, refused withdrawals left out."""
    found = [e for e in broker.account.journal if isinstance(e, CashEntry) and (e.decision is None or e.decision.accepted)]
    return [(e.session.isoformat(), e.kind, e.amount, e.for_call) for e in found]
