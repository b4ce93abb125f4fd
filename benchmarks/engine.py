"""bt_pdt.Cerebro beside backtrader's own: the same bars and strategy, everything on.

    python benchmarks/engine.py [--rounds 5] [--only "10 symbols"]

Wall time of a whole run, from making the feeds to the end of ``cerebro.run()``. Each round runs every engine once, in turn; the figures are
medians of the ratios within a round, so that a neighbour on the machine moves them little. ``fast`` is bt_pdt.Cerebro, our array feed and
MarginBroker with the whole law, account and analyzer; ``array`` is stock Cerebro, stock BackBroker and the same array feed; ``pandas``
the same with PandasData, which is what most people run. ``stats`` adds backtrader's default observers on both sides. ``same value``:
MarginBroker ends with the same equity on either Cerebro, to the last bit; ``all`` if that is stock's too.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import statistics
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import backtrader as bt
import numpy as np
from broker import Churn, Cross, Hold, Patient, random_bars

from bt_pdt import Bars, Cerebro, ComplianceAnalyzer, MarginBroker, feeds
from bt_pdt.bars import SymbolBars

CASH = 1e9
GAPS = "30 % of the bars missing"
CASES: list[tuple[str, type[bt.Strategy], int, int]] = [
    ("1 symbol", Cross, 1, 80),
    ("10 symbols", Cross, 10, 12),
    ("50 symbols", Cross, 50, 4),
    ("200 symbols", Cross, 200, 2),
    (f"1 symbol, {GAPS}", Patient, 1, 80),
    (f"10 symbols, {GAPS}", Patient, 10, 12),
    (f"50 symbols, {GAPS}", Patient, 50, 4),
    (f"200 symbols, {GAPS}", Patient, 200, 2),
    (f"50, {GAPS}, exits sent twice", Cross, 50, 4),
    ("50 symbols, buy and hold", Hold, 50, 4),
    ("10 symbols, an order a bar each", Churn, 10, 3),
]


def frames(bars: Bars) -> list[tuple[str, Any]]:
    """The bars as pandas frames, made before the clock starts."""
    return [(symbol, bars.frame(symbol)) for symbol in bars.symbols]


def ours(bars: Bars) -> list[Any]:
    return feeds(bars)


def pandas_feeds(named: list[tuple[str, Any]]) -> list[Any]:
    return [bt.feeds.PandasData(dataname=f, name=s, timeframe=bt.TimeFrame.Minutes, openinterest=None) for s, f in named]


def seconds(
    kind: type[bt.Cerebro], make: Callable[[], list[Any]], broker: Any, strategy: type[bt.Strategy], stats: bool
) -> tuple[float, float]:
    """Wall seconds of a run, and the value at its end."""
    gc.collect()
    begin = time.perf_counter()
    cerebro = kind(stdstats=stats)
    cerebro.setbroker(broker)
    for feed in make():
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy)
    if isinstance(broker, MarginBroker):
        cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")
    cerebro.run()
    took = time.perf_counter() - begin
    if isinstance(cerebro, Cerebro) and not cerebro.fast_path:
        raise SystemExit(f"not fast: {cerebro.why_slow}")
    return took, broker.getvalue()


def thinned(bars: Bars) -> Bars:
    """Seven bars in ten of each symbol, the same for nobody."""
    found = {}
    for k, symbol in enumerate(bars.symbols):
        arrays = bars.arrays(symbol)
        kept = np.random.default_rng(k).random(len(arrays.close)) > 0.3
        found[symbol] = SymbolBars(*(column[kept] for column in arrays))
    return Bars(found, timeframe="minutes", compression=1)


def compare(name: str, strategy: type[bt.Strategy], bars: Bars, rounds: int) -> None:
    """One line of the table."""
    named = frames(bars)

    def margin() -> Any:
        return MarginBroker(cash=CASH, account={"pattern_day_trader": True})

    def stock() -> Any:
        return bt.brokers.BackBroker(cash=CASH)

    engines: dict[str, Callable[[], tuple[float, float]]] = {
        "array": lambda: seconds(bt.Cerebro, lambda: ours(bars), stock(), strategy, False),
        "pandas": lambda: seconds(bt.Cerebro, lambda: pandas_feeds(named), stock(), strategy, False),
        "fast": lambda: seconds(Cerebro, lambda: ours(bars), margin(), strategy, False),
        "margin on stock Cerebro": lambda: seconds(bt.Cerebro, lambda: ours(bars), margin(), strategy, False),
        "array, stats": lambda: seconds(bt.Cerebro, lambda: ours(bars), stock(), strategy, True),
        "fast, stats": lambda: seconds(Cerebro, lambda: ours(bars), margin(), strategy, True),
    }
    engines["fast"]()  # warms up
    took: dict[str, list[float]] = {engine: [] for engine in engines}
    values: dict[str, float] = {}
    for turn in range(rounds):
        for engine in list(engines)[:: 1 if turn % 2 else -1]:
            spent, value = engines[engine]()
            took[engine].append(spent)
            if values.setdefault(engine, value) != value:
                values["fast"] = math.nan

    def ratio(one: str, other: str) -> str:
        each = sorted(a / b for a, b in zip(took[one], took[other], strict=True))
        return f"{statistics.median(each):5.2f} ({each[0]:.2f} to {each[-1]:.2f})"

    margin_values = {values[engine] for engine in ("fast", "fast, stats", "margin on stock Cerebro")}
    same = "DIFFER" if len(margin_values) > 1 else "all" if set(values.values()) == margin_values else "yes"
    count = sum(len(bars.arrays(symbol).close) for symbol in bars.symbols)
    speed = count / statistics.median(took["fast"])
    print(
        f"{name:46s} {count:8,d} {speed:9,.0f}  {ratio('fast', 'array'):22s} {ratio('fast', 'pandas'):22s} "
        f"{ratio('margin on stock Cerebro', 'array'):22s} {ratio('fast, stats', 'array, stats'):22s} {same}",
        flush=True,
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--only", default="", help="cases whose name contains this")
    said = words.parse_args()
    print(f"{date.today()}, {os.cpu_count()} cores, medians of {said.rounds} interleaved rounds (smallest to largest)\n")
    columns = ("fast / array", "fast / pandas", "margin, stock Cerebro", "fast / array, stats")
    print(f"{'':46s} {'bars':>8s} {'bars/s':>9s}  {' '.join(f'{column:22s}' for column in columns)} same value")
    for name, strategy, symbols, days in CASES:
        if said.only in name:
            bars = random_bars(symbols, days)
            compare(name, strategy, thinned(bars) if GAPS in name else bars, said.rounds)


if __name__ == "__main__":
    main()
