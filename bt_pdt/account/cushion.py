"""How far an account is from a maintenance call: the price of each position, and the common move of all, at which one comes.

Requirements change with price (house bands, dollars a share of short stock, concentration), so the price is searched on the exact
requirement. With one rate m it is ``LMV = debit / (1 - m)`` for long stock and ``SMV = credit / (1 + m)`` for short stock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..core.money import below
from ..law.rulebook import Rules
from .ledger import Ledger
from .requirements import concentration
from .valuation import Valuation


class Distance(NamedTuple):
    """A position's way to a maintenance call, every other price unchanged.

    ``call_price``: dollars a share at which equity falls to maintenance margin, None if no fall (short: rise) gets there; the
    price now if the account is under it already. ``adverse_move``: the move of the price to there as a signed fraction, -0.2 for a fall by a fifth.
    """

    symbol: str
    price: float
    call_price: float | None
    adverse_move: float | None


class AccountDistance(NamedTuple):
    """An account's way to a maintenance call.

    ``excess``: equity less maintenance margin, dollars. ``adverse_move``: the fraction by which every long position falls and every short
    one rises until the call comes: 0 if it is due already, None if it never comes. Long positions end at 0, short ones may rise on.
    """

    excess: float
    adverse_move: float | None


def account_distance(books: Ledger, rules: Rules) -> AccountDistance:
    """How far all positions together are from a maintenance call, at the last marks."""
    account = _AtOtherPrices(books, rules)
    shorts = any(qty < 0 for qty in books.positions.values())

    def moved(by: float) -> float:
        return account.excess({s: books.marks[s] * (max(0.0, 1.0 - by) if qty > 0 else 1.0 + by) for s, qty in books.positions.items()})

    return AccountDistance(moved(0.0), _reached(moved, 0.0, _doubling(1.0) if shorts else (1.0,)))


def position_distances(books: Ledger, rules: Rules) -> list[Distance]:
    """How far each position alone is from bringing a maintenance call, at the last marks."""
    account = _AtOtherPrices(books, rules)
    return [account.distance(symbol) for symbol in books.positions]


class _AtOtherPrices:
    """A book at other prices than its last."""

    def __init__(self, books: Ledger, rules: Rules) -> None:
        self.ledger = books.copy()
        self.valuation = Valuation(self.ledger, rules)

    def excess(self, prices: Mapping[str, float]) -> float:
        """Equity less maintenance margin once these prices are the marks."""
        for symbol, price in prices.items():
            self.valuation.reprice(symbol, price)
        return self.valuation.excess()

    def distance(self, symbol: str) -> Distance:
        price = self.ledger.marks[symbol]
        ends = self._falls(symbol) if self.ledger.position(symbol) > 0 else _doubling(2.0 * price)
        call_price = _reached(lambda at: self.excess({symbol: at}), price, ends)
        self.excess({symbol: price})
        return Distance(symbol, price, call_price, None if call_price is None else call_price / price - 1.0)

    def _falls(self, symbol: str) -> list[float]:
        """Where a falling price is looked at: just before the security stops being concentrated, which frees margin, and at nothing."""
        price, add_on = self.ledger.marks[symbol], concentration(self.valuation.rules)
        if add_on is None or not add_on.share < 1:
            return [0.0]
        share = add_on.share
        held = self.ledger.positions
        others = sum(qty * self.ledger.marks[other] for other, qty in held.items() if qty > 0 and other != symbol)
        turn = share / (1.0 - share) * others / held[symbol] * (1.0 + 1e-9)
        return [turn, 0.0] if turn < price else [0.0]


def _doubling(value: float) -> Iterator[float]:
    while True:
        yield value
        value *= 2.0


def _reached(excess: Callable[[float], float], start: float, ends: Iterable[float]) -> float | None:
    """The first point from ``start`` on where the excess falls to nothing, sought up to each of ``ends`` in turn; None if it stays."""
    if below(excess(start), 0.0):
        return start
    for end in ends:
        if below(excess(end), 0.0):
            return _boundary(excess, start, end)
        start = end
    return None


def _boundary(excess: Callable[[float], float], enough: float, short: float) -> float:
    """Halves the way from where the excess is ``enough`` to where it is ``short`` until no number lies between."""
    while (middle := (enough + short) / 2.0) not in (enough, short):
        if excess(middle) < 0.0:
            short = middle
        else:
            enough = middle
    return short
