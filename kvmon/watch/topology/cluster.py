"""Asking a cluster's node for all nodes, in the first way that it allows; how even the shards are, and whether nodes agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kvmon.model.conversation import Answer, Conversation, Malformed, Refusal, expect
from kvmon.watch.topology import cluster_nodes
from kvmon.watch.topology.cluster_nodes import ClusterNode, Range
from kvmon.watch.topology.cluster_shards import from_shards, from_slots

WAYS = ("NODES", "SHARDS", "SLOTS")
"""What is asked, the one that says most first."""

DATABASES = 16
"""So many databases are looked at for keys."""


class Nodes(NamedTuple):
    """The nodes, and the ways of asking that were refused."""

    nodes: tuple[ClusterNode, ...]
    refused: frozenset[str] = frozenset()


def ask(refused: Collection[str] = (), *, tls: bool = False) -> Conversation[Nodes]:
    """One round trip unless something is refused; what was `refused` before is not tried. Raises Unsupported, Malformed."""
    ways = [way for way in WAYS if way not in refused] or list(WAYS)
    more = set(refused)
    for way in ways:
        (reply,) = yield [("CLUSTER", way)]
        if isinstance(reply, Refusal) and reply.lasting and way != ways[-1]:
            more.add(way)
            continue
        if way == "NODES":
            body = expect("CLUSTER NODES", reply)
            body = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
            if not isinstance(body, str):
                raise Malformed(f"CLUSTER NODES: the reply is {type(body).__name__}, not text")
            return Answer((), Nodes(cluster_nodes.parse(body), frozenset(more)))
        found = from_shards(reply, tls=tls) if way == "SHARDS" else from_slots(reply)
        return Answer((), Nodes(found, frozenset(more)))
    raise Malformed("CLUSTER: no way to ask is left")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a node thinks of who owns which slots, and since which epoch: the same for all nodes of a cluster at rest."""

    owners: frozenset[tuple[str, Range]]
    epochs: frozenset[tuple[str, int]]


def outlook(nodes: Iterable[ClusterNode]) -> Outlook:
    """Of the primaries that own slots."""
    owning = [node for node in nodes if node.is_primary and node.slots]
    return Outlook(
        frozenset((node.id, slots) for node in owning for slots in node.slots),
        frozenset((node.id, node.epoch) for node in owning),
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What a primary has to bear."""

    keys: float
    memory: float
    commands: float


def load_of(facts: Mapping[str, str]) -> Load:
    """From INFO: keys of all databases, bytes, commands per second. What is not told counts as 0."""
    keys = 0.0
    for number in range(DATABASES):
        line = facts.get(f"db{number}")
        if line is not None:
            keys += _number(line.partition("keys=")[2].partition(",")[0])
    return Load(keys, _number(facts.get("used_memory", "")), _number(facts.get("instantaneous_ops_per_sec", "")))


def skew(values: Sequence[float]) -> float | None:
    """The largest by the mean: 1 where all are alike, as many as there are where one has all. None where there is nothing."""
    total = sum(values)
    return max(values) * len(values) / total if total > 0 else None


def _number(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
