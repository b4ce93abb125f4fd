"""``bt-pdt audit``: an account's history, order by order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput
from .common import MODES, account_options, out_folder, pairs, print_json
from .owed import show_owed

if TYPE_CHECKING:
    from ..audits.exports.building import Imported
    from ..audits.history import Audit


@click.command()
@click.argument("history", nargs=-1, required=True, metavar="HISTORY.jsonl")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a report.")
@account_options
@click.option(
    "--from",
    "source",
    metavar="NAME|auto",
    help="Import a brokerage's own files: --from alpaca orders.json activities.json, --from auto FILE.",
)
@click.option("--cash", type=float, help="With --from: the cash before the first activity (default: reckoned from account.json).")
@click.option("--at", "start", metavar="TIME", help="With --from: when the account line stands (default: the first activity's day).")
@click.option("--out", metavar="DIR", help="Also write audit.json, audit.txt and, with --from, history.jsonl.")
def audit(
    history: tuple[str, ...],
    as_json: bool,
    brokerage: str | None,
    rules: str | None,
    pdt_check: str | None,
    dtbp_check: str | None,
    overrides: tuple[str, ...],
    source: str | None,
    cash: float | None,
    start: str | None,
    out: str | None,
) -> None:
    """Says, for every order of a history, whether the brokerage would have accepted it, why not, and what would have passed.

    HISTORY.jsonl holds one event a line; '-' reads standard input. Exit 0 whatever was refused, 2 for input that cannot be.
    """
    from ..audits.history import Flags, play
    from ..core.errors import known_name

    for name, mode in (("--pdt-check", pdt_check), ("--dtbp-check", dtbp_check)):
        if mode is not None:
            known_name(name, mode, MODES)
    flags = Flags(brokerage, rules, pdt_check, dtbp_check, pairs("--set", overrides))
    imported: list[str] | None = None
    if source is not None:
        from ..audits.broker_history import play_real

        player, played = play_real(_imported(source, history, cash, start), flags)
        imported = played.lines
        for note in played.notes:
            click.echo(f"note: {note}", err=True)
    else:
        if cash is not None or start is not None:
            raise BadInput("--cash and --at go with --from; the account line of a history says both.")
        if len(history) != 1:
            raise BadInput("audit takes one HISTORY.jsonl; several files go with --from.")
        name = "<stdin>" if history[0] == "-" else history[0]
        player = play(_lines(history[0]), name, flags)
    result = player.result()
    folder = out_folder(out)
    report = "" if as_json and folder is None else readable(player, result)
    if folder is not None:
        (folder / "audit.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (folder / "audit.txt").write_text(report, encoding="utf-8")
        if imported is not None:
            (folder / "history.jsonl").write_text("\n".join(imported) + "\n", encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        click.echo(report, nl=False)
        if folder is not None:
            click.echo(f"wrote {folder / 'audit.json'} and {folder / 'audit.txt'}")


def _imported(name: str, paths: tuple[str, ...], cash: float | None, start: str | None) -> Imported:
    """The files of the brokerage ``name`` as a history; ``auto`` recognises whose they are."""
    from ..audits.alpaca_files import are_alpacas, from_alpaca
    from ..audits.exports.brokers import from_export
    from ..audits.exports.layouts import NAMES
    from ..core.errors import known_name

    known_name("--from", name, ("alpaca", "auto", *NAMES))
    if name == "alpaca" or (name == "auto" and are_alpacas(paths)):
        return from_alpaca(paths, cash, start)
    return from_export(name, paths, cash, start)


def _lines(path: str) -> Iterator[str]:
    if path == "-":
        yield from sys.stdin
        return
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            yield from file
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({(error.strerror or 'unknown').lower()}).") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text.") from None


def readable(player: Audit, result: dict[str, Any]) -> str:
    """The report of a played history as text: refusals first, each with its sentence, then calls and restrictions with their numbers."""
    from io import StringIO

    from rich.console import Console
    from rich.table import Table

    from ..results import owed

    account = player.account
    assert account is not None
    text = StringIO()
    console = Console(file=text, width=110, highlight=False, markup=False)
    decisions = result["decisions"]
    refused = [d for d in decisions if not d["accepted"]]
    console.print(f"{len(decisions)} decisions, {len(refused)} refused.\n")
    for d in refused:
        what = f"{d['side']} {d['qty']} {d['symbol'] or ''}".strip()
        console.print(f"REFUSED  {d['at']}  order {d['order']}: {what}" if d["order"] else f"REFUSED  {d['at']}  {what}")
        console.print(f"         {d['http_status']} {d['code'] or ''} {d['message']}")
        console.print(f"         {d['reason']}: {d['why']}")
        passes, extra = d["would_pass"], ""
        if passes["qty"]:
            extra += f" {passes['qty']} would pass now."
        if passes["on"]:
            extra += f" It would pass on {passes['on']}."
        also = f" Also fails: {', '.join(d['also'])}." if d["also"] else ""
        console.print(f"         rule: {d['rule']}.{extra}{also}\n")
    advised = [d for d in decisions if d["advice"]]
    for d in advised:
        for a in d["advice"]:
            console.print(f"accepted, order {d['order']}: {a['sentence']}")
    if advised:
        console.print()
    for c in result["contradictions"]:
        console.print(f"CONTRADICTION  order {c['order']} was executed at {c['at']} although it would be refused ({c['reason']}).")
    calls = owed.call_rows(account.journal, account.calls)
    restrictions = owed.restriction_rows(account.journal, account.restrictions)
    if calls or restrictions:
        show_owed(console, calls, restrictions, None, "the calls of --json")
        console.print()
    if result["day_trades"]:
        table = Table("session", "symbol", "day trades", title="Day trades", title_justify="left")
        for row in result["day_trades"]:
            table.add_row(row["session"], row["symbol"], str(row["count"]))
        console.print(table)
    if result["sessions"]:
        names = {
            "session": "session",
            "equity": "equity",
            "maintenance_margin": "mainten.",
            "initial_margin": "initial",
            "daytrade_count": "count",
            "multiplier": "x",
            "bod_dtbp": "DTBP start",
            "lowest_daytrading_buying_power": "lowest",
            "regt_buying_power": "Reg T",
            "lowest_intraday_margin_level": "lowest IML",
            "intraday_margin_deficit": "IMD",
        }
        shown = [key for key in names if any(row[key] for row in result["sessions"])]
        table = Table(title="Sessions (dollars)", title_justify="left")
        for key in shown:
            table.add_column(names[key], justify="left" if key == "session" else "right", no_wrap=True)
        for row in result["sessions"]:
            table.add_row(*("-" if row[k] is None else f"{row[k]:,.0f}" if isinstance(row[k], float) else str(row[k]) for k in shown))
        console.print(table)
    state = result["account"]
    console.print(
        f"Account at the end: equity ${state['equity']:,.2f}, cash ${state['cash']:,.2f}, "
        f"maintenance ${state['maintenance_margin']:,.2f}, buying power ${state['buying_power']:,.2f}."
    )
    return text.getvalue()
