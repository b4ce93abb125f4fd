"""docs/results.md speaks of every table, column and number of a result."""

from __future__ import annotations

import re
from pathlib import Path

from bt_pdt.results.folder import KNOWN
from bt_pdt.results.tables import COLUMNS, columns

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")


def test_every_table_with_its_columns():
    for name in COLUMNS:
        table = re.search(rf"^<!-- table: columns {name} -->\n\n(.*?)\n\n<!-- /table -->", PAGE, re.MULTILINE | re.DOTALL)
        assert table, name
        rows = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table[1].splitlines()[2:]]
        assert rows == [(f"`{column}`", unit, meaning) for column, (unit, meaning) in columns(name).items()]
    assert PAGE.count("<!-- table: columns ") == len(COLUMNS)


def test_every_number_of_the_summary(called, result):
    told = set(re.findall(r"`(\w+)`", PAGE.split("## The summary")[1].split("## Returns")[0]))
    names = {name for ran in (called, result) for name in ran.summary}
    assert {name for name in names if not name.startswith(("refused_", "calls_"))} <= told


def test_the_files_of_a_folder():
    assert set(re.findall(r"^\| `([\w.]+)`", PAGE.split("## The run folder")[1], re.MULTILINE)) <= KNOWN
