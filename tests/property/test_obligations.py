"""Calls and restrictions over months of random histories: nothing is lost, doubled or ended twice, and looking changes nothing."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bt_pdt.account.account import Account
from bt_pdt.account.call_book import RESTRICTION_KINDS
from bt_pdt.account.calls import KINDS, MOVES, MarginCall
from bt_pdt.audits.history import Audit, read_event
from bt_pdt.core import sessions
from bt_pdt.core.journal import CallEntry, CashEntry, FillEntry, FlagEntry, OrderEntry, ReleaseEntry, RestrictionEntry
from bt_pdt.core.orders import Asset, Fill, OrderRequest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from histories import long_history, played

#: Few, so that the tests share what they play; the rest with the long tests.
EVERY_SEED = pytest.mark.parametrize("seed", [s if s < 107 else pytest.param(s, marks=pytest.mark.long) for s in range(100, 141)])
POLICIES = ({}, {"imd_order": "worst"}, {"imd_closings_first": True, "imd_deposits_first": True})
RULES_BEHIND = {"minimum_equity", "position_equity_ratio"}  # what restricts without a call


class Player:
    def __init__(self) -> None:
        self.audit = Audit()

    @property
    def account(self) -> Account:
        assert self.audit.account is not None
        return self.audit.account

    def play(self, event: dict) -> None:
        self.audit.play(*read_event(json.dumps(event)))

    def left(self, order_id: str) -> float | None:
        order = None if self.audit.account is None else self.audit.account.ledger.orders.get(order_id)
        return None if order is None else order.left


@cache
def events_of(seed: int) -> tuple[dict, ...]:
    return tuple(played(long_history(seed), Player()))


def steps(seed: int) -> Iterator[tuple[dict, Account]]:
    """Each event of a history and the account after it."""
    player = Player()
    for event in events_of(seed):
        player.play(event)
        yield event, player.account


def last_of(seed: int) -> Account:
    """The account at the end of a history."""
    *_, (_, account) = steps(seed)
    return account


@cache
def reachable(status: str) -> frozenset[str]:
    """Every status that a call can have after ``status``, itself included."""
    found = {status}
    while more := {after for (before, _), after in MOVES.items() if before in found} - found:
        found |= more
    return frozenset(found)


def fixed(call: MarginCall) -> tuple[Any, ...]:
    """What never changes about a call."""
    return call.id, call.kind, call.amount, call.measured_on, call.issued_on, call.due_on, call.rule, call.minor


@EVERY_SEED
def test_no_call_is_lost_doubled_or_ended_twice(seed: int) -> None:
    known: dict[str, MarginCall] = {}
    issued: list[str] = []
    read = 0
    for event, account in steps(seed):
        issued += [e.call.id for e in account.journal[read:] if isinstance(e, CallEntry) and e.event == "issued"]
        read = len(account.journal)
        calls = account.calls
        assert [call.id for call in calls] == [f"c{n + 1}" for n in range(len(calls))]
        assert issued == [call.id for call in calls[: len(issued)]], event
        for call in calls:
            assert call.kind in KINDS and call.amount > 0
            assert call.measured_on < call.issued_on == sessions.next_session(call.measured_on)
            assert call.due_on is None or call.due_on >= call.issued_on
            assert (call.ended_on is not None) == (call.status in ("met", "met_late", "expired"))
            if call.status == "met" and call.due_on is not None:
                assert call.satisfied_on is not None and call.issued_on <= call.satisfied_on <= call.due_on
            if call.status == "met_late":
                assert call.satisfied_on is not None and call.due_on is not None and call.satisfied_on > call.due_on
            before = known.get(call.id)
            if before is not None:
                assert fixed(before) == fixed(call), event
                assert call.status in reachable(before.status), event
                assert before.ended_on in (None, call.ended_on), event
        measured = [(call.kind, call.measured_on) for call in calls]
        assert len(set(measured)) == len(measured), "one call of a kind for each close"
        for kind in ("maintenance", "minimum_equity"):
            assert sum(call.kind == kind and call.is_open for call in calls) <= 1
        known = {call.id: call for call in calls if call.id in issued}


@EVERY_SEED
def test_the_journal_tells_every_call(seed: int) -> None:
    account = last_of(seed)
    told: dict[str, str] = {}
    days: dict[str, list[date]] = {}
    for entry in account.journal:
        if not isinstance(entry, CallEntry) or entry.event == "due_tomorrow":
            continue
        assert entry.event == "issued" if entry.call.id not in told else entry.event in reachable(told[entry.call.id]), entry
        assert entry.event != told.get(entry.call.id), "told twice"
        told[entry.call.id] = "open" if entry.event == "issued" else entry.event
        days.setdefault(entry.call.id, []).append(entry.session)
    assert told == {call.id: call.status for call in account.calls}
    assert all(each == sorted(each) for each in days.values())


@EVERY_SEED
def test_every_restriction_has_a_cause_and_an_end_after_its_start(seed: int) -> None:
    for event, account in steps(seed):
        calls = {call.id: call for call in account.calls}
        for each in account.restrictions:
            assert each.kind in RESTRICTION_KINDS
            assert each.until is None or each.start <= each.until, (event, each)
            assert each.why in RULES_BEHIND or each.why in calls, (event, each)
            if each.why in calls:
                call = calls[each.why]
                assert each.start >= call.issued_on
                if call.satisfied_on is not None and call.kind not in ("fed", "minimum_equity"):  # a cured call frees the account
                    assert each.until is not None and (each.lifted or each.until < call.satisfied_on), (event, each)
        assert account.state.restrictions == tuple(r.kind for r in account.call_book.restrictions if r.holds_on(account.session)), event
    on: set[tuple[str, str]] = set()
    for entry in account.journal:
        if isinstance(entry, RestrictionEntry):
            assert ((entry.kind, entry.why) in on) != entry.on, entry
            (on.add if entry.on else on.remove)((entry.kind, entry.why))
    assert on == {(r.kind, r.why) for r in account.restrictions if r.holds_on(account.session)}


@EVERY_SEED
def test_equity_changes_by_flows_and_gains_less_costs(seed: int) -> None:
    events = events_of(seed)
    account = last_of(seed)
    flows = costs = gains = 0.0
    last: dict[str, float] = {}
    held: dict[str, float] = {}
    fills = iter([entry.fill for entry in account.journal if isinstance(entry, FillEntry)])
    withdrawals = iter([e.decision for e in account.journal if isinstance(e, CashEntry) and e.kind == "withdraw"])

    def move(symbol: str, price: float) -> None:
        nonlocal gains
        gains += held.get(symbol, 0.0) * (price - last.get(symbol, price))
        last[symbol] = price

    for event in events:
        kind = event["event"]
        if kind == "price":
            move(event["symbol"], event["price"])
        elif kind == "close":
            for symbol, price in event.get("prices", {}).items():
                move(symbol, price)
        elif kind == "fill":
            fill = next(fills)
            move(fill.symbol, fill.price)
            held[fill.symbol] = held.get(fill.symbol, 0.0) + fill.sign * fill.qty
            costs += fill.commission
        elif kind == "deposit":
            flows += event["amount"]
        elif kind == "withdraw":
            flows -= event["amount"] if next(withdrawals).accepted else 0.0
        elif kind in ("fee", "interest", "dividend"):
            costs -= event["amount"]
    assert next(fills, None) is None
    assert abs(account.equity() - (events[0]["cash"] + flows + gains - costs)) < 0.005
    before, journalled = account.equity(), len(account.journal)
    charged = account.charge_costs()
    assert abs(before - charged - account.equity()) < 0.005
    assert abs(charged + sum(e.amount for e in account.journal[journalled:] if isinstance(e, CashEntry))) < 0.005
    assert account.charge_costs() == 0.0


def picture(account: Account) -> tuple[Any, ...]:
    """All that can be seen of an account."""
    return account.state, account.calls, account.restrictions, account.sessions, account.day_trades, account.accrued_costs


def opened(line: dict) -> Account:
    """The account of a history's first line."""
    words = {name: line[name] for name in ("brokerage", "rules", "set", "pattern_day_trader") if name in line}
    return Account(line["cash"], at=datetime.fromisoformat(line["at"]), **words)


@EVERY_SEED
def test_a_saved_journal_played_again_gives_the_same_account(seed: int) -> None:
    """Orders, executions, cash and flags come from the journal; prices, closes and assets, which it does not hold, from the history."""
    script: list[Any] = []
    read = 0
    for event, first in steps(seed):
        if event["event"] in ("price", "close", "asset"):
            script.append(event)
        script += first.journal[read:]
        read = len(first.journal)
    account = opened(events_of(seed)[0])
    for entry in pickle.loads(pickle.dumps(script)):
        again(account, entry)
    assert picture(account) == picture(first)
    assert [e for e in account.journal if isinstance(e, CallEntry)] == [e for e in first.journal if isinstance(e, CallEntry)]


def again(account: Account, entry: Any) -> None:
    match entry:
        case {"event": "asset"}:
            account.set_asset(Asset(**{k: v for k, v in entry.items() if k != "event"}))
        case {"event": "price"}:
            account.mark({entry["symbol"]: entry["price"]}, at=datetime.fromisoformat(entry["at"]))
        case {"event": "close"}:
            account.close_session(date.fromisoformat(entry["session"]), entry.get("prices"))
        case OrderEntry():
            assert account.submit(replace(entry.request, at=entry.at)) == entry.decision
        case FillEntry():
            account.advance(entry.at)
            account.post(entry.fill)
        case CashEntry(kind="deposit"):
            account.deposit(entry.amount, at=entry.at)
        case CashEntry(kind="withdraw"):
            assert account.withdraw(entry.amount, at=entry.at) == entry.decision
        case CashEntry():
            account.cash_move(entry.kind, entry.amount, at=entry.at)
        case FlagEntry(cause="set by the brokerage"):
            account.set_flag(entry.pattern_day_trader, at=entry.at)
        case ReleaseEntry(cause="canceled"):
            account.release(entry.order_id, at=entry.at)


def _buys(twin: Account) -> None:
    twin.post(Fill("AAA", "buy", 500.0, 100.0))


def _sells_out(twin: Account) -> None:
    for symbol, qty in twin.positions.items():
        twin.post(Fill(symbol, "sell" if qty > 0 else "buy", abs(qty), twin.ledger.marks[symbol]))


def _splits(twin: Account) -> None:
    for symbol in twin.positions:
        twin.split(symbol, 2.0)


def _closes(twin: Account) -> None:
    twin.roll_to(sessions.next_session(twin.session))
    twin.close_session()


PLAYED_WITH: tuple[Callable[[Account], object], ...] = (
    lambda twin: twin.deposit(1_000_000.0),
    lambda twin: twin.withdraw(1.0),
    lambda twin: twin.mark(dict.fromkeys(twin.positions, 1.0)),
    lambda twin: twin.set_flag(not twin.pattern_day_trader),
    lambda twin: twin.submit(OrderRequest("AAA", "buy", 1.0, type="limit", limit_price=1.0)),
    lambda twin: twin.set_asset(Asset("AAA", leverage=3)),
    lambda twin: twin.charge_costs(),
    _buys,
    _sells_out,
    _splits,
    _closes,
)


@EVERY_SEED
def test_asking_and_playing_with_a_twin_changes_nothing(seed: int) -> None:
    """A history asked all the way, with twins ruined after every event, is the history left alone."""
    events = [dict(event) for event in events_of(seed)]
    events[0]["set"] = events[0].get("set", {}) | POLICIES[seed % 3]
    asked, alone = Player(), Player()
    for n, event in enumerate(events):
        for player in (asked, alone):
            player.play(event)
        account = asked.account
        request = OrderRequest("AAA", "buy" if n % 2 else "sell", 50.0, type="limit", limit_price=100.0)
        before, journalled = picture(account), len(account.journal)
        assert account.check(request) == account.check(request)
        account.check(OrderRequest("AAA", "buy", 50.0, type="limit", limit_price=100.0, at=account.now + timedelta(days=n % 9)))
        twin = account.fork()
        assert (twin.state, twin.calls, twin.restrictions) == before[:3]
        for change in PLAYED_WITH[n % len(PLAYED_WITH) :] + PLAYED_WITH[: n % len(PLAYED_WITH)]:
            change(twin)
        assert picture(account) == before and len(account.journal) == journalled, event
    assert picture(asked.account) == picture(alone.account)
    assert asked.account.journal == alone.account.journal


@EVERY_SEED
def test_what_a_close_shows_is_what_the_next_session_finds(seed: int) -> None:
    for event, account in steps(seed):
        if event["event"] != "close":
            continue
        shown = account.calls, [r for r in account.restrictions if r.rule != "pdt_min_equity"]
        twin = account.fork()
        twin.roll_to(sessions.next_session(account.session))
        if twin.regime == account.regime:  # else the $25,000 call is closed by the new rules
            assert shown == (twin.calls, [r for r in twin.restrictions if r.rule != "pdt_min_equity"]), event
