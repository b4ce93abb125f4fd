"""Where two runs of a strategy with brackets part: the exits of a bracket are told apart from its entry."""

from datetime import date, datetime

import pytest

from bt_pdt.comparison import compare
from bt_pdt.comparison.divergence import Fills, _made
from bt_pdt.comparison.runs import Trade


def trade(minute, qty, price):
    return Trade(datetime(2025, 3, 3, 9, minute), date(2025, 3, 3), "X", qty, price, 0.0, "1", None)


def test_the_exits_of_a_bracket_are_not_its_entry():
    """29 bought in two parts and sold again are 29 shares at the price paid, not 58 at the mean of both prices."""
    made = _made([trade(31, 20.0, 100.0), trade(32, 9.0, 100.0), trade(40, -29.0, 104.0)])
    assert made.own == Fills(29.0, pytest.approx(100.0), datetime(2025, 3, 3, 9, 31))
    assert made.exits == Fills(29.0, 104.0, datetime(2025, 3, 3, 9, 40))
    short = _made([trade(31, -5.0, 10.0)])
    assert short.own == Fills(5.0, 10.0, datetime(2025, 3, 3, 9, 31)) and short.exits == Fills(0.0, None, None)


def test_no_order_gets_more_shares_than_it_asked_for(data, strategies):
    found = compare(
        strategies / "mean_reversion_brackets.py", data, cash=24_000, symbols=["IDXE", "LRGE"], modes=["off", "entry"], todate="2026-05-15"
    )
    parted = found.divergences("off", "entry")
    assert (parted["answer_b"] == "PDT_COUNT").any() and (parted["filled_a"] > 0).any()
    assert (parted["filled_a"] <= parted["qty_a"].fillna(float("inf"))).all()
    assert (parted["filled_b"] <= parted["qty_b"].fillna(float("inf"))).all()
