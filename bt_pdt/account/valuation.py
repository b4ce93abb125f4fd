"""What an account's books are worth under the day's rules: market values, equity, initial and maintenance margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ..core.orders import Asset
from ..law.rulebook import Rules
from .ledger import Ledger
from .requirements import concentration, day_trading_rate, requirement


def concentrated(rules: Rules, cash: float, long_value: float, entries: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """The house add-on where one security is most of the long stock and the debit is large: (initial, maintenance) on top.

    ``entries`` are (signed market value, initial, maintenance) of each position.
    """
    if cash > 0.0 or not long_value:
        return 0.0, 0.0  # no debit, the most frequent case
    add_on = concentration(rules)
    if add_on is None or -cash < add_on.debit:
        return 0.0, 0.0
    for value, initial, maintenance in entries:
        if value >= add_on.share * long_value:
            wanted = add_on.rate * value
            return max(0.0, wanted - initial), max(0.0, wanted - maintenance)
    return 0.0, 0.0


class Worth(NamedTuple):
    """What a book is worth and what it requires, dollars. ``intraday_margin`` is on the basis of the intraday margin level."""

    equity: float
    initial_margin: float
    maintenance_margin: float
    intraday_margin: float


def intraday_requirement(rules: Rules, asset: Asset, qty: float, price: float, maintenance: float) -> float:
    """Dollars that a position takes of the intraday margin level: its maintenance margin, or by the rule's own rates (``imd_basis=law``)."""
    if rules.imd_basis != "law":
        return maintenance
    return day_trading_rate(rules, asset, qty, price) * abs(qty) * price


def valued(rules: Rules, asset: Callable[[str], Asset], cash: float, positions: Mapping[str, float], prices: Mapping[str, float]) -> Worth:
    """What ``positions`` (signed shares by symbol) and ``cash`` are worth at ``prices``, and what they require."""
    equity, entries, intraday = cash, [], 0.0
    for symbol, qty in positions.items():
        price = prices[symbol]
        needed = requirement(rules, asset(symbol), qty, price)
        equity += qty * price
        entries.append((qty * price, *needed))
        intraday += intraday_requirement(rules, asset(symbol), qty, price, needed.maintenance)
    initial, maintenance = sum(e[1] for e in entries), sum(e[2] for e in entries)
    more = concentrated(rules, cash, sum(e[0] for e in entries if e[0] > 0), entries)
    return Worth(equity, max(initial, initial + more[0]), maintenance + more[1], intraday + (0.0 if rules.imd_basis == "law" else more[1]))


class Sums(NamedTuple):
    """A book at its last marks, dollars; ``short_value`` is positive, ``intraday`` on the basis of the intraday margin level."""

    long_value: float
    short_value: float
    initial: float
    maintenance: float
    intraday: float


class Valuation:
    """A ledger's equity and margins at its last marks under the day's rules.

    A position is priced anew only when its mark, its size or the rules change; whoever changes them says so here.
    """

    def __init__(self, ledger: Ledger, rules: Rules) -> None:
        self.ledger = ledger
        self.rules = rules
        self._margins: dict[str, tuple[float, float, float, float]] = {}  # market value, initial, maintenance, intraday margin by symbol
        self._sums: Sums | None = None
        self._short_maintenance = 0.0  # part of the sums
        self._ordinary: tuple[float, float, float, float] | None = None

    def copy(self, ledger: Ledger) -> Valuation:
        """The same of ``ledger``, a twin of this one's."""
        twin = Valuation(ledger, self.rules)
        twin._margins, twin._sums = self._margins.copy(), self._sums
        twin._short_maintenance, twin._ordinary = self._short_maintenance, self._ordinary
        return twin

    # -- what changes

    def use(self, rules: Rules) -> None:
        """From here on these rules value the book."""
        self.rules = rules
        self.revalue()

    def revalue(self) -> None:
        """Everything is priced anew: facts about securities have changed."""
        self._margins.clear()
        self._sums = None
        self._ordinary = None

    def reprice(self, symbol: str, price: float) -> bool:
        """The last price of a symbol becomes ``price``; False if it is that already."""
        if self.ledger.marks.get(symbol) == price:
            return False
        self.ledger.marks[symbol] = price
        if self._margins.pop(symbol, None) is not None:
            self._sums = None
        return True

    def resized(self, symbol: str) -> None:
        """The position in a symbol has changed, and cash with it."""
        self._margins.pop(symbol, None)
        self._sums = None

    def cash_moved(self) -> None:
        """Cash has changed: the house add-on hangs on the debit."""
        self._sums = None

    # -- what is asked

    def _ordinary_rates(self) -> tuple[float, float, float, float]:
        """(price, initial, maintenance and intraday rate) of ordinary long stock above that price, where the last price band holds."""
        bands = self.rules.maintenance_long_bands
        rate = float(bands[-1].rate)
        intraday = float(self.rules.maintenance_law_rate) if self.rules.imd_basis == "law" else rate
        self._ordinary = (bands[-2].below if len(bands) > 1 else 0.0, max(float(self.rules.regt_initial_long), rate), rate, intraday)
        return self._ordinary

    def _value_of(self, symbol: str, qty: float) -> tuple[float, float, float, float]:
        price = self.ledger.marks[symbol]
        asset = self.ledger.asset(symbol)
        above, initial, maintenance, intraday = self._ordinary or self._ordinary_rates()
        if qty > 0 and price > above and asset.marginable and asset.maintenance is None and asset.leverage is None:
            value = qty * price  # most positions: the same as below without its detours
            entry = (value, initial * value, maintenance * value, intraday * value)
        else:
            needed = requirement(self.rules, asset, qty, price)
            held = intraday_requirement(self.rules, asset, qty, price, needed.maintenance)
            entry = (qty * price, needed.initial, needed.maintenance, held)
        self._margins[symbol] = entry
        return entry

    def sums(self) -> Sums:
        """Market values and requirements of all positions together, priced anew only where something changed."""
        if self._sums is None:
            margins = self._margins
            long_value = short_value = initial = maintenance = intraday = short_maintenance = 0.0
            for symbol, qty in self.ledger.positions.items():
                entry = margins.get(symbol) or self._value_of(symbol, qty)
                value, first, held, within = entry
                if value >= 0:
                    long_value += value
                else:
                    short_value -= value
                    short_maintenance += held
                initial += first
                maintenance += held
                intraday += within
            self._short_maintenance = short_maintenance
            held_now = (entry[:3] for symbol, entry in margins.items() if symbol in self.ledger.positions)
            added = concentrated(self.rules, self.ledger.cash, long_value, held_now)
            if self.rules.imd_basis != "law":
                intraday += added[1]
            self._sums = Sums(long_value, short_value, max(initial, initial + added[0]), maintenance + added[1], intraday)
        return self._sums

    def equity(self) -> float:
        """Cash + long market value - short market value at the last marks."""
        long_value, short_value, _, _, _ = self.sums()
        return self.ledger.cash + long_value - short_value

    def margins(self) -> tuple[float, float, float]:
        """(equity, initial margin, maintenance margin) at the last marks."""
        long_value, short_value, initial, maintenance, _ = self.sums()
        return self.ledger.cash + long_value - short_value, initial, maintenance

    def excess(self) -> float:
        """Equity over maintenance margin, dollars; negative is what is missing."""
        equity, _, maintenance = self.margins()
        return equity - maintenance

    def excess_at_risk(self) -> float:
        """Dollars by which maintenance excess falls if every position moves 100 % against the account: a small move takes its share of it."""
        long_value, short_value, _, maintenance, _ = self.sums()
        return long_value - (maintenance - self._short_maintenance) + short_value + self._short_maintenance

    def initial_margin(self) -> float:
        """The Reg T (or higher) requirement of what is held."""
        return self.sums()[2]

    def maintenance_margin(self) -> float:
        """The house maintenance requirement of what is held."""
        return self.sums()[3]

    def maintenance_with(self, cash: float) -> float:
        """Maintenance margin of what is held if cash were ``cash``: the house add-on hangs on the debit."""
        long_value, _, _, maintenance, _ = self.sums()
        entries = [entry[:3] for symbol, entry in self._margins.items() if symbol in self.ledger.positions]
        now, then = (concentrated(self.rules, each, long_value, entries)[1] for each in (self.ledger.cash, cash))
        return maintenance - now + then

    def regt_excess(self) -> float:
        """Equity over initial margin, not below zero."""
        equity, initial, _ = self.margins()
        return max(0.0, equity - initial)

    def intraday_power(self) -> float:
        """4 x (equity - maintenance margin) on current values: intraday buying power before working orders."""
        equity, _, maintenance = self.margins()
        return float(self.rules.intraday_multiple * max(0.0, equity - maintenance))

    def regt_buying_power(self) -> float:
        """2 x (equity - initial margin), net of working opening orders."""
        return max(0.0, self.regt_excess() * float(self.rules.regt_buying_power_multiple) - self.ledger.reserved().regt)
