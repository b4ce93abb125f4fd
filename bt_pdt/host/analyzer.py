"""ComplianceAnalyzer: the account's journal of one run as numbers and plain rows, ready to print, write and pickle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import backtrader as bt

from ..core.decisions import Rejected
from ..core.errors import BadInput
from ..core.journal import FillEntry, OrderEntry
from ..core.money import cents
from ..results import cash, owed
from .broker import MarginBroker
from .notes import notes
from .outcome import own_result

if TYPE_CHECKING:
    from ..results import Result


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
        self._result: Result | None = None

    def start(self) -> None:
        _margin_broker(self.strategy)

    def stop(self) -> None:
        broker = _margin_broker(self.strategy)
        if not broker.times and len(self.strategy):
            raise BadInput(
                "the run went past its bars without asking the broker (an engine that bypasses backtrader's hooks), so no order was "
                "checked; use backtrader 1.9.78.123."
            )
        broker.finish()
        self.rets = analysis(broker)
        self.rets["warning_list"] += notes(broker)
        cerebro = self.strategy.cerebro
        if cerebro._dooptimize:  # the next variant begins with the same broker anew, and this one may travel
            self._result = own_result(broker, cerebro.runningstrats)

    @property
    def result(self) -> Result:
        """The :class:`~bt_pdt.results.Result` of the run, as :func:`bt_pdt.result` gives it; of ``optstrategy`` that of this variant."""
        if self._result is None:
            if not self.rets:
                raise BadInput("the run is not over yet; ask for its result after cerebro.run().")
            self._result = own_result(_margin_broker(self.strategy), self.strategy.cerebro.runningstrats)
        return self._result

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
        "warning_list": list(broker.looker.said),
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
