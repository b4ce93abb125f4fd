"""``bt-pdt check`` takes what Alpaca states of an account as inputs: they decide the verdict, the stricter of both wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_check_command import POSITION, WHEN, Row, alpaca_account, alpaca_order, ask, say, write

FLAT: Row = {"cash": "30000", "equity": "30000", "last_equity": "30000", "long_market_value": "0", "daytrade_count": 0}
FLAT |= {"buying_power": "60000", "regt_buying_power": "60000", "daytrading_buying_power": "0", "non_marginable_buying_power": "30000"}
LIMIT = ("--type", "limit", "--limit-price", "100")


def flat(**more: Any) -> Row:
    return alpaca_account(**(FLAT | more))


def asked(folder: Path, qty: str, account: Row, *more: str, side: str = "buy", when: tuple[str, ...] = WHEN, **files: Any) -> Row:
    return ask(side, qty, "X", *LIMIT, *write(folder, account=account, **({"orders": []} | files)), *more, *when)


@pytest.mark.parametrize(
    ("side", "stated", "reason"),
    [
        ("buy", {"status": "ACCOUNT_CLOSED"}, "TRADING_BLOCKED"),
        ("buy", {"status": "AccountStatus.ACTIVE"}, None),
        ("buy", {"account_blocked": True}, "TRADING_BLOCKED"),
        ("buy", {"user_configurations": {"suspend_trade": True}}, "TRADING_BLOCKED"),
        ("buy", {"admin_configurations": {"restrict_to_liquidation_reasons": {"ach_return": True}}}, "LIQUIDATION_ONLY"),
        ("buy", {"admin_configurations": {"restrict_to_liquidation_reasons": {"ach_return": False}}}, None),
        ("sell", {"shorting_enabled": "false"}, "NO_SHORT"),
        ("sell", {"user_configurations": {"no_shorting": True}}, "NO_SHORT"),
        ("sell", {"admin_configurations": {"disable_shorting": True}}, "NO_SHORT"),
        ("sell", {}, None),
    ],
)
def test_blocks_and_permissions(tmp_path: Path, side: str, stated: Row, reason: str | None) -> None:
    answer = asked(tmp_path, "10", flat(**stated), side=side)
    assert (answer["accepted"], answer["reason"]) == (reason is None, reason)


def test_a_closing_passes_an_account_that_is_restricted_to_liquidation(tmp_path: Path) -> None:
    held = alpaca_account(daytrade_count=0, admin_configurations={"restrict_to_liquidation_reasons": {"pattern_day_trading": True}})
    assert asked(tmp_path, "100", held, side="sell", positions=[POSITION])["accepted"]


@pytest.mark.parametrize(
    ("stated", "most"),
    [
        ({}, 600),
        ({"buying_power": "20000", "regt_buying_power": "20000"}, 200),
        ({"multiplier": "1", "buying_power": "30000"}, 300),
        ({"user_configurations": {"max_margin_multiplier": "1"}}, 300),
        ({"multiplier": "4", "buying_power": "120000", "daytrading_buying_power": "120000"}, 1200),
        ({"multiplier": "4", "buying_power": "60000", "daytrading_buying_power": "0"}, 0),
        ({"multiplier": "4", "buying_power": "60000", "daytrading_buying_power": "7500"}, 75),
        ({"multiplier": "4", "daytrading_buying_power": "0", "user_configurations": {"dtbp_check": "exit"}}, 600),
    ],
)
def test_the_stated_money_bounds_a_purchase(tmp_path: Path, stated: Row, most: int) -> None:
    """One share more than the bound is refused, the bound itself passes; the sentence names the figure."""
    more = asked(tmp_path, str(most + 1), flat(**stated))
    assert (more["accepted"], more["largest"]) == (False, most)
    assert more["reason"] in ("BUYING_POWER", "DTBP")
    if most:
        passes = asked(tmp_path, str(most), flat(**stated))
        assert (passes["accepted"], passes["largest"]) == (True, most)


def test_a_payload_without_a_multiplier(tmp_path: Path) -> None:
    """The multiplier reckoned here then says which figure bounds: at 2 a day-trading power of 0 means nothing."""
    account = flat()
    del account["multiplier"]
    assert asked(tmp_path, "600", account)["accepted"]
    assert not asked(tmp_path, "601", account)["accepted"]


def test_the_stated_money_under_the_intraday_rule(tmp_path: Path) -> None:
    when = ("--at", "2026-07-15T11:00:00")
    account = flat(multiplier="4", buying_power="50000")
    assert asked(tmp_path, "500", account, when=when)["accepted"]
    assert asked(tmp_path, "501", account, when=when)["reason"] == "BUYING_POWER"


def test_what_qty_available_holds_back(tmp_path: Path) -> None:
    account = alpaca_account(daytrade_count=0)
    refused = asked(tmp_path, "61", account, side="sell", positions=[POSITION | {"qty_available": "60"}])
    assert (refused["reason"], refused["largest"], refused["body"]["held_for_orders"]) == ("QTY", 60, "40")
    assert asked(tmp_path, "60", account, side="sell", positions=[POSITION | {"qty_available": "60"}])["accepted"]


def test_the_accounts_own_checks(tmp_path: Path) -> None:
    account = alpaca_account(**(FLAT | {"cash": "20000", "equity": "20000", "last_equity": "20000", "daytrade_count": 3}))
    assert asked(tmp_path, "10", account)["accepted"]
    account["user_configurations"] = {"pdt_check": "entry"}
    assert asked(tmp_path, "10", account)["reason"] == "PDT_COUNT"
    assert asked(tmp_path, "10", account, "--pdt-check", "exit")["accepted"], "a flag outranks it"


def test_a_name_that_is_not_marginable(tmp_path: Path) -> None:
    position = POSITION | {"asset_marginable": False}
    account = alpaca_account(daytrade_count=0, non_marginable_buying_power="5000")
    assert asked(tmp_path, "51", account, positions=[position])["reason"] == "NON_MARGINABLE_BUYING_POWER"
    assert asked(tmp_path, "50", account, positions=[position])["accepted"]


def test_the_asset_file(tmp_path: Path) -> None:
    def asset(**more: Any) -> str:
        path = tmp_path / "asset.json"
        import json

        known = {"symbol": "X", "status": "active", "tradable": True, "marginable": True, "shortable": True, "fractionable": True}
        path.write_text(json.dumps(known | more), encoding="utf-8")
        return str(path)

    def most(**more: Any) -> int:
        return int(asked(tmp_path, "1", flat(), "--asset", asset(**more))["largest"])

    assert most() == 600
    assert most(margin_requirement_long="75") == 400, "initial is the larger of 50 and 75 %"
    assert most(marginable=False) == 300
    assert asked(tmp_path, "1", flat(), "--asset", asset(tradable=False))["reason"] == "INVALID_ORDER"
    assert asked(tmp_path, "0.5", flat(), "--asset", asset(fractionable=False))["reason"] == "INVALID_ORDER"
    assert asked(tmp_path, "1", flat(), "--asset", asset(shortable=False), side="sell")["reason"] == "NOT_SHORTABLE"


def test_foreign_rows_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    coin = {"symbol": "ETHUSD", "asset_class": "crypto", "qty": "2", "side": "long", "current_price": "3000", "market_value": "6000"}
    option = {
        "symbol": "X250321P00040000",
        "asset_class": "us_option",
        "qty": "1",
        "side": "long",
        "current_price": "2",
        "market_value": "200",
    }
    spread = alpaca_order("m", "2025-03-06T15:00:00Z", "buy", order_class="mleg", limit_price="1") | {"symbol": None, "side": None}
    coins = alpaca_order("c", "2025-03-06T15:00:00Z", "buy", asset_class="crypto") | {"symbol": "ETH/USD"}
    dollars = alpaca_order("n", "2025-03-06T15:00:00Z", "buy", notional="1500") | {"qty": None}
    account = alpaca_account(daytrade_count=0)
    answer = asked(tmp_path, "1", account, positions=[POSITION, coin, option], orders=[spread, coins, dollars])
    assert answer["accepted"] and answer["account"]["positions"] == {"X": 100.0}
    notes = " ".join(answer["notes"])
    assert (
        "ETHUSD worth $6,000" in notes and "X250321P00040000" in notes and "1 order for options" in notes and "1 order for crypto" in notes
    )
    assert answer["account"]["buying_power"] == pytest.approx(2 * (20_000 - 2_500) - 1_500, rel=0.01), (
        "the order for dollars reserves its dollars"
    )


@pytest.mark.parametrize(("rows", "said"), [(49, False), (50, True), (100, True), (500, True), (51, False)])
def test_a_full_page_of_orders_is_said(tmp_path: Path, rows: int, said: bool) -> None:
    orders = [alpaca_order(f"o{i}", "2025-03-06T15:00:00Z", "buy", status="canceled") for i in range(rows)]
    notes = asked(tmp_path, "1", flat(), orders=orders)["notes"]
    assert any("full page" in note for note in notes) is said


def test_activities_are_the_exact_executions(tmp_path: Path) -> None:
    """Two fills of one order, and the order's average: the activities count, once."""
    row = {"activity_type": "FILL", "side": "buy", "symbol": "X", "order_id": "b", "qty": "50"}
    fills = [row | {"id": "1", "price": "49", "transaction_time": "2025-03-06T15:00:00Z"}]
    fills += [row | {"id": "2", "price": "51", "transaction_time": "2025-03-06T15:00:01Z"}]
    bought = alpaca_order("b", "2025-03-06T14:59:59Z", "buy", status="filled", filled_qty="100", filled_avg_price="50")
    bought |= {"filled_at": "2025-03-06T15:00:01Z"}
    account = alpaca_account()
    for files in ({"orders": [bought], "activities": fills}, {"activities": fills}):
        answer = asked(tmp_path, "100", account, side="sell", positions=[POSITION], **files)
        assert (answer["reason"], answer["account"]["cash"], answer["account"]["positions"]) == ("PDT_COUNT", 15_000.0, {"X": 100.0})


def test_the_preview(tmp_path: Path) -> None:
    """100 shares at $100 from cash of 30,000: initial margin 5,000, Reg T buying power down by 10,000."""
    answer = asked(tmp_path, "100", flat())["preview"]
    assert answer["price"] == 100.0
    assert answer["equity"] == {"before": 30_000.0, "after": 30_000.0, "change": 0.0}
    assert answer["initial_margin"] == {"before": 0.0, "after": 5_000.0, "change": 5_000.0}
    assert answer["maintenance_margin"]["after"] == 3_000.0
    assert answer["regt_buying_power"] == {"before": 60_000.0, "after": 50_000.0, "change": -10_000.0}
    text = say("buy", "100", "X", *LIMIT, *write(tmp_path, account=flat(), orders=[]), *WHEN)
    assert "executed at $100" in text and "-$10,000" in text
