"""Margin calls and restrictions as plain rows: how each amount comes about, how it ended, what it cost, what was refused meanwhile.

Days are ISO text, dollars are rounded to cents; a report, a table and a JSON object read the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..account.call_book import Restriction
from ..account.calls import MarginCall
from ..core.decisions import Reason, Rejected
from ..core.journal import CashEntry, Entry, FillEntry, OrderEntry, RestrictionEntry
from ..core.money import below, cents, dollars

Row = dict[str, Any]

#: The reasons with which a restriction refuses an order. Half the day-trading buying power shows as either kind of buying power.
REASONS = {
    "liquidation_only": {Reason.LIQUIDATION_ONLY},
    "closing_only": {Reason.CLOSING_ONLY},
    "cash_available": {Reason.CASH_AVAILABLE},
    "no_day_trades": {Reason.PDT_RESTRICTED_DAYTRADE},
    "ninety_day_freeze": {Reason.FROZEN_90_DAYS},
    "buying_power_2x": {Reason.DTBP, Reason.BUYING_POWER},
}


def call_rows(journal: Iterable[Entry], calls: Iterable[MarginCall]) -> list[Row]:
    """One row for every call, in the order of their issue, with what was sold and deposited for it."""
    spent: dict[str, Row] = {call.id: _no_cost() for call in calls}
    for entry in journal:
        if isinstance(entry, FillEntry) and entry.forced in spent:
            _add_forced(spent[entry.forced], entry)
        elif isinstance(entry, CashEntry) and entry.for_call in spent:
            spent[entry.for_call]["deposited"] += entry.amount
    rows = []
    for call in calls:
        line, cost = call.to_dict(), spent[call.id]
        rows.append(
            {"id": line["id"], "kind": line["kind"], "amount": line["amount"], "measured_on": call.measured_on.isoformat()}
            | line
            | {"received": cents(call.received)}
            | cost
            | {name: cents(cost[name]) for name in ("forced_proceeds", "deposited")}
            | {"how": how(call), "facts": {name: cents(value) for name, value in call.facts.items()}}
        )
    return rows


def forced_without_call(journal: Iterable[Entry], calls: Iterable[MarginCall]) -> Row | None:
    """What was sold because equity was gone, without a call: as in :func:`call_rows`, with its ``session``; None if nothing was."""
    known, found = {call.id for call in calls}, _no_cost()
    for entry in journal:
        if isinstance(entry, FillEntry) and entry.forced is not None and entry.forced not in known:
            found.setdefault("session", entry.session.isoformat())
            _add_forced(found, entry)
    return found if "session" in found else None


def _no_cost() -> Row:
    return {"forced_fills": 0, "forced_shares": 0.0, "forced_proceeds": 0.0, "deposited": 0.0}


def _add_forced(cost: Row, entry: FillEntry) -> None:
    fill = entry.fill
    cost["forced_fills"] += 1
    cost["forced_shares"] += fill.qty
    cost["forced_proceeds"] -= fill.sign * fill.qty * fill.price + fill.commission


def restriction_rows(journal: Iterable[Entry], restrictions: Sequence[Restriction]) -> list[Row]:
    """One row for every restriction, in the order they were set, with the orders that were refused for it."""
    refused: Counter[int] = Counter()
    binding: dict[tuple[str, str], int] = {}  # (kind, why) of those in force -> their place in the list
    for entry in journal:
        if isinstance(entry, RestrictionEntry):
            if entry.on:
                same = [i for i, r in enumerate(restrictions) if (r.kind, r.why) == (entry.kind, entry.why) and r.start <= entry.session]
                binding[entry.kind, entry.why] = same[-1] if same else -1
            else:
                binding.pop((entry.kind, entry.why), None)
        elif isinstance(entry, OrderEntry) and isinstance(entry.decision, Rejected):
            decision = entry.decision
            behind = [(why, i) for (kind, why), i in binding.items() if decision.reason in REASONS.get(kind, ())]
            named = [i for why, i in behind if why == decision.facts.get("why")] or [i for _, i in behind]
            refused.update(named[:1])
    return [
        restriction.to_dict() | {"because": restriction.because, "rule": restriction.rule, "refused": refused[i]}
        for i, restriction in enumerate(restrictions)
    ]


def how(call: MarginCall) -> str:
    """How the amount comes about, in numbers: ``maintenance margin $12,000 (30% of $40,000) - equity $11,000 = $1,000``."""
    return _HOW[call.kind](call.facts, call.amount)


def _day_trade(facts: Mapping[str, Any], amount: float) -> str:
    over = facts["day_trade_exposure"] - facts["bod_dtbp"]
    share = "" if not below(amount, over) else f", {amount / over:.4g} of it is {dollars(amount)}"
    return f"day-traded {dollars(facts['day_trade_exposure'])} - buying power {dollars(facts['bod_dtbp'])} = {dollars(over)}{share}"


def _fed(facts: Mapping[str, Any], amount: float) -> str:
    needed = f"the day's trades need {dollars(facts['needed_by_trades'])} of initial margin"
    return needed if below(facts["sma"], 0.01) else f"{needed} - SMA {dollars(facts['sma'])} = {dollars(amount)}"


def _maintenance(facts: Mapping[str, Any], amount: float) -> str:
    required, held = facts["maintenance_margin"], facts["market_value"]
    rate = f" ({required / held:.4%} of {dollars(held)})".replace(".0000%", "%") if held else ""
    return f"maintenance margin {dollars(required)}{rate} - equity {dollars(facts['equity'])} = {dollars(amount)}"


def _minimum_equity(facts: Mapping[str, Any], amount: float) -> str:
    return f"minimum equity {dollars(facts['required'])} - equity {dollars(facts['equity'])} = {dollars(amount)}"


def _intraday_margin(facts: Mapping[str, Any], amount: float) -> str:
    bound, equity = facts["minor_limit"], f"at equity {dollars(facts['equity'])}"
    minor = f"not minor: over {dollars(bound)}" if below(bound, amount) else f"minor: not over {dollars(bound)}"
    return f"the day's largest deficit {dollars(amount)}, {minor} {equity}"


_HOW = {
    "day_trade": _day_trade,
    "fed": _fed,
    "maintenance": _maintenance,
    "minimum_equity": _minimum_equity,
    "intraday_margin": _intraday_margin,
}
