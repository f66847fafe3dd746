"""CLUSTER SLOT-STATS: the slots of a primary that bear most."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kvmon.model.conversation import Answer, Conversation
from kvmon.model.metrics.catalogue import slot_stats as rows
from kvmon.model.metrics.sample import Sample
from kvmon.options import Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, integer, number, table

COMMAND = "CLUSTER SLOT-STATS"

Measure = Literal["key-count", "cpu-usec", "memory-bytes", "network-bytes-in", "network-bytes-out"]


class SlotStats(Collector):
    """CLUSTER SLOT-STATS of primaries (Valkey 8, Redis 8.2); off unless switched on, as the server looks at each of its slots.

    `top` slots are shown by each of `by`; all but key-count need `cluster-slot-stats-enabled yes` in the server's configuration.
    """

    name: ClassVar[str] = "slot_stats"
    asks: ClassVar[tuple[str, ...]] = ("cluster|slot-stats",)

    every: Seconds = 60.0
    enabled: bool = False
    top: Annotated[int, Field(ge=1, le=100)] = 10
    by: Annotated[tuple[Measure, ...], Field(min_length=1)] = ("key-count",)

    def needs(self, server: Server) -> bool:
        """See Collector."""
        least = (8, 0, 0) if server.software == "valkey" else (8, 2, 0)
        return server.mode == "cluster" and server.role == "master" and server.version >= least

    def ask(self, server: Server, memory: None) -> Conversation[None]:
        """One question for each measure; a slot that is among the first by several is shown once."""
        del server, memory
        measures = tuple(dict.fromkeys(self.by))
        replies = yield [("CLUSTER", "SLOT-STATS", "ORDERBY", measure, "LIMIT", self.top, "DESC") for measure in measures]
        samples: dict[tuple[str, int], Sample] = {}
        for reply in replies:
            for item in array(COMMAND, reply)[: self.top]:
                slot, stats = (*array(COMMAND, item), None, None)[:2]
                where = integer(COMMAND, slot)
                for field, value in table(COMMAND, stats).items():
                    found, count = rows.BY_FIELD.get(field), number(value)
                    if found is not None and count is not None:
                        spec, scale = found
                        samples[field, where] = Sample(spec, count * scale, (str(where),))
        return Answer(list(samples.values()), None)
