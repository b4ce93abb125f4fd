"""Brokerages by name. Each is data: one file beside this one, found by being there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ...core.errors import known_name
from .. import law
from ..rulebook import Rulebook
from .brokerage import Brokerage, Wire

__all__ = ["NAMES", "Brokerage", "Wire", "brokerage", "rulebook_for"]


def _found() -> Iterator[Brokerage]:
    """Every brokerage that a module beside this one makes; a firm is named as its module."""
    for module in sorted(info.name for info in iter_modules(__path__)):
        for value in vars(import_module(f".{module}", __name__)).values():
            if isinstance(value, Brokerage) and value.name == module:
                yield value


_BY_NAME: dict[str, Brokerage] = {firm.name: firm for firm in _found()}

#: The names that ``brokerage=`` takes.
NAMES: tuple[str, ...] = tuple(_BY_NAME)


def brokerage(name: str) -> Brokerage:
    """The brokerage called ``name``; raises :class:`~bt_pdt.core.errors.UnknownName` with the nearest."""
    return _BY_NAME[known_name("brokerage", name, NAMES)]


def rulebook_for(name: str) -> Rulebook:
    """The law with the brokerage's own histories in place; these are house values and extend backwards."""
    return _rulebook(brokerage(name).name)


@cache
def _rulebook(name: str) -> Rulebook:
    book, firm = law(), _BY_NAME[name]
    own = {p: replace(book.parameter(p), history=history, house=True) for p, history in firm.overrides.items()}
    return Rulebook([own.get(p.name, p) for p in book.parameters.values()])
