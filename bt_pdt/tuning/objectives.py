"""What is wanted of a trial: the numbers of a run by name, which way each is better, objectives, and constraints."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..account.calls import KINDS
from ..core.decisions import Reason
from ..core.errors import BadInput, UnknownName
from ..core.money import cents
from ..results import tables

if TYPE_CHECKING:
    from ..results import Result

MAXIMIZE, MINIMIZE = "maximize", "minimize"
#: Every number of a trial and which way is better; None where neither is, so that an objective has to say it.
METRICS: dict[str, str | None] = {
    "profit": MAXIMIZE,
    "total_return": MAXIMIZE,
    "time_weighted_return": MAXIMIZE,
    "money_weighted_return": MAXIMIZE,
    "equity_end": MAXIMIZE,
    "cagr": MAXIMIZE,
    "sharpe": MAXIMIZE,
    "sortino": MAXIMIZE,
    "calmar": MAXIMIZE,
    "max_drawdown": MAXIMIZE,  # negative: the nearer to 0 the better
    "closing_drawdown": MAXIMIZE,
    "worst_day": MAXIMIZE,
    "lowest_dtbp": MAXIMIZE,
    "volatility": MINIMIZE,
    "cost_of_rules": MINIMIZE,
    "refused": MINIMIZE,
    "refused_exits": MINIMIZE,
    "refused_entries": MINIMIZE,
    "calls": MINIMIZE,
    "restrictions": MINIMIZE,
    "forced_fills": MINIMIZE,
    "held_overnight": MINIMIZE,
    "day_trades": MINIMIZE,
    "peak_dtbp_use": MINIMIZE,
    "interest": MINIMIZE,
    "borrow_fees": MINIMIZE,
    **dict.fromkeys(("equity_start", "sessions", "sessions_with_bars", "orders", "accepted", "fills", "deposits", "withdrawals")),
    **{f"refused_{reason}": MINIMIZE for reason in Reason},
    **{f"calls_{kind}": MINIMIZE for kind in KINDS},
}
#: Numbers that are 0 at best: how far something fell.
NEVER_POSITIVE = ("max_drawdown", "closing_drawdown")
_EITHER_SIGN = ("cost_of_rules",)
#: Other words for the same numbers.
ALSO = {"refusals": "refused", "exits_refused": "refused_exits", "entries_refused": "refused_entries"}
COST = "cost_of_rules"
#: How far from being met a constraint is that has no number.
FAR = 1e9
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONSTRAINT = re.compile(r"\s*([A-Za-z_]\w*)\s*(==|!=|<=|>=|<|>|=)\s*(\S+)\s*")


def metric(name: str) -> str:
    """The name of a number of a trial; raises :class:`BadInput` with the nearest for an unknown one."""
    found = ALSO.get(name, name)
    if found not in METRICS:
        raise UnknownName("number of a run", name, (*METRICS, *ALSO))
    return found


def measure(result: Result) -> dict[str, Any]:
    """Every number of a run but the cost of the rules, which takes two runs. Counts that did not occur are left out: they are 0."""
    refused = tables.refusal_rows(result.journal, result.unsupported, dict(result.carried))
    exits = sum(bool(row["closing"]) for row in refused)
    return result.summary | {"profit": profit(result), "refused_exits": exits, "refused_entries": len(refused) - exits}


def profit(result: Result) -> float:
    """Dollars made: equity at the end less equity at the start less what came in, plus what left."""
    s = result.summary
    return cents(s["equity_end"] - s["equity_start"] - s["deposits"] + s["withdrawals"])


def with_cost(metrics: Mapping[str, Any], off: float) -> dict[str, Any]:
    """The numbers with what the rules cost: profit with the rules ``off`` less profit."""
    return {**metrics, "profit_off": off, COST: cents(off - metrics["profit"])}


def number(metrics: Mapping[str, Any], name: str) -> float:
    """One number of a trial: NaN where it does not exist, 0 where a count did not occur."""
    value = metrics.get(name, 0 if name.startswith(("refused_", "calls_")) else None)
    return float(value) if value is not None and math.isfinite(value) else math.nan


@dataclass(frozen=True)
class Objective:
    """What is sought: a number of the run by name, or a function of its result. ``sign`` is +1 where more is better."""

    name: str
    direction: str
    function: Callable[[Result], float] | None = None

    @property
    def sign(self) -> int:
        """+1 to maximize, -1 to minimize."""
        return 1 if self.direction == MAXIMIZE else -1


@dataclass(frozen=True)
class Constraint:
    """What a trial must keep to. A function answers True or a number that is 0 or less where it is kept."""

    text: str
    name: str = ""
    comparison: str = ""
    bound: float = 0.0
    function: Callable[[Result], Any] | None = None

    def excess(self, metrics: Mapping[str, Any], answer: float | None) -> float:
        """0 or less where it is kept, else how far off it is."""
        if self.function is not None:
            return FAR if answer is None or math.isnan(answer) else answer
        value = number(metrics, self.name)
        if math.isnan(value):
            return FAR
        if self.comparison == "!=":
            return float(value == self.bound)
        off = {"==": abs(value - self.bound), "<": value - self.bound, "<=": value - self.bound}.get(self.comparison, self.bound - value)
        return off if _COMPARE[self.comparison](value, self.bound) else max(off, 1e-12)


def read_objectives(given: Any) -> tuple[Objective, ...]:
    """Names (``sharpe``, ``minimize orders``) and functions, one or several."""
    wanted = [given] if isinstance(given, str) or callable(given) else given
    if not isinstance(wanted, Iterable):
        raise BadInput(f"objective takes a name like sharpe, a function of the result, or several of them, got {given!r}.")
    found = [_objective(one, k) for k, one in enumerate(wanted, 1)]
    if not found or len({one.name for one in found}) < len(found):
        raise BadInput(f"objective takes each name once, and at least one, got {', '.join(one.name for one in found) or 'none'}.")
    return tuple(found)


def _objective(given: Any, k: int) -> Objective:
    if callable(given):
        name = getattr(given, "__name__", type(given).__name__)
        if not str(name).isidentifier():
            name = f"objective_{k}"
        return Objective(f"{name}()" if name in METRICS else str(name), MAXIMIZE, given)
    words = str(given).split()
    if len(words) == 2 and words[0] in (MAXIMIZE, MINIMIZE):
        name = metric(words[1])
        if METRICS[name] not in (None, words[0]):
            why = " (it is negative: the nearer to 0 the better)" if name in NEVER_POSITIVE else ""
            raise BadInput(
                f"'{given}' seeks the worst: of {name} {'more' if METRICS[name] == MAXIMIZE else 'less'} is better{why}; "
                f"write '{METRICS[name]} {name}', or {name} alone."
            )
        return Objective(name, words[0])
    if len(words) != 1:
        raise BadInput(f"objective takes a name like sharpe or 'minimize orders', got {given!r}.")
    name = metric(words[0])
    direction = METRICS[name]
    if direction is None:
        raise BadInput(f"more or fewer {name}: say 'maximize {name}' or 'minimize {name}'.")
    return Objective(name, direction)


def read_constraints(given: Any) -> tuple[Constraint, ...]:
    """Sentences like ``calls == 0`` and functions, one or several. Nothing is evaluated as code."""
    if given is None:
        return ()
    wanted = [given] if isinstance(given, str) or callable(given) else given
    if not isinstance(wanted, Iterable):
        raise BadInput(f"constraints takes sentences like 'calls == 0' and functions of the result, got {given!r}.")
    return tuple(_constraint(one) for one in wanted)


def _constraint(given: Any) -> Constraint:
    if callable(given):
        return Constraint(str(getattr(given, "__name__", type(given).__name__)), function=given)
    match = _CONSTRAINT.fullmatch(str(given))
    if match is None:
        raise BadInput(f"a constraint reads like 'calls == 0' or 'max_drawdown > -0.15', got {given!r}.")
    name, comparison, written = match.groups()
    comparison = "==" if comparison == "=" else comparison
    percent = written.endswith("%")
    try:
        bound = float(written.removesuffix("%").replace("_", "")) / (100.0 if percent else 1.0)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise BadInput(f"a constraint compares with a number, like 'calls == 0', got {given!r}.")
    _require_real(metric(name), comparison, bound, written, name)
    return Constraint(f"{metric(name)} {comparison} {written}", metric(name), comparison, bound)


def _require_real(name: str, comparison: str, bound: float, written: str, given: str) -> None:
    """Raises :class:`BadInput` for a constraint that every run keeps, or none can: it says something else than was meant."""
    if name in NEVER_POSITIVE:
        kept = (comparison == "<" and bound > 0) or (comparison == "<=" and bound >= 0)
        broken = (comparison == ">" and bound >= 0) or (comparison in (">=", "==") and bound > 0)
        if kept or broken:
            size = written.lstrip("+-")
            raise BadInput(
                f"{name} is 0 or negative (a fall by 15 % is -0.15), so '{given} {comparison} {written}' {'cannot fail' if kept else 'cannot be kept'}; "
                f"to allow a fall of at most {size}, write '{given} > -{size}'."
            )
    elif METRICS[name] == MINIMIZE and name not in _EITHER_SIGN:
        kept = (comparison == ">" and bound < 0) or (comparison == ">=" and bound <= 0)
        broken = (comparison == "<" and bound <= 0) or (comparison in ("<=", "==") and bound < 0)
        if kept or broken:
            raise BadInput(
                f"{name} is never below 0, so '{given} {comparison} {written}' {'cannot fail' if kept else 'cannot be kept'}; "
                f"write it like '{given} <= 3' or '{given} == 0'."
            )


def answered(function: Callable[[Result], Any], result: Result) -> float:
    """What a constraint's function says, as a number: True is 0, False is 1."""
    value = function(result)
    return float(not value) if isinstance(value, bool | np.bool_) else float(value)
