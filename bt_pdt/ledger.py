"""The facts: cash, positions, marks, working orders, today's executions. It posts and adds up; it knows no law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import accumulate
from typing import NamedTuple

from .daytrades import DIRECTION, DayRun
from .money import SHARE_DUST
from .orders import Asset, OrderRequest


class WorkingOrder:
    """An accepted order until it is filled or released.

    ``root`` is the id of the group (itself for a simple order), ``leg`` is "" for an order of its own, "tp" or "sl" for an
    exit of a bracket, OTO or OCO. A leg is ``active`` once its entry is filled in full. ``opening`` is the part that opens or
    increases a position; ``value`` and ``regt`` are the dollars a share it reserves, as order value and as Reg T charge.
    """

    __slots__ = ("active", "ends_on", "id", "left", "leg", "opening", "placed", "qty", "regt", "request", "root", "sign", "symbol", "unfillable_today", "value")

    def __init__(self, request: OrderRequest, order_id: str, root: str, leg: str = "", *, active: bool = True) -> None:
        self.request = request
        self.id = order_id
        self.root = root
        self.leg = leg
        self.symbol = request.symbol
        self.sign = request.sign if not leg or request.order_class == "oco" else -request.sign
        self.qty = request.qty
        self.left = request.qty
        self.active = active
        self.opening = 0.0
        self.value = 0.0
        self.regt = 0.0
        self.placed: datetime | None = None
        self.ends_on: date | None = None  # the session with whose close (20:00 if extended) a day order ends; None: until cancelled
        self.unfillable_today = False

    @property
    def side(self) -> str:
        return "buy" if self.sign > 0 else "sell"

    def copy(self) -> WorkingOrder:
        twin = WorkingOrder.__new__(WorkingOrder)
        for name in WorkingOrder.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def reserves(self) -> tuple[float, float]:
        """(order value, Reg T charge) that this order holds back now, in dollars."""
        shares = min(self.left, self.opening) if self.active else 0.0
        return shares * self.value, shares * self.regt


class Posted(NamedTuple):
    """What one execution did: day trades completed, shares opened, carried shares closed, profit on today's shares it closed."""

    day_trades: int
    opened: float
    carried_closed: float
    day_profit: float


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
        self.executions = 0  # how many executions today: the clock of day-traded exposure
        self.day_traded: list[tuple[int, int, float]] = []  # (opened after, closed by, dollars) of lots opened and closed today
        self._reserved: tuple[float, float] | None = (0.0, 0.0)

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
        twin.used_today, twin.opened_today = self.used_today, self.opened_today
        twin.executions, twin.day_traded = self.executions, self.day_traded[:]
        twin._reserved = None
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

    def post(self, symbol: str, qty: float, price: float, commission: float = 0.0, *, order: object = None, charge: float | None = None) -> Posted:
        """Books an execution of signed ``qty`` at ``price``; ``charge`` is what a share uses of day-trading buying power (default: price)."""
        held = self.position(symbol)
        run = self.run(symbol)
        moment = self.executions
        self.executions += 1
        day_trades, opened, lots = run.post(qty, price, order, moment, charge)
        given_back = today = profit = 0.0
        for lot in lots:
            given_back += lot.charge
            today += lot.qty
            profit += lot.qty * price - lot.cost if qty < 0 else lot.cost - lot.qty * price
            self.day_traded.append((lot.opened, moment, lot.charge))
        used = abs(opened) * (price if charge is None else charge)
        self.used_today = max(0.0, self.used_today + used - given_back)
        self.opened_today += used
        self.cash -= qty * price + commission
        now = held + qty
        if abs(now) <= SHARE_DUST:
            self.positions.pop(symbol, None)
        else:
            self.positions[symbol] = now
        self.marks[symbol] = price
        return Posted(day_trades, abs(opened), max(0.0, abs(qty) - abs(opened) - today), profit)

    def new_day(self) -> None:
        """The next trade date: everything held is carried, nothing is opened yet."""
        self.runs.clear()
        self.used_today = self.opened_today = 0.0
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
            for name in ("qty", "left", "opening"):
                setattr(order, name, getattr(order, name) * ratio)
            order.value /= ratio
            order.regt /= ratio
        self._reserved = None

    # -- day-traded exposure

    def peak_exposure(self, closes: Mapping[str, float] | None = None, entries: float = 0.0) -> float:
        """The most day-traded dollars open at one time today: lots opened and closed today, at cost, time and tick.

        With ``closes`` (signed shares by symbol) as if those were executed now, ``entries`` dollars opened just before.
        """
        steps = [0.0] * (self.executions + 1)
        for opened, closed, dollars in self.day_traded:
            steps[opened] += dollars
            steps[closed] -= dollars
        for symbol, qty in (closes or {}).items():
            run = self.runs.get(symbol)
            if run is None or run.opened_today * qty >= 0:
                continue
            left = abs(qty)
            for shares, _, charge, moment in run.lots:
                piece = min(left, shares)
                steps[int(moment)] += piece * charge
                left -= piece
                if left <= SHARE_DUST:
                    break
        steps[self.executions] += entries
        return max(0.0, *accumulate(steps))

    # -- working orders

    def add(self, order: WorkingOrder) -> None:
        self.orders[order.id] = order
        self.by_symbol.setdefault(order.symbol, []).append(order)
        self._reserved = None

    def drop(self, order_id: str) -> WorkingOrder | None:
        """Takes an order out of the working set; None if it is not in it."""
        order = self.orders.pop(order_id, None)
        if order is not None:
            rest = self.by_symbol[order.symbol]
            rest.remove(order)
            if not rest:
                del self.by_symbol[order.symbol]
            self._reserved = None
        return order

    def group(self, root: str, symbol: str) -> list[WorkingOrder]:
        """The working orders of one bracket, OTO or OCO."""
        return [o for o in self.by_symbol.get(symbol, ()) if o.root == root]

    def working(self, symbol: str, ignoring: str | None = None) -> Iterator[WorkingOrder]:
        """Working orders of ``symbol``, those of the group ``ignoring`` left out."""
        return (o for o in self.by_symbol.get(symbol, ()) if o.root != ignoring)

    def touched(self) -> None:
        """A working order changed: what it reserves is added up anew."""
        self._reserved = None

    def reserved(self) -> tuple[float, float]:
        """(order value, Reg T charge) that all working orders reserve together."""
        if self._reserved is None:
            value = regt = 0.0
            for order in self.orders.values():
                v, r = order.reserves()
                value += v
                regt += r
            self._reserved = (value, regt)
        return self._reserved

    def held(self, symbol: str, sign: int, ignoring: str | None = None) -> float:
        """Shares held by working exits on the side ``sign``; a group (bracket, OCO) holds its larger leg once."""
        groups: dict[str, float] = {}
        for order in self.working(symbol, ignoring):
            if order.sign == sign and order.active:
                closing = max(0.0, order.left - order.opening)
                groups[order.root] = max(groups.get(order.root, 0.0), closing)
        return sum(groups.values())

    def pending(self, symbol: str, ignoring: str | None = None, *, fillable_only: bool = False) -> tuple[float, float]:
        """(shares to buy, shares to sell) of working orders, exits that wait for their entry included, a group's two legs once."""
        sides: dict[tuple[str, int], float] = {}
        for order in self.working(symbol, ignoring):
            if fillable_only and order.unfillable_today:
                continue
            key = (order.root, order.sign)
            sides[key] = max(sides.get(key, 0.0), order.left)
        buys = sum(q for (_, sign), q in sides.items() if sign > 0)
        return buys, sum(q for (_, sign), q in sides.items() if sign < 0)
