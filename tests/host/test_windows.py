"""Sums and extremes of windows have the bits of Python's own ``fsum``, ``max`` and ``min``."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_pdt.host.fast import windows


def one_by_one(func: Callable[[list[float]], float], values: list[float], period: int) -> list[str]:
    return [float(func(values[i : i + period])).hex() for i in range(len(values) - period + 1)]


def bits(found: Any) -> list[str]:
    return [value.hex() for value in found.tolist()]


def cents(rng: random.Random) -> float:
    return round(rng.uniform(1, 900), 2)


#: Columns as indicators see them: prices, shares, volumes, differences about zero, averages, and what is too far apart.
COLUMNS: dict[str, tuple[Callable[[random.Random], float], bool]] = {
    "prices": (cents, True),
    "fractions": (lambda rng: cents(rng) / 3, True),
    "volumes": (lambda rng: float(rng.choice((0, 1, 100, 10**9, 2**40))), True),
    "differences": (lambda rng: cents(rng) - cents(rng), True),
    "signs": (lambda rng: float(rng.choice((-1, 0, 1))), True),
    "zeros": (lambda rng: 0.0, True),
    "ties between floats": (lambda rng: rng.choice((2.0**20, 2.0**-33, 2.0**-34, -(2.0**-34))), True),
    "small": (lambda rng: cents(rng) * 2.0**-800, True),
    "subnormal": (lambda rng: 5e-324 * rng.randint(1, 9), False),
    "far apart": (lambda rng: rng.choice((1e300, 1e-300, 1.0)), False),
    "negative zero": (lambda rng: rng.choice((0.0, -0.0)), False),
    "infinite": (lambda rng: rng.choice((1.0, float("inf"))), False),
    "missing": (lambda rng: rng.choice((1.0, float("nan"))), False),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("period", (1, 2, 7, 30))
def test_sums(column: str, period: int) -> None:
    rng = random.Random(period)
    draw, within = COLUMNS[column]
    values = [draw(rng) for _ in range(400)]
    found = windows.sums(np.array(values), period)
    assert (found is not None) is within
    if found is not None:
        assert bits(found) == one_by_one(math.fsum, values, period)


@pytest.mark.parametrize(("column", "within"), [(c, c not in ("negative zero", "missing")) for c in COLUMNS])
def test_extremes(column: str, within: bool) -> None:
    rng = random.Random(5)
    values = [COLUMNS[column][0](rng) for _ in range(200)]
    for highest, func in ((True, max), (False, min)):
        found = windows.extremes(np.array(values), 6, highest=highest)
        assert (found is not None) is within
        if found is not None:
            assert bits(found) == one_by_one(func, values, 6)


def test_fewer_values_than_the_period() -> None:
    for values in ([], [1.0, 2.0]):
        assert windows.sums(np.array(values), 3) is None and windows.extremes(np.array(values), 3, highest=True) is None


moderate = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
halves = st.tuples(st.integers(-(2**53), 2**53), st.integers(-12, 12)).map(lambda pair: math.ldexp(pair[0], pair[1]))


@settings(max_examples=300, deadline=None)
@given(st.lists(moderate | halves, min_size=1, max_size=40), st.integers(1, 12))
def test_sums_of_anything(values: list[float], period: int) -> None:
    """Whenever a sum is given it is ``fsum``'s."""
    found = windows.sums(np.array(values), period)
    if found is not None:
        assert bits(found) == one_by_one(math.fsum, values, period)
