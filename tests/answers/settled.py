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
FED = {"kind": "fed", "issued_on": T4, "due_on": T6}  # once part of it is met, the texts do not say whether `amount` is all or the rest
FED10 = {**FED, "amount": 10000.0}


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
    calls=[{**FED, "status": "open", "ended_on": None}],
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
        calls=[{**FED, "status": status, "ended_on": ended}],
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
        calls=[{**DUE18, "status": status, "ended_on": ended}],
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
    "without charging by requirement: dollar for dollar, a fund times its leverage as the law has it",
    "Settled 2: the parameter dtbp_by_requirement; Regulatory Notice 09-65",
    [
        {**FLAGGED, "set": {"dtbp_by_requirement": False}},
        asset("L", leverage=3),
        limit(F2, "09:40", "1", "X", "sell", 300, 100),  # 30,000, not 36,000
        limit(F2, "09:41", "2", "L", "buy", 200, 100),  # 60,000
    ],
    decisions={"1": OK, "2": OK},
    account={"daytrading_buying_power": 30000.0},
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
        **({"calls": [{"kind": "day_trade", "amount": amount, "issued_on": F3, "due_on": F9}]} if amount else {"no_calls": ["day_trade"]}),
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
for day, call in (
    ("2010-04-29", None),
    ("2010-04-30", {"kind": "day_trade", "amount": 7500.0, "issued_on": "2010-05-03", "due_on": "2010-05-07"}),
):
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
    [
        {**TEN, "set": {"imd_basis": "house"}},
        trade(J15, "09:40", "X", "buy", 400, 100),
        trade(J15, "15:00", "X", "sell", 400, 100),
        close(J15),
    ],
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
    sessions={
        J15: {"equity": 8500.0, "maintenance_margin": 8550.0, "intraday_margin_deficit": 0.0, "lowest_intraday_margin_level": 1375.0}
    },
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

# ------------------------------------------------------------------------------------------------ Settled 4: a short's initial margin

S4 = "Settled 4; alpaca.md 4.1; rulebook.md 2.5 greatest-of"
# unflagged, 10,000: Reg T buying power 20,000, used at initial rate / 50 %
GREATEST = [
    (1, 0.95, 4000),  # $2.50 of $1: x 5
    (4, 3.8, 2500),  # 100 %: x 2, 10,000
    (6, 5.7, 2000),  # $5 of $6: 10 of buying power a share
    (10, 9.5, 2000),  # $5 of $10 is 50 %: x 1
    (20, 19, 1000),  # 30 % is below Reg T's 50 %: x 1
]
for firm in ("alpaca", "finra"):
    for at, mark, qty in GREATEST:
        before = [account(F2, 10000, brokerage=firm), price(F2, "09:31", "X", mark)]
        most(f"{firm}, 10,000, short at {at} by Reg T", S4, before, F2, "X", "sell", at, qty, "BUYING_POWER")
    for at, initial in ((1, 2500.0), (2, 2500.0), (4, 4000.0), (5, 5000.0), (6, 5000.0), (10, 5000.0), (10.02, 5010.0), (20, 10000.0)):
        case(
            f"{firm}, initial margin of 1,000 short at {at:.2f}",
            S4 + ": max(50 %, maintenance)",
            [account(F2, 60000, brokerage=firm, positions=[held("X", -1000, at)]), close(F2)],
            sessions={F2: {"initial_margin": initial}},
        )
case(
    "19,400 short at 1 on 10,000",
    S4 + ": Reg T 9,700, maintenance 48,500",
    [account(F2, 10000), price(F2, "09:31", "X", 0.95), limit(F2, "09:40", "1", "X", "sell", 19400, 1)],
    decisions={"1": refused("BUYING_POWER", would_pass={"qty": 4000})},
)

# ------------------------------------------------------------------------------------------------ Settled 5: Alpaca's values by day

S52 = "Settled 5; alpaca.md 4.2"
COLUMNS = [  # first and last sessions of the four columns; 2020-11-08 is a Sunday
    ("2019-06-03", 0),
    ("2020-11-06", 0),
    ("2020-11-09", 1),
    ("2026-01-22", 1),
    ("2026-01-23", 2),
    ("2026-06-03", 2),
    ("2026-06-04", 3),
    ("2026-09-21", 3),
]
RATES = [  # 1,000 shares
    ("long at 2.49", 1000, 2.49, {}, (2490.0, 2490.0, 2490.0, 2490.0)),  # 100 %
    ("long at 2.50", 1000, 2.50, {}, (750.0, 750.0, 750.0, 1250.0)),  # 30 %, then 50 %
    ("long at 4.00", 1000, 4.00, {}, (1200.0, 1200.0, 1200.0, 2000.0)),
    ("long at 6.00", 1000, 6.00, {}, (1800.0, 1800.0, 1800.0, 3000.0)),
    ("long at 6.01", 1000, 6.01, {}, (1803.0, 1803.0, 1803.0, 1803.0)),  # 30 %
    ("2x fund at 10", 1000, 10.0, {"leverage": 2}, (6000.0, 10000.0, 5000.0, 5000.0)),  # 60, 100, 50, 50 %
    ("3x fund at 10", 1000, 10.0, {"leverage": 3}, (9000.0, 10000.0, 7500.0, 7500.0)),  # 90, 100, 75, 75 %
    ("short at 4.99", -1000, 4.99, {}, (4990.0, 4990.0, 4990.0, 4990.0)),  # 100 %
    ("short at 10", -1000, 10.0, {}, (5000.0, 5000.0, 5000.0, 5000.0)),  # $5
]
for day, column in COLUMNS:
    for name, qty, at, facts, needs in RATES:
        case(
            f"1,000 {name} on {day}",
            S52,
            [account(day, 60000, positions=[held("X", qty, at)]), asset("X", **facts), close(day)],
            sessions={day: {"maintenance_margin": needs[column]}},
        )
CONCENTRATED = [
    # 70 % of 200,000 on a debit of 100,000: 50 % x 140,000 + 30 % x 60,000; else 30 % of all
    ("2026-01-22", 1400, -100000, 60000.0),
    ("2026-01-23", 1400, -100000, 88000.0),
    ("2026-01-23", 1399, -100000, 60000.0),
    ("2026-01-23", 1400, -99999.99, 60000.0),
    ("2026-06-03", 1400, -100000, 88000.0),
    ("2026-06-04", 1400, -100000, 88000.0),
    ("2020-11-09", 1400, -100000, 60000.0),
]
for day, shares, cash, need in CONCENTRATED:
    case(
        f"concentration on {day}: {shares} of 2,000 shares on {cash:,.2f}",
        S52 + ": one security >= 70 % and a debit >= $100,000; first known 2026-01-23, not carried back",
        [account(day, cash, positions=[held("A", shares, 100), held("B", 2000 - shares, 100)]), close(day)],
        sessions={day: {"maintenance_margin": need}},
    )
COLLARS = [  # day, last price, what, left of 20,000
    ("2026-01-22", 40, {}, 15840.0),  # 4 %: 4,160
    ("2026-01-23", 40, {}, 16000.0),  # the last price
    ("2026-01-22", 80, {}, 11800.0),  # 2.5 %: 8,200
    ("2026-01-23", 80, {}, 12000.0),
    ("2026-01-22", 40, {"type": "stop", "stop_price": 45}, 15320.0),  # O3: 4 % on both days: 4,680
    ("2026-01-23", 40, {"type": "stop", "stop_price": 45}, 15320.0),
    ("2026-01-22", 40, {"type": "limit", "limit_price": 40}, 16000.0),
    ("2026-01-23", 40, {"type": "limit", "limit_price": 40}, 16000.0),
]
for day, last, what, remains in COLLARS:
    case(
        f"{what.get('type', 'market')} buy of 100 at {last} on {day}",
        "Settled 5; alpaca.md O1, O3, C30: the collar of a market buy to 2026-01-22",
        [account(day, 10000), price(day, "09:31", "X", last), order(day, "09:40", "1", "X", "buy", 100, **what)],
        decisions={"1": OK},
        account={"buying_power": remains},
    )
for day in ("2026-01-22", "2026-01-23"):
    case(
        f"market short of 100 at 20 on {day}",
        "Settled 5; alpaca.md O2: 1.03 x 20 on both days",
        [account(day, 10000), price(day, "09:31", "X", 20), order(day, "09:40", "1", "X", "sell", 100)],
        decisions={"1": OK},
        account={"buying_power": 17940.0},
    )
# a debit of 36,000 costs 100 x the rate in per cent a day (36,000 / 360), a Friday three times that
INTEREST = [
    ("2019-06-04", 3.75),
    ("2022-07-28", 3.75),
    ("2022-07-29", 11.25),  # Friday
    ("2022-08-01", 5.50),
    ("2022-09-22", 5.50),
    ("2022-09-23", 18.75),  # Friday, 6.25
    ("2022-11-02", 6.25),
    ("2022-11-03", 7.00),
    ("2022-12-14", 7.00),
    ("2022-12-15", 7.50),
    ("2023-02-01", 7.50),
    ("2023-02-02", 7.75),
    ("2023-03-22", 7.75),
    ("2023-03-23", 8.00),
    ("2023-05-03", 8.00),
    ("2023-05-04", 8.25),
    ("2023-07-26", 8.25),
    ("2023-07-27", 8.50),
    ("2024-09-18", 8.50),
    ("2024-09-19", 7.50),
    ("2024-11-07", 7.50),
    ("2024-11-08", 21.75),  # Friday, 7.25
    ("2024-12-18", 7.25),
    ("2024-12-19", 7.00),
    ("2025-09-17", 7.00),
    ("2025-09-18", 6.75),
    ("2025-10-29", 6.75),
    ("2025-10-30", 6.50),
    ("2025-12-10", 6.50),
    ("2025-12-11", 6.25),
    ("2026-08-31", 6.25),
    ("2026-09-01", 6.50),
]
for day, interest in INTEREST:
    case(
        f"interest on 36,000 on {day}",
        "Settled 5; alpaca.md 4.4",
        [account(day, -36000, positions=[held("A", 800, 100)]), close(day)],
        sessions={day: {"interest": interest}},
    )
for day in ("2026-06-23", "2026-06-24"):
    for easy in (True, False):
        case(
            f"short of {'an easy' if easy else 'a hard'} to borrow stock on {day}",
            "Settled 5; alpaca.md 4.4: refused to 2026-06-23, from 2026-06-24 only by an approved locate, and here is none",
            [
                account(day, 50000),
                asset("X", easy_to_borrow=easy),
                price(day, "09:31", "X", 20),
                order(day, "09:40", "1", "X", "sell", 100),
            ],
            decisions={"1": OK if easy else {"accepted": False}},
        )
    case(
        f"buying and selling a hard to borrow stock on {day}",
        "alpaca.md 4.4: only opening a short is refused",
        [
            account(day, 50000, positions=[held("X", 100, 20)]),
            asset("X", easy_to_borrow=False),
            order(day, "09:40", "1", "X", "sell", 100),
            fill(day, "09:41", "1", 20),
            order(day, "09:50", "2", "X", "buy", 100),
        ],
        decisions={"1": OK, "2": OK},
    )
    case(
        f"covering a hard to borrow stock on {day}",
        "alpaca.md 4.4: an open short is kept",
        [account(day, 50000, positions=[held("X", -100, 20)]), asset("X", easy_to_borrow=False), order(day, "09:40", "1", "X", "buy", 100)],
        decisions={"1": OK},
    )

# ------------------------------------------------------------------------------------------------ Settled 6: replaced orders

S6 = "Settled 6: only the new order's value is reserved"
OLD = [account(F2, 10000), limit(F2, "09:40", "1", "X", "buy", 10, 100)]  # 1,000 of 20,000
REPLACED = [
    ("fewer", {"qty": 5}, OK, 19500.0),
    ("cheaper", {"limit_price": 50}, OK, 19500.0),
    ("more", {"qty": 20}, OK, 18000.0),
    ("dearer", {"limit_price": 150}, OK, 18500.0),
    ("all there is", {"qty": 200}, OK, 0.0),
    ("one too many", {"qty": 201}, refused("BUYING_POWER"), 19000.0),  # the old order stays
]
for name, what, verdict, bp in REPLACED:
    case(
        f"replaced by {name}",
        S6,
        [*OLD, replace(F2, "09:45", "1", **what)],
        decisions={"1": OK, "1#2": verdict},
        account={"buying_power": bp},
    )
case(
    "what a replacement frees can be used",
    S6 + ": 500 of 20,000 reserved, 19,500 left",
    [*OLD, replace(F2, "09:45", "1", qty=5), limit(F2, "09:50", "2", "Y", "buy", 196, 100), limit(F2, "09:51", "3", "Y", "buy", 195, 100)],
    decisions={"2": refused("BUYING_POWER", would_pass={"qty": 195}), "3": OK},
    account={"buying_power": 0.0},
)
case(
    "replaced down and up again",
    S6,
    [*OLD, replace(F2, "09:45", "1", qty=5), replace(F2, "09:46", "1", qty=8)],
    decisions={"1#2": OK, "1#3": OK},
    account={"buying_power": 19200.0},
)
case(
    "replaced after a part filled",
    S6 + "; qty is the new total: 2 of 6 are left; 2 x (10,000 - 200) - 200",
    [*OLD, fill(F2, "09:41", "1", 100, qty=4), replace(F2, "09:45", "1", qty=6)],
    decisions={"1#2": OK},
    account={"buying_power": 19400.0},
)
case(
    "replaced in day-trading buying power",
    S6,
    # 100,000, then 10,000 of 120,000
    [FLAGGED, limit(F2, "09:40", "1", "X", "buy", 1000, 100), replace(F2, "09:45", "1", qty=100)],
    decisions={"1#2": OK},
    account={"daytrading_buying_power": 110000.0},
)
case(
    "replaced in intraday buying power",
    S6,
    [
        TEN,
        limit(J15, "09:40", "1", "X", "buy", 400, 100),
        replace(J15, "09:45", "1", qty=100),
        limit(J15, "09:46", "2", "Y", "buy", 301, 100),
        limit(J15, "09:47", "3", "Y", "buy", 300, 100),
    ],
    decisions={"1#2": OK, "2": refused("BUYING_POWER", would_pass={"qty": 300}), "3": OK},
)
case(
    "a replaced sale holds only the new number of shares",
    S6,
    [
        account(J15, 10000, positions=[held("X", 100, 10)]),
        limit(J15, "09:40", "1", "X", "sell", 100, 12),
        replace(J15, "09:45", "1", qty=40),
        limit(J15, "09:46", "2", "X", "sell", 61, 12),
        limit(J15, "09:47", "3", "X", "sell", 60, 12),
    ],
    decisions={"1#2": OK, "2": refused("QTY"), "3": OK},
)

# ------------------------------------------------------------------------------------------------ Settled 7: settlement days

S7 = "Settled 7; rulebook.md section 6 days of mourning, 5.2 no. 1, 2"
# sold with nothing settled, bought with the proceeds, sold again: a good-faith violation before those proceeds settle
STRIKES = [
    ("2004-06-10", "2004-06-14", 1),  # T+3: 06-11 (mourning), 06-14, 06-15
    ("2004-06-10", "2004-06-15", 0),
    ("2006-12-29", "2007-01-03", 1),  # T+3: 01-02 (mourning), 01-03, 01-04
    ("2006-12-29", "2007-01-04", 0),
    ("2018-12-03", "2018-12-04", 1),  # T+2: 12-04, 12-05 (mourning)
    ("2018-12-03", "2018-12-06", 0),
    ("2018-12-04", "2018-12-04", 1),  # T+2: 12-05 (mourning), 12-06
    ("2018-12-04", "2018-12-06", 0),
    ("2018-12-06", "2018-12-07", 1),  # T+2: 12-07, 12-10
    ("2018-12-06", "2018-12-10", 0),
    ("2025-01-08", "2025-01-08", 1),  # T+1: 01-09 (mourning)
    ("2025-01-08", "2025-01-10", 0),
    ("2025-01-10", "2025-01-10", 1),  # T+1: 01-13
    ("2025-01-10", "2025-01-13", 0),
]
for day, sold, violations in STRIKES:
    case(
        f"cash account: proceeds of {day}, the purchase sold on {sold}: {violations}",
        S7,
        [
            account(day, 0, brokerage="fidelity", account_type="cash", positions=[held("OLD", 100, 100)]),
            trade(day, "10:00", "OLD", "sell", 100, 100),
            trade(day, "11:00", "ABC", "buy", 100, 100),
            trade(sold, "14:00", "ABC", "sell", 100, 100),
            close(sold),
        ],
        violations=violations,
    )
# interest runs on the settled debit: 10,000 x 3.75 % / 360 = 1.04 a day; 12-07 is a Friday: 3.125
for day, rows in (
    ("2018-12-04", {"2018-12-04": 0.0, "2018-12-06": 1.04, "2018-12-07": 3.125}),  # settled 12-06
    ("2018-12-06", {"2018-12-06": 0.0, "2018-12-07": 0.0, "2018-12-10": 1.04}),  # settled 12-10
):
    case(
        f"a debit of {day} and its first interest",
        "Settled 7; alpaca.md 4.4: settlement-date debit; rulebook.md section 6",
        [account(day, 10000), trade(day, "10:00", "X", "buy", 200, 100), *[close(d) for d in rows]],
        sessions={d: {"interest": interest} for d, interest in rows.items()},
    )
# no sessions, and no business days for calls
for day, due in (("2018-12-04", "2018-12-11"), ("2025-01-08", "2025-01-14")):
    case(
        f"a Fed call of {day} over the day of mourning",
        "rulebook.md section 6: the exchange is closed, not counted as a business day of a deadline; T+4 and T+3 of 2.3",
        # 12-06, 12-07, 12-10, 12-11; 01-10, 01-13, 01-14
        [account(day, 10000, brokerage="finra"), trade(day, "10:00", "X", "buy", 300, 100), close(day)],
        calls=[{"kind": "fed", "amount": 5000.0, "due_on": due}],
    )

# ------------------------------------------------------------------------------------------------ Settled 8: the shape of orders

S8 = "Settled 8; alpaca.md 2.5"
ENTRY, EXTENDED = "bracket orders must be entry orders", "extended hours order must be DAY or GTC limit orders"
NO_SHORT, DAY, SIMPLE = (
    "fractional orders cannot be sold short",
    "fractional orders must be DAY orders",
    "fractional orders must be simple orders",
)


def invalid(message):
    return refused("INVALID_ORDER", http_status=422, code=42210000, message=message)


LONG, SHORT, FLAT = [held("X", 100, 10)], [held("X", -100, 10)], []
LIMIT10 = {"type": "limit", "limit_price": 10}
UP = {**LIMIT10, "order_class": "bracket", "take_profit": 12, "stop_loss": 8}
DOWN = {**LIMIT10, "order_class": "bracket", "take_profit": 8, "stop_loss": 12}
EXT = {"extended_hours": True}
SHAPES = [
    # a bracket or OTO whose entry would close
    ("bracket sale of a holding", LONG, "sell", 100, DOWN, ENTRY),
    ("bracket sale of a part of a holding", LONG, "sell", 10, DOWN, ENTRY),
    ("bracket cover of a short", SHORT, "buy", 100, UP, ENTRY),
    ("OTO sale of a holding", LONG, "sell", 100, {**LIMIT10, "order_class": "oto", "stop_loss": 12}, ENTRY),
    ("OTO cover of a short", SHORT, "buy", 100, {**LIMIT10, "order_class": "oto", "take_profit": 12}, ENTRY),
    ("bracket buy, flat", FLAT, "buy", 100, UP, None),
    ("bracket short, flat", FLAT, "sell", 100, DOWN, None),
    ("OTO buy, flat", FLAT, "buy", 100, {**LIMIT10, "order_class": "oto", "stop_loss": 8}, None),
    ("OCO of a holding", LONG, "sell", 100, {"order_class": "oco", "take_profit": 12, "stop_loss": 8}, None),
    ("bracket that adds to a long (11 m)", LONG, "buy", 100, UP, None),
    ("bracket that adds to a short (11 m)", SHORT, "sell", 100, DOWN, None),
    # extended hours
    ("extended market", FLAT, "buy", 10, EXT, EXTENDED),
    ("extended stop", FLAT, "buy", 10, {**EXT, "type": "stop", "stop_price": 11}, EXTENDED),
    ("extended stop-limit", FLAT, "buy", 10, {**EXT, "type": "stop_limit", "stop_price": 11, "limit_price": 12}, EXTENDED),
    ("extended trailing stop", LONG, "sell", 10, {**EXT, "type": "trailing_stop", "trail_percent": 5}, EXTENDED),
    ("extended bracket", FLAT, "buy", 10, {**EXT, **UP}, EXTENDED),
    ("extended OTO", FLAT, "buy", 10, {**EXT, **LIMIT10, "order_class": "oto", "stop_loss": 8}, EXTENDED),
    ("extended OCO", LONG, "sell", 100, {**EXT, "order_class": "oco", "take_profit": 12, "stop_loss": 8}, EXTENDED),
    ("extended limit", FLAT, "buy", 10, {**EXT, **LIMIT10}, None),
    ("extended limit sale", LONG, "sell", 10, {**EXT, **LIMIT10}, None),
    ("extended limit gtc", FLAT, "buy", 10, {**EXT, **LIMIT10, "time_in_force": "gtc"}, None),
    ("market without extended hours", FLAT, "buy", 10, {"extended_hours": False}, None),
    # fractions
    ("half a share short", FLAT, "sell", 0.5, {}, NO_SHORT),
    ("1.5 shares short by a limit", FLAT, "sell", 1.5, LIMIT10, NO_SHORT),
    ("half a share more short", SHORT, "sell", 0.5, {}, NO_SHORT),
    ("half a share of a holding sold", LONG, "sell", 0.5, {}, None),
    ("one share short", FLAT, "sell", 1, {}, None),
    ("half a share gtc", FLAT, "buy", 0.5, {**LIMIT10, "time_in_force": "gtc"}, DAY),
    ("half a share of a holding sold gtc", LONG, "sell", 0.5, {**LIMIT10, "time_in_force": "gtc"}, DAY),
    ("half a share day", FLAT, "buy", 0.5, LIMIT10, None),
    ("half a share at the market", FLAT, "buy", 0.5, {}, None),
    ("half a share in extended hours", FLAT, "buy", 0.5, {**EXT, **LIMIT10}, None),
    ("ten shares gtc", FLAT, "buy", 10, {**LIMIT10, "time_in_force": "gtc"}, None),
    ("fractional bracket", FLAT, "buy", 10.5, UP, SIMPLE),
    ("fractional OTO", FLAT, "buy", 10.5, {**LIMIT10, "order_class": "oto", "stop_loss": 8}, SIMPLE),
    ("fractional OCO", LONG, "sell", 10.5, {"order_class": "oco", "take_profit": 12, "stop_loss": 8}, SIMPLE),
    ("fractional bracket gtc: the time in force is asked first", FLAT, "buy", 10.5, {**UP, "time_in_force": "gtc"}, DAY),
    (
        "fractional OCO gtc: the time in force is asked first",
        LONG,
        "sell",
        10.5,
        {"order_class": "oco", "take_profit": 12, "stop_loss": 8, "time_in_force": "gtc"},
        DAY,
    ),
    ("bracket gtc", FLAT, "buy", 10, {**UP, "time_in_force": "gtc"}, None),
]
for name, positions, side, qty, what, message in SHAPES:
    case(
        "shape: " + name,
        S8,
        [account(J15, 50000, positions=positions), price(J15, "09:31", "X", 10), order(J15, "09:40", "1", "X", side, qty, **what)],
        decisions={"1": invalid(message) if message else OK},
    )
case(
    "shape ranks before liquidation only",
    S8 + ": ranks with PRICE, before everything else",
    [
        account("2024-12-31", 24000, pattern_day_trader=True),
        limit("2024-12-31", "09:40", "1", "X", "buy", 0.5, 10, time_in_force="gtc"),
        limit("2024-12-31", "09:41", "2", "X", "buy", 0.5, 10),
    ],
    decisions={"1": invalid(DAY), "2": refused("LIQUIDATION_ONLY")},
)
case(
    "shape ranks before buying power",
    S8 + ": ranks with PRICE, before everything else",
    [TEN, limit(J15, "09:40", "1", "X", "buy", 1000.5, 100, time_in_force="gtc"), limit(J15, "09:41", "2", "X", "buy", 1000.5, 100)],
    decisions={"1": invalid(DAY), "2": refused("BUYING_POWER")},
)
case(
    "shape ranks before the quantity",
    S8 + ": before everything else",
    [account(J15, 50000, positions=LONG), order(J15, "09:40", "1", "X", "sell", 200, **DOWN)],
    decisions={"1": {"accepted": False, "reason": "INVALID_ORDER"}},
)
for name, positions, side, qty, what in (
    ("half a share gtc", FLAT, "buy", 0.5, {**LIMIT10, "time_in_force": "gtc"}),
    ("an extended market order", FLAT, "buy", 10, EXT),
    ("a fractional bracket", FLAT, "buy", 10.5, UP),
    ("a closing bracket", LONG, "sell", 100, DOWN),
):
    case(
        f"finra knows no shape: {name}",
        "Settled 8: at Alpaca",
        [
            account(J15, 50000, brokerage="finra", positions=positions),
            price(J15, "09:31", "X", 10),
            order(J15, "09:40", "1", "X", side, qty, **what),
        ],
        decisions={"1": OK},
    )
OCC = ["AAPL260619C00150000", "SPY260116P00600000", "BRKB270115C00500000"]
PAIRS = ["BTC/USD", "ETH/USDT", "SOL/USDC", "ETH/BTC", "BTC/EUR", "BTC/GBP"]
for symbol in [*OCC, *PAIRS]:
    bad(f"order in {symbol}", S8 + ": no stock, exit 2", [TEN, limit(J15, "09:40", "1", symbol, "buy", 1, 10)])
for symbol in (OCC[0], PAIRS[0]):
    bad(f"price of {symbol}", S8, [TEN, price(J15, "09:40", symbol, 10)])
    bad(f"execution in {symbol}", S8, [TEN, trade(J15, "09:40", symbol, "buy", 1, 10)])
    bad(f"asset {symbol}", S8, [TEN, asset(symbol, marginable=False)])
    bad(f"split of {symbol}", S8, [TEN, {"event": "split", "at": f"{J15}T09:40:00", "symbol": symbol, "ratio": 2}])
for symbol in ("BRK/B", "BRK.B", "BF/B", "C"):
    case(
        f"{symbol} is a stock", S8 + ": BRK/B is a share class", [TEN, limit(J15, "09:40", "1", symbol, "buy", 1, 10)], decisions={"1": OK}
    )

# ------------------------------------------------------------------------------------------------ Settled 9: neutral events

S9 = "Settled 9: neutral events change nothing"


def twice(day, symbol, value, *times):
    return [price(day, time, symbol, value) for time in times]


case(
    "the same price again after a fall makes no deficit",
    S9 + "; rulebook.md 4.7 no. 6",
    [LAWTEN, trade(J15, "10:00", "X", "buy", 400, 100), *twice(J15, "X", 95, "11:00", "11:01", "11:02"), close(J15)],
    sessions={J15: {"intraday_margin_deficit": 0.0, "lowest_intraday_margin_level": -1500.0}},  # 8,000 - 9,500
    no_calls=["intraday_margin"],
)
case(
    "the same price again after a deficit leaves it",
    S9 + "; rulebook.md 4.7 no. 7: 8,000 - 9,750",
    [
        LAWTEN,
        trade(J15, "10:00", "X", "buy", 400, 100),
        *twice(J15, "X", 95, "11:00", "11:01"),
        trade(J15, "11:02", "Y", "buy", 10, 100),
        *twice(J15, "Y", 100, "11:03", "11:04"),
        close(J15),
    ],
    sessions={J15: {"intraday_margin_deficit": 1750.0}},
    counts={"intraday_margin": 1},
)
case(
    "the same price again leaves day-trading buying power",
    S9 + "; Settled 2: 20,000 x 1.2",
    [FLAGGED, trade(F2, "10:00", "X", "sell", 1000, 20), *twice(F2, "X", 20, "10:01", "10:02"), close(F2)],
    sessions={F2: {"lowest_daytrading_buying_power": 96000.0}},
    account={"daytrading_buying_power": 96000.0},
)
case(
    "the same price again leaves SMA",
    S9 + "; N3",
    [
        RESTRICTED,
        trade(M3, "10:00", *SELL20),
        *twice(M3, "X", 100, "10:01", "10:02"),
        trade(M3, "10:03", *BUY11),
        *twice(M3, "Y", 100, "10:04"),
        close(M3),
    ],
    sessions={M3: {"sma": 4500.0}},
)
case(
    "the same price again leaves a working order its reservation",
    S9,
    [
        account(F2, 10000),
        *twice(F2, "X", 100, "09:31"),
        limit(F2, "09:40", "1", "X", "buy", 10, 100),
        *twice(F2, "X", 100, "09:41", "09:42"),
    ],
    account={"buying_power": 19000.0},
)
case(
    "the same price again under an open call",
    S9,
    [*called("finra"), *twice(T4, "X", 100, "10:00", "11:00"), close(T4)],
    calls=[{**FED10, "status": "open", "ended_on": None}],
    counts={"fed": 1},
)
# a purchase of 30,000 on 10,000, before and after the close; with and without an event of the session before it
J3, J7, J8 = "2025-07-03", "2025-07-07", "2025-07-08"  # closes at 13:00; the next sessions
NIGHTS = [
    (T4, W5, T6, "15:59", "16:01", "2025-03-07", "2025-03-10"),
    (J3, J7, J8, "12:59", "13:01", "2025-07-09", "2025-07-10"),
]
for day, after, issued, early, late, due_early, due_late in NIGHTS:
    first = M3 if day == T4 else "2025-07-02"
    for before in ([], [price(day, "10:00", "Z", 5)]):
        words = "after another event" if before else "as the first event"
        case(
            f"bought at {early} on {day}, {words}",
            "Settled 9; Settled 1: measured at that close",
            [account(first, 10000, brokerage="finra"), *before, trade(day, early, "X", "buy", 300, 100), shut(after)],
            sessions={day: {"initial_margin": 15000.0}, after: {"initial_margin": 15000.0}},
            calls=[{"kind": "fed", "amount": 5000.0, "issued_on": after, "due_on": due_early}],
            counts={"fed": 1},
        )
        case(
            f"bought at {late} on {day}, {words}: the session is closed",
            "Settled 9: its close measured without the event's fill; the next close measures it",
            [account(first, 10000, brokerage="finra"), *before, trade(day, late, "X", "buy", 300, 100), shut(after)],
            sessions={day: {"initial_margin": 0.0, "equity": 10000.0}, after: {"initial_margin": 15000.0}},
            calls=[{"kind": "fed", "amount": 5000.0, "issued_on": issued, "due_on": due_late}],
            counts={"fed": 1},
        )
for before in ([], [price(T4, "10:00", "Z", 5)]):
    case(
        f"a day trade after the close {'after another event' if before else 'as the first event'}",
        "Settled 9; the contract: it counts for that date's day trades",
        [
            account(M3, 10000, brokerage="finra"),
            *before,
            trade(T4, "17:00", "X", "buy", 10, 100),
            trade(T4, "17:30", "X", "sell", 10, 100),
            close(W5),
        ],
        day_trades={f"{T4} X": 1},
        sessions={T4: {"daytrade_count": 1}, W5: {"daytrade_count": 1}},
    )

# a day order of the evening before belongs to the session of 03-04; 1,000 of 20,000
EVENING = [account(M3, 10000), limit(M3, "20:30", "1", "X", "buy", 10, 100)]
for time, bp in (("15:59", 19000.0), ("16:01", 20000.0)):
    case(
        f"the session's only other event at {time}: buying power {bp:,.0f}",
        "Settled 9: its day orders released",
        [*EVENING, price(T4, time, "Z", 5)],
        account={"buying_power": bp},
    )
case(
    "a gtc order of the evening before outlives a session without events",
    "Settled 9; the contract: close releases day orders",
    [account(M3, 10000), limit(M3, "20:30", "1", "X", "buy", 10, 100, time_in_force="gtc"), price(T4, "16:01", "Z", 5)],
    account={"buying_power": 19000.0},
)

# ------------------------------------------------------------------------------------------------ Settled 10: rising prices meet no deficit

S10 = "Settled 10; rulebook.md 4.7 no. "
# 50,000 bought, part sold by the close: 10,000 - 12,500 = -2,500; 5th business day 06-23
KEPT30 = [LAWTEN, trade(J15, "10:00", "X", "buy", 500, 100), trade(J15, "15:00", "X", "sell", 200, 100), close(J15)]
KEPT40 = [LAWTEN, trade(J15, "10:00", "X", "buy", 500, 100), trade(J15, "15:00", "X", "sell", 100, 100), close(J15)]
GONE = [LAWTEN, trade(J15, "10:00", "X", "buy", 500, 100), trade(J15, "15:00", "X", "sell", 500, 100), close(J15)]
IMD = {"kind": "intraday_margin", "amount": 2500.0, "issued_on": J16, "due_on": "2026-06-23"}
MET, OPEN = {**IMD, "status": "met", "ended_on": J16}, {**IMD, "status": "open", "ended_on": None}
ENDS = [
    # 25 % x 10,000 released
    ("22: 10,000 sold", KEPT30, [trade(J16, "10:00", "X", "sell", 100, 100)], MET),
    # 25 % x 9,900 = 2,475
    ("22: 9,900 sold", KEPT30, [trade(J16, "10:00", "X", "sell", 99, 100)], OPEN),
    # E +4,000, maintenance +1,000: +3,000 by the market alone
    ("22b: up 10 %", KEPT40, [price(J16, "10:00", "X", 110)], OPEN),
    ("22b: doubled", KEPT40, [price(J16, "10:00", "X", 200)], OPEN),
    # 50 at 120 are 6,000: 1,500 caused
    ("22c: up 20 %, 6,000 sold", KEPT40, [price(J16, "10:00", "X", 120), trade(J16, "11:00", "X", "sell", 50, 120)], OPEN),
    (
        "22c: and 1,000 paid in",
        KEPT40,
        [price(J16, "10:00", "X", 120), trade(J16, "11:00", "X", "sell", 50, 120), money("deposit", J16, "12:00", 1000)],
        MET,
    ),
    (
        "22c: and 999.99 paid in",
        KEPT40,
        [price(J16, "10:00", "X", 120), trade(J16, "11:00", "X", "sell", 50, 120), money("deposit", J16, "12:00", 999.99)],
        OPEN,
    ),
    ("16: 2,500 paid in", GONE, [money("deposit", J16, "10:00", 2500)], MET),
    # a fall does not undo what was paid
    ("16: 2,500 paid in, and a fall", KEPT30, [money("deposit", J16, "10:00", 2500), price(J16, "11:00", "X", 95)], MET),
    ("deposits less withdrawals: 2,500", GONE, [money("deposit", J16, "10:00", 3000), money("withdraw", J16, "11:00", 500)], MET),
    ("deposits less withdrawals: 2,499.99", GONE, [money("deposit", J16, "10:00", 3000), money("withdraw", J16, "11:00", 500.01)], OPEN),
    # +2,500 of the sale, -1,000 of a purchase of 4,000
    ("sold 10,000, bought 4,000", KEPT30, [trade(J16, "10:00", "X", "sell", 100, 100), trade(J16, "11:00", "Y", "buy", 40, 100)], OPEN),
    ("sold 14,000, bought 4,000", KEPT30, [trade(J16, "10:00", "X", "sell", 140, 100), trade(J16, "11:00", "Y", "buy", 40, 100)], MET),
]
for name, before, steps, ends in ENDS:
    case(f"deficit of 2,500, {name}", S10 + "16, 22, 22b, 22c", [*before, *steps, close(J16)], calls=[ends], counts={"intraday_margin": 1})
case(
    "deficit of 2,500, up 10 %, gains counted",
    "Settled 10: the option imd_gains_count stays; rulebook.md 7.12",
    [{**KEPT40[0], "set": {"imd_gains_count": True}}, *KEPT40[1:], price(J16, "10:00", "X", 110), close(J16)],
    calls=[MET],
)
for counted, status in ((False, "past_due"), (True, "met")):
    case(
        f"alpaca, a deficit of 1,000 and a rise, gains {'counted' if counted else 'not counted'}",
        # 10,000 - 25 % x 44,000; 30,000 kept, level 2,500; at 110: 13,000 - 8,250 = 4,750, +2,250; due 06-17
        "Settled 10: imd_gains_count=false everywhere; alpaca.md I12",
        [
            {**TEN, "set": {"imd_gains_count": counted}} if counted else TEN,
            trade(J15, "10:00", "X", "buy", 440, 100),
            trade(J15, "15:00", "X", "sell", 140, 100),
            close(J15),
            price(J16, "10:00", "X", 110),
            close(J16),
            close(J17),
        ],
        calls=[{"kind": "intraday_margin", "amount": 1000.0, "issued_on": J16, "due_on": J17, "status": status}],
    )

# ------------------------------------------------------------------------------------------------ Settled 11: smaller readings

# (a) E 10,000, initial 10,000, SMA 0; the close at 120 makes an excess of 14,000 - 12,000 = 2,000 without the day's trades
S11A = "Settled 11 a"
EVEN = account(M3, -10000, brokerage="finra", positions=[held("X", 200, 100)])
EXCESS = [
    (20, 1000.0, None),  # 2,000 - 1,000
    (40, 0.0, None),
    (60, None, None),  # -3,000: 1,000.00 over asks for nothing
    (60.02, 0.0, 1001.0),  # -3,001
    (80, 0.0, 2000.0),
]
for shares, sma, amount in EXCESS:
    case(
        f"(a) a rise of 20 % pays for {shares * 100:,.0f} of the day's purchases",
        S11A + ": the account's excess without the day's trades at the close's marks",
        [EVEN, trade(M3, "10:00", "Y", "buy", shares, 100), close(M3, {"X": 120})],
        **({} if sma is None else {"sessions": {M3: {"sma": sma}}}),
        **({"calls": [{"kind": "fed", "amount": amount}]} if amount else {"no_calls": ["fed"]}),
    )
case(
    "(a) a sale on top of the excess",
    S11A + ": 2,000 + 50 % x 4,800",
    [EVEN, price(M3, "10:00", "X", 120), trade(M3, "10:01", "X", "sell", 40, 120), close(M3)],
    sessions={M3: {"sma": 4400.0}},  # E 14,000 - 9,600 too
)
case(
    "(a) the last close's SMA outlives a fall",
    S11A + ": 2,000 - 1,000; the excess at 90 is 8,000 - 9,000",
    [EVEN, close(M3, {"X": 120}), trade(T4, "10:00", "Y", "buy", 20, 100), close(T4, {"X": 90})],
    sessions={M3: {"sma": 2000.0}, T4: {"sma": 1000.0}},
    no_calls=["fed"],
)
for shares, amount in ((20, None), (22, 1100.0)):  # a fall to 90 adds nothing to the 1,000.00 and 1,100.00 of the purchase
    case(
        f"(a) a fall beside a purchase of {shares * 100:,}",
        S11A + "; rulebook.md 2.2: created or increased by the day's transactions",
        [EVEN, trade(M3, "10:00", "Y", "buy", shares, 100), close(M3, {"X": 90})],
        **({"calls": [{"kind": "fed", "amount": amount}]} if amount else {"no_calls": ["fed"]}),
    )

# (b) the unit price: 2.51 reserves at 25 %, 2.49 fills at 100 %
case(
    "(b) reserved at 2.51",
    "Settled 11 b; 4.2: 2,510 x 1",
    [FLAGGED, limit(F2, "09:40", "1", "X", "buy", 1000, 2.51)],
    account={"daytrading_buying_power": 117490.0},
)
case(
    "(b) filled at 2.49",
    "Settled 11 b; 4.2: 2,490 x 4",
    [FLAGGED, limit(F2, "09:40", "1", "X", "buy", 1000, 2.51), fill(F2, "09:41", "1", 2.49)],
    account={"daytrading_buying_power": 110040.0},
)
for at, level in ((6.01, 3630.0), (6.00, -2400.0)):
    case(
        f"(b) the mark of {at:.2f} in the level",
        # 4,000 bought at 6.10: E 10,000 - 360 = 9,640, 25 % of 24,040 = 6,010 -> 3,630; E 9,600, 50 % of 24,000 = 12,000 -> -2,400
        "Settled 11 b: the mark in levels; alpaca.md I13, 4.2",
        [TEN, trade(J15, "10:00", "X", "buy", 4000, 6.10), price(J15, "11:00", "X", at)],
        account={"intraday_margin_level": level},
    )

# (c) E 32,500; initial 30,000 + 7,500 = 37,500: restricted, SMA 0. A 3x fund releases 75 %
S11C = "Settled 11 c: its own initial rate"
FUND = [
    account(M3, -37500, brokerage="finra", positions=[held("X", 600, 100), held("L", 100, 100)]),
    asset("L", leverage=3),
    asset("N", marginable=False),
]
case(
    "(c) 4,000 of a 3x fund sold",
    S11C + ": 75 %",
    [*FUND, trade(M3, "10:00", "L", "sell", 40, 100), close(M3)],
    sessions={M3: {"sma": 3000.0}},
)
case(
    "(c) 4,000 of stock sold", S11C + ": 50 %", [*FUND, trade(M3, "10:00", "X", "sell", 40, 100), close(M3)], sessions={M3: {"sma": 2000.0}}
)
for shares, amount in ((60, None), (80, None), (80.01, 1000.5)):  # 3,000 - 3,000; - 4,000; - 4,000.50
    case(
        f"(c) 4,000 of a 3x fund sold, {shares * 100:,.0f} of stock bought",
        S11C + ": 3,000 less half of the purchase",
        [*FUND, *dealt(M3, TIMES, ("L", "sell", 40, 100), ("Y", "buy", shares, 100)), close(M3)],
        **({"calls": [{"kind": "fed", "amount": amount}]} if amount else {"no_calls": ["fed"]}),
    )
for symbol, shares, amount in (("L", 13, None), ("L", 14, 1050.0), ("N", 10, None), ("N", 11, 1100.0), ("Y", 20, None), ("Y", 21, 1050.0)):
    case(
        f"(c) {shares * 100:,} bought of {symbol} (L: 75 %, N: 100 %, Y: 50 %)",
        "Settled 11 c: Fed calls use initial_margin",
        [*FUND, trade(M3, "10:00", symbol, "buy", shares, 100), close(M3)],
        **({"calls": [{"kind": "fed", "amount": amount}]} if amount else {"no_calls": ["fed"]}),
    )
for shares, amount in ((4400, None), (4401, 1002.5)):  # 2.50 a share less SMA 10,000
    case(
        f"(c) {shares:,} sold short at 1",
        "Settled 11 c: Fed calls use initial_margin; Settled 4",
        [account(M3, 10000, brokerage="finra"), trade(M3, "10:00", "X", "sell", shares, 1), close(M3)],
        **({"calls": [{"kind": "fed", "amount": amount}]} if amount else {"no_calls": ["fed"]}),
    )
case(
    "(c) bought after the close, sold the next date: carried",
    # the purchase needs 5,000, the sale of 12,000 releases 6,000
    "Settled 11 c: a lot is carried once a date has passed",
    [RESTRICTED, trade(M3, "17:00", "Y", "buy", 100, 100), trade(T4, "10:00", "Y", "sell", 100, 120), close(T4)],
    sessions={M3: {"sma": 0.0}, T4: {"sma": 1000.0}},
    no_calls=["fed"],
)
case(
    "(c) bought and sold on one date: a day trade",
    "Settled 11 c; rulebook.md 2.2: its profit of 2,000",
    [RESTRICTED, close(M3), trade(T4, "09:45", "Y", "buy", 100, 100), trade(T4, "10:00", "Y", "sell", 100, 120), close(T4)],
    sessions={T4: {"sma": 2000.0}},
    no_calls=["fed"],
)

# (d) two calls: 10,000 of 03-03 and 4,500 of 03-04 (N3c)
TWO = [*called("finra"), *dealt(T4, TIMES, ("X", "sell", 110, 100), BUY20), close(T4)]
SECOND = {"kind": "fed", "issued_on": W5, "due_on": F7}
for paid, one, two in ((9999.99, "open", "open"), (10000, "met", "open"), (14499.99, "met", "open"), (14500, "met", "met")):
    case(
        f"(d) {paid:,.2f} paid into two Fed calls",
        "Settled 11 d: oldest first",
        [*TWO, money("deposit", W5, "10:00", paid)],
        calls=[
            {**FED, "status": one, "ended_on": W5 if one == "met" else None},
            {**SECOND, "status": two, "ended_on": W5 if two == "met" else None},
        ],
    )
# 200,000 day-traded of 160,000: 25 % of 40,000; 100,000 kept: 50,000 - 40,000
BOTH = [
    law(M3, 40000),
    *dealt(M3, TIMES, ("Z", "buy", 2000, 100), ("Z", "sell", 2000, 100), ("X", "buy", 1000, 100)),
    close(M3),
]
for paid, status in ((10000, "met"), (9999.99, "open")):
    case(
        f"(d) {paid:,.2f} counts for the Fed call and the day-trade call",
        "Settled 11 d: an open day-trade call counts it too",
        [*BOTH, money("deposit", T4, "10:00", paid)],
        calls=[
            {**FED, "status": status, "ended_on": T4 if status == "met" else None},
            {"kind": "day_trade", "issued_on": T4, "due_on": "2025-03-10", "status": status, "ended_on": T4 if status == "met" else None},
        ],
    )
for credit, out, sma in ((0, 5000, 0.0), (3000, 5000, 0.0), (3000, 2000, 1000.0), (3000, 3000, 0.0)):
    case(
        f"(d) {out:,} withdrawn of SMA {credit:,}",
        "Settled 11 d: beyond SMA sets it to 0 and makes no Fed call",
        [
            RESTRICTED,
            *([money("dividend", M3, "10:00", credit)] if credit else []),
            close(M3),
            money("withdraw", T4, "10:00", out),
            close(T4),
        ],
        decisions={"w1": OK},  # E at least 19,000, maintenance 15,000
        sessions={M3: {"sma": float(credit)}, T4: {"sma": sma}},
        no_calls=["fed"],
    )

# (e)
S11E = "Settled 11 e"
for rate, at, mark, qty in (
    (0.40, 20, 19, 1250),  # 40,000 / 1.6 = 25,000
    (0.40, 10, 9.5, 2000),  # $5 of 10 is 50 %
    (0.60, 10, 9.5, 1666),  # 40,000 / 2.4 = 16,666
    (0.30, 20, 19, 1666),  # 30 %
):
    most(
        f"(e) short at {at}, asset.maintenance {rate:.2f}",
        S11E + ": the larger of that rate and the short's own",
        [TEN, asset("X", maintenance=rate), price(J15, "09:31", "X", mark)],
        J15,
        "X",
        "sell",
        at,
        qty,
        "BUYING_POWER",
    )
SIXTYK = account(J15, 60000)
most(
    "(e) d ignores concentration",
    S11E + ": 240,000 in one stock on a debit of 180,000",
    [SIXTYK],
    J15,
    "X",
    "buy",
    100,
    2400,
    "BUYING_POWER",
)
case(
    "(e) concentrated and flat by the close",
    S11E + "; Settled 3: 60,000 - 25 % x 240,000 = 0; shown at 50 %: 120,000",
    [
        SIXTYK,
        limit(J15, "09:40", "1", "X", "buy", 2400, 100),
        fill(J15, "09:41", "1", 100),
        limit(J15, "09:50", "2", "Y", "buy", 1, 10),
        trade(J15, "15:00", "X", "sell", 2400, 100),
        close(J15),
    ],
    decisions={"1": OK, "2": refused("BUYING_POWER")},
    sessions={J15: {"intraday_margin_deficit": 0.0}},
    no_calls=["intraday_margin"],
)

# (f) E 10,000, 8,000 of it in $2 stock at 100 %: 4 x 2,000 = 8,000, whatever Reg T leaves
most(
    "(f) max(regt, ...) does not apply",
    "Settled 11 f",
    [account(J15, 2000, positions=[held("P", 4000, 2)])],
    J15,
    "X",
    "buy",
    100,
    80,
    "BUYING_POWER",
)

# (g) 100 shares at 20 and 500 in cash
S11G = "Settled 11 g; alpaca.md I2"
L3, F4 = "2026-06-03", "2026-06-04"
for day, cash, last, multiplier in (
    (J15, 500, 14, 1),  # 1,900
    (J15, 500, 14.99, 1),  # 1,999
    (J15, 500, 15, 4),  # 2,000.00
    (J15, -100, 20.99, 1),  # begins with 1,900, ends with 1,999
    (J15, -100, 21, 4),
    (F4, 500, 14, 1),
    (L3, 500, 14, 2),  # the old regime: last_equity 2,500 all day
    (L3, -100, 21, 1),  # last_equity 1,900
):
    case(
        f"(g) multiplier on {day}: cash {cash}, the stock closes at {last}",
        S11G,
        [account(day, cash, positions=[held("X", 100, 20)]), close(day, {"X": last})],
        sessions={day: {"multiplier": multiplier}},
    )

# (h)
S11H = "Settled 11 h"
for flagged, cash, bod, multiplier in ((False, 30000, 0.0, 2), (True, 24999.99, 0.0, 2), (True, 25000, 100000.0, 4)):
    case(
        f"(h) finra, {cash:,.2f}, {'flagged' if flagged else 'not flagged'}",
        S11H + ": bod_dtbp is 0 unless the multiplier is 4",
        [account(M3, cash, brokerage="finra", pattern_day_trader=flagged), close(M3)],
        sessions={M3: {"bod_dtbp": bod, "multiplier": multiplier}},
    )
# 200,000 day-traded of 160,000: a call; from 12-19 twice 40,000 on the sum of the day, of which 50,000 are used
D18, D19 = "2025-12-18", "2025-12-19"
STEPDOWN = [
    law(D18, 40000),
    *dealt(D18, TIMES, ("Z", "buy", 2000, 100), ("Z", "sell", 2000, 100)),
    close(D18),
    *dealt(D19, ["09:31", "09:32"], ("Z", "buy", 500, 100), ("Z", "sell", 500, 100)),
]
case(
    "(h) twice the excess less the day's sum",
    S11H + ": 80,000 - 50,000",
    STEPDOWN,
    account={"bod_dtbp": 80000.0, "daytrading_buying_power": 30000.0},
)
most("(h) under the step-down", S11H + ": refused as BUYING_POWER", STEPDOWN, D19, "Y", "buy", 100, 300, "BUYING_POWER")

# (i)
for bought, sold, day, issued, due in (("15:50", "15:59", J15, J16, "2026-06-23"), ("16:01", "17:00", J16, J17, "2026-06-24")):
    case(
        f"(i) a deficit made at {bought} of 06-15",
        "Settled 11 i: made after the close, it belongs to the next close's day",
        [
            LAWTEN,
            price(J15, "10:00", "X", 100),
            trade(J15, bought, "X", "buy", 500, 100),
            trade(J15, sold, "X", "sell", 500, 100),
            close(J16),
        ],
        sessions={
            J15: {"intraday_margin_deficit": 2500.0 if day == J15 else 0.0},
            J16: {"intraday_margin_deficit": 2500.0 if day == J16 else 0.0},
        },
        calls=[{"kind": "intraday_margin", "amount": 2500.0, "issued_on": issued, "due_on": due}],
        counts={"intraday_margin": 1},
    )

# (j)
S11J = "Settled 11 j"
DAYORDER = [account(M3, 10000), limit(M3, "15:50", "1", "X", "buy", 10, 100), close(M3)]
case(
    "(j) a late print of a day order released at the close",
    S11J + ": may still fill on that date: 10,000 - 995",
    [*DAYORDER, fill(M3, "16:05", "1", 99.5)],
    decisions={"1": OK},
    account={"cash": 9005.0},
)
case("(j) a day order released at the close", S11J, DAYORDER, account={"buying_power": 20000.0})
case(
    "(j) a gtc order is not released",
    "the contract: close releases day orders",
    [account(M3, 10000), limit(M3, "15:50", "1", "X", "buy", 10, 100, time_in_force="gtc"), close(M3), fill(T4, "10:00", "1", 100)],
    account={"cash": 9000.0},
)
bad("(j) a day order filled on the next date", S11J + ": on that date", [*DAYORDER, fill(T4, "10:00", "1", 100)])
OCO = [
    account(J15, 10000, positions=[held("X", 100, 10)]),
    order(J15, "10:00", "1", "X", "sell", 100, order_class="oco", take_profit=12, stop_loss=8),
]
BRACKET = [
    account(J15, 10000),
    price(J15, "09:31", "X", 10),
    limit(J15, "10:00", "1", "X", "buy", 100, 10, order_class="bracket", take_profit=12, stop_loss=8),
    fill(J15, "10:01", "1", 10),
]
for name, start in (("OCO", OCO), ("bracket", BRACKET)):
    for first, second, at, then in (("1.tp", "1.sl", 12, 8), ("1.sl", "1.tp", 8, 12)):
        bad(f"(j) {name}: {second} after {first}", S11J, [*start, fill(J15, "11:00", first, at), fill(J15, "11:01", second, then)])
    bad(
        f"(j) {name}: 41 of the stop after 60 of the profit",
        S11J + "; the contract: a partial fill of a leg reduces the other",
        [*start, fill(J15, "11:00", "1.tp", 12, qty=60), fill(J15, "11:01", "1.sl", 8, qty=41)],
    )
    case(
        f"(j) {name}: 40 of the stop after 60 of the profit",
        "the contract: a partial fill of a leg reduces the other",
        [*start, fill(J15, "11:00", "1.tp", 12, qty=60), fill(J15, "11:01", "1.sl", 8, qty=40)],
        account={"cash": (10000.0 if name == "OCO" else 9000.0) + 720.0 + 320.0},
    )
    case(
        f"(j) {name}: one leg fills",
        S11J,
        [*start, fill(J15, "11:00", "1.tp", 12)],
        account={"cash": (10000.0 if name == "OCO" else 9000.0) + 1200.0},
    )
bad("(j) more than what is left", "the contract: exit 2", [*OCO, fill(J15, "11:00", "1.tp", 12, qty=101)])

# (k)
S11K = "Settled 11 k"
OCO60 = {"order_class": "oco", "take_profit": 12, "stop_loss": 8}
for name, positions, side, verdict in (
    ("flat", [], "sell", refused("QTY")),
    ("of 59 shares", [held("X", 59, 10)], "sell", refused("QTY", would_pass={"qty": 59})),
    ("of 60 shares", [held("X", 60, 10)], "sell", OK),
):
    case(
        f"(k) an OCO of 60, {name}",
        S11K + ": an OCO that does not close is QTY",
        [account(J15, 10000, positions=positions), price(J15, "09:31", "X", 10), order(J15, "09:40", "1", "X", side, 60, **OCO60)],
        decisions={"1": verdict},
    )
case(
    "(k) an entry whose position turned under it closes first",
    # shorted meanwhile by an unknown order: the fill covers it, 12,000 are given back, nothing is used
    S11K + "; Settled 2",
    [
        FLAGGED,
        limit(F2, "09:40", "1", "X", "buy", 100, 100),
        trade(F2, "09:45", "X", "sell", 100, 100),
        fill(F2, "09:50", "1", 100),
        close(F2),
    ],
    account={"cash": 30000.0, "daytrading_buying_power": 120000.0},
    day_trades={f"{F2} X": 1},
)
# finra: 2 x (10,000 - 1,000) = 18,000; 900 shares at 20 beyond the 100 held
TURNS = [account(F2, 8000, brokerage="finra", positions=[held("X", 100, 20)])]
most("(k) finra, beyond zero is an entry", S11K + ": 100 + 18,000 / 20", TURNS, F2, "X", "sell", 20, 1000, "BUYING_POWER")
case(
    "(k) finra, 200 of 300 are an entry",
    S11K + ": 200 x 20 of 18,000 reserved",
    [*TURNS, limit(F2, "09:40", "1", "X", "sell", 300, 20)],
    decisions={"1": OK},
    account={"buying_power": 14000.0},
)
case(
    "(k) finra, what is held needs nothing",
    S11K,
    [*TURNS, limit(F2, "09:40", "1", "X", "sell", 100, 20)],
    account={"buying_power": 18000.0},
)

case(
    "(k) a non-marginable short",
    # 100 % instead of 50 %: 20,000 / 2 = 10,000 are certainly free, and more than 20,000 is certainly too much
    S11K,
    [
        account(F2, 10000),
        asset("X", marginable=False),
        price(F2, "09:31", "X", 19),
        limit(F2, "09:40", "1", "X", "sell", 500, 20),
        cancel(F2, "09:41", "1"),
        limit(F2, "09:42", "2", "X", "sell", 1001, 20),
    ],
    decisions={"1": OK, "2": {"accepted": False}},
)

# (l) 16,000 and 100 shares at 100, flagged; the close at 80 leaves 24,000
S11L = "Settled 11 l"
for lifted, status in ((True, "closed"), (False, "open")):
    case(
        f"(l) {'flag off' if lifted else 'the flag stays'}: the minimum equity call is {status}",
        S11L + ": closed, ended_on null",
        [
            account(M3, 16000, positions=[held("X", 100, 100)], pattern_day_trader=True),
            close(M3, {"X": 80}),
            *([{"event": "flag", "at": f"{T4}T10:00:00", "pattern_day_trader": False}] if lifted else []),
            close(T4),
        ],
        calls=[{"kind": "minimum_equity", "amount": 1000.0, "issued_on": T4, "due_on": None, "status": status, "ended_on": None}],
        sessions={T4: {"pattern_day_trader": not lifted}},
    )
