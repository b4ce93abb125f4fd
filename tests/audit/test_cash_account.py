"""A cash account told through the audit: 12 CFR 220.8 and the brokerages' violations (rulebook 2.6 and 5.2), with what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bt_pdt.audits.history import audit

MONDAY = "2025-03-03"  # T+1: Monday's sales settle on Tuesday


def account(cash: float, *held: tuple[str, float, float], at: str = f"{MONDAY}T09:00:00") -> dict[str, Any]:
    positions = [{"symbol": s, "qty": q, "price": p} for s, q, p in held]
    return {"event": "account", "at": at, "cash": cash, "account_type": "cash", "brokerage": "finra", "positions": positions}


def fill(at: str, side: str, symbol: str, qty: float, price: float) -> dict[str, Any]:
    return {"event": "fill", "at": at, "symbol": symbol, "side": side, "qty": qty, "price": price}


def order(at: str, order_id: str, side: str, symbol: str, qty: float, limit: float) -> dict[str, Any]:
    return {"event": "order", "at": at, "id": order_id, "symbol": symbol, "side": side, "qty": qty, "type": "limit", "limit_price": limit}


def told(*events: dict[str, Any]) -> dict[str, Any]:
    return audit([json.dumps(e) for e in events])


def kinds(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(v["kind"], v["session"]) for v in answer["violations"]]


def good_faith(day: str, next_day: str) -> list[dict[str, Any]]:
    """Sells XYZ for 10,000, buys ABC with the proceeds and sells it the same day; buys XYZ back when that has settled."""
    return [
        fill(f"{day}T10:00:00", "sell", "XYZ", 100, 100.0),
        fill(f"{day}T11:00:00", "buy", "ABC", 100, 100.0),
        fill(f"{day}T12:00:00", "sell", "ABC", 100, 100.0),
        fill(f"{next_day}T10:00:00", "buy", "XYZ", 100, 100.0),
    ]


def test_a_purchase_sold_before_its_money_settled_is_a_good_faith_violation() -> None:
    answer = told(account(0.0, ("XYZ", 100, 100.0)), *good_faith(MONDAY, "2025-03-04"))
    assert kinds(answer) == [("good_faith", MONDAY)]
    assert answer["violations"][0]["amount"] == 10_000.0
    assert answer["restrictions"] == [] and answer["calls"] == []


def test_sold_on_the_settlement_day_it_is_none() -> None:
    sold = fill("2025-03-04T10:00:00", "sell", "ABC", 100, 100.0)
    assert kinds(told(account(0.0, ("XYZ", 100, 100.0)), *good_faith(MONDAY, "2025-03-04")[:2], sold)) == []


THREE = [("2025-03-03", "2025-03-04"), ("2025-03-05", "2025-03-06"), ("2025-03-10", "2025-03-11")]


def three_strikes() -> list[dict[str, Any]]:
    return [e for day, next_day in THREE for e in good_faith(day, next_day)[: 4 if day != "2025-03-10" else 3]]


@pytest.mark.parametrize(("qty", "accepted"), [(40, True), (41, False)])
def test_three_in_twelve_months_leave_settled_cash_only(qty: int, accepted: bool) -> None:
    """Rulebook 5.2 no. 10: settled 4,000 and unsettled 6,000 buy 4,000. On 03-11 the 10,000 of 03-10 have settled."""
    events = [account(0.0, ("XYZ", 100, 100.0), ("OLD", 60, 100.0)), *three_strikes()]
    spends = fill("2025-03-11T09:40:00", "buy", "QQQ", 60, 100.0)
    unsettled = fill("2025-03-11T09:50:00", "sell", "OLD", 60, 100.0)
    answer = told(*events, spends, unsettled, order("2025-03-11T10:00:00", "1", "buy", "NEW", qty, 100.0))
    frozen = {"kind": "ninety_day_freeze", "from": "2025-03-11", "until": "2025-06-08", "why": "gfv_strikes"}
    assert answer["restrictions"] == [frozen]
    decision = answer["decisions"][0]
    assert decision["accepted"] is accepted
    if not accepted:
        assert decision["reason"] == "FROZEN_90_DAYS" and decision["would_pass"]["qty"] == 40
        assert decision["facts"]["settled_cash"] == 4_000.0


def test_selling_is_never_refused_and_the_freeze_ends_by_itself() -> None:
    """Three strikes on 2025-03-10: restricted from 03-11 for ninety calendar days, the last one is 2025-06-08 (a Sunday)."""
    events = [account(0.0, ("XYZ", 100, 100.0), ("OLD", 60, 100.0)), *three_strikes()]
    last = [
        fill("2025-06-06T09:40:00", "buy", "QQQ", 100, 100.0),
        order("2025-06-06T09:50:00", "out", "sell", "OLD", 60, 100.0),
        {"event": "fill", "at": "2025-06-06T09:51:00", "order": "out", "price": 100.0},
        order("2025-06-06T10:00:00", "in", "buy", "NEW", 60, 100.0),
    ]
    answer = told(*events, *last)
    assert [(d["order"], d["accepted"]) for d in answer["decisions"]] == [("out", True), ("in", False)]
    after = [
        fill("2025-06-09T09:40:00", "buy", "QQQ", 100, 100.0),
        fill("2025-06-09T09:51:00", "sell", "OLD", 60, 100.0),
        order("2025-06-09T10:00:00", "in", "buy", "NEW", 60, 100.0),
    ]
    assert [d["accepted"] for d in told(*events, *after)["decisions"]] == [True]


def free_ride(*more: dict[str, Any]) -> dict[str, Any]:
    """Rulebook 5.2 no. 5: no money, buys 5,000 on Monday, sells for 5,200 on Tuesday; payment is due on Thursday (T+3)."""
    bought, sold = fill(f"{MONDAY}T10:00:00", "buy", "ABC", 50, 100.0), fill("2025-03-04T10:00:00", "sell", "ABC", 50, 104.0)
    return told(account(0.0), bought, sold, *more, {"event": "close", "session": "2025-03-06"})


def test_a_purchase_paid_with_its_own_sale_freezes_the_account() -> None:
    answer = free_ride()
    assert kinds(answer) == [("free_riding", "2025-03-06")]
    frozen = {"kind": "ninety_day_freeze", "from": "2025-03-04", "until": "2025-06-02", "why": "freeride_strikes"}
    assert answer["restrictions"] == [frozen]


@pytest.mark.parametrize(("amount", "violations"), [(5_000.0, []), (4_999.0, [("free_riding", "2025-03-06")])])
def test_paid_within_the_payment_period_it_does_not(amount: float, violations: list[tuple[str, str]]) -> None:
    """Rulebook 5.2 no. 6: 5,000 wired on Wednesday."""
    assert kinds(free_ride({"event": "deposit", "at": "2025-03-05T10:00:00", "amount": amount})) == violations


def test_covering_with_another_security_a_day_later_is_a_cash_liquidation() -> None:
    """Rulebook 5.2 no. 8: settled 100, buys 1,000, sells another 900 on the settlement day."""
    answer = told(
        account(100.0, ("XYZ", 9, 100.0)),
        fill(f"{MONDAY}T10:00:00", "buy", "UVW", 10, 100.0),
        fill("2025-03-04T10:00:00", "sell", "XYZ", 9, 100.0),
        {"event": "close", "session": "2025-03-04"},
    )
    assert kinds(answer) == [("cash_liquidation", "2025-03-04")]


def test_no_margin_no_shorts_no_calls() -> None:
    answer = told(
        account(10_000.0),
        order(f"{MONDAY}T10:00:00", "1", "buy", "ABC", 100, 100.0),
        order(f"{MONDAY}T10:01:00", "2", "buy", "ABC", 1, 100.0),
        order(f"{MONDAY}T10:02:00", "3", "sell", "DEF", 1, 100.0),
        {"event": "close", "session": MONDAY},
    )
    assert [d["reason"] for d in answer["decisions"]] == [None, "BUYING_POWER", "NO_SHORT"]
    assert answer["calls"] == []


def test_a_margin_account_has_no_violations() -> None:
    assert "violations" not in told({"event": "account", "at": f"{MONDAY}T09:00:00", "cash": 1_000.0})
