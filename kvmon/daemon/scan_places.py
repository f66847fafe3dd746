"""Where a key space is gone through: one node of each shard, a replica where one is in step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology

Latest = Callable[[tuple[str, str]], Snapshot | None]


@dataclass(frozen=True, slots=True)
class Place:
    """A shard, and the node that is asked for it; None while none can be asked. `readonly`: a replica of a cluster."""

    shard: str
    node: Node | None
    readonly: bool = False


def scan_places(
    target: Target, nodes: Sequence[Node], topology: Topology, latest: Latest, before: Mapping[str, str] | None = None
) -> list[Place]:
    """One place for each shard. `before` are the instances that were asked, by shard: kept as long as they can be asked."""
    kept = before or {}
    up = {
        node.key: snapshot.facts.get("role", "") for node in nodes if (snapshot := latest(node.key)) is not None and snapshot.up
    }
    ready = {key for key, role in up.items() if role == "master" or (role == "slave" and _in_step(latest(key)))}
    if topology.kind == "cluster" and any(member.slots for member in topology.members):
        places = []
        for shard in dict.fromkeys(member.shard for member in topology.members if member.shard and member.slots):
            members = [member.node for member in topology.members if member.shard == shard and member.node.key in ready]
            node = _choice(target, members, up, kept.get(shard, ""))
            places.append(Place(shard, node, readonly=node is not None and up[node.key] == "slave"))
        return places
    asked = [node for node in nodes if node.key in ready]
    primaries = [node for node in asked if up[node.key] == "master"]
    if len(primaries) > 1:  # of unrelated servers each has keys of its own
        return [Place(node.instance, node) for node in primaries]
    return [Place("", _choice(target, asked, up, kept.get("", "")))]


def _choice(target: Target, nodes: Sequence[Node], roles: Mapping[tuple[str, str], str], kept: str) -> Node | None:
    replicas = [node for node in nodes if roles[node.key] == "slave"]
    preferred = (replicas if target.scan.replicas else []) or [node for node in nodes if roles[node.key] == "master"] or replicas
    return next((node for node in preferred if node.instance == kept), next(iter(preferred), None))


def _in_step(snapshot: Snapshot | None) -> bool:
    facts = snapshot.facts if snapshot is not None else {}
    return facts.get("master_link_status") == "up" and facts.get("master_sync_in_progress") != "1"
