"""Stories of calls and restrictions: what a close makes owed, by when it is met, what may not be done meanwhile and until which day.

As in ``stories``, every number is worked out by hand from the paragraph of rulebook.md or alpaca.md named in ``source``. The usual way
into trouble is a gap: a market order is judged at the price it is sent at and fills at the next one, so that an account holds more than
it could buy.
"""

from __future__ import annotations

from typing import Any

from stories import OK, Day, buy, cover, deposit, price, sees, sell, short, story, withdraw

FINRA = {"brokerage": "finra"}
FLAGGED = {"brokerage": "finra", "pattern_day_trader": True}
ALPACA = {"brokerage": "alpaca", "pattern_day_trader": True}
OFF = {"brokerage": "finra", "rules": "off"}
UNMET_IS_SOLD = "through cerebro the brokerage would have sold on the due day"


def overbought(symbol: str, qty: float, gap: float, out: float | None = None) -> tuple[Any, ...]:
    """Bought at 09:31, filled a minute later after a gap, sold at 09:34 (from ``out``, if the price moved meanwhile)."""
    moved = () if out is None else (("09:33", price(symbol, out)),)
    return ("09:31", buy(symbol, qty), OK), ("09:32", price(symbol, gap)), *moved, ("09:34", sell(symbol, qty), OK)


# -------------------------------------------------------------------------- day-trade calls by the rule, rulebook.md 1.6, 1.7

# 2025-12-18 is a Thursday; five business days are 12-19, 12-22, 12-23, 12-24, 12-26.
OVER = {"cash": -20_000.0, "positions": [("OLD", 800, 100.0)], **FLAGGED}
C10 = ("day_trade", 10_000.0, "2025-12-19", "2025-12-26")
story(
    "over by 40,000: a call for 10,000, twice the excess from the next day",
    "rulebook.md 1.6 no. 5 (E 60,000, LMV 80,000: 160,000; peak 200,000); 1.7 no. 2: 2 x (60,000 - 20,000), on the sum of the day",
    "2025-12-18",
    OVER,
    {"OLD": 100.0, "Z": 100.0},
    ("09:31", sees(bod=160_000.0, dtbp=160_000.0)),
    *overbought("Z", 1_600, 125.0),
    ("09:36", sees(restricted=())),
    Day("2025-12-19"),
    ("09:31", sees(bod=80_000.0, dtbp=80_000.0, restricted=("buying_power_2x",))),
    ("09:31", buy("Z", 400), OK),
    ("09:33", sell("Z", 400), OK),
    ("09:35", sees(dtbp=30_000.0)),  # a closing gives nothing back
    ("09:36", buy("Z", 280, limit=125.0), "BUYING_POWER"),  # 35,000 of 30,000, though Reg T would lend 40,000
    ("09:37", buy("Z", 240, limit=125.0), OK),
    ("09:39", sell("Z", 240), OK),
    after={
        "dtbp": 0.0,
        "calls": [(*C10, "open", None)],
        "restrictions": [("buying_power_2x", "2025-12-19", "2025-12-26")],
        "rows": {"2025-12-18": {"bod_dtbp": 160_000.0, "equity": 60_000.0}, "2025-12-19": {"bod_dtbp": 80_000.0}},
    },
)
story(
    "unmet after five business days: cash only, from 12-29 to 2026-03-26",
    "rulebook.md 1.7 vectors (deadline 12-26, 90 calendar days from the day after), no. 3; 7.11: the day's starting cash, no shorts",
    "2025-12-18",
    OVER,
    {"OLD": 100.0, "Z": 100.0},
    *overbought("Z", 1_600, 125.0),
    Day("2025-12-26"),
    ("09:31", sees(bod=80_000.0, restricted=("buying_power_2x",))),
    Day("2025-12-29"),
    ("09:31", sees(bod=160_000.0, restricted=("cash_available",))),
    ("09:31", buy("Z", 1), "CASH_AVAILABLE"),  # the day began with a debit
    ("09:32", short("Z", 1), "CASH_AVAILABLE"),
    ("09:33", sell("OLD", 800), OK),
    ("09:35", buy("Z", 1), "CASH_AVAILABLE"),
    Day("2025-12-30"),
    ("09:31", buy("Z", 481, limit=125.0), "CASH_AVAILABLE"),
    ("09:32", buy("Z", 480, limit=125.0), OK),
    ("09:34", sell("Z", 480), OK),
    ("09:36", buy("Z", 1, limit=125.0), "CASH_AVAILABLE"),  # all of the day's starting cash was used
    Day("2026-03-26"),
    ("09:31", sees(restricted=("cash_available",))),
    ("09:32", short("Z", 1), "CASH_AVAILABLE"),
    Day("2026-03-27"),
    ("09:31", sees(restricted=())),
    ("09:32", short("Z", 10), OK),
    ("09:34", cover("Z", 10), OK),
    after={
        "calls": [(*C10, "past_due", None)],
        "restrictions": [("buying_power_2x", "2025-12-19", "2025-12-26"), ("cash_available", "2025-12-27", "2026-03-26")],
    },
)
FLAT = {"cash": 40_000.0, **FLAGGED}
FLAT_CALL = overbought("Z", 1_600, 125.0)  # 200,000 of 4 x 40,000
story(
    "40,000 under a call: two round trips of 50,000 are a second breach, although the peak is 50,000",
    "rulebook.md 1.7 vectors (80,000 aggregate; 100,000 day-traded), 7.7: half of the 20,000 over; later calls extend, each to its own day",
    "2025-12-18",
    FLAT,
    {"Z": 100.0, "Y": 120.0},
    *FLAT_CALL,
    Day("2025-12-19"),
    ("09:31", sees(bod=80_000.0)),
    ("09:31", buy("Z", 400), OK),
    ("09:33", sell("Z", 400), OK),
    ("09:35", buy("Y", 250), OK),  # 30,000 when sent
    ("09:36", price("Y", 200.0)),  # 50,000 when filled
    ("09:38", sell("Y", 250), OK),
    Day("2025-12-29"),
    ("09:31", sees(restricted=("buying_power_2x", "cash_available"))),
    ("09:32", buy("Z", 321, limit=125.0), "CASH_AVAILABLE"),
    Day("2025-12-30"),
    ("09:31", sees(restricted=("cash_available",), bod=160_000.0)),
    Day("2026-03-27"),
    ("09:31", sees(restricted=("cash_available",))),
    ("09:32", short("Z", 1), "CASH_AVAILABLE"),
    Day("2026-03-30"),
    ("09:31", sees(restricted=())),
    after={
        "calls": [(*C10, "past_due", None), ("day_trade", 10_000.0, "2025-12-22", "2025-12-29", "past_due", None)],
        "restrictions": [
            ("buying_power_2x", "2025-12-19", "2025-12-26"),
            ("buying_power_2x", "2025-12-22", "2025-12-29"),
            ("cash_available", "2025-12-27", "2026-03-26"),
            ("cash_available", "2025-12-30", "2026-03-29"),  # a Sunday
        ],
    },
)
story(
    "met by the last cent on the due day: four times the excess at once",
    "rulebook.md 1.7 no. 2: until the call is met; contract: meeting a call frees the account at once",
    "2025-12-18",
    FLAT,
    {"Z": 100.0},
    *FLAT_CALL,
    Day("2025-12-22"),
    ("09:31", deposit(9_999.99)),
    ("09:34", sees(bod=80_000.0, restricted=("buying_power_2x",))),
    Day("2025-12-26"),
    ("09:31", sees(bod=99_999.98)),  # 2 x 49,999.99
    ("09:31", deposit(0.01)),
    ("09:34", sees(bod=199_999.96, restricted=())),
    ("09:35", buy("Z", 1_200), OK),
    ("09:37", sell("Z", 1_200), OK),
    Day("2025-12-29"),
    ("09:31", sees(bod=200_000.0, restricted=())),
    after={
        "calls": [(*C10, "met", "2025-12-26")],
        "restrictions": [("buying_power_2x", "2025-12-19", "2025-12-26")],
    },
)
story(
    "a cent short on the due day, paid the day after: met late, cash only until then",
    "rulebook.md 1.7 no. 3: 90 days or until met",
    "2025-12-18",
    FLAT,
    {"Z": 100.0},
    *FLAT_CALL,
    Day("2025-12-26"),
    ("09:31", deposit(9_999.99)),
    Day("2025-12-29"),
    ("09:31", sees(restricted=("cash_available",))),
    ("09:31", short("Z", 1), "CASH_AVAILABLE"),
    ("09:32", deposit(0.01)),
    ("09:35", sees(restricted=())),
    ("09:36", short("Z", 1), OK),
    after={
        "calls": [(*C10, "met_late", "2025-12-29")],
        "restrictions": [("buying_power_2x", "2025-12-19", "2025-12-26"), ("cash_available", "2025-12-27", "2025-12-29")],
    },
)
story(
    "time and tick: one after the other 180,000, never more than 90,000 at once",
    "rulebook.md 1.6 no. 4 (E 30,000, LMV 30,000: 4 x (30,000 - 7,500) = 90,000)",
    "2025-12-18",
    {"cash": 0.0, "positions": [("OLD", 300, 100.0)], **FLAGGED},
    {"OLD": 100.0, "IBM": 100.0, "Y": 100.0},
    ("09:31", sees(bod=90_000.0)),
    ("09:31", buy("IBM", 900), OK),
    ("09:33", sell("IBM", 900), OK),
    ("09:35", buy("Y", 900), OK),
    ("09:37", sell("Y", 900), OK),
    after={"dtbp": 90_000.0, "calls": [], "restrictions": []},
)
story(
    "the whole loss of a day trade without SMA is a Reg T call",
    "rulebook.md 1.6 no. 7: buys 300,000, sells 280,000 the same day: 20,000",
    "2024-03-06",
    {"cash": 0.0, **OFF},
    {"X": 300.0},
    ("09:31", buy("X", 1_000), OK),
    ("09:34", price("X", 280.0)),
    ("09:35", sell("X", 1_000), OK),
    after={
        "cash": -20_000.0,
        "calls": [
            ("day_trade", 75_000.0, "2024-03-07", "2024-03-13", "open", None),
            ("fed", 20_000.0, "2024-03-07", "2024-03-12", "open", None),
            ("maintenance", 20_000.0, "2024-03-07", "2024-03-08", "open", None),
        ],
    },
    alone="a backtest starts with cash",
)
for made, day, verdict in (
    ("2025-03-10", "2025-03-12", "WITHDRAWAL"),
    ("2025-03-10", "2025-03-13", OK),
    ("2025-12-23", "2025-12-26", "WITHDRAWAL"),
    ("2025-12-23", "2025-12-29", OK),
):
    story(
        f"a deposit of {made} towards $25,000, wanted back on {day}",
        "rulebook.md 1.7 no. 4 and vectors: two full business days after the day of deposit",
        made,
        {"cash": 20_000.0, **FLAGGED},
        {"X": 10.0},
        ("09:31", deposit(6_000.0)),
        Day(day),
        ("09:31", withdraw(20_000.01), verdict),
        ("09:33", withdraw(5_999.99 if verdict == OK else 20_000.0), OK),
        after={"cash": 0.0 if verdict == OK else 6_000.0},
    )

# -------------------------------------------------------------------------- who is no pattern day trader, rulebook.md 1.8

# 2025-03-03 is a Monday. 100 shares are ordered for 10,000, twice the 5,000, and fill higher.
FIVE = {"cash": 5_000.0, **FINRA}
story(
    "no pattern day trader, 18,000 day-traded: 25 % of it is in the account",
    "rulebook.md 1.8 a: 4,500 <= 5,000",
    "2025-03-03",
    FIVE,
    {"X": 100.0},
    *overbought("X", 100, 180.0),
    after={"cash": 5_000.0, "calls": [], "restrictions": [], "count": 1},
)
story(
    "no pattern day trader, 24,000 day-traded: a call for 1,000 and nothing else",
    "rulebook.md 1.8 b: 6,000 - 5,000, due in 5 business days, no step-down, no 90 days",
    "2025-03-03",
    FIVE,
    {"X": 100.0},
    *overbought("X", 100, 240.0),
    Day("2025-03-11"),
    ("09:31", sees(restricted=())),
    ("09:32", short("X", 10), OK),
    ("09:34", cover("X", 10), OK),
    after={"calls": [("day_trade", 1_000.0, "2025-03-04", "2025-03-10", "past_due", None)], "restrictions": []},
)
story(
    "no pattern day trader, 24,000 held over night: a Fed call for 7,000",
    "rulebook.md 1.8 c: 12,000 - 5,000; and 3.1: 25 % of 24,000 is 1,000 more than the equity, due in two business days",
    "2025-03-03",
    FIVE,
    {"X": 100.0},
    ("09:31", buy("X", 100), OK),
    ("09:32", price("X", 240.0)),
    after={
        "calls": [
            ("fed", 7_000.0, "2025-03-04", "2025-03-06", "open", None),
            ("maintenance", 1_000.0, "2025-03-04", "2025-03-05", "open", None),
        ]
    },
)

# -------------------------------------------------------------------------- day-trade calls at Alpaca, alpaca.md D5, D10

GAP = ({"cash": 29_000.0, "positions": [("OLD", 10, 100.0)], **ALPACA}, {"OLD": 100.0, "X": 100.0, "Z": 10.0})
PEAK = overbought("X", 1_000, 138.8)  # 102,500 when sent, 138,800 when filled; 4 x (30,000 - 300) = 118,800
DTMC = ("day_trade", 20_000.0, "2025-03-04", "2025-03-10")
story(
    "Alpaca: 20,000 over is a call for 20,000, liquidation only until it is paid",
    "alpaca.md D5 one for one; D10 deposits only, within 5 business days, liquidation-only until the deposit; S12",
    "2025-03-03",
    *GAP,
    *PEAK,
    ("09:36", sees(restricted=())),
    Day("2025-03-04"),
    ("09:31", sees(restricted=("liquidation_only",))),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    ("09:32", short("X", 1), "LIQUIDATION_ONLY"),
    ("09:33", sell("OLD", 5), OK),
    Day("2025-03-10"),
    ("09:31", deposit(19_999.99)),
    ("09:34", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2025-03-11"),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    ("09:32", deposit(0.01)),
    ("09:35", buy("X", 1), OK),
    ("09:37", sell("OLD", 5), OK),
    after={"calls": [(*DTMC, "met_late", "2025-03-11")], "restrictions": [("liquidation_only", "2025-03-04", "2025-03-11")]},
)
story(
    "Alpaca: the whole 20,000 on the due day is in time",
    "alpaca.md D10",
    "2025-03-03",
    *GAP,
    *PEAK,
    Day("2025-03-10"),
    ("09:31", deposit(20_000.0)),
    ("09:34", buy("X", 1), OK),
    after={"calls": [(*DTMC, "met", "2025-03-10")], "restrictions": [("liquidation_only", "2025-03-04", "2025-03-10")]},
)
story(
    "Alpaca: selling does not pay a day-trade call, and it has no end of its own",
    "alpaca.md D10: deposits only; contract: liquidation_only from issue until met",
    "2025-03-03",
    *GAP,
    *PEAK,
    Day("2025-03-04"),
    ("09:31", sell("OLD", 10), OK),
    Day("2025-09-02"),
    ("09:31", buy("Z", 1), "LIQUIDATION_ONLY"),
    after={"calls": [(*DTMC, "past_due", None)], "restrictions": [("liquidation_only", "2025-03-04", None)]},
)
story(
    "Alpaca: a peak of exactly the buying power is no call, a cent above is",
    "alpaca.md D5; 4 x 30,000 = 120,000",
    "2025-03-03",
    {"cash": 30_000.0, **ALPACA},
    {"X": 100.0},
    *overbought("X", 1_000, 120.0),
    Day("2025-03-04"),
    ("09:31", price("X", 100.0)),
    ("09:31", buy("X", 1_000), OK),
    ("09:32", price("X", 120.0001)),
    ("09:34", sell("X", 1_000), OK),
    after={"calls": [("day_trade", 0.10, "2025-03-05", "2025-03-11", "open", None)]},
)

# -------------------------------------------------------------------------- $25,000, rulebook.md 1.5; alpaca.md P32, C7

for firm in ("finra", "alpaca"):
    story(
        f"{firm}: 24,000 gaps to 26,000, blocked today, allowed after a close there",
        "rulebook.md 1.5 vectors: the previous close counts; closes 26,000: allowed tomorrow",
        "2025-03-04",
        {"cash": 14_000.0, "positions": [("G", 100, 100.0)], "brokerage": firm, "pattern_day_trader": True},
        {"G": 120.0, "X": 100.0},
        ("09:31", buy("X", 10), OK),
        ("09:33", sell("X", 10), "PDT_RESTRICTED_DAYTRADE"),
        ("09:34", sell("G", 1), OK),
        Day("2025-03-05"),
        ("09:31", sees(restricted=())),
        ("09:32", buy("X", 10), OK),
        ("09:34", sell("X", 10), OK),
        after={"calls": [], "restrictions": [("no_day_trades", "2025-03-04", "2025-03-04")]},
    )
story(
    "liquidation only becomes no day trades with the year, and ends after a close at 25,000.00",
    "alpaca.md P32, C7; contract: the call is for what is missing, has no due day, is met when equity is back",
    "2024-12-31",
    {"cash": 23_999.99, **ALPACA},
    {"X": 50.0},
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2025-01-02"),
    ("09:31", buy("X", 10), OK),
    ("09:33", sell("X", 10), "PDT_RESTRICTED_DAYTRADE"),
    ("09:34", deposit(1_000.0)),  # 24,999.99
    Day("2025-01-03"),
    ("09:31", sees(restricted=("no_day_trades",))),
    ("09:32", deposit(0.01)),
    Day("2025-01-06"),
    ("09:31", sees(restricted=())),
    ("09:32", buy("X", 10), OK),
    ("09:34", sell("X", 20), OK),
    after={
        "calls": [("minimum_equity", 1_000.01, "2025-01-02", None, "met", "2025-01-03")],
        "restrictions": [("liquidation_only", "2024-12-31", "2024-12-31"), ("no_day_trades", "2025-01-02", "2025-01-03")],
    },
)

# -------------------------------------------------------------------------- SMA, rulebook.md 2.4

SMA = [
    ("2024-03-04", {"sma": 0.0, "equity": 10_000.0}),
    ("2024-03-05", {"sma": 2_000.0, "equity": 14_000.0}),
    ("2024-03-06", {"sma": 2_000.0, "equity": 8_000.0, "regt_buying_power": 0.0}),
    ("2024-03-07", {"sma": 4_000.0, "equity": 8_000.0}),
    ("2024-03-08", {"sma": 4_300.0, "equity": 8_300.0}),
    ("2024-03-11", {"sma": 0.0, "equity": 4_000.0}),
]
story(
    "SMA over six days: bought, up, down, sold, paid in, taken out",
    "rulebook.md 2.4, the continuing account; 300 paid in instead of a dividend (+100 % both); E is 28.6 % at the end",
    "2024-03-04",
    {"cash": 10_000.0, **FINRA},
    {"X": 100.0},
    ("09:31", buy("X", 200, limit=100.0), OK),
    Day("2024-03-05"),
    ("09:31", price("X", 120.0)),
    Day("2024-03-06"),
    ("09:31", price("X", 90.0)),
    Day("2024-03-07"),
    ("09:31", sell("X", 400 / 9), OK),  # 4,000
    Day("2024-03-08"),
    ("09:31", deposit(300.0)),
    Day("2024-03-11"),
    ("09:31", withdraw(4_300.0), OK),
    after={"calls": [], "rows": dict(SMA)},
)
story(
    "SMA of a short that falls",
    "rulebook.md 2.4: credit 15,000, SMV 8,000: E 7,000, requirement 4,000, SMA 3,000",
    "2024-03-04",
    {"cash": 5_000.0, **FINRA},
    {"X": 100.0},
    ("09:31", short("X", 100, limit=100.0), OK),
    Day("2024-03-05"),
    ("09:31", price("X", 80.0)),
    after={
        "cash": 15_000.0,
        "rows": {"2024-03-04": {"sma": 0.0}, "2024-03-05": {"sma": 3_000.0, "equity": 7_000.0, "initial_margin": 4_000.0}},
    },
)

# -------------------------------------------------------------------------- Fed calls, rulebook.md 2.4 vectors, 2.3, 5.1, 6

HOLDS = (("09:31", buy("X", 120), OK), ("09:32", price("X", 250.0)))  # 19,200 when sent, 30,000 when filled
TEN = {"cash": 10_000.0, **FINRA}
FED = ("fed", 5_000.0, "2025-03-04", "2025-03-06")
story(
    "10,000 holds 30,000: 5,000, cured by selling 10,000",
    "rulebook.md 2.4 a: RTR 15,000, maintenance 7,500; half the proceeds count",
    "2025-03-03",
    TEN,
    {"X": 160.0},
    *HOLDS,
    Day("2025-03-04"),
    ("09:31", sell("X", 40), OK),
    after={
        "calls": [(*FED, "met", "2025-03-04")],
        "restrictions": [],
        "rows": {"2025-03-03": {"initial_margin": 15_000.0, "maintenance_margin": 7_500.0}, "2025-03-04": {"sma": 0.0}},
    },
)
story(
    "10,000 holds 30,000: a share short of 10,000 sold leaves it open",
    "rulebook.md 2.4 a: 39 x 250 / 2 = 4,875",
    "2025-03-03",
    TEN,
    {"X": 160.0},
    *HOLDS,
    Day("2025-03-04"),
    ("09:31", sell("X", 39), OK),
    after={"calls": [(*FED, "open", None)]},
)
for paid, status, ended in ((5_000.0, "met", "2025-03-05"), (4_999.99, "open", None)):
    story(
        f"10,000 holds 30,000: {paid:,.2f} paid in",
        "rulebook.md 2.2: met by cash; 2.4 a",
        "2025-03-03",
        TEN,
        {"X": 160.0},
        *HOLDS,
        Day("2025-03-05"),
        ("09:31", price("X", 400.0)),  # a rise meets no Fed call
        ("09:32", deposit(paid)),
        after={"calls": [(*FED, status, ended)]},
    )
for last, paid, status, ended in (
    ("2025-03-06", 5_000.0, "met", "2025-03-06"),
    ("2025-03-06", 4_999.99, "past_due", None),
    ("2025-03-07", 5_000.0, "met_late", "2025-03-07"),
):
    story(
        f"10,000 holds 30,000: {paid:,.2f} paid in on {last}",
        "rulebook.md 2.3: T+3, close of business (section 6)",
        "2025-03-03",
        TEN,
        {"X": 160.0},
        *HOLDS,
        Day(last),
        ("09:31", deposit(paid)),
        after={"calls": [(*FED, status, ended)]},
        alone=UNMET_IS_SOLD,
    )
for gap, calls in (
    (219.0, []),
    (220.0, []),
    (220.0002, [("fed", 1_000.01, "2025-03-04", "2025-03-06", "open", None)]),
):
    story(
        f"10,000 holds {100 * gap:,.2f}",
        "rulebook.md 2.3, 2.4 b: 950.00 and 1,000.00 ask for nothing, 1,000.01 does",
        "2025-03-03",
        TEN,
        {"X": 190.0},
        ("09:31", buy("X", 100), OK),
        ("09:32", price("X", gap)),
        after={"calls": calls},
    )
story(
    "5,000 buys 20,000 and sells it all at 20,300: nothing is owed at the close",
    "rulebook.md 2.4 c",
    "2025-03-03",
    FIVE,
    {"X": 100.0},
    *overbought("X", 100, 200.0, 203.0),
    after={"cash": 5_300.0, "calls": [], "rows": {"2025-03-03": {"equity": 5_300.0, "initial_margin": 0.0}}},
)
story(
    "a Fed call of 10,000 is cured by selling 20,000",
    "rulebook.md 2.4 d: 60,000 held on 20,000",
    "2025-03-03",
    {"cash": 20_000.0, **FINRA},
    {"X": 160.0},
    ("09:31", buy("X", 240), OK),
    ("09:32", price("X", 250.0)),
    Day("2025-03-04"),
    ("09:31", sell("X", 80), OK),
    after={"calls": [("fed", 10_000.0, "2025-03-04", "2025-03-06", "met", "2025-03-04")]},
)
for day, issued, due in (
    ("2017-09-01", "2017-09-05", "2017-09-11"),
    ("2017-09-05", "2017-09-06", "2017-09-11"),
    ("2024-05-24", "2024-05-28", "2024-05-31"),
    ("2024-05-28", "2024-05-29", "2024-05-31"),
    ("2026-10-08", "2026-10-09", "2026-10-13"),
    ("2026-10-09", "2026-10-12", "2026-10-14"),
    ("2026-10-12", "2026-10-13", "2026-10-15"),
    ("2026-11-10", "2026-11-11", "2026-11-13"),
    ("2026-11-11", "2026-11-12", "2026-11-16"),
    ("2026-11-25", "2026-11-27", "2026-12-01"),
    ("2026-11-27", "2026-11-30", "2026-12-02"),  # a close at 13:00
):
    story(
        f"a Fed call of {day} is due on {due}",
        "rulebook.md 5.1 switch-over vectors and section 6, T+1 era: Columbus and Veterans Day are business days",
        day,
        TEN,
        {"X": 160.0},
        *HOLDS,
        after={"calls": [("fed", 5_000.0, issued, due, "open", None)]},
    )

for shares, calls in ((1_020, []), (1_021, [("fed", 1_050.0, "2025-03-04", "2025-03-06", "open", None)])):
    story(
        f"Alpaca: 50,000 holds 200,000 in the day and {shares * 100:,} by the close",
        "alpaca.md 4.3: at most 100,000 by the close; rulebook.md 2.3: up to 1,000 asks for nothing",
        "2025-03-03",
        {"cash": 50_000.0, **ALPACA},
        {"X": 100.0},
        ("09:31", buy("X", 2_000, limit=100.0), OK),
        ("09:33", sell("X", 2_000 - shares), OK),
        after={"calls": calls, "cash": 50_000.0 - shares * 100.0},
    )

# three of them: measured on three Tuesdays, each cured by a sale the day after
THREE = (
    *HOLDS,
    Day("2025-03-05"),
    ("09:31", sell("X", 120), OK),
    ("09:35", price("X", 160.0)),
    Day("2025-03-11"),
    *HOLDS,
    Day("2025-03-12"),
    ("09:31", sell("X", 120), OK),
    ("09:35", price("X", 160.0)),
    Day("2025-03-18"),
    *HOLDS,
    Day("2025-03-19"),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    ("09:32", short("Z", 1), "LIQUIDATION_ONLY"),
    ("09:33", sell("X", 120), OK),
    ("09:36", buy("X", 1), "LIQUIDATION_ONLY"),  # met, restricted all the same
)
story(
    "Alpaca: the third Fed call in twelve months is 90 days of liquidation only, the call's day included",
    "alpaca.md 4.3 (staff: 3 Fed calls, 90 days); contract: 90 days counted from its issue day, inclusive: 2025-03-19 + 89 = 2025-06-16",
    "2025-03-04",
    {"cash": 10_000.0},
    {"X": 160.0, "Z": 10.0},
    *THREE,
    Day("2025-06-16"),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2025-06-17"),
    ("09:31", buy("X", 1), OK),
    ("09:33", short("Z", 1), OK),
    after={
        "calls": [
            ("fed", 5_000.0, "2025-03-05", "2025-03-07", "met", "2025-03-05"),
            ("fed", 5_000.0, "2025-03-12", "2025-03-14", "met", "2025-03-12"),
            ("fed", 5_000.0, "2025-03-19", "2025-03-21", "met", "2025-03-19"),
        ],
        "restrictions": [("liquidation_only", "2025-03-19", "2025-06-16")],
    },
)
for first, sold, due, restrictions in (
    ("2024-03-18", "2024-03-19", "2024-03-22", []),
    ("2024-03-19", "2024-03-20", "2024-03-25", [("liquidation_only", "2025-03-19", "2025-06-16")]),
):
    story(
        f"Alpaca: a Fed call issued on {sold} and two a year later",
        "contract: third in 12 months; twelve months before 2025-03-19 begin on 2024-03-20",
        first,
        {"cash": 10_000.0},
        {"X": 160.0},
        *HOLDS,
        Day(sold),
        ("09:31", sell("X", 120), OK),
        ("09:35", price("X", 160.0)),
        Day("2025-03-11"),
        *HOLDS,
        Day("2025-03-12"),
        ("09:31", sell("X", 120), OK),
        ("09:35", price("X", 160.0)),
        Day("2025-03-18"),
        *HOLDS,
        Day("2025-03-19"),
        ("09:31", sell("X", 120), OK),
        ("09:33", buy("X", 1), "LIQUIDATION_ONLY" if restrictions else OK),
        after={
            "calls": [
                ("fed", 5_000.0, sold, due, "met", sold),
                ("fed", 5_000.0, "2025-03-12", "2025-03-14", "met", "2025-03-12"),
                ("fed", 5_000.0, "2025-03-19", "2025-03-21", "met", "2025-03-19"),
            ],
            "restrictions": restrictions,
        },
    )
story(
    "interest on a debit of 5,000: a Thursday and a Friday",
    "alpaca.md 4.4: 5,000 x 6.50 % / 360 = 0.90, three days 2.71; it moves no cash",
    "2026-09-24",
    {"cash": -5_000.0, "positions": [("X", 200, 100.0)]},
    {"X": 100.0},
    Day("2026-09-25"),
    after={"cash": -5_000.0, "rows": {"2026-09-24": {"interest": 0.90}, "2026-09-25": {"interest": 2.71}}},
)

# -------------------------------------------------------------------------- $2,000, rulebook.md 2.5

for firm, calls in (("finra", []), ("robinhood", [("minimum_equity", 100.0, "2025-03-04", None, "met", "2025-03-05")])):
    story(
        f"{firm}: a fall to 1,900 with a debit bars new borrowing, not closing",
        "rulebook.md 2.5: no new debit, the position is governed by maintenance (1,100 of 1,900); some brokers issue a call (Robinhood)",
        "2025-03-03",
        {"cash": -2_500.0, "positions": [("X", 50, 100.0)], "brokerage": firm},
        {"X": 88.0},
        Day("2025-03-04"),
        ("09:31", sees(multiplier=1, bp=0.0)),
        ("09:31", buy("X", 1), "BUYING_POWER"),
        ("09:32", short("X", 51), "NO_SHORT"),
        ("09:33", sell("X", 1), OK),
        Day("2025-03-05"),
        ("09:31", deposit(100.0)),
        Day("2025-03-06"),
        ("09:31", sees(multiplier=2)),
        after={"calls": calls, "restrictions": []},
    )
story(
    "1,999 and no position: cash purchases up to 1,999",
    "rulebook.md 2.5 backtest gate",
    "2025-03-03",
    {"cash": 1_999.0, **FINRA},
    {"X": 1.0},
    ("09:31", short("X", 1), "NO_SHORT"),
    ("09:32", buy("X", 2_000, limit=1.0), "BUYING_POWER"),
    ("09:33", buy("X", 1_999, limit=1.0), OK),
    after={"cash": 0.0},
)

# -------------------------------------------------------------------------- maintenance calls, rulebook.md 3.1 to 3.4

for cash, shares, at, amount in (
    (-10_000.0, 100, 133.34, None),  # trigger 13,333.33
    (-10_000.0, 100, 133.30, 2.5),  # E 3,330, MMR 3,332.50
    (-10_000.0, 120, 100.0, 1_000.0),
    (-40_000.0, 1_000, 53.34, None),  # trigger 53,333
    (-40_000.0, 1_000, 53.33, 2.5),  # E 13,330, MMR 13,332.50
    (120_000.0, -1_000, 92.30, None),  # trigger 92,308
    (120_000.0, -1_000, 92.31, 3.0),  # E 27,690, MMR 27,693
):
    story(
        f"cash {cash:,.0f} and {shares} shares at {at}",
        "rulebook.md 3.2: long LMV < DR / 0.75, short SMV > CR / 1.30; due in two business days",
        "2025-03-03",
        {"cash": cash, "positions": [("X", shares, 100.0)], **FINRA},
        {"X": at},
        after={"calls": [] if amount is None else [("maintenance", amount, "2025-03-04", "2025-03-05", "open", None)]},
    )
CALLED = {"cash": -10_000.0, "positions": [("X", 120, 100.0)], **FINRA}
M1000 = ("maintenance", 1_000.0, "2025-03-04", "2025-03-05")
for sold, status, ended in ((40, "met", "2025-03-04"), (39, "open", None)):
    story(
        f"a maintenance call of 1,000: {sold * 100:,} of stock sold",
        "rulebook.md 3.2: by sale 4,000 of stock",
        "2025-03-03",
        CALLED,
        {"X": 100.0},
        Day("2025-03-04"),
        ("09:31", sell("X", sold), OK),
        after={"calls": [(*M1000, status, ended)]},
    )
for what, entry, status, ended in (
    ("1,000.00 paid in", deposit(1_000.0), "met", "2025-03-04"),
    ("999.99 paid in", deposit(999.99), "open", None),
    ("a rise to 111.11", price("X", 111.11), "open", None),  # E 3,333.20, MMR 3,333.30
    ("a rise to 111.12", price("X", 111.12), "met", "2025-03-04"),
):
    story(
        f"a maintenance call of 1,000: {what}",
        "rulebook.md 3.2; contract: met by deposit, sale, appreciation",
        "2025-03-03",
        CALLED,
        {"X": 100.0},
        Day("2025-03-04"),
        ("09:31", entry),
        after={"calls": [(*M1000, status, ended)]},
    )
for last, status in (("2025-03-05", "met"), ("2025-03-06", "met_late")):
    story(
        f"a maintenance call of 1,000 paid on {last}",
        "contract: 2 business days after the measured session",
        "2025-03-03",
        CALLED,
        {"X": 100.0},
        Day(last),
        ("09:31", deposit(1_000.0)),
        after={"calls": [(*M1000, status, last)]},
        alone=UNMET_IS_SOLD,
    )
story(
    "a house call of 35,750: 119,167 of 30 % stock sold",
    "rulebook.md 3.2: 35,750 / 30 % = 119,167; 1,191 shares release 35,730, one more is enough",
    "2025-03-03",
    {"cash": -735_750.0, "positions": [("X", 10_000, 100.0)]},
    {"X": 100.0},
    Day("2025-03-04"),
    ("09:31", sell("X", 1_191), OK),
    ("09:34", sees(restricted=())),
    ("09:35", sell("X", 1), OK),
    after={"calls": [("maintenance", 35_750.0, "2025-03-04", "2025-03-05", "met", "2025-03-04")]},
)
for days, due in ((2, "2026-06-17"), (3, "2026-06-18"), (15, "2026-07-08"), (20, "2026-07-08")):
    story(
        f"a maintenance deficiency of 2026-06-15 with {days} days to meet it",
        "rulebook.md 3.4: T+2, T+3; the rule's outer limit is 15 business days",
        "2026-06-15",
        {**CALLED, "set": {"maintenance_call_days": days}},
        {"X": 100.0},
        after={"calls": [("maintenance", 1_000.0, "2026-06-16", due, "open", None)]},
    )
for debit, calls in ((110_000.0, [("maintenance", 2_000.0, "2026-09-22", "2026-09-23", "open", None)]), (99_999.0, [])):
    story(
        f"Alpaca: 160,000 of 200,000 in one stock on a debit of {debit:,.0f}",
        "rulebook.md 3.3 (50 % x 160,000, here + 30 % x 40,000 = 92,000 against 90,000); the debit of 99,999 is under the limit: 60,000",
        "2026-09-21",
        {"cash": -debit, "positions": [("A", 1_600, 100.0), ("B", 400, 100.0)]},
        {"A": 100.0, "B": 100.0},
        after={"calls": calls},
    )

for facts, shares, at, needed in (
    ({}, 400, 100.0, 10_000.0),
    ({"leverage": 2}, 100, 100.0, 5_000.0),
    ({"leverage": 3}, 100, 100.0, 7_500.0),
    ({"leverage": 5}, 100, 100.0, 10_000.0),  # the cap
    ({"leverage": 2}, -100, 100.0, 6_000.0),
    ({"leverage": 3}, -100, 100.0, 9_000.0),
    ({"leverage": 5}, -100, 100.0, 15_000.0),  # no cap
    ({"marginable": False}, 100, 100.0, 10_000.0),
    ({}, -1_000, 50.0, 15_000.0),
    ({}, -10_000, 5.0, 50_000.0),
    ({}, -10_000, 4.5, 45_000.0),
    ({}, -50_000, 1.0, 125_000.0),
    ({}, -100, 10.0, 500.0),
    ({}, -100, 20.0, 600.0),
    ({}, -100, 4.99, 499.0),
    ({}, -100, 5.0, 500.0),
    ({}, -100, 2.5, 250.0),
    ({}, -100, 3.0, 300.0),
):
    opening = buy("X", shares, limit=at) if shares > 0 else short("X", -shares, limit=at)
    words = "".join(f", {name} {value}" for name, value in facts.items())
    story(
        f"maintenance of {shares:,} at {at}{words}",
        "rulebook.md 3.1 long vectors, short vectors (S83) and the fund table",
        "2025-03-03",
        {"cash": 300_000.0, **FINRA, "assets": [{"symbol": "X", **facts}]},
        {"X": at},
        ("09:31", opening, OK),
        after={"calls": [], "rows": {"2025-03-03": {"maintenance_margin": needed}}},
    )

# -------------------------------------------------------------------------- the intraday margin deficit, rulebook.md 4.7 no. 1 to 15

# 2026-06-15 is a Monday; 5 business days end on 06-23 (06-19 is closed).
MONDAY = "2026-06-15"


def imd(
    amount: float, due: str = "2026-06-23", issued: str = "2026-06-16", status: str = "open", ended: str | None = None
) -> tuple[Any, ...]:
    return ("intraday_margin", amount, issued, due, status, ended)


for number, cash, gap, deficit in (
    (1, 10_000.0, 100.0, 0.0),
    (2, 10_000.0, 125.0, 2_500.0),
    (3, 10_000.0, 105.0, 500.0),
):
    story(
        f"4.7 no. {number}: {cash:,.0f} holds {400 * gap:,.0f} for a moment",
        f"rulebook.md 4.7 no. {number}; minor or not, the rule asks for it",
        MONDAY,
        {"cash": cash, **FINRA},
        {"X": 100.0},
        *overbought("X", 400, gap),
        after={"deficit": deficit, "calls": [imd(deficit)] if deficit else [], "rows": {MONDAY: {"intraday_margin_deficit": deficit}}},
    )
for number, gap, deficit in ((4, 124.0, 1_000.0), (5, 124.4, 1_100.0)):
    story(
        f"4.7 no. {number}: 30,000 holds {1_000 * gap:,.0f} for a moment",
        f"rulebook.md 4.7 no. {number}",
        MONDAY,
        {"cash": 30_000.0, **FINRA},
        {"X": 100.0},
        *overbought("X", 1_000, gap),
        after={"deficit": deficit, "calls": [imd(deficit)]},
    )
FALL = (("09:31", buy("X", 400), OK), ("09:33", price("X", 95.0)), ("09:34", sees(level=-1_500.0, deficit=0.0)))
story(
    "4.7 no. 6: the market's fall is no deficit; at the close it is a maintenance call",
    "rulebook.md 4.7 no. 6; the Fed call is of the purchase: 20,000 - 10,000",
    MONDAY,
    TEN,
    {"X": 100.0},
    *FALL,
    after={
        "deficit": 0.0,
        "calls": [
            ("fed", 10_000.0, "2026-06-16", "2026-06-18", "open", None),
            ("maintenance", 1_500.0, "2026-06-16", "2026-06-17", "open", None),
        ],
    },
)
for valuation, deficit, level in (("mark", 1_750.0, -1_500.0), ("cost", 250.0, 0.0)):
    story(
        f"4.7 no. 7: then 1,000 more, valued at {valuation}",
        "rulebook.md 4.7 no. 7: 8,000 - 9,750; at cost 10,000 - 10,250",
        MONDAY,
        {"cash": 10_000.0, **OFF, "set": {"imd_valuation": valuation}},
        {"X": 100.0, "Y": 100.0},
        ("09:31", buy("X", 400), OK),
        ("09:33", price("X", 95.0)),
        ("09:34", sees(level=level, deficit=0.0)),
        ("09:35", buy("Y", 10), OK),
        ("09:38", sell("Y", 10), OK),
        ("09:39", sell("X", 400), OK),
        after={"deficit": deficit, "calls": [imd(deficit)], "cash": 8_000.0},
    )
OLD_FIRST = {"cash": -20_000.0, "positions": [("OLD", 400, 100.0)], **FINRA}
for first, deficit in ((False, 5_000.0), (True, 0.0)):
    story(
        f"4.7 no. 8: 60,000 bought, then the old 40,000 sold, closings first {'on' if first else 'off'}",
        "rulebook.md 4.7 no. 8: 20,000 - 25,000; with the old sold at the start 20,000 - 15,000",
        MONDAY,
        {**OLD_FIRST, "set": {"imd_closings_first": first}},
        {"OLD": 100.0, "X": 100.0},
        ("09:31", buy("X", 400), OK),
        ("09:32", price("X", 150.0)),
        ("09:34", sell("OLD", 400), OK),
        ("09:36", sell("X", 400), OK),
        after={"deficit": deficit, "calls": [imd(deficit)] if deficit else []},
    )
for first, deficit in ((False, 2_500.0), (True, 0.0)):
    story(
        f"4.7 no. 9: 50,000 bought, then 2,500 paid in, deposits first {'on' if first else 'off'}",
        "rulebook.md 4.7 no. 9",
        MONDAY,
        {**TEN, "set": {"imd_deposits_first": first}},
        {"X": 100.0},
        ("09:31", buy("X", 400), OK),
        ("09:32", price("X", 125.0)),
        ("09:50", deposit(2_500.0)),
        ("09:55", sell("X", 400), OK),
        after={"deficit": deficit, "calls": [imd(deficit)] if deficit else []},
    )
for order, deficit in (("time", 2_500.0), ("worst", 15_000.0)):
    story(
        f"4.7 no. 10: 50,000 of one, then of another, order {order}",
        "rulebook.md 4.7 no. 10: the largest, not the sum; order unknown: both buys first",
        MONDAY,
        {**TEN, "set": {"imd_order": order}},
        {"ABC": 100.0, "XYZ": 100.0},
        *overbought("ABC", 400, 125.0),
        ("09:41", buy("XYZ", 400), OK),
        ("09:42", price("XYZ", 125.0)),
        ("09:44", sell("XYZ", 400), OK),
        after={"deficit": deficit, "calls": [imd(deficit)]},
    )
story(
    "4.7 no. 11: short 2,000 at 20",
    "rulebook.md 4.7 no. 11: maintenance 12,000",
    MONDAY,
    TEN,
    {"X": 20.0},
    ("09:31", short("X", 2_000, limit=20.0), OK),
    ("09:33", sees(level=-2_000.0)),
    ("09:34", cover("X", 2_000), OK),
    after={"deficit": 2_000.0, "calls": [imd(2_000.0)]},
)
story(
    "4.7 no. 12: 14,000 of a 3x fund",
    "rulebook.md 4.7 no. 12: 75 % of 14,000; by the rules themselves 14,000 x 3 would exceed 40,000",
    MONDAY,
    {"cash": 10_000.0, **OFF, "assets": [{"symbol": "L", "leverage": 3}]},
    {"L": 100.0},
    ("09:31", buy("L", 140, limit=100.0), OK),
    ("09:33", sees(level=-500.0)),
    ("09:34", sell("L", 140), OK),
    after={"deficit": 500.0, "calls": [imd(500.0)]},
)
story(
    "4.7 no. 13: a withdrawal makes a deficit",
    "rulebook.md 4.7 no. 13: 7,000 - 7,500; by the rules themselves the brokerage would refuse it",
    MONDAY,
    {"cash": -20_000.0, "positions": [("OLD", 300, 100.0)], **OFF},
    {"OLD": 100.0},
    ("09:31", withdraw(3_000.0), OK),
    ("09:34", sell("OLD", 300), OK),
    after={"deficit": 500.0, "cash": 7_000.0, "calls": [imd(500.0)]},
)
story(
    "4.7 no. 14: a level of 2,500 buys 10,000 at 25 %",
    "rulebook.md 4.7 no. 14: level / 25 %",
    MONDAY,
    {"cash": -20_000.0, "positions": [("OLD", 300, 100.0)], **FINRA},
    {"OLD": 100.0, "X": 1.0},
    ("09:31", buy("X", 10_001, limit=1.0), "BUYING_POWER"),
    ("09:32", buy("X", 10_000, limit=1.0), OK),
    ("09:34", sees(level=0.0, deficit=0.0)),
    after={"deficit": 0.0},
)
story(
    "4.7 no. 15: 30,000 held on 10,000: no deficit, a Fed call",
    "rulebook.md 4.7 no. 15",
    MONDAY,
    TEN,
    {"X": 100.0},
    ("09:31", buy("X", 300, limit=100.0), OK),
    ("09:33", sees(level=2_500.0)),
    after={"deficit": 0.0, "calls": [("fed", 5_000.0, "2026-06-16", "2026-06-18", "open", None)]},
)

# -------------------------------------------------------------------------- how deficits end, rulebook.md 4.7 no. 16 to 23

NO_2 = overbought("X", 400, 125.0)
for paid, status, ended in ((2_500.0, "met", "2026-06-16"), (2_499.99, "open", None)):
    story(
        f"4.7 no. 16: {paid:,.2f} the day after",
        "rulebook.md 4.7 no. 16",
        MONDAY,
        TEN,
        {"X": 100.0},
        *NO_2,
        Day("2026-06-16"),
        ("09:31", deposit(paid)),
        after={"calls": [imd(2_500.0, status=status, ended=ended)], "restrictions": []},
    )
for last, status, ended in (
    ("2026-06-22", "open", None),
    ("2026-06-23", "past_due", None),
    ("2026-07-07", "past_due", None),
    ("2026-07-08", "expired", "2026-07-08"),
):
    story(
        f"4.7 no. 17: nothing paid by the close of {last}",
        "rulebook.md 4.7 no. 17: 5th business day 06-23, 15th 07-08; one failure is no practice by the rule",
        MONDAY,
        TEN,
        {"X": 100.0},
        *NO_2,
        Day(last),
        ("09:31", sees(restricted=())),
        after={"calls": [imd(2_500.0, status=status, ended=ended)], "restrictions": []},
    )
story(
    "4.7 no. 17: paid after the 5th business day, before the 15th",
    "rulebook.md 4.5: outstanding until satisfied or the 15th business day",
    MONDAY,
    TEN,
    {"X": 100.0},
    *NO_2,
    Day("2026-06-24"),
    ("09:31", deposit(2_500.0)),
    after={"calls": [imd(2_500.0, status="met_late", ended="2026-06-24")]},
)
ONCE = {"set": {"practice_failures": 1}}
for day, issued, fifth, fifteenth, start, until, refused, free in (
    (MONDAY, "2026-06-16", "2026-06-23", "2026-07-08", "2026-06-24", "2026-09-21", "2026-09-21", "2026-09-22"),
    ("2026-07-01", "2026-07-02", "2026-07-09", "2026-07-23", "2026-07-10", "2026-10-07", "2026-10-07", "2026-10-08"),
    ("2026-11-20", "2026-11-23", "2026-11-30", "2026-12-14", "2026-12-01", "2027-02-28", "2027-02-26", "2027-03-01"),
):
    story(
        f"4.7 no. 18 to 20: frozen after a deficit of {day}, expiry lifts nothing",
        "rulebook.md 4.7 no. 18, 19, 20; no. 23: own cash, closing and covering are free",
        day,
        {**TEN, **ONCE},
        {"X": 100.0, "S": 10.0},
        *NO_2,
        ("09:36", short("S", 10), OK),
        Day(fifth),
        ("09:31", sees(restricted=())),
        Day(start if day == MONDAY else refused),
        ("09:31", sees(restricted=("ninety_day_freeze",))),
        ("09:31", buy("X", 81, limit=125.0), "FROZEN_90_DAYS"),  # 10,125 of 10,100 in cash
        ("09:32", short("S", 1), "FROZEN_90_DAYS"),
        ("09:33", cover("S", 5), OK),
        ("09:35", buy("X", 80, limit=125.0), OK),
        ("09:37", sell("X", 80), OK),
        *((Day(refused), ("09:31", short("S", 1), "FROZEN_90_DAYS")) if day == MONDAY else ()),
        Day(free),
        ("09:31", sees(restricted=())),
        ("09:31", short("S", 1), OK),
        ("09:33", buy("X", 81, limit=125.0), OK),
        after={
            "calls": [imd(2_500.0, fifth, issued, "expired", fifteenth)],
            "restrictions": [("ninety_day_freeze", start, until)],
        },
    )
for paid_on, status, ended in (("2026-06-30", "met_late", "2026-06-30"), ("2026-07-20", "expired", "2026-07-08")):
    story(
        f"4.7 no. 18: satisfied on {paid_on}, free from the next day",
        "rulebook.md 4.6: 90 days or until satisfied, regardless of the 15 days; measured at a close",
        MONDAY,
        {**TEN, **ONCE},
        {"X": 100.0, "S": 10.0},
        *NO_2,
        Day(paid_on),
        ("09:31", deposit(2_500.0)),
        ("09:34", short("S", 1), "FROZEN_90_DAYS"),
        Day("2026-07-21"),
        ("09:31", sees(restricted=())),
        ("09:32", short("S", 1), OK),
        after={
            "calls": [imd(2_500.0, status=status, ended=ended)],
            "restrictions": [("ninety_day_freeze", "2026-06-24", paid_on)],
        },
    )
TWICE = (
    *NO_2,
    Day("2026-06-16"),
    ("09:31", price("X", 100.0)),
    *NO_2,
    Day("2026-06-25"),
    ("09:31", sees()),
)
for failures, restrictions in (
    (1, [("ninety_day_freeze", "2026-06-24", "2026-09-21"), ("ninety_day_freeze", "2026-06-25", "2026-09-22")]),
    (2, [("ninety_day_freeze", "2026-06-25", "2026-09-22")]),
    (3, []),
):
    story(
        f"4.6: two deficits unmet, a practice from {failures}",
        "rulebook.md 4.6, 7.17: the number is the firm's; a further one makes its own 90 days (5th business days 06-23, 06-24)",
        MONDAY,
        {**TEN, "set": {"practice_failures": failures}},
        {"X": 100.0},
        *TWICE,
        after={
            "calls": [imd(2_500.0, status="past_due"), imd(2_500.0, "2026-06-24", "2026-06-17", "past_due")],
            "restrictions": restrictions,
        },
    )
for gap, deficit, restrictions in (
    (105.0, 500.0, []),
    (105.0003, 500.03, [("ninety_day_freeze", "2026-06-24", "2026-09-21")]),
):
    story(
        f"4.6: a deficit of {deficit:,.2f} on 10,000 is left unmet",
        "rulebook.md 4.6, 4.7 no. 3: up to min(5 % of equity, 1,000), boundary included, it counts for no practice",
        MONDAY,
        {**TEN, **ONCE},
        {"X": 100.0},
        *overbought("X", 400, gap),
        Day("2026-06-24"),
        ("09:31", sees(restricted=tuple(kind for kind, _, _ in restrictions))),
        after={"calls": [imd(deficit, status="past_due")], "restrictions": restrictions},
    )
for gap, deficit, restrictions in (
    (124.0, 1_000.0, []),
    (124.0001, 1_000.03, [("ninety_day_freeze", "2026-06-24", "2026-09-21")]),
):
    story(
        f"4.6: a deficit of {deficit:,.2f} on 30,000 is left unmet",
        "rulebook.md 4.7 no. 4: the limit is 1,000 although 5 % are 1,500",
        MONDAY,
        {"cash": 30_000.0, **FINRA, **ONCE},
        {"X": 100.0},
        *overbought("X", 1_000, gap),
        Day("2026-06-24"),
        after={"calls": [imd(deficit, status="past_due")], "restrictions": restrictions},
    )
story(
    "4.7 no. 21: 2,500 and 4,000, both satisfied by 4,000",
    "rulebook.md 4.7 no. 21: each is measured from its own day's end",
    MONDAY,
    TEN,
    {"X": 100.0},
    *NO_2,
    Day("2026-06-16"),
    ("09:31", buy("X", 320), OK),  # 40,000 when sent at 125
    ("09:32", price("X", 175.0)),  # 56,000 when filled
    ("09:34", sell("X", 320), OK),
    Day("2026-06-17"),
    ("09:31", deposit(4_000.0)),
    after={
        "calls": [
            imd(2_500.0, status="met", ended="2026-06-17"),
            imd(4_000.0, "2026-06-24", "2026-06-17", "met", "2026-06-17"),
        ]
    },
)
KEEPS = (("09:31", buy("X", 400), OK), ("09:32", price("X", 125.0)), ("09:34", sell("X", 160), OK))  # 30,000 held, level 2,500
story(
    "4.7 no. 22: satisfied by selling 10,000",
    "rulebook.md 4.7 no. 22; half of the 10,000 also meets the Fed call of 15,000 - 10,000",
    MONDAY,
    TEN,
    {"X": 100.0},
    *KEEPS,
    Day("2026-06-17"),
    ("09:31", sell("X", 80), OK),
    after={
        "calls": [
            ("fed", 5_000.0, "2026-06-16", "2026-06-18", "met", "2026-06-17"),
            imd(2_500.0, status="met", ended="2026-06-17"),
        ]
    },
)
for gains, status, ended in ((True, "met", "2026-06-16"), (False, "open", None)):
    story(
        f"7.12: the market raises the level by 2,500, gains {'count' if gains else 'do not count'}",
        "rulebook.md 7.12: 240 shares up 13.89 raise it by 75 % of 3,333.60 = 2,500.20",
        MONDAY,
        {**TEN, "set": {"imd_gains_count": gains}},
        {"X": 100.0},
        *KEEPS,
        Day("2026-06-16"),
        ("09:31", price("X", 138.89)),
        after={"calls": [("fed", 5_000.0, "2026-06-16", "2026-06-18", "open", None), imd(2_500.0, status=status, ended=ended)]},
    )
IBKR_DAYS = [MONDAY, "2026-06-16", "2026-06-17", "2026-06-18"]
IBKR_CALLS = [
    imd(2_500.0, "2026-06-18", "2026-06-16", "past_due"),
    imd(2_500.0, "2026-06-22", "2026-06-17", "past_due"),
    imd(2_500.0, "2026-06-23", "2026-06-18", "past_due"),
    imd(2_500.0, "2026-06-24", "2026-06-22", "past_due"),
]
for count, restrictions in ((3, []), (4, [("ninety_day_freeze", "2026-06-27", "2026-09-24")])):
    story(
        f"IBKR: {count} deficits left unmet",
        "rulebook.md 4.6: 4 or more failures in 12 months, cure within 3 business days; the fourth 5th business day is 06-26",
        MONDAY,
        {"cash": 10_000.0, "brokerage": "ibkr"},
        {"X": 100.0},
        *NO_2,
        *(entry for day in IBKR_DAYS[1:count] for entry in (Day(day), ("09:31", price("X", 100.0)), *NO_2)),
        Day("2026-06-26"),
        ("09:31", sees(restricted=())),
        Day("2026-06-29"),
        ("09:31", sees(restricted=tuple(kind for kind, _, _ in restrictions))),
        after={"calls": IBKR_CALLS[:count], "restrictions": restrictions},
        alone="through cerebro a brokerage that watches in real time would have sold during the deficit",
    )

# -------------------------------------------------------------------------- the intraday rule at Alpaca, alpaca.md section 5

I5 = {"cash": 10_000.0}
#: Alpaca's clocks, were it to let a deficit come about: four times the excess stops an order, house rates measure it.
LETS = {"set": {"intraday_block": "buying_power", "imd_basis": "house"}}
ALPACA_40 = (("09:31", buy("X", 400, limit=100.0), OK), ("09:33", sees(level=-2_000.0)), ("09:34", sell("X", 400), OK))
story(
    "Alpaca: 10,000 buys 40,000 and sells it: no deficit",
    "alpaca.md section 5, first example: law IML 10,000 - 25 % of 40,000 = 0; displayed buying power 4 x (10,000 - 12,000)",
    MONDAY,
    I5,
    {"X": 100.0},
    ("09:31", sees(bp=40_000.0)),
    ("09:31", buy("X", 401, limit=100.0), "BUYING_POWER"),
    ("09:32", buy("X", 400, limit=100.0), OK),
    ("09:34", sees(level=0.0, bp=0.0)),
    ("09:35", sell("X", 400), OK),
    after={"deficit": 0.0, "calls": [], "restrictions": []},
)
story(
    "Alpaca, if it let a deficit come about: a call for 2,000, due in two days",
    "alpaca.md I6",
    MONDAY,
    {**I5, **LETS},
    {"X": 100.0},
    *ALPACA_40,
    after={"deficit": 2_000.0, "calls": [imd(2_000.0, "2026-06-17")], "restrictions": []},
)
story(
    "Alpaca: two steps, 30,000 and then 4,000",
    "alpaca.md section 5, second example: 4 x (10,000 - 9,000)",
    MONDAY,
    I5,
    {"X": 100.0},
    ("09:31", buy("X", 300, limit=100.0), OK),
    ("09:33", sees(level=2_500.0, bp=4_000.0)),
    ("09:33", buy("X", 41, limit=100.0), "BUYING_POWER"),
    ("09:34", buy("X", 40, limit=100.0), OK),
    ("09:36", sell("X", 340), OK),
    after={"calls": []},
)
story(
    "Alpaca: a call unpaid on the due day is past due, on the 5th business day the account freezes",
    "alpaca.md I6: due in 2 business days, frozen from the close of the 5th; closing allowed",
    MONDAY,
    {"cash": 9_900.0, "positions": [("OLD", 1, 100.0)], **LETS},
    {"X": 100.0, "S": 10.0, "OLD": 100.0},
    ("09:31", buy("X", 396, limit=100.0), OK),
    ("09:34", sell("X", 396), OK),
    Day("2026-06-23"),
    ("09:31", sees(restricted=())),
    ("09:31", buy("X", 396, limit=100.0), OK),
    ("09:33", sell("X", 396), OK),
    Day("2026-06-24"),
    ("09:31", buy("X", 100, limit=100.0), "FROZEN_90_DAYS"),
    ("09:32", short("S", 1), "FROZEN_90_DAYS"),
    ("09:33", sell("OLD", 1), OK),
    ("09:35", buy("X", 100, limit=100.0), OK),
    ("09:37", sell("X", 100), OK),
    Day("2026-09-21"),
    ("09:31", sees(restricted=("ninety_day_freeze",))),
    Day("2026-09-28"),  # the second deficit's own 90 days: 5th business day 06-30
    ("09:31", short("S", 1), "FROZEN_90_DAYS"),
    Day("2026-09-29"),
    ("09:31", short("S", 1), OK),
    after={
        # 9,900 + 100 - 30 % of (39,600 + 100) = -1,910
        "calls": [
            imd(1_910.0, "2026-06-17", status="expired", ended="2026-07-08"),
            imd(1_910.0, "2026-06-25", "2026-06-24", "expired", "2026-07-15"),
        ],
        "restrictions": [("ninety_day_freeze", "2026-06-24", "2026-09-21"), ("ninety_day_freeze", "2026-07-01", "2026-09-28")],
    },
)
for paid, day, status in ((2_000.0, "2026-06-17", "met"), (2_000.0, "2026-06-23", "met_late"), (1_999.99, "2026-06-17", "past_due")):
    story(
        f"Alpaca: {paid:,.2f} on {day} towards a deficit of 2,000",
        "alpaca.md I6: met by deposits; in time up to the second business day; no freeze up to the fifth",
        MONDAY,
        {**I5, **LETS},
        {"X": 100.0},
        *ALPACA_40,
        Day(day),
        ("09:31", deposit(paid)),
        *((Day("2026-06-24"), ("09:31", sees(restricted=()))) if status != "past_due" else ()),
        after={"calls": [imd(2_000.0, "2026-06-17", status=status, ended=None if status == "past_due" else day)], "restrictions": []},
    )
for gap, deficit in ((100.0, 500.0), (100.0003, 500.03)):
    story(
        f"Alpaca: a deficit of {deficit:,.2f} on 10,000",
        "alpaca.md I6 with rulebook.md 4.9 no. 2: no call up to min(1,000, 5 %) inclusive; 10,000 - 30 % of 35,000",
        MONDAY,
        {**I5, **LETS},
        {"X": 100.0},
        ("09:31", buy("X", 350), OK),
        ("09:32", price("X", gap)),
        ("09:34", sell("X", 350), OK),
        after={"deficit": deficit, "calls": [imd(deficit, "2026-06-17")] if deficit > 500 else []},
    )
story(
    "Alpaca: 30,000 falls by 5 %: no deficit, no buying power",
    "alpaca.md section 5: house 8,500 - 8,550, law 8,500 - 25 % of 28,500; the next 1,000 are refused",
    MONDAY,
    {"cash": -20_000.0, "positions": [("OLD", 300, 100.0)]},
    {"OLD": 95.0, "X": 10.0},
    ("09:32", sees(level=1_375.0, bp=0.0)),
    ("09:33", buy("X", 100, limit=10.0), "BUYING_POWER"),
    ("09:34", sell("OLD", 2), OK),
    ("09:36", sees(level=1_422.5)),
    after={"deficit": 0.0, "calls": []},
)
story(
    "Alpaca: 30,000 held to the close is a Fed call the next morning",
    "alpaca.md section 5, last example; 4.3",
    MONDAY,
    I5,
    {"X": 100.0},
    ("09:31", buy("X", 300, limit=100.0), OK),
    ("09:33", sees(level=2_500.0, bp=4_000.0)),
    Day("2026-06-16"),
    ("09:31", sees(restricted=())),
    after={"calls": [("fed", 5_000.0, "2026-06-16", "2026-06-18", "open", None)]},
)
for gap, verdict, restricted in ((156.25, "BUYING_POWER", ()), (156.26, "CLOSING_ONLY", ("closing_only",))):
    story(
        f"Alpaca: one position of {384 * gap:,.2f} on 10,000",
        "alpaca.md 4.3: over six times equity, closing transactions only; 60,000.00 is not over",
        MONDAY,
        I5,
        {"X": 100.0, "Z": 10.0},
        ("09:31", buy("X", 384), OK),
        ("09:32", price("X", gap)),
        ("09:34", sees(restricted=restricted)),
        ("09:34", buy("Z", 1), verdict),
        ("09:35", sell("X", 384), OK),
        ("09:38", buy("Z", 1), "CLOSING_ONLY" if restricted else OK),  # until a human has looked at it
        after={"restrictions": [("closing_only", MONDAY, None)] if restricted else []},
    )

# -------------------------------------------------------------------------- the cut-over, 2026-06-03 to 06-08

story(
    "Alpaca over 2026-06-04: the day-trade call lives on, the $25,000 call is closed, four times the excess makes no deficit",
    "contract, finer readings; alpaca.md I1, I6, D10; 140,000 over 4 x 30,000 on 06-02, 10,000 lost",
    "2026-06-02",
    {"cash": 30_000.0, **ALPACA},
    {"X": 100.0},
    *overbought("X", 1_000, 140.0, 130.0),
    Day("2026-06-03"),
    ("09:31", sees(restricted=("liquidation_only", "no_day_trades"), flag=True, count=1)),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2026-06-04"),
    ("09:31", sees(restricted=("liquidation_only",), flag=None, count=None, bod=None, multiplier=4)),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2026-06-05"),
    ("09:31", price("X", 100.0)),
    ("09:31", deposit(20_000.0)),
    ("09:34", sees(restricted=(), bp=160_000.0)),
    ("09:35", buy("X", 1_600, limit=100.0), OK),  # 40,000 - 25 % of 160,000 = 0
    ("09:37", sell("X", 1_600), OK),
    ("09:39", buy("X", 10), OK),
    ("09:41", sell("X", 10), OK),
    after={
        "calls": [
            ("day_trade", 20_000.0, "2026-06-03", "2026-06-09", "met", "2026-06-05"),
            ("minimum_equity", 5_000.0, "2026-06-03", None, "closed", None),
        ],
        "restrictions": [("liquidation_only", "2026-06-03", "2026-06-05"), ("no_day_trades", "2026-06-03", "2026-06-03")],
        "rows": {
            "2026-06-03": {"pattern_day_trader": True, "lowest_intraday_margin_level": None, "multiplier": 2},
            "2026-06-04": {"pattern_day_trader": None, "bod_dtbp": None, "lowest_intraday_margin_level": 20_000.0, "multiplier": 4},
            "2026-06-05": {"intraday_margin_deficit": 0.0},
        },
    },
)
story(
    "Schwab over 2026-06-08: the old rules until 06-05, then no count and no $25,000",
    "rulebook.md 4.1 (Schwab 06-08), 1.5 (S33: closing trades only), 1.7; 150,000 over 4 x 30,000 on 06-02: 25 % of 30,000; 6,000 lost",
    "2026-06-02",
    {"cash": 30_000.0, "brokerage": "schwab", "pattern_day_trader": True},
    {"X": 100.0},
    *overbought("X", 1_200, 125.0, 120.0),
    Day("2026-06-04"),
    ("09:31", sees(restricted=("buying_power_2x", "liquidation_only"), flag=True, count=1, level=None)),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2026-06-05"),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    Day("2026-06-08"),
    ("09:31", sees(restricted=("buying_power_2x",), flag=None, count=None, level=24_000.0, bp=96_000.0)),
    ("09:31", buy("X", 800, limit=120.0), OK),
    ("09:33", sell("X", 800), OK),
    ("09:35", buy("X", 800), OK),  # no sum of the day any more
    ("09:36", price("X", 130.0)),  # 104,000 when filled: 24,000 - 26,000
    ("09:38", sell("X", 800), OK),
    Day("2026-06-09"),
    ("09:31", deposit(7_500.0)),
    Day("2026-06-10"),
    ("09:31", sees(restricted=())),
    after={
        "calls": [
            ("day_trade", 7_500.0, "2026-06-03", "2026-06-09", "met", "2026-06-09"),
            ("minimum_equity", 1_000.0, "2026-06-03", None, "closed", None),
            imd(2_000.0, "2026-06-15", "2026-06-09", "met", "2026-06-09"),
        ],
        "restrictions": [("buying_power_2x", "2026-06-03", "2026-06-09"), ("liquidation_only", "2026-06-03", "2026-06-05")],
    },
)
