"""Price bars of a user: one loader for the usual formats, and a report on what is wrong with them.

``load`` recognises the format by its columns and says in one line what it took the file for; whatever came in, bars leave it in
New York time, stamped with the END of the bar, one set of arrays per symbol.
"""

from .loading import load, load_many
from .model import Bars, SymbolBars
from .report import DataReport, Finding, SymbolReport

__all__ = ["Bars", "DataReport", "Finding", "SymbolBars", "SymbolReport", "load", "load_many"]
