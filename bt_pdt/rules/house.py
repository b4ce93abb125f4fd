"""What only brokerages set: how and when orders are checked, house surcharges, interest. The law's value is the neutral one.

A brokerage's own history replaces these and extends backwards before its first known day.
"""

from __future__ import annotations

from .finra import IMD_DAY
from .rulebook import INTRADAY, PDT, Parameter, Since, Source
from .sources import always, cited, reading

KNOW_THE_RULES = cited(
    "FINRA, Day-Trading Margin Requirements: Know the Rules",
    "https://www.finra.org/investors/learn-to-invest/advanced-investing/day-trading-margin-requirements-know-rules",
    "copy",
)
NO_LAW = reading("no rule asks for it; only a brokerage may set it")


def _house(
    name: str, unit: str, meaning: str, value: object, kind: type | None, *choices: str, source: Source = NO_LAW, regime: str | None = None
) -> Parameter:
    history = (Since(IMD_DAY, value, source),) if regime == INTRADAY else always(value, source)
    return Parameter(name, unit, meaning, history, kind, choices, regime, house=True)


_ORDER_CHECKS: tuple[Parameter, ...] = (
    _house(
        "pdt_check",
        "moment",
        "When orders are refused for the day-trade count: the opening one, the closing one, both, never, or never but with a warning.",
        "off",
        str,
        *("entry", "exit", "both", "off", "warn"),
        source=reading("the rule counts day trades after the fact; refusing an order for the count is a brokerage's choice"),
        regime=PDT,
    ),
    _house(
        "dtbp_check",
        "moment",
        "When orders are refused for day-trading buying power: the opening one, the closing one, both, or never.",
        "entry",
        str,
        *("entry", "exit", "both", "off"),
        source=reading("pattern day traders may not trade beyond their buying power, so the opening order is refused"),
        regime=PDT,
    ),
    _house(
        "equity_test",
        "moment",
        "Which equity the $25,000 test reads: the previous close's or the current one.",
        "last_equity",
        str,
        *("last_equity", "current"),
        source=reading("the rule says at all times; brokerages measure at the previous close"),
        regime=PDT,
    ),
    _house(
        "strict_entry",
        "yes/no",
        "Whether the count on entry also takes every position opened today as a day trade to come.",
        False,
        bool,
        source=reading("only executed and pending day trades count"),
        regime=PDT,
    ),
    _house(
        "count_unfillable_pending",
        "yes/no",
        "Whether pending orders that cannot fill today count as potential day trades.",
        True,
        bool,
        source=reading("a pending order counts whatever its hours"),
        regime=PDT,
    ),
    _house(
        "pdt_under_25k",
        "restriction",
        "What a pattern day trader under the minimum equity may not do: open anything, or only day trade.",
        "no_day_trades",
        str,
        *("liquidation_only", "no_day_trades"),
        source=KNOW_THE_RULES,
        regime=PDT,
    ),
    _house(
        "multiplier_policy",
        "policy",
        "Who gets the day-trading multiple: designated accounts with the minimum equity, or every account with it.",
        "flagged",
        str,
        *("flagged", "equity"),
        source=reading("the multiple belongs to designated pattern day traders"),
        regime=PDT,
    ),
    _house(
        "dtbp_by_requirement",
        "yes/no",
        "Whether an order uses day-trading buying power in proportion to its own requirement instead of dollar for dollar.",
        False,
        bool,
        source=reading("an order uses its value, dollar for dollar; only a leveraged fund is multiplied (dt_leveraged_etf_scaling)"),
        regime=PDT,
    ),
    _house(
        "intraday_block",
        "check",
        "What stops an opening order for intraday margin: a deficit it could make (charged by its requirement), four times the excess, nothing.",
        "buying_power",
        str,
        *("deficit", "buying_power", "none"),
        source=reading("the rule lets a brokerage refuse what makes a deficit, but asks it only to call for one"),
        regime=INTRADAY,
    ),
    _house(
        "order_shape_check",
        "yes/no",
        "Whether an order is refused for its shape: a bracket that closes, extended hours with anything but a simple limit, fractions.",
        False,
        bool,
    ),
    _house(
        "short_needs_easy_to_borrow",
        "yes/no",
        "Whether a stock that is hard to borrow cannot be sold short.",
        False,
        bool,
    ),
    _house(
        "flip_through_zero",
        "yes/no",
        "Whether one order may sell more than is held, or cover more than is short.",
        True,
        bool,
    ),
    _house(
        "wash_check",
        "yes/no",
        "Whether an order is refused because an opposite order in the same security is open.",
        False,
        bool,
    ),
    _house(
        "price_check",
        "yes/no",
        "Whether an order is refused for a sub-penny price or a stop or bracket price on the wrong side.",
        False,
        bool,
    ),
    _house(
        "market_order_collar",
        "yes/no",
        "Whether a market purchase is valued with the collar on top of the last price; a stop purchase always is.",
        False,
        bool,
    ),
    _house(
        "gtc_calendar_days",
        "calendar days",
        "Calendar days after which an order that is good till cancelled ends; none: it works until it is cancelled.",
        None,
        int,
    ),
    _house(
        "collar_threshold",
        "dollars",
        "Price from which the smaller collar applies to a stop or market purchase.",
        0.0,
        float,
    ),
    _house(
        "collar_below",
        "ratio",
        "How far above its price a stop or market purchase under collar_threshold is valued.",
        0.0,
        float,
    ),
    _house(
        "collar_from",
        "ratio",
        "How far above its price a stop or market purchase from collar_threshold on is valued.",
        0.0,
        float,
    ),
    _house(
        "short_valuation",
        "times",
        "How many times the price a short sale is valued at before it is filled.",
        1.0,
        float,
    ),
)

_SURCHARGES: tuple[Parameter, ...] = (
    _house(
        "concentration_share",
        "ratio",
        "Share of all holdings from which one security counts as concentrated.",
        None,
        float,
    ),
    _house(
        "concentration_debit",
        "dollars",
        "Margin loan from which concentration matters.",
        None,
        float,
    ),
    _house(
        "concentration_rate",
        "ratio",
        "Maintenance requirement of a concentrated security.",
        None,
        float,
    ),
    _house(
        "position_equity_ratio",
        "times",
        "A position worth more than this many times equity restricts the account to closing trades.",
        None,
        float,
    ),
)

_CALLS: tuple[Parameter, ...] = (
    _house(
        "maintenance_call_days",
        "business days",
        "Business days in which a maintenance call is to be met.",
        2,
        int,
        source=reading("no common due day is published; two business days"),
    ),
    _house(
        "maintenance_real_time",
        "yes/no",
        "Whether a broken maintenance requirement is called and sold out at once, during the session, instead of at its close.",
        False,
        bool,
        source=reading("requirements are judged at the end of the day; only a brokerage that watches in real time sells at once"),
    ),
    _house(
        "liquidation_order",
        "order",
        "Which position a brokerage sells first to cure a call: the largest, or the one with the largest loss.",
        "largest",
        str,
        *("largest", "losers"),
        source=reading("the agreements leave the choice to the brokerage; the largest position first"),
    ),
    _house(
        "dt_open_call_restriction",
        "restriction",
        "What an open day-trade call brings until it is due: twice the excess on the sum of the day (pattern day traders), closing trades "
        "only, no day trades (met, they resume after the next close). liquidation_only: closing trades only until it is met, due or not.",
        "buying_power_2x",
        str,
        *("buying_power_2x", "liquidation_only", "closing_only", "no_day_trades"),
        source=reading("the rule steps the multiple down to 2 on the aggregate; closing only is a brokerage's"),
        regime=PDT,
    ),
    _house(
        "dt_unmet_restriction",
        "restriction",
        "What a day-trade call unmet when due brings for dt_cash_basis_days: available cash only (pattern day traders) or closing trades only, "
        "until met; or no day trades, met or not. Nothing new where liquidation_only goes on.",
        "cash_available",
        str,
        *("cash_available", "closing_only", "no_day_trades"),
        source=reading("the rule has cash available only; closing trades only, or no day trades at all, is a brokerage's"),
        regime=PDT,
    ),
    _house(
        "margin_min_equity_call",
        "yes/no",
        "Whether equity under $2,000 with a debit or a short position is called; if not, it only bars new borrowing and short sales.",
        False,
        bool,
        source=reading("the rule bars new debits and shorts under $2,000; a call for the rest is a brokerage's"),
    ),
    _house(
        "fed_calls_before_restriction",
        "calls",
        "The Fed call that restricts the account: the third, say.",
        3,
        int,
        source=reading("three Fed calls restrict an account, as Alpaca's staff answer says; no rule gives a number"),
    ),
    _house(
        "fed_call_window_months",
        "months",
        "Rolling months in which Fed calls add up.",
        12,
        int,
        source=reading("Fed calls add up over twelve months; no period is published"),
    ),
    _house(
        "fed_restriction_days",
        "calendar days",
        "How long too many Fed calls hold an account to closing trades, counted from the last call's issue day.",
        90,
        int,
        source=reading("ninety days, as Alpaca's staff answer says; no rule gives a number"),
    ),
    _house(
        "minimum_equity_call",
        "yes/no",
        "Whether a pattern day trader under the minimum equity gets a call for the rest.",
        True,
        bool,
        source=reading("brokerages call for the missing equity; the rule only stops day trading"),
        regime=PDT,
    ),
    _house(
        "practice_failures",
        "failures",
        "Deficits left unmet that make a practice, and so freeze the account.",
        2,
        int,
        source=reading("the rule says a practice, without a number; once is not a practice, twice is"),
        regime=INTRADAY,
    ),
    _house(
        "practice_months",
        "months",
        "Rolling months in which unmet deficits add up to a practice.",
        12,
        int,
        source=reading("twelve months, as the brokerages that publish a number count"),
        regime=INTRADAY,
    ),
    _house(
        "imd_valuation",
        "price",
        "How the intraday margin level values positions: at the current mark, or at cost and the previous close.",
        "mark",
        str,
        *("mark", "cost"),
        source=reading("a brokerage that watches in real time marks to market"),
        regime=INTRADAY,
    ),
    _house(
        "imd_basis",
        "rates",
        "Which rates the intraday margin level is measured with: the brokerage's maintenance rates, or the rule's (25 %, d for the rest).",
        "house",
        str,
        *("house", "law"),
        source=reading("one set of rates for the deficit and for buying power"),
        regime=INTRADAY,
    ),
    _house(
        "imd_order",
        "order",
        "In which order a day's transactions are taken for its deficit: as they happened, or the worst (all that lower the level first).",
        "time",
        str,
        *("time", "worst"),
        source=reading("a brokerage with time stamps takes them as they happened; one that cannot show the order must assume the worst"),
        regime=INTRADAY,
    ),
    _house(
        "imd_deposits_first",
        "yes/no",
        "Whether a day's deposits and withdrawals count as made right after the start of the day.",
        False,
        bool,
        source=reading("the rule permits it; off unless a brokerage says so"),
        regime=INTRADAY,
    ),
    _house(
        "imd_closings_first",
        "yes/no",
        "Whether closing what was held at the start of the day counts as done right after the start of the day.",
        False,
        bool,
        source=reading("the rule permits it; off unless a brokerage says so"),
        regime=INTRADAY,
    ),
    _house(
        "imd_gains_count",
        "yes/no",
        "Whether a rise of the margin level by the market counts towards meeting a deficit, or deposits and closing trades only.",
        False,
        bool,
        source=reading("the customer must have deposited or otherwise caused the increase; a rise in price is not the customer's doing"),
        regime=INTRADAY,
    ),
    _house(
        "near_maintenance_move",
        "ratio",
        "An accepted order earns a word of advice when an adverse move of this share would reach a maintenance call.",
        0.05,
        float,
        source=reading("five per cent, a hard day; ours alone, no brokerage's"),
    ),
)

_COSTS: tuple[Parameter, ...] = (
    _house("margin_interest_rate", "ratio a year", "Interest on the settled debit balance.", None, float),
    _house(
        "interest_day_count",
        "days a year",
        "Days by which a year's interest is divided.",
        360,
        int,
        source=reading("the money market's year of 360 days; without effect while there is no rate"),
    ),
    _house("borrow_fee_rate", "ratio a year", "Fee on the market value of easy-to-borrow stock held short.", None, float),
)

PARAMETERS: tuple[Parameter, ...] = _ORDER_CHECKS + _SURCHARGES + _CALLS + _COSTS
