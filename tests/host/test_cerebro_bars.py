"""One copy of the bars for all feeds and runs of them; what a strategy writes into a bar stays its own."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from datetime import datetime
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from test_cerebro import bars_of
from test_same_fills import RandomTrader

import bt_pdt
from bt_pdt.bars import Bars, SymbolBars
from bt_pdt.host.fast.feeds import feeds

KINDS = (bt.Cerebro, bt_pdt.Cerebro)
LINES = ("datetime", "open", "high", "low", "close", "volume", "openinterest")


def run(kind: Any, bars: Any, strategy: Any, **engine: Any) -> Any:
    cerebro = kind(stdstats=False, **engine)
    for feed in bars if isinstance(bars, list) else feeds(bars):
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy)
    return cerebro.run()[0]


class Reads(bt.Strategy):
    def __init__(self) -> None:
        self.read: list[float] = []

    def next(self) -> None:
        self.read += [data.close[0] for data in self.datas] + [self.data.close[-1]]


class Writes(Reads):
    """Spoils the bar it is on and the one before, then reads."""

    def next(self) -> None:
        self.data.close[0] = -1.0
        self.data.lines.close.set(-2.0, ago=-1)
        super().next()


@pytest.mark.parametrize("kind", KINDS)
def test_all_feeds_of_some_bars_read_the_same_cells(kind: Any) -> None:
    bars = bars_of(3, 3)
    first, second = run(kind, bars, Reads), run(kind, bars, Reads)
    assert first.read == second.read
    for one, other in zip(first.datas, second.datas, strict=True):
        assert one is not other
        assert all(getattr(one.lines, name).array is getattr(other.lines, name).array for name in LINES)
    assert len({id(data.lines.datetime.array) for data in first.datas}) == 1  # one clock
    assert len({id(data.lines.openinterest.array) for data in first.datas}) == 1
    assert len({id(data.lines.close.array) for data in first.datas}) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_seen_by_its_writer_alone(kind: Any) -> None:
    bars = bars_of(4, 2)
    expected = {symbol: bars.arrays(symbol).close.tolist() for symbol in bars.symbols}
    before = run(kind, bars, Reads)
    writer = run(kind, bars, Writes)
    assert writer.read[:3] == [-1.0, expected["S1"][0], -2.0] and writer.read[3:6] == [-1.0, expected["S1"][1], -2.0]
    after = run(kind, bars, Reads)
    again = run(kind, list(writer.datas), Reads)  # the very feeds that were written to
    for each in (before, after, again):
        assert each.read[::3] == expected["S0"] and each.read[1::3] == expected["S1"]
        assert list(each.data.close.array) == expected["S0"]
    assert bars.arrays("S0").close.tolist() == expected["S0"]


def test_a_run_within_a_run_on_the_same_bars() -> None:
    bars = bars_of(5, 2, gaps=0.2)
    alone = run(bt.Cerebro, bars, Reads).read
    inner: list[list[float]] = []

    class Outer(Reads):
        def next(self) -> None:
            super().next()
            if len(self) in (5, 50):
                inner.extend(run(kind, bars, Reads).read for kind in KINDS)
                inner.append(run(bt_pdt.Cerebro, bars, Reads, runonce=False).read)

    outer = run(bt_pdt.Cerebro, bars, Outer)
    assert outer.read == alone and inner == [alone] * 6


@pytest.mark.parametrize("kind", KINDS)
def test_other_rows_and_a_lookahead_have_cells_of_their_own(kind: Any) -> None:
    bars = bars_of(6, 1)
    rows = bars.arrays("S0")
    whole, late = run(kind, bars, Reads), run(kind, feeds(bars, fromdate=datetime(2024, 1, 3)), Reads)
    ahead = run(kind, bars, Reads, lookahead=2)
    assert whole.read[::2] == ahead.read[::2] == rows.close.tolist()
    assert late.read[::2] == rows.close[rows.datetimes >= np.datetime64("2024-01-03")].tolist()
    assert len(ahead.data.close.array) == len(rows.close) + 2 and ahead.data.buflen() == whole.data.buflen()


def many(count: int) -> Bars:
    times = np.datetime64("2010-01-04T00:01", "us") + np.arange(count) * np.timedelta64(1, "m")
    price = 100 + np.arange(count) % 97 / 8
    return Bars({name: SymbolBars(times, price, price, price, price, price) for name in ("A", "B")}, timeframe="minutes", compression=1)


def test_memory_of_a_feed_a_run_and_the_next() -> None:
    """Bytes a bar: 56 of two symbols' prices and volume, their common times and open interest halved; nothing for later feeds and runs."""
    count = 200_000
    bars = many(count)

    def preloaded() -> list[Any]:
        made = feeds(bars)
        for feed in made:
            feed.setenvironment(bt.Cerebro())
            feed.reset()
            feed._start()
            feed.preload()
        return made

    tracemalloc.start()
    try:
        first = preloaded()
        gc.collect()
        held, peak = (size / (2 * count) for size in tracemalloc.get_traced_memory())
        assert 5 * 8 + 8 / 2 * 3 <= held < 53 and peak < 65
        tracemalloc.reset_peak()
        second = preloaded()
        more, peak = (size / (2 * count) for size in tracemalloc.get_traced_memory())
        assert more - held < 0.5 and peak - held < 10  # looking at times takes pieces of a fixed size
        assert first[0].close.array is second[0].close.array
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_a_feed_travels_with_one_copy_of_its_bars() -> None:
    count = 20_000
    feed = feeds(many(count))[0]
    fresh = len(pickle.dumps(feed)) / count
    run(bt.Cerebro, [feed], bt.Strategy)
    feed._env = feed._feed = None
    sent = pickle.dumps(feed)
    assert fresh < 50 and 56 <= len(sent) / count < 58  # six columns; the seven lines
    there = pickle.loads(sent)
    for each in (feed, there):
        read = run(bt_pdt.Cerebro, [each], Reads)
        assert read.cerebro.fast_path and read.read[::2] == many(count).arrays("A").close.tolist()
    assert run(bt.Cerebro, [pickle.loads(sent)], Reads, preload=False).read[::2] == read.read[::2]


def test_optstrategy_in_one_process_reads_one_copy() -> None:
    arrays: list[int] = []

    class Notes(RandomTrader):
        def start(self) -> None:
            arrays.append(id(self.data.close.array))

    for kind in KINDS:
        cerebro = kind(stdstats=False, maxcpus=1)
        for feed in feeds(bars_of(7, 1)):
            cerebro.adddata(feed)
        cerebro.optstrategy(Notes, seed=range(4))
        cerebro.run()
    assert len(arrays) == 8 and len(set(arrays[:4])) == 1 and len(set(arrays[4:])) == 1
