"""Orders that the broker makes in one step are backtrader's own, attribute for attribute."""

from __future__ import annotations

import itertools
from datetime import datetime, time, timedelta
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from backtrader.order import BuyOrder, OrderData, SellOrder
from made import RICH

import bt_pdt
from bt_pdt.bars import Bars, SymbolBars
from bt_pdt.host.fast.feeds import ArrayFeed
from bt_pdt.host.fast.host_orders import OrderMaker, cheap_clone

#: About the session's end (16:00), its ends of day, and an ordinary minute.
STAMPS = ["2024-01-02T09:31", "2024-01-02T15:59", "2024-01-02T16:00", "2024-01-02T16:01", "2024-01-02T20:00", "2024-01-03T00:00"]
STAMPS += ["2024-01-03T09:31:30", "2024-01-03T15:59:59.999", "2024-01-03T16:00:00.0004", "2024-01-03T23:59:59.999990"]
PLAIN = {"valid": None, "tradeid": 0, "trailamount": None, "trailpercent": None, "parent": None, "transmit": True, "histnotify": False}
NAMES = [
    *(name for name, _ in bt.Order.params._getitems()),
    *["broker", "comminfo", "triggered", "status", "plimit", "position", "dteos", "_active", "_limitoffset"],
]


def seen(order: Any) -> list[str]:
    """Everything an order says of itself, its number left out."""
    assert order.p is order.params
    rows = [f"{name} {getattr(order, name)!r} {getattr(order.p, name, None)!r}" for name in NAMES]
    for part in (order.created, order.executed):
        assert type(part) is OrderData and len(part) == 0
        rows += [f"{name} {value!r}" for name, value in sorted(vars(part).items())]
    return [*rows, type(order).__name__, str(order.info), str(order).split("\n", 1)[1]]


def feed_of(stamps: list[str], **params: Any) -> Any:
    times = np.array(stamps, "datetime64[us]")
    price = 100.0 + np.arange(len(times)) / 8
    feed: Any = ArrayFeed
    bars = Bars({"X": SymbolBars(times, price, price + 1, price - 1, price, price)}, timeframe="minutes", compression=1)
    return feed(dataname=bars, **params)


ENDS = ({}, {"sessionend": time(16, 0)}, {"sessionend": time(23, 59, 59, 999990)})


@pytest.mark.parametrize(("kind", "params"), [(bt.Cerebro, ends) for ends in ENDS] + [(bt_pdt.Cerebro, {})])
def test_every_attribute_at_every_hour(kind: Any, params: dict[str, Any]) -> None:
    compared = []

    class Compares(bt.Strategy):
        def __init__(self) -> None:
            self.make = OrderMaker().make

        def next(self) -> None:
            for price, limit, exectype in itertools.product((None, 0.0, 99.5), (None, 98.5), (None, *range(7))):
                for buy, size in ((True, 10), (False, 2.5)):
                    more = PLAIN | ({"trailamount": 0.5} if exectype in (5, 6) else {})
                    ours = self.make(buy, self, self.data, size, price, limit, exectype, **more)
                    stock = (BuyOrder if buy else SellOrder)(
                        owner=self, data=self.data, size=size, price=price, pricelimit=limit, exectype=exectype, **more
                    )
                    assert seen(ours) == seen(stock)
                    assert stock.ref == ours.ref + 1
                    compared.append(ours)

    cerebro = kind(stdstats=False)
    cerebro.adddata(feed_of(STAMPS, **params))
    cerebro.addstrategy(Compares)
    cerebro.run()
    assert len(compared) == len(STAMPS) * 3 * 2 * 8 * 2


def test_what_is_not_plain_is_backtrader_s_own() -> None:
    compared = []

    class Compares(bt.Strategy):
        def next(self) -> None:
            parent = OrderMaker().make(True, self, self.data, 5, None, None, None, **PLAIN)
            for more in (
                {"valid": timedelta(minutes=5)},
                {"valid": bt.Order.DAY},
                {"valid": datetime(2024, 1, 4)},
                {"parent": parent, "transmit": False, "tradeid": 3, "histnotify": True},
            ):
                ours = OrderMaker().make(True, self, self.data, 10, 99.0, None, bt.Order.Limit, **PLAIN | more)
                stock = BuyOrder(owner=self, data=self.data, size=10, price=99.0, pricelimit=None, exectype=bt.Order.Limit, **PLAIN | more)
                ours_seen, stock_seen = seen(ours), seen(stock)
                assert ours_seen == stock_seen
                compared.append(ours)

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(feed_of(STAMPS[:3]))
    cerebro.addstrategy(Compares)
    cerebro.run()
    assert len(compared) == 12


def test_buy_takes_what_backtrader_s_takes_also_by_place() -> None:
    found = []

    class Places(bt.Strategy):
        def next(self) -> None:
            if len(self) == 1:
                valid = datetime(2024, 1, 5)
                order = self.broker.buy(
                    self, self.data, 10, 99.0, None, bt.Order.Limit, valid, 7, None, None, None, None, True, note="kept"
                )
                other = self.broker.sell(self, self.data, 10, 120.0, None, bt.Order.Limit, oco=order)
                found.extend((order, other))

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(bt_pdt.MarginBroker(cash=100_000.0, account=RICH))
    cerebro.adddata(feed_of(STAMPS[:4]))
    cerebro.addstrategy(Places)
    cerebro.run()
    order, other = found
    assert (order.p.price, order.p.exectype, order.valid, order.tradeid) == (99.0, bt.Order.Limit, bt.date2num(datetime(2024, 1, 5)), 7)
    assert order.info["note"] == "kept" and order.isbuy() and other.issell() and order.size == 10 and other.size == -10
    assert cerebro.broker._ocos[other.ref] == order.ref


def test_a_clone_is_what_backtrader_s_clone_is() -> None:
    class Clones(bt.Strategy):
        def next(self) -> None:
            order = OrderMaker().make(True, self, self.data, 10, None, None, None, **PLAIN)
            other = BuyOrder(owner=self, data=self.data, size=10, **PLAIN)
            for each in (order, other):
                each.execute(1.0, 4, 100.0, 0, 0.0, 0.0, 4, 400.0, 0.5, None, 0.0, 4, 100.0)
            ours, stock = cheap_clone(order), other.clone()
            assert type(ours) is type(stock) and ours.info is order.info and ours.created is order.created
            assert ours.executed is not order.executed and ours.executed.exbits is order.executed.exbits
            for one, two in ((ours, stock), (order, other)):
                parts = [{k: v for k, v in vars(each.executed).items() if k != "exbits"} for each in (one, two)]
                assert parts[0] == parts[1] and len(one.executed.getpending()) == len(two.executed.getpending()) == 1

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(feed_of(STAMPS[:1]))
    cerebro.addstrategy(Clones)
    cerebro.run()
