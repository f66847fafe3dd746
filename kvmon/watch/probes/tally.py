"""What is counted about the probes of a node, as samples."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from kvmon.model.metrics.catalogue import probes as rows
from kvmon.model.metrics.sample import Sample

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets, seconds."""

LES = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")


class Tally:
    """Counts over the life of a probe.

    `retries` are tries repeated on a fresh connection, `tainted` those left out, `hits` and `misses` what reads came to by the
    server's count.
    """

    def __init__(self, target: str, instance: str) -> None:
        self._labels = (target, instance)
        self.retries = self.tainted = self.hits = self.misses = 0
        self._latest: dict[str, bool] = {}
        self._totals: dict[tuple[str, str], int] = {}
        self._steps: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def time(self, step: str, seconds: float) -> None:
        """A step succeeded in so many seconds."""
        self._steps.setdefault(step, [0] * len(LES))[bisect_left(BOUNDS, seconds)] += 1
        self._sums[step] = self._sums.get(step, 0.0) + seconds

    def count(self, op: str, outcome: str, *, ok: bool) -> None:
        """A try of `read`, `write` or `connect` came to this."""
        self._latest[op] = ok
        key = (op, outcome)
        self._totals[key] = self._totals.get(key, 0) + 1

    def steps(self) -> dict[str, tuple[float, int]]:
        """Seconds and number of the successes of each step."""
        return {step: (self._sums[step], sum(counts)) for step, counts in self._steps.items()}

    def samples(self) -> Iterator[Sample]:
        """All of it."""
        yield Sample(rows.RETRIES, self.retries, self._labels)
        yield Sample(rows.TAINTED, self.tainted, self._labels)
        for op, ok in self._latest.items():
            yield Sample(rows.SUCCESS, float(ok), (*self._labels, op))
        for key, total in self._totals.items():
            yield Sample(rows.TOTAL, total, (*self._labels, *key))
        for step, counts in self._steps.items():
            labels, running = (*self._labels, step), 0
            for le, count in zip(LES, counts, strict=True):
                running += count
                yield Sample(rows.DURATION, running, (*labels, le), "_bucket")
            yield Sample(rows.DURATION, self._sums[step], labels, "_sum")
            yield Sample(rows.DURATION, running, labels, "_count")
