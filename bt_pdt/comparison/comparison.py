"""``Comparison``: runs of one strategy side by side, what the rules cost, where the runs part, and whether chance could have made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput, known_name
from ..core.money import cents, dollars
from .costs import EXITS_DELAYED, FORCED_SALES, INTEREST_AND_FEES, NEVER_OPENED, OTHER, PARTS, Costs, costs, event_row
from .divergence import Divergence, FirstDivergence, divergences, first_divergence
from .firms import Firm, firms, law_of, sentences
from .laws import LawSource
from .resampling import CONFIDENCE, DRAWS, Paired, paired
from .runs import Run, Stuck
from .words import PART_WORDS
from .words import listed as _listed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..bars import Bars

#: Columns of the tables. ``table`` has a column ``refused_<REASON>`` for each reason that occurred besides.
COLUMNS: dict[str, dict[str, str]] = {
    "table": {
        "variant": "its name",
        "mode": "off, entry, exit or both; default where the checks were left to the brokerage",
        "brokerage": "the firm",
        "rules": "as_of, a day whose law held throughout, or off",
        "cash": "dollars at the start",
        "profit": "dollars made: equity at the end less equity at the start less deposits, plus withdrawals",
        "return": "as a fraction of 1; time-weighted where money came or went",
        "max_drawdown": "deepest fall from a high, bar by bar, negative",
        "sharpe": "daily, times the root of 252",
        "orders": "orders sent",
        "refused": "of them refused",
        "entries_refused": "refused orders that would not have reduced a position",
        "exits_refused": "refused orders that would have reduced a position",
        "stuck_overnight": "positions kept over a night although an order to close them was refused that day",
        "stuck_pnl": "what those nights made: signed shares times (first open of the next session - last close)",
        "day_trades": "day trades made",
        "peak_dtbp_use": "largest share of a day's DTBP used; empty where no day began with any",
        "calls": "margin calls",
        "forced_fills": "executions of the brokerage's own sales",
        "days_restricted": "sessions on which a restriction was in force",
        "interest": "margin interest paid, dollars",
        "borrow_fees": "borrow fees paid, dollars",
        "cost": "profit with the rules off less this profit; empty without a run with the rules off, or its prices",
        "unknown": "parameters of which the firm publishes nothing that was found, in force on some of these days: the bare law answers for them",
    },
    "firms": {
        "variant": "its name",
        "brokerage": "the firm",
        "title": "its full name",
        "comes_out": "the bare law; bare law, no finding (as it, and something of the firm is unknown); as the bare law; or own values",
        "unknown": "names of the parameters of which the firm publishes nothing that was found: the bare law answers for them",
        "own": "names of the parameters whose value differs from the bare law's on some of these days",
        "same_as": "the first variant that came out the same, bar by bar: itself if none did",
        "shares": "the variant whose run it is too, because the two are under one law on all of these days; empty if the run is its own",
        "bare": "the variant of the bare law that it is held against",
    },
    "costs": {
        "variant": "its name",
        "off_profit": "dollars made with the rules off",
        "profit": "dollars made under the rules",
        "cost": "the one less the other: the sum of the columns that follow",
        NEVER_OPENED: "what the trades that a refused entry kept from being made would have brought",
        EXITS_DELAYED: "what was lost because a refused exit kept a position",
        FORCED_SALES: "what was lost because the brokerage sold",
        INTEREST_AND_FEES: "margin interest, borrow fees and the like",
        OTHER: "what nothing above precedes",
    },
    "cost_events": {
        "variant": "its name",
        "at": "when it happened",
        "session": "the exchange day",
        "symbol": "the security, empty for money",
        "order": "the refused order's id",
        "part": ", ".join(PARTS),
        "reason": "the reason of the refusal, the call behind a forced sale, interest or fee",
        "cost": "dollars it cost (negative: spared) in all; the events of a variant add up to its cost",
        "direct": "of them in the difference it made itself",
        "knock_on": "of them in what followed elsewhere: other sizes, other orders",
        "why": "one sentence",
    },
    "stuck": {
        "variant": "its name",
        "session": "the exchange day on which the exit was refused",
        "symbol": "the security",
        "qty": "signed shares held over the night",
        "refused": "closing orders refused that day",
        "reason": "why the last of them was refused",
        "close": "last close of that session",
        "next_open": "first open of the next session; empty at the end of the bars",
        "pnl": "qty x (next_open - close)",
    },
    "divergences": {
        "at": "when the order was sent (filled differently: executed)",
        "session": "the exchange day",
        "symbol": "the security",
        "side": "buy or sell",
        "what": "asked by one only, answered differently, another size, filled differently, or a forced sale",
        "qty_a": "shares ordered by the first run",
        "qty_b": "shares ordered by the second",
        "answer_a": "accepted, the reason of the refusal, or not asked",
        "answer_b": "the same of the second",
        "filled_a": "shares executed",
        "filled_b": "the same of the second",
        "price_a": "average price",
        "price_b": "the same of the second",
        "rule": "the rule that refused (or called)",
        "why": "one sentence",
        "order_a": "the order's id in the first run",
        "order_b": "the order's id in the second",
    },
    "what_changed": {
        "what": "orders, refusals by reason, day trades, calls and restrictions by kind",
        "a": "how many in the first run",
        "b": "how many in the second",
        "change": "b less a",
    },
}
_TIMES, _DAYS = {"at"}, {"session"}


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Runs of one strategy, in the order of the variants. ``bars`` is None where saved runs are compared without their bars:
    then what the rules cost and what the nights of stuck positions made is not known.

    ``table`` (one row a variant), ``costs`` and ``cost_events`` (against the run with the rules off), ``stuck``, ``divergences(a, b)``,
    ``first_divergence(a, b)``, ``paired(a, b)``, ``what_changed(a, b)``, ``firms`` (what of each firm is its own and what unknown, where
    firms are compared with the bare law), ``conclusions`` (plain sentences), ``figure()``, ``to_html(file)``,
    ``save(folder)``, ``to_dict()``. ``comparison["exit"]`` is a run; its ``result`` is the :class:`~bt_pdt.results.Result`.
    """

    runs: Sequence[Run]
    bars: Bars | None = None

    def __post_init__(self) -> None:
        names = [run.name for run in self.runs]
        if not names or len(set(names)) < len(names):
            raise BadInput(f"a comparison takes runs of different names, got {', '.join(names) or 'none'}.")

    def __repr__(self) -> str:
        made = ", ".join(f"{run.name} {dollars(run.profit)}" for run in self.runs)
        return f"<Comparison of {self.title}: {made}>"

    def __getitem__(self, name: str) -> Run:
        known_name("variant", name, self.names)
        return next(run for run in self.runs if run.name == name)

    @property
    def names(self) -> list[str]:
        """The variants, in their order."""
        return [run.name for run in self.runs]

    @property
    def title(self) -> str:
        """The strategy's name."""
        return str((self.runs[0].result.manifest.get("strategy") or {}).get("class") or "runs")

    @property
    def warnings(self) -> list[str]:
        """What a reader must know about the bars and the runs, each sentence once."""
        return list(dict.fromkeys(text for run in self.runs for text in run.result.warnings))

    def off(self, run: Run) -> Run | None:
        """The run with the rules off and the same cash, None if there is none or it is ``run`` itself."""
        if run.off:
            return None
        return next((other for other in self.runs if other.off and other.parameters["cash"] == run.parameters["cash"]), None)

    # -- one row a variant

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """``table`` as plain rows."""
        reasons = {name for run in self.runs for name in run.summary if name.startswith("refused_")}
        total = {name: sum(int(run.summary.get(name, 0)) for run in self.runs) for name in reasons}
        ordered = sorted(reasons, key=lambda name: (-total[name], name))
        return [self._row(run) | {name: int(run.summary.get(name, 0)) for name in ordered} for run in self.runs]

    def _row(self, run: Run) -> dict[str, Any]:
        p, s = run.parameters, run.summary
        nights = [night.pnl for night in self.nights[run.name] if night.pnl is not None]
        cost = self.cost_of.get(run.name)
        return {
            "variant": run.name,
            "mode": run.mode,
            "brokerage": p["brokerage"],
            "rules": str(p["rules"]),
            "cash": float(p["cash"]),
            "profit": cents(run.profit),
            "return": s["total_return"],
            "max_drawdown": s["max_drawdown"],
            "sharpe": s["sharpe"],
            "orders": s["orders"],
            "refused": s["refused"],
            "entries_refused": len(run.refused(closing=False)) + len(run.result.unsupported),
            "exits_refused": len(run.refused(closing=True)),
            "stuck_overnight": len(self.nights[run.name]),
            "stuck_pnl": None if self.bars is None else cents(sum(nights)),
            "day_trades": s["day_trades"],
            "peak_dtbp_use": s["peak_dtbp_use"],
            "calls": s["calls"],
            "forced_fills": s["forced_fills"],
            "days_restricted": run.days_restricted,
            "interest": s["interest"],
            "borrow_fees": s["borrow_fees"],
            "cost": cost.whole if cost is not None else None,
            "unknown": len(self.law_of[run.name].unknown),
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a variant, indexed by its name; the columns are those of ``COLUMNS`` and one for each reason of refusal."""
        import pandas as pd

        return pd.DataFrame(self.rows).set_index("variant")

    # -- firms

    @cached_property
    def law_of(self) -> dict[str, LawSource]:
        """What of each variant's law is the firm's own, and what is unknown of it, on the days of its run."""
        return {run.name: law_of(run) for run in self.runs}

    @cached_property
    def firm_lines(self) -> list[Firm]:
        """``firms`` as values; none unless firms are compared, the bare law (``finra``) among them."""
        return firms(self)

    @cached_property
    def firms(self) -> pd.DataFrame:
        """What each firm's outcome rests on, indexed by variant: its own values, and the unknown ones that the bare law answers for."""
        return self._frame("firms", [line._asdict() for line in self.firm_lines]).set_index("variant")

    @cached_property
    def distinct(self) -> Comparison:
        """The comparison without the variants that came out bar by bar as the same mode did at a firm before them; itself if none did."""
        twins = {line.variant for line in self.firm_lines if line.same_as != line.variant}
        return Comparison([run for run in self.runs if run.name not in twins], self.bars) if twins else self

    # -- what the rules cost

    @cached_property
    def cost_of(self) -> dict[str, Costs]:
        """The costs of each variant that has a run with the rules off beside it."""
        found: dict[str, Costs] = {}
        for run in sorted(self.runs, key=lambda run: bool(run.shares)):  # one run is worked out once
            off = self.off(run)
            if off is not None and off.priced and run.priced:
                found[run.name] = found[run.shares] if run.shares in found else costs(off, run)
        return {name: found[name] for name in self.names if name in found}

    @property
    def cost_rows(self) -> list[dict[str, Any]]:
        """``costs`` as plain rows."""
        rows = []
        for name, found in self.cost_of.items():
            off = self.off(self[name])
            assert off is not None
            made: dict[str, Any] = {"off_profit": cents(off.profit), "profit": cents(self[name].profit), "cost": found.whole}
            rows.append({"variant": name} | made | found.parts)
        return rows

    @cached_property
    def costs(self) -> pd.DataFrame:
        """What the rules cost each variant, in parts that add up to the cent; indexed by variant."""
        return self._frame("costs", self.cost_rows).set_index("variant")

    @property
    def cost_event_rows(self) -> list[dict[str, Any]]:
        """``cost_events`` as plain rows."""
        return [{"variant": name} | event_row(line) for name, found in self.cost_of.items() for line in found.events]

    @cached_property
    def cost_events(self) -> pd.DataFrame:
        """Every refusal, forced sale and charge with what it cost, in time; the rows of a variant add up to its cost."""
        return self._frame("cost_events", self.cost_event_rows)

    @cached_property
    def nights(self) -> dict[str, list[Stuck]]:
        """Positions stuck over a night, by variant."""
        return {run.name: run.stuck(self.bars) for run in self.runs}

    @cached_property
    def stuck(self) -> pd.DataFrame:
        """Every position kept over a night because its exit was refused, and what the night made of it."""
        return self._frame("stuck", [{"variant": name} | night._asdict() for name, found in self.nights.items() for night in found])

    # -- where two runs part

    def divergences(self, a: str, b: str) -> pd.DataFrame:
        """Every order on which two variants part, in time."""
        return self._frame("divergences", [found._asdict() for found in self.divergence_list(a, b)])

    def divergence_list(self, a: str, b: str) -> list[Divergence]:
        """The same as values."""
        return list(self._once("divergences", a, b, divergences))

    def first_divergence(self, a: str, b: str) -> FirstDivergence | None:
        """The first of them, with both accounts just before it side by side; None if the two never part."""
        found: FirstDivergence | None = self._once("first", a, b, first_divergence)
        return found

    def paired(self, a: str, b: str, *, draws: int = DRAWS, confidence: float = CONFIDENCE, seed: int = 0) -> Paired:
        """Whether the daily returns of two variants differ by more than chance: bootstrap interval and a sentence."""
        found: Paired = self._once(
            f"paired {draws} {confidence} {seed}",
            a,
            b,
            lambda one, other: paired(one, other, draws=draws, confidence=confidence, seed=seed),
        )
        return found

    @cached_property
    def _made(self) -> dict[tuple[str, str, str], Any]:
        return {}

    def _once(self, what: str, a: str, b: str, make: Callable[[Run, Run], Any]) -> Any:
        """What two runs make together is worked out once: sentences, tables and pages ask for it again."""
        key = (what, a, b)
        if key not in self._made:
            self._made[key] = make(*self._two(a, b))
        return self._made[key]

    def _two(self, a: str, b: str) -> tuple[Run, Run]:
        one, other = self[a], self[b]
        if one is other:
            raise BadInput(f"a run is compared with another one, got {a!r} twice.")
        return one, other

    # -- one law against another

    def what_changed_rows(self, a: str, b: str) -> list[dict[str, Any]]:
        """``what_changed`` as plain rows."""
        one, other = (_counts(run) for run in self._two(a, b))
        names = list(dict.fromkeys([*one, *other]))
        return [{"what": name, "a": one[name], "b": other[name], "change": other[name] - one[name]} for name in names]

    def what_changed(self, a: str, b: str) -> pd.DataFrame:
        """What two variants met, side by side: refusals by reason, calls and restrictions by kind."""
        return self._frame("what_changed", self.what_changed_rows(a, b))

    def changed_sentence(self, a: str, b: str) -> str:
        """The same in one sentence: what vanishes, what appears."""
        rows = self.what_changed_rows(a, b)
        gone = [_count(row["a"], row["what"]) for row in rows if row["a"] and not row["b"]]
        come = [_count(row["b"], row["what"]) for row in rows if row["b"] and not row["a"]]
        moved = [f"{row['what']} {row['a']:,} to {row['b']:,}" for row in rows if row["a"] and row["b"] and row["change"]]
        changes = []
        if gone:
            changes.append(f"gone: {_listed(gone)}")
        if come:
            changes.append(f"new: {_listed(come)}")
        if moved:
            changes.append(f"changed: {_listed(moved)}")
        return f"From {a} to {b}: {'; '.join(changes) if changes else 'nothing changes'}."

    # -- in words

    @cached_property
    def conclusions(self) -> list[str]:
        """What the comparison says, in plain sentences: cost, nights, which mode suits, whether chance could have made the difference."""
        if self.firm_lines:
            pairs = [(a, b) for a, b in self.law_pairs if {a, b} <= set(self.distinct.names)]
            return sentences(self) + [self.changed_sentence(a, b) for a, b in pairs]
        found = []
        for name, cost in self.cost_of.items():
            found.append(self._cost_sentence(name, cost))
        for name, nights in self.nights.items():
            known = [night.pnl for night in nights if night.pnl is not None]
            if known:
                made = f"{'made' if sum(known) >= 0 else 'lost'} {dollars(abs(sum(known)))}"
                many = f"{len(nights):,} positions were" if len(nights) > 1 else "1 position was"
                left = f" (not known of {len(nights) - len(known):,} of them: the bars end)" if len(nights) > len(known) else ""
                found.append(f"{name}: {many} stuck overnight because the exit was refused; from close to open that {made}{left}.")
        for names in self.groups:
            found += self._best(names)
        for a, b in self.law_pairs:
            found.append(self.changed_sentence(a, b))
        return found

    def _cost_sentence(self, name: str, cost: Costs) -> str:
        if abs(cost.whole) < 0.005 and not any(cost.parts.values()):
            return f"{name}: the rules cost nothing; the run is the one with the rules off."
        off = self.off(self[name])
        assert off is not None
        parts = ", ".join(f"{PART_WORDS[part]} {dollars(amount)}" for part, amount in cost.parts.items() if amount)
        said = f"the rules cost {dollars(cost.whole)}" if cost.whole >= 0 else f"the rules spared {dollars(-cost.whole)}"
        made = f"profit {dollars(off.profit)} with the rules off, {dollars(self[name].profit)} under them"
        return f"{name}: {said} ({made}): {parts}."

    @cached_property
    def groups(self) -> list[list[str]]:
        """The variants that differ in their mode alone, those with the rules off left out."""
        groups: dict[Any, list[str]] = {}
        for run in self.runs:
            if not run.off:
                groups.setdefault(tuple(str(run.parameters[name]) for name in ("cash", "brokerage", "rules")), []).append(run.name)
        return list(groups.values())

    def _best(self, names: list[str]) -> list[str]:
        """Which of the modes under one law suits the strategy, and whether the data can tell it from the next (a single one: from off)."""
        ranked = sorted(names, key=lambda name: -self[name].profit)
        if len(ranked) < 2:
            off = self.off(self[ranked[0]])
            return [self.paired(ranked[0], off.name).sentence] if off is not None else []
        best = self[ranked[0]]
        level = [name for name in names if best.profit - self[name].profit < 0.005]
        rest = [name for name in ranked if name not in level]
        if not rest:
            return [f"{_listed(names)} come to the same for this strategy: each made {dollars(best.profit)}."]
        others = _listed([f"{name} {dollars(self[name].profit)}" for name in rest])
        suits = "suits" if len(level) == 1 else "suit"
        sentence = f"{_listed(level)} {suits} this strategy best: profit {dollars(best.profit)}; {others}."
        return [sentence, self.paired(level[0], rest[0]).sentence]

    @cached_property
    def law_pairs(self) -> list[tuple[str, str]]:
        """Pairs of variants that differ in the day of their law alone."""
        found = []
        for i, one in enumerate(self.runs):
            for other in self.runs[i + 1 :]:
                p, q = one.parameters, other.parameters
                same = all(p[name] == q[name] for name in ("cash", "brokerage", "block_on", "pdt_check", "dtbp_check"))
                if same and not (one.off or other.off) and str(p["rules"]) != str(q["rules"]):
                    found.append((one.name, other.name))
        return found

    # -- out

    def figure(self) -> Figure:
        """Equity of every variant, and below it how far each is from the rules off. A matplotlib Figure, no window, no backend touched."""
        from .picture import draw

        return draw(self)

    def to_html(self, file: str | Path, *, title: str | None = None) -> Path:
        """Writes the comparison as one page that needs nothing else: the answer, the variants, the cost, where they part, every run."""
        from .page import write

        return write(self, file, title=title)

    def _repr_html_(self) -> str:
        """The table for a notebook, a column for each variant."""
        shown = self.table.T.astype(object)
        html = shown.to_html(na_rep="-", float_format=lambda value: f"{value:,.4g}" if abs(value) < 10 else f"{value:,.2f}")
        return f'<div class="tex2jax_ignore mathjax_ignore">{html}</div>'  # names may hold two dollar signs, which are no formula

    def save(self, folder: str | Path) -> Path:
        """Writes the run folder of each variant, compare.json, compare.csv, compare.png and report.html; whole or not at all."""
        from .saving import write

        return write(self, folder)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON: ``runs`` by name, ``table``, ``firms``, ``costs``, ``cost_events``, ``stuck``, ``parted``,
        ``paired``, ``what_changed``, ``conclusions``, ``warnings``; equity by session in ``equity``.

        Where firms came out the same (``same_as`` in ``firms``) the first of them stands for all from ``cost_events`` on.
        """
        from ..results.folder import plain

        distinct = self.distinct
        base = next((run for run in self.runs if run.off), self.runs[0])
        others = [run for run in distinct.runs if run.name != base.name]
        parted = [self.first_divergence(base.name, run.name) for run in others]
        pairs = [self.paired(run.name, base.name) for run in others]
        found: Mapping[str, Any] = {
            "title": self.title,
            "base": base.name,
            "runs": {run.name: {"parameters": run.parameters, "summary": run.summary} for run in self.runs},
            "table": self.rows,
            "firms": [line._asdict() for line in self.firm_lines],
            "costs": self.cost_rows,
            "cost_events": distinct.cost_event_rows,
            "stuck": [{"variant": name} | night._asdict() for name, nights in distinct.nights.items() for night in nights],
            "parted": [first._asdict() | {"sentence": first.sentence} for first in parted if first is not None],
            "paired": pairs,
            "what_changed": [{"from": a, "to": b, "rows": self.what_changed_rows(a, b)} for a, b in distinct.law_pairs],
            "equity": {run.name: {row["session"]: row["equity"] for row in run.result.rows} for run in distinct.runs},
            "conclusions": self.conclusions,
            "warnings": self.warnings,
        }
        made: dict[str, Any] = plain(found)
        return made

    def _frame(self, name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
        import pandas as pd

        table = pd.DataFrame(rows, columns=list(COLUMNS[name]))
        for column in table.columns:
            if column in _TIMES:
                table[column] = pd.to_datetime(table[column]).astype("datetime64[us]")
            elif column in _DAYS:
                table[column] = pd.to_datetime(table[column]).astype("datetime64[s]")
        return table


def _counts(run: Run) -> Counter[str]:
    """What a run met, by its words."""
    found: Counter[str] = Counter({"orders": int(run.summary["orders"])})
    for name, count in run.summary.items():
        if name.startswith("refused_"):
            found[f"refusals for {name.removeprefix('refused_')}"] = int(count)
    found["day trades"] = int(run.summary["day_trades"])
    found.update(f"{row['kind'].replace('_', ' ')} calls" for row in run.result.call_rows)
    found.update(f"{row['kind'].replace('_', ' ')} restrictions" for row in run.result.restriction_rows)
    if run.summary["forced_fills"]:
        found["forced sales"] = int(run.summary["forced_fills"])
    return found


def _count(count: int, what: str) -> str:
    """``1 refusal for DTBP``, ``2 fed calls``."""
    if count == 1:
        what = what.replace("refusals", "refusal", 1) if what.startswith("refusals") else what.removesuffix("s")
    return f"{count:,} {what}"
