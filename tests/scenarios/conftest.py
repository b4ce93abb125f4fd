"""Lets the scenarios import ``made`` of ``tests/host``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
