"""Stories: what an account was, what was done minute by minute, what the brokerage said, what the account is then.

Every verdict and number is worked out by hand from the paragraph named in ``source`` (alpaca.md unless another file is named), never
taken from the code. Market orders sent at a minute fill at the next one; prices stay where they are until a ``price`` line moves them.

A line is ``(minute, what, verdict)``: an order with its verdict (``OK`` or the reason of the refusal), ``cancel`` of an order by the minute
it was sent, ``price`` of a symbol from that minute on, ``sees`` for numbers of the account at that minute. ``day`` begins another session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

OK = "OK"


class Order(NamedTuple):
    side: str
    symbol: str
    qty: float
    limit: float | None = None
    stop: float | None = None
    take_profit: float | None = None
    stop_loss: float | None = None


class Cancel(NamedTuple):
    sent: str


class Price(NamedTuple):
    symbol: str
    value: float


class Sees(NamedTuple):
    numbers: dict[str, Any]


class Money(NamedTuple):
    """A deposit, or (negative) a withdrawal; the verdict of a withdrawal is OK or WITHDRAWAL."""

    amount: float


class Day(NamedTuple):
    date: str


def buy(symbol: str, qty: float, **prices: float) -> Order:
    return Order("buy", symbol, qty, **prices)


def sell(symbol: str, qty: float, **prices: float) -> Order:
    return Order("sell", symbol, qty, **prices)


cover, short = buy, sell


def bracket(symbol: str, qty: float, entry: float, take_profit: float, stop_loss: float) -> Order:
    return Order("buy", symbol, qty, limit=entry, take_profit=take_profit, stop_loss=stop_loss)


def price(symbol: str, value: float) -> Price:
    return Price(symbol, value)


def cancel(sent: str) -> Cancel:
    return Cancel(sent)


def deposit(amount: float) -> Money:
    return Money(amount)


def withdraw(amount: float) -> Money:
    return Money(-amount)


def sees(**numbers: Any) -> Sees:
    """Numbers of the account.

    ``count``, ``dtbp``, ``bod``, ``cash``, ``bp`` (buying power), ``flag``, ``multiplier``, ``day_trades`` (of this history), ``level``,
    ``deficit``, ``restricted`` (what is in force). Of ``after`` also: ``calls``, all of them as (kind, amount, issued, due, status,
    ended); ``restrictions``, all as (kind, from, until); ``rows`` of sessions by date.
    """
    return Sees(numbers)


@dataclass(frozen=True)
class Story:
    title: str
    source: str
    day: str
    before: dict[str, Any]
    lines: tuple[Any, ...]
    after: dict[str, Any]
    prices: dict[str, float] = field(default_factory=dict)
    bug: str | None = None
    alone: str | None = None  # why it is told to the account only, not through cerebro

    def __str__(self) -> str:
        return self.title


STORIES: list[Story] = []


def story(
    title: str,
    source: str,
    day: str,
    before: dict[str, Any],
    prices: dict[str, float],
    *lines: Any,
    after: dict[str, Any] | None = None,
    bug: str | None = None,
    alone: str | None = None,
) -> None:
    STORIES.append(Story(title, source, day, before, lines, after or {}, prices, bug, alone))


#: alpaca.md 2.3, with the codes of S6, S10, S16: http status, code, beginning of the message.
WIRE = {
    "PDT_COUNT": (403, 40310100, "trade denied due to pattern day trading protection"),
    "PDT_RESTRICTED_DAYTRADE": (
        403,
        40310000,
        "no day trades permitted based on your previous day account equity being under $25,000",
    ),
    "LIQUIDATION_ONLY": (403, 40310000, "account is restricted to liquidation only"),
    "DTBP": (403, 40310000, "insufficient day trading buying power"),
    "BUYING_POWER": (403, 40310000, "insufficient buying power"),
    "NON_MARGINABLE_BUYING_POWER": (403, 40310000, "insufficient buying power"),
    "NO_SHORT": (403, 40310000, "account is not allowed to short"),
    "NOT_SHORTABLE": (422, 42210000, 'asset "X" cannot be sold short'),
    "QTY": (403, 40310000, "insufficient qty available for order (requested: "),
    "WASH": (403, 40310000, "potential wash trade detected. use complex orders"),
    "CLOSING_ONLY": (403, 40310000, "account is restricted to liquidation only"),
    "FROZEN_90_DAYS": (403, 40310000, "account is restricted to liquidation only"),
    "CASH_AVAILABLE": (403, 40310000, "insufficient buying power"),
}

# 2024-03-06 is a Wednesday. Its window of five business days: 2024-02-29, 03-01, 03-04, 03-05, 03-06.
WEDNESDAY, THURSDAY = "2024-03-06", "2024-03-07"
THREE_USED = [("2024-03-05", "Q", 3)]
TWO_USED = [("2024-03-05", "Q", 2)]
ONE_USED = [("2024-03-05", "Q", 1)]

# ------------------------------------------------------------------------------------------------ each side of the dollar

story(
    "24,999.99 with three used: the exit of today's shares is refused",
    "P2: strictly less than 25,000; P3; 1.4 table row 2",
    WEDNESDAY,
    {"cash": 24_999.99, "daytrades": THREE_USED, "pdt_check": "exit"},
    {"X": 100.0},
    ("09:31", buy("X", 100), OK),
    ("09:33", sell("X", 100), "PDT_COUNT"),
    after={"count": 3, "cash": 14_999.99, "positions": {"X": 100}, "flag": False, "day_trades": {}},
)
story(
    "25,000.00 with three used: the fourth day trade is made, and flags",
    "P2: exactly 25,000.00 passes; P30",
    WEDNESDAY,
    {"cash": 25_000.0, "daytrades": THREE_USED, "pdt_check": "both"},
    {"X": 100.0},
    ("09:31", buy("X", 100), OK),
    ("09:33", sell("X", 100), OK),
    after={"count": 4, "cash": 25_000.0, "positions": {}, "flag": True, "day_trades": {f"{WEDNESDAY} X": 1}},
)
story(
    "last_equity 25,000.00 and 24,000 now: the previous close counts",
    "P2; 1.4 table row 8",
    WEDNESDAY,
    {"cash": 25_000.0, "daytrades": THREE_USED, "pdt_check": "exit"},
    {"X": 100.0},
    ("09:31", buy("X", 100), OK),
    ("09:33", price("X", 90.0)),
    ("09:35", sell("X", 100), OK),
    after={"count": 4, "cash": 24_000.0, "positions": {}},
)
for test, verdict, count, cash in (("last_equity", "PDT_COUNT", 3, 14_900.0), ("current", OK, 4, 31_000.0)):
    story(
        f"24,900 yesterday and 31,000 now, equity_test {test}",
        "1.4 table row 9 for last_equity; C1 for current (100 x 61 gained: 24,900 + 6,100)",
        WEDNESDAY,
        {"cash": 24_900.0, "daytrades": THREE_USED, "pdt_check": "exit", "set": {"equity_test": test}},
        {"X": 100.0},
        ("09:31", buy("X", 100), OK),
        ("09:33", price("X", 161.0)),
        ("09:35", sell("X", 100), verdict),
        after={"count": count, "cash": cash},
    )
story(
    "1,999.99: no margin and no short",
    "3.1 multiplier 1 below 2,000, buying power is cash; 4.1; S9",
    WEDNESDAY,
    {"cash": 1_999.99},
    {"X": 20.0, "Z": 40.0},
    ("09:31", short("X", 1), "NO_SHORT"),
    ("09:32", buy("Z", 50, limit=40.0), "BUYING_POWER"),
    ("09:33", buy("Z", 49, limit=40.0), OK),
    after={"cash": 39.99, "positions": {"Z": 49}, "multiplier": 1},
)
story(
    "2,000.00: twice the equity, and shorts",
    "3.1 multiplier 2 from 2,000, regt = 2 x 2,000 = 4,000; 4.1; O2: a short of 10 at 20 is 206",
    WEDNESDAY,
    {"cash": 2_000.0},
    {"X": 20.0, "Z": 40.0},
    ("09:31", buy("Z", 101, limit=40.0), "BUYING_POWER"),
    ("09:32", short("X", 10), OK),
    ("09:35", sees(bp=3_800.0)),  # 2 x (2,000 - 50 % of 200)
    ("09:36", buy("Z", 95, limit=40.0), OK),
    after={"cash": -1_600.0, "positions": {"X": -10, "Z": 95}, "multiplier": 2},
)

# ------------------------------------------------------------------------------------------------ entry, exit, both

for check in ("entry", "both"):
    story(
        f"three used, {check}: the opening order is refused",
        "1.4, the decision function's second test (executed + potential >= 3); P20",
        WEDNESDAY,
        {"cash": 20_000.0, "daytrades": THREE_USED, "pdt_check": check},
        {"X": 100.0},
        ("09:31", buy("X", 100), "PDT_COUNT"),
        ("09:32", short("X", 10), "PDT_COUNT"),
        after={"count": 3, "cash": 20_000.0, "positions": {}},
    )
for check in ("entry", "both"):
    story(
        f"two used, {check}: one more round trip, then none",
        "1.4: executed + potential is 2 before the first entry, 3 before the second",
        WEDNESDAY,
        {"cash": 20_000.0, "daytrades": TWO_USED, "pdt_check": check},
        {"X": 100.0},
        ("09:31", buy("X", 50), OK),
        ("09:33", sell("X", 50), OK),
        ("09:35", buy("X", 50), "PDT_COUNT"),
        after={"count": 3, "cash": 20_000.0, "positions": {}},
    )
for check in ("entry", "exit", "both"):
    story(
        f"three used, {check}: the exit of yesterday's shares passes",
        "1.4 table row 3; 1.2 row `+100: sell 10, buy 5`: no day trade",
        WEDNESDAY,
        {"cash": 19_000.0, "positions": [("X", 100, 10.0)], "daytrades": THREE_USED, "pdt_check": check},
        {"X": 10.0},
        ("09:31", sell("X", 100), OK),
        after={"count": 3, "cash": 20_000.0, "positions": {}, "flag": False, "day_trades": {}},
    )
    story(
        f"three used, {check}: a bracket holds its own day trade",
        "1.4 table row 5; P13",
        WEDNESDAY,
        {"cash": 20_000.0, "daytrades": THREE_USED, "pdt_check": check},
        {"X": 10.0},
        ("09:31", bracket("X", 100, 10.0, 12.0, 9.0), "PDT_COUNT"),
        after={"count": 3, "cash": 20_000.0, "positions": {}},
    )
story(
    "two used: a bracket passes once, counts once, the next is refused",
    "P13, C4: one group is at most one day trade",
    WEDNESDAY,
    {"cash": 20_000.0, "daytrades": TWO_USED, "pdt_check": "exit"},
    {"X": 10.0, "Z": 10.0},
    ("09:31", bracket("X", 100, 10.0, 12.0, 9.0), OK),
    ("09:32", bracket("Z", 100, 10.0, 12.0, 9.0), "PDT_COUNT"),
    ("09:40", price("X", 12.0)),
    ("09:45", bracket("Z", 100, 10.0, 12.0, 9.0), "PDT_COUNT"),
    after={"count": 3, "cash": 20_200.0, "positions": {}, "day_trades": {f"{WEDNESDAY} X": 1}},
)
story(
    "three used: a short of today cannot be covered today",
    "1.4 table row 6; P22",
    WEDNESDAY,
    {"cash": 20_000.0, "daytrades": THREE_USED, "pdt_check": "exit"},
    {"Y": 20.0},
    ("09:31", short("Y", 100), OK),
    ("09:33", cover("Y", 100), "PDT_COUNT"),
    Day(THURSDAY),
    ("09:31", cover("Y", 100), OK),
    after={"count": 3, "cash": 20_000.0, "positions": {}},
)
story(
    "three used: today's shares are stuck until tomorrow",
    "P4: the window of 2024-03-07 begins on 2024-03-01, so the three of 2024-02-29 are gone; S-FORUM: exit tomorrow",
    WEDNESDAY,
    {"cash": 20_000.0, "daytrades": [("2024-02-29", "Q", 3)], "pdt_check": "exit"},
    {"X": 100.0},
    ("09:31", buy("X", 10), OK),
    ("09:33", sell("X", 10), "PDT_COUNT"),
    ("09:34", sees(count=3)),
    Day(THURSDAY),
    ("09:31", sell("X", 10), OK),
    ("09:33", sees(count=0)),
    ("09:34", buy("X", 10), OK),
    ("09:36", sell("X", 10), OK),
    after={"count": 1, "cash": 20_000.0, "positions": {}, "day_trades": {f"{THURSDAY} X": 1}},
)
story(
    "three day trades of the sixth day back are outside the window",
    "P4: five business days including today; 2024-02-28 is the sixth",
    WEDNESDAY,
    {"cash": 20_000.0, "daytrades": [("2024-02-28", "Q", 3)], "pdt_check": "both"},
    {"X": 100.0},
    ("09:31", buy("X", 10), OK),
    ("09:33", sell("X", 10), OK),
    after={"count": 1, "cash": 20_000.0},
)
for check in ("entry", "exit"):
    story(
        f"three used, {check}: a resting sale of old shares makes the buy a day trade",
        "1.4 table row 4; P10, P12",
        WEDNESDAY,
        {"cash": 19_000.0, "positions": [("X", 100, 10.0)], "daytrades": THREE_USED, "pdt_check": check},
        {"X": 10.0},
        ("09:31", sell("X", 100, limit=12.0), OK),
        ("09:33", buy("X", 100, limit=9.0), "PDT_COUNT"),
        after={"count": 3, "cash": 19_000.0, "positions": {"X": 100}},
    )
story(
    "one used: two resting stops take the last two, the third is refused until one is cancelled",
    "1.4 table row 7; P11, P14",
    WEDNESDAY,
    {"cash": 20_000.0, "daytrades": ONE_USED, "pdt_check": "exit"},
    {"A": 20.0, "B": 20.0, "C": 20.0},
    ("09:31", buy("A", 10), OK),
    ("09:32", buy("B", 10), OK),
    ("09:33", buy("C", 10), OK),
    ("09:35", sell("A", 10, stop=18.0), OK),
    ("09:36", sell("B", 10, stop=18.0), OK),
    ("09:37", sell("C", 10, stop=18.0), "PDT_COUNT"),
    ("09:40", cancel("09:36")),
    ("09:41", sell("C", 10, stop=18.0), OK),
    after={"count": 1, "cash": 19_400.0, "positions": {"A": 10, "B": 10, "C": 10}},
)

# ------------------------------------------------------------------------------------------------ counting

story(
    "FINRA's example E is two day trades",
    "1.2 row E: buy 199, buy 142, sell 1, buy 45, sell 100, sell 200",
    WEDNESDAY,
    {"cash": 20_000.0, "pdt_check": "both"},
    {"X": 10.0},
    ("09:31", buy("X", 199), OK),
    ("09:33", buy("X", 142), OK),
    ("09:35", sell("X", 1), OK),
    ("09:37", buy("X", 45), OK),
    ("09:39", sell("X", 100), OK),
    ("09:41", sell("X", 200), OK),
    after={"count": 2, "cash": 19_150.0, "positions": {"X": 85}, "day_trades": {f"{WEDNESDAY} X": 2}},
)
story(
    "old shares: sold before the buy counts nothing, after it counts one",
    "1.2 rows +100: sell 10, buy 5 is 0; buy 10, sell 5 is 1; -100: buy 10, sell 5 is 0",
    WEDNESDAY,
    {"cash": 18_000.0, "positions": [("A", 100, 10.0), ("B", 100, 10.0), ("C", -100, 10.0)], "pdt_check": "exit"},
    {"A": 10.0, "B": 10.0, "C": 10.0},
    ("09:31", sell("A", 10), OK),
    ("09:33", buy("A", 5), OK),
    ("09:35", buy("B", 10), OK),
    ("09:37", sell("B", 5), OK),
    ("09:39", cover("C", 10), OK),
    ("09:41", short("C", 5), OK),
    after={"count": 1, "cash": 17_950.0, "positions": {"A": 95, "B": 105, "C": -95}, "day_trades": {f"{WEDNESDAY} B": 1}},
)

# ------------------------------------------------------------------------------------------------ day-trading buying power

FIFTY = {"cash": -50_000.0, "positions": [("OLD", 1_000, 100.0)], "pattern_day_trader": True}
story(
    "50,000 with 30,000 maintenance, entry: 80,000 may be opened, not 100,000",
    "1.6 official example; D2, D4, D6",
    WEDNESDAY,
    {**FIFTY, "dtbp_check": "entry"},
    {"OLD": 100.0, "Z": 50.0},
    ("09:31", sees(bod=80_000.0, dtbp=80_000.0, multiplier=4)),
    ("09:31", sell("OLD", 1_000), OK),
    ("09:33", sees(dtbp=80_000.0, bp=100_000.0)),
    ("09:34", buy("Z", 2_000, limit=50.0), "DTBP"),
    ("09:35", buy("Z", 1_600, limit=50.0), OK),
    ("09:37", sees(dtbp=0.0)),
    ("09:38", buy("Z", 1, limit=50.0), "DTBP"),
    ("09:39", sell("Z", 1_600), OK),
    after={"dtbp": 80_000.0, "cash": 50_000.0, "positions": {}, "count": 1},
)
story(
    "50,000 with 30,000 maintenance, exit: 100,000 may be opened, 80,000 closed",
    "1.6 official example; D7, F-8826: part of the position stays over night",
    WEDNESDAY,
    {**FIFTY, "dtbp_check": "exit"},
    {"OLD": 100.0, "Z": 50.0},
    ("09:31", sell("OLD", 1_000), OK),
    ("09:34", buy("Z", 2_001, limit=50.0), "BUYING_POWER"),
    ("09:35", buy("Z", 2_000, limit=50.0), OK),
    ("09:37", sell("Z", 2_000), "DTBP"),
    ("09:38", sell("Z", 1_600), OK),
    Day(THURSDAY),
    ("09:31", sell("Z", 400), OK),
    after={"cash": 50_000.0, "positions": {}, "count": 1},
)
story(
    "50,000 with 30,000 maintenance, both: the entry is refused already",
    "1.6 official example; D8",
    WEDNESDAY,
    {**FIFTY, "dtbp_check": "both"},
    {"OLD": 100.0, "Z": 50.0},
    ("09:31", sell("OLD", 1_000), OK),
    ("09:34", buy("Z", 2_000, limit=50.0), "DTBP"),
    ("09:35", buy("Z", 1_600, limit=50.0), OK),
    ("09:37", sell("Z", 1_600), OK),
    after={"dtbp": 80_000.0, "cash": 50_000.0, "positions": {}},
)
story(
    "a losing round trip gives back what its entry took",
    "1.6 more examples: 120,000, 80,000, 120,000 again although equity fell by 1,000; D3",
    WEDNESDAY,
    {"cash": 30_000.0, "pattern_day_trader": True},
    {"X": 50.0},
    ("09:31", sees(bod=120_000.0)),
    ("09:31", buy("X", 800, limit=50.0), OK),
    ("09:32", sees(dtbp=80_000.0)),
    ("09:34", price("X", 48.75)),
    ("09:35", sell("X", 800), OK),
    after={"dtbp": 120_000.0, "cash": 29_000.0, "positions": {}, "flag": True},
)
story(
    "a winning round trip never lifts it above its start",
    "D3, D4",
    WEDNESDAY,
    {"cash": 30_000.0, "pattern_day_trader": True},
    {"X": 50.0},
    ("09:31", buy("X", 800, limit=50.0), OK),
    ("09:34", price("X", 55.0)),
    ("09:35", sell("X", 800), OK),
    after={"dtbp": 120_000.0, "cash": 34_000.0, "positions": {}},
)
story(
    "closing what was held over night adds nothing",
    "D2: 4 x (50,000 - 30 % of 40,000) = 152,000; D4",
    WEDNESDAY,
    {"cash": 10_000.0, "positions": [("X", 1_000, 40.0)], "pattern_day_trader": True},
    {"X": 40.0},
    ("09:31", sees(bod=152_000.0, dtbp=152_000.0)),
    ("09:31", sell("X", 1_000), OK),
    after={"dtbp": 152_000.0, "cash": 50_000.0, "positions": {}, "count": 0},
)
story(
    "today's lots go first, then the old ones, which add nothing",
    "C10; D2: 4 x (50,000 - 30 % of 5,000) = 194,000",
    WEDNESDAY,
    {"cash": 45_000.0, "positions": [("X", 100, 50.0)], "pattern_day_trader": True},
    {"X": 50.0},
    ("09:31", buy("X", 100, limit=50.0), OK),
    ("09:33", sees(dtbp=189_000.0)),
    ("09:34", sell("X", 60), OK),
    ("09:36", sees(dtbp=192_000.0, count=1)),
    ("09:37", sell("X", 60), OK),
    ("09:39", sees(dtbp=194_000.0, count=1)),
    ("09:40", sell("X", 80), OK),
    after={"dtbp": 194_000.0, "cash": 50_000.0, "positions": {}, "count": 1},
)
story(
    "what is held to the close takes its maintenance from tomorrow's",
    "D2 on 2024-03-07: 4 x (30,000 - 30 % of 40,000) = 72,000; D4",
    WEDNESDAY,
    {"cash": 30_000.0, "pattern_day_trader": True},
    {"X": 50.0, "Z": 50.0},
    ("09:31", buy("X", 800, limit=50.0), OK),
    Day(THURSDAY),
    ("09:31", sell("X", 800), OK),
    ("09:33", sees(bod=72_000.0, dtbp=72_000.0)),
    ("09:34", buy("Z", 1_441, limit=50.0), "BUYING_POWER"),
    ("09:35", buy("Z", 1_440, limit=50.0), OK),
    after={"dtbp": 0.0, "cash": -42_000.0, "positions": {"Z": 1_440}, "count": 0},
)
story(
    "a resting entry reserves, its cancel gives back",
    "D11, P14 for the release",
    WEDNESDAY,
    {"cash": 30_000.0, "pattern_day_trader": True},
    {"X": 50.0},
    ("09:31", buy("X", 1_000, limit=40.0), OK),
    ("09:33", sees(dtbp=80_000.0)),
    ("09:34", cancel("09:31")),
    ("09:36", sees(dtbp=120_000.0)),
    after={"dtbp": 120_000.0, "cash": 30_000.0},
)
story(
    "a flagged account of 25,000.00 trades as often as it likes",
    "P31; D2: 4 x 25,000",
    WEDNESDAY,
    {"cash": 25_000.0, "daytrades": THREE_USED, "pattern_day_trader": True, "pdt_check": "both"},
    {"X": 50.0},
    ("09:31", sees(bod=100_000.0, multiplier=4)),
    *((f"09:{m}", side("X", 100), OK) for m, side in ((32, buy), (34, sell), (36, buy), (38, sell), (40, buy), (42, sell))),
    after={"count": 6, "dtbp": 100_000.0, "cash": 25_000.0},
)

# ------------------------------------------------------------------------------------------------ leveraged and non-marginable

for day, base, bod, most in (("2020-11-06", "90 %", 12_000.0, 240), ("2020-11-10", "100 %", 0.0, 0)):
    story(
        f"30,000 all in a 3x fund, {day}: maintenance {base}",
        "4.2: 3x ETF 90 % to 2020-11-08, 100 % after; D2; 1.6 `30 000 all in TQQQ`; D6 even if Reg T has room",
        day,
        {
            "cash": 0.0,
            "positions": [("TQQQ", 600, 50.0)],
            "pattern_day_trader": True,
            "assets": [{"symbol": "TQQQ", "leverage": 3}],
            "dtbp_check": "entry",
        },
        {"TQQQ": 50.0, "X": 50.0},
        ("09:31", sees(bod=bod, dtbp=bod)),
        ("09:31", sell("TQQQ", 600), OK),
        ("09:33", sees(dtbp=bod, bp=60_000.0)),
        ("09:34", buy("X", most + 1, limit=50.0), "DTBP"),
        *([("09:35", buy("X", most, limit=50.0), OK)] if most else []),
        after={"dtbp": 0.0, "cash": 30_000.0 - most * 50.0},
    )
story(
    "what is not marginable is paid from cash",
    "O4; 4.1: 100 % initial; 10,000 at 50 are 200 shares",
    WEDNESDAY,
    {"cash": 10_000.0, "assets": [{"symbol": "X", "marginable": False}]},
    {"X": 50.0, "Z": 50.0},
    ("09:31", buy("X", 201, limit=50.0), "NON_MARGINABLE_BUYING_POWER"),
    ("09:32", buy("Z", 201, limit=50.0), OK),
    ("09:34", sell("Z", 201), OK),
    ("09:36", buy("X", 200, limit=50.0), OK),
    after={"cash": 0.0, "positions": {"X": 200}, "count": 1},
)
story(
    "what cannot be borrowed cannot be sold short",
    "2.4; S16",
    WEDNESDAY,
    {"cash": 10_000.0, "assets": [{"symbol": "X", "shortable": False}]},
    {"X": 50.0},
    ("09:31", short("X", 1), "NOT_SHORTABLE"),
    after={"cash": 10_000.0, "positions": {}},
)

# ------------------------------------------------------------------------------------------------ Reg T and the value of an order

story(
    "a market buy under $50 is worth 4 % more",
    "O1: 500 at 40 x 1.04 = 20,800 = 2 x 10,400; 3.1 regt",
    WEDNESDAY,
    {"cash": 10_400.0},
    {"X": 40.0},
    ("09:31", buy("X", 501), "BUYING_POWER"),
    ("09:32", buy("X", 500), OK),
    after={"cash": -9_600.0, "positions": {"X": 500}},
)
story(
    "a market buy from $50 is worth 2.5 % more",
    "O1: 200 at 80 x 1.025 = 16,400 = 2 x 8,200; 3.1 regt",
    WEDNESDAY,
    {"cash": 8_200.0},
    {"X": 80.0},
    ("09:31", buy("X", 201), "BUYING_POWER"),
    ("09:32", buy("X", 200), OK),
    after={"cash": -7_800.0, "positions": {"X": 200}},
)
story(
    "a short is worth the larger of its limit and 3 % above the market",
    "O2: 1,000 at 20 x 1.03 = 20,600 = 2 x 10,300; with a limit of 25, 824 of them",
    WEDNESDAY,
    {"cash": 10_300.0},
    {"X": 20.0},
    ("09:31", short("X", 825, limit=25.0), "BUYING_POWER"),
    ("09:32", short("X", 824, limit=25.0), OK),
    ("09:33", sees(bp=0.0)),
    ("09:34", cancel("09:32")),
    ("09:36", short("X", 1_001, limit=18.0), "BUYING_POWER"),
    ("09:37", short("X", 1_000), OK),
    after={"cash": 30_300.0, "positions": {"X": -1_000}},
)
story(
    "open buys reduce buying power at once",
    "O5: 10,000, a limit buy worth 3,000, then 8,000 is refused",
    WEDNESDAY,
    {"cash": 5_000.0},
    {"X": 50.0},
    ("09:31", buy("X", 75, limit=40.0), OK),
    ("09:33", sees(bp=7_000.0)),
    ("09:34", buy("X", 160, limit=50.0), "BUYING_POWER"),
    ("09:35", buy("X", 140, limit=50.0), OK),
    ("09:38", sees(bp=0.0)),
    after={"cash": -2_000.0, "positions": {"X": 140}},
)

# ------------------------------------------------------------------------------------------------ shares

story(
    "nothing goes through zero",
    "2.4: go flat first; S8",
    WEDNESDAY,
    {"cash": 20_000.0, "pdt_check": "exit"},
    {"X": 50.0, "Y": 20.0},
    ("09:31", buy("X", 50), OK),
    ("09:32", short("Y", 50), OK),
    ("09:34", sell("X", 60), "QTY"),
    ("09:35", cover("Y", 60), "QTY"),
    ("09:36", sell("X", 50), OK),
    ("09:37", cover("Y", 50), OK),
    ("09:39", short("X", 10), OK),
    after={"count": 2, "cash": 20_500.0, "positions": {"X": -10}},
)
story(
    "shares held by an exit cannot be sold twice",
    "S6: 100 held, 60 of them by an open exit, so 40 are available; O8",
    WEDNESDAY,
    {"cash": 19_000.0, "positions": [("X", 100, 10.0)]},
    {"X": 10.0},
    ("09:31", sell("X", 60, limit=12.0), OK),
    ("09:33", sell("X", 41), "QTY"),
    ("09:34", sell("X", 40), OK),
    ("09:36", sell("X", 1), "QTY"),
    ("09:37", cancel("09:31")),
    ("09:39", sell("X", 60), OK),
    after={"cash": 20_000.0, "positions": {}, "count": 0},
)
story(
    "an order that could meet one's own is refused",
    "2.4 wash-trade table: a market order against any opposite one; limits where the buy reaches the sell; S10",
    WEDNESDAY,
    {"cash": 19_000.0, "positions": [("X", 100, 10.0)], "pdt_check": "exit"},
    {"X": 10.0},
    ("09:31", buy("X", 10, limit=9.0), OK),
    ("09:33", sell("X", 100), "WASH"),
    ("09:34", sell("X", 100, limit=9.0), "WASH"),
    ("09:35", sell("X", 100, limit=9.01), OK),
    after={"cash": 20_000.0, "positions": {}, "count": 0},
)

# ------------------------------------------------------------------------------------------------ flagged and under 25,000

FLAGGED = {"cash": 23_999.99, "positions": [("OLD", 100, 10.0)], "pattern_day_trader": True}
story(
    "flagged at 24,999.99 on 2024-12-31: liquidation only",
    "P32, C7: liquidation_only before 2025; P33: no DTBP; S12",
    "2024-12-31",
    FLAGGED,
    {"OLD": 10.0, "X": 50.0},
    ("09:31", sees(bod=0.0, dtbp=0.0)),
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    ("09:32", short("X", 1), "LIQUIDATION_ONLY"),
    ("09:33", buy("OLD", 1), "LIQUIDATION_ONLY"),
    ("09:34", sell("OLD", 100), OK),
    after={"cash": 24_999.99, "positions": {}},
)
story(
    "flagged at 24,999.99 on 2025-01-02: no day trades",
    "P32, C7: no_day_trades from 2025; P33; S3: the buy fills, its stop of the same day is refused",
    "2025-01-02",
    {**FLAGGED, "pdt_check": "exit"},
    {"OLD": 10.0, "X": 50.0},
    ("09:31", sees(bod=0.0, dtbp=0.0)),
    ("09:31", buy("X", 10), OK),
    ("09:33", sell("X", 10, stop=45.0), "PDT_RESTRICTED_DAYTRADE"),
    ("09:34", sell("X", 10), "PDT_RESTRICTED_DAYTRADE"),
    ("09:35", sell("OLD", 100), OK),
    Day("2025-01-03"),
    ("09:31", sell("X", 10), OK),
    after={"cash": 24_999.99, "positions": {}, "count": 0},
)
story(
    "the same day by the other reading: liquidation_only chosen on 2025-01-02",
    "C7: parameter; S-FORUM demands it as a selectable mode",
    "2025-01-02",
    {**FLAGGED, "set": {"pdt_under_25k": "liquidation_only"}},
    {"OLD": 10.0, "X": 50.0},
    ("09:31", buy("X", 1), "LIQUIDATION_ONLY"),
    ("09:32", sell("OLD", 100), OK),
    after={"cash": 24_999.99, "positions": {}},
)
story(
    "flagged at 25,000.00 on 2024-12-31: nothing is restricted",
    "P32 speaks of below 25,000; P31",
    "2024-12-31",
    {"cash": 24_000.0, "positions": [("OLD", 100, 10.0)], "pattern_day_trader": True},
    {"OLD": 10.0, "X": 50.0},
    ("09:31", sees(bod=98_800.0)),  # 4 x (25,000 - 300)
    ("09:31", buy("X", 10), OK),
    ("09:33", sell("X", 10), OK),
    after={"cash": 24_000.0, "dtbp": 98_800.0, "count": 1},
)

# ------------------------------------------------------------------------------------------------ each side of 2026-06-04

story(
    "2026-06-03 with three used: the last day of the count",
    "timeline: 2026-06-04 is FINRA's effective date and Alpaca's switch",
    "2026-06-03",
    {"cash": 20_000.0, "daytrades": [("2026-06-02", "Q", 3)], "pdt_check": "exit"},
    {"X": 100.0},
    ("09:31", buy("X", 100), OK),
    ("09:33", sell("X", 100), "PDT_COUNT"),
    ("09:34", sees(count=3)),
    Day("2026-06-04"),
    ("09:31", buy("X", 100), OK),
    ("09:33", sell("X", 200), OK),
    ("09:35", buy("X", 100), OK),
    ("09:37", sell("X", 100), OK),
    after={"count": None, "dtbp": None, "cash": 20_000.0, "positions": {}},
)
for check in ("entry", "exit", "both"):
    story(
        f"2026-06-04 with three used, {check}: unlimited day trades",
        "I1",
        "2026-06-04",
        {"cash": 20_000.0, "daytrades": [("2026-06-03", "Q", 3)], "pdt_check": check, "dtbp_check": check},
        {"X": 100.0},
        *((f"09:{m}", side("X", 100), OK) for m, side in ((31, buy), (33, sell), (35, buy), (37, sell))),
        ("09:39", bracket("X", 100, 100.0, 110.0, 90.0), OK),
        after={"count": None, "dtbp": None, "cash": 10_000.0, "positions": {"X": 100}},
    )
story(
    "rules frozen on 2026-06-03 still count in July",
    "P2, P3 as of 2026-06-03; a frozen day holds on every day",
    "2026-07-15",
    {"cash": 20_000.0, "daytrades": [("2026-07-14", "Q", 3)], "pdt_check": "exit", "rules": "2026-06-03"},
    {"X": 100.0},
    ("09:31", buy("X", 100), OK),
    ("09:33", sell("X", 100), "PDT_COUNT"),
    after={"count": 3, "cash": 10_000.0, "positions": {"X": 100}},
)
story(
    "2,000 on 2026-06-03: twice",
    "3.1 multiplier 2",
    "2026-06-03",
    {"cash": 2_000.0},
    {"X": 50.0},
    ("09:31", buy("X", 81, limit=50.0), "BUYING_POWER"),
    ("09:32", buy("X", 80, limit=50.0), OK),
    after={"cash": -2_000.0, "positions": {"X": 80}},
)
story(
    "2,000 on 2026-06-04: four times",
    "I2, I3: 4 x (2,000 - 0); then 4 x (2,000 - 30 % of 4,000) = 3,200",
    "2026-06-04",
    {"cash": 2_000.0},
    {"X": 50.0},
    ("09:31", sees(bp=8_000.0, multiplier=4)),
    ("09:31", buy("X", 161, limit=50.0), "BUYING_POWER"),
    ("09:32", buy("X", 80, limit=50.0), OK),
    ("09:34", sees(bp=3_200.0)),
    ("09:35", sell("X", 80), OK),
    ("09:37", buy("X", 160, limit=50.0), OK),
    after={"cash": -6_000.0, "positions": {"X": 160}},
)
story(
    "1,999.99 on 2026-06-04: cash, and no shorts",
    "I2: below 2,000 1x, no shorting",
    "2026-06-04",
    {"cash": 1_999.99},
    {"X": 50.0},
    ("09:31", sees(bp=1_999.99, multiplier=1)),
    ("09:31", buy("X", 40, limit=50.0), "BUYING_POWER"),
    ("09:32", short("X", 1), "NO_SHORT"),
    ("09:33", buy("X", 39, limit=50.0), OK),
    after={"cash": 49.99, "positions": {"X": 39}},
)
story(
    "10,000 on 2026-06-04: 30,000 leaves 4,000",
    "section 5 worked examples, first row: maintenance 9,000, level +1,000, buying power 4,000; refusal by I7",
    "2026-06-04",
    {"cash": 10_000.0},
    {"X": 50.0},
    ("09:31", buy("X", 801, limit=50.0), "BUYING_POWER"),
    ("09:32", buy("X", 600, limit=50.0), OK),
    ("09:34", sees(bp=4_000.0)),
    ("09:35", buy("X", 81, limit=50.0), "BUYING_POWER"),
    ("09:36", buy("X", 80, limit=50.0), OK),
    after={"cash": -24_000.0, "positions": {"X": 680}},
)

# ------------------------------------------------------------------------------------------------ rules off

story(
    "rules off: everything is counted, nothing refused",
    '`rules="off"` measures everything and refuses nothing',
    WEDNESDAY,
    {"cash": 20_000.0, "daytrades": THREE_USED, "rules": "off", "pdt_check": "both", "dtbp_check": "both"},
    {"X": 100.0, "Y": 20.0},
    ("09:31", buy("X", 5_000), OK),
    ("09:33", sell("X", 5_000), OK),
    ("09:35", bracket("X", 100, 100.0, 110.0, 90.0), OK),
    ("09:37", buy("Y", 100), OK),
    ("09:39", sell("Y", 300), OK),
    after={"count": 5, "cash": 14_000.0, "positions": {"X": 100, "Y": -200}},
)
