"""Finished trials in an SQLite file, each committed as it ends: whatever ends the process loses only what was in flight."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import BadInput
from .space import Point
from .work import Outcome

PREFIX = "sqlite:///"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS bt_pdt_tuning (settings TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS bt_pdt_trials (number INTEGER PRIMARY KEY, point TEXT NOT NULL, parameters TEXT NOT NULL, "
    "metrics TEXT NOT NULL, answers TEXT NOT NULL, error TEXT, seconds REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS bt_pdt_retried (number INTEGER PRIMARY KEY)",
)


class Storage:
    """The file of one search, or nothing at all (``file`` None)."""

    def __init__(self, file: Path | None) -> None:
        self._database = sqlite3.connect(file, isolation_level=None, timeout=30.0) if file is not None else None
        self.finished: dict[int, tuple[Point, Outcome]] = {}
        #: Trials that failed and were run again: the search has learnt that they failed, and goes on from that however they end.
        self.retried: set[int] = set()

    def close(self) -> None:
        """Lets the file go."""
        if self._database is not None:
            self._database.close()

    def retry_failed(self) -> None:
        """Takes failed trials for unfinished, so that they are run again."""
        failed = [number for number, (_, outcome) in self.finished.items() if outcome.error is not None]
        for number in failed:
            del self.finished[number]
        self.retried.update(failed)
        if self._database is not None:
            self._database.executemany("INSERT OR IGNORE INTO bt_pdt_retried VALUES (?)", [(number,) for number in failed])

    def keep(self, number: int, point: Point, parameters: Mapping[str, Any], outcome: Outcome) -> None:
        """Commits a finished trial."""
        if self._database is not None:
            row = (json.dumps(point), json.dumps({k: str(v) for k, v in parameters.items()}), json.dumps(dict(outcome.metrics)))
            self._database.execute(
                "INSERT OR REPLACE INTO bt_pdt_trials VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, *row, json.dumps(outcome.answers), outcome.error, outcome.seconds),
            )

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is kept meanwhile is committed together: many trials that take no time each."""
        if self._database is None:
            yield
            return
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.execute("COMMIT")

    def read(self, settings: Mapping[str, Any], resume: bool, name: str) -> None:
        assert self._database is not None
        for statement in _TABLES:
            self._database.execute(statement)
        former = self._database.execute("SELECT settings FROM bt_pdt_tuning").fetchone()
        if former is None:
            self._database.execute("INSERT INTO bt_pdt_tuning VALUES (?)", (json.dumps(settings),))
            return
        rows = self._database.execute(
            "SELECT number, point, metrics, answers, error, seconds FROM bt_pdt_trials ORDER BY number"
        ).fetchall()
        if not resume:
            raise BadInput(f"{name}: holds a search of {len(rows):,} trials; resume it, or name another file.")
        unlike = difference(json.loads(former[0]), json.loads(json.dumps(settings)))
        if unlike is not None:
            raise BadInput(f"{name}: holds a search with another {unlike}, so it cannot be resumed.")
        for number, point, metrics, answers, error, seconds in rows:
            outcome = Outcome(json.loads(metrics), tuple(json.loads(answers)), error, seconds)
            self.finished[number] = (tuple(json.loads(point)), outcome)
        self.retried = {number for (number,) in self._database.execute("SELECT number FROM bt_pdt_retried")}


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What is not the same in two searches' settings, in words; None if all of it is."""
    for what in now:
        if before.get(what) != now[what]:
            return f"{what} ({_short(before.get(what))}, not {_short(now[what])})"
    return None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def file_of(storage: str | Path) -> Path:
    """The file that ``sqlite:///FILE`` (or a plain path) names; raises :class:`BadInput` for another kind of storage."""
    text = str(storage)
    if "://" in text and not text.startswith(PREFIX):
        kind = text.partition("://")[0]  # what follows may hold a password
        raise BadInput(f"storage takes {PREFIX}FILE or a file, got {kind}://...; a database goes with study_name (--study-name).")
    path = Path(text.removeprefix(PREFIX)).expanduser()
    if not text.removeprefix(PREFIX) or path.is_dir() or not path.absolute().parent.is_dir():
        raise BadInput(f"storage takes a file in a folder that exists, got {text!r}.")
    return path


@contextmanager
def opened(storage: str | Path | None, settings: Mapping[str, Any], *, resume: bool) -> Iterator[Storage]:
    """The storage with what it holds of this very search; raises :class:`BadInput` if it holds another, or one not to be resumed."""
    if storage is None:
        if resume:
            raise BadInput("resume needs the storage of the search that is to go on.")
        yield Storage(None)
        return
    found = None
    try:
        try:
            found = Storage(file_of(storage))
            found.read(settings, resume, str(storage))
        except sqlite3.Error as error:
            raise BadInput(f"{storage}: is not a storage of trials ({error}).") from None
        try:
            yield found
        except sqlite3.Error as error:
            raise BadInput(f"{storage}: cannot be written to ({error}).") from None
    finally:
        if found is not None:
            found.close()
