"""The bare rule: no brokerage at all. No house requirement, and refusals in plain words of ours."""

from __future__ import annotations

from ...core.decisions import Reason
from ..sources import reading
from .brokerage import Brokerage, Wire

OURS = reading("the rule words no refusal; plain words of ours")

_WORDS: dict[Reason, str] = {
    Reason.INVALID_ORDER: "an order of this shape is not taken",
    Reason.PRICE: "the price is not valid",
    Reason.TRADING_BLOCKED: "the account is blocked from trading",
    Reason.LIQUIDATION_ONLY: "the account is restricted to liquidation",
    Reason.CLOSING_ONLY: "the account is restricted to closing transactions",
    Reason.CASH_AVAILABLE: "the account may trade on a cash available basis only",
    Reason.FROZEN_90_DAYS: "the account may not create or increase a debit balance or a short position",
    Reason.PDT_RESTRICTED_DAYTRADE: "the account may make no day trade",
    Reason.NOT_SHORTABLE: "{symbol} cannot be sold short",
    Reason.NO_SHORT: "the account may not sell short",
    Reason.MINIMUM_EQUITY: "the account has less than the minimum equity",
    Reason.QTY: "not enough shares for the order (requested: {requested}, available: {available})",
    Reason.WASH: "an opposite order in {symbol} is open",
    Reason.NON_MARGINABLE_BUYING_POWER: "not enough cash for a security without loan value",
    Reason.BUYING_POWER: "not enough buying power",
    Reason.DTBP: "not enough day-trading buying power",
    Reason.PDT_COUNT: "the order could make the account a pattern day trader",
    Reason.WITHDRAWAL: "the withdrawal would leave less than the account must hold",
}

PLAIN_WORDS: dict[Reason, Wire] = {reason: Wire(403, None, words, (), OURS) for reason, words in _WORDS.items()}

FINRA = Brokerage(
    name="finra",
    title="The bare rule (Regulation T and FINRA Rule 4210)",
    wire=PLAIN_WORDS,
    notes=("No brokerage: nothing is refused that the rule itself does not forbid, and there is no house requirement.",),
)
