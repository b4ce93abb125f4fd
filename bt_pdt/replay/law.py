"""The rules of every session as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from ..margin import long_rate
from ..orders import Asset
from ..rules.rulebook import PDT, Rulebook, Rules
from .shapes import BY_DIRECTION, BY_FIFO, BY_LIFO, ENTRY, EXIT, LAW, LIQUIDATION_ONLY, NO_DAY_TRADES, POWER_2X, SECURITY, Array, Law

_CHECKS = {"entry": ENTRY, "exit": EXIT, "both": ENTRY | EXIT}
_COUNTING = {"direction": BY_DIRECTION, "opening_fifo": BY_FIFO, "opening_lifo": BY_LIFO}
_UNDER = {"liquidation_only": LIQUIDATION_ONLY, "no_day_trades": NO_DAY_TRADES}
_OPEN_CALL = {"liquidation_only": LIQUIDATION_ONLY, "buying_power_2x": POWER_2X}
_BANDS = 6
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

    def place(rules: Rules) -> int:
        packed = _rules(rules)
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
            for d, day in enumerate(days):
                rules = book.on(day)
                if id(rules) not in by_rules:
                    by_rules[id(rules)] = place(rules)
                epoch[i, d] = by_rules[id(rules)]
        except Unsupported as error:
            unknown[i] = str(error)
    shape = (len(rows), len(facts))
    return Law(epoch, np.array(rows, dtype=LAW), np.array(securities, dtype=SECURITY).reshape(shape)), unknown


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _rules(rules: Rules) -> Array:
    old = rules.regime == PDT
    if not old and (rules.imd_valuation == "cost" or rules.imd_basis == "law" or rules.imd_order == "worst"):
        raise Unsupported("an intraday margin level at cost, on the law's own basis, or in the worst order")
    if not old and (rules.imd_deposits_first or rules.imd_closings_first):
        raise Unsupported("an intraday margin deficit with deposits or closings first")
    _require_known(rules, old)
    found = np.zeros(1, dtype=LAW)
    row = found[0]
    row["pdt"] = old
    for name, parameter in (
        ("regt_long", "regt_initial_long"),
        ("regt_short", "regt_initial_short"),
        ("regt_multiple", "regt_buying_power_multiple"),
        ("de_minimis", "regt_de_minimis"),
        ("margin_min", "margin_min_equity"),
        ("pdt_min", "pdt_min_equity"),
        ("exempt_ratio", "pdt_exempt_ratio"),
        ("dt_multiple", "dt_buying_power_multiple"),
        ("call_ratio", "dt_call_ratio"),
        ("under_call", "dt_multiple_under_call"),
        ("law_rate", "maintenance_law_rate"),
        ("position_ratio", "position_equity_ratio"),
        ("concentration_share", "concentration_share"),
        ("concentration_debit", "concentration_debit"),
        ("concentration_rate", "concentration_rate"),
        ("interest", "margin_interest_rate"),
        ("day_count", "interest_day_count"),
        ("borrow", "borrow_fee_rate"),
        ("intraday_multiple", "intraday_multiple"),
        ("minor_ratio", "imd_minor_ratio"),
        ("minor_limit", "imd_minor_limit"),
        ("short_valuation", "short_valuation"),
        ("collar_below", "collar_below"),
        ("collar_threshold", "collar_threshold"),
        ("collar_from", "collar_from"),
    ):
        row[name] = _number(getattr(rules, parameter))
    for name, parameter in (
        ("threshold", "pdt_day_trades_threshold"),
        ("window", "pdt_window_business_days"),
        ("dt_call_days", "dt_call_days"),
        ("cash_basis_days", "dt_cash_basis_days"),
        ("regt_days", "regt_payment_days"),
        ("settlement_days", "settlement_days"),
        ("imd_call_days", "imd_call_days"),
        ("prompt_days", "imd_prompt_days"),
        ("expiry_days", "imd_expiry_days"),
        ("failures", "practice_failures"),
        ("freeze_days", "imd_freeze_days"),
        ("practice_months", "practice_months"),
        ("fed_months", "fed_call_window_months"),
        ("fed_calls", "fed_calls_before_restriction"),
        ("fed_days", "fed_restriction_days"),
    ):
        row[name] = int(getattr(rules, parameter) or 0)
    for name, parameter in (
        ("six_percent", "six_percent_clause"),
        ("aggregate", "dt_aggregate_under_call"),
        ("by_requirement", "dtbp_by_requirement"),
        ("flip", "flip_through_zero"),
        ("price_check", "price_check"),
        ("wash", "wash_check"),
        ("strict", "strict_entry"),
        ("minimum_call", "minimum_equity_call"),
        ("margin_minimum_call", "margin_min_equity_call"),
        ("real_time", "maintenance_real_time"),
        ("covers", "initial_covers_short_maintenance"),
        ("call_minor", "imd_call_minor"),
        ("gains_count", "imd_gains_count"),
    ):
        row[name] = bool(getattr(rules, parameter))
    row["unflagged_call"] = rules.dt_unflagged_call is True
    row["equity_now"] = rules.equity_test == "current"
    row["policy_equity"] = rules.multiplier_policy == "equity"
    row["maintenance_days"] = 0 if rules.maintenance_real_time else min(rules.maintenance_call_days, rules.maintenance_call_outer_days)
    row["counting"] = _COUNTING[rules.counting_method or "direction"]
    row["pdt_check"] = _CHECKS.get(rules.pdt_check, 0)
    row["dtbp_check"] = _CHECKS.get(rules.dtbp_check, 0)
    row["under_25k"] = _UNDER.get(rules.pdt_under_25k, -1) if old else -1
    row["open_call"] = _OPEN_CALL.get(rules.dt_open_call_restriction, -1) if old else -1
    return found


def _require_known(rules: Rules, old: bool) -> None:
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
    if max(len(bands), len(shorts)) > _BANDS:
        raise Unsupported(f"more than {_BANDS} price bands")
    row["long_below"] = row["short_below"] = np.inf
    for k, band in enumerate(bands):
        row["long_below"][k], row["long_inclusive"][k] = band.below, band.inclusive
        inside = band.below if band.inclusive else _inside(bands[k - 1].below if k else 0.0, band.below)
        row["long_rate"][k] = long_rate(rules, asset, inside)
    for k, band in enumerate(shorts):
        rate = band.rate if asset.maintenance is None else asset.maintenance
        multiple = abs(asset.leverage or 1)
        if multiple > 1 and rules.maintenance_leveraged_scaling and asset.maintenance is None:
            rate = max(rate, rules.maintenance_leveraged_short_rate * multiple)
        row["short_below"][k], row["short_per_share"][k], row["short_rate"][k] = band.below, band.per_share, rate
    row["own_short"] = asset.maintenance or 0.0
    if asset.maintenance is None and abs(asset.leverage or 1) > 1 and rules.maintenance_leveraged_scaling:
        row["own_short"] = rules.maintenance_leveraged_short_rate * abs(asset.leverage or 1)
    row["barred_short"] = not asset.shortable or (not asset.easy_to_borrow and bool(rules.short_needs_easy_to_borrow))
    return found


def _inside(low: float, high: float) -> float:
    """A price between two ends of a band."""
    return low + 1.0 if high == float("inf") else (low + high) / 2.0
