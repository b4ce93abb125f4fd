"""Pairs: long the laggard, short the leader."""

import datetime
import math

import backtrader as bt


class PairsLongShort(bt.Strategy):
    """When two symbols drift apart, buy the one left behind and sell the other short, the same dollars on each leg.

    Feeds are taken two by two: the first with the second, the third with the fourth. The spread is the logarithm of the price
    ratio, measured in deviations from its mean of ``period`` bars. Out when the spread is back at its mean or at 15:50.
    Reads bar times as New York time at the END of the bar.
    """

    params = (
        ("period", 120),  # bars
        ("enter", 2.0),  # deviations
        ("leave", 0.3),  # deviations
        ("cash_per_leg", 8_000.0),  # dollars
        ("last_entry", datetime.time(15, 0)),
        ("flat_by", datetime.time(15, 50)),
    )

    def __init__(self):
        self.pairs = list(zip(self.datas[::2], self.datas[1::2], strict=False))
        if not self.pairs:
            raise ValueError("PairsLongShort needs at least two feeds")
        self.spreads = {pair: [] for pair in self.pairs}
        self.pending = {}

    def notify_order(self, order):
        if not order.alive():
            self.pending.pop(order.ref, None)

    def send(self, order):
        if order is not None:
            self.pending[order.ref] = order.data

    def next(self):
        for pair in self.pairs:
            a, b = pair
            if not (len(a) and len(b)) or a.datetime[0] != b.datetime[0]:
                continue
            spreads = self.spreads[pair]
            spreads.append(math.log(a.close[0] / b.close[0]))
            del spreads[: -self.p.period]
            if not any(data in (a, b) for data in self.pending.values()):
                self.trade(a, b, spreads, a.datetime.time(0))

    def trade(self, a, b, spreads, now):
        held = self.getposition(a).size or self.getposition(b).size
        mean = sum(spreads) / len(spreads)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in spreads) / len(spreads))
        score = (spreads[-1] - mean) / deviation if deviation else 0.0
        if held:
            if now >= self.p.flat_by or abs(score) < self.p.leave:
                self.send(self.close(data=a))
                self.send(self.close(data=b))
        elif len(spreads) == self.p.period and abs(score) > self.p.enter and now <= self.p.last_entry:
            rich, cheap = (a, b) if score > 0 else (b, a)
            self.send(self.buy(data=cheap, size=int(self.p.cash_per_leg / cheap.close[0])))
            self.send(self.sell(data=rich, size=int(self.p.cash_per_leg / rich.close[0])))
