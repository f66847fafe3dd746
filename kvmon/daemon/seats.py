"""Where each probed node sits: for which shard it answers, and who reads there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kvmon.model.evidence import Slots
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology


@dataclass(frozen=True, slots=True)
class Seat:
    """A node's place. `reads`: applications read there whatever its role."""

    node: Node
    shard: str = ""
    slots: Slots = ()
    reads: bool = True


def seats(target: Target, nodes: Sequence[Node], topology: Topology) -> list[Seat]:
    """The places of the nodes to probe.

    In a cluster clients read from primaries. Elsewhere they also read from the replicas that the configuration names, but not
    from those that were merely found. A primary without slots serves nobody, and has no place.
    """
    if target.probe is None:
        return []
    nodes = [node for node in nodes if node.target.probe is not None]  # Sentinels have nothing to read or write
    members = {member.node.key: member for member in topology.members}
    shards = {member.shard for member in topology.members if member.shard}
    ranges = {shard: _ranges(member.slots for member in topology.members if member.shard == shard) for shard in shards}
    if topology.kind != "cluster" or not any(ranges.values()):
        return [Seat(node, reads=node.address in target.addresses) for node in nodes]
    placed = ((node, members[node.key].shard) for node in nodes if node.key in members)
    return [Seat(node, shard, ranges[shard], reads=False) for node, shard in placed if shard and ranges[shard]]


def host_of(node: Node) -> str:
    """What nodes that fail for one reason have in common."""
    return node.address.host or node.address.path


def _ranges(all_slots: Iterable[Sequence[tuple[int, int]]]) -> Slots:
    return tuple(sorted({ends for slots in all_slots for ends in slots}))
