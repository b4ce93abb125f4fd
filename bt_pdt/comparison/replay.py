"""An account as it stood at a moment of a finished run: its journal played into a new one, marked at the closes of the bars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from .. import sessions
from ..account import Account
from ..decisions import Rejected
from ..journal import CallEntry, CashEntry, CloseEntry, Entry, FillEntry, OrderEntry, ReleaseEntry
from ..orders import Asset

if TYPE_CHECKING:
    from ..bars import Bars
    from ..report import Result

#: A host's clock may be off by less than this.
_TICK = np.timedelta64(500, "us")


def account_before(result: Result, bars: Bars, at: datetime, order: str | None = None, *, asked: bool = True) -> Account:
    """The account of ``result`` just before ``order`` was put to it at ``at``; without an order, as it was at ``at``.

    ``asked`` False leaves out what happened at ``at`` itself: the account before that bar.
    """
    replay = _Replay(result, bars)
    for entry in result.journal:
        if isinstance(entry, CloseEntry):
            continue
        if entry.at > at or (entry.at == at and not asked):
            break
        if isinstance(entry, OrderEntry) and order is not None and entry.request.id == order:
            break
        replay.play(entry)
    replay.reach(at)
    replay.mark(at, *bars.symbols, before=not asked)
    return replay.account


class _Replay:
    def __init__(self, result: Result, bars: Bars) -> None:
        p = result.manifest["parameters"]
        start = result.times[0].item()
        if bars.timeframe == "days":
            start = datetime.combine(start.date(), sessions.REGULAR_OPEN)
        pdt_check = dtbp_check = p["block_on"]
        self.bars = bars
        self.account = Account(
            p["cash"],
            at=start,
            brokerage=p["brokerage"],
            rules=p["rules"],
            pdt_check=pdt_check or p["pdt_check"],
            dtbp_check=dtbp_check or p["dtbp_check"],
            set=p["set"],
            assets=[Asset(symbol, **facts) for symbol, facts in p["assets"].items()],
            **p["account"],
        )
        self.refuses = self.account.refuses

    def play(self, entry: Entry) -> None:
        """What happened, booked again; nothing is judged anew."""
        account = self.account
        if isinstance(entry, CloseEntry):
            return
        self.reach(entry.at)
        if isinstance(entry, OrderEntry):
            self.mark(entry.at, entry.request.symbol)
            if not isinstance(entry.decision, Rejected):
                account.refuses = False  # the answer is known
                account.submit(entry.request)
                account.refuses = self.refuses
        elif isinstance(entry, FillEntry):
            account.post(entry.fill, forced=entry.forced)
        elif isinstance(entry, ReleaseEntry):
            if account.ledger.group(entry.order_id) or entry.order_id in account.ledger.orders:
                account.release(entry.order_id, None, entry.cause)
        elif isinstance(entry, CallEntry):
            if entry.event == "issued" and all(call.id != entry.call.id for call in account.calls):
                account.call_maintenance_now()
        elif isinstance(entry, CashEntry):
            self._move(entry)

    def _move(self, entry: CashEntry) -> None:
        account = self.account
        if entry.kind == "deposit":
            account.deposit(entry.amount, for_call=entry.for_call)
        elif entry.kind != "withdraw":
            account.cash_move(entry.kind, entry.amount)
        elif not isinstance(entry.decision, Rejected):
            account.refuses = False
            account.withdraw(entry.amount)
            account.refuses = self.refuses

    def reach(self, at: datetime) -> None:
        """Moves the clock to ``at``, closing sessions at the bars' own closes on the way."""
        account = self.account
        at = max(at, account.now)
        day = sessions.session_of(at)
        while account.session < day:
            self._close()
            following = sessions.next_session(account.session)
            if following == day:
                account.advance(min(at, sessions.close_of(day)))
            else:
                account.roll_to(following)
        if at > sessions.close_of(day):
            self._close()
        account.advance(at)

    def _close(self) -> None:
        account = self.account
        if not account.after_close():
            account.close_session(account.session, self._prices(account.ledger.positions, sessions.close_of(account.session)))

    def mark(self, at: datetime, *symbols: str, before: bool = False) -> None:
        """Marks what is held, and ``symbols``, at the last closes up to ``at`` (``before``: up to the bar before)."""
        self.account.mark(self._prices({*self.account.ledger.positions, *symbols}, at, before=before))

    def _prices(self, symbols: Iterable[str], at: datetime, *, before: bool = False) -> dict[str, float]:
        stamp, found = np.datetime64(at, "us") + (-_TICK if before else _TICK), {}
        for symbol in symbols:
            arrays = self.bars.arrays(symbol)
            i = int(np.searchsorted(arrays.datetimes, stamp, "right"))
            if i:
                found[symbol] = float(arrays.close[i - 1])
        return found
