"""MarginBroker: backtrader's broker with a margin account behind it.

The host decides when and at what price an order fills; the account decides whether it may be sent, counts, and measures. An order
is put before the account when it is sent (a bracket when its last part is), fills are posted in time order at the end of the
host's work on a bar, a session is closed at its last marks when the first later bar arrives.
"""

from __future__ import annotations

import gc
import inspect
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import backtrader as bt

from ..account.account import Account
from ..core import sessions
from ..core.decisions import Accepted, Decision, Reason, Rejected, WouldPass
from ..core.errors import BadInput, UnknownName, known_name, mapping
from ..core.orders import OrderRequest, assets_of
from .bookkeeper import Live
from .clock import Feed
from .collections import CallingBroker, answer_of, deposits_of
from .hosts import HOOKS as HOOKS
from .requests import exits_of, same_exit, to_oco, to_request

Order = bt.Order
BLOCKS = ("entry", "exit", "both")
_SHORTCASH = "shortcash=False is not how a margin account books a short sale; leave it True."
_OWN_ARGUMENTS = ("self", "cash", "at", "brokerage", "rules", "pdt_check", "dtbp_check", "set", "assets")
ACCOUNT_ARGUMENTS = tuple(name for name in inspect.signature(Account.__init__).parameters if name not in _OWN_ARGUMENTS)


def require_python_host(base: type = bt.brokers.BackBroker) -> None:
    """Raises :class:`BadInput` if backtrader's broker is compiled: its engine would never call ours."""
    missing = [name for name in HOOKS if not inspect.isfunction(inspect.getattr_static(base, name, None))]
    if missing:
        raise BadInput(
            f"this backtrader ({base.__module__}) runs its broker outside Python ({', '.join(missing)} cannot be overridden), "
            "so no order would be checked; use backtrader 1.9.78.123."
        )


#: Stock backtrader sends such a parent once more with every child, and never activates one of them: the position has no exit.
_LATE_CHILD = (
    "{child} names as parent= {parent} that was sent already (its transmit was left at True), so backtrader would never "
    "activate it and the position would have no exit; send the whole bracket with its last order: o = self.buy(..., transmit=False), "
    "self.sell(exectype=bt.Order.Stop, price=..., parent=o, transmit=False), self.sell(exectype=bt.Order.Limit, price=..., parent=o), "
    "or use self.buy_bracket(...); an exit of its own, after the fill, takes no parent=."
)


def _spoken(order: Any) -> str:
    """An order in a sentence."""
    size = abs(order.size)
    return f"a {order.getordername()} order to {order.ordtypename().lower()} {size:g} {order.data._name or 'shares'}"


class MarginBroker(CallingBroker):
    """A US margin broker on the date of each bar. Takes everything ``BackBroker`` takes, and:

    ``brokerage`` (default ``"alpaca"``), ``rules`` (``"as_of"``, a date or ``"off"``), ``pdt_check``, ``dtbp_check``, or ``block_on``
    (``entry``, ``exit``, ``both``: sets the two), ``set`` (parameter overrides by name), ``assets`` (:class:`~bt_pdt.core.orders.Asset` values
    or a dict by symbol), ``symbols`` (ticker by feed name, where the name is not one) and ``account``: further arguments of
    :class:`~bt_pdt.account.account.Account` (``positions`` carried in, ``last_equity``, ``pattern_day_trader``, ``daytrades`` ...).

    Margin calls: ``deposits`` are (day, dollars) that come in at that session's open (negative: go out); ``on_call`` says what the customer
    does about a call on the day it is issued: ``"ignore"``, ``"deposit"`` what is missing, ``"liquidate"`` to cure, or a function
    ``(call, account) -> dollars to deposit, one of these words, or None``. What is not met the brokerage sells out at the open of the due
    session: such orders carry ``order.info.liquidation``, the id of the call. A brokerage that
    watches in real time sells at the next bar's open. ``worst_price=True`` also tests what is tested after each bar at the bar's worst
    price (low of longs, high of shorts). ``charge_costs=False`` leaves margin interest and borrow fees out of cash. Strategies hear
    of calls and restrictions by ``notify_store(message, **about)``: ``call_issued``, ``call_due_tomorrow``, ``call_met``,
    ``call_past_due``, ``call_expired``, ``call_closed`` (``call``, ``session``), ``restriction_set``, ``restriction_lifted`` (``kind``,
    ``because``, ``why``, ``session``), ``withdrawal_refused`` (``amount``,
    ``decision``, ``session``), ``account_closed`` (``equity``, ``call``). With ``rules="off"`` nothing is sold or charged.

    A refused order comes back from ``buy()`` or ``sell()`` with status ``Order.Rejected``; ``order.info`` carries ``http_status``,
    ``code``, ``message``, ``reason``, ``rule`` and ``decision``. An accepted one may carry ``order.info["advice"]``.
    :attr:`account` is the account of the current (or last) run, None before its first bar.

    ``pickle`` and ``copy.deepcopy`` take a broker with its account, also inside a strategy or a cerebro: over several processes
    ``optstrategy`` brings each strategy back with the account it ran under. In one process all variants share the one broker, as
    backtrader has it, so there :attr:`account` is that of the last. A copy made during a run hears no more of calls.
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
        ("deposits", ()),
        ("on_call", "ignore"),
        ("worst_price", False),
        ("charge_costs", True),
    )

    def __init__(self, *args: Any, **unknown: Any) -> None:
        require_python_host()
        if args:
            raise BadInput("MarginBroker takes keyword arguments only, like MarginBroker(cash=25_000).")
        if unknown:
            raise UnknownName("MarginBroker argument", next(iter(unknown)), self.p._getkeys())
        for name in mapping("account", self.p.account, "{'pattern_day_trader': True}"):
            known_name("account argument", name, ACCOUNT_ARGUMENTS)
        mapping("symbols", self.p.symbols, "{'feed name': 'SPY'}")
        self.cerebro = None
        self._running = False
        super().__init__()
        self.account_arguments()

    # -- the run

    def account_arguments(self) -> dict[str, Any]:
        """The keyword arguments of the account; raises :class:`BadInput` for what cannot be meant."""
        p = self.p
        number = isinstance(p.cash, (int, float)) and not isinstance(p.cash, bool) and math.isfinite(p.cash)
        if not number or (p.cash <= 0 and not (p.account or {}).get("positions")):
            raise BadInput(f"cash must be a number of dollars above 0 where no positions are carried in, got {p.cash!r}.")
        deposits_of(p.deposits)
        answer_of(p.on_call)
        pdt_check, dtbp_check = p.pdt_check, p.dtbp_check
        if p.block_on is not None:
            known_name("block_on", p.block_on, BLOCKS)
            if pdt_check is not None or dtbp_check is not None:
                raise BadInput("give block_on, or pdt_check and dtbp_check, but not both.")
            pdt_check = dtbp_check = p.block_on
        assets = assets_of(p.assets)
        arguments: dict[str, Any] = {
            "brokerage": p.brokerage,
            "rules": p.rules,
            "pdt_check": pdt_check,
            "dtbp_check": dtbp_check,
            "set": mapping("set", p.set, "{'pdt_min_equity': 25_000}"),
            "assets": assets,
        }
        arguments |= {name: tuple(v) if name in ("positions", "daytrades") else v for name, v in (p.account or {}).items()}
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
        self._arguments = self.account_arguments()
        self.clock.forgets = cerebro._exactbars > 0 or any(d.replaying for d in self.clock.feeds)
        if not self.p.shortcash:
            raise BadInput(_SHORTCASH)
        self._require_stocks()
        self._carry_in(self._arguments.get("positions", ()))
        self._running = True
        # backtrader keeps every order and its clones to the end of a run: looking through them for garbage every 700 objects
        # costs up to a third of an order-heavy run and finds none
        self._garbage = gc.get_threshold()
        gc.set_threshold(max(self._garbage[0], 50_000) if self._garbage[0] else 0, *self._garbage[1:])

    def _require_stocks(self) -> None:
        for feed in self.clock.feeds.values():
            self._require_stock(feed)

    def _forget_rows(self) -> None:
        super()._forget_rows()
        if self._running:
            self._require_stocks()

    def _row_of(self, data: Any, position: Any) -> Any:
        self._require_stock(self.clock.feeds[data])  # a scheme may be changed in place, past every setter
        return super()._row_of(data, position)

    def set_shortcash(self, shortcash: bool) -> None:
        if not shortcash:
            raise BadInput(_SHORTCASH)
        super().set_shortcash(shortcash)

    def _require_stock(self, feed: Feed) -> None:
        comminfo = self.getcommissioninfo(feed.data)
        if not comminfo.stocklike:
            raise BadInput(f"{feed.symbol} has a futures-like commission (margin set); bt_pdt knows stocks and funds only.")
        if comminfo.get_leverage() != 1.0 or comminfo.p.mult != 1.0:
            raise BadInput(f"{feed.symbol} has a commission scheme with leverage or mult; leave both at 1, the margin account lends.")

    def _carry_in(self, positions: Iterable[tuple[str, float, float]]) -> None:
        """Positions held before the first bar, on the host's side."""
        for symbol, qty, price in positions:
            feeds = self.clock.by_symbol.get(symbol)
            if not feeds:
                known = ", ".join(sorted(self.clock.by_symbol))
                raise BadInput(f"positions: no data feed trades {symbol!r}; the feeds trade {known}.")
            if qty:
                self.positions[feeds[0].data].update(qty, float(price), datetime.min)
        self._open_stale = True
        self._value_at_start()
        if self._value > 0:
            self._fundshares = self._value / self._fundval

    def _value_at_start(self) -> None:
        """What the account is worth before the first bar: its cash, and what is carried in at its last closes."""
        worth = sum(qty * price for _, qty, price in self._arguments.get("positions", ()))
        self._value = self.startingcash = self.cash + worth

    def stop(self) -> None:
        self.finish()
        super().stop()
        self._running = False
        gc.set_threshold(*self._garbage)

    def set_cash(self, cash: float) -> None:
        """Cash to start with, until the first bar (a strategy may set it in ``__init__`` and ``start``); then it moves with ``add_cash``."""
        if self._running and self._account is not None:
            raise BadInput("cash cannot be set after the first bar; use broker.add_cash(amount), negative to withdraw.")
        super().set_cash(float(cash))
        if self._running:
            self.account_arguments()  # is it an amount to open with?
            self._value_at_start()

    setcash = set_cash

    def set_fund_history(self, fund: Any) -> None:
        raise BadInput("a fund history replaces cash and value, which the margin account computes itself; run it without MarginBroker.")

    # -- orders

    def submit(self, order: Any, check: bool = True) -> Any:
        """Puts the order (its whole group, once the last part is there) before the account and passes it on, or rejects it."""
        asked = order.p  # parameters, without the detour through Order.__getattr__
        parent = asked.parent
        if not check or asked.exectype == Order.Historical:
            # history is a fact, a liquidation (info: liquidation=<call id>) a duty: neither is asked about
            live = self._live[order.ref] = Live(order, None)
            live.forced = order.info.get("liquidation")
            return super().submit(order, check=check)
        if parent is not None and parent.ref not in self._pchildren:
            decision = parent.info.get("decision")
            if decision is not None:
                self._explain(order, decision)
            return super().submit(order, check=check)  # the host rejects a child whose parent is gone
        if parent is not None and parent.status != Order.Created:
            raise BadInput(_LATE_CHILD.format(child=_spoken(order), parent=_spoken(parent)))
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
        self._leave_oco(order)

    def _leave_oco(self, order: Any) -> None:
        """A refused order was never at work: those that it was tied to stay as they are, and it cancels none of them later."""
        leader = self._ocos[order.ref]
        group = self._ocol.get(leader)
        if group is not None:
            group.remove(order.ref)
            if not group:
                del self._ocol[leader]

    def _judge_group(self, group: Sequence[Any]) -> Decision:
        first, children = group[0], group[1:]
        exits = exits_of(first, children) if children else None
        other = self._oco_partner(first) if not children else None
        decision = self._judge(first, exits, other)
        if decision.accepted:
            root = self._live[first.ref].id
            for child in children:
                if exits is None:
                    self._wait_for_parent(child)
                else:
                    self._live[child.ref] = Live(child, f"{root}.{'tp' if child is exits.take_profit else 'sl'}")
        return decision

    def _wait_for_parent(self, child: Any) -> None:
        self._live[child.ref] = live = Live(child, None)
        live.by_parts = True

    def judge_parts(self) -> None:
        """Children that the host is about to activate and that the account has not seen yet: each is an order now."""
        for child in list(self._toactivate):
            live = self._live.get(child.ref)
            if live is not None and live.by_parts and child.alive():
                decision = self._judge(child, None, None)
                if isinstance(decision, Rejected):
                    self._toactivate.remove(child)
                    self.pending.remove(child)
                    self._refuse(child, decision)

    def _judge(self, order: Any, exits: Any, other: Live | None) -> Decision:
        """The account's answer to one order (with its exits); accepted, the order is live under an id."""
        feed = self._feed(order)
        stamp = max(self.seen, feed.stamp())
        account = self._account
        if account is None and feed.started and self._opens > self.seen:
            raise BadInput(
                f"{type(order.owner).__name__} sent an order on {self.clock.moment(stamp):%Y-%m-%d}, before it may trade (it trades in "
                "prenext or by a timer, which backtrader calls on every bar), so it cannot be warmed up; run it without."
            )
        if account is None and feed.started:
            # sent on the first bar before the broker has worked on it: by a cheat timer, or at its open
            self._open_account(self.clock.read())
            account = self._account
        if account is None or not feed.started:
            if self.p.rules == "off":
                self._live[order.ref] = Live(order, None)
                return Accepted()
            return self._unsupported(order, f"{feed.symbol} has no bar yet, so no price to judge an order at; wait for its first bar.")
        at = max(self._order_time(stamp), account.now)
        if stamp > self._boundary or at > sessions.close_of(account.session):
            at = self._reach(at)
        if not self._mark(feed):
            if not account.refuses:
                self._live[order.ref] = Live(order, None)
                return Accepted()
            return self._unsupported(order, f"the last price of {feed.symbol} is not a number above 0, so an order cannot be judged.")
        self._orders_sent += 1
        order_id = str(self._orders_sent)
        close = self._boundary if not self._closed else 0.0
        try:
            request = to_request(order, feed.symbol, at, order_id, close, exits)
        except BadInput as error:
            if not account.refuses:
                self._live[order.ref] = Live(order, None)
                return Accepted()
            return self._unsupported(order, str(error))
        if other is not None:
            return self._judge_oco(order, request, other, close)
        decision = account.submit(request)
        if decision.accepted:
            self._live[order.ref] = Live(order, order_id, request)
        return decision

    def _oco_partner(self, order: Any) -> Live | None:
        """The one live order that ``order`` would cancel, where the two are the ends of one exit."""
        if self._ocos[order.ref] == order.ref:
            return None  # the first of its group, or alone
        refs = [ref for ref in self._ocol.get(self._ocos[order.ref], ()) if ref != order.ref]
        others = [self._live[ref] for ref in refs if ref in self._live]
        if len(others) != 1 or others[0].request is None or others[0].request.order_class != "simple" or self._account is None:
            return None
        symbol = others[0].request.symbol
        reduces = self._account.position(symbol) * order.executed.remsize < 0
        return others[0] if reduces and same_exit(order, others[0].order) is not None else None

    def _judge_oco(self, order: Any, request: OrderRequest, other: Live, close: float) -> Decision:
        """``order`` and the working ``other`` as one OCO: they hold the shares once. Refused, ``other`` stays as it was."""
        account = self._account
        exits = same_exit(order, other.order)
        assert account is not None and exits is not None and request.id is not None and request.at is not None and other.id is not None
        account.release(other.id, request.at, "becomes one end of an OCO")
        oco = to_oco(exits, request.symbol, request.at, request.id, close)
        decision = account.submit(oco)
        if decision.accepted:
            for live in (other, Live(order, None)):
                live.id = f"{request.id}.{'tp' if live.order is exits.take_profit else 'sl'}"
                live.request = oco
                self._live[live.order.ref] = live
        elif other.request is not None:
            account.submit(to_request(other.order, request.symbol, request.at, other.id, close))
        return decision

    def _unsupported(self, order: Any, why: str) -> Rejected:
        """A refusal for what is no order at all, in the brokerage's form."""
        wire = self._account.brokerage.wire[Reason.PRICE] if self._account is not None else None
        status, code = (wire.http_status, wire.code) if wire is not None else (422, None)
        decision = Rejected(Reason.PRICE, status, code, why, {"code": code, "message": why}, "price", {}, (), WouldPass(0.0, None), why)
        self.unsupported.append((self._account.now if self._account is not None else None, order.ref, decision))
        return decision
