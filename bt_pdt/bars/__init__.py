"""Price bars of a user: one loader for the usual formats, and a report on what is wrong with them.

``load`` recognises the format by its columns and says in one line what it took the file for; whatever came in, bars leave it in
New York time, stamped with the END of the bar, one set of arrays per symbol.
"""

from .findings import Finding
from .loading import load, load_many
from .model import Action, Bars, SymbolBars
from .report import DataReport, SymbolReport

__all__ = ["Action", "Bars", "DataReport", "Finding", "SymbolBars", "SymbolReport", "load", "load_many"]
