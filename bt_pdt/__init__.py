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

if TYPE_CHECKING:
    from .account import Account as Account
    from .bars import Bars as Bars
    from .brokerages import rulebook_for as rulebook_for
    from .decisions import Reason as Reason
    from .errors import BadInput as BadInput
    from .history import audit as audit
    from .orders import Asset as Asset
    from .orders import Fill as Fill
    from .orders import OrderRequest as OrderRequest
    from .report import Result as Result
    from .rules import Rulebook as Rulebook
    from .state import AccountState as AccountState
    from .study import load as load
    from .study import run as run


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'bt_pdt' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
