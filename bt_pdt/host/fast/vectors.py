"""``_once`` of backtrader's indicators with whole columns where a column gives the same bits, cell by cell everywhere else.

A line is widened in one piece, not by one append per bar. Additions, subtractions, multiplications, comparisons, and what
``CrossOver`` is made of, are worked out by numpy, whose floats are rounded as Python's are; averages, highs and lows of a moving
window by :mod:`~bt_pdt.host.fast.windows`.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from backtrader import functions, linebuffer
from backtrader.indicators.basicops import Average, OperationN
from backtrader.indicators.crossover import NonZeroDifference
from backtrader.linebuffer import LineActions, LineBuffer, PseudoArray
from backtrader.lineiterator import LineIterator
from backtrader.lineseries import LineSeries

from . import windows

Values = np.ndarray[Any, Any]

_UFUNCS: dict[Callable[..., Any], Callable[..., Values]] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
}
_JOINS = {functions.And: np.logical_and, functions.Or: np.logical_or}


def work_out(thing: Any) -> None:
    """``thing._once()`` of a strategy, an indicator or an operation on lines."""
    once = None if "_once" in vars(thing) else type(thing)._once
    if once is LineActions._once:
        _widen(thing, thing._clock.buflen())
        thing.home()
        thing.preonce(0, thing._minperiod - 1)
        thing.oncestart(thing._minperiod - 1, thing._minperiod)
        _once(thing, thing._minperiod, thing.buflen())
        thing.oncebinding()
    elif once is LineIterator._once:
        indicators, observers = thing._lineiterators[LineIterator.IndType], thing._lineiterators[LineIterator.ObsType]
        _widen(thing, thing._clock.buflen())
        for each in indicators:
            work_out(each)
        for each in observers:
            _widen(each, thing.buflen())
        for each in (*thing.datas, *indicators, *observers, thing):
            each.home()
        thing.preonce(0, thing._minperiod - 1)
        thing.oncestart(thing._minperiod - 1, thing._minperiod)
        _once(thing, thing._minperiod, thing.buflen())
        for line in thing.lines:
            line.oncebinding()
    else:
        thing._once()


def _widen(thing: Any, size: int) -> None:
    """``thing.forward(size=size)``."""
    lines = [thing] if isinstance(thing, LineActions) else thing.lines.lines
    forward = LineBuffer.forward if isinstance(thing, LineActions) else LineSeries.forward
    plain = type(thing).forward is forward and all(type(line).forward is LineBuffer.forward for line in lines)
    if not plain or any(line.mode != LineBuffer.UnBounded for line in lines):
        thing.forward(size=size)
        return
    for line in lines:
        line.array.extend(array("d", [math.nan]) * size)
        line.idx += size
        line.lencount += size


def _once(thing: Any, start: int, end: int) -> None:
    """``thing.once(start, end)``."""
    column = None if "once" in vars(thing) else _COLUMNS.get(type(thing).once)
    if column is not None and 0 < start < end:
        values = column(thing, start, end)
        into = thing.array
        if values is not None and len(into) >= end:
            np.frombuffer(into)[start:end] = values
            return
    thing.once(start, end)


def _column(source: Any, start: int, end: int) -> Any:
    """What an operand is from ``start`` to ``end``: an array, a number, or None where it is neither."""
    if isinstance(source, PseudoArray):
        source = source.wrapped
    if type(source) in (int, float):
        return source if abs(source) <= 2**53 or type(source) is float else None
    cells = getattr(source, "array", None)
    return np.frombuffer(cells)[start:end] if isinstance(cells, array) and 0 <= start <= end <= len(cells) else None


def _operation(thing: Any, start: int, end: int) -> Values | None:
    ufunc, one, other = _UFUNCS.get(thing.operation), _column(thing.a, start, end), _column(thing.b, start, end)
    if ufunc is None or one is None or other is None:
        return None
    with np.errstate(all="ignore"):
        found: Values = ufunc(one, other)
    return found


def _delay(thing: Any, start: int, end: int) -> Values | None:
    found: Values | None = _column(thing.a, start + thing.ago, end + thing.ago)
    return found


def _logic(thing: Any, start: int, end: int) -> Values | None:
    join, columns = _JOINS.get(type(thing)), [_column(arg, start, end) for arg in thing.args]
    if join is None or len(columns) < 2 or thing.flogic.keywords or any(column is None for column in columns):
        return None
    found: Values = join.reduce(np.broadcast_arrays(*columns))
    return found


def _non_zero_difference(thing: Any, start: int, end: int) -> Values | None:
    one, other = _column(thing.data0, start, end), _column(thing.data1, start, end)
    if one is None or other is None:
        return None
    with np.errstate(all="ignore"):
        difference = one - other
    newest = np.maximum.accumulate(np.where(difference != 0.0, np.arange(end - start), -1))
    found: Values = np.where(newest >= 0, difference[newest], thing.line.array[start - 1])
    return found


def _average(thing: Any, start: int, end: int) -> Values | None:
    period, source = thing.p.period, thing.data.array
    if not isinstance(source, array) or start < period - 1 or len(source) < end:
        return None
    found = windows.sums(np.frombuffer(source)[start - period + 1 : end], period)
    if found is None:
        fsum = math.fsum
        found = np.array([fsum(source[i - period : i]) for i in range(start + 1, end + 1)])
    averages: Values = found / period
    return averages


def _extreme(thing: Any, start: int, end: int) -> Values | None:
    func, period, source = thing.func, thing.p.period, thing.data.array
    if not (func is max or func is min) or not isinstance(source, array) or start < period - 1 or len(source) < end:
        return None
    return windows.extremes(np.frombuffer(source)[start - period + 1 : end], period, highest=func is max)


_COLUMNS: dict[Any, Callable[[Any, int, int], Values | None]] = {
    linebuffer.LinesOperation.once: _operation,
    linebuffer._LineDelay.once: _delay,
    functions.MultiLogic.once: _logic,
    NonZeroDifference.once: _non_zero_difference,
    Average.once: _average,
    OperationN.once: _extreme,
}
