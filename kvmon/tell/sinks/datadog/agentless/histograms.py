"""Histograms as the Agent makes them: the API takes no samples of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kvmon.tell.sinks.datadog.point import Point

KEPT = 20_000
"""Values between two pushes; more are counted and otherwise left out."""


class Histograms:
    """Values since the last push, by name and tags."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, tuple[str, ...]], list[float]] = defaultdict(list)
        self._held = 0

    def add(self, point: Point) -> bool:
        """Take one value; False where there is no room."""
        if self._held >= KEPT:
            return False
        self._held += 1
        self._values[point.name, point.tags].append(point.value)
        return True

    def drain(self, interval: float) -> Iterator[tuple[Point, bool]]:
        """The Agent's five aggregates of each, and whether it is a rate: `count` is, by the second over the interval."""
        held, self._values, self._held = self._values, defaultdict(list), 0
        for (name, tags), values in held.items():
            values.sort()
            gauges = {
                "avg": sum(values) / len(values), "max": values[-1], "median": percentile(values, 50),
                "95percentile": percentile(values, 95),
            }  # fmt: skip
            yield from ((Point(f"{name}.{suffix}", value, tags), False) for suffix, value in gauges.items())
            yield Point(f"{name}.count", len(values) / interval, tags), True


def percentile(ordered: list[float], percent: int) -> float:
    """The value below which so many percent lie; one that occurred, as with the Agent, and the lower of two middle ones."""
    return ordered[max(0, percent * len(ordered) - 1) // 100]
