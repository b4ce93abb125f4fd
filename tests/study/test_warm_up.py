"""Bars that a strategy is shown before it may trade: its indicators are ready, the account is as if they had not been."""

from __future__ import annotations

import backtrader as bt
import pytest
from click.testing import CliRunner
from made_bars import days, minutes

import bt_pdt
from bt_pdt.cli import cli, main
from bt_pdt.core.errors import BadInput

#: Business days from Monday, 2025-03-03; the eighth is Wednesday, 2025-03-12.
PRICES = [100.0, 101, 102, 103, 104, 105, 106, 90, 95, 96, 97, 98]
BARS = days("X", "2025-03-03", PRICES)


class Average(bt.Strategy):
    """Keeps what its average was on each bar on which it may trade; buys ten shares on the first."""

    params = (("period", 5), ("log", None))
    seen: list[tuple[str, float]] = []  # noqa: RUF012

    def __init__(self):
        self.average = bt.indicators.SMA(self.data.close, period=self.p.period)

    def next(self):
        Average.seen.append((f"{self.data.datetime.date(0):%m-%d}", self.average[0]))
        if not self.position:
            self.buy(size=10)


def test_indicators_are_ready_on_the_first_bar():
    """Five closes up to the eighth day: 103, 104, 105, 106, 90 are 101.6 on average. Bought at the ninth's price of 95, sold at none."""
    Average.seen.clear()
    ran = bt_pdt.run(Average, BARS, cash=10_000, trade_from="2025-03-12")
    assert Average.seen[0] == ("03-12", pytest.approx(101.6)) and len(Average.seen) == 5
    assert ran.fills[["qty", "price"]].to_numpy().tolist() == [[10, 95]] and ran.summary["equity_end"] == 10_030
    assert [f"{day:%m-%d}" for day in ran.sessions.session] == ["03-12", "03-13", "03-14", "03-17", "03-18"] and len(ran.equity) == 5
    Average.seen.clear()
    cold = bt_pdt.run(Average, BARS, cash=10_000, fromdate="2025-03-12")
    assert Average.seen == [("03-18", pytest.approx(95.2))] and len(cold.fills) == 0


class Swing(bt.Strategy):
    """Trades both ways by prices alone, sizes by equity: what it does does not hang on what it was shown before."""

    def next(self):
        for data in self.datas:
            held = self.getposition(data).size
            if not held and data.close[0] < data.open[0]:
                self.buy(data=data, size=int(0.4 * self.broker.getvalue() / data.close[0]))
            elif held and data.close[0] > data.open[0]:
                self.close(data=data)


def test_the_account_is_as_without_them(short_data):
    """Every number, order and call of a strategy that looks at no past bar, with two sessions shown before and without."""
    shown = bt_pdt.run(Swing, short_data, cash=24_000, block_on="exit", trade_from="2025-12-24", account={"pattern_day_trader": True})
    cold = bt_pdt.run(Swing, short_data, cash=24_000, block_on="exit", fromdate="2025-12-24", account={"pattern_day_trader": True})
    assert shown.summary == cold.summary and shown.summary["orders"] > 20 and shown.journal == cold.journal
    assert shown.equity.equals(cold.equity) and shown.sessions.equals(cold.sessions)


def test_it_trades_as_the_rest_of_a_longer_run():
    """Flat where the part begins, a cross of averages does from there on what it does in the run over all bars."""
    prices = [100.0 + (7 * k % 13) - (5 * k % 17) for k in range(60)]
    bars = days("X", "2025-03-03", prices)

    class Cross(bt.Strategy):
        def __init__(self):
            self.cross = bt.indicators.CrossOver(bt.indicators.SMA(period=3), bt.indicators.SMA(period=10))

        def next(self):
            if self.cross[0] > 0 and not self.position:
                self.buy(size=10)
            elif self.cross[0] < 0 and self.position:
                self.close()

    whole = bt_pdt.run(Cross, bars, cash=100_000)
    closed = [trade for trade in whole.trades.itertuples() if trade.exit_at == trade.exit_at]
    middle = closed[1].exit_at.date()
    part = bt_pdt.run(Cross, bars, cash=100_000, trade_from=middle)
    later = whole.fills[whole.fills["at"].dt.date > middle]
    assert (
        len(later) > 4
        and part.fills[["at", "side", "qty", "price"]].values.tolist() == later[["at", "side", "qty", "price"]].values.tolist()
    )


def test_a_session_begins_at_eight_in_the_evening_and_a_late_symbol_keeps_nobody_waiting():
    """Y trades on the first day and again only on the third bar of the second; X has a bar at once, and the strategy goes by it."""
    bars = minutes(
        X={"2025-03-03": [(10, 10)] * 3, "2025-03-04": [(11, 11), (12, 12), (13, 13)]},
        Y={"2025-03-03": [(20, 20)] * 3, "2025-03-04": [(21, 21)]},
    )
    seen = []

    class Looks(bt.Strategy):
        def prenext(self):
            seen.append("shown")

        def next(self):
            seen.append((self.data.datetime.time(0).minute, self.datas[0].close[0], self.datas[1].close[0]))

    ran = bt_pdt.run(Looks, bars, cash=10_000, trade_from="2025-03-04")
    assert seen == ["shown"] * 3 + [(31, 11, 21), (32, 12, 21), (33, 13, 21)] and ran.summary["sessions"] == 1
    seen.clear()
    bt_pdt.run(Looks, minutes(X=bars_of(bars, "X"), Y={"2025-03-03": [(20, 20)] * 3}), cash=10_000, trade_from="2025-03-04")
    assert seen == ["shown"] * 3 + [(31, 11, 20), (32, 12, 20), (33, 13, 20)]


def bars_of(bars, symbol):
    found = bars.arrays(symbol)
    told = {}
    for at, begin, end in zip(found.datetimes.astype(str), found.open, found.close, strict=True):
        told.setdefault(at[:10], []).append((begin, end))
    return told


class Impatient(bt.Strategy):
    """Trades in prenext, as strategies over many feeds do."""

    def prenext(self):
        self.next()

    def next(self):
        if not self.position:
            self.buy(size=10)


def test_one_that_trades_before_it_may_is_told():
    with pytest.raises(BadInput, match=r"Impatient sent an order on 2025-03-03, before it may trade .*, so it cannot be warmed up"):
        bt_pdt.run(Impatient, BARS, trade_from="2025-03-12")


@pytest.mark.parametrize(
    ("day", "said"),
    [("2025-13-01", "trade_from takes a date like"), ("2025-04-01", "trade_from 2025-04-01 is after the last bar, of 2025-03-18")],
)
def test_a_slip_is_told(day, said):
    with pytest.raises(BadInput, match=said):
        bt_pdt.run(Average, BARS, trade_from=day)


def test_from_the_first_session_on_nothing_changes():
    assert bt_pdt.run(Average, BARS, trade_from="2025-03-03").journal == bt_pdt.run(Average, BARS).journal


# -- walk forward


def test_the_tests_of_a_walk_forward_are_warmed_up():
    """Twelve sessions, three parts of four: tests on 5-8 and 9-12. With an average of four days a cold test trades on its last bar at most."""
    found = bt_pdt.tune(Average, BARS, {"period": [4]}, objective="profit", method="grid", cash=10_000)
    cold = found.walk_forward(folds=2)
    assert [len(fold.test.fills) for fold in cold.folds] == [0, 0]
    Average.seen.clear()
    warm = found.walk_forward(folds=2, warm_up=3)
    # bought on the test's second day: 105 to 90 on the eighth, 96 to 98 on the twelfth
    assert [fold.values["profit"] for fold in warm.folds] == [-150, 20] and warm.table.test_profit.tolist() == [-150, 20]
    assert [str(day.date())[5:] for day in warm.returns.index] == ["03-07", "03-10", "03-11", "03-12", "03-13", "03-14", "03-17", "03-18"]
    # 101, 102, 103, 104 before the first test's first close
    assert ("03-07", pytest.approx(102.5)) in Average.seen
    assert warm.table.train_profit.tolist() == cold.table.train_profit.tolist(), "a search is shown nothing more"


def test_a_walk_forward_says_who_cannot_be_warmed_up():
    found = bt_pdt.tune(Impatient, BARS, {"cash": [10_000]}, objective="profit", method="grid")
    assert found.walk_forward(folds=2).folds[0].error == ""
    assert "before it may trade" in found.walk_forward(folds=2, warm_up=2).folds[0].error


@pytest.mark.parametrize("warm_up", [-1, 5, 1.5, True])
def test_a_warm_up_that_is_not_there_is_told(warm_up):
    found = bt_pdt.tune(Average, BARS, {"period": [4]}, objective="profit", method="grid")
    with pytest.raises(BadInput, match="warm_up takes a whole number of sessions up to the 4 before the first test"):
        found.walk_forward(folds=2, warm_up=warm_up)


def test_on_the_command_line(tmp_path, strategies, short_data, capsys):
    given = [str(strategies / "sma_cross_intraday.py"), "--data", str(short_data), "--symbols", "IDXE", "--cash", "24000"]
    told = CliRunner().invoke(cli, ["run", *given, "--trade-from", "2025-12-29", "--out", str(tmp_path / "r")])
    assert told.exit_code == 0 and [f"{day:%m-%d}" for day in bt_pdt.load(tmp_path / "r").sessions.session] == ["12-29", "12-30"]
    search = ["tune", *given, "--space", "fast=5,10", "--method", "grid", "--jobs", "1"]
    assert CliRunner().invoke(cli, [*search, "--walk-forward", "1", "--warm-up", "2"]).exit_code == 0
    with pytest.raises(SystemExit):
        main([*search, "--warm-up", "2"])
    assert "--warm-up goes with --walk-forward" in capsys.readouterr().err
