"""The site itself, where mkdocs is installed: it builds without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

import hooks

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/x.js">',
        "<script async src='//cdn.example/x.js'>",
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<link href="https://fonts.example" rel="preconnect">',
        '<img alt="x" src="http://example/x.png">',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(tag: str) -> None:
    assert hooks.OUTSIDE.search(tag)


@pytest.mark.parametrize(
    "tag",
    ['<script src="../assets/x.js">', '<a href="https://example/">', '<link rel="canonical" href="https://example/">', '<img src="x.png">'],
)
def test_what_is_ours_is_spared(tag: str) -> None:
    assert not hooks.OUTSIDE.search(tag)


def test_roles_of_docstrings_are_names() -> None:
    assert hooks.on_page_content("<p>a :class:<code>~bt_pdt.core.orders.Asset</code> is</p>") == "<p>a <code>Asset</code> is</p>"


@pytest.mark.long
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=quiet)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "rules" / "intraday-margin" / "index.html").is_file()
    assert not list((tmp_path / "site").rglob("*.py"))
