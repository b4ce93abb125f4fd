"""BackBroker's fills at a lower price: work per bar follows open positions and live orders, not every feed ever touched.

Same fills, statuses, notifications, cash and value as ``bt.brokers.BackBroker``, bit for bit, on feeds whose bars line up
(tests/host/test_same_fills.py), with three differences that are meant:

* the host's cash gate is open: cash may go negative (the debit balance) and no order ends as ``Margin``; the account decides;
* a resting order never fills on a bar that ended before the order was made (stock does when feeds have gaps);
* ``cancel`` also works in the bar in which the order was sent (stock returns False and the order fills).
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from typing import Any, NamedTuple

import backtrader as bt

from ...core.errors import BadInput
from ..clock import Clock, Feed
from ..positions import FollowingPosition
from ..zones import zoned
from .host_orders import OrderMaker, cheap_clone

Order = bt.Order
_LIMIT, _STOP, _MARKET, _HISTORICAL = Order.Limit, Order.Stop, Order.Market, Order.Historical
_PARTIAL, _COMPLETED, _BUY = Order.Partial, Order.Completed, Order.Buy
_Comm = bt.CommInfoBase


def _untraded(data: Any, feed: Feed | None) -> str:
    name = data._name or type(data).__name__
    if feed is None:
        return f"an order for {name}, which is no feed of this run; add it with cerebro.adddata() before run()."
    return f"an order for {name}, a feed without {', '.join(feed.lacks)}, so nothing can be traded on it; send it to a feed with prices."


class Resting:
    """What decides at a glance whether a live order can act on a bar."""

    __slots__ = ("after", "feed", "quick", "times", "wants_low")

    def __init__(self, order: Any, feed: Feed, after: float) -> None:
        kind = order.exectype
        self.feed, self.times, self.after = feed, feed.times, after
        self.quick = kind in (_LIMIT, _STOP) and not feed.ticking
        self.wants_low = (kind == _LIMIT) == (order.ordtype == _BUY)

    def stale(self) -> bool:
        """Has the feed no bar yet that ended after the order was made?"""
        now: float = self.times.array[self.times.idx]
        return now <= self.after

    def out_of_reach(self, price: float) -> bool:
        """Can this limit or stop order surely not trade within the current bar?"""
        begin = self.feed.open
        away: bool
        if self.wants_low:
            line = self.feed.low
            away = line.array[line.idx] > price and begin.array[begin.idx] > price
        else:
            line = self.feed.high
            away = line.array[line.idx] < price and begin.array[begin.idx] < price
        return away


def _charges_interest(comminfo: Any) -> bool:
    kind = type(comminfo)
    return bool(
        comminfo.p.interest
        or kind.get_credit_interest is not _Comm.get_credit_interest
        or kind._get_credit_interest is not _Comm._get_credit_interest
    )


def _plain_stock(comminfo: Any) -> bool:
    kind = type(comminfo)
    return comminfo.stocklike and kind.getvaluesize is _Comm.getvaluesize and kind.profitandloss is _Comm.profitandloss


def _overrides_sums(comminfo: Any) -> bool:
    """Does a commission class count or pay executions in a way of its own?"""
    kind = type(comminfo)
    return any(getattr(kind, name) is not getattr(_Comm, name) for name in ("getcommission", "_getcommission", "confirmexec", "cashadjust"))


class Held(NamedTuple):
    """A feed that has, or had, a position, with what valuing and filling it asks for."""

    position: Any
    comminfo: Any
    data: Any
    close: Any
    plain: bool  # valued by size times price
    interest: bool
    mult: float
    leverage: float
    symbol: str
    simple: bool  # filled by size times price and a commission


class SparseBroker(bt.brokers.BackBroker):
    """Stock fills, sparse bars, open cash gate. Knows nothing of margin law."""

    def init(self) -> None:
        super().init()
        self.positions: Any = defaultdict(FollowingPosition)
        self._open: list[Held] = []  # where size != 0
        self._open_stale = False
        self._rows: dict[Any, Held] = {}  # of every feed that ever had a position
        self._any_interest = False
        self.cash: float
        self._value: float
        self._valuelever: float
        self._fundval: float
        self._fundshares: float
        self._flat_cash: float | None = None  # cash at the last valuation without positions
        self._resting: dict[int, Resting] = {}
        self._make = OrderMaker().make
        self.seen = -math.inf  # the newest bar that next() has worked on
        self._matching = False  # next() is at work; otherwise a strategy calls

    def start(self) -> None:
        super().start()
        datas = self.cerebro.datas
        self.clock = Clock(datas, self.symbol_names(), zoned=zoned(self.cerebro))

    def symbol_names(self) -> dict[Any, str]:
        """Tickers for feeds whose backtrader name is not one."""
        return {}

    # -- orders

    def buy(self, *args: Any, **words: Any) -> Any:
        return self._order(True, *args, **words)

    def sell(self, *args: Any, **words: Any) -> Any:
        return self._order(False, *args, **words)

    def _order(
        self,
        buy: bool,
        owner: Any,
        data: Any,
        size: Any,
        price: Any = None,
        plimit: Any = None,
        exectype: Any = None,
        valid: Any = None,
        tradeid: Any = 0,
        oco: Any = None,
        trailamount: Any = None,
        trailpercent: Any = None,
        parent: Any = None,
        transmit: Any = True,
        histnotify: Any = False,
        _checksubmit: bool = True,
        **info: Any,
    ) -> Any:
        feed = self.clock.feeds.get(data)
        if feed is None or feed.lacks:
            raise BadInput(_untraded(data, feed))
        order = self._make(
            buy, owner, data, size, price, plimit, exectype,
            valid=valid, tradeid=tradeid, trailamount=trailamount, trailpercent=trailpercent,
            parent=parent, transmit=transmit, histnotify=histnotify,
        )  # fmt: skip
        if info:
            order.addinfo(**info)
        self._ocoize(order, oco)
        return self.submit(order, check=_checksubmit)

    def check_submitted(self) -> None:
        """The account has answered already: what was submitted is accepted, without stock's pseudo-execution against cash."""
        while self.submitted:
            order = self.submitted.popleft()
            if self._take_children(order) is not None:
                self.submit_accept(order)

    def submit(self, order: Any, check: bool = True) -> Any:
        made = order.created.dt
        # Made before the broker saw this bar (cheat-on-open, cheat timers) or an order history: the bar itself may fill it.
        # Before the feed's first bar it carries, where bars are preloaded, the stamp of the last one: as in stock, no bar comes after it.
        feed = self.clock.feeds[order.p.data]
        early = (made > self.seen and feed.started) or order.exectype == _HISTORICAL
        self._resting[order.ref] = Resting(order, feed, -math.inf if early else made)
        return super().submit(order, check=check)

    def cancel(self, order: Any, bracket: bool = False) -> bool:
        """Cancels a live order, also one sent in this very bar; False if there is nothing to cancel."""
        if super().cancel(order, bracket):
            return True
        try:
            self.submitted.remove(order)
        except ValueError:
            return False
        order.cancel()
        self.notify(order)
        self._ococheck(order)
        if not bracket:
            self._bracketize(order, cancel=True)
        return True

    def _ococheck(self, order: Any) -> None:
        leader = self._ocos[order.ref]
        if len(self._ocol.get(leader, ())) == 1:
            del self._ocol[leader]  # alone in its group: no live order to look for
        else:
            super()._ococheck(order)

    def notify(self, order: Any) -> None:
        self.notifs.append(cheap_clone(order))
        if order.status > _PARTIAL:  # Completed, Canceled, Expired, Margin, Rejected
            self._resting.pop(order.ref, None)

    # -- executions

    def _execute(self, order: Any, ago: Any = None, price: Any = None, cash: Any = None, position: Any = None, dtcoc: Any = None) -> Any:
        if ago is None or price is None:
            return super()._execute(order, ago, price, cash, position, dtcoc)
        self._open_stale = True
        if self.p.filler is None and self._execute_plainly(order, ago, price, dtcoc):
            return None
        loan = self._loan(order, price)
        if not loan:
            return super()._execute(order, ago, price, cash, position, dtcoc)
        self.cash += loan
        try:
            return super()._execute(order, ago, price, cash, position, dtcoc)
        finally:
            self.cash -= loan

    def _execute_plainly(self, order: Any, ago: int, price: float, dtcoc: Any) -> bool:
        """Stock's ``_execute`` of a whole order in a stock that opens, adds, reduces or closes: its sums in its order, without the detours.

        False, and nothing done, for what is not plain: a reversal, another commission class, ``data.compensate``.
        """
        data = order.data
        row = self._rows.get(data)
        if row is None:
            row = self._row_of(data, self.positions[data])
        position, comminfo, size = row.position, row.comminfo, order.executed.remsize
        held = position.size
        reduces = held * size < 0
        if not row.simple or not size or (reduces and abs(size) > abs(held)):
            return False
        closed, opened = (size, 0) if reduces else (0, size)
        entry = position.price
        pnl = comminfo.profitandloss(-closed, entry, price)
        commission = comminfo.getcommission(size, price)
        closedvalue = openedvalue = closedcomm = openedcomm = 0.0
        if closed:
            closedvalue, closedcomm = -closed * entry, commission
            self.cash = self.cash + (closedvalue + pnl) - commission
        else:
            openedvalue, openedcomm = opened * price, commission
            self.cash = self.cash - openedvalue - commission
            position.adjbase = price
        psize, pprice, _, _ = position.update(size, price, self.clock.datetime_of(data))
        if closed and self.p.int2pnl:
            closedcomm += self.d_credit.pop(data, 0.0)
        order.execute(
            dtcoc or data.lines.datetime[ago], size, price, closed, closedvalue, closedcomm, opened, openedvalue, openedcomm,
            comminfo.margin, pnl, psize, pprice,
        )  # fmt: skip
        order.comminfo = comminfo
        self.notify(order)
        self._ococheck(order)
        return True

    def _loan(self, order: Any, price: float) -> float:
        """What must be lent for one execution so that stock's ``cash < 0`` never refuses; 0 wherever cash suffices.

        A power of two just large enough: its rounding stays below a billionth of the money at stake, and an account that
        pays in cash is computed exactly as stock does.
        """
        comminfo = self.getcommissioninfo(order.data)
        size = abs(order.executed.remsize)
        # a reversal pays two commissions, each for a part of the size
        need = 2.0 * comminfo.getcommission(size, price) - self.cash
        if order.executed.remsize > 0:
            need += size * price
        return math.ldexp(1.0, math.frexp(need)[1] + 1) if need >= 0.0 else 0.0

    # -- the bar

    def next(self) -> None:
        self.seen = self.clock.read()
        self.work_bar()

    def work_bar(self) -> None:
        """Stock's ``next``: activate, accept, charge, match, value."""
        self._matching = True
        while self._toactivate:
            self._toactivate.popleft().activate()
        if self.submitted:
            self.check_submitted()
        if self._open_stale:
            self._list_open()
        if self._any_interest:
            self._charge_interest()
        if self._userhist:
            self._process_order_history()
        if self.pending:
            self._match()
        self._matching = False
        self._get_value()

    def _charge_interest(self) -> float:
        """Backtrader's own daily interest on positions (comminfo ``interest``), taken from cash; returns the dollars."""
        charged = 0.0
        for row in self._open:
            if row.interest:
                now = row.data.datetime.datetime()
                due = row.comminfo.get_credit_interest(row.data, row.position, now)
                self.d_credit[row.data] += due
                charged += due
                row.position.datetime = now
        if charged:
            self.cash -= charged
        return charged

    def _match(self) -> None:
        """One pass over the live orders, in order; those that cannot act on their feed's bar are only looked at."""
        pending, resting, close_cheat = self.pending, self._resting, self.p.coc
        at_open = not (close_cheat or self.p.slip_perc or self.p.slip_fixed)  # market orders simply fill at the open
        pending.append(None)
        while True:
            order = pending.popleft()
            if order is None:
                break
            rest = resting[order.ref]
            if rest.quick and order._active:
                ends = order.valid
                in_time = not ends or rest.times.array[rest.times.idx] <= ends
                if in_time and (rest.out_of_reach(order.created.price) or rest.stale()):
                    pending.append(order)
                    continue
            if order.expire():
                self.notify(order)
                self._ococheck(order)
                self._bracketize(order, cancel=True)
            elif not order._active or (rest.stale() and not rest.feed.ticking and not (close_cheat and order.exectype == _MARKET)):
                pending.append(order)
            else:
                if at_open and order.exectype == _MARKET and rest.after > 0.0 and not rest.feed.ticking:
                    begin = rest.feed.open
                    self._execute(order, ago=0, price=begin.array[begin.idx])
                else:
                    self._try_exec(order)
                if order.alive():
                    pending.append(order)
                elif order.status == _COMPLETED:
                    self._bracketize(order)

    # -- value

    def _list_open(self) -> None:
        known = self._rows
        self._open = rows = [known.get(data) or self._row_of(data, position) for data, position in self.positions.items() if position.size]
        self._any_interest = any(row.interest for row in rows)
        self._open_stale = False
        self._flat_cash = None

    def _row_of(self, data: Any, position: Any) -> Held:
        comminfo = self.getcommissioninfo(data)
        plain, interest = _plain_stock(comminfo), _charges_interest(comminfo)
        symbol = self.clock.feeds[data].symbol
        leverage = comminfo.get_leverage()
        simple = plain and leverage == 1.0 and data._compensate is None and not _overrides_sums(comminfo)
        position.follows = None if interest else (self.clock.feeds[data], self.clock)
        row = Held(position, comminfo, data, data.lines.close, plain, interest, comminfo.p.mult, leverage, symbol, simple)
        self._rows[data] = row
        return row

    def addcommissioninfo(self, comminfo: Any, name: Any = None) -> None:
        super().addcommissioninfo(comminfo, name)
        self._forget_rows()

    def setcommission(self, *args: Any, **kwargs: Any) -> None:
        super().setcommission(*args, **kwargs)
        self._forget_rows()

    def _forget_rows(self) -> None:
        """The commission scheme has changed."""
        self._rows.clear()
        self._open_stale = True

    def _get_value(self, datas: Any = None, lever: bool = False) -> float:
        """Equity: cash and every open position at its feed's last close, added in stock's order so that the bits agree."""
        if self._cash_addition:
            self._add_cash(self._cash_addition)
        if datas is not None or self._fundhist or not self.p.shortcash:
            self._flat_cash = None
            asked: float = super()._get_value(datas, lever)
            return asked
        if self._open_stale:
            self._list_open()
        cash = self.cash
        if not self._open and cash == self._flat_cash:
            return self._valuelever if lever else self._value
        value = unlevered = unrealized = 0.0
        for position, comminfo, _, close, plain, _, mult, leverage, _, _ in self._open:
            price = close.array[close.idx]
            size = position.size
            if plain:
                worth = size * price
                profit = size * (price - position.price) * mult
            else:
                worth = comminfo.getvaluesize(size, price)
                profit = comminfo.profitandloss(size, position.price, price)
            value += worth
            unrealized += profit
            position.adjbase = price
            if worth > 0:
                unlevered += (worth - profit) / leverage
                unlevered += profit
            else:
                unlevered += worth
        equity: float = cash + unlevered
        self._value = equity
        if self._fundshares > 0.0:
            self._fundval = equity / self._fundshares
        self._valuemkt = unlevered
        self._valuelever = cash + value
        self._valuemktlever = value
        self._leverage = value / (unlevered or 1.0)
        self._unrealized = unrealized
        self._flat_cash = None if self._open else cash
        return self._valuelever if lever else equity

    def _add_cash(self, amounts: deque[float]) -> None:
        """Cash that a strategy added (or, negative, took out) with ``add_cash``."""
        while amounts:
            amount = amounts.popleft()
            self._fundshares += amount / self._fundval
            self.cash += amount
