"""Interactive Brokers, as far as public pages say it: the opening order is refused, never the closing one."""

from __future__ import annotations

from datetime import date

from ..rules.rulebook import Since
from ..rules.sources import FIRST_DAY, cited
from .brokerage import Brokerage
from .finra import PLAIN_WORDS

POTENTIAL_PDT = cited(
    "Darwinex help, Potential pattern day trader in IBKR", "https://help.darwinex.com/potential-pattern-day-trader-in-ibkr"
)
PDT_PAGES = cited("IBKR pattern day trader pages (copy)", "https://royaltrade.exchange")
PORTAL_2026 = cited("IBKR portal page of 2026-06-03 (read in transcription)")
REAL_TIME = cited("IBKR Reg T margin, liquidation when excess liquidity is below zero (copy)", "https://ibkr.info/tag/reg-t-margin")
IMD_DAY = date(2026, 6, 4)

IBKR = Brokerage(
    name="ibkr",
    title="Interactive Brokers",
    overrides={
        "pdt_check": (Since(FIRST_DAY, "entry", POTENTIAL_PDT),),
        "equity_test": (Since(FIRST_DAY, "last_equity", PDT_PAGES),),
        "maintenance_real_time": (Since(FIRST_DAY, True, REAL_TIME),),
        "imd_call_days": (Since(IMD_DAY, 3, PORTAL_2026),),
        "practice_failures": (Since(IMD_DAY, 4, PORTAL_2026),),
        "practice_months": (Since(IMD_DAY, 12, PORTAL_2026),),
    },
    wire=PLAIN_WORDS,
    notes=(
        "The pages carry no day: their values are put on the rulebook's first day.",
        "The day on which IBKR left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "IBKR reads equity at 16:15, adds later deposits and looks during the day too; here the previous close alone counts.",
        "IBKR lifts the designation once in 180 days; here pdt_flag_removals is the rule's single removal.",
        "IBKR sells in real time when maintenance is broken: a backtest does so at the next bar, an audit only lists the call at the close.",
        "The words of its refusals are not sourced: they are the bare rule's.",
    ),
)
