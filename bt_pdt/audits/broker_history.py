"""Plays the history of a real account: what the brokerage really did wins over what would be refused here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..account.account import Account
from ..core.errors import BadInput
from ..core.money import SHARE_DUST
from .exports.building import Imported, Notes, plain_number
from .exports.reconciling import Difference, differences
from .history import Audit, Flags, read_event

Row = dict[str, Any]


def play_real(imported: Imported, flags: Flags | None = None) -> tuple[Audit, Imported]:
    """An imported history played to its end, and the lines that were played: what the brokerage really did wins over what would be refused.

    A cancellation of an order that is refused here has nothing to release and is left out; a replacement that is refused here, or of an
    order that is, becomes an order of its own; an execution after the close of a day order is booked without its order; a refused
    withdrawal leaves as a fee. Each is counted in the notes.
    """
    player, notes = _Real(flags), Notes()
    for line, origin in zip(imported.lines, imported.origins, strict=True):
        try:
            player.play(json.loads(line), notes)
        except BadInput as error:
            raise BadInput(f"{origin}: {error}") from None
    origins = ["" for _ in player.lines]
    firm = json.loads(imported.lines[0]).get("brokerage", "alpaca")
    told = (
        notes.lines()
        if firm == "alpaca"
        else [line.replace("at Alpaca", "at the brokerage").replace("by Alpaca", "by it") for line in notes.lines()]
    )
    told += compared(player.audit, imported.refused or {})
    notes_at_end = [f"at the end {each.sentence}" for each in reconciled(player.audit, imported)]
    return player.audit, Imported(player.lines, origins, imported.notes + told + notes_at_end, imported.stated)


def compared(player: Audit, refused: Mapping[str, str]) -> list[str]:
    """What is said here of each order that the brokerage refused, with the brokerage's words."""
    found = []
    for row in player.decisions:
        if row["order"] in refused:
            here = "it passes" if row["accepted"] else f"it is refused too ({row['reason']})"
            what = f"{row['side']} {row['qty']} {row['symbol']} at {row['at']}"
            found.append(f"the brokerage refused order {row['order']} ({what}): {refused[row['order']]!r}; here {here}.")
    return found


def reconciled(player: Audit, imported: Imported) -> list[Difference]:
    """Where the account at the end of the history and what the brokerage states of it differ."""
    account = player.account
    assert account is not None
    return differences(account.state, *imported.stated)


def _spoken(value: Any) -> Any:
    """A flag's text as the value that a line would hold: ``false``, ``2`` and ``0.5`` are no text there."""
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        return value
    return found if isinstance(found, (bool, int, float)) else value


class _Real:
    def __init__(self, flags: Flags | None) -> None:
        self.audit = Audit(flags)
        self.lines: list[str] = []
        self._orders: dict[str, Row] = {}  # order lines by the id under which the audit has them now
        self._now: dict[str, str] = {}  # id in the import -> id in the audit
        self._serial: dict[str, int] = {}

    def play(self, keys: Row, notes: Notes) -> None:
        step: Callable[[Row, Notes], None] = getattr(self, f"_{keys['event']}", self._plain)
        step(keys, notes)

    def _account(self, keys: Row, notes: Notes) -> None:
        """The flags go into the line, so that the lines played give the same report by themselves."""
        flags = self.audit.flags
        for name in ("brokerage", "rules", "pdt_check", "dtbp_check"):
            if getattr(flags, name) is not None:
                keys[name] = getattr(flags, name)
        if flags.set:
            keys["set"] = {name: _spoken(value) for name, value in flags.set.items()}
        self._plain(keys)

    def _plain(self, keys: Row, notes: Notes | None = None) -> None:
        line = json.dumps(keys)
        self.audit.play(*read_event(line))
        self.lines.append(line)

    def _advance(self, keys: Row) -> Account:
        account = self.audit.account
        assert account is not None  # the account line is always the first
        account.advance(max(read_event(json.dumps(keys))[1]["at"], account.now))
        return account

    def _id(self, name: str) -> str:
        root, dot, leg = name.rpartition(".")
        if dot and leg in ("tp", "sl") and name not in self._now:
            return f"{self._now.get(root, root)}.{leg}"
        return self._now.get(name, name)

    def _order(self, keys: Row, notes: Notes) -> None:
        self._orders[keys["id"]] = keys
        self._plain(keys)

    def _cancel(self, keys: Row, notes: Notes) -> None:
        name = self._id(keys["order"])
        status = self.audit.status(name)
        if status in ("working", "oco"):
            self._plain({**keys, "order": name})
        elif status == "refused":
            notes.add("an order that is refused here was cancelled or expired at Alpaca; that line is left out.")
        else:
            notes.add("the end of an order that has already ended here is left out.")

    _expire = _cancel

    def _replace(self, keys: Row, notes: Notes) -> None:
        name = self._id(keys["order"])
        account = self._advance(keys)
        changes = {k: v for k, v in keys.items() if k in ("qty", "limit_price", "stop_price")}
        works = self.audit.status(name) == "working" and name in account.ledger.orders
        if works and account.fork().replace(name, **changes).accepted:
            self._plain({**keys, "order": name})
            self._note_changes(name, changes)
            return
        done = self._qty(name) - self.audit.left(name)
        notes.add("an order was replaced at Alpaca where that is refused here; the replacement is judged as an order of its own.")
        if works:
            self._plain({"event": "cancel", "at": keys["at"], "order": name})
        self._as_new(keys, name, changes, done)

    def _leg(self, name: str) -> tuple[str, str]:
        """(the order line's id, "tp", "sl" or "")."""
        root, dot, leg = name.rpartition(".")
        return (root, leg) if dot and leg in ("tp", "sl") and root in self._orders else (name, "")

    def _qty(self, name: str) -> float:
        return float(self._orders[self._leg(name)[0]]["qty"])

    def _note_changes(self, name: str, changes: Row) -> None:
        root, leg = self._leg(name)
        exits = {"tp": {"limit_price": "take_profit"}, "sl": {"stop_price": "stop_loss"}}.get(leg, {})
        self._orders[root] = self._orders[root] | {exits.get(k, k): v for k, v in changes.items()}

    def _as_new(self, keys: Row, name: str, changes: Row, done: float) -> None:
        root, leg = self._leg(name)
        is_leg = leg != ""
        parent = self._orders[root]
        new: Row = {k: v for k, v in parent.items() if k not in ("event", "at", "id")}
        if is_leg:
            price: Row = {"type": "limit", "limit_price": parent.get("take_profit")}
            if leg == "sl":
                price = {"type": "stop", "stop_price": parent.get("stop_loss")}
            gone = ("order_class", "take_profit", "stop_loss", "type", "limit_price", "stop_price", "trail_price", "trail_percent")
            new = {k: v for k, v in new.items() if k not in gone} | price
            if parent["order_class"] != "oco":
                new["side"] = {"buy": "sell", "sell": "buy"}[parent["side"]]
        new |= changes
        new["qty"] = plain_number(round(new["qty"] - done, 9))
        self._serial[name] = self._serial.get(name, 0) + 1
        fresh = f"{name}~{self._serial[name]}"
        self._now[keys["order"]] = fresh
        self._order({"event": "order", "at": keys["at"], "id": fresh, **new}, Notes())

    def _fill(self, keys: Row, notes: Notes) -> None:
        if "order" not in keys:
            self._plain(keys)
            return
        name = self._id(keys["order"])
        account = self._advance(keys)
        ended = self.audit.status(name) in ("working", "canceled") and name not in account.ledger.orders
        if ended and self.audit.left(name) > SHARE_DUST:
            notes.add("an execution of an order that has ended here (a day order after the close) is booked without its order.")
            self._plain({k: v for k, v in keys.items() if k != "order"})
        else:
            self._plain({**keys, "order": name})

    def _withdraw(self, keys: Row, notes: Notes) -> None:
        self._plain(keys)
        if not self.audit.decisions[-1]["accepted"]:
            notes.add("a withdrawal that is refused here was paid by Alpaca; its cash leaves as a fee.")
            self._plain({"event": "fee", "at": keys["at"], "amount": -keys["amount"]})
