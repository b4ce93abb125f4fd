"""Put one order before an account: every check, the brokerage's words for the first that fails, and what would have passed."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date

from ..core import sessions
from ..core.decisions import Accepted, Decision, Reason, Refusal
from ..core.errors import BadInput
from ..core.money import SMALLEST_QTY
from ..core.orders import OrderRequest
from .advice import advise
from .checks import OrderContext, passes, refusals, shares_that_fit
from .session_close import roll_to
from .session_state import SessionState
from .wire import reject

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


def evaluate(
    account: SessionState, request: OrderRequest, replaces: str | None = None, *, whole: bool | None = None
) -> tuple[OrderContext, Decision]:
    """The order in the context of the account, and the decision. ``replaces`` names the group whose place the order takes.

    ``whole`` says that only whole shares are of use (default: if the order's quantity is one).
    """
    require_price(account, request)
    context = OrderContext(account, request, replaces)
    if not account.refuses:
        return context, Accepted()
    found = list(refusals(context))
    if not found:
        return context, Accepted(advise(context))
    seen = dict.fromkeys(r.reason for r in found)
    also = tuple(seen)[1:]
    whole = (request.qty == int(request.qty) if whole is None else whole) or found[0].reason is Reason.INVALID_ORDER
    # what is wrong with the shape of a fraction may be right with whole shares
    would_pass = account.explanations.later(lambda: (_largest(context, found, whole), _first_day(account, context, found, replaces)))
    return context, reject(account, found[0], also, would_pass, request.qty, request.symbol)


def require_price(account: SessionState, request: OrderRequest) -> None:
    """Raises :class:`BadInput` for an order that is valued at a last price where there is none yet."""
    unpriced = request.type in ("market", "trailing_stop") and request.order_class != "oco"
    if unpriced and account.ledger.marks.get(request.symbol) is None:
        raise BadInput(
            f"{request.symbol} has no price yet, so a {request.type} order cannot be valued; give a price first or send a limit."
        )


def _largest(context: OrderContext, found: list[Refusal], whole: bool) -> float:
    """The largest quantity below that of the refused order ``context`` that passes now: whole shares, or nine decimals."""
    fits = [qty for qty in (shares_that_fit(context, refusal) for refusal in found) if qty is not None]

    def pass_now(qty: float) -> bool:
        return passes(OrderContext(context.account, context.request, context.replaces, qty))

    return largest_that(pass_now, context.qty, whole=whole, guess=min(fits) if fits else None)


def largest_that(holds: Callable[[float], bool], refused: float, *, whole: bool, guess: float | None = None) -> float:
    """The largest quantity below ``refused`` for which ``holds``, in whole shares or nine decimals; 0 if not even the smallest does.

    ``guess`` is where it is looked for first.
    """
    unit = 1.0 if whole else SMALLEST_QTY
    units = math.ceil(refused / unit - 1e-9)
    if refused < unit or not holds(unit):
        return 0.0
    start = None if guess is None else math.floor(guess / unit + 1e-9)
    return round(_last_true(lambda count: holds(count * unit), 1, units, start) * unit, 9)


def _last_true(holds: Callable[[int], bool], true: int, false: int, guess: int | None) -> int:
    """The last number for which ``holds``, between ``true`` (known to) and ``false`` (known not to): searched outwards from ``guess``, then
    by halves, so a good guess takes two questions."""
    if guess is not None:
        guess, step = min(max(guess, true), false - 1), 1
        if guess == true or holds(guess):
            true = guess
            while true + step < false:
                if not holds(true + step):
                    false = true + step
                    break
                true, step = true + step, 2 * step
        else:
            false = guess
            while false - step > true:
                if holds(false - step):
                    true = false - step
                    break
                false, step = false - step, 2 * step
    while false - true > 1:
        middle = (true + false) // 2
        if holds(middle):
            true = middle
        else:
            false = middle
    return true


def _first_day(account: SessionState, context: OrderContext, found: list[Refusal], replaces: str | None) -> date | None:
    """The first session on which the order passes whole if nothing else happens; None where money (or the order itself) is what is missing."""
    reasons = {r.reason for r in found if r.rule != "cash_unsettled_usable"}  # sales settle
    if reasons & _NEVER_BY_WAITING or (Reason.DTBP in reasons and context.opening):
        return None
    if Reason.QTY in reasons and _held_for_good(account, context.symbol):
        return None
    twin = account.fork()
    for _ in range(int(account.rules.pdt_window_business_days or 1) + 1):
        roll_to(twin, sessions.next_session(twin.session))
        if passes(OrderContext(twin, context.request, replaces)):
            return twin.session
    while ends := [r.until for r in twin.restrictions if r.until is not None and r.until >= twin.session]:
        roll_to(twin, sessions.next_session(min(ends)))
        if passes(OrderContext(twin, context.request, replaces)):
            return twin.session
    return None


def _held_for_good(account: SessionState, symbol: str) -> bool:
    """Does nothing free the shares of ``symbol`` by itself: no working order ends with a day, and the rules about them never changed?"""
    if any(order.ends_on is not None for order in account.ledger.working(symbol)):
        return False
    parameters = account.rulebook.parameters
    return all(len(parameters[name].history) == 1 for name in ("flip_through_zero", "wash_check"))


def max_quantity(account: SessionState, request: OrderRequest, fractional: bool = False) -> float:
    """The largest quantity of an order like ``request`` that passes every rule now, at most :data:`MOST_SHARES`."""
    require_price(account, request)
    context = OrderContext(account, request, None, MOST_SHARES)
    found = list(refusals(context))
    return _largest(context, found, whole=not fractional) if found else MOST_SHARES
