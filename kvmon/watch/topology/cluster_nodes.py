"""CLUSTER NODES: every node of a cluster as one of them sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from kvmon.model.conversation import Malformed
from kvmon.model.targets.address import Address

SLOTS = 16_384
LINES = 2_000
"""More lines than this are not read."""

GONE = frozenset({"noaddr", "handshake"})
"""Flags of nodes that are not, or not yet, members."""

Range = tuple[int, int]

STATES = ("ok", "pfail", "fail", "unassigned")


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """One line. `address` as announced, its host empty where it is unknown; `primary` is the id of the one it follows.

    `slots` are ranges with both ends, `moving` counts slots on their way out, `shard` is the server's name for the shard.
    """

    id: str
    address: Address
    flags: frozenset[str]
    hostname: str = ""
    primary: str = ""
    connected: bool = True
    slots: tuple[Range, ...] = ()
    moving: int = 0
    shard: str = ""
    epoch: int = 0

    @property
    def myself(self) -> bool:
        """Whether this is the node that was asked."""
        return "myself" in self.flags

    @property
    def is_primary(self) -> bool:
        """Whether it is no replica."""
        return "master" in self.flags


def parse(text: str) -> tuple[ClusterNode, ...]:
    """The nodes of a reply. Raises Malformed."""
    lines = text.split("\n")
    if len(lines) > LINES:
        raise Malformed(f"CLUSTER NODES: {len(lines)} lines, at most {LINES} are read")
    return tuple(_node(line.strip("\r")) for line in lines if line.strip())


def _node(line: str) -> ClusterNode:
    # <id> <ip:port@cport[,hostname[,aux=value]*]> <flags> <primary> <ping> <pong> <epoch> <link> <slot> <slot> …
    words = line.split(" ")
    if len(words) < 8:
        raise Malformed(f"CLUSTER NODES: a line of {len(words)} words, at least 8 were expected")
    identity, place, flags, primary, _, _, epoch, link, *slots = words
    address, *more = place.split(",")
    aux = dict(part.partition("=")[::2] for part in more if "=" in part)
    ranges = [_range(word) for word in slots if word and not word.startswith("[")]
    return ClusterNode(
        id=identity,
        address=_address(address),
        flags=frozenset(flags.split(",")),
        hostname=more[0] if more and "=" not in more[0] else "",
        primary="" if primary == "-" else primary,
        connected=link == "connected",
        slots=tuple(ranges),
        moving=sum("->-" in word for word in slots),
        shard=aux.get("shard-id", ""),
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) < 20 else 0,
    )


def _address(text: str) -> Address:
    host, colon, port = text.partition("@")[0].rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or len(port) > 5:
        raise Malformed("CLUSTER NODES: an address without a port")
    return Address("" if host == "?" else host.strip("[]"), int(port))


def _range(word: str) -> Range:
    first, dash, last = word.partition("-")
    last = last if dash else first
    if not all(end.isascii() and end.isdigit() and len(end) < 6 for end in (first, last)):
        raise Malformed("CLUSTER NODES: a range of slots that is none")
    begin, end = int(first), int(last)
    if not begin <= end < SLOTS:
        raise Malformed(f"CLUSTER NODES: there are no slots {begin} to {end}")
    return begin, end


def members(nodes: Sequence[ClusterNode]) -> tuple[ClusterNode, ...]:
    """Those that belong to the cluster and have a place."""
    return tuple(node for node in nodes if not node.flags & GONE)


def with_shards(nodes: Sequence[ClusterNode], names: Mapping[str, str]) -> tuple[ClusterNode, ...]:
    """The nodes with the names of their shards: the server's, else the id of the shard's first primary.

    `names` are those of the last time by node: whoever is promoted brings the name of its shard along.
    """
    of_primary = {node.id: node.shard or names.get(node.id, node.id) for node in nodes if node.is_primary}
    return tuple(
        replace(node, shard=of_primary.get(node.id) or of_primary.get(node.primary) or names.get(node.id, "")) for node in nodes
    )


class Summary(NamedTuple):
    """What the nodes come to. `slots` are counts by the words of STATES."""

    slots: dict[str, int]
    nodes: int
    shards: int
    lonely: int


def summary(nodes: Sequence[ClusterNode]) -> Summary:
    """Of the members of one cluster."""
    slots = dict.fromkeys(STATES, 0)
    for node in nodes:
        slots[_state(node)] += sum(last - first + 1 for first, last in node.slots)
    slots["unassigned"] = max(0, SLOTS - sum(slots.values()))
    owners = [node for node in nodes if node.is_primary and node.slots]
    ready = {node.primary for node in nodes if not node.is_primary and _state(node) == "ok"}
    return Summary(slots, len(nodes), len(owners), sum(node.id not in ready for node in owners))


def _state(node: ClusterNode) -> str:
    if "fail" in node.flags:
        return "fail"
    return "pfail" if "fail?" in node.flags else "ok"
