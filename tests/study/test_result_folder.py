"""A saved result read back: equal in everything, and one clear sentence for a folder that is none."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import date, time

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

import bt_pdt
from bt_pdt.core.errors import BadInput
from bt_pdt.results import Result, folder
from bt_pdt.results.draw.picture import picture_data
from bt_pdt.results.tables import COLUMNS
from bt_pdt.runs.study import run

FIELDS = ("journal", "rows", "equity_start", "unsupported", "carried", "issued", "restricted", "manifest", "warnings")


class Odd(bt.Strategy):
    """Every kind of entry: orders of all sorts, an order that is none, money, margin calls."""

    params = (("at", time(15, 30)), ("day", date(2026, 1, 2)), ("levels", (1.5, float("inf"))), ("mood", None))

    def next(self):
        if len(self) == 2:
            self.buy_bracket(size=10, price=self.data.close[0], limitprice=1_000, stopprice=1)
            self.sell(size=5, exectype=bt.Order.Stop, price=0.5, plimit=None)
            self.buy(size=0.5, exectype=bt.Order.Limit, price=-3)
            self.buy(size=10**7)
        if len(self) == 30:
            self.broker.add_cash(1_000.0)
            self.broker.add_cash(-10_000_000.0)


@pytest.fixture(scope="module")
def odd(short_data):
    return run(Odd, short_data, cash=60_000, symbols=["IDXE"], account={"positions": [("IDXE", 5, 500.0)], "pattern_day_trader": True})


@pytest.mark.parametrize("kept", ["result", "called", "odd"])
def test_what_is_read_back_is_what_was_saved(kept, request, tmp_path):
    was = request.getfixturevalue(kept)
    saved = was.save(tmp_path / "run")
    for found in (bt_pdt.load(saved), Result.load(str(saved))):
        assert isinstance(found, Result)
        for name in FIELDS:
            assert getattr(found, name) == getattr(was, name), name
        assert [type(entry) for entry in found.journal] == [type(entry) for entry in was.journal]
        assert found.summary == was.summary and list(found.summary) == list(was.summary) and repr(found) == repr(was)
        for name in COLUMNS:
            check = pd.testing.assert_series_equal if name == "returns" else pd.testing.assert_frame_equal
            check(getattr(found, name), getattr(was, name), check_exact=True)
        assert np.array_equal(found.times, was.times) and found.times.dtype == was.times.dtype and np.array_equal(found.values, was.values)
        assert found._repr_html_() == was._repr_html_() and found.account_closed == was.account_closed
        np.testing.assert_equal(picture_data(found), picture_data(was))
    assert any(str(reason) == "PRICE" for reason in was.refusals.reason) or kept != "odd"


def test_a_folder_of_format_1_is_read(odd, tmp_path):
    """It calls orders that are none and the format of the bars by other names."""
    saved = odd.save(tmp_path / "run")
    lines = gzip.decompress((saved / folder.JOURNAL).read_bytes()).decode()
    assert "UnsupportedOrder" in lines and "detected_format" in lines
    for now, then in (("UnsupportedOrder", "Unreadable"), ('"unsupported"', '"unreadable"'), ("detected_format", "taken_for")):
        lines = lines.replace(now, then)
    (saved / folder.JOURNAL).write_bytes(gzip.compress(lines.encode()))
    manifest = json.loads((saved / folder.MANIFEST).read_text())
    (saved / folder.MANIFEST).write_text(json.dumps(manifest | {"format": 1}))
    found = bt_pdt.load(saved)
    assert found.unsupported == odd.unsupported and found.manifest == odd.manifest and found.journal == odd.journal


def test_a_result_that_was_read_back_saves_the_same_bytes(called, tmp_path):
    first = called.save(tmp_path / "a")
    second = bt_pdt.load(first).save(tmp_path / "b")
    for name in (folder.JOURNAL, folder.MANIFEST, *(f"{table}.parquet" for table in folder.PARQUET)):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_files_and_frames_are_bars_still(short_data, tmp_path):
    bars = bt_pdt.load(short_data, symbol="IDXE")
    assert isinstance(bars, bt_pdt.Bars) and bars.symbols == ("IDXE",) and isinstance(bt_pdt.load(bars.tidy()), bt_pdt.Bars)
    with pytest.raises(BadInput, match="is a folder; name the files in it"):
        bt_pdt.load(tmp_path)
    with pytest.raises(BadInput, match=r"there is no file .*; check the path"):
        bt_pdt.load(tmp_path / "none.csv")
    with pytest.raises(BadInput, match=r"did you mean .*synthetic_1min_2025-12-22_2025-12-30.parquet\?"):
        bt_pdt.load(short_data.with_name("synthetic_1min_2025-12-22_2025-12-31.parquet"))


@pytest.fixture(scope="module")
def saved(called, tmp_path_factory):
    return called.save(tmp_path_factory.mktemp("saved") / "exit")


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "exit")


def change(place, **more):
    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps({k: v for k, v in (manifest | more).items() if v is not None}))


def cut(file):
    file.write_bytes(file.read_bytes()[:-40])


def lines_of(place):
    return gzip.decompress((place / folder.JOURNAL).read_bytes()).decode().splitlines()


def relined(place, lines):
    (place / folder.JOURNAL).write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.mark.parametrize(
    "harm, words",
    [
        (lambda p: change(p, format=None), r"exit: was saved by a version of bt_pdt that kept no journal, .*; run it again\."),
        (lambda p: change(p, format=3, versions={"bt_pdt": "9.1"}), r"by a later version of bt_pdt \(9.1, format 3; this one reads 2\)"),
        (lambda p: change(p, made_by="something else"), r"its manifest.json was not written by bt_pdt run"),
        (lambda p: (p / "manifest.json").write_text("{"), r"its manifest.json cannot be read"),
        (lambda p: (p / "manifest.json").write_text("[]"), r"was not written by bt_pdt run"),
        (lambda p: (p / folder.JOURNAL).unlink(), r"journal.jsonl.gz is missing from it; it was not copied whole"),
        (lambda p: (p / "equity.parquet").unlink(), r"equity.parquet is missing from it"),
        (lambda p: cut(p / folder.JOURNAL), r"journal.jsonl.gz: is damaged"),
        (lambda p: (p / folder.JOURNAL).write_bytes(b"no gzip"), r"journal.jsonl.gz: cannot be read \(not a gzipped file"),
        (lambda p: relined(p, lines_of(p)[:-1]), r"is damaged \(it ends too soon\)"),
        (lambda p: relined(p, lines_of(p)[1:]), r"is damaged \(it does not begin as a run does\)"),
        (lambda p: relined(p, []), r"is damaged \(it does not begin as a run does\)"),
        (lambda p: relined(p, [*lines_of(p)[:-1], '{"os.system":"x"}']), r"is damaged \(unknown kind 'os.system'\)"),
        (lambda p: relined(p, [*lines_of(p)[:-1], '{"Fill":{"symbol":"X"}}']), r"is damaged"),
        (lambda p: (p / "account.parquet").write_bytes(b"x"), r"its tables cannot be read"),
    ],
)
def test_a_folder_that_is_no_whole_run(copy, harm, words):
    harm(copy)
    for read in (bt_pdt.load, Result.load):
        with pytest.raises(BadInput, match=words) as said:
            read(copy)
        assert "\n" not in str(said.value) and str(said.value).endswith(".")


def test_a_folder_beside_it(saved):
    with pytest.raises(BadInput, match=r"is not a run folder.*; it holds the runs exit, name one, like .*exit\."):
        bt_pdt.load(saved.parent)
    with pytest.raises(BadInput, match=r"did you mean .*/exit\?"):
        bt_pdt.load(saved.parent / "exti")
    with pytest.raises(BadInput, match=r"is no such folder; did you mean .*/exit\?"):
        Result.load(saved.parent / "exti")
    with pytest.raises(BadInput, match="is a file; name the folder of a run"):
        Result.load(saved / "run.png")
    with pytest.raises(BadInput, match="tz goes with a file of bars"):
        bt_pdt.load(saved, tz="UTC")
