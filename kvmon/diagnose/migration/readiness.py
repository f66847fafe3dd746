"""Whether a destination can take its source's place: what samples of the last while say, and sizes, memory and lag."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from kvmon.diagnose.migration.options import MigrationOptions
from kvmon.diagnose.migration.verdicts import KINDS

REASONS = ("unreachable", "comparing", *KINDS, "size", "memory", "evicting", "lag")
"""Every value of the label `reason`."""

FULL = 0.9
"""The share of its memory from which on a destination has no room."""

FEW = 10
"""Keys by which numbers may differ however few there are: probes have some of their own."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a side's primaries hold. `memory` and `limit` in bytes, limit None where one has none; `evicted` keys so far."""

    keys: int
    memory: int
    limit: int | None = None
    evicted: int = 0


@dataclass(frozen=True, slots=True)
class Sampled:
    """One sample: `looked` keys of the source, `sought` of the destination, `differences` by kind. `at` monotonic seconds."""

    at: float
    looked: int
    sought: int
    differences: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class State:
    """What is known now. `lag` seconds that a write took, None where it was not measured; `lost`: it never arrived."""

    looked: int = 0
    sought: int = 0
    differences: Mapping[str, int] = field(default_factory=dict)
    source: Extent | None = None
    destination: Extent | None = None
    evicted: int = 0
    lag: float | None = None
    lost: bool = False
    failure: str = ""

    def ratio(self, kind: str) -> float | None:
        """The share of keys that differ so; None before any was compared."""
        base = self.sought if kind == "extra" else self.looked
        return self.differences.get(kind, 0) / base if base else None


class Samples:
    """Samples of the last `over` seconds, and how many differences there ever were."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.compared = 0
        self._kept: deque[Sampled] = deque()

    def add(self, sampled: Sampled, over: float) -> None:
        """One more; those that are older than `over` seconds go."""
        self._kept.append(sampled)
        self.total.update(sampled.differences)
        self.compared += sampled.looked
        while self._kept[0].at < sampled.at - over:
            self._kept.popleft()

    def sums(self) -> tuple[int, int, Counter[str]]:
        """Of the source, of the destination, and differences by kind."""
        differences: Counter[str] = Counter()
        for each in self._kept:
            differences.update(each.differences)
        return sum(each.looked for each in self._kept), sum(each.sought for each in self._kept), differences


def needed(options: MigrationOptions, keys: int) -> int:
    """Keys to compare before absence of differences means something: what a share p has shows in 3 / p keys, 95 times in 100."""
    return min(round(3 / options.tolerance), 3 * max(0, keys - FEW))


def reasons(options: MigrationOptions, state: State) -> dict[str, str]:
    """Why it is not ready: a sentence by the word for it. Empty: it is ready."""
    source, destination = state.source, state.destination
    found: dict[str, str] = {}
    if state.failure or source is None or destination is None:
        return {"unreachable": state.failure or "neither side was asked yet"}
    enough = needed(options, source.keys)
    if state.looked < enough:
        found["comparing"] = f"{state.looked:,} of {enough:,} keys were compared"
    for kind in KINDS:
        ratio = state.ratio(kind)
        # The new one may have keys of its own before it gets all the traffic.
        if ratio is not None and ratio > options.tolerance and not (kind == "extra" and options.mode == "blue-green"):
            found[kind] = f"{_SENTENCES[kind]}: {ratio:.2%} of keys, {options.tolerance:.2%} may"
    less = source.keys - destination.keys
    apart = max(less, 0) if options.mode == "blue-green" else abs(less)
    if apart > max(FEW, options.size_tolerance * source.keys):
        found["size"] = f"the source has {source.keys:,} keys, the destination {destination.keys:,}"
    if destination.limit and destination.memory > FULL * destination.limit:
        found["memory"] = f"the destination uses {destination.memory / destination.limit:.0%} of its memory"
    if state.evicted:
        found["evicting"] = f"the destination evicted {state.evicted:,} keys since the last sample"
    if state.lost:
        found["lag"] = "a write did not arrive"
    elif state.lag is not None and state.lag > options.max_lag:
        found["lag"] = f"a write took {state.lag:.2f} s to arrive"
    return found


_SENTENCES = {
    "missing": "the destination lacks keys",
    "extra": "the destination has keys that the source has not",
    "type": "keys are of another type",
    "value": "keys have another value",
    "groups": "groups of streams are elsewhere or missing",
    "ttl": "keys expire at another time",
}
