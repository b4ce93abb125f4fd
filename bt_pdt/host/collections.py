"""What a brokerage and its customer do about margin calls in a backtest: deposits, forced sales, costs, and what the strategy is told.

At the first regular bar of a session, before its orders are matched: the session before is closed (which issues and ages calls), deposits
of the day come in, the customer answers new calls, and the brokerage sells what covers the calls due today, at the opening prices. After
a regular bar: an account whose equity is gone is liquidated and closed to trading; a brokerage that watches in real time sells at once, that
is at the open of the next bar. Outside regular hours nothing is liquidated.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from numbers import Real
from typing import Any

import backtrader as bt
from backtrader.order import BuyOrder, SellOrder

from ..account.calls import LIQUIDATED, MarginCall
from ..account.liquidation import Sale, everything, plan
from ..account.requirements import requirement
from ..account.valuation import valued
from ..core import sessions
from ..core.decisions import Rejected
from ..core.errors import BadInput, known_name
from ..core.journal import CallEntry, RestrictionEntry
from ..core.money import HALF_CENT, SHARE_DUST, below, cents
from .bookkeeper import BookingBroker, Live
from .clock import MILLISECOND, Feed

Order = bt.Order
ANSWERS = ("ignore", "deposit", "liquidate")
#: Message of ``notify_store`` by what happened to a call.
MESSAGES = {
    "issued": "call_issued",
    "due_tomorrow": "call_due_tomorrow",
    "met": "call_met",
    "met_late": "call_met",
    "past_due": "call_past_due",
    "expired": "call_expired",
    "closed": "call_closed",
}
Answer = Callable[[MarginCall, Any], Any]


def deposits_of(given: Any) -> list[tuple[date, float]]:
    """``deposits`` in order of their days; raises :class:`BadInput` for what is no (day, dollars)."""
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise BadInput(f"deposits takes a list of (day, dollars) pairs like [('2020-03-16', 5_000)], got {given!r}.")
    found = []
    for item in given:
        try:
            day, amount = item
            day = date.fromisoformat(day) if isinstance(day, str) else day
            amount = float(amount)
        except (TypeError, ValueError):
            raise BadInput(f"deposits takes (day, dollars) pairs like ('2020-03-16', 5_000), got {item!r}.") from None
        if not isinstance(day, date) or not math.isfinite(amount) or amount == 0:
            raise BadInput(f"deposits takes (day, dollars) pairs like ('2020-03-16', 5_000), negative to withdraw, got {item!r}.")
        found.append((day.date() if isinstance(day, datetime) else day, amount))
    return sorted(found, key=lambda item: item[0])


def answer_of(given: Any) -> str | Answer:
    """``on_call`` as a word or a function; raises :class:`BadInput` otherwise."""
    if callable(given):
        answer: Answer = given
        return answer
    return known_name("on_call", given, ANSWERS)


class CallingBroker(BookingBroker):
    """Acts on the calls that the account issues. Judges no order."""

    pending: deque[Any]

    def init(self) -> None:
        super().init()
        self._begun: date | None = None  # the last session whose morning's work is done
        self._regular_end = 0.0  # stamp of its regular close
        self._waiting: list[tuple[date, float]] = []  # deposits to come
        self._refused: list[tuple[date, float, str]] = []  # withdrawals among them that the account refused, and why
        self._answer: str | Answer = "ignore"
        self._issued: list[MarginCall] = []  # not answered by the customer yet
        self._shares_of: dict[Any, dict[tuple[Any, int], float]] = {}  # by data: what each (strategy, tradeid) has traded, net
        self._costs_of: tuple[int, int] | None = None  # the month whose costs are accruing
        self._asked: list[str] = []  # calls that the customer wants cured by selling
        self._sales: list[tuple[Feed, float, str]] = []  # (feed, signed shares, call) to be sold at the feed's next open
        self._forced: set[int] = set()  # the brokerage's own orders on the way, by ref
        self._breach: tuple[dict[str, float], MarginCall | None] | None = None  # prices at which a requirement was seen broken, its call
        self._late = False  # the open's work waits until this bar's orders are matched
        self._account_closed = False
        #: The session in which equity was gone and the account was closed to trading.
        self.closed_on: date | None = None
        self._closed_for = ""  # the call whose sale closed the account
        self._real_time = self._watches = False
        self._maintenance_open = False  # a rise meets a maintenance call when it happens, so every bar is marked while one is open

    def start(self) -> None:
        super().start()
        self._waiting = deposits_of(self.p.deposits)
        self._answer = answer_of(self.p.on_call)

    def stop(self) -> None:
        super().stop()
        if self._account is not None:
            self._account.listener = None

    def _open_account(self, now: float) -> None:
        super()._open_account(now)
        account = self._account
        assert account is not None
        account.listener = self._hear
        for entry in account.journal:
            if isinstance(entry, RestrictionEntry):
                self._hear(entry)

    @property
    def unmoved(self) -> list[tuple[date, float, str]]:
        """Of ``deposits``: (day, dollars, why) of money that did not move: withdrawals refused, and days after the last bar."""
        return self._refused + [(day, amount, "the bars end before that session opens.") for day, amount in self._waiting]

    # -- the bar

    def begin_session(self, now: float) -> None:
        """The morning of a session, at its first bar of regular hours (a daily bar stands for its whole day), and sales that wait for a bar."""
        at, daily = self._work_time(now), self.clock.is_daily(now)
        day = sessions.session_of(at)
        opening = datetime.combine(day, sessions.REGULAR_OPEN)
        close = self.clock.stamp(sessions.close_of(day)) + MILLISECOND / 2
        midnight = self.clock.stamp(datetime.combine(day + timedelta(days=1), time.min))
        early = at < opening or (at == opening and not daily)  # a bar is stamped with its end
        late = now > close and not daily
        self._morning = self.clock.stamp(opening) + MILLISECOND / 2 if early else midnight if late or daily else close
        unfilled = self._recall_forced()
        self._sales = [] if early or late or day != self._begun else [*unfilled, *self._sales]
        if early or late:
            return
        self._regular_end = close
        # executions at the last close are still to be posted into the session before: with those about, its work waits for them
        self._late = self.p.coc or any(order.exectype == Order.Close for order in (*self.pending, *self.submitted))
        if not self._late:
            self._reach(at)
            self._work_open(now, day)
        self._set_alert()

    def _set_alert(self) -> None:
        self._alert = self._late or self._watches or self._maintenance_open

    def after_work(self, now: float) -> None:
        """Work of the open that had to wait, then equity and, where the brokerage watches in real time, maintenance."""
        if self._late:
            self._late = False
            self._work_open(now, sessions.session_of(self._work_time(now)))
            self._fill_forced()
        if self._maintenance_open:
            self._account.mark(self._prices(now, "close"))  # type: ignore[union-attr]
        if (((self._value <= 0.0 or self._watches) and self._open) or self._value < -HALF_CENT) and not self._account_closed:
            self._look(now)
        self._set_alert()

    def _work_open(self, now: float, day: date) -> None:
        """What the brokerage and its customer do at the open of a bar: a session's morning, and what is to be sold."""
        fresh = day != self._begun
        if fresh:
            self._begun = day
            self._do_duties(day)
        if fresh or self._breach is not None or self._account_closed:
            self._plan_sales(now, day)
        if self._sales:
            self._send_sales(now)
            self._morning = now  # to be looked after on the next bar

    def _do_duties(self, day: date) -> None:
        """Costs, deposits and the customer's answers of a morning, in this order."""
        account = self._account
        assert account is not None
        self._real_time = bool(account.refuses and account.account_type == "margin" and account.rules.maintenance_real_time)
        self._watches = self._real_time or bool(account.refuses and self.p.worst_price)
        if account.refuses and self.p.charge_costs:
            self._charge_month(day)
        while self._waiting and self._waiting[0][0] <= day:
            asked, amount = self._waiting.pop(0)
            decision = self.move_money(amount)
            if isinstance(decision, Rejected):
                self._refused.append((asked, amount, decision.why))
                self._messages.append(("withdrawal_refused", {"session": day, "amount": -amount, "decision": decision}))
        issued, self._issued = self._issued, []
        if account.refuses:
            self._asked += [call.id for call in issued if self._wants_sale(call)]

    # -- money

    def _charge_month(self, day: date) -> None:
        month = (day.year, day.month)
        if self._costs_of is not None and month != self._costs_of:
            self.cash -= self._account.charge_costs()  # type: ignore[union-attr]
        self._costs_of = month

    def _wants_sale(self, call: MarginCall) -> bool:
        """The customer's answer to a call on the day it is issued: a deposit is made at once, True asks for a sale."""
        account = self._account
        assert account is not None
        call = next(c for c in account.calls if c.id == call.id)
        if not call.is_open:
            return False
        answer = self._answer
        if not isinstance(answer, str):
            given = answer(call, account)
            amount = 0.0 if given is None else given
            if isinstance(amount, Real) and not isinstance(amount, bool):
                if not math.isfinite(amount) or amount < 0:
                    raise BadInput(f"on_call answered {given!r} to {call.id}; give dollars to deposit, 'deposit', 'liquidate' or None.")
                if amount:
                    self.move_money(float(amount), call.id)
                return False
            answer = known_name("answer of on_call", amount, ANSWERS)
        if answer == "deposit":
            missing = math.ceil(self._missing(call) * 100 - 1e-6) / 100
            if missing > 0:
                self.move_money(missing, call.id)
        return answer == "liquidate"

    def _missing(self, call: MarginCall) -> float:
        """Dollars that would meet a call now, at the last marks."""
        account = self._account
        assert account is not None
        equity, _, maintenance = account.margins()
        if call.kind == "maintenance":
            return maintenance - equity
        return float(call.facts["required"]) - equity if call.kind == "minimum_equity" else call.missing

    # -- selling

    def _costs(self, symbol: str, qty: float, price: float) -> float:
        """What a market order at the open loses to commission and slippage, as the host will charge it."""
        held = [feed.data for feed in self.clock.by_symbol[symbol] if feed.data in self.positions and self.positions[feed.data].size]
        commission = self.getcommissioninfo(held[0]).getcommission(abs(qty), price)
        slip = (price * self.p.slip_perc if self.p.slip_perc else self.p.slip_fixed) if self.p.slip_open else 0.0
        return float(commission + abs(qty) * slip)

    def _prices(self, now: float, moment: str) -> dict[str, float]:
        """Prices of what is held, ``moment`` telling which of a bar that ends now: its ``open``, ``close`` or ``worst``; else the last close."""
        account = self._account
        assert account is not None
        found: dict[str, float] = {}
        for symbol, qty in account.ledger.positions.items():
            newest, found[symbol] = 0.0, account.ledger.marks[symbol]
            for feed in self.clock.by_symbol[symbol]:
                stamp = feed.stamp()
                line = feed.close
                if stamp == now and moment != "close":
                    line = feed.open if moment == "open" else feed.low if qty > 0 else feed.high
                if stamp > newest and 0.0 < line.array[line.idx] < math.inf:
                    newest, found[symbol] = stamp, float(line.array[line.idx])
        return found

    def _plan_sales(self, now: float, day: date) -> None:
        """What is to be sold from this open on: for calls due, calls that the customer wants cured, or all if equity is gone.

        Sized at the opening prices, or at those of the breach that a watching brokerage has seen, if they ask for more.
        """
        account = self._account
        assert account is not None
        breach, self._breach, self._sales = self._breach, None, []
        if not account.refuses:
            return
        prices = self._prices(now, "open")
        if self._account_closed:
            self._split(everything(account.ledger, prices, cost=self._costs), self._closed_for)
            return
        seen = None
        if breach is not None and self._worth(prices | breach[0])[1] < self._worth(prices)[1]:
            prices, seen = prices | breach[0], breach[1]  # sold for at once, whatever the price has done since

        def wanted() -> list[MarginCall]:
            found = {} if seen is None else {seen.id: seen}
            for call in account.open_calls():
                due = call.kind in LIQUIDATED and call.due_on is not None and call.due_on <= day
                if due or call.id in self._asked:
                    found.setdefault(call.id, call)
            return list(found.values())

        if not wanted():
            return
        account.mark(prices)
        calls = wanted()  # those that the prices have not met
        if not calls:
            return
        books, brought = account.ledger.copy(), 0.0
        for order in self._own_closings():
            symbol, size = self._feed(order).symbol, float(order.executed.remsize)
            held = books.position(symbol)
            if held * size >= 0:
                continue
            size = math.copysign(min(abs(size), abs(held)), size)
            books.post(symbol, size, prices[symbol], self._costs(symbol, size, prices[symbol]))
            brought += requirement(account.rules, books.asset(symbol), math.copysign(abs(size), held), prices[symbol]).initial
        left, brought = [], brought + account.fed_release()
        for call in calls:
            if call.kind == "fed":  # they take what the day's transactions set free one after the other, at its close
                taken = min(brought, call.missing)
                call, brought = replace(call, received=call.received + taken), brought - taken
            left.append(call)
        entries = self._entry_prices() if account.rules.liquidation_order == "losers" else None
        self._split(plan(books, account.rules, calls=left, prices=prices, cost=self._costs, entry_prices=entries), calls[0].id)

    def _own_closings(self) -> list[Any]:
        """The customer's market orders that reduce a position: they fill at the same open, so what they bring counts."""
        found = []
        for live in self._live.values():
            order = live.order
            if order.exectype == Order.Market and not live.forced and order.alive() and order.active():
                position = self.positions.get(self._feed(order).data)
                if position is not None and position.size * order.executed.remsize < 0:
                    found.append(order)
        return found

    def _free(self, feed: Feed) -> float:
        """Signed shares that a feed holds beyond what the customer's own market orders are about to close."""
        position = self.positions.get(feed.data)
        held = float(position.size) if position is not None else 0.0
        closing = sum(abs(order.executed.remsize) for order in self._own_closings() if self._feed(order) is feed)
        return math.copysign(max(0.0, abs(held) - closing), held)

    def _split(self, sales: Sequence[Sale], call: str) -> None:
        """Sales by symbol become sales by feed: a position lies on the feed it was bought on."""
        for sale in sales:
            left = abs(sale.qty)
            for feed in self.clock.by_symbol[sale.symbol]:
                free = self._free(feed)
                size = min(left, abs(free)) if free * sale.qty < 0 else 0.0
                if size > SHARE_DUST:
                    self._sales.append((feed, math.copysign(size, sale.qty), call))
                    left -= size

    def _worth(self, prices: dict[str, float]) -> tuple[float, float]:
        """(equity, equity less maintenance margin) of what is held at ``prices``."""
        account = self._account
        assert account is not None
        books = account.ledger
        worth = valued(account.rules, books.asset, books.cash, books.positions, prices)
        return worth.equity, worth.equity - worth.maintenance_margin

    def _entry_prices(self) -> dict[str, float]:
        """What a share of each symbol cost, over all feeds that hold it."""
        sums: dict[str, tuple[float, float]] = {}
        for data, position in self.positions.items():
            if position.size:
                symbol = self.clock.feeds[data].symbol
                size, cost = sums.get(symbol, (0.0, 0.0))
                sums[symbol] = (size + position.size, cost + position.size * position.price)
        return {symbol: cost / size for symbol, (size, cost) in sums.items() if size}

    def _send_sales(self, now: float) -> None:
        """Sends what has a bar now, resting orders on the symbol cancelled first; the rest waits for its feed's next bar."""
        sales, self._sales = self._sales, []
        own = {order.ref for order in self._own_closings()}
        for feed, qty, call in sales:
            if feed.stamp() != now:
                self._sales.append((feed, qty, call))
                continue
            for live in list(self._live.values()):
                order = live.order
                if not live.forced and order.alive() and order.ref not in own and self._feed(order).symbol == feed.symbol:
                    self.cancel(order)
            free = self._free(feed)
            left = min(abs(qty), abs(free)) if free * qty < 0 else 0.0
            for owner, tradeid, held in self._holders(feed, qty):
                size = min(held, left)
                if size > SHARE_DUST:
                    self._send_forced(feed, owner, tradeid, math.copysign(size, qty), call, now)
                    left -= size

    def _recall_forced(self) -> list[tuple[Feed, float, str]]:
        """Takes back forced orders that were not filled (or in part), as sales still to be made."""
        lives = [self._live[ref] for ref in sorted(self._forced) if ref in self._live]
        self._forced.clear()
        for live in lives:
            self.cancel(live.order)
        return [(self._feed(live.order), float(live.order.executed.remsize), live.forced or "") for live in lives]

    def cancel(self, order: Any, bracket: bool = False) -> bool:
        """Cancels a live order of the customer's; what the brokerage sells is not the strategy's to cancel: False."""
        return order.ref not in self._forced and super().cancel(order, bracket)

    def _holders(self, feed: Feed, qty: float) -> list[tuple[Any, int, float]]:
        """(strategy, tradeid, shares) of what a feed holds and ``qty`` would reduce; what nobody of them bought belongs to no one."""
        position = self.positions.get(feed.data)
        if position is None or position.size * qty >= 0:
            return []
        found, left = [], abs(float(position.size))
        for (owner, tradeid), shares in self._shares_of.get(feed.data, {}).items():
            size = min(left, abs(shares)) if shares * qty < 0 else 0.0
            if size > SHARE_DUST:
                found.append((owner, tradeid, size))
                left -= size
        return [*found, (None, 0, left)] if left > SHARE_DUST else found

    def _send_forced(self, feed: Feed, owner: Any, tradeid: int, size: float, call: str, now: float) -> None:
        """A market order of the brokerage's own, a bar older than the bar at hand, so that it fills at its open."""
        kind, shares = BuyOrder if size > 0 else SellOrder, abs(size)
        shares = int(shares) if shares == int(shares) else shares
        order = kind(owner=owner, data=feed.data, size=shares, price=feed.price(at_open=True), exectype=Order.Market, tradeid=tradeid)
        order.created.dt = now - MILLISECOND
        order.addinfo(liquidation=call, coc=False)
        self._ocoize(order, None)
        live = self._live[order.ref] = Live(order, None)
        live.forced = call
        self._forced.add(order.ref)
        super().submit(order, check=False)

    def _fill_forced(self) -> None:
        """Forced orders of this bar's open, made when its other orders were matched already."""
        others = [order for order in self.pending if order.ref not in self._forced]
        forced = [order for order in self.pending if order.ref in self._forced]
        if forced:
            self.pending = deque(forced)
            self._matching = True
            self._match()
            self._matching = False
            self.pending = deque([*others, *self.pending])
        self._get_value()
        self._flush()

    def _post(self, stamp: float, live: Live, bit: Any, symbol: str, commission: float) -> None:
        super()._post(stamp, live, bit, symbol, commission)
        asked = live.order.p
        if asked.tradeid or len(self.cerebro.runningstrats) > 1:  # else all shares are the one strategy's
            shares = self._shares_of.setdefault(self._feed(live.order).data, {})
            key = (asked.owner, asked.tradeid)
            shares[key] = shares.get(key, 0.0) + bit.size

    # -- equity gone, requirements broken in the day

    def _look(self, now: float) -> None:
        """After a regular bar: an account without equity is closed; a brokerage that watches in real time sells to cure."""
        account = self._account
        assert account is not None
        regular = now <= self._regular_end or self.clock.is_daily(now)
        if not account.refuses or not regular or account.session != self._begun:
            return
        prices = self._prices(now, "worst" if self.p.worst_price else "close")
        equity, excess = self._worth(prices)
        if equity > 0.0 and (not self._real_time or self._sales or not below(excess, 0.0)):
            return
        self._reach(self._work_time(now))
        account.mark(prices)
        call = account.call_maintenance_now()
        self._breach, self._morning = (prices, call), now
        if equity <= 0.0:
            self._close_account(call.id if call is not None else "equity")

    def _close_account(self, call: str) -> None:
        """Equity is gone: all orders die, everything is sold, nothing more may be traded; what is left is a debt, and the run goes on."""
        account = self._account
        assert account is not None
        self._account_closed = account.trading_blocked = True
        self.closed_on = account.session
        self._closed_for = call
        for live in list(self._live.values()):
            if live.order.alive() and not live.forced:
                self.cancel(live.order)
        self._messages.append(("account_closed", {"equity": cents(account.equity()), "call": call}))

    # -- what the strategy is told

    def _hear(self, entry: CallEntry | RestrictionEntry) -> None:
        if isinstance(entry, CallEntry):
            self._messages.append((MESSAGES[entry.event], {"session": entry.session, "call": entry.call}))
            self._maintenance_open = bool(self._account and self._account.open_calls("maintenance"))
            self._set_alert()
            if entry.event == "issued":
                self._issued.append(entry.call)
        else:
            about = {"session": entry.session, "kind": entry.kind, "because": entry.because, "why": entry.why}
            self._messages.append(("restriction_set" if entry.on else "restriction_lifted", about))

    def tell_strategies(self) -> None:
        """Calls and restrictions as ``notify_store`` messages, in the order they came."""
        told, self._messages = self._messages, []
        cerebro = self.cerebro
        for message, about in told:
            cerebro._notify_store(message, **about)
            for strategy in cerebro.runningstrats:
                strategy.notify_store(message, **about)
