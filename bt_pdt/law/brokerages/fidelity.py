"""Fidelity: equity at the start of the day, 30 % and stock over $3 as collateral, three good faith violations."""

from __future__ import annotations

from math import inf

from ..bands import Band
from ..sources import firm_page, undated
from .brokerage import COSTS, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

_LEARN = "https://www.fidelity.com/learning-center/trading-investing/trading"
DAY_TRADING = firm_page("Fidelity, Day trading on margin", f"{_LEARN}/day-trading-margin")
MARGIN_FAQ = firm_page("Fidelity, Trading FAQs: Margin", "https://www.fidelity.com/trading/faqs-margin")
CASH_PAGE = firm_page(
    "Fidelity, Avoiding cash account trading violations", f"{_LEARN}/margin-trading-rules/avoiding-cash-trading-violations"
)

FIDELITY = Brokerage(
    name="fidelity",
    title="Fidelity",
    hosts=("www.fidelity.com",),
    overrides={
        "equity_test": undated("last_equity", DAY_TRADING),
        "pdt_under_25k": undated("cash_available", DAY_TRADING),
        "minimum_equity_call": undated(True, DAY_TRADING),
        "maintenance_long_bands": undated((Band(3.00, True, 1.00), Band(inf, False, 0.30)), MARGIN_FAQ),
        "gfv_strikes": undated(3, CASH_PAGE),
        "freeride_strikes": undated(1, CASH_PAGE),
        "cash_liquidation_strikes": undated(3, CASH_PAGE),
        "gfv_window_months": undated(12, CASH_PAGE),
        "cash_restriction_days": undated(90, CASH_PAGE),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "When Fidelity left the old rules is told in two ways: on 2026-06-04, and soon after it. The law's first day is taken, switch_day sets "
        "another.",
        "Two day-trade calls unmet in 90 days also make a pattern day trader, and three met by a sale in 12 months restrict; neither is "
        "simulated.",
        "Under $25,000 a pattern day trader makes no day trade and has cash orders only, for 90 calendar days if the call is not met in five "
        "days; here until a close at $25,000.",
        "Add-ons to the 30 % by share of the account (up to 30 points long, 35 short), days of volume (50), share of the company (100) and "
        "industry (10) are not simulated: Asset(maintenance=...) sets a rate by hand.",
        "A leveraged fund has a higher base, whose number is not known: it is the larger of 30 % and the law's.",
        "Interest was 10 to 11.825 % by size of the loan about 2025; its days are not known, so none is charged.",
        NO_WORDS,
    ),
    unknown=(
        *("switch_day", "pdt_check", "dtbp_check", "maintenance_leveraged_long", "maintenance_short_bands", "maintenance_call_days"),
        *(*NEW_TERMS, *ORDER_CHECKS, *COSTS),
    ),
)
