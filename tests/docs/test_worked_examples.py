"""The worked examples of docs/rules, asked of the account: what the pages say in numbers is what bt_pdt does."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path

import pytest

from bt_pdt import Account, Asset, Fill, OrderRequest
from bt_pdt.account.requirements import requirement
from bt_pdt.law.brokerages import rulebook_for

RULES = Path(__file__).parents[2] / "docs" / "rules"
OLD, NEW = date(2026, 6, 3), date(2026, 6, 4)
Trade = tuple[str, float, float]


def says(page: str, *words: str) -> None:
    """The page holds these words: a number changed here is to be changed there."""
    text = (RULES / page).read_text(encoding="utf-8")
    for word in words:
        assert word in text, f"{page} does not say {word!r}"


def account_on(day: date, cash: float, **arguments: object) -> Account:
    return Account(cash, at=datetime.combine(day, time(9, 30)), **({"brokerage": "finra"} | arguments))  # type: ignore[arg-type]


def post(account: Account, trades: str, price: float = 50.0, symbol: str = "X") -> None:
    for side, qty in re.findall(r"(buy|sell) (\d+)", trades):
        account.post(Fill(symbol, side, float(qty), price))


@pytest.mark.parametrize(
    ("trades", "direction", "fifo", "lifo"),
    [
        ("buy 250, buy 250, sell 500", 1, 2, 2),
        ("buy 100, sell 100, buy 100, sell 100", 2, 2, 2),
        ("buy 500, sell 100, sell 100, sell 300", 1, 1, 1),
        ("buy 250, buy 300, buy 100, sell 150, sell 175", 1, 2, 2),
        ("buy 199, buy 142, sell 1, buy 45, sell 100, sell 200", 2, 2, 3),
    ],
)
def test_day_trades_by_method(trades: str, direction: int, fifo: int, lifo: int) -> None:
    says("day-trades.md", f"| {trades} | **{direction}** | {fifo} | {lifo} |")
    for method, count in (("direction", direction), ("opening_fifo", fifo), ("opening_lifo", lifo)):
        account = account_on(date(2025, 3, 6), 1e6, set={"counting_method": method})
        post(account, trades)
        assert account.daytrade_count() == count


@pytest.mark.parametrize(
    ("trades", "count"),
    [("sell 100", 0), ("sell 100, buy 100", 0), ("sell 100, buy 100, sell 100", 1), ("buy 100, sell 100", 1), ("buy 50, sell 150", 1)],
)
def test_day_trades_of_an_overnight_position(trades: str, count: int) -> None:
    says("day-trades.md", f"| {trades} | {count} |")
    account = account_on(date(2025, 3, 6), 1e6, positions=[("X", 100, 50.0)])
    post(account, trades)
    assert account.daytrade_count() == count


def test_the_day_of_the_notice() -> None:
    for day, count in ((date(2021, 3, 23), 2), (date(2021, 3, 24), 1)):
        account = account_on(day, 1e6)
        post(account, "buy 250, buy 250, sell 500")
        assert account.daytrade_count() == count


@pytest.mark.parametrize(
    ("cash", "positions", "brokerage", "power"),
    [
        (30_000, [], "finra", 120_000),
        (30_000, [("X", 1_000, 100.0)], "finra", 420_000),
        (-50_000, [("X", 1_000, 100.0)], "alpaca", 80_000),
        (0, [("X", 15_000, 2.0)], "alpaca", 0),
    ],
)
def test_day_trading_buying_power(cash: float, positions: list[tuple[str, float, float]], brokerage: str, power: float) -> None:
    says("day-trading-buying-power.md", f"${power:,.0f}" if power else "**0**")
    account = account_on(date(2025, 3, 6), cash, positions=positions, brokerage=brokerage, pattern_day_trader=True)
    assert account.bod_dtbp == pytest.approx(power)


@pytest.mark.parametrize(("brokerage", "amount"), [("finra", 10_000), ("alpaca", 40_000)])
def test_the_day_trade_call(brokerage: str, amount: float) -> None:
    """DTBP 160,000, peak 200,000: bt_pdt is asked with a flat account of 40,000."""
    day = date(2025, 12, 18)
    account = account_on(day, 40_000, brokerage=brokerage, pattern_day_trader=True)
    post(account, "buy 4000, sell 4000")
    account.close_session(day)
    (call,) = account.calls
    assert (call.kind, call.amount, call.due_on) == ("day_trade", amount, date(2025, 12, 26))


def test_the_day_trade_call_of_an_account_without_designation() -> None:
    says("day-trading-buying-power.md", "a call of $1,000")
    for brokerage, amounts in (("finra", [1_000]), ("alpaca", [])):
        account = account_on(date(2025, 3, 6), 5_000, brokerage=brokerage)
        post(account, "buy 480, sell 480")
        account.close_session(date(2025, 3, 6))
        assert [call.amount for call in account.calls if call.kind == "day_trade"] == amounts


@pytest.mark.parametrize(
    ("trades", "deficit"),
    [
        ([("buy", 400, 100), ("sell", 400, 100)], 0),
        ([("buy", 420, 100)], 500),
        ([("buy", 500, 100)], 2_500),
        ([("buy", 500, 100), ("sell", 500, 100), ("buy", 500, 100), ("sell", 500, 100)], 2_500),
        ([("sell", 2_000, 20)], 2_000),
    ],
)
def test_intraday_deficits(trades: list[Trade], deficit: float) -> None:
    account = account_on(NEW, 10_000)
    for side, qty, price in trades:
        account.post(Fill("X", side, qty, price))
    assert account.state.intraday_margin_deficit == pytest.approx(deficit)


def test_a_fall_in_price_makes_no_deficit_but_the_next_purchase_does() -> None:
    account = account_on(NEW, 10_000)
    account.post(Fill("X", "buy", 400, 100))
    account.mark({"X": 95.0, "Y": 10.0})
    assert (account.state.intraday_margin_level, account.state.intraday_margin_deficit) == (-1_500, 0)
    account.post(Fill("Y", "buy", 100, 10))
    assert account.state.intraday_margin_deficit == 1_750


def test_the_freeze_lets_cash_purchases_pass() -> None:
    """A practice of one failure: frozen from 2026-06-24 to 2026-09-21."""
    day = date(2026, 6, 15)
    account = account_on(day, 10_000, set={"practice_failures": 1})
    account.post(Fill("X", "buy", 500, 100))
    account.post(Fill("X", "sell", 500, 90.0))
    account.roll_to(date(2026, 6, 24))
    (restriction,) = account.restrictions
    assert (restriction.kind, restriction.start, restriction.until) == ("ninety_day_freeze", date(2026, 6, 24), date(2026, 9, 21))
    assert account.check(OrderRequest("Y", "buy", 100, "limit", limit_price=50)).accepted
    refused = account.check(OrderRequest("Y", "buy", 100, "limit", limit_price=50.01))
    assert refused.reason == "FROZEN_90_DAYS"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("cash", "trades", "amount"),
    [
        (10_000, [("buy", 300, 100)], 5_000),
        (10_000, [("buy", 219, 100)], None),
        (5_000, [("buy", 200, 100), ("sell", 200, 101.5)], None),
    ],
)
@pytest.mark.parametrize("day", [OLD, NEW])
def test_fed_calls(day: date, cash: float, trades: list[Trade], amount: float | None) -> None:
    account = account_on(day, cash)
    for side, qty, price in trades:
        account.post(Fill("X", side, qty, price))
    account.close_session(day)
    assert [call.amount for call in account.calls if call.kind == "fed"] == ([] if amount is None else [amount])


def test_sma_step_by_step() -> None:
    days = [date(2025, 3, day) for day in (3, 4, 5, 6, 7, 10)]
    account = account_on(days[0], 10_000)
    account.post(Fill("X", "buy", 200, 100))
    seen = []
    steps = [
        lambda: None,
        lambda: account.mark({"X": 120.0}),
        lambda: account.mark({"X": 90.0}),
        lambda: account.post(Fill("X", "sell", 4_000 / 90, 90.0)),
        lambda: account.cash_move("dividend", 300.0),
        lambda: account.withdraw(4_300.0),
    ]
    for day, step in zip(days, steps, strict=True):
        account.roll_to(day)
        step()
        account.close_session(day)
        seen.append(round(account.state.sma, 2))
    assert seen == [0, 2_000, 2_000, 4_000, 4_300, 0]


@pytest.mark.parametrize(
    ("brokerage", "day", "asset", "qty", "price", "needed"),
    [
        ("alpaca", OLD, Asset("X"), 1_000, 4.00, 1_200),
        ("alpaca", NEW, Asset("X"), 1_000, 4.00, 2_000),
        ("finra", NEW, Asset("X"), -100, 10.0, 500),
        ("finra", NEW, Asset("X"), -100, 20.0, 600),
        ("finra", NEW, Asset("X"), -100, 4.99, 499),
        ("finra", NEW, Asset("X"), -100, 5.00, 500),
        ("finra", NEW, Asset("X"), -50_000, 1.0, 125_000),
        ("finra", NEW, Asset("X", leverage=3), 100, 100.0, 7_500),
        ("finra", NEW, Asset("X", leverage=5), -100, 100.0, 15_000),
        ("alpaca", OLD, Asset("X"), 100, 2.49, 249),
        ("alpaca", date(2026, 1, 22), Asset("X", leverage=3), 100, 10.0, 1_000),
        ("alpaca", NEW, Asset("X", leverage=3), 100, 10.0, 750),
        ("alpaca", date(2020, 11, 8), Asset("X", leverage=3), 100, 10.0, 900),
        ("alpaca", date(2020, 11, 8), Asset("X", leverage=2), 100, 10.0, 600),
        ("alpaca", NEW, Asset("X", leverage=3), -100, 20.0, 1_800),
    ],
)
def test_maintenance(brokerage: str, day: date, asset: Asset, qty: float, price: float, needed: float) -> None:
    rules = rulebook_for(brokerage).on(day)
    assert requirement(rules, asset, qty, price).maintenance == pytest.approx(needed)


@pytest.mark.parametrize(("debit", "x", "y"), [(110_000, 80_000, None), (99_999, 48_000, None)])
def test_concentration(debit: float, x: float, y: None) -> None:
    account = account_on(NEW, -debit, brokerage="alpaca", positions=[("X", 1_600, 100.0), ("Y", 400, 100.0)])
    assert account.state.maintenance_margin == pytest.approx(x + 0.30 * 40_000)


@pytest.mark.parametrize(("held", "bound"), [(1_000, False), (1_001, True)])
def test_six_times_equity(held: int, bound: bool) -> None:
    account = account_on(NEW, 10_000 - 60.0 * 1_000, brokerage="alpaca", positions=[("X", 1_000, 60.0)])
    account.post(Fill("X", "buy", 1, 60.0)) if held > 1_000 else account.post(Fill("Y", "buy", 1, 1.0))
    assert (account.restriction("closing_only") is not None) == bound


@pytest.mark.parametrize(
    ("price", "limit", "value"),
    [(40.0, None, 4_160), (80.0, None, 8_200)],
)
def test_the_collar(price: float, limit: float | None, value: float) -> None:
    account = account_on(date(2026, 1, 22), value / 2, brokerage="alpaca")
    account.mark({"X": price})
    assert account.max_quantity("X", "buy") == 100


def test_no_collar_from_the_day_on_which_the_page_was_read() -> None:
    """100 shares at $40 are valued at $4,000."""
    account = account_on(date(2026, 1, 23), 2_000, brokerage="alpaca")
    account.mark({"X": 40.0})
    assert account.max_quantity("X", "buy") == 100


@pytest.mark.parametrize(("limit", "value"), [(None, 2_060), (25.0, 2_500), (18.0, 2_060)])
def test_how_a_short_is_valued(limit: float | None, value: float) -> None:
    account = account_on(OLD, 10_000, brokerage="alpaca")
    account.mark({"X": 20.0})
    before = account.state.buying_power
    order = {} if limit is None else {"type": "limit", "limit_price": limit}
    assert account.submit(OrderRequest("X", "sell", 100, id="1", **order)).accepted
    assert before - account.state.buying_power == pytest.approx(value)
