"""Signals followed without a look at the account: what it asks for is the same whatever it is answered."""

import datetime

import backtrader as bt


class SignalFollower(bt.Strategy):
    """Buys where the fast average crosses above the slow one, closes where it crosses below, and always closes before the bell.

    How many shares is the sizer's to say, so any sizer and any account can be put under the same signals (backtrader's own buys one).
    It never asks whether an order was filled or refused, and never sends one again.
    Reads bar times as New York time at the END of the bar; works on any number of minute feeds.
    """

    params = (
        ("fast", 20),  # bars
        ("slow", 60),  # bars
        ("last_entry", datetime.time(15, 30)),
        ("flat_by", datetime.time(15, 55)),
    )

    def __init__(self):
        self.cross = {}
        for data in self.datas:
            fast = bt.indicators.SMA(data.close, period=self.p.fast)
            slow = bt.indicators.SMA(data.close, period=self.p.slow)
            self.cross[data] = bt.indicators.CrossOver(fast, slow)
        self.closed_on = dict.fromkeys(self.datas)
        self.seen = dict.fromkeys(self.datas, 0)

    def next(self):
        at = self.datetime.datetime(0)  # the end of the newest bar
        for data in self.datas:
            if len(data) == self.seen[data]:
                continue  # no new bar of this one
            self.seen[data] = len(data)
            if at.time() >= self.p.flat_by:
                if self.closed_on[data] != at.date():
                    self.closed_on[data] = at.date()
                    self.close(data=data)
            elif self.cross[data][0] < 0:
                self.close(data=data)
            elif self.cross[data][0] > 0 and at.time() <= self.p.last_entry:
                self.buy(data=data)
