"""What one series keeps for itself when its frame forgets."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from kvmon.judge.promql.labels import Labelset
from kvmon.judge.promql.source import Series

BYTES = 16
"""Of a sample: its time and its value."""

AGED = 0.05
"""Share of a tail that is forgotten in one go: what is behind it has to be moved each time."""


class Tail(Series):
    """A series that grows at its end and is forgotten from its beginning. Readers take copies of parts."""

    __slots__ = ()
    times: array[int]
    values: array[float]
    stale: set[int]

    def __init__(self, labels: Labelset, times: array[int], values: array[float], stale: set[int]) -> None:
        super().__init__(labels, times, values, stale)

    @classmethod
    def empty(cls, labels: Labelset) -> Tail:
        """One to begin with."""
        return cls(labels, array("q"), array("d"), set())

    @property
    def size(self) -> int:
        """Bytes."""
        return BYTES * len(self.times)

    def copied(self) -> Tail:
        """As it is now."""
        return Tail(self.labels, self.times[:], self.values[:], set(self.stale))

    def grow(self, place: int, times: Sequence[int], rows: Sequence[array[float]], gone: Sequence[AbstractSet[int]]) -> None:
        """Take the column at this place of rows; where it has no value it has ended."""
        for at, row, missing in zip(times, rows, gone, strict=True):
            there = 0 <= place < len(row) and place not in missing
            if not there:
                if not self.times or len(self.times) - 1 in self.stale:
                    continue
                self.stale.add(len(self.times))
            self.times.append(at)
            self.values.append(row[place] if there else 0.0)

    def forget(self, upto: int, *, lazily: bool = False) -> None:
        """Forget what is not newer than a time (ms); `lazily` only where that is worth it."""
        count = bisect_right(self.times, upto)
        if count == 0 or (lazily and count < AGED * len(self.times)):
            return
        del self.times[:count], self.values[:count]
        self.stale = {place - count for place in self.stale if place >= count}
