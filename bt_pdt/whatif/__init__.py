"""Replay: what a strategy asked for once, before thousands of other accounts. Compiled, on all cores, exact where it answers."""

from __future__ import annotations

from .agreement import difference, number_in_both, other_intent, other_numbers
from .kernel.law import Unsupported
from .replay import Replay, Replayed, compiler_or_sentence, record_of

__all__ = [
    "Replay",
    "Replayed",
    "Unsupported",
    "compiler_or_sentence",
    "difference",
    "number_in_both",
    "other_intent",
    "other_numbers",
    "record_of",
]
