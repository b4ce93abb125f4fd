"""A real account's own files as a history that the audit plays: Alpaca's orders and activities become JSON Lines.

The files are recognised by content: the answers of ``GET /v2/orders`` (with ``nested=true``), ``GET /v2/account/activities`` and
``GET /v2/account``, as JSON, or orders and activities as CSV with the same columns. What the audit's format cannot say stops the import
with a sentence; what is harmless is counted in ``notes``. Nothing is left out in silence.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..core.errors import BadInput, known_name
from ..core.money import SHARE_DUST
from ..core.orders import finite

NEW_YORK = ZoneInfo("America/New_York")
Row = dict[str, Any]

_STATUSES = (
    *("new", "accepted", "pending_new", "accepted_for_bidding", "held", "partially_filled", "pending_cancel", "pending_replace"),
    *("stopped", "suspended", "calculated", "filled", "done_for_day", "canceled", "expired", "replaced", "rejected"),
)
_TIMES_IN_FORCE = {"day": "day", "gtc": "gtc", "opg": "day", "cls": "day", "ioc": "day", "fok": "day"}
_SIDES = {"buy": "buy", "buy_to_cover": "buy", "sell": "sell", "sell_short": "sell"}
_CASH_KINDS = {
    **dict.fromkeys(("INT", "INTNRA", "INTTW"), "interest"),
    **dict.fromkeys(("FEE", "PTC", "PTR"), "fee"),
    **dict.fromkeys(("CIL",), "dividend"),
    **dict.fromkeys(("CSD", "CSW", "JNLC", "TRANS", "ACATC"), "transfer"),
}
_SPLITS = ("SPLIT", "SSP")
_CANNOT_SAY = {
    **dict.fromkeys(("MA", "NC", "REORG", "SPIN", "SSO"), "is a corporate action that changes one security into another"),
    **dict.fromkeys(("ACATS", "JNLS"), "moves shares in or out without a trade"),
    **dict.fromkeys(("OPASN", "OPCA", "OPCSH", "OPEXC", "OPEXP", "OPTRD"), "is about options"),
    **dict.fromkeys(("CFEE",), "is about crypto"),
}
_NAMES = (
    *("id", "order_id", "replaces", "replaced_by", "symbol", "status", "side", "type", "order_type", "order_class", "asset_class"),
    *("time_in_force", "position_intent", "activity_type"),
)
#: other spellings of a column, after lower case and underscores
_COLUMNS = {
    **dict.fromkeys(("activity", "transaction_type"), "activity_type"),
    **dict.fromkeys(("asset", "ticker"), "symbol"),
    **dict.fromkeys(("quantity", "shares"), "qty"),
    **dict.fromkeys(("filled_shares", "filled_quantity"), "filled_qty"),
    **dict.fromkeys(("avg_fill_price", "average_fill_price", "avg_price"), "filled_avg_price"),
    **dict.fromkeys(("amount", "net"), "net_amount"),
    **dict.fromkeys(("order", "orderid"), "order_id"),
    "tif": "time_in_force",
}


class Imported(NamedTuple):
    """Lines of an audit history, where each came from, and what a reader of the result should know."""

    lines: list[str]
    origins: list[str]
    notes: list[str]


@dataclass
class _Event:
    """One line to be: its moment, its rank among equal moments, its keys."""

    at: datetime
    rank: int
    keys: Row
    origin: str


_RANK = {"split": 0, "transfer": 1, "cash": 1, "order": 3, "replace": 4, "fill": 5, "cancel": 6}


@dataclass
class _Found:
    """The rows of all files by what they are."""

    orders: dict[str, Row] = field(default_factory=dict)
    activities: dict[str, Row] = field(default_factory=dict)
    account: Row | None = None
    names: dict[str, str] = field(default_factory=dict)  # order id -> file
    has_orders: bool = False
    has_activities: bool = False


class Notes:
    """Sentences with counts, in the order in which they first applied."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, sentence: str) -> None:
        self._counts[sentence] = self._counts.get(sentence, 0) + 1

    def lines(self) -> list[str]:
        return [f"{n} x {s}" if n > 1 else s for s, n in self._counts.items()]


# -- reading the files


def _read(path: str) -> list[Row]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({(error.strerror or 'unknown').lower()}).") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text.") from None
    if text.lstrip()[:1] in ("[", "{"):
        return _read_json(path, text)
    return _read_csv(path, text)


def _read_json(path: str, text: str) -> list[Row]:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: is not JSON ({error}).") from None
    rows = value if isinstance(value, list) else [value]
    for i, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadInput(f"{path}: item {i} is not an object, so it is neither an order nor an activity.")
    return rows


def _read_csv(path: str, text: str) -> list[Row]:
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or len(rows[0]) < 2:
        raise BadInput(f"{path}: is neither JSON nor CSV with a header line.")
    names = [_column(name) for name in rows[0]]
    found = []
    for number, values in enumerate(rows[1:], 2):
        if not any(v.strip() for v in values):
            continue
        if len(values) != len(names):
            raise BadInput(f"{path}:{number}: has {len(values)} fields, the header has {len(names)}.")
        found.append({name: value.strip() or None for name, value in zip(names, values, strict=True)})
    return found or [dict.fromkeys(names)]


def _column(name: str) -> str:
    plain = "_".join(name.strip().lower().replace(".", "").split())
    return _COLUMNS.get(plain, plain)


def _kind(row: Row) -> str | None:
    if "activity_type" in row:
        return "activity"
    if "order_id" in row and "transaction_time" in row and "price" in row:
        return "activity"
    if {"cash", "buying_power"} <= row.keys() or {"cash", "account_number"} <= row.keys():
        return "account"
    if "side" in row and "status" in row and ("submitted_at" in row or "created_at" in row):
        return "order"
    return None


def _collect(paths: Iterable[str], notes: Notes) -> _Found:
    found = _Found()
    for path in paths:
        for i, row in enumerate(_read(path), 1):
            kind = _kind(row)
            if kind is None:
                keys = ", ".join(sorted(str(k) for k in row)[:8]) or "no keys"
                raise BadInput(f"{path}: item {i} is neither an order, an activity nor an account of Alpaca's (it has {keys}).")
            _check_fields(f"{path}: item {i}", row)
            if kind == "account":
                if found.account is not None:
                    raise BadInput(f"{path}: a second account; one history is one account.")
                found.account = row
            elif kind == "order":
                found.has_orders = True
                if any(row.values()):
                    _add_order(found, path, i, row, notes)
            else:
                found.has_activities = True
                if any(row.values()):
                    name = str(row.get("id") or f"{path} item {i}")
                    if name in found.activities:
                        notes.add("an activity stands twice in the files and is counted once.")
                    found.activities[name] = {**row, "_file": path}
    if not found.has_orders and not found.has_activities:
        raise BadInput("there is neither an order nor an activity in these files.")
    return found


def _add_order(found: _Found, path: str, i: int, row: Row, notes: Notes) -> None:
    name = row.get("id") or row.get("order_id") or f"row{i}"
    if name in found.orders:
        notes.add("an order stands twice in the files; the newer one counts.")
        if str(row.get("updated_at") or "") < str(found.orders[name].get("updated_at") or ""):
            return
    found.orders[name] = row
    found.names[name] = path


def _check_fields(where: str, row: Row) -> None:
    """Every field is a plain value, names are text, and legs are orders with ids."""
    for name, value in row.items():
        if name in _NAMES and not isinstance(value, (str, type(None))):
            raise BadInput(f"{where}: {name} must be text, got {json.dumps(value)}.")
        if name == "legs" and value:
            if not isinstance(value, list) or not all(isinstance(leg, dict) and leg.get("id") for leg in value):
                raise BadInput(f"{where}: legs must be a list of orders with ids.")
            for leg in value:
                _check_fields(f"{where}, leg {leg['id']}", leg)
                if leg.get("legs"):
                    raise BadInput(f"{where}, leg {leg['id']}: a leg has no legs of its own.")


def _legs(row: Row) -> list[Row]:
    legs: list[Row] = row.get("legs") or []
    return legs


# -- values


def _number(where: str, name: str, value: object) -> float | None:
    """A number that may be text, as Alpaca writes it; None if it is not there."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "").replace("$", ""))
        except ValueError:
            raise BadInput(f"{where}: {name} must be a number, got {value!r}.") from None
    return finite(f"{where}: {name}", value)


def _moment(where: str, name: str, value: object) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{where}: {name} must be an ISO 8601 time, got {value!r}.") from None
    if at.tzinfo is None:
        raise BadInput(f"{where}: {name} has no time zone ({value!r}); Alpaca's own times end in Z.")
    return at.astimezone(UTC)


def _first_moment(where: str, row: Row, *names: str) -> datetime | None:
    for name in names:
        at = _moment(where, name, row.get(name))
        if at is not None:
            return at
    return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


def plain_number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _choice(where: str, what: str, value: object, known: Collection[str]) -> str:
    try:
        return known_name(what, value, known)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None


# -- orders


class _Orders:
    """Orders, their legs and their replacements as events; knows under which id the audit has each."""

    def __init__(self, found: _Found, notes: Notes) -> None:
        self.found, self.notes = found, notes
        self.events: list[_Event] = []
        self.audit_id: dict[str, str] = {}  # Alpaca's id -> the audit's
        self.rows: dict[str, Row] = {}  # every order and leg by Alpaca's id
        self.rejected: set[str] = set()
        self.fills: dict[str, list[_Event]] = {}
        nested = {str(leg["id"]) for row in found.orders.values() for leg in _legs(row)}
        for name, row in found.orders.items():
            if name in nested and not _legs(row):
                notes.add("an order stands twice in the files, alone and as a leg; the leg counts.")
            else:
                self._list(name, row)
        self._after = {str(row["replaces"]): name for name, row in self.rows.items() if row.get("replaces")}

    def _list(self, name: str, row: Row) -> None:
        row["_id"] = name
        if name in self.rows:
            raise BadInput(f"{self.where(row)}: two different orders have this id.")
        self.rows[name] = row
        for leg in _legs(row):
            leg["_parent"] = name
            self.found.names.setdefault(str(leg["id"]), self.found.names[name])
            self._list(str(leg["id"]), leg)

    def where(self, row: Row) -> str:
        name = row.get("_id") or row.get("id")
        return f"{self.found.names.get(str(name), 'orders')}: order {name}"

    def root(self, name: str) -> str:
        """The first order of a chain of replacements."""
        seen = {name}
        while True:
            before = self.rows[name].get("replaces")
            if not before or before not in self.rows or before in seen:
                return name
            seen.add(before)
            name = before

    def chain(self, name: str) -> list[Row]:
        """An order and what replaced it, in time."""
        rows, seen = [self.rows[name]], {name}
        while True:
            last = rows[-1]
            after = last.get("replaced_by") or self._after.get(last["_id"])
            if not after or after not in self.rows or after in seen:
                return rows
            seen.add(after)
            rows.append(self.rows[after])

    def filled(self, rows: Iterable[Row]) -> float:
        return sum(_number(self.where(r), "filled_qty", r.get("filled_qty")) or 0.0 for r in rows)

    def name_all(self) -> None:
        """Audit ids: an order's own for itself and its replacements, ID.tp and ID.sl for exits."""
        legs_of: dict[str, list[str]] = {}
        for name, row in self.rows.items():
            if name == self.root(name) and "_parent" in row:
                legs_of.setdefault(self.root(row["_parent"]), []).append(name)
        for name, row in self.rows.items():
            if name == self.root(name) and "_parent" not in row:
                kind = self.order_class(row)
                legs = legs_of.get(name, [])
                for leg in legs:
                    kind_of_leg = self.type_of(self.rows[leg])
                    self.audit_id[leg] = f"{name}.{'tp' if kind_of_leg == 'limit' else 'sl'}"
                if len({self.audit_id[leg] for leg in legs}) < len(legs):
                    raise BadInput(f"{self.where(row)}: two of its legs are of the same kind; exits are one limit and one stop.")
                self.audit_id[name] = f"{name}.tp" if kind == "oco" else name
                row["_legs"] = {self.audit_id[leg].rpartition(".")[2]: self.rows[leg] for leg in legs}
        for name in self.rows:
            self.audit_id.setdefault(name, self.audit_id[self.root(name)])

    def order_class(self, row: Row) -> str:
        name = row.get("order_class") or "simple"
        return _choice(self.where(row), "order_class", name, ("simple", "bracket", "oco", "oto"))

    def type_of(self, row: Row) -> str:
        return _choice(
            self.where(row), "type", row.get("type") or row.get("order_type"), ("market", "limit", "stop", "stop_limit", "trailing_stop")
        )

    def make(self) -> None:
        self.name_all()
        for name, row in self.rows.items():
            if name == self.root(name) and "_parent" not in row:
                self._make(name, row)

    def _make(self, name: str, row: Row) -> None:
        where = self.where(row)
        at = _first_moment(where, row, "submitted_at", "created_at")
        if at is None:
            raise BadInput(f"{where}: submitted_at and created_at are both missing.")
        if row.get("replaces"):
            self.notes.add("an order replaces one that is not in the files; it is put in as a new order.")
        kind = self.order_class(row)
        keys = self._keys(row)
        keys["id"] = name
        if kind != "simple":
            keys["order_class"] = kind
            keys |= self._exits(where, kind, row)
        self._add(at, "order", keys, where)
        self._life(name, row, at)
        for leg in row["_legs"].values():
            self._life(leg["_id"], leg, at)

    def _keys(self, row: Row) -> Row:
        where = self.where(row)
        asset_class = row.get("asset_class") or "us_equity"
        if asset_class != "us_equity":
            raise BadInput(f"{where}: its asset_class is {asset_class!r}; the audit knows shares only, so take it out of the file.")
        status = _choice(where, "status", str(row.get("status") or "").lower(), _STATUSES)
        kind = self.type_of(row)
        tif = _choice(where, "time_in_force", row.get("time_in_force") or "day", _TIMES_IN_FORCE)
        if tif not in ("day", "gtc"):
            self.notes.add(f"an order with time in force {tif} is put in as a day order.")
        symbol = row.get("symbol")
        if not isinstance(symbol, str) or not symbol:
            raise BadInput(f"{where}: symbol is missing.")
        keys: Row = {"symbol": symbol, "side": _SIDES[_choice(where, "side", str(row.get("side") or "").lower(), _SIDES)]}
        keys["qty"] = self._qty(row, status)
        if kind != "market":
            keys["type"] = kind
        for price in ("limit_price", "stop_price", "trail_price", "trail_percent"):
            value = _number(where, price, row.get(price))
            wanted = price.startswith("trail") if kind == "trailing_stop" else price.removesuffix("_price") in kind.split("_")
            if value is not None and wanted:
                keys[price] = value
        keys["time_in_force"] = _TIMES_IN_FORCE[tif]
        if row.get("extended_hours") in (True, "true", "True"):
            keys["extended_hours"] = True
        return keys

    def _qty(self, row: Row, status: str) -> float | int | Row:
        where = self.where(row)
        qty = _number(where, "qty", row.get("qty"))
        if qty is not None:
            return plain_number(qty)
        notional = _number(where, "notional", row.get("notional"))
        if notional is None:
            raise BadInput(f"{where}: has neither qty nor notional.")
        filled = _number(where, "filled_qty", row.get("filled_qty")) or 0.0
        if status == "filled" and filled:
            self.notes.add("an order for an amount of dollars is put in as the shares that it bought or sold.")
            return plain_number(filled)
        price = _number(where, "limit_price", row.get("limit_price"))
        if price:
            self.notes.add("an order for an amount of dollars is put in as that amount's shares at its limit.")
            return plain_number(max(round(notional / price, 9), filled))
        return {"notional": notional, "filled": filled}  # settled when prices are known

    def _exits(self, where: str, kind: str, row: Row) -> Row:
        legs: dict[str, Row] = row["_legs"]
        if any(leg.get("replaces") for leg in legs.values()):
            self.notes.add("an exit replaces one that is not in the files; its last price is taken from the start.")
        exits: Row = {}
        if kind == "oco":
            exits["take_profit"] = _number(where, "limit_price", row.get("limit_price"))
        if "tp" in legs and kind != "oco":
            exits["take_profit"] = _number(self.where(legs["tp"]), "limit_price", legs["tp"].get("limit_price"))
        if "sl" in legs:
            exits["stop_loss"] = _number(self.where(legs["sl"]), "stop_price", legs["sl"].get("stop_price"))
        exits = {k: v for k, v in exits.items() if v is not None}
        if len(exits) < {"bracket": 2, "oco": 2, "oto": 1}[kind]:
            raise BadInput(f"{where}: an order of class {kind} comes without its exits; ask Alpaca for the orders with nested=true.")
        return exits

    def _life(self, name: str, first: Row, placed: datetime) -> None:
        """Replacements, cancellation or expiry of an order or leg."""
        rows = self.chain(name)
        target = self.audit_id[name]
        before = first
        for row in rows[1:]:
            where = self.where(row)
            at = _first_moment(where, before, "replaced_at") or _first_moment(where, row, "submitted_at", "created_at")
            if at is None:
                raise BadInput(f"{where}: replaced_at, submitted_at and created_at are all missing.")
            keys: Row = {"order": target}
            for key in ("qty", "limit_price", "stop_price"):
                old, new = _number(where, key, before.get(key)), _number(where, key, row.get(key))
                if new is not None and new != old:
                    keys[key] = plain_number(new) if key == "qty" else new
            if len(keys) > 1:
                self._add(max(at, placed), "replace", keys, where)
            else:
                self.notes.add("a replacement changes neither qty, limit_price nor stop_price and is left out.")
            before = row
        last = rows[-1]
        where, status = self.where(last), str(last.get("status") or "").lower()
        _choice(where, "status", status, _STATUSES)
        parent = self.rows[self.root(first["_parent"])] if "_parent" in first else None
        if parent is not None and not self._leg_ends_alone(parent, first):
            return
        if status == "canceled" and parent is None and self.order_class(first) == "oco" and self._any_filled(first["_legs"].values()):
            return  # the other leg was filled
        if status in ("canceled", "expired", "rejected"):
            at = _first_moment(where, last, f"{status}_at", "failed_at", "updated_at") or (placed if status == "rejected" else None)
            if at is None:
                if status == "expired" and _TIMES_IN_FORCE.get(str(last.get("time_in_force"))) == "day":
                    return  # ends with the close
                raise BadInput(f"{where}: is {status}, but {status}_at and updated_at are missing.")
            if status == "rejected":
                self.rejected.add(target)
            order = first["_id"] if parent is None else target
            self._add(max(at, placed), "expire" if status == "expired" else "cancel", {"order": order}, where)

    def _any_filled(self, legs: Iterable[Row]) -> bool:
        return any(str(r.get("status")) == "filled" for leg in legs for r in self.chain(leg["_id"]))

    def _leg_ends_alone(self, parent: Row, leg: Row) -> bool:
        """A leg's own end counts only if its entry was filled and no other leg was: else the audit ends it by itself."""
        if self.order_class(parent) == "oco":
            return False
        last = self.chain(parent["_id"])[-1]
        others = [other for other in parent["_legs"].values() if other is not leg]
        return str(last.get("status")) == "filled" and not self._any_filled(others)

    def _add(self, at: datetime, event: str, keys: Row, origin: str) -> None:
        rank = _RANK["cancel" if event == "expire" else event]
        self.events.append(_Event(at, rank, {"event": event, **keys}, origin))


# -- activities


def _activities(found: _Found, orders: _Orders, notes: Notes) -> list[_Event]:
    events: list[_Event] = []
    sums: dict[str, float] = {}
    splits: dict[tuple[date, str], list[tuple[float, str]]] = {}
    for name, row in found.activities.items():
        where = f"{row['_file']}: activity {name}"
        kind = str(row.get("activity_type") or "FILL").upper()
        status = str(row.get("status") or "executed").lower()
        if status == "canceled":
            notes.add(f"an activity {kind} is marked canceled and is left out.")
            continue
        if status not in ("executed", "correct"):
            raise BadInput(f"{where}: its status {status!r} is not known; known: executed, correct, canceled.")
        if kind == "FILL":
            events.append(_fill(where, row, orders, notes, sums))
        elif kind in _SPLITS:
            day = _activity_day(where, row)
            change = _number(where, "qty", row.get("qty"))
            if change is None or not row.get("symbol"):
                raise BadInput(f"{where}: a split needs symbol and qty (the shares that it added).")
            splits.setdefault((day, str(row["symbol"])), []).append((change, where))
            if _number(where, "net_amount", row.get("net_amount")):
                events.append(_cash("dividend", where, row))
        elif kind in _CASH_KINDS or kind.startswith("DIV"):
            amount = _number(where, "net_amount", row.get("net_amount"))
            if amount is None:
                raise BadInput(f"{where}: net_amount is missing.")
            if amount == 0:
                notes.add(f"an activity {kind} over $0 is left out.")
            else:
                events.append(_cash(_CASH_KINDS.get(kind, "dividend"), where, row))
        elif kind in _CANNOT_SAY:
            raise BadInput(f"{where}: {kind} {_CANNOT_SAY[kind]}; the audit's format cannot say that.")
        else:
            raise BadInput(f"{where}: the activity kind {kind!r} is not known.")
    if found.has_activities:
        _all_there(orders, sums)
    for (day, symbol), parts in splits.items():
        origin = parts[0][1]
        changes = [change for change, _ in parts]
        events.append(_Event(_midnight(day), _RANK["split"], {"event": "split", "symbol": symbol, "changes": changes}, origin))
    return events


def _activity_day(where: str, row: Row) -> date:
    text = row.get("date") or row.get("transaction_time") or row.get("created_at")
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise BadInput(f"{where}: date must be a day like 2025-03-03, got {text!r}.") from None


def _cash(event: str, where: str, row: Row) -> _Event:
    amount = _number(where, "net_amount", row.get("net_amount")) or 0.0
    text = row.get("date")
    at = _midnight(_activity_day(where, row)) if text else _first_moment(where, row, "transaction_time", "created_at")
    if at is None:
        raise BadInput(f"{where}: date is missing.")
    if event == "transfer":
        event, amount = ("deposit", amount) if amount > 0 else ("withdraw", -amount)
    return _Event(at, _RANK["cash"], {"event": event, "amount": amount}, where)


def _fill(where: str, row: Row, orders: _Orders, notes: Notes, sums: dict[str, float]) -> _Event:
    kind = row.get("type") or "fill"
    if kind not in ("fill", "partial_fill"):
        raise BadInput(f"{where}: an execution of type {kind!r} is not known; known: fill, partial_fill.")
    at = _moment(where, "transaction_time", row.get("transaction_time"))
    if at is None:
        raise BadInput(f"{where}: transaction_time is missing.")
    qty, price = _number(where, "qty", row.get("qty")), _number(where, "price", row.get("price"))
    if qty is None or price is None or not row.get("symbol"):
        raise BadInput(f"{where}: an execution needs symbol, qty and price.")
    side = _choice(where, "side", str(row.get("side") or "").lower(), _SIDES)
    keys: Row = {"event": "fill", "symbol": str(row["symbol"]), "side": _SIDES[side], "qty": plain_number(qty), "price": price}
    if side == "sell":
        keys["long_sale"] = True
    order = str(row.get("order_id") or "")
    if order in orders.audit_id:
        sums[order] = sums.get(order, 0.0) + qty
        keys["order"] = orders.audit_id[order]
    else:
        notes.add("an execution belongs to an order that is not in the files; it is booked as an execution of an unknown order.")
    return _Event(at, _RANK["fill"], keys, where)


def _all_there(orders: _Orders, sums: Mapping[str, float]) -> None:
    for name in orders.rows:
        if name != orders.root(name):
            continue
        rows = orders.chain(name)
        said = max((orders.filled([row]) for row in rows), default=0.0)
        seen = sum(sums.get(row["_id"], 0.0) for row in rows)
        if said > seen + 1e-6:
            raise BadInput(
                f"{orders.where(rows[0])}: {said:g} were filled, but its FILL activities come to {seen:g}; "
                "ask Alpaca for the activities of the same period."
            )


def _fills_of_orders(orders: _Orders, notes: Notes) -> list[_Event]:
    """Without activities: each filled order as one execution at its average price."""
    events = []
    for name, row in orders.rows.items():
        where = orders.where(row)
        qty = _number(where, "filled_qty", row.get("filled_qty"))
        if not qty:
            continue
        price = _number(where, "filled_avg_price", row.get("filled_avg_price"))
        at = _first_moment(where, row, "filled_at", "canceled_at", "expired_at", "replaced_at", "updated_at")
        if price is None or at is None:
            raise BadInput(f"{where}: {qty:g} were filled, but filled_avg_price or filled_at is missing; give the activities too.")
        side = _SIDES[_choice(where, "side", str(row.get("side") or "").lower(), _SIDES)]
        keys: Row = {
            "event": "fill",
            "order": orders.audit_id[name],
            "symbol": row.get("symbol"),
            "side": side,
            "qty": plain_number(qty),
            "price": price,
        }
        if row.get("position_intent") == "sell_to_close":
            keys["long_sale"] = True
        events.append(_Event(at, _RANK["fill"], keys, where))
    if events:
        notes.add(
            "there are no activities in these files: each filled order is one execution at its average price, cash moves are unknown."
        )
    return events


# -- putting it in order


def from_alpaca(paths: Sequence[str], cash: float | None, start: str | None) -> Imported:
    """Alpaca's own files as lines of the audit's format in time order.

    ``cash`` is the balance before the first event; without it an account file says it (its balance less all that happened since), or a
    history that begins with a deposit starts at 0. ``start`` is the time of the account line (default: the day of the first event).
    Raises :class:`BadInput` naming file and order or activity.
    """
    notes = Notes()
    found = _collect(paths, notes)
    orders = _Orders(found, notes)
    orders.make()
    events = orders.events + _activities(found, orders, notes)
    if not found.has_activities:
        events += _fills_of_orders(orders, notes)
    if not events:
        raise BadInput("there is neither an order nor an activity in these files.")
    events.sort(key=lambda e: (e.at, e.rank))
    carried = _carried(events, notes)
    _settle_amounts(events, notes)
    opening = _opening_cash(found, events, cash)
    begin = _start(start, events[0])
    keys: Row = {"event": "account", "at": begin, "cash": opening, "brokerage": "alpaca"}
    if carried:
        keys["positions"] = [{"symbol": s, "qty": plain_number(q), "price": p} for s, (q, p) in carried.items()]
    lines, origins = [json.dumps(keys)], ["the account line"]
    last = datetime.fromisoformat(begin)
    last = last.astimezone(NEW_YORK).replace(tzinfo=None) if last.tzinfo else last
    priced = set(carried)
    for i, event in enumerate(events):
        local = event.at.astimezone(NEW_YORK).replace(tzinfo=None)
        if local < last:  # the hour that the clocks repeat in autumn
            local = last
            text = local.isoformat()
        else:
            text = event.at.isoformat()
        last = local
        keys = event.keys
        symbol = str(keys.get("symbol"))
        if keys["event"] == "order" and symbol not in priced:
            price = _first_price(events[i:], symbol)
            if price is not None:
                lines.append(json.dumps({"event": "price", "at": text, "symbol": symbol, "price": price}))
                origins.append(event.origin)
                priced.add(symbol)
        if keys["event"] == "fill":
            priced.add(symbol)
        keys = {k: v for k, v in keys.items() if k != "long_sale"}
        lines.append(json.dumps({"event": keys.pop("event"), "at": text, **keys}))
        origins.append(event.origin)
    for target in orders.rejected:
        notes.add(f"order {target} was rejected at Alpaca; here it is judged like any other and cancelled at once.")
    return Imported(lines, origins, notes.lines())


def _first_price(events: Iterable[_Event], symbol: object) -> float | None:
    for event in events:
        if event.keys["event"] == "fill" and event.keys["symbol"] == symbol:
            return float(event.keys["price"])
    return None


def _carried(events: list[_Event], notes: Notes) -> dict[str, tuple[float, float]]:
    """Shares that must have been held before the first event: sales of a long position beyond what these files bought."""
    held: dict[str, float] = {}
    short: dict[str, float] = {}
    first: dict[str, float] = {}
    for event in events:
        keys = event.keys
        if keys["event"] != "fill":
            continue
        symbol = keys["symbol"]
        first.setdefault(symbol, keys["price"])
        held[symbol] = held.get(symbol, 0.0) + (keys["qty"] if keys["side"] == "buy" else -keys["qty"])
        if keys.get("long_sale") and held[symbol] < -SHARE_DUST:
            short[symbol] = max(short.get(symbol, 0.0), -held[symbol])
    carried = {}
    for symbol, qty in short.items():
        qty = round(qty, 9)
        carried[symbol] = (qty, first[symbol])
        notes.add(
            f"{plain_number(qty)} {symbol} sold were not bought in these files: held before, at their first price ({first[symbol]:g})."
        )
    held = {symbol: qty for symbol, (qty, _) in carried.items()}
    for event in events:
        keys = event.keys
        if keys["event"] == "fill":
            held[keys["symbol"]] = held.get(keys["symbol"], 0.0) + (keys["qty"] if keys["side"] == "buy" else -keys["qty"])
        elif keys["event"] == "split":
            changes, had = keys.pop("changes"), held.get(keys["symbol"], 0.0)
            removed = -sum(c for c in changes if c < 0)
            added = sum(c for c in changes if c > 0)
            ratio = added / removed if removed and added else (had + sum(changes)) / had if had else 0.0
            if ratio <= 0:
                raise BadInput(f"{event.origin}: no {keys['symbol']} is held in these files, so the ratio of its split is unknown.")
            keys["ratio"] = round(ratio, 9)
            held[keys["symbol"]] = had * ratio
    return carried


def _settle_amounts(events: list[_Event], notes: Notes) -> None:
    """Orders for dollars without a limit: shares at the last (else the next) price. Without any price an order cannot be judged."""
    prices: dict[str, float] = {}
    gone: set[str] = set()
    for i, event in enumerate(events):
        keys = event.keys
        if keys["event"] == "fill":
            prices[keys["symbol"]] = keys["price"]
        if keys["event"] != "order":
            continue
        price = prices.get(keys["symbol"]) or _first_price(events[i:], keys["symbol"])
        if isinstance(keys["qty"], dict) and price is not None:
            keys["qty"] = plain_number(max(round(keys["qty"]["notional"] / price, 9), keys["qty"]["filled"]))
            notes.add("an order for an amount of dollars is put in as that amount's shares at the symbol's price.")
        needs_price = keys.get("type", "market") in ("market", "trailing_stop") and keys.get("order_class") != "oco"
        if price is None and (needs_price or isinstance(keys["qty"], dict)):
            gone.add(str(keys["id"]))
            what = f"order {keys['id']} ({keys['side']} {keys['symbol']}, never filled)"
            notes.add(f"{what} has no price in these files and cannot be judged; it is left out.")
    if gone:
        events[:] = [e for e in events if not (e.keys.get("id") in gone or str(e.keys.get("order") or "").split(".")[0] in gone)]
        if not events:
            raise BadInput("none of the orders in these files has a price, so none can be judged; give the activities too.")


def _opening_cash(found: _Found, events: list[_Event], cash: float | None) -> float:
    if cash is not None:
        return finite("--cash", cash)
    if found.account is not None:
        now = _number("the account file", "cash", found.account.get("cash"))
        if now is None:
            raise BadInput("the account file has no cash.")
        return round(now - sum(_moved(event.keys) for event in events), 6)
    first = next((e for e in events if e.keys["event"] in ("deposit", "fill")), None)
    if first is not None and first.keys["event"] == "deposit":
        return 0.0
    raise BadInput("these files do not say the cash at their start; give it with --cash, or add Alpaca's account.json to the files.")


def _moved(keys: Row) -> float:
    kind = keys["event"]
    if kind == "fill":
        return float(keys["qty"] * keys["price"] * (-1 if keys["side"] == "buy" else 1))
    if kind == "withdraw":
        return -float(keys["amount"])
    return float(keys["amount"]) if kind in ("deposit", "interest", "fee", "dividend") else 0.0


def _start(start: str | None, first: _Event) -> str:
    if start is None:
        return datetime.combine(first.at.astimezone(NEW_YORK).date(), time()).isoformat()
    try:
        begin = datetime.fromisoformat(start)
    except ValueError:
        raise BadInput(f"--at takes an ISO 8601 time like 2025-03-03T09:00:00, got {start!r}.") from None
    aware = begin if begin.tzinfo else begin.replace(tzinfo=NEW_YORK)
    if aware > first.at:
        raise BadInput(f"--at {start} is after the first event of these files ({first.at.isoformat()}, {first.origin}).")
    return begin.isoformat()
