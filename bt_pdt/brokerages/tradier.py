"""Tradier: a pattern day trader needs $25,000 at the start of the day, or opens nothing all day."""

from __future__ import annotations

from ..rules.rulebook import Since
from ..rules.sources import FIRST_DAY, cited
from .brokerage import Brokerage
from .finra import PLAIN_WORDS

FLAGGED = cited(
    "Tradier, What happens if I am flagged as a pattern day trader",
    "https://support.tradier.com/knowledge-base/what-happens-if-i-am-flagged-as-a-pattern-day-trader",
)

TRADIER = Brokerage(
    name="tradier",
    title="Tradier",
    overrides={
        "equity_test": (Since(FIRST_DAY, "last_equity", FLAGGED),),
        "pdt_under_25k": (Since(FIRST_DAY, "liquidation_only", FLAGGED),),
        "dt_buying_power_multiple": (Since(FIRST_DAY, 4.0, FLAGGED),),
        "minimum_equity_call": (Since(FIRST_DAY, True, FLAGGED),),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The pages carry no day: their values are put on the rulebook's first day.",
        "The day on which Tradier left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "Refusal of single orders for the day-trade count is not sourced: as under the bare rule there is none.",
        "House requirements and order checks are not sourced: they are the bare rule's.",
        "The words of its refusals are not sourced: they are the bare rule's.",
    ),
)
