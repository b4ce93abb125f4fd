"""Every firm side by side: one run for firms under one law, who costs least and most, and what rests on what is unknown."""

import importlib
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_bars import Plan, minutes
from test_compare import ROUND_TRIP, USED_UP, X

import bt_pdt
from bt_pdt.cli import cli, main
from bt_pdt.comparison import COLUMNS, Comparison, compare, page
from bt_pdt.comparison.laws import CASH_ONLY, law_source
from bt_pdt.comparison.runs import Run
from bt_pdt.core.errors import BadInput
from bt_pdt.law.brokerages import NAMES, brokerage, rulebook_for

GIVEN = {"cash": 10_000, "account": USED_UP, "params": {"plan": ROUND_TRIP, "insist": True}}
variants = importlib.import_module("bt_pdt.comparison.variants")
PACKAGE = Path(bt_pdt.__file__).parent


@pytest.fixture(scope="module")
def runs_made():
    return []


@pytest.fixture(scope="module")
def found(runs_made):
    """Three day trades are used up; one more round trip on a day, at every firm."""
    with pytest.MonkeyPatch.context() as patched:
        attempt = variants.attempt

        def counted(strategy, bars, arguments, progress=None):
            runs_made.append(arguments["brokerage"])
            return attempt(strategy, bars, arguments, progress)

        patched.setattr(variants, "attempt", counted)
        return compare(Plan, minutes(X=X), brokerages="all", jobs=1, **GIVEN)


def sentence(found, words):
    (one,) = [said for said in found.conclusions if words in said]
    return one


# -- every firm, in as many runs as there are laws


def test_every_firm_is_there_and_the_bare_law_comes_first(found):
    assert found.names[:2] == ["off", "finra"] and sorted(found.names[1:]) == sorted(NAMES)
    assert found.table["brokerage"].tolist()[1:] == found.names[1:] and set(found.table["mode"]) == {"off", "default"}
    assert found.firms.loc["finra", "comes_out"] == "the bare law" and found["off"].parameters["brokerage"] == "finra"


def test_firms_under_one_law_share_one_run(found, runs_made):
    sharing = {line.variant: line.shares for line in found.firm_lines if line.shares}
    assert sharing["merrill"] == sharing["vanguard"] == "finra"
    assert len(runs_made) == len(set(runs_made)) + 1 == len(NAMES) + 1 - len(sharing)
    assert not set(runs_made) & set(sharing)
    for name, of in sharing.items():
        assert found[name].result is found[of].result and found[name].parameters["brokerage"] == name
        alone = bt_pdt.run(Plan, minutes(X=X), brokerage=name, **GIVEN)
        assert alone.summary == found[name].summary and alone.values.tolist() == found[name].result.values.tolist()


def test_a_shared_law_is_the_same_on_every_day_and_another_is_not(found):
    """Day by day, parameter by parameter: what is shared has one law, and what is not has another one, or other words."""
    first, last = date(2025, 2, 28), date(2025, 3, 4) + timedelta(days=120)
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]

    def law(name):
        book = rulebook_for(name)
        asked = [p for p in book.parameters if p not in CASH_ONLY]
        return {(str(day), p): book.value(p, day) for day in days for p in asked if p != "switch_day"}, brokerage(name).wire

    laws = {line.variant: law(line.brokerage) for line in found.firm_lines}
    for line in found.firm_lines:
        for other in found.firm_lines:
            one_run = (line.shares or line.variant) == (other.shares or other.variant)
            assert (laws[line.variant] == laws[other.variant]) == one_run, (line.variant, other.variant)


def test_a_law_that_changes_within_the_reach_of_a_refusal_is_another_law():
    """2026-06-08: E*TRADE's old regime ends on the 9th, and a refusal of 2025-12 does not look as far as that."""

    def of(first, last):
        wanted = variants.variants(variants.MODES, "all", "as_of", 10_000.0)
        bars = minutes(X={first: [(100, 100), (101, 102)], last: [(100, 100), (101, 102)]})
        return {wanted[k].name for k, of in enumerate(variants.shared_runs(wanted, {}, bars, "all")) if wanted[of].name == "finra"}

    assert "etrade" not in of("2026-06-01", "2026-06-08") and "etrade" in of("2025-12-22", "2025-12-23")
    assert "etrade" in of("2026-07-01", "2026-07-02") and "tastytrade" in of("2026-07-01", "2026-07-02")


def test_a_cash_account_is_asked_more():
    wanted = variants.variants(variants.MODES, "all", "as_of", 10_000.0)
    cash, margin = ({"account": {"account_type": kind}} for kind in ("cash", "margin"))
    made = {kind: len(set(variants.shared_runs(wanted, common, minutes(X=X), "all"))) for kind, common in (("c", cash), ("m", margin))}
    assert made["c"] > made["m"]
    read = {p: re.compile(rf"\.{p}\b|\[\"{p}\"\]") for p in CASH_ONLY}
    asking = {file.name for file in PACKAGE.rglob("*.py") for p in read.values() if p.search(file.read_text(encoding="utf-8"))}
    assert asking <= {"cash_account.py", "deadlines.py"}  # the calendar of a day is no part of a run


def test_names_are_as_before(found):
    two = compare(Plan, minutes(X=X), brokerages=("alpaca", "ibkr"), modes=["off", "exit"], **GIVEN)
    assert two.names == ["off", "exit alpaca", "exit ibkr"] and two.firm_lines == [] and two.distinct is two
    assert two["off"].parameters["brokerage"] == "alpaca" and two.table["unknown"].tolist() == [0, 0, 8]
    typed = variants.variants(["off", "entry"], "all", "as_of", 10_000.0)
    assert [variant.name for variant in typed[:3]] == ["off", "entry finra", "entry alpaca"]
    four = variants.variants(["off", "entry", "exit", "both"], "all", "as_of", 10_000.0)
    assert len(four) == 1 + 3 * len(NAMES)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["all", "alpaca"], 'brokerages takes "all" alone, or names; got all together with alpaca.'),
        (["ibkr", "all"], 'brokerages takes "all" alone, or names; got all together with ibkr.'),
        ("alll", "brokerage 'alll' is not known; did you mean 'all'?"),
        (["alpacca"], "brokerage 'alpacca' is not known; did you mean 'alpaca'?"),
        (["all", "all"], "brokerages takes each value once, and at least one, got all, all."),
    ],
)
def test_a_slip_is_one_sentence(given, said):
    with pytest.raises(BadInput) as caught:
        compare(Plan, minutes(X=X), brokerages=given)
    assert str(caught.value) == said


# -- what rests on what is unknown


def test_unknown_is_counted_and_named(found):
    assert list(found.firms.reset_index()) == list(COLUMNS["firms"])
    for line in found.firm_lines:
        book = rulebook_for(line.brokerage)
        there = [p for p in brokerage(line.brokerage).unknown if book.since(p, date(2025, 3, 3)) is not None]
        assert list(line.unknown) == there and found.table.loc[line.variant, "unknown"] == len(there)
        for p in line.unknown:
            assert book.value(p, date(2025, 3, 3)) == rulebook_for("finra").value(p, date(2025, 3, 3))
            assert p not in line.own
    assert found.table.loc["finra", "unknown"] == found.table.loc["alpaca", "unknown"] == 0 < found.table.loc["merrill", "unknown"]
    assert found.firms.loc["merrill", "own"] == () and "pdt_check" in found.firms.loc["ibkr", "own"]


def test_what_is_set_is_not_unknown_any_more():
    day = [date(2026, 5, 7)]
    plain = law_source({"brokerage": "webull", "rules": "as_of"}, day)
    assert {"pdt_check", "dtbp_check"} <= set(plain.unknown) and not {"gfv_strikes", "regime"} & set(plain.own)
    assert "gfv_strikes" in law_source({"brokerage": "webull", "account": {"account_type": "cash"}}, day).own
    fixed = law_source({"brokerage": "webull", "set": {"wash_check": "true"}, "block_on": "exit"}, day)
    assert not {"wash_check", "dtbp_check"} & set(fixed.unknown) and "pdt_check" in fixed.unknown  # no check of the count to move
    assert law_source({"brokerage": "webull", "rules": "off"}, day) == ((), ())
    assert "switch_day" in law_source({"brokerage": "etrade"}, [date(2026, 6, 1), date(2026, 7, 1)]).own


def test_as_the_bare_law_is_no_finding(found):
    """Three day trades are used up: Alpaca refuses the exit, Interactive Brokers the entry, the rest do as the bare law does."""
    assert (
        found.table.loc["alpaca", "refused"] == 2 and found.table.loc["ibkr", "refused"] == 1 and found.table.loc["finra", "refused"] == 0
    )
    as_bare = [line for line in found.firm_lines if line.comes_out == "bare law, no finding"]
    assert {line.same_as for line in as_bare} == {"finra"} and all(line.unknown for line in as_bare)
    assert {"merrill", "vanguard", "schwab"} <= {line.variant for line in as_bare}
    ranking = found.conclusions[:2]
    for line in as_bare:
        assert not any(re.search(rf"\b{line.variant}\b", said) for said in ranking)
    told = sentence(found, "no known value of theirs differs")
    assert re.search(r"merrill \(\d+\)", told) and "that is no finding about these firms" in told
    assert "That is no finding about" in sentence(found, "did not touch this strategy")


def test_who_parts_from_the_bare_law_is_called_out(found):
    told = sentence(found, "ibkr parts from the bare law by its own values")
    assert "pdt_check" in told and "refused 1 (bare law 0)" in told and "parameters unknown: 8" in told
    costs = found.table["cost"].drop("off")
    assert found.conclusions[0].startswith(f"The rules of {'finra (the bare law)' if costs['finra'] == costs.min() else costs.idxmin()} ")
    assert f"The rules of {costs.idxmax()} cost it most: they cost it" in found.conclusions[1]


def only(found, *names):
    return Comparison([found[name] for name in names], found.bars)


def test_ties_are_said_as_ties(found):
    twins = Run("twin", found["ibkr"].result, brokerage="tradier")
    tied = Comparison([found["off"], found["finra"], found["ibkr"], twins], found.bars)
    assert tied.firms.loc["twin", "same_as"] == "ibkr" and tied.distinct.names == ["off", "finra", "ibkr"]
    told = " ".join(tied.conclusions)
    assert re.search(r"The rules of ibkr and tradier cost it the same and most: each cost it \$30 \(", told)
    same = only(found, "off", "finra", "merrill", "vanguard").conclusions
    assert (
        same[0] == "The rules of finra (the bare law) cost this strategy nothing. No firm's own values made a difference to this strategy."
    )
    known = Run("alpaca", found["finra"].result, brokerage="alpaca")  # of which nothing is unknown: as the bare law, and a finding
    level = Comparison([found["off"], found["finra"], known], found.bars)
    assert level.conclusions[0].startswith("The rules of finra (the bare law) and alpaca cost this strategy the same: each cost it nothing")
    assert level.firms.loc["alpaca", "comes_out"] == "as the bare law"


def test_without_the_rules_off_profit_is_told(found):
    told = only(found, "finra", "alpaca", "ibkr").conclusions
    assert re.search(r"cost this strategy least: they left it a (profit|loss) of \$", told[0])


def test_several_laws_are_told_apart(found):
    laws = compare(Plan, minutes(X=X), brokerages=["finra", "ibkr"], modes=["off", "entry", "exit"], **GIVEN)
    assert [line.bare for line in laws.firm_lines] == ["entry finra", "entry ibkr", "exit finra", "exit ibkr"] or len(laws.firm_lines) == 4
    assert any(said.startswith("entry: ") for said in laws.conclusions) and any(said.startswith("exit: ") for said in laws.conclusions)


# -- out


def test_json_page_and_folder(found, tmp_path):
    told = found.to_dict()
    line = next(one for one in told["firms"] if one["variant"] == "merrill")
    assert line["comes_out"] == "bare law, no finding" and line["shares"] == "finra" and len(line["unknown"]) > 10
    assert {row["variant"]: row["unknown"] for row in told["table"]}["merrill"] == len(line["unknown"])
    assert len(told["runs"]) == len(NAMES) + 1 and len(told["equity"]) == len(found.distinct.names)
    json.dumps(told, allow_nan=False)
    view = page.view(found)
    firms = {row["name"]: row for row in view["firms"]}
    assert firms["merrill"]["unknown"] == list(line["unknown"]) and firms["merrill"]["comes_out"] == "bare law, no finding"
    assert {(one["a"], one["b"]) for one in view["parted"]} == {("finra", "alpaca"), ("finra", "ibkr")} and view["alike"] == [
        "finra",
        "fidelity",
    ]
    assert len(view["variants"]) == len(NAMES) + 1 and len(view["chart"]["lines"]) == len(found.distinct.names)
    text = page.html(found)
    assert "the bare law" in text and text.count('<article class="run"') == len(found.distinct.names)
    few = only(found, "off", "finra", "alpaca", "merrill")
    folder = few.save(tmp_path / "c")
    assert not (folder / "merrill").exists() and (folder / "finra").is_dir() and (folder / "report.html").is_file()
    few.save(folder)


def test_the_command(strategies, short_data, tmp_path):
    asked = [strategies / "sma_cross_intraday.py", "--data", short_data, "--symbols", "IDXE", "--cash", "24000", "--to", "2025-12-23"]
    done = CliRunner().invoke(cli, ["compare", *map(str, asked), "--brokerages", "all", "--html", str(tmp_path / "x.html")])
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    rows = {words[0]: words for words in lines if words and words[0] in NAMES and "$" in " ".join(words)}
    assert (
        set(rows) >= set(NAMES)
        and "bare law, no finding" in " ".join(rows["merrill"])
        and max(map(len, done.output.splitlines()[:30])) <= 160
    )
    assert "The rules of " in done.output and "the run of finra, whose law is theirs" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--brokerages", "all,ibkr"), 'takes "all" alone, or names; got all together with ibkr.'),
        (("--brokerages", "all", "--smallest"), "--smallest searches at one brokerage; give its name to --brokerages."),
        (("--brokerages", "webul"), "did you mean 'webull'?"),
    ],
)
def test_a_slip_of_the_command(capsys, strategies, short_data, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(strategies / "sma_cross_intraday.py"), "--data", str(short_data), *arguments])
    heard = capsys.readouterr()
    assert stopped.value.code == 2 and said in heard.err and heard.err.count("\n") == 1
