"""Our audit against the answers typed from the sources, and our counting against every official row."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from answers import audits, daytrades
from answers.test_oracle_agrees import differences

from bt_pdt.account.daytrades import METHODS, DayRun
from bt_pdt.audits.history import audit

FIRST_DAY = "2001-09-28"  # the day-trading rules begin; cases before it are settlement dates of calls
CASES = [c for c in audits.CASES if c["events"][0]["at"] >= FIRST_DAY]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_audit(case: dict) -> None:
    assert differences(case["expect"], audit([json.dumps(e) for e in case["events"]])) == [], case["source"]


@pytest.mark.parametrize("row", daytrades.ROWS, ids=lambda row: row[0])
def test_day_trades(row: tuple) -> None:
    _, source, start, executions, *wanted = row
    for method, count in zip(METHODS, wanted, strict=True):
        if count is None:
            continue
        runs: dict[str, DayRun] = {}
        for order, (symbol, qty) in enumerate(executions):
            runs.setdefault(symbol, DayRun(start.get(symbol, 0.0), method)).post(qty, 10.0, order)
        assert sum(run.count for run in runs.values()) == count, source
