"""``Replay``: the intents of one run, and what becomes of them under other accounts and sizers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..account.terms import CHECK_MODES, rulebook_as
from ..core import sessions
from ..core.errors import BadInput, known_name
from ..core.orders import Asset, finite, positive
from ..host import sizers
from ..host.sizing import Sizing, sizing_of
from ..law.brokerages import brokerage as brokerage_named
from ..law.rulebook import Rulebook
from .kernel import scope, shapes, twins
from .kernel.law import Unsupported, laws
from .kernel.shapes import CALLS, FIXED, LEFT, NEVER, OF_EQUITY, OF_POWER, REASONS, RESTRICTED, STATUSES, Array, Book, Log
from .kernel.tape import intents, tape
from .recording import FIXED_SIZE

if TYPE_CHECKING:
    from ..bars import Bars
    from .recording import Record


def compiler_or_sentence() -> None:
    """Raises :class:`BadInput` with how to install it where numba is missing."""
    try:
        import numba  # noqa: F401
    except ImportError:
        raise BadInput('a replay is compiled by numba: pip install "bt_pdt[fast]"; without it every variant is a full run.') from None


class Sent(NamedTuple):
    """An order of a replay: signed shares, and the reason of its refusal, empty if it was accepted."""

    bar: int
    feed: int
    qty: float
    reason: str


class Filled(NamedTuple):
    """An execution of a replay, in signed shares."""

    bar: int
    feed: int
    qty: float
    price: float


class Owed(NamedTuple):
    """A margin call of a replay; ``due`` is None where no day is set."""

    kind: str
    amount: float
    issued: date
    due: date | None
    status: str


class Held(NamedTuple):
    """A restriction of a replay; ``until`` is None while it is open-ended."""

    kind: str
    start: date
    until: date | None


class Replayed(NamedTuple):
    """One variant: its numbers (those of a search), or why it is ``left`` to a full run; the rest only where it was asked for."""

    metrics: dict[str, Any]
    left: str = ""
    rows: Sequence[Mapping[str, Any]] = ()
    orders: Sequence[Sent] = ()
    fills: Sequence[Filled] = ()
    values: Array | None = None
    calls: Sequence[Owed] = ()
    restrictions: Sequence[Held] = ()


class Replay:
    """A recorded run over its bars. Raises :class:`Unsupported` where it cannot be replayed at all."""

    def __init__(self, strategy: type, bars: Bars, symbols: Sequence[str], record: Record, steps: int, assets: Any = ()) -> None:
        self.strategy, self.symbols, self.record = strategy, list(symbols), record
        self.assets = _by_symbol(assets)
        self.tape, self.days = tape(bars, self.symbols, record.order)
        if len(self.tape.day) != steps:
            raise Unsupported("a run that did not go through all bars")
        self.intents = intents(record, self.tape.now)
        self.seen = np.unique(self.tape.day).tolist()
        self._rooms = threading.local()

    def run(
        self,
        variants: Sequence[Mapping[str, Any]],
        *,
        jobs: int | None = None,
        whole: bool = False,
        notify: Callable[[int, Replayed], None] | None = None,
    ) -> list[Replayed]:
        """What becomes of the intents under each variant (arguments of ``bt_pdt.run``); ``whole`` keeps orders, fills and equity too."""
        from .kernel.kernel import replay

        rows, reasons = np.zeros(len(variants), dtype=shapes.VARIANT), [""] * len(variants)
        books: dict[Any, tuple[int, Rulebook]] = {}
        for i, arguments in enumerate(variants):
            try:
                self._variant(rows[i], arguments, books)
            except Unsupported as error:
                reasons[i] = str(error)
            except (BadInput, TypeError, ValueError):
                reasons[i] = "arguments that a run does not take"  # it will say why
        known, unknown = laws([book for _, book in books.values()], self.days, self.symbols, self.assets)

        def one(i: int) -> Replayed:
            why = reasons[i] or unknown.get(int(rows[i]["law"]), "")
            if why:
                return Replayed({}, why)
            book, table, marked = self._room()
            log = self._log(whole)
            replay(book, known, self.tape, self.intents, rows[i], table, marked, log)
            left = int(book.state[0]["fallback"])
            return Replayed({}, LEFT[left]) if left else self._told(book, table, float(rows[i]["cash"]), log, whole)

        def finish(i: int) -> Replayed:
            found = one(i)
            if notify is not None:
                notify(i, found)
            return found

        cores = jobs or os.cpu_count() or 1
        if cores == 1 or len(variants) < 2:
            return [finish(i) for i in range(len(variants))]
        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(finish, range(len(variants))))

    # -- a variant

    def _variant(self, row: Any, given: Mapping[str, Any], books: dict[Any, tuple[int, Rulebook]]) -> None:
        account = dict(given.get("account") or {})
        for names, values in ((scope.RUN, given), (scope.ACCOUNT, account)):
            for name, value in values.items():
                why = names.fallback_reason(name, value)
                if why:
                    raise Unsupported(why)
        self._require_the_same_bars(given)
        rules, brokerage = given.get("rules", "as_of"), given.get("brokerage", "alpaca")
        refuses = rules != "off"
        on_call = given.get("on_call", "ignore")
        block = given.get("block_on")
        if block is not None and (given.get("pdt_check") is not None or given.get("dtbp_check") is not None):
            raise BadInput("give block_on, or pdt_check and dtbp_check, but not both.")
        overrides = dict(given.get("set") or {})
        for name in ("pdt_check", "dtbp_check"):
            mode = block if block is not None else given.get(name)
            if mode is not None and known_name(name, mode, CHECK_MODES) and brokerage_named(brokerage).has(name):
                overrides[name] = mode
        key = (brokerage, str(rules), tuple(sorted((name, repr(value)) for name, value in overrides.items())))
        if key not in books:
            books[key] = (len(books), rulebook_as(brokerage, rules, overrides))
        cash = positive("cash", given.get("cash", 100_000.0))
        equity = account.get("last_equity")
        maintenance = account.get("last_maintenance_margin")
        row["cash"], row["law"] = cash, books[key][0]
        row["last_equity"] = cash if equity is None else finite("last_equity", equity)
        row["last_maintenance"] = 0.0 if maintenance is None else finite("last_maintenance_margin", maintenance)
        row["flagged"], row["refuses"] = bool(account.get("pattern_day_trader")), refuses
        row["ignores_calls"] = on_call == "ignore" or not refuses
        row["worst_price"], row["charges"] = bool(given.get("worst_price")), bool(given.get("charge_costs", True))
        self._sizer(row, given.get("sizer"))

    def _require_the_same_bars(self, given: Mapping[str, Any]) -> None:
        """The variant is on the recorded bars and securities."""
        if given.get("symbols") is not None and list(given["symbols"]) != self.symbols:
            raise Unsupported("other symbols than the recorded ones")
        if given.get("assets") is not None and _by_symbol(given["assets"]) != self.assets:
            raise Unsupported("other facts about securities than the recorded ones")
        first, last = str(given.get("fromdate") or self.days[0]), str(given.get("todate") or self.days[-1])
        if first > str(self.days[0]) or last < str(self.days[-1]):
            raise Unsupported("other dates than the recorded ones")

    def _sizer(self, row: Any, given: Any) -> None:
        row["sizer"], row["sizer_a"] = FIXED, 1.0  # backtrader's own where none is given
        if given is None or not self.record.sized:
            return
        sizing = sizing_of(given, self.strategy)
        values = _parameters(sizing)
        if sizing.kind is sizers.Trimmed and isinstance(values["sizer"], Sizing):
            row["trimmed"], row["trimmed_fractional"] = True, values["fractional"]
            sizing = values["sizer"]
            values = _parameters(sizing)
        if sizing.kind is FIXED_SIZE:
            row["sizer_a"] = abs(values["stake"])
        elif sizing.kind is sizers.PercentOfEquity:
            row["sizer"], row["sizer_a"] = OF_EQUITY, values["percent"]
        elif sizing.kind is sizers.PercentOfBuyingPower and values["power"] in scope.POWERS:
            row["sizer"], row["sizer_a"], row["sizer_b"] = OF_POWER, values["percent"], scope.POWERS[values["power"]]
        else:
            raise Unsupported(f"the sizer {sizing!r}")
        row["fractional"] = bool(values.get("fractional"))
        row["trimmed_fractional"] |= row["fractional"]

    # -- room to work in, one for each thread

    def _room(self) -> tuple[Book, Array, Array]:
        room = getattr(self._rooms, "room", None)
        if room is None:
            count, asked, days = len(self.symbols), len(self.intents.step) + 2, len(self.days)
            most = int(np.bincount(self.intents.symbol, minlength=1).max()) + 2 if len(self.intents.symbol) else 2
            book = Book(
                np.zeros(1, shapes.STATE),
                np.zeros(count),
                np.zeros(count),
                np.zeros(count),
                np.zeros(count),
                np.zeros(count, np.int64),
                np.zeros(count + 1, np.int64),
                np.zeros(count, shapes.RUN),
                np.zeros(count + 1, np.int64),
                np.zeros((count, most), shapes.LOT),
                np.zeros(2 * asked, shapes.DONE),
                np.zeros(asked + 1),
                np.zeros(asked, shapes.ORDER),
                np.zeros(asked, np.bool_),
                np.zeros(count + 1, shapes.RESERVED),
                np.zeros(asked, np.int64),
                np.zeros(asked),
                np.zeros(shapes.MOST_CALLS, shapes.CALL),
                np.zeros(shapes.MOST_CALLS, shapes.RESTRICTION),
                np.zeros(days, np.int64),
                np.zeros(days, np.int64),
                np.zeros(max(REASONS) + 1, np.int64),
            )
            room = self._rooms.room = (book, np.zeros(days, shapes.ROW), np.zeros(count + 1, np.bool_))
        book, table, _ = room
        for array in (*book[:5], book.runs, book.steps, book.sent, book.reserved, book.made, book.filled, book.reasons, table):
            array[:] = np.zeros((), array.dtype)
        return room  # type: ignore[no-any-return]

    def _log(self, whole: bool) -> Log:
        count = len(self.intents.step) if whole else 0
        return Log(
            np.zeros(count),
            np.full(count, -1, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.zeros(count),
            np.zeros(count),
            np.zeros(len(self.tape.day) if whole else 0),
        )

    def _told(self, book: Book, table: Array, cash: float, log: Log, whole: bool) -> Replayed:
        from .kernel.numbers import numbers, session_rows

        rows = session_rows(table, self.days)
        found = numbers(book, rows, self.seen, cash)
        if not whole:
            return Replayed(found)
        sent = np.flatnonzero(log.answer >= 0)
        asked = self.intents
        orders = [Sent(int(asked.step[i]), int(asked.symbol[i]), float(log.qty[i]), REASONS.get(int(log.answer[i]), "")) for i in sent]
        fills = [
            Filled(int(log.fill_step[k]), int(asked.symbol[log.fill_intent[k]]), float(log.fill_qty[k]), float(log.fill_price[k]))
            for k in range(int(book.state[0]["fills"]))
        ]
        return Replayed(found, "", rows, orders, fills, log.values.copy(), self._calls(book), _restrictions(book))

    def _calls(self, book: Book) -> list[Owed]:
        def day(place: int) -> date:
            return sessions.add_business_days(self.days[0], place)

        return [
            Owed(
                CALLS[int(call["kind"])],
                float(call["amount"]),
                day(int(call["issued"])),
                None if call["due"] == NEVER else day(int(call["due"])),
                STATUSES[int(call["status"])],
            )
            for call in book.calls[: int(book.state[0]["calls"])]
        ]


def _restrictions(book: Book) -> list[Held]:
    return [
        Held(
            RESTRICTED[int(each["kind"])],
            date.fromordinal(int(each["start"])),
            None if each["until"] == NEVER else date.fromordinal(int(each["until"])),
        )
        for each in book.restrictions[: int(book.state[0]["restrictions"])]
    ]


def _parameters(sizing: Sizing) -> dict[str, Any]:
    """The values of a sizer's known parameters, defaults included. Raises :class:`Unsupported` where another is given."""
    known = scope.SIZERS.get(sizing.kind.__name__, ())
    if not {name for name, _ in sizing.given} <= set(known):
        raise Unsupported(f"the sizer {sizing!r}")
    return {name: getattr(sizing.kind.params, name, None) for name in known} | dict(sizing.given)


def _by_symbol(assets: Any) -> dict[str, Asset]:
    return {asset.symbol: asset for asset in (assets.values() if isinstance(assets, Mapping) else assets)}


def record_of(run: Callable[..., Any], strategy: type, bars: Bars, arguments: Mapping[str, Any]) -> tuple[Record, Any]:
    """The intents of one run with the rules off, and its result. ``run`` is ``bt_pdt.run``.

    Raises :class:`Unsupported` where accounts and runs have something that the compiled code does not know.
    """
    from .recording import Record, recorded

    why = scope.stranger(run) or twins.changed()
    if why:
        raise Unsupported(why)
    record = Record()
    off = {name: value for name, value in arguments.items() if name not in ("rules", "block_on", "pdt_check", "dtbp_check", "deposits")}
    off["rules"] = "off"
    result = run(recorded(strategy, record), bars, **off)
    if not record.why_not:
        _require_the_same(strategy, bars, off, record, result)
    return record, result


def _require_the_same(strategy: type, bars: Bars, off: Mapping[str, Any], record: Record, result: Any) -> None:
    """The recorded run itself must come out of its replay: else something happened in it that is no intent (a commission, a deposit)."""
    from .agreement import difference

    symbols = list(off.get("symbols") or bars.symbols)
    try:
        replay = Replay(strategy, bars, symbols, record, len(result.times), off.get("assets") or ())
        (one,) = replay.run([off], jobs=1, whole=True)
    except Unsupported:
        return  # whoever replays is told
    differs = "" if one.left else difference(result, one, replay)
    if differs:
        record.leave(f"a run that is not its own replay, as where more happens than is asked for (a commission): {differs}")
