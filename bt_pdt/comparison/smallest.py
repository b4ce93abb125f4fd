"""The smallest account that a strategy can live with: the cash from which on the rules refuse it nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import BadInput
from ..core.money import dollars
from ..runs import study
from .variants import Progress, Variant, handed_on, run_all, variants

if TYPE_CHECKING:
    from ..runs.study import Source

#: How many sizes are tried from ``low`` to ``high`` before the search narrows.
GRID = 8
#: The arguments besides those of ``bt_pdt.run``.
OWN = ("low", "high", "tolerance", "mode", "brokerage", "rules", "jobs", "progress", "symbols", "fromdate", "todate")


class Probe(NamedTuple):
    """One size that was tried."""

    cash: float
    refused: int
    first_reason: str | None


class SmallestAccount(NamedTuple):
    """``cash`` is the smallest account found from which on no size tried was refused anything; None if the largest was still refused.

    ``refusals_start`` is the largest size tried that was refused: the answer lies between the two, at most ``tolerance`` apart (None if
    no size was refused). ``monotone`` is False if a smaller size went through while a larger one was refused: ``islands`` lists such sizes.
    """

    cash: float | None
    refusals_start: float | None
    tolerance: float
    monotone: bool
    islands: tuple[float, ...]
    probes: tuple[Probe, ...]
    sentence: str


def smallest_account(
    strategy: type | str | Path,
    data: Source | Iterable[Source],
    *,
    low: float = 2_000.0,
    high: float = 200_000.0,
    tolerance: float = 100.0,
    mode: str = "both",
    brokerage: str = "alpaca",
    rules: str | date = "as_of",
    jobs: int | None = None,
    progress: Progress | None = None,
    symbols: Iterable[str] | None = None,
    fromdate: date | str | None = None,
    todate: date | str | None = None,
    **arguments: Any,
) -> SmallestAccount:
    """Searches ``low`` to ``high`` dollars of cash for the smallest account that is never refused an order.

    Eight sizes over the whole range come first, evenly spaced in their logarithm; then the gap above the largest refused one is halved
    until it is ``tolerance`` wide. Refusals need not fall as cash grows (a strategy whose size follows its cash meets the same share of
    buying power at every size): what the sizes tried show of that is reported. Sizes are whole cents. Other arguments as in ``compare``.
    """
    for name, value in (("low", low), ("high", high), ("tolerance", tolerance)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0.01:
            raise BadInput(f"{name} takes dollars from 0.01 up, got {value!r}.")
    if low >= high:
        raise BadInput(f"low must be below high, got {dollars(low)} and {dollars(high)}.")
    if mode == "off":
        raise BadInput("with the rules off nothing is refused; give mode entry, exit or both.")
    (shape,) = variants([mode], [brokerage], [rules], [low])
    common = handed_on("smallest_account", OWN, arguments)
    names = None if symbols is None else [symbols] if isinstance(symbols, str) else list(symbols)
    bars = study.load_bars(data, symbols=names, fromdate=fromdate, todate=todate)
    common |= {"symbols": names}
    bottom, top, step = round(low * 100), round(high * 100), max(1, round(tolerance * 100))
    halvings = math.ceil(math.log2(max((top - bottom) / step, 2.0)))
    probes: dict[int, Probe] = {}

    def probe(sizes: list[int]) -> None:
        wanted = [Variant(dollars(size / 100), {**shape.arguments, "cash": size / 100}) for size in sizes]

        def report(done: float, total: float) -> None:
            if progress is not None:
                progress(min(len(probes) + done, GRID + halvings), GRID + halvings)

        found = run_all(strategy, bars, wanted, common, jobs=jobs, progress=report if progress is not None else None)
        for size, result in zip(sizes, found, strict=True):
            refusals = result.refusals
            probes[size] = Probe(size / 100, len(refusals), str(refusals["reason"].iloc[0]) if len(refusals) else None)

    probe(sorted({round(bottom * (top / bottom) ** (k / (GRID - 1))) for k in range(GRID)}))
    while True:
        refused = max((size for size, p in probes.items() if p.refused), default=None)
        clean = min((size for size, p in probes.items() if refused is None or size > refused), default=None)
        if refused is None or clean is None or clean - refused <= step:
            break
        probe([(refused + clean) // 2])
    islands = tuple(probes[size].cash for size in sorted(probes) if refused is not None and size < refused and not probes[size].refused)
    counts = [probes[size].refused for size in sorted(probes)]
    falling = all(a >= b for a, b in pairwise(counts))
    found = None if clean is None else clean / 100
    start = None if refused is None else refused / 100
    sentence = _sentence(found, start, tolerance, low, high, islands, falling, probes)
    return SmallestAccount(found, start, tolerance, not islands, islands, tuple(probes[size] for size in sorted(probes)), sentence)


def _sentence(
    found: float | None,
    start: float | None,
    tolerance: float,
    low: float,
    high: float,
    islands: tuple[float, ...],
    falling: bool,
    probes: dict[int, Probe],
) -> str:
    if start is None:
        return f"No order is refused at any size tried from {dollars(low)} to {dollars(high)}."
    worst = probes[round(start * 100)]
    at = f"at {dollars(start)} {worst.refused:,} {'order is' if worst.refused == 1 else 'orders are'} refused ({worst.first_reason} first)"
    if found is None:
        said = f"Orders are refused even at {dollars(high)}: {at}"
    else:
        said = f"From {dollars(found)} on no order is refused; {at} (within {dollars(tolerance)})"
    if islands:
        sizes = ", ".join(dollars(size) for size in islands[:4])
        return f"{said}. More cash does not mean fewer refusals here: {sizes} went through too, below sizes that did not."
    if not falling:
        return f"{said}. More cash does not always mean fewer refusals here, but every size tried below is refused something."
    return f"{said}."
