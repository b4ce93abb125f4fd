"""The door of a run: an ordinary backtrader strategy, bars, and an account under the law of each day.

``run`` puts them together and gives a :class:`~bt_pdt.results.Result`; nothing about the strategy has to change.
"""

from __future__ import annotations

import inspect
import math
import os
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, overload

from ..core.errors import BadInput, NotInForce, UnknownName, known_name, listing, mapping, names_known, yes_or_no
from ..core.journal import OrderEntry
from ..core.orders import Asset, assets_of
from ..host import outcome, strategy_files
from ..host.outcome import bar_warnings as bar_warnings
from ..host.outcome import result_of
from ..host.strategy_files import StrategyFailed as StrategyFailed

if TYPE_CHECKING:
    import pandas as pd

    from ..account.account import Account
    from ..bars import Bars
    from ..results import Result

    Source: TypeAlias = str | Path | pd.DataFrame | Bars

_POLL_SECONDS = 0.1


class Samples(NamedTuple):
    """Where the bundled samples lie."""

    data: Path
    strategies: Path


def samples() -> Samples:
    """The folders of the synthetic bars and of the strategies: those of an installed wheel, else of the checkout."""
    here = Path(__file__).resolve().parents[1]
    for data, strategies in (
        (here / "_samples" / "data", here / "_samples" / "strategies"),
        (here.parent / "data", here.parent / "strategies"),
    ):
        if any(data.glob("synthetic_*.parquet")) and any(strategies.glob("*.py")):
            return Samples(data, strategies)
    raise BadInput(f"the sample bars are not beside the package ({here}); install bt_pdt from its wheel or run from a checkout.")


# -- the strategy


def load_strategy(strategy: type | str | Path) -> type:
    """A strategy class: itself, or the one in ``file.py`` (``file.py:Class`` where there are several). Raises :class:`BadInput`."""
    import backtrader as bt

    if inspect.isclass(strategy):
        if not issubclass(strategy, bt.Strategy):
            raise BadInput(f"strategy must be a backtrader Strategy, {strategy.__name__} is not a subclass of it.")
        return strategy
    if not isinstance(strategy, str | Path):
        raise BadInput(f"strategy takes a class or a file like my_strategy.py:MyStrategy, got {type(strategy).__name__}.")
    path, wanted = _file_and_class(str(strategy))
    module = strategy_files.load_file(path)
    inside = {n: v for n, v in vars(module).items() if inspect.isclass(v) and issubclass(v, bt.Strategy) and v is not bt.Strategy}
    own = {n: v for n, v in inside.items() if v.__module__ == module.__name__ and v.__name__ == n}
    if wanted:
        if not inside:
            raise BadInput(f"{path}: no backtrader Strategy in it.")
        if wanted not in inside:
            raise BadInput(f"{path}: {UnknownName('strategy', wanted, inside)}")
        found: type = inside[wanted]
        return found
    candidates = own or {n: v for n, v in inside.items() if not v.__module__.startswith("backtrader")}
    if not candidates:
        raise BadInput(f"{path}: no backtrader Strategy in it.")
    if len(candidates) > 1:
        raise BadInput(f"{path}: several strategies in it ({', '.join(candidates)}); name one, like {path}:{_last_derived(candidates)}.")
    return next(iter(candidates.values()))


def _last_derived(found: Mapping[str, type]) -> str:
    """The first class that no other one of them is derived from: a base is seldom what is meant to be run."""
    return next(n for n, v in found.items() if not any(issubclass(other, v) and other is not v for other in found.values()))


def _file_and_class(text: str) -> tuple[Path, str]:
    head, colon, tail = text.rpartition(":")
    path, wanted = (
        (Path(head), tail) if colon and head and not Path(text).exists() and (tail.isidentifier() or not tail) else (Path(text), "")
    )
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; give the strategy's .py file.")
    if not path.is_file():
        raise BadInput(f"{path}: there is no such strategy file.")
    if path.suffix != ".py":
        raise BadInput(f"{path}: a strategy file ends in .py.")
    return path, wanted


def read_params(strategy: type, texts: Mapping[str, str]) -> dict[str, Any]:
    """Strategy parameters from text, as the type of their defaults: numbers, true/false, times (15:30), dates, else Python literals or text."""
    defaults = defaults_of(strategy)
    found = {}
    for name, text in texts.items():
        known_name(f"parameter of {strategy.__name__}", name, defaults)
        found[name] = typed_value(name, text, defaults[name])
    return found


def defaults_of(strategy: Any) -> dict[str, Any]:
    return dict(strategy.params._getitems())


def typed_value(name: str, text: str, default: Any) -> Any:
    import ast
    from datetime import time

    def bad(what: str) -> BadInput:
        return BadInput(f"--param {name} takes {what}, got {text!r}.")

    if isinstance(default, bool):
        if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise bad("true or false")
        return text.lower() in ("true", "1", "yes")
    if isinstance(default, int | float):
        try:
            return int(text) if isinstance(default, int) else float(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            raise bad(f"a number (its default is {default!r})") from None
    for kind, what in ((datetime, "a moment like 2026-06-04 09:31"), (date, "a date like 2026-06-04"), (time, "a time like 15:30")):
        if isinstance(default, kind):
            try:
                return kind.fromisoformat(text)
            except ValueError:
                raise bad(what) from None
    if isinstance(default, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def sizer_for(strategy: type | str | Path, sizer: Any) -> Any:
    """A sizer checked once for many runs: as text where that says it all, so that it travels to other processes. None stays None."""
    from ..host.sizing import sizing_of

    return None if sizer is None else sizing_of(sizer, load_strategy(strategy)).plain


# -- what was saved


@overload
def load(source: str | Path) -> Any: ...


@overload
def load(
    source: str | Path | pd.DataFrame,
    *,
    symbol: str | None = None,
    stamp: str | None = None,
    tz: str | None = None,
    timeframe: str | None = None,
    drop_bad: bool = False,
    columns: Mapping[str, str] | None = None,
    unadjust: str | Path | pd.DataFrame | None = None,
) -> Bars: ...


def load(source: str | Path | pd.DataFrame, **options: Any) -> Bars | Result:
    """What was saved: a run folder's :class:`~bt_pdt.results.Result`, else the bars of a file or a frame (:func:`bt_pdt.bars.load`).

    The options are those of bars. ``bt_pdt.Result.load(folder)`` reads a run and nothing else. Raises :class:`BadInput` with a sentence.
    """
    from ..bars import load as load_one
    from ..results.folder import MANIFEST, near_name, read

    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        if not os.path.exists(path):  # unlike Path.exists it never raises, not for a name that is too long either
            raise BadInput(f"there is no file {source}; {near_name(path, 'check the path.')}")
        if path.is_dir() and any(any(path.glob(name)) for name in (MANIFEST, f"*/{MANIFEST}")):
            if options:
                raise BadInput(f"{source}: is a folder, so it is read as a run's; {next(iter(options))} goes with a file of bars.")
            return read(source)
        source = path
    return load_one(source, **options)


# -- the bars


def load_bars(
    data: Source | Iterable[Source],
    *,
    symbols: Iterable[str] | None = None,
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    **options: Any,
) -> Bars:
    """Bars from what ``run`` takes as data; ``symbols`` and the dates (both included) narrow them, the other options are the loader's."""
    from ..bars import Bars, load_many

    if isinstance(data, Bars):
        if options:
            raise BadInput(f"{next(iter(options))} goes with files and frames; these bars are loaded already.")
        bars = data
    else:
        if data is None or not (isinstance(data, str | Path | Iterable) or hasattr(data, "iloc")):
            raise BadInput(f"data takes bt_pdt.load(...), a frame, or paths of bar files, got {data!r}.")
        sources: list[Any] = [data] if isinstance(data, str | Path) or hasattr(data, "iloc") else list(data)  # type: ignore[arg-type, list-item]
        if any(isinstance(source, Bars) for source in sources):
            raise BadInput("data takes one Bars object, or paths and frames; bt_pdt.bars.load_many puts several files together.")
        bars = load_many(sources, **options)
    if symbols is not None:
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        if not names or len(dict.fromkeys(names)) < len(names):
            raise BadInput(f"symbols takes each symbol once, and at least one, got {', '.join(map(str, names)) or 'none'}.")
        bars = bars.only(names)
    if fromdate is None and todate is None:
        return bars
    first, last = _day("fromdate", fromdate) or bars.first.date(), _day("todate", todate) or bars.last.date()
    if first > last:
        raise BadInput(f"no bars from {first} to {last}; these bars go from {bars.first:%Y-%m-%d} to {bars.last:%Y-%m-%d}.")
    return bars.between(first, last)


def _day(what: str, value: date | str | None) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{what} takes a date like 2026-06-04, got {str(value)!r}.") from None


# -- the run


@names_known
def run(
    strategy: type | str | Path,
    data: Source | Iterable[Source],
    *,
    cash: float = 100_000.0,
    brokerage: str = "alpaca",
    rules: str | date = "as_of",
    block_on: str | None = None,
    pdt_check: str | None = None,
    dtbp_check: str | None = None,
    set: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    sizer: Any = None,
    assets: Iterable[Asset] | Mapping[str, Asset] | None = None,
    account: Mapping[str, Any] | None = None,
    deposits: Iterable[tuple[date | str, float]] = (),
    on_call: str | Callable[..., Any] = "ignore",
    worst_price: bool = False,
    charge_costs: bool = True,
    symbols: Iterable[str] | None = None,
    resample: str | Iterable[str] = (),
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    trade_from: date | str | None = None,
    progress: Callable[[int, int], None] | bool | None = None,
) -> Result:
    """Runs a strategy over bars under margin law and returns what happened.

    ``strategy`` is a class or ``"file.py"`` (``"file.py:Class"``), ``data`` a :class:`~bt_pdt.bars.Bars`, a frame or paths of bar files.
    ``rules`` is ``"as_of"`` (the law of each bar's date), a date (that day's law throughout) or ``"off"`` (measure, refuse nothing);
    ``block_on`` (entry, exit, both) sets ``pdt_check`` and ``dtbp_check`` at once. ``set`` overrides parameters of the law by name,
    ``params`` are the strategy's own, ``sizer`` answers where it names no size (a backtrader Sizer, its class, or its text:
    ``"PercentOfEquity(percent=50)"``), ``assets`` say what a symbol is (:class:`~bt_pdt.core.orders.Asset`: leverage, marginable ...),
    ``account`` are further arguments of :class:`~bt_pdt.account.account.Account` (positions carried in, ``pattern_day_trader`` ...).

    ``deposits`` are (day, dollars) that come in at that session's open, negative to withdraw. ``on_call`` is the customer's answer to a
    margin call on the day it is issued: ``"ignore"``, ``"deposit"``, ``"liquidate"`` or a function ``(call, account)``; ``worst_price``
    tests equity at each bar's low (of shorts: high) too; ``charge_costs=False`` leaves margin interest and borrow fees out.

    ``symbols`` picks symbols and the order in which the strategy sees them (default: alphabetical). ``resample`` adds feeds of longer bars
    after them, for each length (``"15min"``, ``"1h"``, ``"1d"``) one a symbol in that order: orders for any of them are orders of its symbol.
    On sessions before ``trade_from`` the
    strategy is shown bars, so that its indicators are ready, and its ``next`` is not called; the account opens with the first bar after
    them, and the result begins there. ``progress(done, total)`` is called a
    few times a second with bars, from another thread; ``True`` shows a bar. Raises :class:`BadInput` for anything that cannot be used.
    """
    from ..host.broker import MarginBroker
    from ..host.calendar import XNYSCalendar
    from ..host.fast.cerebro import Cerebro
    from ..host.fast.feeds import feeds, lengths
    from ..host.fast.warming import WarmUp
    from ..host.sizing import sizing_of
    from .progress import progress_bar

    chosen = load_strategy(strategy)
    params = mapping("params", params, "{'fast': 10}")
    account, set = mapping("account", account, "{'pattern_day_trader': True}"), mapping("set", set, "{'pdt_min_equity': 25_000}")
    worst_price, charge_costs = yes_or_no("worst_price", worst_price), yes_or_no("charge_costs", charge_costs)
    for name in params:
        known_name(f"parameter of {chosen.__name__}", name, defaults_of(chosen))
    names = None if symbols is None else listing("symbols", symbols, "['SPY', 'QQQ']")
    resample = listing("resample", resample, "['15min', '1d']")
    sizing = None if sizer is None else sizing_of(sizer, chosen)
    bars = load_bars(data, symbols=names, fromdate=fromdate, todate=todate)
    require_cash(cash, account)
    longer = lengths(resample, bars)
    deposits = list(deposits) if isinstance(deposits, Iterable) else deposits  # what is no list, the broker refuses
    facts = {asset.symbol: asset for asset in assets_of(assets)}
    for symbol in facts:
        known_name("asset", symbol, bars.symbols)
    broker: Any = MarginBroker(
        cash=float(cash),
        brokerage=brokerage,
        rules=rules,
        block_on=block_on,
        pdt_check=pdt_check,
        dtbp_check=dtbp_check,
        set=dict(set or {}),
        assets=facts,
        account=dict(account or {}),
        deposits=deposits,
        on_call=on_call,
        worst_price=bool(worst_price),
        charge_costs=bool(charge_costs),
    )
    broker.looker.known = True
    broker.looker.days_known = any(finding.kind == "off_session" for finding in bars.report.findings)
    cerebro = Cerebro(stdstats=False)
    cerebro.addcalendar(XNYSCalendar())
    cerebro.setbroker(broker)
    for feed in feeds(bars, names):
        cerebro.adddata(feed)
    for timeframe, compression in longer:
        for feed in cerebro.datas[: len(names or bars.symbols)]:
            cerebro.resampledata(feed, timeframe=timeframe, compression=compression)
    cerebro.addstrategy(chosen, **params)
    asked: list[bool] = []
    if sizing is not None:
        cerebro.addsizer(sizing.watched(asked))
    if trade_from is not None:
        cerebro.addanalyzer(WarmUp, **_warm_up(bars, trade_from))
    try:
        with (
            progress_bar(progress, f"{chosen.__name__}: bars") as tell,
            _progress(broker, bars, tell),
            strategy_files.at_work(chosen.__module__),
        ):
            ran = cerebro.run()
    except NotInForce as error:
        raise NotInForce(
            f"the bars begin on {bars.first:%Y-%m-%d}, before the law is known: {error} Narrow them with fromdate (--from)."
        ) from None
    except BadInput:
        raise
    except Exception as error:
        if chosen.__module__.startswith(strategy_files.MODULE):
            _blame(error, chosen)
        _too_few(error, chosen, bars)
        raise
    if not ran:
        raise BadInput(f"{chosen.__name__} left the run before its first bar (StrategySkipError), so there is no result.")
    parameters = {
        "cash": float(broker.p.cash),
        "brokerage": brokerage,
        "rules": rules,
        "block_on": block_on,
        "pdt_check": pdt_check,
        "dtbp_check": dtbp_check,
        "set": dict(set or {}),
        "params": params,
        "sizer": None if sizing is None else repr(sizing),
        "assets": {s: {n: getattr(a, n) for n in Asset.__slots__ if n != "symbol"} for s, a in facts.items()},
        "account": dict(account or {}),
        "deposits": [[str(day), float(amount)] for day, amount in deposits],
        "on_call": on_call if isinstance(on_call, str) else getattr(on_call, "__qualname__", type(on_call).__name__),
        "worst_price": bool(worst_price),
        "charge_costs": bool(charge_costs),
        "symbols": list(names or bars.symbols),
        "resample": resample,
        "fromdate": fromdate,
        "todate": todate,
        "trade_from": trade_from,
    }
    about = outcome.about(chosen, params) | {"asks_sizer": None if sizing is None else bool(asked)}
    unasked = [] if broker.account is None else _unasked(broker.account, repr(sizing), about)
    if broker.p.cash != float(cash):
        unasked.append(f"{chosen.__name__} sets its own cash, ${broker.p.cash:,.2f}; the ${cash:,.2f} of cash= were not used.")
    return result_of(broker, bars, parameters, about, unasked)


def _warm_up(bars: Bars, trade_from: date | str) -> dict[str, Any]:
    """Where trading begins, and how many bars of each symbol come first: one more of those that have a bar at that very moment."""
    from ..results.result import bar_sessions

    first = _day("trade_from", trade_from)
    times = {symbol: bars.arrays(symbol).datetimes for symbol in bars.symbols}
    before = {symbol: int((bar_sessions(found) < first).sum()) for symbol, found in times.items()}
    begins = {symbol: found[before[symbol]] for symbol, found in times.items() if before[symbol] < len(found)}
    if not begins:
        raise BadInput(f"trade_from {first} is after the last bar, of {bars.last:%Y-%m-%d}, so nothing could be traded.")
    begin = min(begins.values())
    waits = {symbol: before[symbol] + bool(begins.get(symbol) == begin) for symbol in times}
    return {"begin": begin.astype("datetime64[us]").item(), "bars": waits}


def require_cash(cash: Any, account: Mapping[str, Any] | None) -> None:
    if isinstance(cash, bool) or not isinstance(cash, int | float) or not math.isfinite(cash):
        raise BadInput(f"cash must be a finite number of dollars, got {cash!r}.")
    if cash <= 0 and not (account or {}).get("positions"):
        raise BadInput(f"cash must be above 0 where no positions are carried in, got {cash:g}.")


@contextmanager
def _progress(broker: Any, bars: Bars, tell: Callable[[int, int], None] | None) -> Iterator[None]:
    """Tells how many bars are done, from a thread that looks at the broker's own record: the run itself is not slowed."""
    if tell is None:
        yield
        return
    import numpy as np

    total = len(np.unique(np.concatenate([bars.arrays(symbol).datetimes for symbol in bars.symbols])))
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            tell(min(len(getattr(broker, "times", ())), total), total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
        over.set()
        watcher.join()
        tell(total, total)
    finally:
        over.set()
        watcher.join()


def _blame(error: Exception, strategy: type) -> None:
    """Raises :class:`StrategyFailed` if the strategy's own file is where it went wrong, and bt_pdt is not called from there."""
    files = set(strategy_files.files_beside(strategy.__module__))
    package = Path(__file__).resolve().parents[1]
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if Path(frame.filename) in files]
    if not own or any(package in Path(frame.filename).parents and Path(frame.filename) not in files for frame in frames[own[-1] + 1 :]):
        return
    file = Path(frames[own[-1]].filename)
    raise StrategyFailed(
        f"{file.name}, line {frames[own[-1]].lineno}: {strategy.__name__} stopped with {strategy_files.sentence(error)}."
    ) from error


def _too_few(error: Exception, strategy: type, bars: Bars) -> None:
    """Backtrader's indicators fall off the end of their arrays where there are fewer bars than their period."""
    inner = traceback.extract_tb(error.__traceback__)[-1].filename
    if isinstance(error, IndexError) and "backtrader" in Path(inner).parts and "indicators" in Path(inner).parts:
        fewest = min(bars.symbols, key=lambda symbol: len(bars.arrays(symbol).datetimes))
        count = len(bars.arrays(fewest).datetimes)
        raise StrategyFailed(
            f"{strategy.__name__} has an indicator with a longer period than the {count} bars of {fewest}; give it more bars or a shorter period."
        ) from error


def _unasked(account: Account, sizer: str, about: Mapping[str, Any]) -> list[str]:
    """A sizer does nothing for orders that name their size."""
    if about["asks_sizer"] is not False or not any(isinstance(entry, OrderEntry) for entry in account.journal):
        return []
    return [f"the sizer {sizer} was never asked for a size: {about['class']} gives each order its own, or sets a sizer of its own."]
