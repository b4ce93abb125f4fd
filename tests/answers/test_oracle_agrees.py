"""The oracle against the sources: every answer typed from the texts must come out of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import oracle
from answers import audits, daytrades


def same(wanted, got) -> bool:
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(k in got and same(v, got[k]) for k, v in wanted.items())
    if isinstance(wanted, bool) or wanted is None or isinstance(wanted, str):
        return got is wanted or got == wanted
    return isinstance(got, int | float) and abs(wanted - got) <= 0.0051


def differences(expect: dict, answer: dict) -> list[str]:
    """What of a case's `expect` an answer of `audit` does not give. For any implementation of the contract."""
    out = []
    decisions, seen, withdrawals = {}, {}, 0
    for d in answer["decisions"]:
        if d["order"] is None:
            withdrawals += 1
            decisions[f"w{withdrawals}"] = d
        else:
            seen[d["order"]] = seen.get(d["order"], 0) + 1
            decisions[d["order"] if seen[d["order"]] == 1 else f"{d['order']}#{seen[d['order']]}"] = d
    tables = {"decisions": decisions, "sessions": {row["session"]: row for row in answer["sessions"]}, "account": {"": answer["account"]}}
    for name, table in tables.items():
        wanted = expect.get(name, {})
        for key, values in ({"": wanted} if name == "account" else wanted).items():
            for field, value in values.items():
                if key not in table or field not in table[key] or not same(value, table[key][field]):
                    out.append(f"{name} {key} {field}: wanted {value}, got {table.get(key, {}).get(field, 'nothing')}")
    if "day_trades" in expect:
        counted = {f"{d['session']} {d['symbol']}": d["count"] for d in answer["day_trades"]}
        if counted != expect["day_trades"]:
            out.append(f"day_trades: wanted {expect['day_trades']}, got {counted}")
    for name in ("calls", "restrictions"):
        for wanted in expect.get(name, []):
            if not any(same(wanted, got) for got in answer[name]):
                out.append(f"{name}: wanted {wanted}, got {answer[name]}")
    for kind in expect.get("no_calls", []):
        out += [f"calls: wanted no {kind}, got {c}" for c in answer["calls"] if c["kind"] == kind]
    return out


@pytest.mark.parametrize("case", audits.CASES, ids=lambda case: case["name"])
def test_audit(case):
    assert differences(case["expect"], oracle.audit(case["events"], calls=case["bind"])) == [], case["source"]


@pytest.mark.parametrize("row", daytrades.ROWS, ids=lambda row: row[0])
def test_day_trades(row):
    _, source, start, executions, direction, fifo, lifo = row
    by_symbol = {}
    for number, (symbol, qty) in enumerate(executions):
        by_symbol.setdefault(symbol, []).append((qty, number))
    got = [
        sum(oracle.count_direction(start.get(s, 0), [q for q, _ in fills]) for s, fills in by_symbol.items()),
        sum(oracle.count_openings(start.get(s, 0), fills) for s, fills in by_symbol.items()),
        sum(oracle.count_openings(start.get(s, 0), fills, lifo=True) for s, fills in by_symbol.items()),
    ]
    for wanted, count in zip((direction, fifo, lifo), got, strict=True):
        assert wanted is None or wanted == count, source


@pytest.mark.parametrize("row", daytrades.ROWS, ids=lambda row: row[0])
def test_day_trades_of_a_whole_audit(row):
    _, source, start, executions, direction, fifo, lifo = row
    positions = [{"symbol": s, "qty": q, "price": 10} for s, q in start.items()]
    for method, wanted in (("direction", direction), ("opening_fifo", fifo), ("opening_lifo", lifo)):
        first = {"event": "account", "at": "2024-03-06T09:00:00", "cash": 50000, "positions": positions, "set": {"counting_method": method}}
        fills = [
            {
                "event": "fill",
                "at": f"2024-03-06T10:{n:02d}:00",
                "symbol": s,
                "side": "buy" if q > 0 else "sell",
                "qty": abs(q),
                "price": 10,
            }
            for n, (s, q) in enumerate(executions)
        ]
        got = sum(d["count"] for d in oracle.audit([first, *fills])["day_trades"])
        assert wanted is None or wanted == got, source


def test_enough_cases():
    assert len({case["name"] for case in audits.CASES}) == len(audits.CASES) >= 80
