"""What is remembered from one push to the next, and the order in which things are handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.tell.sinks.datadog.checks import checks
from kvmon.tell.sinks.datadog.client import Client
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.points import of_samples, points
from kvmon.tell.sinks.datadog.slow import Entry, slow

SLICE = 100
"""Points between two breaths: about a millisecond."""

Key = tuple[str, str]


class Sink:
    """One destination with its client."""

    def __init__(self, options: DatadogOptions) -> None:
        self.options = options
        self.client = Client(options)
        self.missed = 0
        """Slow commands that were gone before they could be sent."""
        self._pushed: dict[Key, Snapshot] = {}
        self._ids: dict[Key, int] = {}

    def push(
        self, snapshots: Iterable[Snapshot], own: Iterable[Sample], slow_commands: Callable[[Node], Sequence[Entry]]
    ) -> Iterator[None]:
        """Hand everything over, in slices of about a millisecond: yields between them. A poll is pushed once."""
        seen = list(snapshots)
        keys = {snapshot.node.key for snapshot in seen}
        for memory in (self._pushed, self._ids):
            for key in memory.keys() - keys:
                memory.pop(key)
        count = 0
        for snapshot in seen:
            for verdict in checks(snapshot):
                self.client.check(verdict)
            for _ in self._node(snapshot, slow_commands):
                count += 1
                if count % SLICE == 0:
                    yield
            yield
        for point in of_samples(own, ()):
            self.client.send(point)

    def _node(self, snapshot: Snapshot, slow_commands: Callable[[Node], Sequence[Entry]]) -> Iterator[None]:
        key = snapshot.node.key
        before = self._pushed.get(key)
        if before is not None and before.at == snapshot.at:
            return
        self._pushed[key] = snapshot
        found = slow(snapshot.node, slow_commands(snapshot.node), self._ids.get(key))
        self._ids[key] = found.last
        self.missed += found.missed
        for point in (*points(snapshot, before), *found.points):
            self.client.send(point)
            yield
