"""Alpaca's own orders and activities become a history that the audit plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from alpaca_files import Row, cash, fill, order, write
from click.testing import CliRunner

from bt_pdt.audits.alpaca_files import Imported, from_alpaca
from bt_pdt.audits.broker_history import play_real
from bt_pdt.audits.history import Flags, audit
from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput


def real(imported: Imported, flags: Flags | None = None) -> tuple[dict[str, Any], Imported]:
    """The report of an imported history and the lines that were played."""
    player, played = play_real(imported, flags)
    return player.result(), played


def brought(tmp_path: Path, orders: list[Row] | None, activities: list[Row] | None, cash: float | None = 20_000.0, **more: Any) -> Imported:
    paths = [write(tmp_path, f"{i}.json", rows) for i, rows in enumerate((activities, orders)) if rows is not None]
    paths += [write(tmp_path, name, value) for name, value in more.items()]
    return from_alpaca(paths, cash, None)


def events(imported: Imported) -> list[Row]:
    return [json.loads(line) for line in imported.lines]


def short(imported: Imported) -> list[str]:
    found = []
    for e in events(imported):
        name = e.get("id") or e.get("order") or e.get("symbol") or e.get("amount") or e.get("cash")
        found.append(f"{e['event']} {name}")
    return found


def day_trade(n: int, day: str) -> tuple[list[Row], list[Row]]:
    """Bought at 9:45 and sold at 10:45 New York time, winter."""
    b, s = f"b{n}", f"s{n}"
    orders = [
        order(b, f"{day}T14:45:00Z", "buy", "100", "X", filled_at=f"{day}T14:45:01Z", filled_avg_price="50"),
        order(s, f"{day}T15:45:00Z", "sell", "100", "X", filled_at=f"{day}T15:45:01Z", filled_avg_price="50"),
    ]
    fills = [fill(b, f"{day}T14:45:01Z", "buy", "100", "X", "50"), fill(s, f"{day}T15:45:01Z", "sell", "100", "X", "50")]
    return orders, fills


def test_the_command_says_which_order_would_have_been_refused(tmp_path: Path) -> None:
    orders: list[Row] = []
    fills: list[Row] = [cash("CSD", "2025-02-28", "20000")]
    for n, day in enumerate(("2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06")):
        more_orders, more_fills = day_trade(n, day)
        orders, fills = orders + more_orders, fills + more_fills
    out = tmp_path / "out"
    files = [write(tmp_path, "orders.json", orders[::-1]), write(tmp_path, "activities.json", fills[::-1])]
    result = CliRunner().invoke(cli, ["audit", "--from", "alpaca", *files, "--json", "--out", str(out)], standalone_mode=False)
    assert result.exception is None
    report = json.loads(result.stdout)
    assert [d["order"] for d in report["decisions"] if not d["accepted"]] == ["s3"]
    assert report["contradictions"] == [{"order": "s3", "at": "2025-03-06T10:45:01", "reason": "PDT_COUNT"}]
    assert [row["count"] for row in report["day_trades"]] == [1, 1, 1, 1]
    history = (out / "history.jsonl").read_text().splitlines()
    assert audit(history) == report, "the history that --out writes plays by itself"


def test_order_of_lines_prices_and_times(tmp_path: Path) -> None:
    orders, fills = day_trade(0, "2025-03-03")
    orders[0]["submitted_at"] = fills[0]["transaction_time"]
    imported = brought(tmp_path, orders, fills)
    assert short(imported) == ["account 20000.0", "price X", "order b0", "fill b0", "order s0", "fill s0"]
    account, price, first, *_ = events(imported)
    assert account["at"] == "2025-03-03T00:00:00"
    assert (price["price"], price["at"]) == (50.0, "2025-03-03T14:45:01+00:00")
    assert first == {
        "event": "order",
        "at": "2025-03-03T14:45:01+00:00",
        "id": "b0",
        "symbol": "X",
        "side": "buy",
        "qty": 100,
        "time_in_force": "day",
    }
    assert imported.notes == []


def test_files_in_any_order_and_activities_as_csv(tmp_path: Path) -> None:
    orders, fills = day_trade(0, "2025-03-03")
    columns = ["activity_type", "id", "transaction_time", "type", "price", "qty", "side", "symbol", "leaves_qty", "order_id"]
    lines = [",".join(columns), *(",".join(str(row[c]) for c in columns) for row in fills)]
    table, listed = write(tmp_path, "a.csv", "\n".join(lines) + "\n"), write(tmp_path, "o.json", orders)
    as_csv = from_alpaca([table, listed], 20_000.0, None)
    assert as_csv.lines == from_alpaca([listed, table], 20_000.0, None).lines == brought(tmp_path, orders, fills).lines


def test_orders_as_csv_with_spoken_column_names(tmp_path: Path) -> None:
    text = "Symbol,Side,Order Type,Shares,Filled Shares,Avg. Fill Price,Status,Submitted At,Filled At\n"
    text += 'X,buy,market,"1,000","1,000",$5.25,filled,2025-03-03T14:45:00Z,2025-03-03T14:45:01Z\n'
    imported = from_alpaca([write(tmp_path, "o.csv", text)], 20_000.0, None)
    assert [(e["event"], e.get("qty"), e.get("price")) for e in events(imported)[2:]] == [("order", 1000, None), ("fill", 1000, 5.25)]
    assert any("no activities" in note for note in imported.notes)


def bracket(status: str = "filled", **legs: Row) -> Row:
    at = "2025-03-03T14:45:00Z"
    tp = order("tp", at, "sell", "100", "X", "canceled", type="limit", limit_price="55", order_class="bracket") | legs.get("tp", {})
    sl = order("sl", at, "sell", "100", "X", "canceled", type="stop", stop_price="48", order_class="bracket") | legs.get("sl", {})
    more = {"filled_at": "2025-03-03T14:46:00Z"} if status == "filled" else {}
    return order("p", at, "buy", "100", "X", status, order_class="bracket", type="limit", limit_price="50", legs=[tp, sl], **more)


def test_a_bracket_is_one_order_and_its_legs_keep_their_fills(tmp_path: Path) -> None:
    parent = bracket(tp={"status": "filled", "filled_qty": "100"}, sl={"canceled_at": "2025-03-03T15:00:00Z"})
    fills = [fill("p", "2025-03-03T14:46:00Z", "buy", "100", "X", "50"), fill("tp", "2025-03-03T15:00:00Z", "sell", "100", "X", "55")]
    imported = brought(tmp_path, [parent], fills)
    assert short(imported)[2:] == ["order p", "fill p", "fill p.tp"]
    made = events(imported)[2]
    assert (made["order_class"], made["take_profit"], made["stop_loss"], made["limit_price"]) == ("bracket", 55.0, 48.0, 50.0)
    report, _ = real(imported)
    assert report["day_trades"] == [{"session": "2025-03-03", "symbol": "X", "count": 1}]
    assert report["account"]["positions"] == {}


def test_a_leg_that_stands_alone_too_counts_once(tmp_path: Path) -> None:
    parent = bracket(tp={"status": "filled", "filled_qty": "100"}, sl={"canceled_at": "2025-03-03T15:00:00Z"})
    fills = [fill("p", "2025-03-03T14:46:00Z", "buy", "100", "X", "50"), fill("tp", "2025-03-03T15:00:00Z", "sell", "100", "X", "55")]
    alone = [dict(leg) for leg in parent["legs"]]
    imported = brought(tmp_path, [*alone, parent], fills)
    assert short(imported)[2:] == ["order p", "fill p", "fill p.tp"]
    assert imported.notes == ["2 x an order stands twice in the files, alone and as a leg; the leg counts."]


def test_exits_that_are_cancelled_after_the_entry(tmp_path: Path) -> None:
    end = "2025-03-03T15:30:00Z"
    parent = bracket(tp={"canceled_at": end}, sl={"canceled_at": end})
    imported = brought(tmp_path, [parent], [fill("p", "2025-03-03T14:46:00Z", "buy", "100", "X", "50")])
    assert short(imported)[3:] == ["fill p", "cancel p.tp", "cancel p.sl"]
    _, played = real(imported)
    assert len(played.lines) == len(imported.lines)


def test_a_cancelled_parent_takes_its_legs_along(tmp_path: Path) -> None:
    end = {"canceled_at": "2025-03-03T15:30:00Z"}
    imported = brought(tmp_path, [bracket("canceled", tp=end, sl=end) | end], [cash("FEE", "2025-03-03", "-1")])
    assert short(imported) == ["account 20000.0", "fee -1.0", "order p", "cancel p"]


def test_a_bracket_without_its_legs_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"order p: an order of class bracket comes without its exits; .* nested=true"):
        brought(tmp_path, [bracket() | {"legs": None}], [fill("p", "2025-03-03T14:46:00Z", "buy", "100", "X", "50")])


def test_a_pair_of_exits(tmp_path: Path) -> None:
    entry, fills = day_trade(0, "2025-03-03")[0][:1], day_trade(0, "2025-03-03")[1][:1]
    at = "2025-03-04T15:00:00Z"
    leg = order("sl", at, "sell", "100", "X", type="stop", stop_price="48", order_class="oco")
    more = {"type": "limit", "limit_price": "55", "order_class": "oco", "legs": [leg], "canceled_at": "2025-03-04T16:00:00Z"}
    pair = order("tp", at, "sell", "100", "X", "canceled", **more)
    imported = brought(tmp_path, [*entry, pair], [*fills, fill("sl", "2025-03-04T16:00:00Z", "sell", "100", "X", "48")])
    assert short(imported)[4:] == ["order tp", "fill tp.sl"]
    assert (events(imported)[4]["take_profit"], events(imported)[4]["stop_loss"]) == (55.0, 48.0)
    assert real(imported)[0]["account"]["positions"] == {}


def replaced() -> list[Row]:
    at, later = "2025-03-03T14:45:00Z", "2025-03-03T15:45:00Z"
    first = order("a", at, "buy", "100", "X", "replaced", type="limit", limit_price="49", replaced_at=later, replaced_by="b")
    return [first, order("b", later, "buy", "200", "X", type="limit", limit_price="50", replaces="a", filled_at="2025-03-03T16:00:00Z")]


def test_a_replacement_is_judged_in_the_place_of_the_original(tmp_path: Path) -> None:
    imported = brought(tmp_path, replaced(), [fill("b", "2025-03-03T16:00:00Z", "buy", "200", "X", "50")])
    assert short(imported)[2:] == ["order a", "replace a", "fill a"]
    assert {k: v for k, v in events(imported)[3].items() if k not in ("event", "at")} == {"order": "a", "qty": 200, "limit_price": 50.0}
    report, _ = real(imported)
    assert [(d["order"], d["qty"], d["accepted"]) for d in report["decisions"]] == [("a", 100, True), ("a", 200, True)]


def test_what_the_brokerage_did_wins(tmp_path: Path) -> None:
    """Refused here, but replaced, filled or cancelled there: the history goes on, and the file that is written plays alone."""
    cancelled = order("c", "2025-03-03T17:00:00Z", "buy", "900", "X", "canceled", canceled_at="2025-03-03T17:30:00Z")
    imported = brought(tmp_path, [*replaced(), cancelled], [fill("b", "2025-03-03T16:00:00Z", "buy", "200", "X", "50")], cash=7_000.0)
    flags = Flags(brokerage="alpaca", rules="2025-03-03", set={"equity_test": "current", "wash_check": "true", "pdt_min_equity": "25000"})
    report, played = real(imported, flags)
    verdicts = [(d["order"], d["accepted"]) for d in report["decisions"]]
    assert verdicts == [("a", True), ("a", True), ("c", False)]
    assert len(played.lines) == len(imported.lines) - 1
    assert any("cancelled or expired at Alpaca" in note for note in played.notes)
    poor = brought(tmp_path, [*replaced(), cancelled], [fill("b", "2025-03-03T16:00:00Z", "buy", "200", "X", "50")], cash=4_000.0)
    report, played = real(poor, flags)
    assert [(d["order"], d["accepted"]) for d in report["decisions"]] == [("a", True), ("a~1", False), ("c", False)]
    assert report["contradictions"] == [{"order": "a~1", "at": "2025-03-03T11:00:00", "reason": "BUYING_POWER"}]
    assert report["account"]["positions"] == {"X": 200.0}
    assert audit(played.lines) == report, "the flags are in its account line"


def test_rejected_orders_are_judged_and_released(tmp_path: Path) -> None:
    orders, fills = day_trade(0, "2025-03-03")
    no = order("r", "2025-03-03T15:00:00Z", "buy", "10", "X", "rejected", failed_at="2025-03-03T15:00:00Z")
    imported = brought(tmp_path, [*orders, no], fills)
    assert "order r" in short(imported) and "cancel r" in short(imported)
    assert "order r was rejected at Alpaca; here it is judged like any other and cancelled at once." in imported.notes
    assert real(imported)[0]["account"]["positions"] == {}


def test_money_and_splits(tmp_path: Path) -> None:
    bought = [fill("u", "2025-03-03T15:00:00Z", "buy", "100", "X", "50")]
    moves = [
        cash("CSD", "2025-03-03", "5000"),
        cash("CSW", "2025-03-05", "-100.50"),
        cash("JNLC", "2025-03-05", "25"),
        cash("DIV", "2025-03-06", "12.34", symbol="X"),
        cash("DIVNRA", "2025-03-06", "-1.85", symbol="X"),
        cash("INT", "2025-03-06", "-3.21"),
        cash("FEE", "2025-03-06", "-0.02"),
        cash("FEE", "2025-03-07", "0"),
        {"activity_type": "SPLIT", "id": "s", "date": "2025-03-10", "symbol": "X", "qty": "300", "net_amount": "0"},
    ]
    imported = brought(tmp_path, None, bought + moves)
    assert [(e["event"], e.get("amount", e.get("ratio"))) for e in events(imported)[1:]] == [
        ("deposit", 5000.0),
        ("price", None),
        ("order", None),
        ("fill", None),
        ("withdraw", 100.5),
        ("deposit", 25.0),
        ("dividend", 12.34),
        ("dividend", -1.85),
        ("interest", -3.21),
        ("fee", -0.02),
        ("split", 4.0),
    ]
    assert imported.notes == [
        "an activity FEE over $0 is left out.",
        "an execution without its order is asked as the order that it must have been (execution-N or executed-ID, a limit at its price).",
    ]
    report, _ = real(imported)
    assert report["account"]["positions"] == {"X": 400.0}
    assert report["account"]["cash"] == pytest.approx(20_000 + 5_000 - 5_000 - 100.5 + 25 + 12.34 - 1.85 - 3.21 - 0.02)


def test_a_split_in_two_rows_and_a_short_sale(tmp_path: Path) -> None:
    rows = [
        fill("u", "2025-03-03T15:00:00Z", "sell_short", "100", "X", "50"),
        {"activity_type": "SPLIT", "id": "s1", "date": "2025-03-10", "symbol": "X", "qty": "-100"},
        {"activity_type": "SPLIT", "id": "s2", "date": "2025-03-10", "symbol": "X", "qty": "700"},
    ]
    imported = brought(tmp_path, None, rows)
    assert events(imported)[-1]["ratio"] == 7.0
    assert real(imported)[0]["account"]["positions"] == {"X": -700.0}


def test_shares_that_were_held_before(tmp_path: Path) -> None:
    imported = brought(tmp_path, None, [fill("u", "2025-03-03T15:00:00Z", "sell", "40", "X", "50")])
    assert events(imported)[0]["positions"] == [{"symbol": "X", "qty": 40, "price": 50.0}]
    assert any("40 X sold were not bought in these files" in note for note in imported.notes)
    assert real(imported)[0]["account"]["positions"] == {}


def test_orders_for_dollars(tmp_path: Path) -> None:
    at = "2025-03-03T14:45:00Z"
    done = order("n", at, "buy", None, "X", notional="500", filled_qty="9.5", filled_at="2025-03-03T14:45:01Z")
    open_one = order("m", "2025-03-03T15:00:00Z", "buy", None, "X", "canceled", notional="500", canceled_at="2025-03-03T15:10:00Z")
    imported = brought(tmp_path, [done, open_one], [fill("n", "2025-03-03T14:45:01Z", "buy", "9.5", "X", "50")])
    assert [e["qty"] for e in events(imported) if e["event"] == "order"] == [9.5, 10]


def test_a_market_order_that_has_no_price_is_named(tmp_path: Path) -> None:
    orders, fills = day_trade(0, "2025-03-03")
    lost = order("z", "2025-03-03T15:00:00Z", "buy", "1", "ZZZ", "canceled", canceled_at="2025-03-03T15:01:00Z")
    imported = brought(tmp_path, [*orders, lost], fills)
    assert not any("z" in line.split() for line in short(imported))
    assert "order z (buy ZZZ, never filled) has no price in these files and cannot be judged; it is left out." in imported.notes


def test_an_execution_after_the_close_of_a_day_order(tmp_path: Path) -> None:
    late = order("a", "2025-03-03T20:30:00Z", "buy", "10", "X", filled_at="2025-03-03T21:00:01Z", time_in_force="cls")
    imported = brought(tmp_path, [late], [fill("a", "2025-03-03T21:00:01Z", "buy", "10", "X", "50")])
    report, played = real(imported)
    assert report["account"]["positions"] == {"X": 10.0}
    assert any("after the close" in note for note in played.notes)
    assert any("time in force cls" in note for note in imported.notes)


def test_cash_from_the_account_file(tmp_path: Path) -> None:
    _, fills = day_trade(0, "2025-03-03")
    fills[1]["price"] = "51"
    account = {"account_number": "1", "cash": "20100.00", "buying_power": "40200", "equity": "20100"}
    path = write(tmp_path, "account.json", account)
    imported = from_alpaca([path, write(tmp_path, "a.json", fills)], None, None)
    assert events(imported)[0]["cash"] == 20_000.0


@pytest.mark.parametrize(
    ("orders", "activities", "cash_given", "sentence"),
    [
        ([], [], 1.0, "neither an order nor an activity in these files"),
        (None, [fill("u", "2025-03-03T15:00:00Z", "buy", "1", "X", "5")], None, "give it with --cash"),
        (None, [{"foo": 1}], 1.0, "item 1 is neither an order, an activity nor an account of Alpaca's \\(it has foo\\)"),
        (None, [3], 1.0, "item 1 is not an object"),
        (None, [fill("u", "2025-03-03T15:00:00", "buy", "1", "X", "5")], 1.0, "transaction_time has no time zone"),
        (None, [fill("u", "2025-03-03T15:00:00Z", "buy", "nan", "X", "5")], 1.0, "qty must be a finite number"),
        (None, [fill("u", "2025-03-03T15:00:00Z", "bye", "1", "X", "5")], 1.0, "side 'bye' is not known; did you mean 'buy'"),
        (None, [fill("u", "2025-03-03T15:00:00Z", "buy", "1", "X", "5", type="bust")], 1.0, "type 'bust' is not known"),
        ([order("o", "2025-03-03T15:00:00Z", "buy", "1", "X", "gone")], None, 1.0, "status 'gone' is not known"),
        ([order("o", "2025-03-03T15:00:00Z", "buy", None, "X")], None, 1.0, "neither qty nor notional"),
        ([order("o", "2025-03-03T15:00:00Z", "buy", "1", "X")], [cash("FEE", "2025-03-03", "-1")], 1.0, "FILL activities come to 0"),
        ([order("o", "2025-03-03T15:00:00Z", "buy", "1", "X", "filled")], None, 1.0, "filled_avg_price or filled_at is missing"),
        ([order("o", "2025-03-03T15:00:00Z", "buy", "1", "X", legs=3)], None, 1.0, "legs must be a list of orders with ids"),
        ([order("o", "2025-03-03T15:00:00Z", "buy", "1", "X", replaces=[])], None, 1.0, "replaces must be text, got \\[\\]"),
        ([order("o", "yesterday", "buy", "1", "X")], None, 1.0, "submitted_at must be an ISO 8601 time"),
    ],
)
def test_what_cannot_be_said_is_a_sentence(tmp_path: Path, orders: Any, activities: Any, cash_given: float | None, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        brought(tmp_path, orders, activities, cash=cash_given)


@pytest.mark.parametrize("text", ["", "hello", "[1", "a,b\n1,2\n", "activity_type,date\nFEE\n"])
def test_files_that_are_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as error:
        from_alpaca([write(tmp_path, "f.json", text)], 1.0, None)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_start_is_not_after_the_first_event(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", [fill("u", "2025-03-03T15:00:00Z", "buy", "1", "X", "5")])
    assert json.loads(from_alpaca([path], 1.0, "2025-03-03T09:00:00").lines[0])["at"] == "2025-03-03T09:00:00"
    with pytest.raises(BadInput, match="is after the first event"):
        from_alpaca([path], 1.0, "2025-03-03T10:00:01")
    with pytest.raises(BadInput, match="--at takes an ISO 8601 time"):
        from_alpaca([path], 1.0, "soon")


def test_the_hour_that_comes_twice(tmp_path: Path) -> None:
    rows = [fill("u", "2025-11-02T05:50:00Z", "buy", "1", "X", "5"), fill("v", "2025-11-02T06:10:00Z", "buy", "1", "X", "5")]
    assert real(brought(tmp_path, None, rows))[0]["account"]["positions"] == {"X": 2.0}
