"""MEMORY STATS: what INFO leaves out about memory."""

from __future__ import annotations

import re
from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation
from kvmon.model.metrics.catalogue.memory_stats import OF_DATABASE, OF_SERVER, PERCENT
from kvmon.model.metrics.sample import Sample
from kvmon.options import Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import number, table

COMMAND = "MEMORY STATS"

_DATABASE = re.compile(r"db\.(\d{1,9})")


class Memory(Collector):
    """MEMORY STATS."""

    name: ClassVar[str] = "memory"
    asks: ClassVar[tuple[str, ...]] = ("memory|stats",)
    every: Seconds = 60.0

    def first(self) -> None:
        """Nothing is remembered."""

    def needs(self, server: Server) -> bool:
        """A Sentinel keeps no data."""
        return server.mode != "sentinel"

    def ask(self, server: Server, memory: None) -> Conversation[None]:
        """One question; a field this server does not have gives no sample."""
        del server
        (reply,) = yield [("MEMORY", "STATS")]
        found = table(COMMAND, reply)
        samples = []
        for spec in OF_SERVER:
            value = number(found.get(spec.field))
            if value is not None:
                samples.append(Sample(spec, value / 100 if spec in PERCENT else value))
        for name, part in found.items():
            database = _DATABASE.fullmatch(name)
            if database and isinstance(part, list):
                fields = table(COMMAND, part)
                values = [(spec, number(fields.get(spec.field))) for spec in OF_DATABASE]
                samples += [Sample(spec, value, (f"db{database[1]}",)) for spec, value in values if value is not None]
        return Answer(samples, memory)
