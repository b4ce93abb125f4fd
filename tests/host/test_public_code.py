"""Shapes that public strategies have: each as stock backtrader has it with the rules off, or a sentence; never a silent difference."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import bt_pdt
from bt_pdt.host import hosts

M = bt.TimeFrame.Minutes
Act = Callable[[Any], Any]


def bars(count: int = 60, start: str = "2025-06-09 09:31", price: float = 50.0, step: float = 0.05) -> pd.DataFrame:
    close = np.round(price + step * np.arange(count), 4)
    index = pd.date_range(start, periods=count, freq="1min")
    return pd.DataFrame({"open": close, "high": close + 0.1, "low": close - 0.1, "close": close, "volume": 900.0}, index=index)


def script(at: dict[int, Act], **members: Any) -> type[bt.Strategy]:
    """A strategy that does at bar k what is written there, and logs its orders and its money."""

    def __init__(self: Any) -> None:
        self.log, self.worth = [], []

    def notify_order(self: Any, order: Any) -> None:
        if order.status not in (order.Submitted, order.Accepted):
            self.log.append((len(self), order.getordername(), order.getstatusname(), order.executed.price, order.executed.size))

    def next(self: Any) -> None:
        self.worth.append((self.broker.getcash(), self.broker.getvalue()))
        if len(self) in at:
            at[len(self)](self)

    body = {"__init__": __init__, "notify_order": notify_order, "next": next, "__module__": __name__} | members
    return type("Scripted", (bt.Strategy,), body)


def run(strategy: Any, broker: Any, *frames: Any, names: tuple[str, ...] = ("SPY", "QQQ"), **engine: Any) -> Any:
    cerebro = bt.Cerebro(stdstats=False, **engine)
    cerebro.setbroker(broker)
    for name, frame in zip(names, frames or (bars(),), strict=False):
        cerebro.adddata(frame if isinstance(frame, bt.feed.DataBase) else bt.feeds.PandasData(dataname=frame, timeframe=M, name=name))
    cerebro.addstrategy(strategy)
    return cerebro.run()[0]


def stock(strategy: Any, *frames: Any, cash: float = 10_000.0, **engine: Any) -> Any:
    broker = bt.brokers.BackBroker()
    broker.setcash(cash)
    return run(strategy, broker, *frames, **engine)


def off(strategy: Any, *frames: Any, cash: float = 10_000.0, **engine: Any) -> Any:
    return run(strategy, bt_pdt.MarginBroker(rules="off", cash=cash, charge_costs=False), *frames, **engine)


def law(strategy: Any, *frames: Any, cash: float = 10_000.0, **engine: Any) -> Any:
    return run(strategy, bt_pdt.MarginBroker(cash=cash), *frames, **engine)


# -- brackets whose parent is on its way


def _bracket(parent_transmits: bool, first_transmits: bool) -> Act:
    def act(s: Any) -> None:
        parent = s.buy(size=3, transmit=parent_transmits)
        s.sell(size=3, exectype=bt.Order.Stop, price=40.0, parent=parent, transmit=first_transmits)
        s.sell(size=3, exectype=bt.Order.Limit, price=70.0, parent=parent)

    return act


def _late(s: Any) -> None:
    s.sell(size=2, exectype=bt.Order.Stop, price=40.0, parent=s.parent)


@pytest.mark.parametrize("rules", [off, law])
@pytest.mark.parametrize(
    "at",
    [
        {4: _bracket(True, True)},
        {4: _bracket(False, True)},
        {4: lambda s: setattr(s, "parent", s.buy(size=2)), 9: _late},  # the parent is filled
        {4: lambda s: setattr(s, "parent", s.buy(size=2, exectype=bt.Order.Limit, price=30.0)), 9: _late},  # the parent is at work
    ],
)
def test_children_of_a_parent_that_was_sent_are_a_sentence(rules: Any, at: dict[int, Act]) -> None:
    with pytest.raises(bt_pdt.BadInput, match=r"was sent already .* transmit=False"):
        rules(script(at))


def test_a_whole_bracket_is_as_stock() -> None:
    at = {4: _bracket(False, False)}
    assert stock(script(at)).log == off(script(at)).log


def test_a_child_of_a_parent_that_is_gone_is_rejected_as_in_stock() -> None:
    def cancel(s: Any) -> None:
        s.cancel(s.parent)

    at = {4: lambda s: setattr(s, "parent", s.buy(size=2, exectype=bt.Order.Limit, price=30.0)), 7: cancel, 9: _late}
    assert stock(script(at)).log == off(script(at)).log


# -- a refusal changes nothing else


def test_a_refused_partner_leaves_the_others_at_work_whichever_came_first() -> None:
    """A stop and a limit as OCO; then a third of the group with a price that is no price, and a group whose first is refused."""

    def begin(s: Any) -> None:
        s.buy(size=10)

    def group(s: Any) -> None:
        s.stop_ = s.sell(size=10, exectype=bt.Order.Stop, price=45.0)
        s.bad = s.sell(size=10, exectype=bt.Order.Limit, price=90.0051, oco=s.stop_)
        s.take = s.sell(size=10, exectype=bt.Order.Limit, price=90.0, oco=s.stop_)

    def other(s: Any) -> None:
        s.first = s.buy(size=1, exectype=bt.Order.Limit, price=45.0051)
        s.second = s.buy(size=1, exectype=bt.Order.Limit, price=44.0, oco=s.first)

    s = law(script({2: begin, 5: group, 8: other, 12: lambda s: s.cancel(s.second)}))
    assert [o.getstatusname() for o in (s.bad, s.stop_, s.take, s.first, s.second)] == [
        "Rejected", "Accepted", "Accepted", "Rejected", "Canceled",
    ]  # fmt: skip


def test_what_is_left_of_a_group_still_cancels_itself() -> None:
    def group(s: Any) -> None:
        s.stop_ = s.sell(size=10, exectype=bt.Order.Stop, price=45.0)
        s.sell(size=10, exectype=bt.Order.Limit, price=90.0051, oco=s.stop_)
        s.take = s.sell(size=10, exectype=bt.Order.Limit, price=50.5, oco=s.stop_)

    s = law(script({2: lambda s: s.buy(size=10), 5: group}))
    assert (s.take.getstatusname(), s.stop_.getstatusname()) == ("Completed", "Canceled")


# -- what is checked once is checked when it changes


@pytest.mark.parametrize("where", ["__init__", "start", "next"])
@pytest.mark.parametrize(
    "scheme", [{"margin": 500.0, "mult": 5.0}, {"mult": 5.0}, {"leverage": 4.0}, {"commission": 1.0, "commtype": 1, "stocklike": False}]
)
def test_commission_schemes_set_by_a_strategy(where: str, scheme: dict[str, Any]) -> None:
    class Sets(bt.Strategy):
        def __init__(self) -> None:
            self.set("__init__")

        def start(self) -> None:
            self.set("start")

        def next(self) -> None:
            if len(self) == 5:
                self.set("next")
                self.buy(size=1)

        def set(self, now: str) -> None:
            if now == where:
                self.broker.setcommission(**scheme)

    with pytest.raises(bt_pdt.BadInput, match=r"futures-like commission|leverage or mult"):
        off(Sets)


def test_a_scheme_changed_in_place_is_found_at_its_next_use() -> None:
    def change(s: Any) -> None:
        s.broker.getcommissioninfo(s.data).p.mult = 3.0

    with pytest.raises(bt_pdt.BadInput, match="leverage or mult"):
        law(script({2: lambda s: s.broker.setcommission(commission=0.0), 3: change, 4: lambda s: s.buy(size=1)}))


def test_a_commission_may_change_while_running() -> None:
    at = {2: lambda s: s.buy(size=5), 9: lambda s: s.broker.setcommission(commission=0.01), 12: lambda s: s.close()}
    one, two = stock(script(at)), off(script(at))
    assert one.worth == two.worth and one.log == two.log


def test_shortcash_is_refused_when_it_is_set() -> None:
    with pytest.raises(bt_pdt.BadInput, match="shortcash"):
        law(script({3: lambda s: s.broker.set_shortcash(False)}))


# -- before the first bar is worked on


def _once(self: Any) -> None:
    if not getattr(self, "sent", False):
        self.sent = True
        self.buy(size=2)


def _timer(self: Any) -> None:
    self.log, self.worth = [], []
    self.add_timer(when=bt.Timer.SESSION_START, cheat=True)


EARLY = {
    "a cheat timer": (script({}, __init__=_timer, notify_timer=lambda self, *a, **k: _once(self)), {}),
    "next_open": (script({}, next_open=_once), {"cheat_on_open": True}),
    "prenext_open": (script({}, prenext_open=_once, next_open=_once), {"cheat_on_open": True}),
    "start": (script({}, start=_once), {}),
    "prenext": (script({}, prenext=_once), {}),
}


@pytest.mark.parametrize("name", EARLY)
def test_orders_of_the_first_bar_with_the_rules_off_are_stock_s(name: str) -> None:
    strategy, engine = EARLY[name]
    one, two = stock(strategy, **engine), off(strategy, **engine)
    assert one.log == two.log and one.worth == two.worth


def test_the_first_bar_s_order_is_judged_at_its_open() -> None:
    """200 shares at the open of 50 are 10,000 on 10,000 of cash, and twice that may be bought; 500 are too many."""
    for size, status in ((200, "Completed"), (500, "Rejected")):
        s = law(
            script({}, next_open=lambda self, size=size: None if self.log or len(self) > 1 else self.buy(size=size)), cheat_on_open=True
        )
        assert s.log[0][2] == status
        assert len(s.broker.account.journal) > 0


# -- days without a law


def test_the_rules_off_need_no_law() -> None:
    old = bars(start="1998-02-10 09:31")
    at = {2: lambda s: s.buy(size=10), 20: lambda s: s.close()}
    one, two = stock(script(at), old), off(script(at), old)
    assert one.worth == two.worth and two.broker.account.day_trades == [(date(1998, 2, 10), "SPY", 1)]
    assert any("before the day-trading rules of 2001-09-28" in text for text in two.broker.looker.said)
    with pytest.raises(bt_pdt.BadInput, match='rules="2001-09-28"'):
        law(script(at), old)
    assert run(script(at), bt_pdt.MarginBroker(rules="2001-09-28", cash=10_000.0), old).log == one.log


# -- feeds and names


class Quotes(bt.feeds.PandasData):
    """Bid and ask, and nothing that is traded."""

    linesoverride = True
    lines = ("datetime", "bid", "ask")
    params = (("datetime", None), ("bid", 0), ("ask", 1))
    datafields = ("datetime", "bid", "ask")


def _quotes() -> Any:
    close = bars()["close"]
    return Quotes(dataname=pd.DataFrame({"bid": close - 0.01, "ask": close + 0.01}), timeframe=M, name="QUOTES")  # type: ignore[call-arg]


def test_a_feed_of_other_lines_may_stand_beside() -> None:
    at = {3: lambda s: s.buy(size=4), 30: lambda s: s.close()}
    assert stock(script(at), bars(), _quotes()).log == off(script(at), bars(), _quotes()).log
    with pytest.raises(bt_pdt.BadInput, match="QUOTES, a feed without open, high, low, close"):
        law(script({3: lambda s: s.buy(data=s.datas[1], size=1)}), bars(), _quotes())


def test_a_feed_without_volume_and_one_with_more_lines() -> None:
    class More(bt.feeds.PandasData):
        lines = ("signal",)
        params = (("signal", -1),)

    frame = bars().drop(columns="volume").assign(signal=1.0)
    at = {3: lambda s: s.buy(size=4), 30: lambda s: s.close()}
    feed = lambda: More(dataname=frame, timeframe=M, name="SPY", volume=None)  # noqa: E731
    assert stock(script(at), feed()).log == off(script(at), feed()).log != []


@pytest.mark.parametrize(
    ("names", "tickers"),
    [
        (("BRK/B", "BF/B"), {"BRK/B", "BF/B"}),
        (("BF.B", "BRK.B"), {"BF.B", "BRK.B"}),
        (("in/SPY.csv", "in/QQQ.parquet"), {"SPY", "QQQ"}),
        (("in\\SPY.csv.gz", "RDS.A"), {"SPY", "RDS.A"}),
    ],
)
def test_names_stay_what_they_are(names: tuple[str, str], tickers: set[str]) -> None:
    s = law(script({3: lambda s: (s.buy(data=s.datas[0], size=1), s.buy(data=s.datas[1], size=2))}), bars(), bars(price=20.0), names=names)
    assert s.broker.account.positions.keys() == tickers


def test_two_feeds_under_one_ticker() -> None:
    buys = script({3: lambda s: (s.buy(data=s.datas[0], size=1), s.buy(data=s.datas[1], size=2))})
    for names in (("a/SPY.csv", "b/SPY.csv"), ("SPY", "SPY")):
        with pytest.raises(bt_pdt.BadInput, match=r"SPY stands twice: .* symbols="):
            law(buys, bars(), bars(price=20.0), names=names)
    said = bt_pdt.MarginBroker(cash=10_000.0, symbols={"b/SPY.csv": "SPY"})
    assert run(buys, said, bars(), bars(), names=("a/SPY.csv", "b/SPY.csv")).broker.account.positions == {"SPY": 3.0}


# -- positions and cash


def test_positions_say_what_stock_s_say() -> None:
    def look(s: Any) -> None:
        s.log.append((s.position.size, s.position.price, s.position.adjbase, getattr(s.position, "datetime", None)))

    at: dict[int, Act] = dict.fromkeys(range(2, 60), look)
    at |= {3: lambda s: (look(s), s.buy(size=10)), 20: lambda s: (look(s), s.sell(size=25)), 40: lambda s: (look(s), s.close())}
    one, two = stock(script(at)), off(script(at))
    assert one.log == two.log


def test_positions_with_interest_are_stock_s_too() -> None:
    def run_on(make: Any) -> Any:
        def start(self: Any) -> None:
            self.broker.setcommission(commission=0.0, interest=0.1, interest_long=True)

        days = pd.concat([bars(390, f"2025-06-{d} 09:31") for d in ("09", "10", "11")])
        at = {
            3: lambda s: s.buy(size=10),
            900: lambda s: s.log.append((s.position.datetime, s.broker.getvalue())),
            1000: lambda s: s.close(),
        }
        return make(script(at, start=start), days)

    assert run_on(stock).log == run_on(off).log


@pytest.mark.parametrize("where", ["__init__", "start", "nextstart"])
def test_cash_of_the_strategy_s_own(where: str) -> None:
    def members(setter: str) -> dict[str, Any]:
        def set_it(self: Any) -> None:
            if where == "__init__":
                self.log, self.worth = [], []
            getattr(self.broker, setter)(60_000.0)

        return {where: set_it}

    at = {4: lambda s: s.buy(size=100), 30: lambda s: s.close()}
    if where == "nextstart":
        with pytest.raises(bt_pdt.BadInput, match="add_cash"):
            law(script(at, **members("setcash")))
        return
    for setter in ("setcash", "set_cash"):
        one, two = stock(script(at, **members(setter))), off(script(at, **members(setter)))
        assert one.worth == two.worth and one.broker.get_fundvalue() == two.broker.get_fundvalue()
        judged = law(script(at, **members(setter)))
        assert judged.broker.account.now.date() == date(2025, 6, 9) and judged.broker.startingcash == 60_000.0


def test_the_manifest_has_the_cash_that_was_there() -> None:
    def __init__(self: Any) -> None:
        self.log, self.worth = [], []
        self.broker.setcash(60_000.0)

    frame = bars().rename_axis("datetime").reset_index().assign(symbol="SPY")
    found = bt_pdt.run(script({4: lambda s: s.buy(size=10)}, __init__=__init__), bt_pdt.load(frame, stamp="end", timeframe="1 minute"))
    assert found.manifest["parameters"]["cash"] == 60_000.0 and any("sets its own cash" in text for text in found.warnings)
    assert found.account["cash"].iloc[0] == 60_000.0


# -- parts of shares


def test_parts_of_shares_before_there_were_any_are_spoken_of() -> None:
    early, late = bars(start="2019-03-04 09:31"), bars()
    said = law(script({3: lambda s: s.buy(size=7.25)}), early).broker.looker.said
    assert sum("parts of a share" in text for text in said) == 1
    assert not any("parts of a share" in text for text in law(script({3: lambda s: s.buy(size=7.25)}), late).broker.looker.said)


# -- travelling, and other backtraders


class HoldsAndTravels(bt.Strategy):  # a name of its own: backtrader names the class of its lines after it, once in a process
    def next(self) -> None:
        if len(self) == 3:
            self.buy(size=4)


def test_what_a_run_leaves_travels() -> None:
    s = law(HoldsAndTravels)
    for what in (s, s.broker, s.cerebro, s.position):
        pickle.loads(pickle.dumps(what))
    assert copy.deepcopy(s.broker.positions[s.data]).datetime == s.position.datetime == datetime(2025, 6, 9, 10, 30)


@pytest.mark.parametrize(
    ("module", "name"), [("backtrader.order", "OrderData"), ("backtrader.linebuffer", "LineActions"), ("backtrader", "Cerebro")]
)
def test_a_backtrader_that_lacks_something_is_refused_first(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    import sys

    monkeypatch.delattr(sys.modules[module], name)
    with pytest.raises(bt_pdt.BadInput, match=rf"has no {module}.{name}, so orders would not be judged; use backtrader 1.9.78.123"):
        hosts.require_host.__wrapped__()


def test_no_backtrader_or_a_renamed_one_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "find_spec", lambda name: object() if name == "backtrader_next" else None)
    with pytest.raises(bt_pdt.BadInput, match=r"backtrader is not installed; backtrader_next is"):
        hosts.require_host.__wrapped__()
    hosts.require_host()
