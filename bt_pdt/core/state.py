"""The account as a frozen value, with the field names of Alpaca's account payload, so that a report lies beside the real thing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from .money import cents


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account at one moment. Dollars; ``short_market_value`` is negative; what the day's regime does not have is None."""

    session: date
    regime: str
    brokerage: str
    equity: float
    last_equity: float
    cash: float
    long_market_value: float
    short_market_value: float
    initial_margin: float
    maintenance_margin: float
    last_maintenance_margin: float
    maintenance_excess: float
    buying_power: float
    regt_buying_power: float
    daytrading_buying_power: float | None
    bod_dtbp: float | None
    non_marginable_buying_power: float
    multiplier: int
    sma: float
    daytrade_count: int | None
    pattern_day_trader: bool | None
    trading_blocked: bool
    shorting_enabled: bool
    intraday_margin_level: float | None
    intraday_margin_deficit: float
    restrictions: tuple[str, ...]
    positions: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: money in cents, the session as text, restrictions as a list."""
        plain = asdict(self)
        for name, value in plain.items():
            if isinstance(value, float):
                plain[name] = cents(value)
        plain["session"] = self.session.isoformat()
        plain["restrictions"] = list(self.restrictions)
        return plain
