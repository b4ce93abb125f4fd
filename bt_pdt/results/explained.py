"""A refusal, a call and a rule in words, as pictures and pages show them: the brokerage's body, what would have passed, the source.

Everything is a plain value; nothing is drawn or written here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.decisions import Rejected, WouldPass
from ..core.journal import OrderEntry
from ..core.money import cents, dollars, shares
from ..law.rulebook import Source
from . import tables

if TYPE_CHECKING:
    from ..law import Rulebook
    from .result import Result

#: The reasons in a trader's words.
REASONS = {
    "INVALID_ORDER": "an order of a shape that is not taken",
    "PDT_COUNT": "a fourth day trade in five days under $25,000",
    "PDT_RESTRICTED_DAYTRADE": "no day trades for a flagged account under $25,000",
    "LIQUIDATION_ONLY": "restricted to liquidation",
    "CLOSING_ONLY": "positions over 600 % of equity: closing only",
    "CASH_AVAILABLE": "held to cash after an unmet call",
    "FROZEN_90_DAYS": "frozen for 90 days after an unmet call",
    "DTBP": "more than the day-trading buying power",
    "BUYING_POWER": "more than the buying power",
    "NON_MARGINABLE_BUYING_POWER": "more cash than there is for a stock without loan value",
    "MINIMUM_EQUITY": "under the minimum equity",
    "NO_SHORT": "the account may not sell short",
    "NOT_SHORTABLE": "the stock cannot be sold short",
    "QTY": "more shares than are free to sell",
    "WASH": "against an own working order",
    "PRICE": "a price the exchange does not take",
    "TRADING_BLOCKED": "trading is blocked",
    "WITHDRAWAL": "a withdrawal that leaves too little",
}


class Refused(NamedTuple):
    """Refusals of one session that are the same question asked again: the first of them, how often, and when last."""

    row: Mapping[str, Any]
    decision: Rejected
    times: int
    last: datetime | None


def refusals(result: Result) -> list[Refused]:
    """The refusals in the order of time; the same reason for the same symbol and side on the same day is one, with its count."""
    rows = tables.refusal_rows(result.journal, result.unsupported, dict(result.carried))
    decisions = [e.decision for e in result.journal if isinstance(e, OrderEntry) and isinstance(e.decision, Rejected)]
    decisions += [lost.decision for lost in result.unsupported]
    found: dict[tuple[Any, ...], Refused] = {}
    for row, decision in zip(rows, decisions, strict=True):
        key = tuple(row.get(name) for name in ("session", "symbol", "side", "reason", "closing"))
        if key in found:
            first = found[key]
            found[key] = first._replace(times=first.times + 1, last=row["at"])
        else:
            found[key] = Refused(row, decision, 1, row["at"])
    return sorted(found.values(), key=lambda refused: refused.row["at"] or datetime.min)


def body(decision: Rejected) -> str:
    """What the brokerage sends back, as JSON text."""
    sent = dict(decision.body) or {"code": decision.code, "message": decision.message}
    return json.dumps(sent, indent=1, ensure_ascii=False, default=str)


def would_pass(passes: WouldPass, qty: float | None) -> str:
    """``nothing of it now; all of it on 2026-05-11``."""
    on = f"all of it on {passes.on}" if passes.on is not None else "all of it on no known day"
    if qty is None:
        return "an order that can be read"
    if passes.qty <= 0:
        return f"nothing of it now; {on}"
    return f"up to {shares(passes.qty)} {'share' if passes.qty == 1 else 'shares'} now" + (f"; {on}" if passes.qty < qty else "")


def order(row: Mapping[str, Any]) -> str:
    """``sell 23 IDXE``, as the refused order was."""
    if row.get("symbol") is None:
        return f"order {row.get('order') or ''}".strip()
    return f"{row['side']} {shares(row['qty'])} {row['symbol']}"


def numbers(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers compared, as (name, value) in words."""
    return [(name.replace("_", " "), value_in_words(value)) for name, value in facts.items()]


def value_in_words(value: Any) -> str:
    """A value for people: numbers with separators and two decimals at most, yes and no, lists with commas."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={value_in_words(entry)}" for name, entry in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return ", ".join(value_in_words(entry) for entry in value)
    return str(value)


def rule_name(rule: str) -> str:
    """``pdt_day_trades_threshold (in force since 2001-09-28)`` -> ``pdt_day_trades_threshold``."""
    return rule.partition(" ")[0]


def source(book: Rulebook, rule: str, day: date | None) -> Source | None:
    """Where the rule of a refusal or a call was read; None if it is no parameter of the rulebook."""
    name = rule_name(rule)
    if name not in book.parameters or day is None:
        return None
    since = book.since(name, day)
    return since.source if since is not None else book.parameter(name).history[0].source


def call(row: Mapping[str, Any]) -> list[str]:
    """A margin call in lines: amount, how it comes about, its clock, what met it, what it cost."""
    lines = [f"{dollars(row['amount'])}: {row['how']}"]
    due = f", due {row['due_on']}" if row["due_on"] else ", no due day"
    ended = f", {row['status'].replace('_', ' ')}" + (f" {row['ended_on']}" if row["ended_on"] else "")
    lines.append(f"measured at the close of {row['measured_on']}, issued {row['issued_on']}{due}{ended}")
    if met := met_by(row):
        lines.append(met)
    return lines


def owed(result: Result) -> list[list[str]]:
    """Lines for each call, then for each restriction, in the order in which the picture has them."""
    lines = [call(row) for row in result.call_rows]
    for row in result.restriction_rows:
        until = f"to {row['until']}" if row["until"] else "open-ended"
        orders = "1 order" if row["refused"] == 1 else f"{row['refused']:,} orders"
        lines.append([row["because"], f"from {row['from']} {until}", f"{orders} refused for it"])
    return lines


def met_by(row: Mapping[str, Any]) -> str:
    """What came in for a call: deposits and sales, and what the brokerage sold itself; empty if nothing did."""
    parts = []
    if row["deposited"]:
        parts.append(f"{dollars(row['deposited'])} deposited for it")
    if row["forced_fills"]:
        sold = "sold" if row["forced_proceeds"] >= 0 else "covered"
        parts.append(f"{shares(cents(row['forced_shares']))} shares {sold} by the brokerage for {dollars(abs(row['forced_proceeds']))}")
    elif row["received"] and not row["deposited"]:
        parts.append(f"{dollars(row['received'])} came in")
    return "; ".join(parts)
