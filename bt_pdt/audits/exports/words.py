"""The words of brokerages' exports: sides of executions, kinds of money, ends of orders."""

from __future__ import annotations

import re

from .holdings import EITHER, LONG, SHORT

_COVER = {
    "bc",
    "cover",
    "buy to cover",
    "buy cover",
    "bought to cover",
    "btc",
    "buy to close",
    "buytocover",
    "buytoclose",
    "bought short cover",
}
_COVER |= {"bot to close", "bought to close", "cvr"}
_SHORT = {
    "ss",
    "short",
    "sell short",
    "sold short",
    "sell to open",
    "sto",
    "sshrt",
    "short sell",
    "shortsell",
    "sellshort",
    "selltoopen",
    "sh",
    "t",
}
_SHORT |= {"sold short sale", "short sale", "sold to open"}
_SELL = {"s", "sell", "sold", "sld", "sl", "sell to close", "stc", "selltoclose", "sold to close", "sell long"}
_BUY = {"b", "buy", "bought", "bot", "buy to open", "bto", "buytoopen", "bought to open", "long", "reinvest shares", "reinvestment"}
_OPTION_CODES = {"bto", "sto", "btc", "stc"}

_MONEY = (
    (
        "dividend",
        r"divid|\bcdiv\b|\bmdiv\b|\bdiv\b|qual(ified)? div|cash in lieu|\bcil\b|capital gain|\bdoi\b|distribution|return of capital",
    ),
    ("interest", r"interest|\bint\b|\bslip\b|stock lending"),
    (
        "transfer",
        r"deposit|withdraw|\bach\b|wire|moneylink|mnylnk|transfer|fund(s)? (received|paid)|eft\b|electronic fund|contribution|\brtp\b|\befn\b",
    ),
    (
        "transfer",
        r"\bfnd\b|\bwdr\b|\bcrc\b|disbursement|direct deposit|cash (receipt|disbursement)|check received|\bitrf\b|cash sweep|journal|\bjnl\b|\bjrn\b",
    ),
    ("fee", r"\bfee|commission|\btax\b|withh|\badr\b|subscription|\bgold\b|\bdfee\b|\bafee\b|\bdtax\b|charge|adjust|rebate|regulatory"),
)
_SPLIT = re.compile(r"split|\bspl\b|\bspr\b|\bfs\b|\brs\b", re.IGNORECASE)
_SHARES = re.compile(
    r"acat|journal|transfer|receive|deliver|spin|merger|exchange|stock (dividend|distribution)|\brec\b|\bsoff\b|\bmrgs\b|\brad\b", re.I
)

FILLED, CANCELLED, REFUSED, WORKING = "filled", "cancelled", "refused", "working"


def side_of(words: str) -> tuple[str, str] | None:
    """(``buy`` or ``sell``, what it must close) of a word or phrase for an execution; None where it is none."""
    plain = " ".join(re.sub(r"[^a-z0-9]+", " ", words.lower()).split())
    if plain.startswith("you "):  # YOU BOUGHT APPLE INC (AAPL) (Margin)
        short = "short" in plain.split()
        if plain.startswith("you bought"):
            return "buy", SHORT if short and "cover" in plain else EITHER
        if plain.startswith("you sold"):
            return "sell", EITHER if short else LONG
        return None
    if plain in _COVER:
        return "buy", SHORT
    if plain in _SHORT:
        return "sell", EITHER
    if plain in _SELL:
        return "sell", LONG
    return ("buy", EITHER) if plain in _BUY or plain.startswith("reinvest") else None


def says_short(words: str) -> bool:
    """True if a word tells short sales or covers from plain ones."""
    plain = " ".join(re.sub(r"[^a-z0-9]+", " ", words.lower()).split())
    return plain in _COVER or plain in _SHORT


def is_option_code(words: str) -> bool:
    """True for the codes that are used for options alone where shares have Buy and Sell."""
    return words.strip().lower() in _OPTION_CODES


def with_effect(side: str, closes: str, effect: str) -> str:
    """What an execution must close once the file says whether it opened or closed."""
    plain = re.sub(r"[^a-z;]", "", effect.lower())
    if "clos" in plain or plain == "c" or (plain.split(";")[0] in ("c",)):
        return LONG if side == "sell" else SHORT
    if "open" in plain or plain.split(";")[0] == "o":
        return EITHER
    return closes


def money_kind(words: str) -> str | None:
    """``dividend``, ``interest``, ``fee`` or ``transfer``; None where no word says it."""
    for kind, pattern in _MONEY:
        if re.search(pattern, words, re.IGNORECASE):
            return kind
    return None


def is_split(words: str) -> bool:
    """True for a stock split, forward or reverse."""
    return bool(_SPLIT.search(words))


def moves_shares(words: str) -> bool:
    """True for what brings or takes shares without a trade."""
    return bool(_SHARES.search(words))


def end_of(status: str) -> str | None:
    """How an order ended, by the word that its brokerage uses; None where the word is not known."""
    plain = status.strip().lower()
    if re.match(r"(partial(ly)?[ _-]?)?fill|fll|flp|executed|complete", plain):
        return FILLED
    if re.match(r"cancel|can\b|out\b|ucn|expired|exp\b|tsc|void|replaced|rpl|inactive|closed", plain):
        return CANCELLED
    if re.match(r"reject|rej\b|fail|error|denied|refused|invalid|bro\b", plain):
        return REFUSED
    if re.match(r"open|working|pending|wait|queued|ack|received|accepted|new|held|don\b|sent|calculated|submitted", plain):
        return WORKING
    return None
