"""Every verb alike: --json prints one object, slips name the nearest, the shell completes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bt_pdt.cli import cli, main

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "data" / "synthetic_1min_2025-12-22_2025-12-30.parquet")
STRATEGY = str(ROOT / "strategies" / "sma_cross_intraday.py")
HISTORY = '{"event": "account", "at": "2025-03-03T09:00:00", "cash": 30000}\n'


def leaves(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that is no group, by its words."""
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from leaves(command, *path, name)
            else:
                yield " ".join((*path, name)), command


COMMANDS = dict(leaves(cli))
#: What each verb is asked here; a new verb is added.
ASKED = {
    "demo": [],
    "run": [STRATEGY, "--data", SAMPLE, "--to", "2025-12-22"],
    "compare": [STRATEGY, "--data", SAMPLE, "--to", "2025-12-22", "--modes", "off,exit", "--jobs", "1"],
    "tune": [STRATEGY, "--data", SAMPLE, "--to", "2025-12-22", "--space", "fast=5,10", "--method", "grid", "--jobs", "1"],
    "show": ["saved"],
    "audit": ["history.jsonl"],
    "check": ["buy", "1", "X", "--price", "X=5", "--cash", "30000", "--at", "2025-03-03T10:00"],
    "rules": ["--on", "2026-06-03"],
    "calendar": ["--from", "2026-06-15"],
    "new": ["idea"],
    "data generate": ["--out", "made"],
    "data report": [SAMPLE],
    "data convert": [SAMPLE, "--out", "x.csv"],
}


@pytest.mark.parametrize("words", COMMANDS)
def test_json_is_one_object(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "history.jsonl").write_text(HISTORY)
    if words == "show":
        with pytest.raises(SystemExit):
            main(["run", *ASKED["run"], "--out", "saved"])
        capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([*words.split(), *ASKED[words], "--json"])
    printed = capsys.readouterr()
    assert stopped.value.code == 0, printed.err
    assert isinstance(json.loads(printed.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON")), dict)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shwo"], "command 'shwo' is not known; did you mean 'show'?"),
        (["data", "reprot"], "command 'reprot' is not known; did you mean 'report'?"),
        (["data", "report", SAMPLE, "--stamp", "strt"], "did you mean 'start'?"),
        (["show", "nowhere"], "nowhere: there is no such folder"),
        (["show", "nowhere", "--table", "refusal"], "--table 'refusal' is not known; did you mean 'refusals'?"),
        (["check", "bui", "1", "X", "--cash", "5", "--price", "X=5"], "did you mean 'buy'?"),
        (["check", "buy", "1", "X", "--cash", "5", "--price", "X=5", "--type", "limt"], "did you mean 'limit'?"),
        (["calendar", "--from", "2026-06-15", "--brokerage", "schwabb"], "did you mean 'schwab'?"),
        (["calendar", "--from", "2026-06-15", "--set", "settlement_day=1"], "did you mean 'settlement_days'?"),
        (["compare", STRATEGY, "--data", SAMPLE, "--modes", "off,exti"], "did you mean 'exit'?"),
        (["run", STRATEGY, "--data", SAMPLE, "--on-call", "deposits"], "did you mean 'deposit'?"),
    ],
)
def test_a_slip_names_the_nearest(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out, err = capsys.readouterr()
    assert stopped.value.code == 2 and words in err and not out


def completed(instruction: str, **more: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "_BT_PDT_COMPLETE": instruction} | more
    done = subprocess.run([sys.executable, "-m", "bt_pdt.cli"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", "complete -o nosort -F"), ("zsh", "#compdef bt-pdt"), ("fish", "complete --no-files --command bt-pdt")]
)
def test_the_shell_gets_its_script(shell: str, words: str) -> None:
    script = completed(f"{shell}_source")
    assert words in script and f"_BT_PDT_COMPLETE={shell}_complete" in script and "bt-pdt" in script


def test_verbs_and_options_are_completed() -> None:
    assert completed("bash_complete", COMP_WORDS="bt-pdt ca", COMP_CWORD="1") == "plain,calendar\n"
    assert completed("bash_complete", COMP_WORDS="bt-pdt data con", COMP_CWORD="2") == "plain,convert\n"
    assert completed("bash_complete", COMP_WORDS="bt-pdt show --ta", COMP_CWORD="2") == "plain,--table\n"


def test_help_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for shell in ("bash", "zsh", "fish"):
        assert f"_BT_PDT_COMPLETE={shell}_source bt-pdt" in shown
