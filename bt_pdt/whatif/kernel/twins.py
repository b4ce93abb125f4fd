"""Whether the account still works as the compiled replay does: a changed formula has no new name by which it could be known.

The compiled code says again what these modules of the account and its broker say. Each is written down here as it was when the two were
last held against each other, by a digest of what it computes: comments, docstrings, annotations, imports and the words of sentences do not
count. If a module computes something else, searches are full runs until somebody has looked: brought the compiled code up to it, or seen that
nothing a replay answers has changed. Then the new digest is written here, and ``tests/replay`` says which that is.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: The order in which a reader would compare them: facts, what is required, what is owed, what is refused, the day, the broker.
#: Left out are backtrader's own matching and its faster form in ``host.fast.sparse``, which are held against each other elsewhere.
TWINS: dict[str, str] = {
    "core.money": "dff87a0d6426",
    "account.daytrades": "c4e4cf6bd5a9",
    "account.ledger": "3c070ce18235",
    "account.requirements": "e7233f898680",
    "account.valuation": "abab80f3f750",
    "account.intraday_margin": "3342d702f479",
    "account.calls": "8adbac82ec49",
    "account.call_book": "9f5bbe5f14fe",
    "account.regulation_t": "3d935c63dfa5",
    "account.designation": "4c92502b8ecd",
    "account.carrying_costs": "3c20b7045103",
    "account.current_session": "8b9b04897caf",
    "account.session_state": "4c0310cc3d95",
    "account.events": "dd2cf0c4a03c",
    "account.session_start": "8aa834fe1acb",
    "account.session_close": "4025f708fcc5",
    "account.executions": "80b0072b4e3f",
    "account.cash_moves": "b003f10db5dd",
    "account.checks": "01c8c20ea031",
    "account.submission": "479bf5c002ab",
    "account.order_desk": "cf068a833ae5",
    "account.terms": "f8ad7d08e7be",
    "account.account": "bbb05f3d2b86",
    "host.requests": "72c3fb530628",
    "host.bookkeeper": "4b6eff06a9d8",
    "host.collections": "f37e6b8ecfb2",
    "host.broker": "eeeeed9b1b1f",
    "host.sizers": "2321e46f52ee",
}
_PACKAGE = Path(__file__).parents[2]
_UNSAID = ("annotation", "returns", "ctx", "kind", "type_comment", "type_params")


def _form(node: object) -> Iterator[str]:
    """What a piece of code computes, the same for every version of Python."""
    if isinstance(node, ast.JoinedStr):
        yield "words"
    elif isinstance(node, ast.AST):
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            if value is not None and value != [] and name not in _UNSAID:
                yield name
                yield from _form(value)
    elif isinstance(node, list):
        for each in node:
            said = isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)  # a docstring
            if not said and not isinstance(each, ast.Import | ast.ImportFrom):
                yield from _form(each)
        yield "."
    else:
        yield repr(node)


def digest(source: str) -> str:
    """What ``source`` computes, in short."""
    digest = hashlib.sha256("\n".join(_form(ast.parse(source))).encode())
    return digest.hexdigest()[:12]


@cache
def digest_of(module: str) -> str:
    """The digest of a module of this package; empty where its source is not there to be read."""
    try:
        return digest(_PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8"))
    except OSError:
        return ""


def changed() -> str:
    """The first module that computes something else than it did, as a sentence; empty if none does."""
    for module, held in TWINS.items():
        if digest_of(module) != held:
            return f"an account of which {module} has changed since a replay was last held against it"
    return ""
