"""With rules off, MarginBroker is BackBroker: same fills, statuses, trades, cash and value, bit for bit."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import backtrader as bt
import pytest
from made import RICH, Agreeing, feed, run, walk

from bt_pdt.host.fast.sparse import SparseBroker

PLENTY = 50e6


class RandomTrader(bt.Strategy):
    """Sends whatever a seed says, of every order type; notes everything the host tells it."""

    params = (("seed", 0),)

    def __init__(self) -> None:
        self.rng = random.Random(self.p.seed)
        self.log: list[tuple[Any, ...]] = []
        self.trades: list[tuple[Any, ...]] = []
        self.values: list[tuple[float, float]] = []
        self.first = next(bt.Order.refbasis)
        self.sent: list[Any] = []

    def next(self) -> None:
        rng = self.rng
        if rng.random() > 0.35:
            return
        data = rng.choice(self.datas)
        if not len(data):
            return
        price, size = data.close[0], rng.choice((1, 10, 37, 0.5, 2.25))
        buy = rng.random() < 0.5
        send = self.buy if buy else self.sell
        away = 1 + (0.002 if buy else -0.002) * rng.choice((-1, 1)) * rng.random()
        valid = rng.choice((None, None, data.datetime.datetime(0) + timedelta(minutes=rng.randint(1, 20)), bt.Order.DAY))
        kind = rng.randint(0, 11)
        if kind <= 2:
            order = send(data=data, size=size)
        elif kind == 3:
            order = send(data=data, size=size, exectype=bt.Order.Limit, price=price * away, valid=valid)
        elif kind == 4:
            order = send(data=data, size=size, exectype=bt.Order.Stop, price=price * away, valid=valid)
        elif kind == 5:
            order = send(data=data, size=size, exectype=bt.Order.StopLimit, price=price * away, plimit=price, valid=valid)
        elif kind == 6:
            order = send(data=data, size=size, exectype=bt.Order.StopTrail, trailamount=0.2, valid=valid)
        elif kind == 7:
            order = send(data=data, size=size, exectype=bt.Order.StopTrailLimit, price=price, plimit=price * away, trailpercent=0.002)
        elif kind == 8:
            bracket = self.buy_bracket if buy else self.sell_bracket
            up, down = price * 1.003, price * 0.997
            limit, stop = (up, down) if buy else (down, up)
            exectype = rng.choice((bt.Order.Market, bt.Order.Limit))
            order = bracket(data=data, size=size, exectype=exectype, price=price * away, limitprice=limit, stopprice=stop)[0]
        elif kind == 9:
            order = send(data=data, size=size, exectype=bt.Order.Limit, price=price * 0.998)
            send(data=data, size=size, exectype=bt.Order.Stop, price=price * 1.002, oco=order)
        elif kind == 10:
            order = self.close(data=data) or self.order_target_percent(data=data, target=rng.choice((-0.001, 0.002)))
        else:
            order = send(data=data, size=size, exectype=bt.Order.Close)
        if order is not None:
            self.sent.append(order)
        if self.sent and rng.random() < 0.1:
            old = rng.choice(self.sent)
            if old.ref in {o.ref for o in self.broker.get_orders_open()}:
                self.cancel(old)

    def notify_order(self, order: Any) -> None:
        done = order.executed
        self.log.append(
            (len(self), order.ref - self.first, order.status, done.size, done.price, done.dt, done.comm, done.pnl, done.remsize)
        )

    def notify_trade(self, trade: Any) -> None:
        self.trades.append((len(self), trade.status, trade.size, trade.price, trade.pnl, trade.pnlcomm))

    def notify_cashvalue(self, cash: float, value: float) -> None:
        self.values.append((cash, value, self.broker.get_value(lever=True), self.broker.fundvalue))


def trade(broker: Any, seed: int, symbols: int = 3, **engine: Any) -> Any:
    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.broker.setcommission(commission=0.0005, interest=0.03 if seed % 2 else 0.0)

    class Seeded(RandomTrader):
        params = (("seed", seed),)

    return run(Seeded, [feed(walk(seed * 100 + k), f"S{k}") for k in range(symbols)], broker, setup, **engine)


def same(ours: Any, stock: Any) -> None:
    assert len(stock.log) > 60
    assert ours.log == stock.log
    assert ours.trades == stock.trades
    assert ours.values == stock.values


OFF = {"cash": PLENTY, "rules": "off", "account": RICH}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "slippage": {"slip_perc": 0.0005, "slip_open": True, "slip_match": True},
    "fixed slippage out of range": {"slip_fixed": 0.03, "slip_open": True, "slip_out": True},
    "no slip match": {"slip_perc": 0.001, "slip_open": True, "slip_match": False, "slip_limit": False},
    "cheat on close": {"coc": True},
    "partial fills": {"filler": bt.fillers.BarPointPerc(minmov=0.01, perc=10.0)},
    "interest not in profit": {"int2pnl": False},
}


@pytest.mark.parametrize("seed", range(12))
def test_random_orders(seed: int) -> None:
    same(trade(Agreeing(**OFF), seed), trade(bt.brokers.BackBroker(cash=PLENTY), seed))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", (21, 22))
def test_host_settings(setting: str, seed: int) -> None:
    words = SETTINGS[setting]
    same(trade(Agreeing(**OFF, **words), seed), trade(bt.brokers.BackBroker(cash=PLENTY, **words), seed))


@pytest.mark.parametrize(
    "engine", ({"runonce": False}, {"preload": False}, {"exactbars": 1}, {"exactbars": -1}, {"quicknotify": True}, {"tradehistory": True})
)
@pytest.mark.parametrize("seed", (31, 32))
def test_engine_modes(engine: dict[str, Any], seed: int) -> None:
    same(trade(Agreeing(**OFF), seed, **engine), trade(bt.brokers.BackBroker(cash=PLENTY), seed, **engine))


def test_one_symbol_and_many() -> None:
    for symbols in (1, 9):
        same(trade(Agreeing(**OFF), 41, symbols), trade(bt.brokers.BackBroker(cash=PLENTY), 41, symbols))


def test_sparse_broker_alone() -> None:
    same(trade(SparseBroker(cash=PLENTY), 51), trade(bt.brokers.BackBroker(cash=PLENTY), 51))


def test_with_the_rules_on_every_bar_agrees_with_the_account() -> None:
    """Refusals change what fills; they never part the two books."""
    for seed in range(60, 66):
        ours = trade(Agreeing(cash=60_000.0, account=RICH), seed)
        assert any(row[2] == bt.Order.Rejected for row in ours.log)
        assert any(row[2] == bt.Order.Completed for row in ours.log)
