"""Advice on accepted orders: given when it applies to this account, silent when it does not. Numbers by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bt_pdt.account.account import Account
from bt_pdt.core.errors import BadInput
from bt_pdt.core.orders import Asset, Fill, OrderRequest

OLD, NEW = datetime(2025, 3, 3, 9, 45), datetime(2026, 6, 15, 9, 45)


def account(cash: float, at: datetime = OLD, used: int = 0, **more: object) -> Account:
    day = date(2025, 2, 28)
    opened = Account(cash, at=at, daytrades=[(day, "Q", used)] if used else [], **more)
    opened.mark({"X": 100.0})
    return opened


def limit(side: str, qty: float) -> OrderRequest:
    return OrderRequest("X", side, qty, type="limit", limit_price=100.0)


def codes(opened: Account, request: OrderRequest) -> list[str]:
    decision = opened.check(request)
    assert decision.accepted
    return [str(a.code) for a in decision.advice]


@pytest.mark.parametrize(
    ("qty", "wanted"),
    [
        (100, []),  # maintenance 3,000 of 10,000
        (200, []),  # initial margin 10,000 = equity; a fall of 4,000/14,000 to a call
        (310, ["ABOVE_OVERNIGHT", "NEAR_MAINTENANCE"]),  # maintenance 9,300: 700 / (31,000 - 9,300) = 3.2 %
        (390, ["ABOVE_OVERNIGHT", "NEAR_MAINTENANCE"]),  # overnight 11,700, within the day 25 %: 9,750, so no deficit
    ],
)
def test_intraday_regime_of_10_000(qty: int, wanted: list[str]) -> None:
    assert codes(account(10_000, NEW), limit("buy", qty)) == wanted


@pytest.mark.parametrize(
    ("settings", "qty", "wanted"),
    [
        ({"imd_basis": "house"}, 333, False),  # 10,000 - 30 % of 33,300 = 10
        ({"imd_basis": "house"}, 334, True),  # - 20
        ({"imd_basis": "law"}, 400, False),
        ({"imd_basis": "house", "imd_valuation": "cost"}, 334, True),
        ({"imd_basis": "house", "imd_order": "worst"}, 334, True),
        ({"imd_basis": "house", "imd_closings_first": True}, 333, False),
    ],
)
def test_the_deficit_that_would_follow_is_the_sessions(settings: dict, qty: int, wanted: bool) -> None:
    """Where four times the excess alone stops an order: the advice, and the deficit that the execution then makes."""
    opened = account(10_000, NEW, set={"intraday_block": "buying_power", **settings})
    assert ("DEFICIT_WOULD_FOLLOW" in codes(opened, limit("buy", qty))) is wanted
    opened.post(Fill("X", "buy", qty, 100.0))
    assert (opened.deficit()[0] > 0) is wanted


def test_fed_call_only_above_its_de_minimis() -> None:
    assert codes(account(10_000, NEW), limit("buy", 219)) == []  # 950 short of Reg T: no call at or under $1,000
    assert codes(account(10_000, NEW), limit("buy", 221)) == ["ABOVE_OVERNIGHT"]  # 1,050


def test_a_full_requirement_never_comes_nearer_a_call() -> None:
    opened = account(10_000, assets=[Asset("X", maintenance=1.0)])
    assert codes(opened, limit("buy", 99)) == []  # equity and requirement fall together


@pytest.mark.parametrize(("used", "wanted"), [(0, []), (1, []), (2, ["LAST_DAY_TRADE"])])
def test_the_last_day_trade(used: int, wanted: list[str]) -> None:
    opened = account(20_000, used=used)
    opened.submit(OrderRequest("X", "buy", 10, id="1"))
    opened.post(Fill("X", "buy", 10, 100.0, "1"))
    assert codes(opened, limit("sell", 10)) == wanted


@pytest.mark.parametrize(
    ("cash", "used", "mode", "wanted"),
    [
        (20_000, 3, "exit", ["EXIT_WOULD_BE_REFUSED"]),
        (20_000, 2, "exit", []),
        (25_000, 3, "exit", []),  # not under $25,000: the rule does not bind
        (24_999.99, 3, "both", None),  # entry refuses it outright
    ],
)
def test_an_exit_that_would_be_refused(cash: float, used: int, mode: str, wanted: list[str] | None) -> None:
    opened = account(cash, used=used, pdt_check=mode)
    if wanted is None:
        assert not opened.check(limit("buy", 10)).accepted
    else:
        assert codes(opened, limit("buy", 10)) == wanted


def test_an_exit_over_day_trading_power() -> None:
    # 50,000 of equity in stock that takes 30,000 of maintenance leaves 80,000 of day-trading buying power
    opened = Account(
        -50_000,
        at=OLD,
        positions=[("Y", 1_000, 100.0)],
        pattern_day_trader=True,
        dtbp_check="exit",
        last_equity=50_000,
        last_maintenance_margin=30_000,
    )
    opened.mark({"X": 100.0, "Y": 100.0})
    opened.post(Fill("Y", "sell", 1_000, 100.0))
    assert "EXIT_WOULD_BE_REFUSED" in codes(opened, limit("buy", 1_000))
    assert "EXIT_WOULD_BE_REFUSED" not in codes(opened, limit("buy", 800))


def test_under_maintenance_is_said_plainly() -> None:
    # 30,000 - 30 % of 117,000 = -5,100
    opened = account(30_000, pattern_day_trader=True)
    advice = {str(a.code): a.sentence for a in opened.check(limit("buy", 1_170)).advice}
    assert "$5,100 under maintenance margin" in advice["NEAR_MAINTENANCE"]


def test_the_count_says_which_equity_it_looks_at() -> None:
    opened = account(30_000, used=3, last_equity=24_500)
    opened.submit(OrderRequest("X", "buy", 10, id="1"))
    opened.post(Fill("X", "buy", 10, 100.0, "1"))
    refused = opened.check(limit("sell", 10))
    assert refused.reason == "PDT_COUNT"
    assert "$24,500 of equity at the previous close" in refused.why and "Today's $30,000 counts from the next session on" in refused.why
    assert "this order could complete another" in refused.why and "other working orders" not in refused.why


def test_an_id_works_once() -> None:
    opened = account(20_000)
    opened.submit(OrderRequest("X", "buy", 10, id="7"))
    with pytest.raises(BadInput, match="'7' is working already"):
        opened.submit(OrderRequest("X", "buy", 10, id="7"))


def test_an_id_works_once_whatever_the_symbol() -> None:
    opened = account(20_000)
    opened.mark({"Y": 50.0})
    opened.submit(OrderRequest("X", "buy", 10, id="7", order_class="bracket", take_profit=110.0, stop_loss=90.0))
    for taken in ("7", "7.tp"):
        with pytest.raises(BadInput, match="is working already"):
            opened.submit(OrderRequest("Y", "buy", 1, id=taken))


def test_at_is_a_datetime() -> None:
    with pytest.raises(BadInput, match="at takes a datetime"):
        Account(20_000, at="2025-03-03")
