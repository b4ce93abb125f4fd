"""Robinhood: warns of the fourth day trade and lets it pass; from 2026-06-04 refuses what would make a deficit."""

from __future__ import annotations

from datetime import date

from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

_SUPPORT = "https://robinhood.com/us/en/support/articles"
PDT_PROTECTION = firm_page("Robinhood, Pattern Day Trade Protection", f"{_SUPPORT}/pattern-day-trade-protection/")
LIMITATIONS = firm_page("Robinhood, Account Limitations", f"{_SUPPORT}/account-limitations/")
DAY_TRADE_CALLS = firm_page("Robinhood, Day Trade Calls", f"{_SUPPORT}/day-trade-calls/")
COUNTING = firm_page("Robinhood, Pattern Day Trading", "https://support.robinhood.com/hc/en-us/articles/360001227026-Pattern-Day-Trading")
MINIMUM = firm_page("Robinhood, What's margin maintenance?", "https://robinhood.com/gb/en/support/articles/margin-maintenance")
SETTLED = firm_page("Robinhood on cash accounts and unsettled funds (2026-09)", how="quotation")
ADOPTION = firm_page("Robinhood on the intraday margin rule (2026)", how="quotation")

ROBINHOOD = Brokerage(
    name="robinhood",
    title="Robinhood",
    hosts=(
        "robinhood.com",
        "support.robinhood.com",
    ),
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, ADOPTION),),
        "pdt_check": undated("warn", PDT_PROTECTION),
        "equity_test": undated("last_equity", LIMITATIONS),
        "pdt_under_25k": undated("no_day_trades", LIMITATIONS),
        "pdt_flag_days": undated(90, LIMITATIONS),
        "count_unfillable_pending": undated(True, PDT_PROTECTION),
        "counting_method": undated("direction", COUNTING),
        "dt_call_days": undated(5, DAY_TRADE_CALLS),
        "dt_unflagged_call": undated(False, DAY_TRADE_CALLS),
        "dt_open_call_restriction": undated("no_day_trades", DAY_TRADE_CALLS),
        "dt_unmet_restriction": undated("no_day_trades", DAY_TRADE_CALLS),
        "margin_min_equity_call": undated(True, MINIMUM),
        "cash_unsettled_usable": undated(False, SETTLED, by=date(2026, 9, 30)),
        "intraday_block": (Since(IMD_DAY, "deficit", ADOPTION),),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "The 90 days of a designation that an account begins with count from its first session, since the day it was made is not known.",
        "A day trade during an open day-trade call bars purchases for 90 days; here that day trade is refused.",
        "A margin call stops purchases until the day after it is met; here it stops none.",
        "A cash account cannot spend proceeds before they settle, so no violation arises; here an execution that does so all the same is counted.",
        "Maintenance comes from a model by security (volatility, concentration); no schedule is published: Asset(maintenance=...).",
        NO_WORDS,
    ),
    unknown=(
        "dtbp_check",
        "maintenance_call_days",
        "imd_call_days",
        "practice_failures",
        *HOUSE_RATES,
        *CASH_STRIKES,
        *ORDER_CHECKS,
        *COSTS,
    ),
)
