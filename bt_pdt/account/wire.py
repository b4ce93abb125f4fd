"""A refusal in the brokerage's own words."""

from __future__ import annotations

from ..core.decisions import Reason, Refusal, Rejected, WouldPass
from .session_state import SessionState


def reject(account: SessionState, refusal: Refusal, also: tuple[Reason, ...], would_pass: WouldPass, qty: float, symbol: str) -> Rejected:
    """A refusal in the brokerage's words, with its wire body where those are known."""
    wire = account.brokerage.wire[refusal.reason]
    extra = dict(refusal.wire or {})
    message = extra.pop("message", None)
    if message is None or not account.brokerage.speaks:
        message = wire.message.format(requested=f"{qty:.9f}".rstrip("0").rstrip("."), available=extra.get("available", "0"), symbol=symbol)
    body = {k: v for k, v in extra.items() if k in wire.extra_keys or not wire.extra_keys} if account.brokerage.speaks else {}
    body |= {"code": wire.code, "message": message}
    return Rejected(
        refusal.reason,
        wire.http_status,
        wire.code,
        message,
        dict(sorted(body.items())),
        account.rules.cite(refusal.rule) if refusal.rule in account.rulebook.parameters else refusal.rule,
        {name: round(value, 4) + 0.0 if isinstance(value, float) else value for name, value in refusal.facts.items()},
        also,
        would_pass,
        refusal.why,
    )
