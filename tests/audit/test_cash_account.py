"""A cash account: no margin, no shorts, and outside the day-trade rules (rulebook 1.2)."""

from __future__ import annotations

from datetime import datetime

from bt_pdt.account import Account
from bt_pdt.orders import Fill, OrderRequest


def account(cash: float = 10_000.0) -> Account:
    opened = Account(cash, at=datetime(2025, 3, 3, 9, 30), account_type="cash", daytrades=[(datetime(2025, 2, 28).date(), "Q", 9)])
    opened.mark({"X": 50.0})
    return opened


def test_cash_is_all_there_is() -> None:
    assert account().max_quantity("X", "buy", type="limit", limit_price=50.0) == 200
    refused = account().check(OrderRequest("X", "buy", 201, type="limit", limit_price=50.0))
    assert refused.reason == "BUYING_POWER" and "cash account" in refused.why


def test_no_short() -> None:
    refused = account().check(OrderRequest("X", "sell", 1))
    assert refused.reason == "NO_SHORT" and "cash account" in refused.why


def test_day_trades_are_not_limited() -> None:
    opened = account()
    for n in range(6):
        assert opened.submit(OrderRequest("X", "buy", 10, id=f"b{n}")).accepted
        opened.post(Fill("X", "buy", 10, 50.0, f"b{n}"))
        assert opened.submit(OrderRequest("X", "sell", 10, id=f"s{n}")).accepted
        opened.post(Fill("X", "sell", 10, 50.0, f"s{n}"))
    assert not opened.pattern_day_trader
    assert opened.forecast() is None


def test_potential_beside_executed() -> None:
    opened = Account(10_000, at=datetime(2025, 3, 3, 9, 30))
    opened.mark({"X": 50.0})
    opened.submit(OrderRequest("X", "buy", 10, id="1"))
    assert (opened.daytrade_count(), opened.potential_day_trades()) == (0, 0)
    opened.post(Fill("X", "buy", 10, 50.0, "1"))
    opened.submit(OrderRequest("X", "sell", 10, type="limit", limit_price=60.0, id="2"))
    assert (opened.daytrade_count(), opened.potential_day_trades()) == (0, 1)
    assert [left for _, left in opened.forecast()] == [3, 3, 3, 3, 3]
