"""The rules of every session as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from ...account.requirements import day_trading_rate, long_rate
from ...core.orders import Asset
from ...law.rulebook import PDT, Rulebook, Rules
from . import scope
from .shapes import BANDS, LAW, NEVER, SECURITY, Array, Law

#: As far as the arrays of a replay reach: months of a window, days to a settlement, business days to a due day; and the business days of
#: day trades that an account remembers.
MONTHS, SETTLEMENT, AHEAD, WINDOW = 24, 7, 50, 9


class Unsupported(Exception):
    """The replay does not know this; a full run does."""


def laws(
    books: Sequence[Rulebook], days: Sequence[date], symbols: Sequence[str], assets: Mapping[str, Asset]
) -> tuple[Law, dict[int, str]]:
    """The rules of ``days`` by each rulebook, and why some of the rulebooks are not known to the replay.

    Raises :class:`Unsupported` for securities that it does not know under any.
    """
    facts = [assets.get(symbol) or Asset(symbol) for symbol in symbols]
    for asset in facts:
        if not asset.marginable:
            raise Unsupported(f"{asset.symbol} has no loan value")
    rows: list[Any] = []
    securities: list[Any] = []
    places: dict[bytes, int] = {}
    unknown: dict[int, str] = {}
    epoch = np.zeros((len(books), len(days)), dtype=np.int64)

    def place(rules: Rules, book: Rulebook) -> int:
        packed = _rules(rules, book.frozen_on is not None)
        shares = np.array([_security(rules, asset)[0] for asset in facts], dtype=SECURITY)
        key = packed.tobytes() + shares.tobytes()
        if key not in places:
            places[key] = len(rows)
            rows.append(packed[0])
            securities.append(shares)
        return places[key]

    for i, book in enumerate(books):
        by_rules: dict[int, int] = {}  # the same object while nothing changes
        try:
            why = scope.beyond(book, days)
            if why:
                raise Unsupported(why)
            for d, day in enumerate(days):
                rules = book.on(day)
                if id(rules) not in by_rules:
                    by_rules[id(rules)] = place(rules, book)
                epoch[i, d] = by_rules[id(rules)]
        except Unsupported as error:
            unknown[i] = str(error)
    shape = (len(rows), len(facts))
    return Law(epoch, np.array(rows, dtype=LAW), np.array(securities, dtype=SECURITY).reshape(shape)), unknown


def _rules(rules: Rules, frozen: bool) -> Array:
    old = rules.regime == PDT
    _require_room(rules, old)
    found = np.zeros(1, dtype=LAW)
    row = found[0]
    row["pdt"] = old
    for name, allowed in scope.LAW.items():
        value = getattr(rules, name)
        if value is None:
            row[name] = float("nan") if allowed.packed == "f8" else 0
        else:
            row[name] = allowed[value] if isinstance(allowed, scope.Choice) else value
    row["maintenance_days"] = 0 if rules.maintenance_real_time else min(rules.maintenance_call_days, rules.maintenance_call_outer_days)
    row["gtc_days"] = -1 if rules.gtc_calendar_days is None else rules.gtc_calendar_days
    row["flag_days"] = -1 if rules.pdt_flag_days is None else rules.pdt_flag_days
    row["last_day"] = NEVER if frozen else rules.switch_day.toordinal() - 1
    return found


def _require_room(rules: Rules, old: bool) -> None:
    """Raises :class:`Unsupported` for numbers that no brokerage has and that the arrays of a replay do not hold, or a full run cannot use."""
    share = rules.concentration_share
    for unknown, why in (
        (rules.fed_call_window_months > MONTHS or (rules.practice_months or 0) > MONTHS, f"a window of more than {MONTHS} months"),
        (rules.settlement_days > SETTLEMENT, f"a settlement in more than {SETTLEMENT} days"),
        (old and rules.dt_call_days > AHEAD, f"a day-trade call due in more than {AHEAD} business days"),
        (old and rules.pdt_window_business_days > WINDOW, f"day trades counted over more than {WINDOW} business days"),
        (share is not None and share <= 0.5, "a concentration that two positions can have at once"),
        (not old and rules.imd_expiry_days < rules.imd_call_days, "an intraday margin call that expires before it is due"),
        (rules.interest_day_count == 0, "a year without days"),
        (old and (rules.dt_buying_power_multiple < 1 or rules.dt_multiple_under_call == 0), "a day-trading multiple under 1"),
        (rules.maintenance_law_rate == 0, "a maintenance rate of 0"),
    ):
        if unknown:
            raise Unsupported(why)


def _security(rules: Rules, asset: Asset) -> Array:
    found = np.zeros(1, dtype=SECURITY)
    row = found[0]
    bands, shorts = rules.maintenance_long_bands, rules.maintenance_short_bands
    if max(len(bands), len(shorts)) > BANDS:
        raise Unsupported(f"more than {BANDS} price bands")
    row["long_below"] = row["short_below"] = np.inf
    for k, band in enumerate(bands):
        row["long_below"][k], row["long_inclusive"][k] = band.below, band.inclusive
        inside = band.below if band.inclusive else _inside(bands[k - 1].below if k else 0.0, band.below)
        row["long_rate"][k], row["long_day"][k] = long_rate(rules, asset, inside), day_trading_rate(rules, asset, 1.0, inside)
    multiple = abs(asset.leverage or 1)
    for k, short in enumerate(shorts):
        rate = short.rate if asset.maintenance is None else asset.maintenance
        if multiple > 1 and rules.maintenance_leveraged_scaling and asset.maintenance is None:
            rate = max(rate, rules.maintenance_leveraged_short_rate * multiple)
        row["short_below"][k], row["short_per_share"][k], row["short_rate"][k] = short.below, short.per_share, rate
        row["short_band"][k] = short.rate
    row["own_short"] = row["least_short"] = asset.maintenance or 0.0
    if asset.maintenance is None and multiple > 1 and rules.maintenance_leveraged_scaling:
        row["own_short"] = rules.maintenance_leveraged_short_rate * multiple
    row["multiple"] = max(1.0, multiple)
    row["scale"] = multiple if multiple > 1 and rules.dt_leveraged_etf_scaling else 1.0
    row["barred_short"] = not asset.shortable or (not asset.easy_to_borrow and bool(rules.short_needs_easy_to_borrow))
    return found


def _inside(low: float, high: float) -> float:
    """A price between two ends of a band."""
    return low + 1.0 if high == float("inf") else (low + high) / 2.0
