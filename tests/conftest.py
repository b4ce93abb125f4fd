"""How the test files are shared out among the processes."""

from __future__ import annotations

from typing import Any

#: What makes the compiled replay. It is compiled once where all of this runs in one process, else once in each.
COMPILED = ("tests/replay/", "tests/docs/test_examples.py", "tests/notebooks/test_notebooks.py")


def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """A file is one process's, and so are all that need the compiled replay."""
    from xdist.scheduler import LoadFileScheduling

    class FilesAndTheCompiled(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return COMPILED[0] if nodeid.startswith(COMPILED) else str(super()._split_scope(nodeid))

    return FilesAndTheCompiled(config, log)
