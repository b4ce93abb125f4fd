"""Every benchmark of the project by one command.

    python benchmarks/run.py [--only NAME]... [--quick] [--rounds 5] [--json FILE]

    others    the same run by bt_pdt, backtrader and other packages, and whether the trades are the same
    sweeps    a variant of a parameter sweep: backtrader's optstrategy, bt_pdt.tune on one core, two, Dask, by replay
    scaling   time and memory over bars, symbols, orders and variants
    engine    bt_pdt.Cerebro beside backtrader's own
    broker    MarginBroker beside backtrader's own
    loader    files to running backtests
    memory    what 10 million bars take, in one run and in several

Packages that are not installed are named in their row: pip install -r benchmarks/requirements.txt gets them. --quick is small and proves
only that everything runs; its ratios mean nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from measuring import machine

HERE = Path(__file__).parent
TABLES = ("others", "sweeps", "scaling")
#: Scripts that print their own tables: how each is asked to be quick, and whether it takes rounds.
SCRIPTS = {
    "engine": (["--rounds", "1", "--only", "10 symbols, an order"], True),
    "broker": (["--rounds", "1", "--only", "order-heavy"], True),
    "loader": (["--rounds", "1", "--rows", "5000"], True),
    "memory": (["--bars", "100000"], False),
}


def printed(name: str, rounds: int, quick: bool) -> dict[str, Any]:
    """A script of its own, in a process of its own: its lines are shown as they come, and kept."""
    print(f"### {name}.py\n", flush=True)
    small, in_rounds = SCRIPTS[name]
    asked = small if quick else ["--rounds", str(rounds)] if in_rounds else []
    lines = []
    with subprocess.Popen([sys.executable, HERE / f"{name}.py", *asked], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(f"    {line}", end="", flush=True)
            lines.append(line.rstrip())
    print(flush=True)
    return {"lines": lines, "returncode": child.returncode}


def main(words: list[str] | None = None) -> int:
    """Prints the tables that were asked for; 1 if something failed or two runs that must agree do not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=(*TABLES, *SCRIPTS), metavar="NAME", help="this one; may be given again")
    parser.add_argument("--quick", action="store_true", help="small: does it run and agree?")
    parser.add_argument("--rounds", type=int, default=None, help="rounds that take turns (5; 1 with --quick)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers too")
    said = parser.parse_args(words)
    if said.rounds is not None and said.rounds < 1:
        parser.error(f"--rounds takes a whole number from 1 up, got {said.rounds}")
    rounds = said.rounds or (1 if said.quick else 5)
    found: dict[str, Any] = {"machine": machine(), "rounds": rounds, "quick": said.quick}
    print(f"{found['machine']}; medians of {rounds} interleaved rounds (smallest to largest)\n", flush=True)
    failed = False
    for name in said.only or (*TABLES, *SCRIPTS):
        began = time.perf_counter()
        if name in SCRIPTS:
            found[name] = printed(name, rounds, said.quick)
            failed |= found[name]["returncode"] != 0 or any("DIFFER" in line for line in found[name]["lines"])
        else:
            found[name] = []
            for table in import_module(name).tables(rounds, said.quick):
                print(table.markdown(), flush=True)
                found[name].append(table.plain())
                failed |= table.disagrees
        print(f"({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    if said.json:
        said.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
