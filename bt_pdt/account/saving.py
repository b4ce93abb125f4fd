"""An account as a file: JSON with a version, exact to the last digit, written whole or not at all.

The whole account is written, object by object, so that every later answer is the same. Nothing in a file is run: only the classes of
bt_pdt that an account is made of are filled in.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from ..law.brokerages import brokerage as brokerage_named
from ..law.brokerages import rulebook_for
from ..law.brokerages.brokerage import Brokerage
from ..law.rulebook import Rulebook, Rules

if TYPE_CHECKING:
    from .account import Account

#: The version of the form; a file of another is refused.
VERSION = 1
_HERE = __name__.partition(".")[0]


def save(account: Account, path: str | os.PathLike[str]) -> None:
    """Writes ``account`` to ``path``: whatever stops it, the file is the old one or the new one. Raises :class:`BadInput` where it cannot."""
    from ..core.version import __version__

    writer = _Writer(account.brokerage.name)
    root = writer.value(account)
    text = json.dumps({"bt_pdt_account": VERSION, "bt_pdt": __version__, "root": root, "objects": writer.objects}, allow_nan=False)
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written ({(error.strerror or 'unknown').lower()}).") from None


def restore(path: str | os.PathLike[str]) -> Account:
    """The account that :func:`save` wrote; raises :class:`BadInput` for a file that is damaged, or of another version."""
    from .account import Account

    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({(error.strerror or 'unknown').lower()}).") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise BadInput(f"{path}: is no account that was saved whole; save it again.") from None
    if not isinstance(found, dict) or "bt_pdt_account" not in found:
        raise BadInput(f"{path}: is no account that bt_pdt saved.")
    if found["bt_pdt_account"] != VERSION:
        raise BadInput(
            f"{path}: was saved in the form {found['bt_pdt_account']!r}, this version of bt_pdt reads {VERSION}; restore it with the bt_pdt that saved it."
        )
    try:
        account = _Reader(found["objects"]).value(found["root"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path}: is damaged, or was saved by a bt_pdt of another shape ({type(error).__name__}); save it again.") from None
    if not isinstance(account, Account):
        raise BadInput(f"{path}: holds no account.")
    return account


def _classes() -> Iterator[type]:
    for name, module in list(sys.modules.items()):
        if name == _HERE or name.startswith(f"{_HERE}."):
            for each in vars(module).values():
                if isinstance(each, type) and each.__module__ == name:
                    yield each


def _name(kind: type) -> str:
    """A class by its module's last word and its own: it may move within the package."""
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__qualname__}"


class _Writer:
    """Each list, dict and object once, in a table; values refer to it by number, so that what was one object stays one."""

    def __init__(self, brokerage: str) -> None:
        self.brokerage = brokerage
        self.objects: list[Any] = []
        self._place: dict[int, int] = {}
        self._alive: list[Any] = []  # as long as the numbers of objects are compared

    def value(self, value: Any) -> Any:
        """``value`` as JSON."""
        if value is None or (isinstance(value, (bool, str)) and not isinstance(value, Enum)):
            return value
        if isinstance(value, int) and not isinstance(value, Enum):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"!": "float", "is": repr(value)}
        if isinstance(value, datetime):
            return {"!": "datetime", "is": value.isoformat()}
        if isinstance(value, date):
            return {"!": "date", "is": value.isoformat()}
        if isinstance(value, timedelta):
            return {"!": "timedelta", "is": [value.days, value.seconds, value.microseconds]}
        if id(value) in self._place:
            return {"@": self._place[id(value)]}
        place = self._place[id(value)] = len(self.objects)
        self.objects.append(None)
        self._alive.append(value)
        self.objects[place] = self._object(value)
        return {"@": place}

    def _object(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return {"!": "enum", "class": _name(type(value)), "is": value.name}
        if isinstance(value, Brokerage):
            return {"!": "brokerage", "is": value.name}
        if isinstance(value, Rulebook):
            return self._rulebook(value)
        if isinstance(value, Rules):
            return {"!": "rules", "of": self.value(value.__reduce__()[1][0]), "day": value.day.isoformat()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {"!": "named", "class": self._known(type(value)), "is": [self.value(v) for v in value]}
        if isinstance(value, (list, tuple, set, frozenset)):
            items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
            return {"!": type(value).__name__, "is": [self.value(v) for v in items]}
        if isinstance(value, dict):
            return {"!": "dict", "is": [[self.value(k), self.value(v)] for k, v in value.items()]}
        if type(value) is object:
            return {"!": "object"}
        if hasattr(value, "__func__") and hasattr(value, "__self__"):
            return {"!": "method", "of": self.value(value.__self__), "name": value.__func__.__name__}
        return {"!": "instance", "class": self._known(type(value)), "is": self.value(value.__getstate__())}

    def _known(self, kind: type) -> str:
        if kind.__module__ != _HERE and not kind.__module__.startswith(f"{_HERE}."):
            raise BadInput(f"an account that holds {kind.__module__}.{kind.__qualname__} cannot be saved; give it plain values.")
        return _name(kind)

    def _rulebook(self, book: Rulebook) -> Any:
        """A rulebook by its brokerage and what the user set in it."""
        own = rulebook_for(self.brokerage).parameters
        given = {name: p.history[0].value for name, p in book.parameters.items() if p.history != own[name].history}
        return {
            "!": "rulebook",
            "brokerage": self.brokerage,
            "set": {name: self.value(value) for name, value in given.items()},
            "frozen_on": None if book.frozen_on is None else book.frozen_on.isoformat(),
            "reaches_back": book.reaches_back,
        }


class _Reader:
    def __init__(self, objects: list[Any]) -> None:
        self._raw = objects
        self._made: dict[int, Any] = {}
        self._kinds = {_name(kind): kind for kind in _classes()}

    def value(self, raw: Any) -> Any:
        """What a JSON value stands for."""
        if not isinstance(raw, dict):
            if isinstance(raw, list):
                raise ValueError("a bare list")
            return raw
        if "@" in raw:
            place = raw["@"]
            if place not in self._made:
                self._make(place, self._raw[place])
            return self._made[place]
        kind, text = raw["!"], raw["is"]
        if kind == "float":
            return float(text)
        if kind == "timedelta":
            return timedelta(*text)
        return datetime.fromisoformat(text) if kind == "datetime" else date.fromisoformat(text)

    def _make(self, place: int, raw: Any) -> None:
        kind = raw["!"]
        made: Any
        if kind == "list":
            made = self._made[place] = []
            made.extend(self.value(v) for v in raw["is"])
        elif kind == "dict":
            made = self._made[place] = {}
            for k, v in raw["is"]:
                made[self.value(k)] = self.value(v)
        elif kind == "instance":
            cls: Any = self._kinds[raw["class"]]
            made = self._made[place] = cls.__new__(cls)
            _fill(made, self.value(raw["is"]))
        else:
            self._made[place] = self._plain(kind, raw)

    def _plain(self, kind: str, raw: Any) -> Any:
        if kind in ("tuple", "set", "frozenset"):
            return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](self.value(v) for v in raw["is"])
        if kind == "named":
            return self._kinds[raw["class"]]._make(self.value(v) for v in raw["is"])  # type: ignore[attr-defined]
        if kind == "enum":
            return self._kinds[raw["class"]][raw["is"]]  # type: ignore[index]
        if kind == "brokerage":
            return brokerage_named(raw["is"])
        if kind == "rules":
            return self.value(raw["of"]).on(date.fromisoformat(raw["day"]))
        if kind == "rulebook":
            book = rulebook_for(raw["brokerage"])
            given = {name: self.value(value) for name, value in raw["set"].items()}
            book = book.override(given) if given else book
            book = book.reaching_back() if raw["reaches_back"] else book
            return book if raw["frozen_on"] is None else book.frozen(date.fromisoformat(raw["frozen_on"]))
        if kind == "method":
            owner = self.value(raw["of"])
            if not type(owner).__module__.startswith(_HERE):
                raise ValueError("a method of something else")
            return getattr(owner, raw["name"])
        if kind == "object":
            return object()
        raise ValueError(kind)


def _fill(made: Any, state: Any) -> None:
    """Gives an empty object its state, as unpickling would."""
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
        return
    plain, slots = state if isinstance(state, tuple) else (state, None)
    for each in (plain, slots):
        for name, value in (each or {}).items():
            object.__setattr__(made, name, value)
