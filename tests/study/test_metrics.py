"""The numbers against hand numbers and against empyrical."""

import numpy as np
import pytest

from bt_pdt.report import metrics


def test_drawdown_by_hand():
    assert metrics.max_drawdown([100, 120, 90, 110, 130, 117]) == pytest.approx(-0.25)
    assert metrics.max_drawdown([100, 101]) == 0.0 and metrics.max_drawdown([]) == 0.0


def test_returns_by_hand():
    found = metrics.daily_returns(100.0, [110.0, 99.0, 199.0], [0.0, 0.0, 100.0])
    assert found == pytest.approx([0.1, -0.1, 0.0])
    assert np.isnan(metrics.daily_returns(0.0, [1.0])[0])


def test_sharpe_by_hand():
    # mean 0.01, sample deviation 0.01 -> 1 x sqrt(252)
    assert metrics.sharpe([0.0, 0.01, 0.02]) == pytest.approx(15.8745, abs=1e-4)
    assert metrics.sharpe([0.01]) is None and metrics.sharpe([0.0, 0.0, 0.0]) is None


def test_dtbp_use():
    rows = [{"bod_dtbp": 100.0, "lowest_daytrading_buying_power": 25.0}, {"bod_dtbp": 0.0, "lowest_daytrading_buying_power": 0.0}]
    rows += [{"bod_dtbp": None, "lowest_daytrading_buying_power": None}, {"bod_dtbp": 50.0, "lowest_daytrading_buying_power": 40.0}]
    assert metrics.dtbp_use(rows) == (0.75, 25.0)
    assert metrics.dtbp_use(rows[1:3]) == (None, None)


def test_against_empyrical(result):
    empyrical = pytest.importorskip("empyrical")
    returns = result.returns["return"]
    assert result.summary["sharpe"] == pytest.approx(empyrical.sharpe_ratio(returns))
    bars = np.diff(np.r_[result.equity_start, result.values]) / np.r_[result.equity_start, result.values[:-1]]
    assert result.summary["max_drawdown"] == pytest.approx(empyrical.max_drawdown(bars))
    assert result.summary["total_return"] == pytest.approx(empyrical.cum_returns_final(returns))
