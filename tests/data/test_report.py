"""Faults planted in good bars are found, and good bars are not accused."""

import datetime

import pandas as pd
import pytest

from bt_pdt.bars import load, synthetic


@pytest.fixture(scope="module")
def tidy():
    return synthetic.generate(first=datetime.date(2026, 6, 1), last=datetime.date(2026, 6, 5), symbols=("IDXE",), crash_day=None)


def kinds(bars):
    return [finding.kind for finding in bars.report.findings]


def test_good_bars(tidy):
    report = load(tidy).report
    one = report.symbols[0]
    assert report.findings == () and "Nothing looks wrong." in str(report)
    assert (one.sessions, one.sessions_missing, one.expected, one.missing, one.off_session, one.off_hours) == (5, 0, 1950, 0, 0, 0)
    assert one.regular_share == 1.0 and one.worst_session is None


def test_missing_minutes_and_sessions(tidy):
    days = tidy.timestamp.dt.date
    holes = tidy.drop(tidy.index[(days == datetime.date(2026, 6, 2))][100:117])
    holes = holes[holes.timestamp.dt.date != datetime.date(2026, 6, 4)]
    one = load(holes).report.symbols[0]
    assert (one.sessions, one.sessions_missing, one.expected, one.missing) == (4, 1, 1560, 17)
    assert (one.worst_session, one.worst_missing) == (datetime.date(2026, 6, 2), 17)
    assert "17 of 1,560  2026-06-02 (17)" in str(load(holes).report)


def test_an_early_close_misses_nothing():
    one = load(synthetic.generate_early_close()).report.symbols[0]
    assert (one.sessions, one.expected, one.missing) == (6, 5 * 390 + 210, 0)


@pytest.mark.parametrize(
    "zone, words", [("UTC", '4 hours ahead of the New York session like UTC: try tz="UTC"'), ("America/Chicago", "1 hours behind")]
)
def test_a_wrong_zone(tidy, zone, words):
    """A zone given by hand that the bars contradict is a finding; without one the bars decide."""
    naive = tidy.assign(timestamp=tidy.timestamp.dt.tz_convert(zone).dt.tz_localize(None)).drop(columns="symbol")
    report = load(naive, symbol="X", stamp="start", tz="America/New_York").report
    assert [f.kind for f in report.findings] == ["zone"] and words in str(report)
    right = load(tidy.drop(columns="symbol"), symbol="X")
    assert load(naive, symbol="X", tz=zone).sha256 == load(naive, symbol="X").sha256 == right.sha256
    assert load(naive, symbol="X").reading["zone"] == "seen"


@pytest.mark.parametrize("said, truth", [("end", "start"), ("start", "end")])
@pytest.mark.parametrize("pre_market", [False, True])
def test_the_wrong_side_of_the_bar(tidy, said, truth, pre_market):
    frame = tidy
    if pre_market:
        early = tidy.assign(timestamp=tidy.timestamp - pd.Timedelta(minutes=390), volume=300)
        early = early[early.timestamp.dt.tz_convert("America/New_York").dt.hour >= 4]
        frame = pd.concat([tidy, early]).sort_values("timestamp")
    if truth == "end":
        frame = frame.assign(timestamp=frame.timestamp + pd.Timedelta(minutes=1))
    wrong = load(frame, stamp=said)
    assert "stamp" in kinds(wrong) and f'load with stamp="{truth}"' in str(wrong.report)
    assert "stamp" not in kinds(load(frame, stamp=truth))
    assert f"{truth}-stamped (seen at the open)" in load(frame).detected_format


@pytest.mark.parametrize("ratio, name", [(2, "2:1"), (7, "7:1"), (1.5, "3:2"), (0.1, "1:10")])
def test_a_split(tidy, ratio, name):
    prices = ["open", "high", "low", "close"]
    split = tidy.copy()
    after = split.timestamp >= "2026-06-03"
    split.loc[after, prices] = (split.loc[after, prices] / ratio).round(4)
    report = load(split).report
    assert [f.kind for f in report.findings] == ["split"]
    assert "opened 2026-06-03 at" in str(report) and f"near a {name} split" in str(report)


def test_days_off_and_hours_off(tidy):
    odd = tidy.assign(timestamp=tidy.timestamp + pd.Timedelta(days=2))  # Wednesday to Sunday
    assert "off_session" in kinds(load(odd)) and load(odd).report.symbols[0].off_session == 780
    night = tidy.iloc[:10].assign(timestamp=tidy.timestamp.iloc[:10] - pd.Timedelta(hours=7))  # 02:30
    bars = load(pd.concat([night, tidy]))
    assert kinds(bars) == ["off_hours"] and bars.report.symbols[0].off_hours == 10


def test_adjusted_prices(tidy):
    prices = ["open", "high", "low", "close"]
    adjusted = tidy.copy()
    adjusted[prices] *= 0.98765432
    assert kinds(load(adjusted)) == ["adjusted"]


def test_the_report_as_json_values(tidy):
    out = load(tidy).report.to_dict()
    assert out["bar_length"] == "1 minute" and out["findings"] == [] and out["dropped"] == {}
    assert out["symbols"][0]["symbol"] == "IDXE" and out["symbols"][0]["first"] == "2026-06-01T09:31:00"


def test_daily_bars_are_counted_in_sessions():
    frame = pd.DataFrame(
        {"date": ["2024-07-01", "2024-07-02", "2024-07-05"], "open": 10.0, "high": 11.0, "low": 9.0, "close": 10.0, "volume": 1.0}
    )
    one = load(frame, symbol="X").report.symbols[0]
    assert (one.sessions, one.sessions_missing, one.expected, one.missing) == (3, 1, 3, 0)
