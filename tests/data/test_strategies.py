"""The strategies are ordinary: they import backtrader alone and trade on the stock broker."""

import ast
import importlib.util
import sys
from pathlib import Path

import backtrader as bt
import pytest

from bt_pdt import synthetic
from bt_pdt.adapter.feeds import feeds

FOLDER = Path(__file__).parents[2] / "strategies"
FILES = sorted(FOLDER.glob("*.py"))
ALLOWED = {"backtrader", "datetime", "math"}
BARS = synthetic.sample_bars().between("2026-06-08", "2026-06-26")


class Trades(bt.Analyzer):
    """Closed trades, the days they were opened and closed, orders and their prices."""

    def start(self):
        self.trades, self.orders, self.shorts = [], [], 0

    def notify_trade(self, trade):
        self.shorts += trade.isopen and trade.size < 0
        if trade.isclosed:
            self.trades.append((trade.data._name, bt.num2date(trade.dtopen), bt.num2date(trade.dtclose)))

    def notify_order(self, order):
        self.orders.append((order.getstatusname(), order.exectype, order.created.price))


def strategy(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    (found,) = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, bt.Strategy)]
    return found


def run(name, cash=100_000.0, symbols=None, **cerebro_params):
    cerebro = bt.Cerebro(stdstats=False, **cerebro_params)
    cerebro.broker.setcash(cash)
    for feed in feeds(BARS, symbols):
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy(FOLDER / f"{name}.py"))
    cerebro.addanalyzer(Trades, _name="trades")
    return cerebro.run()[0].analyzers.trades


def test_there_are_five():
    assert [path.stem for path in FILES] == [
        "mean_reversion_brackets",
        "opening_range_breakout",
        "overnight_gap_hold",
        "pairs_long_short",
        "sma_cross_intraday",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_imports(path):
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= ALLOWED
    assert strategy(path).__doc__ and "bt_pdt" not in path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_trades_on_the_stock_broker_the_same_however_cerebro_runs(path):
    first, second = run(path.stem), run(path.stem, runonce=False)
    assert len(first.trades) >= 25 and first.trades == second.trades
    for _, exectype, price in first.orders:
        if exectype in (bt.Order.Limit, bt.Order.Stop):
            assert price == round(price, 2 if price >= 1 else 4)


@pytest.mark.parametrize("name", ["mean_reversion_brackets", "opening_range_breakout", "pairs_long_short", "sma_cross_intraday"])
def test_day_traders_are_flat_by_the_bell(name):
    found = run(name)
    assert all(opened.date() == closed.date() for _, opened, closed in found.trades)
    assert {symbol for symbol, _, _ in found.trades} == set(BARS.symbols)


def test_the_overnight_holder_never_makes_a_day_trade():
    found = run("overnight_gap_hold", symbols=["IDXE"])
    assert len(found.trades) == 0  # 1.9 times equity: the stock broker refuses, there is no margin
    trades = run("overnight_gap_hold").trades
    assert trades and all((opened.date() != closed.date()) and (opened.hour, closed.hour) == (15, 9) for _, opened, closed in trades)


def test_pairs_and_breakouts_sell_short():
    assert run("pairs_long_short").shorts and run("opening_range_breakout").shorts
    with pytest.raises(ValueError, match="at least two feeds"):
        run("pairs_long_short", symbols=["IDXE"])
