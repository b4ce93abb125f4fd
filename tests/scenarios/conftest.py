"""Lets the scenarios import ``made`` of ``tests/host``."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bars with days left out, or of a crash, look odd, and a broker says so; what it says is tested in tests/host/test_looking.py."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings("ignore::UserWarning"))
