"""Rows of the server itself: identity, uptime, its event loop, its certificates and script engines."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row, rows
from kvmon.model.metrics.spec import COUNTER, GAUGE, Scale

INSTANCE_INFO = row(
    "instance_info", "Always 1; the labels say what runs here and as what.",
    "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id", "process_id",
    "master_replid", "valkey_version", "valkey_release_stage", "availability_zone", source="INFO ALL",
)  # fmt: skip
START_TIME = row(
    "start_time_seconds",
    "When the server process started, in seconds since the Unix epoch.",
    source="INFO server",
    unit="seconds",
)
TLS_CERTIFICATE_INFO = row(
    "tls_certificate_info", "Always 1; the serial number of each certificate that the server has loaded.",
    "certificate", "serial", source="INFO tls",
)  # fmt: skip
ENGINE_INFO = row(
    "scripting_engine_info", "Always 1; a script engine that is loaded.", "engine", "module", "abi_version",
    source="INFO scriptingengines",
)  # fmt: skip
ENGINE_MEMORY = row(
    "scripting_engine_memory_used_bytes", "Memory that a script engine holds.", "engine", "module", "abi_version",
    source="INFO scriptingengines", unit="bytes",
)  # fmt: skip
ENGINE_OVERHEAD = row(
    "scripting_engine_memory_overhead_bytes", "Memory the server spends on keeping a script engine.",
    "engine", "module", "abi_version", source="INFO scriptingengines", unit="bytes",
)  # fmt: skip
IO_THREAD_CLIENTS = row("io_thread_clients", "Clients that an I/O thread serves.", "thread", source="INFO threads")
IO_THREAD_READS = row("io_thread_reads_total", "Reads done by an I/O thread.", "thread", source="INFO threads", kind=COUNTER)
IO_THREAD_WRITES = row("io_thread_writes_total", "Writes done by an I/O thread.", "thread", source="INFO threads", kind=COUNTER)

_SERVER = rows(
    "INFO server", GAUGE,
    ("uptime_in_seconds", "=", "seconds", "How long the server process has been running."),
    ("process_id", "=", "", "Process id of the server on its own host."),
    ("io_threads_active", "=", "", "Whether I/O threads are at work (1) or the main thread does everything (0)."),
    ("hz", "=", "", "How often the server's background tasks run now, per second."),
    ("configured_hz", "=", "", "How often background tasks are configured to run, per second."),
    ("clients_hz", "=", "", "How often the background work for clients runs, per second."),
    ("shutdown_in_milliseconds", "=", "", "Milliseconds that a shutdown in progress still waits for replicas."),
)  # fmt: skip
_CLOCK = rows(
    "INFO server", GAUGE,
    ("server_time_seconds", "server_time_usec", "seconds", "The server's own clock, in seconds since the Unix epoch."),
    scale=Scale.MICROSECONDS,
)  # fmt: skip
_TLS = rows(
    "INFO tls", GAUGE,
    ("tls_server_cert_expires_in_seconds", "=", "seconds", "Time until the server certificate expires; 0 without one."),
    ("tls_client_cert_expires_in_seconds", "=", "seconds", "Time until the certificate for outgoing connections expires; 0 without one."),
    ("tls_ca_cert_expires_in_seconds", "=", "seconds", "Time until the CA certificate expires; 0 without one."),
)  # fmt: skip
_ENGINES = rows(
    "INFO scriptingengines", GAUGE,
    ("scripting_engines_count", "engines_count", "", "Script engines that are loaded."),
    ("scripting_engines_memory_used_bytes", "engines_total_used_memory", "bytes", "Memory that all script engines hold."),
    ("scripting_engines_memory_overhead_bytes", "engines_total_memory_overhead", "bytes", "Memory spent on keeping all script engines."),
)  # fmt: skip
_KEYDB = rows(
    "INFO (KeyDB)", GAUGE,
    ("server_threads_total", "server_threads", "", "Threads that serve clients (KeyDB)."),
    ("current_client_thread", "=", "", "Index of the thread that answered this question (KeyDB)."),
)  # fmt: skip
_KEYDB_COUNTERS = rows(
    "INFO (KeyDB)", COUNTER,
    ("long_lock_waits_total", "long_lock_waits", "", "How often a thread waited long for the global lock (KeyDB)."),
    ("cached_keys_total", "cached_keys", "", "Keys held in the cache of the storage provider (KeyDB)."),
    ("storage_provider_read_hits", "=", "", "Reads that the storage provider could answer (KeyDB)."),
    ("storage_provider_read_misses", "=", "", "Reads that the storage provider could not answer (KeyDB)."),
)  # fmt: skip

ROWS = (
    INSTANCE_INFO, START_TIME, *_SERVER, *_CLOCK, TLS_CERTIFICATE_INFO, *_TLS, *_ENGINES, ENGINE_INFO, ENGINE_MEMORY,
    ENGINE_OVERHEAD, IO_THREAD_CLIENTS, IO_THREAD_READS, IO_THREAD_WRITES, *_KEYDB, *_KEYDB_COUNTERS,
)  # fmt: skip
