"""Every other picture: its numbers worked out by hand, and that it is drawn."""

from datetime import date, datetime

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from bt_pdt import Asset, load
from bt_pdt.core.decisions import Reason
from bt_pdt.core.errors import BadInput, UnknownName
from bt_pdt.results.draw import drawing, figures
from bt_pdt.results.draw.picture import draw, picture_data
from bt_pdt.results.result import Result
from bt_pdt.runs.study import run

#: Minutes after 09:30 at whose bar an order is sent; it is filled at the open of the next one.
BUY, BUY_MORE, SELL = 30, 60, 120


class Scripted(bt.Strategy):
    """Sends (session, minute, signed shares) of AAA and BBB."""

    params = (("orders", ()),)

    def next(self):
        now = self.datas[0].datetime.datetime(0)
        minute = now.hour * 60 + now.minute - 9 * 60 - 30
        for day, at, name, size in self.p.orders:
            if now.date() == day and minute == at:
                (self.buy if size > 0 else self.sell)(data=self.getdatabyname(name), size=abs(size))


DAYS = [date(2025, 3, day) for day in (3, 4, 5, 6)]


def minute_bars(prices=(100.0, 50.0), days=DAYS):
    tables = []
    for symbol, price in zip(("AAA", "BBB"), prices, strict=True):
        stamps = [stamp for day in days for stamp in pd.date_range(f"{day} 09:30", periods=390, freq="min")]
        tables.append(
            pd.DataFrame({"symbol": symbol, "timestamp": pd.DatetimeIndex(stamps).tz_localize("America/New_York"), "open": price})
        )
    table = pd.concat(tables)
    for column in ("high", "low", "close"):
        table[column] = table["open"]
    return load(table.assign(volume=1_000.0))


@pytest.fixture(scope="module")
def traded():
    """$40,000, prices stand still. March 3: a day trade of AAA and one of BBB; March 5: one of AAA, and BBB kept over the night."""
    orders = (
        *((DAYS[0], BUY, "AAA", 200), (DAYS[0], BUY_MORE, "BBB", 400), (DAYS[0], SELL, "AAA", -200), (DAYS[0], SELL + 1, "BBB", -400)),
        *((DAYS[2], BUY, "AAA", 300), (DAYS[2], BUY_MORE, "AAA", -300), (DAYS[2], SELL, "BBB", 400)),
    )
    return run(Scripted, minute_bars(), cash=40_000, params={"orders": orders}, account={"pattern_day_trader": True}, charge_costs=False)


def test_the_calendar_counts_day_trades_by_symbol_and_session(traded):
    data = figures.calendar_data(traded)
    assert data.days == tuple(DAYS) and data.symbols == ("AAA", "BBB")  # most first
    assert data.counts.tolist() == [[1, 0, 1, 0], [1, 0, 0, 0]]


def test_a_session_uses_the_price_of_what_is_opened_until_it_is_closed(traded):
    data = figures.session_power_data(traded, "2025-03-03")
    assert data.start == 160_000 and data.regime == "pattern day trader"  # four times $40,000
    assert data.used.tolist() == [0.0, 20_000.0, 40_000.0, 20_000.0, 0.0]  # 200 x 100, and 400 x 50
    at = [datetime(2025, 3, 3, 9, 30), *(datetime(2025, 3, 3, 10, m) for m in (1, 31))]
    assert [stamp.astype("datetime64[m]").item() for stamp in data.times[:3]] == at
    assert figures.session_power_data(traded).day == date(2025, 3, 3)  # 40,000 of 160,000; March 5 only 30,000
    nothing = figures.session_power_data(traded, date(2025, 3, 4))
    assert nothing.used.tolist() == [0.0] and nothing.start == 160_000


def test_overnight_shares_sold_give_nothing_back():
    orders = ((DAYS[0], BUY, "AAA", 100), (DAYS[1], BUY, "BBB", 100), (DAYS[1], BUY_MORE, "AAA", -100))
    ran = run(Scripted, minute_bars(), cash=40_000, params={"orders": orders}, account={"pattern_day_trader": True})
    assert figures.session_power_data(ran, DAYS[1]).used.tolist() == [0.0, 5_000.0, 5_000.0]


def test_intraday_power_is_used_by_maintenance_margin_times_the_multiple():
    """AAA at 30 % uses 1.2 times its price, a fund of three times leverage (75 %) three times; a stock without loan value none."""
    days = [date(2026, 6, day) for day in (8, 9)]
    orders = ((days[0], BUY, "AAA", 10), (days[0], BUY_MORE, "BBB", 10))
    facts = {"leverage": 3}
    ran = run(Scripted, minute_bars(days=days), cash=40_000, params={"orders": orders}, assets=[Asset("BBB", **facts)])
    assert figures.session_power_data(ran).used.tolist() == pytest.approx([0.0, 1_200.0, 1_200.0 + 1_500.0])
    ran = run(Scripted, minute_bars(days=days), cash=40_000, params={"orders": orders}, assets=[Asset("BBB", marginable=False)])
    assert figures.session_power_data(ran).used.tolist() == pytest.approx([0.0, 1_200.0, 1_200.0])


def test_the_distance_is_the_share_of_equity_above_maintenance(traded, called):
    data = figures.distance_data(traded)
    assert np.isnan(data.fall[[0, 1]]).all()  # nothing held
    assert data.fall[2] == pytest.approx((40_000 - 0.3 * 20_000) / 40_000)  # 0.85
    fall = figures.distance_data(called)
    assert np.nanmin(fall.fall) == 0.0 and fall.days[0] == date(2025, 2, 18)
    # bought at the open of the second session: 195 shares bought at 100 of $10,000, worth 19,500; 30 % are 5,850
    assert fall.fall[1] == pytest.approx(0.415)


def test_drawdown_is_below_the_highest_so_far():
    times = np.array(["2025-03-03T15:59", "2025-03-03T16:00", "2025-03-04T15:59", "2025-03-04T16:00"], dtype="datetime64[us]")
    row = {"bod_dtbp": 0.0, "equity": 1.0, "multiplier": 2, "regt_buying_power": 0.0, "daytrade_count": 0, "maintenance_margin": 0.0}
    rows = [row | {"session": day, "lowest_daytrading_buying_power": 0.0} for day in ("2025-03-03", "2025-03-04")]
    result = Result((), times, np.array([90.0, 120.0, 60.0, 90.0]), rows, 100.0)
    data = figures.drawdown_data(result)
    assert data.fall.tolist() == pytest.approx([-0.1, 0.0, -0.5, -0.25]) and data.begins.tolist() == [0, 2]


def test_refusals_by_hour(result):
    data = figures.hours_data(result)
    table = result.refusals
    assert data.reasons == ("PDT_COUNT",) and data.hours == (10, 11, 12, 13, 14, 15)
    assert data.counts.sum(axis=1).tolist() == [168]
    late = table[(table.reason == "PDT_COUNT") & (table["at"].dt.time > datetime(2025, 1, 1, 15).time())]
    assert data.counts[0, -1] == len(late)  # 15:01 to 16:00


def test_buying_power_left_and_reg_t(traded):
    data = picture_data(traded)
    # at the most, 200 x 100 held and a working market order for 400 x 50, which is valued 2.5 % higher
    assert data.power[0] == 160_000 and data.used[0] == 40_500 and data.available[0] == 119_500
    assert data.regt.tolist() == pytest.approx([80_000, 80_000, 60_000, 60_000])  # twice (40,000 - half of 20,000)
    assert not any(data.counts)  # $25,000 and more: unlimited
    labels = [text.get_text() for axis in draw(data).axes for text in axis.get_legend().get_texts()]
    assert "in 5 business days, unlimited" in labels and not any(label.startswith("allowed") for label in labels)


def test_with_the_rules_off_day_trades_are_unlimited(short_data, strategies):
    ran = run(strategies / "sma_cross_intraday.py", short_data, cash=10_000, rules="off")
    assert not any(picture_data(ran).counts)


@pytest.mark.parametrize("name", drawing.FIGURES)
def test_every_picture_is_drawn(name, result, traded, called):
    for ran in (result, traded, called):
        figure = ran.figure(name)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
        assert len(np.unique(pixels @ [65_536, 256, 1])) > 8 and (pixels < 250).any(axis=2).mean() > 0.002
    assert ran.figure(name, width=6.0).get_size_inches()[0] == 6.0


def test_a_picture_without_anything_to_draw_says_so(called):
    for name, words in (
        ("day_trade_calendar", "no day trades"),
        ("refusals_by_hour", "no order was refused"),
        ("session_power", "no session had any to use"),
    ):
        assert [text.get_text() for text in called.figure(name).axes[0].texts] == [words]


def test_many_symbols_share_the_last_row(traded, monkeypatch):
    monkeypatch.setattr(drawing, "MOST_SYMBOLS", 1)
    axis = traded.figure("day_trade_calendar").axes[0]
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["2 others"]
    assert axis.images[0].get_array().tolist() == [[2, 0, 1, 0]]


def test_names_that_are_none(result):
    with pytest.raises(UnknownName, match="figure 'drawdwn' is not known; did you mean 'drawdown'"):
        result.figure("drawdwn")
    with pytest.raises(UnknownName, match="did you mean 'run'"):
        result.interactive("runs")
    with pytest.raises(BadInput, match=r"session takes a session with bars \(2026-05-07 to 2026-07-06\), got 2026-05-09"):
        result.figure("session_power", session="2026-05-09")
    with pytest.raises(BadInput, match="session takes a date like"):
        result.figure("session_power", session="May 9")


def test_a_picture_of_a_saved_run_is_the_same(traded, tmp_path):
    again = load(traded.save(tmp_path / "run"))
    assert figures.session_power_data(again).used.tolist() == figures.session_power_data(traded).used.tolist()
    assert figures.rulebook(again.manifest).on(DAYS[0]).pdt_check == figures.rulebook(traded.manifest).on(DAYS[0]).pdt_check


def test_without_plotly_a_sentence_says_how_to_install_it(result, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "plotly.graph_objects", None)
    with pytest.raises(BadInput, match=r'need plotly, which is not installed: pip install "bt_pdt\[plotly\]"'):
        result.interactive()


class TestInteractive:
    @pytest.fixture(autouse=True)
    def _plotly(self):
        pytest.importorskip("plotly", reason="plotly is not installed")

    @pytest.mark.parametrize("name", drawing.FIGURES)
    def test_every_picture(self, name, result, called):
        from bt_pdt.results.page.interactive import INTERACTIVE

        assert list(INTERACTIVE) == list(drawing.FIGURES)
        assert result.interactive(name).to_json() and called.interactive(name).layout.title.text

    def test_a_refusal_tells_the_answer_when_pointed_at(self, result):
        figure = result.interactive()
        marks = next(trace for trace in figure.data if trace.name == "refused: PDT_COUNT (168)")
        told = marks.text[0]
        assert "HTTP 403 PDT_COUNT" in told and '"code": 40310100' in told and "asked again 6 times" in told
        assert "would have passed: nothing of it now; all of it on 2026-05-11" in told
        assert "pdt_day_trades_threshold (in force since 2001-09-28)" in told
        assert [trace.name for trace in figure.data][-1] == "day trades, counted"

    def test_a_call_tells_its_amount_and_its_due_day(self, called):
        bars = next(trace for trace in called.interactive().data if trace.type == "bar" and trace.hovertext)
        call = called.issued[0]
        assert bars.text[0] == "c1" and f"due {call.due_on}" in bars.hovertext[0] and "maintenance margin $" in bars.hovertext[0]


def test_reasons_have_words():
    from bt_pdt.results.explained import REASONS

    assert set(REASONS) == {str(reason) for reason in Reason}
