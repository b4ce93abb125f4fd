"""backtrader's own chart through ``bt_pdt.plot``: with many symbols, without our observers, drawn twice, after an optimisation."""

import subprocess
import sys

import backtrader as bt
import numpy as np
import pytest
from made_bars import minutes

from bt_pdt import BadInput, feeds, install, plot

SYMBOLS = [f"S{k:02}" for k in range(12)]


class Once(bt.Strategy):
    params = (("size", 10),)

    def next(self):
        if len(self) == 5:
            self.buy(size=self.p.size)
        elif len(self) == 10:
            self.sell(size=self.p.size)


@pytest.fixture(scope="module")
def many_symbols():
    prices = [(100.0 + k % 7, 100.0 + (k + 1) % 7) for k in range(40)]
    return minutes(**{symbol: {"2025-03-03": prices} for symbol in SYMBOLS})


def cerebro_of(bars, observers=True):
    cerebro = bt.Cerebro(stdstats=observers)
    for each in feeds(bars):
        cerebro.adddata(each)
    install(cerebro, cash=30_000, observers=observers)
    return cerebro


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.fixture(autouse=True)
def _closed():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def test_many_symbols_each_have_their_panel(many_symbols):
    cerebro = cerebro_of(many_symbols)
    cerebro.addstrategy(Once)
    cerebro.run()
    (figure,) = plot(cerebro, volume=False, height=20)
    assert len(figure.axes) >= 12 + 2 and figure.get_size_inches().tolist() == [16.0, 20.0]
    legends = [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    assert all(any(symbol in text for text in words(figure) + legends) for symbol in SYMBOLS)
    figure.canvas.draw()
    assert (np.asarray(figure.canvas.buffer_rgba())[..., :3] < 250).any(axis=2).mean() > 0.01


def test_drawn_twice_the_second_is_not_drawn_over_the_first(many_symbols):
    cerebro = cerebro_of(many_symbols.only(SYMBOLS[:1]))
    cerebro.addstrategy(Once)
    cerebro.run()
    first, second = plot(cerebro)[0], plot(cerebro)[0]
    assert first is not second and len(first.axes) == len(second.axes) > 0


def test_without_observers_only_prices(many_symbols):
    cerebro = cerebro_of(many_symbols.only(SYMBOLS[:1]), observers=False)
    cerebro.addstrategy(Once)
    cerebro.run()
    (figure,) = plot(cerebro, volume=False)
    assert not any("buying power" in text for text in words(figure)) and 1 <= len(figure.axes) <= 2


def test_after_an_optimisation_a_sentence(many_symbols):
    cerebro = cerebro_of(many_symbols.only(SYMBOLS[:1]), observers=False)
    cerebro.optstrategy(Once, size=[1, 2])
    cerebro.run(maxcpus=1)
    with pytest.raises(BadInput, match="optstrategy keep no bars to plot; run the chosen parameters once"):
        plot(cerebro)


def test_a_notebook_keeps_its_backend():
    code = """
import matplotlib
matplotlib.use("module://matplotlib.backends.backend_svg")  # stands for the notebook's own, which is a module too
import backtrader as bt, bt_pdt
from bt_pdt.runs import samples
cerebro = bt.Cerebro()
for feed in bt_pdt.feeds(bt_pdt.load(samples().data / "synthetic_1min_2025-12-22_2025-12-30.parquet")):
    cerebro.adddata(feed)
bt_pdt.install(cerebro, cash=30_000)
cerebro.addstrategy(bt.Strategy)
cerebro.run()
figures = bt_pdt.plot(cerebro)
assert matplotlib.get_backend() == "module://matplotlib.backends.backend_svg", matplotlib.get_backend()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
