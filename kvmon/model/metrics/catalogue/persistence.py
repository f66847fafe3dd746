"""Rows of persistence: snapshots, the append-only file, loading, copy on write."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import rows
from kvmon.model.metrics.spec import COUNTER, GAUGE

_LOADING = rows(
    "INFO persistence", GAUGE,
    ("loading_dump_file", "loading", "", "Whether the server is loading its data from disk."),
    ("async_loading", "=", "", "Whether a replica loads new data while it still serves the old."),
    ("loading_start_time_seconds", "loading_start_time", "seconds", "When the loading began, since the Unix epoch."),
    ("loading_total_bytes", "=", "bytes", "Size of the file that is being loaded."),
    ("loading_rdb_used_mem_bytes", "loading_rdb_used_mem", "bytes", "Memory that the server which wrote the file was using."),
    ("loading_loaded_bytes", "=", "bytes", "How much of the file is loaded."),
    ("loading_loaded_percentage", "loading_loaded_perc", "", "How much of the file is loaded, in percent."),
    ("loading_eta_seconds", "=", "seconds", "How long the loading is expected to take from now."),
)  # fmt: skip
_FORK = rows(
    "INFO persistence", GAUGE,
    ("current_cow_peak_bytes", "current_cow_peak", "bytes", "Most memory copied on write while the running child lives."),
    ("current_cow_size_bytes", "current_cow_size", "bytes", "Memory copied on write by the running child."),
    ("current_cow_size_age_seconds", "current_cow_size_age", "seconds", "How old the figure of memory copied on write is."),
    ("current_fork_percentage", "current_fork_perc", "", "How far the running child is, in percent."),
    ("current_save_keys_processed", "=", "", "Keys that the running child has written."),
    ("current_save_keys_total", "=", "", "Keys that the running child has to write."),
    ("module_fork_in_progress", "=", "", "Whether a child of a module is running."),
    ("module_fork_last_cow_size", "=", "bytes", "Memory copied on write by the last child of a module."),
    ("slot_migration_fork_in_progress", "=", "", "Whether a child that sends slots away is running."),
)  # fmt: skip
_RDB = rows(
    "INFO persistence", GAUGE,
    ("rdb_changes_since_last_save", "=", "", "Writes since the last snapshot: what a crash would lose without an append-only file."),
    ("rdb_bgsave_in_progress", "=", "", "Whether a snapshot is being written."),
    ("rdb_last_save_timestamp_seconds", "rdb_last_save_time", "seconds", "When the last good snapshot was written, since the Unix epoch."),
    ("rdb_last_bgsave_status", "=", "", "Whether the last snapshot succeeded (1) or failed (0)."),
    ("rdb_last_bgsave_duration_sec", "rdb_last_bgsave_time_sec", "seconds", "How long the last snapshot took; -1 before the first."),
    ("rdb_current_bgsave_duration_sec", "rdb_current_bgsave_time_sec", "seconds", "How long the running snapshot has taken; -1 if none runs."),
    ("rdb_last_cow_size_bytes", "rdb_last_cow_size", "bytes", "Memory copied on write during the last snapshot."),
    ("rdb_last_load_expired_keys", "rdb_last_load_keys_expired", "", "Keys that had expired when the snapshot was last loaded."),
    ("rdb_last_load_loaded_keys", "rdb_last_load_keys_loaded", "", "Keys that were read when the snapshot was last loaded."),
)  # fmt: skip
_AOF = rows(
    "INFO persistence", GAUGE,
    ("aof_enabled", "=", "", "Whether the append-only file is on."),
    ("aof_rewrite_in_progress", "=", "", "Whether the append-only file is being rewritten."),
    ("aof_rewrite_scheduled", "=", "", "Whether a rewrite will begin once the running snapshot is done."),
    ("aof_last_rewrite_duration_sec", "aof_last_rewrite_time_sec", "seconds", "How long the last rewrite took; -1 before the first."),
    ("aof_current_rewrite_duration_sec", "aof_current_rewrite_time_sec", "seconds", "How long the running rewrite has taken; -1 if none runs."),
    ("aof_last_cow_size_bytes", "aof_last_cow_size", "bytes", "Memory copied on write during the last rewrite."),
    ("aof_current_size_bytes", "aof_current_size", "bytes", "Size of the append-only file."),
    ("aof_base_size_bytes", "aof_base_size", "bytes", "Size of the append-only file after its last rewrite."),
    ("aof_pending_rewrite", "=", "", "Whether a rewrite is waiting for the running snapshot."),
    ("aof_buffer_length", "=", "bytes", "Size of the buffer for the append-only file."),
    ("aof_rewrite_buffer_length", "=", "bytes", "Size of the buffer for the running rewrite."),
    ("aof_pending_bio_fsync", "=", "", "Calls of fsync waiting in the background."),
    ("aof_last_bgrewrite_status", "=", "", "Whether the last rewrite succeeded (1) or failed (0)."),
    ("aof_last_write_status", "=", "", "Whether the last write to the append-only file succeeded (1) or failed (0)."),
    ("aof_rewrites_consecutive_failures", "=", "", "Rewrites that failed one after the other, up to now."),
)  # fmt: skip
_COUNTERS = rows(
    "INFO persistence", COUNTER,
    ("rdb_saves_total", "rdb_saves", "", "Snapshots written since the start."),
    ("aof_delayed_fsync", "=", "", "Calls of fsync that made a write wait."),
    ("aof_rewrites_total", "aof_rewrites", "", "Rewrites of the append-only file since the start."),
)  # fmt: skip

ROWS = (*_LOADING, *_FORK, *_RDB, *_AOF, *_COUNTERS)
