"""The page of a comparison: the answer first, then the variants, what the rules cost, where the runs part, and each run as it is.

Plain values for the template ``comparison.html``; whatever a user named is text there and never markup.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.money import cents, dollars, shares
from ..results import explained
from ..results.draw.figures import rulebook
from ..results.draw.picture import picture_data
from ..results.page import page
from ..results.page.page_data import moment, thinned
from .costs import EXITS_DELAYED, FORCED_SALES, INTEREST_AND_FEES, NEVER_OPENED, OTHER
from .firms import by_cost, comes_out
from .picture import COLOURS, OFF
from .words import PART_WORDS, STATE_WORDS, listed, plural, said, verdict

if TYPE_CHECKING:
    from .comparison import Comparison
    from .divergence import Divergence
    from .runs import Run

#: Rows of a table on the page; the rest are in compare.json (events, nights) or come from Python (divergences).
COSTLIEST, NIGHTS, PARTED = 12, 100, 60
#: Points that all lines of the picture share.
POINTS = 4_000
#: Cells of a variant that the table of firms has no room for; they are with each run.
LEFT_OUT_OF_FIRMS = ("deepest fall", "to open", "stuck overnight", "day trades")
PART_COLOURS = {
    NEVER_OPENED: "#3f7fb5",
    EXITS_DELAYED: "#d62728",
    FORCED_SALES: "#8c564b",
    INTEREST_AND_FEES: "#9467bd",
    OTHER: "#7f7f7f",
}
MODES = {
    "off": "everything is measured and nothing refused: the strategy as backtrader alone would run it",
    "entry": "an order to open is refused once trades made and orders still working have used the limit up; the way out stays open",
    "exit": "an order to open passes; the order to close that would go past a limit is refused, so the position stays overnight",
    "both": "either of the two is refused",
    "default": "the checks are those of the brokerage",
}


def html(found: Comparison, *, title: str | None = None) -> str:
    """The page as text."""
    return page.html(_runs(found), title=title or _title(found), comparison=view(found))


def write(found: Comparison, file: str | Path, *, title: str | None = None) -> Path:
    """Writes the page and returns its path."""
    return page.write(file, _runs(found), title=title or _title(found), comparison=view(found))


def _runs(found: Comparison) -> list[tuple[str, Any]]:
    return [(run.name, run.result) for run in found.distinct.runs]


def _title(found: Comparison) -> str:
    if found.firm_lines:
        return f"{found.title}, firm by firm"
    return f"{found.title}, {len(found.runs)} ways compared" if len(found.runs) > 1 else found.title


def view(found: Comparison) -> dict[str, Any]:
    """What ``comparison.html`` shows; of firms that came out the same the first stands for all below the table of variants."""
    every, found = found, found.distinct
    base = next((run for run in found.runs if run.off), found.runs[0])
    bare = {line.variant: line.bare for line in found.firm_lines}  # a firm is held against the bare law, that against the rules off
    against = {run.name: found[bare[run.name]] if bare.get(run.name, run.name) != run.name else base for run in found.runs}
    parted = [_parted(found, against[run.name], run) for run in found.runs if run is not base]
    nights = [_night(found, run.name, night) for run in found.runs for night in found.nights[run.name]]
    changed = [(found.changed_sentence(a, b), a, b, found.what_changed_rows(a, b)) for a, b in found.law_pairs]
    return {
        "about": _about(every),
        "warnings": every.warnings,
        "answer": verdict(every),
        "modes": [(run.name, said(run.name), MODES[run.mode]) for run in found.runs] if _modes_differ(every) else [],
        "switch": _switch(found),
        "variants": _variants(every),
        "firms": _firms(every),
        "stand_for": _stand_for(every),
        "has_cost": bool(found.cost_of),
        "no_cost": _no_cost(found),
        "cost": _cost(found),
        "refused": _refused(found),
        "nights": nights[:NIGHTS],
        "nights_total": len(nights),
        "night_sums": _night_sums(found),
        "base": base.name,
        "parted": [one for one in parted if one is not None],
        "alike": [run.name for run, one in zip((r for r in found.runs if r is not base), parted, strict=True) if one is None],
        "paired": _paired(found),
        "changed": changed,
        "chart": _chart(found),
        "colours": {f"part-{part}": colour for part, colour in PART_COLOURS.items()}
        | {f"line-{k}": colour for k, colour in enumerate(_line_colours(found))},
    }


# -- above


def _about(found: Comparison) -> str:
    """The bars, the cash and the firm, as far as they are common to all."""
    result = found.runs[0].result
    parts = []
    symbols = list((result.manifest.get("data") or {}).get("symbols") or ())
    if symbols:
        parts.append(", ".join(map(str, symbols[:8])) + (f" and {len(symbols) - 8} more" if len(symbols) > 8 else ""))
    days = [row["session"] for row in result.rows]
    if days:
        parts.append(f"{days[0]} to {days[-1]} ({plural(len(days), 'session')})")
    for name, words in (("cash", dollars), ("brokerage", str)):
        values = {run.parameters[name] for run in found.runs}
        if len(values) == 1:
            parts.append(words(values.pop()))
    return "; ".join(parts)


def _modes_differ(found: Comparison) -> bool:
    """True where one sentence a variant says what its mode does."""
    return len({run.mode for run in found.runs}) == len(found.runs) > 1


def _switch(found: Comparison) -> str:
    """What the intraday margin rules do to the modes, where these bars reach them; of firms when they come."""
    if found.firm_lines:
        return _switches(found)
    for run in found.runs:
        regimes = [(str(e["day"])[:10], e["regime"]) for e in run.result.manifest.get("rules_by_day") or ()]
        day = next((day for day, regime in regimes if regime == "intraday_margin"), None)
        if day is None or str(run.parameters["rules"]) not in ("as_of", "off"):
            continue
        if regimes[0][1] == "intraday_margin":
            return "On all of these days the intraday margin rules hold: day trades are not counted, and entry, exit and both are the same."
        later = {other.name: sum(str(o.session) >= day and not o.accepted for o in other.orders) for other in found.runs if not other.off}
        sentences = listed([f"{name} {count:,}" for name, count in later.items()]) if any(later.values()) else "none in any variant"
        return (
            f"From {day} on the intraday margin rules hold: day trades are not counted any more, and entry, exit and both are the same. "
            f"Orders refused from then on: {sentences}."
        )
    return ""


def _switches(found: Comparison) -> str:
    """From when on the intraday margin rules hold at each firm."""
    begun: dict[str, list[str]] = {}
    for run in found.runs:
        regimes = [(str(e["day"])[:10], e["regime"]) for e in run.result.manifest.get("rules_by_day") or ()]
        day = next((day for day, regime in regimes if regime == "intraday_margin"), None)
        if not run.off and str(run.parameters["rules"]) == "as_of":
            begun.setdefault("" if day is None else "throughout" if day == regimes[0][0] else f"from {day} on", []).append(run.name)
    if not any(begun):
        return ""
    most = max(begun, key=lambda words: len(begun[words]))
    rest = [f"{listed(names)} {words or 'not yet'}" for words, names in begun.items() if words != most]
    other = f" ({'; '.join(rest)})" if rest else ""
    return f"The intraday margin rules, under which day trades are not counted, hold {most or 'at most firms not yet'}{other}."


# -- the variants, one row each


def _variants(found: Comparison) -> list[dict[str, Any]]:
    """A row each; firms by what their rules cost, each under the colour and the run of the first that came out as it did."""
    lines = {line.variant: line for line in found.firm_lines}
    shown = {name: k for k, name in enumerate(found.distinct.names)}
    rows = []
    for row in by_cost(found) if lines else found.rows:
        line = lines.get(row["variant"])
        cells = _variant(found, shown[row["variant"] if line is None else line.same_as], found[row["variant"]], row)
        if lines:
            cells["cells"] = [cell for cell in cells["cells"] if cell[0] not in LEFT_OUT_OF_FIRMS]
            cells["cells"] += [
                ("unknown", "-" if line is None else f"{len(line.unknown)}"),
                ("comes out", "" if line is None else comes_out(found, line)),
            ]
        rows.append(cells)
    return rows


def _firms(found: Comparison) -> list[dict[str, Any]]:
    """What of each firm is its own, and what is unknown of it."""
    return [
        {
            "name": line.variant,
            "title": line.title,
            "comes_out": comes_out(found, line),
            "shares": line.shares,
            "own": list(line.own),
            "unknown": list(line.unknown),
        }
        for line in found.firm_lines
        if line.variant != line.bare
    ]


def _stand_for(found: Comparison) -> list[str]:
    """``finra stands for public and vanguard``: who came out the same as whom."""
    groups: dict[str, list[str]] = {}
    for line in found.firm_lines:
        if line.same_as != line.variant:
            groups.setdefault(line.same_as, []).append(line.variant)
    return [f"{first} stands for {listed(names)}" for first, names in groups.items()]


def _variant(found: Comparison, k: int, run: Run, row: dict[str, Any]) -> dict[str, Any]:
    stuck = f"{row['stuck_overnight']:,}"
    if row["stuck_overnight"] and row["stuck_pnl"] is not None:
        stuck += f" ({_signed(row['stuck_pnl'])})"
    refused = f"{row['refused']:,} of {row['orders']:,}"
    cells = [
        ("profit", _money(row["profit"])),
        ("return", "-" if row["return"] is None else f"{row['return']:+.2%}"),
        ("deepest fall", f"{-row['max_drawdown']:.2%}"),
        ("orders refused", refused),
        ("to open", f"{row['entries_refused']:,}"),
        ("to close", f"{row['exits_refused']:,}"),
        ("stuck overnight", stuck),
        ("day trades", f"{row['day_trades']:,}"),
        ("margin calls", f"{row['calls']:,}"),
    ]
    if any(other["forced_fills"] for other in found.rows):
        cells.append(("forced sales", f"{row['forced_fills']:,}"))
    if found.cost_of:
        cells.append(("cost of the rules", "-" if row["cost"] is None else _spared(row["cost"])))
    return {"k": k, "name": run.name, "cells": cells}


# -- what the rules cost


def _no_cost(found: Comparison) -> str:
    """Why there is no cost to show."""
    if found.cost_of:
        return ""
    if not any(run.off for run in found.runs):
        return "Not known: none of the runs has the rules off, and cost is measured against that one."
    if not any(found.off(run) for run in found.runs):
        return "Every run here has the rules off: there is nothing to measure."
    return "Not known: these are saved runs compared without their bars."


def _cost(found: Comparison) -> dict[str, Any]:
    """Bars and table of the parts, and the events that cost or spared most."""
    all_costs = found.cost_of
    parts = [part for part in PART_WORDS if any(cost.parts[part] for cost in all_costs.values())]
    right = max((sum(max(v, 0.0) for v in cost.parts.values()) for cost in all_costs.values()), default=0.0)
    left = max((sum(max(-v, 0.0) for v in cost.parts.values()) for cost in all_costs.values()), default=0.0)
    scale = 1000.0 / (left + right or 1.0)
    lanes = []
    for name, cost in all_costs.items():
        ends = {1: left, -1: left}
        boxes = []
        for part in parts:
            amount = cost.parts[part]
            if amount > 0:
                boxes.append((part, round(ends[1] * scale, 1), round(amount * scale, 1), dollars(amount)))
                ends[1] += amount
            elif amount < 0:
                boxes.append((part, round((ends[-1] + amount) * scale, 1), round(-amount * scale, 1), dollars(amount)))
                ends[-1] += amount
        off = found.off(found[name])
        assert off is not None
        profits = (_money(cents(off.profit)), _money(cents(found[name].profit)))
        values = [(PART_WORDS[part], _money(cost.parts[part])) for part in parts]
        lanes.append(
            {"name": name, "boxes": boxes, "whole": _money(cost.whole), "says": _spared(cost.whole), "profits": profits, "parts": values}
        )
    events = [(name, line) for name, cost in all_costs.items() for line in cost.events if abs(line.cost) >= 0.005]
    chosen = sorted(events, key=lambda one: -abs(one[1].cost))[:COSTLIEST]
    return {
        "zero": round(left * scale, 1),
        "lanes": lanes,
        "parts": [(part, PART_WORDS[part]) for part in parts],
        "events_total": len(events),
        "events": [
            {
                "variant": name,
                "at": moment(line.event.at),
                "why": line.event.why,
                "part": PART_WORDS[line.event.part],
                "cost": _money(line.cost),
                "direct": _money(line.direct),
                "knock_on": _money(line.knock_on),
            }
            for name, line in chosen
        ],
    }


# -- what was refused


def _refused(found: Comparison) -> list[dict[str, Any]]:
    """Each reason: what it means, how often it met whom, an example, and the rule with its source."""
    opened: dict[str, Counter[str]] = {}
    closed: dict[str, Counter[str]] = {}
    example: dict[str, tuple[Run, explained.Refused]] = {}
    for run in found.runs:
        for one in explained.refusals(run.result):
            reason = str(one.row["reason"])
            (closed if one.row["closing"] else opened).setdefault(reason, Counter())[run.name] += one.times
            example.setdefault(reason, (run, one))
    rows = []
    for reason, (run, first) in example.items():
        to_open, to_close = opened.get(reason, Counter()), closed.get(reason, Counter())
        counts = []
        for name in found.names:
            a, b = to_open[name], to_close[name]
            if a or b:
                counts.append((name, f"{a + b:,}", f"{a:,} to open and {b:,} to close" if a and b else "to open" if a else "to close"))
        rows.append(
            {
                "reason": reason,
                "words": explained.REASONS.get(reason, ""),
                "counts": counts,
                "times": sum(to_open.values()) + sum(to_close.values()),
                "variant": run.name,
                "at": moment(first.row["at"]),
                "why": first.decision.why,
                "rule": first.decision.rule,
                "source": explained.source(rulebook(run.result.manifest), first.decision.rule, first.row.get("session")),
            }
        )
    return sorted(rows, key=lambda row: -row["times"])


# -- nights


def _night(found: Comparison, name: str, night: Any) -> dict[str, Any]:
    held = f"{shares(abs(night.qty))} {night.symbol} {'long' if night.qty > 0 else 'short'}"
    known = night.pnl is not None
    return {
        "variant": name,
        "day": night.session.isoformat(),
        "held": held,
        "refused": f"{night.refused:,} ({night.reason})",
        "move": f"{_money(night.close)} to {_money(night.next_open)}" if known else "not known" if found.bars is None else "the bars end",
        "pnl": _signed(cents(night.pnl)) if known else "-",
    }


def _night_sums(found: Comparison) -> list[str]:
    """One sentence a variant: how many nights, what they made in all, the best and the worst."""
    sentences = []
    for name, nights in found.nights.items():
        if not nights:
            continue
        many = f"{name}: {plural(len(nights), 'position')} stuck overnight"
        known = [night for night in nights if night.pnl is not None]
        if known:
            total = sum(night.pnl for night in known if night.pnl is not None)
            many += f"; from close to open that {'made' if total >= 0 else 'lost'} {dollars(abs(total))} in all"
        if len(known) > 1:
            worst = min(known, key=lambda night: night.pnl or 0.0)
            many += f", at worst {_signed(cents(worst.pnl or 0.0))} ({worst.symbol}, {worst.session})"
        sentences.append(many + ".")
    return sentences


# -- where the runs part


def _parted(found: Comparison, base: Run, run: Run) -> dict[str, Any] | None:
    first = found.first_divergence(base.name, run.name)
    if first is None:
        return None
    rows = []
    for name in first.state_a:
        a, b = first.state_a[name], first.state_b[name]
        rows.append((STATE_WORDS.get(name, name), _value(name, a), _value(name, b), a != b))
    others = found.divergence_list(base.name, run.name)
    return {
        "a": first.a,
        "b": first.b,
        "sentence": first.sentence,
        "state": rows,
        "table": [_divergence(one) for one in others[:PARTED]],
        "total": len(others),
    }


def _divergence(one: Divergence) -> tuple[str, ...]:
    qty = one.qty_b if one.qty_b is not None else one.qty_a if one.qty_a is not None else max(one.filled_a, one.filled_b)
    order = f"{one.side} {shares(qty)} {one.symbol}"
    a, b = _became(one.answer_a, one.filled_a, one.price_a), _became(one.answer_b, one.filled_b, one.price_b)
    return moment(one.at), order, one.what, a, b


def _became(answer: str, filled: float, price: float | None) -> str:
    """What an order's answer was and what came of it."""
    if answer in ("not asked", "not sold"):
        return answer
    if filled and price is not None:
        return f"{'' if answer == 'accepted' else answer + ': '}filled {shares(filled)} at {dollars(price)}"
    return "accepted, not filled" if answer == "accepted" else f"refused: {answer}"


def _value(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{shares(qty)} {symbol}" for symbol, qty in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)).replace("_", " ") or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:,}" if isinstance(value, int) or name == "daytrade_count" else _money(float(value))


# -- chance


def _paired(found: Comparison) -> dict[str, Any]:
    """Each variant against the one with the rules off, and the best of each law against the others of it."""
    pairs: list[tuple[str, str]] = []
    for names in found.groups:
        ranked = sorted(names, key=lambda name: -found[name].profit)
        pairs += [(ranked[0], other) for other in ranked[1:]]
    pairs += [(run.name, off.name) for run in found.runs if (off := found.off(run)) is not None]
    made = [found.paired(a, b) for a, b in dict.fromkeys(pairs)]
    most = max((abs(end) for one in made for end in (one.low, one.high) if end is not None), default=0.0) or 1.0
    rows = []
    for one in made:
        box = None
        if one.low is not None and one.high is not None:
            place = [round(500 + 480 * value / most, 1) for value in (one.low, one.high, one.mean)]
            box = {"x": place[0], "w": max(2.0, round(place[1] - place[0], 1)), "mean": round(place[2] - 3, 1)}
        rows.append(
            {
                "pair": f"{one.a} less {one.b}",
                "mean": f"{one.mean:+.3%}",
                "interval": "-" if one.low is None or one.high is None else f"{one.low:+.3%} to {one.high:+.3%}",
                "sessions": f"{one.sessions:,}",
                "says": {True: "told apart", False: "may be chance", None: "too few sessions"}[one.apart]
                if any(value != 0 for value in (one.mean, one.low or 0.0, one.high or 0.0))
                else "the same every day",
                "box": box,
            }
        )
    return {"rows": rows}


# -- the picture


def _line_colours(found: Comparison) -> list[str]:
    colours = iter(COLOURS * (1 + len(found.runs) // len(COLOURS)))
    return [OFF if run.off else next(colours) for run in found.runs]


def _chart(found: Comparison) -> dict[str, Any]:
    """Equity of every run at the bars that any of them needs, and its distance from the run with the rules off."""
    longest = max(found.runs, key=lambda run: len(run.result.times)).result
    times = longest.times.astype("datetime64[us]")
    data = picture_data(longest)
    most = max(120, POINTS // len(found.runs))
    kept = [thinned(run.result.values, most) for run in found.runs if len(run.result.values) == len(times)]
    at = np.unique(np.concatenate([*kept, np.asarray(data.ends[-500:], dtype=np.int64) - 1])) if len(times) else np.zeros(0, np.int64)
    at = at[(at >= 0) & (at < len(times))]
    values = {run.name: _at(run, times, at) for run in found.runs}
    lines = []
    for run in found.runs:
        off = found.off(run)
        distance = None if off is None else _numbers(values[run.name] - values[off.name])
        lines.append({"name": run.name, "off": run.off, "equity": _numbers(values[run.name]), "distance": distance})
    return {
        "bars": len(times),
        "at": at.tolist(),
        "lines": lines,
        "days": [day.isoformat() for day in data.days],
        "begins": data.begins.tolist(),
        "ends": data.ends.tolist(),
        "switch": data.switch,
        "regimes": list(data.regimes),
    }


def _at(run: Run, times: Any, at: Any) -> Any:
    mine, values = run.result.times.astype("datetime64[us]"), run.result.values
    if not len(values):
        return np.full(len(at), np.nan)
    place = np.searchsorted(mine, times[at], "right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)


def _numbers(values: Any) -> list[float | None]:
    return [None if value != value else round(value, 2) for value in values.tolist()]


def _money(amount: float) -> str:
    return f"-${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def _spared(amount: float) -> str:
    return f"spared ${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def _signed(amount: float) -> str:
    return f"+${amount:,.2f}" if amount > 0 else _money(amount)
