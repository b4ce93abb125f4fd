"""Real bars, read only where they are present (``../shared/data`` beside the repository); they are never part of it."""

import datetime
from pathlib import Path

import pytest

from bt_pdt.bars import load

FOLDER = Path(__file__).parents[3] / "shared" / "data"


def bars_of(name):
    path = FOLDER / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"real bars are not on this machine: {path} is missing")
    return load(path)


def report_of(bars):
    return {one.symbol: one for one in bars.report.symbols}


def findings(bars):
    return {(finding.kind, finding.symbol) for finding in bars.report.findings}


def test_spy_2011_has_43_full_sessions_across_the_clock_change():
    bars = bars_of("spy_1min_extended_2011-01_2011-03")
    one = report_of(bars)["SPY"]
    assert (one.bars, one.sessions, one.expected, one.missing, one.off_session) == (31_757, 43, 43 * 390, 0, 0)
    assert findings(bars) == {("gap", "SPY")} and "2011-02-01 to 2011-02-28" in str(bars.report)  # the file has no February
    assert "start-stamped (seen at the open)" in bars.detected_format
    index = bars.frame("SPY").index
    for day in ("2011-03-11", "2011-03-14"):  # Friday before, Monday after 2011-03-13
        clocks = index[index.normalize() == day].strftime("%H:%M")
        assert {"09:31", "16:00"} <= set(clocks) and sum("09:31" <= clock <= "16:00" for clock in clocks) == 390


def test_goog_closes_at_one_on_christmas_eve_2015():
    goog = bars_of("lean_us_equity_1min_extended").only("GOOG").between("2015-12-24", "2015-12-24")
    frame = goog.frame("GOOG")
    regular = frame.between_time("09:31", "13:00")
    assert len(regular) == 210 and frame.volume["2015-12-24 13:00"] > 10 * regular.volume.median()
    assert report_of(goog)["GOOG"].expected == 210


def test_lean_minutes_show_the_split_of_apple_and_no_other():
    bars = bars_of("lean_us_equity_1min_extended")
    assert findings(bars) - {("gap", "SPY"), ("gap", "TWX")} == {("split", "AAPL")}  # single days far apart
    assert "opened 2014-06-09" in str(bars.report) and "near a 7:1 split" in str(bars.report)
    assert report_of(bars)["SPY"].missing == 0


def test_2019_minutes_quarters_and_days():
    minutes = bars_of("us_equity_1min_2019-02-11_2019-02-15")
    assert len(minutes.symbols) == 24 and minutes.compression == 1 and findings(minutes) == set()
    assert {one.sessions for one in report_of(minutes).values()} == {5} and report_of(minutes)["SPY"].missing == 0
    quarters = bars_of("us_equity_15min_2019-01-04_2019-02-15")
    assert quarters.compression == 15 and report_of(quarters)["SPY"].expected == 30 * 26 and findings(quarters) == set()
    assert quarters.first == datetime.datetime(2019, 1, 4, 9, 45)
    daily = bars_of("us_equity_daily_2018-01_2019-02")
    assert daily.timeframe == "days" and report_of(daily)["AAPL"].sessions == 283
    stamps = daily.frame("SPY").index
    early = stamps[stamps.hour == 13].strftime("%Y-%m-%d").tolist()
    assert early == ["2018-07-03", "2018-11-23", "2018-12-24"]


def test_lean_hours_end_on_the_hour():
    bars = bars_of("lean_us_equity_hourly")
    clocks = sorted(set(bars.frame("SPY").index.strftime("%H:%M")))
    assert clocks == ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00"]
    assert report_of(bars)["SPY"].sessions == 5849 and report_of(bars)["SPY"].off_session == 0
    cheap = bars.only("AIG").between("2008-09-17", "2009-06-30").frame("AIG")
    assert 0.30 < cheap.close.min() < 0.40 and cheap.index[cheap.close < 2.5].normalize().nunique() > 150


def test_what_is_loaded_can_be_written_and_loaded_again(tmp_path):
    bars = bars_of("lean_us_equity_1min_extended")
    bars.tidy().to_parquet(tmp_path / "again.parquet", index=False)
    assert load(tmp_path / "again.parquet").sha256 == bars.sha256
