"""The account at the end of every bar, found after the run: its journal played into a new account, marked at the closes of the bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from ..account.account import Account
from ..core import sessions
from ..core.decisions import Rejected
from ..core.journal import CallEntry, CashEntry, CloseEntry, Entry, FillEntry, FlagEntry, OrderEntry, ReleaseEntry, SizeEntry
from ..core.orders import Asset
from ..law.rulebook import PDT
from .metrics import Array

#: The columns of the table that the account gives, in order.
NUMBERS = (
    *("cash", "dtbp_start", "dtbp_used", "dtbp_available", "regt_used", "regt_available"),
    *("day_trades_used", "day_trades_left", "intraday_margin_level"),
)
#: A host's clock may be off by less than this.
_TICK = timedelta(microseconds=500)

Closes = Mapping[str, tuple[Array, Array]]


def numbers(journal: Sequence[Entry], times: Array, closes: Closes, parameters: Mapping[str, Any], *, daily: bool) -> dict[str, Array]:
    """:data:`NUMBERS` by bar, dollars rounded to cents, NaN where the account or its regime has none.

    ``closes`` are (end of bar, close) of each symbol that was traded, ``parameters`` the arguments of the run. A row is the account after
    the executions of its bar and the orders sent at its end.
    """
    found = {name: np.full(len(times), math.nan) for name in NUMBERS}
    if not len(times):
        return found
    replay = Replay(journal, times, closes, parameters, daily)
    stamps: list[datetime] = times.astype("datetime64[us]").tolist()
    for k, at in enumerate(stamps):
        for name, value in zip(NUMBERS, replay.bar(k, at), strict=True):
            found[name][k] = value
    return {name: np.round(values, 2) + 0.0 for name, values in found.items()}


class Replay:
    """A journal played again, entry by entry (:attr:`entries`): nothing is judged anew, orders, executions and money are booked again."""

    def __init__(self, journal: Sequence[Entry], times: Array, closes: Closes, parameters: Mapping[str, Any], daily: bool) -> None:
        p, self.daily, self.closes = parameters, daily, closes
        start: datetime = times[0].astype("datetime64[us]").item()
        self.account = Account(
            p["cash"],
            at=datetime.combine(start.date(), sessions.REGULAR_OPEN) if daily else start,
            brokerage=p["brokerage"],
            rules=p["rules"],
            pdt_check=p["block_on"] or p["pdt_check"],
            dtbp_check=p["block_on"] or p["dtbp_check"],
            set=p["set"],
            assets=[Asset(symbol, **facts) for symbol, facts in p["assets"].items()],
            **p["account"],
        )
        # what the account does by itself when a session begins, at midnight, it does again: an order of the evening before may come after it
        self.entries = [entry for entry in journal if not isinstance(entry, CloseEntry | SizeEntry) and entry.at.time() != time.min]
        self.done = 0
        edges = times.astype("datetime64[us]") + np.timedelta64(_TICK)
        self.places = {symbol: np.searchsorted(ends, edges, "right") - 1 for symbol, (ends, _) in closes.items()}
        self.last: tuple[date, tuple[float, ...]] | None = None

    def bar(self, k: int, at: datetime) -> tuple[float, ...]:
        """The numbers at the end of bar ``k``."""
        account, quiet = self.account, True
        limit = (sessions.end_of_date(at.date()) if self.daily else at) + _TICK
        while self.done < len(self.entries) and self.entries[self.done].at <= limit:
            self.play(self.entries[self.done])
            self.done += 1
            quiet = False
        if quiet or account.now < at:
            self.reach(at)
        held = account.ledger.positions
        if quiet and not held and self.last is not None and self.last[0] == account.session:
            return self.last[1]
        prices = {symbol: float(self.closes[symbol][1][i]) for symbol in held if (i := self.places[symbol][k]) >= 0}
        if prices:
            account.mark(prices)
        row = _row(account)
        self.last = (account.session, row)
        return row

    def play(self, entry: Entry) -> None:
        """Books one entry."""
        account = self.account
        if isinstance(entry, CloseEntry | SizeEntry):
            return
        self.reach(entry.at)
        if isinstance(entry, OrderEntry):
            account.mark(self._prices({*account.ledger.positions, entry.request.symbol}, entry.at))
            if not isinstance(entry.decision, Rejected):
                self._work(entry)
        elif isinstance(entry, FillEntry):
            account.post(entry.fill, forced=entry.forced)
        elif isinstance(entry, ReleaseEntry):
            if account.ledger.group(entry.order_id) or entry.order_id in account.ledger.orders:
                account.release(entry.order_id, None, entry.cause)
        elif isinstance(entry, CashEntry):
            self._move(entry)
        elif isinstance(entry, FlagEntry) and entry.pattern_day_trader != account.pattern_day_trader:
            account.set_flag(entry.pattern_day_trader)
        elif isinstance(entry, CallEntry) and entry.event == "issued" and all(call.id != entry.call.id for call in account.calls):
            account.call_maintenance_now()

    def _work(self, entry: OrderEntry) -> None:
        if entry.replaces is None:
            self.account.book(entry.request)
            return
        asked, old = entry.request, self.account.ledger.orders[entry.replaces]
        self.account.book(replace(asked, qty=asked.qty + old.filled), replaces=entry.replaces)

    def _move(self, entry: CashEntry) -> None:
        if entry.kind == "deposit":
            self.account.deposit(entry.amount)
        elif entry.kind != "withdraw":
            self.account.cash_move(entry.kind, entry.amount)
        elif not isinstance(entry.decision, Rejected):
            self.account.book(-entry.amount)

    def reach(self, at: datetime) -> None:
        """Moves the clock to ``at``, closing sessions on the way at the bars' own closes."""
        account = self.account
        at = max(at, account.now)
        if at > sessions.close_of(account.session) and not account.after_close():
            self._close()
        day = sessions.session_of(at)
        if day != account.session:
            account.advance(min(at, sessions.close_of(day)))
            if at > sessions.close_of(day):
                self._close()
        account.advance(at)

    def mark_all(self, at: datetime) -> None:
        """Marks every symbol at its last close up to ``at``."""
        self.account.mark(self._prices(self.closes, at))

    def _close(self) -> None:
        account = self.account
        account.close_session(account.session, self._prices(account.ledger.positions, sessions.close_of(account.session)))

    def _prices(self, symbols: Any, at: datetime) -> dict[str, float]:
        """The last closes up to ``at``."""
        edge, found = np.datetime64(at + _TICK), {}
        for symbol in symbols:
            ends, closes = self.closes.get(symbol, ((), ()))
            i = int(np.searchsorted(ends, edge, "right"))
            if i:
                found[symbol] = float(closes[i - 1])
        return found


def _row(account: Account) -> tuple[float, ...]:
    rules, nan = account.rules, math.nan
    margin, old = account.account_type == "margin", rules.regime == PDT
    start = account.bod_dtbp if margin and old else nan
    left = account.daytrading_buying_power() if margin and old else nan
    regt = account.regt_buying_power() if margin else nan
    taken = rules.regt_buying_power_multiple * account.initial_margin() + account.ledger.reserved().regt if margin else nan
    used = account.daytrade_count() if margin and old else nan
    ahead = account.forecast()
    level = account.margin_level() if margin and not old else nan
    return account.cash, start, start - left, left, taken, regt, used, nan if ahead is None else ahead[0][1], level
