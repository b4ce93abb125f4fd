"""Put one order before an account: every check, the brokerage's words for the first that fails, and what would have passed."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from ..core import sessions
from ..core.decisions import Accepted, Decision, Reason, Refusal, Rejected, WouldPass
from ..core.errors import BadInput
from ..core.money import SMALLEST_QTY
from ..core.orders import OrderRequest
from .advice import advise
from .checks import Case, refusals

if TYPE_CHECKING:
    from .account import Account

#: More shares than any order takes: the answer where nothing bounds one.
MOST_SHARES = 1_000_000_000.0
#: Reasons that no waiting cures: the order itself is wrong, the account is blocked, or money is missing.
_NEVER_BY_WAITING = {
    Reason.INVALID_ORDER,
    Reason.PRICE,
    Reason.TRADING_BLOCKED,
    Reason.BUYING_POWER,
    Reason.NON_MARGINABLE_BUYING_POWER,
    Reason.CASH_AVAILABLE,
}


def judge(account: Account, request: OrderRequest, replaces: str | None = None, *, whole: bool | None = None) -> tuple[Case, Decision]:
    """The case and the decision. ``replaces`` names the group whose place the order takes.

    ``whole`` says that only whole shares are of use (default: if the order's quantity is one).
    """
    _require_price(account, request)
    case = Case(account, request, replaces)
    if not account.refuses:
        return case, Accepted()
    found = refusals(case)
    if not found:
        return case, Accepted(advise(case))
    seen = dict.fromkeys(r.reason for r in found)
    also = tuple(seen)[1:]
    whole = (request.qty == int(request.qty) if whole is None else whole) or found[0].reason is Reason.INVALID_ORDER
    qty = _largest(account, request, replaces, whole)  # what is wrong with the shape of a fraction may be right with whole shares
    return case, reject(account, found[0], also, WouldPass(qty, _first_day(account, case, found, replaces)), request.qty, request.symbol)


def _require_price(account: Account, request: OrderRequest) -> None:
    unpriced = request.type in ("market", "trailing_stop") and request.order_class != "oco"
    if unpriced and account.ledger.marks.get(request.symbol) is None:
        raise BadInput(
            f"{request.symbol} has no price yet, so a {request.type} order cannot be valued; give a price first or send a limit."
        )


def reject(account: Account, refusal: Refusal, also: tuple[Reason, ...], would_pass: WouldPass, qty: float, symbol: str) -> Rejected:
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


def _passes(account: Account, request: OrderRequest, qty: float, replaces: str | None) -> bool:
    return not refusals(Case(account, replace(request, qty=qty), replaces))


def _largest(account: Account, request: OrderRequest, replaces: str | None, whole: bool) -> float:
    """The largest quantity below ``request.qty`` that passes now: whole shares for a whole-share order, else nine decimals."""
    unit = 1.0 if whole else SMALLEST_QTY
    units = math.ceil(request.qty / unit - 1e-9)
    if request.qty < unit or not _passes(account, request, unit, replaces):
        return 0.0
    return _bisect(account, request, 1, units, unit, replaces)


def _bisect(account: Account, request: OrderRequest, passes: int, fails: int, unit: float, replaces: str | None) -> float:
    """The most units that pass, between ``passes`` (known to) and ``fails`` (known not to)."""
    while fails - passes > 1:
        middle = (passes + fails) // 2
        if _passes(account, request, middle * unit, replaces):
            passes = middle
        else:
            fails = middle
    return round(passes * unit, 9)


def _first_day(account: Account, case: Case, found: list[Refusal], replaces: str | None) -> date | None:
    """The first session on which the order passes whole if nothing else happens; None where money (or the order itself) is what is missing."""
    reasons = {r.reason for r in found if r.rule != "cash_unsettled_usable"}  # sales settle
    if reasons & _NEVER_BY_WAITING or (Reason.DTBP in reasons and case.opening):
        return None
    if Reason.QTY in reasons and _held_for_good(account, case.symbol):
        return None
    twin = account.fork()
    for _ in range(int(account.rules.pdt_window_business_days or 1) + 1):
        twin.roll_to(sessions.next_session(twin.session))
        if not refusals(Case(twin, case.request, replaces)):
            return twin.session
    while ends := [r.until for r in twin.restrictions if r.until is not None and r.until >= twin.session]:
        twin.roll_to(sessions.next_session(min(ends)))
        if not refusals(Case(twin, case.request, replaces)):
            return twin.session
    return None


def _held_for_good(account: Account, symbol: str) -> bool:
    """Does nothing free the shares of ``symbol`` by itself: no working order ends with a day, and the rules about them never changed?"""
    if any(order.ends_on is not None for order in account.ledger.working(symbol)):
        return False
    parameters = account.rulebook.parameters
    return all(len(parameters[name].history) == 1 for name in ("flip_through_zero", "wash_check"))


def max_quantity(account: Account, request: OrderRequest, fractional: bool = False) -> float:
    """The largest quantity of an order like ``request`` that passes every rule now, at most :data:`MOST_SHARES`."""
    _require_price(account, request)
    unit = SMALLEST_QTY if fractional else 1.0
    units = 1
    while _passes(account, request, units * unit, None):
        if units * unit >= MOST_SHARES:
            return MOST_SHARES
        units *= 2
    return 0.0 if units == 1 else min(MOST_SHARES, _bisect(account, request, units // 2, units, unit, None))
