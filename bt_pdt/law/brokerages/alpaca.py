"""Alpaca: parameters and refusals as its documentation, its staff and its users' logs show them."""

from __future__ import annotations

from datetime import date
from math import inf

from ...core.decisions import Reason
from ..bands import Band
from ..rulebook import Since, Source
from ..sources import FIRST_DAY, cited, known_by, not_carried_back, reading
from .brokerage import Brokerage, Wire

IMD_DAY = date(2026, 6, 4)


def _commit(what: str, commit: str) -> Source:
    return cited(f"Alpaca documentation, {what}", f"https://github.com/alpacahq/user-docs/commit/{commit}")


def _docs(what: str, path: str) -> Source:
    return cited(f"Alpaca documentation, {what}", f"https://github.com/alpacahq/alpaca-docs/blob/2080c5e/{path}")


PDT_2018 = cited("Alpaca, Pattern Day Trader Protection (2018)", "https://docs.alpaca.markets/broker-functions/pdt-protection/")
FORUM_30K = cited(
    "Alpaca forum: I have $30k, yet Pattern Day Trading Protection is occuring (staff answer)",
    "https://forum.alpaca.markets/t/i-have-30k-yet-pattern-day-trading-protection-is-occuring/7699",
)
USER_PROTECTION = cited("Alpaca, User Protection", "https://docs.alpaca.markets/docs/user-protection")
MARGIN_2026 = cited("Alpaca, Margin and Short Selling (2026-09-17)", "https://docs.alpaca.markets/us/docs/margin-and-short-selling")
INTRADAY_2026 = cited("Alpaca, The Intraday Margin Rule (2026-04-27)", "https://docs.alpaca.markets/us/docs/the-intraday-margin-rule")
V2_NOTES = _docs("Trading API notes", "content/api-references/trading-api/_index.md")
ORDERS = _docs("orders", "content/trading/orders.md")
MARGIN_2022 = _docs("margin and short selling", "content/trading/margin-and-shorting.md")

MARGIN_V2 = _commit("margin and shorting (2019-04-09)", "d45d973")
MARGIN_TABLE_2019 = _commit("margin table and market order collar (2019-05-08)", "17f828a")
LAST_EQUITY_2019 = _commit("user protections (2019-07-31)", "6adf0f7")
ON_EXIT_2019 = _commit("user protections (2019-08-01)", "ed9676a")
DTMC_2019 = _commit("DTMC protection (2019-08-01, from 2019-08-05)", "163b0aa")
SHORT_VALUE_2019 = _commit("buying power of short sales (2019-08-23)", "155650a")
LEVERAGED_2020 = _commit("leveraged funds (2020-11-09)", "f0ece15")
RATIO_2021 = _commit("equity/order ratio check (2021-06-30)", "c583645")
RATE_2022_08 = cited("Alpaca documentation, margin rate (2022-08-01)", "https://github.com/alpacahq/alpaca-docs/commit/28072b2")
RATE_2022_09 = cited("Alpaca documentation, margin rate (2022-09-23)", "https://github.com/alpacahq/alpaca-docs/commit/9262cb7")

PAGES_2026_01 = cited("Alpaca, Margin and Short Selling (2026-01-23)", "https://docs.alpaca.markets/docs/margin-and-short-selling")
ORDERS_2026_01 = cited("Alpaca, Placing Orders (2026-01-23)", "https://docs.alpaca.markets/docs/orders-at-alpaca")
REQUIREMENTS = cited(
    "Alpaca Broker API, asset entry requirements: dtbp_long 0.25, dtbp_short 0.3",
    "https://docs.alpaca.markets/reference/get-v1-assets-entry-requirements",
)
BLOCKING = cited(
    "Alpaca, FINRA retires the PDT rule: orders that would make a deficit are refused",
    "https://alpaca.markets/blog/finra-retires-the-pdt-rule-introducing-alpacas-new-intraday-margin-framework/",
)
LAW_LEVEL = reading(
    "the table of 30 % is headed overnight, so a deficit is measured with the rule's rates: 25 %, an order's own rate for the rest"
)
LOCATES = cited("Alpaca, Hard-to-borrow locates in the Trading API (2026-06-24)", "https://alpaca.markets/blog/htb-trading-api-locates")
ERRORS_2026_03 = cited(
    "Alpaca, How to fix common trading API errors (2026-03-04)",
    "https://alpaca.markets/learn/how-to-fix-common-trading-api-errors-at-alpaca",
)
_TABLE_2019 = (Band(2.50, False, 1.00), Band(inf, False, 0.30))
_TABLE_2026 = (Band(2.50, False, 1.00), Band(6.00, True, 0.50), Band(inf, False, 0.30))
_NOT_BACK = "a check that Alpaca introduced is not carried back before its first known day"
#: The first day on which Alpaca's present pages were read, and the last on which the ones before them were: what they changed lies between.
CRAWL, LAST_2023 = date(2026, 1, 23), date(2023, 1, 31)
_RATE_MODEL = reading(
    "upper bound of the Fed's target + 3.00, from 2024-09-19 + 2.50 points: fits the sourced levels of 2022-09, 2024 and 2026; "
    "the day of each step is the Fed's"
)


def _one(day: date, value: object, source: Source) -> tuple[Since, ...]:
    return (Since(day, value, source),)


def _by_2026(value: object, source: Source) -> Since:
    """A value that was on Alpaca's pages on 2026-01-23 and not yet in January 2023."""
    return known_by(CRAWL, value, source, LAST_2023)


OVERRIDES: dict[str, tuple[Since, ...]] = {
    "switch_day": _one(IMD_DAY, IMD_DAY, INTRADAY_2026),
    # the day-trade count
    "pdt_check": _one(date(2019, 8, 1), "exit", ON_EXIT_2019),
    "equity_test": _one(date(2019, 7, 31), "last_equity", LAST_EQUITY_2019),
    "counting_method": _one(date(2021, 3, 24), "direction", USER_PROTECTION),
    "six_percent_clause": _one(date(2018, 11, 1), False, PDT_2018),
    "pdt_under_25k": (
        Since(date(2019, 8, 1), "liquidation_only", FORUM_30K),
        Since(
            date(2025, 1, 1),
            "no_day_trades",
            reading("Alpaca's user protection page bars only new day trades; its change is undated and put at the start of 2025"),
        ),
    ),
    # day-trading buying power
    "dtbp_check": _one(date(2019, 8, 5), "entry", DTMC_2019),
    "dt_call_ratio": _one(date(2019, 8, 5), 1.00, DTMC_2019),
    "dt_unflagged_call": _one(date(2019, 8, 5), False, DTMC_2019),
    # intraday margin
    "dtbp_by_requirement": (known_by(CRAWL, True, REQUIREMENTS),),
    "intraday_multiple": _one(IMD_DAY, 4.0, MARGIN_2026),
    "intraday_block": _one(IMD_DAY, "deficit", BLOCKING),
    "imd_basis": _one(IMD_DAY, "law", LAW_LEVEL),
    "imd_call_days": _one(IMD_DAY, 2, INTRADAY_2026),
    "imd_call_minor": _one(IMD_DAY, False, INTRADAY_2026),
    "practice_failures": _one(IMD_DAY, 1, INTRADAY_2026),
    # maintenance
    "maintenance_long_bands": (
        Since(date(2019, 5, 8), _TABLE_2019, MARGIN_TABLE_2019),
        known_by(IMD_DAY, _TABLE_2026, MARGIN_2026, CRAWL),
    ),
    "maintenance_leveraged_long": (
        Since(date(2019, 5, 8), ((2, 0.60), (3, 0.90)), MARGIN_TABLE_2019),
        Since(date(2020, 11, 9), ((2, 1.00), (3, 1.00)), LEVERAGED_2020),
        _by_2026(((2, 0.50), (3, 0.75)), PAGES_2026_01),
    ),
    "concentration_share": not_carried_back(None, _NOT_BACK, _by_2026(0.70, PAGES_2026_01)),
    "concentration_debit": not_carried_back(None, _NOT_BACK, _by_2026(100_000.0, PAGES_2026_01)),
    "concentration_rate": not_carried_back(None, _NOT_BACK, _by_2026(0.50, PAGES_2026_01)),
    "position_equity_ratio": _one(date(2021, 6, 30), 6.0, RATIO_2021),
    # calls
    "dt_open_call_restriction": _one(date(2019, 8, 5), "liquidation_only", FORUM_30K),
    "fed_calls_before_restriction": _one(date(2019, 8, 1), 3, FORUM_30K),
    "fed_restriction_days": _one(date(2019, 8, 1), 90, FORUM_30K),
    # orders
    "market_order_collar": (Since(date(2019, 5, 8), True, MARGIN_TABLE_2019), _by_2026(False, ORDERS_2026_01)),
    "gtc_calendar_days": not_carried_back(None, _NOT_BACK, _by_2026(90, ORDERS_2026_01)),
    "collar_threshold": _one(date(2019, 5, 8), 50.0, MARGIN_TABLE_2019),
    "collar_below": _one(date(2019, 5, 8), 0.04, MARGIN_TABLE_2019),
    "collar_from": _one(date(2019, 5, 8), 0.025, MARGIN_TABLE_2019),
    "short_valuation": _one(date(2019, 8, 23), 1.03, SHORT_VALUE_2019),
    "flip_through_zero": _one(date(2019, 4, 9), False, V2_NOTES),
    "short_needs_easy_to_borrow": (Since(date(2019, 4, 9), True, V2_NOTES), Since(date(2026, 6, 24), True, LOCATES)),
    "wash_check": _one(date(2024, 1, 1), True, USER_PROTECTION),
    "price_check": _one(date(2022, 9, 22), True, ORDERS),
    "order_shape_check": (known_by(date(2026, 3, 4), True, ERRORS_2026_03),),
    # costs
    "margin_interest_rate": (
        Since(date(2019, 4, 9), 0.0375, MARGIN_V2),
        Since(date(2022, 8, 1), 0.055, RATE_2022_08),
        Since(date(2022, 9, 23), 0.0625, RATE_2022_09),
        Since(date(2022, 11, 3), 0.07, _RATE_MODEL),
        Since(date(2022, 12, 15), 0.075, _RATE_MODEL),
        Since(date(2023, 2, 2), 0.0775, _RATE_MODEL),
        Since(date(2023, 3, 23), 0.08, _RATE_MODEL),
        Since(date(2023, 5, 4), 0.0825, _RATE_MODEL),
        Since(date(2023, 7, 27), 0.085, _RATE_MODEL),
        Since(date(2024, 9, 19), 0.075, _RATE_MODEL),
        Since(date(2024, 11, 8), 0.0725, _RATE_MODEL),
        Since(date(2024, 12, 19), 0.07, _RATE_MODEL),
        Since(date(2025, 9, 18), 0.0675, _RATE_MODEL),
        Since(date(2025, 10, 30), 0.065, _RATE_MODEL),
        Since(date(2025, 12, 11), 0.0625, _RATE_MODEL),
        Since(date(2026, 9, 1), 0.065, MARGIN_2026),
    ),
    "interest_day_count": _one(date(2022, 8, 1), 360, MARGIN_2022),
    "borrow_fee_rate": (
        Since(FIRST_DAY, None, reading("30 to 300 basis points a year by stock in 2020: no single rate")),
        known_by(CRAWL, 0.0, PAGES_2026_01, date(2020, 12, 31)),
    ),
}

_STOCK_FORUM = "https://forum.alpaca.markets/t"
_SEEN_PDT = cited(
    "Alpaca forum: trade denied due to pattern day trading protection",
    f"{_STOCK_FORUM}/trade-denied-due-to-pattern-day-trading-protection-not-sure-why-i-get-this-error/2318",
)
_SEEN_DTBP = cited("Alpaca-API issue 112 (message; its further keys are ours)", "https://github.com/alpacahq/Alpaca-API/issues/112")
_SEEN_POWER = cited("alpaca-py issue 225, body given by staff", "https://github.com/alpacahq/alpaca-py/issues/225")
_SEEN_SHORT = cited("alpaca-trade-api-js issue 57", "https://github.com/alpacahq/alpaca-trade-api-js/issues/57")
_SEEN_LIQUIDATION = cited(
    "Alpaca forum: account is restricted to liquidation only (the code by third-party lists)",
    f"{_STOCK_FORUM}/failed-to-submit-order-account-is-restricted-to-liquidation-only/2179",
)
_SEEN_BLOCKED = cited(
    "Alpaca, How to fix common trading API errors, no. 28 (the code by third-party lists)",
    "https://alpaca.markets/learn/how-to-fix-common-trading-api-errors-at-alpaca",
)
_SEEN_LOG_NO_DAY_TRADES = cited("A user's log of 2026-04-21: a buy filled, its stop refused the same day")
_SEEN_LOG_QTY = cited("Users' logs of 2024-04-30, 2025-10 and 2026-07-29")
_SEEN_LOG_WASH = cited("A user's log of 2026, and Alpaca's User Protection page", "https://docs.alpaca.markets/docs/user-protection")
_SEEN_LOG_SHORTABLE = cited("A user's log of 2026 (the end of the message was cut)")


def _ours(nearest: str) -> Source:
    return reading(f"no wording is published; {nearest}")


_POWER = ("buying_power", "cost_basis")

WIRE: dict[Reason, Wire] = {
    Reason.INVALID_ORDER: Wire(422, 42210000, "invalid order", (), ERRORS_2026_03),
    Reason.PRICE: Wire(
        422, 42210000, "invalid limit_price {requested}. sub-penny increment does not fulfill minimum pricing criteria", (), ORDERS
    ),
    Reason.TRADING_BLOCKED: Wire(403, 40310000, "account is not authorized to trade", (), _SEEN_BLOCKED),
    Reason.LIQUIDATION_ONLY: Wire(403, 40310000, "account is restricted to liquidation only", (), _SEEN_LIQUIDATION),
    Reason.CLOSING_ONLY: Wire(
        403, 40310000, "account is restricted to liquidation only", (), _ours("the words of a liquidation-only account")
    ),
    Reason.CASH_AVAILABLE: Wire(403, 40310000, "insufficient buying power", _POWER, _ours("the words for missing buying power")),
    Reason.FROZEN_90_DAYS: Wire(
        403, 40310000, "account is restricted to liquidation only", (), _ours("the words of a liquidation-only account")
    ),
    Reason.PDT_RESTRICTED_DAYTRADE: Wire(
        403,
        40310000,
        "no day trades permitted based on your previous day account equity being under $25,000",
        (),
        _SEEN_LOG_NO_DAY_TRADES,
    ),
    Reason.NOT_SHORTABLE: Wire(422, 42210000, 'asset "{symbol}" cannot be sold short', (), _SEEN_LOG_SHORTABLE),
    Reason.NO_SHORT: Wire(403, 40310000, "account is not allowed to short", (), _SEEN_SHORT),
    Reason.MINIMUM_EQUITY: Wire(403, 40310000, "insufficient buying power", _POWER, _ours("the words for missing buying power")),
    Reason.QTY: Wire(
        403,
        40310000,
        "insufficient qty available for order (requested: {requested}, available: {available})",
        ("available", "existing_qty", "held_for_orders", "related_orders", "symbol"),
        _SEEN_LOG_QTY,
    ),
    Reason.WASH: Wire(403, 40310000, "potential wash trade detected. use complex orders", ("reject_reason",), _SEEN_LOG_WASH),
    Reason.NON_MARGINABLE_BUYING_POWER: Wire(
        403, 40310000, "insufficient buying power", _POWER, _ours("the words for missing buying power")
    ),
    Reason.BUYING_POWER: Wire(403, 40310000, "insufficient buying power", _POWER, _SEEN_POWER),
    Reason.DTBP: Wire(403, 40310000, "insufficient day trading buying power", ("daytrading_buying_power", "cost_basis"), _SEEN_DTBP),
    Reason.PDT_COUNT: Wire(403, 40310100, "trade denied due to pattern day trading protection", (), _SEEN_PDT),
    Reason.WITHDRAWAL: Wire(403, None, "the withdrawal would leave less than the account must hold", (), _ours("plain words of ours")),
}

ALPACA = Brokerage(
    name="alpaca",
    title="Alpaca Securities",
    hosts=(
        "alpaca.markets",
        "docs.alpaca.markets",
        "forum.alpaca.markets",
        "github.com",
    ),
    overrides=OVERRIDES,
    wire=WIRE,
    notes=(
        "Before 2019-07-31 Alpaca's page read current equity in the $25,000 test; equity_test=current simulates that.",
        "The rates of leveraged funds, concentration and the value of a market purchase changed on unknown days before 2026-01-23, on which "
        "Alpaca's pages were read; that day is taken. The 50 % band to $6 is put on 2026-06-04.",
        "The days between the sourced levels of margin interest are a model (the Fed's target plus a spread).",
        "A hard-to-borrow stock is sold short at Alpaca from 2026-06-24 with a locate; without one, as here, the order is refused.",
        "Alpaca may keep an account on the old rules during the phase-in; switch_day simulates that.",
    ),
)
