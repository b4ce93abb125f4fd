"""The analysis in backtrader's own hands: print, pprint, writers, optimisation in several processes."""

from __future__ import annotations

import csv
import io
import json
import pickle
from typing import Any

import backtrader as bt
import pytest
from made import bars, feed

from bt_pdt.host.analyzer import ComplianceAnalyzer
from bt_pdt.host.install import install

#: Four round trips of a day are one too many under $25,000.
ROWS = bars(*((f"2024-01-02 {9 + (30 + i) // 60:02}:{(30 + i) % 60:02}", 100.0) for i in range(1, 40)))
LISTS = ["refusal_list", "day_trade_list", "session_list", "fill_list", "call_list", "restriction_list", "warning_list"]


class InAndOut(bt.Strategy):
    params = (("size", 10),)

    def next(self) -> None:
        if len(self) % 4 == 1:
            self.buy(size=self.p.size)
        elif len(self) % 4 == 3 and self.position:
            self.close()


def cerebro(**words: Any) -> Any:
    made = bt.Cerebro(stdstats=False, **words)
    made.adddata(feed(ROWS))
    install(made, cash=20_000.0, block_on="entry", observers=False)
    return made


def ran(*writers: tuple[Any, dict[str, Any]]) -> Any:
    made = cerebro()
    made.addstrategy(InAndOut)
    for writer, words in writers:
        made.addwriter(writer, **words)
    return made.run()[0].analyzers.compliance


def test_numbers_first_then_lists() -> None:
    found = ran().get_analysis()
    names = list(found)
    assert names[-len(LISTS) :] == LISTS and all(isinstance(found[name], list) for name in LISTS)
    assert all(found[name] is None or isinstance(found[name], int | float) for name in names[: -len(LISTS)])
    assert (found["orders"], found["refusals"], found["refused_PDT_COUNT"], found["day_trades"]) == (13, 7, 7, 3)
    assert json.loads(json.dumps(found)) == found == pickle.loads(pickle.dumps(found))


def test_print_and_pprint(capsys: pytest.CaptureFixture[str]) -> None:
    analyzer = ran()
    analyzer.print()
    printed = capsys.readouterr().out
    assert (
        "ComplianceAnalyzer" in printed and "- refused_PDT_COUNT: 7" in printed and "'symbol': 'X'" not in printed.split("refusal_list")[0]
    )
    analyzer.pprint()
    said = capsys.readouterr().out
    assert "'refused_PDT_COUNT': 7" in said and "'day_trades': 3" in said


def test_writers() -> None:
    text, table = io.StringIO(), io.StringIO()
    ran((bt.WriterFile, {"out": text}), (bt.WriterFile, {"csv": True, "out": table}))
    assert "- compliance:" in text.getvalue() and "- refused_PDT_COUNT: 7" in text.getvalue()
    lines = list(csv.reader(io.StringIO(table.getvalue())))
    rows = [line for line in lines if line and line[0].isdigit()]
    assert len(rows) == len(ROWS)  # a line a bar; the analysis follows them


def test_optimisation_in_several_processes() -> None:
    made = cerebro(maxcpus=2)
    made.optstrategy(InAndOut, size=[10, 1_000])
    small, large = (found[0].analyzers.compliance.get_analysis() for found in made.run())
    assert small["refused_PDT_COUNT"] == 7 and "refused_BUYING_POWER" not in small
    assert large["refused_BUYING_POWER"] == large["orders"] == 10  # 100,000 dollars of each, with 40,000


def test_an_analyzer_without_bars_and_one_without_the_broker() -> None:
    made = bt.Cerebro(stdstats=False)
    made.adddata(feed(ROWS))
    made.addanalyzer(ComplianceAnalyzer)
    with pytest.raises(ValueError, match=r"needs bt_pdt\.MarginBroker, the run has BackBroker"):
        made.run()
