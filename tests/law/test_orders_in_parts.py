"""Orders of which one part closes and another opens, and orders that are executed in parts."""

from __future__ import annotations

from datetime import datetime

import pytest

from bt_pdt import Account, Asset, Fill, OrderRequest
from bt_pdt.core.errors import BadInput

FINRA = datetime(2026, 2, 2, 10)


def at_finra(**more: object) -> Account:
    """A flagged account of $30,000 with 100 shares short at $100 and nothing left of day-trading buying power; it is checked on exit."""
    account = {"pattern_day_trader": True, "last_equity": 30_000.0, "last_maintenance_margin": 30_000.0, "dtbp_check": "exit"}
    account["positions"] = [("X", -100.0, 100.0)]
    return Account(40_000.0, at=FINRA, brokerage="finra", **account | more)  # type: ignore[arg-type]


def test_an_order_through_zero_closes_nothing_of_what_it_opens() -> None:
    """100 of 150 close what was carried in, 50 are long and stay: no day trade, and nothing to hold against day-trading buying power."""
    request = OrderRequest("X", "buy", 150.0, type="limit", limit_price=100.0)
    assert at_finra().check(request).accepted


def test_with_exits_of_its_own_it_does() -> None:
    """The exits would sell the 50 shares that it opens: $5,000 of day trades, with nothing left for them."""
    request = OrderRequest("X", "buy", 150.0, type="limit", limit_price=100.0, order_class="bracket", take_profit=110.0, stop_loss=90.0)
    refused = at_finra().check(request)
    assert str(refused.reason) == "DTBP"
    assert "$5,000" in refused.why
    assert refused.would_pass.qty == 100.0


def test_a_resting_purchase_closes_what_was_sold_short_alone() -> None:
    """50 sold short today, an order that buys them back, and one for 20 beyond them: the 50 are the day trade, the 20 are none."""
    account = at_finra(positions=[], last_maintenance_margin=28_750.0)  # 4 x 1,250 = 5,000
    account.mark({"X": 100.0})
    account.post(Fill("X", "sell", 50.0, 100.0))
    buy_back = OrderRequest("X", "buy", 50.0, type="limit", limit_price=99.0, id="back")
    assert account.submit(buy_back).accepted
    assert account.check(OrderRequest("X", "buy", 20.0, type="limit", limit_price=99.0)).accepted


def at_alpaca() -> Account:
    account = Account(30_000.0, at=datetime(2026, 2, 2, 10), assets=[Asset("X")])
    account.mark({"X": 20.0})
    return account


def test_what_is_left_of_a_whole_order_is_no_fraction() -> None:
    """9 shares until cancelled, 4.5 of them executed: another limit for the rest is taken, and so is another whole quantity."""
    account = at_alpaca()
    account.submit(OrderRequest("X", "buy", 9.0, type="limit", limit_price=20.0, time_in_force="gtc", id="a"))
    account.post(Fill("X", "buy", 4.5, 20.0, order_id="a"))
    assert account.replace("a", limit_price=19.5).accepted
    assert account.replace("a", qty=10.0).accepted


@pytest.mark.parametrize("qty", [9.5, 4.75])
def test_a_fraction_stays_a_day_order(qty: float) -> None:
    account = at_alpaca()
    account.submit(OrderRequest("X", "buy", 9.0, type="limit", limit_price=20.0, time_in_force="gtc", id="a"))
    account.post(Fill("X", "buy", 4.0, 20.0, order_id="a"))
    assert account.replace("a", qty=qty).message == "fractional orders must be DAY orders"
    with pytest.raises(BadInput, match="has 4 filled"):
        account.replace("a", qty=4.0)
