"""``bt-pdt rules``: what it prints and what it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from bt_pdt.brokerages import NAMES
from bt_pdt.commands.rules import rules
from bt_pdt.errors import BadInput


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
    assert listed["pdt_under_25k"]["choices"] == ["liquidation_only", "no_day_trades"]
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
