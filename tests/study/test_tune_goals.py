"""Constraints that cannot fail or be kept, and objectives that seek the worst: said with the form that was meant."""

from __future__ import annotations

import pytest

from bt_pdt import BadInput
from bt_pdt.tuning.objectives import read_constraints, read_objectives


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("max_drawdown < 10%", r"cannot fail; to allow a fall of at most 10%, write 'max_drawdown > -10%'"),
        ("max_drawdown <= 0.1", "cannot fail"),
        ("closing_drawdown > 0.05", r"cannot be kept; .* write 'closing_drawdown > -0.05'"),
        ("refusals >= 0", "refused is never below 0, so 'refusals >= 0' cannot fail"),
        ("calls < 0", "cannot be kept"),
        ("calls > -1", "cannot fail"),
    ],
)
def test_constraints_that_say_nothing(given: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_constraints(given)


@pytest.mark.parametrize(
    "given",
    [
        "max_drawdown > -0.1",
        "max_drawdown >= -10%",
        "max_drawdown < -0.02",
        "max_drawdown == 0",
        "calls == 0",
        "calls < 3",
        "cost_of_rules < 0",
    ],
)
def test_constraints_that_mean_something(given: str) -> None:
    assert len(read_constraints(given)) == 1


@pytest.mark.parametrize("given", ["minimize sharpe", "minimize max_drawdown", "maximize calls"])
def test_objectives_that_seek_the_worst(given: str) -> None:
    with pytest.raises(BadInput, match="seeks the worst"):
        read_objectives(given)


def test_objectives_in_their_direction() -> None:
    assert [one.direction for one in read_objectives(["maximize sharpe", "minimize calls", "maximize max_drawdown", "maximize orders"])] == [
        "maximize", "minimize", "maximize", "maximize",
    ]  # fmt: skip
