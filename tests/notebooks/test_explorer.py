"""The explorer without a notebook: widgets are set, the picture and the numbers are read."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from executed import FOLDER, PNG

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.law.brokerages import NAMES

ROOT = FOLDER.parent
STRATEGY = ROOT / "strategies" / "opening_range_breakout.py"
SAMPLE = ROOT / "data" / "synthetic_1min_2026-05-07_2026-07-06.parquet"
SHORT = {"symbols": ["IDXE", "LRGE"], "todate": "2026-05-13"}


@pytest.fixture(scope="module")
def bars() -> Any:
    return bt_pdt.load(SAMPLE).only(["IDXE", "LRGE"]).between("2026-05-07", "2026-05-13")


@pytest.fixture
def explorer(bars: Any) -> Any:
    pytest.importorskip("ipywidgets")
    return bt_pdt.explore(STRATEGY, bars, cash=24_500, mode="entry")


def test_shows_the_run_that_was_asked(explorer: Any, bars: Any) -> None:
    alone = bt_pdt.run(STRATEGY, bars, cash=24_500, block_on="entry")
    assert explorer.result.summary == alone.summary
    assert alone.summary["refused"] > 0
    assert bytes(explorer.picture.value).startswith(PNG)
    assert explorer.numbers.value == alone._repr_html_()
    assert repr(explorer) == "<Explorer of OpeningRangeBreakout: $24,500, Block on Entry, alpaca>"


def test_each_widget_changes_what_is_shown(explorer: Any) -> None:
    seen = [(bytes(explorer.picture.value), explorer.numbers.value)]

    def shown() -> Any:
        seen.append((bytes(explorer.picture.value), explorer.numbers.value))
        return explorer.result.summary

    explorer.mode.value = "off"
    assert shown()["refused"] == 0
    explorer.mode.value = "exit"
    assert shown()["held_overnight"] > 0
    explorer.brokerage.value = "finra"
    shown()
    explorer.cash.value = 40_000
    assert shown()["equity_start"] == 40_000
    assert len(set(seen)) == len(seen) == 5


def test_a_run_made_before_is_not_made_again(explorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = explorer.result
    explorer.mode.value = "off"
    monkeypatch.setattr("bt_pdt.runs.study.run", lambda *_, **__: pytest.fail("ran again"))
    explorer.mode.value = "entry"
    assert explorer.result is first


def test_old_runs_go(explorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bt_pdt.comparison.explorer.KEPT", 2)
    for mode in ("off", "exit", "both"):
        explorer.mode.value = mode
    assert [mode for _, mode, _ in explorer.runs] == ["exit", "both"]


@pytest.mark.long
def test_every_brokerage_can_be_chosen(bars: Any) -> None:
    pytest.importorskip("ipywidgets")
    explorer = bt_pdt.explore(STRATEGY, bars.between("2026-05-07", "2026-05-07"), mode="both")
    assert explorer.brokerage.options == NAMES
    for name in NAMES:
        explorer.brokerage.value = name
        assert explorer.result.manifest["parameters"]["brokerage"] == name


def test_what_cannot_be_run_is_said_in_its_place(explorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise BadInput("the bars are <gone>.")

    with monkeypatch.context() as changed:
        changed.setattr("bt_pdt.runs.study.run", refuse)
        explorer.cash.value = 3_000
    assert explorer.result is None
    assert bytes(explorer.picture.value) == b""
    assert explorer.numbers.value == "<div>! the bars are &lt;gone&gt;.</div>"
    explorer.cash.value = 24_500
    assert explorer.result is not None


def test_a_day_of_the_law_and_other_arguments_are_handed_on(bars: Any) -> None:
    pytest.importorskip("ipywidgets")
    explorer = bt_pdt.explore(STRATEGY, bars, mode="exit", rules="2026-06-04", params={"short": False}, **SHORT)
    assert explorer.result.summary["refused"] == 0
    assert set(explorer.result.trades["side"]) == {"long"}
    assert explorer.result.manifest["parameters"]["symbols"] == ["IDXE", "LRGE"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "exti"}, "did you mean 'exit'?"),
        ({"brokerage": "alpacca"}, "did you mean 'alpaca'?"),
        ({"brokerages": ["schwabb"]}, "did you mean 'schwab'?"),
        ({"cash": -1}, "cash must be a finite number above 0, got -1."),
        ({"rules": "off"}, 'is the mode "off"'),
        ({"block_on": "exit"}, "give explore those"),
        ({"parms": {}}, "did you mean 'params'?"),
        ({"params": {"shrt": True}}, "did you mean 'short'?"),
    ],
)
def test_bad_input_is_one_sentence(bars: Any, given: dict[str, Any], words: str) -> None:
    pytest.importorskip("ipywidgets")
    with pytest.raises(BadInput, match=words.replace("?", r"\?")):
        bt_pdt.explore(STRATEGY, bars, **given)


def test_a_size_beyond_the_slider_widens_it(bars: Any) -> None:
    pytest.importorskip("ipywidgets")
    explorer = bt_pdt.explore(STRATEGY, bars.between("2026-05-07", "2026-05-07"), cash=250_000)
    assert (explorer.cash.min, explorer.cash.max, explorer.cash.value) == (2_000, 250_000, 250_000)


def test_without_ipywidgets_it_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(BadInput, match=r'needs ipywidgets, which is not installed: pip install "bt_pdt\[jupyter\]"\.'):
        bt_pdt.explore(STRATEGY, SAMPLE)


def test_ipywidgets_is_loaded_when_an_explorer_is_made() -> None:
    program = "import sys, bt_pdt; bt_pdt.explore; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 0
