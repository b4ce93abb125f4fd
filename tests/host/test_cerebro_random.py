"""bt_pdt.Cerebro beside backtrader's own on random bars, clocks, orders, brokers and switches: identical bar for bar and order for order."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from made import RICH, walk
from test_cerebro import Watcher, indicators, outcome
from test_same_fills import RandomTrader

import bt_pdt
from bt_pdt.bars import Bars, SymbolBars, synthetic
from bt_pdt.host.fast.feeds import feeds
from bt_pdt.runs.study import load_strategy

STRATEGIES = sorted((Path(__file__).parents[2] / "strategies").glob("*.py"))
MINUTES = bt.TimeFrame.Minutes
ENOUGH = 24


def series(rows: list[Any], name: str, timeframe: str = "minutes", compression: int = 1) -> Bars:
    times, *columns = zip(*rows, strict=True)
    arrays = SymbolBars(np.array(times, "datetime64[us]"), *(np.array(column) for column in columns))
    return Bars({name: arrays}, timeframe=timeframe, compression=compression)


def joined(rows: list[Any], size: int) -> list[Any]:
    """Bars of ``size`` of these each, stamped with the last one's end."""
    found = []
    for begin in range(0, len(rows) - size + 1, size):
        part = rows[begin : begin + size]
        high, low = max(row[2] for row in part), min(row[3] for row in part)
        found.append((part[-1][0], part[0][1], high, low, part[-1][4], sum(row[5] for row in part)))
    return found


def market(rng: random.Random, symbols: int) -> list[Any]:
    """Feeds of as many symbols: whole, with bars missing, beginning late, ending early; perhaps five minutes and days beside them."""
    days, minutes = rng.randint(2, 3), rng.randint(30, 45)
    made: list[Any] = []
    clock = rng.choice(("one", "mixed", "mixed"))
    for k in range(symbols):
        rows = walk(rng.randrange(10**6), days, minutes, rng.choice((0.0, 0.1, 0.3, 0.5)) if clock == "mixed" else 0.0)
        begin = rng.randrange(len(rows)) if clock == "mixed" and rng.random() < 0.3 else 0
        end = rng.randrange(len(rows)) if clock == "mixed" and rng.random() < 0.3 else len(rows)
        rows = rows[begin:end] if end - begin >= ENOUGH else rows  # backtrader's indicators need as many bars as they look back
        made += feeds(series(rows, f"S{k}"))
    if rng.random() < 0.25:
        rows = walk(rng.randrange(10**6), days, minutes)
        made += feeds(series(joined(rows, 5), "FIVE", compression=5))
    if rng.random() < 0.25:
        rows = joined(walk(rng.randrange(10**6), 3, 1), 1)
        made += feeds(series([(row[0].replace(hour=16, minute=0), *row[1:]) for row in rows], "DAYS", "days"))
    return made


class Tells:
    """What the host says to a strategy, in its order, all of it; indicators where a feed is long enough for them."""

    def __init__(self: Any) -> None:
        RandomTrader.__init__(self)
        self.seen = []
        self.inds = indicators(self.p.seed, [data for data in self.datas if data._name.startswith("S")])
        self.inds += [bt.ind.SMA(data, period=2) for data in self.datas]

    def notify_order(self: Any, order: Any) -> None:
        super().notify_order(order)  # type: ignore[misc]
        made, done = order.created, order.executed
        row = [
            order.exectype,
            order.valid,
            order.dteos,
            order.tradeid,
            made.dt,
            made.size,
            made.price,
            made.pricelimit,
            getattr(order, "plen", None),
        ]
        row += [done.value, done.margin, done.psize, done.pprice, len(done.getpending()), order.info.get("message"), order.data._name]
        self.seen.append(repr(row))

    def notify_trade(self: Any, trade: Any) -> None:
        super().notify_trade(trade)  # type: ignore[misc]
        names = ("tradeid", "value", "commission", "justopened", "baropen", "dtopen", "barclose", "dtclose", "barlen")
        history = [(dict(each.status), each.event.size, each.event.price, each.event.commission) for each in trade.history]
        self.seen.append(repr([getattr(trade, name) for name in names] + [history, trade.data._name]))

    def notify_fund(self: Any, *values: float) -> None:
        self.seen.append(repr(values))

    def next_open(self: Any) -> None:
        super().next_open()  # type: ignore[misc]
        RandomTrader.next(self)


class Everything(Tells, Watcher):
    """Looks everywhere, also where only whole lines can be looked at."""


class Silent(Tells, Watcher):
    """The same, deaf to cash: what nobody hears is not told on the fast way."""

    notify_cashvalue = bt.Strategy.notify_cashvalue
    notify_fund = bt.Strategy.notify_fund


class Plain(Tells, RandomTrader):
    """Looks where every mode of backtrader has something to see: length, time, prices and indicators now."""

    def __init__(self) -> None:
        RandomTrader.__init__(self)
        self.seen: list[str] = []
        self.inds = [bt.ind.SMA(data, period=2) for data in self.datas] + [bt.ind.CrossOver(self.data.close, self.data.open)]

    def look(self, why: str) -> None:
        row: list[Any] = [why, len(self), self.broker.getvalue(), self.broker.getcash()]
        for each in (*self.datas, *self.inds):
            row += [len(each), *([line[0] for line in each.lines] if len(each) else ())]
        self.seen.append(repr(row))

    def prenext(self) -> None:
        self.look("prenext")

    def nextstart(self) -> None:
        self.look("nextstart")
        super().nextstart()

    def next(self) -> None:
        self.look("next")
        super().next()

    def notify_store(self, message: str, *_: Any, **about: Any) -> None:
        self.look(f"{message} {sorted(about)}")


def broker_of(rng: random.Random) -> Any:
    """A fresh broker each time it is called: stock, rich, poor enough to be refused and called, or with costs, cheats and parts."""
    choice, seed = rng.randrange(6), rng.random()
    words: dict[str, Any] = {"coc": rng.random() < 0.2}
    if rng.random() < 0.2:
        words |= {"slip_perc": 0.0005, "slip_open": True, "slip_match": True}
    if rng.random() < 0.15:
        words |= {"filler": bt.fillers.BarPointPerc(minmov=0.01, perc=10.0)}
    law: dict[str, Any] = {"block_on": rng.choice(("entry", "exit", "both")), "account": RICH if rng.random() < 0.5 else None}
    if choice == 1:
        moves = [(date(2024, 1, 3), 800.0), (date(2024, 1, 4), -90_000.0)]
        law |= {"cash": 2_500.0, "account": {"pattern_day_trader": True, "last_equity": 30_000.0}, "deposits": moves}
        law |= {"on_call": rng.choice(("ignore", "deposit", "liquidate"))}
    elif choice == 2:
        law |= {"cash": 26_000.0, "worst_price": True, "brokerage": rng.choice(("schwab", "ibkr"))}
    elif choice == 3:
        law = {"cash": 60_000.0, "rules": rng.choice(("off", "2026-07-01"))}
    else:
        law |= {"cash": rng.choice((60_000.0, 1e9))}

    def made() -> Any:
        broker = bt.brokers.BackBroker(cash=50e6, **words) if choice == 0 else bt_pdt.MarginBroker(**law, **words)
        broker.setcommission(commission=0.0005 if seed < 0.5 else 0.0, interest=0.03 if seed < 0.3 else 0.0)
        return broker

    return made


def left_by(cerebro: Any, ran: list[Any]) -> list[Any]:
    """Everything a run leaves behind, the account's books too."""
    found = outcome(ran) if cerebro._exactbars < 1 else [(each.seen, each.log, each.trades, each.values) for each in ran]
    broker = cerebro.broker
    if isinstance(broker, bt_pdt.MarginBroker):
        account = broker.account
        found += [repr(entry) for entry in account.journal]
        found += [account.sessions, repr(account.calls), repr(account.restrictions), repr(account.state)]
        found += [broker.times.tobytes(), broker.equity.tobytes()]
    return found


def identical(seed: int, symbols: int) -> Any:
    """Runs one random scenario on both and compares; returns ours, None if both raise the same."""
    rng = random.Random(seed)
    datas, broker = rng.randrange(10**9), broker_of(rng)
    engine: dict[str, Any] = {"stdstats": rng.random() < 0.3, "quicknotify": rng.random() < 0.15, "tradehistory": rng.random() < 0.2}
    engine["cheat_on_open"] = rng.random() < 0.2
    slow = rng.random() < 0.3
    if slow:
        engine |= rng.choice(({"runonce": False}, {"preload": False}, {"exactbars": 1}, {"exactbars": -2}, {"oldsync": True}, {}))
        slow = (
            rng.choice(("resampled", "replayed")) if engine.keys() == {"stdstats", "quicknotify", "tradehistory", "cheat_on_open"} else True
        )
    kind = Plain if slow else rng.choice((Everything, Silent))
    many = rng.random() < 0.15
    left = []
    for engine_kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro: Any = engine_kind(**engine)
        cerebro.setbroker(broker())
        for feed in market(random.Random(datas), symbols):
            cerebro.adddata(feed)
        if slow in ("resampled", "replayed"):
            add = cerebro.resampledata if slow == "resampled" else cerebro.replaydata
            add(cerebro.datas[0], timeframe=MINUTES, compression=5, name=f"{cerebro.datas[0]._name} five")
        for number in range(2 if many else 1):
            cerebro.addstrategy(kind, seed=seed + number)
        try:
            ran = cerebro.run()
        except (IndexError, ValueError) as error:  # backtrader's own, where a feed has not begun or is over
            assert engine.get("exactbars") or engine.get("oldsync"), error
            left.append([repr(error)])
            ran = None
        else:
            left.append(left_by(cerebro, ran))
    stock, ours = left
    assert len(stock) == len(ours)
    for a, b in zip(stock, ours, strict=True):
        assert a == b
    assert cerebro.fast_path is not bool(slow) and bool(cerebro.why_slow) is bool(slow), (slow, cerebro.why_slow)
    return ran and ran[0]


@pytest.mark.filterwarnings("ignore:.*utcnow.*:DeprecationWarning")
@pytest.mark.parametrize("seed", range(24))
def test_random_scenarios(seed: int) -> None:
    ran = identical(seed, 1 + seed % 4)
    assert ran is None or len(ran.seen) > 20


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*utcnow.*:DeprecationWarning")
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_more_random_scenarios(seed: int) -> None:
    identical(seed, 1 + seed % 10)


def test_the_scenarios_reach_what_they_are_for() -> None:
    """Over the seeds of the quick run: every status, refusals, calls, trades, both ways, stock's broker and ours."""
    statuses, orders, messages, brokers = set(), 0, 0, set()
    for seed in range(24):
        rng = random.Random(seed)
        datas, broker = rng.randrange(10**9), broker_of(rng)
        cerebro = bt_pdt.Cerebro(stdstats=False)
        cerebro.setbroker(broker())
        for feed in market(random.Random(datas), 1 + seed % 4):
            cerebro.adddata(feed)
        cerebro.addstrategy(Plain, seed=seed)
        ran = cerebro.run()[0]
        statuses |= {row[2] for row in ran.log}
        orders += len({row[1] for row in ran.log})
        messages += sum(row[2:].startswith(("call_", "withdrawal_", "restriction_")) for row in ran.seen)
        brokers.add(type(cerebro.broker))
    assert statuses >= {bt.Order.Submitted, bt.Order.Accepted, bt.Order.Completed, bt.Order.Canceled, bt.Order.Expired, bt.Order.Rejected}
    assert orders > 500 and messages > 3 and brokers == {bt.brokers.BackBroker, bt_pdt.MarginBroker}


@pytest.mark.long
@pytest.mark.parametrize("symbols", (2, 3, 10))
@pytest.mark.parametrize("file", STRATEGIES, ids=lambda path: path.stem)
def test_strategies_of_the_project_on_more_bars(file: Path, symbols: int) -> None:
    bars = synthetic.sample_bars().between("2026-05-28 09:30", "2026-06-10 16:00")
    bars = bars.only(bars.symbols[:symbols])
    strategy = load_strategy(file)
    left = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro: Any = kind(stdstats=False)
        cerebro.setbroker(bt_pdt.MarginBroker(cash=26_000.0, block_on="entry"))
        for feed in feeds(bars):
            cerebro.adddata(feed)
        cerebro.addstrategy(strategy)
        ran = cerebro.run()
        left.append(left_by(cerebro, ran))
    assert left[0] == left[1] and cerebro.fast_path
