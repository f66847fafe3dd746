"""Settings, from CONFIG GET."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.commandlog import SETTINGS as COMMANDLOG_SETTINGS
from kvmon.model.metrics.spec import Spec

SOURCE = "CONFIG GET"

MAXMEMORY = Spec(
    "redis_config_maxmemory", "Setting maxmemory: bytes of data the server may hold, 0 for no limit.", source=SOURCE, unit="bytes"
)
MAXCLIENTS = Spec("redis_config_maxclients", "Setting maxclients: connections the server accepts at most.", source=SOURCE)
IO_THREADS = Spec("redis_config_io_threads", "Setting io-threads: threads that read and write connections.", source=SOURCE)
BACKLOG = Spec(
    "redis_config_repl_backlog_size",
    "Setting repl-backlog-size: bytes kept for replicas that come back.",
    source=SOURCE,
    unit="bytes",
)
BUFFER_LIMIT = Spec(
    "redis_config_client_output_buffer_limit_bytes",
    "Setting client-output-buffer-limit: bytes waiting for a client of the class at which it is disconnected, at once (hard) or after a time (soft); 0 for no limit.",
    labels=("class", "limit"),
    source=SOURCE,
    unit="bytes",
)
BUFFER_OVERCOME = Spec(
    "redis_config_client_output_buffer_limit_overcome_seconds",
    "Setting client-output-buffer-limit: seconds a client may stay above the soft limit of its class.",
    labels=("class", "limit"),
    source=SOURCE,
    unit="seconds",
)
SETTING_TEXT = Spec("redis_config_key_value", "A setting and its text; always 1.", labels=("key", "value"), source=SOURCE)
SETTING_NUMBER = Spec(
    "redis_config_value", "A setting that is a number, in the unit of the server.", labels=("key",), source=SOURCE
)

NUMBERS = {
    "maxmemory": MAXMEMORY, "maxclients": MAXCLIENTS, "io-threads": IO_THREADS, "repl-backlog-size": BACKLOG,
    **COMMANDLOG_SETTINGS,
}  # fmt: skip
"""Settings that have a metric of their own, by name."""

ROWS = (MAXMEMORY, MAXCLIENTS, IO_THREADS, BACKLOG, BUFFER_LIMIT, BUFFER_OVERCOME, SETTING_TEXT, SETTING_NUMBER)
