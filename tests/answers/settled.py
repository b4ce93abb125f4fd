"""Histories with the verdicts of "Settled on 2026-11-30" (contract of the audit), paragraph by paragraph, on both sides of every line.

The form is that of ``audits``; nothing here is computed by the code under test. ``source`` cites the paragraph, the comment beside a case
shows the arithmetic. Besides the keys of ``audits``, ``expect`` may hold: ``counts`` (how many calls of a kind there are), ``advice`` and
``no_advice`` (codes an accepted decision gives, or must not give), ``violations`` (how many a cash account has), ``no_restrictions``
(kinds that must not be there). ``BAD`` are histories that end with exit code 2 at their last line.
"""

from __future__ import annotations

from itertools import permutations

from answers.audits import OK, account, asset, close, fill, held, limit, money, order, price, refused, trade

CASES: list[dict] = []
BAD: list[dict] = []


def case(name, source, events, **expect):
    CASES.append({"name": name, "source": source, "events": events, "expect": expect})


def bad(name, source, events):
    BAD.append({"name": name, "source": source, "events": events})


def cancel(day, time, id):
    return {"event": "cancel", "at": f"{day}T{time}:00", "order": id}


def replace(day, time, id, **what):
    return {"event": "replace", "at": f"{day}T{time}:00", "order": id, **what}


def shut(day):
    """A close line by session, for early closes too."""
    return {"event": "close", "session": day}


def most(name, source, before, day, symbol, side, at, qty, reason=None):
    """A limit order of ``qty`` is accepted, of one more refused, and the refusal says ``qty`` would pass."""
    wanted = {"accepted": False, "would_pass": {"qty": qty}}
    if reason:
        wanted["reason"] = reason
    case(
        f"{name}: {qty:,} pass, {qty + 1:,} do not",
        source,
        [
            *before,
            limit(day, "09:40", "1", symbol, side, qty, at),
            cancel(day, "09:41", "1"),
            limit(day, "09:42", "2", symbol, side, qty + 1, at),
        ],
        decisions={"1": OK, "2": wanted},
    )


def dealt(day, times, *deals):
    """Executions ``(symbol, side, qty, price)``, one after the other."""
    return [trade(day, time, *deal) for time, deal in zip(times, deals, strict=False)]


TIMES = [f"{hour}:{minute:02d}" for hour in (10, 11, 12, 13, 14) for minute in range(0, 60, 5)]

# ------------------------------------------------------------------------------------------------ Settled 1: Fed calls net the day

N = "Settled 1; rulebook.md 2.2 "
M3, T4, W5, T6, F7 = "2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06", "2025-03-07"  # Monday to Friday
# 20,000 in cash buys 60,000 of X and keeps it: 50 % x 60,000 - 20,000 = 10,000, SMA 0; issued 03-04, due T+3 = 03-06.
FED10 = {"kind": "fed", "amount": 10000.0, "issued_on": T4, "due_on": T6}


def called(firm):
    return [account(M3, 20000, brokerage=firm), trade(M3, "09:40", "X", "buy", 600, 100), close(M3)]


def left(name, source, deals, remains, *second, firm="finra"):
    """What the deals of 03-04 leave of the call of 10,000: paid on 03-05 to the cent it is met, a cent less leaves it open."""
    day = [*called(firm), *dealt(T4, TIMES, *deals), close(T4)]
    for paid, status, ended in ((remains, "met", W5), (remains - 0.01, "open", None)):
        case(
            f"{name}: {paid:,.2f} paid in is {status}, {firm}",
            source,
            [*day, money("deposit", W5, "10:00", paid)],
            calls=[{"issued_on": T4, "due_on": T6, "kind": "fed", "status": status, "ended_on": ended}, *second],
            counts={"fed": 1 + len(second)},
        )


FLAT_TRADE = [("Y", "buy", 200, 100), ("Y", "sell", 200, 100)]
SELL20 = ("X", "sell", 200, 100)  # carried: releases 10,000
BUY20 = ("Y", "buy", 200, 100)  # kept: needs 10,000
BUY11 = ("Y", "buy", 110, 100)  # kept: needs 5,500
# R = P/L of the day trade = 0: nothing carried was sold, so the 20,000 sold release nothing
left("N1 a flat day trade", N + "N1", FLAT_TRADE, 10000.0)
# R = 0 ten times over
left("N1 ten flat day trades", N + "N1", [(f"Y{i}", *deal[1:]) for i in range(10) for deal in FLAT_TRADE], 10000.0)
# the same symbol ten times
left("N1 one symbol ten times", N + "N1", FLAT_TRADE * 10, 10000.0)
# R = 200 x 2.50 = +500: 10,000 - 500
left("N1b sold for 20,500", N + "N1b", [FLAT_TRADE[0], ("Y", "sell", 200, 102.5)], 9500.0)
# R = -200 x 1.50 = -300: not above 1,000, no second call, the first unchanged
left("N1b sold for 19,700", N + "N1b", [FLAT_TRADE[0], ("Y", "sell", 200, 98.5)], 10000.0)
# R = -200 x 5 = -1,000.00: not above 1,000
left("a loss of 1,000.00", N + "N1b and 2.3: above $1,000", [FLAT_TRADE[0], ("Y", "sell", 200, 95)], 10000.0)
# R = -200 x 5.00005 = -1,000.01: a second call, due T+3 of 03-04 = 03-07
left(
    "a loss of 1,000.01",
    N + "N1b and 2.3: above $1,000",
    [FLAT_TRADE[0], ("Y", "sell", 200, 94.99995)],
    10000.0,
    {"kind": "fed", "amount": 1000.01, "issued_on": W5, "due_on": F7, "status": "open"},
)
for whose in ("finra", "alpaca"):
    # R = 10,000 - 10,000 = 0
    left("N2 an equal swap, sold first", N + "N2", [SELL20, BUY20], 10000.0, firm=whose)
    left("N2b an equal swap, bought first", N + "N2b", [BUY20, SELL20], 10000.0, firm=whose)
    # R = 10,000 - 5,500 = 4,500: 10,000 - 4,500 = 5,500 of the same call, due on its own day
    left("N3 sells 20,000 and buys 11,000", N + "N3", [SELL20, BUY11], 5500.0, firm=whose)
    left("N3 buys 11,000 and sells 20,000", N + "N3", [BUY11, SELL20], 5500.0, firm=whose)
    # R = 5,500 - 10,000 = -4,500: the old call stays whole, a second of 4,500 with its own due day
    left(
        "N3c sells 11,000 and buys 20,000",
        N + "N3c",
        [("X", "sell", 110, 100), BUY20],
        10000.0,
        {"kind": "fed", "amount": 4500.0, "issued_on": W5, "due_on": F7, "status": "open", "ended_on": None},
        firm=whose,
    )
# R = 10,000: met at that close
case(
    "N3b sells 20,000 only: met at that close",
    N + "N3b",
    [*called("finra"), trade(T4, "10:00", *SELL20), close(T4)],
    calls=[{**FED10, "status": "met", "ended_on": T4}],
    counts={"fed": 1},
    sessions={T4: {"sma": 0.0}},  # all of the 10,000 went to the call
)
case(
    "N3b before the close: still open",
    N + "N3b; Settled 1: sales meet a Fed call at that close",
    [*called("finra"), trade(T4, "10:00", *SELL20)],
    calls=[{**FED10, "status": "open", "ended_on": None}],
)
case(
    "N3b a share less: open",
    N + "N3b: half of 19,900 is 9,950",
    [*called("finra"), trade(T4, "10:00", "X", "sell", 199, 100), close(T4)],
    calls=[{**FED10, "status": "open", "ended_on": None}],
)
case(
    "N3b a share more: the rest credits SMA",
    N + "R > 0: meets open Fed calls, the rest credits SMA: 10,050 - 10,000",
    [*called("finra"), trade(T4, "10:00", "X", "sell", 201, 100), close(T4)],
    calls=[{**FED10, "status": "met", "ended_on": T4}],
    sessions={T4: {"sma": 50.0}},  # E 20,000 - 50 % x 39,900 = 50 too
)
for paid, status, ended in ((10000.0, "met", T4), (9999.99, "open", None)):
    case(
        f"a deposit of {paid:,.2f} meets at once: {status}",
        "Settled 1: deposits at once; rulebook.md 2.2",
        [*called("finra"), money("deposit", T4, "10:00", paid)],
        calls=[{**FED10, "status": status, "ended_on": ended}],
    )
case(
    "oldest first: 20,000 sold after two calls",
    "Settled 1: R > 0 first meets open Fed calls, oldest first",
    # 03-04: N3c makes a second call of 4,500. 03-05: R = 10,000 meets the first, whole; nothing is left for the second
    [*called("finra"), *dealt(T4, TIMES, ("X", "sell", 110, 100), BUY20), close(T4), trade(W5, "10:00", *SELL20), close(W5)],
    calls=[{**FED10, "status": "met", "ended_on": W5}, {"kind": "fed", "amount": 4500.0, "issued_on": W5, "due_on": F7, "status": "open"}],
    counts={"fed": 2},
)
case(
    "oldest first: 29,000 sold after two calls",
    "Settled 1: R > 0 first meets open Fed calls, oldest first",
    # R = 50 % x 29,000 = 14,500 = 10,000 + 4,500
    [
        *called("finra"),
        *dealt(T4, TIMES, ("X", "sell", 110, 100), BUY20),
        close(T4),
        trade(W5, "10:00", "X", "sell", 290, 100),
        close(W5),
    ],
    calls=[
        {**FED10, "status": "met", "ended_on": W5},
        {"kind": "fed", "amount": 4500.0, "issued_on": W5, "status": "met", "ended_on": W5},
    ],
    sessions={W5: {"sma": 0.0}},
)

# every order of the same four deals: R = 10,000 - 5,500 + 200 (50 x 4) = 4,700
FOUR = {"s": SELL20, "b": BUY11, "i": ("Z", "buy", 50, 100), "o": ("Z", "sell", 50, 104)}
ORDERS = ["".join(p) for p in permutations("sbio") if p.index("i") < p.index("o")]
# restricted: E 24,000, initial 30,000, maintenance 15,000, SMA 0, no call
RESTRICTED = account(M3, -36000, brokerage="finra", positions=[held("X", 600, 100)])
for letters in ORDERS:
    deals = [FOUR[letter] for letter in letters]
    # 10,000 - 4,700 = 5,300 of the same call
    left(f"deals in the order {letters}", N + "whatever their order", deals, 5300.0)
    case(
        f"SMA of the deals in the order {letters}",
        N + "without an open call R credits SMA",
        [RESTRICTED, *dealt(M3, TIMES, *deals), close(M3)],
        sessions={M3: {"sma": 4700.0}},  # E 24,200 - 50 % x 51,000 = -1,300: no excess of its own
        no_calls=["fed"],
    )

# without an open call, in a restricted account: E - initial_margin stays below 0 or below what is typed
WITHOUT = [
    ("N1 a flat day trade", FLAT_TRADE, 0.0),  # R = 0
    ("N1 ten flat day trades", [(f"Y{i}", *deal[1:]) for i in range(10) for deal in FLAT_TRADE], 0.0),
    ("N1b sold for 20,500", [FLAT_TRADE[0], ("Y", "sell", 200, 102.5)], 500.0),  # R = +500
    ("N2 an equal swap, sold first", [SELL20, BUY20], 0.0),
    ("N2b an equal swap, bought first", [BUY20, SELL20], 0.0),
    ("N3 sells 20,000 and buys 11,000", [SELL20, BUY11], 4500.0),
    ("N3 buys 11,000 and sells 20,000", [BUY11, SELL20], 4500.0),
    ("N3b sells 20,000 only", [SELL20], 10000.0),  # E 24,000 - 20,000 would be 4,000
]
for name, deals, sma in WITHOUT:
    case(
        f"{name}, no call open: SMA {sma:,.0f}",
        N + "without an open call",
        [RESTRICTED, *dealt(M3, TIMES, *deals), close(M3)],
        sessions={M3: {"sma": sma}},
        no_calls=["fed"],
    )
case(
    "N3c sells 11,000 and buys 20,000, no call open: a call of 4,500",
    N + "without an open call",
    [RESTRICTED, *dealt(M3, TIMES, ("X", "sell", 110, 100), BUY20), close(M3)],
    calls=[{"kind": "fed", "amount": 4500.0, "issued_on": T4, "due_on": T6, "status": "open"}],
    counts={"fed": 1},
    sessions={M3: {"sma": 0.0}},
)
# N3c less SMA: a dividend of the day before credited it (+100 %). 4,500 - 3,500 = 1,000.00 asks for nothing, 1,000.01 does
for dividend, calls in ((4500, []), (3500, []), (3499.99, [{"kind": "fed", "amount": 1000.01, "issued_on": W5, "due_on": F7}])):
    case(
        f"N3c with SMA {dividend:,.2f}",
        N + "less SMA; 2.3",
        [
            RESTRICTED,
            money("dividend", M3, "10:00", dividend),
            close(M3),
            *dealt(T4, TIMES, ("X", "sell", 110, 100), BUY20),
            close(T4),
        ],
        sessions={M3: {"sma": dividend}},
        calls=calls,
        counts={"fed": len(calls)},
    )
# shorts: 26,000 in cash, short 200 at 100: E 6,000, initial 10,000, SMA 0. Covering releases 10,000, the new short needs 10,000
for name, deals in (
    ("covered first", [("X", "buy", 200, 100), ("Y", "sell", 200, 100)]),
    ("shorted first", [("Y", "sell", 200, 100), ("X", "buy", 200, 100)]),
):
    case(
        f"a short swapped for another, {name}",
        N + "(or cost of carried shorts covered; long or short)",
        [account(M3, 26000, brokerage="finra", positions=[held("X", -200, 100)]), *dealt(M3, TIMES, *deals), close(M3)],
        sessions={M3: {"sma": 0.0}},
        no_calls=["fed"],
    )
case(
    "part of the day's purchase sold again: only what is kept needs margin",
    N + "lots opened today and still open; profit of lots opened and closed",
    # buys 300 Y, sells 100 of them 5 higher: R = -50 % x 20,000 + 500 = -9,500
    [RESTRICTED, *dealt(M3, TIMES, ("Y", "buy", 300, 100), ("Y", "sell", 100, 105)), close(M3)],
    calls=[{"kind": "fed", "amount": 9500.0, "issued_on": T4}],
    counts={"fed": 1},
)

# money in and out on the day of a call (intraday regime: no deposit is held)
J15, J16, J17, J18 = "2026-06-15", "2026-06-16", "2026-06-17", "2026-06-18"  # Monday to Thursday; Friday is closed
SIXTY = [account(J15, 20000, brokerage="finra"), trade(J15, "10:00", "X", "buy", 600, 100)]  # level 20,000 - 15,000 = 5,000
DUE18 = {"kind": "fed", "issued_on": J16, "due_on": J18}
MADE = [
    # R = -30,000, SMA 20,000 + 5,000 - 5,000: 10,000
    ("5,000 in and out again", [("deposit", "09:30", 5000)], [("withdraw", "15:00", 5000)], 10000.0),
    # SMA 25,000
    ("5,000 in before", [("deposit", "09:30", 5000)], [], 5000.0),
    ("5,000 in after", [], [("deposit", "15:00", 5000)], 5000.0),
    # SMA 15,000; E 15,000 = maintenance 15,000: the withdrawal passes
    ("5,000 out after", [], [("withdraw", "15:00", 5000)], 15000.0),
]
for name, before, after, amount in MADE:
    case(
        f"the day a Fed call is made, {name}",
        "Settled 1: the day combined; rulebook.md 2.4 effects: deposit +100 %, withdrawal -100 %",
        [
            SIXTY[0],
            *[money(kind, J15, time, much) for kind, time, much in before],
            SIXTY[1],
            *[money(kind, J15, time, much) for kind, time, much in after],
            close(J15),
        ],
        calls=[{**DUE18, "amount": amount}],
        counts={"fed": 1},
        no_calls=["intraday_margin", "maintenance"],
    )
case(
    "a Fed call paid, then the money taken out the same day: stays met",
    "Settled 11 d: a met call stays met; Settled 1: deposits at once",
    # E 30,000 - 10,000 = 20,000 against 15,000
    [*SIXTY, close(J15), money("deposit", J16, "10:00", 10000), money("withdraw", J16, "11:00", 10000), close(J16), close(J17)],
    decisions={"w1": OK},
    calls=[{**DUE18, "amount": 10000.0, "status": "met", "ended_on": J16}],
    counts={"fed": 1},
)
for paid, status, ended in ((11000, "met", J16), (10999.99, "open", None), (10000, "open", None)):
    case(
        f"1,000 out, then {paid:,.2f} in: {status}",
        "the contract: cured by deposits less withdrawals",
        [*SIXTY, close(J15), money("withdraw", J16, "10:00", 1000), money("deposit", J16, "11:00", paid)],
        decisions={"w1": OK},
        calls=[{**DUE18, "amount": 10000.0, "status": status, "ended_on": ended}],
        counts={"fed": 1},
    )

# ------------------------------------------------------------------------------------------------ Settled 2: charged by requirement, old

S2 = "Settled 2; alpaca.md D13, D14"
F2, F3, F9 = "2026-02-02", "2026-02-03", "2026-02-09"  # five business days after 02-02 end on 02-09
FLAGGED = account(F2, 30000, pattern_day_trader=True)  # 4 x 30,000 = 120,000
# 120,000 / (75 % / 25 %) = 40,000; Reg T 60,000 / (75 % / 50 %) = 40,000
most("3x fund", S2, [FLAGGED, asset("L", leverage=3)], F2, "L", "buy", 100, 400)
# 120,000 / 2
most("2x fund", S2, [FLAGGED, asset("L", leverage=2)], F2, "L", "buy", 100, 600)
# 120,000 / 1
most("ordinary stock", S2, [FLAGGED], F2, "X", "buy", 100, 1200, "BUYING_POWER")
# under 2.50: 100 %: 120,000 / 4 = 30,000
most("$2 stock", S2, [FLAGGED], F2, "X", "buy", 2, 15000)
# 2.49 x 4 = 9.96 a share: 12,048.19; 2.50 is ordinary until 2026-06-03: 48,000
most("$2.49 stock", S2 + "; 4.2", [FLAGGED], F2, "X", "buy", 2.49, 12048)
most("$2.50 stock", S2 + "; 4.2", [FLAGGED], F2, "X", "buy", 2.50, 48000, "BUYING_POWER")
# not marginable: 100 %, and from cash: 30,000
most("non-marginable", S2, [FLAGGED, asset("X", marginable=False)], F2, "X", "buy", 100, 300, "NON_MARGINABLE_BUYING_POWER")
# shorts: the market 5 % lower, so that the limit is the larger value (O2)
SHORT_MOST = [
    (20, 19, {}, 5000),  # 30 %: 120,000 / 1.2 = 100,000
    (10, 9.5, {}, 6000),  # $5 of $10 = 50 %: 60,000
    (4, 3.8, {}, 7500),  # 100 %: 30,000
    (1, 0.95, {}, 12000),  # $2.50 of $1 = 250 %: 12,000
    (20, 19, {"leverage": 2}, 2500),  # 60 %: 50,000
    (20, 19, {"leverage": 3}, 1666),  # 90 %: 33,333.33
    (20, 19, {"maintenance": 0.40}, 3750),  # 40 %: 75,000 (Settled 11 e)
]
for at, mark, facts, qty in SHORT_MOST:
    words = "".join(f", {k} {v}" for k, v in facts.items())
    most(f"short at {at}{words}", S2, [FLAGGED, asset("X", **facts), price(F2, "09:31", "X", mark)], F2, "X", "sell", at, qty)
# a rate of the asset: 30 % is the house's base, so 25 % is used; 31 % is above it: 120,000 / 1.24 = 96,774; 60 %: 120,000 / 2.4
for rate, qty in ((0.30, 1200), (0.31, 967), (0.40, 750), (0.60, 500)):
    most(f"asset.maintenance {rate:.2f}", S2, [FLAGGED, asset("X", maintenance=rate)], F2, "X", "buy", 100, qty)
# all days: 60 / 90 % to 2020-11-08, 100 / 100 % to 2026-01-22, 50 / 75 % from 2026-01-23 (4.2)
BY_DAY = [
    ("2020-11-06", 2, 500),  # 120,000 / 2.4
    ("2020-11-06", 3, 333),  # / 3.6 = 33,333
    ("2020-11-09", 2, 300),  # / 4
    ("2020-11-09", 3, 300),
    ("2026-01-22", 2, 300),
    ("2026-01-22", 3, 300),
    ("2026-01-23", 2, 600),  # / 2
    ("2026-01-23", 3, 400),  # / 3
    ("2026-06-03", 3, 400),
]
for day, k, qty in BY_DAY:
    start = account(day, 30000, pattern_day_trader=True)
    most(f"{k}x fund on {day}", S2 + "; on for all days; 4.2", [start, asset("L", leverage=k)], day, "L", "buy", 100, qty)
case(
    "without charging by requirement: dollar for dollar",
    "Settled 2: the parameter dtbp_by_requirement",
    [{**FLAGGED, "set": {"dtbp_by_requirement": False}}, asset("L", leverage=3), limit(F2, "09:40", "1", "L", "buy", 401, 100)],
    decisions={"1": OK},
    account={"daytrading_buying_power": 79900.0},
)
# reserved, filled, given back
STEPS = [
    ("a 3x fund reserved", [limit(F2, "09:40", "1", "L", "buy", 200, 100)], 60000.0),  # 20,000 x 3
    ("filled 2 lower", [limit(F2, "09:40", "1", "L", "buy", 200, 100), fill(F2, "09:41", "1", 98)], 61200.0),  # 19,600 x 3
    (
        "half given back at a gain",  # 10,000 x 3 of the cost
        [limit(F2, "09:40", "1", "L", "buy", 200, 100), fill(F2, "09:41", "1", 100), trade(F2, "10:00", "L", "sell", 100, 110)],
        90000.0,
    ),
    (
        "all given back at a loss",
        [limit(F2, "09:40", "1", "L", "buy", 200, 100), fill(F2, "09:41", "1", 100), trade(F2, "10:00", "L", "sell", 200, 99)],
        120000.0,
    ),
    ("released", [limit(F2, "09:40", "1", "L", "buy", 200, 100), cancel(F2, "09:41", "1")], 120000.0),
    ("a short reserved", [price(F2, "09:31", "X", 19), limit(F2, "09:40", "1", "X", "sell", 1000, 20)], 96000.0),  # 20,000 x 1.2
    # at the market 20.60 is reserved: 20,600 x 1.2
    ("a market short reserved", [price(F2, "09:31", "X", 20), order(F2, "09:40", "1", "X", "sell", 1000)], 95280.0),
    ("a short filled", [trade(F2, "09:40", "X", "sell", 1000, 20)], 96000.0),
    ("a short half covered", [trade(F2, "09:40", "X", "sell", 1000, 20), trade(F2, "10:00", "X", "buy", 500, 21)], 108000.0),
    ("a short covered", [trade(F2, "09:40", "X", "sell", 1000, 20), trade(F2, "10:00", "X", "buy", 1000, 21)], 120000.0),
    ("a short at 10 filled", [trade(F2, "09:40", "X", "sell", 1000, 10)], 100000.0),  # 10,000 x 2
    ("a $2 stock filled", [trade(F2, "09:40", "X", "buy", 1000, 2)], 112000.0),  # 2,000 x 4
    ("ordinary stock filled", [trade(F2, "09:40", "X", "buy", 200, 100)], 100000.0),
]
for name, steps, remains in STEPS:
    case(
        f"{name}: {remains:,.0f} left of 120,000",
        S2 + ": when reserved, when filled, when given back",
        [FLAGGED, asset("L", leverage=3), *steps],
        account={"bod_dtbp": 120000.0, "daytrading_buying_power": remains},
    )
case(
    "a short sold and covered by orders",
    S2,
    [
        FLAGGED,
        price(F2, "09:31", "X", 19),
        limit(F2, "09:40", "1", "X", "sell", 5000, 20),
        fill(F2, "09:41", "1", 20),
        limit(F2, "09:50", "2", "Z", "buy", 1, 100),  # nothing is left
        limit(F2, "10:00", "3", "X", "buy", 5000, 20),
        fill(F2, "10:01", "3", 20),
        limit(F2, "10:10", "4", "Z", "buy", 1200, 100),
        close(F2),
    ],
    decisions={"1": OK, "2": {"accepted": False}, "3": OK, "4": OK},
    sessions={F2: {"bod_dtbp": 120000.0, "lowest_daytrading_buying_power": 0.0}},
    no_calls=["day_trade"],
)
# the day-trade call at Alpaca: exposure by d less 120,000, one for one
PEAKS = [
    ("3x fund, 40,000", [("L", "buy", 400, 100), ("L", "sell", 400, 100)], None),  # 120,000
    ("3x fund, 40,100", [("L", "buy", 401, 100), ("L", "sell", 401, 100)], 300.0),  # 120,300
    ("short at 20, 100,000", [("X", "sell", 5000, 20), ("X", "buy", 5000, 20)], None),  # 120,000
    ("short at 20, 102,000", [("X", "sell", 5100, 20), ("X", "buy", 5100, 20)], 2400.0),  # 122,400
    ("short at 10, 61,000", [("X", "sell", 6100, 10), ("X", "buy", 6100, 10)], 2000.0),  # 122,000
    (
        "3x fund 20,000 beside 60,000 of stock",
        [("L", "buy", 200, 100), ("X", "buy", 600, 100), ("L", "sell", 200, 100), ("X", "sell", 600, 100)],
        None,
    ),
    (
        "3x fund 20,000 beside 60,100 of stock",
        [("L", "buy", 200, 100), ("X", "buy", 601, 100), ("L", "sell", 200, 100), ("X", "sell", 601, 100)],
        100.0,
    ),
]
for name, deals, amount in PEAKS:
    case(
        f"day-trade call, {name}",
        S2 + ": exposures and day-trade calls; the contract's call table",
        [FLAGGED, asset("L", leverage=3), *dealt(F2, TIMES, *deals), close(F2)],
        **(
            {"calls": [{"kind": "day_trade", "amount": amount, "issued_on": F3, "due_on": F9}]}
            if amount
            else {"no_calls": ["day_trade"]}
        ),
    )
# by the law: funds times k from 2010-04-30, all else dollar for dollar
LAW2 = "Settled 2; rulebook.md 1.6 (RN 09-65)"


def law(day, cash=30000, **more):
    return account(day, cash, brokerage="finra", pattern_day_trader=True, **more)


case(
    "finra, 3x fund the day before 2010-04-30: dollar for dollar",
    LAW2,
    # 40,100 of 120,000
    [law("2010-04-29"), asset("L", leverage=3), limit("2010-04-29", "09:40", "1", "L", "buy", 401, 100)],
    decisions={"1": OK},
    account={"daytrading_buying_power": 79900.0},
)
for k, qty in ((2, 600), (3, 400), (-2, 600), (-3, 400)):
    most(f"finra, {k}x fund on 2010-04-30", LAW2, [law("2010-04-30"), asset("L", leverage=k)], "2010-04-30", "L", "buy", 100, qty)
for day, call in (("2010-04-29", None), ("2010-04-30", {"kind": "day_trade", "amount": 7500.0, "issued_on": "2010-05-03", "due_on": "2010-05-07"})):
    case(
        f"finra, 50,000 of a 3x fund day-traded on {day}",
        LAW2 + " no. 3b: 150,000 - 120,000, 25 % of it; before, 50,000",
        [law(day), asset("L", leverage=3), *dealt(day, TIMES, ("L", "buy", 500, 100), ("L", "sell", 500, 100)), close(day)],
        **({"calls": [call]} if call else {"no_calls": ["day_trade"]}),
    )
case(
    "finra, 25,000 of a 3x fund use 75,000",
    LAW2 + " no. 3b",
    [law(M3), asset("L", leverage=3), trade(M3, "10:00", "L", "buy", 250, 100)],
    account={"bod_dtbp": 120000.0, "daytrading_buying_power": 45000.0},
)
case(
    "finra, the fund sold gives back 75,000",
    LAW2 + " no. 3b",
    [law(M3), asset("L", leverage=3), *dealt(M3, TIMES, ("L", "buy", 250, 100), ("L", "sell", 250, 101))],
    account={"daytrading_buying_power": 120000.0},
)
DOLLARS = [
    ("short at 20", "X", "sell", 20, 6000, {}),
    ("$2 stock", "X", "buy", 2, 60000, {}),
    ("stock of 60 %", "X", "buy", 100, 1200, {"maintenance": 0.60}),
]
for name, symbol, side, at, qty, facts in DOLLARS:
    most(f"finra, {name}, dollar for dollar", LAW2, [law(M3), asset("X", **facts)], M3, symbol, side, at, qty)
for shares, amount in ((6000, None), (6100, 500.0)):  # 122,000 - 120,000, a quarter of it
    case(
        f"finra, {shares * 20:,} sold short at 20 and covered",
        LAW2,
        [law(M3), *dealt(M3, TIMES, ("X", "sell", shares, 20), ("X", "buy", shares, 20)), close(M3)],
        **({"calls": [{"kind": "day_trade", "amount": amount}]} if amount else {"no_calls": ["day_trade"]}),
    )

# ------------------------------------------------------------------------------------------------ Settled 2 and 3: the intraday regime

S5 = "Settled 2, 3; alpaca.md section 5 worked examples"
TEN = account(J15, 10000)  # 4 x 10,000 = 40,000
LONG_MOST = [
    ("ordinary stock", 100, {}, 400),  # 40,000
    ("3x fund", 100, {"leverage": 3}, 133),  # 40,000 / 3 = 13,333.33
    ("-3x fund", 100, {"leverage": -3}, 133),
    ("2x fund", 100, {"leverage": 2}, 200),  # 20,000
    ("$4 stock", 4, {}, 5000),  # 50 %: 20,000
    ("$2 stock", 2, {}, 5000),  # 100 %: 10,000
    ("$2.49 stock", 2.49, {}, 4016),  # 100 %: 10,000 / 2.49 = 4,016.06
    ("$2.50 stock", 2.50, {}, 8000),  # 50 %: 20,000
    ("$6.00 stock", 6.00, {}, 3333),  # 50 %: 20,000
    ("$6.01 stock", 6.01, {}, 6655),  # 25 %: 40,000 / 6.01 = 6,655.57
    ("asset.maintenance 0.30", 100, {"maintenance": 0.30}, 400),  # the base rate: 25 %
    ("asset.maintenance 0.40", 100, {"maintenance": 0.40}, 250),  # 40,000 / 1.6
]
for name, at, facts, qty in LONG_MOST:
    most(f"10,000, {name}", S5, [TEN, asset("X", **facts)], J15, "X", "buy", at, qty, "BUYING_POWER")
most("10,000, non-marginable", S5, [TEN, asset("X", marginable=False)], J15, "X", "buy", 100, 100)  # 100 %, and cash
SHORT_NEW = [
    (20, 19, {}, 1666),  # 30 %: 33,333.33
    (10, 9.5, {}, 2000),  # 50 %: 20,000
    (4, 3.8, {}, 2500),  # 100 %: 10,000
    (1, 0.95, {}, 4000),  # 250 %: 4,000
    (20, 19, {"leverage": 3}, 555),  # 90 %: 11,111.11
]
for at, mark, facts, qty in SHORT_NEW:
    words = "".join(f", {k} {v}" for k, v in facts.items())
    before = [TEN, asset("X", **facts), price(J15, "09:31", "X", mark)]
    most(f"10,000, short at {at}{words}", S5, before, J15, "X", "sell", at, qty, "BUYING_POWER")
# at the market: 20.60 x 1.2 = 24.72 a share; 10.30 needs $5 = 20 of buying power; 5.047 is above 5: $5 again; 1.03 needs 2.50 = 10
for at, qty in ((20, 1618), (10, 2000), (4.90, 2000), (1, 4000)):
    case(
        f"10,000, market short at {at}: {qty:,} pass, {qty + 1:,} do not",
        S5 + "; Settled 11 b: the unit price of the order's value, 1.03 x the ask (O2)",
        [
            TEN,
            price(J15, "09:31", "X", at),
            order(J15, "09:40", "1", "X", "sell", qty),
            cancel(J15, "09:41", "1"),
            order(J15, "09:42", "2", "X", "sell", qty + 1),
        ],
        decisions={"1": OK, "2": refused("BUYING_POWER", would_pass={"qty": qty})},
    )
case(
    "10,000, market buy: 400 pass, 401 do not",
    S5 + "; O1: the last price from 2026-01-23",
    [
        TEN,
        price(J15, "09:31", "X", 100),
        order(J15, "09:40", "1", "X", "buy", 400),
        cancel(J15, "09:41", "1"),
        order(J15, "09:42", "2", "X", "buy", 401),
    ],
    decisions={"1": OK, "2": refused("BUYING_POWER", would_pass={"qty": 400})},
)
THIRTY = [TEN, limit(J15, "09:40", "1", "X", "buy", 300, 100), fill(J15, "09:41", "1", 100)]
case(
    "10,000 in two steps: 30,000, then 4,000",
    S5 + ": 4 x (10,000 - 9,000)",
    [*THIRTY, limit(J15, "09:45", "2", "Y", "buy", 41, 100), limit(J15, "09:46", "3", "Y", "buy", 40, 100)],
    decisions={"1": OK, "2": refused("BUYING_POWER", would_pass={"qty": 40}), "3": OK},
    account={"maintenance_margin": 9000.0, "buying_power": 0.0},  # the 4,000 are reserved
)
LEFT_NEW = [
    ("3x fund reserved", {"leverage": 3}, [limit(J15, "09:40", "1", "X", "buy", 100, 100)], 10000.0),  # 30,000 reserved
    ("3x fund filled", {"leverage": 3}, [trade(J15, "09:40", "X", "buy", 100, 100)], 10000.0),  # 4 x (10,000 - 7,500)
    ("short at 20 reserved", {}, [price(J15, "09:31", "X", 19), limit(J15, "09:40", "1", "X", "sell", 1000, 20)], 16000.0),
    ("short at 20 filled", {}, [trade(J15, "09:40", "X", "sell", 1000, 20)], 16000.0),  # 4 x (10,000 - 6,000)
    ("$2 stock reserved", {}, [limit(J15, "09:40", "1", "X", "buy", 1000, 2)], 32000.0),  # 2,000 x 4
    ("ordinary stock reserved", {}, [limit(J15, "09:40", "1", "X", "buy", 100, 100)], 30000.0),  # 25 %
    ("ordinary stock filled", {}, [trade(J15, "09:40", "X", "buy", 100, 100)], 28000.0),  # shown at 30 %: 4 x 7,000
    ("released", {}, [limit(J15, "09:40", "1", "X", "buy", 100, 100), cancel(J15, "09:41", "1")], 40000.0),
    ("gains are in it", {}, [*dealt(J15, TIMES, ("X", "buy", 100, 100), ("X", "sell", 100, 110))], 44000.0),  # 4 x 11,000
]
for name, facts, steps, bp in LEFT_NEW:
    case(f"10,000, {name}: buying power {bp:,.0f}", S5 + "; I3", [TEN, asset("X", **facts), *steps], account={"buying_power": bp})

BUY400 = [limit(J15, "09:40", "1", "X", "buy", 400, 100), fill(J15, "09:41", "1", 100)]
case(
    "10,000 uses 40,000 and is flat by the close: no call, no freeze",
    S5 + "; I13: 10,000 - 25 % x 40,000 = 0",
    [TEN, *BUY400, trade(J15, "15:00", "X", "sell", 400, 100), close(J15), close("2026-06-24")],
    decisions={"1": OK},
    sessions={J15: {"intraday_margin_deficit": 0.0, "equity": 10000.0}},
    no_calls=["intraday_margin", "fed", "maintenance"],
    no_restrictions=["ninety_day_freeze"],
)
case(
    "10,000 uses 40,000: the level is the law's 0, buying power 0 at house rates",
    S5 + "; house maintenance 12,000",
    [TEN, *BUY400, limit(J15, "10:00", "2", "Y", "buy", 1, 1)],
    decisions={"2": refused("BUYING_POWER")},
    account={"intraday_margin_level": 0.0, "buying_power": 0.0, "maintenance_margin": 12000.0},
)
case(
    "10,000 holds 40,000: a Fed call and a house maintenance call",
    S5 + ": 20,000 - 10,000; 12,000 - 10,000",
    [TEN, *BUY400, close(J15)],
    calls=[
        {"kind": "fed", "amount": 10000.0, "issued_on": J16, "due_on": J18},
        {"kind": "maintenance", "amount": 2000.0, "issued_on": J16, "due_on": J17},
    ],
    sessions={J15: {"intraday_margin_deficit": 0.0}},
    no_calls=["intraday_margin"],
)
case(
    "house rates chosen for the deficit: 2,000",
    "Settled 3: imd_basis; 12,000 - 10,000",
    [{**TEN, "set": {"imd_basis": "house"}}, trade(J15, "09:40", "X", "buy", 400, 100), trade(J15, "15:00", "X", "sell", 400, 100), close(J15)],
    sessions={J15: {"intraday_margin_deficit": 2000.0}},
    calls=[{"kind": "intraday_margin", "amount": 2000.0, "issued_on": J16, "due_on": J17}],
)
# a market order for 400 at 100, filled worse: I14. 25 % of the fill against 10,000; minor up to min(1,000, 5 % of 10,000) = 500
for at, deficit in ((101, 100.0), (105, 500.0), (105.01, 501.0), (110, 1000.0)):
    minor = deficit <= 500
    case(
        f"10,000, 400 filled at {at}: a deficit of {deficit:,.0f}",
        "Settled 3; alpaca.md I6, I14: a fill worse than the value reserved",
        [
            TEN,
            price(J15, "09:31", "X", 100),
            order(J15, "09:40", "1", "X", "buy", 400),
            fill(J15, "09:41", "1", at),
            trade(J15, "15:00", "X", "sell", 400, at),
            close(J15),
        ],
        decisions={"1": OK},
        sessions={J15: {"intraday_margin_deficit": deficit}},
        **(
            {"no_calls": ["intraday_margin"]}
            if minor
            else {"calls": [{"kind": "intraday_margin", "amount": deficit, "issued_on": J16, "due_on": J17}]}
        ),
    )
# long 30,000 on a debit of 20,000: law level 2,500. W out: deficit W - 2,500, minor up to 5 % of (10,000 - W): W = 2,857.14
CARRIED30 = account(J15, -20000, positions=[held("X", 300, 100)])
for out, deficit, called_ in ((2500, 0.0, False), (2857.14, 357.14, False), (2857.15, 357.15, True), (3000, 500.0, True)):
    case(
        f"alpaca, rules off, {out:,.2f} withdrawn: a deficit of {deficit:,.2f}",
        "Settled 3; alpaca.md section 5 last row: IML -500 is a call, minor limit min(1,000, 5 % of 7,000 = 350)",
        [{**CARRIED30, "rules": "off"}, money("withdraw", J15, "10:00", out), close(J15)],
        sessions={J15: {"intraday_margin_deficit": deficit}},
        **(
            {"calls": [{"kind": "intraday_margin", "amount": deficit, "issued_on": J16, "due_on": J17}]}
            if called_
            else {"no_calls": ["intraday_margin"]}
        ),
    )
case(
    "alpaca, the same withdrawal by the rules: only down to house maintenance",
    "the contract: a withdrawal is judged (maintenance): 10,000 - 9,000",
    [CARRIED30, money("withdraw", J15, "10:00", 3000), money("withdraw", J15, "10:01", 1000.01), money("withdraw", J15, "10:02", 1000)],
    decisions={"w1": refused("WITHDRAWAL"), "w2": refused("WITHDRAWAL"), "w3": OK},
)
case(
    "alpaca, long 30,000 falls by 5 %",
    S5 + ": E 8,500, house 8,550; law level 8,500 - 7,125 = 1,375",
    [CARRIED30, price(J15, "09:40", "X", 95), limit(J15, "09:45", "1", "Y", "buy", 1, 10), close(J15)],
    decisions={"1": refused("BUYING_POWER")},
    sessions={J15: {"equity": 8500.0, "maintenance_margin": 8550.0, "intraday_margin_deficit": 0.0, "lowest_intraday_margin_level": 1375.0}},
    calls=[{"kind": "maintenance", "amount": 50.0}],
    no_calls=["intraday_margin"],
)

# intraday_block
S3 = "Settled 3"
LAWTEN = account(J15, 10000, brokerage="finra")
most("finra, ordinary stock", S3 + ": 4 x, dollar for dollar", [LAWTEN], J15, "X", "buy", 100, 400, "BUYING_POWER")
most("finra, 3x fund", S3 + ": leveraged funds by rule 2", [LAWTEN, asset("X", leverage=3)], J15, "X", "buy", 100, 133, "BUYING_POWER")
most("finra, 2x fund", S3 + ": leveraged funds by rule 2", [LAWTEN, asset("X", leverage=2)], J15, "X", "buy", 100, 200, "BUYING_POWER")
most("finra, $2 stock", S3 + ": dollar for dollar", [LAWTEN], J15, "X", "buy", 2, 20000, "BUYING_POWER")
most("finra, stock of 60 %", S3 + ": dollar for dollar", [LAWTEN, asset("X", maintenance=0.6)], J15, "X", "buy", 100, 400, "BUYING_POWER")
most("finra, short at 20", S3 + ": dollar for dollar", [LAWTEN, price(J15, "09:31", "X", 19)], J15, "X", "sell", 20, 2000, "BUYING_POWER")
# 10,000 - 30 % x 40,000 = -2,000 follows; 30 % x 33,320 = 9,996 does not
for qty, told in ((2000, True), (1666, False)):
    case(
        f"finra, {qty:,} sold short at 20: {'a deficit may follow and is advised' if told else 'no deficit'}",
        S3 + "; rulebook.md 4.7 no. 11",
        [LAWTEN, price(J15, "09:31", "X", 19), limit(J15, "09:40", "1", "X", "sell", qty, 20)],
        decisions={"1": OK},
        **{"advice" if told else "no_advice": {"1": ["DEFICIT_WOULD_FOLLOW"]}},
    )
BLOCK = {name: {"set": {"intraday_block": name}} for name in ("deficit", "buying_power", "none")}
most(
    "alpaca with buying_power, short at 10",
    S3 + ": dollar for dollar 40,000",
    [{**TEN, **BLOCK["buying_power"]}, price(J15, "09:31", "X", 9.5)],
    J15,
    "X",
    "sell",
    10,
    4000,
    "BUYING_POWER",
)
most(
    "alpaca with buying_power, 3x fund",
    S3 + ": leveraged funds by rule 2",
    [{**TEN, **BLOCK["buying_power"]}, asset("X", leverage=3)],
    J15,
    "X",
    "buy",
    100,
    133,
    "BUYING_POWER",
)
most(
    "finra with deficit, short at 20",
    S3 + " and 11 f: every brokerage charges by d under deficit",
    [{**LAWTEN, **BLOCK["deficit"]}, price(J15, "09:31", "X", 19)],
    J15,
    "X",
    "sell",
    20,
    1666,
    "BUYING_POWER",
)
case(
    "finra with deficit never advises one",
    S3 + ": so that it cannot make a deficit",
    [{**LAWTEN, **BLOCK["deficit"]}, price(J15, "09:31", "X", 19), limit(J15, "09:40", "1", "X", "sell", 1666, 20)],
    decisions={"1": OK},
    no_advice={"1": ["DEFICIT_WOULD_FOLLOW"]},
)
for qty, told in ((401, True), (400, False)):  # 25 % x 40,100 = 10,025
    case(
        f"alpaca with none, {qty} at 100",
        S3 + ": none",
        [{**TEN, **BLOCK["none"]}, limit(J15, "09:40", "1", "X", "buy", qty, 100)],
        decisions={"1": OK},
        **{"advice" if told else "no_advice": {"1": ["DEFICIT_WOULD_FOLLOW"]}},
    )
case(
    "alpaca with none, the deficit that follows",
    S3 + ": 10,000 - 25 % x 50,000",
    [
        {**TEN, **BLOCK["none"]},
        limit(J15, "09:40", "1", "X", "buy", 500, 100),
        fill(J15, "09:41", "1", 100),
        trade(J15, "15:00", "X", "sell", 500, 100),
        close(J15),
    ],
    decisions={"1": OK},
    sessions={J15: {"intraday_margin_deficit": 2500.0}},
    calls=[{"kind": "intraday_margin", "amount": 2500.0, "issued_on": J16, "due_on": J17}],
)
HOOD = account(J15, 10000, brokerage="robinhood")
S3F = "Settled 3, 11 f; brokerages.md 0.1"
most("robinhood, ordinary stock", S3F, [HOOD], J15, "X", "buy", 100, 400, "BUYING_POWER")
most("robinhood, 3x fund", S3F, [HOOD, asset("X", leverage=3)], J15, "X", "buy", 100, 133, "BUYING_POWER")
most("robinhood, stock of 60 %", S3F + ": 40,000 / 2.4", [HOOD, asset("X", maintenance=0.6)], J15, "X", "buy", 100, 166, "BUYING_POWER")
most("robinhood, short at 20", S3F + ": 33,333", [HOOD, price(J15, "09:31", "X", 19)], J15, "X", "sell", 20, 1666, "BUYING_POWER")
