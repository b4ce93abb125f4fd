"""Leveraged accounts over the crash of 2008, on real bars: each call, due day, forced sale and debt recounted beside the run.

The recount (:class:`Recount`) is plain Python on the prices of the file and imports nothing of bt_pdt; the law of 2008 is typed here:
a Fed call is due five business days after the trade (T+3 and two), a maintenance call two, equity is cash plus market value. Read
only where ``../shared/data`` is present.
"""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import backtrader as bt
import pandas as pd
import pytest

from bt_pdt.bars import load
from bt_pdt.core.journal import CashEntry, FillEntry
from bt_pdt.host.broker import MarginBroker
from bt_pdt.host.fast.feeds import feeds

FOLDER = Path(__file__).parents[3] / "shared" / "data"
#: Days of 2008 on which the exchange was closed, weekends apart.
CLOSED = {date(2008, m, d) for m, d in ((1, 1), (1, 21), (2, 18), (3, 21), (5, 26), (7, 4), (9, 1), (11, 27), (12, 25))} | {
    date(2009, 1, 1)
}
FLAGGED = {"pattern_day_trader": True}  # four times the excess in the day, so more than 2:1 can be bought and kept


def later(day: date, sessions: int) -> date:
    """The session that many business days after ``day``."""
    while sessions:
        day += timedelta(days=1)
        sessions -= day.weekday() < 5 and day not in CLOSED
    return day


# -- the bars, read twice: by pandas for the recount, by the loader for the run


def file_of(kind: str) -> Path:
    path = FOLDER / f"lean_us_equity_{kind}.parquet"
    if not path.exists():
        pytest.skip(f"real bars are not on this machine: {path} is missing")
    return path


@lru_cache(maxsize=2)
def prices_of_2008(kind: str) -> dict[str, pd.DataFrame]:
    found = pd.read_parquet(file_of(kind))
    times = found["timestamp"].dt.tz_convert("America/New_York")
    found = found.assign(day=times.dt.date, hour=times.dt.hour)[times.dt.year == 2008]
    early = found.day.isin([date(2008, 7, 3), date(2008, 11, 28), date(2008, 12, 24)])
    found = found[~early | (found.hour < 13)]  # the file goes on to 16:00 on days that closed at 13:00
    return {str(symbol): rows.reset_index(drop=True) for symbol, rows in found.groupby("symbol") if symbol in ("AIG", "BAC", "SPY")}


def close_of(symbol: str, day: str) -> float:
    rows = prices_of_2008("daily")[symbol]
    return float(rows[rows.day == date.fromisoformat(day)].close.iloc[0])


@lru_cache(maxsize=2)
def bars_of_2008(kind: str) -> Any:
    return load(file_of(kind)).only(("AIG", "BAC", "SPY")).between("2008-01-02", "2008-12-31")


# -- the run


class Hold(bt.Strategy):
    """Sends one market order a symbol after the close of the first bar of its day (negative: short) and nothing more."""

    params = (("shares", {}), ("since", {}))

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[str] = []

    def next(self) -> None:
        for data in self.datas:
            since = date.fromisoformat(self.p.since.get(data._name, "2008-01-01"))
            if len(data) and data._name not in self.sent and data.datetime.date(0) >= since:
                self.sent.add(data._name)
                qty = self.p.shares[data._name]
                (self.buy if qty > 0 else self.sell)(data=data, size=abs(qty))

    def notify_order(self, order: Any) -> None:
        if order.status == order.Rejected:
            self.refused.append(order.info.message)

    def notify_store(self, msg: str, *args: Any, **about: Any) -> None:
        self.heard.append((msg, about))


class Sale(NamedTuple):
    """An execution: negative shares are sold."""

    day: date
    symbol: str
    qty: float
    price: float


class Owed(NamedTuple):
    kind: str
    amount: float
    measured: date
    issued: date
    due: date | None


class Done(NamedTuple):
    heard: list[tuple[str, dict[str, Any]]]
    broker: Any
    bought: list[Sale]
    forced: list[Sale]
    calls: list[Owed]
    returned: float  # time-weighted, over the whole run

    def told(self, message: str) -> list[dict[str, Any]]:
        return [about for heard, about in self.heard if heard == message]

    def met_on(self) -> list[date | None]:
        return [call.ended_on for call in self.broker.account.calls if call.kind in ("fed", "maintenance")]


def run(kind: str, shares: dict[str, int], *, since: dict[str, str] | None = None, last: str = "2008-12-31", **broker: Any) -> Done:
    broker = {"cash": 50_000.0, "brokerage": "finra", "charge_costs": False} | broker
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(MarginBroker(**broker))
    for feed in feeds(bars_of_2008(kind).only(list(shares)).between("2008-01-02", last)):
        cerebro.adddata(feed)
    cerebro.addstrategy(Hold, shares=shares, since=since or {})
    cerebro.addanalyzer(bt.analyzers.TimeReturn, fund=True, timeframe=bt.TimeFrame.NoTimeFrame, _name="returned")
    strategy = cerebro.run()[0]
    assert not strategy.refused, strategy.refused
    account = strategy.broker.account
    fills = [(e, e.fill) for e in account.journal if isinstance(e, FillEntry)]
    own, forced = ([Sale(e.session, f.symbol, f.sign * f.qty, f.price) for e, f in fills if bool(e.forced) is w] for w in (False, True))
    calls = [Owed(c.kind, c.amount, c.measured_on, c.issued_on, c.due_on) for c in account.calls]
    assert strategy.broker.getvalue() == pytest.approx(account.equity(), abs=0.005)
    return Done(strategy.heard, strategy.broker, own, forced, calls, next(iter(strategy.analyzers.returned.get_analysis().values())))


# -- the recount


def required(brokerage: str, qty: float, price: float) -> float:
    """Maintenance margin of 2008. Long 25 %, Alpaca's house (carried back) 30 % and all of it under $2.50. Short by FINRA's table:
    30 % and no less than $5.00 a share, under $5.00 all of it and no less than $2.50 a share."""
    if qty >= 0:
        return qty * price * (0.25 if brokerage == "finra" else 1.0 if price < 2.5 else 0.30)
    return -qty * (max(5.0, 0.30 * price) if price >= 5.0 else max(2.5, price))


@lru_cache
def bar_by_bar(kind: str, symbols: tuple[str, ...]) -> list[tuple[date, dict[str, float], dict[str, float]]]:
    """(day, opens, closes) of each bar, all symbols of one time together."""
    found: dict[tuple[date, int], tuple[dict[str, float], dict[str, float]]] = {}
    for symbol in symbols:
        for row in prices_of_2008(kind)[symbol].itertuples():
            opens, closes = found.setdefault((row.day, row.hour), ({}, {}))
            opens[symbol], closes[symbol] = float(row.open), float(row.close)
    return [(day, *found[day, hour]) for day, hour in sorted(found)]


class Recount:
    """The account of a strategy that buys once: executions of its own come in, calls, forced sales and cash come out.

    A maintenance call is measured at a close, issued on the next session, and met when equity covers maintenance margin: at the end
    of a bar, by money in the morning, or at the open at which it is to be sold out. There what cures it is sold: the deficiency at the opening
    price over what a share releases, rounded up. Equity that is gone at the end of a bar has everything sold at the next open.
    """

    def __init__(
        self, kind: str, own: list[Sale], *, brokerage: str, cash: float = 50_000.0, answer: str = "ignore", order: str = "largest"
    ) -> None:
        self.own, self.brokerage, self.cash, self.answer, self.order = list(own), brokerage, cash, answer, order
        self.bought = {sale.symbol: sale.price for sale in own}
        self.held: dict[str, float] = {}
        self.marks: dict[str, float] = {}
        self.calls: list[Owed] = []
        self.met: list[date | None] = []
        self.open: Owed | None = None
        self.forced: list[Sale] = []
        self.paid: dict[date, float] = {}
        self.ruined = self.selling_out = False
        self.equities: dict[date, float] = {}
        self._play(kind, tuple(sorted(self.bought)))

    def equity(self, prices: dict[str, float]) -> float:
        return self.cash + sum(qty * prices[s] for s, qty in self.held.items())

    def missing(self, prices: dict[str, float]) -> float:
        return sum(required(self.brokerage, qty, prices[s]) for s, qty in self.held.items()) - self.equity(prices)

    def trade(self, sale: Sale) -> None:
        self.cash -= sale.qty * sale.price
        self.held[sale.symbol] = self.held.get(sale.symbol, 0.0) + sale.qty

    def _meet(self, day: date) -> None:
        self.met[-1], self.open = day, None

    def _play(self, kind: str, symbols: tuple[str, ...]) -> None:
        begun: date | None = None
        for day, opens, closes in bar_by_bar(kind, symbols):
            opening = self.marks | opens
            if begun is not None and day != begun:
                self._close(begun)
            if self.selling_out:
                self._sell(day, opening, everything=True)
                self.selling_out = False
            elif day != begun:
                self._morning(day, opening)
            begun = day
            while self.own and self.own[0].day == day and self.own[0].price == opening[self.own[0].symbol]:
                self.trade(self.own.pop(0))
            self.marks = opening | closes
            if self.equity(self.marks) <= 0 and any(self.held.values()) and not self.ruined:
                self.ruined = self.selling_out = True
                if self.open is None:
                    self._issue(day, at_once=True)
            elif self.open is not None and self.open.issued <= day and self.missing(self.marks) < 0.005:
                self._meet(day)
        assert begun is not None
        self._close(begun)

    def _morning(self, day: date, opening: dict[str, float]) -> None:
        if self.open is None:
            return
        if self.open.issued == day and self.answer == "deposit":
            self.paid[day] = math.ceil(self.missing(self.marks) * 100 - 1e-6) / 100
            self.cash += self.paid[day]
            if self.missing(self.marks) < 0.005:
                self._meet(day)
                return
        assert self.open.due is not None
        if self.open.due <= day or (self.open.issued == day and self.answer == "liquidate"):
            self._sell(day, opening)

    def _rank(self, symbol: str, opening: dict[str, float], losers: bool) -> tuple[float, float]:
        qty, price = self.held[symbol], opening[symbol]
        return -max(0.0, (self.bought[symbol] - price) * qty) if losers else 0.0, -abs(qty) * price

    def _sell(self, day: date, opening: dict[str, float], *, everything: bool = False) -> None:
        """What cures at the opening prices, symbol by symbol; if the market has cured already, nothing."""
        losers = self.order == "losers" and not everything
        for symbol in sorted((s for s, qty in self.held.items() if qty), key=lambda s: self._rank(s, opening, losers)):
            missing = self.missing(opening)
            if missing <= 0.005 and not everything:
                break
            qty, price = self.held[symbol], opening[symbol]
            a_share = required(self.brokerage, math.copysign(1.0, qty), price)
            shares = abs(qty) if everything else min(abs(qty), math.ceil((missing - 0.005) / a_share))  # half a cent is nothing
            sale = Sale(day, symbol, math.copysign(shares, -qty), price)
            self.trade(sale)
            self.forced.append(sale)
        if self.open is not None and self.missing(opening) < 0.005:
            self._meet(day)

    def _issue(self, day: date, *, at_once: bool = False) -> None:
        self.open = Owed("maintenance", self.missing(self.marks), day, day if at_once else later(day, 1), day if at_once else later(day, 2))
        self.calls.append(self.open)
        self.met.append(None)

    def _close(self, day: date) -> None:
        self.equities[day] = self.equity(self.marks)
        short_of = self.missing(self.marks) > 0.005
        if self.open is not None and not short_of:
            self._meet(day)
        elif self.open is None and short_of:
            self._issue(day)


def agree(done: Done, counted: Recount) -> None:
    """Calls to the cent, the day each was met, what was sold at which open, and the cash that is left."""
    assert [call._replace(amount=0.0) for call in done.calls] == [call._replace(amount=0.0) for call in counted.calls]
    assert [call.amount for call in done.calls] == pytest.approx([call.amount for call in counted.calls], abs=0.005)
    assert done.met_on() == counted.met
    assert done.forced == counted.forced
    assert done.broker.account.cash == pytest.approx(counted.cash, abs=0.005)
    assert dict(done.broker.account.positions) == {s: q for s, q in counted.held.items() if q}
    assert [about["call"].id for about in done.told("call_issued")] == [call.id for call in done.broker.account.calls]


#: About 2:1 of $50,000 at the first prices of the year, with room for Alpaca's collar.
SHARES = {"AIG": 1650, "BAC": 2300, "SPY": 660}


@pytest.mark.parametrize("answer", ["ignore", "liquidate"])
@pytest.mark.parametrize("brokerage", ["finra", "alpaca"])
@pytest.mark.parametrize("kind", ["daily", "hourly"])
@pytest.mark.parametrize("symbol", SHARES)
def test_every_call_and_every_forced_sale_of_the_year_recounted(symbol: str, kind: str, brokerage: str, answer: str) -> None:
    done = run(kind, {symbol: SHARES[symbol]}, brokerage=brokerage, on_call=answer)
    counted = Recount(kind, done.bought, brokerage=brokerage, answer=answer)
    agree(done, counted)
    assert len(done.bought) == 1 and done.bought[0].qty == SHARES[symbol] and len(done.forced) >= 2
    if counted.ruined:
        assert len(done.told("account_closed")) == 1
    assert (done.broker.account.equity() < 0) == (symbol == "AIG")  # BAC and SPY are cut down and survive, AIG leaves a debt


@pytest.mark.parametrize("kind", ["daily", "hourly"])
@pytest.mark.parametrize("seed", [s if s < 4 else pytest.param(s, marks=pytest.mark.long) for s in range(16)])
def test_portfolios_drawn_at_random_recounted(seed: int, kind: str) -> None:
    """Long and short positions together, bought on one day of the year, sold in either order at either brokerage."""
    draw = random.Random(seed)
    since = draw.choice(["2008-05-01", "2008-07-15", "2008-08-28", "2008-09-09"])
    symbols = draw.sample(list(SHARES), draw.choice([2, 3]))
    dollars = draw.uniform(72_000, 82_000) / len(symbols)
    shares = {symbol: int(dollars / close_of(symbol, since)) * draw.choice([1, 1, -1]) for symbol in symbols}
    brokerage, order, answer = draw.choice(["finra", "alpaca"]), draw.choice(["largest", "losers"]), draw.choice(["ignore", "liquidate"])
    done = run(kind, shares, since=dict.fromkeys(shares, since), brokerage=brokerage, on_call=answer, set={"liquidation_order": order})
    agree(done, Recount(kind, done.bought, brokerage=brokerage, answer=answer, order=order))


def first_under(symbol: str, price: float) -> date:
    rows = prices_of_2008("daily")[symbol]
    found: date = rows[rows.close < price].day.iloc[0]
    return found


def test_aig_by_hand() -> None:
    """1,650 at 56.81 cost 93,736.50, so $43,736.50 is borrowed: called where LMV is under 43,736.50 / 0.75, a price under 35.3426.

    2008-05-28 closes at 34.85: equity 57,502.50 - 43,736.50 = 13,766.00, a quarter of LMV is 14,375.625: call 609.625, issued on the
    29th, due on the 30th, where the open of 36.62 covers it: nothing is sold.

    2008-06-06 (Friday) closes at 33.84: equity 12,099.50, requirement 13,959.00: call 1,859.50, due on Tuesday the 10th. Its open is 33.24:
    equity 11,109.50, requirement 13,711.50, 2,602.00 short; a share releases 8.31; 313.1, so 314 shares. 1,336 are left: 44,408.64,
    requirement 11,102.16, equity still 11,109.50.
    """
    done = run("daily", {"AIG": 1650})
    assert first_under("AIG", 43_736.50 / 0.75 / 1650) == date(2008, 5, 28) and close_of("AIG", "2008-05-28") == 34.85
    assert done.bought == [Sale(date(2008, 1, 3), "AIG", 1650, 56.81)]
    first, second = done.calls[:2]
    assert first == Owed("maintenance", pytest.approx(609.625), date(2008, 5, 28), date(2008, 5, 29), date(2008, 5, 30))
    assert second == Owed("maintenance", pytest.approx(1859.50), date(2008, 6, 6), date(2008, 6, 9), date(2008, 6, 10))
    assert done.met_on()[:2] == [date(2008, 5, 30), date(2008, 6, 10)]
    assert done.forced[0] == Sale(date(2008, 6, 10), "AIG", -314, 33.24)


def test_aig_leaves_a_debt_on_2008_09_16() -> None:
    """Sold down to 59 shares and a loan of 688.65. Friday 2008-09-12 closes at 12.16: equity 28.79, requirement 179.36: call 150.57.

    Monday closes at 5.09: 300.31 - 688.65 = -388.34: equity is gone and the account is closed. Everything goes at Tuesday's open of 1.75
    (59 x 1.75 = 103.25), once, although the call is due that day too: the debt is 585.40. The call is never met.
    """
    done = run("daily", {"AIG": 1650})
    assert done.calls[-1] == Owed("maintenance", pytest.approx(150.57), date(2008, 9, 12), date(2008, 9, 15), date(2008, 9, 16))
    (closed,) = done.told("account_closed")
    assert closed["equity"] == -388.34 and done.forced[-1] == Sale(date(2008, 9, 16), "AIG", -59, 1.75)
    assert done.broker.account.cash == pytest.approx(-585.40) and not done.broker.account.positions
    assert done.met_on()[-1] is None and done.broker.account.calls[-1].status == "past_due"
    assert done.broker.account.trading_blocked and done.returned == pytest.approx(-585.40 / 50_000 - 1.0)


def test_bac_by_hand() -> None:
    """2,300 at 40.65: 93,495.00, loan 43,495.00, called under 25.2145. 2008-06-26 (Thursday) closes at 24.76: LMV 56,948.00, equity
    13,453.00, requirement 14,237.00: call 784.00, due on Monday the 30th. Open 24.83: equity 13,614.00, requirement 14,277.25, 663.25
    short; a share releases 6.2075: 106.8, so 107."""
    done = run("daily", {"BAC": 2300})
    assert first_under("BAC", 43_495.00 / 0.75 / 2300) == date(2008, 6, 26)
    assert done.calls[0] == Owed("maintenance", pytest.approx(784.00), date(2008, 6, 26), date(2008, 6, 27), date(2008, 6, 30))
    assert done.forced[0] == Sale(date(2008, 6, 30), "BAC", -107, 24.83)


def test_spy_at_the_house_rate_by_hand() -> None:
    """Alpaca's 30 %: 660 at 144.92 cost 95,647.20, loan 45,647.20, called under 45,647.20 / 0.70 / 660 = 98.8035. 2008-10-08 closes at
    98.39: LMV 64,937.40, equity 19,290.20, requirement 19,481.22: call 191.02, due on Friday the 10th. Open 87.07: equity 11,819.00,
    requirement 17,239.86, 5,420.86 short; a share releases 26.121: 207.5, so 208. By FINRA's 25 % the first call is that of the 9th,
    due on Columbus Day, on which the exchange is open."""
    done = run("daily", {"SPY": 660}, brokerage="alpaca")
    assert first_under("SPY", 45_647.20 / 0.70 / 660) == date(2008, 10, 8)
    assert done.calls[0] == Owed("maintenance", pytest.approx(191.02), date(2008, 10, 8), date(2008, 10, 9), date(2008, 10, 10))
    assert done.forced[0] == Sale(date(2008, 10, 10), "SPY", -208, 87.07)
    bare = run("daily", {"SPY": 660}).calls[0]
    assert (bare.measured, bare.due) == (date(2008, 10, 9), date(2008, 10, 13))


@pytest.mark.parametrize(
    ("answer", "day", "shares", "price", "deposited"),
    [
        ("ignore", date(2008, 1, 10), -849, 56.20, 0.0),
        ("liquidate", date(2008, 1, 4), -857, 55.73, 0.0),
        ("deposit", None, 0, 0.0, 23_853.0),
    ],
)
def test_a_fed_call_by_hand(answer: str, day: date | None, shares: int, price: float, deposited: float) -> None:
    """2,600 at 56.81 are 147,706.00, half of it 73,853.00 $50,000 is there: call 23,853.00, due on Thursday 2008-01-10.

    Half of a sale counts: at the due open of 56.20 it takes 23,853 / 28.10 = 848.9 shares, at the open of the issue 55.73 it takes
    23,853 / 27.865 = 856.02.
    """
    done = run("daily", {"AIG": 2600}, last="2008-01-31", account=FLAGGED, on_call=answer)
    fed = [call for call in done.calls if call.kind == "fed"]
    assert fed == [Owed("fed", pytest.approx(23_853.0), date(2008, 1, 3), date(2008, 1, 4), date(2008, 1, 10))]
    assert done.forced == ([] if day is None else [Sale(day, "AIG", shares, price)])
    assert done.broker.account.cash == pytest.approx(50_000 - 147_706 + deposited - shares * price)
    assert done.broker.account.calls[0].ended_on == (day or date(2008, 1, 4))


def test_a_fed_call_is_due_five_business_days_on_across_a_holiday() -> None:
    """Bought on Tuesday 2008-01-15: 16, 17, 18, (Martin Luther King Day on the 21st) 22, 23. Hourly: 2,600 at 58.46 owe 25,998.00."""
    late = run("daily", {"AIG": 2600}, since={"AIG": "2008-01-14"}, last="2008-01-31", account=FLAGGED)
    assert (late.calls[0].measured, late.calls[0].due) == (date(2008, 1, 15), date(2008, 1, 23)) and later(date(2008, 1, 15), 5).day == 23
    hourly = run("hourly", {"AIG": 2600}, last="2008-01-31", account=FLAGGED)
    assert hourly.calls[0] == Owed("fed", pytest.approx(1300 * 58.46 - 50_000), date(2008, 1, 2), date(2008, 1, 3), date(2008, 1, 9))
    assert hourly.forced == [Sale(date(2008, 1, 9), "AIG", -933, 55.75)]  # 25,998 / 27.875 = 932.7


def test_two_calls_of_one_close_are_cured_by_one_sale() -> None:
    """10,000 at 18.89 on 2008-09-10: Fed 94,450 - 50,000 = 44,450. They close at 17.37: equity 34,800, requirement 43,425: call 8,625.

    Liquidated at the next open of 15.57: the Fed call takes 44,450 / 7.785 = 5,709.7, so 5,710 shares; maintenance needs fewer (equity
    16,800, requirement 38,925, 22,125 / 3.8925 = 5,684.0).
    """
    done = run("hourly", {"AIG": 10_000}, since={"AIG": "2008-09-10"}, last="2008-09-11", account=FLAGGED, on_call="liquidate")
    assert [(call.kind, call.measured) for call in done.calls[:2]] == [("fed", date(2008, 9, 10)), ("maintenance", date(2008, 9, 10))]
    assert [call.amount for call in done.calls[:2]] == pytest.approx([44_450.0, 8_625.0])
    assert done.forced == [Sale(date(2008, 9, 11), "AIG", -5710, 15.57)]
    assert done.met_on()[:2] == [date(2008, 9, 11), date(2008, 9, 11)]


@pytest.mark.parametrize("kind", ["daily", "hourly"])
@pytest.mark.parametrize("brokerage", ["finra", "alpaca"])
@pytest.mark.parametrize(("symbol", "last"), [("AIG", "2008-09-11"), ("BAC", "2008-12-31"), ("SPY", "2008-12-31")])
def test_a_customer_who_pays_is_never_sold_out(symbol: str, last: str, brokerage: str, kind: str) -> None:
    """Each call is met on its issue day, and the time-weighted return is that of the days: close over (last close and what came in)."""
    done = run(kind, {symbol: SHARES[symbol]}, brokerage=brokerage, on_call="deposit", last=last)
    counted = Recount(kind, done.bought, brokerage=brokerage, answer="deposit")
    n = len(done.calls)
    assert n >= 6 and [call._replace(amount=0.0) for call in done.calls] == [call._replace(amount=0.0) for call in counted.calls[:n]]
    assert [call.amount for call in done.calls] == pytest.approx([call.amount for call in counted.calls[:n]], abs=0.015)
    issued = [call.issued for call in done.calls if call.issued <= date.fromisoformat(last)]
    assert not done.forced and [day for day in done.met_on() if day is not None] == issued
    paid = {e.session: e.amount for e in done.broker.account.journal if isinstance(e, CashEntry)}
    assert paid == pytest.approx({day: amount for day, amount in counted.paid.items() if day <= date.fromisoformat(last)}, abs=0.015)
    growth, before = 1.0, 50_000.0
    for day, equity in counted.equities.items():
        if day <= date.fromisoformat(last):
            growth, before = growth * equity / (before + counted.paid.get(day, 0.0)), equity
    assert done.returned == pytest.approx(growth - 1.0, abs=1e-5)


def test_deposits_come_in_on_their_days_and_a_withdrawal_is_refused_while_called() -> None:
    """Sunday's $3,000 of 2008-06-01 come in on Monday, those of Independence Day on 2008-07-07. $5,000 on 2008-05-30 are for the call of
    2,143.25 of the 28th (1,700 at 56.81: loan 46,577.00; 1,700 x 34.85 = 59,245.00, a quarter of it 14,811.25, equity 12,668.00)."""
    wanted = [("2008-07-15", -1_000), ("2008-05-30", 5_000), ("2008-06-01", 3_000), ("2008-07-04", 2_000)]
    done = run("daily", {"AIG": 1700}, deposits=wanted, last="2008-07-31")
    moved = [(e.session, e.kind, e.amount, e.decision is None) for e in done.broker.account.journal if isinstance(e, CashEntry)]
    assert moved == [
        (date(2008, 5, 30), "deposit", 5_000, True),
        (date(2008, 6, 2), "deposit", 3_000, True),
        (date(2008, 7, 7), "deposit", 2_000, True),
        (date(2008, 7, 15), "withdraw", 1_000, False),
    ]
    assert done.calls[0].amount == pytest.approx(2_143.25) and done.met_on()[0] == date(2008, 5, 30)
    assert done.forced[0].day > date(2008, 6, 20)


def test_with_rules_off_nothing_is_sold_and_the_calls_are_listed() -> None:
    """The loan of 46,577.00 stays to the end: 1,700 x 1.68 less that."""
    done = run("daily", {"AIG": 1700}, rules="off", on_call="liquidate", charge_costs=True)
    assert not done.forced and done.broker.getvalue() == pytest.approx(1_700 * close_of("AIG", "2008-12-31") - 46_577.00)
    assert done.calls[0] == Owed("maintenance", pytest.approx(2_143.25), date(2008, 5, 28), date(2008, 5, 29), date(2008, 5, 30))
    assert done.broker.account.calls[-1].status == "past_due" and not done.broker.account.restrictions


@pytest.mark.parametrize(("order", "first"), [("largest", ("BAC", -206, 28.39)), ("losers", ("AIG", -180, 32.38))])
def test_the_order_in_which_two_positions_are_sold(order: str, first: tuple[str, int, float]) -> None:
    """850 AIG at 56.81 and 1,230 BAC at 40.65: loan 48,288.00. The call of 2008-06-17 is due on the 19th, opens 32.38 and 28.39: AIG is
    27,523.00, BAC 34,919.70 and the larger, but AIG has lost 20,765.50 and BAC 15,079.80. Equity 14,154.70, requirement 15,610.675,
    1,455.975 short: of BAC (7.0975 a share) 205.1, so 206; of AIG (8.095 a share) 179.9, so 180. Either meets the call."""
    done = run("daily", {"AIG": 850, "BAC": 1230}, set={"liquidation_order": order}, last="2008-06-19")
    assert done.calls[-1].due == date(2008, 6, 19) and done.forced == [Sale(date(2008, 6, 19), *first)]
    assert done.met_on()[-1] == date(2008, 6, 19)


@pytest.mark.parametrize("kind", ["daily", "hourly"])
@pytest.mark.parametrize("brokerage", ["finra", "alpaca"])
def test_a_short_of_bac_squeezed_twice(brokerage: str, kind: str) -> None:
    """Sold short before the rally of 2008-07-16 and held through the ban on short sales of 2008-09-19."""
    done = run(kind, {"BAC": -1500}, since={"BAC": "2008-07-15"}, last="2008-10-10", cash=30_000.0, brokerage=brokerage)
    counted = Recount(kind, done.bought, brokerage=brokerage, cash=30_000.0)
    n = len(done.calls)
    assert [call._replace(amount=0.0) for call in done.calls] == [call._replace(amount=0.0) for call in counted.calls[:n]]
    assert [call.amount for call in done.calls] == pytest.approx([call.amount for call in counted.calls[:n]], abs=0.005)
    assert done.forced == [sale for sale in counted.forced if sale.day <= date(2008, 10, 10)]
    assert {date(2008, 7, 22), date(2008, 9, 19)} <= {call.measured for call in done.calls}
    assert {date(2008, 7, 24), date(2008, 9, 23)} <= {sale.day for sale in done.forced} and all(sale.qty > 0 for sale in done.forced)


def test_a_cheap_short_by_hand() -> None:
    """8,000 AIG short at 2.40 on 2008-09-18: cash 49,200.00. Under $5 all of it is required, and $2.50 a share at least.

    2008-09-19 closes at 4.22: equity 49,200 - 33,760 = 15,440, requirement 33,760: call 18,320.00, due on Tuesday the 23rd, which opens
    at 5.38: from $5 on it is $5.00 a share (more than 30 %), 40,000; equity 49,200 - 43,040 = 6,160, 33,840 short. A share bought back
    releases $5: 6,768. The 1,232 left require exactly the equity of 6,160.
    """
    done = run("daily", {"AIG": -8000}, since={"AIG": "2008-09-17"}, last="2008-09-23", cash=30_000.0)
    assert done.bought == [Sale(date(2008, 9, 18), "AIG", -8000, 2.40)]
    assert done.calls[0] == Owed("maintenance", pytest.approx(18_320.0), date(2008, 9, 19), date(2008, 9, 22), date(2008, 9, 23))
    assert done.forced == [Sale(date(2008, 9, 23), "AIG", 6768, 5.38)] and done.met_on()[0] == date(2008, 9, 23)


@pytest.mark.parametrize(("worst", "price", "left"), [(True, 7.14, 1_240.0), (False, 4.02, -9_992.0)])
def test_the_worst_price_of_a_bar_against_its_close(worst: bool, price: float, left: float) -> None:
    """3,600 at 13.74 with $25,000: loan 24,464.00, equity is gone under 6.7956.

    On 2008-09-15 the first half hour falls to 5.82 and ends at 7.14: at its worst price equity is gone, and 7.14 is the next open. By
    closes alone 6.80 leaves $16, and only 4.02 an hour later is the end: sold there, too late.
    """
    done = run("hourly", {"AIG": 3600}, since={"AIG": "2008-09-12"}, last="2008-09-19", cash=25_000.0, worst_price=worst)
    assert done.bought == [Sale(date(2008, 9, 12), "AIG", 3600, 13.74)]
    assert done.forced == [Sale(date(2008, 9, 15), "AIG", -3600, price)]
    assert done.broker.account.cash == pytest.approx(left) and len(done.told("account_closed")) == 1


def test_interest_is_charged_with_the_first_bar_of_the_next_month() -> None:
    """Alpaca's first known rate, 3.75 % over 360 days. The loan of 43,736.50 settles on Tuesday 2008-01-08 (T+3), 24 days before February:
    43,736.50 x 0.0375 / 360 x 24 = 109.34. From then to Monday 2008-03-03 it is 31 days on 43,845.84: 141.59."""
    done = run("daily", {"AIG": 1650}, brokerage="alpaca", charge_costs=True, last="2008-03-03")
    paid = [(e.session, e.kind, e.amount) for e in done.broker.account.journal if isinstance(e, CashEntry)]
    assert paid == [(date(2008, 2, 1), "interest", -109.34), (date(2008, 3, 3), "interest", -141.59)]
