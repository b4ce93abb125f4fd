"""A search, a comparison and the user's own joblib in one program: the processes of one are no trouble to the next."""

from __future__ import annotations

import joblib
import pytest
from made_bars import days

import bt_pdt

SOURCE = """
import backtrader as bt

class Hold(bt.Strategy):
    params = (("size", 1),)

    def next(self):
        if len(self) == 1:
            self.buy(size=self.p.size)
"""


@pytest.mark.long
def test_searches_comparisons_and_joblib_take_turns(tmp_path):
    """Bought at 100, worth 103 at the end."""
    (tmp_path / "hold.py").write_text(SOURCE)
    strategy, bars = tmp_path / "hold.py", days("X", "2025-03-03", [100.0, 100, 104, 103])
    for _ in range(2):
        found = bt_pdt.tune(strategy, bars, {"size": [1, 2]}, objective="profit", method="grid", jobs=2)
        assert found.trials["profit"].tolist() == [3, 6]
        assert [run.profit for run in bt_pdt.compare(strategy, bars, modes=["off", "both"], jobs=2).runs] == [3, 3]
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(k) for k in (-1, -2)) == [1, 2]
