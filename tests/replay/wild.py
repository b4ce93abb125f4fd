"""Strategies that never look at the account, random bars, random accounts; and a replay beside the full run."""

import datetime
import random

import backtrader as bt
import numpy as np
import pandas as pd

from bt_pdt.core import sessions
from bt_pdt.runs import study
from bt_pdt.tuning.objectives import measure
from bt_pdt.whatif import Replay, difference, other_numbers, record_of


class Wild(bt.Strategy):
    """Asks for anything at any time, the same whatever it is answered."""

    params = (("seed", 1), ("rate", 0.02), ("sized", 0.5), ("rest", 0.3), ("scale", 1))

    def __init__(self):
        self.rng = random.Random(self.p.seed)
        self.sent = []

    def next(self):
        for data in self.datas:
            if len(data) and self.rng.random() < self.p.rate:
                self.ask(data, self.rng)

    def ask(self, data, rng):
        kind = rng.choice(("buy", "buy", "sell", "close", "close", "cancel"))
        if kind == "cancel":
            if self.sent:
                self.cancel(rng.choice(self.sent[-5:]))
            return
        last, how = data.close[0], {}
        if kind != "close" and rng.random() < self.p.rest:
            exectype = rng.choice((bt.Order.Limit, bt.Order.Stop, bt.Order.StopLimit))
            how = {"exectype": exectype, "price": round(last + round(rng.uniform(-0.004, 0.004) * last, 2), 2)}
            if exectype == bt.Order.StopLimit:
                how["plimit"] = round(how["price"] + round(rng.uniform(-0.3, 0.3), 2), 2)
            if rng.random() < 0.4:
                how["valid"] = data.datetime.datetime(0) + datetime.timedelta(minutes=rng.choice((5, 60, 500)))
        size = None if rng.random() < self.p.sized or kind == "close" else rng.choice((1, 10, 50, 100, 300)) * self.p.scale
        order = getattr(self, kind)(data=data, size=size, **how)
        if size is not None:  # whether the others make an order hangs on the account
            self.sent.append(order)


def days_from(start, count):
    day, found = datetime.date.fromisoformat(start), []
    while len(found) < count:
        if sessions.is_session(day):
            found.append(day)
        day += datetime.timedelta(days=1)
    return found


def bars(seed, symbols=3, days=8, start="2019-02-04", missing=0.0, price=(3, 300), last_hour=None):
    """Random minute bars of whole regular sessions; ``last_hour`` goes on after the close, as extended hours do."""
    rng, frames = np.random.default_rng(seed), []
    for k in range(symbols):
        last = rng.uniform(*price)
        for day in days_from(start, days):
            opening = datetime.datetime.combine(day, datetime.time(9, 30))
            count = int((sessions.close_of(day) - opening).seconds / 60) if last_hour is None else (last_hour - 9) * 60 - 30
            at = pd.date_range(opening + datetime.timedelta(minutes=1), periods=count, freq="min")
            close = np.round(last * np.exp(np.cumsum(rng.normal(0, 0.0012, count))), 2)
            begin = np.round(np.r_[last, close[:-1]] * (1 + rng.normal(0, 0.0003, count)), 2)
            high = np.round(np.maximum(begin, close) * (1 + abs(rng.normal(0, 0.0004, count))), 2)
            low = np.maximum(np.round(np.minimum(begin, close) * (1 - abs(rng.normal(0, 0.0004, count))), 2), 0.01)
            frame = pd.DataFrame(
                {
                    "datetime": at,
                    "symbol": f"S{k}",
                    "open": begin,
                    "high": np.maximum.reduce([high, begin, close]),
                    "low": np.minimum.reduce([low, begin, close]),
                    "close": close,
                    "volume": 1000,
                }
            )
            frames.append(frame[rng.random(count) > missing] if missing else frame)
            last = close[-1] * (1 + rng.normal(0, 0.01))
    return study.load_bars(pd.concat(frames))


FIRMS = ("alpaca", "alpaca", "alpaca", "finra", "schwab", "ibkr", "robinhood", "tastytrade", "tradier")
SIZERS = (
    None,
    "FixedSize(stake=100)",
    "PercentOfEquity(percent=30)",
    "PercentOfEquity(percent=100)",
    "PercentOfBuyingPower(percent=60)",
    "PercentOfBuyingPower(percent=30, power='regt')",
    "PercentOfBuyingPower(percent=80, power='day_trading')",
    "Trimmed(PercentOfEquity(percent=150))",
    "PercentOfEquity(percent=40, fractional=True)",
)


def accounts(rng, count):
    """Random arguments of ``bt_pdt.run``."""
    found = []
    for _ in range(count):
        one = {"cash": rng.choice((1500.0, 5000.0, 24_000.0, 26_000.0, 60_000.0, 300_000.0)), "brokerage": rng.choice(FIRMS)}
        mode, sizer = rng.choice((None, "entry", "exit", "both")), rng.choice(SIZERS)
        one |= {"block_on": mode} if mode else {}
        one |= {"sizer": sizer} if sizer else {}
        one |= {"account": {"pattern_day_trader": True}} if rng.random() < 0.3 else {}
        one |= rng.choice(({}, {}, {}, {"rules": "off"}, {"rules": "2019-03-01"}))
        found.append(one)
    return found


def story(seed):
    """(bars, parameters of Wild, accounts) of a seed."""
    rng = random.Random(seed)
    start = rng.choice(("2019-02-04", "2026-05-29", "2026-06-08", "2019-11-22"))
    made = bars(
        seed,
        symbols=rng.choice((1, 2, 4)),
        days=rng.choice((2, 5, 9)),
        start=start,
        missing=rng.choice((0, 0.3)),
        price=rng.choice(((3, 12), (20, 90), (50, 400))),
    )
    params = {
        "seed": seed,
        "rate": rng.choice((0.004, 0.02, 0.1)),
        "sized": rng.choice((0, 0.5, 1)),
        "rest": rng.choice((0, 0.4)),
        "scale": rng.choice((1, 3)),
    }
    return made, params, accounts(rng, 6)


def recording(strategy, made, **arguments):
    record, result = record_of(study.run, strategy, made, {"cash": 100_000.0, **arguments})
    return Replay(strategy, made, made.symbols, record, len(result.times), arguments.get("assets", ()))


def beside(replay, made, arguments, **common):
    """(what differs, the replayed variant, the full run); nothing differs where it is left to a full run."""
    one = replay.run([{**common, **arguments}], whole=True)[0]
    if one.left:
        return "", one, None
    full = study.run(replay.strategy, made, **common, **arguments)
    differs = difference(full, one, replay)
    if not differs:
        differs = ", ".join(other_numbers(measure(full), one.metrics))
    if not differs and [dict(row) for row in full.rows] != list(one.rows):
        differs = "sessions"
    return differs, one, full
