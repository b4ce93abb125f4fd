"""Brokerages as data: their values on their days, a word for every reason, and nothing unsourced."""

from __future__ import annotations

import string
from datetime import date
from pathlib import Path

import law_values as answers
import pytest

from bt_pdt.core.decisions import Reason
from bt_pdt.core.errors import NotInForce, UnknownName
from bt_pdt.law import INTRADAY, PDT, brokerages, law
from bt_pdt.law.brokerages import NAMES, brokerage, rulebook_for

OLD, NEW = date(2025, 3, 3), date(2026, 9, 1)
#: In June 2026: the last day of the old rules and the first of the new ones.
SWITCHES = [(name, 3, 4) for name in NAMES if name not in ("schwab", "etrade")] + [("schwab", 7, 8), ("etrade", 8, 9)]


def test_the_names() -> None:
    assert list(NAMES) == sorted(NAMES)
    files = {path.stem for path in Path(brokerages.__file__).parent.glob("*.py")}
    assert set(NAMES) == files - {"__init__", "brokerage"}, "each firm is one file, named as it is"
    assert all(brokerage(name).hosts for name in NAMES if name != "finra")


def test_an_unknown_brokerage_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'alpaca'"):
        brokerage("alpacca")
    with pytest.raises(UnknownName, match="did you mean 'schwab'"):
        rulebook_for("shwab")


@pytest.mark.parametrize(("name", "on", "value"), answers.ALPACA)
def test_alpaca(name: str, on: str, value: object) -> None:
    assert rulebook_for("alpaca").value(name, date.fromisoformat(on)) == value


@pytest.mark.parametrize(("reason", "status", "code", "message"), answers.ALPACA_WIRE)
def test_alpaca_says_it_in_its_own_words(reason: str, status: int, code: int, message: str) -> None:
    wire = brokerage("alpaca").wire[Reason(reason)]
    assert (wire.http_status, wire.code, wire.message) == (status, code, message)


def test_alpaca_further_keys() -> None:
    wire = brokerage("alpaca").wire
    assert set(wire[Reason.QTY].extra_keys) == {"available", "existing_qty", "held_for_orders", "related_orders", "symbol"}
    assert set(wire[Reason.BUYING_POWER].extra_keys) == {"buying_power", "cost_basis"}
    assert wire[Reason.WASH].extra_keys == ("reject_reason",)
    assert wire[Reason.PDT_COUNT].extra_keys == ()


def test_house_values_extend_backwards_the_law_does_not() -> None:
    book = rulebook_for("alpaca")
    bands = book.since("maintenance_long_bands", date(2010, 1, 4))
    assert bands is not None and bands.extended and bands.value[-1].rate == 0.30
    later = book.since("maintenance_long_bands", OLD)
    assert later is not None and not later.extended
    settled = book.since("settlement_days", date(2010, 1, 4))
    assert settled is not None and not settled.extended
    with pytest.raises(NotInForce, match="2001-09-28"):
        book.on(date(2001, 9, 27))


@pytest.mark.parametrize(
    ("firm", "name", "on", "value"),
    [
        ("finra", "pdt_check", OLD, "off"),
        ("finra", "dtbp_check", OLD, "entry"),
        ("finra", "six_percent_clause", OLD, True),
        ("finra", "pdt_under_25k", OLD, "no_day_trades"),
        ("finra", "practice_failures", NEW, 2),
        ("finra", "imd_call_days", NEW, 5),
        ("finra", "imd_call_minor", NEW, True),
        ("finra", "concentration_share", NEW, None),
        ("finra", "position_equity_ratio", NEW, None),
        ("finra", "margin_interest_rate", NEW, None),
        ("finra", "collar_below", OLD, 0.0),
        ("finra", "short_valuation", OLD, 1.0),
        ("finra", "flip_through_zero", OLD, True),
        ("finra", "wash_check", OLD, False),
        ("finra", "price_check", OLD, False),
        ("ibkr", "pdt_check", OLD, "entry"),
        ("ibkr", "practice_failures", NEW, 4),
        ("ibkr", "imd_call_days", NEW, 3),
        ("robinhood", "pdt_check", OLD, "warn"),
        ("robinhood", "counting_method", date(2019, 3, 4), "direction"),
        ("schwab", "pdt_under_25k", OLD, "liquidation_only"),
        ("tastytrade", "pdt_under_25k", OLD, "liquidation_only"),
        ("tastytrade", "counting_method", date(2019, 3, 4), "direction"),
        ("tradier", "pdt_under_25k", OLD, "liquidation_only"),
        ("tradier", "equity_test", OLD, "last_equity"),
        ("ibkr", "multiplier_policy", OLD, "equity"),
        ("ibkr", "dt_unflagged_call", OLD, False),
        ("ibkr", "minimum_equity_call", OLD, False),
        ("ibkr", "margin_interest_rate", date(2026, 7, 25), None),
        ("ibkr", "margin_interest_rate", date(2026, 7, 26), 0.0513),
        ("ibkr", "intraday_block", NEW, "buying_power"),
        ("finra", "intraday_block", NEW, "buying_power"),
        ("robinhood", "intraday_block", NEW, "deficit"),
        ("robinhood", "dt_unflagged_call", OLD, False),
        ("robinhood", "pdt_under_25k", OLD, "no_day_trades"),
        ("schwab", "dtbp_check", OLD, "entry"),
        ("schwab", "freeride_cured_is_gfv", NEW, True),
        ("schwab", "gfv_strikes", NEW, 3),
        ("tastytrade", "dtbp_check", OLD, "off"),
        ("tastytrade", "dt_call_days", OLD, 5),
        ("fidelity", "pdt_under_25k", OLD, "cash_available"),
        ("fidelity", "maintenance_long_bands", NEW, ((3.00, True, 1.00), (float("inf"), False, 0.30))),
        ("fidelity", "gfv_strikes", NEW, 3),
        ("fidelity", "freeride_strikes", NEW, 1),
        ("fidelity", "cash_liquidation_strikes", NEW, 3),
        ("webull", "maintenance_long_bands", NEW, ((3.00, False, 1.00), (5.00, False, 0.50), (float("inf"), False, 0.25))),
        ("webull", "maintenance_leveraged_long", NEW, ((2, 0.50), (3, 0.75))),
        ("webull", "dtbp_by_requirement", OLD, False),
        ("webull", "gfv_settled_strikes", NEW, 3),
        ("webull", "gfv_strikes", NEW, 4),
        ("webull", "gfv_closing_strikes", NEW, 5),
        ("etrade", "gfv_strikes", date(2019, 10, 6), 4),
        ("etrade", "gfv_strikes", date(2019, 10, 7), 3),
        ("etrade", "cash_restriction_from", NEW, "due_day"),
        ("tradestation", "pdt_min_equity", OLD, 25_000.01),
        ("tradestation", "pdt_under_25k", OLD, "liquidation_only"),
        ("tradestation", "dt_open_call_restriction", OLD, "closing_only"),
        ("tradestation", "dt_unmet_restriction", OLD, "cash_available"),
        ("alpaca", "dt_open_call_restriction", OLD, "liquidation_only"),
        ("finra", "dt_open_call_restriction", OLD, "buying_power_2x"),
        ("finra", "dt_unmet_restriction", OLD, "cash_available"),
        ("finra", "dt_unmet_restriction", NEW, None),
        ("webull", "dt_unmet_restriction", OLD, "closing_only"),
        ("moomoo", "dt_unmet_restriction", OLD, "closing_only"),
        ("tastytrade", "dt_unmet_restriction", OLD, "closing_only"),
        ("finra", "cash_unsettled_usable", NEW, True),
        ("robinhood", "cash_unsettled_usable", OLD, False),
        ("robinhood", "cash_unsettled_usable", NEW, False),
        ("finra", "short_selling", OLD, True),
        ("public", "short_selling", OLD, False),
        ("public", "short_selling", NEW, False),
        ("finra", "imd_freeze_restriction", OLD, None),
        ("finra", "imd_freeze_restriction", NEW, "ninety_day_freeze"),
        ("sofi", "imd_freeze_restriction", NEW, "closing_only"),
        ("firstrade", "imd_freeze_restriction", NEW, "closing_only"),
        ("finra", "pdt_flag_days", OLD, None),
        ("robinhood", "pdt_flag_days", OLD, 90),
        ("robinhood", "pdt_flag_days", NEW, None),
        ("robinhood", "dt_open_call_restriction", OLD, "no_day_trades"),
        ("robinhood", "dt_unmet_restriction", OLD, "no_day_trades"),
        ("moomoo", "pdt_under_25k", OLD, "no_day_trades"),
        ("moomoo", "dt_unflagged_call", OLD, False),
        ("lightspeed", "counting_method", OLD, "opening_fifo"),
        ("lightspeed", "maintenance_call_days", NEW, 3),
        ("lightspeed", "margin_interest_rate", date(2023, 7, 26), None),
        ("lightspeed", "margin_interest_rate", date(2023, 7, 27), 0.1225),
        ("firstrade", "practice_failures", NEW, 1),
        ("firstrade", "imd_call_days", NEW, 5),
        ("firstrade", "gfv_strikes", NEW, 4),
        ("firstrade", "gfv_same_day_strikes", NEW, 1),
        ("sofi", "practice_failures", NEW, 1),
        ("sofi", "imd_valuation", NEW, "cost"),
        ("sofi", "maintenance_long_bands", NEW, ((float("inf"), False, 0.30),)),
        ("public", "margin_min_equity", NEW, 2_000.0),
        ("vanguard", "freeride_strikes", NEW, 1),
        ("merrill", "gfv_strikes", NEW, 1),
    ],
)
def test_the_others(firm: str, name: str, on: date, value: object) -> None:
    assert rulebook_for(firm).value(name, on) == value


@pytest.mark.parametrize(("firm", "eve", "switch"), SWITCHES)
def test_switch_days(firm: str, eve: int, switch: int) -> None:
    book = rulebook_for(firm)
    before, after = book.on(date(2026, 6, eve)), book.on(date(2026, 6, switch))
    least = 25_000.01 if firm == "tradestation" else 25_000.0
    assert (before.regime, before.pdt_min_equity, before.imd_prompt_days) == (PDT, least, None)
    assert (after.regime, after.pdt_min_equity, after.imd_prompt_days) == (INTRADAY, None, 5)


def test_a_late_switch_keeps_alpacas_house_tables_on_their_own_day() -> None:
    late = rulebook_for("alpaca").override({"switch_day": "2027-10-20"})
    rules = late.on(date(2026, 9, 1))
    assert rules.regime == PDT
    assert rules.pdt_check == "exit"
    assert rules.maintenance_leveraged_long == ((2, 0.50), (3, 0.75))


@pytest.mark.parametrize("name", NAMES)
def test_each_answers_every_reason_with_a_source(name: str) -> None:
    firm = brokerage(name)
    assert set(firm.wire) == set(Reason)
    for reason, wire in firm.wire.items():
        assert wire.http_status in (403, 422), reason
        assert wire.message and wire.source.title, reason
        places = {place for _, place, _, _ in string.Formatter().parse(wire.message) if place}
        assert places <= {"requested", "available", "symbol"}, reason


@pytest.mark.parametrize("name", NAMES)
def test_overrides_are_of_the_laws_names_in_order_and_sourced(name: str) -> None:
    for parameter, history in brokerage(name).overrides.items():
        of_law = law().parameter(parameter)
        days = [entry.day for entry in history]
        assert days == sorted(set(days)), parameter
        for entry in history:
            assert entry.source.title, parameter
            assert not of_law.choices or entry.value in of_law.choices, parameter
            if of_law.kind is not None and entry.value is not None and not of_law.choices:
                assert type(entry.value) is of_law.kind, parameter


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("on", [date(2001, 9, 28), date(2005, 3, 1), OLD, NEW])
def test_every_rulebook_answers_on_every_day_of_the_law(name: str, on: date) -> None:
    rules = rulebook_for(name).on(on)
    for parameter in rules:
        getattr(rules, parameter)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_sourced_is_said(name: str) -> None:
    firm = brokerage(name)
    assert firm.notes and all(note.endswith(".") for note in firm.notes)
    assert set(firm.unknown) <= set(law().parameters)
    assert len(set(firm.unknown)) == len(firm.unknown)
    assert not set(firm.unknown) & set(firm.overrides)
    assert (name in ("alpaca", "finra")) or firm.unknown


@pytest.mark.parametrize("name", NAMES)
def test_what_is_unknown_is_answered_by_the_bare_law(name: str) -> None:
    for parameter in brokerage(name).unknown:
        assert rulebook_for(name).parameter(parameter) == law().parameter(parameter)


@pytest.mark.parametrize("name", NAMES)
def test_no_brokerage_sets_what_changes_nothing(name: str) -> None:
    assert not [parameter for parameter in brokerage(name).overrides if law().parameter(parameter).inert]


def test_the_bare_rule_overrides_nothing() -> None:
    assert not brokerage("finra").overrides
    assert rulebook_for("finra").parameters == law().parameters
