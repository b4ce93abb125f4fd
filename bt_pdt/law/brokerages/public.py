"""Public: $2,000 for margin and no short selling; of its day-trading terms only a definition is published."""

from __future__ import annotations

from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

MARGIN_PAGE = firm_page("Public, margin investing")

PUBLIC = Brokerage(
    name="public",
    title="Public",
    hosts=("help.public.com",),
    overrides={"margin_min_equity": undated(2_000.0, MARGIN_PAGE), "short_selling": undated(False, MARGIN_PAGE)},
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "The day on which Public left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "Buying power for securities without loan value keeps 10 % of maintenance back; not simulated.",
        NO_WORDS,
    ),
    unknown=(
        *("switch_day", "pdt_check", "dtbp_check", "equity_test", "pdt_under_25k", "maintenance_call_days"),
        *(*NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
    ),
)
