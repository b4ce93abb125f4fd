"""``self.broker.account`` as a strategy sees it: at the prices of its bar, and looking changes nothing."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import pytest
from made import Agreeing, bars, feed, run

ROWS = [(f"2024-01-02 09:{m:02d}", 100 - (m - 30) * 0.5) for m in range(31, 50)]
DAYS = [(f"2024-01-{d:02d} 10:00", 100 - d) for d in (2, 3, 4, 5)]


class Looks(bt.Strategy):
    look = True

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []
        self.most: list[float] = []

    def next(self) -> None:
        if len(self) == 2:
            self.buy(data=self.datas[0], size=30)
        if self.look:
            account = self.broker.account
            self.seen.append((account.state.equity, self.broker.getvalue()))
            self.most.append(account.max_quantity("B", "buy", type="limit", limit_price=round(self.datas[1].close[0], 2)))


class Blind(Looks):
    look = False


def both(rows: Any) -> list[Any]:
    return [feed(bars(*rows), "A"), feed(bars(*rows), "B")]


@pytest.mark.parametrize("rows", [ROWS, DAYS], ids=["minutes", "days"])
def test_the_account_stands_at_the_prices_of_the_bar(rows: Any) -> None:
    s = run(Looks, both(rows), Agreeing(cash=10_000.0))
    assert len(s.seen) == len(rows)
    for equity, value in s.seen:
        assert equity == pytest.approx(value, abs=1e-9)


def test_what_was_never_ordered_has_a_price_too() -> None:
    """2 x 10,000 of Reg T buying power at the first bar's 99.50: 201 shares."""
    s = run(Looks, both(ROWS), Agreeing(cash=10_000.0))
    assert s.most[0] == 201.0


def test_looking_changes_nothing() -> None:
    looked, blind = (run(kind, both(ROWS), Agreeing(cash=10_000.0)) for kind in (Looks, Blind))
    assert looked.broker.account.sessions == blind.broker.account.sessions
    assert looked.broker.account.calls == blind.broker.account.calls
    assert list(looked.broker.equity) == list(blind.broker.equity)
