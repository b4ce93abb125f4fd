"""A strategy, bars and an account under the law of each day, put together and run."""

from .study import Samples, load, load_bars, load_strategy, run, samples

__all__ = ["Samples", "load", "load_bars", "load_strategy", "run", "samples"]
