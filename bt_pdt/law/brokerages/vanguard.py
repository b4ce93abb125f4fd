"""Vanguard: what its page says of cash accounts; the bare law for the rest."""

from __future__ import annotations

from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

PENALTIES = firm_page(
    "Vanguard, Trading violations and penalties", "https://investor.vanguard.com/investing/online-trading/trading-penalties"
)

VANGUARD = Brokerage(
    name="vanguard",
    title="Vanguard",
    hosts=("investor.vanguard.com",),
    overrides={
        "freeride_strikes": undated(1, PENALTIES),
        "regt_cash_freeze_days": undated(90, PENALTIES),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "Only its cash accounts are sourced; a margin account is the bare rule's.",
        "Free riding: a purchase paid, if only in part, by its own sale. The numbers of its other two violations are cut off in the copies read.",
        NO_WORDS,
    ),
    unknown=(
        *("switch_day", "pdt_check", "dtbp_check", "equity_test", "pdt_under_25k", "maintenance_call_days"),
        *(*NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
    ),
)
