"""TradeStation: more than $25,000, not exactly, and closing trades only while a day-trade call is open."""

from __future__ import annotations

from datetime import date

from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

REQUIREMENTS = firm_page(
    "TradeStation, Day Trading Requirements (2020-05-14)",
    "https://www.tradestation.com/learn/market-basics/stocks-etfs/day-trading-rules/day-trading-requirements/",
)
PAGE_DAY = date(2020, 5, 14)

TRADESTATION = Brokerage(
    name="tradestation",
    title="TradeStation",
    hosts=("www.tradestation.com",),
    overrides={
        "equity_test": undated("last_equity", REQUIREMENTS, by=PAGE_DAY),
        "pdt_min_equity": undated(25_000.01, REQUIREMENTS, by=PAGE_DAY),
        "pdt_under_25k": undated("liquidation_only", REQUIREMENTS, by=PAGE_DAY),
        "dt_buying_power_multiple": undated(4.0, REQUIREMENTS, by=PAGE_DAY),
        "dt_call_days": undated(5, REQUIREMENTS, by=PAGE_DAY),
        "dt_open_call_restriction": undated("closing_only", REQUIREMENTS, by=PAGE_DAY),
        "dt_unmet_restriction": undated("cash_available", REQUIREMENTS, by=PAGE_DAY),
        "dt_cash_basis_days": undated(90, REQUIREMENTS, by=PAGE_DAY),
        "dt_deposit_hold_days": undated(2, REQUIREMENTS, by=PAGE_DAY),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The page is of 2020-05-14; its values are carried back from there.",
        "The day on which TradeStation left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "A call may be met by a sale, with consent, three times in 12 months; here only by deposits.",
        "Its page has the multiple of four apply to every day trade, leveraged funds included; the law's multiple of a fund is kept.",
        NO_WORDS,
    ),
    unknown=(
        *("switch_day", "pdt_check", "dtbp_check", "maintenance_call_days"),
        *(*NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
    ),
)
