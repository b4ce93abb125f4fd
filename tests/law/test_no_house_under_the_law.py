"""No brokerage asks for less than the law: initial and maintenance margin of every kind of security at every brokerage, on every span of days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from bt_pdt.account.requirements import requirement
from bt_pdt.core.orders import Asset
from bt_pdt.law.brokerages import NAMES, rulebook_for

SECURITIES = {
    "ordinary": Asset("X"),
    "2x": Asset("X", leverage=2),
    "3x": Asset("X", leverage=3),
    "-3x": Asset("X", leverage=-3),
    "non-marginable": Asset("X", marginable=False),
    "its own 60 %": Asset("X", maintenance=0.60),
    "its own 100 %": Asset("X", maintenance=1.00),
}
#: Both sides of each line of the law and of the houses: $2.50, $3, $5, $6, $16.67.
PRICES = (0.50, 2.49, 2.50, 2.99, 3.00, 3.01, 4.99, 5.00, 5.01, 6.00, 6.01, 16.62, 16.66, 16.67, 100.00)
SIDES = {"long": 100.0, "short": -100.0}
FIRST, LAST = date(2001, 9, 28), date(2027, 10, 20)


def spans(firm: str) -> list[date]:
    """A day in each span of the histories that margin reads, the brokerage's and the law's."""
    days = {FIRST, LAST}
    for book in (rulebook_for(firm), rulebook_for("finra")):
        for name, parameter in book.parameters.items():
            if name.startswith(("maintenance_", "regt_initial", "initial_covers")):
                days |= {max(FIRST, entry.day) for entry in parameter.history}
    return sorted(days)


def kinds() -> Iterator[tuple[str, str, str]]:
    for firm in NAMES:
        for security in SECURITIES:
            for side in SIDES:
                yield firm, security, side


@pytest.mark.parametrize(("firm", "security", "side"), list(kinds()))
def test_no_house_asks_for_less_than_the_law(firm: str, security: str, side: str) -> None:
    asset, qty = SECURITIES[security], SIDES[side]
    for day in spans(firm):
        house, lawful = rulebook_for(firm).on(day), rulebook_for("finra").on(day)
        for price in PRICES:
            asked, least = requirement(house, asset, qty, price), requirement(lawful, asset, qty, price)
            where = f"{firm}, {security}, {side} at ${price} on {day}"
            assert asked.maintenance >= least.maintenance - 1e-9, f"{where}: maintenance {asked.maintenance} under {least.maintenance}"
            assert asked.initial >= least.initial - 1e-9, f"{where}: initial {asked.initial} under {least.initial}"


def law_of_4210(leverage: float, qty: float, price: float, *, scaled: bool) -> float:
    """The law's own maintenance, typed from 4210(c) and RN 09-53: what the bare rule is measured with itself."""
    value, multiple = abs(qty) * price, abs(leverage) if scaled else 1.0
    if qty > 0:
        return min(0.25 * multiple, 1.0) * value
    floor = max(2.50 * -qty, value) if price < 5.00 else max(5.00 * -qty, 0.30 * value)
    return max(floor, 0.30 * multiple * value) if multiple > 1 else floor


@pytest.mark.parametrize(("security", "leverage"), [("ordinary", 1), ("2x", 2), ("3x", 3), ("-3x", 3)])
@pytest.mark.parametrize(("day", "scaled"), [(date(2009, 11, 30), False), (date(2009, 12, 1), True), (LAST, True)])
def test_the_bare_rule_is_the_law(security: str, leverage: float, day: date, scaled: bool) -> None:
    for qty in SIDES.values():
        for price in PRICES:
            asked = requirement(rulebook_for("finra").on(day), SECURITIES[security], qty, price)
            lawful = law_of_4210(leverage, qty, price, scaled=scaled)
            assert asked.maintenance == pytest.approx(lawful)
            assert asked.initial == pytest.approx(max(lawful, 0.50 * abs(qty) * price))
