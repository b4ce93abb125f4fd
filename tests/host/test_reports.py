"""The analyzer, the observers, install and plot, and what MarginBroker refuses to work with."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import backtrader as bt
import pytest
from made import RICH, TUESDAY, Agreeing, feed, flat, run, scripted, walk

from bt_pdt.core.errors import BadInput, UnknownName
from bt_pdt.core.orders import Asset
from bt_pdt.host.analyzer import ComplianceAnalyzer
from bt_pdt.host.broker import HOOKS, MarginBroker, require_python_host
from bt_pdt.host.install import install
from bt_pdt.host.observers import DayTradeCount, DayTradingBuyingPower
from bt_pdt.host.plot import plot

ROOT = Path(__file__).parents[2]
TRADES = {1: lambda s: s.buy(size=10), 3: lambda s: s.close(), 5: lambda s: s.buy(size=100_000)}


class Trades(bt.Strategy):
    """Module level, so that optstrategy can pickle it."""

    params = (("size", 10),)

    def next(self) -> None:
        if len(self) == 1:
            self.buy(size=self.p.size)
        elif len(self) == 3:
            self.close()


def analyzed(script: dict[int, Any], rows: Any, **words: Any) -> Any:
    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")

    return run(scripted(script), [feed(rows, **words)], Agreeing(cash=30_000.0, account=RICH), setup)


# -- analyzer


def test_numbers_first_then_lists() -> None:
    found = analyzed(TRADES, flat(100, 8)).analyzers.compliance.get_analysis()
    kinds = [isinstance(value, list) for value in found.values()]
    assert kinds == sorted(kinds)
    assert (found["orders"], found["refusals"], found["refused_BUYING_POWER"], found["day_trades"]) == (3, 1, 1, 1)
    assert found["day_trade_list"] == [{"session": "2024-01-02", "symbol": "SPY", "count": 1}]
    assert found["equity_start"] == found["equity_end"] == 30_000.0 and found["total_return"] == 0.0
    assert found["lowest_dtbp"] == 118_975.0  # a market order is valued 2.5 % above the last price while it works
    assert found["peak_dtbp_use"] == pytest.approx(1_025 / 120_000)
    assert found["refusal_list"][0]["order"] == "3" and found["refusal_list"][0]["why"]
    assert [fill["side"] for fill in found["fill_list"]] == ["buy", "sell"]
    assert len(found["session_list"]) == 1 and found["warning_list"] == []


def test_plain_values_only() -> None:
    found = analyzed(TRADES, flat(100, 8)).analyzers.compliance.get_analysis()
    assert json.loads(json.dumps(found)) == found
    assert pickle.loads(pickle.dumps(found)) == found


def test_print_pprint_and_writer(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()

    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")
        cerebro.addwriter(bt.WriterFile, out=out)

    analyzer = run(scripted(TRADES), [feed(flat(100, 8))], Agreeing(cash=30_000.0), setup).analyzers.compliance
    assert "refused_BUYING_POWER: 1" in out.getvalue()
    analyzer.print()
    analyzer.pprint()
    assert capsys.readouterr().out.count("refused_BUYING_POWER") == 2


def test_no_attribute_that_optstrategy_would_wipe() -> None:
    own = set(dir(ComplianceAnalyzer)) - set(dir(bt.Analyzer))
    assert not [name for name in own if name.startswith("data")]


def test_results_come_back_from_other_processes() -> None:
    cerebro = bt.Cerebro(stdstats=False, maxcpus=2)
    cerebro.setbroker(MarginBroker(cash=30_000.0))
    cerebro.adddata(feed(flat(100, 8)))
    cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")
    cerebro.optstrategy(Trades, size=[10, 20])
    found = [result[0].analyzers.compliance.get_analysis() for result in cerebro.run()]
    assert [a["fill_list"][0]["qty"] for a in found] == [10.0, 20.0] and [a["day_trades"] for a in found] == [1, 1]


def test_warns_of_bars_on_closed_days_and_wrong_timeframes_only() -> None:
    saturday = flat(100, 4, datetime(2024, 1, 6, 10))
    with pytest.warns(UserWarning, match="no sessions of the exchange"):
        analyzed({}, flat(100, 4) + saturday)
    with pytest.warns(UserWarning, match="declared as daily"):
        analyzed({}, flat(100, 8), timeframe=bt.TimeFrame.Days)
    daily = [(TUESDAY.replace(hour=16, minute=0) + timedelta(days=i), 100.0, 100.0, 100.0, 100.0, 1.0) for i in range(4)]
    with pytest.warns(UserWarning, match="one bar a day"):
        analyzed({}, daily)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        analyzed({}, flat(100, 8))
        nightly = [(row[0].replace(hour=23, minute=59, second=59, microsecond=999990), *row[1:]) for row in daily]
        found = analyzed({}, nightly, timeframe=bt.TimeFrame.Days).analyzers.compliance.get_analysis()
    assert "unknown" in found["warning_list"][0]


def test_the_analyzer_says_which_broker_it_needs() -> None:
    with pytest.raises(BadInput, match="MarginBroker"):
        run(scripted({}), [feed(flat(100, 3))], bt.brokers.BackBroker(), lambda c: c.addanalyzer(ComplianceAnalyzer))


def test_times_and_equity_of_every_bar() -> None:
    broker = analyzed(TRADES, flat(100, 8)).broker
    assert len(broker.times) == len(broker.equity) == 8
    assert broker.clock.moment(broker.times[0]) == TUESDAY and broker.equity[-1] == broker.getvalue()


# -- observers, install, plot


def test_observers_follow_the_account() -> None:
    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.addobserver(DayTradingBuyingPower)
        cerebro.addobserver(DayTradeCount)

    s = run(
        scripted({1: lambda s: s.buy(size=10), 4: lambda s: s.close()}), [feed(flat(100, 8))], Agreeing(cash=30_000.0, account=RICH), setup
    )
    power, count = s.observers
    assert list(power.lines.available.array)[:6] == [118_975.0, 119_000.0, 119_000.0, 119_000.0, 120_000.0, 120_000.0]
    assert list(power.lines.used.array)[:6] == [1_025.0, 1_000.0, 1_000.0, 1_000.0, 0.0, 0.0]
    assert list(count.lines.count.array)[:8] == [0.0] * 4 + [1.0] * 4


def test_observers_in_the_regime_without_a_count() -> None:
    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.addobserver(DayTradingBuyingPower)
        cerebro.addobserver(DayTradeCount)

    s = run(scripted(TRADES), [feed(flat(100, 8))], Agreeing(cash=30_000.0, rules="2026-07-01"), setup)
    assert list(s.observers[0].lines.available.array)[:2] == [119_000.0, pytest.approx(120_000 - 4 * 300)]
    assert s.observers[1].lines.count.array[7] == 0.0


def test_observers_say_which_broker_they_need() -> None:
    with pytest.raises(BadInput, match="MarginBroker"):
        run(scripted({}), [feed(flat(100, 3))], bt.brokers.BackBroker(), lambda c: c.addobserver(DayTradeCount))


def test_install_in_one_line_keeps_what_was_set() -> None:
    cerebro = bt.Cerebro()
    cerebro.broker.setcash(24_000.0)
    cerebro.broker.setcommission(commission=0.001)
    cerebro.broker.set_slippage_perc(0.0005)
    cerebro.adddata(feed(flat(100, 8)))
    cerebro.addstrategy(Trades)
    broker = install(cerebro, block_on="exit", assets=(Asset("SPY"),))
    strategy = cerebro.run()[0]
    assert cerebro.broker is broker and broker.startingcash == 24_000.0 and broker.p.slip_perc == 0.0005
    found = strategy.analyzers.compliance.get_analysis()
    assert found["fill_list"][0]["commission"] > 0 and found["day_trades"] == 1
    assert broker.account.rules.pdt_check == broker.account.rules.dtbp_check == "exit"
    with pytest.raises(BadInput, match="already"):
        install(cerebro)


def test_install_without_observers() -> None:
    cerebro = bt.Cerebro()
    install(cerebro, cash=5_000.0, observers=False)
    assert cerebro.observers == [] and len(cerebro.analyzers) == 1
    with pytest.raises(BadInput, match="Cerebro"):
        install(object())


def test_plot_gives_figures_with_the_observers_in_them() -> None:
    import matplotlib

    before = matplotlib.get_backend()
    cerebro = bt.Cerebro()
    cerebro.adddata(feed(walk(1, days=1)))
    cerebro.addstrategy(Trades)
    install(cerebro, cash=30_000.0)
    with pytest.raises(BadInput, match="run"):
        plot(cerebro)
    cerebro.run()
    (figure,) = plot(cerebro)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts] + [
        text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()
    ]
    assert any("Day-trading buying power" in text for text in texts)
    assert len(figure.axes) >= 5 and matplotlib.get_backend() == before
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=40)
    assert buffer.tell() > 1_000
    matplotlib.pyplot.close("all")


def test_plot_without_a_display_whatever_the_environment_says() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/host')\n"
        "import matplotlib, backtrader as bt\n"
        "from made import feed, flat\n"
        "from bt_pdt.host.plot import plot\n"
        "c = bt.Cerebro(); c.adddata(feed(flat(100, 20))); c.addstrategy(bt.Strategy); c.run()\n"
        "print(type(plot(c)[0]).__name__, matplotlib.get_backend().lower())"
    )
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    for extra in ({}, {"MPLBACKEND": "svg"}):
        out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env | extra, capture_output=True, text=True, check=True).stdout
        assert out.split() == ["Figure", extra.get("MPLBACKEND", "agg")]


def test_plot_says_why_it_cannot() -> None:
    cerebro = bt.Cerebro(exactbars=1)
    cerebro.adddata(feed(flat(100, 5)))
    cerebro.run()
    with pytest.raises(BadInput, match="exactbars"):
        plot(cerebro)


# -- what is refused before the first bar


def test_unknown_words_name_the_nearest() -> None:
    with pytest.raises(UnknownName, match="block_on"):
        MarginBroker(blockon="exit")
    with pytest.raises(BadInput, match="keyword"):
        MarginBroker(25_000)
    with pytest.raises(BadInput, match="did you mean 'exit'"):
        MarginBroker(block_on="exits")
    with pytest.raises(BadInput, match="not both"):
        MarginBroker(block_on="exit", pdt_check="entry")
    with pytest.raises(UnknownName, match="last_equity"):
        MarginBroker(account={"last_equit": 5.0})
    with pytest.raises(BadInput, match="alpaca"):
        MarginBroker(brokerage="alpacca")
    with pytest.raises(BadInput):
        MarginBroker(set={"pdt_min_equty": 1.0})


@pytest.mark.parametrize(
    ("commission", "word"),
    (({"commission": 2.0, "margin": 1_000.0, "mult": 10.0}, "futures"), ({"leverage": 4.0}, "leverage"), ({"mult": 2.0}, "mult")),
)
def test_commission_schemes_that_are_not_stocks(commission: dict[str, float], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        run(scripted({}), [feed(flat(100, 3))], MarginBroker(), lambda c: c.broker.setcommission(**commission))


def test_settings_that_cannot_be_meant() -> None:
    with pytest.raises(BadInput, match="shortcash"):
        run(scripted({}), [feed(flat(100, 3))], MarginBroker(shortcash=False))
    with pytest.raises(BadInput, match="no data feed trades 'QQQ'"):
        run(scripted({}), [feed(flat(100, 3))], MarginBroker(account={"positions": [("QQQ", 1, 5.0)]}))
    with pytest.raises(BadInput, match="add_cash"):
        run(scripted({2: lambda s: s.broker.setcash(5.0)}), [feed(flat(100, 3))], MarginBroker())
    with pytest.raises(BadInput, match="fund history"):
        MarginBroker().set_fund_history([(datetime(2024, 1, 2), 100.0, 1.0)])


def test_names_of_symbols() -> None:
    cerebro = bt.Cerebro(stdstats=False)
    broker = MarginBroker(symbols={"odd": "BRK.B"})
    cerebro.setbroker(broker)
    for name in ("bars/SPY.csv", "odd", "BF.B", ""):
        cerebro.adddata(feed(flat(100, 3), name))
    cerebro.run()
    assert list(broker.clock.by_symbol) == ["SPY", "BRK.B", "BF.B", "DATA3"]


# -- an engine that calls no hooks


def test_a_compiled_broker_is_refused() -> None:
    class Compiled:
        """Methods in C show as builtins."""

        __module__ = "backtrader._core"
        submit = len

    with pytest.raises(BadInput, match="outside Python"):
        require_python_host(Compiled)
    require_python_host(bt.brokers.BackBroker)


def test_a_run_that_never_asks_the_broker_is_refused() -> None:
    class Bypassing(bt.Cerebro):
        def _brokernotify(self) -> None:
            pass

    cerebro = Bypassing(stdstats=False)
    install(cerebro, cash=30_000.0, observers=False)
    cerebro.adddata(feed(flat(100, 5)))
    cerebro.addstrategy(Trades)
    with pytest.raises(BadInput, match=r"1\.9\.78\.123"):
        cerebro.run()


def test_a_foreign_cerebro_is_refused() -> None:
    broker = MarginBroker()
    broker.cerebro = type("Cerebro", (), {"datas": []})()
    with pytest.raises(BadInput, match="driven by"):
        broker.start()


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_called_by_the_host(hook: str) -> None:
    """Fails first if backtrader changes: each method that we override or rely on is still called in an ordinary run."""
    calls = []

    def spy(self: Any, *args: Any, **words: Any) -> Any:
        calls.append(hook)
        return getattr(bt.brokers.BackBroker, hook)(self, *args, **words)

    run(scripted(TRADES), [feed(flat(100, 8))], type("Spy", (bt.brokers.BackBroker,), {hook: spy, "__module__": __name__})())
    assert calls
