"""The generator: the committed sample is its own, and it has the shape it claims."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bt_pdt.bars import load, synthetic
from bt_pdt.core.errors import BadInput, UnknownName

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def bars():
    return synthetic.sample_bars()


def daily_closes(bars, symbol):
    close = bars.frame(symbol).close
    return close.groupby(close.index.normalize()).last()


def test_the_committed_files_are_what_the_generator_makes(tmp_path):
    written = synthetic.write_sample(tmp_path)
    assert {path.name for path in written} == {path.name for path in DATA.iterdir()}
    for path in written[:2]:
        pd.testing.assert_frame_equal(pd.read_parquet(path), pd.read_parquet(DATA / path.name))
    assert written[2].read_text() == (DATA / "README.md").read_text()
    assert "SYNTHETIC" in written[2].read_text()
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 3_000_000


def test_another_seed_gives_other_bars(bars):
    assert synthetic.sample_bars(8).sha256 != bars.sha256 == synthetic.sample_bars(7).sha256


def test_sessions_and_stamps(bars):
    assert bars.symbols == ("FALL", "IDX3", "IDXE", "LRGE") and len(bars) == 4 * 40 * 390
    assert (bars.first, bars.last) == (datetime.datetime(2026, 5, 7, 9, 31), datetime.datetime(2026, 7, 6, 16, 0))
    assert bars.report.findings == () and all(one.missing == 0 for one in bars.report.symbols)


def test_the_early_close():
    index = load(synthetic.generate_early_close()).frame("IDXE").index
    assert str(index[index.normalize() == "2025-12-24"][-1]) == "2025-12-24 13:00:00"


@pytest.mark.parametrize("seed", [1, 7, 8, 2026])
def test_the_shape_of_each_symbol(seed):
    bars = synthetic.sample_bars(seed)
    index, three, fall = (daily_closes(bars, symbol) for symbol in ("IDXE", "IDX3", "FALL"))
    crash = index.pct_change()["2026-06-17"]
    assert round(crash, 3) == -0.082 and index.pct_change().drop(index.index[28]).min() > -0.07
    # each day three times the index, to the rounding of a cent
    np.testing.assert_allclose(three.pct_change()[1:], 3 * index.pct_change()[1:], atol=3e-4)
    assert index.min() > 350 and index.max() < 650
    assert fall.iloc[0] > 8.5 and fall.iloc[-1] < 2.5
    assert 0.55 < (fall.pct_change() < 0).mean() < 1


def test_prices_are_whole_cents_and_volume_is_u_shaped(bars):
    for symbol in bars.symbols:
        arrays = bars.arrays(symbol)
        for column in arrays[1:5]:
            assert (np.rint(column * 100) / 100 == column).all()
        volume = arrays.volume.reshape(40, 390).mean(axis=0)
        assert volume[0] > 2 * volume[195] and volume[-1] > 2 * volume[195]
    minutes = np.diff(np.log(bars.arrays("IDXE").close)).reshape(-1)
    quiet, wild = np.abs(minutes[: 390 * 20]), np.abs(minutes[390 * 28 : 390 * 32])
    assert wild.mean() > 1.5 * quiet.mean()  # volatility clusters after the crash


def test_what_cannot_be_generated(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'IDXE'"):
        synthetic.generate(symbols=("IDXR",))
    with pytest.raises(BadInput, match="nothing to generate: 4 symbols, 0 sessions from 2026-07-04 to 2026-07-05"):
        synthetic.generate(first=datetime.date(2026, 7, 4), last=datetime.date(2026, 7, 5))
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="is a file; give a folder"):
        synthetic.write_sample(tmp_path / "file")
