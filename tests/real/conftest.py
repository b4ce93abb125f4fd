"""Lets the runs over real bars import ``made`` of ``tests/host`` and the oracle's counter."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "host"), str(TESTS)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bars with days left out, or of a crash, look odd, and a broker says so; what it says is tested in tests/host/test_looking.py."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings("ignore::UserWarning"))
