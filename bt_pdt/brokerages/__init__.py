"""Brokerages by name. Each is data; a new one is one file and one line in ``_ALL``."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from ..errors import known_name
from ..rules import law
from ..rules.rulebook import Rulebook
from .alpaca import ALPACA
from .brokerage import Brokerage, Wire
from .finra import FINRA
from .ibkr import IBKR
from .robinhood import ROBINHOOD
from .schwab import SCHWAB
from .tastytrade import TASTYTRADE
from .tradier import TRADIER

__all__ = ["NAMES", "Brokerage", "Wire", "brokerage", "rulebook_for"]

_ALL: tuple[Brokerage, ...] = (ALPACA, FINRA, IBKR, ROBINHOOD, SCHWAB, TASTYTRADE, TRADIER)
_BY_NAME: dict[str, Brokerage] = {b.name: b for b in _ALL}

#: The names that ``brokerage=`` takes.
NAMES: tuple[str, ...] = tuple(_BY_NAME)


def brokerage(name: str) -> Brokerage:
    """The brokerage called ``name``; raises :class:`~bt_pdt.errors.UnknownName` with the nearest."""
    return _BY_NAME[known_name("brokerage", name, NAMES)]


@cache
def rulebook_for(name: str) -> Rulebook:
    """The law with the brokerage's own histories in place; these are house values and extend backwards."""
    book = law()
    firm = brokerage(name)
    own = {p: replace(book.parameter(p), history=history, house=True) for p, history in firm.overrides.items()}
    return Rulebook([own.get(p.name, p) for p in book.parameters.values()])
