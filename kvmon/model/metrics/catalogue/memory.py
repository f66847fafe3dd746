"""Rows of memory: what is used, for what, what the allocator makes of it, and the limit."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import rows
from kvmon.model.metrics.spec import COUNTER, GAUGE, Scale

_ALLOCATOR = rows(
    "INFO memory", GAUGE,
    ("allocator_active_bytes", "allocator_active", "bytes", "Memory in the allocator's active pages, fragmentation included."),
    ("allocator_allocated_bytes", "allocator_allocated", "bytes", "Memory handed out by the allocator."),
    ("allocator_resident_bytes", "allocator_resident", "bytes", "Resident memory of the allocator, pages it could return included."),
    ("allocator_muzzy_bytes", "allocator_muzzy", "bytes", "Memory that the allocator gave back and the kernel has not yet taken."),
    ("allocator_frag_ratio", "=", "ratio", "Active over allocated memory: the allocator's own fragmentation."),
    ("allocator_frag_bytes", "=", "bytes", "Active minus allocated memory."),
    ("allocator_rss_ratio", "=", "ratio", "Resident over active memory: pages that could be returned to the system."),
    ("allocator_rss_bytes", "=", "bytes", "Resident minus active memory."),
    ("rss_overhead_ratio", "=", "ratio", "Resident memory of the process over that of the allocator."),
    ("rss_overhead_bytes", "=", "bytes", "Resident memory of the process minus that of the allocator."),
    ("mem_fragmentation_ratio", "=", "ratio", "Resident memory of the process over used memory."),
    ("mem_fragmentation_bytes", "=", "bytes", "Resident memory of the process minus used memory."),
)  # fmt: skip
_USED = rows(
    "INFO memory", GAUGE,
    ("memory_used_bytes", "used_memory", "bytes", "Memory in use: data, buffers and bookkeeping."),
    ("memory_used_rss_bytes", "used_memory_rss", "bytes", "Resident memory of the process as the system sees it."),
    ("memory_used_peak_bytes", "used_memory_peak", "bytes", "Most memory that was ever in use since the start."),
    ("memory_used_lua_bytes", "used_memory_lua", "bytes", "Memory of the Lua engine for EVAL."),
    ("memory_used_vm_eval_bytes", "used_memory_vm_eval", "bytes", "Memory of the virtual machines that run EVAL scripts."),
    ("memory_used_scripts_eval_bytes", "used_memory_scripts_eval", "bytes", "Bookkeeping for cached EVAL scripts."),
    ("memory_used_overhead_bytes", "used_memory_overhead", "bytes", "Memory for buffers and internal structures."),
    ("memory_used_startup_bytes", "used_memory_startup", "bytes", "Memory that was in use right after the start."),
    ("memory_used_dataset_bytes", "used_memory_dataset", "bytes", "Memory of the data: what is used minus the overhead."),
    ("memory_used_vm_functions_bytes", "used_memory_vm_functions", "bytes", "Memory of the virtual machines that run functions."),
    ("memory_used_scripts_bytes", "used_memory_scripts", "bytes", "Bookkeeping for scripts and functions together."),
    ("memory_used_functions_bytes", "used_memory_functions", "bytes", "Bookkeeping for functions."),
    ("memory_used_vm_total", "used_memory_vm_total", "bytes", "Memory of all script engines together."),
    ("total_system_memory_bytes", "total_system_memory", "bytes", "Memory of the host as the server sees it."),
    ("number_of_cached_scripts", "=", "", "EVAL scripts in the cache."),
    ("number_of_functions", "=", "", "Functions that are loaded."),
    ("number_of_libraries", "=", "", "Function libraries that are loaded."),
)  # fmt: skip
_SHARES = rows(
    "INFO memory", GAUGE,
    ("memory_used_peak_percentage", "used_memory_peak_perc", "", "Used memory as a percentage of its peak."),
    ("memory_used_dataset_percentage", "used_memory_dataset_perc", "", "Data as a percentage of the memory used since the start."),
    scale=Scale.PERCENT,
)  # fmt: skip
_LIMIT = rows(
    "INFO memory", GAUGE,
    ("memory_max_bytes", "maxmemory", "bytes", "The configured memory limit; 0 for none."),
    ("memory_max_reservation_bytes", "maxmemory_reservation", "bytes", "Memory set aside for other than data (Azure)."),
    ("memory_max_reservation_desired_bytes", "maxmemory_desired_reservation", "bytes", "Memory that should be set aside (Azure)."),
    ("memory_max_fragmentation_reservation_bytes", "maxfragmentationmemory_reservation", "bytes",
     "Memory set aside for fragmentation (Azure)."),
    ("memory_max_fragmentation_reservation_desired_bytes", "maxfragmentationmemory_desired_reservation", "bytes",
     "Memory that should be set aside for fragmentation (Azure)."),
)  # fmt: skip
_PARTS = rows(
    "INFO memory", GAUGE,
    ("mem_clients_slaves", "=", "bytes", "Memory of replicas' connections and their buffers."),
    ("mem_clients_normal", "=", "bytes", "Memory of clients' connections and their buffers."),
    ("mem_cluster_links_bytes", "mem_cluster_links", "bytes", "Memory of the links to other nodes of the cluster."),
    ("mem_cluster_slot_import_bytes", "mem_cluster_slot_import", "bytes", "Memory held by slots that are being imported."),
    ("mem_cluster_slot_export_bytes", "mem_cluster_slot_export", "bytes", "Memory held by slots that are being exported."),
    ("mem_aof_buffer_bytes", "mem_aof_buffer", "bytes", "Memory of the buffers of the append-only file."),
    ("mem_replication_backlog_bytes", "mem_replication_backlog", "bytes", "Memory of the replication backlog."),
    ("mem_total_replication_buffers_bytes", "mem_total_replication_buffers", "bytes", "Memory of all buffers for replication."),
    ("mem_replica_full_sync_buffer_bytes", "mem_replica_full_sync_buffer", "bytes", "Memory in which a replica collects writes while it loads."),
    ("mem_replicas_repl_buffer_bytes", "mem_replicas_repl_buffer", "bytes", "Memory in which a replica keeps the stream during a full sync."),
    ("mem_not_counted_for_eviction_bytes", "mem_not_counted_for_evict", "bytes", "Memory that does not count towards eviction."),
    ("mem_overhead_db_hashtable_rehashing_bytes", "mem_overhead_db_hashtable_rehashing", "bytes", "Memory of hash tables being resized."),
    ("lazyfree_pending_objects", "=", "", "Objects waiting to be freed in the background."),
    ("active_defrag_running", "=", "", "Share of CPU, in percent, that active defragmentation takes now; 0 when it is not running."),
)  # fmt: skip
_COUNTERS = rows(
    "INFO memory", COUNTER,
    ("lazyfreed_objects", "=", "", "Objects freed in the background."),
)  # fmt: skip

ROWS = (*_USED, *_SHARES, *_LIMIT, *_ALLOCATOR, *_PARTS, *_COUNTERS)
