"""The numbers against hand numbers and against empyrical."""

import math
from datetime import date, datetime

import numpy as np
import pytest

from bt_pdt import Account
from bt_pdt.core.journal import CashEntry
from bt_pdt.results import cash, metrics


def test_drawdown_by_hand():
    assert metrics.max_drawdown([100, 120, 90, 110, 130, 117]) == pytest.approx(-0.25)
    assert metrics.max_drawdown([100, 101]) == 0.0 and metrics.max_drawdown([]) == 0.0


def test_returns_by_hand():
    found = metrics.daily_returns(100.0, [110.0, 99.0, 199.0], [0.0, 0.0, 100.0])
    assert found == pytest.approx([0.1, -0.1, 0.0])
    assert np.isnan(metrics.daily_returns(0.0, [1.0])[0])
    # 100 comes in at the open, both hundreds gain 10 %; 50 comes at noon and earns 10 % for half of the day: 20 and 2.50 on 225
    assert metrics.daily_returns(100.0, [220.0], [100.0], [100.0]) == pytest.approx([0.1])
    assert metrics.daily_returns(200.0, [272.5], [50.0], [25.0]) == pytest.approx([0.1])
    assert np.isnan(metrics.daily_returns(100.0, [0.0], [-100.0], [-100.0])[0])


def test_time_weighted_by_hand():
    # +10 %, then flat while 100 comes in, then -5 %
    assert metrics.chained(metrics.daily_returns(100.0, [110.0, 210.0, 199.5], [0.0, 100.0, 0.0])) == pytest.approx(1.1 * 0.95 - 1)
    assert metrics.chained([]) == 0.0 and metrics.chained([0.1, np.nan]) is None


@pytest.mark.parametrize(
    "start, flows, end, days, rate",
    [
        (100.0, [(100.0, 100.0)], 231.0, 200.0, 0.21),  # 100 x 1.21 + 100 x 1.1
        (100.0, [(100.0, -55.0)], 60.5, 200.0, 0.21),  # 121 - 55 x 1.1
        (100.0, [(200.0, 50.0)], 150.0, 200.0, 0.0),  # money on the last day earns nothing
        (100.0, [(0.0, 100.0)], 150.0, 200.0, -0.25),
        (100.0, [], 121.0, 364.0, 0.21),  # under a year: the period's
        (100.0, [], 121.0, 730.0, 0.10),  # two years at 10 %
        (100.0, [(365.0, 100.0)], 231.0, 730.0, 0.10),
        (100.0, [], -5.0, 200.0, None),  # more than all is lost
        (100.0, [(100.0, -230.0)], -132.0, 200.0, None),  # 10 % and 20 % twice over would both do it
        (100.0, [], 100.0, 0.0, None),
    ],
)
def test_money_weighted_by_hand(start, flows, end, days, rate):
    found = metrics.money_weighted_return(start, flows, end, days)
    assert found is None if rate is None else found == pytest.approx(rate, abs=1e-9)


def test_money_counts_for_the_close_that_it_comes_before():
    def entry(kind, at, amount, decision=None):
        at = datetime.fromisoformat(at)
        return CashEntry(at, at.date(), kind, amount, decision)

    journal = [
        entry("deposit", "2024-03-06 10:00", 100.0),
        entry("withdraw", "2024-03-06 16:00", 30.0),
        entry("deposit", "2024-03-07 16:30", 5.0),  # after the close of a Thursday
        entry("interest", "2024-03-08 10:00", -2.0),
        entry("interest", "2024-03-08 10:00", 0.5),
        entry("fee", "2024-03-08 10:00", -1.25),
        entry("dividend", "2024-03-08 10:00", 40.0),
        entry("deposit", "2024-03-08 17:00", 7.0),
    ]
    moved, at_work = cash.flows(journal, ["2024-03-06", "2024-03-07", "2024-03-08"])
    assert moved.tolist() == [70.0, 0.0, 5.0, 7.0]
    assert at_work == pytest.approx([100 * 360 / 390, 0.0, 5.0, 7.0])  # 360 minutes of 390 were left at 10:00, none at the close
    assert cash.flows(journal, ["2024-03-08"]).moved.tolist() == [75.0, 7.0]  # days without bars in between
    assert cash.totals(journal) == (112.0, 30.0, 2.0, 1.25)
    no = Account(1_000, at=datetime(2024, 3, 6, 9)).withdraw(2_000)
    assert not no.accepted and cash.totals([entry("withdraw", "2024-03-06 10:00", 2_000.0, no)]) == (0.0, 0.0, 0.0, 0.0)


def test_the_money_of_a_run_is_dated_by_its_closes():
    # Friday's close to Wednesday's: 5 days; 100 comes in at Monday's close, 2 of 5 days before the end, or at its open, all 5 days before
    rows = [{"session": day, "equity": equity} for day, equity in (("2024-03-11", 200.0), ("2024-03-12", 200.0), ("2024-03-13", 220.0))]
    journal = [CashEntry(datetime(2024, 3, 11, 16), date(2024, 3, 11), "deposit", 100.0)]
    rate = cash.money_weighted_return(journal, rows, 100.0, 220.0)
    assert 100 * (1 + rate) + 100 * (1 + rate) ** (2 / 5) == pytest.approx(220.0)
    early = [CashEntry(datetime(2024, 3, 11, 9, 30), date(2024, 3, 11), "deposit", 100.0)]
    assert cash.money_weighted_return(early, rows, 100.0, 220.0) == pytest.approx(0.1)
    assert cash.time_weighted_return(journal, rows, 100.0, 220.0) == cash.total_return(journal, rows, 100.0, 220.0) == pytest.approx(0.1)
    assert cash.total_return([], rows, 100.0, 220.0) == pytest.approx(1.2) and cash.total_return(journal, rows, 0.0, 220.0) is None
    assert cash.money_weighted_return(journal, [], 100.0, 100.0) is None
    # 2023-03-10 is the session before 2023-03-13: 365 days to 2024-03-09, a Saturday
    ends = [[{"session": "2023-03-13"}, {"session": day}] for day in ("2024-03-08", "2024-03-11")]
    assert [cash.is_a_years(rows) for rows in ([], *ends)] == [False, False, True]


def test_sharpe_by_hand():
    # mean 0.01, sample deviation 0.01 -> 1 x sqrt(252)
    assert metrics.sharpe([0.0, 0.01, 0.02]) == pytest.approx(15.8745, abs=1e-4)
    assert metrics.sharpe([0.01]) is None and metrics.sharpe([0.0, 0.0, 0.0]) is None


def test_dtbp_use():
    rows = [{"bod_dtbp": 100.0, "lowest_daytrading_buying_power": 25.0}, {"bod_dtbp": 0.0, "lowest_daytrading_buying_power": 0.0}]
    rows += [{"bod_dtbp": None, "lowest_daytrading_buying_power": None}, {"bod_dtbp": 50.0, "lowest_daytrading_buying_power": 40.0}]
    assert metrics.dtbp_use(rows) == (0.75, 25.0)
    assert metrics.dtbp_use(rows[1:3]) == (None, None)


def test_index_without_what_came_in_or_left():
    # +10 %; 100 comes in before a bar that falls from 210 to 105; everything but 5 leaves and the 5 double
    found = metrics.time_weighted_index(100.0, [110.0, 105.0, 10.0], [0.0, 100.0, -100.0])
    assert found == pytest.approx([100.0, 110.0, 55.0, 110.0])
    assert metrics.max_drawdown(found) == pytest.approx(-0.5)
    assert metrics.time_weighted_index(100.0, [110.0, 99.0], [0.0, 0.0]).tolist() == [100.0, 110.0, 99.0]
    # nothing is left to earn on: the index stays
    assert metrics.time_weighted_index(100.0, [0.0, 50.0, 100.0], [0.0, 50.0, 0.0]) == pytest.approx([100.0, 0.0, 0.0, 0.0])
    assert metrics.time_weighted_index(100.0, [50.0, -10.0, 40.0], [1.0, 0.0, 0.0])[-1] < 0  # a debt is no profit when it is paid


def test_flows_belong_to_the_bar_that_they_come_with():
    times = np.array(["2024-03-06T10:00", "2024-03-06T10:01", "2024-03-06T10:02"], dtype="datetime64[us]")
    moments = ("10:00:00", "10:00:30", "10:01:00.000400", "10:02:01")
    journal = [CashEntry(datetime.fromisoformat(f"2024-03-06 {at}"), date(2024, 3, 6), "deposit", 10.0**k) for k, at in enumerate(moments)]
    assert cash.bar_flows(journal, times).tolist() == [1.0, 110.0, 0.0]  # what comes after the last bar is in none


def test_a_years_numbers_by_hand():
    # 126 sessions of 0.1 %: half a year; a year is twice that
    assert metrics.cagr([0.001] * 126) == pytest.approx(1.001**252 - 1)
    assert (
        metrics.cagr([]) is None
        and metrics.cagr([0.1, np.nan]) is None
        and metrics.cagr([-1.0, 0.1]) == -1.0
        and metrics.cagr([-1.5]) is None
    )
    # +10 %, -20 %, +5 %: mean -1/60; squared losses 0, 0.04, 0: root of 0.04 / 3
    returns = [0.10, -0.20, 0.05]
    assert metrics.sortino(returns) == pytest.approx((-0.05 / 3) / math.sqrt(0.04 / 3) * math.sqrt(252))
    assert metrics.sortino([0.01, 0.02]) is None and metrics.sortino([0.01]) is None
    assert metrics.worst_day(returns) == -0.20 and metrics.worst_day([np.nan, 0.3]) == 0.3 and metrics.worst_day([]) is None
    assert metrics.volatility([0.0, 0.01, 0.02]) == pytest.approx(0.01 * math.sqrt(252)) and metrics.volatility([0.1]) is None
    assert metrics.closing_drawdown(returns) == pytest.approx(-0.20) and metrics.closing_drawdown([0.1, np.nan]) is None
    assert metrics.calmar(returns) == pytest.approx(((1.1 * 0.8 * 1.05) ** 84 - 1) / 0.20) and metrics.calmar([0.1, 0.1]) is None


# -- against independent libraries, where they can be imported

EXACT = {"rel": 1e-9, "abs": 1e-12}


@pytest.mark.parametrize("kept", ["result", "called"])
def test_against_empyrical(kept, request):
    empyrical = pytest.importorskip("empyrical", reason="empyrical-reloaded is not installed")
    ran = request.getfixturevalue(kept)
    returns, s = ran.returns, ran.summary
    for name, other in (
        ("sharpe", empyrical.sharpe_ratio),
        ("sortino", empyrical.sortino_ratio),
        ("volatility", empyrical.annual_volatility),
        ("cagr", empyrical.cagr),
        ("closing_drawdown", empyrical.max_drawdown),
        ("calmar", empyrical.calmar_ratio),
        ("time_weighted_return", empyrical.cum_returns_final),
    ):
        assert s[name] == pytest.approx(float(other(returns)), **EXACT), name
    index = ran.time_weighted_index
    assert s["max_drawdown"] == pytest.approx(float(empyrical.max_drawdown(index[1:] / index[:-1] - 1)), **EXACT)
    assert s["max_drawdown"] <= s["closing_drawdown"] < 0


def test_quantstats_takes_the_returns_as_they_are(result):
    stats = pytest.importorskip("quantstats", reason="quantstats is not installed").stats
    s = result.summary
    assert stats.sharpe(result.returns) == pytest.approx(s["sharpe"], **EXACT)
    assert stats.sortino(result.returns) == pytest.approx(s["sortino"], **EXACT)
    assert stats.volatility(result.returns) == pytest.approx(s["volatility"], **EXACT)
    assert stats.comp(result.returns) == pytest.approx(s["time_weighted_return"], **EXACT)
    assert stats.max_drawdown(result.returns) == pytest.approx(s["closing_drawdown"], **EXACT)


def test_pyfolio_takes_the_returns_as_they_are(result):
    timeseries = pytest.importorskip("pyfolio.timeseries", reason="pyfolio-reloaded is not installed")
    s, found = result.summary, timeseries.perf_stats(result.returns)
    for name, ours in (
        ("Annual return", "cagr"),
        ("Cumulative returns", "time_weighted_return"),
        ("Annual volatility", "volatility"),
        ("Sharpe ratio", "sharpe"),
        ("Calmar ratio", "calmar"),
        ("Max drawdown", "closing_drawdown"),
        ("Sortino ratio", "sortino"),
    ):
        assert float(found[name]) == pytest.approx(s[ours], **EXACT), name
