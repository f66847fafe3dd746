"""CLUSTER INFO: what a cluster's node knows of its slots and its neighbours."""

from __future__ import annotations

from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation, Malformed, expect
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.info_lines import Samples, reader_of
from kvmon.watch.collectors.server import Server

LINES = 1_000
"""More lines than this are no CLUSTER INFO."""

Seen = dict[bytes, Samples]
"""Lines of the last reply with their samples."""


class ClusterInfo(Collector):
    """CLUSTER INFO, where INFO does not hold the same already (Valkey 9.1)."""

    name: ClassVar[str] = "cluster_info"
    asks: ClassVar[tuple[str, ...]] = ("cluster|info",)

    def first(self) -> Seen:
        """See Collector."""
        return {}

    def needs(self, server: Server) -> bool:
        """See Collector."""
        return server.mode == "cluster" and not (server.software == "valkey" and server.version >= (9, 1, 0))

    def ask(self, server: Server, memory: Seen) -> Conversation[Seen]:
        """See Collector."""
        del server
        (reply,) = yield [("CLUSTER", "INFO")]
        body = expect("CLUSTER INFO", reply)
        if not isinstance(body, bytes):
            raise Malformed(f"CLUSTER INFO: the reply is {type(body).__name__}, not text")
        lines = body.splitlines()
        if len(lines) > LINES:
            raise Malformed(f"CLUSTER INFO: {len(lines)} lines, at most {LINES} are read")
        seen = {line: memory[line] if line in memory else _samples(line) for line in lines}
        samples: list[Sample] = []
        for found in seen.values():
            samples += found
        return Answer(samples, seen)


def _samples(line: bytes) -> Samples:
    field, colon, value = line.partition(b":")
    reader = reader_of(field.decode("utf-8", "replace")) if colon else None
    return reader(value.strip()) if reader is not None else ()
