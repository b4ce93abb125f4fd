"""The picture of a run: computed here (``picture_data``), drawn apart (``draw``).

Equity with a mark at each refusal, below it the buying power of the day, how much of it was used and what was left, with Reg T buying
power, below that the day trades of the five-day window, and at the bottom margin calls and restrictions from their first to their last
day. The axis counts bars, not hours, so that nights and weekends take no room. Drawn on matplotlib's own Figure: no window, no pyplot, no
backend is chosen or changed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...account.call_book import RESTRICTION_KINDS
from ...account.calls import KINDS
from ...core.journal import CallEntry
from ...core.money import below
from ..metrics import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..result import Result

#: Colours of the reasons; what is not listed is grey.
COLOURS = {
    "PDT_COUNT": "#d62728",
    "PDT_RESTRICTED_DAYTRADE": "#8c1a4b",
    "LIQUIDATION_ONLY": "#8c1a4b",
    "CLOSING_ONLY": "#8c564b",
    "DTBP": "#9467bd",
    "BUYING_POWER": "#ff7f0e",
    "NON_MARGINABLE_BUYING_POWER": "#e7a10c",
    "MINIMUM_EQUITY": "#e377c2",
    "QTY": "#17a0b5",
}
#: Colours of margin calls and of restrictions, by kind.
OWED = {
    "day_trade": "#9467bd",
    "fed": "#ff7f0e",
    "maintenance": "#d62728",
    "minimum_equity": "#e377c2",
    "intraday_margin": "#17a0b5",
    "liquidation_only": "#8c1a4b",
    "closing_only": "#8c564b",
    "cash_available": "#b5651d",
    "no_day_trades": "#c44e7b",
    "ninety_day_freeze": "#4a4a7d",
    "buying_power_2x": "#7a6cae",
}
OTHER = "#5f5f5f"
EQUITY, START, USED, COUNT, LINE, REGT = "#1f3b57", "#c9d8e6", "#3f7fb5", "#8aa9c4", "#2a7f3f", "#a0522d"
UNLIMITED = "#dddddd"
MOST_POINTS = 20_000


class Span(NamedTuple):
    """A margin call from its issue to its end, or a restriction from its first to its last day; ``label`` is the id of the call."""

    kind: str
    label: str
    #: bar numbers, half-open
    begin: float
    end: float


class PictureData(NamedTuple):
    """What is drawn. Positions on the axis are bar numbers from 0; arrays "by session" have one value a session that has bars."""

    title: str
    subtitle: str
    #: equity at the end of each bar, dollars
    equity: Array
    #: reason -> (bar numbers, equity there), most frequent reason first
    refusals: dict[str, tuple[Array, Array]]
    #: sessions with bars, and where the bars of each begin and end (half-open)
    days: tuple[date, ...]
    begins: Array
    ends: Array
    #: by session, dollars: intraday buying power at the start of the day, and the most of it that was used. NaN where there is none.
    #: Before the intraday-margin regime this is DTBP; in it, the multiplier times the margin level.
    power: Array
    used: Array
    #: by session, dollars: Reg T buying power at the regular close. NaN in a cash account.
    regt: Array
    #: by session: day trades in the five business days that end there, NaN in the intraday-margin regime
    day_trades: Array
    #: by session: the count can refuse, because the previous close was under the minimum equity. Elsewhere day trades are unlimited.
    counts: tuple[bool, ...]
    #: day trades the rule leaves alone in the window: three
    allowed: int
    #: the first session of the intraday-margin regime, if the run crosses into it: its index among ``days``
    switch: int | None
    #: regimes in the order they were met
    regimes: tuple[str, ...]
    #: calls in the order of their issue, then restrictions
    owed: tuple[Span, ...] = ()

    @property
    def available(self) -> Array:
        """By session, dollars: the least of the intraday buying power that was left."""
        return np.asarray(np.maximum(0.0, self.power - self.used))

    @property
    def has_power(self) -> bool:
        """Some session had intraday buying power to use."""
        return bool(np.isfinite(self.power).any())

    @property
    def has_count(self) -> bool:
        """Day trades were made under the day-trade count."""
        return bool((self.day_trades > 0).any())


def picture_data(result: Result) -> PictureData:
    """The numbers of the picture."""
    from ..result import bar_sessions

    days = bar_sessions(result.times)
    by_day = {row["session"]: i for i, row in enumerate(result.rows)}
    found, firsts = np.unique(days, return_index=True) if len(days) else (days, np.zeros(0, dtype=np.int64))
    kept = [i for i, day in enumerate(found) if str(day) in by_day]
    ends = np.r_[firsts[1:], len(days)][kept] if kept else np.zeros(0, dtype=np.int64)
    begins = firsts[kept]
    sessions = tuple(found[i].item() for i in kept)
    places = [by_day[day.isoformat()] for day in sessions]
    rows = result.rows
    law = _law(result.manifest)
    minimum = float(law.get("pdt_min_equity") or 25_000.0)
    off = (result.manifest.get("parameters") or {}).get("rules") == "off"
    power, used, regt, count, counts = [], [], [], [], []
    for i in places:
        row, before = rows[i], rows[i - 1] if i else None
        last = before["equity"] if before else result.equity_start
        old = row["bod_dtbp"] is not None
        begin, peak = _dtbp(row) if old else _intraday(row, before, result)
        power.append(begin)
        used.append(peak)
        regt.append(math.nan if row["multiplier"] < 2 else row["regt_buying_power"])
        made = row["daytrade_count"]
        count.append(math.nan if made is None else float(made))
        counts.append(old and not off and below(last, minimum))
    regimes = tuple(dict.fromkeys("pattern day trader" if rows[i]["bod_dtbp"] is not None else "intraday margin" for i in places))
    switch = next((k for k, i in enumerate(places) if rows[i]["bod_dtbp"] is None), None) if len(regimes) > 1 else None
    title, subtitle = _titles(result)
    return PictureData(
        title,
        subtitle,
        np.asarray(result.values, dtype=np.float64),
        _marks(result),
        sessions,
        begins,
        ends,
        np.array(power, dtype=np.float64),
        np.array(used, dtype=np.float64),
        np.array(regt, dtype=np.float64),
        np.array(count, dtype=np.float64),
        tuple(counts),
        int(law.get("pdt_day_trades_threshold") or 4) - 1,
        switch,
        regimes,
        _spans(result, sessions, begins, ends),
    )


def _law(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    rules = manifest.get("rules_by_day") or [{}]
    parameters = rules[0].get("parameters", {})
    return parameters if isinstance(parameters, Mapping) else {}


def _dtbp(row: Mapping[str, Any]) -> tuple[float, float]:
    """(start of day, used) of a session of the old regime; NaN where the account had no DTBP."""
    begin = row["bod_dtbp"]
    return (begin, begin - row["lowest_daytrading_buying_power"]) if begin else (math.nan, math.nan)


def _intraday(row: Mapping[str, Any], before: Mapping[str, Any] | None, result: Result) -> tuple[float, float]:
    """(start of day, used) of a session of the new regime: the multiplier times equity less maintenance margin, NaN below multiplier 4."""
    if row["multiplier"] < 4:
        return math.nan, math.nan
    level = before["equity"] - before["maintenance_margin"] if before else result.equity_start
    lowest = row["lowest_intraday_margin_level"]
    begin = row["multiplier"] * max(0.0, level)
    return begin, max(0.0, begin - row["multiplier"] * max(0.0, level if lowest is None else lowest))


def _marks(result: Result) -> dict[str, tuple[Array, Array]]:
    table = result.refusals.dropna(subset=["at"])
    if not len(table) or not len(result.times):
        return {}
    at = np.searchsorted(result.times.astype("datetime64[us]"), table["at"].to_numpy(dtype="datetime64[us]"), "right") - 1
    at = np.clip(at, 0, len(result.times) - 1)
    reasons = table["reason"]
    return {str(r): (at[(reasons == r).to_numpy()], result.values[at[(reasons == r).to_numpy()]]) for r in reasons.value_counts().index}


def _spans(result: Result, days: tuple[date, ...], begins: Array, ends: Array) -> tuple[Span, ...]:
    """Calls and restrictions as far as there are bars; what has not ended reaches to the last of them."""
    if not days:
        return ()
    closed = {e.call.id: e.session for e in result.journal if isinstance(e, CallEntry) and e.event == "closed"}
    found: list[tuple[str, str, date, date | None]] = [
        (call.kind, call.id, call.issued_on, call.ended_on or closed.get(call.id)) for call in result.issued
    ]
    found += [(r.kind, r.why if any(r.why == call.id for call in result.issued) else "", r.start, r.until) for r in result.restricted]
    spans = []
    for kind, label, first, last in found:
        begin = bisect_left(days, first)
        end = len(days) if last is None else bisect_right(days, last)
        start = float(begins[begin]) if begin < len(days) else float(ends[-1])
        spans.append(Span(kind, label, start, max(start, float(ends[end - 1]) if end else 0.0)))
    return tuple(spans)


def _titles(result: Result) -> tuple[str, str]:
    s, manifest = result.summary, result.manifest
    name = (manifest.get("strategy") or {}).get("class") or "Run"
    parameters = manifest.get("parameters") or {}
    where = [str(parameters[k]) for k in ("brokerage",) if parameters.get(k)]
    if parameters.get("rules") == "off":
        where.append("rules off")
    elif parameters.get("block_on"):
        where.append(f"Block on {str(parameters['block_on']).capitalize()}")
    share = "" if s["total_return"] is None else f" ({s['total_return']:+.1%})"
    came, went = (f", ${s[name]:,.0f} {words}" if s[name] else "" for name, words in (("deposits", "came in"), ("withdrawals", "went out")))
    trades = "day trade" if s["day_trades"] == 1 else "day trades"
    return (
        ", ".join([name, *where]),
        f"${s['equity_start']:,.0f} to ${s['equity_end']:,.0f}{share}{came}{went}, drawdown {-s['max_drawdown']:.1%}; "
        f"{s['orders']:,} orders, {s['refused']:,} refused, {s['day_trades']:,} {trades}",
    )


def draw(data: PictureData, *, width: float = 11.0) -> Figure:
    """The figure; ``figure.savefig("run.png")`` writes it. ``width`` is inches. Only panels that apply are drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = ["equity"] + ["power"] * data.has_power + ["count"] * data.has_count + ["owed"] * bool(data.owed)
    lanes = len({span.kind for span in data.owed})
    heights = [{"equity": 3.2, "power": 1.5, "count": 1.2, "owed": 0.3 + 0.2 * lanes}[name] for name in panels]
    figure = Figure(figsize=(width, sum(heights) + 1.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    by_name: dict[str, Axes] = dict(zip(panels, axes, strict=True))
    figure.suptitle(data.title, x=0.01, ha="left", fontsize=13, fontweight="bold", parse_math=False)
    by_name["equity"].set_title(data.subtitle, loc="left", fontsize=9.5, color="#444444", parse_math=False)
    _draw_equity(by_name["equity"], data)
    if "power" in by_name:
        _draw_power(by_name["power"], data)
    if "count" in by_name:
        _draw_count(by_name["count"], data)
    if "owed" in by_name:
        _draw_owed(by_name["owed"], data)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#e6e6e6", linewidth=0.7)
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=8.5)
        if data.switch is not None:
            axis.axvline(data.begins[data.switch] - 0.5, color=LINE, linewidth=1.2, linestyle=(0, (4, 3)))
    _ticks(axes[-1], data)
    if data.switch is not None:
        day = data.days[data.switch]
        by_name["equity"].annotate(
            f" intraday margin rules from {day}" if data.switch <= len(data.days) * 0.6 else f"intraday margin rules from {day} ",
            (data.begins[data.switch] - 0.5, 1.0),
            xycoords=("data", "axes fraction"),
            ha="left" if data.switch <= len(data.days) * 0.6 else "right",
            va="top",
            fontsize=8.5,
            color=LINE,
            bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
        )
    return figure


def _draw_equity(axis: Axes, data: PictureData) -> None:
    step = max(1, len(data.equity) // MOST_POINTS)
    at = np.arange(0, len(data.equity), step)
    axis.plot(at, data.equity[at], color=EQUITY, linewidth=0.9, zorder=2, label="equity")
    for reason, (places, values) in data.refusals.items():
        # several refusals of one bar are one mark
        once, first = np.unique(places, return_index=True)
        axis.scatter(
            once,
            values[first],
            s=20,
            marker="v",
            color=COLOURS.get(reason, OTHER),
            linewidth=0,
            zorder=3,
            label=f"refused: {reason} ({len(places):,})",
        )
    axis.set_ylabel("equity", fontsize=9)
    axis.margins(y=0.14)
    axis.set_xlim(-0.005 * len(data.equity) - 0.5, 1.005 * len(data.equity) - 0.5)
    dollars_axis(axis)
    axis.legend(loc="best", fontsize=8, frameon=True, framealpha=0.85, edgecolor="none")


def _draw_power(axis: Axes, data: PictureData) -> None:
    shown = np.isfinite(data.power)
    _bars(axis, data, shown, data.power, START, "start of day (pale: never used)")
    _bars(axis, data, shown, data.used, USED, "most used")
    # a step from the start to the end of each session
    edges = np.stack([data.begins - 0.5, data.ends - 0.5], axis=1).ravel()
    axis.plot(edges, np.repeat(data.regt, 2), color=REGT, linewidth=1.1, linestyle=(0, (3, 1.5)), label="Reg T, at the close")
    names = {"pattern day trader": "day-trading\nbuying power", "intraday margin": "intraday\nbuying power"}
    sides = [("pattern day trader", slice(0, data.switch)), ("intraday margin", slice(data.switch, None))] if data.switch else []
    with_power = [name for name, part in sides if shown[part].any()] if sides else list(data.regimes)
    axis.set_ylabel(names[with_power[0]] if len(with_power) == 1 else "DTBP, then intraday\nbuying power", fontsize=9)
    dollars_axis(axis)
    axis.set_ylim(0, float(np.nanmax(np.r_[data.power, data.regt])) * 1.32 or 1.0)
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=3)
    if data.switch and not shown[: data.switch].any():
        _say(axis, data, 0, data.switch, "no day-trading buying power (multiplier below 4)")


def _draw_count(axis: Axes, data: PictureData) -> None:
    from matplotlib.ticker import MaxNLocator

    binds = np.array(data.counts, dtype=bool)
    shown = np.isfinite(data.day_trades)
    for chosen, colour, label in (
        (binds & shown, COUNT, "in 5 business days"),
        (~binds & shown, UNLIMITED, "in 5 business days, unlimited"),
    ):
        if chosen.any():
            _bars(axis, data, chosen, data.day_trades, colour, label)
    allowed = np.repeat(np.where(binds & shown, float(data.allowed), np.nan), 2)
    if binds.any():
        edges = np.stack([data.begins - 0.5, data.ends - 0.5], axis=1).ravel()
        axis.plot(edges, allowed, color=COLOURS["PDT_COUNT"], linewidth=1.1, label=f"allowed: {data.allowed}")
    axis.set_ylabel("day trades", fontsize=9)
    top = max(data.allowed + 1, int(np.nanmax(data.day_trades)))
    axis.set_ylim(0, top * 1.38)
    axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=3)
    if data.switch:
        _say(axis, data, data.switch, len(data.days), "not counted under these rules")


def _draw_owed(axis: Axes, data: PictureData) -> None:
    """A lane for each kind, the first at the top; the id of a call where there is room for it."""
    kinds = list(dict.fromkeys(span.kind for span in data.owed))
    total = len(data.equity)
    least = 0.004 * total  # so that one day among thousands is seen
    written: dict[str, float] = {}
    for span in data.owed:
        lane = len(kinds) - 1 - kinds.index(span.kind)
        width = max(span.end - span.begin, least)
        axis.barh(lane, width, left=span.begin - 0.5, height=0.62, color=OWED.get(span.kind, OTHER), alpha=0.75, linewidth=0)
        if span.label and span.begin >= written.get(span.kind, -math.inf):
            inside = width >= 0.03 * total
            left = span.begin - 0.5 + 0.003 * total + (0.0 if inside else width)
            axis.text(left, lane, span.label, fontsize=7, va="center", color="black")
            written[span.kind] = left + 0.03 * total
    axis.set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in reversed(kinds)])
    axis.set_ylim(-0.6, len(kinds) - 0.4)
    names = [name for name, kinds_of in (("calls", KINDS), ("restrictions", RESTRICTION_KINDS)) if set(kinds) & set(kinds_of)]
    axis.set_ylabel(" and\n".join(names), fontsize=9)


def _bars(axis: Axes, data: PictureData, chosen: Array, heights: Array, colour: str, label: str) -> None:
    """One bar for each chosen session, as wide as its bars: a single artist, so that decades are drawn quickly."""
    from matplotlib.collections import PolyCollection

    left, right, top = data.begins[chosen] - 0.5, data.ends[chosen] - 0.5, heights[chosen]
    gap = (right - left) * 0.06
    left, right, floor = left + gap, right - gap, np.zeros(len(top))
    corners = np.stack([np.c_[left, floor], np.c_[left, top], np.c_[right, top], np.c_[right, floor]], axis=1)
    axis.add_collection(PolyCollection(list(corners), facecolor=colour, edgecolor="none", label=label), autolim=False)


def _say(axis: Axes, data: PictureData, first: int, end: int, words: str) -> None:
    """Why a part of a panel is empty, where there is room to say it."""
    if end - first >= 0.3 * len(data.days):
        middle = (data.begins[first] + data.ends[end - 1]) / 2
        axis.text(middle, 0.42, words, transform=axis.get_xaxis_transform(), ha="center", fontsize=8.5, color="#8a8a8a", style="italic")


def dollars_axis(axis: Axes) -> None:
    """Whole dollars on the upright axis."""
    axis.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}" if value >= 0 else f"-${-value:,.0f}")


def _ticks(axis: Axes, data: PictureData) -> None:
    """At most a dozen dates, each at the first bar of its session; the year where it changes."""
    if not data.days:
        return
    chosen = range(0, len(data.days), max(1, math.ceil(len(data.days) / 12)))
    axis.set_xticks([float(data.begins[k]) for k in chosen], day_labels([data.days[k] for k in chosen]))


def day_labels(days: Iterable[date]) -> list[str]:
    """``May 7``, with the year below where it changes."""
    labels, year = [], None
    for day in days:
        labels.append(f"{day:%b} {day.day}" + (f"\n{day.year}" if day.year != year else ""))
        year = day.year
    return labels
