"""Writes ``bt_pdt/law/values.py``: a typed attribute for each parameter of the rulebook, so that a misspelt one is found before it runs.

``python docs/make_rules.py`` writes, ``--check`` only says whether the module is stale.
"""

from __future__ import annotations

import sys
import textwrap
from datetime import date
from pathlib import Path
from typing import Any

import bt_pdt.law
from bt_pdt.law import Band, Parameter, ShortBand, law
from bt_pdt.law.brokerages import NAMES, rulebook_for

MODULE = Path(bt_pdt.law.__file__).with_name("values.py")
HEAD = '''"""The parameters of a day as typed attributes. Written by docs/make_rules.py from the rulebook: do not edit."""

from __future__ import annotations

from datetime import date
from typing import Literal

from .bands import Band, ShortBand


class Values:
    """A typed attribute for each parameter of the rulebook.

    A parameter of one regime is None on the days of the other, and its type here is that of its own regime: ask ``regime`` first.
    """
'''
TABLES = {
    "maintenance_long_bands": "tuple[Band, ...]",
    "maintenance_short_bands": "tuple[ShortBand, ...]",
    "maintenance_leveraged_long": "tuple[tuple[float, float], ...]",
}


def type_of(parameter: Parameter) -> str:
    """The type of a parameter's values, ``| None`` where the rule or a brokerage has none."""
    found = TABLES.get(parameter.name)
    values = [entry.value for name in NAMES for entry in rulebook_for(name).parameters[parameter.name].history]
    if found is None and parameter.choices:
        found = f"Literal[{', '.join(map(repr, parameter.choices))}]".replace("'", '"')
    if found is None:
        found = (parameter.kind or type(values[0])).__name__
    for value in values:
        if value is not None and not _fits(value, found):
            raise TypeError(f"{parameter.name} is {value!r}, which is no {found}: give its table a type in TABLES.")
    return f"{found} | None" if None in values else found


def _fits(value: Any, found: str) -> bool:
    if found.startswith("Literal"):
        return repr(value).replace("'", '"') in found
    if found.startswith("tuple"):
        return all(isinstance(row, Band | ShortBand | tuple) for row in value)
    kinds: dict[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "bool": bool, "str": str, "date": date}
    return isinstance(value, kinds[found])


def written() -> str:
    """The text of the module."""
    parts = [HEAD]
    for parameter in law().parameters.values():
        if parameter.name == "regime":
            continue  # a Rules has its own
        regime = f" Under the {parameter.regime.replace('_', ' ')} rules." if parameter.regime else ""
        words = textwrap.wrap(f"{parameter.meaning} ({parameter.unit}){regime}", 130)
        text = f'    """{words[0]}"""' if len(words) == 1 else '    """' + "\n    ".join(words) + '"""'
        parts.append(f"    {parameter.name}: {type_of(parameter)}\n{text}\n")
    return parts[0] + "\n" + "".join(parts[1:])


def main() -> int:
    text = written()
    if "--check" in sys.argv[1:]:
        return int(MODULE.read_text(encoding="utf-8") != text)
    MODULE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
