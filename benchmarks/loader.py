"""Rows per second from a file to a running backtest: bt_pdt's loader and ArrayFeed against backtrader's PandasData.

    python benchmarks/loader.py [--rows 200000] [--rounds 5]

Both sides read the same parquet or CSV file of synthetic minute bars and run a strategy that does nothing. Rounds are interleaved, the
figure is the median; ratios are what counts, seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import backtrader as bt
import pandas as pd

from bt_pdt.bars import load, synthetic
from bt_pdt.host.fast.feeds import feeds


def stock_frame(path: Path) -> pd.DataFrame:
    """What a user writes by hand to get New York time, END-stamped."""
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, parse_dates=["timestamp"])
    frame.index = frame.timestamp.dt.tz_convert("America/New_York").dt.tz_localize(None) + pd.Timedelta(minutes=1)
    return frame[["open", "high", "low", "close", "volume"]]


def stock_feed(path: Path) -> bt.feed.DataBase:
    """The same file as backtrader's own feed."""
    return bt.feeds.PandasData(dataname=stock_frame(path), timeframe=bt.TimeFrame.Minutes, openinterest=None)


def our_feed(path: Path) -> bt.feed.DataBase:
    """The same file as an array-backed feed."""
    return feeds(load(path))[0]


def preloaded(feed: bt.feed.DataBase) -> bt.feed.DataBase:
    """Fill the feed's line buffers as cerebro does before it runs."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(feed)
    feed.reset()
    feed._start()
    feed.preload()
    return feed


def run(feed: bt.feed.DataBase) -> None:
    """A whole backtest that does nothing."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(feed)
    cerebro.addstrategy(bt.Strategy)
    cerebro.run()


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    days = datetime.timedelta(days=int(options.rows / 390 / 252 * 365) + 10)
    frame = synthetic.generate(first=datetime.date(2018, 1, 2), last=datetime.date(2018, 1, 2) + days, symbols=("IDXE",)).head(options.rows)
    rows = len(frame)
    with tempfile.TemporaryDirectory() as folder:
        parquet, csv = Path(folder) / "IDXE.parquet", Path(folder) / "IDXE.csv"
        frame.to_parquet(parquet, index=False)
        frame.to_csv(csv, index=False)
        jobs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "read parquet (ours also checks every row)": (lambda: load(parquet), lambda: stock_frame(parquet)),
            "read CSV (ours also checks every row)": (lambda: load(csv), lambda: stock_frame(csv)),
            "parquet to filled line buffers": (lambda: preloaded(our_feed(parquet)), lambda: preloaded(stock_feed(parquet))),
            "CSV to filled line buffers": (lambda: preloaded(our_feed(csv)), lambda: preloaded(stock_feed(csv))),
            "parquet to the end of an empty backtest": (lambda: run(our_feed(parquet)), lambda: run(stock_feed(parquet))),
        }
        for ours, stock in jobs.values():  # warm up imports and the file cache
            ours(), stock()
        print(f"{rows:,} minute bars, median of {options.rounds} interleaved rounds\n")
        print(f"{'':<44}{'bt_pdt rows/s':>15}{'PandasData rows/s':>19}{'times faster':>14}")
        for name, (ours, stock) in jobs.items():
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(options.rounds):
                taken[0].append(seconds(ours))
                taken[1].append(seconds(stock))
            a, b = (statistics.median(one) for one in taken)
            print(f"{name:<44}{rows / a:>15,.0f}{rows / b:>19,.0f}{b / a:>14.2f}")


if __name__ == "__main__":
    main()
