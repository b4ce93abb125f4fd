"""The law as dated, sourced data. ``law()`` is the bare rulebook; a brokerage's own is ``brokerages.rulebook_for(name)``."""

from __future__ import annotations

from functools import cache

from .bands import Band, ShortBand
from .bounds import bounded
from .parameters import finra, house, regt
from .rulebook import INTRADAY, PDT, Change, Parameter, Rulebook, Rules, Since, Source

__all__ = ["INTRADAY", "PDT", "Band", "Change", "Parameter", "Rulebook", "Rules", "ShortBand", "Since", "Source", "law"]


@cache
def law() -> Rulebook:
    """The bare law: Regulation T and FINRA Rule 4210, house parameters at their neutral value."""
    return Rulebook(bounded(regt.PARAMETERS + finra.PARAMETERS + house.PARAMETERS))
