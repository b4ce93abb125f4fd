"""Firstrade: one unmet intraday margin call restricts; four good faith violations, or one on a single day."""

from __future__ import annotations

from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, undated
from .brokerage import COSTS, HOUSE_RATES, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

INTRADAY = firm_page(
    "Firstrade, 90-Day Account Freeze for Unmet Intraday Margin Calls",
    "https://help.firstrade.info/en/articles/15364814-90-day-account-freeze-for-unmet-intraday-margin-calls-effective-june-4",
)
CASH_PAGE = firm_page(
    "Firstrade, 90 Days Restriction in a Cash Account", "https://help.en-us.firstrade.com/article/275-90-days-restriction-in-a-cash-account"
)

FIRSTRADE = Brokerage(
    name="firstrade",
    title="Firstrade",
    hosts=(
        "help.en-us.firstrade.com",
        "help.firstrade.info",
    ),
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, INTRADAY),),
        "imd_call_days": (Since(IMD_DAY, 5, INTRADAY),),
        "practice_failures": (Since(IMD_DAY, 1, INTRADAY),),
        "imd_freeze_days": (Since(IMD_DAY, 90, INTRADAY),),
        "imd_freeze_restriction": (Since(IMD_DAY, "closing_only", INTRADAY),),
        "gfv_strikes": undated(4, CASH_PAGE),
        "gfv_same_day_strikes": undated(1, CASH_PAGE),
        "freeride_strikes": undated(1, CASH_PAGE),
        "gfv_window_months": undated(12, CASH_PAGE),
        "cash_restriction_days": undated(90, CASH_PAGE),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "Its overnight estimate counts the money that open orders hold; here the overnight requirement is measured at the close.",
        NO_WORDS,
    ),
    unknown=(
        *("pdt_check", "dtbp_check", "equity_test", "pdt_under_25k", "maintenance_call_days", "cash_liquidation_strikes"),
        *("imd_call_minor", "imd_valuation", *HOUSE_RATES, *ORDER_CHECKS, *COSTS),
    ),
)
