"""The slow log as a histogram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from kvmon.model.targets.target import Node
from kvmon.tell.sinks.datadog.names import PREFIX
from kvmon.tell.sinks.datadog.point import Form, Point
from kvmon.tell.sinks.datadog.tags import node_tags, tag


class Entry(Protocol):
    """What is read of an entry."""

    @property
    def cost(self) -> float:
        """Seconds that it took."""

    @property
    def command(self) -> str:
        """Its name alone."""


class Slow(NamedTuple):
    """What is new in a node's log, oldest first, and how many entries nobody saw."""

    node: Node
    entries: Sequence[Entry]
    missed: int = 0


def slow_points(slow: Slow) -> Iterator[Point]:
    """A point for each entry, in microseconds, with the Agent's tags: no role."""
    tags = node_tags(slow.node)
    for entry in slow.entries:
        yield Point(f"{PREFIX}slowlog.micros", round(entry.cost * 1e6), (*tags, tag("command", entry.command)), Form.HISTOGRAM)
