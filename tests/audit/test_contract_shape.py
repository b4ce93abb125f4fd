"""The object that ``bt-pdt audit --json`` prints: keys always present, nulls where there is nothing to say, finite numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bt_pdt.cli import cli

TOP = {"decisions", "day_trades", "sessions", "calls", "restrictions", "contradictions", "account"}
DECISION = {
    *("order", "at", "symbol", "side", "qty", "accepted", "reason", "http_status", "code", "message"),
    *("rule", "facts", "also", "would_pass", "why", "advice"),
}
ONLY_REFUSED = ("reason", "http_status", "code", "message", "rule", "facts", "also", "would_pass", "why")
SESSION = {
    *("session", "equity", "maintenance_margin", "initial_margin", "daytrade_count", "pattern_day_trader", "multiplier", "bod_dtbp"),
    *("lowest_daytrading_buying_power", "regt_buying_power", "sma", "lowest_intraday_margin_level", "intraday_margin_deficit", "interest"),
}
ACCOUNT = {
    *("equity", "last_equity", "cash", "long_market_value", "short_market_value", "initial_margin", "maintenance_margin"),
    *("last_maintenance_margin", "maintenance_excess", "buying_power", "regt_buying_power", "daytrading_buying_power", "bod_dtbp"),
    *("non_marginable_buying_power", "multiplier", "sma", "daytrade_count", "pattern_day_trader", "trading_blocked"),
    *("intraday_margin_level", "intraday_margin_deficit", "restrictions"),
}


def history(day: str, after: str, **account: Any) -> str:
    lines: list[dict[str, Any]] = [
        {"event": "account", "at": f"{day}T09:00:00", "cash": 20_000} | account,
        {"event": "price", "at": f"{day}T09:30:00", "symbol": "X", "price": 50},
        {"event": "order", "at": f"{day}T09:45:00", "id": "1", "symbol": "X", "side": "buy", "qty": 100},
        {"event": "fill", "at": f"{day}T09:46:00", "order": "1", "price": 50.015},
        {"event": "order", "at": f"{day}T09:50:00", "id": "2", "symbol": "X", "side": "buy", "qty": 9_000},
        {
            "event": "order",
            "at": f"{day}T10:00:00",
            "id": "3",
            "symbol": "X",
            "side": "sell",
            "qty": 0.5,
            "type": "limit",
            "limit_price": 50,
        },
        {"event": "withdraw", "at": f"{day}T11:00:00", "amount": 1_000_000},
        {"event": "price", "at": f"{after}T10:00:00", "symbol": "X", "price": 49.123456},
    ]
    return "\n".join(json.dumps(line) for line in lines) + "\n"


OLD, NEW = ("2025-03-03", "2025-03-04"), ("2026-06-08", "2026-06-09")


def run(text: str, *arguments: str) -> Any:
    result = CliRunner().invoke(cli, ["audit", "-", *arguments], input=text, standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def report(text: str, *arguments: str) -> dict[str, Any]:
    found = json.loads(run(text, "--json", *arguments).stdout, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert isinstance(found, dict)
    return found


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in numbers(v)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize("days", [OLD, NEW], ids=["pattern day trader", "intraday margin"])
def test_keys_are_always_present(days: tuple[str, str]) -> None:
    found = report(history(*days))
    assert found.keys() == TOP
    assert [d["order"] for d in found["decisions"]] == ["1", "2", "3", None]
    for decision in found["decisions"]:
        assert decision.keys() == DECISION
        assert (decision["reason"] is None) == decision["accepted"]
        if decision["accepted"]:
            assert [decision[key] for key in ONLY_REFUSED] == [None] * len(ONLY_REFUSED)
            assert all(a.keys() == {"code", "sentence"} for a in decision["advice"])
        else:
            assert decision["advice"] == [] and isinstance(decision["facts"], dict) and isinstance(decision["also"], list)
            assert decision["would_pass"].keys() == {"qty", "on"} and decision["why"].endswith(".")
    withdrawal = found["decisions"][-1]
    assert (withdrawal["side"], withdrawal["symbol"], withdrawal["qty"], withdrawal["reason"]) == (
        "withdraw",
        None,
        1_000_000,
        "WITHDRAWAL",
    )
    assert [row["session"] for row in found["sessions"]] == [days[0]], "only closed sessions have rows"
    assert found["sessions"][0].keys() == SESSION
    assert found["account"].keys() >= ACCOUNT
    assert all(call.keys() == {"id", "kind", "amount", "issued_on", "due_on", "status", "ended_on", "rule"} for call in found["calls"])
    assert all(r.keys() == {"kind", "from", "until", "why"} for r in found["restrictions"])


@pytest.mark.parametrize("days", [OLD, NEW], ids=["pattern day trader", "intraday margin"])
def test_numbers_are_finite_and_in_cents(days: tuple[str, str]) -> None:
    found = report(history(*days))
    assert all(math.isfinite(n) for n in numbers(found))
    money = [n for row in [*found["sessions"], found["account"]] for k, n in row.items() if isinstance(n, float)]
    assert all(round(n, 2) == n for n in money)
    assert not any(math.copysign(1, n) < 0 for n in numbers(found) if n == 0), "no -0.0"


def test_what_a_regime_does_not_have_is_null() -> None:
    (old,), (new,) = report(history(*OLD))["sessions"], report(history(*NEW))["sessions"]
    gone = ("daytrade_count", "pattern_day_trader", "bod_dtbp", "lowest_daytrading_buying_power")
    assert [new[key] for key in gone] == [None] * 4
    assert None not in [old[key] for key in gone]
    assert old["lowest_intraday_margin_level"] is None
    assert isinstance(new["lowest_intraday_margin_level"], float)


def test_an_empty_history_has_all_keys() -> None:
    found = report('{"event": "account", "at": "2025-03-03T09:00:00", "cash": 1000}\n')
    assert found.keys() == TOP
    assert all(found[key] == [] for key in TOP - {"account"})
    assert found["account"]["equity"] == 1000.0


def test_flags_override_the_account_line() -> None:
    text = history(*OLD, brokerage="finra", rules="2010-01-04", set={"equity_test": "current"})
    assert report(text)["account"]["brokerage"] == "finra"
    assert report(text, "--brokerage", "alpaca")["account"]["brokerage"] == "alpaca"
    assert report(text, "--rules", NEW[0])["account"]["regime"] == "intraday_margin"
    assert all(d["accepted"] for d in report(text, "--rules", "off")["decisions"])
    counted = {"daytrades": [{"session": "2025-02-28", "symbol": "Y", "count": 3}], "pdt_check": "exit"}
    text = history(*OLD, **counted)
    assert report(text)["decisions"][2]["reason"] == "PDT_COUNT"
    assert report(text, "--pdt-check", "entry")["decisions"][2]["accepted"]
    assert report(text, "--pdt-check", "entry")["decisions"][0]["reason"] == "PDT_COUNT"
    rich = history(*OLD, **counted, last_equity=30_000)
    assert report(rich)["decisions"][2]["accepted"]
    assert report(rich, "--set", "equity_test=current")["decisions"][2]["reason"] == "PDT_COUNT"


def test_nothing_is_written_without_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(history(*OLD))
    run(history(*OLD), "--json")
    assert list(tmp_path.iterdir()) == []
    shown = run(history(*OLD), "--json", "--out", "deep/out").stdout
    out = tmp_path / "deep" / "out"
    assert sorted(path.name for path in out.iterdir()) == ["audit.json", "audit.txt"]
    assert json.loads((out / "audit.json").read_text()) == json.loads(shown)
    assert (out / "audit.txt").read_text() == run(history(*OLD)).stdout


def test_nothing_is_written_for_bad_input(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["audit", "-", "--out", str(tmp_path / "out")], input="{", standalone_mode=False)
    assert result.exception is not None
    assert not (tmp_path / "out").exists()


def test_the_report_says_refusals_first() -> None:
    text = run(history(*OLD)).stdout
    assert text.startswith("4 decisions, 2 refused.\n\nREFUSED  2025-03-03T09:50:00  order 2: buy 9000 X\n")
    assert "403 40310000 insufficient buying power" in text
    assert "Account at the end: equity $" in text
