"""What a brokerage and its customer do about margin calls in a backtest: deposits, forced sales, costs, and what the strategy is told.

At the first regular bar of a session, before its orders are matched: the session before is closed (which issues and ages calls), deposits
of the day come in, the customer answers new calls, and the brokerage sells what covers the calls due today, at the opening prices. After
a regular bar: an account whose equity is gone is sold out and closed to trading; a brokerage that watches in real time sells at once, that
is at the open of the next bar. Outside regular hours nobody is sold out.
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

from .. import sessions
from ..calls import SOLD_OUT, MarginCall
from ..errors import BadInput, known_name
from ..journal import CallEntry, RestrictionEntry
from ..liquidation import Sale, everything, plan
from ..money import SHARE_DUST, below, cents
from .booking import BookingBroker, Live
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
        self._answer: str | Answer = "ignore"
        self._messages: list[tuple[str, dict[str, Any]]] = []  # not told to the strategies yet
        self._issued: list[MarginCall] = []  # not answered by the customer yet
        self._shares_of: dict[Any, dict[tuple[Any, int], float]] = {}  # by data: what each (strategy, tradeid) has traded, net
        self._costs_of: tuple[int, int] | None = None  # the month whose costs are accruing
        self._late = False  # the morning's work waits until this bar's orders are matched
        self._closed_down = False
        self._closed_for = ""  # the call whose sale closed the account down
        self._real_time = self._watches = False

    def start(self) -> None:
        super().start()
        self._waiting = deposits_of(self.p.deposits)
        self._answer = answer_of(self.p.on_call)

    def stop(self) -> None:
        super().stop()
        if self.account is not None:
            self.account.listener = None

    def _open_account(self, now: float) -> None:
        super()._open_account(now)
        account = self.account
        assert account is not None
        account.listener = self._hear
        for entry in account.journal:
            if isinstance(entry, RestrictionEntry):
                self._hear(entry)

    # -- the bar

    def next(self) -> None:
        super().next()
        if self._messages:
            self._tell_strategies()

    def begin_session(self, now: float) -> None:
        """The morning of a session, once: at its first bar of regular hours (a daily bar stands for its whole day)."""
        at = self._work_time(now)
        day = sessions.session_of(at)
        opening = datetime.combine(day, sessions.REGULAR_OPEN)
        if at < opening or (at == opening and not self.clock.is_daily(now)):  # a bar is stamped with its end
            self._morning = self.clock.stamp(opening) + MILLISECOND / 2
            return
        self._morning = self.clock.stamp(datetime.combine(day + timedelta(days=1), time.min))
        if day == self._begun:
            return
        self._begun = day
        self._regular_end = self.clock.stamp(sessions.close_of(day))
        # executions at the last close are still to be posted into the session before: with those about, its work waits for them
        self._late = self.p.coc or any(order.exectype == Order.Close for order in (*self.pending, *self.submitted))
        if not self._late:
            self._reach(at)
            self._do_duties(now, day)

    def after_work(self, now: float) -> None:
        """Morning's work that had to wait, then equity and, where the brokerage watches in real time, maintenance."""
        if self._late:
            self._late = False
            self._do_duties(now, self._begun or self.account.session)  # type: ignore[union-attr]
            self._fill_forced()
        if (self._value <= 0.0 or self._watches) and self._open and not self._closed_down:
            self._look(now)

    def _do_duties(self, now: float, day: date) -> None:
        """Costs, deposits, the customer's answers and the brokerage's sales of a morning, in this order."""
        account = self.account
        assert account is not None
        self._real_time = bool(account.refuses and account.account_type == "margin" and account.rules.maintenance_real_time)
        self._watches = self._real_time or bool(account.refuses and self.p.worst_price)
        if account.refuses and self.p.charge_costs:
            self._charge_month(day)
        while self._waiting and self._waiting[0][0] <= day:
            self.move_money(self._waiting.pop(0)[1])
        issued, self._issued = self._issued, []
        if not account.refuses:
            return
        cured = [call.id for call in issued if self._wants_sale(call)]
        if self._closed_down:
            if account.ledger.positions:
                self._force(everything(account.ledger, self._prices(now, "open"), cost=self._costs), self._closed_for, now, at_open=True)
            return
        cured += [call.id for call in account.open_calls(*SOLD_OUT) if call.due_on is not None and call.due_on <= day]
        if cured:
            self._sell_for(cured, self._prices(now, "open"), now, at_open=True)

    # -- money

    def _charge_month(self, day: date) -> None:
        month = (day.year, day.month)
        if self._costs_of is not None and month != self._costs_of:
            self.cash -= self.account.charge_costs()  # type: ignore[union-attr]
        self._costs_of = month

    def _wants_sale(self, call: MarginCall) -> bool:
        """The customer's answer to a call on the day it is issued: a deposit is made at once, True asks for a sale."""
        account = self.account
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
        account = self.account
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
        account = self.account
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

    def _sell_for(self, calls: Sequence[str], prices: dict[str, float], now: float, *, at_open: bool) -> None:
        """Sells what cures the calls of these ids at ``prices``, beside what the customer's own market orders are about to sell."""
        account = self.account
        assert account is not None
        self._recall_forced()
        account.mark(prices)
        wanted = [call for call in account.open_calls() if call.id in calls]
        if not wanted:
            return
        books, kept, brought = account.ledger.copy(), set(), 0.0
        for live in self._live.values():
            order = live.order
            symbol, size = self._feed(order).symbol, float(order.executed.remsize)
            held = books.position(symbol)
            if order.exectype == Order.Market and order.alive() and order.active() and held * size < 0:
                size = math.copysign(min(abs(size), abs(held)), size)
                books.post(symbol, size, prices[symbol], self._costs(symbol, size, prices[symbol]))
                brought += abs(size) * prices[symbol] * account.rules.regt_initial_long
                kept.add(order.ref)
        calls_left = [replace(call, received=call.received + brought) if call.kind == "fed" else call for call in wanted]
        entries = self._entry_prices() if account.rules.liquidation_order == "losers" else None
        sales = plan(books, account.rules, calls=calls_left, prices=prices, cost=self._costs, entry_prices=entries)
        sold = {sale.symbol for sale in sales}
        self._cancel_customers(lambda order: order.ref not in kept and self._feed(order).symbol in sold)
        self._force(sales, wanted[0].id, now, at_open=at_open)

    def _entry_prices(self) -> dict[str, float]:
        """What a share of each symbol cost, over all feeds that hold it."""
        sums: dict[str, tuple[float, float]] = {}
        for data, position in self.positions.items():
            if position.size:
                symbol = self.clock.feeds[data].symbol
                size, cost = sums.get(symbol, (0.0, 0.0))
                sums[symbol] = (size + position.size, cost + position.size * position.price)
        return {symbol: cost / size for symbol, (size, cost) in sums.items() if size}

    def _cancel_customers(self, which: Callable[[Any], bool]) -> None:
        for live in list(self._live.values()):
            if not live.forced and live.order.alive() and which(live.order):
                self.cancel(live.order)

    def _recall_forced(self) -> None:
        """Forced orders that found no bar yet: a new plan takes their place."""
        for live in list(self._live.values()):
            if live.forced:
                super().cancel(live.order)

    def cancel(self, order: Any, bracket: bool = False) -> bool:
        """Cancels a live order of the customer's; what the brokerage sells is not the strategy's to cancel: False."""
        live = self._live.get(order.ref)
        if live is not None and live.forced:
            return False
        return super().cancel(order, bracket)

    def _force(self, sales: Sequence[Sale], call: str, now: float, *, at_open: bool) -> None:
        for sale in sales:
            left = abs(sale.qty)
            for feed in self.clock.by_symbol[sale.symbol]:
                for owner, tradeid, size in self._holders(feed, sale.qty):
                    size = min(size, left)
                    if size > SHARE_DUST:
                        self._send_forced(feed.data, owner, tradeid, math.copysign(size, sale.qty), sale.price, call, now, at_open)
                        left -= size

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

    def _send_forced(self, data: Any, owner: Any, tradeid: int, size: float, price: float, call: str, now: float, at_open: bool) -> None:
        """A market order of the brokerage's own; one sent at the open is a bar older than that bar, so that it fills there."""
        kind, shares = BuyOrder if size > 0 else SellOrder, abs(size)
        shares = int(shares) if shares == int(shares) else shares
        order = kind(owner=owner, data=data, size=shares, price=price, exectype=Order.Market, tradeid=tradeid)
        order.created.dt = now - MILLISECOND if at_open else now
        order.addinfo(liquidation=call, coc=False)
        self._ocoize(order, None)
        live = self._live[order.ref] = Live(order, None)
        live.forced = call
        super().submit(order, check=False)

    def _fill_forced(self) -> None:
        """Forced orders of this bar's open, made when its other orders were matched already."""
        others = [order for order in self.pending if order.ref not in self._live or not self._live[order.ref].forced]
        forced = [order for order in self.pending if order.ref in self._live and self._live[order.ref].forced]
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
        shares = self._shares_of.setdefault(self._feed(live.order).data, {})
        key = (asked.owner, asked.tradeid)
        shares[key] = shares.get(key, 0.0) + bit.size

    # -- equity gone, requirements broken in the day

    def _look(self, now: float) -> None:
        """After a regular bar: an account without equity is closed down; a brokerage that watches in real time sells to cure.

        After the session's last bar the selling waits for the next morning.
        """
        account = self.account
        assert account is not None
        daily = self.clock.is_daily(now)
        if not account.refuses or account.session != self._begun or (now > self._regular_end + MILLISECOND / 2 and not daily):
            return
        prices = self._prices(now, "worst" if self.p.worst_price else "close")
        gone = self.cash + sum(qty * prices[symbol] for symbol, qty in account.ledger.positions.items()) <= 0.0
        if not gone and (not self._real_time or any(live.forced for live in self._live.values())):
            return
        self._reach(self._work_time(now))
        account.mark(prices)
        equity, _, maintenance = account.margins()
        if not gone and not below(equity, maintenance):
            if self.p.worst_price:
                account.mark(self._prices(now, "close"))
            return
        call = account.call_maintenance_now()
        over = daily or now > self._regular_end - MILLISECOND / 2
        if gone:
            self._close_down(call.id if call is not None else "equity", prices, now, over)
        elif call is not None and not over:
            self._sell_for([call.id], prices, now, at_open=False)

    def _close_down(self, call: str, prices: dict[str, float], now: float, over: bool) -> None:
        """Equity is gone: everything is sold, nothing more may be traded; what is left is a debt, and the run goes on."""
        account = self.account
        assert account is not None
        self._closed_down = account.trading_blocked = True
        self._closed_for = call
        self._cancel_customers(lambda order: True)
        self._recall_forced()
        if not over:
            self._force(everything(account.ledger, prices, cost=self._costs), call, now, at_open=False)
        self._messages.append(("account_closed", {"equity": cents(account.equity()), "call": call}))

    # -- what the strategy is told

    def _hear(self, entry: CallEntry | RestrictionEntry) -> None:
        if isinstance(entry, CallEntry):
            self._messages.append((MESSAGES[entry.event], {"session": entry.session, "call": entry.call}))
            if entry.event == "issued":
                self._issued.append(entry.call)
        else:
            about = {"session": entry.session, "kind": entry.kind, "because": entry.because, "why": entry.why}
            self._messages.append(("restriction_set" if entry.on else "restriction_lifted", about))

    def _tell_strategies(self) -> None:
        """Calls and restrictions as ``notify_store`` messages, in the order they came."""
        told, self._messages = self._messages, []
        cerebro = self.cerebro
        for message, about in told:
            cerebro._notify_store(message, **about)
            for strategy in cerebro.runningstrats:
                strategy.notify_store(message, **about)
