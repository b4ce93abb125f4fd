"""Modules that users import by name and that have moved: the old name works for one release and says so."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

#: old name -> new name, both under ``bt_pdt``; to be removed in 0.3
PLACES = {
    "adapter": "host",
    "adapter.analyzer": "host.analyzer",
    "adapter.broker": "host.broker",
    "adapter.cerebro": "host.fast.cerebro",
    "adapter.feeds": "host.fast.feeds",
    "adapter.install": "host.install",
    "adapter.observers": "host.observers",
    "adapter.plot": "host.plot",
    "adapter.sizers": "host.sizers",
    "brokerages": "law.brokerages",
    "clocks": "account.deadlines",
    "decisions": "core.decisions",
    "errors": "core.errors",
    "history": "audits.history",
    "journal": "core.journal",
    "orders": "core.orders",
    "report": "results",
    "rules": "law",
    "sessions": "core.sessions",
    "study": "runs",
    "synthetic": "bars.synthetic",
}


class _Moved:
    """Finds a module under its old name; what it loads is the module itself, so a class has one identity."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        package, _, inside = name.partition(".")
        if package != "bt_pdt" or inside not in PLACES:
            return None
        return ModuleSpec(name, self)  # type: ignore[arg-type]  # a loader by its two methods

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        new = f"bt_pdt.{PLACES[spec.name.partition('.')[2]]}"
        warnings.warn(f"{spec.name} has moved to {new}; the old name goes with version 0.3.", DeprecationWarning, stacklevel=2)
        module = import_module(new)
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own  # the import system has put the old name's there; the module has run already


def find_old_names() -> None:
    """Asked before the other finders: they would find ``adapter.sizers`` in the folder of ``host`` and load it a second time."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Moved())  # type: ignore[arg-type]
