"""``bt-pdt run`` and ``bt-pdt demo``: what they print and write, and one sentence for whatever cannot be."""

import io
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bt_pdt.cli import main
from bt_pdt.commands import demo as demo_command
from bt_pdt.commands.audit import audit
from bt_pdt.commands.owed import show_owed
from bt_pdt.commands.run import run, summary_lines
from bt_pdt.core.errors import BadInput


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
    assert out["calls"] == len(out["call_list"]) and out["restrictions"] == len(out["restriction_list"]) == 0
    assert out["refused"] == 0 and out["orders"] > 100 and out["out"] is None and "SYNTHETIC" in out["warnings"][0]


def printed(show, *args):
    from rich.console import Console

    out = Console(file=io.StringIO(), width=120)
    show(out, *args)
    return out.file.getvalue()


def test_it_tells_each_call_with_its_numbers_its_rule_and_its_cost(called):
    text = printed(show_owed, called.call_rows, called.restriction_rows, None, "calls.csv")
    assert text.splitlines()[:4] == [
        "Margin calls and restrictions",
        "  c1  maintenance call of $491: measured 2025-02-25, issued 2025-02-26, due 2025-02-27; met on 2025-02-27",
        "      maintenance margin $3,861 (30% of $12,870) - equity $3,370 = $491; rule: maintenance_long_bands (in force since 2019-05-08)",
        "      1 forced execution, 73 shares for $4,380",
    ]
    lines = dict(summary_lines(called))
    assert lines["deposits"] == "$3,000.00" and lines["return, time-weighted"] == f"{called.summary['time_weighted_return']:.2%}"
    assert lines["return, money-weighted"] == f"{called.summary['money_weighted_return']:.2%}" and "return" not in lines
    assert (
        (lines["margin calls"], lines["forced sales"]) == ("2", "2") and "margin interest paid" in lines and "borrow fees paid" not in lines
    )


def test_nothing_is_said_where_there_is_nothing(short_data, strategies):
    text = invoke(strategies / "sma_cross_intraday.py", "--data", short_data, "--to", "2025-12-22", "--cash", "30000")
    assert "Margin calls" not in text and "forced" not in text and "weighted" not in text and "interest" not in text


def call(number, **more):
    found = {"id": f"c{number}", "kind": "fed", "amount": 100.0, "measured_on": "2024-03-06", "issued_on": "2024-03-07"}
    found |= {"due_on": "2024-03-12", "status": "met", "ended_on": "2024-03-08", "forced_fills": 0, "forced_shares": 0.0}
    return found | {"forced_proceeds": 0.0, "deposited": 50.0, "how": "the numbers", "rule": "the rule"} | more


def bar(kind, why, **more):
    found = {"kind": kind, "from": "2024-03-07", "until": None, "why": why, "because": "the words", "rule": "its_rule", "refused": 0}
    return found | more


def test_many_calls_are_told_by_kind():
    calls = [call(n) for n in range(1, 42)] + [call(42, kind="maintenance", status="past_due", ended_on=None, forced_shares=7.0)]
    bars = [bar("liquidation_only", "c3", until="2024-06-04", refused=4), bar("liquidation_only", "c40", refused=2)]
    text = printed(show_owed, calls, bars, None, "calls.csv")
    assert "and 37 more calls in calls.csv" in text and " c5 " in text and " c6 " not in text
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]
    assert rows == [
        ["fed", "41", "$4,100", "41", "0", "0", "0", "0", "$0", "$2,050"],
        ["maintenance", "1", "$100", "0", "0", "1", "0", "7", "$0", "$50"],
        ["liquidation_only", "2024-03-07", "without end", "2", "6"],
    ]
    assert "      liquidation_only from 2024-03-07 until 2024-06-04, 4 orders refused (rule: its_rule)" in text


def test_restrictions_without_a_call_and_equity_that_is_gone():
    sold = {"session": "2024-03-08", "forced_fills": 2, "forced_shares": 30.5, "forced_proceeds": 1_000.5, "deposited": 0.0}
    text = printed(show_owed, [], [bar("closing_only", "position_equity_ratio", refused=1)], sold, "calls.csv")
    assert text.splitlines() == [
        "Restrictions",
        "closing_only from 2024-03-07 without end, 1 order refused (rule: its_rule); the words",
        "2024-03-08: equity was gone and everything sold; 2 forced executions, 30.5 shares for $1,000.50",
    ]
    many = printed(show_owed, [], [bar("no_day_trades", "minimum_equity")] * 20, None, "calls.csv")
    assert "and 15 more restrictions in restrictions.csv" in many


def test_the_audit_tells_calls_with_their_numbers(tmp_path):
    """An account at 50,000 with 80,000 of day-trading buying power day-trades 100,000, is barred on the next day, deposits."""
    z = {"event": "fill", "symbol": "Z", "qty": 1000, "price": 100}
    events = [
        {"event": "account", "at": "2025-03-03T09:00:00", "cash": -50000, "pattern_day_trader": True}
        | {"positions": [{"symbol": "A", "qty": 1000, "price": 100}]},
        z | {"at": "2025-03-03T09:31:00", "symbol": "A", "side": "sell"},
        z | {"at": "2025-03-03T09:40:00", "side": "buy"},
        z | {"at": "2025-03-03T10:00:00", "side": "sell"},
        {"event": "order", "at": "2025-03-04T10:00:00", "id": "1", "symbol": "Z", "side": "buy", "qty": 10},
        {"event": "deposit", "at": "2025-03-05T10:00:00", "amount": 20000},
    ]
    file = tmp_path / "h.jsonl"
    file.write_text("\n".join(json.dumps(event) for event in events))
    done = CliRunner().invoke(audit, [str(file)], catch_exceptions=False)
    start = done.output.index("Margin calls and restrictions")
    assert done.output[start:].splitlines()[1:4] == [
        "  c1  day_trade call of $20,000: measured 2025-03-03, issued 2025-03-04, due 2025-03-10; met on 2025-03-05",
        "      day-traded $100,000 - buying power $80,000 = $20,000; rule: dt_buying_power_multiple (in force since 2001-09-28)",
        "      liquidation_only from 2025-03-04 until 2025-03-05, 1 order refused (rule: dt_open_call_restriction)",
    ]
    file.write_text("\n".join(json.dumps(event) for event in events[:2]))
    quiet = CliRunner().invoke(audit, [str(file)], catch_exceptions=False).output
    assert "alls" not in quiet and "estriction" not in quiet


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
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--from", "soon"], "--from takes a date like 2026-06-04, got 'soon'"),
        (["{s}/sma_cross_intraday.py", "--data", "{d}", "--to", "2026-06-31"], "--to takes a date like 2026-06-04, got '2026-06-31'"),
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
    text = (tmp_path / "report.html").read_text()
    assert "wrote report.html: open it" in done.stdout and len(text) < 1_000_000
    assert "Block on Entry and Both suit this strategy best: each made $" in text
    (tmp_path / "report.html").write_text("mine")
    with pytest.MonkeyPatch.context() as patched, pytest.raises(BadInput, match="was not made by bt_pdt"):
        patched.chdir(tmp_path)
        demo_command.place(None)
    head = next(line for line in done.stdout.splitlines() if "Block on Entry" in line)
    assert "- Block on Exit: the rules spared $" in done.stdout and "suit this strategy best" in done.stdout
    assert [cell.strip() for cell in head.strip("┃ ").split("┃")] == list(demo_command.WAYS)


@pytest.mark.long
def test_the_demo_table_and_folders(tmp_path, capsys, monkeypatch):
    found = demo_command.compared()
    monkeypatch.setattr(demo_command, "compared", lambda tell: found)
    rows = {name.strip(): cells for name, *cells in demo_command.table_rows(found)}
    assert all(len(cells) == 4 for cells in rows.values())
    assert rows["refused"][0] == "0" and all(int(n) > 0 for n in rows["refused"][1:])
    assert rows["from 2026-06-04 on"] == ["0"] * 4  # the count is no more
    assert rows["of them to close"][1] == "0" and int(rows["stuck overnight, exit refused"][2]) > 5
    assert int(rows["before 2026-06-04"][0]) > 40 > 20 > int(rows["before 2026-06-04"][3])
    assert len({tuple(run.result.values) for run in found.runs}) == 3 and rows["cost of the rules"][0] == "-"
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--out", str(tmp_path / "d"), "--json"])
    out = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0 and list(out["runs"]) == list(demo_command.WAYS)
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == [
        "block_on_entry", "block_on_exit", "both", "demo.png", "report.html", "rules_off",
    ]  # fmt: skip
    (tmp_path / "file").write_text("x")
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--out", str(tmp_path / "file")])
    assert stopped.value.code == 2 and "is a file; name a folder" in capsys.readouterr().err
