"""A cash account's money as a story: what is done on which day, what can be spent then, which violations follow.

The numbers are typed from 12 CFR 220.8, the Federal Reserve's staff letters on it and the brokerages' own examples.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_pdt.account.cash_account import CashBook, Violation, freeze, strikes
from bt_pdt.core import sessions
from bt_pdt.law.brokerages import rulebook_for

BOOK = rulebook_for("finra")
#: A Monday to Friday under T+1: Monday's purchase settles on Tuesday and is to be paid by Thursday.
MON, TUE, WED, THU, FRI = (date(2026, 7, d) for d in (6, 7, 8, 9, 10))
STATE = ("settled", "unsettled", "owed")


class Story:
    """A cash account told day by day; sessions in between are started and closed."""

    def __init__(self, cash: float = 0.0, on: date = MON, **carried: float) -> None:
        self.book = CashBook(cash, carried)
        self.day = on
        self.all: list[Violation] = []
        self.book.start(on)

    @property
    def rules(self) -> Any:
        return BOOK.on(self.day)

    def on(self, day: date) -> Story:
        while self.day < day:
            self.close()
            self.day = sessions.next_session(self.day)
            self.book.start(self.day)
        assert self.day == day
        return self

    def close(self) -> Story:
        self.all += self.book.close(self.day, self.rules)
        return self

    def buy(self, symbol: str, cost: float, qty: float = 100) -> Story:
        self.book.bought(self.day, symbol, qty, cost, self.rules)
        return self

    def sell(self, symbol: str, proceeds: float, qty: float = 100) -> Story:
        self.all += self.book.sold(self.day, symbol, qty, proceeds, self.rules)
        return self

    def move(self, amount: float, **kind: bool) -> Story:
        self.book.moved(self.day, amount, **kind)
        return self

    @property
    def found(self) -> list[tuple[str, str, date]]:
        return [(v.kind, v.symbol, v.session) for v in self.all]

    def money(self) -> tuple[float, float, float]:
        """(settled, unsettled, owed)"""
        assert self.book.cash == pytest.approx(self.book.settled + self.book.unsettled - self.book.owed)
        return tuple(round(getattr(self.book, name), 2) for name in STATE)  # type: ignore[return-value]


# -- the vectors of a cash account under T+1


def test_1_bought_with_unsettled_proceeds_and_sold_before_they_settle() -> None:
    story = Story(XYZ=100).sell("XYZ", 10_000).buy("ABC", 10_000).sell("ABC", 10_050)
    assert story.found == [("good_faith", "ABC", MON)]
    (violation,) = story.all
    assert (violation.amount, violation.sold_on, violation.rule) == (10_000.0, MON, "gfv_strikes")
    assert violation.because == "ABC was bought on 2026-07-06 with $10,000 of proceeds that settle on 2026-07-07; sold on 2026-07-06."
    assert story.on(FRI).found == [("good_faith", "ABC", MON)]


def test_2_the_same_sold_on_tuesday_is_fine() -> None:
    story = Story(XYZ=100).sell("XYZ", 10_000).buy("ABC", 10_000).on(TUE).sell("ABC", 10_050).on(FRI)
    assert story.found == []
    assert story.money() == (10_050, 0, 0)


def test_3_a_round_trip_paid_with_settled_funds_is_fine() -> None:
    story = Story(10_000).buy("A", 10_000).sell("A", 10_200)
    assert story.money() == (0, 10_200, 0)
    assert story.on(FRI).found == []


def test_4_its_proceeds_are_unsettled_for_the_next_purchase() -> None:
    """Also the Federal Reserve's letter of 2000-01-07: A is paid with funds, B rests on proceeds that it cannot wait for."""
    story = Story(10_000).buy("A", 10_000).sell("A", 10_200).buy("B", 10_200).sell("B", 10_300)
    assert story.on(FRI).found == [("good_faith", "B", MON)]


def test_5_free_riding() -> None:
    story = Story().buy("A", 5_000).on(TUE)
    assert story.money() == (0, 0, 5_000)
    story.sell("A", 5_200)
    assert story.money() == (0, 200, 0)
    assert story.on(THU).found == []
    assert story.close().found == [("free_riding", "A", THU)]
    (violation,) = story.all
    assert (violation.amount, violation.sold_on, violation.rule) == (5_000.0, TUE, "freeride_strikes")
    assert "$5,000" in violation.because and "2026-07-09" in violation.because
    restriction = freeze(story.book.violations, violation, story.rules)
    assert restriction is not None and restriction.until is not None
    assert (restriction.kind, restriction.start, restriction.until) == ("ninety_day_freeze", TUE, date(2026, 10, 5))
    assert restriction.until - restriction.start == timedelta(days=90)
    assert (restriction.why, restriction.rule) == ("freeride_strikes", "freeride_strikes")
    assert restriction.because == "A was sold on 2026-07-07 before it was paid for"


@pytest.mark.parametrize("paid_on", [TUE, WED, THU])
def test_6_paid_within_the_payment_period(paid_on: date) -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(paid_on).move(5_000)
    assert story.on(date(2026, 7, 13)).found == []
    assert story.money() == (5_200, 0, 0)


def test_6_on_wednesday_the_wire_and_the_proceeds_are_there() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(WED)
    assert story.money() == (200, 0, 0)
    assert story.move(5_000).money() == (5_200, 0, 0)


def test_6_a_day_late() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(FRI).move(5_000)
    assert story.found == [("free_riding", "A", THU)]
    assert story.money() == (5_200, 0, 0)


@pytest.mark.parametrize(("wired", "missing"), [(5_000.00, None), (4_999.99, 0.01), (4_800.00, 200.00)])
def test_6_both_sides_of_the_cent_and_the_profit_does_not_count(wired: float, missing: float | None) -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(WED).move(wired).on(FRI)
    assert [round(v.amount, 2) for v in story.all] == ([missing] if missing else [])


def test_6_in_two_wires() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(WED).move(2_000).on(THU).move(3_000)
    assert story.on(FRI).found == []


def test_6_the_proceeds_withdrawn_before_payment() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(WED).move(-200).on(THU).move(5_000)
    assert story.on(FRI).found == [("free_riding", "A", THU)]
    assert "withdrawn" in story.all[0].because
    assert story.money() == (5_000, 0, 0)


def test_6_withdrawn_after_payment() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(WED).move(5_000).move(-5_200)
    assert story.on(FRI).found == []
    assert story.money() == (0, 0, 0)


def test_6_a_fee_is_no_withdrawal() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 5_200).on(WED).move(-0.02, charge=True).move(5_000)
    assert story.on(FRI).found == []
    assert story.money() == (5_199.98, 0, 0)


@pytest.mark.parametrize(("added", "kinds"), [(0, ["free_riding"]), (299.99, ["free_riding"]), (300, [])])
def test_7_sold_before_the_missing_part_is_added(added: float, kinds: list[str]) -> None:
    story = Story(1_000).buy("A", 1_300)
    assert story.money() == (0, 0, 300)
    story.move(added).sell("A", 1_350).on(FRI)
    assert [v.kind for v in story.all] == kinds
    assert [round(v.amount, 2) for v in story.all] == ([round(300 - added, 2)] if kinds else [])


def test_8_another_security_sold_later_to_cover() -> None:
    story = Story(100, XYZ=100).buy("UVW", 1_000).on(TUE).sell("XYZ", 900)
    assert story.found == []
    assert story.close().found == [("cash_liquidation", "UVW", TUE)]
    (violation,) = story.all
    assert (violation.amount, violation.sold_on, violation.rule) == (900.0, TUE, "cash_liquidation_strikes")
    assert "XYZ" in violation.because and "2026-07-08" in violation.because
    assert story.on(FRI).found == [("cash_liquidation", "UVW", TUE)]
    assert story.sell("UVW", 1_100).on(date(2026, 7, 20)).found == [("cash_liquidation", "UVW", TUE)]
    assert story.money() == (1_100, 0, 0)


def test_8_sold_on_the_day_of_the_purchase_is_fine() -> None:
    assert Story(100, XYZ=100).buy("UVW", 1_000).sell("XYZ", 900).on(FRI).found == []


def test_8_sold_after_settlement() -> None:
    story = Story(100, XYZ=100).buy("UVW", 1_000).on(WED).sell("XYZ", 900).on(FRI)
    assert story.found == [("cash_liquidation", "UVW", WED)]


@pytest.mark.parametrize(("wired", "missing"), [(900.00, None), (899.99, 0.01)])
def test_8_paid_on_the_settlement_day(wired: float, missing: float | None) -> None:
    story = Story(100, XYZ=100).buy("UVW", 1_000).on(TUE).sell("XYZ", 900).move(wired).on(FRI)
    assert [round(v.amount, 2) for v in story.all] == ([missing] if missing else [])


def test_8_paid_a_day_late() -> None:
    story = Story(100, XYZ=100).buy("UVW", 1_000).on(TUE).sell("XYZ", 900).on(WED).move(900)
    assert story.on(FRI).found == [("cash_liquidation", "UVW", TUE)]


def test_8_late_payment_without_a_sale_is_none() -> None:
    assert Story(100, XYZ=100).buy("UVW", 1_000).on(WED).move(900).sell("XYZ", 900).on(FRI).found == []


def test_8_the_purchase_itself_sold_before_the_other_proceeds_settle() -> None:
    story = Story(100, XYZ=100).buy("UVW", 1_000).on(TUE).sell("XYZ", 900).sell("UVW", 1_000).on(FRI)
    assert story.found == [("good_faith", "UVW", TUE), ("cash_liquidation", "UVW", TUE)]


def test_9_cash_substitution_under_three_days() -> None:
    monday, wednesday, thursday = date(2009, 2, 2), date(2009, 2, 4), date(2009, 2, 5)
    story = Story(on=monday, XYZ=100).sell("XYZ", 5_000).buy("ABC", 5_000)
    assert story.on(wednesday).sell("ABC", 5_100).found == [("good_faith", "ABC", wednesday)]
    assert "2009-02-05" in story.all[0].because
    story = Story(on=monday, XYZ=100).sell("XYZ", 5_000).buy("ABC", 5_000)
    assert story.on(thursday).sell("ABC", 5_100).found == []


def test_10_what_a_restricted_account_can_spend() -> None:
    story = Story(4_000, XYZ=100).sell("XYZ", 6_000)
    assert story.book.settled == 4_000
    assert story.book.unsettled == 6_000
    assert story.on(TUE).book.settled == 10_000


# -- the Federal Reserve's staff letters


def test_letter_1999_selling_one_security_for_another_on_one_day() -> None:
    """Allowed, since payment comes before the sale; while frozen the same purchase would have no settled funds."""
    tuesday = date(2003, 2, 18)
    story = Story(on=tuesday, X=100).sell("X", 8_000)
    assert story.book.settled == 0
    story.buy("Y", 8_000)
    assert story.on(date(2003, 2, 21)).sell("Y", 8_100).on(date(2003, 3, 4)).found == []


def test_letter_1999_whichever_of_the_two_comes_first() -> None:
    story = Story(on=date(2003, 2, 18), X=100).buy("Y", 8_000).sell("X", 8_000)
    assert story.on(date(2003, 2, 21)).sell("Y", 8_100).on(date(2003, 3, 4)).found == []
    story = Story(on=date(2003, 2, 18), X=100).buy("Y", 8_000).sell("X", 8_000)
    assert story.on(date(2003, 2, 20)).sell("Y", 8_100).found == [("good_faith", "Y", date(2003, 2, 20))]


def test_letter_2000_two_round_trips_on_one_day() -> None:
    friday = date(2002, 1, 4)
    story = Story(10_000, on=friday).buy("A", 10_000).sell("A", 10_000)
    assert story.found == []
    assert story.buy("B", 10_000).sell("B", 10_000).on(date(2002, 1, 18)).found == [("good_faith", "B", friday)]


def test_letter_2003_selling_before_the_proceeds_arrive_twice() -> None:
    one, two, three, four = (date(2003, 5, d) for d in (5, 6, 7, 8))
    story = Story(on=one, A=100).sell("A", 7_000).on(two).buy("B", 7_000).on(three).sell("B", 7_000)
    assert story.found == [("good_faith", "B", three)]
    story.buy("C", 7_000).sell("C", 7_000)
    assert story.found == [("good_faith", "B", three), ("good_faith", "C", three)]
    assert story.on(date(2003, 5, 20)).money() == (7_000, 0, 0)
    waits = Story(on=one, A=100).sell("A", 7_000).on(two).buy("B", 7_000).on(four).sell("B", 7_000)
    assert waits.on(date(2003, 5, 20)).found == []


# -- days


@pytest.mark.parametrize(
    ("sold", "settles"),
    [
        ("2017-08-31", "2017-09-06"),  # T+3 over Labor Day
        ("2017-09-01", "2017-09-07"),  # the last day of T+3
        ("2017-09-05", "2017-09-07"),  # the first of T+2
        ("2024-05-24", "2024-05-29"),  # the last of T+2, over Memorial Day
        ("2024-05-28", "2024-05-29"),  # the first of T+1
        ("2026-10-08", "2026-10-09"),
        ("2026-10-09", "2026-10-13"),  # Columbus Day is no settlement day
        ("2026-10-12", "2026-10-13"),
        ("2026-11-10", "2026-11-12"),  # nor is Veterans Day
        ("2026-11-11", "2026-11-12"),
        ("2026-11-25", "2026-11-27"),  # an early close is one
        ("2026-11-27", "2026-11-30"),
    ],
)
def test_proceeds_settle(sold: str, settles: str) -> None:
    day, eve = date.fromisoformat(settles), sessions.add_business_days(date.fromisoformat(settles), -1)
    story = Story(on=date.fromisoformat(sold), X=100).sell("X", 1_000)
    assert story.on(eve).money() == (0, 1_000, 0)
    assert story.on(day).money() == (1_000, 0, 0)


@pytest.mark.parametrize(
    ("bought", "due"),
    [
        ("2017-09-01", "2017-09-11"),
        ("2017-09-05", "2017-09-11"),
        ("2024-05-24", "2024-05-31"),
        ("2024-05-28", "2024-05-31"),
        ("2026-10-08", "2026-10-13"),
        ("2026-10-09", "2026-10-14"),
        ("2026-10-12", "2026-10-15"),
        ("2026-11-10", "2026-11-13"),
        ("2026-11-11", "2026-11-16"),
        ("2026-11-25", "2026-12-01"),
        ("2026-11-27", "2026-12-02"),
    ],
)
def test_the_payment_period_ends(bought: str, due: str) -> None:
    day = date.fromisoformat(due)
    story = Story(on=date.fromisoformat(bought)).buy("A", 2_000).sell("A", 2_100)
    assert story.on(day).found == []
    paid = story.book.copy()
    paid.moved(day, 2_000)
    assert paid.close(day, story.rules) == []
    assert story.close().found == [("free_riding", "A", day)]


def test_sold_on_columbus_day_settles_with_the_purchase_of_the_friday_before() -> None:
    friday, monday, tuesday = date(2026, 10, 9), date(2026, 10, 12), date(2026, 10, 13)
    story = Story(100, on=friday, XYZ=100).buy("UVW", 1_000).on(monday).sell("XYZ", 900)
    assert story.on(date(2026, 10, 16)).found == []
    story = Story(100, on=friday, XYZ=100).buy("UVW", 1_000).on(tuesday).sell("XYZ", 900)
    assert story.on(date(2026, 10, 16)).found == [("cash_liquidation", "UVW", tuesday)]


def test_the_change_to_one_day_lets_a_later_sale_arrive_in_time() -> None:
    story = Story(100, on=date(2024, 5, 24), XYZ=100).buy("UVW", 1_000).on(date(2024, 5, 28)).sell("XYZ", 900)
    assert story.on(date(2024, 6, 4)).found == []


def test_a_cash_liquidation_is_established_on_the_settlement_day() -> None:
    """Under T+3 the sale of Tuesday arrives on Friday, the purchase of Monday settles on Thursday; a deposit until then is in time."""
    monday, tuesday, wednesday, thursday, friday = (date(2009, 2, d) for d in (2, 3, 4, 5, 6))
    story = Story(100, on=monday, XYZ=100).buy("UVW", 1_000).on(tuesday).sell("XYZ", 900)
    assert story.on(thursday).found == []
    assert story.on(friday).found == [("cash_liquidation", "UVW", thursday)]
    for paid in (wednesday, thursday):
        story = Story(100, on=monday, XYZ=100).buy("UVW", 1_000).on(tuesday).sell("XYZ", 900).on(paid).move(900)
        assert story.money() == (0, 900, 0)
        assert story.sell("UVW", 1_000).on(date(2009, 2, 20)).found == [], "paid in full, so it can be sold at once"


def test_unpaid_beyond_its_payment_period_then_sold() -> None:
    story = Story().buy("A", 5_000).on(FRI).sell("A", 5_200)
    assert story.close().found == [("free_riding", "A", FRI)]


def test_sold_on_the_last_day_and_paid_on_it() -> None:
    assert Story().buy("A", 5_000).on(THU).sell("A", 5_200).move(5_000).on(FRI).found == []


def test_proceeds_of_another_security_pay_when_they_settle() -> None:
    paid = Story(X=100).buy("A", 5_000).sell("A", 5_200).on(WED).sell("X", 5_000)
    assert paid.on(FRI).found == []
    assert paid.money() == (10_200 - 5_000, 0, 0)
    late = Story(X=100).buy("A", 5_000).sell("A", 5_200).on(THU).sell("X", 5_000)
    assert late.on(FRI).found == [("free_riding", "A", THU)]


def test_the_profit_of_one_free_ride_does_not_pay_another() -> None:
    story = Story().buy("A", 1_000).sell("A", 1_500).buy("B", 1_000).sell("B", 9_000)
    assert story.on(FRI).found == [("good_faith", "B", MON), ("free_riding", "A", THU), ("free_riding", "B", THU)]
    assert [v.amount for v in story.all] == [500.0, 1_000.0, 500.0]
    assert story.money() == (8_500, 0, 0)


# -- lots


def test_settled_money_first_then_the_earliest_to_settle() -> None:
    monday, tuesday = date(2009, 2, 2), date(2009, 2, 3)
    story = Story(1_000, on=monday, X=100, Y=100).sell("X", 2_000).on(tuesday).sell("Y", 3_000)
    assert story.buy("A", 1_000).money() == (0, 5_000, 0)
    story.buy("B", 2_000).buy("C", 1_000).buy("D", 2_000)
    thursday = story.on(date(2009, 2, 5))
    assert thursday.sell("A", 1_000).sell("B", 2_000).found == [], "X settled"
    assert thursday.sell("C", 1_000).found == [("good_faith", "C", date(2009, 2, 5))], "Y settles on Friday"
    assert story.on(date(2009, 2, 6)).sell("D", 2_000).found == [("good_faith", "C", date(2009, 2, 5))]


def test_a_purchase_waits_for_the_latest_money_it_used() -> None:
    monday, tuesday = date(2009, 2, 2), date(2009, 2, 3)

    def told() -> Story:
        return Story(on=monday, X=100, Y=100).sell("X", 2_000).on(tuesday).sell("Y", 3_000).buy("A", 2_500)

    story = told().on(date(2009, 2, 5)).sell("A", 2_500)
    assert [(v.kind, v.amount) for v in story.all] == [("good_faith", 500.0)], "the part of Y that has not settled"
    assert told().on(date(2009, 2, 6)).sell("A", 2_500).found == []


@pytest.mark.parametrize(("cost", "kinds"), [(10_000.00, []), (10_000.004, []), (10_000.01, ["good_faith"])])
def test_a_cent_of_unsettled_money(cost: float, kinds: list[str]) -> None:
    story = Story(10_000, X=100).sell("X", 50).buy("A", cost).sell("A", cost).on(FRI)
    assert [v.kind for v in story.all] == kinds


@pytest.mark.parametrize(("cost", "kinds"), [(10_000.00, []), (10_000.004, []), (10_000.01, ["free_riding"])])
def test_a_cent_without_funds(cost: float, kinds: list[str]) -> None:
    story = Story(10_000).buy("A", cost).sell("A", cost).on(FRI)
    assert [v.kind for v in story.all] == kinds


def test_carried_shares_are_sold_first_and_are_paid_for() -> None:
    story = Story(X=100, A=40).sell("X", 6_000).buy("A", 6_000, 60.5)
    assert story.sell("A", 4_000, 40).found == []
    assert story.sell("A", 50, 0.5).found == [("good_faith", "A", MON)]


def test_first_in_first_out_over_paid_and_unpaid_lots() -> None:
    story = Story(1_000, X=100).buy("A", 1_000, 10).sell("X", 1_000).buy("A", 1_000, 10)
    assert story.sell("A", 1_000, 10).found == []
    assert story.sell("A", 0.1, 0.001).found == [("good_faith", "A", MON)]


def test_two_lots_of_one_purchase_wait_for_their_own_money() -> None:
    monday, tuesday, thursday = (date(2009, 2, d) for d in (2, 3, 5))
    story = Story(on=monday, X=100, Y=100).sell("X", 2_000).on(tuesday).sell("Y", 3_000).buy("A", 2_000, 20).buy("A", 3_000, 30)
    assert story.on(thursday).sell("A", 2_000, 20).found == [], "X settled"
    assert story.sell("A", 100, 1).found == [("good_faith", "A", thursday)]


def test_the_paid_lot_of_a_purchase_does_not_wait_for_what_covers_the_other() -> None:
    story = Story(1_000, X=100).buy("A", 1_000, 10).buy("A", 300, 3).sell("X", 300)
    assert story.sell("A", 1_000, 10).found == []
    assert story.sell("A", 300, 3).on(FRI).found == [("good_faith", "A", MON)]


def test_other_shares_of_the_same_security_are_no_other_security() -> None:
    story = Story(100, UVW=100).buy("UVW", 1_000).on(TUE).sell("UVW", 900)
    assert story.money() == (0, 0, 0)
    assert story.on(FRI).sell("UVW", 1_000).on(date(2026, 7, 20)).found == []


def test_the_paid_shares_of_a_purchase_sold_to_pay_for_the_others() -> None:
    """The proceeds are of the same purchase: they are no payment before the others are sold, and no other security either."""
    story = Story(1_000).buy("A", 1_000, 10).buy("A", 300, 3).sell("A", 1_000, 10)
    assert story.money() == (0, 700, 0)
    assert story.sell("A", 300, 3).on(FRI).found == [("free_riding", "A", THU)]
    story = Story(1_000).buy("A", 1_000, 10).buy("A", 300, 3).sell("A", 1_000, 10)
    assert story.on(FRI).found == []
    assert story.money() == (700, 0, 0)


def test_a_purchase_sold_in_pieces_is_one_violation() -> None:
    story = Story(X=100).sell("X", 1_000).buy("A", 500, 5).buy("A", 500, 5).sell("A", 300, 3).sell("A", 300, 3).sell("A", 400, 4)
    assert [(v.kind, v.amount) for v in story.all] == [("good_faith", 1_000.0)]
    story = Story().buy("A", 1_000, 10).sell("A", 600, 5).on(TUE).sell("A", 600, 5).on(FRI)
    assert [(v.kind, v.amount, v.sold_on) for v in story.all] == [("free_riding", 1_000.0, MON)]


def test_two_round_trips_are_two_violations() -> None:
    story = Story(X=100).sell("X", 1_000).buy("A", 1_000).sell("A", 1_000).buy("A", 1_000).sell("A", 1_000).on(FRI)
    assert story.found == [("good_faith", "A", MON)] * 2


def test_a_purchase_ends_with_a_sale_and_with_the_session() -> None:
    story = Story(X=100).sell("X", 2_000).buy("A", 1_000, 10).sell("A", 500, 5).buy("A", 1_000, 10).sell("A", 1_500, 15).on(FRI)
    assert story.found == [("good_faith", "A", MON)] * 2
    story = Story().buy("A", 1_000, 10).on(TUE).buy("A", 1_000, 10).sell("A", 2_000, 20).close()
    assert story.on(FRI).close().found == [("free_riding", "A", THU), ("free_riding", "A", FRI)]


def test_the_profit_of_a_free_ride_can_pay_for_what_is_held() -> None:
    story = Story().buy("A", 1_000).buy("B", 500).sell("A", 1_500)
    assert story.money() == (0, 0, 0)
    assert story.on(TUE).sell("B", 600).on(FRI).found == [("free_riding", "A", THU)]


def test_shares_of_no_lot_count_as_paid_for() -> None:
    assert Story(A=5).sell("A", 1_000, 10).money() == (0, 1_000, 0)
    assert Story().sell("A", 0.01, 1e-10).money() == (0, 0.01, 0)


def test_a_sale_at_a_loss_leaves_the_rest_owed() -> None:
    story = Story().buy("A", 5_000).on(TUE).sell("A", 4_600)
    assert story.money() == (0, 0, 400)
    assert story.on(FRI).found == [("free_riding", "A", THU)]
    assert story.money() == (0, 0, 400)
    assert story.move(1_000).money() == (600, 0, 0)


def test_a_part_of_an_unpaid_lot() -> None:
    """Sold in part before it was paid for in full: all that was missing is to be paid."""
    story = Story(1_000).buy("A", 1_300).sell("A", 700, 50)
    assert story.money() == (0, 400, 0)
    assert story.on(THU).move(300).on(FRI).found == []
    assert story.money() == (700, 0, 0)


def test_deposits_pay_the_oldest_purchase_first() -> None:
    assert Story().buy("A", 1_000).buy("B", 1_000).move(1_000).sell("A", 1_000).on(FRI).found == []
    story = Story().buy("A", 1_000).buy("B", 1_000).move(1_000).sell("B", 1_000)
    assert story.on(FRI).found == [("free_riding", "B", THU)]


def test_a_split_keeps_what_was_paid() -> None:
    story = Story(X=100).sell("X", 1_000).buy("A", 1_000, 10)
    story.book.split("A", 3)
    assert story.sell("A", 500, 15).found == [("good_faith", "A", MON)]
    story = Story(A=10, X=100).sell("X", 1_000).buy("A", 1_000, 10)
    story.book.split("A", 0.5)
    assert story.sell("A", 1_000, 5).found == [], "the carried shares"
    assert story.sell("A", 1_000, 5).found == [("good_faith", "A", MON)]


def test_opening_cash_below_zero_is_owed() -> None:
    story = Story(-500, X=100)
    assert story.money() == (0, 0, 500)
    assert story.sell("X", 800).money() == (0, 300, 0)
    assert story.on(TUE).money() == (300, 0, 0)


def test_money_moves_at_once() -> None:
    story = Story(1_000, X=100).sell("X", 500).move(250).move(-50, charge=True).move(-1_000)
    assert story.money() == (200, 500, 0)
    assert story.move(-400).money() == (0, 300, 0)
    assert story.move(-400).money() == (0, 0, 100)


def test_a_commission_above_the_proceeds_is_a_charge() -> None:
    assert Story(10, X=100).sell("X", -0.75, 0.001).money() == (9.25, 0, 0)


def test_trading_goes_on_after_the_close() -> None:
    story = Story(10_000).buy("A", 4_000).close().buy("A", 4_000).sell("A", 8_000, 200)
    assert story.on(FRI).found == []
    story = Story(X=100).sell("X", 4_000).buy("A", 2_000).close().buy("A", 2_000).sell("A", 4_000, 200)
    assert story.found == [("good_faith", "A", MON)]


# -- strikes and what follows


def strike(kind: str, session: date, sold_on: date | None = None) -> Violation:
    rule = {"good_faith": "gfv_strikes", "cash_liquidation": "cash_liquidation_strikes", "free_riding": "freeride_strikes"}[kind]
    return Violation(kind, session, "A", 100.0, sold_on or session, rule, "")


@pytest.mark.parametrize("kind", ["good_faith", "cash_liquidation"])
def test_the_third_strike_in_twelve_months_restricts_from_the_day_after(kind: str) -> None:
    rules = BOOK.on(MON)
    three = [strike(kind, date(2025, 7, 7)), strike(kind, date(2026, 1, 5)), strike(kind, MON)]
    assert freeze(three[:1], three[0], rules) is None
    assert freeze(three[:2], three[1], rules) is None
    found = freeze(three, three[2], rules)
    assert found is not None and found.until is not None
    assert (found.kind, found.start, found.until) == ("ninety_day_freeze", date(2026, 7, 7), date(2026, 10, 4))
    assert (found.until - found.start).days + 1 == 90
    assert (found.why, found.rule) == (three[2].rule, three[2].rule)
    assert found.because == f"3 {kind.replace('_', ' ')} violations in 12 months, the last in A on 2026-07-06"


@pytest.mark.parametrize(("first", "counts"), [(date(2025, 7, 6), False), (date(2025, 7, 7), True)])
def test_both_sides_of_the_window(first: date, counts: bool) -> None:
    three = [strike("good_faith", first), strike("good_faith", date(2026, 1, 5)), strike("good_faith", MON)]
    assert (freeze(three, three[2], BOOK.on(MON)) is not None) is counts
    assert len(strikes(three, MON, BOOK.on(MON), "good_faith")) == 2 + counts


def test_kinds_are_counted_apart() -> None:
    mixed = [strike("good_faith", MON), strike("cash_liquidation", MON), strike("good_faith", MON)]
    assert freeze(mixed, mixed[2], BOOK.on(MON)) is None


def test_the_numbers_are_parameters() -> None:
    fourth = BOOK.override({"gfv_strikes": 4, "cash_restriction_days": 30, "freeride_strikes": 2}).on(MON)
    four = [strike("good_faith", MON)] * 4
    assert freeze(four[:3], four[2], fourth) is None
    found = freeze(four, four[3], fourth)
    assert found is not None and found.until == date(2026, 8, 5)
    rides = [strike("free_riding", THU, TUE)] * 2
    assert freeze(rides[:1], rides[0], fourth) is None
    assert freeze(rides, rides[1], fourth) is not None
    at_once = BOOK.override({"gfv_strikes": 1}).on(MON)
    first = freeze(four[:1], four[0], at_once)
    assert first is not None and first.because == "1 good faith violation in 12 months, the last in A on 2026-07-06"


def test_the_book_counts_its_strikes() -> None:
    story = Story(X=100).sell("X", 1_000)
    for n in range(3):
        story.buy(f"A{n}", 1_000).sell(f"A{n}", 1_000)
    assert story.book.violations == story.all
    assert len(story.book.strikes(MON, story.rules, "good_faith")) == 3
    assert story.book.strikes(MON, story.rules, "free_riding") == []
    assert freeze(story.book.violations, story.all[-1], story.rules) is not None


def test_a_violation_as_a_line_of_a_report() -> None:
    story = Story(XYZ=100).sell("XYZ", 10_000.004).buy("ABC", 10_000.004).sell("ABC", 10_050)
    assert story.all[0].to_dict() == {
        "kind": "good_faith",
        "session": "2026-07-06",
        "symbol": "ABC",
        "amount": 10_000.0,
        "sold_on": "2026-07-06",
        "rule": "gfv_strikes",
        "because": "ABC was bought on 2026-07-06 with $10,000 of proceeds that settle on 2026-07-07; sold on 2026-07-06.",
    }
    assert story.all[0]._replace(sold_on=None).to_dict()["sold_on"] is None


# -- random histories

SYMBOLS = ("A", "B", "C")
ACTION = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(SYMBOLS), st.integers(1, 40), st.integers(1, 500_000)),
    st.tuples(st.just("sell"), st.sampled_from(SYMBOLS), st.integers(1, 40), st.integers(1, 500_000)),
    st.tuples(st.just("move"), st.booleans(), st.just(0), st.integers(-300_000, 300_000)),
    st.tuples(st.just("split"), st.sampled_from(SYMBOLS), st.sampled_from([2, 4]), st.just(0)),
    st.tuples(st.just("next"), st.just(""), st.just(0), st.just(0)),
)
HISTORY = st.tuples(st.integers(-200_000, 1_000_000), st.lists(ACTION, max_size=40))
FIRST_DAYS = st.sampled_from([date(2009, 2, 2), date(2017, 8, 31), date(2024, 5, 23), date(2026, 7, 6), date(2026, 10, 8)])


def played(cash: int, actions: list[Any], first: date, *, pieces: int = 1) -> tuple[CashBook, list[Violation], dict[str, int]]:
    """Plays a history of cents; shares are never oversold. Invariants after every step."""
    book, day, total, found = CashBook(cash / 100, {"A": 10}), first, cash / 100, []
    held = dict.fromkeys(SYMBOLS, 0.0) | {"A": 10.0}
    purchases, buying = dict.fromkeys(SYMBOLS, 0), set[str]()
    book.start(day)
    for what, name, number, amount in actions:
        rules, money = BOOK.on(day), amount / 100
        if what == "buy":
            for _ in range(pieces):
                book.bought(day, name, number / pieces, money / pieces, rules)
            held[name] += number
            total -= money
            purchases[name] += name not in buying
            buying.add(name)
        elif what == "sell" and held[name]:
            qty = held[name] if pieces > 1 or number > held[name] else float(number)
            money = money * qty if pieces > 1 else money
            for _ in range(pieces):
                found += book.sold(day, name, qty / pieces, money / pieces, rules)
            held[name] -= qty
            total += money
            buying.discard(name)
        elif what == "move":
            book.moved(day, money, charge=name)
            total += money
        elif what == "split":
            book.split(name, float(number))
            held[name] *= number
        elif what == "next":
            found += book.close(day, rules)
            assert book.close(day, rules) == [], "asked again, nothing is told twice"
            day = sessions.next_session(day)
            book.start(day)
            buying.clear()
        assert book.settled + book.unsettled - book.owed == pytest.approx(total, abs=1e-4)
        assert book.cash == pytest.approx(total, abs=1e-4)
        assert book.settled >= 0 and book.unsettled >= 0 and book.owed >= 0
        assert book.owed < 0.01 or book.settled + book.unsettled < 0.01, "what is owed comes first"
        if total >= 0:
            assert book.settled + book.unsettled == pytest.approx(total, abs=0.05), "nothing owed: all of the cash can be spent"
    for _ in range(12):
        found += book.close(day, BOOK.on(day))
        day = sessions.next_session(day)
        book.start(day)
    assert book.settled - book.owed == pytest.approx(total, abs=1e-4)
    assert book.unsettled == 0
    return book, found, purchases


@settings(max_examples=300, deadline=None)
@given(HISTORY, FIRST_DAYS)
def test_settled_and_unsettled_are_the_cash_and_nothing_is_told_twice(history: tuple[int, list[Any]], first: date) -> None:
    book, found, purchases = played(*history, first)
    assert book.violations == found
    for kind in ("good_faith", "free_riding", "cash_liquidation"):
        for symbol in SYMBOLS:
            assert sum(v.kind == kind and v.symbol == symbol for v in found) <= purchases[symbol]
    assert all(v.amount > 0.005 and v.sold_on is not None and v.sold_on <= v.session for v in found)


@settings(max_examples=100, deadline=None)
@given(HISTORY, FIRST_DAYS, HISTORY)
def test_a_copy_is_independent(history: tuple[int, list[Any]], first: date, other: tuple[int, list[Any]]) -> None:
    book, _, _ = played(*history, first)
    before = repr(vars(book))
    twin = book.copy()
    assert repr(vars(twin)) == before
    day = date(2026, 12, 1)
    for what, name, number, amount in other[1]:
        if what == "buy":
            twin.bought(day, name, number, amount / 100, BOOK.on(day))
        elif what == "sell":
            twin.sold(day, name, number, amount / 100, BOOK.on(day))
        elif what == "move":
            twin.moved(day, amount / 100)
        elif what == "split":
            twin.split(name, number)
    twin.close(day, BOOK.on(day))
    assert repr(vars(book)) == before


@settings(max_examples=200, deadline=None)
@given(HISTORY, FIRST_DAYS)
def test_an_account_that_spends_settled_money_only_violates_nothing(history: tuple[int, list[Any]], first: date) -> None:
    book, day = CashBook(abs(history[0]) / 100, {"A": 10}), first
    book.start(day)
    for what, name, number, amount in history[1]:
        if what == "buy":
            book.bought(day, name, number, min(amount / 100, book.settled), BOOK.on(day))
        elif what == "sell":
            assert book.sold(day, name, number, amount / 100, BOOK.on(day)) == []
        elif what == "next":
            assert book.close(day, BOOK.on(day)) == []
            day = sessions.next_session(day)
            book.start(day)


@settings(max_examples=200, deadline=None)
@given(HISTORY, FIRST_DAYS)
def test_the_number_of_executions_of_an_order_changes_nothing(history: tuple[int, list[Any]], first: date) -> None:
    """Whole positions sold in two executions or in four, all in whole dollars, so that no execution falls under the cent."""
    scale = {"buy": 400, "sell": 400, "move": 100, "next": 0}
    actions = [(what, name, number, amount * scale[what]) for what, name, number, amount in history[1] if what in scale]
    told = [[(v.kind, v.session, v.symbol, v.sold_on) for v in played(history[0] * 100, actions, first, pieces=n)[1]] for n in (2, 4)]
    assert told[0] == told[1]


# -- the steps of brokerages


def good_faith(session: date, bought_on: date | None = None, due_on: date | None = None) -> Violation:
    return strike("good_faith", session)._replace(bought_on=bought_on, due_on=due_on)


def test_webull_s_steps_three_four_five() -> None:
    """The third: settled cash until the first lapses. The fourth: ninety days, or longer while three add up. The fifth: closing only."""
    rules = rulebook_for("webull").on(MON)
    strikes_on = [date(2025, 8, 11), date(2025, 8, 12), date(2025, 8, 13), date(2026, 7, 6), date(2026, 7, 6)]
    all_five = [good_faith(day) for day in strikes_on]
    assert freeze(all_five[:2], all_five[1], rules) is None
    third = freeze(all_five[:3], all_five[2], rules)
    assert third is not None
    assert (third.kind, third.start, third.until, third.rule) == (
        "ninety_day_freeze",
        date(2025, 8, 14),
        date(2026, 8, 10),
        "gfv_settled_strikes",
    )
    fourth = freeze(all_five[:4], all_five[3], rules)
    assert fourth is not None
    assert (fourth.kind, fourth.until, fourth.rule) == ("ninety_day_freeze", date(2026, 10, 4), "gfv_strikes")
    fifth = freeze(all_five, all_five[4], rules)
    assert fifth is not None
    assert (fifth.kind, fifth.start, fifth.until, fifth.rule) == ("closing_only", date(2026, 7, 7), None, "gfv_closing_strikes")


def test_a_fourth_strike_does_not_shorten_the_third_s() -> None:
    rules = rulebook_for("webull").on(MON)
    four = [good_faith(day) for day in (date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 2), MON)]
    found = freeze(four, four[3], rules)
    assert found is not None and (found.until, found.rule) == (date(2027, 7, 1), "gfv_settled_strikes")


@pytest.mark.parametrize(("day", "lapses_on"), [(date(2026, 7, 6), date(2027, 7, 6)), (date(2024, 2, 29), date(2025, 3, 1))])
def test_settled_cash_ends_on_the_eve_of_the_day_on_which_a_strike_lapses(day: date, lapses_on: date) -> None:
    rules = BOOK.override({"gfv_settled_strikes": 1}).on(day)
    found = freeze([good_faith(day)], good_faith(day), rules)
    assert found is not None and found.until == lapses_on - timedelta(days=1)
    assert strikes([good_faith(day)], found.until, rules, "good_faith") and not strikes([good_faith(day)], lapses_on, rules, "good_faith")


def test_firstrade_restricts_a_round_trip_of_one_day_at_once() -> None:
    story = Story(10_000)
    story.buy("ABC", 10_000).sell("ABC", 10_100).buy("ABC", 10_100).sell("ABC", 10_200)
    (violation,) = story.all
    assert violation.same_day and (violation.bought_on, violation.due_on) == (MON, THU)
    rules = rulebook_for("firstrade").on(MON)
    found = freeze(story.all, violation, rules)
    assert found is not None and (found.start, found.until, found.rule) == (TUE, date(2026, 10, 4), "gfv_same_day_strikes")
    assert found.because == "ABC was bought with unsettled money and sold again on 2026-07-06"
    assert freeze(story.all, violation, BOOK.on(MON)) is None


def test_firstrade_counts_others_to_four() -> None:
    """T+3: bought on one day with money that settles on Thursday, sold on the next."""
    day, rules = date(2009, 2, 3), rulebook_for("firstrade").on(date(2009, 2, 3))
    four = [good_faith(day, bought_on=date(2009, 2, 2))] * 4
    assert freeze(four[:3], four[2], rules) is None
    found = freeze(four, four[3], rules)
    assert found is not None and (found.rule, found.until) == ("gfv_strikes", date(2009, 5, 4))


def test_etrade_counts_ninety_days_from_the_due_day() -> None:
    rules = rulebook_for("etrade").on(MON)
    three = [good_faith(MON, MON, THU)] * 3
    assert freeze(three[:2], three[1], rules) is None
    found = freeze(three, three[2], rules)
    assert found is not None and (found.start, found.until) == (THU, date(2026, 10, 7))
    ride = strike("free_riding", THU, TUE)._replace(due_on=THU)
    found = freeze([ride], ride, rules)
    assert found is not None and (found.start, found.until) == (TUE, date(2026, 10, 7))
    assert freeze([ride], ride, BOOK.on(MON)).until == date(2026, 10, 5)  # type: ignore[union-attr]


@pytest.mark.parametrize(("on", "needed"), [("2017-10-18", 4), ("2019-10-06", 4), ("2019-10-07", 3), ("2026-07-06", 3)])
def test_etrade_asked_for_four_strikes_before(on: str, needed: int) -> None:
    day = date.fromisoformat(on)
    rules = rulebook_for("etrade").on(day)
    given = [good_faith(day, day, sessions.add_business_days(day, 3))] * needed
    assert freeze(given[:-1], given[-1], rules) is None
    assert freeze(given, given[-1], rules) is not None


def test_merrill_has_one_kind_only() -> None:
    rules, one = rulebook_for("merrill").on(MON), [good_faith(MON)]
    found = freeze(one, one[0], rules)
    assert found is not None and found.until == date(2026, 10, 4)


@pytest.mark.parametrize("paid", [5_000, 4_999.99])
def test_schwab_counts_payment_in_time_as_a_good_faith_violation(paid: float) -> None:
    told = {}
    for firm in ("schwab", "finra"):
        book = CashBook(0.0)
        book.start(MON)
        book.bought(MON, "A", 100, 5_000, rulebook_for(firm).on(MON))
        found = book.close(MON, rulebook_for(firm).on(MON))
        for day in (TUE, WED, THU, FRI):
            book.start(day)
            if day == TUE:
                found += book.sold(day, "A", 100, 5_200, rulebook_for(firm).on(day))
            if day == WED:
                book.moved(day, paid)
            found += book.close(day, rulebook_for(firm).on(day))
        told[firm] = [(v.kind, v.session, round(v.amount, 2)) for v in found]
    if paid == 5_000:
        assert told == {"schwab": [("good_faith", WED, 5_000.0)], "finra": []}
    else:
        assert told["schwab"] == told["finra"] == [("free_riding", THU, 0.01)]
