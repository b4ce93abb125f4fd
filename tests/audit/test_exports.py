"""Other brokerages' exports: the same account in every layout comes to the same history, whatever the order of columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_files as made
import pytest
from alpaca_files import write
from click.testing import CliRunner

from bt_pdt.audits.broker_history import play_real
from bt_pdt.audits.exports.brokers import from_export
from bt_pdt.audits.exports.dateless import worst
from bt_pdt.audits.exports.securities import CRYPTO, OPTION, STOCK, by_symbol
from bt_pdt.audits.exports.values import amount, day_in_name, moment
from bt_pdt.audits.history import audit
from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput

SEVEN = len(made.TRADES)
DATED = "dates only"


def ask(path: str, name: str, *more: str) -> tuple[dict[str, Any], str]:
    result = CliRunner().invoke(cli, ["audit", "--from", name, path, "--cash", "50000", "--json", *more], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout), result.stderr


def day_trades(report: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in report["day_trades"]:
        found[row["session"]] = found.get(row["session"], 0) + row["count"]
    return found


#: name of --from, file name, its text by a seed for the order of columns, what its own rows add to cash, decisions, sentences
CASES: list[tuple[str, str, Callable[[int], str], float, int, tuple[str, ...]]] = [
    ("executions", "x.csv", made.executions, -0.5 * SEVEN, SEVEN, ("bare law", "New York time")),
    ("tradezero", "x.csv", made.tradezero, -0.3 * SEVEN, SEVEN, ()),
    ("ibkr", "x.csv", made.flex_csv, -0.35 * SEVEN, SEVEN, ("GME is sold before it is bought",)),
    ("ibkr", "x.csv", lambda seed: made.flex_csv(seed, effects=True), -0.35 * SEVEN, SEVEN, ()),
    ("ibkr", "x.xml", lambda seed: made.flex_xml(), -0.35 * SEVEN + 500, SEVEN, ()),
    ("ibkr", "x.csv", lambda seed: made.activity_statement(), -0.35 * SEVEN + 55.5, SEVEN, ()),
    ("webull", "x.csv", made.webull, 0.0, SEVEN + 1, ("when an order was cancelled",)),
    ("thinkorswim", "x.csv", lambda seed: made.thinkorswim(), -0.12 * SEVEN + 12, SEVEN + 1, ("not enough buying power", "is refused too")),
    ("tastytrade", "x.csv", made.tastytrade, -0.11 * SEVEN + 208.86 - 300, SEVEN + 1, ("options is left out; its money is booked",)),
    ("schwab", "x.csv", made.schwab, -0.03 * SEVEN + 1.23 - 601.3, SEVEN, (DATED, "options is left out")),
    ("schwab", "x.json", lambda seed: made.schwab_api(), -0.02 * SEVEN + 75, SEVEN, ()),
    ("fidelity", "x.csv", made.fidelity, -0.04 * SEVEN + 8, SEVEN, (DATED,)),
    ("etrade", "x.csv", made.etrade, -0.02 * SEVEN, SEVEN, (DATED,)),
    ("tradier", "x.json", lambda seed: made.tradier_history(), 42.0, SEVEN, (DATED,)),
    ("tradier", "x.json", lambda seed: made.tradier_orders(), 0.0, SEVEN + 1, ("buying power",)),
    ("tradestation", "x.json", lambda seed: made.tradestation(), -0.5 * SEVEN, SEVEN, ()),
]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{CASES.index(c)}")
def test_every_layout(tmp_path: Path, case: Any, seed: int) -> None:
    name, file, text, more, decisions, sentences = case
    path = write(tmp_path, file, text(seed))
    for source in (name, "auto"):
        out = tmp_path / source
        report, said = ask(path, source, "--out", str(out))
        assert report["account"]["cash"] == pytest.approx(made.cash_after(50_000.0) + more, abs=0.005)
        assert report["account"]["positions"] == made.POSITIONS
        assert day_trades(report) == made.DAY_TRADES
        assert len(report["decisions"]) == decisions
        for sentence in sentences:
            assert sentence in said
        lines = (out / "history.jsonl").read_text().splitlines()
        assert sum(json.loads(line)["event"] == "fill" for line in lines) == SEVEN
        assert audit(lines) == report, "the history that --out writes plays by itself"


@pytest.mark.parametrize("seed", [0, 5])
def test_robinhood(tmp_path: Path, seed: int) -> None:
    """No shorts there; an option by its code and its description, a deposit."""
    report, said = ask(write(tmp_path, "r.csv", made.robinhood(seed)), "robinhood")
    gme = sum(x.flow for x in made.TRADES if x.symbol == "GME")
    assert report["account"]["cash"] == pytest.approx(made.cash_after(50_000.0) - gme + 100 + 209.95)
    assert (report["account"]["positions"], day_trades(report)) == (made.POSITIONS, {"2023-07-10": 1})
    assert "options is left out" in said and DATED in said


def test_a_file_of_times_takes_its_day_from_its_name(tmp_path: Path) -> None:
    report, _ = ask(write(tmp_path, "trades 07-11-2023.csv", made.das(11)), "das")
    assert day_trades(report) == {"2023-07-11": 1}
    nameless = write(tmp_path, "trades.csv", made.das(11))
    with pytest.raises(BadInput, match="has times and no date; put the day into the file's name"):
        ask(nameless, "das")
    assert day_trades(ask(nameless, "das", "--at", "2023-07-11")[0]) == {"2023-07-11": 1}


def test_the_orders_are_asked_at_their_own_time(tmp_path: Path) -> None:
    report, _ = ask(write(tmp_path, "w.csv", made.webull()), "webull")
    assert report["decisions"][0]["at"] == "2023-07-10T09:31:01"
    report, said = ask(write(tmp_path, "e.csv", made.executions()), "executions")
    assert report["decisions"][0]["at"] == "2023-07-10T09:31:05"
    assert report["decisions"][0]["order"].startswith("execution-") and "the order that it must have been" in said


def test_what_the_brokerage_refused_is_compared(tmp_path: Path) -> None:
    report, said = ask(write(tmp_path, "t.csv", made.thinkorswim()), "tos")
    assert [(d["qty"], d["reason"]) for d in report["decisions"] if not d["accepted"]] == [(5000, "BUYING_POWER")]
    assert "the brokerage refused order" in said


def test_unknown_files_are_answered_with_the_nearest(tmp_path: Path) -> None:
    near = write(tmp_path, "n.csv", "Symbol,Side,Status,Filled,Total Qty,Avg Price\nX,Buy,Filled,1,1,5\n")
    with pytest.raises(BadInput, match=r"nearest: Webull orders \(lacks placedtime\).*JSON Lines"):
        ask(near, "auto")
    other = write(tmp_path, "o.json", {"activities": [{"unitPrice": 1, "quantity": 2}]})
    for name in ("auto", "alpaca", "schwab"):
        with pytest.raises(BadInput, match="JSON Lines"):
            ask(other, name)
    with pytest.raises(BadInput, match="--from 'webul' is not known; did you mean 'webull'"):
        ask(near, "webul")


def test_files_of_two_brokerages_are_no_account(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.csv", made.webull()), write(tmp_path, "b.csv", made.etrade())]
    with pytest.raises(BadInput, match="several brokerages"):
        from_export("auto", paths, 1.0, None)


def test_rows_that_cannot_be_read_are_sentences(tmp_path: Path) -> None:
    bad = made.executions().replace("07/10/2023", "someday")
    with pytest.raises(BadInput, match=r"x.csv:2: its day or time cannot be read"):
        ask(write(tmp_path, "x.csv", bad), "executions")
    with pytest.raises(BadInput, match="its status 'Odd' is not known"):
        ask(write(tmp_path, "y.csv", made.webull().replace("Cancelled", "Odd")), "webull")
    with pytest.raises(BadInput, match="document type"):
        ask(write(tmp_path, "z.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), "ibkr")


def test_the_same_execution_in_two_files_counts_once(tmp_path: Path) -> None:
    paths = [write(tmp_path, name, made.flex_csv(seed)) for seed, name in enumerate(("a.csv", "b.csv"))]
    player, played = play_real(from_export("ibkr", paths, 50_000.0, None))
    assert player.result()["account"]["positions"] == made.POSITIONS
    assert any("stands twice" in note for note in played.notes)


def test_a_split_and_shares_held_before_in_a_file_of_dates(tmp_path: Path) -> None:
    """30 were held, 10-for-1 adds 270, 300 are sold: nothing is left."""
    rows = "Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n"
    rows += "07/14/2023,Sell,NVX,N,300,$10.00,,$3000.00\n07/12/2023,Stock Split,NVX,N,270,,,\n"
    player, played = play_real(from_export("schwab", [write(tmp_path, "s.csv", rows)], 100.0, None))
    assert player.result()["account"]["positions"] == {}
    assert json.loads(played.lines[0])["positions"] == [{"symbol": "NVX", "qty": 30, "price": 100.0}]


@pytest.mark.parametrize(
    ("trades", "held", "count"),
    [
        ([(-100, "long"), (100, "either")], 100.0, 1),  # bought first, then sold: a day trade, though the file has it the other way
        ([(50, "either"), (-50, "long"), (50, "either"), (-50, "long")], 0.0, 2),
        ([(50, "either"), (50, "either"), (-100, "long")], 0.0, 1),
        ([(-100, "long"), (-100, "long")], 200.0, 0),
        ([(-40, "either"), (40, "short")], 0.0, 1),
        ([(10, "either")] * 6 + [(-10, "long")] * 6, 0.0, 6),
    ],
)
def test_the_worst_order_of_a_day(trades: list[tuple[float, str]], held: float, count: int) -> None:
    from bt_pdt.account.daytrades import DayRun

    run, now = DayRun(held), held
    for i in worst(trades, held):
        run.post(trades[i][0])
        now += trades[i][0]
        assert trades[i][1] != "long" or now >= 0
    assert run.count == count


@pytest.mark.parametrize(
    ("text", "utc", "timed"),
    [
        ("2023-07-10 09:31:05", "2023-07-10T13:31:05", True),
        ("7/10/23 9:31 AM", "2023-07-10T13:31:00", True),
        ("07/10/2023 15:59:38 EDT", "2023-07-10T19:59:38", True),
        ("01/10/2023 08:00:00 CT", "2023-01-10T14:00:00", True),
        ("20230710;093105", "2023-07-10T13:31:05", True),
        ("2023-07-10, 09:31:05", "2023-07-10T13:31:05", True),
        ("Jul 10, 2023 9:31:05 PM", "2023-07-11T01:31:05", True),
        ("2023-07-10T13:31:05Z", "2023-07-10T13:31:05", True),
        ("2023-07-10T09:31:05-0400", "2023-07-10T13:31:05", True),
        ("10-Jul-2023", "2023-07-10T04:00:00", False),
        ("07/12/2023 as of 07/10/2023", "2023-07-10T04:00:00", False),
    ],
)
def test_moments(text: str, utc: str, timed: bool) -> None:
    found = moment(text)
    assert found is not None
    assert (found.at.isoformat(), found.timed) == (f"{utc}+00:00", timed)


def test_numbers_and_names() -> None:
    texts = {
        "($3,808.00)": -3808.0,
        "-$12.50": -12.5,
        "$1,000": 1000.0,
        "+100": 100.0,
        "@190.40": 190.4,
        "12.50-": -12.5,
        "--": None,
        "": None,
    }
    assert {text: amount("x", "n", text) for text in texts} == texts
    assert (
        str(day_in_name("trades_2025-03-04.csv"))
        == str(day_in_name("T 3-4-2025 x.csv"))
        == str(day_in_name("20250304.csv"))
        == "2025-03-04"
    )
    assert day_in_name("a2025-03-04_2025-03-05.csv") is None


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        *((s, STOCK) for s in ("AAPL", "BRK.B", "BRK/B", "GOOGL", "T", "ABCUSD"[:5], "BF-B")),
        *(
            (s, OPTION)
            for s in ("AAPL250321C00240000", "AAPL  250321C00240000", ".AAPL250321C240", "-AAPL250321P240", "AAPL 03/21/2025 240.00 C")
        ),
        *((s, CRYPTO) for s in ("BTC/USD", "BTCUSD", "ETHUSDT", "SHIB/USDC", "DOGE-USD")),
    ],
)
def test_kinds_by_symbol(symbol: str, kind: str) -> None:
    assert by_symbol(symbol) == kind
