"""Requirements that hang on the price of a share."""

from __future__ import annotations

from typing import NamedTuple


class Band(NamedTuple):
    """A price band of long stock: up to ``below`` dollars (``inclusive`` or not) the requirement is ``rate`` of market value."""

    below: float
    inclusive: bool
    rate: float


class ShortBand(NamedTuple):
    """A price band of short stock: under ``below`` dollars the larger of ``per_share`` dollars and ``rate`` of market value."""

    below: float
    per_share: float
    rate: float
