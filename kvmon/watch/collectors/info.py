"""INFO: everything a server tells about itself in one reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from kvmon.clock import Clock, SystemClock
from kvmon.model.conversation import Answer, Conversation, Malformed, Refusal, Reply, expect
from kvmon.options import Count
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.info_layout import Limits
from kvmon.watch.collectors.info_reply import UNSAID, InfoReply, read
from kvmon.watch.collectors.server import UNKNOWN, Server

NAMELESS = "?"
"""Stands for the run id of a server that tells none."""


@dataclass(frozen=True, slots=True)
class InfoMemory:
    """The last reply, the plain fields in it, and which server it speaks of.

    `databases` is what the process `asked` said when it was asked how many it has. `short` tells that it knows no INFO ALL.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    server: Server = UNKNOWN
    reply: InfoReply | None = field(default=None, repr=False)
    databases: int = UNSAID
    asked: str = ""
    short: bool = False

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Names of fields with a number that no metric is made of."""
        return self.reply.layout.unmapped if self.reply is not None else ()


class Info(Collector):
    """INFO ALL, asked in every poll and first.

    `databases` is how many databases to show as empty; None asks the server, once. `commands` and `errors` are how many
    commands and kinds of errors get series of their own; the others are counted together. `sizes` adds keys by size (Redis 8).
    """

    name: ClassVar[str] = "info"
    asks: ClassVar[tuple[str, ...]] = ("info", "config|get")
    clock: ClassVar[Clock] = SystemClock()
    """For servers that do not tell their own time."""

    databases: int | None = Field(default=None, ge=0, le=10_000)
    commands: Count = 1_000
    errors: Count = 128
    sizes: bool = False

    def first(self) -> InfoMemory:
        """See Collector."""
        return InfoMemory()

    def rights(self, server: Server) -> tuple[str, ...]:
        """See Collector."""
        # A Sentinel does not know CONFIG, not even as a word of access control.
        return self.asks if self.databases is None and server.mode != "sentinel" else self.asks[:1]

    def ask(self, server: Server, memory: InfoMemory) -> Conversation[InfoMemory]:
        """See Collector."""
        del server
        question = ("INFO",) if memory.short else ("INFO", "ALL")
        short, databases = memory.short, memory.databases
        asking = self.databases is None and (memory.asked != (memory.server.run_id or NAMELESS))
        if asking:
            reply, said = yield [question, ("CONFIG", "GET", "databases")]
            databases = _databases(said)
        else:
            (reply,) = yield [question]
        if not short and (reply == b"" or (isinstance(reply, Refusal) and reply.reason == "error")):
            short = True
            (reply,) = yield [("INFO",)]
        limits = Limits(databases if self.databases is None else self.databases, self.commands, self.errors, self.sizes)
        found = read(_body(expect("INFO", reply)), memory.reply, limits, now=self.clock.time())
        if found is memory.reply and not asking:
            return Answer(found.samples, memory)
        asked = (found.server.run_id or NAMELESS) if asking else memory.asked
        return Answer(found.samples, InfoMemory(found.fields, found.server, found, databases, asked, short))


def _body(reply: Reply) -> bytes:
    if isinstance(reply, str):
        return reply.encode("utf-8", "surrogateescape")
    if not isinstance(reply, bytes):
        raise Malformed(f"INFO: the reply is {type(reply).__name__}, not text")
    return reply


def _databases(reply: Reply) -> int:
    """From the pair that CONFIG GET answers; where it is refused, what a server has unless told otherwise."""
    if isinstance(reply, list) and len(reply) == 2:
        value = reply[1]
        digits = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
        if digits.isascii() and digits.isdigit() and len(digits) < 6:
            return min(int(digits), 10_000)
    return UNSAID
