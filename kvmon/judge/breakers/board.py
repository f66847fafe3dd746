"""All breakers, by target, op and shard, and the index of their verdicts."""

from __future__ import annotations

import secrets

from kvmon.clock import Clock
from kvmon.judge.breakers.breaker import Breaker
from kvmon.model.evidence import Evidence, Op, Verdict, Verdicts

Key = tuple[str, Op, str]


class BreakerBoard:
    """Takes evidence, gives verdicts. A verdict's index grows when it changes, and only then."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._epoch = secrets.token_hex(8)
        self._index = 0
        self._entries: dict[Key, _Entry] = {}

    def add(self, key: Key, *, stale_after: float) -> None:
        """Keep a breaker; one that is known stays as it is."""
        if key not in self._entries:
            self._index += 1
            self._entries[key] = _Entry(Breaker(stale_after=stale_after, since=self._clock.monotonic()), self._index)

    def forget(self, key: Key) -> None:
        """The breaker is no more."""
        if self._entries.pop(key, None) is not None:
            self._index += 1

    def breaker(self, key: Key) -> Breaker | None:
        """The breaker as it is now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._settle(entry)
        return entry.breaker

    def take(self, evidence: Evidence, shard: str = "") -> tuple[Breaker, Breaker] | None:
        """Judge it; the breaker before and after where its state changed. Evidence for no breaker is passed over."""
        entry = self._entries.get((evidence.target, evidence.op, shard))
        if entry is None:
            return None
        self._settle(entry)
        before = entry.breaker
        entry.breaker = before.step(evidence)
        entry.last_outcome = evidence.outcome
        if evidence.ok:
            entry.last_ok = evidence.end
        self._settle(entry)
        return (before, entry.breaker) if entry.breaker.generation != before.generation else None

    def verdicts(self) -> Verdicts:
        """All verdicts now, by target, op and shard."""
        for entry in self._entries.values():
            self._settle(entry)
        return Verdicts(self._epoch, self._index, [self._verdict(key, self._entries[key]) for key in sorted(self._entries)])

    def _settle(self, entry: _Entry) -> None:
        now = self._clock.monotonic()
        entry.breaker = entry.breaker.settle(now)
        shown = (entry.breaker.generation, entry.breaker.reason_class, entry.breaker.permit_ratio(now))
        if shown != entry.shown:
            if entry.shown is not None:
                self._index += 1
                entry.index = self._index
            entry.shown = shown

    def _verdict(self, key: Key, entry: _Entry) -> Verdict:
        target, op, shard = key
        breaker, now = entry.breaker, self._clock.monotonic()
        wall = self._clock.time() - now
        ratio = breaker.permit_ratio(now)
        return Verdict(
            target=target, op=op, shard=shard, state=breaker.state.value,
            advice="deny" if ratio == 0.0 else "limit" if ratio < 1.0 else "allow", permit_ratio=ratio,
            retry_after_ms=round(1000 * breaker.retry_after(now)), since=wall + breaker.since, generation=breaker.generation,
            reason_class=breaker.reason_class, index=entry.index, failures=breaker.failures, last_outcome=entry.last_outcome,
            last_ok=None if entry.last_ok is None else wall + entry.last_ok,
        )  # fmt: skip


class _Entry:
    """A breaker, what was last shown of it, and the index of that."""

    __slots__ = ("breaker", "index", "last_ok", "last_outcome", "shown")

    def __init__(self, breaker: Breaker, index: int) -> None:
        self.breaker = breaker
        self.index = index
        self.last_ok: float | None = None
        self.last_outcome = ""
        self.shown: tuple[int, str, float] | None = None
