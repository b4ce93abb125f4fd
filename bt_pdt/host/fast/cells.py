"""The cells of feeds' lines, filled once for all feeds and runs of the same bars.

backtrader reads every line from an ``array`` of its own. Here the arrays belong to the bars: each feed made from them, in any run, is
given the same ones, feeds with one clock share its times and all share a line of zeros. A line that is written to takes a copy first.
"""

from __future__ import annotations

from array import array
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from backtrader.linebuffer import LineBuffer

from ...bars import Bars

NAN = float("nan")


class BarLine(LineBuffer):
    """A line whose cells others may read too: who writes gets cells of its own first."""

    shared = False

    def reset(self) -> None:
        self.shared = False
        super().reset()

    def share(self, cells: array[float]) -> None:
        self.array, self.shared = cells, True

    def _part(self) -> None:
        if self.shared:
            self.share(self.array[:])
            self.shared = False

    def __setitem__(self, ago: int, value: float) -> None:
        self._part()
        super().__setitem__(ago, value)

    def set(self, value: float, ago: int = 0) -> None:
        self._part()
        super().set(value, ago)


class Cells:
    """The arrays of some bars: of each column the rows that were asked for last."""

    def __init__(self) -> None:
        self._clocks: dict[tuple[int, int], list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]] = {}
        self._known: dict[int, tuple[Any, tuple[slice, int], array[float]]] = {}
        self._zeros: dict[int, np.ndarray[Any, Any]] = {}

    def clock(self, datetimes: np.ndarray[Any, Any], numbers: Any) -> np.ndarray[Any, Any]:
        """``numbers(datetimes)``, worked out once for all symbols whose bars end at the same times."""
        alike = self._clocks.setdefault((len(datetimes), hash(datetimes.tobytes())), [])
        for known, column in alike:
            if np.array_equal(known, datetimes):
                return column
        alike.append((datetimes, numbers(datetimes)))
        return alike[-1][1]

    def zeros(self, size: int) -> np.ndarray[Any, Any]:
        """A column of open interest, of which there is none."""
        return self._zeros.setdefault(size, np.broadcast_to(0.0, size))

    def of(self, column: np.ndarray[Any, Any], rows: slice, extension: int) -> array[float]:
        """``column[rows]`` and ``extension`` empty cells as an array: that of an earlier run if it is still as it was."""
        values, size = column[rows], rows.stop - rows.start + extension
        _, asked, found = self._known.get(id(column), (None, None, None))
        if found is None or asked != (rows, extension) or len(found) != size or not _same_bits(np.frombuffer(found)[: len(values)], values):
            found = array("d", [NAN]) * size
            np.frombuffer(found)[: len(values)] = values
            self._known[id(column)] = column, (rows, extension), found
        return found


def _same_bits(some: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return np.array_equal(some.view(np.int64), other.view(np.int64))


_OF_BARS: WeakKeyDictionary[Bars, Cells] = WeakKeyDictionary()


def cells_of(bars: Bars) -> Cells:
    """The arrays that all feeds of ``bars`` share as long as one of them, or the bars, are there."""
    return _OF_BARS.setdefault(bars, Cells())
