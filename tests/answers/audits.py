"""Histories with the verdicts that the sources give. Every expected value is typed from the paragraph named, none is computed by code.

A case is {"name", "source", "events", "expect", "bind"}; `bind` marks cases whose verdicts hang on calls and their restrictions.
`expect` may hold: `decisions` by order id ("2", the second decision about it "2#2", the first withdrawal "w1"), `sessions` by date,
`account`, `day_trades` (complete: {"session symbol": count}), `calls` (each one given must be matched; `no_calls` names kinds that must
not be there), `restrictions` (each one given must be matched). Only the keys given are compared.
"""

from __future__ import annotations

CASES: list[dict] = []


def case(name, source, events, bind=False, **expect):
    CASES.append({"name": name, "source": source, "events": events, "expect": expect, "bind": bind})


def account(day, cash, **more):
    return {"event": "account", "at": f"{day}T09:00:00", "cash": cash, **more}


def order(day, time, id, symbol, side, qty, **more):
    return {"event": "order", "at": f"{day}T{time}:00", "id": id, "symbol": symbol, "side": side, "qty": qty, **more}


def limit(day, time, id, symbol, side, qty, price, **more):
    return order(day, time, id, symbol, side, qty, type="limit", limit_price=price, **more)


def fill(day, time, id, price, **more):
    return {"event": "fill", "at": f"{day}T{time}:00", "order": id, "price": price, **more}


def trade(day, time, symbol, side, qty, price):
    """An execution whose order is unknown."""
    return {"event": "fill", "at": f"{day}T{time}:00", "symbol": symbol, "side": side, "qty": qty, "price": price}


def price(day, time, symbol, value):
    return {"event": "price", "at": f"{day}T{time}:00", "symbol": symbol, "price": value}


def close(day, prices=None):
    line = {"event": "close", "at": f"{day}T16:00:00"}
    return {**line, "prices": prices} if prices else line


def money(kind, day, time, amount):
    return {"event": kind, "at": f"{day}T{time}:00", "amount": amount}


def asset(symbol, **facts):
    return {"event": "asset", "symbol": symbol, **facts}


def held(symbol, qty, at):
    return {"symbol": symbol, "qty": qty, "price": at}


OK = {"accepted": True, "reason": None}


def refused(reason, **more):
    return {"accepted": False, "reason": reason, **more}


# ------------------------------------------------------------------------------------------------ alpaca.md 1.4, the table

W = "2024-03-06"  # a Wednesday; the next session is 2024-03-07
THREE = [{"session": "2024-03-05", "symbol": "Q", "count": 3}]
ONE = [{"session": "2024-03-05", "symbol": "Q", "count": 1}]
T14 = "alpaca.md 1.4 worked examples"
T14E = "alpaca.md 1.4 worked examples, the same table with entry"

for check, verdict in (("exit", OK), ("entry", refused("PDT_COUNT"))):
    case(
        f"row 1, flat, buy, {check}",
        T14 if check == "exit" else T14E,
        [account(W, 20000, pdt_check=check, daytrades=THREE), price(W, "09:40", "X", 10), order(W, "09:45", "1", "X", "buy", 100)],
        decisions={"1": verdict},
    )

EXITS = {
    "market": {},
    "far limit": {"type": "limit", "limit_price": 50},
    "stop": {"type": "stop", "stop_price": 9},
    "trailing stop": {"type": "trailing_stop", "trail_percent": 5, "time_in_force": "gtc"},
}
for kind, extra in EXITS.items():
    case(
        f"row 2, sell X bought today, {kind}, exit",
        T14 + "; facts from the contract's output example",
        [account(W, 20000, daytrades=THREE), trade(W, "09:40", "X", "buy", 100, 10), order(W, "09:45", "2", "X", "sell", 100, **extra)],
        decisions={
            "2": refused(
                "PDT_COUNT",
                would_pass={"qty": 0, "on": "2024-03-07"},
                facts={"last_equity": 20000.0, "daytrade_count": 3, "potential": 1, "required": 25000.0},
            )
        },
    )
case(
    "row 2, sell X bought today, entry",
    T14E,
    [
        account(W, 20000, pdt_check="entry", daytrades=THREE),
        trade(W, "09:40", "X", "buy", 100, 10),
        order(W, "09:45", "2", "X", "sell", 100),
    ],
    decisions={"2": OK},
)
for check in ("exit", "entry"):
    case(
        f"row 3, X held since yesterday, sell, {check}",
        T14,
        [
            account(W, 19000, pdt_check=check, daytrades=THREE, positions=[held("X", 100, 10)]),
            order(W, "09:45", "1", "X", "sell", 100),
            fill(W, "09:46", "1", 10),
            close(W),
        ],
        decisions={"1": OK},
        day_trades={},
        sessions={W: {"daytrade_count": 3, "pattern_day_trader": False}},
    )
    case(
        f"row 4, resting sell on an overnight holding, buy, {check}",
        T14 + " (P10)",
        [
            account(W, 19000, pdt_check=check, daytrades=THREE, positions=[held("X", 100, 10)]),
            limit(W, "09:45", "1", "X", "sell", 100, 12),
            limit(W, "09:50", "2", "X", "buy", 100, 9),
        ],
        decisions={"1": OK, "2": refused("PDT_COUNT")},
    )
    case(
        f"row 5, bracket buy, {check}",
        T14 + " (P13)",
        [
            account(W, 20000, pdt_check=check, daytrades=THREE),
            price(W, "09:40", "X", 10),
            limit(W, "09:45", "1", "X", "buy", 100, 10, order_class="bracket", take_profit=12, stop_loss=9),
        ],
        decisions={"1": refused("PDT_COUNT")},
    )
case(
    "row 6, cover of a short opened today, exit",
    T14,
    [account(W, 20000, daytrades=THREE), trade(W, "09:40", "Y", "sell", 100, 20), order(W, "09:45", "2", "Y", "buy", 100)],
    decisions={"2": refused("PDT_COUNT")},
)
case(
    "row 6, cover of a short opened today, entry",
    T14E + ": exits not checked",
    [
        account(W, 20000, pdt_check="entry", daytrades=THREE),
        trade(W, "09:40", "Y", "sell", 100, 20),
        order(W, "09:45", "2", "Y", "buy", 100),
    ],
    decisions={"2": OK},
)
ROW7 = [
    trade(W, "09:40", "A", "buy", 10, 20),
    trade(W, "09:41", "B", "buy", 10, 20),
    trade(W, "09:42", "C", "buy", 10, 20),
    order(W, "09:45", "1", "A", "sell", 10, type="stop", stop_price=18),
    order(W, "09:46", "2", "B", "sell", 10, type="stop", stop_price=18),
    order(W, "09:47", "3", "C", "sell", 10, type="stop", stop_price=18),
]
case(
    "row 7, third resting stop after one day trade, exit",
    T14,
    [account(W, 20000, daytrades=ONE), *ROW7],
    decisions={"1": OK, "2": OK, "3": refused("PDT_COUNT")},
)
case(
    "row 7, third resting stop after one day trade, entry",
    T14E + ": exits not checked",
    [account(W, 20000, pdt_check="entry", daytrades=ONE), *ROW7],
    decisions={"1": OK, "2": OK, "3": OK},
)
for check in ("exit", "entry"):
    case(
        f"row 8, last_equity 25,000.00, equity now 24,000, {check}",
        T14 + " (P2)",
        [
            account(W, 25000, pdt_check=check, daytrades=THREE),
            trade(W, "09:40", "X", "buy", 100, 100),
            price(W, "09:50", "X", 90),
            order(W, "10:00", "2", "X", "sell", 100),
        ],
        decisions={"2": OK},
        account={"equity": 24000.0, "last_equity": 25000.0},
    )
case(
    "row 9, last_equity 24,900, equity now 31,000",
    T14 + " (P2)",
    [
        account(W, 24900, daytrades=THREE),
        trade(W, "09:40", "X", "buy", 100, 100),
        price(W, "09:50", "X", 161),
        order(W, "10:00", "2", "X", "sell", 100),
    ],
    decisions={"2": refused("PDT_COUNT")},
    account={"equity": 31000.0, "last_equity": 24900.0},
)
case(
    "one cent below $25,000",
    "alpaca.md P2: strictly less than",
    [account(W, 24999.99, daytrades=THREE), trade(W, "09:40", "X", "buy", 100, 100), order(W, "10:00", "2", "X", "sell", 100)],
    decisions={"2": refused("PDT_COUNT")},
)
case(
    "equity_test current",
    "alpaca.md C1: the 2018 rule looks at current equity",
    [
        account(W, 24900, daytrades=THREE, set={"equity_test": "current"}),
        trade(W, "09:40", "X", "buy", 100, 100),
        price(W, "09:50", "X", 161),
        order(W, "10:00", "2", "X", "sell", 100),
    ],
    decisions={"2": OK},
)
case(
    "second partial sale of the same run adds no day trade",
    "alpaca.md 1.2 example C; 1.4 after > potential",
    [
        account(W, 20000, daytrades=[{"session": "2024-03-05", "symbol": "Q", "count": 2}]),
        trade(W, "09:40", "X", "buy", 500, 10),
        order(W, "09:45", "1", "X", "sell", 100),
        fill(W, "09:45", "1", 10),
        order(W, "09:50", "2", "X", "sell", 100),
        fill(W, "09:50", "2", 10),
        order(W, "09:55", "3", "X", "sell", 300),
    ],
    decisions={"1": OK, "2": OK, "3": OK},
    day_trades={"2024-03-06 X": 1},
)

# ------------------------------------------------------------------------------------------------ pending orders and the count

case(
    "F-3871: 11 trailing stops",
    "alpaca.md 1.3 P11",
    [
        account(W, 20000),
        *[trade(W, "09:40", f"S{i}", "buy", 10, 20) for i in range(1, 12)],
        *[order(W, "10:00", str(i), f"S{i}", "sell", 10, type="trailing_stop", trail_percent=5, time_in_force="gtc") for i in range(1, 12)],
    ],
    decisions={**{str(i): OK for i in (1, 2, 3)}, **{str(i): refused("PDT_COUNT") for i in (4, 5, 6, 7, 8, 9, 10, 11)}},
)
BRACKET = {"order_class": "bracket", "take_profit": 25, "stop_loss": 15}
case(
    "F-12560: the fourth bracket",
    "alpaca.md 1.3 P11",
    [
        account(W, 20000),
        *[price(W, "09:40", s, 20) for s in "ABCD"],
        limit(W, "09:45", "1", "A", "buy", 10, 20, **BRACKET),
        fill(W, "09:46", "1", 20),
        limit(W, "09:47", "2", "B", "buy", 10, 20, **BRACKET),
        fill(W, "09:48", "2", 20),
        limit(W, "09:49", "3", "C", "buy", 10, 20, **BRACKET),
        fill(W, "09:50", "3", 20),
        limit(W, "09:51", "4", "D", "buy", 10, 20, **BRACKET),
    ],
    decisions={"1": OK, "2": OK, "3": OK, "4": refused("PDT_COUNT")},
    day_trades={},
)
case(
    "F-12560: an OCO placed after hours still counts",
    "alpaca.md 1.3 P11 and C5",
    [
        account(W, 20000, daytrades=THREE),
        trade(W, "17:00", "A", "buy", 10, 20),
        order(W, "17:05", "1", "A", "sell", 10, order_class="oco", take_profit=25, stop_loss=15, time_in_force="gtc"),
    ],
    decisions={"1": refused("PDT_COUNT")},
)
case(
    "F-2318: a buy bracket",
    "alpaca.md 1.3 P13",
    [account(W, 2000, daytrades=THREE), price(W, "09:40", "A", 20), limit(W, "09:45", "1", "A", "buy", 10, 20, **BRACKET)],
    decisions={"1": refused("PDT_COUNT")},
)
case(
    "a cancelled exit gives the slot back",
    "alpaca.md 1.3 P14",
    [
        account(W, 20000, daytrades=[{"session": "2024-03-05", "symbol": "Q", "count": 2}]),
        trade(W, "09:40", "A", "buy", 10, 20),
        trade(W, "09:40", "B", "buy", 10, 20),
        order(W, "09:45", "1", "A", "sell", 10, type="stop", stop_price=18),
        order(W, "09:46", "2", "B", "sell", 10, type="stop", stop_price=18),
        {"event": "cancel", "at": f"{W}T09:50:00", "order": "1"},
        order(W, "09:55", "3", "B", "sell", 10, type="stop", stop_price=18),
    ],
    decisions={"1": OK, "2": refused("PDT_COUNT"), "3": OK},
)
case(
    "extended hours are the same day",
    "alpaca.md P6; rulebook.md 1.2",
    [account(W, 20000), trade(W, "09:40", "X", "buy", 10, 20), trade(W, "18:00", "X", "sell", 10, 20), close("2024-03-07")],
    day_trades={"2024-03-06 X": 1},
    sessions={W: {"daytrade_count": 1}, "2024-03-07": {"daytrade_count": 1}},
)
case(
    "from 20:00 it is the next session",
    "the contract: before 20:00 it belongs to that session, later to the next",
    [account(W, 20000), trade(W, "09:40", "X", "buy", 10, 20), trade(W, "20:00", "X", "sell", 10, 20)],
    day_trades={},
)

# ------------------------------------------------------------------------------------------------ the window, rulebook.md 1.4

WINDOWS = [
    ("2026-07-07", "2026-06-30", 3),
    ("2026-07-07", "2026-06-29", 0),
    ("2025-12-29", "2025-12-22", 3),
    ("2025-12-29", "2025-12-19", 0),
    ("2025-06-20", "2025-06-13", 3),
    ("2025-06-20", "2025-06-12", 0),
]
for today, made, count in WINDOWS:
    case(
        f"window of {today} and {made}",
        "rulebook.md 1.4 window table",
        [
            account(today, 20000, daytrades=[{"session": made, "symbol": "Q", "count": 3}], set={"switch_day": "2027-10-20"}),
            trade(today, "09:40", "X", "buy", 100, 10),
            order(today, "09:45", "2", "X", "sell", 100),
            close(today),
        ],
        decisions={"2": refused("PDT_COUNT") if count else OK},
        sessions={today: {"daytrade_count": count}},
    )
ROUND = [
    step for i in (1, 2, 3, 4) for step in (trade(W, f"1{i}:01", f"S{i}", "buy", 10, 20), trade(W, f"1{i}:30", f"S{i}", "sell", 10, 20))
]
case(
    "three day trades do not flag",
    "rulebook.md 1.4 vectors (count < 4)",
    [account(W, 30000), *ROUND[:6], close(W)],
    sessions={W: {"daytrade_count": 3, "pattern_day_trader": False}},
)
for firm in ("alpaca", "finra"):
    case(
        f"four day trades of eight flag, {firm}",
        "rulebook.md 1.4 vectors; the contract: flagged at the fill, multiplier from the next session",
        [account(W, 30000, brokerage=firm), *ROUND, close(W), close("2024-03-07")],
        sessions={
            W: {"daytrade_count": 4, "pattern_day_trader": True, "multiplier": 2, "bod_dtbp": 0.0},
            "2024-03-07": {"daytrade_count": 4, "pattern_day_trader": True, "multiplier": 4, "bod_dtbp": 120000.0},
        },
    )

# ------------------------------------------------------------------------------------------------ DTBP, alpaca.md 1.6

FIFTY = [
    account(W, -50000, positions=[held("A", 1000, 100)], pattern_day_trader=True),
    order(W, "09:31", "1", "A", "sell", 1000),
    fill(W, "09:31", "1", 100),
    price(W, "09:32", "Z", 100),
]
OFFICIAL = "alpaca.md 1.6 official example"
case(
    "official example, sell everything at the open",
    OFFICIAL,
    [*FIFTY, close(W)],
    account={"bod_dtbp": 80000.0, "daytrading_buying_power": 80000.0, "regt_buying_power": 100000.0, "buying_power": 100000.0},
    sessions={W: {"bod_dtbp": 80000.0, "lowest_daytrading_buying_power": 80000.0, "multiplier": 4}},
)
case(
    "official example, entry",
    OFFICIAL,
    [*FIFTY, limit(W, "09:40", "2", "Z", "buy", 1000, 100), limit(W, "09:45", "3", "Z", "buy", 800, 100), fill(W, "09:46", "3", 100)],
    decisions={"1": OK, "2": refused("DTBP", would_pass={"qty": 800, "on": None}), "3": OK},
    account={"daytrading_buying_power": 0.0},
)
case(
    "official example, exit",
    OFFICIAL,
    [
        {**FIFTY[0], "dtbp_check": "exit"},
        *FIFTY[1:],
        limit(W, "09:40", "2", "Z", "buy", 1000, 100),
        fill(W, "09:41", "2", 100),
        order(W, "10:00", "3", "Z", "sell", 1000),
        order(W, "10:05", "4", "Z", "sell", 800),
        fill(W, "10:06", "4", 100),
        close(W),
    ],
    decisions={"2": OK, "3": refused("DTBP", would_pass={"qty": 800, "on": "2024-03-07"}), "4": OK},
    no_calls=["day_trade"],
)
case(
    "official example, both",
    OFFICIAL + " and D8",
    [{**FIFTY[0], "dtbp_check": "both"}, *FIFTY[1:], limit(W, "09:40", "2", "Z", "buy", 1000, 100)],
    decisions={"2": refused("DTBP")},
)
case(
    "official example, no protection",
    OFFICIAL,
    [
        {**FIFTY[0], "rules": "off"},
        *FIFTY[1:],
        limit(W, "09:40", "2", "Z", "buy", 1000, 100),
        fill(W, "09:41", "2", 100),
        order(W, "10:00", "3", "Z", "sell", 1000),
        fill(W, "10:01", "3", 100),
        close(W),
    ],
    decisions={"2": OK, "3": OK},
    calls=[{"kind": "day_trade", "amount": 20000.0, "issued_on": "2024-03-07"}],
)
case(
    "day-trade call as in the contract's output",
    "alpaca.md D5 and the contract's output example",
    [
        account("2025-03-03", -50000, positions=[held("A", 1000, 100)], pattern_day_trader=True),
        trade("2025-03-03", "09:31", "A", "sell", 1000, 100),
        trade("2025-03-03", "09:40", "Z", "buy", 1000, 100),
        trade("2025-03-03", "10:00", "Z", "sell", 1000, 100),
        close("2025-03-03"),
    ],
    calls=[
        {
            "id": "c1",
            "kind": "day_trade",
            "amount": 20000.0,
            "issued_on": "2025-03-04",
            "due_on": "2025-03-10",
            "status": "open",
            "ended_on": None,
        }
    ],
)
case(
    "closing overnight positions adds nothing to DTBP",
    "alpaca.md D4",
    [account(W, -50000, positions=[held("A", 1000, 100)], pattern_day_trader=True), trade(W, "09:31", "A", "sell", 500, 120)],
    account={"daytrading_buying_power": 80000.0},
)
THIRTY = account(W, 30000, pattern_day_trader=True)
case(
    "30,000: buy 40,000",
    "alpaca.md 1.6 more examples",
    [THIRTY, trade(W, "09:40", "X", "buy", 400, 100)],
    account={"bod_dtbp": 120000.0, "daytrading_buying_power": 80000.0},
)
case(
    "30,000: sold at 39,000",
    "alpaca.md 1.6 more examples",
    [THIRTY, trade(W, "09:40", "X", "buy", 400, 100), trade(W, "10:00", "X", "sell", 400, 97.5)],
    account={"daytrading_buying_power": 120000.0, "equity": 29000.0},
)
case(
    "30,000 all in TQQQ",
    "alpaca.md 1.6 more examples",
    [
        account("2021-03-03", 0, positions=[held("TQQQ", 300, 100)], pattern_day_trader=True),
        asset("TQQQ", leverage=3),
        limit("2021-03-03", "09:45", "1", "Z", "buy", 1, 10),
    ],
    decisions={"1": {"accepted": False}},
    account={"bod_dtbp": 0.0, "multiplier": 4, "maintenance_margin": 30000.0},
)
case(
    "open opening orders reserve DTBP",
    "alpaca.md D11",
    [THIRTY, limit(W, "09:40", "1", "X", "buy", 400, 100)],
    decisions={"1": OK},
    account={"daytrading_buying_power": 80000.0},
)
case(
    "flagged below 25,000 has no DTBP",
    "alpaca.md P33",
    [account(W, 24000, pattern_day_trader=True), close(W)],
    sessions={W: {"bod_dtbp": 0.0, "multiplier": 2}},
)
LAW16 = "rulebook.md 1.6 vectors"
case(
    "LMV 100,000, cash +30,000",
    LAW16 + " 1",
    [account(W, 30000, brokerage="finra", positions=[held("A", 1000, 100)], pattern_day_trader=True)],
    account={"bod_dtbp": 420000.0},
)
case(
    "LMV 100,000, debit 50,000, law",
    LAW16 + " 2",
    [account(W, -50000, brokerage="finra", positions=[held("A", 1000, 100)], pattern_day_trader=True)],
    account={"bod_dtbp": 100000.0},
)
case(
    "LMV 100,000, debit 50,000, 30 % house",
    LAW16 + " 2",
    [account(W, -50000, positions=[held("A", 1000, 100)], pattern_day_trader=True)],
    account={"bod_dtbp": 80000.0},
)
for k, most in ((2, 600), (3, 400)):
    case(
        f"{k}x fund scaled",
        LAW16 + " 3; the contract: dtbp_by_requirement scales it",
        [
            account(W, 30000, brokerage="finra", pattern_day_trader=True, set={"dtbp_by_requirement": True}),
            asset("L", leverage=k),
            limit(W, "09:40", "1", "L", "buy", most, 100),
            {"event": "cancel", "at": f"{W}T09:41:00", "order": "1"},
            limit(W, "09:42", "2", "L", "buy", most + 1, 100),
        ],
        decisions={"1": OK, "2": {"accepted": False, "would_pass": {"qty": most}}},
    )
case(
    "time and tick peak 90,000 is no call",
    LAW16 + " 4",
    [
        account(W, 0, brokerage="finra", positions=[held("A", 300, 100)], pattern_day_trader=True),
        trade(W, "09:40", "IBM", "buy", 900, 100),
        trade(W, "10:00", "IBM", "sell", 900, 100),
        trade(W, "10:40", "Y", "buy", 900, 100),
        trade(W, "11:00", "Y", "sell", 900, 100),
        close(W),
    ],
    sessions={W: {"bod_dtbp": 90000.0}},
    no_calls=["day_trade"],
)
D18 = "2025-12-18"
OVER = [
    account(D18, -20000, brokerage="finra", positions=[held("A", 800, 100)], pattern_day_trader=True),
    trade(D18, "09:40", "Z", "buy", 2000, 100),
    trade(D18, "10:00", "Z", "sell", 2000, 100),
    close(D18),
]
case(
    "over by 40,000, call 10,000",
    LAW16 + " 5; due day rulebook.md 1.7 vectors",
    OVER,
    sessions={D18: {"bod_dtbp": 160000.0}},
    calls=[{"kind": "day_trade", "amount": 10000.0, "issued_on": "2025-12-19", "due_on": "2025-12-26"}],
)
case(
    "over by 40,000, unmet: 90 days on cash",
    "rulebook.md 1.7 vectors and the contract's call table",
    [*OVER, close("2025-12-29")],
    True,
    calls=[{"kind": "day_trade", "status": "past_due"}],
    restrictions=[
        {"kind": "buying_power_2x", "from": "2025-12-19", "until": "2025-12-26"},
        {"kind": "cash_available", "until": "2026-03-26"},
    ],
)
case(
    "non-pattern, day trades 18,000: no call",
    "rulebook.md 1.8 a",
    [account(W, 5000, brokerage="finra"), trade(W, "09:40", "X", "buy", 180, 100), trade(W, "10:00", "X", "sell", 180, 100), close(W)],
    no_calls=["day_trade", "fed", "maintenance"],
)
case(
    "non-pattern, day trades 24,000: call 1,000",
    "rulebook.md 1.8 b",
    [account(W, 5000, brokerage="finra"), trade(W, "09:40", "X", "buy", 240, 100), trade(W, "10:00", "X", "sell", 240, 100), close(W)],
    calls=[{"kind": "day_trade", "amount": 1000.0, "due_on": "2024-03-13"}],
    no_calls=["fed"],
)
case(
    "non-pattern, holds 24,000: Fed call 7,000",
    "rulebook.md 1.8 c",
    [account(W, 5000, brokerage="finra"), trade(W, "09:40", "X", "buy", 240, 100), close(W)],
    calls=[{"kind": "fed", "amount": 7000.0}],
    no_calls=["day_trade"],
)

# ------------------------------------------------------------------------------------------------ flagged under $25,000

P32 = "alpaca.md P32 and C7"
case(
    "before 2025: liquidation only",
    P32,
    [
        account("2024-12-31", 24000, pattern_day_trader=True),
        price("2024-12-31", "09:40", "X", 10),
        order("2024-12-31", "09:45", "1", "X", "buy", 10),
    ],
    decisions={"1": refused("LIQUIDATION_ONLY")},
)
case(
    "before 2025: closing is allowed",
    P32,
    [
        account("2024-12-31", 23000, positions=[held("X", 100, 10)], pattern_day_trader=True),
        order("2024-12-31", "09:45", "1", "X", "sell", 100),
    ],
    decisions={"1": OK},
)
A21 = "2026-04-21"
case(
    "2026-04-21: the buy fills, its stop is refused",
    P32 + "; S3",
    [
        account(A21, 24000, pattern_day_trader=True),
        price(A21, "09:40", "MRK", 80),
        limit(A21, "09:45", "1", "MRK", "buy", 10, 80),
        fill(A21, "09:46", "1", 80),
        order(A21, "09:47", "2", "MRK", "sell", 10, type="stop", stop_price=78),
    ],
    decisions={"1": OK, "2": refused("PDT_RESTRICTED_DAYTRADE", would_pass={"qty": 0, "on": "2026-04-22"})},
    restrictions=[{"kind": "no_day_trades", "from": A21, "until": None}],
)
case(
    "2026-04-21: an overnight holding may be sold",
    P32,
    [account(A21, 20000, positions=[held("MRK", 50, 80)], pattern_day_trader=True), order(A21, "09:47", "2", "MRK", "sell", 50)],
    decisions={"2": OK},
)
case(
    "liquidation_only chosen on a later day",
    P32 + ": a parameter",
    [
        account(A21, 24000, pattern_day_trader=True, set={"pdt_under_25k": "liquidation_only"}),
        price(A21, "09:40", "X", 10),
        order(A21, "09:45", "1", "X", "buy", 10),
    ],
    decisions={"1": refused("LIQUIDATION_ONLY")},
)
V15 = "rulebook.md 1.5 vectors"
D2, D3 = "2025-03-04", "2025-03-05"
TRIP = [trade(D2, "09:40", "X", "buy", 10, 100), order(D2, "10:00", "1", "X", "sell", 10)]
for firm in ("finra", "alpaca"):
    who = {"brokerage": firm, "pattern_day_trader": True}
    case(f"prior close 25,000.00, {firm}", V15, [account(D2, 25000, **who), *TRIP], decisions={"1": OK})
    case(f"prior close 24,999.99, {firm}", V15, [account(D2, 24999.99, **who), *TRIP], decisions={"1": refused("PDT_RESTRICTED_DAYTRADE")})
    case(
        f"prior close 24,000, gap to 26,000, {firm}",
        V15,
        [account(D2, 14000, positions=[held("G", 100, 100)], **who), price(D2, "09:31", "G", 120), *TRIP],
        decisions={"1": refused("PDT_RESTRICTED_DAYTRADE")},
        account={"equity": 26000.0},
    )
    case(
        f"closes at 26,000: allowed tomorrow, {firm}",
        V15,
        [
            account(D2, 14000, positions=[held("G", 100, 100)], **who),
            close(D2, {"G": 120}),
            trade(D3, "09:40", "X", "buy", 10, 100),
            order(D3, "10:00", "1", "X", "sell", 10),
        ],
        decisions={"1": OK},
        sessions={D2: {"equity": 26000.0}},
    )
    case(
        f"prior close 26,000, intraday 24,500, {firm}",
        V15,
        [account(D2, 16000, positions=[held("G", 100, 100)], **who), price(D2, "09:31", "G", 85), *TRIP],
        decisions={"1": OK},
    )

# ------------------------------------------------------------------------------------------------ order value, alpaca.md 3.3

TEN = account(W, 10000)  # buying power 20,000
VALUES = [
    ("O1 market buy at $40 is 4,160", 40, {"side": "buy"}, 15840.0),
    ("O1 market buy at $80 is 8,200", 80, {"side": "buy"}, 11800.0),
    ("O1 limit buy", 40, {"side": "buy", "type": "limit", "limit_price": 39}, 16100.0),
    ("O2 market short at $20 is 2,060", 20, {"side": "sell"}, 17940.0),
    ("O2 short limit 25 is 2,500", 20, {"side": "sell", "type": "limit", "limit_price": 25}, 17500.0),
    ("O2 short limit 18 is 2,060", 20, {"side": "sell", "type": "limit", "limit_price": 18}, 17940.0),
    ("O3 stop buy 45 is 4,680", 40, {"side": "buy", "type": "stop", "stop_price": 45}, 15320.0),
    ("O3 stop buy 80 is 8,200", 70, {"side": "buy", "type": "stop", "stop_price": 80}, 11800.0),
    ("O3 stop-limit is its limit", 40, {"side": "buy", "type": "stop_limit", "stop_price": 45, "limit_price": 46}, 15400.0),
    (
        "O8 bracket reserves the entry only",
        40,
        {"side": "buy", "type": "limit", "limit_price": 40, "order_class": "bracket", "take_profit": 50, "stop_loss": 30},
        16000.0,
    ),
]
for name, last, what, left in VALUES:
    what = dict(what)
    case(
        name,
        "alpaca.md 3.3 " + name[:2],
        [TEN, price(W, "09:40", "X", last), order(W, "09:45", "1", "X", what.pop("side"), 100, **what)],
        decisions={"1": OK},
        account={"buying_power": left},
    )
case(
    "O1 the last dollar",
    "alpaca.md 3.3 O1",
    [account(W, 2080), price(W, "09:40", "X", 40), order(W, "09:45", "1", "X", "buy", 100)],
    decisions={"1": OK},
    account={"buying_power": 0.0},
)
case(
    "O1 one cent less",
    "alpaca.md 3.3 O1",
    [account(W, 2079.99), price(W, "09:40", "X", 40), order(W, "09:45", "1", "X", "buy", 100)],
    decisions={"1": refused("BUYING_POWER", would_pass={"qty": 99, "on": None})},
)
case(
    "O5 buying power 10,000",
    "alpaca.md 3.3 O5",
    [account(W, 5000), limit(W, "09:40", "1", "X", "buy", 30, 100), limit(W, "09:45", "2", "Y", "buy", 80, 100)],
    decisions={"1": OK, "2": refused("BUYING_POWER", would_pass={"qty": 70, "on": None})},
    account={"buying_power": 7000.0},
)
case(
    "O5 a resting sale adds nothing until executed",
    "alpaca.md 3.3 O5",
    [account(W, 5000, positions=[held("A", 50, 100)]), limit(W, "09:40", "1", "A", "sell", 50, 110)],
    decisions={"1": OK},
    account={"buying_power": 15000.0},
)
case(
    "O6 replaced by less: the new order alone is reserved",
    "alpaca.md 3.3 O6; Settled 6",
    [TEN, limit(W, "09:40", "1", "X", "buy", 10, 100), {"event": "replace", "at": f"{W}T09:45:00", "order": "1", "qty": 5}],
    decisions={"1": OK, "1#2": OK},
    account={"buying_power": 19500.0},
)
case(
    "O6 replaced by more",
    "alpaca.md 3.3 O6",
    [TEN, limit(W, "09:40", "1", "X", "buy", 10, 100), {"event": "replace", "at": f"{W}T09:45:00", "order": "1", "qty": 20}],
    decisions={"1": OK, "1#2": OK},
    account={"buying_power": 18000.0},
)
case(
    "a refused replacement leaves the old order",
    "the contract, replace",
    [TEN, limit(W, "09:40", "1", "X", "buy", 10, 100), {"event": "replace", "at": f"{W}T09:45:00", "order": "1", "qty": 201}],
    decisions={"1": OK, "1#2": refused("BUYING_POWER")},
    account={"buying_power": 19000.0},
)
case(
    "finra has no collar",
    "the contract: finra orders, the same checks without collar",
    [account(W, 10000, brokerage="finra"), price(W, "09:40", "X", 40), order(W, "09:45", "1", "X", "buy", 100)],
    decisions={"1": OK},
    account={"buying_power": 16000.0},
)
case(
    "non-marginable is paid from cash",
    "alpaca.md O4 and the contract",
    [TEN, asset("N", marginable=False), limit(W, "09:45", "1", "N", "buy", 101, 100), limit(W, "09:46", "2", "N", "buy", 100, 100)],
    decisions={"1": refused("NON_MARGINABLE_BUYING_POWER", would_pass={"qty": 100, "on": None}), "2": OK},
)

# ------------------------------------------------------------------------------------------------ account samples, alpaca.md 3.2

case(
    "sample 1, docs",
    "alpaca.md 3.2 no. 1",
    [
        account(
            "2023-03-01",
            -23140.20,
            positions=[held("L", 1, 126960.76)],
            last_equity=103529.24,
            last_maintenance_margin=38000.832,
            pattern_day_trader=True,
        )
    ],
    account={
        "equity": 103820.56,
        "initial_margin": 63480.38,
        "maintenance_margin": 38088.23,
        "regt_buying_power": 80680.36,
        "daytrading_buying_power": 262113.63,
        "buying_power": 262113.63,
        "multiplier": 4,
    },
)
case(
    "sample 2, G-api#112",
    "alpaca.md 3.2 no. 2 and D2",
    [
        account(W, 112514, last_equity=35848.85, last_maintenance_margin=356647.455, pattern_day_trader=True),
        limit(W, "09:45", "1", "X", "buy", 1, 10),
    ],
    decisions={"1": refused("DTBP")},
    account={"daytrading_buying_power": 0.0, "regt_buying_power": 225028.0, "buying_power": 225028.0},
)
case(
    "sample 3, BKDOCS",
    "alpaca.md 3.2 no. 3",
    [
        account(
            "2022-03-01",
            24861.91,
            positions=[held("L", 1, 3197.478)],
            last_equity=26977.324,
            last_maintenance_margin=934.624,
            pattern_day_trader=True,
        )
    ],
    account={"equity": 28059.39, "initial_margin": 1598.74, "regt_buying_power": 52921.30, "bod_dtbp": 104170.80},
)
case(
    "sample 4, live August 2026",
    "alpaca.md 3.2 no. 4",
    [account("2026-08-24", 846.84, positions=[held("L", 10, 116.544)])],
    account={"equity": 2012.28, "maintenance_margin": 349.63, "buying_power": 6650.59},
)

# ------------------------------------------------------------------------------------------------ maintenance

S26 = "2026-09-21"
for at, need in ((2.00, 2000.0), (4.00, 2000.0), (6.00, 3000.0), (10.00, 3000.0)):
    case(
        f"2026, 1,000 long at ${at:.2f}",
        "alpaca.md 4.2 per 1 000 shares",
        [account(S26, 5000, positions=[held("L", 1000, at)]), close(S26)],
        sessions={S26: {"maintenance_margin": need}},
    )
for at, need in ((2.00, 2500.0), (4.00, 4000.0), (5.00, 5000.0), (10.00, 5000.0), (20.00, 6000.0)):
    case(
        f"2026, 1,000 short at ${at:.2f}",
        "alpaca.md 4.2 per 1 000 shares",
        [account(S26, 60000, positions=[held("L", -1000, at)]), close(S26)],
        sessions={S26: {"maintenance_margin": need}},
    )
BANDS = [
    ("2019-06-03", 2, 6000.0),
    ("2019-06-03", 3, 9000.0),
    ("2020-11-06", 3, 9000.0),
    ("2020-11-09", 2, 10000.0),
    ("2020-11-09", 3, 10000.0),
    ("2026-01-22", 3, 10000.0),
    ("2026-01-23", 2, 5000.0),
    ("2026-01-23", 3, 7500.0),
    ("2026-06-03", 3, 7500.0),
]
for day, k, need in BANDS:
    case(
        f"10,000 of a {k}x fund on {day}",
        "alpaca.md 4.2 by date, C6",
        [account(day, 5000, positions=[held("L", 100, 100)]), asset("L", leverage=k), close(day)],
        sessions={day: {"maintenance_margin": need}},
    )
for day, at, need in (
    ("2026-06-03", 4.00, 1200.0),
    ("2026-06-04", 4.00, 2000.0),
    ("2026-06-03", 2.49, 2490.0),
    ("2026-06-03", 2.50, 750.0),
):
    case(
        f"1,000 long at ${at:.2f} on {day}",
        "alpaca.md 4.2 by date, C6",
        [account(day, 5000, positions=[held("L", 1000, at)]), close(day)],
        sessions={day: {"maintenance_margin": need}},
    )
case(
    "concentration",
    "alpaca.md 4.2 (50 % x 160,000 + 30 % x 40,000)",
    [account(S26, -110000, positions=[held("A", 1600, 100), held("B", 400, 100)]), close(S26)],
    sessions={S26: {"maintenance_margin": 92000.0}},
)
case(
    "concentration, debit 99,999",
    "alpaca.md 4.2 (30 % x 200,000)",
    [account(S26, -99999, positions=[held("A", 1600, 100), held("B", 400, 100)]), close(S26)],
    sessions={S26: {"maintenance_margin": 60000.0}},
)
SHORTS = [
    (1000, 50.00, 15000.0),
    (10000, 5.00, 50000.0),
    (10000, 4.50, 45000.0),
    (50000, 1.00, 125000.0),
    (100, 10.00, 500.0),
    (100, 20.00, 600.0),
    (100, 4.99, 499.0),
    (100, 5.00, 500.0),
    (100, 2.50, 250.0),
    (100, 3.00, 300.0),
]
for firm in ("finra", "alpaca"):
    for qty, at, need in SHORTS:
        case(
            f"short {qty} at ${at:.2f}, {firm}",
            "rulebook.md 3.1 short vectors",
            [account(W, 300000, brokerage=firm, positions=[held("S", -qty, at)]), close(W)],
            sessions={W: {"maintenance_margin": need}},
        )
for k, long_need, short_need in ((1, 2500.0, None), (2, 5000.0, 6000.0), (3, 7500.0, 9000.0), (5, 10000.0, 15000.0)):
    for sign, need in ((1, long_need), (-1, short_need)):
        if need is not None:
            case(
                f"{k}x fund, {100 * sign} shares, law",
                "rulebook.md 3.1 long vectors",
                [account(W, 50000, brokerage="finra", positions=[held("L", 100 * sign, 100)]), asset("L", leverage=k), close(W)],
                sessions={W: {"maintenance_margin": need}},
            )
INITIAL = [("marginable", {}, 200, 10000.0), ("non-margin", {"marginable": False}, 40, 4000.0), ("3x fund", {"leverage": 3}, 100, 7500.0)]
for name, facts, qty, need in INITIAL:
    case(
        f"initial margin, {name}",
        "rulebook.md 2.1 vectors",
        [account(W, 50000, brokerage="finra", positions=[held("L", qty, 100)]), asset("L", **facts), close(W)],
        sessions={W: {"initial_margin": need}},
    )
case(
    "maintenance call 1,000",
    "rulebook.md 3.2 inputs; the contract: due 2 business days after the measured session",
    [account(W, -10000, brokerage="finra", positions=[held("A", 120, 100)]), close(W)],
    sessions={W: {"equity": 2000.0, "maintenance_margin": 3000.0}},
    calls=[{"kind": "maintenance", "amount": 1000.0, "issued_on": "2024-03-07", "due_on": "2024-03-08", "status": "open"}],
)

# ------------------------------------------------------------------------------------------------ Reg T: Fed calls, SMA, interest

V24 = "rulebook.md 2.4 Fed-call vectors"
case(
    "Fed call 5,000",
    V24 + " a",
    [account(W, 10000, brokerage="finra"), trade(W, "09:40", "X", "buy", 300, 100), close(W)],
    sessions={W: {"initial_margin": 15000.0, "maintenance_margin": 7500.0}},
    calls=[{"kind": "fed", "amount": 5000.0}],
    no_calls=["maintenance"],
)
case(
    "Fed call 950 needs nothing",
    V24 + " b",
    [account(W, 10000, brokerage="finra"), trade(W, "09:40", "X", "buy", 219, 100), close(W)],
    no_calls=["fed"],
)
case(
    "bought and sold in the day",
    V24 + " c",
    [account(W, 5000, brokerage="finra"), trade(W, "09:40", "X", "buy", 200, 100), trade(W, "15:40", "X", "sell", 200, 101.5), close(W)],
    sessions={W: {"equity": 5300.0}},
    no_calls=["fed"],
)
case(
    "a fall alone makes no Fed call",
    "rulebook.md 2.2 (220.3(c))",
    [account(W, -10000, brokerage="finra", positions=[held("A", 200, 100)]), close(W, {"A": 80})],
    no_calls=["fed"],
)
DUE = [
    ("1999-10-05", "1999-10-12"),
    ("1999-10-08", "1999-10-15"),
    ("1999-10-11", "1999-10-18"),
    ("1999-10-12", "1999-10-19"),
    ("2017-09-01", "2017-09-11"),
    ("2017-09-05", "2017-09-11"),
    ("2024-05-24", "2024-05-31"),
    ("2024-05-28", "2024-05-31"),
    ("2026-10-08", "2026-10-13"),
    ("2026-10-09", "2026-10-14"),
    ("2026-10-12", "2026-10-15"),
    ("2026-11-10", "2026-11-13"),
    ("2026-11-11", "2026-11-16"),
    ("2026-11-25", "2026-12-01"),
    ("2026-11-27", "2026-12-02"),
]
for day, due in DUE:
    case(
        f"Fed call of {day} is due {due}",
        "rulebook.md 5.1 switch-over vectors and section 6 tables",
        [account(day, 10000, brokerage="finra"), trade(day, "09:40", "X", "buy", 300, 100), {"event": "close", "session": day}],
        calls=[{"kind": "fed", "amount": 5000.0, "due_on": due}],
    )
C = ["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-11"]
case(
    "SMA, one continuing account",
    "rulebook.md 2.4 vectors",
    [
        account(C[0], 10000, brokerage="finra"),
        trade(C[0], "09:40", "X", "buy", 200, 100),
        close(C[0]),
        close(C[1], {"X": 120}),
        close(C[2], {"X": 90}),
        price(C[3], "09:31", "X", 100),
        price(C[3], "09:32", "X", 90),
        trade(C[3], "09:40", "X", "sell", 44.4444444444, 90),
        close(C[3]),
        money("dividend", C[4], "10:00", 300),
        close(C[4]),
        money("withdraw", C[5], "10:00", 4300),
        close(C[5]),
    ],
    decisions={"w1": OK},
    sessions={
        C[0]: {"sma": 0.0, "equity": 10000.0},
        C[1]: {"sma": 2000.0, "equity": 14000.0},
        C[2]: {"sma": 2000.0, "equity": 8000.0},
        C[3]: {"sma": 4000.0, "equity": 8000.0},
        C[4]: {"sma": 4300.0, "equity": 8300.0},
        C[5]: {"sma": 0.0, "equity": 4000.0},
    },
)
case(
    "SMA of a short",
    "rulebook.md 2.4 short",
    [account(C[0], 5000, brokerage="finra"), trade(C[0], "09:40", "X", "sell", 100, 100), close(C[0]), close(C[1], {"X": 80})],
    sessions={C[0]: {"sma": 0.0}, C[1]: {"sma": 3000.0, "equity": 7000.0, "initial_margin": 4000.0}},
)
case(
    "interest on a 5,000 debit",
    "alpaca.md 4.4 example",
    [account("2026-09-24", -5000, positions=[held("A", 200, 100)]), close("2026-09-24"), close("2026-09-25")],
    sessions={"2026-09-24": {"interest": 0.90}, "2026-09-25": {"interest": 2.71}},
)

# ------------------------------------------------------------------------------------------------ intraday margin, alpaca.md section 5

M15 = "2026-06-15"
S5 = "alpaca.md section 5 worked examples"
case(
    "10,000 buys 30,000",
    S5,
    [account(M15, 10000), limit(M15, "09:40", "1", "X", "buy", 300, 100), fill(M15, "09:41", "1", 100)],
    decisions={"1": OK},
    account={"maintenance_margin": 9000.0, "intraday_margin_level": 2500.0, "buying_power": 4000.0, "multiplier": 4},
)
case(
    "10,000 buys 40,000",
    S5,
    [
        account(M15, 10000),
        limit(M15, "09:40", "1", "X", "buy", 400, 100),
        fill(M15, "09:41", "1", 100),
        trade(M15, "15:00", "X", "sell", 400, 100),
        close(M15),
    ],
    decisions={"1": OK},
    sessions={M15: {"lowest_intraday_margin_level": 0.0, "intraday_margin_deficit": 0.0}},
    no_calls=["intraday_margin"],
)
case(
    "10,000 buys 40,001",
    S5 + ": the BP test",
    [account(M15, 10000), limit(M15, "09:40", "1", "X", "buy", 400.01, 100)],
    decisions={"1": refused("BUYING_POWER")},
)
case(
    "10,000 buys 40,000 at 25 %",
    S5,
    [account(M15, 10000, brokerage="finra"), trade(M15, "09:40", "X", "buy", 400, 100)],
    account={"intraday_margin_level": 0.0, "intraday_margin_deficit": 0.0},
)
DOWN = [account(M15, -20000, positions=[held("A", 300, 100)]), price(M15, "09:40", "A", 95)]
case(
    "a fall alone makes no deficit",
    S5,
    [*DOWN, close(M15)],
    sessions={
        M15: {"equity": 8500.0, "maintenance_margin": 8550.0, "intraday_margin_deficit": 0.0, "lowest_intraday_margin_level": 1375.0}
    },
    calls=[{"kind": "maintenance", "amount": 50.0}],
    no_calls=["intraday_margin"],
)
case(
    "1,000 more after the fall",
    S5,
    [*DOWN, limit(M15, "09:45", "1", "B", "buy", 10, 100), trade(M15, "09:50", "B", "buy", 10, 100), close(M15)],
    decisions={"1": refused("BUYING_POWER")},
    sessions={M15: {"intraday_margin_deficit": 0.0}},
    no_calls=["intraday_margin"],
)
case(
    "30,000 held to the close is a Fed call",
    S5 + "; amount rulebook.md 4.7 no. 15",
    [account(M15, 10000), trade(M15, "09:40", "X", "buy", 300, 100), close(M15)],
    calls=[{"kind": "fed", "amount": 5000.0}],
    no_calls=["intraday_margin", "maintenance"],
)
LAW = account(M15, 10000, brokerage="finra")
V47 = "rulebook.md 4.7 no. "
DEFICITS = [
    ("1", [LAW, trade(M15, "09:40", "X", "buy", 400, 100), trade(M15, "10:40", "X", "sell", 400, 100)], 0.0),
    ("2", [LAW, trade(M15, "09:40", "X", "buy", 500, 100)], 2500.0),
    ("3", [LAW, trade(M15, "09:40", "X", "buy", 420, 100)], 500.0),
    ("4", [account(M15, 30000, brokerage="finra"), trade(M15, "09:40", "X", "buy", 1240, 100)], 1000.0),
    ("5", [account(M15, 30000, brokerage="finra"), trade(M15, "09:40", "X", "buy", 1244, 100)], 1100.0),
    ("6", [LAW, trade(M15, "09:40", "X", "buy", 400, 100), price(M15, "10:40", "X", 95)], 0.0),
    ("7", [LAW, trade(M15, "09:40", "X", "buy", 400, 100), price(M15, "10:40", "X", 95), trade(M15, "11:00", "Y", "buy", 10, 100)], 1750.0),
    (
        "7 COST",
        [
            {**LAW, "set": {"imd_valuation": "cost"}},
            trade(M15, "09:40", "X", "buy", 400, 100),
            price(M15, "10:40", "X", 95),
            trade(M15, "11:00", "Y", "buy", 10, 100),
        ],
        250.0,
    ),
    (
        "8",
        [
            account(M15, -20000, brokerage="finra", positions=[held("A", 400, 100)]),
            trade(M15, "09:40", "X", "buy", 600, 100),
            trade(M15, "11:00", "A", "sell", 400, 100),
        ],
        5000.0,
    ),
    ("9", [LAW, trade(M15, "10:00", "X", "buy", 500, 100), money("deposit", M15, "15:00", 2500)], 2500.0),
    (
        "10",
        [
            LAW,
            trade(M15, "10:00", "ABC", "buy", 500, 100),
            trade(M15, "10:10", "ABC", "sell", 500, 100),
            trade(M15, "10:20", "XYZ", "buy", 500, 100),
            trade(M15, "10:30", "XYZ", "sell", 500, 100),
        ],
        2500.0,
    ),
    ("11", [LAW, trade(M15, "10:00", "X", "sell", 2000, 20)], 2000.0),
    ("12", [LAW, asset("L", leverage=3), trade(M15, "10:00", "L", "buy", 140, 100)], 500.0),
]
for number, events, deficit in DEFICITS:
    case(f"deficit vector {number}", V47 + number, [*events, close(M15)], sessions={M15: {"intraday_margin_deficit": deficit}})
for number, cash, shares in (("3", 10000, 420), ("4", 30000, 1240)):
    case(
        f"minor deficit {number} makes no call at Alpaca",
        V47 + number + " and the contract's call table",
        [
            account(M15, cash, set={"imd_basis": "law"}),
            trade(M15, "09:40", "X", "buy", shares, 100),
            trade(M15, "15:00", "X", "sell", shares, 100),
            close(M15),
        ],
        no_calls=["intraday_margin"],
    )
TWO = [LAW, trade(M15, "09:40", "X", "buy", 500, 100), trade(M15, "15:00", "X", "sell", 500, 100), close(M15)]
J16, J17, J23, J24 = "2026-06-16", "2026-06-17", "2026-06-23", "2026-06-24"
case(
    "deficit met by 2,500",
    V47 + "16",
    [*TWO, money("deposit", J16, "10:00", 2500), close(J16)],
    calls=[{"kind": "intraday_margin", "amount": 2500.0, "due_on": J23, "status": "met", "ended_on": J16}],
)
case(
    "deficit not met by 2,499",
    V47 + "16",
    [*TWO, money("deposit", J16, "10:00", 2499), close(J16)],
    calls=[{"kind": "intraday_margin", "amount": 2500.0, "status": "open", "ended_on": None}],
)
case(
    "deficit expires after the 15th business day",
    V47 + "17",
    [*TWO, close("2026-07-08")],
    calls=[{"kind": "intraday_margin", "status": "expired", "ended_on": "2026-07-08"}],
)
case(
    "deficit still there the day before", V47 + "17", [*TWO, close("2026-07-07")], calls=[{"kind": "intraday_margin", "status": "past_due"}]
)
FREEZES = [
    (M15, J23, J24, "2026-09-21", "18"),
    ("2026-07-01", "2026-07-09", "2026-07-10", "2026-10-07", "19"),
    ("2026-11-20", "2026-11-30", "2026-12-01", "2027-02-28", "20"),
]
for day, fifth, start, until, number in FREEZES:
    case(
        f"freeze after a deficit of {day}",
        V47 + number + "; Alpaca freezes after one failure",
        [
            account(day, 10000),
            trade(day, "09:40", "X", "buy", 500, 100),
            trade(day, "15:00", "X", "sell", 500, 100),
            close(day),
            close(fifth),
        ],
        True,
        calls=[{"kind": "intraday_margin", "amount": 2500.0, "status": "past_due"}],
        restrictions=[{"kind": "ninety_day_freeze", "from": start, "until": until}],
    )
case(
    "two deficits, one deposit of 4,000",
    V47 + "21",
    [
        LAW,
        trade(M15, "09:40", "X", "buy", 500, 100),
        trade(M15, "15:00", "X", "sell", 500, 100),
        close(M15),
        trade(J16, "09:40", "X", "buy", 560, 100),
        trade(J16, "15:00", "X", "sell", 560, 100),
        close(J16),
        money("deposit", J17, "10:00", 4000),
        close(J17),
    ],
    calls=[{"amount": 2500.0, "status": "met", "ended_on": J17}, {"amount": 4000.0, "status": "met", "ended_on": J17}],
)
case(
    "deficit met by liquidation",
    V47 + "22",
    [
        LAW,
        trade(M15, "09:40", "X", "buy", 500, 100),
        trade(M15, "15:00", "X", "sell", 200, 100),
        close(M15),
        trade(J17, "10:00", "X", "sell", 100, 100),
        close(J17),
    ],
    calls=[{"kind": "intraday_margin", "amount": 2500.0, "status": "met", "ended_on": J17}],
)
FROZEN = [
    account(M15, 5000, brokerage="finra", set={"practice_failures": 1}),
    trade(M15, "09:40", "X", "buy", 400, 100),
    trade(M15, "15:00", "X", "sell", 400, 100),
]
case(
    "frozen: what the rule bars",
    V47 + "23",
    [
        *FROZEN,
        close(M15),
        close(J23),
        limit(J24, "09:45", "1", "X", "buy", 50.01, 100),
        limit(J24, "09:46", "2", "Y", "sell", 1, 20),
        limit(J24, "09:47", "3", "X", "buy", 50, 100),
    ],
    True,
    decisions={"1": refused("FROZEN_90_DAYS"), "2": refused("FROZEN_90_DAYS"), "3": OK},
)
case(
    "frozen: a buy to cover",
    V47 + "23",
    [*FROZEN, trade(M15, "15:01", "S", "sell", 10, 20), close(M15), close(J23), limit(J24, "09:45", "1", "S", "buy", 10, 20)],
    True,
    decisions={"1": OK},
)

# ------------------------------------------------------------------------------------------------ the regime day

L3, F4 = "2026-06-03", "2026-06-04"
USED = [{"session": "2026-06-02", "symbol": "Q", "count": 3}]
for day, verdict in ((L3, refused("PDT_COUNT", would_pass={"qty": 0, "on": F4})), (F4, OK)):
    case(
        f"fourth day trade on {day}",
        "alpaca.md section 0 regimes, I1",
        [account(day, 20000, daytrades=USED), trade(day, "09:40", "X", "buy", 100, 10), order(day, "10:00", "1", "X", "sell", 100)],
        decisions={"1": verdict},
    )
case(
    "rows on both sides of the regime day",
    "the contract, last of the open points; I2",
    [account(L3, 20000, daytrades=USED, pattern_day_trader=False), close(L3), close(F4)],
    sessions={
        L3: {"daytrade_count": 3, "pattern_day_trader": False, "bod_dtbp": 0.0, "lowest_intraday_margin_level": None, "multiplier": 2},
        F4: {
            "daytrade_count": None,
            "pattern_day_trader": None,
            "bod_dtbp": None,
            "lowest_daytrading_buying_power": None,
            "lowest_intraday_margin_level": 20000.0,
            "multiplier": 4,
        },
    },
)
case(
    "rules frozen on the last day",
    "the contract: rules=DATE freezes everything",
    [account(F4, 20000, daytrades=USED, rules=L3), trade(F4, "09:40", "X", "buy", 100, 10), order(F4, "10:00", "1", "X", "sell", 100)],
    decisions={"1": refused("PDT_COUNT")},
)
case(
    "a brokerage that switches later",
    "alpaca.md I9; the contract's switch_day",
    [
        account(F4, 20000, daytrades=USED, set={"switch_day": "2027-10-20"}),
        trade(F4, "09:40", "X", "buy", 100, 10),
        order(F4, "10:00", "1", "X", "sell", 100),
    ],
    decisions={"1": refused("PDT_COUNT")},
)
case(
    "rules off refuse nothing",
    "the contract: off",
    [
        account(W, 20000, daytrades=THREE, rules="off"),
        trade(W, "09:40", "X", "buy", 100, 10),
        order(W, "10:00", "1", "X", "sell", 100),
        fill(W, "10:01", "1", 10),
        close(W),
    ],
    decisions={"1": OK},
    sessions={W: {"daytrade_count": 4}},
    day_trades={"2024-03-06 X": 1},
)
case(
    "a flagged account on the last day, a minimum equity call closed",
    "the contract, finer readings",
    [account(L3, 20000, pattern_day_trader=True), close(L3), close(F4)],
    calls=[{"kind": "minimum_equity", "amount": 5000.0, "issued_on": F4, "due_on": None, "status": "closed"}],
)

# -------------------------------------------------------------------------------- quantity, flips, wash trades, alpaca.md 2.4 and 2.2

RICH = account(W, 50000, positions=[held("X", 100, 10)])
case(
    "S8: owns 1, sells 2",
    "alpaca.md S8 and 2.4",
    [account(W, 50000, positions=[held("X", 1, 10)]), order(W, "09:45", "1", "X", "sell", 2)],
    decisions={"1": refused("QTY", would_pass={"qty": 1})},
)
case(
    "S6: 368 held by an open exit",
    "alpaca.md S6",
    [
        account(W, 50000, positions=[held("X", 368, 10)]),
        limit(W, "09:45", "1", "X", "sell", 368, 12),
        limit(W, "09:46", "2", "X", "sell", 161, 11),
    ],
    decisions={"1": OK, "2": refused("QTY", would_pass={"qty": 0})},
)
case(
    "S7: 9 held by a stop",
    "alpaca.md S7",
    [
        account(W, 50000, positions=[held("X", 9, 10)]),
        order(W, "09:45", "1", "X", "sell", 9, type="stop", stop_price=8, time_in_force="gtc"),
        order(W, "09:46", "2", "X", "sell", 9),
    ],
    decisions={"1": OK, "2": refused("QTY", would_pass={"qty": 0})},
)
case(
    "no flip through zero from short",
    "alpaca.md 2.4",
    [account(W, 50000, positions=[held("X", -100, 10)]), order(W, "09:45", "1", "X", "buy", 200)],
    decisions={"1": refused("QTY", would_pass={"qty": 100})},
)
case(
    "an OCO holds its shares once",
    "alpaca.md O8, S6; the contract: both legs of an oco",
    [
        RICH,
        order(W, "09:45", "1", "X", "sell", 60, order_class="oco", take_profit=12, stop_loss=8),
        limit(W, "09:46", "2", "X", "sell", 40, 12),
        limit(W, "09:47", "3", "X", "sell", 1, 12),
    ],
    decisions={"1": OK, "2": OK, "3": refused("QTY")},
)
case(
    "flat with a pending short, buy below it",
    "alpaca.md 2.4 and the contract's finer readings",
    [
        account(W, 50000),
        price(W, "09:40", "X", 20),
        limit(W, "09:45", "1", "X", "sell", 10, 25),
        limit(W, "09:46", "2", "X", "buy", 10, 18),
    ],
    decisions={"1": OK, "2": refused("QTY")},
)
case(
    "flat with a pending short, market buy",
    "the contract's finer readings",
    [account(W, 50000), price(W, "09:40", "X", 20), limit(W, "09:45", "1", "X", "sell", 10, 25), order(W, "09:46", "2", "X", "buy", 10)],
    decisions={"1": OK, "2": refused("WASH")},
)
SELLS = {
    "limit": {"type": "limit", "limit_price": 12},
    "stop": {"type": "stop", "stop_price": 8},
    "trail": {"type": "trailing_stop", "trail_percent": 10},
}
WASHES = [
    ("limit sell 12, market buy", "limit", {}, "WASH"),
    ("limit sell 12, limit buy 12", "limit", {"type": "limit", "limit_price": 12}, "WASH"),
    ("limit sell 12, limit buy 11.99", "limit", {"type": "limit", "limit_price": 11.99}, None),
    ("limit sell 12, stop buy", "limit", {"type": "stop", "stop_price": 11}, "WASH"),
    ("limit sell 12, stop-limit buy 11.50", "limit", {"type": "stop_limit", "stop_price": 11, "limit_price": 11.5}, None),
    ("stop sell 8, limit buy 7", "stop", {"type": "limit", "limit_price": 7}, "WASH"),
    ("trailing stop sell, market buy", "trail", {}, None),
    ("limit sell 12, bracket buy", "limit", {"order_class": "bracket", "take_profit": 15, "stop_loss": 5}, None),
    ("limit sell 12, trailing buy", "limit", {"type": "trailing_stop", "trail_percent": 10}, None),
]
for name, resting, new, reason in WASHES:
    case(
        "wash: " + name,
        "alpaca.md 2.4 wash-trade table",
        [RICH, order(W, "09:45", "1", "X", "sell", 100, **SELLS[resting]), order(W, "09:46", "2", "X", "buy", 10, **new)],
        decisions={"1": OK, "2": refused(reason) if reason else OK},
    )
case(
    "finra knows no wash trade and no quantity",
    "the contract: finra orders",
    [
        {**RICH, "brokerage": "finra"},
        limit(W, "09:45", "1", "X", "sell", 100, 12),
        order(W, "09:46", "2", "X", "buy", 10),
        order(W, "09:47", "3", "X", "sell", 200),
    ],
    decisions={"1": OK, "2": OK, "3": OK},
)

# ------------------------------------------------------------------------------------------------ prices, shorts, $2,000, 600 %

PRICES = [
    ("limit 290.123", {"type": "limit", "limit_price": 290.123}, False),
    ("limit 290.12", {"type": "limit", "limit_price": 290.12}, True),
    ("limit 0.1234", {"type": "limit", "limit_price": 0.1234}, True),
    ("limit 0.12345", {"type": "limit", "limit_price": 0.12345}, False),
    ("buy stop 161.00 below the market", {"type": "stop", "stop_price": 161.0}, False),
    ("buy stop above the market", {"type": "stop", "stop_price": 163.0}, True),
]
for name, what, good in PRICES:
    case(
        "price: " + name,
        "alpaca.md S17, S18",
        [account(W, 50000), price(W, "09:40", "X", 162.6), order(W, "09:45", "1", "X", "buy", 1, **what)],
        decisions={"1": OK if good else refused("PRICE")},
    )
for day in (W, M15):
    for cash, verdict in ((1999.99, refused("NO_SHORT")), (2000, OK)):
        case(
            f"short with {cash} on {day}",
            "alpaca.md 4.1 and S9",
            [account(day, cash), price(day, "09:40", "X", 10), order(day, "09:45", "1", "X", "sell", 1)],
            decisions={"1": verdict},
        )
case(
    "below $2,000 by the law",
    "rulebook.md 2.5 backtest gate",
    [
        account(W, 1999, brokerage="finra"),
        price(W, "09:40", "X", 1),
        order(W, "09:45", "1", "X", "sell", 1),
        order(W, "09:46", "2", "X", "buy", 2000),
        order(W, "09:47", "3", "X", "buy", 1999),
    ],
    decisions={"1": refused("NO_SHORT"), "2": refused("BUYING_POWER", would_pass={"qty": 1999, "on": None}), "3": OK},
    account={"multiplier": 1},
)
case(
    "not shortable",
    "alpaca.md S16",
    [account(W, 50000), asset("EIDO", shortable=False), price(W, "09:40", "EIDO", 20), order(W, "09:45", "1", "EIDO", "sell", 1)],
    decisions={"1": refused("NOT_SHORTABLE")},
)
for shares, reason in ((601, "CLOSING_ONLY"), (600, "BUYING_POWER")):
    case(
        f"600 % check, {shares * 100}",
        "alpaca.md 4.3 and C15: market value > 6 * equity, after each fill",
        [account(W, 10000), trade(W, "09:40", "X", "buy", shares, 100), limit(W, "09:45", "1", "Y", "buy", 1, 10)],
        decisions={"1": refused(reason)},
    )

# ------------------------------------------------------------------------------------------------ withdrawals

W25 = "rulebook.md 2.5; the contract, withdraw"
case(
    "withdrawal down to maintenance",
    W25,
    [
        account(W, -20000, brokerage="finra", positions=[held("A", 300, 100)]),
        money("withdraw", W, "10:00", 2500.01),
        money("withdraw", W, "10:01", 2500),
    ],
    decisions={"w1": refused("WITHDRAWAL", order=None, side="withdraw"), "w2": OK},
    account={"equity": 7500.0},
)
case(
    "withdrawal of 3,000 from 10,000 with a debit",
    "rulebook.md 4.7 no. 13: it would leave a deficit of 500; the contract: maintenance",
    [account(M15, -20000, brokerage="finra", positions=[held("A", 300, 100)]), money("withdraw", M15, "10:00", 3000)],
    decisions={"w1": refused("WITHDRAWAL")},
    account={"equity": 10000.0},
)
case(
    "withdrawal down to $2,000 with a debit",
    W25,
    [
        account(W, -1000, brokerage="finra", positions=[held("A", 40, 100)]),
        money("withdraw", W, "10:00", 1000.01),
        money("withdraw", W, "10:01", 1000),
    ],
    decisions={"w1": refused("WITHDRAWAL"), "w2": OK},
    account={"equity": 2000.0},
)
case(
    "withdrawal of everything without debit",
    W25,
    [account(W, 5000), money("withdraw", W, "10:00", 5000.01), money("withdraw", W, "10:01", 5000)],
    decisions={"w1": refused("WITHDRAWAL"), "w2": OK},
    account={"cash": 0.0},
)
HOLDS = [
    ("2025-03-10", "2025-03-12", False),
    ("2025-03-10", "2025-03-13", True),
    ("2025-12-23", "2025-12-26", False),
    ("2025-12-23", "2025-12-29", True),
]
for made, taken, good in HOLDS:
    case(
        f"deposit of {made} withdrawn on {taken}",
        "rulebook.md 1.7 no. 4 and vectors (deposited to meet the $25,000)",
        [account(made, 20000, pattern_day_trader=True), money("deposit", made, "10:00", 6000), money("withdraw", taken, "10:00", 20001)],
        decisions={"w1": OK if good else refused("WITHDRAWAL")},
    )

# ------------------------------------------------------------------------------------------------ calls met, and what hangs on them

DUE26, P29 = "2025-12-26", "2025-12-29"
GONE = [*OVER[:3], trade(D18, "10:30", "A", "sell", 800, 100), OVER[3]]  # flat with 60,000 at the close: twice is 120,000
case(
    "met on the due day: the step-down ends at once",
    "rulebook.md 1.7 no. 2; the contract: meeting a call frees the account at once",
    [*GONE, money("deposit", DUE26, "10:00", 10000)],
    True,
    calls=[{"kind": "day_trade", "status": "met", "ended_on": DUE26}],
    restrictions=[{"kind": "buying_power_2x", "from": "2025-12-19", "until": DUE26}],
    account={"bod_dtbp": 240000.0, "daytrading_buying_power": 240000.0},
)
case(
    "a cent short on the due day keeps it",
    "rulebook.md 1.7 no. 2",
    [*GONE, money("deposit", DUE26, "10:00", 9999.99)],
    True,
    calls=[{"kind": "day_trade", "status": "open", "ended_on": None}],
    account={"bod_dtbp": 120000.0},
)
# three Fed calls of 5,000 restrict to 2025-06-16; a day-trade call of 2025-03-18, unmet, to cash until 2025-06-23 (due 2025-03-25)
FIRMS3 = [("2025-03-04", "2025-03-05"), ("2025-03-11", "2025-03-12")]
case(
    "would pass once the first of two restrictions is over",
    "the contract: the first session on which this order would pass; cash pays for it under the second (rulebook.md 7.11)",
    [
        account("2025-03-04", 40000, brokerage="finra", pattern_day_trader=True),
        *[
            step
            for bought, sold in FIRMS3
            for step in (trade(bought, "10:00", "X", "buy", 900, 100), close(bought), trade(sold, "10:00", "X", "sell", 900, 100))
        ],
        trade("2025-03-18", "09:40", "Z", "buy", 2000, 100),
        trade("2025-03-18", "09:45", "Z", "sell", 2000, 100),
        trade("2025-03-18", "10:00", "X", "buy", 900, 100),
        close("2025-03-18"),
        trade("2025-03-19", "10:00", "X", "sell", 900, 100),
        limit("2025-03-26", "10:00", "1", "Y", "buy", 100, 100),
        limit("2025-03-26", "10:01", "2", "Y", "sell", 100, 100),
    ],
    True,
    decisions={
        "1": refused("LIQUIDATION_ONLY", would_pass={"qty": 0, "on": "2025-06-17"}),
        "2": refused("LIQUIDATION_ONLY"),
    },
    restrictions=[
        {"kind": "liquidation_only", "from": "2025-03-19", "until": "2025-06-16"},
        {"kind": "cash_available", "from": "2025-03-26", "until": "2025-06-23"},
    ],
)

# ------------------------------------------------------------------------------------------------ concentration and the debit

BIG = "2026-09-21"
for basis, valuation, deficit in (("house", "mark", 25000.0), ("house", "cost", 25000.0), ("law", "mark", 0.0), ("law", "cost", 0.0)):
    case(
        f"a concentrated purchase, {basis} rates, {valuation}",
        "alpaca.md 4.2: 150,000 in one stock on a debit of 100,000: 50 %, against 50,000; by the law 25 %, 37,500",
        [
            account(BIG, 50000, set={"imd_basis": basis, "imd_valuation": valuation}),
            trade(BIG, "10:00", "X", "buy", 1500, 100),
            close(BIG),
        ],
        sessions={BIG: {"intraday_margin_deficit": deficit, "maintenance_margin": 75000.0}},
    )
case(
    "a withdrawal that makes the debit large",
    "alpaca.md 4.2: from 100,000 of debit on the one stock needs 50 %; the contract: a withdrawal leaves maintenance",
    [
        # 150,000 on a debit of 60,000: equity 90,000, maintenance 45,000; after 40,000 the debit is 100,000, equity 50,000 of 75,000
        account(BIG, -60000, positions=[held("A", 1500, 100)]),
        money("withdraw", BIG, "10:00", 45000),
        money("withdraw", BIG, "10:01", 40000),
        money("withdraw", BIG, "10:02", 39999.99),
    ],
    decisions={"w1": refused("WITHDRAWAL", would_pass={"qty": 39999.99, "on": None}), "w2": refused("WITHDRAWAL"), "w3": OK},
    account={"equity": 50000.01, "maintenance_margin": 45000.0},
)
case(
    "a short position is no part of what a stock is concentrated in",
    "alpaca.md 4.2: equity market value is what the loan stands on",
    [
        # longs 160,000 and 40,000, a short of 100,000; the debit is 110,000: 50 % + 30 % + 30 %
        account(BIG, -110000, positions=[held("A", 1600, 100), held("B", 400, 100), held("C", -1000, 100)]),
        close(BIG),
    ],
    sessions={BIG: {"maintenance_margin": 122000.0}},
)

# ------------------------------------------------------------------------------------------------ Veterans Day on a Saturday

case(
    "Friday 2023-11-10 settles: banks are open",
    "rulebook.md section 6: settlement skips bank holidays; the Federal Reserve does not keep a Saturday's holiday on Friday",
    [
        account("2023-11-08", 10000),
        trade("2023-11-08", "10:00", "X", "buy", 200, 100),
        close("2023-11-08"),
        close("2023-11-09"),
        close("2023-11-10"),
    ],
    # T+2: settled on 11-10; 10,000 x 8.50 % / 360 for three days
    sessions={"2023-11-09": {"interest": 0.0}, "2023-11-10": {"interest": 7.08}},
)
