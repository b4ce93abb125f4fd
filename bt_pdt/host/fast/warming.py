"""A strategy that is shown bars before it may trade: its indicators work on them, and its ``next`` begins with the first bar after them.

That is backtrader's own minimum period, made longer: on the bars before, ``prenext`` is called. The account opens with the first bar after
them, as if that were the first of the run; an order before it ends the run with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import backtrader as bt


class WarmUp(bt.Analyzer):
    """``begin`` is the end of the first bar on which the strategy may trade, ``bars`` how many bars of each symbol it waits for.

    It acts once, when backtrader has worked out how many bars the indicators need, and is not called on bars.
    """

    params: Any = (("begin", None), ("bars", None))

    def start(self) -> None:
        strategy: Any = self.strategy
        begin: datetime = self.p.begin
        bars: Mapping[str, int] = self.p.bars
        strategy._minperiods = [max(own, bars[data._name]) for own, data in zip(strategy._minperiods, self.datas, strict=True)]
        strategy.broker.wait_for(begin)
