"""Compiled: what positions require and are worth. The same arithmetic as ``margin`` and ``valuation``, in the same order."""

from __future__ import annotations

import math
import sys
from typing import Any

from ...core.money import SHARE_DUST
from .compiled import compiled
from .shapes import BY_LAW, LIMIT, MARKET, NO_DEFICIT, STOP_LIMIT, Book

HALF_CENT = 0.005
DUST = SHARE_DUST
#: From 3.12 on Python's own ``sum`` of floats adds at its end what rounding has left out.
KEEPS = sys.version_info >= (3, 12)


@compiled
def exceeds(amount: float, bound: float) -> bool:
    return amount > bound + HALF_CENT


@compiled
def below(amount: float, bound: float) -> bool:
    return amount < bound - HALF_CENT


@compiled
def cents(amount: float) -> float:
    """Dollars rounded to cents as Python rounds: by what ``amount`` is, not by what a hundred times it is rounded to."""
    hundred = amount * 100.0
    low = math.floor(hundred)
    over = hundred - low - 0.5
    if abs(over) < 1e-6:  # a hundred times ``amount`` exactly, as the sum of ``hundred`` and what its rounding left out
        split = 134217729.0 * amount
        high = split - (split - amount)
        over += (high * 100.0 - hundred) + (amount - high) * 100.0
    up = over > 0.0 or (over == 0.0 and low % 2.0 == 1.0)
    return (low + 1.0 if up else low) / 100.0


@compiled
def plus(total: float, lost: float, more: float) -> tuple[float, float]:
    """One step of a sum as Python's own ``sum`` takes it: (the sum, what rounding has left out of it); the two are added at the end."""
    after = total + more
    if KEEPS:
        lost += (total - after) + more if abs(total) >= abs(more) else (more - after) + total
    return after, lost


@compiled
def _long_band(share: Any, price: float) -> int:
    k = 0
    while not (price < share.long_below[k] or (share.long_inclusive[k] != 0 and price <= share.long_below[k])):
        k += 1
    return k


@compiled
def _short_band(share: Any, price: float) -> int:
    k = 0
    while not price < share.short_below[k]:
        k += 1
    return k


@compiled
def required(law: Any, share: Any, qty: float, price: float) -> tuple[float, float]:
    """(initial, maintenance) of signed shares valued at ``price``."""
    shares = abs(qty)
    value = shares * price
    if qty >= 0:
        maintenance = share.long_rate[_long_band(share, price)] * value
        return max(law.regt_initial_long * value, maintenance), maintenance
    k = _short_band(share, price)
    maintenance = max(share.short_per_share[k] * shares, share.short_rate[k] * shares * price)
    if law.initial_covers_short_maintenance:
        return max(law.regt_initial_short * value, maintenance), maintenance
    return max(law.regt_initial_short, share.own_short) * value, maintenance


@compiled
def day_trading_rate(share: Any, sign: float, price: float) -> float:
    """Share of its value that a position requires within the day."""
    if sign > 0:
        return float(share.long_day[_long_band(share, price)])
    k = _short_band(share, price)
    return float(max(share.least_short, share.multiple * max(share.short_band[k], share.short_per_share[k] / price)))


@compiled
def power_used(law: Any, share: Any, sign: float, price: float) -> float:
    """Dollars of day-trading (or intraday) buying power that a dollar of order value uses."""
    if law.dtbp_by_requirement if law.pdt else law.intraday_block == NO_DEFICIT:
        return day_trading_rate(share, sign, price) / float(law.maintenance_law_rate)
    return float(share.scale)


@compiled
def concentrated(law: Any, cash: float, long_value: float, value: float, initial: float, maintenance: float) -> tuple[float, float, bool]:
    """The house add-on (initial, maintenance) of one position, and whether it is the one that has it."""
    if math.isnan(law.concentration_share) or -cash < law.concentration_debit or long_value == 0.0:
        return 0.0, 0.0, False
    if value < law.concentration_share * long_value:
        return 0.0, 0.0, False
    wanted = law.concentration_rate * value
    return max(0.0, wanted - initial), max(0.0, wanted - maintenance), True


@compiled
def sums(book: Book, law: Any, shares: Any) -> tuple[float, float, float, float]:
    """(long market value, short market value, initial, maintenance) at the marks."""
    state = book.state[0]
    long_value = short_value = initial = maintenance = 0.0
    for i in range(state.held):
        s = book.held[i]
        value = book.pos[s] * book.marks[s]
        first, held = required(law, shares[s], book.pos[s], book.marks[s])
        if value >= 0:
            long_value += value
        else:
            short_value -= value
        initial += first
        maintenance += held
    if not math.isnan(law.concentration_share):
        for i in range(state.held):
            s = book.held[i]
            first, held = required(law, shares[s], book.pos[s], book.marks[s])
            more, kept, found = concentrated(law, state.cash, long_value, book.pos[s] * book.marks[s], first, held)
            if found:
                return long_value, short_value, max(initial, initial + more), maintenance + kept
    return long_value, short_value, initial, maintenance


@compiled
def margins(book: Book, law: Any, shares: Any) -> tuple[float, float, float]:
    """(equity, initial margin, maintenance margin) at the marks."""
    long_value, short_value, initial, maintenance = sums(book, law, shares)
    return book.state[0].cash + long_value - short_value, initial, maintenance


@compiled
def level(book: Book, law: Any, shares: Any) -> float:
    """The intraday margin level; 0 in the old regime."""
    if law.pdt:
        return 0.0
    equity, _, needed = margins(book, law, shares)
    if law.imd_basis == BY_LAW:
        needed = 0.0
        for i in range(book.state[0].held):
            s = book.held[i]
            needed += day_trading_rate(shares[s], book.pos[s], book.marks[s]) * abs(book.pos[s]) * book.marks[s]
    return equity - needed


@compiled
def multiplier(book: Book, law: Any, shares: Any) -> int:
    """1, 2 or 4."""
    fixed = book.state[0].multiplier
    if fixed != 0:
        return int(fixed)
    equity, _, _ = margins(book, law, shares)
    return 1 if below(equity, law.margin_min_equity) else int(law.intraday_multiple)


@compiled
def collar(law: Any, price: float) -> float:
    return price * (1.0 + (law.collar_below if price < law.collar_threshold else law.collar_from))


@compiled
def order_price(law: Any, sign: int, kind: int, price: float, limit: float, last: float) -> float:
    """Dollars a share at which an opening order is valued; ``price`` is a limit's limit, a stop's stop."""
    if sign > 0:
        if kind == LIMIT:
            return price
        if kind == STOP_LIMIT:
            return limit
        if kind == MARKET and not law.market_order_collar:
            return last
        return collar(law, last if kind == MARKET else price)
    floor = law.short_valuation * last
    if kind == LIMIT:
        return max(price, floor)
    if kind == STOP_LIMIT:
        return max(limit, floor)
    return floor
