"""moomoo: no day trade under $25,000 at the start of the day; day-trade calls for designated accounts only."""

from __future__ import annotations

from ..sources import firm_page, undated
from .brokerage import CASH_STRIKES, COSTS, HOUSE_RATES, NEW_TERMS, NO_DAYS, NO_WORDS, ORDER_CHECKS, Brokerage
from .finra import PLAIN_WORDS

MARKED = firm_page("moomoo, Steps To Take If Marked as PDT", "https://www.moomoo.com/us/support/topic4_6")

MOOMOO = Brokerage(
    name="moomoo",
    title="moomoo",
    hosts=("www.moomoo.com",),
    overrides={
        "equity_test": undated("last_equity", MARKED),
        "pdt_under_25k": undated("no_day_trades", MARKED),
        "minimum_equity_call": undated(True, MARKED),
        "dt_buying_power_multiple": undated(4.0, MARKED),
        "dt_multiple_under_call": undated(2.0, MARKED),
        "dt_unflagged_call": undated(False, MARKED),
        "dt_call_days": undated(5, MARKED),
        "dt_unmet_restriction": undated("closing_only", MARKED),
    },
    wire=PLAIN_WORDS,
    notes=(
        NO_DAYS,
        "The day on which moomoo left the old rules is not published; the law's first day is taken, switch_day sets another.",
        "An older version of its page lets an account under $25,000 open nothing at all, at once; the newer one bars day trades, and closing "
        "trades only follow a further day trade. Here the day trade is refused.",
        "Equity is looked at once a day, at 20:00; here at the close.",
        "The warning before a fourth day trade is the customer's option: pdt_check=warn; in an older version it refused: pdt_check=entry.",
        "The designation is lifted once, if no day-trade call is unmet; set_flag and a flag event play it.",
        NO_WORDS,
    ),
    unknown=("switch_day", "dtbp_check", "maintenance_call_days", *NEW_TERMS, *HOUSE_RATES, *CASH_STRIKES, *ORDER_CHECKS, *COSTS),
)
