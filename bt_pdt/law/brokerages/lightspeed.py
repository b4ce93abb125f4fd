"""Lightspeed: counts opening transactions; maintenance calls are due on the third day."""

from __future__ import annotations

from datetime import date

from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, known_by, not_carried_back, undated
from .brokerage import CASH_STRIKES, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

MARGIN_PAGE = firm_page("Lightspeed, Margin", how="copy")
MARGIN_CALLS = firm_page("Lightspeed, Margin Calls", "https://www.lightspeed.com/trading/margin-calls")
RATES = firm_page("Lightspeed, margin rates (2023-07-27), to $50,000")
ADOPTION = firm_page("Lightspeed on the intraday margin rule (2026)", how="quotation")

LIGHTSPEED = Brokerage(
    name="lightspeed",
    title="Lightspeed",
    hosts=("www.lightspeed.com",),
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, ADOPTION),),
        "counting_method": undated("opening_fifo", MARGIN_PAGE),
        "pdt_window_business_days": undated(5, MARGIN_PAGE),
        "dt_call_days": undated(5, MARGIN_CALLS),
        "dt_deposit_hold_days": undated(2, MARGIN_CALLS),
        "maintenance_call_days": undated(3, MARGIN_CALLS),
        "margin_interest_rate": not_carried_back(
            None, "the rate is known on one day only, so it is not carried back", known_by(date(2023, 7, 27), 0.1225, RATES)
        ),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "That it counts by opening transactions is its page's; that they are matched first in, first out is our reading.",
        "A maintenance call is due on the next day while equity is under 20 %; here always on the third.",
        "A further violation while an account is restricted for 90 days leaves closing trades only; not simulated.",
        "Interest falls with the size of the loan: 12.25 % to $50,000, 10 % above $1,000,000 on 2023-07-27; here the first rate alone.",
        "The designation is lifted once, 30 days after the last day trade; set_flag and a flag event play it.",
        NO_WORDS,
    ),
    unknown=(
        *("pdt_check", "dtbp_check", "equity_test", "pdt_under_25k", "borrow_fee_rate"),
        *(*NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS),
    ),
)
