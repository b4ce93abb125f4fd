"""tastytrade: counts changes of direction; a pattern day trader under $25,000 may only close."""

from __future__ import annotations

from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

_SUPPORT = "https://support.tastyworks.com/support/solutions/articles"
COUNTING = firm_page("tastytrade, Pattern Day Trading Rules", f"{_SUPPORT}/43000435357")
PDT_HELP = firm_page(
    "tastytrade, What is Pattern Day Trading and why did I get an Equity Maintenance Call?",
    f"{_SUPPORT}/43000435180-what-is-pattern-day-trading-pdt-and-why-did-i-get-an-equity-maintenance-call-em-",
)
DAY_TRADE_CALL = firm_page("tastytrade, What is a Day Trade Call (DT)?", f"{_SUPPORT}/43000435209-what-is-a-day-trade-call-dt-")
ADOPTION = firm_page("tastytrade on the intraday margin rule (2026)", how="quotation")

TASTYTRADE = Brokerage(
    name="tastytrade",
    title="tastytrade",
    hosts=("support.tastyworks.com",),
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, ADOPTION),),
        "counting_method": undated("direction", COUNTING),
        "equity_test": undated("last_equity", PDT_HELP),
        "pdt_under_25k": undated("liquidation_only", PDT_HELP),
        "minimum_equity_call": undated(True, PDT_HELP),
        "dtbp_check": undated("off", DAY_TRADE_CALL),
        "dt_call_days": undated(5, DAY_TRADE_CALL),
        "dt_unmet_restriction": undated("closing_only", DAY_TRADE_CALL),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "Day-trading buying power does not stop orders: exceeding it makes a day-trade call.",
        "Its page equates that power with the options buying power of the previous close, which is the excess itself; four times it for stock "
        "is the law's figure.",
        "A day-trade call is due on the next day while another is past due; here every call has five days. Unmet it may end in 90 days of "
        "closing trades only; here it always does.",
        "The designation is lifted once in 90 days on request; set_flag and a flag event play it.",
        "From 2026-06-04 orders need positive buying power; how a deficit is measured, when it is due and how many freeze is not published.",
        "A cash account also free rides when a deposit bounces after a round trip; deposits do not bounce here.",
        NO_WORDS,
    ),
    unknown=("maintenance_call_days", *NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
)
