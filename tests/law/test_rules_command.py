"""``bt-pdt rules``: what it prints and what it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from bt_pdt.commands.rules import rules
from bt_pdt.core.errors import BadInput
from bt_pdt.law.brokerages import NAMES


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(rules, arguments)


def asked(*arguments: str) -> dict[str, object]:
    result = ask(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert isinstance(answer, dict)
    return answer


def test_the_law_of_a_day() -> None:
    answer = asked("--on", "2025-03-03")
    assert (answer["on"], answer["brokerage"], answer["regime"]) == ("2025-03-03", "alpaca", "pattern_day_trader")
    listed = {p["name"]: p for p in answer["parameters"]}  # type: ignore[attr-defined]
    assert listed["pdt_min_equity"]["value"] == 25_000.0
    assert listed["pdt_min_equity"]["since"] == "2001-09-28"
    assert listed["pdt_min_equity"]["source"]["title"]
    assert listed["maintenance_long_bands"]["value"][-1] == {"below": None, "inclusive": False, "rate": 0.30}
    assert "imd_call_days" in answer["not_in_force"]  # type: ignore[operator]


def test_a_house_value_carried_back_is_shown_as_such() -> None:
    listed = {p["name"]: p for p in asked("--on", "2010-01-04")["parameters"]}  # type: ignore[attr-defined]
    assert listed["maintenance_long_bands"]["extended"] is True
    assert listed["pdt_min_equity"]["extended"] is False
    (line,) = [x for x in ask("--on", "2010-01-04").output.splitlines() if x.strip().startswith("maintenance_long_bands")]
    assert "extended" in line


def test_the_difference_of_two_days() -> None:
    answer = asked("--diff", "2024-05-27", "2024-05-28", "--brokerage", "finra")
    assert {c["name"]: (c["before"], c["after"]) for c in answer["changes"]} == {  # type: ignore[attr-defined]
        "settlement_days": (2, 1),
        "regt_payment_days": (4, 3),
    }
    assert "nothing changed" in ask("--diff", "2024-05-28", "2024-05-29").output
    assert "ended" in ask("--diff", "2026-06-03", "2026-06-04").output


def test_every_name_that_set_takes() -> None:
    answer = asked("--parameters")
    listed = {p["name"]: p for p in answer["parameters"]}  # type: ignore[attr-defined]
    for name in (
        *("equity_test", "pdt_under_25k", "counting_method", "count_unfillable_pending", "multiplier_policy", "maintenance_call_days"),
        *("fed_calls_before_restriction", "imd_valuation", "imd_basis", "practice_failures", "switch_day", "dtbp_by_requirement"),
    ):
        assert listed[name]["meaning"], name
    assert listed["pdt_under_25k"]["choices"] == ["liquidation_only", "no_day_trades", "cash_available"]
    assert listed["pdt_min_equity"]["default"] == 25_000.0
    assert "maintenance_long_bands" not in listed
    assert "pdt_min_equity=25000" in ask("--parameters").output


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "mode", [("--on", "2018-03-05"), ("--on", "2026-09-01"), ("--diff", "2018-03-05", "2026-09-01"), ("--parameters",)]
)
def test_it_reads_at_a_hundred_columns(name: str, mode: tuple[str, ...]) -> None:
    result = ask("--brokerage", name, *mode)
    assert result.exit_code == 0, result.output
    assert all(len(line.rstrip()) <= 100 or "https://" in line for line in result.output.splitlines())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on", "yesterday"), "--on takes a date like 2026-06-04, got 'yesterday'"),
        (("--on", "2001-09-27"), "2001-09-28"),
        (("--diff", "2026-06-03", "4 June"), "--diff takes a date"),
        (("--diff", "2001-09-27", "2020-01-02"), "2001-09-28"),
        (("--diff", "2020-01-02", "2020-01-03", "--on", "2020-01-02"), "without --on"),
        (("--brokerage", "alpca"), "did you mean 'alpaca'"),
    ],
)
def test_bad_input_is_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    result = ask(*arguments)
    assert isinstance(result.exception, BadInput)
    assert said in str(result.exception)


# -- how a value was read, spans, what is unknown


def test_a_source_says_how_it_was_read() -> None:
    listed = {p["name"]: p["source"] for p in asked("--brokerage", "finra", "--on", "2025-03-03")["parameters"]}  # type: ignore[attr-defined]
    assert listed["maintenance_leveraged_scaling"]["how"] == "page"
    assert listed["regt_initial_long"]["how"] == "copy"
    assert listed["maintenance_call_days"]["how"] == "reading"
    out = ask("--brokerage", "finra", "--on", "2025-03-03").output
    assert "12 CFR 220.12, Supplement: margin requirements (read in a copy, 2026-11-21)" in out
    assert "FINRA Regulatory Notice 09-53, margin on leveraged funds (read on the page, 2026-11-21)" in out


def test_a_span_is_shown_as_one() -> None:
    listed = {p["name"]: p for p in asked("--brokerage", "etrade", "--on", "2025-03-03")["parameters"]}  # type: ignore[attr-defined]
    assert (listed["gfv_strikes"]["since"], listed["gfv_strikes"]["not_before"]) == ("2019-10-07", "2017-10-18")
    assert listed["gfv_window_months"]["not_before"] is None
    shown = ask("--brokerage", "etrade", "--on", "2025-03-03").output.splitlines()
    at = next(i for i, line in enumerate(shown) if line.strip().startswith("gfv_strikes"))
    assert "known by 2019-10-07," in shown[at] and shown[at + 1].strip() == "not before 2017-10-18"
    (change,) = asked("--brokerage", "etrade", "--diff", "2019-10-06", "2019-10-07")["changes"]  # type: ignore[attr-defined]
    assert (change["name"], change["before"], change["after"], change["not_before"]) == ("gfv_strikes", 4, 3, "2017-10-18")
    assert "not before 2017-10-18" in ask("--brokerage", "etrade", "--diff", "2019-10-06", "2019-10-07").output


def test_what_is_unknown_is_marked() -> None:
    answer = asked("--brokerage", "public", "--on", "2026-09-01")
    listed = {p["name"]: p for p in answer["parameters"]}  # type: ignore[attr-defined]
    assert listed["practice_failures"]["unknown"] is True and "practice_failures" in answer["unknown"]  # type: ignore[operator]
    assert listed["margin_min_equity"]["unknown"] is False
    out = ask("--brokerage", "public", "--on", "2026-09-01").output
    (line,) = [x for x in out.splitlines() if x.strip().startswith("practice_failures")]
    assert "unknown" in line and "2 failures" in line
    assert "unknown: Public publishes nothing on it that was found; the value is the bare law's." in out
    assert asked("--brokerage", "finra")["unknown"] == []


def test_what_set_takes_has_its_bounds() -> None:
    listed = {p["name"]: p for p in asked("--parameters")["parameters"]}  # type: ignore[attr-defined]
    assert (listed["interest_day_count"]["lowest"], listed["interest_day_count"]["highest"]) == (360, 366)
    assert listed["pdt_check"]["lowest"] is None
    assert "int from 360 to 366 (days a year)" in ask("--parameters").output
    assert not {"pdt_flag_removals", "dt_special_maintenance", "dt_cross_guarantee", "imd_pm_threshold"} & set(listed)


# -- side by side


def test_firms_side_by_side() -> None:
    answer = asked("--compare", "alpaca,ibkr,schwab", "--on", "2026-09-01")
    assert [firm["name"] for firm in answer["brokerages"]] == ["alpaca", "ibkr", "schwab"]  # type: ignore[attr-defined]
    listed = {p["name"]: p["values"] for p in answer["parameters"]}  # type: ignore[attr-defined]
    found = listed["imd_call_days"]
    assert [found[name]["value"] for name in ("alpaca", "ibkr", "schwab")] == [2, 3, 5]
    assert [found[name]["own"] for name in ("alpaca", "ibkr", "schwab")] == [True, True, False]
    assert [found[name]["unknown"] for name in ("alpaca", "ibkr", "schwab")] == [False, False, True]
    assert listed["switch_day"]["schwab"]["source"]["how"] == "quotation"
    assert "regt_initial_long" not in listed
    out = ask("--compare", "alpaca,ibkr,schwab", "--on", "2026-09-01").output
    assert "unknown (bare law:" in out and "Schwab changes rules around day trading" in out


def test_all_lists_what_they_share() -> None:
    answer = asked("--compare", "alpaca,finra", "--on", "2026-09-01", "--all")
    names = [p["name"] for p in answer["parameters"]]  # type: ignore[attr-defined]
    assert "regt_initial_long" in names and "pdt_min_equity" not in names
    assert answer["all"] is True


def test_between_two_switches_a_regime_is_missing() -> None:
    values = {p["name"]: p["values"] for p in asked("--compare", "schwab,etrade", "--on", "2026-06-08")["parameters"]}  # type: ignore[attr-defined]
    assert values["regime"]["schwab"]["value"] == "intraday_margin" and values["regime"]["etrade"]["value"] == "pattern_day_trader"
    assert values["pdt_min_equity"]["schwab"] == {
        "value": None,
        "in_force": False,
        "since": None,
        "not_before": None,
        "own": False,
        "extended": False,
        "unknown": False,
        "source": None,
    }
    assert values["pdt_min_equity"]["etrade"]["value"] == 25_000.0


def test_firms_that_agree_say_so() -> None:
    out = ask("--compare", "finra,vanguard", "--on", "2026-09-01").output
    assert "They differ in nothing on this day" in out


def test_the_regime_is_said_once_where_it_is_one() -> None:
    out = ask("--compare", "alpaca,ibkr,schwab", "--on", "2026-03-03").output
    assert "2026-03-03: pattern day trader regime" in out and out.count("pattern day trader") == 1
    assert "(pattern day trader)" in ask("--compare", "schwab,etrade", "--on", "2026-06-08").output


def test_how_much_is_unknown_is_counted() -> None:
    out = " ".join(ask("--compare", "finra,public", "--on", "2026-09-01").output.split())
    unknown = [p["name"] for p in asked("--brokerage", "public", "--on", "2026-09-01")["parameters"] if p["unknown"]]  # type: ignore[attr-defined]
    assert f"finra 0, public {len(unknown)}. Where two firms agree in those, it is the bare law." in out
    assert len(asked("--compare", "all", "--on", "2026-09-01")["brokerages"]) == len(NAMES)  # type: ignore[arg-type]


def test_own_values_are_told_from_neutral_ones() -> None:
    lines = {line.split()[0]: line for line in ask("--brokerage", "webull", "--on", "2026-09-01").output.splitlines() if line.strip()}
    assert " own " in lines["gfv_strikes"] and " house " in lines["collar_below"] and " unknown " in lines["wash_check"]
    assert "own:" not in ask("--brokerage", "finra", "--on", "2026-09-01").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--compare", "alpaca"), "--compare takes two brokerages or more, each once"),
        (("--compare", "alpaca,alpaca"), "each once"),
        (("--compare", "alpaca,shwab"), "did you mean 'schwab'"),
        (("--compare", "alpaca,ibkr", "--brokerage", "finra"), "without --brokerage"),
        (("--compare", "alpaca,ibkr", "--diff", "2020-01-02", "2020-01-03"), "without --brokerage, --diff"),
        (("--compare", "alpaca,ibkr", "--on", "2001-09-27"), "2001-09-28"),
        (("--all",), "--all goes with --compare"),
        (("--compare", "alpaca,,ibkr"), "--compare takes two brokerages or more, each once, like alpaca,schwab, got 'alpaca,,ibkr'."),
        (("--compare", "all"), "--compare all does not fit side by side; give it with --json, or some of alpaca, "),
    ],
)
def test_bad_comparisons_are_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    result = ask(*arguments)
    assert isinstance(result.exception, BadInput)
    assert said in str(result.exception)


@pytest.mark.parametrize("on", ["2010-01-04", "2026-06-08", "2026-09-01"])
def test_three_firms_read_at_a_hundred_columns(on: str) -> None:
    result = ask("--compare", "alpaca,ibkr,webull", "--on", on, "--all")
    assert result.exit_code == 0, result.output
    assert all(len(line.rstrip()) <= 100 or "https://" in line for line in result.output.splitlines())


def test_the_help_names_every_brokerage() -> None:
    from bt_pdt.cli import cli

    for verb in ("audit", "rules", "run", "check"):
        said = " ".join(CliRunner().invoke(cli, [verb, "--help"]).output.split())
        assert not [name for name in NAMES if name not in said], verb
