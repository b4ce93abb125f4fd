"""One small file per format, typed by hand as the vendor writes it; the expected New York END stamps are typed too."""

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from bt_pdt.bars import load, load_many

PRICES = [(10.0, 10.5, 9.5, 10.25, 100.0), (10.25, 11.0, 10.0, 10.75, 200.0)]


def stamps(bars, symbol=None):
    return [str(moment)[:16] for moment in bars.arrays(symbol or bars.symbols[0]).datetimes]


def rows(bars, symbol=None):
    return [tuple(map(float, row)) for row in zip(*bars.arrays(symbol or bars.symbols[0])[1:], strict=True)]


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


MINUTES = ["2024-01-02T09:31", "2024-01-02T09:32"]

#: name of the file, its text, what it must be taken for, symbol, END stamps in New York
TEXTS = {
    "alpaca-py csv, winter": (
        "bars.csv",
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
        "SPY,2024-01-02 14:30:00+00:00,10,10.5,9.5,10.25,100.0,5,10.1\n"
        "SPY,2024-01-02 14:31:00+00:00,10.25,11,10,10.75,200.0,6,10.5\n",
        "Alpaca bars (CSV), 2 rows, SPY, UTC, start-stamped, 1 minute",
        "SPY",
        MINUTES,
    ),
    "alpaca-py csv, summer": (
        "bars.csv",
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
        "SPY,2024-07-02 13:30:00+00:00,10,10.5,9.5,10.25,100.0,5,10.1\n"
        "SPY,2024-07-02 13:31:00+00:00,10.25,11,10,10.75,200.0,6,10.5\n",
        "UTC, start-stamped, 1 minute",
        "SPY",
        ["2024-07-02T09:31", "2024-07-02T09:32"],
    ),
    "alpaca REST, many": (
        "answer.json",
        json.dumps(
            {
                "bars": {
                    "SPY": [
                        {"t": "2024-01-02T14:30:00Z", "o": 10, "h": 10.5, "l": 9.5, "c": 10.25, "v": 100, "n": 5, "vw": 10.1},
                        {"t": "2024-01-02T14:31:00Z", "o": 10.25, "h": 11, "l": 10, "c": 10.75, "v": 200, "n": 6, "vw": 10.5},
                    ]
                },
                "next_page_token": None,
            }
        ),
        "Alpaca bars (JSON)",
        "SPY",
        MINUTES,
    ),
    "alpaca REST, one, more pages": (
        "answer.json",
        json.dumps(
            {
                "bars": [
                    {"t": "2024-01-02T14:30:00Z", "o": 10, "h": 10.5, "l": 9.5, "c": 10.25, "v": 100},
                    {"t": "2024-01-02T14:31:00Z", "o": 10.25, "h": 11, "l": 10, "c": 10.75, "v": 200},
                ],
                "symbol": "SPY",
                "next_page_token": "U1BZ",
            }
        ),
        "next_page_token says more pages follow",
        "SPY",
        MINUTES,
    ),
    "yfinance wide csv": (
        "prices.csv",
        "Price,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY\nDatetime,,,,,\n"
        "2024-01-02 14:30:00+00:00,10.25,10.5,9.5,10,100\n2024-01-02 14:31:00+00:00,10.75,11,10,10.25,200\n",
        "yfinance bars (wide) (CSV)",
        "SPY",
        MINUTES,
    ),
    "yfinance one ticker csv, exchange zone": (
        "SPY.csv",
        "Datetime,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-01-02 09:30:00-05:00,10,10.5,9.5,10.25,10.2,100\n2024-01-02 09:31:00-05:00,10.25,11,10,10.75,10.7,200\n",
        "end-stamped; Adj Close ignored; symbol SPY taken from the file's name",
        "SPY",
        MINUTES,
    ),
    "databento csv, billionths": (
        "db.csv",
        "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
        "1704205800000000000,33,1,9,10000000000,10500000000,9500000000,10250000000,100,SPY\n"
        "1704205860000000000,33,1,9,10250000000,11000000000,10000000000,10750000000,200,SPY\n",
        "Databento OHLCV (CSV), 2 rows, SPY, UTC, start-stamped, 1 minute",
        "SPY",
        MINUTES,
    ),
    "databento csv, pretty": (
        "db.csv",
        "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
        "2024-01-02T14:30:00.000000000Z,33,1,9,10.000000000,10.500000000,9.500000000,10.250000000,100,SPY\n"
        "2024-01-02T14:31:00.000000000Z,33,1,9,10.250000000,11.000000000,10.000000000,10.750000000,200,SPY\n",
        "Databento OHLCV",
        "SPY",
        MINUTES,
    ),
    "ib_async csv": (
        "SPY.csv",
        "date,open,high,low,close,volume,average,barCount\n"
        "2024-01-02 09:30:00-05:00,10,10.5,9.5,10.25,100,10.1,5\n2024-01-02 09:31:00-05:00,10.25,11,10,10.75,200,10.5,6\n",
        "IBKR bars (CSV)",
        "SPY",
        MINUTES,
    ),
    "IBKR's own words": (
        "SPY.csv",
        "date,open,high,low,close,volume,average,barCount\n"
        "20240102 09:30:00 US/Eastern,10,10.5,9.5,10.25,100,10.1,5\n20240102 09:31:00 US/Eastern,10.25,11,10,10.75,200,10.5,6\n",
        "IBKR bars (CSV)",
        "SPY",
        MINUTES,
    ),
    "NinjaTrader": (
        "SPY.Last.txt",
        "20240102 143100;10;10.5;9.5;10.25;100\n20240102 143200;10.25;11;10;10.75;200\n",
        "NinjaTrader bars (CSV without header), 2 rows, SPY, UTC, end-stamped, 1 minute",
        "SPY",
        MINUTES,
    ),
    "Alpha Vantage, newest first": (  # the order of rows says nothing of the side
        "SPY.csv",
        "timestamp,open,high,low,close,volume\n2024-01-02 09:31:00,10.25,11,10,10.75,200\n2024-01-02 09:30:00,10,10.5,9.5,10.25,100\n",
        "plain OHLCV bars (CSV), 2 rows, SPY, New York time, start-stamped (assumed), 1 minute",
        "SPY",
        MINUTES,
    ),
    "TradingView, epoch": (
        "BATS_SPY, 1.csv",
        "time,open,high,low,close,Volume,RSI\n1704205800,10,10.5,9.5,10.25,100,50\n1704205860,10.25,11,10,10.75,200,51\n",
        "TradingView export (CSV), 2 rows, SPY, UTC, start-stamped",
        "SPY",
        MINUTES,
    ),
    "TradingView, ISO": (
        "SPY.csv",
        "time,open,high,low,close,Volume\n2024-01-02T09:30:00-05:00,10,10.5,9.5,10.25,100\n2024-01-02T09:31:00-05:00,10.25,11,10,10.75,200\n",
        "TradingView export",
        "SPY",
        MINUTES,
    ),
    "Stooq": (
        "spy.us.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "SPY.US,1,20240102,153000,10,10.5,9.5,10.25,100,0\nSPY.US,1,20240102,153100,10.25,11,10,10.75,200,0\n",
        "Stooq bars (CSV), 2 rows, SPY, Europe/Warsaw, start-stamped",
        "SPY",
        MINUTES,
    ),
    "Kibot": (
        "SPY.txt",
        "01/02/2024,09:30,10,10.5,9.5,10.25,100\n01/02/2024,09:31,10.25,11,10,10.75,200\n",
        "Kibot bars (CSV without header), 2 rows, SPY, New York time, start-stamped (assumed)",
        "SPY",
        MINUTES,
    ),
    "FirstRate": (
        "SPY_1min_sample.txt",
        "2024-01-02 09:30:00,10,10.5,9.5,10.25,100\n2024-01-02 09:31:00,10.25,11,10,10.75,200\n",
        "FirstRate bars",
        "SPY",
        MINUTES,
    ),
    "plain, date and time apart": (
        "SPY.csv",
        "Date;Time;Open;High;Low;Close;Volume\n2024-01-02;09:30;10;10.5;9.5;10.25;100\n2024-01-02;09:31;10.25;11;10;10.75;200\n",
        "plain OHLCV bars (CSV)",
        "SPY",
        MINUTES,
    ),
    "plain daily": (
        "SPY.csv",
        "Date,Open,High,Low,Close,Volume\n2024-11-27,10,10.5,9.5,10.25,100\n2024-11-29,10.25,11,10,10.75,200\n",
        "1 day -> New York time, stamped at each session's close",
        "SPY",
        ["2024-11-27T16:00", "2024-11-29T13:00"],
    ),
    "daily at midnight New York": (
        "bars.csv",
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
        "SPY,2024-03-08 05:00:00+00:00,10,10.5,9.5,10.25,100,5,10.1\nSPY,2024-03-11 04:00:00+00:00,10.25,11,10,10.75,200,6,10.5\n",
        "Alpaca bars (CSV), 2 rows, SPY, 1 day",
        "SPY",
        ["2024-03-08T16:00", "2024-03-11T16:00"],
    ),
    "daily at midnight UTC": (
        "db.csv",
        "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
        "2024-01-02T00:00:00Z,35,1,9,10.0,10.5,9.5,10.25,100,SPY\n2024-01-03T00:00:00Z,35,1,9,10.25,11.0,10.0,10.75,200,SPY\n",
        "1 day",
        "SPY",
        ["2024-01-02T16:00", "2024-01-03T16:00"],
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_file_is_recognised_and_stamped(case, tmp_path):
    name, text, said, symbol, expected = TEXTS[case]
    bars = load(write(tmp_path, name, text))
    assert said in bars.detected_format
    assert bars.symbols == (symbol,)
    assert stamps(bars) == expected
    assert rows(bars) == PRICES


def test_alpaca_frame_with_two_symbols():
    index = pd.MultiIndex.from_tuples(
        [(s, pd.Timestamp(t, tz="UTC")) for s in ("QQQ", "SPY") for t in ("2024-01-02 14:30", "2024-01-02 14:31")],
        names=["symbol", "timestamp"],
    )
    columns = ["open", "high", "low", "close", "volume"]
    frame = pd.DataFrame(PRICES * 2, index=index, columns=columns).assign(trade_count=3.0, vwap=10.0)
    bars = load(frame)
    assert "the frame: Alpaca bars (DataFrame), 4 rows, 2 symbols, UTC, start-stamped, 1 minute" in bars.detected_format
    assert bars.symbols == ("QQQ", "SPY")
    assert stamps(bars, "SPY") == MINUTES and rows(bars, "QQQ") == PRICES
    assert load(frame, symbol="SPY").symbols == ("SPY",)


def test_alpaca_parquet(tmp_path):
    index = pd.MultiIndex.from_tuples(
        [("SPY", pd.Timestamp("2024-01-02 14:30", tz="UTC")), ("SPY", pd.Timestamp("2024-01-02 14:31", tz="UTC"))],
        names=["symbol", "timestamp"],
    )
    frame = pd.DataFrame(PRICES, index=index, columns=["open", "high", "low", "close", "volume"]).assign(trade_count=3.0, vwap=10.0)
    frame.to_parquet(tmp_path / "b.parquet")
    bars = load(tmp_path / "b.parquet")
    assert "b.parquet: Alpaca bars (parquet)" in bars.detected_format and stamps(bars) == MINUTES


@pytest.mark.parametrize("group_by_ticker", [False, True])
def test_yfinance_wide_frame_drops_the_rows_a_symbol_does_not_have(group_by_ticker):
    index = pd.DatetimeIndex(["2024-01-02 09:30", "2024-01-02 09:31"], tz="America/New_York", name="Datetime")
    names = ("Open", "High", "Low", "Close", "Volume")
    data = {(name, s): [row[k] for row in PRICES] for s in ("SPY", "QQQ") for k, name in enumerate(names)}
    frame = pd.DataFrame(data, index=index)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns, names=["Price", "Ticker"])
    frame.loc[index[0], (slice(None), "QQQ")] = np.nan
    if group_by_ticker:
        frame = frame.swaplevel(axis=1).sort_index(axis=1)
    bars = load(frame)
    assert stamps(bars, "SPY") == MINUTES and rows(bars, "SPY") == PRICES
    assert stamps(bars, "QQQ") == MINUTES[1:] and rows(bars, "QQQ") == PRICES[1:]


def test_polygon_flat_file(tmp_path):
    text = (
        "ticker,volume,open,close,high,low,window_start,transactions\n"
        "NA,100,10,10.25,10.5,9.5,1704205800000000000,5\nNA,200,10.25,10.75,11,10,1704205860000000000,6\n"
        "TRUE,100,10,10.25,10.5,9.5,1704205800000000000,5\n"
    )
    path = tmp_path / "2024-01-02.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    bars = load(path)
    assert "2024-01-02.csv.gz: Polygon flat file (CSV), 3 rows, 2 symbols, UTC, start-stamped, 1 minute" in bars.detected_format
    assert bars.symbols == ("NA", "TRUE")  # tickers, not a missing value and a truth
    assert stamps(bars, "NA") == MINUTES and rows(bars, "NA") == PRICES


def test_lean_zips(tmp_path):
    def zipped(name, inner, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(inner, text)
        return tmp_path / name

    # 34,200,000 ms after midnight is 09:30 New York
    minute = zipped(
        "minute/spy/20240102_trade.zip",
        "20240102_spy_minute_trade.csv",
        "34200000,100000,105000,95000,102500,100\n34260000,102500,110000,100000,107500,200\n",
    )
    bars = load(minute)
    assert "LEAN bars (zip), 2 rows, SPY, New York time" in bars.detected_format
    assert stamps(bars) == MINUTES and rows(bars) == PRICES
    # the bar stamped 09:00 covers 09:30 to 10:00
    hour = zipped(
        "hour/spy.zip", "spy.csv", "20240102 09:00,100000,105000,95000,102500,100\n20240102 10:00,102500,110000,100000,107500,200\n"
    )
    bars = load(hour)
    assert stamps(bars) == ["2024-01-02T10:00", "2024-01-02T11:00"] and bars.compression == 60
    daily = zipped(
        "daily/spy.zip", "spy.csv", "20231124 00:00,100000,105000,95000,102500,100\n20231127 00:00,102500,110000,100000,107500,200\n"
    )
    bars = load(daily)
    assert stamps(bars) == ["2023-11-24T13:00", "2023-11-27T16:00"] and bars.timeframe == "days"


def test_hours_from_half_past_nine_end_at_the_bell(tmp_path):
    """yfinance hours start at 09:30 and the last lasts half an hour; Interactive Brokers cuts the first."""
    head = "Datetime,Open,High,Low,Close,Volume\n"
    yahoo = head + "".join(f"2024-01-02 {h:02}:30:00,10,11,9,10,1\n" for h in range(9, 16))
    assert stamps(load(write(tmp_path, "A.csv", yahoo)))[0::6] == ["2024-01-02T10:30", "2024-01-02T16:00"]
    early = head + "".join(f"2024-07-03 {h:02}:30:00,10,11,9,10,1\n" for h in range(9, 13))
    assert stamps(load(write(tmp_path, "A.csv", early)))[-2:] == ["2024-07-03T12:30", "2024-07-03T13:00"]
    cut = head + "2024-01-02 09:30:00,10,11,9,10,1\n" + "".join(f"2024-01-02 {h}:00:00,10,11,9,10,1\n" for h in range(10, 16))
    assert stamps(load(write(tmp_path, "A.csv", cut)))[:2] == ["2024-01-02T10:00", "2024-01-02T11:00"]


def test_the_stamp_is_seen_at_the_open_and_can_be_overruled(tmp_path):
    def day(first):
        times = pd.date_range(f"2024-01-02 {first}", periods=390, freq="min")
        return "datetime,open,high,low,close,volume\n" + "".join(f"{t},10,11,9,10,1\n" for t in times)

    starts = load(write(tmp_path, "A.csv", day("09:30")))
    ends = load(write(tmp_path, "A.csv", day("09:31")))
    assert "start-stamped (seen at the open)" in starts.detected_format and "end-stamped (seen at the open)" in ends.detected_format
    assert stamps(starts) == stamps(ends) and stamps(ends)[0::389] == ["2024-01-02T09:31", "2024-01-02T16:00"]
    forced = load(write(tmp_path, "A.csv", day("09:31")), stamp="start")
    assert "start-stamped, 1 minute" in forced.detected_format and stamps(forced)[-1] == "2024-01-02T16:01"


def test_zone_of_naive_times(tmp_path):
    text = "datetime,open,high,low,close,volume\n2024-01-02 15:30,10,10.5,9.5,10.25,100\n2024-01-02 15:31,10.25,11,10,10.75,200\n"
    assert stamps(load(write(tmp_path, "A.csv", text), tz="Europe/Berlin")) == MINUTES


def test_between_only_frame_and_hash(tmp_path):
    text = "symbol,timestamp,open,high,low,close,volume\n" + "".join(
        f"{s},2024-01-0{d} 14:30:00+00:00,10,11,9,10,1\n{s},2024-01-0{d} 14:31:00+00:00,10,11,9,10,1\n" for s in "AB" for d in (2, 3)
    )
    bars = load(write(tmp_path, "x.csv", text))
    assert len(bars) == 8 and len(bars.between("2024-01-03")) == 4 and len(bars.between(end="2024-01-02 09:31")) == 2
    assert bars.only("A").symbols == ("A",) and bars.only(["B", "A"]).sha256 == bars.sha256
    assert bars.only("A").sha256 != bars.sha256 == load(write(tmp_path, "y.csv", text)).sha256
    assert str(bars.frame("A").index[0]) == "2024-01-02 09:31:00" and list(bars.frame("A")) == ["open", "high", "low", "close", "volume"]
    with pytest.raises(ValueError, match="read-only"):
        bars.arrays("A").close[0] = 1


def test_tidy_rows_load_back_the_same(tmp_path):
    text = "Datetime,Open,High,Low,Close,Volume\n" + "".join(f"2024-01-02 {h:02}:30:00,10,11,9,10,1\n" for h in range(9, 16))
    for name, some in (("A.csv", text), ("B.csv", TEXTS["plain daily"][1])):
        bars = load(write(tmp_path, name, some))
        bars.tidy().to_parquet(tmp_path / "t.parquet", index=False)
        assert load(tmp_path / "t.parquet").sha256 == bars.sha256


def test_load_many_joins_days_and_symbols(tmp_path):
    def part(day):
        return f"datetime,open,high,low,close,volume\n{day} 09:30,10,11,9,10,1\n{day} 09:31,10,11,9,10,1\n"

    second, first = write(tmp_path, "SPY_2.csv", part("2024-01-03")), write(tmp_path, "SPY_1.csv", part("2024-01-02"))
    bars = load_many([second, first, write(tmp_path, "QQQ.csv", part("2024-01-02"))])
    assert bars.symbols == ("QQQ", "SPY") and len(bars.arrays("SPY").close) == 4 and len(bars.detected_format.splitlines()) == 3
    assert stamps(bars, "SPY") == [*MINUTES, "2024-01-03T09:31", "2024-01-03T09:32"]
