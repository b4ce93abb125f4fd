"""What the law said on a day, typed from the rule texts and notices, never from the code under test."""

from __future__ import annotations

PDT, IMD = "pattern_day_trader", "intraday_margin"

#: parameter, the day before a change, its value, the day of the change, its value
CHANGE_DAYS: list[tuple[str, str, object, str, object]] = [
    ("settlement_days", "2017-09-04", 3, "2017-09-05", 2),
    ("settlement_days", "2024-05-27", 2, "2024-05-28", 1),
    ("regt_payment_days", "2017-09-04", 5, "2017-09-05", 4),
    ("regt_payment_days", "2024-05-27", 4, "2024-05-28", 3),
    ("counting_method", "2021-03-23", "opening_fifo", "2021-03-24", "direction"),
    ("pdt_flag_removals", "2021-03-23", 0, "2021-03-24", 1),
    ("dt_leveraged_etf_scaling", "2010-04-29", False, "2010-04-30", True),
    ("maintenance_leveraged_scaling", "2009-11-30", False, "2009-12-01", True),
    ("regime", "2026-06-03", PDT, "2026-06-04", IMD),
    ("pdt_min_equity", "2026-06-03", 25_000.0, "2026-06-04", None),
    ("pdt_day_trades_threshold", "2026-06-03", 4, "2026-06-04", None),
    ("dt_buying_power_multiple", "2026-06-03", 4.0, "2026-06-04", None),
    ("dt_call_ratio", "2026-06-03", 0.25, "2026-06-04", None),
    ("imd_prompt_days", "2026-06-03", None, "2026-06-04", 5),
    ("imd_expiry_days", "2026-06-03", None, "2026-06-04", 15),
    ("imd_freeze_days", "2026-06-03", None, "2026-06-04", 90),
    ("imd_minor_limit", "2026-06-03", None, "2026-06-04", 1_000.0),
    ("imd_minor_ratio", "2026-06-03", None, "2026-06-04", 0.05),
    ("imd_phase_in_end", "2026-06-03", None, "2026-06-04", "2027-10-20"),
]

#: The same on every day from 2001-09-28 on.
ALWAYS: dict[str, object] = {
    "regt_initial_long": 0.50,
    "regt_initial_short": 0.50,
    "regt_initial_non_marginable": 1.00,
    "regt_de_minimis": 1_000.0,
    "regt_cash_freeze_days": 90,
    "margin_min_equity": 2_000.0,
    "maintenance_law_rate": 0.25,
    "maintenance_short_bands": ((5.0, 2.50, 1.00), (float("inf"), 5.0, 0.30)),
    "maintenance_non_marginable": 1.00,
    "maintenance_leveraged_cap": 1.00,
    "maintenance_leveraged_short_rate": 0.30,
    "maintenance_call_outer_days": 15,
    "freeride_strikes": 1,
}

#: On every day of the pattern day trader regime, from its first to its last.
WHILE_PDT: dict[str, object] = {
    "pdt_day_trades_threshold": 4,
    "pdt_window_business_days": 5,
    "pdt_exempt_ratio": 0.06,
    "pdt_min_equity": 25_000.0,
    "dt_buying_power_multiple": 4.0,
    "dt_special_maintenance": 0.25,
    "dt_call_days": 5,
    "dt_multiple_under_call": 2.0,
    "dt_cash_basis_days": 90,
    "dt_deposit_hold_days": 2,
    "dt_cross_guarantee": False,
}

#: Alpaca: parameter, day, value.
ALPACA: list[tuple[str, str, object]] = [
    ("pdt_check", "2025-03-03", "exit"),
    ("dtbp_check", "2025-03-03", "entry"),
    ("equity_test", "2025-03-03", "last_equity"),
    ("counting_method", "2019-08-05", "direction"),
    ("six_percent_clause", "2025-03-03", False),
    ("pdt_under_25k", "2024-12-31", "liquidation_only"),
    ("pdt_under_25k", "2025-01-01", "no_day_trades"),
    ("dt_call_ratio", "2020-01-02", 1.00),
    ("imd_call_days", "2026-06-04", 2),
    ("imd_call_minor", "2026-06-04", False),
    ("practice_failures", "2026-06-04", 1),
    ("maintenance_leveraged_long", "2020-11-08", ((2, 0.60), (3, 0.90))),
    ("maintenance_leveraged_long", "2020-11-09", ((2, 1.00), (3, 1.00))),
    ("maintenance_leveraged_long", "2026-06-03", ((2, 1.00), (3, 1.00))),
    ("maintenance_leveraged_long", "2026-06-04", ((2, 0.50), (3, 0.75))),
    ("maintenance_long_bands", "2026-06-03", ((2.50, False, 1.00), (float("inf"), False, 0.30))),
    ("maintenance_long_bands", "2026-06-04", ((2.50, False, 1.00), (6.00, True, 0.50), (float("inf"), False, 0.30))),
    ("concentration_share", "2026-06-03", None),
    ("concentration_share", "2026-06-04", 0.70),
    ("concentration_debit", "2026-06-04", 100_000.0),
    ("concentration_rate", "2026-06-04", 0.50),
    ("position_equity_ratio", "2021-06-29", 6.0),
    ("position_equity_ratio", "2021-06-30", 6.0),
    ("collar_threshold", "2025-03-03", 50.0),
    ("collar_below", "2025-03-03", 0.04),
    ("collar_from", "2025-03-03", 0.025),
    ("short_valuation", "2025-03-03", 1.03),
    ("flip_through_zero", "2025-03-03", False),
    ("wash_check", "2025-03-03", True),
    ("price_check", "2025-03-03", True),
    ("margin_interest_rate", "2022-07-31", 0.0375),
    ("margin_interest_rate", "2022-08-01", 0.055),
    ("margin_interest_rate", "2022-09-22", 0.055),
    ("margin_interest_rate", "2022-09-23", 0.0625),
    ("margin_interest_rate", "2026-10-01", 0.065),
    ("interest_day_count", "2026-10-01", 360),
    ("fed_calls_before_restriction", "2025-03-03", 3),
    ("fed_restriction_days", "2025-03-03", 90),
]

#: Alpaca's refusals: reason, HTTP status, code, message.
ALPACA_WIRE: list[tuple[str, int, int, str]] = [
    ("PDT_COUNT", 403, 40310100, "trade denied due to pattern day trading protection"),
    (
        "PDT_RESTRICTED_DAYTRADE",
        403,
        40310000,
        "no day trades permitted based on your previous day account equity being under $25,000",
    ),
    ("LIQUIDATION_ONLY", 403, 40310000, "account is restricted to liquidation only"),
    ("DTBP", 403, 40310000, "insufficient day trading buying power"),
    ("BUYING_POWER", 403, 40310000, "insufficient buying power"),
    ("NON_MARGINABLE_BUYING_POWER", 403, 40310000, "insufficient buying power"),
    ("NO_SHORT", 403, 40310000, "account is not allowed to short"),
    ("QTY", 403, 40310000, "insufficient qty available for order (requested: {requested}, available: {available})"),
    ("WASH", 403, 40310000, "potential wash trade detected. use complex orders"),
    ("TRADING_BLOCKED", 403, 40310000, "account is not authorized to trade"),
    ("NOT_SHORTABLE", 422, 42210000, 'asset "{symbol}" cannot be sold short'),
]
