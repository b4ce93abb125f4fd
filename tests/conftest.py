"""How the test files are shared out among the processes, and which of them do not mind odd bars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

#: What makes the compiled replay. It is compiled once where all of this runs in one process, else once in each.
COMPILED = ("tests/replay/", "tests/docs/test_examples.py", "tests/notebooks/test_notebooks.py")

#: Folders whose made-up bars, days left out or crashes look odd, so that a broker says so: what it says is tested in
#: tests/host/test_looking.py.
ODD_BARS = {Path(__file__).parent / name for name in ("host", "scenarios", "real")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning about odd bars fails no test that is about something else."""
    for item in items:
        if Path(item.path).parent in ODD_BARS:
            item.add_marker(pytest.mark.filterwarnings("ignore::UserWarning"))


def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """A file is one process's, and so are all that need the compiled replay."""
    from xdist.scheduler import LoadFileScheduling

    class FilesAndTheCompiled(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return COMPILED[0] if nodeid.startswith(COMPILED) else str(super()._split_scope(nodeid))

    return FilesAndTheCompiled(config, log)
