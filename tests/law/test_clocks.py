"""The clocks of a day, typed from the rule texts and the official tables: settlement, calls, holds, freezes."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from bt_pdt.account.calls import due_day
from bt_pdt.account.deadlines import Clock, absent_clocks, call_terms, clocks, ordinal
from bt_pdt.core.errors import BadInput, NotInForce
from bt_pdt.law.brokerages import NAMES, rulebook_for
from bt_pdt.law.rulebook import RULEBOOK_BEGINS


@cache
def clocks_of(day: str, firm: str = "finra") -> dict[str, Clock]:
    found = clocks(rulebook_for(firm), date.fromisoformat(day))
    assert len({clock.name for clock in found}) == len(found)
    return {clock.name: clock for clock in found}


def days(day: str, name: str, firm: str = "finra") -> list[str]:
    return [str(d) for d in clocks_of(day, firm)[name].days]


# -- intraday margin deficits


@pytest.mark.parametrize(
    ("deficit", "failure", "expiry", "freeze"),
    [
        ("2026-06-15", "2026-06-23", "2026-07-08", ["2026-06-24", "2026-09-21"]),
        ("2026-07-01", "2026-07-09", "2026-07-23", ["2026-07-10", "2026-10-07"]),
        ("2026-11-20", "2026-11-30", "2026-12-14", ["2026-12-01", "2027-02-28"]),
    ],
)
@pytest.mark.parametrize("firm", ["finra", "alpaca"])
def test_a_deficit(firm: str, deficit: str, failure: str, expiry: str, freeze: list[str]) -> None:
    assert days(deficit, "intraday_failure", firm) == [failure]
    assert days(deficit, "intraday_expiry", firm) == [expiry]
    assert days(deficit, "ninety_day_freeze", firm) == freeze
    first, last = clocks_of(deficit, firm)["ninety_day_freeze"].days
    assert (last - first).days == 89
    assert days(failure, "ninety_day_freeze_if_failed_now", firm) == freeze


@pytest.mark.parametrize(("firm", "due"), [("alpaca", "2026-06-17"), ("ibkr", "2026-06-18"), ("finra", "2026-06-23")])
def test_the_day_the_brokerage_asks_for(firm: str, due: str) -> None:
    assert days("2026-06-15", "intraday_call_due", firm) == [due]


# -- the day-trading rules


def test_a_day_trade_call() -> None:
    assert days("2025-12-18", "day_trade_call_due") == ["2025-12-26"]
    assert days("2025-12-18", "buying_power_2x") == ["2025-12-19", "2025-12-26"]
    assert days("2025-12-18", "cash_available") == ["2025-12-27", "2026-03-26"]
    assert days("2025-12-26", "cash_available_if_due_now") == ["2025-12-27", "2026-03-26"]


def test_a_day_trade_call_at_alpaca_restricts_until_met() -> None:
    found = clocks_of("2025-12-18", "alpaca")
    assert days("2025-12-18", "day_trade_call_due", "alpaca") == ["2025-12-26"]
    assert days("2025-12-18", "liquidation_only_from", "alpaca") == ["2025-12-19"]
    assert not {"cash_available", "cash_available_if_due_now", "buying_power_2x"} & found.keys()


@pytest.mark.parametrize(("deposit", "leaves"), [("2025-03-10", "2025-03-13"), ("2025-12-23", "2025-12-29")])
def test_a_deposit_stays_two_full_business_days(deposit: str, leaves: str) -> None:
    assert days(deposit, "deposit_hold") == [leaves]


@pytest.mark.parametrize(
    ("day", "window", "out"),
    [
        # Juneteenth closed
        (
            "2025-06-20",
            ["2025-06-13", "2025-06-16", "2025-06-17", "2025-06-18", "2025-06-20"],
            ["2025-06-23", "2025-06-24", "2025-06-25", "2025-06-26", "2025-06-27"],
        ),
        # the early close of 12-24 is a full day
        (
            "2025-12-29",
            ["2025-12-22", "2025-12-23", "2025-12-24", "2025-12-26", "2025-12-29"],
            ["2025-12-30", "2025-12-31", "2026-01-02", "2026-01-05", "2026-01-06"],
        ),
    ],
)
def test_the_window(day: str, window: list[str], out: list[str]) -> None:
    assert days(day, "day_trade_window") == window
    assert days(day, "day_trades_drop_out") == out


def test_the_window_over_independence_day_at_a_brokerage_that_keeps_the_old_rules() -> None:
    book = rulebook_for("finra").override({"switch_day": "2027-10-20"})
    (window,) = [clock for clock in clocks(book, date(2026, 7, 7)) if clock.name == "day_trade_window"]
    assert [str(day) for day in window.days] == ["2026-06-30", "2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07"]


# -- maintenance, Fed calls, the cash account


@pytest.mark.parametrize(("days_given", "due"), [(2, "2026-06-17"), (3, "2026-06-18"), (40, "2026-07-08")])
def test_a_maintenance_call(days_given: int, due: str) -> None:
    book = rulebook_for("finra").override({"maintenance_call_days": days_given})
    found = {clock.name: clock for clock in clocks(book, date(2026, 6, 15))}
    assert [str(day) for day in found["maintenance_call_due"].days] == [due]
    assert [str(day) for day in found["maintenance_call_limit"].days] == ["2026-07-08"]


def test_a_brokerage_that_sells_at_once() -> None:
    assert days("2026-06-15", "maintenance_call_due", "ibkr") == ["2026-06-15"]
    assert clocks_of("2026-06-15", "ibkr")["maintenance_call_due"].rule.startswith("maintenance_real_time")


def test_the_third_fed_call_restricts_from_its_issue() -> None:
    assert days("2026-06-15", "fed_restriction") == ["2026-06-16", "2026-09-13"]


def test_a_sale_before_payment_freezes_a_cash_account_for_the_ninety_days_after_it() -> None:
    assert days("2026-06-15", "cash_account_freeze") == ["2026-06-16", "2026-09-13"]


# -- settlement and the Reg T payment period


@pytest.mark.parametrize(
    ("trade", "settles", "due"),
    [
        # NASD Notices to Members 95-77 and 99-83: Columbus Day, three days
        ("1995-10-02", "1995-10-05", "1995-10-09"),
        ("1995-10-06", "1995-10-12", "1995-10-13"),
        ("1995-10-09", "1995-10-12", "1995-10-16"),
        ("1999-10-05", "1999-10-08", "1999-10-12"),
        ("1999-10-06", "1999-10-12", "1999-10-13"),
        ("1999-10-07", "1999-10-13", "1999-10-14"),
        ("1999-10-08", "1999-10-14", "1999-10-15"),
        ("1999-10-11", "1999-10-14", "1999-10-18"),
        ("1999-10-12", "1999-10-15", "1999-10-19"),
        # both sides of each change of the cycle
        ("2017-09-01", "2017-09-07", "2017-09-11"),
        ("2017-09-05", "2017-09-07", "2017-09-11"),
        ("2024-05-24", "2024-05-29", "2024-05-31"),
        ("2024-05-28", "2024-05-29", "2024-05-31"),
        # one day: Columbus Day, Veterans Day, Thanksgiving
        ("2026-10-08", "2026-10-09", "2026-10-13"),
        ("2026-10-09", "2026-10-13", "2026-10-14"),
        ("2026-10-12", "2026-10-13", "2026-10-15"),
        ("2026-11-10", "2026-11-12", "2026-11-13"),
        ("2026-11-11", "2026-11-12", "2026-11-16"),
        ("2026-11-25", "2026-11-27", "2026-12-01"),
        ("2026-11-27", "2026-11-30", "2026-12-02"),
    ],
)
@pytest.mark.parametrize("firm", ["finra", "alpaca"])
def test_settlement_and_payment(firm: str, trade: str, settles: str, due: str) -> None:
    assert days(trade, "settlement", firm) == [settles]
    assert days(trade, "fed_call_due", firm) == [due]


def test_a_day_before_the_known_cycles_has_no_answer() -> None:
    with pytest.raises(NotInForce, match="1995-06-07"):
        clocks_of("1995-06-06")
    assert days("1995-06-07", "settlement") == ["1995-06-12"]


def test_before_the_day_trading_rules_only_settlement_and_payment() -> None:
    eve = clocks_of("2001-09-27").keys()
    assert eve == {"session", "next_session", "settlement", "fed_call_due", "holidays", "early_closes", "bank_holidays"}
    assert {"day_trade_call_due", "maintenance_call_limit", "cash_account_freeze"} <= clocks_of("2001-09-28").keys()
    assert str(RULEBOOK_BEGINS) in absent_clocks(rulebook_for("finra"), date(2001, 9, 27))


# -- the session and what lies on the way


@pytest.mark.parametrize("day", ["2026-06-13", "2026-06-14"])
def test_a_weekend_belongs_to_the_next_session(day: str) -> None:
    found, monday = clocks_of(day), clocks_of("2026-06-15")
    assert days(day, "session") == ["2026-06-15"]
    assert "is none, so the next one" in found["session"].label
    assert {k: c.days for k, c in found.items()} == {k: c.days for k, c in monday.items()}


def test_the_law_is_the_one_of_the_session() -> None:
    assert days("2024-05-25", "settlement") == ["2024-05-29"]  # the Saturday before the first day of T+1
    assert "day_trade_call_due" in clocks_of("2026-06-05", "schwab")
    assert "intraday_failure" in clocks_of("2026-06-06", "schwab")  # a Saturday; Schwab switches on Monday


def test_what_is_met_on_the_way() -> None:
    assert days("2026-06-15", "holidays") == ["2026-06-19", "2026-07-03"]
    assert days("2026-06-15", "early_closes") == []
    assert days("2026-11-20", "holidays") == ["2026-11-26"]
    assert days("2026-11-20", "early_closes") == ["2026-11-27"]
    assert days("2026-10-09", "bank_holidays") == ["2026-10-12"]
    assert days("2025-12-29", "holidays") == ["2025-12-25", "2026-01-01", "2026-01-19"]


# -- the regimes


OLD = {"day_trade_window", "day_trades_drop_out", "deposit_hold", "day_trade_call_due"}
NEW = {"intraday_call_due", "intraday_failure", "intraday_expiry", "ninety_day_freeze"}


@pytest.mark.parametrize(
    ("firm", "last", "first"),
    [("alpaca", "2026-06-03", "2026-06-04"), ("schwab", "2026-06-05", "2026-06-08"), ("finra", "2026-06-03", "2026-06-04")],
)
def test_both_sides_of_the_switch(firm: str, last: str, first: str) -> None:
    before, after = clocks_of(last, firm).keys(), clocks_of(first, firm).keys()
    assert before >= OLD and not NEW & before
    assert after >= NEW and not OLD & after
    for day in (last, first):
        assert first in absent_clocks(rulebook_for(firm), date.fromisoformat(day))


@pytest.mark.parametrize("firm", NAMES)
@pytest.mark.parametrize("day", ["2001-09-28", "2017-09-01", "2024-05-28", "2026-06-03", "2026-06-08"])
def test_calls_are_due_when_the_clocks_say(firm: str, day: str) -> None:
    measured = date.fromisoformat(day)
    rules, found = rulebook_for(firm).on(measured), clocks_of(day, firm)
    for kind, name in (("day_trade", "day_trade_call_due"), ("fed", "fed_call_due"), ("intraday_margin", "intraday_call_due")):
        assert due_day(rules, kind, measured) == (found[name].days[0] if name in found else None)
    if not rules.maintenance_real_time:
        assert due_day(rules, "maintenance", measured) == found["maintenance_call_due"].days[0]


@pytest.mark.parametrize("firm", NAMES)
@pytest.mark.parametrize("day", ["2001-09-28", "2019-08-05", "2026-06-08"])
def test_every_clock_names_its_rule_and_its_source(firm: str, day: str) -> None:
    for clock in clocks_of(day, firm).values():
        assert clock.label and clock.rule and clock.source.title, clock
        assert clock.shape in ("day", "days", "span")
        assert len(clock.days) == {"day": 1, "span": 2}.get(clock.shape, len(clock.days))
        assert list(clock.days) == sorted(clock.days)


def test_a_rule_says_since_when() -> None:
    assert clocks_of("2025-12-18")["day_trade_call_due"].rule == "dt_call_days (in force since 2001-09-28)"
    assert clocks_of("1999-10-11")["settlement"].rule == "settlement_days (in force since 1995-06-07)"
    book = rulebook_for("alpaca").override({"imd_call_days": "4"})
    (mine,) = [clock for clock in clocks(book, date(2026, 6, 15)) if clock.name == "intraday_call_due"]
    assert (mine.rule, str(mine.days[0])) == ("imd_call_days (set by the user)", "2026-06-22")


@pytest.mark.parametrize("values", [{}, {"imd_expiry_days": 250}, {"imd_call_days": 250}, {"settlement_days": 10}])
def test_beyond_the_calendar_is_a_sentence(values: dict[str, int]) -> None:
    day = date(2045, 12, 20)
    with pytest.raises(BadInput, match="beyond the exchange calendar"):
        clocks(rulebook_for("alpaca").override(values), day)


def test_a_period_without_length_has_no_days() -> None:
    book = rulebook_for("finra").override({"imd_freeze_days": 0, "fed_restriction_days": 0})
    found = {clock.name: clock for clock in clocks(book, date(2026, 6, 15))}
    assert found["ninety_day_freeze"].days == found["fed_restriction"].days == ()


@pytest.mark.parametrize(("firm", "kind"), [("finra", "ninety_day_freeze"), ("sofi", "closing_only"), ("firstrade", "closing_only")])
def test_what_unmet_deficits_bring(firm: str, kind: str) -> None:
    assert days("2026-06-15", kind, firm) == ["2026-06-24", "2026-09-21"]
    assert days("2026-06-23", f"{kind}_if_failed_now", firm) == ["2026-06-24", "2026-09-21"]


def test_a_designation_that_ends_by_itself() -> None:
    assert days("2025-03-03", "designation", "robinhood") == ["2025-03-03", "2025-06-01"]
    assert "designation" not in clocks_of("2025-03-03", "finra")


@pytest.mark.parametrize(
    ("firm", "opened", "unmet"),
    [
        ("finra", "buying_power_2x", "cash_available"),
        ("webull", "buying_power_2x", "closing_only"),
        ("tradestation", "open_call_closing_only", "cash_available"),
        ("robinhood", "open_call_no_day_trades", "no_day_trades"),
    ],
)
def test_what_an_open_and_an_unmet_day_trade_call_bring(firm: str, opened: str, unmet: str) -> None:
    assert days("2025-03-03", opened, firm) == ["2025-03-04", "2025-03-10"]
    assert days("2025-03-03", unmet, firm) == ["2025-03-11", "2025-06-08"]
    assert days("2025-03-10", f"{unmet}_if_due_now", firm) == ["2025-03-11", "2025-06-08"]
    both = {clock for clock in clocks_of("2025-03-03", firm) if "cash_available" in clock or "closing_only" in clock or "no_day" in clock}
    assert both <= {opened, unmet, f"{unmet}_if_due_now"}


# -- the kinds of call in words


def terms_of(firm: str, day: str) -> dict[str, str]:
    return {terms.kind: " | ".join(map(str, terms)) for terms in call_terms(rulebook_for(firm).on(date.fromisoformat(day)))}


def test_the_kinds_of_a_day() -> None:
    assert list(terms_of("finra", "2026-06-03")) == ["day_trade", "fed", "maintenance", "minimum_equity"]
    assert list(terms_of("finra", "2026-06-04")) == ["fed", "maintenance", "intraday_margin"]
    assert "day_trade" in terms_of("schwab", "2026-06-05")
    assert "$2,000" in terms_of("robinhood", "2026-06-04")["minimum_equity"]


def test_what_follows_at_each_brokerage() -> None:
    assert "25 % of what" in terms_of("finra", "2025-12-18")["day_trade"]
    assert "cash available only for 90 calendar days" in terms_of("finra", "2025-12-18")["day_trade"]
    assert "until then, and after it closing trades only for 90 calendar days or until met" in terms_of("webull", "2025-12-18")["day_trade"]
    assert "closing trades only until then, and after it cash available" in terms_of("tradestation", "2025-12-18")["day_trade"]
    assert "no day trades until then, and after it no day trades" in terms_of("robinhood", "2025-12-18")["day_trade"]
    assert "90 calendar days whatever is paid" in terms_of("robinhood", "2025-12-18")["day_trade"]
    assert "25 %" not in terms_of("alpaca", "2025-12-18")["day_trade"]
    assert "liquidation only from its issue until it is met" in terms_of("alpaca", "2025-12-18")["day_trade"]
    assert "no day trades" in terms_of("alpaca", "2025-01-02")["minimum_equity"]
    assert "liquidation only" in terms_of("alpaca", "2024-12-31")["minimum_equity"]
    assert "no day trades and cash available only until met" in terms_of("fidelity", "2025-01-02")["minimum_equity"]
    assert "2nd business day" in terms_of("alpaca", "2026-06-04")["intraday_margin"]
    assert "lesser of 5 % of equity and $1,000" in terms_of("alpaca", "2026-06-04")["intraday_margin"]
    assert "one failure" in terms_of("alpaca", "2026-06-04")["intraday_margin"]
    assert "one failure: closing trades only for 90 calendar days" in terms_of("sofi", "2026-06-04")["intraday_margin"]
    assert "4th failure in 12 months" in terms_of("ibkr", "2026-06-04")["intraday_margin"]
    assert "at once" in terms_of("ibkr", "2026-06-04")["maintenance"]


@pytest.mark.parametrize(("day", "period"), [("2017-09-04", 5), ("2017-09-05", 4), ("2024-05-27", 4), ("2024-05-28", 3)])
def test_a_fed_call_in_words_follows_the_payment_period(day: str, period: int) -> None:
    (fed,) = [terms for terms in call_terms(rulebook_for("finra").on(date.fromisoformat(day))) if terms.kind == "fed"]
    assert fed.business_days == period
    assert ordinal(period) in fed.due


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (5, "5th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st")]
)
def test_ordinals(n: int, said: str) -> None:
    assert ordinal(n) == said
