"""What would have passed is worked out when somebody reads it, or, at the latest, before the account that was asked changes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from datetime import date
from typing import Any

from ..core.decisions import WouldPass


class Explanations:
    """The answers of one account that nobody has read yet. Those of decisions that are gone are never worked out."""

    def __init__(self) -> None:
        self._unread: list[weakref.ref[WouldPass]] = []

    def later(self, work: Callable[[], tuple[float, date | None]]) -> WouldPass:
        """The answer of ``work()``, which reads the account as it is now."""
        answer = WouldPass.when_read(work)
        self._unread.append(weakref.ref(answer))
        return answer

    def before_a_change(self) -> None:
        """The account is about to change: what is still wanted is worked out now."""
        if not self._unread:
            return
        unread, self._unread = self._unread, []
        for reference in unread:
            answer = reference()
            if answer is not None:
                answer.worked_out()

    def __getstate__(self) -> dict[str, Any]:
        """A copy of an account has been asked nothing yet; the decisions themselves travel with their answers."""
        return {"_unread": []}
