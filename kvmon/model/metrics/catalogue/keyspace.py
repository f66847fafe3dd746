"""Rows of databases: how many keys they hold, how many of them expire."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row

_SOURCE = "INFO keyspace"

KEYS = row("db_keys", "Keys in a database.", "db", source=_SOURCE)
EXPIRING = row("db_keys_expiring", "Keys in a database that expire.", "db", source=_SOURCE)
AVERAGE_TTL = row(
    "db_avg_ttl_seconds", "Estimated average time to live of the keys that expire.", "db", source=_SOURCE, unit="seconds"
)
CACHED = row("db_keys_cached", "Keys of a database that are cached in memory (KeyDB).", "db", source=_SOURCE)
EXPIRING_ITEMS = row("db_keys_with_expiring_items", "Keys in a database some of whose fields expire.", "db", source=_SOURCE)
BY_SIZE = row(
    "db_keys_by_size",
    "Keys of a type from this size up to the next: bytes of strings, items of anything else (Redis 8, an option).",
    "db",
    "type",
    "at_least",
    source="INFO keysizes",
)

ROWS = (KEYS, EXPIRING, AVERAGE_TTL, CACHED, EXPIRING_ITEMS, BY_SIZE)
