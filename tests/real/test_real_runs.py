"""Strategies over real bars: what holds on any data, for every way to block. Read only where ``../shared/data`` is present.

What is checked against is worked out here: fills come from the host's own executions, day trades from the oracle's counter, prices from
the bars, sessions from the oracle's calendar. Paragraphs are those of alpaca.md.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import backtrader as bt
import oracle
import pytest
from made import Agreeing, agree

from bt_pdt.account.account import Account
from bt_pdt.bars import Bars, load
from bt_pdt.core.journal import CashEntry
from bt_pdt.core.orders import Asset
from bt_pdt.host.analyzer import ComplianceAnalyzer
from bt_pdt.host.fast.feeds import feeds

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data"


class Set(NamedTuple):
    """A part of a file of real bars."""

    file: str
    symbols: tuple[str, ...]
    first: str
    last: str
    assets: tuple[Asset, ...] = ()


SETS = {
    "SPY 2011": Set("spy_1min_extended_2011-01_2011-03", ("SPY",), "2011-01-03", "2011-03-31"),
    "four in 2013": Set("lean_us_equity_1min_extended", ("AIG", "BAC", "IBM", "SPY"), "2013-10-04", "2013-10-11"),
    "GOOG 2015": Set("lean_us_equity_1min_extended", ("GOOG",), "2015-12-23", "2015-12-28"),
    "2019 with TZA": Set(
        "us_equity_1min_2019-02-11_2019-02-15",
        ("AAPL", "SPY", "TSLA", "TZA"),
        "2019-02-11",
        "2019-02-15",
        (Asset("TZA", leverage=-3),),
    ),
}
ACCOUNTS: dict[str, dict[str, Any]] = {
    **{f"24,000, {block}": {"cash": 24_000.0, "block_on": block} for block in ("entry", "exit", "both")},
    "flagged, 30,000, entry": {"cash": 30_000.0, "block_on": "entry", "account": {"pattern_day_trader": True}},
}
STRATEGIES = ("opening_range_breakout", "sma_cross_intraday", "mean_reversion_brackets", "pairs_long_short", "overnight_gap_hold")


def combinations() -> list[Any]:
    found = []
    for name, strategy, account in itertools.product(SETS, STRATEGIES, ACCOUNTS):
        if strategy == "pairs_long_short" and len(SETS[name].symbols) < 2:
            continue
        if strategy in ("overnight_gap_hold", "mean_reversion_brackets") and account in ("24,000, entry", "24,000, exit"):
            continue  # no day trades, or brackets that either check refuses (P13): both says what either says
        found.append(pytest.param(name, strategy, account, id=f"{name}-{strategy}-{account}"))
    return found


@lru_cache(maxsize=1)
def bars_of(name: str) -> Bars:
    wanted = SETS[name]
    path = FOLDER / f"{wanted.file}.parquet"
    if not path.exists():
        pytest.skip(f"real bars are not on this machine: {path} is missing")
    return load(path).only(wanted.symbols).between(wanted.first, wanted.last)


@lru_cache
def strategy_of(name: str) -> type[bt.Strategy]:
    spec = importlib.util.spec_from_file_location(f"real_{name}", ROOT / "strategies" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    (found,) = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, bt.Strategy)]
    return found


class Execution(NamedTuple):
    at: datetime
    symbol: str
    qty: float
    price: float


class Executions(bt.Analyzer):
    """What the host executed, in its own words."""

    def start(self) -> None:
        self.found: list[Execution] = []
        self._seen: dict[int, int] = {}

    def notify_order(self, order: Any) -> None:
        if order.status not in (order.Partial, order.Completed):
            return
        bits = order.executed.exbits
        for i in range(self._seen.get(order.ref, 0), len(bits)):
            bit = bits[i]
            self.found.append(Execution(bt.num2date(bit.dt).replace(microsecond=0), order.data._name, bit.size, bit.price))
        self._seen[order.ref] = len(bits)


class Asked(NamedTuple):
    """An order at the moment it was sent, and what the account said of itself just before."""

    request: Any
    decision: Any
    session: date
    position: float
    buying_power: float
    daytrading_buying_power: float
    multiplier: int
    last_equity: float
    pending: frozenset[tuple[str, str]]  # (symbol, side) of what works already, exits of brackets included


class Run(NamedTuple):
    bars: Bars
    broker: Any
    analysis: dict[str, Any]
    fills: list[Execution]
    asked: list[Asked]


@lru_cache(maxsize=4)
def run(name: str, strategy: str, account: str) -> Run:
    bars = bars_of(name)
    asked: list[Asked] = []
    submit = Account.submit

    def watched(self: Account, request: Any) -> Any:
        self.advance(request.at)
        state = self.state
        pending = frozenset((order.symbol, order.side) for order in self.ledger.orders.values())
        before = self.check(request)
        decision = submit(self, request)
        assert before == decision
        asked.append(
            Asked(
                request,
                decision,
                state.session,
                self.position(request.symbol),
                state.buying_power,
                state.daytrading_buying_power or 0.0,
                state.multiplier,
                state.last_equity,
                pending,
            )
        )
        return decision

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(Agreeing(assets=SETS[name].assets, **ACCOUNTS[account]))
    for feed in feeds(bars):
        cerebro.adddata(feed)
    cerebro.addstrategy(strategy_of(strategy))
    cerebro.addanalyzer(ComplianceAnalyzer, _name="compliance")
    cerebro.addanalyzer(Executions, _name="executions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "submit", watched)
        done = cerebro.run()[0]
    return Run(bars, done.broker, done.analyzers.compliance.get_analysis(), done.analyzers.executions.found, asked)


@lru_cache(maxsize=1)
def sessions_of(first: date, last: date) -> list[date]:
    found = [first]
    while found[-1] < last:
        found.append(oracle.session_after(found[-1]))
    return found


def counted(fills: list[Execution]) -> dict[date, int]:
    """Day trades by session, recounted from the executions by the oracle's counter (1.2)."""
    held: dict[str, float] = {}
    found: dict[date, int] = {}
    for day, of_day in itertools.groupby(fills, key=lambda fill: fill.at.date()):
        by_symbol: dict[str, list[float]] = {}
        for fill in of_day:
            by_symbol.setdefault(fill.symbol, []).append(fill.qty)
        found[day] = sum(oracle.count_direction(held.get(symbol, 0.0), qtys) for symbol, qtys in by_symbol.items())
        for symbol, qtys in by_symbol.items():
            held[symbol] = held.get(symbol, 0.0) + sum(qtys)
    return found


def in_window(counts: dict[date, int], day: date) -> int:
    """P4: five business days, ``day`` included."""
    first = oracle.session_after(day, -4)
    return sum(count for each, count in counts.items() if first <= each <= day)


def last_price(bars: Bars, symbol: str, at: datetime) -> float:
    frame = _frame(bars.sha256, symbol, bars)
    return float(frame.close.iloc[frame.index.searchsorted(at, side="right") - 1])


@lru_cache
def _frame(_: str, symbol: str, bars: Bars) -> Any:
    return bars.frame(symbol)


def opening_value(ask: Asked, last: float) -> float:
    """O1 to O3: what an opening order is worth; 0 for one that closes."""
    request = ask.request
    if ask.position * request.sign < 0 or request.order_class == "oco":
        return 0.0
    price = request.limit_price if request.type in ("limit", "stop_limit") else None
    if request.side == "sell":
        return float(request.qty * max(price or 0.0, 1.03 * last))
    if price is None:
        base = request.stop_price or last
        price = base * (1.04 if base < 50 else 1.025)
    return float(request.qty * price)


@pytest.mark.parametrize("block", ["exit", "both"])
@pytest.mark.long
def test_the_breakout_on_spy_2011_meets_the_count_and_nothing_else(block: str) -> None:
    done = run("SPY 2011", "opening_range_breakout", f"24,000, {block}")
    refused = [ask for ask in done.asked if not ask.decision.accepted]
    assert refused and {str(ask.decision.reason) for ask in refused} == {"PDT_COUNT"}
    assert done.analysis["refused_PDT_COUNT"] == len(refused) == done.analysis["refusals"]
    for ask in refused:
        assert ask.last_equity < 25_000
        before = [fill for fill in done.fills if fill.at <= ask.request.at]
        used = in_window(counted(before), ask.session)
        signed = ask.request.sign * ask.request.qty
        if ask.position * signed < 0:  # it would close: the fourth is made by its execution
            after = [*before, Execution(ask.request.at, ask.request.symbol, signed, 0.0)]
            assert (used, in_window(counted(after), ask.session)) == (3, 4), ask
        elif block == "both":  # it would open with three used or pending
            assert used == 3, ask
        else:  # P10: under exit an opening order is refused only beside a pending one of the other side
            other = "sell" if ask.request.side == "buy" else "buy"
            assert used == 3 and (ask.request.symbol, other) in ask.pending, ask
    # and what was let through under `both` had a day trade left
    for ask in done.asked:
        if block == "both" and ask.decision.accepted and ask.position * ask.request.sign >= 0:
            assert in_window(counted([fill for fill in done.fills if fill.at <= ask.request.at]), ask.session) <= 2, ask


def test_block_on_exit_holds_over_night_what_it_may_not_sell() -> None:
    """1.4: under exit the entry passes and the position stays; under entry it is not opened and nothing stays."""
    exit_run, entry_run = (run("SPY 2011", "opening_range_breakout", f"24,000, {block}") for block in ("exit", "entry"))
    nights = {}
    for name, done in (("exit", exit_run), ("entry", entry_run)):
        totals = {day: sum(f.qty for f in done.fills if f.at.date() <= day) for day in counted(done.fills)}
        nights[name] = sum(1 for total in totals.values() if total)
    assert nights["exit"] > 0 and nights["entry"] == 0


@pytest.mark.long
@pytest.mark.parametrize(("name", "strategy", "account"), combinations())
def test_what_holds_on_any_data(name: str, strategy: str, account: str) -> None:
    done = run(name, strategy, account)
    rows = done.analysis["session_list"]
    block = ACCOUNTS[account]["block_on"]

    # the host's books are the account's (after every bar too, by Agreeing) and both are what was executed, less interest
    agree(done.broker)
    assert done.fills, "the strategy traded"
    spent = sum(fill.qty * fill.price for fill in done.fills)
    charged = [entry for entry in done.broker.account.journal if isinstance(entry, CashEntry)]
    assert {entry.kind for entry in charged} <= {"interest"}
    costs = sum(entry.amount for entry in charged)
    assert costs <= 0.0 and done.broker.account.cash == pytest.approx(ACCOUNTS[account]["cash"] - spent + costs, abs=0.01)
    held: dict[str, float] = {}
    for fill in done.fills:
        held[fill.symbol] = held.get(fill.symbol, 0.0) + fill.qty
    assert {s: q for s, q in held.items() if q} == done.broker.account.positions

    # sessions are the exchange's from the first bar to the last
    assert [row["session"] for row in rows] == [d.isoformat() for d in sessions_of(done.bars.first.date(), done.bars.last.date())]

    # no accepted opening order was above what it was measured by (O4, D6)
    for ask in done.asked:
        if ask.decision.accepted:
            value = opening_value(ask, last_price(done.bars, ask.request.symbol, ask.request.at))
            if value:
                assert value <= ask.buying_power + 0.005, ask
                if ask.multiplier == 4 and block in ("entry", "both"):
                    assert value <= ask.daytrading_buying_power + 0.005, ask

    # closing is never refused for money (design.md 7)
    for ask in done.asked:
        if not ask.decision.accepted and ask.position * ask.request.sign < 0:
            assert str(ask.decision.reason) in ("PDT_COUNT", "DTBP", "PDT_RESTRICTED_DAYTRADE", "QTY", "WASH", "PRICE"), ask

    # DTBP stays between 0 and its start (D4), and is there at multiplier 4 only (D1)
    for row in rows:
        assert 0.0 <= row["lowest_daytrading_buying_power"] <= row["bod_dtbp"], row
        assert row["multiplier"] == 4 or row["bod_dtbp"] == 0.0, row

    # day trades as recounted; under 25,000 never a fourth (P2, P3)
    counts = counted(done.fills)
    listed: dict[date, int] = {}
    for entry in done.analysis["day_trade_list"]:
        day = date.fromisoformat(entry["session"])
        listed[day] = listed.get(day, 0) + entry["count"]
    assert listed == {day: n for day, n in counts.items() if n}
    equities = [ACCOUNTS[account]["cash"], *(row["equity"] for row in rows)]
    for row, last_equity in zip(rows, equities, strict=False):
        day = date.fromisoformat(row["session"])
        assert row["daytrade_count"] == in_window(counts, day)
        if block in ("exit", "both") and last_equity < 25_000 and counts.get(day):
            assert in_window(counts, day) <= 3, row

    # every refusal says what the brokerage says, and why
    assert len(done.analysis["refusal_list"]) == sum(not ask.decision.accepted for ask in done.asked)
    for refusal in done.analysis["refusal_list"]:
        assert refusal["http_status"] in (403, 422) and isinstance(refusal["code"], int), refusal
        assert refusal["message"] and refusal["why"] and refusal["rule"], refusal
