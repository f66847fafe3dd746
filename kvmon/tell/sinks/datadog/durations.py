"""How long the steps of probes took, on average since the push before: of histograms only this is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kvmon.model.metrics.catalogue.probes import DURATION
from kvmon.model.metrics.sample import Sample
from kvmon.tell.sinks.datadog.names import PREFIX
from kvmon.tell.sinks.datadog.point import Point
from kvmon.tell.sinks.datadog.tags import tag

AVERAGE = "kvmon.probe_duration_seconds.avg"
PING = f"{PREFIX}ping.latency_ms"
"""The Agent's name for the time of a PING."""

Key = tuple[str, str]


class Durations:
    """Sees the samples of each push."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[float, float]] = {}

    def points(self, samples: Iterable[Sample], tags: Mapping[Key, tuple[str, ...]]) -> Iterator[Point]:
        """Of each step and node that was probed meanwhile. `tags` of nodes, by target and instance."""
        sums: dict[tuple[str, ...], float] = {}
        counts: dict[tuple[str, ...], float] = {}
        for sample in samples:
            if sample.spec is DURATION and sample.suffix in ("_sum", "_count"):
                (sums if sample.suffix == "_sum" else counts)[sample.labels] = sample.value
        now = {labels: (total, counts.get(labels, 0.0)) for labels, total in sums.items()}
        for labels, (total, count) in now.items():
            before = self._known.get(labels, (0.0, 0.0))
            target, instance, step = labels
            node = tags.get((target, instance))
            if node is None or count <= before[1] or total < before[0]:
                continue
            mean = (total - before[0]) / (count - before[1])
            yield Point(AVERAGE, mean, (*node, tag("step", step)))
            if step == "ping":
                yield Point(PING, round(mean * 1000, 2), node)
        self._known = now
