"""The typed answers lie beside the tests, in ``tests/answers``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "answers"))
