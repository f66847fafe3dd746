"""The nodes of a cluster, as its nodes tell."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kvmon.daemon.maps import STALE, Place
from kvmon.model.conversation import Conversation
from kvmon.model.metrics.catalogue import topology as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Member
from kvmon.watch.topology import cluster_nodes
from kvmon.watch.topology.cluster_nodes import ClusterNode


class ClusterMap:
    """See Map."""

    kind = "cluster"

    def __init__(self, target: Target, place: Place) -> None:
        self._target = target
        self._reach = place
        self._nodes: tuple[ClusterNode, ...] = ()
        self._ids: dict[str, Address] = {}
        self._asked = target.addresses[0]
        self._answered = 0.0

    def ask(self) -> Conversation[tuple[ClusterNode, ...]]:
        """See Map."""
        return cluster_nodes.ask()

    def take(self, memory: tuple[ClusterNode, ...], asked: Address, now: float) -> Sequence[Address]:
        """See Map."""
        self._asked, self._answered = asked, now
        names = {node.id: node.shard for node in self._nodes}
        self._nodes = cluster_nodes.with_shards(cluster_nodes.members(memory), names)
        present = {node.id for node in self._nodes}
        self._ids = {identity: address for identity, address in self._ids.items() if identity in present}
        for node in self._nodes:
            if node.myself:
                # It may be announced otherwise than we know it, or nohow: a cluster of one has no address for itself.
                self._ids = {identity: address for identity, address in self._ids.items() if address != asked}
                self._ids[node.id] = asked
        return [address for node in self._nodes if (address := self._place(node)) is not None]

    def members(self, nodes: Sequence[Node], configured: Collection[Address]) -> list[Member]:
        """See Map."""
        lines = {self._place(line): line for line in self._nodes}
        found = []
        for node in nodes:
            line, named = lines.get(node.address), node.address in configured
            if line is None:
                found.append(Member(node, configured=named))
            else:
                found.append(Member(node, line.shard, line.slots, tuple(sorted(line.flags - {"myself"})), configured=named))
        return found

    def samples(self, now: float) -> list[Sample]:
        """See Map."""
        if not self._nodes or now - self._answered > STALE:
            return []
        name, (slots, *others) = self._target.name, cluster_nodes.summary(self._nodes)
        plain = zip((rows.MOVING, rows.NODES, rows.SHARDS, rows.LONELY), others, strict=True)
        return [
            *(Sample(rows.SLOTS, count, (name, state)) for state, count in slots.items()),
            *(Sample(spec, value, (name,)) for spec, value in plain),
        ]

    def _place(self, node: ClusterNode) -> Address | None:
        known = self._ids.get(node.id)
        if known is not None:
            return known
        named = self._target.tls is not None and node.hostname
        return self._reach(Address(node.hostname, node.address.port) if named else node.address, self._asked)
