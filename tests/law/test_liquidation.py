"""How much is sold to cure a call: the references' vectors, both sides of one share, costs, and any book whatever."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_books import books, excess, rules

from bt_pdt.account.calls import MarginCall
from bt_pdt.account.ledger import Ledger
from bt_pdt.account.liquidation import Sale, everything, plan
from bt_pdt.core.orders import Asset


def call(kind: str, amount: float = 0.0, *, received: float = 0.0, margin_level: float = 0.0) -> MarginCall:
    measured, issued, due = date(2026, 8, 27), date(2026, 8, 28), date(2026, 8, 31)
    return MarginCall("c1", kind, amount, measured, issued, due, "", "", received=received, margin_level=margin_level)


MAINTENANCE = call("maintenance")


def sold(sales: list[Sale]) -> dict[str, float]:
    return {sale.symbol: sale.qty for sale in sales}


# -- the references' vectors


def test_a_maintenance_call_of_1000_sells_4000() -> None:
    sales = plan(books(-10_000, A=(120, 100.0)), rules(), calls=[MAINTENANCE], prices={"A": 100.0})
    assert sales == [Sale("A", -40, 100.0, 4_000.0)]


def test_a_house_call_of_35750_at_30_per_cent_sells_119167() -> None:
    """Long 400,000 against a debit of 315,750: equity 84,250, maintenance margin 120,000."""
    house = Asset("A", maintenance=0.30)
    sales = plan(books(-315_750, house, A=(400_000, 1.0)), rules(), calls=[MAINTENANCE], prices={"A": 1.0})
    assert sold(sales) == {"A": -119_167}


@pytest.mark.parametrize(
    ("kinds", "dollars"),
    [
        ({"maintenance": 18_000}, 60_000),
        ({"fed": 30_000}, 60_000),
        ({"maintenance": 18_000, "fed": 30_000}, 60_000),
        ({"maintenance": 18_000, "fed": 30_001}, 60_002),
        ({"maintenance": 18_000, "fed": 29_000}, 60_000),
    ],
)
def test_one_sale_serves_a_house_call_and_a_fed_call(kinds: dict[str, float], dollars: int) -> None:
    """60,000 of a stock held at 30 % releases 18,000 of house margin and 30,000 of Reg T. Equity 12,000, maintenance margin 30,000."""
    account = books(-88_000, Asset("A", maintenance=0.30), A=(100_000, 1.0))
    sales = plan(account, rules(), calls=[call(*item) for item in kinds.items()], prices={"A": 1.0})
    assert sold(sales) == {"A": -dollars}


@pytest.mark.parametrize(("amount", "received", "shares"), [(5_000, 0, 100), (10_000, 0, 200), (5_000, 2_000, 60), (5_000, 5_000, 0)])
def test_a_fed_call_sells_twice_what_is_missing(amount: float, received: float, shares: int) -> None:
    sales = plan(books(-20_000, A=(300, 100.0)), rules(), calls=[call("fed", amount, received=received)], prices={"A": 100.0})
    assert sold(sales) == ({"A": -shares} if shares else {})


def test_two_fed_calls_take_what_a_sale_releases_one_after_the_other() -> None:
    """2,000 and 5,000 are 7,000 of initial margin: 14,000 of stock."""
    calls = [call("fed", 2_000), call("fed", 5_000)]
    assert sold(plan(books(-20_000, A=(300, 100.0)), rules(), calls=calls, prices={"A": 100.0})) == {"A": -140}


def test_an_intraday_margin_call_of_2500_is_met_by_selling_10000() -> None:
    account = books(-20_000, A=(300, 100.0))
    sales = plan(account, rules(), calls=[call("intraday_margin", 2_500, margin_level=2_500)], prices={"A": 100.0})
    assert sold(sales) == {"A": -100}


def test_where_gains_do_not_count_sales_alone_raise_the_level() -> None:
    """At $110 the level stands at 4,750, which counts for nothing; 27.50 a share towards 2,500, or towards the 1,500 still missing."""
    account, strict, kind = books(-20_000, A=(300, 100.0)), rules(), rules(imd_gains_count=True)
    for received, shares in ((0.0, 91), (1_000.0, 55)):
        owed = call("intraday_margin", 2_500, margin_level=2_500, received=received)
        assert sold(plan(account, strict, calls=[owed], prices={"A": 110.0})) == {"A": -shares}
    assert sold(plan(account, kind, calls=[call("intraday_margin", 2_500, margin_level=2_500)], prices={"A": 110.0})) == {"A": -10}


def test_the_level_may_have_a_basis_of_its_own() -> None:
    """A level that counts half of what is held: 10,000 now, 5 of it raised by each share of 100."""
    level = lambda after: after.cash + 50.0 * after.position("A")  # noqa: E731
    owed = call("intraday_margin", 1_000, margin_level=-5_000)
    sales = plan(books(-20_000, A=(300, 100.0)), rules(), calls=[owed], prices={"A": 100.0}, margin_level=level)
    assert sold(sales) == {"A": -20}


@pytest.mark.parametrize("kind", ["day_trade", "minimum_equity"])
def test_what_asks_for_money_is_not_cured_by_selling(kind: str) -> None:
    assert plan(books(-10_000, A=(120, 100.0)), rules(), calls=[call(kind, 5_000)], prices={"A": 100.0}) == []


def test_a_call_that_the_open_has_cured_sells_nothing() -> None:
    """Debit 10,000 at 25 %: from 13,333.33 on nothing is missing."""
    account = books(-10_000, A=(1_000, 12.0))
    assert plan(account, rules(), calls=[MAINTENANCE], prices={"A": 13.34}) == []
    assert sold(plan(account, rules(), calls=[MAINTENANCE], prices={"A": 13.33})) == {"A": -1}


def test_the_books_asked_about_stay_as_they_are() -> None:
    account = books(-10_000, A=(120, 120.0))
    plan(account, rules(), calls=[MAINTENANCE], prices={"A": 100.0})
    assert (account.cash, account.positions, account.marks) == (-10_000, {"A": 120}, {"A": 120.0})


# -- one share, and what selling costs


@pytest.mark.parametrize(("debit", "shares"), [(9_999.99, 40), (10_000.00, 40), (10_000.01, 41), (10_025.00, 41), (10_025.01, 42)])
def test_whole_shares_are_rounded_up(debit: float, shares: int) -> None:
    """120 shares of 100: a share releases 25, the call is debit - 9,000."""
    assert sold(plan(books(-debit, A=(120, 100.0)), rules(), calls=[MAINTENANCE], prices={"A": 100.0})) == {"A": -shares}


def test_the_sale_bears_its_commission() -> None:
    """25 a share less 5 once: 40 shares are 5 dollars short."""
    sales = plan(books(-10_000, A=(120, 100.0)), rules(), calls=[MAINTENANCE], prices={"A": 100.0}, cost=lambda *_: 5.0)
    assert sales == [Sale("A", -41, 100.0, 4_095.0)]
    assert sales[0].cost == 5.0


def test_the_sale_bears_its_slippage() -> None:
    """One per cent: 24 a share for maintenance (1,000 / 24 = 41.7), 49.50 a share towards a Fed call (5,000 / 49.50 = 101.01)."""
    slippage = lambda symbol, qty, price: 0.01 * abs(qty) * price  # noqa: E731
    prices = {"A": 100.0}
    assert sold(plan(books(-10_000, A=(120, 100.0)), rules(), calls=[MAINTENANCE], prices=prices, cost=slippage)) == {"A": -42}
    assert sold(plan(books(-20_000, A=(300, 100.0)), rules(), calls=[call("fed", 5_000)], prices=prices, cost=slippage)) == {"A": -102}


@pytest.mark.parametrize(
    ("debit", "qty"),
    [(8_500, 3), (10_375, 10), (10_376, 10.5), (10_499, 10.5)],
)
def test_a_fraction_of_a_share_goes_with_the_last_one(debit: float, qty: float) -> None:
    """10.5 shares of 1,000: a share releases 250, equity is 10,500 - debit."""
    assert sold(plan(books(-debit, A=(10.5, 1_000.0)), rules(), calls=[MAINTENANCE], prices={"A": 1_000.0})) == {"A": -qty}


def test_less_than_a_share_is_sold_whole() -> None:
    assert sold(plan(books(-399, A=(0.4, 1_000.0)), rules(), calls=[MAINTENANCE], prices={"A": 1_000.0})) == {"A": -0.4}


# -- short positions, leveraged funds, bands


@pytest.mark.parametrize(
    ("price", "cash", "shares"),
    [
        (10.0, 14_000, 200),  # $5 a share: 5,000 of equity 4,000
        (2.0, 4_300, 80),  # $2.50 a share: 2,500 of 2,300
        (4.0, 7_800, 50),  # 100 %: 4,000 of 3,800
        (20.0, 25_400, 100),  # 30 %: 6,000 of 5,400
    ],
)
def test_a_short_position_is_bought_back(price: float, cash: float, shares: int) -> None:
    sales = plan(books(cash, A=(-1_000, price)), rules(), calls=[MAINTENANCE], prices={"A": price})
    assert sales == [Sale("A", shares, price, -shares * price)]


def test_a_cover_counts_half_its_cost_towards_a_fed_call() -> None:
    account = books(14_000, A=(-1_000, 10.0))
    assert sold(plan(account, rules(), calls=[call("fed", 2_000)], prices={"A": 10.0})) == {"A": 400}


@pytest.mark.parametrize(
    ("leverage", "qty", "cash", "shares"),
    [
        (2.0, 100, -6_000, -20),  # 50 %: 5,000 of equity 4,000
        (3.0, 100, -3_500, -14),  # 75 %: 7,500 of 6,500
        (-3.0, 100, -3_500, -14),
        (2.0, -100, 15_000, 17),  # 60 %: 6,000 of 5,000
        (3.0, -100, 18_000, 12),  # 90 %: 9,000 of 8,000
    ],
)
def test_leveraged_funds_release_more(leverage: float, qty: float, cash: float, shares: int) -> None:
    account = books(cash, Asset("F", leverage=leverage), F=(qty, 100.0))
    assert sold(plan(account, rules(), calls=[MAINTENANCE], prices={"F": 100.0})) == {"F": shares}


@pytest.mark.parametrize(("price", "shares"), [(6.00, 167), (6.01, 0)])
def test_the_house_band_is_that_of_the_opening_price(price: float, shares: int) -> None:
    """Alpaca, 1,000 shares with a debit of 3,500: half of 6,000 with equity 2,500, but 30 % of 6,010 with 2,510."""
    sales = plan(books(-3_500, A=(1_000, 9.0)), rules("alpaca"), calls=[MAINTENANCE], prices={"A": price})
    assert sold(sales) == ({"A": -shares} if shares else {})


# -- several positions


def test_the_largest_goes_first() -> None:
    """Market values 3,000, 5,000 (short), 4,000; equity 1,800 of a maintenance margin of 3,250."""
    account = books(-200, A=(30, 100.0), B=(-50, 100.0), C=(40, 100.0))
    sales = plan(account, rules(), calls=[MAINTENANCE], prices={"A": 100.0, "B": 100.0, "C": 100.0})
    assert [(sale.symbol, sale.qty) for sale in sales] == [("B", 49)]


def test_the_next_follows_where_one_is_not_enough() -> None:
    """Fed call of 6,000 is 120 shares of 100: 70 of C, then 50 of the 60 of A; B stays."""
    account = books(-1_000, A=(60, 100.0), B=(50, 100.0), C=(70, 100.0))
    sales = plan(account, rules(), calls=[call("fed", 6_000)], prices={"A": 100.0, "B": 100.0, "C": 100.0})
    assert [(sale.symbol, sale.qty) for sale in sales] == [("C", -70), ("A", -50)]


def test_losers_go_first_where_the_brokerage_says_so() -> None:
    """Losses 500 (A), 1,200 (S, sold short at 60), none (G); G and H, without a loss, by size."""
    account = books(10_000, A=(50, 100.0), S=(-20, 120.0), G=(60, 100.0), H=(70, 100.0))
    prices = {"A": 100.0, "S": 120.0, "G": 100.0, "H": 100.0}
    entries = {"A": 110.0, "S": 60.0, "G": 50.0}
    calls = [call("fed", 1_000_000)]
    losers = plan(account, rules(liquidation_order="losers"), calls=calls, prices=prices, entry_prices=entries)
    assert [sale.symbol for sale in losers] == ["S", "A", "H", "G"]
    largest = plan(account, rules(), calls=calls, prices=prices, entry_prices=entries)
    assert [sale.symbol for sale in largest] == ["H", "G", "A", "S"]


def test_what_has_no_price_now_is_not_sold_and_stands_at_its_mark() -> None:
    """90 shares halted at 100 and 30 that trade: equity 2,000, maintenance margin 3,000; all 30 release 750 only."""
    account = books(-10_000, HALTED=(90, 100.0), A=(30, 100.0))
    assert sold(plan(account, rules(), calls=[MAINTENANCE], prices={"A": 100.0})) == {"A": -30}
    assert sold(plan(account, rules(), calls=[MAINTENANCE], prices={"A": 100.0, "HALTED": 100.0})) == {"HALTED": -40}
    assert plan(account, rules(), calls=[MAINTENANCE], prices={}) == []
    assert sold(everything(account, {"A": 100.0, "HALTED": 0.0})) == {"A": -30}


def test_a_debt_sells_everything() -> None:
    account = books(-10_000, A=(50, 100.0), B=(40, 100.0), C=(-2.5, 40.0))
    prices = {"A": 100.0, "B": 100.0, "C": 40.0}
    sales = plan(account, rules(), calls=[MAINTENANCE], prices=prices)
    assert sales == everything(account, prices)
    assert sales == [Sale("A", -50, 100.0, 5_000.0), Sale("B", -40, 100.0, 4_000.0), Sale("C", 2.5, 40.0, -100.0)]


def test_everything_bears_its_costs() -> None:
    assert everything(books(0, A=(50, 100.0)), {"A": 90.0}, cost=lambda *_: 1.5) == [Sale("A", -50, 90.0, 4_498.5)]


# -- a concentrated account at Alpaca: 50 % of the one security from 70 % of all, with a debit from 100,000


@pytest.mark.parametrize(
    ("debit", "shares"),
    [
        (110_000, 40),  # 0.5 x (160,000 - S) + 0.3 x 40,000 <= 90,000 from S = 4,000
        (120_000, 201),  # at S = 20,000 the debit is 100,000 still: 82,000 of 80,000; one share more ends the add-on
        (101_000, 0),  # equity 99,000 of 92,000
    ],
)
def test_the_add_on_for_concentration(debit: float, shares: int) -> None:
    account = books(-debit, A=(1_600, 100.0), B=(400, 100.0))
    sales = plan(account, rules("alpaca"), calls=[MAINTENANCE], prices={"A": 100.0, "B": 100.0})
    assert sold(sales) == ({"A": -shares} if shares else {})


def test_a_larger_sale_may_cure_less() -> None:
    """Debit 401,000, A 300,000, B 200,000: 170,000 of A cures at 30 %. Without any A, B is all there is: 100,000 of equity 99,000."""
    account = books(-401_000, A=(3_000, 100.0), B=(2_000, 100.0))
    sales = plan(account, rules("alpaca"), calls=[MAINTENANCE], prices={"A": 100.0, "B": 100.0})
    assert sold(sales) == {"A": -1_700}


# -- any book


SYMBOLS = ("A", "B", "C", "D")
FUNDS = {"C": 2.0, "D": 3.0}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Ledger, bool, float, bool, float]:
    held = {}
    for symbol in draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True)):
        qty = draw(st.integers(-3_000, 3_000).filter(bool)) + draw(st.sampled_from((0.0, 0.0, 0.25)))
        held[symbol] = (qty, draw(st.integers(100, 20_000)) / 100.0)
    value = sum(qty * price for qty, price in held.values())
    needed = -excess(0.0, held, FUNDS, alpaca=True) + value
    equity = draw(st.floats(-0.2, 1.2)) * needed
    alpaca = draw(st.booleans())
    fee = draw(st.sampled_from((0.0, 0.0, 1.0, 25.0)))
    fed = draw(st.sampled_from((0.0, 1_500.0, 40_000.0)))
    account = books(equity - value, Asset("C", leverage=2), Asset("D", leverage=-3), **held)
    return account, alpaca, fee, draw(st.booleans()), fed


@settings(max_examples=300, deadline=None)
@given(cases())
def test_any_book_is_cured_by_no_more_than_needed_or_sold_out(case: tuple[Ledger, bool, float, bool, float]) -> None:
    account, alpaca, fee, house_call, fed = case
    prices = dict(account.marks)
    calls = ([MAINTENANCE] if house_call else []) + ([call("fed", fed)] if fed else [])
    sales = plan(account, rules("alpaca" if alpaca else "finra"), calls=calls, prices=prices, cost=lambda *_: fee)

    def missing(traded: list[tuple[str, float]]) -> float:
        """Dollars by which the calls are not cured, the larger of the two."""
        cash = account.cash - sum(qty * prices[s] + fee for s, qty in traded)
        left = dict(account.positions)
        for symbol, qty in traded:
            left[symbol] += qty
        held = {s: (qty, prices[s]) for s, qty in left.items() if qty}
        house = -excess(cash, held, FUNDS, alpaca) if house_call else 0.0
        return max(house, fed - sum(initial_rate(s) * (abs(qty) * prices[s] - fee) for s, qty in traded))

    def initial_rate(symbol: str) -> float:
        """Half, or the maintenance rate of what is sold if that is more."""
        held = {symbol: (account.positions[symbol], prices[symbol])}
        value = account.positions[symbol] * prices[symbol]
        return max(0.5, (value - excess(0.0, held, FUNDS, alpaca)) / abs(value))

    traded = [(sale.symbol, sale.qty) for sale in sales]
    for sale in sales:
        assert sale.qty * account.positions[sale.symbol] < 0
        assert abs(sale.qty) <= abs(account.positions[sale.symbol])
        assert sale.proceeds == pytest.approx(-sale.qty * prices[sale.symbol] - fee)
    account_closed = len(sales) == len(account.positions) and all(account.positions[s] == -qty for s, qty in traded)
    assert missing(traded) <= 0.005 + 1e-6 or account_closed
    if sales:
        symbol, qty = traded[-1]
        one_less = [*traded[:-1], (symbol, qty - (1 if qty > 0 else -1))] if abs(qty) > 1 else traded[:-1]
        assert missing(one_less) > 0.005 - 1e-6
