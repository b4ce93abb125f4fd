"""Events of a brokerage's files put in order as lines of the audit's format: what was held before them, splits, prices, the opening cash."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from ...account.daytrades import DayRun
from ...core.errors import BadInput
from ...core.orders import finite
from ...core.sessions import NEW_YORK, session_of
from .holdings import EITHER, LONG, Move, opening
from .securities import NAMES, OPTION, STOCK, kind_of

Row = dict[str, Any]


class Stated(NamedTuple):
    """What the brokerage says of the account at the end of the history: its account and its positions, as it gave them."""

    account: Row | None = None
    positions: list[Row] | None = None


class Imported(NamedTuple):
    """Lines of an audit history, where each came from, what a reader of the result should know, and what the brokerage says of the end."""

    lines: list[str]
    origins: list[str]
    notes: list[str]
    stated: Stated = Stated()
    refused: dict[str, str] | None = None  # orders that the brokerage refused, with its words


@dataclass
class Event:
    """One line to be: its moment, its rank among equal moments, its keys."""

    at: datetime
    rank: int
    keys: Row
    origin: str


RANK = {"split": 0, "shares": 0, "transfer": 1, "cash": 1, "order": 3, "replace": 4, "fill": 5, "day_trade": 6, "cancel": 7, "price": 8}


class Notes:
    """Sentences with counts, in the order in which they first applied."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, sentence: str) -> None:
        self._counts[sentence] = self._counts.get(sentence, 0) + 1

    def lines(self) -> list[str]:
        return [f"{n} x {s}" if n > 1 else s for s, n in self._counts.items()]


def number_of(where: str, name: str, value: object) -> float | None:
    """A number that may be text, as Alpaca writes it; None if it is not there."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "").replace("$", ""))
        except ValueError:
            raise BadInput(f"{where}: {name} must be a number, got {value!r}.") from None
    return finite(f"{where}: {name}", value)


def since_1970(value: float) -> datetime:
    """A count since 1970: seconds, or thousandths, millionths, thousand millionths of one."""
    while value > 1e11:
        value /= 1000.0
    return datetime.fromtimestamp(value, UTC)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


def plain_number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def in_order(
    events: list[Event], stated: Stated, notes: Notes, *, cash: float | None, start: str | None, brokerage: str = "alpaca"
) -> Imported:
    """The events as lines of the audit's format in time order, the account line first.

    ``cash`` is the balance before the first event; without it the brokerage's account says it (its balance less all that happened since), or
    a history that begins with a deposit starts at 0. ``start`` is the time of the account line (default: the day of the first event).
    """
    if not events:
        raise BadInput("nothing in these files is about a stock or about money that moved, so there is nothing to audit.")
    events.sort(key=lambda e: (e.at, e.rank))
    carried = carried_in(events, stated, notes)
    price_moves(events, carried, stated, notes)
    over_splits(events, notes)
    settle_amounts(events, notes)
    option_day_trades(events, notes)
    last_prices(events, stated)
    if not events:
        raise BadInput("nothing in these files is about a stock or about money that moved, so there is nothing to audit.")
    begin = start_of(start, events[0])
    before = _cash_before(stated, events, cash)
    keys: Row = {"event": "account", "at": begin, "cash": before, "brokerage": brokerage}
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
            price = first_price(events[i:], symbol)
            if price is not None:
                lines.append(json.dumps({"event": "price", "at": text, "symbol": symbol, "price": price}))
                origins.append(event.origin)
                priced.add(symbol)
        if keys["event"] in ("fill", "price") or (keys["event"] == "shares" and "price" in keys):
            priced.add(symbol)
        keys = {k: v for k, v in keys.items() if k not in ("closes", "foreign", "changes", "rescaled")}
        lines.append(json.dumps({"event": keys.pop("event"), "at": text, **keys}))
        origins.append(event.origin)
    return Imported(lines, origins, notes.lines(), stated)


def first_price(events: Iterable[Event], symbol: object) -> float | None:
    for event in events:
        if event.keys["event"] == "fill" and event.keys["symbol"] == symbol:
            return float(event.keys["price"])
    return None


def carried_in(events: list[Event], stated: Stated, notes: Notes) -> dict[str, tuple[float, float]]:
    """Shares held before the first event, worked out backwards from positions, splits, share moves and executions together, at the best price
    known; the ratio of each split goes into its event, and a split of shares that nothing here is about is left out."""
    moves: dict[str, list[Move]] = {}
    of_event: dict[int, Move] = {}
    for i, event in enumerate(events):
        keys = event.keys
        if keys["event"] == "fill":
            move = Move(keys["qty"] if keys["side"] == "buy" else -keys["qty"], keys.get("closes", EITHER))
        elif keys["event"] == "shares":
            move = Move(keys["qty"], LONG if keys["qty"] < 0 else EITHER)
        elif keys["event"] == "split":
            changes = keys["changes"]
            removed, added = -sum(c for c in changes if c < 0), sum(c for c in changes if c > 0)
            move = Move(sum(changes), split=True, removed=removed if removed and added else 0.0)
        else:
            continue
        moves.setdefault(keys["symbol"], []).append(move)
        of_event[i] = move
    closing = None if stated.positions is None else closing_of(stated.positions, notes)
    carried: dict[str, tuple[float, float]] = {}
    for symbol in [*moves, *(s for s in closing or {} if s not in moves)]:
        at_end = None if closing is None else closing.get(symbol, (0.0, 0.0))[0]
        book = opening(moves.get(symbol, []), at_end)
        if book.contradiction:
            notes.add(f"{symbol}: {book.contradiction}; the executions count, and what is held at the end differs (are pages missing?).")
        if not book.qty:
            continue
        price, told = _opening_price(symbol, events, of_event, closing)
        if price is None:
            raise BadInput(f"{symbol}: {book.qty:g} were held before these files, and no price of it is known; give positions.json too.")
        carried[symbol] = (book.qty, price)
        how = {"positions": "by positions.json", "split": "by what its split took away"}.get(book.source, "")
        if how:
            notes.add(f"{plain_number(book.qty)} {symbol} were held before these files, {how}, {told} ({price:g}).")
        else:
            sold = "sold were not bought" if book.qty > 0 else "bought were not sold short"
            notes.add(f"{plain_number(abs(book.qty))} {symbol} {sold} in these files: held before, {told} ({price:g}).")
    _divide(events, of_event, moves, notes)
    return carried


def closing_of(positions: list[Row], notes: Notes) -> dict[str, tuple[float, float]]:
    """symbol -> (signed shares, price) at the end, as the brokerage has them; options and crypto are counted and left out."""
    found: dict[str, tuple[float, float]] = {}
    for row in positions:
        where, symbol = f"positions: {row.get('symbol')}", str(row.get("symbol") or "")
        kind = kind_of(row)
        if kind != STOCK:
            notes.add(f"a position in {NAMES[kind][1]} ({symbol}) is left out; bt_pdt judges stocks.")
            continue
        qty = number_of(where, "qty", row.get("qty"))
        if qty is None:
            raise BadInput(f"{where}: qty is missing.")
        side = str(row.get("side") or "").lower()
        if side in ("long", "short"):
            qty = abs(qty) if side == "long" else -abs(qty)
        price = number_of(where, "lastday_price", row.get("lastday_price")) or number_of(where, "current_price", row.get("current_price"))
        if symbol in found:
            raise BadInput(f"{where}: is listed twice.")
        found[symbol] = (qty, price or 0.0)
    return found


def _opening_price(
    symbol: str, events: list[Event], of_event: Mapping[int, Move], closing: Mapping[str, tuple[float, float]] | None
) -> tuple[float | None, str]:
    """(the price of ``symbol`` in the shares of the first event, how it is known): its first price here, else the brokerage's last close."""
    times = 1.0
    for i, event in enumerate(events):
        keys = event.keys
        if keys.get("symbol") != symbol:
            continue
        if keys["event"] == "split":
            times *= of_event[i].ratio or 1.0
        elif keys["event"] in ("fill", "shares") and keys.get("price"):
            return keys["price"] * times, "at their first price"
    if closing is not None and closing.get(symbol, (0.0, 0.0))[1] > 0:
        return closing[symbol][1] * times, "at the brokerage's last close"
    return None, ""


def _divide(events: list[Event], of_event: Mapping[int, Move], moves: Mapping[str, list[Move]], notes: Notes) -> None:
    """Splits by their ratios. One whose ratio nothing tells moves the shares that it added if they are traded later, else it is left out."""
    gone = []
    for i, event in enumerate(events):
        keys = event.keys
        if keys["event"] != "split":
            continue
        ratio, symbol = of_event[i].ratio, keys["symbol"]
        if ratio is not None:
            keys["ratio"] = ratio
            continue
        later = any(not move.split for move in moves[symbol][moves[symbol].index(of_event[i]) + 1 :])
        if later and of_event[i].qty > 0:
            keys["event"], keys["qty"] = "shares", plain_number(of_event[i].qty)
            notes.add(
                f"how many {symbol} were held at their split is not known (give positions.json): the {of_event[i].qty:g} shares that it added "
                "are moved in, and what was held before is missing."
            )
        else:
            gone.append(event)
            notes.add(f"a split of {symbol}, of which nothing is held or traded in these files, is left out (positions.json would tell).")
    if gone:
        events[:] = [e for e in events if not any(e is g for g in gone)]


def price_moves(events: list[Event], carried: Mapping[str, tuple[float, float]], stated: Stated, notes: Notes) -> None:
    """Shares that come in have a price: their own, that of what they are exchanged for, the next execution's, the brokerage's at the end."""
    prices = {symbol: price for symbol, (_, price) in carried.items()}
    last = {} if stated.positions is None else {s: p for s, (_, p) in closing_of(stated.positions, Notes()).items()}
    gone: list[Event] = []
    for i, event in enumerate(events):
        keys = event.keys
        symbol = str(keys.get("symbol"))
        if keys["event"] == "fill":
            prices[symbol] = keys["price"]
        elif keys["event"] == "split" and symbol in prices:
            prices[symbol] /= keys["ratio"]
        elif keys["event"] == "shares" and "price" not in keys:
            price = prices.get(symbol)
            if price is None:
                out = [e for e in events if e.keys["event"] == "shares" and e.at == event.at and e.keys["qty"] * keys["qty"] < 0]
                if len(out) == 1 and out[0].keys["symbol"] in prices:  # one security becomes another, its value stays
                    price = prices[out[0].keys["symbol"]] * abs(out[0].keys["qty"] / keys["qty"])
            price = price or first_price(events[i:], symbol) or last.get(symbol)
            if not price:
                gone.append(event)
                notes.add(f"{keys['qty']:g} {symbol} came in and no price of it is in these files: left out (positions.json would tell).")
                continue
            keys["price"] = prices[symbol] = price
        elif keys["event"] == "shares":
            prices[symbol] = keys["price"]
    events[:] = [event for event in events if not any(event is g for g in gone)]


def over_splits(events: list[Event], notes: Notes) -> None:
    """Orders that were sent before a split and end after it are listed in the shares and prices of after it: they are put in as they were sent."""
    splits = [e for e in events if e.keys["event"] == "split"]
    if not splits:
        return
    for event in events:
        keys = event.keys
        if keys["event"] != "order":
            continue
        name, symbol = keys["id"], keys["symbol"]
        ids = {name, f"{name}.tp", f"{name}.sl"}
        ends = [e.at for e in events if e.keys.get("order") in ids]
        ratio = math.prod(
            s.keys["ratio"] for s in splits if s.keys["symbol"] == symbol and event.at < s.at and any(at >= s.at for at in ends)
        )
        if ratio == 1.0:
            continue
        price = _price_before(events, event, symbol)
        if price is None:
            continue
        scaled = 0
        for key in ("limit_price", "stop_price", "trail_price", "take_profit", "stop_loss"):
            value = keys.get(key)
            if value and abs(math.log(value * ratio / price)) < abs(math.log(value / price)) - 1e-9:
                keys[key] = round(value * ratio, 4)
                scaled += 1
        entry = ("limit_price", "stop_price") if keys.get("order_class", "simple") in ("bracket", "oto") else tuple(keys)
        filled = sum(e.keys["qty"] for e in events if e.keys["event"] == "fill" and e.keys.get("order") == name)
        if scaled and any(k in keys and k in entry for k in ("limit_price", "stop_price", "take_profit", "stop_loss")):
            before = sum(e.keys["qty"] for e in events if e.keys["event"] == "fill" and e.keys.get("order") == name and e.at < splits[0].at)
            if not isinstance(keys["qty"], dict) and not (keys.get("order_class") in ("bracket", "oto") and before >= filled > 0):
                keys["qty"] = plain_number(round(keys["qty"] / ratio, 9))
        if scaled:
            notes.add(f"order {name} was sent before a split of {symbol}: it is put in with the quantity and prices of its day.")


def _price_before(events: list[Event], order: Event, symbol: str) -> float | None:
    """The last price of ``symbol`` before an order, else the first after it, in the shares of the order's day."""
    last: float | None = None
    times, passed = 1.0, False
    for event in events:
        passed = passed or event is order
        keys = event.keys
        if keys.get("symbol") != symbol:
            continue
        if keys["event"] == "split":
            if passed:
                times *= keys["ratio"]
            elif last is not None:
                last /= keys["ratio"]
        elif keys["event"] in ("fill", "shares") and keys.get("price"):
            if passed:
                return last if last is not None else float(keys["price"]) * times
            last = float(keys["price"])
    return last


def option_day_trades(events: list[Event], notes: Notes) -> None:
    """Options bought and sold on one date are day trades too: each is a line of its own at the execution that completes it."""
    runs: dict[tuple[date, str], DayRun] = {}
    held: dict[str, float] = {}
    made = []
    for event in events:
        kind, symbol, side, qty = event.keys.get("foreign", ("", "", "", 0.0))
        if kind != OPTION or not symbol:
            continue
        signed = qty if side == "buy" else -qty
        day = session_of(event.at.astimezone(NEW_YORK).replace(tzinfo=None))
        run = runs.setdefault((day, symbol), DayRun(held.get(symbol, 0.0)))
        count = run.post(signed)[0]
        held[symbol] = held.get(symbol, 0.0) + signed
        if count:
            made.append(Event(event.at, RANK["day_trade"], {"event": "day_trade", "symbol": symbol, "count": count}, event.origin))
            notes.add("a day trade in an option counts as the law says.")
    if made:
        events += made
        events.sort(key=lambda e: (e.at, e.rank))


def last_prices(events: list[Event], stated: Stated) -> None:
    """The brokerage's own prices at the end mark what is held, so that equity is the one that it shows."""
    if not events:
        return
    for row in stated.positions or ():
        if kind_of(row) == STOCK:
            price = number_of(f"positions: {row['symbol']}", "current_price", row.get("current_price"))
            if price is not None and price > 0:
                keys = {"event": "price", "symbol": str(row["symbol"]), "price": price}
                events.append(Event(events[-1].at, RANK["price"], keys, "the positions file"))


def settle_amounts(events: list[Event], notes: Notes) -> None:
    """Orders for dollars without a limit: shares at the last (else the next) price. Without any price an order cannot be judged."""
    prices: dict[str, float] = {}
    gone: set[str] = set()
    for i, event in enumerate(events):
        keys = event.keys
        if keys["event"] == "fill":
            prices[keys["symbol"]] = keys["price"]
        if keys["event"] != "order":
            continue
        price = prices.get(keys["symbol"]) or first_price(events[i:], keys["symbol"])
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


def _cash_before(stated: Stated, events: list[Event], cash: float | None) -> float:
    if cash is not None:
        return finite("--cash", cash)
    if stated.account is not None:
        now = number_of("the account file", "cash", stated.account.get("cash"))
        if now is None:
            raise BadInput("the account file has no cash.")
        return round(now - sum(moved(event.keys) for event in events), 6)
    first = next((e for e in events if e.keys["event"] in ("deposit", "fill")), None)
    if first is not None and first.keys["event"] == "deposit":
        return 0.0
    raise BadInput("these files do not say the cash at their start; give it with --cash, or add Alpaca's account.json to the files.")


def moved(keys: Row) -> float:
    kind = keys["event"]
    if kind == "fill":
        return float(keys["qty"] * keys["price"] * (-1 if keys["side"] == "buy" else 1)) - float(keys.get("commission", 0.0))
    if kind == "withdraw":
        return -float(keys["amount"])
    return float(keys["amount"]) if kind in ("deposit", "interest", "fee", "dividend") else 0.0


def start_of(start: str | None, first: Event) -> str:
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
