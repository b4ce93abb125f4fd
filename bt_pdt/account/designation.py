"""Day trades by session, and the pattern-day-trader designation that enough of them bring (FINRA 4210(f)(8)(B))."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, timedelta

from ..core import sessions
from ..law.rulebook import Rules


class Designation:
    """Who is a pattern day trader, since when, and the day trades of the window of business days that decide it."""

    def __init__(self, pattern_day_trader: bool, since: date | None, *, one_time_removal_used: bool) -> None:
        self.pattern_day_trader = pattern_day_trader
        self.flagged_on = since  # the session on which the designation was set
        self.one_time_removal_used = one_time_removal_used
        self._made: dict[date, dict[str, int]] = {}  # day trades by session and symbol, carried-in ones included
        self._own: dict[tuple[date, str], int] = {}  # the same without those carried in
        self._orders_filled: dict[date, set[Hashable]] = {}  # ids of orders executed by session, for the 6 % clause
        self._window: tuple[date, ...] = ()
        self._earlier_count = 0
        self._today_count = 0

    def copy(self) -> Designation:
        """An independent twin."""
        twin = Designation(self.pattern_day_trader, self.flagged_on, one_time_removal_used=self.one_time_removal_used)
        twin._made = {day: made.copy() for day, made in self._made.items()}
        twin._own = self._own.copy()
        twin._orders_filled = {day: ids.copy() for day, ids in self._orders_filled.items()}
        twin._window, twin._earlier_count, twin._today_count = self._window, self._earlier_count, self._today_count
        return twin

    # -- the count

    def carry_in(self, day: date, symbol: str, count: int) -> None:
        """Day trades that the account made before this history."""
        made = self._made.setdefault(day, {})
        made[symbol] = made.get(symbol, 0) + count

    def start_session(self, session: date, rules: Rules) -> None:
        """The window that ends with ``session``; what no window will hold again is forgotten."""
        days = rules.pdt_window_business_days
        kept = max(8, days or 0)
        for old in [d for d in self._made if d < sessions.add_business_days(session, -kept)]:
            del self._made[old]
            self._orders_filled.pop(old, None)
        self._window = sessions.window(session, days) if days else ()
        self._earlier_count = sum(sum(self._made.get(day, {}).values()) for day in self._window if day != session)
        self._today_count = sum(self._made.get(session, {}).values())

    def executed(self, session: date, symbol: str, completed: int, order: Hashable) -> None:
        """An execution of ``order`` has completed so many day trades."""
        self._orders_filled.setdefault(session, set()).add(order)
        if completed:
            self.carry_in(session, symbol, completed)
            self._own[(session, symbol)] = self._own.get((session, symbol), 0) + completed
            self._today_count += completed

    def daytrade_count(self) -> int:
        """Executed day trades in the window that ends today."""
        return self._earlier_count + self._today_count

    def exempt_by_ratio(self, rules: Rules) -> bool:
        """The 6 % clause: day trades no more than 6 % of the orders executed in the window."""
        if not rules.six_percent_clause:
            return False
        trades = sum(len(self._orders_filled.get(day, ())) for day in self._window)
        own = sum(count for (day, _), count in self._own.items() if day in self._window)
        trades += 2 * (self.daytrade_count() - own)  # carried-in day trades: at least an opening and a closing order each
        return bool(self.daytrade_count() <= rules.pdt_exempt_ratio * trades + 1e-9)

    def forecast(self, session: date, rules: Rules) -> list[tuple[date, int]]:
        """Day trades left today and on the next four sessions if none is made."""
        allowed, days = rules.pdt_day_trades_threshold - 1, rules.pdt_window_business_days
        found = []
        for ahead in range(days):
            day = sessions.add_business_days(session, ahead)
            used = sum(sum(self._made.get(d, {}).values()) for d in sessions.window(day, days))
            found.append((day, max(0, allowed - used)))
        return found

    @property
    def day_trades(self) -> list[tuple[date, str, int]]:
        """(session, symbol, count) of this history's own day trades, those carried in left out."""
        return [(day, symbol, count) for (day, symbol), count in self._own.items()]

    # -- the flag

    def flag(self, session: date) -> None:
        """The account is a pattern day trader from ``session`` on; set again it is what it was."""
        if not self.pattern_day_trader:
            self.pattern_day_trader, self.flagged_on = True, session

    def lift(self) -> None:
        """The designation is gone."""
        self.pattern_day_trader, self.flagged_on = False, None

    def lasts(self, day: date, rules: Rules) -> bool:
        """False once a brokerage's days of the designation are over (``pdt_flag_days``): it ends by itself."""
        length = rules.pdt_flag_days
        return length is None or self.flagged_on is None or day <= self.flagged_on + timedelta(days=length)
