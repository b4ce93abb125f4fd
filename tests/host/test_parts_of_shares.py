"""Sizes of less than a brokerage's smallest part of a share, as a strategy or a filler may come by them."""

from __future__ import annotations

from typing import Any

import pytest
from made import agree, feed, flat, run, scripted

from bt_pdt import MarginBroker


def test_a_size_of_no_share_is_refused_with_a_sentence() -> None:
    script = scripted({2: lambda s: s.kept.update(order=s.buy(size=4e-10)), 3: lambda s: s.buy(size=1e-9)})
    strategy = run(script, [feed(flat(100.0, 6))], MarginBroker(cash=20_000.0))
    order = strategy.kept["order"]
    assert order.status == order.Rejected and "qty must be at least 0.000000001" in order.info["message"]
    assert strategy.broker.account.positions == {"SPY": 1e-9}


@pytest.mark.parametrize("rules", ["as_of", "off"])
def test_what_a_filler_leaves_of_an_order_is_no_execution_of_its_own(rules: str) -> None:
    """The books agree to the cent, commission included, where the rest of an order is a rounding error."""

    def filler(order: Any, price: float, ago: int) -> float:
        rest = abs(order.executed.remsize)
        return rest - 1e-10 if rest > 1.0 else rest

    broker = MarginBroker(cash=20_000.0, rules=rules, filler=filler)
    broker.setcommission(commission=1.0, commtype=0, stocklike=True)
    strategy = run(scripted({2: lambda s: s.buy(size=10.0)}), [feed(flat(100.0, 6))], broker)
    assert strategy.statuses().count("Partial") == 1 and strategy.statuses()[-1] == "Completed"
    agree(broker)
    assert broker.account.position("SPY") == pytest.approx(10.0, abs=1e-9)
