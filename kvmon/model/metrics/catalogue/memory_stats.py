"""What MEMORY STATS knows beyond INFO memory."""

from __future__ import annotations

from kvmon.model.metrics.spec import Spec

SOURCE = "MEMORY STATS"

KEYS = Spec("kvmon_memory_stats_keys", "Keys in all databases.", field="keys.count", source=SOURCE)
BYTES_PER_KEY = Spec(
    "kvmon_memory_stats_bytes_per_key",
    "Memory beyond that of an empty server, divided by the number of keys.",
    field="keys.bytes-per-key",
    source=SOURCE,
    unit="bytes",
)
DATASET_RATIO = Spec(
    "kvmon_memory_stats_dataset_ratio",
    "Share of the data in the memory beyond that of an empty server, 0 to 1.",
    field="dataset.percentage",
    source=SOURCE,
    unit="ratio",
)
PEAK_RATIO = Spec(
    "kvmon_memory_stats_peak_ratio",
    "Memory in use as a share of its peak, 0 to 1.",
    field="peak.percentage",
    source=SOURCE,
    unit="ratio",
)
SCRIPT_CACHES = Spec(
    "kvmon_memory_stats_script_caches_bytes", "Memory of cached scripts.", field="lua.caches", source=SOURCE, unit="bytes"
)
FUNCTION_CACHES = Spec(
    "kvmon_memory_stats_function_caches_bytes",
    "Memory of loaded functions.",
    field="functions.caches",
    source=SOURCE,
    unit="bytes",
)
SCRIPT_ENGINES = Spec(
    "kvmon_memory_stats_script_engines_bytes",
    "Memory of the engines that run scripts and functions.",
    field="script.VMs",
    source=SOURCE,
    unit="bytes",
)
FULL_SYNC = Spec(
    "kvmon_memory_stats_replica_full_sync_buffer_bytes",
    "Memory of what a replica collects while it loads a full copy.",
    field="replica.fullsync.buffer",
    source=SOURCE,
    unit="bytes",
)
SLOT_IMPORT = Spec(
    "kvmon_memory_stats_slot_import_bytes",
    "Memory for slots that move here.",
    field="cluster.slot_import",
    source=SOURCE,
    unit="bytes",
)
SLOT_EXPORT = Spec(
    "kvmon_memory_stats_slot_export_bytes",
    "Memory for slots that move away.",
    field="cluster.slot_export",
    source=SOURCE,
    unit="bytes",
)
TABLES = Spec(
    "kvmon_memory_stats_hashtable_bytes",
    "Memory of the tables that find keys.",
    field="overhead.db.hashtable.lut",
    source=SOURCE,
    unit="bytes",
)
REHASHING = Spec(
    "kvmon_memory_stats_hashtable_rehashing_bytes",
    "Memory of tables that are just being replaced by larger or smaller ones.",
    field="overhead.db.hashtable.rehashing",
    source=SOURCE,
    unit="bytes",
)
REHASHING_COUNT = Spec(
    "kvmon_memory_stats_hashtables_rehashing",
    "Tables that are just being replaced by larger or smaller ones.",
    field="db.dict.rehashing.count",
    source=SOURCE,
)
DB_MAIN = Spec(
    "kvmon_memory_stats_db_overhead_bytes",
    "Memory for finding the keys of a database, without keys and values.",
    labels=("db",),
    field="overhead.hashtable.main",
    source=SOURCE,
    unit="bytes",
)
DB_EXPIRES = Spec(
    "kvmon_memory_stats_db_expires_overhead_bytes",
    "Memory for the expiry times of a database.",
    labels=("db",),
    field="overhead.hashtable.expires",
    source=SOURCE,
    unit="bytes",
)

PERCENT = (DATASET_RATIO, PEAK_RATIO)
"""Rows whose field is a percentage."""

OF_DATABASE = (DB_MAIN, DB_EXPIRES)

OF_SERVER = (
    KEYS, BYTES_PER_KEY, DATASET_RATIO, PEAK_RATIO, SCRIPT_CACHES, FUNCTION_CACHES, SCRIPT_ENGINES, FULL_SYNC, SLOT_IMPORT,
    SLOT_EXPORT, TABLES, REHASHING, REHASHING_COUNT,
)  # fmt: skip

ROWS = (*OF_SERVER, *OF_DATABASE)
