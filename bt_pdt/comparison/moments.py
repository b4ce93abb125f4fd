"""An account as it stood at a moment of a finished run: the journal up to there, played again."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..account.account import Account
from ..core.journal import OrderEntry
from ..results import Result
from ..results.accounts import Replay

#: Before a bar is before its end by less than the shortest bar is long.
_JUST_BEFORE = timedelta(seconds=1)


def account_before(result: Result, at: datetime, order: str | None = None, *, asked: bool = True) -> Account:
    """The account of ``result`` just before ``order`` was put to it at ``at``; without an order, as it was at ``at``.

    ``asked`` False leaves out what happened at ``at`` itself, and marks at the closes of the bar before.
    """
    manifest = result.manifest
    daily = manifest["data"]["bar_length"] == "1 day"
    replay = Replay(result.journal, result.times, result.closes, manifest["parameters"], daily)
    for entry in replay.entries:
        if entry.at > at or (entry.at == at and not asked):
            break
        if isinstance(entry, OrderEntry) and order is not None and entry.request.id == order:
            break
        replay.play(entry)
    replay.reach(at)
    replay.mark_all(at if asked else at - _JUST_BEFORE)
    return replay.account
