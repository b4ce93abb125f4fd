"""One margin account under the law of each day: the only object here that changes.

It needs no backtrader: a live bot can hold one beside its real account and ask :meth:`Account.check` before it sends an order.
Times are naive New York time, money is dollars, quantities are shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from ..core import sessions
from ..core.decisions import Accepted, Decision, Reason, Refusal, WouldPass
from ..core.errors import BadInput, known_name
from ..core.journal import CallEntry, CashEntry, Entry, FillEntry, FlagEntry, OrderEntry, RestrictionEntry
from ..core.money import SHARE_DUST, below, cents, dollars, exceeds
from ..core.orders import Asset, Fill, OrderRequest, finite, positive, quantity
from ..core.state import AccountState
from ..law.brokerages import brokerage as brokerage_named
from ..law.brokerages import rulebook_for
from ..law.rulebook import PDT, Rulebook, Rules
from . import submission
from .call_book import Obligations, Restriction
from .cash_account import CashBook
from .checks import Case
from .ledger import Ledger, Posted, WorkingOrder
from .requirements import concentration, power_used, requirement
from .session_close import TradingDay

#: The parts of one rule: none of them is anything without the others.
CONCENTRATION = ("concentration_share", "concentration_debit", "concentration_rate")
OTHER_LEG_FILLED = "the other leg was filled"
CHECK_MODES = ("entry", "exit", "both")
ACCOUNT_TYPES = ("margin", "cash")


def rulebook_as(brokerage: str, rules: str | date, overrides: Mapping[str, Any]) -> Rulebook:
    """The brokerage's rulebook with ``overrides``, frozen on a day if ``rules`` is one (a date or its ISO text)."""
    book = rulebook_for(brokerage)
    if overrides:
        book = book.override(overrides)
    if isinstance(rules, date) or rules not in ("as_of", "off"):
        book = book.frozen(_day(rules))
    _require_whole(book, overrides)
    return book


def _day(rules: str | date) -> date:
    if isinstance(rules, date):
        return rules
    try:
        return date.fromisoformat(rules)
    except ValueError:
        raise BadInput(f"rules takes as_of, off or a date like 2026-06-03, got {rules!r}.") from None


def _require_whole(book: Rulebook, overrides: Mapping[str, Any]) -> None:
    """Raises :class:`BadInput` for a part of a rule whose other parts the brokerage does not have on every day."""
    given = [name for name in CONCENTRATION if name in overrides]
    missing = [name for name in CONCENTRATION if any(book.value(name, entry.day) is None for entry in book.parameters[name].history)]
    if given and missing:
        raise BadInput(f"set {given[0]} goes with {' and '.join(missing)}, which this brokerage does not have on every day; set them too.")


class Account(TradingDay):
    """A customer's account at a brokerage: checks orders, posts fills, closes sessions, keeps a journal.

    ``rules`` is ``"as_of"`` (the law of each session), a date (that day's law throughout) or ``"off"`` (count and measure,
    refuse nothing). ``positions`` are ``(symbol, signed shares, previous close)`` carried in; ``last_equity`` and
    ``last_maintenance_margin`` default to what cash and positions give at those closes. ``daytrades`` are
    ``(session, symbol, count)`` already made. Raises :class:`BadInput` for anything it cannot use.
    """

    def __init__(
        self,
        cash: float,
        *,
        at: datetime,
        brokerage: str = "alpaca",
        rules: str | date = "as_of",
        pdt_check: str | None = None,
        dtbp_check: str | None = None,
        set: Mapping[str, Any] | None = None,
        positions: Iterable[tuple[str, float, float]] = (),
        last_equity: float | None = None,
        last_maintenance_margin: float | None = None,
        pattern_day_trader: bool = False,
        daytrades: Iterable[tuple[date, str, int]] = (),
        one_time_removal_used: bool = False,
        account_type: str = "margin",
        assets: Iterable[Asset] = (),
    ) -> None:
        overrides = dict(set or {})
        if not isinstance(at, datetime):
            raise BadInput(f"at takes a datetime in New York time, got {at!r}.")
        self.brokerage = brokerage_named(brokerage)
        for name, mode in (("pdt_check", pdt_check), ("dtbp_check", dtbp_check)):
            if mode is not None and known_name(name, mode, CHECK_MODES) and self.brokerage.has(name):
                overrides[name] = mode
        self.rulebook = rulebook_as(brokerage, rules, overrides)
        self.refuses = rules != "off"
        self.account_type = known_name("account_type", account_type, ACCOUNT_TYPES)
        super().__init__(Ledger(finite("cash", cash)))
        for asset in assets:
            self.ledger.assets[asset.symbol] = asset
        for symbol, qty, price in positions:
            if finite("positions qty", qty) != 0:
                quantity("positions qty", abs(qty))
                if symbol in self.ledger.positions:
                    raise BadInput(f"positions: {symbol} is listed twice; give its total.")
                self.ledger.positions[symbol] = float(qty)
            self.ledger.marks[symbol] = positive("positions price", price)
        #: Settled and unsettled money of a cash account; None for a margin account.
        self.cashbook = CashBook(cash, self.ledger.positions) if account_type == "cash" else None
        self._given_last = (
            None if last_equity is None else finite("last_equity", last_equity),
            None if last_maintenance_margin is None else finite("last_maintenance_margin", last_maintenance_margin),
        )
        self.now = at
        self.session = sessions.session_of(at)
        self.rules: Rules = self.rulebook.on(self.session)
        self.pattern_day_trader = bool(pattern_day_trader)
        self._flagged_on = self.session if self.pattern_day_trader else None
        self.one_time_removal_used = bool(one_time_removal_used)
        self.trading_blocked = False
        self.journal: list[Entry] = []
        self._rows: list[dict[str, Any]] = []
        #: Called with every :class:`CallEntry` and :class:`RestrictionEntry` as it is journalled; a host passes them on.
        self.listener: Callable[[CallEntry | RestrictionEntry], None] | None = None
        self._owed = Obligations(self.rulebook.on, binding=self.refuses)
        self._in_force: list[Restriction] = []
        self._owing = False  # some call could be met by the next event
        self._made: dict[date, dict[str, int]] = {}  # day trades by session and symbol, carried-in ones included
        self._own: dict[tuple[date, str], int] = {}
        self._orders_filled: dict[date, Any] = {}  # ids of orders executed by session, for the 6 % clause
        for day, symbol, count in daytrades:
            made = self._made.setdefault(day, {})
            made[symbol] = made.get(symbol, 0) + int(count)
        self._window: tuple[date, ...] = ()
        self._earlier_count = 0
        self._today_count = 0
        self._serial = 0
        self._held_deposits: list[tuple[date, float]] = []
        self._unsettled: list[tuple[date, float]] = []
        self._accrued = (0.0, 0.0)
        self._opening_figures()

    def lift_restriction(self, kind: str) -> None:
        """The brokerage lifts a restriction (a human has reviewed a closing-only account)."""
        found = self.restriction(known_name("restriction", kind, [r.kind for r in self._in_force] or [kind]))
        if found is None:
            raise BadInput(f"no {kind} restriction is in force.")
        self._owed.end(found, self.session)
        self._renew()
        self._grant()

    def set_flag(self, pattern_day_trader: bool, *, one_time_removal: bool = False, at: datetime | None = None) -> None:
        """The brokerage sets or lifts the pattern-day-trader designation; it holds at once. A one-time removal is had once."""
        if at is not None:
            self.advance(at)
        self._untouched = False
        if one_time_removal:
            if pattern_day_trader:
                raise BadInput("one_time_removal lifts the designation, so pattern_day_trader must be false with it.")
            if self.one_time_removal_used:
                raise BadInput("the one-time removal of the designation was already used; lift the flag without one_time_removal.")
            self.one_time_removal_used = True
        if self.rules.regime != PDT:
            self._after_event()
            return
        if not (pattern_day_trader and self.pattern_day_trader):  # set again it is what it was
            self._flagged_on = self.session if pattern_day_trader else None
        self.pattern_day_trader = bool(pattern_day_trader)
        self.journal.append(
            FlagEntry(self.now, self.session, self.pattern_day_trader, "one-time removal" if one_time_removal else "set by the brokerage")
        )
        if not pattern_day_trader:
            if self._measured is not None and self._measured["closing"] is not None:  # no call is issued for a designation that is gone
                self._measured["closing"] = self._measured["closing"]._replace(pattern_day_trader=False)
            self._owed.drop_minimum_equity(self.session, "pdt_min_equity")
        self._designate(lifted_on=self.session)
        self._after_event()

    # -- facts from outside

    def set_asset(self, asset: Asset) -> None:
        """Facts about a security, before it is used."""
        self.ledger.assets[asset.symbol] = asset
        if self._untouched:
            for entry in self.journal[:]:
                if isinstance(entry, RestrictionEntry):
                    self.journal.remove(entry)
            self._owed = Obligations(self.rulebook.on, binding=self.refuses)
            self._in_force = []
            self._opening_figures()
        else:
            self._revalue()

    def deposit(self, amount: float, at: datetime | None = None, *, for_call: str | None = None) -> None:
        """Cash comes in, perhaps ``for_call`` (the id of a margin call: a mark for the report, any deposit counts).

        While a day-trade or $25,000 deficiency is open it stays two full business days after the day of deposit.
        """
        amount = positive("amount", amount)
        if at is not None:
            self.advance(at)
        hold = self.rules.dt_deposit_hold_days
        if hold and self._deficiency_open():
            self._held_deposits.append((sessions.add_business_days(self.session, hold), amount))
        if for_call is not None:
            known_name("for_call", for_call, [call.id for call in self._owed.calls])
        self.journal.append(CashEntry(self.now, self.session, "deposit", amount, None, for_call))
        self._owed.deposited(self.session, amount)
        self._keep_flow(amount)
        self._move_cash(amount)

    def _keep_flow(self, amount: float) -> None:
        """A deposit or (negative) a withdrawal: it moves the intraday margin level, SMA and what has come in for Fed calls."""
        moved = 0.0 if self.rules.regime == PDT else amount
        for since in self._since:
            since.deposits += amount
            since.level += moved
            since.meter.keep_flow(amount)
        self._owed.level_moved(moved)
        self._owed.fed_deposits(self._since[-1].deposits)

    def _deficiency_open(self) -> bool:
        under = self.pattern_day_trader and below(self.last_equity, self.rules.pdt_min_equity)
        return under or bool(self._owed.open("day_trade", "minimum_equity"))

    def withdraw(self, amount: float, at: datetime | None = None) -> Decision:
        """Cash goes out if maintenance, the $2,000 minimum with a debit or short, and deposits on hold allow it; a refused one moves nothing."""
        amount = positive("amount", amount)
        if at is not None:
            self.advance(at)
        decision = self._judge_withdrawal(amount)
        if decision.accepted:
            self._keep_flow(-amount)
            self._move_cash(-amount)
            level = self.margin_level()
            for since in self._since:
                self._note_deficit(since.meter, level, reducing=True)
        self._after_event()
        self.journal.append(CashEntry(self.now, self.session, "withdraw", amount, decision))
        return decision

    def _judge_withdrawal(self, amount: float) -> Decision:
        if not self.refuses:
            return Accepted()
        rules = self.rules
        equity, _, maintenance = self.margins()
        held = sum(a for until, a in self._held_deposits if until >= self.session) if rules.dt_deposit_hold_days else 0.0
        minimum = rules.margin_min_equity
        unlevered = max(0.0, self.ledger.cash) if not self._sums()[1] else 0.0

        def room(must_stay: float) -> tuple[float, float, float, float]:
            """(what must stay, what that leaves, what $2,000 with a debit or short leaves, the most that can go), dollars."""
            free, with_minimum = max(0.0, equity - must_stay), max(0.0, equity - max(must_stay, minimum))
            return must_stay, free, with_minimum, min(free, max(with_minimum, unlevered))

        must_stay, free, with_minimum, most = room(maintenance + held)
        add_on = concentration(rules)
        if add_on is not None and (edge := self.ledger.cash + add_on.debit) > 0.0 and not below(most, edge):
            # from ``edge`` on the debit is large enough for the house add-on, and that must stay too
            must_stay, free, with_minimum, then = room(self.maintenance_with(-add_on.debit) + held)
            most = edge - 0.01 if below(then, edge) else then
        if not exceeds(amount, most):
            return Accepted()
        facts = {"equity": equity, "maintenance_margin": maintenance, "deposits_on_hold": held, "withdrawable": most}
        by_minimum = exceeds(amount, max(with_minimum, unlevered)) and not exceeds(amount, free)
        rule = "margin_min_equity" if by_minimum else "maintenance_long_bands"
        why = f"{dollars(amount)} cannot leave: equity {dollars(equity)}, {dollars(must_stay)} must stay for maintenance"
        why += f" and deposits on hold ({dollars(held)})" if held else ""
        why += f", at least {dollars(minimum)} with a debit or short" if by_minimum else ""
        refusal = Refusal(Reason.WITHDRAWAL, rule, facts, f"{why}; {dollars(most)} can be withdrawn.")
        return submission.reject(self, refusal, (), WouldPass(int(most * 100 + 1e-6) / 100, None), amount, "USD")

    def cash_move(self, kind: str, amount: float, at: datetime | None = None) -> None:
        """Interest, a fee or a dividend, sign included."""
        known_name("kind", kind, ("interest", "fee", "dividend"))
        amount = finite("amount", amount)
        if at is not None:
            self.advance(at)
        for since in self._since:
            since.other += amount
        self._move_cash(amount, charge=True)
        self.journal.append(CashEntry(self.now, self.session, kind, amount))

    def charge_costs(self, at: datetime | None = None) -> float:
        """Takes the accrued interest and borrow fees from cash, as a brokerage does once a month; returns the dollars."""
        if at is not None:
            self.advance(at)
        (interest, fees), self._accrued = self._accrued, (0.0, 0.0)
        for kind, amount in (("interest", cents(interest)), ("fee", cents(fees))):
            if amount:
                self.cash_move(kind, -amount)
        return cents(interest) + cents(fees)

    def _move_cash(self, amount: float, *, charge: bool = False) -> None:
        self._untouched = False
        self.ledger.cash += amount
        if self.cashbook is not None:
            self.cashbook.moved(self.session, amount, charge=charge)
        self._totals = None
        self._after_event()

    def split(self, symbol: str, ratio: float, at: datetime | None = None) -> None:
        """A stock split of ``ratio`` new shares for each old one."""
        ratio = positive("ratio", ratio)
        if at is not None:
            self.advance(at)
        self._untouched = False
        self.ledger.split(symbol, ratio)
        for since in self._since:
            if symbol in since.traded:
                since.traded[symbol] *= ratio
        if self.cashbook is not None:
            self.cashbook.split(symbol, ratio)
        if symbol in self._closing_marks:
            self._closing_marks[symbol] /= ratio
        self._margins.pop(symbol, None)
        self._totals = None
        self._after_event()

    # -- orders

    def check(self, request: OrderRequest) -> Decision:
        """Would the brokerage accept this order now (or at ``request.at``)? Writes nothing; ask as often as you like."""
        account = self
        if request.at is not None and request.at != self.now:
            account = self.fork()
            account.advance(request.at)
        return submission.judge(account, request)[1]

    def max_quantity(self, symbol: str, side: str, *, fractional: bool = False, **order: Any) -> float:
        """The largest quantity of such an order that passes every rule now: exact to one share, or to 1e-9 if ``fractional``.

        Keywords are those of :class:`OrderRequest` (``type``, ``limit_price``, ``order_class`` ...). Never infinite: where no rule bounds
        it, it is 1,000,000,000 shares, more than any order takes. With ``rules="off"``, which refuses nothing, what the rules would let pass.
        """
        return submission.max_quantity(self, OrderRequest(symbol, side, 1.0, **order), fractional)

    def submit(self, request: OrderRequest) -> Decision:
        """Sends the order: the decision is journalled; an accepted one works under ``request.id`` until it is filled or released."""
        if request.at is not None:
            self.advance(request.at)
        self._untouched = False
        if request.id is not None and self.ledger.orders and self.ledger.group(request.id):
            raise BadInput(f"an order with the id {request.id!r} is working already; give this one another id.")
        if request.id is None:
            self._serial += 1
            request = replace(request, id=f"o{self._serial}")
        case, decision = submission.judge(self, request)
        self.journal.append(OrderEntry(self.now, self.session, request, decision))
        if decision.accepted:
            self._work(request, case)
        self._after_event()
        return decision

    def _work(self, request: OrderRequest, case: Case, left: float | None = None) -> None:
        order_id = request.id or ""
        waits = self.after_close() and not request.extended_hours
        ends_on: date | None
        if request.time_in_force == "day":
            ends_on = sessions.next_session(self.session) if waits else self.session
        else:
            ends_on = self._gtc_ends()
        made = []
        if request.order_class != "oco":
            order = WorkingOrder(request, order_id, order_id)
            case.reserve(order)
            made.append(order)
        if request.order_class != "simple":
            active = request.order_class == "oco"
            for leg, wanted in (("tp", request.take_profit), ("sl", request.stop_loss)):
                if wanted is not None:
                    made.append(WorkingOrder(request, f"{order_id}.{leg}", order_id, leg, active=active))
        for order in made:
            if left is not None:
                order.left = left
            order.placed, order.ends_on, order.unfillable_today = self.now, ends_on, waits
            self.ledger.add(order)

    def _gtc_ends(self) -> date | None:
        """The last session of an order that is good till cancelled and made now; None where it works until it is cancelled."""
        days = self.rules.gtc_calendar_days
        return None if days is None else sessions.session_on_or_before(self.now.date() + timedelta(days=days))

    def replace(
        self,
        order_id: str,
        *,
        qty: float | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
        at: datetime | None = None,
    ) -> Decision:
        """Replaces a working order, judged like a new one in its place; refused, the old one stays. The new one's value alone is reserved."""
        if at is not None:
            self.advance(at)
        old = self.ledger.orders.get(order_id)
        if old is None:
            raise BadInput(f"order {order_id!r} is not working, so it cannot be replaced.")
        total = old.qty if qty is None else positive("qty", qty)
        left = total - old.filled
        if left <= SHARE_DUST:
            raise BadInput(f"order {order_id!r} has {old.filled:g} filled; its new qty must be more than that, got {total:g}.")
        changes: dict[str, Any] = {"qty": left, "at": None}
        request = self._leg_request(old) if old.leg else old.request
        for name, value in (("limit_price", limit_price), ("stop_price", stop_price)):
            if value is not None:
                if getattr(request, name) is None:
                    raise BadInput(f"order {order_id!r} is a {request.type} order and has no {name} to replace.")
                changes[name] = value
        request = replace(request, **changes)
        case, decision = submission.judge(self, request, old.root, whole=total == int(total))
        self.journal.append(OrderEntry(self.now, self.session, replace(request, id=order_id), decision, replaces=order_id))
        if decision.accepted:
            self._put_in_place(old, request, case, total, left)
        self._untouched = False
        self._after_event()
        return decision

    def _leg_request(self, order: WorkingOrder) -> OrderRequest:
        """A leg as an order of its own: a take-profit is a limit, a stop-loss a stop."""
        parent = order.request
        price = parent.take_profit if order.leg == "tp" else parent.stop_loss
        kind = {"type": "limit", "limit_price": price} if order.leg == "tp" else {"type": "stop", "stop_price": price}
        plain: dict[str, Any] = {"limit_price": None, "stop_price": None, "trail_price": None, "trail_percent": None}
        return replace(parent, side=order.side, order_class="simple", take_profit=None, stop_loss=None, **(plain | kind))

    def _put_in_place(self, old: WorkingOrder, request: OrderRequest, case: Case, total: float, left: float) -> None:
        if old.leg:
            price = {"take_profit": request.limit_price} if old.leg == "tp" else {"stop_loss": request.stop_price}
            old.request = replace(old.request, **price)  # type: ignore[arg-type]
        else:
            old.request = replace(request, id=old.id, qty=total)
            case.reserve(old)
            for leg in self.ledger.group(old.root):
                if leg is not old:
                    leg.request, leg.qty, leg.left = old.request, total, total
        old.qty, old.left = total, left
        self.ledger.touched(old.symbol)

    def release(self, order_id: str, at: datetime | None = None, cause: str = "canceled") -> None:
        """A working order is cancelled or expires: what it held is free again. A parent takes its children along."""
        if at is not None:
            self.advance(at)
        order = self.ledger.orders.get(order_id)
        group = [order] if order is not None and order.leg else self.ledger.group(order_id)
        if not group:
            raise BadInput(f"order {order_id!r} is not working, so it cannot be released.")
        for each in group:
            self._release_order(each, cause)
        self._after_event()

    # -- executions

    def post(self, fill: Fill, *, forced: str | None = None) -> None:
        """Books an execution: cash, position, day trades, buying power. A refused order's execution is booked all the same."""
        if fill.at is not None:
            self.advance(fill.at)
        self._untouched = False
        ledger = self.ledger
        order = ledger.orders.get(fill.order_id) if fill.order_id is not None else None
        if order is not None:
            self._reduce(order, fill.qty)
        symbol, qty, price = fill.symbol, fill.sign * fill.qty, fill.price
        self._reprice(symbol, price)  # the execution is a mark of its own: what it moves is no doing of the customer's
        before = self.margin_level()
        asset = ledger.asset(symbol)
        charge = price * power_used(self.rules, asset, qty, price) if self.rules.regime == PDT else None
        key = fill.order_id if order is None else order.root if not order.leg else order.id
        done = ledger.post(symbol, qty, price, fill.commission, order=key if key is not None else object(), charge=charge)
        self._margins.pop(symbol, None)
        self._totals = None
        self._settle(-qty * price - fill.commission)
        if self.cashbook is not None:
            self._book_cash(fill)
        level = self.margin_level()
        reducing = below(level, before) if self.rules.imd_valuation == "cost" else done.opened > SHARE_DUST
        for since in self._since:
            since.trade(symbol, qty, -qty * price - fill.commission)
            since.released += self._released_by(done, asset, qty, price, since.first)
            since.other -= fill.commission
            since.level += level - before
            since.meter.keep_fill(symbol, qty, price, fill.commission, done.opened, done.carried)
            self._note_deficit(since.meter, level, reducing=reducing)
        if self._owing:
            self._owed.level_moved(level - before)
        self.journal.append(FillEntry(self.now, self.session, fill, done.day_trades, forced))
        self._count(symbol, done.day_trades, key)
        self._too_large(symbol)
        self._after_event()

    def _released_by(self, done: Posted, asset: Asset, qty: float, price: float, first: int) -> float:
        """Initial margin that an execution sets free: that of carried shares, at the price of the sale; the profit of what was opened today,
        and the margin that an earlier close of today had measured for it."""
        rules, side = self.rules, -qty
        released = 0.0
        if done.carried > SHARE_DUST:
            released += requirement(rules, asset, math.copysign(done.carried, side), price).initial
        for lot in done.lots:
            released += lot.qty * price - lot.cost if qty < 0 else lot.cost - lot.qty * price
            if lot.opened < first:
                released += requirement(rules, asset, math.copysign(lot.qty, side), lot.cost / lot.qty).initial
        return released

    def _book_cash(self, fill: Fill) -> None:
        """A cash account's purchase is paid with settled money first; its sale may come before that."""
        book = self.cashbook
        assert book is not None
        if fill.side == "buy":
            book.bought(self.session, fill.symbol, fill.qty, fill.qty * fill.price + fill.commission, self.rules)
        else:
            self._violated(book.sold(self.session, fill.symbol, fill.qty, fill.qty * fill.price - fill.commission, self.rules))

    def _reduce(self, order: WorkingOrder, qty: float) -> None:
        if exceeds_shares(qty, order.left):
            raise BadInput(f"order {order.id!r} has {order.left:g} left to fill, got a fill of {qty:g}.")
        if order.leg and not order.active:
            raise BadInput(f"order {order.id!r} starts when its entry is filled in full, got a fill of {qty:g} before.")
        order.left -= qty
        done = order.left <= SHARE_DUST
        for other in self.ledger.group(order.root) if order.request.order_class != "simple" else ():
            if other is order:
                continue
            if order.leg and done:
                self._release_order(other, OTHER_LEG_FILLED)
            elif order.leg:
                other.left = min(other.left, order.left)
            elif done:
                other.active = True
        if done:
            self.ledger.drop(order.id)
        self.ledger.touched(order.symbol)

    def _count(self, symbol: str, completed: int, key: object) -> None:
        self._orders_filled.setdefault(self.session, set()).add(key if key is not None else self.ledger.executions)
        if not completed:
            return
        made = self._made.setdefault(self.session, {})
        made[symbol] = made.get(symbol, 0) + completed
        self._own[(self.session, symbol)] = self._own.get((self.session, symbol), 0) + completed
        self._today_count += completed
        rules = self.rules
        if rules.regime != PDT or self.pattern_day_trader or self.account_type == "cash":
            return
        if self.daytrade_count() >= rules.pdt_day_trades_threshold and not self._exempt_by_ratio():
            self.pattern_day_trader, self._flagged_on = True, self.session
            cause = f"{self.daytrade_count()} day trades in {rules.pdt_window_business_days} business days"
            self.journal.append(FlagEntry(self.now, self.session, True, cause))

    def _exempt_by_ratio(self) -> bool:
        """The 6 % clause: day trades no more than 6 % of the orders executed in the window."""
        if not self.rules.six_percent_clause:
            return False
        trades = sum(len(self._orders_filled.get(day, ())) for day in self._window)
        own = sum(count for (day, _), count in self._own.items() if day in self._window)
        trades += 2 * (self.daytrade_count() - own)  # carried-in day trades: at least an opening and a closing order each
        return bool(self.daytrade_count() <= self.rules.pdt_exempt_ratio * trades + 1e-9)

    def _too_large(self, symbol: str) -> None:
        """One position over six times equity: closing only until the brokerage has looked at it."""
        ratio = self.rules.position_equity_ratio
        qty = self.ledger.positions.get(symbol)
        rule = "position_equity_ratio"
        if ratio is None or qty is None or any(r.rule == rule for r in self._in_force):
            return
        value = abs(qty) * self.ledger.marks[symbol]
        if exceeds(value, ratio * max(0.0, self.equity())):
            because = f"{symbol} at {dollars(value)} is over {ratio:g} times the equity of {dollars(self.equity())}"
            self._owed.restrict(Restriction("closing_only", self.session, None, rule, rule, because))
            self._renew()

    def _settle(self, amount: float) -> None:
        if self.rules.margin_interest_rate:
            if self._settles_on is None:
                self._settles_on = sessions.settlement_date(self.session, self.rules.settlement_days)
            self._unsettled.append((self._settles_on, amount))

    # -- reading

    @property
    def cash(self) -> float:
        """Cash balance; negative is the debit."""
        return self.ledger.cash

    @property
    def positions(self) -> dict[str, float]:
        """Signed shares by symbol."""
        return dict(self.ledger.positions)

    def position(self, symbol: str) -> float:
        """Signed shares of ``symbol``, 0 if none."""
        return self.ledger.position(symbol)

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """One row for each closed session."""
        return self._rows + ([self._row()] if self._closed_explicitly else [])

    @property
    def state(self) -> AccountState:
        """The account now, as a frozen value with Alpaca's field names."""
        long_value, short_value, initial, maintenance, _ = self._sums()
        equity = self.equity()
        old = self.rules.regime == PDT
        return AccountState(
            session=self.session,
            regime=self.regime,
            brokerage=self.brokerage.name,
            equity=equity,
            last_equity=self.last_equity,
            cash=self.ledger.cash,
            long_market_value=long_value,
            short_market_value=-short_value + 0.0,
            initial_margin=initial,
            maintenance_margin=maintenance,
            last_maintenance_margin=self.last_maintenance_margin,
            maintenance_excess=equity - maintenance,
            buying_power=self.buying_power(),
            regt_buying_power=self.regt_buying_power(),
            daytrading_buying_power=self.daytrading_buying_power() if old else None,
            bod_dtbp=self.bod_dtbp if old else None,
            non_marginable_buying_power=max(0.0, self.cash_for_no_loan() - self.ledger.reserved().buys),
            multiplier=self.multiplier,
            sma=self.sma,
            daytrade_count=self.daytrade_count() if old else None,
            pattern_day_trader=self.pattern_day_trader if old else None,
            trading_blocked=self.trading_blocked,
            shorting_enabled=self.multiplier > 1 and bool(self.rules.short_selling),
            intraday_margin_level=None if old else self.margin_level(),
            intraday_margin_deficit=self.deficit()[0],
            restrictions=tuple(r.kind for r in self._in_force),
            positions=self.positions,
        )

    def fork(self) -> Account:
        """An independent twin, for asking what would happen: it answers everything as this account does, and goes its own way from here.

        Its journal starts empty and nobody listens to it. A copy with the journal is ``copy.deepcopy(account)``.
        """
        twin = Account.__new__(Account)
        own = vars(self) | {"journal": [], "listener": None}
        twin.__dict__ = {name: value.copy() if isinstance(value, (list, dict)) else value for name, value in own.items()}
        twin.ledger, twin._owed = self.ledger.copy(), self._owed.copy()
        twin.ledger.assets = self.ledger.assets.copy()
        twin.cashbook = self.cashbook.copy() if self.cashbook is not None else None
        twin._made = {day: made.copy() for day, made in self._made.items()}
        twin._orders_filled = {day: ids.copy() for day, ids in self._orders_filled.items()}
        if twin._measured is not None:
            twin._measured["marks"] = twin._measured["marks"].copy()
        twin._day = self._day.copy()
        twin._evening = self._evening.copy() if self._evening is not None else None
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """What ``pickle`` and ``copy.deepcopy`` take: everything, the journal too, but not the listener, who belongs to this account alone."""
        return vars(self) | {"listener": None}


def exceeds_shares(qty: float, left: float) -> bool:
    """True if ``qty`` is more than ``left`` beyond rounding."""
    return qty > left + 1e-6
