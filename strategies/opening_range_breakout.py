"""Opening range breakout: the classic day trade."""

import datetime

import backtrader as bt


class OpeningRangeBreakout(bt.Strategy):
    """Buy a break above the first half hour's high, sell short a break below its low, be flat before the bell.

    One position per symbol and day. The stop sits at the other end of the range; what is open at 15:55 is closed.
    Reads bar times as New York time at the END of the bar; works on any number of minute feeds.
    """

    params = (
        ("range_minutes", 30),
        ("cash_per_trade", 10_000.0),  # dollars
        ("last_entry", datetime.time(15, 0)),
        ("flat_by", datetime.time(15, 55)),
        ("short", True),
    )

    def __init__(self):
        open_of_day = datetime.datetime(2000, 1, 1, 9, 30)
        self.range_end = (open_of_day + datetime.timedelta(minutes=self.p.range_minutes)).time()
        self.day = dict.fromkeys(self.datas)
        self.high, self.low, self.done = {}, {}, {}
        self.entry, self.stop_order, self.exit = {}, {}, {}

    def notify_order(self, order):
        data = order.data
        if order.alive():
            return
        if self.entry.get(data) is not None and order.ref == self.entry[data].ref:
            self.entry[data] = None
            if order.status == order.Completed:
                protect = self.sell if order.isbuy() else self.buy
                level = self.low[data] if order.isbuy() else self.high[data]
                size = abs(order.executed.size)
                self.stop_order[data] = protect(data=data, size=size, exectype=bt.Order.Stop, price=round(level, 2 if level >= 1 else 4))
        elif self.exit.get(data) is not None and order.ref == self.exit[data].ref:
            self.exit[data] = None
        elif self.stop_order.get(data) is not None and order.ref == self.stop_order[data].ref:
            self.stop_order[data] = None

    def next(self):
        for data in self.datas:
            if len(data):
                self.trade(data, data.datetime.date(0), data.datetime.time(0))

    def trade(self, data, day, now):
        if day != self.day[data]:
            self.day[data], self.done[data] = day, False
            self.high[data], self.low[data] = data.high[0], data.low[0]
        position = self.getposition(data).size
        if now <= self.range_end:
            self.high[data] = max(self.high[data], data.high[0])
            self.low[data] = min(self.low[data], data.low[0])
        elif now >= self.p.flat_by:
            if position and not self.exit.get(data):
                if self.stop_order.get(data):
                    self.cancel(self.stop_order[data])
                self.exit[data] = self.close(data=data)
        elif not position and not self.done[data] and now <= self.p.last_entry and not self.entry.get(data):
            size = int(self.p.cash_per_trade / data.close[0])
            if data.close[0] > self.high[data] and size:
                self.entry[data], self.done[data] = self.buy(data=data, size=size), True
            elif self.p.short and data.close[0] < self.low[data] and size:
                self.entry[data], self.done[data] = self.sell(data=data, size=size), True
