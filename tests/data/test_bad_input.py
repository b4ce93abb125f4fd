"""Everything a user can get wrong with a file of bars ends in one sentence: which file, which row, what, and what to do."""

import zipfile

import pandas as pd
import pytest

from bt_pdt.bars import load, load_many
from bt_pdt.core.errors import BadInput, UnknownName

HEAD = "datetime,open,high,low,close,volume\n"
GOOD = "2024-01-02 09:30,10,10.5,9.5,10.25,100\n"
NEXT = "2024-01-02 09:31,10,10.5,9.5,10.25,100\n"


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def sentence(source, **options):
    with pytest.raises(BadInput) as caught:
        load(source, **options)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text


#: bad second row -> the words of the sentence, the reason counted when it is dropped
ROWS = {
    "no number": ("2024-01-02 09:31,10,10.5,,10.25,100", "SPY.csv line 3 (2024-01-02 09:31 New York time): not a number", "not a number"),
    "zero": (
        "2024-01-02 09:31,10,10.5,0,10.25,100",
        "line 3 (2024-01-02 09:31 New York time): price of zero or less",
        "price of zero or less",
    ),
    "below zero": ("2024-01-02 09:31,10,10.5,-9,10.25,100", "price of zero or less (open 10, high 10.5, low -9", "price of zero or less"),
    "high below low": ("2024-01-02 09:31,10,9,9.5,9.2,100", "line 3 (2024-01-02 09:31 New York time): high below low", "high below low"),
    "high below close": ("2024-01-02 09:31,10,10.5,9.5,10.6,100", "high below open or close", "high below open or close"),
    "low above open": ("2024-01-02 09:31,9.4,10.5,9.5,10,100", "low above open or close", "low above open or close"),
    "volume": ("2024-01-02 09:31,10,10.5,9.5,10,-1", "volume below zero", "volume below zero"),
    "duplicate": (GOOD.strip(), "line 3 (2024-01-02 09:30 New York time): duplicate of an earlier row; 1 bad row in all", "duplicate"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_stops_with_its_place_or_is_dropped_and_counted(case, tmp_path):
    row, words, reason = ROWS[case]
    path = write(tmp_path, "SPY.csv", HEAD + GOOD + row + "\n2024-01-02 09:32,10,10.5,9.5,10.25,100\n")
    said = sentence(path, timeframe="1 minute")
    assert words in said and "drop_bad=True" in said
    bars = load(path, timeframe="1 minute", drop_bad=True)
    assert dict(bars.dropped) == {reason: 1} and len(bars) == 2
    assert f"1 dropped ({reason})" in bars.detected_format and bars.report.dropped == {reason: 1}


def test_rounding_dust_of_adjusted_prices_is_no_bad_row(tmp_path):
    text = HEAD + "2024-01-02 09:30,10.00000000001,10,9.5,10,100\n" + NEXT
    assert len(load(write(tmp_path, "SPY.csv", text))) == 2


TEXTS = {
    "a word for a price": (
        HEAD + GOOD + "2024-01-02 09:31,ten,10.5,9.5,10,1\n",
        "SPY.csv line 3: open is 'ten', not a number; correct that row",
    ),
    "no time": (
        HEAD + GOOD + "yesterday,10,10.5,9.5,10,1\n",
        "SPY.csv line 3: cannot read the time 'yesterday'; write it like 2024-01-02 09:31",
    ),
    "empty time": (HEAD + GOOD + ",10,10.5,9.5,10,1\n", "SPY.csv line 3: cannot read the time"),
    "day before month": (HEAD + "31/12/2024 09:30,10,10.5,9.5,10,1\n" + GOOD, "line 2: cannot read the time '31/12/2024 09:30'"),
    "zones mixed": (
        HEAD + "2024-01-02 09:30:00,10,10.5,9.5,10,1\n2024-01-02 14:31:00+00:00,10,10.5,9.5,10,1\n",
        "SPY.csv line 3: time '2024-01-02 14:31:00+00:00' carries a time zone and the rows above do not",
    ),
    "zones mixed, other way": (
        HEAD + "2024-01-02 14:30:00Z,10,10.5,9.5,10,1\n2024-01-02 09:31:00,10,10.5,9.5,10,1\n",
        "line 3: time '2024-01-02 09:31:00' lacks a time zone and the rows above do carry one",
    ),
    "disorder": (
        HEAD
        + "2024-01-02 09:31,10,11,9,10,1\n2024-01-02 09:33,10,11,9,10,1\n2024-01-02 09:32,10,11,9,10,1\n2024-01-02 09:34,10,11,9,10,1\n",
        "SPY.csv line 4 (2024-01-02 09:32 New York time): earlier than the row of that symbol before it, and so once; sort the",
    ),
    "two lengths": (
        HEAD
        + "".join(
            f"2024-01-02 {t},10,11,9,10,1\n" for t in ("09:30", "09:31", "09:32", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00")
        ),
        "SPY.csv mixes bars of 60 minutes with shorter ones; give one length per file",
    ),
    "seconds": (
        HEAD + "".join(f"2024-01-02 09:30:{s:02},10,11,9,10,1\n" for s in range(9)),
        "has bars of less than a minute; resample them",
    ),
    "one bar": (HEAD + GOOD, "SPY.csv has no two bars of one symbol on one day (first 2024-01-02 09:30 New York time)"),
    "weekly": (
        "date,open,high,low,close,volume\n" + "".join(f"2024-01-{d:02},10,11,9,10,1\n" for d in (5, 12, 19, 26)),
        "SPY.csv holds bars 7 days apart (weekly or monthly); margin law counts sessions, give daily or minute bars",
    ),
    "two a day": (
        "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02T00:00:00Z,10,11,9,10,1\nA,2024-01-02T00:00:00Z,10,11,9,10,1\n",
        "duplicate of an earlier row",
    ),
    "columns": ("when,price\n1,2\n", "SPY.csv is no table of bars bt_pdt knows: it lacks a time column"),
    "a column": (
        "datetime,open,high,close,volume\n2024-01-02,1,1,1,1\n",
        "it lacks low; its columns are datetime, open, high, close, volume",
    ),
    "no header, no bars": ("1.5,2,3\n4,5,6\n", "SPY.csv has no header and its first row (1.5, 2, 3) is not date, [time,] open"),
    "header only": (HEAD, "SPY.csv has a header and no rows"),
    "empty": ("", "SPY.csv is empty"),
    "blank": ("\n\n", "SPY.csv is empty"),
    "no symbol in a row": (
        "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02T14:30:00Z,10,11,9,10,1\n,2024-01-02T14:31:00Z,10,11,9,10,1\n",
        "SPY.csv line 3: the symbol is missing",
    ),
    "broken json": ('{"bars": ', "not valid JSON"),
    "other json": ('{"message": "forbidden."}', 'is JSON without "bars"'),
    "no bars in json": ('{"bars": {}, "next_page_token": null}', "has no bars in it"),
    "a number for a time": ("time,open,high,low,close,volume\n12,1,1,1,1,1\n", "line 2: the time 12 is neither a date nor an epoch number"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_file_that_cannot_be_read_says_why(case, tmp_path):
    text, words = TEXTS[case]
    assert words in sentence(write(tmp_path, "SPY.csv", text))


def test_paths(tmp_path):
    assert "there is no file" in sentence(tmp_path / "none.csv")
    assert "is a folder; name the files in it" in sentence(tmp_path)
    assert "load() takes a path or a pandas DataFrame; got int" in sentence(3)
    assert "no.parquet cannot be read as parquet" in sentence(write(tmp_path, "no.parquet", "hello"))
    assert "no.csv.gz cannot be read as .gz" in sentence(write(tmp_path, "no.csv.gz", "hello"))
    assert "no.zip cannot be read as .zip" in sentence(write(tmp_path, "no.zip", "hello"))
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0")
    assert "photo.csv is not text; bt_pdt reads CSV" in sentence(tmp_path / "photo.csv")
    with zipfile.ZipFile(tmp_path / "q.zip", "w") as archive:
        archive.writestr("20240102_spy_minute_quote.csv", "1,2")
    assert "quotes or bars below a minute" in sentence(tmp_path / "q.zip")
    with zipfile.ZipFile(tmp_path / "q.zip", "a") as archive:
        archive.writestr("more.csv", "1,2")
    assert "q.zip holds 2 files" in sentence(tmp_path / "q.zip")


def test_options(tmp_path):
    path = write(tmp_path, "SPY.csv", HEAD + GOOD + NEXT)
    with pytest.raises(UnknownName, match="stamp 'ned' is not known; did you mean 'end'"):
        load(path, stamp="ned")
    assert "time zone 'Mars/Base' is not known" in sentence(path, tz="Mars/Base")
    assert "timeframe 'fortnight' is not a bar length; write 1 minute, 15 minutes, 1 hour or 1 day" in sentence(path, timeframe="fortnight")
    aware = write(tmp_path, "Q.csv", HEAD + "2024-01-02 14:30:00Z,10,11,9,10,1\n2024-01-02 14:31:00Z,10,11,9,10,1\n")
    assert "its times carry their own zone; leave tz='UTC' out" in sentence(aware, tz="UTC")
    strange = write(tmp_path, "2024 prices.csv", HEAD + GOOD + NEXT)
    assert "does not say which symbol its bars are of; give symbol=" in sentence(strange)
    assert load(strange, symbol="SPY").symbols == ("SPY",)
    tidy = write(tmp_path, "x.csv", "symbol,timestamp,open,high,low,close,volume\nAAPL,2024-01-02T05:00:00Z,10,11,9,10,1\n")
    with pytest.raises(UnknownName, match="symbol 'APPL' is not known; did you mean 'AAPL'"):
        load(tidy, symbol="APPL")


def test_the_hour_a_clock_change_makes_unclear(tmp_path):
    text = HEAD + "2024-11-03 01:30:00,10,11,9,10,1\n2024-11-03 01:31:00,10,11,9,10,1\n"
    assert "the clock change of America/Chicago makes a time unclear" in sentence(write(tmp_path, "A.csv", text), tz="America/Chicago")


def test_python_datetimes_with_and_without_zone():
    when = [pd.Timestamp("2024-01-02 09:30"), pd.Timestamp("2024-01-02 14:31", tz="UTC")]
    frame = pd.DataFrame({"datetime": pd.Series(when, dtype=object), "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1.0})
    assert "carries a time zone and the rows above do not" in sentence(frame, symbol="SPY")
    assert "the frame has no rows" in sentence(frame.iloc[:0], symbol="SPY")


def test_between_nothing_and_unknown_symbols(tmp_path):
    bars = load(write(tmp_path, "SPY.csv", HEAD + GOOD + NEXT))
    with pytest.raises(BadInput, match="no bars from 2025-01-01 to None; these bars go from 2024-01-02"):
        bars.between("2025-01-01")
    with pytest.raises(BadInput, match="start 'soon' is not a day; write it like 2026-06-04"):
        bars.between("soon")
    with pytest.raises(BadInput, match="carries a time zone"):
        bars.between(pd.Timestamp("2024-01-02", tz="UTC"))
    with pytest.raises(UnknownName, match="symbol 'SYP' is not known; did you mean 'SPY'"):
        bars.only(["SYP"])


def test_files_that_do_not_go_together(tmp_path):
    minutes = write(tmp_path, "SPY.csv", HEAD + GOOD + NEXT)
    again = write(tmp_path, "SPY_again.csv", HEAD + NEXT + "2024-01-02 09:32,10,10.5,9.5,10.25,100\n")
    daily = write(tmp_path, "SPY_daily.csv", "date,open,high,low,close,volume\n2024-01-02,10,11,9,10,1\n")
    with pytest.raises(BadInput, match="SPY is in two files that overlap, 2024-01-02 09:32 to 2024-01-02 09:32; leave one of them out"):
        load_many([minutes, again])
    with pytest.raises(BadInput, match=r"SPY.csv has 1 minute, SPY_daily.csv has 1 day"):
        load_many([minutes, daily])
    with pytest.raises(BadInput, match="no files of bars were given"):
        load_many([])
