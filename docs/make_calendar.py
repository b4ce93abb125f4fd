"""Writes ``bt_pdt/core/exchange_days.py``, the exchange's closed days and early closes, from ``exchange_calendars``; nothing in it is typed by hand.

``python docs/make_calendar.py`` writes, ``--check`` only says whether the table differs from the library that is installed. It reaches to
the end of the second year after the one in which it is made: closings for mourning or weather are known when they come.
"""

from __future__ import annotations

import sys
import textwrap
from datetime import date, time, timedelta
from importlib.metadata import version
from pathlib import Path

from bt_pdt.core import sessions

TABLE = Path(__file__).resolve().parents[1] / "bt_pdt" / "exchange_days.py"
HEAD = '''"""The exchange's closed days and early closes from {first} to {last}: made by docs/make_calendar.py from exchange_calendars {version}."""

from __future__ import annotations

from datetime import date

LAST = date({last.year}, {last.month}, {last.day})
#: Weekdays without a session.
CLOSED = """
{closed}
"""
#: Days that end before 16:00, each with its close.
EARLY = """
{early}
"""
'''


def made(last: date) -> str:
    """The text of the table."""
    library = sessions.from_library()
    open_days = set(library.days)
    span = [sessions.FIRST_DAY + timedelta(days=k) for k in range((last - sessions.FIRST_DAY).days + 1)]
    closed = [f"{day:%Y%m%d}" for day in span if day.weekday() < 5 and day not in open_days]
    early = [f"{day:%Y%m%d}:{close:%H%M}" for day, close in sorted(library.early.items()) if day <= last]
    wrapped = ["\n".join(textwrap.wrap(" ".join(words), 135)) for words in (closed, early)]
    return HEAD.format(first=sessions.FIRST_DAY, last=last, version=version("exchange_calendars"), closed=wrapped[0], early=wrapped[1])


def differences() -> list[str]:
    """Days on which the shipped table and the library differ, in sentences."""
    shipped, library = sessions.shipped(), sessions.from_library()
    last = shipped.days[-1]
    days = [day for day in library.days if day <= last]
    found = [f"{day} is a session in one of them only" for day in sorted(set(days) ^ set(shipped.days))]
    for day in days:
        ends = [table.early.get(day, time(16, 0)) for table in (shipped, library)]
        if ends[0] != ends[1]:
            found.append(f"{day} closes at {ends[0]} in the table, at {ends[1]} in the library")
    return found


def main(argv: list[str]) -> int:
    """Writes the table, or says what differs."""
    if "--check" in argv:
        found = differences()
        print("\n".join(found) or "the shipped calendar is that of the library.")
        return bool(found)
    TABLE.write_text(made(date(date.today().year + 2, 12, 31)), encoding="utf-8")
    print(f"wrote {TABLE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
