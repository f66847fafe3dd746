"""What scans have found of a target's keys: its workloads, how complete that is and how old. Pure: from samples to rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kvmon.model.metrics.catalogue import workloads as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec

HELD = {
    "cpu": "its main thread is busy",
    "down": "it does not answer",
    "loading": "it loads its data",
    "syncing": "it synchronises",
}
"""Why a shard is left alone, by the word for it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One of them; None is what is not known. Errors are halves of 95 % intervals, `growth` keys an hour."""

    name: str
    keys: float | None
    memory: float | None
    memory_error: float | None
    coverage: float | None
    coverage_error: float | None
    expected: float | None
    lasting: float | None
    growth: float | None
    channels: float | None
    subscribers: float | None

    @property
    def lacking(self) -> bool:
        """Whether fewer of its keys expire than are meant to, the error left aside."""
        if self.coverage is None or self.expected is None:
            return False
        return self.coverage + (self.coverage_error or 0.0) < self.expected


@dataclass(frozen=True, slots=True)
class Scan:
    """How far the pass under way is (0..1), which shards were counted once, when the oldest numbers are of (wall seconds)."""

    progress: float | None
    counted: int
    shards: int
    unreachable: int
    completed: float | None
    duration: float | None
    held: Sequence[tuple[str, int]]

    @property
    def whole(self) -> bool:
        """Whether every shard was counted: before, there are no numbers."""
        return self.shards > 0 and self.counted == self.shards


class Found:
    """The series of one target's scans, out of all that the daemon tells of itself."""

    def __init__(self, samples: Iterable[Sample], target: str) -> None:
        self._values: dict[Spec, dict[tuple[str, ...], float]] = {}
        for sample in samples:
            if sample.spec in _ALL and sample.labels[0] == target:
                self._values.setdefault(sample.spec, {})[sample.labels[1:]] = sample.value

    def workloads(self) -> list[Workload]:
        """By name; none where none is configured, or nothing is known of any yet."""
        names = sorted({labels[0] for spec in _OF_WORKLOADS for labels in self._of(spec)})
        return [Workload(name, *(self._of(spec).get((name,)) for spec in _OF_WORKLOADS)) for name in names]

    def scan(self) -> Scan | None:
        """The scan; None where nothing is scanned."""
        shards = self._of(rows.SHARDS)
        if not shards:
            return None
        counted, waiting, unreachable = (int(shards.get((state,), 0)) for state in ("counted", "not_yet", "unreachable"))
        one = {spec: self._of(spec).get(()) for spec in (rows.PROGRESS, rows.COMPLETED, rows.DURATION)}
        held = [(HELD.get(reason, reason), int(count)) for (reason,), count in sorted(self._of(rows.HELD).items()) if count]
        return Scan(one[rows.PROGRESS], counted, counted + waiting, unreachable, one[rows.COMPLETED], one[rows.DURATION], held)

    def _of(self, spec: Spec) -> Mapping[tuple[str, ...], float]:
        return self._values.get(spec, {})


_OF_WORKLOADS = (
    rows.KEYS, rows.MEMORY, rows.MEMORY_ERROR, rows.COVERAGE, rows.COVERAGE_ERROR, rows.EXPECTED, rows.LASTING, rows.GROWTH,
    rows.CHANNELS, rows.SUBSCRIBERS,
)  # fmt: skip
"""In the order of Workload's fields."""

_ALL = frozenset({*_OF_WORKLOADS, rows.SHARDS, rows.PROGRESS, rows.COMPLETED, rows.DURATION, rows.HELD})
