"""Our audit against the answers typed from "Settled on 2026-11-30"."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from answers import settled
from answers.test_oracle_agrees import differences

from bt_pdt.audits.history import audit


def lines(case: dict) -> list[str]:
    return [json.dumps(event) for event in case["events"]]


def further(expect: dict, answer: dict) -> list[str]:
    """What of the keys that only ``settled`` has an answer does not give."""
    out = []
    for kind, wanted in expect.get("counts", {}).items():
        got = [call for call in answer["calls"] if call["kind"] == kind]
        if len(got) != wanted:
            out.append(f"calls: wanted {wanted} of {kind}, got {got}")
    for kind in expect.get("no_restrictions", []):
        out += [f"restrictions: wanted no {kind}, got {r}" for r in answer["restrictions"] if r["kind"] == kind]
    for key, there in (("advice", True), ("no_advice", False)):
        for order, codes in expect.get(key, {}).items():
            got = [advice["code"] for d in answer["decisions"] if d["order"] == order for advice in d["advice"]]
            out += [f"advice {order}: {code} in {got} is {not there}" for code in codes if (code in got) != there]
    if "violations" in expect and len(answer["violations"]) != expect["violations"]:
        out.append(f"violations: wanted {expect['violations']}, got {answer['violations']}")
    return out


@pytest.mark.parametrize("case", settled.CASES, ids=lambda case: case["name"])
def test_audit(case: dict) -> None:
    answer = audit(lines(case))
    assert differences(case["expect"], answer) + further(case["expect"], answer) == [], case["source"]


@pytest.mark.parametrize("case", settled.BAD, ids=lambda case: case["name"])
def test_bad_input(case: dict) -> None:
    assert audit(lines(case)[:-1])["decisions"] is not None  # all but the last line is fine
    with pytest.raises(Exception) as caught:
        audit(lines(case))
    assert type(caught.value).__name__ == "BadInput", case["source"]


@pytest.mark.parametrize("case", settled.BAD[::10], ids=lambda case: case["name"])
def test_bad_input_is_exit_2_with_its_line(case: dict) -> None:
    script = shutil.which("bt-pdt", path=str(Path(sys.executable).parent))
    words = [script] if script else [sys.executable, "-m", "bt_pdt"]
    done = subprocess.run(
        [*words, "audit", "-", "--json"],
        input="\n".join(lines(case)) + "\n",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.split(": ")[:2]) == (2, ["bt-pdt", f"<stdin>:{len(case['events'])}"]), case["source"]


def test_names_are_one_of_a_kind() -> None:
    names = [case["name"] for case in [*settled.CASES, *settled.BAD]]
    assert len(set(names)) == len(names) >= 90
