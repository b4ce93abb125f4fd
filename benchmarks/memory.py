"""Memory of bars, feeds and runs: what is held after each step and the most during it, in bytes a bar, and its seconds.

    python benchmarks/memory.py [--bars 10000000] [--symbols 10] [--gaps]

Minute bars of symbols with one clock (``--gaps``: 30 % of each symbol's bars left out) are made once; then the same feeds are run twice, new
feeds of the same bars twice, and four variants by ``optstrategy`` in one process. The strategy does nothing; MarginBroker is on.
Sizes are those of the process (Linux: VmRSS and VmHWM), less what it took before the bars. Elsewhere only the most so far is known.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import resource
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np

from bt_pdt import Bars, Cerebro, MarginBroker, feeds
from bt_pdt.bars import SymbolBars
from bt_pdt.core.sessions import sessions_between

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def made(count: int, symbols: int, gaps: bool) -> dict[str, SymbolBars]:
    """About ``count`` minute bars of regular sessions from 2002 on, over all symbols."""
    each = count // symbols
    days = sessions_between(date(2002, 1, 2), date(2026, 12, 31))[: each // 390 + 1]
    opens = np.array([datetime(d.year, d.month, d.day, 9, 31) for d in days], "datetime64[us]")
    times = (opens[:, None] + np.arange(390) * np.timedelta64(60_000_000, "us")).ravel()[:each]
    if len(times) < each:
        raise SystemExit(
            f"--symbols: a symbol has at most {len(times):,} minute bars here; take at least {-(-count // len(times))} symbols."
        )
    found = {}
    for k in range(symbols):
        rng = np.random.default_rng(k)
        close = np.round(100 + 10 * np.sin(np.arange(each) / 1000.0) + rng.random(each), 2)
        kept = rng.random(each) > 0.3 if gaps else slice(None)
        found[f"S{k:03d}"] = SymbolBars(*(c[kept].copy() for c in (times, close, close + 1, close - 1, close, np.ones(each))))
    return found


def sizes() -> tuple[int, int]:
    """(bytes held, the most since it was last asked)."""
    gc.collect()
    if not STATUS.exists():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)
        return peak, peak
    getattr(ctypes.CDLL(None), "malloc_trim", int)(0)  # what is free goes back to the system, and is not counted
    rows = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
    now, peak = (int(rows[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    RESET.write_text("5", encoding="ascii")  # the peak starts again from here
    return now, peak


class Nothing(bt.Strategy):
    params = (("variant", 0),)

    def next(self) -> None:
        pass


def run(given: list[Any], variants: int = 0) -> None:
    cerebro = Cerebro(stdstats=False, maxcpus=1)
    cerebro.setbroker(MarginBroker(cash=1e6, account={"pattern_day_trader": True}))
    for feed in given:
        cerebro.adddata(feed)
    if variants:
        cerebro.optstrategy(Nothing, variant=range(variants))
    else:
        cerebro.addstrategy(Nothing)
    cerebro.run()
    if not cerebro.fast_path:
        raise SystemExit(f"not fast: {cerebro.why_slow}")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--bars", type=int, default=10_000_000)
    words.add_argument("--symbols", type=int, default=10)
    words.add_argument("--gaps", action="store_true")
    said = words.parse_args()
    if not 1 <= said.symbols <= said.bars:
        words.error(f"--symbols takes a whole number from 1 to the number of bars, got {said.symbols}")
    run(feeds(Bars(made(2_000, 2, gaps=True), timeframe="minutes", compression=1)))  # loads what a run needs
    before = sizes()[0]
    kept: dict[str, Any] = {"arrays": made(said.bars, said.symbols, said.gaps)}
    count = sum(len(arrays.close) for arrays in kept["arrays"].values())

    def bars() -> None:
        kept["bars"] = Bars(kept.pop("arrays"), timeframe="minutes", compression=1)

    def fed() -> None:
        kept["feeds"] = feeds(kept["bars"])

    steps: list[tuple[str, Callable[[], None]]] = [
        ("bars", bars),
        ("feeds of them", fed),
        ("a run of these feeds", lambda: run(kept["feeds"])),
        ("the same feeds again", lambda: run(kept["feeds"])),
        ("new feeds, a run", lambda: run(feeds(kept["bars"]))),
        ("new feeds, a run again", lambda: run(feeds(kept["bars"]))),
        ("optstrategy, 4 variants", lambda: run(kept["feeds"], 4)),
    ]
    gaps = ", 30 % missing" if said.gaps else ""
    print(f"{date.today()}, {os.cpu_count()} cores; {count:,} bars of {said.symbols} symbols{gaps}\n")
    print(f"{'':26s} {'held, B/bar':>12s} {'at most':>9s} {'seconds':>9s}")
    for name, step in steps:
        begin = time.perf_counter()
        step()
        took = time.perf_counter() - begin
        held, most = ((size - before) / count for size in sizes())
        print(f"{name:26s} {held:12.1f} {most:9.1f} {took:9.2f}", flush=True)


if __name__ == "__main__":
    main()
