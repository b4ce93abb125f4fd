"""What looks wrong with the bars of anybody's feeds, said once: before the first order where the bars are loaded, else at the end."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from ..core import sessions
from ..core.errors import BadInput
from ..core.journal import FillEntry, OrderEntry
from .clock import Clock, Feed
from .feed_bars import groups, loaded, own_feeds, stamps_of, whole

#: Interactive Brokers was the first of the brokerages here to take orders for parts of shares.
FRACTIONS_SINCE = date(2019, 11, 25)
#: How many bars of a feed are looked at to see whether its timeframe is declared rightly.
LOOK = 50
#: What to do about times that look wrong, where the feed is not one that bt_pdt loaded.
_CURES = {
    "zone": (
        " In a feed of your own: put the bars in through bt_pdt.feeds(bt_pdt.load(frame, tz=...)), or move the frame's index, "
        'index.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None) (without tz_localize("UTC") where it has a zone already).'
    ),
    "stamp": (
        " In a feed of your own: put the bars in through bt_pdt.feeds(bt_pdt.load(frame, stamp=...)), or move the frame's index by one bar: "
        "backtrader, and bt_pdt with it, reads a stamp as the END of its bar."
    ),
}


class Looker:
    """Looks at the feeds of one broker's runs and warns of each thing once, however many runs and analyzers ask."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self.said: list[str] = []
        self._seen: set[int] = set()
        #: The bars were looked at when they were loaded, and their report is the caller's to tell.
        self.known = False
        #: That report says already which days are no sessions.
        self.days_known = False

    def begin(self) -> None:
        """A run begins."""
        self.said, self._seen = [], set()

    def look(self, clock: Clock, *, at_end: bool = False) -> None:
        """Examines the feeds whose bars are there: all loaded ones at the first bar, the others when the run is over."""
        ready = [f for f in own_feeds(clock) if id(f) not in self._seen and (whole(f) if at_end else loaded(f))]
        self._seen.update(map(id, ready))
        self.tell(_timeframes(ready, clock.zoned))
        if self.known or not ready:
            return
        self.tell(_order(ready))
        try:
            found = [finding for bars in groups(ready, clock) for finding in bars.report.findings if finding.kind != "off_session"]
        except BadInput as error:  # days outside the calendar: those bars cannot be looked at, which is no reason to stop a run
            self.tell([f"the bars could not be looked at: {error}"])
            return
        self.tell(finding.text + _CURES.get(finding.kind, "") for finding in found)

    def tell(self, sentences: Iterable[str]) -> None:
        """Notes each sentence for the result, and warns of those that were not said before."""
        for text in sentences:
            if text not in self.said:
                self.said.append(text)
            if text not in self._told and not self.known:
                self._told.add(text)
                warnings.warn(text, stacklevel=2)


def _timeframes(feeds: Iterable[Feed], zoned: bool) -> Iterator[str]:
    """A timeframe that is not what the bars are."""
    for feed in feeds:
        stamps = stamps_of(feed)[:LOOK]
        days = [int(stamp) for stamp in stamps if stamp == stamp]
        if len(days) < 3:
            continue
        same_day = sum(a == b for a, b in pairwise(days))
        if feed.long_bars and same_day:
            yield (
                f"the feed of {feed.symbol} has several bars a day but is declared as daily, backtrader's default; "
                "give it timeframe=bt.TimeFrame.Minutes."
            )
        elif not feed.long_bars and not same_day:
            yield f"the feed of {feed.symbol} has one bar a day but is not declared as daily; give it timeframe=bt.TimeFrame.Days."
        elif feed.long_bars and {round(stamp % 1.0 * 24.0, 6) for stamp in stamps} <= {4.0, 5.0} and not zoned:
            yield (
                f"the daily bars of {feed.symbol} are stamped 04:00 or 05:00, which is midnight of New York in UTC; give the feed its zone "
                '(tz=dateutil.tz.gettz("America/New_York")), or the frame dates without a time, so that they are days.'
            )


def _order(feeds: Iterable[Feed]) -> Iterator[str]:
    """Bars that stand twice, or out of the order of time."""
    for feed in feeds:
        steps = np.diff(stamps_of(feed))
        twice, back = int((steps == 0).sum()), int((steps < 0).sum())
        if twice:
            yield f"{feed.symbol}: {twice:,} bars have the time of the bar before them; drop duplicates, each would be traded on."
        if back:
            yield f"{feed.symbol}: {back:,} bars are older than the bar before them; sort the bars by time."


def odd_dates(days: Iterable[date]) -> Iterator[str]:
    """Bars on days without a session."""
    found = sorted(set(days))
    if found:
        yield (
            f"{len(found)} dates with bars are no sessions of the exchange (the first is {found[0]}): what happened there counts for the "
            "next session. Are the times New York time, not UTC?"
        )


def after_hours(journal: Iterable[Any], minutes: bool) -> list[str]:
    """Fills outside regular hours: a live market, stop or bracket order would have waited for 09:30."""
    if not minutes:
        return []
    times: list[datetime] = [entry.fill.at for entry in journal if isinstance(entry, FillEntry) and entry.fill.at is not None]
    outside = sum(at.time() <= sessions.REGULAR_OPEN or at > sessions.close_of(sessions.session_of(at)) for at in times)
    if not outside:
        return []
    return [
        f"{outside:,} of {len(times):,} fills are outside regular hours: backtrader fills any order on any bar, the brokerage only limit orders "
        "marked for extended hours; a live market, stop or bracket order waits for 09:30."
    ]


def fractions(journal: Iterable[Any]) -> list[str]:
    """Orders for parts of shares before a brokerage is known to have taken any."""
    parts = [e for e in journal if isinstance(e, OrderEntry) and e.decision.accepted and e.request.qty != int(e.request.qty)]
    early = [e for e in parts if e.session < FRACTIONS_SINCE]
    if not early:
        return []
    return [
        f"{len(early):,} accepted orders are for parts of a share before {FRACTIONS_SINCE} (the first for {early[0].request.qty:g} "
        f"{early[0].request.symbol} on {early[0].session}), when no brokerage here is known to have taken them; use a sizer of whole shares."
    ]
