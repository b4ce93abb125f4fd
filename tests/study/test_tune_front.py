"""The Pareto front is what its definition says."""

import random
from types import SimpleNamespace

import pytest

from bt_pdt.tuning.search import Verdict
from bt_pdt.tuning.sweep import Trial, front


@pytest.mark.parametrize("seed", range(40))
def test_feasible_trials_that_none_beats(seed):
    rng = random.Random(seed)
    count = rng.choice((1, 2, 3))
    signs = [rng.choice((1, -1)) for _ in range(count)]
    trials = [
        Trial(n, (rng.randint(0, 60),), None, Verdict(tuple(float(rng.randint(0, 6)) for _ in range(count)), (rng.choice((0, 0, 1)),)))
        for n in range(60)
    ]
    first = {}
    for trial in trials:
        if trial.verdict.excess == (0,):
            first.setdefault(trial.point, trial)
    scores = {t.number: [sign * value for sign, value in zip(signs, t.verdict.values, strict=True)] for t in first.values()}

    def beats(a, b):
        pairs = list(zip(scores[a], scores[b], strict=True))
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    wanted = [n for n in scores if not any(beats(other, n) for other in scores)]
    plan = SimpleNamespace(objectives=[SimpleNamespace(sign=sign) for sign in signs])
    assert [t.number for t in front(plan, trials)] == sorted(wanted, key=lambda n: ([-value for value in scores[n]], n))
