"""Charles Schwab: a pattern day trader who closes a day under $25,000 may only close positions on the next."""

from __future__ import annotations

from datetime import date

from ..rulebook import Since
from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

PDT_RULES = firm_page(
    "Schwab, Introduction to Pattern Day Trader Rules", "https://www.schwab.com/learn/story/introduction-to-pattern-day-trader-rules"
)
THINKORSWIM = firm_page("thinkorswim, day-trading FAQ (2009)", how="quotation")
CASH_PAGE = firm_page("Schwab, article on cash account violations (2022)", how="copy")
ADOPTION = firm_page("Schwab changes rules around day trading (2026)", how="quotation")
SWITCH_DAY = date(2026, 6, 8)

SCHWAB = Brokerage(
    name="schwab",
    title="Charles Schwab",
    hosts=("www.schwab.com",),
    overrides={
        "switch_day": (Since(SWITCH_DAY, SWITCH_DAY, ADOPTION),),
        "pdt_under_25k": undated("liquidation_only", PDT_RULES),
        "equity_test": undated("last_equity", PDT_RULES),
        "six_percent_clause": undated(True, PDT_RULES),
        "dtbp_check": undated("entry", THINKORSWIM, by=date(2009, 12, 31)),
        "freeride_strikes": undated(1, CASH_PAGE, by=date(2022, 12, 31)),
        "freeride_cured_is_gfv": undated(True, CASH_PAGE, by=date(2022, 12, 31)),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "Orders beyond four times equity less maintenance were refused at thinkorswim in 2009, now part of Schwab; of Schwab itself none is known.",
        "The designation stays; one exception, if the customer promises to stop, is played by set_flag or a flag event.",
        "Refusal of single orders for the day-trade count is not sourced: as under the bare rule there is none.",
        "The first cash liquidation brings a notice only; how many good faith violations or liquidations restrict is not known.",
        "Interest was 10 to 12.575 % by size of the loan about 2025; its days are not known, so none is charged.",
        NO_WORDS,
    ),
    unknown=("pdt_check", "maintenance_call_days", *NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
)
