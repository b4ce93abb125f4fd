"""What a run does about margin calls when told so: deposits, the customer's answer, worst prices, costs; by option and by argument.

The run: 3:1 in IDX3 on 2026-06-04, the first day of the intraday margin rule, with $50,000: 2,376 shares at 63.11 are 149,949.36, half of
it is 74,974.68, so a Fed call of 24,974.68, due on the third business day, 2026-06-09. That session opens at 66.95: a share sold counts
33.475, 24,974.68 / 33.475 = 746.1, so 747 shares.
"""

import json

import pytest
from click.testing import CliRunner

from bt_pdt.cli import main
from bt_pdt.commands.run import run as command
from bt_pdt.runs import study

MISSING = 24_974.68


@pytest.fixture
def go(data, strategies):
    def ran(**arguments):
        wanted = {"cash": 50_000, "symbols": ["IDX3"], "fromdate": "2026-06-04", "todate": "2026-06-12", "params": {"leverage": 3}}
        return study.run(strategies / "leveraged_hold.py", data, **wanted | arguments)

    return ran


def forced(result):
    rows = result.fills[result.fills["forced"].notna()]
    return [(f"{row.session:%Y-%m-%d}", row.qty, row.price) for row in rows.itertuples()]


def call(result):
    (row,) = result.call_rows
    return row


def test_ignored_it_is_sold_out_at_the_open_of_the_due_session(go):
    result = go()
    assert (call(result)["kind"], call(result)["amount"], str(call(result)["due_on"])) == ("fed", MISSING, "2026-06-09")
    assert forced(result) == [("2026-06-09", 747, 66.95)] and call(result)["status"] == "met"


@pytest.mark.parametrize(
    ("arguments", "paid"),
    [
        ({"on_call": "deposit"}, MISSING),
        ({"on_call": lambda call, account: "deposit"}, MISSING),
        ({"on_call": lambda call, account: call.amount + 1_000}, MISSING + 1_000),
        ({"deposits": [("2026-06-05", 20_000), ("2026-06-08", 4_974.68)]}, MISSING),
    ],
)
def test_met_by_money(go, arguments, paid):
    result = go(**arguments)
    assert not forced(result) and call(result)["status"] == "met" and result.summary["deposits"] == pytest.approx(paid)


def test_a_cent_too_little_sells_one_share(go):
    result = go(deposits=[("2026-06-05", MISSING - 0.01)])
    assert [qty for _, qty, _ in forced(result)] == [1]


def test_liquidated_by_the_customer_on_the_day_of_issue(go):
    (sale,) = forced(go(on_call="liquidate"))
    assert sale[0] == "2026-06-05" and (sale[1] - 1) * sale[2] / 2 < MISSING <= sale[1] * sale[2] / 2


def test_the_manifest_says_what_was_asked_for(go):
    def answer(call, account):
        return None

    parameters = go(deposits=[("2026-06-05", -10)], on_call=answer, worst_price=True, charge_costs=False).manifest["parameters"]
    assert parameters["deposits"] == [["2026-06-05", -10.0]] and parameters["on_call"].endswith("answer")
    assert parameters["worst_price"] is True and parameters["charge_costs"] is False
    plain = go().manifest["parameters"]
    assert (plain["deposits"], plain["on_call"], plain["worst_price"], plain["charge_costs"]) == ([], "ignore", False, True)


def test_interest_comes_with_the_next_month_unless_costs_are_left_out(go):
    assert go(todate="2026-07-02").summary["interest"] > 200 and go(todate="2026-07-02", charge_costs=False).summary["interest"] == 0


def test_the_options_say_the_same(data, strategies, tmp_path):
    def ran(*options):
        fixed = [
            "--data",
            data,
            "--symbols",
            "IDX3",
            "--from",
            "2026-06-04",
            "--to",
            "2026-06-12",
            "--cash",
            50_000,
            "--param",
            "leverage=3",
        ]
        arguments = [strategies / "leveraged_hold.py", *fixed, "--json", *options]
        done = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    assert ran()["forced_fills"] == 1
    assert ran("--on-call", "deposit")["deposits"] == MISSING
    both = ran("--deposit", "2026-06-05=20000", "--deposit", "2026-06-05=4974.68", "--worst-price", "--no-costs", "--out", tmp_path / "run")
    assert (both["deposits"], both["forced_fills"]) == (MISSING, 0)
    parameters = json.loads((tmp_path / "run" / "manifest.json").read_text())["parameters"]
    assert parameters["deposits"] == [["2026-06-05", 20_000.0], ["2026-06-05", 4_974.68]]
    assert (parameters["worst_price"], parameters["charge_costs"], parameters["on_call"]) == (True, False, "ignore")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--deposit", "5000"], "--deposit takes DAY=DOLLARS, like 2020-03-16=5000 (negative to withdraw), got '5000'."),
        (["--deposit", "2026-06-31=5000"], "got '2026-06-31=5000'."),
        (["--deposit", "2026-06-05=0"], "got '2026-06-05=0'."),
        (["--deposit", "2026-06-05=nan"], "got '2026-06-05=nan'."),
        (["--on-call", "deposits"], "did you mean 'deposit'"),
    ],
)
def test_a_slip_is_one_sentence(options, words, data, strategies, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(strategies / "leveraged_hold.py"), "--data", str(data), *options])
    out, err = capsys.readouterr()
    assert stopped.value.code == 2 and words in err and err.count("\n") == 1 and not out
