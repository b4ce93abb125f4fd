"""A real account's own files as a history that the audit plays: Alpaca's orders and activities become JSON Lines.

The files are recognised by content: the answers of ``GET /v2/orders`` (with ``nested=true``), ``GET /v2/account/activities``,
``GET /v2/account`` and ``GET /v2/positions``, as JSON, JSON lines or CSV with the same columns. The last two are the truth at the end: the
opening book is worked out backwards from them. Options and crypto are left out and their money is booked. What is assumed or left out is
counted in ``notes``; nothing is left out in silence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from ..core.errors import BadInput, known_name
from .exports.asking import Trade, executions_as_orders
from .exports.building import RANK, Event, Imported, Notes, Row, Stated, in_order, midnight, number_of, plain_number, since_1970
from .exports.holdings import EITHER, LONG, OPENS_LONG, OPENS_SHORT, SHORT
from .exports.rows import csv_rows, full_pages, json_rows, read_text
from .exports.securities import CRYPTO, NAMES, OPTION, STOCK, kind_of, multiplier, plain_symbol

_STATUSES = (
    *("new", "accepted", "pending_new", "accepted_for_bidding", "held", "partially_filled", "pending_cancel", "pending_replace"),
    *("stopped", "suspended", "calculated", "filled", "done_for_day", "canceled", "expired", "replaced", "rejected"),
)
_TIMES_IN_FORCE = {"day": "day", "gtc": "gtc", "opg": "day", "cls": "day", "ioc": "day", "fok": "day"}
_SIDES = {"buy": "buy", "buy_to_cover": "buy", "sell": "sell", "sell_short": "sell"}
#: What the money of an activity is; any other kind with money in it is booked as a fee, sign included.
_CASH_KINDS = {
    **dict.fromkeys(("INT", "INTNRA", "INTTW"), "interest"),
    **dict.fromkeys(("FEE", "CFEE", "PTC", "PTR", "WH", "DIVWH", "DIVFEE"), "fee"),
    **dict.fromkeys(("CIL", "MA", "REORG", "REO", "SPIN", "SSO", "SPLIT", "SSP"), "dividend"),
    **dict.fromkeys(("CSD", "CSW", "JNLC", "TRANS", "ACATC"), "transfer"),
}
_SPLITS = ("SPLIT", "SSP")
#: Executions like FILL, made elsewhere or by an exercise.
_TRADES = ("FILL", "EXTRD", "OPTRD")
#: Kinds that a reader of the notes need not be told of: they are money of a known sort, or share moves of one.
_KNOWN_MONEY = (
    "DIV",
    "INT",
    "FEE",
    "CFEE",
    "PTC",
    "PTR",
    "WH",
    "CIL",
    "CSD",
    "CSW",
    "JNLC",
    "TRANS",
    "ACATC",
    "MA",
    "REORG",
    "REO",
    "SPIN",
    "SSO",
)
#: Rows of one symbol in these sizes are a page of the API, not all there is.
_PAGES = {"order": (50, 100, 500), "activity": (50, 100)}
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


@dataclass
class _Found:
    """The rows of all files by what they are."""

    orders: dict[str, Row] = field(default_factory=dict)
    activities: dict[str, Row] = field(default_factory=dict)
    account: Row | None = None
    names: dict[str, str] = field(default_factory=dict)  # order id -> file
    has_orders: bool = False
    has_activities: bool = False
    positions: list[Row] | None = None
    foreign: dict[str, Row] = field(default_factory=dict)  # orders that are not for shares, their legs too
    coins: set[str] = field(default_factory=set)  # symbols that some row says are crypto
    pages: dict[str, list[int]] = field(default_factory=dict)  # rows of each file by kind


# -- reading the files


def _read(path: str) -> list[Row]:
    text = read_text(path)
    if text.lstrip()[:1] in ("[", "{"):
        return json_rows(path, text)
    return csv_rows(path, text, _column)


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
    if {"symbol", "qty", "avg_entry_price"} <= row.keys() or {"symbol", "qty", "current_price", "market_value"} <= row.keys():
        return "position"
    if "side" in row and "status" in row and ("submitted_at" in row or "created_at" in row):
        return "order"
    return None


def _collect(paths: Iterable[str], notes: Notes) -> _Found:
    found = _Found()
    for path in paths:
        rows = _read(path)
        if rows == [] and "position" in path.lower():
            found.positions = found.positions or []  # an account that holds nothing
        counts: dict[str, int] = {}
        for i, row in enumerate(rows, 1):
            kind = _kind(row)
            if kind is None:
                keys = ", ".join(sorted(str(k) for k in row)[:8]) or "no keys"
                raise BadInput(
                    f"{path}: item {i} is neither an order, an activity nor an account of Alpaca's (it has {keys}); for another brokerage's "
                    "file give --from auto, and any history can be written as JSON Lines (docs/audit.md, The format)."
                )
            _check_fields(f"{path}: item {i}", row)
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "account":
                if found.account is not None:
                    raise BadInput(f"{path}: a second account; one history is one account.")
                found.account = row
            elif kind == "position":
                found.positions = [*(found.positions or []), row]
                if kind_of(row) == CRYPTO:
                    found.coins.add(plain_symbol(str(row["symbol"])))
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
                        if str(found.activities[name].get("status") or "").lower() in ("correct", "canceled"):
                            continue  # a correction replaces what it corrects, in whatever order the files come
                    found.activities[name] = {**row, "_file": path}
        for kind, count in counts.items():
            found.pages.setdefault(kind, []).append(count)
    if not found.has_orders and not found.has_activities:
        raise BadInput("there is neither an order nor an activity in these files.")
    for kind, sizes in _PAGES.items():
        size = full_pages(found.pages.get(kind, ()), sizes)
        if size is not None:
            many = {"order": "orders", "activity": "activities"}[kind]
            notes.add(
                f"the {many} are exactly {size} rows, a full page of the API's: older ones are very likely missing (docs/audit.md says how to "
                "ask for all pages)."
            )
    _set_apart(found, notes)
    return found


def _set_apart(found: _Found, notes: Notes) -> None:
    """Orders for options, crypto or anything else that is no stock are kept beside: their executions are money here."""
    for name, row in list(found.orders.items()):
        kind = kind_of(row)
        if kind == STOCK and any(kind_of(leg) != STOCK for leg in _legs(row)):
            kind = next(kind_of(leg) for leg in _legs(row) if kind_of(leg) != STOCK)
        if kind == STOCK:
            continue
        del found.orders[name]
        found.foreign[name] = row | {"_kind": kind}
        for leg in _legs(row):
            found.foreign[str(leg["id"])] = leg | {"_kind": kind_of(leg) if leg.get("symbol") else kind}
        if kind == CRYPTO:
            found.coins.add(plain_symbol(str(row.get("symbol"))))
        what = "a multi-leg option order" if row.get("order_class") == "mleg" else f"an order for {NAMES[kind][1]}"
        notes.add(f"{what} is left out; bt_pdt judges stocks, and books the money of its executions.")


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


def _moment(where: str, name: str, value: object) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 1e9:
        return since_1970(float(value))
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
        self.events: list[Event] = []
        self.audit_id: dict[str, str] = {}  # Alpaca's id -> the audit's
        self.rows: dict[str, Row] = {}  # every order and leg by Alpaca's id
        self.rejected: set[str] = set()
        self.fills: dict[str, list[Event]] = {}
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

    def totals(self, rows: Sequence[Row]) -> list[float | None]:
        """What each order of a chain brings the executed quantity of the whole chain to, filled in full.

        A replacement is an order of its own with its own quantity; what the earlier ones had filled comes on top. Where its executions
        show that its quantity counts those (it is filled with less than it says), its quantity is the total by itself.
        """
        found: list[float | None] = []
        before = 0.0
        for i, row in enumerate(rows):
            where = self.where(row)
            qty, filled = number_of(where, "qty", row.get("qty")), number_of(where, "filled_qty", row.get("filled_qty")) or 0.0
            counts_earlier = i > 0 and qty is not None and str(row.get("status")) == "filled" and filled < qty - 1e-6
            counts_earlier = counts_earlier and abs(before + filled - (qty or 0.0)) <= 1e-6
            found.append(None if qty is None else qty if counts_earlier else before + qty)
            before += filled
        return found

    def filled(self, rows: Iterable[Row]) -> float:
        return sum(number_of(self.where(r), "filled_qty", r.get("filled_qty")) or 0.0 for r in rows)

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
            value = number_of(where, price, row.get(price))
            wanted = price.startswith("trail") if kind == "trailing_stop" else price.removesuffix("_price") in kind.split("_")
            if value is not None and wanted:
                keys[price] = value
        keys["time_in_force"] = _TIMES_IN_FORCE[tif]
        if row.get("extended_hours") in (True, "true", "True"):
            keys["extended_hours"] = True
        return keys

    def _qty(self, row: Row, status: str) -> float | int | Row:
        where = self.where(row)
        qty = number_of(where, "qty", row.get("qty"))
        if qty is not None:
            return plain_number(qty)
        notional = number_of(where, "notional", row.get("notional"))
        if notional is None:
            raise BadInput(f"{where}: has neither qty nor notional.")
        filled = number_of(where, "filled_qty", row.get("filled_qty")) or 0.0
        if status == "filled" and filled:
            self.notes.add("an order for an amount of dollars is put in as the shares that it bought or sold.")
            return plain_number(filled)
        price = number_of(where, "limit_price", row.get("limit_price"))
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
            exits["take_profit"] = number_of(where, "limit_price", row.get("limit_price"))
        if "tp" in legs and kind != "oco":
            exits["take_profit"] = number_of(self.where(legs["tp"]), "limit_price", legs["tp"].get("limit_price"))
        if "sl" in legs:
            exits["stop_loss"] = number_of(self.where(legs["sl"]), "stop_price", legs["sl"].get("stop_price"))
        exits = {k: v for k, v in exits.items() if v is not None}
        if len(exits) < {"bracket": 2, "oco": 2, "oto": 1}[kind]:
            raise BadInput(f"{where}: an order of class {kind} comes without its exits; ask Alpaca for the orders with nested=true.")
        return exits

    def _life(self, name: str, first: Row, placed: datetime) -> None:
        """Replacements, cancellation or expiry of an order or leg."""
        rows = self.chain(name)
        target = self.audit_id[name]
        before = first
        totals = self.totals(rows)
        for i, row in enumerate(rows[1:], 1):
            where = self.where(row)
            at = _first_moment(where, before, "replaced_at") or _first_moment(where, row, "submitted_at", "created_at")
            if at is None:
                raise BadInput(f"{where}: replaced_at, submitted_at and created_at are all missing.")
            keys: Row = {"order": target}
            was, total = totals[i - 1], totals[i]
            if total is not None and was is not None and abs(total - was) > 1e-6:
                keys["qty"] = plain_number(round(total, 9))
            for key in ("limit_price", "stop_price"):
                old, new = number_of(where, key, before.get(key)), number_of(where, key, row.get(key))
                if new is not None and new != old:
                    keys[key] = new
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
        if status == "replaced":
            self.notes.add("an order was replaced by one that is not in the files; it ends here with its replacement.")
            at = _first_moment(where, last, "replaced_at", "updated_at") or placed
            self._add(max(at, placed), "cancel", {"order": first["_id"] if parent is None else target}, where)
            return
        if status == "filled" and parent is None and totals[-1] is not None and self.filled(rows) < totals[-1] - 1e-6:
            at = _first_moment(where, last, "filled_at", "updated_at")
            if at is not None and self.order_class(first) == "simple":  # it is done, whatever its quantity says
                self._add(max(at, placed), "cancel", {"order": first["_id"]}, where)
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
        rank = RANK["cancel" if event == "expire" else event]
        self.events.append(Event(at, rank, {"event": event, **keys}, origin))


# -- activities


def _activities(found: _Found, orders: _Orders, notes: Notes) -> list[Event]:
    events: list[Event] = []
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
        foreign = _foreign(row, found)
        if kind in _TRADES and (kind == "FILL" or row.get("price") not in (None, "")):
            if foreign is not None:
                events.append(_foreign_fill(where, row, foreign, notes))
            else:
                made = _fill(where, row, orders, notes, sums)
                if kind != "FILL" and made.keys.pop("unknown", None) is not None:
                    notes.add(f"a trade by an activity {kind} came from no order here; it is booked and not asked.")
                events.append(made)
            continue
        amount = number_of(where, "net_amount", row.get("net_amount")) or 0.0
        change = number_of(where, "qty", row.get("qty")) or 0.0
        symbol = str(row.get("symbol") or "")
        if kind in _SPLITS:
            if foreign is None and (not change or not symbol):
                raise BadInput(f"{where}: a split needs symbol and qty (the shares that it added).")
            if foreign is None:
                splits.setdefault((_activity_day(where, row), symbol), []).append((change, where))
        elif change and symbol and foreign is None and not kind.startswith(("DIV", "INT", "FEE", "OP")):
            events.append(_share_move(where, row, kind, symbol, change, notes))
        if amount:
            event = _CASH_KINDS.get(kind, "dividend" if kind.startswith("DIV") else "fee")
            if kind not in _KNOWN_MONEY and not kind.startswith("DIV") and kind not in _CASH_KINDS:
                notes.add(
                    f"an activity {kind} is booked as money that came in or went out ({event}); what else it means is not known here."
                )
            events.append(_cash(event, where, row))
        if foreign is not None and kind not in _SPLITS:
            booked = "its money is booked" if amount else "there is no money in it"
            notes.add(f"an activity {kind} of {NAMES[foreign][1]} is left out; {booked}.")
        elif not amount and not change:
            notes.add(
                f"an activity {kind} over $0 is left out."
                if "net_amount" in row
                else f"an activity {kind} without money or shares is left out."
            )
    if found.has_activities:
        _all_there(orders, sums)
    for (day, symbol), parts in splits.items():
        origin = parts[0][1]
        changes = [change for change, _ in parts]
        events.append(Event(midnight(day), RANK["split"], {"event": "split", "symbol": symbol, "changes": changes}, origin))
    return events


def _foreign(row: Row, found: _Found) -> str | None:
    """What an activity is about if that is not a stock: by its order, its own class, its symbol."""
    order = found.foreign.get(str(row.get("order_id") or ""))
    if order is not None:
        return str(order["_kind"])
    symbol = str(row.get("symbol") or "")
    if plain_symbol(symbol) in found.coins:
        return CRYPTO
    kind = kind_of(row)
    return None if kind == STOCK else kind


def _foreign_fill(where: str, row: Row, kind: str, notes: Notes) -> Event:
    """The money of an execution that is not of a stock: contracts are 100 shares each."""
    at = _moment(where, "transaction_time", row.get("transaction_time")) or (
        midnight(_activity_day(where, row)) if row.get("date") else None
    )
    if at is None:
        raise BadInput(f"{where}: transaction_time is missing.")
    qty, price = number_of(where, "qty", row.get("qty")), number_of(where, "price", row.get("price"))
    if qty is None or price is None:
        raise BadInput(f"{where}: an execution needs qty and price.")
    side = _SIDES[_choice(where, "side", str(row.get("side") or "").lower(), _SIDES)]
    size = 1.0 if kind != OPTION else "a contract is 100 shares"
    notes.add(f"an execution of {NAMES[kind][1]} is left out; its money is booked{f' ({size})' if kind == OPTION else ''}.")
    return _foreign_money(where, at, str(row.get("symbol") or ""), kind, side, abs(qty), price)


def _foreign_money(where: str, at: datetime, symbol: str, kind: str, side: str, qty: float, price: float) -> Event:
    amount = qty * price * multiplier(kind) * (-1.0 if side == "buy" else 1.0)
    return Event(at, RANK["fill"], {"event": "fee", "amount": amount, "foreign": (kind, symbol, side, qty)}, where)


def _share_move(where: str, row: Row, kind: str, symbol: str, change: float, notes: Notes) -> Event:
    """Shares that come or go without a trade: a transfer, a merger, a spin-off, a new symbol."""
    notes.add(f"shares that came or went by an activity {kind} are moved without a trade.")
    keys: Row = {"event": "shares", "symbol": symbol, "qty": plain_number(change)}
    price = number_of(where, "price", row.get("price"))
    if price is not None and price > 0:
        keys["price"] = price
    return Event(midnight(_activity_day(where, row)), RANK["shares"], keys, where)


def _activity_day(where: str, row: Row) -> date:
    text = row.get("date") or row.get("transaction_time") or row.get("created_at")
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise BadInput(f"{where}: date must be a day like 2025-03-03, got {text!r}.") from None


def _cash(event: str, where: str, row: Row) -> Event:
    amount = number_of(where, "net_amount", row.get("net_amount")) or 0.0
    text = row.get("date")
    at = midnight(_activity_day(where, row)) if text else _first_moment(where, row, "transaction_time", "created_at")
    if at is None:
        raise BadInput(f"{where}: date is missing.")
    if event == "transfer":
        event, amount = ("deposit", amount) if amount > 0 else ("withdraw", -amount)
    return Event(at, RANK["cash"], {"event": event, "amount": amount}, where)


def _fill(where: str, row: Row, orders: _Orders, notes: Notes, sums: dict[str, float]) -> Event:
    kind = row.get("type") or "fill"
    if kind not in ("fill", "partial_fill"):
        raise BadInput(f"{where}: an execution of type {kind!r} is not known; known: fill, partial_fill.")
    at = _moment(where, "transaction_time", row.get("transaction_time")) or (
        midnight(_activity_day(where, row)) if row.get("date") else None
    )
    if at is None:
        raise BadInput(f"{where}: transaction_time is missing.")
    qty, price = number_of(where, "qty", row.get("qty")), number_of(where, "price", row.get("price"))
    if qty is not None and not row.get("side"):
        row = row | {"side": "sell" if qty < 0 else "buy"}
        qty = abs(qty)
    if qty is None or price is None or not row.get("symbol"):
        raise BadInput(f"{where}: an execution needs symbol, qty and price.")
    side = _choice(where, "side", str(row.get("side") or "").lower(), _SIDES)
    keys: Row = {"event": "fill", "symbol": str(row["symbol"]), "side": _SIDES[side], "qty": plain_number(qty), "price": price}
    order = str(row.get("order_id") or "")
    keys["closes"] = _closes(side, orders.rows.get(order))
    if order in orders.audit_id:
        sums[order] = sums.get(order, 0.0) + qty
        keys["order"] = orders.audit_id[order]
    else:
        keys["unknown"] = order
    return Event(at, RANK["fill"], keys, where)


def _ask_unknown(events: list[Event], notes: Notes) -> None:
    """Executions of orders that are not in the files are asked as the orders that they must have been."""
    lost = [event for event in events if "unknown" in event.keys]
    trades = []
    for e in sorted(lost, key=lambda e: e.at):
        k = e.keys
        trades.append(Trade(e.origin, e.at, True, k["symbol"], k["side"], k["qty"], k["price"], 0.0, k["closes"], k["unknown"]))
    events[:] = [event for event in events if "unknown" not in event.keys] + executions_as_orders(trades, set(), notes)


def _closes(side: str, order: Row | None) -> str:
    """What an execution must close, by the order's intent or its own side: a sale that is not a short sale closes shares held long."""
    intent = str((order or {}).get("position_intent") or "")
    if intent in ("sell_to_close", "buy_to_close"):
        return LONG if intent == "sell_to_close" else SHORT
    if intent in ("sell_to_open", "buy_to_open"):
        return OPENS_SHORT if intent == "sell_to_open" else OPENS_LONG
    return {"sell": LONG, "buy_to_cover": SHORT}.get(side, EITHER)


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


def _fills_of_orders(found: _Found, orders: _Orders, notes: Notes) -> list[Event]:
    """Without activities: each filled order as one execution at its average price."""
    events = []
    for name, row in (orders.rows | found.foreign).items():
        where = orders.where(row)
        qty = number_of(where, "filled_qty", row.get("filled_qty"))
        if not qty or (name in found.foreign and _legs(row)):
            continue
        price = number_of(where, "filled_avg_price", row.get("filled_avg_price"))
        at = _first_moment(where, row, "filled_at", "canceled_at", "expired_at", "replaced_at", "updated_at")
        if price is None or at is None:
            raise BadInput(f"{where}: {qty:g} were filled, but filled_avg_price or filled_at is missing; give the activities too.")
        if name in found.foreign:
            side = _SIDES.get(str(row.get("side") or "").lower(), "buy")  # an order of several legs pays its net price
            events.append(_foreign_money(where, at, str(row.get("symbol") or ""), str(row["_kind"]), side, qty, price))
            continue
        side = _choice(where, "side", str(row.get("side") or "").lower(), _SIDES)
        keys: Row = {
            "event": "fill",
            "order": orders.audit_id[name],
            "symbol": row.get("symbol"),
            "side": _SIDES[side],
            "qty": plain_number(qty),
            "price": price,
        }
        keys["closes"] = _closes("" if side == "sell" else side, row)
        events.append(Event(at, RANK["fill"], keys, where))
    if events:
        notes.add(
            "there are no activities in these files: each filled order is one execution at its average price, cash moves are unknown."
        )
    return events


def are_alpacas(paths: Sequence[str]) -> bool:
    """True if these files are orders, activities, positions or an account of Alpaca's."""
    for path in paths:
        try:
            rows = _read(path)
        except BadInput:
            return False
        if not all(_kind(row) is not None for row in rows):
            return False
    return True


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
        events += _fills_of_orders(found, orders, notes)
    _ask_unknown(events, notes)
    for target in orders.rejected:
        notes.add(f"order {target} was rejected at Alpaca; here it is judged like any other and cancelled at once.")
    return in_order(events, Stated(found.account, found.positions), notes, cash=cash, start=start)
