"""The notebooks, executed once: two at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from executed import SCRIPTS, Ran, execute


@pytest.fixture(scope="session")
def ran() -> dict[str, Ran]:
    """Every notebook executed, by name; the first cell that raises fails the tests with its traceback."""
    for package in ("jupytext", "nbclient", "ipykernel", "ipywidgets", "numba"):
        pytest.importorskip(package)
    with ThreadPoolExecutor(2) as pool:
        return {each.name: each for each in pool.map(execute, SCRIPTS)}
