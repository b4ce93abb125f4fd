"""Counting day trades: one run of executions per symbol and trade date.

A day trade is buying and selling (or shorting and covering) the same security on the same trade date. Shares carried
overnight and sold before any new purchase are a liquidation, not a day trade (FINRA 4210(f)(8)(B), its two exceptions).

Two methods are permitted. *Direction* (interpretation /02, since 2021-03-24): each switch from an opening run to the closing
direction is one day trade. *Opening transactions* (interpretation /01): each opening order that is liquidated, wholly or
partly, the same day is one, matched first-in first-out or last-in first-out. Several fills of one order are one transaction.

The same run keeps today's lots at cost, first in first out: what day-trading buying power is charged and given back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ..core.money import SHARE_DUST

DIRECTION, OPENING_FIFO, OPENING_LIFO = "direction", "opening_fifo", "opening_lifo"
METHODS = (DIRECTION, OPENING_FIFO, OPENING_LIFO)


class ClosedLot(NamedTuple):
    """A piece of one of today's lots that a same-day close took.

    ``cost`` is what was paid for it, ``charge`` what it used of day-trading buying power, ``opened`` the execution that opened it.
    """

    qty: float
    cost: float
    charge: float
    opened: int


@dataclass(slots=True)
class _Transaction:
    """One opening order of the day: its shares still held and whether it was counted already."""

    order: object
    left: float
    counted: bool = False


class DayRun:
    """One symbol on one trade date: what was carried in, what was opened today, how many day trades that made."""

    __slots__ = ("carried", "count", "lots", "method", "opened_today", "phase_open", "same_side_open", "transactions")

    def __init__(self, carried: float, method: str = DIRECTION) -> None:
        self.carried = carried  # signed shares still held from before today
        self.method = method
        self.opened_today = 0.0  # signed shares opened today and still held
        self.phase_open = False  # the last thing done with today's shares was opening them
        self.same_side_open = False  # something was opened on the carried side: the exception for carried shares is lost
        self.count = 0
        self.lots: list[list[float]] = []  # [shares, price, charge a share, opened by execution]: first in, first out
        self.transactions: list[_Transaction] = []  # of the opening-transaction methods

    def copy(self) -> DayRun:
        twin = DayRun(self.carried, self.method)
        twin.opened_today, twin.phase_open, twin.same_side_open, twin.count = (
            self.opened_today,
            self.phase_open,
            self.same_side_open,
            self.count,
        )
        twin.lots = [lot[:] for lot in self.lots]
        twin.transactions = [replace(t) for t in self.transactions]
        return twin

    def split(self, ratio: float) -> None:
        """A stock split: ``ratio`` new shares for each old one, lots at the same total cost."""
        self.carried *= ratio
        self.opened_today *= ratio
        for lot in self.lots:
            lot[0] *= ratio
            lot[1] /= ratio
            lot[2] /= ratio
        for transaction in self.transactions:
            transaction.left *= ratio

    def post(
        self, qty: float, price: float = 0.0, order: object = None, moment: int = 0, charge: float | None = None
    ) -> tuple[int, float, list[ClosedLot]]:
        """Books one execution of signed ``qty``; returns (day trades it completed, shares it opened today, lots it closed)."""
        before = self.count
        closed: list[ClosedLot] = []
        if self.carried * qty < 0 and not self.same_side_open:
            qty = self._reduce_carried(qty)
        if self.opened_today * qty < 0:
            qty = self._close_today(qty, closed)
        if self.carried * qty < 0:
            qty = self._reduce_carried(qty)
        if abs(qty) > SHARE_DUST:
            self._open(qty, price, order, moment, price if charge is None else charge)
        else:
            qty = 0.0
        return self.count - before, qty, closed

    def _reduce_carried(self, qty: float) -> float:
        taken = min(abs(qty), abs(self.carried))
        sign = 1.0 if qty > 0 else -1.0
        self.carried += sign * taken
        if abs(self.carried) <= SHARE_DUST:
            self.carried = 0.0
        return _dustless(qty - sign * taken)

    def _close_today(self, qty: float, closed: list[ClosedLot]) -> float:
        sign = 1.0 if qty > 0 else -1.0
        taken = min(abs(qty), abs(self.opened_today))
        if self.method == DIRECTION:
            if self.phase_open:
                self.count += 1
        else:
            self._liquidate_transactions(taken)
        self.phase_open = False
        left = taken
        while left > SHARE_DUST and self.lots:
            lot = self.lots[0]
            piece = min(left, lot[0])
            closed.append(ClosedLot(piece, lot[1] * piece, lot[2] * piece, int(lot[3])))
            lot[0] -= piece
            left -= piece
            if lot[0] <= SHARE_DUST:
                self.lots.pop(0)
        self.opened_today += sign * taken
        if abs(self.opened_today) <= SHARE_DUST:
            self.opened_today = 0.0
            self.lots.clear()
        return _dustless(qty - sign * taken)

    def _liquidate_transactions(self, shares: float) -> None:
        pool = self.transactions if self.method == OPENING_FIFO else self.transactions[::-1]
        for transaction in pool:
            if shares <= SHARE_DUST:
                break
            piece = min(shares, transaction.left)
            if piece <= SHARE_DUST:
                continue
            if not transaction.counted:
                transaction.counted = True
                self.count += 1
            transaction.left -= piece
            shares -= piece

    def _open(self, qty: float, price: float, order: object, moment: int, charge: float) -> None:
        self.opened_today += qty
        self.phase_open = True
        if self.carried * qty > 0:
            self.same_side_open = True
        self.lots.append([abs(qty), price, charge, moment])
        if self.method != DIRECTION:
            last = self.transactions[-1] if self.transactions else None
            if order is not None and last is not None and last.order == order and not last.counted:
                last.left += abs(qty)
            else:
                self.transactions.append(_Transaction(order, abs(qty)))

    def would_day_trade(self, buys: float, sells: float) -> bool:
        """Could open orders for ``buys`` and ``sells`` shares, filled in the worst order, complete another day trade?

        One buy and one sell that both still work pair up whatever their order of submission; a lone close pairs with what
        was opened today. Open orders of one symbol add one potential day trade at most.
        """
        if buys > SHARE_DUST and sells > SHARE_DUST:
            return True
        closing = sells if self.opened_today > 0 else buys
        if self.opened_today == 0 or closing <= SHARE_DUST:
            return False
        if self.method == DIRECTION:
            return self.phase_open
        twin = self.copy()
        twin.post(closing if self.opened_today < 0 else -closing)
        return twin.count > self.count


def _dustless(qty: float) -> float:
    return qty if abs(qty) > SHARE_DUST else 0.0
