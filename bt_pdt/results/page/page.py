"""A run, or several to switch between, as one HTML file that needs nothing else: no network, no other file.

``write("report.html", [("Block on Exit", result)])``; ``Result.to_html`` and ``bt-pdt run --html`` do that with one. jinja2 is loaded when
a page is made. Whatever a user named (strategies, symbols, parameters) is text on the page and never markup.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.errors import BadInput
from . import page_data

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import Result

TEMPLATES = Path(__file__).parent / "templates"


class Section(NamedTuple):
    """Something more on a page, after its title and before its runs: sentences, a table, a matplotlib figure with its description."""

    title: str
    paragraphs: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    figure: Figure | None = None
    describes: str = ""


def html(
    results: Iterable[tuple[str, Result]],
    *,
    title: str | None = None,
    extra_sections: Iterable[Section] = (),
    comparison: Mapping[str, Any] | None = None,
) -> str:
    """The page as text. ``results`` are (name, result): with several, a reader switches between them.

    ``comparison`` is what :func:`bt_pdt.comparison.page.view` says of them; it stands above the runs.
    """
    import jinja2
    from markupsafe import Markup

    pairs = list(results)
    runs = [page_data.run(name, result, of=len(pairs)) for name, result in pairs]
    if not runs:
        raise BadInput("a page takes at least one result, got none.")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (Markup((TEMPLATES / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(
        title=title or runs[0]["words"]["title"],
        runs=[run["words"] for run in runs],
        blocks=[Markup(script_json(run["data"])) for run in runs],
        sections=[_section(section) for section in extra_sections],
        colours=page_data.colours(comparison["colours"] if comparison else {}),
        comparison=comparison,
        overlay=Markup(script_json(comparison["chart"])) if comparison else None,
        style=style,
        script=script,
    )


def write(
    file: str | Path,
    results: Iterable[tuple[str, Result]],
    *,
    title: str | None = None,
    extra_sections: Iterable[Section] = (),
    comparison: Mapping[str, Any] | None = None,
) -> Path:
    """Writes the page and returns its path; raises :class:`BadInput` with a sentence if it cannot be written."""
    target = require_file(file)
    text = html(results, title=title, extra_sections=extra_sections, comparison=comparison)
    try:
        target.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise BadInput(f"{file}: cannot be written ({(error.strerror or str(error)).lower()}).") from None
    return target


def require_file(file: str | Path) -> Path:
    """The path of a page that can be written; raises :class:`BadInput` before anything is done if it cannot."""
    target = Path(file).expanduser()
    if target.is_dir():
        raise BadInput(f"{file}: is a folder; name a file, like {Path(file) / 'report.html'}.")
    if not target.parent.is_dir():
        raise BadInput(f"{file}: there is no folder {target.parent} to write it to.")
    return target


def script_json(value: Any) -> str:
    """``value`` as JSON that may stand inside a script element: no ``<``, no line separator that ends a line of script."""
    from ..folder import plain

    text = json.dumps(plain(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _section(section: Section) -> dict[str, Any]:
    image = None
    if section.figure is not None:
        raw = io.BytesIO()
        section.figure.savefig(raw, format="png", dpi=110, facecolor="white")
        image = base64.b64encode(raw.getvalue()).decode("ascii")
    return section._asdict() | {"image": image}
