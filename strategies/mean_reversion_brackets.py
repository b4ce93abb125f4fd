"""Intraday mean reversion with bracket orders."""

import datetime

import backtrader as bt


def tick(price):
    """A price an exchange accepts: whole cents, four decimals below $1."""
    return round(price, 2 if price >= 1 else 4)


class MeanReversionBrackets(bt.Strategy):
    """Buy when the price falls two deviations below its hourly mean; take profit and stop loss go in with the entry.

    The entry is a limit at the last close, good for ten bars. What is open at 15:50 is closed, what is pending is cancelled.
    Reads bar times as New York time at the END of the bar; works on any number of minute feeds.
    """

    params = (
        ("period", 60),  # bars
        ("deviations", 2.0),
        ("profit", 0.004),
        ("loss", 0.004),
        ("wait_bars", 10),
        ("cash_per_trade", 8_000.0),  # dollars
        ("first_entry", datetime.time(10, 30)),
        ("last_entry", datetime.time(15, 30)),
        ("flat_by", datetime.time(15, 50)),
    )

    def __init__(self):
        self.bands = {
            data: bt.indicators.BollingerBands(data.close, period=self.p.period, devfactor=self.p.deviations) for data in self.datas
        }
        self.bracket = {data: [] for data in self.datas}
        self.sent = dict.fromkeys(self.datas, 0)
        self.closing = dict.fromkeys(self.datas)

    def notify_order(self, order):
        if not order.alive():
            data = order.data
            self.bracket[data] = [other for other in self.bracket[data] if other.ref != order.ref]
            if self.closing[data] is not None and order.ref == self.closing[data].ref:
                self.closing[data] = None

    def next(self):
        for data in self.datas:
            if len(data):
                self.trade(data, data.datetime.time(0))

    def trade(self, data, now):
        position, orders = self.getposition(data).size, self.bracket[data]
        if now >= self.p.flat_by:
            for order in list(orders):
                self.cancel(order)
            if position and self.closing[data] is None:
                self.closing[data] = self.close(data=data)
        elif orders:
            if not position and len(data) - self.sent[data] >= self.p.wait_bars:
                self.cancel(orders[0])
        elif not position and self.p.first_entry <= now <= self.p.last_entry and data.close[0] < self.bands[data].bot[0]:
            price = tick(data.close[0])
            size = int(self.p.cash_per_trade / price)
            if size:
                self.sent[data] = len(data)
                self.bracket[data] = self.buy_bracket(
                    data=data,
                    size=size,
                    price=price,
                    limitprice=tick(price * (1 + self.p.profit)),
                    stopprice=tick(price * (1 - self.p.loss)),
                )
