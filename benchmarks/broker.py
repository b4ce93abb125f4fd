"""MarginBroker beside stock BackBroker: the same bars, strategy and engine, only the broker differs.

    python benchmarks/broker.py [--rounds 5] [--only NAME]

Prints, for each case, CPU seconds of ``cerebro.run()`` and the median of the ratios of interleaved runs (margin / stock), with the whole
law on: account, checks, sessions, analyzer. Below 1.00 the margin broker is the faster one. Then orders checked per second.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from datetime import date, datetime, timedelta
from typing import Any

import backtrader as bt
import numpy as np

from bt_pdt.account.account import Account
from bt_pdt.bars import Bars, SymbolBars
from bt_pdt.core.orders import Fill, OrderRequest
from bt_pdt.core.sessions import sessions_between
from bt_pdt.host.analyzer import ComplianceAnalyzer
from bt_pdt.host.broker import MarginBroker
from bt_pdt.host.fast.feeds import feeds

MINUTES = 390
CASH = 1e9


def random_bars(symbols: int, days: int) -> Bars:
    """Aligned one-minute bars of regular sessions from 2024-01-02, a random walk for each symbol."""
    dates = sessions_between(date(2024, 1, 2), date(2025, 12, 31))[:days]
    opens = [datetime(d.year, d.month, d.day, 9, 31) for d in dates]
    times = np.array([begin + timedelta(minutes=m) for begin in opens for m in range(MINUTES)], "datetime64[us]")
    found = {}
    for k in range(symbols):
        rng = np.random.default_rng(k)
        close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.0005, len(times)))), 2)
        open_ = np.concatenate([[100.0], close[:-1]])
        high = np.maximum(open_, close) + np.round(rng.random(len(times)) * 0.1, 2)
        low = np.minimum(open_, close) - np.round(rng.random(len(times)) * 0.1, 2)
        found[f"S{k:03d}"] = SymbolBars(times, open_, high, low, close, np.full(len(times), 1e5))
    return Bars(found, timeframe="minutes", compression=1)


class Cross(bt.Strategy):
    """SMA(10/30) cross, long only, flat before the close: about one order in 26 bars of a symbol."""

    def __init__(self) -> None:
        self.signals = [(d, bt.ind.CrossOver(bt.ind.SMA(d.close, period=10), bt.ind.SMA(d.close, period=30))) for d in self.datas]

    def next(self) -> None:
        minute = (len(self) - 1) % MINUTES
        for data, signal in self.signals:
            held = self.getposition(data).size
            if minute >= 388:
                if minute == 388 and held:
                    self.sell(data=data, size=held)
            elif signal[0] > 0 and not held:
                self.buy(data=data, size=100)
            elif signal[0] < 0 and held:
                self.sell(data=data, size=held)


class Patient(Cross):
    """Cross that sends nothing for a symbol while an order of it waits, as it may for bars where some are missing; flat from 15:51 on."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: set[Any] = set()

    def notify_order(self, order: Any) -> None:
        if not order.alive():
            self.waiting.discard(order.data)

    def next(self) -> None:
        late = (len(self) - 1) % MINUTES >= 380
        for data, signal in self.signals:
            if data in self.waiting:
                continue
            held = self.getposition(data).size
            if held and (late or signal[0] < 0):
                self.waiting.add(data)
                self.sell(data=data, size=held)
            elif signal[0] > 0 and not held and not late:
                self.waiting.add(data)
                self.buy(data=data, size=100)


class Churn(bt.Strategy):
    """A market order in every symbol on every bar: a round trip every two minutes."""

    def next(self) -> None:
        for data in self.datas:
            if self.getposition(data).size:
                self.sell(data=data, size=10)
            else:
                self.buy(data=data, size=10)


class Hold(bt.Strategy):
    """Buys everything once."""

    def next(self) -> None:
        if len(self) == 2:
            for data in self.datas:
                self.buy(data=data, size=10)


class Rest(bt.Strategy):
    """A limit order in every symbol that is never reached."""

    def next(self) -> None:
        if len(self) == 2:
            for data in self.datas:
                self.buy(data=data, size=10, exectype=bt.Order.Limit, price=round(data.close[0] * 0.2, 2))


class Brackets(bt.Strategy):
    """A bracket in every flat symbol every 20 bars."""

    def next(self) -> None:
        if len(self) % 20 == 2:
            for data in self.datas:
                if not self.getposition(data).size:
                    price = data.close[0]
                    market = {"exectype": bt.Order.Market, "limitprice": round(price * 1.004, 2), "stopprice": round(price * 0.996, 2)}
                    self.buy_bracket(data=data, size=10, **market)


CASES: list[tuple[str, type[bt.Strategy], int, int]] = [
    ("1 symbol", Cross, 1, 60),
    ("10 symbols", Cross, 10, 8),
    ("50 symbols", Cross, 50, 2),
    ("200 symbols", Cross, 200, 1),
    ("50 held positions", Hold, 50, 2),
    ("50 resting orders", Rest, 50, 2),
    ("50 x brackets", Brackets, 50, 2),
    ("order-heavy: 10 x 1 order a bar", Churn, 10, 2),
]


def stock() -> Any:
    return bt.brokers.BackBroker(cash=CASH)


def margin() -> Any:
    return MarginBroker(cash=CASH, account={"pattern_day_trader": True})


def run(broker: Any, strategy: type[bt.Strategy], bars: Bars) -> tuple[float, float]:
    """CPU seconds of the run and the value at its end."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(broker)
    for feed in feeds(bars):
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy)
    if isinstance(broker, MarginBroker):
        cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")
    gc.collect()
    begin = time.process_time()
    cerebro.run()
    return time.process_time() - begin, broker.getvalue()


def compare(name: str, strategy: type[bt.Strategy], symbols: int, days: int, rounds: int) -> float:
    """Prints one line; returns the median ratio."""
    bars = random_bars(symbols, days)
    times: dict[str, list[float]] = {"stock": [], "margin": []}
    value = run(stock(), strategy, bars)[1], run(margin(), strategy, bars)[1]  # warms up
    for turn in range(rounds):
        order = ("stock", "margin") if turn % 2 else ("margin", "stock")
        for which in order:
            times[which].append(run(stock() if which == "stock" else margin(), strategy, bars)[0])
    ratio = statistics.median(m / s for m, s in zip(times["margin"], times["stock"], strict=True))
    spread = [m / s for m, s in zip(times["margin"], times["stock"], strict=True)]
    same = "same value" if value[0] == value[1] else f"VALUES DIFFER {value}"
    print(
        f"{name:32s} {symbols * days * MINUTES:8,d} bars  stock {statistics.median(times['stock']):6.2f} s  margin "
        f"{statistics.median(times['margin']):6.2f} s  ratio {ratio:5.2f}  ({min(spread):.2f} to {max(spread):.2f})  {same}",
        flush=True,
    )
    return ratio


def checks_per_second(held: int, working: int, count: int = 5_000) -> float:
    """How many orders an account with ``held`` positions and ``working`` open orders answers in a second."""
    account = Account(1e7, at=datetime(2024, 1, 2, 9, 31), pattern_day_trader=True)
    account.mark({f"S{k}": 100.0 for k in range(max(held, working) + 1)})
    for k in range(held):
        account.submit(OrderRequest(f"S{k}", "buy", 10, id=f"h{k}"))
        account.post(Fill(f"S{k}", "buy", 10, 100.0, f"h{k}"))
    for k in range(working):
        account.submit(OrderRequest(f"S{k}", "buy", 10, type="limit", limit_price=90.0, id=f"w{k}"))
    request = OrderRequest("S0", "buy", 10)
    begin = time.process_time()
    for _ in range(count):
        account.check(request)
    return count / (time.process_time() - begin)


def main() -> None:
    words = argparse.ArgumentParser(description="MarginBroker beside stock BackBroker.")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--only", default="", help="cases whose name contains this")
    said = words.parse_args()
    for name, strategy, symbols, days in CASES:
        if said.only in name:
            compare(name, strategy, symbols, days, said.rounds)
    for held, working in ((0, 0), (10, 10), (200, 50)):
        print(f"Account.check, {held:3d} positions, {working:2d} working orders: {checks_per_second(held, working):10,.0f} a second")


if __name__ == "__main__":
    main()
