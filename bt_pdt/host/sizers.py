"""How many shares? Backtrader sizers that know the account, and wrappers that keep any sizer's answer inside the law.

A sizer is asked where ``buy()`` or ``sell()`` has no ``size``. An order against a position is sized to the position, whatever the sizer.
Where a sizer gives nothing, or a wrapper less than it was asked for, :attr:`Sized.why` says why, and under a
:class:`~bt_pdt.host.broker.MarginBroker` a :class:`~bt_pdt.core.journal.SizeEntry` in the journal does.
"""

from __future__ import annotations

import copy
import math
import statistics
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import backtrader as bt

from ..account.account import Account
from ..account.checks import OrderContext
from ..account.ledger import Ledger
from ..account.requirements import maintenance_rule
from ..account.submission import evaluate
from ..account.valuation import valued
from ..core import sessions
from ..core.decisions import Rejected
from ..core.errors import BadInput, UnknownName, known_name
from ..core.journal import SizeEntry
from ..core.money import SHARE_DUST, SMALLEST_QTY, below, dollars, shares
from ..core.orders import OrderRequest, positive
from ..law.rulebook import PDT
from .bookkeeper import Judged
from .broker import MarginBroker
from .clock import Feed

POWERS = ("binding", "regt", "day_trading", "overnight")
SESSIONS_A_YEAR = 252
#: More shares than anybody has.
_MOST = 1e12


class Asked(NamedTuple):
    """Shares before rounding, and why there are none where there are none."""

    qty: float
    why: str = ""


class Sized(bt.Sizer):
    """What the sizers have in common. Whole shares unless ``fractional``; arguments by name, or in the order of the parameters."""

    params: Any = (("fractional", False),)
    needs_account = False

    def __init__(self, *args: Any, **unknown: Any) -> None:
        names = [name for name in self.p._getkeys() if name != "fractional"]
        if unknown or len(args) > len(names):
            raise UnknownName(f"{type(self).__name__} argument", next(iter(unknown), args[-1] if args else None), [*names, "fractional"])
        for name, value in zip(names, args, strict=False):
            setattr(self.p, name, value)
        #: Why the last answer was nothing, or less than asked for; empty if it was what was asked for.
        self.why = ""
        self.check()

    def __call__(self) -> Sized:
        """A twin: ``cerebro.addsizer`` takes a class to make sizers of, or so one that is made."""
        return copy.copy(self)

    def check(self) -> None:
        """Raises :class:`BadInput` for parameters that cannot be meant."""

    def set(self, strategy: Any, broker: Any) -> None:
        if self.needs_account and not isinstance(broker, MarginBroker):
            raise BadInput(f"{type(self).__name__} asks a margin account; put one behind cerebro with bt_pdt.install(cerebro, cash=...).")
        super().set(strategy, broker)

    @property
    def fractional(self) -> bool:
        """May the answer be a fraction of a share?"""
        return bool(self.p.fractional)

    def _getsizing(self, comminfo: Any, cash: float, data: Any, isbuy: bool) -> float:
        held = self.broker.getposition(data if data._compensate is None else data._compensate).size
        self.why = ""
        if held and (held < 0) == bool(isbuy):
            return float(abs(held)) if held % 1 else int(abs(held))
        return self.opening(data, bool(isbuy))

    def opening(self, data: Any, isbuy: bool) -> float:
        """Shares of an order that opens a position or adds to one."""
        price = self.price(data)
        if price is None:
            return self.give(data, 0, 0, "there is no price above 0 yet.")
        asked, why = self.asked(data, isbuy, price)
        given = self.rounded(asked, price)
        if not given:
            return self.give(data, asked, 0, why or f"{shares(max(0.0, asked))} shares are less than one (fractional).")
        return given

    def asked(self, data: Any, isbuy: bool, price: float) -> Asked:
        """Shares at ``price`` before rounding."""
        raise NotImplementedError

    def rounded(self, qty: float, price: float) -> float:
        """``qty`` down to whole shares, or to the nine decimals that brokerages keep; a fraction not worth a cent is nothing."""
        if not self.fractional:
            return _units(qty, 1.0)
        return round(_units(qty, SMALLEST_QTY) * SMALLEST_QTY, 9) if qty * price >= 0.01 else 0

    def give(self, data: Any, asked: float, given: float, why: str) -> float:
        """``given``, and in the journal (if there is one) why it is less than ``asked``."""
        self.why = why
        judged = self.broker.would_judge(data) if isinstance(self.broker, MarginBroker) else None
        if judged is not None:
            day = sessions.session_of(judged.at)
            self.broker.account.journal.append(SizeEntry(judged.at, day, judged.symbol, float(asked), float(given), why))
        return given

    # -- what is known when an order is made

    def at_open(self, data: Any) -> bool:
        """Has the bar at hand only begun (cheat-on-open), so that nothing but its open is known?"""
        if isinstance(self.broker, MarginBroker):
            return bool(data.datetime[0] > self.broker.seen)
        return not len(self.strategy) or bool(data.datetime[0] > self.strategy.lines.datetime[0])

    def price(self, data: Any) -> float | None:
        """The last price: the bar's close, its open where only that is known. None if there is no usable one."""
        if not len(data):
            return None
        price = float(data.open[0] if self.at_open(data) else data.close[0])
        return price if 0.0 < price < math.inf else None

    def equity(self) -> float:
        """What the broker says the account is worth."""
        return max(0.0, float(self.broker.getvalue()))


# -- sizes that need no account


class PercentOfEquity(Sized):
    """``percent`` of equity in each position: ``percent / 100 x equity / price`` shares (100 is all of it, 200 twice)."""

    params: Any = (("percent", 10.0),)

    def check(self) -> None:
        positive("percent", self.p.percent)

    def asked(self, data: Any, isbuy: bool, price: float) -> Asked:
        return Asked(self.p.percent / 100.0 * self.equity() / price)


class _Past:
    """The bars of one feed that have ended, each read once."""

    def __init__(self, data: Any) -> None:
        self.data, self.feed, self.read = data, Feed(data, ""), 0

    def fresh(self, at_open: bool) -> Iterator[int]:
        """Places of the bars that have ended since the last time."""
        times = self.feed.times
        if len(times.array) < len(self.data):
            raise BadInput("this sizer looks at past bars, and exactbars keeps none; run with exactbars=False.")
        begin, self.read = self.read, max(self.read, times.idx + 1 - (at_open or bool(self.data.replaying)))
        yield from range(begin, self.read)


class _Range(_Past):
    """Wilder's average true range: the mean of the first ``period`` true ranges, each newer one then moves it by ``1 / period``."""

    def __init__(self, data: Any, period: int) -> None:
        super().__init__(data)
        self.period, self.ranges, self.atr = period, 0, 0.0

    def take_in(self, at_open: bool) -> None:
        high, low, close = self.feed.high.array, self.feed.low.array, self.feed.close.array
        for i in self.fresh(at_open):
            if i:
                true = max(high[i], close[i - 1]) - min(low[i], close[i - 1])
                self.ranges += 1
                self.atr += (true - self.atr) / min(self.ranges, self.period)


class _Closes(_Past):
    """The last closes of the days that have ended."""

    def __init__(self, data: Any, lookback: int) -> None:
        super().__init__(data)
        self.closes: deque[float] = deque(maxlen=lookback + 1)
        self.day: date | None = None
        self.last = 0.0

    def take_in(self, at_open: bool) -> None:
        times, closes = self.feed.times.array, self.feed.close.array
        for i in self.fresh(at_open):
            day = date.fromordinal(int(times[i])) if self.data._tz is None else self.data.num2date(times[i]).date()
            if self.day is not None and day != self.day:
                self.closes.append(self.last)
            self.day, self.last = day, closes[i]
            if self.feed.is_daily(times[i]):
                self.closes.append(self.last)
                self.day = None


class FixedRisk(Sized):
    """``risk`` (a fraction) of equity lost if the price moves ``multiple`` ATR against the position.

    ``risk x equity / (multiple x ATR)`` shares. ATR is Wilder's over ``atr_period`` bars that have ended, as ``bt.indicators.ATR`` is; it
    needs one bar more than that, and gives nothing before.
    """

    params: Any = (("risk", 0.01), ("atr_period", 14), ("multiple", 2.0))

    def check(self) -> None:
        positive("risk", self.p.risk)
        positive("multiple", self.p.multiple)
        _at_least("atr_period", self.p.atr_period, 1)

    def set(self, strategy: Any, broker: Any) -> None:
        super().set(strategy, broker)
        self._ranges: dict[Any, _Range] = {}

    def asked(self, data: Any, isbuy: bool, price: float) -> Asked:
        period = self.p.atr_period
        past = self._ranges.setdefault(data, _Range(data, period))
        past.take_in(self.at_open(data))
        if past.ranges < period:
            return Asked(0.0, f"the average true range takes {period + 1} bars, {past.read} have ended (atr_period).")
        if not past.atr > 0:
            return Asked(0.0, f"the average true range of {period} bars is 0, so no stop has a distance (atr_period).")
        return Asked(self.p.risk * self.equity() / (self.p.multiple * past.atr))


class VolatilityTarget(Sized):
    """A position whose own volatility is ``target`` (a fraction) of equity a year: ``target x equity / (volatility x price)`` shares.

    Volatility is the sample standard deviation of the last ``lookback`` daily log returns, close to close, times the root of 252. Bars of
    any length will do: a day's close is its last bar's, and counts once the day has ended.
    """

    params: Any = (("target", 0.15), ("lookback", 20))

    def check(self) -> None:
        positive("target", self.p.target)
        _at_least("lookback", self.p.lookback, 2)

    def set(self, strategy: Any, broker: Any) -> None:
        super().set(strategy, broker)
        self._closes: dict[Any, _Closes] = {}

    def asked(self, data: Any, isbuy: bool, price: float) -> Asked:
        lookback = self.p.lookback
        past = self._closes.setdefault(data, _Closes(data, lookback))
        past.take_in(self.at_open(data))
        closes = past.closes
        if len(closes) <= lookback:
            return Asked(0.0, f"the volatility takes {lookback + 1} daily closes, there are {len(closes)} (lookback).")
        returns = [math.log(closes[i + 1] / closes[i]) for i in range(lookback)]
        volatility = statistics.stdev(returns) * math.sqrt(SESSIONS_A_YEAR)
        if volatility < 1e-9:
            return Asked(0.0, f"the volatility of {lookback} days is 0, so no size has the target (lookback).")
        return Asked(self.p.target * self.equity() / (volatility * price))


class Kelly(Sized):
    """``fraction`` of what Kelly's formula says, at most ``cap`` of equity, from the closed trades of this strategy in this run.

    ``f = W - (1 - W) / R``: W is the share of trades that won, R the average win over the average loss in dollars after commission. Before
    ``minimum`` trades are closed it gives ``size`` shares; where f is not above 0, nothing.
    """

    params: Any = (("fraction", 0.5), ("cap", 0.25), ("minimum", 30), ("size", 1))

    def check(self) -> None:
        if positive("fraction", self.p.fraction) > 1:
            raise BadInput(f"fraction is at most 1, all of Kelly's; got {self.p.fraction!r}.")
        positive("cap", self.p.cap)
        _at_least("minimum", self.p.minimum, 1)
        if self.p.size != 0:
            positive("size", self.p.size)

    def asked(self, data: Any, isbuy: bool, price: float) -> Asked:
        groups = (trades for numbered in self.strategy._trades.values() for trades in numbered.values())
        made = [trade.pnlcomm for trades in groups for trade in trades if trade.isclosed]
        if len(made) < self.p.minimum:
            return Asked(self.p.size, f"{len(made)} trades are closed, {self.p.minimum} are wanted (minimum).")
        wins, losses = [x for x in made if x > 0], [-x for x in made if x < 0]
        share = len(wins) / len(made)
        if not wins:
            return Asked(0.0, f"none of {len(made)} trades won (fraction).")
        edge = share - (1.0 - share) * statistics.fmean(losses) / statistics.fmean(wins) if losses else share
        if edge <= 0:
            return Asked(0.0, f"Kelly's share is {edge:.1%} after {len(made)} trades: there is no edge to size (fraction).")
        return Asked(min(self.p.fraction * edge, self.p.cap) * self.equity() / price)


def _units(qty: float, unit: float) -> int:
    """How many whole ``unit`` of a share are in ``qty``, rounding noise left out."""
    return math.floor(round(max(0.0, qty) * round(1.0 / unit), 6))


def _at_least(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(f"{name} must be a whole number from {least} on, got {value!r}.")


# -- sizes that ask the account


class Room(NamedTuple):
    """Dollars that an account may use, the dollars that one share uses of them, and the rule they come from."""

    dollars: float
    a_share: float
    rule: str

    @property
    def shares(self) -> float:
        return max(0.0, self.dollars) / self.a_share if self.a_share > 0 else 0.0


def _context(judged: Judged, isbuy: bool) -> OrderContext:
    """A market order for one share, as the brokerage would look at it: with the collar of a buy, the margin of a short."""
    return OrderContext(judged.account, OrderRequest(judged.symbol, "buy" if isbuy else "sell", 1.0, time_in_force="gtc"))


def _barred(context: OrderContext) -> str:
    """Why nothing at all may be opened; empty if something may."""
    account = context.account
    found = account.restriction("liquidation_only", "closing_only")
    if found is not None:
        return _ruled(context, f"the account may only close positions ({found.because}).", found.rule)
    found = account.restriction("cash_available", "ninety_day_freeze")
    if found is not None and context.sign < 0:
        return _ruled(context, f"the account may not sell short ({found.because}).", found.rule)
    return ""


def _ruled(context: OrderContext, sentence: str, rule: str) -> str:
    known = rule in context.account.rulebook.parameters
    return f"{sentence} Rule: {context.rules.cite(rule) if known else rule}."


def _cash(context: OrderContext) -> Room | None:
    """The cash that pays where nothing is lent: without loan value, in a cash account or under $2,000, under a restriction to cash."""
    account = context.account
    if account.restriction("cash_available") is not None:
        return Room(context.cash_available(), context.value, "cash_available")
    if account.restriction("ninety_day_freeze") is not None:
        return Room(context.cash_unreserved(), context.value, "ninety_day_freeze")
    if context.sign > 0 and not context.asset.marginable:
        return Room(context.cash_left(), context.value, "regt_initial_non_marginable")
    if account.multiplier == 1:
        return Room(context.buying_power() if context.sign > 0 else 0.0, context.value, "margin_min_equity")
    return None


def _regt(context: OrderContext) -> Room:
    return Room(context.regt_left(), context.regt, "regt_initial_long" if context.sign > 0 else "regt_initial_short")


def _day_trading(context: OrderContext) -> Room:
    """Day-trading buying power, in the new regime intraday buying power; net of what works already."""
    if context.rules.regime == PDT:
        return Room(context.dtbp_left(), context.charge, "dt_buying_power_multiple")
    return Room(context.intraday_left(), context.charge, "intraday_multiple")


def _binding(context: OrderContext) -> Room:
    if context.rules.regime != PDT:
        return _day_trading(context)
    if context.account.multiplier < 4:
        return _regt(context)
    return min(_regt(context), _day_trading(context), key=lambda room: room.shares)


def _maintained(context: OrderContext, qty: float) -> bool:
    """With ``qty`` more at the last price, and all that works filled: does equity still cover initial and maintenance margin?"""
    account = context.account
    books, signed = account.ledger, context.sign * qty
    positions = books.positions | {context.symbol: context.position + signed}
    worth = valued(account.rules, books.asset, books.cash - signed * books.marks[context.symbol], positions, books.marks)
    return not below(
        worth.equity,
        max(worth.initial_margin, worth.maintenance_margin) + context.reserved.regt / float(context.rules.regt_buying_power_multiple),
    )


def _overnight(context: OrderContext, asked: float, unit: float) -> tuple[float, str, str]:
    """The most of ``asked`` shares that can be held over the close at these prices, in units; why no more; the rule.

    All of the initial margin is there (so no Fed call comes) and the maintenance margin, with what works already counted as filled.
    """
    cash = _cash(context)
    room = cash or _regt(context)
    units = _units(min(asked, room.shares), unit)
    if cash is not None or not units or _maintained(context, units * unit):
        return units * unit, f"{dollars(max(0.0, room.dollars))} are left and a share uses {dollars(room.a_share)} of them", room.rule
    fits = 0
    while units - fits > 1:
        middle = (fits + units) // 2
        fits, units = (middle, units) if _maintained(context, middle * unit) else (fits, middle)
    why = "with more, equity would not cover the maintenance margin of all that is held"
    return fits * unit, why, maintenance_rule(context.rules, context.asset, context.sign, context.last or context.price)


class PercentOfBuyingPower(Sized):
    """``percent`` of a buying power, in shares valued as the brokerage values a market order (a buy with its collar).

    ``power``: ``regt``; ``day_trading`` (from 2026-06-04 intraday buying power); ``overnight``, what can be held over the close;
    ``binding``: at multiplier 4 of the old regime the smaller of Reg T and day-trading, else the only one there is. Where nothing is lent
    (under $2,000, cash accounts, securities without loan value, restrictions to cash) each is the cash.
    """

    params: Any = (("percent", 50.0), ("power", "binding"))
    needs_account = True

    def check(self) -> None:
        positive("percent", self.p.percent)
        known_name("power", self.p.power, POWERS)

    def asked(self, data: Any, isbuy: bool, price: float) -> Asked:
        judged = self.broker.would_judge(data)
        if judged is None:
            return Asked(0.0, "the account opens with the first bar.")
        context = _context(judged, isbuy)
        share = self.p.percent / 100.0
        why = _barred(context)
        if why:
            return Asked(0.0, why)
        cash = _cash(context)
        if self.p.power == "overnight":
            most, left, rule = _overnight(context, _MOST, SMALLEST_QTY)
            return Asked(share * most, _ruled(context, f"{left} (power=overnight).", rule))
        room = cash or {"binding": _binding, "regt": _regt, "day_trading": _day_trading}[self.p.power](context)
        left = f"{dollars(max(0.0, room.dollars))} are left and a share uses {dollars(room.a_share)} of them (power={self.p.power})."
        return Asked(share * room.shares, _ruled(context, left, room.rule))


# -- wrappers


class Wrapping(Sized):
    """A sizer around another, ``sizer``: any of backtrader's, an instance or a class. It gives what that one gives, or less."""

    params: Any = (("sizer", None),)
    needs_account = True

    def check(self) -> None:
        kind = self.p.sizer
        if not (isinstance(kind, bt.Sizer) or (isinstance(kind, type) and issubclass(kind, bt.Sizer))):
            raise BadInput(f"sizer takes a backtrader Sizer, like bt_pdt.PercentOfEquity(percent=50); got {kind!r}.")

    def set(self, strategy: Any, broker: Any) -> None:
        super().set(strategy, broker)
        given = self.p.sizer
        self._inner = given() if isinstance(given, type) else copy.copy(given)  # one for each strategy
        self._inner.set(strategy, broker)

    @property
    def fractional(self) -> bool:
        """As the sizer inside, or by its own word."""
        return bool(self.p.fractional) or (isinstance(self._inner, Sized) and self._inner.fractional)

    def opening(self, data: Any, isbuy: bool) -> float:
        asked: float = abs(self._inner.getsizing(data, isbuy))
        self.why = getattr(self._inner, "why", "")
        judged = self.broker.would_judge(data)
        if not asked:
            return 0
        price = self.price(data)
        if judged is None or price is None:
            return self.give(data, asked, 0, "there is no price above 0 yet.")
        context = _context(judged, isbuy)
        why = _barred(context)
        most, why = Asked(0.0, why) if why else self.most(judged.account, context, asked)
        return asked if most >= asked else self.give(data, asked, self.rounded(most, price), why)

    def most(self, account: Account, context: OrderContext, asked: float) -> Asked:
        """The most shares that may be given of ``asked``, and why no more."""
        raise NotImplementedError


class KeepDayTrades(Wrapping):
    """Opens only what may still be closed today with ``reserve`` day trades to spare, else nothing.

    A day trade is counted on for every one that working orders could complete, and for every other symbol that was opened today, or is
    about to be. Where no count binds (from $25,000, cash accounts, from 2026-06-04) it changes nothing.
    """

    params: Any = (("reserve", 0),)

    def check(self) -> None:
        super().check()
        _at_least("reserve", self.p.reserve, 0)

    def most(self, account: Account, context: OrderContext, asked: float) -> Asked:
        found = account.restriction("no_day_trades")
        if found is not None:
            return Asked(0.0, _ruled(context, f"no day trade is allowed ({found.because}), so it could not be closed today.", found.rule))
        forecast = account.forecast()
        if forecast is None:
            return Asked(asked)
        left, counted_on = forecast[0][1], account.potential_day_trades() + _to_be_closed(account.ledger, context.symbol)
        if left - counted_on > self.p.reserve:
            return Asked(asked)
        rest = f", {self.p.reserve} to be kept (reserve)" if self.p.reserve else ""
        why = f"{left} day trade{'s' * (left != 1)} left today, {counted_on} counted on by what is open or working{rest}"
        return Asked(0.0, _ruled(context, f"{why}: none is free for its exit.", "pdt_day_trades_threshold"))


def _to_be_closed(ledger: Ledger, leaving_out: str) -> int:
    """Other symbols opened today, or about to be, whose exit is not working yet: each takes a day trade to get out today."""
    count = 0
    for symbol in {*ledger.runs, *ledger.by_symbol} - {leaving_out}:
        run = ledger.run(symbol)
        if run.would_day_trade(*ledger.pending(symbol)):
            continue  # a potential day trade already
        opens = any(part > SHARE_DUST for part in ledger.opening_parts(symbol).values())
        count += opens or (run.opened_today != 0 and run.phase_open)
    return count


class Overnight(Wrapping):
    """Never more than can be held over the close at these prices: Reg T's initial margin and maintenance are there, so no Fed call comes.

    What works already is counted as filled. A fall before the close, or a fill beyond the collar, can still bring a call.
    """

    def most(self, account: Account, context: OrderContext, asked: float) -> Asked:
        most, why, rule = _overnight(context, asked, SMALLEST_QTY if self.fractional else 1.0)
        return Asked(most, _ruled(context, f"{shares(most)} of {shares(asked)} {context.symbol} can be held overnight: {why}.", rule))


class Trimmed(Wrapping):
    """As many shares as the brokerage accepts now, instead of a refusal: of a market order, every rule at once, exact to a share.

    A sizer is not told the kind of the order: a limit order is valued at its limit, a bracket brings its exits, and either may pass with
    more or be refused with as many.
    """

    def most(self, account: Account, context: OrderContext, asked: float) -> Asked:
        lives = "day" if self.fractional else "gtc"  # as the host will send it
        decision = evaluate(account, replace(context.request, qty=asked, time_in_force=lives), whole=not self.fractional)[1]
        if not isinstance(decision, Rejected):
            return Asked(asked)
        return Asked(decision.would_pass.qty, f"{decision.why} Rule: {decision.rule}.")
