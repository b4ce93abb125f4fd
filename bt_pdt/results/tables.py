"""The journal as tables. ``COLUMNS`` says what each column is; the tables have these columns in this order, always, also when empty.

Times are naive New York time, sessions are dates, money is dollars, quantities are shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.decisions import Rejected
from ..core.errors import known_name
from ..core.journal import Entry, FillEntry, OrderEntry, ReleaseEntry, SizeEntry
from ..core.money import SHARE_DUST
from ..core.sessions import add_business_days, sessions_between

if TYPE_CHECKING:
    import pandas as pd


class UnsupportedOrder(NamedTuple):
    """An order that was no order (a size of zero, a price below zero ...): when, its number at the host, the answer."""

    at: datetime | None
    ref: int
    decision: Rejected


COLUMNS: dict[str, dict[str, str]] = {
    "orders": {
        "at": "when the order was sent",
        "session": "the exchange day it counts for",
        "order": "its id at the account",
        "symbol": "the security",
        "side": "buy or sell",
        "qty": "shares ordered",
        "type": "market, limit, stop, stop_limit or trailing_stop",
        "limit_price": "dollars a share",
        "stop_price": "dollars a share",
        "order_class": "simple, bracket, oco or oto",
        "take_profit": "limit price of the profit leg",
        "stop_loss": "stop price of the loss leg",
        "time_in_force": "day or gtc",
        "replaces": "the id of the order it replaces",
        "accepted": "False if the brokerage refused it",
        "reason": "why it was refused",
        "advice": "codes of advice on an accepted order, comma-separated",
        "filled": "shares executed (of an OCO: of either leg)",
        "status": "refused, filled, canceled, expired or open (at the end of the run)",
    },
    "refusals": {
        "at": "when the order was sent",
        "session": "the exchange day it counts for",
        "order": "its id at the account",
        "symbol": "the security",
        "side": "buy or sell",
        "qty": "shares ordered",
        "reason": "why it was refused, one of bt_pdt.Reason",
        "http_status": "the brokerage's HTTP status",
        "code": "the brokerage's code",
        "message": "the brokerage's words",
        "rule": "the parameter that refuses and the day it began",
        "also": "every other reason that fails too, comma-separated",
        "would_pass_qty": "the largest quantity of this order that would have passed",
        "would_pass_on": "the first session on which it would pass whole",
        "closing": "True if the order would have reduced a position",
        "facts": "the numbers compared, as a dict (JSON text in a run folder)",
        "why": "one plain sentence",
    },
    "fills": {
        "at": "when it was executed",
        "session": "the exchange day it counts for",
        "order": "the order's id; legs end in .tp and .sl",
        "symbol": "the security",
        "side": "buy or sell",
        "qty": "shares executed",
        "price": "dollars a share",
        "commission": "dollars",
        "day_trades": "day trades this execution completed",
        "forced": "the margin call behind a liquidation",
    },
    "trades": {
        "symbol": "the security",
        "side": "long or short",
        "qty": "shares opened in all, from flat to flat",
        "entry_at": "the first opening execution; empty for a position carried in",
        "exit_at": "the execution that closed the last of it; empty while it is open",
        "entry_price": "dollars a share, the mean of the openings (a position carried in: the price it was carried in at)",
        "exit_price": "dollars a share, the mean of the closings",
        "pnl": "dollars made after commission; empty while it is open",
        "commission": "dollars, openings and closings",
        "sessions_held": "closes of the exchange it was held over; 0 for a trade of one day",
        "day_trade": "True if it completed a day trade",
        "forced": "the margin call behind a liquidation that closed some of it",
    },
    "day_trades": {
        "session": "the exchange day",
        "symbol": "the security",
        "count": "day trades made in it that day",
    },
    "sessions": {
        "session": "the exchange day; all figures are of its regular close",
        "equity": "cash + long market value - short market value",
        "maintenance_margin": "the brokerage's maintenance requirement",
        "initial_margin": "the Reg T (or higher) requirement",
        "daytrade_count": "day trades in the five business days that end here; empty in the intraday-margin regime",
        "pattern_day_trader": "the account carries the designation; empty in the intraday-margin regime",
        "multiplier": "1, 2 or 4",
        "bod_dtbp": "day-trading buying power at the start of the day; empty in the intraday-margin regime",
        "lowest_daytrading_buying_power": "the least of it left during the day; empty in the intraday-margin regime",
        "regt_buying_power": "Reg T buying power",
        "sma": "special memorandum account",
        "lowest_intraday_margin_level": "the lowest equity less maintenance margin; empty in the pattern-day-trader regime",
        "intraday_margin_deficit": "the deficit of the day",
        "interest": "margin interest accrued",
        "borrow_fee": "fee for stock held short accrued",
    },
    "calls": {
        "id": "c1, c2 ... in the order of issue",
        "kind": "day_trade, fed, maintenance, minimum_equity or intraday_margin",
        "amount": "dollars called for",
        "measured_on": "the exchange day at whose close it was measured",
        "issued_on": "the exchange day on which it was issued",
        "due_on": "the exchange day by whose close it was to be met; empty where no day is set",
        "status": "open (at the end of the run), met, past_due, met_late, expired or closed",
        "ended_on": "the exchange day on which it was met or expired",
        "received": "dollars that came in towards it: deposits, and for a Fed call half of net sales",
        "forced_fills": "executions of the brokerage's own sales (and covers) for it",
        "forced_shares": "shares sold or bought back by them",
        "forced_proceeds": "dollars that they brought after commission; negative where covers cost more",
        "deposited": "dollars deposited for it by name (any deposit counts towards it)",
        "how": "how the amount comes about, in numbers",
        "rule": "the parameter and the day it began",
        "facts": "the numbers behind it, as a dict (JSON text in a run folder)",
    },
    "restrictions": {
        "kind": "liquidation_only, closing_only, cash_available, no_day_trades, ninety_day_freeze or buying_power_2x",
        "from": "the first restricted day",
        "until": "the last restricted day; empty while open-ended",
        "why": "the id of the call behind it, or the rule where no call was issued",
        "because": "the same in words",
        "rule": "the parameter behind it",
        "refused": "orders refused for it while it held, each counted once (buying_power_2x: those refused for buying power)",
    },
    "sizes": {
        "at": "when the order was sized",
        "session": "the exchange day the order would count for",
        "symbol": "the security",
        "asked": "shares that the strategy's sizer (or the one inside it) asked for",
        "given": "shares that were given instead",
        "why": "one plain sentence, with the rule or the parameter behind it",
    },
    "equity": {
        "at": "end of the bar",
        "session": "the exchange day it belongs to",
        "equity": "cash + long market value - short market value",
    },
    "account": {
        "at": "end of the bar; the account is that after its executions and the orders sent then",
        "session": "the exchange day it belongs to",
        "equity": "cash + long market value - short market value",
        "cash": "cash balance; negative is the debit",
        "dtbp_start": "day-trading buying power at the start of the day; empty in the intraday-margin regime",
        "dtbp_used": "what the day's openings and working opening orders use of it",
        "dtbp_available": "what is left of it",
        "regt_used": "2 x the initial margin of what is held, and what working opening orders take",
        "regt_available": "Reg T buying power: 2 x (equity - initial margin) less working opening orders, not below zero",
        "day_trades_used": "day trades in the five business days that end there; empty in the intraday-margin regime",
        "day_trades_left": "day trades that the count still allows; empty where no count binds the account",
        "intraday_margin_level": "equity less maintenance margin as the intraday margin rule takes it; empty in the pattern-day-trader regime",
    },
    "returns": {
        "session": "the exchange day (the index)",
        "return": "what equity gained since the close before, deposits left out, over that equity and what of them was at work; sessions "
        "without bars left out",
    },
    "held_overnight": {
        "session": "the exchange day at whose end the position was still open",
        "symbol": "the security",
        "qty": "signed shares held",
        "refused": "closing orders refused that day",
        "reason": "why the last of them was refused",
    },
}

_TIMES = {"at", "entry_at", "exit_at"}
_DAYS = {"session", "would_pass_on", "measured_on", "issued_on", "due_on", "ended_on", "from", "until"}
_FLAGS = {"accepted", "closing", "pattern_day_trader", "day_trade"}
_DAY_TRADES = {"daytrade_count", "count", "day_trades", "day_trades_used", "day_trades_left"}
_COUNTS = _DAY_TRADES | {"http_status", "code", "multiplier", "refused", "forced_fills", "sessions_held"}
_SHARES = {"qty", "filled", "would_pass_qty", "forced_shares", "asked", "given"}
_PRICES = {"limit_price", "stop_price", "take_profit", "stop_loss", "price", "entry_price", "exit_price"}
_DOLLARS = {
    *("equity", "maintenance_margin", "initial_margin", "bod_dtbp", "lowest_daytrading_buying_power", "regt_buying_power", "sma"),
    *("lowest_intraday_margin_level", "intraday_margin_deficit", "interest", "borrow_fee", "cash", "dtbp_start", "dtbp_used"),
    *("dtbp_available", "regt_used", "regt_available", "intraday_margin_level", "pnl", "commission", "amount", "received"),
    *("forced_proceeds", "deposited"),
}
_NUMBERS = _SHARES | _PRICES | _DOLLARS
_UNITS = (
    (_TIMES, "time"),
    (_DAYS, "day"),
    (_FLAGS, "true/false"),
    (_SHARES, "shares"),
    (_PRICES, "$ a share"),
    (_DOLLARS, "$"),
    (_DAY_TRADES, "day trades"),
    ({"multiplier"}, "times"),
    ({"sessions_held"}, "sessions"),
    ({"refused"}, "orders"),
    ({"forced_fills"}, "executions"),
    ({"http_status", "code"}, "number"),
    ({"return"}, "fraction"),
)


class Column(NamedTuple):
    """A column of a table: its unit (``time`` is naive New York time, a ``fraction`` of 0.01 is 1 %) and what it is."""

    unit: str
    meaning: str


def columns(table: str) -> dict[str, Column]:
    """The columns of a table in order; raises :class:`BadInput` with the nearest name for a table that is none."""
    found = COLUMNS[known_name("table", table, COLUMNS)]
    return {name: Column(next((unit for names, unit in _UNITS if name in names), "text"), text) for name, text in found.items()}


def frame(name: str, rows: Sequence[dict[str, Any]] | dict[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """``rows`` (or columns by name) as the table ``name``: its columns in order, times and days as datetimes, prices as floats, counts as nullable integers."""
    import pandas as pd

    columns = list(COLUMNS[name])
    table = pd.DataFrame(rows, columns=columns)
    for column in columns:
        if column in _TIMES or column in _DAYS:
            table[column] = pd.to_datetime(table[column]).astype("datetime64[us]" if column in _TIMES else "datetime64[s]")
        elif column in _NUMBERS:
            table[column] = table[column].astype("float64")
        elif column in _COUNTS:
            table[column] = table[column].astype("Int64")
        elif column in _FLAGS:
            table[column] = table[column].astype("boolean")
    return table


def order_rows(journal: Iterable[Entry], unsupported: Iterable[UnsupportedOrder] = ()) -> list[dict[str, Any]]:
    """One row for every order put before the account, in the order they came; what could not even be read comes last."""
    filled: Counter[str] = Counter()
    ended: dict[str, str] = {}
    asked: list[OrderEntry] = []
    for entry in journal:
        if isinstance(entry, OrderEntry):
            asked.append(entry)
        elif isinstance(entry, FillEntry) and entry.fill.order_id is not None:
            filled[entry.fill.order_id] += entry.fill.qty  # type: ignore[assignment]
        elif isinstance(entry, ReleaseEntry):
            ended[entry.order_id] = "expired" if entry.cause.startswith(("expired", "day order")) else "canceled"
    rows = []
    for entry in asked:
        request, decision = entry.request, entry.decision
        order = request.id or ""
        accepted = not isinstance(decision, Rejected)
        ids = [f"{order}.tp", f"{order}.sl"] if request.order_class == "oco" else [order]
        done = float(sum(filled[i] for i in ids)) if accepted else 0.0
        status = "refused"
        if accepted:
            status = "filled" if done >= request.qty - SHARE_DUST else next((ended[i] for i in ids if i in ended), "open")
        rows.append(
            {
                "at": entry.at,
                "session": entry.session,
                "order": order,
                "replaces": entry.replaces,
                "accepted": accepted,
                "reason": str(decision.reason) if isinstance(decision, Rejected) else None,
                "advice": ", ".join(advice.code for advice in decision.advice) if not isinstance(decision, Rejected) else "",
                "filled": done,
                "status": status,
            }
            | {name: getattr(request, name) for name in ("symbol", "side", "qty", "type", "limit_price", "stop_price", "order_class")}
            | {name: getattr(request, name) for name in ("take_profit", "stop_loss", "time_in_force")}
        )
    for lost in unsupported:
        rows.append(
            {"at": lost.at, "accepted": False, "reason": str(lost.decision.reason), "advice": "", "filled": 0.0, "status": "refused"}
        )
    return rows


def refusal_rows(
    journal: Iterable[Entry], unsupported: Iterable[UnsupportedOrder] = (), carried: dict[str, float] | None = None
) -> list[dict[str, Any]]:
    """One row for every refused order. ``carried`` are the signed shares held before the first entry."""
    held: Counter[str] = Counter(carried or {})
    rows = []
    for entry in journal:
        if isinstance(entry, FillEntry):
            held[entry.fill.symbol] += entry.fill.sign * entry.fill.qty  # type: ignore[assignment]
        elif isinstance(entry, OrderEntry) and isinstance(entry.decision, Rejected):
            request = entry.request
            rows.append(
                {
                    "at": entry.at,
                    "session": entry.session,
                    "order": request.id,
                    "symbol": request.symbol,
                    "side": request.side,
                    "qty": request.qty,
                    "closing": held[request.symbol] * request.sign < -SHARE_DUST,
                }
                | _answer(entry.decision)
            )
    rows += [{"at": lost.at, "closing": False} | _answer(lost.decision) for lost in unsupported]
    return rows


def _answer(decision: Rejected) -> dict[str, Any]:
    return {
        "reason": str(decision.reason),
        "http_status": decision.http_status,
        "code": decision.code,
        "message": decision.message,
        "rule": decision.rule,
        "also": ", ".join(decision.also),
        "would_pass_qty": decision.would_pass.qty,
        "would_pass_on": decision.would_pass.on,
        "facts": dict(decision.facts),
        "why": decision.why,
    }


def fill_rows(journal: Iterable[Entry]) -> list[dict[str, Any]]:
    """One row for every execution."""
    return [
        {
            "at": entry.at,
            "session": entry.session,
            "order": entry.fill.order_id,
            "day_trades": entry.day_trades,
            "forced": entry.forced,
        }
        | {name: getattr(entry.fill, name) for name in ("symbol", "side", "qty", "price", "commission")}
        for entry in journal
        if isinstance(entry, FillEntry)
    ]


def size_rows(journal: Iterable[Entry]) -> list[dict[str, Any]]:
    """One row for every order that a sizer made smaller, or did not make."""
    return [entry._asdict() for entry in journal if isinstance(entry, SizeEntry)]


class _Trip:
    """A position from flat to flat: ``sign`` 1 is long. Opened shares and dollars, then closed ones."""

    def __init__(self, symbol: str, sign: int, at: datetime | None, session: date | None) -> None:
        self.symbol, self.sign, self.at, self.session = symbol, sign, at, session
        self.opened = self.paid = self.closed = self.got = self.commission = 0.0
        self.day_trade, self.forced = False, ""

    def row(self, exit_at: datetime | None, session: date | None) -> dict[str, Any]:
        done = exit_at is not None
        held = None
        if session is not None and self.session is not None:
            held = len(sessions_between(self.session, session)) - 1
        return {
            "symbol": self.symbol,
            "side": "long" if self.sign > 0 else "short",
            "qty": self.opened,
            "entry_at": self.at,
            "exit_at": exit_at,
            "entry_price": self.paid / self.opened,
            "exit_price": self.got / self.closed if self.closed else None,
            "pnl": self.sign * (self.got - self.paid) - self.commission if done else None,
            "commission": self.commission,
            "sessions_held": held,
            "day_trade": self.day_trade,
            "forced": self.forced or None,
        }


def trade_rows(
    journal: Iterable[Entry],
    carried: Iterable[tuple[str, float, float]] = (),
    begin: date | None = None,
    end: date | None = None,
) -> list[dict[str, Any]]:
    """Round trips, in the order in which they ended, open ones last.

    ``carried`` are (symbol, signed shares, price) held before the first entry, ``begin`` and ``end`` the first and the last session: those
    held from or to there were held over the closes between.
    """
    open_: dict[str, _Trip] = {}
    rows = []
    for symbol, qty, price in carried:
        if qty:
            trip = open_[symbol] = _Trip(symbol, 1 if qty > 0 else -1, None, add_business_days(begin, -1) if begin is not None else None)
            trip.opened, trip.paid = abs(qty), abs(qty) * price
    for entry in journal:
        if not isinstance(entry, FillEntry):
            continue
        fill, left = entry.fill, float(entry.fill.qty)
        trips = []
        held = open_.get(fill.symbol)
        if held is not None and held.sign != fill.sign:
            part = min(left, held.opened - held.closed)
            held.closed += part
            held.got += part * fill.price
            held.forced = held.forced or (entry.forced or "")
            left -= part
            trips.append((held, part))
        if left > SHARE_DUST:
            trip = (
                open_[fill.symbol]
                if held is not None and held.sign == fill.sign
                else _Trip(fill.symbol, fill.sign, entry.at, entry.session)
            )
            trip.opened += left
            trip.paid += left * fill.price
            trips.append((trip, left))
            open_[fill.symbol] = trip
        for trip, part in trips:
            trip.commission += fill.commission * part / fill.qty
        if entry.day_trades and trips:
            trips[0][0].day_trade = True
        if held is not None and held.opened - held.closed <= SHARE_DUST:
            rows.append(held.row(entry.at, entry.session))
            if open_[fill.symbol] is held:
                del open_[fill.symbol]
    return rows + [trip.row(None, end) for trip in open_.values()]


def day_trade_rows(journal: Iterable[Entry]) -> list[dict[str, Any]]:
    """Day trades by session and symbol."""
    made: Counter[tuple[date, str]] = Counter()
    for entry in journal:
        if isinstance(entry, FillEntry) and entry.day_trades:
            made[(entry.session, entry.fill.symbol)] += entry.day_trades
    return [{"session": day, "symbol": symbol, "count": count} for (day, symbol), count in sorted(made.items())]


def held_overnight_rows(journal: Sequence[Entry], carried: dict[str, float] | None = None) -> list[dict[str, Any]]:
    """Positions still open at the end of a session in which an order to close them was refused."""
    held: Counter[str] = Counter(carried or {})
    refused: dict[str, list[str]] = {}
    rows: list[dict[str, Any]] = []
    day: date | None = None

    def end_of_day() -> None:
        for symbol, reasons in refused.items():
            if abs(held[symbol]) > SHARE_DUST:
                rows.append({"session": day, "symbol": symbol, "qty": held[symbol], "refused": len(reasons), "reason": reasons[-1]})
        refused.clear()

    for entry in journal:
        if not isinstance(entry, FillEntry | OrderEntry):
            continue
        if entry.session != day:
            end_of_day()
            day = entry.session
        if isinstance(entry, FillEntry):
            held[entry.fill.symbol] += entry.fill.sign * entry.fill.qty  # type: ignore[assignment]
        elif isinstance(entry.decision, Rejected) and held[entry.request.symbol] * entry.request.sign < -SHARE_DUST:
            refused.setdefault(entry.request.symbol, []).append(str(entry.decision.reason))
    end_of_day()
    return rows
