"""What a reader relies on: links lead somewhere, every parameter and every reason has its page, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import make_tables
import pytest

import bt_pdt
from bt_pdt.core.decisions import AdviceCode, Reason
from bt_pdt.law import law
from bt_pdt.law.brokerages import NAMES

DOCS = make_tables.DOCS
ROOT = DOCS.parent
PAGES = make_tables.pages()
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def anchors(page: Path) -> set[str]:
    """The ids of a page's headings, as Markdown makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", TEXT[page]), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower())).strip("-") for title in titles}


def links(text: str) -> list[str]:
    return LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text)))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page: Path) -> None:
    for target in links(TEXT[page]):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_file(), f"{name_of(page)}: {target} is not there"
        assert DOCS in found.parents, f"{name_of(page)}: {target} lies outside the documentation"
        if anchor:
            assert anchor in anchors(found), f"{name_of(page)}: {target}, no such heading"


def test_links_of_the_readme_resolve() -> None:
    for target in links((ROOT / "README.md").read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (ROOT / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_tables_are_those_of_the_rulebook(page: Path) -> None:
    assert make_tables.filled(page) == TEXT[page], f"{name_of(page)} is stale: run python docs/make_tables.py"


def test_the_list_of_the_readme_and_the_navigation_are_those_of_the_brokerages() -> None:
    assert make_tables.main(["--check"]) == 0, "run python docs/make_tables.py"


def test_a_changed_number_makes_a_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = law().override({"pdt_min_equity": 30_000})
    monkeypatch.setattr(make_tables, "law", lambda: changed)
    page = DOCS / "rules" / "pattern-day-trader.md"
    assert "| law | $30,000 |" in make_tables.filled(page)
    assert make_tables.filled(page) != TEXT[page]


def test_every_parameter_has_its_table() -> None:
    shown = make_tables.named("parameters")
    assert sorted(set(law().parameters) - shown.keys()) == [], "put these into a table of docs/rules"
    assert not [(name, where) for name, where in shown.items() if len(where) > 1 or not where[0].startswith("rules/")]


def test_every_reason_is_explained_on_its_page() -> None:
    assert set(make_tables.PAGE_OF) == set(Reason)
    for reason, page in make_tables.PAGE_OF.items():
        text = make_tables.TABLE.sub("", TEXT[DOCS / "rules" / page])
        assert f"`{reason}`" in text, f"rules/{page} does not speak of {reason}"
    helped = make_tables.TABLE.sub("", TEXT[DOCS / "howto" / "handle-refusals.md"])
    assert not [reason for reason in Reason if f"`{reason}`" not in helped]


def test_every_advice_is_listed() -> None:
    assert all(f"`{code}`" in TEXT[DOCS / "rules" / "index.md"] for code in AdviceCode)


def test_every_brokerage_has_its_page() -> None:
    pages = {page.stem for page in (DOCS / "brokerages").glob("*.md")} - {"index"}
    assert pages == set(NAMES)
    for kind in ("overrides", "wire", "notes"):
        assert set(make_tables.named(kind)) == set(NAMES)


def test_the_public_names_are_in_the_api_reference() -> None:
    listed = {target.rsplit(".", 1)[-1] for page in (DOCS / "api").glob("*.md") for target in re.findall(r"^::: (\S+)$", TEXT[page], re.M)}
    assert sorted(set(bt_pdt._HOMES) - listed) == [], "give these a line in docs/api"


def test_parameters_without_effect_are_the_ones_that_are_named() -> None:
    sentence = re.search(r"Parameters that are listed for completeness and change nothing: (.*?)\n\n", TEXT[DOCS / "limitations.md"], re.S)
    assert sentence is not None
    named = set(re.findall(r"`(\w+)`", sentence[1])) - {"switch_day"}
    skipped = ("law", "commands")
    code = [path for path in (ROOT / "bt_pdt").rglob("*.py") if not set(path.relative_to(ROOT / "bt_pdt").parts[:-1]) & set(skipped)]
    source = "\n".join(path.read_text(encoding="utf-8") for path in code if path.name != "scope.py")  # which says the same of them
    silent = {name for name in law().parameters if not re.search(rf"\b{name}\b", source)}
    assert named == silent


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_page_has_one_title(page: Path) -> None:
    assert TEXT[page].startswith("# ")
    assert len(re.findall(r"^# ", FENCE.sub("", TEXT[page]), re.M)) == 1


def test_the_nav_names_pages_that_are_there() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    named = re.findall(r"([\w/-]+\.md)", nav)
    assert named and not [name for name in named if not (DOCS / name).is_file()]
    below = {name_of(page) for page in PAGES if page.parent != DOCS}
    assert sorted(below - set(named)) == [], "give these a line in the nav of mkdocs.yml"
