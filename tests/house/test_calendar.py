"""``bt-pdt calendar`` and the clocks of ``bt-pdt rules``: what they print and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bt_pdt.cli import cli, main
from bt_pdt.core import sessions
from bt_pdt.law.brokerages import NAMES


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["calendar", *arguments])


def asked(*arguments: str) -> dict[str, Any]:
    result = ask(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.output, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    return answer


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["calendar", *arguments])
    said = capsys.readouterr()
    assert (stopped.value.code, said.out) == (2, "")
    return said.err


def test_json() -> None:
    answer = asked("--from", "2026-06-13")
    assert list(answer) == ["from", "session", "brokerage", "regime", "clocks", "left_out"]
    assert [answer[k] for k in ("from", "session", "brokerage", "regime")] == ["2026-06-13", "2026-06-15", "alpaca", "intraday_margin"]
    named = {clock["name"]: clock for clock in answer["clocks"]}
    failure = named["intraday_failure"]
    assert (failure["on"], failure["rule"]) == ("2026-06-23", "imd_prompt_days (in force since 2026-06-04)")
    assert failure["source"].keys() == {"title", "href", "read_on", "how"}
    assert (named["ninety_day_freeze"]["shape"], named["ninety_day_freeze"]["days"]) == ("span", ["2026-06-24", "2026-09-21"])
    assert (named["early_closes"]["shape"], named["early_closes"]["days"]) == ("days", [])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("day", ["1999-10-11", "2001-09-28", "2025-12-18", "2026-06-15"])
def test_the_same_days_in_both_forms(name: str, day: str) -> None:
    text = ask("--from", day, "--brokerage", name).output
    for clock in asked("--from", day, "--brokerage", name)["clocks"]:
        assert ("on" in clock) == (clock["shape"] == "day") != ("days" in clock)
        for due in clock.get("days", [clock.get("on")]):
            assert due in text, clock


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("day", ["1999-10-11", "2025-12-18", "2026-06-13"])
def test_it_reads_at_eighty_columns(name: str, day: str) -> None:
    result = ask("--from", day, "--brokerage", name)
    assert result.exit_code == 0, result.output
    assert all(len(line.rstrip()) <= 80 or "https://" in line for line in result.output.splitlines())


def test_text() -> None:
    shown = ask("--from", "2026-06-15").output
    assert shown.startswith("Alpaca Securities, Mon 2026-06-15: intraday margin regime\n")
    (line,) = [x for x in shown.splitlines() if x.startswith("deficit unmet: a failure (5th business day)")]
    assert "Tue 2026-06-23" in line
    assert "2026-06-24 - 2026-09-21" in shown
    assert "Left out: day-trade windows" in shown
    assert "imd_freeze_days (in force since 2026-06-04): FINRA Rule 4210(d)(2)(D)" in shown


def test_a_brokerage_that_switches_later() -> None:
    assert asked("--from", "2026-06-05", "--brokerage", "schwab")["regime"] == "pattern_day_trader"
    assert asked("--from", "2026-06-05")["regime"] == "intraday_margin"
    kept = asked("--from", "2026-06-15", "--set", "switch_day=2026-07-01")
    assert kept["regime"] == "pattern_day_trader"
    assert "2026-07-01" in kept["left_out"]


def test_before_the_day_trading_rules() -> None:
    answer = asked("--from", "1999-10-11")
    assert answer["regime"] is None
    assert "2001-09-28" in answer["left_out"]


def test_a_value_set_by_hand_says_so() -> None:
    named = {clock["name"]: clock for clock in asked("--from", "2026-06-15", "--set", "imd_call_days=4")["clocks"]}
    mine = named["intraday_call_due"]
    assert (mine["on"], mine["source"]) == ("2026-06-22", {"title": "set by the user", "href": "", "read_on": None, "how": "user"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "yesterday"), "--from takes a date like 2026-06-04, got 'yesterday'."),
        (("--from", "2026-02-30"), "--from takes a date like 2026-06-04, got '2026-02-30'."),
        (("--from", "1995-06-06"), "choose a day from 1995-06-07 on"),
        (("--from", "1989-12-29"), "the exchange calendar is read from"),
        (("--from", "2045-12-20"), "beyond the exchange calendar, which ends on 2045-12-31."),
        (("--from", "2026-06-15", "--brokerage", "alpca"), "brokerage 'alpca' is not known; did you mean 'alpaca'?"),
        (("--from", "2026-06-15", "--set", "imd_call_day=3"), "parameter 'imd_call_day' is not known; did you mean 'imd_call_days'?"),
        (("--from", "2026-06-15", "--set", "imd_call_days"), "--set takes NAME=VALUE, got 'imd_call_days'."),
        (
            ("--from", "2026-06-15", "--set", "imd_call_days=two"),
            "parameter imd_call_days takes a whole number from 0 to 250 (business days), got 'two'.",
        ),
        (("--from", "2026-06-15", "--set", "switch_day=2026-01-01"), "switch_day must be from 2026-06-04"),
    ],
)
def test_a_slip_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str) -> None:
    sentence = refused(capsys, *arguments)
    assert said in sentence
    assert sentence.startswith("bt-pdt: ") and sentence.count("\n") == 1


def test_what_the_command_line_itself_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--from" in refused(capsys)
    assert "--from" in refused(capsys, "--form", "2026-06-15")


def test_help() -> None:
    shown = ask("--help").output
    assert all(option in shown for option in ("--from DATE", "--brokerage NAME", "--set NAME=VALUE", "--json"))
    assert "calendar" in CliRunner().invoke(cli, ["--help"]).output


# -- the kinds of call in ``bt-pdt rules``


def rules(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["rules", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_rules_lists_the_calls_of_the_day() -> None:
    calls = json.loads(rules("--on", "2026-06-15", "--json"))["calls"]
    assert [call["kind"] for call in calls] == ["fed", "maintenance", "intraday_margin"]
    assert all(list(call) == ["kind", "measured_by", "business_days", "due", "met_by", "follows"] for call in calls)
    assert [call["business_days"] for call in calls] == [3, 2, 2]
    equity = json.loads(rules("--on", "2025-12-18", "--json"))["calls"][-1]
    assert (equity["kind"], equity["business_days"]) == ("minimum_equity", None)


def test_rules_says_the_calls_in_words() -> None:
    shown = rules("--on", "2025-12-18", "--brokerage", "finra")
    section = " ".join(shown[shown.index("Margin calls") :].split())
    assert "- day trade: 25 % of what" in section
    assert "due by the close of the 5th business day; met by deposits;" in section


def test_the_shipped_days_are_the_library_s() -> None:
    """The table that comes with the package against exchange_calendars, day by day: closings and early closes."""
    shipped, library = sessions.shipped(), sessions.from_library()
    last = shipped.days[-1]
    assert shipped.days == [day for day in library.days if day <= last] and last >= date(2028, 12, 29)
    assert shipped.early == {day: close for day, close in library.early.items() if day <= last}


def test_beyond_the_table_the_library_answers() -> None:
    assert sessions.next_session(date(2031, 12, 24)) == date(2031, 12, 26) and not sessions.is_session(date(2031, 1, 1))
    assert sessions.sessions_between(date(2028, 12, 28), date(2029, 1, 3)) == [
        date(2028, 12, 28),
        date(2028, 12, 29),
        date(2029, 1, 2),
        date(2029, 1, 3),
    ]


def test_an_account_loads_no_calendar_library() -> None:
    program = (
        "from datetime import datetime; from bt_pdt import Account, OrderRequest, Fill; import sys\n"
        "a = Account(20_000, at=datetime(2026, 3, 2, 9, 30)); a.mark({'SPY': 500.0}); a.submit(OrderRequest('SPY', 'buy', 5, id='1'))\n"
        "a.post(Fill('SPY', 'buy', 5, 500.0, '1')); a.advance(datetime(2026, 3, 4, 12)); a.state\n"
        "assert not {'pandas', 'numpy', 'exchange_calendars', 'backtrader'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
