"""The intraday margin level of an account and the day's deficit (FINRA 4210(a)(17)-(19), (d)(2)), under the brokerage's policies.

A deficit is the worst negative level after a transaction that lowers the level: an opening purchase, a short sale, a withdrawal. The
market alone makes none. As a rule transactions count as they happened; a brokerage that cannot show their order takes the worst one, and
the rule lets it put deposits, or closings of what was held at the start, first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..core.money import SHARE_DUST, exceeds
from ..law.rulebook import PDT, Rules
from .valuation import Valuation, valued


class _Moment(NamedTuple):
    """The books right after a transaction that lowered the level: for evaluating it anew under another order of the day."""

    step: int
    cash: float
    positions: dict[str, float]
    prices: dict[str, float]


class _Books(NamedTuple):
    cash: float
    positions: dict[str, float]
    prices: dict[str, float]


class DeficitMeter:
    """The largest deficit since a regular close; where a brokerage takes the transactions in another order, what that needs of them."""

    __slots__ = ("amount", "closings", "equity", "flows", "moments", "openings", "start", "step")

    def __init__(self, start: _Books | None = None) -> None:
        self.amount = 0.0
        self.equity = 0.0
        self.start = start  # the books it began with; None where transactions count as they happened
        self.moments: list[_Moment] = []
        self.flows: list[tuple[int, float]] = []
        self.closings: list[tuple[int, str, float, float]] = []
        self.openings: list[tuple[str, float, float, float]] = []
        self.step = 0

    def copy(self) -> DeficitMeter:
        """An independent twin."""
        twin = DeficitMeter(self.start)
        twin.amount, twin.equity, twin.step = self.amount, self.equity, self.step
        twin.moments, twin.flows = self.moments[:], self.flows[:]
        twin.closings, twin.openings = self.closings[:], self.openings[:]
        return twin

    def keep_fill(self, symbol: str, qty: float, price: float, commission: float, opened: float, carried: float) -> None:
        """Signed ``qty`` executed, ``opened`` shares of it opening, ``carried`` closing what the day began with."""
        if self.start is None:
            return
        self.step += 1
        sign = 1.0 if qty > 0 else -1.0
        if carried > SHARE_DUST:
            self.closings.append((self.step, symbol, sign * carried, price))
        if opened > SHARE_DUST:
            self.openings.append((symbol, sign * opened, price, commission))

    def keep_flow(self, amount: float) -> None:
        """A deposit or (negative) a withdrawal."""
        if self.start is not None:
            self.step += 1
            self.flows.append((self.step, amount))

    def assumed_books(self, rules: Rules) -> list[_Books]:
        """The books that the brokerage looks at, in the order of the day that it assumes."""
        return self._worst_books(rules) if rules.imd_order == "worst" else self._reordered_books(rules)

    def _reordered_books(self, rules: Rules) -> list[_Books]:
        """The books after each lowering transaction, with what came later but counts as first."""
        books = []
        for moment in self.moments:
            cash, positions = moment.cash, dict(moment.positions)
            if rules.imd_deposits_first:
                cash += sum(amount for step, amount in self.flows if step > moment.step)
            if rules.imd_closings_first:
                for step, symbol, qty, price in self.closings:
                    if step > moment.step and symbol in positions:
                        cash -= qty * price
                        positions[symbol] += qty
            books.append(_Books(cash, positions, moment.prices))
        return books

    def _worst_books(self, rules: Rules) -> list[_Books]:
        """One book: the start of the day at the previous close, then everything that lowers the level, at cost."""
        if not self.moments or self.start is None:
            return []
        cash, positions, prices = self.start.cash, dict(self.start.positions), dict(self.start.prices)
        cash += sum(amount for _, amount in self.flows if rules.imd_deposits_first or amount < 0)
        if rules.imd_closings_first:
            for _, symbol, qty, price in self.closings:
                cash -= qty * price
                positions[symbol] += qty
        for symbol, qty, price, commission in self.openings:
            held = positions.get(symbol, 0.0)
            cash -= qty * price + commission
            positions[symbol] = held + qty
            worth = abs(held) * prices.get(symbol, price) + abs(qty) * price
            prices[symbol] = worth / (abs(held) + abs(qty))
        return [_Books(cash, positions, prices)]


class IntradayMargin:
    """The intraday margin level of an account, its low of the day, and the deficit that a meter of it shows."""

    def __init__(self, valuation: Valuation, closing_marks: Mapping[str, float]) -> None:
        self._valuation = valuation
        self.closing_marks = dict(closing_marks)  # of the previous close, by symbol
        self.lowest_level: float | None = None

    def copy(self, valuation: Valuation) -> IntradayMargin:
        """The same of ``valuation``, a twin of this one's."""
        twin = IntradayMargin(valuation, self.closing_marks)
        twin.lowest_level = self.lowest_level
        return twin

    def new_meter(self) -> DeficitMeter:
        """A meter that begins with the books as they are."""
        rules, ledger = self._valuation.rules, self._valuation.ledger
        reorders = rules.regime != PDT and (rules.imd_order == "worst" or rules.imd_deposits_first or rules.imd_closings_first)
        return DeficitMeter(_Books(ledger.cash, dict(ledger.positions), dict(ledger.marks)) if reorders else None)

    def split(self, symbol: str, ratio: float) -> None:
        """A stock split: the previous close in new shares."""
        if symbol in self.closing_marks:
            self.closing_marks[symbol] /= ratio

    def level(self) -> float:
        """Equity less the margin required by this brokerage's basis and valuation, dollars; negative is what is missing. 0 in the old regime."""
        rules = self._valuation.rules
        if rules.regime == PDT:
            return 0.0
        ledger = self._valuation.ledger
        if rules.imd_valuation != "cost":
            long_value, short_value, _, _, required = self._valuation.sums()
            return ledger.cash + long_value - short_value - required
        prices = {s: self._cost_basis(s, q) for s, q in ledger.positions.items()}
        return self._level_of(ledger.cash, ledger.positions, prices)[0]

    def _level_of(self, cash: float, positions: Mapping[str, float], prices: Mapping[str, float]) -> tuple[float, float]:
        """(margin level, equity) of a book at ``prices``."""
        worth = valued(self._valuation.rules, self._valuation.ledger.asset, cash, positions, prices)
        return worth.equity - worth.intraday_margin, worth.equity

    def _cost_basis(self, symbol: str, qty: float) -> float:
        """4210(a)(2): carried shares at the previous close, today's at cost, as an average a share."""
        ledger = self._valuation.ledger
        run = ledger.runs.get(symbol)
        close = self.closing_marks.get(symbol, ledger.marks[symbol])
        if run is None:
            return close
        total = abs(run.carried) * close + sum(lot[0] * lot[1] for lot in run.lots)
        return total / abs(qty)

    def note(self, meter: DeficitMeter, level: float, *, reducing: bool) -> None:
        """After a customer's transaction that left the account at ``level``; ``reducing`` if it lowered the level."""
        rules = self._valuation.rules
        if not reducing or rules.regime == PDT:
            return
        if exceeds(-level, meter.amount):
            meter.amount, meter.equity = -level, self._valuation.equity()
        if meter.start is not None:
            ledger = self._valuation.ledger
            at_cost = rules.imd_valuation == "cost"
            prices = {s: self._cost_basis(s, q) if at_cost else ledger.marks[s] for s, q in ledger.positions.items()}
            meter.moments.append(_Moment(meter.step, ledger.cash, dict(ledger.positions), prices))

    def deficit_of(self, meter: DeficitMeter) -> tuple[float, float]:
        """(intraday margin deficit, equity at it), dollars: as noted, or evaluated anew in the order that the brokerage assumes."""
        if meter.start is None:
            return meter.amount, meter.equity
        found = (0.0, 0.0)
        for cash, positions, prices in meter.assumed_books(self._valuation.rules):
            level, equity = self._level_of(cash, positions, prices)
            if exceeds(-level, found[0]):
                found = (-level, equity)
        return found

    def note_lowest(self) -> None:
        """The level now, if it is the lowest of the session."""
        level = self.level()
        if self.lowest_level is None or level < self.lowest_level:
            self.lowest_level = level
