"""SoFi: 30 %, and an intraday margin deficit measured against the previous close; one unmet restricts."""

from __future__ import annotations

from math import inf

from ..bands import Band
from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

_SUPPORT = "https://support.sofi.com/hc/en-us/articles"
UNDER_25K = firm_page("SoFi, pattern day trading under $25,000")
DAY_TRADE_CALL = firm_page(
    "SoFi, What if I exceed my Day Trade Buying Power?", f"{_SUPPORT}/360046060291-What-if-I-exceed-my-Day-Trade-Buying-Power"
)
MAINTENANCE = firm_page("SoFi, margin maintenance", f"{_SUPPORT}/17096436226701")
LEVEL = firm_page("SoFi, intraday margin level and deficit", f"{_SUPPORT}/46257256742541")
UNMET = firm_page("SoFi, unmet intraday margin deficit", f"{_SUPPORT}/46257432595085")

SOFI = Brokerage(
    name="sofi",
    title="SoFi",
    hosts=("support.sofi.com",),
    overrides={
        "switch_day": (Since(IMD_DAY, IMD_DAY, LEVEL),),
        "equity_test": undated("last_equity", UNDER_25K),
        "pdt_under_25k": undated("no_day_trades", UNDER_25K),
        "dt_multiple_under_call": undated(2.0, DAY_TRADE_CALL),
        "dt_aggregate_under_call": undated(True, DAY_TRADE_CALL),
        "dt_cash_basis_days": undated(90, DAY_TRADE_CALL),
        "maintenance_long_bands": undated((Band(inf, False, 0.30),), MAINTENANCE),
        "imd_call_days": (Since(IMD_DAY, 5, LEVEL),),
        "imd_valuation": (Since(IMD_DAY, "cost", LEVEL),),
        "practice_failures": (Since(IMD_DAY, 1, UNMET),),
        "imd_freeze_days": (Since(IMD_DAY, 90, UNMET),),
        "imd_freeze_restriction": (Since(IMD_DAY, "closing_only", UNMET),),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "A day-trade call is to be met in four business days, it says; counted from its issue that is the rule's fifth day, which is kept.",
        "A second day-trade call unmet during the 90 days leaves sales only for another 90; not simulated.",
        "Its intraday level is four times the excess of the previous close, used up dollar for dollar; here today's positions are taken at "
        "cost and charged with the 30 % too, so that a deficit comes a little earlier.",
        "Closing trades only after an unmet deficit last about 90 days, it says; here exactly.",
        "A deficit may be met by selling older positions three times in 12 months; here as often as it is done.",
        "One position of a quarter of the account with a loan above $100,000 requires more, by how much is not known; not simulated.",
        NO_WORDS,
    ),
    unknown=(
        *(
            "pdt_check",
            "dtbp_check",
            "maintenance_call_days",
            "maintenance_short_bands",
            "maintenance_leveraged_long",
            "concentration_rate",
        ),
        *("imd_call_minor", *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
    ),
)
