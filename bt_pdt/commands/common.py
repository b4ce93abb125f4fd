"""Options that several verbs share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..core.errors import BadInput, UnknownName
from ..law.brokerages import NAMES

if TYPE_CHECKING:
    from ..results import Result


class Verbs(click.Group):
    """A group of verbs whose slips name the nearest one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            raise click.UsageError(str(UnknownName("command", args[0], known)))
        return super().resolve_command(ctx, args)


F = TypeVar("F", bound=Callable[..., Any])
MODES = ("entry", "exit", "both")


def account_options(command: F) -> F:
    """--brokerage, --rules, --pdt-check, --dtbp-check, --set: how the account is judged."""
    for option in reversed(
        [
            click.option(
                "--brokerage",
                metavar="NAME",
                help=f"alpaca (default), finra (the bare law), {', '.join(n for n in NAMES if n not in ('alpaca', 'finra'))}.",
            ),
            click.option("--rules", metavar="as_of|DATE|off", help="The law of each day (default), of one day throughout, or none."),
            click.option("--pdt-check", metavar="MODE", help="Where the day-trade count refuses: entry, exit or both."),
            click.option("--dtbp-check", metavar="MODE", help="Where day-trading buying power refuses: entry, exit or both."),
            click.option(
                "--set",
                "overrides",
                metavar="NAME=VALUE",
                multiple=True,
                help="Overrides a parameter; 'bt-pdt rules --parameters' lists them.",
            ),
        ]
    ):
        command = option(command)
    return command


def every_run_options(command: F) -> F:
    """--asset, --deposit, --on-call, --worst-price, --no-costs, --symbols: what is the same in every run of a comparison or a search."""
    for option in reversed(
        [
            click.option(
                "--asset", "assets", metavar="SYM:FACT=VALUE,...", multiple=True, help="Facts of a security, like TQQQ:leverage=3."
            ),
            click.option(
                "--deposit", "deposits", metavar="DAY=DOLLARS", multiple=True, help="Comes in at the open of that session, in every run."
            ),
            click.option(
                "--on-call", metavar="WORD", help="The customer's answer to a margin call: ignore (default), deposit or liquidate."
            ),
            click.option(
                "--worst-price", is_flag=True, help="Tests equity at each bar's low (of shorts: high) too, not at its close alone."
            ),
            click.option("--no-costs", is_flag=True, help="Charges neither margin interest nor borrow fees."),
            click.option("--symbols", metavar="A,B", help="Only these symbols; the strategy sees them in this order."),
        ]
    ):
        command = option(command)
    return command


#: the options of :func:`load_options`, as ``bt_pdt.load`` and ``study.load_bars`` call them
LOAD_OPTIONS = ("symbol", "stamp", "tz", "timeframe", "columns", "drop_bad", "unadjust")


def load_options(command: F) -> F:
    """--symbol, --stamp, --tz, --timeframe, --columns, --drop-bad, --unadjust: what a user may have to say about his files."""
    for option in reversed(
        [
            click.option("--symbol", metavar="NAME", help="Names bars that carry no symbol; picks one of several."),
            click.option("--stamp", metavar="start|end", help="The side of the bar its time marks."),
            click.option("--tz", metavar="ZONE", help="Zone of times that carry none, such as America/New_York or UTC."),
            click.option("--timeframe", metavar="LENGTH", help="Length of a bar: '1 minute', '15 minutes', '1 hour', '1 day'."),
            click.option("--columns", metavar="ROLE=NAME,...", help="Names columns by what they are, like close=Last,volume=Qty."),
            click.option("--drop-bad", is_flag=True, help="Leave bad rows of the data out and count them instead of stopping."),
            click.option(
                "--unadjust", metavar="SPLITS|own", help="Makes adjusted prices raw again by a file of splits, or by the bars' own columns."
            ),
        ]
    ):
        command = option(command)
    return command


def loading(options: dict[str, Any]) -> dict[str, Any]:
    """The options of :func:`load_options` as arguments of the loader; what was not given is left out."""
    given = {name: options[name] for name in LOAD_OPTIONS if options[name]}
    if "columns" in given:
        given["columns"] = pairs("--columns", tuple(given["columns"].split(",")))
    return given


def a_day(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """A date as it was typed, refused by the option's own name if it is none (a callback of click)."""
    if text is not None:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise BadInput(f"{option.opts[0]} takes a date like 2026-06-04, got {text!r}.") from None
    return text


def pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` options as a dict."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"{option} takes NAME=VALUE, got {text!r}.")
        found[name.strip()] = value.strip()
    return found


def read_json(path: str) -> Any:
    """A JSON file; raises :class:`BadInput` naming it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({os.strerror(error.errno or 0).lower()}).") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: is not JSON ({error}).") from None


def out_folder(path: str | None) -> Path | None:
    """The folder named by --out, made if need be; raises :class:`BadInput` if it cannot be."""
    if path is None:
        return None
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {path}: the folder cannot be made ({os.strerror(error.errno or 0).lower()}).") from None
    return folder


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def run_json(result: Result, folder: Path | None) -> dict[str, Any]:
    """What ``--json`` prints of a run, and where it is saved."""
    from ..results.folder import plain

    lists = {"call_list": result.call_rows, "restriction_list": result.restriction_rows, "warnings": list(result.warnings)}
    found: dict[str, Any] = plain(result.summary | lists | {"out": str(folder) if folder else None})
    return found
