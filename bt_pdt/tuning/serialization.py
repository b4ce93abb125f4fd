"""What travels to other processes and machines: bars apart, everything as bytes that plain ``pickle.loads`` reads where bt_pdt is installed.

A strategy of a file travels as the file's text, a class of a module by its name, a class of a notebook or of the running script by value.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import pickle
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ..core.errors import BadInput
from ..host import strategy_files
from ..host.outcome import about as about_strategy
from ..host.strategy_files import sentence
from ..runs import study

#: What backtrader's metaclasses make anew from a declaration, and what belongs to every class.
_MADE = ("params", "packages", "frompackages", "lines", "linealias", "plotinfo", "plotlines", "alias", "__dict__", "__weakref__")


class StrategyFile(NamedTuple):
    """A strategy file as it was read here."""

    path: str
    name: str
    text: bytes
    sha256: str


class Parcel(NamedTuple):
    """A packed strategy, and the hash by which a process that keeps it knows it again."""

    packed: bytes
    sha256: str


def strategy_parcel(strategy: type) -> Parcel:
    """The strategy packed; raises :class:`BadInput` where it holds what cannot leave this process."""
    if strategy.__module__.startswith(strategy_files.MODULE):
        file = Path(inspect.getfile(strategy))
        text = file.read_bytes()
        packed = pack(StrategyFile(str(file), strategy.__name__, text, hashlib.sha256(text).hexdigest()), file.name)
        return Parcel(packed, hashlib.sha256(packed).hexdigest())
    packed = pack(strategy, strategy.__name__)
    about = str(about_strategy(strategy, {})["sha256"])  # a class by its name is read anew where its file has changed
    return Parcel(packed, hashlib.sha256(packed + about.encode()).hexdigest())


class Carried(NamedTuple):
    """A strategy of a file inside something that is pickled: where its class is found if its file was read here, else the file itself."""

    module: str
    name: str
    parcel: Parcel


def carried(strategy: type) -> type | Carried:
    """What of a strategy to pickle: a class of a module or script goes by its name, that of a file takes its file along."""
    if not strategy.__module__.startswith(strategy_files.MODULE):
        return strategy
    return Carried(strategy.__module__, strategy.__name__, strategy_parcel(strategy))


def arrived(strategy: type | Carried) -> type:
    """The class that was carried."""
    if not isinstance(strategy, Carried):
        return strategy
    found: type | None = getattr(sys.modules.get(strategy.module), strategy.name, None)
    return strategy_of(strategy.parcel) if found is None else found


@lru_cache(maxsize=4)
def strategy_of(parcel: Parcel) -> type:
    """The class in a parcel. A file that is the same here is imported where it lies, so that it finds what lies beside it."""
    found = pickle.loads(parcel.packed)
    if not isinstance(found, StrategyFile):
        return study.load_strategy(found)
    path = Path(found.path)
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == found.sha256:
        return study.load_strategy(f"{path}:{found.name}")
    with tempfile.TemporaryDirectory(prefix="bt_pdt_strategy_") as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(found.text)
        return study.load_strategy(f"{copy}:{found.name}")


def pack(what: Any, name: str) -> bytes:
    """``what`` as bytes; raises :class:`BadInput`, calling it ``name``, where it cannot be written."""
    written = io.BytesIO()
    try:
        _pickler()(written).dump(what)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise BadInput(f"{name} cannot travel to another process ({sentence(error)}); jobs=1 runs it in this one.") from None
    return written.getvalue()


@lru_cache(maxsize=1)
def _pickler() -> type:
    from cloudpickle import CloudPickler

    class Pickler(CloudPickler):  # type: ignore[misc]
        """Cloudpickle, which by itself makes backtrader's classes without their declaration: parameters and lines would be lost."""

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, type) and hasattr(type(obj), "donew") and not _found_by_name(obj):
                return _declared, (type(obj), obj.__name__, obj.__bases__, _declaration(obj)), _rest(obj), None, None, _filled
            return super().reducer_override(obj)

    return Pickler


def _found_by_name(found: type) -> bool:
    place: Any = sys.modules.get(found.__module__) if found.__module__ != "__main__" else None
    for name in found.__qualname__.split("."):
        place = getattr(place, name, None)
    return place is found


def _declaration(cls: Any) -> dict[str, Any]:
    """The class variables that backtrader's metaclasses have read, as if all of them had been written in this class."""
    found = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "params": tuple(cls.params._getpairs().items()),
        "packages": cls.packages,
        "frompackages": cls.frompackages,
    }
    if hasattr(cls, "lines"):
        base, lines = cls.lines._getlinesbase(), cls.lines._getlines()
        inherited = any(getattr(parent, "lines", None) is not None and parent.lines._getlines() for parent in cls.__bases__)
        found |= {
            "linesoverride": inherited and not base,
            "lines": lines[len(base) :],
            "extralines": cls.lines._getlinesextra() - cls.lines._getlinesextrabase(),
            **{name: dict(getattr(cls, name)._getpairs()) for name in ("linealias", "plotinfo", "plotlines")},
        }
    return found


def _declared(meta: Any, name: str, bases: tuple[type, ...], declaration: dict[str, Any]) -> type:
    """The class again, by its own metaclass; backtrader looks the class's module up, so there must be one."""
    module = str(declaration["__module__"])
    sys.modules.setdefault(module, ModuleType(module))
    made: type = meta(name, bases, dict(declaration))
    return made


def _rest(cls: type) -> dict[str, Any]:
    """Methods and other attributes: they may refer to the class itself, so they follow once it stands."""
    return {name: value for name, value in vars(cls).items() if name not in (*_MADE, "__module__", "__qualname__")}


def _filled(cls: type, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        setattr(cls, name, value)
