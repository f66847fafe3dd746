"""What the last polls of a target come to in tables. Pure: from snapshots to rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.tell.server.view import LargeCommand, SlowCommand

QUANTILES = ("50", "99", "99.9")
MOST = 12
"""Rows of a table that tells the biggest."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command since the server started. `share` is of the time of all, 0..1; `quantiles` seconds, by QUANTILES."""

    name: str
    calls: float
    seconds: float
    share: float
    failed: float
    quantiles: Sequence[float | None]

    @property
    def mean(self) -> float | None:
        """Seconds of a call."""
        return self.seconds / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Entries of a log that look alike: the command, and its key without what varies.

    `cost` is what all of them took together, `most` one of them (seconds, or bytes), `share` their part of the whole log.
    `arguments` is how many the longest of them had; they are not kept.
    """

    command: str
    shape: str
    arguments: int
    count: int
    cost: float
    most: float
    last: float
    share: float
    instances: Sequence[str]


@dataclass(frozen=True, slots=True)
class Database:
    """The keys of a database."""

    name: str
    keys: float
    expiring: float | None
    average_ttl: float | None

    @property
    def coverage(self) -> float | None:
        """Keys that expire of all."""
        return self.expiring / self.keys if self.keys and self.expiring is not None else None


@dataclass(frozen=True, slots=True)
class Bar:
    """One of several that share something; `share` is of the biggest, 0..1."""

    name: str
    value: float
    share: float


Families = Mapping[str, Sequence[Sample]]


def families(snapshots: Iterable[Snapshot]) -> Families:
    """Samples of all snapshots by name, without the prefix that an option may change."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for snapshot in snapshots:
        for sample in snapshot.samples:
            name = sample.spec.name
            found[name if name.startswith("kvmon_") else name.partition("_")[2]].append(sample)
    return found


def commands(given: Families) -> list[CommandRow]:
    """By the time they took, the most first."""
    calls, seconds = _by_first(given, "commands_total"), _by_first(given, "commands_duration_seconds_total")
    failed = _by_first(given, "commands_failed_calls_total")
    for name, value in _by_first(given, "commands_rejected_calls_total").items():
        failed[name] += value
    slowest: dict[tuple[str, str], float] = {}
    for sample in given.get("latency_percentiles_usec", ()):
        if not sample.suffix and len(sample.labels) > 1:
            key = (sample.labels[0], sample.labels[1])
            slowest[key] = max(slowest.get(key, 0.0), sample.value / 1e6)
    whole = sum(seconds.values())
    rows = [
        CommandRow(
            name, calls[name], spent, spent / whole if whole else 0.0, failed[name],
            tuple(slowest.get((name, quantile)) for quantile in QUANTILES),
        )
        for name, spent in seconds.most_common(MOST)
    ]  # fmt: skip
    return [row for row in rows if row.calls]


def slow_patterns(slow: Sequence[SlowCommand]) -> list[Pattern]:
    """Slow commands by the time they took together, the most first."""
    return _patterns([(entry, entry.seconds) for entry in slow])


def large_patterns(large: Sequence[LargeCommand]) -> list[tuple[str, list[Pattern]]]:
    """Large requests, and large replies, by their bytes together, the most first."""
    logs: dict[str, list[tuple[LargeCommand, float]]] = defaultdict(list)
    for entry in large:
        logs[entry.log].append((entry, entry.size))
    return [(log, _patterns(each)) for log, each in sorted(logs.items())]


def _patterns(entries: Sequence[tuple[SlowCommand | LargeCommand, float]]) -> list[Pattern]:
    alike: dict[tuple[str, str], list[tuple[SlowCommand | LargeCommand, float]]] = defaultdict(list)
    for entry, cost in entries:
        alike[entry.command, entry.shape].append((entry, cost))
    whole = sum(cost for _, cost in entries) or 1.0
    found = [
        Pattern(
            command, shape, max(entry.arguments for entry, _ in each), len(each),
            spent := sum(cost for _, cost in each), max(cost for _, cost in each),
            max(entry.at for entry, _ in each), spent / whole, sorted({entry.instance for entry, _ in each}),
        )
        for (command, shape), each in alike.items()
    ]  # fmt: skip
    return sorted(found, key=lambda pattern: -pattern.cost)[:MOST]


def databases(given: Families) -> list[Database]:
    """Those that hold keys."""
    keys = _by_first(given, "db_keys")
    expiring = _by_first(given, "db_keys_expiring")
    ttl = _by_first(given, "db_avg_ttl_seconds")
    return [
        Database(name, count, expiring.get(name), ttl.get(name))
        for name, count in sorted(keys.items())
        if count or len(keys) == 1
    ]


def bars(given: Families, name: str) -> list[Bar]:
    """The biggest of a family by its labels."""
    found: Counter[str] = Counter()
    for sample in given.get(name, ()):
        found[" ".join(dict.fromkeys(label for label in sample.labels if label)) or "(none)"] += sample.value  # type: ignore[assignment]
    most = max(found.values(), default=0)
    return [Bar(label, value, value / most if most else 0.0) for label, value in found.most_common(MOST) if value]


def one(given: Families, name: str) -> float | None:
    """The least of a family's values: of a forecast, what comes first. None where there is none."""
    return min((sample.value for sample in given.get(name, ())), default=None)


def _by_first(given: Families, name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for sample in given.get(name, ()):
        if sample.labels:
            found[sample.labels[0]] += sample.value  # type: ignore[assignment]
    return found
