"""Searches over sizers and their parameters: answers worked out by hand, text in the table, slips told before a trial runs."""

from __future__ import annotations

import json
from datetime import date

import backtrader as bt
import pytest
from click.testing import CliRunner
from made_bars import days, minutes

import bt_pdt
from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput
from bt_pdt.runs.study import load_strategy
from bt_pdt.tuning.space import read_space, space_from_text

#: Bought at 100 with $10,000, sold at 110.
BARS = days("X", "2025-03-03", [100.0, 100, 104, 110, 108, 103])

SOURCE = '''
import backtrader as bt


class InAndOut(bt.Strategy):
    """Buys after the first bar without a size, closes after the third."""

    def next(self):
        if len(self) == 1:
            self.buy()
        if len(self) == 3:
            self.close()


class EveryThird(bt.Sizer):
    """One share for every three hundred dollars."""

    params = (("dollars", 300.0),)

    def _getsizing(self, comminfo, cash, data, isbuy):
        return int(cash // self.p.dollars)
'''


@pytest.fixture(scope="module")
def strategy(tmp_path_factory):
    path = tmp_path_factory.mktemp("sized") / "sized.py"
    path.write_text(SOURCE)
    return f"{path}:InAndOut"


class Bought(bt.Strategy):
    """Buys after the first bar, ``size`` shares or as many as its sizer says, and closes ``hold`` bars later."""

    params = (("size", None), ("hold", 2))
    runs = 0

    def __init__(self):
        Bought.runs += 1

    def next(self):
        if len(self) == 1:
            self.buy(size=self.p.size)
        if len(self) == 1 + self.p.hold:
            self.close()


def search(strategy, space, **more):
    return bt_pdt.tune(strategy, BARS, space, **{"objective": "profit", "method": "grid", "cash": 10_000, "jobs": 1} | more)


def test_a_parameter_of_the_sizer(strategy):
    """+10 a share: 50, 100, 150 shares of the $10,000; 250 are refused at $20,000 of buying power."""
    found = search(strategy, {"sizer.percent": [50, 250, 100, 150]}, sizer="PercentOfEquity")
    assert found.trials[["sizer.percent", "profit", "refused"]].to_numpy().tolist() == [
        [50, 500, 0],
        [100, 1000, 0],
        [150, 1500, 0],
        [250, 0, 1],
    ]
    assert found.best.parameters == {"sizer.percent": 150}
    assert found.best.arguments["sizer"] == "PercentOfEquity(percent=150)" == found.best.result.manifest["parameters"]["sizer"]
    assert [row["sizer.percent"] for row in found.neighbours().table.to_dict("records")] == [150, 100, 250]
    again = bt_pdt.run(strategy, BARS, **found.best.arguments)
    assert again.summary["equity_end"] == 11_500


def test_the_outermost_sizer_that_has_it(strategy):
    """Trimmed to what is accepted: 20,000 / 102.50 is 195 shares. ``reserve`` is KeepDayTrades', ``percent`` the innermost's."""
    found = search(strategy, {"sizer.percent": [100, 1000], "sizer.reserve": [0, 2]}, sizer="KeepDayTrades(Trimmed(PercentOfEquity))")
    assert found.trials["profit"].tolist() == [1000, 1000, 1950, 1950]
    assert found.best.arguments["sizer"] == "KeepDayTrades(sizer=Trimmed(sizer=PercentOfEquity(percent=1000)))"
    last = found.plan.space.arguments((1, 1), {})
    assert last["sizer"] == "KeepDayTrades(sizer=Trimmed(sizer=PercentOfEquity(percent=1000)), reserve=2)"
    space = read_space({"sizer.fractional": [False, True]}, Bought, {"sizer": bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity)}, ())
    assert space.arguments((1,), {})["sizer"] == "Trimmed(sizer=PercentOfEquity(), fractional=True)"


def test_the_sizer_itself(strategy, tmp_path):
    """3, 10 (a tenth of $10,000 at 100), 33 and 9 shares; a table and a folder hold their text."""
    given = ["FixedSize(stake=3)", bt_pdt.PercentOfEquity, "EveryThird", bt_pdt.Trimmed(sizer=bt.sizers.FixedSize(stake=9))]
    found = search(strategy, {"sizer": given})
    texts = ["FixedSize(stake=3)", "PercentOfEquity()", "EveryThird()", "Trimmed(sizer=FixedSize(stake=9))"]
    assert found.trials["sizer"].tolist() == texts and {type(text) for text in found.trials["sizer"]} == {str}
    assert found.trials["profit"].tolist() == [30, 100, 330, 90]
    assert found.best.parameters == {"sizer": "EveryThird()"} and "Best is sizer EveryThird()" in found.conclusions[1]
    told = json.loads((found.save(tmp_path / "t") / "tuning.json").read_text())
    assert [row["sizer"] for row in told["trials"]] == texts
    assert bt_pdt.load(tmp_path / "t" / "best").manifest["parameters"]["sizer"] == "EveryThird()"


def test_a_sizer_and_a_parameter_that_all_have(strategy):
    found = search(strategy, {"sizer.percent": (10, 20, 10), "sizer": ["PercentOfEquity", "Trimmed(PercentOfEquity())"]})
    assert found.trials[["sizer.percent", "sizer", "profit"]].to_numpy().tolist() == [
        [10, "PercentOfEquity()", 100],
        [10, "Trimmed(sizer=PercentOfEquity())", 100],
        [20, "PercentOfEquity()", 200],
        [20, "Trimmed(sizer=PercentOfEquity())", 200],
    ]


def test_the_run_with_the_rules_off_keeps_the_sizer():
    """Bought at 101 and sold at 104 the same day; with three day trades used up Block on Entry refuses. Without rules it makes +3 a share."""
    bars = minutes(X={"2025-03-03": [(100, 100), (101, 102), (102, 105), (104, 106)], "2025-03-04": [(90, 91), (92, 93)]})
    used_up = {"daytrades": [(date(2025, 2, 28), "Z", 3)]}
    space = {"sizer": ["FixedSize(stake=20)", "FixedSize(stake=5)"], "block_on": ["entry"]}
    found = bt_pdt.tune(Bought, bars, space, objective=["profit", "cost_of_rules"], method="grid", cash=10_000, account=used_up)
    assert found.trials[["profit", "cost_of_rules", "profit_off"]].to_numpy().tolist() == [[0, 60, 60], [0, 15, 15]]


def test_what_the_account_is():
    """$30,000 at 100, on a day of 2025 orders valued at 102.50: a cash account buys 292 shares, one with two times equity 585, a designated
    pattern day trader with four times the excess 1,170 (entry and exit within a day). In June 2026 they are valued at 100."""
    bars = minutes(X={"2025-03-03": [(100, 100)] * 4})
    more = {"method": "grid", "objective": "orders", "cash": 30_000, "sizer": "Trimmed(FixedSize(stake=5000))", "jobs": 1}
    goal = {"objective": lambda result: float(result.fills["qty"].max())}

    def shares(space, **also):
        return bt_pdt.tune(Bought, bars, space, **more | goal | also).trials.iloc[:, 1:3].to_numpy().tolist()

    assert shares({"account_type": ["margin", "cash"]}) == [["margin", 585], ["cash", 292]]
    assert shares({"pattern_day_trader": [False, True]}) == [[False, 585], [True, 1170]]
    flagged = {"account": {"pattern_day_trader": True}}
    assert shares({"multiplier": [4, 2, 1]}, **flagged) == [[1, 292], [2, 585], [4, 1170]]
    after = minutes(X={"2026-06-08": [(100, 100)] * 4})
    found = bt_pdt.tune(Bought, after, {"multiplier": [1, 2, 4]}, **more | goal)
    assert found.trials.iloc[:, 2].tolist() == [300, 600, 1200]
    assert space_from_text(["multiplier=1,2,4", "pattern_day_trader=true,false", "account_type=cash"], Bought) == {
        "multiplier": [1, 2, 4],
        "pattern_day_trader": [True, False],
        "account_type": ["cash"],
    }


@pytest.mark.long
def test_processes_make_the_same(strategy):
    space = {"sizer": ["EveryThird(dollars=100)", "PercentOfEquity", bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=500))]}
    alone, together = (search(strategy, space, jobs=jobs) for jobs in (1, 2))
    assert alone.trials["profit"].tolist() == together.trials["profit"].tolist() == [1000, 100, 1950]


def test_a_search_goes_on_with_the_same_sizer_only(strategy, tmp_path):
    """An instance, and the text of another that is its equal, are one search."""
    storage = f"sqlite:///{tmp_path}/t.db"
    search(strategy, {"sizer.reserve": [0, 1]}, sizer=bt_pdt.KeepDayTrades(sizer=bt_pdt.PercentOfEquity(percent=50)), storage=storage)
    found = search(strategy, {"sizer.reserve": [0, 1]}, sizer="KeepDayTrades(PercentOfEquity(50.0))", storage=storage, resume=True)
    assert found.trials["profit"].tolist() == [500, 500]
    with pytest.raises(BadInput, match="holds a search with another arguments"):
        search(strategy, {"sizer.reserve": [0, 1]}, sizer="KeepDayTrades(PercentOfEquity(60))", storage=storage, resume=True)


def test_a_search_in_which_no_order_asks_is_told():
    found = search(Bought, {"sizer.percent": [10, 20]}, sizer="PercentOfEquity", params={"size": 7})
    assert found.trials["profit"].tolist() == [70, 70]
    assert "The winner's run never asked the sizer: Bought gives each order a size, so sizers make no difference." in found.conclusions
    asked = search(Bought, {"sizer.percent": [10, 20]}, sizer="PercentOfEquity")
    assert asked.trials["profit"].tolist() == [100, 200] and not any("never asked" in text for text in asked.conclusions)


@pytest.mark.parametrize(
    ("space", "sizer", "said"),
    [
        (
            {"sizer.percent": (0, 20, 10)},
            "PercentOfEquity",
            "sizer PercentOfEquity.percent=0.: percent must be a finite number above 0, got 0",
        ),
        ({"sizer.stake": [5, -5]}, "Trimmed(FixedSize)", "stake must be a finite number above 0, got -5"),
        ({"sizer.percnt": [10]}, "PercentOfEquity", "did you mean 'percent'"),
        ({"sizer.percent": [10]}, None, "sizer.percent is a parameter of a sizer, and there is none"),
        ({"sizer.percent": [10]}, "PercentOfEquity(percent=5)", "so PercentOfEquity.percent=5. cannot fix it too"),
        ({"sizer": ["PercentOfEquity", "FixedSize"], "sizer.percent": [10]}, None, "parameter of FixedSize.. 'percent' is not known"),
        ({"sizer": ["FixedSize", "FixedSize(stake=1)"]}, None, "sizer takes each value once"),
        ({"sizer": ["FixdSize"]}, None, "did you mean 'FixedSize'"),
        ({"sizer": "FixedSize"}, None, "sizer takes a list of values"),
        ({"sizer": [5]}, None, "takes a backtrader Sizer, its class, or text like"),
        ({"sizer": ["FixedSize"]}, "FixedSize", "sizer is in the space, so it cannot be fixed too"),
        ({"size": [1]}, "FixdSize", "did you mean 'FixedSize'"),
        ({"sizr": ["FixedSize"]}, None, "did you mean 'size"),
        ({"multiplier": [2, 3]}, None, "multiplier 3 is not known; known: 1, 2, 4"),
        ({"account_type": ["csh"]}, None, "did you mean 'cash'"),
        ({"multiplier": [2], "account_type": ["cash"]}, None, "multiplier sets account_type, .* leave account_type out"),
    ],
)
def test_a_slip_is_told_before_a_trial_runs(space, sizer, said):
    Bought.runs = 0
    with pytest.raises(BadInput, match=said):
        search(Bought, space, sizer=sizer)
    assert Bought.runs == 0


def test_a_space_of_sizers_in_words(strategy, tmp_path):
    chosen = load_strategy(strategy)
    assert space_from_text(["sizer.percent=10:100:10", "sizer.power=regt,overnight", "sizer.fractional=true,false"], chosen) == {
        "sizer.percent": (10, 100, 10),
        "sizer.power": ["regt", "overnight"],
        "sizer.fractional": [True, False],
    }
    texts = space_from_text(["sizer=PercentOfEquity(percent=5, fractional=True),KeepDayTrades(FixedSize(stake=3), reserve=1)"], chosen)
    assert texts == {"sizer": ["PercentOfEquity(percent=5, fractional=True)", "KeepDayTrades(FixedSize(stake=3), reserve=1)"]}
    (tmp_path / "s.toml").write_text("[sizer]\npercent = {low = 10, high = 30, step = 10}\n")
    assert space_from_text([str(tmp_path / "s.toml")], chosen) == {"sizer.percent": {"low": 10, "high": 30, "step": 10}}
    (tmp_path / "s.toml").write_text('sizer = ["AllInSizerInt"]\n"sizer.percents" = [50, 100]\n')
    told = space_from_text([str(tmp_path / "s.toml")], chosen)
    assert read_space(told, chosen, {}, ()).arguments((0, 1), {})["sizer"] == "AllInSizerInt()"
    assert read_space(told, chosen, {}, ()).arguments((0, 0), {})["sizer"] == "AllInSizerInt(percents=50)"
    with pytest.raises(BadInput, match="takes a sizer as Python writes it"):
        space_from_text(["sizer=FixedSize(stake=3"], chosen)


def test_on_the_command_line(strategy, tmp_path):
    BARS.tidy().to_csv(tmp_path / "X.csv", index=False)
    asked = ["tune", strategy, "--data", str(tmp_path / "X.csv"), "--cash", "10000", "--objective", "profit", "--method", "grid", "--json"]
    told = CliRunner().invoke(cli, [*asked, "--sizer", "PercentOfEquity", "--space", "sizer.percent=50:150:50"])
    assert [(row["sizer.percent"], row["profit"]) for row in json.loads(told.output)["trials"]] == [(50, 500), (100, 1000), (150, 1500)]
    told = CliRunner().invoke(cli, [*asked, "--space", "sizer=FixedSize(stake=3),Trimmed(FixedSize(stake=900))"])
    assert [row["profit"] for row in json.loads(told.output)["trials"]] == [30, 1950]
