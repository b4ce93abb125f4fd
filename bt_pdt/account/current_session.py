"""The session that an account is in: the clock, the day's rules, what the last close has fixed, and this close once it is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ..law.rulebook import Rules
from .calls import Closing


@dataclass(frozen=True, slots=True)
class MeasuredClose:
    """The numbers of a regular close, dollars. ``closing`` is what calls are made of: None for a cash account, which has none."""

    closing: Closing | None
    equity: float
    maintenance_margin: float
    initial_margin: float
    multiplier: int
    regt_buying_power: float
    bod_dtbp: float
    sma: float
    deficit: float
    lowest_dtbp: float | None
    interest: float
    borrow_fee: float
    marks: dict[str, float]

    def without_designation(self) -> MeasuredClose:
        """The same of an account that is no pattern day trader any more: no call is issued for a designation that is gone."""
        return self if self.closing is None else replace(self, closing=self.closing._replace(pattern_day_trader=False))


class CurrentSession:
    """Where an account is in time, and what holds for the whole session."""

    def __init__(self, now: datetime, session: date, rules: Rules) -> None:
        self.now = now
        self.session = session
        self.rules = rules
        self.close = now  # the end of the regular session
        self.trading_blocked = False  # by the brokerage or the customer
        self.untouched = True  # nothing has happened yet, so facts about what was carried in may still arrive
        self.last_equity = 0.0
        self.last_maintenance_margin = 0.0
        self.cash_at_start = 0.0
        self.excess_at_start = 0.0  # equity over maintenance margin at the previous close
        self.fixed_multiplier = 0  # 1, 2 or 4; 0 where current equity decides
        self.bod_dtbp = 0.0
        self.lowest_dtbp: float | None = None
        self.measured: MeasuredClose | None = None
        self.closed_explicitly = False
        self.rows: list[dict[str, Any]] = []  # of the sessions that are over

    def copy(self) -> CurrentSession:
        """An independent twin."""
        twin = CurrentSession.__new__(CurrentSession)
        twin.__dict__.update(self.__dict__)
        twin.rows = self.rows[:]
        return twin

    def start(self, close: datetime, cash: float) -> None:
        """The first moment of a session that ends at ``close`` and begins with ``cash``."""
        self.measured, self.closed_explicitly = None, False
        self.close = close
        self.cash_at_start = cash
        self.lowest_dtbp = None
        self.excess_at_start = self.last_equity - self.last_maintenance_margin

    @property
    def is_over(self) -> bool:
        """True once the regular session has ended: an order not marked for extended hours waits for the next one."""
        return self.measured is not None or self.now > self.close
