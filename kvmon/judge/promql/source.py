"""Where the evaluator gets series from, and what a series is to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from kvmon.judge.promql.labels import Labelset
from kvmon.judge.promql.tree import Matchers
from kvmon.judge.promql.work import Work


class Readable(Protocol):
    """What a query needs of a series."""

    @property
    def labels(self) -> Labelset:
        """Its labels."""

    def latest(self, after: int, upto: int) -> tuple[int, float] | None:
        """Time and value of the newest sample in (after, upto]; None where there is none, or it is a stale marker."""

    def span(self, after: int, upto: int) -> tuple[Sequence[int], Sequence[float]]:
        """Times and values in (after, upto], stale markers left out."""


class Series:
    """One series: `times` (ms, rising) and `values`; `stale` holds the places that are stale markers and no values."""

    __slots__ = ("labels", "stale", "times", "values")

    def __init__(
        self,
        labels: Labelset,
        times: Sequence[int],
        values: Sequence[float],
        stale: AbstractSet[int] = frozenset(),
    ) -> None:
        self.labels = labels
        self.times = times
        self.values = values
        self.stale = stale

    def latest(self, after: int, upto: int) -> tuple[int, float] | None:
        """See Readable."""
        place = bisect_right(self.times, upto) - 1
        if place < 0 or self.times[place] <= after or place in self.stale:
            return None
        return self.times[place], self.values[place]

    def span(self, after: int, upto: int) -> tuple[Sequence[int], Sequence[float]]:
        """See Readable."""
        low, high = bisect_right(self.times, after), bisect_right(self.times, upto)
        times, values = self.times[low:high], self.values[low:high]
        if self.stale:
            kept = [place for place in range(low, high) if place not in self.stale]
            if len(kept) != high - low:
                return [self.times[place] for place in kept], [self.values[place] for place in kept]
        return times, values


class Source(Protocol):
    """What a query reads from."""

    def select(self, matchers: Matchers, start: int, end: int) -> Work[Sequence[Readable]]:
        """The series that fulfil all matchers, with at least their samples in (start, end] (ms), sorted by their labels."""
