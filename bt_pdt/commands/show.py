"""``bt-pdt show``: a saved run as ``bt-pdt run`` told it, or one of its tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import known_name
from .common import print_json, run_json
from .run import show as show_run

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--table", "name", metavar="NAME", help="One table: orders, refusals, fills, trades, account, calls ...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, the same as that of 'bt-pdt run'.")
def show(folder: str, name: str | None, as_json: bool) -> None:
    """Prints a run that 'bt-pdt run --out DIR' saved.

    \b
    bt-pdt show runs/exit
    bt-pdt show runs/exit --table refusals
    """
    from ..results.folder import read
    from ..results.tables import COLUMNS

    if name is not None:
        known_name("--table", name, COLUMNS)
    result = read(folder)
    if name is None:
        if as_json:
            print_json(run_json(result, Path(folder).expanduser().resolve()))
        else:
            show_run(result, folder)
        return
    table = getattr(result, name)
    table = table.reset_index() if name == "returns" else table
    if as_json:
        units = {column: about._asdict() for column, about in result.columns(name).items()}
        print_json({"table": name, "columns": units, "rows": rows_of(table)})
    else:
        click.echo(readable(table) if len(table) else f"no {name.replace('_', ' ')}.")


def readable(table: pd.DataFrame) -> str:
    """The whole table as text, nothing where there is nothing."""
    table = table.copy()
    for name, kind in table.dtypes.items():
        if str(kind).startswith("datetime64"):
            form = "%Y-%m-%d" if str(kind) == "datetime64[s]" else "%Y-%m-%d %H:%M:%S"
            table[name] = table[name].dt.strftime(form).fillna("")
    return str(table.to_string(index=False, na_rep="", justify="left"))


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON holds them: days and times as ISO text, null where there is nothing."""
    from ..results.folder import plain

    days = {name for name, kind in table.dtypes.items() if str(kind) == "datetime64[s]"}
    cells = table.astype(object).where(table.notna(), None)
    return [{name: plain(v.date() if name in days and v else v) for name, v in row.items()} for row in cells.to_dict("records")]
