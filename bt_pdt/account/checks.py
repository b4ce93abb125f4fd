"""May this order be sent, can it be afforded: one pure function for each rule.

Every check is a question asked of a :class:`OrderContext` and answers with a :class:`Refusal` or None. It writes nothing and can be
asked twice. All of them are asked; the first in the brokerage's order names the refusal. Closing is never refused for money:
only rules that name closings (quantity held, day-trade count, day-trading buying power on exit) may stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..core.decisions import Reason, Refusal
from ..core.money import HALF_CENT, SHARE_DUST, below, dollars, exceeds, rate_in_words, shares
from ..core.orders import OrderRequest
from ..law.rulebook import PDT
from .call_book import RestrictionKind
from .ledger import WorkingOrder
from .requirements import charges_by_requirement, maintenance_rule, order_price, power_used, requirement
from .session_state import SessionState


class OrderContext:
    """One order put before one account: what it opens, what it closes, what it is worth, and what is already working.

    ``replaces`` is the group whose place the order takes (its own working orders do not count against it). With ``qty``, it is an order like
    ``request`` of so many shares.
    """

    def __init__(self, account: SessionState, request: OrderRequest, replaces: str | None = None, qty: float | None = None) -> None:
        ledger = account.ledger
        self.account, self.request, self.replaces = account, request, replaces
        self.rules = account.rules
        self.ledger = ledger
        self.symbol, self.sign, self.qty = request.symbol, request.sign, request.qty if qty is None else qty
        self.asset = ledger.asset(request.symbol)
        self.last = ledger.marks.get(request.symbol)
        self.position = ledger.position(request.symbol)
        self.closing_side = self.position * self.sign < 0
        self.held = ledger.held(self.symbol, self.sign, replaces) if self.closing_side else 0.0
        self.available = max(0.0, abs(self.position) - self.held) if self.closing_side else 0.0
        if not self.closing_side:
            self.closing = 0.0
        elif self.rules.flip_through_zero:
            self.closing = min(self.qty, self.available)
        else:
            self.closing = self.qty
        self.opening = 0.0 if request.order_class == "oco" else self.qty - self.closing  # an OCO is a pair of exits
        if self.opening <= SHARE_DUST:
            self.opening = 0.0
        self.price = self.value = self.regt = self.unit_regt = 0.0
        self.scale = 1.0  # what a dollar of order value uses of day-trading or intraday buying power
        if self.opening or self.rules.flip_through_zero:
            self._value()
        self.reserved = ledger.reserved(self.symbol, replaces) if replaces else ledger.reserved()

    def _value(self) -> None:
        """Price, order value and charges of the opening part, all by the price at which the order is valued."""
        rules = self.rules
        self.price = order_price(rules, self.request, self.last)
        if not self.price:
            return
        self.unit_regt = requirement(rules, self.asset, self.sign, self.price).initial * rules.regt_buying_power_multiple
        self.value = self.opening * self.price
        self.regt = self.opening * self.unit_regt
        self.scale = power_used(rules, self.asset, self.sign, self.price)

    @property
    def charge(self) -> float:
        """Dollars of day-trading or intraday buying power that the opening part uses."""
        return self.value * self.scale

    @property
    def rate(self) -> float:
        """Share of its value that the opening part requires within the day: 25 % uses a dollar of buying power for each of its own."""
        return self.scale * float(self.rules.maintenance_law_rate)

    @property
    def charge_rule(self) -> str:
        """The parameter behind :attr:`rate`: a leveraged fund's multiple where orders are charged by value, else the maintenance margin."""
        if self.scale > 1.0 and not charges_by_requirement(self.rules):
            return "dt_leveraged_etf_scaling"
        return self.maintenance_rule

    @property
    def maintenance_rule(self) -> str:
        """The parameter that sets the maintenance margin of what the order opens."""
        return maintenance_rule(self.rules, self.asset, self.sign, self.price)

    def reserve(self, order: WorkingOrder) -> None:
        """Writes on an accepted order what each of its opening shares holds back."""
        if self.price:
            order.value, order.regt, order.dtbp = self.price, self.unit_regt, self.price * self.scale

    @property
    def what(self) -> str:
        """The order in words: ``sell 100 SPY``."""
        return f"{self.request.side} {shares(self.qty)} {self.symbol}"

    @property
    def is_fraction(self) -> bool:
        """Is it of a part of a share? What is left of a whole order is not, whatever part of it was executed before it was replaced."""
        filled = max((order.filled for order in self.ledger.group(self.replaces)), default=0.0) if self.replaces else 0.0
        return self.qty != int(self.qty) and self.qty + filled != int(self.qty + filled)

    @property
    def has_exits(self) -> bool:
        """A bracket or OTO brings its own exits."""
        return self.request.order_class in ("bracket", "oto")

    def _sides(self, with_order: bool) -> tuple[float, float]:
        only = not self.rules.count_unfillable_pending
        buys, sells = self.ledger.pending(self.symbol, self.replaces, fillable_only=only)
        waits = only and not self.request.extended_hours and self.account.after_close()
        if with_order and not waits:
            if self.sign > 0 or self.has_exits:
                buys += self.qty
            if self.sign < 0 or self.has_exits:
                sells += self.qty
        return buys, sells

    def completes_day_trade(self) -> bool:
        """Would this order, with what was done and what works today, add a potential day trade?"""
        run = self.ledger.run(self.symbol)
        return run.would_day_trade(*self._sides(True)) and not run.would_day_trade(*self._sides(False))

    def potential(self) -> int:
        """Day trades that the working orders could still complete today, one a symbol at most; this order left out."""
        only = not self.rules.count_unfillable_pending
        return self.ledger.potential_day_trades(ignoring=self.replaces, fillable_only=only)

    def dtbp_left(self) -> float:
        """Day-trading buying power net of today's open lots and of working opening orders: 0 to its start of day."""
        return self.account.daytrading_buying_power_beside(self.reserved)

    def regt_left(self) -> float:
        """Reg T buying power net of working opening orders."""
        return self.account.regt_buying_power_beside(self.reserved)

    def intraday_left(self) -> float:
        """Four times the current excess, net of working opening orders."""
        return self.account.intraday_power_beside(self.reserved)

    def buying_power(self) -> float:
        """What the account may buy now, this order's group left out."""
        return self.account.buying_power_beside(self.reserved)

    def cash_unreserved(self) -> float:
        """Cash (of a cash account: settled cash) that working opening orders do not hold: what can be bought without a debit."""
        return max(0.0, max(0.0, self.account.settled_cash()) - self.reserved.value)

    def cash_available(self) -> float:
        """Cash-available basis: the cash that the day began with, less all of today's openings, and no more than there is now."""
        begin = max(0.0, self.account.cash_at_start()) - self.ledger.cost_today
        return max(0.0, min(begin, self.ledger.cash) - self.reserved.value)

    def cash_left(self) -> float:
        """Dollars that can pay for a security without a loan value, working buys taken off."""
        return max(0.0, self.account.cash_for_no_loan() - self.reserved.buys)

    def waits_for_settlement(self, reserved: float) -> bool:
        """True if the order could be paid once all sales have settled, and its brokerage has a cash account wait for that."""
        if self.rules.cash_unsettled_usable or self.account.cashbook is None:
            return False
        return not exceeds(self.value, max(0.0, self.ledger.cash - reserved))

    def day_trades_bind(self) -> bool:
        """True where the count of day trades limits this account: old regime, a margin account, $25,000 not met."""
        return (
            self.rules.regime == PDT
            and self.account.account_type == "margin"
            and below(self.account.tested_equity(), self.rules.pdt_min_equity)
        )

    def exit_exposure(self) -> tuple[float, float]:
        """(peak day-traded dollars if every entry and then every resting exit fills, the same with this order)."""
        closes: dict[tuple[str, float], float] = {}
        entries: dict[str, list[tuple[float, float]]] = {}
        for symbol in self.ledger.by_symbol:
            parts = self.ledger.opening_parts(symbol, self.replaces)
            groups: set[str] = set()
            for order in self.ledger.working(symbol, self.replaces):
                if order.leg:
                    closing = 0.0 if order.root in groups else order.left
                    groups.add(order.root)
                else:
                    closing = order.left - parts[order.id]
                    if parts[order.id] > SHARE_DUST:
                        entries.setdefault(symbol, []).append((order.sign * parts[order.id], order.dtbp))
                if closing > SHARE_DUST:
                    closes[symbol, order.sign] = closes.get((symbol, order.sign), 0.0) + closing
        aggregate = self.account.stepped_down() and self.rules.dt_aggregate_under_call
        before = self.ledger.peak_exposure(closes, entries, aggregate=aggregate)
        if self.opening:
            entries.setdefault(self.symbol, []).append((self.sign * self.opening, self.price * self.scale))
            if self.has_exits:
                closes[self.symbol, -self.sign] = closes.get((self.symbol, -self.sign), 0.0) + self.qty
        if self.closing:
            closes[self.symbol, self.sign] = closes.get((self.symbol, self.sign), 0.0) + self.closing
        return before, self.ledger.peak_exposure(closes, entries, aggregate=aggregate)


# -- the checks, each a rule


def shape(context: OrderContext) -> Refusal | None:
    """Shapes of orders that a brokerage does not take at all, whatever the account has."""
    if not context.rules.order_shape_check:
        return None
    request, fraction = context.request, context.is_fraction
    if context.has_exits and context.closing_side:
        held = {"order_class": request.order_class, "position": context.position}
        return _invalid(
            "bracket orders must be entry orders",
            held,
            f"a {request.order_class} opens a position with its exits, {context.what} closes one.",
        )
    if request.extended_hours and (request.type != "limit" or request.order_class != "simple"):
        facts = {"extended_hours": True, "type": request.type, "order_class": request.order_class}
        why = f"outside regular hours only simple limit orders work, this is a {request.type} order of class {request.order_class}."
        return _invalid("extended hours order must be DAY or GTC limit orders", facts, why)
    if not fraction:
        return None
    if request.time_in_force != "day":
        facts = {"qty": context.qty, "time_in_force": request.time_in_force}
        return _invalid(
            "fractional orders must be DAY orders", facts, f"{context.what} is a fraction of a share, which is taken as a day order only."
        )
    if context.sign < 0 and context.opening and not context.closing_side:
        return _invalid(
            "fractional orders cannot be sold short", {"qty": context.qty}, f"{context.what} would sell a fraction of a share short."
        )
    if request.order_class != "simple":
        facts = {"qty": context.qty, "order_class": request.order_class}
        return _invalid(
            "fractional orders must be simple orders", facts, f"{context.what} is a fraction of a share and a {request.order_class}."
        )
    return None


def _invalid(message: str, facts: dict[str, Any], why: str) -> Refusal:
    return Refusal(Reason.INVALID_ORDER, "order_shape_check", facts, why, {"message": message})


def price(context: OrderContext) -> Refusal | None:
    """Increments and sides of prices: a dollar and up in cents, below in hundredths of a cent; stops on the right side of the market."""
    if not context.rules.price_check:
        return None
    request = context.request
    for name in ("limit_price", "stop_price", "take_profit", "stop_loss"):
        asked = getattr(request, name)
        if asked is not None:
            step = 0.01 if asked >= 1 else 0.0001
            if abs(asked / step - round(asked / step)) > 1e-6 * max(1.0, asked / step):
                nearest = round(asked, 2 if asked >= 1 else 4)
                facts = {name: asked, "increment": step}
                why = f"{name} {asked:g} is not a multiple of {step:g}; the nearest price is {nearest:g}."
                return Refusal(
                    Reason.PRICE,
                    "price_check",
                    facts,
                    why,
                    {"message": f"invalid {name} {asked:g}. sub-penny increment does not fulfill minimum pricing criteria"},
                )
    stop = request.stop_price if request.type in ("stop", "stop_limit") else None
    if request.order_class == "oco":
        stop = request.stop_loss
    if stop is not None and context.last is not None and (stop - context.last) * context.sign <= 0:
        side = "greater" if context.sign > 0 else "less"
        facts = {"stop_price": stop, "market_price": context.last}
        why = f"the stop of a {request.side} must be {side} than the last price {dollars(context.last)}, it is {dollars(stop)}."
        wire = {"message": f"stop price must be {side} than current price", "market_price": f"{context.last:g}", "stop_price": f"{stop:g}"}
        return Refusal(Reason.PRICE, "price_check", facts, why, wire)
    gain, loss = request.take_profit, request.stop_loss
    exit_sign = context.sign if request.order_class == "oco" else -context.sign
    if gain is not None and loss is not None and (gain - loss) * exit_sign >= 0:
        side, sign = ("above", ">") if exit_sign < 0 else ("below", "<")
        facts = {"take_profit": gain, "stop_loss": loss}
        why = f"take_profit {dollars(gain)} must be {side} stop_loss {dollars(loss)}."
        return Refusal(Reason.PRICE, "price_check", facts, why, {"message": f"take_profit.limit_price must be {sign} stop_loss.stop_price"})
    return None


def trading_blocked(context: OrderContext) -> Refusal | None:
    """The brokerage or the customer has blocked the account."""
    if context.account.trading_blocked:
        return Refusal(Reason.TRADING_BLOCKED, "trading_blocked", {"trading_blocked": True}, "the account is blocked from trading.")
    return None


_OPENING_BARRED: dict[RestrictionKind, Reason] = {
    "liquidation_only": Reason.LIQUIDATION_ONLY,
    "closing_only": Reason.CLOSING_ONLY,
}


def restrictions(context: OrderContext) -> Iterator[Refusal]:
    """What an account under a restriction may not open; what closes is never stopped.

    Liquidation-only and closing-only: nothing. Cash available: no more than the day's starting cash, no shorts. The ninety-day freeze: no
    new debit, no short.
    """
    if not context.opening:
        return
    for kind, reason in _OPENING_BARRED.items():
        found = context.account.restriction(kind)
        if found is not None:
            facts = {"last_equity": context.account.last_equity} | _period(found)
            if found.rule == "pdt_min_equity":
                facts["required"] = context.rules.pdt_min_equity
            why = f"the account may only close positions ({found.because}); {context.what} would open {shares(context.opening)}."
            yield Refusal(reason, found.rule, facts, why)
    found = context.account.restriction("cash_available")
    if found is not None:
        room = context.cash_available()
        if context.sign < 0 or exceeds(context.value, room):
            facts = {"cash_available": room, "cost_basis": context.value} | _period(found)
            if found.rule == "pdt_min_equity":
                facts |= {"last_equity": context.account.last_equity, "required": context.rules.pdt_min_equity}
            what = (
                "sells short"
                if context.sign < 0
                else f"costs {dollars(context.value)} and {dollars(room)} of the day's starting cash is left"
            )
            why = f"the account may trade with available cash only ({found.because}); {context.what} {what}."
            yield Refusal(Reason.CASH_AVAILABLE, found.rule, facts, why, _power(room, context.value))
    found = context.account.restriction("ninety_day_freeze")
    if found is not None:
        cash = context.cash_unreserved()
        if context.sign < 0 or exceeds(context.value, cash):
            settled = "settled_cash" if context.account.account_type == "cash" else "cash"
            facts = {settled: cash, "cost_basis": context.value} | _period(found)
            what = (
                "sells short"
                if context.sign < 0
                else f"costs {dollars(context.value)} and {dollars(cash)} of {settled.replace('_', ' ')} is free"
            )
            may = "buy with settled cash only" if settled == "settled_cash" else "create no debit and no short position"
            why = f"the account may {may} ({found.because}); {context.what} {what}."
            yield Refusal(Reason.FROZEN_90_DAYS, found.rule, facts, why)


def _period(restriction: Any) -> dict[str, Any]:
    """Since when a restriction holds, until when if that is known, and the call behind it."""
    until = {"until": restriction.until.isoformat()} if restriction.until else {}
    return {"since": restriction.start.isoformat(), "why": restriction.why} | until


def restricted_day_trade(context: OrderContext) -> Refusal | None:
    """A flagged account under $25,000 at the previous close, or one with a day-trade call at some brokerages, may trade, but not make a
    day trade."""
    found = context.account.restriction("no_day_trades")
    if found is None or not context.completes_day_trade():
        return None
    facts: dict[str, Any] = {"last_equity": context.account.last_equity}
    if found.rule != "pdt_min_equity":
        why = f"the account may make no day trade ({found.because}): {context.what} would make one."
        return Refusal(Reason.PDT_RESTRICTED_DAYTRADE, found.rule, facts | _period(found), why)
    facts["required"] = context.rules.pdt_min_equity
    why = (
        f"the account is a pattern day trader and closed the previous session at {dollars(context.account.last_equity)}, "
        f"under {dollars(context.rules.pdt_min_equity)}: {context.what} would make a day trade."
    )
    return Refusal(Reason.PDT_RESTRICTED_DAYTRADE, "pdt_min_equity", facts, why)


def short_permission(context: OrderContext) -> Iterator[Refusal]:
    """A short sale needs a brokerage that knows it, a shortable security and $2,000 of equity."""
    if context.sign > 0 or not context.opening:
        return
    if not context.rules.flip_through_zero and context.closing_side:
        return
    if not context.asset.shortable:
        yield Refusal(Reason.NOT_SHORTABLE, "shortable", {"symbol": context.symbol}, f"{context.symbol} cannot be sold short.")
    elif not context.asset.easy_to_borrow and context.rules.short_needs_easy_to_borrow:
        why = f"{context.symbol} is hard to borrow and no locate is held, so it cannot be sold short."
        yield Refusal(Reason.NOT_SHORTABLE, "short_needs_easy_to_borrow", {"symbol": context.symbol, "easy_to_borrow": False}, why)
    if not context.rules.short_selling:
        why = f"there is no short selling at this brokerage; {context.what} would sell {shares(context.opening)} short."
        yield Refusal(Reason.NO_SHORT, "short_selling", {"opening": context.opening, "position": context.position}, why)
    elif context.account.multiplier == 1:
        minimum = context.rules.margin_min_equity
        had = context.account.last_equity if context.rules.regime == PDT else context.account.equity()
        why = f"selling short needs {dollars(minimum)} of equity, the account has {dollars(had)}."
        if context.account.account_type == "cash":
            why = "a cash account cannot sell short; it takes a margin account."
        yield Refusal(Reason.NO_SHORT, "margin_min_equity", {"equity": had, "required": minimum}, why)


def quantity(context: OrderContext) -> Refusal | None:
    """No more can be closed than is held and not already promised to other exits; no flip through zero. A pair of exits closes or is none."""
    pair = context.request.order_class == "oco"
    if context.rules.flip_through_zero and (not pair or context.closing_side):
        return None
    wants_close = context.closing_side or pair
    if wants_close and context.qty > context.available + SHARE_DUST:
        related = [o.id for o in context.ledger.working(context.symbol, context.replaces) if o.sign == context.sign and o.active]
        wire = {
            "available": shares(context.available).replace(",", ""),
            "existing_qty": shares(abs(context.position)).replace(",", ""),
            "held_for_orders": shares(context.held).replace(",", ""),
            "symbol": context.symbol,
        }
        if related:
            wire["related_orders"] = related  # type: ignore[assignment]
        facts = {
            "requested": context.qty,
            "available": context.available,
            "existing_qty": abs(context.position),
            "held_for_orders": context.held,
        }
        why = (
            f"{shares(context.available)} of {shares(abs(context.position))} {context.symbol} can be closed ({shares(context.held)} held by other orders), "
            f"the order asks for {shares(context.qty)}; a position is closed before it is turned around."
        )
        return Refusal(Reason.QTY, "flip_through_zero", facts, why, wire)
    if context.rules.flip_through_zero:
        return None
    if context.position == 0 and not context.rules.wash_check:
        return _pending_entry(context)
    if context.position == 0 and wash(context) is None:
        return _pending_entry(context)
    return None


def _pending_entry(context: OrderContext) -> Refusal | None:
    for order in context.ledger.working(context.symbol, context.replaces):
        if order.sign == -context.sign and order.active and not order.leg:
            facts = {"requested": context.qty, "available": 0.0, "existing_qty": 0.0, "held_for_orders": 0.0}
            why = f"an order to {order.side} {shares(order.left)} {context.symbol} is working in a flat symbol; the opposite side is refused until it is done."
            return Refusal(
                Reason.QTY,
                "flip_through_zero",
                facts,
                why,
                {"available": "0", "existing_qty": "0", "held_for_orders": "0", "symbol": context.symbol},
            )
    return None


_LIMITS = ("limit", "stop_limit")
_EXEMPT_CLASSES = ("bracket", "oco")


def wash(context: OrderContext) -> Refusal | None:
    """An opposite order works already: refused if either is a market or stop order, or if two limits would cross."""
    request = context.request
    if not context.rules.wash_check or request.order_class in _EXEMPT_CLASSES or request.type == "trailing_stop":
        return None
    for order in context.ledger.working(context.symbol, context.replaces):
        other = order.request
        if order.sign == context.sign or order.leg or other.order_class in _EXEMPT_CLASSES or other.type == "trailing_stop":
            continue
        if request.type in _LIMITS and other.type in _LIMITS:
            buy, sell = (request.limit_price, other.limit_price) if context.sign > 0 else (other.limit_price, request.limit_price)
            if buy is None or sell is None or buy < sell:
                continue
            kind, why = "limit", f"a {order.side} limit at {dollars(other.limit_price or 0)} works that this order would cross"
        else:
            kind = "limit" if other.type in _LIMITS else "market/stop"
            why = f"a {order.side} {other.type} order for {shares(order.left)} {context.symbol} works on the opposite side"
        facts = {"opposite_order": order.id, "opposite_type": other.type}
        return Refusal(Reason.WASH, "wash_check", facts, why + ".", {"reject_reason": f"opposite side {kind} order exists"})
    return None


_UNSETTLED = " Proceeds of sales can be spent when they have settled."


def buying_power(context: OrderContext) -> Iterator[Refusal]:
    """An opening order must fit into buying power; a security without loan value into cash, and into what its requirement uses of the day's."""
    if not context.opening:
        return
    paid_from_cash = not context.asset.marginable and context.sign > 0
    if paid_from_cash:
        cash = context.cash_left()
        if exceeds(context.value, cash):
            facts = {"non_marginable_buying_power": cash, "cost_basis": context.value}
            why = f"{context.what} costs {dollars(context.value)} and {context.symbol} cannot be bought on margin; cash to spend is {dollars(cash)}."
            rule = "regt_initial_non_marginable"
            if context.waits_for_settlement(context.reserved.buys):
                rule, why = "cash_unsettled_usable", why + _UNSETTLED
            yield Refusal(Reason.NON_MARGINABLE_BUYING_POWER, rule, facts, why, _power(cash, context.value))
    limit = _limit(context)
    if exceeds(limit.charge, limit.left) and (not paid_from_cash or limit.name in ("under_call", "deficit")):
        yield _over(context, limit)


def _over(context: OrderContext, limit: _Limit) -> Refusal:
    """The refusal of an order that exceeds its limit."""
    account, rules = context.account, context.rules
    name, charge, left, rule = limit
    power = context.buying_power()
    facts = {"buying_power": power, "cost_basis": context.value}
    if account.multiplier > 1:
        facts["regt_buying_power"] = context.regt_left()
        if account.multiplier >= 4 and rules.regime == PDT:
            facts["daytrading_buying_power"] = context.dtbp_left()
    if name == "cash":
        reason = "a cash account has" if account.account_type == "cash" else f"under {dollars(rules.margin_min_equity)} of equity there is"
        why = f"{context.what} is valued at {dollars(context.value)} and cash to spend is {dollars(power)}; {reason} no margin."
        if context.waits_for_settlement(context.reserved.value):
            rule, why = "cash_unsettled_usable", why + _UNSETTLED
    elif name == "regt" and context.regt > context.value * 1.001:
        facts["regt_charge"] = context.regt
        rule = context.maintenance_rule  # the larger requirement is the maintenance margin
        why = (
            f"{context.what} is valued at {dollars(context.value)}; at its initial margin of {rate_in_words(context.regt / context.value / 2)} it needs "
            f"{dollars(context.regt)} of Reg T buying power, and {dollars(context.regt_left())} is left."
        )
    elif charge > context.value * 1.001:
        facts |= {"rate": context.rate, "charge": charge}
        rule = context.charge_rule
        why = (
            f"{context.what} is valued at {dollars(context.value)}; at its requirement of {rate_in_words(context.rate)} within the day it uses "
            f"{dollars(charge)} of buying power, and {dollars(left)} is left."
        )
    else:
        why = f"{context.what} is valued at {dollars(context.value)} and buying power is {dollars(power)}."
    if name == "under_call":
        why = why[:-1] + ": twice the previous close's excess less the sum of the day, while a day-trade call is open."
    return Refusal(Reason.BUYING_POWER, rule, facts, why, _power(power, context.value))


class _Limit(NamedTuple):
    """What an opening order is held against: its name, what the order uses of it, what is left, the parameter behind it."""

    name: str
    charge: float
    left: float
    rule: str


def _limit(context: OrderContext) -> _Limit:
    """The limit of an opening order; where two would do, the one that leaves more room."""
    account, rules = context.account, context.rules
    if account.multiplier == 1:
        return _Limit("cash", context.value, context.buying_power(), "margin_min_equity")
    if account.stepped_down():
        return _Limit("under_call", context.charge, context.buying_power(), "dt_multiple_under_call")
    regt = _Limit("regt", context.regt, context.regt_left(), "regt_initial_long" if context.sign > 0 else "regt_initial_short")
    if account.multiplier < 4:
        return regt
    if rules.regime == PDT:
        within = _Limit("day_trading", context.charge, context.dtbp_left(), "dt_buying_power_multiple")
    elif rules.intraday_block == "none":
        return _Limit("none", 0.0, 0.0, "intraday_block")
    else:
        within = _Limit("intraday", context.charge, context.intraday_left(), "intraday_multiple")
        if rules.intraday_block == "deficit":
            return _Limit("deficit", context.charge, context.intraday_left(), "intraday_block")
    return regt if not exceeds(regt.charge, regt.left) or _more_room(regt, within) else within


def _more_room(first: _Limit, second: _Limit) -> bool:
    """True if ``first`` lets more of the order pass than ``second``."""
    return exceeds(second.charge, second.left) and first.left * second.charge > second.left * first.charge


def _power(power: float, cost: float) -> dict[str, Any]:
    return {"buying_power": f"{power:.2f}".removesuffix(".00"), "cost_basis": f"{cost:.2f}".removesuffix(".00")}


def day_trading_power(context: OrderContext) -> Refusal | None:
    """Day-trading buying power at multiplier 4: *entry* refuses what exceeds it, *exit* the close that would make a day-trade call."""
    account, rules = context.account, context.rules
    if rules.regime != PDT or account.multiplier < 4:
        return None
    if context.opening and rules.dtbp_check in ("entry", "both") and not account.stepped_down():
        left, cost = context.dtbp_left(), context.charge
        if exceeds(cost, left):
            facts = {"daytrading_buying_power": left, "cost_basis": cost, "bod_dtbp": account.bod_dtbp}
            worth = f"is valued at {dollars(context.value)} and"
            if context.scale != 1.0:
                facts["rate"] = context.rate
                worth = f"is valued at {dollars(context.value)}, uses {dollars(cost)} at its requirement of {rate_in_words(context.rate)} within the day, and"
            why = f"{context.what} {worth} day-trading buying power is {dollars(left)} of {dollars(account.bod_dtbp)} at the start of the day."
            return Refusal(Reason.DTBP, "dtbp_check", facts, why)
    if rules.dtbp_check in ("exit", "both"):
        return _exit_power(context)
    return None


def _exit_power(context: OrderContext) -> Refusal | None:
    start, ledger = context.account.bod_dtbp, context.ledger
    if not exceeds(ledger.opened_today + context.reserved.dtbp + context.charge, start):
        return None  # all that was opened today fits: no exit can break it
    before, after = context.exit_exposure()
    if not exceeds(after, start) or not exceeds(after, before):
        return None
    facts = {"day_trade_exposure": after, "bod_dtbp": start, "day_trade_call": after - start}
    why = f"{context.what} would bring today's day-traded exposure to {dollars(after)}, over the {dollars(start)} of day-trading buying power at the start of the day."
    return Refusal(Reason.DTBP, "dtbp_check", facts, why)


def day_trade_count(context: OrderContext) -> Refusal | None:
    """Under $25,000 three day trades in five business days pass: *exit* refuses the order that could make the fourth, *entry* any opening with three used."""
    rules, account = context.rules, context.account
    if rules.regime != PDT or rules.pdt_check not in ("entry", "exit", "both") or not context.day_trades_bind():
        return None
    allowed = rules.pdt_day_trades_threshold - 1
    executed = account.daytrade_count()
    if rules.pdt_check != "entry" and context.completes_day_trade():
        after = context.potential() + 1
        if executed + after > allowed:
            return _count_refusal(context, executed, after, allowed, others=after - 1)
    if rules.pdt_check != "exit" and context.opening:
        potential = context.potential() + (_strictly_open(context) if rules.strict_entry else 0)
        if executed + potential >= allowed:
            return _count_refusal(context, executed, potential, allowed, others=potential)
    return None


def _strictly_open(context: OrderContext) -> int:
    """Symbols opened today that no working exit covers yet: each will need a day trade to get out today."""
    ledger = context.ledger
    return sum(run.opened_today != 0 and run.phase_open and not run.would_day_trade(*ledger.pending(s)) for s, run in ledger.runs.items())


def _count_refusal(context: OrderContext, executed: int, potential: int, allowed: int, *, others: int) -> Refusal:
    """``potential`` as the check counted it; ``others`` is that without this order, which the check on entry leaves out anyway."""
    equity, required = context.account.tested_equity(), context.rules.pdt_min_equity
    facts = {"last_equity": equity, "daytrade_count": executed, "potential": potential, "required": required}
    days = context.rules.pdt_window_business_days
    made = f"{executed} day trade{'s' * (executed != 1)} in the last {days} business days"
    if potential and context.completes_day_trade():
        made += ", this order could complete another" + (f" and other working orders {others} more" if others else "")
    elif potential:
        made += f" and {potential} more that working orders could complete"
    where = "now" if context.rules.equity_test == "current" else "at the previous close"
    why = f"{context.what} is refused: {made}; {allowed} are allowed with {dollars(equity)} of equity {where}, under {dollars(required)}."
    current = context.account.equity()
    if not below(current, required) and below(equity, required):
        why += f" Today's {dollars(current)} counts from the next session on, if the account closes there."
    return Refusal(Reason.PDT_COUNT, "pdt_day_trades_threshold", facts, why)


Check = Callable[[OrderContext], "Refusal | Iterator[Refusal] | None"]

#: In the order in which a brokerage looks: parameters, account, asset, quantity, money, day trades.
CHECKS: list[Check] = [
    shape,
    price,
    trading_blocked,
    restrictions,
    restricted_day_trade,
    short_permission,
    quantity,
    wash,
    buying_power,
    day_trading_power,
    day_trade_count,
]


def refusals(context: OrderContext) -> Iterator[Refusal]:
    """Every rule that refuses this order, the one that names the refusal first."""
    for check in CHECKS:
        answer = check(context)
        if isinstance(answer, Refusal):
            yield answer
        elif answer is not None:
            yield from answer


def passes(context: OrderContext) -> bool:
    """Does no rule refuse this order?"""
    return next(refusals(context), None) is None


def shares_that_fit(context: OrderContext, refusal: Refusal) -> float | None:
    """The quantity of such an order that the refusing rule alone has room for, by proportion; None where a smaller one fits no better."""
    if refusal.reason is Reason.QTY:
        return context.available
    if not context.opening:
        return None
    left, charge = 0.0, context.value
    if refusal.reason is Reason.NON_MARGINABLE_BUYING_POWER:
        left = context.cash_left()
    elif refusal.reason is Reason.CASH_AVAILABLE:
        left = context.cash_available()
    elif refusal.reason is Reason.FROZEN_90_DAYS:
        left = context.cash_unreserved()
    elif refusal.reason is Reason.BUYING_POWER:
        _, charge, left, _ = _limit(context)
    elif refusal.reason is Reason.DTBP:
        charge, left = context.charge, context.dtbp_left()
    else:
        return None
    return context.qty - context.opening + context.opening * (left + HALF_CENT) / charge if charge > 0.0 else None
