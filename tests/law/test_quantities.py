"""Parts of a share: nine decimals are held to the last one, less is no order, and no answer about a quantity is infinite."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_pdt import Account, BadInput, Fill, OrderRequest
from bt_pdt.account.submission import MOST_SHARES
from bt_pdt.core.money import SMALLEST_QTY
from bt_pdt.law.brokerages import NAMES

OLD, NEW = datetime(2025, 3, 3, 10), datetime(2026, 7, 6, 10)


def account(**given: object) -> Account:
    return Account(20_000.0, **{"at": OLD} | given)  # type: ignore[arg-type]


def test_the_smallest_purchase_is_held() -> None:
    a = account()
    a.post(Fill("BIG", "buy", 1e-9, 700_000.0))
    assert a.positions == {"BIG": 1e-9} and a.cash == 20_000.0 - 700_000.0 * 1e-9
    assert a.equity() == pytest.approx(20_000.0, abs=1e-12)
    a.post(Fill("BIG", "sell", 1e-9, 700_000.0))
    assert a.positions == {} and a.day_trades == [(OLD.date(), "BIG", 1)] and a.cash == pytest.approx(20_000.0, abs=1e-12)


@pytest.mark.parametrize("qty", [5e-10, 4.9e-10, 1e-10, 1e-300])
def test_what_nine_decimals_cannot_tell_from_nothing_is_no_order(qty: float) -> None:
    sentence = r"qty must be at least 0\.000000001 \(brokerages keep nine decimals of a share\), got "
    for make in (
        lambda: OrderRequest("SPY", "buy", qty),
        lambda: Fill("SPY", "buy", qty, 590.0),
        lambda: account(positions=[("SPY", qty, 590.0)]),
        lambda: account(positions=[("SPY", -qty, 590.0)]),
    ):
        with pytest.raises(BadInput, match=sentence):
            make()


def test_the_smallest_parts_add_up() -> None:
    a = account()
    for _ in range(1_000):
        a.post(Fill("SPY", "buy", 1e-9, 590.0))
    assert a.position("SPY") == pytest.approx(1e-6, rel=1e-9)
    for _ in range(1_000):
        assert a.position("SPY") > 0
        a.post(Fill("SPY", "sell", 1e-9, 590.0))
    assert a.positions == {}


@pytest.mark.parametrize("rest", [1e-9, 6e-10])
def test_what_a_sale_leaves_over_is_held_and_can_be_sold(rest: float) -> None:
    a = account()
    a.post(Fill("SPY", "buy", 1.0, 590.0))
    a.post(Fill("SPY", "sell", 1.0 - rest, 590.0))
    left = a.position("SPY")
    assert left == pytest.approx(rest, rel=1e-6)
    assert a.check(OrderRequest("SPY", "sell", left)).accepted
    a.post(Fill("SPY", "sell", left, 590.0))
    assert a.positions == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3_000_000_000)), min_size=1, max_size=30))
def test_no_share_vanishes(trades: list[tuple[bool, int]]) -> None:
    """The position is the exact sum of the executions, none where that is nothing; nothing is paid for a share that is not there."""
    a = account(rules="off")
    held = Decimal(0)
    for buys, units in trades:
        a.post(Fill("SPY", "buy" if buys else "sell", units * SMALLEST_QTY, 100.0))
        held += (1 if buys else -1) * units * Decimal("1e-9")
        assert abs(Decimal(a.position("SPY")) - held) < Decimal("1e-13")
        assert ("SPY" in a.positions) == (held != 0)
    assert a.cash + a.position("SPY") * 100.0 == pytest.approx(20_000.0, abs=1e-6)


def test_a_fractional_sale_is_of_no_more_than_is_held() -> None:
    a = account(positions=[("SPY", 10.0, 590.0)])
    assert a.max_quantity("SPY", "sell", fractional=True) == 10.0


SHAPES = (
    {},
    {"type": "limit", "limit_price": 590.0},
    {"type": "limit", "limit_price": 1e-9},
    {"order_class": "bracket", "take_profit": 1_000.0, "stop_loss": 100.0},
    {"order_class": "oco", "take_profit": 600.0, "stop_loss": 500.0},
)


#: Firms whose checks differ most run with every test command, the others with the long tests.
FIRMS = [
    name if name in ("alpaca", "finra", "ibkr", "schwab", "robinhood") else pytest.param(name, marks=pytest.mark.long) for name in NAMES
]


@pytest.mark.parametrize("rules", ["as_of", "off", "2026-06-03"])
@pytest.mark.parametrize("brokerage", FIRMS)
def test_the_largest_order_is_finite(brokerage: str, rules: str) -> None:
    for at, held, kind in product((OLD, NEW), (0.0, 10.0, -10.0), ("margin", "cash")):
        if kind == "cash" and held < 0:
            continue
        a = account(at=at, brokerage=brokerage, rules=rules, account_type=kind, positions=[("SPY", held, 590.0)])
        for side, fractional, shape in product(("buy", "sell"), (False, True), SHAPES):
            most = a.max_quantity("SPY", side, fractional=fractional, **shape)
            assert math.isfinite(most) and 0.0 <= most <= MOST_SHARES, (at, held, kind, side, shape)
            if most and a.refuses:
                assert a.check(OrderRequest("SPY", side, most, **shape)).accepted


def test_where_no_rule_bounds_an_order_the_answer_is_a_ceiling() -> None:
    """The bare rule asks nothing of a pair of exits, however many shares they are for."""
    a = account(brokerage="finra", positions=[("SPY", 10.0, 590.0)])
    assert a.max_quantity("SPY", "sell", order_class="oco", take_profit=600.0, stop_loss=500.0) == MOST_SHARES == 1e9


def test_with_the_rules_off_the_answer_is_what_they_would_let_pass() -> None:
    on, off = (account(rules=rules, positions=[("SPY", 10.0, 590.0)]) for rules in ("as_of", "off"))
    assert off.max_quantity("SPY", "buy") == on.max_quantity("SPY", "buy") == 75.0
