"""What a page says, as plain values: the template sets the words, the script draws the picture and the long tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.money import dollars
from ...law import Parameter
from ...law.brokerages import brokerage
from ...law.words import in_words
from .. import explained, tables
from ..draw.figures import rulebook
from ..draw.picture import COLOURS, OTHER, OWED, PictureData, picture_data
from ..explained import Refused
from ..metrics import Array

if TYPE_CHECKING:
    from ...law import Rulebook
    from ..result import Result

#: Points of the equity line, and refusals that a page explains one by one; the rest are counted, and are in refusals.csv.
POINTS = 4_000
EXPLAINED = 1_500
#: Rows of all tables of sessions on a page together.
SESSIONS = 30_000
#: Margin calls and restrictions that a page tells one by one.
TOLD = 200


def run(name: str, result: Result, *, of: int = 1) -> dict[str, Any]:
    """One run of a page: ``words`` for the template, ``data`` for the script. ``of`` runs share the page: each has less room."""
    data = picture_data(result)
    book = rulebook(result.manifest)
    refused = explained.refusals(result)
    told = _told(refused, max(60, 2 * EXPLAINED // max(2, of)))
    calls = result.call_rows
    words = {
        "name": name,
        "title": data.title,
        "headline": _headline(result),
        "cards": _cards(result, data),
        "warnings": _warnings(result),
        "calls": [_call(row, book) for row in calls[:TOLD]],
        "calls_total": len(calls),
        "restrictions": [_restriction(row, book) for row in result.restriction_rows[:TOLD]],
        "restrictions_total": len(result.restriction_rows),
        "account_closed": result.account_closed,
        "setup": _setup(result.manifest),
        "rules": _rules(result.manifest, book),
        "firm": _firm(result.manifest),
        "data": _data(result.manifest),
        "versions": ", ".join(f"{package} {version}" for package, version in (result.manifest.get("versions") or {}).items()),
        "refused": result.summary["refused"],
        "groups": len(refused),
        "told": len(told),
        "sessions": len(result.rows),
        "sessions_told": min(len(result.rows), SESSIONS // max(1, of)),
    }
    return {
        "words": words,
        "data": {
            "chart": _chart(result, data, refused, told, max(400, 2 * POINTS // max(2, of))),
            "refusals": _refusals([refused[place] for place in told], book),
            "sessions": _sessions(result, SESSIONS // max(1, of)),
        },
    }


# -- words


def _headline(result: Result) -> str:
    """One sentence that a trader understands."""
    s, rows = result.summary, result.rows
    gain = s["equity_end"] - s["equity_start"] - s["deposits"] + s["withdrawals"]
    share = "" if s["total_return"] is None else f" ({s['total_return']:+.2%})"
    parameters = result.manifest.get("parameters") or {}
    where = f" at {parameters['brokerage']}" if parameters.get("brokerage") else ""
    sessions = f"{len(rows):,} {'session' if len(rows) == 1 else 'sessions'}"
    text = f"{'Made' if gain >= 0 else 'Lost'} {dollars(abs(gain))}{share} with {dollars(s['equity_start'])} in {sessions}{where}. "
    if not s["refused"]:
        return text + (f"None of {s['orders']:,} orders was refused." if s["orders"] else "No order was sent.")
    closing = sum(bool(row["closing"]) for row in tables.refusal_rows(result.journal, result.unsupported, dict(result.carried)))
    exits = f", {closing:,} of them to close a position" if closing else ""
    stuck = s["held_overnight"]
    kept = f"; {stuck:,} {'position was' if stuck == 1 else 'positions were'} kept overnight because of that" if stuck else ""
    were = "was" if s["refused"] == 1 else "were"
    return f"{text}{s['refused']:,} of {s['orders']:,} orders {were} refused{exits}{kept}."


def _warnings(result: Result) -> list[str]:
    """The warnings, those about the whole run before those about one symbol's bars."""
    symbols = tuple(f"{symbol}: " for symbol in (result.manifest.get("data") or {}).get("symbols", ()))
    return sorted(result.warnings, key=lambda text: text.startswith(symbols))


def _cards(result: Result, data: PictureData) -> list[tuple[str, str, str]]:
    """(name, value, what it means) of the headline numbers."""
    s = result.summary
    parameters = result.manifest.get("parameters") or {}
    span = f"{data.days[0]} to {data.days[-1]}" if data.days else "no sessions"
    share = "-" if s["total_return"] is None else f"{s['total_return']:+.2%}"
    moved = s["deposits"] or s["withdrawals"]
    cards = [
        ("Equity at the end", dollars(s["equity_end"]), f"began with {dollars(s['equity_start'])}, {span}"),
        ("Return", share, "without what came in or went out (time-weighted)" if moved else "end over start"),
        ("Deepest fall", f"{-s['max_drawdown']:.2%}", "from a high, bar by bar"),
        ("Sharpe", "-" if s["sharpe"] is None else f"{s['sharpe']:.2f}", "daily, times the root of 252"),
        ("Orders refused", f"{s['refused']:,} of {s['orders']:,}", _mode(parameters)),
        ("Day trades", f"{s['day_trades']:,}", "bought and sold (or sold and bought) on one day"),
    ]
    if s["held_overnight"]:
        cards.append(("Kept overnight", f"{s['held_overnight']:,}", "positions whose closing order was refused"))
    if s["peak_dtbp_use"] is not None:
        cards.append(("Most DTBP used", f"{s['peak_dtbp_use']:.1%}", "of a day's day-trading buying power"))
    if s["calls"]:
        cards.append(
            (
                "Margin calls",
                f"{s['calls']:,}",
                f"{s['forced_fills']:,} forced {'sale' if s['forced_fills'] == 1 else 'sales'} by the brokerage",
            )
        )
    for name, words in (("deposits", "Came in"), ("withdrawals", "Went out")):
        if s[name]:
            cards.append((words, dollars(s[name]), "counts for no return"))
    costs = s["interest"] + s["borrow_fees"]
    if costs:
        cards.append(("Interest and fees", dollars(costs), f"{dollars(s['interest'])} interest, {dollars(s['borrow_fees'])} borrow fees"))
    return cards


def _mode(parameters: Mapping[str, Any]) -> str:
    if parameters.get("rules") == "off":
        return "rules off: measured, nothing refused"
    if parameters.get("block_on"):
        return f"Block on {str(parameters['block_on']).capitalize()}"
    return "the brokerage's own checks"


def _call(row: Mapping[str, Any], book: Rulebook) -> dict[str, Any]:
    cost = ""
    if row["forced_fills"]:
        executions = "execution" if row["forced_fills"] == 1 else "executions"
        cost = f"{row['forced_fills']:,} forced {executions}, {explained.value_in_words(row['forced_shares'])} shares"
    source = explained.source(book, row["rule"], date.fromisoformat(row["measured_on"]))
    return {
        "id": row["id"],
        "kind": row["kind"].replace("_", " "),
        "status": row["status"].replace("_", " "),
        "amount": dollars(row["amount"]),
        "how": row["how"],
        "clock": [
            ("measured", row["measured_on"]),
            ("issued", row["issued_on"]),
            ("due", row["due_on"] or "no day is set"),
            ("ended", row["ended_on"] or "not"),
        ],
        "met": explained.met_by(row),
        "cost": cost,
        "rule": row["rule"],
        "source": source,
    }


def _restriction(row: Mapping[str, Any], book: Rulebook) -> dict[str, Any]:
    return {
        "kind": row["kind"].replace("_", " "),
        "first": row["from"],
        "last": row["until"],
        "because": row["because"],
        "why": row["why"],
        "rule": row["rule"],
        "refused": row["refused"],
        "source": explained.source(book, row["rule"], date.fromisoformat(row["from"])),
    }


def _setup(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The arguments of the run, then the strategy's parameters; what was left at nothing is left out."""
    about = manifest.get("strategy") or {}
    found: list[tuple[str, str]] = []
    if about:
        found += [("strategy", str(about.get("class"))), ("file", str(about.get("file") or "-"))]
        if about.get("sha256"):
            found.append(("its SHA-256", str(about["sha256"])))
    for name, value in (manifest.get("parameters") or {}).items():
        if name != "params" and value not in (None, {}, [], ()):
            found.append((name, explained.value_in_words(value)))
    found += [(f"parameter {name}", explained.value_in_words(value)) for name, value in (about.get("parameters") or {}).items()]
    return found


def _rules(manifest: Mapping[str, Any], book: Rulebook) -> list[dict[str, Any]]:
    """The rules on the first session, then what changed on each later one, every value with its source."""
    found = []
    for k, entry in enumerate(manifest.get("rules_by_day") or ()):
        day = date.fromisoformat(str(entry["day"])[:10])
        names = list(book.parameters) if k == 0 else [name for name in entry["changed"] if name in book.parameters]
        rows = []
        for name in names:
            parameter, since = book.parameter(name), book.since(name, day)
            if since is None and k == 0:
                continue
            rows.append(_rule(parameter, since))
        found.append({"day": day.isoformat(), "regime": str(entry["regime"]).replace("_", " "), "rows": rows, "first": k == 0})
    return found


def _rule(parameter: Parameter, since: Any) -> dict[str, Any]:
    ended = since is None
    return {
        "name": parameter.name,
        "meaning": parameter.meaning,
        "value": "no longer in force" if ended else in_words(parameter, since.value),
        "since": "" if ended else since.began(),
        "source": None if ended else since.source,
    }


def _firm(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    name = (manifest.get("parameters") or {}).get("brokerage")
    if not name:
        return None
    firm = brokerage(name)
    return {"title": firm.title, "notes": list(firm.notes)}


def _data(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    data = manifest.get("data") or {}
    found = [("detected format", line) for line in data.get("detected_format", ())]
    for name, words in (("symbols", "symbols"), ("bar_length", "bar length"), ("bars", "bars"), ("first", "first"), ("last", "last")):
        if name in data:
            found.append((words, explained.value_in_words(data[name])))
    dropped = data.get("dropped") or {}
    found.append(("rows left out", explained.value_in_words(dropped) if dropped else "none"))
    if data.get("sha256"):
        found.append(("SHA-256 of the bars", str(data["sha256"])))
    return found


# -- data for the script


def _told(refused: list[Refused], most: int) -> dict[int, int]:
    """Which refusals are explained: place in ``refused`` -> number on the page. The first of every reason come before the last of any."""
    seen: Counter[str] = Counter()
    rank = []
    for place, one in enumerate(refused):
        rank.append((seen[one.row["reason"]], place))
        seen[one.row["reason"]] += 1
    kept = sorted(place for _, place in sorted(rank)[:most])
    return {place: number for number, place in enumerate(kept)}


def _chart(result: Result, data: PictureData, refused: list[Refused], told: Mapping[int, int], points: int) -> dict[str, Any]:
    at = thinned(data.equity, points)
    reasons = list(data.refusals)
    reasons += [reason for reason in dict.fromkeys(str(one.row["reason"]) for one in refused) if reason not in reasons]
    marks: list[list[Any]] = []
    untold: dict[tuple[int, int], list[Any]] = {}  # one mark for all of a bar and reason that are not explained
    if len(result.times):
        times = result.times.astype("datetime64[us]")
        for place, one in enumerate(refused):
            if one.row["at"] is None:
                continue
            bar = int(np.clip(np.searchsorted(times, np.datetime64(one.row["at"], "us"), "right") - 1, 0, len(times) - 1))
            reason = reasons.index(str(one.row["reason"]))
            mark = [bar, round(float(data.equity[bar]), 2), reason, told.get(place, -1), one.times]
            if place not in told and (same := untold.setdefault((bar, reason), mark)) is not mark:
                same[4] += one.times
            else:
                marks.append(mark)
    spans = [
        {"kind": span.kind, "id": span.label, "from": span.begin, "to": span.end, "lines": lines}
        for span, lines in zip(data.owed, explained.owed(result), strict=False)
    ]
    return {
        "bars": len(data.equity),
        "at": at.tolist(),
        "equity": np.round(data.equity[at], 2).tolist(),
        "reasons": reasons,
        "marks": marks,
        "days": [day.isoformat() for day in data.days],
        "begins": data.begins.tolist(),
        "ends": data.ends.tolist(),
        "power": _numbers(data.power),
        "used": _numbers(data.used),
        "regt": _numbers(data.regt),
        "trades": _numbers(data.day_trades),
        "counts": [int(flag) for flag in data.counts],
        "allowed": data.allowed,
        "has_power": data.has_power,
        "has_count": data.has_count,
        "switch": data.switch,
        "regimes": list(data.regimes),
        "spans": spans,
    }


def thinned(equity: Array, points: int = POINTS) -> Array:
    """The bars that a line needs: of every stretch the first, the lowest, the highest and the last."""
    total = len(equity)
    if total <= points:
        return np.arange(total)
    edges = np.linspace(0, total, points // 4 + 1).astype(np.int64)
    kept: set[int] = set()
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = equity[begin:end]
        kept |= {begin, begin + int(part.argmin()), begin + int(part.argmax()), end - 1}
    return np.array(sorted(kept), dtype=np.int64)


def _numbers(values: Array) -> list[float | None]:
    return [None if value != value else round(value, 2) for value in values.tolist()]


def _refusals(refused: list[Refused], book: Rulebook) -> dict[str, Any]:
    """What the table of refusals needs. Texts that repeat (bodies, rules with their sources) are held once and named by number."""
    bodies: dict[str, int] = {}
    rules: dict[tuple[str, str, str], int] = {}
    rows = []
    for row, decision, times, last in refused:
        source = explained.source(book, decision.rule, row.get("session"))
        rule = (decision.rule, *(source[:2] if source is not None else ("", "")))
        rows.append(
            {
                "at": moment(row["at"]),
                "symbol": row.get("symbol") or "",
                "side": row.get("side") or "",
                "qty": row.get("qty"),
                "closing": bool(row["closing"]),
                "reason": str(decision.reason),
                "times": times,
                "last": moment(last) if times > 1 else "",
                "why": decision.why,
                "facts": explained.numbers(decision.facts),
                "status": decision.http_status,
                "body": bodies.setdefault(explained.body(decision), len(bodies)),
                "rule": rules.setdefault(rule, len(rules)),
                "also": ", ".join(decision.also),
                "pass": explained.would_pass(decision.would_pass, row.get("qty")),
            }
        )
    return {"rows": rows, "bodies": list(bodies), "rules": [list(rule) for rule in rules], "words": explained.REASONS}


def _sessions(result: Result, most: int) -> dict[str, Any]:
    """The sessions table (the last ``most`` rows), column by column, and how many orders were refused in each."""
    refused = Counter(str(day)[:10] for day in result.refusals["session"].dropna())
    names = [
        name for name in tables.COLUMNS["sessions"] if any(row.get(name) not in (None, 0.0) for row in result.rows) or name == "session"
    ]
    return {
        "names": [name.replace("_", " ") for name in names] + ["refused"],
        "meaning": [tables.COLUMNS["sessions"][name] for name in names] + ["orders refused"],
        "rows": [[row.get(name) for name in names] + [refused[row["session"]]] for row in result.rows[-most:]],
    }


def colours(more: Mapping[str, str] | None = None) -> dict[str, tuple[str, str]]:
    """Name of a CSS variable -> its colour on white and on black, of every reason, every kind of call and restriction, and of ``more``."""
    found = {f"reason-{name}": colour for name, colour in COLOURS.items()} | {f"owed-{name}": colour for name, colour in OWED.items()}
    found |= {"other": OTHER, **(more or {})}
    return {name: (colour, _lighter(colour)) for name, colour in found.items()}


def _lighter(colour: str) -> str:
    """Half way to white where it is dark, less where it is light enough to be seen on black."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    mix = 0.45 if max(parts) < 0xB0 else 0.25
    return "#" + "".join(f"{round(part + (255 - part) * mix):02x}" for part in parts)


def moment(at: datetime | None) -> str:
    """A time to the minute."""
    return "before the first bar" if at is None else f"{at:%Y-%m-%d %H:%M}"
