"""The law on a day: both sides of each change, no answer before its first day, and the doors that change it for a run."""

from __future__ import annotations

from datetime import date, timedelta

import law_values as answers
import pytest

from bt_pdt.account.account import rulebook_as
from bt_pdt.core.errors import BadInput, NotInForce, UnknownName
from bt_pdt.law import INTRADAY, PDT, Parameter, Rulebook, Since, law
from bt_pdt.law.bounds import BOUNDS
from bt_pdt.law.sources import FIRMS_READ_ON, READ_ON, cited, known_by

FIRST, LAST_PDT, FIRST_IMD = date(2001, 9, 28), date(2026, 6, 3), date(2026, 6, 4)


def day(text: str) -> date:
    return date.fromisoformat(text)


def spoken(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


@pytest.fixture
def book() -> Rulebook:
    return law()


@pytest.mark.parametrize(("name", "eve", "before", "change", "after"), answers.CHANGE_DAYS)
def test_both_sides_of_a_change(book: Rulebook, name: str, eve: str, before: object, change: str, after: object) -> None:
    assert day(eve) + timedelta(days=1) == day(change)
    assert spoken(book.value(name, day(eve))) == before
    assert spoken(book.value(name, day(change))) == after


@pytest.mark.parametrize("name", answers.ALWAYS)
@pytest.mark.parametrize("on", [FIRST, date(2010, 1, 4), LAST_PDT, FIRST_IMD, date(2027, 10, 20)])
def test_what_never_changed(book: Rulebook, name: str, on: date) -> None:
    assert book.value(name, on) == answers.ALWAYS[name]


@pytest.mark.parametrize("name", answers.WHILE_PDT)
def test_the_old_regime_from_its_first_to_its_last_day(book: Rulebook, name: str) -> None:
    assert book.value(name, FIRST) == answers.WHILE_PDT[name]
    assert book.value(name, LAST_PDT) == answers.WHILE_PDT[name]
    assert book.value(name, FIRST_IMD) is None


def test_long_maintenance_is_a_quarter_at_every_price(book: Rulebook) -> None:
    (band,) = book.on(FIRST).maintenance_long_bands
    assert (band.below, band.rate) == (float("inf"), 0.25)


def test_payment_is_two_days_after_settlement(book: Rulebook) -> None:
    for on in (FIRST, date(2017, 9, 5), date(2024, 5, 28)):
        assert book.on(on).regt_payment_days == book.on(on).settlement_days + 2


def test_no_law_no_answer(book: Rulebook) -> None:
    with pytest.raises(NotInForce, match="2001-09-28"):
        book.on(date(2001, 9, 27))
    with pytest.raises(NotInForce, match=r"regt_payment_days is not known before 1995-06-07"):
        book.value("regt_payment_days", date(1995, 6, 6))
    assert book.value("regt_payment_days", date(1995, 6, 7)) == 5
    with pytest.raises(NotInForce):
        book.frozen(date(2001, 9, 27))


@pytest.mark.parametrize("on", [FIRST, date(2005, 3, 1), date(2009, 12, 1), LAST_PDT, FIRST_IMD, date(2027, 10, 20)])
def test_every_parameter_answers_on_every_day_of_the_law(book: Rulebook, on: date) -> None:
    rules = book.on(on)
    for name in rules:
        getattr(rules, name)


def test_a_parameter_of_the_other_regime_is_none(book: Rulebook) -> None:
    for name, parameter in book.parameters.items():
        if parameter.regime == PDT:
            assert book.value(name, FIRST_IMD) is None and book.since(name, LAST_PDT) is not None, name
        if parameter.regime == INTRADAY:
            assert book.value(name, LAST_PDT) is None and book.value(name, FIRST_IMD) is not None, name


def test_every_value_has_a_source_and_every_history_is_in_order(book: Rulebook) -> None:
    for name, parameter in book.parameters.items():
        days = [entry.day for entry in parameter.history]
        assert days == sorted(set(days)), name
        for entry in parameter.history:
            assert entry.source.title, name
            assert entry.source.href.startswith(("https://", "docs/")), name
            assert entry.source.read_on in (READ_ON, FIRMS_READ_ON), name


def test_every_parameter_says_what_it_is(book: Rulebook) -> None:
    for name, parameter in book.parameters.items():
        assert parameter.unit and parameter.meaning.endswith("."), name
        assert not parameter.choices or parameter.kind is str, name
        for entry in parameter.history:
            if parameter.choices:
                assert entry.value in parameter.choices, name
            elif parameter.kind is not None and entry.value is not None:
                assert type(entry.value) is parameter.kind, name


# What a user may change for a run


def test_override_holds_on_every_day_and_leaves_the_law_alone(book: Rulebook) -> None:
    own = book.override({"pdt_min_equity": "30000", "equity_test": "current", "strict_entry": True, "imd_call_days": 3})
    for on in (FIRST, LAST_PDT):
        assert own.on(on).pdt_min_equity == 30_000.0
        assert own.on(on).equity_test == "current"
        assert own.on(on).strict_entry is True
    assert own.on(FIRST_IMD).pdt_min_equity is None
    assert own.on(FIRST_IMD).imd_call_days == 3
    assert book.on(LAST_PDT).pdt_min_equity == 25_000.0


def test_frozen_answers_every_day_with_one(book: Rulebook) -> None:
    old = book.frozen(LAST_PDT)
    assert old.on(date(2026, 9, 1)).pdt_min_equity == 25_000.0
    assert old.on(date(1999, 1, 4)).regime == PDT
    new = book.frozen(FIRST_IMD)
    assert new.on(date(2015, 3, 2)).regime == INTRADAY
    assert new.on(date(2015, 3, 2)).settlement_days == 1


def test_switch_day_moves_both_regimes_together(book: Rulebook) -> None:
    late = book.override({"switch_day": "2027-10-20"})
    eve, switch = date(2027, 10, 19), date(2027, 10, 20)
    assert late.on(eve).regime == PDT
    assert late.on(eve).pdt_min_equity == 25_000.0
    assert late.on(eve).imd_prompt_days is None
    assert late.on(switch).regime == INTRADAY
    assert late.on(switch).pdt_min_equity is None
    assert late.on(switch).imd_prompt_days == 5
    assert late.on(switch).cite("imd_prompt_days") == "imd_prompt_days (in force since 2027-10-20)"
    regime = late.since("regime", date(2026, 12, 1))
    assert regime is not None and (regime.day, regime.value) == (FIRST, PDT)


@pytest.mark.parametrize("outside", ["2026-06-03", "2027-10-21"])
def test_switch_day_stays_within_the_phase_in(book: Rulebook, outside: str) -> None:
    with pytest.raises(BadInput, match=r"from 2026-06-04 .* to 2027-10-20"):
        book.override({"switch_day": outside})


def test_changes_between_two_days(book: Rulebook) -> None:
    changed = {c.name: (c.before, c.after) for c in book.changes(date(2024, 5, 27), date(2024, 5, 28))}
    assert changed == {"settlement_days": (2, 1), "regt_payment_days": (4, 3)}
    switched = {c.name: c for c in book.changes(LAST_PDT, FIRST_IMD)}
    assert switched["regime"].after == INTRADAY
    assert (switched["pdt_min_equity"].before, switched["pdt_min_equity"].after) == (25_000.0, None)
    assert switched["pdt_min_equity"].since is None
    assert "margin_min_equity" not in switched
    assert "maintenance_long_bands" not in switched
    assert book.changes(FIRST_IMD, FIRST_IMD) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pdt_min_equty": 1}, "did you mean 'pdt_min_equity'"),
        ({"equity_test": "curent"}, "did you mean 'current'"),
        ({"strict_entry": "yes"}, "strict_entry takes true or false, got 'yes'"),
        ({"dt_call_days": "2.5"}, r"dt_call_days takes a whole number from 0 to 250 \(business days\), got '2.5'"),
        ({"dt_call_days": -1}, "a whole number from 0 to 250"),
        ({"pdt_min_equity": "nan"}, r"a number from 0 to 1,000,000,000 \(dollars\), got 'nan'"),
        ({"pdt_min_equity": True}, "a number from 0 to 1,000,000,000"),
        ({"switch_day": "June"}, "a date like 2026-06-04"),
        ({"maintenance_long_bands": "0.3"}, "maintenance_long_bands is a table .* cannot be set"),
        ({"regime": "intraday_margin"}, "regime is .* cannot be set"),
    ],
)
def test_what_cannot_be_set_is_said_in_a_sentence(book: Rulebook, values: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        book.override(values)


def test_an_unknown_name_is_asked_of_a_day(book: Rulebook) -> None:
    with pytest.raises(UnknownName, match="did you mean 'imd_call_days'"):
        book.on(FIRST_IMD).imd_calls_days  # noqa: B018


@pytest.mark.parametrize(
    ("brokerage", "rules", "taken"), [("finra", "as_of", False), ("alpaca", "as_of", False), ("alpaca", "2026-07-01", True)]
)
def test_a_part_of_the_concentration_rule_asks_for_the_others(brokerage, rules, taken):
    """A share without the debit from which it counts and the rate it asks for is no rule; Alpaca has all three from 2026."""
    share = {"concentration_share": 0.6}
    if taken:
        assert rulebook_as(brokerage, rules, share).on(date(2026, 7, 1)).concentration_share == 0.6
        return
    with pytest.raises(
        BadInput, match=r"set concentration_share goes with concentration_debit and concentration_rate, which this brokerage"
    ):
        rulebook_as(brokerage, rules, share)
    whole = share | {"concentration_debit": 50_000, "concentration_rate": 0.5}
    assert rulebook_as(brokerage, rules, whole).on(date(2019, 7, 1)).concentration_debit == 50_000


# Bounds, and parameters that change nothing


def test_every_number_has_bounds_and_keeps_to_them(book: Rulebook) -> None:
    numbers = {name for name, parameter in book.parameters.items() if parameter.kind in (int, float)}
    assert set(BOUNDS) == numbers
    for name in numbers:
        parameter = book.parameter(name)
        assert (parameter.lowest, parameter.highest) == BOUNDS[name]
        for entry in parameter.history:
            assert entry.value is None or parameter.lowest <= entry.value <= parameter.highest, name


@pytest.mark.parametrize("name", BOUNDS)
def test_both_sides_of_each_bound(book: Rulebook, name: str) -> None:
    parameter, (lowest, highest) = book.parameter(name), BOUNDS[name]
    if parameter.inert:
        return
    step = 1 if parameter.kind is int else 0.001
    for inside in (lowest, highest):
        assert book.override({name: inside}).value(name, parameter.history[0].day) in (inside, None)
    for outside in (lowest - step, highest + step, str(highest * 1e6)):
        with pytest.raises(BadInput, match=rf"parameter {name} takes .* from .* to .*{parameter.unit.split()[0]}"):
            book.override({name: outside})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"interest_day_count": 0}, "from 360 to 366"),
        ({"dt_buying_power_multiple": 0.99}, "from 1 to 100"),
        ({"pdt_window_business_days": 100_000}, "from 1 to 250"),
        ({"margin_interest_rate": 6.5}, "from 0 to 1"),
        ({"maintenance_law_rate": 0}, "from 0.01 to 1"),
    ],
)
def test_what_no_account_can_use_is_refused(book: Rulebook, values: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        book.override(values)


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("pdt_flag_removals", 3, "flag event"),
        ("dt_special_maintenance", 0.3, "dt_call_ratio"),
        ("dt_cross_guarantee", True, "as a deposit"),
        ("imd_pm_threshold", 1e6, "imd_call_minor"),
    ],
)
def test_a_parameter_that_changes_nothing_is_not_set(book: Rulebook, name: str, value: object, instead: str) -> None:
    with pytest.raises(BadInput, match=rf"parameter {name} changes nothing, so it cannot be set: .*{instead}"):
        book.override({name: value})


def test_a_leveraged_fund_s_scaling_is_set(book: Rulebook) -> None:
    assert book.override({"dt_leveraged_etf_scaling": "false"}).on(LAST_PDT).dt_leveraged_etf_scaling is False


# Spans


def test_a_span_says_both_of_its_ends() -> None:
    page = cited("A page", "https://www.finra.org/rules-guidance/notices/01-26")
    seen = known_by(day("2023-05-02"), 0.5, page, not_before=day("2021-03-01"))
    assert seen.began() == "known by 2023-05-02, not before 2021-03-01"
    assert Since(day("2023-05-02"), 0.5, page).began() == "2023-05-02"
    rate = Parameter("rate", "ratio", "A rate.", (Since(FIRST, 0.3, page), seen), float, house=True)
    book = Rulebook([*law().parameters.values(), rate])
    assert (book.value("rate", day("2023-05-01")), book.value("rate", day("2023-05-02"))) == (0.3, 0.5)
    assert book.on(day("2023-06-01")).cite("rate") == "rate (known by 2023-05-02, not before 2021-03-01)"
    assert book.on(day("2010-01-04")).cite("rate") == "rate (in force since 2001-09-28)"


def test_a_late_switch_is_no_span() -> None:
    page = cited("A page", "https://www.finra.org/rules-guidance/notices/01-26")
    days = Parameter("days", "days", "Days.", (known_by(FIRST_IMD, 2, page, not_before=LAST_PDT),), int, regime=INTRADAY, house=True)
    late = Rulebook([*law().parameters.values(), days]).override({"switch_day": "2026-09-01"})
    since = late.since("days", day("2026-09-01"))
    assert since is not None and since.began() == "2026-09-01"
