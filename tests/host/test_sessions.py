"""Which session a bar belongs to, when sessions close, and at what marks: minute, extended, daily, resampled, replayed bars."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import backtrader as bt
import pytest
from made import Agreeing, agree, bars, feed, flat, run, scripted, walk

from bt_pdt.core.decisions import Reason
from bt_pdt.core.journal import FillEntry, OrderEntry
from bt_pdt.host.analyzer import ComplianceAnalyzer

DAYS = bt.TimeFrame.Days


def daily(*closes: float, first: date = date(2024, 1, 2), at: time = time(23, 59, 59, 999990)) -> list[Any]:
    """Daily bars on consecutive weekdays, opening at the last close."""
    rows, day, last = [], first, closes[0]
    for close in closes:
        rows.append((datetime.combine(day, at), last, max(last, close), min(last, close), close, 1e6))
        last, day = close, day + timedelta(days=3 if day.weekday() == 4 else 1)
    return rows


def sessions_of(broker: Any) -> list[tuple[str, float]]:
    return [(row["session"], row["equity"]) for row in broker.account.sessions]


def fill_sessions(broker: Any) -> list[str]:
    return [e.session.isoformat() for e in broker.account.journal if isinstance(e, FillEntry)]


def test_a_session_closes_at_its_last_mark_up_to_16_when_the_next_bar_comes() -> None:
    rows = bars(
        ("2024-01-02 09:31", 100),
        ("2024-01-02 15:59", 100),
        ("2024-01-02 16:00", 101),
        ("2024-01-02 18:00", 150),
        ("2024-01-03 08:00", 140),
        ("2024-01-03 09:31", 90),
    )
    s = run(scripted({1: lambda s: s.buy(size=10)}), [feed(rows)], Agreeing(cash=10_000.0))
    assert sessions_of(s.broker) == [("2024-01-02", 10_010.0), ("2024-01-03", 9_900.0)]
    assert s.broker.account.state.last_equity == 10_010.0


def test_early_closes_end_at_13() -> None:
    rows = bars(("2024-07-03 09:31", 100), ("2024-07-03 13:00", 102), ("2024-07-03 14:00", 50), ("2024-07-05 09:31", 100))
    s = run(scripted({1: lambda s: s.buy(size=10)}), [feed(rows)], Agreeing(cash=10_000.0))
    assert sessions_of(s.broker)[0] == ("2024-07-03", 10_000.0)  # bought at 102, marked at 102


def test_extended_hours_belong_to_the_same_date() -> None:
    rows = bars(
        ("2024-01-02 15:59", 100),
        ("2024-01-02 17:00", 100),
        ("2024-01-02 18:00", 100),
        ("2024-01-03 04:30", 100),
        ("2024-01-03 09:31", 100),
    )
    script = {1: lambda s: s.buy(size=10), 2: lambda s: s.close(), 3: lambda s: s.buy(size=10)}
    s = run(scripted(script), [feed(rows)], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-01-02", "2024-01-02", "2024-01-03"]
    assert [(d.isoformat(), n) for d, _, n in s.broker.account.day_trades] == [("2024-01-02", 1)]


def test_a_bar_that_ends_at_20_is_still_that_dates() -> None:
    rows = bars(("2024-01-02 19:59", 100), ("2024-01-02 20:00", 100), ("2024-01-03 09:31", 100))
    s = run(scripted({1: lambda s: s.buy(size=10)}), [feed(rows)], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-01-02"]


def test_sessions_without_bars_are_closed_too() -> None:
    rows = bars(("2024-01-02 15:59", 100), ("2024-01-02 16:00", 100), ("2024-01-09 09:31", 120))
    s = run(scripted({1: lambda s: s.buy(size=10)}), [feed(rows)], Agreeing(cash=10_000.0))
    assert [row[0] for row in sessions_of(s.broker)] == ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]
    assert [row[1] for row in sessions_of(s.broker)][-2:] == [10_000.0, 10_200.0]


def test_bars_on_closed_days_count_for_the_next_session_and_are_noted() -> None:
    rows = bars(("2024-01-05 09:31", 100), ("2024-01-06 10:00", 100), ("2024-01-06 10:01", 100), ("2024-01-08 09:31", 100))
    s = run(scripted({2: lambda s: s.buy(size=10)}), [feed(rows)], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-01-08"]
    assert s.broker.odd_dates == [date(2024, 1, 6)]


@pytest.mark.parametrize("at", (time(23, 59, 59, 999990), time(0, 0), time(16, 0)))
def test_daily_bars_trade_on_their_date_and_orders_are_for_the_next(at: time) -> None:
    rows = daily(100, 101, 102, 103, at=at)
    words = {"sessionend": at} if at == time(16, 0) else {}
    script = {1: lambda s: s.buy(size=10), 2: lambda s: s.kept.update(o=s.close())}
    s = run(scripted(script), [feed(rows, timeframe=DAYS, **words)], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-01-03", "2024-01-04"]
    assert s.broker.account.day_trades == []
    assert sessions_of(s.broker) == [("2024-01-02", 10_000.0), ("2024-01-03", 10_010.0), ("2024-01-04", 10_010.0), ("2024-01-05", 10_010.0)]
    asked = [e.session.isoformat() for e in s.broker.account.journal if isinstance(e, OrderEntry)]
    assert asked == ["2024-01-03", "2024-01-04"]


def test_daily_bars_stamped_at_an_early_close() -> None:
    rows = [(datetime(2024, 7, d, 13 if d == 3 else 16), 100.0, 100.0, 100.0, 100.0, 1e6) for d in (2, 3, 5, 8)]
    s = run(scripted({2: lambda s: s.buy(size=1)}), [feed(rows, timeframe=DAYS, sessionend=time(16, 0))], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-07-05"]
    assert [row[0] for row in sessions_of(s.broker)] == ["2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08"]


def test_within_a_daily_bar_the_worst_order_is_taken() -> None:
    """Held 10; one bar sells 10 and buys 10. Sold first it is no day trade, bought first it is one."""
    rows = daily(100, 100, 100, 100)

    def both(s: Any) -> None:
        s.sell(size=10)
        s.buy(size=10)

    broker = Agreeing(cash=10_000.0, rules="off")
    s = run(scripted({1: lambda s: s.buy(size=10), 3: both}), [feed(rows, timeframe=DAYS)], broker)
    assert [n for _, _, n in s.broker.account.day_trades] == [1]


def test_minute_bars_left_at_the_default_timeframe_are_still_minute_bars() -> None:
    rows = flat(100, 12)
    script = {1: lambda s: s.buy(size=1), 3: lambda s: s.close()}
    s = run(scripted(script), [feed(rows, timeframe=DAYS)], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-01-02"] * 2
    assert [n for _, _, n in s.broker.account.day_trades] == [1]


def test_cheat_on_close_counts_on_the_day_of_the_close() -> None:
    rows = bars(("2024-01-02 15:59", 100), ("2024-01-02 16:00", 100, 101), ("2024-01-03 09:31", 90), ("2024-01-03 09:32", 90))
    script = {1: lambda s: s.buy(size=10), 2: lambda s: s.close()}
    s = run(scripted(script), [feed(rows)], Agreeing(cash=10_000.0, coc=True))
    assert fill_sessions(s.broker) == ["2024-01-02", "2024-01-02"]
    assert [n for _, _, n in s.broker.account.day_trades] == [1]
    assert sessions_of(s.broker)[0] == ("2024-01-02", 10_010.0)


def test_cheat_on_close_with_daily_bars() -> None:
    script = {1: lambda s: s.buy(size=10), 2: lambda s: s.close()}
    s = run(scripted(script), [feed(daily(100, 101, 102), timeframe=DAYS)], Agreeing(cash=10_000.0, coc=True))
    assert fill_sessions(s.broker) == ["2024-01-02", "2024-01-03"]
    assert sessions_of(s.broker)[:2] == [("2024-01-02", 10_000.0), ("2024-01-03", 10_010.0)]


def test_a_close_order_filled_a_bar_late_keeps_its_date() -> None:
    rows = bars(
        ("2024-01-02 15:58", 100), ("2024-01-02 15:59", 100), ("2024-01-02 16:00", 105), ("2024-01-03 09:31", 90), ("2024-01-03 09:32", 90)
    )
    s = run(scripted({1: lambda s: s.buy(size=10, exectype=bt.Order.Close)}), [feed(rows, sessionend=time(16, 0))], Agreeing(cash=10_000.0))
    assert fill_sessions(s.broker) == ["2024-01-02"]


def test_cheat_on_open_is_judged_at_the_open() -> None:
    class Opening(bt.Strategy):
        def __init__(self) -> None:
            self.orders: list[Any] = []

        def next_open(self) -> None:
            if len(self) == 3:
                self.orders.append(self.buy(size=90, coc=False))

    rows = bars(
        ("2024-01-02 09:31", 100),
        ("2024-01-02 09:32", 100),
        ("2024-01-02 09:33", 100),
        ("2024-01-02 09:34", 100, 500),
        ("2024-01-02 09:35", 500),
    )
    s = run(Opening, [feed(rows)], Agreeing(cash=10_000.0), cheat_on_open=True)
    (order,) = s.orders
    assert order.status == bt.Order.Completed and order.executed.price == 100
    assert s.broker.account.ledger.marks["SPY"] in (100, 500)
    stock = run(Opening, [feed(rows)], bt.brokers.BackBroker(cash=10_000.0), cheat_on_open=True)
    assert stock.orders[0].executed.price == 100


def test_cheat_on_open_fills_as_stock() -> None:
    class Opening(bt.Strategy):
        def next_open(self) -> None:
            n, data = len(self), self.data
            if n % 5 == 0:
                self.buy(size=3)
            elif n % 5 == 2:
                self.sell(size=2, exectype=bt.Order.Limit, price=data.open[0] * 1.001)

        def __init__(self) -> None:
            self.log: list[Any] = []

        def notify_order(self, order: Any) -> None:
            self.log.append((len(self), order.status, order.executed.size, order.executed.price, order.executed.dt))

    rows = walk(7)
    ours = run(Opening, [feed(rows)], Agreeing(cash=1e6, rules="off"), cheat_on_open=True)
    assert ours.log == run(Opening, [feed(rows)], bt.brokers.BackBroker(cash=1e6), cheat_on_open=True).log


def test_a_resampled_feed_is_the_same_symbol() -> None:
    def setup(cerebro: bt.Cerebro) -> None:
        cerebro.resampledata(cerebro.datas[0], timeframe=bt.TimeFrame.Minutes, compression=5)

    script = {20: lambda s: s.buy(data=s.datas[0], size=10), 40: lambda s: s.kept.update(o=s.sell(data=s.datas[1], size=10))}
    s = run(scripted(script), [feed(flat(100, 60))], Agreeing(cash=10_000.0), setup)
    assert s.kept["o"].status == bt.Order.Completed
    assert s.broker.account.positions == {}
    assert [n for _, _, n in s.broker.account.day_trades] == [1]
    assert list(s.broker.clock.by_symbol) == ["SPY"]


def test_a_replayed_day_counts_on_its_dates() -> None:
    rows = [row for day in (2, 3) for row in flat(100, 20, datetime(2024, 1, day, 9, 31))]

    class Third(bt.Strategy):
        ticks = 0

        def next(self) -> None:
            self.ticks += 1
            if self.ticks == 3:
                self.buy(size=10)

    cerebro = bt.Cerebro(stdstats=False)
    broker = Agreeing(cash=10_000.0)
    cerebro.setbroker(broker)
    cerebro.replaydata(feed(rows), timeframe=DAYS)
    cerebro.addstrategy(Third)
    cerebro.run()
    assert [row["session"] for row in broker.account.sessions] == ["2024-01-02", "2024-01-03"]
    assert fill_sessions(broker) == ["2024-01-02"]


def test_minute_and_daily_feeds_together() -> None:
    minutes = [row for day in (2, 3, 4) for row in flat(100, 5, datetime(2024, 1, day, 15, 56))]
    script = {2: lambda s: s.buy(data=s.datas[0], size=10), 4: lambda s: s.close(data=s.datas[0])}
    s = run(scripted(script), [feed(minutes, "A"), feed(daily(50, 51, 52), "B", timeframe=DAYS)], Agreeing(cash=10_000.0))
    assert [row["session"] for row in s.broker.account.sessions] == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert set(fill_sessions(s.broker)) == {"2024-01-02"}


@pytest.mark.parametrize("engine", ({}, {"runonce": False}, {"preload": False}, {"exactbars": 1}, {"exactbars": -2}))
def test_every_engine_mode_gives_the_same_sessions(engine: dict[str, Any]) -> None:
    rows = [
        row
        for day in (2, 3, 4)
        for row in bars((f"2024-01-0{day} 15:58", 100), (f"2024-01-0{day} 16:00", 100 + day), (f"2024-01-0{day} 17:00", 50))
    ]
    s = run(scripted({1: lambda s: s.buy(size=10)}), [feed(rows)], Agreeing(cash=10_000.0), **engine)
    assert sessions_of(s.broker) == [("2024-01-02", 10_000.0), ("2024-01-03", 10_010.0), ("2024-01-04", 10_020.0)]


def test_one_broker_serves_every_run_of_optstrategy() -> None:
    class Size(bt.Strategy):
        params = (("size", 1),)

        def next(self) -> None:
            if len(self) == 1:
                self.buy(size=self.p.size)

    cerebro = bt.Cerebro(stdstats=False, maxcpus=1)
    cerebro.setbroker(Agreeing(cash=10_000.0))
    cerebro.adddata(feed(flat(100, 5)))
    cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")
    cerebro.optstrategy(Size, size=(1, 50, 5_000))
    found = [run[0].analyzers.compliance.get_analysis() for run in cerebro.run()]
    assert [len(a["fill_list"]) for a in found] == [1, 1, 0]
    assert [a["refusals"] for a in found] == [0, 0, 1]


def test_positions_carried_in_are_held_on_both_sides() -> None:
    rows = bars(("2024-01-02 09:31", 100), ("2024-01-02 09:32", 102), ("2024-01-02 09:33", 102))
    broker = Agreeing(cash=-2_000.0, account={"positions": [("SPY", 100, 99.0)]})
    s = run(scripted({1: lambda s: s.kept.update(o=s.close())}), [feed(rows)], broker)
    assert s.kept["o"].status == bt.Order.Completed
    assert s.broker.startingcash == 7_900.0 and s.broker.getvalue() == s.broker.getcash() == 8_200.0
    assert s.broker.account.day_trades == []


def test_the_law_of_the_bars_date_applies() -> None:
    """The last day of the day-trade count and the first day without it."""
    script = {n: ((lambda s: s.buy(size=1)) if n % 4 == 1 else (lambda s: s.close())) for n in range(1, 30, 2)}
    refused = {}
    for day in ("2026-06-03", "2026-06-04"):
        s = run(scripted(script), [feed(flat(100, 40, datetime.fromisoformat(day + " 09:31")))], Agreeing(cash=10_000.0, block_on="both"))
        refused[day] = {e.decision.reason for e in s.broker.account.journal if isinstance(e, OrderEntry) and not e.decision.accepted}
    assert refused == {"2026-06-03": {Reason.PDT_COUNT}, "2026-06-04": set()}


def test_a_frozen_day_is_the_law_throughout() -> None:
    script = {n: ((lambda s: s.buy(size=1)) if n % 4 == 1 else (lambda s: s.close())) for n in range(1, 30, 2)}
    s = run(scripted(script), [feed(flat(100, 40))], Agreeing(cash=10_000.0, rules="2026-07-01", block_on="both"))
    assert all(e.decision.accepted for e in s.broker.account.journal if isinstance(e, OrderEntry))


def test_years_of_sessions_agree() -> None:
    closes = [100 + (i * 7 % 13) for i in range(300)]

    class Monthly(bt.Strategy):
        def next(self) -> None:
            if len(self) % 21 == 0:
                (self.close if self.position.size else self.buy)(size=20)

    rows = daily(*closes, first=date(2015, 1, 2))
    s = run(Monthly, [feed(rows, timeframe=DAYS)], Agreeing(cash=10_000.0))
    agree(s.broker)
    assert len(s.broker.account.sessions) > 280
