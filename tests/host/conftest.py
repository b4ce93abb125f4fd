"""Lets the tests of backtrader's side import ``made`` next to them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
