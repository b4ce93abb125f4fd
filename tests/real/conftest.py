"""Lets the runs over real bars import ``made`` of ``tests/host`` and the oracle's counter."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "host"), str(TESTS)]
