"""What bt_pdt.Cerebro does not do the fast way it says, and does as backtrader does; beside tests/host/test_cerebro.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from made import RICH, RowFeed, walk
from test_cerebro import bars_of
from test_cerebro_random import Plain, left_by

import bt_pdt
from bt_pdt.bars import Bars, SymbolBars
from bt_pdt.host.fast.feeds import ArrayFeed, feeds

BARS = bars_of(11, 2, gaps=0.2, minutes=30)


def pandas_feed(name: str) -> Any:
    return bt.feeds.PandasData(dataname=BARS.frame(name), name=name, timeframe=bt.TimeFrame.Minutes, openinterest=None)


class Live(RowFeed):
    """Says that it is live, which turns preloading off; its rows come at once all the same."""

    def islive(self) -> bool:
        return True


class Marked(ArrayFeed):
    """A line more than the bars have, filled by the feed as it loads."""

    lines = ("mark",)

    def _load(self) -> bool:
        loaded = super()._load()
        if loaded:
            self.lines.mark[0] = self.lines.close[0] * 2
        return loaded


class Empty(ArrayFeed):
    """A line more that nobody fills."""

    lines = ("mark",)


class OwnLine(bt.linebuffer.LineBuffer):
    """A line that somebody else makes."""


class Shifted(ArrayFeed):
    """A line of another make."""

    def __init__(self) -> None:
        super().__init__()
        self.lines.volume.__class__ = OwnLine


class Stamped(Plain):
    """Moves on in a way of its own."""

    def __len__(self) -> int:
        return super().__len__()


class Middleman(bt.broker.BrokerBase):
    """A broker that is no BackBroker: it hands everything on to one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = bt.brokers.BackBroker(cash=1e6)
        self.p = self.inner.p

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def start(self) -> None:
        self.inner.cerebro = self.cerebro
        self.inner.start()

    def buy(self, *args: Any, **words: Any) -> Any:
        return self.inner.buy(*args, **words)

    def sell(self, *args: Any, **words: Any) -> Any:
        return self.inner.sell(*args, **words)

    def cancel(self, order: Any) -> Any:
        return self.inner.cancel(order)

    def getposition(self, data: Any) -> Any:
        return self.inner.getposition(data)

    def getcash(self) -> Any:
        return self.inner.getcash()

    def getvalue(self, datas: Any = None) -> Any:
        return self.inner.getvalue(datas)

    get_notification = next = None  # type: ignore[assignment]


for _name in ("get_notification", "next", "get_value", "get_orders_open"):
    setattr(Middleman, _name, lambda self, *args, _name=_name, **words: getattr(self.inner, _name)(*args, **words))


def out_of_order() -> Any:
    rows = BARS.arrays("S0")
    turned = np.arange(len(rows.close))
    turned[[10, 11]] = 11, 10
    feed: Any = ArrayFeed
    return feed(dataname=Bars({"TURNED": SymbolBars(*(column[turned] for column in rows))}, timeframe="minutes", compression=1))


def same_twice(cerebro: Any) -> None:
    feed = feeds(BARS, "S0")[0]
    cerebro.adddata(feed)
    cerebro.adddata(feed)


def with_feeds(*others: Callable[[], Any]) -> Callable[[Any], None]:
    def add(cerebro: Any) -> None:
        for feed in feeds(BARS):
            cerebro.adddata(feed)
        for make in others:
            cerebro.adddata(make())

    return add


CASES: dict[str, tuple[str, Callable[[Any], None], type[bt.Strategy]]] = {
    "PandasData": ("S1 is a PandasData; only feeds made by bt_pdt.feeds", lambda c: c.adddata(pandas_feed("S1")), Plain),
    "one of many": ("S1 is a PandasData", lambda c: [c.adddata(feeds(BARS, "S0")[0]), c.adddata(pandas_feed("S1"))], Plain),
    "a live feed": ("live feed", with_feeds(lambda: Live(rows=walk(3, 3, 30), name="LIVE")), Plain),
    "a feed twice": ("a feed was added twice", same_twice, Plain),
    "bars out of order": ("TURNED has bars that are not in the order of time", with_feeds(out_of_order), Plain),
    "a line of another make": ("has lines of its own making", with_feeds(lambda: Shifted(dataname=BARS, name="S0")), Plain),  # type: ignore[call-arg]
    "an own length": ("Stamped overrides backtrader's own __len__", with_feeds(), Stamped),
}


def ran_on(kind: Any, add: Callable[[Any], None], strategy: type[bt.Strategy], broker: Any) -> tuple[Any, list[Any]]:
    cerebro = kind(stdstats=False)
    cerebro.setbroker(broker)
    add(cerebro)
    cerebro.addstrategy(strategy, seed=8)
    return cerebro, cerebro.run()


@pytest.mark.filterwarnings("ignore:.*utcnow.*:DeprecationWarning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("law", (True, False))
def test_what_falls_back(case: str, law: bool) -> None:
    words, add, strategy = CASES[case]
    left = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        broker = bt_pdt.MarginBroker(cash=60_000.0, account=RICH) if law else bt.brokers.BackBroker(cash=50e6)
        cerebro, ran = ran_on(kind, add, strategy, broker)
        left.append(left_by(cerebro, ran))
    assert left[0] == left[1] and len(ran[0].log) > 10
    assert not cerebro.fast_path and any(words in why for why in cerebro.why_slow), cerebro.why_slow
    assert all(why[0].isalpha() and why.endswith(".") for why in cerebro.why_slow)


def test_a_broker_of_another_make() -> None:
    found = [ran_on(kind, with_feeds(), Plain, Middleman()) for kind in (bt.Cerebro, bt_pdt.Cerebro)]
    (_, stock), (cerebro, ours) = found
    assert stock[0].log == ours[0].log and stock[0].seen == ours[0].seen and len(ours[0].log) > 10
    assert not cerebro.fast_path and cerebro.why_slow == ["the broker, Middleman, is no BackBroker or MarginBroker."]


@pytest.mark.parametrize("kind_of_feed", (Marked, Empty))
def test_a_feed_with_a_line_more_stays_fast(kind_of_feed: Any) -> None:
    left = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        broker = bt_pdt.MarginBroker(cash=60_000.0, account=RICH)
        cerebro, ran = ran_on(kind, with_feeds(lambda: kind_of_feed(dataname=BARS, name="S0")), Plain, broker)
        left.append((ran[0].log, repr(ran[0].seen), repr(ran[0].data2.lines.mark.array)))
    assert left[0] == left[1] and cerebro.fast_path
    closes = BARS.arrays("S0").close
    assert ran[0].data2.lines.mark.array.tolist() == (closes * 2).tolist() if kind_of_feed is Marked else "nan" in left[0][2]


def test_the_reasons_are_of_the_last_run() -> None:
    """Slow, then fast: nothing is left of what was said before."""
    cerebro = bt_pdt.Cerebro(stdstats=False)
    for feed in feeds(BARS):
        cerebro.adddata(feed)
    cerebro.addstrategy(Plain, seed=3)
    first = cerebro.run(runonce=False)[0]
    assert (cerebro.fast_path, len(cerebro.why_slow)) == (False, 1)
    second = cerebro.run(runonce=True)[0]
    assert (cerebro.fast_path, cerebro.why_slow) == (True, []) and first.log == second.log


def test_timers_stay_fast_and_ring_when_stock_s_do() -> None:
    class Rings(Plain):
        def start(self) -> None:
            for when in (bt.timer.SESSION_START, bt.timer.SESSION_END):
                self.add_timer(when, offset=timedelta(minutes=5), repeat=timedelta(minutes=7), cheat=when == bt.timer.SESSION_START)

        def notify_timer(self, timer: Any, when: Any, *args: Any, **words: Any) -> None:
            self.look(f"timer {when}")

    left = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro, ran = ran_on(kind, with_feeds(), Rings, bt_pdt.MarginBroker(cash=60_000.0, account=RICH))
        left.append(left_by(cerebro, ran))
    assert left[0] == left[1] and cerebro.fast_path
    assert sum(row.startswith("['timer") for row in ran[0].seen) > 6
