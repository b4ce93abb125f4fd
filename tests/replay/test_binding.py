"""Every parameter that a replay knows, at a value that changes a full run: the replay changes with it, and is the full run.

A value that binds nowhere proves nothing. So each is put into a story in which the outcome of the full run is another than without it.
"""

import functools
from math import inf

import backtrader as bt
import pytest

pytest.importorskip("numba", reason="replays are compiled by numba (extra fast)")

from binding import outcome, story
from wide import Wide
from wild import recording

from bt_pdt.account import terms
from bt_pdt.core.orders import Asset
from bt_pdt.law import Band, Parameter, Rulebook, ShortBand, law
from bt_pdt.law.brokerages import rulebook_for
from bt_pdt.law.rulebook import Since
from bt_pdt.runs import study
from bt_pdt.tuning.objectives import measure
from bt_pdt.whatif import difference, other_numbers
from bt_pdt.whatif.kernel import scope


class Trips(bt.Strategy):
    """Three round trips a session, one after the other; the first session's are beyond day-trading buying power."""

    params = (("seed", 0), ("rate", 0), ("sized", 0), ("rest", 0), ("scale", 1))

    def next(self):
        at = self.data.datetime.time(0)
        place = (at.hour - 10) * 2 + at.minute // 30
        if place % 4 == 0 and place < 12:
            self.buy(size=2_250 if len(self) < 13 else 1_000)
        elif place % 4 == 2:
            self.close()


class Overnight(bt.Strategy):
    """Buys for more than Reg T lends on the first of every 25 sessions, and sells on the next: each makes a Fed call and meets it."""

    params = (("seed", 0), ("rate", 0), ("sized", 0), ("rest", 0), ("scale", 1))

    def next(self):
        place = len(self) % (25 * 13)
        if place == 2:
            self.buy(size=3_000)
        elif place == 15:
            self.close()


LEVERAGED = (Asset("S0", 3.0), Asset("S1", -2.0, easy_to_borrow=False))
CONCENTRATED = {"concentration_share": 0.6, "concentration_debit": 1_000.0, "concentration_rate": 0.8}
UNBLOCKED, COLLARED = {"intraday_block": "none"}, {"market_order_collar": True}
CALLED = {"dtbp_check": "off", "dt_call_days": 1}
#: A strategy, its bars and parameters, and the account.
STORIES = {
    "story 1": (
        Wide,
        {"seed": 68, "start": "2019-02-04", "days": 8, "prices": (4, 2), "rest": 0.1},
        {"brokerage": "tastytrade", "cash": 60000.0, "account": {"pattern_day_trader": True}, "sizer": "PercentOfEquity(percent=150)"},
    ),
    "story 2": (
        Wide,
        {"seed": 116, "start": "2019-02-04", "days": 8, "prices": (120, 30), "scale": 3, "rest": 0.1},
        {"brokerage": "ibkr", "cash": 5000.0, "account": {"last_equity": 24000.0}, "sizer": "PercentOfEquity(percent=60)"},
    ),
    "story 4": (
        Wide,
        {"seed": 1001, "start": "2019-02-04", "days": 3, "flat": True, "scale": 3, "rest": 0.0, "move": 0.004},
        {"brokerage": "ibkr", "cash": 26000.0, "sizer": "PercentOfEquity(percent=60)"},
    ),
    "story 5": (
        Wide,
        {"seed": 1011, "start": "2021-07-01", "days": 6, "flat": True, "scale": 10, "rest": 0.1, "move": 0.004},
        {
            "brokerage": "finra",
            "cash": 60000.0,
            "account": {"last_equity": 30000.0},
            "sizer": "PercentOfBuyingPower(percent=90, power='regt')",
        },
    ),
    "story 6": (
        Wide,
        {"seed": 1183, "start": "2021-07-01", "days": 8, "scale": 3, "rest": 0.1},
        {
            "brokerage": "alpaca",
            "cash": 26000.0,
            "account": {"pattern_day_trader": True, "last_equity": 24000.0},
            "sizer": "PercentOfEquity(percent=390)",
        },
    ),
    "story 7": (
        Wide,
        {"seed": 1003, "start": "2025-07-01", "days": 8, "scale": 3, "rest": 0.5, "move": 0.01, "assets": LEVERAGED},
        {"brokerage": "alpaca", "cash": 24990.0, "account": {"last_equity": 30000.0}, "sizer": "PercentOfEquity(percent=190)"},
    ),
    "story 8": (
        Wide,
        {"seed": 1003, "start": "2025-07-01", "days": 8, "scale": 3, "rest": 0.5, "move": 0.01, "assets": LEVERAGED},
        {"brokerage": "ibkr", "cash": 5000.0, "sizer": "PercentOfEquity(percent=190)"},
    ),
    "story 9": (
        Wide,
        {"seed": 7, "start": "2026-05-27", "flat": True, "rest": 0.1},
        {"brokerage": "tastytrade", "cash": 5000.0, "sizer": "PercentOfEquity(percent=60)"},
    ),
    "story 10": (
        Wide,
        {"seed": 19, "start": "2026-05-27", "days": 8, "rest": 0.1},
        {"brokerage": "robinhood", "cash": 60000.0, "account": {"pattern_day_trader": True}, "sizer": "PercentOfEquity(percent=390)"},
    ),
    "story 11": (
        Wide,
        {"seed": 19, "start": "2026-05-27", "days": 8, "rest": 0.1},
        {"brokerage": "alpaca", "cash": 5000.0, "account": {"pattern_day_trader": True}, "sizer": "PercentOfEquity(percent=60)"},
    ),
    "story 12": (
        Wide,
        {"seed": 103, "start": "2026-05-27", "days": 8, "prices": (4, 2), "rest": 0.1},
        {
            "brokerage": "tastytrade",
            "cash": 24000.0,
            "account": {"pattern_day_trader": True, "last_equity": 24000.0},
            "sizer": "PercentOfEquity(percent=150)",
        },
    ),
    "story 13": (
        Wide,
        {"seed": 5, "start": "2026-06-08", "days": 8, "prices": (4, 2), "rest": 0.5},
        {"brokerage": "alpaca", "cash": 24000.0, "sizer": "PercentOfEquity(percent=150)"},
    ),
    "story 14": (
        Wide,
        {"seed": 33, "start": "2026-06-08", "days": 8, "scale": 3, "rest": 0.5},
        {"brokerage": "robinhood", "cash": 60000.0, "account": {"pattern_day_trader": True}, "sizer": "PercentOfEquity(percent=150)"},
    ),
    "story 15": (
        Wide,
        {"seed": 37, "start": "2026-06-08", "days": 8, "prices": (120, 30), "flat": True, "rest": 0.5},
        {"brokerage": "alpaca", "cash": 24000.0, "sizer": "PercentOfEquity(percent=390)"},
    ),
    "story 17": (
        Wide,
        {"seed": 121, "start": "2026-06-08", "days": 3, "scale": 3, "rest": 0.1},
        {
            "brokerage": "ibkr",
            "cash": 5000.0,
            "account": {"pattern_day_trader": True, "last_equity": 30000.0},
            "sizer": "PercentOfEquity(percent=390)",
        },
    ),
    "story 18": (
        Wide,
        {"seed": 1021, "start": "2026-06-08", "days": 8, "scale": 10, "rest": 0.1, "move": 0.004},
        {"brokerage": "finra", "cash": 1900.0, "account": {"pattern_day_trader": True}, "sizer": "PercentOfEquity(percent=60)"},
    ),
    "story 20": (
        Wide,
        {"seed": 5, "start": "2026-06-08", "days": 8, "flat": True, "scale": 10, "rest": 0.1},
        {"brokerage": "alpaca", "cash": 24000.0, "sizer": "PercentOfEquity(percent=390)"},
    ),
    "story 21": (
        Wide,
        {"seed": 53, "start": "2026-06-08", "days": 8, "flat": True, "scale": 10, "rest": 0.1, "move": 0.004},
        {"brokerage": "alpaca", "cash": 24000.0, "sizer": "PercentOfEquity(percent=390)"},
    ),
    "story 22": (
        Wide,
        {"seed": 19, "start": "2026-06-08", "days": 8, "flat": True, "scale": 10, "rest": 0.1, "move": 0.004},
        {"brokerage": "finra", "cash": 24000.0, "sizer": "PercentOfEquity(percent=390)"},
    ),
    "story 23": (
        Wide,
        {"seed": 43, "start": "2026-06-08", "days": 36, "flat": True, "scale": 10, "rest": 0.1},
        {"brokerage": "finra", "cash": 24000.0, "sizer": "PercentOfEquity(percent=390)"},
    ),
    "story 24": (
        Wide,
        {"seed": 5, "start": "2026-06-08", "days": 6, "fractions": 0.5},
        {"brokerage": "alpaca", "cash": 24000.0, "sizer": "PercentOfEquity(percent=60)"},
    ),
    "story 25": (
        Wide,
        {"seed": 7, "start": "2019-02-04", "days": 5, "prices": (40, 20), "scale": 10, "rest": 0.5},
        {"brokerage": "alpaca", "cash": 24000.0, "sizer": "PercentOfBuyingPower(percent=99)"},
    ),
    "story 26": (
        Wide,
        {"seed": 1033, "start": "2019-02-04", "days": 4, "flat": True, "scale": 3, "rest": 0.0, "move": 0.004},
        {"brokerage": "ibkr", "cash": 26000.0, "account": {"last_equity": 30000.0}, "sizer": "PercentOfEquity(percent=190)"},
    ),
    "story 27": (
        Wide,
        {"seed": 19, "start": "2026-06-08", "days": 6, "assets": LEVERAGED},
        {"brokerage": "finra", "cash": 60000.0, "sizer": "PercentOfEquity(percent=120)"},
    ),
    "overnight": (
        Overnight,
        {"seed": 1, "start": "2019-02-04", "days": 30, "prices": (50,), "symbols": 1, "move": 0.0001},
        {"brokerage": "finra", "cash": 60_000.0, "account": {"pattern_day_trader": True}},
    ),
    "round trips": (
        Trips,
        {"seed": 1, "start": "2019-02-04", "prices": (50,), "symbols": 1, "move": 0.0001},
        {"brokerage": "finra", "cash": 60_000.0, "account": {"pattern_day_trader": True, "last_equity": 26_000.0}},
    ),
}
#: (parameter, value, what else is set with and without it, story). Of a choice every value, but the one that another story begins with.
BINDING = [
    ("regt_initial_long", 0.4, {}, "story 10"),
    ("regt_initial_short", 0.4, {}, "story 5"),
    ("regt_buying_power_multiple", 1.6, {}, "story 10"),
    ("regt_de_minimis", 1e6, {}, "story 10"),
    ("regt_payment_days", 0, {}, "story 12"),
    ("settlement_days", 0, {}, "story 11"),
    ("pdt_day_trades_threshold", 2, {}, "story 9"),
    ("pdt_window_business_days", 1, {}, "story 10"),
    ("pdt_exempt_ratio", 1.0, {}, "story 9"),
    ("pdt_min_equity", 20000.0, {}, "story 9"),
    ("six_percent_clause", False, {"pdt_exempt_ratio": 1.0}, "story 9"),
    ("strict_entry", True, {}, "story 2"),
    ("counting_method", "direction", {}, "story 4"),
    ("counting_method", "opening_fifo", {}, "story 9"),
    ("counting_method", "opening_lifo", {}, "story 9"),
    ("pdt_check", "both", {}, "story 9"),
    ("pdt_check", "entry", {}, "story 9"),
    ("pdt_check", "exit", {}, "story 9"),
    ("pdt_check", "off", {"pdt_check": "both", "six_percent_clause": False}, "story 9"),
    ("equity_test", "current", {"maintenance_real_time": False}, "story 26"),
    ("equity_test", "last_equity", {"equity_test": "current", "maintenance_real_time": False}, "story 26"),
    ("pdt_under_25k", "liquidation_only", {}, "story 11"),
    ("pdt_under_25k", "no_day_trades", {}, "story 9"),
    ("dt_buying_power_multiple", 1.0, {}, "story 10"),
    ("dt_call_ratio", 0.01, {}, "story 1"),
    ("dt_multiple_under_call", 1.6, {}, "story 1"),
    ("dt_call_days", 0, {}, "story 1"),
    ("dt_unflagged_call", False, {"dtbp_by_requirement": True}, "story 5"),
    ("dtbp_by_requirement", True, {}, "story 10"),
    ("dt_leveraged_etf_scaling", False, {}, "story 27"),
    ("dtbp_check", "both", {"dtbp_check": "off", "dt_open_call_restriction": "buying_power_2x"}, "story 10"),
    ("dtbp_check", "entry", {}, "story 1"),
    ("dtbp_check", "exit", {}, "story 10"),
    ("dtbp_check", "off", {}, "story 10"),
    ("multiplier_policy", "equity", {}, "story 7"),
    ("multiplier_policy", "flagged", {"multiplier_policy": "equity"}, "story 7"),
    ("dt_open_call_restriction", "buying_power_2x", {}, "story 6"),
    ("dt_open_call_restriction", "liquidation_only", {}, "story 1"),
    ("dt_open_call_restriction", "closing_only", {}, "story 1"),
    ("dt_open_call_restriction", "no_day_trades", {}, "story 1"),
    ("pdt_flag_days", 1, {}, "story 12"),
    ("short_selling", False, {}, "story 5"),
    ("flip_through_zero", False, {}, "story 10"),
    ("wash_check", True, {}, "story 14"),
    ("price_check", True, {}, "story 10"),
    ("collar_threshold", 0.0, COLLARED, "story 25"),
    ("collar_below", 1.0, {}, "story 25"),
    ("collar_from", 0.3, {}, "story 10"),
    ("short_valuation", 1.5, {}, "story 1"),
    ("market_order_collar", True, {}, "story 15"),
    ("order_shape_check", True, {"order_shape_check": False}, "story 24"),
    ("order_shape_check", False, {}, "story 24"),
    ("gtc_calendar_days", 1, {}, "story 1"),
    ("margin_min_equity", 200000.0, {}, "story 10"),
    ("maintenance_law_rate", 0.6, {"dtbp_by_requirement": True}, "story 10"),
    ("concentration_share", 0.55, CONCENTRATED, "story 11"),
    ("concentration_debit", 5000.0, CONCENTRATED, "story 9"),
    ("concentration_rate", 0.5, CONCENTRATED, "story 10"),
    ("position_equity_ratio", 0.3, {}, "story 10"),
    ("initial_covers_short_maintenance", False, {}, "story 13"),
    ("maintenance_real_time", False, {}, "story 17"),
    ("minimum_equity_call", False, {}, "story 9"),
    ("margin_min_equity_call", True, {}, "story 18"),
    ("fed_call_window_months", 1, {"fed_calls_before_restriction": 2}, "overnight"),
    ("fed_calls_before_restriction", 1, {}, "story 10"),
    ("fed_restriction_days", 0, {"fed_calls_before_restriction": 1}, "story 10"),
    ("intraday_multiple", 3.2, {}, "story 10"),
    ("imd_minor_ratio", 0.01, UNBLOCKED, "story 21"),
    ("imd_minor_limit", 100.0, UNBLOCKED, "story 21"),
    ("imd_call_days", 0, UNBLOCKED, "story 20"),
    ("imd_prompt_days", 1, UNBLOCKED, "story 20"),
    ("imd_expiry_days", 2, UNBLOCKED, "story 20"),
    ("imd_freeze_days", 0, UNBLOCKED, "story 20"),
    ("practice_failures", 2, UNBLOCKED, "story 20"),
    ("practice_months", 1, UNBLOCKED | {"practice_failures": 8}, "story 23"),
    ("imd_call_minor", False, {}, "story 14"),
    ("imd_gains_count", True, {}, "story 22"),
    ("imd_gains_count", False, {"imd_gains_count": True}, "story 22"),
    ("imd_basis", "law", UNBLOCKED | {"imd_basis": "house"}, "story 20"),
    ("imd_basis", "house", UNBLOCKED, "story 20"),
    ("imd_freeze_restriction", "closing_only", UNBLOCKED, "story 20"),
    ("imd_freeze_restriction", "ninety_day_freeze", UNBLOCKED | {"imd_freeze_restriction": "closing_only"}, "story 20"),
    ("intraday_block", "none", {}, "story 20"),
    ("intraday_block", "buying_power", {}, "story 10"),
    ("intraday_block", "deficit", UNBLOCKED, "story 20"),
    ("margin_interest_rate", 0.02, {}, "story 10"),
    ("borrow_fee_rate", 0.02, {}, "story 1"),
    ("interest_day_count", 366, {}, "story 11"),
    ("switch_day", "2026-06-10", {}, "story 10"),
    ("maintenance_leveraged_scaling", False, {}, "story 7"),
    ("maintenance_leveraged_cap", 0.3, {}, "story 8"),
    ("maintenance_leveraged_short_rate", 0.6, {}, "story 8"),
    ("short_needs_easy_to_borrow", False, {}, "story 7"),
    ("maintenance_call_days", 0, {}, "story 12"),
    ("maintenance_call_outer_days", 0, {}, "story 12"),
    ("dt_cash_basis_days", 0, CALLED, "round trips"),
    ("dt_aggregate_under_call", False, CALLED, "round trips"),
    ("dt_unmet_restriction", "closing_only", CALLED, "round trips"),
    ("dt_unmet_restriction", "no_day_trades", CALLED, "round trips"),
    ("dt_unmet_restriction", "cash_available", CALLED | {"dt_unmet_restriction": "closing_only"}, "round trips"),
]
#: Tables, which cannot be set: another one in the place of the brokerage's.
TABLES = [
    ("maintenance_long_bands", (Band(inf, False, 0.7),), "story 10"),
    ("maintenance_short_bands", (ShortBand(inf, 20.0, 0.9),), "story 10"),
    ("maintenance_leveraged_long", ((3, 1.0),), "story 8"),
]


@functools.cache
def told(name):
    strategy, bars, arguments = STORIES[name]
    made, common = story(**bars)
    return made, common | arguments, recording(strategy, made, **common)


@functools.cache
def without(name, also):
    made, arguments, replay = told(name)
    return outcome(study.run(replay.strategy, made, **arguments, set=dict(also)))


def require_the_same(name, rules):
    """The full run with these rules, which the replay gives in every order and number."""
    made, arguments, replay = told(name)
    (one,) = replay.run([{**arguments, "set": rules}], whole=True)
    assert not one.left
    full = study.run(replay.strategy, made, **arguments, set=rules)
    assert not difference(full, one, replay)
    assert not other_numbers(measure(full), one.metrics)
    assert [dict(row) for row in full.rows] == list(one.rows)
    return full


@pytest.mark.parametrize(("name", "value", "also", "where"), BINDING, ids=[f"{name}={value}" for name, value, *_ in BINDING])
def test_a_value_that_binds_is_replayed(name, value, also, where):
    full = require_the_same(where, {**also, name: value})
    assert outcome(full) != without(where, tuple(also.items())), "it binds nowhere here, and proves nothing"


@pytest.mark.parametrize(("name", "value", "where"), TABLES, ids=[name for name, *_ in TABLES])
def test_a_table_that_binds_is_replayed(name, value, where, monkeypatch):
    before = without(where, ())

    def rulebook(firm):
        known = rulebook_for(firm).parameters
        parameter = known[name]
        fields = {field: getattr(parameter, field) for field in parameter.__dataclass_fields__}
        since = Since(parameter.history[0].day, value, parameter.history[0].source)
        return Rulebook((known | {name: Parameter(**fields | {"history": (since,)})}).values())

    monkeypatch.setattr(terms, "rulebook_for", rulebook)
    assert outcome(require_the_same(where, {})) != before


def test_every_parameter_that_is_known_binds_somewhere():
    """A new one needs a line here. Those with one known value have nothing to bind: any other is left to full runs."""
    one_value = {name for name, allowed in scope.WORKED_IN.items() if isinstance(allowed, scope.Choice) and len(allowed) == 1}
    by_switch_day = {"regime"}
    assert {name for name, *_ in (*BINDING, *TABLES)} | one_value | by_switch_day == set(scope.PARAMETERS.known)
    for name, allowed in scope.LAW.items():
        if isinstance(allowed, scope.Choice):
            tried = {value for each, value, *_ in BINDING if each == name}
            assert tried == {value for value in allowed if value != "warn"}, name  # which is off, with a word of advice
    assert all(law().parameters[name].kind is None for name, *_ in TABLES)
