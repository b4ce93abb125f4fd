"""A result at a glance, as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from ..core.money import dollars

if TYPE_CHECKING:
    from .result import Result

#: So many reasons and calls are shown; the tables have the rest.
FEW = 6


def headline(result: Result) -> str:
    """Small HTML: what ran, the numbers, refusals by reason, margin calls, and where to look next. Everything in it is escaped."""
    about, parameters = result.manifest.get("strategy") or {}, result.manifest.get("parameters") or {}
    title = f"{about.get('class', 'Run')} at {parameters.get('brokerage', 'a brokerage')}"
    parts = [f"<b>{escape(title)}</b>", *(f"<div>! {escape(text)}</div>" for text in result.warnings[:FEW]), _table((), _numbers(result))]
    s = result.summary
    refused = sorted(((n, name.removeprefix("refused_")) for name, n in s.items() if name.startswith("refused_")), key=lambda e: -e[0])
    if refused:
        parts.append(_table(("refused", "orders"), [(name, f"{n:,}") for n, name in refused[:FEW]]))
    calls = result.call_rows
    if calls:
        rows = [(call["id"], call["kind"], dollars(call["amount"]), call["due_on"] or "no day", call["status"]) for call in calls[:FEW]]
        parts.append(_table(("call", "kind", "amount", "due", "status"), rows))
        if len(calls) > FEW:
            parts.append(f"<div>and {len(calls) - FEW:,} more calls</div>")
    parts.append(f"<div>Next: {', '.join(f'<code>{escape(code)}</code> {escape(words)}' for code, words in _next(result))}.</div>")
    # two dollar signs would make a formula of what stands between them
    return f'<div class="tex2jax_ignore mathjax_ignore">{"".join(parts)}</div>'


def _numbers(result: Result) -> Iterator[tuple[str, str]]:
    s = result.summary
    days = [row["session"] for row in result.rows]
    yield "sessions", f"{days[0]} to {days[-1]} ({len(days):,})" if days else "0"
    yield "equity", f"{dollars(s['equity_start'])} to {dollars(s['equity_end'])}"
    yield "return", "-" if s["total_return"] is None else f"{s['total_return']:.2%}"
    yield "max drawdown", f"{s['max_drawdown']:.2%}"
    yield "Sharpe", "-" if s["sharpe"] is None else f"{s['sharpe']:.2f}"
    yield "orders, refused", f"{s['orders']:,}, {s['refused']:,}"
    yield "day trades", f"{s['day_trades']:,}"
    if s["calls"]:
        yield "margin calls, forced sales", f"{s['calls']:,}, {s['forced_fills']:,}"


def _next(result: Result) -> Iterator[tuple[str, str]]:
    s = result.summary
    if s["refused"]:
        yield "result.refusals", "says why, and what would have passed"
    if s["held_overnight"]:
        yield "result.held_overnight", "which exits were refused"
    if s["calls"]:
        yield "result.calls", "what was owed and what it cost"
    yield "result.trades", "the round trips"
    yield "result.account", "cash and buying power bar by bar"
    yield "result.figure()", "the picture"


def _table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"
