"""What holding costs: interest on the settled debit, fees on stock held short, until the brokerage charges them."""

from __future__ import annotations

from datetime import date

from ..core import sessions
from ..law.rulebook import Rules


class CarryingCosts:
    """Interest and borrow fees of closed sessions, dollars, and the trades that have not settled yet."""

    def __init__(self) -> None:
        self.accrued = (0.0, 0.0)  # (interest, borrow fees) not charged yet
        self._unsettled: list[tuple[date, float]] = []
        self._settles_on: date | None = None  # the settlement date of the session's trades, once asked

    def copy(self) -> CarryingCosts:
        """An independent twin."""
        twin = CarryingCosts()
        twin.accrued, twin._unsettled, twin._settles_on = self.accrued, self._unsettled[:], self._settles_on
        return twin

    def traded(self, amount: float, session: date, rules: Rules) -> None:
        """An execution brought ``amount`` dollars (negative: cost them); it moves the debit when it settles."""
        if rules.margin_interest_rate:
            if self._settles_on is None:
                self._settles_on = sessions.settlement_date(session, rules.settlement_days)
            self._unsettled.append((self._settles_on, amount))

    def interest(self, cash: float, session: date, rules: Rules) -> float:
        """The day's accrual on the settled debit: rate / 360, for every calendar day until the next session (a Friday counts three)."""
        rate = rules.margin_interest_rate
        if not rate:
            return 0.0
        settled = cash - sum(amount for due, amount in self._unsettled if due > session)
        days = (sessions.next_session(session) - session).days
        return float(max(0.0, -settled) * rate / rules.interest_day_count * days)

    def borrow_fee(self, short_value: float, session: date, rules: Rules) -> float:
        """The day's fee on stock held short: rate / 360 of its market value, for every calendar day until the next session."""
        rate = rules.borrow_fee_rate
        if not rate:
            return 0.0
        days = (sessions.next_session(session) - session).days
        return float(short_value * rate / rules.interest_day_count * days)

    def accrue(self, interest: float, borrow_fee: float) -> None:
        """A session has closed with these costs."""
        self.accrued = (self.accrued[0] + interest, self.accrued[1] + borrow_fee)

    def start_session(self, session: date) -> None:
        """What has settled before ``session`` waits no longer."""
        self._unsettled = [(due, amount) for due, amount in self._unsettled if due >= session]
        self._settles_on = None

    def take(self) -> tuple[float, float]:
        """(interest, borrow fees) to charge now; nothing is accrued after."""
        taken, self.accrued = self.accrued, (0.0, 0.0)
        return taken
