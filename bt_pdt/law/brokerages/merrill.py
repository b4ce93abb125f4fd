"""Merrill: every sale before settled money has paid for the purchase is a free ride; the bare law for the rest."""

from __future__ import annotations

from datetime import date

from ..sources import firm_page, undated
from .brokerage import COSTS, HOUSE_RATES, NEW_TERMS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

VIOLATIONS = firm_page("Merrill, Account violations (2023-08-15)", "https://www.merrilledge.com/trade/violations")
PAGE_DAY = date(2023, 8, 15)

MERRILL = Brokerage(
    name="merrill",
    title="Merrill",
    hosts=("www.merrilledge.com",),
    overrides={
        "gfv_strikes": undated(1, VIOLATIONS, by=PAGE_DAY),
        "freeride_strikes": undated(1, VIOLATIONS, by=PAGE_DAY),
        "cash_restriction_days": undated(90, VIOLATIONS, by=PAGE_DAY),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The page is of 2023-08-15; its values are carried back from there.",
        "Only its cash accounts are sourced; a margin account is the bare rule's, whose $25,000 and day-trading buying power its page repeats.",
        "What others call a good faith violation is a free ride there: one restricts for 90 days.",
        "A technical violation (selling another security later to pay) is counted; how many restrict is not known.",
        NO_WORDS,
    ),
    unknown=(
        *("switch_day", "pdt_check", "dtbp_check", "equity_test", "pdt_under_25k", "maintenance_call_days", "cash_liquidation_strikes"),
        *(*NEW_TERMS, *HOUSE_RATES, *ORDER_CHECKS, *COSTS),
    ),
)
