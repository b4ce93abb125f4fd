"""The rule that every benchmark of whole runs trades, as a backtrader strategy and as plain arithmetic that judges all of them.

Long ``size`` shares while the average of the last 10 closes is above that of the last 30, nothing while it is below, no change on a tie;
decided from the 31st bar on, market orders, filled at the next bar's open. Prices are whole cents, so two averages are a tie or at least a
thirtieth of a cent apart: nearer than ``TIE`` is a tie whatever order a package adds in. ``CASH`` pays for 100 shares of 200 symbols at
once, so that nothing is refused anywhere: with less, a broker that lends trades on where one that does not has stopped.
"""

from __future__ import annotations

from typing import Any

import backtrader as bt
import numpy as np

FAST, SLOW, TIE, SIZE = 10, 30, 0.0001, 100
CASH = 10_000_000.0


class Crossing(bt.Strategy):
    """The rule for backtrader and bt_pdt, of ``size`` or as the sizer says; ``filled`` has what was filled, prices of sales negative."""

    params = (("size", None),)

    def __init__(self) -> None:
        self.averages = [(d, bt.ind.SMA(d.close, period=FAST), bt.ind.SMA(d.close, period=SLOW)) for d in self.datas]
        self.filled: dict[str, list[float]] = {d._name: [] for d in self.datas}

    def notify_order(self, order: Any) -> None:
        if order.status == order.Completed:
            self.filled[order.data._name].append(order.executed.price if order.isbuy() else -order.executed.price)

    def next(self) -> None:
        if len(self) <= SLOW:
            return
        for data, fast, slow in self.averages:
            gap = fast[0] - slow[0]
            held = self.getposition(data).size
            if gap > TIE and not held:
                self.buy(data=data, size=self.p.size)
            elif gap < -TIE and held:
                self.close(data=data)


def answer(open_: np.ndarray[Any, Any], close: np.ndarray[Any, Any]) -> tuple[list[float], float]:
    """Fill prices of one symbol (sales negative) and the profit of one share, by whole cents: no average, so no rounding."""
    opens, closes = ([round(100 * price) for price in column.tolist()] for column in (open_, close))
    fills, held, paid = [], False, 0
    for i in range(SLOW, len(closes) - 1):
        gap = SLOW * sum(closes[i + 1 - FAST : i + 1]) - FAST * sum(closes[i + 1 - SLOW : i + 1])
        if (gap > 0 and not held) or (gap < 0 and held):
            sign = -1 if held else 1
            fills.append(sign * opens[i + 1] / 100)
            paid += sign * opens[i + 1]
            held = not held
    return fills, ((closes[-1] if held else 0) - paid) / 100
