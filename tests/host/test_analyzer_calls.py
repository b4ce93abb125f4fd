"""Margin calls, restrictions and money in the analysis of a run."""

from __future__ import annotations

import json
from typing import Any

import backtrader as bt
import pytest
from made import bars, feed, run, scripted

from bt_pdt.host.analyzer import ComplianceAnalyzer
from bt_pdt.host.broker import MarginBroker

#: 195 shares bought at 100 with 10,000 fall to 70 by the close of a Tuesday; its prices are those of the days after.
FALL = bars(
    ("2024-01-02 09:31", 100),
    ("2024-01-02 09:32", 100),
    ("2024-01-02 16:00", 66),
    ("2024-01-03 09:31", 66),
    ("2024-01-04 09:31", 66),
    ("2024-01-04 09:32", 66),
    ("2024-01-05 09:31", 66),
)
CALL_KEYS = {"id", "kind", "amount", "measured_on", "issued_on", "due_on", "status", "ended_on", "received", "rule"}


def analyzed(script: dict[int, Any], rows: Any, **words: Any) -> dict[str, Any]:
    broker = MarginBroker(cash=10_000.0, **words)
    s = run(scripted(script), [feed(rows)], broker, lambda cerebro: cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance"))
    found: dict[str, Any] = s.analyzers.compliance.get_analysis()
    return found


def buy(strategy: bt.Strategy) -> None:
    strategy.buy(size=195)


def test_a_call_and_what_was_sold_for_it() -> None:
    """Equity 195 x 66 - 9,500 = 3,370, required 30 % of 12,870 = 3,861: 491 missing; 25 shares at 66 release 495."""
    found = analyzed({1: buy}, FALL, charge_costs=False)
    assert (found["calls"], found["calls_maintenance"], found["forced_fills"]) == (1, 1, 1)
    (call,) = found["call_list"]
    assert call.keys() >= CALL_KEYS
    assert (call["amount"], call["measured_on"], call["issued_on"], call["due_on"]) == (491.0, "2024-01-02", "2024-01-03", "2024-01-04")
    assert (call["status"], call["ended_on"], call["forced_shares"], call["forced_proceeds"]) == ("met", "2024-01-04", 25.0, 1_650.0)
    assert found["restriction_list"] == [] and "breaches" not in found
    assert json.loads(json.dumps(found)) == found


def test_without_calls() -> None:
    found = analyzed({}, FALL)
    assert found["calls"] == 0 and not [name for name in found if name.startswith("calls_")]
    assert found["call_list"] == found["restriction_list"] == []
    assert [found[name] for name in ("forced_fills", "deposits", "withdrawals", "interest", "borrow_fees")] == [0, 0.0, 0.0, 0.0, 0.0]


def test_money_in_and_out_is_no_return() -> None:
    """10,000 buys 10 shares at 100 that fall to 66: 9,660 at the first close, -3.4 %; money comes and goes afterwards."""
    moves = {1: lambda s: s.buy(size=10), 4: lambda s: s.broker.add_cash(5_000.0), 5: lambda s: s.broker.add_cash(-1_000.0)}
    found = analyzed(moves, FALL)
    assert (found["deposits"], found["withdrawals"], found["equity_end"]) == (5_000.0, 1_000.0, 13_660.0)
    assert found["total_return"] == pytest.approx(-0.034)


def test_restrictions() -> None:
    found = analyzed({1: lambda s: s.buy(size=10), 3: lambda s: s.sell(size=10)}, FALL, account={"pattern_day_trader": True})
    (restriction,) = found["restriction_list"]
    assert restriction["kind"] == "liquidation_only" and restriction["from"] == "2024-01-02" and restriction["until"] is None
    assert restriction["refused"] == found["refused_LIQUIDATION_ONLY"] == 2  # both would open
    assert found["call_list"][0]["how"] == "minimum equity $25,000 - equity $10,000 = $15,000"
