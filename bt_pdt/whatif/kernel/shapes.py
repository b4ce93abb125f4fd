"""The arrays that the compiled replay works on: what the day's law says, one account, its calls, the bars, and the recorded orders.

Sessions are places in a list of consecutive sessions of the exchange, dates are ordinals, money is dollars, quantities are shares.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import scope

Array = np.ndarray[Any, Any]

#: Later than any date, more than any place.
NEVER = 1 << 40

# -- codes: those of names are made from the names

BUY, SELL, CLOSE, CANCEL = 0, 1, 2, 3
ACTIONS = {"buy": BUY, "sell": SELL, "close": CLOSE, "cancel": CANCEL}
MARKET, LIMIT, STOP, STOP_LIMIT = (scope.TYPES.known[name] for name in ("market", "limit", "stop", "stop_limit"))

REASONS = {code: name for name, code in scope.REASONS.known.items()}
R_SHAPE = scope.REASONS.known["INVALID_ORDER"]
R_PRICE = scope.REASONS.known["PRICE"]
R_LIQUIDATION = scope.REASONS.known["LIQUIDATION_ONLY"]
R_CLOSING = scope.REASONS.known["CLOSING_ONLY"]
R_CASH = scope.REASONS.known["CASH_AVAILABLE"]
R_FROZEN = scope.REASONS.known["FROZEN_90_DAYS"]
R_RESTRICTED = scope.REASONS.known["PDT_RESTRICTED_DAYTRADE"]
R_NOT_SHORTABLE = scope.REASONS.known["NOT_SHORTABLE"]
R_NO_SHORT = scope.REASONS.known["NO_SHORT"]
R_QTY = scope.REASONS.known["QTY"]
R_WASH = scope.REASONS.known["WASH"]
R_POWER = scope.REASONS.known["BUYING_POWER"]
R_DTBP = scope.REASONS.known["DTBP"]
R_COUNT = scope.REASONS.known["PDT_COUNT"]

CALLS = {code: name for name, code in scope.CALLS.known.items()}
DAY_TRADE = scope.CALLS.known["day_trade"]
FED = scope.CALLS.known["fed"]
MAINTENANCE = scope.CALLS.known["maintenance"]
MINIMUM_EQUITY = scope.CALLS.known["minimum_equity"]
INTRADAY = scope.CALLS.known["intraday_margin"]

STATUSES = {code: name for name, code in scope.STATUSES.known.items()}
OPEN, MET, PAST_DUE = (scope.STATUSES.known[name] for name in ("open", "met", "past_due"))
MET_LATE, EXPIRED, CLOSED = (scope.STATUSES.known[name] for name in ("met_late", "expired", "closed"))

RESTRICTED = {code: name for name, code in scope.RESTRICTIONS.known.items()}
RESTRICTIONS = len(RESTRICTED)
LIQUIDATION_ONLY = scope.RESTRICTIONS.known["liquidation_only"]
CLOSING_ONLY = scope.RESTRICTIONS.known["closing_only"]
CASH_AVAILABLE = scope.RESTRICTIONS.known["cash_available"]
NO_DAY_TRADES = scope.RESTRICTIONS.known["no_day_trades"]
FREEZE = scope.RESTRICTIONS.known["ninety_day_freeze"]
POWER_2X = scope.RESTRICTIONS.known["buying_power_2x"]


def _value(parameter: str, value: str) -> int:
    """The code of a value of a parameter."""
    allowed = scope.LAW[parameter]
    assert isinstance(allowed, scope.Choice), parameter
    return allowed[value]


ENTRY, EXIT = _value("pdt_check", "entry"), _value("pdt_check", "exit")  # those of dtbp_check are the same
BY_DIRECTION, BY_FIFO = _value("counting_method", "direction"), _value("counting_method", "opening_fifo")
CURRENT = _value("equity_test", "current")
BY_EQUITY = _value("multiplier_policy", "equity")
UNBLOCKED, NO_DEFICIT = _value("intraday_block", "none"), _value("intraday_block", "deficit")
BY_LAW = _value("imd_basis", "law")

FIXED, OF_EQUITY, OF_POWER = 0, 1, 2
BINDING, DAY_TRADING = scope.POWERS["binding"], scope.POWERS["day_trading"]

L_EQUITY, L_SOLD, L_ANSWER, L_WATCHED, L_LATE, L_MANY, L_PRICE, L_STALE, L_DUST, L_UNMADE = range(1, 11)
#: Why a variant is left to a full run, in words.
LEFT = {
    L_EQUITY: "equity was gone",
    L_SOLD: "a margin call fell due and the brokerage sells",
    L_ANSWER: "a margin call was issued and the customer answers it",
    L_WATCHED: "a requirement was broken during the session at a brokerage that watches in real time",
    L_LATE: "an order was sent or filled after the close",
    L_MANY: "more calls or restrictions than are kept",
    L_PRICE: "a security was ordered before it had a price",
    L_STALE: "an order was filled on a bar that had ended before",
    L_DUST: "a position ended in a fraction of a share that is rounding",
    L_UNMADE: "an order was cancelled that was never made",
}

# -- the law of a day

#: The parameters by their names, and what is worked out of others. A number that is none is NaN; what a regime does not have is never asked.
#: ``gtc_days`` is -1 where an order works until it is cancelled, ``flag_days`` where the designation stays; ``last_day`` is the last one of
#: the pattern day trader rules.
LAW = np.dtype(
    [
        *((name, kind.packed) for name, kind in scope.LAW.items()),
        ("pdt", "?"),
        *((name, "i8") for name in ("maintenance_days", "gtc_days", "flag_days", "last_day")),
    ]
)
#: Price bands of a security.
BANDS = 6
#: A security under the law of a day: bands by price. ``own_short`` is the initial margin rate of its own, where it has one. Within the day
#: a long position requires ``long_day``, a short one ``multiple`` times its band (``short_band``, ``short_per_share``) and no less than
#: ``least_short``; ``scale`` is what a dollar of an order uses of buying power where that does not go by requirement.
SECURITY = np.dtype(
    [
        ("long_below", "f8", (BANDS,)),
        ("long_inclusive", "i8", (BANDS,)),
        ("long_rate", "f8", (BANDS,)),
        ("short_below", "f8", (BANDS,)),
        ("short_per_share", "f8", (BANDS,)),
        ("short_rate", "f8", (BANDS,)),
        ("long_day", "f8", (BANDS,)),
        ("short_band", "f8", (BANDS,)),
        *((name, "f8") for name in ("own_short", "least_short", "multiple", "scale")),
        ("barred_short", "?"),
    ]
)

# -- one account

STATE = np.dtype(
    [
        *((name, "f8") for name in ("cash", "host_cash", "value", "used_today", "opened_today", "cost_today", "cash_at_start")),
        *((name, "f8") for name in ("last_equity", "last_maintenance", "excess_at_start", "bod", "sma", "other", "released", "traded")),
        *((name, "f8") for name in ("lowest_dtbp", "lowest_level", "deficit", "deficit_equity", "interest", "borrow")),
        *((name, "f8") for name in ("paid_interest", "paid_borrow", "high", "drawdown")),
        *((name, "i8") for name in ("session", "multiplier", "executions", "lots_done", "working", "calls", "restrictions", "unsettled")),
        *((name, "i8") for name in ("earlier", "today", "held", "runs", "movers", "month", "fallback", "flagged_on")),
        *((name, "i8") for name in ("orders", "refused", "refused_exits", "fills", "day_trades", "overnight")),
        *((name, "?") for name in ("flagged", "measured", "owing", "no_dtbp_yet", "no_level_yet", "binding", "touched")),
        ("in_force", "i8", (RESTRICTIONS,)),
    ]
)
RUN = np.dtype(
    [("carried", "f8"), ("opened", "f8"), ("lots", "i8"), ("phase_open", "?"), ("same_side", "?"), ("begun", "?"), ("stuck", "?")]
)
LOT = np.dtype([("qty", "f8"), ("price", "f8"), ("charge", "f8"), ("left", "f8"), ("moment", "i8"), ("counted", "?")])
DONE = np.dtype([("opened", "i8"), ("closed", "i8"), ("dollars", "f8"), ("profit", "f8")])
ORDER = np.dtype(
    [
        *((name, "i8") for name in ("intent", "symbol", "sign", "type", "expires", "made", "ends")),
        *((name, "f8") for name in ("qty", "price", "limit", "value", "regt", "dtbp")),
        *((name, "?") for name in ("triggered", "works")),
    ]
)
#: What working orders hold back, in a symbol and in all.
RESERVED = np.dtype([*((name, "f8") for name in ("value", "regt", "dtbp", "buys")), ("changed", "?")])
CALL = np.dtype(
    [
        *((name, "i8") for name in ("kind", "measured", "issued", "due", "status", "satisfied", "failed", "parameter")),
        *((name, "f8") for name in ("amount", "received", "level", "required")),
        ("minor", "?"),
    ]
)
RESTRICTION = np.dtype([(name, "i8") for name in ("kind", "start", "until", "why")] + [("by_flag", "?"), ("lifted", "?")])
#: A row of the sessions table.
ROW = np.dtype(
    [
        *((name, "f8") for name in ("equity", "maintenance_margin", "initial_margin", "bod_dtbp", "lowest_dtbp", "regt_buying_power")),
        *((name, "f8") for name in ("sma", "lowest_level", "deficit", "interest", "borrow_fee")),
        *((name, "i8") for name in ("daytrade_count", "multiplier")),
        ("pattern_day_trader", "?"),
        ("old", "?"),
    ]
)
#: What varies: the account and the sizer of one variant.
VARIANT = np.dtype(
    [
        ("cash", "f8"),
        ("last_equity", "f8"),
        ("last_maintenance", "f8"),
        ("sizer_a", "f8"),
        ("sizer_b", "f8"),
        ("law", "i8"),
        ("sizer", "i8"),
        ("flagged", "?"),
        ("refuses", "?"),
        ("ignores_calls", "?"),
        ("worst_price", "?"),
        ("charges", "?"),
        ("fractional", "?"),
        ("trimmed", "?"),
        ("trimmed_fractional", "?"),  # the wrapper may trim to a fraction of what a sizer of whole shares gives
    ]
)

MOST_CALLS = 96


class Book(NamedTuple):
    """One account as arrays; those by symbol have one place for each."""

    state: Array  # STATE, one
    pos: Array
    cost: Array  # the host's average price of a position
    marks: Array
    net: Array  # signed shares traded since the last close
    movers: Array  # symbols traded since then, in their order
    held: Array  # symbols held, in the order in which they were opened
    runs: Array  # RUN by symbol
    touched: Array  # symbols with a run today, in their order
    lots: Array  # LOT, by symbol
    done: Array  # DONE: lots opened and closed today
    steps: Array  # room to add up day-traded exposure
    orders: Array  # ORDER: what works, in the order of submission
    sent: Array  # by intent: an order came of it
    reserved: Array  # RESERVED by symbol, the sum of all last
    unsettled_due: Array
    unsettled: Array
    calls: Array  # CALL
    restrictions: Array  # RESTRICTION
    made: Array  # day trades by session
    filled: Array  # orders executed by session
    reasons: Array  # refusals by the place of their reason


class Tape(NamedTuple):
    """Bars of all symbols on one clock: (steps, symbols), the newest bar where a symbol has none of its own; and the days they lie in."""

    opens: Array
    highs: Array
    lows: Array
    closes: Array
    ends: Array  # when the newest bar of the symbol ended, microseconds; 0 before its first
    now: Array  # when the step's own bars end
    day: Array  # session of each step
    regular: Array  # within regular hours
    late: Array  # after the close of its session
    last_step: Array  # by session: the last step up to its close, -1 without bars
    close_at: Array  # by session: microseconds
    ordinal: Array  # by session, some later ones too
    month: Array
    gap: Array  # calendar days to the next session
    since: Array  # (months, session): the date so many months before
    settles: Array  # (days, session): the date on which a trade settles
    order: Array  # symbols in the order in which the host adds them up


class Intents(NamedTuple):
    """What a strategy asked for, in its order. ``size`` is NaN where the sizer is to say; ``target`` is the order that a cancel means.

    ``valid`` is the moment asked for, ``expires`` the last one at which a bar is in time: the two differ by the rounding of the host.
    """

    step: Array
    symbol: Array
    action: Array
    size: Array
    type: Array
    price: Array
    limit: Array
    valid: Array
    expires: Array
    target: Array


class Law(NamedTuple):
    """Laws by (law, session): a place in ``rules`` and the rows of ``securities``."""

    epoch: Array
    rules: Array  # LAW
    securities: Array  # SECURITY: (epoch, symbol)


class Log(NamedTuple):
    """What became of each intent (shares, 0 where nothing was sent; 0 accepted or the place of a reason) and every execution; may be empty."""

    qty: Array
    answer: Array
    fill_intent: Array
    fill_step: Array
    fill_price: Array
    fill_qty: Array
    values: Array
