"""One run on the bundled sample that several tests look at."""

from pathlib import Path

import backtrader as bt
import pandas as pd
import pytest

from bt_pdt import Asset, load
from bt_pdt.runs.study import run, samples

SAMPLE = "synthetic_1min_2026-05-07_2026-07-06.parquet"
SHORT = "synthetic_1min_2025-12-22_2025-12-30.parquet"


@pytest.fixture(scope="session")
def data() -> Path:
    return samples().data / SAMPLE


@pytest.fixture(scope="session")
def short_data() -> Path:
    """Six sessions of two symbols."""
    return samples().data / SHORT


@pytest.fixture(scope="session")
def strategies() -> Path:
    return samples().strategies


@pytest.fixture(scope="session")
def three(data, strategies):
    """Runs a sample strategy over an index fund, a large share and a three times leveraged fund."""

    def ran(name, **more):
        return run(strategies / f"{name}.py", data, symbols=["IDXE", "LRGE", "IDX3"], assets=[Asset("IDX3", leverage=3)], **more)

    return ran


@pytest.fixture(scope="session")
def result(three):
    """$24,500, Block on Exit, from the day-trade count into the intraday margin rules."""
    return three("opening_range_breakout", cash=24_500, block_on="exit", params={"cash_per_trade": 12_000})


#: Opens and closes of a share that loses half of its value in nine sessions from 2025-02-18.
FALL = [100, 100, 100, 75, 70, 66, 60, 60, 58, 57, 50]


class Heavy(bt.Strategy):
    """Buys 195 shares on margin on the first bar and keeps them; 3,000 dollars come in on the 16th."""

    def next(self):
        if len(self) == 1:
            self.buy(size=195)
        if len(self) == 15:
            self.broker.add_cash(3_000.0)


def falling(sessions: int):
    """Daily bars of the fall; from the eleventh on the price stands."""
    prices = (FALL + [50] * sessions)[:sessions]
    table = {"date": pd.bdate_range("2025-02-18", periods=sessions), "open": prices, "high": prices, "low": prices, "close": prices}
    return load(pd.DataFrame(table | {"volume": 1e6}), symbol="DLY")


@pytest.fixture(scope="session")
def fall():
    """Runs it over so many sessions, with $10,000."""
    return lambda sessions, **more: run(Heavy, falling(sessions), cash=10_000, **more)


@pytest.fixture(scope="session")
def called(fall):
    """$10,000 and 195 shares that fall: two maintenance calls, both liquidated when they were due."""
    return fall(29)
