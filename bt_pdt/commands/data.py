"""``bt-pdt data``: sample bars, a look at a user's bars, and their conversion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..core.errors import BadInput
from .common import Verbs, load_options, loading, out_folder, print_json

if TYPE_CHECKING:
    from ..bars import Bars


@click.group(cls=Verbs)
def data() -> None:
    """Generates sample bars, reports on bar files, converts them."""


@data.command()
@click.option("--out", metavar="DIR", default="data", show_default=True, help="Folder to write to.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Another seed gives other bars (default: that of the bundled sample).")
@click.option("--json", "as_json", is_flag=True, help="The paths written as one JSON object.")
def generate(out: str, seed: int | None, as_json: bool) -> None:
    """Writes the synthetic sample: invented minute bars of four symbols around 2026-06-04, and an early close."""
    from ..bars.synthetic import SEED, write_sample

    seed = SEED if seed is None else seed
    folder = out_folder(out)
    assert folder is not None
    written = write_sample(folder, seed)
    if as_json:
        print_json({"seed": seed, "written": [str(path) for path in written]})
    else:
        click.echo("\n".join(f"wrote {path}" for path in written))


@data.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@load_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def report(files: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Says the detected format of each file, what is missing from it and what looks wrong with it."""
    results = [(path, _load(path, options)) for path in files]
    if as_json:
        print_json(
            {
                "files": [
                    {"file": p, "detected_format": b.detected_format, "sha256": b.sha256, "report": b.report.to_dict()} for p, b in results
                ]
            }
        )
    else:
        click.echo("\n\n".join(f"{bars.detected_format}\n\n{bars.report}" for _, bars in results))


@data.command()
@click.argument("file", metavar="FILE")
@click.option("--out", required=True, metavar="X.parquet", help="File to write; .csv writes text.")
@load_options
@click.option("--json", "as_json", is_flag=True, help="What was written as one JSON object.")
def convert(file: str, out: str, as_json: bool, **options: Any) -> None:
    """Writes a file of bars in the tidy layout: symbol, timestamp (UTC, START of the bar), open, high, low, close, volume."""
    target = Path(out)
    if target.suffix.lower() not in (".parquet", ".csv"):
        raise BadInput(f"--out {out}: bars are written as .parquet or .csv; give such a name.")
    bars = _load(file, options)
    rows = bars.tidy()
    try:
        if target.suffix.lower() == ".csv":
            rows.to_csv(target, index=False)
        else:
            rows.to_parquet(target, compression="zstd", index=False)
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror or error}).") from None
    if as_json:
        print_json(
            {
                "detected_format": bars.detected_format,
                "written": out,
                "rows": len(rows),
                "symbols": list(bars.symbols),
                "sha256": bars.sha256,
            }
        )
    else:
        click.echo(f"{bars.detected_format}\nwrote {out}: {len(rows):,} bars of {bars.bar_length}")


def _load(path: str, options: dict[str, Any]) -> Bars:
    from ..bars import load

    return load(path, **loading(options))
