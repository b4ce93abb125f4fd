"""The command line from outside: every verb has help; a slip is one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bt_pdt.cli import VERBS

READY = sorted(verb for verb, (module, _, _) in VERBS.items() if find_spec(module) is not None)
LINES = [
    {"event": "account", "at": "2025-03-03T09:00:00", "cash": 30_000},
    {"event": "price", "at": "2025-03-03T09:30:00", "symbol": "X", "price": 50},
    {"event": "order", "at": "2025-03-03T09:45:00", "id": "1", "symbol": "X", "side": "buy", "qty": 100},
]
HISTORY = "\n".join(json.dumps(line) for line in LINES) + "\n"


def bt_pdt(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bt_pdt.cli", *arguments], input=stdin, capture_output=True, text=True, check=False, cwd=cwd
    )


def refused(*arguments: str, stdin: str = "", cwd: Path | None = None) -> str:
    done = bt_pdt(*arguments, stdin=stdin, cwd=cwd)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.xfail(sorted(VERBS) != READY, reason="a verb is listed whose module is not written yet", strict=True)
def test_all_verbs_are_there() -> None:
    assert sorted(VERBS) == READY


@pytest.mark.parametrize("verb", READY)
def test_help(verb: str) -> None:
    done = bt_pdt(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage:")


def test_the_list_of_verbs() -> None:
    for flag in ("--help", "-h"):
        shown = bt_pdt(flag).stdout
        assert all(verb in shown for verb in VERBS)
    assert bt_pdt("--version").stdout.startswith("bt-pdt, version")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("audti", "h.jsonl"), "command 'audti' is not known; did you mean 'audit'?"),
        (("audit", "-", "--brokerag", "alpaca"), "--brokerag"),
        (("audit", "-", "--brokerage", "alpacca"), "<stdin>:1: brokerage 'alpacca' is not known; did you mean 'alpaca'?"),
        (("audit", "-", "--set", "equity_tst=current"), "did you mean 'equity_test'?"),
        (("audit", "-", "--set", "equity_test"), "--set takes NAME=VALUE, got 'equity_test'."),
        (("audit", "-", "--pdt-check", "exitt"), "--pdt-check 'exitt' is not known; did you mean 'exit'?"),
        (("audit", "-", "--dtbp-check", "never"), "--dtbp-check 'never' is not known"),
        (("audit", "-", "--rules", "as_off"), "rules takes as_of, off or a date"),
        (("audit", "-", "--from", "alpacca"), "--from 'alpacca' is not known; did you mean 'alpaca'?"),
        (("audit", "-", "--cash", "5"), "--cash and --at go with --from"),
        (("audit", "-", "also.jsonl"), "audit takes one HISTORY.jsonl"),
        (("audit",), "HISTORY.jsonl"),
        (("audit", "nowhere.jsonl"), "nowhere.jsonl: cannot be read (no such file or directory)."),
        (("rules", "--brokerage", "ibkrr"), "did you mean 'ibkr'?"),
        (("rules", "--on", "yesterday"), "--on takes a date"),
        (("check", "buy", "1", "X"), "Give --cash or --equity"),
    ],
)
def test_a_slip_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    said = refused(*arguments, stdin=HISTORY)
    assert sentence in said
    if said.startswith("bt-pdt: "):
        assert said.count("\n") == 1


def test_standard_input() -> None:
    done = bt_pdt("audit", "-", "--json", stdin=HISTORY)
    assert (done.returncode, done.stderr) == (0, "")
    assert [d["accepted"] for d in json.loads(done.stdout)["decisions"]] == [True]
    assert refused("audit", "-", stdin=HISTORY + "{\n").startswith("bt-pdt: <stdin>:4: this is not JSON")


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``bt-pdt rules | head -1``: no traceback."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bt_pdt.cli", "rules", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    said = child.stderr.read()
    child.stderr.close()
    child.wait(timeout=60)
    assert "Traceback" not in said
