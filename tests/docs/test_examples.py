"""The examples of the documentation run, and print what their pages say they print."""

from __future__ import annotations

import re
from pathlib import Path

import make_outputs
import pytest

DOCS = make_outputs.DOCS
PAGES = make_outputs.pages()


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_print_what_the_page_says(page: Path) -> None:
    assert make_outputs.filled(page) == page.read_text(encoding="utf-8"), f"{name_of(page)} is stale: run python docs/make_outputs.py"
    missing = make_outputs.missing(page)
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: their examples in {name_of(page)} are not run")


def test_the_how_tos_have_examples() -> None:
    assert not [page.name for page in (DOCS / "howto").glob("*.md") if page not in PAGES]


def test_an_output_that_has_changed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = make_outputs.ROOT / "docs" / "made-up.md"
    text = (
        "# T\n\n<!-- runnable -->\n```python\nprint(6 * 7)\n```\n\n```text\n41\n```\n\n```console\n$ bt-pdt --version | grep version\n```\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda self, **_: text)
    filled = make_outputs.filled(page)
    assert "```text\n42\n```" in filled
    assert re.search(r"\nbt-pdt, version \d", filled)


def test_other_commands_are_not_run() -> None:
    with pytest.raises(SystemExit, match="only bt-pdt is run"):
        make_outputs._session("$ rm -r x\n")
