"""How time and memory grow: with bars, symbols, orders and the variants of a sweep.

Runs of backtrader and bt_pdt, each in a process of its own after a short run that loads what it needs, in turn; ratios are to backtrader
with PandasData at the same size. Memory is what that process held at the peak of its first run beyond what it held with the frames of the
bars just before (VmHWM less VmRSS of /proc/self/status).
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

import backtrader as bt
import sweeps
from crossing import CASH, SIZE, Crossing, answer
from measuring import Table, forget_peak, interleaved, memory_mb, ratios, spread
from runs import ARRAYS, OURS, STOCK, WAYS, frames_of
from walks import MINUTES, walks

from bt_pdt import Bars

#: Rounds of more bars than these are fewer: one takes minutes.
LARGE = 400_000


class Turning(bt.Strategy):
    """In every symbol a market order each ``every`` bars: bought, sold, bought ..."""

    params = (("every", 0),)

    def next(self) -> None:
        if self.p.every and len(self) % self.p.every == 0:
            for data in self.datas:
                held = self.getposition(data).size
                if held:
                    self.sell(data=data, size=held)
                else:
                    self.buy(data=data, size=SIZE)


def turned(bars: Bars, every: int) -> float:
    """The equity of ``Turning`` at its end, by whole cents."""
    cents = 0
    for symbol in bars.symbols:
        arrays = bars.arrays(symbol)
        paid = [round(100 * price) for price in arrays.open[every::every].tolist()] if every else []
        cents += sum(paid[1::2]) - sum(paid[::2]) + (round(100 * arrays.close[-1]) if len(paid) % 2 else 0)
    return CASH + SIZE * cents / 100


def crossed(bars: Bars) -> float:
    """The equity of ``Crossing`` at its end, by whole cents."""
    return CASH + SIZE * sum(answer(bars.arrays(s).open, bars.arrays(s).close)[1] for s in bars.symbols)


class Size(NamedTuple):
    """One size of a run: ``every`` is for ``Turning``, None for ``Crossing``."""

    symbols: int
    sessions: int
    every: int | None = None

    @property
    def bars(self) -> int:
        return self.symbols * self.sessions * MINUTES


class Measured(NamedTuple):
    """Seconds of one run, megabytes at its peak beyond those before it, and whether its equity is the expected one."""

    seconds: float
    grown_mb: float
    equal: bool


def measure(way: str, size: Size) -> Measured:
    """One run, here."""
    strategy, params = (Crossing, {"size": SIZE}) if size.every is None else (Turning, {"every": size.every})
    WAYS[way](frames_of(walks(1, 1)), strategy, params)()
    bars = walks(size.symbols, size.sessions, date(2014, 1, 2))
    wanted = crossed(bars) if size.every is None else turned(bars, size.every)
    frames = frames_of(bars)
    del bars
    gc.collect()
    forget_peak()
    before = memory_mb("VmRSS")
    run = WAYS[way](frames, strategy, params)
    began = time.perf_counter()
    _, equity = run()
    return Measured(time.perf_counter() - began, memory_mb() - before, abs(equity - wanted) < 0.005)


Where = Callable[[], AbstractContextManager[Callable[[str, Size], Measured]]]


@contextmanager
def apart() -> Iterator[Callable[[str, Size], Measured]]:
    """Runs in a process for each way, fresh for this size: the first round's memory is that of a first run."""
    with ExitStack() as stack:
        pools = {way: stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) for way in WAYS}
        yield lambda way, size: pools[way].submit(measure, way, size).result()


@contextmanager
def here() -> Iterator[Callable[[str, Size], Measured]]:
    """Runs in this process: the memory means nothing."""
    yield measure


def grown(title: str, what: str, sizes: Sequence[tuple[str, Size]], rounds: int, where: Where = apart) -> Table:
    """A table of runs, a row for each size."""
    columns = (
        "bars",
        "backtrader, s",
        "with bt_pdt.feeds",
        "bt_pdt, of backtrader",
        "bt_pdt, us a bar",
        "MB: backtrader",
        "feeds",
        "bt_pdt",
        "equity",
    )
    table = Table(title, (what, *columns))
    for label, size in sizes:
        turns = rounds if size.bars < LARGE else max(1, rounds // 5)
        with where() as one:
            found = interleaved({way: partial(one, way, size) for way in WAYS}, turns)
        seconds = {way: [m.seconds for m in those] for way, those in found.items()}
        peaks = {way: those[0].grown_mb for way, those in found.items()}
        equal = all(m.equal for those in found.values() for m in those)
        against = [spread(ratios(seconds[way], seconds[STOCK])) for way in (ARRAYS, OURS)]
        micro = 1e6 * statistics.median(seconds[OURS]) / size.bars
        memory = [f"{peaks[way]:.0f}" for way in (STOCK, ARRAYS, OURS)]
        middle = f"{statistics.median(seconds[STOCK]):.2f}"
        table.rows.append((label, f"{size.bars:,}", middle, *against, f"{micro:.1f}", *memory, "equal" if equal else "DIFFERS"))
        table.numbers[label] = {"bars": size.bars, "seconds": seconds, "grown_mb": peaks}
        table.disagrees |= not equal
    return table


def swept(counts: Sequence[int], rounds: int) -> Table:
    """Sweeps of more and more variants, all ways on two cores."""
    ways = (sweeps.STOCK, "bt_pdt.tune, jobs=1", f"bt_pdt.tune, jobs={sweeps.CORES}")
    table = Table(
        "More variants: 1 symbol, 5 sessions, 1,950 bars each",
        ("variants", *(f"{way}, s" for way in ways), "jobs=1, of optstrategy", f"jobs={sweeps.CORES}", "equities"),
    )
    bars = walks(1, 5)
    for count in counts:
        case = sweeps.Case(bars, range(1, count + 1))
        one = sweeps.compared(case, rounds, ways)
        took = [one.numbers[way]["sweep"] for way in ways]
        against = [spread(ratios(those, took[0])) for those in took[1:]]
        table.rows.append(
            (f"{count}", *(f"{statistics.median(those):.2f}" for those in took), *against, "DIFFER" if one.disagrees else "equal")
        )
        table.numbers[str(count)] = one.numbers
        table.disagrees |= one.disagrees
    return table


def tables(rounds: int, quick: bool) -> Iterator[Table]:
    """Bars, symbols, orders, variants."""
    if quick:
        bars, symbols, every, counts = [2], [3], [2], [1, 2]
    else:
        bars, symbols, every, counts = [26, 257, 2565], [1, 10, 50, 200], [0, 100, 10, 2, 1], [1, 4, 16, 64]
    wide = 1 if quick else 2
    orders = [("none" if not n else f"1 in {n} bars" if n > 1 else "every bar", Size(2 if quick else 10, wide, n)) for n in every]
    yield grown("More bars: 1 symbol", "sessions", [(f"{n:,}", Size(1, n)) for n in bars], rounds)
    yield grown(f"More symbols: {wide * MINUTES} bars each", "symbols", [(f"{n}", Size(n, wide)) for n in symbols], rounds)
    yield grown(f"More orders: {orders[0][1].symbols} symbols, a market order in each", "orders", orders, rounds)
    yield swept(counts, rounds)
