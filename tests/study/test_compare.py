"""Runs side by side: where they part, what chance could have made, laws of two days, processes, folders, pictures."""

import json
import pickle
from datetime import date, datetime

import backtrader as bt
import matplotlib
import numpy as np
import pandas as pd
import pytest
from made_bars import Plan, minutes

import bt_pdt
from bt_pdt.comparison import COLUMNS, Comparison, compare, compare_folders
from bt_pdt.comparison.resampling import resampled_means
from bt_pdt.comparison.runs import Run
from bt_pdt.core.errors import BadInput

USED_UP = {"daytrades": [(date(2025, 2, 28), "Z", 3)]}
X = {
    "2025-03-03": [(100, 100), (101, 102), (102, 105), (104, 106)],
    "2025-03-04": [(90, 91), (92, 93), (93, 93)],
}
ROUND_TRIP = {"03-03 09:31": {"X": 10}, "03-03 09:33": {"X": "close"}}
TRADES_PER_DAY = {f"03-03 09:{31 + 2 * k}": {"X": size} for k, size in enumerate([1, "close"] * 4)}


@pytest.fixture(scope="module")
def trip():
    return compare(Plan, minutes(X=X), cash=10_000, account=USED_UP, params={"plan": ROUND_TRIP, "insist": True})


@pytest.fixture(scope="module")
def breakout(data, strategies):
    return compare(
        strategies / "opening_range_breakout.py",
        data,
        cash=24_500,
        symbols=["IDXE", "LRGE"],
        params={"cash_per_trade": 12_000},
        todate="2026-06-12",
    )


# -- where two runs part


def test_the_first_divergence(trip):
    """At 09:33, 10 shares bought at 101 stand at 105: the fourth day trade is refused at its exit."""
    first = trip.first_divergence("off", "exit")
    order = first.order
    assert (order.at, order.symbol, order.side, order.what) == (datetime(2025, 3, 3, 9, 33), "X", "sell", "answered differently")
    assert (order.qty_a, order.qty_b, order.answer_a, order.answer_b) == (10, 10, "accepted", "PDT_COUNT")
    assert (order.filled_a, order.price_a, order.filled_b, order.price_b) == (10, 104, 0, None)
    assert order.rule == "pdt_day_trades_threshold (in force since 2001-09-28)"
    expected = {
        "equity": 10_040.0,
        "last_equity": 10_000.0,
        "cash": 8_990.0,
        "daytrade_count": 3,
        "bod_dtbp": 0.0,
        "daytrading_buying_power": 0.0,
        "restrictions": [],
        "positions": {"X": 10.0},
    }
    for state in (first.state_a, first.state_b):
        assert {name: state[name] for name in expected} == expected
    assert first.sentence.startswith("2025-03-03 09:33 sell 10 X: off: accepted, exit: refused (PDT_COUNT). ")


def test_all_divergences(trip):
    """The exit refused, sent again and refused again, and sold the next day."""
    table = trip.divergences("off", "exit")
    assert list(table) == list(COLUMNS["divergences"])
    assert table["at"].dt.strftime("%m-%d %H:%M").tolist() == ["03-03 09:33", "03-03 09:34", "03-04 09:31"]
    assert table.what.tolist() == ["answered differently", "asked by exit only", "asked by exit only"]
    assert table.answer_b.tolist() == ["PDT_COUNT", "PDT_COUNT", "accepted"] and table.price_b.iloc[2] == 92
    mirrored = trip.divergences("exit", "off")
    assert mirrored.answer_a.tolist() == table.answer_b.tolist() and mirrored.what.tolist() == table.what.tolist()


def test_only_runs_of_the_comparison(trip):
    with pytest.raises(BadInput, match=r"variant 'exti' is not known; did you mean 'exit'\?"):
        trip.divergences("off", "exti")
    with pytest.raises(BadInput, match="got 'off' twice"):
        trip.first_divergence("off", "off")


# -- chance


def returns_of(found, name, values):
    """The comparison with the daily returns of one run put in its place."""
    found[name].returns.clear()
    found[name].returns.update({f"2025-01-{k + 1:02}": value for k, value in enumerate(values)})
    found.__dict__.pop("_made", None)  # what was worked out from the former returns


def test_the_same_returns_are_not_told_apart(trip):
    twin = pickle.loads(pickle.dumps(trip))
    for name in ("off", "entry"):
        returns_of(twin, name, [0.01, -0.01] * 10)
    assert twin.paired("off", "entry")[2:7] == (20, 0.0, 0.0, 0.0, False)


def test_a_steady_difference_is_told_apart_and_noise_is_not(trip):
    twin = pickle.loads(pickle.dumps(trip))
    noise = np.random.default_rng(1).normal(0.0, 0.01, 28)
    returns_of(twin, "off", noise + 0.002)
    returns_of(twin, "entry", noise)
    steady = twin.paired("off", "entry")
    assert (steady.mean, steady.low, steady.high) == (pytest.approx(0.002), pytest.approx(0.002), pytest.approx(0.002)) and steady.apart
    assert steady.sentence.startswith("off made 0.200% a day more than entry on average over 28 sessions")
    assert steady.sentence.endswith("the data tell the two apart.")
    returns_of(twin, "entry", noise[::-1] + 0.001)
    chance = twin.paired("off", "entry")
    assert chance.low < 0 < chance.high and chance.apart is False and "cannot tell the two apart" in chance.sentence
    assert chance == twin.paired("off", "entry") and twin.paired("off", "entry", seed=7).low != chance.low
    other_way = twin.paired("entry", "off")
    assert other_way.mean == pytest.approx(-chance.mean) and other_way.sentence.startswith("off made ")


def test_too_few_sessions_say_so(trip):
    few = trip.paired("exit", "off")
    assert few.apart is None and few.low is None and few.sentence.endswith("fewer than 10 sessions cannot tell the two apart.")


def test_the_bootstrap_keeps_runs_of_days_together():
    """Of 27 values, blocks of 3 on average; the spread of means of a slow wave is wider than that of the same values shuffled."""
    wave = np.repeat([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 0.0], 3)
    slow = resampled_means(wave, 4_000, 0)
    mixed = resampled_means(np.array([1.0, -1.0, 0.0] * 9) * np.sqrt(24 / 18), 4_000, 0)
    assert slow.mean() == pytest.approx(0.0, abs=0.02) and slow.std() > 1.3 * mixed.std()
    with pytest.raises(BadInput, match="confidence takes a number between 0 and 1"):
        bt_pdt.Comparison.paired(Comparison(_two_runs()), "a", "b", confidence=95)


def _two_runs():
    made = compare(Plan, minutes(X=X), modes=["off", "entry"], cash=10_000, params={"plan": {}})
    return tuple(Run(name, run.result) for run, name in zip(made.runs, "ab", strict=True))


# -- laws of two days


def test_the_law_of_another_day():
    """Four round trips of one share in a day with 10,000: the fourth is refused by the law of 2026-06-03 and not by that of the 4th."""
    bars = minutes(X={"2025-03-03": [(10, 10)] * 20})
    found = compare(Plan, bars, modes=["entry"], rules=["2026-06-03", date(2026, 6, 4)], cash=10_000, params={"plan": TRADES_PER_DAY})
    assert found.names == ["entry 2026-06-03", "entry 2026-06-04"]
    table = found.what_changed("entry 2026-06-03", "entry 2026-06-04").set_index("what")
    assert tuple(table.loc["refusals for PDT_COUNT"]) == (1, 0, -1) and tuple(table.loc["day trades"]) == (3, 4, 1)
    said = found.changed_sentence("entry 2026-06-03", "entry 2026-06-04")
    assert said == "From entry 2026-06-03 to entry 2026-06-04: gone: 1 refusal for PDT_COUNT; changed: orders 7 to 8 and day trades 3 to 4."
    assert said in found.conclusions
    back = found.changed_sentence("entry 2026-06-04", "entry 2026-06-03")
    assert "new: 1 refusal for PDT_COUNT" in back
    same = compare(Plan, bars, modes=["entry"], rules=["2026-06-03", "2026-06-02"], cash=50_000, params={"plan": TRADES_PER_DAY})
    assert same.changed_sentence(*same.names).endswith(": nothing changes.")


def test_the_variants():
    found = compare(
        Plan,
        minutes(X=X),
        modes=["off", "exit"],
        brokerages=["alpaca", "finra"],
        cash_levels=[9_000, 30_000.5],
        params={"plan": ROUND_TRIP},
    )
    assert found.names == [
        *("off $9,000", "exit alpaca $9,000", "exit finra $9,000"),
        *("off $30,000.50", "exit alpaca $30,000.50", "exit finra $30,000.50"),
    ]
    assert found.off(found["exit finra $9,000"]) is found["off $9,000"] and found.off(found["off $9,000"]) is None
    assert list(found.cost_of) == [name for name in found.names if not name.startswith("off")]
    assert found["exit finra $30,000.50"].parameters["brokerage"] == "finra"


# -- processes


def test_many_processes_give_what_one_gives(short_data, strategies):
    def both(jobs, told=None):
        return compare(
            strategies / "sma_cross_intraday.py", short_data, cash=24_000, symbols=["IDXE"], modes=["off", "exit"], jobs=jobs, progress=told
        )

    heard = []
    alone, together = both(1), both(2, lambda done, total: heard.append((done, total)))
    assert alone.to_dict() == together.to_dict() and heard == [(1, 2), (2, 2)]
    pd.testing.assert_frame_equal(alone.cost_events, together.cost_events)
    for name in alone.names:
        pd.testing.assert_frame_equal(alone[name].result.orders, together[name].result.orders)


def test_a_class_travels_too_or_is_run_here(trip):
    class Local(bt.Strategy):
        def next(self):
            if len(self) == 1:
                self.buy(size=3)

    for strategy, params in ((Plan, {"plan": {"03-03 09:31": {"X": 3}}}), (Local, {})):
        found = compare(strategy, minutes(X=X), modes=["off", "entry"], cash=10_000, params=params, jobs=2)
        assert [run.summary["fills"] for run in found.runs] == [1, 1]


class Sulks(Plan):
    def notify_order(self, order):
        if order.status == order.Rejected:
            raise ZeroDivisionError("no")


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_names_its_variant(jobs, tmp_path):
    with pytest.raises(RuntimeError, match=r"^entry: ZeroDivisionError: no$"):
        compare(Sulks, minutes(X=X), modes=["off", "entry"], cash=10_000, account=USED_UP, params={"plan": ROUND_TRIP}, jobs=jobs)
    with pytest.raises(BadInput, match=r"^off: set: parameter 'x' is not known|^off: .*'pdt_min_equty'.*'pdt_min_equity'"):
        compare(Plan, minutes(X=X), modes=["off", "entry"], set={"pdt_min_equty": 1}, jobs=jobs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"modes": ["entri"]}, r"mode 'entri' is not known; did you mean 'entry'\?"),
        ({"modes": []}, "modes takes each value once, and at least one, got none"),
        ({"modes": ["off", "off"]}, "modes takes each value once"),
        ({"modes": 3.5}, "mode 3.5 is not known"),
        ({"modes": None}, "modes takes a list, got None"),
        ({"brokerages": ["alpacca"]}, "did you mean 'alpaca'"),
        ({"rules": ["off"]}, 'the run with the rules off is the mode "off"'),
        ({"rules": ["2026-13-01"]}, "entry: rules takes as_of, off or a date"),
        ({"cash_levels": ["lots"]}, "off lots: cash must be|cash must be a finite number"),
        ({"cash": -5}, "off: cash must be above 0"),
        ({"block_on": "exit"}, "block_on is what the modes off, entry, exit and both set"),
        ({"brokerage": "alpaca"}, "compare argument 'brokerage' is not known; did you mean 'brokerages'"),
        ({"parms": {}}, "did you mean 'params'"),
        ({"jobs": 0}, "jobs takes a whole number of cores from 1 up, got 0"),
    ],
)
def test_a_slip_is_one_sentence(arguments, said):
    with pytest.raises(BadInput, match=said) as caught:
        compare(Plan, minutes(X=X), **{"modes": ["off", "entry"], **arguments})
    assert "\n" not in str(caught.value)


# -- out


def test_the_public_name():
    assert bt_pdt.compare is compare and bt_pdt.Comparison is Comparison


def test_conclusions(breakout):
    said = " ".join(breakout.conclusions)
    assert (
        "entry and both suit this strategy best: profit $949.01; exit -$664.11." in said
        and "stuck overnight" in said
        and "the data tell the two apart" in said
    )
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in breakout.conclusions)


def test_to_dict_is_json(breakout):
    told = json.loads(json.dumps(breakout.to_dict(), allow_nan=False))
    assert told["base"] == "off" and list(told["runs"]) == ["off", "entry", "exit", "both"]
    assert len(told["table"]) == 4 and len(told["costs"]) == 3 and told["costs"][0]["variant"] == "entry"
    exits = [row["cost"] for row in told["cost_events"] if row["variant"] == "exit"]
    assert sum(exits) == pytest.approx(told["costs"][1]["cost"]) and len(told["parted"]) == 3
    assert list(told["equity"]["exit"]) == [row["session"] for row in breakout["exit"].result.rows]


def test_the_figure(breakout, tmp_path):
    before = matplotlib.get_backend(auto_select=False)
    figure = breakout.figure()
    assert matplotlib.get_backend(auto_select=False) == before
    upper, lower = figure.axes
    assert [text.get_text().split(" (")[0] for text in upper.get_legend().get_texts()] == ["off", "entry", "exit", "both"]
    assert lower.lines[0].get_ydata()[-1] == pytest.approx(breakout["entry"].profit - breakout["off"].profit)
    figure.savefig(tmp_path / "compare.png")
    assert len(compare(Plan, minutes(X=X), modes=["entry"], params={"plan": {}}).figure().axes) == 1


def test_a_notebook_shows_the_table(breakout):
    shown = breakout._repr_html_()
    assert "<table" in shown and "mathjax_ignore" in shown and "max_drawdown" in shown and ">both</th>" in shown
    assert repr(breakout).startswith("<Comparison of OpeningRangeBreakout: off ")


def test_save(trip, tmp_path):
    place = tmp_path / "compared"
    assert trip.save(place) == place
    assert sorted(entry.name for entry in place.iterdir()) == [
        "both", "compare.csv", "compare.json", "compare.png", "entry", "exit", "off", "report.html",
    ]  # fmt: skip
    table = pd.read_csv(place / "compare.csv", index_col="variant")
    assert table.cost.tolist()[1:] == [30, 120, 30]
    told = json.loads((place / "compare.json").read_text(encoding="utf-8"))
    assert told["made_by"] == "bt_pdt compare" and told["folders"] == ["off", "entry", "exit", "both"]
    trip.save(place)  # a former comparison's folder is replaced
    (place / "mine.txt").write_text("x")
    with pytest.raises(BadInput, match="holds other things"):
        trip.save(place)
    with pytest.raises(BadInput, match="is a file"):
        trip.save(place / "mine.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["compared"]


@pytest.mark.long
def test_saved_runs_compare_like_live_ones(breakout, data, tmp_path):
    Comparison([breakout["off"], breakout["exit"]], breakout.bars).save(tmp_path / "c")
    folders = [tmp_path / "c" / name for name in ("off", "exit")]
    saved = compare_folders(folders, data)
    assert saved.names == ["off", "exit"]
    live = breakout.costs.loc[["exit"]]
    pd.testing.assert_frame_equal(saved.costs, live, check_dtype=False)
    first, there = saved.first_divergence("off", "exit"), breakout.first_divergence("off", "exit")
    assert first.order == there.order
    assert (first.state_a, first.state_b) == (there.state_a, there.state_b)
    pd.testing.assert_frame_equal(saved.stuck, breakout.stuck[breakout.stuck.variant == "exit"].reset_index(drop=True), check_dtype=False)
    assert saved.paired("off", "exit") == breakout.paired("off", "exit")
    without = compare_folders(folders)
    assert without.cost_of == {} and without.table.cost.isna().all()
    known, blind = first.state_b, without.first_divergence("off", "exit").state_b
    assert {name: known[name] for name, value in blind.items() if value is not None} == {n: v for n, v in blind.items() if v is not None}
    assert blind["positions"] and blind["cash"] is None
    assert without.table.stuck_pnl.isna().all() and without.table.stuck_overnight.tolist() == saved.table.stuck_overnight.tolist()
    json.dumps(without.to_dict(), allow_nan=False)


def test_folders_that_are_none(trip, tmp_path, data):
    Comparison([trip["off"], trip["exit"]], trip.bars).save(tmp_path / "c")
    off, exit_ = tmp_path / "c" / "off", tmp_path / "c" / "exit"
    with pytest.raises(BadInput, match="two run folders at least"):
        compare_folders([off])
    with pytest.raises(BadInput, match=r"manifest.json"):
        compare_folders([off, tmp_path])
    with pytest.raises(BadInput, match=r"symbol 'X' is not known"):
        compare_folders([off, exit_], data)
    with pytest.raises(BadInput, match=r"the bars given are not those"):
        compare_folders([off, exit_], minutes(X={"2025-03-03": X["2025-03-03"], "2025-03-04": [(1, 1)] * 3}))
    shorter = compare(Plan, minutes(X={"2025-03-03": X["2025-03-03"]}), modes=["off"], params={"plan": {}})
    shorter["off"].result.save(tmp_path / "d" / "off")
    with pytest.raises(BadInput, match=r"off and .*off are not over the same bars"):
        compare_folders([off, tmp_path / "d" / "off"])
