"""The numbers of the picture, and that drawing them leaves matplotlib as it was."""

import sys
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest

from bt_pdt.core.journal import CallEntry
from bt_pdt.results.draw.picture import Span, draw, picture_data
from bt_pdt.runs.study import run


@pytest.fixture(scope="module")
def drawn(result):
    return picture_data(result)


def test_bars_and_sessions(result, drawn):
    assert len(drawn.days) == 40 and drawn.days[0] == date(2026, 5, 7)
    assert drawn.begins[:3].tolist() == [0, 390, 780] and drawn.ends[-1] == len(drawn.equity) == 15_600
    assert drawn.switch == 19 and drawn.days[19] == date(2026, 6, 4)
    assert drawn.regimes == ("pattern day trader", "intraday margin")


def test_refusals_lie_on_the_equity(result, drawn):
    assert {reason: len(places) for reason, (places, _) in drawn.refusals.items()} == result.refusals.reason.value_counts().to_dict()
    for reason, (places, values) in drawn.refusals.items():
        np.testing.assert_array_equal(drawn.equity[places], values)
        at = result.refusals.loc[result.refusals.reason == reason, "at"].to_numpy(dtype="datetime64[us]")
        np.testing.assert_array_equal(result.times[places], at)


def test_power_and_count_by_session(result, drawn):
    sessions = result.sessions
    assert np.isnan(drawn.power[:19]).all()  # under $25,000: multiplier 2, no DTBP
    before = sessions.iloc[24]
    assert drawn.power[25] == pytest.approx(4 * (before.equity - before.maintenance_margin))
    lowest = sessions.lowest_intraday_margin_level.iloc[25]
    assert drawn.used[25] == pytest.approx(drawn.power[25] - 4 * lowest)
    assert drawn.day_trades[:19].tolist() == sessions.daytrade_count.iloc[:19].tolist() and np.isnan(drawn.day_trades[19:]).all()
    assert drawn.allowed == 3 and drawn.counts[0] and not drawn.counts[19]


def test_dtbp_of_the_old_regime(short_data, strategies):
    ran = run(strategies / "sma_cross_intraday.py", short_data, cash=30_000)
    data = picture_data(ran)
    assert data.switch is None and data.power[1] == ran.sessions.bod_dtbp.iloc[1] > 100_000
    assert data.used[1] == pytest.approx(ran.sessions.bod_dtbp.iloc[1] - ran.sessions.lowest_daytrading_buying_power.iloc[1])
    assert ran.summary["peak_dtbp_use"] == pytest.approx(np.nanmax(data.used / data.power)) and not any(data.counts)
    assert [axis.get_ylabel() for axis in draw(data).axes] == ["equity", "day-trading\nbuying power", "day trades"]


def test_only_panels_that_apply(result, drawn):
    assert [axis.get_ylabel() for axis in draw(drawn).axes] == ["equity", "intraday\nbuying power", "day trades"]
    nothing = np.full(40, np.nan)
    assert [a.get_ylabel() for a in draw(drawn._replace(day_trades=nothing)).axes] == ["equity", "intraday\nbuying power"]
    assert [a.get_ylabel() for a in draw(drawn._replace(power=nothing, day_trades=nothing)).axes] == ["equity"]


def test_calls_and_restrictions_have_lanes(called, drawn):
    """Daily bars from 2025-02-18: 02-26 is bar 6, 02-27 bar 7; 03-03 and 03-04 are bars 9 and 10."""
    assert picture_data(called).owed == (("maintenance", "c1", 6.0, 8.0), ("maintenance", "c2", 9.0, 11.0))
    assert picture_data(called).subtitle.startswith("$10,000 to $3,962 (-90.4%), $3,000 came in, drawdown 90.4%;")
    axes = draw(picture_data(called)).axes
    assert [axis.get_ylabel() for axis in axes] == ["equity", "calls"]
    assert [text.get_text() for text in axes[-1].texts] == ["c1", "c2"]
    both = drawn._replace(owed=(Span("fed", "c1", 0.0, 390.0), Span("liquidation_only", "c1", 390.0, 15_600.0)))
    assert draw(both).axes[-1].get_ylabel() == "calls and\nrestrictions"
    assert [tick.get_text() for tick in draw(both).axes[-1].get_yticklabels()] == ["liquidation only", "fed"]


def test_what_is_open_or_closed_or_not_begun_reaches_as_far_as_the_bars(fall):
    moment = datetime(2025, 2, 20, 9, 30)
    ran = fall(6, account={"pattern_day_trader": True}, brokerage="finra")
    kinds = {span.kind: (span.begin, span.end) for span in picture_data(ran).owed}
    assert kinds["minimum_equity"] == (1.0, 6.0) and kinds["no_day_trades"] == (0.0, 6.0)  # 10,000 from the start
    call = next(c for c in ran.issued if c.kind == "minimum_equity")
    closed = replace(ran, journal=[*ran.journal, CallEntry(moment, moment.date(), "closed", call)])
    assert next(s for s in picture_data(closed).owed if s.kind == "minimum_equity")[2:] == (1.0, 3.0)
    late = replace(ran, issued=[replace(call, issued_on=date(2025, 2, 26), ended_on=None)])
    assert picture_data(late).owed[0][2:] == (6.0, 6.0)


def test_the_legend_names_the_reasons(drawn):
    labels = draw(drawn).axes[0].get_legend_handles_labels()[1]
    assert labels[0] == "equity" and f"refused: PDT_COUNT ({len(drawn.refusals['PDT_COUNT'][0])})" in labels


def test_no_pyplot_and_no_backend(tmp_path):
    import subprocess

    code = """
import sys, bt_pdt.runs.study as s, matplotlib
before = dict.__getitem__(matplotlib.rcParams, "backend")
r = s.run(s.samples().strategies / "overnight_gap_hold.py", s.samples().data / "synthetic_1min_2025-12-22_2025-12-30.parquet")
r.save(sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules and dict.__getitem__(matplotlib.rcParams, "backend") is before
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "run.png").read_bytes().startswith(b"\x89PNG")
