"""One line that puts a whole cerebro under margin law."""

from __future__ import annotations

from datetime import date
from typing import Any

import backtrader as bt

from ..core.errors import BadInput
from .analyzer import ComplianceAnalyzer
from .broker import MarginBroker
from .observers import DayTradeCount, DayTradingBuyingPower

#: The name under which a strategy finds the analyzer: ``strategy.analyzers.compliance``.
ANALYZER_NAME = "compliance"


def install(
    cerebro: Any,
    *,
    brokerage: str = "alpaca",
    cash: float | None = None,
    block_on: str | None = None,
    pdt_check: str | None = None,
    dtbp_check: str | None = None,
    rules: str | date = "as_of",
    observers: bool = True,
    **kwargs: Any,
) -> MarginBroker:
    """Gives ``cerebro`` a :class:`MarginBroker`, a :class:`ComplianceAnalyzer` named ``compliance`` and the observers; returns the broker.

    ``cash`` defaults to what the present broker holds. Commission schemes, slippage, cheat settings and volume filler of a stock broker
    already set on ``cerebro`` are kept. Everything else goes to :class:`MarginBroker`.
    """
    if not isinstance(cerebro, bt.Cerebro):
        raise BadInput(f"install takes a backtrader Cerebro, got {type(cerebro).__module__}.{type(cerebro).__name__}.")
    present = cerebro.broker
    if isinstance(present, MarginBroker):
        raise BadInput("this cerebro has a MarginBroker already; install once, or set its arguments there.")
    kept: dict[str, Any] = {}
    if isinstance(present, bt.brokers.BackBroker):
        kept = {name: getattr(present.p, name) for name in bt.brokers.BackBroker.params._getkeys() if name != "cash"}
    broker = MarginBroker(
        brokerage=brokerage,
        cash=present.startingcash if cash is None else cash,
        block_on=block_on,
        pdt_check=pdt_check,
        dtbp_check=dtbp_check,
        rules=rules,
        **(kept | kwargs),
    )
    if kept:
        broker.comminfo = dict(present.comminfo)
    cerebro.setbroker(broker)
    cerebro.addanalyzer(ComplianceAnalyzer, _name=ANALYZER_NAME)
    if observers:
        cerebro.addobserver(DayTradingBuyingPower)
        cerebro.addobserver(DayTradeCount)
    return broker
