"""Rows of workloads, and of the scans that count their keys."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, GAUGE, Kind, Spec

_SCAN = "SCAN and a sample"


def _row(name: str, text: str, *labels: str, kind: Kind = GAUGE, unit: str = "", source: str = _SCAN) -> Spec:
    return Spec(f"kvmon_{name}", text, kind, labels=("target", *labels), source=source, unit=unit)


KEYS = _row("workload_keys", "Keys of a workload, on all shards, counted by the last whole pass.", "workload")
MEMORY = _row("workload_memory_bytes", "Memory of a workload's keys, estimated from a sample.", "workload", unit="bytes")
MEMORY_ERROR = _row(
    "workload_memory_error_bytes",
    "How far the memory of a workload may be from its estimate: half of the 95 % interval.",
    "workload",
    unit="bytes",
)
COVERAGE = _row("workload_ttl_coverage_ratio", "Share of a workload's keys that expire.", "workload", unit="ratio")
COVERAGE_ERROR = _row("workload_ttl_coverage_error_ratio", "Half of the 95 % interval of that share.", "workload", unit="ratio")
EXPECTED = _row(
    "workload_ttl_expected_ratio",
    "Share of a workload's keys that are meant to expire.",
    "workload",
    unit="ratio",
    source="kvmon",
)
LASTING = _row("workload_keys_without_ttl", "Keys of a workload that never expire, estimated.", "workload")
EXPIRING = _row("workload_keys_expiring", "Keys of a workload that expire within a time, estimated.", "workload", "within")
ELEMENTS = _row(
    "workload_elements", "Elements of the collections of a workload, estimated; absent where it has none.", "workload"
)
TYPES = _row("workload_type_keys", "Keys of a workload by type, estimated.", "workload", "type")
GROWTH = _row("workload_growth_keys_per_hour", "Keys that a workload gained an hour between the last two passes.", "workload")
CHANNELS = _row(
    "workload_channels", "Channels of a workload that somebody listens to, on any node.", "workload", source="PUBSUB CHANNELS"
)
SUBSCRIBERS = _row(
    "workload_subscribers", "Subscriptions to a workload's channels, on all nodes.", "workload", source="PUBSUB NUMSUB"
)
PROGRESS = _row(
    "scan_progress_ratio", "How much of the key space the pass under way has gone through.", unit="ratio", source="SCAN"
)
SHARDS = _row(
    "scan_shards", "Shards by whether a whole pass has gone through them (counted, not_yet, unreachable).", "state", source="SCAN"
)
COMPLETED = _row(
    "scan_completed_timestamp_seconds",
    "When the oldest of the passes ended that the numbers come from.",
    unit="seconds",
    source="SCAN",
)
DURATION = _row("scan_duration_seconds", "How long the slowest shard's last pass took.", unit="seconds", source="SCAN")
HELD = _row("scan_held", "Shards that are left alone now, by reason (down, loading, cpu, syncing).", "reason", source="SCAN")
COMMANDS = _row("scan_commands_total", "Commands that scans have sent.", kind=COUNTER, source="SCAN")
SERVER_TIME = _row(
    "scan_server_seconds_total", "Time of servers that scans have taken, at most.", kind=COUNTER, unit="seconds", source="SCAN"
)
FAILURES = _row("scan_failures_total", "Passes that were interrupted, by reason.", "reason", kind=COUNTER, source="SCAN")

ROWS: tuple[Spec, ...] = (
    KEYS, MEMORY, MEMORY_ERROR, COVERAGE, COVERAGE_ERROR, EXPECTED, LASTING, EXPIRING, ELEMENTS, TYPES, GROWTH, CHANNELS, SUBSCRIBERS,
    PROGRESS, SHARDS, COMPLETED, DURATION, HELD, COMMANDS, SERVER_TIME, FAILURES,
)  # fmt: skip
"""All of them."""
