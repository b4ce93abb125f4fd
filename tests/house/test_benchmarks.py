"""The benchmarks run to their end and their checks of equality hold. Nothing is timed here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OWN = ("crossing", "walks", "measuring", "runs", "others", "sweeps", "scaling", "run")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts of one folder import each other by bare names; those names are given back afterwards."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in OWN:
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_judge_by_hand() -> None:
    import crossing

    # 31 bars at 10.00, then rising: the averages part on the bar after the rise begins, the fill is at the open of the next
    close = [10.0] * 31 + [10.5, 11.0, 12.0] + [12.0] * 4 + [5.0] * 10
    open_ = [10.0, *close[:-1]]
    fills, profit = crossing.answer(*(crossing.np.array(column) for column in (open_, close)))
    # bought at the open after 10.50; the fall to 5.00 pulls the average of ten below that of thirty on its third bar:
    # ten: (10.5 + 11 + 5*12 + 3*5) / 10 = 9.65 under thirty: (20*10 + 10.5 + 11 + 5*12 + 3*5) / 30 = 9.88
    assert fills == [10.5, -5.0]
    assert profit == -5.5


@pytest.mark.long
def test_backtrader_and_bt_pdt_trade_as_the_judge_says() -> None:
    import others

    wanted = others.expected(2, 1)
    assert sum(map(len, wanted.fills.values())) > 10
    for name in (others.STOCK, others.ARRAYS, others.OURS):
        assert others.verdict(others.measure(name, 2, 1).outcome, wanted) == "equal"


def test_a_difference_is_told() -> None:
    import others

    wanted = others.Outcome({"A": [10.0, -11.0]}, 1001.0)
    assert others.verdict(others.Outcome({"A": [10.0, -11.01]}, 1001.0), wanted) == "differs: fill 2 of A at -11.01 instead of -11"
    assert others.verdict(others.Outcome({"A": [10.0]}, 1001.0), wanted) == "differs: 1 fills of A instead of 2"
    assert others.verdict(others.Outcome({}, 1001.0), wanted) == "differs: 0 fills of A instead of 2"
    assert others.verdict(others.Outcome({"A": [10.0, -11.0]}, 1001.01), wanted) == "differs: equity 1001.01 instead of 1001.00"


def test_a_package_that_is_missing_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    import others

    monkeypatch.setattr(others, "ENGINES", {"nobody": others.Engine("no-such-package", others.vectorbt, True, "")})
    monkeypatch.setattr(others, "STOCK", "nobody")
    table = others.compared(1, 1, 1, ["nobody"])
    assert [row[:2] for row in table.rows] == [("nobody", "not installed")]
    assert not table.disagrees


def test_every_variant_of_a_sweep_ends_as_expected() -> None:
    import sweeps

    one = sweeps.Case(sweeps.walks(2, 1), (10, 30))
    table = sweeps.compared(one, 1, (sweeps.STOCK, "bt_pdt.tune, jobs=1"))
    assert [row[1] for row in table.rows] == ["equal", "equal"]
    assert sweeps.timed(lambda: {10: one.expected()[10], 30: 1.0}, one.expected())[1] == "differs for size 30"


@pytest.mark.long
def test_what_grows_ends_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    import scaling

    sizes = [("cross", scaling.Size(1, 1)), ("turn", scaling.Size(2, 1, 3)), ("none", scaling.Size(1, 1, 0))]
    table = scaling.grown("", "", sizes, 1, scaling.here)
    assert [row[-1] for row in table.rows] == ["equal"] * 3
    monkeypatch.setattr(scaling, "turned", lambda bars, every: 0.0)
    assert scaling.grown("", "", sizes[1:2], 1, scaling.here).disagrees


def test_one_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import run
    import sweeps
    from measuring import Table

    asked = []

    def tables(rounds: int, quick: bool) -> Iterator[Table]:
        asked.append((rounds, quick))
        yield Table("A table", ("what", "s"), [("this", "1.00")], disagrees=len(asked) > 1)

    monkeypatch.setattr(sweeps, "tables", tables)
    written = tmp_path / "found.json"
    assert run.main(["--only", "sweeps", "--quick", "--json", str(written)]) == 0
    assert "| what | s    |\n|------|------|\n| this | 1.00 |" in capsys.readouterr().out
    assert json.loads(written.read_text())["sweeps"][0]["rows"] == [["this", "1.00"]]
    assert run.main(["--only", "sweeps", "--rounds", "3"]) == 1
    assert asked == [(1, True), (3, False)]
    with pytest.raises(SystemExit) as stopped:
        run.main(["--rounds", "0"])
    assert stopped.value.code == 2
    assert "--rounds takes a whole number from 1 up, got 0" in capsys.readouterr().err
