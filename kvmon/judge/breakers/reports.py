"""What applications say: their outcomes of the last seconds, in a window that slides on the monotonic clock."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field

from kvmon.model.targets.thresholds import DEFAULTS, Thresholds

ALIVE = 60.0
"""Seconds for which a reporter that says nothing is still one."""

REPORTERS = 1_000
"""Reporters that are told apart; those beyond count as one."""

FEW = 5
"""Failures that count where few calls are made, as less is permitted."""

IGNORED = frozenset(
    {"noperm", "wrongtype", "noscript", "execabort", "crossslot", "cancelled", "moved", "ask", "tryagain", "client"}
)
"""Classes that speak of the caller, not of the server."""


@dataclass(slots=True)
class _Bucket:
    second: int
    calls: Counter[str] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """The window at one moment: calls, how many failed, the commonest class among them, who called and whose calls failed."""

    calls: int = 0
    failures: int = 0
    worst: str = ""
    reporters: int = 0
    failing: int = 0
    milliseconds: float = 0.0

    @property
    def ratio(self) -> float:
        """How much of the calls failed, 0..1."""
        return self.failures / self.calls if self.calls else 0.0


class Reports:
    """The reports about one op of one shard; a second of them is a bucket. `troubled` are those that are in trouble alone."""

    def __init__(self, rules: Thresholds = DEFAULTS) -> None:
        self._rules = rules
        self._buckets: deque[_Bucket] = deque(maxlen=math.ceil(rules.window))
        self._seen: dict[str, float] = {}
        self.troubled: set[str] = set()

    def add(self, reporter: str, outcome: str, count: int, milliseconds: float, now: float) -> None:
        """So many calls ended so, and took so long together."""
        if reporter not in self._seen and len(self._seen) >= REPORTERS:
            reporter = ""
        self._seen[reporter] = now
        if outcome in IGNORED:
            return
        second = int(now)
        if not self._buckets or self._buckets[-1].second != second:
            self._buckets.append(_Bucket(second))
        bucket = self._buckets[-1]
        bucket.calls[reporter] += count
        bucket.milliseconds += milliseconds
        if outcome != "ok":
            bucket.failed[reporter, outcome] += count

    def clear(self) -> None:
        """Judge from here on; who reports is remembered."""
        self._buckets.clear()

    def summary(self, now: float) -> Summary:
        """The window now."""
        self._slide(now)
        calls, failed, classes = Counter[str](), Counter[str](), Counter[str]()
        for bucket in self._buckets:
            calls += bucket.calls
            for (reporter, outcome), count in bucket.failed.items():
                failed[reporter] += count
                classes[outcome] += count
        # Whose own calls mostly work is not failing, though some of them do not.
        failing = sum(count >= self._rules.failure_ratio * calls[reporter] for reporter, count in failed.items())
        worst = _commonest(classes)
        spent = sum(bucket.milliseconds for bucket in self._buckets)
        return Summary(calls.total(), failed.total(), worst, len(calls), failing, spent)

    def trouble(self, reporter: str, now: float) -> str:
        """The class of what mostly fails for this reporter, were it the only one that speaks; empty where its calls work.

        Who is in trouble is advised to try less, so a few failures keep it there.
        """
        if reporter not in self._seen:
            self.troubled.discard(reporter)
            return ""
        self._slide(now)
        calls = sum(bucket.calls[reporter] for bucket in self._buckets)
        classes = Counter[str]()
        for bucket in self._buckets:
            classes.update({outcome: count for (who, outcome), count in bucket.failed.items() if who == reporter})
        failures = classes.total()
        least = min(FEW, self._rules.min_failures) if reporter in self.troubled else self._rules.min_failures
        if failures < least or failures < self._rules.failure_ratio * calls:
            self.troubled.discard(reporter)
            return ""
        self.troubled.add(reporter)
        return _commonest(classes)

    def _slide(self, now: float) -> None:
        while self._buckets and self._buckets[0].second <= now - self._rules.window:
            self._buckets.popleft()

    def alive(self, now: float) -> int:
        """How many reporters there are."""
        self._seen = {reporter: last for reporter, last in self._seen.items() if now - last <= ALIVE}
        return len(self._seen)

    def alarming(self, now: float, *, least: int) -> bool:
        """Whether so much fails, and for so many, that it has to be looked into."""
        found = self.summary(now)
        enough = found.failures >= least and found.ratio >= self._rules.failure_ratio
        return enough and found.failing >= min(self._rules.reporters, self.alive(now))

    def quorum(self, now: float) -> bool:
        """Whether so many reporters agree that their word counts though probes succeed."""
        return self.summary(now).failing >= max(2.0, self._rules.reporters, 0.5 * self.alive(now))


def _commonest(classes: Counter[str]) -> str:
    return classes.most_common(1)[0][0] if classes else ""
