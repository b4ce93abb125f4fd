"""A second, naive reading of the `bt-pdt audit` contract. It imports nothing from bt_pdt and recomputes from the day's own list of fills.

`audit(events, calls=False)` returns decisions, day_trades, sessions, calls, restrictions, contradictions and account. With `calls=False`
the calls are still measured and listed but their consequences do not bind (stage one); a flagged account under $25,000 and the 600 %
check always bind.

Where the texts leave a point open the reading taken here is listed, so that a disagreement can be settled by the text:

Time and sessions
READING 1: an implied close stands at the scheduled close, after every event timed up to and including it, and only if an event of a later
    session exists in the file and the session has no `close` line of its own; so the last session of a file without a `close` line stays
    open. But a session whose first event comes after the scheduled close is closed before that event (settled 9), the last session of the
    file too; an account line of that hour is followed by the close.
READING 2: the first row is that of the account line's session; sessions before the first event after it are rows too.
READING 3: `last_maintenance_margin` by default uses the rates of the session before the account line's.
READING 4: a row's `daytrade_count` and `pattern_day_trader` are those at the end of the date (fills after the close included); everything
    else at the close. The lowest intraday level is taken over all events of the date, those after the close included (the same price
    again is none, settled 9); the lowest DTBP only up to and including the close, and the release of day orders by the close comes after it.
READING 5: a day order that is sent after the close and is not `extended_hours` lives until the next session's close. A gtc order is never
    released by itself. An order that worked when the close released it may still fill before the next session (a late print), wholly or in
    parts; a late entry starts no exits, for the close released them.
READING 6: a split scales positions, marks and the day's earlier fills; working orders are left alone.
Counting
READING 7: in the direction method single fills in time order give what orders would give; in the opening methods an order is one opening
    transaction per symbol and day, counted once however it is liquidated.
READING 8: potential day trades: today's fills stay as they fell; pending orders are then filled buys first or sells first, whichever
    gives more, capped at one more per symbol. A bracket, OTO or OCO group fills one exit. A sale of overnight shares already executed
    therefore pairs with nothing.
READING 9: exit check: refused if executed + after > 3 and after > before. Entry check: an opening order is refused if executed +
    potential before it >= 3. `facts.potential` is `after` for the exit check and `before` for the entry check.
READING 10: the count check also holds for a flagged account under $25,000 (it is usually in `also`).
READING 11: `no_day_trades` refuses what raises the potential day trades, whatever `pdt_check` says; it never refuses a plain opening
    order.
READING 12: total trades of the 6 % clause are orders executed per day; each day trade carried in counts as two trades.
READING 13: after a lift the next day trade with four in the window flags again; day trades carried in flag only with the next one made.
Money
READING 14: an ordinary long's initial rate is max(50 %, its maintenance rate); a short's is the greatest of Reg T (100 % if not marginable)
    and its maintenance, per-share floors included (settled 4); with `initial_covers_short_maintenance` false the floors and bands stay
    out. Rates of an order use its unit value, of a fill its price, of a position its mark (settled 11b), and are kept from the moment the
    order was accepted. The house band 2.50 - 6.00 includes both ends; the low price rate of 100 % also holds for leveraged funds (the
    larger counts). House leverage other than 2 or 3: 30 % x k up to 2020-11-08, 100 % to 2026-01-22, 25 % x k after, at most 100 %.
READING 15: `maintenance` replaces every percentage (bands, leverage, law); concentration then takes the larger of it and 50 %.
READING 16: concentration: a long position >= 70 % of long market value and debit (-cash) >= 100,000, Alpaca from 2026-01-23. "Equity
    market value" is what the margin loan stands on, so short positions are no part of it. It is no part of d nor of initial margin.
READING 17: a Reg T cost is value x initial rate / 50 %; in the old regime an order passes buying power if its Reg T cost fits `regt` or its
    charge (value x d / 25 %) fits DTBP (multiplier 4). A short's own d for a fund is k x max(30 %, the per-share floor): alpaca.md D13 says
    "times k" of the whole. In the intraday regime `intraday_block` alone says how an order is charged (rulebook 7.23b): by d under `deficit`,
    else dollar for dollar and leveraged funds x k. `dtbp_by_requirement` false is the bare law at every brokerage: leveraged funds
    x k (long and short, uncapped) from 2010-04-30, the rest dollar for dollar; true at `finra`: d by its own rates, above its base of 25 %.
    Marks after submission do not change what an order reserves.
READING 18: a non-marginable buy is compared with max(0, min(cash, equity)) less all open buys, in place of Reg T; it is charged by d
    (100 %, dollar for dollar by the bare law) like any other, so DTBP under an entry check, `deficit` and `buying_power_2x` may refuse it
    too. While it works or is held it uses Reg T buying power at twice its value. A non-marginable short is judged like any short, with an
    initial rate of 100 %; its d is that of a short.
READING 19: multiplier 1: buying power is max(0, cash) less what is reserved. `account_type` cash: multiplier 1, no short, outside the
    day-trade rules.
READING 20: DTBP under `exit`: lots of the day closed the same day, at entry cost charged by d, peak of those open together; every resting
    exit is taken as filled after every pending entry of its symbol (today's lots first); refused if the call that results is greater than
    the one without the order. A bracket's legs count at submission. A second call under buying_power_2x sums the charges of all lots
    closed that day.
READING 21: a replaced order reserves the new order only, valued at the moment of the replacement; fills reduce it in proportion.
READING 22: the collar of market buys ends on 2026-01-22 at Alpaca; stop buys and trailing buys become limits 4 % / 2.5 % above the stop
    on all dates. Trailing stop: valued as a stop at last +/- trail. Stop short or trailing short: 1.03 x last;
    `finra` short sales: max(limit, last), the same rule without the 3 %.
READING 23: intraday regime: 4 x (equity - maintenance) with the brokerage's own rates. Under `deficit` it is the only test above $2,000 and
    `buying_power` of the account; under `buying_power` an order may fit Reg T instead; under `none` nothing is asked but cash where it
    must be (multiplier 1, non-marginable). The level of deficits at Alpaca is equity less value x d at the marks (`imd_basis` law), and so
    are `intraday_margin_level` and `lowest_intraday_margin_level`; an asset line's rate is part of d.
READING 24: fees, interest and dividends are added to cash with their sign; none is an IML-reducing transaction, none meets a call, and
    they are no part of a day's net release but flow into SMA, as a commission does.
Permissions
READING 25: wash: only bracket, OCO and trailing stop orders (on either side) are exempt, a plain OTO entry is not; its exits are exempt.
    Exits not yet started are on no book.
READING 26: an order opposite to the position is wholly a closing at Alpaca (never judged for money), more than available is QTY. An OCO
    that does not close is QTY (settled 11k; at `finra` the one reason for it). In a flat symbol with a pending entry the opposite order is WASH alone or QTY
    alone. A working entry whose position turned under it closes first and reserves what lies beyond zero; so does any order at `finra`.
READING 27: `easy_to_borrow: false` refuses a short at Alpaca on all dates (no locates are modelled); `finra` only looks at `shortable`.
READING 28: stop side is judged for stop, stop_limit and an OCO's stop against the last price (equal is wrong); of a bracket or OTO only
    the ticks are judged.
READING 29: MINIMUM_EQUITY and TRADING_BLOCKED are never given: nothing in the input blocks trading, and below $2,000 the contract says
    BUYING_POWER or NO_SHORT. INVALID_ORDER ranks before PRICE; the rows of alpaca.md 2.5 that are marked as simulated are all there is,
    and they judge a replacement too. A fractional sale out of a long position is no short sale, whatever is available.
READING 30: `no_day_trades` for a flagged account from 2025-01-01, `liquidation_only` before; `finra` no_day_trades on all dates; the
    parameter, where set, is honoured at both.
READING 31: 600 %: |value| of one position > 6 x equity after a fill; holds on all dates at Alpaca, to the end of the file (nothing clears
    it).
READING 32: a refused order that is filled in part leaves nothing working; a refused bracket filled in full starts its exits.
Withdrawals
READING 33: equity after it >= maintenance + held deposits, never below 0, and >= 2,000 if then cash < 0 or a short is held. Held:
    deposits of the old regime made by a flagged account under $25,000 or under an open day_trade or minimum_equity call (issued, so not
    yet in the evening it was measured: a deposit then meets no day_trade call), for the deposit day and two
    business days after. `qty` is the amount.
would_pass
READING 34: `on` is null if BUYING_POWER, NON_MARGINABLE_BUYING_POWER, CASH_AVAILABLE, PRICE, INVALID_ORDER or (for an opening order) DTBP
    is among the reasons; else the first of the next eight sessions, or the first session after a restriction's last day (of those too
    that calls bring meanwhile), on which the order alone would be accepted at today's marks.
READING 35: a fractional order's `qty` is found to 1e-6; one refused for its fraction (INVALID_ORDER) passes in whole shares where they do.
SMA, interest, calls
READING 36: at a close SMA = max(0, the last close's + cash flows since, equity less initial margin of what was held at the last close, at
    this close's marks, with all cash flows) + the net release, as far as that met no Fed call, never below 0. Gains of the day's own lots
    reach it at the next close. Cash flows are netted over the day: what deposits paid into Fed calls or withdrawals took back from them
    is no flow. `account.sma` is that of the last close.
READING 37: interest: for every night up to the next session, the debit settled by that day x the session's rate / 360 (alpaca.md 4.4, the
    standard column, model days included); `finra` 0; carried cash is settled. On a day of mourning a trade settles although the exchange is
    closed. Veterans Day on a Saturday is a settlement day's Friday: banks are open. Borrowing a stock costs nothing here.
READING 38: the net release is summed over all fills since the last close, each date's lots by themselves (today's first, FIFO): a lot opened
    costs its initial rate of its price; closed on the same date it gives that back with its P/L in full, also when a close lay between;
    a carried one releases its initial rate at the sale's price. SMA (as above, before the release) pays a shortfall first. Deposits pay
    into Fed calls from the evening they were measured on; a call is met from its issue day on. Deposits and withdrawals since a
    close are one sum, whatever their order; below zero it first takes back what deposits have paid into unmet calls, newest first, the
    rest comes out of SMA. SMA itself and price gains meet no open call. The
    third call's restriction stands unmarked in the contract's table, so it holds for the bare rule too.
READING 39: maintenance and deposit-cured calls are looked at after every event from their issue on, minimum_equity and intraday_margin at
    closes. What meets an intraday_margin call is summed from the close that measured it: deposits less withdrawals, and for every fill
    the change of the level (in its valuation and basis, commission included) with the symbol marked at the fill's price before and after.
READING 40: a closed minimum_equity call has `ended_on` null; its restriction ends with the regime's last session.
READING 41: a minor deficit (the 5 % is of equity at the worst moment) makes no call at Alpaca; by law it makes one, that is no failure
    for the practice (`practice_failures` 2 by law).
READING 42: restrictions `from` the day after a deadline name the calendar day after it; 90 days end on deadline + 90.
READING 43: cash_available: opening buys up to the cash at session start less all openings and reservations of the day, and no more than
    cash now; no shorts.
READING 44: buying_power_2x: buying power is 2 x the excess of the last close less the sum of all the day's openings, each charged as DTBP is,
    and of what works; closings give nothing back, Reg T does not help, and more is BUYING_POWER whatever `dtbp_check` says. It binds at a
    multiplier of 2 as well, where `bod_dtbp` is 0.
READING 45: a row's `regt_buying_power` is net of the orders that outlive the close (gtc and extended hours).
READING 46: `finra`, flagged but multiplier 2 (under $25,000): its day trades are measured against 4 x the excess, like an unflagged
    account's.
READING 47: a deficit made after the close is the first of the next session's day, in its row, its call and the account's
    `intraday_margin_deficit` (which shows the date's own until then); the 5 % of the minor limit is of equity when it was made. A lift by
    a `flag` event closes an open minimum_equity call and its restriction that day.
Brokerages
READING 48: besides alpaca and finra only what brokerages.md gives as a plain parameter is taken (FIRMS); where a text here says `finra` or
    "the bare law" these firms are meant too. Robinhood's flag of 90 days and its rules under a call, and Interactive Brokers altogether
    (real-time funds in place of day-trading buying power, its own entry check, practice of 4), are left out.
"""

from __future__ import annotations

import bisect
import copy
import datetime as dt
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

EPS = 0.005
NEW_YORK = ZoneInfo("America/New_York")
D = dt.date
MOURNING = {D(2004, 6, 11), D(2007, 1, 2), D(2018, 12, 5), D(2025, 1, 9)}  # no exchange, but the clearing house was open
INTEREST = [  # alpaca.md 4.4, standard accounts
    (D.min, 0.0375),
    (D(2022, 8, 1), 0.055),
    (D(2022, 9, 23), 0.0625),
    (D(2022, 11, 3), 0.07),
    (D(2022, 12, 15), 0.075),
    (D(2023, 2, 2), 0.0775),
    (D(2023, 3, 23), 0.08),
    (D(2023, 5, 4), 0.0825),
    (D(2023, 7, 27), 0.085),
    (D(2024, 9, 19), 0.075),
    (D(2024, 11, 8), 0.0725),
    (D(2024, 12, 19), 0.07),
    (D(2025, 9, 18), 0.0675),
    (D(2025, 10, 30), 0.065),
    (D(2025, 12, 11), 0.0625),
    (D(2026, 9, 1), 0.065),
]
#: What the texts fix for a brokerage, by parameter; all else is the bare law. Only alpaca has house rates and an order book of its own.
FIRMS: dict[str, dict] = {
    "alpaca": {"dtbp_by_requirement": True, "intraday_block": "deficit", "imd_basis": "law"},
    "finra": {},
    "etrade": {"switch_day": "2026-06-09"},
    "robinhood": {"intraday_block": "deficit", "counting_method": "direction"},
    "schwab": {"switch_day": "2026-06-08", "pdt_under_25k": "liquidation_only"},
    "tastytrade": {"counting_method": "direction", "pdt_under_25k": "liquidation_only"},
    "tradier": {"pdt_under_25k": "liquidation_only"},
}
RANK = [
    "INVALID_ORDER",
    "PRICE",
    "TRADING_BLOCKED",
    "LIQUIDATION_ONLY",
    "CLOSING_ONLY",
    "CASH_AVAILABLE",
    "FROZEN_90_DAYS",
    "PDT_RESTRICTED_DAYTRADE",
    "NOT_SHORTABLE",
    "NO_SHORT",
    "QTY",
    "WASH",
    "NON_MARGINABLE_BUYING_POWER",
    "BUYING_POWER",
    "DTBP",
    "PDT_COUNT",
]


# ---------------------------------------------------------------------------------------------------------------- calendar


@lru_cache(maxsize=1)
def _calendar() -> tuple[list[D], dict[D, dt.time]]:
    import exchange_calendars

    with warnings.catch_warnings():  # pandas' own deprecations inside the calendar
        warnings.simplefilter("ignore")
        table = exchange_calendars.get_calendar("XNYS", start="1999-01-04", end="2029-12-31").schedule
        closes = table["close"].dt.tz_convert("America/New_York")
    days = [stamp.date() for stamp in table.index]
    return days, {day: close.time() for day, close in zip(days, closes, strict=True)}


def is_session(day: D) -> bool:
    return day in _calendar()[1]


def session_after(day: D, n: int = 1) -> D:
    """The n-th session after `day` (n negative: before)."""
    days = _calendar()[0]
    return days[bisect.bisect_right(days, day) + n - 1] if n > 0 else days[bisect.bisect_left(days, day) + n]


def session_of(at: dt.datetime) -> D:
    return at.date() if is_session(at.date()) and at.hour < 20 else session_after(at.date())


def scheduled_close(day: D) -> dt.datetime:
    return dt.datetime.combine(day, _calendar()[1][day])


def to_new_york(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at.astimezone(NEW_YORK).replace(tzinfo=None) if at.tzinfo else at


def is_settlement_day(day: D) -> bool:
    columbus = day.month == 10 and day.weekday() == 0 and 8 <= day.day <= 14
    veterans = day.month == 11 and (day.day == 11 or (day.day == 12 and day.weekday() == 0))
    return day in MOURNING or (is_session(day) and not columbus and not veterans)


def settlement_day(trade: D) -> D:
    left = 3 if trade < D(2017, 9, 5) else 2 if trade < D(2024, 5, 28) else 1
    day = trade
    while left:
        day += dt.timedelta(days=1)
        left -= is_settlement_day(day)
    return day


# ---------------------------------------------------------------------------------------------------------------- day trades


def count_direction(start: float, fills: list[float]) -> int:
    """Day trades of one symbol on one day, by direction run (rulebook.md 1.3)."""
    overnight, intraday, phase, same_direction_open, n = start, 0.0, None, False, 0
    for q in fills:
        if overnight * q < 0 and not same_direction_open:
            used = min(abs(q), abs(overnight))
            overnight, q = overnight - _sign(overnight) * used, q - _sign(q) * used
        if intraday * q < 0:
            if phase != "CLOSE":
                n += 1
            phase = "CLOSE"
            used = min(abs(q), abs(intraday))
            intraday, q = intraday - _sign(intraday) * used, q - _sign(q) * used
        if overnight * q < 0:
            used = min(abs(q), abs(overnight))
            overnight, q = overnight - _sign(overnight) * used, q - _sign(q) * used
        if abs(q) > 1e-9:
            intraday += q
            phase = "OPEN"
            if overnight * q > 0:
                same_direction_open = True
        overnight, intraday = _clean(overnight), _clean(intraday)
    return n


def count_openings(start: float, fills: list[tuple[float, object]], lifo: bool = False) -> int:
    """Method A: opening transactions that were liquidated, wholly or partly, the same day. `fills` are (signed qty, transaction)."""
    overnight, lots, touched, same_direction_open = start, [], set(), False
    for q, transaction in fills:
        if overnight * q < 0 and not same_direction_open:
            used = min(abs(q), abs(overnight))
            overnight, q = _clean(overnight - _sign(overnight) * used), _clean(q - _sign(q) * used)
        while q and lots and lots[0][0] * q < 0:
            lot = lots[-1 if lifo else 0]
            used = min(abs(q), abs(lot[0]))
            touched.add(lot[1])
            lot[0], q = _clean(lot[0] - _sign(lot[0]) * used), _clean(q - _sign(q) * used)
            if not lot[0]:
                lots.remove(lot)
        if q and overnight * q < 0:
            used = min(abs(q), abs(overnight))
            overnight, q = _clean(overnight - _sign(overnight) * used), _clean(q - _sign(q) * used)
        if q:
            lots.append([q, transaction])
            same_direction_open = same_direction_open or overnight * q > 0
    return len(touched)


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)


def _clean(x: float) -> float:
    return 0.0 if abs(x) < 1e-9 else x


# ---------------------------------------------------------------------------------------------------------------- records


@dataclass
class Asset:
    leverage: float = 1.0
    marginable: bool = True
    shortable: bool = True
    easy_to_borrow: bool = True
    maintenance: float | None = None


@dataclass
class Order:
    id: str
    symbol: str
    side: int
    qty: float
    type: str = "market"
    limit: float | None = None
    stop: float | None = None
    trail_price: float | None = None
    trail_percent: float | None = None
    cls: str = "simple"
    take_profit: float | None = None
    stop_loss: float | None = None
    gtc: bool = False
    extended: bool = False
    at: dt.datetime | None = None
    after_close: bool = False
    state: str = "new"  # new, working, waiting (an exit not yet started), group (an OCO's head), filled, released, refused
    filled: float = 0.0
    reserved: float = 0.0  # what the whole of `reserved_for` shares reserves
    reserved_for: float = 0.0
    rate: float | None = None  # the initial rate it was accepted at
    day_factor: float | None = None  # what a dollar of it uses of day-trading or intraday buying power, as accepted
    entry: bool = False  # accepted as an opening order
    group: str | None = None  # the id of the bracket, OTO or OCO an exit belongs to
    is_exit: bool = False
    reason: str | None = None
    late_until: D | None = None  # released by this session's close: may still fill on its date

    @property
    def left(self) -> float:
        return _clean(self.qty - self.filled)

    @property
    def unit(self) -> float:
        return self.reserved / self.reserved_for if self.reserved_for else 0.0


@dataclass
class Fill:
    symbol: str
    qty: float  # signed
    price: float
    order: str | None
    at: dt.datetime
    after_close: bool
    commission: float = 0.0
    opened: float = 0.0
    closed: float = 0.0
    opening_rate: float = 0.0  # the initial rate of what it opens, at its price
    closing_rate: float = 0.0  # the initial rate of what it closes, at its price


@dataclass
class Piece:
    """A part of a lot opened in the period looked at, and closed in it or not."""

    symbol: str
    qty: float
    price: float
    opened_at: int
    closed_at: int | None = None
    closing_price: float = 0.0


@dataclass
class Call:
    id: str
    kind: str
    amount: float
    measured: D
    issued: D
    due: D | None
    status: str = "open"
    ended: D | None = None
    received: float = 0.0
    deposited: float = 0.0  # the part of `received` that came by deposits
    at_close: tuple[float, float] = (0.0, 0.0)  # both at the last close
    level: float = 0.0  # end-of-day level of the deficit day
    caused: float = 0.0  # what deposits and transactions had caused until then
    minor: bool = False
    satisfied: D | None = None
    failed: bool = False

    @property
    def is_open(self) -> bool:
        return self.status in ("open", "past_due")


@dataclass
class Restriction:
    kind: str
    start: D
    until: D | None
    why: str
    from_call: bool = True
    listed_only: bool = False  # judged from the flag and last_equity, not from this record


@dataclass
class Day:
    """What is gathered while a session lasts."""

    fills: list[Fill] = field(default_factory=list)
    start: dict[str, float] = field(default_factory=dict)
    start_price: dict[str, float] = field(default_factory=dict)
    start_cash: float = 0.0
    lowest_dtbp: float | None = None
    lowest_level: float | None = None
    deficit: float = 0.0
    deficit_minor: bool = False
    late_deficit: float = 0.0  # made after the close: the next close's
    late_minor: bool = False


# ---------------------------------------------------------------------------------------------------------------- the account


class World:
    def __init__(self, line: dict, bind_calls: bool):
        self.bind_calls = bind_calls
        self.brokerage = line.get("brokerage") or "alpaca"
        if self.brokerage not in FIRMS:
            raise ValueError(f"the oracle knows {', '.join(FIRMS)}, not {self.brokerage}")
        self.alpaca = self.brokerage == "alpaca"
        rules = line.get("rules") or "as_of"
        self.off = rules == "off"
        self.frozen = None if rules in ("as_of", "off") else D.fromisoformat(rules)
        self.pdt_check = line.get("pdt_check") or "exit"
        self.dtbp_check = line.get("dtbp_check") or "entry"
        self.set = {**FIRMS[self.brokerage], **(line.get("set") or {})}
        self.cash_account = line.get("account_type") == "cash"
        self.assets: dict[str, Asset] = {}
        self.cash = float(line["cash"])
        self.pos: dict[str, float] = {}
        self.mark: dict[str, float] = {}
        for item in line.get("positions") or []:
            self.pos[item["symbol"]] = float(item["qty"])
            self.mark[item["symbol"]] = float(item["price"])
        self.orders: dict[str, Order] = {}
        self.session = session_of(to_new_york(line["at"]))
        self.closed = False
        self.flag = bool(line.get("pattern_day_trader"))
        self.flag_in_force = self.flag
        self.carried = [(D.fromisoformat(x["session"]), int(x.get("count", 1))) for x in line.get("daytrades") or []]
        self.counts: dict[D, dict[str, int]] = {}
        self.trades: dict[D, int] = {}
        self.given_last = (line.get("last_equity"), line.get("last_maintenance_margin"))
        self.last_equity = self.last_maintenance = 0.0
        self.rows: list[dict] = []
        self.calls: list[Call] = []
        self.restrictions: list[Restriction] = []
        self.deposits: list[tuple[D, float]] = []
        self.ledger: list[tuple[D, float]] = [(D.min, self.cash)]  # cash by settlement day
        self.decisions: list[dict] = []
        self.contradictions: list[dict] = []
        self.closed_equity = self.closed_maintenance = 0.0
        self.sma = 0.0
        self.close_pos: dict[str, float] = dict(self.pos)  # positions at the last close
        self.since_cash = 0.0  # cash moves since the last close that reach the SMA
        self.flow = self.flow_to_sma = 0.0  # deposits less withdrawals since the last close, and what of it reaches the SMA
        self.caused = 0.0  # deposits less withdrawals and what transactions did to the intraday level, since the start
        self.day = Day(start=dict(self.pos), start_price=dict(self.mark), start_cash=self.cash)
        self.day_before = Day()
        self.ready = False

    def begin(self) -> None:
        """The opening values; called once, after the asset lines that stand before the first dated event."""
        if self.ready:
            return
        self.ready = True
        today, self.session = self.session, session_after(self.session, -1)
        equity, maintenance = self.equity(), self.maintenance()
        self.session = today
        self.last_equity = float(self.given_last[0]) if self.given_last[0] is not None else equity
        self.last_maintenance = float(self.given_last[1]) if self.given_last[1] is not None else maintenance
        self.sma = max(0.0, self.equity() - self.initial_margin())
        self.restrict_flagged(session_after(self.session, -1))
        self.watch()

    # ------------------------------------------------------------------ parameters by day

    @property
    def today(self) -> D:
        return self.frozen or self.session

    @property
    def intraday_regime(self) -> bool:
        switch = self.set.get("switch_day")
        return self.today >= (D.fromisoformat(str(switch)) if switch else D(2026, 6, 4))

    def asset(self, symbol: str) -> Asset:
        return self.assets.get(symbol) or Asset()

    def long_rate(self, symbol: str, price: float) -> float:
        a, day = self.asset(symbol), self.today
        if a.maintenance is not None:
            return a.maintenance
        k = abs(a.leverage)
        rate = 0.25
        if k > 1 and day >= D(2009, 12, 1):
            rate = min(1.0, 0.25 * k)
        if not a.marginable and day >= D(2011, 7, 1):
            rate = 1.0
        if not self.alpaca:
            return rate
        house = 1.0 if price < 2.50 else 0.50 if price <= 6.00 and day >= D(2026, 6, 4) else 0.30
        if k > 1:
            fund = 0.30 * k if day < D(2020, 11, 9) else 1.0 if day < D(2026, 1, 23) else 0.25 * k
            house = max(house, min(1.0, fund))
        return max(rate, house)

    def short_requirement(self, symbol: str, qty: float, price: float) -> float:
        a = self.asset(symbol)
        rate, floor = (1.0, 2.50) if price < 5.00 else (0.30, 5.00)
        if abs(a.leverage) > 1 and self.today >= D(2009, 12, 1):
            rate = max(rate, 0.30 * abs(a.leverage))
        if a.maintenance is not None:
            rate = a.maintenance
        return qty * max(floor, rate * price)

    def requirement(self, positions: dict[str, float], prices: dict[str, float], cash: float, law: bool = False) -> float:
        longs = sum(q * prices[s] for s, q in positions.items() if q > 0)
        total = 0.0
        for symbol, qty in positions.items():
            price = prices[symbol]
            if law:  # 25 %, and the requirement an order is charged by for the rest
                total += abs(qty) * price * self.day_rate(symbol, _sign(qty), price)
                continue
            need = qty * price * self.long_rate(symbol, price) if qty > 0 else self.short_requirement(symbol, -qty, price)
            concentrated = qty > 0 and qty * price >= 0.70 * longs - EPS and -cash >= 100_000 - EPS
            if self.alpaca and concentrated and self.today >= D(2026, 1, 23):
                need = max(need, 0.50 * abs(qty) * price)
            total += need
        return total

    def initial_rate(self, symbol: str, side: int, price: float) -> float:
        """The greatest of Reg T, maintenance and what the house asks, per dollar at `price`."""
        a = self.asset(symbol)
        if side > 0:
            return max(0.5, self.long_rate(symbol, price)) if a.marginable else 1.0
        regt = 0.5 if a.marginable else 1.0
        if self.set.get("initial_covers_short_maintenance", True):
            return max(regt, self.short_requirement(symbol, 1.0, price) / price)
        if a.maintenance is not None:
            return max(regt, a.maintenance)
        return max(regt, 0.30 * abs(a.leverage) if abs(a.leverage) > 1 and self.today >= D(2009, 12, 1) else 0.0)

    def day_rate(self, symbol: str, side: int, price: float) -> float:
        """The requirement d by which an order is charged: 25 % for an ordinary long, the security's own where that is more."""
        a = self.asset(symbol)
        if side < 0:
            own = max(1.0, 2.50 / price) if price < 5.00 else max(0.30, 5.00 / price)
            own *= max(1.0, abs(a.leverage))
            return max(own, a.maintenance) if a.maintenance is not None and a.maintenance > 0.30 else own
        if not a.marginable:
            return 1.0
        rate, base = self.long_rate(symbol, price), 0.30 if self.alpaca else 0.25
        return rate if rate > base + 1e-12 else 0.25

    # ------------------------------------------------------------------ money

    def equity(self) -> float:
        return self.cash + sum(q * self.mark[s] for s, q in self.pos.items())

    def maintenance(self) -> float:
        return self.requirement(self.pos, self.mark, self.cash)

    def initial_margin(self) -> float:
        return sum(abs(q) * self.mark[s] * self.initial_rate(s, _sign(q), self.mark[s]) for s, q in self.pos.items())

    def tested_equity(self) -> float:
        return self.equity() if self.set.get("equity_test") == "current" else self.last_equity

    def multiplier(self) -> int:
        if self.cash_account:
            return 1
        if self.intraday_regime:
            return 4 if self.equity() >= 2000 - EPS else 1
        if self.last_equity < 2000 - EPS:
            return 1
        flagged = self.flag_in_force or self.set.get("multiplier_policy") == "equity"
        return 4 if flagged and self.last_equity >= 25_000 - EPS else 2

    def working(self, without: str | None = None) -> list[Order]:
        return [o for o in self.orders.values() if o.state == "working" and o.left > 0 and o.id != without]

    def openings(self, without: str | None = None) -> list[tuple[Order, float]]:
        """The part of each working order that opens a position."""
        closable = {s: abs(q) for s, q in self.pos.items()}
        out, groups = [], set()
        for o in self.working(without):
            if o.is_exit:
                if o.group not in groups and self.pos.get(o.symbol, 0.0) * o.side < 0:  # else it has nothing to close
                    closable[o.symbol] = max(0.0, closable.get(o.symbol, 0.0) - o.left)
                groups.add(o.group)
                continue
            opposite = self.pos.get(o.symbol, 0.0) * o.side < 0
            if opposite and self.alpaca and not o.entry:
                continue
            used = min(o.left, closable.get(o.symbol, 0.0)) if opposite else 0.0
            if used:
                closable[o.symbol] -= used
            if o.left - used > 1e-9:
                out.append((o, o.left - used))
        return out

    def regt_cost(self, o: Order, value: float) -> float:
        """Reg T buying power that `value` of the order uses, by the price it was valued at."""
        rate = o.rate if o.rate is not None else self.initial_rate(o.symbol, o.side, o.unit)
        return value * rate / 0.5

    def day_cost(self, o: Order, value: float) -> float:
        """Day-trading or intraday buying power that `value` of the order uses, by the price it was valued at."""
        return value * (o.day_factor if o.day_factor is not None else self.day_factor(o.symbol, o.side, o.unit))

    def day_factor(self, symbol: str, side: int, price: float) -> float:
        blocks_deficits = self.intraday_regime and self.block() == "deficit"
        if blocks_deficits or (not self.intraday_regime and self.set.get("dtbp_by_requirement")):
            return self.day_rate(symbol, side, price) / 0.25
        return max(1.0, abs(self.asset(symbol).leverage)) if self.today >= D(2010, 4, 30) else 1.0

    def block(self) -> str:
        """What stops an order in the intraday regime: deficit, buying_power or none."""
        return self.set.get("intraday_block", "buying_power")

    def accept(self, o: Order) -> None:
        """Later marks do not change what an accepted order reserves."""
        o.rate = o.day_factor = 0.0  # a closing order reserves nothing
        if o.unit:
            o.rate, o.day_factor = self.initial_rate(o.symbol, o.side, o.unit), self.day_factor(o.symbol, o.side, o.unit)

    def reserved(self, without: str | None, cost) -> float:
        return sum(cost(o, qty * o.unit) for o, qty in self.openings(without))

    def regt(self, without: str | None = None) -> float:
        return max(0.0, 2 * (self.equity() - self.initial_margin()) - self.reserved(without, self.regt_cost))

    def live_level(self) -> float:
        return self.equity() - self.maintenance()

    def intraday_power(self, without: str | None = None) -> float:
        return max(0.0, 4 * self.live_level() - self.reserved(without, self.day_cost))

    def plain_cash(self, without: str | None = None) -> float:
        return max(0.0, max(0.0, self.cash) - self.reserved(without, lambda o, value: value))

    def non_marginable_power(self, without: str | None = None) -> float:
        return max(0.0, max(0.0, min(self.cash, self.equity())) - self.reserved(without, lambda o, value: value if o.side > 0 else 0.0))

    def bod_dtbp(self) -> float:
        if self.intraday_regime or self.multiplier() != 4:
            return 0.0
        times = 2 if self.restricted("buying_power_2x") else 4
        return max(0.0, times * (self.last_equity - self.last_maintenance))

    def pieces(self, start: dict[str, float], fills: list[Fill]) -> list[Piece]:
        """Lots of the period, today's first, FIFO; carried shares only when those are exhausted."""
        out: list[Piece] = []
        carried = dict(start)
        for i, f in enumerate(fills):
            q = f.qty
            for p in [p for p in out if p.symbol == f.symbol and p.closed_at is None and p.qty * q < 0]:
                if not q:
                    break
                used = min(abs(p.qty), abs(q))
                if abs(p.qty) - used > 1e-9:
                    out.append(Piece(p.symbol, _sign(p.qty) * used, p.price, p.opened_at, i, f.price))
                    p.qty -= _sign(p.qty) * used
                else:
                    p.closed_at, p.closing_price = i, f.price
                q = _clean(q - _sign(q) * used)
            if q * carried.get(f.symbol, 0.0) < 0:
                used = min(abs(q), abs(carried[f.symbol]))
                carried[f.symbol] -= _sign(carried[f.symbol]) * used
                q = _clean(q - _sign(q) * used)
            if q:
                out.append(Piece(f.symbol, q, f.price, i))
        return out

    def dtbp_used(self) -> float:
        lots = self.pieces(self.day.start, self.day.fills)
        if not self.restricted("buying_power_2x"):
            lots = [p for p in lots if p.closed_at is None]
        return sum(self.day_factor(p.symbol, _sign(p.qty), p.price) * abs(p.qty) * p.price for p in lots)

    def dtbp(self, without: str | None = None) -> float:
        return max(0.0, self.bod_dtbp() - self.dtbp_used() - self.reserved(without, self.day_cost))

    def power_2x(self, without: str | None = None) -> float:
        """Under `buying_power_2x`: twice the excess less all that was opened today and what works."""
        excess = max(0.0, self.last_equity - self.last_maintenance)
        return max(0.0, 2 * excess - self.dtbp_used() - self.reserved(without, self.day_cost))

    def peak_exposure(self, fills: list[Fill], pending: list[Order] = ()) -> float:
        """The most that lots closed the same day cost while open together; resting exits of `pending` are taken as filled last."""
        lots = self.pieces(self.day.start, fills)
        end = len(fills)
        closing: dict[tuple[str, int], float] = {}
        seen = set()
        for o in pending:
            position = self.pos.get(o.symbol, 0.0)
            beyond = 0.0
            if o.is_exit or position * o.side < 0:
                if not o.is_exit and (o.entry or not self.alpaca):  # through zero: the rest opens
                    beyond = max(0.0, o.left - abs(position) + self.held_by_exits(o, pending))  # what exits will close, it cannot
                if o.group is None or o.group not in seen:
                    closing[(o.symbol, o.side)] = closing.get((o.symbol, o.side), 0.0) + o.left - beyond
                seen.add(o.group)
            else:
                beyond = o.left
            if beyond:
                lots.append(Piece(o.symbol, o.side * beyond, o.unit, end))
        traded = [p for p in lots if p.closed_at is not None]
        for p in sorted((p for p in lots if p.closed_at is None), key=lambda p: p.opened_at):
            key = (p.symbol, -_sign(p.qty))
            used = min(abs(p.qty), closing.get(key, 0.0))
            if used > 1e-9:
                closing[key] -= used
                traded.append(Piece(p.symbol, _sign(p.qty) * used, p.price, p.opened_at, end + 1))

        def cost(p: Piece) -> float:
            return self.day_factor(p.symbol, _sign(p.qty), p.price) * abs(p.qty) * p.price

        return max((sum(cost(p) for p in traded if p.opened_at <= t < p.closed_at) for t in range(end + 1)), default=0.0)

    def held_by_exits(self, o: Order, pending: list[Order]) -> float:
        """Shares of the position that resting exits on the side of `o` are to close, each group once."""
        groups = {x.group: x.left for x in pending if x.is_exit and x.state == "working" and x.symbol == o.symbol and x.side == o.side}
        return sum(groups.values())

    def buying_power(self, without: str | None = None) -> float:
        if self.multiplier() == 1:
            return self.plain_cash(without)
        if self.intraday_regime and self.block() == "deficit":
            return self.intraday_power(without)
        if self.intraday_regime:
            return max(self.regt(without), self.intraday_power(without))
        if self.restricted("buying_power_2x"):
            return self.power_2x(without)
        return max(self.regt(without), self.dtbp(without))

    # ------------------------------------------------------------------ day trades

    def method(self) -> str:
        if self.intraday_regime:
            return "direction"  # a parameter of the old regime
        if self.set.get("counting_method"):
            return self.set["counting_method"]
        return "opening_fifo" if not self.alpaca and self.today < D(2021, 3, 24) else "direction"

    def count_symbol(self, symbol: str, extra: list[tuple[float, object]] = ()) -> int:
        fills = [(f.qty, f.order or ("alone", i)) for i, f in enumerate(self.day.fills) if f.symbol == symbol] + list(extra)
        start = self.day.start.get(symbol, 0.0)
        if self.method() == "direction":
            return count_direction(start, [q for q, _ in fills])
        return count_openings(start, fills, lifo=self.method() == "opening_lifo")

    def today_counts(self) -> dict[str, int]:
        symbols = dict.fromkeys(f.symbol for f in self.day.fills)
        return {s: n for s in symbols if (n := self.count_symbol(s))}

    def window(self) -> list[D]:
        return [session_after(self.session, -i) for i in (4, 3, 2, 1)] + [self.session]

    def daytrade_count(self) -> int:
        window = self.window()
        past = sum(sum(self.counts.get(day, {}).values()) for day in window[:-1])
        return past + sum(n for day, n in self.carried if day in window) + sum(self.today_counts().values())

    def pending(self, without: str | None = None) -> list[Order]:
        """Open orders and exits that wait for their entry; `without` leaves an order and its exits out."""
        out = []
        for o in self.orders.values():
            if o.state not in ("working", "waiting") or o.left <= 0 or (without in (o.id, o.group) and without is not None):
                continue
            out.append(o)
        return out

    def potential(self, pending: list[Order]) -> int:
        """Day trades that pending orders could add today, at most one per symbol."""
        total = 0
        if self.set.get("count_unfillable_pending") is False:
            pending = [o for o in pending if o.extended or not o.after_close]
        for symbol in dict.fromkeys(o.symbol for o in pending):
            sides: dict[int, list] = {1: [], -1: []}
            groups = set()
            for o in pending:
                if o.symbol != symbol or (o.is_exit and o.group in groups):
                    continue
                if o.is_exit:
                    groups.add(o.group)
                sides[o.side].append((o.side * o.left, ("pending", o.id)))
            base = self.count_symbol(symbol)
            worst = max(self.count_symbol(symbol, sides[1] + sides[-1]), self.count_symbol(symbol, sides[-1] + sides[1]))
            total += min(1, max(0, worst - base))
        return total

    # ------------------------------------------------------------------ restrictions

    def restricted(self, kind: str) -> bool:
        """Whether a restriction that is not read from the flag binds now."""
        lifted = self.lifted()
        return not self.off and any(
            r.kind == kind
            and r.start <= self.session
            and (r.until is None or self.session <= r.until)
            and (self.bind_calls or not r.from_call)
            and not r.listed_only
            and r.why not in lifted
            for r in self.restrictions
        )

    def lifted(self) -> set[str]:
        """Calls already met free the account at once."""
        return {c.id for c in self.calls if c.satisfied is not None and c.kind != "fed"}

    def flagged_below(self) -> bool:
        return not self.intraday_regime and not self.cash_account and self.flag_in_force and self.last_equity < 25_000 - EPS

    def under_25k(self) -> str:
        later = not self.alpaca or self.today >= D(2025, 1, 1)
        return self.set.get("pdt_under_25k") or ("no_day_trades" if later else "liquidation_only")

    def restrict_flagged(self, last: D) -> None:
        """List the restriction of a flagged account under $25,000 while it lasts; `last` is the last day of one that ends now."""
        wanted = self.under_25k() if self.flagged_below() and not self.off else None
        running = [r for r in self.restrictions if r.listed_only and r.until is None]
        for r in running:
            if r.kind != wanted:
                r.until = last
        if wanted and not any(r.kind == wanted for r in running):
            calls = [c.id for c in self.calls if c.kind == "minimum_equity" and c.is_open]
            self.restrictions.append(
                Restriction(wanted, self.session, None, calls[-1] if calls else "flagged", from_call=False, listed_only=True)
            )

    # ------------------------------------------------------------------ judging an order

    def make(self, e: dict) -> Order:
        return Order(
            id=str(e["id"]),
            symbol=e["symbol"],
            side=1 if e["side"] == "buy" else -1,
            qty=float(e["qty"]),
            type=e.get("type") or "market",
            limit=e.get("limit_price"),
            stop=e.get("stop_price"),
            trail_price=e.get("trail_price"),
            trail_percent=e.get("trail_percent"),
            cls=e.get("order_class") or "simple",
            take_profit=e.get("take_profit"),
            stop_loss=e.get("stop_loss"),
            gtc=e.get("time_in_force") == "gtc",
            extended=bool(e.get("extended_hours")),
            at=to_new_york(e["at"]),
            after_close=self.closed,
        )

    def exits_of(self, o: Order) -> list[Order]:
        if o.cls == "simple":
            return []
        side = o.side if o.cls == "oco" else -o.side
        common = {
            "symbol": o.symbol,
            "side": side,
            "qty": o.qty,
            "gtc": o.gtc,
            "at": o.at,
            "after_close": o.after_close,
            "extended": o.extended,
        }
        state = "working" if o.cls == "oco" else "waiting"
        exits = []
        if o.take_profit is not None:
            exits.append(
                Order(id=o.id + ".tp", type="limit", limit=o.take_profit, group=o.id, is_exit=True, cls=o.cls, state=state, **common)
            )
        if o.stop_loss is not None:
            exits.append(Order(id=o.id + ".sl", type="stop", stop=o.stop_loss, group=o.id, is_exit=True, cls=o.cls, state=state, **common))
        return exits

    def unit_value(self, o: Order) -> float:
        last = self.mark.get(o.symbol)
        stop = o.stop
        if o.type == "trailing_stop" and last is not None:
            move = o.trail_price if o.trail_price is not None else last * (o.trail_percent or 0.0) / 100
            stop = last + o.side * move
        if not self.alpaca and o.side < 0 and last is not None:
            price = max(o.limit or 0.0, last)
        elif not self.alpaca:
            price = o.limit if o.limit is not None else stop if stop is not None else last
        elif o.side < 0:
            price = max(o.limit or 0.0, 1.03 * last) if last is not None else (o.limit or stop)
        elif o.limit is not None:
            price = o.limit
        else:
            base = stop if stop is not None else last
            collar = stop is not None or self.today < D(2026, 1, 23)
            price = None if base is None else base * (1.0 if not collar else 1.04 if base < 50 else 1.025)
        if price is None:
            raise ValueError(f"order {o.id}: {o.symbol} has no price yet")
        return price

    def opening_part(self, o: Order, without: str | None) -> float:
        if o.cls == "oco" or o.is_exit:
            return 0.0
        position = self.pos.get(o.symbol, 0.0)
        if position * o.side >= 0:
            return o.left
        return 0.0 if self.alpaca else max(0.0, o.left - self.available(o, without))

    def held(self, o: Order, without: str | None) -> float:
        total, groups = 0.0, {}
        for other in self.working(without):
            if other.symbol == o.symbol and other.side == o.side and (o.group is None or other.group != o.group):
                if other.is_exit:
                    groups[other.group] = max(groups.get(other.group, 0.0), other.left)
                else:
                    total += other.left
        return total + sum(groups.values())

    def available(self, o: Order, without: str | None) -> float:
        return max(0.0, abs(self.pos.get(o.symbol, 0.0)) - self.held(o, without))

    def reserve(self, o: Order, without: str | None) -> float:
        """Value the order; its opening part."""
        opening = self.opening_part(o, without)
        o.reserved_for, o.reserved = o.left, (self.unit_value(o) * o.left if opening else 0.0)
        return opening

    def judge(self, o: Order, without: str | None = None) -> tuple[list[str], dict]:
        """All reasons to refuse `o` now, ranked, and facts for the day-trade count. `without`: the order being replaced."""
        if self.off:
            self.reserve(o, without)
            return [], {}
        bad: set[str] = set()
        facts: dict = {}
        opening = self.reserve(o, without)
        value = self.unit_value(o) * opening if opening else 0.0
        if self.alpaca and self.bad_price(o):
            bad.add("PRICE")
        if self.alpaca and self.bad_shape(o, opening):
            bad.add("INVALID_ORDER")
        bad |= self.judge_restrictions(o, opening, value, without)
        if opening and o.side < 0:
            a = self.asset(o.symbol)
            if not a.shortable or (self.alpaca and not a.easy_to_borrow):
                bad.add("NOT_SHORTABLE")
            equity = self.equity() if self.intraday_regime else self.last_equity
            if equity < 2000 - EPS or self.cash_account:
                bad.add("NO_SHORT")
        if self.alpaca:
            bad |= self.judge_book(o, without)
        elif o.cls == "oco" and self.pos.get(o.symbol, 0.0) * o.side >= 0:
            bad.add("QTY")
        if opening:
            bad |= self.judge_money(o, value, without)
        if not self.intraday_regime and not self.cash_account:
            self.judge_day_trading(o, opening, without, bad, facts)
        return [r for r in RANK if r in bad], facts

    def bad_shape(self, o: Order, opening: float) -> bool:
        """alpaca.md 2.5, the rows marked there."""
        if o.cls in ("bracket", "oto") and not o.is_exit and self.pos.get(o.symbol, 0.0) * o.side < 0:
            return True
        if o.extended and (o.type != "limit" or o.cls != "simple"):
            return True
        return fractional(o.qty) and (o.gtc or o.cls != "simple" or (o.side < 0 and opening > 0))

    def bad_price(self, o: Order) -> bool:
        prices = [p for p in (o.limit, o.stop, o.take_profit, o.stop_loss) if p is not None]
        if any(abs(p * 10 ** (2 if p >= 1 else 4) - round(p * 10 ** (2 if p >= 1 else 4))) > 1e-6 for p in prices):
            return True
        last = self.mark.get(o.symbol)
        stop = o.stop if o.type in ("stop", "stop_limit") else o.stop_loss if o.cls == "oco" else None
        return last is not None and stop is not None and (stop <= last if o.side > 0 else stop >= last)

    def judge_restrictions(self, o: Order, opening: float, value: float, without: str | None) -> set[str]:
        bad = set()
        if opening:
            if self.restricted("liquidation_only") or (self.flagged_below() and self.under_25k() == "liquidation_only"):
                bad.add("LIQUIDATION_ONLY")
            if self.restricted("closing_only"):
                bad.add("CLOSING_ONLY")
            if self.restricted("cash_available"):
                opened = sum(f.opened * f.price for f in self.day.fills)
                room = min(max(0.0, self.day.start_cash) - opened, self.cash) - self.reserved(without, lambda _, v: v)
                if o.side < 0 or value > room + EPS:
                    bad.add("CASH_AVAILABLE")
            if self.restricted("ninety_day_freeze") and (o.side < 0 or value > self.plain_cash(without) + EPS):
                bad.add("FROZEN_90_DAYS")
        if self.flagged_below() and self.under_25k() == "no_day_trades":
            before = self.pending(without)
            if self.potential(before + self.as_pending(o)) > self.potential(before):
                bad.add("PDT_RESTRICTED_DAYTRADE")
        return bad

    def as_pending(self, o: Order) -> list[Order]:
        return self.exits_of(o) if o.cls == "oco" and not o.is_exit else [o, *self.exits_of(o)]

    def judge_book(self, o: Order, without: str | None) -> set[str]:
        position = self.pos.get(o.symbol, 0.0)
        opposite = [x for x in self.working(without) if x.symbol == o.symbol and x.side != o.side]
        wash = not exempt(o) and any(not exempt(x) and collide(o, x) for x in opposite)
        if position * o.side < 0 or o.cls == "oco":
            short_of = o.left > (self.available(o, without) if position * o.side < 0 else 0.0) + 1e-9
            return ({"QTY"} if short_of else set()) | ({"WASH"} if wash else set())
        if wash:
            return {"WASH"}
        return {"QTY"} if position == 0 and any(not x.is_exit for x in opposite) else set()

    def judge_money(self, o: Order, value: float, without: str | None) -> set[str]:
        bad = set()
        from_cash = o.side > 0 and not self.asset(o.symbol).marginable
        if from_cash and value > self.non_marginable_power(without) + EPS:
            bad.add("NON_MARGINABLE_BUYING_POWER")
        if self.multiplier() == 1:
            if not from_cash and value > self.plain_cash(without) + EPS:
                bad.add("BUYING_POWER")
            return bad
        charge = self.day_cost(o, value)
        fits_regt = from_cash or self.regt_cost(o, value) <= self.regt(without) + EPS
        if self.intraday_regime:
            if self.block() == "none":
                return bad
            fits = charge <= self.intraday_power(without) + EPS
            if self.block() != "deficit":
                fits = fits or fits_regt
        elif self.restricted("buying_power_2x"):
            fits = charge <= self.power_2x(without) + EPS
        elif self.multiplier() == 4:
            fits_dtbp = charge <= self.dtbp(without) + EPS
            fits = fits_regt or fits_dtbp
            if not fits_dtbp and self.dtbp_check in ("entry", "both"):
                bad.add("DTBP")
        else:
            fits = fits_regt
        if not fits:
            bad.add("BUYING_POWER")
        return bad

    def judge_day_trading(self, o: Order, opening: float, without: str | None, bad: set[str], facts: dict) -> None:
        before = self.pending(without)
        after = before + self.as_pending(o)
        if self.multiplier() == 4 and self.dtbp_check in ("exit", "both"):
            bod = self.bod_dtbp()
            old, new = (max(0.0, self.peak_exposure(self.day.fills, x) - bod) for x in (before, after))
            if new > old + EPS:
                bad.add("DTBP")
        if not self.alpaca or self.tested_equity() >= 25_000 - EPS:
            return
        executed, potential, worst = self.daytrade_count(), self.potential(before), self.potential(after)
        facts.update(last_equity=round(self.last_equity, 2), daytrade_count=executed, potential=worst, required=25_000.0)
        if self.pdt_check in ("exit", "both") and executed + worst > 3 and worst > potential:
            bad.add("PDT_COUNT")
        elif self.pdt_check in ("entry", "both") and opening and executed + potential >= 3:
            bad.add("PDT_COUNT")
            facts["potential"] = potential

    def would_pass(self, o: Order, reasons: list[str], without: str | None) -> dict:
        """Brute force: bisect the quantity, walk the sessions."""
        step = 1e-6 if fractional(o.qty) else 1.0
        low, high = 0, round(o.left / step)  # low passes (nothing at all), high does not
        if fractional(o.qty) and "INVALID_ORDER" in reasons:  # refused for its fraction: whole shares may pass
            step, high = 1.0, int(o.left + 1e-9) + 1
        while high - low > 1:
            middle = (low + high) // 2
            trial = copy.copy(o)
            trial.qty = o.filled + middle * step
            if self.judge(trial, without)[0]:
                high = middle
            else:
                low = middle
        return {"qty": round(low * step, 6), "on": self.passes_on(o, reasons, without)}

    def passes_on(self, o: Order, reasons: list[str], without: str | None) -> str | None:
        if {"BUYING_POWER", "NON_MARGINABLE_BUYING_POWER", "CASH_AVAILABLE", "PRICE", "INVALID_ORDER"} & set(reasons):
            return None
        if "DTBP" in reasons and self.opening_part(o, without):
            return None
        later = copy.deepcopy(self)
        targets = {session_after(self.session, i) for i in range(1, 9)}
        while targets:
            day = min(targets)
            later.go_to(day)
            if not later.judge(copy.copy(o), without)[0]:
                return day.isoformat()
            targets |= {session_after(r.until) for r in later.restrictions if r.until and day <= r.until and r.until.year < 2029}
            targets.discard(day)
        return None

    # ------------------------------------------------------------------ events

    def on_order(self, e: dict) -> None:
        o = self.make(e)
        if o.id in self.orders:
            raise ValueError(f"order id {o.id} is used twice")
        if (o.type in ("limit", "stop_limit") and o.limit is None and o.cls != "oco") or (
            o.type in ("stop", "stop_limit") and o.stop is None
        ):
            raise ValueError(f"order {o.id}: a {o.type} order without its price")
        reasons, facts = self.judge(o)
        self.decide(e, o, reasons, facts, None)
        self.accept(o)
        o.entry = self.opening_part(o, None) > 0
        self.orders[o.id] = o
        o.state = "refused" if reasons else "group" if o.cls == "oco" else "working"
        o.reason = reasons[0] if reasons else None
        for x in self.exits_of(o):
            x.state = "refused" if reasons else x.state
            x.reason = o.reason
            self.orders[x.id] = x

    def decide(self, e: dict, o: Order, reasons: list[str], facts: dict, without: str | None) -> None:
        qty = o.qty if o.qty != int(o.qty) else int(o.qty)
        self.decisions.append(
            {
                "order": o.id,
                "at": e["at"],
                "symbol": o.symbol,
                "side": "buy" if o.side > 0 else "sell",
                "qty": qty,
                "accepted": not reasons,
                "reason": reasons[0] if reasons else None,
                "also": reasons[1:],
                "facts": facts if "PDT_COUNT" in reasons else None,
                "would_pass": self.would_pass(o, reasons, without) if reasons else None,
            }
        )

    def on_replace(self, e: dict) -> None:
        old = self.known(e["order"])
        if old.state not in ("working", "waiting"):
            raise ValueError(f"order {old.id} is not working")
        new = copy.copy(old)
        new.qty = float(e.get("qty", old.qty))
        new.limit = e.get("limit_price", old.limit)
        new.stop = e.get("stop_price", old.stop)
        new.rate = new.day_factor = None
        reasons, facts = self.judge(new, without=old.id)
        self.decide(e, new, reasons, facts, old.id)
        if not reasons:
            self.accept(new)
            new.entry = self.opening_part(new, old.id) > 0
            self.orders[old.id] = new
            for x in self.orders.values():
                if x.group == new.id and x.state == "waiting":
                    x.qty = new.qty

    def known(self, order_id) -> Order:
        if str(order_id) not in self.orders:
            raise ValueError(f"no order {order_id}")
        return self.orders[str(order_id)]

    def on_cancel(self, e: dict) -> None:
        o = self.known(e["order"])
        if o.state == "refused":
            raise ValueError(f"order {o.id} was refused")
        self.release(o)

    def release(self, o: Order) -> None:
        if o.state in ("working", "waiting", "group"):
            o.state = "released"
        if not o.is_exit:
            for x in self.orders.values():
                if x.group == o.id and x.state in ("working", "waiting"):
                    x.state = "released"

    def on_fill(self, e: dict) -> None:
        o = self.known(e["order"]) if e.get("order") is not None else None
        symbol, side = (o.symbol, o.side) if o else (e["symbol"], 1 if e["side"] == "buy" else -1)
        qty = float(e["qty"]) if e.get("qty") is not None else (o.left if o else 0.0)
        if o:
            late = o.state == "released" and o.late_until == self.session
            if (o.state in ("released", "group", "filled") and not late) or qty > o.left + 1e-9:
                raise ValueError(f"order {o.id}: a fill of more than is left")
            if o.reason:
                self.contradictions.append({"order": o.id, "at": e["at"], "reason": o.reason})
        price, commission = float(e["price"]), float(e.get("commission") or 0.0)
        before_position, before_count = self.pos.get(symbol, 0.0), self.daytrade_count()
        self.mark[symbol] = price
        level_before = self.margin_level()
        closed = min(qty, abs(before_position)) if before_position * side < 0 else 0.0
        f = Fill(symbol, side * qty, price, o.id if o else None, to_new_york(e["at"]), self.closed, commission, qty - closed, closed)
        f.opening_rate, f.closing_rate = self.initial_rate(symbol, side, price), self.initial_rate(symbol, -side, price)
        self.day.fills.append(f)
        cash = -f.qty * price - commission
        self.cash += cash
        self.ledger.append((settlement_day(self.session), cash))
        self.since_cash -= commission
        self.pos[symbol] = _clean(before_position + f.qty)
        if not self.pos[symbol]:
            del self.pos[symbol]
        self.caused += self.margin_level() - level_before
        if o:
            self.after_fill(o, qty)
        self.note_deficit(level_before, f.opened > 1e-9)
        six_times = self.alpaca and not self.off and abs(self.pos.get(symbol, 0.0)) * price > max(0.0, 6 * self.equity()) + EPS
        if six_times and not any(r.why == "600" for r in self.restrictions):
            self.restrictions.append(Restriction("closing_only", self.session, None, "600", from_call=False))
        count = self.daytrade_count()
        exempt_by_ratio = self.set.get("six_percent_clause", not self.alpaca) and count <= 0.06 * self.total_trades() + 1e-9
        if not self.intraday_regime and not self.cash_account and count > before_count and count >= 4 and not exempt_by_ratio:
            self.flag = True

    def total_trades(self) -> int:
        window = self.window()
        today = len({f.order or ("alone", i) for i, f in enumerate(self.day.fills)})
        carried = sum(2 * n for day, n in self.carried if day in window)
        return today + carried + sum(self.trades.get(day, 0) for day in window[:-1])

    def after_fill(self, o: Order, qty: float) -> None:
        o.filled += qty
        done = o.left <= 0
        if done:
            o.state = "filled"
        for x in self.orders.values():
            if o.is_exit and x.group == o.group and x is not o and (x.state in ("working", "waiting") or x.late_until):
                if done:
                    x.state, x.late_until = "released", None
                else:
                    x.qty = _clean(x.qty - qty)
            elif x.group == o.id and done and x.state in ("waiting", "refused") and not o.is_exit:
                x.state, x.reason = "working", None

    def margin_level(self) -> float:
        """The level that deficits are measured on, by basis and valuation."""
        law = self.set.get("imd_basis") == "law"
        if self.set.get("imd_valuation") != "cost":
            return self.equity() - self.requirement(self.pos, self.mark, self.cash, law)
        value, prices = self.cash, {}
        lots = [p for p in self.pieces(self.day.start, self.day.fills) if p.closed_at is None]
        for symbol, qty in self.pos.items():
            mine = [p for p in lots if p.symbol == symbol]
            old = qty - sum(p.qty for p in mine)
            worth = sum(p.qty * p.price for p in mine) + old * self.day.start_price.get(symbol, self.mark[symbol])
            prices[symbol] = worth / qty
            value += worth
        return value - self.requirement(self.pos, prices, self.cash, law)

    def note_deficit(self, before: float, reducing: bool) -> None:
        if not self.intraday_regime or self.cash_account:
            return
        level = self.margin_level()
        if self.set.get("imd_valuation") == "cost":
            reducing = level < before - 1e-9
        minor = -level <= min(1000.0, 0.05 * max(0.0, self.equity())) + EPS
        if reducing and level < -EPS and not self.closed and -level > self.day.deficit:
            self.day.deficit, self.day.deficit_minor = -level, minor
        if reducing and level < -EPS and self.closed and -level > self.day.late_deficit:
            self.day.late_deficit, self.day.late_minor = -level, minor

    def on_cash(self, e: dict) -> None:
        amount, kind = float(e["amount"]), e["event"]
        if kind == "withdraw":
            ok = self.may_withdraw(amount)
            limit = amount
            if not ok:
                low, high = 0, round(amount * 100)
                while high - low > 1:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self.may_withdraw(middle / 100) else (low, middle)
                limit = low / 100
            self.decisions.append(
                {
                    "order": None,
                    "at": e["at"],
                    "symbol": None,
                    "side": "withdraw",
                    "qty": e["amount"],
                    "accepted": ok,
                    "reason": None if ok else "WITHDRAWAL",
                    "also": [],
                    "facts": None,
                    "would_pass": None if ok else {"qty": limit, "on": None},
                }
            )
            if not ok:
                return
            amount = -amount
        level = self.margin_level()
        self.cash += amount
        self.ledger.append((self.session, amount))
        if kind in ("deposit", "withdraw"):
            self.flow += amount
            self.net_flow()
        else:
            self.since_cash += amount
        if kind in ("deposit", "withdraw"):
            self.caused += amount
        if kind == "deposit":
            open_kinds = {c.kind for c in self.calls if c.is_open and c.issued <= self.session}
            if not self.intraday_regime and (
                (self.flag and self.last_equity < 25_000 - EPS) or open_kinds & {"day_trade", "minimum_equity"}
            ):
                self.deposits.append((self.session, amount))
            for c in self.calls:
                if c.kind == "day_trade" and c.satisfied is None and self.session >= c.issued:
                    c.received += amount
        if kind == "withdraw":  # reading 24, also at cost
            self.note_deficit(level, True)

    def may_withdraw(self, amount: float) -> bool:
        if self.off:
            return True
        cash, equity = self.cash - amount, self.equity() - amount
        held = sum(x for day, x in self.deposits if self.session <= session_after(day, 2)) if not self.intraday_regime else 0.0
        need = max(0.0, self.requirement(self.pos, self.mark, cash) + held)
        if cash < -EPS or any(q < 0 for q in self.pos.values()):
            need = max(need, 2000.0)
        return equity >= need - EPS

    def on_split(self, e: dict) -> None:
        symbol, ratio = e["symbol"], float(e["ratio"])
        for book in (self.pos, self.day.start, self.day_before.start, self.close_pos):
            if symbol in book:
                book[symbol] *= ratio
        for book in (self.mark, self.day.start_price):
            if symbol in book:
                book[symbol] /= ratio
        for f in self.day.fills + self.day_before.fills:
            if f.symbol == symbol:
                f.qty, f.price, f.opened, f.closed = f.qty * ratio, f.price / ratio, f.opened * ratio, f.closed * ratio

    def on_flag(self, e: dict) -> None:
        self.flag = self.flag_in_force = bool(e["pattern_day_trader"])
        for c in self.calls:
            if c.kind == "minimum_equity" and c.is_open and not self.flag:
                c.status = "closed"
        self.restrict_flagged(self.session)

    def handle(self, e: dict) -> None:
        kind = e["event"]
        if kind == "asset":
            keys = ("leverage", "marginable", "shortable", "easy_to_borrow", "maintenance")
            self.assets[e["symbol"]] = Asset(**{k: e[k] for k in keys if e.get(k) is not None})
            return
        self.begin()
        at = event_time(e)
        day = event_session(e)
        if day < self.session:
            raise ValueError(f"time goes backwards at {at}")
        self.go_to(day)
        if kind == "price":
            if self.mark.get(e["symbol"]) == float(e["price"]):
                return  # the same price again is no event (settled 9)
            self.mark[e["symbol"]] = float(e["price"])
        elif kind == "order":
            self.on_order(e)
        elif kind == "replace":
            self.on_replace(e)
        elif kind in ("cancel", "expire"):
            self.on_cancel(e)
        elif kind == "fill":
            self.on_fill(e)
        elif kind == "close":
            self.mark.update({s: float(p) for s, p in (e.get("prices") or {}).items()})
            self.watch()
            self.close()
        elif kind in ("deposit", "withdraw", "interest", "fee", "dividend"):
            self.on_cash(e)
        elif kind == "split":
            self.on_split(e)
        elif kind == "flag":
            self.on_flag(e)
        else:
            raise ValueError(f"unknown event {kind}")
        self.meet_at_once()
        self.watch()

    def watch(self) -> None:
        """The day's lowest values."""
        if self.intraday_regime:
            level = self.margin_level()
            self.day.lowest_level = level if self.day.lowest_level is None else min(level, self.day.lowest_level)
        elif not self.closed:
            left = self.dtbp()
            self.day.lowest_dtbp = left if self.day.lowest_dtbp is None else min(left, self.day.lowest_dtbp)

    # ------------------------------------------------------------------ closing a session, opening the next

    def go_to(self, day: D) -> None:
        while self.session < day:
            if not self.closed:
                self.watch()
                self.close()
            self.roll()

    def close(self) -> None:
        if self.closed:
            raise ValueError(f"{self.session} is closed twice")
        equity, maintenance, initial = self.equity(), self.maintenance(), self.initial_margin()
        self.closed_equity, self.closed_maintenance = equity, maintenance
        fed = self.net_the_day()
        self.measure_calls(fed)
        self.since_cash, self.close_pos = 0.0, dict(self.pos)
        self.flow = self.flow_to_sma = 0.0
        for c in self.calls:
            c.at_close = (c.received, c.deposited)
        old = not self.intraday_regime
        self.rows.append(
            {
                "session": self.session.isoformat(),
                "equity": equity,
                "maintenance_margin": maintenance,
                "initial_margin": initial,
                "multiplier": self.multiplier(),
                "bod_dtbp": self.bod_dtbp() if old else None,
                "lowest_daytrading_buying_power": self.day.lowest_dtbp if old else None,
                "regt_buying_power": 0.0,
                "sma": self.sma,
                "lowest_intraday_margin_level": self.day.lowest_level,
                "intraday_margin_deficit": self.day.deficit,
                "interest": self.interest(),
            }
        )
        working = self.working()
        for o in list(self.orders.values()):
            if o.state in ("working", "waiting", "group") and not o.gtc and not o.extended:
                self.release(o)
        for o in working:
            if o.state == "released":
                o.late_until = self.session
        self.rows[-1]["regt_buying_power"] = self.regt()
        self.closed = True
        self.finish_row()

    def finish_row(self) -> None:
        """What fills after the close still change in the row."""
        if not self.rows or self.rows[-1]["session"] != self.session.isoformat():
            return
        row, old = self.rows[-1], not self.intraday_regime
        row["daytrade_count"] = self.daytrade_count() if old else None
        row["pattern_day_trader"] = self.flag if old else None
        row["lowest_intraday_margin_level"] = self.day.lowest_level

    def roll(self) -> None:
        self.finish_row()
        self.counts[self.session] = self.today_counts()
        self.trades[self.session] = len({f.order or ("alone", i) for i, f in enumerate(self.day.fills)})
        for o in list(self.orders.values()):
            if o.state in ("working", "waiting", "group") and not o.gtc and o.extended:
                self.release(o)
        self.last_equity, self.last_maintenance = self.closed_equity, self.closed_maintenance
        was_old = not self.intraday_regime
        self.session, self.closed = session_after(self.session), False
        self.flag_in_force = self.flag
        self.day_before, self.day = self.day, Day(start=dict(self.pos), start_price=dict(self.mark), start_cash=self.cash)
        self.day.deficit, self.day.deficit_minor = self.day_before.late_deficit, self.day_before.late_minor
        if was_old and self.intraday_regime:
            for c in self.calls:
                if c.kind == "minimum_equity" and c.is_open:
                    c.status = "closed"
        self.restrict_flagged(session_after(self.session, -1))

    def interest(self) -> float:
        if not self.alpaca:
            return 0.0
        rate = [r for day, r in INTEREST if day <= self.today][-1]
        total, night = 0.0, self.session
        while night < session_after(self.session):
            settled = sum(x for day, x in self.ledger if day <= night)
            total += max(0.0, -settled) * rate / 360
            night += dt.timedelta(days=1)
        return total

    # ------------------------------------------------------------------ calls

    def net_the_day(self) -> float:
        """Combine the session's transactions; what is released meets Fed calls, then credits SMA. The shortfall that SMA does not pay."""
        available = max(0.0, self.sma + self.since_cash, self.excess_without_trades())
        release = self.net_release()
        if release > 0:
            self.sma = available + self.pay_fed(release)
            return 0.0
        self.sma = max(0.0, available + release)
        return max(0.0, -release - available)

    def net_release(self) -> float:
        """R of all fills since the last close; those after it on its date are told apart by that date's own lots."""
        total = 0.0
        for day in (self.day_before, self.day):
            lots = self.pieces(day.start, day.fills)
            for i, f in enumerate(day.fills):
                if day is self.day_before and not f.after_close:
                    continue
                carried = f.closed
                for p in lots:
                    cost = abs(p.qty) * p.price * day.fills[p.opened_at].opening_rate
                    if p.opened_at == i:
                        total -= cost
                    if p.closed_at == i:
                        total += cost + p.qty * (p.closing_price - p.price)
                        carried -= abs(p.qty)
                total += _clean(carried) * f.price * f.closing_rate
        return total

    def excess_without_trades(self) -> float:
        """Equity less initial margin at the close's marks, had nothing been traded since the last close."""
        fills = [f for f in self.day_before.fills if f.after_close] + self.day.fills
        excess = self.cash + sum(f.qty * f.price for f in fills)
        for symbol, qty in self.close_pos.items():
            mark = self.mark[symbol]
            excess += qty * mark - abs(qty) * mark * self.initial_rate(symbol, _sign(qty), mark)
        return excess

    def measure_calls(self, fed: float) -> None:
        if self.cash_account:
            return
        day, excess = self.session, self.closed_equity - self.closed_maintenance
        level = self.margin_level()
        self.age_calls(level)
        if not self.intraday_regime:
            self.measure_day_trade()
        if fed > 1000 + EPS:
            self.issue_fed(fed)
        if excess < -EPS and not any(c.kind == "maintenance" and c.is_open for c in self.calls):
            self.issue("maintenance", -excess, session_after(day, int(self.set.get("maintenance_call_days", 2))))
        flagged_below = not self.intraday_regime and self.flag and self.closed_equity < 25_000 - EPS
        if flagged_below and not any(c.kind == "minimum_equity" and c.is_open for c in self.calls):
            self.issue("minimum_equity", 25_000 - self.closed_equity, None)
        if self.intraday_regime and self.day.deficit > EPS and not (self.alpaca and self.day.deficit_minor):
            call = self.issue("intraday_margin", self.day.deficit, session_after(day, 2 if self.alpaca else 5))
            call.level, call.caused, call.minor = level, self.caused, self.day.deficit_minor

    def issue(self, kind: str, amount: float, due: D | None) -> Call:
        call = Call(f"c{len(self.calls) + 1}", kind, amount, self.session, session_after(self.session), due)
        self.calls.append(call)
        return call

    def measure_day_trade(self) -> None:
        fills = self.day.fills
        flagged = self.multiplier() == 4
        if not flagged and self.alpaca:
            return
        excess = max(0.0, self.last_equity - self.last_maintenance)
        second = not self.alpaca and bool(self.restricted("buying_power_2x"))
        if second:
            lots = [p for p in self.pieces(self.day.start, fills) if p.closed_at is not None]
            cost = sum(self.day_factor(p.symbol, _sign(p.qty), p.price) * abs(p.qty) * p.price for p in lots)
            amount = 0.5 * (cost - 2 * excess)
        else:
            over = self.peak_exposure(fills) - (self.bod_dtbp() if flagged else 4 * excess)
            amount = over if self.alpaca else 0.25 * over
        if amount <= EPS:
            return
        call = self.issue("day_trade", amount, session_after(self.session, 5))
        if self.off:
            return
        if self.alpaca:
            self.restrictions.append(Restriction("liquidation_only", call.issued, None, call.id))
        elif self.flag:
            self.restrictions.append(Restriction("buying_power_2x", call.issued, call.due, call.id))

    def issue_fed(self, amount: float) -> None:
        days = 5 if self.today < D(2017, 9, 5) else 4 if self.today < D(2024, 5, 28) else 3
        call = self.issue("fed", amount, session_after(self.session, days))
        recent = [c for c in self.calls if c.kind == "fed" and c.issued > minus_a_year(call.issued)]
        if not self.off and len(recent) >= int(self.set.get("fed_calls_before_restriction", 3)):
            self.restrictions.append(Restriction("liquidation_only", call.issued, call.issued + dt.timedelta(days=89), call.id))

    def net_flow(self) -> None:
        """Deposits less withdrawals since the last close as one sum: what Fed calls had at that close is put back, then the sum comes in."""
        left = self.flow
        for c in self.calls:
            if c.kind == "fed" and c.satisfied is None:
                c.received, c.deposited = c.at_close
            elif c.kind == "fed":
                left -= c.received - c.at_close[0]  # met since the close, and stays so
        left = self.pay_fed(left, deposit=True) if left > 0 else self.take_back(left)
        self.since_cash += left - self.flow_to_sma
        self.flow_to_sma = left

    def pay_fed(self, amount: float, deposit: bool = False) -> float:
        """Pay into unmet Fed calls, oldest first; what is left over."""
        for c in self.calls:
            if c.kind == "fed" and c.satisfied is None:
                used = min(amount, c.amount - c.received)
                c.received += used
                c.deposited += used if deposit else 0.0
                amount -= used
        return amount

    def take_back(self, amount: float) -> float:
        """A withdrawal (amount negative) undoes the deposits in unmet Fed calls, newest first; what is left over."""
        for c in reversed(self.calls):
            if c.kind == "fed" and c.satisfied is None:
                used = min(-amount, c.deposited)
                c.received -= used
                c.deposited -= used
                amount += used
        return amount

    def meet_at_once(self) -> None:
        for c in self.calls:
            if c.satisfied is not None or self.session < c.issued:
                continue
            if (c.kind in ("fed", "day_trade") and c.received >= c.amount - EPS) or (c.kind == "maintenance" and self.live_level() >= -EPS):
                self.meet(c)

    def meet(self, c: Call) -> None:
        c.satisfied = self.session
        if c.is_open:
            c.status = "met" if c.due is None or self.session <= c.due else "met_late"
            c.ended = self.session
        for r in self.restrictions:
            if r.why == c.id and c.kind != "fed" and r.from_call:
                if r.start > self.session:
                    r.until = r.start - dt.timedelta(days=1)
                elif r.until is None or r.until > self.session:
                    r.until = self.session

    def age_calls(self, level: float) -> None:
        """At a close: calls that the end of day meets, then deadlines."""
        self.meet_at_once()
        for c in self.calls:
            if c.satisfied is None and self.session >= c.issued:
                if c.kind == "minimum_equity" and c.is_open and self.closed_equity >= 25_000 - EPS:
                    self.meet(c)
                gained = level - c.level if self.set.get("imd_gains_count") else self.caused - c.caused
                if c.kind == "intraday_margin" and gained >= c.amount - EPS:
                    self.meet(c)
            if c.status == "open" and c.due is not None and self.session >= c.due:
                c.status = "past_due"
                if c.kind == "day_trade" and any(r.why == c.id and r.kind == "buying_power_2x" for r in self.restrictions):
                    after, last = c.due + dt.timedelta(days=1), c.due + dt.timedelta(days=90)
                    self.restrictions.append(Restriction("cash_available", after, last, c.id))
            if c.kind == "intraday_margin" and c.satisfied is None:
                if self.session == session_after(c.measured, 5):
                    self.fail(c)
                if self.session >= session_after(c.measured, 15) and c.is_open:
                    c.status, c.ended = "expired", self.session

    def fail(self, c: Call) -> None:
        """An intraday deficit unmet at the close of the fifth business day."""
        c.failed = True
        failures = [x for x in self.calls if x.failed and not x.minor and session_after(x.measured, 5) > minus_a_year(self.session)]
        if len(failures) >= int(self.set.get("practice_failures", 1 if self.alpaca else 2)) and not self.off:
            start = self.session + dt.timedelta(days=1)
            self.restrictions.append(Restriction("ninety_day_freeze", start, self.session + dt.timedelta(days=90), c.id))

    # ------------------------------------------------------------------ the answer

    def account(self) -> dict:
        old = not self.intraday_regime
        equity, initial, maintenance = self.equity(), self.initial_margin(), self.maintenance()
        return {
            "cash": self.cash,
            "equity": equity,
            "last_equity": self.last_equity,
            "long_market_value": sum(q * self.mark[s] for s, q in self.pos.items() if q > 0),
            "short_market_value": sum(q * self.mark[s] for s, q in self.pos.items() if q < 0),
            "initial_margin": initial,
            "maintenance_margin": maintenance,
            "last_maintenance_margin": self.last_maintenance,
            "buying_power": self.buying_power(),
            "regt_buying_power": self.regt(),
            "daytrading_buying_power": self.dtbp() if old else None,
            "bod_dtbp": self.bod_dtbp() if old else None,
            "non_marginable_buying_power": self.non_marginable_power(),
            "multiplier": self.multiplier(),
            "daytrade_count": self.daytrade_count() if old else None,
            "pattern_day_trader": self.flag if old else None,
            "trading_blocked": False,
            "sma": self.sma,
            "maintenance_excess": equity - maintenance,
            "intraday_margin_level": None if old else self.margin_level(),
            "intraday_margin_deficit": self.day.deficit,
        }


def minus_a_year(day: D) -> D:
    return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else D(day.year - 1, 2, 28)


def exempt(o: Order) -> bool:
    return o.cls in ("bracket", "oco") or o.type == "trailing_stop" or o.is_exit


def fractional(qty: float) -> bool:
    return abs(qty - round(qty)) > 1e-9


def is_stock(symbol: str) -> bool:
    """Options (OCC form) and crypto pairs are no stocks; BRK/B is a share class."""
    option = re.fullmatch(r"[A-Z]{1,6}\d?\s*\d{6}[CP]\d{8}", symbol)
    pair = re.fullmatch(r"[A-Z0-9]+/(USD|USDT|USDC|BTC|EUR|GBP)", symbol)
    return option is None and pair is None


def collide(a: Order, b: Order) -> bool:
    """The wash-trade table: any against market or stop; limits where they would cross."""
    if {a.type, b.type} & {"market", "stop"}:
        return True
    buy, sell = (a, b) if a.side > 0 else (b, a)
    return buy.limit >= sell.limit - 1e-9


def event_time(e: dict) -> dt.datetime:
    return to_new_york(e["at"]) if e.get("at") else scheduled_close(D.fromisoformat(e["session"]))


def event_session(e: dict) -> D:
    return D.fromisoformat(e["session"]) if e["event"] == "close" and e.get("session") else session_of(event_time(e))


def with_implied_closes(events: list[dict]) -> list[dict]:
    """Put a close line where none stands, for sessions that have events and a later session follows."""
    dated = [e for e in events if e["event"] != "asset"]
    explicit = {event_session(e) for e in dated if e["event"] == "close"}
    last = max(event_session(e) for e in dated)
    out: list[dict] = []
    current: D | None = None
    waiting = False  # the current session still needs its implied close
    for e in events:
        if e["event"] == "asset":
            out.append(e)
            continue
        day = event_session(e)
        if waiting and (day != current or event_time(e) > scheduled_close(current)):
            out.append({"event": "close", "session": current.isoformat()})
            waiting = False
        if day != current:
            current, waiting = day, day not in explicit and day < last
            late = day not in explicit and event_time(e) > scheduled_close(day)
            if late and e["event"] != "account":
                out.append({"event": "close", "session": day.isoformat()})
                waiting = False
            elif late and len(dated) > 1:
                out += [e, {"event": "close", "session": day.isoformat()}]
                waiting = False
                continue
        out.append(e)
    return out


def audit(events: list[dict], calls: bool = False) -> dict:
    events = with_implied_closes(list(events))
    if events[0]["event"] != "account" or any(e["event"] == "account" for e in events[1:]):
        raise ValueError("the first line, and only the first, is the account")
    symbols = [x.get("symbol") for x in [*events, *(events[0].get("positions") or []), *(events[0].get("daytrades") or [])]]
    for symbol in symbols:
        if symbol is not None and not is_stock(symbol.upper()):
            raise ValueError(f"{symbol} is no stock")
    world = World(events[0], bind_calls=calls)
    for e in events[1:]:
        world.handle(e)
    world.begin()
    world.finish_row()
    world.counts[world.session] = world.today_counts()
    traded = [{"session": d.isoformat(), "symbol": s, "count": n} for d, by in sorted(world.counts.items()) for s, n in sorted(by.items())]
    listed = [
        {
            "id": c.id,
            "kind": c.kind,
            "amount": c.amount,
            "issued_on": iso(c.issued),
            "due_on": iso(c.due),
            "status": c.status,
            "ended_on": iso(c.ended),
        }
        for c in world.calls
    ]
    restrictions = [
        {"kind": r.kind, "from": iso(r.start), "until": iso(r.until), "why": r.why}
        for r in world.restrictions
        if (r.until is None or r.until >= r.start) and (calls or not r.from_call)
    ]
    return rounded(
        {
            "decisions": world.decisions,
            "day_trades": traded,
            "sessions": world.rows,
            "calls": listed,
            "restrictions": restrictions,
            "contradictions": world.contradictions,
            "account": world.account(),
        }
    )


def iso(day: D | None) -> str | None:
    return None if day is None else day.isoformat()


def rounded(x):
    """Money to cents; quantities keep six places because they live under other keys."""
    if isinstance(x, dict):
        return {k: (v if k == "qty" else rounded(v)) for k, v in x.items()}
    if isinstance(x, list):
        return [rounded(v) for v in x]
    return round(x, 2) + 0.0 if isinstance(x, float) else x
