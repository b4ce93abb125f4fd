"""The notebooks run on the bundled bars and show what was worked out by hand or is printed elsewhere in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from executed import FOLDER, PNG, SCRIPTS, Ran

import bt_pdt

#: The figures that each one shows.
FIGURES = {
    "01_first_run": 1,
    "02_why_was_my_order_refused": 1,
    "03_block_on_entry_vs_exit": 1,
    "04_margin_calls_in_a_crash": 2,
    "05_before_and_after_2026_06_04": 2,
    "06_tune_position_size": 4,
}


def name_of(script: Path) -> str:
    return script.stem


def test_all_are_here() -> None:
    assert [script.stem for script in SCRIPTS] == list(FIGURES)
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(FIGURES)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_script_and_notebook_are_the_same(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    text, notebook = jupytext.read(script), jupytext.read(script.with_suffix(".ipynb"))
    same = [(cell.cell_type, cell.source) for cell in text.cells] == [(cell.cell_type, cell.source) for cell in notebook.cells]
    assert same, f"run jupytext --update --to ipynb notebooks/{script.name}"
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")], "outputs are not kept: clear them"


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_reads_like_a_tutorial(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    cells = jupytext.read(script).cells
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert cells[-1].source.rpartition("## ")[2].startswith("What to try next\n")
    words = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    pairs = [part for part in re.split(r"\n\s*\n", words) if part.count("$") > 1]
    assert not pairs, (
        f"write 25,000 dollars: JupyterLab makes a formula of what stands between two dollar signs, escaped or not: {pairs[0]}"
    )
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert set(re.findall(r"\bbt_pdt\.(\w+)\(", code)) <= set(bt_pdt.__all__), "the public API only"
    assert not re.search(r"from bt_pdt|\bclass \b", code)


@pytest.mark.parametrize("name", FIGURES)
def test_shows_its_figures_and_warns_of_nothing(ran: dict[str, Ran], name: str) -> None:
    assert ran[name].complaints == []
    assert len(ran[name].figures) == FIGURES[name]
    assert all(figure.startswith(PNG) and len(figure) > 5_000 for figure in ran[name].figures)


def test_first_run(ran: dict[str, Ran]) -> None:
    """The numbers of docs/howto/first-run.md; a strategy's round trips end in the equity that is told."""
    found = ran["01_first_run"]
    assert (
        "sell 20 IDXE is refused: 2 day trades in the last 5 business days and 1 more that working orders could complete" in found.printed
    )
    assert any("mathjax_ignore" in data.get("text/html", "") for data in found.shown), "dollars of the headline are no formula"
    assert "Block on Entry: 24 orders, 8 refused, 6 day trades, equity $24,638.32" in found.printed
    assert "rules off: 37 orders, 0 refused, 14 day trades" in found.printed
    made = [-45.41, 52.25, 98.00, -64.60, 40.70, 57.38]
    assert round(24_500 + sum(made), 2) == 24_638.32
    assert all(f"{amount:.2f}" in found.text for amount in made)


def test_why_refused(ran: dict[str, Ran]) -> None:
    """The forum's case: $30,000 in TQQQ at 100 % leave 4 x (30,000 - 30,000) = 0; at 75 %, 4 x (30,000 - 22,500) = 30,000."""
    said = ran["02_why_was_my_order_refused"].printed
    assert (
        "3 are allowed with $24,800 of equity at the previous close, under $25,000. Today's $30,000 counts from the next session on" in said
    )
    assert "403 40310100 trade denied due to pattern day trading protection" in said
    assert re.search(r"buying power +\$60,000\.00\nday-trading buying power\$ +0\.00", said)
    assert "DTBP 403 insufficient day trading buying power\nbuy 50 SPY is valued at $20,000 and day-trading buying power is $0" in said
    power = [int(text.replace(",", "")) for text in re.findall(r"^(?:cash|stock, 30 %|TQQQ, \d+ %) +\$ +([\d,]+)$", said, re.MULTILINE)]
    assert power == [4 * (30_000 - held) for held in (0, 9_000, 22_500, 30_000)]
    assert "buy : True\nsell: False DTBP\n" in said
    assert "passes on 2023-03-08" in said
    assert "out True \nin False DTBP\n" in said
    assert "day-trading buying power: None\nmaintenance margin $22,500, buying power $30,000\nTrue\n" in said


def test_entry_or_exit(ran: dict[str, Ran]) -> None:
    """The numbers of docs/compare.md."""
    found = ran["03_block_on_entry_vs_exit"]
    assert "24 positions, together $-654.48" in found.printed
    assert round(-203 * (58.77 - 57.37), 2) == -284.20
    assert "the worst: -203 IDX3, 57.37 to 58.77: $-284.20" in found.printed
    assert "entry suits this strategy best: profit -$309.66; exit -$466.66." in found.printed
    assert round(-309.66 + 466.66, 2) == 157.00
    assert "the data cannot tell the two apart." in found.printed
    assert "entry: PDT_COUNT  exit: accepted" in found.printed
    widgets = [data for data in found.shown if "application/vnd.jupyter.widget-view+json" in data]
    assert [data["text/plain"] for data in widgets] == ["<Explorer of OpeningRangeBreakout: $24,500, Block on Exit, alpaca>"]
    assert "142 orders, 0 refused, 57 day trades" in found.text


def test_margin_calls(ran: dict[str, Ran]) -> None:
    """907 shares at 68.84 with $50,000; the close of 50.73; 75 % of value; a sale at the open of the due day at 51.17."""
    found = ran["04_margin_calls_in_a_crash"]
    loan = 907 * 68.84 - 50_000
    call = 0.75 * 907 * 50.73 - (907 * 50.73 - loan)
    assert f"{call:,.2f}" == "934.85"
    assert f"the call            {call:,.2f}\n" in found.printed
    assert "c1 maintenance margin $34,509.08 (75% of $46,012.11) - equity $33,574.23 = $934.85" in found.printed
    assert "the broker sold 22 at 51.17 for call c1" in found.printed
    assert 21 < (0.75 * 907 * 51.17 - (907 * 51.17 - loan)) / (0.75 * 51.17) <= 22
    assert "ignore     calls 3, shares sold 38, deposits $0.00, equity $33,644.78" in found.printed
    assert "deposit    calls 3, shares sold 0, deposits $1,662.72, equity $35,336.72" in found.printed
    assert round(907 * (50.73 - 68.84), 2) == round(33_574.23 - 50_000, 2)
    assert found.printed.endswith("calls: 0\n")


def test_before_and_after(ran: dict[str, Ran]) -> None:
    found = ran["05_before_and_after_2026_06_04"]
    assert re.search(r"regime +pattern_day_trader +intraday_margin\n", found.printed)
    assert re.search(r"pdt_min_equity +25000\.0 +None\n", found.printed)
    assert "gone: 42 refusals for PDT_COUNT, 21 refusals for PDT_RESTRICTED_DAYTRADE, 1 minimum equity call" in found.printed
    assert round(2_612.93 - 2_183.15, 2) == 429.78
    assert "2612.93" in found.text
    assert "2183.15" in found.text
    assert "refused before: 168  from 2026-06-04 on: 0" in found.printed


def test_tune_position_size(ran: dict[str, Ran]) -> None:
    """Two times lending at 75 % by hand, a market order at the last price; a trader who slips under $25,000; the search by replay beside its full runs."""
    found = ran["06_tune_position_size"]
    assert f"at its initial margin of 75% it needs ${2 * 0.75 * 426 * 59.62:,.2f} of Reg T buying power" in found.printed
    assert "3 are allowed with $24,930.34 of equity at the previous close, under $25,000." in found.printed
    counted = re.search(
        r"BUYING_POWER +False +(\d+)\nDTBP +False +(\d+)\nPDT_COUNT +False +(\d+)\nPDT_RESTRICTED_DAYTRADE +True +(\d+)\n", found.text
    )
    assert counted
    assert f"{sum(map(int, counted.groups()))} refused, 111 day trades" in found.printed
    assert re.search(rf"^{50 * 9 * 3:,} trials in \d+ seconds$", found.printed, re.MULTILINE)
    assert "1,345 trials are replays of 1 recorded run, 5 full runs; 6 checked in full without a difference." in found.printed
    assert "{'sizer.percent': 148, 'cash': 25500, 'block_on': 'entry'}" in found.printed
    beside = re.findall(r"^(\w+) +replayed +([-\d.,]+) +in full +([-\d.,]+)$", found.printed, re.MULTILINE)
    assert len(beside) == 6
    assert all(replayed == full for _, replayed, full in beside)
    assert {name: full for name, _, full in beside}["equity_end"] == "27,018.3500"
    assert "1 of its 2 neighbours is infeasible or failed. Not counted: 2 more" in found.printed
    assert "do not take it for skill" in found.printed
