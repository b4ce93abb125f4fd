"""The words of an order: what is asked (`OrderRequest`), what happened (`Fill`), what a security is (`Asset`)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from numbers import Real
from typing import Any

from .errors import BadInput, known_name
from .money import SHARE_DUST, SMALLEST_QTY

SIDES = ("buy", "sell")
TYPES = ("market", "limit", "stop", "stop_limit", "trailing_stop")
CLASSES = ("simple", "bracket", "oco", "oto")
TIMES_IN_FORCE = ("day", "gtc")
_PRICES = ("limit_price", "stop_price", "trail_price", "trail_percent", "take_profit", "stop_loss")
_NO_PRICES = (None,) * len(_PRICES)


#: An option in the form of its clearing house (root, yymmdd, C or P, strike in thousandths), and a pair of a coin and what it is priced in.
_OPTION = re.compile(r"[A-Z][A-Z0-9.]{0,5} *\d{6}[CP]\d{8}", re.IGNORECASE)
_COIN = re.compile(r"[A-Z0-9]+/(USD|USDT|USDC|BTC|EUR|GBP)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def stock_symbol(symbol: str) -> str:
    """``symbol`` itself; raises :class:`BadInput` for an option or a crypto pair. ``BRK/B`` is a share class, so a stock."""
    if not isinstance(symbol, str) or not symbol.strip():
        raise BadInput(f"symbol must be text like SPY, got {symbol!r}.")
    what = "an option" if _OPTION.fullmatch(symbol) else "a crypto pair" if _COIN.fullmatch(symbol) else ""
    if what:
        raise BadInput(f"{symbol} is {what}, and bt_pdt judges stocks only; leave it out and book its money as a fee or a dividend.")
    return symbol


def _number(value: object) -> float:
    """``value`` as a float, NaN for anything that is no finite number (a flag is none)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Real)):  # numpy's own numbers are Real
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def finite(name: str, value: object) -> float:
    """``value`` as a finite float of either sign; raises :class:`BadInput` naming the argument otherwise."""
    number = _number(value)
    if math.isnan(number):
        raise BadInput(f"{name} must be a finite number, got {value!r}.")
    return number


def positive(name: str, value: object) -> float:
    """``value`` as a float above zero; raises :class:`BadInput` naming the argument otherwise."""
    number = _number(value)
    if not number > 0:
        raise BadInput(f"{name} must be a finite number above 0, got {value!r}.")
    return number


def quantity(name: str, value: object) -> float:
    """``value`` as shares that a brokerage can hold; raises :class:`BadInput` naming the argument for what its nine decimals cannot tell from none."""
    number = positive(name, value)
    if number <= SHARE_DUST:
        raise BadInput(f"{name} must be at least {SMALLEST_QTY:.9f} (brokerages keep nine decimals of a share), got {value!r}.")
    return number


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order as a customer sends it. Quantities are positive shares (of nine decimals), prices dollars, ``at`` naive New York time.

    ``order_class`` ``bracket`` needs ``take_profit`` and ``stop_loss``, ``oto`` exactly one of them, ``oco`` both (and is
    itself an exit). Raises :class:`BadInput` for anything that is not an order.
    """

    symbol: str
    side: str
    qty: float
    type: str = "market"
    limit_price: float | None = None
    stop_price: float | None = None
    trail_price: float | None = None
    trail_percent: float | None = None
    order_class: str = "simple"
    take_profit: float | None = None
    stop_loss: float | None = None
    time_in_force: str = "day"
    extended_hours: bool = False
    id: str | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        stock_symbol(self.symbol)
        known_name("side", self.side, SIDES)
        known_name("type", self.type, TYPES)
        known_name("order_class", self.order_class, CLASSES)
        known_name("time_in_force", self.time_in_force, TIMES_IN_FORCE)
        quantity("qty", self.qty)
        if self.type == "market" and self.order_class == "simple" and self._prices() == _NO_PRICES:
            return
        for name, value in zip(_PRICES, self._prices(), strict=True):
            if value is not None:
                positive(name, value)
        if self.order_class != "oco":
            if self.type in ("limit", "stop_limit") and self.limit_price is None:
                raise BadInput(f"a {self.type} order needs limit_price.")
            if self.type in ("stop", "stop_limit") and self.stop_price is None:
                raise BadInput(f"a {self.type} order needs stop_price.")
            if self.type == "trailing_stop" and (self.trail_price is None) == (self.trail_percent is None):
                raise BadInput("a trailing_stop order needs trail_price or trail_percent, and not both.")
        exits = (self.take_profit is not None) + (self.stop_loss is not None)
        wanted = {"simple": 0, "bracket": 2, "oco": 2, "oto": 1}[self.order_class]
        if exits != wanted:
            need = {0: "neither take_profit nor stop_loss", 1: "take_profit or stop_loss, and not both", 2: "take_profit and stop_loss"}
            raise BadInput(f"an order of class {self.order_class} takes {need[wanted]}.")

    def _prices(self) -> tuple[float | None, ...]:
        return self.limit_price, self.stop_price, self.trail_price, self.trail_percent, self.take_profit, self.stop_loss

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.side == "buy" else -1


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution. ``order_id`` is None for a real execution whose order is unknown; ``at`` is naive New York time.

    ``execution_id`` is the brokerage's own name for it: an account books it once, however often it is delivered.
    """

    symbol: str
    side: str
    qty: float
    price: float
    order_id: str | None = None
    commission: float = 0.0
    at: datetime | None = None
    execution_id: str | None = None

    def __post_init__(self) -> None:
        stock_symbol(self.symbol)
        known_name("side", self.side, SIDES)
        quantity("qty", self.qty)
        positive("price", self.price)
        finite("commission", self.commission)
        if self.execution_id is not None and (not isinstance(self.execution_id, str) or not self.execution_id):
            raise BadInput(f"execution_id must be text, got {self.execution_id!r}.")

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.side == "buy" else -1


@dataclass(frozen=True, slots=True)
class Asset:
    """Facts about a security. ``leverage`` is the daily multiple of a leveraged fund (2, 3, -3), None for anything else.

    ``maintenance`` replaces the house rate, long and short; the per-share floors of short positions stay.
    """

    symbol: str
    leverage: float | None = None
    marginable: bool = True
    shortable: bool = True
    easy_to_borrow: bool = True
    maintenance: float | None = None

    def __post_init__(self) -> None:
        stock_symbol(self.symbol)
        if self.leverage is not None and finite("leverage", self.leverage) == 0:
            raise BadInput("leverage must not be 0; leave it out for an ordinary security.")
        if self.maintenance is not None:
            positive("maintenance", self.maintenance)


def assets_of(given: Any) -> tuple[Asset, ...]:
    """``assets`` as a user gives them, in a list or by symbol; raises :class:`BadInput` for what is no :class:`Asset`."""
    found = given.values() if isinstance(given, Mapping) else () if given is None else given
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise BadInput(f"assets takes bt_pdt.Asset values, like [Asset('TQQQ', leverage=3)], got {given!r}.")
    kept = tuple(found)
    for each in kept:
        if not isinstance(each, Asset):
            named = next((s for s, v in given.items() if v is each), "TQQQ") if isinstance(given, Mapping) else "TQQQ"
            raise BadInput(f"assets takes bt_pdt.Asset values, like Asset({named!r}, leverage=3), got {each!r}.")
    return kept
