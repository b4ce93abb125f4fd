"""Small files as Alpaca writes them: numbers as text, times in UTC. All made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def order(name: str, at: str, side: str, qty: str | None, symbol: str, status: str = "filled", **more: Any) -> Row:
    row: Row = {
        "id": name,
        "client_order_id": f"c-{name}",
        "created_at": at,
        "submitted_at": at,
        "updated_at": at,
        "filled_at": None,
        "expired_at": None,
        "canceled_at": None,
        "failed_at": None,
        "replaced_at": None,
        "replaced_by": None,
        "replaces": None,
        "asset_class": "us_equity",
        "symbol": symbol,
        "qty": qty,
        "notional": None,
        "filled_qty": qty if status == "filled" else "0",
        "filled_avg_price": None,
        "order_class": "",
        "order_type": "market",
        "type": "market",
        "side": side,
        "time_in_force": "day",
        "limit_price": None,
        "stop_price": None,
        "trail_price": None,
        "trail_percent": None,
        "status": status,
        "extended_hours": False,
        "legs": None,
    }
    if "type" in more:
        row["order_type"] = more["type"]
    return row | more


def fill(order_id: str, at: str, side: str, qty: str, symbol: str, price: str, **more: Any) -> Row:
    row = {"activity_type": "FILL", "id": f"{at}::{order_id}::{qty}", "transaction_time": at, "type": "fill", "price": price, "qty": qty}
    return row | {"side": side, "symbol": symbol, "leaves_qty": "0", "order_id": order_id, "cum_qty": qty} | more


def cash(kind: str, day: str, amount: str, **more: Any) -> Row:
    return {"activity_type": kind, "id": f"{day}::{kind}::{amount}", "date": day, "net_amount": amount, "status": "executed"} | more


def write(folder: Path, name: str, value: Any) -> str:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(path)
