"""What a variant of a sweep costs: backtrader's optstrategy beside bt_pdt.tune on one core, on two, by Dask, by replay.

Every way runs the rule of ``crossing.py`` over the same bars once for each size of order, and its equities at the end are compared with
plain arithmetic. Wall time of the whole sweep by the number of variants; the pools of bt_pdt.tune are warm, as they are from the second
sweep of a session on, and the first sweep, which starts them, is told apart. optstrategy makes its pool anew each time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import backtrader as bt
from crossing import CASH, Crossing, answer
from measuring import Table, installed, interleaved, ratios, spread
from runs import frames_of, pandas_feeds
from walks import walks

import bt_pdt
from bt_pdt.runs import study

STRATEGY = f"{Path(__file__).with_name('crossing.py')}:Crossing"
CORES = 2
Sweep = Callable[[], Mapping[int, float]]


class FinalValue(bt.Analyzer):
    """The equity at the end: optstrategy gives analyzers back, not brokers."""

    def stop(self) -> None:
        self.value = self.strategy.broker.getvalue()

    def get_analysis(self) -> float:
        return self.value


class Case(NamedTuple):
    """The bars and the sizes that are tried."""

    bars: bt_pdt.Bars
    sizes: Sequence[int]

    def expected(self) -> dict[int, float]:
        """The equity of each size, without any backtester."""
        each = [answer(self.bars.arrays(s).open, self.bars.arrays(s).close)[1] for s in self.bars.symbols]
        return {size: CASH + size * sum(each) for size in self.sizes}


def optstrategy(case: Case, make: Callable[[], Sequence[Any]], cores: int = CORES) -> dict[int, float]:
    """backtrader's own: ``make`` gives the feeds."""
    cerebro = bt.Cerebro(stdstats=False, maxcpus=cores)
    cerebro.broker.setcash(CASH)
    for feed in make():
        cerebro.adddata(feed)
    cerebro.optstrategy(Crossing, size=case.sizes)
    cerebro.addanalyzer(FinalValue, _name="end")
    return {run[0].params.size: run[0].analyzers.end.get_analysis() for run in cerebro.run()}


def tuned(case: Case, **how: Any) -> dict[int, float]:
    """bt_pdt's own, the whole law on; by the sizer, because a replay varies the account and its sizer, not the strategy."""
    space, sizer = {"sizer.stake": list(case.sizes)}, bt.sizers.FixedSize
    found = bt_pdt.tune(STRATEGY, case.bars, space, sizer=sizer, objective="profit", method="grid", cash=CASH, **how)
    return dict(zip(found.trials["sizer.stake"].tolist(), found.trials["equity_end"].tolist(), strict=True))


@contextmanager
def dask_workers() -> Iterator[str]:
    """Two processes on this machine, one thread each; gives the scheduler's address."""
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=CORES, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


STOCK = f"optstrategy, PandasData, {CORES} processes"
REPLAY = f"bt_pdt.tune, replay=True, jobs={CORES}"


def ways(case: Case, stack: ExitStack) -> dict[str, Sweep | str]:
    """Each way to sweep, or why it is left out."""
    frames = frames_of(case.bars)
    found: dict[str, Sweep | str] = {
        STOCK: lambda: optstrategy(case, lambda: pandas_feeds(frames)),
        f"optstrategy, bt_pdt.feeds, {CORES} processes": lambda: optstrategy(case, lambda: bt_pdt.feeds(case.bars)),
        "bt_pdt.tune, jobs=1": lambda: tuned(case, jobs=1),
        f"bt_pdt.tune, jobs={CORES}": lambda: tuned(case, jobs=CORES),
    }
    dask = f"bt_pdt.tune, Dask, {CORES} workers"
    if installed("distributed") is None:
        found[dask] = "distributed is not installed"
    else:

        @cache
        def address() -> str:
            return stack.enter_context(dask_workers())

        found[dask] = lambda: tuned(case, scheduler=address())
    absent = "numba is not installed" if installed("numba") is None else None
    found[REPLAY] = absent or (lambda: tuned(case, replay=True, jobs=CORES))
    return found


def timed(sweep: Sweep, wanted: Mapping[int, float]) -> tuple[float, str]:
    """Seconds, and whether every equity is the expected one."""
    began = time.perf_counter()
    got = sweep()
    took = time.perf_counter() - began
    off = [size for size in wanted if size not in got or abs(got[size] - wanted[size]) > 0.005]
    return took, f"differs for size {', '.join(map(str, off[:3]))}" if off else "equal"


def compared(case: Case, rounds: int, only: Sequence[str] | None = None) -> Table:
    """The table of one sweep."""
    wanted, count = case.expected(), len(case.sizes)
    table = Table(
        f"A sweep of {count} variants: {len(case.bars.symbols)} symbols, {len(case.bars):,} minute bars each variant",
        ("sweep", "equities", "of stock", "ms a variant", "first sweep, s"),
    )
    with ExitStack() as stack:
        chosen = {name: way for name, way in ways(case, stack).items() if only is None or name in only}
        first: dict[str, tuple[float, str]] = {}
        for name, way in chosen.items():
            if not isinstance(way, str):
                try:
                    first[name] = timed(way, wanted)
                except Exception as error:  # told in its row; the other ways go on
                    chosen[name] = f"{type(error).__name__}: {error}"
                    table.disagrees = True
        running = {name: way for name, way in chosen.items() if not isinstance(way, str)}
        found = interleaved({name: lambda way=way: timed(way, wanted) for name, way in running.items()}, rounds)
    for name, way in chosen.items():
        if isinstance(way, str):
            table.rows.append((name, f"left out: {way}", "", "", ""))
            continue
        said = ", ".join(sorted({word for _, word in (first[name], *found[name])}))
        took, base = ([seconds for seconds, _ in found.get(which, ())] for which in (name, STOCK))
        against = "1.00" if name == STOCK else spread(ratios(took, base)) if base else ""
        table.rows.append((name, said, against, spread([1000 * one / count for one in took], ".1f"), f"{first[name][0]:.2f}"))
        table.numbers[name] = {"sweep": took, "first_sweep": first[name][0], "equities": said}
        table.disagrees |= said != "equal"
    return table


def replayed(case: Case) -> Sweep:
    """The replays alone, of a run that is recorded already: what one more variant costs."""
    from bt_pdt.whatif import Replay, record_of

    strategy, common = study.load_strategy(STRATEGY), {"cash": CASH}
    record, result = record_of(study.run, strategy, case.bars, common | {"sizer": "FixedSize()"})
    replay = Replay(strategy, case.bars, case.bars.symbols, record, len(result.times))

    def sweep() -> dict[int, float]:
        found = replay.run([common | {"sizer": f"FixedSize(stake={size})"} for size in case.sizes], jobs=CORES)
        return {size: one.metrics["equity_end"] for size, one in zip(case.sizes, found, strict=True)}

    return sweep


def many(bars: bt_pdt.Bars, counts: Sequence[int], rounds: int, base: Sequence[float]) -> Table:
    """Replays of many variants; ``base`` are optstrategy's seconds a variant of the same run of this benchmark."""
    table = Table(
        f"Many variants by replay: {len(bars.symbols)} symbols, {len(bars):,} minute bars each variant, {CORES} cores",
        ("variants", "way", "equities", "seconds", "ms a variant", "times optstrategy's speed"),
    )
    for count in counts:
        case = Case(bars, range(1, count + 1))
        wanted = case.expected()
        ways = {"bt_pdt.tune, replay=True": lambda case=case: tuned(case, replay=True, jobs=CORES), "the replays alone": replayed(case)}
        for name, way in ways.items():
            way()  # numba compiles once for the machine
            found = [timed(way, wanted) for _ in range(rounds)]
            took = [seconds for seconds, _ in found]
            said = ", ".join(sorted({word for _, word in found}))
            faster = spread(sorted(statistics.median(base) * count / one for one in took), ",.0f") if base else ""
            table.rows.append((f"{count:,}", name, said, spread(took), spread([1000 * one / count for one in took]), faster))
            table.numbers[f"{count} {name}"] = {"sweep": took, "equities": said}
            table.disagrees |= said != "equal"
    return table


def tables(rounds: int, quick: bool) -> Iterator[Table]:
    """Every way over few variants, then a replay over many."""
    bars = walks(2, 1) if quick else walks(10, 5)
    sizes = range(10, 60, 10) if quick else range(10, 250, 10)
    few = compared(Case(bars, sizes), rounds)
    few.notes = [
        "`equities` compares the equity at the end of every variant with plain arithmetic. backtrader's optstrategy knows no margin law and",
        "gives a bare number here; bt_pdt.tune runs the whole law and works out every number of a run (returns, drawdown, refusals, calls).",
        "A replay makes full runs too: the recording, its check, and the five best; so few variants gain little.",
    ]
    yield few
    if installed("numba") is not None:
        base = [seconds / len(sizes) for seconds in few.numbers.get(STOCK, {}).get("sweep", ())]
        yield many(bars, (60,) if quick else (1_000, 5_000), rounds, base)
