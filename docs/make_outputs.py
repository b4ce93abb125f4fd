"""Writes what the examples of the documentation print; an output in these pages is never typed by hand.

Two kinds of example are run, in the order in which they stand on a page:

- a fenced ``console`` block: lines that begin with ``$ bt-pdt`` are commands, what follows each is its output. ``| head -N``,
  ``| tail -N`` and ``| grep WORD`` are understood.
- a ``python`` block after the comment ``<!-- runnable -->`` (``<!-- runnable: quantstats -->`` where it needs that package). If a ``text``
  block comes right after it, that is what it prints. The blocks of a page share their names.

A page runs in an empty folder in which ``data`` and ``strategies`` are those of the project. ``python docs/make_outputs.py [PAGE...]``
writes, ``--check`` only says which pages are stale.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from bt_pdt.cli import cli

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
EXAMPLE = re.compile(
    r"^```console\n(?P<console>.*?)^```$"
    r"|^<!-- runnable(?:: (?P<needs>[\w, ]+))? -->\n```python[^\n]*\n(?P<python>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)


def pages() -> list[Path]:
    """The pages that have an example."""
    return sorted(page for page in DOCS.rglob("*.md") if EXAMPLE.search(page.read_text(encoding="utf-8")))


def needed(page: Path) -> list[str]:
    """Packages that the page's examples need beside bt_pdt's own."""
    named = (match["needs"] for match in EXAMPLE.finditer(page.read_text(encoding="utf-8")) if match["needs"])
    return sorted({name for names in named for name in re.split(r", *", names)})


def missing(page: Path) -> list[str]:
    """Those of them that are not installed."""
    return [name for name in needed(page) if find_spec(name) is None]


def filled(page: Path) -> str:
    """The text of ``page`` with every output as it comes out now; what needs a package that is not there stays as it is."""
    names: dict[str, Any] = {"__name__": "__main__"}

    def example(found: re.Match[str]) -> str:
        whole = found[0]
        if found["console"] is not None:
            return f"```console\n{_session(found['console'])}```"
        if any(find_spec(name) is None for name in re.split(r", *", found["needs"] or "sys")):
            return whole
        said = _run(found["python"], names, page)
        if found["output"] is None:
            return whole
        return whole[: found.start("output") - found.start()] + said + "```"

    with in_project_folder():
        return EXAMPLE.sub(example, page.read_text(encoding="utf-8"))


@contextlib.contextmanager
def in_project_folder() -> Iterator[Path]:
    """An empty folder as the current one, with the project's sample bars and strategies."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("data", "strategies"):
            (folder / part).symlink_to(ROOT / part, target_is_directory=True)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def _run(code: str, names: dict[str, Any], page: Path) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, str(page.relative_to(ROOT)), "exec"), names)
    return _clean(said.getvalue())


def _session(text: str) -> str:
    """A console block anew: its commands, each with what it prints."""
    commands = [line for line in text.splitlines() if line.startswith("$ ")]
    return "\n".join("\n".join(filter(None, [line, _command(line[2:]).rstrip("\n")])) for line in commands) + "\n"


def _command(line: str) -> str:
    first, *filters = line.split(" | ")
    program, *arguments = shlex.split(first)
    if program != "bt-pdt":
        raise SystemExit(f"only bt-pdt is run in the documentation, not {line!r}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = CliRunner().invoke(cli, arguments, prog_name="bt-pdt")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    lines = _clean(result.output).splitlines()
    for step in filters:
        word, value = shlex.split(step)
        if word == "grep":
            lines = [each for each in lines if value in each]
        else:
            count = int(value.removeprefix("-"))
            lines = lines[:count] if word == "head" else lines[-count:]
    return "\n".join(lines) + "\n" if lines else ""


def _clean(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def main(arguments: list[str]) -> int:
    """Writes the stale pages, or with ``--check`` names them and answers 1."""
    chosen = [Path(name).resolve() for name in arguments if not name.startswith("-")] or pages()
    stale = []
    for page in chosen:
        now = filled(page)
        if now != page.read_text(encoding="utf-8"):
            stale.append(page)
            print(page.relative_to(DOCS))
            if "--check" not in arguments:
                page.write_text(now, encoding="utf-8")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
