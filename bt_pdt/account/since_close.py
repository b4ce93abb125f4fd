"""What an account did since a regular close. Regulation T takes all of it together at the next one (12 CFR 220.4(c)(1)).

Everything here is a plain sum: deposits less withdrawals, releases less requirements, gains less losses. What the sums mean (a Fed call
met or made, SMA) is asked of the whole at the close, so neither the order of a day's trades nor how often somebody looks matters.
"""

from __future__ import annotations

from .intraday_margin import DeficitMeter


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
