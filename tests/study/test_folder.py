"""The run folder: complete, or not there at all."""

import json
from pathlib import Path

import pandas as pd
import pytest

from bt_pdt.core.errors import BadInput
from bt_pdt.results import folder, place
from bt_pdt.results.tables import COLUMNS


def test_what_is_in_it(result, tmp_path):
    out = result.save(tmp_path / "deep" / "run")
    manifest = json.loads((out / "manifest.json").read_text())
    assert sorted(path.name for path in out.iterdir()) == manifest["files"] and set(manifest["files"]) <= folder.KNOWN
    for name in folder.PARQUET:
        table = pd.read_parquet(out / f"{name}.parquet")
        assert list(table) == list(COLUMNS[name]) and len(table) == len(getattr(result, name))
    assert len(pd.read_csv(out / "refusals.csv")) == result.summary["refused"]
    assert json.loads(pd.read_parquet(out / "refusals.parquet").facts[0])
    assert manifest["summary"]["orders"] == result.summary["orders"] and manifest["made_by"] == "bt_pdt run"
    assert [entry["day"] for entry in manifest["rules_by_day"]] == ["2026-05-07", "2026-06-04"]
    assert list((tmp_path / "deep").iterdir()) == [out]  # nothing is left beside it


def test_a_former_run_is_replaced(result, tmp_path):
    out = result.save(tmp_path / "run")
    (out / "refusals.csv").write_text("old")
    (out / "report.html").write_text("old")
    result.save(out)
    assert "PDT_COUNT" in (out / "refusals.csv").read_text() and (out / "report.html").read_text().startswith("<!doctype html>")
    (tmp_path / "empty").mkdir()
    assert (result.save(tmp_path / "empty") / "run.png").exists()


def test_calls_and_restrictions(called, tmp_path):
    out = called.save(tmp_path / "run")
    assert pd.read_csv(out / "calls.csv").id.tolist() == ["c1", "c2"] and (out / "restrictions.csv").exists()
    assert json.loads(pd.read_parquet(out / "calls.parquet").facts[0])["equity"] == 3_370


def test_a_folder_of_an_earlier_version_is_replaced(result, tmp_path):
    out = result.save(tmp_path / "run")
    for name in ("calls", "restrictions"):
        (out / f"{name}.parquet").unlink()
        (out / f"{name}.csv").unlink()
    (out / "breaches.parquet").write_bytes(b"old")
    result.save(out)
    assert (out / "calls.csv").exists() and not (out / "breaches.parquet").exists()


def test_other_things_are_left_alone(result, tmp_path, monkeypatch):
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("x")
    with pytest.raises(BadInput, match=r"holds other things \(chapter.txt\)"):
        result.save(other)
    (other / "manifest.json").write_text("{}")
    with pytest.raises(BadInput, match="holds other things"):
        result.save(other)
    mixed = result.save(tmp_path / "mixed")
    (mixed / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"also holds notes.txt"):
        result.save(mixed)
    with pytest.raises(BadInput, match="is a file"):
        result.save(other / "chapter.txt")
    with pytest.raises(BadInput, match="cannot be made"):
        result.save(other / "chapter.txt" / "run")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(BadInput, match="current folder"):
        result.save(".")
    assert (other / "chapter.txt").read_text() == "x" and (mixed / "notes.txt").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_half_written(result, tmp_path, monkeypatch, error):
    out = result.save(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def fails(*_):
        raise error

    monkeypatch.setattr(folder, "plain", fails)  # the tables are written, then the disk is full
    with pytest.raises(BadInput if isinstance(error, OSError) else KeyboardInterrupt):
        result.save(out)
    with pytest.raises(BadInput if isinstance(error, OSError) else KeyboardInterrupt):
        result.save(tmp_path / "new")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_failed_move_brings_the_old_one_back(result, tmp_path, monkeypatch):
    out = result.save(tmp_path / "run")
    rename, calls = place.os.rename, []

    def second_fails(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(place.os, "rename", second_fails)
    with pytest.raises(BadInput, match="input/output error"):
        result.save(out)
    assert (out / "run.png").exists() and [path.name for path in Path(tmp_path).iterdir()] == ["run"]
