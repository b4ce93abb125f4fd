"""ComplianceAnalyzer: the account's journal of one run as numbers and plain rows, ready to print, write and pickle."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import backtrader as bt

from ..core.decisions import Rejected
from ..core.errors import BadInput
from ..core.journal import FillEntry, OrderEntry
from ..core.money import cents, dollars
from ..results import cash, owed
from .broker import MarginBroker

#: How many bars of a feed are looked at to see whether its timeframe is declared rightly.
LOOK = 50


class ComplianceAnalyzer(bt.Analyzer):
    """What the rules did to a run. Works with :class:`~bt_pdt.host.broker.MarginBroker` only.

    ``get_analysis()`` is a dict, numbers first: ``orders``, ``refusals``, ``refused_<REASON>`` for each reason that occurred,
    ``day_trades``, ``peak_dtbp_use`` (the largest share of a day's DTBP that was used, 0 to 1), ``lowest_dtbp`` (of a session that
    had any; None if none had), ``calls`` and ``calls_<kind>`` for each kind of margin call that was issued, ``forced_fills`` (executions
    of the brokerage's own sales), ``deposits``, ``withdrawals``, ``interest`` and ``borrow_fees`` (dollars moved and paid),
    ``equity_start``, ``equity_end``, ``total_return`` (time-weighted where money came or went; None without equity at the start). Then
    lists of plain dicts: ``refusal_list``, ``day_trade_list``, ``session_list``, ``fill_list``, ``call_list``, ``restriction_list``, and
    ``warning_list``: sentences about bars to which the rules cannot be applied well. It reads the account after the run; the columns of
    calls and restrictions are those of ``bt_pdt.results.tables.COLUMNS``.
    """

    def create_analysis(self) -> None:
        self.rets: dict[str, Any] = {}

    def start(self) -> None:
        _margin_broker(self.strategy)

    def stop(self) -> None:
        broker = _margin_broker(self.strategy)
        if broker.account is None and len(self.strategy):
            raise BadInput(
                "the run went past its bars without asking the broker (an engine that bypasses backtrader's hooks), so no order was "
                "checked; use backtrader 1.9.78.123."
            )
        broker.finish()
        self.rets = analysis(broker)
        for sentence in self.rets["warning_list"]:
            warnings.warn(sentence, stacklevel=2)
        self.rets["warning_list"] += notes(broker)

    def get_analysis(self) -> dict[str, Any]:
        """The analysis; empty before the run is over."""
        return self.rets


def _margin_broker(strategy: Any) -> MarginBroker:
    broker = strategy.broker
    if not isinstance(broker, MarginBroker):
        raise BadInput(
            f"ComplianceAnalyzer needs bt_pdt.MarginBroker, the run has {type(broker).__name__}; "
            "call cerebro.setbroker(bt_pdt.MarginBroker(...)) or bt_pdt.install(cerebro)."
        )
    return broker


def analysis(broker: MarginBroker) -> dict[str, Any]:
    """The dict of :meth:`ComplianceAnalyzer.get_analysis` for a finished run."""
    account = broker.account
    journal = account.journal if account is not None else []
    asked = [entry for entry in journal if isinstance(entry, OrderEntry)]
    refusals = [_refusal_row(e.at, e.session, e.request, e.decision) for e in asked if isinstance(e.decision, Rejected)]
    refusals += [_refusal_row(at, None, None, decision) for at, _, decision in broker.unsupported]
    calls = account.calls if account is not None else []
    restrictions = account.restrictions if account is not None else []
    rows = account.sessions if account is not None else []
    day_trades = account.day_trades if account is not None else []
    uses = list(_dtbp_uses(rows))
    begin, end = broker.startingcash, broker.getvalue()
    found: dict[str, Any] = {"orders": len(asked) + len(broker.unsupported), "refusals": len(refusals)}
    for reason, count in sorted(Counter(row["reason"] for row in refusals).items()):
        found[f"refused_{reason}"] = count
    found |= {
        "day_trades": sum(count for _, _, count in day_trades),
        "peak_dtbp_use": max((use for use, _ in uses), default=0.0),
        "lowest_dtbp": min((left for _, left in uses), default=None),
        "calls": len(calls),
        **{f"calls_{kind}": count for kind, count in sorted(Counter(call.kind for call in calls).items())},
        "forced_fills": sum(isinstance(entry, FillEntry) and entry.forced is not None for entry in journal),
        **{name: cents(amount) for name, amount in cash.totals(journal)._asdict().items()},
        "equity_start": cents(begin),
        "equity_end": cents(end),
        "total_return": cash.total_return(journal, rows, begin, end),
        "refusal_list": refusals,
        "day_trade_list": [{"session": day.isoformat(), "symbol": symbol, "count": count} for day, symbol, count in day_trades],
        "session_list": [dict(row) for row in rows],
        "fill_list": [_fill_row(entry) for entry in journal if isinstance(entry, FillEntry)],
        "call_list": owed.call_rows(journal, calls),
        "restriction_list": owed.restriction_rows(journal, restrictions),
        "warning_list": list(_warnings(broker)),
    }
    return found


def _refusal_row(at: Any, session: date | None, request: Any, decision: Rejected) -> dict[str, Any]:
    return {
        "at": at.isoformat() if at is not None else None,
        "session": session.isoformat() if session is not None else None,
        "order": request.id if request is not None else None,
        "symbol": request.symbol if request is not None else None,
        "side": request.side if request is not None else None,
        "qty": request.qty if request is not None else None,
        "reason": str(decision.reason),
        "http_status": decision.http_status,
        "code": decision.code,
        "message": decision.message,
        "rule": decision.rule,
        "facts": dict(decision.facts),
        "also": [str(reason) for reason in decision.also],
        "would_pass_qty": decision.would_pass.qty,
        "would_pass_on": decision.would_pass.on.isoformat() if decision.would_pass.on is not None else None,
        "why": decision.why,
    }


def _fill_row(entry: FillEntry) -> dict[str, Any]:
    fill = entry.fill
    return {
        "at": entry.at.isoformat(),
        "session": entry.session.isoformat(),
        "order": fill.order_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "qty": fill.qty,
        "price": fill.price,
        "commission": fill.commission,
        "day_trades": entry.day_trades,
        "forced": entry.forced,
    }


def _dtbp_uses(rows: list[dict[str, Any]]) -> Iterator[tuple[float, float]]:
    """(share used, dollars left at the lowest) of each session that began with day-trading buying power."""
    for row in rows:
        begin = row["bod_dtbp"]
        if begin:
            left = row["lowest_daytrading_buying_power"]
            yield 1.0 - left / begin, left


def _warnings(broker: MarginBroker) -> Iterator[str]:
    """Bars to which the rules cannot be applied as they stand: a mistake in the feed, most likely."""
    if broker.odd_dates:
        days = sorted(set(broker.odd_dates))
        yield (
            f"{len(days)} dates with bars are no sessions of the exchange (the first is {days[0]}): what happened there counts for the "
            "next session. Are the times New York time, not UTC?"
        )
    for feed in broker.clock.feeds.values():
        stamps = [feed.times.array[i] for i in range(min(LOOK, len(feed.times.array)))]
        days_seen = [int(stamp) for stamp in stamps if stamp == stamp]
        if len(days_seen) < 3:
            continue
        same_day = sum(a == b for a, b in pairwise(days_seen))
        name = feed.symbol
        if feed.long_bars and same_day:
            yield (
                f"the feed of {name} has several bars a day but is declared as daily, backtrader's default; "
                "give it timeframe=bt.TimeFrame.Minutes."
            )
        elif not feed.long_bars and not same_day:
            yield f"the feed of {name} has one bar a day but is not declared as daily; give it timeframe=bt.TimeFrame.Days."


def notes(broker: MarginBroker) -> list[str]:
    """What a reader of the report should know about right bars, without being warned."""
    found = [
        f"{'deposit' if amount > 0 else 'withdrawal'} of {dollars(abs(amount))} on {day} did not move: {why}"
        for day, amount, why in broker.unmoved
    ]
    if broker.closed_on is not None:
        owes = max(0.0, -broker.getvalue())
        debt = f"the account ends owing {dollars(owes)}" if owes else "no debt is left"
        found.append(f"equity was gone on {broker.closed_on}: the brokerage sold everything and closed the account to trading; {debt}.")
    daily = sorted({f.symbol for f in broker.clock.feeds.values() if f.long_bars and broker.clock.is_daily(f.stamp() or 0.0)})
    if not daily:
        return found
    return [
        *found,
        f"daily bars ({', '.join(daily[:5])}{', ...' if len(daily) > 5 else ''}): the order of trades within a day is unknown, so the "
        "worst for day trades is taken: openings first, closings after.",
    ]
