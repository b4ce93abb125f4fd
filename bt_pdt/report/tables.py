"""The journal as tables. ``COLUMNS`` says what each column is; the tables have these columns in this order, always, also when empty.

Times are naive New York time, sessions are dates, money is dollars, quantities are shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..decisions import Rejected
from ..journal import Entry, FillEntry, OrderEntry, ReleaseEntry
from ..money import SHARE_DUST

if TYPE_CHECKING:
    import pandas as pd


class Unreadable(NamedTuple):
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
    "equity": {
        "at": "end of the bar",
        "session": "the exchange day it belongs to",
        "equity": "cash + long market value - short market value",
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

_TIMES = {"at"}
_DAYS = {"session", "would_pass_on", "measured_on", "issued_on", "due_on", "ended_on", "from", "until"}
_COUNTS = {"http_status", "code", "daytrade_count", "multiplier", "count", "day_trades", "refused", "forced_fills"}
_FLAGS = {"accepted", "closing", "pattern_day_trader"}
_NUMBERS = {"qty", "limit_price", "stop_price", "take_profit", "stop_loss", "filled", "price", "commission", "would_pass_qty"}
_NUMBERS |= {"amount", "received", "forced_shares", "forced_proceeds", "deposited"}


def frame(name: str, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """``rows`` as the table ``name``: its columns in order, times and days as datetimes, prices as floats, counts as nullable integers."""
    import pandas as pd

    columns = list(COLUMNS[name])
    table = pd.DataFrame(list(rows), columns=columns)
    for column in columns:
        if column in _TIMES or column in _DAYS:
            table[column] = pd.to_datetime(table[column]).astype("datetime64[us]" if column in _TIMES else "datetime64[s]")
        elif column in _NUMBERS or (name == "sessions" and column not in _COUNTS | _FLAGS):
            table[column] = table[column].astype("float64")
        elif column in _COUNTS:
            table[column] = table[column].astype("Int64")
        elif column in _FLAGS:
            table[column] = table[column].astype("boolean")
    return table


def order_rows(journal: Iterable[Entry], unreadable: Iterable[Unreadable] = ()) -> list[dict[str, Any]]:
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
    for lost in unreadable:
        rows.append(
            {"at": lost.at, "accepted": False, "reason": str(lost.decision.reason), "advice": "", "filled": 0.0, "status": "refused"}
        )
    return rows


def refusal_rows(
    journal: Iterable[Entry], unreadable: Iterable[Unreadable] = (), carried: dict[str, float] | None = None
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
    rows += [{"at": lost.at, "closing": False} | _answer(lost.decision) for lost in unreadable]
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
