"""What a brokerage and its customer do about margin calls in a backtest: deposits, forced sales, costs, and what the strategy is told.

At the first regular bar of a session, before its orders are matched: the session before is closed (which issues and ages calls), deposits
of the day come in, the customer answers new calls, and the brokerage sells what covers the calls due today, at the opening prices. After
a bar: an account whose equity is gone is sold out and closed to trading; a brokerage that watches in real time sells at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import backtrader as bt
from backtrader.order import BuyOrder, SellOrder

from .. import sessions
from ..calls import SOLD_OUT, MarginCall
from ..errors import BadInput, known_name
from ..journal import CallEntry, RestrictionEntry
from ..liquidation import Sale, everything, plan
from ..money import cents
from .booking import BookingBroker, Live
from .clock import MILLISECOND

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


def deposits_of(given: Iterable[tuple[Any, float]]) -> list[tuple[date, float]]:
    """``deposits`` in order of their days; raises :class:`BadInput` for what is no (day, dollars)."""
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
    return sorted(found)


def answer_of(given: Any) -> str | Answer:
    """``on_call`` as a word or a function; raises :class:`BadInput` otherwise."""
    if callable(given):
        answer: Answer = given
        return answer
    return known_name("on_call", given, ANSWERS)


class CallingBroker(BookingBroker):
    """Acts on the calls that the account issues. Judges no order."""

    def init(self) -> None:
        super().init()
        self._morning = -math.inf  # from this stamp on a new session waits to be begun
        self._begun: date | None = None
        self._waiting: list[tuple[date, float]] = []  # deposits to come
        self._answer: str | Answer = "ignore"
        self._heard: list[CallEntry | RestrictionEntry] = []  # not told to the strategies yet
        self._issued: list[MarginCall] = []  # not answered by the customer yet
        self._last_owner: dict[Any, tuple[Any, int]] = {}  # by data: who traded it last, and with which tradeid
        self._costs_of: tuple[int, int] | None = None  # the month whose costs are accruing
        self._late = False
        self._closed_down = False
        self._watches = False

    def start(self) -> None:
        super().start()
        self._waiting = deposits_of(self.p.deposits)
        self._answer = answer_of(self.p.on_call)

    def _open_account(self, now: float) -> None:
        super()._open_account(now)
        account = self.account
        assert account is not None
        account.listener = self._hear
        self._heard += [entry for entry in account.journal if isinstance(entry, RestrictionEntry)]
        self._set_watch()

    def _set_watch(self) -> None:
        account = self.account
        assert account is not None
        real_time = account.refuses and account.account_type == "margin" and account.rules.maintenance_real_time
        self._watches = bool(real_time or (account.refuses and self.p.worst_price))

    # -- the bar

    def next(self) -> None:
        if self.account is not None:
            now = self.clock.read()
            if now >= self._morning:
                self._seen = now
                self._begin_session(now)
        super().next()
        if self._late:
            self._late = False
            self._duties(self._seen, self.account.session, at_open=False)  # type: ignore[union-attr]
        if (self._value <= 0.0 or self._watches) and self._open and not self._closed_down:
            self._look_at_equity()
        if self._heard:
            self._tell_strategies()

    def _begin_session(self, now: float) -> None:
        """The morning of a session, once: at its first bar of regular hours (a daily bar stands for its whole day)."""
        at = self._work_time(now)
        day = sessions.session_of(at)
        opening = datetime.combine(day, sessions.REGULAR_OPEN)
        if at < opening:
            self._morning = self.clock.stamp(opening) - MILLISECOND / 2
            return
        self._morning = self.clock.stamp(datetime.combine(day + timedelta(days=1), datetime.min.time()))
        if day == self._begun:
            return
        self._begun = day
        # executions at the last close are still to be posted into the session before: with those about, its work waits until after the bar
        self._late = self.p.coc or any(order.exectype == Order.Close for order in self.pending)
        if not self._late:
            self._reach(at)
            self._duties(now, day, at_open=True)

    def _duties(self, now: float, day: date, *, at_open: bool) -> None:
        account = self.account
        assert account is not None
        self._set_watch()
        if account.refuses and self.p.charge_costs:
            self._charge_month(day)
        while self._waiting and self._waiting[0][0] <= day:
            self.move_money(self._waiting.pop(0)[1])
        issued, self._issued = self._issued, []
        for call in issued:
            self._answer_call(call, now, at_open)
        if account.refuses:
            due = [call for call in account.open_calls(*SOLD_OUT) if call.due_on is not None and call.due_on <= day]
            if due:
                self._sell_for(due, now, at_open)

    # -- money

    def _charge_month(self, day: date) -> None:
        month = (day.year, day.month)
        if self._costs_of is not None and month != self._costs_of:
            self.cash -= self.account.charge_costs()  # type: ignore[union-attr]
        self._costs_of = month

    def _answer_call(self, call: MarginCall, now: float, at_open: bool) -> None:
        """What the customer does about a call on the day it is issued."""
        account = self.account
        assert account is not None
        call = next(c for c in account.calls if c.id == call.id)
        if not call.is_open:
            return
        answer = self._answer
        if not isinstance(answer, str):
            given = answer(call, account)
            amount = 0.0 if given is None else given
            if isinstance(amount, (int, float)) and not isinstance(amount, bool):
                if not math.isfinite(amount) or amount < 0:
                    raise BadInput(f"on_call answered {given!r} to {call.id}; give dollars to deposit, 'deposit', 'liquidate' or None.")
                if amount:
                    self.move_money(float(amount), call.id)
                return
            answer = known_name("answer of on_call", amount, ANSWERS)
        if answer == "deposit":
            self.move_money(math.ceil(call.missing * 100 - 1e-6) / 100, call.id)
        elif answer == "liquidate":
            self._sell_for([call], now, at_open)

    # -- selling

    def _costs(self, symbol: str, qty: float, price: float) -> float:
        """What an execution loses to commission and slippage, as the host will charge it."""
        data = self.clock.by_symbol[symbol][0].data
        commission = self.getcommissioninfo(data).getcommission(abs(qty), price)
        slip = price * self.p.slip_perc if self.p.slip_perc else self.p.slip_fixed
        return float(commission + abs(qty) * slip)

    def _prices(self, now: float, at_open: bool) -> dict[str, float]:
        """Prices of what is held: the open of a bar that begins now, else the last one."""
        account = self.account
        assert account is not None
        found: dict[str, float] = {}
        for symbol in account.ledger.positions:
            price = account.ledger.marks[symbol]
            for feed in self.clock.by_symbol[symbol]:
                if feed.started and feed.stamp() == now:
                    price = float(feed.price(at_open=at_open))
            found[symbol] = price if 0.0 < price < math.inf else account.ledger.marks[symbol]
        return found

    def _sell_for(self, calls: Sequence[MarginCall], now: float, at_open: bool) -> None:
        """Sells what cures ``calls``, at the prices of now; nothing while a forced sale is on its way, which was sized without these."""
        account = self.account
        assert account is not None
        if any(live.forced for live in self._live.values()):
            return
        entries = {self.clock.feeds[data].symbol: position.price for data, position in self.positions.items() if position.size}
        sales = plan(account.ledger, account.rules, calls=calls, prices=self._prices(now, at_open), cost=self._costs, entry_prices=entries)
        self._force(sales, calls[0].id, now, at_open)

    def _force(self, sales: Sequence[Sale], call: str, now: float, at_open: bool) -> None:
        for sale in sales:
            self._cancel_resting(sale.symbol)
        for sale in sales:
            left = abs(sale.qty)
            for feed in self.clock.by_symbol[sale.symbol]:
                held = self.positions[feed.data].size
                size = min(left, abs(held)) if held * sale.qty < 0 else 0.0
                if size > 0:
                    self._send_forced(feed.data, math.copysign(size, sale.qty), call, now, at_open)
                    left -= size

    def _cancel_resting(self, symbol: str) -> None:
        for live in list(self._live.values()):
            order = live.order
            if self._feed(order).symbol == symbol and not live.forced and order.alive():
                self.cancel(order)

    def _send_forced(self, data: Any, size: float, call: str, now: float, at_open: bool) -> None:
        """A market order of the brokerage's own; one sent at the open is a bar older than that bar, so that it fills there."""
        owner, tradeid = self._last_owner.get(data, (None, 0))
        kind = BuyOrder if size > 0 else SellOrder
        order = kind(owner=owner, data=data, size=abs(size), exectype=Order.Market, tradeid=tradeid, simulated=True)
        order.created.dt = now - MILLISECOND if at_open else now
        order.created.pclose = data.close[0]
        order.addinfo(liquidation=call, coc=False)
        self._ocoize(order, None)
        live = self._live[order.ref] = Live(order, None)
        live.forced = call
        super().submit(order, check=False)

    # -- equity gone, requirements broken in the day

    def _look_at_equity(self) -> None:
        """After a bar: an account without equity is sold out and closed; a brokerage that watches in real time sells to cure."""
        account = self.account
        assert account is not None
        if not account.refuses or any(live.forced for live in self._live.values()):
            return
        now = self._seen
        prices = self._worst_prices() if self.p.worst_price else self._prices(now, False)
        equity = self.cash + sum(qty * prices[symbol] for symbol, qty in account.ledger.positions.items())
        if equity > 0.0 and not (account.rules.maintenance_real_time and account.account_type == "margin"):
            return
        at = max(self._work_time(now), account.now)
        account.mark(prices, at if sessions.session_of(at) == account.session else None)
        call = account.call_maintenance_now()
        if call is None and equity > 0.0:
            return
        if equity <= 0.0:
            self._close_down(call.id if call is not None else "equity")
        elif call is not None:
            self._sell_for([call], now, at_open=False)

    def _worst_prices(self) -> dict[str, float]:
        """The bar's low of what is held long, its high of what is held short."""
        account = self.account
        assert account is not None
        found = {}
        for symbol, qty in account.ledger.positions.items():
            price = account.ledger.marks[symbol]
            for feed in self.clock.by_symbol[symbol]:
                if feed.started and feed.stamp() == self._seen:
                    line = feed.low if qty > 0 else feed.high
                    worst = float(line.array[line.idx])
                    price = worst if 0.0 < worst < math.inf else price
            found[symbol] = price
        return found

    def _close_down(self, call: str) -> None:
        """Equity is gone: everything is sold, nothing more may be opened; what is left is a debt, and the run goes on."""
        account = self.account
        assert account is not None
        self._closed_down = account.trading_blocked = True
        for live in list(self._live.values()):
            if live.order.alive() and not live.forced:
                self.cancel(live.order)
        self._force(everything(account.ledger, self._prices(self._seen, False), cost=self._costs), call, self._seen, at_open=False)
        self._tell("account_closed", {"equity": cents(account.equity()), "call": call})

    # -- what the strategy is told

    def _hear(self, entry: CallEntry | RestrictionEntry) -> None:
        self._heard.append(entry)
        if isinstance(entry, CallEntry) and entry.event == "issued":
            self._issued.append(entry.call)

    def _tell_strategies(self) -> None:
        """Calls and restrictions as ``notify_store`` messages, in the order they came."""
        heard, self._heard = self._heard, []
        for entry in heard:
            if isinstance(entry, CallEntry):
                self._tell(MESSAGES[entry.event], {"session": entry.session, "call": entry.call})
            else:
                about = {"session": entry.session, "kind": entry.kind, "because": entry.because, "why": entry.why}
                self._tell("restriction_set" if entry.on else "restriction_lifted", about)

    def _tell(self, message: str, about: dict[str, Any]) -> None:
        cerebro = self.cerebro
        cerebro._notify_store(message, **about)
        for strategy in cerebro.runningstrats:
            strategy.notify_store(message, **about)
