"""A module under its old name is the module itself, and the user is told."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from bt_pdt.core.moved import PLACES


@pytest.mark.parametrize("old", PLACES)
def test_the_new_place_is_there_and_the_old_is_free(old: str) -> None:
    assert find_spec(f"bt_pdt.{PLACES[old]}") is not None


def test_one_module_under_two_names() -> None:
    program = """
import warnings
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    from bt_pdt.adapter.sizers import PercentOfEquity
    import bt_pdt.report
    from bt_pdt.study import run
import bt_pdt, importlib
assert PercentOfEquity is bt_pdt.PercentOfEquity and bt_pdt.report.Result is bt_pdt.Result and run is bt_pdt.run
import bt_pdt.host.sizers as new
assert new.__spec__.name == "bt_pdt.host.sizers" and importlib.reload(new) is new
print(sorted({str(w.message) for w in told if "bt_pdt" in str(w.message)}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "bt_pdt.adapter.sizers has moved to bt_pdt.host.sizers; the old name goes with version 0.3." in done.stdout
