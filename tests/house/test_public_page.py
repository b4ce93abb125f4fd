"""What a visitor and a release rely on: versions, workflows and the files beside the README agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import bt_pdt

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def loaded(path: Path) -> Any:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_version_has_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", bt_pdt.__version__)
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "bt_pdt.core.version.__version__"}
    assert "version" not in PROJECT["project"]


def test_every_package_is_shipped() -> None:
    """A folder with code that the wheel leaves out works here and nowhere else."""
    there = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "bt_pdt").rglob("*.py")}
    assert there <= set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_python_that_is_named_is_tested() -> None:
    named = [text.rpartition(" ")[2] for text in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", text)]
    matrix = loaded(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == named
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"
    assert {one["os"].partition("-")[0] for one in matrix["include"]} | {os.partition("-")[0] for os in matrix["os"]} == {
        "ubuntu",
        "macos",
        "windows",
    }


def test_the_tests_run_by_the_command_of_the_readme() -> None:
    steps = [step.get("run", "") for step in loaded(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["tests"]["steps"]]
    command = next(line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if "pytest -q" in line)
    assert " && ".join(step for step in steps if step) == command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_no_more_than_it_needs(path: Path) -> None:
    found = loaded(path)
    assert found["permissions"] == {"contents": "read"}
    for name, job in found["jobs"].items():
        assert job.get("permissions", {}).get("id-token") == ("write" if name in ("publish", "deploy") else None)


def test_what_a_visitor_looks_for_is_there() -> None:
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", ".pre-commit-config.yaml"):
        assert (ROOT / name).stat().st_size > 100, name
    assert {"Documentation", "Source", "Issues", "Changelog"} <= set(PROJECT["project"]["urls"])
