"""Tradier: a pattern day trader needs $25,000 at the start of the day, or opens nothing all day."""

from __future__ import annotations

from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

FLAGGED = firm_page(
    "Tradier, What happens if I am flagged as a pattern day trader",
    "https://support.tradier.com/knowledge-base/what-happens-if-i-am-flagged-as-a-pattern-day-trader",
)

TRADIER = Brokerage(
    name="tradier",
    title="Tradier",
    hosts=("support.tradier.com",),
    overrides={
        "equity_test": undated("last_equity", FLAGGED),
        "pdt_under_25k": undated("liquidation_only", FLAGGED),
        "dt_buying_power_multiple": undated(4.0, FLAGGED),
        "minimum_equity_call": undated(True, FLAGGED),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "The day on which Tradier left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "Refusal of single orders for the day-trade count is not sourced: as under the bare rule there is none.",
        NO_WORDS,
    ),
    unknown=(
        *("switch_day", "pdt_check", "dt_unflagged_call", "maintenance_call_days"),
        *(*NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
    ),
)
