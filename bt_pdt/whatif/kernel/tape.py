"""Bars, sessions and intents as the arrays of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ...account.call_book import months_before
from ...core import sessions
from ...host.fast.feeds import date_numbers
from ...results.result import bar_sessions
from .law import AHEAD, MONTHS, SETTLEMENT, Unsupported
from .scope import TYPES
from .shapes import ACTIONS, Array, Intents, Tape

if TYPE_CHECKING:
    from ...bars import Bars
    from ..recording import Record

_MICRO = 86_400_000_000


def tape(bars: Bars, symbols: Sequence[str], order: Sequence[int]) -> tuple[Tape, list[date]]:
    """The bars on one clock, and the sessions they lie in. Raises :class:`Unsupported` for bars of a day."""
    if bars.timeframe != "minutes":
        raise Unsupported("daily bars, whose orders are for the next session")
    columns = [bars.arrays(symbol) for symbol in symbols]
    steps = np.unique(np.concatenate([column.datetimes for column in columns])).astype("datetime64[us]")
    shape = (len(steps), len(symbols))
    opens, highs, lows, closes = (np.full(shape, np.nan) for _ in range(4))
    ends = np.zeros(shape, dtype=np.int64)
    for s, column in enumerate(columns):
        stamps = column.datetimes.astype("datetime64[us]")
        place = np.searchsorted(stamps, steps, side="right") - 1
        there = place >= 0
        for into, values in ((opens, column.open), (highs, column.high), (lows, column.low), (closes, column.close)):
            into[there, s] = np.asarray(values, dtype=np.float64)[place[there]]
        ends[there, s] = stamps.astype(np.int64)[place[there]]
    of = bar_sessions(steps)
    first, last = of[0].astype(object), of[-1].astype(object)
    days = sessions.sessions_between(first, last)
    later = list(days)
    for _ in range(AHEAD + 2):
        later.append(sessions.next_session(later[-1]))
    day = np.searchsorted(np.array(days, dtype="datetime64[D]"), of).astype(np.int64)
    close_at = _micro([sessions.close_of(each) for each in days])
    open_at = _micro([datetime.combine(each, sessions.REGULAR_OPEN) for each in days])
    now = steps.astype(np.int64)
    late = now > close_at[day]
    regular = (now > open_at[day]) & ~late
    last_step = np.full(len(days), -1, dtype=np.int64)
    for t in np.flatnonzero(~late):
        last_step[day[t]] = t
    found = Tape(
        opens,
        highs,
        lows,
        closes,
        ends,
        now,
        day,
        regular,
        late,
        last_step,
        close_at,
        np.array([each.toordinal() for each in later], dtype=np.int64),
        np.array([each.year * 12 + each.month for each in days], dtype=np.int64),
        np.array([(after - each).days for each, after in zip(days, later[1:], strict=False)], dtype=np.int64),
        np.array([[months_before(each, m).toordinal() for each in later[: len(days) + 1]] for m in range(MONTHS + 1)], dtype=np.int64),
        np.array([[sessions.settlement_date(each, n).toordinal() for each in days] for n in range(SETTLEMENT + 1)], dtype=np.int64),
        np.array([*order, *(s for s in range(len(symbols)) if s not in order)], dtype=np.int64),
    )
    return found, list(days)


def _micro(moments: Sequence[datetime]) -> Array:
    return np.array(moments, dtype="datetime64[us]").astype(np.int64)


def intents(record: Record, now: Array) -> Intents:
    """What was recorded on bars that end at ``now``. Raises :class:`Unsupported` for what a replay does not know."""
    if record.why_not:
        raise Unsupported(record.why_not)
    asked = record.intents
    if any(each.bar < 0 for each in asked):
        raise Unsupported("orders before the first bar")

    def column(values: Any, kind: Any = np.int64) -> Array:
        return np.array(list(values), dtype=kind)

    # the host compares floats, and a moment that was added up may lie a hair before the bar that it means
    late = np.searchsorted(date_numbers(now.astype("datetime64[us]")), column((each.valid for each in asked), np.float64), side="right")
    expires = np.where(late < len(now), now[np.minimum(late, len(now) - 1)] - 1, np.iinfo(np.int64).max)
    return Intents(
        column(each.bar for each in asked),
        column(each.feed for each in asked),
        column(ACTIONS[each.action] for each in asked),
        column((np.nan if each.size is None else each.size for each in asked), np.float64),
        column(TYPES.known[each.type] for each in asked),
        column((each.price for each in asked), np.float64),
        column((each.limit for each in asked), np.float64),
        column(0 if not each.valid else max(1, round((each.valid - 719_163) * 86_400_000) * 1000) for each in asked),
        column(0 if not each.valid else last for each, last in zip(asked, expires.tolist(), strict=True)),
        column(each.order for each in asked),
    )
