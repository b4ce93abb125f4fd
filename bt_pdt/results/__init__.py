"""What a run tells: tables, numbers, a picture and a folder, all read from an account's journal. No backtrader here.

pandas and matplotlib are loaded when a table or a picture is asked for.
"""

from .result import Result

__all__ = ["Result"]
