"""Bars typed by hand, and strategies that trade by a list."""

from __future__ import annotations

from datetime import datetime, timedelta

import backtrader as bt
import numpy as np
import pandas as pd

from bt_pdt.bars.model import Bars, SymbolBars


def minutes(**symbols: dict[str, list[tuple[float, float]]]) -> Bars:
    """Minute bars from 09:31 (their end) on: ``X={"2025-03-03": [(open, close), ...]}``; high and low are the larger and the smaller."""
    made = {}
    for symbol, days in symbols.items():
        stamps, prices = [], []
        for day, bars in days.items():
            begin = datetime.fromisoformat(f"{day}T09:31")
            stamps += [begin + timedelta(minutes=k) for k in range(len(bars))]
            prices += bars
        opens, closes = (np.array(side, dtype=np.float64) for side in zip(*prices, strict=True))
        times = np.array(stamps, dtype="datetime64[us]")
        made[symbol] = SymbolBars(times, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, np.full(len(times), 1e6))
    return Bars(made, timeframe="minutes", compression=1)


def days(symbol: str, first: str, prices: list[float]) -> Bars:
    """Daily bars on business days from ``first`` on; a day's four prices are one."""
    times = pd.bdate_range(first, periods=len(prices)) + pd.Timedelta(hours=16)
    price = np.array(prices, dtype=np.float64)
    return Bars({symbol: SymbolBars(times.to_numpy(), *([price] * 4), np.full(len(price), 1e6))}, timeframe="days", compression=1)


class Plan(bt.Strategy):
    """Sends the orders of ``plan``: ``{"03-03 09:31": {"X": 10}}`` buys 10 X after that bar; ``"close"`` closes what is held.

    ``insist`` sends a refused close again after every bar. A callable takes equity and gives the size.
    """

    params = (("plan", {}), ("insist", False))

    def __init__(self):
        self.wants_out = set()

    def next(self):
        for data in self.datas:
            if not len(data) or data.datetime[0] != max(d.datetime[0] for d in self.datas if len(d)):
                continue
            wanted = self.p.plan.get(f"{data.datetime.datetime(0):%m-%d %H:%M}", {}).get(data._name)
            if wanted == "close":
                self.wants_out.add(data)
            elif wanted is not None:
                size = wanted(self.broker.getvalue()) if callable(wanted) else wanted
                (self.buy if size > 0 else self.sell)(data=data, size=abs(size))
            if data in self.wants_out and self.getposition(data).size:
                self.close(data=data)
                if not self.p.insist:
                    self.wants_out.discard(data)
