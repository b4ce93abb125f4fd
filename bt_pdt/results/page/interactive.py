"""The pictures of a run as plotly Figures, from the same numbers as the others: a mark tells the brokerage's answer when it is pointed at.

plotly is an extra: ``pip install "bt_pdt[plotly]"``.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import BadInput, known_name
from .. import explained
from ..draw import figures
from ..draw.picture import COLOURS, COUNT, EQUITY, LINE, OTHER, OWED, REGT, START, UNLIMITED, USED, PictureData, picture_data
from ..draw.price import price_data
from ..metrics import Array
from .page_data import moment, thinned

if TYPE_CHECKING:
    from ..result import Result


def interactive(result: Result, name: str = "run", **options: Any) -> Any:
    """The picture ``name`` (one of :data:`INTERACTIVE`) as a plotly Figure; raises with the nearest name if there is none."""
    draw = INTERACTIVE[known_name("figure", name, INTERACTIVE)]
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise BadInput('interactive pictures need plotly, which is not installed: pip install "bt_pdt[plotly]".') from None
    return draw(go, result, **options)


def _signature(go: Any, result: Result) -> Any:
    from plotly.subplots import make_subplots

    data = picture_data(result)
    panels = ["equity"] + ["power"] * data.has_power + ["count"] * data.has_count + ["owed"] * bool(data.owed)
    shares = {"equity": 3.2, "power": 1.5, "count": 1.2, "owed": 0.4 + 0.25 * len({span.kind for span in data.owed})}
    figure = make_subplots(
        rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[shares[panel] for panel in panels]
    )
    row = {panel: k + 1 for k, panel in enumerate(panels)}
    at = thinned(data.equity)
    when = [moment(stamp) for stamp in result.times[at].astype("datetime64[us]").tolist()]
    line = go.Scatter(
        x=at,
        y=data.equity[at],
        mode="lines",
        name="equity",
        line={"color": EQUITY, "width": 1.3},
        text=when,
        hovertemplate="%{text}: $%{y:,.2f}",
    )
    figure.add_trace(line, row=1, col=1)
    _marks(go, figure, result, data)
    if "power" in row:
        for name, values, colour in (("start of day", data.power, START), ("most used", data.used, USED)):
            figure.add_trace(_bars(go, data, values, name, colour, "$%{y:,.0f}"), row=row["power"], col=1)
        edges, steps = np.stack([data.begins, data.ends], axis=1).ravel() - 0.5, np.repeat(data.regt, 2)
        figure.add_trace(
            go.Scatter(x=edges, y=steps, mode="lines", name="Reg T, at the close", line={"color": REGT, "width": 1.3}), row["power"], 1
        )
        figure.update_yaxes(title_text="buying power", row=row["power"], col=1)
    if "count" in row:
        binds = np.array(data.counts, dtype=bool)
        for name, chosen, colour in (("day trades, counted", binds, COUNT), ("day trades, unlimited", ~binds, UNLIMITED)):
            values = np.where(chosen, data.day_trades, np.nan)
            if np.isfinite(values).any():
                figure.add_trace(_bars(go, data, values, name, colour, "%{y} in 5 business days"), row=row["count"], col=1)
        if binds.any():
            ends = {"x0": float(data.begins[binds][0]), "x1": float(data.ends[binds][-1]), "y0": data.allowed, "y1": data.allowed}
            figure.add_shape(type="line", line={"color": COLOURS["PDT_COUNT"]}, row=row["count"], col=1, **ends)
        figure.update_yaxes(title_text="day trades", row=row["count"], col=1)
    if "owed" in row:
        _owed(go, figure, result, data, row["owed"])
    if data.switch is not None:
        day, place = data.days[data.switch], float(data.begins[data.switch]) - 0.5
        figure.add_vline(x=place, line_dash="dash", line_color=LINE, row="all", col=1)
        figure.add_annotation(
            x=place,
            y=1.0,
            xref="x",
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            text=f"{data.regimes[-1]} rules from {day}",
            font_color=LINE,
        )
    figure.update_layout(title_text=_text(data.title), barmode="overlay", bargap=0.06, hovermode="closest", height=140 + 150 * len(panels))
    _days(figure, data.days, data.begins)
    figure.update_yaxes(title_text="equity", row=1, col=1)
    return _plain(figure)


def _marks(go: Any, figure: Any, result: Result, data: PictureData) -> None:
    """A mark for each refusal; the same question asked again on the same day is one mark."""
    times = result.times.astype("datetime64[us]")
    by_reason: dict[str, list[tuple[int, str]]] = {}
    for refused in explained.refusals(result):
        if refused.row["at"] is None or not len(times):
            continue
        bar = int(np.clip(np.searchsorted(times, np.datetime64(refused.row["at"], "us"), "right") - 1, 0, len(times) - 1))
        by_reason.setdefault(str(refused.row["reason"]), []).append((bar, _answer(refused)))
    for reason, marks in by_reason.items():
        bars = [bar for bar, _ in marks]
        marker = {"color": COLOURS.get(reason, OTHER), "symbol": "triangle-down", "size": 9, "line": {"color": "white", "width": 0.7}}
        count = len(data.refusals.get(reason, ((),))[0])
        figure.add_trace(
            go.Scatter(
                x=bars, y=data.equity[bars], mode="markers", name=f"refused: {reason} ({count:,})", marker=marker,
                text=[text for _, text in marks], hovertemplate="%{text}<extra></extra>",
            ),
            row=1, col=1,
        )  # fmt: skip


def _answer(refused: explained.Refused) -> str:
    """The 403 body, the rule, and what would have passed, as plotly sets text."""
    row, decision, count, last = refused
    lines = [f"{moment(row['at'])}: HTTP {decision.http_status} {decision.reason}", decision.why, *explained.body(decision).split("\n")]
    lines += [decision.rule, f"would have passed: {explained.would_pass(decision.would_pass, row.get('qty'))}"]
    if count > 1:
        lines.append(f"asked again {count - 1:,} times, last {moment(last)}")
    return "<br>".join(piece for line in lines for piece in _wrapped(line))


def _wrapped(line: str, width: int = 90) -> list[str]:
    import textwrap

    return [_text(part) for part in textwrap.wrap(line, width)] or [""]


def _owed(go: Any, figure: Any, result: Result, data: PictureData, row: int) -> None:
    lines = explained.owed(result)
    for kind in dict.fromkeys(span.kind for span in data.owed):
        chosen = [k for k, span in enumerate(data.owed) if span.kind == kind]
        spans = [data.owed[k] for k in chosen]
        heads = [_text(f"{kind.replace('_', ' ')} {span.label}".strip()) for span in spans]
        texts = ["<br>".join([head, *(p for line in lines[k] for p in _wrapped(line))]) for head, k in zip(heads, chosen, strict=True)]
        figure.add_trace(
            go.Bar(
                x=[max(span.end - span.begin, 0.004 * len(data.equity)) for span in spans], base=[span.begin - 0.5 for span in spans],
                y=[kind.replace("_", " ")] * len(spans), orientation="h", marker_color=OWED.get(kind, OTHER), showlegend=False,
                text=[span.label for span in spans], hovertext=texts, hovertemplate="%{hovertext}<extra></extra>",
            ),
            row=row, col=1,
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", row=row, col=1)


def _calendar(go: Any, result: Result) -> Any:
    data = figures.calendar_data(result)
    days = [day.isoformat() for day in data.days]
    scale = [[0, "#ffffff"], [0.34, "#cfdfec"], [0.67, USED], [1, EQUITY]]
    names = [_text(symbol) for symbol in data.symbols]
    figure = go.Figure(
        go.Heatmap(z=data.counts, x=days, y=names, colorscale=scale, xgap=1, ygap=1, hovertemplate="%{y}, %{x}: %{z}<extra></extra>")
    )
    figure.update_layout(title_text="Day trades by session and symbol", xaxis_type="category", yaxis_autorange="reversed")
    return _plain(figure)


def _hours(go: Any, result: Result) -> Any:
    data = figures.hours_data(result)
    figure = go.Figure(
        [
            go.Bar(
                x=[f"{hour}:00" for hour in data.hours], y=row, name=f"{reason} ({row.sum():,})", marker_color=COLOURS.get(reason, OTHER)
            )
            for reason, row in zip(data.reasons, data.counts, strict=True)
        ]
    )
    figure.update_layout(title_text="Refusals by hour (New York) and reason", barmode="stack", showlegend=True)
    return _plain(figure)


def _session_power(go: Any, result: Result, session: date | str | None = None) -> Any:
    data = figures.session_power_data(result, session)
    words = "Day-trading buying power" if data.regime == "pattern day trader" else "Intraday buying power"
    figure = go.Figure(
        go.Scatter(
            x=data.times, y=data.used, line_shape="hv", fill="tozeroy", name="used", line_color=USED, hovertemplate="%{x}: $%{y:,.0f}"
        )
    )
    if data.day is not None:
        figure.add_hline(y=data.start, line_color=EQUITY, annotation_text=f"start of day ${data.start:,.0f}")
    for reason, times in data.refusals.items():
        height = data.used[np.maximum(0, np.searchsorted(data.times, times, "right") - 1)]
        marker = {"color": COLOURS.get(reason, OTHER), "symbol": "triangle-down", "size": 9}
        figure.add_trace(go.Scatter(x=times, y=height, mode="markers", name=f"refused: {reason} ({len(times):,})", marker=marker))
    figure.update_layout(title_text=f"{words} used by the day's positions, {data.day or 'no session had any'}")
    return _plain(figure)


def _distance(go: Any, result: Result) -> Any:
    data = figures.distance_data(result)
    days = [day.isoformat() for day in data.days]
    figure = go.Figure(
        go.Scatter(x=days, y=data.fall, mode="lines+markers", line_color=EQUITY, hovertemplate="%{x}: %{y:.1%}<extra></extra>")
    )
    figure.update_layout(
        title_text="Fall of equity that brings a maintenance call: (equity - maintenance margin) / equity", xaxis_type="category"
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return _plain(figure)


def _drawdown(go: Any, result: Result) -> Any:
    data = figures.drawdown_data(result)
    at = thinned(data.fall)
    figure = go.Figure(
        go.Scatter(x=at, y=data.fall[at], fill="tozeroy", line_color=COLOURS["PDT_COUNT"], hovertemplate="%{y:.2%}<extra></extra>")
    )
    figure.update_layout(title_text="Drawdown")
    figure.update_yaxes(tickformat=".0%")
    _days(figure, data.days, data.begins)
    return _plain(figure)


def _price(go: Any, result: Result, symbol: str | None = None, day: date | str | None = None) -> Any:
    data = price_data(result, symbol, day)
    figure = go.Figure()
    if len(data.times):
        at = thinned(data.close)
        when = [moment(stamp) for stamp in data.times[at].tolist()]
        line = {"color": OTHER, "width": 1}
        figure.add_trace(
            go.Scatter(x=at, y=data.close[at], mode="lines", name="close", line=line, text=when, hovertemplate="%{text}: $%{y:,.2f}")
        )
    for marks, shape, colour, words in (
        (data.bought, "triangle-up", USED, "bought"),
        (data.sold, "triangle-down", EQUITY, "sold"),
        (data.refused, "x", COLOURS["PDT_COUNT"], "refused"),
        (data.stuck, "square-open", COLOURS["PDT_COUNT"], "stuck over the night"),
    ):
        if len(marks.at):
            told = [_text(text) for text in marks.words]
            marker = {"color": colour, "symbol": shape, "size": 9}
            name = f"{words} ({len(marks.at):,})"
            figure.add_trace(
                go.Scatter(
                    x=marks.at, y=marks.price, mode="markers", name=name, marker=marker, text=told, hovertemplate="%{text}<extra></extra>"
                )
            )
    figure.update_layout(title_text=_text(data.title), showlegend=True)
    if len(data.times):
        days, begins = np.unique(data.times.astype("datetime64[D]"), return_index=True)
        _days(figure, days.tolist(), begins)
    return _plain(figure)


#: The pictures by name, the same as in ``drawing.FIGURES``.
INTERACTIVE: dict[str, Callable[..., Any]] = {
    "run": _signature,
    "day_trade_calendar": _calendar,
    "refusals_by_hour": _hours,
    "session_power": _session_power,
    "distance_to_call": _distance,
    "drawdown": _drawdown,
    "price": _price,
}


def _bars(go: Any, data: PictureData, values: Array, name: str, colour: str, shown: str) -> Any:
    days = [day.isoformat() for day in data.days]
    return go.Bar(
        x=(data.begins + data.ends - 1) / 2, y=values, width=data.ends - data.begins, name=name, marker_color=colour, text=days,
        textposition="none", hovertemplate=f"%{{text}}: {shown}<extra>{name}</extra>",
    )  # fmt: skip


def _days(figure: Any, days: Sequence[date], places: Array) -> None:
    chosen = range(0, len(days), max(1, -(-len(days) // 12)))
    figure.update_xaxes(
        tickvals=[int(places[k]) for k in chosen], ticktext=[f"{days[k]:%b} {days[k].day}<br>{days[k].year}" for k in chosen]
    )


def _plain(figure: Any) -> Any:
    return figure.update_layout(template="plotly_white", margin={"l": 70, "r": 20, "t": 70, "b": 40}, hoverlabel={"align": "left"})


def _text(value: object) -> str:
    """Text that plotly, which reads tags, shows as it is."""
    return html.escape(str(value), quote=False)
