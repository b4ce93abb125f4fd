"""What an account can use: the lowest and the highest value of every number that a user may set, in the parameter's own unit.

A value outside changes nothing, divides by zero or names a day beyond every calendar; ``set`` refuses it in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .rulebook import Parameter

#: Dollars of an account, business days of a call, calendar days of a restriction, months and violations that add up.
_DOLLARS = (0.0, 1e9)
_BUSINESS_DAYS, _CALENDAR_DAYS = (0, 250), (0, 3_650)
_MONTHS, _TIMES_OVER = (1, 120), (1, 1_000)
_RATE, _SHARE, _MULTIPLE = (0.01, 1.0), (0.0, 1.0), (1.0, 100.0)

BOUNDS: dict[str, tuple[float, float]] = {
    # Regulation T, settlement, cash account
    "regt_initial_long": _RATE,
    "regt_initial_short": (0.01, 3.0),
    "regt_initial_non_marginable": _RATE,
    "regt_buying_power_multiple": _MULTIPLE,
    "regt_payment_days": _BUSINESS_DAYS,
    "regt_de_minimis": _DOLLARS,
    "regt_cash_freeze_days": _CALENDAR_DAYS,
    "settlement_days": (0, 10),
    "freeride_strikes": _TIMES_OVER,
    "gfv_strikes": _TIMES_OVER,
    "gfv_same_day_strikes": _TIMES_OVER,
    "gfv_settled_strikes": _TIMES_OVER,
    "gfv_closing_strikes": _TIMES_OVER,
    "cash_liquidation_strikes": _TIMES_OVER,
    "gfv_window_months": _MONTHS,
    "cash_restriction_days": _CALENDAR_DAYS,
    # pattern day traders and day trading
    "pdt_day_trades_threshold": (1, 100_000),
    "pdt_window_business_days": (1, 250),
    "pdt_exempt_ratio": _SHARE,
    "pdt_min_equity": _DOLLARS,
    "pdt_flag_removals": (0, 1_000),
    "dt_buying_power_multiple": _MULTIPLE,
    "dt_special_maintenance": _RATE,
    "dt_call_ratio": _RATE,
    "dt_call_days": _BUSINESS_DAYS,
    "dt_multiple_under_call": _MULTIPLE,
    "dt_cash_basis_days": _CALENDAR_DAYS,
    "dt_deposit_hold_days": _BUSINESS_DAYS,
    # maintenance
    "margin_min_equity": _DOLLARS,
    "maintenance_law_rate": _RATE,
    "maintenance_leveraged_cap": (0.01, 10.0),
    "maintenance_leveraged_short_rate": (0.01, 10.0),
    "maintenance_non_marginable": (0.01, 10.0),
    "maintenance_call_outer_days": _BUSINESS_DAYS,
    "maintenance_call_days": _BUSINESS_DAYS,
    # intraday margin
    "intraday_multiple": _MULTIPLE,
    "imd_call_days": _BUSINESS_DAYS,
    "imd_prompt_days": (1, 250),
    "imd_expiry_days": (1, 250),
    "imd_freeze_days": _CALENDAR_DAYS,
    "imd_minor_ratio": _SHARE,
    "imd_minor_limit": _DOLLARS,
    "imd_pm_threshold": _DOLLARS,
    "practice_failures": _TIMES_OVER,
    "practice_months": _MONTHS,
    # the brokerage's
    "collar_threshold": _DOLLARS,
    "collar_below": _SHARE,
    "collar_from": _SHARE,
    "short_valuation": (1.0, 10.0),
    "gtc_calendar_days": (1, 3_650),
    "pdt_flag_days": (1, 3_650),
    "concentration_share": _RATE,
    "concentration_debit": _DOLLARS,
    "concentration_rate": (0.01, 10.0),
    "position_equity_ratio": (0.01, 1_000.0),
    "fed_calls_before_restriction": _TIMES_OVER,
    "fed_call_window_months": _MONTHS,
    "fed_restriction_days": _CALENDAR_DAYS,
    "near_maintenance_move": _SHARE,
    "margin_interest_rate": _SHARE,
    "interest_day_count": (360, 366),
    "borrow_fee_rate": (0.0, 10.0),
}


def bounded(parameters: Iterable[Parameter]) -> list[Parameter]:
    """The parameters with their bounds; one that has none here is as it was."""
    return [replace(p, lowest=BOUNDS[p.name][0], highest=BOUNDS[p.name][1]) if p.name in BOUNDS else p for p in parameters]
