"""All targets at a glance: who is ill, since when, and where to look."""

from __future__ import annotations

from dashboards.source.model import (
    BAD_ABOVE_ZERO,
    BAD_BELOW_ONE,
    FILLING,
    NODE,
    UP,
    Dashboard,
    Query,
    Row,
    graph,
    number,
    table,
)  # fmt: skip

FLEET = Dashboard(
    uid="kvmon-fleet",
    title="kvmon / Fleet",
    about="All Redis and Valkey servers that kvmon watches: who is down, who is full, who is slow.",
    rows=(
        Row(
            "Now",
            (
                number("Nodes down", "Nodes that did not answer their last poll.", "short",
                       Query(f"count(redis_up{{{NODE}}} == 0) or vector(0)", "down"), alarming=BAD_ABOVE_ZERO, runbook="RedisDown"),
                number("Nodes", "Nodes that are polled.", "short", Query(f"count(redis_up{{{NODE}}})", "nodes")),
                number("Breakers open", "Operations that applications are told not to try.", "short",
                       Query('count(kvmon_breaker_state{target=~"$target", state="open"} == 1) or vector(0)', "open"),
                       alarming=BAD_ABOVE_ZERO, runbook="KvmonBreakerOpen"),
                number("Fullest node", "The largest share of its memory limit that a node uses; nodes without a limit are left out.",
                       "percentunit", Query(f"max(kvmon_memory_utilization_ratio{{{NODE}}})", "fullest"), alarming=FILLING,
                       runbook="RedisMemoryNearlyFull"),
                number("Commands per second", "What all nodes together do for their clients; kvmon's own commands are left out.", "ops",
                       Query(f"sum(kvmon_commands_per_second{{{NODE}}})", "commands")),
                number("Alerts firing", "Alerts that kvmon itself evaluates and that fire.", "short",
                       Query('sum(kvmon_alerts{state="firing"}) or vector(0)', "firing"), alarming=BAD_ABOVE_ZERO),
            ),
        ),
        Row(
            "Each node",
            (
                table("Up", "Whether the node answered its last poll.", "short", Query(f"redis_up{{{NODE}}}", ""), width=8, height=9,
                      mapping=UP, alarming=BAD_BELOW_ONE, runbook="RedisDown"),
                graph("Memory against its limit", "Share of the limit: maxmemory, the provider's, or the one that is configured.",
                      "percentunit", f"kvmon_memory_utilization_ratio{{{NODE}}}", alarming=FILLING, bounds=(0.0, 1.0), height=9,
                      runbook="RedisMemoryNearlyFull"),
                graph("Hit ratio, 5 minutes", "Hits among the reads of the last five minutes; nothing is drawn while nobody reads.",
                      "percentunit", f'kvmon_hit_ratio{{{NODE}, window="5m"}}', bounds=(0.0, 1.0), height=9, runbook="RedisHitRatioLow"),
                graph("Commands per second", "Commands of clients.", "ops", f"kvmon_commands_per_second{{{NODE}}}"),
                graph("Round trip", "How long PING takes, by kvmon's probe: 99 of 100 are faster.", "s",
                      Query("histogram_quantile(0.99, sum by (target, instance, le) "
                            f'(rate(kvmon_probe_duration_seconds_bucket{{{NODE}, step="ping"}}[$__rate_interval])))'),
                      runbook="KvmonProbeSlow"),
                graph("Replication lag", "How far each replica is behind its primary.", "s",
                      Query(f"max by (target, instance, replica) (kvmon_replication_lag_seconds{{{NODE}}})", "{{target}} {{replica}}"),
                      runbook="RedisReplicaLag"),
                graph("Connected clients against maxclients", "Share of the clients that the server lets in.", "percentunit",
                      f"kvmon_clients_utilization_ratio{{{NODE}}}", alarming=FILLING, bounds=(0.0, 1.0), runbook="RedisClientsNearLimit"),
                graph("Evictions per second", "Keys thrown out because memory is full.", "ops", f"kvmon_evictions_per_second{{{NODE}}}",
                      runbook="RedisEvictionPressure"),
                graph("Errors per second", "Error replies to clients; kvmon's own are left out.", "ops",
                      f"kvmon_errors_per_second{{{NODE}}}"),
            ),
        ),
    ),
)  # fmt: skip
