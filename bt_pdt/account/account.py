"""One margin account under the law of each day: the only object here that changes.

It needs no backtrader: a live bot can hold one beside its real account and ask :meth:`Account.check` before it sends an order.
Times are naive New York time, money is dollars, quantities are shares.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from ..core.decisions import Decision
from ..core.errors import BadInput, known_name
from ..core.journal import RestrictionEntry
from ..core.orders import Asset, Fill, OrderRequest, finite, positive, quantity
from ..core.sessions import new_york, session_of
from ..law.brokerages import brokerage as brokerage_named
from . import cash_moves, executions, order_desk, session_close, submission
from .calls import MarginCall
from .carrying_costs import CarryingCosts
from .cash_account import CashBook
from .current_session import CurrentSession
from .designation import Designation
from .events import after_event, grant, renew
from .explanations import Explanations
from .ledger import Ledger
from .record import Record
from .seen import Seen
from .session_start import open_account, set_flag
from .session_state import SessionState
from .terms import ACCOUNT_TYPES, CHECK_MODES, rulebook_as

if TYPE_CHECKING:
    from ..audits.exports.reconciling import Difference


class Account(SessionState):
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
        new_york("at", at)
        self.brokerage = brokerage_named(brokerage)
        for name, mode in (("pdt_check", pdt_check), ("dtbp_check", dtbp_check)):
            if mode is not None and known_name(name, mode, CHECK_MODES) and self.brokerage.has(name):
                overrides[name] = mode
        self.rulebook = rulebook_as(brokerage, rules, overrides)
        self.refuses = rules != "off"
        self.account_type = known_name("account_type", account_type, ACCOUNT_TYPES)
        self.ledger = Ledger(finite("cash", cash))
        for asset in assets:
            self.ledger.assets[asset.symbol] = asset
        for symbol, qty, price in positions:
            if finite("positions qty", qty) != 0:
                quantity("positions qty", abs(qty))
                if symbol in self.ledger.positions:
                    raise BadInput(f"positions: {symbol} is listed twice; give its total.")
                self.ledger.positions[symbol] = float(qty)
            self.ledger.marks[symbol] = positive("positions price", price)
        self.cashbook = CashBook(cash, self.ledger.positions) if account_type == "cash" else None
        self._given_last = (
            None if last_equity is None else finite("last_equity", last_equity),
            None if last_maintenance_margin is None else finite("last_maintenance_margin", last_maintenance_margin),
        )
        session = session_of(at)
        self.current = CurrentSession(at, session, self.rulebook.on(session))
        flagged_on = session if pattern_day_trader else None
        self.designation = Designation(bool(pattern_day_trader), flagged_on, one_time_removal_used=bool(one_time_removal_used))
        for day, symbol, count in daytrades:
            self.designation.carry_in(day, symbol, int(count))
        self.executed, self.filled_orders = Seen(), Seen()
        self.costs = CarryingCosts()
        self.record = Record()
        self.explanations = Explanations()
        self.deposits_on_hold = []
        open_account(self, *self._given_last)

    # -- time and prices

    def advance(self, at: datetime) -> None:
        """Moves the clock to ``at``; sessions passed over are closed at the last marks. Raises :class:`BadInput` if time goes back."""
        self._event(at)

    def _event(self, at: datetime | None = None) -> None:
        """Something is about to change: what was asked before is answered, then the clock moves to ``at``."""
        self.explanations.before_a_change()
        if at is not None:
            session_close.advance(self, at)

    def roll_to(self, day: date) -> None:
        """Closes sessions at the last marks until ``day`` is the current one; nothing if it is."""
        self._event()
        session_close.roll_to(self, day)

    def mark(self, prices: Mapping[str, float], at: datetime | None = None) -> None:
        """Last prices by symbol. The same prices again are no event."""
        self._event(at)
        session_close.mark(self, prices)

    def reprice(self, prices: Mapping[str, float]) -> None:
        """Current prices for whoever asks next; unlike :meth:`mark` no event: no call is met by it, no low of the day noted."""
        self._event()
        for symbol, price in prices.items():
            self.valuation.reprice(symbol, price)

    def close_session(self, day: date | None = None, marks: Mapping[str, float] | None = None, *, at: datetime | None = None) -> None:
        """The regular session of ``day`` (default: the current one) ends at ``marks``, reported ``at`` (default: at once): equity and margins
        are measured, day orders released."""
        self._event()
        session_close.close_session(self, self.session if day is None else day, marks or {}, at)

    def call_maintenance_now(self) -> MarginCall | None:
        """The brokerage calls during the session, due at once: the maintenance call that is open, or a new one; None if there is no deficiency."""
        self._event()
        return session_close.call_maintenance_now(self)

    # -- orders

    def check(self, request: OrderRequest) -> Decision:
        """Would the brokerage accept this order now (or at ``request.at``)? Writes nothing; ask as often as you like."""
        account = self
        if request.at is not None and request.at != self.now:
            account = self.fork()
            account.advance(request.at)
        return submission.evaluate(account, request)[1]

    def max_quantity(self, symbol: str, side: str, *, fractional: bool = False, **order: Any) -> float:
        """The largest quantity of such an order that passes every rule now: exact to one share, or to 1e-9 if ``fractional``.

        Keywords are those of :class:`OrderRequest` (``type``, ``limit_price``, ``order_class`` ...). Never infinite: where no rule bounds
        it, it is 1,000,000,000 shares, more than any order takes. With ``rules="off"``, which refuses nothing, what the rules would let pass.
        """
        return submission.max_quantity(self, OrderRequest(symbol, side, 1.0, **order), fractional)

    def submit(self, request: OrderRequest) -> Decision:
        """Sends the order: the decision is journalled; an accepted one works under ``request.id`` until it is filled or released."""
        self._event(request.at)
        return order_desk.submit(self, request)

    def replace(
        self,
        order_id: str,
        *,
        qty: float | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
        at: datetime | None = None,
    ) -> Decision:
        """Replaces a working order, evaluated like a new one in its place; refused, the old one stays. The new one's value alone is reserved."""
        self._event(at)
        return order_desk.change(self, order_id, qty=qty, limit_price=limit_price, stop_price=stop_price)

    def release(self, order_id: str, at: datetime | None = None, cause: str = "canceled") -> None:
        """A working order is cancelled or expires: what it held is free again. A parent takes its children along."""
        self._event(at)
        order_desk.cancel(self, order_id, cause)

    def post(self, fill: Fill, *, forced: str | None = None) -> bool:
        """Books an execution: cash, position, day trades, buying power. A refused order's execution is booked all the same.

        False if it was booked before: one with an ``execution_id`` counts once. Raises :class:`BadInput`, and books nothing, for more than is
        left of its order, for another symbol or side than its order's, and for an order that is filled in full. An execution of an order that
        was cancelled, refused or never sent is booked as one of an unknown order; its journal entry says so.
        """
        if not executions.is_new(self, fill):
            return False
        self._event(fill.at)
        executions.post(self, fill, forced=forced)
        return True

    def book(self, fact: OrderRequest | Fill | float, *, replaces: str | None = None, at: datetime | None = None) -> None:
        """Records what the brokerage has done, without a check: an order that it took (in the place of the working order ``replaces``, with
        its total quantity), an execution, or cash that came in (negative: went out)."""
        if isinstance(fact, Fill):
            self.post(fact if at is None else dataclasses.replace(fact, at=at))
            return
        self._event(fact.at if at is None and isinstance(fact, OrderRequest) else at)
        if not isinstance(fact, OrderRequest):
            amount = finite("cash", fact)
            if amount < 0:
                cash_moves.withdraw(self, -amount, checked=False)
            elif amount:
                cash_moves.deposit(self, amount)
        elif replaces is None:
            order_desk.submit(self, fact, checked=False)
        else:
            prices = {"limit_price": fact.limit_price, "stop_price": fact.stop_price}
            order_desk.change(self, replaces, qty=fact.qty, checked=False, **prices)

    # -- money and facts from outside

    def deposit(self, amount: float, at: datetime | None = None, *, for_call: str | None = None) -> None:
        """Cash comes in, perhaps ``for_call`` (the id of a margin call: a mark for the report, any deposit counts).

        While a day-trade or $25,000 deficiency is open it stays two full business days after the day of deposit.
        """
        amount = positive("amount", amount)
        self._event(at)
        cash_moves.deposit(self, amount, for_call)

    def withdraw(self, amount: float, at: datetime | None = None) -> Decision:
        """Cash goes out if maintenance, the $2,000 minimum with a debit or short, and deposits on hold allow it; a refused one moves nothing."""
        amount = positive("amount", amount)
        self._event(at)
        return cash_moves.withdraw(self, amount)

    def cash_move(self, kind: str, amount: float, at: datetime | None = None) -> None:
        """Interest, a fee or a dividend, sign included."""
        known_name("kind", kind, cash_moves.KINDS)
        amount = finite("amount", amount)
        self._event(at)
        cash_moves.move(self, kind, amount)

    def charge_costs(self, at: datetime | None = None) -> float:
        """Takes the accrued interest and borrow fees from cash, as a brokerage does once a month; returns the dollars."""
        self._event(at)
        return cash_moves.charge_costs(self)

    def split(self, symbol: str, ratio: float, at: datetime | None = None) -> None:
        """A stock split of ``ratio`` new shares for each old one."""
        ratio = positive("ratio", ratio)
        self._event(at)
        self.current.untouched = False
        self.ledger.split(symbol, ratio)
        self.regulation_t.split(symbol, ratio)
        if self.cashbook is not None:
            self.cashbook.split(symbol, ratio)
        self.intraday.split(symbol, ratio)
        self.valuation.resized(symbol)
        after_event(self)

    def move_shares(self, symbol: str, qty: float, price: float | None = None, at: datetime | None = None) -> None:
        """Shares come in (or, negative, go out) without a trade: a transfer, a merger, a spin-off. They count as held since last night.

        ``price`` marks the symbol; one without a price yet needs it.
        """
        qty = finite("qty", qty)
        if price is None and symbol not in self.ledger.marks:
            raise BadInput(f"{symbol} has no price yet, so its shares cannot be valued; give price.")
        self._event(at)
        if price is not None:
            session_close.mark(self, {symbol: price})
        self.current.untouched = False
        self.ledger.transfer(symbol, qty)
        if self.cashbook is not None:
            self.cashbook.transfer(symbol, qty)
        self.valuation.resized(symbol)
        after_event(self)

    def add_day_trades(self, symbol: str, count: int = 1, at: datetime | None = None) -> None:
        """Day trades of this session in a security that is not kept here, such as an option: they count like any other."""
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise BadInput(f"count must be a whole number of 0 or more, got {count!r}.")
        self._event(at)
        self.current.untouched = False
        for _ in range(count):
            executions.count(self, symbol, 1, self.ledger.executions)
        after_event(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the account to a file of JSON, whole or not at all: whatever stops it, the file is the old one or the new one."""
        from .saving import save

        save(self, path)

    @classmethod
    def restore(cls, path: str | os.PathLike[str]) -> Account:
        """The account that :meth:`save` wrote; every later answer is the one that it would have given. Raises :class:`BadInput` for another file."""
        from .saving import restore

        return restore(path)

    @classmethod
    def from_alpaca(
        cls, account: Any, positions: Any = None, orders: Any = None, activities: Any = None, *, at: datetime, **judged: Any
    ) -> Account:
        """An account as it stands at ``at``, from Alpaca's own JSON as parsed: account, positions, today's orders and activities.

        Today's executions are played again over last night's book; the open orders work under their own ids. ``judged`` are the keywords of the
        constructor (``pdt_check``, ``set`` ...). What is assumed is what ``bt-pdt check`` notes; ask :meth:`reconcile` afterwards.
        """
        from ..audits.snapshot import from_alpaca

        return from_alpaca(account, positions, orders, at, activities).account(**judged)

    def reconcile(self, account: Any = None, positions: Any = None, *, adopt: bool = False) -> list[Difference]:
        """Where this account and the brokerage's account and positions (Alpaca's JSON as parsed) differ: each with its amount and likely cause.

        With ``adopt`` the brokerage's cash, positions and day trades are taken over; the journal has an :class:`AdoptEntry` for each.
        """
        from ..audits.exports.reconciling import adopt_into, differences

        found = differences(self.state, account, positions)
        if adopt:
            self._event()
            adopt_into(self, found, positions)
        return found

    def set_asset(self, asset: Asset) -> None:
        """Facts about a security, before it is used."""
        self._event()
        self.ledger.assets[asset.symbol] = asset
        if not self.current.untouched:
            self.valuation.revalue()
            return
        for entry in self.journal[:]:
            if isinstance(entry, RestrictionEntry):
                self.journal.remove(entry)
        open_account(self, *self._given_last)

    @property
    def trading_blocked(self) -> bool:
        """Has the brokerage or the customer blocked the account from trading? Set it when that changes."""
        return self.current.trading_blocked

    @trading_blocked.setter
    def trading_blocked(self, blocked: bool) -> None:
        self._event()
        self.current.trading_blocked = bool(blocked)

    def set_flag(self, pattern_day_trader: bool, *, one_time_removal: bool = False, at: datetime | None = None) -> None:
        """The brokerage sets or lifts the pattern-day-trader designation; it holds at once. A one-time removal is had once."""
        self._event(at)
        set_flag(self, bool(pattern_day_trader), one_time_removal=one_time_removal)

    def lift_restriction(self, kind: str) -> None:
        """The brokerage lifts a restriction (a human has reviewed a closing-only account)."""
        in_force = {r.kind: r for r in reversed(self.call_book.restrictions_now)}
        if not in_force:
            raise BadInput(f"no {kind} restriction is in force.")
        found = in_force[known_name("restriction", kind, in_force)]
        self._event()
        self.call_book.end(found, self.session)
        renew(self)
        grant(self)

    # -- what if

    def what_if(self, *, prices: Mapping[str, float] | None = None, fills: Iterable[Fill] = ()) -> Self:
        """A twin of this account after these executions and at these last prices, for asking what would be; this one stays as it is."""
        twin = self.fork()
        for fill in fills:
            twin.post(fill)
        twin.mark(prices or {})
        return twin
