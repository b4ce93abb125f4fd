"""The journal as it is kept: every entry is written down, and calls and restrictions are passed on to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.journal import CallEntry, Entry, RestrictionEntry

Listener = Callable[[CallEntry | RestrictionEntry], None]


class Record:
    """The entries of one account in their order, and its listener: a host that passes calls and restrictions on."""

    def __init__(self) -> None:
        self.journal: list[Entry] = []
        self.listener: Listener | None = None

    def write(self, entry: Entry) -> None:
        """Writes an entry down."""
        self.journal.append(entry)

    def notify(self, entry: CallEntry | RestrictionEntry) -> None:
        """Writes down what has happened to a call or a restriction, and notifies the listener."""
        self.journal.append(entry)
        if self.listener is not None:
            self.listener(entry)

    def __getstate__(self) -> dict[str, Any]:
        """What ``pickle`` and ``copy.deepcopy`` take: the journal, but not the listener, who belongs to this account alone."""
        return vars(self) | {"listener": None}
