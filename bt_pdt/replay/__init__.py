"""Replay: what a strategy asked for once, before thousands of other accounts. Compiled, on all cores, exact where it answers."""

from __future__ import annotations

from .law import Unsupported
from .replay import Replay, Replayed, compiler_or_sentence

__all__ = ["Replay", "Replayed", "Unsupported", "compiler_or_sentence"]
