"""What the brokerage states of an account outranks what is reckoned here: its figures, blocks and settings decide an order's verdict too.

Every fact is an input. Where a stated fact and the reckoning disagree the stricter one wins, and a note says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...account.checks import OrderContext, passes, refusals
from ...account.submission import MOST_SHARES, largest_that
from ...account.wire import reject
from ...core.decisions import Decision, Reason, Refusal, Rejected, WouldPass
from ...core.errors import BadInput
from ...core.money import SHARE_DUST, dollars, exceeds, shares
from ...core.orders import OrderRequest
from ...law.rulebook import PDT
from .reconciling import number

if TYPE_CHECKING:
    from ...account.account import Account

_RANK = {reason: n for n, reason in enumerate(Reason)}
_BLOCKS = ("trading_blocked", "account_blocked", "trade_suspended_by_user")
#: Statuses of an account with which orders are taken.
_ACTIVE = ("ACTIVE",)


def flag(where: str, row: Mapping[str, Any], name: str) -> bool | None:
    """True or false as the brokerage states it; None where it does not."""
    value = row.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None if value == "" else value
    if str(value).lower() not in ("true", "false"):
        raise BadInput(f"{where}: {name} must be true or false, got {value!r}.")
    return str(value).lower() == "true"


@dataclass
class Stated:
    """The facts of an account that decide orders by themselves. None: not stated."""

    blocks: list[str] = field(default_factory=list)  # why nothing is taken
    liquidation: list[str] = field(default_factory=list)  # why only closings are
    no_short: str = ""
    no_fractions: str = ""
    multiplier: int | None = None
    most_multiplier: int | None = None  # the customer's own bound
    buying_power: float | None = None
    regt_buying_power: float | None = None
    daytrading_buying_power: float | None = None
    non_marginable_buying_power: float | None = None
    pdt_check: str | None = None
    dtbp_check: str | None = None
    available: dict[str, tuple[float, float]] = field(default_factory=dict)  # symbol -> (shares free for orders, shares held)
    not_tradable: dict[str, str] = field(default_factory=dict)
    not_fractionable: set[str] = field(default_factory=set)

    def refusals(self, context: OrderContext) -> list[Refusal]:
        """The refusals that these facts make by themselves."""
        found: list[Refusal] = []
        request, symbol = context.request, context.symbol
        if symbol in self.not_tradable:
            why = f"{symbol} is not traded at the brokerage: {self.not_tradable[symbol]}."
            found.append(
                Refusal(Reason.INVALID_ORDER, "asset.tradable", {"symbol": symbol}, why, {"message": f"asset {symbol} is not active"})
            )
        if context.is_fraction and (self.no_fractions or symbol in self.not_fractionable):
            why = f"{context.what} is a fraction of a share: {self.no_fractions or f'{symbol} is not fractionable'}."
            wire = {"message": f'asset "{symbol}" is not fractionable'}
            found.append(Refusal(Reason.INVALID_ORDER, "asset.fractionable", {"qty": context.qty}, why, wire))
        if self.blocks:
            why = f"the brokerage states {' and '.join(self.blocks)}: no order is taken."
            found.append(Refusal(Reason.TRADING_BLOCKED, "account.trading_blocked", {}, why))
        closes_only = not context.opening
        if self.liquidation and not closes_only:
            why = (
                f"the brokerage has restricted the account to liquidation ({', '.join(self.liquidation)}); {context.what} opens a position."
            )
            found.append(Refusal(Reason.LIQUIDATION_ONLY, "account.admin_configurations", {}, why))
        if self.no_short and context.sign < 0 and context.opening and not context.closing_side:
            found.append(
                Refusal(Reason.NO_SHORT, self.no_short, {}, f"{context.what} would be a short sale, and {self.no_short} rules them out.")
            )
        found += self._quantity(context)
        if context.opening and request.order_class != "oco":
            found += self._money(context)
        return found

    def _quantity(self, context: OrderContext) -> list[Refusal]:
        known = self.available.get(context.symbol)
        if known is None or not context.closing_side or context.rules.flip_through_zero:
            return []
        free, held = known
        if context.qty <= free + SHARE_DUST:
            return []
        facts = {"requested": context.qty, "available": free, "existing_qty": held, "held_for_orders": max(0.0, held - free)}
        wire = {"available": shares(free).replace(",", ""), "existing_qty": shares(held).replace(",", ""), "symbol": context.symbol}
        wire["held_for_orders"] = shares(max(0.0, held - free)).replace(",", "")
        why = f"the brokerage states qty_available {shares(free)} of {shares(held)} {context.symbol}, the order asks for {shares(context.qty)}."
        return [Refusal(Reason.QTY, "position.qty_available", facts, why, wire)]

    def _money(self, context: OrderContext) -> list[Refusal]:
        found = []
        paid_from_cash = not context.asset.marginable and context.sign > 0
        if paid_from_cash:
            found += self._over(
                context, Reason.NON_MARGINABLE_BUYING_POWER, "non_marginable_buying_power", self.non_marginable_buying_power, context.value
            )
            return found
        times = min(m for m in (self.multiplier or context.account.multiplier, self.most_multiplier) if m is not None)
        if times == 1:
            least = [
                p for p in (self.buying_power, self.non_marginable_buying_power if self.most_multiplier == 1 else None) if p is not None
            ]
            return self._over(context, Reason.BUYING_POWER, "buying_power", min(least, default=None), context.value)
        if context.rules.regime != PDT:
            charge = context.charge if times >= 4 else context.regt
            return self._over(context, Reason.BUYING_POWER, "buying_power", self.buying_power, charge)
        if times < 4:
            powers = [p for p in (self.buying_power, self.regt_buying_power) if p is not None]
            return self._over(context, Reason.BUYING_POWER, "buying_power", min(powers, default=None), context.regt)
        fits_regt = self.regt_buying_power is not None and not exceeds(context.regt, self.regt_buying_power)
        if not fits_regt:
            found += self._over(context, Reason.BUYING_POWER, "buying_power", self.buying_power, min(context.regt, context.charge))
        if context.rules.dtbp_check in ("entry", "both"):
            found += self._over(context, Reason.DTBP, "daytrading_buying_power", self.daytrading_buying_power, context.charge)
        return found

    @staticmethod
    def _over(context: OrderContext, reason: Reason, name: str, power: float | None, needed: float) -> list[Refusal]:
        if power is None or not exceeds(needed, max(0.0, power)):
            return []
        facts = {name: power, "cost_basis": context.value}
        why = f"{context.what} is valued at {dollars(context.value)} and needs {dollars(needed)}; the brokerage states a {name} of {dollars(power)}."
        wire = {name: f"{power:.2f}".removesuffix(".00"), "cost_basis": f"{context.value:.2f}".removesuffix(".00")}
        return [Refusal(reason, f"account.{name}", facts, why, wire)]


def read(account: Mapping[str, Any]) -> Stated:
    """The facts of Alpaca's account JSON."""
    where = "--account"
    known = Stated()
    known.blocks = [name for name in _BLOCKS if flag(where, account, name)]
    status = str(account.get("status") or "").upper().rpartition(".")[2]
    if status and status not in _ACTIVE:
        known.blocks.append(f"status {status}")
    user, admin = _settings(account, "user_configurations"), _settings(account, "admin_configurations")
    if flag(where, user, "suspend_trade") and "trade_suspended_by_user" not in known.blocks:
        known.blocks.append("user_configurations.suspend_trade")
    reasons = admin.get("restrict_to_liquidation_reasons")
    if isinstance(reasons, Mapping):
        known.liquidation = [str(name) for name, on in reasons.items() if on and str(on).lower() != "false"]
    elif reasons:
        known.liquidation = [str(r) for r in reasons] if isinstance(reasons, list) else [str(reasons)]
    if flag(where, account, "shorting_enabled") is False:
        known.no_short = "account.shorting_enabled"
    elif flag(where, user, "no_shorting"):
        known.no_short = "user_configurations.no_shorting"
    elif flag(where, admin, "disable_shorting"):
        known.no_short = "admin_configurations.disable_shorting"
    for row, name in ((user, "fractional_trading"), (admin, "disable_fractional")):
        if flag(where, row, name) is (name == "disable_fractional"):
            known.no_fractions = f"{name} is {str(name == 'disable_fractional').lower()} in its settings"
    known.multiplier = _times(account, "multiplier")
    bounds = [m for m in (_times(user, "max_margin_multiplier"), _times(admin, "max_margin_multiplier")) if m is not None]
    known.most_multiplier = min(bounds, default=None)
    for name in ("buying_power", "regt_buying_power", "daytrading_buying_power", "non_marginable_buying_power"):
        setattr(known, name, number(account, name))
    for name in ("pdt_check", "dtbp_check"):
        mode = str(user.get(name) or "").lower()
        if mode in ("entry", "exit", "both"):
            setattr(known, name, mode)
    return known


def _settings(account: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = account.get(name)
    return value if isinstance(value, Mapping) else {}


def _times(row: Mapping[str, Any], name: str) -> int | None:
    value = number(row, name)
    return int(value) if value is not None and value >= 1 else None


def judge(account: Account, request: OrderRequest, stated: Stated | None) -> Decision:
    """The decision on an order by the account as reckoned here and by what the brokerage states: refused if either refuses it."""
    decision = account.check(request)
    if stated is None or not account.refuses:
        return decision
    twin = account
    if request.at is not None and request.at != account.now:
        twin = account.fork()
        twin.advance(request.at)
    context = OrderContext(twin, request)
    if not stated.refusals(context):
        if isinstance(decision, Rejected) and decision.would_pass.qty:
            most = largest(twin, request, stated)
            if most < decision.would_pass.qty:
                return replace(decision, would_pass=WouldPass(most, decision.would_pass.on))
        return decision
    found = every_refusal(twin, request, stated)
    also = tuple(dict.fromkeys(r.reason for r in found))[1:]
    most = min(largest(twin, request, stated), request.qty)
    return reject(twin, found[0], also, WouldPass(most, None), request.qty, request.symbol)


def every_refusal(account: Account, request: OrderRequest, stated: Stated | None) -> list[Refusal]:
    """All rules and stated facts that refuse the order."""
    context = OrderContext(account, request)
    found = list(refusals(context))
    extra = stated.refusals(context) if stated is not None and account.refuses else []
    return sorted([*found, *(e for e in extra if e.reason not in {r.reason for r in found})], key=lambda r: _RANK[r.reason])


def largest(account: Account, request: OrderRequest, stated: Stated | None) -> float:
    """The largest quantity of such an order that both take, to one share, or to nine decimals for a fraction."""

    def taken(qty: float) -> bool:
        context = OrderContext(account, request, None, qty)
        return not account.refuses or (passes(context) and not (stated is not None and stated.refusals(context)))

    if taken(MOST_SHARES):
        return MOST_SHARES
    return largest_that(taken, MOST_SHARES, whole=request.qty == int(request.qty))


def asset_facts(rows: Iterable[Mapping[str, Any]], stated: Stated, side: str) -> dict[str, dict[str, Any]]:
    """Facts of Alpaca's asset JSON (``GET /v2/assets/SYMBOL``) by symbol, as an :class:`Asset` takes them; tradability goes to ``stated``."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        symbol = row.get("symbol")
        if not isinstance(symbol, str) or not symbol:
            raise BadInput("--asset: this is not Alpaca's asset (an object with symbol, marginable, shortable ...).")
        where = f"--asset: {symbol}"
        facts: dict[str, Any] = {}
        for name in ("marginable", "shortable", "easy_to_borrow"):
            value = flag(where, row, name)
            if value is not None:
                facts[name] = value
        if row.get("borrow_status"):
            facts["easy_to_borrow"] = row["borrow_status"] == "easy_to_borrow"
        names = (
            ("margin_requirement_long", "margin_requirement_short")
            if side == "buy"
            else ("margin_requirement_short", "margin_requirement_long")
        )
        rate = number(row, names[0])
        if rate is None:
            rate = number(row, "maintenance_margin_requirement")
        if rate is not None and math.isfinite(rate) and rate > 0:
            facts["maintenance"] = rate / 100.0 if rate > 1.5 else rate
        if flag(where, row, "tradable") is False:
            stated.not_tradable[symbol] = "its asset is not tradable"
        if str(row.get("status") or "active").lower().rpartition(".")[2] == "inactive":
            stated.not_tradable[symbol] = "its asset is inactive"
        if flag(where, row, "fractionable") is False:
            stated.not_fractionable.add(symbol)
        found[symbol] = facts
    return found
