"""Temporary folders for the bars of a search. A process that is killed leaves its folder behind; the next search removes it.

Every process holds a lock on a file in its folder. The system lets go of the lock when the process ends, however it ends, so a folder whose
lock can be had belongs to nobody; a process that has the number of a dead one cannot be mistaken for it.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: leftovers stay until the system clears its temporary files
    fcntl = None  # type: ignore[assignment]

PREFIX = "bt_pdt_tune_"
_LOCK = "in_use"


class Folder:
    """A new temporary folder, ``path``, of this process; those of processes that are gone are removed first."""

    def __init__(self) -> None:
        _remove_leftovers()
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}_"))
        self._lock = os.open(self.path / "new", os.O_CREAT | os.O_RDWR, 0o600)
        if fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(self.path / "new", self.path / _LOCK)  # under this name it is locked from the first moment

    def remove(self) -> None:
        """The folder goes; a second time does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        shutil.rmtree(self.path, ignore_errors=True)


def _remove_leftovers() -> None:
    if fcntl is None:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            about = folder.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:  # nobody's yet, or gone meanwhile
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use
            continue
        finally:
            os.close(lock)
