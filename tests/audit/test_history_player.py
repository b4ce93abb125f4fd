"""The player says what has become of each order, for whoever feeds it line by line."""

from __future__ import annotations

import json

import pytest

from bt_pdt.audits.history import Audit, read_event
from bt_pdt.core.errors import BadInput


def test_status_and_what_is_left() -> None:
    player = Audit()
    for line in (
        {"event": "account", "at": "2025-03-03T09:00:00", "cash": 10_000},
        {"event": "price", "at": "2025-03-03T09:30:00", "symbol": "X", "price": 50},
        {"event": "order", "at": "2025-03-03T09:45:00", "id": "a", "symbol": "X", "side": "buy", "qty": 100},
        {"event": "order", "at": "2025-03-03T09:46:00", "id": "b", "symbol": "X", "side": "buy", "qty": 9_000},
        {"event": "fill", "at": "2025-03-03T09:47:00", "order": "a", "qty": 40, "price": 50},
    ):
        player.play(*read_event(json.dumps(line)))
    assert (player.status("a"), player.left("a")) == ("working", 60.0)
    assert (player.status("b"), player.left("b")) == ("refused", 9_000.0)
    player.play(*read_event('{"event": "fill", "at": "2025-03-03T09:48:00", "order": "a", "price": 50}'))
    assert (player.status("a"), player.left("a")) == ("filled", 0.0)
    with pytest.raises(BadInput, match="order 'c' is not known"):
        player.status("c")
