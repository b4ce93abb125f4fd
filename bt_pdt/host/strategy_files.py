"""A strategy file as a module of its own: with what lies beside it, read anew each time, and nothing of it mixed up with another's.

Two strategies in two folders may each have a ``helpers.py``. So a file is mounted, with the folders that Python would look in, under a
name that is its own (``bt_pdt_strategy_<file>_<hash>``), and what it imports from there is imported under that name: now, and also
later, inside ``next()``. Relative imports work as in the package that the file lies in; ``from strategies.utils import ...`` is found
from the project's root or from the working directory, as ``python -m`` finds it.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from ..core.errors import BadInput

#: How the module of a strategy file is called: the file's name and a hash of its path follow.
MODULE = "bt_pdt_strategy_"
#: What is never taken from a strategy's folder: a second copy beside the one in use would be another backtrader.
_SHARED = {"backtrader", "bt_pdt", "numpy", "pandas", "matplotlib", "exchange_calendars"}
#: Files that mark the root of a project.
_ROOT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", "requirements.txt")
GUARD = 'if __name__ == "__main__":'
_GUARD_HINT = f"what a script does when it is run belongs under {GUARD}; a script that builds its own cerebro runs whole with --script"


class StrategyFailed(BadInput):
    """A strategy file raised an exception; the text says where. The exception itself is ``__cause__``."""


class _RanAtImport(Exception):
    """A cerebro was run while its file was only being read."""


_mounts: dict[str, Mount] = {}


class Mount:
    """One strategy file and the folders its imports are looked up in."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.name = f"{MODULE}{file.stem if file.stem.isidentifier() else 'file'}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
        top, parts = file.parent, [file.stem]
        while (top / "__init__.py").is_file() and top.parent != top and top.name.isidentifier():
            parts.insert(0, top.name)
            top = top.parent
        roots = [top, file.parent, *_projects(file.parent), Path.cwd()]
        self.roots = list(dict.fromkeys(root.resolve() for root in roots))
        #: The file's own module, in the package that it lies in.
        self.module = ".".join((f"{self.name}.r0", *parts))
        self.builtins = vars(builtins) | {"__import__": self._import}

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] | None = (), level: int = 0
    ) -> ModuleType:
        """``__import__`` of the mounted modules: what lies in their folders comes from there, all else is Python's own."""
        root = self._root_of(name) if level == 0 else None
        if root is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        here = f"{self.name}.r{root}"
        found = importlib.import_module(f"{here}.{name}")
        if not fromlist:
            return sys.modules[f"{here}.{name.partition('.')[0]}"]
        for each in fromlist:  # a module of a package is an attribute of it once it is imported
            if each != "*" and not hasattr(found, each) and hasattr(found, "__path__"):
                with _missing_is_fine(f"{here}.{name}.{each}"):
                    importlib.import_module(f"{here}.{name}.{each}")
        return found

    def _root_of(self, name: str) -> int | None:
        """The folder that holds what is imported as ``name``; None where it is no file of the user's."""
        top = name.partition(".")[0]
        if top in _SHARED or top in sys.stdlib_module_names:
            return None
        for i, root in enumerate(self.roots):
            if (root / f"{top}.py").is_file() or (root / top / "__init__.py").is_file():
                if root not in (self.file.parent, self.roots[0]) and self._installed(top):
                    continue
                return i
        for i, root in enumerate(self.roots):  # a folder of modules without __init__.py
            if (root / top).is_dir() and not self._installed(top) and any((root / top).glob("**/*.py")):
                return i
        return None

    def _installed(self, top: str) -> bool:
        """Can it be imported without the user's folders?"""
        known = sys.modules.get(top)
        if known is not None and getattr(known, "__file__", None):
            return not any(root in Path(str(known.__file__)).resolve().parents for root in self.roots)
        mine = {str(root) for root in self.roots} | {"", "."}
        try:
            return PathFinder.find_spec(top, [entry for entry in sys.path if entry not in mine]) is not None
        except (ImportError, ValueError):
            return False

    def load(self) -> ModuleType:
        """The file's module, it and everything of its folders read anew."""
        for name in [name for name in sys.modules if name == self.name or name.startswith(f"{self.name}.")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        _mounts[self.name] = self
        _Finder.put_in()
        return importlib.import_module(self.module)

    def files(self) -> list[Path]:
        """Every file that was read for it so far, its own first."""
        found = {self.file: None}
        for name, module in list(sys.modules.items()):
            if name.startswith(f"{self.name}.") and getattr(module, "__file__", None):
                found[Path(str(module.__file__))] = None
        return [self.file, *sorted(path for path in found if path != self.file)]


def _projects(folder: Path) -> Iterator[Path]:
    """The nearest folder above that is the root of a project."""
    for each in (folder, *folder.parents):
        if any((each / mark).exists() for mark in _ROOT_MARKS):
            yield each
            return


@contextmanager
def _missing_is_fine(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != name:
            raise


class _Loader(SourceFileLoader):
    """Reads a source as it is now (no compiled copy of it), with the imports of its mount."""

    def __init__(self, fullname: str, path: str, mount: Mount) -> None:
        super().__init__(fullname, path)
        self.mount = mount

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self.mount.builtins
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules of mounted files."""

    @classmethod
    def put_in(cls) -> None:
        if not any(isinstance(each, cls) for each in sys.meta_path):
            sys.meta_path.insert(0, cls())

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith(MODULE):
            return None
        top, _, rest = fullname.partition(".")
        mount = _mounts.get(top)
        if mount is None:
            return None
        if not rest or "." not in rest:  # the mount itself, and its folders
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [] if not rest else [str(mount.roots[int(rest[1:])])]
            return spec
        found = PathFinder.find_spec(fullname, path)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(fullname, found.loader.path, mount)
            found.cached = None
        return found


def load_file(path: Path) -> ModuleType:
    """The module of a strategy file. Raises :class:`StrategyFailed` with a sentence, and the line, where it does not import."""
    full = path.resolve()
    mount = Mount(full)
    try:
        with _as_run(full):
            return mount.load()
    except (Exception, SystemExit) as error:
        for name in [name for name in sys.modules if name == mount.name or name.startswith(f"{mount.name}.")]:
            del sys.modules[name]
        _mounts.pop(mount.name, None)
        line = line_in(error, full)
        where = "" if isinstance(error, SyntaxError) or not line else f" (line {line})"
        if isinstance(error, _RanAtImport):
            raise StrategyFailed(f"{path}: runs a backtest when it is imported{where}; {_GUARD_HINT}.") from error
        hint = f"; {_GUARD_HINT}" if isinstance(error, SystemExit) or _acts_at(full, line) else ""
        raise StrategyFailed(f"{path}: does not import, {sentence(error)}{where}{hint}.") from error


def files_beside(module: str) -> list[Path]:
    """The files that were read for the strategy of this module, its own first; empty for any other module."""
    mount = _mounts.get(module.partition(".")[0])
    return [] if mount is None else mount.files()


@contextmanager
def at_work(module: str) -> Iterator[None]:
    """While the strategy of this module runs: its folder is on the path for what it imports by name (``importlib``), and that goes again."""
    mount = _mounts.get(module.partition(".")[0])
    if mount is None:
        yield
        return
    before, entry = set(sys.modules), str(mount.file.parent)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not name.startswith(MODULE) and Path(file).parent == mount.file.parent:
                del sys.modules[name]


@contextmanager
def _as_run(file: Path) -> Iterator[None]:
    """The world that a file expects when Python runs it: its own arguments, its folder on the path, and no screen to draw on.

    A cerebro that it runs meanwhile is stopped before its first bar: the file is being read, not run.
    """
    import backtrader as bt

    def run(cerebro: Any, *_: Any, **__: Any) -> Any:
        raise _RanAtImport

    argv, stock_run, entry = sys.argv, bt.Cerebro.run, str(file.parent)
    sys.argv, bt.Cerebro.run = [str(file)], run
    sys.path.insert(0, entry)
    try:
        with _any_screen(file):
            yield
    finally:
        sys.argv, bt.Cerebro.run = argv, stock_run
        if entry in sys.path:
            sys.path.remove(entry)


@contextmanager
def _any_screen(file: Path) -> Iterator[None]:
    """``matplotlib.use("TkAgg")`` where there is no display changes nothing, instead of stopping a file that only names a window."""
    try:
        asks = b"matplotlib" in file.read_bytes()
    except OSError:
        asks = False
    if not asks or importlib.util.find_spec("matplotlib") is None:
        yield
        return
    import matplotlib

    stock = matplotlib.use

    def use(backend: str, *args: Any, **kwargs: Any) -> None:
        try:
            stock(backend, *args, **kwargs)
        except ImportError:
            return

    matplotlib.use = use
    try:
        yield
    finally:
        matplotlib.use = stock


def sentence(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def line_in(error: BaseException, file: Path) -> int | None:
    """The last line of ``file`` that the error passed through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    return lines[-1] if lines else None


def _acts_at(file: Path, line: int | None) -> bool:
    """Does the file do something on that line, at its top level, rather than define or import?"""
    if line is None:
        return False
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return False
    defines = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.AsyncFunctionDef)
    at = [node for node in tree.body if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return bool(at) and not isinstance(at[0], defines)
