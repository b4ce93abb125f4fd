"""Compiling: ``@compiled`` makes a function machine code when it is first needed and keeps it in a cache that belongs to these very sources."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Where the machine code of these sources lies.

    Numba asks only whether the file of a function has changed, not the files of those it calls: so the folder is named after all of them.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    above = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bt_pdt"
    folder = above / f"replay-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written to
        folder = Path(tempfile.mkdtemp(prefix="bt_pdt_replay_"))
    return folder


def compiled(function: F) -> F:
    """``function`` as machine code, for other compiled functions to call."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # the way in from Python is a third of the time to compile


def called_from_python(function: F) -> F:
    """``function`` as machine code with a way in from Python, that holds no lock of the interpreter while it runs."""
    return _compiled(function, nogil=True)


def _compiled(function: F, **options: bool) -> F:
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(cache_folder())
    try:
        # nothing here makes an array, so none has its references counted: that alone is a factor of seven
        found: F = numba.njit(cache=True, error_model="numpy", _nrt=False, **options)(function)
    finally:
        numba.config.CACHE_DIR = before
    return found
