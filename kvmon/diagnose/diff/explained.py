"""Differences that are known, and why."""

from __future__ import annotations

import re

REASONS = (
    (r"redis_exporter_.*|redis_target_.*|redis_scrapes?_.*|redis_last_key_groups_.*",
     "redis_exporter speaks of itself; kvmon does so as kvmon_*"),
    (r"go_.*|process_.*|promhttp_.*", "of redis_exporter's own process"),
    (r"redis_start_time_seconds|redis_uptime_in_seconds", "its clock against the server's uptime: jitters by a second"),
    (r"redis_connected_clients|redis_client.*|redis_commands_.*|redis_total_reads.*|redis_total_writes.*|redis_net_.*"
     r"|redis_connections_received_total|redis_latency_percentiles.*|redis_commands_latencies.*|redis_keyspace_.*"
     r"|redis_memory_.*|redis_mem_.*|redis_allocator_.*|redis_cpu_.*|redis_acl_.*|redis_errors_total|redis_total_error.*"
     r"|redis_rejected_.*|redis_io_.*|redis_eventloop_.*|redis_instantaneous_.*|redis_slowlog_.*|redis_defrag_.*|redis_active_.*",
     "moved by the two polls themselves, or between them"),
)  # fmt: skip

_PATTERNS = tuple((re.compile(pattern), reason) for pattern, reason in REASONS)


def explanation(name: str) -> str:
    """Why a series of this name may be absent or differ; empty where nothing explains it."""
    return next((reason for pattern, reason in _PATTERNS if pattern.fullmatch(name)), "")
