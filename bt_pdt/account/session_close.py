"""How a session ends and the next begins: the close is measured, calls are issued and aged, figures roll, costs accrue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ..core import sessions
from ..core.errors import BadInput
from ..core.journal import CallEntry, CloseEntry, ReleaseEntry
from ..core.money import cents
from ..law.brokerages import rulebook_for
from ..law.rulebook import PDT
from .calls import Closing, MarginCall, maintenance
from .ledger import WorkingOrder
from .requirements import maintenance_rule, requirement
from .session_state import Standing
from .since_close import SinceClose

ENDED_AT_THE_CLOSE = "day order ended at the close"


class TradingDay(Standing):
    """Moves an account through time."""

    _rows: list[dict[str, Any]]
    _orders_filled: dict[date, Any]
    _unsettled: list[tuple[date, float]]
    _accrued: tuple[float, float]

    def advance(self, at: datetime) -> None:
        """Moves the clock to ``at``; sessions passed over are closed at the last marks. Raises :class:`BadInput` if time goes back."""
        if at < self.now:
            raise BadInput(f"time goes backwards: {at.isoformat()} comes after {self.now.isoformat()}.")
        if at > self._close:  # before it nothing about the session can change
            self.roll_to(sessions.session_of(at))
            if self._measured is None and at > self._close:
                self._measure()
        self.now = at

    def roll_to(self, day: date) -> None:
        """Closes sessions at the last marks until ``day`` is the current one; nothing if it is."""
        while self.session < day:
            if self._measured is None:
                self._measure()
            row = self._row()
            self._rows.append(row)
            accrued = self._measured or {}
            self._accrued = (self._accrued[0] + accrued["interest"], self._accrued[1] + accrued["borrow_fee"])
            self.journal.append(CloseEntry(self.session, row))
            assert self._measured is not None
            measured = self._measured
            self._untouched = False
            evening = self._evening
            assert evening is not None
            if measured["closing"] is not None:
                self._owed.close(self.rules, measured["closing"], **self._since_measured())
            if self.cashbook is not None:
                self._violated(self.cashbook.close(self.session, self.rules))
            self.last_equity = measured["equity"]
            self.last_maintenance_margin = measured["maintenance_margin"]
            self._closing_marks = measured["marks"]
            self.session = sessions.next_session(self.session)
            self.now = max(self.now, datetime.combine(self.session, datetime.min.time()))
            ledger = self.ledger
            for order in [o for o in ledger.orders.values() if o.ends_on is not None and o.ends_on < self.session]:
                self._release_order(order, "expired")
            for order in ledger.orders.values():
                order.unfillable_today = False
            self._unsettled = [(due, amount) for due, amount in self._unsettled if due >= self.session]
            evening.released -= self._initial_of_lots(evening)  # bought after the close, carried from now on
            evening.first = 0
            ledger.new_day()
            self._sma, self._day, self._evening = self._sma_measured, evening, None
            rules = self.rulebook.on(self.session)
            if rules is not self.rules:
                new_regime = rules.regime != self.rules.regime
                if new_regime:
                    self._owed.drop_minimum_equity(self.session, "pdt_min_equity")
                self.rules = rules
                self._revalue()
                if new_regime:
                    self._day.meter = self._new_meter()
            ledger.counting_method = rules.counting_method or "direction"
            kept = max(8, rules.pdt_window_business_days or 0)
            for old in [d for d in self._made if d < sessions.add_business_days(self.session, -kept)]:
                del self._made[old]
                self._orders_filled.pop(old, None)
            self._start_session()
            for call in self._owed.due_on(sessions.next_session(self.session)) if self._owing else ():
                self._tell(CallEntry(self.now, self.session, "due_tomorrow", call))

    def close_session(self, day: date | None = None, marks: Mapping[str, float] | None = None) -> None:
        """The regular session of ``day`` (default: the current one) ends at ``marks``: equity and margins are measured, day orders released."""
        day = self.session if day is None else day
        if not sessions.is_session(day):
            raise BadInput(f"{day} is not a session of the exchange, so it cannot close.")
        if day < self.session or (day == self.session and self._closed_explicitly):
            raise BadInput(f"the session of {day} is already closed.")
        self.roll_to(day)
        if marks:
            self.mark(marks)
        self._measure()
        self._closed_explicitly = True
        self.now = max(self.now, sessions.close_of(day))

    def _measure(self) -> None:
        """The numbers of the regular close and the end of the day orders. Asked again when a close line follows an implied close."""
        self._after_event()
        day = self._day
        equity, initial, _ = self.margins()
        for order in [o for o in self.ledger.orders.values() if o.ends_on == self.session]:
            if order.request.time_in_force == "gtc":
                self._release_order(order, "expired")
            elif not order.request.extended_hours:
                self._release_order(order, ENDED_AT_THE_CLOSE)
        release = self._release(day)
        paid_in, met = self._owed.fed_close(day.deposits, release)
        available = max(0.0, self._sma + day.other + day.deposits - paid_in, self._excess_without(day))
        self._sma_measured = max(0.0, available + release - met)
        closing = self._closing(release, available)
        self._measured = {
            "closing": closing if self.account_type == "margin" else None,
            "equity": equity,
            "maintenance_margin": closing.maintenance_margin,
            "initial_margin": initial,
            "multiplier": closing.multiplier,
            "regt_buying_power": self.regt_buying_power(),
            "bod_dtbp": self.bod_dtbp,
            "sma": self._sma_measured,
            "deficit": closing.intraday_margin_deficit,
            "lowest_dtbp": self._lowest_dtbp,
            "interest": self._interest(),
            "borrow_fee": self._borrow_fee(),
            "marks": dict(self.ledger.marks),
        }
        self._evening = SinceClose(self._new_meter(), self.ledger.executions)
        self._after_event()  # what the day's sales have met

    def _closing(self, release: float, available: float) -> Closing:
        """The close as the calls read it."""
        equity, initial, maintenance = self.margins()
        deficit, equity_then = self.deficit()
        return Closing(
            session=self.session,
            equity=equity,
            cash=self.ledger.cash,
            short=self._sums()[1] > 0,
            initial_margin=initial,
            maintenance_margin=maintenance,
            exchange_maintenance_margin=self._exchange_maintenance() if maintenance > equity else 0.0,
            maintenance_rule=self._largest_rule() if maintenance > equity else "",
            market_value=self._sums()[0] + self._sums()[1],
            pattern_day_trader=self.pattern_day_trader and self.designation_lasts(sessions.next_session(self.session)),
            multiplier=self.multiplier,
            bod_dtbp=self.bod_dtbp,
            day_trade_exposure=self.ledger.peak_exposure(),
            day_traded=self.ledger.peak_exposure(aggregate=True),
            stepped_down=self.stepped_down(),
            excess_at_start=self._excess_at_start,
            fed_release=release,
            fed_available=available,
            intraday_margin_deficit=deficit,
            equity_at_deficit=equity_then,
            margin_level=self.margin_level(),
            open_kinds=tuple(call.kind for call in self._owed.open()),
        )

    def call_maintenance_now(self) -> MarginCall | None:
        """The brokerage calls during the session, due at once: the maintenance call that is open, or a new one; None if there is no deficiency."""
        found = self._owed.open("maintenance")
        if found:
            return found[-1]
        closing = self._closing(0.0, 0.0)  # no Fed call is made before the close
        breach = maintenance(self.rules, closing)
        if breach is None:
            return None
        call = self._owed.issue_at_once(breach, self.rules, closing)
        self._renew()
        return call

    def _exchange_maintenance(self) -> float:
        """The rule's own maintenance margin, without house rates."""
        law, ledger = rulebook_for("finra").on(self.rules.day), self.ledger
        return sum(requirement(law, ledger.asset(s), qty, ledger.marks[s]).maintenance for s, qty in ledger.positions.items())

    def _largest_rule(self) -> str:
        """The parameter behind the position that requires the most maintenance margin."""
        ledger = self.ledger
        if not ledger.positions:
            return "maintenance_long_bands"  # a debt without a position
        asset, qty, price = max(
            ((ledger.asset(s), qty, ledger.marks[s]) for s, qty in ledger.positions.items()),
            key=lambda held: requirement(self.rules, *held).maintenance,
        )
        return maintenance_rule(self.rules, asset, qty, price)

    def _row(self) -> dict[str, Any]:
        """The session's line of the sessions table; fills after the close count in its day trades."""
        measured, old = self._measured or {}, self.rules.regime == PDT
        lowest_dtbp, lowest_level = measured["lowest_dtbp"], self._lowest_level
        return {
            "session": self.session.isoformat(),
            "equity": cents(measured["equity"]),
            "maintenance_margin": cents(measured["maintenance_margin"]),
            "initial_margin": cents(measured["initial_margin"]),
            "daytrade_count": self.daytrade_count() if old else None,
            "pattern_day_trader": self.pattern_day_trader if old else None,
            "multiplier": measured["multiplier"],
            "bod_dtbp": cents(measured["bod_dtbp"]) if old else None,
            "lowest_daytrading_buying_power": cents(lowest_dtbp or 0.0) if old else None,
            "regt_buying_power": cents(measured["regt_buying_power"]),
            "sma": cents(measured["sma"]),
            "lowest_intraday_margin_level": None if old or lowest_level is None else cents(lowest_level),
            "intraday_margin_deficit": cents(measured["deficit"]),
            "interest": cents(measured["interest"]),
            "borrow_fee": cents(measured["borrow_fee"]),
        }

    def _interest(self) -> float:
        """The day's accrual on the settled debit: rate / 360, for every calendar day until the next session (a Friday counts three)."""
        rate = self.rules.margin_interest_rate
        if not rate:
            return 0.0
        settled = self.ledger.cash - sum(amount for due, amount in self._unsettled if due > self.session)
        days = (sessions.next_session(self.session) - self.session).days
        return float(max(0.0, -settled) * rate / self.rules.interest_day_count * days)

    def _borrow_fee(self) -> float:
        """The day's fee on stock held short: rate / 360 of its market value, for every calendar day until the next session."""
        rate = self.rules.borrow_fee_rate
        if not rate:
            return 0.0
        days = (sessions.next_session(self.session) - self.session).days
        return float(self._sums()[1] * rate / self.rules.interest_day_count * days)

    @property
    def accrued_costs(self) -> tuple[float, float]:
        """(interest, borrow fees) of closed sessions that were not charged yet, dollars."""
        return self._accrued

    def look(self, prices: Mapping[str, float]) -> None:
        """Current prices for whoever asks next; unlike :meth:`mark` no event: no call is met by it, no low of the day noted."""
        for symbol, price in prices.items():
            self._reprice(symbol, price)

    def mark(self, prices: Mapping[str, float], at: datetime | None = None) -> None:
        """Last prices by symbol. The same prices again are no event."""
        if at is not None:
            self.advance(at)
        changed = False
        for symbol, price in prices.items():
            if not price > 0 or price == float("inf"):
                raise BadInput(f"the price of {symbol} must be a finite number above 0, got {price!r}.")
            changed |= self._reprice(symbol, price)
        if changed:
            self._untouched = False
            self._after_event()

    def _reprice(self, symbol: str, price: float) -> bool:
        """The last price of a symbol becomes ``price``; False if it is that already."""
        if self.ledger.marks.get(symbol) == price:
            return False
        self.ledger.marks[symbol] = price
        if self._margins.pop(symbol, None) is not None:
            self._totals = None
        return True

    def _release_order(self, order: WorkingOrder, cause: str) -> None:
        if self.ledger.drop(order.id) is not None:
            self.journal.append(ReleaseEntry(self.now, self.session, order.id, cause))
