"""A search by replay: one recorded run for each set of the strategy's parameters, its intents before every account and sizer.

Exact or silent: of each recording the variant with the most refusals is run in full too. If one order or number of it differs, nothing is
taken from a replay, and a sentence says what; it says that the strategy asks for other things when it is refused where it does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from ..core.errors import BadInput
from ..host.strategy_files import sentence
from ..results.folder import plain
from ..runs import study
from .objectives import Constraint, Objective, measure, with_cost
from .space import Point
from .work import Outcome

if TYPE_CHECKING:
    from ..whatif import Replay, Replayed
    from .sweep import Plan

#: Fewer variants of one recording than this are sooner run in full: the recording and the check are full runs.
WORTH_IT = 4
REPLAYED = "replayed"
DISAGREED = "replay disagreed with a full run"


def require(criteria: Sequence[Objective | Constraint]) -> None:
    """Raises :class:`BadInput` for what a replay cannot answer."""
    from ..whatif import compiler_or_sentence

    compiler_or_sentence()
    for criterion in criteria:
        if criterion.function is not None:
            name = criterion.name if isinstance(criterion, Objective) else criterion.text
            raise BadInput(f"a replay gives the numbers of a run by name, and {name} asks for its whole result; leave replay out.")


class Screen:
    """The replays of one search; ``report`` hears how many of the points at hand are replayed."""

    def __init__(self, plan: Plan, report: Callable[[int], None]) -> None:
        self._plan, self._report = plan, report
        self._replays: dict[str, Replay | str] = {}  # by the strategy's parameters: or why there is none
        self._proven: dict[str, int] = {}  # the most refusals of a variant whose full run agreed
        self.recordings = 0
        self.checked = 0  # full runs that agreed
        self.left: Counter[str] = Counter()
        #: Why nothing is replayed any more, as a sentence goes on; empty while all agrees.
        self.unstable = ""

    def outcomes(self, points: Sequence[Point], offs: dict[Point, float]) -> dict[Point, Outcome]:
        """The outcomes of those points that a replay answers; ``offs`` gets the profits with the rules off that it worked out."""
        groups: dict[str, list[Point]] = {}
        for point in points:
            groups.setdefault(self._key(point), []).append(point)
        found: dict[Point, Outcome] = {}
        for key, members in groups.items():
            if self.unstable:
                return {}
            if key not in self._replays and len(members) < WORTH_IT:
                continue
            found |= self._group(key, members, offs)
        return {} if self.unstable else found

    def _key(self, point: Point) -> str:
        """The strategy's parameters of a point: what has a recording of its own."""
        return repr(sorted((self._plan.space.arguments(point, self._plan.common).get("params") or {}).items()))

    def _group(self, key: str, points: Sequence[Point], offs: dict[Point, float]) -> dict[Point, Outcome]:
        from ..whatif import Unsupported

        replay = self._replay(key, points[0])
        if isinstance(replay, str):
            self.left[replay] += len(points)
            return {}
        plan = self._plan
        variants = [plan.space.arguments(point, plan.common) for point in points]
        try:
            replay.run(variants[:1])  # compiles, where that is still to be done
            began, ended = time.perf_counter(), count(1)
            found = replay.run(variants, jobs=plan.jobs, notify=lambda *_: self._report(next(ended)))
            replays = dict(zip(points, found, strict=True))
            if plan.costed:
                self._costs(replay, points, offs)
        except Unsupported as error:
            self._replays[key] = str(error)
            self.left[str(error)] += len(points)
            return {}
        each = (time.perf_counter() - began) / len(points)
        for one in replays.values():
            if one.left:
                self.left[one.left] += 1
        answered = {point: one for point, one in replays.items() if not one.left and self._has_cost(point, offs)}
        if not self._agrees(key, replay, answered):
            return {}
        return {point: Outcome(self._metrics(point, one, offs), seconds=each) for point, one in answered.items()}

    def _metrics(self, point: Point, one: Replayed, offs: Mapping[Point, float]) -> dict[str, Any]:
        metrics = {**plain(one.metrics), REPLAYED: True}
        return with_cost(metrics, offs[self._plan.space.without_law(point)]) if self._plan.costed else metrics

    def _has_cost(self, point: Point, offs: Mapping[Point, float]) -> bool:
        return not self._plan.costed or self._plan.space.without_law(point) in offs

    def _costs(self, replay: Replay, points: Sequence[Point], offs: dict[Point, float]) -> None:
        """The profits with the rules off, once for all points that differ in the law alone."""
        wanted = list(dict.fromkeys(off for off in map(self._plan.space.without_law, points) if off not in offs))
        for off, one in zip(wanted, replay.run([self._plan.task_off(off).arguments for off in wanted], jobs=self._plan.jobs), strict=True):
            if not one.left:
                offs[off] = one.metrics["profit"]

    def _replay(self, key: str, point: Point) -> Replay | str:
        from ..whatif import Replay, Unsupported, record_of

        if key not in self._replays:
            plan = self._plan
            try:
                record, result = record_of(study.run, plan.strategy, plan.bars, plan.space.arguments(point, plan.common))
                names = list(plan.common.get("symbols") or plan.bars.symbols)
                self._replays[key] = Replay(plan.strategy, plan.bars, names, record, len(result.times), plan.common.get("assets") or ())
                self.recordings += 1
            except Unsupported as error:
                self._replays[key] = str(error)
            except Exception:  # the full run will say what
                self._replays[key] = "a run that does not end well"
        return self._replays[key]

    def _agrees(self, key: str, replay: Replay, answered: Mapping[Point, Replayed]) -> bool:
        """Runs in full the variant with the most refusals, where it has more than the last one that was run."""

        def refused(point: Point) -> int:
            return int(answered[point].metrics["refused"])

        hardest = max(answered, key=refused, default=None)
        if hardest is None or refused(hardest) <= self._proven.get(key, -1):
            return True
        self.unstable = self._parting(replay, hardest)
        if self.unstable:
            return False
        self._proven[key] = refused(hardest)
        self.checked += 1
        return True

    def _parting(self, replay: Replay, point: Point) -> str:
        """Runs a point in full beside its replay: the first thing in which they part, and whether the strategy did; empty if they agree."""
        from ..whatif import difference, number_in_both, other_intent, other_numbers
        from ..whatif.recording import Record, recorded

        plan, record = self._plan, Record()
        arguments = plan.space.arguments(point, plan.common)
        try:
            full = study.run(recorded(plan.strategy, record), plan.bars, **arguments)
        except Exception as error:  # the full runs will say it again, each for itself
            return f"a full run ends with {sentence(error)}, its replay does not"
        whole = replay.run([arguments], whole=True)[0]
        differs = difference(full, whole, replay)
        if not differs:
            measured, metrics = plain(measure(full)), plain(whole.metrics)
            differs = next((number_in_both(name, measured, metrics) for name in other_numbers(measured, metrics)), "")
        if not differs:
            return ""
        asked = other_intent(replay.record, record, replay)
        return f"the strategy asks for other things when it is refused ({asked})" if asked else f"the {DISAGREED} ({differs})"

    def confirmed(self, number: int, point: Point, replayed: Outcome, full: Outcome) -> None:
        """A replayed trial was run in full; another number ends all replaying."""
        from ..whatif import number_in_both, other_numbers

        others = other_numbers(full.metrics, {name: value for name, value in replayed.metrics.items() if name != REPLAYED})
        self.checked += not others
        if not others or self.unstable:
            return
        replay = self._replays.get(self._key(point))
        why = "" if replay is None or isinstance(replay, str) else self._parting(replay, point)  # once more, to see who parted
        self.unstable = why or f"the {DISAGREED} (of trial {number} {number_in_both(others[0], full.metrics, replayed.metrics)})"

    def notes(self, replayed: int, full: int) -> list[str]:
        """What was replayed and what not, in sentences."""
        if self.unstable:
            return [
                f"Not replayed: {self.unstable}, so every trial is a full run.",
            ]
        runs = f"{self.recordings:,} recorded run{'s' * (self.recordings != 1)}"
        are = "1 trial is a replay" if replayed == 1 else f"{replayed:,} trials are replays"
        said = [f"{are} of {runs}, {full:,} full run{'s' * (full != 1)}; {self.checked:,} checked in full without a difference."]
        if self.left:
            why = "; ".join(f"{reason} ({count:,})" for reason, count in self.left.most_common(3))
            said.append(f"Left to full runs: {why}.")
        return said
