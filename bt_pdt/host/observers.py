"""What is left of the day's rules, drawn below the prices by ``cerebro.plot()`` (or ``bt_pdt.plot``)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import backtrader as bt

from ..core.errors import BadInput
from ..law.rulebook import PDT
from .broker import MarginBroker


class _AccountObserver(bt.Observer):
    """Reads the account only where something happened to it; other bars repeat the last values."""

    _stclock = True

    def start(self) -> None:
        broker = self._owner.broker
        if not isinstance(broker, MarginBroker):
            raise BadInput(f"{type(self).__name__} needs bt_pdt.MarginBroker, the run has {type(broker).__name__}.")
        self._broker = broker
        self._seen: tuple[Any, int] | None = None
        self._values: tuple[float, ...] = (math.nan,) * len(self.lines)

    def next(self) -> None:
        account = self._broker.account_as_posted
        if account is not None:
            state = (account.session, len(account.journal))
            if state != self._seen:
                self._seen = state
                self._values = self.read(account)
        for line, value in zip(self.lines, self._values, strict=False):
            line[0] = value

    def read(self, account: Any) -> tuple[float, ...]:
        """The values of the lines now."""
        raise NotImplementedError


class DayTradingBuyingPower(_AccountObserver):
    """Day-trading buying power left (``available``) and taken by today's trades and working orders (``used``).

    In the intraday-margin regime, which has none, the intraday buying power of its own: what it allows at 4 x the margin level, as
    of the last order or execution.
    """

    lines = ("available", "used")
    plotinfo: ClassVar[dict[str, Any]] = {"plot": True, "subplot": True, "plotname": "Day-trading buying power"}
    plotlines: ClassVar[dict[str, Any]] = {
        "available": {"_name": "available", "color": "tab:green"},
        "used": {"_name": "used", "color": "tab:red"},
    }

    def read(self, account: Any) -> tuple[float, ...]:
        if account.regime == PDT:
            left = account.daytrading_buying_power()
            return left, account.bod_dtbp - left
        power = account.intraday_power()
        left = max(0.0, power - account.ledger.reserved()[0])
        return left, power - left


class DayTradeCount(_AccountObserver):
    """Day trades in the window that ends today (five business days); 0 in the regime without a count."""

    lines = ("count",)
    plotinfo: ClassVar[dict[str, Any]] = {"plot": True, "subplot": True, "plotname": "Day trades in 5 days"}
    plotlines: ClassVar[dict[str, Any]] = {"count": {"_name": "day trades", "color": "tab:blue", "drawstyle": "steps-post"}}

    def read(self, account: Any) -> tuple[float, ...]:
        return (float(account.daytrade_count()) if account.regime == PDT else 0.0,)
