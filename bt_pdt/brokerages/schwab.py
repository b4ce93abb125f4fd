"""Charles Schwab: a pattern day trader who closes a day under $25,000 may only close positions on the next."""

from __future__ import annotations

from datetime import date

from ..rules.rulebook import Since
from ..rules.sources import FIRST_DAY, cited
from .brokerage import Brokerage
from .finra import PLAIN_WORDS

PDT_RULES = cited(
    "Schwab, Introduction to Pattern Day Trader Rules", "https://www.schwab.com/learn/story/introduction-to-pattern-day-trader-rules"
)
ADOPTION = cited("SEC 34-105226 and brokerage adoption of the intraday margin rules (read in transcription)")
SWITCH_DAY = date(2026, 6, 8)

SCHWAB = Brokerage(
    name="schwab",
    title="Charles Schwab",
    overrides={
        "switch_day": (Since(SWITCH_DAY, SWITCH_DAY, ADOPTION),),
        "pdt_under_25k": (Since(FIRST_DAY, "liquidation_only", PDT_RULES),),
        "equity_test": (Since(FIRST_DAY, "last_equity", PDT_RULES),),
        "six_percent_clause": (Since(FIRST_DAY, True, PDT_RULES),),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The pages carry no day: their values are put on the rulebook's first day.",
        "Refusal of single orders for the day-trade count is not sourced: as under the bare rule there is none.",
        "House requirements and order checks are not sourced: they are the bare rule's.",
        "The words of its refusals are not sourced: they are the bare rule's.",
    ),
)
