"""What changes nothing may be put into any history, anywhere, as often as one likes, and nothing in the report changes.

The same price again, a look at the state and at a check, a second move of the clock to the moment it stands at; and a day's flat trades
in another order.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_pdt import Account, Fill, OrderRequest
from bt_pdt.audits.history import Audit, read_event
from bt_pdt.core.errors import BadInput

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from histories import history, long_history, played
from test_against_oracle import Player

LONG = pytest.mark.long  # more seeds of the same


def report(events: list[dict], rng: random.Random | None = None) -> dict:
    """The report of a history; with ``rng`` something neutral happens between any two events."""
    audit = Audit()
    last: dict[str, float] = {}
    for event, following in itertools.zip_longest(events, events[1:]):
        audit.play(*read_event(json.dumps(event)))
        price = event.get("price")
        symbol = event.get("symbol") or (audit._orders[event["order"]].symbol if event.get("order") in audit._orders else None)
        if price and symbol and event["event"] in ("price", "fill"):
            last[symbol] = price
        last |= event.get("prices") or {}
        if event["event"] == "split":
            last = {s: p for s, p in last.items() if s != event["symbol"]}
        if rng is None or following is None or "at" not in event or "at" not in following or audit.account is None:
            continue
        neutral(audit, last, event["at"], following["at"], rng)
    return audit.result()


def neutral(audit: Audit, last: dict[str, float], since: str, until: str, rng: random.Random) -> None:
    account = audit.account
    assert account is not None
    for _ in range(rng.randint(0, 2)):
        kind = rng.random()
        symbol = rng.choice(sorted(last)) if last else None
        if kind < 0.6 and symbol is not None:
            first = max(datetime.fromisoformat(since), account.now)
            span = datetime.fromisoformat(until) - first
            at = (
                first + timedelta(seconds=int(span.total_seconds() * rng.choice([0.0, 0.0, 0.3, 0.9, 1.0])))
                if span.total_seconds() > 0
                else first
            )
            if at > datetime.fromisoformat(until):
                continue
            audit.play("price", {"at": at, "symbol": symbol, "price": last[symbol]})
            account.advance(account.now)
        elif symbol is not None:
            for side in ("buy", "sell"):
                account.check(OrderRequest(symbol, side, rng.choice([1, 100, 1e5])))
        _ = account.state, account.calls, account.restrictions, account.sma, account.forecast(), account.distance()


FIRMS = st.sampled_from([None, None, "schwab", "robinhood", "sofi", "fidelity"])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000_000), FIRMS, st.randoms(use_true_random=False))
def test_neutral_events_in_any_history(seed: int, firm: str | None, rng: random.Random) -> None:
    events = played(history(seed, firm), Player())
    assert report(events, rng) == report(events)


@LONG
@pytest.mark.parametrize("seed", range(400))
def test_neutral_events_in_random_histories(seed: int) -> None:
    events = played(history(seed), Player())
    assert report(events, random.Random(seed)) == report(events)


@pytest.mark.parametrize("seed", [s if s < 12 else pytest.param(s, marks=LONG) for s in range(120)])
def test_neutral_events_in_long_histories(seed: int) -> None:
    events = played(long_history(seed), Player())
    assert report(events, random.Random(seed)) == report(events)


def test_an_event_after_the_close_of_a_quiet_session_finds_it_closed() -> None:
    """A fill at 17:00 is no part of the close of a session that had no event before; looking first changes nothing."""

    def played_at(*moments: str) -> tuple:
        account = Account(10_000, at=datetime(2025, 3, 3, 10), brokerage="finra")
        account.mark({"X": 100.0})
        for moment in moments:
            account.advance(datetime.fromisoformat(moment))
        account.post(Fill("X", "buy", 300, 100.0, at=datetime(2025, 3, 4, 17)))
        account.advance(datetime(2025, 3, 7, 10))
        return [row["initial_margin"] for row in account.sessions], [call.to_dict() for call in account.calls]

    rows, calls = played_at()
    assert rows == [0.0, 0.0, 15_000.0, 15_000.0]
    assert [(c["kind"], c["issued_on"]) for c in calls] == [("fed", "2025-03-06")]
    assert played_at("2025-03-04T16:30:00") == played_at("2025-03-04T17:00:00", "2025-03-04T17:00:00") == (rows, calls)


# -- the order of a day's trades


TRADE = st.tuples(st.sampled_from(["B", "C", "D"]), st.integers(1, 300), st.sampled_from([1, -1]))


@settings(max_examples=60, deadline=None)
@given(st.lists(TRADE, min_size=1, max_size=4), st.sampled_from(["finra", "alpaca", "schwab"]), st.randoms(use_true_random=False))
def test_flat_trades_of_a_day_change_nothing_in_any_order(trips: list, firm: str, rng: random.Random) -> None:
    """An open Fed call of 10,000: round trips at one price leave it as it is, with SMA, whatever their order and however they interleave."""
    legs = [(n, symbol, side * qty, 50.0) for n, (symbol, qty, side) in enumerate(trips)]
    legs += [(n, symbol, -side * qty, 50.0) for n, (symbol, qty, side) in enumerate(trips)]
    rng.shuffle(legs)
    assert owed(firm, legs) == owed(firm, [])


@settings(max_examples=60, deadline=None)
@given(st.permutations([("A", -200, 100.0), ("B", 220, 50.0), ("C", 10, 50.0), ("C", -10, 50.0), ("A", -20, 100.0), ("B", 40, 50.0)]))
def test_a_swap_is_netted_whatever_its_order(trades: list) -> None:
    """22,000 sold of what was carried and 13,000 bought and kept release 4,500 towards the call of 10,000: 5,500 of it is left."""
    calls, sma = owed("finra", [(0, *trade) for trade in trades])
    assert [(call[0], call[1], call[2]) for call in calls] == [("fed", 10_000.0, 5_500.0)]
    assert sma == 0.0


def owed(firm: str, trades: list) -> tuple:
    """Calls (kind, amount, missing, due, status) and SMA after a day of ``trades`` under an open Fed call of 10,000."""
    account = Account(50_000, at=datetime(2026, 1, 26, 9, 30), brokerage=firm)
    account.mark(dict.fromkeys("A", 100.0) | dict.fromkeys("BCD", 50.0))
    account.post(Fill("A", "buy", 1_200, 100.0))
    account.advance(datetime(2026, 1, 27, 10))
    for n, (_, symbol, qty, price) in enumerate(trades):
        account.post(Fill(symbol, "buy" if qty > 0 else "sell", abs(qty), price, at=datetime(2026, 1, 27, 10, n + 1)))
    account.advance(datetime(2026, 1, 28, 10))
    return [(c.kind, round(c.amount, 2), round(c.missing, 2), c.due_on, c.status) for c in account.calls if c.kind == "fed"], round(
        account.sma, 2
    )


def test_money_that_comes_and_goes_on_one_day_changes_nothing() -> None:
    def after(*flows: float) -> tuple:
        account = Account(50_000, at=datetime(2026, 1, 26, 9, 30), brokerage="finra")
        account.post(Fill("A", "buy", 1_200, 100.0))
        account.advance(datetime(2026, 1, 27, 10))
        for flow in flows:
            if flow > 0:
                account.deposit(flow)
            else:
                assert account.withdraw(-flow).accepted
        account.advance(datetime(2026, 1, 28, 10))
        return [(c.kind, c.amount, c.missing, c.status) for c in account.calls], account.sma

    assert after(4_000.0, -4_000.0) == after(-4_000.0, 4_000.0) == after() == ([("fed", 10_000.0, 10_000.0, "open")], 0.0)


def test_bad_prices_move_nothing() -> None:
    account = Account(10_000, at=datetime(2025, 3, 3, 10))
    account.mark({"X": 100.0})
    with pytest.raises(BadInput, match="must be a finite number above 0"):
        account.mark({"X": 0.0})
    assert account.state.equity == 10_000
