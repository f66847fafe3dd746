"""What kvmon works out from polls: ratios, rates, limits, forecasts."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "INFO"

HIT_RATIO = Spec(
    "kvmon_hit_ratio", "Reads that found their key, of all reads, in the window.", labels=("window",), source=SOURCE, unit="ratio"
)
MEMORY_LIMIT = Spec(
    "kvmon_memory_limit_bytes",
    "How much memory there is, by who says so: maxmemory, available (what Azure leaves of it for data), configured (memory_limit of the target), sku, system.",
    labels=("source",),
    source=SOURCE,
    unit="bytes",
)
MEMORY_UTILIZATION = Spec(
    "kvmon_memory_utilization_ratio",
    "Memory used of the limit: maxmemory less what Azure reserves of it, else the configured one or what its sku has for data; above 1 where the server uses more.",
    source=SOURCE,
    unit="ratio",
)
MEMORY_EXHAUSTION = Spec(
    "kvmon_memory_exhaustion_seconds",
    "Time until used_memory reaches the limit if it grows on as in the last hour; absent unless it grows.",
    source=SOURCE,
    unit="seconds",
)
MEMORY_PEAK = Spec(
    "kvmon_memory_peak_utilization_ratio",
    "The most memory that was used in the last hour of polls, of the limit.",
    source=SOURCE,
    unit="ratio",
)
SMALLER_MEMORY = Spec(
    "kvmon_smaller_size_memory_utilization_ratio",
    "Estimate: the same peak in the next smaller size of the family that the provider sells (sku of the target).",
    labels=("sku",),
    source=SOURCE,
    unit="ratio",
)
SMALLER_CLIENTS = Spec(
    "kvmon_smaller_size_clients_utilization_ratio",
    "Estimate: the most clients of the last hour, of those that the next smaller size allows.",
    labels=("sku",),
    source=SOURCE,
    unit="ratio",
)
CLIENTS_PEAK = Spec(
    "kvmon_clients_peak_utilization_ratio",
    "The most clients of the last hour of polls, of maxclients.",
    source=SOURCE,
    unit="ratio",
)
CLIENTS_UTILIZATION = Spec("kvmon_clients_utilization_ratio", "Connected clients of maxclients.", source=SOURCE, unit="ratio")
COMMANDS = Spec("kvmon_commands_per_second", "Commands processed since the poll before, without kvmon's own.", source=SOURCE)
NETWORK = Spec(
    "kvmon_network_bytes_per_second",
    "Bytes the server received (in) and sent (out) since the poll before, without kvmon's own.",
    labels=("direction",),
    source=SOURCE,
)
EVICTIONS = Spec("kvmon_evictions_per_second", "Keys evicted since the poll before.", source=SOURCE)
EXPIRATIONS = Spec("kvmon_expirations_per_second", "Keys expired since the poll before.", source=SOURCE)
CONNECTIONS = Spec(
    "kvmon_connections_per_second", "Connections accepted since the poll before, without kvmon's own.", source=SOURCE
)
ERRORS = Spec("kvmon_errors_per_second", "Error replies since the poll before, without those to kvmon.", source=SOURCE)
CPU = Spec(
    "kvmon_cpu_utilization_ratio",
    "CPU seconds a second since the poll before: of the main thread, of io threads where the server tells, of all threads together (may exceed 1).",
    labels=("thread",),
    source=SOURCE,
    unit="ratio",
)
LAG_SECONDS = Spec(
    "kvmon_replication_lag_seconds",
    "Time since a replica was last heard of; a primary says so of each replica, a replica of its link (replica is empty).",
    labels=("replica",),
    source=SOURCE,
    unit="seconds",
)
LAG_BYTES = Spec(
    "kvmon_replication_lag_bytes",
    "What a replica has yet to take over; a primary says so of each replica, a replica of what it read and did not yet apply (replica is empty).",
    labels=("replica",),
    source=SOURCE,
    unit="bytes",
)
TTL_COVERAGE = Spec("kvmon_ttl_coverage_ratio", "Keys with an expiry of all keys.", labels=("db",), source=SOURCE, unit="ratio")
RESTARTS = Spec("kvmon_restarts_total", "Times that another server process answered than before.", COUNTER, source=SOURCE)
ROLE_CHANGES = Spec("kvmon_role_changes_total", "Times that the node had another role than before.", COUNTER, source=SOURCE)

ROWS: tuple[Spec, ...] = (
    HIT_RATIO, MEMORY_LIMIT, MEMORY_UTILIZATION, MEMORY_EXHAUSTION, MEMORY_PEAK, SMALLER_MEMORY, SMALLER_CLIENTS, CLIENTS_UTILIZATION, CLIENTS_PEAK, COMMANDS, NETWORK, EVICTIONS, EXPIRATIONS,
    CONNECTIONS, ERRORS, CPU, LAG_SECONDS, LAG_BYTES, TTL_COVERAGE, RESTARTS, ROLE_CHANGES,
)  # fmt: skip
"""All of them."""
