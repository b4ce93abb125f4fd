"""Positions that say what backtrader's say, without being written anew on every bar."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backtrader.position import Position


class FollowingPosition(Position):  # type: ignore[misc]
    """A position whose ``datetime`` follows the bars of its feed while it is open, as backtrader's does: worked out when it is asked for.

    Where a commission scheme charges interest, the broker writes it bar by bar, as the interest counts from it.
    """

    #: The feed's lines and the clock of the broker, which says how far it has worked.
    follows: tuple[Any, Any] | None = None
    _datetime: datetime | None = None

    @property
    def datetime(self) -> datetime | None:
        if self.follows is None or not self.size:
            return self._datetime
        feed, clock = self.follows
        at: datetime = feed.data.datetime.datetime(0 if feed.stamp() <= clock.now else -1)
        return at

    @datetime.setter
    def datetime(self, at: datetime | None) -> None:
        self._datetime = at

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_datetime": self.datetime, "follows": None}
