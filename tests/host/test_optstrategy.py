"""``cerebro.optstrategy`` on several processes: every analyzer of backtrader comes back with what a run of its own gives, and nothing waits for ever."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bt_pdt
from bt_pdt import MarginBroker

sys.path.insert(0, str(Path(__file__).parent))
import backtrader as bt
from made import feed, walk

ENGINES = {"backtrader": bt.Cerebro, "bt_pdt": bt_pdt.Cerebro}
ANALYZERS = sorted(
    name
    for name, kind in vars(bt.analyzers).items()
    if isinstance(kind, type) and issubclass(kind, bt.Analyzer) and name not in ("Analyzer", "TimeFrameAnalyzerBase")
)
PERIODS = (5, 7, 9)


class Trades(bt.Strategy):
    """Trades and is refused at times; the period 99 is an error that only the run finds."""

    params = (("period", 5),)

    def __init__(self) -> None:
        self.mean = bt.ind.SMA(period=self.p.period)
        self.refused: list[Any] = []

    def notify_order(self, order: Any) -> None:
        if order.status == order.Rejected:
            self.refused.append(order)

    def next(self) -> None:
        if self.p.period == 99:
            bt_pdt.OrderRequest("SPY", "hold", 1)
        turn = len(self) % (4 * self.p.period)
        if turn == 1:
            self.buy_bracket(size=30, limitprice=self.data.close[0] + 1, stopprice=self.data.close[0] - 1)
        elif turn == 3:
            self.buy(size=3_000)
        elif turn == self.p.period:
            self.close()


def cerebro(engine: str, **words: Any) -> Any:
    made = ENGINES[engine](**words)
    made.setbroker(MarginBroker(cash=24_000.0))
    made.adddata(feed(walk(7, days=4)))
    for observer in (bt_pdt.DayTradeCount, bt_pdt.DayTradingBuyingPower):
        made.addobserver(observer)
    for name in ANALYZERS:
        made.addanalyzer(getattr(bt.analyzers, name), _name=name)
    made.addanalyzer(bt_pdt.ComplianceAnalyzer, _name="compliance")
    return made


def said(result: Any) -> dict[str, str]:
    """What the analyzers of a strategy, or of what backtrader leaves of one, say."""
    return {name: repr(result.analyzers.getbyname(name).get_analysis()) for name in (*ANALYZERS, "compliance")}


def held(strategy: Any) -> Any:
    """What a whole strategy has of the account."""
    account = strategy.broker.account
    refused = [order.info["decision"] for order in strategy.refused]
    assert refused
    return account.state, account.journal, account.sessions, account.day_trades, refused, repr(list(strategy.mean.array))


def several(engine: str, optreturn: bool, periods: tuple[int, ...] = PERIODS) -> Any:
    made = cerebro(engine, maxcpus=2, optreturn=optreturn)
    made.optstrategy(Trades, period=periods)
    return [[(said(result), None if optreturn else held(result)) for result in variant] for variant in made.run()]


def alone(engine: str) -> Any:
    found = []
    for period in PERIODS:
        made = cerebro(engine)
        made.addstrategy(Trades, period=period)
        (strategy,) = made.run()
        found.append((said(strategy), held(strategy)))
    return found


def three_ways(engine: str) -> Any:
    return alone(engine), several(engine, True), several(engine, False)


def in_time(call: str) -> Any:
    """What a call of this module gives in a process of its own; a hang is a failure, not the end of the tests."""
    begin = f"import pickle, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_optstrategy as t"
    script = f"{begin}\nif __name__ == '__main__': sys.stdout.buffer.write(pickle.dumps(t.{call}))"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, timeout=180, check=False)
    assert ran.returncode == 0, ran.stderr.decode()[-2_000:]
    return pickle.loads(ran.stdout)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_processes_give_what_each_run_alone_gives(engine: str) -> None:
    """The analyzers alone come back (``optreturn``), or whole strategies with the broker and the account that each ran under."""
    wanted, reduced, whole = in_time(f"three_ways({engine!r})")
    assert len(ANALYZERS) > 15 and len(reduced) == len(whole) == len(PERIODS)
    for (analyses, account), ((some, none),), ((all_, its),) in zip(wanted, reduced, whole, strict=True):
        assert [name for name, text in analyses.items() if some[name] != text or all_[name] != text] == []
        assert none is None and its == account


def refused_run() -> str:
    try:
        several("backtrader", True, (99, 5, 7))
    except bt_pdt.BadInput as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def test_an_error_of_a_worker_comes_back_as_its_sentence() -> None:
    assert in_time("refused_run()") == "UnknownName: side 'hold' is not known; known: buy, sell."
