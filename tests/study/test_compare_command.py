"""``bt-pdt compare``: what it prints and what it refuses."""

import json
import sys

import pytest
from click.testing import CliRunner

from bt_pdt.cli import cli, main

SHORT = ["--symbols", "IDXE", "--cash", "24000", "--modes", "off,entry,exit"]


def ask(*arguments):
    done = CliRunner().invoke(cli, ["compare", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def sma(strategies):
    return strategies / "sma_cross_intraday.py"


def test_what_it_prints(sma, short_data, tmp_path):
    shown = ask(sma, "--data", short_data, *SHORT, "--out", tmp_path / "c")
    lines = [line for line in shown.splitlines() if "│" in line or "┃" in line]
    assert [cell.strip() for cell in lines[0].strip("┃").split("┃")] == ["", "off", "entry", "exit"]
    words = [line.strip("│").split("│")[0].strip() for line in lines[1:]]
    for word in ("profit", "return", "refused", "PDT_COUNT", "stuck overnight, exit refused", "day trades", "cost of the rules"):
        assert word in words
    assert "forced sales" not in words  # nothing was sold by force: the row is left out
    assert "suits this strategy best" in shown and "cannot tell the two apart" in shown
    assert "off and entry part first: 2025-12-" in shown and "alike: equity $" in shown
    assert f"wrote {tmp_path / 'c'}" in " ".join(shown.split())


def test_folders(sma, short_data, tmp_path):
    ask(sma, "--data", short_data, *SHORT, "--out", tmp_path / "c")
    off, exit_ = tmp_path / "c" / "off", tmp_path / "c" / "exit"
    told = json.loads(ask(off, exit_, "--data", short_data, "--json"))
    assert list(told["runs"]) == ["off", "exit"] and told["costs"][0]["variant"] == "exit" and "smallest" not in told
    assert "cost of the rules" not in ask(off, exit_)


def test_json_and_the_smallest_account(sma, short_data):
    told = json.loads(
        ask(
            sma, "--data", short_data, "--symbols", "IDXE", "--modes", "entry", "--smallest", "--tolerance", "5000", "--json", "--jobs", "1"
        )
    )
    assert list(told["smallest"]) == ["entry"] and told["smallest"]["entry"]["tolerance"] == 5_000
    assert told["smallest"]["entry"]["sentence"].startswith("From $") and told["out"] is None and told["costs"] == []


def test_deposits_go_to_every_run(sma, short_data):
    told = json.loads(ask(sma, "--data", short_data, *SHORT, "--deposit", "2025-12-23=2000", "--no-costs", "--worst-price", "--json"))
    assert [run["summary"]["deposits"] for run in told["runs"].values()] == [2_000] * 3
    assert all(row["profit"] == pytest.approx(row["off_profit"] - row["cost"], abs=0.001) for row in told["costs"])


def test_laws_of_two_days(sma, short_data):
    shown = ask(sma, "--data", short_data, "--symbols", "IDXE", "--cash", 24_000, "--modes", "entry", "--rules", "2026-06-03,2026-06-04")
    assert "From entry 2026-06-03 to entry 2026-06-04: gone: " in shown and "refusals for PDT_COUNT" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--modes", "off,exti"), "--modes 'exti' is not known; did you mean 'exit'?"),
        (("--modes", ","), "--modes takes words with commas between"),
        (("--brokerages", "alpacca"), "brokerage 'alpacca' is not known; did you mean 'alpaca'?"),
        (("--rules", "yesterday"), "rules takes as_of, off or a date"),
        (("--rules", "off"), 'the run with the rules off is the mode "off"'),
        (("--cash", "1", "--cash-levels", "1,2"), "give one of them"),
        (("--cash-levels", "10k"), "--cash-levels takes dollars like 10000,25000, got '10k'."),
        (("--param", "fst=3"), "did you mean 'fast'?"),
        (("--on-call", "pay"), "--on-call 'pay' is not known"),
        (("--deposit", "soon"), "--deposit takes"),
        (("--jobs", "0"), "jobs takes a whole number of cores from 1 up, got 0."),
        (("--symbols", "IDXX"), "symbol 'IDXX' is not known; did you mean 'IDXE'?"),
        (("--set", "pdt_min_equty=1"), "did you mean 'pdt_min_equity'?"),
    ],
)
def test_a_slip_is_one_sentence(capsys, sma, short_data, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(sma), "--data", str(short_data), *arguments])
    heard = capsys.readouterr()
    assert (stopped.value.code, heard.out) == (2, "") and said in heard.err and heard.err.count("\n") == 1


def test_what_is_missing(capsys, sma, tmp_path):
    (tmp_path / "a").mkdir()
    for arguments, said in (
        ([str(sma)], "--data FILE is missing"),
        ([str(tmp_path / "a"), str(tmp_path / "a"), "--cash", "5"], "--cash: saved runs are compared as they are"),
        ([str(tmp_path / "a"), str(tmp_path / "a")], "is not a run folder"),
        ([str(sma), "--out", str(sma)], "is a file; name a folder"),
        ([str(tmp_path / "none.py"), "--data", "x"], "there is no such strategy file"),
        ([], "Missing argument"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["compare", *arguments])
        assert stopped.value.code == 2 and said in capsys.readouterr().err


def test_help_is_light():
    """The help of the verb loads neither backtrader nor pandas."""
    import subprocess

    program = (
        "import contextlib, io, sys\nfrom bt_pdt.cli import cli\nwith contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(['compare', '--help'], standalone_mode=False)\nprint({'backtrader', 'pandas', 'numpy', 'joblib'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"
