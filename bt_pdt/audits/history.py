"""An account's history, played through the account: would the brokerage have accepted each order, why not, what would have passed.

The input is JSON Lines, one event a line in time order (see docs/audit.md). It never trades by itself: no forced orders, no
deposits of its own. Real executions win: one of a refused order is booked and reported as a contradiction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..account.account import Account
from ..account.session_close import ENDED_AT_THE_CLOSE
from ..account.terms import CHECK_MODES
from ..core.decisions import Decision, Rejected
from ..core.errors import BadInput, UnknownName, known_name
from ..core.journal import CloseEntry, ReleaseEntry
from ..core.money import SHARE_DUST, cents
from ..core.orders import CLASSES, SIDES, TIMES_IN_FORCE, TYPES, Asset, Fill, OrderRequest, finite, positive, stock_symbol
from ..core.sessions import NEW_YORK
from ..law.brokerages import rulebook_for


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadInput(f"{name} must be text, got {json.dumps(value)}.")
    return value


def _symbol(name: str, value: object) -> str:
    return stock_symbol(_text(name, value))


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false, got {json.dumps(value)}.")
    return value


def _moment(name: str, value: object) -> datetime:
    text = _text(name, value)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{name} must be an ISO 8601 time like 2025-03-03T09:45:00, got {text!r}.") from None
    return at.astimezone(NEW_YORK).replace(tzinfo=None) if at.tzinfo is not None else at


def _day(name: str, value: object) -> date:
    text = _text(name, value)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{name} must be a date like 2025-03-03, got {text!r}.") from None


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput(f"{name} must be a whole number of 0 or more, got {json.dumps(value)}.")
    return value


def _one_of(choices: Collection[str]) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        return known_name(name, _text(name, value), choices)

    return read


def _mapping(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be an object, got {json.dumps(value)}.")
    return value


def _prices(name: str, value: object) -> dict[str, float]:
    return {_symbol("symbol", k): positive(f"{name}.{k}", v) for k, v in _mapping(name, value).items()}


def _table(*columns: tuple[str, Callable[[str, object], Any]]) -> Callable[[str, object], list[tuple[Any, ...]]]:
    def read(name: str, value: object) -> list[tuple[Any, ...]]:
        if not isinstance(value, list):
            raise BadInput(f"{name} must be a list, got {json.dumps(value)}.")
        return [tuple(_keys(f"{name}[{i}]", _mapping(f"{name}[{i}]", row), dict(columns), {}).values()) for i, row in enumerate(value)]

    return read


Readers = Mapping[str, Callable[[str, object], Any]]

#: event -> (required keys, optional keys), each with the reader of its value
EVENTS: dict[str, tuple[Readers, Readers]] = {
    "account": (
        {"at": _moment, "cash": finite},
        {
            "brokerage": _text,
            "rules": _text,
            "pdt_check": _one_of(CHECK_MODES),
            "dtbp_check": _one_of(CHECK_MODES),
            "set": _mapping,
            "positions": _table(("symbol", _symbol), ("qty", finite), ("price", positive)),
            "last_equity": finite,
            "last_maintenance_margin": finite,
            "pattern_day_trader": _flag,
            "daytrades": _table(("session", _day), ("symbol", _symbol), ("count", _whole)),
            "one_time_removal_used": _flag,
            "account_type": _one_of(("margin", "cash")),
        },
    ),
    "asset": (
        {"symbol": _symbol},
        {"leverage": finite, "marginable": _flag, "shortable": _flag, "easy_to_borrow": _flag, "maintenance": positive},
    ),
    "price": ({"at": _moment, "symbol": _symbol, "price": positive}, {}),
    "order": (
        {"at": _moment, "id": _text, "symbol": _symbol, "side": _one_of(SIDES), "qty": positive},
        {
            "type": _one_of(TYPES),
            "limit_price": positive,
            "stop_price": positive,
            "trail_price": positive,
            "trail_percent": positive,
            "order_class": _one_of(CLASSES),
            "take_profit": positive,
            "stop_loss": positive,
            "time_in_force": _one_of(TIMES_IN_FORCE),
            "extended_hours": _flag,
        },
    ),
    "replace": ({"at": _moment, "order": _text}, {"qty": positive, "limit_price": positive, "stop_price": positive}),
    "cancel": ({"at": _moment, "order": _text}, {}),
    "expire": ({"at": _moment, "order": _text}, {}),
    "fill": (
        {"at": _moment, "price": positive},
        {"order": _text, "symbol": _symbol, "side": _one_of(SIDES), "qty": positive, "commission": finite},
    ),
    "close": ({}, {"at": _moment, "session": _day, "prices": _prices}),
    "deposit": ({"at": _moment, "amount": positive}, {}),
    "withdraw": ({"at": _moment, "amount": positive}, {}),
    "interest": ({"at": _moment, "amount": finite}, {}),
    "fee": ({"at": _moment, "amount": finite}, {}),
    "dividend": ({"at": _moment, "amount": finite}, {}),
    "split": ({"at": _moment, "symbol": _symbol, "ratio": positive}, {}),
    "shares": ({"at": _moment, "symbol": _symbol, "qty": finite}, {"price": positive}),
    "day_trade": ({"at": _moment, "symbol": _text}, {"count": _whole}),
    "flag": ({"at": _moment, "pattern_day_trader": _flag}, {"one_time_removal": _flag}),
}


def _keys(what: str, raw: Mapping[str, Any], required: Readers, optional: Readers) -> dict[str, Any]:
    known = {**required, **optional}
    for key in raw:
        if key not in known:
            raise UnknownName(f"key of {what}", key, known)
    missing = [key for key in required if key not in raw]
    if missing:
        raise BadInput(f"{what} lacks {missing[0]!r}.")
    return {key: read(key, raw[key]) for key, read in known.items() if key in raw}


def _no_constant(text: str) -> float:
    raise BadInput(f"{text} is not a finite number.")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadInput(f"the key {key!r} stands twice.")
        found[key] = value
    return found


def read_event(line: str) -> tuple[str, dict[str, Any]]:
    """One line as (event, values of the right types); raises :class:`BadInput` with a sentence."""
    try:
        raw = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except json.JSONDecodeError as error:
        raise BadInput(f"this is not JSON ({error.msg} at column {error.colno}).") from None
    except RecursionError:
        raise BadInput("this is not JSON that can be read (nested too deep).") from None
    if not isinstance(raw, dict):
        raise BadInput("each line must be an object with an 'event' key.")
    if "event" not in raw:
        raise BadInput("the 'event' key is missing.")
    event = known_name("event", raw.pop("event"), EVENTS)
    return event, _keys(event, raw, *EVENTS[event])


@dataclass
class _Known:
    """What the history says of an order, whatever became of it."""

    symbol: str
    side: str
    left: float
    status: str  # working, refused, canceled, ended (with the close), filled
    reason: str | None = None
    waits: bool = False  # an exit of a refused group whose entry is not filled yet


@dataclass(frozen=True)
class Flags:
    """Command-line choices that override the ``account`` line."""

    brokerage: str | None = None
    rules: str | None = None
    pdt_check: str | None = None
    dtbp_check: str | None = None
    set: Mapping[str, Any] | None = None


class Audit:
    """Plays events, one by one, through an :class:`Account` and collects what the report lists."""

    def __init__(self, flags: Flags | None = None) -> None:
        self.flags = flags or Flags()
        self.account: Account | None = None
        self.decisions: list[dict[str, Any]] = []
        self.contradictions: list[dict[str, Any]] = []
        self._orders: dict[str, _Known] = {}
        self._last: datetime | None = None

    def play(self, event: str, values: dict[str, Any]) -> None:
        """One event; raises :class:`BadInput` for what cannot be."""
        if event == "account":
            self._open(values)
            return
        if self.account is None:
            raise BadInput("the first line must be the account event.")
        at = values.get("at")
        if at is not None:
            if self._last is not None and at < self._last:
                raise BadInput(f"time goes backwards: {at.isoformat()} comes after {self._last.isoformat()}.")
            self._last = at
            if event != "close":
                self.account.advance(max(at, self.account.now))
        getattr(self, f"_{event}")(self.account, values)

    def _open(self, values: dict[str, Any]) -> None:
        if self.account is not None:
            raise BadInput("there is a second account line; one history is one account.")
        flags = self.flags
        for name in ("brokerage", "rules", "pdt_check", "dtbp_check"):
            if getattr(flags, name) is not None:
                values[name] = getattr(flags, name)
        for name, value in values.get("set", {}).items():
            if isinstance(value, str) and rulebook_for(values.get("brokerage", "alpaca")).parameter(name).kind in (bool, int, float):
                raise BadInput(f"set.{name} must not be given as text, got {json.dumps(value)}.")
        values["set"] = {**values.get("set", {}), **(flags.set or {})}
        self._last = values["at"]
        self.account = Account(values.pop("cash"), **values)

    def _asset(self, account: Account, values: dict[str, Any]) -> None:
        account.set_asset(Asset(**values))

    def _price(self, account: Account, values: dict[str, Any]) -> None:
        account.mark({values["symbol"]: values["price"]})

    def _order(self, account: Account, values: dict[str, Any]) -> None:
        order_id = values["id"]
        if order_id in self._orders:
            raise BadInput(f"the order id {order_id!r} is used twice.")
        at = values.pop("at")
        request = OrderRequest(**values)
        exits = [leg for leg, price in (("tp", request.take_profit), ("sl", request.stop_loss)) if price is not None]
        for leg in exits:
            if f"{order_id}.{leg}" in self._orders:
                raise BadInput(f"the order id {order_id}.{leg} is used twice.")
        decision = account.submit(request)
        self._decided(order_id, at, request.symbol, request.side, request.qty, decision)
        status, reason = ("working", None) if decision.accepted else ("refused", str(getattr(decision, "reason", "")))
        self._orders[order_id] = _Known(request.symbol, request.side, request.qty, status, reason)
        other = {"buy": "sell", "sell": "buy"}[request.side]
        for leg in exits:
            side = request.side if request.order_class == "oco" else other
            self._orders[f"{order_id}.{leg}"] = _Known(
                request.symbol, side, request.qty, status, reason, waits=request.order_class != "oco"
            )
        if request.order_class == "oco":
            self._orders[order_id].status = "oco" if decision.accepted else "refused"

    def _decided(self, order: str | None, at: datetime, symbol: str | None, side: str, qty: float, decision: Decision) -> None:
        self.decisions.append(decision_row(order, at, symbol, side, qty, decision))

    def _find(self, order_id: str) -> _Known:
        known = self._orders.get(order_id)
        if known is None:
            raise UnknownName("order", order_id, self._orders)
        return known

    def _working(self, account: Account, order_id: str) -> bool:
        return order_id in account.ledger.orders

    def _replace(self, account: Account, values: dict[str, Any]) -> None:
        order_id, at = values["order"], values["at"]
        known = self._find(order_id)
        if not self._working(account, order_id):
            raise BadInput(f"order {order_id!r} is {self._status(account, order_id, known)}, so it cannot be replaced.")
        changes = {k: v for k, v in values.items() if k in ("qty", "limit_price", "stop_price")}
        if not changes:
            raise BadInput("replace needs qty, limit_price or stop_price.")
        decision = account.replace(order_id, **changes)
        order = account.ledger.orders[order_id]
        known.left = order.left
        self._decided(order_id, at, known.symbol, known.side, changes.get("qty", order.qty), decision)

    def _status(self, account: Account, order_id: str, known: _Known) -> str:
        if known.status == "working" and not self._working(account, order_id):
            return "no longer working"
        return {"oco": "a pair of exits", "working": "working"}.get(known.status, known.status)

    def status(self, order_id: str) -> str:
        """What has become of an order or leg here: working (or ended with its close), oco, refused, canceled, filled."""
        return self._find(order_id).status

    def left(self, order_id: str) -> float:
        """Shares of an order or leg that are not filled."""
        known = self._find(order_id)
        working = self.account.ledger.orders.get(order_id) if self.account is not None else None
        return working.left if working is not None else known.left

    def _cancel(self, account: Account, values: dict[str, Any]) -> None:
        order_id = values["order"]
        known = self._find(order_id)
        if not account.ledger.group(order_id):
            if known.status == "working" and known.left > SHARE_DUST and not known.waits:
                known.status = "canceled"  # it ended with the close; the brokerage says so later
                return
            raise BadInput(f"order {order_id!r} is {self._status(account, order_id, known)}, so it cannot be cancelled.")
        account.release(order_id)
        for other_id in (order_id, f"{order_id}.tp", f"{order_id}.sl"):
            other = self._orders.get(other_id)
            ended = other is not None and other.status in ("working", "oco") and not self._working(account, other_id)
            if other is not None and ended and other.left > SHARE_DUST:
                other.status = "canceled"

    _expire = _cancel

    def _fill(self, account: Account, values: dict[str, Any]) -> None:
        order_id, at, price = values.get("order"), values["at"], values["price"]
        commission = values.get("commission", 0.0)
        if order_id is None:
            for name in ("symbol", "side", "qty"):
                if name not in values:
                    raise BadInput(f"a fill without order needs symbol, side and qty; {name!r} is missing.")
            account.post(Fill(values["symbol"], values["side"], values["qty"], price, None, commission))
            return
        known = self._find(order_id)
        for name in ("symbol", "side"):
            if name in values and values[name] != getattr(known, name):
                raise BadInput(f"order {order_id!r} is a {known.side} of {known.symbol}; the fill says {name} {values[name]!r}.")
        working = account.ledger.orders.get(order_id)
        left = working.left if working is not None else known.left
        qty = values.get("qty", left)
        if working is None:
            self._judge_late(account, order_id, known)
        if qty > left + 1e-9:
            raise BadInput(f"order {order_id!r} has {left:g} left to fill, got a fill of {qty:g}.")
        account.post(Fill(known.symbol, known.side, qty, price, order_id, commission))
        known.left = max(0.0, left - qty)
        if known.status == "refused":
            self.contradictions.append({"order": order_id, "at": at.isoformat(), "reason": known.reason})
            self._refused_group(order_id, known)
        if known.left <= SHARE_DUST:
            known.left = 0.0
            known.status = "filled" if known.status != "refused" else "refused"

    def _judge_late(self, account: Account, order_id: str, known: _Known) -> None:
        """A fill of an order that does not work: fine if it was refused (the real account wins) or ended with today's close."""
        if known.status == "refused":
            if known.waits:
                raise BadInput(f"order {order_id!r} starts when its entry is filled in full.")
            if known.left <= SHARE_DUST:
                raise BadInput(f"order {order_id!r} has 0 left to fill.")
            return
        if known.status == "oco":
            raise BadInput(f"order {order_id!r} is a pair of exits; name the leg that filled, {order_id}.tp or {order_id}.sl.")
        if known.status == "working" and known.left > SHARE_DUST and not known.waits and self._ended_today(account, order_id):
            return  # the closing auction prints after the bell
        raise BadInput(f"order {order_id!r} is {self._status(account, order_id, known)}, so it cannot be filled.")

    @staticmethod
    def _ended_today(account: Account, order_id: str) -> bool:
        for entry in reversed(account.journal):
            if isinstance(entry, CloseEntry):
                return False
            if isinstance(entry, ReleaseEntry) and entry.order_id == order_id:
                return entry.session == account.session and entry.cause == ENDED_AT_THE_CLOSE
        return False

    def _refused_group(self, order_id: str, known: _Known) -> None:
        root, _, leg = order_id.rpartition(".")
        if leg in ("tp", "sl") and root in self._orders:
            other = self._orders.get(f"{root}.{'sl' if leg == 'tp' else 'tp'}")
            if other is not None:
                other.left = min(other.left, known.left)
        elif known.left <= SHARE_DUST:
            for suffix in ("tp", "sl"):
                exit_order = self._orders.get(f"{order_id}.{suffix}")
                if exit_order is not None:
                    exit_order.waits = False

    def _close(self, account: Account, values: dict[str, Any]) -> None:
        at, day = values.get("at"), values.get("session")
        if (at is None) == (day is None):
            raise BadInput("close needs at or session, and not both.")
        account.close_session(at.date() if at is not None else day, values.get("prices"), at=at)

    def _deposit(self, account: Account, values: dict[str, Any]) -> None:
        account.deposit(values["amount"])

    def _withdraw(self, account: Account, values: dict[str, Any]) -> None:
        decision = account.withdraw(values["amount"])
        self._decided(None, values["at"], None, "withdraw", values["amount"], decision)

    def _interest(self, account: Account, values: dict[str, Any]) -> None:
        account.cash_move("interest", values["amount"])

    def _fee(self, account: Account, values: dict[str, Any]) -> None:
        account.cash_move("fee", values["amount"])

    def _dividend(self, account: Account, values: dict[str, Any]) -> None:
        account.cash_move("dividend", values["amount"])

    def _split(self, account: Account, values: dict[str, Any]) -> None:
        account.split(values["symbol"], values["ratio"])
        for order_id, known in self._orders.items():
            if known.symbol == values["symbol"] and not self._working(account, order_id):
                known.left *= values["ratio"]

    def _shares(self, account: Account, values: dict[str, Any]) -> None:
        account.move_shares(values["symbol"], values["qty"], values.get("price"))

    def _day_trade(self, account: Account, values: dict[str, Any]) -> None:
        account.add_day_trades(values["symbol"], values.get("count", 1))

    def _flag(self, account: Account, values: dict[str, Any]) -> None:
        account.set_flag(values["pattern_day_trader"], one_time_removal=values.get("one_time_removal", False))

    def result(self) -> dict[str, Any]:
        """The report as plain values, the object that ``bt-pdt audit --json`` prints."""
        account = self.account
        if account is None:
            raise BadInput("the history is empty; its first line must be the account event.")
        report = {
            "decisions": self.decisions,
            "day_trades": [{"session": day.isoformat(), "symbol": symbol, "count": n} for day, symbol, n in sorted(account.day_trades)],
            "sessions": [{name: value for name, value in row.items() if name != "borrow_fee"} for row in account.sessions],
            "calls": [call.to_dict() for call in account.calls],
            "restrictions": [restriction.to_dict() for restriction in account.restrictions],
            "contradictions": self.contradictions,
            "account": account.state.to_dict(),
        }
        if account.cashbook is not None:
            report["violations"] = [violation.to_dict() for violation in account.violations]
        return report


def plain(value: Any) -> Any:
    """``value`` for JSON: money in cents, whole quantities as they are, days as text."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        return cents(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value]


def _number(qty: float) -> float | int:
    return int(qty) if qty == int(qty) else qty


def decision_row(order: str | None, at: datetime, symbol: str | None, side: str, qty: float, decision: Decision) -> dict[str, Any]:
    """One decision with every key of the contract, nulls where an accepted order has nothing to say."""
    row: dict[str, Any] = {
        "order": order,
        "at": at.isoformat(),
        "symbol": symbol,
        "side": side,
        "qty": _number(qty),
        "accepted": decision.accepted,
        "reason": None,
        "http_status": None,
        "code": None,
        "message": None,
        "rule": None,
        "facts": None,
        "also": None,
        "would_pass": None,
        "why": None,
        "advice": [],
    }
    if isinstance(decision, Rejected):
        on = decision.would_pass.on
        row |= {
            "reason": str(decision.reason),
            "http_status": decision.http_status,
            "code": decision.code,
            "message": decision.message,
            "rule": decision.rule,
            "facts": plain(decision.facts),
            "also": [str(r) for r in decision.also],
            "would_pass": {"qty": _number(decision.would_pass.qty), "on": on.isoformat() if on else None},
            "why": decision.why,
        }
    else:
        row["advice"] = [{"code": str(a.code), "sentence": a.sentence} for a in decision.advice]
    return row


def play(lines: Iterable[str], name: str = "<history>", flags: Flags | None = None) -> Audit:
    """Plays a history given as lines of JSON to its end; raises :class:`BadInput` as ``NAME:LINE: sentence``."""
    player = Audit(flags)
    number = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            player.play(*read_event(line))
        except BadInput as error:
            raise BadInput(f"{name}:{number}: {error}") from None
    if player.account is None:
        raise BadInput(f"{name}:{number + 1}: the history is empty; its first line must be the account event.")
    return player


def audit(lines: Iterable[str], name: str = "<history>", flags: Flags | None = None) -> dict[str, Any]:
    """The report of a history given as lines of JSON; raises :class:`BadInput` as ``NAME:LINE: sentence``."""
    return play(lines, name, flags).result()
