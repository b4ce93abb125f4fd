"""Brokerages by name. Each is data; a new one is one file and one line in ``_ALL``."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from ...core.errors import known_name
from .. import law
from ..rulebook import Rulebook
from .alpaca import ALPACA
from .brokerage import Brokerage, Wire
from .etrade import ETRADE
from .fidelity import FIDELITY
from .finra import FINRA
from .firstrade import FIRSTRADE
from .ibkr import IBKR
from .lightspeed import LIGHTSPEED
from .merrill import MERRILL
from .moomoo import MOOMOO
from .public import PUBLIC
from .robinhood import ROBINHOOD
from .schwab import SCHWAB
from .sofi import SOFI
from .tastytrade import TASTYTRADE
from .tradestation import TRADESTATION
from .tradier import TRADIER
from .vanguard import VANGUARD
from .webull import WEBULL

__all__ = ["NAMES", "Brokerage", "Wire", "brokerage", "rulebook_for"]

_ALL: tuple[Brokerage, ...] = (
    *(ALPACA, ETRADE, FIDELITY, FINRA, FIRSTRADE, IBKR, LIGHTSPEED, MERRILL, MOOMOO),
    *(PUBLIC, ROBINHOOD, SCHWAB, SOFI, TASTYTRADE, TRADESTATION, TRADIER, VANGUARD, WEBULL),
)
_BY_NAME: dict[str, Brokerage] = {b.name: b for b in _ALL}

#: The names that ``brokerage=`` takes.
NAMES: tuple[str, ...] = tuple(_BY_NAME)


def brokerage(name: str) -> Brokerage:
    """The brokerage called ``name``; raises :class:`~bt_pdt.core.errors.UnknownName` with the nearest."""
    return _BY_NAME[known_name("brokerage", name, NAMES)]


def rulebook_for(name: str) -> Rulebook:
    """The law with the brokerage's own histories in place; these are house values and extend backwards."""
    return _rulebook(brokerage(name).name)


@cache
def _rulebook(name: str) -> Rulebook:
    book, firm = law(), _BY_NAME[name]
    own = {p: replace(book.parameter(p), history=history, house=True) for p, history in firm.overrides.items()}
    return Rulebook([own.get(p.name, p) for p in book.parameters.values()])
