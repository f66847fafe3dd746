"""All breakers, by target, op and shard, and the index of their verdicts."""

from __future__ import annotations

from typing import Protocol

from kvmon.clock import Clock
from kvmon.judge.breakers.breaker import Breaker
from kvmon.model.evidence import Evidence, Op, Slots, Verdict, Verdicts

Key = tuple[str, Op, str]

SAME = 0.02
"""Seconds for which all verdicts are given out as they were, unless one changes: many ask at once when one did."""


class Told(Protocol):
    """What is told of changes, at once."""

    def changed(self, verdict: Verdict) -> None:
        """This verdict is new, or another than before; its index is the board's."""

    def renewed(self, index: int) -> None:
        """A breaker is no more: whoever follows has to look at all of them anew."""


class Nobody:
    """Is told, and keeps it to itself."""

    def changed(self, verdict: Verdict) -> None:
        """See Told."""

    def renewed(self, index: int) -> None:
        """See Told."""


class BreakerBoard:
    """Takes evidence, gives verdicts. A verdict's index grows when it changes, and only then; `epoch` names its count."""

    def __init__(self, *, clock: Clock, epoch: str = "", told: Told | None = None) -> None:
        self._clock = clock
        self._epoch = epoch
        self._told = told or Nobody()
        self._index = 0
        self._entries: dict[Key, _Entry] = {}
        self._gone: dict[str, int] = {}
        self._latest: tuple[float, Verdicts] | None = None

    def add(self, key: Key, *, stale_after: float, slots: Slots = ()) -> None:
        """Keep a breaker for these hash slots; one that is known goes on as it is."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(Breaker(stale_after=stale_after, since=self._clock.monotonic()))
        entry.slots = slots
        self._settle(key, entry)

    def forget(self, key: Key) -> None:
        """The breaker is no more."""
        if self._entries.pop(key, None) is not None:
            self._index += 1
            self._gone[key[0]] = self._index
            self._latest = None
            self._told.renewed(self._index)

    def breaker(self, key: Key) -> Breaker | None:
        """The breaker as it is now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._settle(key, entry)
        return entry.breaker

    def take(self, evidence: Evidence, shard: str = "") -> tuple[Breaker, Breaker] | None:
        """Judge it; the breaker before and after where its state changed. Evidence for no breaker is passed over."""
        key = (evidence.target, evidence.op, shard)
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._settle(key, entry)
        before = entry.breaker
        entry.breaker = before.step(evidence)
        entry.last_outcome = evidence.outcome
        if evidence.ok:
            entry.last_ok = evidence.end
        self._settle(key, entry)
        return (before, entry.breaker) if entry.breaker.generation != before.generation else None

    def verdicts(self) -> Verdicts:
        """All verdicts now, by target, op and shard."""
        now = self._clock.monotonic()
        if self._latest is not None and now - self._latest[0] < SAME:
            return self._latest[1]
        for key, entry in self._entries.items():
            self._settle(key, entry)
        found = [self._verdict(key, self._entries[key]) for key in sorted(self._entries)]
        made = Verdicts(self._epoch, self._index, found, dict(self._gone))
        self._latest = (now, made)
        return made

    def _settle(self, key: Key, entry: _Entry) -> None:
        now = self._clock.monotonic()
        entry.breaker = entry.breaker.settle(now)
        shown = (entry.breaker.generation, entry.breaker.reason_class, entry.breaker.permit_ratio(now), entry.slots)
        if shown != entry.shown:
            self._index += 1
            entry.index = self._index
            entry.shown = shown
            self._latest = None
            self._told.changed(self._verdict(key, entry))

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
            last_ok=None if entry.last_ok is None else wall + entry.last_ok, slots=entry.slots,
        )  # fmt: skip


class _Entry:
    """A breaker, what was last shown of it, and the index of that."""

    __slots__ = ("breaker", "index", "last_ok", "last_outcome", "shown", "slots")

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.index = 0
        self.slots: Slots = ()
        self.last_ok: float | None = None
        self.last_outcome = ""
        self.shown: tuple[int, str, float, Slots] | None = None
