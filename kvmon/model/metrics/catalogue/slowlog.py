"""The slow log."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

LENGTH = Spec("redis_slowlog_length", "Entries in the slow log.", source="SLOWLOG LEN")
LAST_ID = Spec("redis_slowlog_last_id", "Number of the newest entry in the slow log, 0 when it is empty.", source="SLOWLOG GET")
LAST_DURATION = Spec(
    "redis_last_slow_execution_duration_seconds",
    "How long the command of the newest entry took, 0 when the log is empty.",
    source="SLOWLOG GET",
    unit="seconds",
)
ENTRIES = Spec(
    "kvmon_slowlog_entries_total",
    "Slow commands that kvmon saw in the log, by the command's name; each once.",
    COUNTER,
    labels=("command",),
    source="SLOWLOG GET",
)
SECONDS = Spec(
    "kvmon_slowlog_seconds_total",
    "Time that the slow commands kvmon saw took, by the command's name.",
    COUNTER,
    labels=("command",),
    source="SLOWLOG GET",
    unit="seconds",
)
MISSED = Spec(
    "kvmon_slowlog_missed_total",
    "Slow commands that had left the log before kvmon could read them.",
    COUNTER,
    source="SLOWLOG GET",
)

ROWS = (LENGTH, LAST_ID, LAST_DURATION, ENTRIES, SECONDS, MISSED)
