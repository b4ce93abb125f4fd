"""What is said about the reading of a file: what contradicts it, what was assumed and matters, what the file states of its prices.

Every way out that is named here was tried: it is a reading that was scored against these bars and fits them better.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .hypotheses import NEW_YORK, Choice

if TYPE_CHECKING:
    from .formats import Raw, Taken
    from .model import Array


class Finding(NamedTuple):
    """One thing that looks wrong: ``kind`` (zone, stamp, date, gap, split, jump, adjusted, off_session, off_hours, dropped), the symbol ("" for
    all of the file), a sentence."""

    kind: str
    symbol: str
    text: str


#: what a zone is called in a sentence
_CALLED = {"UTC": "UTC", "America/Chicago": "Chicago", "America/New_York": "New York", "Etc/GMT+5": "EST all year round (GMT-5)"}


def zone_words(zone: str) -> str:
    """A zone as people call it."""
    return _CALLED.get(zone, zone)


def of_reading(who: str, choice: Choice, stated: bool) -> Iterator[Finding]:
    """Findings about zone and stamp of intraday bars."""
    better = choice.better_zone
    if better is not None and choice.reading is not None:
        hours = better.ahead - choice.reading.ahead
        way = "ahead of" if hours > 0 else "behind"
        other_side = choice.stamp_how == "stated" and better.stamp != choice.stamp
        side = f' with stamp="{better.stamp}" (--stamp {better.stamp})' if other_side else ""
        why = (
            "the times state a zone and the bars contradict it: clock times were taken for that zone's"
            if stated
            else "the bars contradict that zone"
        )
        yield Finding(
            "zone",
            "",
            f"{who}: most volume trades {abs(hours):g} hours {way} the New York session like {zone_words(better.zone)}:"
            f' try tz="{better.zone}" (--tz {better.zone}){side}, under which open and close are in their places; {why}.',
        )
    elif choice.rival is not None:
        other = choice.rival.zone
        yield Finding(
            "zone",
            "",
            f"{who}: two zones fit these bars equally, {zone_words(choice.zone)} (taken) and {zone_words(other)}:"
            f' say which with tz="{choice.zone}" or tz="{other}" (--tz).',
        )
    if choice.better_stamp is not None:
        side = choice.better_stamp.stamp
        words = (
            "the opening bar ends at 09:30, before the open: these stamps mark the START of the bar"
            if side == "start"
            else "the opening bar ends one bar too late: these stamps mark the END of the bar already"
        )
        yield Finding("stamp", "", f'{who}: {words}; load with stamp="{side}" (--stamp {side}).')
    elif choice.stamp_how == "assumed" and better is None:  # the zone first: only right zones can tell on the stamp
        other = "end" if choice.stamp == "start" else "start"
        zone = f", and {zone_words(choice.zone)} for their zone" if choice.zone_how == "assumed" else ""
        yield Finding(
            "stamp",
            "",
            f"{who}: nothing in these bars shows which side of the bar its times mark; the {choice.stamp.upper()} was assumed{zone}. If it is the"
            f' {other.upper()}, load with stamp="{other}" (--stamp {other}): a bar taken from the wrong side trades one bar too early or late.',
        )


def of_dates(who: str, doubt: str | None) -> Iterator[Finding]:
    """Days that can be read with the month first and with the day first."""
    if doubt:
        yield Finding(
            "date",
            "",
            f"{who}: its dates can be read as {doubt} as well; that they are not was assumed. Write them like 2024-01-31 if it is wrong.",
        )


def of_prices(raw: Raw, taken: Taken, order: Array) -> tuple[str, list[Finding]]:
    """How it is known whether prices are raw (stated raw, stated adjusted, "" for neither), and what to say."""
    frame, who = taken.frame, raw.source
    need = "margin rules such as the $2.50 a share of a short sale need the raw prices of the day"
    if "raw_close" in frame.columns:
        ratio = frame["raw_close"].to_numpy()[order] / frame["close"].to_numpy()[order]
        off = np.isfinite(ratio) & (np.abs(ratio - 1) > 0.002)
        if off.mean() > 0.01:
            shown = float(ratio[off][0])
            return "stated adjusted", [
                Finding(
                    "adjusted",
                    "",
                    f"{who}: the file holds unadjusted closes beside its own ({shown:g} times them): its open, high, low and close are"
                    f' adjusted; {need}: load with unadjust="own" (--unadjust own), which uses that column.',
                )
            ]
        return "stated raw", []
    if raw.adjusted is True:
        return "stated adjusted", [
            Finding(
                "adjusted",
                "",
                f'{who}: the file states "adjusted": true, so splits are worked into its prices; {need} (ask for adjusted=false).',
            )
        ]
    if raw.adjusted is False:
        return "stated raw", []
    if raw.adjusted_by_name is True and "adj_close" not in frame.columns:
        return "stated adjusted", [Finding("adjusted", "", f"{who}: the file's name says adjusted prices; {need}.")]
    if raw.adjusted_by_name is False:
        return "stated raw", []
    return "", []


def zone_said(zone: str) -> str:
    """The zone in the line that says what a file was taken for."""
    return "New York time" if zone == NEW_YORK else zone
