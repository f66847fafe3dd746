"""INFO: everything a server tells about itself in one reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation, Malformed, expect
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import UNKNOWN, Server, server_of


@dataclass(frozen=True, slots=True)
class InfoMemory:
    """The last reply: its plain fields, and which server it speaks of."""

    fields: Mapping[str, str] = field(default_factory=dict)
    server: Server = UNKNOWN
    unmapped: tuple[str, ...] = ()


class Info(Collector):
    """INFO ALL, asked in every poll and first."""

    name: ClassVar[str] = "info"

    def first(self) -> InfoMemory:
        """See Collector."""
        return InfoMemory()

    def ask(self, server: Server, memory: InfoMemory) -> Conversation[InfoMemory]:
        """See Collector."""
        del server, memory
        (reply,) = yield [("INFO", "ALL")]
        body = expect("INFO", reply)
        if not isinstance(body, bytes):
            raise Malformed("INFO: the reply is no text")
        pairs = (line.partition(":") for line in body.decode(errors="replace").splitlines() if line[:1] != "#")
        fields = {name: value for name, colon, value in pairs if colon}
        return Answer((), InfoMemory(fields, server_of(fields)))
