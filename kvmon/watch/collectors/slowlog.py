"""SLOWLOG: slow commands, counted by id and by name, never twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation, Reply
from kvmon.model.metrics.catalogue.slowlog import ENTRIES, LAST_DURATION, LAST_ID, LENGTH, MISSED, SECONDS
from kvmon.model.metrics.sample import Sample
from kvmon.options import Count, Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.refusals import Refusals
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, integer
from kvmon.watch.collectors.slowlog_entries import Entry, Seen, entries_of, merged

GLANCE = 10
"""Entries asked for at first: enough for a quiet server, and few bytes."""

SLACK = 16
"""Entries that may have been added between the first and the second look."""

MICROSECONDS = 1_000_000
"""In a second."""


@dataclass(frozen=True, slots=True)
class SlowlogMemory:
    """What was seen, which of the commands the server refuses, and the last replies with the samples made of them."""

    seen: Seen = field(default_factory=Seen)
    refusals: Refusals = field(default_factory=Refusals)
    replies: Sequence[Reply] = field(default=(), repr=False)
    samples: Sequence[Sample] = field(default=(), repr=False)

    @property
    def recent(self) -> tuple[Entry, ...]:
        """The newest entries, newest first: id, time, seconds, command and the number of its arguments."""
        return self.seen.recent


class Slowlog(Collector):
    """SLOWLOG. `entries` is how many are read at most, `names` how many commands are told apart, `recent` kept to be shown."""

    name: ClassVar[str] = "slowlog"
    asks: ClassVar[tuple[str, ...]] = ("slowlog|len", "slowlog|get")
    every: Seconds = 15.0
    entries: Count = 1024
    names: Count = 40
    recent: Count = 20

    def first(self) -> SlowlogMemory:
        """Nothing seen."""
        return SlowlogMemory()

    def needs(self, server: Server) -> bool:
        """A Sentinel has no slow log."""
        return server.mode != "sentinel"

    def ask(self, server: Server, memory: SlowlogMemory) -> Conversation[SlowlogMemory]:
        """Asks a second time only when more entries are new than the first look shows."""
        seen = memory.seen
        look = GLANCE if seen.run_id is not None else max(GLANCE, self.recent)
        questions = memory.refusals.allowed([("SLOWLOG", "LEN"), ("SLOWLOG", "GET", min(look, self.entries))])
        replies = yield questions
        if seen.run_id == server.run_id and replies == memory.replies:
            return Answer(memory.samples, memory)  # nothing is new: the usual case, and in every poll
        first = replies
        given, refusals = memory.refusals.after(questions, replies)
        samples: list[Sample] = []
        length = None
        if "SLOWLOG LEN" in given:
            length = integer("SLOWLOG LEN", given["SLOWLOG LEN"])
            samples.append(Sample(LENGTH, length))
        if "SLOWLOG GET" in given:
            entries = entries_of("SLOWLOG GET", array("SLOWLOG GET", given["SLOWLOG GET"]), per=MICROSECONDS)
            size = self.entries if length is None else max(length, len(entries))
            unread = seen.unread(server.run_id, entries, size)
            if unread:
                (reply,) = yield [("SLOWLOG", "GET", min(self.entries, len(entries) + unread + SLACK))]
                entries = merged(entries, entries_of("SLOWLOG GET", reply, per=MICROSECONDS))
            size = len(entries) if length is None else max(length, len(entries))
            seen = seen.after(server.run_id, entries, size, names=self.names, keep=self.recent)
            samples += _samples(entries, seen)
        return Answer(samples, SlowlogMemory(seen, refusals, first, samples))


def _samples(entries: list[Entry], seen: Seen) -> list[Sample]:
    samples = [
        Sample(LAST_ID, entries[0].id if entries else 0),
        Sample(LAST_DURATION, entries[0].cost if entries else 0.0),
        Sample(MISSED, seen.missed),
    ]
    for command, count in seen.counts.items():
        samples += [Sample(ENTRIES, count, (command,)), Sample(SECONDS, seen.costs[command], (command,))]
    return samples
