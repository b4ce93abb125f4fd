"""The strategies are ordinary: they import backtrader alone and trade on the stock broker."""

import ast
import datetime
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import backtrader as bt
import pytest

from bt_pdt.bars import synthetic
from bt_pdt.host.broker import MarginBroker
from bt_pdt.host.fast.feeds import feeds

FOLDER = Path(__file__).parents[2] / "strategies"
FILES = sorted(FOLDER.glob("*.py"))
TRADERS = [path for path in FILES if path.stem != "leveraged_hold"]  # that one never sells
#: With brackets, short sales and two feeds the host has most to part over; the others with the long tests.
MARKS = dict.fromkeys(("signal_follower", "sma_cross_intraday", "overnight_gap_hold", "opening_range_breakout"), pytest.mark.long)
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


def ran(name, cash=100_000.0, symbols=None, broker=None, params=None, **cerebro_params):
    cerebro = bt.Cerebro(stdstats=False, **cerebro_params)
    if broker is not None:
        cerebro.setbroker(broker)
    cerebro.broker.setcash(cash)
    for feed in feeds(BARS, symbols):
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy(FOLDER / f"{name}.py"), **(params or {}))
    cerebro.addanalyzer(Trades, _name="trades")
    return cerebro.run()[0]


def run(*args, **kwargs):
    return ran(*args, **kwargs).analyzers.trades


def test_there_are_seven():
    assert [path.stem for path in FILES] == [
        "leveraged_hold",
        "mean_reversion_brackets",
        "opening_range_breakout",
        "overnight_gap_hold",
        "pairs_long_short",
        "signal_follower",
        "sma_cross_intraday",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_imports(path):
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= ALLOWED
    assert strategy(path).__doc__ and "bt_pdt" not in path.read_text()


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem, marks=MARKS.get(path.stem, ())) for path in TRADERS])
def test_it_trades_on_the_stock_broker_the_same_however_cerebro_runs(path):
    first, second = run(path.stem), run(path.stem, runonce=False)
    assert len(first.trades) >= 25 and first.trades == second.trades
    for _, exectype, price in first.orders:
        if exectype in (bt.Order.Limit, bt.Order.Stop):
            assert price == round(price, 2 if price >= 1 else 4)


@pytest.mark.parametrize(
    "name", ["mean_reversion_brackets", "opening_range_breakout", "pairs_long_short", "signal_follower", "sma_cross_intraday"]
)
def test_day_traders_are_flat_by_the_bell(name):
    found = run(name)
    assert all(opened.date() == closed.date() for _, opened, closed in found.trades)
    assert {symbol for symbol, _, _ in found.trades} == set(BARS.symbols)


def test_the_overnight_holder_never_makes_a_day_trade():
    found = run("overnight_gap_hold", symbols=["IDXE"])
    assert len(found.trades) == 0  # 1.9 times equity: the stock broker refuses, there is no margin
    trades = run("overnight_gap_hold").trades
    assert trades and all((opened.date() != closed.date()) and (opened.hour, closed.hour) == (15, 9) for _, opened, closed in trades)


def test_the_signal_follower_asks_for_the_same_whatever_it_is_answered():
    """A hundred dollars pay for one share of a few symbols, a hundred thousand for one of each: the requests are those of the signals."""
    asked = []

    class Heard(strategy(FOLDER / "signal_follower.py")):
        def buy(self, data=None, **kwargs):
            asked[-1].append(("buy", data._name, self.datetime.datetime(0)))
            return super().buy(data=data, **kwargs)

        def close(self, data=None, **kwargs):
            asked[-1].append(("close", data._name, self.datetime.datetime(0)))
            return super().close(data=data, **kwargs)

    counted = []
    for cash in (100_000.0, 100.0):
        asked.append([])
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.broker.setcash(cash)
        for feed in feeds(BARS):
            cerebro.adddata(feed)
        cerebro.addstrategy(Heard)
        cerebro.addanalyzer(Trades, _name="trades")
        found = cerebro.run()[0].analyzers.trades
        counted.append([status for status, _, _ in found.orders].count("Margin"))
    rich, poor = asked
    assert rich == poor and len(rich) > 200
    assert counted[0] == 0 and counted[1] > 50
    bell = [at for action, _, at in rich if action == "close" and at.time() == datetime.time(15, 55)]
    assert len(bell) == len(BARS.symbols) * len({at.date() for _, _, at in rich}), "closes everything before every bell"


def test_pairs_and_breakouts_sell_short():
    assert run("pairs_long_short").shorts and run("opening_range_breakout").shorts
    with pytest.raises(ValueError, match="at least two feeds"):
        run("pairs_long_short", symbols=["IDXE"])


@pytest.mark.parametrize("params", [{}, {"runonce": False}], ids=["once", "bar by bar"])
def test_the_leveraged_holder_takes_what_the_stock_broker_gives_and_keeps_it(params):
    """No margin there: one symbol at 2.00 times equity is refused, and so on down to what cash pays for."""
    done = ran("leveraged_hold", symbols=["IDXE"], **params)
    (data,) = done.datas
    statuses = [status for status, _, _ in done.analyzers.trades.orders]
    assert statuses.count("Margin") in (20, 21)  # 2.00, 1.95 ... 1.05, and 1.00 unless the next open is no higher
    assert statuses[-1] == "Completed" and not done.analyzers.trades.trades
    assert 0.94 < done.getposition(data).size * data.open[1 - len(data) + statuses.count("Margin") + 1] / 100_000 <= 1.0


def test_the_leveraged_holder_under_reg_t_buys_two_to_one_less_the_collar(capsys):
    """A market order counts 2.5 % above a price of $50 or more: 2.00 x 1.025 = 2.05 times equity is refused, 1.95 x 1.025 = 1.99875 is not."""
    done = ran("leveraged_hold", symbols=["IDXE"], broker=MarginBroker(rules="2025-06-02"), params={"verbose": True})
    (data,) = done.datas
    first, second = data.close[1 - len(data)], data.close[2 - len(data)]
    assert first > 50 and done.getposition(data).size == int(195_000 / second)
    assert capsys.readouterr().out.splitlines() == [
        f"2026-06-08 09:32 {int(200_000 / first):,} IDXE at 2 times equity: Rejected",
        f"2026-06-08 09:33 bought {int(195_000 / second):,} IDXE at {data.open[3 - len(data)]:.2f}",
    ]


def test_the_leveraged_holder_is_silent_unless_asked_and_divides_by_symbols(capsys):
    done = ran("leveraged_hold", broker=MarginBroker(), params={"leverage": 1.5})
    assert capsys.readouterr().out == ""
    values = [done.getposition(data).size * data.close[1 - len(data)] for data in done.datas]
    assert all(value == pytest.approx(150_000 / len(done.datas), rel=0.02) for value in values)


def test_the_leveraged_holder_prints_what_the_broker_tells(capsys):
    """Any message of any broker, with a margin call in words."""

    class Telling(bt.brokers.BackBroker):
        def next(self):
            super().next()
            if len(self.cerebro.datas[0]) == 2:
                due = datetime.date(2026, 6, 10)
                self.cerebro.runningstrats[0].notify_store(
                    "call_issued", call=SimpleNamespace(id="c1", kind="fed", amount=1234.5, due_on=due)
                )
                self.cerebro.runningstrats[0].notify_store("hello", 7, day=due)

    ran("leveraged_hold", symbols=["IDXE"], broker=Telling(), params={"verbose": True, "leverage": 0.5})
    lines = capsys.readouterr().out.splitlines()
    assert "2026-06-08 09:32 call_issued call=c1, fed of $1,234.50 due 2026-06-10" in lines
    assert "2026-06-08 09:32 hello 7 day=2026-06-10" in lines
