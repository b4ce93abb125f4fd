"""What a brokerage is here: data. Its overrides of the law, the words of its refusals, and what is not known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.decisions import Reason
from ..rulebook import Since, Source


@dataclass(frozen=True)
class Wire:
    """How a refusal is worded: status, code and message, and the further keys of its body.

    ``message`` may hold the places ``{requested}``, ``{available}`` and ``{symbol}``. ``source`` says where the words were
    seen, or that they are ours.
    """

    http_status: int
    code: int | None
    message: str
    extra_keys: tuple[str, ...]
    source: Source


#: Parameters of which many firms publish nothing that was found: for ``unknown``.
NEW_TERMS = ("intraday_block", "imd_call_days", "imd_call_minor", "practice_failures", "practice_months", "imd_valuation")
HOUSE_RATES = ("maintenance_long_bands", "maintenance_short_bands", "maintenance_leveraged_long")
CASH_STRIKES = ("gfv_strikes", "cash_liquidation_strikes")
ORDER_CHECKS = ("short_needs_easy_to_borrow", "flip_through_zero", "wash_check", "price_check")
COSTS = ("margin_interest_rate", "borrow_fee_rate")
#: What the notes of every firm say whose pages have no day, and whose refusals have no words.
NO_DAYS = (
    "Pages without a day: their values were seen by 2026-06-03, the last day of the old rules everywhere, and are carried back from there."
)
NO_WORDS = "The words of its refusals are not sourced: they are the bare rule's."


@dataclass(frozen=True)
class Brokerage:
    """One firm: ``overrides`` are histories put in the place of the law's, ``wire`` its words for every reason.

    ``hosts`` are the sites of its own pages: a value of its is published there or nowhere. ``notes`` say in a sentence each what is not
    sourced or not simulated. ``unknown`` are names of parameters of which the firm publishes nothing that was found: the bare law's value
    answers for it.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    overrides: Mapping[str, tuple[Since, ...]] = field(default_factory=dict)
    wire: Mapping[Reason, Wire] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def has(self, check: str) -> bool:
        """True if orders are put to this check here: the bare rule counts day trades, but refuses no order for their number."""
        return check != "pdt_check" or check in self.overrides

    @property
    def speaks(self) -> bool:
        """True if the firm's own wire words are known, so that a refusal can carry its body."""
        return any(wire.code is not None for wire in self.wire.values())
