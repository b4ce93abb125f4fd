"""Results of real bars: played again the account is worth what the host said, and a saved run is the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bt_pdt
from bt_pdt.results.accounts import Replay
from bt_pdt.results.tables import COLUMNS
from bt_pdt.runs.study import run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data"
DAILY, MINUTES = FOLDER / "lean_us_equity_daily.parquet", FOLDER / "us_equity_1min_2019-02-11_2019-02-15.parquet"
needs_data = pytest.mark.skipif(not DAILY.exists() or not MINUTES.exists(), reason="the real bars are not beside the checkout")

RUNS: dict[str, tuple[str, Path, dict[str, Any]]] = {
    "a fall on margin, sold out": ("leveraged_hold", DAILY, {"symbols": ["AIG"], "cash": 50_000, "deposits": [("2008-03-03", 1_000)]}),
    "a fall on margin, paid": ("leveraged_hold", DAILY, {"symbols": ["BAC"], "cash": 50_000, "on_call": "deposit"}),
    "day trades": ("sma_cross_intraday", MINUTES, {"symbols": ["AAPL", "SPY", "TSLA"], "cash": 20_000, "block_on": "exit"}),
    "brackets": ("mean_reversion_brackets", MINUTES, {"symbols": ["AAPL", "TSLA"], "cash": 40_000}),
}


@needs_data
@pytest.mark.parametrize("name", RUNS)
def test_played_again_and_read_back(name: str, tmp_path: Path) -> None:
    strategy, file, words = RUNS[name]
    days = {"fromdate": "2008-01-02", "todate": "2009-03-31"} if file == DAILY else {}
    ran = run(ROOT / "strategies" / f"{strategy}.py", file, **words, **days)
    assert ran.summary["fills"] > 0
    replay, worth = Replay(ran.journal, ran.times, ran.closes, ran.manifest["parameters"], file == DAILY), []
    for k, at in enumerate(ran.times.tolist()):
        replay.bar(k, at)
        worth.append(replay.account.equity())
    np.testing.assert_allclose(worth, ran.values, atol=0.005)
    closed = ran.trades.dropna(subset=["exit_at"])
    costs = ran.summary["interest"] + ran.summary["borrow_fees"] - ran.summary["deposits"]
    if len(closed) == len(ran.trades):
        assert closed.pnl.sum() == pytest.approx(ran.values[-1] - ran.equity_start + costs, abs=0.02)
    found = bt_pdt.load(ran.save(tmp_path / "run"))
    assert found.journal == ran.journal and found.summary == ran.summary and found.manifest == ran.manifest
    for table in COLUMNS:
        check = pd.testing.assert_series_equal if table == "returns" else pd.testing.assert_frame_equal
        check(getattr(found, table), getattr(ran, table), check_exact=True)
