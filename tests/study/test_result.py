"""What a result shows: round trips, the account bar by bar, columns with units, a notebook's headline. Numbers by hand."""

from __future__ import annotations

from datetime import date, datetime

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.core.journal import FillEntry
from bt_pdt.core.orders import Fill
from bt_pdt.results import tables
from bt_pdt.results.accounts import Replay
from bt_pdt.runs.study import run


def filled(at, side, qty, price, commission=0.0, day_trades=0, forced=None, symbol="X"):
    at = datetime.fromisoformat(at)
    return FillEntry(at, at.date(), Fill(symbol, side, qty, price, "1", commission, at), day_trades, forced)


def trips(*fills, **more):
    return tables.trade_rows(fills, **more)


def test_a_trade_in_parts_is_one_round_trip():
    """60 at 100 and 40 at 110 are 100 at 104; sold 50 at 120 and 50 at 108: 11,400 - 10,400 - 5 of commission."""
    found = trips(
        filled("2026-05-07 10:00", "buy", 60, 100.0, 1.0),
        filled("2026-05-07 11:00", "buy", 40, 110.0, 1.0),
        filled("2026-05-07 12:00", "sell", 50, 120.0, 1.5, day_trades=1),
        filled("2026-05-12 10:00", "sell", 50, 108.0, 1.5),
    )
    (row,) = found
    assert (row["side"], row["qty"], row["entry_price"], row["exit_price"]) == ("long", 100, 104.0, 114.0)
    assert (row["pnl"], row["commission"]) == (995.0, 5.0) and row["day_trade"] and row["forced"] is None
    assert (row["entry_at"], row["exit_at"]) == (datetime(2026, 5, 7, 10), datetime(2026, 5, 12, 10))
    assert row["sessions_held"] == 3  # the closes of Thursday, Friday and Monday


def test_shorts_forced_sales_and_what_is_left_open():
    found = trips(
        filled("2026-05-07 10:00", "sell", 10, 100.0),
        filled("2026-05-07 10:30", "buy", 5, 50.0, symbol="Y"),
        filled("2026-05-08 10:00", "buy", 10, 130.0, forced="c1"),
        end=date(2026, 5, 8),
    )
    short, still_open = found
    assert (short["side"], short["pnl"], short["sessions_held"], short["forced"]) == ("short", -300.0, 1, "c1") and not short["day_trade"]
    assert still_open["symbol"] == "Y" and still_open["exit_at"] is None and still_open["pnl"] is None and still_open["exit_price"] is None


def test_a_reversal_is_two_and_a_carried_position_has_no_entry():
    """10 carried in at 90; 25 sold at 100 for a dollar and a quarter: 10 end the long, 15 begin a short that 15 bought at 95 end."""
    found = trips(
        filled("2026-05-07 10:00", "sell", 25, 100.0, 1.25),
        filled("2026-05-07 11:00", "buy", 15, 95.0),
        carried=[("X", 10, 90.0)],
        begin=date(2026, 5, 7),
    )
    long, short = found
    assert long["entry_at"] is None and (long["entry_price"], long["pnl"], long["sessions_held"]) == (90.0, 99.5, 1)
    assert (short["side"], short["qty"], short["pnl"], short["sessions_held"]) == ("short", 15, 74.25, 0)


def test_the_trades_of_a_run_make_what_the_account_made(result):
    done = result.trades.dropna(subset=["exit_at"])
    assert len(done) == len(result.trades) and result.summary["interest"] > 0.0
    assert done.pnl.sum() - result.summary["interest"] == pytest.approx(result.values[-1] - result.equity_start)
    assert done.day_trade.sum() == result.summary["day_trades"]  # one a symbol and day here
    assert set(zip(result.held_overnight.session, result.held_overnight.symbol, strict=True)) <= {
        (day, trade.symbol)
        for trade in done.itertuples()
        if trade.sessions_held
        for day in pd.date_range(trade.entry_at.normalize(), trade.exit_at.normalize())
    }


def test_forced_trades_name_their_call(called):
    (trade,) = called.trades.to_dict("records")
    assert trade["forced"] == "c1" and trade["qty"] == 195 and pd.isna(trade["pnl"]) and pd.isna(trade["exit_at"])  # 64 are left


# -- the account bar by bar


class Script(bt.Strategy):
    """``params.script``: bar number -> what is done after it."""

    params = (("script", ()),)

    def next(self):
        for bar, act in self.p.script:
            if len(self) == bar:
                act(self)


def minutes(day, prices):
    """Minute bars of X at these closes, each opening where the one before closed."""
    ends = pd.date_range(f"{day} 09:31", periods=len(prices), freq="min")
    opens = [prices[0], *prices[:-1]]
    table = {"timestamp": ends, "open": opens, "high": np.maximum(opens, prices), "low": np.minimum(opens, prices), "close": prices}
    return bt_pdt.load(pd.DataFrame(table | {"volume": 1e6}), symbol="X", stamp="end", tz="America/New_York", timeframe="1 minute")


def buy(strategy):
    strategy.buy(size=100)


def leave(strategy):
    strategy.close()


def test_the_account_under_the_day_trade_count():
    """$30,000 of a pattern day trader: 4 x 30,000 of DTBP. 100 shares at 100 take 10,000 of it, 2 x 5,000 of Reg T buying power."""
    bars = minutes("2026-05-07", [100.0, 100.0, 110.0, 110.0, 110.0])
    flagged = {"pattern_day_trader": True}
    ran = run(Script, bars, cash=30_000, account=flagged, params={"script": ((1, buy), (3, leave))})
    table = ran.account
    assert table["at"].dt.strftime("%H:%M").tolist() == ["09:31", "09:32", "09:33", "09:34", "09:35"]
    assert table["equity"].tolist() == [30_000, 30_000, 31_000, 31_000, 31_000]
    assert table["cash"].tolist() == [30_000, 20_000, 20_000, 31_000, 31_000]
    assert table["dtbp_start"].tolist() == [120_000] * 5
    assert table["dtbp_used"].tolist()[1:] == [10_000, 10_000, 0, 0]  # at cost, and the entry's value is given back
    assert (table["dtbp_used"] + table["dtbp_available"] == table["dtbp_start"]).all()
    # held: 2 x 50 % of 10,000, then of 11,000
    assert table["regt_used"].tolist()[1:] == [10_000, 11_000, 0, 0]
    assert table["regt_available"].tolist()[1:] == [50_000, 51_000, 62_000, 62_000]
    # the working market order of the first bar reserves its value at the last price: on this day there is no collar any more
    assert table["dtbp_used"][0] == 10_000 and table["regt_used"][0] == 10_000
    assert (
        table["day_trades_used"].tolist() == [0, 0, 0, 1, 1] and table["day_trades_left"].isna().all()
    )  # $25,000 and more: no count binds
    assert table["intraday_margin_level"].isna().all()


def test_day_trades_left_where_the_count_binds():
    bars = minutes("2026-05-07", [100.0, 100.0, 100.0, 100.0])
    ran = run(Script, bars, cash=20_000, params={"script": ((1, buy), (2, leave))})
    assert ran.account["day_trades_used"].tolist() == [0, 0, 1, 1] and ran.account["day_trades_left"].tolist() == [3, 3, 2, 2]
    assert ran.account["dtbp_start"].eq(0).all()  # under $25,000 there is none


def test_the_account_under_the_intraday_margin_rule():
    """No count, no DTBP. 100 shares at 100: within the day 25 % of 10,000, the level is what is left of 30,000."""
    bars = minutes("2026-06-08", [100.0, 100.0, 100.0, 100.0])
    table = run(Script, bars, cash=30_000, params={"script": ((1, buy), (2, leave))}).account
    none = ["dtbp_start", "dtbp_used", "dtbp_available", "day_trades_used", "day_trades_left"]
    assert table[none].isna().all().all()
    assert table["intraday_margin_level"].tolist() == [30_000, 27_500, 30_000, 30_000]
    assert table["regt_available"].tolist()[1:] == [50_000, 60_000, 60_000]


@pytest.mark.parametrize("kept", ["result", "called"])
def test_the_account_played_again_is_that_of_the_run(kept, request):
    """Cash at the last bar of a session and the start of its day are those that the run itself wrote down."""
    ran = request.getfixturevalue(kept)
    table = ran.account
    last = table.groupby("session").last()
    rows = ran.sessions.set_index("session").loc[last.index]
    np.testing.assert_allclose(last["dtbp_start"], rows["bod_dtbp"].astype("float64"), atol=0.006)
    np.testing.assert_array_equal(last["day_trades_used"].isna(), rows["daytrade_count"].isna())
    np.testing.assert_array_equal(last["day_trades_used"].dropna(), rows["daytrade_count"].dropna())
    moved = ran.fills.assign(cash=ran.fills.qty * ran.fills.price * np.where(ran.fills.side == "sell", 1, -1) - ran.fills.commission)
    flows = ran.summary["deposits"] - ran.summary["interest"] - ran.summary["borrow_fees"]
    assert table["cash"].iloc[-1] == pytest.approx(ran.manifest["parameters"]["cash"] + moved.cash.sum() + flows, abs=0.02)
    assert np.array_equal(table["equity"], ran.equity["equity"]) and np.array_equal(table["at"], ran.equity["at"])


@pytest.mark.parametrize("kept", ["result", "called"])
def test_played_again_it_is_worth_what_the_host_said_at_every_bar(kept, request):
    """The host's equity is its own; the account that is played again never sees it."""
    ran = request.getfixturevalue(kept)
    daily = ran.manifest["data"]["bar_length"] == "1 day"
    replay, worth = Replay(ran.journal, ran.times, ran.closes, ran.manifest["parameters"], daily), []
    for k, at in enumerate(ran.times.tolist()):
        replay.bar(k, at)
        worth.append(replay.account.equity())
    np.testing.assert_allclose(worth, ran.values, atol=0.005)


def test_a_cash_account_has_neither_kind_of_buying_power():
    bars = minutes("2026-05-07", [100.0, 100.0, 100.0])
    table = run(Script, bars, cash=30_000, account={"account_type": "cash"}, params={"script": ((1, buy),)}).account
    assert table[["dtbp_start", "regt_available", "regt_used", "day_trades_used"]].isna().all().all()
    assert table["cash"].tolist() == [30_000, 20_000, 20_000]


def test_an_account_that_cannot_be_played_again_says_so(result):
    bare = bt_pdt.Result((), result.times[:0], result.values[:0], (), 1_000.0)
    with pytest.raises(BadInput, match="cannot be played again"):
        _ = bare.account


# -- money that comes and goes


def test_a_withdrawal_is_no_fall():
    """40,000 of 100,000 leave on a flat day; the only fall is from 60,000 to 57,000, five percent."""
    bars = minutes("2026-05-07", [100.0, 100.0, 100.0, 100.0, 70.0])
    ran = run(Script, bars, cash=100_000, params={"script": ((1, lambda s: s.broker.add_cash(-40_000.0)), (3, buy))})
    assert ran.values.tolist() == [100_000, 60_000, 60_000, 60_000, 57_000]
    assert ran.summary["withdrawals"] == 40_000 and ran.summary["max_drawdown"] == pytest.approx(-0.05)


def test_a_deposit_hides_no_fall_whenever_its_value_is_asked():
    """A fall of 3,000 on 60,000 while 50,000 come in; asked for a value, the broker takes them in at the end of the bar before."""

    def pay(strategy):
        strategy.broker.add_cash(50_000.0)
        assert strategy.broker.getvalue([strategy.data]) == 10_000  # of the position

    bars = minutes("2026-05-07", [100.0, 100.0, 100.0, 70.0, 70.0])
    for act, values in ((pay, [60_000, 60_000, 110_000, 107_000, 107_000]), (lambda s: s.broker.add_cash(50_000.0), None)):
        ran = run(Script, bars, cash=60_000, params={"script": ((1, buy), (3, act))})
        assert values is None or ran.values.tolist() == values
        assert ran.summary["max_drawdown"] == pytest.approx(-3_000 / 110_000)  # the 50,000 were there before the bar that fell


# -- what it says of itself


@pytest.mark.parametrize("name", tables.COLUMNS)
def test_every_column_has_a_unit(name):
    found = bt_pdt.Result.columns(name)
    assert list(found) == list(tables.COLUMNS[name]) and all(column.meaning for column in found.values())
    numbers = ("$", "$ a share", "shares", "fraction", "day trades", "orders", "executions", "sessions", "times", "number")
    table = tables.frame(name, []) if name != "returns" else pd.DataFrame({"return": [0.0]})
    for column in table.columns:
        kind = str(table[column].dtype)
        wanted = "time" if "[us]" in kind else "day" if "[s]" in kind else "true/false" if kind == "boolean" else None
        unit = found[column].unit
        assert unit == wanted or (wanted is None and (unit in numbers) == (kind in ("float64", "Int64"))), (column, unit, kind)


def test_columns_of_no_table_name_the_nearest():
    with pytest.raises(BadInput, match="table 'ordrs' is not known; did you mean 'orders'"):
        bt_pdt.Result.columns("ordrs")


def test_a_notebook_sees_the_headline(result, called):
    shown = result._repr_html_()
    assert "OpeningRangeBreakout at alpaca" in shown and "$24,500 to $26,275.98" in shown and "<td>PDT_COUNT</td><td>168</td>" in shown
    assert "SYNTHETIC" in shown and "result.held_overnight" in shown and "margin calls" not in shown and len(shown) < 4_000
    shown = called._repr_html_()
    assert "<td>c1</td><td>maintenance</td><td>$491</td><td>2025-02-27</td><td>met</td>" in shown and "result.refusals" not in shown


def test_what_a_user_named_is_no_markup(result):
    manifest = dict(result.manifest) | {"strategy": {"class": "<script>x</script>"}}
    odd = bt_pdt.Result((), result.times[:0], result.values[:0], (), 1_000.0, manifest=manifest, warnings=["<img src=x>"])
    shown = odd._repr_html_()
    assert "<script>" not in shown and "<img" not in shown and "&lt;script&gt;x" in shown and "<td>-</td>" in shown
