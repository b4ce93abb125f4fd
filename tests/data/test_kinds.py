"""JSON of every shape, names of files, tables that are more than one thing, jumps and decimals: made here, the truth known."""

import datetime
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from made_layouts import any_layout, aware, days_of, longer, minutes_of

from bt_pdt.bars import load, load_many
from bt_pdt.core.errors import BadInput

MINUTES = longer(minutes_of(3, datetime.date(2023, 7, 10), 3, False), 5)
DAYS = days_of(4, datetime.date(2023, 3, 1), 40)
PLAIN, SHORT = ("open", "high", "low", "close", "volume"), ("o", "h", "l", "c", "v")
UTC = aware(MINUTES.start).tz_convert("UTC")
SECONDS = [int(moment.timestamp()) for moment in UTC]
ISO = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in UTC]
NAIVE = [str(moment) for moment in pd.DatetimeIndex(MINUTES.start)]
DATES = [str(moment)[:10] for moment in pd.DatetimeIndex(DAYS.end)]
COLUMNS = {name: MINUTES.values[:, k].tolist() for k, name in enumerate(PLAIN)}


def objects(made, key, times, names=PLAIN, text=False):
    return [
        {key: when} | {name: f"{value:.4f}" if text else float(value) for name, value in zip(names, row, strict=True)}
        for when, row in zip(times, made.values, strict=True)
    ]


NUMBERED = ("1. open", "2. high", "3. low", "4. close", "5. volume")
SHAPES = {
    "Alpaca, many": ({"bars": {"XYZ": objects(MINUTES, "t", ISO, SHORT)}, "next_page_token": None}, MINUTES, "Alpaca bars"),
    "Alpaca, one": ({"symbol": "XYZ", "bars": objects(MINUTES, "t", ISO, SHORT)}, MINUTES, "Alpaca bars"),
    "by symbol": ({"XYZ": objects(MINUTES, "t", ISO, SHORT)}, MINUTES, ""),
    "Polygon": ({"ticker": "XYZ", "results": objects(MINUTES, "t", [s * 1000 for s in SECONDS], SHORT)}, MINUTES, "Polygon aggregates"),
    "Schwab": ({"symbol": "XYZ", "candles": objects(MINUTES, "datetime", [s * 1000 for s in SECONDS])}, MINUTES, "Schwab price history"),
    "Twelve Data": (
        {
            "meta": {"symbol": "XYZ", "exchange_timezone": "America/New_York"},
            "values": objects(MINUTES, "datetime", NAIVE, text=True)[::-1],
        },
        MINUTES,
        "Twelve Data bars",
    ),
    "Alpha Vantage, daily": (
        {
            "Meta Data": {"2. Symbol": "XYZ", "5. Time Zone": "US/Eastern"},
            "Time Series (Daily)": {
                day: dict(zip(NUMBERED, map(str, row), strict=True)) for day, row in zip(DATES, DAYS.values.tolist(), strict=True)
            },
        },
        DAYS,
        "Alpha Vantage bars",
    ),
    "Yahoo chart": (
        {"chart": {"result": [{"meta": {"symbol": "XYZ"}, "timestamp": SECONDS, "indicators": {"quote": [COLUMNS]}}], "error": None}},
        MINUTES,
        "Yahoo chart",
    ),
    "Finnhub": ({"s": "ok", "t": SECONDS, **dict(zip(SHORT, COLUMNS.values(), strict=True))}, MINUTES, ""),
    "Tradier": ({"history": {"day": objects(DAYS, "date", DATES)}}, DAYS, "Tradier bars"),
    "Tiingo": (
        [row | {"adjClose": 1.0, "splitFactor": 1.0} for row in objects(DAYS, "date", [f"{d}T00:00:00.000Z" for d in DATES])],
        DAYS,
        "Tiingo",
    ),
    "Quandl": (
        {
            "dataset": {
                "dataset_code": "XYZ",
                "column_names": ["Date", "Open", "High", "Low", "Close", "Volume"],
                "data": [[day, *row] for day, row in zip(DATES, DAYS.values.tolist(), strict=True)][::-1],
            }
        },
        DAYS,
        "Quandl data",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_json_by_one_rule(case, tmp_path):
    body, made, name = SHAPES[case]
    path = tmp_path / "XYZ.json"
    path.write_text(json.dumps(body))
    bars = load(path)
    found = bars.arrays("XYZ")
    assert name in bars.detected_format and (found.datetimes == made.end).all()
    assert np.allclose(found.open, made.values[:, 0]) and np.allclose(found.volume, made.values[:, 4])
    assert {one.kind for one in bars.report.findings} <= {"gap"}


def test_json_lines_and_pandas_own_orients(tmp_path):
    rows = objects(MINUTES, "t", ISO, SHORT)
    (tmp_path / "XYZ.jsonl").write_text("\n".join(map(json.dumps, rows)))
    frame = pd.DataFrame(COLUMNS, index=[s * 1000 for s in SECONDS])
    for orient in ("split", "index"):
        (tmp_path / f"XYZ_{orient}.json").write_text(frame.to_json(orient=orient))
    for path in tmp_path.iterdir():
        assert (load(path, symbol="XYZ").arrays("XYZ").datetimes == MINUTES.end).all(), path.name


def test_what_json_states(tmp_path):
    path = tmp_path / "XYZ.json"
    path.write_text(json.dumps({"adjusted": True, "next_url": "https://more", "results": objects(MINUTES, "t", SECONDS, SHORT)}))
    bars = load(path)
    assert [one.kind for one in bars.report.findings] == ["adjusted"] and "next_url says more pages follow" in bars.detected_format
    path.write_text('{"status": "delayed", "count": 3}')
    with pytest.raises(BadInput, match="its keys are status, count"):
        load(path)


def csv(times, made, head="datetime,open,high,low,close,volume"):
    return head + "\n" + "".join(f"{when},{','.join(f'{v:.2f}' for v in row)}\n" for when, row in zip(times, made.values, strict=True))


@pytest.mark.parametrize(
    "name, symbol",
    [
        ("BRK-B.csv", "BRK-B"),
        ("1min_MSFT.csv", "MSFT"),
        ("NYSE_BRK.B, 1D.csv", "BRK.B"),
        ("NASDAQ_DLY_MSFT, 60_1a2b3.csv", "MSFT"),
        ("WIKI-IBM.csv", "IBM"),
        ("spy.us.txt", "SPY"),
        ("V.csv", "V"),
        ("stock_data.csv", None),
        ("AAPL_MSFT.csv", None),
        ("prices_2023.csv", None),
    ],
)
def test_a_symbol_is_taken_from_a_name_only_if_one_word_can_be_it(name, symbol, tmp_path):
    (tmp_path / name).write_text(csv(DATES, DAYS, "date,open,high,low,close,volume"))
    if symbol is None:
        with pytest.raises(BadInput, match="give symbol="):
            load(tmp_path / name)
    else:
        assert load(tmp_path / name).symbols == (symbol,) and load(tmp_path / name).reading["symbol"] == "assumed"


def test_a_stated_zone_that_the_bars_contradict_names_a_way_out_that_works(tmp_path):
    wrong = [int(pd.Timestamp(when, tz="UTC").timestamp()) for when in NAIVE]  # clock times of New York taken for UTC
    (tmp_path / "XYZ.csv").write_text(csv(wrong, MINUTES))
    said = load(tmp_path / "XYZ.csv").report.findings
    assert [one.kind for one in said if one.kind != "off_hours"] == ["zone"] and 'tz="America/New_York" (--tz America/New_York)' in said[
        0
    ].text
    assert (load(tmp_path / "XYZ.csv", tz="America/New_York").arrays("XYZ").datetimes == MINUTES.end).all()
    (tmp_path / "XYZ.csv").write_text(csv(SECONDS, MINUTES))
    with pytest.raises(BadInput, match="its times carry their own zone; leave tz='America/Chicago' out"):
        load(tmp_path / "XYZ.csv", tz="America/Chicago")


def test_what_cannot_be_seen_is_said(tmp_path):
    noon = slice(30, 40)
    some = type(MINUTES)(MINUTES.start[noon], MINUTES.end[noon], MINUTES.values[noon], 5)
    (tmp_path / "XYZ.csv").write_text(csv(NAIVE[noon], some))
    bars = load(tmp_path / "XYZ.csv")
    assert bars.reading["stamp"] == "assumed" and [one.kind for one in bars.report.findings] == ["stamp"]
    assert 'load with stamp="end" (--stamp end)' in str(bars.report)


@pytest.mark.parametrize("drop_bad", [False, True])
def test_several_things_in_one_table_are_no_duplicates(tmp_path, drop_bad):
    rows = "".join(f"{day},10,11,9,10,{k}{k},{who}\n" for day in DATES for k, who in ((1, "40"), (2, "41")))
    (tmp_path / "XYZ.csv").write_text("date,open,high,low,close,volume,publisher_id\n" + rows)
    with pytest.raises(BadInput, match=r"differ in the column 'publisher_id' \(40, 41\)"):
        load(tmp_path / "XYZ.csv", drop_bad=drop_bad)
    (tmp_path / "two.csv").write_text(
        ("date,open,high,low,close,volume,Name\n" + rows).replace(",40\n", ",ABC\n").replace(",41\n", ",DEF\n")
    )
    assert load(tmp_path / "two.csv", drop_bad=drop_bad).symbols == ("ABC", "DEF")


@pytest.mark.parametrize(
    "ratio, words", [(25, "25:1"), (50, "50:1"), (1 / 25, "1:25"), (1 / 30, "1:30"), (1.5, "3:2"), (7, "7:1"), (2.35, "factor of 2.3")]
)
def test_every_jump_of_a_night_is_a_finding(ratio, words):
    values = DAYS.values[:, :4].copy() * (100 if ratio > 1 else 1)
    values[20:] = np.round(values[20:] / ratio, 2)
    frame = pd.DataFrame(values, columns=PLAIN[:4]).assign(date=DATES, volume=1.0)
    frame["high"], frame["low"] = frame[list(PLAIN[:4])].max(axis=1), frame[list(PLAIN[:4])].min(axis=1)
    found = [one for one in load(frame, symbol="XYZ").report.findings if one.kind in ("split", "jump")]
    assert len(found) == 1 and words in found[0].text and DATES[20] in found[0].text


def test_decimals_of_raw_prices_are_no_sign_of_adjusted_ones():
    raw = pd.DataFrame(DAYS.values, columns=PLAIN).assign(date=DATES)
    for frame in (
        raw,
        raw.astype(dict.fromkeys(PLAIN[:4], "float32")),
        raw.assign(**{name: raw[name].astype("float32").astype("float64").round(6) for name in PLAIN[:4]}),
    ):
        assert load(frame, symbol="XYZ").report.findings == ()
    quarter = raw.assign(**{name: raw[name] / 4 for name in PLAIN[:4]})
    assert [one.kind for one in load(quarter, symbol="XYZ").report.findings] == ["adjusted"]


def test_other_frames_and_files(tmp_path):
    import pyarrow as pa

    frame = pd.DataFrame(COLUMNS).assign(timestamp=UTC)
    assert (load(pa.Table.from_pandas(frame), symbol="XYZ").arrays("XYZ").datetimes == MINUTES.end).all()
    frame.to_feather(tmp_path / "XYZ.feather")
    assert (load(tmp_path / "XYZ.feather").arrays("XYZ").datetimes == MINUTES.end).all()
    frame.to_pickle(tmp_path / "XYZ.pkl")
    with pytest.raises(BadInput, match="a pickle, which bt_pdt never opens"):
        load(tmp_path / "XYZ.pkl")
    (tmp_path / "XYZ.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match="save the sheet as CSV"):
        load(tmp_path / "XYZ.xlsx")
    text = csv(NAIVE, MINUTES)
    (tmp_path / "XYZ_16.csv").write_bytes(text.encode("utf-16"))
    assert (load(tmp_path / "XYZ_16.csv").arrays("XYZ").datetimes == MINUTES.end).all()


def test_a_length_that_the_times_rule_out_is_refused(tmp_path):
    (tmp_path / "XYZ.csv").write_text(csv(NAIVE, MINUTES))
    with pytest.raises(BadInput, match="timeframe='15 minutes', but its bars are 5 minutes apart and would overlap"):
        load(tmp_path / "XYZ.csv", timeframe="15 minutes")
    (tmp_path / "XYZ.csv").write_text(csv(DATES, DAYS, "date,open,high,low,close,volume"))
    with pytest.raises(BadInput, match="its times are plain dates: these are daily bars"):
        load(tmp_path / "XYZ.csv", timeframe="1 minute")


def test_columns_are_named_by_the_user(tmp_path):
    (tmp_path / "XYZ.csv").write_text(csv(NAIVE, MINUTES, "when,first price,top,bottom,final,size"))
    with pytest.raises(BadInput, match="no table of bars"):
        load(tmp_path / "XYZ.csv")
    names = {"open": "first price", "high": "top", "low": "bottom", "close": "final", "volume": "size"}
    bars = load(tmp_path / "XYZ.csv", columns=names)
    assert (bars.arrays("XYZ").datetimes == MINUTES.end).all() and bars.arrays("XYZ").volume.sum() > 0
    with pytest.raises(BadInput, match="close=last: there is no such column"):
        load(tmp_path / "XYZ.csv", columns=names | {"close": "last"})


def test_bars_keep_what_was_said_of_them(tmp_path):
    made = any_layout(3)
    for name in ("AB.csv", "CD.csv"):
        (tmp_path / name).write_text(made.text)
    both = load_many([tmp_path / "AB.csv", tmp_path / "CD.csv"])
    again = pickle.loads(pickle.dumps(both))
    assert again.reading == both.reading and again.notices == both.notices and again.sha256 == both.sha256
    assert set(both.only("AB").reading) == set(both.reading)
