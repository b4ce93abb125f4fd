"""The parameters of a day as typed attributes. Written by docs/make_rules.py from the rulebook: do not edit."""

from __future__ import annotations

from datetime import date
from typing import Literal

from .bands import Band, ShortBand


class Values:
    """A typed attribute for each parameter of the rulebook.

    A parameter of one regime is None on the days of the other, and its type here is that of its own regime: ask ``regime`` first.
    """

    regt_initial_long: float
    """Share of a marginable purchase that must be paid with the account's own money. (ratio)"""
    regt_initial_short: float
    """Share of a short sale that must be put up on top of the sale's proceeds (the 150 % of the regulation). (ratio)"""
    regt_initial_non_marginable: float
    """Share of a purchase of a non-marginable security that must be paid with the account's own money. (ratio)"""
    regt_buying_power_multiple: float
    """Dollars of fully marginable stock that one dollar of Reg T excess buys and holds overnight. (times)"""
    regt_payment_days: int
    """Business days after the trade date on which a Fed call is due: the settlement cycle and two more. (business days)"""
    regt_de_minimis: float
    """A Fed call at or under this amount asks for no action. (dollars)"""
    regt_cash_freeze_days: int
    """How long a cash account that sold a security before paying for it must buy with funds on hand, counted from the sale. (calendar
    days)"""
    settlement_days: int
    """Days from trade to settlement on the settlement calendar. (settlement days)"""
    freeride_strikes: int
    """Purchases paid by their own sale after which a cash account is frozen. (violations)"""
    gfv_strikes: int
    """Good faith violations after which a cash account may buy with settled cash only, for cash_restriction_days. (violations)"""
    gfv_same_day_strikes: int | None
    """The same for those whose purchase was of the day of its sale; none: they count as all others do. (violations)"""
    gfv_settled_strikes: int | None
    """Good faith violations after which a cash account may buy with settled cash only, until so many no longer add up; none: there is no
    such step. (violations)"""
    gfv_closing_strikes: int | None
    """Good faith violations after which a cash account may only close positions, for good; none: there is no such step. (violations)"""
    freeride_cured_is_gfv: bool
    """Whether a purchase sold before it was paid for, and paid in full within the payment period, is a good faith violation. (yes/no)"""
    cash_liquidation_strikes: int
    """Cash liquidation violations after which a cash account may buy with settled cash only. (violations)"""
    gfv_window_months: int
    """Rolling months in which good faith violations add up. (months)"""
    cash_restriction_days: int
    """How long a cash account with too many good faith violations is held to settled cash. (calendar days)"""
    cash_restriction_from: Literal["violation", "due_day"]
    """The day from which a cash account's restriction counts: of the violation (of free riding: of the sale), or on which the purchase
    was due. (day)"""
    switch_day: date
    """First day on which the brokerage applies the intraday margin rules instead of the pattern day trader rules. (date)"""
    imd_effective: date
    """First day on which a brokerage may apply the intraday margin rules. (date) Under the intraday margin rules."""
    imd_phase_in_end: date
    """Day by which every brokerage has left the pattern day trader rules. (date) Under the intraday margin rules."""
    pdt_day_trades_threshold: int
    """Day trades in the window that make a pattern day trader. (day trades) Under the pattern day trader rules."""
    pdt_window_business_days: int
    """Business days, today included, in which day trades add up. (business days) Under the pattern day trader rules."""
    pdt_exempt_ratio: float
    """Day trades at or under this share of all trades in the window make no pattern day trader. (ratio) Under the pattern day trader
    rules."""
    six_percent_clause: bool
    """Whether the share of day trades in all trades can spare an account the designation. (yes/no) Under the pattern day trader rules."""
    pdt_min_equity: float
    """Equity under which a pattern day trader may not day trade. (dollars) Under the pattern day trader rules."""
    counting_method: Literal["direction", "opening_fifo", "opening_lifo"]
    """How day trades are counted: by changes of direction, or by opening transactions matched first-in or last-in. (method) Under the
    pattern day trader rules."""
    pdt_flag_removals: int
    """How often the brokerage may take the pattern day trader designation off an account. (times) Under the pattern day trader rules."""
    dt_buying_power_multiple: float
    """Day-trading buying power is this many times the previous close's maintenance excess. (times) Under the pattern day trader rules."""
    dt_special_maintenance: float
    """Margin required on the cost of a day's day trades. (ratio) Under the pattern day trader rules."""
    dt_call_ratio: float
    """Share of the day-traded amount above day-trading buying power that the day-trade call asks for. (ratio) Under the pattern day
    trader rules."""
    dt_call_days: int
    """Business days to meet a day-trade call. (business days) Under the pattern day trader rules."""
    initial_covers_short_maintenance: bool
    """Whether a short sale needs at least its maintenance margin, per-share floors included, as initial margin. (yes/no)"""
    dt_unflagged_call: bool
    """Whether an account that is no pattern day trader gets a day-trade call for day trades above the multiple too. (yes/no) Under the
    pattern day trader rules."""
    dt_multiple_under_call: float
    """The day-trading multiple while a day-trade call is open. (times) Under the pattern day trader rules."""
    dt_aggregate_under_call: bool
    """Whether the sum of the day's day trades counts while a call is open, instead of the highest open amount. (yes/no) Under the
    pattern day trader rules."""
    dt_cash_basis_days: int
    """How long an account with an unmet day-trade call trades with cash available only. (calendar days) Under the pattern day trader
    rules."""
    dt_deposit_hold_days: int
    """Full business days after its day that a deposit for day trading must stay. (business days) Under the pattern day trader rules."""
    dt_cross_guarantee: bool
    """Whether another account's guarantee counts for the day-trading requirements. (yes/no) Under the pattern day trader rules."""
    dt_leveraged_etf_scaling: bool
    """Whether a leveraged fund uses day-trading and intraday buying power times its leverage, long and short. (yes/no)"""
    margin_min_equity: float
    """Equity under which there is no borrowing and no short selling. (dollars)"""
    maintenance_long_bands: tuple[Band, ...]
    """Maintenance requirement of long stock by price. (bands by price)"""
    maintenance_law_rate: float
    """The rule's own maintenance rate of long stock, which a fund's leverage multiplies whatever the brokerage's bands. (ratio)"""
    maintenance_short_bands: tuple[ShortBand, ...]
    """Maintenance requirement of short stock by price: the larger of dollars a share and share of market value. (bands by price)"""
    maintenance_leveraged_scaling: bool
    """Whether a leveraged fund's maintenance requirement is multiplied by its leverage. (yes/no)"""
    maintenance_leveraged_long: tuple[tuple[float, float], ...] | None
    """A brokerage's own requirements of long leveraged funds by leverage; none: the ordinary rate times the leverage. (rates by
    leverage)"""
    maintenance_leveraged_cap: float
    """The most that a long leveraged fund can require. (ratio)"""
    maintenance_leveraged_short_rate: float
    """Requirement of a short leveraged fund for each unit of leverage, without a cap. (ratio)"""
    maintenance_non_marginable: float
    """Maintenance requirement of a non-marginable security held long. (ratio)"""
    maintenance_call_outer_days: int
    """The most that the rule lets a maintenance call stand open without an extension. (business days)"""
    intraday_multiple: float
    """Dollars of ordinary stock that one dollar of the intraday margin level buys. (times) Under the intraday margin rules."""
    imd_call_days: int
    """Business days in which the brokerage asks for an intraday margin deficit to be met. (business days) Under the intraday margin
    rules."""
    imd_prompt_days: int
    """Business days after which an unmet deficit counts as a failure and can freeze the account. (business days) Under the intraday
    margin rules."""
    imd_expiry_days: int
    """Business days after which an unmet deficit is no longer outstanding. (business days) Under the intraday margin rules."""
    imd_freeze_days: int
    """How long a frozen account may neither create nor increase a debit or a short position. (calendar days) Under the intraday margin
    rules."""
    imd_minor_ratio: float
    """A deficit is minor up to this share of equity, if also within imd_minor_limit. (ratio) Under the intraday margin rules."""
    imd_minor_limit: float
    """A deficit is minor up to this amount, if also within imd_minor_ratio of equity. (dollars) Under the intraday margin rules."""
    imd_call_minor: bool
    """Whether a minor deficit is called too. (yes/no) Under the intraday margin rules."""
    imd_pm_threshold: float
    """Equity under which a portfolio margin account needs intraday margin too. (dollars) Under the intraday margin rules."""
    pdt_check: Literal["entry", "exit", "both", "off", "warn"]
    """When orders are refused for the day-trade count: the opening one, the closing one, both, never, or never but with a warning.
    (moment) Under the pattern day trader rules."""
    dtbp_check: Literal["entry", "exit", "both", "off"]
    """When orders are refused for day-trading buying power: the opening one, the closing one, both, or never. (moment) Under the pattern
    day trader rules."""
    equity_test: Literal["last_equity", "current"]
    """Which equity the $25,000 test reads: the previous close's or the current one. (moment) Under the pattern day trader rules."""
    strict_entry: bool
    """Whether the count on entry also takes every position opened today as a day trade to come. (yes/no) Under the pattern day trader
    rules."""
    count_unfillable_pending: bool
    """Whether pending orders that cannot fill today count as potential day trades. (yes/no) Under the pattern day trader rules."""
    pdt_under_25k: Literal["liquidation_only", "no_day_trades", "cash_available"]
    """What a pattern day trader under the minimum equity may not do: open anything, day trade, or day trade and spend more than the
    day's starting cash. (restriction) Under the pattern day trader rules."""
    pdt_flag_days: int | None
    """Calendar days after which the pattern day trader designation ends by itself, counted from the day after it was set; none: it
    stays. (calendar days) Under the pattern day trader rules."""
    multiplier_policy: Literal["flagged", "equity"]
    """Who gets the day-trading multiple: designated accounts with the minimum equity, or every account with it. (policy) Under the
    pattern day trader rules."""
    dtbp_by_requirement: bool
    """Whether an order uses day-trading buying power in proportion to its own requirement instead of dollar for dollar. (yes/no) Under
    the pattern day trader rules."""
    intraday_block: Literal["deficit", "buying_power", "none"]
    """What stops an opening order for intraday margin: a deficit it could make (charged by its requirement), four times the excess,
    nothing. (check) Under the intraday margin rules."""
    order_shape_check: bool
    """Whether an order is refused for its shape: a bracket that closes, extended hours with anything but a simple limit, fractions.
    (yes/no)"""
    cash_unsettled_usable: bool
    """Whether a cash account may buy with proceeds of sales before they settle. (yes/no)"""
    short_selling: bool
    """Whether a brokerage lets anyone sell short. (yes/no)"""
    short_needs_easy_to_borrow: bool
    """Whether a stock that is hard to borrow cannot be sold short. (yes/no)"""
    flip_through_zero: bool
    """Whether one order may sell more than is held, or cover more than is short. (yes/no)"""
    wash_check: bool
    """Whether an order is refused because an opposite order in the same security is open. (yes/no)"""
    price_check: bool
    """Whether an order is refused for a sub-penny price or a stop or bracket price on the wrong side. (yes/no)"""
    market_order_collar: bool
    """Whether a market purchase is valued with the collar on top of the last price; a stop purchase always is. (yes/no)"""
    gtc_calendar_days: int | None
    """Calendar days after which an order that is good till cancelled ends; none: it works until it is cancelled. (calendar days)"""
    collar_threshold: float
    """Price from which the smaller collar applies to a stop or market purchase. (dollars)"""
    collar_below: float
    """How far above its price a stop or market purchase under collar_threshold is valued. (ratio)"""
    collar_from: float
    """How far above its price a stop or market purchase from collar_threshold on is valued. (ratio)"""
    short_valuation: float
    """How many times the price a short sale is valued at before it is filled. (times)"""
    concentration_share: float | None
    """Share of all holdings from which one security counts as concentrated. (ratio)"""
    concentration_debit: float | None
    """Margin loan from which concentration matters. (dollars)"""
    concentration_rate: float | None
    """Maintenance requirement of a concentrated security. (ratio)"""
    position_equity_ratio: float | None
    """A position worth more than this many times equity restricts the account to closing trades. (times)"""
    maintenance_call_days: int
    """Business days in which a maintenance call is to be met. (business days)"""
    maintenance_real_time: bool
    """Whether a broken maintenance requirement is called and liquidated at once, during the session, instead of at its close. (yes/no)"""
    liquidation_order: Literal["largest", "losers"]
    """Which position a brokerage sells first to cure a call: the largest, or the one with the largest loss. (order)"""
    dt_open_call_restriction: Literal["buying_power_2x", "liquidation_only", "closing_only", "no_day_trades"]
    """What an open day-trade call brings until it is due: twice the excess on the sum of the day (pattern day traders), closing trades
    only, no day trades (met, they resume after the next close). liquidation_only: closing trades only until it is met, due or not.
    (restriction) Under the pattern day trader rules."""
    dt_unmet_restriction: Literal["cash_available", "closing_only", "no_day_trades"]
    """What a day-trade call unmet when due brings for dt_cash_basis_days: available cash only (pattern day traders) or closing trades
    only, until met; or no day trades, met or not. Nothing new where liquidation_only goes on. (restriction) Under the pattern day
    trader rules."""
    margin_min_equity_call: bool
    """Whether equity under $2,000 with a debit or a short position is called; if not, it only bars new borrowing and short sales.
    (yes/no)"""
    fed_calls_before_restriction: int
    """The Fed call that restricts the account: the third, say. (calls)"""
    fed_call_window_months: int
    """Rolling months in which Fed calls add up. (months)"""
    fed_restriction_days: int
    """How long too many Fed calls hold an account to closing trades, counted from the last call's issue day. (calendar days)"""
    minimum_equity_call: bool
    """Whether a pattern day trader under the minimum equity gets a call for the rest. (yes/no) Under the pattern day trader rules."""
    practice_failures: int
    """Deficits left unmet that make a practice, and so freeze the account. (failures) Under the intraday margin rules."""
    practice_months: int
    """Rolling months in which unmet deficits add up to a practice. (months) Under the intraday margin rules."""
    imd_freeze_restriction: Literal["ninety_day_freeze", "closing_only"]
    """What unmet deficits bring for imd_freeze_days: no new debit and no new short position, or closing trades only. (restriction) Under
    the intraday margin rules."""
    imd_valuation: Literal["mark", "cost"]
    """How the intraday margin level values positions: at the current mark, or at cost and the previous close. (price) Under the intraday
    margin rules."""
    imd_basis: Literal["house", "law"]
    """Which rates the intraday margin level is measured with: the brokerage's maintenance rates, or the rule's (25 %, d for the rest).
    (rates) Under the intraday margin rules."""
    imd_order: Literal["time", "worst"]
    """In which order a day's transactions are taken for its deficit: as they happened, or the worst (all that lower the level first).
    (order) Under the intraday margin rules."""
    imd_deposits_first: bool
    """Whether a day's deposits and withdrawals count as made right after the start of the day. (yes/no) Under the intraday margin rules."""
    imd_closings_first: bool
    """Whether closing what was held at the start of the day counts as done right after the start of the day. (yes/no) Under the intraday
    margin rules."""
    imd_gains_count: bool
    """Whether a rise of the margin level by the market counts towards meeting a deficit, or deposits and closing trades only. (yes/no)
    Under the intraday margin rules."""
    near_maintenance_move: float
    """An accepted order earns a word of advice when an adverse move of this share would reach a maintenance call. (ratio)"""
    margin_interest_rate: float | None
    """Interest on the settled debit balance. (ratio a year)"""
    interest_day_count: int
    """Days by which a year's interest is divided. (days a year)"""
    borrow_fee_rate: float | None
    """Fee on the market value of easy-to-borrow stock held short. (ratio a year)"""
