"""Made bars, feeds and runs for the tests of backtrader's side."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import backtrader as bt

from bt_pdt.host.broker import MarginBroker

Row = tuple[datetime, float, float, float, float, float]
TUESDAY = datetime(2024, 1, 2, 9, 31)
RICH = {"pattern_day_trader": True}


class RowFeed(bt.feed.DataBase):
    """A feed of (end, open, high, low, close, volume) rows that goes backtrader's own road in every mode."""

    params = (("rows", ()), ("timeframe", bt.TimeFrame.Minutes), ("compression", 1))

    def start(self) -> None:
        super().start()
        self._rows = iter(self.p.rows)

    def _load(self) -> bool:
        row = next(self._rows, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0] = bt.date2num(row[0])
        lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = row[1:]
        lines.openinterest[0] = 0.0
        return True


def flat(price: float, count: int, begin: datetime = TUESDAY, step: int = 1) -> list[Row]:
    """``count`` bars at one price, a dollar high and low."""
    return [(begin + timedelta(minutes=i * step), price, price + 1, price - 1, price, 1e6) for i in range(count)]


def bars(*rows: tuple[str, float] | tuple[str, float, float], spread: float = 0.0) -> list[Row]:
    """Bars from ``("2024-01-02 09:31", open, close)``; high and low are the outer of the two and ``spread`` beyond."""
    made = []
    for when, open_, *rest in rows:
        close = rest[0] if rest else open_
        made.append((datetime.fromisoformat(when), open_, max(open_, close) + spread, min(open_, close) - spread, close, 1e6))
    return made


def walk(seed: int, days: int = 3, minutes: int = 60, gaps: float = 0.0, begin: datetime = TUESDAY) -> list[Row]:
    """A random walk in cents on minute bars of the first ``minutes`` of some sessions; ``gaps`` is the share of bars left out."""
    rng = random.Random(seed)
    close, made = 100.0, []
    for day in range(days):
        for i in range(minutes):
            open_ = round(close + rng.choice((0.0, 0.0, rng.gauss(0, 0.05))), 2)
            close = round(open_ * math.exp(rng.gauss(0, 0.002)), 2)
            high = round(max(open_, close) + abs(rng.gauss(0, 0.08)), 2)
            low = round(min(open_, close) - abs(rng.gauss(0, 0.08)), 2)
            if rng.random() >= gaps:
                made.append((begin + timedelta(days=day, minutes=i), open_, high, low, close, float(rng.randint(50, 400))))
    return made


def feed(rows: Sequence[Row], name: str = "SPY", **params: Any) -> RowFeed:
    return RowFeed(rows=rows, name=name, **params)


def run(
    strategy: type[bt.Strategy], datas: Iterable[Any], broker: Any, setup: Callable[[bt.Cerebro], None] | None = None, **engine: Any
) -> Any:
    """Runs one strategy; returns it (``strategy.broker`` is the broker)."""
    cerebro = bt.Cerebro(stdstats=False, **engine)
    cerebro.setbroker(broker)
    for data in datas:
        cerebro.adddata(data)
    if setup is not None:
        setup(cerebro)
    cerebro.addstrategy(strategy)
    return cerebro.run()[0]


class Scripted(bt.Strategy):
    """Calls ``script[n](self)`` on bar ``n`` (from 1) of the strategy; notes every notification."""

    script: ClassVar[dict[int, Callable[[Any], Any]]] = {}

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.kept: dict[str, Any] = {}

    def next(self) -> None:
        act = self.script.get(len(self))
        if act is not None:
            act(self)

    prenext = next

    def notify_order(self, order: Any) -> None:
        self.seen.append((len(self), order.getstatusname(), order.executed.size, round(order.executed.price, 4)))

    def statuses(self) -> list[str]:
        return [row[1] for row in self.seen]


def scripted(script: dict[int, Callable[[Any], Any]]) -> type[Scripted]:
    return type("Script", (Scripted,), {"script": script, "__module__": __name__})


class Agreeing(MarginBroker):
    """A MarginBroker that compares its own books with the account's after every bar."""

    def next(self) -> None:
        super().next()
        agree(self)


def agree(broker: MarginBroker) -> None:
    """Host and account hold the same cash, positions and equity at the same marks, and the same orders are working."""
    account = broker.account
    assert account is not None
    assert abs(broker.cash - account.cash) < 0.005, (broker.cash, account.cash)
    held: dict[str, float] = {}
    for data, position in broker.positions.items():
        symbol = broker.clock.feeds[data].symbol
        held[symbol] = held.get(symbol, 0.0) + position.size
    held = {symbol: qty for symbol, qty in held.items() if abs(qty) > 1e-9}
    assert held.keys() == account.positions.keys(), (held, account.positions)
    for symbol, qty in held.items():
        assert abs(account.position(symbol) - qty) < 1e-6
    working, live = set(account.ledger.orders), {entry.id for entry in broker._live.values() if entry.id is not None}
    if broker.p.filler is not None:  # a partial fill of one exit reduces the other at the account, not on the host
        # and a fraction of a share is a day order at the account, while the host goes on filling it on the next session
        days = {e.id for e in broker._live.values() if e.request is not None and e.request.time_in_force == "day"}
        working, live = ({i for i in ids - days if "." not in i} for ids in (working, live))
    assert working == live, (working, live)
