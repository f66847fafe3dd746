"""COMMANDLOG of Valkey: large requests and replies, counted by id and by name; slow commands are the slow log's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation
from kvmon.model.metrics.catalogue.commandlog import BYTES, ENTRIES, LENGTHS, MISSED
from kvmon.model.metrics.sample import Sample
from kvmon.options import Count, Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.config import has_commandlog
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import integer
from kvmon.watch.collectors.slowlog import GLANCE, SLACK
from kvmon.watch.collectors.slowlog_entries import Entry, Seen, entries_of, merged

SIZED = ("large-request", "large-reply")


@dataclass(frozen=True, slots=True)
class CommandlogMemory:
    """What was seen of each log."""

    seen: Mapping[str, Seen] = field(default_factory=lambda: dict.fromkeys(SIZED, Seen()))

    @property
    def recent(self) -> Mapping[str, tuple[Entry, ...]]:
        """The newest entries of each log, newest first; their cost is bytes."""
        return {log: seen.recent for log, seen in self.seen.items()}


class Commandlog(Collector):
    """COMMANDLOG. `entries` is how many are read at most of each log, `names` how many commands are told apart."""

    name: ClassVar[str] = "commandlog"
    asks: ClassVar[tuple[str, ...]] = ("commandlog|len", "commandlog|get")
    every: Seconds = 60.0
    entries: Count = 128
    names: Count = 20
    recent: Count = 20

    def first(self) -> CommandlogMemory:
        """Nothing seen."""
        return CommandlogMemory()

    def needs(self, server: Server) -> bool:
        """Valkey 8.1 and later."""
        return server.mode != "sentinel" and has_commandlog(server)

    def ask(self, server: Server, memory: CommandlogMemory) -> Conversation[CommandlogMemory]:
        """Asks a second time only for a log with more new entries than the first look shows."""
        glance = min(GLANCE, self.entries)
        replies = yield [
            *(("COMMANDLOG", "LEN", log) for log in LENGTHS),
            *(("COMMANDLOG", "GET", glance, log) for log in SIZED),
        ]
        lengths = {log: integer("COMMANDLOG LEN", reply) for log, reply in zip(LENGTHS, replies, strict=False)}
        looks = zip(SIZED, replies[len(LENGTHS) :], strict=False)
        entries = {log: entries_of("COMMANDLOG GET", reply, per=1) for log, reply in looks}
        unread = {log: memory.seen[log].unread(server.run_id, entries[log], lengths[log]) for log in SIZED}
        again = {log: min(self.entries, len(entries[log]) + more + SLACK) for log, more in unread.items() if more}
        if again:
            replies = yield [("COMMANDLOG", "GET", count, log) for log, count in again.items()]
            for log, reply in zip(again, replies, strict=False):
                entries[log] = merged(entries[log], entries_of("COMMANDLOG GET", reply, per=1))
        samples = [Sample(spec, lengths[log]) for log, spec in LENGTHS.items()]
        after = {}
        for log in SIZED:
            length = max(lengths[log], len(entries[log]))
            after[log] = memory.seen[log].after(server.run_id, entries[log], length, names=self.names, keep=self.recent)
            samples += _samples(log, after[log])
        return Answer(samples, CommandlogMemory(after))


def _samples(log: str, seen: Seen) -> list[Sample]:
    samples = [Sample(MISSED, seen.missed, (log,))]
    for command, count in seen.counts.items():
        samples += [Sample(ENTRIES, count, (log, command)), Sample(BYTES, seen.costs[command], (log, command))]
    return samples
