"""Margin calls and restrictions in words: each with its numbers and its rule while they are few, by kind where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..core.money import dollars, shares

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Row = dict[str, Any]

#: Up to so many calls are told one by one; of more, a table by kind and the first ones.
FEW, FIRST = 8, 5
ENDED = {
    "open": "still open",
    "met": "met on {}",
    "past_due": "past due, not met",
    "met_late": "met late, on {}",
    "expired": "not met, expired on {}",
    "closed": "closed, its rule ended",
}


def show_owed(out: Console, calls: Sequence[Row], restrictions: Sequence[Row], account_closed: Row | None, rest: str) -> None:
    """Prints the calls, what each cost and which restrictions hang on it, then other restrictions. Ask only where there are some.

    The rows are those of :mod:`bt_pdt.results.owed`; ``rest`` says where those are that are not told one by one.
    """
    out.print("Margin calls and restrictions" if calls else "Restrictions")
    many = len(calls) > FEW
    if many:
        out.print(_by_kind(calls))
    shown = calls[:FIRST] if many else calls
    for call in shown:
        for line in call_lines(call, [r for r in restrictions if r["why"] == call["id"]]):
            out.print(line, soft_wrap=True)
    if many:
        out.print(f"and {_count(len(calls) - FIRST, 'more call')} in {rest}", soft_wrap=True)
    known = {call["id"] for call in calls}
    others = [r for r in restrictions if r["why"] not in known]
    if restrictions and (many or len(others) > FEW):
        out.print(_restrictions_by_kind(restrictions))
    for r in others if len(others) <= FEW else others[:FIRST]:
        out.print(f"{restriction_line(r)}; {r['because']}", soft_wrap=True)
    if len(others) > FEW:
        out.print(f"and {_count(len(others) - FIRST, 'more restriction')} in {rest.replace('calls', 'restrictions')}", soft_wrap=True)
    if account_closed is not None:
        out.print(f"{account_closed['session']}: equity was gone and everything sold; {_forced(account_closed)}", soft_wrap=True)


def call_lines(call: Row, restrictions: Sequence[Row]) -> Iterator[str]:
    """One call: dates and end, the numbers and the rule, what it cost, what it barred."""
    due = f"due {call['due_on']}" if call["due_on"] else "no due day"
    ended = ENDED[call["status"]].format(call["ended_on"])
    head = f"{call['kind']} call of {dollars(call['amount'])}: measured {call['measured_on']}, issued {call['issued_on']}, {due}; {ended}"
    yield f"{call['id']:>4}  {head}"
    yield f"      {call['how']}; rule: {call['rule']}"
    cost = [_forced(call)] if call["forced_fills"] else []
    cost += [f"{dollars(call['deposited'])} deposited for it"] if call["deposited"] else []
    if cost:
        yield f"      {', '.join(cost)}"
    for restriction in restrictions:
        yield f"      {restriction_line(restriction)}"


def restriction_line(row: Row) -> str:
    """``liquidation_only from 2024-03-07 until 2024-03-08 (dt_open_call_restriction), 3 orders refused``."""
    until = f"until {row['until']}" if row["until"] else "without end"
    refused = _count(row["refused"], "order") if row["refused"] else "no order"
    return f"{row['kind']} from {row['from']} {until}, {refused} refused (rule: {row['rule']})"


def _forced(row: Row) -> str:
    """``2 forced executions, 73 shares for $4,380``."""
    return f"{_count(row['forced_fills'], 'forced execution')}, {shares(row['forced_shares'])} shares for {dollars(row['forced_proceeds'])}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _by_kind(calls: Sequence[Row]) -> Table:
    from rich.table import Table

    table = Table("kind")
    for heading in ("calls", "dollars", "met", "met late", "not met", "open", "forced shares", "proceeds", "deposited"):
        table.add_column(heading, justify="right")
    for kind in dict.fromkeys(call["kind"] for call in calls):
        of_kind = [call for call in calls if call["kind"] == kind]

        def ended(*statuses: str, of_kind: Sequence[Row] = of_kind) -> str:
            return f"{sum(call['status'] in statuses for call in of_kind):,}"

        table.add_row(
            kind,
            f"{len(of_kind):,}",
            dollars(sum(call["amount"] for call in of_kind)),
            ended("met"),
            ended("met_late"),
            ended("past_due", "expired"),
            ended("open", "closed"),
            shares(sum(call["forced_shares"] for call in of_kind)),
            dollars(sum(call["forced_proceeds"] for call in of_kind)),
            dollars(sum(call["deposited"] for call in of_kind)),
        )
    return table


def _restrictions_by_kind(restrictions: Sequence[Row]) -> Table:
    from rich.table import Table

    table = Table("restriction", "first day", "last day")
    for heading in ("times", "orders refused"):
        table.add_column(heading, justify="right")
    for kind in dict.fromkeys(row["kind"] for row in restrictions):
        of_kind = [row for row in restrictions if row["kind"] == kind]
        ends = [row["until"] or "without end" for row in of_kind]  # words sort after days
        refused = sum(row["refused"] for row in of_kind)
        table.add_row(kind, min(row["from"] for row in of_kind), max(ends), f"{len(of_kind):,}", f"{refused:,}")
    return table
