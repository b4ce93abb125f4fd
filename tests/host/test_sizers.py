"""Sizers: sizes by hand on both sides of a share, in both regimes, long and short, alone and one around another; why they trim."""

from __future__ import annotations

import math
import pickle
import random
from datetime import date, datetime, timedelta
from typing import Any

import backtrader as bt
import pytest
from made import RICH, Agreeing, bars, feed, flat, walk

import bt_pdt
from bt_pdt.account.call_book import Restriction
from bt_pdt.account.events import renew
from bt_pdt.core.decisions import Reason
from bt_pdt.core.errors import BadInput, UnknownName
from bt_pdt.core.journal import OrderEntry, SizeEntry
from bt_pdt.core.sessions import sessions_between
from bt_pdt.host import sizers

OLD, NEW = datetime(2024, 1, 2, 9, 31), datetime(2026, 6, 8, 9, 31)


class Asks(bt.Strategy):
    """Asks for a size on every bar, and orders it on bar ``at`` with ``buys``."""

    params = (("buys", True), ("at", 0))

    def __init__(self) -> None:
        self.sizes: list[float] = []
        self.whys: list[str] = []
        self.order: Any = None

    def ask(self) -> None:
        self.sizes.append(self.getsizing(isbuy=self.p.buys))
        self.whys.append(getattr(self.sizer, "why", ""))
        if len(self.sizes) == self.p.at:
            self.order = self.buy() if self.p.buys else self.sell()

    def next(self) -> None:
        self.ask()


class AtOpen(Asks):
    def next(self) -> None:
        pass

    def next_open(self) -> None:
        self.ask()


class Script(bt.Strategy):
    """Calls ``script[n](self)`` on bar ``n`` (from 1)."""

    params: Any = (("script", None),)

    def __init__(self) -> None:
        self.kept: dict[Any, Any] = {}

    def next(self) -> None:
        act = (self.p.script or {}).get(len(self))
        if act is not None:
            act(self)


def asked(sizer: Any, rows: Any, broker: Any = None, strategy: type[bt.Strategy] = Asks, engine: Any = (), **words: Any) -> Any:
    """A run of ``strategy`` over one feed of ``rows`` (or two) with this sizer: (class, its arguments)."""
    kind, arguments = sizer
    cerebro = bt.Cerebro(stdstats=False, **dict(engine))
    cerebro.setbroker(broker if broker is not None else Agreeing(cash=10_000.0))
    for i, each in enumerate(rows if isinstance(rows[0], list) else [rows]):
        cerebro.adddata(feed(each, "AB"[i]))
    if issubclass(kind, sizers.Sized):
        cerebro.addsizer(kind(**arguments))
    else:
        cerebro.addsizer(kind, **arguments)
    cerebro.addstrategy(strategy, **words)
    return cerebro.run()[0]


def stock(cash: float = 10_000.0) -> Any:
    broker = bt.brokers.BackBroker(cash=cash)
    broker.set_shortcash(True)
    return broker


def entries(s: Any) -> list[SizeEntry]:
    return [e for e in s.broker.account.journal if isinstance(e, SizeEntry)]


def fixed(shares: float) -> bt.Sizer:
    return bt.sizers.FixedSize(stake=shares)


# -- percent of equity


@pytest.mark.parametrize("broker", [stock, lambda: Agreeing(cash=10_000.0)], ids=["stock", "margin"])
@pytest.mark.parametrize("begin", [OLD, NEW], ids=["old", "new"])
@pytest.mark.parametrize("buys", [True, False], ids=["long", "short"])
@pytest.mark.parametrize(
    ("price", "percent", "size"),
    [(100.0, 50.0, 50), (99.99, 100.0, 100), (100.01, 100.0, 99), (100.0, 200.0, 200), (100.0, 0.99, 0), (100.0, 1.0, 1)],
)
def test_percent_of_equity(broker: Any, begin: datetime, buys: bool, price: float, percent: float, size: int) -> None:
    """10,000 x percent / price, down to a whole share: 10,000 / 100.01 = 99.99."""
    s = asked((bt_pdt.PercentOfEquity, {"percent": percent}), flat(price, 1, begin), broker(), buys=buys)
    assert s.sizes == [size] and isinstance(s.sizes[0], int)
    assert s.whys == ["" if size else "0.99 shares are less than one (fractional)."]


def test_fractional_shares_are_kept_to_nine_decimals() -> None:
    s = asked((bt_pdt.PercentOfEquity, {"percent": 100.0, "fractional": True}), flat(30.0, 1))
    assert s.sizes == [333.333333333]


def test_arguments_by_place_and_by_name() -> None:
    assert bt_pdt.PercentOfEquity(25).p.percent == 25
    assert bt_pdt.FixedRisk(0.02, 10).p.atr_period == 10
    with pytest.raises(UnknownName, match="percent"):
        bt_pdt.PercentOfEquity(percnt=25)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: bt_pdt.PercentOfEquity(percent=0), "percent"),
        (lambda: bt_pdt.PercentOfBuyingPower(power="all"), "power"),
        (lambda: bt_pdt.FixedRisk(risk=-0.01), "risk"),
        (lambda: bt_pdt.FixedRisk(atr_period=1.5), "atr_period"),
        (lambda: bt_pdt.VolatilityTarget(lookback=1), "lookback"),
        (lambda: bt_pdt.Kelly(fraction=1.5), "fraction"),
        (lambda: bt_pdt.KeepDayTrades(reserve=-1, sizer=bt_pdt.PercentOfEquity), "reserve"),
        (lambda: bt_pdt.Trimmed(), "sizer"),
        (lambda: bt_pdt.Trimmed(sizer=50), "sizer"),
    ],
)
def test_what_cannot_be_meant(make: Any, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        make()


@pytest.mark.parametrize("kind", ["PercentOfBuyingPower", "KeepDayTrades", "Overnight", "Trimmed"])
def test_what_needs_the_account_says_so_under_a_stock_broker(kind: str) -> None:
    words = {} if kind == "PercentOfBuyingPower" else {"sizer": bt_pdt.PercentOfEquity(percent=50)}
    with pytest.raises(BadInput, match=f"{kind} asks a margin account"):
        asked((getattr(bt_pdt, kind), words), flat(100, 1), stock())


# -- closing


@pytest.mark.parametrize("sizer", [fixed(40), bt_pdt.PercentOfEquity(percent=1)], ids=["fixed", "percent"])
def test_an_order_against_the_position_is_sized_to_it(sizer: Any) -> None:
    """150 bought on margin fall from 100 to 40: equity is gone to 1,000, no day trade is kept, and all 150 are sold."""
    rows = bars(*[(f"2024-01-02 09:3{m}", 100 if m < 4 else 40) for m in range(1, 8)])
    script = {1: lambda s: s.buy(size=150), 5: lambda s: s.kept.update(sell=s.getsizing(isbuy=False), add=s.getsizing(isbuy=True))}
    wrapped = {"sizer": bt_pdt.Overnight(sizer=bt_pdt.KeepDayTrades(reserve=5, sizer=sizer))}
    s = asked((bt_pdt.Trimmed, wrapped), rows, strategy=Script, script=script)
    assert s.kept == {"sell": 150, "add": 0}


def test_covering_is_sized_to_the_short() -> None:
    script = {1: lambda s: s.sell(size=30), 3: lambda s: s.kept.update(cover=s.getsizing(isbuy=True))}
    assert asked((bt_pdt.PercentOfEquity, {"percent": 99}), flat(100, 4), stock(), Script, script=script).kept == {"cover": 30}


# -- percent of buying power


@pytest.mark.parametrize(
    ("begin", "cash", "flagged", "power", "buys", "size"),
    [
        # 10,000 at multiplier 2: 20,000 of Reg T; a buy is valued at 102.50, a short at 103
        (OLD, 10_000.0, False, "binding", True, 195),  # 195.12
        (OLD, 10_000.0, False, "regt", True, 195),
        (OLD, 10_000.0, False, "overnight", True, 195),
        (OLD, 10_000.0, False, "day_trading", True, 0),
        (OLD, 10_000.0, False, "binding", False, 194),  # 20,000 / 103 = 194.17
        (OLD, 9_993.75, False, "binding", True, 195),  # 19,987.50 is 195 x 102.50
        (OLD, 9_993.74, False, "binding", True, 194),
        # 30,000 and flagged: DTBP 120,000, Reg T 60,000
        (OLD, 30_000.0, True, "binding", True, 585),  # 60,000 / 102.50 = 585.37
        (OLD, 30_000.0, True, "day_trading", True, 1_170),  # 1,170.73
        (OLD, 30_000.0, True, "regt", False, 582),  # 60,000 / 103 = 582.52
        # from 2026-06-04: 4 x 10,000 of intraday buying power; a market buy is valued at the last price, a short uses 30 / 25 of its value
        (NEW, 10_000.0, False, "binding", True, 400),
        (NEW, 10_000.0, False, "day_trading", False, 323),  # 40,000 / (103 x 1.2) = 323.62
        (NEW, 10_000.0, False, "regt", True, 200),
        (NEW, 10_000.0, False, "overnight", True, 200),
        # under 2,000 there is the cash alone, and no short
        (OLD, 1_999.99, False, "binding", True, 19),
        (NEW, 1_999.99, False, "day_trading", True, 19),
        (OLD, 1_999.99, False, "regt", False, 0),
    ],
)
def test_percent_of_buying_power(begin: datetime, cash: float, flagged: bool, power: str, buys: bool, size: int) -> None:
    broker = Agreeing(cash=cash, account={"pattern_day_trader": flagged})
    s = asked((bt_pdt.PercentOfBuyingPower, {"percent": 100.0, "power": power}), flat(100, 2, begin), broker, buys=buys, at=1)
    assert s.sizes[0] == size
    if size:
        assert s.order.status == bt.Order.Completed, s.order.info
    else:
        assert f"power={power}" in s.whys[0] and "Rule: " in s.whys[0]


def test_what_works_already_is_taken_off_buying_power() -> None:
    """100 of a limit at 90 hold 9,000 of 20,000: 11,000 / 102.50 = 107.3."""
    script = {
        1: lambda s: (s.buy(size=100, price=90.0, exectype=bt.Order.Limit), s.kept.update(size=s.getsizing())),
    }
    s = asked((bt_pdt.PercentOfBuyingPower, {"percent": 100.0}), flat(100, 2), strategy=Script, script=script)
    assert s.kept["size"] == 107


def test_half_of_it() -> None:
    assert asked((bt_pdt.PercentOfBuyingPower, {"percent": 50.0}), flat(100, 1)).sizes == [97]  # 97.56


def test_liquidation_only_gives_nothing_and_says_why() -> None:
    """A flagged account that closed under 25,000 in 2024 may only sell."""
    for kind, words in (
        (bt_pdt.PercentOfBuyingPower, {}),
        *((k, {"sizer": bt_pdt.PercentOfEquity(percent=10)}) for k in (bt_pdt.Trimmed, bt_pdt.Overnight, bt_pdt.KeepDayTrades)),
    ):
        s = asked((kind, words), flat(100, 1), Agreeing(cash=20_000.0, account=RICH))
        assert s.sizes == [0]
        (entry,) = entries(s)
        assert "may only close positions" in entry.why and "pdt_min_equity" in entry.why and entry.given == 0.0


@pytest.mark.parametrize("kind", ["ninety_day_freeze", "cash_available"])
def test_under_a_restriction_to_cash_there_is_the_cash(kind: str) -> None:
    """10,000 / 102.50 = 97.56, and nothing short."""
    seen: list[float] = []

    def restrict(s: Any) -> None:
        account = s.broker.account
        account.call_book.restrict(Restriction(kind, account.session, None, "c1", "day_trade_call_past_due", "a call is past due"))
        renew(account)
        seen.extend(s.getsizing(isbuy=buys) for buys in (True, False))

    asked((bt_pdt.PercentOfBuyingPower, {"percent": 100.0}), flat(100, 1), strategy=Script, script={1: restrict})
    for wrapper in (bt_pdt.Overnight, bt_pdt.Trimmed):
        asked((wrapper, {"sizer": fixed(150)}), flat(100, 1), strategy=Script, script={1: restrict})
    assert seen == [97, 0] * 3


# -- fixed risk


#: true ranges from the second bar on: 3, 2, 4, 5
RANGES = [
    (datetime(2024, 1, 2, 9, 31), 100.0, 101.0, 99.0, 100.0, 1.0),
    (datetime(2024, 1, 2, 9, 32), 100.0, 102.0, 99.0, 101.0, 1.0),
    (datetime(2024, 1, 2, 9, 33), 101.0, 103.0, 101.0, 103.0, 1.0),
    (datetime(2024, 1, 2, 9, 34), 103.0, 104.0, 100.0, 104.0, 1.0),
    (datetime(2024, 1, 2, 9, 35), 107.0, 109.0, 107.0, 108.0, 1.0),
]


@pytest.mark.parametrize("broker", [stock, lambda: Agreeing(cash=10_000.0)], ids=["stock", "margin"])
@pytest.mark.parametrize("engine", [{}, {"runonce": False}, {"preload": False}], ids=["once", "next", "fed"])
def test_fixed_risk(broker: Any, engine: Any) -> None:
    """Ranges 3, 2, 4, 5: ATR(2) is 2.5, 3.25, 4.125. 1 % of 10,000 over twice that: 20, 15.38, 12.12."""
    s = asked((bt_pdt.FixedRisk, {"risk": 0.01, "atr_period": 2, "multiple": 2.0}), RANGES, broker(), engine=engine)
    assert s.sizes == [0, 0, 20, 15, 12]
    assert s.whys[1] == "the average true range takes 3 bars, 2 have ended (atr_period)."
    assert s.whys[2:] == ["", "", ""]


def test_fixed_risk_is_backtraders_own_atr() -> None:
    class Both(Asks):
        def __init__(self) -> None:
            super().__init__()
            self.atr = bt.indicators.ATR(self.data, period=14)

        def next(self) -> None:
            self.sizes.append(self.getsizing() * self.atr[0])

    s = asked((bt_pdt.FixedRisk, {"fractional": True}), walk(3, days=2, minutes=60), strategy=Both)
    assert len(s.sizes) > 100 and s.sizes == pytest.approx([50.0] * len(s.sizes))  # 1 % of 10,000 over 2 ATR


def test_a_sizer_asked_late_gives_what_one_asked_always_does() -> None:
    class Late(Asks):
        def next(self) -> None:
            if len(self) == 5:
                self.ask()

    words = {"risk": 0.01, "atr_period": 2, "multiple": 2.0}
    assert asked((bt_pdt.FixedRisk, words), RANGES, strategy=Late).sizes == [12]


@pytest.mark.parametrize("broker", [stock, lambda: Agreeing(cash=10_000.0)], ids=["stock", "margin"])
def test_no_look_ahead_at_the_open(broker: Any) -> None:
    """Cheat-on-open knows the open of the bar at hand and the whole of those before: from the second bar on, at opens."""
    open_ = {"cheat_on_open": True}
    s = asked((bt_pdt.FixedRisk, {"atr_period": 2}), RANGES, broker(), AtOpen, open_)
    assert s.sizes == [0, 0, 20, 15]
    s = asked((bt_pdt.PercentOfEquity, {"percent": 100}), RANGES, broker(), AtOpen, open_)
    assert s.sizes == [100, 99, 97, 93]  # 10,000 / 100, 101, 103, 107


@pytest.mark.parametrize(
    "sizer", [(bt_pdt.FixedRisk, {"atr_period": 3}), (bt_pdt.VolatilityTarget, {"lookback": 2})], ids=["risk", "volatility"]
)
def test_what_comes_later_changes_nothing(sizer: Any) -> None:
    rows = walk(7, days=5, minutes=10)
    other = rows[:35] + [(at, *(x * 3 for x in rest[:4]), rest[4]) for at, *rest in rows[35:]]
    assert asked(sizer, rows).sizes[:35] == asked(sizer, other).sizes[:35]


def test_without_past_bars_it_says_so() -> None:
    with pytest.raises(BadInput, match="exactbars"):
        asked((bt_pdt.FixedRisk, {"atr_period": 2}), RANGES, engine={"exactbars": 1})


def test_a_stop_without_distance() -> None:
    rows = [(OLD + timedelta(minutes=i), 50.0, 50.0, 50.0, 50.0, 1.0) for i in range(3)]
    assert "is 0" in asked((bt_pdt.FixedRisk, {"atr_period": 1}), rows).whys[-1]


# -- volatility


def days(*closes: float, first: str = "2024-01-02") -> list[Any]:
    """Two bars a day, the last at ``close``."""
    made, day = [], date.fromisoformat(first)
    for close in closes:
        made += [(datetime(day.year, day.month, day.day, 10, 0), 100.0, 120.0, 80.0, 90.0, 1.0)]
        made += [(datetime(day.year, day.month, day.day, 16, 0), 90.0, 120.0, 80.0, close, 1.0)]
        day += timedelta(days=1)
    return made


def test_volatility_target() -> None:
    """Closes 100, 110, 100: log returns ln 1.1 and -ln 1.1, whose sample deviation is ln 1.1 x the root of 2, 2.1397 a year.

    15 % of 10,000 over 2.1397 x 90 is 7.79; over 2.1397 x 100 it is 7.01 - known on the fourth day only.
    """
    year = math.log(1.1) * math.sqrt(2 * 252)
    s = asked((bt_pdt.VolatilityTarget, {"target": 0.15, "lookback": 2, "fractional": True}), days(100.0, 110.0, 100.0, 100.0))
    assert s.sizes[:6] == [0.0] * 6
    assert s.whys[5] == "the volatility takes 3 daily closes, there are 2 (lookback)."
    assert s.sizes[6:] == pytest.approx([1_500 / (year * 90), 1_500 / (year * 100)], abs=1e-9)


@pytest.mark.parametrize("broker", [stock, lambda: Agreeing(cash=10_000.0)], ids=["stock", "margin"])
def test_a_daily_bar_has_ended(broker: Any) -> None:
    rows = [(datetime(2024, 1, d), c, c, c, c, 1.0) for d, c in ((2, 100.0), (3, 110.0), (4, 100.0))]
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(broker())
    cerebro.adddata(feed(rows, "A", timeframe=bt.TimeFrame.Days))
    cerebro.addsizer(bt_pdt.VolatilityTarget, target=0.15, lookback=2)
    cerebro.addstrategy(Asks)
    assert cerebro.run()[0].sizes == [0, 0, 7]


# -- Kelly


def trips(*prices: tuple[float, float]) -> tuple[list[Any], dict[int, Any]]:
    """Bars and a script of round trips of one share, in and out at these prices; the last bar asks."""
    made, script, n = [], {}, 0
    for paid, got in prices:
        made += flat(paid, 2, OLD + timedelta(minutes=n)) + flat(got, 2, OLD + timedelta(minutes=n + 2))
        script |= {n + 1: lambda s: s.buy(size=1), n + 3: lambda s: s.close()}
        n += 4
    made += flat(100.0, 1, OLD + timedelta(minutes=n))
    script[n + 1] = lambda s: s.kept.update(size=s.getsizing(), why=s.sizer.why)
    return made, script


WON, LOST = (100.0, 110.0), (100.0, 95.0)


@pytest.mark.parametrize("broker", [stock, lambda: Agreeing(cash=10_000.0, rules="off")], ids=["stock", "margin"])
@pytest.mark.parametrize(
    ("made", "words", "size", "why"),
    [
        ((WON, LOST), {"cap": 1.0}, 25, ""),  # f = 0.5 - 0.5 / 2 = 0.25; all of it: 0.25 x 10,005 / 100
        ((WON, LOST), {"cap": 0.2}, 20, ""),
        ((WON, LOST), {"fraction": 0.5, "cap": 1.0}, 12, ""),
        ((WON, LOST), {"minimum": 3, "size": 7}, 7, ""),
        ((WON, LOST), {"minimum": 3, "size": 0}, 0, "2 trades are closed, 3 are wanted (minimum)."),
        ((WON, WON), {"cap": 1.0, "fraction": 0.5}, 50, ""),  # nothing lost: f = 1; half of 10,020
        ((LOST, LOST), {}, 0, "none of 2 trades won (fraction)."),
        ((WON, LOST, LOST, LOST), {}, 0, "Kelly's share is -12.5% after 4 trades: there is no edge to size (fraction)."),
    ],
)
def test_kelly(broker: Any, made: Any, words: Any, size: int, why: str) -> None:
    rows, script = trips(*made)
    s = asked((bt_pdt.Kelly, {"fraction": 1.0, "minimum": 2} | words), rows, broker(), Script, script=script)
    assert s.kept == {"size": size, "why": why}


# -- day trades


def keep(reserve: int = 0) -> Any:
    return (bt_pdt.KeepDayTrades, {"reserve": reserve, "sizer": fixed(10)})


def used(count: int, session: str = "2023-12-29") -> dict[str, Any]:
    return {"daytrades": [(date.fromisoformat(session), "A", count)]}


@pytest.mark.parametrize(
    ("made", "reserve", "size"), [(0, 0, 10), (2, 0, 10), (3, 0, 0), (2, 1, 0), (1, 1, 10), (0, 2, 10), (0, 3, 0), (1, 2, 0)]
)
def test_day_trades_left(made: int, reserve: int, size: int) -> None:
    """Three in five days, less those made: one more than the reserve must be left."""
    s = asked(keep(reserve), flat(100, 1), Agreeing(cash=24_000.0, account=used(made)))
    assert s.sizes == [size]
    if not size:
        (entry,) = entries(s)
        assert (entry.symbol, entry.asked, entry.given) == ("A", 10.0, 0.0)
        assert f"{3 - made} day trade" in entry.why and "pdt_day_trades_threshold" in entry.why


@pytest.mark.parametrize(
    ("begin", "cash", "size"), [(OLD, 24_999.99, 0), (OLD, 25_000.0, 10), (NEW, 10_000.0, 10)], ids=["under", "25,000", "new"]
)
def test_where_no_count_binds_nothing_is_kept(begin: datetime, cash: float, size: int) -> None:
    account = used(3, "2023-12-29" if begin is OLD else "2026-06-05")
    assert asked(keep(), flat(100, 1, begin), Agreeing(cash=cash, account=account)).sizes == [size]


def test_what_is_open_in_another_symbol_takes_one_too() -> None:
    """One left, taken by A: B has none while A's order works, when it is filled, and when A is out again."""
    seen: list[float] = []
    script = {
        1: lambda s: (s.buy(data=s.datas[0]), seen.append(s.getsizing(s.datas[1]))),
        2: lambda s: seen.append(s.getsizing(s.datas[1])),
        3: lambda s: (s.close(data=s.datas[0]), seen.append(s.getsizing(s.datas[1]))),
        5: lambda s: seen.append(s.getsizing(s.datas[1])),
    }
    rows = [flat(100, 6), flat(50, 6)]
    asked(keep(), rows, Agreeing(cash=24_000.0, account=used(2)), Script, script=script)
    assert seen == [0, 0, 0, 0]
    seen.clear()
    asked(keep(), rows, Agreeing(cash=24_000.0, account=used(1)), Script, script=script)
    assert seen == [10, 10, 10, 10]


# -- overnight


@pytest.mark.parametrize(
    ("begin", "buys", "want", "size"),
    [(OLD, True, 194, 194), (OLD, True, 196, 195), (NEW, True, 350, 200), (NEW, False, 350, 194), (OLD, False, 194, 194)],
)
def test_overnight(begin: datetime, buys: bool, want: int, size: int) -> None:
    """10,000 carry 20,000 overnight in either regime: 195 at 102.50, 194 short at 103."""
    s = asked((bt_pdt.Overnight, {"sizer": fixed(want)}), flat(100, 1, begin), buys=buys)
    assert s.sizes == [size]
    assert [e.given for e in entries(s)] == ([] if want == size else [size])


def test_overnight_keeps_the_fed_call_away() -> None:
    """30,000 may day-trade 1,170 shares at 100; over the close they need 58,500 of initial and 35,100 of maintenance margin. 585 do not."""

    def calls(sizer: Any) -> list[str]:
        rows = [*flat(100, 3, OLD), *flat(100, 2, OLD + timedelta(days=1))]
        s = asked(sizer, rows, Agreeing(cash=30_000.0, account=RICH), at=1)
        assert s.order.status == bt.Order.Completed
        return [call.kind for call in s.broker.account.calls]

    assert calls(fixed_class(1_170)) == ["fed", "maintenance"]
    assert calls((bt_pdt.Overnight, {"sizer": fixed(1_170)})) == []


def fixed_class(stake: int) -> Any:
    return (bt.sizers.FixedSize, {"stake": stake})


def test_overnight_says_what_is_missing() -> None:
    """10,000 buy 195 and fall from 100 to 99: equity 9,805 over initial margin of 9,652.50 leaves 305 of Reg T, 3 shares at 101.475."""
    rows = flat(100, 2) + flat(99, 1, OLD + timedelta(minutes=2)) + flat(97, 1, OLD + timedelta(minutes=3))
    script = {1: lambda s: s.buy(), **{n: lambda s: s.kept.update({len(s): (s.getsizing(), s.sizer.why)}) for n in (3, 4)}}
    s = asked((bt_pdt.Overnight, {"sizer": fixed(195)}), rows, strategy=Script, script=script)
    assert [size for size, _ in s.kept.values()] == [3, 0]
    assert "$305 are left" in s.kept[3][1] and "Rule: regt_initial_long" in s.kept[3][1]
    # at 97: equity 9,415, initial margin 9,457.50
    assert "0 of 195 A can be held overnight: $0 are left" in s.kept[4][1]


def test_overnight_sees_maintenance_above_initial_margin() -> None:
    """10,000, short stock at $4 is held and opened at 100 % of 1.03 x 4: 2,427.18."""
    s = asked((bt_pdt.Overnight, {"sizer": fixed(4_000)}), flat(4.0, 1), buys=False)
    assert s.sizes == [2_427] and "regt_initial_short" in s.whys[0]


# -- trimmed


@pytest.mark.parametrize(("begin", "size"), [(OLD, 195), (NEW, 400)], ids=["old", "new"])
@pytest.mark.parametrize("fractional", [False, True])
def test_trimmed_to_the_last_share(begin: datetime, size: int, fractional: bool) -> None:
    sizer = bt_pdt.PercentOfEquity(percent=1_000, fractional=fractional)
    s = asked((bt_pdt.Trimmed, {"sizer": sizer}), flat(100, 2, begin), at=1)
    # 20,000 and half a cent over 102.50, 40,000 over 100
    assert s.sizes[0] == (size if not fractional else pytest.approx({195: 195.1219512, 400: 400.0}[size], abs=1e-4))
    assert s.order.status == bt.Order.Completed
    first = entries(s)[0]
    assert (first.asked, first.given, first.symbol) == (1_000.0, s.sizes[0], "A")
    assert "buying power" in first.why and "Rule: " in first.why
    assert (first.at, first.session) == (begin, begin.date())


def test_trimmed_leaves_what_passes() -> None:
    s = asked((bt_pdt.Trimmed, {"sizer": fixed(195)}), flat(100, 1))
    assert s.sizes == [195] and s.whys == [""] and entries(s) == []


def test_rules_off_refuse_nothing_so_nothing_is_trimmed() -> None:
    for account in ({}, RICH):
        off = Agreeing(cash=10_000.0, rules="off", account=account)
        assert asked((bt_pdt.Trimmed, {"sizer": fixed(5_000)}), flat(100, 1), off).sizes == [5_000]


def test_any_sizer_of_backtraders_can_be_inside() -> None:
    assert asked((bt_pdt.Trimmed, {"sizer": bt.sizers.AllInSizer}), flat(100, 1)).sizes == [100]
    assert asked((bt_pdt.Trimmed, {"sizer": bt.sizers.PercentSizer(percents=500)}), flat(100, 1)).sizes == [195]


def test_a_fraction_not_worth_a_cent_is_nothing() -> None:
    """20,000 of 20,000 is spent at 100; the half cent that a comparison forgives buys no 0.00005 shares."""
    sizer = bt_pdt.PercentOfEquity(percent=500, fractional=True)
    script = {1: lambda s: s.buy(price=100.0, exectype=bt.Order.Limit, size=200), 2: lambda s: s.kept.update(size=s.getsizing())}
    assert asked((bt_pdt.Trimmed, {"sizer": sizer}), flat(100, 3), strategy=Script, script=script).kept == {"size": 0}


def test_one_around_another_says_each_step() -> None:
    outer = {"sizer": bt_pdt.Overnight(sizer=bt_pdt.Trimmed(sizer=fixed(5_000)))}
    s = asked((bt_pdt.KeepDayTrades, outer), flat(100, 1, OLD), Agreeing(cash=24_000.0, account=used(3)))
    # 48,000 / 102.50 = 468.3; overnight as many; no day trade left
    assert s.sizes == [0]
    assert [(e.asked, e.given) for e in entries(s)] == [(5_000.0, 468.0), (468.0, 0.0)]


def test_a_daily_order_is_judged_for_the_next_session() -> None:
    """The last day trade of Thursday leaves the window on Friday, for which an order made after Thursday's bar is."""
    rows = [(datetime(2024, 1, d), 100.0, 101.0, 99.0, 100.0, 1.0) for d in (3, 4, 5)]
    cerebro = bt.Cerebro(stdstats=False)
    # five business days that end on Thursday the 4th begin on 28 December
    cerebro.setbroker(Agreeing(cash=24_000.0, account=used(3, "2023-12-28")))
    cerebro.adddata(feed(rows, "A", timeframe=bt.TimeFrame.Days))
    cerebro.addsizer(bt_pdt.KeepDayTrades(sizer=fixed(10)))
    cerebro.addstrategy(Asks)
    s = cerebro.run()[0]
    assert s.sizes == [0, 10, 10]
    (entry,) = entries(s)
    assert entry.session == date(2024, 1, 4) and entry.at == datetime(2024, 1, 3, 20, 0)
    assert s.broker.account.session == date(2024, 1, 5)


@pytest.mark.parametrize("strategy", [Asks, AtOpen])
def test_asking_changes_nothing(strategy: type[bt.Strategy]) -> None:
    rows = walk(11, days=3, minutes=30)

    def sessions(sizer: Any) -> Any:
        return asked(sizer, rows, None, strategy, {"cheat_on_open": strategy is AtOpen}, at=3).broker.account.sessions

    assert sessions((bt_pdt.Trimmed, {"sizer": fixed(50)})) == sessions(fixed_class(50))


MONEY = {Reason.BUYING_POWER, Reason.DTBP, Reason.NON_MARGINABLE_BUYING_POWER, Reason.CASH_AVAILABLE, Reason.LIQUIDATION_ONLY}


class Wild(bt.Strategy):
    """Buys, sells and closes at random, and lets the sizer say how many."""

    params = (("seed", 0),)

    def __init__(self) -> None:
        self.rng = random.Random(self.p.seed)

    def next(self) -> None:
        if self.rng.random() < 0.3:
            data = self.rng.choice(self.datas)
            self.rng.choice((self.buy, self.sell, self.close))(data=data)


@pytest.mark.parametrize("coo", [False, True])
@pytest.mark.parametrize("begin", [OLD, datetime(2026, 6, 3, 9, 31)], ids=["old", "across"])
@pytest.mark.parametrize("seed", range(4))
def test_trimmed_is_never_refused_for_money(seed: int, begin: datetime, coo: bool) -> None:
    class Opens(Wild):
        def next(self) -> None:
            pass

        next_open = Wild.next

    rows = [walk(seed + 20 * i, days=2, minutes=40, gaps=0.1, begin=begin) for i in range(2)]
    size = random.Random(seed).choice((500, 3_000, 20_000))
    broker = Agreeing(cash=30_000.0, account={"pattern_day_trader": bool(seed % 2)})
    sizer = (bt_pdt.Trimmed, {"sizer": fixed(size)})
    s = asked(sizer, rows, broker, Opens if coo else Wild, {"cheat_on_open": coo}, seed=seed)
    orders = [e for e in s.broker.account.journal if isinstance(e, OrderEntry)]
    assert len(orders) > 5
    assert not [e for e in orders if not e.decision.accepted and e.decision.reason in MONEY]


@pytest.mark.parametrize("coc", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_trimmed_on_daily_bars_is_never_refused_for_money(seed: int, coc: bool) -> None:
    """Over 2026-06-04; an order is judged for the next session, or with cheat-on-close at the close."""
    rng, cerebro = random.Random(seed), bt.Cerebro(stdstats=False)
    broker = Agreeing(cash=30_000.0, account={"pattern_day_trader": bool(seed % 2)})
    broker.set_coc(coc)
    cerebro.setbroker(broker)
    for name in "AB":
        rows, close = [], 100.0
        for day in sessions_between(date(2026, 5, 18), date(2026, 6, 22)):
            close = round(close * math.exp(rng.gauss(0, 0.03)), 2)
            rows.append((datetime(day.year, day.month, day.day), close, close + 1, close - 1, close, 1e6))
        cerebro.adddata(feed(rows, name, timeframe=bt.TimeFrame.Days))
    cerebro.addsizer(bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=rng.choice((90, 300, 900)))))
    cerebro.addstrategy(Wild, seed=seed)
    journal = cerebro.run()[0].broker.account.journal
    orders = [e for e in journal if isinstance(e, OrderEntry)]
    assert orders and not [e for e in orders if not e.decision.accepted and e.decision.reason in MONEY]


# -- more than one


def test_each_data_has_its_own_past() -> None:
    class Two(Asks):
        def ask(self) -> None:
            self.sizes.append(tuple(self.getsizing(d) for d in self.datas))

    wide = [(at, o, c + 2 * (h - c), c - 2 * (c - low), c, v) for at, o, h, low, c, v in RANGES]
    s = asked((bt_pdt.FixedRisk, {"atr_period": 1, "multiple": 2.0}), [RANGES, wide], strategy=Two)
    # second bar: range 3 (of 102 and 99), twice as wide 6 (of 103 and 97): 100 / 6 and 100 / 12
    assert s.sizes[1] == (16, 8)


def test_two_strategies_share_no_sizer() -> None:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(Agreeing(cash=10_000.0))
    cerebro.adddata(feed(flat(100, 2), "A"))
    cerebro.addsizer(bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=10)))
    cerebro.addstrategy(Asks)
    cerebro.addstrategy(Asks, buys=False)
    one, two = cerebro.run()
    assert one.sizer._inner is not two.sizer._inner and one.sizer._inner.strategy is one


@pytest.mark.parametrize("cpus", [1, 2])
def test_optstrategy(cpus: int) -> None:
    cerebro = bt.Cerebro(stdstats=False, optreturn=True)
    bt_pdt.install(cerebro, cash=10_000.0, observers=False)
    cerebro.adddata(feed(flat(100, 4), "A"))
    cerebro.addsizer(bt_pdt.Trimmed, bt_pdt.PercentOfEquity(percent=900))
    cerebro.optstrategy(Asks, at=[1, 2])
    found = cerebro.run(maxcpus=cpus)
    assert [row[0].analyzers.compliance.get_analysis()["refusals"] for row in found] == [0, 0]
    assert [row[0].analyzers.compliance.get_analysis()["orders"] for row in found] == [1, 1]


def test_sizers_can_be_sent_to_another_process() -> None:
    twin = pickle.loads(pickle.dumps(bt_pdt.Trimmed(sizer=bt_pdt.FixedRisk(risk=0.02))))
    assert twin.p.sizer.p.risk == 0.02


def test_a_result_tells_its_sizes(tmp_path: Any) -> None:
    class Trims(bt.Strategy):
        def __init__(self) -> None:
            self.setsizer(bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=900)))

        def next(self) -> None:
            if len(self) == 1:
                self.buy()

    result = bt_pdt.run(Trims, "data/synthetic_1min_2025-12-22_2025-12-30.parquet", cash=10_000)
    table = result.sizes
    assert len(table) == 1 and table["given"][0] < table["asked"][0] and "Rule: " in table["why"][0]
    again = bt_pdt.load(result.save(tmp_path / "run"))
    assert again.sizes.equals(table)
    assert any(isinstance(e, SizeEntry) for e in again.journal)


def test_all_of_them_are_public() -> None:
    names = ("PercentOfEquity", "PercentOfBuyingPower", "FixedRisk", "VolatilityTarget", "Kelly", "KeepDayTrades", "Overnight", "Trimmed")
    assert [getattr(bt_pdt, name) for name in names] == [getattr(sizers, name) for name in names]
