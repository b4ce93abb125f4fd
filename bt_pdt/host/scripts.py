"""A whole script as people have it, judged without a change to it: every cerebro that it runs gets a margin broker before its first bar."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backtrader as bt

from ..core.errors import BadInput
from .broker import MarginBroker
from .install import ANALYZER_NAME, install
from .outcome import result
from .strategy_files import StrategyFailed, line_in, sentence

if TYPE_CHECKING:
    from ..results import Result


def run_script(file: str | Path, arguments: Sequence[str] = (), **account: Any) -> dict[str, Result]:
    """Runs ``file`` as ``python file`` does, with its own ``arguments``, and gives a result for each run of a cerebro in it, by name.

    ``account`` are arguments of :func:`bt_pdt.install`; without ``cash`` the script's own holds. Pictures are not shown. A script that
    puts a MarginBroker in itself keeps it. Raises :class:`BadInput` where the script has no run, or :class:`StrategyFailed` with its line.
    """
    path = Path(file).resolve()
    if not path.is_file() or path.suffix != ".py":
        raise BadInput(f"{file}: there is no such script; give a .py file.")
    runs: list[tuple[str, Result]] = []
    with _hooked(runs, account), _as_main(path, arguments):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as error:
            if error.code not in (None, 0):
                raise StrategyFailed(f"{path.name}: left with {sentence(error)}{_where(error, path)}; its arguments follow --.") from None
        except BadInput as error:
            raise BadInput(f"{path.name}{_where(error, path)}: {error}") from None
        except Exception as error:
            raise StrategyFailed(f"{path.name}{_where(error, path)}: stopped with {sentence(error)}.") from error
    found = _results(runs)
    if not found:
        raise BadInput(f"{path.name}: ran no cerebro, so there is nothing to judge; a file with a strategy alone is run without --script.")
    return found


def _where(error: BaseException, path: Path) -> str:
    line = line_in(error, path)
    return f", line {line}" if line else ""


def _results(runs: Sequence[tuple[str, Result]]) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for name, one in runs:
        k, unique = 2, name
        while unique in found:
            unique, k = f"{name} ({k})", k + 1
        found[unique] = one
    return found


def _made(cerebro: Any, ran: Any) -> Iterator[tuple[str, Result]]:
    """The results of one run, named by its strategies (of an optimisation: by the parameters of each variant)."""
    if not cerebro._dooptimize:
        if ran:
            yield ", ".join(dict.fromkeys(type(each).__name__ for each in ran)), result(cerebro)
        return
    for variant in ran:
        for one in variant[:1]:
            values = ", ".join(f"{name}={value}" for name, value in one.p._getkwargs().items())
            yield values or "defaults", getattr(one.analyzers, ANALYZER_NAME).result


@contextmanager
def _hooked(runs: list[tuple[str, Result]], account: Mapping[str, Any]) -> Iterator[None]:
    """``Cerebro.run`` puts the law under the cerebro first; ``Cerebro.plot`` and matplotlib's windows stay closed."""
    stock_run, stock_plot = bt.Cerebro.run, bt.Cerebro.plot

    def run(cerebro: Any, *args: Any, **kwargs: Any) -> Any:
        present = cerebro.broker
        if not isinstance(present, MarginBroker):
            if type(present) is not bt.brokers.BackBroker:
                raise BadInput(
                    f"the script runs on {type(present).__module__}.{type(present).__name__}, a broker of its own, "
                    "so the law cannot be put under it; run it on backtrader's own broker."
                )
            install(cerebro, observers=False, **account)
        elif not any(named.get("_name") == ANALYZER_NAME for _, _, named in cerebro.analyzers):
            from .analyzer import ComplianceAnalyzer

            cerebro.addanalyzer(ComplianceAnalyzer, _name=ANALYZER_NAME)
        ran = stock_run(cerebro, *args, **kwargs)
        runs.extend(_made(cerebro, ran))
        return ran

    def plot(cerebro: Any, *_: Any, **__: Any) -> list[Any]:
        return []

    bt.Cerebro.run, bt.Cerebro.plot = run, plot
    try:
        with _no_windows():
            yield
    finally:
        bt.Cerebro.run, bt.Cerebro.plot = stock_run, stock_plot


@contextmanager
def _no_windows() -> Iterator[None]:
    import matplotlib
    import matplotlib.pyplot as plt

    def use(*_: Any, **__: Any) -> None:
        return None

    before, show, backend = matplotlib.use, plt.show, matplotlib.get_backend()
    matplotlib.use("Agg", force=True)
    matplotlib.use, plt.show = use, use
    try:
        yield
    finally:
        matplotlib.use, plt.show = before, show
        if backend.lower() != "agg":
            before(backend, force=False)


@contextmanager
def _as_main(path: Path, arguments: Sequence[str]) -> Iterator[None]:
    """``sys.argv``, ``sys.path`` and ``__main__`` as ``python file`` has them; what it imports from beside it goes again afterwards."""
    argv, paths, main = sys.argv, list(sys.path), sys.modules.get("__main__")
    before = set(sys.modules)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    sys.path.append(str(Path.cwd()))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, paths
        if main is not None:
            sys.modules["__main__"] = main
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and path.parent in Path(file).parents and "site-packages" not in file:
                del sys.modules[name]
