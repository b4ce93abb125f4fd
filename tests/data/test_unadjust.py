"""Adjusted bars become the raw ones they were made from, to the cent; raw ones are left alone."""

import datetime

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from made_layouts import days_of

from bt_pdt.bars import load
from bt_pdt.commands.data import data
from bt_pdt.core.errors import BadInput

FIRST, SPLIT_AT, PAID = datetime.date(2022, 3, 1), 30, (12, 41)


@pytest.fixture(scope="module")
def raw():
    """Raw daily bars over a 4:1 split on their 31st day, with dividends before and after it."""
    made = days_of(5, FIRST, 60)
    values = made.values.copy()
    values[SPLIT_AT:, :4] = np.round(values[SPLIT_AT:, :4] / 4, 2)
    values[:, 1], values[:, 2] = values[:, :4].max(axis=1), values[:, :4].min(axis=1)
    frame = pd.DataFrame(values, columns=["open", "high", "low", "close", "volume"])
    frame.insert(0, "date", made.end.astype("datetime64[D]"))
    return frame


def adjusted(raw, dividends, digits):
    """The bars as a vendor restates them: each day before a split or a dividend multiplied by its factor (of the raw close before it)."""
    out, by_price, by_split = raw.copy(), np.ones(len(raw)), np.ones(len(raw))
    by_split[:SPLIT_AT] /= 4
    for at, cash in zip(PAID, dividends, strict=True):
        by_price[:at] *= 1 - cash / raw.close[at - 1]
    for name in ("open", "high", "low", "close"):
        out[name] = (raw[name] * by_price * by_split).round(digits)
    out["volume"] = raw.volume / by_split
    return out


def table(raw, dividends, style, folder):
    day, first, second = (str(raw.date[k])[:10] for k in (SPLIT_AT, *PAID))
    one, two = dividends
    texts = {
        "plain": f"date,ratio,dividend\n{day},4:1,\n{first},,{one}\n{second},,{two}\n",
        "yfinance": f"Date,Dividends,Stock Splits\n{first} 00:00:00-05:00,{one / 4},0.0\n{day} 00:00:00-04:00,0.0,4.0\n"
        f"{second} 00:00:00-04:00,{two},0.0\n",
        "sharadar": f"date,action,ticker,name,value\n{day},split,XYZ,X,4\n{first},dividend,XYZ,X,{one}\n{second},dividend,XYZ,X,{two}\n",
        "tiingo": f"date,close,divCash,splitFactor\n{first},1,{one},1.0\n{day},1,0.0,4.0\n{second},1,{two},1.0\n",
    }
    path = folder / f"{style}.csv"
    path.write_text(texts[style])
    return path


@pytest.mark.parametrize("style", ["plain", "yfinance", "sharadar", "tiingo"])
@pytest.mark.parametrize("dividends", [(0.0, 0.0), (1.1, 0.27)])
def test_the_raw_prices_come_back_to_the_cent(raw, style, dividends, tmp_path):
    bars = load(adjusted(raw, dividends, 6), symbol="XYZ", unadjust=table(raw, dividends, style, tmp_path))
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(bars.arrays("XYZ"), name), raw[name].to_numpy()), name
    assert np.array_equal(bars.arrays("XYZ").volume, raw.volume.to_numpy())
    assert [one.kind for one in bars.report.findings] == ["split"] and bars.reading["prices"] == "stated raw"


def test_prices_adjusted_for_splits_alone_keep_their_dividends(raw, tmp_path):
    bars = load(adjusted(raw, (0.0, 0.0), 4), symbol="XYZ", unadjust=table(raw, (1.1, 0.27), "plain", tmp_path))
    assert np.array_equal(bars.arrays("XYZ").close, raw.close.to_numpy()) and "(XYZ splits)" in bars.detected_format


def test_a_lean_factor_file(raw, tmp_path):
    before = [raw.date[k - 1].strftime("%Y%m%d") for k in (PAID[0], SPLIT_AT, PAID[1])]
    one, two = (1 - cash / raw.close[at - 1] for cash, at in zip((1.1, 0.27), PAID, strict=True))
    path = tmp_path / "xyz.csv"
    path.write_text(f"{before[0]},{one * two:.7f},0.25,1\n{before[1]},{two:.7f},0.25,1\n{before[2]},{two:.7f},1,1\n20501231,1,1,0\n")
    bars = load(adjusted(raw, (1.1, 0.27), 6), symbol="XYZ", unadjust=path)
    assert np.array_equal(bars.arrays("XYZ").close, raw.close.to_numpy())


def test_the_bars_own_columns(raw):
    frame = adjusted(raw, (0.0, 0.0), 3).assign(closeunadj=raw.close, ticker="XYZ")
    told = load(frame)
    assert [one.kind for one in told.report.findings] == ["adjusted"] and told.reading["prices"] == "stated adjusted"
    assert np.array_equal(load(frame, unadjust="own").arrays("XYZ").close, raw.close.to_numpy())
    splits = adjusted(raw, (0.0, 0.0), 6).assign(**{"Stock Splits": 0.0})
    splits.loc[SPLIT_AT, "Stock Splits"] = 4.0
    said = load(splits, symbol="XYZ").report
    assert "adjusted" in {one.kind for one in said.findings} and "states a 4:1 split on" in str(said)
    assert np.array_equal(load(splits, symbol="XYZ", unadjust="own").arrays("XYZ").close, raw.close.to_numpy())


def test_raw_prices_are_refused_and_files_that_do_not_fit_are_said(raw, tmp_path):
    path = table(raw, (0.0, 0.0), "plain", tmp_path)
    with pytest.raises(
        BadInput, match=r"jump with the 4:1 split of 2022-04-12 .* they are raw already; leave unadjust= \(--unadjust\) out"
    ):
        load(raw, symbol="XYZ", unadjust=path)
    with pytest.raises(BadInput, match=r"there is no file none\.csv"):
        load(raw, symbol="XYZ", unadjust="none.csv")
    other = tmp_path / "other.csv"
    other.write_text("date,ratio\n2022-04-12,4 fr 1\n")
    with pytest.raises(BadInput, match="'4 fr 1' is no split; write 4, 4:1 or 1:25"):
        load(raw, symbol="XYZ", unadjust=other)
    other.write_text("symbol,date,ratio\nABC,2022-04-12,4\n")
    with pytest.raises(BadInput, match="says nothing of XYZ; it knows ABC"):
        load(raw, symbol="XYZ", unadjust=other)
    other.write_text("date,ratio\n2022-04-12,3\n")
    bars = load(adjusted(raw, (1.1, 0.27), 6), symbol="XYZ", unadjust=other)
    assert "does not fit these prices" in str(bars.report)


def test_convert_unadjust_on_the_command_line(raw, tmp_path):
    adjusted(raw, (1.1, 0.27), 6).to_csv(tmp_path / "XYZ.csv", index=False)
    out = tmp_path / "raw.csv"
    args = ["convert", tmp_path / "XYZ.csv", "--unadjust", table(raw, (1.1, 0.27), "plain", tmp_path), "--out", out]
    result = CliRunner().invoke(data, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0 and "made raw again by" in result.output
    assert np.array_equal(pd.read_csv(out).close.to_numpy(), raw.close.to_numpy())
