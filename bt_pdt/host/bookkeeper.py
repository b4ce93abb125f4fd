"""The account's books beside the host's: time, sessions, executions, cash.

What the host does on a bar (executions, ends of orders, interest) is queued as it happens and booked in time order when the bar's work
is done; then, if the bar lies past the end of a session, that session is closed at the last marks before its end.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from datetime import date, datetime, time
from typing import Any, NamedTuple

import backtrader as bt

from ..account.account import Account
from ..core import sessions
from ..core.decisions import Accepted, Decision, Rejected
from ..core.money import HALF_CENT, SHARE_DUST
from ..core.orders import Fill, OrderRequest
from ..law.rulebook import RULEBOOK_BEGINS
from .clock import MILLISECOND, Feed
from .fast.sparse import SparseBroker
from .looking import Looker, after_hours, fractions, odd_dates
from .opening import before_the_law, open_account

Order = bt.Order
MORNING = time(9, 30)


class Live:
    """An order of the host while it can still fill: its id at the account and how many of its execution bits are posted.

    ``by_parts`` marks the child of a group that no brokerage knows: it is put before the account when the host activates it.
    """

    __slots__ = ("bits", "by_parts", "forced", "id", "order", "request")

    def __init__(self, order: Any, order_id: str | None, request: OrderRequest | None = None) -> None:
        self.order, self.id, self.request = order, order_id, request
        self.bits = 0
        self.by_parts = False
        self.forced: str | None = None


class Judged(NamedTuple):
    """What an order is put before: the account as it stands when the order is sent, the symbol, and that time."""

    account: Account
    symbol: str
    at: datetime


class BookingBroker(SparseBroker):
    """Keeps a margin account in step with the host: what :class:`~bt_pdt.host.broker.MarginBroker` stands on. Judges nothing."""

    def __init__(self) -> None:
        self.looker = Looker()
        super().__init__()

    def init(self) -> None:
        super().init()
        self.looker.begin()
        self._account: Account | None = None
        self._arguments: dict[str, Any] = {}  # of the account that opens with the first bar
        #: Time (backtrader's float) and equity of every bar; read-only.
        self.times = array("d")
        self.equity = array("d")
        #: Orders that could not even be put as a request, with the answer given: (time, order ref, decision).
        self.unsupported: list[tuple[datetime | None, int, Rejected]] = []
        #: Dates with bars on which the exchange was closed.
        self.odd_dates: list[date] = []
        self._live: dict[int, Live] = {}
        self._queue: list[tuple[float, int, Any]] = []  # (stamp, 0 fill | 1 end | 2 cash, what)
        self._boundary = math.inf  # past this stamp something about the session ends
        self._morning = -math.inf  # from this stamp on a session waits to be begun
        self._opens = -math.inf  # before this stamp bars are only shown: the account is not open yet
        self._running = False
        self._one_feed_each = False  # every symbol has one feed, so the host's open positions tell the prices of all
        self._looked = -math.inf  # the bar at whose prices a strategy last saw the account
        self._alert = False  # something is to be looked after on every bar
        self._messages: list[tuple[str, dict[str, Any]]] = []  # what the strategies have not been told yet
        self._closed = False  # the regular session of the account's date
        self._marked: set[str] = set()  # symbols marked since the last bar
        self._noted: dict[str, float] = {}  # last marks, where the feeds keep no past bars
        self._orders_sent = 0
        self._carried = 0.0  # interest that backtrader adds to the commission of the execution under way

    @property
    def account_as_posted(self) -> Account | None:
        """The account at the marks of its last event: for whoever must not bring it to the prices of the bar."""
        return self._account

    @property
    def account(self) -> Account | None:
        """The account of the current (or last) run, None before its first bar. A strategy sees it at the prices of its bar."""
        account = self._account
        if account is not None and self._running and (self._looked != self.seen or self.p.coo):
            self._looked = self.seen
            prices: dict[str, float] = {}
            for symbol in self.clock.by_symbol:
                self._last_price(symbol, prices)
            account.reprice(prices)
        return account

    def start(self) -> None:
        super().start()
        self._one_feed_each = all(len(feeds) == 1 for feeds in self.clock.by_symbol.values())

    def wait_for(self, at: datetime) -> None:
        """The account opens with the bar that ends at ``at``; earlier ones are shown to the strategy, and it may not order on them."""
        self._opens = self.clock.stamp(at) - MILLISECOND / 2

    def judge_parts(self) -> None:
        """The host is about to activate orders."""
        raise NotImplementedError

    def begin_session(self, now: float) -> None:
        """A bar has come that may begin a session; its orders are not matched yet."""
        raise NotImplementedError

    def after_work(self, now: float) -> None:
        """A bar's executions are booked, its session is not closed yet; asked while on the alert, or when equity is gone."""
        raise NotImplementedError

    def tell_strategies(self) -> None:
        """There are messages."""
        raise NotImplementedError

    def finish(self) -> None:
        """The bars are over: the session of the last one closes. Safe to call again."""
        if self._account is None or not self.times:
            return
        self._flush()
        last = self._work_time(self.seen)
        if not self._closed and sessions.session_of(last) == self._account.session:
            self._close_session()
        self._look_back()

    def _look_back(self) -> None:
        """What only the whole run shows about its bars."""
        account, looker = self._account, self.looker
        assert account is not None
        looker.look(self.clock, at_end=True)
        if not looker.days_known:
            looker.tell(odd_dates(self.odd_dates))
        looker.tell(after_hours(account.journal, not self.clock.all_long_bars))
        if account.refuses:
            looker.tell(fractions(account.journal))
        elif account.rules.day < RULEBOOK_BEGINS or (account.journal and account.journal[0].session < RULEBOOK_BEGINS):
            looker.tell([before_the_law(account.journal[0].session if account.journal else account.session)])

    # -- time and sessions

    def _work_time(self, stamp: float) -> datetime:
        """When a bar's trading happened: its stamp; a daily bar trades from 09:30 of its date."""
        at = self.clock.moment(stamp)
        if self.clock.is_daily(stamp):
            at = datetime.combine(at.date(), MORNING)
        return at

    def _order_time(self, stamp: float) -> datetime:
        """When an order made after a bar is sent: at its stamp; after a daily bar in the evening, so for the next session.

        With cheat-on-close a daily bar's orders trade at that very close and are sent just then.
        """
        at = self.clock.moment(stamp)
        if not self.clock.is_daily(stamp):
            return at
        if self.p.coc:
            return sessions.close_of(sessions.session_of(datetime.combine(at.date(), MORNING)))
        return sessions.end_of_date(at.date())

    def _reach(self, at: datetime) -> datetime:
        """Moves the account to ``at`` (never back), closing what ends on the way at the bars' own closes; returns its time."""
        account = self._account
        assert account is not None
        at = max(at, account.now)
        if not self._closed and at > sessions.close_of(account.session):
            self._close_session()
        day = sessions.session_of(at)
        if day != account.session:
            self._closed = False
            close = sessions.close_of(day)
            account.advance(min(at, close))
            if at > close:
                self._close_session()
            if at.date() != day and not sessions.is_session(at.date()):
                self.odd_dates.append(at.date())
        account.advance(at)
        self._set_boundary()
        return at

    def _set_boundary(self) -> None:
        day = self._account.session  # type: ignore[union-attr]
        ends = sessions.end_of_date(day) if self._closed else sessions.close_of(day)
        self._boundary = self.clock.stamp(ends) + MILLISECOND / 2

    def _close_session(self) -> None:
        account = self._account
        assert account is not None
        account.close_session(account.session, self._closing_marks(account))
        self._closed = True
        self._marked.clear()
        self._set_boundary()

    def _closing_marks(self, account: Account) -> dict[str, float]:
        """What is held, at the last prices up to the end of the account's session."""
        day, held = account.session, account.ledger.positions
        if self.clock.forgets:
            return {s: p for s, p in self._noted.items() if s in held}
        return self.clock.marks_until(self.clock.stamp(sessions.close_of(day)), day, held)

    def would_judge(self, data: Any) -> Judged | None:
        """What an order for ``data`` would be put before if it were sent now; None before the first bar. Changes nothing.

        An order made after a daily bar is for the next session: then the account is a twin, moved there.
        """
        account, feed = self.account, self._feed_of(data)
        if account is None or not feed.started:
            return None
        at = max(self._order_time(max(self.seen, feed.stamp())), account.now)
        ends = not self._closed and at > sessions.close_of(account.session)
        if ends or sessions.session_of(at) != account.session:
            account = account.fork()
            prices = dict(account.ledger.marks)
            if ends:
                account.close_session(account.session, self._closing_marks(account))
            account.advance(at)
            account.reprice(prices)
        return Judged(account, feed.symbol, at)

    # -- the bar

    def next(self) -> None:
        now = self.seen = self.clock.read()
        if self._account is None:
            if now < self._opens:
                return
            self._open_account(now)
        if now >= self._morning:
            self.begin_session(now)
        if self._toactivate:
            self.judge_parts()
        self.work_bar()
        if self._queue:
            self._flush()
        past = now > self._boundary
        if past:
            self._reach(self._work_time(now))
        if self._alert or self._value <= 0.0:
            self.after_work(now)
        if past and self.clock.is_daily(now) and not self.p.coc and not self._closed:
            self._close_session()
        if self._marked:
            self._marked.clear()
        if self.clock.forgets and not self._closed:
            self._note_marks()
        times = self.times
        if times and times[-1] == now:
            self.equity[-1] = self._value
        else:
            times.append(now)
            self.equity.append(self._value)
        if self._messages:
            self.tell_strategies()

    def _open_account(self, now: float) -> None:
        at = self._work_time(now)
        self.looker.look(self.clock)
        self._account = open_account(float(self.p.cash), at, self._arguments)
        if not sessions.is_session(at.date()):
            self.odd_dates.append(at.date())
        for position in self.positions.values():
            position.datetime = at  # backtrader's own interest counts from here
        self._set_boundary()

    def _note_marks(self) -> None:
        noted = self._noted
        for row in self._open:
            price = row.close[0]
            if price > 0.0:
                noted[row.symbol] = price

    def _flush(self) -> None:
        """Posts what happened on the bar, in time order; within a daily bar, whose order is unknown, the worst for day trades.

        Worst is: what adds to a position first, what closes it after. An execution dated before the bar (cheat-on-close, a close
        order) is posted in its own session, before that session is closed.
        """
        account = self._account
        assert account is not None
        queue, self._queue = self._queue, []
        if len(queue) > 1:
            held = account.ledger.positions
            daily = self.clock.is_daily(self.seen)
            queue.sort(key=lambda e: (e[0], daily and not e[1] and e[2][1].size * held.get(e[2][2], 0.0) < 0))
        for stamp, kind, what in queue:
            if kind == 0:
                self._post(stamp, *what)
                continue
            if stamp > self._boundary:
                self._reach(self._work_time(stamp))
            if kind == 1:
                if what[0] in account.ledger.orders:
                    account.release(*what)
            else:
                account.cash_move(*what)

    def _post(self, stamp: float, live: Live, bit: Any, symbol: str, commission: float) -> None:
        account = self._account
        assert account is not None
        if stamp > self._boundary:
            at = self._reach(self._work_time(stamp))
        else:
            at = max(self._order_time(stamp) if self.p.coc else self._work_time(stamp), account.now)
        size = float(bit.size)
        if abs(size) <= SHARE_DUST:  # what a filler's sums leave of an order is no share: only what it cost is booked
            if commission:
                account.cash_move("fee", -commission, at)
            return
        working = account.ledger.orders.get(live.id) if live.id is not None else None
        if working is not None and (abs(size) > working.left + 1e-6 or (working.leg and not working.active)):
            # A partial fill of one exit reduces the other at the brokerage but not on the host, which may go on to fill it whole.
            # The execution wins; what the host leaves working of it is unknown to the account from here on.
            account.release(working.id, at, "overtaken by an execution")
        account.post(Fill(symbol, "buy" if size > 0 else "sell", abs(size), float(bit.price), live.id, commission, at), forced=live.forced)

    # -- prices

    def _feed(self, order: Any) -> Feed:
        """The feed whose position an order changes (``data.compensate`` sends it to another)."""
        return self._feed_of(order.p.data)

    def _feed_of(self, data: Any) -> Feed:
        return self.clock.feeds[data if data._compensate is None else data._compensate]

    def _mark(self, feed: Feed) -> bool:
        """Marks what is held and what is ordered, once a bar each. False if the ordered symbol has no usable price."""
        account, marked = self._account, self._marked
        assert account is not None
        fresh: dict[str, float] = {}
        if not marked:
            if self._one_feed_each and not self.p.coo and feed.stamp() <= self.seen:
                for row in self._open:
                    price = row.close[0]
                    if 0.0 < price < math.inf:
                        fresh[row.symbol] = price
            else:
                for symbol in account.ledger.positions:
                    self._last_price(symbol, fresh)
        if feed.symbol not in marked and feed.symbol not in fresh:
            self._last_price(feed.symbol, fresh)
        if fresh:
            account.mark(fresh)
            marked.update(fresh)
        return feed.symbol in marked

    def _last_price(self, symbol: str, into: dict[str, float]) -> None:
        newest, feeds = 0.0, self.clock.by_symbol.get(symbol, ())
        if len(feeds) == 1 and feeds[0].times.array[feeds[0].times.idx] <= self.seen:
            line = feeds[0].close
            price = line.array[line.idx]
            if 0.0 < price < math.inf and line.idx >= 0:
                into[symbol] = price
            return
        for feed in feeds:
            stamp = feed.stamp()
            if stamp > newest:
                # a bar the broker has not worked on yet (cheat-on-open) is known by its open only
                price = feed.price(at_open=stamp > self.seen)
                if 0.0 < price < math.inf:
                    newest = stamp
                    into[symbol] = float(price)

    # -- what the host tells

    def _execute(self, order: Any, ago: Any = None, price: Any = None, cash: Any = None, position: Any = None, dtcoc: Any = None) -> Any:
        if ago is not None and self.d_credit and self.p.int2pnl:
            self._carried = self.d_credit.get(self._feed(order).data, 0.0)
        return super()._execute(order, ago, price, cash, position, dtcoc)

    def notify(self, order: Any) -> None:
        status = order.status
        if status >= Order.Partial:
            live = self._live.get(order.ref)
            if live is not None:
                bits = order.executed.exbits
                if len(bits) > live.bits:
                    symbol = self._feed(order).symbol
                    for i in range(live.bits, len(bits)):
                        bit = bits[i]
                        commission = bit.comm - self._carried if bit.closed else bit.comm
                        self._queue.append((bit.dt, 0, (live, bit, symbol, commission)))
                    live.bits = len(bits)
                    self._carried = 0.0
                if status > Order.Partial:
                    del self._live[order.ref]
                    if status != Order.Completed and live.id is not None:
                        self._ended(live.id, "expired" if status == Order.Expired else "canceled")
        super().notify(order)

    def _ended(self, order_id: str, cause: str) -> None:
        """A live order died: within a bar's work in its turn, between bars (a strategy's cancel) at once."""
        self._queue.append((self.seen, 1, (order_id, None, cause)))
        if not self._matching:
            self._flush()

    def _charge_interest(self) -> float:
        charged = super()._charge_interest()
        if charged:
            self._queue.append((self.seen, 2, ("interest", -charged)))
        return charged

    def _add_cash(self, amounts: deque[float]) -> None:
        """``add_cash``: a deposit, or a withdrawal that the account may refuse (then it moves nothing), made when this bar comes."""
        if self._account is None:
            return  # asked before the first bar, with which it comes in
        self._flush()
        self._reach(self._work_time(self.seen))
        while amounts:
            amount = float(amounts.popleft())
            if amount and self.move_money(amount) and self.times and self.times[-1] == self.seen:
                self.equity[-1] += amount  # asked for its value, the broker takes the cash in at the end of the bar at hand

    def move_money(self, amount: float, for_call: str | None = None) -> Decision:
        """A deposit (perhaps for a margin call) or, negative, a withdrawal, on both books; refused, it moves nothing."""
        account = self._account
        assert account is not None
        if amount > 0:
            account.deposit(amount, for_call=for_call)
        else:
            decision = account.withdraw(-amount)
            if not decision.accepted:
                return decision
        # a fund that is lost stays where it ended, one that is paid out keeps its value for the next deposit
        shares = 0.0 if self._fundval <= 0.0 else self._fundshares + amount / self._fundval
        self._fundshares = shares if shares * self._fundval >= HALF_CENT else 0.0
        self.cash += amount
        return Accepted()
