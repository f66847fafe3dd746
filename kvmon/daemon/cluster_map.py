"""The nodes of a cluster, as its nodes tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kvmon.daemon.maps import STALE, Place
from kvmon.model.conversation import Conversation
from kvmon.model.metrics.catalogue import topology as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Member
from kvmon.watch.topology import cluster, cluster_nodes
from kvmon.watch.topology.cluster import Load, Nodes, Outlook, load_of, outlook, skew
from kvmon.watch.topology.cluster_nodes import ClusterNode

TWICE = 2
"""So many times in a row a node has to see it otherwise: a change reaches some nodes a moment later than others."""


class ClusterMap:
    """See Map. One node is asked and believed; what the others think is compared with that."""

    kind = "cluster"

    def __init__(self, target: Target, place: Place) -> None:
        self._target = target
        self._reach = place
        self._nodes: tuple[ClusterNode, ...] = ()
        self._ids: dict[str, Address] = {}
        self._refused: frozenset[str] = frozenset()
        self._asked = target.addresses[0]
        self._answered = 0.0
        self._outlook: Outlook | None = None
        self._loads: dict[Address, Load] = {}
        self._leaving: dict[Address, int] = {}
        self._otherwise: dict[Address, tuple[int, int]] = {}

    def ask(self) -> Conversation[Nodes]:
        """See Map."""
        return cluster.ask(self._refused, tls=self._target.tls is not None)

    def take(self, memory: Nodes, asked: Address, now: float) -> Sequence[Address]:
        """See Map."""
        self._asked, self._answered, self._refused = asked, now, memory.refused
        names = {node.id: node.shard for node in self._nodes}
        self._nodes = cluster_nodes.with_shards(cluster_nodes.members(memory.nodes), names)
        self._outlook = outlook(self._nodes)
        self._moves(memory.nodes, asked)
        self._otherwise.pop(asked, None)
        present = {node.id for node in self._nodes}
        self._ids = {identity: address for identity, address in self._ids.items() if identity in present}
        for node in self._nodes:
            if node.myself:
                # It may be announced otherwise than we know it, or nohow: a cluster of one has no address for itself.
                self._ids = {identity: address for identity, address in self._ids.items() if address != asked}
                self._ids[node.id] = asked
        return [address for node in self._nodes if (address := self._place(node)) is not None]

    def compare(self, memory: Nodes, asked: Address) -> None:
        """See Map."""
        theirs, ours = outlook(cluster_nodes.members(memory.nodes)), self._outlook
        self._moves(memory.nodes, asked)
        if ours is None:
            return
        owners, epochs = self._otherwise.get(asked, (0, 0))
        after = (owners + 1 if theirs.owners != ours.owners else 0, epochs + 1 if theirs.epochs != ours.epochs else 0)
        self._otherwise[asked] = after

    def _moves(self, nodes: Sequence[ClusterNode], asked: Address) -> None:
        """Only the node itself tells what leaves it."""
        self._leaving[asked] = sum(node.moving for node in nodes if node.myself)

    @property
    def suspects(self) -> tuple[Address, ...]:
        """See Map."""
        return tuple(address for address, times in self._otherwise.items() if any(times))

    def heard(self, address: Address, facts: Mapping[str, str]) -> bool:
        """See Map."""
        if facts.get("role") == "master":
            self._loads[address] = load_of(facts)
        else:
            self._loads.pop(address, None)
        return False

    def forget(self, kept: frozenset[Address]) -> None:
        """See Map."""
        self._loads = {address: load for address, load in self._loads.items() if address in kept}
        self._leaving = {address: count for address, count in self._leaving.items() if address in kept}
        self._otherwise = {address: times for address, times in self._otherwise.items() if address in kept}

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
        plain = zip((rows.NODES, rows.SHARDS, rows.LONELY), others, strict=True)
        otherwise = list(self._otherwise.values())
        return [
            *(Sample(rows.SLOTS, count, (name, state)) for state, count in slots.items()),
            *(Sample(spec, value, (name,)) for spec, value in plain),
            Sample(rows.MOVING, sum(self._leaving.values()), (name,)),
            Sample(rows.DISAGREEING, sum(owners >= TWICE for owners, _ in otherwise), (name, "owners")),
            Sample(rows.DISAGREEING, sum(epochs >= TWICE for _, epochs in otherwise), (name, "epochs")),
            *(Sample(rows.SKEW, ratio, (name, what)) for what, ratio in self._skews().items()),
        ]

    def _skews(self) -> dict[str, float]:
        """By what; nothing where a shard is missing, or where there is only one."""
        owners = [node for node in self._nodes if node.is_primary and node.slots]
        if len(owners) < 2:
            return {}
        found = {"slots": skew([sum(last - first + 1 for first, last in node.slots) for node in owners])}
        loads = [self._loads.get(place) if (place := self._place(node)) is not None else None for node in owners]
        known = [load for load in loads if load is not None]
        if len(known) == len(owners):
            found["keys"] = skew([load.keys for load in known])
            found["memory"] = skew([load.memory for load in known])
            found["commands"] = skew([load.commands for load in known])
        return {what: ratio for what, ratio in found.items() if ratio is not None}

    def _place(self, node: ClusterNode) -> Address | None:
        known = self._ids.get(node.id)
        if known is not None:
            return known
        named = self._target.tls is not None and node.hostname
        return self._reach(Address(node.hostname, node.address.port) if named else node.address, self._asked)
