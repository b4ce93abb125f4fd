"""Everything that cannot be is exit 2 with ``FILE:LINE: sentence``; nothing is skipped silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bt_pdt.audits.history import Flags, audit
from bt_pdt.core.errors import BadInput

Line = dict[str, Any] | str
DAY = "2025-03-03"
ACCOUNT = {"event": "account", "at": f"{DAY}T09:00:00", "cash": 10_000}
PRICE = {"event": "price", "at": f"{DAY}T09:30:00", "symbol": "X", "price": 50}


def order(name: str = "1", **more: Any) -> dict[str, Any]:
    return {"event": "order", "at": f"{DAY}T09:45:00", "id": name, "symbol": "X", "side": "buy", "qty": 10} | more


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"event": kind, "at": f"{DAY}T10:00:00"} | more


def without(line: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in line.items() if k != key}


def started(*lines: Line) -> list[Line]:
    return [ACCOUNT, PRICE, *lines]


#: name -> (lines, the number of the line that is wrong, what the sentence says)
CASES: dict[str, tuple[list[Line], int, str]] = {
    "unknown event": (started({"event": "oder", "at": f"{DAY}T10:00:00"}), 3, "event 'oder' is not known; did you mean 'order'?"),
    "unknown key": (started(order(quantity=1)), 3, "key of order 'quantity' is not known"),
    "unknown key of the account": ([ACCOUNT | {"csh": 1}], 1, "key of account 'csh' is not known; did you mean 'cash'?"),
    "unknown key of a position": ([ACCOUNT | {"positions": [{"symbol": "X", "qty": 1, "prise": 1}]}], 1, "did you mean 'price'?"),
    "no event key": (started({"at": f"{DAY}T10:00:00"}), 3, "the 'event' key is missing"),
    "missing key": (started(without(order(), "qty")), 3, "order lacks 'qty'"),
    "missing cash": ([without(ACCOUNT, "cash")], 1, "account lacks 'cash'"),
    "missing price of a fill": (started(order(), event("fill", order="1")), 4, "fill lacks 'price'"),
    "fill of nothing": (started(event("fill", price=50)), 3, "a fill without order needs symbol, side and qty"),
    "close of nothing": (started({"event": "close"}), 3, "close needs at or session"),
    "not JSON": (started('{"event": '), 3, "this is not JSON"),
    "not an object": (started("[1]"), 3, "each line must be an object"),
    "a key twice": (started('{"event": "price", "at": "2025-03-03T10:00:00", "symbol": "X", "price": 5, "price": 6}'), 3, "stands twice"),
    "number as text": (started(order(qty="10")), 3, "qty must be"),
    "cash as text": ([ACCOUNT | {"cash": "10000"}], 1, "cash must be a finite number, got '10000'"),
    "flag as text": (started(order(extended_hours="true")), 3, 'extended_hours must be true or false, got "true"'),
    "flag as a number": (started(event("flag", pattern_day_trader=1)), 3, "pattern_day_trader must be true or false"),
    "number as a flag": (started(order(qty=True)), 3, "qty must be"),
    "text as a number": (started(order(symbol=5)), 3, "symbol must be text, got 5"),
    "empty symbol": (started(order(symbol="")), 3, 'symbol must be text, got ""'),
    "time that is none": (started(order(at="soon")), 3, "at must be an ISO 8601 time"),
    "positions that are no list": ([ACCOUNT | {"positions": {}}], 1, "positions must be a list"),
    "set that is no object": ([ACCOUNT | {"set": []}], 1, "set must be an object"),
    "day trades in halves": ([ACCOUNT | {"daytrades": [{"session": DAY, "symbol": "X", "count": 0.5}]}], 1, "count must be a whole number"),
    "time going backwards": (started(order(at=f"{DAY}T09:29:59")), 3, "time goes backwards"),
    "time before the account": ([ACCOUNT, PRICE | {"at": f"{DAY}T08:00:00"}], 2, "time goes backwards"),
    "time backwards across offsets": (started(order(at=f"{DAY}T14:00:00Z")), 3, "time goes backwards"),
    "NaN": (started('{"event": "price", "at": "2025-03-03T10:00:00", "symbol": "X", "price": NaN}'), 3, "NaN is not a finite number"),
    "infinity": (started('{"event": "price", "at": "2025-03-03T10:00:00", "symbol": "X", "price": -Infinity}'), 3, "not a finite number"),
    "too large for a float": (
        started('{"event": "price", "at": "2025-03-03T10:00:00", "symbol": "X", "price": 1e999}'),
        3,
        "finite number",
    ),
    "no qty at all": (started(order(qty=0)), 3, "qty must be"),
    "negative qty": (started(order(qty=-10)), 3, "qty must be"),
    "price of nothing": (started(PRICE | {"price": 0}), 3, "price must be"),
    "limit of nothing": (started(order(type="limit", limit_price=0)), 3, "limit_price must be"),
    "stop below nothing": (started(order(type="stop", stop_price=-1)), 3, "stop_price must be"),
    "trail of nothing": (started(order(type="trailing_stop", trail_percent=0)), 3, "trail_percent must be"),
    "take profit of nothing": (started(order(order_class="bracket", take_profit=0, stop_loss=1)), 3, "take_profit must be"),
    "deposit of nothing": (started(event("deposit", amount=0)), 3, "amount must be"),
    "negative withdrawal": (started(event("withdraw", amount=-1)), 3, "amount must be"),
    "split by nothing": (started(event("split", symbol="X", ratio=0)), 3, "ratio must be"),
    "fill price below nothing": (started(order(), event("fill", order="1", price=-1)), 4, "price must be"),
    "order that does not exist": (started(order(), event("cancel", order="2")), 4, "order '2' is not known"),
    "fill of what does not exist": (started(order("abc"), event("fill", order="abd", price=5)), 4, "did you mean 'abc'?"),
    "replacing what does not exist": (started(event("replace", order="1", qty=5)), 3, "order '1' is not known"),
    "id twice": (started(order(), order()), 4, "the order id '1' is used twice"),
    "id of a leg": (
        started(order("1.tp"), order(order_class="bracket", take_profit=60, stop_loss=40)),
        4,
        "the order id 1.tp is used twice",
    ),
    "fill of more than is left": (started(order(), event("fill", order="1", price=50, qty=11)), 4, "has 10 left to fill, got a fill of 11"),
    "second fill of more than is left": (
        started(order(), event("fill", order="1", price=50, qty=6), event("fill", order="1", price=50, qty=5)),
        5,
        "has 4 left to fill, got a fill of 5",
    ),
    "fill of a filled order": (started(order(), event("fill", order="1", price=50), event("fill", order="1", price=50)), 5, "is filled"),
    "fill of a cancelled order": (started(order(), event("cancel", order="1"), event("fill", order="1", price=50)), 5, "is canceled"),
    "fill of an expired order": (started(order(), event("expire", order="1"), event("fill", order="1", price=50)), 5, "cannot be filled"),
    "fill of a leg before its entry": (
        started(order(order_class="bracket", take_profit=60, stop_loss=40), event("fill", order="1.tp", price=60)),
        4,
        "starts when its entry is filled in full",
    ),
    "cancelling a refused order": (started(order(qty=9_000), event("cancel", order="1")), 4, "is refused, so it cannot be cancelled"),
    "cancelling twice": (started(order(), event("cancel", order="1"), event("cancel", order="1")), 5, "is canceled"),
    "replacing a cancelled order": (
        started(order(), event("cancel", order="1"), event("replace", order="1", qty=5)),
        5,
        "cannot be replaced",
    ),
    "replacing nothing": (started(order(), event("replace", order="1")), 4, "replace needs qty, limit_price or stop_price"),
    "replacing a limit that is not there": (
        started(order(), event("replace", order="1", limit_price=5)),
        4,
        "has no limit_price to replace",
    ),
    "market order without a price": ([ACCOUNT, order()], 2, "X has no price yet"),
    "trailing stop without a price": ([ACCOUNT, order(type="trailing_stop", trail_price=1)], 2, "X has no price yet"),
    "limit order without its limit": (started(order(type="limit")), 3, "a limit order needs limit_price"),
    "stop order without its stop": (started(order(type="stop")), 3, "a stop order needs stop_price"),
    "stop limit order without its stop": (started(order(type="stop_limit", limit_price=5)), 3, "needs stop_price"),
    "trailing stop without its trail": (started(order(type="trailing_stop")), 3, "needs trail_price or trail_percent"),
    "bracket without exits": (started(order(order_class="bracket", take_profit=60)), 3, "takes take_profit and stop_loss"),
    "exits of a simple order": (started(order(take_profit=60)), 3, "takes neither take_profit nor stop_loss"),
    "unknown side": (started(order(side="long")), 3, "side 'long' is not known"),
    "unknown type": (started(order(type="limt", limit_price=5)), 3, "type 'limt' is not known; did you mean 'limit'?"),
    "unknown class": (started(order(order_class="brackets")), 3, "did you mean 'bracket'?"),
    "unknown time in force": (started(order(time_in_force="gtd")), 3, "time_in_force 'gtd' is not known"),
    "no account line first": ([PRICE, ACCOUNT], 1, "the first line must be the account event"),
    "a second account line": ([ACCOUNT, ACCOUNT], 2, "there is a second account line"),
    "nothing at all": ([], 1, "the history is empty"),
    "unknown brokerage": ([ACCOUNT | {"brokerage": "alpacca"}], 1, "brokerage 'alpacca' is not known; did you mean 'alpaca'?"),
    "unknown rules": ([ACCOUNT | {"rules": "asof"}], 1, "rules takes as_of, off or a date"),
    "unknown check": ([ACCOUNT | {"pdt_check": "exitt"}], 1, "pdt_check 'exitt' is not known; did you mean 'exit'?"),
    "unknown DTBP check": ([ACCOUNT | {"dtbp_check": "none"}], 1, "dtbp_check 'none' is not known"),
    "unknown parameter": ([ACCOUNT | {"set": {"equity_tst": "current"}}], 1, "did you mean 'equity_test'?"),
    "a parameter's wrong value": ([ACCOUNT | {"set": {"equity_test": "curent"}}], 1, "did you mean 'current'?"),
    "unknown account type": ([ACCOUNT | {"account_type": "ira"}], 1, "account_type 'ira' is not known"),
    "before the law": ([ACCOUNT | {"at": "1995-03-01T09:00:00"}], 1, "2001-09-28"),
    "closing twice": (started(event("close", at=f"{DAY}T16:00:00"), event("close", at=f"{DAY}T16:00:00")), 4, "is already closed"),
    "closing a Sunday": (started({"event": "close", "session": "2025-03-09"}), 3, "is not a session"),
}


def text(lines: list[Line]) -> list[str]:
    return [line if isinstance(line, str) else json.dumps(line) for line in lines]


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str) -> None:
    lines, number, sentence = CASES[name]
    with pytest.raises(BadInput) as error:
        audit(text(lines), "history.jsonl")
    said = str(error.value)
    assert said.startswith(f"history.jsonl:{number}: "), said
    assert sentence in said
    assert "\n" not in said


def test_blank_lines_are_counted_but_ignored() -> None:
    with pytest.raises(BadInput, match=r"^h:5: "):
        audit(["", *text([ACCOUNT]), "   ", *text([PRICE]), "{"], "h")


def test_flags_are_checked_like_the_account_line() -> None:
    for flags in (Flags(brokerage="alpacca"), Flags(rules="asof"), Flags(set={"equity_tst": "current"})):
        with pytest.raises(BadInput, match=r"^h:1: "):
            audit(text([ACCOUNT]), "h", flags)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from bt_pdt.cli import cli

    path = tmp_path / "h.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    result = CliRunner().invoke(cli, ["audit", str(path)], standalone_mode=False)
    assert isinstance(result.exception, BadInput)
    assert "is not UTF-8 text" in str(result.exception)


def test_what_is_legal() -> None:
    """Fractions, equal times, negative cash, a signed position, signed interest, days that are no session."""
    lines = [
        ACCOUNT | {"cash": -1_000, "positions": [{"symbol": "Y", "qty": 100.5, "price": 40}]},
        PRICE,
        order("1", qty=0.5, at=PRICE["at"]),
        event("interest", amount=-3.5),
        event("fee", amount=0.01),
        event("dividend", amount=-1),
        {"event": "price", "at": "2025-03-08T12:00:00", "symbol": "X", "price": 51},
        {"event": "asset", "symbol": "Z", "leverage": -3},
    ]
    assert len(audit(text(lines))["decisions"]) == 1
