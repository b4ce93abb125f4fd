"""Hooks of ``mkdocs build``: pages that the nav does not name yet, Sphinx roles of docstrings, and a look at what the site loads.

Not part of the package: mkdocs reads this file, see mkdocs.yml.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

SECTION = "Reference"
ROLE = re.compile(r":(?:class|meth|func|attr|data|mod):<code>~?([\w.]+)</code>")
OUTSIDE = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect))[^>]*\bhref=["']?(?:https?:)?//"""
)
OUTSIDE_CSS = re.compile(r"""(?:@import|url\()\s*["']?(?:https?:)?//""")


def on_config(config: Any) -> Any:
    """Pages beside index.md that the nav does not name are added to its reference section, so that a new page is never lost."""
    named = set(_paths(config["nav"]))
    section = next(part[SECTION] for part in config["nav"] if isinstance(part, dict) and SECTION in part)
    section += [name for name in sorted(path.name for path in Path(config["docs_dir"]).glob("*.md")) if name not in named]
    return config


def _paths(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    items = nav.values() if isinstance(nav, dict) else nav
    return [path for item in items for path in _paths(item)]


def on_page_content(html: str, **_: Any) -> str:
    """``:class:`~bt_pdt.core.orders.Asset``` of a docstring as ``Asset``."""
    return ROLE.sub(lambda found: f"<code>{found[1].rsplit('.', 1)[-1]}</code>", html)


def on_post_build(config: Any) -> None:
    """The site must not load anything from elsewhere."""
    for path in sorted(Path(config["site_dir"]).rglob("*")):
        pattern = {".html": OUTSIDE, ".css": OUTSIDE_CSS}.get(path.suffix)
        found = pattern.search(path.read_text(encoding="utf-8")) if pattern else None
        if found:
            raise PluginError(f"{path.name} loads something from elsewhere: {found[0]}")
