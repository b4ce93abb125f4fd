"""An account beside a live bot: executions that come twice, a restart, the brokerage's statement."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from bt_pdt import Account, BadInput, Fill, OrderRequest
from bt_pdt.core.journal import AdoptEntry, FillEntry

MONDAY = date(2025, 3, 3)


def at(hour: int, minute: int = 0, day: int = 3) -> datetime:
    return datetime(2025, 3, day, hour, minute)


def account(**more: Any) -> Account:
    made = Account(30_000, at=at(9, 30), **more)
    made.mark({"X": 10.0, "Y": 10.0})
    return made


def with_order(qty: float = 100) -> Account:
    made = account()
    made.submit(OrderRequest("X", "buy", qty, id="1"))
    return made


def test_an_execution_is_booked_once() -> None:
    made = with_order()
    part = Fill("X", "buy", 40, 10.0, "1", execution_id="e1")
    assert made.post(part)
    before, entries = made.state, len(made.journal)
    assert not made.post(part)
    assert not made.post(Fill("X", "buy", 60, 10.0, None, execution_id="e1")), "whatever else it says"
    assert (made.state, len(made.journal)) == (before, entries)
    assert made.post(Fill("X", "buy", 60, 10.0, "1", execution_id="e2"))
    assert made.positions == {"X": 100.0}
    assert made.post(Fill("X", "sell", 100, 10.0)) and made.post(Fill("X", "buy", 5, 10.0)), "without a name each is another one"


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        (Fill("Y", "buy", 100, 10.0, "1"), "order '1' is a buy of X, got a buy of Y"),
        (Fill("X", "sell", 100, 10.0, "1"), "order '1' is a buy of X, got a sell of X"),
        (Fill("X", "buy", 101, 10.0, "1"), "has 100 left to fill"),
    ],
)
def test_an_execution_that_cannot_be_its_orders_changes_nothing(fill: Fill, sentence: str) -> None:
    made = with_order()
    before = made.state
    with pytest.raises(BadInput, match=sentence):
        made.post(fill)
    assert made.state == before
    assert made.post(Fill("X", "buy", 100, 10.0, "1"))


def test_an_execution_of_a_filled_order() -> None:
    made = with_order()
    made.post(Fill("X", "buy", 100, 10.0, "1"))
    with pytest.raises(BadInput, match="order '1' is filled in full already"):
        made.post(Fill("X", "buy", 100, 10.0, "1"))
    made.submit(OrderRequest("X", "buy", 10, id="1"))
    assert made.post(Fill("X", "buy", 10, 10.0, "1")), "an id that is used anew"
    assert made.positions == {"X": 110.0}


def test_an_execution_after_the_cancellation_is_booked_and_said() -> None:
    made = with_order()
    made.release("1")
    assert made.post(Fill("X", "buy", 30, 10.0, "1"))
    entry = made.journal[-1]
    assert isinstance(entry, FillEntry) and entry.note == "order '1' is not working"
    assert made.positions == {"X": 30.0}


def test_a_twin_goes_its_own_way() -> None:
    made = with_order()
    made.post(Fill("X", "buy", 40, 10.0, "1", execution_id="e1"))
    twin = made.fork()
    assert not twin.post(Fill("X", "buy", 40, 10.0, "1", execution_id="e1"))
    assert twin.post(Fill("X", "buy", 60, 10.0, "1", execution_id="e2"))
    assert made.post(Fill("X", "buy", 60, 10.0, "1", execution_id="e2")), "what the twin saw the account did not"
    made.post(Fill("X", "sell", 1, 10.0, execution_id="e3"))
    assert twin.fork().post(Fill("X", "sell", 1, 10.0, execution_id="e3"))
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert not other.post(Fill("X", "sell", 1, 10.0, execution_id="e3"))


# -- a restart


def lived(name: str) -> Account:
    """An account in the middle of a session, with everything that can be pending."""
    more: dict[str, Any] = {
        "law": {"brokerage": "finra", "pattern_day_trader": True, "at": at(9, 30)},
        "flagged": {"pattern_day_trader": True, "last_equity": 26_000, "at": at(9, 30)},
        "settings": {"set": {"equity_test": "current", "maintenance_call_days": 3}, "pdt_check": "both", "at": at(9, 30)},
        "frozen": {"rules": "2026-07-01", "at": at(9, 30)},
        "off": {"rules": "off", "at": at(9, 30)},
        "cash": {"brokerage": "fidelity", "account_type": "cash", "at": at(9, 30)},
        "new": {"at": datetime(2026, 7, 1, 9, 30)},
    }[name]
    made = Account(30_000, positions=[("Z", 50, 20.0)], daytrades=[(date(2025, 2, 28), "Q", 2)], **more)
    day = made.now.date()
    made.mark({"X": 10.0, "Y": 5.0})
    bracket = {"order_class": "bracket", "take_profit": 12, "stop_loss": 9}
    made.submit(OrderRequest("X", "buy", 600, id="b", time_in_force="gtc", **bracket if made.account_type == "margin" else {}))
    made.post(Fill("X", "buy", 200, 10.0, "b", 1.5, execution_id="e1"))
    made.deposit(500)
    made.post(Fill("Y", "buy", 1500, 5.0))
    made.close_session(day, {"X": 9.9, "Y": 4.9, "Z": 20.5})
    made.advance(datetime.combine(day, datetime.min.time()).replace(hour=17))
    made.post(Fill("Y", "sell", 500, 4.8))
    return made


@pytest.mark.parametrize("name", ["law", "flagged", "settings", "frozen", "off", "cash", "new"])
def test_a_saved_account_answers_as_it_would_have(tmp_path: Path, name: str) -> None:
    first = lived(name)
    first.save(tmp_path / "account.json")
    second = Account.restore(tmp_path / "account.json")
    second.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "account.json").read_text(), "to the last digit"

    def goes_on(made: Account) -> list[Any]:
        said: list[Any] = [made.state, made.sessions, made.calls, made.restrictions, made.journal[:]]
        said.append(made.post(Fill("X", "buy", 200, 10.0, "b", execution_id="e1")))
        for ahead in range(8):
            made.roll_to(_next(made.session))
            made.advance(datetime.combine(made.session, datetime.min.time()).replace(hour=10))
            made.mark({"X": 9.0 + ahead % 3, "Y": 4.0, "Z": 19.0})
            request = OrderRequest("X", "buy" if ahead % 2 else "sell", 50)
            said += [made.check(request), made.max_quantity("Y", "buy"), made.state, made.forecast()]
            made.post(Fill("X", request.side, 50, 9.5))
        return [*said, made.sessions, made.calls, made.restrictions, made.violations, made.journal]

    assert goes_on(first) == goes_on(second)


def _next(day: date) -> date:
    from bt_pdt.core.sessions import next_session

    return next_session(day)


def test_a_refusal_that_nobody_has_read_is_saved_with_its_answer(tmp_path: Path) -> None:
    """100 x $100 is what $5,000 buys on margin in 2025; the answer is worked out on saving, and the account goes on."""
    account = Account(5_000.0, at=datetime(2025, 3, 3, 10, 0))
    account.submit(OrderRequest("SPY", "buy", 500.0, type="limit", limit_price=100.0))
    account.save(tmp_path / "account.json")
    twin = Account.restore(tmp_path / "account.json")
    account.submit(OrderRequest("SPY", "buy", 100.0, type="limit", limit_price=100.0))
    (refused,) = twin.journal
    assert refused == account.journal[0] and refused.decision.would_pass.qty == 100.0


def test_an_account_without_a_law_yet_is_restored(tmp_path: Path) -> None:
    account = Account(5_000.0, at=datetime(1999, 3, 3, 10, 0), rules="off")
    account.save(tmp_path / "account.json")
    twin = Account.restore(tmp_path / "account.json")
    for each in (account, twin):
        each.advance(datetime(1999, 3, 5, 10, 0))
    assert twin.state == account.state and twin.sessions == account.sessions


def test_a_file_that_is_no_account(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    with_order().save(path)
    whole = path.read_text()
    known = json.loads(whole)
    for text in (
        "",
        whole[:-20],
        whole[: len(whole) // 2],
        "[]",
        "{}",
        json.dumps(known | {"objects": []}),
        json.dumps(known | {"root": 1}),
    ):
        path.write_text(text)
        with pytest.raises(BadInput):
            Account.restore(path)
    path.write_text(json.dumps(known | {"bt_pdt_account": 99}))
    with pytest.raises(BadInput, match="was saved in the form 99, this version of bt_pdt reads 1"):
        Account.restore(path)
    with pytest.raises(BadInput, match="cannot be read"):
        Account.restore(tmp_path / "nowhere.json")


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "account.json"
    with_order().save(path)
    before = path.read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadInput, match=r"cannot be written \(no space left on device\)"):
        with_order(5).save(path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["account.json"]


# -- the brokerage's statement

STATEMENT = {
    "account_number": "1",
    "cash": "28900",
    "buying_power": "1",
    "equity": "30100",
    "long_market_value": "1200",
    "short_market_value": "0",
}
STATEMENT |= {"last_equity": "30000", "daytrade_count": 1, "multiplier": "2"}
HELD = [{"symbol": "X", "qty": "120", "side": "long", "current_price": "10", "lastday_price": "10", "market_value": "1200"}]


def test_differences_have_amounts_and_causes() -> None:
    made = with_order()
    made.post(Fill("X", "buy", 100, 10.0, "1"))
    found = {each.name: each for each in made.reconcile(STATEMENT, HELD)}
    assert set(found) == {"position X", "cash", "equity", "long_market_value", "daytrade_count"}
    assert (found["position X"].amount, found["cash"].amount, found["daytrade_count"].amount) == (20.0, -100.0, 1.0)
    assert "executions or transfers are missing" in found["position X"].cause
    assert made.positions == {"X": 100.0}, "a look changes nothing"


def test_the_brokerages_truth_can_be_adopted() -> None:
    made = with_order()
    made.post(Fill("X", "buy", 100, 10.0, "1"))
    assert made.reconcile(STATEMENT, HELD, adopt=True)
    assert (made.positions, made.cash, made.daytrade_count()) == ({"X": 120.0}, 28_900.0, 1)
    assert made.reconcile(STATEMENT, HELD) == []
    assert [e.name for e in made.journal if isinstance(e, AdoptEntry)] == ["position X", "cash", "daytrade_count"]
    assert made.post(Fill("X", "sell", 120, 10.0)) and made.daytrade_count() == 2


def test_an_account_from_alpacas_json() -> None:
    bought = {
        "id": "b",
        "symbol": "X",
        "side": "buy",
        "status": "filled",
        "qty": "20",
        "filled_qty": "20",
        "filled_avg_price": "10",
        "type": "market",
    }
    bought |= {"submitted_at": "2025-03-03T15:00:00Z", "filled_at": "2025-03-03T15:00:01Z"}
    works = {
        "id": "w",
        "symbol": "X",
        "side": "sell",
        "status": "new",
        "qty": "100",
        "filled_qty": "0",
        "type": "limit",
        "limit_price": "12",
    }
    works |= {"submitted_at": "2025-03-03T15:05:00Z"}
    statement = STATEMENT | {"daytrade_count": 0}
    made = Account.from_alpaca(statement, HELD, [bought, works], at=at(11))
    assert (made.positions, made.cash) == ({"X": 120.0}, 28_900.0)
    assert made.reconcile(statement, HELD) == []
    assert made.check(OrderRequest("X", "sell", 21)).accepted is False, "100 are held by the open order"
    assert made.post(Fill("X", "sell", 100, 12.0, "w")) and made.positions == {"X": 20.0}


@pytest.mark.parametrize("symbol", ["", " ", None, 5])
def test_a_symbol_is_text(symbol: Any) -> None:
    with pytest.raises(BadInput, match="symbol must be text"):
        Fill(symbol, "buy", 1, 1.0)
    with pytest.raises(BadInput, match="symbol must be text"):
        OrderRequest(symbol, "buy", 1)
