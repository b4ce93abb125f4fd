"""House practices against the answers typed from the sources: through the account's own methods, and through the audit's JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from answers import practices
from answers.test_oracle_agrees import differences

from bt_pdt.account.account import Account
from bt_pdt.audits.history import audit
from bt_pdt.core.orders import Asset, Fill, OrderRequest


def by_audit(events: list[dict]) -> dict[str, Any]:
    return json.loads(json.dumps(audit([json.dumps(event) for event in events])))


def by_account(events: list[dict]) -> dict[str, Any]:
    """The same asked of an :class:`Account`, in the shape of an audit."""
    first = dict(events[0])
    at = datetime.fromisoformat(first.pop("at"))
    assets = [Asset(**{k: v for k, v in e.items() if k != "event"}) for e in events if e["event"] == "asset"]
    held = [(p["symbol"], p["qty"], p["price"]) for p in first.pop("positions", [])]
    made = [(date.fromisoformat(d["session"]), d["symbol"], d["count"]) for d in first.pop("daytrades", [])]
    del first["event"]
    account = Account(first.pop("cash"), at=at, positions=held, assets=assets, daytrades=made, **first)
    decisions = []
    for event in events[1:]:
        kind = event["event"]
        at = datetime.fromisoformat(event["at"]) if "at" in event else account.now
        words = {k: v for k, v in event.items() if k not in ("event", "at")}
        if kind == "order":
            decision = account.submit(OrderRequest(at=at, **words))
            answer = {name: getattr(decision, name, None) for name in ("accepted", "reason", "facts", "also", "rule", "advice")}
            passes = getattr(decision, "would_pass", None)
            if passes is not None:
                answer["would_pass"] = {"qty": passes.qty, "on": passes.on.isoformat() if passes.on else None}
            answer["advice"] = [{"code": advice.code} for advice in answer["advice"] or ()]
            decisions.append({"order": event["id"], **answer})
        elif kind == "cancel":
            if event["order"] in account.ledger.orders:
                account.release(event["order"], at)
        elif kind == "fill":
            account.post(Fill(words["symbol"], words["side"], words["qty"], words["price"], at=at))
        elif kind in ("deposit", "withdraw"):
            getattr(account, kind)(event["amount"], at)
        elif kind == "flag":
            account.set_flag(event["pattern_day_trader"], at=at)
        elif kind == "price":
            account.mark({event["symbol"]: event["price"]}, at=at)
        elif kind == "close":
            account.close_session(at.date(), event.get("prices"))
    return {
        "decisions": decisions,
        "sessions": account.sessions,
        "calls": [call.to_dict() for call in account.calls],
        "restrictions": [restriction.to_dict() for restriction in account.restrictions],
        "day_trades": [],
        "account": {
            name: getattr(account.state, name) for name in ("pattern_day_trader", "shorting_enabled", "buying_power", "multiplier")
        },
    }


@pytest.mark.parametrize("judge", [by_audit, by_account])
@pytest.mark.parametrize("case", practices.CASES, ids=lambda case: case["name"])
def test_practice(case: dict, judge: Callable[[list[dict]], dict]) -> None:
    answer, expect = judge(without_refused_cancels(case)), case["expect"]
    found = differences(expect, answer)
    if "all_restrictions" in expect:
        told = [(r["kind"], r["from"], r["until"]) for r in answer["restrictions"]]
        found += [] if told == expect["all_restrictions"] else [f"restrictions: {told}"]
    assert found == [], case["source"]


def without_refused_cancels(case: dict) -> list[dict]:
    """A refused order cannot be cancelled: only the accepted ones are."""
    refused = {order for order, wanted in case["expect"]["decisions"].items() if not wanted["accepted"]}
    return [e for e in case["events"] if e["event"] != "cancel" or e["order"] not in refused]


def test_names_are_one_of_a_kind() -> None:
    names = [case["name"] for case in practices.CASES]
    assert len(set(names)) == len(names)
