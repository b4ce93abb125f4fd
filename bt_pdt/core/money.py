"""Comparing money kept in floats: half a cent is no difference."""

from __future__ import annotations

HALF_CENT = 0.005
#: The smallest part of a share that a brokerage keeps: nine decimals.
SMALLEST_QTY = 1e-9
#: What is no share at nine decimals: never ordered or executed, and where sums of shares leave it, rounding and no position.
SHARE_DUST = SMALLEST_QTY / 2


def exceeds(amount: float, bound: float) -> bool:
    """True if ``amount`` dollars is above ``bound`` dollars by more than half a cent."""
    return amount > bound + HALF_CENT


def below(amount: float, bound: float) -> bool:
    """True if ``amount`` dollars is under ``bound`` dollars by more than half a cent."""
    return amount < bound - HALF_CENT


def cents(amount: float) -> float:
    """Dollars rounded to cents, without a negative zero: the form every report prints."""
    return round(amount, 2) + 0.0


def dollars(amount: float) -> str:
    """Dollars for a sentence: ``$24,999.99``, ``-$12.50``, ``$25,000`` when there are no cents."""
    text = f"{abs(amount):,.2f}"
    return ("-" if amount <= -HALF_CENT else "") + "$" + text.removesuffix(".00")


def rate_in_words(rate: float) -> str:
    """A rate for a sentence: ``75%``, ``12.5%``."""
    return f"{rate * 100:.4g}%"


def shares(qty: float) -> str:
    """A quantity for a sentence: ``100``, ``0.5``, ``12,000``."""
    return f"{qty:,.9f}".rstrip("0").rstrip(".")
