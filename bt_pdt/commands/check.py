"""``bt-pdt check``: one order against one account, before it is sent."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput, known_name
from .common import MODES, account_options, pairs, print_json

if TYPE_CHECKING:
    from ..account.account import Account
    from ..account.checks import OrderContext
    from ..audits.exports.stated import Stated
    from ..audits.snapshot import Snapshot
    from ..core.decisions import Decision
    from ..core.orders import OrderRequest


@click.command()
@click.argument("side", metavar="buy|sell")
@click.argument("qty")
@click.argument("symbol")
@click.option("--type", "kind", default="market", metavar="TYPE", help="market (default), limit, stop, stop_limit or trailing_stop.")
@click.option("--limit-price", type=float)
@click.option("--stop-price", type=float)
@click.option("--trail-price", type=float)
@click.option("--trail-percent", type=float)
@click.option("--order-class", default="simple", metavar="CLASS", help="simple (default), bracket, oco or oto.")
@click.option("--take-profit", type=float, metavar="PRICE")
@click.option("--stop-loss", type=float, metavar="PRICE")
@click.option("--time-in-force", default="day", metavar="day|gtc")
@click.option("--extended-hours", is_flag=True)
@click.option("--at", "moment", metavar="TIME", help="When it is sent, New York time unless it has an offset (default: now).")
@click.option("--price", "prices", multiple=True, metavar="SYM=PRICE", help="The last price of a symbol.")
@click.option("--cash", type=float, help="Cash before today's --fill lines; negative is a debit.")
@click.option("--equity", type=float, help="Instead of --cash: equity at last night's prices.")
@click.option("--position", "positions", multiple=True, metavar="SYM:QTY:PRICE", help="Held since last night, at its closing price.")
@click.option("--fill", "fills", multiple=True, metavar="SIDE:QTY:SYM:PRICE", help="Executed today; repeat it in the order of the day.")
@click.option("--working", multiple=True, metavar="SIDE:QTY:SYM[:LIMIT]", help="An open order, market or limit.")
@click.option("--last-equity", type=float, help="Equity at the previous close (default: cash and positions).")
@click.option("--last-maintenance-margin", type=float, help="Maintenance margin at the previous close.")
@click.option("--pattern-day-trader", is_flag=True, help="The account carries the designation.")
@click.option("--daytrades", multiple=True, metavar="N|DATE=N", help="Day trades in the window; without a date taken as today's.")
@click.option(
    "--asset",
    "assets",
    multiple=True,
    metavar="SYM:NAME=VALUE|FILE",
    help="A fact: leverage, marginable, shortable, easy_to_borrow, maintenance; or a FILE of Alpaca's asset JSON.",
)
@click.option("--account", "account_file", metavar="FILE", help="Alpaca's account JSON, instead of the numbers above.")
@click.option("--positions", "positions_file", metavar="FILE", help="With --account: Alpaca's positions JSON.")
@click.option("--orders", "orders_file", metavar="FILE", help="With --account: Alpaca's orders JSON, today's executed and the open ones.")
@click.option(
    "--activities", "activities_file", metavar="FILE", help="With --account: Alpaca's activities JSON, for today's exact executions."
)
@account_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def check(side: str, qty: str, symbol: str, as_json: bool, **options: Any) -> None:
    """Would one order pass, why not, and the largest that would.

    \b
    bt-pdt check buy 100 SPY --cash 30000 --price SPY=500
    bt-pdt check sell 50 SPY --account account.json --positions positions.json --orders orders.json

    With --account, what the brokerage states (blocks, multiplier, buying powers, its settings) decides
    too: 'accepted' is its answer.

    Exit 0 whatever the answer is, 2 for input that cannot be.
    """
    from ..core.orders import OrderRequest

    for name in ("pdt_check", "dtbp_check"):
        if options[name] is not None:
            known_name(f"--{name.replace('_', '-')}", options[name], MODES)
    for name, kinds in (("limit_price", ("limit", "stop_limit")), ("stop_price", ("stop", "stop_limit"))):
        if options[name] is not None and options["kind"] not in kinds and options["order_class"] != "oco":
            raise BadInput(f"a {options['kind']} order takes no --{name.replace('_', '-')}; add --type {kinds[0]}.")
    request = OrderRequest(
        symbol,
        side,
        _number("QTY", qty),
        type=options["kind"],
        order_class=options["order_class"],
        time_in_force=options["time_in_force"],
        extended_hours=options["extended_hours"],
        **{name: options[name] for name in ("limit_price", "stop_price", "trail_price", "trail_percent", "take_profit", "stop_loss")},
    )
    at = _moment(options["moment"])
    raw: dict[str, Any] = {}
    if options["account_file"] is not None:
        raw, known = _from_files(options, at)
    else:
        known = _from_numbers(options, at)
    files = [text for text in options["assets"] if _is_file(text)]
    texts = tuple(text for text in options["assets"] if text not in files)
    known.prices |= {name: _number(f"--price {name}", value) for name, value in pairs("--price", options["prices"]).items()}
    for name, price in known.prices.items():
        if not price > 0:
            raise BadInput(f"--price {name} must be above 0, got {price:g}.")
    known.assets = _together(known, _assets(texts), files, side)
    judged = {"brokerage": options["brokerage"] or "alpaca", "rules": options["rules"] or "as_of"}
    account = known.account(
        **judged, pdt_check=options["pdt_check"], dtbp_check=options["dtbp_check"], set=pairs("--set", options["overrides"])
    )
    if raw:
        from ..audits.snapshot import compare

        known.notes += compare(raw, account)
    from ..audits.exports.stated import judge

    result = answer(account, request, judge(account, request, known.stated), known.stated)
    result["notes"] = known.notes
    if as_json:
        print_json(result)
    else:
        click.echo(readable(result))


# -- what is known of the account


def _from_files(options: dict[str, Any], at: datetime) -> tuple[dict[str, Any], Snapshot]:
    from ..audits.snapshot import from_alpaca, read_payload

    given = ("cash", "equity", "positions", "fills", "working", "last_equity", "last_maintenance_margin", "pattern_day_trader", "daytrades")
    for name in given:
        if options[name] not in (None, (), False):
            option = {"positions": "--position", "fills": "--fill"}.get(name, "--" + name.replace("_", "-"))
            raise BadInput(f"{option} and --account both say what the account holds; give one of the two.")
    raw = read_payload(options["account_file"])
    raw = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
    names = ("positions_file", "orders_file", "activities_file")
    files = {name: read_payload(options[name], name) if options[name] is not None else None for name in names}
    return raw, from_alpaca(raw, files["positions_file"], files["orders_file"], at, files["activities_file"])


def _is_file(text: str) -> bool:
    """An --asset value that names a file of asset JSON, not a fact."""
    return "=" not in text and (text.endswith(".json") or Path(text).is_file())


def _together(known: Snapshot, facts: list[Any], files: list[str], side: str) -> list[Any]:
    """Facts of securities: what is typed outranks the asset files, and they what the positions say."""
    from dataclasses import asdict

    from ..audits.exports.stated import Stated, asset_facts
    from ..audits.snapshot import read_payload
    from ..core.orders import Asset

    found = {asset.symbol: {"marginable": asset.marginable} for asset in known.assets}
    for path in files:
        rows = read_payload(path, "asset")
        known.stated = known.stated or Stated()
        for symbol, more in asset_facts(rows if isinstance(rows, list) else [rows], known.stated, side).items():
            found[symbol] = found.get(symbol, {}) | more
    plain = asdict(Asset("X"))
    for asset in facts:
        found[asset.symbol] = found.get(asset.symbol, {}) | {k: v for k, v in asdict(asset).items() if k != "symbol" and v != plain[k]}
    return [Asset(symbol, **more) for symbol, more in found.items()]


def _from_numbers(options: dict[str, Any], at: datetime) -> Snapshot:
    from ..audits.snapshot import Snapshot, equity_agrees
    from ..core.orders import finite

    for name in ("positions_file", "orders_file", "activities_file"):
        if options[name] is not None:
            raise BadInput(f"--{name.removesuffix('_file')} goes with --account.")
    positions = [_position(text) for text in options["positions"]]
    cash, equity = options["cash"], options["equity"]
    if cash is None and equity is None:
        raise BadInput("what does the account hold? Give --cash or --equity, or Alpaca's own JSON with --account.")
    if cash is None:
        cash = finite("--equity", equity) - sum(qty * price for _, qty, price in positions)
    elif equity is not None:
        equity_agrees(finite("--cash", cash), finite("--equity", equity), positions)
    known = Snapshot(
        at,
        cash,
        positions,
        last_equity=options["last_equity"],
        last_maintenance_margin=options["last_maintenance_margin"],
        pattern_day_trader=options["pattern_day_trader"],
    )
    for text in options["daytrades"]:
        _day_trades(text, known)
    known.today = [(None, _fill(text)) for text in options["fills"]]
    known.today += [(_working(text, i), None) for i, text in enumerate(options["working"], 1)]
    return known


def _day_trades(text: str, known: Snapshot) -> None:
    day, equals, count = text.rpartition("=")
    if not count.isdecimal():
        raise BadInput(f"--daytrades takes N or DATE=N, got {text!r}.")
    if not equals:
        known.daytrades += int(count)
        return
    try:
        known.daytrades_on.append((date.fromisoformat(day), int(count)))
    except ValueError:
        raise BadInput(f"--daytrades takes N or DATE=N with a date like 2025-03-03, got {text!r}.") from None


def _position(text: str) -> tuple[str, float, float]:
    parts = text.split(":")
    if len(parts) != 3 or not parts[0]:
        raise BadInput(f"--position takes SYM:QTY:PRICE like SPY:100:500 (QTY negative for a short), got {text!r}.")
    return parts[0], _number("--position QTY", parts[1]), _number("--position PRICE", parts[2])


def _fill(text: str) -> Any:
    from ..core.orders import Fill

    parts = text.split(":")
    if len(parts) != 4:
        raise BadInput(f"--fill takes SIDE:QTY:SYM:PRICE like buy:100:SPY:500, got {text!r}.")
    return Fill(parts[2], parts[0], _number("--fill QTY", parts[1]), _number("--fill PRICE", parts[3]))


def _working(text: str, number: int) -> OrderRequest:
    from ..core.orders import OrderRequest

    parts = text.split(":")
    if len(parts) not in (3, 4):
        raise BadInput(f"--working takes SIDE:QTY:SYM or SIDE:QTY:SYM:LIMIT like sell:100:SPY:510, got {text!r}.")
    limit = {"type": "limit", "limit_price": _number("--working LIMIT", parts[3])} if len(parts) == 4 else {}
    return OrderRequest(parts[2], parts[0], _number("--working QTY", parts[1]), id=f"working {number}", **limit)  # type: ignore[arg-type]


def _assets(texts: tuple[str, ...]) -> list[Any]:
    from ..core.orders import Asset

    facts: dict[str, dict[str, Any]] = {}
    for text in texts:
        symbol, colon, fact = text.partition(":")
        name, equals, value = fact.partition("=")
        if not (symbol and colon and equals):
            raise BadInput(f"--asset takes SYM:NAME=VALUE like TQQQ:leverage=3, got {text!r}.")
        known_name("--asset", name, ("leverage", "marginable", "shortable", "easy_to_borrow", "maintenance"))
        if name in ("leverage", "maintenance"):
            facts.setdefault(symbol, {})[name] = _number(f"--asset {name}", value)
        elif value.lower() in ("true", "false"):
            facts.setdefault(symbol, {})[name] = value.lower() == "true"
        else:
            raise BadInput(f"--asset {name} takes true or false, got {value!r}.")
    return [Asset(symbol, **known) for symbol, known in facts.items()]


def _number(what: str, text: str) -> float:
    from ..core.orders import finite

    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"{what} must be a number, got {text!r}.") from None
    return finite(what, value)


def _moment(text: str | None) -> datetime:
    from zoneinfo import ZoneInfo

    new_york = ZoneInfo("America/New_York")
    if text is None:
        return datetime.now(new_york).replace(tzinfo=None)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--at takes an ISO 8601 time like 2025-03-03T09:45:00, got {text!r}.") from None
    return at.astimezone(new_york).replace(tzinfo=None) if at.tzinfo is not None else at


# -- the answer


def answer(account: Account, request: OrderRequest, decision: Decision, stated: Stated | None = None) -> dict[str, Any]:
    """The decision with every key of an audit decision, and the body, the other failing rules, the largest quantity and the account."""
    from ..account.checks import OrderContext
    from ..audits.exports.preview import preview
    from ..audits.exports.stated import every_refusal
    from ..audits.exports.stated import largest as largest_of
    from ..audits.history import decision_row, plain
    from ..core.decisions import Rejected

    row = decision_row(None, account.now, request.symbol, request.side, request.qty, decision)
    del row["order"]
    if isinstance(decision, Rejected):
        others = [r for r in every_refusal(account, request, stated) if r.reason != decision.reason]
        row["body"] = dict(decision.body)
        row["others"] = [{"reason": str(r.reason), "facts": plain(r.facts), "why": r.why} for r in others]
        largest = decision.would_pass.qty
    else:
        row["body"], row["others"] = None, []
        names = ("type", "limit_price", "stop_price", "trail_price", "trail_percent", "order_class")
        more = ("take_profit", "stop_loss", "time_in_force", "extended_hours")
        order = {name: getattr(request, name) for name in names + more}
        fractional = request.qty != int(request.qty)
        largest = account.max_quantity(request.symbol, request.side, fractional=fractional, **order)
        if stated is not None and account.refuses:
            largest = min(largest, largest_of(account, request, stated))
    row["largest"] = int(largest) if largest == int(largest) else largest
    row["requirement"] = _requirement(OrderContext(account, request))
    row["preview"] = preview(account, request)
    row["session"] = account.session.isoformat()
    row["account"] = account.state.to_dict()
    return row


def _requirement(context: OrderContext) -> dict[str, Any] | None:
    """What the opening part of an order requires: the rates used and their rule, and the dollars of each buying power that it takes. None
    for an order that opens nothing."""
    from ..audits.history import plain
    from ..law.rulebook import PDT

    if not context.opening or not context.price:
        return None
    rules = context.rules
    plain_dollars = context.scale == 1.0 and context.regt <= context.value * 1.001
    found = {
        "price": context.price,
        "value": context.value,
        "initial_rate": round(context.unit_regt / context.price / rules.regt_buying_power_multiple, 6),
        "day_rate": round(context.rate, 6),
        "rule": "regt_initial_long" if plain_dollars and context.sign > 0 else context.charge_rule,
        "regt_buying_power": context.regt,
    }
    if context.account.multiplier >= 4:
        found["daytrading_buying_power" if rules.regime == PDT else "intraday_buying_power"] = context.charge
    return {name: value if name.endswith("_rate") else plain(value) for name, value in found.items()}


def _rates(needed: dict[str, Any]) -> str:
    """The rates as one line."""
    from ..core.money import dollars, rate_in_words

    within = next((n for n in ("daytrading_buying_power", "intraday_buying_power") if n in needed), None)
    line = f"  requirement: initial margin {rate_in_words(needed['initial_rate'])}"
    if within is not None:
        line += f", within the day {rate_in_words(needed['day_rate'])}: uses {dollars(needed[within])} of {_words(within)}"
    else:
        line += f": uses {dollars(needed['regt_buying_power'])} of Reg T buying power"
    return f"{line} ({needed['rule']})"


def _words(name: str) -> str:
    return {"daytrading_buying_power": "day-trading buying power", "intraday_buying_power": "intraday buying power"}[name]


def readable(result: dict[str, Any]) -> str:
    """The answer in sentences."""
    what = f"{result['side']} {result['qty']:,} {result['symbol']}"
    firm = result["account"]["brokerage"]
    most = f"{result['largest']:,}"
    lines = []
    if result["accepted"]:
        lines.append(f"PASSES  {what} on {result['session']} at {firm}.")
        lines += [f"  {a['code']}: {a['sentence']}" for a in result["advice"]]
        lines += [_rates(result["requirement"])] if result["requirement"] else []
        lines.append(f"  largest that passes now: {most}")
    else:
        lines.append(f"REFUSED  {what} on {result['session']} at {firm}: {result['reason']}")
        lines.append(f"  {result['http_status']} {json.dumps(result['body'])}" if result["body"] else f"  {result['message']}")
        lines.append(f"  {result['why']}")
        lines.append(f"  rule: {result['rule']}")
        lines += [_rates(result["requirement"])] if result["requirement"] else []
        lines += [f"  also fails: {other['reason']}: {other['why']}" for other in result["others"]]
        lines.append(f"  largest that passes now: {most}")
        on = result["would_pass"]["on"]
        if on:
            lines.append(f"  first session on which it passes whole: {on}")
        elif "BUYING_POWER" in result["reason"] or result["reason"] == "DTBP":
            lines.append("  waiting does not help: money is what is missing.")
    if result["preview"]:
        from ..audits.exports.preview import table

        lines += table(result["preview"])
    lines += [f"note: {note}" for note in result["notes"]]
    return "\n".join(lines)
