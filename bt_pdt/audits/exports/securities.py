"""What a row of a brokerage's file is about: shares, which bt_pdt judges, or something else, which is left out with its money booked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

STOCK, OPTION, CRYPTO, OTHER = "stock", "option", "crypto", "other"
#: How each is named in a note: one of it, many of it.
NAMES = {OPTION: ("an option", "options"), CRYPTO: ("a crypto pair", "crypto"), OTHER: ("another security", "other securities")}
#: Shares that one option contract stands for where a file does not say it.
CONTRACT = 100.0

#: The form of the options clearing house, blanks in the root or a leading dot or not (``AAPL  250321C00240000``, ``.AAPL250321C240``).
_OCC = re.compile(r"[A-Z][A-Z0-9.]{0,5} *\d{6}[CP]\d{8}", re.IGNORECASE)
_SHORT_OPTION = re.compile(r"[.-]?[A-Z][A-Z0-9]{0,5} ?\d{6}[CP]\d+(\.\d+)?", re.IGNORECASE)
#: ``AAPL 03/21/2025 240.00 C``, ``AAPL Mar 21 '25 $240 Call``, ``AAPL 21MAR25 240 C``: a day, a strike and a right.
_SPOKEN_OPTION = re.compile(
    r"^[A-Z][A-Z0-9.]{0,5}\s+.*\d.*\b(C|P|CALL|PUT)S?$|^(CALL|PUT)\b.*\d|^[A-Z][A-Z0-9.]{0,5}\s+\d{1,2}/\d{1,2}/\d{2,4}\s.*\b(CALL|PUT|C|P)\b",
    re.IGNORECASE,
)
_PAIR = re.compile(r"[A-Z0-9]{2,10}[/-](USD|USDT|USDC|BTC|ETH|EUR|GBP)", re.IGNORECASE)
#: No stock symbol has six letters: BTCUSD is a pair written together.
_JOINED_PAIR = re.compile(r"(?=[A-Z0-9]{6,})[A-Z0-9]{2,8}(USD|USDT|USDC|BTC|EUR|GBP)", re.IGNORECASE)

_STOCK_WORDS = {
    *("us_equity", "equity", "equities", "stk", "stock", "stocks", "eq", "etf", "adr", "common stock", "mutual fund", "reit", "shares"),
    *("collective_investment", "fund", "mutual_fund"),
}
_OPTION_WORDS = {
    *("us_option", "opt", "option", "options", "equity option", "equity options", "equity and index options", "optn", "index option"),
    *("mleg", "multileg", "fop", "futures option", "optionn", "call", "put", "combo"),
}
_CRYPTO_WORDS = {"crypto", "crypto_perp", "cryptocurrency", "cryptos", "digital currency"}


def by_symbol(symbol: str) -> str:
    """What the form of a symbol says: an option, a crypto pair, else a stock."""
    plain = symbol.strip()
    if _OCC.fullmatch(plain) or _SHORT_OPTION.fullmatch(plain) or _SPOKEN_OPTION.search(plain):
        return OPTION
    if _PAIR.fullmatch(plain) or _JOINED_PAIR.fullmatch(plain):
        return CRYPTO
    return STOCK


def by_class(name: object) -> str | None:
    """What an asset class is, whatever the brokerage calls it; None where there is none."""
    plain = str(name or "").strip().lower().replace("assetclass.", "")
    if not plain:
        return None
    if plain in _STOCK_WORDS:
        return STOCK
    if plain in _OPTION_WORDS or "option" in plain:
        return OPTION
    return CRYPTO if plain in _CRYPTO_WORDS or "crypto" in plain else OTHER


def kind_of(row: Mapping[str, Any]) -> str:
    """What an order, an execution or a position of Alpaca's is: by its asset class, its order class, the form of its symbol.

    An order of several legs has neither symbol nor class: its legs are options.
    """
    if row.get("order_class") == "mleg":
        return OPTION
    found = by_class(row.get("asset_class"))
    symbol = str(row.get("symbol") or "")
    shaped = by_symbol(symbol) if symbol else STOCK
    if shaped == CRYPTO and found == STOCK and "/" not in symbol:
        return STOCK  # the brokerage says what it is
    if found in (None, STOCK):
        return shaped
    return found


def multiplier(kind: str) -> float:
    """Units that one of it stands for in money."""
    return CONTRACT if kind == OPTION else 1.0


def plain_symbol(symbol: str) -> str:
    """A symbol for comparison: upper case, without blanks and slashes (``BTC/USD`` and ``BTCUSD`` are one)."""
    return "".join(symbol.upper().split()).replace("/", "")
