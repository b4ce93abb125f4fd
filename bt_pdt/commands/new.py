"""``bt-pdt new``: a strategy that handles rejected orders, and its test."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import Any

import click

from ..core.errors import BadInput
from .common import print_json

#: Modules that the two files import: a strategy of that name would hide them.
TAKEN = {"backtrader", "bt_pdt", "pytest", *sys.stdlib_module_names}


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--dir", "folder", metavar="DIR", default=".", help="Where the two files go (default: here).")
@click.option("--json", "as_json", is_flag=True, help="The names of what was written as one JSON object.")
def new(name: str, folder: str, as_json: bool) -> None:
    """Writes NAME.py, a strategy that handles refusals, and test_NAME.py, which runs it on bundled bars. Overwrites nothing.

    \b
    bt-pdt new my_idea
    python -m pytest test_my_idea.py
    """
    written = write(name, Path(folder))
    strategy, test = written
    if as_json:
        print_json({"class": class_name(name), "strategy": str(strategy), "test": str(test)})
        return
    click.echo(f"wrote {strategy} and {test}")
    click.echo(f"try:  python -m pytest {test}")
    click.echo(f"      bt-pdt run {strategy} --data FILE --cash 24000 --block-on exit")


def class_name(name: str) -> str:
    """``my_idea`` -> ``MyIdea``; a name with capitals stays."""
    return name if name != name.lower() else "".join(part.capitalize() for part in name.split("_"))


def require_name(name: str) -> str:
    """``name`` if a Python module and a class can be called so; raises :class:`BadInput` otherwise, with one that can."""
    near = re.sub(r"[^0-9A-Za-z]+", "_", name.removesuffix(".py")).strip("_") or "my_idea"
    near = f"strategy_{near}" if not near.isidentifier() or keyword.iskeyword(near) or near in TAKEN else near
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name) or not class_name(name):
        raise BadInput(f"NAME must be a Python name like my_idea, got {name!r}; how about {near!r}?")
    if name in TAKEN:
        raise BadInput(f"NAME {name!r} would hide the Python module of that name; how about {near!r}?")
    if name.startswith("test_"):
        raise BadInput(f"NAME {name!r}: pytest would take the strategy for a test; how about {name.removeprefix('test_')!r}?")
    return name


def write(name: str, folder: Path) -> tuple[Path, Path]:
    """Writes the strategy and its test, both or neither; returns their paths."""
    require_name(name)
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in paths:
        if path.exists():
            raise BadInput(f"{path}: is there already and is not overwritten; choose another NAME or --dir.")
    texts: tuple[str, ...] = tuple(text.replace("NAME", name).replace("CLASS", class_name(name)) for text in (STRATEGY, TEST))
    made: list[Any] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise BadInput(f"--dir {folder}: cannot be written to ({(error.strerror or str(error)).lower()}).") from None
    return paths


STRATEGY = '''"""CLASS: a strategy that handles rejected orders."""

import datetime

import backtrader as bt


class CLASS(bt.Strategy):
    """Put your idea into `wants_in` and `wants_out`; the rest handles the answers.

    Reads minute bars stamped with their END in New York time (what bt_pdt.load gives).
    Runs on stock backtrader too, where every order is accepted.
    """

    params = (
        ("cash_per_trade", 5_000.0),  # dollars
        ("fast", 10),  # bars
        ("slow", 40),  # bars
        ("flat_by", datetime.time(15, 50)),  # New York time
        ("ask_first", True),  # ask the account before an entry is sent
        ("verbose", False),  # print what the broker says
    )

    def __init__(self):
        self.cross = {}
        for data in self.datas:
            fast = bt.ind.SMA(data.close, period=self.p.fast)
            slow = bt.ind.SMA(data.close, period=self.p.slow)
            self.cross[data] = bt.ind.CrossOver(fast, slow)
        self.order = dict.fromkeys(self.datas)  # the one order on its way
        self.wait = {}  # (feed, "in" or "out"): not before this day
        self.owed = set()  # ids of open margin calls
        self.refusals = []  # (day, symbol, "in" or "out", reason)

    # -- the idea

    def wants_in(self, data):
        return self.cross[data][0] > 0 and data.datetime.time(0) < self.p.flat_by

    def wants_out(self, data):
        return self.cross[data][0] < 0 or data.datetime.time(0) >= self.p.flat_by

    # -- orders: one at a time for a symbol

    def next(self):
        for data in self.datas:
            if len(data) and self.order[data] is None:
                self.trade(data)

    def trade(self, data):
        today = data.datetime.date(0)
        if self.getposition(data).size:
            # an exit that was refused is still wanted on the day it would pass
            stuck = (data, "out") in self.wait
            if (stuck or self.wants_out(data)) and self.may_ask(data, "out", today):
                self.order[data] = self.close(data=data)
        elif self.wants_in(data) and self.may_ask(data, "in", today):
            size = self.size_of(data)
            if size > 0:
                self.order[data] = self.buy(data=data, size=size)

    def may_ask(self, data, way, today):
        """Not what was refused today, and no entry while a margin call is open."""
        if way == "in" and self.owed:
            return False
        return today >= self.wait.get((data, way), today)

    def size_of(self, data):
        """Shares to buy: what every rule allows, 0 if they could not be sold today."""
        price = data.close[0]
        size = int(self.p.cash_per_trade / price)
        account = getattr(self.broker, "account", None)  # only bt_pdt has one
        if account is None or not self.p.ask_first:
            return size
        account.mark({data._name: price})  # it values at the last price it was told
        ahead = account.forecast()  # (session, day trades left), None: not counted
        open_ = sum(bool(self.order[d] or self.getposition(d).size) for d in self.datas)
        if ahead is not None and ahead[0][1] <= open_:
            return 0  # those that are open may need theirs
        return int(min(size, account.max_quantity(data._name, "buy")))

    # -- answers

    def notify_order(self, order):
        if order.alive():
            return
        data = order.data
        way = "in" if order.isbuy() else "out"
        if self.order[data] is not None and order.ref == self.order[data].ref:
            self.order[data] = None
        if order.status in (order.Rejected, order.Margin):
            self.refused(order, data, way)
        elif order.status == order.Completed:
            self.wait.pop((data, way), None)

    def refused(self, order, data, way):
        """The next bar would bring the same answer: wait until it would pass."""
        today = data.datetime.date(0)
        again = today + datetime.timedelta(days=1)
        reason, why = "MARGIN", "not enough cash"
        if "reason" in order.info:  # bt_pdt says why, and what would have passed
            decision = order.info["decision"]
            reason, why = str(order.info["reason"]), decision.why
            again = max(again, decision.would_pass.on or again)
            if decision.would_pass.qty:
                why += f" {decision.would_pass.qty:g} shares would pass."
        self.wait[data, way] = again
        self.refusals.append((today, data._name, way, reason))
        self.say(f"{reason}, again on {again}: {why}")

    def notify_store(self, msg, *args, **kwargs):
        """Margin calls and restrictions, as bt_pdt tells them."""
        self.say(msg)
        call = kwargs.get("call")
        if msg == "call_issued":
            self.owed.add(call.id)
        elif msg in ("call_met", "call_closed", "call_expired"):
            self.owed.discard(call.id)

    def say(self, text):
        if self.p.verbose:
            print(self.data.datetime.datetime(0), text)
'''

TEST = '''"""CLASS on bt_pdt's synthetic bars, under US margin law and without it."""

from collections import Counter
from datetime import date

import backtrader as bt
import pytest
from bt_pdt.runs import load_bars, run, samples

from NAME import CLASS

SAMPLE = "synthetic_1min_2026-05-07_2026-07-06.parquet"


@pytest.fixture(scope="module")
def bars():
    """Twelve sessions under the pattern day trader rule."""
    file = samples().data / SAMPLE
    return load_bars(file, symbols=["IDXE", "LRGE"], todate=date(2026, 5, 22))


def test_it_asks_before_it_sends(bars):
    result = run(CLASS, bars, cash=24_000, block_on="exit")
    assert result.summary["fills"] > 0
    assert result.summary["refused"] == 0, result.refusals["why"].iloc[0]


@pytest.mark.parametrize("block_on", ["entry", "exit"])
def test_what_is_refused_is_not_asked_again_that_day(bars, block_on):
    params = {"ask_first": False}
    result = run(CLASS, bars, cash=24_000, block_on=block_on, params=params)
    refused = result.refusals
    assert len(refused) > 0, "the bars are meant to bring it against the rules"
    keys = refused[["session", "symbol", "side"]].itertuples(index=False)
    assert max(Counter(keys).values()) == 1


def test_a_refused_exit_is_made_up_for(bars):
    params = {"ask_first": False}
    result = run(CLASS, bars, cash=24_000, block_on="exit", params=params)
    stuck = result.held_overnight
    assert len(stuck) > 0
    for day, symbol in zip(stuck["session"], stuck["symbol"], strict=True):
        later = result.fills[result.fills["session"] > day]
        sold = later[(later["symbol"] == symbol) & (later["side"] == "sell")]
        assert len(sold) > 0 or day == result.sessions["session"].iloc[-1]


def test_it_runs_on_stock_backtrader(bars):
    import bt_pdt

    cerebro = bt.Cerebro(stdstats=False)
    for feed in bt_pdt.feeds(bars):
        cerebro.adddata(feed)
    cerebro.broker.setcash(24_000)
    cerebro.addstrategy(CLASS)
    strategy = cerebro.run()[0]
    assert strategy.refusals == []
'''
