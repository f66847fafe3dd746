"""The breaker: a pure state machine over evidence. Times are monotonic seconds and handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from kvmon.model.evidence import Evidence
from kvmon.model.targets.thresholds import DEFAULTS, Thresholds

WORDS = 2
"""Conclusive words of the server in a row that open: one, and its confirmation."""

EXPECTED = 2
"""So many more failures in a row that open while maintenance was announced: a failover of a moment is what it is."""

SOON = 60.0
"""Seconds: reopening within these after closing makes the next dwell longer; as many healthy seconds take one step back."""

FAST = 10.0
"""Seconds after opening in which probes follow each other quickly."""

FAST_PACE = 0.25
"""Seconds between these probes."""

UNKNOWN_PACE = 1.0
"""Seconds after which asking again may be worth it where nothing is known."""

MISCONFIGURED = frozenset({"auth", "tls"})
"""Classes that last until somebody changes a configuration: waiting longer each time would only delay what they did."""

RAMP = ((5.0, 0.1), (10.0, 0.5))
"""Until so many seconds after closing, so much of the calls may go."""


class State(StrEnum):
    """What is known about the op."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Backoff:
    """What outlives a restart: how often it reopened soon after closing, and when it closed last.

    `closed_at` is in the seconds of whoever keeps it; `tripped` that it was not closed properly since it last opened.
    """

    level: int = 0
    tripped: bool = False
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker at one moment; `step` and `settle` give the next one.

    `stale_after` seconds without evidence make it unknown. `since` is when the state began, `generation` counts states,
    `failures`, `words` (conclusive ones) and `successes` are the current runs. `level`, `tripped` and `closed_at` are those of
    its Backoff. `alarmed`: applications say that calls fail. `rules` say when it opens and closes; `expecting` that maintenance
    was announced, `held` that it stays open for that, `flapping` that it opens again and again. `ready_at` is when the server
    expects to serve.
    """

    stale_after: float = 10.0
    state: State = State.UNKNOWN
    since: float = 0.0
    generation: int = 0
    reason_class: str = ""
    failures: int = 0
    words: int = 0
    successes: int = 0
    level: int = 0
    tripped: bool = False
    closed_at: float | None = None
    heard: float | None = None
    alarmed: bool = False
    expecting: bool = False
    held: bool = False
    flapping: bool = False
    ready_at: float | None = None
    rules: Thresholds = DEFAULTS

    @property
    def suspect(self) -> bool:
        """Whether there is a failure that asks for an immediate confirmation."""
        return (self.failures > 0 or self.alarmed) and self.state in (State.CLOSED, State.UNKNOWN)

    @property
    def doubtful(self) -> bool:
        """Whether it is open, on its way to closing, or suspect: then who serves may have changed."""
        return self.suspect or self.state in (State.OPEN, State.HALF_OPEN)

    @property
    def dwell(self) -> float:
        """Seconds that it stays open at least."""
        if self.flapping:
            return self.rules.max_open
        return min(self.rules.max_open, self.rules.open_for * 2.0 ** (self.level - 1)) if self.level else 0.0

    @property
    def backoff(self) -> Backoff:
        """What is to be kept of it."""
        return Backoff(self.level, self.tripped, self.closed_at)

    def resume(self, kept: Backoff) -> Breaker:
        """With what was kept, where it knows nothing yet of its own: what was open is tried before it closes."""
        if self.generation:
            return self
        return replace(self, level=kept.level, tripped=kept.tripped, closed_at=kept.closed_at)

    @property
    def silences(self) -> int:
        """Failures of any kind in a row that open it."""
        return self.rules.consecutive + (EXPECTED if self.expecting else 0)

    def step(self, evidence: Evidence) -> Breaker:
        """After this evidence. What began before the state did, or before what was heard last, is passed over."""
        if evidence.at < self.since or (self.heard is not None and evidence.end < self.heard):
            return self
        now = self.settle(evidence.at)
        now = _succeeded(now, evidence.end) if evidence.ok else _failed(now, evidence)
        ready_at = None if evidence.ready_in is None else evidence.end + evidence.ready_in
        return replace(now, heard=evidence.end, ready_at=ready_at)

    def settle(self, now: float) -> Breaker:
        """At this time: without recent evidence nothing is known."""
        latest = self.since if self.heard is None else max(self.heard, self.since)
        if self.state is State.UNKNOWN or now - latest <= self.stale_after:
            return self
        return _become(self, State.UNKNOWN, latest + self.stale_after, reason="stale")

    def trip(self, now: float, reason: str, *, level: int = 0) -> Breaker:
        """Open, as applications say that calls fail. `level`: its dwell is at least that of so many reopenings."""
        if self.state is State.OPEN:
            return self
        opened = _become(self, State.OPEN, now, reason=reason)
        return replace(opened, level=max(level, _next_level(self, now)), tripped=True)

    def ramping(self, now: float) -> bool:
        """Whether calls come back little by little."""
        return self.state is State.CLOSED and self.permit_ratio(now) < 1.0

    def permit_ratio(self, now: float) -> float:
        """How much of the calls may go, 0..1. Where nothing is known, all: a monitor must not be what stops an application.

        Unless the configuration has it otherwise.
        """
        if self.state is State.UNKNOWN:
            return 1.0 if self.rules.unknown == "allow" else 0.0
        if self.state is not State.CLOSED:
            return 0.0
        if self.closed_at is not None and self.closed_at == self.since:
            return next((ratio for until, ratio in RAMP if now - self.since < until), 1.0)
        return 1.0

    def pace(self, now: float) -> float | None:
        """Seconds between probes that this state asks for; None where the usual interval will do."""
        if self.state is State.HALF_OPEN:
            return FAST_PACE
        if self.state is State.OPEN:
            return FAST_PACE if now - self.since < FAST else 1.0
        return None

    def retry_after(self, now: float) -> float:
        """Seconds after which asking again may be worth it; 0 where calls may go."""
        pace = self.pace(now)
        if pace is None:
            return 0.0 if self.permit_ratio(now) else UNKNOWN_PACE
        if self.state is State.HALF_OPEN:
            return pace * (self.rules.trials - self.successes)
        earliest = max(self.since + self.dwell, self.ready_at or 0.0)
        return max(0.0, earliest - now) + pace + FAST_PACE * (self.rules.trials - 1)


def _succeeded(was: Breaker, now: float) -> Breaker:
    if was.state is State.CLOSED:
        return replace(was, failures=0, words=0) if was.failures else was
    if was.state is State.UNKNOWN and not was.tripped:
        return _become(was, State.CLOSED, now)
    if was.state is State.OPEN and (was.held or now < was.since + was.dwell):
        return was
    if was.state is not State.HALF_OPEN:
        was = _become(was, State.HALF_OPEN, now, reason=was.reason_class)
    if was.successes + 1 < was.rules.trials:
        return replace(was, successes=was.successes + 1)
    return replace(_become(was, State.CLOSED, now), closed_at=now, tripped=False)


def _failed(was: Breaker, evidence: Evidence) -> Breaker:
    words = was.words + 1 if evidence.conclusive else 0
    counted = replace(was, failures=was.failures + 1, words=words, successes=0)
    if was.state is State.OPEN:
        return replace(counted, reason_class=evidence.outcome)
    # While half-open one failure is enough; its dwell stays as it was, as it was never closed.
    if was.state is not State.HALF_OPEN and words < WORDS and counted.failures < was.silences:
        return counted
    opened = _become(was, State.OPEN, evidence.end, reason=evidence.outcome)
    level = was.level if evidence.outcome in MISCONFIGURED else _next_level(was, evidence.end)
    return replace(opened, failures=counted.failures, level=level, tripped=True)


def _next_level(was: Breaker, now: float) -> int:
    if was.closed_at is None or was.tripped:
        return was.level
    healthy = now - was.closed_at
    return was.level + 1 if healthy < SOON else max(0, was.level - int(healthy // SOON))


def _become(was: Breaker, state: State, now: float, *, reason: str = "") -> Breaker:
    return replace(
        was,
        state=state,
        since=now,
        generation=was.generation + 1,
        reason_class=reason,
        failures=0,
        words=0,
        successes=0,
        alarmed=False,
    )
