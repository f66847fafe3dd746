"""The slow log as a histogram: each entry once, by its id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from kvmon.model.targets.target import Node
from kvmon.tell.sinks.datadog.names import PREFIX
from kvmon.tell.sinks.datadog.point import Form, Point
from kvmon.tell.sinks.datadog.tags import node_tags, tag

EMPTY = -1
"""Before the first id."""


class Entry(Protocol):
    """What is read of an entry."""

    @property
    def id(self) -> int:
        """Grows by one with each entry, and begins anew with the server."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def command(self) -> str:
        """Its name alone."""


class Slow(NamedTuple):
    """Points for new entries, the id to remember, and how many entries nobody saw."""

    points: list[Point]
    last: int
    missed: int = 0


def slow(node: Node, newest_first: Iterable[Entry], last: int | None) -> Slow:
    """What is new since `last`; None: nothing was looked at yet, and what is there is from before."""
    entries = list(newest_first)
    newest = entries[0].id if entries else EMPTY
    if last is None:
        return Slow([], newest)
    if not entries:
        return Slow([], last)
    if newest < last:
        last = EMPTY  # the server began anew
    fresh = [entry for entry in entries if entry.id > last]
    tags = node_tags(node)
    found = [
        Point(f"{PREFIX}slowlog.micros", round(entry.seconds * 1e6), (*tags, tag("command", entry.command)), Form.HISTOGRAM)
        for entry in reversed(fresh)
    ]
    return Slow(found, newest, max(0, newest - last - len(fresh)))
