"""What is published speaks of bt_pdt only: no path of somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = re.compile(r"(?<![\w.:/~-])/(?:home|Users|work|root|tmp|opt|mnt|srv)/[\w.-]|\b[A-Z]:\\(?:Users|home)\\")


def tracked() -> list[Path]:
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: the list of tracked files is unknown")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_path_of_a_machine() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(text.splitlines(), 1) if MACHINE.search(line)]
    assert not found, f"a path of one machine: {found}"


@pytest.mark.parametrize("line", ["see /home/ann/x", "'/tmp/out'", "(/srv/bars/x)", r"C:\Users\ann"])
def test_the_pattern_finds_them(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize("line", ["../shared/data", "https://example.org/home/x", "a/tmp/b", "docs/work/x"])
def test_the_pattern_spares_others(line: str) -> None:
    assert not MACHINE.search(line)
