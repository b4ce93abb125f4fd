"""How far a maintenance call is: the closed forms, the edges of price bands, and any book whatever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_books import books, excess, rules

from bt_pdt.account.cushion import account_distance, position_distances
from bt_pdt.account.ledger import Ledger
from bt_pdt.core.orders import Asset


def call_price(account: Ledger, brokerage: str = "finra", symbol: str = "A") -> float | None:
    return {d.symbol: d.call_price for d in position_distances(account, rules(brokerage))}[symbol]


@pytest.mark.parametrize(("debit", "value"), [(10_000, 13_333.33), (40_000, 53_333.33)])
def test_long_stock_is_called_below_debit_over_75_per_cent(debit: float, value: float) -> None:
    account = books(-debit, A=(100, 1_000.0))
    (found,) = position_distances(account, rules())
    assert (found.symbol, found.price) == ("A", 1_000.0)
    assert found.call_price == pytest.approx(value / 100, abs=0.0001)
    assert found.adverse_move == pytest.approx(value / 100_000 - 1, abs=1e-6)
    together = account_distance(account, rules())
    assert together.excess == pytest.approx(75_000 - debit)
    assert together.adverse_move == pytest.approx(1 - value / 100_000, abs=1e-6)


def test_short_stock_is_called_above_credit_over_130_per_cent() -> None:
    """Proceeds of 80,000 and 40,000 deposited: from 92,308 on."""
    account = books(120_000, A=(-1_000, 80.0))
    (found,) = position_distances(account, rules())
    assert found.call_price == pytest.approx(92.308, abs=0.001)
    assert found.adverse_move == pytest.approx(0.15385, abs=0.00001)
    assert account_distance(account, rules()).adverse_move == pytest.approx(0.15385, abs=0.00001)


@pytest.mark.parametrize(
    ("price", "cash", "expected"), [(10.0, 16_000, 11.0), (10.0, 30_000, 23.0769), (2.0, 6_000, 3.0), (2.0, 4_700, 2.2)]
)
def test_dollars_a_share_of_short_stock(price: float, cash: float, expected: float) -> None:
    """1,000 shares, credit C: C/1000 = P + max(5, 0.3 P) from $5 on, P + max(2.50, P) under it."""
    assert call_price(books(cash, A=(-1_000, price))) == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize(
    ("debit", "expected"),
    [
        (4_900, 7.00),  # 0.7 x 7,000 at 30 %
        (4_000, 6.00),  # 30 % would do to 5.71, but from $6.00 down it is 50 %
        (2_900, 5.80),  # 0.5 x 5,800 at 50 %
        (1_000, 2.50),  # 50 % would do to 2.00, but under $2.50 nothing is lent
    ],
)
def test_house_bands_of_low_priced_stock(debit: float, expected: float) -> None:
    assert call_price(books(-debit, A=(1_000, 10.0)), "alpaca") == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize(
    ("leverage", "qty", "cash", "expected"),
    [(2, 100, -4_000, 80.0), (3, 100, -2_000, 80.0), (2, -100, 20_000, 125.0), (-3, -100, 20_900, 110.0)],
)
def test_leveraged_funds(leverage: float, qty: float, cash: float, expected: float) -> None:
    """Half or a quarter of a long 2x or 3x fund is lent; a short one needs 60 or 90 % on top of its value."""
    assert call_price(books(cash, Asset("A", leverage=leverage), A=(qty, 100.0))) == pytest.approx(expected, abs=0.0001)


def test_a_book_of_long_and_short_stock() -> None:
    """Equity 6,000, maintenance margin 4,000; a fall of L costs 0.75 a dollar of 10,000, a rise of S 1.30 a dollar of 5,000."""
    account = books(1_000, L=(100, 100.0), S=(-50, 100.0))
    together = account_distance(account, rules())
    assert together.excess == pytest.approx(2_000)
    assert together.adverse_move == pytest.approx(2_000 / 14_000)
    long, short = position_distances(account, rules())
    assert (long.call_price, long.adverse_move) == (pytest.approx(73.3333, abs=0.0001), pytest.approx(-0.26667, abs=0.00001))
    assert (short.call_price, short.adverse_move) == (pytest.approx(130.7692, abs=0.0001), pytest.approx(0.30769, abs=0.00001))


def test_fully_paid_stock_is_never_called() -> None:
    account = books(0, A=(100, 100.0), B=(10, 3.0))
    for brokerage in ("finra", "alpaca"):
        assert [(d.call_price, d.adverse_move) for d in position_distances(account, rules(brokerage))] == [(None, None)] * 2
        assert account_distance(account, rules(brokerage)).adverse_move is None


def test_one_position_may_be_too_small_to_bring_a_call() -> None:
    """Debit 5,000 with 20,000 and 1,000 of stock: B worthless leaves 15,000 of 5,000."""
    account = books(-5_000, A=(200, 100.0), B=(10, 100.0))
    assert call_price(account, symbol="B") is None
    assert call_price(account, symbol="A") == pytest.approx((5_000 - 750) / 0.75 / 200, abs=0.0001)


def test_a_short_position_is_always_called_at_last() -> None:
    """Credit 10,000 carries 10 shares to 769.23; long stock that is worthless by then changes nothing."""
    for account in (books(10_000, S=(-10, 100.0)), books(10_000, L=(10, 100.0), S=(-10, 100.0))):
        assert account_distance(account, rules()).adverse_move == pytest.approx(6.6923, abs=0.0001)


def test_an_empty_account_is_far_from_everything() -> None:
    assert account_distance(books(500), rules()) == (500, None)
    assert position_distances(books(500), rules()) == []


def test_under_a_call_the_way_is_nothing() -> None:
    account = books(-10_000, A=(120, 100.0), B=(-1, 10.0))
    together = account_distance(account, rules())
    assert together.excess == pytest.approx(-1_015.0)
    assert together.adverse_move == 0.0
    assert [(d.call_price, d.adverse_move) for d in position_distances(account, rules())] == [(100.0, 0.0), (10.0, 0.0)]


def test_the_books_asked_about_stay_as_they_are() -> None:
    account = books(-10_000, A=(1_000, 20.0))
    account_distance(account, rules())
    position_distances(account, rules())
    assert (account.cash, account.positions, account.marks) == (-10_000, {"A": 1_000}, {"A": 20.0})


# -- a concentrated account at Alpaca: 50 % of the one security from 70 % of all, with a debit from 100,000


def test_a_concentrated_security_is_called_at_its_own_rate() -> None:
    """A 160,000, B 40,000, debit 105,000: 0.5 A + 0.7 x 40,000 = 105,000 at A = 154,000."""
    assert call_price(books(-105_000, A=(1_600, 100.0), B=(400, 100.0)), "alpaca") == pytest.approx(96.25, abs=0.0001)


def test_the_nearest_of_two_calls_is_told() -> None:
    """A 180,000, B 60,000, debit 120,000: called from A = 156,000 to 140,000, where concentration ends, and again from 111,429."""
    assert call_price(books(-120_000, A=(1_800, 100.0), B=(600, 100.0)), "alpaca") == pytest.approx(86.6667, abs=0.0001)


def test_the_fall_of_one_concentrates_the_other() -> None:
    """A 130,000, B 60,000, debit 115,000: A is 70 % of all once B is worth 55,714."""
    assert call_price(books(-115_000, A=(1_300, 100.0), B=(600, 100.0)), "alpaca", "B") == pytest.approx(92.8571, abs=0.0001)


# -- any book


SYMBOLS = ("A", "B", "C", "D")
FUNDS = {"C": 2.0, "D": 3.0}


@st.composite
def accounts(draw: st.DrawFn) -> Ledger:
    held = {}
    for symbol in draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True)):
        qty = draw(st.integers(-3_000, 3_000).filter(bool))
        held[symbol] = (float(qty), draw(st.integers(100, 20_000)) / 100.0)
    value = sum(qty * price for qty, price in held.values())
    needed = value - excess(0.0, held, FUNDS, alpaca=True)
    return books(draw(st.floats(0.8, 3.0)) * needed - value, Asset("C", leverage=2), Asset("D", leverage=-3), **held)


@settings(max_examples=200, deadline=None)
@given(accounts(), st.booleans(), st.lists(st.floats(0.0, 0.9999), max_size=5))
def test_any_position_is_clear_up_to_its_call_price_and_not_beyond(account: Ledger, alpaca: bool, way: list[float]) -> None:
    law = rules("alpaca" if alpaca else "finra")

    def left(moved: dict[str, float]) -> float:
        held = {s: (qty, moved.get(s, account.marks[s])) for s, qty in account.positions.items()}
        return excess(account.cash, held, FUNDS, alpaca)

    for found in position_distances(account, law):
        symbol, now, there = found.symbol, found.price, found.call_price
        if left({}) < -0.005:
            assert (there, found.adverse_move) == (now, 0.0)
            continue
        end = 0.0 if there is None else there
        assert all(left({symbol: now + share * (end - now)}) > -0.005 - 1e-6 for share in way)
        if there is None:
            assert account.positions[symbol] > 0
            assert left({symbol: 0.0}) > -0.005 - 1e-6
            continue
        assert found.adverse_move == pytest.approx(there / now - 1)
        cent = 0.01 if account.positions[symbol] < 0 else -0.01
        if (there - now) / cent > 1:
            assert left({symbol: there - cent}) > -0.005 - 1e-6
        assert left({symbol: there + cent * 1e-4}) < 0.005 + 1e-6


@settings(max_examples=200, deadline=None)
@given(accounts(), st.booleans())
def test_any_account_is_clear_up_to_the_common_move_and_not_beyond(account: Ledger, alpaca: bool) -> None:
    def left(by: float) -> float:
        moved = {s: account.marks[s] * (max(0.0, 1 - by) if qty > 0 else 1 + by) for s, qty in account.positions.items()}
        return excess(account.cash, {s: (qty, moved[s]) for s, qty in account.positions.items()}, FUNDS, alpaca)

    found = account_distance(account, rules("alpaca" if alpaca else "finra"))
    assert found.excess == pytest.approx(left(0.0), abs=1e-5)
    if found.adverse_move is None:
        assert left(1.0) > -0.005 - 1e-5
        assert all(qty > 0 for qty in account.positions.values())
    elif found.adverse_move == 0.0:
        assert left(1e-9) < 0.005
    else:
        assert left(found.adverse_move * (1 - 1e-7)) > -0.005 - 1e-5
        assert left(found.adverse_move * (1 + 1e-7)) < 0.005
