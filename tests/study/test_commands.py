"""``bt-pdt run`` and ``bt-pdt demo``: what they print and write, and one sentence for whatever cannot be."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bt_pdt.cli import main
from bt_pdt.commands import demo as demo_command
from bt_pdt.commands.run import run


def invoke(*args):
    found = CliRunner().invoke(run, [str(arg) for arg in args], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_it_prints_the_summary_and_an_example_of_each_refusal(data, strategies, tmp_path):
    args = ["--data", data, "--cash", 24_500, "--block-on", "exit", "--param", "cash_per_trade=12000"]
    args += ["--symbols", "IDXE,LRGE,IDX3", "--asset", "IDX3:leverage=3", "--to", "2026-06-05", "--out", tmp_path / "r"]
    text = invoke(strategies / "opening_range_breakout.py", *args)
    assert "tidy bars (parquet)" in text and "! the bars are SYNTHETIC" in text
    assert "OpeningRangeBreakout at alpaca" in text and "2026-05-07 to 2026-06-05 (21)" in text
    assert "PDT_COUNT: 2026-05-08 10:08: buy 67 LRGE is refused" in text and "wrote " in text
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["parameters"]["assets"]["IDX3"]["leverage"] == 3 and manifest["parameters"]["block_on"] == "exit"
    assert manifest["parameters"]["symbols"] == ["IDXE", "LRGE", "IDX3"]


def test_json(short_data, strategies):
    out = json.loads(invoke(strategies / "sma_cross_intraday.py", "--data", short_data, "--json", "--rules", "off", "--brokerage", "finra"))
    assert out["refused"] == 0 and out["orders"] > 100 and out["out"] is None and "SYNTHETIC" in out["warnings"][0]


@pytest.mark.parametrize(
    "args, words",
    [
        (["{s}/nofile.py", "--data", "{d}"], "there is no such strategy file"),
        (["{s}/sma_cross_intraday.py:SmaCros", "--data", "{d}"], "did you mean 'SmaCrossIntraday'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--param", "fastt=3"], "did you mean 'fast'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--param", "fast"], "--param takes NAME=VALUE"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--param", "fast=x"], "--param fast takes a number"),
        (["{s}/sma_cross_intraday.py", "--data", "none.csv"], "there is no file none.csv"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--cash", "-1"], "cash must be above 0"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--cash", "much"], "'much' is not a valid float"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--brokerage", "alpca"], "did you mean 'alpaca'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--rules", "of"], "rules takes as_of, off or a date"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--block-on", "exti"], "did you mean 'exit'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--block-on", "exit", "--dtbp-check", "exit"], "but not both"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--set", "pdt_min_equit=1"], "did you mean 'pdt_min_equity'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--asset", "IDXE"], "--asset takes SYMBOL:FACT=VALUE"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--asset", "IDXE:levrage=3"], "did you mean 'leverage'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--asset", "IDXE:leverage=x"], "leverage takes a number"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--asset", "IDXE:marginable=x"], "marginable takes true or false"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--symbols", "IDXF"], "did you mean 'IDXE'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--from", "soon"], "fromdate takes a date"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--out", "{s}"], "holds other things"),
        (["{s}/pairs_long_short.py", "--data", "{d}", "--symbols", "IDXE"], "needs at least two feeds"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(args, words, short_data, strategies, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(["run", *(arg.format(s=strategies, d=short_data) for arg in args)])
    out, err = capsys.readouterr()
    assert stopped.value.code == 2 and words in err and not out and "Traceback" not in err
    assert not err.startswith("bt-pdt: ") or err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_demo_tells_the_four_ways_apart(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-m", "bt_pdt.cli", "demo"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG") and "wrote demo.png" in done.stdout
    (head,) = [line for line in done.stdout.splitlines() if "Block on Entry" in line and "first refusal" not in line]
    assert [cell.strip() for cell in head.strip("┃ ").split("┃")] == list(demo_command.WAYS)


def test_the_demo_table_and_folders(tmp_path, capsys):
    results = demo_command.run_all()
    rows = {name.strip(): cells for name, *cells in demo_command.table_rows(results)}
    assert all(len(cells) == 4 for cells in rows.values())
    assert rows["refused"][0] == "0" and all(int(n) > 0 for n in rows["refused"][1:])
    assert rows["from 2026-06-04 on"] == ["0"] * 4  # the count is no more
    assert rows["of orders to close"][1] == "0" and int(rows["held overnight, exit refused"][2]) > 5
    assert int(rows["before 2026-06-04"][0]) > 40 > 20 > int(rows["before 2026-06-04"][3])
    assert len({tuple(r.values) for r in results.values()}) == 4
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--out", str(tmp_path / "d"), "--json"])
    out = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0 and list(out["runs"]) == list(demo_command.WAYS)
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["block_on_entry", "block_on_exit", "both", "demo.png", "rules_off"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--out", str(tmp_path / "file")])
    assert stopped.value.code == 2 and "is a file; name a folder" in capsys.readouterr().err
