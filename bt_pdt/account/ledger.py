"""The facts: cash, positions, marks, working orders, today's executions. It posts and adds up; it knows no law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import accumulate
from typing import Literal, NamedTuple

from ..core.money import SHARE_DUST
from ..core.orders import Asset, OrderRequest
from .daytrades import DIRECTION, ClosedLot, DayRun

#: The part of a group: an order of its own, or the take-profit or stop-loss of a bracket, OTO or OCO.
Leg = Literal["", "tp", "sl"]


class WorkingOrder:
    """An accepted order until it is filled or released.

    ``root`` is the id of the group (itself for a simple order), ``leg`` is "" for an order of its own, "tp" or "sl" for an
    exit of a bracket, OTO or OCO. A leg is ``active`` once its entry is filled in full. ``value``, ``regt`` and ``dtbp`` are the
    dollars that an opening share of it reserves: order value, Reg T charge, DTBP.
    """

    __slots__ = (
        "active",
        "dtbp",
        "ends_on",
        "id",
        "left",
        "leg",
        "placed",
        "qty",
        "regt",
        "request",
        "root",
        "sign",
        "symbol",
        "unfillable_today",
        "value",
    )

    def __init__(self, request: OrderRequest, order_id: str, root: str, leg: Leg = "", *, active: bool = True) -> None:
        self.request = request
        self.id = order_id
        self.root = root
        self.leg = leg
        self.symbol = request.symbol
        self.sign = request.sign if not leg or request.order_class == "oco" else -request.sign
        self.qty = request.qty
        self.left = request.qty
        self.active = active
        self.value = 0.0
        self.regt = 0.0
        self.dtbp = 0.0
        self.placed: datetime | None = None
        self.ends_on: date | None = None  # the session with whose close (20:00 if extended) a day order ends; None: until cancelled
        self.unfillable_today = False

    @property
    def side(self) -> str:
        return "buy" if self.sign > 0 else "sell"

    @property
    def filled(self) -> float:
        """Shares of it that were executed."""
        return self.qty - self.left

    def copy(self) -> WorkingOrder:
        twin = WorkingOrder.__new__(WorkingOrder)
        for name in WorkingOrder.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin


class Reserved(NamedTuple):
    """What working orders hold back: order value, Reg T charge and DTBP of their opening shares, and the order value of the buys."""

    value: float = 0.0
    regt: float = 0.0
    dtbp: float = 0.0
    buys: float = 0.0


NOTHING = Reserved()


def _plus(total: Reserved, less: Reserved, more: Reserved) -> Reserved:
    return Reserved(
        total.value - less.value + more.value,
        total.regt - less.regt + more.regt,
        total.dtbp - less.dtbp + more.dtbp,
        total.buys - less.buys + more.buys,
    )


class Posted(NamedTuple):
    """What one execution did: day trades completed, shares opened, today's lots it closed, shares closed that were carried into the date."""

    day_trades: int
    opened: float
    lots: list[ClosedLot]
    carried: float


class Ledger:
    """One account's books. Quantities are signed shares, money is dollars, a short sale's proceeds are in ``cash``."""

    def __init__(self, cash: float) -> None:
        self.cash = cash
        self.positions: dict[str, float] = {}
        self.marks: dict[str, float] = {}
        self.assets: dict[str, Asset] = {}
        self.orders: dict[str, WorkingOrder] = {}
        self.by_symbol: dict[str, list[WorkingOrder]] = {}
        self.runs: dict[str, DayRun] = {}
        self.counting_method = DIRECTION
        self.used_today = 0.0  # entry value of what was opened today and is still held
        self.opened_today = 0.0  # entry value of all openings of today, closed or not
        self.cost_today = 0.0  # dollars paid or received for all openings of today, whatever they charge
        self.executions = 0  # how many executions today: the clock of day-traded exposure
        self.day_traded: list[tuple[int, int, float]] = []  # (opened after, closed by, dollars) of lots opened and closed today
        self.ids_given = 0  # to orders that came without one
        self._reserved: dict[str, Reserved] = {}  # by symbol, added up in ``_all_reserved``
        self._all_reserved = Reserved()
        self._changed: set[str] = set()  # symbols whose orders or position changed since

    def copy(self) -> Ledger:
        """An independent twin, for asking what would happen."""
        twin = Ledger(self.cash)
        twin.positions = dict(self.positions)
        twin.marks = dict(self.marks)
        twin.assets = self.assets
        twin.orders = {k: o.copy() for k, o in self.orders.items()}
        for order in twin.orders.values():
            twin.by_symbol.setdefault(order.symbol, []).append(order)
        twin.runs = {k: r.copy() for k, r in self.runs.items()}
        twin.counting_method = self.counting_method
        twin.used_today, twin.opened_today, twin.cost_today = self.used_today, self.opened_today, self.cost_today
        twin.executions, twin.day_traded, twin.ids_given = self.executions, self.day_traded[:], self.ids_given
        twin._reserved, twin._all_reserved, twin._changed = dict(self._reserved), self._all_reserved, set(self._changed)
        return twin

    # -- securities and positions

    def asset(self, symbol: str) -> Asset:
        """Facts about ``symbol``; an ordinary marginable, shortable stock unless said otherwise."""
        asset = self.assets.get(symbol)
        if asset is None:
            asset = self.assets[symbol] = Asset(symbol)
        return asset

    def position(self, symbol: str) -> float:
        return self.positions.get(symbol, 0.0)

    def run(self, symbol: str) -> DayRun:
        """Today's run of executions in ``symbol``."""
        run = self.runs.get(symbol)
        if run is None:
            run = self.runs[symbol] = DayRun(self.position(symbol), self.counting_method)
        return run

    def post(
        self, symbol: str, qty: float, price: float, commission: float = 0.0, *, order: object = None, charge: float | None = None
    ) -> Posted:
        """Books an execution of signed ``qty`` at ``price``; ``charge`` is what a share uses of day-trading buying power (default: price)."""
        held = self.position(symbol)
        run = self.run(symbol)
        moment = self.executions
        self.executions += 1
        day_trades, opened, lots = run.post(qty, price, order, moment, charge)
        given_back = today = 0.0
        for lot in lots:
            given_back += lot.charge
            today += lot.qty
            self.day_traded.append((lot.opened, moment, lot.charge))
        used = abs(opened) * (price if charge is None else charge)
        self.used_today = max(0.0, self.used_today + used - given_back)
        self.opened_today += used
        self.cost_today += abs(opened) * price
        self.cash -= qty * price + commission
        now = held + qty
        if abs(now) <= SHARE_DUST:
            self.positions.pop(symbol, None)
        else:
            self.positions[symbol] = now
        self.marks[symbol] = price
        self.touched(symbol)
        return Posted(day_trades, abs(opened), lots, max(0.0, abs(qty) - abs(opened) - today))

    def new_day(self) -> None:
        """The next trade date: everything held is carried, nothing is opened yet."""
        self.runs.clear()
        self.used_today = self.opened_today = self.cost_today = 0.0
        self.executions = 0
        self.day_traded.clear()

    def split(self, symbol: str, ratio: float) -> None:
        """A stock split: ``ratio`` new shares for each old one, in the position, its mark, today's run and working orders."""
        if symbol in self.positions:
            self.positions[symbol] *= ratio
        if symbol in self.marks:
            self.marks[symbol] /= ratio
        run = self.runs.get(symbol)
        if run is not None:
            run.split(ratio)
        for order in self.by_symbol.get(symbol, ()):
            order.qty *= ratio
            order.left *= ratio
            order.value /= ratio
            order.regt /= ratio
            order.dtbp /= ratio
        self.touched(symbol)

    def transfer(self, symbol: str, qty: float) -> None:
        """Shares come in or go out without an execution: they are carried ones, whatever was traded today."""
        now = self.position(symbol) + qty
        if abs(now) <= SHARE_DUST:
            self.positions.pop(symbol, None)
        else:
            self.positions[symbol] = now
        run = self.runs.get(symbol)
        if run is not None:
            run.carried += qty
        self.touched(symbol)

    # -- day-traded exposure

    def peak_exposure(
        self,
        closes: Mapping[tuple[str, float], float] | None = None,
        entries: Mapping[str, list[tuple[float, float]]] | None = None,
        *,
        aggregate: bool = False,
    ) -> float:
        """The most day-traded dollars open at one time today: lots opened and closed today, at cost, time and tick; ``aggregate``: their sum.

        With ``closes`` (shares by symbol and sign) as if those were executed now, after ``entries`` (signed shares, dollars a share by
        symbol) were opened; today's lots go first, in their order, then the entries. A purchase closes what was sold short, a sale what
        was bought: where an order turns a position around, its own rest is closed by neither.
        """
        steps = [0.0] * (self.executions + 1)
        total = 0.0
        for opened, closed, dollars in self.day_traded:
            steps[opened] += dollars
            steps[closed] -= dollars
            total += dollars
        for (symbol, sign), left in (closes or {}).items():
            run = self.runs.get(symbol)
            lots = run.lots if run is not None and run.opened_today * sign < 0 else ()
            for shares, _, charge, moment in lots:
                piece = min(left, shares)
                steps[int(moment)] += piece * charge
                total += piece * charge
                left -= piece
            for shares, charge in (entries or {}).get(symbol, ()):
                piece = min(left, max(0.0, -sign * shares))
                steps[self.executions] += piece * charge
                total += piece * charge
                left -= piece
        return total if aggregate else max(0.0, *accumulate(steps))

    # -- working orders

    def add(self, order: WorkingOrder) -> None:
        self.orders[order.id] = order
        self.by_symbol.setdefault(order.symbol, []).append(order)
        self.touched(order.symbol)

    def new_id(self) -> str:
        """An id for an order that came without one."""
        self.ids_given += 1
        return f"o{self.ids_given}"

    def drop(self, order_id: str) -> WorkingOrder | None:
        """Takes an order out of the working set; None if it is not in it."""
        order = self.orders.pop(order_id, None)
        if order is not None:
            rest = self.by_symbol[order.symbol]
            rest.remove(order)
            if not rest:
                del self.by_symbol[order.symbol]
            self.touched(order.symbol)
        return order

    def group(self, root: str) -> list[WorkingOrder]:
        """What still works of one order: itself, and the exits of a bracket, OTO or OCO; empty if nothing does."""
        return [self.orders[order_id] for order_id in (root, f"{root}.tp", f"{root}.sl") if order_id in self.orders]

    def working(self, symbol: str, ignoring: str | None = None) -> Iterator[WorkingOrder]:
        """Working orders of ``symbol``, those of the group ``ignoring`` left out."""
        return (o for o in self.by_symbol.get(symbol, ()) if o.root != ignoring)

    def touched(self, symbol: str) -> None:
        """A position or working order of ``symbol`` changed: what its orders reserve is added up anew."""
        self._changed.add(symbol)

    def opening_parts(self, symbol: str, ignoring: str | None = None) -> dict[str, float]:
        """Shares that each working order of ``symbol`` would open: all of it on the side of the position, else what exceeds it.

        Orders take the position's shares in their order of submission, an exit of a group once.
        """
        orders = self.by_symbol.get(symbol, ())
        if len(orders) == 1 and not orders[0].leg and orders[0].root != ignoring:  # by far the most frequent case
            order = orders[0]
            held = self.positions.get(symbol, 0.0)
            return {order.id: order.left if order.sign * held >= 0 else max(0.0, order.left - abs(held))}
        held = self.position(symbol)
        closable = abs(held)
        groups: set[str] = set()
        parts = {}
        for order in self.working(symbol, ignoring):
            if order.leg:
                if order.active and order.sign * held < 0 and order.root not in groups:
                    closable = max(0.0, closable - order.left)
                    groups.add(order.root)
            elif order.sign * held < 0:
                closing = min(order.left, closable)
                closable -= closing
                parts[order.id] = order.left - closing
            else:
                parts[order.id] = order.left
        return parts

    def reserved_in(self, symbol: str, ignoring: str | None = None) -> Reserved:
        """What the working orders of ``symbol`` reserve together."""
        value = regt = dtbp = buys = 0.0
        for order_id, opening in self.opening_parts(symbol, ignoring).items():
            order = self.orders[order_id]
            value += opening * order.value
            regt += opening * order.regt
            dtbp += opening * order.dtbp
            if order.sign > 0:
                buys += opening * order.value
        return Reserved(value, regt, dtbp, buys)

    def reserved(self, instead: str | None = None, ignoring: str | None = None) -> Reserved:
        """What all working orders reserve together; in the symbol ``instead`` without those of the group ``ignoring``."""
        if self._changed:
            self._add_up()
        if instead is None:
            return self._all_reserved
        return _plus(self._all_reserved, self._reserved.get(instead, NOTHING), self.reserved_in(instead, ignoring))

    def _add_up(self) -> None:
        """Brings the sum up to date by what changed; from nothing when no order works, so that rounding does not pile up."""
        for symbol in sorted(self._changed):  # in one order, whatever the hashes of this process
            now = self.reserved_in(symbol) if symbol in self.by_symbol else NOTHING
            self._all_reserved = _plus(self._all_reserved, self._reserved.pop(symbol, NOTHING), now)
            if now is not NOTHING:
                self._reserved[symbol] = now
        self._changed.clear()
        if not self.by_symbol:
            self._all_reserved = NOTHING

    def held(self, symbol: str, sign: int, ignoring: str | None = None) -> float:
        """Shares of the position that working exits on the side ``sign`` hold; a group (bracket, OCO) holds its larger leg once."""
        if symbol not in self.by_symbol:
            return 0.0
        groups: dict[str, float] = {}
        parts = self.opening_parts(symbol, ignoring)
        for order in self.working(symbol, ignoring):
            if order.sign == sign and order.active:
                closing = max(0.0, order.left - parts.get(order.id, 0.0))
                groups[order.root] = max(groups.get(order.root, 0.0), closing)
        return sum(groups.values())

    def pending(self, symbol: str, ignoring: str | None = None, *, fillable_only: bool = False) -> tuple[float, float]:
        """(shares to buy, shares to sell) of working orders, exits that wait for their entry included, a group's two legs once."""
        if symbol not in self.by_symbol:
            return 0.0, 0.0
        sides: dict[tuple[str, int], float] = {}
        for order in self.working(symbol, ignoring):
            if fillable_only and order.unfillable_today:
                continue
            key = (order.root, order.sign)
            sides[key] = max(sides.get(key, 0.0), order.left)
        buys = sum(q for (_, sign), q in sides.items() if sign > 0)
        return buys, sum(q for (_, sign), q in sides.items() if sign < 0)

    def potential_day_trades(self, ignoring: str | None = None, *, fillable_only: bool = False) -> int:
        """Day trades that working orders could still complete today if they filled in the worst order, one a symbol at most."""
        pending = ((symbol, self.pending(symbol, ignoring, fillable_only=fillable_only)) for symbol in self.by_symbol)
        return sum(self.run(symbol).would_day_trade(buys, sells) for symbol, (buys, sells) in pending)
