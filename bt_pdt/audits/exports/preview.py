"""What an account is before an order, after its execution, and the change: equity, margins and buying powers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...account.checks import OrderContext
from ...core.money import cents, dollars
from ...core.orders import Fill, OrderRequest

if TYPE_CHECKING:
    from ...account.account import Account

FIGURES = ("equity", "initial_margin", "maintenance_margin", "buying_power", "regt_buying_power", "daytrading_buying_power")


def preview(account: Account, request: OrderRequest) -> dict[str, Any] | None:
    """Each figure as ``before``, ``after`` and ``change`` if the order were executed whole now; None where no price is known.

    A limit order is taken at its limit or the last price, whichever is better for it; any other order at the last price.
    """
    context = OrderContext(account, request)
    price = context.last
    if request.type in ("limit", "stop_limit") and request.limit_price is not None:
        better = min if context.sign > 0 else max
        price = request.limit_price if price is None else better(price, request.limit_price)
    price = price or request.stop_price or context.price
    if not price:
        return None
    twin = account.fork()
    twin.post(Fill(request.symbol, request.side, request.qty, price))
    before, after = account.state, twin.state
    found: dict[str, Any] = {"price": price}
    for name in FIGURES:
        then, now = getattr(before, name), getattr(after, name)
        if then is not None and now is not None:
            found[name] = {"before": cents(then), "after": cents(now), "change": cents(now - then)}
    return found


def table(found: dict[str, Any]) -> list[str]:
    """The preview as lines of text."""
    rows = {name.replace("_", " "): found[name] for name in FIGURES if name in found}
    head = f"executed at {dollars(found['price'])}:"
    wide = max(len(label) for label in (head, *rows)) + 2
    lines = [f"  {head:<{wide}}{'before':>15}{'after':>15}{'change':>15}"]
    lines += [
        f"  {label:<{wide}}" + "".join(f"{dollars(row[when]):>15}" for when in ("before", "after", "change")) for label, row in rows.items()
    ]
    return lines
