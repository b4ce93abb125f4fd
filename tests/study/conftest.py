"""One run on the bundled sample that several tests look at."""

from pathlib import Path

import pytest

from bt_pdt import Asset
from bt_pdt.study import run, samples

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
def result(data, strategies):
    """$24,500, Block on Exit, from the day-trade count into the intraday margin rules."""
    return run(
        strategies / "opening_range_breakout.py",
        data,
        cash=24_500,
        block_on="exit",
        symbols=["IDXE", "LRGE", "IDX3"],
        params={"cash_per_trade": 12_000},
        assets=[Asset("IDX3", leverage=3)],
    )
