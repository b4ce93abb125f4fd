"""Runs with a sizer: given as a class, an instance or text, kept as text, handed on to every variant, and told where it does nothing."""

from __future__ import annotations

import json
import textwrap

import backtrader as bt
import pytest
from click.testing import CliRunner
from made_bars import days

import bt_pdt
from bt_pdt.cli import cli, main
from bt_pdt.core.errors import BadInput

#: An order sent after the first bar is filled at 100; equity is then $10,000.
BARS = days("X", "2025-03-03", [100.0, 100, 104, 110, 108, 103])

SOURCE = '''
import backtrader as bt
import bt_pdt


class InAndOut(bt.Strategy):
    """Buys after the first bar, closes after the third."""

    params = (("size", None), ("own", None))

    def start(self):
        if self.p.own == "trimmed":
            self.setsizer(bt_pdt.Trimmed(sizer=self.sizer))
        elif self.p.own:
            self.setsizer(bt.sizers.FixedSize(stake=self.p.own))

    def next(self):
        if len(self) == 1:
            self.buy(size=self.p.size)
        if len(self) == 3:
            self.close()


class EveryThird(bt.Sizer):
    """One share for every three hundred dollars."""

    params = (("dollars", 300.0), ("about", "thirds"))

    def _getsizing(self, comminfo, cash, data, isbuy):
        return int(cash // self.p.dollars)
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sized") / "sized.py"
    path.write_text(textwrap.dedent(SOURCE))
    return path


@pytest.fixture(scope="module")
def strategy(file):
    return f"{file}:InAndOut"


class Elsewhere(bt.Sizer):
    """A sizer that lives in another file than the strategy."""

    params = (("stake", 4),)

    def __init__(self, more=0):
        self.more, self.seen = more, []

    def _getsizing(self, comminfo, cash, data, isbuy):
        self.seen.append(cash)
        return self.p.stake + self.more


def bought(strategy, sizer, **more):
    """The text under which the run keeps its sizer, and what was bought."""
    ran = bt_pdt.run(strategy, BARS, cash=10_000, sizer=sizer, **more)
    return ran.manifest["parameters"]["sizer"], ran.fills.qty.tolist()[:1]


@pytest.mark.parametrize(
    ("given", "text", "shares"),
    [
        ("PercentOfEquity(percent=50)", "PercentOfEquity(percent=50)", 50),
        ("bt_pdt.PercentOfEquity(50.0)", "PercentOfEquity(percent=50)", 50),
        (bt_pdt.PercentOfEquity(percent=50), "PercentOfEquity(percent=50)", 50),
        (bt_pdt.PercentOfEquity, "PercentOfEquity()", 10),
        ("PercentOfEquity", "PercentOfEquity()", 10),
        # $20,000 of buying power, and a market order is valued 2.5 % above the last price: 20,000 / 102.50 is 195.1
        ("Trimmed(PercentOfEquity(percent=1000))", "Trimmed(sizer=PercentOfEquity(percent=1000))", 195),
        (bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=1000)), "Trimmed(sizer=PercentOfEquity(percent=1000))", 195),
        (bt_pdt.Trimmed(sizer=bt.sizers.FixedSize), "Trimmed(sizer=FixedSize())", 1),
        ("KeepDayTrades(FixedSize(stake=3), reserve=1)", "KeepDayTrades(sizer=FixedSize(stake=3), reserve=1)", 3),
        (bt.sizers.FixedSize(stake=7), "FixedSize(stake=7)", 7),
        ("bt.sizers.FixedSize(7)", "FixedSize(stake=7)", 7),
        (bt.sizers.AllInSizerInt, "AllInSizerInt()", 100),
        ("EveryThird(dollars=250)", "EveryThird(dollars=250)", 40),
        (Elsewhere(stake=6), "Elsewhere(stake=6)", 6),
        (None, None, 1),
    ],
)
def test_every_way_to_name_a_sizer(strategy, given, text, shares):
    assert bought(strategy, given) == (text, [shares])


def test_a_saved_run_knows_its_sizer_and_the_text_reads_back(strategy, tmp_path):
    ran = bt_pdt.run(
        strategy, BARS, cash=10_000, sizer=bt_pdt.KeepDayTrades(sizer=bt_pdt.Trimmed(sizer=bt_pdt.PercentOfEquity(percent=30)))
    )
    loaded = bt_pdt.load(ran.save(tmp_path / "run"))
    text = loaded.manifest["parameters"]["sizer"]
    assert text == "KeepDayTrades(sizer=Trimmed(sizer=PercentOfEquity(percent=30)))"
    assert bought(strategy, text) == (text, [30])
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["parameters"]["sizer"] == text


# -- a sizer that does nothing


def never_asked(result):
    return [text for text in result.warnings if "never asked" in text]


def test_a_sizer_that_no_order_asks_is_told(strategy):
    ran = bt_pdt.run(strategy, BARS, cash=10_000, sizer="PercentOfEquity(percent=50)", params={"size": 5})
    assert ran.fills.qty.tolist() == [5, 5] and never_asked(ran) == [
        "the sizer PercentOfEquity(percent=50) was never asked for a size: InAndOut gives each order its own, or sets a sizer of its own."
    ]
    own = bt_pdt.run(strategy, BARS, cash=10_000, sizer="PercentOfEquity(percent=50)", params={"own": 8})
    assert own.fills.qty.tolist() == [8, 8] and len(never_asked(own)) == 1


@pytest.mark.parametrize(
    ("sizer", "params", "shares"),
    [
        ("PercentOfEquity(percent=50)", {}, [50, 50]),
        (None, {"size": 5}, [5, 5]),
        ("PercentOfEquity(percent=1000)", {"own": "trimmed"}, [195, 195]),
        ("FixedSize", {"size": 0}, []),
    ],
    ids=["asked", "no sizer", "asked by the strategy's own", "no order"],
)
def test_else_nothing_is_said(strategy, sizer, params, shares):
    ran = bt_pdt.run(strategy, BARS, cash=10_000, sizer=sizer, params=params)
    assert ran.fills.qty.tolist() == shares and not never_asked(ran)


def test_a_strategy_sees_an_ordinary_sizer():
    seen = []

    class Looks(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.buy()
                seen.append((type(self.sizer), self.sizer.p.percent, self.sizer.why))

    bt_pdt.run(Looks, BARS, cash=10_000, sizer="PercentOfEquity(percent=50)")
    assert seen == [(bt_pdt.PercentOfEquity, 50, "")]


def test_the_given_instance_is_not_used_up(strategy):
    """Each run makes its own from the parameters."""
    given = Elsewhere(stake=2)
    assert [bought(strategy, given)[1] for _ in range(2)] == [[2], [2]] and given.seen == [] and given.strategy is None


# -- slips


@pytest.mark.parametrize(
    ("sizer", "said"),
    [
        ("PercentOfEqity(percent=50)", "sizer 'PercentOfEqity' is not known; did you mean 'PercentOfEquity'"),
        ("PercentOfEquity(percnt=50)", "parameter of PercentOfEquity 'percnt' is not known; did you mean 'percent'"),
        ("EveryThird(dolars=5)", "did you mean 'dollars'"),
        ("PercentOfEquity(percent=0)", "sizer PercentOfEquity.percent=0.: percent must be a finite number above 0, got 0"),
        ("Trimmed(FixedSize(stake=-1))", "stake must be a finite number above 0, got -1"),
        ("FixedSize(stake='many')", "stake must be a finite number above 0, got 'many'"),
        ("PercentOfEquity(percent=1e999)", "percent of PercentOfEquity takes a finite number"),
        ("PercentOfEquity(percent=50 + 1)", "takes a number, text in quotes, True, False or a sizer; got 50 . 1"),
        ("PercentOfBuyingPower(power=regt)", "text in quotes, True, False or a sizer; got regt"),
        ("PercentOfBuyingPower(power='rget')", "did you mean 'regt'"),
        ("PercentOfEquity(50, True, 3)", "takes percent, fractional; got 3 values"),
        ("PercentOfEquity(50, percent=3)", "is given percent twice"),
        ("PercentOfEquity(**{'percent': 3})", "takes a sizer as Python writes it"),
        ("PercentOfEquity(percent=50", "takes a sizer as Python writes it"),
        ("Trimmed()", "sizer takes a backtrader Sizer, like"),
        ("Sized()", "sizer 'Sized' is not known"),
        ("", "takes a sizer as Python writes it, like PercentOfEquity.percent=50.; got ''"),
        (50, "takes a backtrader Sizer, its class, or text like"),
        (bt.Strategy, "takes a backtrader Sizer, its class, or text like"),
        (Elsewhere(more=1), "made from its parameters alone has not the same more"),
    ],
)
def test_a_slip_is_told(strategy, sizer, said):
    with pytest.raises(BadInput, match=said):
        bt_pdt.run(strategy, BARS, sizer=sizer)


def test_text_is_read_never_run(strategy, tmp_path):
    made = tmp_path / "made"
    for text in (f"__import__('pathlib').Path({str(made)!r}).touch()", f"FixedSize(stake=open({str(made)!r}, 'w').write('1'))"):
        with pytest.raises(BadInput):
            bt_pdt.run(strategy, BARS, sizer=text)
    assert not made.exists()


# -- handed on


def test_every_variant_has_the_sizer(strategy):
    """Two hundred shares at 102.50 are more than $20,000 of buying power: refused under the rules, filled with them off."""
    for jobs in (1, 2):
        found = bt_pdt.compare(strategy, BARS, cash=10_000, modes=["off", "both"], sizer="PercentOfEquity(percent=200)", jobs=jobs)
        assert [(run.parameters["sizer"], run.result.fills.qty.tolist()) for run in found.runs] == [
            ("PercentOfEquity(percent=200)", [200, 200]),
            ("PercentOfEquity(percent=200)", []),
        ]
    mine = bt_pdt.compare(strategy, BARS, cash=10_000, modes=["off", "both"], sizer=Elsewhere(stake=2), jobs=2)
    assert [run.result.fills.qty.tolist() for run in mine.runs] == [[2, 2], [2, 2]]
    found = bt_pdt.smallest_account(strategy, BARS, sizer="FixedSize(stake=200)", tolerance=10, low=9_000, high=12_000)
    assert found.cash == pytest.approx(200 * 102.5 / 2, abs=10)
    with pytest.raises(BadInput, match="did you mean 'FixedSize'"):
        bt_pdt.compare(strategy, BARS, sizer="FixdSize")


@pytest.fixture
def bars_file(tmp_path):
    path = tmp_path / "X.csv"
    BARS.tidy().to_csv(path, index=False)
    return str(path)


def command(*words):
    return CliRunner().invoke(cli, list(words), prog_name="bt-pdt")


def refused(capsys, *words):
    """What the command says where it ends with the exit code of bad input."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_on_the_command_line(strategy, bars_file, tmp_path, capsys):
    given = ("--data", bars_file, "--cash", "10000", "--sizer")
    told = command("run", strategy, *given, "PercentOfEquity(percent=50)", "--out", str(tmp_path / "r"))
    assert told.exit_code == 0 and "PercentOfEquity(percent=50)" in told.output
    assert bt_pdt.load(tmp_path / "r").fills.qty.tolist() == [50, 50]
    assert "PercentOfEquity(percent=50)" in command("show", str(tmp_path / "r")).output
    told = command("compare", strategy, *given, "FixedSize(stake=9)", "--modes", "off,both", "--json")
    assert {run["parameters"]["sizer"] for run in json.loads(told.output)["runs"].values()} == {"FixedSize(stake=9)"}
    assert refused(capsys, "run", strategy, *given, "FixdSize(9)") == "bt-pdt: sizer 'FixdSize' is not known; did you mean 'FixedSize'?\n"
    folders = refused(capsys, "compare", str(tmp_path / "r"), str(tmp_path / "r"), "--sizer", "FixedSize")
    assert "--sizer: saved runs are compared as they are" in folders
