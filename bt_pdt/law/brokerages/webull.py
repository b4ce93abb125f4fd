"""Webull: house rates by price, an equity maintenance call, and a ladder of good faith violations."""

from __future__ import annotations

from datetime import date
from math import inf

from ..bands import Band
from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, undated
from .brokerage import COSTS, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

EM_CALL = firm_page("Webull, Equity Maintenance call", "https://www.webull.com/hc/categories/fq333")
RATES = firm_page("Webull, What are the requirements for margin accounts?", "https://www.webull.com/hc/categories/fq559")
DAY_TRADE_CALL = firm_page("Webull, Day Trade call", "https://www.webull.com/hc/categories/fq247")
GOOD_FAITH = firm_page("Webull, Good Faith Violations (2024)", how="copy")
ADOPTION = firm_page("Webull on the intraday margin rule (2026)", how="quotation")
SEEN_2024 = date(2024, 12, 31)

WEBULL = Brokerage(
    name="webull",
    title="Webull",
    hosts=("www.webull.com",),
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, ADOPTION),),
        "equity_test": undated("last_equity", EM_CALL),
        "pdt_under_25k": undated("no_day_trades", EM_CALL),
        "minimum_equity_call": undated(True, EM_CALL),
        "dt_unflagged_call": undated(True, DAY_TRADE_CALL),
        "dt_unmet_restriction": undated("closing_only", DAY_TRADE_CALL),
        "dtbp_by_requirement": undated(False, RATES),
        "maintenance_long_bands": undated((Band(3.00, False, 1.00), Band(5.00, False, 0.50), Band(inf, False, 0.25)), RATES),
        "maintenance_leveraged_long": undated(((2, 0.50), (3, 0.75)), RATES),
        "gfv_settled_strikes": undated(3, GOOD_FAITH, by=SEEN_2024),
        "gfv_strikes": undated(4, GOOD_FAITH, by=SEEN_2024),
        "gfv_closing_strikes": undated(5, GOOD_FAITH, by=SEEN_2024),
        "gfv_window_months": undated(12, GOOD_FAITH, by=SEEN_2024),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "Its table has 25 % for a day trade whatever the price, and 50 % and 75 % for leveraged funds: dollar for dollar, as the bare rule.",
        "A day trade under an open equity maintenance call makes a day-trade call for its full value; here it is refused.",
        "A second day-trade call past due closes the account; here it holds it to closing trades for its own 90 days, like the first.",
        "The designation is lifted once in 90 days on request; set_flag and a flag event play it.",
        "What the third good faith violation restricts ends, here, when three no longer add up. What the fourth restricts for 90 days is read "
        "as settled cash too; the fifth, which closes the account, leaves closing trades only.",
        "How many days a maintenance or Reg T call has is not known; an unmet one is sold on the day after.",
        NO_WORDS,
    ),
    unknown=("pdt_check", "dtbp_check", "maintenance_call_days", "cash_liquidation_strikes", *NEW_TERMS, *ORDER_CHECKS, *COSTS),
)
