"""``bt-pdt check``: one order against numbers given as flags, or against Alpaca's own JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bt_pdt.cli import cli
from bt_pdt.core.errors import BadInput

Row = dict[str, Any]
WHEN = ("--at", "2025-03-06T11:00:00")


def ask(*arguments: str) -> Row:
    result = CliRunner().invoke(cli, ["check", *arguments, "--json"], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    answer = json.loads(result.stdout, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert isinstance(answer, dict)
    return answer


def say(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["check", *arguments], standalone_mode=False)
    assert result.exception is None
    return result.output


def test_the_dollar_on_each_side_of_reg_t() -> None:
    """Limit orders are valued at their limit: 2 x 30,000 buys 600 at 100 and not 601."""
    buy = ("--cash", "30000", "--type", "limit", "--limit-price", "100", *WHEN)
    passes = ask("buy", "600", "X", *buy)
    assert (passes["accepted"], passes["largest"], passes["body"], passes["would_pass"]) == (True, 600, None, None)
    refused = ask("buy", "601", "X", *buy)
    assert (refused["accepted"], refused["reason"], refused["largest"]) == (False, "BUYING_POWER", 600)
    assert refused["body"] == {"buying_power": "60000", "code": 40310000, "cost_basis": "60100", "message": "insufficient buying power"}
    assert refused["would_pass"] == {"qty": 600, "on": None}


def test_equity_instead_of_cash() -> None:
    held = ("--position", "Y:100:50", "--type", "limit", "--limit-price", "100", *WHEN)
    assert ask("buy", "1", "X", "--equity", "15000", *held)["account"]["cash"] == 10_000.0
    ask("buy", "1", "X", "--equity", "15000", "--cash", "10000", *held)
    with pytest.raises(BadInput, match="come to \\$15,000, --equity says \\$15,001; give one of the two"):
        ask("buy", "1", "X", "--equity", "15001", "--cash", "10000", *held)


DAY_TRADED = ("sell", "100", "X", "--cash", "20000", "--fill", "buy:100:X:50", *WHEN)


def test_the_fourth_day_trade() -> None:
    assert ask(*DAY_TRADED, "--daytrades", "2")["accepted"]
    refused = ask(*DAY_TRADED, "--daytrades", "3")
    assert (refused["reason"], refused["code"], refused["would_pass"]) == ("PDT_COUNT", 40310100, {"qty": 0, "on": "2025-03-07"})
    assert refused["notes"] == ["the days of 3 day trades are not known: taken as made on 2025-03-06, the strictest way to read it."]
    assert ask(*DAY_TRADED, "--last-equity", "25000", "--daytrades", "3")["accepted"]
    assert ask(*DAY_TRADED, "--last-equity", "24999.99", "--daytrades", "3")["reason"] == "PDT_COUNT"
    old = ("--daytrades", "2025-02-27=3")
    assert ask(*DAY_TRADED, *old)["notes"] == [] and ask(*DAY_TRADED, *old)["accepted"], "out of the window"
    assert ask(*DAY_TRADED, "--daytrades", "2025-02-28=3")["reason"] == "PDT_COUNT"
    assert ask(*DAY_TRADED[:-2], "--at", "2026-06-05T11:00:00", "--daytrades", "3")["accepted"], "no count any more"


def test_a_working_order_pairs_with_this_one() -> None:
    entry = ("buy", "10", "X", "--cash", "20000", "--type", "limit", "--limit-price", "50", "--daytrades", "3", *WHEN)
    assert ask(*entry)["accepted"]
    assert "PDT_COUNT" in ask(*entry, "--working", "sell:10:X:60")["also"]


@pytest.mark.parametrize("check", ["entry", "exit"])
def test_the_sentence_counts_other_working_orders_alike_on_entry_and_exit(check: str) -> None:
    """Three positions of today with their exits working: a bracket would be the fourth pair, whichever check finds it."""
    held = [part for name in "ABC" for part in ("--fill", f"buy:10:{name}:50", "--working", f"sell:10:{name}:60")]
    bracket = ("--order-class", "bracket", "--take-profit", "60", "--stop-loss", "40", "--price", "D=50")
    refused = ask("buy", "1", "D", "--cash", "20000", *held, *bracket, "--pdt-check", check, *WHEN)
    assert refused["why"].startswith(
        "buy 1 D is refused: 0 day trades in the last 5 business days, this order could complete another and other working orders 3 more;"
    )


def test_the_other_rules_that_fail_are_said() -> None:
    buy = ("buy", "5000", "X", "--cash", "30000", "--pattern-day-trader", "--price", "X=100", *WHEN)
    refused = ask(*buy)
    assert refused["reason"] == "BUYING_POWER"
    assert [other["reason"] for other in refused["others"]] == ["DTBP"] == refused["also"]
    text = say(*buy)
    assert "REFUSED  buy 5,000 X on 2025-03-06 at alpaca: BUYING_POWER" in text
    assert '403 {"buying_power"' in text and "also fails: DTBP:" in text and "largest that passes now: 1,170" in text


def test_bracket_and_asset_facts_and_the_bare_law() -> None:
    price = ("--price", "X=100", "--cash", "30000", *WHEN)
    bracket = ("--order-class", "bracket", "--take-profit", "110", "--stop-loss", "95")
    assert ask("buy", "10", "X", *price, *bracket)["accepted"]
    assert ask("sell", "10", "X", *price, "--asset", "X:shortable=false")["reason"] == "NOT_SHORTABLE"
    assert ask("buy", "400", "X", *price, "--asset", "X:leverage=3")["reason"] == "BUYING_POWER"
    assert ask("buy", "10", "X", *price, "--brokerage", "finra")["account"]["brokerage"] == "finra"
    assert ask("buy", "99999", "X", *price, "--rules", "off")["accepted"]
    assert ask("buy", "0.5", "X", *price)["largest"] > 500


def write(folder: Path, **files: Any) -> list[str]:
    arguments = []
    for name, value in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        arguments += [f"--{name}", str(path)]
    return arguments


def alpaca_account(**more: Any) -> Row:
    known: Row = {"id": "1", "account_number": "PA1", "status": "ACTIVE", "cash": "15000", "equity": "20000", "last_equity": "20000"}
    known |= {"last_maintenance_margin": "0", "daytrade_count": 3, "multiplier": "2", "pattern_day_trader": False, "trading_blocked": False}
    known |= {"long_market_value": "5000", "short_market_value": "0", "shorting_enabled": True, "buying_power": "35000", "bod_dtbp": 0}
    return known | more


POSITION = {"symbol": "X", "qty": "100", "side": "long", "current_price": "50", "lastday_price": "49", "avg_entry_price": "50"}


def alpaca_order(name: str, at: str, side: str, **more: Any) -> Row:
    row: Row = {"id": name, "symbol": "X", "submitted_at": at, "qty": "100", "filled_qty": "0", "side": side, "type": "market"}
    return row | {"status": "new", "order_class": "", "time_in_force": "day", "filled_avg_price": None, "legs": None} | more


def test_alpacas_own_json(tmp_path: Path) -> None:
    bought = alpaca_order(
        "b", "2025-03-06T15:00:00Z", "buy", status="filled", filled_qty="100", filled_avg_price="50", filled_at="2025-03-06T15:00:01Z"
    )
    files = write(tmp_path, account=alpaca_account(), positions=[POSITION], orders=[bought])
    refused = ask("sell", "100", "X", *files, *WHEN)
    assert (refused["reason"], refused["account"]["cash"], refused["account"]["positions"]) == ("PDT_COUNT", 15_000.0, {"X": 100.0})
    assert refused["notes"] == ["the days of 3 day trades are not known: taken as made on 2025-03-06, the strictest way to read it."]
    overnight = write(tmp_path, account=alpaca_account(), positions=[POSITION])
    assert ask("sell", "100", "X", *overnight, *WHEN)["accepted"]


def test_a_day_trade_made_today_is_counted_once(tmp_path: Path) -> None:
    def done(name: str, at: str, side: str) -> Row:
        return alpaca_order(name, at, side, status="filled", filled_qty="100", filled_avg_price="50", filled_at=at)

    orders = [done("b", "2025-03-06T15:00:00Z", "buy"), done("s", "2025-03-06T15:10:00Z", "sell")]
    flat = alpaca_account(cash="20000", long_market_value="0", daytrade_count=1, buying_power="40000")
    answer = ask("buy", "10", "X", *write(tmp_path, account=flat, positions=[], orders=orders), "--price", "X=50", *WHEN)
    assert answer["account"]["daytrade_count"] == 1
    assert answer["notes"] == []


def test_open_orders_hold_what_they_hold(tmp_path: Path) -> None:
    """An exit for 60 of 100 leaves 40; a partly filled entry works with its rest."""
    exit_order = alpaca_order("e", "2025-03-06T15:00:00Z", "sell", qty="60", type="limit", limit_price="60")
    files = write(tmp_path, account=alpaca_account(daytrade_count=0), positions=[POSITION], orders=[exit_order])
    assert ask("sell", "40", "X", *files, *WHEN)["accepted"]
    refused = ask("sell", "41", "X", *files, *WHEN)
    assert (refused["reason"], refused["largest"], refused["body"]["held_for_orders"]) == ("QTY", 40, "60")
    entry = alpaca_order("p", "2025-03-06T15:00:00Z", "buy", qty="150", type="limit", limit_price="50", status="partially_filled")
    entry |= {"filled_qty": "100", "filled_avg_price": "50", "updated_at": "2025-03-06T15:01:00Z"}
    files = write(tmp_path, account=alpaca_account(daytrade_count=0), positions=[POSITION], orders=[entry])
    assert ask("buy", "1", "Y", *files, "--price", "Y=10", *WHEN)["account"]["buying_power"] == 2 * (20_000 - 2_500) - 50 * 50


def test_exits_of_a_bracket_whose_entry_is_filled(tmp_path: Path) -> None:
    at = "2025-03-06T15:00:00Z"
    legs = [
        alpaca_order("t", at, "sell", type="limit", limit_price="60", order_class="bracket"),
        alpaca_order("l", at, "sell", type="stop", stop_price="45", order_class="bracket", status="held"),
    ]
    entry = alpaca_order("p", at, "buy", order_class="bracket", status="filled", filled_qty="100", filled_avg_price="50")
    entry |= {"filled_at": "2025-03-06T15:01:00Z", "legs": legs}
    files = write(tmp_path, account=alpaca_account(daytrade_count=0), positions=[POSITION], orders=[entry])
    refused = ask("sell", "1", "X", *files, *WHEN)
    assert (refused["reason"], refused["body"]["held_for_orders"], refused["body"]["available"]) == ("QTY", "100", "0")


def test_where_alpaca_differs_it_is_said(tmp_path: Path) -> None:
    odd = alpaca_account(buying_power="99999", multiplier="4", shorting_enabled="false", trading_blocked=True, daytrade_count="0")
    answer = ask("buy", "1", "X", *write(tmp_path, account=odd, positions=[POSITION]), *WHEN)
    assert answer["reason"] == "TRADING_BLOCKED"
    assert answer["notes"] == [
        "Alpaca's account says trading_blocked: every order is refused.",
        "shorting is switched off at Alpaca (account.shorting_enabled), so a short sale is refused.",
        "there is no --orders file: what was executed today and what works now is not known, so a day trade that this order would complete "
        "cannot be seen here.",
        "buying_power is $99,999 at Alpaca and $35,000 here.",
        "multiplier is 4 at Alpaca and 2 here.",
    ]


BUY = ("buy", "1", "X", "--price", "X=5", *WHEN)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (BUY, "Give --cash or --equity"),
        (("by", *BUY[1:], "--cash", "1"), "side 'by' is not known; did you mean 'buy'"),
        (("buy", "many", "X", "--cash", "1"), "QTY must be a number, got 'many'"),
        (("buy", "0", "X", "--cash", "1"), "qty must be"),
        (("buy", "1", "X", "--cash", "1"), "X has no price yet"),
        (("buy", "1", "X", "--cash", "nan", *BUY[3:]), "cash must be a finite number"),
        (("buy", "1", "X", "--cash", "1", "--type", "limit"), "a limit order needs limit_price"),
        ((*BUY, "--cash", "1", "--brokerage", "alpacca"), "brokerage 'alpacca' is not known; did you mean 'alpaca'"),
        ((*BUY, "--cash", "1", "--rules", "never"), "rules takes as_of, off or a date"),
        ((*BUY, "--cash", "1", "--pdt-check", "exitt"), "--pdt-check 'exitt' is not known"),
        ((*BUY, "--cash", "1", "--set", "equity_tst=current"), "did you mean 'equity_test'"),
        ((*BUY, "--cash", "1", "--position", "X:1"), "--position takes SYM:QTY:PRICE"),
        ((*BUY, "--cash", "1", "--fill", "buy:1:X"), "--fill takes SIDE:QTY:SYM:PRICE"),
        ((*BUY, "--cash", "1", "--working", "buy:1"), "--working takes SIDE:QTY:SYM"),
        ((*BUY, "--cash", "1", "--daytrades", "x"), "--daytrades takes N or DATE=N"),
        ((*BUY, "--cash", "1", "--daytrades", "soon=1"), "--daytrades takes N or DATE=N with a date"),
        ((*BUY, "--cash", "1", "--price", "X"), "--price takes NAME=VALUE"),
        ((*BUY, "--cash", "1", "--price", "Y=0"), "--price Y must be above 0"),
        ((*BUY, "--cash", "1", "--asset", "X:shortabel=true"), "did you mean 'shortable'"),
        ((*BUY, "--cash", "1", "--asset", "X:shortable=1"), "--asset shortable takes true or false"),
        ((*BUY[:-2], "--cash", "1", "--at", "noon"), "--at takes an ISO 8601 time"),
        ((*BUY, "--positions", "p.json", "--cash", "1"), "--positions goes with --account"),
        ((*BUY, "--account", "nowhere.json"), "nowhere.json: cannot be read"),
        ((*BUY, "--account", "nowhere.json", "--cash", "1"), "--cash and --account both say"),
    ],
)
def test_bad_input_is_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence.replace("(", "\\(")) as error:
        ask(*arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"account": []}, "--account: this is not Alpaca's account"),
        ({"account": alpaca_account(cash="lots")}, "--account: cash must be a number"),
        ({"account": alpaca_account()}, "give them with --positions"),
        ({"account": alpaca_account(daytrade_count=-1), "positions": []}, "daytrade_count must be a whole number"),
        ({"account": alpaca_account(), "positions": {}}, "--positions: this is not Alpaca's list"),
        ({"account": alpaca_account(), "positions": [{"qty": 1}]}, "item 1 of the positions has no symbol"),
        ({"account": alpaca_account(), "positions": [{"symbol": "X", "qty": "1"}]}, "current_price and lastday_price are both missing"),
        ({"account": alpaca_account(), "positions": [POSITION, POSITION]}, "X is listed twice"),
        (
            {"account": alpaca_account(), "positions": [], "orders": [alpaca_order("o", "x", "buy", status="odd")]},
            "status 'odd' is not known",
        ),
        (
            {"account": alpaca_account(), "positions": [], "orders": [alpaca_order("o", "x", "buy")]},
            "submitted_at must be an ISO 8601 time",
        ),
        ({"account": alpaca_account(), "positions": [], "orders": [alpaca_order("o", "", "buy", legs=3)]}, "legs of item 1: this is not"),
        ({"account": alpaca_account(), "positions": [], "orders": [alpaca_order("o", "", "bye")]}, "side must be buy or sell"),
    ],
)
def test_files_that_are_not_alpacas(tmp_path: Path, files: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        ask(*BUY, *write(tmp_path, **files))
