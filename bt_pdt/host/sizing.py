"""A sizer as a value: its class and its parameters, from a class, an instance or text, and text again that reads back as the same.

``Trimmed(PercentOfEquity(percent=100))`` is read as Python writes it and never evaluated: names of sizers and plain values, no more.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import backtrader as bt

from ..core.errors import BadInput, UnknownName
from ..core.orders import positive
from . import sizers

#: What may stand before a sizer's name, as one writes it in Python.
_HOMES = ("bt_pdt.", "bt.sizers.", "backtrader.sizers.", "bt.", "")
#: Of an instance of backtrader's Sizer, what is not the sizer's own.
_HOSTS = ("p", "params", "strategy", "broker", "why")


@dataclass(frozen=True, repr=False)
class Sizing:
    """A class of sizer and the parameters that are not its defaults, in the class's order; one inside another is a ``Sizing`` too.

    ``readable``: the text alone says which class is meant, to whoever has the strategy.
    """

    kind: Any
    given: tuple[tuple[str, Any], ...] = ()
    readable: bool = field(default=True, compare=False)

    def __repr__(self) -> str:
        return f"{self.kind.__name__}({', '.join(f'{name}={value!r}' for name, value in self.given)})"

    @property
    def plain(self) -> str | Sizing:
        """Its text where that says it all, else itself."""
        return repr(self) if self.readable else self

    @property
    def names(self) -> list[str]:
        """The parameters that it has, those of a sizer inside it included."""
        return list(dict.fromkeys([*_names(self.kind), *(name for _, each in self._inside for name in each.names)]))

    @property
    def kinds(self) -> list[Any]:
        """The classes in it."""
        return [self.kind, *(kind for _, each in self._inside for kind in each.kinds)]

    @property
    def _inside(self) -> Iterator[tuple[str, Sizing]]:
        return ((name, value) for name, value in self.given if isinstance(value, Sizing))

    def fixed(self, name: str) -> bool:
        """Is a value given to the parameter that :meth:`having` would set?"""
        if name in _names(self.kind):
            return name in dict(self.given)
        return any(each.fixed(name) for _, each in self._inside if name in each.names)

    def having(self, name: str, value: Any) -> Sizing:
        """The same with another value of a parameter: of the outermost sizer that has it."""
        if name in _names(self.kind):
            return _sizing(self.kind, dict(self.given) | {name: value}, self.readable)
        for where, each in self._inside:
            if name in each.names:
                return _sizing(self.kind, dict(self.given) | {where: each.having(name, value)}, self.readable)
        raise UnknownName(f"parameter of {self!r}", name, self.names)

    def make(self) -> Any:
        """A new sizer; raises :class:`BadInput` for parameters that cannot be meant."""
        try:
            if self.kind.__module__.startswith("backtrader."):
                for name, value in self.given:
                    if not isinstance(getattr(self.kind.params, name), bool):
                        positive(name, value)
            return self.kind(**{name: value.make() if isinstance(value, Sizing) else value for name, value in self.given})
        except BadInput as error:
            raise BadInput(f"sizer {self!r}: {error}") from None
        except Exception as error:
            raise BadInput(f"sizer {self!r} cannot be made, {type(error).__name__}: {' '.join(str(error).split())}.") from error

    def watched(self, asked: list[bool]) -> Callable[[], Any]:
        """What makes the sizer; the first time that it is asked for a size, it says so in ``asked`` and is as any other from then on."""

        def make() -> Any:
            made = self.make()
            made.asked = asked
            kind: Any = type(made)
            made.__class__ = _unasked(kind)
            return made

        return make


@cache
def _unasked(kind: Any) -> Any:
    """The class of a sizer until it is asked."""

    def getsizing(self: Any, data: Any, isbuy: bool) -> Any:
        vars(self).pop("asked").append(True)
        self.__class__ = kind
        return self.getsizing(data, isbuy)

    return type(kind)(f"Unasked{kind.__name__}", (kind,), {"getsizing": getsizing, "__module__": kind.__module__})


def sizing_of(given: Any, strategy: type | None = None) -> Sizing:
    """``given`` as a :class:`Sizing` that can be made; sizers beside ``strategy`` in its file or module are known by name too.

    Raises :class:`BadInput` for what is no sizer, and for parameters that it has not or that cannot be meant.
    """
    known = _known(strategy)
    if isinstance(given, Sizing):
        return given
    found = _read(given, known) if isinstance(given, str) else _given(given, known)
    found.make()
    return found


def sizers_in(text: str) -> list[str]:
    """``A(x=1,y=2),B(z=3)`` as its parts."""
    return [ast.unparse(part) for part in _parsed(f"[{text}]", text).elts]  # type: ignore[attr-defined]


def _known(strategy: type | None) -> dict[str, Any]:
    """Sizers by name: backtrader's, bt_pdt's, and those in the strategy's module."""
    base = {"Sizer", "SizerBase", *(kind.__name__ for kind in (sizers.Sized, sizers.Wrapping))}
    homes = [vars(bt.sizers), vars(sizers), vars(sys.modules.get(strategy.__module__, bt.sizers)) if strategy is not None else {}]
    return {
        name: kind
        for home in homes
        for name, kind in home.items()
        if isinstance(kind, type) and issubclass(kind, bt.Sizer) and name not in base
    }


def _names(kind: Any) -> list[str]:
    """The parameters of a class in their order; ``fractional``, which every sizer of bt_pdt has, last."""
    names = list(kind.params._getkeys())
    return sorted(names, key="fractional".__eq__)


def _sizing(kind: Any, values: Mapping[str, Any], readable: bool) -> Sizing:
    """Without what is the default anyway, and whole dollars or percents without ``.0``, so that one sizer has one text."""
    given = []
    for name in _names(kind):
        if name in values:
            value, default = values[name], getattr(kind.params, name)
            if isinstance(value, float) and isinstance(default, float) and value.is_integer() and abs(value) < 1e15:
                value = int(value)
            if value != default or isinstance(value, bool) != isinstance(default, bool):
                given.append((name, value))
    return Sizing(kind, tuple(given), readable and all(each.readable for _, each in given if isinstance(each, Sizing)))


# -- from a class or an instance


def _given(given: Any, known: Mapping[str, Any]) -> Sizing:
    if isinstance(given, type) and issubclass(given, bt.Sizer):
        return Sizing(given, (), known.get(given.__name__) is given)
    if not isinstance(given, bt.Sizer):
        raise BadInput(f"sizer takes a backtrader Sizer, its class, or text like 'PercentOfEquity(percent=50)'; got {given!r}.")
    kind: Any = type(given)
    values = {name: _value(kind, name, getattr(given.p, name), known) for name in _names(kind)}
    found = _sizing(kind, values, known.get(kind.__name__) is kind)
    made = vars(found.make())
    for name, value in vars(given).items():
        if not name.startswith("_") and name not in _HOSTS and (name not in made or repr(made[name]) != repr(value)):
            raise BadInput(
                f"sizer: a {kind.__name__} made from its parameters alone has not the same {name}, and each run makes its own; "
                f"make {name} one of its params."
            )
    return found


def _value(kind: Any, name: str, value: Any, known: Mapping[str, Any]) -> Any:
    """A parameter's value; one that cannot be written down is told."""
    if isinstance(value, bt.Sizer) or (isinstance(value, type) and issubclass(value, bt.Sizer)):
        return _given(value, known)
    value = value.item() if hasattr(value, "item") else value
    try:
        same = bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise BadInput(f"sizer: {name} of {kind.__name__} takes a finite number, text, true or false, or a list of them; got {value!r}.")
    return value


# -- from text


def _unreadable(text: str) -> BadInput:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return BadInput(f"sizer takes a sizer as Python writes it, like PercentOfEquity(percent=50); got {shown!r}.")


def _parsed(source: str, text: str) -> ast.expr:
    try:
        return ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _unreadable(text) from None


def _read(text: str, known: Mapping[str, Any]) -> Sizing:
    return _written(_parsed(text, text), text, known)


def _written(node: ast.expr, text: str, known: Mapping[str, Any]) -> Sizing:
    called, args, keywords = (node.func, node.args, node.keywords) if isinstance(node, ast.Call) else (node, [], [])
    name = ast.unparse(called)
    if not all(part.isidentifier() for part in name.split(".")):
        raise _unreadable(text)
    short = next(name.removeprefix(home) for home in _HOMES if name.startswith(home))
    if short not in known:
        raise UnknownName("sizer", short, known)
    kind = known[short]
    names = _names(kind)
    if len(args) > len(names):
        raise BadInput(f"sizer {short} takes {', '.join(names) or 'no parameter'}; got {len(args)} values in {text!r}.")
    values: dict[str, Any] = {}
    for parameter, value in (*zip(names, args, strict=False), *_named(keywords, text)):
        if parameter not in names:
            raise UnknownName(f"parameter of {short}", parameter, names)
        if parameter in values:
            raise BadInput(f"sizer {short} is given {parameter} twice in {text!r}.")
        values[parameter] = _part(kind, parameter, value, text, known)
    return _sizing(kind, values, True)


def _named(keywords: Iterable[ast.keyword], text: str) -> Iterator[tuple[str, ast.expr]]:
    for keyword in keywords:
        if keyword.arg is None:
            raise _unreadable(text)
        yield keyword.arg, keyword.value


def _part(kind: Any, name: str, node: ast.expr, text: str, known: Mapping[str, Any]) -> Any:
    """A sizer inside, or a plain value."""
    if isinstance(node, ast.Call | ast.Attribute) or (isinstance(node, ast.Name) and node.id in known):
        return _written(node, text, known)
    try:
        return _value(kind, name, ast.literal_eval(node), known)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            f"sizer {kind.__name__}: {name} takes a number, text in quotes, True, False or a sizer; got {ast.unparse(node)}."
        ) from None
