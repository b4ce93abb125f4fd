"""What the compiled replay knows of an account, by name: everything else is left to full runs, so that it is never silently wrong.

Each list says of every name of one kind whether a replay *knows* it (the compiled code works it out), whether it is *irrelevant* (it cannot
make a difference to what a replay answers, and why), or whether it is *left* to full runs (with the words of the sentence). A name in
none of the three, because it is newer than the compiled code, is left to full runs too. Codes that the compiled code tests are made here,
from names: nothing hangs on a place in a list of the account's.

A rule joins by one line here and the compiled code behind it: a parameter of :data:`LAW` is a field of the day's law of that very name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from inspect import signature
from types import MappingProxyType
from typing import Any, NamedTuple

from ...law.rulebook import INTRADAY, PDT, Rulebook

_NONE: Mapping[str, str] = MappingProxyType({})


class Kind(NamedTuple):
    """Values of a parameter by what they are: ``packed`` is how the compiled code keeps one."""

    packed: str
    takes: tuple[type, ...]
    rows: tuple[str, ...] = ()  # of a table: what a row has

    def has(self, value: Any) -> bool:
        """Is this a value that the compiled code works with?"""
        if self.rows:
            return isinstance(value, tuple) and all(getattr(row, "_fields", None) == self.rows for row in value)
        return isinstance(value, self.takes) and (bool in self.takes or not isinstance(value, bool))


NUMBER, WHOLE, YES_NO = Kind("f8", (int, float)), Kind("i8", (int,)), Kind("?", (bool,))
#: A number that is none where there is no such rule.
PERHAPS = Kind("f8", (int, float, type(None)))
DAY = Kind("", (date,))
ANY = Kind("", (object,))


class Choice(dict[Any, int]):
    """The values of a parameter that the compiled code knows, with its code for each; any other is left to full runs."""

    packed = "i8"
    otherwise = ""  # the words about any other value, where its name does not say it

    def has(self, value: Any) -> bool:
        return value in self


def _only(*values: Any, otherwise: str = "") -> Choice:
    """Values of which the compiled code needs no code: they make no difference, or there is one."""
    found = Choice(dict.fromkeys(values, 0))
    found.otherwise = otherwise
    return found


def _coded(*names: str, first: int = 0) -> dict[str, int]:
    return {name: code for code, name in enumerate(names, first)}


class Names(NamedTuple):
    """The names of one kind (``what``, as a sentence calls it), in three lists."""

    what: str
    known: Mapping[str, Any]
    irrelevant: Mapping[str, str] = _NONE
    left: Mapping[str, str] = _NONE

    def fallback_reason(self, name: str, value: Any = None) -> str:
        """Why ``value`` under this name is left to full runs; empty if it is not."""
        if name in self.irrelevant:
            return ""
        if name in self.known:
            allowed = self.known[name]
            if not isinstance(allowed, Kind | Choice) or allowed.has(value):
                return ""
            return getattr(allowed, "otherwise", "") or f"{self.what} {name} at {value}"
        if name in self.left:
            return self.left[name] if value else ""
        return self.stranger(name)

    def stranger(self, name: str) -> str:
        """The sentence about a name in no list."""
        return f"{self.what} {name}, which a replay does not know"

    def strangers(self, names: Collection[str]) -> list[str]:
        """Those of ``names`` that are in none of the lists."""
        return [name for name in names if name not in self.known and name not in self.irrelevant and name not in self.left]


# -- what an account is, owes and answers

RESTRICTIONS = Names(
    "the restriction",
    _coded("liquidation_only", "closing_only", "cash_available", "no_day_trades", "ninety_day_freeze", "buying_power_2x"),
)
CALLS = Names("the margin call", _coded("day_trade", "fed", "maintenance", "minimum_equity", "intraday_margin"))
STATUSES = Names("the state of a call", _coded("open", "met", "past_due", "met_late", "expired", "closed"))
#: 0 is an order that is accepted.
REASONS = Names(
    "the refusal",
    _coded(
        *("INVALID_ORDER", "PRICE", "LIQUIDATION_ONLY", "CLOSING_ONLY", "CASH_AVAILABLE", "FROZEN_90_DAYS", "PDT_RESTRICTED_DAYTRADE"),
        *("NOT_SHORTABLE", "NO_SHORT", "QTY", "WASH", "BUYING_POWER", "DTBP", "PDT_COUNT"),
        first=1,
    ),
    {
        "TRADING_BLOCKED": "an account is blocked by hand or when its equity is gone, and that is left to full runs",
        "MINIMUM_EQUITY": "no check gives it: too little equity is refused as BUYING_POWER or NO_SHORT",
        "NON_MARGINABLE_BUYING_POWER": "securities without loan value are left to full runs",
        "WITHDRAWAL": "deposits and withdrawals are left to full runs",
    },
)

# -- the law

_RESTRICTS = RESTRICTIONS.known
#: Parameters that are fields of a day's law in the compiled code, with the values that they may have there.
LAW: dict[str, Kind | Choice] = {
    # Regulation T and settlement
    **dict.fromkeys(("regt_initial_long", "regt_initial_short", "regt_buying_power_multiple", "regt_de_minimis"), NUMBER),
    **dict.fromkeys(("regt_payment_days", "settlement_days"), WHOLE),
    # the designation and its count
    **dict.fromkeys(("pdt_day_trades_threshold", "pdt_window_business_days"), WHOLE),
    **dict.fromkeys(("pdt_exempt_ratio", "pdt_min_equity"), NUMBER),
    **dict.fromkeys(("six_percent_clause", "strict_entry"), YES_NO),
    "counting_method": Choice(direction=0, opening_fifo=1, opening_lifo=2),
    "pdt_check": Choice(off=0, warn=0, entry=1, exit=2, both=1 | 2),
    "equity_test": Choice(last_equity=0, current=1),
    "pdt_under_25k": Choice({name: _RESTRICTS[name] for name in ("liquidation_only", "no_day_trades")}),
    # day-trading buying power and its calls
    **dict.fromkeys(("dt_buying_power_multiple", "dt_call_ratio", "dt_multiple_under_call"), NUMBER),
    **dict.fromkeys(("dt_call_days", "dt_cash_basis_days"), WHOLE),
    **dict.fromkeys(("dt_unflagged_call", "dt_aggregate_under_call", "dtbp_by_requirement"), YES_NO),
    "dtbp_check": Choice(off=0, entry=1, exit=2, both=1 | 2),
    "multiplier_policy": Choice(flagged=0, equity=1),
    "dt_open_call_restriction": Choice(
        {name: _RESTRICTS[name] for name in ("liquidation_only", "buying_power_2x", "closing_only", "no_day_trades")}
    ),
    "dt_unmet_restriction": Choice({name: _RESTRICTS[name] for name in ("cash_available", "closing_only", "no_day_trades")}),
    # orders
    "short_selling": YES_NO,
    **dict.fromkeys(("flip_through_zero", "wash_check", "price_check", "order_shape_check", "market_order_collar"), YES_NO),
    **dict.fromkeys(("collar_threshold", "collar_below", "collar_from", "short_valuation"), NUMBER),
    # what is required and called
    **dict.fromkeys(("margin_min_equity", "maintenance_law_rate"), NUMBER),
    **dict.fromkeys(("concentration_share", "concentration_debit", "concentration_rate", "position_equity_ratio"), PERHAPS),
    **dict.fromkeys(("initial_covers_short_maintenance", "maintenance_real_time"), YES_NO),
    **dict.fromkeys(("minimum_equity_call", "margin_min_equity_call"), YES_NO),
    **dict.fromkeys(("fed_call_window_months", "fed_calls_before_restriction", "fed_restriction_days"), WHOLE),
    # intraday margin
    **dict.fromkeys(("intraday_multiple", "imd_minor_ratio", "imd_minor_limit"), NUMBER),
    **dict.fromkeys(("imd_call_days", "imd_prompt_days", "imd_expiry_days", "imd_freeze_days"), WHOLE),
    **dict.fromkeys(("practice_failures", "practice_months"), WHOLE),
    **dict.fromkeys(("imd_call_minor", "imd_gains_count"), YES_NO),
    "imd_freeze_restriction": Choice({name: _RESTRICTS[name] for name in ("ninety_day_freeze", "closing_only")}),
    "intraday_block": Choice(none=0, buying_power=1, deficit=2),
    "imd_basis": Choice(house=0, law=1),
    # costs
    **dict.fromkeys(("margin_interest_rate", "borrow_fee_rate"), PERHAPS),
    "interest_day_count": WHOLE,
}
#: Parameters that the compiled code has in another form: as the rates of a security, the regime of a day, the due day of a call.
WORKED_IN: dict[str, Kind | Choice] = {
    "regime": _only(PDT, INTRADAY),
    "switch_day": DAY,
    "maintenance_long_bands": Kind("", (), ("below", "inclusive", "rate")),
    "maintenance_short_bands": Kind("", (), ("below", "per_share", "rate")),
    "maintenance_leveraged_long": ANY,  # asked by the account's own function
    "maintenance_leveraged_scaling": YES_NO,
    **dict.fromkeys(("maintenance_leveraged_cap", "maintenance_leveraged_short_rate"), NUMBER),
    "dt_leveraged_etf_scaling": YES_NO,
    **dict.fromkeys(("gtc_calendar_days", "pdt_flag_days"), PERHAPS),
    "short_needs_easy_to_borrow": YES_NO,
    **dict.fromkeys(("maintenance_call_days", "maintenance_call_outer_days"), WHOLE),
    "imd_valuation": _only("mark"),
    "imd_order": _only("time"),
    **dict.fromkeys(("imd_deposits_first", "imd_closings_first"), _only(False)),
}
_CASH = "a cash account is left to full runs"
_NO_LOAN = "securities without loan value are left to full runs"
_UNREAD = "said for the reader: no check, call or figure of an account reads it"
PARAMETERS = Names(
    "the parameter",
    LAW | WORKED_IN,
    {
        **dict.fromkeys(("regt_cash_freeze_days", "freeride_strikes", "gfv_strikes", "cash_liquidation_strikes"), _CASH),
        **dict.fromkeys(("gfv_same_day_strikes", "gfv_settled_strikes", "gfv_closing_strikes", "freeride_cured_is_gfv"), _CASH),
        **dict.fromkeys(("gfv_window_months", "cash_restriction_days", "cash_restriction_from", "cash_unsettled_usable"), _CASH),
        **dict.fromkeys(("regt_initial_non_marginable", "maintenance_non_marginable"), _NO_LOAN),
        **dict.fromkeys(("imd_effective", "imd_phase_in_end"), "bounds of what switch_day may be set to, judged before any run"),
        **dict.fromkeys(("dt_special_maintenance", "dt_cross_guarantee", "imd_pm_threshold"), _UNREAD),
        "pdt_flag_removals": _UNREAD,
        "dt_deposit_hold_days": "deposits and withdrawals are left to full runs",
        "count_unfillable_pending": "orders that cannot fill today are those sent after the close, and they are left to full runs",
        "liquidation_order": "what a brokerage sells first is asked only when it sells, and that is left to full runs",
        "near_maintenance_move": "a word of advice beside an accepted order, which changes nothing",
    },
)

# -- what a run is given

_OF_THE_RECORDING = "part of the recording, which is made anew for another"
_EMPTY = "every account begins at the first bar with cash and nothing else"
RUN = Names(
    "the argument",
    {
        **dict.fromkeys(("cash", "brokerage", "rules", "block_on", "pdt_check", "dtbp_check", "set", "account", "sizer")),
        **dict.fromkeys(("on_call", "worst_price", "charge_costs", "assets", "symbols", "fromdate", "todate")),
    },
    {
        **dict.fromkeys(("strategy", "data", "params"), _OF_THE_RECORDING),
        "progress": "tells how far a full run is",
    },
    {"deposits": "deposits", "trade_from": "the argument trade_from", "resample": "resampled feeds"},
)
#: The arguments of the broker that a run makes, beside those of backtrader's own.
BROKER = Names(
    "the argument of MarginBroker",
    {name: None for name in RUN.known if name not in ("cash", "sizer", "fromdate", "todate")},
    left={"deposits": RUN.left["deposits"]},
)
ACCOUNT = Names(
    "an account with",
    {
        **dict.fromkeys(("cash", "brokerage", "rules", "pdt_check", "dtbp_check", "set", "assets")),
        **dict.fromkeys(("last_equity", "last_maintenance_margin", "pattern_day_trader")),
        "account_type": _only("margin", otherwise="a cash account"),
    },
    {
        "at": "the moment of the first bar",
        "one_time_removal_used": "the designation is lifted by hand only, which no recorded run does",
    },
    {"positions": "an account with positions", "daytrades": "an account with daytrades"},
)
#: Sizers by the parameters of theirs that are known.
SIZERS: dict[str, tuple[str, ...]] = {
    "FixedSize": ("stake",),
    "PercentOfEquity": ("percent", "fractional"),
    "PercentOfBuyingPower": ("percent", "power", "fractional"),
    "Trimmed": ("sizer", "fractional"),
}
#: What ``PercentOfBuyingPower`` may be a percentage of; ``overnight`` is left to full runs.
POWERS = Choice(binding=0, regt=1, day_trading=2)

# -- what a strategy can ask for

_NOT_RECORDED = "a strategy that sends such orders is not recorded"
ORDER = Names(
    "the field of an order",
    dict.fromkeys(("symbol", "side", "qty", "type", "limit_price", "stop_price", "time_in_force", "at")),
    {
        "id": "names an order in the journal",
        "extended_hours": "orders after the close are left to full runs",
        "order_class": "simple in every order that is recorded",
        **dict.fromkeys(("trail_price", "trail_percent", "take_profit", "stop_loss"), _NOT_RECORDED),
    },
)
TYPES = Names("the order type", _coded("market", "limit", "stop", "stop_limit"), {"trailing_stop": _NOT_RECORDED})
CLASSES = Names("the order class", {"simple": None}, dict.fromkeys(("bracket", "oco", "oto"), _NOT_RECORDED))
TIMES_IN_FORCE = Names("the time in force", dict.fromkeys(("day", "gtc")))
SECURITY = Names(
    "the fact about a security",
    dict.fromkeys(("symbol", "leverage", "marginable", "shortable", "easy_to_borrow", "maintenance")),
)


# -- what is in no list


def there_are(run: Callable[..., Any]) -> Iterator[tuple[Names, list[str]]]:
    """Every list with all names of its kind that there are; ``run`` is ``bt_pdt.run``. The parameters of the law are a rulebook's."""
    import backtrader as bt

    from ...account import call_book, calls
    from ...account.account import Account
    from ...core import decisions, orders
    from ...host.broker import MarginBroker

    yield REASONS, [str(reason) for reason in decisions.Reason]
    yield RESTRICTIONS, list(call_book.RESTRICTION_KINDS)
    yield CALLS, list(calls.KINDS)
    yield STATUSES, list({status: None for move in calls.MOVES.items() for status in (move[0][0], move[1])})
    yield ORDER, [field.name for field in fields(orders.OrderRequest)]
    yield TYPES, list(orders.TYPES)
    yield CLASSES, list(orders.CLASSES)
    yield TIMES_IN_FORCE, list(orders.TIMES_IN_FORCE)
    yield SECURITY, [field.name for field in fields(orders.Asset)]
    yield ACCOUNT, [name for name in signature(Account.__init__).parameters if name != "self"]
    own: Any = MarginBroker
    hosts = set(bt.brokers.BackBroker.params._getkeys())
    yield BROKER, [name for name in own.params._getkeys() if name not in hosts]
    yield RUN, list(signature(run).parameters)


def stranger(run: Callable[..., Any]) -> str:
    """The first thing about accounts and runs that is in no list, as a sentence; empty if there is none."""
    for names, present in there_are(run):
        for name in names.strangers(present):
            return names.stranger(name)
    return ""


def beyond(book: Rulebook, days: Sequence[date]) -> str:
    """The first parameter of a rulebook, in force on some of ``days``, whose name or value is not known; empty if all are."""
    first, last = (book.frozen_on or day for day in (days[0], days[-1]))
    regimes = {book.regime_on(first), book.regime_on(last)}
    for name, parameter in book.parameters.items():
        if name in PARAMETERS.irrelevant or (parameter.regime is not None and parameter.regime not in regimes):
            continue
        begun = [since for since in parameter.history if since.day <= first][-1:] or parameter.history[:1]
        for since in (*begun, *(since for since in parameter.history if first < since.day <= last)):
            why = PARAMETERS.fallback_reason(name, since.value)
            if why:
                return why
    return ""
