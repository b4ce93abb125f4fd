"""Moving average cross within the day."""

import datetime

import backtrader as bt


class SmaCrossIntraday(bt.Strategy):
    """Long while the fast average is above the slow one, flat otherwise, and always flat by the bell.

    Market orders, filled at the next bar's open. Many round trips a day: each one is a day trade.
    Reads bar times as New York time at the END of the bar; works on any number of minute feeds.
    """

    params = (
        ("fast", 10),  # bars
        ("slow", 30),  # bars
        ("cash_per_trade", 10_000.0),  # dollars
        ("last_entry", datetime.time(15, 30)),
        ("flat_by", datetime.time(15, 55)),
    )

    def __init__(self):
        self.cross = {}
        for data in self.datas:
            fast = bt.indicators.SMA(data.close, period=self.p.fast)
            slow = bt.indicators.SMA(data.close, period=self.p.slow)
            self.cross[data] = bt.indicators.CrossOver(fast, slow)
        self.pending = dict.fromkeys(self.datas)

    def notify_order(self, order):
        pending = self.pending[order.data]
        if pending is not None and pending.ref == order.ref and not order.alive():
            self.pending[order.data] = None

    def next(self):
        for data in self.datas:
            if len(data) and self.pending[data] is None:
                self.trade(data, data.datetime.time(0))

    def trade(self, data, now):
        position = self.getposition(data).size
        if position and (now >= self.p.flat_by or self.cross[data][0] < 0):
            self.pending[data] = self.close(data=data)
        elif not position and self.cross[data][0] > 0 and now <= self.p.last_entry:
            size = int(self.p.cash_per_trade / data.close[0])
            if size:
                self.pending[data] = self.buy(data=data, size=size)
