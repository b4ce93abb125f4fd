"""A mark is all or nothing, and a moment is New York time without a zone, wherever it comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bt_pdt import Account, BadInput, Fill, OrderRequest

AT = datetime(2025, 3, 3, 10, 0)
ZONED = (AT.replace(tzinfo=UTC), AT.replace(tzinfo=ZoneInfo("America/New_York")))

DOORS: dict[str, Callable[[Account, datetime], object]] = {
    "advance": lambda a, at: a.advance(at),
    "mark": lambda a, at: a.mark({"SPY": 2.0}, at),
    "check": lambda a, at: a.check(OrderRequest("SPY", "buy", 1.0, at=at)),
    "submit": lambda a, at: a.submit(OrderRequest("SPY", "buy", 1.0, at=at)),
    "post": lambda a, at: a.post(Fill("SPY", "buy", 1.0, 1.0, at=at)),
    "deposit": lambda a, at: a.deposit(1.0, at),
    "withdraw": lambda a, at: a.withdraw(1.0, at),
    "split": lambda a, at: a.split("SPY", 2.0, at),
    "set_flag": lambda a, at: a.set_flag(True, at=at),
}


def made() -> Account:
    account = Account(10_000.0, at=AT)
    account.mark({"SPY": 100.0, "QQQ": 50.0})
    account.post(Fill("SPY", "buy", 10.0, 100.0))
    return account


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("at", ZONED, ids=("utc", "new_york"))
def test_a_zone_is_refused_and_changes_nothing(door: Callable[[Account, datetime], object], at: datetime) -> None:
    account = made()
    before = account.state, len(account.journal)
    with pytest.raises(BadInput, match=r"at takes New York time without a zone, got 2025-03-03T10:00:00.*astimezone"):
        door(account, at)
    assert (account.state, len(account.journal)) == before


def test_text_is_no_moment() -> None:
    with pytest.raises(BadInput, match="at takes a datetime in New York time, got '2025-03-03'"):
        made().advance("2025-03-03")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="at takes a datetime in New York time, got 5"):
        Account(1.0, at=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0, "12", None])
def test_a_mark_is_all_or_nothing(bad: object) -> None:
    account = made()
    before = account.state
    with pytest.raises(BadInput, match="the price of QQQ must be a finite number above 0"):
        account.mark({"SPY": 120.0, "QQQ": bad})  # type: ignore[dict-item]
    assert account.state == before


def test_numbers_of_numpy_are_numbers() -> None:
    account = made()
    account.mark({"SPY": np.int64(120), "QQQ": np.float32(51.5)})
    assert account.equity() == pytest.approx(10_200.0) and account.check(OrderRequest("SPY", "buy", np.int64(5))).accepted
