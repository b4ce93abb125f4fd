"""What a brokerage sells to cure margin calls: whole shares, no more than needed, never through zero.

A sale of S releases ``maintenance rate x S`` towards a maintenance call and ``initial rate x S`` (half of ordinary stock) towards Fed
calls, which take it one after the other; else one sale serves every call.
A day-trade call and a minimum-equity call ask for money and are not cured by selling.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil, copysign
from operator import ne
from typing import NamedTuple

from ..core.money import SHARE_DUST, below
from ..law.rulebook import Rules
from .calls import MarginCall
from .ledger import Ledger
from .requirements import concentration, requirement
from .valuation import Worth, valued

#: (symbol, signed shares, price) -> dollars lost to commission and slippage.
Cost = Callable[[str, float, float], float]


class Sale(NamedTuple):
    """An order that reduces a position. ``qty`` is its signed shares: negative sells a long position, positive covers a short one.

    ``price`` is dollars a share; ``proceeds`` the cash that comes in after costs, negative for a cover.
    """

    symbol: str
    qty: float
    price: float
    proceeds: float

    @property
    def cost(self) -> float:
        """Dollars lost to commission and slippage."""
        return -self.qty * self.price - self.proceeds


def no_cost(symbol: str, qty: float, price: float) -> float:
    """Neither commission nor slippage."""
    return 0.0


def everything(books: Ledger, prices: Mapping[str, float], *, cost: Cost = no_cost) -> list[Sale]:
    """Every position with a price closed in full, the largest first."""
    return [_sale(books, symbol, abs(books.position(symbol)), prices, cost) for symbol in _in_order(books, prices)]


def plan(
    books: Ledger,
    rules: Rules,
    *,
    calls: Sequence[MarginCall],
    prices: Mapping[str, float],
    cost: Cost = no_cost,
    entry_prices: Mapping[str, float] | None = None,
    margin_level: Callable[[Ledger], float] | None = None,
) -> list[Sale]:
    """The sales that cure all ``calls`` at ``prices``, costs included; if nothing does, all that can be sold. ``books`` stays as it is.

    Cured is: a maintenance call where equity covers maintenance margin; Fed calls where the initial margin set free covers what is missing
    of all; an intraday margin call where the margin level has risen by the call since the close that made it. Positions go in the
    brokerage's ``liquidation_order``, the last one only as far as needed: by whole shares, or with the fraction of a share it ends in.

    A symbol that has no price now is not sold and stands at its last mark. ``entry_prices`` (dollars a share) tell the losers.
    ``margin_level`` values books as the intraday margin rule does, where that is neither of the two bases at the marks.
    """
    case = _Case(books, rules, calls, prices, cost, margin_level)
    entries = (entry_prices or {}) if rules.liquidation_order == "losers" else {}
    sales: list[Sale] = []
    for symbol in _in_order(books, prices, entries):
        if case.cured():
            break
        sales.append(case.sell(symbol))
    return sales


def _in_order(books: Ledger, prices: Mapping[str, float], entries: Mapping[str, float] | None = None) -> list[str]:
    """Positions with a price: the largest loss (dollars) against ``entries`` first, then the largest market value."""

    def rank(symbol: str) -> tuple[float, float]:
        qty, price = books.position(symbol), prices[symbol]
        loss = max(0.0, ((entries or {}).get(symbol, price) - price) * qty)
        return -loss, -abs(qty) * price

    return sorted((symbol for symbol in books.positions if prices.get(symbol, 0.0) > 0), key=rank)


def _sale(books: Ledger, symbol: str, shares: float, prices: Mapping[str, float], cost: Cost) -> Sale:
    """The sale that takes ``shares`` off a position."""
    qty, price = -copysign(shares, books.position(symbol)), prices[symbol]
    return Sale(symbol, qty, price, -qty * price - cost(symbol, qty, price))


class _Case:
    """The account at the prices of the sale, and what its calls still ask for together."""

    def __init__(
        self,
        books: Ledger,
        rules: Rules,
        calls: Sequence[MarginCall],
        prices: Mapping[str, float],
        cost: Cost,
        margin_level: Callable[[Ledger], float] | None,
    ) -> None:
        self.books = books.copy()
        self.books.marks.update((symbol, prices[symbol]) for symbol in _in_order(books, prices))
        self.rules = rules
        self.prices = prices
        self.cost = cost
        self.level = margin_level or self._level
        self.fed = sum(call.missing for call in calls if call.kind == "fed")
        self.maintenance = any(call.kind == "maintenance" for call in calls)
        intraday = [call for call in calls if call.kind == "intraday_margin"]
        if intraday and rules.imd_gains_count is False:
            self.needed: float | None = self.level(self.books) + max(call.missing for call in intraday)
        else:
            self.needed = max((call.margin_level + call.amount for call in intraday), default=None)

    def _worth(self, books: Ledger) -> Worth:
        return valued(self.rules, books.asset, books.cash, books.positions, books.marks)

    def _excess(self, books: Ledger) -> float:
        """Equity less maintenance margin."""
        worth = self._worth(books)
        return worth.equity - worth.maintenance_margin

    def _level(self, books: Ledger) -> float:
        """The intraday margin level."""
        worth = self._worth(books)
        return worth.equity - worth.intraday_margin

    def _towards_fed(self, sale: Sale) -> float:
        """Dollars of initial margin that a sale (or cover) sets free, less what it loses (12 CFR 220.4(c)(1), 220.12)."""
        value = abs(sale.qty) * sale.price
        if not value:
            return 0.0
        needed = requirement(self.rules, self.books.asset(sale.symbol), -sale.qty, sale.price).initial
        return needed * (1.0 - sale.cost / value)

    def _after(self, sale: Sale) -> Ledger:
        books = self.books.copy()
        books.post(sale.symbol, sale.qty, sale.price, sale.cost)
        return books

    def cured(self, sale: Sale | None = None) -> bool:
        """Whether nothing more is needed, after ``sale``."""
        if below(self._towards_fed(sale) if sale else 0.0, self.fed):
            return False
        books = self._after(sale) if sale else self.books
        if self.maintenance and below(self._excess(books), 0.0):
            return False
        return self.needed is None or not below(self.level(books), self.needed)

    def sell(self, symbol: str) -> Sale:
        """Books the smallest sale of a position that cures, or all of it."""
        sale = self._smallest(symbol)
        self.fed = max(0.0, self.fed - self._towards_fed(sale))
        self.books = self._after(sale)
        return sale

    def _smallest(self, symbol: str) -> Sale:
        held = abs(self.books.position(symbol))
        most = ceil(held - SHARE_DUST)

        def sale(shares: int) -> Sale:
            return _sale(self.books, symbol, held if shares >= most else shares, self.prices, self.cost)

        first = 1
        for last in (*self._turns(sale, most), most):
            if self.cured(sale(last)):
                return sale(first + bisect_left(range(first, last), True, key=lambda shares: self.cured(sale(shares))))
            first = last + 1
        return sale(most)

    def _turns(self, sale: Callable[[int], Sale], most: int) -> Iterator[int]:
        """Shares on both sides of each point where the concentration add-on comes or goes: there a larger sale may cure less."""
        add_on = concentration(self.rules)
        if add_on is None:
            return

        def grounds(books: Ledger) -> list[bool]:
            longs = {symbol: max(0.0, books.position(symbol) * books.marks[symbol]) for symbol in self.books.positions}
            least = add_on.share * sum(longs.values())
            return [-books.cash >= add_on.debit, *(0.0 < value >= least for value in longs.values())]

        def changes(shares: int) -> int:
            return sum(map(ne, grounds(self._after(sale(shares))), now))

        now = grounds(self.books)
        for nth in range(changes(most)):
            turn = 1 + bisect_left(range(1, most), nth + 1, key=changes)
            yield from (max(1, turn - 1), turn)
