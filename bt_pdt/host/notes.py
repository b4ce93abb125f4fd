"""What a reader of a result should know about right bars and about the account, without being warned."""

from __future__ import annotations

from ..core.money import dollars
from .broker import MarginBroker


def notes(broker: MarginBroker) -> list[str]:
    """What a reader of the report should know about right bars, without being warned."""
    found = [
        f"{'deposit' if amount > 0 else 'withdrawal'} of {dollars(abs(amount))} on {day} did not move: {why}"
        for day, amount, why in broker.unmoved
    ]
    if broker.closed_on is not None:
        owes = max(0.0, -broker.getvalue())
        debt = f"the account ends owing {dollars(owes)}" if owes else "no debt is left"
        found.append(f"equity was gone on {broker.closed_on}: the brokerage sold everything and closed the account to trading; {debt}.")
    daily = sorted({f.symbol for f in broker.clock.feeds.values() if f.long_bars and broker.clock.is_daily(f.stamp() or 0.0)})
    if not daily:
        return found
    return [
        *found,
        f"daily bars ({', '.join(daily[:5])}{', ...' if len(daily) > 5 else ''}): the order of trades within a day is unknown, so the "
        "worst for day trades is taken: openings first, closings after.",
    ]
