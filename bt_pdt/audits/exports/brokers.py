"""Any brokerage's export as a history that the audit plays: rows of its tables become executions, orders and money, each fill is asked as an order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ...core.errors import BadInput
from ...core.sessions import NEW_YORK, close_of, is_session
from ...law.brokerages import NAMES as BROKERAGES
from .asking import Trade, executions_as_orders, in_regular_hours, lasting
from .building import RANK, Event, Imported, Notes, Row, Stated, in_order, midnight, plain_number
from .dateless import worst
from .holdings import EITHER, LONG, SAME
from .layouts import EXECUTIONS, MONEY, ORDERS, Layout
from .securities import NAMES as KINDS
from .securities import OPTION, OTHER, STOCK, by_class, by_symbol, multiplier
from .tables import Table, read_tables
from .values import amount, day_in_name, is_amount, moment
from .words import (
    CANCELLED,
    FILLED,
    REFUSED,
    end_of,
    is_option_code,
    is_split,
    money_kind,
    moves_shares,
    says_short,
    side_of,
    with_effect,
)

#: Executions of the day's first are put here where a file has no times; the others follow a minute apart, or closer where a day has many.
_FIRST = time(9, 31)
#: Layouts whose plain sale may be a short one.
_PLAIN = ("executions", "das", "ibkr", "tradier")
_TOS_TRADE = re.compile(r"\b(BOT|SOLD)\s+([+-]?[\d,.]+)\s+(.+?)\s+@\s*([\d.,]+)", re.IGNORECASE)


@dataclass
class Asked:
    """One order as the file has it."""

    where: str
    at: datetime
    name: str
    symbol: str
    side: str
    qty: float
    keys: Row
    end: str
    ended: datetime | None = None
    text: str = ""


@dataclass
class _Gathered:
    """What all tables of all files hold."""

    notes: Notes
    trades: list[Trade] = field(default_factory=list)
    orders: list[Asked] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # money, splits, share moves, what is no stock
    seen: set[tuple[str, str]] = field(default_factory=set)
    unzoned: bool = False
    untimed: bool = False


def from_export(name: str, paths: Sequence[str], cash: float | None, start: str | None) -> Imported:
    """A brokerage's own files as lines of the audit's format; ``auto`` recognises them. Raises :class:`BadInput` naming file and line."""
    gathered = _Gathered(Notes())
    tables = [table for path in paths for table in read_tables(path, name)]
    firms = {table.layout.name for table in tables}
    if len(firms) > 1:
        raise BadInput(
            f"these files are of several brokerages ({', '.join(sorted(firms))}); one history is one account, so import them one by one."
        )
    if name == "auto":
        gathered.notes.add(f"recognised: {', '.join(dict.fromkeys(t.layout.title for t in tables))}.")
    for table in _without_doubles(tables):
        _take(table, tables, gathered, start)
    return _built(gathered, tables[0].layout, cash, start)


def _without_doubles(tables: Sequence[Table]) -> list[Table]:
    """A cash balance that tells every trade makes the list of trades beside it a second telling of them."""
    cash = any(
        t.layout.title == "thinkorswim cash balance" and any(_TOS_TRADE.search(str(r.get("description"))) for _, r in t.rows)
        for t in tables
    )
    return [t for t in tables if not (cash and t.layout.title == "thinkorswim trade history")]


def _take(table: Table, tables: Sequence[Table], into: _Gathered, start: str | None) -> None:
    layout = table.layout
    took = 0
    effects = _effects(tables) if layout.title == "thinkorswim cash balance" else {}
    shorts_told = any(says_short(str(_get(layout, row, "side") or "")) for _, row in table.rows)
    for where, row in table.rows:
        if any(str(row.get(column) or "").strip().lower() in (v.lower() for v in values) for column, values in layout.skip):
            continue
        if any(str(row.get(column) or "").strip().upper() not in values for column, values in layout.only if row.get(column)):
            into.notes.add("a row that the brokerage marks as not valid is left out.")
            continue
        reader = _Reader(where, row, layout, into, table.path, start, effects)
        took += reader.order() if layout.kind == ORDERS else reader.event()
    if not took and layout.kind == EXECUTIONS:
        into.notes.add(f"{layout.title}: no execution stands in this table.")
    if not shorts_told:
        _plain_sales(into, table.path)


def _plain_sales(into: _Gathered, path: str) -> None:
    """In a file that knows buy and sell alone, a symbol that is sold first and flat at the end was sold short."""
    for symbol in sorted({t.symbol for t in into.trades if not t.told and t.where.startswith(path)}):
        own = [t for t in into.trades if t.symbol == symbol]
        if all(t.told for t in own):
            continue
        held = least = 0.0
        for day in sorted({_day(t.at) for t in own}):
            today = sorted((t for t in own if _day(t.at) == day), key=lambda t: t.at)
            for trade in today if all(t.timed for t in today) else sorted(today, key=lambda t: -t.signed):
                held += trade.signed
                least = min(least, held)
        if least < -SAME and abs(held) <= SAME:
            for trade in own:
                trade.closes = EITHER if not trade.told else trade.closes
            into.notes.add(f"{symbol} is sold before it is bought and flat at the end: taken as sold short.")


def _effects(tables: Sequence[Table]) -> dict[tuple[str, str, float, datetime], str]:
    """Open or close by (symbol, side, shares, time) from thinkorswim's trade history, which its cash balance does not say."""
    found = {}
    for table in tables:
        if table.layout.title != "thinkorswim trade history":
            continue
        for where, row in table.rows:
            at, side = moment(row.get("exectime")), side_of(str(row.get("side") or ""))
            qty = amount(where, "qty", row.get("qty")) if is_amount(str(row.get("qty") or "")) else None
            if at is not None and side is not None and qty is not None:
                found[str(row.get("symbol")), side[0], abs(qty), at.at] = str(row.get("poseffect") or "")
    return found


def _get(layout: Layout, row: Row, name: str) -> Any:
    """The first of a field's columns that has something in it."""
    for column in layout.columns.get(name, ()):
        value = row.get(column)
        if value is not None and str(value).strip() not in ("", "--"):
            return value
    return None


class _Reader:
    """One row of one table: what it means, and the event that it becomes."""

    def __init__(
        self, where: str, row: Row, layout: Layout, into: _Gathered, path: str, start: str | None, effects: dict[Any, str]
    ) -> None:
        self.where, self.row, self.layout, self.into = where, row, layout, into
        self.path, self.start, self.effects = path, start, effects

    def get(self, name: str) -> Any:
        return _get(self.layout, self.row, name)

    def text(self, name: str) -> str:
        value = self.get(name)
        return "" if value is None else str(value).strip()

    def number(self, name: str) -> float | None:
        return amount(self.where, name, self.get(name))

    def event(self) -> int:
        """An execution, or money, or shares; a footer or a blank line is neither. 1 if it was an execution."""
        when = self.when()
        if when is None:
            return self._no_day()
        at, timed = when
        words = self.text("side")
        symbol, qty, price = self.symbol(), self._soft("qty"), self._soft("price")
        told = _TOS_TRADE.search(self.text("description")) if self.layout.title == "thinkorswim cash balance" else None
        if told is not None:
            words, symbol = told[1], told[3].strip()
            qty, price = amount(self.where, "quantity", told[2]), amount(self.where, "price", told[4])
        side = side_of(words) if words else None
        if side is None and qty and price and not words and self._is_trade():
            side = ("buy", EITHER) if qty > 0 else ("sell", LONG)
        if side is None or not qty or price is None or not symbol or (self.layout.kind == MONEY and told is None):
            return self._money(at, timed, symbol, qty)
        if price == 0.0:
            self.into.notes.add("an execution at a price of $0 is left out.")
            return 0
        if self._twice():
            return 0
        kind = self.kind(symbol, words)
        self.into.untimed |= not timed
        if kind != STOCK:
            self._foreign(at, kind, symbol, side[0], abs(qty), abs(price))
            return 0
        effect = self.text("effect") or self.effects.get((symbol, side[0], abs(qty), at), "")
        closes = with_effect(*side, effect) if effect else side[1]
        told_effect = bool(effect) or says_short(words) or self.layout.name not in _PLAIN
        cost = self._cost(side[0], abs(qty), abs(price))
        placed = moment(self.get("placed")) if self.get("placed") else None
        self.into.trades.append(
            Trade(
                self.where,
                at,
                timed,
                symbol,
                side[0],
                abs(qty),
                abs(price),
                cost,
                closes,
                self.text("order"),
                placed and placed.at,
                self.text("id"),
                told_effect,
            )
        )
        return 1

    def symbol(self) -> str:
        """The symbol as the account has it; a share class is written with a point."""
        symbol = self.text("symbol").lstrip("-.").strip()
        return re.sub(r"^([A-Z]{1,5})[ /]([A-Z])$", r"\1.\2", symbol)

    def kind(self, symbol: str, words: str) -> str:
        """What kind of security the row is about."""
        currency = self.text("currency").upper()
        if currency not in ("", "USD"):
            return OTHER
        found = by_class(self.get("class"))
        if found == OTHER and by_symbol(symbol) != STOCK:
            found = by_symbol(symbol)
        if found is not None:
            return found if found != STOCK else by_symbol(symbol)
        if by_symbol(symbol) != STOCK:
            return by_symbol(symbol)
        described = self.text("description")
        if is_option_code(words) or re.search(
            r"\b(CALL|PUT)\b.*\d|\d.*\b(CALL|PUT)\b|(OPENING|CLOSING) TRANSACTION", described, re.IGNORECASE
        ):
            return OPTION
        return STOCK

    def when(self) -> tuple[datetime, bool] | None:
        """(time, whether it is one and not a day alone); a day that only the file's name says is taken from there."""
        clock = self.get("time")
        value = self.get("at")
        if (
            value is None
            and clock is not None
            and "at" in self.layout.columns
            and not any(c in self.row for c in self.layout.columns["at"])
        ):
            day = _day_of_file(self.path, self.start)
            if moment("2000-01-03", clock) is None:
                return None
            if day is None:
                raise BadInput(
                    f"{self.path}: has times and no date; put the day into the file's name (trades_2025-03-04.csv), or give it with --at 2025-03-04."
                )
            value = day.isoformat()
        found = moment(value, clock, dated=self.layout.dated) if value is not None else None
        if found is None:
            return None
        self.into.unzoned |= found.timed and not found.zoned
        return found.at, found.timed

    def _no_day(self) -> int:
        """A row without a day is a sum, a footer or a disclaimer; one with a symbol, shares and a price is not left out in silence."""
        if self.get("symbol") and self._soft("qty") and self._soft("price"):
            raise BadInput(f"{self.where}: its day or time cannot be read ({self.get('at')!r}).")
        return 0

    def _is_trade(self) -> bool:
        what = self.text("what").lower()
        return self.layout.kind == EXECUTIONS and what in ("", "trade", "trd")

    def _soft(self, name: str) -> float | None:
        """A number where the cell is one; words in it are none."""
        value = self.get(name)
        return amount(self.where, name, value) if value is not None and is_amount(str(value)) else None

    def _twice(self) -> bool:
        name = self.text("id")
        if not name:
            return False
        key = (self.layout.title, name)
        if key in self.into.seen:
            self.into.notes.add("an execution stands twice in the files and is counted once.")
            return True
        self.into.seen.add(key)
        return False

    def _fees(self) -> float:
        found = 0.0
        for column in self.layout.fees:
            value = self.row.get(column)
            if value is not None and is_amount(str(value)):
                found += amount(self.where, column, value) or 0.0
        if "commission" in self.layout.columns:
            found += self._soft("commission") or 0.0
        return self.layout.fee_sign * found + 0.0

    def _cost(self, side: str, qty: float, price: float) -> float:
        """What an execution cost beside its price: what its net amount leaves, else the sum of its fees."""
        net = self._soft("amount") if self.layout.net else None
        flow = qty * price * (-1.0 if side == "buy" else 1.0)
        if net is None or (net == 0.0 and flow):
            return round(self._fees(), 6)
        if net * flow < 0:  # an amount without its sign
            net = -net
        cost = round(flow - net, 6)
        if abs(cost) > max(1.0, 0.02 * abs(flow)) and abs(cost - self._fees()) > 0.02:
            self.into.notes.add(
                "the amount of an execution is not its quantity times its price; the amount counts, the rest is taken as its cost."
            )
        return cost

    def _foreign(self, at: datetime, kind: str, symbol: str, side: str, qty: float, price: float) -> None:
        """What is no stock leaves its money and a note."""
        currency = self.text("currency").upper()
        if currency not in ("", "USD"):
            self.into.notes.add(f"an execution in {currency} is left out with its money; the account is kept in dollars.")
            return
        flow = qty * price * (self._soft("multiplier") or multiplier(kind)) * (-1.0 if side == "buy" else 1.0)
        net = self._soft("amount")
        if net is None or (net == 0.0 and flow):
            net = flow - self._fees()
        elif not self.layout.net:
            net -= self._fees()
        size = " (a contract is 100 shares)" if kind == OPTION else ""
        self.into.notes.add(f"an execution of {KINDS[kind][1]} is left out; its money is booked{size}.")
        keys: Row = {"event": "fee", "amount": round(net, 6), "foreign": (kind, symbol, side, qty)}
        self.into.events.append(Event(at, RANK["fill"], keys, self.where))

    def _money(self, at: datetime, timed: bool, symbol: str, qty: float | None) -> int:
        """A row that is no execution: money, a split, shares that come or go, or nothing."""
        words = " ".join(filter(None, (self.text("what"), self.text("description"), self.text("section"))))
        action = self.layout.more.get(self.text("what"), "")
        currency = self.text("currency").upper()
        value = self._soft("amount")
        if value is not None and not self.layout.net:
            value -= self._fees()
        if value is not None and currency not in ("", "USD"):
            self.into.notes.add(f"money in {currency} is left out; the account is kept in dollars.")
            return 0
        stock = bool(symbol) and self.kind(symbol, "") == STOCK
        what = self.text("what") or self.text("section") or "without a name"
        if qty and symbol and not stock:
            self.into.notes.add(
                f"a row {what!r} of {KINDS[self.kind(symbol, '')][1]} is left out; {'its money is booked' if value else 'there is no money in it'}."
            )
        elif qty and stock and (action == "split" or (not action and is_split(words))):
            keys: Row = {"event": "split", "symbol": symbol, "changes": [qty]}
            same = [
                e for e in self.into.events if e.keys.get("event") == "split" and e.keys["symbol"] == symbol and e.at == midnight(_day(at))
            ]
            if same:
                same[0].keys["changes"].append(qty)
            else:
                self.into.events.append(Event(midnight(_day(at)), RANK["split"], keys, self.where))
        elif qty and stock and (action == "transfer" or moves_shares(words)):
            keys = {"event": "shares", "symbol": symbol, "qty": plain_number(qty)}
            self.into.events.append(Event(midnight(_day(at)), RANK["shares"], keys, self.where))
            self.into.notes.add(f"shares of a row {what!r} are moved without a trade.")
        elif not value:
            if self.get("symbol") or value == 0.0 or self.text("what"):
                self.into.notes.add(f"a row {what!r} without money is left out.")
            return 0
        if not value:
            return 0
        if self._twice():
            return 0
        kind = money_kind(words)
        if kind is None:
            self.into.notes.add(f"a row {what!r} is booked as money that came in or went out (fee).")
            kind = "fee"
        keys = {"event": kind, "amount": value}
        if kind == "transfer":
            keys = {"event": "deposit" if value > 0 else "withdraw", "amount": abs(value)}
        self.into.events.append(Event(at if timed else midnight(_day(at)), RANK["cash"], keys, self.where))
        return 0

    # -- orders

    def order(self) -> int:
        """An order with its end and what was filled of it. 1 if it is one."""
        words, status = self.text("side"), self.text("status")
        placed = moment(self.get("placed"), dated=self.layout.dated) if self.get("placed") is not None else None
        if placed is None:
            if self.get("symbol") and words and status:
                raise BadInput(f"{self.where}: when the order was sent cannot be read ({self.get('placed')!r}).")
            return 0
        self.into.unzoned |= not placed.zoned
        side, symbol = side_of(words), self.symbol()
        if side is None or not symbol:
            self.into.notes.add(f"an order to {words or 'do what it does not say'!r} is left out.")
            return 0
        end = end_of(status)
        if end is None:
            raise BadInput(f"{self.where}: its status {status!r} is not known.")
        asked, filled = abs(self._soft("asked") or 0.0), abs(self._soft("qty") or 0.0)
        price = self._soft("price") if "price" in self.layout.columns else None
        qty = max(asked, filled)
        if not qty:
            self.into.notes.add("an order without a quantity is left out.")
            return 0
        kind = self.kind(symbol, words) if not self.text("exp") else OPTION
        done = moment(self.get("at")) if self.get("at") is not None else None
        if kind != STOCK:
            if filled and price:
                self._foreign(done.at if done is not None else placed.at, kind, symbol, side[0], filled, abs(price))
            else:
                self.into.notes.add(f"an order for {KINDS[kind][1]} is left out.")
            return 0
        closes = with_effect(*side, self.text("effect")) if self.text("effect") else side[1]
        name = self.text("order") or f"order {len(self.into.orders) + 1}"
        if any(o.name == name for o in self.into.orders):
            self.into.notes.add("an order stands twice in the files and is counted once.")
            return 0
        keys = self._shape(symbol, side[0], qty)
        ended = done.at if done is not None and end in (CANCELLED, REFUSED) and done.at >= placed.at else None
        reason = self.text("reason") or (status.partition(":")[2].strip() if end == REFUSED else "")
        self.into.orders.append(Asked(self.where, placed.at, name, symbol, side[0], qty, keys, end, ended, reason or status))
        if filled and price:
            at = (
                done.at
                if done is not None and end == FILLED and done.at >= placed.at
                else placed.at
                if done is None
                else max(done.at, placed.at)
            )
            cost = self._fees()
            self.into.trades.append(Trade(self.where, at, True, symbol, side[0], filled, price, cost, closes, name, None, ""))
        elif filled or end == FILLED:
            self.into.orders[-1].end = FILLED
        return 1

    def _shape(self, symbol: str, side: str, qty: float) -> Row:
        """Type, prices and time in force of an order."""
        kind = re.sub(r"[^a-z]", "", self.text("type").lower()) if "type" in self.layout.columns else ""
        limit, stop = self._soft("limit"), self._soft("stop")
        keys: Row = {"symbol": symbol, "side": side, "qty": plain_number(qty)}
        if kind in ("market", "mkt") and not stop:
            limit = None
        if stop and limit and kind in ("", "stoplimit", "stoplmt"):
            keys |= {"type": "stop_limit", "limit_price": abs(limit), "stop_price": abs(stop)}
        elif stop and kind != "limit":
            keys |= {"type": "stop", "stop_price": abs(stop)}
        elif limit:
            keys |= {"type": "limit", "limit_price": abs(limit)}
        tif = self.text("tif").upper()
        keys["time_in_force"] = "gtc" if tif.startswith("GTC") or "TILL CANCEL" in tif or "TIL CANCEL" in tif else "day"
        if keys["time_in_force"] == "gtc" and qty != int(qty):
            keys["time_in_force"] = "day"
        return keys


def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _day_of_file(path: str, start: str | None) -> date | None:
    day = day_in_name(Path(path).name)
    if day is None and start is not None:
        try:
            day = datetime.fromisoformat(start).date()
        except ValueError:
            raise BadInput(f"--at takes an ISO 8601 time like 2025-03-03T09:00:00, got {start!r}.") from None
    return day


# -- from rows to a history


def _built(gathered: _Gathered, layout: Layout, cash: float | None, start: str | None) -> Imported:
    notes, trades = gathered.notes, gathered.trades
    if gathered.untimed:
        _place_in_day(trades, notes)
    if gathered.unzoned:
        notes.add("times without a zone are taken as New York time.")
    trades.sort(key=lambda t: t.at)
    refused: dict[str, str] = {}
    events = gathered.events
    _match(gathered.orders, trades)
    for order in gathered.orders:
        events += _order_events(order, trades, notes, refused)
    events += executions_as_orders(trades, {o.name for o in gathered.orders}, notes)
    if not events:
        raise BadInput("there is no execution, no order and no money in these files.")
    brokerage = layout.brokerage if layout.brokerage in BROKERAGES else "finra"
    if brokerage == "finra":
        notes.add("this layout names no brokerage whose rules bt_pdt knows: judged by the bare law (finra); --brokerage names another.")
    found = in_order(events, Stated(), notes, cash=cash, start=start, brokerage=brokerage)
    return found._replace(refused=refused)


def _place_in_day(trades: list[Trade], notes: Notes) -> None:
    """Executions whose file says the day alone: the order with the most day trades, a minute apart from the open on."""
    notes.add(
        "the file has dates only, without times of day: of all orders in which a day's executions can have fallen, the worst (the one with the most "
        "day trades) is taken."
    )
    days: dict[date, list[Trade]] = {}
    untimed = [t for t in trades if not t.timed]
    if len(untimed) > 1 and untimed[0].at >= untimed[-1].at:  # newest first, as such files are
        untimed.reverse()
    for trade in untimed:
        days.setdefault(_day(trade.at), []).append(trade)
    held = _held_before(untimed)
    for day in sorted(days):
        listed = days[day]
        ordered: list[Trade] = list(listed)
        for symbol in dict.fromkeys(t.symbol for t in listed):
            places = [i for i, t in enumerate(listed) if t.symbol == symbol]
            own = [listed[i] for i in places]
            for place, pick in zip(places, worst([(t.signed, t.closes) for t in own], held.get(symbol, 0.0)), strict=True):
                ordered[place] = own[pick]
            held[symbol] = held.get(symbol, 0.0) + sum(t.signed for t in own)
        opens = datetime.combine(day, _FIRST, NEW_YORK).astimezone(UTC)
        last = close_of(day) if is_session(day) else None
        minutes = 385.0 if last is None else (last - datetime.combine(day, _FIRST)).total_seconds() / 60.0 - 5.0
        step = min(1.0, minutes / max(1, len(ordered)))
        for i, trade in enumerate(ordered):
            trade.at = opens + timedelta(minutes=step * i)
            trade.placed = None
    trades.sort(key=lambda t: t.at)


def _held_before(trades: Iterable[Trade]) -> dict[str, float]:
    """Shares that must have been held before, by what is sold long beyond what was bought up to the end of each day."""
    held: dict[str, float] = {}
    least: dict[str, float] = {}
    days: dict[tuple[str, date], float] = {}
    longs = {t.symbol for t in trades if t.closes == LONG}
    for trade in trades:
        key = (trade.symbol, _day(trade.at))
        days[key] = days.get(key, 0.0) + trade.signed
    for (symbol, _), change in sorted(days.items(), key=lambda item: item[0][1]):
        held[symbol] = held.get(symbol, 0.0) + change
        if symbol in longs:
            least[symbol] = min(least.get(symbol, 0.0), held[symbol])
    return {symbol: -short for symbol, short in least.items() if short < -SAME}


def _match(orders: Sequence[Asked], trades: Sequence[Trade]) -> None:
    """Executions that name no order are those of the filled order of their symbol and side that was sent before and is not filled yet."""
    open_trades = [t for t in trades if not t.order]
    for order in sorted((o for o in orders if o.end != REFUSED), key=lambda o: o.at):
        left = order.qty - sum(t.qty for t in trades if t.order == order.name)
        if order.end != FILLED and left >= order.qty - SAME:
            continue
        for trade in open_trades:
            if trade.order or trade.symbol != order.symbol or trade.side != order.side or trade.at < order.at or trade.qty > left + SAME:
                continue
            trade.order = order.name
            left -= trade.qty
            if left <= SAME:
                break


def _order_events(order: Asked, trades: Sequence[Trade], notes: Notes, refused: dict[str, str]) -> list[Event]:
    own = [t for t in trades if t.order == order.name]
    events = [Event(order.at, RANK["order"], {"event": "order", "id": order.name, **order.keys}, order.where)]
    if own and max(t.at for t in own).astimezone(NEW_YORK).date() > order.at.astimezone(NEW_YORK).date():
        lasting(events[0].keys, order.at, max(t.at for t in own))
    if not in_regular_hours(order.at) and order.keys.get("type") == "limit" and own and not in_regular_hours(own[0].at):
        events[0].keys["extended_hours"] = True
    if order.end == REFUSED:
        refused[order.name] = order.text
    if order.end in (CANCELLED, REFUSED):
        last = max([order.at, *(t.at for t in own)])
        if order.ended is None and order.end == CANCELLED:
            notes.add("when an order was cancelled is not in the file: it is asked and released at once.")
        events.append(Event(max(last, order.ended or last), RANK["cancel"], {"event": "cancel", "order": order.name}, order.where))
    elif order.end == FILLED and own and sum(t.qty for t in own) < order.qty - SAME:
        events.append(Event(max(t.at for t in own), RANK["cancel"], {"event": "cancel", "order": order.name}, order.where))
    elif order.end == FILLED and not own:
        notes.add("an order that was filled has no execution in these files: it is asked and released at once.")
        events.append(Event(order.at, RANK["cancel"], {"event": "cancel", "order": order.name}, order.where))
    return events
