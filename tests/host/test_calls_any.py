"""Whatever a strategy does on whatever prices: what always holds of the brokerage's own sales. Host and account agree after every bar."""

from __future__ import annotations

import math
import random
from datetime import date, datetime, time
from typing import Any

import backtrader as bt
import pytest
from made import Agreeing, Row, feed, run
from owing import Told, fills, statuses, story, told

from bt_pdt.core import sessions

TIMES = tuple(time(h, m) for h, m in ((8, 0), (9, 30), (9, 31), (9, 32), (11, 0), (15, 59), (16, 0), (16, 1), (18, 0)))
BAR_OF_A_DAY = time(23, 59, 59, 999990)


def wild(rng: random.Random, times: tuple[time, ...], missing: float) -> list[Row]:
    """Fifteen sessions of prices that move by a few per cent a bar, some bars missing."""
    price, swing, rows = 100.0, rng.choice((0.01, 0.03)), []
    for day in sessions.sessions_between(date(2024, 1, 2), date(2024, 1, 23)):
        for at in times:
            first = round(price * math.exp(rng.gauss(0, swing)), 2)
            price = round(first * math.exp(rng.gauss(0, swing)), 2)
            low, high = round(min(first, price) * 0.98, 2), round(max(first, price) * 1.02, 2)
            if rng.random() >= missing:
                rows.append((datetime.combine(day, at), first, high, low, price, float(rng.randint(100, 5_000))))
    return rows


class Gambler(Told):
    """Sends orders of all kinds, up to four times its equity."""

    params = (("seed", 0),)

    def start(self) -> None:
        self.rng = random.Random(self.p.seed)

    def next(self) -> None:
        super().next()
        rng, data = self.rng, self.rng.choice(self.datas)
        if len(data) == 0 or rng.random() < 0.7:
            return
        price, held = data.close[0], self.getposition(data).size
        size = max(1, int(max(0.0, self.broker.getvalue()) * rng.choice((1.0, 1.9, 1.9, 3.8)) / price)) + rng.choice((0, 0, 0, 0.5))
        what, way_out = rng.randrange(9), self.sell if held > 0 else self.buy
        if what < 4:
            rng.choice((self.buy, self.buy, self.sell))(data=data, size=size, tradeid=rng.randint(0, 2))
        elif what == 4:
            self.buy_bracket(
                data=data, size=size, exectype=bt.Order.Market, limitprice=round(price * 1.3, 2), stopprice=round(price * 0.8, 2)
            )
        elif what == 5:
            self.close(data=data)
        elif what == 6 and held:
            stop = way_out(data=data, size=abs(held), exectype=bt.Order.Stop, price=round(price * (0.9 if held > 0 else 1.1), 2))
            way_out(data=data, size=abs(held), exectype=bt.Order.Limit, price=round(price * (1.2 if held > 0 else 0.8), 2), oco=stop)
        elif what == 7:
            way_out(data=data, size=abs(held) or size, exectype=bt.Order.Close)
        else:
            self.broker.add_cash(rng.choice((-500.0, 500.0)))

    prenext = next


class Watched(Agreeing):
    """Looks at every execution of the brokerage's own."""

    def init(self) -> None:
        super().init()
        self.sold = 0

    def _post(self, stamp: float, live: Any, bit: Any, symbol: str, commission: float) -> None:
        before = self.account.position(symbol) if self.account is not None else 0.0
        super()._post(stamp, live, bit, symbol, commission)
        if live.forced:
            assert self.account is not None
            after = self.account.position(symbol)
            assert before * after >= 0.0 and abs(after) < abs(before), (before, after)
            assert self.clock.is_daily(bit.dt) or time(9, 30) < bt.num2date(bit.dt).time() <= time(16, 0)
            assert self.account.refuses
            self.sold += 1


def gamble(seed: int) -> int:
    """How many executions the brokerage forced in one run."""
    rng = random.Random(seed)
    days, feeds = rng.random() < 0.25, rng.randint(1, 3)
    frame = {"timeframe": bt.TimeFrame.Days} if days else {}
    times = (BAR_OF_A_DAY,) if days else TIMES
    words: dict[str, Any] = {
        "brokerage": rng.choice(("finra", "alpaca", "ibkr", "ibkr")),
        "on_call": rng.choice(("ignore", "ignore", "ignore", "deposit", "liquidate")),
        "worst_price": rng.random() < 0.3,
        "coc": rng.random() < 0.2,
        "slip_perc": rng.choice((0.0, 0.01)),
        "slip_open": rng.random() < 0.5,
        "account": {"pattern_day_trader": rng.random() < 0.7},
        "set": {"liquidation_order": rng.choice(("largest", "losers"))},
        "filler": bt.fillers.FixedBarPerc(perc=10.0) if rng.random() < 0.15 else None,
        "rules": "off" if rng.random() < 0.1 else "as_of",
    }
    if feeds > 1 and rng.random() < 0.3:
        words["symbols"] = {"F1": "F0"}
    broker = Watched(cash=rng.choice((9_000.0, 60_000.0)), **words)
    datas = [feed(wild(rng, times, rng.choice((0.0, 0.3)) if i else 0.0), f"F{i}", **frame) for i in range(feeds)]
    gambler = type("Seeded", (Gambler,), {"params": (("seed", seed),), "__module__": __name__})
    s = run(gambler, datas, broker, runonce=rng.random() < 0.7)
    assert [row[1] for row in s.told].count("account_closed") <= 1
    return broker.sold


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_forced_sales_only_reduce_and_only_in_regular_hours(first: int) -> None:
    assert sum(gamble(seed) for seed in range(first, first + 20)) > 3


@pytest.mark.parametrize("road", ("replay", "resample"))
def test_bars_that_backtrader_makes_itself(road: str) -> None:
    """At 60 on Friday: 1,000 / 15 = 67 shares, at the open of the first bar, whatever daily bars are made beside or of it."""

    def setup(cerebro: bt.Cerebro) -> None:
        base = feed(story(60.0))
        if road == "replay":
            cerebro.replaydata(base, timeframe=bt.TimeFrame.Days, compression=1)
        else:
            cerebro.adddata(base)
            cerebro.resampledata(base, timeframe=bt.TimeFrame.Days, compression=1)

    class First(Told):
        def next(self) -> None:
            super().next()
            if "order" not in self.kept:
                self.kept["order"] = self.buy(data=self.datas[0], size=200)

        prenext = next

    s = run(told({}, First), [], Agreeing(cash=10_000.0, brokerage="finra"), setup=setup)
    assert fills(s.broker)[1:] == [("2024-01-05", "sell", 67, 60.0, "c1")] and statuses(s.broker)["c1"] == ("maintenance", "met")
