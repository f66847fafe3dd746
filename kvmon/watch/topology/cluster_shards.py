"""CLUSTER SHARDS and CLUSTER SLOTS, where CLUSTER NODES is refused. They say less: nothing of suspicions and moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kvmon.model.conversation import Malformed, Reply
from kvmon.model.targets.address import Address
from kvmon.watch.collectors.shapes import array, integer, table, text
from kvmon.watch.topology.cluster_nodes import SLOTS, ClusterNode, Range

NODES = 2_000
"""More nodes than this are not read."""


def from_shards(reply: Reply, *, tls: bool) -> tuple[ClusterNode, ...]:
    """The nodes of a CLUSTER SHARDS reply (Redis 7); `tls` chooses the port. Raises Unsupported or Malformed."""
    what = "CLUSTER SHARDS"
    found: list[ClusterNode] = []
    for item in array(what, reply):
        shard = table(what, item)
        ends = [integer(what, end) for end in array(what, shard.get("slots", []))]
        slots = tuple(_range(what, first, last) for first, last in zip(ends[::2], ends[1::2], strict=False))
        nodes = [_of_shard(what, table(what, node), tls=tls) for node in array(what, shard.get("nodes", []))]
        primary = next((node for node in nodes if node.is_primary), None)
        found += [
            replace(node, slots=slots) if node is primary else replace(node, primary=primary.id if primary else "")
            for node in nodes
        ]
    return _bounded(what, found)


def _of_shard(what: str, node: dict[str, Reply], *, tls: bool) -> ClusterNode:
    port = node.get("tls-port") if tls and "tls-port" in node else node.get("port", node.get("tls-port"))
    flags = {"master" if text(what, node.get("role")) == "master" else "slave"}
    if "health" in node and text(what, node["health"]) == "fail":
        flags.add("fail")
    host = _host(what, node.get("endpoint")) or _host(what, node.get("ip"))
    named = _host(what, node.get("hostname"))
    return ClusterNode(text(what, node.get("id")), Address(host, _port(what, port)), frozenset(flags), hostname=named)


def from_slots(reply: Reply) -> tuple[ClusterNode, ...]:
    """The nodes of a CLUSTER SLOTS reply. Raises Unsupported or Malformed."""
    what = "CLUSTER SLOTS"
    found: dict[str, ClusterNode] = {}
    for item in array(what, reply):
        parts = array(what, item)
        if len(parts) < 3:
            raise Malformed(f"{what}: a range of slots without a node")
        slots = _range(what, integer(what, parts[0]), integer(what, parts[1]))
        primary = _of_slots(what, parts[2], "master")
        known = found.get(primary.id, primary)
        found[primary.id] = replace(known, slots=(*known.slots, slots))
        for part in parts[3:]:
            replica = _of_slots(what, part, "slave")
            found.setdefault(replica.id, replace(replica, primary=primary.id))
    return _bounded(what, list(found.values()))


def _of_slots(what: str, item: Reply, role: str) -> ClusterNode:
    parts = array(what, item)
    if len(parts) < 2:
        raise Malformed(f"{what}: a node without a port")
    address = Address(_host(what, parts[0]), _port(what, parts[1]))
    identity = text(what, parts[2]) if len(parts) > 2 else str(address)  # before version 4 nodes are told without ids
    return ClusterNode(identity, address, frozenset({role}))


def _host(what: str, reply: Reply) -> str:
    host = "" if reply is None else text(what, reply)
    return "" if host == "?" else host


def _port(what: str, reply: Reply) -> int:
    port = integer(what, reply)
    if not 0 <= port < 65_536:
        raise Malformed(f"{what}: there is no port {port}")
    return port


def _range(what: str, first: int, last: int) -> Range:
    if not 0 <= first <= last < SLOTS:
        raise Malformed(f"{what}: there are no slots {first} to {last}")
    return first, last


def _bounded(what: str, nodes: Sequence[ClusterNode]) -> tuple[ClusterNode, ...]:
    if len(nodes) > NODES:
        raise Malformed(f"{what}: {len(nodes)} nodes, at most {NODES} are read")
    return tuple(nodes)
