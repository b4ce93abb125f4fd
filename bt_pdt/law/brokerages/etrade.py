"""E*TRADE from Morgan Stanley: left the old rules on 2026-06-09; cash violations restrict from their due day."""

from __future__ import annotations

from datetime import date

from ..rulebook import Since
from ..sources import firm_page, known_by, undated
from .brokerage import COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

CASH_2017 = firm_page(
    "E*TRADE, Understanding cash substitution and freeride violations (2017-10-18)",
    "https://us.etrade.com/knowledge/education/stocks/margin-lending/understanding-cash-accounts-violations",
)
CASH_2019 = firm_page("E*TRADE, Understanding cash account violations (2019-10-07)", how="copy")
ADOPTION = firm_page("E*TRADE, PDT rule change (2026)", how="quotation")
PAGE_2017, PAGE_2019, SWITCH_DAY = date(2017, 10, 18), date(2019, 10, 7), date(2026, 6, 9)

ETRADE = Brokerage(
    name="etrade",
    title="E*TRADE from Morgan Stanley",
    hosts=("us.etrade.com",),
    overrides={
        "switch_day": (Since(SWITCH_DAY, SWITCH_DAY, ADOPTION),),
        "gfv_strikes": (known_by(PAGE_2017, 4, CASH_2017), known_by(PAGE_2019, 3, CASH_2019, not_before=PAGE_2017)),
        "freeride_strikes": undated(1, CASH_2017, by=PAGE_2017),
        "gfv_window_months": undated(12, CASH_2017, by=PAGE_2017),
        "cash_restriction_days": undated(90, CASH_2017, by=PAGE_2017),
        "cash_restriction_from": undated("due_day", CASH_2017, by=PAGE_2017),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "A pattern day trader under $25,000 who day trades before the call is met is held to cash for 90 days or until it is met; here day "
        "trades alone are barred, while it lasts.",
        "The designation stays though no day trades follow; the terms of an exception are not known.",
        "A liquidation strike of a cash account is counted; how many restrict is not known.",
        "Interest was about 11 to 13 % by size of the loan about 2025; its days are not known, so none is charged.",
        NO_WORDS,
    ),
    unknown=(
        *("pdt_check", "dtbp_check", "equity_test", "pdt_under_25k", "maintenance_call_days", "cash_liquidation_strikes"),
        *(*NEW_TERMS, *HOUSE_RATES, *ORDER_CHECKS, *COSTS),
    ),
)
