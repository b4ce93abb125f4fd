"""bt_pdt: backtests that obey US margin law.

The names below are loaded on first use, so that ``import bt_pdt`` is fast and the account alone needs neither backtrader
nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.moved import find_old_names
from .core.version import __version__ as __version__

_HOMES = {
    "Account": "bt_pdt.account.account",
    "AccountState": "bt_pdt.core.state",
    "Asset": "bt_pdt.core.orders",
    "BadInput": "bt_pdt.core.errors",
    "Bars": "bt_pdt.bars",
    "Cerebro": "bt_pdt.host.fast.cerebro",
    "Comparison": "bt_pdt.comparison",
    "ComplianceAnalyzer": "bt_pdt.host.analyzer",
    "DayTradeCount": "bt_pdt.host.observers",
    "DayTradingBuyingPower": "bt_pdt.host.observers",
    "Fill": "bt_pdt.core.orders",
    "FixedRisk": "bt_pdt.host.sizers",
    "KeepDayTrades": "bt_pdt.host.sizers",
    "Kelly": "bt_pdt.host.sizers",
    "MarginBroker": "bt_pdt.host.broker",
    "OrderRequest": "bt_pdt.core.orders",
    "Overnight": "bt_pdt.host.sizers",
    "PercentOfBuyingPower": "bt_pdt.host.sizers",
    "PercentOfEquity": "bt_pdt.host.sizers",
    "Reason": "bt_pdt.core.decisions",
    "Result": "bt_pdt.results",
    "Rulebook": "bt_pdt.law",
    "Trimmed": "bt_pdt.host.sizers",
    "VolatilityTarget": "bt_pdt.host.sizers",
    "XNYSCalendar": "bt_pdt.host.calendar",
    "audit": "bt_pdt.audits.history",
    "compare": "bt_pdt.comparison",
    "explore": "bt_pdt.comparison.explorer",
    "feeds": "bt_pdt.host.fast.feeds",
    "install": "bt_pdt.host.install",
    "load": "bt_pdt.runs.study",
    "load_many": "bt_pdt.bars",
    "plot": "bt_pdt.host.plot",
    "result": "bt_pdt.host.outcome",
    "run": "bt_pdt.runs.study",
    "rulebook_for": "bt_pdt.law.brokerages",
    "smallest_account": "bt_pdt.comparison",
    "tune": "bt_pdt.tuning",
}

__all__ = [*_HOMES, "__version__"]

find_old_names()

if TYPE_CHECKING:  # what a checker of types sees: every public name with its type, and no other
    from .account.account import Account as Account
    from .audits.history import audit as audit
    from .bars import Bars as Bars
    from .bars import load_many as load_many
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .comparison import smallest_account as smallest_account
    from .comparison.explorer import explore as explore
    from .core.decisions import Reason as Reason
    from .core.errors import BadInput as BadInput
    from .core.orders import Asset as Asset
    from .core.orders import Fill as Fill
    from .core.orders import OrderRequest as OrderRequest
    from .core.state import AccountState as AccountState
    from .host.analyzer import ComplianceAnalyzer as ComplianceAnalyzer
    from .host.broker import MarginBroker as MarginBroker
    from .host.calendar import XNYSCalendar as XNYSCalendar
    from .host.fast.cerebro import Cerebro as Cerebro
    from .host.fast.feeds import feeds as feeds
    from .host.install import install as install
    from .host.observers import DayTradeCount as DayTradeCount
    from .host.observers import DayTradingBuyingPower as DayTradingBuyingPower
    from .host.outcome import result as result
    from .host.plot import plot as plot
    from .host.sizers import FixedRisk as FixedRisk
    from .host.sizers import KeepDayTrades as KeepDayTrades
    from .host.sizers import Kelly as Kelly
    from .host.sizers import Overnight as Overnight
    from .host.sizers import PercentOfBuyingPower as PercentOfBuyingPower
    from .host.sizers import PercentOfEquity as PercentOfEquity
    from .host.sizers import Trimmed as Trimmed
    from .host.sizers import VolatilityTarget as VolatilityTarget
    from .law import Rulebook as Rulebook
    from .law.brokerages import rulebook_for as rulebook_for
    from .results import Result as Result
    from .runs.study import load as load
    from .runs.study import run as run
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
