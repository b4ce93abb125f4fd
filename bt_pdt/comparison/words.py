"""What a comparison says first, in words: which variant suits, by how much, whether the data can tell, what the rules cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.money import cents, dollars
from .costs import EXITS_DELAYED, FORCED_SALES, INTEREST_AND_FEES, NEVER_OPENED, OTHER

if TYPE_CHECKING:
    from .comparison import Comparison

PART_WORDS = {
    NEVER_OPENED: "trades never opened",
    EXITS_DELAYED: "exits delayed",
    FORCED_SALES: "forced sales",
    INTEREST_AND_FEES: "interest and fees",
    OTHER: "other",
}
STATE_WORDS = {
    "equity": "equity",
    "last_equity": "equity at the previous close",
    "cash": "cash",
    "daytrade_count": "day trades in 5 business days",
    "bod_dtbp": "day-trading buying power, start of day",
    "daytrading_buying_power": "day-trading buying power left",
    "buying_power": "buying power",
    "maintenance_excess": "equity above the maintenance margin",
    "pattern_day_trader": "flagged as pattern day trader",
    "restrictions": "restrictions",
    "positions": "positions",
}


#: More variants than this are told by the table alone.
MANY = 8
#: The names of the modes as sentences say them.
MODE_NAMES = {"off": "the rules off", "entry": "Block on Entry", "exit": "Block on Exit", "both": "Block on Both"}


def said(name: str) -> str:
    """A variant's name in a sentence: ``exit`` is Block on Exit, whatever else it is called stays."""
    return MODE_NAMES.get(name, name)


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def plural(count: int, word: str) -> str:
    """``1 session``, ``40 sessions``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def made(amount: float) -> str:
    """``made $10``, ``lost $10``."""
    return f"{'lost' if cents(amount) < 0 else 'made'} {dollars(abs(amount))}"


def verdict(found: Comparison) -> list[str]:
    """The answer: which variant suits; then whether the data can tell, what the rules cost and what was refused."""
    if found.firm_lines:
        from .firms import sentences

        return sentences(found, brief=True)
    conclusions: list[str] = []
    groups = found.groups
    chosen = True
    if len(groups) > 1 and all(len(names) == 1 for names in groups):  # one mode: laws or brokerages differ
        chosen = False
        by_cash: dict[str, list[str]] = {}
        for (name,) in groups:
            by_cash.setdefault(str(found[name].parameters["cash"]), []).append(name)
        groups = list(by_cash.values())
    for names in groups:
        conclusions += _best(found, names, chosen)
    if len(found.runs) > MANY:
        conclusions.append("What the rules cost each variant and what was refused to it is in the table.")
    else:
        conclusions += _costs(found) + _refusals(found)
    return conclusions or [f"{said(name)} {made(found[name].profit)}." for name in found.names]


def _best(found: Comparison, names: Sequence[str], chosen: bool = True) -> list[str]:
    ranked = sorted(names, key=lambda name: -found[name].profit)
    best = found[ranked[0]].profit
    level = [name for name in names if best - found[name].profit < 0.005]
    rest = [name for name in ranked if name not in level]
    if len(names) == 1:
        off = found.off(found[names[0]])
        if off is None:
            return []
        difference = cents(best - off.profit)
        how = "as much as" if not difference else f"{dollars(abs(difference))} {'more' if difference > 0 else 'less'} than"
        first = f"{said(names[0])} {made(best)}, {how} with the rules off."
        return [first, _told_apart(found, names[0], [off.name])] if difference else [first]
    if not rest:
        return [f"{listed([said(name) for name in names])} come to the same for this strategy: each {made(best)}."]
    behind = listed([f"{dollars(best - found[name].profit)} more than {said(name)}" for name in rest])
    if best < 0:
        behind = listed([f"{dollars(best - found[name].profit)} less than {said(name)}" for name in rest])
    names_of, one = listed([said(name) for name in level]), len(level) == 1
    verb = ("suits" if one else "suit") + " this strategy best" if chosen else "ended best"
    first = f"{names_of} {verb}: {'it' if one else 'each'} {made(best)}, {behind}."
    return [first, _told_apart(found, level[0], rest)]


def _told_apart(found: Comparison, best: str, rest: Sequence[str]) -> str:
    """Whether the difference from each of the others is more than chance, in one sentence."""
    pairs = {name: found.paired(best, name) for name in rest}
    if any(pair.apart is None for pair in pairs.values()):
        sessions = plural(min(pair.sessions for pair in pairs.values()), "session")
        return f"{sessions} are too few to say whether that is more than chance."
    apart = [name for name, pair in pairs.items() if pair.apart]
    not_apart = [name for name in rest if name not in apart]
    sessions = plural(next(iter(pairs.values())).sessions, "session")
    if not apart:
        return (
            f"But that may be chance: over {sessions} the data cannot tell {said(best)} from {listed([said(name) for name in not_apart])}."
        )
    sentences = f"Over {sessions} the data tell {said(best)} from {listed([said(name) for name in apart])}"
    return sentences + (
        f", but not from {listed([said(name) for name in not_apart])}: that may be chance." if not_apart else ": that is more than chance."
    )


def _costs(found: Comparison) -> list[str]:
    """One sentence for each run with the rules off: what the rules cost or spared those beside it."""
    beside: dict[str, list[str]] = {}
    for name, cost in found.cost_of.items():
        off = found.off(found[name])
        if off is not None:
            word = "cost nothing" if not cost.whole else f"{'spared' if cost.whole < 0 else 'cost'} {dollars(abs(cost.whole))}"
            beside.setdefault(off.name, []).append(f"{said(name)} {word}")
    return [f"Against {said(off)} (which {made(found[off].profit)}), the rules under {listed(costs)}." for off, costs in beside.items()]


def _refusals(found: Comparison) -> list[str]:
    """One sentence of all refusals, and one for each variant in which positions were stuck."""
    counts, sentences = [], []
    for run, row in zip(found.runs, found.rows, strict=True):
        if row["refused"]:
            closing = f" ({row['exits_refused']:,} of them to close)" if row["exits_refused"] else ""
            counts.append(f"{said(run.name)} {row['refused']:,} of {plural(row['orders'], 'order')}{closing}")
        stuck = row["stuck_overnight"]
        if stuck:
            nights = "those nights" if stuck > 1 else "that night"
            gap = f"; from close to open {nights} {made(row['stuck_pnl'])}" if row["stuck_pnl"] is not None else ""
            sentences.append(f"{said(run.name)} kept {plural(stuck, 'position')} overnight that the strategy wanted to close{gap}.")
    return [f"Refused: {listed(counts)}.", *sentences] if counts else ["No order was refused.", *sentences]
