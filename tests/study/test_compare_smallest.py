"""The smallest account that is never refused."""

import backtrader as bt
import pytest
from made_bars import Plan, minutes

import bt_pdt
from bt_pdt.comparison import smallest_account
from bt_pdt.core.errors import BadInput

#: Four round trips of one share on one day, the price stands.
FLAT = minutes(X={"2025-03-03": [(10, 10)] * 20})
FOUR = {f"03-03 09:{31 + 2 * k}": {"X": size} for k, size in enumerate([1, "close"] * 4)}


def test_four_day_trades_need_25_000():
    found = smallest_account(Plan, FLAT, low=20_000, high=40_000, tolerance=0.01, mode="entry", params={"plan": FOUR})
    assert (found.cash, found.refusals_start, found.monotone, found.islands) == (25_000.00, 24_999.99, True, ())
    assert found.sentence == "From $25,000 on no order is refused; at $24,999.99 1 order is refused (PDT_COUNT first) (within $0.01)."
    assert bt_pdt.smallest_account is smallest_account


def test_a_coarse_answer_lies_within_its_tolerance():
    found = smallest_account(Plan, FLAT, low=2_000, high=200_000, tolerance=500, params={"plan": FOUR})
    assert 25_000 <= found.cash <= 25_500 and found.cash - found.refusals_start <= 500


class Proud(bt.Strategy):
    """One round trip below 10,000; four from there on."""

    def next(self):
        trips = 4 if self.broker.startingcash >= 10_000 else 1
        if len(self) <= 4 * trips:
            if len(self) % 4 == 1:
                self.buy(size=1)
            elif len(self) % 4 == 3:
                self.close()


def test_more_cash_is_not_always_fewer_refusals():
    heard = []
    found = smallest_account(
        Proud, FLAT, low=2_000, high=60_000, tolerance=0.01, jobs=1, progress=lambda done, total: heard.append((done, total))
    )
    assert found.cash == 25_000 and not found.monotone and found.islands and max(found.islands) < 10_000
    assert "More cash does not mean fewer refusals here: $2,000" in found.sentence
    assert all(0 <= done <= total for done, total in heard) and heard[-1][0] > 8


def test_both_ends():
    always = smallest_account(Plan, FLAT, low=2_000, high=20_000, params={"plan": FOUR})
    assert always.cash is None and always.refusals_start == 20_000
    assert always.sentence.startswith("Orders are refused even at $20,000")
    never = smallest_account(Plan, FLAT, low=30_000, high=60_000, params={"plan": FOUR})
    assert never.cash == 30_000 and never.refusals_start is None
    assert never.sentence == "No order is refused at any size tried from $30,000 to $60,000."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"low": 5, "high": 5}, r"low must be below high, got \$5 and \$5"),
        ({"tolerance": 0}, "tolerance takes dollars from 0.01 up, got 0"),
        ({"high": float("nan")}, "high takes dollars from 0.01 up, got nan"),
        ({"mode": "off"}, "with the rules off nothing is refused"),
        ({"mode": "exti"}, "did you mean 'exit'"),
        ({"cash": 5}, "smallest_account argument 'cash' is not known"),
    ],
)
def test_a_slip_is_one_sentence(arguments, said):
    with pytest.raises(BadInput, match=said):
        smallest_account(Plan, FLAT, **arguments)
