"""When an order for shares that another order holds would pass: when that order ends by itself, else on no day that is known."""

from datetime import date, datetime

import pytest

from bt_pdt.account import submission
from bt_pdt.account.account import Account
from bt_pdt.core.orders import Fill, OrderRequest

MORNING = datetime(2019, 2, 12, 10, 0)


def refused(time_in_force):
    account = Account(100_000.0, at=MORNING)
    account.mark({"SPY": 100.0})
    account.submit(OrderRequest("SPY", "buy", 100.0, id="in", at=MORNING))
    account.post(Fill("SPY", "buy", 100.0, 100.0, "in", at=datetime(2019, 2, 12, 10, 1)))
    resting = OrderRequest("SPY", "sell", 100.0, type="limit", limit_price=120.0, time_in_force=time_in_force, id="out")
    assert account.submit(resting).accepted
    return account.submit(OrderRequest("SPY", "sell", 60.0, at=datetime(2019, 2, 12, 10, 5)))


@pytest.mark.parametrize(("time_in_force", "on"), [("gtc", None), ("day", date(2019, 2, 13))])
def test_shares_held_by_another_order(time_in_force, on, monkeypatch):
    """A day order ends with the close of the 12th; one that is good until cancelled holds its shares until somebody cancels it."""
    decision = refused(time_in_force)
    assert (str(decision.reason), decision.would_pass.qty, decision.would_pass.on) == ("QTY", 0.0, on)
    monkeypatch.setattr(submission, "_held_for_good", lambda account, symbol: False)  # the long way: session after session is tried
    assert refused(time_in_force).would_pass == decision.would_pass
