"""Calls and restrictions as rows: the numbers typed from the rulebook's examples, the costs counted by hand."""

from datetime import datetime

import pytest

from bt_pdt import Account
from bt_pdt.core.orders import Fill, OrderRequest
from bt_pdt.results import owed


def account(day, cash, **more):
    return Account(cash, at=datetime.fromisoformat(f"{day} 09:00"), **more)


def trade(found, at, symbol, side, qty, price, **more):
    found.post(Fill(symbol, side, qty, price, at=datetime.fromisoformat(at)), **more)


def rows(found):
    return owed.call_rows(found.journal, found.calls)


def barred(found):
    return owed.restriction_rows(found.journal, found.restrictions)


def test_maintenance_call_of_the_rulebook():
    """3.2: LMV 12,000, debit 10,000: equity 2,000, requirement 3,000, call 1,000."""
    found = account("2024-03-06", -10_000, brokerage="finra", positions=[("A", 120, 100)])
    found.close_session()
    (row,) = rows(found)
    assert row["how"] == "maintenance margin $3,000 (25% of $12,000) - equity $2,000 = $1,000" and row["amount"] == 1_000
    assert (row["measured_on"], row["issued_on"], row["due_on"]) == ("2024-03-06", "2024-03-07", "2024-03-08")
    assert (row["status"], row["ended_on"], row["received"]) == ("open", None, 0.0)
    assert row["rule"].startswith("maintenance_long_bands (") and row["facts"]["maintenance_margin"] == 3_000


def test_day_trade_call_of_the_rulebook():
    """1.6, 5: equity 60,000, LMV 80,000: buying power 160,000; a peak of 200,000 is 40,000 over, the call 25 % of it."""
    found = account("2025-12-18", -20_000, brokerage="finra", positions=[("A", 800, 100)], pattern_day_trader=True)
    trade(found, "2025-12-18 10:00", "Z", "buy", 2_000, 100)
    trade(found, "2025-12-18 11:00", "Z", "sell", 2_000, 100)
    found.close_session()
    (row,) = rows(found)
    assert row["how"] == "day-traded $200,000 - buying power $160,000 = $40,000, 0.25 of it is $10,000"
    assert (row["amount"], row["due_on"]) == (10_000, "2025-12-26")
    (bar,) = barred(found)
    assert (bar["kind"], bar["from"], bar["until"], bar["why"], bar["refused"]) == ("buying_power_2x", "2025-12-19", "2025-12-26", "c1", 0)


def test_fed_calls_in_numbers():
    """2.4 (a): cash 10,000 buys 30,000: 15,000 required, call 5,000."""
    found = account("2024-03-06", 10_000, brokerage="finra")
    trade(found, "2024-03-06 10:00", "A", "buy", 300, 100)
    found.close_session()
    (row,) = rows(found)
    assert (row["kind"], row["how"]) == ("fed", "the day's trades need $15,000 of initial margin - SMA $10,000 = $5,000")
    # the stock rises to 110 before the close: a day's purchases count at trade prices
    found = account("2024-03-06", 10_000, brokerage="finra")
    trade(found, "2024-03-06 10:00", "A", "buy", 300, 100)
    found.close_session(marks={"A": 110})
    (row,) = rows(found)
    assert (row["amount"], row["how"]) == (5_000, "the day's trades need $15,000 of initial margin - SMA $10,000 = $5,000")


def test_sma_pays_for_purchases_first():
    # 100 carried shares at 100, 2,000 owed: equity 8,000, required 5,000, so SMA begins at 3,000; then they fall to 60
    found = account("2024-03-06", -2_000, brokerage="finra", positions=[("B", 100, 100)])
    found.mark({"B": 60})  # equity 4,000, required 3,000
    trade(found, "2024-03-06 10:00", "A", "buy", 100, 120)  # needs 6,000; the SMA of 3,000 pays half of it, though equity has fallen
    found.close_session()
    fed = next(row for row in rows(found) if row["kind"] == "fed")
    assert fed["amount"] == 3_000
    assert fed["how"] == "the day's trades need $6,000 of initial margin - SMA $3,000 = $3,000"


def test_minimum_equity_and_intraday_margin_in_numbers():
    found = account("2024-03-06", 24_000, brokerage="finra", pattern_day_trader=True)
    found.close_session()
    assert rows(found)[0]["how"] == "minimum equity $25,000 - equity $24,000 = $1,000" and rows(found)[0]["due_on"] is None
    # 4.7, 2 and 3: cash 10,000 buys 50,000: deficit 2,500, over min(5 %, $1,000) = 500; buys 42,000: 500 is minor
    for qty, words in ((500, "$2,500, not minor: over $500 at equity $10,000"), (420, "$500, minor: not over $500 at equity $10,000")):
        found = account("2026-06-15", 10_000, brokerage="finra")
        trade(found, "2026-06-15 10:00", "A", "buy", qty, 100)
        trade(found, "2026-06-15 15:00", "A", "sell", qty, 100)
        found.close_session()
        assert rows(found)[0]["how"] == f"the day's largest deficit {words}"


def test_what_a_call_cost():
    found = account("2024-03-06", -10_000, brokerage="finra", positions=[("A", 120, 100)])
    found.close_session()
    trade(found, "2024-03-07 10:00", "A", "sell", 10.5, 100, forced="c1")
    found.post(Fill("A", "sell", 20, 99, commission=1.5), forced="c1")
    trade(found, "2024-03-07 11:00", "A", "sell", 1, 100)
    found.deposit(250.25, for_call="c1")
    found.deposit(7)
    trade(found, "2024-03-07 12:00", "A", "sell", 5, 100, forced="equity")
    (row,) = rows(found)
    assert (row["forced_fills"], row["forced_shares"], row["deposited"]) == (2, 30.5, 250.25)
    assert row["forced_proceeds"] == 10.5 * 100 + 20 * 99 - 1.5
    assert owed.forced_without_call(found.journal, found.calls) == {
        "forced_fills": 1,
        "forced_shares": 5.0,
        "forced_proceeds": 500.0,
        "deposited": 0.0,
        "session": "2024-03-07",
    }


def test_covering_costs_money():
    found = account("2024-03-06", 13_000, brokerage="finra", positions=[("A", -100, 100)])
    found.close_session(marks={"A": 105})  # equity 2,500, required 30 % of 10,500 = 3,150
    trade(found, "2024-03-07 10:00", "A", "buy", 30, 105, forced="c1")
    assert rows(found)[0]["forced_proceeds"] == -3_150


def dtmc():
    """Alpaca's day-trade call: buying power 80,000 (equity 50,000, LMV 100,000 at 30 %), day-traded 100,000."""
    found = account("2025-03-03", -50_000, positions=[("A", 1_000, 100)], pattern_day_trader=True)
    trade(found, "2025-03-03 09:31", "A", "sell", 1_000, 100)
    trade(found, "2025-03-03 09:40", "Z", "buy", 1_000, 100)
    trade(found, "2025-03-03 10:00", "Z", "sell", 1_000, 100)
    return found


def test_orders_refused_while_a_restriction_held():
    found = dtmc()
    for at in ("2025-03-04 10:00", "2025-03-05 10:00"):
        assert not found.submit(OrderRequest("Z", "buy", 10, at=datetime.fromisoformat(at))).accepted
    assert found.submit(OrderRequest("Z", "buy", 10, type="limit", limit_price=100.001)).reason == "PRICE"  # not for the restriction
    found.deposit(20_000)
    assert found.submit(OrderRequest("Z", "buy", 10)).accepted
    (row,) = rows(found)
    assert row["how"] == "day-traded $100,000 - buying power $80,000 = $20,000"
    assert (row["status"], row["ended_on"], row["received"], row["deposited"]) == ("met", "2025-03-05", 20_000, 0.0)
    assert barred(found) == [
        {
            "kind": "liquidation_only",
            "from": "2025-03-04",
            "until": "2025-03-05",
            "why": "c1",
            "because": "the day-trade call of $20,000 is open",
            "rule": "dt_open_call_restriction",
            "refused": 2,
        }
    ]


def test_an_order_refused_under_two_restrictions_counts_once():
    found = dtmc()
    trade(found, "2025-03-04 09:40", "Z", "buy", 2_500, 100)  # 250,000 of 4 x 50,000: 50,000 over
    trade(found, "2025-03-04 10:00", "Z", "sell", 2_500, 100)
    assert not found.submit(OrderRequest("Z", "buy", 10, at=datetime(2025, 3, 5, 10))).accepted
    assert [(r["why"], r["refused"]) for r in barred(found)] == [("c1", 1), ("c2", 0)]
    found.deposit(20_000)  # meets the first call only
    for _ in range(2):
        assert not found.submit(OrderRequest("Z", "buy", 10)).accepted
    assert [(r["why"], r["refused"]) for r in barred(found)] == [("c1", 1), ("c2", 2)]


def test_half_the_buying_power_refuses_as_buying_power():
    found = account("2024-03-06", 30_000, brokerage="finra", pattern_day_trader=True)
    trade(found, "2024-03-06 10:00", "Z", "buy", 1_300, 100)  # 130,000 of 120,000
    trade(found, "2024-03-06 11:00", "Z", "sell", 1_300, 100)
    found.mark({"Z": 100}, datetime(2024, 3, 7, 10))
    assert not found.submit(OrderRequest("Z", "buy", 700)).accepted  # 70,000 of 2 x 30,000
    assert [(r["kind"], r["refused"]) for r in barred(found)] == [("buying_power_2x", 1)]
    found.deposit(2_500)  # 25 % of 10,000: the call is met
    assert found.submit(OrderRequest("Z", "buy", 5_000)).reason == "BUYING_POWER"
    assert barred(found)[0]["refused"] == 1 and barred(found)[0]["until"] == "2024-03-07"


def test_two_calls_that_halve_the_buying_power_count_an_order_once():
    found = account("2024-03-06", 30_000, brokerage="finra", pattern_day_trader=True)
    for day, qty in (("2024-03-06", 1_300), ("2024-03-07", 700)):  # 130,000 of 120,000, then 70,000 of 60,000
        trade(found, f"{day} 10:00", "Z", "buy", qty, 100)
        trade(found, f"{day} 11:00", "Z", "sell", qty, 100)
    found.mark({"Z": 100}, datetime(2024, 3, 8, 10))
    assert not found.submit(OrderRequest("Z", "buy", 700)).accepted
    assert [(r["why"], r["refused"]) for r in barred(found)] == [("c1", 1), ("c2", 0)]


def test_a_restriction_that_comes_back_counts_its_own_orders():
    found = account("2025-03-03", 23_000, pattern_day_trader=True, positions=[("A", 10, 100)])
    for day, at in (("2025-03-03", 200), ("2025-03-04", 200), ("2025-03-05", 100)):  # 25,000 at the closes of the first two
        found.mark({"A": 100}, datetime.fromisoformat(f"{day} 10:00"))
        trade(found, f"{day} 10:01", "B", "buy", 1, 100)
        found.submit(OrderRequest("B", "sell", 1))
        found.close_session(marks={"A": at})
    trade(found, "2025-03-06 10:01", "B", "buy", 1, 100)
    for _ in range(2):
        assert not found.submit(OrderRequest("B", "sell", 1)).accepted
    assert [(r["from"], r["until"], r["refused"]) for r in barred(found)] == [
        ("2025-03-03", "2025-03-03", 1),
        ("2025-03-06", None, 2),
    ]


def test_a_designated_account_under_the_minimum():
    found = account("2025-03-03", 24_000, pattern_day_trader=True)
    trade(found, "2025-03-03 10:00", "A", "buy", 10, 100)
    assert not found.submit(OrderRequest("A", "sell", 10)).accepted
    (bar,) = barred(found)
    assert (bar["kind"], bar["why"], bar["until"], bar["refused"]) == ("no_day_trades", "minimum_equity", None, 1)
    assert bar["because"] == "pattern day trader at $24,000, under $25,000"


@pytest.mark.parametrize("make", [lambda: account("2024-03-06", 10_000), dtmc])
def test_rows_are_plain(make):
    import json

    found = make()
    found.close_session()
    assert json.loads(json.dumps([rows(found), barred(found)])) == [rows(found), barred(found)]
