"""Every story told twice: to the account alone, and through cerebro on made bars. The verdicts are those of the story both times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import backtrader as bt
import call_stories  # noqa: F401  they put themselves beside the others
import numpy as np
import pytest
from made import Agreeing, agree
from stories import OK, STORIES, WIRE, Cancel, Day, Money, Order, Price, Sees, Story

from bt_pdt.account.account import Account
from bt_pdt.bars import Bars
from bt_pdt.bars.model import SymbolBars
from bt_pdt.core.journal import CashEntry
from bt_pdt.core.orders import Asset, Fill, OrderRequest
from bt_pdt.core.sessions import close_of
from bt_pdt.host.fast.feeds import feeds

MINUTES = 30


class Line(NamedTuple):
    at: datetime
    what: Any
    verdict: str | None


def lines(story: Story) -> Iterator[Line]:
    day = story.day
    for entry in story.lines:
        if isinstance(entry, Day):
            day = entry.date
            continue
        minute, what, *verdict = entry
        yield Line(datetime.fromisoformat(f"{day} {minute}"), what, verdict[0] if verdict else None)


def days(story: Story) -> list[str]:
    return [story.day, *(entry.date for entry in story.lines if isinstance(entry, Day))]


def stamps(story: Story) -> list[datetime]:
    """Ends of the bars: 09:31 to 10:00 and the close (16:00, or earlier) of every day told; the days between have no bars."""
    found = []
    for day in days(story):
        begin = datetime.fromisoformat(f"{day} 09:31")
        found += [begin + timedelta(minutes=i) for i in range(MINUTES)] + [close_of(begin.date())]
    return found


def prices(story: Story) -> dict[str, list[float]]:
    """The price of every symbol at every stamp."""
    moves = [line for line in lines(story) if isinstance(line.what, Price)]
    found: dict[str, list[float]] = {symbol: [] for symbol in story.prices}
    for at in stamps(story):
        for symbol, first in story.prices.items():
            known = [m.what.value for m in moves if m.what.symbol == symbol and m.at <= at]
            found[symbol].append(known[-1] if known else first)
    return found


def arguments(story: Story) -> dict[str, Any]:
    """The story's account, its symbols as assets and dates as dates."""
    words = dict(story.before)
    words["assets"] = tuple(Asset(**facts) for facts in words.pop("assets", ()))
    words["daytrades"] = tuple((datetime.fromisoformat(day).date(), symbol, n) for day, symbol, n in words.pop("daytrades", ()))
    return words


def numbers(account: Account) -> dict[str, Any]:
    state = account.state
    return {
        "count": state.daytrade_count,
        "dtbp": state.daytrading_buying_power,
        "bod": state.bod_dtbp,
        "bp": state.buying_power,
        "cash": state.cash,
        "flag": state.pattern_day_trader,
        "multiplier": state.multiplier,
        "positions": dict(state.positions),
        "day_trades": {f"{day} {symbol}": count for day, symbol, count in account.day_trades},
        "level": state.intraday_margin_level,
        "deficit": state.intraday_margin_deficit,
        "restricted": tuple(sorted(set(state.restrictions))),
        "calls": [told(call.to_dict(), "kind", "amount", "issued_on", "due_on", "status", "ended_on") for call in account.calls],
        "restrictions": [told(each.to_dict(), "kind", "from", "until") for each in account.restrictions],
    }


def told(line: dict[str, Any], *keys: str) -> tuple[Any, ...]:
    return tuple(line[key] for key in keys)


def require(wanted: dict[str, Any], account: Account, where: str) -> None:
    wanted = dict(wanted)
    rows = {row["session"]: row for row in account.sessions}
    for day, values in wanted.pop("rows", {}).items():
        assert {name: rows[day][name] for name in values} == close_to(values), (where, day)
    got = {name: value for name, value in numbers(account).items() if name in wanted}
    assert wanted.keys() == got.keys()
    assert got == close_to(wanted), where


def close_to(wanted: dict[str, Any]) -> dict[str, Any]:
    """Dollars to the cent."""
    return {name: pytest.approx(v, abs=0.0051) if isinstance(v, float) else v for name, v in wanted.items()}


def require_wire(story: Story, verdict: str, http_status: Any, code: Any, message: str, why: str) -> None:
    status, number, begins = WIRE[verdict]
    if story.before.get("brokerage", "alpaca") != "alpaca":  # its words are not known: no code, a sentence
        assert (http_status, code) == (403, None) and message and why
        return
    assert (http_status, code) == (status, number)
    assert message.startswith(begins) and (verdict == "QTY" or message == begins)
    assert why


# -- the account alone


class Working(NamedTuple):
    """An order on the exchange of the first track."""

    id: str
    what: Order
    kind: str
    price: float | None
    root: str


class Exchange:
    """Fills market orders at the price of the minute after, limits and stops once the price is there."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.working: list[Working] = []
        self.sent: dict[str, str] = {}

    def take(self, order_id: str, what: Order) -> None:
        kind, price = ("limit", what.limit) if what.limit else ("stop", what.stop) if what.stop else ("market", None)
        self.working.append(Working(order_id, what, kind, price, order_id))

    def match(self, at: datetime, last: dict[str, float]) -> None:
        for order in list(self.working):
            if order not in self.working:
                continue
            price, buying = last[order.what.symbol], order.what.side == "buy"
            limit = order.kind == "limit" and order.price is not None and (price <= order.price if buying else price >= order.price)
            stop = order.kind == "stop" and order.price is not None and (price >= order.price if buying else price <= order.price)
            if order.kind == "market" or limit or stop:
                self.fill(order, price, at)

    def fill(self, order: Working, price: float, at: datetime) -> None:
        what = order.what
        self.account.post(Fill(what.symbol, what.side, what.qty, price, order.id, at=at))
        self.working = [each for each in self.working if each.root != order.root]
        if what.take_profit is not None and order.id == order.root:
            away = what._replace(side="sell")
            self.working.append(Working(f"{order.id}.tp", away, "limit", what.take_profit, order.id))
            self.working.append(Working(f"{order.id}.sl", away, "stop", what.stop_loss, order.id))


def request_of(what: Order, at: datetime, order_id: str) -> OrderRequest:
    kind = "limit" if what.limit else "stop" if what.stop else "market"
    exits = {"order_class": "bracket", "take_profit": what.take_profit, "stop_loss": what.stop_loss} if what.take_profit else {}
    return OrderRequest(
        what.symbol,
        what.side,
        what.qty,
        type=kind,
        limit_price=what.limit,
        stop_price=what.stop,
        time_in_force="gtc",
        id=order_id,
        at=at,
        **exits,
    )


def told_to_the_account(story: Story) -> list[str]:
    """The verdicts of the account alone; what it is asked with ``check`` beforehand must be the same."""
    words = arguments(story)
    times = stamps(story)
    table = prices(story)
    account = Account(words.pop("cash"), at=times[0], **words)
    exchange = Exchange(account)
    by_time: dict[datetime, list[Line]] = {}
    for line in lines(story):
        by_time.setdefault(line.at, []).append(line)
    verdicts = []
    for i, at in enumerate(times):
        last = {symbol: column[i] for symbol, column in table.items()}
        account.advance(at)
        exchange.match(at, last)
        account.mark(last)
        for line in by_time.pop(at, ()):
            where = f"{story.title}, {line.at}"
            if isinstance(line.what, Sees):
                require(line.what.numbers, account, where)
            elif isinstance(line.what, Cancel):
                order_id = exchange.sent[f"{at.date()} {line.what.sent}"]
                account.release(order_id)
                exchange.working = [each for each in exchange.working if each.root != order_id]
            elif isinstance(line.what, Money):
                move_money(account, line.what.amount)
            elif isinstance(line.what, Order):
                order_id = str(len(verdicts) + 1)
                request = request_of(line.what, at, order_id)
                before = account.check(request)
                decision = account.submit(request)
                assert before == decision, where
                verdicts.append(str(getattr(decision, "reason", OK)))
                if decision.accepted:
                    exchange.take(order_id, line.what)
                    exchange.sent[f"{at:%Y-%m-%d %H:%M}"] = order_id
                elif verdicts[-1] == line.verdict:
                    require_wire(story, line.verdict, decision.http_status, decision.code, decision.message, decision.why)
        if at == close_of(at.date()):
            account.close_session(at.date(), last)
    assert not by_time, f"lines of {story.title} at no bar: {list(by_time)}"
    require(story.after, account, story.title)
    return verdicts + withdrawn(account)


def move_money(account: Account, amount: float) -> None:
    if amount > 0:
        account.deposit(amount)
    else:
        account.withdraw(-amount)


def withdrawn(account: Account) -> list[str]:
    """The verdicts of the withdrawals."""
    decisions = [e.decision for e in account.journal if isinstance(e, CashEntry) and e.kind == "withdraw"]
    return [str(getattr(decision, "reason", OK)) for decision in decisions]


# -- through cerebro


class Told(bt.Strategy):
    """Does the story's lines at their bars."""

    params = (("story", None),)

    def __init__(self) -> None:
        self.script: dict[datetime, list[Line]] = {}
        for line in lines(self.p.story):
            self.script.setdefault(line.at, []).append(line)
        self.sent: dict[datetime, Any] = {}
        self.verdicts: list[str] = []
        self.statuses: dict[int, int] = {}

    def notify_order(self, order: Any) -> None:
        self.statuses[order.ref] = order.status

    def next(self) -> None:
        now = bt.num2date(self.datas[0].datetime[0])
        for line in self.script.pop(now.replace(microsecond=0), ()):
            if isinstance(line.what, Sees):  # between events the account is marked at orders only
                self.broker.account.mark({data._name: data.close[0] for data in self.datas})
                require(line.what.numbers, self.broker.account, f"{self.p.story.title}, {line.at}")
            elif isinstance(line.what, Cancel):
                self.cancel(self.sent[datetime.fromisoformat(f"{line.at.date()} {line.what.sent}")])
            elif isinstance(line.what, Money):
                self.broker.add_cash(line.what.amount)  # moves at the next bar
            elif isinstance(line.what, Order):
                self.send(line)

    def send(self, line: Line) -> None:
        what: Order = line.what
        data = self.getdatabyname(what.symbol)
        side: Callable[..., Any] = self.buy if what.side == "buy" else self.sell
        if what.take_profit is not None:
            words = {"price": what.limit, "limitprice": what.take_profit, "stopprice": what.stop_loss}
            order = self.buy_bracket(data=data, size=what.qty, exectype=bt.Order.Limit, **words)[0]
        elif what.limit is not None:
            order = side(data=data, size=what.qty, exectype=bt.Order.Limit, price=what.limit)
        elif what.stop is not None:
            order = side(data=data, size=what.qty, exectype=bt.Order.Stop, price=what.stop)
        else:
            order = side(data=data, size=what.qty)
        refused = order.status == bt.Order.Rejected
        assert refused == ("reason" in order.info)
        self.verdicts.append(str(order.info["reason"]) if refused else OK)
        self.sent[line.at] = order
        if refused and self.verdicts[-1] == line.verdict:
            info = order.info
            require_wire(self.p.story, line.verdict, info["http_status"], info["code"], info["message"], info["decision"].why)


def made_bars(story: Story) -> Bars:
    """Every symbol at its price of the minute: open, high, low and close are one."""
    times = np.array(stamps(story), dtype="datetime64[us]")
    volume = np.full(len(times), 1e6)
    data = {}
    for symbol, column in prices(story).items():
        flat = np.array(column)
        data[symbol] = SymbolBars(times, flat, flat, flat, flat, volume)
    return Bars(data, timeframe="minutes", compression=1)


def told_to_cerebro(story: Story) -> list[str]:
    """The verdicts through ``strategy.buy()`` and ``strategy.sell()``; host and ledger agree after every bar."""
    words = arguments(story)
    own = ("brokerage", "cash", "rules", "pdt_check", "dtbp_check", "set", "assets")
    broker_words = {name: words.pop(name) for name in own if name in words}
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.setbroker(Agreeing(**broker_words, account=words, charge_costs=False))
    for feed in feeds(made_bars(story)):
        cerebro.adddata(feed)
    cerebro.addstrategy(Told, story=story)
    told = cerebro.run()[0]
    assert not told.script, f"lines of {story.title} at no bar: {list(told.script)}"
    for order in told.sent.values():
        if order.status == bt.Order.Rejected:
            assert told.statuses[order.ref] == bt.Order.Rejected  # the strategy heard of it
    agree(told.broker)
    require(story.after, told.broker.account, story.title)
    return told.verdicts + withdrawn(told.broker.account)


def cases() -> Iterator[Any]:
    for s in STORIES:
        marks = [pytest.mark.xfail(strict=True, reason=s.bug)] if s.bug else []
        yield pytest.param(s, told_to_the_account, id=f"{s.title}-account", marks=marks)
        if not s.alone:
            yield pytest.param(s, told_to_cerebro, id=f"{s.title}-cerebro", marks=marks)


@pytest.mark.parametrize(("story", "tell"), list(cases()))
def test_story(story: Story, tell: Callable[[Story], list[str]]) -> None:
    orders = [line.verdict for line in lines(story) if isinstance(line.what, Order)]
    moves = [line.verdict for line in lines(story) if isinstance(line.what, Money) and line.what.amount < 0]
    assert tell(story) == orders + moves


def test_titles_are_one_of_a_kind_and_every_reason_is_told() -> None:
    assert len({s.title for s in STORIES}) == len(STORIES)
    assert {v for s in STORIES for line in lines(s) if (v := line.verdict) not in (None, OK)} == {*WIRE, "WITHDRAWAL"}
