"""What the broker says about anybody's bars: once, before the first order, in a cerebro that bt_pdt did not build."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import backtrader as bt
import dateutil.tz
import numpy as np
import pandas as pd
import pytest

import bt_pdt

M = bt.TimeFrame.Minutes
NEW_YORK = dateutil.tz.gettz("America/New_York")
WINTER, SUMMER = ("2025-01-13", "2025-01-14", "2025-01-15"), ("2025-07-14", "2025-07-15", "2025-07-16")


class Trader(bt.Strategy):
    """Buys and closes by the clock, and notes which warnings were there when it first could order."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def notify_order(self, order: Any) -> None:
        if order.status in (order.Completed, order.Rejected):
            self.log.append((len(self), order.getordername(), order.getstatusname(), order.executed.price))

    def next(self) -> None:
        if len(self) % 30 == 4:
            self.buy(size=30)
        elif len(self) % 30 == 24:
            self.close()


def minutes(days: Any = WINTER, start: str = "09:31", count: int = 390, length: int = 1, first: float = 40.0) -> pd.DataFrame:
    """Sessions of made-up bars that wander, seeded."""
    rng, pieces, price = np.random.default_rng(11), [], first
    for day in days:
        index = pd.date_range(f"{day} {start}", periods=count, freq=f"{length}min")
        close = np.round(price + np.cumsum(rng.normal(0, 0.01, count)), 2)
        volume = rng.integers(200, 900, count).astype(float)
        pieces.append(
            pd.DataFrame({"open": close, "high": close + 0.05, "low": close - 0.05, "close": close, "volume": volume}, index=index)
        )
        price = float(close[-1])
    return pd.concat(pieces)


def ran(*frames: pd.DataFrame, engine: Any = None, cash: float = 24_000.0, **feed: Any) -> tuple[Any, list[str]]:
    """The strategy after a run under ``install``, and the warnings that were given."""
    cerebro = bt.Cerebro(stdstats=False)
    bt_pdt.install(cerebro, cash=cash, observers=False)
    for k, frame in enumerate(frames):
        cerebro.adddata(bt.feeds.PandasData(dataname=frame, **{"timeframe": M, "name": f"X{k}"} | feed))
    cerebro.addstrategy(Trader)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        strategy = cerebro.run(**engine or {})[0]
    return strategy, [str(each.message) for each in seen if "bt_pdt" in str(each.filename)]


def test_right_bars_are_not_spoken_of() -> None:
    strategy, said = ran(minutes(), minutes(SUMMER, first=90.0))
    assert said == [] and strategy.analyzers.compliance.get_analysis()["warning_list"] == []


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (minutes(WINTER, "14:31"), 'tz="UTC"'),
        (minutes(SUMMER, "13:31"), 'tz="UTC"'),
        (minutes(SUMMER, "13:30", 26, 15), 'tz="UTC"'),
        (minutes(SUMMER, "08:31"), 'tz="America/Chicago"'),
        (minutes(WINTER, "09:30"), 'stamp="start"'),
        (pd.concat([minutes(WINTER[:1], first=120.0), minutes(WINTER[1:], first=40.0)]), "3:1 split"),
        (pd.concat([minutes(WINTER[:1], first=12.0), minutes(WINTER[1:], first=120.0)]), "1:10 split"),
        (minutes(("2025-01-13", "2025-01-21")), "sessions in a row have no bar"),
        (minutes().iloc[[*range(100), 99, *range(100, 1170)]], "1 bars have the time of the bar before them"),
        (minutes(WINTER, "08:01", 600), "fills are outside regular hours"),
        (minutes(("2025-01-18", "2025-01-21")), "no sessions of the exchange"),
    ],
)
def test_odd_bars_are(frame: pd.DataFrame, words: str) -> None:
    strategy, said = ran(frame)
    listed = strategy.analyzers.compliance.get_analysis()["warning_list"]
    assert sum(words in text for text in said) == 1, said
    assert sum(words in text for text in listed) == 1 and sum(words in text for text in strategy.analyzers.compliance.result.warnings) == 1


def test_a_zone_in_the_index_is_the_same_mistake() -> None:
    """PandasData keeps a zoned index as UTC."""
    aware = minutes()
    aware.index = aware.index.tz_localize("America/New_York")
    assert any('tz="UTC"' in text for text in ran(aware)[1])


def test_it_is_said_before_the_first_order() -> None:
    heard: list[bool] = []

    class Early(Trader):
        def nextstart(self) -> None:
            heard.append(any('tz="UTC"' in text for text in self.broker.looker.said))
            self.next()

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(bt_pdt.MarginBroker(cash=24_000.0))
    cerebro.adddata(bt.feeds.PandasData(dataname=minutes(WINTER, "14:31"), timeframe=M, name="X"))
    cerebro.addstrategy(Early)
    cerebro.run()
    assert heard == [True]


@pytest.mark.parametrize("engine", [{"runonce": False}, {"preload": False}])
def test_bars_that_come_one_by_one_are_looked_at_when_they_are_over(engine: dict[str, Any]) -> None:
    assert any('tz="UTC"' in text for text in ran(minutes(WINTER, "14:31"), engine=engine)[1])


def test_once_for_all_variants_of_one_process() -> None:
    cerebro = bt.Cerebro(stdstats=False, maxcpus=1)
    bt_pdt.install(cerebro, cash=24_000.0, observers=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=minutes(WINTER, "14:31"), timeframe=M, name="X"))
    cerebro.optstrategy(type("Variant", (Trader,), {"params": (("k", 1),), "__module__": __name__}), k=[1, 2, 3])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        variants = cerebro.run()
    assert sum('tz="UTC"' in str(each.message) for each in seen) == 1
    assert all(any('tz="UTC"' in t for t in v[0].analyzers.compliance.result.warnings) for v in variants)


# -- zones


def test_zones_of_feeds_and_of_the_run_are_new_york_time() -> None:
    """The same bars as New York time, as UTC shown in its zone, and as UTC in a run with a zone: the same sessions, refusals and day trades."""
    days = ("2025-03-06", "2025-03-07", "2025-03-10", "2025-03-11")  # the clocks change in between
    here = minutes(days)
    utc = here.copy()
    utc.index = utc.index.tz_localize("America/New_York").tz_convert("UTC")
    plain, by_feed, by_run = ran(here), ran(utc, tz=NEW_YORK), ran(utc, engine={"tz": NEW_YORK})
    assert plain[1] == by_feed[1] == by_run[1] == [] and any(entry[2] == "Rejected" for entry in plain[0].log)
    for other in (by_feed, by_run):
        assert other[0].log == plain[0].log
        one, two = plain[0].analyzers.compliance.result, other[0].analyzers.compliance.result
        assert one.fills.equals(two.fills) and one.sessions.equals(two.sessions) and one.equity.equals(two.equity)
        assert one.account.equals(two.account)


def test_a_zone_by_name_without_pytz_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bt_pdt.host.zones.find_spec", lambda name: None)
    with pytest.raises(bt_pdt.BadInput, match="pip install pytz"):
        ran(minutes(), tz="America/New_York")


def test_daily_bars_in_utc_are_days_where_the_feed_has_its_zone() -> None:
    index = pd.bdate_range("2025-03-03", periods=12)
    close = 30.0 + np.arange(12) % 3
    days = pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 1e6}, index=index)
    utc = days.copy()
    utc.index = index.tz_localize("America/New_York").tz_convert("UTC")
    day = {"timeframe": bt.TimeFrame.Days}
    plain, zoned = ran(days, **day)[0], ran(utc, tz=NEW_YORK, **day)[0]
    assert plain.log == zoned.log != [] and plain.analyzers.compliance.result.fills.equals(zoned.analyzers.compliance.result.fills)
    assert any("midnight of New York in UTC" in text for text in ran(utc, **day)[1])


def test_a_looker_travels() -> None:
    strategy, _ = ran(minutes(WINTER, "14:31"))
    assert pickle.loads(pickle.dumps(strategy.broker)).looker.said == strategy.broker.looker.said
