"""A run end to end: what it takes, the tables, what it says about itself."""

import pickle
import sys
import textwrap
from datetime import date, time

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.core.journal import CallEntry
from bt_pdt.results.tables import COLUMNS
from bt_pdt.runs.study import StrategyFailed, load_bars, load_strategy, read_params, run, samples


class BuyOnce(bt.Strategy):
    """Buys ten shares on the first bar and keeps them."""

    params = (("size", 10), ("at", time(15, 30)), ("on", True), ("rate", 0.5), ("name", "x"), ("day", date(2026, 1, 2)), ("any", None))

    def next(self):
        if len(self) == 1:
            self.buy(size=self.p.size)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_documented_column_is_there(result, name):
    table = getattr(result, name)
    assert list(table.reset_index() if name == "returns" else table) == list(COLUMNS[name])
    assert len(table) or name in ("calls", "restrictions", "sizes")


def test_the_tables_agree_with_each_other_and_the_summary(result):
    s = result.summary
    assert s["orders"] == len(result.orders) == s["accepted"] + s["refused"]
    assert s["refused"] == len(result.refusals) == sum(n for k, n in s.items() if k.startswith("refused_"))
    assert (result.orders.status == "refused").sum() == s["refused"] == (~result.orders.accepted).sum()
    assert s["fills"] == len(result.fills) and result.fills.qty.sum() == result.orders.filled.sum()
    assert s["day_trades"] == result.day_trades["count"].sum() == result.fills.day_trades.sum()
    assert s["sessions"] == 40 == len(result.sessions) == len(result.returns)
    assert len(result.equity) == 40 * 390 and result.equity.equity.iloc[-1] == pytest.approx(s["equity_end"], abs=0.005)
    assert np.prod(1 + result.returns) - 1 == pytest.approx(s["total_return"])
    last = result.equity.groupby("session").equity.last()
    np.testing.assert_allclose(last, result.sessions.equity, atol=0.006)


def test_the_law_is_that_of_each_day(result):
    counted = result.refusals[result.refusals.reason == "PDT_COUNT"]
    assert len(counted) and counted.session.max() < pd.Timestamp("2026-06-04") and counted.closing.all()
    window = result.sessions.daytrade_count
    assert window.max() == 3 and window.notna().sum() == result.sessions.bod_dtbp.notna().sum() == 19
    assert result.day_trades[result.day_trades.session >= "2026-06-04"]["count"].sum() > 40
    stuck = result.held_overnight
    assert set(zip(stuck.session, stuck.symbol, strict=True)) <= set(zip(counted.session, counted.symbol, strict=True))


def test_the_manifest_says_what_ran(result, data, strategies):
    m = result.manifest
    assert m["versions"]["bt_pdt"] == bt_pdt.__version__ and m["versions"]["backtrader"].startswith("1.9.78")
    assert m["strategy"]["class"] == "OpeningRangeBreakout" and len(m["strategy"]["sha256"]) == 64
    assert m["strategy"]["parameters"]["cash_per_trade"] == 12_000 and m["strategy"]["parameters"]["flat_by"] == "15:55:00"
    assert m["data"]["sha256"] == bt_pdt.load(data).only(["IDXE", "LRGE", "IDX3"]).sha256 and "tidy bars" in m["data"]["detected_format"][0]
    first, second = m["rules_by_day"]
    assert (
        first["day"] == date(2026, 5, 7) and first["parameters"]["pdt_min_equity"] == 25_000 and first["parameters"]["pdt_check"] == "exit"
    )
    assert second["day"] == date(2026, 6, 4) and second["regime"] == "intraday_margin"
    assert second["changed"]["pdt_min_equity"] == {"before": 25_000, "after": None}
    assert any("SYNTHETIC" in warning for warning in result.warnings)


def test_a_result_travels_between_processes(result):
    assert pickle.loads(pickle.dumps(result)).summary == result.summary


def test_run_takes_classes_files_frames_and_bars(short_data, tmp_path):
    bars = bt_pdt.load(short_data).only(["IDXE"])
    ways = [bars, bars.tidy(), short_data, [short_data]]
    found = [bt_pdt.run(BuyOnce, way, cash=50_000, symbols=["IDXE"]).summary for way in ways]
    assert found[0] == found[1] == found[2] == found[3] and found[0]["fills"] == 1 and found[0]["day_trades"] == 0
    ran = run(BuyOnce, bars, cash=50_000, params={"size": 7}, fromdate="2025-12-23", todate=date(2025, 12, 24))
    assert ran.fills.qty.tolist() == [7] and ran.summary["sessions"] == 2
    assert len(ran.equity) == 390 + 210


def test_rules_off_and_a_frozen_day(short_data):
    off = run(BuyOnce, short_data, cash=1_000, params={"size": 1_000}, rules="off", symbols=["IDXE"])
    assert off.summary["refused"] == 0 and off.summary["fills"] == 1
    frozen = run(BuyOnce, short_data, cash=50_000, rules="2026-06-04", symbols=["IDXE"])
    assert [entry["regime"] for entry in frozen.manifest["rules_by_day"]] == ["intraday_margin"]
    assert frozen.sessions.bod_dtbp.isna().all()


def test_positions_carried_in_count_as_equity_and_as_closings(short_data):
    class SellAll(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.close()

    ran = run(SellAll, short_data, cash=10_000, symbols=["IDXE"], account={"positions": [("IDXE", 10, 500.0)]})
    assert ran.summary["equity_start"] == 15_000 and ran.fills.side.tolist() == ["sell"]


def test_deposits_are_no_return(short_data):
    class Deposit(bt.Strategy):
        def next(self):
            if len(self) == 500:
                self.broker.add_cash(1_000.0)

    ran = run(Deposit, short_data, cash=10_000, symbols=["IDXE"])
    assert ran.summary["equity_end"] == 11_000 and ran.summary["total_return"] == 0 and ran.returns.eq(0).all()


def test_a_deposit_is_no_profit(called):
    """10,000 falls to 964.14 (two forced sales, interest), then 3,000 come in and the price stands."""
    s = called.summary
    before = called.sessions.equity[called.sessions.session < "2025-03-11"].iloc[-1]
    assert s["deposits"] == 3_000 and s["withdrawals"] == 0 and s["equity_end"] == pytest.approx(before + 3_000)
    assert s["total_return"] == s["time_weighted_return"] == pytest.approx(before / 10_000 - 1)
    growth = 1 + s["money_weighted_return"]  # over 42 days from 2025-02-14; the deposit at the open of 2025-03-11 is from day 24 on
    assert 10_000 * growth + 3_000 * growth ** (18 / 42) == pytest.approx(s["equity_end"])
    assert s["interest"] == pytest.approx(-sum(e.amount for e in called.journal if getattr(e, "kind", "") == "interest"), abs=0.01)
    assert s["interest"] > 10 and s["borrow_fees"] == 0


def test_what_calls_cost(called):
    """At 66: 195 x 66 - 9,500 = 3,370 of equity, 30 % is 3,861. At 60, 73 shares release the 1,310 missing then; the rest the same way."""
    calls, s = called.calls, called.summary
    assert (s["calls"], s["calls_maintenance"], s["forced_fills"], s["restrictions"]) == (2, 2, 2, 0)
    first, second = calls.to_dict("records")
    assert first["amount"] == 491 and first["how"] == "maintenance margin $3,861 (30% of $12,870) - equity $3,370 = $491"
    assert (first["measured_on"], first["issued_on"]) == (pd.Timestamp("2025-02-25"), pd.Timestamp("2025-02-26"))
    assert first["due_on"] == first["ended_on"] == pd.Timestamp("2025-02-27") and first["status"] == "met"
    assert (first["forced_fills"], first["forced_shares"], first["forced_proceeds"]) == (1, 73, 4_380)
    assert second["amount"] == 166.8 and (second["forced_shares"], second["forced_proceeds"]) == (58, 2_900)
    assert called.fills.forced.dropna().tolist() == ["c1", "c2"] and called.account_closed is None


def test_calls_of_the_very_last_close_are_there(fall):
    ran = fall(6)
    (call,) = ran.call_rows
    assert (call["id"], call["status"], call["measured_on"], call["issued_on"]) == ("c1", "open", "2025-02-25", "2025-02-26")
    assert not any(isinstance(entry, CallEntry) for entry in ran.journal) and ran.figure() is not None


def test_a_hole_in_the_bars_is_no_row_of_zero_returns(short_data):
    tidy = bt_pdt.load(short_data).only(["IDXE"]).tidy()
    ran = run(BuyOnce, tidy[tidy.timestamp.dt.day != 23], cash=50_000)
    assert (ran.summary["sessions"], ran.summary["sessions_with_bars"], len(ran.returns)) == (6, 5, 5)
    assert np.prod(1 + ran.returns) - 1 == pytest.approx(ran.summary["total_return"])


def test_progress_is_told_from_start_to_end(short_data):
    told = []
    run(BuyOnce, short_data, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5 * 390 + 210,) * 2 and told == sorted(told)


def test_symbols_come_in_the_order_given(short_data):
    seen = []

    class Names(bt.Strategy):
        def start(self):
            seen[:] = [data._name for data in self.datas]

    for names in (["LRGE", "IDXE"], ["IDXE", "LRGE"]):
        run(Names, short_data, symbols=names)
        assert seen == names


def write(folder, name, text):
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return str(path)


def test_strategy_files(tmp_path):
    one = write(tmp_path, "one.py", "import backtrader as bt\nfrom beside import N\nclass One(bt.Strategy):\n    n = N\n")
    write(tmp_path, "beside.py", "N = 3\n")
    before = list(sys.path)
    assert load_strategy(one).n == 3 and load_strategy(f"{one}:One").__name__ == "One" and sys.path == before
    assert load_strategy(load_strategy(one)).__name__ == "One"
    two = write(tmp_path, "two.py", "import backtrader as bt\nclass A(bt.Strategy): pass\nclass Bee(A): pass\n")
    assert load_strategy(f"{two}:Bee").__name__ == "Bee"
    for bad, words in [
        (two, r"several strategies in it \(A, Bee\); name one, like"),
        (f"{two}:Bea", "did you mean 'Bee'"),
        (str(tmp_path / "no.py"), "there is no such strategy file"),
        (str(tmp_path), "is a folder"),
        (write(tmp_path, "none.py", "x = 1"), "no backtrader Strategy in it"),
        (write(tmp_path, "none2.py", "x = 1") + ":A", "no backtrader Strategy in it"),
        (write(tmp_path, "text.txt", "x = 1"), "ends in .py"),
        (write(tmp_path, "imports.py", "import no_such_thing"), r"ModuleNotFoundError: No module named 'no_such_thing' \(line 1\)"),
        (write(tmp_path, "syntax.py", "def ("), "SyntaxError"),
        (write(tmp_path, "leaves.py", "raise SystemExit(3)"), "SystemExit: 3"),
        (int, "int is not a subclass"),
        (3, "takes a class or a file"),
    ]:
        with pytest.raises(BadInput, match=words):
            load_strategy(bad)
    assert sys.path == before and not [name for name in sys.modules if name.startswith("bt_pdt_strategy_leaves")]


def test_an_exception_of_the_strategy_names_its_line(tmp_path, short_data):
    file = write(tmp_path, "zero.py", "import backtrader as bt\nclass Z(bt.Strategy):\n    def next(self):\n        1 / 0\n")
    with pytest.raises(StrategyFailed, match=r"zero.py, line 4: Z stopped with ZeroDivisionError: division by zero.") as failed:
        run(file, short_data)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)


def test_params_are_read_as_the_type_of_their_default():
    texts = {"size": "20", "at": "09:45", "on": "false", "rate": "2", "name": "3", "day": "2026-06-04", "any": "[1, 2]"}
    read = read_params(BuyOnce, texts)
    assert read == {"size": 20, "at": time(9, 45), "on": False, "rate": 2.0, "name": "3", "day": date(2026, 6, 4), "any": [1, 2]}
    assert read_params(BuyOnce, {"size": "0.5", "any": "word"}) == {"size": 0.5, "any": "word"}
    for text in ({"size": "x"}, {"at": "25:00"}, {"on": "perhaps"}, {"day": "x"}, {"siz": "1"}):
        with pytest.raises(BadInput):
            read_params(BuyOnce, text)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"params": {"siz": 1}}, "did you mean 'size'"),
        ({"cash": 0}, "cash must be above 0"),
        ({"cash": float("nan")}, "finite number of dollars"),
        ({"cash": "many"}, "finite number of dollars"),
        ({"brokerage": "alpca"}, "did you mean 'alpaca'"),
        ({"rules": "1999-01-01"}, "2001-09-28"),
        ({"block_on": "entri"}, "did you mean 'entry'"),
        ({"block_on": "entry", "pdt_check": "exit"}, "not both"),
        ({"set": {"pdt_min_equit": 1}}, "did you mean 'pdt_min_equity'"),
        ({"assets": [bt_pdt.Asset("IDX4")]}, "did you mean 'IDXE'"),
        ({"account": {"position": []}}, "did you mean 'positions'"),
        ({"symbols": ["IDXE", "IDXE"]}, "each symbol once"),
        ({"symbols": []}, "each symbol once"),
        ({"symbols": "IDXF"}, "did you mean 'IDXE'"),
        ({"fromdate": "soon"}, "fromdate takes a date"),
        ({"fromdate": "2027-01-01"}, "no bars from 2027-01-01"),
    ],
)
def test_bad_input_is_a_sentence(short_data, arguments, words):
    with pytest.raises(BadInput, match=words):
        run(BuyOnce, short_data, **arguments)


def test_data_of_several_kinds(short_data):
    bars = bt_pdt.load(short_data)
    with pytest.raises(BadInput, match="one Bars object"):
        load_bars([bars, bars])
    with pytest.raises(BadInput, match="no files of bars"):
        load_bars([])


def test_daily_bars_are_spoken_of(short_data):
    days = pd.bdate_range("2025-01-02", "2025-02-28")
    frame = pd.DataFrame({"date": days, "open": 100.0, "high": 101.0, "low": 99.0, "close": 100.0, "volume": 1e6})
    frame = frame[
        frame.date.dt.strftime("%m-%d").ne("01-09")
        & frame.date.dt.strftime("%m-%d").ne("01-20")
        & frame.date.dt.strftime("%m-%d").ne("02-17")
    ]
    ran = run(BuyOnce, bt_pdt.load(frame, symbol="DLY"), cash=50_000)
    assert ran.summary["fills"] == 1 and any("daily bars (DLY)" in warning for warning in ran.warnings)
    assert ran.figure() is not None


def test_bars_before_the_law_are_refused(short_data):
    tidy = bt_pdt.load(short_data).only(["IDXE"]).tidy()
    tidy["timestamp"] -= pd.Timedelta(days=365 * 25 + 7)
    with pytest.raises(BadInput, match=r"the bars begin on 2000-12-2.*2001-09-28.*--from"):
        run(BuyOnce, tidy)


def test_the_samples_are_found():
    found = samples()
    assert len(list(found.data.glob("*.parquet"))) == 2 and len(list(found.strategies.glob("*.py"))) >= 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"csh": 3}, "run argument 'csh' is not known; did you mean 'cash'"),
        ({"rules": False}, "rules takes as_of, off or a date"),
        ({"rules": None}, "rules takes as_of, off or a date"),
        ({"assets": {"SPY": 3}}, r"assets takes bt_pdt.Asset values, like Asset\('SPY', leverage=3\), got 3"),
        ({"assets": 5}, r"assets takes bt_pdt.Asset values"),
        ({"params": [1]}, "params takes a dict like"),
        ({"set": 5}, "set takes a dict like"),
        ({"account": 5}, "account takes a dict like"),
        ({"deposits": 5}, "deposits takes a list of"),
        ({"symbols": 5}, "symbols takes a list like"),
        ({"resample": 5}, "resample takes a list like"),
        ({"worst_price": "no"}, "worst_price takes True or False"),
        ({"charge_costs": "no"}, "charge_costs takes True or False"),
        ({"progress": "x"}, "progress takes True or a function"),
    ],
)
def test_arguments_of_another_kind_are_sentences(short_data, arguments, words):
    with pytest.raises(BadInput, match=words):
        run("strategies/sma_cross_intraday.py", short_data, **arguments)


@pytest.mark.parametrize("data", [None, 5])
def test_data_of_another_kind_is_a_sentence(data):
    with pytest.raises(BadInput, match=r"data takes bt_pdt.load"):
        run("strategies/sma_cross_intraday.py", data)
