"""Whether something grows: slopes that a few odd values do not bend."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

WARM_UP = 1 / 3
"""The share of a run in which caches may fill."""


class Trend(NamedTuple):
    """What became of a number. `per_hour` is its slope after the warm-up, `leaks` whether that is more than noise."""

    name: str
    first: float
    last: float
    highest: float
    per_hour: float
    leaks: bool

    def __str__(self) -> str:
        mark = "LEAKS" if self.leaks else "steady"
        return f"{self.name:24}{self.first:>10.1f}{self.last:>10.1f}{self.highest:>10.1f}{self.per_hour:>+12.2f}   {mark}"


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """The median of the slopes between all pairs (Theil and Sen); 0.0 for less than two."""
    pairs = combinations(zip(times, values, strict=True), 2)
    found = [(after - before) / (end - begin) for (begin, before), (end, after) in pairs if end > begin]
    return statistics.median(found) if found else 0.0


def trend(name: str, times: Sequence[float], values: Sequence[float], *, noise: float) -> Trend:
    """Of values at times (seconds). It leaks if it grows after the warm-up, by more than `noise` in the rest of the run."""
    start = times[0] + (times[-1] - times[0]) * WARM_UP if times else 0.0
    kept = [(time, value) for time, value in zip(times, values, strict=True) if time >= start]
    late_times, late_values = [time for time, _ in kept], [value for _, value in kept]
    per_second = slope(late_times, late_values)
    span = late_times[-1] - late_times[0] if late_times else 0.0
    return Trend(name, values[0], values[-1], max(values), per_second * 3600, per_second * span > noise)
