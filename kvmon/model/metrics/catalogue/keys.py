"""Rows of single keys, patterns, groups, streams and queues: nothing unless the collector `keys` names some."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row
from kvmon.model.metrics.spec import COUNTER, GAUGE, Spec

_SCAN, _STREAM, _GROUPS, _CONSUMERS = "SCAN", "XINFO STREAM", "XINFO GROUPS", "XINFO CONSUMERS"

SIZE = row("key_size", "Size of a key: bytes of a string, elements of anything else.", "db", "key", source="STRLEN, LLEN …")
LENGTH_OF_KEY = Spec(
    "kvmon_key_length",
    "Elements of a key; 1 of a string, 0 and no type where it is not there.",
    labels=("db", "key", "type"),
    source="TYPE, LLEN …",
)
VALUE = row("key_value", "Value of a string that is a number.", "db", "key", source="GETRANGE")
MEMORY = row("key_memory_usage_bytes", "Memory of a key.", "db", "key", source="MEMORY USAGE", unit="bytes")
COUNT = row("keys_count", "Keys that match a pattern; the label key has the pattern.", "db", "key", source=_SCAN)
GROUP_COUNT = row("key_group_count", "Keys of a group.", "db", "key_group", source=_SCAN)
GROUP_MEMORY = row(
    "key_group_memory_usage_bytes",
    "Memory of a group's keys, estimated from a sample.",
    "db",
    "key_group",
    source=_SCAN,
    unit="bytes",
)
DISTINCT = row("number_of_distinct_key_groups", "Groups of keys that were told apart.", "db", source=_SCAN)


def _stream(name: str, text: str, field: str, *labels: str, source: str = _STREAM) -> Spec:
    kind, unit = COUNTER if name.endswith("_total") else GAUGE, "seconds" if name.endswith("_seconds") else ""
    return Spec(f"redis_stream_{name}", text, kind, field, ("db", "stream", *labels), source=source, unit=unit)


STREAM: tuple[Spec, ...] = (
    _stream("length", "Entries of a stream.", "length"),
    _stream("radix_tree_keys", "Keys of a stream's radix tree.", "radix-tree-keys"),
    _stream("radix_tree_nodes", "Nodes of a stream's radix tree.", "radix-tree-nodes"),
    _stream("last_generated_id", "Id of the newest entry there ever was, its first part.", "last-generated-id"),
    _stream("groups", "Consumer groups of a stream.", "groups"),
    _stream("max_deleted_entry_id", "Highest id of a deleted entry, its first part.", "max-deleted-entry-id"),
    _stream("first_entry_id", "Id of the oldest entry, its first part.", "first-entry"),
    _stream("last_entry_id", "Id of the newest entry, its first part.", "last-entry"),
    _stream("entries_added_total", "Entries that were ever added.", "entries-added"),
)
LENGTH = STREAM[0]
GROUP: tuple[Spec, ...] = (
    _stream("group_consumers", "Consumers of a group.", "consumers", "group", source=_GROUPS),
    _stream("group_messages_pending", "Messages that were delivered and not acknowledged.", "pending", "group", source=_GROUPS),
    _stream(
        "group_last_delivered_id", "Id of the entry delivered last, its first part.", "last-delivered-id", "group", source=_GROUPS
    ),
    _stream("group_entries_read", "Entries that the group has read.", "entries-read", "group", source=_GROUPS),
    _stream(
        "group_lag",
        "Entries that the group has not read yet; absent where the server cannot tell.",
        "lag",
        "group",
        source=_GROUPS,
    ),
)
CONSUMER_PENDING = _stream(
    "group_consumer_messages_pending",
    "Messages that a consumer has not acknowledged.",
    "pending",
    "group",
    "consumer",
    source=_CONSUMERS,
)
CONSUMER_IDLE = _stream(
    "group_consumer_idle_seconds",
    "Time since a consumer last asked.",
    "idle",
    "group",
    "consumer",
    source=_CONSUMERS,
)
OLDEST_PENDING = Spec(
    "kvmon_stream_group_oldest_pending_seconds",
    "Age of the oldest entry that was delivered and not acknowledged; absent where ids are no times.",
    labels=("db", "stream", "group"),
    source="XPENDING",
    unit="seconds",
)
DEAD_CONSUMERS = Spec(
    "kvmon_stream_group_dead_consumers",
    "Consumers with pending messages that have not asked for long (`dead_after`).",
    labels=("db", "stream", "group"),
    source=_CONSUMERS,
)
QUEUE = Spec(
    "kvmon_queue_length",
    "Entries of a list or stream that is a queue; 0 where it is not there.",
    labels=("db", "queue"),
    source="LLEN, XLEN",
)

ROWS: tuple[Spec, ...] = (
    SIZE, LENGTH_OF_KEY, VALUE, MEMORY, COUNT, GROUP_COUNT, GROUP_MEMORY, DISTINCT, *STREAM, *GROUP, CONSUMER_PENDING, CONSUMER_IDLE,
    OLDEST_PENDING, DEAD_CONSUMERS, QUEUE,
)  # fmt: skip
"""All of them."""
