"""What a whole cluster comes to, as one of its nodes sees it; these series carry `target` and no instance."""

from __future__ import annotations

from kvmon.model.metrics.spec import Spec

SOURCE = "CLUSTER NODES"

SLOTS = Spec(
    "kvmon_cluster_slots",
    "Slots by the state of their primary: ok, pfail, fail; or unassigned.",
    labels=("target", "state"),
    source=SOURCE,
)
MOVING = Spec(
    "kvmon_cluster_slots_moving", "Slots on their way to another shard, as their nodes tell.", labels=("target",), source=SOURCE
)
NODES = Spec("kvmon_cluster_members", "Nodes of the cluster.", labels=("target",), source=SOURCE)
SHARDS = Spec("kvmon_cluster_shards", "Primaries that own slots.", labels=("target",), source=SOURCE)
LONELY = Spec(
    "kvmon_cluster_primaries_without_replica",
    "Primaries that own slots and have no replica that could take over.",
    labels=("target",),
    source=SOURCE,
)
DISAGREEING = Spec(
    "kvmon_cluster_disagreeing_nodes",
    "Nodes that do not agree with the one asked who owns which slots (about owners), or since when (about epochs).",
    labels=("target", "about"),
    source=SOURCE,
)
SKEW = Spec(
    "kvmon_cluster_skew_ratio",
    "What the shard with most has by the mean of all shards, of slots, keys, memory and commands per second: 1 is even.",
    labels=("target", "of"),
    source=SOURCE,
)
SENTINELS = Spec(
    "kvmon_sentinels", "Sentinels of the target that answer and know its service.", labels=("target",), source="INFO sentinel"
)
NAMED = Spec(
    "kvmon_sentinel_named_primaries",
    "Different primaries that the target's Sentinels name for its service: more than one while they disagree.",
    labels=("target",),
    source="INFO sentinel",
)

ROWS: tuple[Spec, ...] = (SLOTS, MOVING, NODES, SHARDS, LONELY, DISAGREEING, SKEW, SENTINELS, NAMED)
"""All of them."""
