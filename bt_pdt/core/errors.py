"""Errors are sentences: which argument, what came, what was allowed, what to do next.

``BadInput`` is the only error a user of bt_pdt is meant to see. The command line turns it into one line
and exit code 2; everything else is a defect of ours (exit code 1).
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

_P = ParamSpec("_P")
_R = TypeVar("_R")


class BadInput(ValueError):
    """Something handed to bt_pdt cannot be used; the text is one sentence that says what and what to do."""


class NotInForce(BadInput):
    """A day before the first known day of a rule: no law, no answer."""


class UnknownName(BadInput):
    """A name that is not in a closed list; the sentence carries the nearest one that is."""

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        names = sorted(str(n) for n in known)
        near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
        if near:
            hint = f"did you mean {near[0]!r}?"
        elif names:
            hint = "known: " + ", ".join(names[:20]) + (" ..." if len(names) > 20 else ".")
        else:
            hint = "there is none yet."
        super().__init__(f"{what} {name!r} is not known; {hint}")

    def __reduce__(self) -> tuple[Any, ...]:
        # by its sentence: made anew from the three arguments it would fail to load, and a pool of processes waits for ever for such an error
        return _again, (type(self), str(self))


def _again(kind: type[UnknownName], sentence: str) -> UnknownName:
    return kind.__new__(kind, sentence)


Name = TypeVar("Name", bound=str)


def known_name(what: str, name: object, known: Collection[Name]) -> Name:
    """``name`` itself if it is one of ``known``; raises :class:`UnknownName` with the nearest otherwise."""
    if isinstance(name, str) and name in known:
        return cast(Name, name)
    raise UnknownName(what, name, known)


def mapping(name: str, value: Any, example: str) -> dict[str, Any]:
    """``value`` as a dict, empty for None; raises :class:`BadInput` naming the argument for what is none."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput(f"{name} takes a dict like {example}, got {value!r}.")
    return dict(value)


def listing(name: str, value: Any, example: str) -> list[Any]:
    """``value`` as a list, empty for None, of one for a text; raises :class:`BadInput` naming the argument for what is none."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Iterable):
        raise BadInput(f"{name} takes a list like {example}, got {value!r}.")
    return list(value)


def yes_or_no(name: str, value: Any) -> bool:
    """``value`` as a bool; raises :class:`BadInput` for a word, which would always be true."""
    if isinstance(value, str) or value not in (True, False):
        raise BadInput(f"{name} takes True or False, got {value!r}.")
    return bool(value)


def names_known(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """``function``, which answers a misspelt argument with the nearest name, as a :class:`UnknownName`."""
    known = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for name in kwargs:
            if name not in known:
                raise UnknownName(f"{function.__name__} argument", name, known)
        return function(*args, **kwargs)

    return checked
