"""Cerebro whose lines share cursors: a bar costs one step of a cursor, not one step of every line of every feed and indicator.

backtrader's ``Cerebro._runonce`` moves each line by itself. Here all lines of feeds with the same time stamps, and all indicators that
follow them, stand on one cursor for the length of the loop; whatever a strategy, broker, analyzer or observer can see is where
backtrader would have it at that moment. Calls that would do nothing are left out. After the loop every line is backtrader's own again.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import Any

import backtrader as bt
import numpy as np
from backtrader.linebuffer import LineActions, LineBuffer
from backtrader.lineiterator import LineIterator
from backtrader.lineseries import LineSeriesStub

from .cells import BarLine
from .feeds import ArrayFeed, SharedLine
from .vectors import work_out

_FEED_STEPS = ("next", "advance", "advance_peek", "home", "forward", "buflen", "__len__", "__getitem__", "_tick_fill", "_tick_nullify")
_STRATEGY_STEPS = ("_oncepost", "_getminperstatus", "_next_analyzers", "_next_observers", "clear", "forward", "__len__")
_INDICATOR_STEPS = ("advance", "__len__", "__getitem__")
_ANALYZER_STEPS = ("_prenext", "_nextstart", "_next", "prenext", "nextstart", "next")
_CASH = ("notify_cashvalue", "notify_fund")
_BROKER_CASH = ("getcash", "getvalue", "fundvalue", "fundshares", "get_notification")
#: Observers that look at the broker and at what the strategy was told, never at another observer.
_KNOWN_OBSERVERS = ("backtrader.observers.", "bt_pdt.host.")

#: So many bars of each feed are put in the order of time at once.
_PIECE = 4096

Cursor = list[int]


def _overrides(thing: Any, base: type, names: Iterable[str]) -> list[str]:
    """Which of ``names`` are not what ``base`` has."""
    kind = type(thing)
    return [name for name in names if getattr(kind, name, None) is not getattr(base, name, None) or name in vars(thing)]


def _every(analyzers: Iterable[Any]) -> list[Any]:
    """Analyzers and those that they hold."""
    return [each for analyzer in analyzers for each in (analyzer, *_every(analyzer._children))]


class Cerebro(bt.Cerebro):
    """backtrader's Cerebro, faster where all feeds are :func:`bt_pdt.feeds`: same orders, fills, notifications and lines, bar for bar.

    After a run ``fast_path`` says whether it went the fast way and ``why_slow`` lists, in sentences, why it did not; the run is then
    backtrader's own. ``optstrategy`` runs each variant the same way, in its worker processes too, and what it returns carries the two.
    """

    fast_path: bool = False
    why_slow: list[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.why_slow = []

    def run(self, **kwargs: Any) -> Any:
        self.fast_path, self.why_slow = False, []
        ran = super().run(**kwargs)
        if self._dooptimize:  # what the variants say, perhaps from worker processes
            said = [result for variant in ran for result in variant]
            self.fast_path = bool(said) and all(result.fast_path for result in said)
            self.why_slow = list(dict.fromkeys(why for result in said for why in result.why_slow))
        return ran

    def runstrategies(self, iterstrat: Any, predata: bool = False) -> Any:
        ran = super().runstrategies(iterstrat, predata)
        if self._dooptimize:
            for result in ran:
                result.fast_path, result.why_slow = self.fast_path, self.why_slow
        return ran

    def _runnext(self, runstrats: list[Any]) -> None:
        self.fast_path, self.why_slow = False, list(self._why_next())
        super()._runnext(runstrats)

    def _runnext_old(self, runstrats: list[Any]) -> None:
        self.fast_path, self.why_slow = False, list(self._why_next())
        super()._runnext_old(runstrats)

    def _runonce_old(self, runstrats: list[Any]) -> None:
        self.fast_path, self.why_slow = False, ["oldsync=True moves all feeds by the first one."]
        super()._runonce_old(runstrats)

    def _runonce(self, runstrats: list[Any]) -> None:
        self.why_slow = list(self._why_once(runstrats))
        self.fast_path = not self.why_slow
        if not self.fast_path:
            super()._runonce(runstrats)
            return
        for strategy in runstrats:
            work_out(strategy)
            strategy.reset()
        shared = _Shared(self.datas)
        try:
            self._loop(runstrats, shared, [_Lane(strategy, shared, self._broker) for strategy in runstrats])
        finally:
            shared.give_back()

    def _loop(self, runstrats: list[Any], shared: _Shared, lanes: list[_Lane]) -> None:
        """``Cerebro._runonce`` after its preparations, in its order."""
        broker = self._broker
        always = bool(_overrides(broker, bt.brokers.BackBroker, ("get_notification",)))
        early, late = self._timerscheat, self._timers
        for now, moved in shared.ticks():
            for cursor in moved:
                shared.feeds[cursor][0] += 1
            if early:
                self._check_timers(runstrats, now, cheat=True)
            if self.p.cheat_on_open:
                for strategy in runstrats:
                    strategy._oncepost_open()
                    if self._event_stop:
                        return
            broker.next()
            if always or broker.notifs:
                self._deliver()
            if self._event_stop:
                return
            if late:
                self._check_timers(runstrats, now, cheat=False)
            for lane in lanes:
                lane.step(now, moved)
                if self._event_stop:
                    return
                if self.runwriters:
                    self._next_writers(runstrats)

    def _deliver(self) -> None:
        """The second half of ``Cerebro._brokernotify``."""
        told = self._broker.get_notification
        while (order := told()) is not None:
            owner = order.owner
            if owner is None:
                owner = self.runningstrats[0]
            owner._addnotification(order, quicknotify=self.p.quicknotify)

    # -- why not

    def _why_next(self) -> Iterable[str]:
        if self.p.live or self._dolive:
            yield "a live feed comes bar by bar."
        if self._exactbars:
            yield f"exactbars={self._exactbars} keeps no whole lines."
        if self._doreplay:
            yield "a feed is resampled or replayed: its bars are made while the run goes on."
        if not self.p.preload:
            yield "preload=False reads the feeds bar by bar."
        if not self.p.runonce:
            yield "runonce=False works indicators out bar by bar."
        if self.p.preload and self.p.runonce and not (self.p.live or self._dolive or self._exactbars or self._doreplay):
            yield "an indicator can only be worked out bar by bar (it switches runonce off)."

    def _why_once(self, runstrats: list[Any]) -> Iterable[str]:
        if len({id(data) for data in self.datas}) < len(self.datas):
            yield "a feed was added twice."
        for data in self.datas:
            why = _unshared_feed(data)
            if why:
                yield f"{data._name or type(data).__name__} {why}."
        if not isinstance(self._broker, bt.brokers.BackBroker):
            yield f"the broker, {type(self._broker).__name__}, is no BackBroker or MarginBroker."
        for strategy in runstrats:
            names = _overrides(strategy, bt.Strategy, _STRATEGY_STEPS)
            if names:
                yield f"{type(strategy).__name__} overrides backtrader's own {', '.join(names)}."
            if strategy.lines.datetime.bindings or any(type(line) is not LineBuffer for line in strategy.lines):
                yield f"{type(strategy).__name__} has lines of its own making."


def _unshared_feed(data: Any) -> str:
    """What keeps a feed's lines from sharing a cursor; empty if nothing does."""
    if data.resampling or data.replaying or data._clone:
        return "is resampled or replayed"
    if not isinstance(data, ArrayFeed):
        return f"is a {type(data).__name__}; only feeds made by bt_pdt.feeds are read as arrays"
    names = _overrides(data, ArrayFeed, _FEED_STEPS)
    if names:
        return f"overrides backtrader's own {', '.join(names)}"
    if any(type(line) not in (LineBuffer, BarLine) for line in data.lines):
        return "has lines of its own making"
    times = np.frombuffer(data.lines.datetime.array)[: data.buflen()]
    return "" if (times[1:] > times[:-1]).all() else "has bars that are not in the order of time"


@cache
def _shared_kind(kind: Any) -> Any:
    """The class of a line while it stands on a cursor: an operation on lines, being a line itself, stays what it is."""
    return SharedLine if kind is LineBuffer else type(kind)(f"Shared{kind.__name__}", (SharedLine, kind), {})


class _Shared:
    """The cursors of a run and the lines that stand on them; feeds with the same time stamps share one."""

    def __init__(self, datas: list[Any]) -> None:
        self.feeds: list[Cursor] = []
        self._times: list[tuple[array[float], int]] = []
        self._lines: list[tuple[Any, type]] = []
        self._named: list[tuple[Any, str]] = []
        #: By id of what an indicator may have as its clock: a feed or one of its lines -> which cursor.
        self.clocks: dict[int, int] = {}
        known: dict[tuple[int, float, float], list[int]] = {}
        self.of: list[int] = []
        for data in datas:
            times, size = data.lines.datetime.array, data.buflen()
            alike = known.setdefault((size, times[0], times[size - 1]) if size else (0, 0.0, 0.0), [])
            which = next((k for k in alike if _same_times(times, self._times[k][0], size)), len(self.feeds))
            if which == len(self.feeds):
                alike.append(which)
                self.feeds.append([-1])
                self._times.append((times, size))
            self.of.append(which)
            self.clocks[id(data)] = which
            self.clocks.update((id(line), which) for line in data.lines)
        self._datas = datas
        for data, which in zip(datas, self.of, strict=True):
            self.put(data.lines.lines, self.feeds[which])
            for name in [each for each in vars(data) if each.startswith("tick_")]:
                del vars(data)[name]  # of an earlier run
            self.name(data)

    def put(self, lines: Iterable[Any], cursor: Cursor) -> None:
        """Puts lines on a cursor until :meth:`give_back`."""
        for line in lines:
            self._lines.append((line, type(line)))
            line.at = cursor
            line.__class__ = _shared_kind(line.__class__)

    def name(self, series: Any) -> None:
        """Lets ``data.close`` be found at once, not by way of ``LineSeries.__getattr__``."""
        own, kind = vars(series), type(series)
        for name in series.getlinealiases():
            if isinstance(name, str) and name not in own and not hasattr(kind, name):
                own[name] = getattr(series.lines, name)
                self._named.append((series, name))

    def give_back(self) -> None:
        """Makes every line backtrader's own again, where it stands."""
        for series, name in self._named:
            vars(series).pop(name, None)
        for line, kind in self._lines:
            at = line.at[0]
            line.__class__ = kind
            del line.at
            line._idx, line.lencount = at, at + 1
        for data in self._datas:
            if len(data):
                data._tick_nullify()
                if len(data) < data.buflen():
                    data._tick_fill()

    def ticks(self) -> Iterable[tuple[float, tuple[int, ...]]]:
        """Every time at which some feed has a bar, with the cursors that step."""
        if len(self.feeds) == 1:
            times, size = self._times[0]
            return ((now, (0,)) for now in islice(times, size))
        return self._merged()

    def _merged(self) -> Iterable[tuple[float, tuple[int, ...]]]:
        """The times of all cursors in one order, worked out a piece at a time."""
        at = [0] * len(self._times)
        while live := [k for k, (_, size) in enumerate(self._times) if at[k] < size]:
            until = min(times[min(at[k] + _PIECE, size) - 1] for k, (times, size) in enumerate(self._times) if at[k] < size)
            pieces = []
            for k in live:
                times, size = self._times[k]
                begin, at[k] = at[k], bisect_right(times, until, at[k], size)
                pieces.append(np.array(times[begin : at[k]]))
            which = np.repeat(np.array(live, np.int32), [len(piece) for piece in pieces])
            yield from _in_order(np.concatenate(pieces), which)


def _same_times(some: array[float], other: array[float], size: int) -> bool:
    return some is other or np.array_equal(np.frombuffer(some)[:size], np.frombuffer(other)[:size])


def _in_order(stamps: np.ndarray[Any, Any], which: np.ndarray[Any, Any]) -> Iterable[tuple[float, tuple[int, ...]]]:
    """Each time once, with the cursors that have it."""
    order = np.lexsort((which, stamps))
    stamps, movers = stamps[order], which[order].tobytes()
    first = np.flatnonzero(np.diff(stamps, prepend=-math.inf))
    known: dict[bytes, tuple[int, ...]] = {}
    end = [*(first[1:] * 4).tolist(), len(movers)]
    for now, a, b in zip(stamps[first].tolist(), (first * 4).tolist(), end, strict=True):
        key = movers[a:b]
        moved = known.get(key)
        if moved is None:
            moved = known[key] = tuple(np.frombuffer(key, np.int32).tolist())
        yield now, moved


class _Lane:
    """One strategy of the run: what ``Strategy._oncepost`` does on a bar, without what would do nothing."""

    def __init__(self, strategy: Any, shared: _Shared, broker: Any) -> None:
        self.strategy = strategy
        #: Indicators stand on cursors of their own, which step when the strategy's turn comes, not already with the feeds.
        self.cursors: list[Cursor] = [[-1] for _ in shared.feeds]
        self.slow = self._put_indicators(shared)
        self.at: Cursor = [-1]
        own = strategy.lines.lines
        stamps = strategy.lines.datetime
        self.stamp: Callable[[float], None] = stamps.array.append
        self.widen = [line.array.append for line in own if line is not stamps]
        shared.put(own, self.at)
        self.waiting = [(least, shared.feeds[k]) for least, k in zip(strategy._minperiods, shared.of, strict=True)]
        self.warm = False
        self.analyzers = [a for a in strategy.analyzers if any(_overrides(e, bt.Analyzer, _ANALYZER_STEPS) for e in _every((a,)))]
        self.observers: list[Any] = strategy._lineiterators[LineIterator.ObsType]
        self.seen: Cursor = [-1]
        self.shared_observers = all(type(each).__module__.startswith(_KNOWN_OBSERVERS) for each in self.observers)
        self.push: list[Callable[[float], None]] = []
        if self.shared_observers:
            for each in self.observers:
                self.push += [line.array.append for line in each.lines.lines]
                shared.put(each.lines.lines, self.seen)
        heard = _every([*strategy.analyzers, *strategy._slave_analyzers])
        self.tells_cash = bool(
            _overrides(strategy, bt.Strategy, ("_notify", *_CASH))
            or any(_overrides(each, bt.Analyzer, (*_CASH, *(f"_{name}" for name in _CASH))) for each in heard)
            or _overrides(broker, bt.brokers.BackBroker, _BROKER_CASH)
        )

    def _put_indicators(self, shared: _Shared) -> list[Any]:
        """Puts indicators on the cursors of the feeds they follow; returns those that have to be moved one by one, as stock does."""
        clocks, slow = dict(shared.clocks), []
        awaited: set[int] = set()
        for each in self.strategy._lineiterators[LineIterator.IndType]:
            clock = each._clock
            if type(clock) is LineSeriesStub:
                clock = clock.lines[0]
            which = clocks.get(id(clock))
            if isinstance(each, LineActions):
                lines, plain = [each], not _overrides(each, LineActions, (*_INDICATOR_STEPS, "idx", "lencount"))
            else:
                lines = each.lines.lines
                plain = all(type(line) is LineBuffer for line in lines) and not _overrides(each, bt.Indicator, _INDICATOR_STEPS)
            if which is None or not plain or awaited.intersection(map(id, (each, *lines))):
                slow.append(each)
                awaited.add(id(clock))  # made after it, that clock must not run ahead
                continue
            shared.put(lines, self.cursors[which])
            if isinstance(each, bt.Indicator):
                shared.name(each)
            clocks[id(each)] = which
            clocks.update((id(line), which) for line in lines)
        return slow

    def step(self, now: float, moved: tuple[int, ...]) -> None:
        strategy = self.strategy
        for which in moved:
            self.cursors[which][0] += 1
        for each in self.slow:
            if len(each._clock) > len(each):
                each.advance()
        self.stamp(now)
        for widen in self.widen:
            widen(math.nan)
        self.at[0] += 1
        if self.tells_cash or strategy._orderspending or strategy._tradespending:
            strategy._notify()
        if self.warm:
            status = -1
            strategy.next()
        else:
            status = strategy._minperstatus = max(least - cursor[0] - 1 for least, cursor in self.waiting)
            if status < 0:
                self.warm = True
                strategy.next()
            elif status == 0:
                strategy.nextstart()
            else:
                strategy.prenext()
        if self.analyzers:
            _advance(self.analyzers, status)
        if self.observers:
            self._observe(status)
        if strategy._orderspending or strategy._tradespending:
            strategy.clear()

    def _observe(self, status: int) -> None:
        """``Strategy._next_observers``."""
        strategy = self.strategy
        if not self.shared_observers:
            strategy._next_observers(status, once=True)
            return
        self.seen[0] += 1
        for push in self.push:
            push(math.nan)
        traded = {id(order.data) for order in strategy._orderspending}
        for observer in self.observers:
            if type(observer) is bt.observers.BuySell and id(observer.data) not in traded:
                continue  # it would write the NaN that is there
            _advance(observer._analyzers, status)
            if status < 0:
                observer.next()
            elif status == 0:
                observer.nextstart()
            else:
                observer.prenext()


def _advance(analyzers: Any, status: int) -> None:
    """Tells analyzers that a bar is done: below 0 with enough bars, 0 with just enough, above with too few."""
    for analyzer in analyzers:
        if status < 0:
            analyzer._next()
        elif status == 0:
            analyzer._nextstart()
        else:
            analyzer._prenext()
