"""Hold the night, not the day."""

import datetime

import backtrader as bt


class OvernightGapHold(bt.Strategy):
    """Buy into the close, sell at the next open: the position lives over night, so Reg T's 50% counts and no day trade is made.

    Each symbol gets an equal part of ``invested`` times the account's equity; 1.9 leaves little room below Reg T's twice.
    Buys at ``buy_at`` (New York time, END of the bar) and sells on the first bar of the next day.
    """

    params = (
        ("invested", 1.9),  # of equity, over all symbols
        ("buy_at", datetime.time(15, 55)),
    )

    def __init__(self):
        self.bought_on = {}
        self.pending = dict.fromkeys(self.datas)

    def notify_order(self, order):
        pending = self.pending[order.data]
        if pending is not None and pending.ref == order.ref and not order.alive():
            self.pending[order.data] = None

    def next(self):
        for data in self.datas:
            if len(data) and self.pending[data] is None:
                self.trade(data, data.datetime.date(0), data.datetime.time(0))

    def trade(self, data, day, now):
        position = self.getposition(data).size
        if position:
            if day != self.bought_on.get(data):
                self.pending[data] = self.close(data=data)
        elif now >= self.p.buy_at and day != self.bought_on.get(data):
            size = int(self.p.invested * self.broker.getvalue() / len(self.datas) / data.close[0])
            if size > 0:
                self.bought_on[data] = day
                self.pending[data] = self.buy(data=data, size=size)
