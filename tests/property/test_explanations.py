"""What would have passed is the answer of the moment of the refusal, whenever it is read, and costs nothing where nobody reads it."""

from __future__ import annotations

import copy
import gc
import pickle
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bt_pdt import Account, Fill, OrderRequest
from bt_pdt.account import submission
from bt_pdt.core.decisions import Rejected, WouldPass

MARCH = datetime(2025, 3, 3, 9, 31)
USED_UP = [(date(2025, 2, 28), "AAA", 3)]

CHANGES: dict[str, Callable[[Account], object]] = {
    "mark": lambda a: a.mark({"AAA": 50.0}),
    "reprice": lambda a: a.reprice({"AAA": 50.0}),
    "advance": lambda a: a.advance(MARCH + timedelta(days=2)),
    "roll_to": lambda a: a.roll_to(date(2025, 3, 6)),
    "close_session": lambda a: a.close_session(),
    "post": lambda a: a.post(Fill("AAA", "buy", 10.0, 100.0)),
    "book": lambda a: a.book(Fill("AAA", "buy", 10.0, 100.0)),
    "submit": lambda a: a.submit(OrderRequest("AAA", "buy", 10.0)),
    "deposit": lambda a: a.deposit(5_000.0),
    "withdraw": lambda a: a.withdraw(5_000.0),
    "cash_move": lambda a: a.cash_move("fee", -1_000.0),
    "split": lambda a: a.split("AAA", 2.0),
    "set_asset": lambda a: a.set_asset(replace(a.ledger.asset("AAA"), marginable=False)),
    "set_flag": lambda a: a.set_flag(True),
    "move_shares": lambda a: a.move_shares("AAA", 7.0),
    "add_day_trades": lambda a: a.add_day_trades("OPT", 2),
    "trading_blocked": lambda a: setattr(a, "trading_blocked", True),
}


def made() -> Account:
    account = Account(10_000.0, at=MARCH, daytrades=USED_UP)
    account.mark({"AAA": 100.0})
    account.post(Fill("AAA", "buy", 5.0, 100.0))
    return account


ORDERS = (
    OrderRequest("AAA", "buy", 900.0),
    OrderRequest("AAA", "sell", 5.0),
    OrderRequest("AAA", "sell", 50.0),
    OrderRequest("AAA", "buy", 900.5),
)


def answers(account: Account, *, read: bool) -> list[Rejected]:
    found = []
    for request in ORDERS:
        decision = account.check(request)
        assert not decision.accepted
        if read:
            assert decision.would_pass.qty >= 0.0
        found.append(decision)
    return found


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_read_after_a_change_it_is_what_it_was_before(change: Callable[[Account], object]) -> None:
    expected = answers(made(), read=True)
    account = made()
    late = answers(account, read=False)
    change(account)
    assert [d.would_pass for d in late] == [d.would_pass for d in expected]


def test_every_event_of_an_account_is_tried() -> None:
    """A new method that changes the account joins CHANGES, or the list here of those that only answer."""
    ask = {"check", "max_quantity", "what_if", "save"}
    # these need an order, a call, a cost or a statement first, and come through the same door
    same_door = {"replace", "release", "charge_costs", "lift_restriction", "call_maintenance_now", "reconcile"}
    own = {name for name, value in vars(Account).items() if not name.startswith("_") and (callable(value) or isinstance(value, property))}
    assert own == set(CHANGES) | ask | same_door


def test_what_nobody_reads_is_never_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    account = made()
    monkeypatch.setattr(submission, "_largest", lambda *_: pytest.fail("worked out"))
    for request in ORDERS:
        account.check(request)
    gc.collect()
    account.mark({"AAA": 50.0})


def test_copies_carry_the_answer() -> None:
    account = made()
    decision = answers(account, read=False)[0]
    assert pickle.loads(pickle.dumps(decision)) == decision == copy.deepcopy(decision)
    account.submit(ORDERS[0])
    twin = pickle.loads(pickle.dumps(account))
    twin.mark({"AAA": 1.0})
    assert twin.journal[-1].decision == account.journal[-1].decision


def test_a_value_like_any_other() -> None:
    one = WouldPass(3.0, None)
    assert one == WouldPass(3.0, None) != WouldPass(4.0, None) and len({one, WouldPass(3.0, None)}) == 1
    assert tuple(one) == (3.0, None) and repr(one) == "WouldPass(qty=3.0, on=None)"


def test_the_largest_quantity_is_where_it_turns() -> None:
    """On random accounts the answer passes and one share more does not."""
    for seed in range(150):
        dice = random.Random(seed)
        at = dice.choice((MARCH, datetime(2026, 7, 6, 9, 31), datetime(2012, 5, 7, 10, 0)))
        account = Account(dice.uniform(1_000, 60_000), at=at, brokerage=dice.choice(("alpaca", "ibkr", "finra", "robinhood")))
        prices = {"AAA": dice.uniform(0.5, 300.0), "BBB": dice.uniform(3.0, 50.0)}
        account.mark(prices)
        for symbol in prices:
            account.submit(OrderRequest(symbol, "buy", dice.randint(1, 40), type="limit", limit_price=round(prices[symbol], 2)))
            account.post(Fill(symbol, dice.choice(("buy", "sell")), dice.randint(1, 20), prices[symbol]))
        for side in ("buy", "sell"):
            most = account.max_quantity("AAA", side)
            assert not account.check(OrderRequest("AAA", side, most + 1)).accepted
            assert not most or account.check(OrderRequest("AAA", side, most)).accepted
