"""The exchange's sessions for backtrader: daily resampling then closes a day at 16:00, at 13:00 on an early close.

Without a calendar backtrader delivers the daily bar of an intraday feed with the next day's first bar.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import backtrader as bt

from ..core.sessions import REGULAR_OPEN, close_of, is_session, next_session


class XNYSCalendar(bt.TradingCalendarBase):
    """New York Stock Exchange days; ``cerebro.addcalendar(XNYSCalendar())``, for feeds in naive New York time.

    A bar after the close, 16:01 to 20:00, belongs to the next session's daily bar: backtrader knows one end per session.
    """

    def _nextday(self, day: date | datetime) -> tuple[date, Any]:
        """The first session after ``day`` with its ISO year, week and weekday."""
        following = next_session(_date(day))
        return following, following.isocalendar()

    def nextday_week(self, day: date | datetime) -> int:
        """ISO week of the first session after ``day``."""
        return int(self._nextday(day)[1][1])

    def schedule(self, day: datetime, tz: tzinfo | None = None) -> tuple[datetime, datetime]:
        """Open and close of the session that is running or comes next at ``day``, naive New York time."""
        session = _date(day)
        if not is_session(session) or day > close_of(session) + timedelta(milliseconds=1):
            session = next_session(session)
        return datetime.combine(session, REGULAR_OPEN), close_of(session)


def _date(day: date | datetime) -> date:
    return day.date() if isinstance(day, datetime) else day
