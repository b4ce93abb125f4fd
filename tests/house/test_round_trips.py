"""What a bot or a notebook holds of bt_pdt is the same after ``pickle`` and after ``copy.deepcopy``: every public name has its case or its reason."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import bt_pdt
from bt_pdt import Account, AccountState, Asset, BadInput, Bars, Fill, MarginBroker, OrderRequest, Reason, Result
from bt_pdt.account.call_book import Restriction
from bt_pdt.account.calls import MarginCall
from bt_pdt.account.cash_account import Violation
from bt_pdt.account.cushion import AccountDistance, Distance
from bt_pdt.bars.model import SymbolBars
from bt_pdt.core.decisions import Accepted, Advice, AdviceCode, Refusal, Rejected, WouldPass
from bt_pdt.core.errors import NotInForce, UnknownName
from bt_pdt.core.journal import AdoptEntry, Entry, SizeEntry
from bt_pdt.law.brokerages import NAMES, brokerage
from bt_pdt.law.rulebook import Change, Parameter, Rulebook, Rules, Since, Source
from bt_pdt.runs.study import StrategyFailed, samples

WAYS: dict[str, Callable[[Any], Any]] = {"pickle": lambda what: pickle.loads(pickle.dumps(what)), "deepcopy": copy.deepcopy}
MONDAY = datetime(2025, 3, 3, 10)
ADOPTED = AdoptEntry(MONDAY, MONDAY.date(), "cash", 2.0, 1.0, "money moved elsewhere")

# -- things to copy


def lively() -> Account:
    """A small account with something of everything: day trades, a refusal, advice, calls, a restriction, deposits, costs."""
    a = Account(30_000.0, at=MONDAY, brokerage="finra", pattern_day_trader=True, set={"margin_interest_rate": 0.08})
    a.mark({"SPY": 100.0, "QQQ": 50.0})
    for n in range(3):
        a.submit(OrderRequest("SPY", "buy", 10.0, id=f"b{n}"))
        a.post(Fill("SPY", "buy", 10.0, 100.0, f"b{n}"))
        a.post(Fill("SPY", "sell", 10.0, 99.5))
    a.post(Fill("SPY", "buy", 2_000.0, 100.0))
    a.post(Fill("SPY", "sell", 1_600.0, 100.0))
    a.submit(OrderRequest("SPY", "buy", 5_000.0, id="too much"))
    a.submit(OrderRequest("QQQ", "buy", 1.0, type="limit", limit_price=49.0, time_in_force="gtc", id="rests"))
    a.submit(OrderRequest("QQQ", "buy", 1.0, type="limit", limit_price=48.0, id="of the day"))
    a.withdraw(29_000.0)
    a.advance(MONDAY + timedelta(days=1))
    a.deposit(500.0)
    a.mark({"SPY": 70.0})
    a.set_flag(False)
    a.advance(MONDAY + timedelta(days=9))
    a.submit(OrderRequest("SPY", "sell", 10.0, id="works", order_class="oco", take_profit=80.0, stop_loss=60.0))
    return a


def paid_in_cash() -> Account:
    """A cash account that free-rides."""
    a = Account(1_000.0, at=MONDAY, account_type="cash")
    a.post(Fill("SPY", "buy", 10.0, 100.0))
    a.post(Fill("SPY", "sell", 10.0, 101.0))
    a.post(Fill("QQQ", "buy", 20.0, 50.0))
    a.post(Fill("QQQ", "sell", 20.0, 50.0))
    a.advance(MONDAY + timedelta(days=9))
    return a


def bars() -> Bars:
    times = (pd.bdate_range("2025-03-03", periods=8) + pd.Timedelta(hours=16)).to_numpy()
    price = np.array([100.0, 101.0, 104.0, 110.0, 108.0, 103.0, 107.0, 112.0])
    arrays = SymbolBars(times, price, price + 1, price - 1, price, np.full(8, 1e6))
    return Bars({"X": arrays}, timeframe="days", compression=1, dropped={"no price": 2})


class Holds(bt.Strategy):
    params = (("hold", 1), ("size", 10))

    def __init__(self) -> None:
        self.mean = bt.ind.SMA(period=2)
        self.answers: list[Any] = []

    def notify_order(self, order: Any) -> None:
        self.answers.append((order.getstatusname(), order.info.get("decision"), order.info.get("advice")))

    def notify_store(self, message: str, *args: Any, **about: Any) -> None:
        self.answers.append((message, about))

    def next(self) -> None:
        if len(self) % 3 == 0:
            self.buy(size=self.p.size if len(self) < 6 else 100_000)
        elif self.position and len(self) % 3 == self.p.hold % 3:
            self.close()


@functools.cache
def ran() -> Any:
    """A cerebro after its run."""
    cerebro: Any = bt_pdt.Cerebro()
    cerebro.setbroker(MarginBroker(cash=20_000.0, deposits=[("2025-03-06", 100.0)]))
    for feed in bt_pdt.feeds(bars()):
        cerebro.adddata(feed)
    cerebro.addstrategy(Holds)
    cerebro.addsizer(bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=20)))
    for observer in (bt_pdt.DayTradeCount, bt_pdt.DayTradingBuyingPower):
        cerebro.addobserver(observer)
    for analyzer in (bt_pdt.ComplianceAnalyzer, bt.analyzers.SharpeRatio, bt.analyzers.PyFolio):
        cerebro.addanalyzer(analyzer)
    return cerebro, cerebro.run()[0]


@functools.cache
def compared() -> Any:
    return bt_pdt.compare(Holds, bars(), cash=10_000, jobs=1)


@functools.cache
def tuned() -> Any:
    return bt_pdt.tune(Holds, bars(), {"hold": (1, 3), "size": [5, 10]}, jobs=1)


# -- what they say


def of_account(a: Account) -> Any:
    order = OrderRequest("SPY", "sell", 500.0, type="limit", limit_price=70.0)
    return (
        *(a.state, a.journal, a.sessions, a.calls, a.restrictions, a.violations, a.day_trades, a.forecast(), a.distance(), a.accrued_costs),
        *(a.check(order), a.max_quantity("SPY", "buy", type="limit", limit_price=70.0), of_book(a.rulebook), of_rules(a.rules)),
        *(a.brokerage, a.rules is a.rulebook.on(a.session)),
    )


def of_rules(rules: Rules) -> Any:
    return rules.day, rules.regime, [(name, getattr(rules, name), rules.since(name), rules.cite(name)) for name in rules]


def of_book(book: Rulebook) -> Any:
    days = (date(2015, 6, 1), date(2025, 3, 3), date(2027, 1, 4))
    return book.frozen_on, book.parameters, [of_rules(book.on(day)) for day in days], book.changes(*days[1:])


def of_bars(b: Bars) -> Any:
    arrays = [b.arrays(symbol) for symbol in b.symbols]
    frozen = [column.flags.writeable for each in arrays for column in each]
    return repr(b), dict(b.dropped), b.detected_format, [[column.tolist() for column in each] for each in arrays], frozen


def of_broker(broker: Any) -> Any:
    account = broker.account
    told = (broker.unsupported, broker.unmoved, list(broker.times), list(broker.equity), broker.getvalue(), broker.getcash())
    return (
        {name: value for name, value in vars(broker.p).items() if name != "commission"},
        told,
        None if account is None else of_account(account),
    )


def of_strategy(strategy: Any) -> Any:
    analyses = [repr(each.get_analysis()) for each in strategy.analyzers]
    lines = [repr(list(line.array)) for each in (*strategy.observers, strategy.mean) for line in each.lines]
    return strategy.answers, analyses, lines, vars(strategy.p), of_broker(strategy.broker)


def of_cerebro(cerebro: Any) -> Any:
    """What it was given, and what a run of it gives."""
    return cerebro.fast_path, cerebro.why_slow, of_broker(cerebro.broker)[0], of_strategy(cerebro.run()[0])


def of_result(result: Result) -> Any:
    frames = [getattr(result, name).to_csv() for name in ("orders", "trades", "refusals", "sessions", "calls")]
    return repr(result.summary), frames, result.journal, result.manifest, result.returns.tolist()


def of_comparison(comparison: Any) -> Any:
    return comparison.table.to_csv(), comparison.conclusions, comparison.costs.to_csv(), json.dumps(comparison.to_dict(), default=str)


def of_tuning(tuning: Any) -> Any:
    return (
        tuning.trials.to_csv(),
        repr(tuning.best),
        repr(tuning.neighbours()),
        tuning.conclusions,
        json.dumps(tuning.to_dict(), default=str),
    )


def of_error(error: BaseException) -> Any:
    return type(error), error.args, str(error)


def of_sizer(sizer: Any) -> Any:
    return type(sizer), {name: of_sizer(value) if isinstance(value, bt.Sizer) else value for name, value in vars(sizer.p).items()}


def itself(what: Any) -> Any:
    return what


class Case(NamedTuple):
    """Things of one kind, and all that one of them says."""

    make: Callable[[], list[Any]]
    says: Callable[[Any], Any] = itself


def errors() -> list[Any]:
    found = [BadInput("a sentence."), NotInForce("no law."), StrategyFailed("it failed.")]
    for wrong in ({"brokerage": "alpca"}, {"set": {"pdt_min_equty": 1}}):
        try:
            Account(1.0, at=MONDAY, **wrong)  # type: ignore[arg-type]
        except UnknownName as error:
            found.append(error)
    assert len(found) == 5
    return found


def accounts() -> list[Any]:
    middle = Account(20_000.0, at=MONDAY, rules="2020-01-02", assets=[Asset("LEV", leverage=3.0)], set={"six_percent_clause": True})
    imd = Account(20_000.0, at=datetime(2026, 7, 6, 10), positions=[("SPY", 10.0, 500.0)], set={"imd_order": "worst"}, rules="off")
    imd.post(Fill("SPY", "buy", 100.0, 500.0))
    return [lively(), paid_in_cash(), middle, imd]


def sizer(name: str) -> Any:
    """A sizer; one that goes around another has one inside."""
    kind: Any = getattr(bt_pdt, name)
    return kind(sizer=bt_pdt.FixedRisk(risk=0.02)) if hasattr(kind.params, "sizer") else kind(fractional=True)


SIZERS = ("FixedRisk", "KeepDayTrades", "Kelly", "Overnight", "PercentOfBuyingPower", "PercentOfEquity", "Trimmed", "VolatilityTarget")

#: Of every public name: what it is, or what it returns.
CASES: dict[str, Case] = {
    "Account": Case(accounts, of_account),
    "AccountState": Case(lambda: [a.state for a in accounts()]),
    "Asset": Case(lambda: [Asset("SPY"), Asset("LEV", leverage=-3.0, maintenance=0.4, shortable=False)]),
    "BadInput": Case(errors, of_error),
    "Bars": Case(lambda: [bars()], of_bars),
    "Cerebro": Case(lambda: [bt_pdt.Cerebro()], lambda cerebro: (cerebro.fast_path, cerebro.why_slow, vars(cerebro.p))),
    "Comparison": Case(lambda: [compared()], of_comparison),
    "Fill": Case(lambda: [Fill("SPY", "buy", 1.5, 590.0, "1", 0.5, MONDAY)]),
    "MarginBroker": Case(lambda: [MarginBroker(cash=20_000.0, set={"imd_order": "worst"}), ran()[1].broker], of_broker),
    "OrderRequest": Case(lambda: [OrderRequest("SPY", "buy", 1.0, order_class="bracket", take_profit=2.0, stop_loss=1.0, at=MONDAY)]),
    "Reason": Case(lambda: list(Reason)),
    "Result": Case(lambda: [bt_pdt.run(Holds, bars(), cash=10_000)], of_result),
    "Rulebook": Case(lambda: [bt_pdt.rulebook_for(name) for name in NAMES] + [a.rulebook for a in accounts()], of_book),
    "XNYSCalendar": Case(lambda: [bt_pdt.XNYSCalendar()], lambda calendar: calendar._nextday(date(2025, 7, 3))),
    "__version__": Case(lambda: [bt_pdt.__version__]),
    **{name: Case(lambda name=name: [sizer(name)], of_sizer) for name in SIZERS},  # type: ignore[misc]
    "audit": Case(lambda: [bt_pdt.audit([json.dumps({"event": "account", "at": "2025-03-03T09:30:00", "cash": 5000.0})])]),
    "feeds": Case(lambda: bt_pdt.feeds(bars()), lambda feed: [column.tolist() for column in feed._columns]),
    "install": Case(lambda: [bt_pdt.install(bt_pdt.Cerebro(), cash=20_000.0)], of_broker),
    "rulebook_for": Case(lambda: [bt_pdt.rulebook_for("alpaca")], of_book),
    "run": Case(lambda: [bt_pdt.run(Holds, bars(), cash=10_000)], of_result),
    "compare": Case(lambda: [compared()], of_comparison),
    "smallest_account": Case(lambda: [bt_pdt.smallest_account(Holds, bars(), low=2_000, high=9_000, tolerance=4_000, jobs=1)]),
    "tune": Case(lambda: [tuned(), tuned().only(size=5)], of_tuning),
    # what these give, and what they are made of
    "decisions": Case(
        lambda: (
            [e.decision for e in lively().journal if isinstance(getattr(e, "decision", None), Accepted | Rejected)]
            + [Accepted((Advice(AdviceCode.LAST_DAY_TRADE, "the last one."),)), WouldPass(3.0, MONDAY.date())]
        )
    ),
    "refusals": Case(lambda: [Refusal(Reason.QTY, "rule", {"held": 1.0}, "why."), Refusal(Reason.QTY, "r", {}, "w.", {"available": "0"})]),
    "journal entries": Case(
        lambda: [*lively().journal, *paid_in_cash().journal, SizeEntry(MONDAY, MONDAY.date(), "SPY", 5.0, 3.0, "room for 3."), ADOPTED]
    ),
    "calls": Case(lambda: lively().calls, lambda call: (call, call.facts, call.to_dict())),
    "restrictions": Case(lambda: lively().restrictions),
    "violations": Case(lambda: paid_in_cash().violations),
    "distances": Case(lambda: [lively().distance()]),
    "rules": Case(lambda: [a.rules for a in accounts()], of_rules),
    "parameters": Case(lambda: list(bt_pdt.rulebook_for("alpaca").parameters.values())),
    "brokerages": Case(lambda: [brokerage(name) for name in NAMES]),
    "strategy": Case(lambda: [ran()[1]], of_strategy),
    "cerebro after a run": Case(lambda: [ran()[0]], of_cerebro),
    "walk forward": Case(lambda: [tuned().walk_forward(2)], lambda walk: repr((walk.rows, walk.sentence))),
}
#: Names without a case, and why.
REASONS = {
    "ComplianceAnalyzer": "a part of a strategy: it is copied with the strategy, below",
    "DayTradeCount": "a part of a strategy: it is copied with the strategy, below",
    "DayTradingBuyingPower": "a part of a strategy: it is copied with the strategy, below",
    "explore": "gives widgets, which are views of a running notebook; the results behind them are Results",
    "load": "gives Bars, or the Result, Comparison or Tuning of a folder",
    "load_many": "gives Bars",
    "result": "gives a Result",
    "plot": "gives matplotlib's figures, which are matplotlib's to copy",
}
#: Kinds of which some case must hold an example, so that a case does not become empty.
SEEN: tuple[type, ...] = (
    *(Account, AccountState, Accepted, Advice, AccountDistance, Asset, Bars, Change, Distance, Fill, MarginCall, OrderRequest, Parameter),
    *(Refusal, Rejected, Restriction, Result, Rulebook, Rules, Since, Source, UnknownName, Violation, WouldPass),
    *Entry.__args__,  # type: ignore[attr-defined]
)


def test_every_public_name_has_its_case_or_its_reason() -> None:
    assert not set(CASES) & set(REASONS)
    assert sorted(set(bt_pdt.__all__) - set(CASES) - set(REASONS)) == []
    assert sorted(set(REASONS) - set(bt_pdt.__all__)) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_copy_answers_like_its_original(name: str, way: str) -> None:
    case = CASES[name]
    made = case.make()
    assert made
    for one in made:
        twin = WAYS[way](one)
        assert type(twin) is type(one)
        assert case.says(twin) == case.says(one)


@pytest.mark.parametrize("name", bt_pdt.__all__)
def test_a_class_or_function_goes_by_its_name(name: str) -> None:
    public = getattr(bt_pdt, name)
    if inspect.isclass(public) or inspect.isfunction(public):
        assert all(way(public) is public for way in WAYS.values())


def test_the_cases_hold_something_of_every_kind() -> None:
    kinds: set[type] = set()

    def look(what: Any, deep: int = 6) -> None:
        kinds.add(type(what))
        if isinstance(what, Account):
            look([what.state, what.rules, what.rulebook], deep)
        if isinstance(what, Rulebook):
            look(what.changes(date(2025, 3, 3), date(2027, 1, 4)), deep)
        if deep and isinstance(what, list | tuple | dict):
            for each in what.values() if isinstance(what, dict) else what:
                look(each, deep - 1)
        if isinstance(what, Accepted | Parameter | Rejected):
            look([getattr(what, name) for name in ("advice", "history", "would_pass") if hasattr(what, name)], deep)

    for name, case in CASES.items():
        if name not in ("compare", "Comparison", "tune", "walk forward", "smallest_account", "cerebro after a run", "strategy"):
            look(case.make())
    assert [kind.__name__ for kind in SEEN if kind not in kinds] == []


def test_a_search_over_a_strategy_file_is_read_where_the_file_was_not(tmp_path: Path) -> None:
    """Its strategy travels as the file's text: another process, another folder, the file gone."""
    file = tmp_path / "mine.py"
    file.write_text((samples().strategies / "opening_range_breakout.py").read_text(encoding="utf-8"), encoding="utf-8")
    found = bt_pdt.tune(file, bars(), {"cash": [20_000, 30_000]}, jobs=1)
    (tmp_path / "found.pickle").write_bytes(pickle.dumps(found))
    file.unlink()
    script = """
        import pickle, sys
        found = pickle.loads(open(sys.argv[1], "rb").read())
        print(found, found.plan.strategy.__name__)
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "found.pickle")], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == f"{found!r} {found.plan.strategy.__name__}"
