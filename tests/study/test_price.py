"""The price of a symbol with its fills and refusals: every mark stands at the bar, the price and the words that the tables have."""

from __future__ import annotations

import numpy as np
import pytest

from bt_pdt import BadInput, load
from bt_pdt.results.draw.price import price_data


def test_marks_are_those_of_the_tables(result) -> None:
    data = price_data(result)
    refusals, fills = result.refusals, result.fills
    assert data.symbol == refusals["symbol"].value_counts().index[0] and data.day is None and data.bars
    mine = refusals[refusals["symbol"] == data.symbol]
    assert len(data.refused.at) == len(mine) and all(str(why) in text for why, text in zip(mine["why"], data.refused.words, strict=True))
    bought = fills[(fills["symbol"] == data.symbol) & (fills["side"] == "buy")]
    assert data.bought.price.tolist() == bought["price"].tolist()
    assert data.times[data.bought.at.astype(int)].tolist() == bought["at"].dt.to_pydatetime().tolist()
    stuck = result.held_overnight[result.held_overnight["symbol"] == data.symbol]
    assert len(data.stuck.at) == len(stuck) > 0 and all(text.endswith(")") for text in data.stuck.words)
    figure = result.figure("price")
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert f"refused ({len(mine)})" in labels and f"stuck over the night ({len(stuck)})" in labels


def test_one_session_of_one_symbol(result) -> None:
    row = result.held_overnight.iloc[0]
    day, symbol = row["session"].date(), row["symbol"]
    data = price_data(result, symbol, day.isoformat())
    assert set(data.times.astype("datetime64[D]")) == {np.datetime64(day)} and len(data.times) == 390
    same = result.refusals[(result.refusals["symbol"] == symbol) & (result.refusals["session"].dt.date == day)]
    assert len(data.refused.at) == len(same) and len(data.stuck.at) == 1
    assert str(day) in result.figure("price", symbol=symbol, day=day).get_suptitle()


def test_what_is_asked_wrongly(result) -> None:
    with pytest.raises(BadInput, match="symbol 'LRG' is not known; did you mean"):
        result.figure("price", symbol="LRG")
    with pytest.raises(BadInput, match="day takes a session on which LRGE has bars"):
        result.figure("price", symbol="LRGE", day="2026-05-09")
    with pytest.raises(BadInput, match="day takes a date like"):
        result.figure("price", day="May")


def test_without_bars_the_prices_of_fills_are_drawn_and_said(result, tmp_path) -> None:
    again = load(result.save(tmp_path / "run"))
    data = price_data(again)
    assert not data.bars and "the bars are not kept" in data.title and len(data.refused.at) == len(price_data(result).refused.at)
