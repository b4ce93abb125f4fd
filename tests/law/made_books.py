"""Books made for a test, and what they must hold, worked out anew from the tables of the references."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from bt_pdt.account.ledger import Ledger
from bt_pdt.core.orders import Asset
from bt_pdt.law.brokerages import rulebook_for
from bt_pdt.law.rulebook import Rules

DAY = date(2026, 9, 1)


def rules(brokerage: str = "finra", **overrides: object) -> Rules:
    return rulebook_for(brokerage).override(overrides).on(DAY)


def books(cash: float, *assets: Asset, **held: tuple[float, float]) -> Ledger:
    """``held``: (signed shares, mark) by symbol."""
    ledger = Ledger(cash)
    ledger.positions = {symbol: qty for symbol, (qty, _) in held.items()}
    ledger.marks = {symbol: mark for symbol, (_, mark) in held.items()}
    ledger.assets = {asset.symbol: asset for asset in assets}
    return ledger


def held_back(qty: float, price: float, leverage: float, alpaca: bool) -> float:
    """Maintenance margin of a position: 4210(c) with the leveraged funds' multiples, or Alpaca's table of 2026."""
    value = abs(qty) * price
    if qty < 0:
        floor, rate = (2.50, 1.00) if price < 5.0 else (5.00, 0.30)
        return max(floor * -qty, rate * value, 0.30 * leverage * value if leverage > 1 else 0.0)
    rate = min(1.0, 0.25 * leverage)
    if alpaca:
        rate = max(rate, 1.00 if price < 2.50 else 0.50 if price <= 6.00 else 0.30)
    return rate * value


def excess(cash: float, held: Mapping[str, tuple[float, float]], funds: Mapping[str, float], alpaca: bool) -> float:
    """Equity less maintenance margin, Alpaca's concentration add-on included. ``funds``: leverage by symbol."""
    total = cash
    longs = sum(qty * price for qty, price in held.values() if qty > 0)
    for symbol, (qty, price) in held.items():
        needed = held_back(qty, price, funds.get(symbol, 1.0), alpaca)
        if alpaca and qty > 0 and cash <= -100_000 and qty * price >= 0.70 * longs:
            needed = max(needed, 0.50 * qty * price)
        total += qty * price - needed
    return total
