"""One run of a strategy in the three ways that are compared everywhere: backtrader as it comes, backtrader with our feeds, bt_pdt whole.

Each way is a preparation, from frames to what it takes, that gives the run; the run gives the strategy and the equity at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import backtrader as bt
import pandas as pd
from crossing import CASH

import bt_pdt
from bt_pdt.bars import SymbolBars

Frames = Mapping[str, pd.DataFrame]
Done = tuple[Any, float]


def _run(cerebro: bt.Cerebro, feeds: Iterable[Any], broker: Any, strategy: type[bt.Strategy], params: Mapping[str, Any]) -> Done:
    cerebro.setbroker(broker)
    for feed in feeds:
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy, **params)
    return cerebro.run()[0], broker.getvalue()


def frames_of(bars: bt_pdt.Bars) -> dict[str, pd.DataFrame]:
    """A frame for each symbol: New York time without a zone, bars stamped at their end."""
    return {symbol: bars.frame(symbol) for symbol in bars.symbols}


def as_bars(frames: Frames) -> bt_pdt.Bars:
    """The frames as arrays."""
    columns = ("open", "high", "low", "close", "volume")
    symbols = {s: SymbolBars(f.index.to_numpy("datetime64[us]"), *(f[c].to_numpy() for c in columns)) for s, f in frames.items()}
    return bt_pdt.Bars(symbols, timeframe="minutes", compression=1)


def pandas_feeds(frames: Frames) -> list[Any]:
    """What most people add to a Cerebro."""
    minutes = bt.TimeFrame.Minutes
    return [bt.feeds.PandasData(dataname=f, name=s, timeframe=minutes, openinterest=None) for s, f in frames.items()]


def stock(frames: Frames, strategy: type[bt.Strategy], params: Mapping[str, Any]) -> Callable[[], Done]:
    """backtrader as it comes."""
    return lambda: _run(bt.Cerebro(stdstats=False), pandas_feeds(frames), bt.brokers.BackBroker(cash=CASH), strategy, params)


def stock_arrays(frames: Frames, strategy: type[bt.Strategy], params: Mapping[str, Any]) -> Callable[[], Done]:
    """backtrader with the feeds of bt_pdt."""
    bars = as_bars(frames)
    return lambda: _run(bt.Cerebro(stdstats=False), bt_pdt.feeds(bars), bt.brokers.BackBroker(cash=CASH), strategy, params)


def whole(frames: Frames, strategy: type[bt.Strategy], params: Mapping[str, Any]) -> Callable[[], Done]:
    """bt_pdt with everything on: its Cerebro, the account, the law, the analyzer."""
    bars = as_bars(frames)

    def run() -> Done:
        cerebro = bt_pdt.Cerebro(stdstats=False)
        cerebro.addanalyzer(bt_pdt.ComplianceAnalyzer, _name="compliance")
        done = _run(cerebro, bt_pdt.feeds(bars), bt_pdt.MarginBroker(cash=CASH), strategy, params)
        if not cerebro.fast_path:
            raise RuntimeError(f"bt_pdt.Cerebro stepped aside: {cerebro.why_slow}")
        return done

    return run


STOCK, ARRAYS, OURS = "backtrader, PandasData", "backtrader, bt_pdt.feeds", "bt_pdt"
WAYS = {STOCK: stock, ARRAYS: stock_arrays, OURS: whole}
