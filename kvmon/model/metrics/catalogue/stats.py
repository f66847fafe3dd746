"""Rows of statistics: traffic, hits and misses, expiry, eviction, pub/sub, the event loop."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import rows
from kvmon.model.metrics.spec import COUNTER, GAUGE, Scale

_TRAFFIC = rows(
    "INFO stats", COUNTER,
    ("connections_received_total", "total_connections_received", "", "Connections accepted."),
    ("rejected_connections_total", "rejected_connections", "", "Connections refused because the limit of clients was reached."),
    ("commands_processed_total", "total_commands_processed", "", "Commands processed."),
    ("net_input_bytes_total", "total_net_input_bytes", "bytes", "Bytes read from the network."),
    ("net_output_bytes_total", "total_net_output_bytes", "bytes", "Bytes written to the network."),
    ("net_repl_input_bytes_total", "total_net_repl_input_bytes", "bytes", "Bytes read from the network for replication."),
    ("net_repl_output_bytes_total", "total_net_repl_output_bytes", "bytes", "Bytes written to the network for replication."),
    ("net_cluster_slot_import_bytes_total", "total_net_cluster_slot_import_bytes", "bytes", "Bytes received with slots that moved here."),
    ("net_cluster_slot_export_bytes_total", "total_net_cluster_slot_export_bytes", "bytes", "Bytes sent with slots that moved away."),
    ("total_reads_processed", "=", "", "Times the server read from a client."),
    ("total_writes_processed", "=", "", "Times the server wrote to a client."),
    ("io_threaded_reads_processed", "=", "", "Reads done by I/O threads."),
    ("io_threaded_writes_processed", "=", "", "Writes done by I/O threads."),
    ("io_threaded_freed_objects", "=", "", "Objects freed by I/O threads."),
    ("io_threaded_accept_processed", "=", "", "Connections accepted by I/O threads."),
    ("io_threaded_poll_processed", "=", "", "Polls for readiness done by I/O threads."),
    ("io_threaded_prefetch_batches_total", "io_threaded_total_prefetch_batches", "", "Batches of commands whose keys were prefetched."),
    ("io_threaded_prefetch_entries_total", "io_threaded_total_prefetch_entries", "", "Keys that were prefetched."),
    ("client_query_buffer_limit_disconnections_total", "client_query_buffer_limit_disconnections", "",
     "Clients cut off because their query buffer grew too big."),
    ("client_output_buffer_limit_disconnections_total", "client_output_buffer_limit_disconnections", "",
     "Clients cut off because they read their replies too slowly."),
    ("reply_buffer_shrinks_total", "reply_buffer_shrinks", "", "Times an output buffer was made smaller."),
    ("reply_buffer_expands_total", "reply_buffer_expands", "", "Times an output buffer was made bigger."),
    ("cluster_links_buffer_limit_exceeded_total", "total_cluster_links_buffer_limit_exceeded", "",
     "Links to other nodes that were freed because their buffer grew too big."),
)  # fmt: skip
_KEYS = rows(
    "INFO stats", COUNTER,
    ("keyspace_hits_total", "keyspace_hits", "", "Lookups that found their key."),
    ("keyspace_misses_total", "keyspace_misses", "", "Lookups that did not find their key."),
    ("expired_keys_total", "expired_keys", "", "Keys removed because their time was over."),
    ("expired_subkeys_total", "expired_subkeys", "", "Fields of hashes removed because their time was over (Redis)."),
    ("expired_fields_total", "expired_fields", "", "Fields of hashes removed because their time was over (Valkey)."),
    ("expired_time_cap_reached_total", "expired_time_cap_reached_count", "", "Times the search for expired keys stopped at its time limit."),
    ("expire_cycle_cpu_time_ms_total", "expire_cycle_cpu_milliseconds", "", "CPU time spent searching expired keys, in milliseconds."),
    ("evicted_keys_total", "evicted_keys", "", "Keys removed because memory ran out."),
    ("evicted_clients_total", "evicted_clients", "", "Clients cut off because all clients together took too much memory."),
    ("evicted_scripts_total", "evicted_scripts", "", "EVAL scripts dropped from the cache."),
    ("eviction_exceeded_time_ms_total", "total_eviction_exceeded_time", "", "Time spent above the memory limit, in milliseconds."),
    ("defrag_hits", "active_defrag_hits", "", "Values moved by active defragmentation."),
    ("defrag_misses", "active_defrag_misses", "", "Values that active defragmentation looked at and left."),
    ("defrag_key_hits", "active_defrag_key_hits", "", "Keys that active defragmentation moved something of."),
    ("defrag_key_misses", "active_defrag_key_misses", "", "Keys that active defragmentation left as they were."),
    ("active_defrag_time_ms_total", "total_active_defrag_time", "", "Time memory was fragmented over the limit, in milliseconds."),
    ("forks_total", "total_forks", "", "Children forked since the start."),
    ("dump_payload_sanitizations", "=", "", "Deep checks of payloads at RESTORE or while loading."),
)  # fmt: skip
_ERRORS = rows(
    "INFO stats", COUNTER,
    ("unexpected_error_replies", "=", "", "Errors that came where none was expected: from loading a file or from a replica's stream."),
    ("total_error_replies", "=", "", "Commands that were answered with an error."),
    ("acl_access_denied_auth_total", "acl_access_denied_auth", "", "Failed attempts to sign in."),
    ("acl_access_denied_cmd_total", "acl_access_denied_cmd", "", "Commands refused because the user may not run them."),
    ("acl_access_denied_key_total", "acl_access_denied_key", "", "Commands refused because the user may not touch the key."),
    ("acl_access_denied_channel_total", "acl_access_denied_channel", "", "Commands refused because the user may not use the channel."),
    ("acl_access_denied_tls_cert_total", "acl_access_denied_tls_cert", "", "Attempts to sign in by certificate that were refused."),
    ("acl_access_denied_db_total", "acl_access_denied_db", "", "Commands refused because the user may not use the database."),
)  # fmt: skip
_LOOP = rows(
    "INFO stats", COUNTER,
    ("eventloop_cycles_total", "eventloop_cycles", "", "Turns of the event loop."),
    ("eventloop_duration_sum_usec_total", "eventloop_duration_sum", "", "Time spent in the event loop, waiting not counted, in microseconds."),
    ("eventloop_duration_cmd_sum_usec_total", "eventloop_duration_cmd_sum", "", "Time of the event loop spent on commands, in microseconds."),
)  # fmt: skip
_NOW = rows(
    "INFO stats", GAUGE,
    ("instantaneous_ops_per_sec", "=", "", "Commands per second, averaged by the server over its last samples."),
    ("instantaneous_input_kbps", "=", "", "KiB per second read from the network, averaged by the server."),
    ("instantaneous_output_kbps", "=", "", "KiB per second written to the network, averaged by the server."),
    ("instantaneous_input_repl_kbps", "=", "", "KiB per second read for replication, averaged by the server."),
    ("instantaneous_output_repl_kbps", "=", "", "KiB per second written for replication, averaged by the server."),
    ("instantaneous_eventloop_cycles_per_sec", "=", "", "Turns of the event loop per second, averaged by the server."),
    ("instantaneous_eventloop_duration_usec", "=", "", "Average duration of a turn of the event loop, in microseconds."),
    ("expired_stale_percentage", "expired_stale_perc", "", "Estimated share of keys that are over and still held, in percent."),
    ("expired_keys_with_volatile_items_stale_percentage", "expired_keys_with_volatile_items_stale_perc", "",
     "Estimated share of hashes that still hold fields whose time is over, in percent."),
    ("current_eviction_exceeded_time_ms", "current_eviction_exceeded_time", "", "How long memory has been above its limit now, in milliseconds."),
    ("current_active_defrag_time_ms", "current_active_defrag_time", "", "How long memory has been fragmented over the limit now, in milliseconds."),
    ("pubsub_channels", "=", "", "Channels with subscribers."),
    ("pubsub_patterns", "=", "", "Patterns with subscribers."),
    ("pubsubshard_channels", "=", "", "Shard channels with subscribers."),
    ("migrate_cached_sockets_total", "migrate_cached_sockets", "", "Sockets kept open for MIGRATE."),
    ("tracking_total_keys", "=", "", "Keys that the server remembers for client-side caching."),
    ("tracking_total_items", "=", "", "Pairs of key and client remembered for client-side caching."),
    ("tracking_total_prefixes", "=", "", "Prefixes remembered for client-side caching in broadcast mode."),
)  # fmt: skip
_FORK_TIME = rows(
    "INFO stats", GAUGE,
    ("latest_fork_seconds", "latest_fork_usec", "seconds", "How long the last fork held up the server."),
    scale=Scale.MICROSECONDS,
)  # fmt: skip

ROWS = (*_TRAFFIC, *_KEYS, *_ERRORS, *_LOOP, *_NOW, *_FORK_TIME)
