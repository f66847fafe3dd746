"""Differences that are known, and why."""

from __future__ import annotations

import re

REASONS = {
    "redis_exporter speaks of itself; kvmon does so as kvmon_*": (
        "redis_exporter_.*", "redis_target_.*", "redis_scrapes?_.*", "redis_last_key_groups_.*",
    ),
    "of redis_exporter's own process": ("go_.*", "process_.*", "promhttp_.*"),
    "its clock against the server's uptime: jitters by a second": ("redis_start_time_seconds", "redis_uptime_in_seconds"),
    "redis_exporter reads the fourth number of a keyspace line by position; kvmon by its name": ("redis_db_keys_cached",),
    "Valkey says server_mode, which redis_exporter may leave out of redis_mode": ("redis_instance_info",),
    "moved by the polls themselves, or between them": (
        "redis_connected_clients", "redis_client.*", "redis_commands_.*", "redis_total_reads.*", "redis_total_writes.*",
        "redis_net_.*", "redis_connections_received_total", "redis_latency_percentiles.*", "redis_keyspace_.*", "redis_memory_.*",
        "redis_mem_.*", "redis_allocator_.*", "redis_cpu_.*", "redis_acl_.*", "redis_errors_total", "redis_total_error.*",
        "redis_rejected_.*", "redis_io_.*", "redis_eventloop_.*", "redis_instantaneous_.*", "redis_slowlog_.*", "redis_active_.*",
    ),
}  # fmt: skip
"""Reason, and the names it holds for."""

_PATTERNS = tuple((re.compile("|".join(names)), reason) for reason, names in REASONS.items())


def explanation(name: str) -> str:
    """Why a series of this name may be absent or differ; empty where nothing explains it."""
    return next((reason for pattern, reason in _PATTERNS if pattern.fullmatch(name)), "")
