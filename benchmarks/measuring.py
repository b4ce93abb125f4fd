"""What all tables share: rounds that take turns, ratios within a round, and Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Table:
    """One table: rows of text for people, ``numbers`` (the seconds behind them) for programs. ``disagrees``: runs that must not differ do."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    disagrees: bool = False

    def markdown(self) -> str:
        """The table as Markdown, columns aligned."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[k]) for line in lines) for k in range(len(self.columns))]
        text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
        text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join([f"### {self.title}", "", *text, *([""] if self.notes else []), *self.notes, ""])

    def plain(self) -> dict[str, Any]:
        """The table as values for JSON."""
        return asdict(self)


def interleaved(jobs: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Each job once a round, every other round backwards: what disturbs the machine for a while disturbs all alike."""
    found: dict[str, list[T]] = {name: [] for name in jobs}
    for turn in range(rounds):
        for name in list(jobs)[:: -1 if turn % 2 else 1]:
            found[name].append(jobs[name]())
    return found


def spread(values: Sequence[float], form: str | None = None) -> str:
    """Median, smallest and largest; two digits after the point, three where they are small."""
    middle = statistics.median(values)
    form = form or (".2f" if middle >= 0.1 else ".3f")
    return f"{middle:{form}} ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else f"{middle:{form}}"


def ratios(those: Sequence[float], base: Sequence[float]) -> list[float]:
    """Round by round."""
    return [a / b for a, b in zip(those, base, strict=True)]


def installed(package: str) -> str | None:
    """The version of a package, None where it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine() -> str:
    """When and where, in one line."""
    named = ("backtrader", "numpy", "pandas", "joblib", "numba")
    versions = ", ".join(f"{name} {found}" for name in named if (found := installed(name)))
    return f"{date.today()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}"


def memory_mb(what: str = "VmHWM") -> float:
    """Megabytes of this process: ``VmHWM`` is the most it held, ``VmRSS`` what it holds now; NaN where the system does not tell.

    Not ``ru_maxrss``: on Linux that begins with the size of the process which started this one.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(what))
    except OSError:
        return float("nan")


def forget_peak() -> None:
    """From here on ``VmHWM`` is the most it held since now, where the system lets one say so."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        return
