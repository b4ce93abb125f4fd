"""What is required: initial and maintenance margin of a position, and the price at which an order is valued.

Pure functions of (the day's rules, the security, quantity, price). Sources hang on the parameters they read.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.orders import Asset, OrderRequest
from ..law.rulebook import PDT, Rules


class Requirement(NamedTuple):
    """Dollars that stand behind a position: at entry (Reg T or more) and while it is held."""

    initial: float
    maintenance: float


class Concentration(NamedTuple):
    """The house add-on where one security is most of the long stock: its ``share`` of it and the ``debit`` in dollars from which it holds,
    and the ``rate`` of its value that is then required."""

    share: float
    debit: float
    rate: float


def concentration(rules: Rules) -> Concentration | None:
    """The day's house add-on for a concentrated account, None where the brokerage has none."""
    share, debit, rate = rules.concentration_share, rules.concentration_debit, rules.concentration_rate
    return None if share is None or debit is None or rate is None else Concentration(share, debit, rate)


def long_rate(rules: Rules, asset: Asset, price: float) -> float:
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


def short_requirement(rules: Rules, asset: Asset, shares: float, price: float) -> float:
    """Maintenance of a short position: ``max(dollars a share, rate x market value)`` by price band; leveraged funds at least 30 % x multiple."""
    band = next(b for b in rules.maintenance_short_bands if price < b.below)
    rate: float = band.rate if asset.maintenance is None else asset.maintenance
    multiple = abs(asset.leverage or 1)
    if multiple > 1 and rules.maintenance_leveraged_scaling and asset.maintenance is None:
        rate = max(rate, rules.maintenance_leveraged_short_rate * multiple)
    return float(max(band.per_share * shares, rate * shares * price))


def requirement(rules: Rules, asset: Asset, qty: float, price: float) -> Requirement:
    """Initial and maintenance margin of ``qty`` signed shares valued at ``price``, which chooses the price bands too.

    Initial is the greatest of Reg T's 50 % (100 % without loan value) and the maintenance margin (4210(b)): 75 % for a 3x fund, 100 %
    for a stock that is fully margined, $2.50 a share for a short sale at $1.
    """
    shares = abs(qty)
    value = shares * price
    regt = (rules.regt_initial_long if qty >= 0 else rules.regt_initial_short) if asset.marginable else rules.regt_initial_non_marginable
    if qty >= 0:
        maintenance = long_rate(rules, asset, price) * value
        return Requirement(max(regt * value, maintenance), maintenance)
    maintenance = short_requirement(rules, asset, shares, price)
    if rules.initial_covers_short_maintenance:
        return Requirement(max(regt * value, maintenance), maintenance)
    rate = asset.maintenance or 0.0
    if asset.maintenance is None and abs(asset.leverage or 1) > 1 and rules.maintenance_leveraged_scaling:
        rate = rules.maintenance_leveraged_short_rate * abs(asset.leverage or 1)
    return Requirement(max(regt, rate) * value, maintenance)


def day_trading_rate(rules: Rules, asset: Asset, sign: float, price: float) -> float:
    """Share of its value that a position requires within the day, at ``price`` dollars a share: ``d``.

    Long: 25 %, or the house's own rate where that is above the house's rate for ordinary stock (price bands, leveraged funds, the
    security's own rate, 100 % without loan value). Short: the larger of 30 % and the dollars a share of its price band, times the
    leverage of a fund, and no less than the security's own rate. Concentration is no part of it.
    """
    if sign > 0:
        rate = long_rate(rules, asset, price)
        return rate if rate > rules.maintenance_long_bands[-1].rate else float(rules.maintenance_law_rate)
    band = next(b for b in rules.maintenance_short_bands if price < b.below)
    multiple = max(1.0, abs(asset.leverage or 1.0))
    return float(max(asset.maintenance or 0.0, multiple * max(band.rate, band.per_share / price)))


def charges_by_requirement(rules: Rules) -> bool:
    """True if orders use day-trading (or intraday) buying power in proportion to :func:`day_trading_rate`."""
    return bool(rules.dtbp_by_requirement if rules.regime == PDT else rules.intraday_block == "deficit")


def power_used(rules: Rules, asset: Asset, sign: float, price: float) -> float:
    """Dollars of day-trading (or intraday) buying power that a dollar of order value uses: d / 25 % where the brokerage charges by
    requirement, else the leverage of a leveraged fund (FINRA Regulatory Notice 09-65) and 1 for everything else."""
    if charges_by_requirement(rules):
        return day_trading_rate(rules, asset, sign, price) / float(rules.maintenance_law_rate)
    multiple = abs(asset.leverage or 1.0)
    return multiple if multiple > 1.0 and rules.dt_leveraged_etf_scaling else 1.0


def maintenance_rule(rules: Rules, asset: Asset, qty: float, price: float) -> str:
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


def collar(rules: Rules, price: float) -> float:
    """A stop (at times also a market) purchase is valued above its price: 4 % below $50, 2.5 % from $50 at Alpaca."""
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


def order_price(rules: Rules, request: OrderRequest, last: float | None) -> float:
    """Dollars a share at which an opening order is valued and reserved.

    Buys: the limit; a market order at last price, plus collar where the brokerage's day adds it; a stop at its stop plus collar.
    Short sales: the larger of the limit and 1.03 x last at Alpaca.
    """
    if request.side == "buy":
        if request.limit_price is not None and request.type in ("limit", "stop_limit"):
            return request.limit_price
        if request.type == "market" and not rules.market_order_collar:
            return last or 0.0
        base = last if request.type == "market" else stop_of(request, last)
        return collar(rules, base if base is not None else 0.0)
    floor = rules.short_valuation * last if last is not None else 0.0
    if request.limit_price is not None and request.type in ("limit", "stop_limit"):
        return max(request.limit_price, floor)
    if last is None and request.stop_price is not None:
        return float(rules.short_valuation * request.stop_price)
    return floor
