"""Whether a winner is to be believed: its neighbours, the luck of many trials, and what matters to the objective."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..results.metrics import SESSIONS_PER_YEAR, Array
from ..whatif.agreement import other_numbers
from .screening import REPLAYED
from .search import optuna_or_sentence, quiet
from .sweep import Plan, Trial, evaluate
from .work import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Result
    from .space import Point
    from .tuning import Tuning

EULER = 0.5772156649015329
#: The winner stands on a plateau if its neighbours' median keeps this share of its lead over the median trial.
PLATEAU = 0.5
#: What the probability of the deflated Sharpe ratio has to reach.
BELIEVED = 0.95


class Neighbours(NamedTuple):
    """The points one step from the winner: ``table`` (one row each, the winner first), ``kept`` (the share of the winner's lead over the
    median trial that the neighbours' median keeps), ``plateau`` (None where that has no answer), and a sentence."""

    table: pd.DataFrame
    kept: float | None
    plateau: bool | None
    sentence: str


def neighbours(plan: Plan, trials: Sequence[Trial], winner: Trial) -> Neighbours:
    """Runs what was not run yet and compares the first objective."""
    import pandas as pd

    points = plan.space.beside(winner.point)
    known: dict[Point, Outcome] = {trial.point: trial.outcome for trial in trials}
    evaluate(plan, [point for point in points if point not in known], known.__setitem__)
    found = [Trial(-1, point, known[point], plan.evaluate(known[point])) for point in (winner.point, *points)]
    names = [objective.name for objective in plan.objectives]
    rows = [
        plan.space.values(trial.point)
        | {"differs": _differs(plan, winner.point, trial.point)}
        | dict(zip(names, trial.verdict.values, strict=True))
        | {"feasible": trial.feasible}
        for trial in found
    ]
    beside = [trial for trial in found[1:] if not _in_name_only(plan, winner, trial)]
    kept, sentence = _plateau(plan, trials, winner, beside)
    if beside and len(beside) < len(points):
        sentence += f" Not counted: {len(points) - len(beside)} more that differ by a word which changes nothing."
    return Neighbours(pd.DataFrame(rows), kept, None if kept is None else kept >= PLATEAU, sentence)


def _differs(plan: Plan, own: Point, other: Point) -> str:
    return next((d.label for d, a, b in zip(plan.space.dimensions, own, other, strict=True) if a != b), "")


def _in_name_only(plan: Plan, winner: Trial, other: Trial) -> bool:
    """True for another word (a mode, a brokerage) that made the same run: it says nothing about a small change of a number."""
    same = not other_numbers(*({k: v for k, v in trial.outcome.metrics.items() if k != REPLAYED} for trial in (winner, other)))
    words = {d.label for d in plan.space.dimensions if not d.ordered}
    return same and other.outcome.error is None and _differs(plan, winner.point, other.point) in words


def _plateau(plan: Plan, trials: Sequence[Trial], winner: Trial, beside: Sequence[Trial]) -> tuple[float | None, str]:
    name, best = plan.objectives[0].name, winner.verdict.values[0]
    values = [trial.verdict.values[0] for trial in beside if trial.feasible]
    broken = len(beside) - len(values)
    also = f" {broken} of its {len(beside)} neighbours {'is' if broken == 1 else 'are'} infeasible or failed." if broken and values else ""
    if not beside:
        return None, "The winner has no neighbours that differ from it."
    if not values:
        return (
            None,
            f"A spike: none of the winner's {len(beside)} neighbours is feasible; a small change of a parameter breaks a constraint.",
        )
    middle = statistics.median({trial.point: trial.verdict.values[0] for trial in trials if trial.feasible}.values())
    beside_middle = statistics.median(values)
    medians = f"{beside_middle:.6g} at the median of its neighbours and {middle:.6g} at the median of all feasible trials"
    numbers = f"{name} is {best:.6g} there, {medians}"
    if math.isclose(best, middle, rel_tol=1e-12, abs_tol=1e-12):
        return None, f"Nothing stands out: {numbers}.{also}"
    kept = (beside_middle - middle) / (best - middle)
    share = f"{kept:.0%}" if kept > 0 else "nothing"
    return kept, f"A {'plateau' if kept >= PLATEAU else 'spike'}: {numbers}, so the neighbours keep {share} of its lead.{also}"


class Deflated(NamedTuple):
    """Bailey and Lopez de Prado's deflated Sharpe ratio: the winner's (a year's), the one that the best of ``trials`` would have by luck
    (a year's), and the probability that the winner's true one is above 0 given that so many were tried."""

    sharpe: float
    by_luck: float
    trials: int
    sessions: int
    probability: float
    sentence: str


def deflated(trials: Sequence[Trial], result: Result) -> Deflated | None:
    """None under two different trials with a Sharpe ratio, or where the winner has none."""
    ratios = {t.point: t.outcome.metrics["sharpe"] for t in trials if t.outcome.metrics.get("sharpe") is not None}
    own = result.summary["sharpe"]
    returns = np.asarray(result.returns, dtype=np.float64)
    returns = returns[np.isfinite(returns)]
    if own is None or len(ratios) < 2 or len(returns) < 3:
        return None
    year = math.sqrt(SESSIONS_PER_YEAR)
    luck = best_by_luck([ratio / year for ratio in ratios.values()])
    probability = deflated_probability(own / year, luck, returns)
    if probability is None:
        return None
    verdict = (
        "the data tell it from luck"
        if probability >= BELIEVED
        else "do not take it for skill before it has held on bars that were not searched"
    )
    said = (
        f"Of {len(ratios)} different trials the best by luck alone would have a Sharpe ratio of about {luck * year:.2f}; the winner has "
        f"{own:.2f} over {len(returns)} sessions: deflated, the probability that it is more than luck is {probability:.0%}; {verdict}."
    )
    return Deflated(float(own), luck * year, len(ratios), len(returns), probability, said)


def best_by_luck(ratios: Sequence[float]) -> float:
    """What the largest of N Sharpe ratios would be without any skill: sqrt(V) ((1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e)))."""
    n, normal = len(ratios), NormalDist()
    spread = float(np.std(np.asarray(ratios, dtype=np.float64), ddof=1))
    return spread * ((1 - EULER) * normal.inv_cdf(1 - 1 / n) + EULER * normal.inv_cdf(1 - 1 / (n * math.e)))


def deflated_probability(ratio: float, luck: float, returns: Array) -> float | None:
    """N((SR - SR0) sqrt(T - 1) / sqrt(1 - s SR + (k - 1) / 4 SR^2)), s skewness and k kurtosis (3 where normal) of the returns."""
    apart = returns - returns.mean()
    variance = float(np.mean(apart**2))
    if variance <= 1e-30:
        return None
    skewness, kurtosis = float(np.mean(apart**3)) / variance**1.5, float(np.mean(apart**4)) / variance**2
    spread = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2
    return NormalDist().cdf((ratio - luck) * math.sqrt(len(returns) - 1) / math.sqrt(spread)) if spread > 0 else None


# -- what matters


def importance(tuning: Tuning, k: int) -> pd.Series[float]:
    """The share of each dimension in what moves objective ``k`` over the trials that have it."""
    import pandas as pd

    plan = tuning.plan
    trials = list({trial.point: trial for trial in tuning.swept.trials if not math.isnan(trial.verdict.values[k])}.values())
    labels = plan.space.labels
    varying = [d.label for i, d in enumerate(plan.space.dimensions) if len({trial.point[i] for trial in trials}) > 1]
    values = np.array([trial.verdict.values[k] for trial in trials])
    shares = dict.fromkeys(labels, 0.0)
    if varying and len(set(values.tolist())) > 1:
        try:
            shares |= _by_optuna(tuning, k, varying)
        except ImportError:
            shares |= {label: _moved(plan, trials, values, labels.index(label)) for label in varying}
    total = sum(shares.values())
    found = pd.Series({label: share / total if total else 0.0 for label, share in shares.items()}, name=plan.objectives[k].name)
    return found.sort_values(ascending=False, kind="stable")


def _by_optuna(tuning: Tuning, k: int, labels: list[str]) -> dict[str, float]:
    import optuna.importance as measured
    import sklearn  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401  what optuna's measure needs

    study = optuna_study(tuning, None)
    with quiet():
        found = measured.get_param_importances(
            study,
            evaluator=measured.FanovaImportanceEvaluator(seed=0),
            params=labels,
            target=lambda trial: trial.values[k],
            normalize=False,
        )
    return {name: float(value) if math.isfinite(value) else 0.0 for name, value in found.items()}


def _moved(plan: Plan, trials: Sequence[Trial], values: Array, i: int) -> float:
    """|Spearman's rank correlation| of a dimension with the objective; of a choice, the values ranked by their mean objective."""
    places = np.array([trial.point[i] for trial in trials])
    if not plan.space.dimensions[i].ordered:
        means = {place: values[places == place].mean() for place in set(places.tolist())}
        places = np.array([means[place] for place in places.tolist()])
    ranked = [_ranks(places), _ranks(values)]
    spread = float(np.std(ranked[0]) * np.std(ranked[1]))
    return abs(float(np.mean((ranked[0] - ranked[0].mean()) * (ranked[1] - ranked[1].mean())))) / spread if spread else 0.0


def _ranks(values: Array) -> Array:
    """Ranks, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def optuna_study(tuning: Tuning, storage: str | None) -> Any:
    """The trials with their parameters, values and constraints as a Study."""
    optuna = optuna_or_sentence("study")
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import TrialState, create_trial

    plan = tuning.plan
    plain = (bool, int, float, str, type(None))
    choices = {d.label: [v if isinstance(v, plain) else str(v) for v in d.values] for d in plan.space.dimensions}
    with quiet():
        study = optuna.create_study(directions=[o.direction for o in plan.objectives], storage=storage, study_name=None)
        spread = {
            d.label: _distribution(d.values) if d.ordered else CategoricalDistribution(choices[d.label]) for d in plan.space.dimensions
        }
        for trial in tuning.swept.trials:
            failed = any(math.isnan(value) for value in trial.verdict.values)
            study.add_trial(
                create_trial(
                    state=TrialState.FAIL if failed else TrialState.COMPLETE,
                    values=None if failed else list(trial.verdict.values),
                    params={label: choices[label][place] for label, place in zip(plan.space.labels, trial.point, strict=True)},
                    distributions=spread,
                    user_attrs={"feasible": trial.feasible, "error": trial.outcome.error},
                    system_attrs={"constraints": [min(e, 1e9) for e in trial.verdict.excess]} if plan.constraints and not failed else {},
                )
            )
    return study


def _distribution(values: tuple[Any, ...]) -> Any:
    """The numbers' range with their step if they have one, else the span as it is."""
    from optuna.distributions import FloatDistribution, IntDistribution

    whole = all(isinstance(value, int) for value in values)
    if whole:
        step = math.gcd(*(b - a for a, b in pairwise(values))) if len(values) > 1 else 1
        return IntDistribution(values[0], values[-1], step=step)
    return FloatDistribution(float(values[0]), float(values[-1]))
