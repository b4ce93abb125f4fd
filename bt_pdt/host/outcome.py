"""What a finished run with a :class:`~bt_pdt.host.broker.MarginBroker` left behind, as a :class:`~bt_pdt.results.Result`: anybody's cerebro."""

from __future__ import annotations

import hashlib
import inspect
import platform
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import BadInput
from ..core.journal import FillEntry, OrderEntry
from ..core.orders import Asset, assets_of
from ..core.version import __version__
from . import strategy_files

if TYPE_CHECKING:
    from ..account.account import Account
    from ..bars import Bars
    from ..law import Rulebook
    from ..results import Result

PACKAGES = ("backtrader", "pandas", "numpy", "exchange_calendars", "matplotlib", "pyarrow")


def result(cerebro: Any) -> Result:
    """The :class:`Result` of a cerebro that has run with a :class:`~bt_pdt.host.broker.MarginBroker`: tables, figures, page, folder.

    It is that of the whole account, whichever strategies traded on it. Of ``optstrategy``, whose variants each had an account of their own,
    each variant's is ``variant.analyzers.compliance.result``. Raises :class:`BadInput` where there is none.
    """
    import backtrader as bt

    from .broker import MarginBroker

    if not isinstance(cerebro, bt.Cerebro):
        raise BadInput(f"result takes a backtrader Cerebro that has run, got {type(cerebro).__module__}.{type(cerebro).__name__}.")
    broker = cerebro.broker
    if not isinstance(broker, MarginBroker):
        raise BadInput(
            f"this cerebro's broker is {type(broker).__name__}, so nothing was judged; call bt_pdt.install(cerebro) before cerebro.run()."
        )
    if getattr(cerebro, "_dooptimize", False):
        raise BadInput(
            "this cerebro ran the variants of optstrategy, each with an account of its own; ask each of them: "
            "variant.analyzers.compliance.result (install adds that analyzer)."
        )
    strategies = list(getattr(cerebro, "runningstrats", ()))
    if not strategies or broker.account is None:
        raise BadInput("this cerebro has not run over any bars yet; call cerebro.run() first.")
    return own_result(broker, strategies)


def own_result(broker: Any, strategies: Iterable[Any]) -> Result:
    """The result of a run in which these strategies traded."""
    from .feed_bars import bars_of

    broker.finish()
    bars = bars_of(broker.clock)
    if bars is None:
        raise BadInput("this run kept none of its bars (exactbars), so there are no prices to show; run it without exactbars.")
    p = broker.p
    facts = {asset.symbol: asset for asset in assets_of(p.assets)}
    parameters = {
        "cash": float(p.cash),
        "brokerage": p.brokerage,
        "rules": p.rules,
        "block_on": p.block_on,
        "pdt_check": p.pdt_check,
        "dtbp_check": p.dtbp_check,
        "set": dict(p.set or {}),
        "params": {},
        "sizer": None,
        "assets": {s: {n: getattr(a, n) for n in Asset.__slots__ if n != "symbol"} for s, a in facts.items()},
        "account": dict(p.account or {}),
        "deposits": [[str(day), float(amount)] for day, amount in p.deposits],
        "on_call": p.on_call if isinstance(p.on_call, str) else getattr(p.on_call, "__qualname__", type(p.on_call).__name__),
        "worst_price": bool(p.worst_price),
        "charge_costs": bool(p.charge_costs),
        "symbols": list(bars.symbols),
        "resample": [],
        "fromdate": None,
        "todate": None,
        "trade_from": None,
    }
    told = [_about_running(each) for each in strategies]
    whole = told[0] | {"asks_sizer": None}
    if len(told) > 1:
        whole |= {
            "class": ", ".join(dict.fromkeys(str(each["class"]) for each in told)),
            "parameters": {f"{each['class']}.{name}": value for each in told for name, value in each["parameters"].items()},
        }
    return result_of(broker, bars, parameters, whole)


def _about_running(strategy: Any) -> dict[str, Any]:
    return about(type(strategy), strategy.p._getkwargs())


def bar_warnings(bars: Bars) -> list[str]:
    """What a reader of the results must know about the bars: invented ones, and everything the data report finds odd."""
    found = []
    if "synthetic" in bars.detected_format.lower():
        found.append("the bars are SYNTHETIC: invented prices, nothing can be learnt from them about any market.")
    return found + [finding.text for finding in bars.report.findings]


def result_of(broker: Any, bars: Bars, parameters: dict[str, Any], about: Mapping[str, Any], warned: Iterable[str] = ()) -> Result:
    """The result of a run that is over: the broker's account and record, with what was run and over which bars."""
    from ..results import Result
    from ..results.tables import UnsupportedOrder
    from .feed_bars import stamped
    from .notes import notes

    account = broker.account
    if account is None or not broker.times:
        raise BadInput(
            "the run went past its bars without asking the broker (an engine that bypasses backtrader's hooks), so no order was checked; "
            "use backtrader 1.9.78.123."
        )
    reported = bar_warnings(bars) if broker.looker.known else []
    told = reported + [text for text in broker.looker.said if text not in reported] + notes(broker) + list(warned)
    manifest = {
        "versions": versions(),
        "parameters": parameters,
        "strategy": about,
        "data": {
            "detected_format": bars.detected_format.split("\n"),
            "sha256": bars.sha256,
            "symbols": list(bars.symbols),
            "bar_length": bars.bar_length,
            "bars": len(bars),
            "first": bars.first,
            "last": bars.last,
            "dropped": dict(bars.dropped),
        },
        "rules_by_day": rules_by_day(account.rulebook, [date.fromisoformat(row["session"]) for row in account.sessions]),
    }
    return Result(
        journal=tuple(account.journal),
        times=stamped(broker.times, broker.clock),
        values=np.array(broker.equity, dtype=np.float64),
        rows=tuple(account.sessions),
        equity_start=float(broker.startingcash),
        unsupported=tuple(UnsupportedOrder(*lost) for lost in broker.unsupported),
        carried={symbol: float(qty) for symbol, qty, _ in parameters["account"].get("positions", ())},
        issued=tuple(account.calls),
        restricted=tuple(account.restrictions),
        manifest=manifest,
        warnings=tuple(told),
        closes=closes(account, bars),
    )


def closes(account: Account, bars: Bars) -> dict[str, tuple[Any, Any]]:
    """(end of bar, close) of every symbol that was held or had an order accepted: what the account's value hangs on."""
    traded = {entry.fill.symbol for entry in account.journal if isinstance(entry, FillEntry)} | account.positions.keys()
    traded |= {entry.request.symbol for entry in account.journal if isinstance(entry, OrderEntry)}
    arrays = {symbol: bars.arrays(symbol) for symbol in bars.symbols if symbol in traded}
    return {symbol: (each.datetimes, each.close) for symbol, each in arrays.items()}


def versions() -> dict[str, str]:
    found = {"bt_pdt": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found


def about(strategy: type, params: Mapping[str, Any]) -> dict[str, Any]:
    """Class, file, its hash, those of the files it reads beside it, and the parameters in force (defaults included); a file that is none is None."""
    try:
        file: Path | None = Path(inspect.getfile(strategy))
    except (TypeError, OSError):
        file = None
    if file is not None and not file.is_file():
        file = None
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest() if file is not None else None
    beside = strategy_files.files_beside(strategy.__module__)[1:]
    values = dict(strategy.params._getitems()) | dict(params)  # type: ignore[attr-defined]
    return {
        "class": strategy.__name__,
        "file": str(file) if file is not None else None,
        "sha256": sha256,
        "beside": {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in beside if path.is_file()},
        "parameters": {n: value if isinstance(value, bool | int | float | str | None) else str(value) for n, value in values.items()},
    }


def rules_by_day(book: Rulebook, days: list[date]) -> list[dict[str, Any]]:
    """The rules in force over a run: all of them on its first session, then each later session on which some changed, with before and after."""
    if not days:
        return []
    rules = book.on(days[0])
    first = {"day": days[0], "regime": rules.regime, "parameters": {name: getattr(rules, name) for name in rules}, "changed": {}}
    found: list[dict[str, Any]] = [first]
    if book.frozen_on is not None:
        return found
    steps = {since.day for parameter in book.parameters.values() for since in parameter.history}
    steps |= {entry for day in (days[0], days[-1]) if isinstance(entry := book.value("switch_day", day), date)}
    before = days[0]
    for step in sorted(steps):
        day = next((d for d in days if d >= step), None)
        if day is None or day <= before:
            continue
        changes = book.changes(before, day)
        if changes:
            changed = {c.name: {"before": c.before, "after": c.after} for c in changes}
            found.append({"day": day, "regime": book.on(day).regime, "changed": changed})
        before = day
    return found
