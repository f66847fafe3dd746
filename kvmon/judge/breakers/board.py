"""All breakers, by target, op and shard, and the index of their verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from kvmon.clock import Clock
from kvmon.judge.breakers.breaker import Backoff, Breaker
from kvmon.judge.breakers.entry import Entry, Key
from kvmon.judge.breakers.overrides import Overrides
from kvmon.model.evidence import Evidence, Outcome, Report, Slots, Verdict, Verdicts
from kvmon.model.targets.thresholds import DEFAULTS, Thresholds

SAME = 0.02
"""Seconds for which all verdicts are given out as they were, unless one changes: many ask at once when one did."""


class Told(Protocol):
    """What is told of changes, at once."""

    def changed(self, verdict: Verdict) -> None:
        """This verdict is new, or another than before; its index is the board's."""

    def renewed(self, key: Key, index: int) -> None:
        """This breaker is no more: whoever follows has to look at all of them anew."""


class Nobody:
    """Is told, and keeps it to itself."""

    def changed(self, verdict: Verdict) -> None:
        """See Told."""

    def renewed(self, key: Key, index: int) -> None:
        """See Told."""


class BreakerBoard:
    """Takes evidence and reports, gives verdicts. A verdict's index grows when it changes, and only then.

    `epoch` names its count; `overrides` are people's decisions.
    """

    def __init__(self, *, clock: Clock, epoch: str = "", told: Told | None = None) -> None:
        self.overrides = Overrides(clock=clock)
        self._clock = clock
        self._epoch = epoch
        self._told = told or Nobody()
        self._index = 0
        self._entries: dict[Key, Entry] = {}
        self._gone: dict[str, int] = {}
        self._kept: dict[Key, Backoff] = {}
        self._latest: tuple[float, Verdicts] | None = None

    def add(self, key: Key, *, stale_after: float, slots: Slots = (), rules: Thresholds = DEFAULTS) -> None:
        """Keep a breaker for these hash slots; one that is known goes on as it is, by these rules."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry(key, Breaker(stale_after=stale_after, since=self._clock.monotonic()))
        if (kept := self._kept.pop(key, None)) is not None:
            entry.breaker = entry.breaker.resume(kept)
        entry.slots = slots
        entry.breaker = replace(entry.breaker, stale_after=stale_after)
        entry.obey(rules)
        self._settle(entry)

    def resume(self, key: Key, kept: Backoff) -> None:
        """Go on from before a restart, at once or when there is such a breaker; one that has an opinion of its own keeps it."""
        entry = self._entries.get(key)
        if entry is None:
            self._kept[key] = kept
        else:
            entry.breaker = entry.breaker.resume(kept)

    def forget(self, key: Key) -> None:
        """The breaker is no more."""
        if self._entries.pop(key, None) is not None:
            self._index += 1
            self._gone[key[0]] = self._index
            self._latest = None
            self._told.renewed(key, self._index)

    def breaker(self, key: Key) -> Breaker | None:
        """The breaker as it is now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._settle(entry)
        return entry.breaker

    def take(self, evidence: Evidence, shard: str = "") -> Breaker | None:
        """Judge it; the breaker after it, None where there is none."""
        entry = self._entries.get((evidence.target, evidence.op, shard))
        if entry is None:
            return None
        self._settle(entry)
        entry.take(evidence)
        self._settle(entry)
        return entry.breaker

    def hear(self, outcome: Outcome, report: Report) -> Breaker | None:
        """Take an outcome that an application reports; the breaker after it, None where there is none."""
        entry = self._entries.get((outcome.target, outcome.op, outcome.shard))
        if entry is None:
            return None
        self._settle(entry)
        entry.hear(outcome, report, self._clock.monotonic())
        self._settle(entry)
        return entry.breaker

    def verdicts(self, reporter: str = "") -> Verdicts:
        """All verdicts now, by target, op and shard, as this reporter should have them."""
        found = self._all()
        if not reporter or not (mine := self._alone(reporter)):
            return found
        return replace(found, all=[mine.get((each.target, each.op, each.shard), each) for each in found.all])

    def _all(self) -> Verdicts:
        now = self._clock.monotonic()
        if self._latest is not None and now - self._latest[0] < SAME:
            return self._latest[1]
        self.settle()
        found = [self._verdict(self._entries[key]) for key in sorted(self._entries)]
        made = Verdicts(self._epoch, self._index, found, dict(self._gone))
        self._latest = (now, made)
        return made

    def _alone(self, reporter: str) -> dict[Key, Verdict]:
        """Those that are other ones for this reporter, whose own calls fail."""
        now = self._clock.monotonic()
        found = {key: entry.alone(reporter, now, self._clock.time() - now) for key, entry in self._entries.items()}
        return {key: verdict for key, verdict in found.items() if verdict is not None}

    def expect(self, target: str, seconds: float) -> None:
        """Maintenance of the target was announced: for so long short silences are put up with; 0: it is over."""
        for entry in self._entries.values():
            if entry.key[0] == target:
                entry.maintained_until = self._clock.monotonic() + seconds
                self._settle(entry)

    def settle(self) -> None:
        """See what time alone has changed, and what an override has."""
        for entry in self._entries.values():
            self._settle(entry)

    def _settle(self, entry: Entry) -> None:
        now = self._clock.monotonic()
        override, until = self.overrides.of(entry.key) or (None, 0.0)
        entry.settle(now, override, until)
        shown = entry.shown(now)
        if shown != entry.last_shown:
            self._index += 1
            entry.index, entry.last_shown = self._index, shown
            self._latest = None
            self._told.changed(self._verdict(entry))

    def _verdict(self, entry: Entry) -> Verdict:
        now = self._clock.monotonic()
        return entry.verdict(now, self._clock.time() - now)
