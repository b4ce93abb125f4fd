"""bt_pdt.Cerebro beside backtrader's own: whatever can be seen during and after a run is the same, bar for bar."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from made import RICH, RowFeed, walk
from test_same_fills import RandomTrader

import bt_pdt
from bt_pdt.bars import Bars, SymbolBars, synthetic
from bt_pdt.host.fast.feeds import ArrayFeed, SharedLine, feeds
from bt_pdt.host.fast.vectors import work_out
from bt_pdt.runs.study import load_strategy

STRATEGIES = sorted((Path(__file__).parents[2] / "strategies").glob("*.py"))
SAMPLE = synthetic.sample_bars().between("2026-06-03 09:30", "2026-06-04 16:00")
PLENTY = 50e6


def bars_of(seed: int, symbols: int = 3, gaps: float = 0.0, late: bool = False, minutes: int = 60) -> Bars:
    """Random bars; ``late`` starts each symbol a day after the one before."""
    found = {}
    for k in range(symbols):
        rows = walk(seed * 100 + k, 3, minutes, gaps)
        rows = [row for row in rows if not late or row[0].day >= 2 + k]
        times, *columns = zip(*rows, strict=True)
        found[f"S{k}"] = SymbolBars(np.array(times, "datetime64[us]"), *(np.array(column) for column in columns))
    return Bars(found, timeframe="minutes", compression=1)


class Custom(bt.Indicator):
    """Has no once() of its own, so backtrader steps it bar by bar."""

    lines = ("range", "total")

    def __init__(self) -> None:
        self.addminperiod(4)

    def next(self) -> None:
        self.lines.range[0] = max(self.data.close.get(size=4)) - min(self.data.close.get(size=4))
        before = self.lines.total[-1]
        self.lines.total[0] = self.data.close[0] + (before if before == before else 0.0)


class Stubborn(bt.Indicator):
    """Insists on moving itself."""

    lines = ("twice",)

    def __init__(self) -> None:
        self.lines.twice = self.data.close * 2

    def advance(self, size: int = 1) -> None:
        super().advance(size)


def indicators(seed: int, datas: list[Any]) -> list[Any]:
    rng, ind = random.Random(seed), bt.ind
    made: list[Any] = []
    for data in datas:
        fast, slow = rng.randint(2, 5), rng.randint(6, 12)
        sma, ema = ind.SMA(data.close, period=slow), ind.EMA(data, period=fast)
        choices = [
            lambda d=data, s=sma, e=ema: ind.CrossOver(e, s),
            lambda d=data: ind.MACDHisto(d, period_me1=3, period_me2=7, period_signal=3),
            lambda d=data: ind.SMA(ind.MACD(d, period_me1=3, period_me2=7, period_signal=3).signal, period=3),
            lambda d=data: ind.RSI(d, period=5, safediv=True),
            lambda d=data: ind.BollingerBands(d, period=9),
            lambda d=data: ind.ATR(d, period=6),
            lambda d=data: ind.Stochastic(d, period=5, safediv=True),
            lambda d=data: ind.Highest(d.high, period=7),
            lambda d=data: Custom(d),
            lambda d=data: Stubborn(d),
            lambda d=data, s=sma: d.close > s,
            lambda d=data, s=sma: bt.And(d.close > s, d.close(-1) <= s(-1), d.volume > 60),
            lambda d=data, s=sma, e=ema: bt.If(e > s, d.high - 1.5, 2 - d.low),
            lambda d=data, e=ema: bt.Max(e, d.open(-2)) / 3 + abs(d.open - d.close),
            lambda d=data, e=ema: bt.Or(e == d.close, e != d.open, 0),
            lambda d=data: ind.Momentum(d.close, period=3) * 2 - 1,
            lambda d=data: ind.ZLEMA(d, period=4),
        ]
        made += [sma, ema, *(pick() for pick in rng.sample(choices, 5))]
    return made


class Watcher(RandomTrader):
    """Trades at random and writes down all that it can see, whenever it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.inds = indicators(self.p.seed, self.datas)

    def look(self, why: str) -> None:
        row: list[Any] = [why, len(self), self.buflen(), self._minperstatus > 0, self.broker.getvalue(), self.broker.getcash()]
        if len(self):
            row += [self.datetime[0], self.datetime[-1], self.lines.datetime.array[0]]
        for data in self.datas:
            row += [len(data), data.buflen(), len(data.close), data.close.idx]
            if len(data):
                row += [line[0] for line in data.lines] + [data[0], data.close[-1], list(data.low.get(size=3))]
                row += [data.datetime.date(0), data.datetime.datetime(), data.num2date(), data.datetime.tm_raw()]
                row += [
                    getattr(data, f"tick_{name}", "none") for name in ("open", "high", "low", "close", "volume", "openinterest", "last")
                ]
                row += [data.open[1]] if len(data) < data.buflen() else []
        for each in self.inds:
            row += [len(each)]
            if len(each):
                row += [(line[0], line[-1], line.get(ago=-1, size=2).tolist()) for line in each.lines]
        for each in self.getobservers():
            row += [len(each), *([line[0] for line in each.lines] if len(each) else ())]
        self.seen.append(repr(row))

    def prenext(self) -> None:
        self.look("prenext")

    def nextstart(self) -> None:
        self.look("nextstart")
        super().nextstart()

    def next(self) -> None:
        self.look("next")
        super().next()

    def notify_order(self, order: Any) -> None:
        super().notify_order(order)
        self.look("order")

    def notify_store(self, message: str, *_: Any, **__: Any) -> None:
        self.look(message)

    def notify_timer(self, *_: Any, **__: Any) -> None:
        self.look("timer")

    def next_open(self) -> None:
        self.look("next_open")

    def stop(self) -> None:
        self.look("stop")


class Quiet(Watcher):
    """Hears nothing of cash, so that the fast way may leave its notifications out."""

    notify_cashvalue = bt.Strategy.notify_cashvalue


class Mirror(bt.Observer):
    """Looks at another observer."""

    lines = ("value", "length")

    def next(self) -> None:
        broker = self._owner.stats.broker
        self.lines.value[0], self.lines.length[0] = broker.lines.value[0], len(broker)


def outcome(strategies: list[Any]) -> list[Any]:
    """Everything a run leaves behind."""
    found: list[Any] = []
    for each in strategies:
        notes = [getattr(each, name, None) for name in ("seen", "log", "trades", "values")]
        found += [list(note.values()) if isinstance(note, dict) else note for note in notes]  # by feed, which are never equal
        found += [repr(analyzer.get_analysis()) for analyzer in each.analyzers]
        found += [(type(obs).__name__, len(obs), repr([line.array for line in obs.lines])) for obs in each.getobservers()]
        found += [(len(ind), repr([(line.idx, line.lencount, line.array) for line in ind.lines])) for ind in each.getindicators()]
        found += [
            (len(data), data.close.idx, data.close.lencount, repr(data.close.array), getattr(data, "tick_close", "none"))
            for data in each.datas
        ]
        found += [sorted(name for name in vars(data) if not name.startswith("_")) for data in each.datas]
        found += [len(each._orders), repr(each.lines.datetime.array), each.broker.getvalue(), each.broker.getcash()]
    return found


def both(setup: Any, fast: bool | None = True, **engine: Any) -> tuple[Any, bt_pdt.Cerebro]:
    """Runs the same on either engine, compares all that is left, returns ours."""
    left = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro = kind(**engine)
        setup(cerebro)
        ran = cerebro.run()
        left.append(outcome(ran))
    stock, ours = left
    assert len(stock) == len(ours)
    for a, b in zip(stock, ours, strict=True):
        assert a == b
    assert fast is None or (cerebro.fast_path is fast and bool(cerebro.why_slow) is not fast), cerebro.why_slow
    return ran, cerebro


def margin(**words: Any) -> Any:
    return bt_pdt.MarginBroker(**{"cash": 60_000.0, "account": RICH} | words)


def trading(seed: int, bars: Bars, broker: Any = None, kind: type[Watcher] = Watcher) -> Any:
    def setup(cerebro: Any) -> None:
        cerebro.setbroker(bt.brokers.BackBroker(cash=PLENTY) if broker is None else broker())
        cerebro.broker.setcommission(commission=0.0005, interest=0.03 if seed % 2 else 0.0)
        for feed in feeds(bars):
            cerebro.adddata(feed)
        cerebro.addstrategy(kind, seed=seed)

    return setup


CLOCKS: dict[str, dict[str, Any]] = {"aligned": {}, "gaps": {"gaps": 0.3}, "late": {"late": True, "gaps": 0.1}}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("seed", range(4))
def test_random_strategies(clock: str, seed: int) -> None:
    bars = bars_of(seed, symbols=1 + seed % 3, minutes=45, **CLOCKS[clock])
    kind = Quiet if seed % 2 else Watcher
    ran, _ = both(trading(seed, bars, margin if seed > 1 else None, kind), stdstats=seed in (0, 3))
    assert len(ran[0].log) > 5


@pytest.mark.parametrize("file", STRATEGIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("broker", ("stock", "margin"))
def test_strategies_of_the_project(file: Path, broker: str) -> None:
    strategy = load_strategy(file)
    bars = SAMPLE.only(SAMPLE.symbols[:2])

    def setup(cerebro: Any) -> None:
        cerebro.setbroker(margin() if broker == "margin" else bt.brokers.BackBroker(cash=60_000.0))
        for feed in feeds(bars):
            cerebro.adddata(feed)
        cerebro.addstrategy(strategy)
        for analyzer in (bt.analyzers.TradeAnalyzer, bt.analyzers.TimeReturn, bt.analyzers.Transactions):
            cerebro.addanalyzer(analyzer)
        if broker == "margin":
            cerebro.addanalyzer(bt_pdt.ComplianceAnalyzer)

    both(setup, stdstats=broker == "stock")


def test_analyzers_and_observers() -> None:
    a, o = bt.analyzers, bt.observers

    def setup(cerebro: Any) -> None:
        trading(7, bars_of(7, gaps=0.2, minutes=30), margin, Quiet)(cerebro)
        for each in (a.DrawDown, a.TimeReturn, a.Transactions, a.PositionsValue, a.GrossLeverage, a.SQN, a.AnnualReturn, a.PyFolio):
            cerebro.addanalyzer(each)
        cerebro.addanalyzer(a.TimeDrawDown, timeframe=bt.TimeFrame.Minutes)
        for each in (o.Cash, o.Value, o.DrawDown, o.TimeReturn, o.FundValue, bt_pdt.DayTradeCount, bt_pdt.DayTradingBuyingPower):
            cerebro.addobserver(each)

    both(setup)

    def mirrored(cerebro: Any) -> None:
        setup(cerebro)
        cerebro.addobserver(Mirror)

    both(mirrored)


def test_calls_told_while_the_broker_works() -> None:
    """``notify_store`` comes before the indicators have moved, in both."""

    def setup(cerebro: Any) -> None:
        trading(3, bars_of(3), lambda: margin(cash=3_000.0, deposits=[(date(2024, 1, 3), 500.0), (date(2024, 1, 4), -90_000.0)]))(cerebro)

    ran, _ = both(setup)
    assert any("withdrawal_refused" in row for row in ran[0].seen)


EXTRAS: dict[str, tuple[dict[str, Any], Any]] = {
    "cheat on open": ({"cheat_on_open": True}, None),
    "quicknotify": ({"quicknotify": True}, None),
    "tradehistory": ({"tradehistory": True}, None),
    "lookahead": ({"lookahead": 3}, None),
    "timers": ({}, lambda c: [c.add_timer(time(10, 0), strats=True, cheat=cheat) for cheat in (False, True)]),
    "fund mode": ({}, lambda c: c.broker.set_fundmode(True, 10.0)),
    "cash added": ({}, lambda c: c.broker.add_cash(1_000.0)),
    "an indicator of cerebro's": ({}, lambda c: c.addindicator(bt.ind.SMA, period=5)),
    "two strategies": ({}, lambda c: c.addstrategy(Watcher, seed=99)),
    "a filter": ({}, lambda c: c.datas[1].addfilter(bt.filters.SessionFilter)),
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_extras_that_stay_fast(extra: str) -> None:
    engine, more = EXTRAS[extra]

    def setup(cerebro: Any) -> None:
        trading(5, bars_of(5, minutes=30, gaps=0.2))(cerebro)
        if more:
            more(cerebro)

    both(setup, **{"stdstats": False} | engine)


def test_writer(capsys: pytest.CaptureFixture[str]) -> None:
    both(lambda c: (trading(5, bars_of(5, minutes=10))(c), c.addwriter(bt.WriterFile, csv=True)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :] and len(lines) > 60


def test_days_beside_minutes() -> None:
    bars = bars_of(6, symbols=1)
    minutes = bars.arrays("S0")
    ends = np.array([f"2024-01-0{day}T16:00" for day in (2, 3, 4)], "datetime64[us]")
    days = Bars({"S0": SymbolBars(ends, *(column[::60] for column in minutes[1:]))}, timeframe="days", compression=1)

    class Two(Watcher):
        def __init__(self) -> None:
            RandomTrader.__init__(self)
            self.seen = []
            self.inds = [bt.ind.SMA(self.data1, period=2), bt.ind.SMA(self.data0, period=5)]

    def setup(cerebro: Any) -> None:
        cerebro.adddata(feeds(bars)[0], name="S0")
        cerebro.adddata(feeds(days)[0], name="S0 days")
        cerebro.addstrategy(Two, seed=6)

    both(setup, stdstats=False)


@pytest.mark.parametrize("beside", (0, 2))
def test_a_feed_without_bars(beside: int) -> None:
    class Trader(RandomTrader):
        params = (("seed", 3),)

    def setup(cerebro: Any) -> None:
        for feed in feeds(bars_of(3, beside, minutes=20)) if beside else ():
            cerebro.adddata(feed)
        cerebro.adddata(feeds(bars_of(4, 1), fromdate=datetime(2030, 1, 1))[0], name="none")
        cerebro.addstrategy(Trader)

    both(setup, stdstats=False)


def test_signals() -> None:
    class Above(bt.Indicator):
        lines = ("above",)

        def __init__(self) -> None:
            self.lines.above = self.data.close - bt.ind.SMA(self.data, period=5)

    def setup(cerebro: Any) -> None:
        cerebro.adddata(feeds(bars_of(3, 1))[0])
        cerebro.add_signal(bt.SIGNAL_LONGSHORT, Above)
        cerebro.addanalyzer(bt.analyzers.Transactions)

    both(setup)


class Own(Watcher):
    def _oncepost(self, dt: float) -> None:
        super()._oncepost(dt)


class OwnFeed(ArrayFeed):
    def advance(self, *args: Any, **kwargs: Any) -> None:
        super().advance(*args, **kwargs)


class OnlyNext(bt.Indicator):
    _nextforce = True
    lines = ("x",)

    def next(self) -> None:
        self.lines.x[0] = self.data[0]


def row_feed(cerebro: Any) -> None:
    cerebro.adddata(RowFeed(rows=walk(501, 3, 20), name="ROWS"))


FALLBACKS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "runonce": ("runonce=False", {"runonce": False}, None),
    "preload": ("preload=False", {"preload": False}, None),
    "exactbars": ("exactbars=1", {"exactbars": 1}, None),
    "savings": ("exactbars=-1", {"exactbars": -1}, None),
    "oldsync": ("oldsync=True", {"oldsync": True}, None),
    "live": ("live feed", {"live": True}, None),
    "another feed": ("ROWS is a RowFeed", {}, row_feed),
    "own feed": ("overrides backtrader's own advance", {}, lambda c: c.adddata(OwnFeed(dataname=bars_of(8, 1, minutes=20)))),
    "resampled": ("resampled", {}, lambda c: c.resampledata(c.datas[0], timeframe=bt.TimeFrame.Minutes, compression=5, name="five")),
    "resamples itself": ("S1 is resampled", {}, lambda c: c.datas[1].resample(timeframe=bt.TimeFrame.Minutes, compression=5)),
    "replayed": ("replayed", {}, lambda c: c.replaydata(c.datas[0], timeframe=bt.TimeFrame.Minutes, compression=5, name="five")),
    "own step": ("Own overrides backtrader's own _oncepost", {}, lambda c: c.addstrategy(Own, seed=3)),
    "bar by bar": ("switches runonce off", {}, lambda c: c.addindicator(OnlyNext)),
}


@pytest.mark.filterwarnings("ignore:.*utcnow.*:DeprecationWarning")
@pytest.mark.parametrize("case", FALLBACKS)
def test_what_falls_back(case: str) -> None:
    words, engine, more = FALLBACKS[case]

    class Plain(RandomTrader):
        params = (("seed", 8),)

    def setup(cerebro: Any) -> None:
        for feed in feeds(bars_of(8, 2, minutes=20)):
            cerebro.adddata(feed)
        cerebro.addstrategy(Plain)
        if more:
            more(cerebro)

    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro = kind(stdstats=False, **engine)
        setup(cerebro)
        ran = cerebro.run()
        seen = [(each.log, each.trades, each.values, each.broker.getvalue()) for each in ran]
        if kind is bt.Cerebro:
            stock = seen
    assert seen == stock
    assert not cerebro.fast_path and any(words in why for why in cerebro.why_slow), cerebro.why_slow
    assert all(why.endswith((".", ").")) for why in cerebro.why_slow)


@pytest.mark.parametrize(("cpus", "once"), ((1, True), (2, True), (2, False)))
def test_optstrategy(cpus: int, once: bool) -> None:
    found = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro = kind(stdstats=False, maxcpus=cpus, runonce=once)
        cerebro.setbroker(bt.brokers.BackBroker(cash=PLENTY))
        for feed in feeds(bars_of(9, 2, gaps=0.1, minutes=20)):
            cerebro.adddata(feed)
        cerebro.addanalyzer(bt.analyzers.Transactions)
        cerebro.addanalyzer(bt.analyzers.TimeReturn)
        cerebro.optstrategy(RandomTrader, seed=range(3))
        found.append([(row[0].p.seed, *(repr(a.get_analysis()) for a in row[0].analyzers)) for row in cerebro.run()])
    assert found[0] == found[1]
    assert cerebro.fast_path is once and cerebro.why_slow == ([] if once else ["runonce=False works indicators out bar by bar."])


def test_running_twice_gives_the_same_and_copies_no_bars() -> None:
    cerebro = bt_pdt.Cerebro(stdstats=False)
    trading(4, bars_of(4, gaps=0.1, minutes=20))(cerebro)
    first = outcome(cerebro.run())
    array = cerebro.datas[0].close.array
    again = outcome(cerebro.run())
    assert first[0] == again[0] and cerebro.fast_path
    assert cerebro.datas[0].close.array is array
    array[3] = 1e6  # what a strategy writes into a bar is gone with its run
    assert outcome(cerebro.run())[0] == first[0]


def test_an_exception_is_the_strategy_s_own_and_leaves_the_lines_as_backtrader_does() -> None:
    class Broken(Watcher):
        def next(self) -> None:
            super().next()
            if len(self) == 30:
                raise ZeroDivisionError("of the strategy")

    left = []
    for kind in (bt.Cerebro, bt_pdt.Cerebro):
        cerebro = kind(stdstats=False)
        trading(2, bars_of(2, gaps=0.2, minutes=30), kind=Broken)(cerebro)
        with pytest.raises(ZeroDivisionError, match="of the strategy") as caught:
            cerebro.run()
        assert caught.traceback[-1].name == "next" and caught.traceback[-1].path == Path(__file__)
        data = cerebro.datas[1]
        left.append((type(data.close), len(data), data.close[0], data.tick_close, cerebro.runningstrats[0].seen))
    assert left[0] == left[1]


def test_runstop_stops_where_stock_does() -> None:
    class Stops(Watcher):
        def next(self) -> None:
            super().next()
            if len(self) == 25:
                self.cerebro.runstop()

    ran, _ = both(lambda c: trading(2, bars_of(2, minutes=30), kind=Stops)(c))
    assert len(ran[0]) == 25


def test_a_strategy_cannot_move_the_lines() -> None:
    class Moves(bt.Strategy):
        def next(self) -> None:
            self.data.advance()

    cerebro = bt_pdt.Cerebro(stdstats=False)
    cerebro.adddata(feeds(bars_of(1, 1, minutes=5))[0])
    cerebro.addstrategy(Moves)
    with pytest.raises(bt_pdt.BadInput, match=r"needs backtrader's Cerebro"):
        cerebro.run()
    assert not isinstance(cerebro.datas[0].close, SharedLine)


def test_every_indicator_of_backtrader() -> None:
    """Those that are complete, two aliases of one once only; the rest wants functions, pandas or a longer history."""
    kinds = {k for k in vars(bt.ind).values() if isinstance(k, type) and issubclass(k, bt.Indicator) and "backtrader.ind" in k.__module__}
    bare = ("N", "Base", "MixIn", "Oscillator", "Index", "DV2", "Dynamic", "Intercept", "HeikinAshi", "haDelta", "Indicator")
    chosen = sorted((k for k in kinds if not k.aliased and not k.__name__.endswith(bare)), key=lambda k: k.__name__)

    class All(Watcher):
        def __init__(self) -> None:
            RandomTrader.__init__(self)
            self.seen = []
            self.inds = [kind(*[self.data, self.data1, self.data][: kind._mindatas]) for kind in chosen]

    def setup(cerebro: Any) -> None:
        for feed in feeds(bars_of(7, 2)):
            cerebro.adddata(feed)
        cerebro.addstrategy(All, seed=1)

    both(setup, stdstats=False)
    assert len(chosen) > 80


def test_columns_have_the_bits_of_cells() -> None:
    """Numbers that hurt: zeros of both signs, NaN, infinities, ties, a constant beyond 2**53."""
    hard = [0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, 0.1, 0.1, 2.0**53, 2.0**53 + 2]
    rng = random.Random(1)

    class Hard(bt.Strategy):
        def __init__(self) -> None:
            a, b, ind = self.data.close, self.data.open, bt.ind
            made = [a + b, a - b, a * b, a > b, a >= b, a < b, a <= b, a == b, a != b, 2 - a, a * 3, a > 2**53 + 1, a(-1), a(-3) - 0.1]
            made += [
                bt.And(a, b),
                bt.Or(a, b, 0.0),
                bt.And(a, 1),
                ind.NonZeroDifference(a, b),
                ind.CrossOver(a, b),
                ind.Highest(a, period=3),
            ]
            self.made = made

    def run(kind: type) -> list[str]:
        times = np.array([datetime(2024, 1, 2, 9, 31) + timedelta(minutes=i) for i in range(200)], "datetime64[us]")
        columns = [np.array([rng.choice(hard) for _ in range(200)]) for _ in range(5)]
        feed = ArrayFeed(dataname=Bars({"X": SymbolBars(times, *columns)}, timeframe="minutes", compression=1))
        cerebro = kind(stdstats=False)
        cerebro.adddata(feed)
        cerebro.addstrategy(Hard)
        return [line.array.tobytes().hex() for each in cerebro.run()[0].made for line in each.lines]

    rng.seed(1)
    stock = run(bt.Cerebro)
    rng.seed(1)
    assert run(bt_pdt.Cerebro) == stock
    assert work_out.__doc__
