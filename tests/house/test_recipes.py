"""The recipes of CONTRIBUTING.md, followed on a copy of the tree: what they say is enough."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.long

BROKERAGE = '''"""Example: one value of its own."""

from __future__ import annotations

from ..sources import firm_page, undated
from .brokerage import NO_DAYS, NO_WORDS, Brokerage
from .finra import PLAIN_WORDS

EXAMPLE = Brokerage(
    name="example",
    title="Example Securities",
    hosts=("www.example.com",),
    overrides={"margin_min_equity": undated(3_000.0, firm_page("Example, margin", "https://www.example.com/margin"))},
    wire=PLAIN_WORDS,
    notes=(NO_DAYS, NO_WORDS),
    unknown=("switch_day", "pdt_check"),
)
'''
PARAMETER = """
_LARGEST: tuple[Parameter, ...] = (
    _house("largest_order", "dollars", "The largest opening order that a brokerage takes.", None, float),
)
PARAMETERS += _LARGEST
"""
CHECK = '''

def largest_order(context: OrderContext) -> Refusal | None:
    """An opening order over the brokerage's largest."""
    most = context.rules.largest_order
    if most is None or not exceeds(context.value, most):
        return None
    facts = {"largest_order": most, "cost_basis": context.value}
    return Refusal(Reason.BUYING_POWER, "largest_order", facts, f"{context.what} is over {dollars(most)}.")


CHECKS.append(largest_order)
'''
RULE = """
from datetime import datetime
from bt_pdt import Account, OrderRequest, run
from bt_pdt.whatif.kernel import scope, twins
account = Account(100_000.0, at=datetime(2025, 3, 3, 10, 0), set={"largest_order": 5_000.0})
account.mark({"SPY": 100.0})
at_100 = {"type": "limit", "limit_price": 100.0}
assert account.check(OrderRequest("SPY", "buy", 50, **at_100)).accepted
refused = account.check(OrderRequest("SPY", "buy", 51, **at_100))
assert refused.why == "buy 51 SPY is over $5,000." and refused.would_pass.qty == 50 and refused.rule.startswith("largest_order")
assert account.max_quantity("SPY", "buy", **at_100) == 50
print(scope.PARAMETERS.stranger("largest_order"))
print(scope.beyond(account.rulebook, [account.session, account.session]))
print(twins.changed())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A copy of what the recipes touch, and a way to run Python in it."""
    for name in ("bt_pdt", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.png", "*.svg"))
    for name in ("README.md", "mkdocs.yml"):
        shutil.copy(ROOT / name, tmp_path / name)

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)

    return python


def test_a_brokerage_joins_by_one_file(copy: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "bt_pdt" / "law" / "brokerages" / "example.py").write_text(BROKERAGE, encoding="utf-8")
    made = copy("docs/make_tables.py")
    assert made.returncode == 0, made.stderr
    assert copy("docs/make_tables.py", "--check").returncode == 0, "a second time there is nothing to do"

    page = (tmp_path / "docs" / "brokerages" / "example.md").read_text(encoding="utf-8")
    assert page.startswith("# Example Securities") and "$3,000" in page and "`pdt_check`" in page
    assert "[Example Securities](docs/brokerages/example.md) `example`" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "      - brokerages/example.md\n" in (tmp_path / "mkdocs.yml").read_text(encoding="utf-8")
    assert "[example](example.md)" in (tmp_path / "docs" / "brokerages" / "index.md").read_text(encoding="utf-8")

    for verb in (("run", "--help"), ("check", "--help"), ("rules", "--brokerage", "exampel")):
        said = copy("-m", "bt_pdt.cli", *verb)
        assert "example" in said.stdout + said.stderr, verb
    asked = ("--brokerage", "example", "--cash", "2500", "--price", "SPY=100", "--at", "2026-07-06T10:00:00", "--json")
    assert json.loads(copy("-m", "bt_pdt.cli", "check", "buy", "26", "SPY", *asked).stdout)["accepted"] is False, "no margin under $3,000"
    assert json.loads(copy("-m", "bt_pdt.cli", "check", "buy", "25", "SPY", *asked).stdout)["accepted"] is True


def test_a_new_rule_is_a_parameter_and_a_check_and_stops_what_does_not_know_it(
    copy: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    for module, text in (("law/parameters/house.py", PARAMETER), ("account/checks.py", CHECK)):
        with (tmp_path / "bt_pdt" / module).open("a", encoding="utf-8") as file:
            file.write(text)
    written = copy("docs/make_rules.py")
    assert written.returncode == 0, written.stderr
    assert "largest_order: float | None" in (tmp_path / "bt_pdt" / "law" / "values.py").read_text(encoding="utf-8")
    tried = copy("-c", RULE)
    assert tried.returncode == 0, tried.stderr
    name, value, changed = tried.stdout.splitlines()
    assert "largest_order, which a replay does not know" in name and "largest_order" in value
    assert "account.checks" in changed
