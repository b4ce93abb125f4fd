"""``bt-pdt tune``: what it prints and what it refuses."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bt_pdt.cli import cli, main


@pytest.fixture(scope="module")
def asked(strategies, short_data):
    return [
        "tune",
        str(strategies / "sma_cross_intraday.py"),
        "--data",
        str(short_data),
        "--symbols",
        "IDXE",
        "--to",
        "2025-12-24",
        "--cash",
        "24000",
    ]


def test_what_it_prints(asked, tmp_path):
    (tmp_path / "s.toml").write_text("slow = [25, 40]\n")
    more = ["--space", "fast=5:15:5", "--space", str(tmp_path / "s.toml"), "--objective", "total_return", "--constraint", "refused <= 40"]
    done = CliRunner().invoke(
        cli, [*asked, *more, "--method", "grid", "--jobs", "1", "--out", str(tmp_path / "o"), "--to", "2025-12-26", "--walk-forward", "1"]
    )
    assert done.exit_code == 0, done.output
    shown = done.output
    for words in (
        "6 trials, ",
        "Best is fast ",
        "What matters to total_return: ",
        "walk forward",
        "Over 1 fold total_return is ",
        "run folder best",
    ):
        assert words in shown, shown
    assert (tmp_path / "o" / "trials.csv").read_text().startswith("trial,fast,slow,total_return")


def test_json_goes_on(asked, tmp_path):
    more = ["--space", "fast=5,10", "--method", "grid", "--objective", "profit", "--storage", f"sqlite:///{tmp_path}/t.db", "--json"]
    first, second = (CliRunner().invoke(cli, [*asked, *more, *extra]) for extra in ([], ["--resume"]))
    assert json.loads(first.output) == json.loads(second.output)
    assert [row["fast"] for row in json.loads(first.output)["trials"]] == [5, 10]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--space", "fsat=1,2"), "did you mean 'fast'?"),
        (("--space", "fast"), "--space takes NAME=LOW:HIGH:STEP, NAME=A,B,C or a FILE.toml, got 'fast'."),
        (("--space", "fast=a:b"), "--space fast takes LOW:HIGH:STEP in numbers"),
        (("--space", "none.toml"), "none.toml: cannot be read"),
        (("--space", "fast=1,2", "--objective", "shrpe"), "did you mean 'sharpe'?"),
        (("--space", "fast=1,2", "--constraint", "cals == 0"), "did you mean 'calls'?"),
        (("--space", "fast=1,2", "--method", "gird"), "--method 'gird' is not known; did you mean 'grid'?"),
        (("--space", "fast=1,2", "--storage", "redis://x"), "storage takes sqlite:///FILE or a file"),
        (("--space", "fast=0", "--method", "grid", "--jobs", "1"), "every trial failed, the first with: "),
        ((), "Missing option '--space'"),
    ],
)
def test_a_slip_is_one_sentence(capsys, asked, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        main([*asked, *arguments])
    heard = capsys.readouterr()
    assert (stopped.value.code, heard.out) == (2, "") and said in heard.err


def test_help_is_light():
    program = (
        "import contextlib, io, sys\nfrom bt_pdt.cli import cli\nwith contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(['tune', '--help'], standalone_mode=False)\n"
        "print({'backtrader', 'pandas', 'numpy', 'joblib', 'optuna'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"
