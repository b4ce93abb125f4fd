"""A fork, a pickled and a deep copy of an account, made anywhere in a random history, live through the rest of it exactly as the account does."""

from __future__ import annotations

import copy
import json
import pickle
import random
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import MethodType
from typing import Any

import pytest

from bt_pdt.account.account import Account
from bt_pdt.account.session_state import SessionState
from bt_pdt.audits.history import Audit, read_event
from bt_pdt.core import sessions
from bt_pdt.core.errors import BadInput
from bt_pdt.core.orders import Fill, OrderRequest
from bt_pdt.law.rulebook import Rulebook, Rules

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from histories import history, long_history, played

COPIES: dict[str, Callable[[Account], Account]] = {
    "fork": Account.fork,
    "pickle": lambda account: pickle.loads(pickle.dumps(account)),
    "deepcopy": copy.deepcopy,
}
#: Answers worked out again whenever they are asked for, and what every account of a day shares.
REMEMBERED = {"_margins", "_totals", "_ordinary", "_short_maintenance", "_reserved", "_all_reserved", "_changed", "assets"}


class Player:
    def __init__(self) -> None:
        self.audit = Audit()

    def play(self, event: dict) -> None:
        self.audit.play(*read_event(json.dumps(event)))

    def left(self, order_id: str) -> float | None:
        order = self.audit.account.ledger.orders.get(order_id)
        return None if order is None else order.left


class Together:
    """An account and its copies as one: what the first is told they all are, and all must answer the same."""

    def __init__(self, account: Account, copies: Iterable[Account]) -> None:
        self.__dict__.update(accounts=(account, *copies))

    def __getattr__(self, name: str) -> Any:
        first = getattr(self.accounts[0], name)
        if not isinstance(first, MethodType):
            return first

        def ask(*args: Any, **words: Any) -> Any:
            found = [_answer(getattr(account, name), *args, **words) for account in self.accounts]
            assert all(each == found[0] for each in found), (name, args, words, found)
            if isinstance(found[0], Sentence):
                raise BadInput(found[0])
            return found[0]

        return ask

    def __setattr__(self, name: str, value: Any) -> None:
        for account in self.accounts:
            setattr(account, name, value)


class Sentence(str):
    """What a :class:`BadInput` says, as an answer."""


def _answer(method: Any, *args: Any, **words: Any) -> Any:
    try:
        return method(*args, **words)
    except BadInput as error:
        return Sentence(error)


def answers(account: Account) -> tuple[Any, ...]:
    """All that an account says without being asked about an order."""
    return (
        account.state,
        account.sessions,
        account.calls,
        account.open_calls(),
        account.restrictions,
        account.violations,
        account.day_trades,
        account.forecast(),
        account.potential_day_trades(),
        account.distance(),
        account.accrued_costs,
        account.deficit(),
        account.margin_level(),
        account.settled_cash(),
        account.fed_call_with(0.0),
        account.after_close(),
        account.stepped_down(),
    )


def judgements(account: Account, n: int) -> tuple[Any, ...]:
    """What it says to a few orders, now and later, and how large they may be."""
    side, symbol = ("buy", "sell")[n % 2], ("AAA", "LEV", "OTC")[n % 3]
    limit = {"type": "limit", "limit_price": 50.0}
    held = next(iter(account.positions), "AAA")
    close = OrderRequest(held, "sell" if account.position(held) > 0 else "buy", abs(account.position(held)) or 5.0, **limit)
    return (
        account.check(OrderRequest(symbol, side, 5_000.0, **limit)),
        account.check(close),
        account.check(OrderRequest("AAA", side, 50.0, **limit, at=account.now + timedelta(days=n % 9))),
        account.max_quantity(symbol, side, **limit) if n % 4 == 0 else None,
    )


def books(value: Any) -> Any:
    """Everything an account consists of, as plain values; what it only remembers of a calculation left out."""
    if isinstance(value, Rulebook | Rules):
        return type(value).__name__
    if callable(value):
        return None
    if isinstance(value, dict):
        return [(key, books(each)) for key, each in value.items()]
    if isinstance(value, list | tuple):
        return [books(each) for each in value]
    names = getattr(type(value), "__slots__", None) if not hasattr(value, "__dict__") else vars(value)
    if names and type(value).__module__.startswith("bt_pdt"):
        return [(name, books(getattr(value, name))) for name in names if name not in REMEMBERED and hasattr(value, name)]
    return repr(value) if type(value) is not object else None


def events_of(seed: int, rng: random.Random, make: Callable[[int], list[dict]]) -> list[dict]:
    """A history that can be played; some with splits, some of a cash account, some under readings that keep the day's steps."""
    events = make(seed)
    account = events[0]
    if rng.random() < 0.3:
        account["set"] = account.get("set", {}) | rng.choice(
            [{"imd_order": "worst"}, {"imd_closings_first": True, "imd_deposits_first": True}]
        )
    if rng.random() < 0.5 and account.get("brokerage") == "finra":
        account["set"] = account.get("set", {}) | {"six_percent_clause": True}
    if rng.random() < 0.4:
        account["set"] = account.get("set", {}) | {"margin_interest_rate": 0.08, "borrow_fee_rate": 0.05}
    if rng.random() < 0.25:
        account.pop("positions", None)
        account["account_type"] = "cash"
    for n in range(len(events) - 1, 0, -1):
        if events[n]["event"] == "price" and rng.random() < 0.15:
            split = {"event": "split", "at": events[n]["at"], "symbol": events[n]["symbol"], "ratio": rng.choice([2.0, 0.5])}
            events.insert(n, split)
    return played(events, Player())


#: (what makes the history, its seed, the part of it after which the copies are made); most of them with the long tests.
HISTORIES = pytest.mark.parametrize(
    ("make", "seed", "where"),
    [
        pytest.param(history if seed % 3 else long_history, seed, random.Random(seed).random(), marks=[] if seed < 7 else pytest.mark.long)
        for seed in range(60)
    ],
)


@HISTORIES
def test_every_copy_goes_on_as_its_original(make: Callable[[int], list[dict]], seed: int, where: float) -> None:
    events = events_of(seed, random.Random(seed), make)
    cut = 1 + int(where * (len(events) - 2))
    player = Player()
    for event in events[:cut]:
        player.play(event)
    account = player.audit.account
    assert account is not None
    copies = {name: made(account) for name, made in COPIES.items()}
    copies["fork of a fork"] = account.fork().fork()
    assert copies["fork"].journal == [] and copies["pickle"].journal == account.journal == copies["deepcopy"].journal
    for name, twin in copies.items():
        assert answers(twin) == answers(account), name
        assert judgements(twin, cut) == judgements(account, cut), name
    begun = {name: (0 if "fork" in name else len(account.journal)) for name in copies}
    own = len(account.journal)
    player.audit.account = Together(account, copies.values())  # type: ignore[assignment]
    for n, event in enumerate(events[cut:]):
        player.play(event)
        for name, twin in copies.items():
            assert answers(twin) == answers(account), (name, event)
        if n % 5 == 0:
            asked = judgements(account, n)
            assert all(judgements(twin, n) == asked for twin in copies.values()), event
    for name, twin in copies.items():
        assert twin.journal[begun[name] :] == account.journal[own:], name


@HISTORIES
def test_what_happens_to_a_copy_never_reaches_the_original(make: Callable[[int], list[dict]], seed: int, where: float) -> None:
    events = events_of(seed, random.Random(seed), make)
    cut = 1 + int(where * (len(events) - 2))
    for made in COPIES.values():
        player = Player()
        for event in events[:cut]:
            player.play(event)
        account = player.audit.account
        assert account is not None
        said, before = answers(account), books(account)
        player.audit.account = made(account)
        player.audit.account.record.journal = account.journal[:]  # the audit itself looks up in it which orders ended with the close
        for event in events[cut:]:
            player.play(event)
        assert answers(account) == said
        assert [name for (name, was), (_, now) in zip(before, books(account), strict=True) if was != now] == []


def test_a_copy_holds_books_of_its_own() -> None:
    """Nothing that an account changes in place is the same object in a copy of it."""
    changed_in_place = (list, dict, set)
    for seed in range(12):
        player = Player()
        for event in events_of(seed, random.Random(seed), history if seed % 3 else long_history):
            player.play(event)
        account = player.audit.account
        assert account is not None
        for made in COPIES.values():
            twin = made(account)
            parts = [name for name in SessionState.__annotations__ if hasattr(getattr(account, name), "copy") or name == "record"]
            assert {"ledger", "valuation", "intraday", "regulation_t", "call_book", "designation", "costs", "current", "record"} <= set(
                parts
            )
            for part in parts:
                mine, its = getattr(account, part), getattr(twin, part)
                if mine is None:
                    continue
                assert its is not mine, part
                for name, value in vars(mine).items() if hasattr(mine, "__dict__") else ():
                    if isinstance(value, changed_in_place):
                        assert getattr(its, name) is not value, (part, name)


EVERY_COPY = pytest.mark.parametrize("made", COPIES.values(), ids=COPIES)
MARCH = datetime(2025, 3, 3, 9, 31)


def day_trade(account: Account) -> None:
    account.post(Fill("BBB", "buy", 1.0, 100.0))
    account.post(Fill("BBB", "sell", 1.0, 100.0))


@EVERY_COPY
def test_day_trades_and_executed_orders_count_on(made: Callable[[Account], Account]) -> None:
    """Four day trades among 68 executed orders are under 6 %, and leave the designation off, in an account and in its copy."""
    account = Account(20_000.0, at=MARCH, brokerage="finra", set={"six_percent_clause": True})
    for _ in range(60):
        account.post(Fill("AAA", "buy", 1.0, 100.0))
    day_trade(account)
    twin = made(account)
    assert twin.day_trades == account.day_trades == [(MARCH.date(), "BBB", 1)]
    for each in (twin, account):
        assert [left for _, left in each.forecast() or ()] == [2, 2, 2, 2, 2]
        for _ in range(3):
            day_trade(each)
        assert [left for _, left in each.forecast() or ()] == [0, 0, 0, 0, 0]
        assert each.daytrade_count() == 4 and not each.pattern_day_trader


@EVERY_COPY
def test_a_split_reaches_the_closing_marks_of_one_account_only(made: Callable[[Account], Account]) -> None:
    account = Account(20_000.0, at=MARCH)
    account.post(Fill("AAA", "buy", 10.0, 100.0))
    account.close_session()
    twin = made(account)
    for each in (twin, account):
        each.roll_to(sessions.next_session(MARCH.date()))
        each.split("AAA", 2.0)
        assert each.intraday.closing_marks == each.ledger.marks == {"AAA": 50.0}


def test_a_listener_hears_one_account_only() -> None:
    account = Account(20_000.0, at=MARCH)
    account.listener = lambda entry: None  # which pickles by no means
    assert all(made(account).listener is None for made in COPIES.values())
