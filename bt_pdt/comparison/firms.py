"""Every firm side by side: whose rules cost a strategy least and most, and how much of that rests on what is unknown of them.

The bare law answers for what a firm does not publish. A firm that comes out as the bare law does, while something of it is unknown, shows
the bare law and nothing of its own: that is said, and it is not ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.money import dollars
from ..law.brokerages import brokerage
from .laws import BARE, LawSource, law_source
from .words import listed, plural

if TYPE_CHECKING:
    from .comparison import Comparison
    from .runs import Run

#: How a variant comes out: it is the bare law; as that does, with unknown parameters, or with none; or otherwise, by the firm's own values.
THE_BARE_LAW, NO_FINDING, AS_THE_BARE_LAW, OWN_VALUES = "the bare law", "bare law, no finding", "as the bare law", "own values"
#: Names of parameters that a sentence lists before it says how many more there are.
NAMED = 4


class Firm(NamedTuple):
    """A variant of a comparison that holds firms against the bare law."""

    variant: str
    brokerage: str
    title: str
    comes_out: str
    unknown: tuple[str, ...]
    own: tuple[str, ...]
    same_as: str
    shares: str
    bare: str


def law_of(run: Run) -> LawSource:
    """The firm's own and the unknown parameters of the law of ``run``, on the days of the run."""
    rows = run.result.rows
    days = [date.fromisoformat(str(rows[k]["session"])[:10]) for k in (0, -1)] if rows else []
    return law_source(run.parameters, days)


def by_firm(found: Comparison) -> bool:
    """True if firms are compared, each time with the bare law among them: then the others are held against it."""
    groups = [{run.parameters["brokerage"] for run in runs} for runs in laws(found)]
    return bool(groups) and all(len(group) > 1 and BARE in group for group in groups)


def laws(found: Comparison) -> list[list[Run]]:
    """The runs that differ in their firm alone, those with the rules off left out."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in found.runs:
        if not run.off:
            key = (run.mode, *(str(run.parameters[name]) for name in ("cash", "rules", "pdt_check", "dtbp_check")))
            groups.setdefault(key, []).append(run)
    return list(groups.values())


def firms(found: Comparison) -> list[Firm]:
    """A line for each variant, in their order; none where firms are not held against the bare law."""
    if not by_firm(found):
        return []
    lines: dict[str, Firm] = {}
    for runs in laws(found):
        bare = next(run for run in runs if run.parameters["brokerage"] == BARE)
        first = {outcome(bare): bare.name}
        for run in runs:
            same = first.setdefault(outcome(run), run.name)
            law = found.law_of[run.name]
            word = OWN_VALUES
            if run is bare:
                word = THE_BARE_LAW
            elif same == bare.name:
                word = NO_FINDING if law.unknown else AS_THE_BARE_LAW
            name = str(run.parameters["brokerage"])
            lines[run.name] = Firm(run.name, name, brokerage(name).title, word, law.unknown, law.own, same, run.shares, bare.name)
    return [lines[run.name] for run in found.runs if run.name in lines]


def outcome(run: Run) -> Any:
    """What two runs have in common that came out the same: equity at every bar, and the number of everything that was counted."""
    counts = {name: value for name, value in run.summary.items() if isinstance(value, int) or name.startswith("refused")}
    return run.result.values.tobytes(), tuple(sorted(counts.items())), run.days_restricted


def label(line: Firm) -> str:
    """A firm's name, the bare law called so."""
    return f"{line.brokerage} (the bare law)" if line.comes_out == THE_BARE_LAW else line.brokerage


def comes_out(found: Comparison, line: Firm) -> str:
    """How a variant came out, with the firm whose outcome under the same mode and law is the same bar by bar."""
    if line.comes_out == OWN_VALUES and line.same_as != line.variant:
        return f"{OWN_VALUES} = {found[line.same_as].parameters['brokerage']}"
    return line.comes_out


def by_cost(found: Comparison) -> list[dict[str, Any]]:
    """The rows of the table: the rules off first, then law by law the cheapest rules first, ties in their order."""
    rows = {row["variant"]: row for row in found.rows}
    lines = {line.variant: line for line in found.firm_lines}
    ordered = [run.name for run in found.runs if run.off]
    for runs in laws(found):
        ordered += sorted((run.name for run in runs), key=lambda name: round(_amount(found, lines[name]), 2))
    return [rows[name] for name in ordered]


# -- in words


def sentences(found: Comparison, *, brief: bool = False) -> list[str]:
    """What the firms' rules cost the strategy, law by law: least and most, what is no finding, and whose own values told.

    ``brief`` names those in one sentence, where a table has the rest.
    """
    by_name = {line.variant: line for line in found.firm_lines}
    several = len(laws(found)) > 1
    sentences: list[str] = []
    for runs in laws(found):
        lines = [by_name[run.name] for run in runs]
        said = _of_one_law(found, lines, brief)
        sentences += [f"{law_name(lines[0])}: {sentence}" for sentence in said] if several else said
    return sentences


def law_name(line: Firm) -> str:
    """``exit 2026-06-03 $25,000``: the variant's name without its firm."""
    return " ".join(word for word in line.variant.split(" ") if word != line.brokerage) or "the firms' own checks"


def _of_one_law(found: Comparison, lines: Sequence[Firm], brief: bool) -> list[str]:
    nothing = [line for line in lines if line.comes_out == NO_FINDING]
    telling = [line for line in lines if line.comes_out != NO_FINDING]
    sentences = [*_ranking(found, telling, len(lines)), *_no_finding(nothing)]
    bare = next(line for line in lines if line.comes_out == THE_BARE_LAW)
    parting = [line for line in telling if line.comes_out == OWN_VALUES]
    if not brief:
        return sentences + [_called_out(found, bare, group) for group in _alike(parting)]
    if not parting:
        return sentences
    one = len(parting) == 1
    return [
        *sentences,
        f"{_counted(parting)} part{'s' if one else ''} from the bare law by {'its' if one else 'their'} own published values.",
    ]


def _ranking(found: Comparison, lines: Sequence[Firm], of: int) -> list[str]:
    """Whose rules cost least and whose most, ties together; and whether the data can tell the two apart."""
    amount = {line.variant: _amount(found, line) for line in lines}
    ranked = sorted(lines, key=lambda line: amount[line.variant])
    least = [line for line in lines if amount[line.variant] - amount[ranked[0].variant] < 0.005]
    most = [line for line in lines if amount[ranked[-1].variant] - amount[line.variant] < 0.005]
    low, high = amount[ranked[0].variant], amount[ranked[-1].variant]
    if len(least) == len(lines):
        if len(lines) == 1:
            other = " No firm's own values made a difference to this strategy." if of > 1 else ""
            return [f"The rules of {label(lines[0])} {_cost(found, low, 'this strategy')}.{other}"]
        return [f"The rules of {_names(lines)} cost this strategy the same: each {_cost(found, low, 'it')}{_rests_on(lines)}."]
    sentences = [
        f"The rules of {_names(least)} cost this strategy {'the same and ' if len(least) > 1 else ''}least: "
        f"{'each ' if len(least) > 1 else 'they '}{_cost(found, low, 'it')}{_rests_on(least)}.",
        f"The rules of {_names(most)} cost it {'the same and ' if len(most) > 1 else ''}most: "
        f"{'each ' if len(most) > 1 else 'they '}{_cost(found, high, 'it', least=True)}{_rests_on(most)}.",
    ]
    return [*sentences, found.paired(least[0].variant, most[0].variant).sentence]


def _rests_on(lines: Sequence[Firm]) -> str:
    """In brackets how many parameters of these firms are unknown; empty if none is."""
    counts = [f"{line.brokerage} {len(line.unknown)}" for line in lines if line.unknown]
    if not counts:
        return ""
    if len(lines) == 1:
        return f" ({len(lines[0].unknown)} of its parameters are unknown, and the bare law answers for them)"
    return f" (parameters unknown, for which the bare law answers: {', '.join(counts)})"


def _amount(found: Comparison, line: Firm) -> float:
    """Dollars that the rules cost; without a run with the rules off dollars lost, which ranks the same."""
    cost = found.cost_of.get(line.variant)
    return -found[line.variant].profit if cost is None else cost.whole


def _cost(found: Comparison, amount: float, whom: str = "", *, least: bool = False) -> str:
    """``cost it $10``, ``spared it $10``, ``cost it nothing``; without a run with the rules off ``left it a profit of $10``.

    ``least`` says of what was spared that others spared more.
    """
    if not found.cost_of:
        verb, what = "left", f"a {'profit' if amount <= 0 else 'loss'} of {dollars(abs(amount))}"
    elif abs(amount) < 0.005:
        verb, what = "cost", "nothing"
    else:
        verb, what = ("cost", dollars(amount)) if amount > 0 else ("spared", f"{'no more than ' if least else ''}{dollars(-amount)}")
    return " ".join(filter(None, (verb, whom, what)))


def _no_finding(lines: Sequence[Firm]) -> list[str]:
    """The firms that come out as the bare law does because it answers for them."""
    without = [line for line in lines if not line.own]
    rest = [line for line in lines if line.own]
    sentences = []
    if without:
        one = len(without) == 1
        sentences.append(
            f"{_counted(without)} come{'s' if one else ''} out as the bare law does, because on these days no known value of "
            f"{'it' if one else 'theirs'} differs from it: that is no finding about {'the firm' if one else 'these firms'}."
        )
    if rest:
        one = len(rest) == 1
        sentences.append(
            f"{_counted(rest)} come{'s' if one else ''} out as the bare law does: {'its' if one else 'their'} known values that differ from "
            f"it did not touch this strategy, and it answers for what is unknown. That is no finding about {'the firm' if one else 'these firms'}."
        )
    return sentences


def _counted(lines: Sequence[Firm]) -> str:
    """``etrade (21 unknown), public (23) and vanguard (23)``."""
    return listed([f"{line.brokerage} ({len(line.unknown)}{' unknown' if k == 0 else ''})" for k, line in enumerate(lines)])


def _called_out(found: Comparison, bare: Firm, lines: Sequence[Firm]) -> str:
    """Firms of one outcome that part from the bare law by their own values: what differs, and how much is unknown of them."""
    rows = {row["variant"]: row for row in found.rows}
    mine, its = rows[lines[0].variant], rows[bare.variant]
    facts = [
        f"{words} {mine[name]:,} (bare law {its[name]:,})"
        for name, words in (
            ("refused", "refused"),
            ("calls", "margin calls"),
            ("forced_fills", "forced sales"),
            ("day_trades", "day trades"),
        )
        if mine[name] != its[name]
    ]
    if found.cost_of:
        facts.append(
            f"{'its' if len(lines) == 1 else 'their'} rules {_cost(found, _amount(found, lines[0]))} (the bare law {_cost(found, _amount(found, bare))})"
        )
    reasons = "; ".join(f"{_parameters(line.own)}{f' at {line.brokerage}' if len(lines) > 1 else ''}" for line in lines)
    unknown = listed([f"{len(line.unknown)}{f' at {line.brokerage}' if len(lines) > 1 else ''}" for line in lines])
    one = len(lines) == 1
    return (
        f"{listed([line.brokerage for line in lines])} part{'s' if one else ''} from the bare law by {'its' if one else 'their'} own values "
        f"({reasons}): {', '.join(facts) or 'the equity of some bars'}; parameters unknown: {unknown}."
    )


def _parameters(names: Sequence[str]) -> str:
    more = f" and {plural(len(names) - NAMED, 'more')}".removesuffix("s") if len(names) > NAMED else ""
    return (", ".join(names[:NAMED]) + more) if more else listed(list(names) or ["none"])


def _alike(lines: Sequence[Firm]) -> list[list[Firm]]:
    groups: dict[str, list[Firm]] = {}
    for line in lines:
        groups.setdefault(line.same_as, []).append(line)
    return list(groups.values())


def _names(lines: Sequence[Firm]) -> str:
    return listed([label(line) for line in lines])
