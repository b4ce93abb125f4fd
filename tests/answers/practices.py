"""Histories with the verdicts of house practices: what each brokerage makes of an unmet call, of a designation, of unsettled money.

The form is that of ``audits``; besides its keys ``expect`` may hold ``all_restrictions``: every (kind, from, until) there is, in order.
``source`` cites the paragraph of brokerages.md; every number is typed from it or worked out in the comment beside it.
"""

from __future__ import annotations

from answers.audits import OK, account, asset, close, limit, money, refused, trade

CASES: list[dict] = []


def case(name, source, events, **expect):
    CASES.append({"name": name, "source": source, "events": events, "expect": expect})


# ------------------------------------------------------------------------------------------------ day-trade calls

# 40,000 in cash, flagged: 4 x 40,000 = 160,000. Day-traded 200,000 is 40,000 over, 25 % of it is a call for 10,000.
# Measured on Monday 2025-03-03, issued on Tuesday 03-04, five business days are 03-04 to Monday 03-10.
M3, T4, W5, T6, M10, T11, W12 = "2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06", "2025-03-10", "2025-03-11", "2025-03-12"
# 90 calendar days after 03-10: 21 of March, 30, 31, and the 8th of June, a Sunday.
FRIDAY, LAST, MONDAY = "2025-06-06", "2025-06-08", "2025-06-09"
CALL = {"kind": "day_trade", "amount": 10000.0, "issued_on": T4, "due_on": M10}


def called(firm, flagged=True, day=M3):
    return [
        account(day, 40000, brokerage=firm, pattern_day_trader=flagged),
        trade(day, "10:00", "X", "buy", 2000, 100),
        trade(day, "11:00", "X", "sell", 2000, 100),
        close(day),
    ]


def buy(day, id, qty=1, time="10:00"):
    return [limit(day, time, id, "X", "buy", qty, 100), {"event": "cancel", "at": f"{day}T{time}:30", "order": id}]


def spend(day, id, symbol, qty, time="10:00"):
    return [limit(day, time, id, symbol, "buy", qty, 100), {"event": "cancel", "at": f"{day}T{time}:30", "order": id}]


def short(day, id):
    return [limit(day, "10:05", id, "Y", "sell", 1, 100), {"event": "cancel", "at": f"{day}T10:05:30", "order": id}]


def round_trip(day, id):
    """Bought for certain, then asked to sell again on the same day."""
    return [trade(day, "10:00", "X", "buy", 1, 100), limit(day, "10:05", id, "X", "sell", 1, 100), trade(day, "15:00", "X", "sell", 1, 100)]


BARS_CLOSING = ("webull", "moomoo", "tastytrade")
SAYS = {
    "webull": "6 Webull: 1 past due, closing only 90 days",
    "moomoo": "11 moomoo: past due, closing only 90 days",
    "tastytrade": "8 tastytrade: may end in 90 days closing only",
}
TWICE = ("buying_power_2x", T4, M10)
for firm in BARS_CLOSING:
    case(
        f"{firm}: unmet, closing trades only for 90 days from the day after",
        SAYS[firm],
        [
            *called(firm),
            trade(M10, "09:40", "Z", "buy", 10, 100),
            *buy(M10, "1"),
            close(M10),
            *buy(T11, "2"),
            limit(T11, "10:10", "3", "Z", "sell", 10, 100),
            *buy(FRIDAY, "4"),
            *short(FRIDAY, "5"),
            *buy(MONDAY, "6"),
            *short(MONDAY, "7"),
        ],
        decisions={
            "1": OK,
            "2": refused("CLOSING_ONLY", facts={"last_equity": 40000.0, "since": T11, "until": LAST, "why": "c1"}),
            "3": OK,  # closing is never refused
            "4": refused("CLOSING_ONLY", would_pass={"qty": 0, "on": MONDAY}),
            "5": refused("CLOSING_ONLY"),
            "6": OK,
            "7": OK,
        },
        calls=[{**CALL, "status": "past_due", "ended_on": None}],
        all_restrictions=[TWICE, ("closing_only", T11, LAST)],
    )
    for paid, day, status, rest in (
        (10000.00, M10, "met", [("buying_power_2x", T4, M10)]),
        (9999.99, M10, "past_due", [TWICE, ("closing_only", T11, LAST)]),
        (10000.00, T11, "met_late", [TWICE, ("closing_only", T11, T11)]),
        (9999.99, T11, "past_due", [TWICE, ("closing_only", T11, LAST)]),
    ):
        case(
            f"{firm}: {paid:,.2f} paid in on {day}",
            SAYS[firm] + "; a met call frees the account at once",
            [*called(firm), money("deposit", day, "12:00", paid), *buy(T11, "1", time="13:00")],
            decisions={"1": OK if "met" in status else refused("CLOSING_ONLY")},
            calls=[{**CALL, "status": status}],
            all_restrictions=rest,
        )
case(
    "webull: who is not designated is called too, and has closing trades only afterwards",
    "6 Webull: while open unflagged 4x the excess; 1 past due: closing only 90 days",
    [*called("webull", flagged=False), *buy(M10, "1"), *buy(T11, "2")],
    decisions={"1": OK, "2": refused("CLOSING_ONLY")},
    calls=[{**CALL, "status": "past_due"}],
    all_restrictions=[("closing_only", T11, LAST)],
)
case(
    "the bare rule: cash available only, and only for who is designated",
    "rulebook.md 1.7 no. 3",
    [*called("finra", flagged=False), *buy(T11, "1"), *short(T11, "2")],
    decisions={"1": OK, "2": OK},
    calls=[{**CALL, "status": "past_due"}],
    all_restrictions=[],
)

HOOD = "5 Robinhood: during a call no day trading; unmet in 5 days: no day trading for 90 days, cannot be lifted"
OPEN_CALL, BARRED = ("no_day_trades", T4, M10), ("no_day_trades", T11, LAST)
case(
    "robinhood: no day trade during a call, and none for 90 days if it is unmet, met late or not",
    HOOD,
    [
        *called("robinhood"),
        *round_trip(T4, "1"),
        *round_trip(M10, "2"),
        *round_trip(T11, "3"),
        money("deposit", W12, "12:00", 10000.0),
        *round_trip("2025-03-13", "4"),
        *buy("2025-03-13", "5", time="15:30"),
        *round_trip(FRIDAY, "6"),
        *round_trip(MONDAY, "7"),
    ],
    decisions={
        "1": refused("PDT_RESTRICTED_DAYTRADE", facts={"last_equity": 40000.0, "since": T4, "until": M10, "why": "c1"}),
        "2": refused("PDT_RESTRICTED_DAYTRADE"),
        "3": refused("PDT_RESTRICTED_DAYTRADE", facts={"last_equity": 40000.0, "since": T11, "until": LAST, "why": "c1"}),
        "4": refused("PDT_RESTRICTED_DAYTRADE"),
        "5": OK,  # buying is not barred
        "6": refused("PDT_RESTRICTED_DAYTRADE"),
        "7": OK,
    },
    calls=[{**CALL, "status": "met_late", "ended_on": W12}],
    all_restrictions=[OPEN_CALL, BARRED],
)
for paid, day, time, status, rest, first, then in (
    # before a close: day trades resume on the next day
    (10000.0, W5, "15:59", "met", [("no_day_trades", T4, W5)], None, T6),
    # after it: the day after the next close
    (10000.0, W5, "16:01", "met", [("no_day_trades", T4, T6)], T6, "2025-03-07"),
    # "if covered after Monday's close, day trading resumes at Wednesday's open"
    (10000.0, M10, "16:01", "met", [("no_day_trades", T4, T11)], T11, W12),
    (10000.0, M10, "15:59", "met", [("no_day_trades", T4, M10)], None, T11),
    (9999.99, M10, "15:59", "past_due", [OPEN_CALL, BARRED], T11, MONDAY),
):
    case(
        f"robinhood: {paid:,.2f} paid in on {day} at {time}",
        "5 Robinhood: if covered after Monday's close, day trading resumes at Wednesday's open",
        [*called("robinhood"), money("deposit", day, time, paid), *(round_trip(first, "1") if first else ()), *round_trip(then, "2")],
        decisions=({"1": refused("PDT_RESTRICTED_DAYTRADE")} if first else {}) | {"2": OK},
        calls=[{**CALL, "status": status}],
        all_restrictions=rest,
    )
case(
    "robinhood: on the day it is paid the rest of the session is barred",
    "5 Robinhood: day trading resumes at the open after the next close",
    [*called("robinhood"), money("deposit", W5, "09:45", 10000.0), *round_trip(W5, "1")],
    decisions={"1": refused("PDT_RESTRICTED_DAYTRADE")},
)
case(
    "robinhood: from 2026-06-04 no day trade is barred, due day or not",
    "5 Robinhood: 2026-06-04 no day-trade limits or calls",
    [
        *called("robinhood", day="2026-06-01"),
        *round_trip("2026-06-03", "1"),
        *round_trip("2026-06-04", "2"),
        *round_trip("2026-06-09", "3"),
    ],
    decisions={"1": refused("PDT_RESTRICTED_DAYTRADE"), "2": OK, "3": OK},
    calls=[{"kind": "day_trade", "due_on": "2026-06-08", "status": "past_due"}],
    all_restrictions=[("no_day_trades", "2026-06-02", "2026-06-03")],
)

STATION = "9 TradeStation: closing only until met; unmet at the 5th BD: cash-available basis 90 days or until met"
CLOSES = ("closing_only", T4, M10)
case(
    "tradestation: closing trades only to the due day, cash available only after it",
    STATION,
    [
        *called("tradestation"),
        *buy(T4, "1"),
        *buy(M10, "2"),
        *buy(T11, "3", 400),  # all of the 40,000 that the day began with
        *buy(T11, "4", 401, time="10:02"),
        *short(FRIDAY, "5"),
        *short(MONDAY, "6"),
    ],
    decisions={
        "1": refused("CLOSING_ONLY", facts={"last_equity": 40000.0, "since": T4, "until": M10, "why": "c1"}),
        "2": refused("CLOSING_ONLY"),
        "3": OK,
        "4": refused("CASH_AVAILABLE", facts={"cash_available": 40000.0, "cost_basis": 40100.0, "since": T11, "until": LAST, "why": "c1"}),
        "5": refused("CASH_AVAILABLE"),
        "6": OK,
    },
    calls=[{**CALL, "status": "past_due"}],
    all_restrictions=[CLOSES, ("cash_available", T11, LAST)],
)
for paid, day, status, rest in (
    (10000.00, W5, "met", [("closing_only", T4, W5)]),
    (10000.00, M10, "met", [CLOSES]),
    (9999.99, M10, "past_due", [CLOSES, ("cash_available", T11, LAST)]),
    (10000.00, T11, "met_late", [CLOSES, ("cash_available", T11, T11)]),
):
    case(
        f"tradestation: {paid:,.2f} paid in on {day}",
        STATION,
        [*called("tradestation"), money("deposit", day, "12:00", paid), *buy(T11, "1", 500, "13:00")],
        # 2 x 40,000 of Reg T, four times within the day; cash available only: 40,000 at the start of the day
        decisions={"1": OK if "met" in status else refused("CASH_AVAILABLE")},
        calls=[{**CALL, "status": status}],
        all_restrictions=rest,
    )
case(
    "alpaca: liquidation only goes on past the due day until it is met",
    "alpaca.md 4.2; contract: liquidation_only from issue until met",
    [*called("alpaca"), *buy(T11, "1"), *buy(MONDAY, "2")],
    decisions={"1": refused("LIQUIDATION_ONLY"), "2": refused("LIQUIDATION_ONLY")},
    all_restrictions=[("liquidation_only", T4, None)],
)

# ------------------------------------------------------------------------------------------------ the designation

FLAG = "5 Robinhood: flag lasts 90 days"
# Four day trades on Monday 2025-03-03; the 90th day after it is 2025-06-01, a Sunday.
DAY_TRADES = [trade(M3, f"10:0{n}", "X", side, 1, 100) for n, side in enumerate(("buy", "sell") * 4)]
MAY30, JUNE2 = "2025-05-30", "2025-06-02"
case(
    "robinhood: flagged on 2025-03-03, the last flagged day is 2025-06-01",
    FLAG,
    [account(M3, 60000, brokerage="robinhood"), *DAY_TRADES, close(M3), close(T4), close(MAY30), close(JUNE2)],
    decisions={},
    sessions={
        M3: {"pattern_day_trader": True, "multiplier": 2},
        T4: {"pattern_day_trader": True, "multiplier": 4},
        MAY30: {"pattern_day_trader": True, "multiplier": 4, "bod_dtbp": 240000.0},
        JUNE2: {"pattern_day_trader": False, "multiplier": 2, "bod_dtbp": 0.0},
    },
    account={"pattern_day_trader": False},
)
case(
    "robinhood: the 90th day of a designation is a flagged one, the 91st is not",
    FLAG + ": 2025-03-04 and 90 days are Monday 2025-06-02",
    [
        account(M3, 60000, brokerage="robinhood"),
        {"event": "flag", "at": f"{T4}T09:00:00", "pattern_day_trader": True},
        # said again, it is what it was
        {"event": "flag", "at": f"{W12}T09:00:00", "pattern_day_trader": True},
        close(JUNE2),
        close("2025-06-03"),
    ],
    decisions={},
    sessions={JUNE2: {"pattern_day_trader": True, "multiplier": 4}, "2025-06-03": {"pattern_day_trader": False, "multiplier": 2}},
)
case(
    "robinhood: lifted and set again, the days begin anew",
    FLAG,
    [
        account(M3, 60000, brokerage="robinhood", pattern_day_trader=True),
        {"event": "flag", "at": f"{T4}T09:00:00", "pattern_day_trader": False},
        {"event": "flag", "at": f"{W5}T09:00:00", "pattern_day_trader": True},
        close("2025-06-03"),
        close("2025-06-04"),
    ],
    decisions={},
    sessions={"2025-06-03": {"pattern_day_trader": True}, "2025-06-04": {"pattern_day_trader": False}},
)
for cash, restricted in ((24999.99, [("no_day_trades", T4, MAY30)]), (25000.00, [])):
    case(
        f"robinhood: flagged with {cash:,.2f}, the bar ends with the designation",
        "5 Robinhood: while flagged and below $25,000 no day trades until a close above $25,000 or the end of the 90 days",
        [
            account(M3, cash, brokerage="robinhood"),
            *DAY_TRADES,
            *round_trip(T4, "1"),
            *round_trip(MAY30, "2"),
            *round_trip(JUNE2, "3"),
        ],
        decisions={
            "1": refused("PDT_RESTRICTED_DAYTRADE") if restricted else OK,
            "2": refused("PDT_RESTRICTED_DAYTRADE") if restricted else OK,
            "3": OK,
        },
        calls=[{"kind": "minimum_equity", "amount": 0.01, "status": "closed", "ended_on": None}] if restricted else [],
        all_restrictions=restricted,
        no_calls=["day_trade"],
    )
case(
    "robinhood: no $25,000 call is made for a designation that is gone when it would be issued",
    FLAG,
    [
        account(M3, 26000, brokerage="robinhood", pattern_day_trader=True),
        trade(MAY30, "10:00", "X", "buy", 200, 100),
        close(MAY30, {"X": 90}),  # 24,000 at the last close of the 90 days
        close(JUNE2),
    ],
    decisions={},
    all_restrictions=[],
    no_calls=["minimum_equity"],
)
case(
    "robinhood: after the end four day trades set it again",
    FLAG,
    [
        account(M3, 60000, brokerage="robinhood", pattern_day_trader=True),
        *[{**e, "at": e["at"].replace(M3, JUNE2)} for e in DAY_TRADES[:6]],
        close(JUNE2),
        *[{**e, "at": e["at"].replace(M3, "2025-06-03")} for e in DAY_TRADES[6:]],
        close("2025-06-03"),
    ],
    decisions={},
    sessions={JUNE2: {"pattern_day_trader": False}, "2025-06-03": {"pattern_day_trader": True}},
)
case(
    "the bare rule: the designation stays",
    "rulebook.md 1.4: until it is lifted",
    [account(M3, 60000, brokerage="finra"), *DAY_TRADES, close("2026-06-03")],
    decisions={},
    sessions={"2026-06-03": {"pattern_day_trader": True, "multiplier": 4}},
)

# ------------------------------------------------------------------------------------------------ unmet intraday margin deficits

# 10,000 in cash buys 600 at 100: at SoFi 30 % of 60,000 is 18,000, a deficit of 8,000; at Firstrade and by the rule 25 %, 15,000 - 10,000.
# Monday 2026-06-15; the fifth business day is Tuesday 06-23 (06-19 is a holiday); 90 days after it: 2026-09-21, a Monday.
JUNE15, JUNE16, JUNE23, JUNE24, SEP21, SEP22 = "2026-06-15", "2026-06-16", "2026-06-23", "2026-06-24", "2026-09-21", "2026-09-22"
SHUT = {
    "sofi": "14 SoFi: unmet: closing only about 90 days; lifted early by covering the sum",
    "firstrade": "13 Firstrade: else closing only for 90 calendar days (wider than the law)",
}


def short_of(firm):
    return [
        account(JUNE15, 10000, brokerage=firm),
        trade(JUNE15, "10:00", "X", "buy", 600, 100),
        trade(JUNE15, "11:00", "X", "sell", 600, 100),
        close(JUNE15),
    ]


for firm, amount in (("sofi", 8000.0), ("firstrade", 5000.0)):
    case(
        f"{firm}: a deficit unmet on 2026-06-23 leaves closing trades only, 06-24 to 09-21",
        SHUT[firm],
        [
            *short_of(firm),
            trade(JUNE16, "10:00", "Z", "buy", 10, 100),
            *buy(JUNE23, "1"),
            *buy(JUNE24, "2"),  # paid with cash, and refused too
            limit(JUNE24, "10:10", "3", "Z", "sell", 10, 100),
            *buy(SEP21, "4"),
            *buy(SEP22, "5"),
            *short(SEP22, "6"),
        ],
        decisions={
            "1": OK,
            "2": refused("CLOSING_ONLY", facts={"last_equity": 10000.0, "since": JUNE24, "until": SEP21, "why": "c1"}),
            "3": OK,
            "4": refused("CLOSING_ONLY", would_pass={"qty": 0, "on": SEP22}),
            "5": OK,
            "6": OK,
        },
        calls=[{"kind": "intraday_margin", "amount": amount, "issued_on": JUNE16, "due_on": JUNE23, "status": "expired"}],
        all_restrictions=[("closing_only", JUNE24, SEP21)],
    )
    for paid, day, rest in (
        (amount, JUNE23, []),
        (amount - 0.01, JUNE23, [("closing_only", JUNE24, SEP21)]),
        (amount, JUNE24, [("closing_only", JUNE24, JUNE24)]),
        (amount, "2026-07-20", [("closing_only", JUNE24, "2026-07-20")]),  # after the call expired on 07-08
    ):
        case(
            f"{firm}: {paid:,.2f} paid in on {day}",
            SHUT[firm],
            [*short_of(firm), money("deposit", day, "12:00", paid), close(day), close("2026-07-21")],
            decisions={},
            all_restrictions=rest,
        )
case(
    "the bare rule: two failures freeze, and purchases with cash go on",
    "rulebook.md 4.5: no new debit and no short position",
    [
        *short_of("finra"),
        *[{**e, "at": e["at"].replace(JUNE15, JUNE16)} for e in short_of("finra")[1:]],
        *buy("2026-06-25", "1", 100),
        *buy("2026-06-25", "2", 101, "10:02"),
    ],
    # of Tuesday 06-16 the fifth business day is Wednesday 06-24; 90 days after it 09-22
    decisions={"1": OK, "2": refused("FROZEN_90_DAYS")},
    all_restrictions=[("ninety_day_freeze", "2026-06-25", "2026-09-22")],
)

# ------------------------------------------------------------------------------------------------ under $25,000

UNDER = "4 Fidelity: under $25,000 day trading barred, orders only as type cash within cash buying power"
BOTH = [("no_day_trades", M3, None), ("cash_available", M3, None)]
for equity, bound in ((24999.99, True), (25000.00, False)):
    # 15,000 (14,999.99) in cash, 100 Z at 100
    case(
        f"fidelity: a pattern day trader with {equity:,.2f}",
        UNDER,
        [
            account(
                M3, equity - 10000, brokerage="fidelity", pattern_day_trader=True, positions=[{"symbol": "Z", "qty": 100, "price": 100}]
            ),
            *buy(M3, "1", 149, "09:40"),
            *buy(M3, "2", 150, "09:42"),
            *short(M3, "3"),
            trade(M3, "10:10", "Y", "buy", 1, 100),
            limit(M3, "10:15", "4", "Y", "sell", 1, 100),
            {"event": "cancel", "at": f"{M3}T10:16:00", "order": "4"},
            limit(M3, "10:20", "5", "Z", "sell", 100, 100),  # carried: no day trade, and closing is never refused
        ],
        decisions={
            "1": OK,
            "2": refused(
                "CASH_AVAILABLE",
                facts={
                    "cash_available": 14999.99,
                    "cost_basis": 15000.0,
                    "since": M3,
                    "why": "minimum_equity",
                    "last_equity": 24999.99,
                    "required": 25000.0,
                },
            )
            if bound
            else OK,
            "3": refused("CASH_AVAILABLE") if bound else OK,
            "4": refused("PDT_RESTRICTED_DAYTRADE") if bound else OK,
            "5": OK,
        },
        all_restrictions=BOTH if bound else [],
    )
for paid, kept in ((5000.00, False), (4999.99, True)):
    case(
        f"fidelity: 20,000 and {paid:,.2f} paid in: free from the next session on, or not",
        UNDER + "; equity at start of day",
        [
            account(M3, 20000, brokerage="fidelity", pattern_day_trader=True),
            money("deposit", M3, "10:00", paid),
            *short(M3, "1"),
            *round_trip(T4, "2"),
            *buy(T4, "3", 251, "15:30"),
        ],
        decisions={
            "1": refused("CASH_AVAILABLE"),
            "2": refused("PDT_RESTRICTED_DAYTRADE") if kept else OK,
            "3": refused("CASH_AVAILABLE") if kept else OK,
        },
        all_restrictions=BOTH if kept else [("no_day_trades", M3, M3), ("cash_available", M3, M3)],
    )
case(
    "fidelity: who is not designated is not bound",
    UNDER,
    [account(M3, 20000, brokerage="fidelity"), *buy(M3, "1", 400), *short(M3, "2")],
    decisions={"1": OK, "2": OK},
    all_restrictions=[],
)
case(
    "fidelity: from 2026-06-04 nothing of it is left",
    UNDER + "; old",
    [account("2026-06-03", 20000, brokerage="fidelity", pattern_day_trader=True), *short("2026-06-03", "1"), *short("2026-06-04", "2")],
    decisions={"1": refused("CASH_AVAILABLE"), "2": OK},
    all_restrictions=[("no_day_trades", "2026-06-03", "2026-06-03"), ("cash_available", "2026-06-03", "2026-06-03")],
)

# ------------------------------------------------------------------------------------------------ unsettled money

UNSETTLED = "0.2 Robinhood: cash accounts cannot spend unsettled money at all, so no strike arises"
HOUSE_SETTLED = "cash_unsettled_usable (house value, first seen on 2026-09-30)"
# 1,000 in cash and 100 Z, sold on Monday for 10,000: it settles on Tuesday (T+1), a sale of Friday 2024-05-24 on Wednesday 05-29.
for firm, usable in (("robinhood", False), ("finra", True)):
    for symbol, facts, reason in (("X", {}, "BUYING_POWER"), ("N", {"marginable": False}, "NON_MARGINABLE_BUYING_POWER")):
        case(
            f"{firm}: a cash account buys {symbol} on the day of a sale",
            UNSETTLED if firm == "robinhood" else "12 CFR 220.8: payment within the payment period",
            [
                account(M3, 1000, brokerage=firm, account_type="cash", positions=[{"symbol": "Z", "qty": 100, "price": 100}]),
                asset(symbol, **facts),
                trade(M3, "09:45", "Z", "sell", 100, 100),
                *spend(M3, "1", symbol, 10),
                *spend(M3, "2", symbol, 11, "10:02"),
                *spend(T4, "3", symbol, 110),
            ],
            decisions={
                "1": OK,
                "2": OK if usable else refused(reason, would_pass={"qty": 10, "on": T4}, rule=HOUSE_SETTLED),
                "3": OK,
            },
        )
case(
    "robinhood: before T+1 the proceeds of a Friday are there on Wednesday",
    UNSETTLED + "; T+2, 2024-05-27 is a holiday",
    [
        account("2024-05-24", 0, brokerage="robinhood", account_type="cash", positions=[{"symbol": "Z", "qty": 100, "price": 100}]),
        trade("2024-05-24", "09:45", "Z", "sell", 100, 100),
        *spend("2024-05-28", "1", "X", 1),
        *spend("2024-05-29", "2", "X", 100),
    ],
    decisions={"1": refused("BUYING_POWER", would_pass={"qty": 0, "on": "2024-05-29"}), "2": OK},
)
case(
    "robinhood: what is not there after settlement either is a matter of money",
    UNSETTLED,
    [
        account(M3, 1000, brokerage="robinhood", account_type="cash", positions=[{"symbol": "Z", "qty": 100, "price": 100}]),
        trade(M3, "09:45", "Z", "sell", 100, 100),
        *spend(M3, "1", "X", 110),
        *spend(M3, "2", "X", 111, "10:02"),
        limit(M3, "10:10", "3", "X", "buy", 4, 100),  # holds 400 of the 1,000
        *spend(M3, "4", "X", 6, "10:12"),
        *spend(M3, "5", "X", 7, "10:14"),
    ],
    decisions={
        "1": refused("BUYING_POWER", would_pass={"qty": 10, "on": T4}),
        "2": refused("BUYING_POWER", would_pass={"qty": 10, "on": None}),
        "3": OK,
        "4": OK,
        "5": refused("BUYING_POWER"),
    },
)
case(
    "robinhood: a margin account spends what it sells",
    UNSETTLED + ": cash accounts",
    [
        account(M3, 0, brokerage="robinhood", positions=[{"symbol": "Z", "qty": 10, "price": 100}]),
        trade(M3, "09:45", "Z", "sell", 10, 100),
        *spend(M3, "1", "X", 10),
    ],
    decisions={"1": OK},
)

# ------------------------------------------------------------------------------------------------ short selling

NONE_SHORT = "15 Public: no short selling (undated page)"
for firm, allowed in (("public", False), ("finra", True)):
    for day in (M3, "2026-09-01"):
        case(
            f"{firm}: short sales on {day}",
            NONE_SHORT,
            [
                account(
                    day,
                    50000,
                    brokerage=firm,
                    positions=[{"symbol": "Z", "qty": 100, "price": 100}, {"symbol": "S", "qty": -10, "price": 100}],
                ),
                *short(day, "1"),
                limit(day, "10:10", "2", "Z", "sell", 101, 100),
                {"event": "cancel", "at": f"{day}T10:10:30", "order": "2"},
                limit(day, "10:12", "3", "Z", "sell", 100, 100),
                limit(day, "10:14", "4", "S", "buy", 10, 100),  # closing is never refused
                *buy(day, "5", time="10:20"),
            ],
            decisions={
                "1": OK if allowed else refused("NO_SHORT", facts={"opening": 1.0, "position": 0.0}, would_pass={"qty": 0, "on": None}),
                "2": OK if allowed else refused("NO_SHORT", facts={"opening": 1.0, "position": 100.0}, would_pass={"qty": 100, "on": None}),
                "3": OK,
                "4": OK,
                "5": OK,
            },
            account={"shorting_enabled": allowed},
        )
