"""The account that opens with the first bar, and what is said where that bar is older than the law."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ..account.account import Account
from ..core.errors import NotInForce
from ..law.rulebook import RULEBOOK_BEGINS


def open_account(cash: float, at: datetime, arguments: Mapping[str, Any]) -> Account:
    """An account from ``at`` on. Raises :class:`NotInForce` with what to ask for instead where orders are to be judged before there is a law."""
    try:
        return Account(cash, at=at, **arguments)
    except NotInForce as error:
        raise NotInForce(
            f'{error} Begin later, or judge by one day\'s law throughout, rules="{RULEBOOK_BEGINS}" (--rules {RULEBOOK_BEGINS}), '
            'or measure without refusing, rules="off".'
        ) from None


def before_the_law(day: date) -> str:
    """What a reader of figures from days without a law should know."""
    return (
        f"the bars begin on {day}, before the day-trading rules of {RULEBOOK_BEGINS}: with the rules off, days before them are measured by "
        "the rules of that day."
    )
