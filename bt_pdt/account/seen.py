"""Which executions and filled orders an account has seen, so that one that is delivered again is not booked again."""

from __future__ import annotations


class Seen:
    """Names in the order in which they came. A copy shares what was there and goes its own way from then on."""

    __slots__ = ("_later", "_limit", "_shared")

    def __init__(self) -> None:
        self._shared: dict[str, int] = {}
        self._limit: int | None = None  # a copy knows what was there when it was made, not what the other sees later
        self._later: dict[str, bool] = {}

    def __contains__(self, name: str) -> bool:
        later = self._later.get(name)
        if later is not None:
            return later
        place = self._shared.get(name)
        return place is not None and (self._limit is None or place < self._limit)

    def add(self, name: str) -> None:
        """Takes ``name`` in."""
        if self._limit is None:
            self._shared.setdefault(name, len(self._shared))
        else:
            self._later[name] = True

    def forget(self, name: str) -> None:
        """``name`` is used anew."""
        if name in self:
            self._later[name] = False
            if self._limit is None and self._shared.pop(name, None) is not None:
                self._shared = {each: place for place, each in enumerate(self._shared)}  # copies keep the old one
                del self._later[name]

    def copy(self) -> Seen:
        """An independent twin that costs what came since the last one, not all there is."""
        twin = Seen()
        twin._shared = self._shared
        twin._limit = len(self._shared) if self._limit is None else self._limit
        twin._later = dict(self._later)
        return twin

    def __getstate__(self) -> list[str]:
        return [name for name in {**self._shared, **self._later} if name in self]

    def __setstate__(self, names: list[str]) -> None:
        self._shared, self._limit, self._later = {name: i for i, name in enumerate(names)}, None, {}
