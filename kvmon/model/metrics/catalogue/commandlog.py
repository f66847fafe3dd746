"""The command log of Valkey 8.1 and later: slow commands, large requests, large replies."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "COMMANDLOG"
SETTING = "CONFIG GET"

SLOW_LENGTH = Spec("redis_commandlog_slow_length", "Entries in the log of slow commands.", source="COMMANDLOG LEN slow")
LARGE_REQUEST_LENGTH = Spec(
    "redis_commandlog_large_request_length",
    "Entries in the log of commands with a large request.",
    source="COMMANDLOG LEN large-request",
)
LARGE_REPLY_LENGTH = Spec(
    "redis_commandlog_large_reply_length",
    "Entries in the log of commands with a large reply.",
    source="COMMANDLOG LEN large-reply",
)
ENTRIES = Spec(
    "kvmon_commandlog_entries_total",
    "Commands with a large request or reply that kvmon saw in the log, by the command's name.",
    COUNTER,
    labels=("log", "command"),
    source="COMMANDLOG GET",
)
BYTES = Spec(
    "kvmon_commandlog_bytes_total",
    "Size of the requests or replies that kvmon saw in the log, by the command's name.",
    COUNTER,
    labels=("log", "command"),
    source="COMMANDLOG GET",
    unit="bytes",
)
MISSED = Spec(
    "kvmon_commandlog_missed_total",
    "Entries that had left the log before kvmon could read them.",
    COUNTER,
    labels=("log",),
    source="COMMANDLOG GET",
)

SLOWER_THAN = Spec(
    "redis_commandlog_execution_slower_than",
    "Setting commandlog-execution-slower-than, in microseconds; -1 for off.",
    source=SETTING,
    unit="microseconds",
)
SLOW_MAX_LEN = Spec(
    "redis_commandlog_slow_execution_max_len", "Setting commandlog-slow-execution-max-len: entries kept.", source=SETTING
)
REQUEST_LARGER = Spec(
    "redis_commandlog_request_larger_than",
    "Setting commandlog-request-larger-than, in bytes; -1 for off.",
    source=SETTING,
    unit="bytes",
)
REQUEST_MAX_LEN = Spec(
    "redis_commandlog_large_request_max_len", "Setting commandlog-large-request-max-len: entries kept.", source=SETTING
)
REPLY_LARGER = Spec(
    "redis_commandlog_reply_larger_than",
    "Setting commandlog-reply-larger-than, in bytes; -1 for off.",
    source=SETTING,
    unit="bytes",
)
REPLY_MAX_LEN = Spec(
    "redis_commandlog_large_reply_max_len", "Setting commandlog-large-reply-max-len: entries kept.", source=SETTING
)

SETTINGS = {
    "commandlog-execution-slower-than": SLOWER_THAN, "commandlog-slow-execution-max-len": SLOW_MAX_LEN,
    "commandlog-request-larger-than": REQUEST_LARGER, "commandlog-large-request-max-len": REQUEST_MAX_LEN,
    "commandlog-reply-larger-than": REPLY_LARGER, "commandlog-large-reply-max-len": REPLY_MAX_LEN,
}  # fmt: skip
"""Its settings by name; the collector of settings asks for them."""

LENGTHS = {"slow": SLOW_LENGTH, "large-request": LARGE_REQUEST_LENGTH, "large-reply": LARGE_REPLY_LENGTH}

ROWS = (*LENGTHS.values(), *SETTINGS.values(), ENTRIES, BYTES, MISSED)
