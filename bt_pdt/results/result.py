"""``Result``: everything a run left behind, read from the account's journal or from the folder it was saved to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..account.call_book import Restriction
from ..account.calls import MarginCall
from ..core.decisions import Rejected
from ..core.errors import BadInput
from ..core.journal import Entry, FillEntry, OrderEntry
from ..core.money import cents
from . import cash, metrics, owed, tables
from .metrics import Array
from .tables import UnsupportedOrder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """One run under the rules: numbers (``summary``), tables, a picture, a folder. :func:`bt_pdt.load` reads a saved one back, whole.

    ``journal`` is the account's, ``times`` and ``values`` are the end (naive New York time) and the equity of every bar, ``rows`` the
    sessions table, ``carried`` signed shares held before the first bar, ``issued`` and ``restricted`` the account's calls and restrictions
    at the end (the journal lacks the calls that the last close makes). ``manifest`` says what ran: versions, parameters, strategy, data,
    rules by day. ``warnings`` are sentences about the bars. ``closes`` are (end of bar, close) of each symbol that was traded, for
    :attr:`account`. :meth:`columns` tells the unit and the meaning of every column of a table.
    """

    journal: Sequence[Entry]
    times: Array
    values: Array
    rows: Sequence[Mapping[str, Any]]
    equity_start: float
    unsupported: Sequence[UnsupportedOrder] = ()
    carried: Mapping[str, float] = field(default_factory=dict)
    issued: Sequence[MarginCall] = ()
    restricted: Sequence[Restriction] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    closes: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)

    @staticmethod
    def load(folder: str | Path) -> Result:
        """The result that was saved to ``folder``: equal to the one that was, in every table, number and picture."""
        from .folder import read

        return read(folder)

    @staticmethod
    def columns(table: str) -> dict[str, tables.Column]:
        """The columns of a table (``orders``, ``trades``, ``account`` ...) in order, each with its unit and its meaning."""
        return tables.columns(table)

    def __repr__(self) -> str:
        s = self.summary
        return (
            f"<Result {s['sessions']} sessions: equity {s['equity_start']:,.2f} -> {s['equity_end']:,.2f}, "
            f"{s['orders']} orders, {s['refused']} refused, {s['day_trades']} day trades>"
        )

    def _repr_html_(self) -> str:
        from .headline import headline

        return headline(self)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Scalars. Shares are fractions of 1 (0.05 is 5 %), money is dollars; None where a number does not exist.

        ``time_weighted_return`` chains the daily returns, each of which leaves the deposits and withdrawals of its day out;
        ``money_weighted_return`` is the internal rate of return, which weighs every dollar by the time it was there (over the run, from one
        year on a year's). ``total_return`` is the time-weighted one where money came or went, else the end over the start. ``max_drawdown`` is
        measured bar by bar on what the start grew to without what came in or left, and is negative; ``closing_drawdown`` looks at the closes of
        sessions only, and is what packages that know daily returns show. ``sharpe``, ``sortino`` and ``volatility`` are daily, times the root
        of 252; ``worst_day`` is the lowest daily return, ``cagr`` a year's growth at the pace of the run, ``calmar`` that over
        ``closing_drawdown``. ``peak_dtbp_use`` and ``lowest_dtbp`` are of sessions that began with day-trading buying power; ``calls`` counts
        margin calls, ``forced_fills`` executions of the brokerage's own sales; ``deposits``, ``withdrawals``, ``interest`` and
        ``borrow_fees`` are dollars moved and paid; ``held_overnight`` counts positions kept over a night because their closing order was
        refused. ``calls_<kind>`` and ``refused_<REASON>`` follow for each
        that occurred.
        """
        asked = [entry for entry in self.journal if isinstance(entry, OrderEntry)]
        reasons = Counter(str(e.decision.reason) for e in asked if isinstance(e.decision, Rejected))
        reasons.update(str(lost.decision.reason) for lost in self.unsupported)
        orders, refused = len(asked) + len(self.unsupported), sum(reasons.values())
        end = float(self.values[-1]) if len(self.values) else self.equity_start
        used, lowest = metrics.dtbp_use(self.rows)
        found: dict[str, Any] = {
            "equity_start": cents(self.equity_start),
            "equity_end": cents(end),
            "total_return": cash.total_return(self.journal, self.rows, self.equity_start, end),
            "time_weighted_return": cash.time_weighted_return(self.journal, self.rows, self.equity_start, end),
            "money_weighted_return": cash.money_weighted_return(self.journal, self.rows, self.equity_start, end),
            "max_drawdown": metrics.max_drawdown(self.time_weighted_index),
            "closing_drawdown": metrics.closing_drawdown(self._returns),
            "cagr": metrics.cagr(self._returns),
            "worst_day": metrics.worst_day(self._returns),
            "volatility": metrics.volatility(self._returns),
            "sharpe": metrics.sharpe(self._returns),
            "sortino": metrics.sortino(self._returns),
            "calmar": metrics.calmar(self._returns),
            "sessions": len(self.rows),
            "sessions_with_bars": len(self._seen),
            "orders": orders,
            "accepted": orders - refused,
            "refused": refused,
            "fills": sum(isinstance(entry, FillEntry) for entry in self.journal),
            "day_trades": sum(entry.day_trades for entry in self.journal if isinstance(entry, FillEntry)),
            "peak_dtbp_use": used,
            "lowest_dtbp": lowest,
            "calls": len(self.issued),
            "restrictions": len(self.restricted),
            "forced_fills": sum(isinstance(entry, FillEntry) and entry.forced is not None for entry in self.journal),
            **{name: cents(amount) for name, amount in cash.totals(self.journal)._asdict().items()},
            "held_overnight": len(tables.held_overnight_rows(self.journal, dict(self.carried))),
        }
        for kind, count in Counter(call.kind for call in self.issued).most_common():
            found[f"calls_{kind}"] = count
        for reason, count in reasons.most_common():
            found[f"refused_{reason}"] = count
        return found

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Every order put before the account and what became of it."""
        return tables.frame("orders", tables.order_rows(self.journal, self.unsupported))

    @cached_property
    def refusals(self) -> pd.DataFrame:
        """Every refused order: the reason, the brokerage's words, the numbers, what would have passed."""
        return tables.frame("refusals", tables.refusal_rows(self.journal, self.unsupported, dict(self.carried)))

    @cached_property
    def fills(self) -> pd.DataFrame:
        """Every execution."""
        return tables.frame("fills", tables.fill_rows(self.journal))

    @cached_property
    def sizes(self) -> pd.DataFrame:
        """Every order that a sizer made smaller, or did not make, and why."""
        return tables.frame("sizes", tables.size_rows(self.journal))

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips: every position from flat to flat, what it made, how long it was held, whether it was a day trade or liquidated."""
        positions = ((self.manifest.get("parameters") or {}).get("account") or {}).get("positions", ())
        days = [date.fromisoformat(row["session"]) for row in (self.rows[0], self.rows[-1])] if self.rows else [None, None]
        return tables.frame("trades", tables.trade_rows(self.journal, positions, *days))

    @cached_property
    def day_trades(self) -> pd.DataFrame:
        """Day trades by session and symbol."""
        return tables.frame("day_trades", tables.day_trade_rows(self.journal))

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """One row for each session of the exchange, with the figures of its close."""
        return tables.frame("sessions", [dict(row) for row in self.rows])

    @cached_property
    def calls(self) -> pd.DataFrame:
        """Every margin call: for how much and why, due when, how it ended, what was sold and deposited for it."""
        return tables.frame("calls", self.call_rows)

    @cached_property
    def call_rows(self) -> list[dict[str, Any]]:
        """The calls as plain values."""
        return owed.call_rows(self.journal, self.issued)

    @cached_property
    def restrictions(self) -> pd.DataFrame:
        """What the account was not allowed to do, from when until when, and how many orders were refused for it."""
        return tables.frame("restrictions", self.restriction_rows)

    @cached_property
    def restriction_rows(self) -> list[dict[str, Any]]:
        """The restrictions as plain values."""
        return owed.restriction_rows(self.journal, self.restricted)

    @property
    def account_closed(self) -> dict[str, Any] | None:
        """What was sold because equity was gone, without a call; None if nothing was."""
        return owed.forced_without_call(self.journal, self.issued)

    @cached_property
    def held_overnight(self) -> pd.DataFrame:
        """Positions that stayed over a night because the order to close them was refused."""
        return tables.frame("held_overnight", tables.held_overnight_rows(self.journal, dict(self.carried)))

    @cached_property
    def equity(self) -> pd.DataFrame:
        """Equity at the end of every bar."""
        return tables.frame("equity", self._bars)

    @cached_property
    def account(self) -> pd.DataFrame:
        """Cash, buying power, day trades and margin level at the end of every bar, found by playing the journal again."""
        from .accounts import numbers

        parameters = self.manifest.get("parameters")
        if parameters is None:
            raise BadInput("this result does not say with which arguments it ran, so its account cannot be played again.")
        daily = self.manifest["data"]["bar_length"] == "1 day"
        return tables.frame("account", self._bars | numbers(self.journal, self.times, self.closes, parameters, daily=daily))

    @property
    def _bars(self) -> dict[str, Array]:
        return {
            "at": self.times.astype("datetime64[us]"),
            "session": bar_sessions(self.times).astype("datetime64[s]"),
            "equity": np.asarray(self.values, dtype=np.float64),
        }

    @cached_property
    def time_weighted_index(self) -> Array:
        """What the equity at the start grows to by the end of every bar without what came in or left; the start is its first value."""
        return metrics.time_weighted_index(self.equity_start, self.values, cash.bar_flows(self.journal, self.times))

    @cached_property
    def returns(self) -> pd.Series[float]:
        """Daily returns, close to close, indexed by session, deposits left out: as they are for quantstats, empyrical and pyfolio."""
        import pandas as pd

        days = np.array([row["session"] for row in self._seen], dtype="datetime64[s]")
        return pd.Series(self._returns, index=pd.DatetimeIndex(days, name="session"), name="return")

    @cached_property
    def _seen(self) -> list[Mapping[str, Any]]:
        """The rows of sessions that have bars; the account goes through the others too, but nothing is known of them."""
        seen = set(np.unique(bar_sessions(self.times)).astype(str))
        return [row for row in self.rows if row["session"] in seen]

    @cached_property
    def _returns(self) -> Array:
        seen = self._seen
        moved, at_work = cash.flows(self.journal, [row["session"] for row in seen])
        return metrics.daily_returns(self.equity_start, [row["equity"] for row in seen], moved[:-1], at_work[:-1])

    def figure(self, name: str = "run", **options: Any) -> Figure:
        """A picture by its name, as a matplotlib Figure: no window, no backend touched. ``bt_pdt.results.draw.drawing.FIGURES`` lists them.

        ``run`` is equity and refusals over buying power and day trades; ``price`` is the price of a symbol (``symbol=``, ``day=``) with its fills
        and, in red, the orders that were refused; ``session_power`` takes ``session=``, each takes ``width=`` inches.
        """
        from .draw.drawing import figure

        return figure(self, name, **options)

    def interactive(self, name: str = "run", **options: Any) -> Any:
        """The same pictures as plotly Figures that answer to the mouse; needs plotly (``pip install "bt_pdt[plotly]"``)."""
        from .page.interactive import interactive

        return interactive(self, name, **options)

    def to_html(self, file: str | Path) -> Path:
        """Writes the run as one page that needs nothing else; returns its path."""
        from .page.page import write

        return write(file, [(str((self.manifest.get("strategy") or {}).get("class") or "run"), self)])

    def save(self, folder: str | Path) -> Path:
        """Writes the run folder (manifest, tables, picture) whole or not at all; replaces a former run folder, nothing else."""
        from .folder import write

        return write(self, folder)


def bar_sessions(times: Array) -> Array:
    """The session (``datetime64[D]``) each bar belongs to: its date up to 20:00, else the next session."""
    from ..core.sessions import is_session, next_session

    days = (times.astype("datetime64[us]") + np.timedelta64(4, "h") - np.timedelta64(1, "us")).astype("datetime64[D]")
    dates, inverse = np.unique(days, return_inverse=True)
    known = [day if is_session(day) else next_session(day) for day in dates.astype(object)]
    return np.array(known, dtype="datetime64[D]")[inverse]
