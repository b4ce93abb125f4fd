"""What a file's name says: a symbol, if exactly one word of it can be one, a day, and whether prices are adjusted. It is a guess, and is said."""

from __future__ import annotations

import re

_ENDINGS = r"(\.(csv|txt|gz|bz2|zip|json|jsonl|ndjson|parquet|pq|feather|arrow|tsv|dat|xz|zst|dbn))+$"
_EXCHANGES = "NASDAQ|NYSE|NYSEARCA|NYSEAMERICAN|AMEX|ARCA|BATS|CBOE|OTC|IEX"
#: words that stand in the names of bar files and are no tickers there
_NO_TICKERS = """
    ADJ ADJUSTED ADJSPLIT ADJSPLITDIV ALL ALPACA AMEX ARCA ASK AV BAR BARS BATS BID CANDLE CANDLES CHART CLEAN COPY CRSP CSV CUSTOM DAILY DATA
    DATABENTO DAY DAYS DB DBN DF DLY DUMP EDT EOD EQUITY EST ET ETH EXPORT EXT EXTENDED FILE FINAL FULL GMT H HIST HISTORICAL HISTORY HOUR
    HOURLY HOURS HR IB IBKR IEX INTRADAY KIBOT LAST LEAN LIST M MARKET MC MERGED MIN MINS MINUTE MINUTES MT MY NASDAQ NEW NINJA NY NYSE OHLC
    OHLCV OLD ONE OTC OUT OUTPUT POLY POLYGON PRICE PRICES QUANDL QUOTE QUOTES RAW REGULAR RESULT RESULTS RTH SAMPLE SCHWAB SEP SERIES SESSION SET
    SHARADAR SPLIT STOCK STOCKS STOOQ SYMBOL TABLE TD TEMP TEST TICK TICKER TICKS TIDY TIINGO TMP TRADE TRADES TRADING TS TV UNADJ
    UNADJUSTED US USA USD UTC V VALUES VWAP WEEK WEEKLY WIDE WIKI YAHOO YEAR YF YR ZIP
    JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC MON TUE WED THU FRI FROM TO AND THE OF FOR
"""
_WORDS = frozenset(_NO_TICKERS.split())
#: ... but are, where they are all of the name
_ALONE = frozenset(("ALL", "DAY", "DB", "H", "IBKR", "LEAN", "M", "MT", "TD", "TS", "TV", "V"))


def stem_of(name: str) -> str:
    """A file's name without its endings."""
    return re.sub(_ENDINGS, "", name, flags=re.IGNORECASE)


def symbol_of(name: str) -> str | None:
    """The one ticker in a file's name: ``SPY_1min.csv``, ``1min_SPY.csv``, ``spy.us.txt``, ``BRK-B.csv``, TradingView's ``BATS_SPY, 1.csv``."""
    stem = stem_of(name)
    view = re.fullmatch(rf"(?:{_EXCHANGES})(?:_DLY)?_([A-Z][A-Z.]*), ?.*", stem)
    if view:
        return view[1]
    whole = re.fullmatch(r"([A-Za-z]{1,4})[-.]([A-Ca-cKUW])", stem) or re.match(r"([A-Z]{1,4})[-.]([A-C])(?=[_ ,])", stem)
    if whole and whole[1].upper() not in _WORDS:
        return whole[0].upper()
    us = re.match(r"([A-Za-z]{1,6}(?:[-.][A-Za-z])?)\.us(?![A-Za-z])", stem, flags=re.IGNORECASE)
    if us:
        return us[1].upper()
    stem = re.sub(r"\.(last|bid|ask)$", "", stem, flags=re.IGNORECASE)
    if stem in _ALONE:
        return stem
    words = [word for word in re.split(r"[^A-Za-z0-9.]+", stem) if word]
    capitals = [word for word in words if re.fullmatch(r"[A-Z]{1,5}(\.[A-Z])?", word) and word not in _WORDS]
    if not capitals:
        longest = 4 if len(words) == 1 else 5
        small = [word for word in words if re.fullmatch(r"[a-z]{1,5}", word) and word.upper() not in _WORDS]
        capitals = [word.upper() for word in small if len(word) <= longest]
        if len(small) != len(capitals) or any(re.fullmatch(r"[A-Za-z]{6,}", word) and word.upper() not in _WORDS for word in words):
            return None
    unique = list(dict.fromkeys(capitals))
    return unique[0] if len(unique) == 1 else None


def day_of(name: str) -> str | None:
    """The one day in a file's name, as ``20240102``."""
    found = set()
    for year, month, day in re.findall(r"(?<!\d)(19\d\d|20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)", stem_of(name)):
        found.add(year + month + day)
    return found.pop() if len(found) == 1 else None


def adjusted_by(name: str) -> bool | None:
    """True or False if the name says adjusted or unadjusted."""
    words = re.split(r"[^a-z]+", stem_of(name).lower())
    if any(re.fullmatch(r"un-?adj(usted)?|nonadj(usted)?|not?adj(usted)?|raw", word) for word in words):
        return False
    if any(re.fullmatch(r"adj(usted)?|(split|div)?adj(usted)?|adj(split|div)+|backadj(usted)?", word) for word in words):
        return True
    return None
