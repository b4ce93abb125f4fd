"""bt_pdt: backtests that obey US margin law.

The names below are loaded on first use, so that ``import bt_pdt`` is fast and the account alone needs neither backtrader
nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Account": "bt_pdt.account",
    "AccountState": "bt_pdt.state",
    "Asset": "bt_pdt.orders",
    "BadInput": "bt_pdt.errors",
    "Bars": "bt_pdt.bars",
    "Cerebro": "bt_pdt.adapter.cerebro",
    "Comparison": "bt_pdt.comparison",
    "ComplianceAnalyzer": "bt_pdt.adapter.analyzer",
    "DayTradeCount": "bt_pdt.adapter.observers",
    "DayTradingBuyingPower": "bt_pdt.adapter.observers",
    "Fill": "bt_pdt.orders",
    "FixedRisk": "bt_pdt.adapter.sizers",
    "KeepDayTrades": "bt_pdt.adapter.sizers",
    "Kelly": "bt_pdt.adapter.sizers",
    "MarginBroker": "bt_pdt.adapter.broker",
    "OrderRequest": "bt_pdt.orders",
    "Overnight": "bt_pdt.adapter.sizers",
    "PercentOfBuyingPower": "bt_pdt.adapter.sizers",
    "PercentOfEquity": "bt_pdt.adapter.sizers",
    "Reason": "bt_pdt.decisions",
    "Result": "bt_pdt.report",
    "Rulebook": "bt_pdt.rules",
    "Trimmed": "bt_pdt.adapter.sizers",
    "VolatilityTarget": "bt_pdt.adapter.sizers",
    "XNYSCalendar": "bt_pdt.adapter.calendar",
    "audit": "bt_pdt.history",
    "compare": "bt_pdt.comparison",
    "explore": "bt_pdt.explorer",
    "feeds": "bt_pdt.adapter.feeds",
    "install": "bt_pdt.adapter.install",
    "load": "bt_pdt.study",
    "load_many": "bt_pdt.bars",
    "plot": "bt_pdt.adapter.plot",
    "run": "bt_pdt.study",
    "rulebook_for": "bt_pdt.brokerages",
    "smallest_account": "bt_pdt.comparison",
    "tune": "bt_pdt.tuning",
}

__all__ = [*_HOMES, "__version__"]

if TYPE_CHECKING:  # what a checker of types sees: every public name with its type, and no other
    from .account import Account as Account
    from .adapter.analyzer import ComplianceAnalyzer as ComplianceAnalyzer
    from .adapter.broker import MarginBroker as MarginBroker
    from .adapter.calendar import XNYSCalendar as XNYSCalendar
    from .adapter.cerebro import Cerebro as Cerebro
    from .adapter.feeds import feeds as feeds
    from .adapter.install import install as install
    from .adapter.observers import DayTradeCount as DayTradeCount
    from .adapter.observers import DayTradingBuyingPower as DayTradingBuyingPower
    from .adapter.plot import plot as plot
    from .adapter.sizers import FixedRisk as FixedRisk
    from .adapter.sizers import KeepDayTrades as KeepDayTrades
    from .adapter.sizers import Kelly as Kelly
    from .adapter.sizers import Overnight as Overnight
    from .adapter.sizers import PercentOfBuyingPower as PercentOfBuyingPower
    from .adapter.sizers import PercentOfEquity as PercentOfEquity
    from .adapter.sizers import Trimmed as Trimmed
    from .adapter.sizers import VolatilityTarget as VolatilityTarget
    from .bars import Bars as Bars
    from .bars import load_many as load_many
    from .brokerages import rulebook_for as rulebook_for
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .comparison import smallest_account as smallest_account
    from .decisions import Reason as Reason
    from .errors import BadInput as BadInput
    from .explorer import explore as explore
    from .history import audit as audit
    from .orders import Asset as Asset
    from .orders import Fill as Fill
    from .orders import OrderRequest as OrderRequest
    from .report import Result as Result
    from .rules import Rulebook as Rulebook
    from .state import AccountState as AccountState
    from .study import load as load
    from .study import run as run
    from .tuning import tune as tune
else:

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'bt_pdt' has no attribute {name!r}")
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
