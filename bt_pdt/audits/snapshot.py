"""An account as it stands today, from a few numbers or from Alpaca's own JSON: what a pre-trade check is asked of.

Alpaca's files are the answers of ``GET /v2/account``, ``GET /v2/positions`` and ``GET /v2/orders?status=all&nested=true``. The orders executed
today are played again over the positions of last night, so that day trades are counted as they fell; open orders are put to work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..account.account import Account
from ..core import sessions
from ..core.errors import BadInput
from ..core.money import dollars, exceeds
from ..core.orders import Asset, Fill, OrderRequest, finite

NEW_YORK = ZoneInfo("America/New_York")
UNKNOWN_SYMBOL = "(unknown)"
_SIDES = {"buy": "buy", "sell": "sell", "sell_short": "sell", "long": "buy", "short": "sell"}
_OPEN = ("new", "accepted", "pending_new", "accepted_for_bidding", "held", "partially_filled", "pending_cancel", "pending_replace")
_OVER = ("filled", "canceled", "expired", "replaced", "rejected", "done_for_day", "stopped", "suspended", "calculated")


@dataclass
class Snapshot:
    """What is known of an account before today's first execution, and what happened today, in order."""

    at: datetime
    cash: float = 0.0
    positions: list[tuple[str, float, float]] = field(default_factory=list)
    prices: dict[str, float] = field(default_factory=dict)
    last_equity: float | None = None
    last_maintenance_margin: float | None = None
    pattern_day_trader: bool = False
    daytrades: int = 0  # executed in the window that ends today, today's included; their days are not known
    daytrades_on: list[tuple[date, int]] = field(default_factory=list)
    trading_blocked: bool = False
    assets: list[Asset] = field(default_factory=list)
    today: list[tuple[OrderRequest | None, Fill | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def account(self, **judged: Any) -> Account:
        """The account at ``at``, today's events played. Keywords are those of :class:`Account` (``brokerage``, ``rules``, ``set`` ...)."""
        listed = [(day, UNKNOWN_SYMBOL, count) for day, count in self.daytrades_on]
        account = self._play(listed, judged)
        made = account.daytrade_count() if self.daytrades else 0
        if self.daytrades > made:
            session = account.session
            account = self._play([*listed, (session, UNKNOWN_SYMBOL, self.daytrades - made)], judged)
            if account.rules.pdt_window_business_days:
                count = self.daytrades - made
                many = "s are" if count > 1 else " is"
                self.notes.append(
                    f"the days of {count} day trade{many} not known: taken as made on {session}, the strictest way to read it."
                )
        elif self.daytrades and made > self.daytrades:
            self.notes.append(f"{made} day trades are counted here, {self.daytrades} were given; the larger number holds.")
        return account

    def _play(self, daytrades: Sequence[tuple[date, str, int]], judged: Mapping[str, Any]) -> Account:
        start = datetime.combine(sessions.session_of(self.at), datetime.min.time())
        account = Account(
            self.cash,
            at=min(start, self.at),
            positions=self.positions,
            last_equity=self.last_equity,
            last_maintenance_margin=self.last_maintenance_margin,
            pattern_day_trader=self.pattern_day_trader,
            daytrades=daytrades,
            assets=self.assets,
            **judged,
        )
        for request, fill in self.today:
            when = (request.at if request is not None else fill.at if fill is not None else None) or account.now
            when = max(when, account.now)
            if request is not None:
                if account.ledger.marks.get(request.symbol) is None and request.symbol in self.prices:
                    account.mark({request.symbol: self.prices[request.symbol]})
                account.book(replace(request, at=when))  # the brokerage has accepted it already
            if fill is not None:
                account.post(replace(fill, at=when))
        account.advance(max(self.at, account.now))
        if self.prices:
            account.mark(self.prices)
        account.trading_blocked = self.trading_blocked
        return account


# -- Alpaca's files


def from_alpaca(account: Any, positions: Any, orders: Any, at: datetime) -> Snapshot:
    """Alpaca's account, positions and orders (as parsed JSON; the last two may be None) as a :class:`Snapshot`."""
    if not isinstance(account, dict) or "cash" not in account:
        raise BadInput("--account: this is not Alpaca's account (an object with cash, equity, last_equity ...).")
    known = Snapshot(at, _needed("--account", account, "cash"))
    known.last_equity = _number("--account", account, "last_equity")
    known.last_maintenance_margin = _number("--account", account, "last_maintenance_margin")
    known.pattern_day_trader = _flag("--account", account, "pattern_day_trader")
    blocks = [name for name in ("trading_blocked", "account_blocked", "trade_suspended_by_user") if _flag("--account", account, name)]
    known.trading_blocked = bool(blocks)
    if blocks:
        known.notes.append(f"Alpaca's account says {', '.join(blocks)}: every order is refused.")
    if account.get("shorting_enabled") is False or str(account.get("shorting_enabled")).lower() == "false":
        known.notes.append("shorting is switched off at Alpaca, so a short sale is refused there whatever is said here.")
    count = _number("--account", account, "daytrade_count") or 0.0
    if count < 0 or count != int(count):
        raise BadInput(f"--account: daytrade_count must be a whole number of 0 or more, got {count:g}.")
    known.daytrades = int(count)
    held = _positions(positions, known)
    _orders(orders, known, held)
    known.positions = [(symbol, round(qty, 9), price) for symbol, (qty, price) in held.items()]
    if positions is None and (_number("--account", account, "long_market_value") or _number("--account", account, "short_market_value")):
        raise BadInput("--account holds positions (long_market_value, short_market_value); give them with --positions.")
    return known


def compare(known: Mapping[str, Any], account: Account) -> list[str]:
    """Where Alpaca's own figures and the ones reckoned here differ by more than a dollar and 1 %: one sentence each."""
    found, state = [], account.state
    for name in ("equity", "buying_power", "daytrading_buying_power", "maintenance_margin"):
        theirs, ours = _number("--account", known, name), getattr(state, name)
        if theirs is not None and ours is not None and abs(theirs - ours) > max(1.0, 0.01 * abs(theirs)):
            found.append(f"{name} is {dollars(theirs)} at Alpaca and {dollars(ours)} here.")
    multiplier = _number("--account", known, "multiplier")
    if multiplier is not None and int(multiplier) != state.multiplier:
        found.append(f"multiplier is {multiplier:g} at Alpaca and {state.multiplier} here.")
    return found


def _number(where: str, row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise BadInput(f"{where}: {name} must be a number, got {value!r}.") from None
    return finite(f"{where}: {name}", value)


def _needed(where: str, row: Mapping[str, Any], name: str) -> float:
    value = _number(where, row, name)
    if value is None:
        raise BadInput(f"{where}: {name} is missing.")
    return value


def _flag(where: str, row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    if str(value).lower() not in ("true", "false"):
        raise BadInput(f"{where}: {name} must be true or false, got {value!r}.")
    return str(value).lower() == "true"


def _moment(where: str, row: Mapping[str, Any], *names: str) -> datetime | None:
    for name in names:
        value = row.get(name)
        if value:
            try:
                at = datetime.fromisoformat(str(value))
            except ValueError:
                raise BadInput(f"{where}: {name} must be an ISO 8601 time, got {value!r}.") from None
            return at.astimezone(NEW_YORK).replace(tzinfo=None) if at.tzinfo is not None else at
    return None


def _side(where: str, row: Mapping[str, Any]) -> str:
    side = _SIDES.get(str(row.get("side", "long")).lower())
    if side is None:
        raise BadInput(f"{where}: side must be buy or sell, got {row.get('side')!r}.")
    return side


def _rows(option: str, value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadInput(f"{option}: this is not Alpaca's list of {what}.")
    for i, row in enumerate(value, 1):
        if not isinstance(row.get("symbol"), str) or not row["symbol"]:
            raise BadInput(f"{option}: item {i} of the {what} has no symbol.")
        if row.get("legs"):
            _rows(f"{option}: legs of item {i}", row["legs"], "orders")
    return value


def _positions(positions: Any, known: Snapshot) -> dict[str, tuple[float, float]]:
    """symbol -> (signed shares now, last night's price); the current prices go to ``known``."""
    held: dict[str, tuple[float, float]] = {}
    for row in _rows("--positions", [] if positions is None else positions, "positions"):
        where, symbol = f"--positions: {row['symbol']}", row["symbol"]
        qty = abs(_needed(where, row, "qty")) * (1 if _side(where, row) == "buy" else -1)
        if row.get("side") is None:
            qty = _needed(where, row, "qty")
        now, before = _number(where, row, "current_price"), _number(where, row, "lastday_price")
        price = before or now
        if symbol in held:
            raise BadInput(f"--positions: {symbol} is listed twice.")
        if price is None or price <= 0:
            raise BadInput(f"{where}: current_price and lastday_price are both missing or not above 0.")
        held[symbol] = (qty, price)
        known.prices[symbol] = now or price
    return held


def _orders(orders: Any, known: Snapshot, held: dict[str, tuple[float, float]]) -> None:
    """Today's executions are taken back out of cash and positions and put into ``known.today`` with the open orders, in time."""
    session = sessions.session_of(known.at)
    events: list[tuple[datetime, int, OrderRequest | None, Fill | None]] = []
    earlier = 0
    rows: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
    for row in _rows("--orders", [] if orders is None else orders, "orders"):
        rows.append((row, None))
        rows += [(leg, row) for leg in row.get("legs") or ()]
    for row, parent in rows:
        where = f"--orders: order {row.get('id', '(without id)')}"
        status = str(row.get("status") or "").lower()
        if status not in _OPEN + _OVER:
            raise BadInput(f"{where}: its status {row.get('status')!r} is not known.")
        name, symbol, side = str(row.get("id") or f"order {len(events)}"), str(row["symbol"]), _side(where, row)
        filled = _number(where, row, "filled_qty") or 0.0
        placed = _moment(where, row, "submitted_at", "created_at") or known.at
        before_today = 0.0
        if filled:
            at = _moment(where, row, "filled_at", "canceled_at", "expired_at", "updated_at", "submitted_at")
            price = _needed(where, row, "filled_avg_price")
            if at is None or sessions.session_of(at) != session:
                earlier += 1
                before_today = filled
            else:
                sign = 1 if side == "buy" else -1
                known.cash += sign * filled * price
                now, close = held.get(symbol, (0.0, price))
                held[symbol] = (now - sign * filled, close)
                key = name if parent is None else f"{parent.get('id')}.{'tp' if _type(row) == 'limit' else 'sl'}"
                events.append((at, 1, None, Fill(symbol, side, filled, price, key, at=at)))
        if status in _OPEN and parent is None:
            request = _open_order(where, row, name, placed, side, before_today)
            if request is not None:
                events.append((placed, 0, request, None))
        elif status in _OPEN and parent is not None and str(parent.get("status")) == "filled":
            # the entry is done: its exits work as orders of their own; a pair holds the shares once
            if row is not next((leg for leg in parent["legs"] if str(leg.get("status")).lower() in _OPEN), None):
                continue
            placed = max(placed, _moment(where, parent, "filled_at") or placed)
            request = _exits(where, parent, row, placed, side)
            events.append((placed, 2, request, None))
    if earlier:
        known.notes.append(f"{earlier} orders were executed before {session}; they are in the positions already.")
    events.sort(key=lambda e: (e[0], e[1]))
    known.today = [(request, fill) for _, _, request, fill in events]


def _type(row: Mapping[str, Any]) -> str:
    return str(row.get("type") or row.get("order_type") or "market")


def _prices(where: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Type and prices of an order row, as :class:`OrderRequest` takes them."""
    kind = _type(row)
    wanted = {"limit": ("limit_price",), "stop": ("stop_price",), "stop_limit": ("limit_price", "stop_price")}.get(kind, ())
    if kind == "trailing_stop":
        wanted = ("trail_price", "trail_percent")
    return {"type": kind} | {name: value for name in wanted if (value := _number(where, row, name)) is not None}


def _open_order(where: str, row: Mapping[str, Any], name: str, placed: datetime, side: str, before_today: float) -> OrderRequest | None:
    qty = _number(where, row, "qty")
    if qty is None:
        raise BadInput(f"{where}: an open order needs qty (an order for dollars cannot be put to work here).")
    left = qty - before_today
    if left <= 0:
        return None
    kind, legs = row.get("order_class") or "simple", row.get("legs") or []
    exits: dict[str, Any] = {}
    for leg in legs:
        if _type(leg) == "limit":
            exits["take_profit"] = _number(where, leg, "limit_price")
        else:
            exits["stop_loss"] = _number(where, leg, "stop_price")
    if kind == "oco":
        exits["take_profit"] = _number(where, row, "limit_price")
    if kind != "simple" and not legs:
        kind, exits = "simple", {}
    more = _prices(where, row) | exits | {"order_class": kind, "extended_hours": bool(row.get("extended_hours"))}
    tif = "gtc" if row.get("time_in_force") == "gtc" else "day"
    return OrderRequest(str(row["symbol"]), side, left, id=name, at=placed, time_in_force=tif, **more)


def _exits(where: str, parent: Mapping[str, Any], first: Mapping[str, Any], placed: datetime, side: str) -> OrderRequest:
    """What is left of a filled entry's exits: a pair (OCO) if both work, one order otherwise."""
    legs = [leg for leg in parent["legs"] if str(leg.get("status")).lower() in _OPEN]
    left = _needed(where, first, "qty") - (_number(where, first, "filled_qty") or 0.0)
    tif = "gtc" if parent.get("time_in_force") == "gtc" else "day"
    name, symbol = f"{parent.get('id')}.exit", str(first["symbol"])
    if len(legs) == 1:
        return OrderRequest(symbol, side, left, id=name, at=placed, time_in_force=tif, **_prices(where, first))
    limit = next((_number(where, leg, "limit_price") for leg in legs if _type(leg) == "limit"), None)
    stop = next((_number(where, leg, "stop_price") for leg in legs if _type(leg) != "limit"), None)
    return OrderRequest(
        symbol, side, left, id=name, at=placed, time_in_force=tif, order_class="oco", type="limit", take_profit=limit, stop_loss=stop
    )


def equity_agrees(cash: float, equity: float, positions: Sequence[tuple[str, float, float]]) -> None:
    """Raises :class:`BadInput` where cash and positions do not come to the equity given beside them."""
    reckoned = cash + sum(qty * price for _, qty, price in positions)
    if exceeds(abs(reckoned - equity), 0.0):
        raise BadInput(f"--cash and the positions come to {dollars(reckoned)}, --equity says {dollars(equity)}; give one of the two.")
