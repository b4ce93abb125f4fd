"""What an account did since a regular close. Regulation T takes all of it together at the next one (12 CFR 220.4(c)(1)).

Everything here is a plain sum: deposits less withdrawals, releases less requirements, gains less losses. What the sums mean (a Fed call
met or made, SMA) is asked of the whole at the close, so neither the order of a day's trades nor how often somebody looks matters.
"""

from __future__ import annotations

from ..core.money import SHARE_DUST
from .call_book import CallBook
from .intraday_margin import DeficitMeter
from .requirements import requirement
from .valuation import Valuation, valued


class SinceClose:
    """The sums of the time since one regular close.

    ``deposits`` less withdrawals; ``other``: dividends, interest, fees and commissions; ``released``: initial margin set free by what was
    carried and sold, and the profit of day trades; ``cash`` and ``traded`` (signed shares by symbol): what trades did to the books;
    ``level``: how far the customer's own transactions moved the intraday margin level. ``first`` is the first execution of the trade date
    that belongs to it, ``meter`` the deficit.
    """

    __slots__ = ("cash", "deposits", "first", "level", "meter", "other", "released", "traded")

    def __init__(self, meter: DeficitMeter, first: int = 0) -> None:
        self.deposits = 0.0
        self.other = 0.0
        self.released = 0.0
        self.cash = 0.0
        self.level = 0.0
        self.traded: dict[str, float] = {}
        self.first = first
        self.meter = meter

    def copy(self) -> SinceClose:
        """An independent twin."""
        twin = SinceClose(self.meter.copy(), self.first)
        twin.deposits, twin.other, twin.released = self.deposits, self.other, self.released
        twin.cash, twin.level, twin.traded = self.cash, self.level, dict(self.traded)
        return twin

    def trade(self, symbol: str, qty: float, cash: float) -> None:
        """Signed ``qty`` shares executed, which brought ``cash`` dollars (negative: cost them)."""
        self.traded[symbol] = self.traded.get(symbol, 0.0) + qty
        self.cash += cash


class RegulationT:
    """What Regulation T makes of an account: the special memorandum account (SMA) and the Fed call that a close would make.

    ``day`` is the time since the last session's regular close, ``evening`` since this session's, once that is measured.
    """

    def __init__(self, valuation: Valuation, call_book: CallBook, meter: DeficitMeter, sma: float) -> None:
        self._valuation = valuation
        self._call_book = call_book
        self.day = SinceClose(meter)
        self.evening: SinceClose | None = None
        self._sma = sma  # at the last session's regular close
        self._sma_measured = 0.0  # at this session's, once it is measured

    def copy(self, valuation: Valuation, call_book: CallBook) -> RegulationT:
        """The same of ``valuation`` and ``call_book``, twins of this one's."""
        twin = RegulationT(valuation, call_book, self.day.meter, self._sma)
        twin.day, twin._sma_measured = self.day.copy(), self._sma_measured
        twin.evening = None if self.evening is None else self.evening.copy()
        return twin

    @property
    def since(self) -> tuple[SinceClose, ...]:
        """What counts a transaction of now: the session's close, and once that is measured the next one too."""
        return (self.day,) if self.evening is None else (self.day, self.evening)

    @property
    def current(self) -> SinceClose:
        """The time since the last regular close."""
        return self.day if self.evening is None else self.evening

    @property
    def sma(self) -> float:
        """Special memorandum account, dollars: the last close's, with what came in and went out since and met no Fed call."""
        since, before = self.current, self._sma if self.evening is None else self._sma_measured
        return max(0.0, before + since.other + since.deposits - self._call_book.fed_took(since.deposits))

    def fed_call_with(self, more: float) -> float:
        """The Fed call that this moment would make if it were the close and the day's trades needed ``more`` initial margin; may be negative."""
        return more - self.fed_release() - max(self.sma, self._excess_without(self.current))

    def fed_release(self) -> float:
        """Initial margin that the transactions since the last regular close have set free so far, combined; negative: what they need."""
        return self._release(self.current)

    def _release(self, since: SinceClose) -> float:
        """What all transactions since a close set free of initial margin, combined: half of what was carried and sold, less half of what
        was opened and kept (at trade price, each at its own initial rate), plus the profit of day trades."""
        return since.released - self._initial_of_lots(since)

    def _initial_of_lots(self, since: SinceClose) -> float:
        """Initial margin at trade price of lots opened since that close and still held."""
        total, rules, ledger = 0.0, self._valuation.rules, self._valuation.ledger
        for symbol in since.traded:
            run = ledger.runs.get(symbol)
            if run is None or not run.lots:
                continue
            asset, sign = ledger.asset(symbol), 1.0 if run.opened_today > 0 else -1.0
            total += sum(
                requirement(rules, asset, sign * held, price).initial for held, price, _, opened in run.lots if opened >= since.first
            )
        return total

    def _excess_without(self, since: SinceClose) -> float:
        """Equity over initial margin at the last marks, had nothing been traded since that close."""
        if not since.traded:
            equity, initial, _ = self._valuation.margins()
            return equity - initial
        ledger = self._valuation.ledger
        positions = dict(ledger.positions)
        for symbol, qty in since.traded.items():
            positions[symbol] = positions.get(symbol, 0.0) - qty
        positions = {symbol: qty for symbol, qty in positions.items() if abs(qty) > SHARE_DUST}
        worth = valued(self._valuation.rules, ledger.asset, ledger.cash - since.cash, positions, ledger.marks)
        return worth.equity - worth.initial_margin

    def split(self, symbol: str, ratio: float) -> None:
        """A stock split: what was traded, in new shares."""
        for since in self.since:
            if symbol in since.traded:
                since.traded[symbol] *= ratio

    def measure_close(self) -> tuple[float, float]:
        """The regular close: (the day's net release of initial margin, what is available against a Fed call). Asked again, the last answer counts."""
        day = self.day
        release = self._release(day)
        paid_in, met = self._call_book.fed_close(day.deposits, release)
        available = max(0.0, self._sma + day.other + day.deposits - paid_in, self._excess_without(day))
        self._sma_measured = max(0.0, available + release - met)
        return release, available

    @property
    def sma_at_close(self) -> float:
        """SMA as the session's close has measured it, dollars."""
        return self._sma_measured

    def begin_evening(self, meter: DeficitMeter, executions: int) -> None:
        """The close is measured: what comes from execution number ``executions`` of the trade date on belongs to the next one."""
        self.evening = SinceClose(meter, executions)

    def next_session(self) -> None:
        """The next trade date begins, before its books do: what was bought after the close is carried from now on."""
        assert self.evening is not None
        self.evening.released -= self._initial_of_lots(self.evening)
        self.evening.first = 0
        self._sma, self.day, self.evening = self._sma_measured, self.evening, None
