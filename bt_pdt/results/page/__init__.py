"""The page of a run, and the pictures that move."""

from .page import Section, write

__all__ = ["Section", "write"]
