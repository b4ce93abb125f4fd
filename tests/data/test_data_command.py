"""``bt-pdt data``: generate, report, convert."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from bt_pdt.bars import load, synthetic
from bt_pdt.cli import main
from bt_pdt.commands.data import data

SAMPLE = Path(__file__).parents[2] / "data" / synthetic.SAMPLE_FILE


def run(*args):
    result = CliRunner().invoke(data, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_generate(tmp_path):
    out = json.loads(run("generate", "--out", tmp_path / "new", "--json"))
    assert out["seed"] == 7 and len(out["written"]) == 3
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "new" / synthetic.SAMPLE_FILE), pd.read_parquet(SAMPLE))
    assert "wrote" in run("generate", "--out", tmp_path / "other", "--seed", "3")
    assert "--seed 3" in (tmp_path / "other" / "README.md").read_text()


def test_report():
    text = run("report", SAMPLE)
    assert "tidy bars (parquet), 62,400 rows, 4 symbols" in text and "Nothing looks wrong." in text
    out = json.loads(run("report", SAMPLE, "--json"))
    assert out["files"][0]["sha256"] == synthetic.sample_bars().sha256 and len(out["files"][0]["report"]["symbols"]) == 4


def test_convert(tmp_path):
    source = tmp_path / "SPY.csv"
    source.write_text("datetime,open,high,low,close,volume\n2024-01-02 09:31,10,11,9,10,1\n2024-01-02 09:32,10,11,9,10,1\n")
    said = run("convert", source, "--out", tmp_path / "spy.parquet", "--stamp", "end")
    assert "end-stamped, 1 minute" in said and "2 bars of 1 minute" in said
    tidy = pd.read_parquet(tmp_path / "spy.parquet")
    assert list(tidy) == ["symbol", "timestamp", "open", "high", "low", "close", "volume"]
    assert str(tidy.timestamp[0]) == "2024-01-02 14:30:00+00:00"
    run("convert", source, "--out", tmp_path / "spy.csv", "--stamp", "end")
    assert load(tmp_path / "spy.csv").sha256 == load(tmp_path / "spy.parquet").sha256 == load(source, stamp="end").sha256


@pytest.mark.parametrize(
    "args, words",
    [
        (["report", "none.csv"], "there is no file none.csv"),
        (["report"], "Missing argument 'FILE...'"),
        (["report", str(SAMPLE), "--symbol", "IDXX"], "did you mean 'IDXE'"),
        (["convert", str(SAMPLE), "--out", "x.xlsx"], "--out x.xlsx: bars are written as .parquet or .csv"),
        (["convert", str(SAMPLE), "--out", "/no/such/folder/x.csv"], "/no/such/folder/x.csv: cannot be written"),
        (["generate", "--seed", "-1"], "-1 is not in the range"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(args, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["data", *args])
    assert stopped.value.code == 2 and words in capsys.readouterr().err
