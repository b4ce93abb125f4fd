"""The space of a search: dimensions with their values, points in it, and the arguments of ``bt_pdt.run`` that a point stands for.

Every dimension is a finite list of values, so a point is a tuple of their places in those lists: it can be counted, stored and compared.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput, UnknownName, known_name
from ..law.brokerages import NAMES, rulebook_for
from ..runs import study

if TYPE_CHECKING:
    from ..host.sizing import Sizing

#: Arguments of ``bt_pdt.run`` that may vary besides the strategy's parameters, ``set.NAME`` and ``sizer.NAME``; those with a closed list have it here.
ACCOUNT: dict[str, tuple[Any, ...] | None] = {
    "cash": None,
    "brokerage": NAMES,
    "rules": None,
    "block_on": ("entry", "exit", "both"),
    "pdt_check": ("entry", "exit", "both"),
    "dtbp_check": ("entry", "exit", "both"),
    "on_call": ("ignore", "deposit", "liquidate"),
    "worst_price": (False, True),
    "charge_costs": (False, True),
    "sizer": None,
}
#: What the account is: names inside the argument ``account``.
INSIDE: dict[str, tuple[Any, ...]] = {"account_type": ("margin", "cash"), "pattern_day_trader": (False, True)}
#: The most that is lent, ``multiplier`` times equity, as the arguments that say it: the account has no such argument, it follows from these.
LENT: dict[int, dict[str, dict[str, Any]]] = {
    1: {"account": {"account_type": "cash"}},
    2: {"set": {"dt_buying_power_multiple": 2, "intraday_multiple": 2}},
    4: {},
}
#: Arguments that a run with the rules off does not ask for.
OF_THE_LAW = ("brokerage", "rules", "block_on", "pdt_check", "dtbp_check", "set")
MOST_VALUES = 100_000

Point = tuple[int, ...]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class Dimension:
    """One thing that varies: ``kind`` is params, account, inside (of ``account=``), lent, set or sizer; ``label`` is how it was called.

    Numbers are kept in rising order.
    """

    label: str
    kind: str
    name: str
    values: tuple[Any, ...]

    @property
    def shown(self) -> tuple[Any, ...]:
        """The values as tables have them: a sizer as its text."""
        return tuple(map(repr, self.values)) if (self.kind, self.name) == ("account", "sizer") else self.values

    @property
    def ordered(self) -> bool:
        """True where the values are numbers, so that some lie beside each other."""
        return all(_number(value) for value in self.values)

    def beside(self, k: int) -> list[int]:
        """The places next to ``k``; of values without an order, all others."""
        near = (k - 1, k + 1) if self.ordered else range(len(self.values))
        return [place for place in near if 0 <= place < len(self.values) and place != k]


@dataclass(frozen=True)
class Space:
    """All dimensions together; ``sizer`` is the one whose parameters vary where no dimension names another."""

    dimensions: tuple[Dimension, ...]
    sizer: Sizing | None = None

    @property
    def labels(self) -> list[str]:
        """The names of the dimensions, as they were given."""
        return [dimension.label for dimension in self.dimensions]

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(len(dimension.values) for dimension in self.dimensions)

    def points(self) -> Iterator[Point]:
        """Every point; the last dimension varies fastest."""
        return itertools.product(*(range(len(dimension.values)) for dimension in self.dimensions))

    def values(self, point: Point) -> dict[str, Any]:
        """A point by labels; sizers as their text."""
        return {dimension.label: dimension.shown[k] for dimension, k in zip(self.dimensions, point, strict=True)}

    def arguments(self, point: Point, common: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of ``bt_pdt.run``: those of every trial, and those of this point."""
        found = {**common, "params": dict(common.get("params") or {}), "set": dict(common.get("set") or {})}
        inside_account = dict(common.get("account") or {})
        chosen: dict[str, Any] = {}
        of_sizer: dict[str, Any] = {}
        for dimension, k in zip(self.dimensions, point, strict=True):
            if dimension.kind == "lent":
                inside_account |= LENT[dimension.values[k]].get("account", {})
                found["set"] |= LENT[dimension.values[k]].get("set", {})
                continue
            places = {"account": chosen, "inside": inside_account, "sizer": of_sizer, "params": found["params"], "set": found["set"]}
            places[dimension.kind][dimension.name] = dimension.values[k]
        if inside_account:
            chosen["account"] = inside_account
        sizing: Sizing | None = chosen.get("sizer", self.sizer)
        if sizing is not None:
            for name, value in of_sizer.items():
                sizing = sizing.having(name, value)
            chosen["sizer"] = sizing.plain
        return found | chosen

    def without_law(self, point: Point) -> Point:
        """What a run with the rules off hangs on: the point with everything of the law at its first value."""
        of_law = [d.kind == "set" or (d.kind == "account" and d.name in OF_THE_LAW) for d in self.dimensions]
        return tuple(0 if law else k for law, k in zip(of_law, point, strict=True))

    def beside(self, point: Point) -> list[Point]:
        """The points one step away in one dimension."""
        return [(*point[:i], k, *point[i + 1 :]) for i, d in enumerate(self.dimensions) for k in d.beside(point[i])]


def read_space(space: Mapping[str, Any], strategy: type, common: Mapping[str, Any], taken: Iterable[str]) -> Space:
    """The space that ``tune`` was given; labels that are also ``taken`` as columns are written out (``params.orders``)."""
    if not isinstance(space, Mapping) or not space:
        raise BadInput('space takes a mapping like {"size": [10, 20, 50]} with at least one entry.')
    defaults, taken, found = study.defaults_of(strategy), set(taken), []
    for label, given in space.items():
        kind, name = _place(str(label), strategy, defaults)
        if (kind, name) == ("account", "sizer"):
            given = _sizers(given, strategy)
        values = _values(str(label), given)
        _judge(str(label), kind, name, values, common)
        found.append(Dimension(f"{kind}.{name}" if label in taken else str(label), kind, name, values))
    places = [(d.kind, d.name) for d in found]
    for d in found:
        if places.count((d.kind, d.name)) > 1:
            raise BadInput(f"{d.name} is in the space twice.")
    if ("account", "block_on") in places and {("account", "pdt_check"), ("account", "dtbp_check")} & set(places):
        raise BadInput("block_on sets pdt_check and dtbp_check; put it, or them, into the space, but not both.")
    fixed = _sizers([common["sizer"]], strategy)[0] if "sizer" in common else None
    _judge_sizers(found, fixed)
    if ("lent", "multiplier") in places:
        for kind, name in (("inside", "account_type"), ("set", "dt_buying_power_multiple"), ("set", "intraday_multiple")):
            if (kind, name) in places or name in (common.get({"inside": "account"}.get(kind, kind)) or {}):
                raise BadInput(f"multiplier sets account_type, dt_buying_power_multiple and intraday_multiple; leave {name} out.")
    return Space(tuple(found), fixed)


def _sizers(given: Any, strategy: type) -> Any:
    """A list of sizers, each read and checked; anything else as it is, for :func:`_values` to tell."""
    from ..host.sizing import sizing_of

    return [sizing_of(each, strategy) for each in given] if isinstance(given, list | set | frozenset) else given


def _judge_sizers(found: Sequence[Dimension], fixed: Sizing | None) -> None:
    """Every sizer has the parameters that vary, and every value of them can be meant."""
    varied = [d for d in found if d.kind == "sizer"]
    if not varied:
        return
    bases: Sequence[Sizing] = next((d.values for d in found if (d.kind, d.name) == ("account", "sizer")), ())
    bases = bases or ([fixed] if fixed is not None else [])
    if not bases:
        raise BadInput(f"{varied[0].label} is a parameter of a sizer, and there is none; give sizer=..., or put sizer into the space.")
    for base in bases:
        for d in varied:
            known_name(f"{d.label}: parameter of {base!r}", d.name, base.names)
            if base.fixed(d.name):
                raise BadInput(f"{d.label} is in the space, so {base!r} cannot fix it too; leave {d.name} out there.")
        first = base
        for d in varied:
            first = first.having(d.name, d.values[0])
        for d in varied:
            for value in d.values:
                first.having(d.name, value).make()


def _place(label: str, strategy: type, defaults: Mapping[str, Any]) -> tuple[str, str]:
    """(kind of dimension, the name there)."""
    head, dot, name = label.partition(".")
    if dot and head == "set":
        return "set", known_name("parameter of the law", name, rulebook_for("alpaca").parameters)
    if dot and head == "sizer":
        return "sizer", name
    if dot and head == "params":
        return "params", known_name(f"parameter of {strategy.__name__}", name, defaults)
    kinds = dict.fromkeys(ACCOUNT, "account") | dict.fromkeys(INSIDE, "inside") | {"multiplier": "lent"}
    if dot and head == "account":
        return kinds[known_name("argument of the account", name, kinds)], name
    if label in defaults and label in kinds:
        raise BadInput(
            f"{label} is a parameter of {strategy.__name__} and an argument of the account; write params.{label} or account.{label}."
        )
    if label in defaults:
        return "params", label
    if label in kinds:
        return kinds[label], label
    raise UnknownName("dimension of the space", label, (*defaults, *kinds, "set.NAME", "sizer.NAME"))


def _values(label: str, given: Any) -> tuple[Any, ...]:
    """A list of values, ``range(...)``, (low, high, step), (low, high) of whole numbers, or {"low": .., "high": .., "step": ..}."""
    if isinstance(given, Mapping):
        if not {"low", "high"} <= set(given) or not set(given) <= {"low", "high", "step"}:
            raise BadInput(f"{label} takes low, high and step, got {', '.join(map(str, given)) or 'nothing'}.")
        given = tuple(given[name] for name in ("low", "high", "step") if name in given)
    if isinstance(given, tuple):
        return _steps(label, given)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise BadInput(f"{label} takes a list of values, or (low, high, step), got {given!r}.")
    values = [value.item() if hasattr(value, "item") else value for value in given]
    if not values or len({repr(value) for value in values}) < len(values):
        raise BadInput(f"{label} takes each value once, and at least one, got {', '.join(map(str, values[:9])) or 'none'}.")
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise BadInput(f"{label} takes finite numbers, got {', '.join(map(str, values[:9]))}.")
    return tuple(sorted(values) if all(_number(value) for value in values) else values)


def _steps(label: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(given) not in (2, 3) or not all(_number(value) for value in given):
        raise BadInput(f"{label} takes (low, high, step) as a tuple of numbers, and choices as a list, got {given!r}.")
    whole = all(isinstance(value, int) for value in given)
    if len(given) == 2 and not whole:
        raise BadInput(f"{label} needs a step: ({given[0]}, {given[1]}, step).")
    low, high, step = (Decimal(str(value)) for value in (*given, 1)[:3])
    if step <= 0 or low > high:
        raise BadInput(f"{label} takes low up to high by a step above 0, got {given!r}.")
    count = int((high - low) / step) + 1
    if count > MOST_VALUES:
        raise BadInput(f"{label} has {count:,} values; {MOST_VALUES:,} are the most, so take a larger step.")
    return tuple(int(low + k * step) if whole else float(low + k * step) for k in range(count))


def _judge(label: str, kind: str, name: str, values: Sequence[Any], common: Mapping[str, Any]) -> None:
    """What can be known to be wrong before a trial runs."""
    fixed = common if kind == "account" else common.get({"inside": "account"}.get(kind, kind)) or {}
    if kind != "sizer" and name in fixed:
        raise BadInput(f"{label} is in the space, so it cannot be fixed too.")
    lists: dict[str, Mapping[str, tuple[Any, ...] | None]] = {"account": ACCOUNT, "inside": INSIDE, "lent": {"multiplier": tuple(LENT)}}
    closed = lists[kind].get(name) if kind in lists else None
    if kind == "account" and name in ("pdt_check", "dtbp_check") and common.get("block_on") is not None:
        raise BadInput(f"block_on sets {name}, which is in the space; leave it out.")
    if kind == "account" and name == "block_on" and any(common.get(check) is not None for check in ("pdt_check", "dtbp_check")):
        raise BadInput("block_on is in the space and sets pdt_check and dtbp_check; leave those out.")
    if kind == "set":
        for value in values:
            rulebook_for("alpaca").parameter(name).parse(value)
    elif kind == "account" and name == "cash":
        for value in values:
            study.require_cash(value, common.get("account"))
    elif closed is not None:
        for value in values:
            if value not in closed:
                raise UnknownName(label, value, map(str, closed))


# -- from text


def space_from_text(texts: Iterable[str], strategy: type) -> dict[str, Any]:
    """``k=a:b:step``, ``k=x,y,z`` or ``FILE.toml`` as what ``tune`` takes."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        name = name.strip()
        if not equals and text.endswith(".toml"):
            more = _toml(text)
        elif not equals or not name or not rest.strip():
            raise BadInput(f"--space takes NAME=LOW:HIGH:STEP, NAME=A,B,C or a FILE.toml, got {text!r}.")
        else:
            more = {name: _read(name, rest.strip(), strategy)}
        twice = sorted(set(found) & set(more))
        if twice:
            raise BadInput(f"--space names {twice[0]} twice.")
        found |= more
    return found


def _toml(file: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({(error.strerror or str(error)).lower()}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: is not TOML ({error}).") from None
    found = {}
    for name, given in content.items():
        if name in ("set", "params", "account", "sizer") and isinstance(given, dict):
            found.update({f"{name}.{inner}": value for inner, value in given.items()})
        else:
            found[name] = given
    return found


def _read(name: str, text: str, strategy: type) -> Any:
    defaults = study.defaults_of(strategy)
    kind, inner = _place(name, strategy, defaults)
    default = defaults[inner] if kind == "params" else None
    if (kind, inner) == ("account", "sizer"):
        from ..host.sizing import sizers_in

        return sizers_in(text)
    if ":" in text and "," not in text and not isinstance(default, str | date | time):
        try:
            return tuple(_plain_number(part) for part in text.split(":"))
        except ValueError:
            raise BadInput(f"--space {name} takes LOW:HIGH:STEP in numbers, got {text!r}.") from None
    return [_word(kind, inner, part.strip(), default) for part in text.split(",")]


def _plain_number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _word(kind: str, name: str, text: str, default: Any) -> Any:
    if kind == "params":
        return study.typed_value(name, text, default)
    if name in ("worst_price", "charge_costs", "pattern_day_trader"):
        return study.typed_value(name, text, True)
    if kind in ("account", "inside") and name != "cash":
        return text
    if kind == "sizer" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return _plain_number(text)
    except ValueError:
        if kind in ("set", "sizer"):
            return text
        raise BadInput(f"--space {name} takes numbers, got {text!r}.") from None
