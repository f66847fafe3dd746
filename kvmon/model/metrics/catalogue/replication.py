"""Rows of replication: the backlog, the replicas of a primary, the primary of a replica."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row, rows
from kvmon.model.metrics.spec import COUNTER, GAUGE

_SOURCE = "INFO replication"
_PRIMARY = ("master_host", "master_port")
_REPLICA = ("slave_ip", "slave_port", "slave_state")

SLAVE_INFO = row(
    "slave_info", "Always 1 on a replica; whom it follows and whether it takes writes.", *_PRIMARY, "read_only", source=_SOURCE
)
REPLICA_OFFSET = row(
    "connected_slave_offset_bytes", "How far a replica has acknowledged the stream.", *_REPLICA, source=_SOURCE, unit="bytes"
)
REPLICA_LAG = row(
    "connected_slave_lag_seconds",
    "Seconds since a replica last acknowledged anything.",
    *_REPLICA,
    source=_SOURCE,
    unit="seconds",
)

LINK = rows(
    _SOURCE, GAUGE,
    ("master_link_up", "master_link_status", "", "Whether a replica's link to its primary is up."),
    ("master_last_io_seconds_ago", "=", "seconds", "Seconds since a replica last heard from its primary."),
    ("master_sync_in_progress", "=", "", "Whether a full synchronisation is going on."),
    ("slave_repl_offset", "=", "bytes", "How far a replica has applied the stream."),
    ("slave_read_repl_offset", "=", "bytes", "How far a replica has read the stream."),
    ("master_link_down_since_seconds", "=", "seconds", "How long the link to the primary has been down; -1 if it never was up."),
    ("master_sync_total_bytes", "=", "bytes", "Size of the snapshot that a full synchronisation transfers; 0 if unknown."),
    ("master_sync_read_bytes", "=", "bytes", "How much of that snapshot has arrived."),
    ("master_sync_left_bytes", "=", "bytes", "How much of that snapshot is missing; negative if its size is unknown."),
    ("master_sync_percentage", "master_sync_perc", "", "How much of that snapshot has arrived, in percent."),
    ("master_sync_last_io_seconds_ago", "=", "seconds", "Seconds since the last bytes of that snapshot arrived."),
    labels=_PRIMARY,
)  # fmt: skip
"""What a replica says of its link; the fields of KeyDB's further primaries have a number in their names."""

_GAUGES = rows(
    _SOURCE, GAUGE,
    ("connected_slaves", "=", "", "Replicas that are connected."),
    ("replication_backlog_bytes", "repl_backlog_size", "bytes", "Configured size of the replication backlog."),
    ("repl_backlog_is_active", "repl_backlog_active", "", "Whether there is a replication backlog."),
    ("repl_backlog_first_byte_offset", "=", "bytes", "Offset of the oldest byte in the backlog."),
    ("repl_backlog_history_bytes", "repl_backlog_histlen", "bytes", "Bytes in the backlog."),
    ("master_repl_offset", "=", "bytes", "Offset of the replication stream."),
    ("second_repl_offset", "=", "bytes", "Offset up to which the previous replication id is accepted; -1 without one."),
    ("slave_expires_tracked_keys", "=", "", "Keys with a time limit that a writable replica watches itself."),
    ("slave_priority", "=", "", "Rank of a replica for promotion; 0: never."),
    ("min_slaves_good_slaves", "=", "", "Replicas good enough for min-replicas-to-write."),
    ("replica_announced", "=", "", "Whether Sentinels are told of this replica."),
    ("replicas_waiting_psync", "=", "", "Replicas that wait to synchronise."),
    ("replicas_repl_buffer_size_bytes", "replicas_repl_buffer_size", "bytes", "Stream a replica keeps during a full synchronisation (Valkey)."),
    ("replicas_repl_buffer_peak_bytes", "replicas_repl_buffer_peak", "bytes", "Most of it that was kept at once (Valkey)."),
    ("replica_full_sync_buffer_size_bytes", "replica_full_sync_buffer_size", "bytes", "Stream a replica keeps during a full synchronisation (Redis)."),
    ("replica_full_sync_buffer_peak_bytes", "replica_full_sync_buffer_peak", "bytes", "Most of it that was kept at once (Redis)."),
)  # fmt: skip
_COUNTERS = rows(
    "INFO stats", COUNTER,
    ("replica_resyncs_full", "sync_full", "", "Full synchronisations of replicas."),
    ("replica_partial_resync_accepted", "sync_partial_ok", "", "Partial synchronisations that were granted."),
    ("replica_partial_resync_denied", "sync_partial_err", "", "Partial synchronisations that were denied."),
    ("master_current_sync_attempts", "=", "", "Attempts to synchronise with the primary since the link was lost."),
    ("master_total_sync_attempts", "=", "", "Attempts to synchronise with a primary since the start."),
)  # fmt: skip

ROWS = (*_GAUGES, *_COUNTERS, SLAVE_INFO, *LINK, REPLICA_OFFSET, REPLICA_LAG)
