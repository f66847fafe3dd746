"""CLUSTER INFO: what a cluster's node knows of its slots and its neighbours."""

from __future__ import annotations

from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation, expect
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server


class ClusterInfo(Collector):
    """CLUSTER INFO, where INFO does not hold the same already (Valkey 9.1)."""

    name: ClassVar[str] = "cluster_info"

    def needs(self, server: Server) -> bool:
        """See Collector."""
        return server.mode == "cluster" and not (server.software == "valkey" and server.version >= (9, 1, 0))

    def ask(self, server: Server, memory: None) -> Conversation[None]:
        """See Collector."""
        del server
        (reply,) = yield [("CLUSTER", "INFO")]
        expect("CLUSTER INFO", reply)
        return Answer((), memory)
