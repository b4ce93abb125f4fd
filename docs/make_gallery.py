"""Makes the pictures of the gallery and their place on its page. ``python docs/make_gallery.py [--only NAME]...``

A picture is a function that gives a matplotlib Figure, under ``@picture(NAME, TITLE, CAPTION)``: write one more and run the script. Files go
to docs/gallery/NAME.png with a palette of 128 colours, so that the whole gallery stays small.
"""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import bt_pdt
from bt_pdt.account.requirements import requirement
from bt_pdt.commands import demo
from bt_pdt.core.orders import Asset, Fill
from bt_pdt.results import Result
from bt_pdt.runs.study import load_strategy, run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
FOLDER = DOCS / "gallery"
README_PICTURE = DOCS / "run.png"
PAGE = DOCS / "gallery.md"
BARS = ROOT / "data" / demo.SAMPLE
PLACE = re.compile(r"(<!-- gallery -->\n).*?(<!-- /gallery -->)", re.DOTALL)
COLOURS = 128
BLUE, RED, GREEN, GREY, ORANGE = "#2f6db5", "#c0392b", "#2e8b57", "#8a8a8a", "#d68910"
SWITCH = date(2026, 6, 4)


class Picture(NamedTuple):
    """One picture: its file name without the ending, what the page says, and what draws it."""

    name: str
    title: str
    caption: str
    draw: Callable[[], Figure]


PICTURES: dict[str, Picture] = {}


def picture(name: str, title: str, caption: str) -> Callable[[Callable[[], Figure]], Callable[[], Figure]]:
    """Enters a function that draws into the gallery."""

    def enter(draw: Callable[[], Figure]) -> Callable[[], Figure]:
        PICTURES[name] = Picture(name, title, caption, draw)
        return draw

    return enter


# -- runs that several pictures share


@cache
def four_ways() -> dict[str, Result]:
    """The demo's strategy with the rules off, Block on Entry, Block on Exit and Both."""
    return demo.run_all()


@cache
def on_margin() -> Result:
    """A strategy that buys three times its equity in a 3x fund and holds."""
    result: Result = run(
        ROOT / "strategies" / "leveraged_hold.py",
        BARS,
        cash=50_000,
        symbols=["IDX3"],
        params={"leverage": 3},
        assets=[Asset("IDX3", leverage=3)],
        fromdate=SWITCH,
    )
    return result


def axes(*, width: float = 9.0, height: float = 3.6, title: str = "") -> tuple[Figure, Axes]:
    """An empty figure in the manner of the others."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(color="#e6e6e6", linewidth=0.7)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=9)
    axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
    return figure, axis


def dollars(axis: Any) -> None:
    """Ticks of an axis (``axes.xaxis`` or ``axes.yaxis``) in dollars."""
    axis.set_major_formatter(lambda value, _: f"${value:,.0f}")


# -- the pictures


@picture(
    "block-on-exit",
    "Block on Exit: the positions that could not be left",
    "A run's own picture (`result.figure()`, `bt-pdt run --out`). Equity with a mark at each refusal, buying power used, day trades in five business "
    "days. At the dashed line the intraday margin rule takes the place of the count, and the refusals end.",
)
def block_on_exit() -> Figure:
    return four_ways()[demo.PICTURED].figure()


@picture(
    "four-ways",
    "One strategy, judged four ways",
    "The strategy of `bt-pdt demo` with $24,500: rules off, Block on Entry, Block on Exit, both. The lines part where the fourth day trade is refused; "
    "from 2026-06-04 on they run in parallel.",
)
def four_ways_compared() -> Figure:
    figure, axis = axes(title="Equity at each close, by what the broker refuses")
    for colour, (name, result) in zip((GREY, BLUE, RED, ORANGE), four_ways().items(), strict=True):
        days = [date.fromisoformat(row["session"]) for row in result.rows]
        equity = [row["equity"] for row in result.rows]
        refused = f", {result.summary['refused']} refused" if result.summary["refused"] else ""
        axis.plot(
            np.arange(len(days)), equity, color=colour, linewidth=1.6, linestyle="--" if name == "Both" else "-", label=name + refused
        )
    axis.axvline(days.index(SWITCH) - 0.5, color=GREEN, linewidth=1.2, linestyle=(0, (4, 3)))
    axis.text(days.index(SWITCH) - 0.3, axis.get_ylim()[0], " intraday margin rules", color=GREEN, fontsize=9, va="bottom")
    axis.set_xticks(range(0, len(days), 5), [f"{day:%b} {day.day}" for day in days[::5]])
    dollars(axis.yaxis)
    axis.legend(frameon=False, fontsize=9)
    return figure


@picture(
    "margin-calls",
    "Margin calls, and what was sold for them",
    "Three times the equity in a 3x fund, held past the close: a maintenance, a Fed and an intraday margin call on the next session, each with its due "
    "day. The lanes below show how long each was open.",
)
def margin_calls() -> Figure:
    return on_margin().figure()


@picture(
    "buying-power-of-a-day",
    "Day-trading buying power through a day",
    "$30,000 at the previous close, flat: $120,000. Opening takes the cost, closing the same day gives the cost back, won or lost, and it never rises "
    "above its start.",
)
def buying_power_of_a_day() -> Figure:
    account = bt_pdt.Account(30_000, at=datetime(2025, 3, 6, 9, 30), pattern_day_trader=True, dtbp_check="exit")
    trades = [
        ("buy", "A", 800, 50.0, "buy A, $40,000"),
        ("buy", "B", 600, 100.0, "buy B, $60,000"),
        ("sell", "A", 800, 48.0, "sell A at a loss"),
        ("sell", "B", 600, 103.0, "sell B at a gain"),
        ("buy", "C", 900, 100.0, "buy C, $90,000"),
    ]
    left = [account.state.daytrading_buying_power or 0.0]
    for side, symbol, qty, price, _ in trades:
        account.post(Fill(symbol, side, qty, price))
        left.append(account.state.daytrading_buying_power or 0.0)
    figure, axis = axes(title="Day-trading buying power left, 2025-03-06")
    steps = np.arange(len(left) + 1)
    axis.stairs(left, steps - 0.5, fill=True, color=BLUE, alpha=0.25)
    axis.stairs(left, steps - 0.5, color=BLUE, linewidth=1.8)
    axis.axhline(left[0], color=GREY, linewidth=1, linestyle="--")
    for i, value in enumerate(left):
        axis.text(i, value + 2_000, f"${value:,.0f}", ha="center", fontsize=9)
    axis.set_xticks(range(len(left)), ["start of the day", *(words for *_, words in trades)], fontsize=8.5)
    axis.set_ylim(0, left[0] * 1.15)
    dollars(axis.yaxis)
    return figure


@picture(
    "maintenance-by-price",
    "What 100 shares require, by price",
    "Maintenance margin of 100 shares long and short: the rule, Alpaca's table until 2026-06-03 and from 2026-06-04. The steps are at $2.50, $5 and $6; "
    "a short never requires less than $2.50 or $5 a share.",
)
def maintenance_by_price() -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.8), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    prices = np.arange(0.5, 24.0, 0.01)
    books = (
        ("the rule", "finra", date(2026, 6, 3), GREY),
        ("Alpaca until 2026-06-03", "alpaca", date(2026, 6, 3), BLUE),
        ("Alpaca from 2026-06-04", "alpaca", SWITCH, RED),
    )
    for axis, (side, qty) in zip(figure.subplots(1, 2, sharey=True), (("long", 100.0), ("short", -100.0)), strict=True):
        for name, firm, day, colour in books:
            rules = bt_pdt.rulebook_for(firm).on(day)
            needed = [requirement(rules, Asset("X"), qty, float(price)).maintenance for price in prices]
            axis.plot(prices, needed, color=colour, linewidth=1.8 if firm == "alpaca" else 3.0, alpha=0.9, label=name)
        axis.set_title(f"100 shares {side}", loc="left", fontsize=11, fontweight="bold")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#e6e6e6", linewidth=0.7)
        axis.set_xlabel("price")
        dollars(axis.yaxis)
        dollars(axis.xaxis)
    figure.axes[0].legend(frameon=False, fontsize=9)
    return figure


@picture(
    "two-regimes",
    "What a flat account may buy within a day, before and after",
    "Buying power of a flat account in cash at Alpaca, in an ordinary stock, on 2026-06-03 and 2026-06-04. The step at $25,000 (for a designated pattern "
    "day trader) goes, and four times begins at $2,000.",
)
def two_regimes() -> Figure:
    cash = np.concatenate([np.arange(200, 40_000, 200.0), [1_999.99, 24_999.99]])
    cash.sort()
    figure, axis = axes(title="Buying power by equity, Alpaca")
    ways = ((date(2026, 6, 3), True, "2026-06-03, pattern day trader", BLUE), (date(2026, 6, 3), False, "2026-06-03, not designated", GREY))
    for day, designated, label, colour in (*ways, (SWITCH, False, "2026-06-04", RED)):
        at = datetime.combine(day, datetime.min.time()).replace(hour=10)
        power = [bt_pdt.Account(float(c), at=at, pattern_day_trader=designated).state.buying_power for c in cash]
        axis.plot(cash, power, color=colour, linewidth=2.0, label=label, linestyle="--" if colour == GREY else "-")
    axis.set_xlabel("equity")
    dollars(axis.xaxis)
    dollars(axis.yaxis)
    axis.legend(frameon=False, fontsize=9)
    return figure


@picture(
    "on-backtraders-chart",
    "On backtrader's own chart",
    "`bt_pdt.install` adds two observers to `cerebro.plot()`: day-trading buying power, left and used, and day trades in five business days. "
    "`bt_pdt.plot(cerebro)` gives the figure without touching the matplotlib backend.",
)
def on_backtraders_chart() -> Figure:
    import backtrader as bt

    strategy = load_strategy(ROOT / "strategies" / "opening_range_breakout.py")
    cerebro = bt.Cerebro(stdstats=False)
    bars = bt_pdt.load(BARS).only(["LRGE"]).between("2026-05-07", "2026-05-14")
    cerebro.adddata(bt_pdt.feeds(bars)[0])
    cerebro.addstrategy(strategy, cash_per_trade=60_000.0)
    cerebro.addobserver(bt.observers.BuySell)
    bt_pdt.install(cerebro, cash=30_000, account={"pattern_day_trader": True})
    cerebro.run()
    figures: list[Figure] = bt_pdt.plot(cerebro, width=9.0, height=5.4, volume=False)
    return figures[0]


# -- the script


def png(figure: Figure, dpi: int = 90) -> bytes:
    """The picture as a small PNG."""
    from PIL import Image

    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    small = io.BytesIO()
    Image.open(raw).convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(small, format="PNG", optimize=True)
    return small.getvalue()


def entries() -> Iterator[str]:
    """The pictures as the page shows them."""
    for one in PICTURES.values():
        yield f"## {one.title}\n\n![{one.title}](gallery/{one.name}.png)\n\n{one.caption}\n"


def page() -> str:
    """The text of the page with every picture on it."""
    return PLACE.sub(lambda found: found[1] + "\n" + "\n".join(entries()) + "\n" + found[2], PAGE.read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Makes all pictures, or those that ``--only`` names, and the page."""
    chosen = [name for flag, name in pairwise(arguments) if flag == "--only"] or list(PICTURES)
    unknown = [name for name in chosen if name not in PICTURES]
    if unknown:
        print(f"there is no picture {unknown[0]!r}; there are {', '.join(PICTURES)}.", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name in chosen:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = png(PICTURES[name].draw())
        (FOLDER / f"{name}.png").write_bytes(data)
        print(f"{name}.png {len(data) // 1024} KB")
        if name == "block-on-exit":  # the README's picture is the same, larger
            README_PICTURE.write_bytes(png(PICTURES[name].draw(), dpi=120))
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
