"""What is required: initial and maintenance margin of a position, and the price at which an order is valued.

Pure functions of (the day's rules, the security, quantity, price). Sources hang on the parameters they read.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .orders import Asset, OrderRequest


class Requirement(NamedTuple):
    """Dollars that stand behind a position: at entry (Reg T or more) and while it is held."""

    initial: float
    maintenance: float


def long_rate(rules: Any, asset: Asset, price: float) -> float:
    """Maintenance rate of a long position: ``maintenance = rate x market value``.

    The house band of the price, for a leveraged fund at least the larger of law (25 % x multiple, capped) and house table;
    100 % if not marginable; the security's own rate replaces all of it.
    """
    if not asset.marginable:
        return float(rules.maintenance_non_marginable)
    if asset.maintenance is not None:
        return asset.maintenance
    for band in rules.maintenance_long_bands:
        if price < band.below or (band.inclusive and price <= band.below):
            break
    rate: float = band.rate
    if asset.leverage is None:
        return rate
    multiple = abs(asset.leverage)
    if multiple > 1:
        rate = max(rate, dict(rules.maintenance_leveraged_long or ()).get(multiple, 0.0))
        if rules.maintenance_leveraged_scaling:
            rate = max(rate, min(rules.maintenance_law_rate * multiple, rules.maintenance_leveraged_cap))
    return float(rate)


def short_requirement(rules: Any, asset: Asset, shares: float, price: float) -> float:
    """Maintenance of a short position: ``max(dollars a share, rate x market value)`` by price band; leveraged funds at least 30 % x multiple."""
    band = next(b for b in rules.maintenance_short_bands if price < b.below)
    rate: float = band.rate if asset.maintenance is None else asset.maintenance
    multiple = abs(asset.leverage or 1)
    if multiple > 1 and rules.maintenance_leveraged_scaling and asset.maintenance is None:
        rate = max(rate, rules.maintenance_leveraged_short_rate * multiple)
    return float(max(band.per_share * shares, rate * shares * price))


def requirement(rules: Any, asset: Asset, qty: float, price: float, mark: float | None = None) -> Requirement:
    """Initial and maintenance margin of ``qty`` signed shares valued at ``price``; bands are chosen by ``mark`` (default: price).

    Initial is Reg T's 50 % (100 % without loan value) or, if larger, the maintenance rate: 75 % for a 3x fund, 100 % for a stock
    that is fully margined. For an ordinary short the rule counts its maintenance too (4210(b)); Alpaca asks for Reg T alone.
    """
    shares = abs(qty)
    value = shares * price
    mark = price if mark is None else mark
    regt = (rules.regt_initial_long if qty >= 0 else rules.regt_initial_short) if asset.marginable else rules.regt_initial_non_marginable
    if qty >= 0:
        maintenance = long_rate(rules, asset, mark) * value
        return Requirement(max(regt * value, maintenance), maintenance)
    maintenance = short_requirement(rules, asset, shares, mark) * (price / mark if mark else 1.0)
    if rules.initial_covers_short_maintenance:
        return Requirement(max(regt * value, maintenance), maintenance)
    rate = asset.maintenance or 0.0
    if asset.maintenance is None and abs(asset.leverage or 1) > 1 and rules.maintenance_leveraged_scaling:
        rate = rules.maintenance_leveraged_short_rate * abs(asset.leverage or 1)
    return Requirement(max(regt, rate) * value, maintenance)


def maintenance_rule(rules: Any, asset: Asset, qty: float, price: float) -> str:
    """The parameter that sets the maintenance margin of a position."""
    multiple = abs(asset.leverage or 1)
    if qty < 0:
        scaled = multiple > 1 and rules.maintenance_leveraged_scaling and asset.maintenance is None
        return "maintenance_leveraged_short_rate" if scaled else "maintenance_short_bands"
    if not asset.marginable:
        return "maintenance_non_marginable"
    if multiple == 1 or asset.maintenance is not None:
        return "maintenance_long_bands"
    rate, listed = long_rate(rules, asset, price), dict(rules.maintenance_leveraged_long or ()).get(multiple)
    if listed is not None and rate == listed:
        return "maintenance_leveraged_long"
    ordinary = long_rate(rules, Asset(asset.symbol), price)
    return "maintenance_long_bands" if rate == ordinary else "maintenance_leveraged_scaling"


def collar(rules: Any, price: float) -> float:
    """A market (or stop) buy is valued above its price: 4 % below $50, 2.5 % from $50 at Alpaca."""
    rate = rules.collar_below if price < rules.collar_threshold else rules.collar_from
    return float(price * (1.0 + rate))


def stop_of(request: OrderRequest, last: float | None) -> float | None:
    """The stop price an order has now: its own, or last price and trail for a trailing stop."""
    if request.type != "trailing_stop":
        return request.stop_price
    if last is None:
        return None
    trail = request.trail_price if request.trail_price is not None else last * (request.trail_percent or 0.0) / 100.0
    return last + request.sign * trail


def order_price(rules: Any, request: OrderRequest, last: float | None) -> float:
    """Dollars a share at which an opening order is valued and reserved.

    Buys: the limit; a market order at last price plus collar; a stop at its stop plus collar. Short sales: the larger of the
    limit and 1.03 x last at Alpaca.
    """
    if request.side == "buy":
        if request.limit_price is not None and request.type in ("limit", "stop_limit"):
            return request.limit_price
        base = last if request.type == "market" else stop_of(request, last)
        return collar(rules, base if base is not None else 0.0)
    floor = rules.short_valuation * last if last is not None else 0.0
    if request.limit_price is not None and request.type in ("limit", "stop_limit"):
        return max(request.limit_price, floor)
    if last is None and request.stop_price is not None:
        return float(rules.short_valuation * request.stop_price)
    return floor
