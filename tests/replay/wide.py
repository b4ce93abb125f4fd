"""Random stories wider than ``wild``: any length of bar, hours outside the session, feeds that begin late or end early, any override of the law."""

import datetime
import random

import backtrader as bt
import numpy as np
import pandas as pd
from wild import FIRMS, SIZERS, Wild, days_from

from bt_pdt.core import sessions
from bt_pdt.core.errors import BadInput
from bt_pdt.core.orders import Asset
from bt_pdt.law.brokerages import rulebook_for
from bt_pdt.runs import study


class Wide(Wild):
    """Orders at any time of the session, of any kind and size, valid until any moment; perhaps flat over the night."""

    params = (("fractions", 0.0), ("flat", False), ("regular", True))

    def prenext(self):
        self.next()

    def next(self):
        at = max(data.datetime.datetime(0) for data in self.datas if len(data))
        close = sessions.close_of(at.date())
        if at > close or (self.p.regular and at.time() <= sessions.REGULAR_OPEN):
            return
        if self.p.flat and close - at <= datetime.timedelta(minutes=60):
            for order in self.sent[-20:]:
                self.cancel(order)
            self.sent = []
            for data in self.datas:
                self.close(data=data)
            return
        super().next()

    def ask(self, data, rng):
        if rng.random() < 0.6:
            super().ask(data, rng)
            return
        kind, last = rng.choice(("buy", "sell", "close")), data.close[0]
        if kind == "close":
            self.close(data=data, size=rng.choice((5, 50, 400)))
            return
        ticks = 2 if last >= 1.0 else 4
        price = max(10.0**-ticks, round(last * (1 + rng.uniform(-0.01, 0.01)), ticks)) + (0.003 if rng.random() < 0.05 else 0.0)
        how = {"exectype": rng.choice((bt.Order.Limit, bt.Order.Stop, bt.Order.StopLimit)), "price": price, "valid": self.until(data, rng)}
        if how["exectype"] == bt.Order.StopLimit:
            how["plimit"] = max(10.0**-ticks, round(price * (1 + rng.uniform(-0.006, 0.006)), ticks))
        size = rng.choice((0.1, 1.5, 33.333333333)) if rng.random() < self.p.fractions else rng.choice((10, 100, 700))
        self.sent.append(getattr(self, kind)(data=data, size=size * self.p.scale, **how))

    def until(self, data, rng):
        now = data.datetime.datetime(0)
        clock = rng.choice((datetime.time(9), datetime.time(13), datetime.time(15, 59), datetime.time(16), datetime.time(16, 3)))
        return rng.choice(
            (
                None,
                now,
                now + datetime.timedelta(minutes=rng.choice((1, 60, 1500, 4000))),
                datetime.datetime.combine(now.date() + datetime.timedelta(days=rng.choice((0, 0, 1, 3))), clock),
                rng.choice((1, 5, 60)) / 1440,
                datetime.timedelta(),
                now.date(),
            )
        )


def bars(rng, *, symbols, days, start, missing, prices, extended, every, move, ragged):
    """Random bars of ``every`` minutes near ``prices``; ``ragged`` feeds have their first or last days missing."""
    noise, frames = np.random.default_rng(rng.randrange(1 << 30)), []
    for k in range(symbols):
        last = rng.choice(prices)
        for i, day in enumerate(days_from(start, days)):
            if k and ((ragged == "begins late" and i < k) or (ragged == "ends early" and i >= days - k)):
                continue
            begin, end = datetime.datetime.combine(day, sessions.REGULAR_OPEN), sessions.close_of(day)
            if extended:
                begin -= datetime.timedelta(minutes=rng.choice((0, 60, 330)))
                end += datetime.timedelta(minutes=rng.choice((0, 30, 240)))
            at = pd.date_range(begin + datetime.timedelta(minutes=every), end, freq=f"{every}min")
            ticks, count = 4 if last < 1.2 else 2, len(at)

            def on_tick(price, ticks=ticks):
                return np.maximum(np.round(price, ticks), 10.0**-ticks)

            close = on_tick(last * np.exp(np.cumsum(noise.normal(0, move * every**0.5, count))))
            open_ = on_tick(np.r_[last, close[:-1]] * (1 + noise.normal(0, move / 4, count)))
            high = on_tick(np.maximum(open_, close) * (1 + abs(noise.normal(0, move / 3, count))))
            low = on_tick(np.minimum(open_, close) * (1 - abs(noise.normal(0, move / 3, count))))
            high, low = np.maximum.reduce([high, open_, close]), np.minimum.reduce([low, open_, close])
            columns = {"datetime": at, "symbol": f"S{k}", "open": open_, "high": high, "low": low, "close": close, "volume": 1000}
            frames.append(pd.DataFrame(columns)[noise.random(count) >= missing])
            last = close[-1] * (1 + noise.normal(0, move * 10))
    return study.load_bars(pd.concat(frames))


MORE_SIZERS = (
    *SIZERS,
    "PercentOfEquity(percent=190)",
    "PercentOfEquity(percent=390)",
    "PercentOfBuyingPower(percent=99, fractional=True)",
    "Trimmed(PercentOfEquity(percent=390))",
    "Trimmed(FixedSize(stake=500))",
    "Trimmed(PercentOfBuyingPower(percent=150), fractional=True)",
)
_FLOATS = {
    "concentration_share": (0.6, 0.9),
    "concentration_debit": (5_000.0, 50_000.0),
    "concentration_rate": (0.5, 0.8),
    "position_equity_ratio": (1.0, 2.0),
    "margin_interest_rate": (0.02, 0.3),
    "borrow_fee_rate": (0.02, 0.3),
    "collar_below": (0.0, 0.05),
    "collar_from": (0.0, 0.05),
    "collar_threshold": (0.0, 5.0),
    "short_valuation": (1.0, 1.2),
}


def values_of(parameter):
    """Values that a parameter may be set to."""
    if parameter.choices:
        return parameter.choices
    known = [since.value for since in parameter.history if since.value is not None]
    if parameter.kind is bool:
        return (True, False)
    if parameter.kind is int:
        return tuple({1, 2, 3, 5, *(value for near in known[:1] for value in (near + 1, max(1, near - 1)))})
    if parameter.kind is float:
        return _FLOATS[parameter.name] if parameter.name in _FLOATS else (known[0] * 0.8, known[0] * 1.5)
    return ("2026-06-04", "2026-06-10", "2026-07-01")


VALUES = {
    name: values_of(parameter)
    for name, parameter in rulebook_for("alpaca").parameters.items()
    if parameter.kind is not None and not parameter.inert
}


def accounts(rng, count):
    """Random arguments of ``bt_pdt.run``, on both sides of every dollar that counts."""
    found = []
    for _ in range(count):
        one = {"cash": rng.choice((900.0, 1999.99, 5000.0, 24_999.99, 25_000.0, 60_000.0, 300_000.0)), "brokerage": rng.choice(FIRMS)}
        modes = [rng.choice(("entry", "exit", "both")) for _ in range(2)]
        one |= rng.choice(({}, {"block_on": modes[0]}, {"pdt_check": modes[0], "dtbp_check": modes[1]}))
        one |= {"sizer": rng.choice(MORE_SIZERS)}
        account = {"pattern_day_trader": True} if rng.random() < 0.5 else {}
        if rng.random() < 0.4:
            account["last_equity"] = rng.choice((1999.99, 24_999.994, 24_999.996, 25_000.0, 100_000.0))
            account["last_maintenance_margin"] = rng.choice((0.0, 1000.0, 40_000.0))
        one |= {"account": account, "worst_price": rng.random() < 0.1, "charge_costs": rng.random() < 0.9}
        one |= rng.choice(({}, {}, *({"rules": rules} for rules in ("off", "2019-03-01", "2020-01-02", "2024-03-01", "2026-07-01"))))
        if rng.random() < 0.1:
            one["on_call"] = rng.choice(("deposit", "liquidate"))
        if rng.random() < 0.4:
            chosen = rng.sample(sorted(VALUES), rng.choice((1, 2, 4)))
            one["set"] = {name: rng.choice(VALUES[name]) for name in chosen}
            if "concentration_share" in one["set"]:
                one["set"] |= {"concentration_debit": 20_000.0, "concentration_rate": 0.6}
        found.append(one)
    return found


def story(seed, count=6):
    """(bars, what all runs have in common, accounts) of a seed; None for bars that cannot be told one length."""
    rng = random.Random(seed)
    every, flat = rng.choice((1, 5, 15, 30)), rng.random() < 0.4
    try:
        made = bars(
            rng,
            symbols=rng.choice((1, 2, 4)),
            days=3 if every == 1 else rng.choice((4, 9, 16)),
            start=rng.choice(("2019-02-04", "2019-11-22", "2021-07-01", "2024-11-25", "2026-05-20", "2026-06-08", "2026-09-10")),
            missing=rng.choice((0, 0, 0.3, 0.7)),
            prices=rng.choice(((2.5, 2.6, 5.02), (16.67, 6.01, 5.0), (0.9, 1.02, 0.3), (40, 49.9, 60), (120, 300, 90))),
            extended=rng.random() < 0.25,
            every=every,
            move=rng.choice((0.0006, 0.0012, 0.004)),
            ragged=rng.choice(("", "", "begins late", "ends early")),
        )
    except BadInput:
        return None
    params = {"seed": seed, "rate": rng.choice((0.01, 0.05, 0.2)), "sized": rng.choice((0, 0.5, 1)), "rest": rng.choice((0, 0.4))}
    params |= {"scale": rng.choice((1, 3, 20)), "flat": flat, "fractions": rng.choice((0, 0, 0.3)), "regular": rng.random() < 0.8}
    common = {"params": params}
    if rng.random() < 0.25:
        common["assets"] = [
            Asset(symbol, rng.choice((None, 2, 3, -3)), True, rng.random() > 0.2, rng.random() > 0.3, rng.choice((None, None, 0.4, 1.0)))
            for symbol in made.symbols
        ]
    return made, common, accounts(rng, count)
