"""Interactive Brokers, as far as public pages say it: the opening order is refused, never the closing one."""

from __future__ import annotations

from datetime import date

from ..parameters.finra import IMD_DAY
from ..rulebook import Since
from ..sources import firm_page, known_by, not_carried_back, undated
from .brokerage import CASH_STRIKES, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

PDT_PAGES = firm_page("Interactive Brokers, Overview of Pattern Day Trading Rules and its FAQ", how="copy")
MARGIN_PAGES = firm_page("Interactive Brokers, US margin requirements", how="copy")
RESET_PAGE = firm_page("Interactive Brokers, Client Portal guide, PDT reset, 2026-06-03 (ibkrguides: supportpdtreset)", how="quotation")
REAL_TIME = firm_page(
    "IBKR Knowledge Base, Reg T margin: liquidation when excess liquidity is below zero", "https://ibkr.info/tag/reg-t-margin"
)
RATES = firm_page("Interactive Brokers, margin rates (2026-07-26), first tier, IBKR Pro", how="quotation")

IBKR = Brokerage(
    name="ibkr",
    title="Interactive Brokers",
    hosts=(
        "ibkr.info",
        "www.ibkrguides.com",
        "www.interactivebrokers.com",
    ),
    overrides={
        "pdt_check": undated("entry", PDT_PAGES),
        "equity_test": undated("last_equity", PDT_PAGES),
        "multiplier_policy": undated("equity", MARGIN_PAGES),
        "dt_unflagged_call": undated(False, PDT_PAGES),
        "minimum_equity_call": undated(False, PDT_PAGES),
        "maintenance_real_time": undated(True, REAL_TIME),
        "imd_call_days": (Since(IMD_DAY, 3, RESET_PAGE),),
        "practice_failures": (Since(IMD_DAY, 4, RESET_PAGE),),
        "practice_months": (Since(IMD_DAY, 12, RESET_PAGE),),
        "margin_interest_rate": not_carried_back(
            None,
            "the rate follows a benchmark and is known on single days only, so it is not carried back",
            known_by(date(2026, 7, 26), 0.0513, RATES),
        ),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "The day on which IBKR left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "IBKR tests every order in real time against its own margin (25 % long, 30 % short, initial like maintenance), in both regimes. That "
        "is likely closer to intraday_block=deficit than to buying_power; no page says so, so the bare rule's check is kept.",
        "Four times the excess at any equity from $2,000, before 2026-06-04 too: here only from $25,000 at the previous close.",
        "Its cap of a short leveraged fund at 100 % is not used: the law has none.",
        "IBKR reads equity at 16:15, adds later deposits and looks during the day too; here the previous close alone counts.",
        "IBKR lifts the designation once in 180 days; the account's set_flag and a history's flag event play it.",
        "There is no Fed call: from 15:50 to 17:20 SMA must not be negative, or positions are sold. Here the bare rule's Fed call is made.",
        "IBKR sells in real time when maintenance is broken: a backtest does so at the next bar, an audit only lists the call at the close.",
        "Higher requirements of large holdings, small companies and high-risk accounts are not simulated: Asset(maintenance=...).",
        "A freeze reaches every margin account of the customer's; here each account stands alone.",
        NO_WORDS,
    ),
    unknown=("switch_day", "imd_call_minor", "borrow_fee_rate", *CASH_STRIKES, *ORDER_CHECKS),
)
