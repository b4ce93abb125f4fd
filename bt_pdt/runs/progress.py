"""How far a search is: a bar with the time that is left, in terminals and in notebooks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..core.errors import BadInput


@contextmanager
def progress_bar(progress: Any, words: str) -> Iterator[Callable[[int, int], None] | None]:
    """``progress`` as what is told (done, total): a function is itself, True is a bar, None and False are nothing."""
    if progress is not True:
        if progress and not callable(progress):
            raise BadInput(f"progress takes True or a function of (done, total), got {progress!r}.")
        yield progress or None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    ipython = sys.modules.get("IPython")
    notebook = ipython is not None and hasattr(ipython.get_ipython(), "kernel")
    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=not notebook)) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
