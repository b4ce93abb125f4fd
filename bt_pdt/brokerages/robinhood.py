"""Robinhood: warns of the fourth day trade and lets it pass."""

from __future__ import annotations

from datetime import date

from ..rules.rulebook import Since
from ..rules.sources import FIRST_DAY, cited
from .brokerage import Brokerage
from .finra import PLAIN_WORDS

PDT_PROTECTION = cited(
    "Robinhood, Pattern Day Trade Protection", "https://robinhood.com/us/en/support/articles/pattern-day-trade-protection/"
)
COUNTING = cited("Robinhood help 115002529586, Pattern Day Trading")
ADOPTION = cited("Brokerage adoption of the intraday margin rules (read in transcription)")
MINIMUM = cited("Robinhood help 360001214943, Margin maintenance and the $2,000 minimum", "https://robinhood.com/us/en/support")
IMD_DAY = date(2026, 6, 4)

ROBINHOOD = Brokerage(
    name="robinhood",
    title="Robinhood",
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, ADOPTION),),
        "pdt_check": (Since(FIRST_DAY, "warn", PDT_PROTECTION),),
        "margin_min_equity_call": (Since(FIRST_DAY, True, MINIMUM),),
        "count_unfillable_pending": (Since(FIRST_DAY, True, PDT_PROTECTION),),
        "counting_method": (Since(FIRST_DAY, "direction", COUNTING),),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The pages carry no day: their values are put on the rulebook's first day.",
        "Day-trading buying power, house requirements and order checks are not sourced: they are the bare rule's.",
        "The words of its refusals are not sourced: they are the bare rule's.",
    ),
)
