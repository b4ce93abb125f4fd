"""The same single run by different backtesters: what each takes, and whether it does the same trades.

Every package gets the same frames, trades the rule of ``crossing.py`` in the way its own manual shows, and is judged by plain arithmetic.
Two clocks: ``prepare`` from the frames to what the package takes, ``run`` from there to the equity at the end. Each package works in a
process of its own, and they take turns. The first run of each is kept apart: it pays for what a package compiles or loads on first use.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Any, NamedTuple

from crossing import CASH, FAST, SIZE, SLOW, TIE, Crossing, answer
from measuring import Table, installed, interleaved, memory_mb, ratios, spread
from runs import ARRAYS, OURS, STOCK, WAYS, Frames, frames_of
from walks import MINUTES, walks

Fills = Mapping[str, Sequence[float]]


class Outcome(NamedTuple):
    """What a run did: the prices of each symbol's fills in their order, sales negative, and the equity at the end."""

    fills: Fills
    equity: float


Read = Callable[[], Outcome]
Adapter = Callable[[Frames], Callable[[], Read]]


def house(way: str) -> Adapter:
    """backtrader and bt_pdt, by a way of ``runs.py``."""

    def adapter(frames: Frames) -> Callable[[], Read]:
        run = WAYS[way](frames, Crossing, {"size": SIZE})

        def ran() -> Read:
            strategy, equity = run()
            return lambda: Outcome(strategy.filled, equity)

        return ran

    return adapter


def backtesting_py(frames: Frames) -> Callable[[], Read]:
    """One symbol only."""
    import backtesting
    import backtesting.backtesting as inside
    import pandas as pd

    inside._tqdm = lambda those, **_: those  # no progress bar: it is no part of the run
    [(symbol, frame)] = frames.items()
    named = frame.rename(columns=str.capitalize)

    def average(prices: Any, period: int) -> Any:
        return pd.Series(prices).rolling(period).mean()

    class Cross(backtesting.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.fast, self.slow = (self.I(average, self.data.Close, period) for period in (FAST, SLOW))

        def next(self) -> None:
            gap = self.fast[-1] - self.slow[-1]
            if gap > TIE and not self.position:
                self.buy(size=SIZE)
            elif gap < -TIE and self.position:
                self.position.close()

    def run() -> Read:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stats = backtesting.Backtest(named, Cross, cash=CASH, finalize_trades=False).run()
        equity = float(stats["Equity Final [$]"])

        def read() -> Outcome:
            trades = stats["_trades"]
            events = [(bar, price) for bar, price in zip(trades.EntryBar, trades.EntryPrice, strict=True)]
            events += [(bar, -price) for bar, price in zip(trades.ExitBar, trades.ExitPrice, strict=True)]
            events += [(trade.entry_bar, trade.entry_price) for trade in stats["_strategy"].trades]
            return Outcome({symbol: [price for _, price in sorted(events)]}, equity)

        return read

    return run


def vectorbt(frames: Frames) -> Callable[[], Read]:
    """Signals are moved one bar on and filled at the open."""
    import pandas as pd
    import vectorbt as vbt

    close, open_ = (pd.DataFrame({symbol: frame[column] for symbol, frame in frames.items()}) for column in ("close", "open"))

    def run() -> Read:
        gap = vbt.MA.run(close, FAST).ma.to_numpy() - vbt.MA.run(close, SLOW).ma.to_numpy()
        gap[:SLOW] = 0
        signals = [pd.DataFrame(side, close.index, close.columns).vbt.fshift(1) for side in (gap > TIE, gap < -TIE)]
        portfolio = vbt.Portfolio.from_signals(
            close, *signals, price=open_, size=SIZE, init_cash=CASH, cash_sharing=True, group_by=True, freq="1min"
        )
        equity = float(portfolio.final_value())

        def read() -> Outcome:
            fills: dict[str, list[float]] = {symbol: [] for symbol in frames}
            for order in portfolio.orders.records.sort_values(["idx", "col"]).itertuples():
                fills[close.columns[order.col]].append(order.price if order.side == 0 else -order.price)
            return Outcome(fills, equity)

        return read

    return run


def nautilus(frames: Frames) -> Callable[[], Read]:
    """Fills at the close of the bar that decided, which is the next open here. An order of the last bar fills too: it is left out."""
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig
    from nautilus_trader.indicators import SimpleMovingAverage
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.data import BarType
    from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
    from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
    from nautilus_trader.model.instruments import Equity
    from nautilus_trader.model.objects import Money, Price, Quantity
    from nautilus_trader.persistence.wranglers import BarDataWrangler
    from nautilus_trader.trading.strategy import Strategy

    venue = Venue("SIM")
    data: list[Any] = []
    instruments = {}
    for symbol, frame in frames.items():
        instrument = Equity(InstrumentId(Symbol(symbol), venue), Symbol(symbol), USD, 2, Price(0.01, 2), Quantity.from_int(1), 0, 0)
        kind = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
        instruments[kind] = instrument
        data += BarDataWrangler(kind, instrument).process(frame.tz_localize("America/New_York").tz_convert("UTC"))
    data.sort(key=lambda bar: bar.ts_init)
    last = data[-1].ts_init

    class Cross(Strategy):  # type: ignore[misc]
        def on_start(self) -> None:
            self.averages = {kind: (SimpleMovingAverage(FAST), SimpleMovingAverage(SLOW)) for kind in instruments}
            self.seen = dict.fromkeys(instruments, 0)
            self.size = Quantity.from_int(SIZE)
            for kind, both in self.averages.items():
                for one in both:
                    self.register_indicator_for_bars(kind, one)
                self.subscribe_bars(kind)

        def on_bar(self, bar: Any) -> None:
            kind = bar.bar_type
            self.seen[kind] += 1
            if self.seen[kind] <= SLOW:
                return
            fast, slow = self.averages[kind]
            gap, instrument = fast.value - slow.value, kind.instrument_id
            if gap > TIE and self.portfolio.is_flat(instrument):
                self.submit_order(self.order_factory.market(instrument, OrderSide.BUY, self.size))
            elif gap < -TIE and self.portfolio.is_net_long(instrument):
                self.submit_order(self.order_factory.market(instrument, OrderSide.SELL, self.size))

    def run() -> Read:
        engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
        engine.add_venue(venue, OmsType.NETTING, AccountType.MARGIN, starting_balances=[Money(CASH, USD)], base_currency=USD)
        for instrument in instruments.values():
            engine.add_instrument(instrument)
        engine.add_data(data, sort=False)
        engine.add_strategy(Cross())
        engine.run()
        open_profit = engine.portfolio.unrealized_pnls(venue).get(USD, Money(0, USD)).as_double()
        equity = engine.portfolio.account(venue).balance_total(USD).as_double() + open_profit

        def read() -> Outcome:
            filled = sorted((order for order in engine.cache.orders_closed()), key=lambda order: order.ts_last)
            fills: dict[str, list[float]] = {symbol: [] for symbol in frames}
            for order in filled:
                if order.ts_last < last:
                    fills[order.instrument_id.symbol.value].append(float(order.avg_px) * (1 if order.is_buy else -1))
            engine.dispose()
            return Outcome(fills, equity)

        return read

    return run


def zipline(frames: Frames) -> Callable[[], Read]:
    """A bundle of minute bars is written to a folder; orders fill at the next bar's open by a slippage model of our own."""
    import pandas as pd

    folder = tempfile.TemporaryDirectory(prefix="zipline_")
    os.environ["ZIPLINE_ROOT"] = folder.name
    warnings.simplefilter("ignore", FutureWarning)
    from zipline import run_algorithm
    from zipline.api import order, set_commission, set_slippage, symbol
    from zipline.data import bundles
    from zipline.finance.commission import NoCommission
    from zipline.finance.slippage import SlippageModel
    from zipline.utils.calendar_utils import get_calendar

    calendar = get_calendar("XNYS")
    stamped = {s: f.tz_localize("America/New_York").tz_convert("UTC") for s, f in frames.items()}
    some = next(iter(frames.values())).index
    first, last = some[0].normalize(), some[-1].normalize()

    def ingest(environ: Any, assets: Any, minutes: Any, daily: Any, adjustments: Any, calendar: Any, *rest: Any) -> None:
        equities = {"symbol": list(frames), "asset_name": list(frames), "start_date": first, "end_date": last, "exchange": "NYSE"}
        exchanges = {"exchange": ["NYSE"], "canonical_name": ["NYSE"], "country_code": ["US"]}
        assets.write(equities=pd.DataFrame(equities), exchanges=pd.DataFrame(exchanges))
        minutes.write(enumerate(stamped.values()), show_progress=False)
        how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        daily.write(((k, f.groupby(f.index.normalize()).agg(how)) for k, f in enumerate(frames.values())), show_progress=False)
        adjustments.write()

    if "bench" in bundles.bundles:
        bundles.unregister("bench")
    bundles.register("bench", ingest, "XNYS", first, last)
    bundles.ingest("bench", show_progress=False)
    flat = pd.Series(0.0, calendar.sessions_in_range(first, last))

    class NextOpen(SlippageModel):  # type: ignore[misc]
        def process_order(self, data: Any, waiting: Any) -> tuple[float, int]:
            return data.current(waiting.asset, "open"), waiting.open_amount

    def initialize(context: Any) -> None:
        set_commission(us_equities=NoCommission())
        set_slippage(us_equities=NextOpen())
        context.assets, context.seen = [symbol(name) for name in frames], 0

    def handle_data(context: Any, data: Any) -> None:
        context.seen += 1
        if context.seen <= SLOW:
            return
        closes = data.history(context.assets, "close", SLOW, "1m").to_numpy()
        gaps = closes[-FAST:].mean(axis=0) - closes.mean(axis=0)
        for asset, gap in zip(context.assets, gaps, strict=True):
            held = context.portfolio.positions[asset].amount if asset in context.portfolio.positions else 0
            if gap > TIE and not held:
                order(asset, SIZE)
            elif gap < -TIE and held:
                order(asset, -held)

    def run() -> Read:
        how = {"data_frequency": "minute", "bundle": "bench", "trading_calendar": calendar, "benchmark_returns": flat}
        done = run_algorithm(first, last, initialize, CASH, handle_data, **how)
        equity = float(done.portfolio_value.iloc[-1])

        def read() -> Outcome:
            folder.cleanup()
            fills: dict[str, list[float]] = {symbol: [] for symbol in frames}
            for trade in (trade for day in done.transactions for trade in day):
                fills[trade["sid"].symbol].append(trade["price"] if trade["amount"] > 0 else -trade["price"])
            return Outcome(fills, equity)

        return read

    return run


class Engine(NamedTuple):
    """A backtester: the package whose version counts, how it is run, whether it takes several symbols, and what it leaves out."""

    package: str
    adapter: Adapter
    several: bool
    lacks: str


ENGINES: dict[str, Engine] = {
    STOCK: Engine("backtrader", house(STOCK), True, "no margin law: its broker fills what cash allows"),
    ARRAYS: Engine("backtrader", house(ARRAYS), True, "no margin law"),
    OURS: Engine("bt_pdt", house(OURS), True, "the whole margin law, each order judged and journalled, the compliance analyzer"),
    "backtesting.py": Engine(
        "backtesting", backtesting_py, False, "no margin law (one fixed margin ratio); one symbol; its run includes its statistics"
    ),
    "vectorbt": Engine(
        "vectorbt", vectorbt, True, "no margin law, no order that waits, no code of yours at a bar: signals are whole columns"
    ),
    "nautilus_trader": Engine(
        "nautilus_trader", nautilus, True, "no US margin law (margin by fixed ratios); its engine keeps an order book and every order event"
    ),
    "zipline-reloaded": Engine(
        "zipline-reloaded", zipline, True, "no margin law: it fills what is ordered; its run includes daily statistics"
    ),
}


class Measured(NamedTuple):
    """One preparation and one run: seconds of each, what was done, and the most memory that the process has held so far."""

    prepare: float
    run: float
    outcome: Outcome
    peak_mb: float


def measure(engine: str, symbols: int, sessions: int) -> Measured:
    """Prepares and runs once, here."""
    frames = frames_of(walks(symbols, sessions))
    gc.collect()
    began = time.perf_counter()
    run = ENGINES[engine].adapter(frames)
    prepared = time.perf_counter()
    read = run()
    ended = time.perf_counter()
    return Measured(prepared - began, ended - prepared, read(), memory_mb())


def expected(symbols: int, sessions: int) -> Outcome:
    """What the rule does, without any backtester."""
    bars = walks(symbols, sessions)
    found = {symbol: answer(bars.arrays(symbol).open, bars.arrays(symbol).close) for symbol in bars.symbols}
    return Outcome({symbol: fills for symbol, (fills, _) in found.items()}, CASH + SIZE * sum(profit for _, profit in found.values()))


def verdict(got: Outcome, wanted: Outcome) -> str:
    """``equal``: every fill at the same price in the same order, equity to the half cent; else the first difference."""
    for symbol, prices in wanted.fills.items():
        mine = list(got.fills.get(symbol, ()))
        for n, (a, b) in enumerate(zip(mine, prices, strict=False)):
            if abs(a - b) > 1e-6:
                return f"differs: fill {n + 1} of {symbol} at {a:g} instead of {b:g}"
        if len(mine) != len(prices):
            return f"differs: {len(mine)} fills of {symbol} instead of {len(prices)}"
    if abs(got.equity - wanted.equity) > 0.005:
        return f"differs: equity {got.equity:.2f} instead of {wanted.equity:.2f}"
    return "equal"


def _started(name: str, symbols: int, sessions: int, stack: ExitStack) -> tuple[ProcessPoolExecutor, Measured] | str:
    """A process for one backtester and its first run there; or why it takes no part."""
    engine = ENGINES[name]
    if installed(engine.package) is None:
        return "not installed"
    if symbols > 1 and not engine.several:
        return "one symbol only"
    pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
    try:
        return pool, pool.submit(measure, name, symbols, sessions).result()
    except Exception as error:  # another package's trouble is told in its row, the others go on
        if name in WAYS:
            raise
        return f"failed: {type(error).__name__}: {' '.join(str(error).split())[:80]}"


def compared(symbols: int, sessions: int, rounds: int, engines: Sequence[str] = tuple(ENGINES)) -> Table:
    """The table of one size."""
    bars, wanted = symbols * sessions * MINUTES, expected(symbols, sessions)
    fills = sum(map(len, wanted.fills.values()))
    table = Table(
        f"One run by each package: {symbols} symbol{'s' if symbols > 1 else ''}, {sessions} sessions, {bars:,} minute bars, {fills:,} fills",
        ("package", "trades", "run, of stock", "run, s", "bars a second", "prepare, s", "first run, s", "peak, MB"),
    )
    with ExitStack() as stack:
        started = {name: _started(name, symbols, sessions, stack) for name in engines}
        pools = {name: one[0] for name, one in started.items() if not isinstance(one, str)}
        jobs = {name: lambda pool=pool, name=name: pool.submit(measure, name, symbols, sessions).result() for name, pool in pools.items()}
        found = interleaved(jobs, rounds)
    for name, one in started.items():
        label = name if name in (STOCK, ARRAYS) else f"{name} {installed(ENGINES[name].package) or ''}".rstrip()
        if isinstance(one, str):
            table.rows.append((label, one, *[""] * (len(table.columns) - 2)))
            continue
        first = one[1]
        runs, prepare = ([getattr(each, clock) for each in found[name]] for clock in ("run", "prepare"))
        against = "1.00" if name == STOCK else spread(ratios(runs, [each.run for each in found[STOCK]]))
        said = ", ".join(sorted({verdict(each.outcome, wanted) for each in (first, *found[name])}))
        speed, peak = bars / statistics.median(runs), max(each.peak_mb for each in found[name])
        clocks = (spread(runs, ".3f"), f"{speed:,.0f}", f"{statistics.median(prepare):.3f}", f"{first.run:.2f}")
        table.rows.append((label, said, against, *clocks, f"{peak:.0f}"))
        table.numbers[name] = {"run": runs, "prepare": prepare, "first_run": first.run, "peak_mb": peak, "trades": said}
        table.disagrees |= said != "equal"
    return table


def tables(rounds: int, quick: bool) -> Iterator[Table]:
    """One symbol, then several."""
    yield compared(1, 2 if quick else 40, rounds)
    table = compared(3 if quick else 10, 2 if quick else 12, rounds)
    table.notes = [
        "`trades` compares every fill price and the equity at the end with plain arithmetic. `run` ends with that equity; `prepare` is from",
        "frames to what the package takes (zipline writes files). `first run` is that of a fresh process: what is compiled or loaded on first",
        "use. `peak` is the process at its largest, imports included.",
        "",
        *(f"- {name}: {engine.lacks}." for name, engine in ENGINES.items()),
    ]
    yield table
