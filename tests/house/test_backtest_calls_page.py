"""docs/backtest_calls.md: what its examples print is what the page says."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bt_pdt.cli import cli

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "backtest_calls.md"
PYTHON = re.compile(r"^<!-- runnable -->\n```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^```console\n\$ bt-pdt (.*?) \| head -(\d+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_python() -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    found = PYTHON.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) == PAGE.read_text(encoding="utf-8").count("```python")
    for code, expected in found:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(PAGE), "exec"), names)
        assert "\n".join(line.rstrip() for line in out.getvalue().splitlines()) == expected.rstrip("\n")


def test_console() -> None:
    ((command, lines, expected),) = CONSOLE.findall(PAGE.read_text(encoding="utf-8"))
    done = CliRunner().invoke(cli, shlex.split(command), catch_exceptions=False)
    assert done.exit_code == 0 and done.output.splitlines()[: int(lines)] == expected.splitlines()


def test_every_message_is_in_the_table() -> None:
    from bt_pdt.host.collections import MESSAGES

    said = set(re.findall(r"`((?:call|restriction|account)_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert {*MESSAGES.values(), "restriction_set", "restriction_lifted", "account_closed"} <= said
