"""A run to turn the knobs of, in a notebook: size of account, mode and brokerage change the picture and the numbers.

ipywidgets is an extra: ``pip install "bt_pdt[jupyter]"``. It is imported when an explorer is made, not before.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput, known_name
from ..core.orders import positive
from ..law.brokerages import NAMES
from ..runs import study
from .variants import MODES, handed_on

if TYPE_CHECKING:
    from ..results import Result
    from ..runs.study import Source

#: Dollars from which on and up to which the slider goes; a size given beyond them widens it.
LOWEST, HIGHEST, STEP = 2_000, 100_000, 500
#: So many runs are kept; the one that was looked at the longest time ago goes first.
KEPT = 32
WIDTH = 9.0
#: What each mode is called.
LABELS = {"off": "rules off", "entry": "Block on Entry", "exit": "Block on Exit", "both": "both"}
#: The arguments that ``explore`` has besides those of ``bt_pdt.run``.
OWN = ("cash", "mode", "brokerage", "brokerages", "rules", "symbols", "fromdate", "todate")


class Shown(NamedTuple):
    """One run as the explorer shows it: what happened, its picture as PNG, its numbers as HTML."""

    result: Result
    picture: bytes
    numbers: str


class Explorer:
    """What :func:`explore` gives: the last expression of a notebook's cell shows it.

    ``cash``, ``mode`` and ``brokerage`` are the widgets: setting a ``value`` runs the strategy, or takes the run out of ``runs``, and
    fills ``picture`` and ``numbers``. ``result`` is the :class:`~bt_pdt.results.Result` that is shown, None where a run cannot be made:
    ``numbers`` says why. ``view`` holds all of it.
    """

    def __init__(self, strategy: type, bars: Any, given: dict[str, Any], cash: float, mode: str, firms: list[str], brokerage: str) -> None:
        widgets = _widgets()
        self._strategy, self._bars, self._given = strategy, bars, given
        #: Runs that were made, by cash, mode and brokerage.
        self.runs: dict[tuple[float, str, str], Shown] = {}
        self.result: Result | None = None
        self.cash = widgets.FloatSlider(
            value=cash,
            min=min(LOWEST, cash),
            max=max(HIGHEST, cash),
            step=STEP,
            readout_format="$,.0f",
            description="account",
            continuous_update=False,
            layout=widgets.Layout(width="420px"),
        )
        self.mode = widgets.ToggleButtons(value=mode, options=[(LABELS[name], name) for name in MODES], description="mode")
        self.brokerage = widgets.Dropdown(value=brokerage, options=firms, description="brokerage")
        self.picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.numbers = widgets.HTML()
        self.view = widgets.VBox([widgets.HBox([self.cash, self.brokerage]), self.mode, self.picture, self.numbers])
        self._show()
        for widget in (self.cash, self.mode, self.brokerage):
            widget.observe(self._show, names="value")

    def __repr__(self) -> str:
        return f"<Explorer of {self._strategy.__name__}: ${self.cash.value:,.0f}, {LABELS[self.mode.value]}, {self.brokerage.value}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.view._repr_mimebundle_(include=include, exclude=exclude) | {"text/plain": repr(self)}

    def _show(self, change: Any = None) -> None:
        key = (float(self.cash.value), str(self.mode.value), str(self.brokerage.value))
        try:
            shown = self.runs.pop(key, None) or self._run(*key)
        except BadInput as error:
            if change is None:
                raise
            self.result, self.picture.value, self.numbers.value = None, b"", f"<div>! {escape(str(error))}</div>"
            return
        self.runs[key] = shown
        while len(self.runs) > KEPT:
            del self.runs[next(iter(self.runs))]
        self.result, self.picture.value, self.numbers.value = shown

    def _run(self, cash: float, mode: str, brokerage: str) -> Shown:
        law = {"rules": "off"} if mode == "off" else {"block_on": mode}
        result = study.run(self._strategy, self._bars, **self._given | law | {"cash": cash, "brokerage": brokerage})
        drawn = io.BytesIO()
        result.figure(width=WIDTH).savefig(drawn, format="png")
        return Shown(result, drawn.getvalue(), result._repr_html_())


def explore(
    strategy: type | str | Path,
    data: Source | Iterable[Source],
    *,
    cash: float = 24_000.0,
    mode: str = "exit",
    brokerage: str = "alpaca",
    brokerages: str | Iterable[str] = NAMES,
    rules: str | date = "as_of",
    symbols: Iterable[str] | None = None,
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    **arguments: Any,
) -> Explorer:
    """A strategy in a notebook, with widgets for the size of the account, the mode (off, entry, exit, both) and the brokerage.

    Each change runs it again and shows the picture of the run and its numbers; a run made before is shown at once. ``cash``, ``mode`` and
    ``brokerage`` are what it begins with, ``brokerages`` those to choose from, ``rules`` is ``as_of`` or a day whose law holds throughout.
    Everything else is handed on to :func:`bt_pdt.run`. Needs ipywidgets (``pip install "bt_pdt[jupyter]"``). Raises :class:`BadInput` for
    what cannot be used.
    """
    _widgets()
    known_name("mode", mode, MODES)
    firms = list(dict.fromkeys([brokerage, *([brokerages] if isinstance(brokerages, str) else brokerages)]))
    for firm in firms:
        known_name("brokerage", firm, NAMES)
    positive("cash", cash)
    if rules == "off":
        raise BadInput('rules takes as_of or a date; the run with the rules off is the mode "off".')
    given = handed_on("explore", OWN, arguments)
    names = None if symbols is None else [symbols] if isinstance(symbols, str) else list(symbols)
    bars = study.load_bars(data, symbols=names, fromdate=fromdate, todate=todate)
    chosen = study.load_strategy(strategy)
    return Explorer(chosen, bars, given | {"rules": rules, "symbols": names}, float(cash), mode, firms, brokerage)


def _widgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise BadInput('the explorer needs ipywidgets, which is not installed: pip install "bt_pdt[jupyter]".') from None
    return ipywidgets
