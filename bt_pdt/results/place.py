"""Where a folder may be written, and how: beside its place and moved there whole, so that nothing is ever half-written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..core.errors import BadInput


def require_place(folder: str | Path, what: str, former: Callable[[Path], bool]) -> Path:
    """The absolute path of a folder for a ``what`` (run, comparison, search): new, empty, or a ``former`` one's.

    Raises :class:`BadInput` otherwise.
    """
    target = Path(folder).expanduser().resolve()
    if target.exists() and not target.is_dir():
        raise BadInput(f"{folder}: is a file; name a folder.")
    if target == Path.cwd():
        raise BadInput(f"{folder}: is the current folder; name a folder of its own for the {what}.")
    if target.is_dir():
        names = {entry.name for entry in target.iterdir()}
        if names and not former(target):
            raise BadInput(f"{folder}: holds other things ({few(names)}); name a new folder, or a former {what}'s.")
    parent = next(up for up in target.parents if up.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BadInput(f"{folder}: cannot be made, {parent} is not a folder that can be written to.")
    return target


def write_whole(folder: str | Path, target: Path, fill: Callable[[Path], None]) -> Path:
    """What ``fill`` puts into a new folder takes the place of ``target``, whole or not at all; returns ``target``."""
    work = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        new, old = work / "new", work / "old"
        new.mkdir()
        fill(new)
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(new, target)
        except BaseException:
            if old.exists():
                os.rename(old, target)
            raise
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
    return target


def few(names: set[str]) -> str:
    """Up to three names of a list, and how many more there are."""
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
