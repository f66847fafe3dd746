"""Connected clients in sums, from CLIENT LIST."""

from __future__ import annotations

from kvmon.model.metrics.spec import Spec

SOURCE = "CLIENT LIST"

BY_NAME = Spec(
    "kvmon_clients_by_name",
    "Connected clients by the name they gave themselves; the rarer ones as other.",
    labels=("name",),
    source=SOURCE,
)
BY_LIBRARY = Spec(
    "kvmon_clients_by_library",
    "Connected clients by client library and its version; the rarer ones as other.",
    labels=("library", "version"),
    source=SOURCE,
)
BY_USER = Spec(
    "kvmon_clients_by_user", "Connected clients by ACL user; the rarer ones as other.", labels=("user",), source=SOURCE
)
BY_STATE = Spec("kvmon_clients_by_state", "Connected clients by what they are doing.", labels=("state",), source=SOURCE)
MEMORY = Spec(
    "kvmon_clients_memory_bytes",
    "Memory that connected clients take, by the name they gave themselves; the rarer ones as other.",
    labels=("name",),
    source=SOURCE,
    unit="bytes",
)
OUTPUT_MEMORY = Spec(
    "kvmon_client_output_memory_bytes", "Memory of replies that clients have not yet read, in all.", source=SOURCE, unit="bytes"
)
OUTPUT_LARGEST = Spec(
    "kvmon_client_output_memory_largest_bytes",
    "Memory of unread replies of the client with most of them.",
    source=SOURCE,
    unit="bytes",
)
QUERY_LARGEST = Spec(
    "kvmon_client_query_buffer_largest_bytes", "Size of the largest query buffer in use.", source=SOURCE, unit="bytes"
)
MEMORY_LARGEST = Spec("kvmon_client_memory_largest_bytes", "Memory of the client that takes most.", source=SOURCE, unit="bytes")
IDLE_OLDEST = Spec(
    "kvmon_client_idle_longest_seconds",
    "Idle time of the ordinary client that has been idle longest.",
    source=SOURCE,
    unit="seconds",
)
AGE_OLDEST = Spec("kvmon_client_age_oldest_seconds", "Age of the oldest connection.", source=SOURCE, unit="seconds")

ROWS = (
    BY_NAME,
    BY_LIBRARY,
    BY_USER,
    BY_STATE,
    MEMORY,
    OUTPUT_MEMORY,
    OUTPUT_LARGEST,
    QUERY_LARGEST,
    MEMORY_LARGEST,
    IDLE_OLDEST,
    AGE_OLDEST,
)
