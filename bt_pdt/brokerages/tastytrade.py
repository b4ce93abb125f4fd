"""tastytrade: counts changes of direction; a pattern day trader under $25,000 may only close."""

from __future__ import annotations

from ..rules.rulebook import Since
from ..rules.sources import FIRST_DAY, cited
from .brokerage import Brokerage
from .finra import PLAIN_WORDS

PDT_HELP = cited("tastytrade support 43000435357, Pattern Day Trading", "https://support.tastyworks.com")

TASTYTRADE = Brokerage(
    name="tastytrade",
    title="tastytrade",
    overrides={
        "counting_method": (Since(FIRST_DAY, "direction", PDT_HELP),),
        "pdt_under_25k": (Since(FIRST_DAY, "liquidation_only", PDT_HELP),),
        "dtbp_check": (Since(FIRST_DAY, "off", PDT_HELP),),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The pages carry no day: their values are put on the rulebook's first day.",
        "Day-trading buying power does not stop orders: exceeding it makes a day-trade call.",
        "The day on which tastytrade left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "House requirements and order checks are not sourced: they are the bare rule's.",
        "The words of its refusals are not sourced: they are the bare rule's.",
    ),
)
