"""``bt-pdt show``: a saved run as ``bt-pdt run`` printed it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from bt_pdt.commands.run import run
from bt_pdt.commands.show import show
from bt_pdt.results.tables import COLUMNS


def invoke(command, *args):
    done = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_it_prints_what_the_run_printed(short_data, strategies, tmp_path):
    args = [strategies / "sma_cross_intraday.py", "--data", short_data, "--cash", 24_000, "--out", tmp_path / "r"]
    printed = invoke(run, *args).splitlines()
    assert invoke(show, tmp_path / "r").splitlines() == printed[:-1] and printed[-1].startswith("wrote ")
    ran, shown = json.loads(invoke(run, *args, "--json")), json.loads(invoke(show, tmp_path / "r", "--json"))
    ran.pop("html")
    assert shown == ran and shown["out"] == str(tmp_path / "r")


def test_calls_are_told(called, tmp_path):
    text = invoke(show, called.save(tmp_path / "r"))
    assert "c1  maintenance call of $491: measured 2025-02-25" in text and "(--out DIR writes it)" not in text


@pytest.mark.parametrize("name", COLUMNS)
def test_every_table(called, tmp_path_factory, name):
    place = called.save(tmp_path_factory.mktemp("run") / "r")
    found = json.loads(invoke(show, place, "--table", name, "--json"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    table = getattr(called, name)
    assert found["table"] == name and len(found["rows"]) == len(table)
    assert list(found["columns"]) == list(COLUMNS[name]) and all(list(row) == list(COLUMNS[name]) for row in found["rows"])
    text = invoke(show, place, "--table", name)
    assert text.splitlines()[0].split() == list(COLUMNS[name]) if len(table) else text == f"no {name.replace('_', ' ')}.\n"


def test_cells(called, tmp_path):
    place = called.save(tmp_path / "r")
    (trade,) = json.loads(invoke(show, place, "--table", "trades", "--json"))["rows"]
    assert trade["symbol"] == "DLY" and trade["entry_at"].startswith("2025-02-19T") and trade["exit_at"] is trade["pnl"] is None
    call = json.loads(invoke(show, place, "--table", "calls", "--json"))
    assert call["rows"][0]["due_on"] == "2025-02-27" and call["rows"][0]["facts"]["equity"] == 3_370
    assert call["columns"]["amount"] == {"unit": "$", "meaning": "dollars called for"}
    assert "2025-02-19 09:30:00" in invoke(show, place, "--table", "trades")
    assert "2025-02-27" in invoke(show, place, "--table", "calls") and "NaT" not in invoke(show, place, "--table", "trades")
