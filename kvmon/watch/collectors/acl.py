"""ACL LOG: what the server's access control refused, counted by reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation, Reply
from kvmon.model.metrics.catalogue.acl import ENTRIES
from kvmon.model.metrics.sample import Sample
from kvmon.options import Count, Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, integer, table, text

COMMAND = "ACL LOG"

REASONS = ("auth", "command", "key", "channel", "database", "tls-cert")
"""What servers say today; anything else counts as other."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AclMemory:
    """Counts by entry as they were last seen, and what they added up to. `run_id` is None before the first look."""

    run_id: str | None = None
    entries: Mapping[Key, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS[:4], 0))


class Acl(Collector):
    """ACL LOG. `entries` is how many are read at most."""

    name: ClassVar[str] = "acl"
    asks: ClassVar[tuple[str, ...]] = ("acl|log",)
    every: Seconds = 60.0
    entries: Count = 128

    def first(self) -> AclMemory:
        """Nothing seen."""
        return AclMemory()

    def needs(self, server: Server) -> bool:
        """Version 6 brought access control."""
        return server.mode != "sentinel" and server.version >= (6, 0, 0)

    def ask(self, server: Server, memory: AclMemory) -> Conversation[AclMemory]:
        """One question. An entry's count grows while the same refusal is repeated: what it grew by is added."""
        (reply,) = yield [("ACL", "LOG", self.entries)]
        entries, reasons = _read(reply)
        totals = dict(memory.totals)
        if memory.run_id is not None:  # what happened before the first look is no news
            before = memory.entries if memory.run_id == server.run_id else {}
            for key, count in entries.items():
                reason = reasons[key]
                totals[reason] = totals.get(reason, 0) + max(0, count - before.get(key, 0))
        samples = [Sample(ENTRIES, total, (reason,)) for reason, total in totals.items()]
        return Answer(samples, AclMemory(server.run_id, entries, totals))


def _read(reply: Reply) -> tuple[dict[Key, int], dict[Key, str]]:
    """Counts and reasons by entry. Servers before 7.2 give entries no id: there, equal refusals are one."""
    counts: dict[Key, int] = {}
    reasons: dict[Key, str] = {}
    for item in array(COMMAND, reply):
        parts = table(COMMAND, item)
        reason = text(COMMAND, parts.get("reason"))
        if "entry-id" in parts:
            key: Key = (str(integer(COMMAND, parts["entry-id"])),)
        else:
            key = tuple(text(COMMAND, parts.get(name)) for name in ("reason", "context", "object", "username"))
        counts[key] = counts.get(key, 0) + integer(COMMAND, parts.get("count"))
        reasons[key] = reason if reason in REASONS else "other"
    return counts, reasons
