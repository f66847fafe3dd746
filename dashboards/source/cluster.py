"""Clusters and Sentinels: slots, shards, agreement, and who carries how much."""

from __future__ import annotations

from dashboards.source.model import BAD_ABOVE_ZERO, IT, Dashboard, Query, Row, graph, number

CLUSTER = Dashboard(
    uid="kvmon-cluster",
    title="kvmon / Cluster",
    about="What a cluster's nodes only say together: covered slots, shards without a replica, skew, disagreement.",
    rows=(
        Row(
            "Now",
            (
                number("Slots not covered", "Hash slots that no primary serves: their keys cannot be reached.", "short",
                       Query(f'sum by (target) (kvmon_cluster_slots{{{IT}, state!="ok"}}) or 0 * sum by (target) (kvmon_cluster_slots{{{IT}}})',
                             "{{target}}"), alarming=BAD_ABOVE_ZERO, runbook="RedisClusterSlotsUncovered"),
                number("Shards", "Primaries with slots.", "short", Query(f"kvmon_cluster_shards{{{IT}}}", "{{target}}")),
                number("Members", "Nodes of the cluster.", "short", Query(f"kvmon_cluster_members{{{IT}}}", "{{target}}")),
                number("Shards without replica", "Primaries whose slots are gone with them.", "short",
                       Query(f"kvmon_cluster_primaries_without_replica{{{IT}}}", "{{target}}"), alarming=BAD_ABOVE_ZERO,
                       runbook="RedisClusterShardWithoutReplica"),
                number("Slots on the move", "Slots that migrate between shards.", "short",
                       Query(f"kvmon_cluster_slots_moving{{{IT}}}", "{{target}}"), runbook="RedisClusterSlotsMovingLong"),
                number("Nodes that disagree", "Nodes with another view of the cluster than most.", "short",
                       Query(f"kvmon_cluster_disagreeing_nodes{{{IT}}}", "{{target}} {{about}}"), alarming=BAD_ABOVE_ZERO),
            ),
        ),
        Row(
            "Who carries how much",
            (
                graph("Skew between shards", "The largest shard's part by the average: 1 is even.", "none",
                      Query(f"kvmon_cluster_skew_ratio{{{IT}}}", "{{target}} {{of}}")),
                graph("Memory by node", "Used memory of each node.", "bytes", f"redis_memory_used_bytes{{{IT}}}"),
                graph("Commands by node", "Commands of clients a second.", "ops", f"kvmon_commands_per_second{{{IT}}}"),
                graph("Keys by node", "In all databases.", "short", f"sum by (target, instance) (redis_db_keys{{{IT}}})"),
                graph("Links between nodes", "Messages that each node receives a second.", "ops",
                      f"rate(redis_cluster_messages_received_total{{{IT}}}[$__rate_interval])"),
                graph("Role changes", "Failovers and restarts in an hour: more than a few are a fault of their own.", "short",
                      f"increase(kvmon_role_changes_total{{{IT}}}[1h])", runbook="RedisClusterFailoverChurn"),
            ),
        ),
    ),
)  # fmt: skip
