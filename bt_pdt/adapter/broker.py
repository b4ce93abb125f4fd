"""MarginBroker: backtrader's broker with a margin account behind it.

The host decides when and at what price an order fills; the account decides whether it may be sent, counts, and measures. An order
is put before the account when it is sent (a bracket when its last part is), fills are posted in time order at the end of the
host's work on a bar, a session is closed at its last marks when the first later bar arrives.
"""

from __future__ import annotations

import inspect
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any

import backtrader as bt

from .. import sessions
from ..account import Account
from ..decisions import Accepted, Decision, Reason, Rejected, WouldPass
from ..errors import BadInput, UnknownName, known_name
from ..orders import Asset, Fill, OrderRequest
from .clock import MILLISECOND, Feed
from .requests import exits_of, same_exit, to_oco, to_request
from .sparse import SparseBroker

Order = bt.Order
BLOCKS = ("entry", "exit", "both")
#: Hooks of backtrader's broker that must be called as Python methods; an engine without them would trade uncounted.
HOOKS = ("init", "start", "stop", "next", "submit", "transmit", "submit_accept", "check_submitted", "notify", "_execute", "_get_value")
_OWN_ARGUMENTS = ("self", "cash", "at", "brokerage", "rules", "pdt_check", "dtbp_check", "set", "assets")
ACCOUNT_ARGUMENTS = tuple(name for name in inspect.signature(Account.__init__).parameters if name not in _OWN_ARGUMENTS)
MORNING = time(9, 30)


def require_python_host(base: type = bt.brokers.BackBroker) -> None:
    """Raises :class:`BadInput` if backtrader's broker is compiled: its engine would never call ours."""
    missing = [name for name in HOOKS if not inspect.isfunction(inspect.getattr_static(base, name, None))]
    if missing:
        raise BadInput(
            f"this backtrader ({base.__module__}) runs its broker outside Python ({', '.join(missing)} cannot be overridden), "
            "so no order would be checked; use backtrader 1.9.78.123."
        )


class _Live:
    """An order of the host while it can still fill: its id at the account and how many of its execution bits are posted.

    ``by_parts`` marks the child of a group that no brokerage knows: it is put before the account when the host activates it.
    """

    __slots__ = ("bits", "by_parts", "forced", "id", "order", "request")

    def __init__(self, order: Any, order_id: str | None, request: OrderRequest | None = None) -> None:
        self.order, self.id, self.request = order, order_id, request
        self.bits = 0
        self.by_parts = False
        self.forced: str | None = None


class MarginBroker(SparseBroker):
    """A US margin broker on the date of each bar. Takes everything ``BackBroker`` takes, and:

    ``brokerage`` (default ``"alpaca"``), ``rules`` (``"as_of"``, a date or ``"off"``), ``pdt_check``, ``dtbp_check``, or ``block_on``
    (``entry``, ``exit``, ``both``: sets the two), ``set`` (parameter overrides by name), ``assets`` (:class:`~bt_pdt.orders.Asset` values
    or a dict by symbol), ``symbols`` (ticker by feed name, where the name is not one) and ``account``: further arguments of
    :class:`~bt_pdt.account.Account` (``positions`` carried in, ``last_equity``, ``pattern_day_trader``, ``daytrades`` ...).

    A refused order comes back from ``buy()`` or ``sell()`` with status ``Order.Rejected``; ``order.info`` carries ``http_status``,
    ``code``, ``message``, ``reason``, ``rule`` and ``decision``. An accepted one may carry ``order.info["advice"]``.
    :attr:`account` is the account of the current (or last) run, None before its first bar.
    """

    params = (
        ("brokerage", "alpaca"),
        ("rules", "as_of"),
        ("pdt_check", None),
        ("dtbp_check", None),
        ("block_on", None),
        ("set", None),
        ("assets", ()),
        ("symbols", None),
        ("account", None),
    )

    def __init__(self, *args: Any, **unknown: Any) -> None:
        require_python_host()
        if args:
            raise BadInput("MarginBroker takes keyword arguments only, like MarginBroker(cash=25_000).")
        if unknown:
            raise UnknownName("MarginBroker argument", next(iter(unknown)), self.p._getkeys())
        for name in self.p.account or {}:
            known_name("account argument", name, ACCOUNT_ARGUMENTS)
        self.cerebro = None
        self._running = False
        super().__init__()
        self._account_arguments()

    # -- the run

    def init(self) -> None:
        super().init()
        self.account: Account | None = None
        #: Time (backtrader's float) and equity of every bar; read-only.
        self.times = array("d")
        self.equity = array("d")
        #: Orders that could not even be put as a request, with the answer given: (time, order ref, decision).
        self.unreadable: list[tuple[datetime | None, int, Rejected]] = []
        #: Dates with bars on which the exchange was closed.
        self.odd_dates: list[Any] = []
        self._live: dict[int, _Live] = {}
        self._queue: list[tuple[float, int, Any]] = []  # (stamp, 0 fill | 1 end | 2 cash, what)
        self._boundary = math.inf  # past this stamp something about the session ends
        self._closed = False  # the regular session of the account's date
        self._marked: set[str] = set()  # symbols marked since the last bar
        self._noted: dict[str, float] = {}  # last marks, where the feeds keep no past bars
        self._orders_sent = 0
        self._carried = 0.0  # interest that backtrader adds to the commission of the execution under way

    def _account_arguments(self) -> dict[str, Any]:
        """The keyword arguments of the account; raises :class:`BadInput` for what cannot be meant."""
        p = self.p
        pdt_check, dtbp_check = p.pdt_check, p.dtbp_check
        if p.block_on is not None:
            known_name("block_on", p.block_on, BLOCKS)
            if pdt_check is not None or dtbp_check is not None:
                raise BadInput("give block_on, or pdt_check and dtbp_check, but not both.")
            pdt_check = dtbp_check = p.block_on
        assets: Iterable[Asset] = p.assets.values() if isinstance(p.assets, Mapping) else p.assets
        arguments: dict[str, Any] = {
            "brokerage": p.brokerage,
            "rules": p.rules,
            "pdt_check": pdt_check,
            "dtbp_check": dtbp_check,
            "set": p.set,
            "assets": tuple(assets),
        }
        arguments |= dict(p.account or {})
        # asked of a throw-away account, so that a wrong word is found before the first bar
        Account(float(p.cash), at=datetime(2026, 1, 2, 9, 30), **arguments)
        return arguments

    def symbol_names(self) -> dict[Any, str]:
        return dict(self.p.symbols or {})

    def start(self) -> None:
        cerebro = self.cerebro
        if not isinstance(cerebro, bt.Cerebro):
            kind = type(cerebro)
            raise BadInput(
                f"the run is driven by {kind.__module__}.{kind.__name__}, not by backtrader's Cerebro, so no order would be checked; "
                "use backtrader 1.9.78.123 and cerebro.setbroker(MarginBroker(...))."
            )
        self._running = False
        super().start()
        self._arguments = self._account_arguments()
        self.clock.forgets = cerebro._exactbars > 0 or any(d.replaying for d in self.clock.feeds)
        if not self.p.shortcash:
            raise BadInput("shortcash=False is not how a margin account books a short sale; leave it True.")
        for feed in self.clock.feeds.values():
            self._require_stock(feed)
        self._carry_in(self._arguments.get("positions", ()))
        self._running = True

    def _require_stock(self, feed: Feed) -> None:
        comminfo = self.getcommissioninfo(feed.data)
        if not comminfo.stocklike:
            raise BadInput(f"{feed.symbol} has a futures-like commission (margin set); bt_pdt knows stocks and funds only.")
        if comminfo.get_leverage() != 1.0 or comminfo.p.mult != 1.0:
            raise BadInput(f"{feed.symbol} has a commission scheme with leverage or mult; leave both at 1, the margin account lends.")

    def _carry_in(self, positions: Iterable[tuple[str, float, float]]) -> None:
        """Positions held before the first bar, on the host's side."""
        worth = 0.0
        for symbol, qty, price in positions:
            feeds = self.clock.by_symbol.get(symbol)
            if not feeds:
                known = ", ".join(sorted(self.clock.by_symbol))
                raise BadInput(f"positions: no data feed trades {symbol!r}; the feeds trade {known}.")
            if qty:
                self.positions[feeds[0].data].update(qty, float(price), datetime.min)
                worth += qty * price
        self._open_stale = True
        self._value = self.startingcash = self.cash + worth
        if self._value > 0:
            self._fundshares = self._value / self._fundval

    def stop(self) -> None:
        self.finish()
        super().stop()
        self._running = False

    def finish(self) -> None:
        """The bars are over: the session of the last one closes. Safe to call again."""
        if self.account is None:
            return
        self._flush()
        last = self._work_time(self._seen)
        if not self._closed and sessions.session_of(last) == self.account.session:
            self._close_session()

    def set_cash(self, cash: float) -> None:
        """Cash to start with; during a run it comes and goes with ``add_cash``."""
        if self._running:
            raise BadInput("cash cannot be set during a run; use broker.add_cash(amount), negative to withdraw.")
        super().set_cash(float(cash))

    setcash = set_cash

    def set_fund_history(self, fund: Any) -> None:
        raise BadInput("a fund history replaces cash and value, which the margin account computes itself; run it without MarginBroker.")

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
        account = self.account
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
        day = self.account.session  # type: ignore[union-attr]
        ends = sessions.end_of_date(day) if self._closed else sessions.close_of(day)
        self._boundary = self.clock.stamp(ends) + MILLISECOND / 2

    def _close_session(self) -> None:
        account = self.account
        assert account is not None
        day = account.session
        if self.clock.forgets:
            marks = {s: p for s, p in self._noted.items() if s in account.ledger.positions}
        else:
            marks = self.clock.marks_until(self.clock.stamp(sessions.close_of(day)), day, account.ledger.positions)
        account.close_session(day, marks)
        self._closed = True
        self._marked.clear()
        self._set_boundary()

    # -- the bar

    def next(self) -> None:
        now = self._seen = self.clock.read()
        if self.account is None:
            self._open_account(now)
        if self._toactivate:
            self._judge_parts()
        self.work_bar()
        if self._queue:
            self._flush()
        if now > self._boundary:
            self._reach(self._work_time(now))
            if self.clock.is_daily(now) and not self.p.coc and not self._closed:
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

    def _open_account(self, now: float) -> None:
        at = self._work_time(now)
        self.account = Account(float(self.p.cash), at=at, **self._arguments)
        if not sessions.is_session(at.date()):
            self.odd_dates.append(at.date())
        for position in self.positions.values():
            position.datetime = at  # backtrader's own interest counts from here
        self._set_boundary()

    def _note_marks(self) -> None:
        noted = self._noted
        for row in self._open:
            price = row[3].array[row[3].idx]
            if price > 0.0:
                noted[self.clock.feeds[row[2]].symbol] = price

    def _flush(self) -> None:
        """Posts what happened on the bar, in time order; within a daily bar, whose order is unknown, the worst for day trades.

        Worst is: what adds to a position first, what closes it after. An execution dated before the bar (cheat-on-close, a close
        order) is posted in its own session, before that session is closed.
        """
        account = self.account
        assert account is not None
        queue, self._queue = self._queue, []
        if len(queue) > 1:
            held = account.ledger.positions
            daily = self.clock.is_daily(self._seen)
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

    def _post(self, stamp: float, live: _Live, bit: Any, symbol: str, commission: float) -> None:
        account = self.account
        assert account is not None
        if stamp > self._boundary:
            at = self._reach(self._work_time(stamp))
        else:
            at = max(self._order_time(stamp) if self.p.coc else self._work_time(stamp), account.now)
        size = float(bit.size)
        working = account.ledger.orders.get(live.id) if live.id is not None else None
        if working is not None and (abs(size) > working.left + 1e-6 or (working.leg and not working.active)):
            # A partial fill of one exit reduces the other at the brokerage but not on the host, which may go on to fill it whole.
            # The execution wins; what the host leaves working of it is unknown to the account from here on.
            account.release(working.id, at, "overtaken by an execution")
        account.post(Fill(symbol, "buy" if size > 0 else "sell", abs(size), float(bit.price), live.id, commission, at), forced=live.forced)

    # -- orders

    def submit(self, order: Any, check: bool = True) -> Any:
        """Puts the order (its whole group, once the last part is there) before the account and passes it on, or rejects it."""
        asked = order.p  # parameters, without the detour through Order.__getattr__
        parent = asked.parent
        if not check or order.exectype == Order.Historical:
            # history is a fact, a liquidation (info: liquidation=<call id>) a duty: neither is asked about
            live = self._live[order.ref] = _Live(order, None)
            live.forced = order.info.get("liquidation")
            return super().submit(order, check=check)
        if parent is not None and parent.ref not in self._pchildren:
            decision = parent.info.get("decision")
            if decision is not None:
                self._explain(order, decision)
            return super().submit(order, check=check)  # the host rejects a child whose parent is gone
        if not asked.transmit:
            return super().submit(order, check=check)
        root = order.ref if parent is None else parent.ref
        group = [o for o in self._pchildren.get(root, ()) if o.ref not in self._live]
        group.append(order)
        decision = self._judge_group(group)
        if isinstance(decision, Rejected):
            self._pchildren.pop(root, None)
            for each in group:
                self._refuse(each, decision)
            return order
        if decision.advice:
            for each in group:
                each.info["advice"] = decision.advice
        return super().submit(order, check=check)

    def _explain(self, order: Any, decision: Rejected) -> None:
        order.info.update(
            http_status=decision.http_status,
            code=decision.code,
            message=decision.message,
            reason=decision.reason,
            rule=decision.rule,
            decision=decision,
        )

    def _refuse(self, order: Any, decision: Rejected) -> None:
        self._explain(order, decision)
        self._live.pop(order.ref, None)
        order.reject(self)
        self.notify(order)
        self._ococheck(order)

    def _judge_group(self, group: Sequence[Any]) -> Decision:
        first, children = group[0], group[1:]
        if first.parent is not None:  # late children of a parent that is already working: they wait for it
            for child in group:
                self._wait_for_parent(child)
            return Accepted()
        exits = exits_of(first, children) if children else None
        other = self._oco_partner(first) if not children else None
        decision = self._judge(first, exits, other)
        if decision.accepted:
            root = self._live[first.ref].id
            for child in children:
                if exits is None:
                    self._wait_for_parent(child)
                else:
                    self._live[child.ref] = _Live(child, f"{root}.{'tp' if child is exits.take_profit else 'sl'}")
        return decision

    def _wait_for_parent(self, child: Any) -> None:
        self._live[child.ref] = live = _Live(child, None)
        live.by_parts = True

    def _judge_parts(self) -> None:
        """Children that the host is about to activate and that the account has not seen yet: each is an order now."""
        for child in list(self._toactivate):
            live = self._live.get(child.ref)
            if live is not None and live.by_parts and child.alive():
                decision = self._judge(child, None, None)
                if isinstance(decision, Rejected):
                    self._toactivate.remove(child)
                    self.pending.remove(child)
                    self._refuse(child, decision)

    def _judge(self, order: Any, exits: Any, other: _Live | None) -> Decision:
        """The account's answer to one order (with its exits); accepted, the order is live under an id."""
        feed = self._feed(order)
        stamp = max(self._seen, feed.stamp())
        account = self.account
        if account is None or not feed.started:
            return self._unreadable(order, f"{feed.symbol} has no bar yet, so no price to judge an order at; wait for its first bar.")
        at = max(self._order_time(stamp), account.now)
        if stamp > self._boundary or at > sessions.close_of(account.session):
            at = self._reach(at)
        if not self._mark(feed):
            return self._unreadable(order, f"the last price of {feed.symbol} is not a number above 0, so an order cannot be judged.")
        self._orders_sent += 1
        order_id = str(self._orders_sent)
        close = self._boundary if not self._closed else 0.0
        try:
            request = to_request(order, feed.symbol, at, order_id, close, exits)
        except BadInput as error:
            if not account.refuses:
                self._live[order.ref] = _Live(order, None)
                return Accepted()
            return self._unreadable(order, str(error))
        if other is not None:
            return self._judge_oco(order, request, other, close)
        decision = account.submit(request)
        if decision.accepted:
            self._live[order.ref] = _Live(order, order_id, request)
        return decision

    def _feed(self, order: Any) -> Feed:
        """The feed whose position an order changes (``data.compensate`` sends it to another)."""
        data = order.p.data
        return self.clock.feeds[data if data._compensate is None else data._compensate]

    def _oco_partner(self, order: Any) -> _Live | None:
        """The one live order that ``order`` would cancel, where the two are the ends of one exit."""
        if self._ocos[order.ref] == order.ref:
            return None  # the first of its group, or alone
        refs = [ref for ref in self._ocol.get(self._ocos[order.ref], ()) if ref != order.ref]
        others = [self._live[ref] for ref in refs if ref in self._live]
        if len(others) != 1 or others[0].request is None or others[0].request.order_class != "simple" or self.account is None:
            return None
        symbol = others[0].request.symbol
        reduces = self.account.position(symbol) * order.executed.remsize < 0
        return others[0] if reduces and same_exit(order, others[0].order) is not None else None

    def _judge_oco(self, order: Any, request: OrderRequest, other: _Live, close: float) -> Decision:
        """``order`` and the working ``other`` as one OCO: they hold the shares once. Refused, ``other`` stays as it was."""
        account = self.account
        exits = same_exit(order, other.order)
        assert account is not None and exits is not None and request.id is not None and request.at is not None and other.id is not None
        account.release(other.id, request.at, "becomes one end of an OCO")
        oco = to_oco(exits, request.symbol, request.at, request.id, close)
        decision = account.submit(oco)
        if decision.accepted:
            for live in (other, _Live(order, None)):
                live.id = f"{request.id}.{'tp' if live.order is exits.take_profit else 'sl'}"
                live.request = oco
                self._live[live.order.ref] = live
        elif other.request is not None:
            account.submit(to_request(other.order, request.symbol, request.at, other.id, close))
        return decision

    def _unreadable(self, order: Any, why: str) -> Rejected:
        """A refusal for what is no order at all, in the brokerage's form."""
        wire = self.account.brokerage.wire[Reason.PRICE] if self.account is not None else None
        status, code = (wire.http_status, wire.code) if wire is not None else (422, None)
        decision = Rejected(Reason.PRICE, status, code, why, {"code": code, "message": why}, "price", {}, (), WouldPass(0.0, None), why)
        self.unreadable.append((self.account.now if self.account is not None else None, order.ref, decision))
        return decision

    def _mark(self, feed: Feed) -> bool:
        """Marks what is held and what is ordered, once a bar each. False if the ordered symbol has no usable price."""
        account, marked = self.account, self._marked
        assert account is not None
        fresh: dict[str, float] = {}
        if not marked:
            for symbol in account.ledger.positions:
                self._last_price(symbol, fresh)
        if feed.symbol not in marked and feed.symbol not in fresh:
            self._last_price(feed.symbol, fresh)
        if fresh:
            account.mark(fresh)
            marked.update(fresh)
        return feed.symbol in marked

    def _last_price(self, symbol: str, into: dict[str, float]) -> None:
        newest = 0.0
        for feed in self.clock.by_symbol.get(symbol, ()):
            stamp = feed.stamp()
            if stamp > newest:
                # a bar the broker has not worked on yet (cheat-on-open) is known by its open only
                price = feed.price(at_open=stamp > self._seen)
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
        self._queue.append((self._seen, 1, (order_id, None, cause)))
        if not self._matching:
            self._flush()

    def _charge_interest(self) -> float:
        charged = super()._charge_interest()
        if charged:
            self._queue.append((self._seen, 2, ("interest", -charged)))
        return charged

    def _add_cash(self, amounts: Any) -> None:
        """``add_cash``: a deposit, or a withdrawal that the account may refuse (then it moves nothing)."""
        account = self.account
        assert account is not None
        while amounts:
            amount = float(amounts.popleft())
            if amount > 0:
                account.deposit(amount)
            elif not amount or not account.withdraw(-amount).accepted:
                continue
            self._fundshares += amount / self._fundval
            self.cash += amount
