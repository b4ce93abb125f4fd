"""An account as it stands today, from a few numbers or from Alpaca's own JSON: what a pre-trade check is asked of.

Alpaca's files are the answers of ``GET /v2/account``, ``GET /v2/positions`` and ``GET /v2/orders?status=all&nested=true``. The orders executed
today are played again over the positions of last night, so that day trades are counted as they fell; open orders are put to work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from ..account.account import Account
from ..core import sessions
from ..core.errors import BadInput
from ..core.money import dollars, exceeds
from ..core.orders import Asset, Fill, OrderRequest, finite
from ..core.sessions import NEW_YORK
from .exports.rows import csv_rows, full_pages, json_rows, plain_value, read_text
from .exports.securities import NAMES, STOCK, kind_of
from .exports.stated import Stated, read

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
    stated: Stated | None = None  # what the brokerage says of it, if it was asked

    def account(self, **judged: Any) -> Account:
        """The account at ``at``, today's events played. Keywords are those of :class:`Account` (``brokerage``, ``rules``, ``set`` ...)."""
        if self.stated is not None:
            judged = self._as_stated(judged, self.stated)
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

    def _as_stated(self, judged: Mapping[str, Any], stated: Stated) -> dict[str, Any]:
        """The brokerage's own settings where the caller gives none: when it checks, and its multiplier of 4 without a designation."""
        found = dict(judged)
        for name in ("pdt_check", "dtbp_check"):
            if found.get(name) is None and getattr(stated, name) is not None:
                found[name] = getattr(stated, name)
        overrides = dict(found.get("set") or {})
        if stated.multiplier == 4 and not self.pattern_day_trader and found.get("brokerage", "alpaca") == "alpaca":
            overrides.setdefault("multiplier_policy", "equity")
            found["set"] = overrides
        return found

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


def read_payload(path: str, what: str = "") -> Any:
    """A file of Alpaca's as plain values: JSON, JSON lines, or CSV with a header line; raises :class:`BadInput` naming it."""
    text = read_text(path)
    if text.lstrip()[:1] in ("[", "{") or not what:
        try:
            return plain_value(json.loads(text))
        except RecursionError:
            raise BadInput(f"{path}: is not JSON (nested too deep).") from None
        except json.JSONDecodeError as error:
            if text.lstrip()[:1] in ("[", "{"):
                return json_rows(path, text)
            raise BadInput(f"{path}: is not JSON ({error}).") from None
    return [row for row in csv_rows(path, text, lambda name: name.strip().lower()) if any(row.values())]


def from_alpaca(account: Any, positions: Any, orders: Any, at: datetime, activities: Any = None) -> Snapshot:
    """Alpaca's account, positions, orders and activities (as parsed JSON; the last three may be None) as a :class:`Snapshot`."""
    if not isinstance(account, dict) or "cash" not in account:
        raise BadInput("--account: this is not Alpaca's account (an object with cash, equity, last_equity ...).")
    known = Snapshot(at, _needed("--account", account, "cash"))
    known.last_equity = _number("--account", account, "last_equity")
    known.last_maintenance_margin = _number("--account", account, "last_maintenance_margin")
    known.pattern_day_trader = _flag("--account", account, "pattern_day_trader")
    known.stated = read(account)
    blocks = known.stated.blocks
    known.trading_blocked = bool(blocks)
    if blocks:
        known.notes.append(f"Alpaca's account says {', '.join(blocks)}: every order is refused.")
    if known.stated.no_short:
        known.notes.append(f"shorting is switched off at Alpaca ({known.stated.no_short}), so a short sale is refused.")
    if known.stated.liquidation:
        known.notes.append(f"Alpaca has restricted the account to liquidation ({', '.join(known.stated.liquidation)}): only closings pass.")
    count = _number("--account", account, "daytrade_count") or 0.0
    if count < 0 or count != int(count):
        raise BadInput(f"--account: daytrade_count must be a whole number of 0 or more, got {count:g}.")
    known.daytrades = int(count)
    held = _positions(positions, known)
    if orders is None and activities is None:
        known.notes.append(
            "there is no --orders file: what was executed today and what works now is not known, so a day trade that this order would complete "
            "cannot be seen here."
        )
    executed = None if activities is None else _executions(activities, known)
    _orders(orders, known, held, executed)
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
        kind = kind_of(row)
        if kind != STOCK:
            worth = _number(f"--positions: {row['symbol']}", row, "market_value")
            value = f" worth {dollars(worth)}" if worth is not None else ""
            known.notes.append(
                f"{NAMES[kind][0]} among the positions ({row['symbol']}{value}) is left out; bt_pdt judges stocks, and it lends nothing here."
            )
            continue
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
        free = _number(where, row, "qty_available")
        if free is not None and known.stated is not None:
            known.stated.available[symbol] = (abs(free), abs(qty))
        if _flag(where, row, "asset_marginable") is False and row.get("asset_marginable") not in (None, ""):
            known.assets.append(Asset(symbol, marginable=False))
    return held


def _executions(activities: Any, known: Snapshot) -> list[dict[str, Any]]:
    """Today's executions of stocks among the activities; those of options and crypto are counted and left out."""
    session, found, foreign = sessions.session_of(known.at), [], 0
    if not isinstance(activities, list) or not all(isinstance(row, dict) for row in activities):
        raise BadInput("--activities: this is not Alpaca's list of activities.")
    size = full_pages([len(activities)], (50, 100))
    if size is not None:
        known.notes.append(f"the activities are exactly {size} rows, a full page of the API's: older ones of today may be missing.")
    for row in activities:
        if str(row.get("activity_type") or "FILL").upper() != "FILL" or not row.get("symbol"):
            continue
        where = f"--activities: {row.get('id', '(without id)')}"
        at = _moment(where, row, "transaction_time", "date")
        if at is None or sessions.session_of(at) != session:
            continue
        if kind_of(row) != STOCK:
            foreign += 1
            continue
        found.append({"at": at, "where": where, **row})
    if foreign:
        known.notes.append(f"{foreign} executions of options or crypto today are left out.")
    return found


def _fills(executed: list[dict[str, Any]], orders: Mapping[str, str], held: dict[str, tuple[float, float]], known: Snapshot) -> list[Any]:
    """Executions of the activities as events, taken back out of cash and positions. ``orders``: Alpaca's id -> the id here."""
    events = []
    for row in executed:
        where, symbol, side = row["where"], str(row["symbol"]), _side(row["where"], row)
        qty, price = _needed(where, row, "qty"), _needed(where, row, "price")
        sign = 1 if side == "buy" else -1
        known.cash += sign * qty * price
        now, close = held.get(symbol, (0.0, price))
        held[symbol] = (now - sign * qty, close)
        key = orders.get(str(row.get("order_id")), str(row.get("order_id") or ""))
        events.append((row["at"], 1, None, Fill(symbol, side, qty, price, key or None, at=row["at"])))
    return events


def _orders(orders: Any, known: Snapshot, held: dict[str, tuple[float, float]], executed: list[dict[str, Any]] | None = None) -> None:
    """Today's executions are taken back out of cash and positions and put into ``known.today`` with the open orders, in time."""
    session = sessions.session_of(known.at)
    events: list[tuple[datetime, int, OrderRequest | None, Fill | None]] = []
    earlier = 0
    rows: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
    foreign: dict[str, int] = {}
    listed = [] if orders is None else orders
    if isinstance(listed, list):
        size = full_pages([len(listed)], (50, 100, 500))
        if size is not None:
            known.notes.append(
                f"the orders are exactly {size} rows, a full page of the API's: older orders of today are very likely missing "
                "(ask with limit=500, and for the next page before the oldest)."
            )
        stocks = []
        for row in listed:
            kind = kind_of(row) if isinstance(row, dict) else STOCK
            if kind == STOCK:
                stocks.append(row)
            else:
                foreign[NAMES[kind][1]] = foreign.get(NAMES[kind][1], 0) + 1
        listed = stocks
    for name, count in foreign.items():
        known.notes.append(
            f"{count} order{'s' if count > 1 else ''} for {name} {'are' if count > 1 else 'is'} left out; bt_pdt judges stocks."
        )
    for row in _rows("--orders", listed, "orders"):
        rows.append((row, None))
        rows += [(leg, row) for leg in row.get("legs") or ()]
    names: dict[str, str] = {}
    for row, parent in rows:
        where = f"--orders: order {row.get('id', '(without id)')}"
        status = str(row.get("status") or "").lower()
        if status not in _OPEN + _OVER:
            raise BadInput(f"{where}: its status {row.get('status')!r} is not known.")
        name, symbol, side = str(row.get("id") or f"order {len(events)}"), str(row["symbol"]), _side(where, row)
        names[name] = name if parent is None else f"{parent.get('id')}.{'tp' if _type(row) == 'limit' else 'sl'}"
        filled = _number(where, row, "filled_qty") or 0.0
        placed = _moment(where, row, "submitted_at", "created_at") or known.at
        before_today = 0.0
        if filled:
            at = _moment(where, row, "filled_at", "canceled_at", "expired_at", "updated_at", "submitted_at")
            price = _needed(where, row, "filled_avg_price")
            if at is None or sessions.session_of(at) != session:
                earlier += 1
                before_today = filled
            elif executed is not None:
                before_today = 0.0  # the activities have its executions
            else:
                sign = 1 if side == "buy" else -1
                known.cash += sign * filled * price
                now, close = held.get(symbol, (0.0, price))
                held[symbol] = (now - sign * filled, close)
                events.append((at, 1, None, Fill(symbol, side, filled, price, names[name], at=at)))
        if status in _OPEN and parent is None:
            request = _open_order(where, row, name, placed, side, before_today, known)
            if request is not None:
                events.append((placed, 0, request, None))
        elif status in _OPEN and parent is not None and str(parent.get("status")).lower() == "filled":
            # the entry is done: its exits work as orders of their own; a pair holds the shares once
            first = [leg for leg in parent["legs"] if str(leg.get("status")).lower() in _OPEN][:1]
            if not any(row is leg for leg in first):
                continue
            placed = max(placed, _moment(where, parent, "filled_at") or placed)
            request = _exits(where, parent, row, placed, side)
            events.append((placed, 2, request, None))
    if executed is not None:
        events += _fills(executed, names, held, known)
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


def _open_order(
    where: str, row: Mapping[str, Any], name: str, placed: datetime, side: str, before_today: float, known: Snapshot
) -> OrderRequest | None:
    qty = _number(where, row, "qty")
    if qty is None:
        amount = _number(where, row, "notional")
        if amount is None:
            raise BadInput(f"{where}: an open order needs qty, or notional for one in dollars.")
        price = _number(where, row, "limit_price") or known.prices.get(str(row["symbol"])) or _number(where, row, "filled_avg_price")
        if price is None:
            known.notes.append(
                f"an open order for {dollars(amount)} of {row['symbol']} has no price here and reserves nothing; give --price {row['symbol']}=."
            )
            return None
        qty = round(amount / price, 9)
        known.notes.append(f"an open order for {dollars(amount)} of {row['symbol']} works as that amount's shares at {dollars(price)}.")
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
