"""ArrayFeed against backtrader's own PandasData, bar for bar, in every way cerebro can run; and the exchange calendar."""

import datetime
import itertools

import backtrader as bt
import numpy as np
import pytest

from bt_pdt.bars import load, synthetic
from bt_pdt.core.errors import BadInput, UnknownName
from bt_pdt.host.calendar import XNYSCalendar
from bt_pdt.host.fast.feeds import ArrayFeed, date_numbers, feeds

BARS = synthetic.sample_bars().only(["FALL", "IDXE"]).between("2026-06-03 15:00", "2026-06-05 10:30")


class Recorder(bt.Strategy):
    """Writes down every value of every feed it sees."""

    params = (("unused", 0),)

    def __init__(self):
        self.seen = []
        self.average = [bt.indicators.SMA(data.close, period=3) for data in self.datas]

    def record(self):
        for data, average in zip(self.datas, self.average, strict=True):
            if len(data):
                values = [line[0] for line in data.lines]
                self.seen.append((data._name, len(data), *values, average[0] if len(average) else None))

    def prenext(self):
        self.record()

    def next(self):
        self.record()


class Shape(bt.Analyzer):
    """What survives optstrategy: how many rows were seen, and their sum."""

    def stop(self):
        seen = self.strategy.seen
        self.rets.update(unused=self.strategy.p.unused, rows=len(seen), sum=sum(row[5] for row in seen))


def ours(symbol, **params):
    return feeds(BARS, symbol, **params)[0]


def stock(symbol, **params):
    hours = {"sessionstart": datetime.time(9, 30), "sessionend": datetime.time(16, 0)}
    frame = BARS.frame(symbol).assign(openinterest=0.0)
    return bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes, compression=1, **hours, **params)


def seen(make, how, window, calendar, **cerebro_params):
    cerebro = bt.Cerebro(stdstats=False, **cerebro_params)
    if calendar:
        cerebro.addcalendar(XNYSCalendar())
    for symbol in BARS.symbols:
        data = make(symbol, **window)
        if how == "plain":
            cerebro.adddata(data, name=symbol)
        elif how == "with daily":
            cerebro.adddata(data, name=symbol)
            cerebro.resampledata(data, name=symbol + " daily", timeframe=bt.TimeFrame.Days)
        elif how == "resample":
            cerebro.resampledata(data, name=symbol, timeframe=bt.TimeFrame.Minutes, compression=15)
        else:
            cerebro.replaydata(data, name=symbol, timeframe=bt.TimeFrame.Days)
    cerebro.addstrategy(Recorder)
    return cerebro.run()[0].seen


MODES = {
    "default": {},
    "runonce off": {"runonce": False},
    "preload off": {"preload": False},
    "both off": {"runonce": False, "preload": False},
    "exactbars 1": {"exactbars": 1},
    "exactbars -1": {"exactbars": -1},
    "exactbars -2": {"exactbars": -2},
    "cheat on open": {"cheat_on_open": True},
    "lookahead": {"lookahead": 3},
}
WINDOWS = {
    "all": {},
    "half past three to eleven": {"fromdate": datetime.datetime(2026, 6, 3, 15, 30), "todate": datetime.datetime(2026, 6, 4, 11)},
    "one day": {"fromdate": datetime.date(2026, 6, 4), "todate": datetime.date(2026, 6, 4)},
}


def ways():
    """Every way that cerebro can run. In the plain test command each mode meets each feed, and each window and calendar some of both."""
    for n, (how, mode) in enumerate(itertools.product(["plain", "with daily", "resample", "replay"], MODES)):
        for k, (window, calendar) in enumerate(itertools.product(WINDOWS, [False, True])):
            marks = [] if k == n % 6 else [pytest.mark.long]
            name = f"{how}-{mode}-{window}-{'calendar' if calendar else 'no calendar'}"
            yield pytest.param(how, mode, window, calendar, marks=marks, id=name)


@pytest.mark.parametrize(("how", "mode", "window", "calendar"), list(ways()))
def test_the_same_bars_as_backtrader_own_feed(how, mode, window, calendar):
    def comparable(rows):
        return [tuple("nan" if value != value else value for value in row) for row in rows]

    expected = seen(stock, how, WINDOWS[window], calendar, **MODES[mode])
    assert expected
    assert comparable(seen(ours, how, WINDOWS[window], calendar, **MODES[mode])) == comparable(expected)


@pytest.mark.parametrize("workers", [1, 2])
def test_optstrategy(workers):
    cerebro = bt.Cerebro(stdstats=False)
    for feed in feeds(BARS):
        cerebro.adddata(feed)
    cerebro.optstrategy(Recorder, unused=[1, 2, 3])
    cerebro.addanalyzer(Shape, _name="shape")
    found = [run[0].analyzers.shape.get_analysis() for run in cerebro.run(maxcpus=workers)]
    assert [one["unused"] for one in found] == [1, 2, 3]
    assert {one["rows"] for one in found} == {len(BARS)} and len({one["sum"] for one in found}) == 1


def test_a_cerebro_can_run_twice():
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(ours("IDXE"))
    cerebro.addstrategy(Recorder)
    assert len(cerebro.run()[0].seen) == len(cerebro.run()[0].seen) == len(BARS) // 2


@pytest.mark.parametrize("day", ["1990-01-02", "2011-03-14", "2026-06-04", "2026-06-05"])
@pytest.mark.parametrize("unit, count", [("m", 1440), ("s", 86_400)])
def test_numbers_are_those_of_backtrader_to_the_last_bit(day, unit, count):
    moments = np.datetime64(day) + np.arange(count).astype(f"timedelta64[{unit}]")
    expected = [bt.date2num(moment) for moment in moments.astype("datetime64[us]").tolist()]
    assert date_numbers(moments).tolist() == expected


def test_numbers_of_microseconds():
    moments = np.datetime64("2026-06-04", "us") + np.random.default_rng(1).integers(0, 86_400_000_000, 20_000).astype("timedelta64[us]")
    assert date_numbers(moments).tolist() == [bt.date2num(moment) for moment in moments.tolist()]


def test_a_feed_says_what_it_is():
    feed = ours("FALL")
    assert (feed._name, feed._timeframe, feed._compression) == ("FALL", bt.TimeFrame.Minutes, 1)
    assert (feed.p.sessionstart, feed.p.sessionend) == (datetime.time(9, 30), datetime.time(16, 0))
    late = synthetic.generate(symbols=("IDXE",), last=datetime.date(2026, 5, 8))
    late.loc[late.index[-1], "timestamp"] += np.timedelta64(2, "h")
    assert feeds(load(late))[0].p.sessionend == datetime.time(20, 0)
    assert ArrayFeed(dataname=BARS, name="IDXE", sessionend=datetime.time(15, 0)).p.sessionend == datetime.time(15, 0)
    cerebro = bt.Cerebro()
    assert cerebro.adddata(ours("IDXE"), name="mine")._name == "mine"


def test_the_order_of_feeds_and_wrong_names():
    assert [feed._name for feed in feeds(BARS, ["IDXE", "FALL"])] == ["IDXE", "FALL"]
    with pytest.raises(UnknownName, match="did you mean 'IDXE'"):
        feeds(BARS, "IDX")
    with pytest.raises(BadInput, match=r"these bars hold 2 symbols \(FALL, IDXE\); give ArrayFeed name="):
        ArrayFeed(dataname=BARS)
    with pytest.raises(BadInput, match=r"ArrayFeed takes dataname=bt_pdt.load\(...\), got str"):
        ArrayFeed(dataname="spy.csv")


class Days(bt.Strategy):
    """When the daily bar of an intraday feed arrives, and what it says."""

    def __init__(self):
        self.days = []

    def next(self):
        if len(self.data1) > len(self.days):
            self.days.append((self.data0.datetime.datetime(0), self.data1.datetime.datetime(0), self.data1.close[0]))


@pytest.mark.parametrize("runonce, preload", list(itertools.product([True, False], repeat=2)))
def test_daily_resampling_closes_with_the_session(runonce, preload):
    bars = load(synthetic.generate_early_close())
    cerebro = bt.Cerebro(stdstats=False, runonce=runonce, preload=preload)
    cerebro.addcalendar(XNYSCalendar())
    data = feeds(bars, "IDXE")[0]
    cerebro.adddata(data)
    cerebro.resampledata(data, timeframe=bt.TimeFrame.Days)
    cerebro.addstrategy(Days)
    days = cerebro.run()[0].days
    closes = [datetime.datetime(2025, 12, day, 13 if day == 24 else 16) for day in (22, 23, 24, 26, 29, 30)]
    assert [arrived for arrived, _, _ in days] == [stamped for _, stamped, _ in days] == closes
    frame = bars.frame("IDXE")
    assert [close for _, _, close in days] == [frame.close[moment] for moment in closes]


def test_the_calendar():
    calendar = XNYSCalendar()
    thanksgiving = datetime.datetime(2024, 11, 28, 12)
    black_friday = (datetime.datetime(2024, 11, 29, 9, 30), datetime.datetime(2024, 11, 29, 13))
    assert calendar.schedule(thanksgiving) == black_friday == calendar.schedule(datetime.datetime(2024, 11, 29, 13))
    assert calendar.schedule(datetime.datetime(2024, 11, 29, 13, 1))[1] == datetime.datetime(2024, 12, 2, 16)
    assert calendar.nextday(datetime.date(2024, 11, 27)) == datetime.date(2024, 11, 29)
    assert calendar.nextday_week(datetime.date(2024, 11, 29)) == 49
    assert calendar.last_weekday(datetime.date(2024, 11, 29)) and not calendar.last_weekday(datetime.date(2024, 11, 27))
    assert calendar.last_monthday(datetime.date(2024, 11, 29)) and calendar.last_yearday(datetime.date(2024, 12, 31))
