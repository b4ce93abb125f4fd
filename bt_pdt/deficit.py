"""The intraday margin level of an account and the day's deficit (FINRA 4210(a)(17)-(19), (d)(2)), under the brokerage's policies.

A deficit is the worst negative level after a transaction that lowers the level: an opening purchase, a short sale, a withdrawal. The
market alone makes none. As a rule transactions count as they happened; a brokerage that cannot show their order takes the worst one, and
the rule lets it put deposits, or closings of what was held at the start, first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .brokerages import rulebook_for
from .ledger import Ledger
from .margin import requirement
from .money import SHARE_DUST, below, exceeds
from .rules.rulebook import PDT
from .valuation import Valuation, concentrated


class _Moment(NamedTuple):
    """The books right after a transaction that lowered the level: for judging it anew under another order of the day."""

    step: int
    cash: float
    positions: dict[str, float]
    prices: dict[str, float]


class IntradayMargin(Valuation):
    """Margin level and deficit of the day; the account tells it what happens."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._closing_marks: dict[str, float] = {}
        self._start_deficit()

    def _start_deficit(self) -> None:
        """A session begins: no deficit yet."""
        self._deficit = 0.0
        self._deficit_equity = 0.0
        self._lowest_level: float | None = None
        self._keeps_steps = False
        rules = getattr(self, "rules", None)
        if rules is not None and rules.regime != PDT:
            self._keeps_steps = rules.imd_order == "worst" or rules.imd_deposits_first or rules.imd_closings_first
        if self._keeps_steps:
            self._start_books = (self.ledger.cash, dict(self.ledger.positions), dict(self.ledger.marks))
            self._moments: list[_Moment] = []
            self._flows: list[tuple[int, float]] = []
            self._closings: list[tuple[int, str, float, float]] = []
            self._openings: list[tuple[str, float, float, float]] = []
            self._step = 0

    def margin_level(self) -> float:
        """Equity less maintenance margin by this brokerage's basis and valuation, dollars; negative is what is missing. 0 in the old regime."""
        rules = self.rules
        if rules.regime == PDT:
            return 0.0
        at_cost = rules.imd_valuation == "cost"
        if rules.imd_basis != "law" and not at_cost:
            equity, _, maintenance = self.margins()
            return equity - maintenance
        prices = {s: self._cost_basis(s, q) for s, q in self.ledger.positions.items()} if at_cost else self.ledger.marks
        equity, maintenance = self._worth(self.ledger.cash, self.ledger.positions, prices)
        return equity - maintenance

    def _worth(self, cash: float, positions: Mapping[str, float], prices: Mapping[str, float]) -> tuple[float, float]:
        """(equity, maintenance margin on the basis of the intraday rule) of a book at ``prices``."""
        book = rulebook_for("finra").on(self.rules.day) if self.rules.imd_basis == "law" else self.rules
        equity, entries = cash, []
        for symbol, qty in positions.items():
            value = qty * prices[symbol]
            equity += value
            entries.append((value, *requirement(book, self.ledger.asset(symbol), qty, prices[symbol])))
        longs = sum(value for value, _, _ in entries if value > 0)
        return equity, sum(held for _, _, held in entries) + concentrated(book, cash, longs, entries)[1]

    def _cost_basis(self, symbol: str, qty: float) -> float:
        """4210(a)(2): carried shares at the previous close, today's at cost, as an average a share."""
        run = self.ledger.runs.get(symbol)
        close = self._closing_marks.get(symbol, self.ledger.marks[symbol])
        if run is None:
            return close
        total = abs(run.carried) * close + sum(lot[0] * lot[1] for lot in run.lots)
        return total / abs(qty)

    def _note_deficit(self, before: float, *, reducing: bool) -> None:
        """After a customer's transaction that took the level from ``before`` to what it is now."""
        if self.rules.regime == PDT:
            return
        level = self.margin_level()
        if self.rules.imd_valuation == "cost":
            reducing = below(level, before)
        if reducing and exceeds(-level, self._deficit):
            self._deficit, self._deficit_equity = -level, self.equity()
        if reducing and self._keeps_steps:
            held = self.ledger.positions
            at_cost = self.rules.imd_valuation == "cost"
            prices = {s: self._cost_basis(s, q) if at_cost else self.ledger.marks[s] for s, q in held.items()}
            self._moments.append(_Moment(self._step, self.ledger.cash, dict(held), prices))

    def _keep_fill(self, symbol: str, qty: float, price: float, commission: float, opened: float, carried: float) -> None:
        """Signed ``qty`` executed, ``opened`` shares of it opening, ``carried`` closing what the day began with."""
        if not self._keeps_steps:
            return
        self._step += 1
        sign = 1.0 if qty > 0 else -1.0
        if carried > SHARE_DUST:
            self._closings.append((self._step, symbol, sign * carried, price))
        if opened > SHARE_DUST:
            self._openings.append((symbol, sign * opened, price, commission))

    def _keep_flow(self, amount: float) -> None:
        """A deposit or (negative) a withdrawal."""
        if self._keeps_steps:
            self._step += 1
            self._flows.append((self._step, amount))

    def deficit(self) -> tuple[float, float]:
        """(the day's intraday margin deficit, equity at it), dollars: as noted, or judged anew in the order that the brokerage assumes."""
        if not self._keeps_steps:
            return self._deficit, self._deficit_equity
        found = (0.0, 0.0)
        for cash, positions, prices in self._worst_books() if self.rules.imd_order == "worst" else self._reordered_books():
            equity, maintenance = self._worth(cash, positions, prices)
            if exceeds(maintenance - equity, found[0]):
                found = (maintenance - equity, equity)
        return found

    def _reordered_books(self) -> list[tuple[float, dict[str, float], dict[str, float]]]:
        """The books after each lowering transaction, with what came later but counts as first."""
        books = []
        for moment in self._moments:
            cash, positions = moment.cash, dict(moment.positions)
            if self.rules.imd_deposits_first:
                cash += sum(amount for step, amount in self._flows if step > moment.step)
            if self.rules.imd_closings_first:
                for step, symbol, qty, price in self._closings:
                    if step > moment.step and symbol in positions:
                        cash -= qty * price
                        positions[symbol] += qty
            books.append((cash, positions, moment.prices))
        return books

    def _worst_books(self) -> list[tuple[float, dict[str, float], dict[str, float]]]:
        """One book: the start of the day at the previous close, then everything that lowers the level, at cost."""
        if not self._moments:
            return []
        cash, positions, prices = self._start_books[0], dict(self._start_books[1]), dict(self._start_books[2])
        first = self.rules.imd_deposits_first
        cash += sum(amount for _, amount in self._flows if first or amount < 0)
        if self.rules.imd_closings_first:
            for _, symbol, qty, price in self._closings:
                cash -= qty * price
                positions[symbol] += qty
        for symbol, qty, price, commission in self._openings:
            held = positions.get(symbol, 0.0)
            cash -= qty * price + commission
            positions[symbol] = held + qty
            worth = abs(held) * prices.get(symbol, price) + abs(qty) * price
            prices[symbol] = worth / (abs(held) + abs(qty))
        return [(cash, positions, prices)]

    def _lowest_margin_level(self) -> None:
        level = self.margin_level()
        if self._lowest_level is None or level < self._lowest_level:
            self._lowest_level = level
