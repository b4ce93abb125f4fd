"""Alpaca's files where shares change without a trade: splits, transfers, what was held throughout, options and crypto, chains of replacements."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from alpaca_files import Row, cash, fill, order, write

from bt_pdt.audits.alpaca_files import from_alpaca
from bt_pdt.audits.broker_history import play_real
from bt_pdt.audits.exports.holdings import EITHER, LONG, SHORT, Move, opening
from bt_pdt.audits.history import audit

OPTION = "TSLA240621P00180000"


def at(day: int, clock: str = "15:00:00") -> str:
    return f"2024-06-{day:02}T{clock}Z"


def done(name: str, day: int, side: str, qty: float, price: float, clock: str = "15:00:00", symbol: str = "X", **more: Any) -> Row:
    known = {"filled_at": at(day, clock), "filled_avg_price": str(price)} | more
    return order(name, at(day, clock), side, str(qty), symbol, **known)


def paid(name: str, day: int, side: str, qty: float, price: float, clock: str = "15:00:01", symbol: str = "X") -> Row:
    return fill(name, at(day, clock), side, str(qty), symbol, str(price))


def moved(kind: str, day: int, qty: float, symbol: str = "X", amount: str = "0", **more: Any) -> Row:
    return cash(kind, f"2024-06-{day:02}", amount, symbol=symbol, qty=str(qty), id=f"{kind}{day}{symbol}{qty}") | more


START = cash("CSD", "2024-05-31", "50000")


class Played:
    def __init__(self, folder: Path, *payloads: Any, money: float | None = None) -> None:
        paths = [write(folder, f"{i}.json" if not isinstance(p, str) else f"{i}.csv", p) for i, p in enumerate(payloads)]
        player, imported = play_real(from_alpaca(paths, money, None))
        self.report, self.lines, self.notes = player.result(), imported.lines, imported.notes
        assert audit(self.lines) == self.report, "what is written plays by itself"

    @property
    def cash(self) -> float:
        return float(self.report["account"]["cash"])

    @property
    def positions(self) -> dict[str, float]:
        return dict(self.report["account"]["positions"])

    @property
    def carried(self) -> dict[str, float]:
        return {p["symbol"]: p["qty"] for p in json.loads(self.lines[0]).get("positions", ())}

    @property
    def refused(self) -> list[str]:
        return [d["order"] for d in self.report["decisions"] if not d["accepted"]]

    def says(self, *words: str) -> bool:
        return all(any(word in note for note in self.notes) for word in words)


# -- the opening book


@pytest.mark.parametrize("ratio", [2, 3, 20])
@pytest.mark.parametrize("held", [0, 4])
def test_bought_split_and_sold(tmp_path: Path, ratio: int, held: int) -> None:
    """6 bought beside what was held, all sold after the split: the opening book is what was held, and nothing is left."""
    whole = (6 + held) * ratio
    orders = [done("a", 3, "buy", 6, 600), done("b", 10, "sell", whole, 600 / ratio)]
    acts = [START, paid("a", 3, "buy", 6, 600), moved("SPLIT", 6, (6 + held) * (ratio - 1)), paid("b", 10, "sell", whole, 600 / ratio)]
    played = Played(tmp_path, orders, acts)
    assert (played.positions, played.refused) == ({}, [])
    assert played.carried == ({"X": held} if held else {})
    assert played.cash == pytest.approx(50_000 - 3_600 + whole * 600 / ratio)


def test_reverse_splits_of_shares_held_before(tmp_path: Path) -> None:
    """1-for-8: 70 are taken away and 10 sold, so 80 were held; with the positions at the end it is known without the sale."""
    played = Played(tmp_path, [done("b", 10, "sell", 10, 80)], [START, moved("SSP", 7, -70), paid("b", 10, "sell", 10, 80)])
    assert (played.carried, played.positions, played.refused) == ({"X": 80}, {}, [])
    position = {"symbol": "X", "qty": "10", "avg_entry_price": "1", "current_price": "81", "lastday_price": "80", "market_value": "810"}
    played = Played(tmp_path, [START, moved("SSP", 7, -70)], [position])
    assert (played.carried, played.positions) == ({"X": 80}, {"X": 10.0})
    assert played.report["account"]["equity"] == pytest.approx(50_810)


def test_a_split_in_two_rows_says_what_was_held(tmp_path: Path) -> None:
    acts = [START, moved("SPLIT", 7, -15), moved("SPLIT", 7, 45), paid("b", 10, "sell", 5, 20)]
    played = Played(tmp_path, [done("b", 10, "sell", 5, 20)], acts)
    assert (played.carried, played.positions) == ({"X": 15}, {"X": 40.0})


def test_a_short_position_over_a_split(tmp_path: Path) -> None:
    orders = [done("a", 3, "sell", 10, 100, position_intent="sell_to_open"), done("b", 10, "buy", 40, 24, position_intent="buy_to_close")]
    acts = [START, paid("a", 3, "sell_short", 10, 100), moved("SPLIT", 6, -30), paid("b", 10, "buy", 40, 24)]
    played = Played(tmp_path, orders, acts)
    assert (played.positions, played.carried, played.refused) == ({}, {}, [])


def test_orders_that_were_sent_before_a_split(tmp_path: Path) -> None:
    """A GTC exit of 5 at 1,210 is listed as 50 at 121 after a 10-for-1 split: it is judged as it was sent."""
    bought, more = done("a", 3, "buy", 5, 1190), [START, paid("a", 3, "buy", 5, 1190), moved("SPLIT", 7, 45)]
    shape = {"type": "limit", "time_in_force": "gtc", "limit_price": "121", "filled_at": at(10)}
    sold = paid("b", 10, "sell", 50, 121)
    for rescaled in (
        done("b", 3, "sell", 50, 121, "16:00:00", **shape),
        done("b", 3, "sell", 5, 121, "16:00:00", **(shape | {"limit_price": "1210"})),
    ):
        played = Played(tmp_path, [bought, rescaled], [*more, sold])
        assert (played.positions, played.refused) == ({}, [])
        made = next(json.loads(line) for line in played.lines if '"id": "b"' in line)
        assert (made["qty"], made["limit_price"]) == (5, 1210.0)


@pytest.mark.parametrize("leg", ["tp", "sl"])
def test_a_bracket_over_a_split(tmp_path: Path, leg: str) -> None:
    legs = [
        order("tp", at(3), "sell", "60", "X", "canceled", type="limit", limit_price="70", order_class="bracket", time_in_force="gtc"),
        order("sl", at(3), "sell", "60", "X", "canceled", type="stop", stop_price="50", order_class="bracket", time_in_force="gtc"),
    ]
    price = 70 if leg == "tp" else 50
    for row in legs:
        row |= {"status": "filled", "filled_qty": "60", "filled_at": at(11)} if row["id"] == leg else {"canceled_at": at(11)}
    entry = done("p", 3, "buy", 20, 180, order_class="bracket", legs=legs, time_in_force="gtc")
    played = Played(tmp_path, [entry], [START, paid("p", 3, "buy", 20, 180), moved("SPLIT", 7, 40), paid(leg, 11, "sell", 60, price)])
    assert (played.positions, played.refused, played.carried) == ({}, [], {})
    made = json.loads(next(line for line in played.lines if '"id": "p"' in line))
    assert (made["qty"], made["take_profit"], made["stop_loss"]) == (20, 210.0, 150.0)


def test_what_nothing_tells_is_said(tmp_path: Path) -> None:
    played = Played(
        tmp_path, [done("a", 3, "buy", 1, 50, symbol="Y")], [START, paid("a", 3, "buy", 1, 50, symbol="Y"), moved("SPLIT", 7, 45)]
    )
    assert played.positions == {"Y": 1.0} and played.says("a split of X, of which nothing is held or traded")
    played = Played(tmp_path, [done("b", 10, "sell", 20, 80)], [START, moved("SPLIT", 7, 90), paid("b", 10, "sell", 20, 80)])
    assert played.positions == {"X": 70.0} and played.says("how many X were held at their split is not known")


def test_opening_books_that_cannot_be() -> None:
    assert opening([Move(10.0, "opens long"), Move(-3.0, LONG)], 5.0).contradiction
    assert opening([Move(-10.0, EITHER), Move(4.0, SHORT)], None).qty == 0.0
    assert opening([Move(4.0, SHORT)], None).qty == -4.0


def test_shares_held_throughout_and_the_statement(tmp_path: Path) -> None:
    """100,000 in untouched shares keep the fourth day trade of an account with 5,000 in cash."""
    orders, acts = [], []
    for n in range(4):
        for side, minute in (("buy", 0), ("sell", 5)):
            clock = f"15:{10 * n + minute:02}:00"
            orders.append(done(f"{side}{n}", 5, side, 10, 400, clock))
            acts.append(paid(f"{side}{n}", 5, side, 10, 400, clock.replace(":00Z", ":01Z")))
    position = {"symbol": "VT", "qty": "1000", "side": "long", "avg_entry_price": "90", "current_price": "100", "lastday_price": "100"}
    account = {"account_number": "1", "cash": "5000", "buying_power": "0", "equity": "105000", "long_market_value": "100000"}
    account |= {"short_market_value": "0", "daytrade_count": 4}
    whole = Played(tmp_path, orders, acts, account, [position | {"market_value": "100000"}])
    assert (whole.refused, whole.cash, whole.report["account"]["equity"]) == ([], 5_000.0, 105_000.0)
    assert not any("at the end" in note for note in whole.notes)
    without = Played(tmp_path, orders, acts, account)
    assert without.refused == ["sell3"]
    assert without.says("equity is $105,000 at the brokerage, $5,000 here", "give positions.json")
    wrong = Played(
        tmp_path,
        orders,
        acts,
        account | {"equity": "111000", "long_market_value": "106000"},
        [
            position | {"market_value": "100000"},
            {
                "symbol": "BTCUSD",
                "asset_class": "crypto",
                "qty": "0.1",
                "avg_entry_price": "1",
                "current_price": "60000",
                "market_value": "6000",
            },
        ],
    )
    assert wrong.says("crypto worth $6,000 are left out here")


# -- what is no stock


def test_options_and_crypto_leave_their_money(tmp_path: Path) -> None:
    orders = [
        done("k", 3, "buy", 2, 3000, symbol="ETHUSD", asset_class="crypto"),
        done("k2", 3, "sell", 2, 3100, "16:00:00", symbol="ETHUSD", asset_class="crypto"),
        done("o", 4, "buy", 3, 1.5, symbol=OPTION, asset_class="us_option"),
        done("s", 4, "buy", 10, 20),
    ]
    acts = [START, paid("k", 3, "buy", 2, 3000, symbol="ETHUSD"), paid("k2", 3, "sell", 2, 3100, "16:00:01", symbol="ETHUSD")]
    acts += [paid("o", 4, "buy", 3, 1.5, symbol=OPTION), paid("s", 4, "buy", 10, 20), cash("CFEE", "2024-06-03", "-1.25", symbol="ETHUSD")]
    played = Played(tmp_path, orders, acts)
    assert played.cash == 50_000 + 200 - 450 - 200 - 1.25
    assert (played.positions, [d["order"] for d in played.report["decisions"]], played.report["day_trades"]) == ({"X": 10.0}, ["s"], [])
    assert played.says("2 x an order for crypto", "an order for options", "2 x an execution of crypto", "a contract is 100 shares")
    assert Played(tmp_path, None or [], acts).cash == played.cash, "by the form of the symbol alone"


def test_a_multi_leg_order_without_activities(tmp_path: Path) -> None:
    legs = [
        done("l1", 3, "buy", 2, 2.5, symbol=OPTION, asset_class="us_option"),
        done("l2", 3, "sell", 2, 1, symbol=OPTION.replace("18", "17")),
    ]
    spread = done("m", 3, "buy", 2, 1.5, legs=legs, order_class="mleg") | {"symbol": None, "asset_class": "", "side": None}
    played = Played(tmp_path, [spread, done("s", 4, "buy", 10, 20)], money=1_000.0)
    assert (played.cash, played.positions) == (1_000 - 300 - 200, {"X": 10.0})


def test_day_trades_in_options_count(tmp_path: Path) -> None:
    """One in an option and two in a stock leave none: the next is refused, and all are listed."""
    orders = [done("o1", 3, "buy", 1, 2, symbol=OPTION, asset_class="us_option"), done("o2", 3, "sell", 1, 2, "15:30:00", symbol=OPTION)]
    acts = [
        cash("CSD", "2024-05-31", "9000"),
        paid("o1", 3, "buy", 1, 2, symbol=OPTION),
        paid("o2", 3, "sell", 1, 2, "15:30:01", symbol=OPTION),
    ]
    for n in range(3):
        for side, minute in (("buy", 0), ("sell", 5)):
            orders.append(done(f"{side}{n}", 4, side, 10, 40, f"16:{10 * n + minute:02}:00"))
            acts.append(paid(f"{side}{n}", 4, side, 10, 40, f"16:{10 * n + minute:02}:01"))
    played = Played(tmp_path, orders, acts)
    assert played.refused == ["sell2"]
    assert {(r["symbol"], r["count"]) for r in played.report["day_trades"]} == {(OPTION, 1), ("X", 3)}


# -- money and shares without a trade


@pytest.mark.parametrize("kind", ["WH", "CSR", "JNL", "VOF", "DIVWH", "FIMAT", "NEVERSEEN"])
def test_money_is_money_whatever_it_is_called(tmp_path: Path, kind: str) -> None:
    played = Played(tmp_path, [START, cash(kind, "2024-06-04", "-12.5"), cash("MEM", "2024-06-05", "0")])
    assert played.cash == 49_987.5
    assert played.says("an activity MEM over $0 is left out")


def test_transfers_new_symbols_and_mergers(tmp_path: Path) -> None:
    acts = [START, moved("ACATS", 3, 10, "VTI", price="200"), moved("NC", 4, -10, "VTI"), moved("NC", 4, 10, "VTJ")]
    played = Played(tmp_path, acts)
    assert (played.positions, played.report["account"]["equity"]) == ({"VTJ": 10.0}, 52_000.0)
    played = Played(tmp_path, [*acts, moved("MA", 5, -10, "VTJ", amount="2100")])
    assert (played.positions, played.cash) == ({}, 52_100.0)
    assert Played(tmp_path, [START, moved("SPIN", 4, 5, "NEW")]).says("5 NEW came in and no price of it")


def test_a_transfer_is_no_trade(tmp_path: Path) -> None:
    """In the morning in, at noon sold: no day trade."""
    played = Played(
        tmp_path,
        [done("s", 4, "sell", 10, 201, symbol="VTI")],
        [START, moved("JNLS", 4, 10, "VTI"), paid("s", 4, "sell", 10, 201, symbol="VTI")],
    )
    assert (played.positions, played.report["day_trades"], played.refused) == ({}, [], [])


# -- replacements


def chain(second: float, filled: float, status: str = "filled") -> tuple[list[Row], list[Row]]:
    bought = done("e", 3, "buy", 200, 20, "14:00:00")
    first = order(
        "a", at(4), "sell", "100", "X", "replaced", type="limit", limit_price="21", replaced_at=at(4, "15:10:00"), replaced_by="b"
    )
    first |= {"filled_qty": "40", "filled_avg_price": "21"}
    then = order(
        "b", at(4, "15:10:00"), "sell", str(second), "X", status, type="limit", limit_price="20.5", replaces="a", filled_qty=str(filled)
    )
    then |= {"filled_avg_price": "20.5", "filled_at": at(4, "15:20:00"), "canceled_at": at(4, "17:00:00") if status == "canceled" else None}
    acts = [START, paid("e", 3, "buy", 200, 20, "14:00:01"), paid("a", 4, "sell", 40, 21, "15:05:00")]
    return [bought, first, then], [*acts, paid("b", 4, "sell", filled, 20.5, "15:20:00")]


@pytest.mark.parametrize(
    ("second", "filled", "status", "left"),
    [(60, 60, "filled", 100), (100, 100, "filled", 60), (100, 60, "filled", 100), (70, 30, "canceled", 130)],
)
def test_a_replacement_is_an_order_of_its_own(tmp_path: Path, second: float, filled: float, status: str, left: float) -> None:
    for orders, acts in (chain(second, filled, status),):
        for played in (Played(tmp_path, orders, acts), Played(tmp_path, orders, money=50_000.0)):
            assert (played.positions, played.refused) == ({"X": float(left)}, [])
            assert played.cash == 50_000 - 4_000 + 840 + filled * 20.5


def test_a_successor_that_is_not_in_the_files(tmp_path: Path) -> None:
    exits = [
        order("tp", at(3), "sell", "100", "X", "canceled", type="limit", limit_price="25", order_class="bracket", canceled_at=at(5)),
        order(
            "sl",
            at(3),
            "sell",
            "100",
            "X",
            "replaced",
            type="stop",
            stop_price="18",
            order_class="bracket",
            replaced_at=at(4),
            replaced_by="q",
        ),
    ]
    entry = done("p", 3, "buy", 100, 20, order_class="bracket", legs=exits, time_in_force="gtc")
    orders = [entry, done("z", 5, "sell", 100, 20, "16:00:00")]
    played = Played(tmp_path, orders, [START, paid("p", 3, "buy", 100, 20), paid("z", 5, "sell", 100, 20, "16:00:01")])
    assert (played.refused, played.positions, played.report["contradictions"]) == ([], {}, [])
    assert played.says("replaced by one that is not in the files")


# -- pages, shapes of files


@pytest.mark.parametrize(("rows", "said"), [(49, False), (50, True), (100, True), (500, True)])
def test_full_pages(tmp_path: Path, rows: int, said: bool) -> None:
    orders = [done(f"o{i}", 3, "buy", 1, 5, f"15:{i // 60:02}:{i % 60:02}") for i in range(rows)]
    assert Played(tmp_path, orders, money=50_000.0).says("a full page of the API's") is said
    rest = [done("last", 4, "buy", 1, 5)]
    assert not Played(tmp_path, orders, rest, money=50_000.0).says("a full page"), "a shorter page is the last one"


def test_what_alpaca_py_and_pandas_write(tmp_path: Path) -> None:
    rows = [done("a", 3, "buy", 10, 5), done("b", 3, "sell", 10, 6, "16:00:00")]
    names = {"side": "OrderSide", "type": "OrderType", "status": "OrderStatus", "time_in_force": "TimeInForce", "asset_class": "AssetClass"}
    sdk = [
        row | {k: f"{e}.{row[k].upper()}" for k, e in names.items()} | {"submitted_at": row["submitted_at"].replace("T", " ")}
        for row in rows
    ]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["", *sdk[0]])
    writer.writerows([i, *("NaT" if value is None else value for value in row.values())] for i, row in enumerate(sdk))
    shown = [
        f"id=UUID('{n}') submitted_at=datetime.datetime(2024, 6, 3, {h}, 0, tzinfo=TzInfo(UTC)) filled_at=datetime.datetime(2024, 6, 3, {h}, "
        f"0, 1, tzinfo=TzInfo(UTC)) symbol='X' qty='10' filled_qty='10' filled_avg_price='{p}' type=<OrderType.MARKET: 'market'> "
        f"side=<OrderSide.{s.upper()}: '{s}'> time_in_force=<TimeInForce.DAY: 'day'> status=<OrderStatus.FILLED: 'filled'> legs=None"
        for n, h, p, s in (("a", 15, 5, "buy"), ("b", 16, 6, "sell"))
    ]
    columns = {name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]}
    for payload in (out.getvalue(), "\n".join(json.dumps(row) for row in sdk), shown, columns, {"orders": rows}):
        played = Played(tmp_path, payload, money=1_000.0)
        assert (played.cash, len(played.report["decisions"]), played.positions) == (1_010.0, 2, {})
